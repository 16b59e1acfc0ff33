//! Animated WebP and PNG as clips, one frame in memory at a time. How often they repeat is left to the player.

use std::fs::File;
use std::io::{self, BufReader, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::time::Instant;

use image_webp::WebPDecoder;
use png::{BlendOp, ColorType, DisposeOp, Transformations};

use super::canvas::{Afterwards, Blend, Canvas, Patch};
use super::{MAX_CLIP_BYTES, check_clip_size};
use crate::{Frame, FrameSource, SourceInfo, VisionError};

/// Browsers show frames that ask for this or less, in seconds ...
const TOO_SHORT_S: f64 = 0.010;

/// ... for as long as this.
const DEFAULT_DELAY_S: f64 = 0.1;

/// How long a frame is shown, as browsers see it.
fn shown_for_s(asked_s: f64) -> f64 {
    if asked_s <= TOO_SHORT_S { DEFAULT_DELAY_S } else { asked_s }
}

/// Frames one after another, each drawn over the ones before.
trait Animation: Send {
    /// Width and height in pixels.
    fn size(&self) -> (u32, u32);

    /// The next frame; past the last one, nothing.
    fn next_picture(&mut self, seq: u64) -> Result<Option<Frame>, String>;
}

/// Opens an animated picture; `None` for one that stands still.
pub(super) fn open(path: &Path) -> Result<Option<Box<dyn FrameSource>>, VisionError> {
    let reading = |error| VisionError::reading(path, error);
    let damaged = |what: String| VisionError::damaged(path, what);
    let mut file = BufReader::new(File::open(path).map_err(reading)?);
    let mut head = [0; 12];
    if file.read_exact(&mut head).is_err() {
        return Ok(None);
    }
    let is_webp = head.starts_with(b"RIFF") && head.ends_with(b"WEBP");
    let delays = match (is_webp, head.starts_with(b"\x89PNG")) {
        (true, _) => webp_delays(&mut file).map_err(reading)?,
        (_, true) => png_delays(&mut file).map_err(reading)?,
        _ => return Ok(None),
    };
    if delays.len() < 2 {
        return Ok(None);
    }
    file.rewind().map_err(reading)?;
    let mut animation: Box<dyn Animation> = if is_webp {
        Box::new(Webp::open(file).map_err(|error| damaged(format!("WebP: {error}")))?)
    } else {
        Box::new(Apng::open(file).map_err(|error| damaged(format!("PNG: {error}")))?)
    };
    let (width, height) = animation.size();
    check_clip_size(path, u64::from(width), u64::from(height))?;
    let first = animation.next_picture(0).map_err(damaged)?;
    let duration_s: f64 = delays.iter().sum();
    let info = SourceInfo {
        name: path.display().to_string(),
        width,
        height,
        frame_rate: Some(delays.len() as f64 / duration_s),
        frame_count: Some(delays.len() as u64),
        duration_s: Some(duration_s),
    };
    let path = path.to_path_buf();
    Ok(Some(Box::new(AnimationSource { animation, first, delays, seq: 0, position_s: 0.0, path, info })))
}

struct AnimationSource {
    animation: Box<dyn Animation>,
    /// Decoded when opening: what has no frame must not open.
    first: Option<Frame>,
    /// How long each frame is shown, seconds.
    delays: Vec<f64>,
    seq: u64,
    position_s: f64,
    path: PathBuf,
    info: SourceInfo,
}

impl FrameSource for AnimationSource {
    fn next_frame(&mut self) -> Result<Option<Frame>, VisionError> {
        if self.seq >= self.delays.len() as u64 {
            return Ok(None);
        }
        let next = match self.first.take() {
            Some(first) => Ok(Some(first)),
            None => self.animation.next_picture(self.seq),
        };
        match next {
            Ok(Some(frame)) => {
                if let Some(before) = self.seq.checked_sub(1) {
                    self.position_s += self.delays[before as usize];
                }
                self.seq += 1;
                Ok(Some(frame))
            }
            Ok(None) => Ok(None),
            Err(error) => {
                self.seq = u64::MAX;
                tracing::warn!(path = %self.path.display(), %error, "the animation is damaged; playing what is there");
                Ok(None)
            }
        }
    }

    fn info(&self) -> &SourceInfo {
        &self.info
    }

    fn position_s(&self) -> f64 {
        self.position_s
    }
}

struct Webp {
    decoder: WebPDecoder<BufReader<File>>,
    buffer: Vec<u8>,
}

impl Webp {
    fn open(file: BufReader<File>) -> Result<Self, image_webp::DecodingError> {
        let mut decoder = WebPDecoder::new(file)?;
        decoder.set_memory_limit(usize::try_from(MAX_CLIP_BYTES.get()).unwrap_or(usize::MAX));
        if decoder.is_animated() {
            // What is cleared is transparent; the colour in the file is a hint that browsers pass over.
            decoder.set_background_color([0; 4])?;
        }
        Ok(Self { decoder, buffer: Vec::new() })
    }
}

impl Animation for Webp {
    fn size(&self) -> (u32, u32) {
        self.decoder.dimensions()
    }

    fn next_picture(&mut self, seq: u64) -> Result<Option<Frame>, String> {
        if !self.decoder.is_animated() {
            return Err("WebP: its header says that it stands still".into());
        }
        self.buffer.resize(self.decoder.output_buffer_size().unwrap_or(0), 0);
        match self.decoder.read_frame(&mut self.buffer) {
            Ok(_) => {}
            Err(image_webp::DecodingError::NoMoreFrames) => return Ok(None),
            Err(error) => return Err(format!("WebP: {error}")),
        }
        let (width, height) = self.decoder.dimensions();
        let frame = if self.decoder.has_alpha() {
            Frame::from_rgba8(&self.buffer, width, height, seq, Instant::now())
        } else {
            Frame::rgb8(self.buffer.clone(), width, height, seq, Instant::now())
        };
        frame.map(Some).map_err(|error| error.to_string())
    }
}

struct Apng {
    reader: png::Reader<BufReader<File>>,
    canvas: Canvas,
    buffer: Vec<u8>,
    /// The first picture is for programs that know no animation.
    skips_first: bool,
}

impl Apng {
    fn open(file: BufReader<File>) -> Result<Self, png::DecodingError> {
        let bytes = usize::try_from(MAX_CLIP_BYTES.get()).unwrap_or(usize::MAX);
        let mut decoder = png::Decoder::new_with_limits(file, png::Limits { bytes });
        decoder.set_transformations(Transformations::normalize_to_color8() | Transformations::ALPHA);
        let reader = decoder.read_info()?;
        let info = reader.info();
        let skips_first = info.frame_control.is_none();
        let pixels = u64::from(info.width) * u64::from(info.height);
        // Larger ones are refused by their size right after.
        let (width, height) = if pixels * 4 > MAX_CLIP_BYTES.get() { (1, 1) } else { (info.width, info.height) };
        let canvas = Canvas::new(width as usize, height as usize);
        Ok(Self { reader, canvas, buffer: Vec::new(), skips_first })
    }

    fn read(&mut self) -> Result<ColorType, String> {
        let bytes = self.reader.output_buffer_size().ok_or("PNG: its frames are too large")?;
        self.buffer.resize(bytes, 0);
        let output = self.reader.next_frame(&mut self.buffer).map_err(|error| format!("PNG: {error}"))?;
        self.buffer.truncate(output.buffer_size());
        Ok(output.color_type)
    }
}

impl Animation for Apng {
    fn size(&self) -> (u32, u32) {
        let info = self.reader.info();
        (info.width, info.height)
    }

    fn next_picture(&mut self, seq: u64) -> Result<Option<Frame>, String> {
        if std::mem::take(&mut self.skips_first) {
            self.read()?;
        }
        let colour = self.read()?;
        let Some(control) = self.reader.info().frame_control else { return Ok(None) };
        let spread;
        let rgba = if colour == ColorType::GrayscaleAlpha {
            let (pairs, _) = self.buffer.as_chunks::<2>();
            spread = pairs.iter().flat_map(|[grey, alpha]| [*grey, *grey, *grey, *alpha]).collect::<Vec<u8>>();
            &spread
        } else {
            &self.buffer
        };
        self.canvas.draw(&Patch {
            rgba,
            left: control.x_offset as usize,
            top: control.y_offset as usize,
            width: control.width as usize,
            height: control.height as usize,
            blend: if control.blend_op == BlendOp::Over { Blend::Over } else { Blend::Replace },
            afterwards: match control.dispose_op {
                DisposeOp::None => Afterwards::Keep,
                DisposeOp::Background => Afterwards::Clear,
                DisposeOp::Previous => Afterwards::Restore,
            },
        });
        let (width, height) = self.size();
        let frame = Frame::from_rgba8(self.canvas.rgba(), width, height, seq, Instant::now());
        frame.map(Some).map_err(|error| error.to_string())
    }
}

/// How long each frame of a WebP is shown, in seconds; the reader stands behind the file's header. Empty for one that
/// stands still.
fn webp_delays(file: &mut (impl Read + Seek)) -> io::Result<Vec<f64>> {
    let mut delays = Vec::new();
    let mut header = [0; 8];
    while read_whole(file, &mut header)? {
        let size = u64::from(u32::from_le_bytes([header[4], header[5], header[6], header[7]]));
        let mut used = 0;
        if header.starts_with(b"ANMF") {
            // Place and size, three bytes each, then the time.
            let mut frame = [0; 15];
            if !read_whole(file, &mut frame)? {
                break;
            }
            used = frame.len() as u64;
            let milliseconds = u32::from_le_bytes([frame[12], frame[13], frame[14], 0]);
            delays.push(shown_for_s(f64::from(milliseconds) / 1000.0));
        }
        skip(file, size.next_multiple_of(2).saturating_sub(used))?;
    }
    Ok(delays)
}

/// As [`webp_delays`], for a PNG.
fn png_delays(file: &mut (impl Read + Seek)) -> io::Result<Vec<f64>> {
    const CHECKSUM_BYTES: u64 = 4;
    let mut delays = Vec::new();
    let mut is_animated = false;
    file.seek(SeekFrom::Start(8))?;
    let mut header = [0; 8];
    while read_whole(file, &mut header)? {
        let size = u64::from(u32::from_be_bytes([header[0], header[1], header[2], header[3]]));
        let mut used = 0;
        match &header[4..] {
            b"acTL" => is_animated = true,
            b"IDAT" if !is_animated => break,
            b"fcTL" => {
                let mut frame = [0; 24];
                if !read_whole(file, &mut frame)? {
                    break;
                }
                used = frame.len() as u64;
                let number = |at: usize| f64::from(u16::from_be_bytes([frame[at], frame[at + 1]]));
                let under = if number(22) == 0.0 { 100.0 } else { number(22) };
                delays.push(shown_for_s(number(20) / under));
            }
            _ => {}
        }
        skip(file, (size + CHECKSUM_BYTES).saturating_sub(used))?;
    }
    Ok(delays)
}

/// False at the end of the file.
fn read_whole(file: &mut impl Read, bytes: &mut [u8]) -> io::Result<bool> {
    match file.read_exact(bytes) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(false),
        Err(error) => Err(error),
    }
}

fn skip(file: &mut impl Seek, bytes: u64) -> io::Result<()> {
    file.seek(SeekFrom::Current(i64::try_from(bytes).unwrap_or(i64::MAX))).map(drop)
}
