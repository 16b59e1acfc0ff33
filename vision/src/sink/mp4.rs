//! Frames to an .mp4 of H.264 that browsers and phones play.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::{FrameSink, PartialFile, SinkOptions, check_size, nothing_written};
use crate::container::{Mp4Writer, TIME_SCALE};
use crate::h264::{Encoder, MAX_SIDES, nal};
use crate::{Frame, VisionError};

pub(crate) fn open(path: &Path, options: &SinkOptions) -> Result<Box<dyn FrameSink>, VisionError> {
    let (partial, file) = PartialFile::create(path)?;
    Ok(Box::new(Mp4Sink {
        partial,
        file: Some(file),
        frame_rate: options.frame_rate,
        running: None,
        size: None,
        position_s: 0.0,
        last_shown_at: None,
    }))
}

struct Mp4Sink {
    partial: PartialFile,
    /// Until the first frame tells the size.
    file: Option<File>,
    frame_rate: f64,
    running: Option<(Encoder, Mp4Writer)>,
    size: Option<(u32, u32)>,
    /// When the next [`FrameSink::write`] is shown.
    position_s: f64,
    last_shown_at: Option<u64>,
}

impl Mp4Sink {
    fn encode_error(&self, error: &openh264::Error) -> VisionError {
        VisionError::Encode {
            path: self.partial.target().to_path_buf(),
            what: format!("the H.264 encoder failed: {error}"),
            help: "write a folder of PNG instead",
        }
    }

    fn start(&mut self, frame: &Frame) -> Result<(), VisionError> {
        let (width, height) = (frame.width, frame.height);
        if width.max(height) > MAX_SIDES.0 || width.min(height) > MAX_SIDES.1 {
            return Err(VisionError::Encode {
                path: self.partial.target().to_path_buf(),
                what: format!("frames of {width}x{height} are too large for H.264 here (3840x2160 at most)"),
                help: "scale the frames down, or write a folder of PNG instead",
            });
        }
        let Some(file) = self.file.take() else { return Ok(()) };
        let encoder = Encoder::new(width, height, self.frame_rate).map_err(|error| self.encode_error(&error))?;
        let (width, height) = encoder.size();
        self.running = Some((encoder, Mp4Writer::new(file, width, height)));
        Ok(())
    }
}

impl FrameSink for Mp4Sink {
    fn write(&mut self, frame: &Frame) -> Result<(), VisionError> {
        self.write_at(frame, self.position_s)
    }

    fn write_at(&mut self, frame: &Frame, position_s: f64) -> Result<(), VisionError> {
        check_size(&mut self.size, frame, self.partial.target())?;
        if self.running.is_none() {
            self.start(frame)?;
        }
        let position_s = position_s.max(0.0);
        self.position_s = position_s + 1.0 / self.frame_rate;
        let shown_at = (position_s * f64::from(TIME_SCALE)).round() as u64;
        let shown_at = self.last_shown_at.map_or(shown_at, |last| shown_at.max(last + 1));
        let Some((encoder, writer)) = &mut self.running else { return Ok(()) };
        let encoded = match encoder.encode(frame, Duration::from_secs_f64(position_s)) {
            Ok(encoded) => encoded,
            Err(error) => return Err(self.encode_error(&error)),
        };
        // An encoder that skips a frame leaves the one before on the screen.
        if encoded.annex_b.is_empty() {
            return Ok(());
        }
        let units: Vec<&[u8]> = nal::units(&encoded.annex_b).collect();
        let written = writer.write(&units, shown_at, encoded.is_key);
        written.map_err(|error| VisionError::writing(self.partial.target(), error))?;
        self.last_shown_at = Some(shown_at);
        Ok(())
    }

    fn hold_until(&mut self, end_s: f64) {
        let last_s = self.last_shown_at.map_or(0.0, |shown_at| shown_at as f64 / f64::from(TIME_SCALE));
        if end_s > last_s && end_s.is_finite() {
            self.position_s = end_s;
        }
    }

    fn finish(mut self: Box<Self>) -> Result<PathBuf, VisionError> {
        let Some((_, writer)) = self.running.take().filter(|(_, writer)| writer.sample_count() > 0) else {
            return Err(nothing_written(self.partial.target()));
        };
        let end = (self.position_s * f64::from(TIME_SCALE)).round() as u64;
        let last_duration = end.saturating_sub(self.last_shown_at.unwrap_or(0)).clamp(1, u64::from(u32::MAX)) as u32;
        let finished = writer.finish(last_duration).and_then(|file| file.sync_all());
        finished.map_err(|error| VisionError::writing(self.partial.target(), error))?;
        self.partial.publish()
    }
}
