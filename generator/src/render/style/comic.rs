//! Comic: flat, strong colours in a few tones, dots in the shadows, and ink drawn along the edges; after Winnemöller's
//! extended difference of Gaussians (2011) with flow-guided lines.

use pulp::Arch;

use super::Paint;
use super::filter::Kuwahara;
use super::flow::Flow;
use super::lines::Lines;
use super::look::Look;
use super::plane::{LANES, Plane, limit, load_bytes, luma, smoothstep, steps, write};
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
    dots: Vec<u8>,
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
            dots: {
                let [dots] = texture::build(sizes, |x, y| {
                    // A grid turned by 45 degrees: the product of cosines along its axes, as cos a + cos b.
                    let (a, b) = ((x + y) * std::f32::consts::FRAC_1_SQRT_2, (x - y) * std::f32::consts::FRAC_1_SQRT_2);
                    let turn = std::f32::consts::TAU / DOT_PITCH;
                    [0.5 - 0.25 * ((a * turn).cos() + (b * turn).cos())]
                });
                dots
            },
        }
    }

    fn print(&self, pixels: &mut [u8]) {
        let Self { sizes, arch, lines, look, colours, dots, .. } = self;
        let (width, step) = (sizes.width, sizes.step);
        let to_coarse = 0.5 / step as f32;
        let crisp = 0.8 / (DOT_PITCH * sizes.unit().max(0.35));
        write(
            pixels,
            width,
            *arch,
            #[inline(always)]
            |x, y| {
                let line = FineRow::new(&lines.response, y, step).lanes(x);
                let tone = FineRow::new(&look.luma, y, step).lanes(x);
                let order = load_bytes(&dots[y * width..][..width], x);
                let middle = (y as f32 + 0.5) * to_coarse;
                let [red, green, blue, _] = colours.lanes(
                    #[inline(always)]
                    |i| (((x + i) as f32 + 0.5) * to_coarse, middle),
                );
                let mut out = [[0.0; LANES]; 3];
                for i in 0..LANES {
                    let bright = luma([red[i], green[i], blue[i]]);
                    // A printer's curve: lighter, and more contrast in the middle.
                    let lifted = bright + 0.22 * bright * (1.0 - bright);
                    let middle = 2.0 * lifted - 1.0;
                    let curve = limit(lifted + 0.35 * (lifted - 0.5) * (1.0 - middle * middle), 0.0, 1.0);
                    let flat = 0.06 + 0.94 * steps(curve, TONES, 0.13);
                    let gain = flat / (bright + 0.04);
                    // Dots grow in the darker half of the tones and leave black alone.
                    let size = 0.6 * smoothstep(0.5, 0.14, curve);
                    let dot = smoothstep(order[i] - crisp, order[i] + crisp, size) * smoothstep(0.0, 0.08, size);
                    let dot = dot * smoothstep(0.03, 0.2, curve);
                    let edge = smoothstep(0.0065, 0.02, -line[i]);
                    let black = smoothstep(0.15, 0.08, tone[i] + 2.0 * line[i]);
                    let ink = edge.max(black);
                    for (k, value) in [red[i], green[i], blue[i]].into_iter().enumerate() {
                        let vivid = (bright + (value - bright) * 1.7 + 0.04) * gain;
                        let printed = limit(vivid, 0.0, 1.0) * (1.0 + dot * (DOT[k] - 1.0));
                        out[k][i] = printed + ink * (INK[k] - printed);
                    }
                }
                out
            },
        );
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
        lines.find(&look.luma, flow, (1.2 * fine).max(0.5), (1.6 * fine).max(0.5), arch);
        for (target, source) in colour.iter_mut().zip(&look.colour) {
            target.data.copy_from_slice(&source.data);
        }
        kuwahara.run(colour, (4.0 * coarse).max(1.0), arch);
        let [red, green, blue] = &*colour;
        colours.pack([red, green, blue, bright]);
        self.print(pixels);
    }

    fn reset(&mut self) {
        self.look.reset();
        self.flow.reset();
    }
}
