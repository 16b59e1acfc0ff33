//! 3x3 convolutions of stride 1 by minimal filtering: F(2x2, 3x3) and F(4x4, 3x3) of Lavin, Gray: "Fast algorithms for
//! convolutional neural networks", CVPR 2016.
//!
//! A tile of `o` x `o` outputs is read off from `i` x `i` inputs, `i = o + 2`. Both are transformed along their rows and
//! columns so that the convolution becomes `i * i` products, one in each place, instead of `9 * o * o`: 16 for 36, 36
//! for 144. Over all tiles and channels the products of one place are a matrix multiplication.
//!
//! The transformed weights are `i * i / 9` times as large as the weights. They are all read for every frame, so
//! layers with many channels, whose weights would push each other out of the caches, take the smaller tile.

use std::cell::RefCell;

use pulp::{Arch, Simd, WithSimd};
use rayon::iter::{IndexedParallelIterator, ParallelIterator};
use rayon::slice::ParallelSliceMut;

use super::{Addend, Block, Ending, Grid, TILE, VECTORS, accumulate, lanes};

/// Most bytes that the weights of a layer may become with the larger tile.
const MOST_WEIGHTS: usize = 3 << 19;
/// About how many bytes of transformed input a task works on, so that they stay in a core's own cache.
const TASK: usize = 1 << 18;

/// One convolution of 3x3 pixels and stride 1, its weights transformed and laid out for this processor.
#[derive(Debug)]
pub struct Winograd {
    /// Outputs along a side of a tile: 2 or 4.
    side: usize,
    inputs: usize,
    outputs: usize,
    relu: bool,
    /// Their taps are the places of a tile.
    blocks: Vec<Block>,
    arch: Arch,
}

/// Memory of a thread, kept from layer to layer and frame to frame.
#[derive(Default)]
struct Scratch {
    /// (place, tile, input)
    tiles: Vec<f32>,
    /// (place, tile, output of a block)
    products: Vec<f32>,
}

thread_local! {
    static SCRATCH: RefCell<Scratch> = RefCell::default();
}

impl Winograd {
    /// `weights` (outputs, inputs, 3, 3) and `bias` (outputs), as PyTorch stores them.
    #[must_use]
    pub fn new(weights: &[f32], bias: &[f32], inputs: usize, relu: bool) -> Self {
        let outputs = bias.len();
        let fits = 36 * inputs * outputs * size_of::<f32>() <= MOST_WEIGHTS;
        let (side, places) = if fits { (4, 36) } else { (2, 16) };
        let weights: Vec<f32> = weights.chunks_exact(9).flat_map(|kernel| transformed(kernel, side)).collect();
        let arch = Arch::new();
        let blocks = Block::all(&weights, bias, inputs, places, lanes(arch));
        Self { side, inputs, outputs, relu, blocks, arch }
    }

    /// Computes the convolution of `input` into `out`, which has its size and the right channels.
    pub fn run(&self, input: &Grid, addend: Addend, out: &mut Grid) {
        assert_eq!(input.width % self.side, 0, "the width must be a multiple of {}", self.side);
        let (stride, height) = (out.stride(), out.height);
        let bands = height.div_ceil(self.side);
        let band_bytes = (self.side + 2).pow(2) * (input.width / self.side) * self.inputs * size_of::<f32>();
        let together = bands.div_ceil(rayon::current_num_threads()).min((TASK / band_bytes).max(1));
        let rows = together * self.side;
        out.data[stride..(height + 1) * stride].par_chunks_mut(rows * stride).enumerate().for_each(|(i, out)| {
            SCRATCH.with_borrow_mut(|scratch| {
                let task = Task { conv: self, input, addend, first: i * rows, out, row_len: stride, scratch };
                self.arch.dispatch(task);
            });
        });
    }
}

/// `G g G^T` of a kernel `g` (3, 3): (side + 2, side + 2).
fn transformed(kernel: &[f32], side: usize) -> Vec<f32> {
    const OF_2: &[[f64; 3]] = &[[1.0, 0.0, 0.0], [0.5, 0.5, 0.5], [0.5, -0.5, 0.5], [0.0, 0.0, 1.0]];
    const OF_4: &[[f64; 3]] = &[
        [1.0 / 4.0, 0.0, 0.0],
        [-1.0 / 6.0, -1.0 / 6.0, -1.0 / 6.0],
        [-1.0 / 6.0, 1.0 / 6.0, -1.0 / 6.0],
        [1.0 / 24.0, 1.0 / 12.0, 1.0 / 6.0],
        [1.0 / 24.0, -1.0 / 12.0, 1.0 / 6.0],
        [0.0, 0.0, 1.0],
    ];
    let g = if side == 2 { OF_2 } else { OF_4 };
    let at = |down: &[f64; 3], across: &[f64; 3]| -> f32 {
        let cells = kernel.iter().enumerate();
        cells.map(|(i, &value)| down[i / 3] * across[i % 3] * f64::from(value)).sum::<f64>() as f32
    };
    g.iter().flat_map(|down| g.iter().map(move |across| at(down, across))).collect()
}

