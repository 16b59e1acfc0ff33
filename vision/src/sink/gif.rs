//! Frames to an animated GIF: scaled down, 255 colours, only what changed.
//!
//! A GIF counts time in hundredths of a second and players stumble below two of them, so at most 33 frames a second
//! are kept. Delays come from positions, not from a rounded rate: a long clip does not drift.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use gif::{DisposalMethod, Encoder, EncodingError, Repeat};

use super::palette::{Histogram, Palette};
use super::{FrameSink, PartialFile, SinkOptions, check_size, nothing_written};
use crate::{Frame, VisionError};

/// Hundredths of a second between frames, at least.
const MIN_DELAY_CS: u64 = 3;

/// A pixel whose channels moved less than this is left as it was: camera noise is most of a GIF's bytes.
const STILL: u8 = 10;

/// A palette is made anew when it fits this much worse than when it was made.
const STALE: f64 = 1.6;

pub(crate) fn open(path: &Path, options: &SinkOptions) -> Result<Box<dyn FrameSink>, VisionError> {
    let (partial, file) = PartialFile::create(path, options)?;
    Ok(Box::new(GifSink {
        partial,
        file: Some(file),
        options: *options,
        encoder: None,
        input_size: None,
        palette: None,
        shown: Vec::new(),
        waiting: None,
        position_s: 0.0,
    }))
}

struct GifSink {
    partial: PartialFile,
    /// Until the first frame tells the size.
    file: Option<File>,
    options: SinkOptions,
    encoder: Option<Encoder<BufWriter<File>>>,
    input_size: Option<(u32, u32)>,
    palette: Option<(Palette, f64)>,
    /// RGB as a player shows it after the frames written so far.
    shown: Vec<u8>,
    /// A frame can only be written when the time of the next is known.
    waiting: Option<(Frame, u64)>,
    /// When the next [`FrameSink::write`] is shown.
    position_s: f64,
}

impl GifSink {
    fn fail(&self, error: EncodingError) -> VisionError {
        match error {
            EncodingError::Io(error) => VisionError::writing(self.partial.target(), error),
            other => VisionError::Encode {
                path: self.partial.target().to_path_buf(),
                what: other.to_string(),
                help: "write an .mp4 instead",
            },
        }
    }

    /// Width and height inside the limit, the shape kept.
    fn output_size(&self, width: u32, height: u32) -> (u32, u32) {
        let longest = width.max(height);
        let limit = self.options.gif_max_side.clamp(1, u32::from(u16::MAX));
        if longest <= limit {
            return (width, height);
        }
        let scale = |side: u32| {
            ((u64::from(side) * u64::from(limit) + u64::from(longest) / 2) / u64::from(longest)).max(1) as u32
        };
        (scale(width), scale(height))
    }

    fn write_waiting(&mut self, until_cs: u64) -> Result<(), VisionError> {
        let Some((frame, shown_at)) = self.waiting.take() else { return Ok(()) };
        let delay = until_cs.saturating_sub(shown_at).min(u64::from(u16::MAX)) as u16;
        let mut gif_frame = self.changes(&frame);
        gif_frame.delay = delay;
        if let Some(encoder) = &mut self.encoder {
            encoder.write_frame(&gif_frame).map_err(|error| self.fail(error))?;
            return Ok(());
        }
        let Some(file) = self.file.take() else { return Ok(()) };
        let encoder = Encoder::new(BufWriter::new(file), frame.width as u16, frame.height as u16, &[]);
        let mut encoder = encoder.map_err(|error| self.fail(error))?;
        let written = encoder.set_repeat(Repeat::Infinite).and_then(|()| encoder.write_frame(&gif_frame));
        written.map_err(|error| self.fail(error))?;
        self.encoder = Some(encoder);
        Ok(())
    }

