//! Convolutions on the CPU.
//!
//! A direct convolution (Zhang, Franchetti, Low: "High performance zero-memory overhead direct convolutions", ICML
//! 2018): channels lie innermost, so that a tile of pixels times channels stays in registers while one input value
//! after the other is spread over the channels of an output vector. No patches are copied together, which is what
//! makes the layers with few channels fast; what follows a convolution (sum with another grid, ReLU) happens to each
//! tile while it is at hand.
//!
//! Convolutions of 3x3 pixels that keep the size go [`winograd`]'s way, with less than half of the multiplications.

mod winograd;

use pulp::{Arch, Simd, WithSimd};
use rayon::iter::{IndexedParallelIterator, ParallelIterator};
use rayon::slice::ParallelSliceMut;

use self::winograd::Winograd;

/// Pixels of a row that are computed together, or tiles of [`winograd`].
const TILE: usize = 4;
/// Most vectors of output channels that are computed together: with [`TILE`] pixels as many sums as hide the latency
/// of a multiply-add, which with their operands still fit 16 registers.
const VECTORS: usize = 2;

/// Activations: (height, width, channels), channels innermost, with a border of one pixel of zeros.
#[derive(Clone, Debug, Default)]
pub struct Grid {
    pub height: usize,
    pub width: usize,
    pub channels: usize,
    data: Vec<f32>,
}

impl Grid {
    #[cfg(test)]
    pub fn new(height: usize, width: usize, channels: usize) -> Self {
        let mut grid = Self::default();
        grid.shape(height, width, channels);
        grid
    }

    /// Gives it a size. What it holds is kept only where it had that size before; the border is zero in any case.
    pub fn shape(&mut self, height: usize, width: usize, channels: usize) {
        if (self.height, self.width, self.channels) != (height, width, channels) {
            let data = vec![0.0; (height + 2) * (width + 2) * channels];
            *self = Self { height, width, channels, data };
        }
    }

    fn stride(&self) -> usize {
        (self.width + 2) * self.channels
    }

    /// Row `y` without its border: `width` times `channels` values.
    #[must_use]
    pub fn row(&self, y: usize) -> &[f32] {
        &self.data[(y + 1) * self.stride() + self.channels..][..self.width * self.channels]
    }

    pub fn row_mut(&mut self, y: usize) -> &mut [f32] {
        let start = (y + 1) * self.stride() + self.channels;
        &mut self.data[start..start + self.width * self.channels]
    }

    /// All rows without their borders, to be written in parallel.
    pub fn par_rows_mut(&mut self) -> impl IndexedParallelIterator<Item = (usize, &mut [f32])> {
        let (stride, channels, height) = (self.stride(), self.channels, self.height);
        let rows = self.data[stride..(height + 1) * stride].par_chunks_exact_mut(stride);
        rows.map(move |row| &mut row[channels..stride - channels]).enumerate()
    }

    /// The channels of one pixel.
    #[must_use]
    pub fn pixel(&self, y: usize, x: usize) -> &[f32] {
        &self.row(y)[x * self.channels..][..self.channels]
    }

    /// All rows without their borders.
    pub fn rows(&self) -> impl Iterator<Item = &[f32]> {
        (0..self.height).map(|y| self.row(y))
    }
}

/// What is added to a convolution before its ReLU.
#[derive(Clone, Copy, Debug)]
pub enum Addend<'a> {
    None,
    /// A grid of the output's size.
    Same(&'a Grid),
    /// A grid of half the output's size, every pixel of it four times.
    Doubled(&'a Grid),
}

/// What happens to a sum before it is an output.
#[derive(Clone, Copy)]
struct Ending<'a> {
    addend: Addend<'a>,
    relu: bool,
}

impl Ending<'_> {
    /// Ends the sums of a vector of channels, those from `from` on, of the pixel (y, x) and stores as many as `out` is long.
    #[inline(always)]
    fn store<S: Simd>(self, simd: S, mut sums: S::f32s, (y, x): (usize, usize), from: usize, out: &mut [f32]) {
        let added = match self.addend {
            Addend::None => None,
            Addend::Same(grid) => Some(grid.pixel(y, x)),
            Addend::Doubled(grid) => Some(grid.pixel(y / 2, x / 2)),
        };
        if let Some(added) = added {
            sums = simd.add_f32s(sums, simd.partial_load_f32s(&added[from..from + out.len()]));
        }
        if self.relu {
            sums = simd.max_f32s(sums, simd.splat_f32s(0.0));
        }
        simd.partial_store_f32s(out, sums);
    }
}

