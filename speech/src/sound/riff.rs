//! WAV in all the shapes that programs write: RIFF and RF64 with their chunks in any order, from pipes and from recorders
//! that were switched off, in PCM of 8 to 32 bits, floating point, A-law and mu-law.

use std::fs::File;
use std::io::{BufReader, Read, Seek, SeekFrom};
use std::path::Path;

use super::{Samples, Spec};
use crate::SpeechError;

/// Sizes from here on stand for "unknown": programs that write into a pipe put one near the largest that fits.
const UNKNOWN_BYTES: u64 = 0x7fff_0000;

/// The size of a chunk whose real size is in `ds64`.
const IN_DS64: u32 = u32::MAX;

/// How one sample is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Coding {
    /// Integers of so many bytes, the loudest bit first in its container; one byte is unsigned.
    Integer(usize),
    Float32,
    Float64,
    ALaw,
    MuLaw,
}

impl Coding {
    fn bytes(self) -> usize {
        match self {
            Self::Integer(bytes) => bytes,
            Self::Float32 => 4,
            Self::Float64 => 8,
            Self::ALaw | Self::MuLaw => 1,
        }
    }

    fn value(self, bytes: &[u8]) -> f32 {
        match self {
            Self::Integer(1) => (f32::from(bytes[0]) - 128.0) / 128.0,
            Self::Integer(count) => {
                let mut wide = [0; 4];
                wide[4 - count..].copy_from_slice(bytes);
                (f64::from(i32::from_le_bytes(wide)) / 2_f64.powi(31)) as f32
            }
            Self::Float32 => bytes.try_into().map_or(0.0, f32::from_le_bytes),
            Self::Float64 => bytes.try_into().map_or(0.0, f64::from_le_bytes) as f32,
            Self::ALaw => a_law(bytes[0]),
            Self::MuLaw => mu_law(bytes[0]),
        }
    }
}

/// ITU-T G.711, A-law, to -1..1.
fn a_law(code: u8) -> f32 {
    let code = code ^ 0x55;
    let (exponent, mantissa) = (u32::from(code >> 4 & 7), i32::from(code & 0x0f));
    let magnitude = if exponent == 0 { mantissa * 2 + 1 } else { (mantissa * 2 + 33) << (exponent - 1) };
    let value = magnitude as f32 / 4096.0;
    if code & 0x80 == 0 { -value } else { value }
}

/// ITU-T G.711, mu-law, to -1..1.
fn mu_law(code: u8) -> f32 {
    let code = !code;
    let magnitude = ((i32::from(code & 0x0f) * 2 + 33) << (code >> 4 & 7)) - 33;
    let value = magnitude as f32 / 8192.0;
    if code & 0x80 == 0 { value } else { -value }
}

/// A WAV file that is being read.
pub(super) struct Riff {
    file: BufReader<File>,
    coding: Coding,
    spec: Spec,
    /// Bytes of sound left; where the header does not tell, to the end of the file.
    left: u64,
    buffer: Vec<u8>,
}

/// What was found instead of a WAV file that can be read here.
pub(super) enum Refused {
    /// Other decoders may know it.
    NotOurs,
    Failed(SpeechError),
}

impl Riff {
    pub(super) fn open(path: &Path) -> Result<Self, Refused> {
        let unreadable = |source| Refused::Failed(SpeechError::Unreadable { path: path.to_owned(), source });
        let broken = |reason: &str| {
            Refused::Failed(SpeechError::UnknownSound { path: path.to_owned(), reason: format!("WAV: {reason}") })
        };
        let file = File::open(path).map_err(unreadable)?;
        let len = file.metadata().map_err(unreadable)?.len();
        let mut file = BufReader::new(file);
        let mut head = [0; 12];
        if file.read_exact(&mut head).is_err()
            || !matches!(&head[..4], b"RIFF" | b"RF64" | b"BW64")
            || &head[8..] != b"WAVE"
        {
            return Err(Refused::NotOurs);
        }
        let (mut format, mut ds64_bytes): (Option<(Coding, u16, u32)>, Option<u64>) = (None, None);
        loop {
            let mut chunk = [0; 8];
            if file.read_exact(&mut chunk).is_err() {
                return Err(broken("there is no sound in it (no data chunk); record or copy it again"));
            }
            let size = u32::from_le_bytes([chunk[4], chunk[5], chunk[6], chunk[7]]);
            let here = file.stream_position().map_err(unreadable)?;
            match &chunk[..4] {
                b"data" => {
                    let Some((coding, channels, rate_hz)) = format else {
                        return Err(broken("its sound comes before its format; record or copy it again"));
                    };
                    let there = len.saturating_sub(here);
                    let told = if size == IN_DS64 { ds64_bytes.unwrap_or(u64::MAX) } else { u64::from(size) };
                    let frame = (coding.bytes() * usize::from(channels)) as u64;
                    // A recorder that was switched off leaves 0 and the sound behind it.
                    let unknown = told >= UNKNOWN_BYTES && told > there || told == 0 && !is_chunk(&mut file, there);
                    file.seek(SeekFrom::Start(here)).map_err(unreadable)?;
                    let bytes = if unknown { there } else { told };
                    let frames = (!unknown).then_some(bytes / frame);
                    let spec = Spec { rate_hz, channels, frames };
                    return Ok(Self { file, coding, spec, left: bytes / frame * frame, buffer: Vec::new() });
                }
                b"fmt " => {
                    let mut bytes = vec![0; (size as usize).min(64)];
                    file.read_exact(&mut bytes).map_err(|_| broken("it is cut off within its header"))?;
                    format = Some(format_of(&bytes).ok_or(Refused::NotOurs)?);
                }
                b"ds64" => {
                    let mut bytes = [0; 16];
                    file.read_exact(&mut bytes).map_err(|_| broken("it is cut off within its header"))?;
                    ds64_bytes = bytes[8..].try_into().ok().map(u64::from_le_bytes);
                }
                _ => {}
            }
            // Chunks are padded to an even length; some programs forget it.
            let mut next = here + u64::from(size);
            if size % 2 == 1 {
                file.seek(SeekFrom::Start(next)).map_err(unreadable)?;
                let mut pad = [0; 1];
                if file.read_exact(&mut pad).is_ok() && pad == [0] {
                    next += 1;
                }
            }
            if next > len {
                return Err(broken("it is cut off within its header"));
            }
            file.seek(SeekFrom::Start(next)).map_err(unreadable)?;
        }
    }
}

