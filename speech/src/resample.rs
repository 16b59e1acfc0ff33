//! Any rate and any number of channels to mono 16 kHz, as a stream.
//!
//! A linear-phase filter in the frequency domain: what lies above 8 kHz is removed before it could fold into speech, and
//! a stream cut into pieces gives the samples of the whole one. The filter's delay, a whole number of samples, is taken off
//! at the start, so sample n of the output is the sound at n / 16000 s.
//!
//! A chunk is 10 to 40 ms for the rates that devices have. It grows where a rate shares no large factor with 16 kHz, up to
//! two seconds for one like 44101 Hz, which only files have.

use rubato::audioadapter_buffers::direct::InterleavedSlice;
use rubato::{Fft, FixedSync, Indexing, Resampler, WindowFunction};

use crate::downmix::Downmix;
use crate::{SAMPLE_RATE_HZ, SpeechError};

/// Rates that are believed, Hz.
const RATES_HZ: std::ops::RangeInclusive<u32> = 1_000..=768_000;
const MOST_CHANNELS: u16 = 64;
/// Fewer input frames for one step would make the filter too short.
const LEAST_CHUNK: usize = 256;

/// Streams interleaved samples to mono 16 kHz.
pub struct Converter {
    channels: usize,
    downmix: Downmix,
    rate_hz: u32,
    /// `None` where the rate is right already.
    resampler: Option<Fft<f32>>,
    /// Samples of a frame that a piece ended in the middle of.
    torn: Vec<f32>,
    /// Input frames for one step of the resampler.
    chunk: usize,
    /// Mono input that waits for a full chunk.
    waiting: Vec<f32>,
    chunk_out: Vec<f32>,
    /// Output samples that are still the filter's delay.
    delay_left: usize,
    frames_in: u64,
    samples_out: u64,
}

impl std::fmt::Debug for Converter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Converter({} Hz, {} channels)", self.rate_hz, self.channels)
    }
}

impl Converter {
    /// For a stream of `channels` interleaved samples, `rate_hz` of them a second.
    pub fn new(rate_hz: u32, channels: u16) -> Result<Self, SpeechError> {
        let fail = |reason: String| SpeechError::Unconvertible { rate_hz, channels, reason };
        if !RATES_HZ.contains(&rate_hz) {
            return Err(fail(format!("expected a rate from {} to {} Hz", RATES_HZ.start(), RATES_HZ.end())));
        }
        if !(1..=MOST_CHANNELS).contains(&channels) {
            return Err(fail(format!("expected 1 to {MOST_CHANNELS} channels")));
        }
        let resampler = if rate_hz == SAMPLE_RATE_HZ {
            None
        } else {
            let (from, to) = (rate_hz as usize, SAMPLE_RATE_HZ as usize);
            // An even number of the smallest blocks that both rates share: the filter's delay is half of them, and only
            // then a whole number of samples.
            let block = from / greatest_common_divisor(from, to);
            let chunk = (from / 100).max(LEAST_CHUNK).div_ceil(2 * block) * 2 * block;
            let made = Fft::new_custom(from, to, chunk, 1, 1, WindowFunction::BlackmanHarris2, FixedSync::Both);
            Some(made.map_err(|error| fail(error.to_string()))?)
        };
        let delay_left = resampler.as_ref().map_or(0, Resampler::output_delay);
        let chunk = resampler.as_ref().map_or(1, Resampler::input_frames_next);
        let most_out = resampler.as_ref().map_or(0, Resampler::output_frames_max);
        Ok(Self {
            channels: usize::from(channels),
            downmix: Downmix::new(rate_hz, usize::from(channels)),
            rate_hz,
            resampler,
            torn: Vec::with_capacity(usize::from(channels)),
            chunk,
            waiting: Vec::with_capacity(chunk * 2),
            chunk_out: vec![0.0; most_out],
            delay_left,
            frames_in: 0,
            samples_out: 0,
        })
    }

