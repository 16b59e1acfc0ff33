//! The fields in plain loops of f64: what the kernel must draw.

use super::cases::Case;
use super::{Catalogue, FieldLayer, FieldPlaced, HIDDEN, WIDTH};
use crate::kernel::{Expected, F32_ROUNDING, Rows};

/// A number and how far off it may be.
#[derive(Clone, Copy, Debug, Default)]
struct Near {
    value: f64,
    error: f64,
}

/// One layer at one pixel, premultiplied.
pub struct Drawn {
    pub value: [f64; 4],
    pub error: f64,
    /// Too near to a jump of the formulas for f32 to be sure of the side.
    pub unsure: bool,
}

/// How near to a jump is too near.
const JUMP: f64 = 1e-4;
/// Under the root of a cone: its slope there is without limit.
const GRAZING: f64 = 4e-3;

fn vector(v: [f32; 3]) -> [f64; 3] {
    v.map(f64::from)
}

fn dot(a: [f64; 3], b: [f64; 3]) -> f64 {
    a[0] * b[0] + a[1] * b[1] + a[2] * b[2]
}

/// What a surface says of the line of sight through `x0`, how far off that may be, and whether it is near a jump.
fn look_at(layer: &FieldLayer, placed: &FieldPlaced, which: usize, x0: [f64; 3]) -> ([f64; 5], f64, bool) {
    let s = layer.surface[which].map(f64::from);
    let view = vector(placed.view);
    let from = [x0[0] - s[0], x0[1] - s[1], x0[2] - s[2]];
    // A few dozen operations on numbers of order one, divided by what is not small.
    let error = 128.0 * F32_ROUNDING;
    if layer.surface_kind[which] == 2 {
        let [sin_s, cos_s, sin_r, cos_r] = placed.wings[which].map(f64::from);
        let turn = from[0] * view[2] - from[2] * view[0];
        let side = if turn >= 0.0 { 1.0 } else { -1.0 };
        let normal = [side * sin_s, 0.0, cos_s];
        let across = dot(view, normal);
        let t = dot(from, normal) * across / (across * across + s[3] * s[3]);
        let hit: [f64; 3] = std::array::from_fn(|k| from[k] - view[k] * t);
        let x = side * hit[0] * cos_s - hit[2] * sin_s;
        let along = (x * cos_r + hit[1] * sin_r).clamp(-4.0, 4.0);
        let h = (hit[1] * cos_r - x * sin_r).clamp(-4.0, 4.0);
        return ([along, h, side, 0.0, 0.0], 8.0 * error, turn.abs() < JUMP);
    }
    let tilted = |v: [f64; 3]| [v[0], v[1] * s[3] - v[2] * s[4], v[1] * s[4] + v[2] * s[3]];
    let (q, w, rx, rz) = (tilted(from), tilted(view), s[5], s[6]);
    if layer.surface_kind[which] == 1 {
        let t = -q[1] * w[1] / (w[1] * w[1] + s[7] * s[7]);
        let value = |k: usize, radius: f64| ((q[k] + w[k] * t) / radius).clamp(-2.0, 2.0);
        return ([value(0, rx), value(2, rz), 0.0, 0.0, 0.0], 8.0 * error, false);
    }
    let (slope, lowest, highest) = (s[7], s[8], s[9]);
    let m = 1.0 + slope * q[1];
    let aa = ((w[0] / rx).powi(2) + (w[2] / rz).powi(2) - (slope * w[1]).powi(2)).max(0.02);
    let bb = q[0] * w[0] / (rx * rx) + q[2] * w[2] / (rz * rz) - slope * w[1] * m;
    let cc = (q[0] / rx).powi(2) + (q[2] / rz).powi(2) - m * m;
    let gap = (bb * bb - aa * cc) / aa;
    let root = (gap.max(0.0) / aa).sqrt();
    let hit = |sign: f64| {
        let hit: [f64; 3] = std::array::from_fn(|k| q[k] + w[k] * (sign * root - bb / aa));
        ((hit[0] / rx).atan2(hit[2] / rz), hit[1].clamp(lowest, highest))
    };
    let ((front_theta, front_h), (back_theta, back_h)) = (hit(1.0), hit(-1.0));
    let slope_of_root = 0.5 / (gap.abs().max(GRAZING) * aa).sqrt();
    let values = [front_theta, front_h, back_theta, back_h, gap.clamp(-1.0, 1.0)];
    (values, error * (8.0 + 4.0 * slope_of_root / aa.sqrt()), gap.abs() < GRAZING)
}