/// Does a chunk with a name and a fitting size begin here, with so many bytes to the end?
fn is_chunk(file: &mut impl Read, there: u64) -> bool {
    let mut head = [0; 8];
    there == 0
        || file.read_exact(&mut head).is_ok()
            && head[..4].iter().all(|byte| byte.is_ascii_alphanumeric() || *byte == b' ')
            && u64::from(u32::from_le_bytes([head[4], head[5], head[6], head[7]])) + 8 <= there
}

/// Coding, channels and rate of a `fmt ` chunk; `None` for what is not decoded here.
fn format_of(bytes: &[u8]) -> Option<(Coding, u16, u32)> {
    let short = |at: usize| Some(u16::from_le_bytes([*bytes.get(at)?, *bytes.get(at + 1)?]));
    let rate_hz = u32::from_le_bytes([*bytes.get(4)?, *bytes.get(5)?, *bytes.get(6)?, *bytes.get(7)?]);
    let (tag, channels, align, bits) = (short(0)?, short(2)?, short(12)?, short(14)?);
    // WAVE_FORMAT_EXTENSIBLE: the tag is the first two bytes of the subformat.
    let tag = if tag == 0xfffe { short(24)? } else { tag };
    if channels == 0 {
        return None;
    }
    let container = match align / channels {
        0 => bits.div_ceil(8),
        bytes => bytes,
    };
    let coding = match (tag, container) {
        (1, bytes @ 1..=4) => Coding::Integer(usize::from(bytes)),
        (3, 4) => Coding::Float32,
        (3, 8) => Coding::Float64,
        (6, 1) => Coding::ALaw,
        (7, 1) => Coding::MuLaw,
        _ => return None,
    };
    Some((coding, channels, rate_hz))
}

impl Samples for Riff {
    fn spec(&self) -> Spec {
        self.spec
    }

    fn read(&mut self, samples: usize, out: &mut Vec<f32>) -> Result<bool, String> {
        let width = self.coding.bytes();
        let wanted = ((samples * width) as u64).min(self.left) as usize;
        self.buffer.clear();
        let mut piece = self.file.by_ref().take(wanted as u64);
        piece.read_to_end(&mut self.buffer).map_err(|error| error.to_string())?;
        self.left -= self.buffer.len() as u64;
        out.extend(self.buffer.chunks_exact(width).map(|bytes| self.coding.value(bytes)));
        Ok(self.buffer.len() == samples * width && self.left > 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_laws_are_those_of_g711() {
        // The loudest and the quietest codes.
        assert!((mu_law(0x80) - 8031.0 / 8192.0).abs() < 1e-6 && (mu_law(0x00) + 8031.0 / 8192.0).abs() < 1e-6);
        assert_eq!((mu_law(0xff), mu_law(0x7f)), (0.0, 0.0));
        assert!((a_law(0xaa) - 4032.0 / 4096.0).abs() < 1e-6 && (a_law(0x2a) + 4032.0 / 4096.0).abs() < 1e-6);
        assert!((a_law(0xd5) - 1.0 / 4096.0).abs() < 1e-9 && (a_law(0x55) + 1.0 / 4096.0).abs() < 1e-9);
    }

    #[test]
    fn integers_fill_their_container_from_above() {
        assert_eq!(Coding::Integer(1).value(&[0]), -1.0);
        assert_eq!(Coding::Integer(2).value(&[0, 0x40]), 0.5);
        assert_eq!(Coding::Integer(3).value(&[0, 0, 0xc0]), -0.5);
        assert_eq!(Coding::Integer(4).value(&[0, 0, 0, 0x20]), 0.25);
    }
}