/// Adds to the sums of [`TILE`] pixels, or places of the tiles of [`winograd`], what their inputs are times `weights` (input,
/// output): a vector of outputs takes one input after the other, spread over it.
#[inline(always)]
fn accumulate<S: Simd, const V: usize>(
    simd: S,
    [a, b, c, d]: [&[f32]; TILE],
    weights: &[S::f32s],
    sums: &mut [[S::f32s; V]; TILE],
) {
    let mut here = *sums; // a copy that stays in registers
    for ((((w, &a), &b), &c), &d) in weights.chunks_exact(V).zip(a).zip(b).zip(c).zip(d) {
        let spread = [simd.splat_f32s(a), simd.splat_f32s(b), simd.splat_f32s(c), simd.splat_f32s(d)];
        for p in 0..TILE {
            for v in 0..V {
                here[p][v] = simd.mul_add_f32s(w[v], spread[p], here[p][v]);
            }
        }
    }
    *sums = here;
}

/// One convolution of 3x3 or 1x1 pixels, its weights laid out for this processor.
#[derive(Debug)]
pub struct Conv {
    kernel: usize,
    stride: usize,
    inputs: usize,
    outputs: usize,
    relu: bool,
    way: Way,
    arch: Arch,
}

/// How a convolution is computed.
#[derive(Debug)]
enum Way {
    Direct(Vec<Block>),
    Winograd(Winograd),
}

/// Output channels that are computed together.
#[derive(Debug)]
struct Block {
    first: usize,
    /// Vectors of output channels.
    vectors: usize,
    /// (tap, input, output of the block), zeros where the block reaches past the last output.
    weights: Vec<f32>,
    bias: Vec<f32>,
}

impl Block {
    /// All blocks of a convolution; `weights` (outputs, inputs, taps).
    fn all(weights: &[f32], bias: &[f32], inputs: usize, taps: usize, lanes: usize) -> Vec<Self> {
        let outputs = bias.len();
        let mut blocks = Vec::new();
        for first in (0..outputs).step_by(VECTORS * lanes) {
            let vectors = (outputs - first).div_ceil(lanes).min(VECTORS);
            let wide = vectors * lanes;
            let here = (outputs - first).min(wide);
            let mut block = vec![0.0; taps * inputs * wide];
            for (at, values) in block.chunks_exact_mut(wide).enumerate() {
                let (tap, input) = (at / inputs, at % inputs);
                for (k, value) in values[..here].iter_mut().enumerate() {
                    *value = weights[((first + k) * inputs + input) * taps + tap];
                }
            }
            let mut own_bias = vec![0.0; wide];
            own_bias[..here].copy_from_slice(&bias[first..first + here]);
            blocks.push(Self { first, vectors, weights: block, bias: own_bias });
        }
        blocks
    }
}

/// Numbers in a vector of this processor.
fn lanes(arch: Arch) -> usize {
    arch.dispatch(Lanes)
}

struct Lanes;

impl WithSimd for Lanes {
    type Output = usize;
    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) -> usize {
        S::F32_LANES
    }
}

impl Conv {
    /// `weights` (outputs, inputs, kernel, kernel) and `bias` (outputs), as PyTorch stores them.
    #[must_use]
    pub fn new(weights: &[f32], bias: &[f32], inputs: usize, kernel: usize, stride: usize, relu: bool) -> Self {
        assert!(matches!((kernel, stride), (1, 1) | (3, 1 | 2)), "a convolution of another kind");
        let (outputs, taps) = (bias.len(), kernel * kernel);
        assert_eq!(weights.len(), outputs * inputs * taps);
        let arch = Arch::new();
        let way = match (kernel, stride) {
            (3, 1) => Way::Winograd(Winograd::new(weights, bias, inputs, relu)),
            _ => Way::Direct(Block::all(weights, bias, inputs, taps, lanes(arch))),
        };
        Self { kernel, stride, inputs, outputs, relu, way, arch }
    }

