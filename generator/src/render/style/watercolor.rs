//! Watercolour: transparent washes on rough paper, after Bousseau, Kaplan, Thollot and Sillion (2006): flat areas with
//! wavering outlines, pigment that gathers in the paper's grain and at the edges of a wash, and a fine pencil drawing
//! underneath.
//!
//! The colour of a wash `c` under pigment of density `d` is `c - (c - c^2) (d - 1)`.

use pulp::Arch;
use rayon::iter::{IndexedParallelIterator, ParallelIterator};
use rayon::slice::ParallelSliceMut;

use super::Paint;
use super::filter::{Kuwahara, blur};
use super::flow::Flow;
use super::lines::Lines;
use super::look::Look;
use super::plane::{LANES, Plane, byte, load, luma, smoothstep, steps};
use super::sample::{FineRow, Quads};
use super::sizes::Sizes;
use super::texture::{self, cloud, noise, paper};

/// Tones that washes are laid in, from black to white.
const TONES: f32 = 6.0;
/// How far outlines waver, in units to either side.
const WAVER: f32 = 3.0;
/// The colour of the paper.
const PAPER: [f32; 3] = [0.985, 0.975, 0.95];
/// The colour of the pencil.
const PENCIL: [f32; 3] = [0.32, 0.27, 0.27];

/// See the module.
#[derive(Debug)]
pub struct Watercolor {
    sizes: Sizes,
    arch: Arch,
    look: Look,
    kuwahara: Kuwahara,
    colour: [Plane; 3],
    bright: Plane,
    edges: Plane,
    scratch: Plane,
    flow: Flow,
    lines: Lines,
    washes: Quads,
    /// Bytes for every full pixel: grain, pigment flow, wavering across and down, how much is painted.
    texture: Vec<[u8; 5]>,
}

impl Watercolor {
    #[must_use]
    pub fn new(sizes: Sizes, seed: u64, arch: Arch) -> Self {
        let coarse = sizes.coarse();
        let plane = || Plane::new(coarse);
        let height = 640.0 * sizes.height as f32 / sizes.width as f32;
        Self {
            sizes,
            arch,
            look: Look::new(sizes, arch),
            kuwahara: Kuwahara::new(coarse),
            colour: [plane(), plane(), plane()],
            bright: plane(),
            edges: plane(),
            scratch: plane(),
            flow: Flow::new(coarse, arch, |_, _| 0.0),
            lines: Lines::new(sizes.fine()),
            washes: Quads::new(coarse),
            texture: texture::build(sizes, |x, y| texel(seed, x, y, height)),
        }
    }

    fn lay(&self, pixels: &mut [u8]) {
        let Self { sizes, washes, lines, texture, .. } = self;
        let (width, step) = (sizes.width, sizes.step);
        let to_coarse = 0.5 / step as f32;
        let waver = 2.0 * WAVER * sizes.coarse_unit() / 255.0;
        pixels.par_chunks_exact_mut(width * 3).enumerate().with_min_len(8).for_each(|(y, row)| {
            let lines = FineRow::new(&lines.response, y, step);
            let texture = &texture[y * width..][..width];
            for (x, out) in row.as_chunks_mut::<3>().0.iter_mut().enumerate() {
                let [grain, cloud, across, down, painted] = texture[x].map(f32::from);
                let [red, green, blue, rim] = washes.at(
                    (x as f32 + 0.5) * to_coarse + (across - 127.5) * waver,
                    (y as f32 + 0.5) * to_coarse + (down - 127.5) * waver,
                );
                let [grain, cloud, painted] = [grain, cloud, painted].map(|value| value * (1.0 / 255.0));
                let bright = luma([red, green, blue]);
                let flat = steps(bright, TONES, 0.22);
                let lift = 0.55 * (flat - bright);
                // Light washes are thin: much of the paper shows. Pigment settles in the grain and drifts in clouds.
                let dark = 1.0 - bright;
                let density =
                    1.0 + 0.75 * (0.5 - grain) * (0.4 + dark) + 1.5 * (cloud - 0.5) * (0.35 + dark) + 3.6 * rim;
                let pencil = 0.5 * smoothstep(0.006, 0.035, -lines.at(x)) * (0.55 + 0.9 * grain).min(1.0);
                let sheet = 1.0 + 0.055 * (grain - 0.5);
                let channels = [red, green, blue].into_iter().zip(PAPER).zip(PENCIL);
                for (out, ((value, paper), lead)) in out.iter_mut().zip(channels) {
                    let vivid = (bright + (value - bright) * 1.45 + lift).clamp(0.0, 1.0);
                    let light = 0.1 + 0.9 * vivid.sqrt() * (0.45 + 0.55 * vivid.sqrt());
                    let wash = (light - (light - light * light) * (density - 1.0)).clamp(0.0, 1.0);
                    let drawn = wash + pencil * (lead * (0.4 + 0.6 * wash) - wash);
                    *out = byte((1.0 - painted * (1.0 - drawn)) * paper * sheet);
                }
            }
        });
    }

