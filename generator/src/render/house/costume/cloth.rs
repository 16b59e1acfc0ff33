//! What a world's dress is made of: tiles of cloth that repeat without a seam.

use std::f32::consts::TAU;

use rayon::iter::{IntoParallelIterator, ParallelIterator};

use crate::render::style::plane::smoothstep;
use crate::render::style::texture::{self, chance};
use crate::scene::Theme;

/// Texels of a tile in each direction. A tile is as wide as the shoulders.
pub const SIDE: usize = 256;

/// Colour 0..1, and how much of it shines by itself instead of being lit.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Texel {
    pub colour: [f32; 3],
    pub glow: f32,
}

/// A square of cloth, repeating in both directions.
#[derive(Clone, Debug)]
pub struct Tile(Vec<Texel>);

impl Tile {
    fn weave(texel: impl Fn(f32, f32) -> Texel + Sync) -> Self {
        let at = |i: usize| (i as f32 + 0.5) / SIDE as f32;
        Self((0..SIDE * SIDE).into_par_iter().map(|i| texel(at(i % SIDE), at(i / SIDE))).collect())
    }

    /// Row by row red, green, blue and glow of each texel.
    pub fn values(&self) -> impl Iterator<Item = f32> + '_ {
        self.0.iter().flat_map(|texel| [texel.colour[0], texel.colour[1], texel.colour[2], texel.glow])
    }

    /// The cloth at (u, v), in tiles, bilinear.
    #[inline(always)]
    #[must_use]
    pub fn at(&self, u: f32, v: f32) -> Texel {
        let spread = |x: f32| {
            let x = (x - x.floor()) * SIDE as f32 + (SIDE as f32 - 0.5);
            let low = x as usize;
            (low % SIDE, (low + 1) % SIDE, x - low as f32)
        };
        let ((x0, x1, fx), (y0, y1, fy)) = (spread(u), spread(v));
        let texel = |x: usize, y: usize| {
            let Texel { colour: [red, green, blue], glow } = self.0[y * SIDE + x];
            [red, green, blue, glow]
        };
        let (a, b, c, d) = (texel(x0, y0), texel(x1, y0), texel(x0, y1), texel(x1, y1));
        let mut mix = [0.0; 4];
        for k in 0..4 {
            let (top, bottom) = (a[k] + fx * (b[k] - a[k]), c[k] + fx * (d[k] - c[k]));
            mix[k] = top + fy * (bottom - top);
        }
        let [red, green, blue, glow] = mix;
        Texel { colour: [red, green, blue], glow }
    }
}

const _: () = assert!(SIDE == otherglass_kernels::costume::SIDE);

/// What a world dresses its visitors in.
#[derive(Clone, Debug)]
pub struct Costume {
    /// Instead of the visitor's own cloth.
    pub cloth: Tile,
    /// What lies over the shoulders, and how far down it reaches, in shoulder widths.
    pub mantle: Option<(Tile, f32)>,
}

impl Costume {
    #[must_use]
    pub fn of(theme: Theme) -> Self {
        let plain = |cloth| Self { cloth, mantle: None };
        match theme {
            Theme::ThroneHall => {
                Self { cloth: leather(), mantle: Some((fur([0.10, 0.08, 0.07], [0.50, 0.43, 0.37], 0.5), 0.40)) }
            }
            Theme::IceKingdom => {
                Self { cloth: frost(), mantle: Some((fur([0.70, 0.78, 0.88], [0.98, 0.99, 1.0], 0.2), 0.24)) }
            }
            Theme::Underwater => plain(scales()),
            Theme::Space => plain(suit()),
            Theme::Jungle => plain(leaves()),
            Theme::Desert => plain(linen()),
            Theme::CandyLand => plain(candy()),
            Theme::NeonCity => plain(neon()),
            Theme::Volcano => plain(embers()),
            Theme::NightSky => plain(stars()),
        }
    }
}

fn lit(colour: [f32; 3], by: f32) -> Texel {
    Texel { colour: colour.map(|c| c * by), glow: 0.0 }
}

fn mixed(a: [f32; 3], b: [f32; 3], share: f32) -> [f32; 3] {
    std::array::from_fn(|k| a[k] + share.clamp(0.0, 1.0) * (b[k] - a[k]))
}

/// Value noise 0..1 of so many cells a tile across and down; repeats with the tile.
#[must_use]
pub fn noise(u: f32, v: f32, (across, down): (i32, i32), salt: u64) -> f32 {
    texture::noise_of(u * across as f32, v * down as f32, |x, y| {
        chance(salt, x.rem_euclid(i64::from(across)), y.rem_euclid(i64::from(down)))
    })
}

