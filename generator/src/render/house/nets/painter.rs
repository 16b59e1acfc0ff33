//! The conditional diffusion model, one step of it: the twin of `Painter` in `training/house/model.py`.

use rayon::iter::{IndexedParallelIterator, ParallelIterator};
use rayon::slice::ParallelSliceMut;

use super::conv::{Addend, Conv, Grid};
use super::weights::Activation::{Linear, Relu};
use super::weights::Weights;
use super::{INSIDE, PAINT, PAINT_INPUTS, PAINT_OUTPUTS, PARTS, Residual, Up, gather, map};
use crate::render::RenderError;
use crate::render::house::elementary::{exp2, sigmoid, tanh};

/// Channels at a half, a quarter and an eighth of the size, and at a half on the way back.
const WIDTHS: [usize; 4] = [16, 40, 64, 24];

/// Predicts the clean picture from a noised one, as maps.
#[derive(Debug)]
pub struct Painter {
    enter: Conv,
    level1: Conv,
    down2: Conv,
    meet: (Conv, Conv),
    level2: Residual,
    level3: (Conv, Residual),
    up2: Up,
    up1: ((Conv, Conv), Conv),
    leave: Conv,
    grids: Grids,
}

/// Memory of the layers, kept from frame to frame.
#[derive(Debug, Default)]
struct Grids {
    inputs: Grid,
    x1: Grid,
    x2: Grid,
    x3: Grid,
    y2: Grid,
    y1: Grid,
    a: Grid,
    b: Grid,
    raw: Grid,
}

impl Painter {
    pub fn read(weights: &Weights) -> Result<Self, RenderError> {
        let [a, b, c, d] = WIDTHS;
        Ok(Self {
            // The noise level is one more input.
            enter: weights.conv("enter.0", (PAINT_INPUTS * 4 + 1, a), (1, 1), Relu)?,
            level1: weights.conv("level1.0", (a, a), (3, 1), Relu)?,
            down2: weights.conv("down2.0", (a, b), (3, 2), Relu)?,
            meet: weights.split_conv("meet.0", (b, PARTS), b)?,
            level2: Residual::read(weights, "level2", b)?,
            level3: (weights.conv("level3.0.0", (b, c), (3, 2), Relu)?, Residual::read(weights, "level3.1", c)?),
            up2: Up::read(weights, "up2", (b, c))?,
            up1: (weights.split_conv("up1.0.0", (a, b), d)?, weights.conv("up1.1.0", (d, d), (3, 1), Relu)?),
            leave: weights.conv("leave", (d, PAINT_OUTPUTS * 4), (1, 1), Linear)?,
            grids: Grids::default(),
        })
    }

    /// `inputs`: planes (13, 192, 256); `parts`: what the sense network said; `step`: noise level of the noised target,
    /// 0..1. Writes the maps, planes (14, 192, 256).
    pub fn run(&mut self, inputs: &[f32], parts: &Grid, step: f32, maps: &mut Vec<f32>) {
        let Grids { inputs: entering, x1, x2, x3, y2, y1, a, b, raw } = &mut self.grids;
        assert_eq!(inputs.len(), PAINT_INPUTS * PAINT.0 * PAINT.1);
        gather(inputs, 0.0, Some(step), false, entering);
        self.enter.run(entering, Addend::None, a);
        self.level1.run(a, Addend::None, x1);
        self.down2.run(x1, Addend::None, a);
        self.meet.1.run(parts, Addend::None, b);
        self.meet.0.run(a, Addend::Same(b), y2);
        self.level2.run(y2, a, x2);
        self.level3.0.run(x2, Addend::None, b);
        self.level3.1.run(b, a, x3);
        self.up2.run(x2, x3, a, b, y2);
        self.up1.0.1.run(y2, Addend::None, a);
        self.up1.0.0.run(x1, Addend::Doubled(a), b);
        self.up1.1.run(b, Addend::None, y1);
        self.leave.run(y1, Addend::None, raw);
        decode(raw, maps);
    }
}

/// The reverse of [`gather`], each map brought into its range: the formulas of `decode` in `training/house/compose.py`.
fn decode(raw: &Grid, maps: &mut Vec<f32>) {
    let area = PAINT.0 * PAINT.1;
    maps.resize(PAINT_OUTPUTS * area, 0.0);
    maps.par_chunks_exact_mut(PAINT.0 * 2).enumerate().with_min_len(16).for_each(|(i, rows)| {
        let (plane, y) = (i / INSIDE.1, i % INSIDE.1);
        let (upper, lower) = rows.split_at_mut(PAINT.0);
        let pixels = raw.row(y).chunks_exact(PAINT_OUTPUTS * 4);
        for ((pixel, upper), lower) in pixels.zip(upper.chunks_exact_mut(2)).zip(lower.chunks_exact_mut(2)) {
            upper.copy_from_slice(&pixel[plane * 4..plane * 4 + 2]);
            lower.copy_from_slice(&pixel[plane * 4 + 2..plane * 4 + 4]);
        }
        for value in rows {
            *value = match plane {
                map::MATTE => sigmoid(*value),
                map::VISIBLE => sigmoid(*value + 2.0),
                map::RESIDUAL..map::ITEM_LIGHT => 0.25 * tanh(*value),
                map::ITEM_LIGHT..map::PERSON_GAIN => exp2(tanh(*value)),
                map::PERSON_GAIN..map::PERSON_LIFT => exp2(1.5 * tanh(*value)),
                _ => 0.25 * tanh(*value),
            };
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pixels_go_in_and_out_in_fours() {
        let area = PAINT.0 * PAINT.1;
        let planes: Vec<f32> = (0..PAINT_INPUTS * area).map(|i| i as f32).collect();
        let mut grid = Grid::default();
        gather(&planes, 0.0, Some(0.5), false, &mut grid);
        let pixel = grid.pixel(3, 7);
        let at = |plane: usize, y: usize, x: usize| planes[plane * area + y * PAINT.0 + x];
        assert_eq!(&pixel[..4], &[at(0, 6, 14), at(0, 6, 15), at(0, 7, 14), at(0, 7, 15)]);
        let mut turned = Grid::default();
        gather(&planes, 0.0, Some(0.5), true, &mut turned);
        let across = PAINT.0 - 1 - 14;
        assert_eq!(&turned.pixel(3, 7)[..2], &[at(0, 6, across), at(0, 6, across - 1)]);
        assert_eq!((pixel[4 * 12 + 3], pixel[52]), (at(12, 7, 15), 0.5));

        let mut raw = Grid::new(INSIDE.1, INSIDE.0, PAINT_OUTPUTS * 4);
        raw.row_mut(3)[7 * PAINT_OUTPUTS * 4 + 2] = 30.0; // the matte's lower left of four
        let mut maps = Vec::new();
        decode(&raw, &mut maps);
        assert!((maps[7 * PAINT.0 + 14] - 1.0).abs() < 1e-5 && (maps[7 * PAINT.0 + 15] - 0.5).abs() < 1e-5);
        assert!((maps[map::ITEM_LIGHT * area] - 1.0).abs() < 1e-5 && maps[map::PERSON_LIFT * area].abs() < 1e-5);
    }
}
