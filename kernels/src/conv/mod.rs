//! Convolution on tensor cores, with what stands around it folded in.
//!
//! ```text
//! in[n, y, x, :]  = a[n, y >> a_shift, x >> a_shift, :] beside b[n, y >> b_shift, x >> b_shift, :]     (zero outside)
//! out[n, y, x, o] = activation( bias[o] + residual[n, y, x, o]
//!                   + sum over i, j, c of weights[o, i, j, c] * in[n, y stride - pad + i, x stride - pad + j, c] )
//! ```
//!
//! A shift of 1 is an input of half the size, every pixel taken four times: nearest upsampling. `b` and `residual` may
//! be missing. A `pixel_unshuffle` by 2 before a convolution is a convolution of another kernel size and stride over
//! the picture as it was ([`Conv::unshuffled`]); only the weights are laid out differently.
//!
//! f16 in and out, products exact, sums in f32 (mma.sync m16n8k16), rounded once at the end. Implicit GEMM: rows are
//! output pixels, columns output channels, k runs over taps and channels; see `common/tile.cuh`.

mod rows;
#[cfg(test)]
mod tests;
mod twin;

use bytemuck::{Pod, Zeroable};
use half::f16;

use crate::common::{Activation, SHAPES, choose, padded};
use crate::device::{DeviceId, Facts, Grid, Launch, Span};
use crate::error::{KernelError, require};
use crate::kernel::{Expected, Kernel, Operand, Rows, Work};
use crate::values::{Element, Fill};

/// One of the inputs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Input {
    pub channels: usize,
    /// Half the size, each pixel four times.
    pub doubled: bool,
}

/// A convolution. Channels are the real ones; in memory they are padded to a multiple of 8 with zeros.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conv {
    pub batch: usize,
    /// Of the input, doubled where that is so.
    pub height: usize,
    pub width: usize,
    pub a: Input,
    pub b: Option<Input>,
    pub outputs: usize,
    pub kernel: usize,
    pub stride: usize,
    pub pad: usize,
    pub residual: bool,
    pub activation: Activation,
    /// Which of [`SHAPES`]; by estimate when `None`.
    pub tile: Option<usize>,
}

/// What a convolution works on.
#[derive(Clone, Copy, Debug)]
pub struct ConvBuffers {
    pub a: Span<f16>,
    pub b: Option<Span<f16>>,
    /// As [`Conv::pack`] lays them out.
    pub weights: Span<f16>,
    /// Of [`padded`] length.
    pub bias: Span<f32>,
    pub residual: Option<Span<f16>>,
    pub out: Span<f16>,
}

#[derive(Clone, Copy, Pod, Zeroable)]
#[repr(C)]
struct Params {
    a: u64,
    b: u64,
    weights: u64,
    bias: u64,
    residual: u64,
    out: u64,
    batch: i32,
    height: i32,
    width: i32,
    a_channels: i32,
    b_channels: i32,
    a_shift: i32,
    b_shift: i32,
    out_height: i32,
    out_width: i32,
    out_channels: i32,
    kernel: i32,
    stride: i32,
    pad: i32,
    activation: i32,
}
const _: () = assert!(size_of::<Params>() == 104);

impl Conv {
    /// `kernel` 1 or 3 with the padding that keeps the size.
    #[must_use]
    pub fn new(size: (usize, usize), channels: usize, outputs: usize, kernel: usize, stride: usize) -> Self {
        Self {
            batch: 1,
            height: size.0,
            width: size.1,
            a: Input { channels, doubled: false },
            b: None,
            outputs,
            kernel,
            stride,
            pad: kernel / 2,
            residual: false,
            activation: Activation::None,
            tile: None,
        }
    }

    /// A convolution of stride 1 after a `pixel_unshuffle` by 2 of a picture of `size` and `channels`.
    #[must_use]
    pub fn unshuffled(size: (usize, usize), channels: usize, outputs: usize, kernel: usize) -> Self {
        Self { kernel: 2 * kernel, pad: kernel / 2 * 2, ..Self::new(size, channels, outputs, 1, 2) }
    }

