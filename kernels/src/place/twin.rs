//! Layers put onto a body in plain f64: what the kernel must compute, and how far off it may be.

use super::{PLACED_LEN, PlaceWorn, WornLayer};
use crate::common::body::shoulders;
use crate::fit::Fit;
use crate::kernel::{Expected, F32_ROUNDING};
use crate::maps::Limits;

type Vec2 = [f64; 2];
type Vec3 = [f64; 3];

/// A few dozen operations one after the other, relative to the size of the numbers.
const NEAR: f64 = 64.0 * F32_ROUNDING;
/// Opacity: its slopes are up to 1 / 0.08.
const FADING: f64 = 16.0 * NEAR;
/// Words of a placed layer.
const INVERSE: usize = 8;
const VIEW: usize = 14;

/// A whole number's bits as the f32 that a check reads them as.
fn whole(value: i64) -> f64 {
    f64::from(f32::from_bits(value as u32))
}

fn add(a: Vec2, b: Vec2) -> Vec2 {
    [a[0] + b[0], a[1] + b[1]]
}

fn times(a: Vec2, factor: f64) -> Vec2 {
    a.map(|x| x * factor)
}

fn length(a: &[f64]) -> f64 {
    a.iter().map(|x| x * x).sum::<f64>().sqrt()
}

fn dot(a: Vec3, b: Vec3) -> f64 {
    a[0] * b[0] + a[1] * b[1] + a[2] * b[2]
}

fn cross(a: Vec3, b: Vec3) -> Vec3 {
    [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]]
}

fn to_the_right(up: Vec2) -> Vec2 {
    [-up[1], up[0]]
}

fn seen(present: f64) -> f64 {
    ((present - 0.2) / 0.2).clamp(0.0, 1.0)
}

#[derive(Clone, Copy)]
struct Frame {
    o: Vec2,
    axes: [Vec2; 3],
}

/// The body and the picture that it is in.
struct Scenery<'a> {
    kernel: &'a PlaceWorn,
    body: &'a [f64],
    seconds: f64,
    fit: Fit,
}

