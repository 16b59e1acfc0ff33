//! The maps in plain loops: what the kernel must compute.

use std::ops::RangeInclusive;

use super::{Maps, PLANES};
use crate::composite::MAPS;
use crate::kernel::{Expected, F32_ROUNDING, Rows};

const REACH: usize = 4;
const RADIUS: usize = 3;
const EPSILON: f64 = 4e-4;
/// Sigmoids and powers of two by ex2.approx, and a few operations: 2^-20 of values of order one, by slopes up to 2, or
/// those of a bilinear value in f32 by a slope of 5.
const POINTWISE: f64 = 4e-6;
const BEGINS: f64 = 0.75;
const WHOLE: f64 = 0.95;

fn sigmoid(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}

/// A value and how far off it may be.
#[derive(Clone, Copy, Default)]
struct Near {
    value: f64,
    error: f64,
}

/// `inputs`: raw, inputs, world_on, cells, limits.
pub fn maps(kernel: &Maps, inputs: &[Vec<f64>], rows: Rows) -> Vec<Expected> {
    let (width, height) = (kernel.width, kernel.height);
    let (raw, picture, world_on) = (&inputs[0], &inputs[1], inputs[2][0] != 0.0);
    let raw = |plane: usize, y: usize, x: usize| {
        raw[((y / 2) * (width / 2) + x / 2) * PLANES * 4 + plane * 4 + y % 2 * 2 + x % 2]
    };
    let input = |k: usize, y: usize, x: usize| picture[(y * width + x) * kernel.in_stride + k];
    // Beside the camera's picture, that of its border.
    let nearest = |y: usize, x: usize| {
        let ((left, right), (top, bottom)) = (kernel.columns, kernel.rows);
        (y.clamp(top, bottom), x.clamp(left, right))
    };
    let guide = |y: usize, x: usize| {
        let (y, x) = nearest(y, x);
        (input(0, y, x) + input(1, y, x) + input(2, y, x)) / 3.0
    };
    let (cells, limits) = (&inputs[3], &inputs[4]);
    let (columns, rows_of_cells) = (width.div_ceil(4), height.div_ceil(4));
    let between = |at: usize, cells: usize| {
        let exact = ((at as f64 + 0.5) / 4.0 - 0.5).clamp(0.0, (cells - 1) as f64);
        let low = exact as usize;
        (low, (low + 1).min(cells - 1), exact - low as f64)
    };
    let floor = |y: usize, x: usize| {
        let ((top, bottom, down), (left, right, across)) = (between(y, rows_of_cells), between(x, columns));
        let at = |row: usize, column: usize| cells[2 * (row * columns + column)];
        let upper = at(top, left) * (1.0 - across) + at(top, right) * across;
        let lower = at(bottom, left) * (1.0 - across) + at(bottom, right) * across;
        ((upper * (1.0 - down) + lower * down - BEGINS) / (WHOLE - BEGINS)).clamp(0.0, 1.0)
    };
    let matte = |y: usize, x: usize| {
        let (y, x) = nearest(y, x);
        sigmoid(raw(0, y, x)).max(floor(y, x))
    };
    let (grips, covers) = (limits[1] as usize, limits[2] as usize);
    let inside = |from: usize, count: usize, y: usize, x: usize| {
        let circles = limits[4 + 4 * from..].chunks_exact(4).take(count);
        let distance = |c: &[f64]| (x as f64 + 0.5 - c[0]).hypot(y as f64 + 0.5 - c[1]);
        circles.map(|c| (c[2] + 1.0 - distance(c)).clamp(0.0, 1.0)).fold(0.0, f64::max)
    };
    let hidden = |y: usize, x: usize| {
        let reach = if limits[0] != 0.0 { 1.0 } else { inside(0, grips, y, x) };
        cells[2 * (y / 4 * columns + x / 4) + 1] * reach * (1.0 - inside(grips, covers, y, x))
    };
    let around = |at: usize, radius: usize, size: usize| -> RangeInclusive<usize> {
        at.saturating_sub(radius)..=(at + radius).min(size - 1)
    };
    let window = |y: usize, x: usize, radius: usize| {
        let columns = around(x, radius, width);
        around(y, radius, height).flat_map(move |v| columns.clone().map(move |u| (v, u)))
    };

    // The line of the window around a pixel.
    let line = |y: usize, x: usize| -> [Near; 2] {
        let all = || window(y, x, RADIUS);
        let count = all().count() as f64;
        let mean_guide = all().map(|(v, u)| guide(v, u)).sum::<f64>() / count;
        let mean_matte = all().map(|(v, u)| matte(v, u)).sum::<f64>() / count;
        let (mut variance, mut together, mut magnitude) = (0.0, 0.0, 0.0);
        for (v, u) in all() {
            let (off, of_matte) = (guide(v, u) - mean_guide, matte(v, u) - mean_matte);
            variance += off * off / count;
            together += off * of_matte / count;
            magnitude += (off * of_matte).abs() / count;
        }
        let a = together / (variance + EPSILON);
        // Means are off by the rounding of their sums; offsets by that and the matte's own error.
        let mean_error = Expected::summed(all().count(), 1.0) + POINTWISE;
        let spread = (variance.sqrt() + mean_error) * mean_error;
        let together_error = Expected::summed(all().count(), magnitude) + spread * 2.0;
        let variance_error = Expected::summed(all().count(), variance) + spread * 2.0;
        let a_error = (together_error + a.abs() * variance_error) / (variance + EPSILON) + 4.0 * F32_ROUNDING * a.abs();
        let b_error = mean_error + a_error * mean_guide + a.abs() * mean_error;
        let b = mean_matte - a * mean_guide;
        [Near { value: a, error: a_error }, Near { value: b, error: b_error }]
    };

    let mut lines = vec![[Near::default(); 2]; width * height];
    // Only those near rows that are looked at.
    for y in (0..height).filter(|&y| around(y, RADIUS, height).any(|row| rows.wants(row))) {
        for x in 0..width {
            lines[y * width + x] = line(y, x);
        }
    }
    let mut out = vec![Expected::ANY; width * height * MAPS];
    for y in (0..height).filter(|&y| rows.wants(y)) {
        for x in 0..width {
            let to = &mut out[(y * width + x) * MAPS..][..MAPS];
            for which in 0..2 {
                let all = || window(y, x, RADIUS).map(|(v, u)| lines[v * width + u][which]);
                let count = all().count() as f64;
                let mean = all().map(|near| near.value).sum::<f64>() / count;
                let magnitude = all().map(|near| near.value.abs()).sum::<f64>() / count;
                let error = all().map(|near| near.error).sum::<f64>() / count;
                let tolerance = error + Expected::summed(all().count(), magnitude);
                to[which] = Expected { value: mean, tolerance };
            }
            let greatest = window(y, x, REACH).map(|(v, u)| input(kernel.alpha, v, u)).fold(0.0, f64::max);
            let gate = if world_on { 1.0 } else { greatest };
            let near = |value: f64| Expected { value, tolerance: POINTWISE * value.abs().max(1.0) };
            // Distances in f32, of up to the picture's size.
            let distance = 8.0 * F32_ROUNDING * (width + height) as f64;
            let visible = 1.0 - (1.0 - sigmoid(raw(1, y, x) + 2.0)) * hidden(y, x);
            to[2] = Expected { value: visible, tolerance: POINTWISE + distance };
            for k in 0..3 {
                to[3 + k] = near(raw(5 + k, y, x).tanh().exp2());
                to[6 + k] = near(0.25 * raw(2 + k, y, x).tanh() * gate);
                to[9 + k] = near((1.5 * raw(8 + k, y, x).tanh()).exp2());
                to[12 + k] = near(0.25 * raw(11 + k, y, x).tanh());
            }
            to[15] = Expected::exactly(0.0);
        }
    }
    out
}
