//! Cloth measured and dyed in plain loops of f64: what the kernels must compute.

use super::{Dye, FITTING_LEN, KNOWN, LOCKS, Measure, SIDE, STRANDS, STRIDE};
use crate::common::body::shoulders;
use crate::fit::Fit;
use crate::kernel::{Expected, F32_ROUNDING, Rows};

/// A few dozen operations one after the other, relative to the size of the numbers.
const NEAR: f64 = 64.0 * F32_ROUNDING;

fn near(value: f64, tolerance: f64) -> Expected {
    Expected { value, tolerance }
}

fn mean_of(colour: [f64; 3]) -> f64 {
    colour.iter().sum::<f64>() / 3.0
}

/// `inputs`: inputs, parts, body, costume, before. What is remembered, and how the costume sits.
pub fn measure(measure: &Measure, inputs: &[Vec<f64>]) -> Vec<Vec<Expected>> {
    let [picture, parts, body, costume, before] = inputs else { return Vec::new() };
    let ((width, _), stride) = (measure.model, measure.in_stride);
    let (across, cells) = (width / 4, measure.cells());
    let (on, live, known) = (costume[0] != 0.0, before[5] != 0.0, before[4] != 0.0);
    let (mut cloth, mut face, mut kept) = ([0.0; 2], [0.0; 4], Vec::new());
    for i in 0..cells {
        let part = |k: usize| parts[i * STRIDE + k];
        let at = (i / across * 4 + 1) * width + i % across * 4 + 1;
        let colour: [f64; 3] = std::array::from_fn(|k| {
            [at, at + 1, at + width, at + width + 1].iter().map(|pixel| picture[pixel * stride + k]).sum::<f64>() / 4.0
        });
        let sure = |share: f64| ((share - 0.6) / 0.4).max(0.0);
        let (on_cloth, on_face) = (sure(part(3)), sure(part(1)));
        cloth = [cloth[0] + on_cloth * mean_of(colour), cloth[1] + on_cloth];
        let more = [colour[0], colour[1], colour[2], 1.0].map(|value| on_face * value);
        face.iter_mut().zip(more).for_each(|(sum, more)| *sum += more);
        for (k, now) in [part(3), part(4) + part(6)].into_iter().enumerate() {
            let old = if live { before[KNOWN + 2 * i + k] } else { now };
            kept.push(near(if on { now + 0.5 * (old - now) } else { 0.0 }, if on { NEAR } else { 0.0 }));
        }
    }
    let mut seen = [before[0], before[1], before[2], before[3]];
    let mut somebody = known;
    if cloth[1] >= 1.0 {
        let mut now = [cloth[0] / cloth[1], 0.5, 0.42, 0.31];
        if known {
            now[1..].copy_from_slice(&seen[1..]);
        }
        if face[3] > 1.0 {
            let sum = face[0] + face[1] + face[2];
            now[1..].copy_from_slice(&[sum / 3.0 / face[3], face[0] / sum, face[1] / sum]);
        }
        let follow = |old: f64, now: f64| if known { old + f64::from(0.15_f32) * (now - old) } else { now };
        seen = std::array::from_fn(|k| follow(seen[k], now[k]));
        somebody = true;
    }
    // Quotients of two sums of numbers of order one.
    let summed = 2.0 * Expected::summed(cells, 1.0) + NEAR;
    let flag = |is: bool| Expected::exactly(f64::from(u8::from(is)));
    let mut after: Vec<Expected> =
        seen.iter().map(|&value| if on { near(value, summed) } else { flag(false) }).collect();
    after.extend([flag(on && somebody), flag(on), flag(false), flag(false)]);
    after.extend(kept);

    let Fit { scale, left, top } = Fit::new(measure.camera, measure.model);
    let factor = 1.0 / f64::from(scale);
    let [o, ex, ey, _] = shoulders(body, width as f64);
    let (ex, ey) = (ex.map(|x| x * factor), ey.map(|x| x * factor));
    let det = ex[0] * ey[1] - ex[1] * ey[0];
    let placed = on && somebody && det.abs() >= 1.0;
    let mut fitting = vec![flag(placed), near(seen[0], summed)];
    fitting.push(near((0.55 + 0.9 * seen[1]).clamp(0.6, 1.15), summed));
    fitting.extend([near(seen[2], summed), near(seen[3], summed)]);
    let size = width as f64 * factor;
    let origin = [(o[0] - f64::from(left)) * factor, (o[1] - f64::from(top)) * factor];
    let rows = [ey[1] / det, -ey[0] / det, ex[1] / det, -ex[0] / det];
    let largest = rows.iter().fold(0.0, |most: f64, row| most.max(row.abs()));
    for (values, error) in [(&origin[..], NEAR * size), (&rows[..], NEAR * largest)] {
        fitting.extend(values.iter().map(|&value| if placed { near(value, error) } else { flag(false) }));
    }
    assert_eq!(fitting.len(), FITTING_LEN);
    vec![after, fitting]
}

/// A tile at (u, v): red, green, blue, glow.
fn tile_at(tile: &[f64], u: f64, v: f64) -> [f64; 4] {
    let spread = |x: f64| {
        let x = (x - x.floor()) * SIDE as f64 + SIDE as f64 - 0.5;
        (x as usize % SIDE, (x as usize + 1) % SIDE, x - x.floor())
    };
    let ((x0, x1, fx), (y0, y1, fy)) = (spread(u), spread(v));
    std::array::from_fn(|k| {
        let at = |x: usize, y: usize| tile[4 * (y * SIDE + x) + k];
        let (top, bottom) = (at(x0, y0) * (1.0 - fx) + at(x1, y0) * fx, at(x0, y1) * (1.0 - fx) + at(x1, y1) * fx);
        top * (1.0 - fy) + bottom * fy
    })
}