    #[must_use]
    pub fn with(mut self, activation: Activation) -> Self {
        self.activation = activation;
        self
    }

    #[must_use]
    pub fn adding(mut self) -> Self {
        self.residual = true;
        self
    }

    /// Joined with a second input.
    #[must_use]
    pub fn beside(mut self, channels: usize, doubled: bool) -> Self {
        self.b = Some(Input { channels, doubled });
        self
    }

    #[must_use]
    pub fn out_height(&self) -> usize {
        (self.height + 2 * self.pad - self.kernel) / self.stride + 1
    }
    #[must_use]
    pub fn out_width(&self) -> usize {
        (self.width + 2 * self.pad - self.kernel) / self.stride + 1
    }
    #[must_use]
    pub fn out_pixels(&self) -> usize {
        self.batch * self.out_height() * self.out_width()
    }
    /// Values of the output as it lies in memory.
    #[must_use]
    pub fn out_len(&self) -> usize {
        self.out_pixels() * padded(self.outputs)
    }

    fn input_len(&self, input: Input) -> usize {
        let shift = usize::from(input.doubled);
        self.batch * (self.height >> shift) * (self.width >> shift) * padded(input.channels)
    }

    /// Padded channels of both inputs.
    fn channels(&self) -> (usize, usize) {
        (padded(self.a.channels), self.b.map_or(0, |b| padded(b.channels)))
    }

    fn k(&self) -> usize {
        let (a, b) = self.channels();
        self.kernel * self.kernel * (a + b)
    }

    /// Values of packed weights.
    #[must_use]
    pub fn weights_len(&self) -> usize {
        padded(self.outputs) * self.k()
    }

    /// Weights as PyTorch has them, (outputs, channels of a and b, kernel, kernel), as the kernel wants them:
    /// (outputs, kernel, kernel, channels), channels of each input and outputs padded with zeros.
    #[must_use]
    pub fn pack(&self, weights: &[f32]) -> Vec<f16> {
        let taps = self.kernel * self.kernel;
        let (real_a, real) = (self.a.channels, self.a.channels + self.b.map_or(0, |b| b.channels));
        assert_eq!(weights.len(), self.outputs * real * taps, "{self:?}");
        self.pack_by(|o, tap, c| weights[(o * real + c) * taps + tap], real_a, real)
    }

    /// Weights of a convolution after a `pixel_unshuffle` by 2: (outputs, 4 channels, kernel / 2, kernel / 2), channel
    /// 4 c + 2 dy + dx being channel c at the pixel's place (dy, dx).
    #[must_use]
    pub fn pack_unshuffled(&self, weights: &[f32]) -> Vec<f16> {
        let (real, half) = (self.a.channels, self.kernel / 2);
        assert_eq!(weights.len(), self.outputs * 4 * real * half * half, "{self:?}");
        let weight = |o: usize, tap: usize, c: usize| {
            let (i, j) = (tap / self.kernel, tap % self.kernel);
            let channel = 4 * c + i % 2 * 2 + j % 2;
            weights[((o * 4 * real + channel) * half + i / 2) * half + j / 2]
        };
        self.pack_by(weight, real, real)
    }

    fn pack_by(&self, weight: impl Fn(usize, usize, usize) -> f32, real_a: usize, real: usize) -> Vec<f16> {
        let (a, b) = self.channels();
        let mut packed = vec![f16::ZERO; self.weights_len()];
        for o in 0..self.outputs {
            for tap in 0..self.kernel * self.kernel {
                for c in 0..real {
                    let channel = if c < real_a { c } else { a + c - real_a };
                    packed[o * self.k() + tap * (a + b) + channel] = f16::from_f32(weight(o, tap, c));
                }
            }
        }
        packed
    }