/// The nearest and the second nearest of points strewn one a cell: both distances in cells, and a number of the nearest.
fn cells(u: f32, v: f32, count: i64, salt: u64) -> (f32, f32, f32) {
    let (x, y) = (u * count as f32, v * count as f32);
    let (x0, y0) = (x.floor() as i64, y.floor() as i64);
    let (mut first, mut second, mut which) = (f32::MAX, f32::MAX, 0.0);
    for (dx, dy) in (-1..=1).flat_map(|dy| (-1..=1).map(move |dx| (dx, dy))) {
        let (cx, cy) = ((x0 + dx).rem_euclid(count), (y0 + dy).rem_euclid(count));
        let px = (x0 + dx) as f32 + 0.15 + 0.7 * chance(salt, cx, cy);
        let py = (y0 + dy) as f32 + 0.15 + 0.7 * chance(salt + 1, cx, cy);
        let distance = (px - x).hypot(py - y);
        if distance < first {
            (second, first, which) = (first, distance, chance(salt + 2, cx, cy));
        } else if distance < second {
            second = distance;
        }
    }
    (first, second, which)
}

/// Quilted leather: diamonds between stitched seams.
fn leather() -> Tile {
    Tile::weave(|u, v| {
        let (a, b) = ((u + v) * 6.0, (u - v) * 6.0);
        let (a, b) = (a - a.floor() - 0.5, b - b.floor() - 0.5);
        let seam = (0.5 - a.abs()).min(0.5 - b.abs());
        let bulge = 0.86 - 0.32 * (a - b) * 0.5 + 0.22 * smoothstep(0.0, 0.25, seam);
        let worn = 0.82 + 0.36 * noise(u, v, (24, 24), 1) * noise(u, v, (6, 6), 2) + 0.10 * noise(u, v, (96, 96), 3);
        let groove = 0.45 + 0.55 * smoothstep(0.02, 0.09, seam);
        let along = if (0.5 - a.abs()) < (0.5 - b.abs()) { b } else { a };
        let stitch = if (0.075..0.105).contains(&seam) && (along * 10.0).rem_euclid(1.0) < 0.55 { 0.35 } else { 0.0 };
        let brown = mixed([0.27, 0.165, 0.10], [0.36, 0.25, 0.16], noise(u, v, (5, 5), 4));
        let colour = mixed(brown.map(|c| c * bulge * worn * groove), [0.62, 0.52, 0.38], stitch);
        Texel { colour, glow: 0.0 }
    })
}

/// Fur: strands that hang and sway; `tips`: how much darker its locks are between than at their tips.
fn fur(dark: [f32; 3], light: [f32; 3], tips: f32) -> Tile {
    Tile::weave(|u, v| {
        let sway = 0.05 * (noise(u, v, (5, 7), 10) - 0.5) + 0.012 * (noise(u, v, (16, 20), 11) - 0.5);
        let u = u + sway;
        let strand = 0.5 * noise(u, v, (110, 9), 12) + 0.5 * noise(u, v, (64, 7), 13);
        let lock = noise(u, v + 0.05 * noise(u, v, (18, 3), 15), (20, 8), 14);
        let shade = 0.30 + 1.1 * (strand - 0.35) + tips * 0.9 * (lock - 0.45);
        Texel { colour: mixed(dark, light, shade), glow: 0.0 }
    })
}

/// Ice-blue cloth with veins of frost.
fn frost() -> Tile {
    Tile::weave(|u, v| {
        let bent = |salt| 0.10 * (noise(u, v, (6, 6), salt) - 0.5);
        let (first, second, _) = cells(u + bent(20), v + bent(21), 6, 22);
        let (fine, finer, _) = cells(u + bent(21), v + bent(20), 15, 25);
        let vein = 1.0 - smoothstep(0.0, 0.10, second - first);
        let small = (1.0 - smoothstep(0.0, 0.14, finer - fine)) * noise(u, v, (7, 7), 28);
        let sparkle = smoothstep(0.93, 1.0, noise(u, v, (120, 120), 29));
        let frost = (0.26 * vein + 0.20 * small + 0.5 * sparkle).min(1.0);
        let cloth = mixed([0.30, 0.50, 0.74], [0.46, 0.68, 0.88], noise(u, v, (5, 5), 30));
        Texel { colour: mixed(cloth, [0.93, 0.97, 1.0], frost), glow: 0.4 * frost }
    })
}