fn ragged(values: &[f64], along: f64) -> f64 {
    let x = along * values.len() as f64;
    let t = x - x.floor();
    let at = |i: i64| values[i.rem_euclid(values.len() as i64) as usize];
    let (a, b) = (at(x.floor() as i64), at(x.floor() as i64 + 1));
    a + t * t * (3.0 - 2.0 * t) * (b - a)
}

/// What is worn at (u, v), how much of it is the mantle, and whether that is too near to its edge to be sure.
fn garment(costume: &[f64], tiles: &[f64], (u, v): (f64, f64)) -> ([f64; 4], f64, bool) {
    let cloth = tile_at(tiles, u, v);
    if costume[1] == 0.0 {
        return (cloth, 0.0, false);
    }
    let along = u * 0.5 + 0.5;
    let noise = ragged(&costume[4..4 + LOCKS], along) + 0.6 * ragged(&costume[4 + LOCKS..][..STRANDS], along) - 0.8;
    let edge = costume[2] + 0.1 * (1.0 - (2.2 * u).powi(2)).max(-1.0) + 0.07 * noise;
    let begins = (edge - v) * 40.0 + 0.5;
    let over = begins.clamp(0.0, 1.0);
    let unsure = begins.abs() < 1e-3;
    if over == 0.0 {
        let shadow = 1.0 - 0.55 * (1.0 - (v - edge) / 0.09).clamp(0.0, 1.0);
        return ([cloth[0] * shadow, cloth[1] * shadow, cloth[2] * shadow, cloth[3]], over, unsure);
    }
    let fur = tile_at(&tiles[4 * SIDE * SIDE..], u + 0.35 * u * v, v * 0.9 + 0.25 * u * u);
    let round = 0.72 + 0.36 * ((edge - v) * 9.0).clamp(0.0, 1.0);
    let mix = |a: f64, b: f64| a + over * (b - a);
    let colour = |k: usize| mix(cloth[k] * 0.45, (fur[k] * round).min(1.0));
    ([colour(0), colour(1), colour(2), mix(cloth[3], 0.0)], over, unsure)
}

/// `inputs`: those of the kernel, in order.
pub fn dye(dye: &Dye, inputs: &[Vec<f64>], rows: Rows) -> Vec<Expected> {
    let [camera, state, fitting, costume, tiles, column_low, column_weight, row_low, row_weight] = inputs else {
        return Vec::new();
    };
    let ((width, height), (across, down)) = (dye.camera, dye.grid());
    if fitting[0] == 0.0 {
        return vec![Expected::UNTOUCHED; 4 * width * height];
    }
    let mut out = vec![Expected::ANY; 4 * width * height];
    for y in (0..height).filter(|&y| rows.wants(y)) {
        for x in 0..width {
            let pixel = y * width + x;
            let colour: [f64; 3] = std::array::from_fn(|k| camera[3 * pixel + k] / 255.0);
            let (left, top) = (column_low[x] as usize, row_low[y] as usize);
            let (right, bottom) = ((left + 1).min(across - 1), (top + 1).min(down - 1));
            let [torso, arms]: [f64; 2] = std::array::from_fn(|k| {
                let at = |x: usize, y: usize| state[KNOWN + 2 * (y * across + x) + k];
                let (along, weight) = (column_weight[x], row_weight[y]);
                let above = at(left, top) * (1.0 - along) + at(right, top) * along;
                let below = at(left, bottom) * (1.0 - along) + at(right, bottom) * along;
                above * (1.0 - weight) + below * weight
            });
            let (dx, dy) = (x as f64 + 0.5 - fitting[5], y as f64 + 0.5 - fitting[6]);
            let (u, v) = (fitting[7] * dx + fitting[8] * dy, fitting[9] * dx + fitting[10] * dy);
            let (worn, mantle, mut unsure) = garment(costume, tiles, (u, v));
            let sum = colour.iter().sum::<f64>();
            let apart = [colour[0] / sum - fitting[3], colour[1] / sum - fitting[4]];
            let bare = match sum < 0.12 {
                true => 0.0,
                false => (-(apart[0].powi(2) + apart[1].powi(2)) / (2.0 * 0.03 * 0.03)).exp(),
            };
            let neckline = 1.0 - ((v - 0.1) / 0.32).clamp(0.0, 1.0);
            let open = bare * neckline * (1.0 - mantle * ((v - 0.02) * 12.0).clamp(0.0, 1.0));
            let share = (torso * (1.0 - open) + arms * (1.0 - bare * (1.0 - mantle))).min(1.0);
            let mut share = share * share * (3.0 - 2.0 * share);
            if torso + arms <= 0.03 {
                share = 0.0;
            }
            unsure |= (torso + arms - 0.03).abs() < NEAR;
            let fold = ((mean_of(colour) + 0.07) / (fitting[1] + 0.07)).powf(0.75).clamp(0.4, 1.4);
            let lit = fold * fitting[2] * (1.0 - worn[3]) + worn[3];
            // Neighbouring texels may be black and white, so what is off in (u, v) shows by so many texels.
            let texels = SIDE as f64 * NEAR * 0.5 * (1.0 + u.abs() + v.abs() + (u * v).abs() + u * u);
            for k in 0..3 {
                let value = colour[k] + share * ((worn[k] * lit).min(1.0) - colour[k]);
                let byte = near(255.0 * value.clamp(0.0, 1.0), 0.5 + 255.0 * (texels + NEAR));
                out[4 * pixel + k] = if unsure { Expected::ANY } else { byte };
            }
            out[4 * pixel + 3] = Expected::exactly(255.0);
        }
    }
    out
}
