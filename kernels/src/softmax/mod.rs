//! Softmax over the few channels of every pixel: class probabilities.
//!
//! ```text
//! out[r, c] = exp(x[r, c] - most[r]) / sum over k of exp(x[r, k] - most[r]),   zero in the padding
//! ```
//!
//! Up to 32 channels as they lie in memory; a thread takes a pixel. f16 in and out, f32 inside.

use bytemuck::{Pod, Zeroable};
use half::f16;

use crate::common::padded;
use crate::device::{Facts, Grid, Launch, Span};
use crate::error::{KernelError, require};
use crate::kernel::{Expected, Kernel, Operand, Rows, Work};
use crate::values::{Element, Fill};

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Softmax {
    pub rows: usize,
    /// Real ones; in memory they are padded to a multiple of 8.
    pub channels: usize,
}

#[derive(Clone, Copy, Debug)]
pub struct SoftmaxBuffers {
    pub x: Span<f16>,
    /// May be `x`.
    pub out: Span<f16>,
}

#[derive(Clone, Copy, Pod, Zeroable)]
#[repr(C)]
struct Params {
    x: u64,
    out: u64,
    rows: i32,
    channels: i32,
    stride: i32,
    unused: i32,
}
const _: () = assert!(size_of::<Params>() == 32);

impl Softmax {
    fn len(&self) -> usize {
        self.rows * padded(self.channels)
    }
}

impl Kernel for Softmax {
    type Buffers = SoftmaxBuffers;
    const NAME: &'static str = "softmax";
    const FUNCTIONS: &'static [&'static str] = &["softmax_channels"];

    fn describe(&self) -> String {
        format!("{} rows of {}", self.rows, self.channels)
    }

    fn launches(&self, buffers: &SoftmaxBuffers, _: &Facts) -> Result<Vec<Launch>, KernelError> {
        require(self.rows > 0 && self.len() < 1 << 31, Self::NAME, "rows", "above 0, below 2^31 values", self.rows)?;
        require((1..=32).contains(&self.channels), Self::NAME, "channels", "1 to 32", self.channels)?;
        let params = Params {
            x: buffers.x.demand(Self::NAME, "x", self.len())?,
            out: buffers.out.demand(Self::NAME, "out", self.len())?,
            rows: self.rows as i32,
            channels: self.channels as i32,
            stride: padded(self.channels) as i32,
            unused: 0,
        };
        let grid = Grid { blocks: [self.rows.div_ceil(128), 1, 1], threads: 128, shared_bytes: 0 };
        let devices = [buffers.x.device(), buffers.out.device()];
        Ok(vec![Launch::new::<Self, _>("softmax_channels", grid, &params, &devices)?])
    }

    fn operands(&self) -> Vec<Operand> {
        vec![
            Operand::input("x", Element::F16, self.len(), Fill::Normal { mean: 3.0, deviation: 3.0 }),
            Operand::output("out", Element::F16, self.len()),
        ]
    }

    fn buffers(&self, spans: &[Span<u8>]) -> Result<SoftmaxBuffers, KernelError> {
        let [x, out] = spans else { return Err(KernelError::shape(Self::NAME, "buffers", 2, spans.len())) };
        Ok(SoftmaxBuffers { x: x.cast()?, out: out.cast()? })
    }

    fn twin(&self, inputs: &[Vec<f64>], rows: Rows) -> Vec<Vec<Expected>> {
        let stride = padded(self.channels);
        let mut out = vec![Expected::ANY; self.len()];
        for r in (0..self.rows).filter(|&r| rows.wants(r)) {
            let x = &inputs[0][r * stride..][..self.channels];
            let most = x.iter().fold(f64::MIN, |most, &value| most.max(value));
            let total: f64 = x.iter().map(|value| (value - most).exp()).sum();
            for c in 0..stride {
                out[r * stride + c] = if c < self.channels {
                    let value = (x[c] - most).exp() / total;
                    // Besides the rounding: a difference of logits in f32, ex2.approx, and a sum.
                    let error = value * (1e-6 * (1.0 + (x[c] - most).abs()) + Expected::summed(self.channels, 1.0));
                    Expected { value, tolerance: Expected::rounded(value) + error }
                } else {
                    Expected::exactly(0.0)
                };
            }
        }
        vec![out]
    }

    fn work(&self) -> Work {
        let values = (self.rows * self.channels) as u64;
        Work { bytes: 4 * values, flops: 5 * values }
    }

    fn parity() -> Vec<Self> {
        let softmax = |rows, channels| Self { rows, channels };
        vec![softmax(1, 2), softmax(129, 9), softmax(300, 32), softmax(7, 16)]
    }

    fn bench() -> Vec<Self> {
        vec![Self { rows: 48 * 64, channels: 9 }]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_add_up_to_one_whatever_is_added_to_all() {
        let softmax = Softmax { rows: 1, channels: 3 };
        let shares = |add: f64| {
            let x = vec![1.0 + add, -2.0 + add, 0.5 + add, 0.0, 0.0, 0.0, 0.0, 0.0];
            softmax.twin(&[x], Rows::ALL)[0].iter().map(|expected| expected.value).collect::<Vec<_>>()
        };
        assert!((shares(0.0).iter().sum::<f64>() - 1.0).abs() < 1e-12);
        assert!(shares(0.0).iter().zip(shares(100.0)).all(|(a, b)| (a - b).abs() < 1e-12));
    }
}
