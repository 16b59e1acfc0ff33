//! Comic: flat, strong colours in a few tones, dots in the shadows, and ink drawn along the edges; after Winnemöller's
//! extended difference of Gaussians (2011) with flow-guided lines.

use pulp::Arch;
use rayon::iter::{IndexedParallelIterator, ParallelIterator};
use rayon::slice::ParallelSliceMut;

use super::Paint;
use super::filter::Kuwahara;
use super::flow::Flow;
use super::lines::Lines;
use super::look::Look;
use super::plane::{Plane, byte, luma, smoothstep, steps};
use super::sample::{FineRow, Quads};
use super::sizes::Sizes;
use super::texture;

/// Tones from black to white.
const TONES: f32 = 4.0;
/// From the middle of one dot to the next, in units.
const DOT_PITCH: f32 = 6.2;
const INK: [f32; 3] = [0.05, 0.04, 0.08];
/// The colour that dots add to a shadow: what they multiply by.
const DOT: [f32; 3] = [0.52, 0.5, 0.68];

/// See the module.
#[derive(Debug)]
pub struct Comic {
    sizes: Sizes,
    arch: Arch,
    look: Look,
    kuwahara: Kuwahara,
    colour: [Plane; 3],
    bright: Plane,
    flow: Flow,
    lines: Lines,
    colours: Quads,
    /// For every full pixel the order in which a growing dot covers it, from the dot's middle outwards: bytes for 0..1.
    dots: Vec<[u8; 1]>,
}

impl Comic {
    #[must_use]
    pub fn new(sizes: Sizes, arch: Arch) -> Self {
        let coarse = sizes.coarse();
        let plane = || Plane::new(coarse);
        Self {
            sizes,
            arch,
            look: Look::new(sizes, arch),
            kuwahara: Kuwahara::new(coarse),
            colour: [plane(), plane(), plane()],
            bright: plane(),
            flow: Flow::new(coarse, arch, |_, _| 0.0),
            lines: Lines::new(sizes.fine()),
            colours: Quads::new(coarse),
            dots: texture::build(sizes, |x, y| {
                // A grid turned by 45 degrees: the product of cosines along its axes, as cos a + cos b.
                let (a, b) = ((x + y) * std::f32::consts::FRAC_1_SQRT_2, (x - y) * std::f32::consts::FRAC_1_SQRT_2);
                let turn = std::f32::consts::TAU / DOT_PITCH;
                [0.5 - 0.25 * ((a * turn).cos() + (b * turn).cos())]
            }),
        }
    }

    fn print(&self, pixels: &mut [u8]) {
        let Self { sizes, lines, look, colours, dots, .. } = self;
        let (width, step) = (sizes.width, sizes.step);
        let to_coarse = 0.5 / step as f32;
        let crisp = 0.5 / (DOT_PITCH * sizes.unit().max(0.35)) * 1.6;
        pixels.par_chunks_exact_mut(width * 3).enumerate().with_min_len(8).for_each(|(y, row)| {
            let (lines, tone) = (FineRow::new(&lines.response, y, step), FineRow::new(&look.luma, y, step));
            let dots = &dots[y * width..][..width];
            for (x, out) in row.as_chunks_mut::<3>().0.iter_mut().enumerate() {
                let place = ((x as f32 + 0.5) * to_coarse, (y as f32 + 0.5) * to_coarse);
                let [red, green, blue, _] = colours.at(place.0, place.1);
                let bright = luma([red, green, blue]);
                // A printer's curve: more contrast in the middle.
                let curve = bright + 0.35 * (bright - 0.5) * (1.0 - (2.0 * bright - 1.0).powi(2));
                let flat = 0.07 + 0.93 * steps(curve.clamp(0.0, 1.0), TONES, 0.13);
                let gain = flat / (bright + 0.04);
                // Dots grow in the darker half of the tones.
                let order = f32::from(dots[x][0]) * (1.0 / 255.0);
                let size = 0.62 * smoothstep(0.62, 0.18, curve);
                let dot = smoothstep(order - crisp, order + crisp, size) * smoothstep(0.0, 0.08, size);
                let dot = dot * smoothstep(0.02, 0.2, curve);
                let line = lines.at(x);
                let edge = smoothstep(0.008, 0.026, -line);
                let black = smoothstep(0.15, 0.08, tone.at(x) + 2.0 * line);
                let ink = edge.max(black);
                for (k, (out, value)) in out.iter_mut().zip([red, green, blue]).enumerate() {
                    let vivid = (bright + (value - bright) * 1.7 + 0.04) * gain;
                    let printed = vivid.clamp(0.0, 1.0) * (1.0 + dot * (DOT[k] - 1.0));
                    *out = byte(printed + ink * (INK[k] - printed));
                }
            }
        });
    }
}

impl Paint for Comic {
    fn paint(&mut self, pixels: &mut [u8]) {
        let Self { sizes, arch, look, kuwahara, colour, bright, flow, lines, colours, .. } = self;
        let (fine, coarse, arch) = (sizes.fine_unit(), sizes.coarse_unit(), *arch);
        look.see_luma(pixels);
        look.see_colour(pixels);
        look.coarse_luma(bright);
        flow.follow(bright, (3.0 * coarse).max(0.5));
        lines.find(&look.luma, flow, (1.4 * fine).max(0.5), (1.3 * fine).max(0.5), arch);
        for (target, source) in colour.iter_mut().zip(&look.colour) {
            target.data.copy_from_slice(&source.data);
        }
        kuwahara.run(colour, (5.0 * coarse).max(1.0), arch);
        let [red, green, blue] = &*colour;
        colours.pack([red, green, blue, bright]);
        self.print(pixels);
    }

    fn reset(&mut self) {
        self.look.reset();
        self.flow.reset();
    }
}
