//! One step of the sampler: flow matching with a network that predicts the clean picture.
//!
//! ```text
//! noised(t) = (1 - t) clean + t noise                          t: noise level, 1 is all noise
//! out       = noised(s) = clean + (s / t) (noised(t) - clean)      with the clean picture the network says
//! ```
//!
//! From t = 1 to s = 0 it is the clean picture: one step. Two steps go through a level between; the levels lie in
//! device memory, so that other ones need no other graph. Each of the three buffers is pixels of any number of
//! channels, of which some neighbouring ones are the picture's. The new level can be written into a channel of `out`,
//! where networks like the house painter read it.

use bytemuck::{Pod, Zeroable};
use half::f16;

use crate::device::{Facts, Grid, Launch, Span};
use crate::error::{KernelError, require};
use crate::kernel::{Expected, F32_ROUNDING, Kernel, Operand, Rows, Work};
use crate::values::{Element, Fill};

/// Some neighbouring channels of pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Channels {
    /// Values from one pixel to the next.
    pub stride: usize,
    pub first: usize,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SamplerStep {
    pub pixels: usize,
    pub channels: usize,
    pub clean: Channels,
    pub noised: Channels,
    pub out: Channels,
    /// The channel of `out` that is told the new level.
    pub level_channel: Option<usize>,
}

#[derive(Clone, Copy, Debug)]
pub struct SamplerBuffers {
    pub clean: Span<f16>,
    pub noised: Span<f16>,
    /// The level before, above 0, and the level after.
    pub levels: Span<f32>,
    /// May be `noised`. Channels that are not named keep what they hold.
    pub out: Span<f16>,
}

#[derive(Clone, Copy, Pod, Zeroable)]
#[repr(C)]
struct Params {
    clean: u64,
    noised: u64,
    out: u64,
    levels: u64,
    pixels: i32,
    channels: i32,
    clean_stride: i32,
    clean_first: i32,
    noised_stride: i32,
    noised_first: i32,
    out_stride: i32,
    out_first: i32,
    level_channel: i32,
    unused: i32,
}
const _: () = assert!(size_of::<Params>() == 72);