/// `B^T d` of `I` inputs in a line. No closures: they are not compiled for the processor at hand.
#[inline(always)]
fn inwards<S: Simd, const I: usize>(simd: S, d: &[S::f32s; I]) -> [S::f32s; I] {
    let mut out = *d;
    if I == 4 {
        out[0] = simd.sub_f32s(d[0], d[2]);
        out[1] = simd.add_f32s(d[1], d[2]);
        out[2] = simd.sub_f32s(d[2], d[1]);
        out[3] = simd.sub_f32s(d[1], d[3]);
    } else {
        let (four, five) = (simd.splat_f32s(4.0), simd.splat_f32s(-5.0));
        let even = simd.mul_add_f32s(simd.splat_f32s(-4.0), d[2], d[4]);
        let odd = simd.mul_add_f32s(simd.splat_f32s(-4.0), d[1], d[3]);
        let less = simd.sub_f32s(d[4], d[2]);
        let half = simd.sub_f32s(d[3], d[1]);
        let twice = simd.add_f32s(half, half);
        out[0] = simd.mul_add_f32s(four, d[0], simd.mul_add_f32s(five, d[2], d[4]));
        out[1] = simd.add_f32s(even, odd);
        out[2] = simd.sub_f32s(even, odd);
        out[3] = simd.add_f32s(less, twice);
        out[4] = simd.sub_f32s(less, twice);
        out[5] = simd.mul_add_f32s(four, d[1], simd.mul_add_f32s(five, d[3], d[5]));
    }
    out
}

/// `A^T m` of `I` products in a line; two fewer come out, the rest is to be left alone.
#[inline(always)]
fn outwards<S: Simd, const I: usize>(simd: S, m: &[S::f32s; I]) -> [S::f32s; I] {
    let (sum, difference) = (simd.add_f32s(m[1], m[2]), simd.sub_f32s(m[1], m[2]));
    let mut out = *m;
    if I == 4 {
        out[0] = simd.add_f32s(m[0], sum);
        out[1] = simd.sub_f32s(difference, m[3]);
    } else {
        let (sums, differences) = (simd.add_f32s(m[3], m[4]), simd.sub_f32s(m[3], m[4]));
        out[0] = simd.add_f32s(m[0], simd.add_f32s(sum, sums));
        out[1] = simd.mul_add_f32s(simd.splat_f32s(2.0), differences, difference);
        out[2] = simd.mul_add_f32s(simd.splat_f32s(4.0), sums, sum);
        let eight = simd.mul_add_f32s(simd.splat_f32s(8.0), differences, difference);
        out[3] = simd.add_f32s(eight, m[5]);
    }
    out
}

/// Some bands of tiles.
struct Task<'a> {
    conv: &'a Winograd,
    input: &'a Grid,
    addend: Addend<'a>,
    /// The first row.
    first: usize,
    /// Whole rows of the output, borders included.
    out: &'a mut [f32],
    row_len: usize,
    scratch: &'a mut Scratch,
}

impl WithSimd for Task<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        match self.conv.side {
            2 => self.run::<S, 4>(simd),
            _ => self.run::<S, 6>(simd),
        }
    }
}

/// Tiles of a task.
#[derive(Clone, Copy)]
struct Tiles {
    across: usize,
    /// All of them, and as many more as fill up the last [`TILE`].
    room: usize,
}

