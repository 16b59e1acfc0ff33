//! Frames to an .mp4 of H.264 that browsers and phones play.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::{FrameSink, PartialFile, SinkOptions, check_size, nothing_written};
use crate::container::{Mp4Writer, TIME_SCALE};
use crate::h264::{Encoder, MAX_SIDES, nal};
use crate::{Frame, VisionError};

pub(crate) fn open(path: &Path, options: &SinkOptions) -> Result<Box<dyn FrameSink>, VisionError> {
    let (partial, file) = PartialFile::create(path, options)?;
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
        let Some(file) = self.file.take() else { return Ok(()) };
        let encoder =
            Encoder::new(frame.width, frame.height, self.frame_rate).map_err(|error| self.encode_error(&error))?;
        let (width, height) = encoder.size();
        self.running = Some((encoder, Mp4Writer::new(file, width, height)));
        Ok(())
    }
}

/// The size that frames of that size are encoded in: theirs, or the largest of their shape that the encoder takes.
fn encodable_size(width: u32, height: u32) -> (u32, u32) {
    let (longest, shortest) = (f64::from(width.max(height)), f64::from(width.min(height)));
    let scale = (f64::from(MAX_SIDES.0) / longest).min(f64::from(MAX_SIDES.1) / shortest);
    if scale >= 1.0 {
        return (width, height);
    }
    // Even, as the encoder wants them.
    let scaled = |side: u32| ((f64::from(side) * scale / 2.0).round() as u32 * 2).max(2);
    (scaled(width), scaled(height))
}

impl FrameSink for Mp4Sink {
    fn write(&mut self, frame: &Frame) -> Result<(), VisionError> {
        self.write_at(frame, self.position_s)
    }

    fn write_at(&mut self, frame: &Frame, position_s: f64) -> Result<(), VisionError> {
        check_size(&mut self.size, frame, self.partial.target())?;
        let scaled;
        let frame = match encodable_size(frame.width, frame.height) {
            size if size == (frame.width, frame.height) => frame,
            (width, height) => {
                if self.running.is_none() {
                    let (path, from) = (self.partial.target().display(), (frame.width, frame.height));
                    tracing::warn!(%path, "frames of {}x{} are too large for H.264 here, so they are scaled to {width}x{height}", from.0, from.1);
                }
                scaled = frame.resize(width, height)?;
                &scaled
            }
        };
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_too_large_is_scaled_in_its_shape() {
        for (from, to) in [
            ((640, 480), (640, 480)),
            ((641, 481), (641, 481)),
            ((4032, 3024), (2880, 2160)),
            ((3024, 4032), (2160, 2880)),
            ((4096, 2160), (3840, 2026)),
            ((3000, 2200), (2946, 2160)),
            ((16384, 16), (3840, 4)),
            ((2, 16384), (2, 3840)),
        ] {
            assert_eq!(encodable_size(from.0, from.1), to, "{from:?}");
        }
    }
}
