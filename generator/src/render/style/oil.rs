//! Oil painting: brush strokes in three sizes, large ones first (Hertzmann, 1998), laid along the picture's edges, with
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
use super::plane::{Plane, byte, luma, smoothstep};
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

const LAYERS: [Layer; 3] = [
    Layer { spacing: 11.0, half_length: 19.0, half_width: 6.0, from_detail: (-1.0, -0.5), tint: 0.05 },
    Layer { spacing: 7.0, half_length: 11.0, half_width: 3.4, from_detail: (0.0, 0.35), tint: 0.035 },
    Layer { spacing: 4.2, half_length: 6.5, half_width: 1.7, from_detail: (0.25, 0.7), tint: 0.02 },
];

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

/// Texels of a brush mark, along and across.
const MARK: (usize, usize) = (64, 24);
const BRUSHES: usize = 6;

/// Cover and height of the paint of one brush mark, bytes for 0..1.
type Mark = Vec<[u8; 2]>;

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
    places: Vec<Place>,
    strokes: Vec<Stroke>,
    /// Which strokes touch a band, in the order of painting.
    bands: Vec<Vec<u32>>,
    marks: Vec<Mark>,
    /// Red, green, blue, height for every full pixel.
    paint: Vec<[f32; 4]>,
    /// The canvas' weave.
    canvas: Vec<[u8; 1]>,
}

impl Oil {
    #[must_use]
    pub fn new(sizes: Sizes, seed: u64, arch: Arch) -> Self {
        let coarse = sizes.coarse();
        let plane = || Plane::new(coarse);
        let places = places(sizes, seed);
        let bands = bands(sizes, &places, seed);
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
            strokes: vec![Stroke::default(); places.len()],
            places,
            bands,
            marks: (0..BRUSHES as u64).map(|brush| mark(seed ^ (0xb0 + brush))).collect(),
            paint: vec![[0.0; 4]; sizes.width * sizes.height],
            canvas: texture::build(sizes, |x, y| {
                let thread = std::f32::consts::TAU / 3.1;
                let wander = 0.8 * (noise(seed ^ 0x61, x / 17.0, y / 17.0) - 0.5);
                let weave = (thread * (x + wander)).sin() * (thread * (y - wander)).sin();
                [0.5 + 0.35 * weave + 0.3 * (noise(seed ^ 0x62, x / 1.6, y / 1.6) - 0.5)]
            }),
        }
    }

    /// Gives every stroke its colour and direction.
    fn lay(&mut self) {
        let scale = 0.5 / self.sizes.step as f32;
        let Self { places, strokes, flow, colours, .. } = self;
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
            let [red, green, blue, _] = colours.at(x, y);
            let bright = luma([red, green, blue]);
            // Thicker light: tints stray more where there is light to colour.
            let stray = 0.4 + 0.6 * bright;
            let colour = [red, green, blue];
            *stroke = Stroke { along, bend, colour: std::array::from_fn(|k| colour[k] + place.tint[k] * stray), cover };
        });
    }

    fn brush(&mut self) {
        let Self { sizes, places, strokes, bands, marks, paint, colours, .. } = self;
        let (width, rows) = (sizes.width, sizes.height.div_ceil(BANDS));
        let scale = 0.5 / sizes.step as f32;
        paint.par_chunks_mut(rows * width).enumerate().for_each(|(band, paint)| {
            let first = band * rows;
            for (i, pixel) in paint.iter_mut().enumerate() {
                let (x, y) = (i % width, first + i / width);
                *pixel = colours.at((x as f32 + 0.5) * scale, (y as f32 + 0.5) * scale);
                pixel[3] = 0.3;
            }
            for &index in &bands[band] {
                let (place, stroke) = (&places[index as usize], &strokes[index as usize]);
                if stroke.cover > 0.02 {
                    dab(paint, (width, first), place, stroke, &marks[place.brush]);
                }
            }
        });
    }

    fn light(&self, pixels: &mut [u8]) {
        let Self { sizes, paint, canvas, .. } = self;
        let (width, height) = (sizes.width, sizes.height);
        let reach = (sizes.unit() * 0.8).round().max(1.0) as usize;
        pixels.par_chunks_exact_mut(width * 3).enumerate().with_min_len(8).for_each(|(y, row)| {
            let above = &paint[y.saturating_sub(reach) * width..][..width];
            let below = &paint[(y + reach).min(height - 1) * width..][..width];
            let here = &paint[y * width..][..width];
            let weave = &canvas[y * width..][..width];
            for (x, out) in row.as_chunks_mut::<3>().0.iter_mut().enumerate() {
                let (left, right) = (x.saturating_sub(reach), (x + reach).min(width - 1));
                let slope = (here[right][3] - here[left][3]) + (below[x][3] - above[x][3]);
                let weave = f32::from(weave[x][0]) * (1.0 / 255.0) - 0.5;
                let relief = slope.clamp(-1.0, 1.0) * 0.16;
                let [red, green, blue, height] = here[x];
                let cloth = weave * (0.09 - 0.05 * height);
                let bright = luma([red, green, blue]);
                let shade = 1.0 + relief + cloth;
                let gloss = relief.max(0.0) * 0.22;
                for (out, value) in out.iter_mut().zip([red, green, blue]) {
                    let vivid = bright + (value - bright) * 1.3;
                    *out = byte(vivid * shade + gloss);
                }
            }
        });
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
    let mut mark = Vec::with_capacity(MARK.0 * MARK.1);
    for j in 0..MARK.1 {
        for i in 0..MARK.0 {
            let u = (i as f32 + 0.5) / MARK.0 as f32; // 0 where the brush is set down, 1 where it lifts
            let v = ((j as f32 + 0.5) / MARK.1 as f32 - 0.5) * 2.0; // -1..1 across
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
            mark.push([byte(cover), byte(height)]);
        }
    }
    mark
}

