//! Sound files as the stream a microphone gives: mono 16 kHz, in pieces, so that an hour takes no more memory than a second.
//!
//! WAV is read by [`riff`], which bears what recorders and pipes do to its header; the rest by symphonia.

mod decoded;
mod riff;

use std::path::{Path, PathBuf};

use hound::{SampleFormat, WavSpec};

use self::decoded::Decoded;
use self::riff::{Refused, Riff};
use crate::resample::Converter;
use crate::{SAMPLE_RATE_HZ, SpeechError};

/// Rate, channels and length of a file's sound.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Spec {
    rate_hz: u32,
    channels: u16,
    /// Frames of all channels, where the file tells.
    frames: Option<u64>,
}

/// A decoder of one file.
trait Samples: Send {
    fn spec(&self) -> Spec;

    /// Appends about so many interleaved samples, -1 to 1; false at the end. An error in words.
    fn read(&mut self, samples: usize, out: &mut Vec<f32>) -> Result<bool, String>;
}

/// A sound file that is being read.
pub struct Sound {
    path: PathBuf,
    samples: Box<dyn Samples>,
    spec: Spec,
    converter: Converter,
    /// Samples read, all channels.
    read: u64,
    /// Samples of the file that were no numbers and became silence.
    repaired: u64,
    raw: Vec<f32>,
    ended: bool,
}

impl std::fmt::Debug for Sound {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Sound({}, {:?})", self.path.display(), self.spec)
    }
}

impl Sound {
    /// Opens a file and reads its header.
    ///
    /// # Errors
    /// When it can't be read, holds no sound, or sound of a kind that is not known here.
    pub fn open(path: &Path) -> Result<Self, SpeechError> {
        let unknown = |reason: String| SpeechError::UnknownSound { path: path.to_owned(), reason };
        let metadata =
            std::fs::metadata(path).map_err(|source| SpeechError::Unreadable { path: path.to_owned(), source })?;
        if metadata.is_dir() {
            return Err(unknown("it is a folder".into()));
        }
        if metadata.len() == 0 {
            return Err(SpeechError::EmptySound { path: path.to_owned() });
        }
        let samples: Box<dyn Samples> = match Riff::open(path) {
            Ok(riff) => Box::new(riff),
            Err(Refused::Failed(error)) => return Err(error),
            Err(Refused::NotOurs) => Box::new(Decoded::open(path).map_err(unknown)?),
        };
        let spec = samples.spec();
        if spec.frames == Some(0) {
            return Err(SpeechError::EmptySound { path: path.to_owned() });
        }
        let converter = Converter::new(spec.rate_hz, spec.channels)?;
        let path = path.to_owned();
        Ok(Self { path, samples, spec, converter, read: 0, repaired: 0, raw: Vec::new(), ended: false })
    }

    /// Seconds of sound that the header promises; `None` where it does not tell.
    #[must_use]
    pub fn length_s(&self) -> Option<f64> {
        self.spec.frames.map(|frames| frames as f64 / f64::from(self.spec.rate_hz))
    }

    /// Samples so far that were no numbers (NaN, infinite) and became silence.
    #[must_use]
    pub fn repaired(&self) -> u64 {
        self.repaired
    }

    /// Appends about `seconds` of mono 16 kHz sound to `out`; false at the end.
    ///
    /// # Errors
    /// When the file is damaged, cut off or empty.
    pub fn read(&mut self, seconds: f64, out: &mut Vec<f32>) -> Result<bool, SpeechError> {
        if self.ended {
            return Ok(false);
        }
        let frames = (f64::from(self.spec.rate_hz) * seconds).ceil().max(1.0) as usize;
        self.raw.clear();
        let goes_on = self.samples.read(frames * usize::from(self.spec.channels), &mut self.raw);
        let goes_on = goes_on.map_err(|reason| SpeechError::UnknownSound { path: self.path.clone(), reason })?;
        self.read += self.raw.len() as u64;
        self.repaired += self.raw.iter().filter(|sample| !sample.is_finite()).count() as u64;
        self.converter.push(&self.raw, out);
        if !goes_on {
            self.ended = true;
            self.converter.finish(out);
            if self.read == 0 {
                return Err(SpeechError::EmptySound { path: self.path.clone() });
            }
            let got = self.read / u64::from(self.spec.channels);
            if let Some(promised) = self.spec.frames.filter(|promised| *promised > got) {
                let seconds_of = |frames: u64| frames as f64 / f64::from(self.spec.rate_hz);
                let (expected_s, got_s) = (seconds_of(promised), seconds_of(got));
                return Err(SpeechError::Truncated { path: self.path.clone(), expected_s, got_s });
            }
        }
        Ok(true)
    }
}

/// The whole of a file, mono 16 kHz.
///
/// # Errors
/// As [`Sound::open`] and [`Sound::read`].
pub fn read_all(path: &Path) -> Result<Vec<f32>, SpeechError> {
    let mut sound = Sound::open(path)?;
    let mut samples = Vec::new();
    while sound.read(1.0, &mut samples)? {}
    Ok(samples)
}

/// Writes mono 16 kHz samples, -1 to 1, as a WAV file of 16 bits.
///
/// # Errors
/// When the place can't be written.
pub fn write(path: &Path, samples: &[f32]) -> Result<(), SpeechError> {
    let spec =
        WavSpec { channels: 1, sample_rate: SAMPLE_RATE_HZ, bits_per_sample: 16, sample_format: SampleFormat::Int };
    let fail = |error: hound::Error| SpeechError::Unreadable {
        path: path.to_owned(),
        source: std::io::Error::other(error.to_string()),
    };
    let mut writer = hound::WavWriter::create(path, spec).map_err(fail)?;
    for sample in samples {
        writer.write_sample((sample.clamp(-1.0, 1.0) * 32_767.0).round() as i16).map_err(fail)?;
    }
    writer.finalize().map_err(fail)
}
