//! Mosaic: stone tiles set along the contours of the picture, with grout between them (the square tiles of Hausner,
//! 2001, from sites that stand still).
//!
//! Every tile has a fixed site on a jittered grid. A pixel belongs to the site that is nearest by the norm
//! `(u^4 + v^4)^(1/4)` in the site's own axes, which gives squares with round corners that fill the plane whatever their
//! directions; half the difference between the nearest and the second nearest site is the distance to the tile's rim.
//! Only the axes and the colours of tiles follow the frame.

use pulp::Arch;
use rayon::iter::{IndexedParallelIterator, IntoParallelRefMutIterator, ParallelIterator};
use rayon::slice::ParallelSliceMut;

use super::Paint;
use super::filter::Kuwahara;
use super::flow::Flow;
use super::look::Look;
use super::plane::{Plane, byte, each, luma, smoothstep, vectorised};
use super::sample::Quads;
use super::sizes::Sizes;
use super::texture::{chance, noise};

/// From one tile to the next, in units.
const PITCH: f32 = 6.8;
/// How far sites stray from the middle of their cell, in shares of the pitch, to either side.
const STRAY: f32 = 0.2;
/// Half the grout and the width of the bevel, in shares of the pitch.
const GROUT: f32 = 0.07;
const BEVEL: f32 = 0.15;
/// Pixels worked on together.
const RUN: usize = 8;

/// What is fixed about a tile.
#[derive(Clone, Copy, Debug, Default)]
struct Site {
    /// In full pixels.
    x: f32,
    y: f32,
    tint: [f32; 3],
    /// How the stone leans: the change of light across it, to the right and down.
    lean: (f32, f32),
}

/// What the frame makes of it.
#[derive(Clone, Copy, Debug, Default)]
struct Tile {
    /// Axes: cosine and sine, per pitch.
    cos: f32,
    sin: f32,
    colour: [f32; 3],
}

/// See the module.
#[derive(Debug)]
pub struct Mosaic {
    sizes: Sizes,
    arch: Arch,
    look: Look,
    kuwahara: Kuwahara,
    colour: [Plane; 3],
    bright: Plane,
    flow: Flow,
    colours: Quads,
    /// Full pixels along a cell.
    pitch: f32,
    /// Cells in a row, one more on either side than the picture has; likewise rows.
    columns: usize,
    sites: Vec<Site>,
    tiles: Vec<Tile>,
}

impl Mosaic {
    #[must_use]
    pub fn new(sizes: Sizes, seed: u64, arch: Arch) -> Self {
        let coarse = sizes.coarse();
        let plane = || Plane::new(coarse);
        let pitch = (PITCH * sizes.unit()).max(1.0);
        let cells = |length: usize| (length as f32 / pitch).ceil() as usize + 2;
        let (columns, rows) = (cells(sizes.width), cells(sizes.height));
        let sites: Vec<Site> = (0..columns * rows).map(|i| site(seed, i % columns, i / columns, pitch)).collect();
        let middle = (0.5, 0.42 * sizes.height as f32 / sizes.width as f32);
        Self {
            sizes,
            arch,
            look: Look::new(sizes, arch),
            kuwahara: Kuwahara::new(coarse),
            colour: [plane(), plane(), plane()],
            bright: plane(),
            // Where nothing is seen, tiles stand in circles round the visitor's likeliest place, as round a saint.
            flow: Flow::new(coarse, arch, move |x, y| {
                (x - middle.0).atan2(middle.1 - y) + 0.5 * (noise(seed ^ 0x71, x * 6.0, y * 6.0) - 0.5)
            }),
            colours: Quads::new(coarse),
            pitch,
            columns,
            tiles: vec![Tile::default(); sites.len()],
            sites,
        }
    }

    fn cut(&mut self) {
        let Self { sizes, sites, tiles, flow, colours, pitch, .. } = self;
        let (scale, per_pitch) = (0.5 / sizes.step as f32, 1.0 / *pitch);
        tiles.par_iter_mut().zip(&*sites).with_min_len(256).for_each(|(tile, site)| {
            let (x, y) = (site.x * scale, site.y * scale);
            let (cos, sin) = flow.at(x, y);
            let [red, green, blue, _] = colours.at(x, y);
            let bright = luma([red, green, blue]);
            // Stone and glass: stronger colours and a little more contrast than a camera's.
            let curve = 0.3 * (bright - 0.5) * (1.0 - (2.0 * bright - 1.0).powi(2));
            let colour = [red, green, blue];
            tile.colour = std::array::from_fn(|k| {
                let vivid = bright + (colour[k] - bright) * 1.5 + curve;
                vivid * (1.0 + site.tint[k]) + 0.25 * site.tint[k]
            });
            (tile.cos, tile.sin) = (cos * per_pitch, sin * per_pitch);
        });
    }

    fn set(&self, pixels: &mut [u8]) {
        let Self { sizes, arch, pitch, columns, sites, tiles, .. } = self;
        let (width, pitch, columns) = (sizes.width, *pitch, *columns);
        pixels.par_chunks_exact_mut(width * 3).enumerate().with_min_len(8).for_each(|(y, row)| {
            vectorised(
                *arch,
                #[inline(always)]
                || {
                    let middle = y as f32 + 0.5;
                    let cell_row = (middle / pitch) as usize + 1;
                    let out = row.as_chunks_mut::<3>().0;
                    let (mut from, mut cell) = (0, 1);
                    while from < width {
                        // The pixels of this row whose middles lie in this cell.
                        let to = ((cell as f32 * pitch + 0.5) as usize).clamp(from + 1, width);
                        let near = Near::new((sites, tiles), columns, cell, cell_row, middle);
                        for start in (from..to).step_by(RUN) {
                            let found = near.find(start as f32 + 0.5);
                            let end = (start + RUN).min(to);
                            for (i, out) in out[start..end].iter_mut().enumerate() {
                                let index = near.index(found.which[i] as usize);
                                let rim = found.second[i].sqrt().sqrt() - found.first[i].sqrt().sqrt();
                                let at = ((start + i) as f32 + 0.5, middle);
                                *out = shade(0.5 * rim, at, &sites[index], &tiles[index], 1.0 / pitch);
                            }
                        }
                        (from, cell) = (to, cell + 1);
                    }
                },
            );
        });
    }
}