    /// Flat washes and the dark rims on their inner sides.
    fn wash(&mut self) {
        let Self { sizes, arch, look, kuwahara, colour, bright, edges, scratch, washes, .. } = self;
        let (unit, arch) = (sizes.coarse_unit(), *arch);
        for (target, source) in colour.iter_mut().zip(&look.colour) {
            target.data.copy_from_slice(&source.data);
        }
        kuwahara.run(colour, (5.0 * unit).max(1.0), arch);
        {
            let colour = &*colour;
            bright.fill(
                arch,
                #[inline(always)]
                |x, y| tones(colour, x, y),
            );
        }
        blur(bright, (2.4 * unit).max(0.4), edges, scratch, arch);
        {
            let soft = &*edges;
            scratch.fill(
                arch,
                #[inline(always)]
                |x, y| {
                    let (soft, flat) = (load(soft.row(y), x as isize), load(bright.row(y), x as isize));
                    std::array::from_fn::<_, LANES, _>(|i| (soft[i] - flat[i]).clamp(-0.03, 0.25))
                },
            );
        }
        let [red, green, blue] = &*colour;
        washes.pack([red, green, blue, scratch]);
    }
}

/// Brightness in the tones of washes.
#[inline(always)]
fn tones([red, green, blue]: &[Plane; 3], x: usize, y: usize) -> [f32; LANES] {
    let channels = [red, green, blue].map(|plane| load(plane.row(y), x as isize));
    std::array::from_fn(|i| steps(luma([channels[0][i], channels[1][i], channels[2][i]]), TONES, 0.22))
}

impl Paint for Watercolor {
    fn paint(&mut self, pixels: &mut [u8]) {
        let (fine, coarse) = (self.sizes.fine_unit(), self.sizes.coarse_unit());
        self.look.see_colour(pixels);
        self.look.see_luma(pixels);
        self.look.coarse_luma(&mut self.bright);
        self.flow.follow(&self.bright, (3.0 * coarse).max(0.5));
        self.lines.find(&self.look.luma, &self.flow, (1.0 * fine).max(0.5), fine.max(0.5), self.arch);
        self.wash();
        self.lay(pixels);
    }

    fn reset(&mut self) {
        self.look.reset();
        self.flow.reset();
    }
}

fn texel(seed: u64, x: f32, y: f32, height: f32) -> [f32; 5] {
    let waver = |which: u64| {
        let slow = noise(seed ^ which, x / 21.0, y / 21.0) - 0.5;
        let quick = noise(seed ^ (which + 1), x / 6.0, y / 6.0) - 0.5;
        0.5 + 0.7 * slow + 0.3 * quick
    };
    // The painted area ends in a ragged edge, a brush's width from the border.
    let border = x.min(640.0 - x).min(y.min(height - y));
    let ragged = 9.0 + 16.0 * (cloud(seed ^ 0x31, x / 46.0, y / 46.0, 4) - 0.5) + 3.0 * (paper(seed, x, y) - 0.5);
    let painted = smoothstep(ragged - 1.2, ragged + 1.2, border);
    [paper(seed, x, y), cloud(seed ^ 0x41, x / 120.0, y / 120.0, 5), waver(0x21), waver(0x23), painted]
}
