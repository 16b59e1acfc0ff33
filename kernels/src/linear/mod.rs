//! Linear layers.
//!
//! ```text
//! out[r, o] = activation( bias[o] + residual[r, o] + sum over i of weights[o, i] * a[r, i] )
//! ```
//!
//! Rows of `a` may lie further apart than they are long, so that a part of a joined tensor can be taken. f16 in and
//! out, sums in f32. Many rows run as a matrix product on tensor cores (`common/tile.cuh`); up to [`FEW`] rows, where
//! reading the weights is all the work, as one warp a column.

#[cfg(test)]
mod tests;

use bytemuck::{Pod, Zeroable};
use half::f16;

use crate::common::{Activation, SHAPES, choose, padded};
use crate::device::{Facts, Grid, Launch, Span};
use crate::error::{KernelError, require};
use crate::kernel::{Expected, Kernel, Operand, Rows, Work};
use crate::values::{Element, Fill};

/// Up to this many rows go without tensor cores.
pub const FEW: usize = 8;
/// Rows that one block of `linear_few` works on.
const FEW_AT_ONCE: usize = 4;

/// A linear layer. Channels are multiples of 8 in memory, padded with zeros.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Linear {
    pub rows: usize,
    pub inputs: usize,
    pub outputs: usize,
    /// Values from one row of `a` to the next; a multiple of 8.
    pub a_stride: usize,
    pub bias: bool,
    pub residual: bool,
    pub activation: Activation,
    /// Which function; by number of rows and estimate when `None`.
    pub function: Option<usize>,
}

#[derive(Clone, Copy, Debug)]
pub struct LinearBuffers {
    pub a: Span<f16>,
    /// As [`Linear::pack`] lays them out.
    pub weights: Span<f16>,
    pub bias: Option<Span<f32>>,
    pub residual: Option<Span<f16>>,
    pub out: Span<f16>,
}

#[derive(Clone, Copy, Pod, Zeroable)]
#[repr(C)]
struct Params {
    a: u64,
    weights: u64,
    bias: u64,
    residual: u64,
    out: u64,
    rows: i32,
    in_channels: i32,
    out_channels: i32,
    a_stride: i32,
    activation: i32,
    unused: i32,
}
const _: () = assert!(size_of::<Params>() == 64);

impl Linear {
    #[must_use]
    pub fn new(rows: usize, inputs: usize, outputs: usize) -> Self {
        let (a_stride, activation) = (padded(inputs), Activation::None);
        Self { rows, inputs, outputs, a_stride, bias: true, residual: false, activation, function: None }
    }

    /// Weights as PyTorch has them, (outputs, inputs), with rows and columns padded with zeros.
    #[must_use]
    pub fn pack(&self, weights: &[f32]) -> Vec<f16> {
        assert_eq!(weights.len(), self.outputs * self.inputs, "{self:?}");
        let (rows, columns) = (padded(self.outputs), padded(self.inputs));
        let mut packed = vec![f16::ZERO; rows * columns];
        for (row, packed) in weights.chunks_exact(self.inputs).zip(packed.chunks_exact_mut(columns)) {
            packed.iter_mut().zip(row).for_each(|(to, &from)| *to = f16::from_f32(from));
        }
        packed
    }

    fn a_len(&self) -> usize {
        (self.rows - 1) * self.a_stride + padded(self.inputs)
    }

    fn out_len(&self) -> usize {
        self.rows * padded(self.outputs)
    }

    fn function(&self, facts: &Facts) -> usize {
        const FEW_FUNCTION: usize = SHAPES.len();
        let chosen = || match self.rows {
            ..=FEW => FEW_FUNCTION,
            rows => choose(rows, padded(self.outputs), padded(self.inputs), facts.multiprocessors),
        };
        self.function.unwrap_or_else(chosen)
    }
}