    /// Takes interleaved samples, -1 to 1, and appends what is ready to `out`. What is no number becomes silence.
    pub fn push(&mut self, interleaved: &[f32], out: &mut Vec<f32>) {
        let mut rest = interleaved;
        if !self.torn.is_empty() {
            let missing = (self.channels - self.torn.len()).min(rest.len());
            self.torn.extend_from_slice(&rest[..missing]);
            rest = &rest[missing..];
            if self.torn.len() < self.channels {
                return;
            }
            let sample = self.downmix.mix(&self.torn);
            self.torn.clear();
            self.waiting.push(sample);
            self.frames_in += 1;
        }
        let frames = rest.chunks_exact(self.channels);
        self.torn.extend_from_slice(frames.remainder());
        self.frames_in += frames.len() as u64;
        self.waiting.extend(frames.map(|frame| self.downmix.mix(frame)));
        self.convert_waiting(out);
    }

    /// Gives what the filter still holds: afterwards the output is as long as the input, to the sample. The converter
    /// is then at the start of a new stream.
    pub fn finish(&mut self, out: &mut Vec<f32>) {
        let target = self.frames_in as f64 * f64::from(SAMPLE_RATE_HZ) / f64::from(self.rate_hz);
        let target = target.round() as u64;
        while self.resampler.is_some() && self.samples_out < target {
            self.waiting.resize(self.waiting.len().div_ceil(self.chunk).max(1) * self.chunk, 0.0);
            self.convert_waiting(out);
        }
        let too_many = usize::try_from(self.samples_out.saturating_sub(target)).unwrap_or(0);
        out.truncate(out.len().saturating_sub(too_many));
        self.restart();
    }

    fn restart(&mut self) {
        let Self {
            channels: _,
            downmix,
            rate_hz: _,
            chunk: _,
            resampler,
            torn,
            waiting,
            chunk_out: _,
            delay_left,
            frames_in,
            samples_out,
        } = self;
        if let Some(resampler) = resampler {
            resampler.reset();
            *delay_left = resampler.output_delay();
        }
        downmix.restart();
        torn.clear();
        waiting.clear();
        *frames_in = 0;
        *samples_out = 0;
    }

    fn convert_waiting(&mut self, out: &mut Vec<f32>) {
        let Some(resampler) = &mut self.resampler else {
            self.samples_out += self.waiting.len() as u64;
            out.append(&mut self.waiting);
            return;
        };
        let mut used = 0;
        while self.waiting.len() - used >= self.chunk {
            let produced = step(resampler, &self.waiting[used..used + self.chunk], &mut self.chunk_out);
            used += self.chunk;
            let delay = self.delay_left.min(produced);
            self.delay_left -= delay;
            out.extend_from_slice(&self.chunk_out[delay..produced]);
            self.samples_out += (produced - delay) as u64;
        }
        self.waiting.drain(..used);
    }
}

fn greatest_common_divisor(a: usize, b: usize) -> usize {
    if b == 0 { a } else { greatest_common_divisor(b, a % b) }
}

