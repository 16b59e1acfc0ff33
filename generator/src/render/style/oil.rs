//! Oil painting: brush strokes in four sizes, large ones first (Hertzmann, 1998), laid along the picture's edges, with
//! the relief of thick paint in light from the upper left.
//!
//! ```text
//! colours ─Kuwahara─> underpainting ─strokes: wide everywhere, then narrow, then fine where there is detail─> paint
//! paint's height ─slope─> light and shade ─canvas─> picture
//! ```
//!
//! Every stroke has its place, order, bristles and tint from the seed; colour, direction and bend come from the frame.

use pulp::Arch;
use rayon::iter::{IndexedParallelIterator, IntoParallelRefMutIterator, ParallelIterator};
use rayon::slice::ParallelSliceMut;

use super::Paint;
use super::filter::Kuwahara;
use super::flow::Flow;
use super::look::Look;
use super::plane::{LANES, Plane, byte, each, limit, load, load_bytes, luma, nearest, smoothstep, vectorised, write};
use super::sample::Quads;
use super::sizes::Sizes;
use super::texture::{self, chance, noise};

/// A layer of strokes of one size; lengths in units.
struct Layer {
    spacing: f32,
    half_length: f32,
    half_width: f32,
    /// The detail (see [`Flow::strength`]) from which its strokes appear, and from which they cover fully.
    from_detail: (f32, f32),
    /// How far tints stray, of 0..1.
    tint: f32,
}

const LAYERS: [Layer; 4] = [
    Layer { spacing: 14.0, half_length: 19.0, half_width: 6.2, from_detail: (-1.0, -0.5), tint: 0.05 },
    Layer { spacing: 8.0, half_length: 11.0, half_width: 3.4, from_detail: (0.0, 0.35), tint: 0.035 },
    Layer { spacing: 4.8, half_length: 6.5, half_width: 1.8, from_detail: (0.35, 0.75), tint: 0.02 },
    Layer { spacing: 3.4, half_length: 4.2, half_width: 1.25, from_detail: (0.55, 0.9), tint: 0.01 },
];
/// Layers from this one on take their colours from the camera, finer than the underpainting.
const FINE_LAYERS: usize = 2;

/// Bands of rows that are painted independently.
const BANDS: usize = 24;

/// What is fixed about a stroke.
#[derive(Clone, Copy, Debug)]
struct Place {
    /// In full pixels.
    x: f32,
    y: f32,
    half_length: f32,
    half_width: f32,
    from_detail: (f32, f32),
    tint: [f32; 3],
    fine: bool,
    brush: usize,
    /// The way the brush is drawn at first, of the two along an edge.
    heading: (f32, f32),
}

/// What the frame makes of it.
#[derive(Clone, Copy, Debug, Default)]
struct Stroke {
    along: (f32, f32),
    /// Sideways bend: `bend * u^2` pixels at `u` pixels from the middle.
    bend: f32,
    colour: [f32; 3],
    cover: f32,
}

/// Texels of a brush mark, along and across, with a border of nothing one texel wide.
const MARK: (usize, usize) = (64, 32);
const BRUSHES: usize = 6;
/// Pixels of a stroke worked on together.
const RUN: usize = 8;
/// From the left edge of a run to the middles of its pixels.
const OFFSETS: [f32; RUN] = [0.5, 1.5, 2.5, 3.5, 4.5, 5.5, 6.5, 7.5];

/// One brush mark: the paint's cover in the high byte of a texel, its height in the low one; 0..255 for 0..1.
type Mark = Box<[u16; MARK.0 * MARK.1]>;

/// See the module.
#[derive(Debug)]
pub struct Oil {
    sizes: Sizes,
    arch: Arch,
    look: Look,
    kuwahara: Kuwahara,
    colour: [Plane; 3],
    bright: Plane,
    flow: Flow,
    colours: Quads,
    fine_colours: Quads,
    places: Vec<Place>,
    strokes: Vec<Stroke>,
    /// Which strokes touch a band, in the order of painting.
    bands: Vec<Vec<u32>>,
    marks: Vec<Mark>,
    /// Red, green, blue and height of the paint for every full pixel; rows of `stride` pixels, the last [`RUN`] unused.
    paint: [Vec<f32>; 4],
    stride: usize,
    /// The canvas' weave.
    canvas: Vec<u8>,
}