    fn check(&self) -> Result<(), KernelError> {
        let need = |holds, what, expected: &str, got: usize| require(holds, Self::NAME, what, expected, got);
        need(self.batch > 0 && self.outputs > 0 && self.a.channels > 0, "batch and channels", "above 0", self.outputs)?;
        need(self.kernel > 0 && self.kernel <= 8, "kernel", "1 to 8", self.kernel)?;
        need(self.stride == 1 || self.stride == 2, "stride", "1 or 2", self.stride)?;
        need(self.pad < self.kernel, "pad", "below kernel", self.pad)?;
        need(self.height + 2 * self.pad >= self.kernel, "height", "at least the kernel's", self.height)?;
        need(self.width + 2 * self.pad >= self.kernel, "width", "at least the kernel's", self.width)?;
        let doubled = self.a.doubled || self.b.is_some_and(|b| b.doubled);
        need(!doubled || self.height.is_multiple_of(2), "height", "even when an input is doubled", self.height)?;
        need(!doubled || self.width.is_multiple_of(2), "width", "even when an input is doubled", self.width)?;
        // The kernel counts pixels and channels in 32 bits.
        let most = self.out_len().max(self.input_len(self.a)).max(self.weights_len());
        need(most < 1 << 31, "size", "below 2^31 values", most)
    }

    /// Which of [`SHAPES`] it runs with.
    pub(crate) fn tile(&self, facts: &Facts) -> usize {
        let chosen = || choose(self.out_pixels(), padded(self.outputs), self.k(), facts.multiprocessors);
        self.tile.unwrap_or_else(chosen)
    }
}

