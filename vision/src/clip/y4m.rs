//! YUV4MPEG2 (.y4m): raw video behind one header line. Also what ffmpeg is asked to send.

use std::io::{self, BufRead, Read};
use std::path::{Path, PathBuf};
use std::time::Instant;

use super::video::Refusal;
use super::{MAX_CLIP_PIXELS, check_clip_size};
use crate::colour::{Planes, YuvMatrix, YuvRange, YuvToRgb};
use crate::frame::over_black;
use crate::present::{PixelAspect, Presentation};
use crate::{Frame, FrameSource, SourceInfo, VisionError};

/// Longest header line; real ones have under 100 bytes.
const MAX_LINE: u64 = 1024;

/// How chroma is sampled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Chroma {
    Mono,
    /// Columns and rows that share a sample, as shifts.
    Shared(u32, u32),
}

/// How a frame's samples lie in the file: planes of luma, chroma, opacity.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Layout {
    chroma: Chroma,
    has_alpha: bool,
    /// Bits of a sample, 8..=16; above 8 each takes two bytes, the low one first.
    bits: u32,
}

impl Layout {
    /// By the value of the `C` tag as mjpegtools and ffmpeg write it.
    fn parse(name: &str) -> Option<Self> {
        let plain = |chroma| Some(Self { chroma, has_alpha: false, bits: 8 });
        match name {
            "420" | "420jpeg" | "420mpeg2" | "420paldv" => return plain(Chroma::Shared(1, 1)),
            "444alpha" => return Some(Self { chroma: Chroma::Shared(0, 0), has_alpha: true, bits: 8 }),
            _ => {}
        }
        let (chroma, depth) = if let Some(depth) = name.strip_prefix("mono") {
            (Chroma::Mono, depth)
        } else {
            let (sampling, depth) = name.split_at_checked(3)?;
            let chroma = match sampling {
                "410" => Chroma::Shared(2, 2),
                "411" => Chroma::Shared(2, 0),
                "420" => Chroma::Shared(1, 1),
                "422" => Chroma::Shared(1, 0),
                "440" => Chroma::Shared(0, 1),
                "444" => Chroma::Shared(0, 0),
                _ => return None,
            };
            (chroma, if depth.is_empty() { "" } else { depth.strip_prefix('p')? })
        };
        let bits = if depth.is_empty() { 8 } else { depth.parse().ok()? };
        (8..=16).contains(&bits).then_some(Self { chroma, has_alpha: false, bits })
    }
}

/// A parsed header line.
#[derive(Clone, Debug, PartialEq)]
struct Header {
    width: u32,
    height: u32,
    frame_rate: Option<f64>,
    layout: Layout,
    range: YuvRange,
    aspect: Option<PixelAspect>,
    interlaced: bool,
}

/// Why a header was not understood.
#[derive(Debug, PartialEq)]
enum HeaderError {
    Damaged(String),
    /// A layout that is not known here.
    Layout(String),
}

impl Header {
    /// Parses `YUV4MPEG2 W640 H480 F30:1 C420jpeg ...`.
    fn parse(line: &str) -> Result<Self, HeaderError> {
        let damaged = |what: &str| HeaderError::Damaged(what.into());
        let mut words = line.split_ascii_whitespace();
        if words.next() != Some("YUV4MPEG2") {
            return Err(damaged("it does not begin with YUV4MPEG2"));
        }
        let (mut width, mut height, mut frame_rate, mut aspect) = (None, None, None, None);
        let (mut layout, mut range, mut interlaced) =
            (Layout { chroma: Chroma::Shared(1, 1), has_alpha: false, bits: 8 }, YuvRange::Limited, false);
        for word in words {
            let Some((tag, value)) = word.split_at_checked(1) else { continue };
            let ratio = || value.split_once(':');
            match tag {
                "W" => width = value.parse().ok(),
                "H" => height = value.parse().ok(),
                "F" => {
                    let rate = ratio().and_then(|(over, under)| {
                        let (over, under): (f64, f64) = (over.parse().ok()?, under.parse().ok()?);
                        Some(over / under)
                    });
                    frame_rate = rate.filter(|rate| rate.is_finite() && (0.01..=1000.0).contains(rate));
                }
                "A" => {
                    aspect =
                        ratio().and_then(|(width, height)| PixelAspect::new(width.parse().ok()?, height.parse().ok()?));
                }
                // Progressive, unknown; top field first, bottom field first, mixed.
                "I" => interlaced = matches!(value, "t" | "b" | "m"),
                "C" => layout = Layout::parse(value).ok_or_else(|| HeaderError::Layout(value.into()))?,
                "X" if value == "COLORRANGE=FULL" => range = YuvRange::Full,
                _ => {}
            }
        }
        let (Some(width), Some(height)) = (width.filter(|side| *side > 0), height.filter(|side| *side > 0)) else {
            return Err(damaged("its header gives no size"));
        };
        Ok(Self { width, height, frame_rate, layout, range, aspect, interlaced })
    }