impl Oil {
    #[must_use]
    pub fn new(sizes: Sizes, seed: u64, arch: Arch) -> Self {
        let coarse = sizes.coarse();
        let plane = || Plane::new(coarse);
        let places = places(sizes, seed);
        let bands = bands(sizes, &places, seed);
        let stride = sizes.width + RUN;
        Self {
            sizes,
            arch,
            look: Look::new(sizes, arch),
            kuwahara: Kuwahara::new(coarse),
            colour: [plane(), plane(), plane()],
            bright: plane(),
            // Where nothing is seen, strokes swirl in slow curves.
            flow: Flow::new(coarse, arch, move |x, y| 0.7 + 3.0 * (noise(seed ^ 0x51, x * 3.0, y * 3.0) - 0.5)),
            colours: Quads::new(coarse),
            fine_colours: Quads::new(coarse),
            strokes: vec![Stroke::default(); places.len()],
            places,
            bands,
            marks: (0..BRUSHES as u64).map(|brush| mark(seed ^ (0xb0 + brush))).collect(),
            paint: std::array::from_fn(|_| vec![0.0; stride * sizes.height]),
            stride,
            canvas: {
                let [canvas] = texture::build(sizes, |x, y| {
                    let thread = std::f32::consts::TAU / 3.1;
                    let wander = 0.8 * (noise(seed ^ 0x61, x / 17.0, y / 17.0) - 0.5);
                    let weave = (thread * (x + wander)).sin() * (thread * (y - wander)).sin();
                    [0.5 + 0.35 * weave + 0.3 * (noise(seed ^ 0x62, x / 1.6, y / 1.6) - 0.5)]
                });
                canvas
            },
        }
    }

    /// Gives every stroke its colour and direction.
    fn lay(&mut self) {
        let scale = 0.5 / self.sizes.step as f32;
        let Self { places, strokes, flow, colours, fine_colours, .. } = self;
        strokes.par_iter_mut().zip(&*places).with_min_len(256).for_each(|(stroke, place)| {
            let (x, y) = (place.x * scale, place.y * scale);
            let detail = flow.strength.bilinear(x, y);
            let cover = smoothstep(place.from_detail.0, place.from_detail.1, detail);
            if cover <= 0.0 {
                stroke.cover = 0.0;
                return;
            }
            let (u, v) = flow.at(x, y);
            // A direction has two senses; a stroke keeps the one it had, so that its mark does not turn about.
            let heading = if stroke.along == (0.0, 0.0) { place.heading } else { stroke.along };
            let sense = if u * heading.0 + v * heading.1 < 0.0 { -1.0 } else { 1.0 };
            let along = (u * sense, v * sense);
            let reach = place.half_length * scale * 0.8;
            let turn = |sign: f32| {
                let (u, v) = flow.at(x + sign * reach * along.0, y + sign * reach * along.1);
                let facing = (u * along.0 + v * along.1).signum();
                (along.0 * v - along.1 * u) * facing
            };
            let bend = (turn(1.0) - turn(-1.0)).clamp(-0.9, 0.9) * 0.25 / (place.half_length * 0.8);
            let source = if place.fine { &*fine_colours } else { &*colours };
            let [red, green, blue, _] = source.at(x, y);
            let bright = luma([red, green, blue]);
            // Thicker light: tints stray more where there is light to colour.
            let stray = 0.4 + 0.6 * bright;
            let colour = [red, green, blue];
            *stroke = Stroke { along, bend, colour: std::array::from_fn(|k| colour[k] + place.tint[k] * stray), cover };
        });
    }

