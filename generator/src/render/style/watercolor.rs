//! Watercolour: transparent washes on rough paper, after Bousseau, Kaplan, Thollot and Sillion (2006): flat areas with
//! wavering outlines, pigment that gathers in the paper's grain and at the edges of a wash, and a fine pencil drawing
//! underneath.
//!
//! The colour of a wash `c` under pigment of density `d` is `c - (c - c^2) (d - 1)`.

use pulp::Arch;

use super::Paint;
use super::filter::{Kuwahara, blur};
use super::flow::Flow;
use super::lines::Lines;
use super::look::Look;
use super::plane::{LANES, Plane, each, limit, load, load_bytes, luma, smoothstep, steps, write};
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
    texture: [Vec<u8>; 5],
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
        let Self { sizes, arch, washes, lines, texture, .. } = self;
        let (width, step) = (sizes.width, sizes.step);
        let to_coarse = 0.5 / step as f32;
        let waver = 2.0 * WAVER * sizes.coarse_unit();
        write(
            pixels,
            width,
            *arch,
            #[inline(always)]
            |x, y| {
                let lines = FineRow::new(&lines.response, y, step).lanes(x);
                let [grain, cloud, across, down, painted] = each(
                    #[inline(always)]
                    |k| load_bytes(&texture[k][y * width..][..width], x),
                );
                let middle = (y as f32 + 0.5) * to_coarse;
                let [red, green, blue, rim] = washes.lanes(
                    #[inline(always)]
                    |i| {
                        let along = ((x + i) as f32 + 0.5) * to_coarse;
                        (along + (across[i] - 0.5) * waver, middle + (down[i] - 0.5) * waver)
                    },
                );
                let mut out = [[0.0; LANES]; 3];
                for i in 0..LANES {
                    let bright = luma([red[i], green[i], blue[i]]);
                    // Light washes are thin: much of the paper shows through.
                    let flat = bright + 0.6 * (steps(bright, TONES, 0.22) - bright);
                    let light = (0.1 + 0.96 * flat.sqrt() * (0.7 + 0.3 * flat)).min(1.0);
                    // Pigment settles in the grain, drifts in clouds and gathers at the rims.
                    let dark = 1.0 - light;
                    let density =
                        0.4 * (0.5 - grain[i]) * (0.5 + dark) + 1.2 * (cloud[i] - 0.5) * (0.4 + dark) + 4.5 * rim[i];
                    let pencil = 0.6 * smoothstep(0.004, 0.026, -lines[i]) * (0.5 + grain[i]).min(1.0);
                    let sheet = 1.0 + 0.05 * (grain[i] - 0.5);
                    for (k, value) in [red[i], green[i], blue[i]].into_iter().enumerate() {
                        let wash = limit(light + (value - bright) * 1.5, 0.0, 1.0);
                        let wash = limit(wash - (wash - wash * wash) * density, 0.0, 1.0);
                        let drawn = wash + pencil * (PENCIL[k] * (0.4 + 0.6 * wash) - wash);
                        out[k][i] = (1.0 - painted[i] * (1.0 - drawn)) * PAPER[k] * sheet;
                    }
                }
                out
            },
        );
    }

    /// Flat washes and the dark rims on their inner sides.
    fn wash(&mut self) {
        let Self { sizes, arch, look, kuwahara, colour, bright, edges, scratch, washes, .. } = self;
        let (unit, arch) = (sizes.coarse_unit(), *arch);
        for (target, source) in colour.iter_mut().zip(&look.colour) {
            target.data.copy_from_slice(&source.data);
        }
        kuwahara.run(colour, (3.8 * unit).max(1.0), arch);
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
                    each(|i| limit(soft[i] - flat[i], -0.03, 0.25))
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
    let (red, green, blue) =
        (load(red.row(y), x as isize), load(green.row(y), x as isize), load(blue.row(y), x as isize));
    each(|i| steps(luma([red[i], green[i], blue[i]]), TONES, 0.22))
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