impl Scenery<'_> {
    fn unit(&self) -> f64 {
        self.kernel.model.0 as f64
    }

    fn at(&self, point: usize) -> Vec2 {
        [self.body[2 * point] * self.unit(), self.body[2 * point + 1] * self.unit()]
    }

    fn present(&self, point: usize) -> f64 {
        self.body[20 + point]
    }

    /// Upper left and lower right corner of the camera's picture.
    fn room(&self) -> (Vec2, Vec2) {
        let (left, top, scale) = (f64::from(self.fit.left), f64::from(self.fit.top), f64::from(self.fit.scale));
        let (width, height) = self.kernel.camera;
        ([left, top], [left + width as f64 * scale, top + height as f64 * scale])
    }

    fn head_width(&self) -> f64 {
        self.body[36] * self.unit()
    }

    fn head(&self) -> Frame {
        let (seen_up, seen_forward): (Vec3, Vec3) =
            (std::array::from_fn(|k| self.body[30 + k]), std::array::from_fn(|k| self.body[33 + k]));
        let yaw = seen_forward[0].atan2(-seen_forward[2]).clamp(-0.44, 0.44);
        let pitch = (-seen_forward[1]).clamp(-1.0, 1.0).asin().clamp(-0.21, 0.49);
        let forward = [yaw.sin() * pitch.cos(), -pitch.sin(), -yaw.cos() * pitch.cos()];
        let along = dot(seen_up, forward);
        let up: Vec3 = std::array::from_fn(|k| seen_up[k] - forward[k] * along);
        let up = up.map(|x| x / length(&up));
        let flat = |axis: Vec3| times([axis[0], axis[1]], self.head_width());
        Frame { o: self.at(0), axes: [flat(cross(up, forward)), flat(up), flat(forward)] }
    }

    fn shoulders(&self) -> Frame {
        let [o, axes @ ..] = shoulders(self.body, self.unit());
        Frame { o, axes }
    }

    fn hand(&self, left: bool, shield: bool) -> Frame {
        let (hand, elbow) = (self.at(8 + usize::from(left)), self.at(4 + usize::from(left)));
        let width = self.head_width();
        let along = times(add(hand, times(elbow, -1.0)), 1.0 / (2.1 * width));
        let along = times(along, 1.0 / length(&along).max(1.0));
        let (direction, long) = match (shield, left) {
            (true, _) => ([0.4 * along[0], -1.0], width),
            (false, true) => (add(times(along, 0.6), [0.35, -1.0]), 3.2 * width),
            (false, false) => (add(times(along, 0.6), [-0.35, -1.0]), 3.2 * width),
        };
        let up = times(direction, long / length(&direction));
        Frame { o: hand, axes: [up, to_the_right(up), [0.0; 2]] }
    }

    fn beside(&self, size: f64, index: f64, right: bool, above: bool) -> Frame {
        let (head, width, side) = (self.at(0), self.head_width(), if right { 1.0 } else { -1.0 });
        let ([left, top], [end, bottom]) = self.room();
        let free = (if right { end - head[0] } else { head[0] - left }) / width - 0.65;
        let fit = size * (free / (2.3 * size)).clamp(0.45, 1.0);
        let slack = (free - 2.3 * fit).max(0.0);
        let drift = (0.5 * slack).min(0.5);
        let turn = std::f64::consts::TAU * (self.seconds / 7.0 + 0.31 * index).fract();
        let out = 0.65 + 1.15 * fit + (slack - 2.0 * drift).min(0.15) + drift * (1.0 + turn.sin());
        let up = if above { 1.1 } else { -1.0 } + 0.28 * (2.0 * turn).sin();
        let reach = (1.15 * fit * width).min(0.5 * (bottom - top));
        let o = [head[0] + side * out * width, (head[1] - up * width).max(top + reach).min(bottom - reach)];
        let (sin, cos) = (0.1 * (turn + 1.0).sin()).sin_cos();
        let upwards = times([sin, -cos], fit * width);
        Frame { o, axes: [upwards, times(to_the_right(upwards), -side), [0.0; 2]] }
    }

    fn held(&self, left: bool) -> f64 {
        let hand = 8 + usize::from(left);
        let below = (self.at(hand)[1] - self.room().1[1]) / self.unit();
        let sure = if below > -0.08 { (0.18 - below.abs()) / 0.08 } else { (self.present(hand) - 0.12) / 0.2 };
        sure.clamp(0.0, 1.0) * seen(self.present(0).max(self.present(1)))
    }

    /// The frame in the model's pixels, and how much is shown.
    fn hang(&self, worn: &WornLayer) -> (Frame, f64) {
        let size = f64::from(worn.size);
        let (frame, opacity) = match worn.attachment as i32 {
            0 => (self.head(), seen(self.present(0))),
            1 => (self.shoulders(), seen(self.present(1))),
            2 | 3 => {
                let left = worn.hands[usize::from(self.body[38] != 0.0)] != 0.0;
                (self.hand(left, worn.attachment == 3.0), self.held(left))
            }
            _ => {
                let right = (self.body[39] != 0.0) != (worn.across != 0.0);
                let frame = self.beside(size, f64::from(worn.index), right, worn.above != 0.0);
                return (frame, self.body[40] * seen(self.present(0)));
            }
        };
        let about = worn.about.map(f64::from);
        let moved = (0..3).fold([0.0; 2], |sum, k| add(sum, times(frame.axes[k], about[k])));
        let o = add(frame.o, times(moved, 1.0 - size));
        (Frame { o, axes: frame.axes.map(|axis| times(axis, size)) }, opacity)
    }
}

