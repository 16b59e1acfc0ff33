//! Pencil: contours and tones in graphite on grained paper, tones by hatching in three directions, the deeper ones laid
//! over the lighter ones (after Praun, Hoppe, Webb and Finkelstein, 2001).

use pulp::Arch;
use rayon::iter::{IndexedParallelIterator, ParallelIterator};
use rayon::slice::ParallelSliceMut;

use super::Paint;
use super::filter::blur;
use super::flow::Flow;
use super::lines::Lines;
use super::look::Look;
use super::plane::{LANES, Plane, each, limit, load, load_bytes, smoothstep, write};
use super::sample::FineRow;
use super::sizes::Sizes;
use super::texture::{self, chance, cloud, noise, paper};

/// The colours of paper and graphite.
const PAPER: [f32; 3] = [0.975, 0.965, 0.94];
const GRAPHITE: [f32; 3] = [0.15, 0.15, 0.17];

/// A direction of hatching: angle in radians, spacing of strokes in units, and the darkness (0..1) at which its strokes
/// appear and at which they are full.
struct Hatch {
    angle: f32,
    spacing: f32,
    from: f32,
    full: f32,
}

const HATCHES: [Hatch; 3] = [
    Hatch { angle: -0.85, spacing: 4.6, from: 0.12, full: 0.62 },
    Hatch { angle: -0.25, spacing: 4.2, from: 0.38, full: 0.85 },
    Hatch { angle: 0.7, spacing: 3.8, from: 0.6, full: 1.0 },
];

/// See the module.
#[derive(Debug)]
pub struct Pencil {
    sizes: Sizes,
    arch: Arch,
    look: Look,
    bright: Plane,
    around: Plane,
    scratch: Plane,
    flow: Flow,
    lines: Lines,
    tone: Plane,
    tone_scratch: Plane,
    /// Bytes for every full pixel: three hatchings, the paper's grain, how far the drawing reaches.
    texture: [Vec<u8>; 5],
}

impl Pencil {
    #[must_use]
    pub fn new(sizes: Sizes, seed: u64, arch: Arch) -> Self {
        let coarse = sizes.coarse();
        let height = 640.0 * sizes.height as f32 / sizes.width as f32;
        Self {
            sizes,
            arch,
            look: Look::new(sizes, arch),
            bright: Plane::new(coarse),
            around: Plane::new(coarse),
            scratch: Plane::new(coarse),
            flow: Flow::new(coarse, arch, |_, _| 0.0),
            lines: Lines::new(sizes.fine()),
            tone: Plane::new(sizes.fine()),
            tone_scratch: Plane::new(sizes.fine()),
            texture: texture::build(sizes, |x, y| texel(seed, x, y, height)),
        }
    }

    fn draw(&self, pixels: &mut [u8]) {
        let Self { sizes, arch, lines, tone, texture, .. } = self;
        let (width, step) = (sizes.width, sizes.step);
        write(
            pixels,
            width,
            *arch,
            #[inline(always)]
            |x, y| {
                let tone = FineRow::new(tone, y, step).lanes(x);
                let lines = FineRow::new(&lines.response, y, step).lanes(x);
                let [a, b, c, grain, reach] = each(
                    #[inline(always)]
                    |k| load_bytes(&texture[k][y * width..][..width], x),
                );
                let mut out = [[0.0; LANES]; 3];
                for i in 0..LANES {
                    let reach = reach[i];
                    let dark = 1.0 - tone[i];
                    let dark = dark * (0.6 + 0.4 * dark) * (0.3 + 0.7 * reach);
                    let mut bare = 1.0 - 0.34 * dark * (0.5 + grain[i]); // a soft shade under the strokes
                    for (hatch, stroke) in HATCHES.iter().zip([a[i], b[i], c[i]]) {
                        let amount = smoothstep(hatch.from, hatch.full, dark);
                        bare *= 1.0 - 0.8 * amount * stroke * (0.35 + 0.65 * amount);
                    }
                    let contour = smoothstep(0.003, 0.022, -lines[i]);
                    bare *= 1.0 - 0.88 * contour * (0.3 + 0.7 * reach);
                    // Graphite catches on the high grains; pressed hard it fills the low ones too.
                    let ink = 1.0 - bare;
                    let ink = limit(ink + (grain[i] - 0.5) * ink * (1.15 - ink), 0.0, 1.0);
                    let sheet = 1.0 + 0.05 * (grain[i] - 0.5);
                    for k in 0..3 {
                        let paper = PAPER[k] * sheet;
                        out[k][i] = paper + ink * (GRAPHITE[k] - paper);
                    }
                }
                out
            },
        );
    }
}

