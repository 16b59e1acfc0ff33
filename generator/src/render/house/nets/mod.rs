//! The two networks of the house renderer, on the CPU.
//!
//! Their structure is written out here as it is in `training/house/model.py`; the numbers are in
//! `weights.safetensors`. Plain convolutions with ReLU are all they need (see [`conv`]).

mod conv;
mod painter;
mod sense;
mod weights;

use std::path::Path;

use rayon::iter::{IndexedParallelIterator, ParallelIterator};
use safetensors::SafeTensors;

pub use self::conv::Grid;
pub use self::painter::Painter;
pub use self::sense::Sense;
pub use self::weights::Weights;

use self::conv::{Addend, Conv};
use self::weights::Activation::Relu;
use crate::render::RenderError;

/// Width and height of what both networks look at, and the painter paints.
pub const PAINT: (usize, usize) = (256, 192);
/// Width and height inside of them: pixels go in, and out of the painter, in fours.
const INSIDE: (usize, usize) = (PAINT.0 / 2, PAINT.1 / 2);
/// Body parts, the background among them.
pub const PARTS: usize = 9;

/// Places of body parts among the sense network's; pairs are right and left.
pub mod part {
    pub const FACE: usize = 1;
    pub const HAIR: usize = 2;
    pub const TORSO: usize = 3;
    pub const ARMS: [usize; 2] = [4, 6];
    pub const HANDS: [usize; 2] = [5, 7];
}

/// Planes that go into the painter: frame 3, sketch 4 (premultiplied), world 3, noised target 3.
pub const PAINT_INPUTS: usize = 13;
/// Planes that come out: see [`map`].
pub const PAINT_OUTPUTS: usize = 14;

/// Where each map of the painter's output begins.
pub mod map {
    pub const MATTE: usize = 0;
    pub const VISIBLE: usize = 1;
    pub const RESIDUAL: usize = 2;
    pub const ITEM_LIGHT: usize = 5;
    pub const PERSON_GAIN: usize = 8;
    pub const PERSON_LIFT: usize = 11;
}

/// Both networks out of the bytes of `weights.safetensors`.
pub fn read(bytes: &[u8], path: &Path) -> Result<(Sense, Painter), RenderError> {
    let tensors = SafeTensors::deserialize(bytes).map_err(|error| RenderError::unfit(path, error))?;
    let sense = Sense::read(&Weights::new(&tensors, path, "sense"))?;
    let painter = Painter::read(&Weights::new(&tensors, path, "painter"))?;
    Ok((sense, painter))
}

/// Four pixels of every plane (192, 256) become channels of one, plus `offset` (channel = plane * 4 + row * 2 + column);
/// `last` is one more channel, the same everywhere. `mirrored`: right becomes left.
fn gather(planes: &[f32], offset: f32, last: Option<f32>, mirrored: bool, grid: &mut Grid) {
    let area = PAINT.0 * PAINT.1;
    let channels = planes.len() / area * 4 + usize::from(last.is_some());
    grid.shape(INSIDE.1, INSIDE.0, channels);
    grid.par_rows_mut().with_min_len(16).for_each(|(y, row)| {
        for (plane, values) in planes.chunks_exact(area).enumerate() {
            for dy in 0..2 {
                let line = values[(2 * y + dy) * PAINT.0..][..PAINT.0].chunks_exact(2);
                let at = plane * 4 + dy * 2;
                let pixels = row.chunks_exact_mut(channels).map(|pixel| &mut pixel[at..at + 2]);
                if mirrored {
                    pixels.rev().zip(line).for_each(|(to, pair)| (to[0], to[1]) = (pair[1] + offset, pair[0] + offset));
                } else {
                    pixels.zip(line).for_each(|(to, pair)| (to[0], to[1]) = (pair[0] + offset, pair[1] + offset));
                }
            }
        }
        if let Some(last) = last {
            row.chunks_exact_mut(channels).for_each(|pixel| pixel[channels - 1] = last);
        }
    });
}

/// `relu(x + conv(relu(conv(x))))`
#[derive(Debug)]
struct Residual {
    first: Conv,
    second: Conv,
}

impl Residual {
    fn read(weights: &Weights, name: &str, channels: usize) -> Result<Self, RenderError> {
        let conv = |part: &str| weights.conv(&format!("{name}.{part}.0"), (channels, channels), (3, 1), Relu);
        Ok(Self { first: conv("first")?, second: conv("second")? })
    }

    /// `between` is memory that is overwritten.
    fn run(&self, x: &Grid, between: &mut Grid, out: &mut Grid) {
        self.first.run(x, Addend::None, between);
        self.second.run(between, Addend::Same(x), out);
    }
}

/// Halves the size and computes on: a convolution of stride 2 and residual blocks.
#[derive(Debug)]
struct Level {
    enter: Conv,
    blocks: Vec<Residual>,
}

impl Level {
    /// Channels `inputs` and `outputs`, and how many residual blocks.
    fn read(
        weights: &Weights,
        name: &str,
        (inputs, outputs): (usize, usize),
        blocks: usize,
    ) -> Result<Self, RenderError> {
        let block = |i: usize| Residual::read(weights, &format!("{name}.{i}"), outputs);
        let enter = weights.conv(&format!("{name}.0.0"), (inputs, outputs), (3, 2), Relu)?;
        Ok(Self { enter, blocks: (1..=blocks).map(block).collect::<Result<_, _>>()? })
    }

    /// `a` and `b` are memory that is overwritten.
    fn run(&self, from: &Grid, a: &mut Grid, b: &mut Grid, to: &mut Grid) {
        // There and back between two grids, so that the last block writes into `to`.
        let (mut x, mut next) = if self.blocks.len().is_multiple_of(2) { (to, b) } else { (b, to) };
        self.enter.run(from, Addend::None, x);
        for block in &self.blocks {
            block.run(x, a, next);
            std::mem::swap(&mut x, &mut next);
        }
    }
}

/// Joins a grid with one of half its size: a 1x1 convolution of both side by side, and a residual block.
#[derive(Debug)]
struct Up {
    of_large: Conv,
    of_small: Conv,
    block: Residual,
}

impl Up {
    fn read(weights: &Weights, name: &str, (large, small): (usize, usize)) -> Result<Self, RenderError> {
        let (of_large, of_small) = weights.split_conv(&format!("{name}.0.0"), (large, small), large)?;
        Ok(Self { of_large, of_small, block: Residual::read(weights, &format!("{name}.1"), large)? })
    }

    /// `a` and `b` are memory that is overwritten.
    fn run(&self, large: &Grid, small: &Grid, a: &mut Grid, b: &mut Grid, to: &mut Grid) {
        self.of_small.run(small, Addend::None, a);
        self.of_large.run(large, Addend::Doubled(a), b);
        self.block.run(b, a, to);
    }
}

#[cfg(test)]
mod tests;
