//! Where sound comes from: a microphone, or a file that is played as one.

use std::path::Path;
use std::time::{Duration, Instant};

use crate::sound::Sound;
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

/// Waits so that samples come as fast as they were spoken, times a factor.
#[derive(Debug)]
pub struct Pacer {
    factor: f64,
    started: Option<Instant>,
}

impl Pacer {
    #[must_use]
    pub fn new(factor: f64) -> Self {
        Self { factor: factor.max(1e-3), started: None }
    }

    /// Waits until the first `given` samples may have been spoken, counted from the first call.
    pub fn wait(&mut self, given: u64) {
        let passed = self.started.get_or_insert_with(Instant::now).elapsed();
        std::thread::sleep(Duration::from_secs_f64(seconds(given) / self.factor).saturating_sub(passed));
    }
}

/// A sound file as a source.
#[derive(Debug)]
pub struct FileSource {
    sound: Sound,
    name: String,
    /// None reads as fast as it can.
    pacer: Option<Pacer>,
    given: u64,
}

impl FileSource {
    pub fn open(path: &Path, pace: Pace) -> Result<Self, SpeechError> {
        let name =
            path.file_name().map_or_else(|| path.display().to_string(), |name| name.to_string_lossy().into_owned());
        let pacer = match pace {
            Pace::Fast => None,
            Pace::Times(factor) => Some(Pacer::new(factor)),
        };
        Ok(Self { sound: Sound::open(path)?, name, pacer, given: 0 })
    }
}

impl FileSource {
    /// The same under another name, for a file that stands for another.
    #[must_use]
    pub fn named(self, name: String) -> Self {
        Self { name, ..self }
    }
}

impl Source for FileSource {
    fn read(&mut self, out: &mut Vec<f32>) -> Result<bool, SpeechError> {
        let before = out.len();
        let goes_on = self.sound.read(if self.pacer.is_some() { 0.02 } else { 1.0 }, out)?;
        self.given += (out.len() - before) as u64;
        if let Some(pacer) = &mut self.pacer {
            pacer.wait(self.given);
        }
        Ok(goes_on)
    }

    fn name(&self) -> String {
        self.name.clone()
    }
}
