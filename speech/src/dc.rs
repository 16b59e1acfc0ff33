//! The constant part of a signal taken away: cheap sound cards add one, and it looks like loudness to whoever measures it.

/// Below this nothing is speech, Hz.
const CUTOFF_HZ: f32 = 20.0;

/// A one-pole high-pass filter over mono sound, sample by sample: `y[n] = x[n] - x[n-1] + r y[n-1]`.
///
/// (Julius O. Smith, Introduction to Digital Filters, "DC blocker".) The first sample counts as the constant part.
#[derive(Clone, Copy, Debug, Default)]
pub struct DcBlocker {
    last: Option<(f32, f32)>,
}

impl DcBlocker {
    /// Filters the next piece of the stream in place.
    pub fn filter(&mut self, samples: &mut [f32]) {
        let r = 1.0 - std::f32::consts::TAU * CUTOFF_HZ / crate::SAMPLE_RATE_HZ as f32;
        for sample in samples {
            let (last_in, last_out) = self.last.unwrap_or((*sample, 0.0));
            let out = *sample - last_in + r * last_out;
            self.last = Some((*sample, out));
            // The voice detector takes nothing louder than full scale.
            *sample = out.clamp(-1.0, 1.0);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tone(offset: f32, count: usize) -> Vec<f32> {
        (0..count).map(|n| offset + 0.3 * (n as f32 * 0.1).sin()).collect()
    }

    #[test]
    fn the_constant_part_goes_and_the_tone_stays() {
        let mut samples = tone(0.2, 16_000);
        DcBlocker::default().filter(&mut samples);
        let mean = samples[8_000..].iter().sum::<f32>() / 8_000.0;
        let loud = samples[8_000..].iter().fold(0.0_f32, |most, sample| most.max(sample.abs()));
        assert!(mean.abs() < 1e-3 && (loud - 0.3).abs() < 0.01, "{mean} {loud}");
    }

    #[test]
    fn nothing_leaves_full_scale() {
        let mut samples: Vec<f32> = (0..4_000).map(|n| if n / 50 % 2 == 0 { 1.0 } else { -1.0 }).collect();
        DcBlocker::default().filter(&mut samples);
        assert!(samples.iter().all(|sample| sample.abs() <= 1.0));
    }

    #[test]
    fn pieces_are_the_whole() {
        let (mut whole, mut pieces) = (tone(0.1, 1_000), tone(0.1, 1_000));
        DcBlocker::default().filter(&mut whole);
        let mut blocker = DcBlocker::default();
        pieces.chunks_mut(7).for_each(|piece| blocker.filter(piece));
        assert_eq!(whole, pieces);
    }
}