    /// Width and height of a chroma plane.
    fn chroma_size(&self) -> (usize, usize) {
        match self.layout.chroma {
            Chroma::Mono => (0, 0),
            Chroma::Shared(x, y) => ((self.width as usize).div_ceil(1 << x), (self.height as usize).div_ceil(1 << y)),
        }
    }

    /// Samples of luma and of each chroma plane.
    fn plane_samples(&self) -> (usize, usize) {
        let (width, height) = self.chroma_size();
        (self.width as usize * self.height as usize, width * height)
    }

    /// Samples of a frame.
    fn samples(&self) -> usize {
        let (luma, chroma) = self.plane_samples();
        luma + 2 * chroma + if self.layout.has_alpha { luma } else { 0 }
    }

    /// Bytes of a frame.
    fn frame_bytes(&self) -> usize {
        self.samples() * if self.layout.bits > 8 { 2 } else { 1 }
    }
}

/// Raw video from any reader.
pub(super) struct Y4mSource<R> {
    reader: R,
    header: Header,
    convert: YuvToRgb,
    buffer: Vec<u8>,
    presentation: Presentation,
    path: PathBuf,
    info: SourceInfo,
    seq: u64,
}

impl<R: BufRead + Send> Y4mSource<R> {
    /// Reads the header. `matrix` is what the sender uses; the format does not say. `len` is the size of the file.
    pub(super) fn open(
        mut reader: R,
        path: &Path,
        matrix: Option<YuvMatrix>,
        len: Option<u64>,
    ) -> Result<Self, VisionError> {
        let line = read_line(&mut reader).map_err(|error| VisionError::reading(path, error))?;
        let header = Header::parse(&line).map_err(|error| match error {
            HeaderError::Damaged(what) => VisionError::damaged(path, format!("Y4M: {what}")),
            HeaderError::Layout(name) => VisionError::Unsupported {
                path: path.to_path_buf(),
                found: format!("Y4M in the colour layout {name}"),
                help: "write it as C420, C422, C444 or Cmono, of 8 to 16 bits".into(),
            },
        })?;
        check_clip_size(path, u64::from(header.width), u64::from(header.height))?;
        let frame_bytes = header.frame_bytes() as u64 + "FRAME\n".len() as u64;
        let frame_count = len.map(|len| len.saturating_sub(line.len() as u64 + 1) / frame_bytes);
        let presentation = Presentation { aspect: header.aspect, ..Presentation::default() };
        let size = (header.width, header.height);
        let (width, height) = header.aspect.map_or(size, |aspect| aspect.square(size, MAX_CLIP_PIXELS));
        let info = SourceInfo {
            name: path.display().to_string(),
            width,
            height,
            frame_rate: header.frame_rate,
            frame_count,
            duration_s: frame_count.zip(header.frame_rate).map(|(count, rate)| count as f64 / rate),
        };
        if frame_count == Some(0) {
            return Err(VisionError::NoFrames {
                path: path.to_path_buf(),
                what: "the Y4M ends before its first frame does".into(),
                help: "record it again".into(),
            });
        }
        let matrix = matrix.unwrap_or_else(|| YuvMatrix::for_height(header.height));
        let convert = YuvToRgb::new(matrix, header.range);
        Ok(Self { reader, header, convert, buffer: Vec::new(), presentation, path: path.to_path_buf(), info, seq: 0 })
    }