/// Lays one stroke on a band of the picture that begins at row `first`.
fn dab(paint: &mut [[f32; 4]], (width, first): (usize, usize), place: &Place, stroke: &Stroke, mark: &Mark) {
    let (c, s) = stroke.along;
    let (length, half) = (place.half_length, place.half_width);
    let slack = stroke.bend.abs() * length * length;
    let across = half + slack;
    let rows = paint.len() / width;
    let extent_y = length * s.abs() + across * c.abs();
    let top = (place.y - extent_y - first as f32).max(0.0) as usize;
    let bottom = ((place.y + extent_y - first as f32 + 1.0).max(0.0) as usize).min(rows);
    let scale_u = 0.5 * MARK.0 as f32 / length;
    let scale_v = 0.5 * MARK.1 as f32 / half;
    let [red, green, blue] = stroke.colour;
    for row in top..bottom {
        let dy = (first + row) as f32 + 0.5 - place.y;
        // Both |u| <= length and |v| <= across bound x: u = c dx + s dy, v = c dy - s dx.
        let (low_u, high_u) = bounds(c, s * dy, length);
        let (low_v, high_v) = bounds(-s, c * dy, across);
        let low = (place.x + low_u.max(low_v)).max(0.0);
        let high = (place.x + low_u.max(low_v).max(high_u.min(high_v))).min(width as f32);
        if low >= high {
            continue;
        }
        let (from, to) = (low as usize, (high.ceil() as usize).min(width));
        let line = &mut paint[row * width..(row + 1) * width];
        for (x, pixel) in line[from..to].iter_mut().enumerate() {
            let dx = (from + x) as f32 + 0.5 - place.x;
            let u = c * dx + s * dy;
            let v = c * dy - s * dx - stroke.bend * u * u;
            let i = u * scale_u + 0.5 * MARK.0 as f32;
            let j = v * scale_v + 0.5 * MARK.1 as f32;
            if i < 0.0 || j < 0.0 || i >= MARK.0 as f32 || j >= MARK.1 as f32 {
                continue;
            }
            let [cover, height] = mark[j as usize * MARK.0 + i as usize];
            let cover = f32::from(cover) * (1.0 / 255.0) * stroke.cover;
            let over = [red, green, blue, f32::from(height) * (1.0 / 255.0)];
            for (value, over) in pixel.iter_mut().zip(over) {
                *value += cover * (over - *value);
            }
        }
    }
}

/// The interval of `dx` in which `|slope * dx + offset| <= limit`.
#[inline(always)]
fn bounds(slope: f32, offset: f32, limit: f32) -> (f32, f32) {
    if slope.abs() < 1e-4 {
        return if offset.abs() <= limit { (-1e6, 1e6) } else { (1.0, 0.0) };
    }
    let scale = 1.0 / slope;
    let (a, b) = ((-limit - offset) * scale, (limit - offset) * scale);
    (a.min(b), a.max(b))
}