    fn brush(&mut self) {
        let Self { sizes, arch, places, strokes, bands, marks, paint, stride, colours, .. } = self;
        let (stride, rows) = (*stride, sizes.height.div_ceil(BANDS));
        let scale = 0.5 / sizes.step as f32;
        let [red, green, blue, height] = paint.each_mut().map(|plane| plane.par_chunks_mut(rows * stride));
        red.zip(green).zip(blue.zip(height)).zip(&*bands).enumerate().for_each(|(band, (((r, g), (b, h)), list))| {
            let mut paint = [r, g, b, h];
            let first = band * rows;
            vectorised(
                *arch,
                #[inline(always)]
                || {
                    for row in 0..paint[0].len() / stride {
                        let y = ((first + row) as f32 + 0.5) * scale;
                        for x in (0..stride).step_by(LANES) {
                            let [red, green, blue, _] = colours.lanes(
                                #[inline(always)]
                                |i| (((x + i) as f32 + 0.5) * scale, y),
                            );
                            let count = LANES.min(stride - x);
                            let at = row * stride + x;
                            for (plane, under) in paint.iter_mut().zip([red, green, blue, [0.3; LANES]]) {
                                plane[at..at + count].copy_from_slice(&under[..count]);
                            }
                        }
                    }
                    for &index in list {
                        let (place, stroke) = (&places[index as usize], &strokes[index as usize]);
                        if stroke.cover > 0.02 {
                            dab(&mut paint, (stride, first), place, stroke, &marks[place.brush]);
                        }
                    }
                },
            );
        });
    }

    fn light(&self, pixels: &mut [u8]) {
        let Self { sizes, arch, paint, stride, canvas, .. } = self;
        let (width, height, stride) = (sizes.width, sizes.height, *stride);
        let reach = (sizes.unit() * 0.8).round().max(1.0) as usize;
        write(
            pixels,
            width,
            *arch,
            #[inline(always)]
            |x, y| {
                let row = |plane: usize, y: usize| &paint[plane][y * stride..][..width];
                let here = row(3, y);
                let (left, right) = (load(here, x as isize - reach as isize), load(here, (x + reach) as isize));
                let above = load(row(3, y.saturating_sub(reach)), x as isize);
                let below = load(row(3, (y + reach).min(height - 1)), x as isize);
                let [red, green, blue, height] = each(
                    #[inline(always)]
                    |k| load(row(k, y), x as isize),
                );
                let weave = load_bytes(&canvas[y * width..][..width], x);
                let mut out = [[0.0; LANES]; 3];
                for i in 0..LANES {
                    let slope = right[i] - left[i] + below[i] - above[i];
                    let relief = limit(slope, -1.0, 1.0) * 0.16;
                    let cloth = (weave[i] - 0.5) * (0.09 - 0.05 * height[i]);
                    let bright = luma([red[i], green[i], blue[i]]);
                    let (shade, gloss) = (1.0 + relief + cloth, relief.max(0.0) * 0.22);
                    for (k, value) in [red[i], green[i], blue[i]].into_iter().enumerate() {
                        out[k][i] = (bright + (value - bright) * 1.35) * shade + gloss;
                    }
                }
                out
            },
        );
    }
}

impl Paint for Oil {
    fn paint(&mut self, pixels: &mut [u8]) {
        let unit = self.sizes.coarse_unit();
        self.look.see_colour(pixels);
        for (target, source) in self.colour.iter_mut().zip(&self.look.colour) {
            target.data.copy_from_slice(&source.data);
        }
        self.kuwahara.run(&mut self.colour, (5.0 * unit).max(1.0), self.arch);
        self.look.coarse_luma(&mut self.bright);
        self.flow.follow(&self.bright, (5.0 * unit).max(0.5));
        let [red, green, blue] = &self.colour;
        self.colours.pack([red, green, blue, &self.bright]);
        let [red, green, blue] = &self.look.colour;
        self.fine_colours.pack([red, green, blue, &self.bright]);
        self.lay();
        self.brush();
        self.light(pixels);
    }

    fn reset(&mut self) {
        self.look.reset();
        self.flow.reset();
        self.strokes.fill(Stroke::default());
    }
}