impl Kernel for Linear {
    type Buffers = LinearBuffers;
    const NAME: &'static str = "linear";
    const FUNCTIONS: &'static [&'static str] = &[
        "linear_128x128",
        "linear_64x64",
        "linear_128x32",
        "linear_128x16",
        "linear_64x32",
        "linear_32x32",
        "linear_few",
    ];

    fn describe(&self) -> String {
        let function = self.function.map_or("by estimate", |i| Self::FUNCTIONS[i]);
        let residual = if self.residual { " +residual" } else { "" };
        format!("{} rows {}>{} stride {}{residual} {function}", self.rows, self.inputs, self.outputs, self.a_stride)
    }

    fn launches(&self, buffers: &LinearBuffers, facts: &Facts) -> Result<Vec<Launch>, KernelError> {
        let need = |holds, what, expected: &str, got: usize| require(holds, Self::NAME, what, expected, got);
        need(self.rows > 0 && self.inputs > 0 && self.outputs > 0, "rows and channels", "above 0", self.rows)?;
        need(self.a_stride.is_multiple_of(8), "a_stride", "a multiple of 8", self.a_stride)?;
        need(self.a_stride >= padded(self.inputs), "a_stride", "at least a row", self.a_stride)?;
        need(self.a_len().max(self.out_len()) < 1 << 31, "size", "below 2^31 values", self.a_len())?;
        need(buffers.bias.is_some() == self.bias, "bias", "given as declared", usize::from(self.bias))?;
        need(buffers.residual.is_some() == self.residual, "residual", "given as declared", usize::from(self.residual))?;
        let weights = padded(self.outputs) * padded(self.inputs);
        let params = Params {
            a: buffers.a.demand(Self::NAME, "a", self.a_len())?,
            weights: buffers.weights.demand(Self::NAME, "weights", weights)?,
            bias: buffers.bias.map_or(Ok(0), |bias| bias.demand(Self::NAME, "bias", padded(self.outputs)))?,
            residual: buffers.residual.map_or(Ok(0), |from| from.demand(Self::NAME, "residual", self.out_len()))?,
            out: buffers.out.demand(Self::NAME, "out", self.out_len())?,
            rows: self.rows as i32,
            in_channels: padded(self.inputs) as i32,
            out_channels: padded(self.outputs) as i32,
            a_stride: self.a_stride as i32,
            activation: self.activation as i32,
            unused: 0,
        };
        let which = self.function(facts);
        let grid = match SHAPES.get(which) {
            Some(shape) => Grid {
                blocks: [self.rows.div_ceil(shape.m), padded(self.outputs).div_ceil(shape.n), 1],
                threads: shape.threads,
                shared_bytes: shape.shared_bytes(),
            },
            None => Grid {
                blocks: [padded(self.outputs).div_ceil(8), self.rows.div_ceil(FEW_AT_ONCE), 1],
                threads: 256,
                shared_bytes: 0,
            },
        };
        let mut devices = vec![buffers.a.device(), buffers.weights.device(), buffers.out.device()];
        devices.extend(buffers.bias.iter().map(Span::device));
        devices.extend(buffers.residual.iter().map(Span::device));
        let function = Self::FUNCTIONS.get(which);
        let function = function.ok_or_else(|| KernelError::shape(Self::NAME, "function", "below 7", which))?;
        Ok(vec![Launch::new::<Self, _>(function, grid, &params, &devices)?])
    }

    fn operands(&self) -> Vec<Operand> {
        let mut random = crate::values::Random::new((self.inputs * self.outputs) as u64);
        let deviation = (1.0 / self.inputs as f64).sqrt();
        let weights: Vec<f32> = (0..self.inputs * self.outputs).map(|_| (random.normal() * deviation) as f32).collect();
        let bias = (0..padded(self.outputs)).map(|o| if o < self.outputs { 0.1 * random.normal() } else { 0.0 });
        let bias = Element::F32.encode_all(bias);
        // What lies between the rows is not zero: it must not be read.
        let a = Fill::Normal { mean: 0.0, deviation: 1.0 };
        let mut operands = vec![
            Operand::input("a", Element::F16, self.a_len(), a),
            Operand::exact("weights", Element::F16, bytemuck::cast_slice(&self.pack(&weights)).to_vec()),
        ];
        if self.bias {
            operands.push(Operand::exact("bias", Element::F32, bias));
        }
        if self.residual {
            let fill = Fill::Rows { real: self.outputs, padded: padded(self.outputs) };
            operands.push(Operand::input("residual", Element::F16, self.out_len(), fill));
        }
        operands.push(Operand::output("out", Element::F16, self.out_len()));
        operands
    }

    fn buffers(&self, spans: &[Span<u8>]) -> Result<LinearBuffers, KernelError> {
        let mut spans = spans.iter();
        let mut next = || spans.next().ok_or_else(|| KernelError::shape(Self::NAME, "buffers", "all", "too few"));
        let (a, weights) = (next()?.cast()?, next()?.cast()?);
        let bias = if self.bias { Some(next()?.cast()?) } else { None };
        let residual = if self.residual { Some(next()?.cast()?) } else { None };
        Ok(LinearBuffers { a, weights, bias, residual, out: next()?.cast()? })
    }

    fn twin(&self, inputs: &[Vec<f64>], rows: Rows) -> Vec<Vec<Expected>> {
        let (a, weights) = (&inputs[0], &inputs[1]);
        let bias = self.bias.then(|| &inputs[2]);
        let residual = self.residual.then(|| &inputs[2 + usize::from(self.bias)]);
        let (columns, outputs) = (padded(self.inputs), padded(self.outputs));
        let mut out = vec![Expected::ANY; self.out_len()];
        for r in (0..self.rows).filter(|&r| rows.wants(r)) {
            for o in 0..outputs {
                let (mut sum, mut magnitude) = (0.0, 0.0);
                for i in 0..columns {
                    let term = weights[o * columns + i] * a[r * self.a_stride + i];
                    sum += term;
                    magnitude += term.abs();
                }
                for more in [bias.map(|bias| bias[o]), residual.map(|residual| residual[r * outputs + o])] {
                    sum += more.unwrap_or(0.0);
                    magnitude += more.unwrap_or(0.0).abs();
                }
                let value = self.activation.of(sum);
                let error = self.activation.error(sum, Expected::summed(columns + 2, magnitude));
                out[r * outputs + o] = Expected { value, tolerance: Expected::rounded(value) + error };
            }
        }
        vec![out]
    }

    fn work(&self) -> Work {
        let outputs = self.rows * self.outputs * (1 + usize::from(self.residual));
        Work {
            bytes: 2 * (self.rows * self.inputs + self.inputs * self.outputs + outputs) as u64,
            flops: 2 * (self.rows * self.inputs * self.outputs) as u64,
        }
    }

    fn parity() -> Vec<Self> {
        let mut rows = vec![
            Self::new(1, 1, 1),
            Self { activation: Activation::Silu, ..Self::new(1, 432, 128) },
            Self { bias: false, residual: true, ..Self::new(5, 24, 21) },
            Self { a_stride: 40, ..Self::new(8, 19, 64) },
            Self { a_stride: 96, residual: true, activation: Activation::Relu, ..Self::new(77, 30, 50) },
            Self { bias: false, ..Self::new(130, 264, 8) },
            Self { activation: Activation::Silu, ..Self::new(200, 320, 144) },
        ];
        for function in 0..Self::FUNCTIONS.len() {
            rows.push(Self { function: Some(function), a_stride: 112, residual: true, ..Self::new(67, 100, 140) });
        }
        rows
    }

    fn bench() -> Vec<Self> {
        vec![
            Self { activation: Activation::Relu, ..Self::new(1, 432, 128) },
            Self::new(1, 1280, 1280),
            Self::new(77, 1024, 1280),
            Self::new(4096, 320, 960),
            Self { residual: true, ..Self::new(4096, 320, 320) },
            Self::new(1024, 640, 5120),
            Self { activation: Activation::Silu, ..Self::new(1560, 1536, 8960) },
            Self::new(4096, 4096, 4096),
        ]
    }
}
