//! Where sound comes from: a microphone, or a file that is played as one.

use std::path::Path;
use std::time::{Duration, Instant};

use crate::wav::Wav;
use crate::{SpeechError, seconds};

/// Sound, mono 16 kHz.
pub trait Source {
    /// Appends what there is, after waiting a moment at most; false at the end.
    fn read(&mut self, out: &mut Vec<f32>) -> Result<bool, SpeechError>;

    /// For people.
    fn name(&self) -> String;

    /// Whether it is switched off, as far as can be heard.
    fn is_muted(&self) -> bool {
        false
    }

    /// Samples that were dropped because nobody read for too long.
    fn lost_samples(&self) -> u64 {
        0
    }
}

/// How fast a file is played.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Pace {
    /// As fast as it is read.
    Fast,
    /// As fast as it was spoken, times this.
    Times(f64),
}

/// A WAV file as a source.
#[derive(Debug)]
pub struct WavSource {
    wav: Wav,
    name: String,
    pace: Pace,
    started: Option<Instant>,
    given: u64,
}

impl WavSource {
    pub fn open(path: &Path, pace: Pace) -> Result<Self, SpeechError> {
        let name =
            path.file_name().map_or_else(|| path.display().to_string(), |name| name.to_string_lossy().into_owned());
        Ok(Self { wav: Wav::open(path)?, name, pace, started: None, given: 0 })
    }
}

impl Source for WavSource {
    fn read(&mut self, out: &mut Vec<f32>) -> Result<bool, SpeechError> {
        let before = out.len();
        let goes_on = match self.pace {
            Pace::Fast => self.wav.read(1.0, out)?,
            Pace::Times(factor) => {
                let goes_on = self.wav.read(0.02, out)?;
                let due = seconds(self.given + (out.len() - before) as u64) / factor.max(1e-3);
                let passed = self.started.get_or_insert_with(Instant::now).elapsed();
                std::thread::sleep(Duration::from_secs_f64(due).saturating_sub(passed));
                goes_on
            }
        };
        self.given += (out.len() - before) as u64;
        Ok(goes_on)
    }

    fn name(&self) -> String {
        self.name.clone()
    }
}
