//! How loud it is, for a meter, and whether it is switched off.

use crate::SAMPLE_RATE_HZ;

/// Loudness of the last moment, dB below full scale; -120 is silence.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Level {
    /// Root mean square of about the last 50 ms.
    pub rms_db: f32,
    /// Highest peak, falling by 20 dB a second.
    pub peak_db: f32,
}

impl Default for Level {
    fn default() -> Self {
        Self { rms_db: SILENCE_DB, peak_db: SILENCE_DB }
    }
}

impl Level {
    /// How far a meter is filled, 0 to 1, from -60 dB to full scale.
    #[must_use]
    pub fn filled(self) -> f32 {
        ((self.rms_db + 60.0) / 60.0).clamp(0.0, 1.0)
    }
}

const SILENCE_DB: f32 = -120.0;
/// Zeros for this long are a switch, not a quiet room; even good converters dither by more.
const MUTED_AFTER_S: f64 = 3.0;
/// One step of a 16-bit converter is 3e-5.
const ZERO: f32 = 1e-6;

/// Measures a stream of mono 16 kHz samples.
#[derive(Debug, Default)]
pub struct Loudness {
    power: f32,
    peak: f32,
    /// Samples since the last one that was not zero.
    zeros: u64,
}

impl Loudness {
    pub fn hear(&mut self, samples: &[f32]) {
        const RMS_KEEP: f32 = 1.0 - 1.0 / (0.05 * SAMPLE_RATE_HZ as f32);
        // 20 dB a second is a factor of 10 in 16000 steps.
        let peak_keep = 0.1_f32.powf(1.0 / SAMPLE_RATE_HZ as f32);
        for sample in samples {
            self.power = RMS_KEEP * self.power + (1.0 - RMS_KEEP) * sample * sample;
            self.peak = (self.peak * peak_keep).max(sample.abs());
            self.zeros = if sample.abs() > ZERO { 0 } else { self.zeros + 1 };
        }
    }

    #[must_use]
    pub fn level(&self) -> Level {
        let db = |power: f32| (10.0 * power.max(1e-12).log10()).max(SILENCE_DB);
        Level { rms_db: db(self.power), peak_db: db(self.peak * self.peak) }
    }

    #[must_use]
    pub fn is_muted(&self) -> bool {
        self.zeros as f64 >= MUTED_AFTER_S * f64::from(SAMPLE_RATE_HZ)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tone_has_its_level_and_fades() {
        let tone: Vec<f32> = (0..16_000).map(|n| 0.5 * (n as f32 * 0.3).sin()).collect();
        let mut loudness = Loudness::default();
        assert_eq!(loudness.level(), Level::default());
        loudness.hear(&tone);
        let level = loudness.level();
        assert!((level.rms_db + 9.03).abs() < 0.3 && (level.peak_db + 6.02).abs() < 0.1, "{level:?}");
        assert!((level.filled() - 0.85).abs() < 0.01);
        loudness.hear(&[0.0; 16_000]);
        let later = loudness.level();
        assert!((later.peak_db + 26.0).abs() < 0.3 && later.rms_db < -60.0, "{later:?}");
    }
}
