//! GroupNorm and LayerNorm, with FiLM and an activation folded in.
//!
//! ```text
//! mean, variance over a group's channels of all pixels (GroupNorm) or over a pixel's channels (LayerNorm)
//! y   = (x - mean) / sqrt(variance + epsilon) * gamma[c] + beta[c]
//! out = activation( y * (1 + scale[n, c]) + shift[n, c] )             the bracket only with FiLM
//! ```
//!
//! f16 in and out, statistics in f32 as means and squared deviations (no large sums of squares), the variance with all
//! its samples (not less one), as PyTorch has it. Channels are a multiple of 8 and of the groups.

#[cfg(test)]
mod tests;

use bytemuck::{Pod, Zeroable};
use half::f16;

use crate::common::Activation;
use crate::device::{Facts, Grid, Launch, Span};
use crate::error::{KernelError, require};
use crate::kernel::{Expected, F32_ROUNDING, Kernel, Operand, Rows, Work};
use crate::values::{Element, Fill};

const THREADS: usize = 256;
/// What `layer_norm` keeps in registers, and 8 channels for each of `group_norm_statistics`' threads.
const MOST_CHANNELS: usize = 2048;
/// Pieces of an image that are summed apart, at most.
const MOST_SLABS: usize = 64;

/// A norm over (batch, pixels, channels).
#[derive(Clone, Debug, PartialEq)]
pub struct Norm {
    pub batch: usize,
    pub pixels: usize,
    pub channels: usize,
    /// Of GroupNorm; LayerNorm when `None`.
    pub groups: Option<usize>,
    pub film: bool,
    pub activation: Activation,
    pub epsilon: f32,
}

#[derive(Clone, Copy, Debug)]
pub struct NormBuffers {
    pub x: Span<f16>,
    pub gamma: Span<f32>,
    pub beta: Span<f32>,
    /// Scale and shift, (batch, channels) each.
    pub film: Option<(Span<f16>, Span<f16>)>,
    /// May be `x`.
    pub out: Span<f16>,
    /// Of [`Norm::partial_len`] values; GroupNorm only.
    pub partial: Option<Span<f32>>,
}

#[derive(Clone, Copy, Pod, Zeroable)]
#[repr(C)]
struct Params {
    x: u64,
    out: u64,
    gamma: u64,
    beta: u64,
    scale: u64,
    shift: u64,
    partial: u64,
    batch: i32,
    pixels: i32,
    channels: i32,
    groups: i32,
    slabs: i32,
    activation: i32,
    epsilon: f32,
    unused: i32,
}
const _: () = assert!(size_of::<Params>() == 88);

impl Norm {
    #[must_use]
    pub fn group(pixels: usize, channels: usize, groups: usize) -> Self {
        let activation = Activation::None;
        Self { batch: 1, pixels, channels, groups: Some(groups), film: false, activation, epsilon: 1e-5 }
    }

    #[must_use]
    pub fn layer(rows: usize, channels: usize) -> Self {
        Self { groups: None, ..Self::group(rows, channels, 1) }
    }

    /// Pieces an image is cut into: enough to fill a machine, none of fewer than 8 pixels.
    fn slabs(&self) -> usize {
        self.pixels.div_ceil(8).min(MOST_SLABS)
    }

    /// Values of scratch memory.
    #[must_use]
    pub fn partial_len(&self) -> usize {
        self.groups.map_or(0, |groups| self.batch * self.slabs() * groups * 2)
    }

    fn len(&self) -> usize {
        self.batch * self.pixels * self.channels
    }

    fn check(&self) -> Result<(), KernelError> {
        let need = |holds, what, expected: &str, got: usize| require(holds, Self::NAME, what, expected, got);
        need(self.batch > 0 && self.pixels > 0, "pixels", "above 0", self.pixels)?;
        let allowed = self.channels > 0 && self.channels.is_multiple_of(8) && self.channels <= MOST_CHANNELS;
        need(allowed, "channels", "a multiple of 8, at most 2048", self.channels)?;
        let groups = self.groups.unwrap_or(1);
        need(groups > 0 && self.channels.is_multiple_of(groups), "groups", "a divisor of the channels", groups)?;
        need(self.len() < 1 << 31, "size", "below 2^31 values", self.len())
    }

    /// Mean and variance of the values that `which` names.
    fn moments(x: &[f64], which: impl Iterator<Item = usize> + Clone) -> (f64, f64, f64) {
        let (mut count, mut sum, mut magnitude) = (0.0, 0.0, 0.0);
        for i in which.clone() {
            count += 1.0;
            sum += x[i];
            magnitude += x[i].abs();
        }
        let mean = sum / count;
        let variance = which.map(|i| (x[i] - mean).powi(2)).sum::<f64>() / count;
        (mean, variance, magnitude / count)
    }
}

