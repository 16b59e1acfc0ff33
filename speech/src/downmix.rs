//! Several channels to one, so that none of them takes another away.
//!
//! The mean of two channels of opposite sign is silence: a microphone wired the wrong way round, a balanced pair taken for
//! stereo, karaoke tricks. So every channel is compared with the loudest one, over the last 20 ms, and turned over while
//! it runs against it. Everything depends on the samples before alone: a stream in pieces gives what the whole one gives.

/// Seconds that the comparison looks back.
const MEMORY_S: f32 = 0.02;

/// A channel is turned over where its correlation with the loudest is below the first, and back above the second.
const AGAINST: f32 = -0.6;
const WITH: f32 = -0.2;

/// Seconds before the first comparison.
const WARM_UP_S: f32 = 0.002;

/// Seconds for a channel to turn over, so that nothing clicks.
const TURN_S: f32 = 0.002;

#[derive(Clone, Debug)]
struct Channel {
    /// Mean square, and mean product with the loudest channel.
    power: f32,
    product: f32,
    against: bool,
    /// From 1 (as it is) to -1 (turned over).
    gain: f32,
}

/// The mixer of one stream.
#[derive(Clone, Debug)]
pub struct Downmix {
    channels: Vec<Channel>,
    keep: f32,
    step: f32,
    /// Frames to come before the comparison counts: one alone is always with or against another.
    warming: u32,
    warm_up: u32,
}

impl Downmix {
    /// For frames of so many channels, `rate_hz` a second.
    #[must_use]
    pub fn new(rate_hz: u32, channels: usize) -> Self {
        let channel = Channel { power: 0.0, product: 0.0, against: false, gain: 1.0 };
        let frames = |seconds: f32| (rate_hz as f32 * seconds).max(1.0);
        let warm_up = frames(WARM_UP_S) as u32;
        let (keep, step) = (1.0 - 1.0 / frames(MEMORY_S), 2.0 / frames(TURN_S));
        Self { channels: vec![channel; channels], keep, step, warming: warm_up, warm_up }
    }

    /// The mean of one frame's channels; NaN and infinities are silence, and what is too loud is as loud as can be.
    pub fn mix(&mut self, frame: &[f32]) -> f32 {
        let value = |sample: f32| if sample.is_finite() { sample.clamp(-1.0, 1.0) } else { 0.0 };
        if let [only] = frame {
            return value(*only);
        }
        for (channel, sample) in self.channels.iter_mut().zip(frame) {
            channel.power = channel.power * self.keep + value(*sample).powi(2);
        }
        let loudest =
            |a: &(usize, &Channel), b: &(usize, &Channel)| a.1.power.total_cmp(&b.1.power).then(b.0.cmp(&a.0));
        let Some((lead, _)) = self.channels.iter().enumerate().max_by(loudest) else { return 0.0 };
        let (lead_sample, lead_power) = (value(frame[lead]), self.channels[lead].power);
        self.warming = self.warming.saturating_sub(1);
        let mut sum = 0.0;
        for (number, (channel, sample)) in self.channels.iter_mut().zip(frame).enumerate() {
            let sample = value(*sample);
            channel.product = channel.product * self.keep + sample * lead_sample;
            let scale = (channel.power * lead_power).sqrt();
            let correlation = if scale > 1e-12 { channel.product / scale } else { 0.0 };
            if number == lead || correlation > WITH {
                channel.against = false;
            } else if correlation < AGAINST && self.warming == 0 {
                channel.against = true;
            }
            let wanted = if channel.against { -1.0 } else { 1.0 };
            channel.gain += (wanted - channel.gain).clamp(-self.step, self.step);
            sum += sample * channel.gain;
        }
        sum / frame.len() as f32
    }

    /// Back to the start of a stream.
    pub fn restart(&mut self) {
        let Self { channels, keep: _, step: _, warming, warm_up } = self;
        *warming = *warm_up;
        channels
            .iter_mut()
            .for_each(|channel| *channel = Channel { power: 0.0, product: 0.0, against: false, gain: 1.0 });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn voice(n: usize) -> f32 {
        let t = n as f32 / 16_000.0;
        0.4 * (t * 900.0).sin() * (t * 20.0).sin() + 0.2 * (t * 2_900.0).sin()
    }

    fn loudness(samples: &[f32]) -> f32 {
        (samples.iter().map(|sample| sample * sample).sum::<f32>() / samples.len() as f32).sqrt()
    }

    fn mixed(frames: impl Iterator<Item = Vec<f32>>, channels: usize) -> Vec<f32> {
        let mut downmix = Downmix::new(16_000, channels);
        frames.map(|frame| downmix.mix(&frame)).collect()
    }

    #[test]
    fn channels_against_each_other_are_heard() {
        let alone: Vec<f32> = (0..16_000).map(voice).collect();
        for other in [-1.0, -0.9, -0.3] {
            let mix = mixed((0..16_000).map(|n| vec![voice(n), voice(n) * other]), 2);
            let share = loudness(&mix[400..]) / loudness(&alone[400..]);
            assert!((share - (1.0 - other) / 2.0).abs() < 0.02, "{other}: {share}");
        }
        let surround = mixed((0..16_000).map(|n| vec![voice(n), -voice(n), 0.0, 0.0, 0.0, 0.0]), 6);
        assert!(loudness(&surround[400..]) > 0.3 * loudness(&alone[400..]));
        // Their mean would be silence.
        assert!((0..16_000).all(|n| (voice(n) - voice(n)).abs() < 1e-9));
    }

    #[test]
    fn what_does_not_cancel_is_the_mean() {
        let mix = mixed((0..8_000).map(|n| vec![voice(n), voice(n) * 0.5]), 2);
        assert!(mix.iter().enumerate().all(|(n, sample)| (sample - voice(n) * 0.75).abs() < 1e-6));
        let one_side = mixed((0..8_000).map(|n| vec![0.0, voice(n)]), 2);
        assert!(one_side.iter().enumerate().all(|(n, sample)| (sample - voice(n) / 2.0).abs() < 1e-6));
    }

    #[test]
    fn after_a_restart_it_is_as_new() {
        let mut downmix = Downmix::new(16_000, 2);
        let first: Vec<f32> = (0..900).map(|n| downmix.mix(&[voice(n), -voice(n)])).collect();
        downmix.restart();
        let second: Vec<f32> = (0..900).map(|n| downmix.mix(&[voice(n), -voice(n)])).collect();
        assert_eq!(first, second);
    }
}