impl Kernel for SamplerStep {
    type Buffers = SamplerBuffers;
    const NAME: &'static str = "sampler";
    const FUNCTIONS: &'static [&'static str] = &["sampler_step"];

    fn describe(&self) -> String {
        let strides = [self.clean, self.noised, self.out].map(|part| part.stride);
        format!("{} pixels of {} in {strides:?}", self.pixels, self.channels)
    }

    fn launches(&self, buffers: &SamplerBuffers, _: &Facts) -> Result<Vec<Launch>, KernelError> {
        let need = |holds, what, expected: &str, got: usize| require(holds, Self::NAME, what, expected, got);
        need(self.pixels > 0 && self.channels > 0, "pixels and channels", "above 0", self.pixels)?;
        for part in [self.clean, self.noised, self.out] {
            need(part.first + self.channels <= part.stride, "channels", "within the stride", part.stride)?;
            need(self.pixels * part.stride < 1 << 31, "size", "below 2^31 values", self.pixels * part.stride)?;
        }
        let level = self.level_channel.unwrap_or(0);
        let apart = self.level_channel.is_none() || !(self.out.first..self.out.first + self.channels).contains(&level);
        need(apart && level < self.out.stride, "level channel", "beside the picture's channels", level)?;
        let params = Params {
            clean: buffers.clean.demand(Self::NAME, "clean", self.pixels * self.clean.stride)?,
            noised: buffers.noised.demand(Self::NAME, "noised", self.pixels * self.noised.stride)?,
            out: buffers.out.demand(Self::NAME, "out", self.pixels * self.out.stride)?,
            levels: buffers.levels.demand(Self::NAME, "levels", 2)?,
            pixels: self.pixels as i32,
            channels: self.channels as i32,
            clean_stride: self.clean.stride as i32,
            clean_first: self.clean.first as i32,
            noised_stride: self.noised.stride as i32,
            noised_first: self.noised.first as i32,
            out_stride: self.out.stride as i32,
            out_first: self.out.first as i32,
            level_channel: self.level_channel.map_or(-1, |channel| channel as i32),
            unused: 0,
        };
        let grid = Grid { blocks: [self.pixels.div_ceil(256), 1, 1], threads: 256, shared_bytes: 0 };
        let devices = [buffers.clean.device(), buffers.noised.device(), buffers.out.device(), buffers.levels.device()];
        Ok(vec![Launch::new::<Self, _>("sampler_step", grid, &params, &devices)?])
    }

    fn operands(&self) -> Vec<Operand> {
        let normal = || Fill::Normal { mean: 0.0, deviation: 1.0 };
        let levels = Element::F32.encode_all([0.8125, 0.4]);
        vec![
            Operand::input("clean", Element::F16, self.pixels * self.clean.stride, normal()),
            Operand::input("noised", Element::F16, self.pixels * self.noised.stride, normal()),
            Operand::exact("levels", Element::F32, levels),
            Operand::output("out", Element::F16, self.pixels * self.out.stride),
        ]
    }

    fn buffers(&self, spans: &[Span<u8>]) -> Result<SamplerBuffers, KernelError> {
        let [clean, noised, levels, out] = spans else {
            return Err(KernelError::shape(Self::NAME, "buffers", 4, spans.len()));
        };
        Ok(SamplerBuffers { clean: clean.cast()?, noised: noised.cast()?, levels: levels.cast()?, out: out.cast()? })
    }

    fn twin(&self, inputs: &[Vec<f64>], rows: Rows) -> Vec<Vec<Expected>> {
        let (clean, noised, levels) = (&inputs[0], &inputs[1], &inputs[2]);
        let (before, after) = (levels[0], levels[1]);
        let mut out = vec![Expected::UNTOUCHED; self.pixels * self.out.stride];
        for pixel in 0..self.pixels {
            for channel in 0..self.channels {
                let x = clean[pixel * self.clean.stride + self.clean.first + channel];
                let from = noised[pixel * self.noised.stride + self.noised.first + channel];
                let value = x + after / before * (from - x);
                let error = 4.0 * F32_ROUNDING * (x.abs() + from.abs()) + Expected::rounded(value);
                let at = pixel * self.out.stride + self.out.first + channel;
                out[at] = if rows.wants(pixel) { Expected { value, tolerance: error } } else { Expected::ANY };
            }
            if let Some(channel) = self.level_channel {
                let tolerance = Expected::rounded(after);
                out[pixel * self.out.stride + channel] = Expected { value: after, tolerance };
            }
        }
        vec![out]
    }

    fn control(&self) -> (usize, usize) {
        (0, self.clean.first)
    }

    fn work(&self) -> Work {
        let values = (self.pixels * self.channels) as u64;
        Work { bytes: 6 * values, flops: 3 * values }
    }

    fn parity() -> Vec<Self> {
        let all = |channels| Channels { stride: channels, first: 0 };
        vec![
            Self { pixels: 1, channels: 1, clean: all(1), noised: all(1), out: all(1), level_channel: None },
            Self { pixels: 257, channels: 3, clean: all(3), noised: all(8), out: all(4), level_channel: Some(3) },
            Self {
                pixels: 300,
                channels: 3,
                clean: Channels { stride: 8, first: 2 },
                noised: Channels { stride: 16, first: 10 },
                out: Channels { stride: 16, first: 10 },
                level_channel: Some(13),
            },
        ]
    }

    fn bench() -> Vec<Self> {
        let house = Channels { stride: 16, first: 10 };
        let clean = Channels { stride: 8, first: 0 };
        vec![
            Self { pixels: 192 * 256, channels: 3, clean, noised: house, out: house, level_channel: Some(13) },
            Self { pixels: 64 * 64, channels: 4, clean, noised: clean, out: clean, level_channel: None },
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The step's result for one value.
    fn step(clean: f64, noised: f64, levels: [f64; 2]) -> f64 {
        let all = Channels { stride: 1, first: 0 };
        let kernel = SamplerStep { pixels: 1, channels: 1, clean: all, noised: all, out: all, level_channel: None };
        kernel.twin(&[vec![clean], vec![noised], levels.to_vec()], Rows::ALL)[0][0].value
    }

    #[test]
    fn a_step_stays_on_the_line_between_picture_and_noise() {
        let (clean, noise) = (0.25, -1.5);
        let at = |level: f64| (1.0 - level) * clean + level * noise;
        assert!((step(clean, at(1.0), [1.0, 0.0]) - clean).abs() < 1e-12, "one step ends at the picture");
        let between = step(clean, at(1.0), [1.0, 0.5]);
        assert!((between - at(0.5)).abs() < 1e-12);
        assert!((step(clean, between, [0.5, 0.0]) - clean).abs() < 1e-12, "and so do two");
    }
}