impl Kernel for Conv {
    type Buffers = ConvBuffers;
    const NAME: &'static str = "conv";
    const FUNCTIONS: &'static [&'static str] =
        &["conv_128x128", "conv_64x64", "conv_128x32", "conv_128x16", "conv_64x32", "conv_32x32"];

    fn describe(&self) -> String {
        let doubled = |input: Input| if input.doubled { "x2" } else { "" };
        let b = self.b.map_or(String::new(), |b| format!("+{}{}", b.channels, doubled(b)));
        let tile = self.tile.map_or("by estimate".to_owned(), |i| format!("{}x{}", SHAPES[i].m, SHAPES[i].n));
        format!(
            "{}x{}x{} {}{}{b}>{} k{} s{} {:?}{} tile {tile}",
            self.batch,
            self.height,
            self.width,
            self.a.channels,
            doubled(self.a),
            self.outputs,
            self.kernel,
            self.stride,
            self.activation,
            if self.residual { " +residual" } else { "" },
        )
    }

    fn launches(&self, buffers: &ConvBuffers, facts: &Facts) -> Result<Vec<Launch>, KernelError> {
        self.check()?;
        let present = |span: Option<Span<f16>>, wanted: Option<usize>, what: &'static str| match (span, wanted) {
            (Some(span), Some(len)) => span.demand(Self::NAME, what, len),
            (None, None) => Ok(0),
            (span, wanted) => Err(KernelError::shape(
                Self::NAME,
                what,
                if wanted.is_some() { "given" } else { "absent" },
                if span.is_some() { "given" } else { "absent" },
            )),
        };
        let (a_channels, b_channels) = self.channels();
        let params = Params {
            a: buffers.a.demand(Self::NAME, "a", self.input_len(self.a))?,
            b: present(buffers.b, self.b.map(|b| self.input_len(b)), "b")?,
            weights: buffers.weights.demand(Self::NAME, "weights", self.weights_len())?,
            bias: buffers.bias.demand(Self::NAME, "bias", padded(self.outputs))?,
            residual: present(buffers.residual, self.residual.then(|| self.out_len()), "residual")?,
            out: buffers.out.demand(Self::NAME, "out", self.out_len())?,
            batch: self.batch as i32,
            height: self.height as i32,
            width: self.width as i32,
            a_channels: a_channels as i32,
            b_channels: b_channels as i32,
            a_shift: i32::from(self.a.doubled),
            b_shift: i32::from(self.b.is_some_and(|b| b.doubled)),
            out_height: self.out_height() as i32,
            out_width: self.out_width() as i32,
            out_channels: padded(self.outputs) as i32,
            kernel: self.kernel as i32,
            stride: self.stride as i32,
            pad: self.pad as i32,
            activation: self.activation as i32,
        };
        let which = self.tile(facts);
        let shape = SHAPES.get(which).ok_or_else(|| KernelError::shape(Self::NAME, "tile", "below 6", which))?;
        let grid = Grid {
            blocks: [self.out_pixels().div_ceil(shape.m), padded(self.outputs).div_ceil(shape.n), 1],
            threads: shape.threads,
            shared_bytes: shape.shared_bytes(),
        };
        let mut devices: Vec<DeviceId> =
            vec![buffers.a.device(), buffers.weights.device(), buffers.bias.device(), buffers.out.device()];
        devices.extend(buffers.b.iter().chain(&buffers.residual).map(Span::device));
        Ok(vec![Launch::new::<Self, _>(Self::FUNCTIONS[which], grid, &params, &devices)?])
    }

    fn operands(&self) -> Vec<Operand> {
        let rows = |channels| Fill::Rows { real: channels, padded: padded(channels) };
        let mut random = crate::values::Random::new(self.weights_len() as u64);
        let real = self.a.channels + self.b.map_or(0, |b| b.channels);
        let count = self.outputs * real * self.kernel * self.kernel;
        let deviation = (1.0 / (real * self.kernel * self.kernel) as f64).sqrt();
        let weights: Vec<f32> = (0..count).map(|_| (random.normal() * deviation) as f32).collect();
        let bias = (0..padded(self.outputs)).map(|o| if o < self.outputs { 0.1 * random.normal() } else { 0.0 });
        let mut operands = vec![Operand::input("a", Element::F16, self.input_len(self.a), rows(self.a.channels))];
        if let Some(b) = self.b {
            operands.push(Operand::input("b", Element::F16, self.input_len(b), rows(b.channels)));
        }
        operands.push(Operand::exact("weights", Element::F16, bytemuck::cast_slice(&self.pack(&weights)).to_vec()));
        operands.push(Operand::exact("bias", Element::F32, Element::F32.encode_all(bias)));
        if self.residual {
            operands.push(Operand::input("residual", Element::F16, self.out_len(), rows(self.outputs)));
        }
        operands.push(Operand::output("out", Element::F16, self.out_len()));
        operands
    }

    fn buffers(&self, spans: &[Span<u8>]) -> Result<ConvBuffers, KernelError> {
        let mut spans = spans.iter();
        let mut next = || spans.next().ok_or_else(|| KernelError::shape(Self::NAME, "buffers", "all", "too few"));
        let a = next()?.cast()?;
        let b = if self.b.is_some() { Some(next()?.cast()?) } else { None };
        let (weights, bias) = (next()?.cast()?, next()?.cast()?);
        let residual = if self.residual { Some(next()?.cast()?) } else { None };
        Ok(ConvBuffers { a, b, weights, bias, residual, out: next()?.cast()? })
    }

    fn twin(&self, inputs: &[Vec<f64>], rows: Rows) -> Vec<Vec<Expected>> {
        vec![twin::convolve(self, inputs, rows)]
    }

    fn work(&self) -> Work {
        let real = self.a.channels + self.b.map_or(0, |b| b.channels);
        let inputs = self.input_len(self.a) + self.b.map_or(0, |b| self.input_len(b));
        let outputs = self.out_len() * (1 + usize::from(self.residual));
        Work {
            bytes: 2 * (inputs + outputs + self.weights_len()) as u64,
            flops: 2 * (self.out_pixels() * self.outputs * real * self.kernel * self.kernel) as u64,
        }
    }

    fn parity() -> Vec<Self> {
        rows::parity()
    }

    fn bench() -> Vec<Self> {
        rows::bench()
    }
}