    /// Computes the convolution of `input` into `out`, which gets its size.
    pub fn run(&self, input: &Grid, addend: Addend, out: &mut Grid) {
        assert_eq!(input.channels, self.inputs);
        out.shape(input.height / self.stride, input.width / self.stride, self.outputs);
        assert_eq!(out.width % TILE, 0, "the width must be a multiple of {TILE}");
        match addend {
            Addend::None => {}
            Addend::Same(grid) => {
                assert!((grid.height, grid.width, grid.channels) == (out.height, out.width, out.channels));
            }
            Addend::Doubled(grid) => {
                assert!((grid.height * 2, grid.width * 2, grid.channels) == (out.height, out.width, out.channels));
            }
        }
        let blocks = match &self.way {
            Way::Winograd(winograd) => return winograd.run(input, addend, out),
            Way::Direct(blocks) => blocks,
        };
        let (stride, height) = (out.stride(), out.height);
        let together = height.div_ceil(rayon::current_num_threads() * 2);
        out.data[stride..(height + 1) * stride].par_chunks_mut(together * stride).enumerate().for_each(|(i, rows)| {
            self.arch.dispatch(Rows { conv: self, blocks, input, addend, first: i * together, rows, row_len: stride });
        });
    }
}

/// Some rows of a convolution's output.
struct Rows<'a> {
    conv: &'a Conv,
    blocks: &'a [Block],
    input: &'a Grid,
    addend: Addend<'a>,
    /// The first of the rows.
    first: usize,
    /// Whole rows of the output, borders included.
    rows: &'a mut [f32],
    row_len: usize,
}

impl WithSimd for Rows<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { conv, blocks, input, addend, first, rows, row_len } = self;
        let width = row_len / conv.outputs - 2;
        for block in blocks {
            for (y, row) in (first..).zip(rows.chunks_exact_mut(row_len)) {
                let row = &mut row[conv.outputs..row_len - conv.outputs];
                for x in (0..width).step_by(TILE) {
                    let out = &mut row[x * conv.outputs..(x + TILE) * conv.outputs];
                    let tile = Tile { conv, block, input, addend, y, x };
                    match block.vectors {
                        1 => tile.run::<S, 1>(simd, out),
                        2 => tile.run::<S, 2>(simd, out),
                        _ => tile.run::<S, VECTORS>(simd, out),
                    }
                }
            }
        }
    }
}

/// [`TILE`] pixels of one block of output channels.
struct Tile<'a> {
    conv: &'a Conv,
    block: &'a Block,
    input: &'a Grid,
    addend: Addend<'a>,
    y: usize,
    x: usize,
}

impl Tile<'_> {
    #[inline(always)]
    fn run<S: Simd, const V: usize>(self, simd: S, out: &mut [f32]) {
        let Self { conv, block, input, addend, y, x } = self;
        let bias = S::as_simd_f32s(&block.bias).0;
        let mut sums = [[simd.splat_f32s(0.0); V]; TILE];
        for sum in &mut sums {
            sum.copy_from_slice(&bias[..V]);
        }
        // Within the border a 3x3 kernel starts one pixel up and left of its centre.
        let corner = usize::from(conv.kernel == 1);
        let channels = conv.inputs;
        let step = conv.stride * channels;
        let mut weights = S::as_simd_f32s(&block.weights).0;
        for tap_y in 0..conv.kernel {
            for tap_x in 0..conv.kernel {
                let start =
                    (y * conv.stride + tap_y + corner) * input.stride() + (x * conv.stride + tap_x + corner) * channels;
                let (now, later) = weights.split_at(channels * V);
                weights = later;
                let pixels = [0, 1, 2, 3].map(|p| &input.data[start + p * step..][..channels]);
                accumulate::<S, V>(simd, pixels, now, &mut sums);
            }
        }
        let ending = Ending { addend, relu: conv.relu };
        for (p, sums) in sums.into_iter().enumerate() {
            let out = &mut out[p * conv.outputs..][..conv.outputs];
            for (v, sums) in sums.into_iter().enumerate() {
                let from = block.first + v * S::F32_LANES;
                let to = conv.outputs.min(from + S::F32_LANES);
                ending.store::<S>(simd, sums, (y, x + p), from, &mut out[from..to]);
            }
        }
    }
}