/// Scales of a fish, row over row.
fn scales() -> Tile {
    const ROWS: f32 = 12.0;
    Tile::weave(|u, v| {
        let mut shown = Texel::default();
        // The row above lies over the one below, so the uppermost that reaches here is seen.
        for above in [1, 0] {
            let row = (v * ROWS).floor() as i64 - above;
            let x = u * ROWS + if row.rem_euclid(2) == 0 { 0.0 } else { 0.5 };
            let (dx, dy) = (x - x.floor() - 0.5, v * ROWS - row as f32);
            let edge = dx.hypot((dy - 0.75).max(0.0)) - 0.56;
            if dy - 0.75 > 0.56 || edge > 0.0 {
                continue;
            }
            let which = chance(40, (x.floor() as i64).rem_euclid(ROWS as i64), row.rem_euclid(ROWS as i64));
            let teal = mixed([0.05, 0.34, 0.40], [0.16, 0.62, 0.56], which);
            let rim = smoothstep(-0.14, -0.02, edge);
            let body = 0.55 + 0.45 * smoothstep(0.1, 1.2, dy);
            shown = Texel {
                colour: mixed(teal.map(|c| c * body), [0.62, 0.92, 0.86], 0.55 * rim * (1.0 - rim) * 4.0),
                glow: 0.0,
            };
            if above == 1 {
                break;
            }
        }
        shown
    })
}

/// A white suit in padded rings.
fn suit() -> Tile {
    Tile::weave(|u, v| {
        let ring = v * 5.0 - (v * 5.0).floor();
        let pad = (ring * (1.0 - ring) * 4.0).powf(0.35);
        let panel = (u - 0.5).abs();
        let line = if (0.235..0.25).contains(&panel) { 0.72 } else { 1.0 };
        let stripe = smoothstep(0.245, 0.25, panel) * (1.0 - smoothstep(0.285, 0.29, panel));
        let weave = 0.97 + 0.03 * noise(u, v, (128, 128), 50);
        Texel {
            colour: mixed([0.84, 0.86, 0.90], [0.86, 0.36, 0.14], stripe)
                .map(|c| c * (0.62 + 0.38 * pad) * line * weave),
            glow: 0.0,
        }
    })
}

/// Leaves over leaves.
fn leaves() -> Tile {
    Tile::weave(|u, v| {
        let (first, second, which) = cells(u, v, 9, 60);
        let edge = smoothstep(0.0, 0.16, second - first);
        let green = mixed([0.10, 0.30, 0.08], [0.42, 0.60, 0.18], which);
        let rib = 0.5 + 0.5 * (first * 34.0 + 9.0 * which).sin();
        lit(green, (0.42 + 0.58 * edge) * (0.88 + 0.12 * rib) * (1.12 - 0.35 * first))
    })
}

/// Wraps of linen.
fn linen() -> Tile {
    Tile::weave(|u, v| {
        let wave = 0.03 * (noise(u, v, (5, 5), 70) - 0.5);
        let band = (u + 3.0 * v) * 2.0 + 5.0 * wave;
        let fold = band - band.floor();
        let thread = 0.93 + 0.05 * noise(u, v, (128, 40), 71) + 0.05 * noise(u, v, (40, 128), 72);
        let sand = mixed([0.74, 0.62, 0.44], [0.86, 0.77, 0.60], noise(u, v, (4, 4), 73));
        lit(sand, thread * (0.70 + 0.34 * smoothstep(0.0, 0.75, fold) - 0.18 * smoothstep(0.88, 1.0, fold)))
    })
}

/// Candy stripes.
fn candy() -> Tile {
    Tile::weave(|u, v| {
        let stripe = (u + v) * 5.0;
        let x = stripe - stripe.floor();
        let red = smoothstep(0.0, 0.03, x) * (1.0 - smoothstep(0.47, 0.50, x));
        let thin = smoothstep(0.70, 0.72, x) * (1.0 - smoothstep(0.77, 0.79, x));
        let pink = mixed([0.99, 0.93, 0.95], [0.93, 0.30, 0.52], red);
        lit(mixed(pink, [0.45, 0.82, 0.84], thin), 0.95)
    })
}