    /// As [`Y4mSource::open`], for a file. `helped`: `ffmpeg` is there for what plays better with it.
    pub(super) fn open_file(reader: R, path: &Path, len: u64, helped: bool) -> Result<Self, Refusal> {
        let source = match Self::open(reader, path, None, Some(len)) {
            Err(VisionError::Unsupported { found, .. }) => return Err(Refusal::Other(found)),
            opened => opened?,
        };
        if source.header.interlaced {
            if helped {
                return Err(Refusal::Other("interlaced Y4M".into()));
            }
            tracing::warn!(path = %path.display(), "interlaced: edges that move look like combs without ffmpeg; install it");
        }
        Ok(source)
    }

    /// Reads one frame's planes; false at the end.
    fn read_planes(&mut self) -> Result<bool, VisionError> {
        let line = read_line(&mut self.reader).map_err(|error| VisionError::reading(&self.path, error))?;
        if line.is_empty() {
            return Ok(false);
        }
        if line.split_ascii_whitespace().next() != Some("FRAME") {
            let what = format!("Y4M: expected FRAME before frame {}, got other bytes", self.seq);
            return Err(VisionError::damaged(&self.path, what));
        }
        self.buffer.resize(self.header.frame_bytes(), 0);
        match self.reader.read_exact(&mut self.buffer) {
            Ok(()) => {
                let bits = self.header.layout.bits;
                if bits > 8 {
                    to_bytes(&mut self.buffer, bits);
                }
                Ok(true)
            }
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
                tracing::warn!(path = %self.path.display(), frames = self.seq, "the last frame is cut off; left out");
                Ok(false)
            }
            Err(error) => Err(VisionError::reading(&self.path, error)),
        }
    }
}

impl<R: BufRead + Send> FrameSource for Y4mSource<R> {
    fn next_frame(&mut self) -> Result<Option<Frame>, VisionError> {
        if !self.read_planes()? {
            return Ok(None);
        }
        let (luma, chroma) = self.header.plane_samples();
        let (width, height) = (self.header.width, self.header.height);
        let (y, rest) = self.buffer.split_at(luma);
        let mut rgb = match self.header.layout.chroma {
            Chroma::Mono => self.convert.grey(y, width as usize, width, height),
            Chroma::Shared(shift_x, shift_y) => {
                let (u, v) = rest.split_at(chroma);
                let chroma_shift = (shift_x, shift_y);
                let uv_stride = self.header.chroma_size().0;
                let planes = Planes { y, u, v: &v[..chroma], y_stride: width as usize, uv_stride, chroma_shift };
                self.convert.planar(&planes, width, height)
            }
        };
        if self.header.layout.has_alpha {
            let (pixels, _) = rgb.as_chunks_mut::<3>();
            for (pixel, alpha) in pixels.iter_mut().zip(&rest[2 * chroma..]) {
                *pixel = pixel.map(|value| over_black(value, *alpha));
            }
        }
        let frame = Frame::rgb8(rgb, width, height, self.seq, Instant::now())?;
        let frame = self.presentation.apply(frame, MAX_CLIP_PIXELS)?;
        self.seq += 1;
        Ok(Some(frame))
    }

    fn info(&self) -> &SourceInfo {
        &self.info
    }

    fn position_s(&self) -> f64 {
        self.seq.saturating_sub(1) as f64 / self.info.frame_rate.unwrap_or(30.0)
    }
}

/// Samples of two bytes to one byte each, at the front of the buffer.
fn to_bytes(buffer: &mut Vec<u8>, bits: u32) {
    let half = 1 << (bits - 9);
    for at in 0..buffer.len() / 2 {
        let sample = u32::from(u16::from_le_bytes([buffer[2 * at], buffer[2 * at + 1]]));
        buffer[at] = ((sample + half) >> (bits - 8)).min(255) as u8;
    }
    buffer.truncate(buffer.len() / 2);
}

