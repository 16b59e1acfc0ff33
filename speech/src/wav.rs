//! WAV files as the stream a microphone gives: mono 16 kHz, in pieces, so that an hour takes no more memory than a second.

use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};

use hound::{SampleFormat, WavReader, WavSpec};

use crate::resample::Converter;
use crate::{SAMPLE_RATE_HZ, SpeechError};

/// Programs that write into a pipe can't know the length and put one near the largest that fits.
const UNKNOWN_LENGTH_BYTES: u64 = 0x7fff_0000;

/// A WAV file that is being read.
pub struct Wav {
    path: PathBuf,
    reader: WavReader<BufReader<File>>,
    spec: WavSpec,
    converter: Converter,
    /// Samples that the header promises, all channels.
    promised: u64,
    /// Samples read, all channels.
    read: u64,
    /// Samples of the file that were no numbers and became silence.
    repaired: u64,
    raw: Vec<f32>,
    ended: bool,
}

impl std::fmt::Debug for Wav {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Wav({}, {:?})", self.path.display(), self.spec)
    }
}

impl Wav {
    /// Opens a file and reads its header.
    pub fn open(path: &Path) -> Result<Self, SpeechError> {
        let file = File::open(path).map_err(|source| SpeechError::Unreadable { path: path.to_owned(), source })?;
        let reader = WavReader::new(BufReader::new(file)).map_err(|error| not_wav(path, &error))?;
        let spec = reader.spec();
        if spec.sample_format == SampleFormat::Float && spec.bits_per_sample != 32 {
            let reason = format!("it holds {}-bit floating point", spec.bits_per_sample);
            return Err(SpeechError::NotWav { path: path.to_owned(), reason });
        }
        let promised = u64::from(reader.len());
        if promised == 0 {
            return Err(SpeechError::EmptyWav { path: path.to_owned() });
        }
        let converter = Converter::new(spec.sample_rate, spec.channels)?;
        let path = path.to_owned();
        Ok(Self { path, reader, spec, converter, promised, read: 0, repaired: 0, raw: Vec::new(), ended: false })
    }

    /// Seconds of sound that the header promises; `None` where it was written into a pipe.
    #[must_use]
    pub fn length_s(&self) -> Option<f64> {
        self.knows_length().then(|| self.seconds_of(self.promised))
    }

    /// Samples so far that were no numbers (NaN, infinite) and became silence.
    #[must_use]
    pub fn repaired(&self) -> u64 {
        self.repaired
    }

    /// Appends about `seconds` of mono 16 kHz sound to `out`; false at the end.
    pub fn read(&mut self, seconds: f64, out: &mut Vec<f32>) -> Result<bool, SpeechError> {
        if self.ended {
            return Ok(false);
        }
        let channels = usize::from(self.spec.channels);
        let frames = (f64::from(self.spec.sample_rate) * seconds).ceil().max(1.0) as usize;
        self.raw.clear();
        let complete = self.read_raw(frames * channels)?;
        self.repaired += self.raw.iter().filter(|sample| !sample.is_finite()).count() as u64;
        self.converter.push(&self.raw, out);
        if !complete {
            self.ended = true;
            self.converter.finish(out);
            if self.read == 0 {
                return Err(SpeechError::EmptyWav { path: self.path.clone() });
            }
        }
        Ok(true)
    }

    /// Fills `raw` with that many samples, -1 to 1; false where the file ended before.
    fn read_raw(&mut self, samples: usize) -> Result<bool, SpeechError> {
        let bits = self.spec.bits_per_sample;
        // 2^(bits - 1) is the loudest negative value of an integer sample.
        let scale = 1.0 / (f64::from(bits) - 1.0).exp2();
        for _ in 0..samples {
            let next = match self.spec.sample_format {
                SampleFormat::Float => self.reader.samples::<f32>().next(),
                SampleFormat::Int => self
                    .reader
                    .samples::<i32>()
                    .next()
                    .map(|sample| sample.map(|value| (f64::from(value) * scale) as f32)),
            };
            match next {
                Some(Ok(sample)) => self.raw.push(sample),
                Some(Err(_)) if !self.knows_length() => return Ok(false),
                Some(Err(hound::Error::IoError(error))) if is_short(&error) => return Err(self.truncated()),
                Some(Err(error)) => return Err(not_wav(&self.path, &error)),
                None => return Ok(false),
            }
            self.read += 1;
        }
        Ok(true)
    }

    fn knows_length(&self) -> bool {
        self.promised * u64::from(self.spec.bits_per_sample / 8).max(1) < UNKNOWN_LENGTH_BYTES
    }

    fn seconds_of(&self, samples: u64) -> f64 {
        samples as f64 / f64::from(self.spec.channels.max(1)) / f64::from(self.spec.sample_rate.max(1))
    }

    fn truncated(&self) -> SpeechError {
        SpeechError::TruncatedWav {
            path: self.path.clone(),
            expected_s: self.seconds_of(self.promised),
            got_s: self.seconds_of(self.read),
        }
    }
}

/// The whole of a file, mono 16 kHz.
pub fn read_all(path: &Path) -> Result<Vec<f32>, SpeechError> {
    let mut wav = Wav::open(path)?;
    let mut samples = Vec::new();
    while wav.read(1.0, &mut samples)? {}
    Ok(samples)
}

/// Writes mono 16 kHz samples, -1 to 1, as 16 bits.
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

/// hound says that a file ended early through the system's words for it.
fn is_short(error: &std::io::Error) -> bool {
    matches!(error.kind(), std::io::ErrorKind::UnexpectedEof | std::io::ErrorKind::Other)
}

fn not_wav(path: &Path, error: &hound::Error) -> SpeechError {
    SpeechError::NotWav { path: path.to_owned(), reason: error.to_string() }
}
