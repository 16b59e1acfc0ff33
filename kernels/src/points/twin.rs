//! Points and pooled features in plain loops: what the kernels must compute.

use super::Sizes;
use crate::kernel::Expected;

const NEAR: usize = 3;
const OFFSET: f64 = 0.1;
/// How far off a probability may be, relative: a difference of logits (up to 20), ex2.approx, and a sum.
const SHARE: f64 = 2e-5;

/// Probabilities of a point's cells.
fn likely(sizes: &Sizes, heat: &[f64], point: usize) -> Vec<f64> {
    let logit = |cell: usize| heat[cell * sizes.heat_stride() + point];
    let most = (0..sizes.cells()).map(logit).fold(f64::MIN, f64::max);
    let total: f64 = (0..sizes.cells()).map(|cell| (logit(cell) - most).exp()).sum();
    (0..sizes.cells()).map(|cell| (logit(cell) - most).exp() / total).collect()
}

/// `inputs`: heat, fine, coarse, whole.
pub fn pool(sizes: &Sizes, inputs: &[Vec<f64>]) -> Vec<Expected> {
    let shares = likely(sizes, &inputs[0], 0);
    let (fine, coarse, whole) = (&inputs[1], &inputs[2], &inputs[3]);
    let expected = |terms: &dyn Fn(usize) -> f64, count: usize| {
        let value: f64 = (0..count).map(terms).sum();
        let magnitude: f64 = (0..count).map(|i| terms(i).abs()).sum();
        let tolerance = Expected::rounded(value) + SHARE * magnitude + Expected::summed(count, magnitude);
        Expected { value, tolerance }
    };
    let under = |cell: usize| cell / sizes.width / 2 * (sizes.width / 2) + cell % sizes.width / 2;
    let mut out = Vec::new();
    for c in 0..sizes.fine {
        out.push(expected(&|cell| shares[cell] * fine[cell * sizes.fine + c], sizes.cells()));
    }
    for c in 0..sizes.coarse {
        out.push(expected(&|cell| shares[cell] * coarse[under(cell) * sizes.coarse + c], sizes.cells()));
    }
    for c in 0..sizes.whole {
        let share = 1.0 / sizes.whole_cells as f64;
        out.push(expected(&|cell| share * whole[cell * sizes.whole + c], sizes.whole_cells));
    }
    out
}

/// `inputs`: heat, presence.
pub fn place(sizes: &Sizes, inputs: &[Vec<f64>]) -> Vec<Expected> {
    let (heat, presence) = (&inputs[0], &inputs[1]);
    let (width, height) = (sizes.width, sizes.height);
    let mut out = Vec::new();
    for point in 0..sizes.points {
        let shares = likely(sizes, heat, point);
        let most = shares.iter().fold(0.0, |most: f64, &share| most.max(share));
        let peak = shares.iter().position(|&share| share == most).unwrap_or(0);
        let near = |cell: &usize| {
            let (across, down) = ((cell % width).abs_diff(peak % width), (cell / width).abs_diff(peak / width));
            across.max(down) <= NEAR
        };
        let cells: Vec<usize> = (0..sizes.cells()).filter(near).collect();
        let total: f64 = cells.iter().map(|&cell| shares[cell]).sum();
        let value = |cell: usize, what: usize| heat[cell * sizes.heat_stride() + what * sizes.points + point];
        let centre = |cell: usize| {
            (
                (cell % width) as f64 / width as f64 + 0.5 / width as f64,
                (cell / width) as f64 / height as f64 + 0.5 / height as f64,
            )
        };
        // A weighted mean, and how far off it may be.
        let mean = |of: &dyn Fn(usize) -> f64| {
            let value = cells.iter().map(|&cell| shares[cell] / total * of(cell)).sum::<f64>();
            let magnitude = cells.iter().map(|&cell| shares[cell] / total * of(cell).abs()).sum::<f64>();
            (value, 2.0 * SHARE * magnitude + Expected::summed(cells.len() + 4, magnitude))
        };
        let (x, x_error) = mean(&|cell| centre(cell).0 + OFFSET * value(cell, 1));
        let (y, y_error) = mean(&|cell| centre(cell).1 + OFFSET * value(cell, 2));
        let (seen, seen_error) = mean(&|cell| value(cell, 3));
        let (square, square_error) = mean(&|cell| (centre(cell).0 - x).powi(2) + (centre(cell).1 - y).powi(2));
        let spread = (square + 1e-8).sqrt();
        let moved = 2.0 * spread * (x_error + y_error);
        let presence_error = seen_error + Expected::summed(1, presence[point].abs());
        out.extend([
            Expected { value: x, tolerance: x_error },
            Expected { value: y, tolerance: y_error },
            Expected { value: presence[point] + seen, tolerance: presence_error },
            Expected {
                value: spread,
                tolerance: (square_error + moved) / (2.0 * spread) + Expected::summed(1, spread),
            },
        ]);
    }
    out
}