/// A line without its end; empty at the end of the stream.
fn read_line(reader: &mut impl BufRead) -> io::Result<String> {
    let mut line = Vec::new();
    reader.by_ref().take(MAX_LINE).read_until(b'\n', &mut line)?;
    if line.last() == Some(&b'\n') {
        line.pop();
    }
    Ok(String::from_utf8_lossy(&line).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn open(bytes: &[u8]) -> Result<Y4mSource<&[u8]>, VisionError> {
        Y4mSource::open(bytes, Path::new("t.y4m"), Some(YuvMatrix::Bt601), Some(bytes.len() as u64))
    }

    #[test]
    fn every_layout_gives_the_same_red() {
        // BT.601 limited red.
        let (y, u, v) = (81, 90, 240);
        for (name, chroma) in [("420jpeg", 4), ("422", 6), ("444", 9)] {
            let mut bytes = format!("YUV4MPEG2 W3 H3 F25:1 Ip C{name}\nFRAME\n").into_bytes();
            bytes.extend([y; 9]);
            bytes.extend(vec![u; chroma]);
            bytes.extend(vec![v; chroma]);
            let mut source = open(&bytes).unwrap();
            assert_eq!(source.info().frame_count, Some(1));
            assert_eq!(source.info().frame_rate, Some(25.0));
            let frame = source.next_frame().unwrap().unwrap();
            for pixel in frame.pixels.chunks(3) {
                assert!(pixel[0] > 250 && pixel[1] < 5 && pixel[2] < 5, "{name}: {pixel:?}");
            }
            assert!(source.next_frame().unwrap().is_none());
        }
    }

    #[test]
    fn mono_is_grey() {
        let mut source = open(b"YUV4MPEG2 W2 H1 F30:1 Cmono XCOLORRANGE=FULL\nFRAME Ip\n\x00\xc8").unwrap();
        assert_eq!(source.next_frame().unwrap().unwrap().pixels, [0, 0, 0, 200, 200, 200]);
    }

    #[test]
    fn deep_and_narrow_layouts_give_the_same_red() {
        let (y, u, v) = (81_u16, 90_u16, 240_u16);
        let cases = [
            ("420p10", 10, 4),
            ("420p12", 12, 4),
            ("420p16", 16, 4),
            ("422p10", 10, 6),
            ("444p9", 9, 9),
            ("444p14", 14, 9),
            ("411", 8, 3),
            ("410", 8, 1),
            ("440", 8, 6),
        ];
        for (name, bits, chroma) in cases {
            let mut bytes = format!("YUV4MPEG2 W3 H3 F25:1 Ip C{name}\nFRAME\n").into_bytes();
            for (value, count) in [(y, 9), (u, chroma), (v, chroma)] {
                let sample = (value << (bits - 8)).to_le_bytes();
                let sample = if bits > 8 { &sample[..] } else { &sample[..1] };
                bytes.extend(sample.repeat(count));
            }
            let mut source = open(&bytes).unwrap();
            assert_eq!(source.info().frame_count, Some(1), "{name}");
            for pixel in source.next_frame().unwrap().unwrap().pixels.chunks(3) {
                assert!(pixel[0] > 250 && pixel[1] < 5 && pixel[2] < 5, "{name}: {pixel:?}");
            }
            assert!(source.next_frame().unwrap().is_none(), "{name}");
        }
    }

    #[test]
    fn opacity_lies_over_black_and_deep_grey_is_grey() {
        let header = b"YUV4MPEG2 W2 H1 F30:1 C444alpha XCOLORRANGE=FULL\nFRAME\n";
        let bytes = [&header[..], &[200, 200, 128, 128, 128, 128, 255, 128]].concat();
        assert_eq!(open(&bytes).unwrap().next_frame().unwrap().unwrap().pixels, [200, 200, 200, 100, 100, 100]);
        let mut source = open(b"YUV4MPEG2 W1 H1 F30:1 Cmono12 XCOLORRANGE=FULL\nFRAME\n\x80\x0c").unwrap();
        assert_eq!(source.next_frame().unwrap().unwrap().pixels, [200; 3]);
    }

    #[test]
    fn what_cannot_be_is_refused() {
        for header in [
            "YUV4MPEG2 W0 H4\nFRAME\n",
            "YUV4MPEG2 H4\nFRAME\n",
            "YUV4MPEG2 W99999 H99999\nFRAME\n",
            "YUV4MPEG2 W4 H4 C420p10\nFRAME\n",
            "YUV4MPEG2 W4 H4 C433\nFRAME\n",
            "YUV4MPEG2 W4 H4 C420p99\nFRAME\n",
            "YUV4MPEG2 W4 H4\nFRAME\n123",
        ] {
            assert!(open(header.as_bytes()).is_err(), "{header}");
        }
    }
}