impl Paint for Pencil {
    fn paint(&mut self, pixels: &mut [u8]) {
        let Self { sizes, arch, look, bright, around, scratch, flow, lines, tone, tone_scratch, .. } = self;
        let (fine, coarse, arch) = (sizes.fine_unit(), sizes.coarse_unit(), *arch);
        look.see_luma(pixels);
        halve(&look.luma, bright);
        flow.follow(bright, (3.0 * coarse).max(0.5));
        lines.find(&look.luma, flow, (0.95 * fine).max(0.5), (1.2 * fine).max(0.5), arch);
        // Tones are drawn against what is around them, as draughtsmen do.
        blur(bright, 18.0 * coarse, around, scratch, arch);
        blur(&look.luma, (1.2 * fine).max(0.4), tone, tone_scratch, arch);
        let (smooth, around) = (&*tone, &*around);
        tone_scratch.fill(
            arch,
            #[inline(always)]
            |x, y| {
                let (here, around) = (load(smooth.row(y), x as isize), around.row_near(y as isize / 2));
                let last = around.len() - 1;
                each(|i| {
                    let around = around[((x + i) / 2).min(last)];
                    limit(here[i] + 0.45 * (here[i] - around), 0.0, 1.0)
                })
            },
        );
        std::mem::swap(tone, tone_scratch);
        self.draw(pixels);
    }

    fn reset(&mut self) {
        self.look.reset();
        self.flow.reset();
    }
}

/// Halves a plane by the mean of squares of four; what juts out at odd sizes is the border's.
pub fn halve(source: &Plane, out: &mut Plane) {
    let width = out.width;
    out.data.par_chunks_exact_mut(width).enumerate().with_min_len(16).for_each(|(y, row)| {
        let (top, bottom) = (source.row(2 * y), source.row_near(2 * y as isize + 1));
        for (x, value) in row.iter_mut().enumerate() {
            let (left, right) = (2 * x, (2 * x + 1).min(source.width - 1));
            *value = 0.25 * (top[left] + top[right] + bottom[left] + bottom[right]);
        }
    });
}

fn texel(seed: u64, x: f32, y: f32, height: f32) -> [f32; 5] {
    let [a, b, c] = std::array::from_fn(|i| strokes(seed ^ (0xc0 + 8 * i as u64), &HATCHES[i], x, y));
    let border = x.min(640.0 - x).min(y.min(height - y));
    let ragged = 26.0 + 50.0 * (cloud(seed ^ 0x91, x / 70.0, y / 70.0, 3) - 0.5);
    [a, b, c, paper(seed, x, y), smoothstep(ragged - 24.0, ragged + 18.0, border)]
}

/// How strongly the hatching strokes of one direction mark a place: 0..1. Strokes are 50 to 90 units long, waver, and
/// are pressed less at their ends.
fn strokes(seed: u64, hatch: &Hatch, x: f32, y: f32) -> f32 {
    let (sin, cos) = hatch.angle.sin_cos();
    let (along, across) = (x * cos - y * sin, x * sin + y * cos);
    let across = across + 2.2 * (noise(seed, along / 60.0, across / 40.0) - 0.5);
    let lane = (across / hatch.spacing).floor();
    let mut most = 0.0_f32;
    for k in -1..=1 {
        let number = (lane as i64) + k;
        let middle = (number as f32 + 0.5 + 0.7 * (chance(seed ^ 1, number, 0) - 0.5)) * hatch.spacing;
        let length = 50.0 + 40.0 * chance(seed ^ 2, number, 0);
        let place = (along + 300.0 * chance(seed ^ 3, number, 0)) / length;
        let (piece, part) = (place.floor(), place - place.floor());
        let pressure = 0.55 + 0.45 * chance(seed ^ 4, number, piece as i64);
        let taper = smoothstep(0.0, 0.12, part) * smoothstep(1.0, 0.8, part);
        let thick = hatch.spacing * (0.34 + 0.2 * pressure);
        let profile = 1.0 - smoothstep(0.25, 1.0, (across - middle).abs() / thick);
        most = most.max(profile * pressure * taper);
    }
    most
}