/// The inputs of the network, or nothing where the pixel is out of bounds; and whether it is near a jump.
fn inputs(layer: &FieldLayer, placed: &FieldPlaced, pixel: (usize, usize)) -> (Option<Vec<Near>>, bool) {
    let offset =
        [pixel.0 as f64 + 0.5 - f64::from(placed.origin[0]), pixel.1 as f64 + 0.5 - f64::from(placed.origin[1])];
    let row = |k: usize| f64::from(placed.inverse[k][0]) * offset[0] + f64::from(placed.inverse[k][1]) * offset[1];
    let x0 = [row(0), row(1), row(2)];
    let (a, b) = match layer.plane != 0 {
        true => (x0[0], x0[1]),
        false => (dot(x0, vector(placed.right)), dot(x0, vector(placed.up))),
    };
    let [low, high] = [layer.low, layer.high].map(|bound| bound.map(f64::from));
    let margins = [a - low[0], high[0] - a, b - low[1], high[1] - b];
    let mut unsure = margins.iter().any(|margin| margin.abs() < JUMP);
    if margins.iter().any(|&margin| margin < 0.0) {
        return (None, unsure);
    }
    let mut channels = Vec::new();
    for i in 0..layer.sources as usize {
        let code = layer.source[i] as usize;
        let straight = 32.0 * F32_ROUNDING;
        let (value, error) = match code {
            0 => (a, straight),
            1 => (b, straight),
            2 => (f64::from(placed.cos_phi), 0.0),
            3 => (f64::from(placed.sin_phi), 0.0),
            4..8 => (f64::from(placed.view[code - 4]), 0.0),
            8..16 => (f64::from(placed.params[code - 8]), 0.0),
            _ => {
                let (values, error, near_jump) = look_at(layer, placed, (code - 16) / 8, x0);
                unsure |= near_jump;
                (values[(code - 16) % 8], error)
            }
        };
        let (center, scale, base) = (layer.center[i], layer.scale[i], layer.base[i]);
        let x = (value - f64::from(center)) * f64::from(scale);
        let error = (error + 2.0 * F32_ROUNDING) * f64::from(scale).abs();
        if layer.identity[i] != 0 {
            channels.push(Near { value: x, error });
        }
        for octave in 0..layer.octaves[i] {
            let factor = f64::from(base) * f64::from(1 << octave);
            // Doubling an angle doubles its error, the rounding of sine and cosine with it.
            let error = factor * error + f64::from(1 << octave) * 8.0 * F32_ROUNDING;
            let (sin, cos) = (factor * x).sin_cos();
            channels.extend([sin, cos].map(|value| Near { value, error }));
        }
    }
    (Some(channels), unsure)
}

/// One layer of a network from rows of weights, the last the bias. Errors of inputs are taken for independent of one
/// another, so they add up as their squares do.
fn dense(weights: &[f64], columns: usize, inputs: &[Near]) -> Vec<Near> {
    let neuron = |n: usize| {
        let (mut sum, mut magnitude, mut square) = (weights[inputs.len() * columns + n], 0.0, 0.0);
        for (i, input) in inputs.iter().enumerate() {
            let weight = weights[i * columns + n];
            sum += weight * input.value;
            magnitude += (weight * input.value).abs();
            square += (weight * input.error).powi(2);
        }
        Near { value: sum, error: square.sqrt() + Expected::summed(inputs.len(), magnitude) }
    };
    (0..columns).map(neuron).collect()
}

