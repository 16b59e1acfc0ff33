//! Animated GIF as a clip: each frame laid over the ones before it, as players do.

use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};
use std::time::Instant;

use gif::{ColorOutput, DecodeOptions, Decoder, DecodingError, DisposalMethod, MemoryLimit};

use super::canvas::{Afterwards, Blend, Canvas, Patch};
use super::check_clip_size;
use crate::{Frame, FrameSource, SourceInfo, VisionError};

/// Browsers show frames that ask for less than this (in hundredths of a second) ...
const TOO_SHORT_CS: u16 = 2;

/// ... for as long as this.
const DEFAULT_DELAY_CS: u16 = 10;

struct GifSource {
    decoder: Decoder<BufReader<File>>,
    canvas: Canvas,
    /// Decoded when opening: an empty GIF must not open.
    first: Option<()>,
    /// Seconds at which the frame on the canvas is shown, and at which the next one is.
    position_s: f64,
    next_position_s: f64,
    seq: u64,
    path: PathBuf,
    info: SourceInfo,
}

/// Opens a GIF and decodes its first frame.
pub(super) fn open(path: &Path) -> Result<Box<dyn FrameSource>, VisionError> {
    let file = File::open(path).map_err(|error| VisionError::reading(path, error))?;
    let mut options = DecodeOptions::new();
    options.set_color_output(ColorOutput::RGBA);
    options.set_memory_limit(MemoryLimit::Bytes(super::MAX_CLIP_BYTES));
    let decoder = options.read_info(BufReader::new(file)).map_err(|error| gif_error(path, error))?;
    let (width, height) = (u32::from(decoder.width()), u32::from(decoder.height()));
    check_clip_size(path, u64::from(width), u64::from(height))?;
    let mut source = GifSource {
        decoder,
        canvas: Canvas::new(width as usize, height as usize),
        first: None,
        position_s: 0.0,
        next_position_s: 0.0,
        seq: 0,
        path: path.to_path_buf(),
        info: SourceInfo {
            name: path.display().to_string(),
            width,
            height,
            frame_rate: None,
            frame_count: None,
            duration_s: None,
        },
    };
    let length = measure(path);
    source.info.frame_count = length.map(|(count, _)| count);
    source.info.duration_s = length.map(|(_, duration_s)| duration_s);
    match source.advance() {
        Ok(Some(delay_s)) => {
            let average = length.map(|(count, duration_s)| count as f64 / duration_s);
            source.info.frame_rate = Some(average.unwrap_or(1.0 / delay_s));
        }
        Ok(None) => {
            return Err(VisionError::NoFrames {
                path: path.to_path_buf(),
                what: "the GIF has no frame in it".into(),
                help: "export it again".into(),
            });
        }
        Err(error) => return Err(gif_error(path, error)),
    }
    source.first = Some(());
    Ok(Box::new(source))
}

/// Number of frames and seconds, without decoding them; `None` if the file is cut off.
fn measure(path: &Path) -> Option<(u64, f64)> {
    let mut options = DecodeOptions::new();
    options.skip_frame_decoding(true);
    options.set_memory_limit(MemoryLimit::Bytes(super::MAX_CLIP_BYTES));
    let mut decoder = options.read_info(BufReader::new(File::open(path).ok()?)).ok()?;
    let (mut count, mut duration_s) = (0, 0.0);
    while let Some(frame) = decoder.next_frame_info().ok()? {
        count += 1;
        duration_s += shown_for_s(frame);
    }
    (count > 0).then_some((count, duration_s))
}

/// How long a frame is shown, as browsers see it.
fn shown_for_s(frame: &gif::Frame) -> f64 {
    let delay = if frame.delay < TOO_SHORT_CS { DEFAULT_DELAY_CS } else { frame.delay };
    f64::from(delay) / 100.0
}

impl GifSource {
    /// Lays the next frame onto the canvas; gives how long it is shown, in seconds.
    fn advance(&mut self) -> Result<Option<f64>, DecodingError> {
        let Some(frame) = self.decoder.read_next_frame()? else { return Ok(None) };
        self.canvas.draw(&patch(frame));
        let delay_s = shown_for_s(frame);
        self.position_s = self.next_position_s;
        self.next_position_s += delay_s;
        Ok(Some(delay_s))
    }
}

impl FrameSource for GifSource {
    fn next_frame(&mut self) -> Result<Option<Frame>, VisionError> {
        if self.first.take().is_none() {
            match self.advance() {
                Ok(Some(_)) => {}
                Ok(None) => return Ok(None),
                Err(error) => {
                    // Players show what is there of a GIF that was cut off.
                    tracing::warn!(path = %self.path.display(), %error, "the GIF is damaged; playing what is there");
                    return Ok(None);
                }
            }
        }
        let (width, height) = (self.info.width, self.info.height);
        let frame = Frame::from_rgba8(self.canvas.rgba(), width, height, self.seq, Instant::now())?;
        self.seq += 1;
        Ok(Some(frame))
    }

    fn info(&self) -> &SourceInfo {
        &self.info
    }

    fn position_s(&self) -> f64 {
        self.position_s
    }
}

fn patch<'a>(frame: &'a gif::Frame) -> Patch<'a> {
    Patch {
        rgba: &frame.buffer,
        left: frame.left.into(),
        top: frame.top.into(),
        width: frame.width.into(),
        height: frame.height.into(),
        blend: Blend::Over,
        afterwards: match frame.dispose {
            DisposalMethod::Background => Afterwards::Clear,
            DisposalMethod::Previous => Afterwards::Restore,
            DisposalMethod::Any | DisposalMethod::Keep => Afterwards::Keep,
        },
    }
}

fn gif_error(path: &Path, error: DecodingError) -> VisionError {
    match error {
        DecodingError::Io(error) => VisionError::reading(path, error),
        other => VisionError::damaged(path, format!("GIF: {other}")),
    }
}