impl Kernel for Norm {
    type Buffers = NormBuffers;
    const NAME: &'static str = "norm";
    const FUNCTIONS: &'static [&'static str] = &["group_norm_statistics", "group_norm_apply", "layer_norm"];

    fn describe(&self) -> String {
        let kind = self.groups.map_or("layer".to_owned(), |groups| format!("{groups} groups"));
        let film = if self.film { " film" } else { "" };
        format!("{}x{}x{} {kind}{film} {:?}", self.batch, self.pixels, self.channels, self.activation)
    }

    fn launches(&self, buffers: &NormBuffers, _: &Facts) -> Result<Vec<Launch>, KernelError> {
        self.check()?;
        let need = |holds, what, got: bool| require(holds, Self::NAME, what, "given as declared", got);
        need(buffers.film.is_some() == self.film, "film", buffers.film.is_some())?;
        need(buffers.partial.is_some() == self.groups.is_some(), "partial", buffers.partial.is_some())?;
        let film = |span: Span<f16>| span.demand(Self::NAME, "film", self.batch * self.channels);
        let partial = buffers.partial.map(|span| span.demand(Self::NAME, "partial", self.partial_len()));
        let params = Params {
            x: buffers.x.demand(Self::NAME, "x", self.len())?,
            out: buffers.out.demand(Self::NAME, "out", self.len())?,
            gamma: buffers.gamma.demand(Self::NAME, "gamma", self.channels)?,
            beta: buffers.beta.demand(Self::NAME, "beta", self.channels)?,
            scale: buffers.film.map_or(Ok(0), |(scale, _)| film(scale))?,
            shift: buffers.film.map_or(Ok(0), |(_, shift)| film(shift))?,
            partial: partial.transpose()?.unwrap_or(0),
            batch: self.batch as i32,
            pixels: self.pixels as i32,
            channels: self.channels as i32,
            groups: self.groups.unwrap_or(1) as i32,
            slabs: self.slabs() as i32,
            activation: self.activation as i32,
            epsilon: self.epsilon,
            unused: 0,
        };
        let mut devices = vec![buffers.x.device(), buffers.out.device(), buffers.gamma.device(), buffers.beta.device()];
        devices.extend(buffers.film.iter().flat_map(|(scale, shift)| [scale.device(), shift.device()]));
        devices.extend(buffers.partial.iter().map(Span::device));
        let launch = |function, blocks, shared_bytes| {
            let grid = Grid { blocks, threads: THREADS as u32, shared_bytes };
            Launch::new::<Self, _>(function, grid, &params, &devices)
        };
        if self.groups.is_none() {
            let blocks = [(self.batch * self.pixels).div_ceil(THREADS / 32), 1, 1];
            return Ok(vec![launch("layer_norm", blocks, 0)?]);
        }
        let blocks = [self.slabs(), self.batch, 1];
        let rows = THREADS / (self.channels / 8);
        let statistics = launch("group_norm_statistics", blocks, 2 * 4 * rows * self.channels)?;
        Ok(vec![statistics, launch("group_norm_apply", blocks, 2 * 4 * self.channels)?])
    }

    fn launch_count(&self) -> usize {
        1 + usize::from(self.groups.is_some())
    }

    fn operands(&self) -> Vec<Operand> {
        let normal = |mean, deviation| Fill::Normal { mean, deviation };
        let mut operands = vec![
            // A mean that is large beside the deviation: it must cost no digits.
            Operand::input("x", Element::F16, self.len(), normal(3.0, 1.0)),
            Operand::input("gamma", Element::F32, self.channels, normal(1.0, 0.3)),
            Operand::input("beta", Element::F32, self.channels, normal(0.0, 0.3)),
        ];
        if self.film {
            operands.push(Operand::input("scale", Element::F16, self.batch * self.channels, normal(0.0, 0.3)));
            operands.push(Operand::input("shift", Element::F16, self.batch * self.channels, normal(0.0, 0.3)));
        }
        operands.push(Operand::output("out", Element::F16, self.len()));
        if self.groups.is_some() {
            operands.push(Operand::scratch("partial", Element::F32, self.partial_len()));
        }
        operands
    }

    fn buffers(&self, spans: &[Span<u8>]) -> Result<NormBuffers, KernelError> {
        let mut spans = spans.iter();
        let mut next = || spans.next().ok_or_else(|| KernelError::shape(Self::NAME, "buffers", "all", "too few"));
        let (x, gamma, beta) = (next()?.cast()?, next()?.cast()?, next()?.cast()?);
        let film = if self.film { Some((next()?.cast()?, next()?.cast()?)) } else { None };
        let out = next()?.cast()?;
        let partial = if self.groups.is_some() { Some(next()?.cast()?) } else { None };
        Ok(NormBuffers { x, gamma, beta, film, out, partial })
    }

    fn twin(&self, inputs: &[Vec<f64>], rows: Rows) -> Vec<Vec<Expected>> {
        let (x, gamma, beta) = (&inputs[0], &inputs[1], &inputs[2]);
        let (pixels, channels) = (self.pixels, self.channels);
        let mut out = vec![Expected::ANY; self.len()];
        let mut put = |n: usize, pixel: usize, c: usize, (mean, variance, magnitude): (f64, f64, f64), count: usize| {
            let at = (n * pixels + pixel) * channels + c;
            let inverse = 1.0 / (variance + f64::from(self.epsilon)).sqrt();
            let mut y = (x[at] - mean) * inverse * gamma[c] + beta[c];
            // The mean is off by the rounding of its sum, the variance by a share of itself; then a few operations on
            // parts that may be larger than their sum.
            let mean_error = Expected::summed(count, magnitude);
            let share_error = 0.5 * (Expected::summed(count, 1.0) + 2.0 * mean_error * inverse);
            let parts = ((x[at].abs() + mean.abs()) * inverse * gamma[c]).abs() + beta[c].abs();
            let mut error = mean_error * inverse * gamma[c].abs()
                + share_error * ((x[at] - mean) * inverse * gamma[c]).abs()
                + 8.0 * F32_ROUNDING * parts;
            if self.film {
                let more = 1.0 + inputs[3][n * channels + c];
                y = y * more + inputs[4][n * channels + c];
                error = error * more.abs() + 4.0 * F32_ROUNDING * (y.abs() + parts * more.abs());
            }
            let value = self.activation.of(y);
            let tolerance = Expected::rounded(value) + self.activation.error(y, error);
            out[at] = Expected { value, tolerance };
        };
        for n in 0..self.batch {
            match self.groups {
                Some(groups) => {
                    let width = channels / groups;
                    for group in 0..groups {
                        let inside = (0..pixels).flat_map(|pixel| {
                            let first = (n * pixels + pixel) * channels + group * width;
                            first..first + width
                        });
                        let moments = Self::moments(x, inside);
                        for pixel in (0..pixels).filter(|&pixel| rows.wants(pixel)) {
                            for c in group * width..(group + 1) * width {
                                put(n, pixel, c, moments, pixels * width);
                            }
                        }
                    }
                }
                None => {
                    for pixel in (0..pixels).filter(|&pixel| rows.wants(pixel)) {
                        let first = (n * pixels + pixel) * channels;
                        let moments = Self::moments(x, first..first + channels);
                        for c in 0..channels {
                            put(n, pixel, c, moments, channels);
                        }
                    }
                }
            }
        }
        vec![out]
    }

    fn work(&self) -> Work {
        Work { bytes: 4 * self.len() as u64, flops: 8 * self.len() as u64 }
    }

    fn parity() -> Vec<Self> {
        let (relu, silu) = (Activation::Relu, Activation::Silu);
        vec![
            Self::group(1, 8, 1),
            Self::group(1, 8, 2),
            Self { batch: 2, activation: silu, ..Self::group(63, 40, 5) },
            Self { activation: silu, film: true, ..Self::group(192, 320, 32) },
            Self { batch: 3, film: true, ..Self::group(65, 64, 32) },
            Self { activation: relu, ..Self::group(1000, 16, 4) },
            Self { epsilon: 1e-6, ..Self::group(20, 2048, 32) },
            Self::layer(1, 8),
            Self { film: true, ..Self::layer(9, 264) },
            Self { batch: 2, film: true, activation: silu, ..Self::layer(77, 320) },
            Self { epsilon: 1e-6, ..Self::layer(5, 2048) },
        ]
    }

    fn bench() -> Vec<Self> {
        let silu = Activation::Silu;
        vec![
            Self { activation: silu, ..Self::group(4096, 320, 32) },
            Self { activation: silu, film: true, ..Self::group(1024, 640, 32) },
            Self { activation: silu, ..Self::group(64, 1280, 32) },
            Self { activation: silu, ..Self::group(512 * 384, 64, 8) },
            Self::layer(4096, 320),
            Self { film: true, ..Self::layer(1560, 1536) },
        ]
    }
}