/// A placed layer at a pixel; nothing where it is out of reach or bounds. `weights`: of the whole catalogue.
pub fn pixel(catalogue: &Catalogue, placed: &FieldPlaced, weights: &[f64], at: (usize, usize)) -> Option<Drawn> {
    let inside = |of: [i32; 2], at: usize| (of[0]..of[1]).contains(&(at as i32));
    if !inside(placed.columns, at.0) || !inside(placed.rows, at.1) {
        return None;
    }
    let layer = catalogue.layers.get(usize::try_from(placed.layer).ok()?)?;
    let (channels, unsure) = inputs(layer, placed, at);
    let Some(mut values) = channels else {
        return unsure.then_some(Drawn { value: [0.0; 4], error: 0.0, unsure });
    };
    let mut from = layer.weights as usize;
    for _ in 0..HIDDEN {
        let rows = values.len();
        values = dense(&weights[from..], WIDTH, &values);
        from += (rows + 1) * WIDTH;
        for near in &mut values {
            // Hardswish is nowhere steeper than 3/2.
            let gate = (near.value / 6.0 + 0.5).clamp(0.0, 1.0);
            *near = Near { value: near.value * gate, error: 1.5 * near.error + 4.0 * F32_ROUNDING * near.value.abs() };
        }
    }
    let raw = dense(&weights[from..], 4, &values);
    let steep = |unit: f32| f64::from(unit) * f64::from(placed.ppu);
    let opacity = f64::from(placed.opacity);
    let alpha = (0.5 + raw[0].value * steep(layer.edge_unit)).clamp(0.0, 1.0) * opacity;
    let own = (0.5 + raw[3].value * steep(layer.mask_unit)).clamp(0.0, 1.0);
    let (diffuse, highlight) = (raw[1].value.clamp(0.0, 1.5), raw[2].value.clamp(0.0, 1.0));
    let colour = |k: usize| {
        let colour = own * f64::from(placed.tint[k]) + (1.0 - own) * f64::from(placed.secondary[k]);
        (colour * diffuse + highlight).clamp(0.0, 1.0) * alpha
    };
    let error = steep(layer.edge_unit).abs() * raw[0].error
        + 1.5 * steep(layer.mask_unit).abs() * raw[3].error
        + raw[1].error
        + raw[2].error
        + 16.0 * F32_ROUNDING;
    Some(Drawn { value: [colour(0), colour(1), colour(2), alpha], error, unsure })
}

/// Both pictures. `weights`: as they are in the buffer.
pub fn draw((width, height): (usize, usize), case: &Case, weights: &[f64], rows: Rows) -> Vec<Vec<Expected>> {
    let mut pictures = vec![vec![Expected::ANY; width * height * 4]; 2];
    for y in (0..height).filter(|&y| rows.wants(y)) {
        for x in 0..width {
            let mut held = [([0.0; 4], 0.0, false); 2];
            for placed in &case.placed {
                let Some(drawn) = pixel(&case.catalogue, placed, weights, (x, y)) else { continue };
                let (value, error, unsure) = &mut held[usize::from(placed.behind != 0)];
                *value = std::array::from_fn(|k| drawn.value[k] + value[k] * (1.0 - drawn.value[3]));
                *error += drawn.error;
                *unsure |= drawn.unsure;
            }
            for (picture, (value, error, unsure)) in pictures.iter_mut().zip(held) {
                for k in 0..4 {
                    let tolerance = Expected::rounded(value[k]) + error;
                    let expected = Expected { value: value[k], tolerance };
                    picture[(y * width + x) * 4 + k] = if unsure { Expected::ANY } else { expected };
                }
            }
        }
    }
    pictures
}