/// The nine sites round a cell, as one row of pixels sees them: `u = cos * x + u0`, `v = v0 - sin * x`, in pitches.
struct Near {
    first: usize,
    columns: usize,
    cos: [f32; 9],
    sin: [f32; 9],
    u0: [f32; 9],
    v0: [f32; 9],
}

/// Fourth powers of the distances to the nearest and second nearest site, and which of nine is nearest.
struct Found {
    first: [f32; RUN],
    second: [f32; RUN],
    which: [i32; RUN],
}

impl Near {
    #[inline(always)]
    fn new((sites, tiles): (&[Site], &[Tile]), columns: usize, cell: usize, cell_row: usize, y: f32) -> Self {
        let first = (cell_row - 1) * columns + (cell.min(columns - 2) - 1);
        let mut near = Self { first, columns, cos: [0.0; 9], sin: [0.0; 9], u0: [0.0; 9], v0: [0.0; 9] };
        for k in 0..9 {
            let (site, tile) = (&sites[near.index(k)], &tiles[near.index(k)]);
            let dy = y - site.y;
            near.cos[k] = tile.cos;
            near.sin[k] = tile.sin;
            near.u0[k] = tile.sin * dy - tile.cos * site.x;
            near.v0[k] = tile.cos * dy + tile.sin * site.x;
        }
        near
    }

    #[inline(always)]
    fn index(&self, k: usize) -> usize {
        self.first + k / 3 * self.columns + k % 3
    }

    /// For [`RUN`] pixels from `x` on.
    #[inline(always)]
    fn find(&self, x: f32) -> Found {
        let mut found = Found { first: [1e9; RUN], second: [1e9; RUN], which: [0; RUN] };
        for k in 0..9 {
            for i in 0..RUN {
                let x = x + i as f32;
                let (u, v) = (self.cos[k] * x + self.u0[k], self.v0[k] - self.sin[k] * x);
                let (u, v) = (u * u, v * v);
                let power = u * u + v * v;
                let nearer = power < found.first[i];
                found.second[i] = if nearer { found.first[i] } else { found.second[i].min(power) };
                found.which[i] = if nearer { k as i32 } else { found.which[i] };
                found.first[i] = found.first[i].min(power);
            }
        }
        found
    }
}

/// The colour of a pixel `rim` pitches inside the rim of its tile.
#[inline(always)]
fn shade(rim: f32, at: (f32, f32), site: &Site, tile: &Tile, per_pitch: f32) -> [u8; 3] {
    let (dx, dy) = ((at.0 - site.x) * per_pitch, (at.1 - site.y) * per_pitch);
    let stone = smoothstep(GROUT * 0.45, GROUT * 1.5, rim);
    let bevel = 1.0 - smoothstep(GROUT, GROUT + BEVEL, rim);
    // Light falls from the upper left: bevels that face it are light, the others dark.
    let facing = -(dx + 1.2 * dy);
    let light = 1.0 + 0.42 * bevel * facing + site.lean.0 * dx + site.lean.1 * dy;
    let gloss = 0.1 * bevel * facing.max(0.0);
    let bright = luma(tile.colour);
    each(|k| {
        let value = tile.colour[k];
        let lit = value * light + gloss;
        let grout = 0.13 + 0.3 * bright + 0.12 * value;
        byte(grout + stone * (lit - grout))
    })
}

impl Paint for Mosaic {
    fn paint(&mut self, pixels: &mut [u8]) {
        let Self { sizes, arch, look, kuwahara, colour, bright, flow, colours, .. } = self;
        let unit = sizes.coarse_unit();
        look.see_colour(pixels);
        look.coarse_luma(bright);
        flow.follow(bright, (5.0 * unit).max(0.5));
        for (target, source) in colour.iter_mut().zip(&look.colour) {
            target.data.copy_from_slice(&source.data);
        }
        kuwahara.run(colour, (3.4 * unit).max(1.0), *arch);
        let [red, green, blue] = &*colour;
        colours.pack([red, green, blue, bright]);
        self.cut();
        self.set(pixels);
    }

    fn reset(&mut self) {
        self.look.reset();
        self.flow.reset();
    }
}

/// The site of a cell; the first cell's corner lies one pitch up and left of the picture's.
fn site(seed: u64, column: usize, row: usize, pitch: f32) -> Site {
    let dice = |which: u64| chance(seed ^ (0x900 + which), column as i64, row as i64) - 0.5;
    let (bright, warm) = (0.2 * dice(2), 0.07 * dice(3));
    Site {
        x: (column as f32 - 0.5 + 2.0 * STRAY * dice(0)) * pitch,
        y: (row as f32 - 0.5 + 2.0 * STRAY * dice(1)) * pitch,
        tint: [bright + warm, bright, bright - warm],
        lean: (0.25 * dice(4), 0.25 * dice(5)),
    }
}