/// Strokes on a jittered grid, layer after layer.
fn places(sizes: Sizes, seed: u64) -> Vec<Place> {
    let unit = sizes.unit();
    let mut places = Vec::new();
    for (number, layer) in LAYERS.iter().enumerate() {
        let spacing = (layer.spacing * unit).max(1.0);
        let count = |length: usize| (length as f32 / spacing).ceil() as i64 + 1;
        for j in 0..count(sizes.height) {
            for i in 0..count(sizes.width) {
                let dice = |which: u64| chance(seed ^ (0x1000 * (number as u64 + 1) + which), i, j);
                let bright = (dice(2) - 0.5) * 2.0 * layer.tint;
                let warm = (dice(3) - 0.5) * 1.4 * layer.tint;
                let size = 0.8 + 0.4 * dice(4);
                places.push(Place {
                    x: (i as f32 + dice(0) - 0.5) * spacing,
                    y: (j as f32 + dice(1) - 0.5) * spacing,
                    half_length: (layer.half_length * unit * size).max(1.0),
                    half_width: (layer.half_width * unit * (1.6 - 0.6 * size)).max(0.7),
                    from_detail: layer.from_detail,
                    tint: [bright + warm, bright, bright - warm],
                    fine: number >= FINE_LAYERS,
                    heading: (std::f32::consts::TAU * dice(6)).sin_cos(),
                    brush: (dice(5) * BRUSHES as f32) as usize % BRUSHES,
                });
            }
        }
    }
    places
}

/// For every band the strokes that may touch it: layers in order, strokes of a layer shuffled.
fn bands(sizes: Sizes, places: &[Place], seed: u64) -> Vec<Vec<u32>> {
    let mut order: Vec<(usize, u32, u32)> = Vec::with_capacity(places.len());
    for (i, place) in places.iter().enumerate() {
        let layer = LAYERS.iter().position(|layer| layer.from_detail == place.from_detail).unwrap_or(0);
        order.push((layer, (chance(seed ^ 0x77, i as i64, 0) * 1e6) as u32, i as u32));
    }
    order.sort_unstable();
    let rows = sizes.height.div_ceil(BANDS);
    let count = sizes.height.div_ceil(rows);
    let mut bands = vec![Vec::new(); count];
    for (_, _, i) in order {
        let place = &places[i as usize];
        let reach = place.half_length + place.half_width;
        let band = |y: f32| (y / rows as f32).floor().clamp(0.0, count as f32 - 1.0) as usize;
        if place.y + reach >= 0.0 && place.y - reach <= sizes.height as f32 {
            for list in &mut bands[band(place.y - reach)..=band(place.y + reach)] {
                list.push(i);
            }
        }
    }
    bands
}

/// The mark of a brush: bristles run along it, paint piles up at its sides and thins towards its end.
fn mark(seed: u64) -> Mark {
    let mut mark = Box::new([0; MARK.0 * MARK.1]);
    for j in 1..MARK.1 - 1 {
        for i in 1..MARK.0 - 1 {
            let u = (i as f32 - 0.5) / (MARK.0 - 2) as f32; // 0 where the brush is set down, 1 where it lifts
            let v = ((j as f32 - 0.5) / (MARK.1 - 2) as f32 - 0.5) * 2.0; // -1..1 across
            let bristle = noise(seed, v * 6.0, u * 1.2);
            let fine = noise(seed ^ 1, v * 13.0, u * 2.5);
            let side = 1.0 - smoothstep(0.72, 1.0, v.abs() + 0.25 * (noise(seed ^ 2, u * 5.0, v * 2.0) - 0.5));
            let round = 0.5 * v * v * 0.25;
            let start = smoothstep(0.0, 0.1, u - round - 0.06 * fine);
            let end = 1.0 - smoothstep(0.62 + 0.3 * bristle, 0.74 + 0.3 * bristle, u + round);
            let dry = 1.0 - 0.35 * smoothstep(0.45, 0.9, u) * (1.0 - fine);
            let cover = side * start * end * dry;
            let ridge = smoothstep(0.35, 0.8, v.abs()) * 0.25 + smoothstep(0.25, 0.0, u) * 0.2;
            let height = (0.25 + 0.5 * bristle + 0.25 * fine + ridge) * (1.0 - 0.3 * u);
            mark[j * MARK.0 + i] = u16::from_be_bytes([byte(cover), byte(height)]);
        }
    }
    mark
}