/// Black cloth with lines that shine.
fn neon() -> Tile {
    Tile::weave(|u, v| {
        let (x, y) = (u * 4.0, v * 4.0);
        let (cx, cy) = (x.floor() as i64, y.floor() as i64);
        let (fx, fy) = (x - x.floor() - 0.5, y - y.floor() - 0.5);
        let turned = chance(80, cx.rem_euclid(4), cy.rem_euclid(4)) < 0.5;
        // Arcs round two opposite corners of each cell, as on Truchet's tiles: lines that never end.
        let fx = if turned { -fx } else { fx };
        let arc = |cx: f32, cy: f32| ((fx - cx).hypot(fy - cy) - 0.5).abs();
        let (a, b) = (arc(-0.5, -0.5), arc(0.5, 0.5));
        let distance = a.min(b);
        let line = 1.0 - smoothstep(0.020, 0.050, distance);
        let halo = 0.35 * (-distance * 14.0).exp();
        let hue = smoothstep(0.25, 0.75, 0.5 + 0.5 * (TAU * (u + v)).sin());
        let light = mixed([0.10, 0.95, 1.0], [1.0, 0.20, 0.85], hue);
        let black = [0.055, 0.055, 0.085].map(|c| c * (0.9 + 0.2 * noise(u, v, (64, 64), 81)));
        let share = (line + halo).min(1.0);
        Texel { colour: mixed(black, light, share), glow: share }
    })
}

/// Charred crust with glowing cracks.
fn embers() -> Tile {
    Tile::weave(|u, v| {
        let bent = |salt| 0.07 * (noise(u, v, (9, 9), salt) - 0.5);
        let (first, second, which) = cells(u + bent(90), v + bent(91), 8, 92);
        let crack = second - first;
        let heat = noise(u, v, (4, 4), 95);
        let core = (1.0 - smoothstep(0.0, 0.07 + 0.06 * heat, crack)) * (0.35 + 0.65 * heat);
        let halo = 0.32 * (-crack * 9.0).exp() * heat;
        let crust = [0.13, 0.11, 0.105].map(|c| c * (0.7 + 0.6 * which) * (0.75 + 0.5 * noise(u, v, (48, 48), 96)));
        let share = (core + halo).min(1.0);
        Texel { colour: mixed(crust, mixed([0.95, 0.26, 0.04], [1.0, 0.72, 0.22], core), share), glow: share }
    })
}

/// Midnight blue, full of stars.
fn stars() -> Tile {
    Tile::weave(|u, v| {
        let (near, _, which) = cells(u, v, 16, 100);
        let star = if which > 0.45 {
            (1.0 - smoothstep(0.03, 0.05 + 0.10 * which * which, near)) * (0.5 + 0.5 * which)
        } else {
            0.0
        };
        let haze = noise(u, v, (4, 4), 103) * noise(u, v, (9, 9), 104);
        let blue = mixed([0.05, 0.065, 0.19], [0.24, 0.16, 0.42], 1.3 * haze);
        Texel { colour: mixed(blue, [0.96, 0.95, 1.0], star), glow: star }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_cloth_repeats_without_a_seam_and_is_a_colour() {
        for theme in Theme::ALL {
            let costume = Costume::of(*theme);
            for tile in std::iter::once(&costume.cloth).chain(costume.mantle.as_ref().map(|(tile, _)| tile)) {
                assert!(
                    tile.0.iter().all(|t| t.colour.iter().chain([&t.glow]).all(|v| (0.0..=1.0).contains(v))),
                    "{theme:?}"
                );
                let at = |x: usize, y: usize| tile.0[y * SIDE + x].colour;
                let step = |a: [f32; 3], b: [f32; 3]| (0..3).map(|k| (a[k] - b[k]).abs()).sum::<f32>();
                let mean = |pairs: &dyn Fn(usize) -> f32| (0..SIDE).map(pairs).sum::<f32>() / SIDE as f32;
                // The step over the seam is like those inside.
                let inside: f32 = (1..SIDE).map(|x| mean(&|i| step(at(x - 1, i), at(x, i)))).fold(0.0, f32::max);
                let over = mean(&|i| step(at(SIDE - 1, i), at(0, i)));
                assert!(over <= 1.6 * inside + 0.01, "{theme:?}: {over} over the seam, {inside} inside");
                let inside: f32 = (1..SIDE).map(|y| mean(&|i| step(at(i, y - 1), at(i, y)))).fold(0.0, f32::max);
                let over = mean(&|i| step(at(i, SIDE - 1), at(i, 0)));
                assert!(over <= 1.6 * inside + 0.01, "{theme:?}: {over} over the seam, {inside} inside");
                let (here, next) = (tile.at(0.25, 0.75), tile.at(-0.75, 2.75));
                assert!(step(here.colour, next.colour) < 1e-3);
            }
        }
    }
}
