//! YUV4MPEG2 (.y4m): raw video behind one header line. Also what ffmpeg is asked to send.

use std::io::{self, BufRead, Read};
use std::path::{Path, PathBuf};
use std::time::Instant;

use super::check_clip_size;
use crate::colour::{Planes, YuvMatrix, YuvRange, YuvToRgb};
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

/// A parsed header line.
#[derive(Clone, Debug, PartialEq)]
struct Header {
    width: u32,
    height: u32,
    frame_rate: Option<f64>,
    chroma: Chroma,
    range: YuvRange,
}

impl Header {
    /// Parses `YUV4MPEG2 W640 H480 F30:1 C420jpeg ...`; the error is what was wrong.
    fn parse(line: &str) -> Result<Self, String> {
        let mut words = line.split_ascii_whitespace();
        if words.next() != Some("YUV4MPEG2") {
            return Err("it does not begin with YUV4MPEG2".into());
        }
        let (mut width, mut height, mut frame_rate) = (None, None, None);
        let (mut chroma, mut range) = (Chroma::Shared(1, 1), YuvRange::Limited);
        for word in words {
            let Some((tag, value)) = word.split_at_checked(1) else { continue };
            match tag {
                "W" => width = value.parse().ok(),
                "H" => height = value.parse().ok(),
                "F" => {
                    let ratio = value.split_once(':').and_then(|(over, under)| {
                        let (over, under): (f64, f64) = (over.parse().ok()?, under.parse().ok()?);
                        Some(over / under)
                    });
                    frame_rate = ratio.filter(|rate| rate.is_finite() && (0.01..=1000.0).contains(rate));
                }
                "C" => {
                    chroma = match value {
                        "420" | "420jpeg" | "420mpeg2" | "420paldv" => Chroma::Shared(1, 1),
                        "422" => Chroma::Shared(1, 0),
                        "444" => Chroma::Shared(0, 0),
                        "mono" => Chroma::Mono,
                        other => return Err(format!("its colour layout is C{other} (420, 422, 444, mono are known)")),
                    }
                }
                "X" if value == "COLORRANGE=FULL" => range = YuvRange::Full,
                _ => {}
            }
        }
        let (Some(width), Some(height)) = (width.filter(|side| *side > 0), height.filter(|side| *side > 0)) else {
            return Err("its header gives no size".into());
        };
        Ok(Self { width, height, frame_rate, chroma, range })
    }

    /// Width and height of a chroma plane.
    fn chroma_size(&self) -> (usize, usize) {
        match self.chroma {
            Chroma::Mono => (0, 0),
            Chroma::Shared(x, y) => ((self.width as usize).div_ceil(1 << x), (self.height as usize).div_ceil(1 << y)),
        }
    }

    /// Bytes of luma and of each chroma plane.
    fn plane_bytes(&self) -> (usize, usize) {
        let (width, height) = self.chroma_size();
        (self.width as usize * self.height as usize, width * height)
    }
}

/// Raw video from any reader.
pub(super) struct Y4mSource<R> {
    reader: R,
    header: Header,
    convert: YuvToRgb,
    buffer: Vec<u8>,
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
        let header = Header::parse(&line).map_err(|what| VisionError::damaged(path, format!("Y4M: {what}")))?;
        check_clip_size(path, u64::from(header.width), u64::from(header.height))?;
        let (luma, chroma) = header.plane_bytes();
        let frame_bytes = (luma + 2 * chroma) as u64 + "FRAME\n".len() as u64;
        let frame_count = len.map(|len| len.saturating_sub(line.len() as u64 + 1) / frame_bytes);
        let info = SourceInfo {
            name: path.display().to_string(),
            width: header.width,
            height: header.height,
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
        Ok(Self { reader, header, convert, buffer: Vec::new(), path: path.to_path_buf(), info, seq: 0 })
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
        let (luma, chroma) = self.header.plane_bytes();
        self.buffer.resize(luma + 2 * chroma, 0);
        match self.reader.read_exact(&mut self.buffer) {
            Ok(()) => Ok(true),
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
        let (luma, chroma) = self.header.plane_bytes();
        let (width, height) = (self.header.width, self.header.height);
        let (y, uv) = self.buffer.split_at(luma);
        let rgb = match self.header.chroma {
            Chroma::Mono => {
                let grey = vec![128; width as usize];
                // One grey row serves as the chroma of all rows.
                let y_stride = width as usize;
                let planes = Planes { y, u: &grey, v: &grey, y_stride, uv_stride: 0, chroma_shift: (0, 0) };
                self.convert.planar(&planes, width, height)
            }
            Chroma::Shared(shift_x, shift_y) => {
                let (u, v) = uv.split_at(chroma);
                let chroma_shift = (shift_x, shift_y);
                let uv_stride = self.header.chroma_size().0;
                let planes = Planes { y, u, v, y_stride: width as usize, uv_stride, chroma_shift };
                self.convert.planar(&planes, width, height)
            }
        };
        let frame = Frame::rgb8(rgb, width, height, self.seq, Instant::now())?;
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
    fn what_cannot_be_is_refused() {
        for header in [
            "YUV4MPEG2 W0 H4\nFRAME\n",
            "YUV4MPEG2 H4\nFRAME\n",
            "YUV4MPEG2 W99999 H99999\nFRAME\n",
            "YUV4MPEG2 W4 H4 C420p10\nFRAME\n",
            "YUV4MPEG2 W4 H4\nFRAME\n123",
        ] {
            assert!(open(header.as_bytes()).is_err(), "{header}");
        }
    }
}