/// Lays one stroke on a band of the picture that begins at row `first`.
#[inline(always)]
fn dab(paint: &mut [&mut [f32]; 4], (stride, first): (usize, usize), place: &Place, stroke: &Stroke, mark: &Mark) {
    let (c, s) = stroke.along;
    let (length, half) = (place.half_length, place.half_width);
    let across = half + stroke.bend.abs() * length * length;
    let rows = paint[0].len() / stride;
    let extent = length * s.abs() + across * c.abs();
    let top = (place.y - extent - first as f32).max(0.0) as usize;
    let bottom = ((place.y + extent - first as f32 + 1.0).max(0.0) as usize).min(rows);
    let texels = ((MARK.0 - 2) as f32, (MARK.1 - 2) as f32);
    let scale = (0.5 * texels.0 / length, 0.5 * texels.1 / half);
    let middle = (0.5 * (MARK.0 - 1) as f32, 0.5 * (MARK.1 - 1) as f32);
    let most = ((MARK.0 - 1) as f32, (MARK.1 - 1) as f32);
    let over = stroke.cover * (1.0 / 255.0);
    let (per_c, per_s) = (inverse(c), inverse(-s));
    for row in top..bottom {
        let dy = (first + row) as f32 + 0.5 - place.y;
        // Both |u| <= length and |v| <= across bound x: u = c dx + s dy, v = c dy - s dx.
        let (low_u, high_u) = bounds(per_c, s * dy, length);
        let (low_v, high_v) = bounds(per_s, c * dy, across);
        let low = (place.x + low_u.max(low_v)).max(0.0);
        let high = (place.x + high_u.min(high_v)).min((stride - RUN) as f32);
        if low >= high {
            continue;
        }
        let to = high.ceil() as usize;
        for from in (low as usize..to).step_by(RUN) {
            let start = from as f32 - place.x;
            let dx: [f32; RUN] = each(|i| start + OFFSETS[i]);
            let u: [f32; RUN] = each(|i| c * dx[i] + s * dy);
            let v: [f32; RUN] = each(|i| c * dy - s * dx[i] - stroke.bend * u[i] * u[i]);
            let along: [i32; RUN] = each(|i| nearest(limit(u[i] * scale.0 + middle.0, 0.0, most.0)));
            let across: [i32; RUN] = each(|i| nearest(limit(v[i] * scale.1 + middle.1, 0.0, most.1)));
            let texel: [i32; RUN] = each(|i| across[i] * MARK.0 as i32 + along[i]);
            let texel: [i32; RUN] = each(|i| i32::from(mark[texel[i] as u32 as usize % (MARK.0 * MARK.1)]));
            let cover: [f32; RUN] = each(|i| (texel[i] >> 8) as f32 * over);
            let height: [f32; RUN] = each(|i| (texel[i] & 255) as f32 * (1.0 / 255.0));
            let at = row * stride + from;
            for (plane, colour) in paint.iter_mut().zip(stroke.colour) {
                let plane: &mut [f32; RUN] = (&mut plane[at..at + RUN]).try_into().expect("a slice of that length");
                for (value, cover) in plane.iter_mut().zip(cover) {
                    *value += cover * (colour - *value);
                }
            }
            let plane: &mut [f32; RUN] = (&mut paint[3][at..at + RUN]).try_into().expect("a slice of that length");
            for ((value, cover), height) in plane.iter_mut().zip(cover).zip(height) {
                *value += cover * (height - *value);
            }
        }
    }
}

/// `1 / slope`, held within what a picture's rows need.
#[inline(always)]
fn inverse(slope: f32) -> f32 {
    1.0 / (slope.abs().max(1e-5).copysign(slope))
}

/// The interval of `dx` in which `|slope * dx + offset| <= limit`, given `1 / slope`.
#[inline(always)]
fn bounds(inverse: f32, offset: f32, limit: f32) -> (f32, f32) {
    let (a, b) = ((-limit - offset) * inverse, (limit - offset) * inverse);
    (a.min(b), a.max(b))
}