/// Everything of one row at one size; `magnitude`: of the lengths that went into the frame.
fn row(
    scenery: &Scenery,
    worn: &WornLayer,
    (frame, opacity): (Frame, f64),
    magnitude: f64,
    size: (usize, usize),
) -> Vec<Expected> {
    let near = |value: f64, error: f64| Expected { value, tolerance: error };
    let mut out = vec![Expected::exactly(0.0); PLACED_LEN];
    out[0] = Expected::exactly(whole(worn.layer as i64));
    out[1] = Expected::exactly(whole(worn.behind as i64));
    let Frame { o, axes: [ex, ey, ez] } = frame;
    out[6] = near(o[0], NEAR * magnitude);
    out[7] = near(o[1], NEAR * magnitude);
    let across = length(&ex).max(1e-9);
    out[24] = near(ex[0] / across, NEAR * (1.0 + magnitude / across));
    out[25] = near(-ex[1] / across, NEAR * (1.0 + magnitude / across));
    out[26] = near(opacity, FADING);
    for k in 0..3 {
        out[27 + k] = Expected::exactly(f64::from(worn.tint[k]));
        out[30 + k] = Expected::exactly(f64::from(worn.secondary[k]));
    }
    let params: [f64; 4] = std::array::from_fn(|k| {
        let turns = worn.turns[k].map(f64::from);
        let turn = std::f64::consts::TAU * (scenery.seconds * (turns[0] + turns[1])).fract();
        [0.0, turn.sin(), turn.cos()][worn.wave[k] as usize]
    });
    (0..4).for_each(|k| out[33 + k] = near(params[k], NEAR));
    for (k, beat) in worn.beat.iter().enumerate().filter(|(_, beat)| beat[0] >= 0.0) {
        let [_, swing, swing_by, lift, lift_by] = beat.map(f64::from);
        let by = params[beat[0] as usize];
        let ((sin_s, cos_s), (sin_r, cos_r)) = ((swing + swing_by * by).sin_cos(), (lift + lift_by * by).sin_cos());
        (0..4).for_each(|i| out[37 + 4 * k + i] = near([sin_s, cos_s, sin_r, cos_r][i], 2.0 * NEAR));
    }

    // The chart. `spread`: how much two axes that nearly coincide enlarge an error.
    let (first, second);
    if worn.plane != 0.0 {
        let det = ex[0] * ey[1] - ey[0] * ex[1];
        if det.abs() < 1e-3 {
            return out;
        }
        let spread = length(&ex) * length(&ey) / det.abs() * (magnitude / across + 1.0);
        let inverse = [ey[1] / det, -ey[0] / det, -ex[1] / det, ex[0] / det];
        let error = NEAR * spread * length(&inverse);
        (0..4).for_each(|k| out[INVERSE + k] = near(inverse[k], error));
        out[23] = near(length(&ey), NEAR * magnitude);
        (first, second) = (ex, ey);
    } else {
        let (g0, g1) = ([ex[0], ey[0], ez[0]], [ex[1], ey[1], ez[1]]);
        let n = cross(g1, g0);
        let area = length(&n);
        let view = n.map(|x| x / area);
        let flat = view[0].hypot(view[2]);
        if area < 1e-3 || flat < 1e-4 {
            return out;
        }
        let right = [view[2] / flat, 0.0, -view[0] / flat];
        let up = cross(view, right);
        let (aa, ab, bb) = (dot(g0, g0), dot(g0, g1), dot(g1, g1));
        let det = aa * bb - ab * ab;
        let spread = (length(&g0) * length(&g1) / area).powi(2) * (magnitude / length(&g0).min(length(&g1)) + 1.0);
        let row = |k: usize| [(g0[k] * bb - g1[k] * ab) / det, (g1[k] * aa - g0[k] * ab) / det];
        let inverse = [row(0), row(1), row(2)].concat();
        let error = NEAR * spread * length(&inverse);
        (0..6).for_each(|k| out[INVERSE + k] = near(inverse[k], error));
        for (k, axis) in [view, right, up].concat().into_iter().enumerate() {
            out[VIEW + k] = near(axis, NEAR * spread / flat);
        }
        out[23] = near(area.sqrt(), NEAR * spread * area.sqrt());
        let seen = |by: Vec3| add(add(times(ex, by[0]), times(ey, by[1])), times(ez, by[2]));
        (first, second) = (seen(right), seen(up));
    }
    if opacity <= 0.0 {
        return out;
    }
    let [low, high] = [worn.low, worn.high].map(|bound| bound.map(f64::from));
    let corners = [[low[0], low[1]], [low[0], high[1]], [high[0], low[1]], [high[0], high[1]]]
        .map(|[a, b]| add(o, add(times(first, a), times(second, b))));
    // Corners are off by as much as everything before; a number that is near a whole one may be cut to either side.
    let error = 16.0 * NEAR * magnitude;
    let ends = |k: usize, size: usize| {
        let least = corners.iter().map(|c| c[k]).fold(f64::MAX, f64::min);
        let most = corners.iter().map(|c| c[k]).fold(f64::MIN, f64::max);
        let cut = |value: f64, round: fn(f64) -> f64| {
            let at = |value: f64| round(value).clamp(0.0, size as f64);
            let unsure = at(value - error) != at(value + error);
            (at(value), near(whole(at(value) as i64), if unsure { whole(1) } else { 0.0 }))
        };
        (cut(least, f64::floor), cut(most, f64::ceil))
    };
    let (columns, rows) = (ends(0, size.0), ends(1, size.1));
    if columns.0.0 < columns.1.0 && rows.0.0 < rows.1.0 {
        (out[2], out[3], out[4], out[5]) = (columns.0.1, columns.1.1, rows.0.1, rows.1.1);
    }
    out
}