impl Task<'_> {
    #[inline(always)]
    fn run<S: Simd, const I: usize>(mut self, simd: S) {
        let across = self.input.width / (I - 2);
        let bands = (self.out.len() / self.row_len).div_ceil(I - 2);
        let tiles = Tiles { across, room: (bands * across).next_multiple_of(TILE) };
        let wanted = I * I * tiles.room * self.conv.inputs;
        if self.scratch.tiles.len() < wanted {
            self.scratch.tiles.resize(wanted, 0.0);
        }
        for tile in 0..bands * across {
            self.transform::<S, I>(simd, tile, tiles);
        }
        for block in &self.conv.blocks {
            match block.vectors {
                1 => self.block::<S, I, 1>(simd, block, tiles, bands),
                _ => self.block::<S, I, VECTORS>(simd, block, tiles, bands),
            }
        }
    }

    /// The inputs of a tile, transformed, into their places.
    #[inline(always)]
    fn transform<S: Simd, const I: usize>(&mut self, simd: S, tile: usize, tiles: Tiles) {
        let Self { input, scratch, first, .. } = self;
        let channels = input.channels;
        let (y, x) = (*first + tile / tiles.across * (I - 2), tile % tiles.across * (I - 2));
        let zero = simd.splat_f32s(0.0);
        for from in (0..channels).step_by(S::F32_LANES) {
            let to = channels.min(from + S::F32_LANES);
            let mut lines = [[zero; I]; I];
            for (row, line) in lines.iter_mut().enumerate() {
                // The grid's border is its row 0; past the one below it there is nothing.
                if y + row < input.height + 2 {
                    let start = (y + row) * input.stride() + x * channels;
                    let pixels = &input.data[start..start + I * channels];
                    let mut values = [zero; I];
                    for (k, value) in values.iter_mut().enumerate() {
                        *value = simd.partial_load_f32s(&pixels[k * channels + from..k * channels + to]);
                    }
                    *line = inwards::<S, I>(simd, &values);
                }
            }
            for column in 0..I {
                let mut values = [zero; I];
                for (value, line) in values.iter_mut().zip(&lines) {
                    *value = line[column];
                }
                let values = inwards::<S, I>(simd, &values);
                for (row, &value) in values.iter().enumerate() {
                    let at = ((row * I + column) * tiles.room + tile) * channels;
                    simd.partial_store_f32s(&mut scratch.tiles[at + from..at + to], value);
                }
            }
        }
    }

    /// One block of output channels of all tiles.
    #[inline(always)]
    fn block<S: Simd, const I: usize, const V: usize>(&mut self, simd: S, block: &Block, tiles: Tiles, bands: usize) {
        let inputs = self.conv.inputs;
        let wanted = I * I * tiles.room * V * S::F32_LANES;
        if self.scratch.products.len() < wanted {
            self.scratch.products.resize(wanted, 0.0);
        }
        let Scratch { tiles: transformed, products } = &mut *self.scratch;
        let products = S::as_mut_simd_f32s(products).0;
        let weights = S::as_simd_f32s(&block.weights).0;
        let of_place = transformed.chunks_exact(tiles.room * inputs).zip(products.chunks_exact_mut(tiles.room * V));
        for ((from, to), weights) in of_place.zip(weights.chunks_exact(inputs * V)) {
            for (from, to) in from.chunks_exact(TILE * inputs).zip(to.chunks_exact_mut(TILE * V)) {
                multiply::<S, V>(simd, from, weights, to);
            }
        }
        for tile in 0..bands * tiles.across {
            self.finish::<S, I, V>(simd, block, tile, tiles);
        }
    }

    /// The outputs of a tile out of its products.
    #[inline(always)]
    fn finish<S: Simd, const I: usize, const V: usize>(&mut self, simd: S, block: &Block, tile: usize, tiles: Tiles) {
        let Self { conv, addend, first, out, row_len, scratch, .. } = self;
        let ending = Ending { addend: *addend, relu: conv.relu };
        let products = S::as_simd_f32s(&scratch.products).0;
        let bias = S::as_simd_f32s(&block.bias).0;
        let zero = simd.splat_f32s(0.0);
        let (top, left) = (tile / tiles.across * (I - 2), tile % tiles.across * (I - 2));
        for v in 0..V {
            let from = block.first + v * S::F32_LANES;
            let to = conv.outputs.min(from + S::F32_LANES);
            let mut lines = [[zero; I]; I];
            for (row, line) in lines.iter_mut().enumerate() {
                let mut values = [zero; I];
                for (k, value) in values.iter_mut().enumerate() {
                    *value = products[((row * I + k) * tiles.room + tile) * V + v];
                }
                *line = outwards::<S, I>(simd, &values);
            }
            for column in 0..I - 2 {
                let mut values = [zero; I];
                for (value, line) in values.iter_mut().zip(&lines) {
                    *value = line[column];
                }
                let values = outwards::<S, I>(simd, &values);
                let x = left + column;
                for (row, &value) in (top..).zip(&values[..I - 2]) {
                    let start = row * *row_len + (x + 1) * conv.outputs;
                    let Some(out) = out.get_mut(start + from..start + to) else { break };
                    let value = simd.add_f32s(value, bias[v]);
                    ending.store::<S>(simd, value, (*first + row, x), from, out);
                }
            }
        }
    }
}

/// The products of one place: [`TILE`] rows of inputs times (input, output of the block).
#[inline(always)]
fn multiply<S: Simd, const V: usize>(simd: S, from: &[f32], weights: &[S::f32s], to: &mut [S::f32s]) {
    let inputs = from.len() / TILE;
    let rows = [0, 1, 2, 3].map(|p| &from[p * inputs..][..inputs]);
    let mut sums = [[simd.splat_f32s(0.0); V]; TILE];
    accumulate::<S, V>(simd, rows, weights, &mut sums);
    for (to, sums) in to.chunks_exact_mut(V).zip(&sums) {
        to.copy_from_slice(sums);
    }
}