/// One chunk through the resampler; the number of samples written.
fn step(resampler: &mut Fft<f32>, chunk: &[f32], written: &mut [f32]) -> usize {
    let room = written.len();
    let (Ok(from), Ok(mut to)) =
        (InterleavedSlice::new(chunk, 1, chunk.len()), InterleavedSlice::new_mut(written, 1, room))
    else {
        unreachable!("slices are as long as their own length")
    };
    let done = resampler.process_into_buffer(&from, &mut to, Some(&Indexing::new()));
    // The only errors are buffers of a wrong shape, and both shapes are the resampler's own.
    done.map_or(0, |(_, produced)| produced)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tone(rate_hz: u32, frequency_hz: f64, seconds: f64) -> Vec<f32> {
        let count = (f64::from(rate_hz) * seconds).round() as usize;
        let step = std::f64::consts::TAU * frequency_hz / f64::from(rate_hz);
        (0..count).map(|n| (0.5 * (step * n as f64).sin()) as f32).collect()
    }

    fn convert(rate_hz: u32, channels: u16, samples: &[f32], piece: usize) -> Vec<f32> {
        let mut converter = Converter::new(rate_hz, channels).unwrap();
        let mut out = Vec::new();
        for part in samples.chunks(piece) {
            converter.push(part, &mut out);
        }
        converter.finish(&mut out);
        out
    }

    /// The largest difference away from the ends, where a tone that begins and stops at once has no band limit.
    fn worst(a: &[f32], b: &[f32]) -> f32 {
        let edge = 400;
        a[edge..a.len() - edge].iter().zip(&b[edge..]).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max)
    }

    #[test]
    fn tones_of_every_rate_come_out_where_and_as_they_should() {
        for rate_hz in [8_000, 11_025, 22_050, 32_000, 44_100, 44_101, 48_000, 96_000, 192_000] {
            for frequency_hz in [220.0, 1_000.0, 3_400.0] {
                let out = convert(rate_hz, 1, &tone(rate_hz, frequency_hz, 0.5), 441);
                let wanted = tone(SAMPLE_RATE_HZ, frequency_hz, 0.5);
                assert!(out.len().abs_diff(wanted.len()) <= 1, "{} samples from {rate_hz} Hz", out.len());
                let off = worst(&out[..out.len().min(wanted.len())], &wanted);
                assert!(off < 5e-4, "{frequency_hz} Hz tone at {rate_hz} Hz is off by {off}");
            }
        }
    }

    #[test]
    fn what_lies_above_the_new_band_is_removed_not_folded() {
        for (rate_hz, frequency_hz) in [(48_000, 9_000.0), (44_100, 12_500.0), (96_000, 31_000.0)] {
            let out = convert(rate_hz, 1, &tone(rate_hz, frequency_hz, 0.5), 512);
            let loudest = out[400..out.len() - 400].iter().fold(0.0_f32, |most, x| most.max(x.abs()));
            assert!(loudest < 5e-4, "{frequency_hz} Hz at {rate_hz} Hz leaves {loudest}");
        }
    }

    #[test]
    fn pieces_give_what_the_whole_gives() {
        let left = tone(44_100, 700.0, 0.4);
        let right = tone(44_100, 1_300.0, 0.4);
        let both: Vec<f32> = left.iter().zip(&right).flat_map(|(left, right)| [*left, *right]).collect();
        let whole = convert(44_100, 2, &both, both.len());
        for piece in [1, 3, 255, 256, 257, 4_001] {
            assert_eq!(convert(44_100, 2, &both, piece), whole, "pieces of {piece}");
        }
    }

    #[test]
    fn channels_are_averaged_and_the_right_rate_is_left_alone() {
        let out = convert(SAMPLE_RATE_HZ, 6, &[0.6, 0.0, 0.0, 0.0, 0.0, 0.0, -0.6, 0.3, 0.3, 0.0, 0.0, 0.0], 5);
        assert!((out[0] - 0.1).abs() < 1e-6 && out[1].abs() < 1e-6, "{out:?}");
        let plain = tone(SAMPLE_RATE_HZ, 500.0, 0.1);
        assert_eq!(convert(SAMPLE_RATE_HZ, 1, &plain, 17), plain);
    }

    #[test]
    fn what_is_no_number_becomes_silence() {
        let out = convert(SAMPLE_RATE_HZ, 1, &[f32::NAN, f32::INFINITY, 7.0, -9.0, 0.25], 5);
        assert_eq!(out, [0.0, 0.0, 1.0, -1.0, 0.25]);
    }

    #[test]
    fn after_its_end_a_converter_begins_anew() {
        let samples = tone(48_000, 440.0, 0.2);
        let mut converter = Converter::new(48_000, 1).unwrap();
        let (mut first, mut second) = (Vec::new(), Vec::new());
        converter.push(&samples, &mut first);
        converter.finish(&mut first);
        converter.push(&samples, &mut second);
        converter.finish(&mut second);
        assert_eq!(first, second);
    }

    #[test]
    fn impossible_streams_are_refused_in_words() {
        assert!(Converter::new(0, 1).unwrap_err().to_string().contains("1000"));
        assert!(Converter::new(48_000, 0).unwrap_err().to_string().contains("channels"));
    }
}