    /// The smallest rectangle that holds every pixel that changed, the others in it transparent.
    fn changes(&mut self, frame: &Frame) -> gif::Frame<'static> {
        let (width, height) = (frame.width as usize, frame.height as usize);
        let histogram = Histogram::of(&frame.pixels);
        let fits = self.palette.as_mut().is_some_and(|(palette, error)| palette.error(&histogram) <= *error * STALE);
        if !fits {
            let mut palette = Palette::for_histogram(&histogram);
            // A plain picture has no error at all; some is always allowed.
            let error = palette.error(&histogram).max(20.0);
            self.palette = Some((palette, error));
        }
        let first = self.shown.is_empty();
        self.shown.resize(frame.pixels.len(), 0);
        let (input, _) = frame.pixels.as_chunks::<3>();
        let (shown, _) = self.shown.as_chunks_mut::<3>();
        let mut indices = vec![Palette::TRANSPARENT; width * height];
        let (mut left, mut right, mut top, mut bottom) = (width, 0, height, 0);
        let Some((palette, _)) = &mut self.palette else { return gif::Frame::default() };
        for (at, ((pixel, shown), index)) in input.iter().zip(shown).zip(&mut indices).enumerate() {
            let still = pixel.iter().zip(&*shown).all(|(new, old)| new.abs_diff(*old) < STILL);
            if still && !first {
                continue;
            }
            let (x, y) = (at % width, at / width);
            *index = palette.index(*pixel, x, y);
            *shown = palette.colour(*index);
            (left, right) = (left.min(x), right.max(x + 1));
            (top, bottom) = (top.min(y), bottom.max(y + 1));
        }
        if left >= right {
            // Nothing changed; one transparent pixel carries the delay.
            (left, right, top, bottom) = (0, 1, 0, 1);
        }
        let rows = indices.chunks_exact(width).skip(top).take(bottom - top);
        let buffer: Vec<u8> = rows.flat_map(|row| &row[left..right]).copied().collect();
        gif::Frame {
            left: left as u16,
            top: top as u16,
            width: (right - left) as u16,
            height: (bottom - top) as u16,
            dispose: DisposalMethod::Keep,
            transparent: Some(Palette::TRANSPARENT),
            palette: Some(palette.bytes()),
            buffer: buffer.into(),
            ..gif::Frame::default()
        }
    }
}

impl FrameSink for GifSink {
    fn write(&mut self, frame: &Frame) -> Result<(), VisionError> {
        self.write_at(frame, self.position_s)
    }

    fn write_at(&mut self, frame: &Frame, position_s: f64) -> Result<(), VisionError> {
        check_size(&mut self.input_size, frame, self.partial.target())?;
        self.position_s = position_s + 1.0 / self.options.frame_rate;
        let shown_at = (position_s.max(0.0) * 100.0).round() as u64;
        if self.waiting.as_ref().is_some_and(|(_, before)| shown_at < before + MIN_DELAY_CS) {
            return Ok(());
        }
        self.write_waiting(shown_at)?;
        let (width, height) = self.output_size(frame.width, frame.height);
        self.waiting = Some((frame.resize(width, height)?, shown_at));
        Ok(())
    }

    fn hold_until(&mut self, end_s: f64) {
        let last_s = self.waiting.as_ref().map_or(0.0, |(_, shown_at)| *shown_at as f64 / 100.0);
        if end_s > last_s && end_s.is_finite() {
            self.position_s = end_s;
        }
    }

    fn finish(mut self: Box<Self>) -> Result<PathBuf, VisionError> {
        let end = (self.position_s * 100.0).round() as u64;
        let shown_at = self.waiting.as_ref().map_or(0, |(_, shown_at)| *shown_at);
        self.write_waiting(end.max(shown_at + MIN_DELAY_CS))?;
        let Some(encoder) = self.encoder.take() else { return Err(nothing_written(self.partial.target())) };
        let mut writer = encoder.into_inner().map_err(|error| self.fail(error))?;
        writer.flush().map_err(|error| VisionError::writing(self.partial.target(), error))?;
        drop(writer);
        self.partial.publish()
    }
}