/// `inputs`: body, time, scene, worn.
pub fn place(kernel: &PlaceWorn, inputs: &[Vec<f64>]) -> Vec<Vec<Expected>> {
    let [body, time, scene, worn] = inputs else { return Vec::new() };
    let scenery = Scenery { kernel, body, seconds: time[0] + time[1], fit: Fit::new(kernel.camera, kernel.model) };
    let Fit { scale, left, top } = scenery.fit;
    let (mut small, mut large) = (Vec::new(), Vec::new());
    let mut limits = vec![Expected::UNTOUCHED; Limits::LEN];
    for (to, from) in limits.iter_mut().zip([2, 3, 4, 5]) {
        *to = Expected::exactly(scene[from]);
    }
    for values in worn.chunks_exact(WornLayer::LEN).take(scene[1] as usize) {
        let numbers: Vec<f32> = values.iter().map(|&value| value as f32).collect();
        let worn: &WornLayer = bytemuck::from_bytes(bytemuck::cast_slice(&numbers));
        let (frame, opacity) = scenery.hang(worn);
        // Lengths that went into the frame: the place in the picture, and axes as long as the item.
        let magnitude = scenery.unit() + frame.axes.iter().map(|axis| length(axis)).sum::<f64>();
        small.extend(row(&scenery, worn, (frame, opacity), magnitude, kernel.model));
        let factor = 1.0 / f64::from(scale);
        let camera = Frame {
            o: times([frame.o[0] - f64::from(left), frame.o[1] - f64::from(top)], factor),
            axes: frame.axes.map(|axis| times(axis, factor)),
        };
        large.extend(row(&scenery, worn, (camera, opacity), magnitude * factor.max(1.0), kernel.camera));
        if worn.circle >= 0.0 {
            let radius = if opacity > 0.0 { f64::from(worn.radius) * length(&frame.axes[0]) } else { -2.0 };
            for (k, value) in [frame.o[0], frame.o[1], radius, 0.0].into_iter().enumerate() {
                let tolerance = NEAR * magnitude * (1.0 + f64::from(worn.radius));
                limits[4 + 4 * worn.circle as usize + k] = Expected { value, tolerance };
            }
        }
    }
    for rows in [&mut small, &mut large] {
        rows.resize(kernel.most * PLACED_LEN, Expected::UNTOUCHED);
    }
    vec![small, large, limits]
}
