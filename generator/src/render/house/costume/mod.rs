//! A world dresses its visitors: furs and leather in the throne hall, frost in the ice kingdom.
//!
//! The visitor's cloth (torso and sleeves, as the sense network sees them) is given the colour and pattern of the world's
//! [`Costume`]. The light of its folds stays the camera's. The pattern lies in the frame of the shoulders, so that it goes
//! where the visitor goes. What has the face's colour stays as it is on arms and at the neckline, except under fur; further
//! down the torso it is dyed like any cloth. Face, hair and hands always stay.

mod cloth;

use pulp::{Arch, Simd, WithSimd};
use rayon::iter::{IndexedParallelIterator, ParallelIterator};
use rayon::slice::ParallelSliceMut;

use super::elementary::exp;
use super::frames::ItemFrame;
use super::matte::brightness;
use super::nets::{Grid, PAINT, PARTS, part};
use super::planes::{Enlarge, Fit};
use crate::render::style::plane::ease;
use crate::render::style::texture::chance;
use crate::scene::Theme;

use cloth::{Costume, Texel};
use half::f16;
use otherglass_kernels::costume as device;

/// Standard deviation of the skin's chromaticity about that of the face.
const SKIN_SPREAD: f32 = 0.030;
/// How far below the shoulders a neckline may show skin, in shoulder widths: surely, and at most.
const NECKLINE: (f32, f32) = (0.10, 0.42);
/// How fast what is known of the light follows what is seen, a frame.
const FOLLOWS: f32 = 0.15;
/// Half a frame's doubt about a cell is kept from the frame before.
const KEPT: f32 = 0.5;
/// The mantle's edge is this ragged, in shoulder widths.
const RAGGED: f32 = 0.07;

/// The edge's noise along the middle of a tile that is two cells high: the values of its second row.
#[derive(Clone, Copy, Debug)]
struct Edge {
    locks: [f32; device::LOCKS],
    strands: [f32; device::STRANDS],
}

impl Edge {
    fn new() -> Self {
        let at = |salt: u64, i: usize| chance(salt, i as i64, 1);
        Self { locks: std::array::from_fn(|i| at(7, i)), strands: std::array::from_fn(|i| at(8, i)) }
    }
}

/// Value noise along the mantle's edge, at `u` shoulder widths from the middle: `N` values over the two shoulder widths from
/// -1 to 1, repeating.
#[inline(always)]
fn along<const N: usize>(values: &[f32; N], u: f32) -> f32 {
    let x = (u * 0.5 + 0.5) * N as f32;
    let left = x.floor();
    let share = x - left;
    let (a, b) = ((left as i32).rem_euclid(N as i32) as usize, (left as i32 + 1).rem_euclid(N as i32) as usize);
    values[a] + ease(share) * (values[b] - values[a])
}

/// A world's costume as the device takes it, with its tiles of cloth and mantle in f16.
#[must_use]
pub fn for_device(theme: Theme) -> (device::Costume, Vec<u8>) {
    let Costume { cloth, mantle } = Costume::of(theme);
    let Edge { locks, strands } = Edge::new();
    let ragged = |depth| (depth, locks, strands);
    let tiles = cloth.values().chain(mantle.iter().flat_map(|(fur, _)| fur.values()));
    let mut bytes: Vec<u8> = tiles.flat_map(|value| f16::from_f32(value).to_le_bytes()).collect();
    bytes.resize(2 * device::TILES_LEN, 0);
    (device::Costume::new(mantle.map(|(_, depth)| ragged(depth))), bytes)
}

/// The colours of a visitor, settled over time.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Seen {
    /// Mean brightness of the cloth.
    cloth: f32,
    /// Mean brightness of the face, for the light of the room.
    face: f32,
    /// Chromaticity of the face: shares of red and green.
    skin: [f32; 2],
}

/// Memory kept from frame to frame.
#[derive(Debug)]
pub struct Tailor {
    costume: Option<(Theme, Costume)>,
    seen: Option<Seen>,
    /// How surely each cell (48, 64) is cloth that may be dyed whatever its colour, and cloth or skin.
    cells: Vec<[f32; 2]>,
    out: Vec<u8>,
    sized: Option<ForSize>,
    edge: Edge,
    arch: Arch,
}

/// Where the camera's pixels lie among the cells.
#[derive(Debug)]
struct ForSize {
    camera: (usize, usize),
    columns: Enlarge,
    rows: Enlarge,
}

impl Default for Tailor {
    fn default() -> Self {
        let (costume, seen, cells, out, sized) = (None, None, Vec::new(), Vec::new(), None);
        Self { costume, seen, cells, out, sized, edge: Edge::new(), arch: Arch::new() }
    }
}

impl Tailor {
    /// Forgets the visitor.
    pub fn reset(&mut self) {
        self.seen = None;
        self.cells.clear();
    }

    /// The camera's picture with the visitor dressed for that world.
    ///
    /// `camera`: RGB bytes of `size`; `small` (3, 192, 256) the same, shrunk; `parts` (48, 64, 9) probabilities;
    /// `shoulders`: the frame of the shoulders in pixels of the camera.
    pub fn put_on(
        &mut self,
        theme: Theme,
        (camera, size): (&[u8], (usize, usize)),
        fit: Fit,
        small: &[f32],
        parts: &Grid,
        shoulders: &ItemFrame,
    ) -> &[u8] {
        let (across, down) = (parts.width, parts.height);
        assert!(parts.channels == PARTS && PAINT == (across * 4, down * 4) && camera.len() == size.0 * size.1 * 3);
        self.look(small, parts);
        if self.costume.as_ref().is_none_or(|(of, _)| *of != theme) {
            self.costume = Some((theme, Costume::of(theme)));
        }
        if self.sized.as_ref().is_none_or(|s| s.camera != size) {
            let columns = Enlarge::new(size.0, across, fit.scale / 4.0, fit.left / 4.0);
            let rows = Enlarge::new(size.1, down, fit.scale / 4.0, fit.top / 4.0);
            self.sized = Some(ForSize { camera: size, columns, rows });
        }
        self.out.clear();
        self.out.extend_from_slice(camera);
        let (Some((_, costume)), Some(sized), Some(seen)) = (&self.costume, &self.sized, self.seen) else {
            return &self.out;
        };
        let Some(place) = Place::of(shoulders) else { return &self.out };
        let (cells, fitting) = (&self.cells, Fitting::new(costume, &self.edge, seen));
        self.out.par_chunks_exact_mut(size.0 * 3).enumerate().with_min_len(8).for_each_init(
            || vec![[0.0; 2]; across],
            |line, (y, row)| {
                let (low, high, weight) = (sized.rows.low[y], sized.rows.high[y], sized.rows.weight[y]);
                let (low, high) = (&cells[low * across..][..across], &cells[high * across..][..across]);
                for ((cell, low), high) in line.iter_mut().zip(low).zip(high) {
                    *cell = std::array::from_fn(|k| low[k] + weight * (high[k] - low[k]));
                }
                self.arch.dispatch(Dye { fitting: &fitting, columns: &sized.columns, line, place, y, row });
            },
        );
        &self.out
    }

    /// Takes in where cloth is, and how bright it and the face are.
    fn look(&mut self, small: &[f32], parts: &Grid) {
        let area = PAINT.0 * PAINT.1;
        let fresh = self.cells.is_empty();
        self.cells.resize(parts.width * parts.height, [0.0; 2]);
        let (mut cloth, mut face) = ([0.0_f32; 2], [0.0_f32; 4]);
        for (i, cell) in self.cells.iter_mut().enumerate() {
            let (y, x) = (i / parts.width, i % parts.width);
            let pixel = parts.pixel(y, x);
            let at = (y * 4 + 1) * PAINT.0 + x * 4 + 1;
            let colour: [f32; 3] = std::array::from_fn(|k| {
                let plane = &small[k * area..];
                0.25 * (plane[at] + plane[at + 1] + plane[at + PAINT.0] + plane[at + PAINT.0 + 1])
            });
            // Sure shares only: where parts meet, colours are mixed.
            let sure = |share: f32| ((share - 0.6) / 0.4).max(0.0);
            let light = brightness(colour[0], colour[1], colour[2]);
            let (on_cloth, on_face) = (sure(pixel[part::TORSO]), sure(pixel[part::FACE]));
            (cloth[0], cloth[1]) = (cloth[0] + on_cloth * light, cloth[1] + on_cloth);
            for (sum, value) in face.iter_mut().zip([colour[0], colour[1], colour[2], 1.0]) {
                *sum += on_face * value;
            }
            let now = [pixel[part::TORSO], pixel[part::ARMS[0]] + pixel[part::ARMS[1]]];
            for (kept, now) in cell.iter_mut().zip(now) {
                *kept = if fresh { now } else { now + KEPT * (*kept - now) };
            }
        }
        if cloth[1] < 1.0 {
            return; // nothing is seen to be dressed; what was known stays
        }
        let before = self.seen;
        let skin = if face[3] > 1.0 {
            let sum = (face[0] + face[1] + face[2]).max(1e-3);
            ([face[0] / sum, face[1] / sum], brightness(face[0], face[1], face[2]) / face[3])
        } else {
            before.map_or(([0.42, 0.31], 0.5), |seen| (seen.skin, seen.face))
        };
        let now = Seen { cloth: cloth[0] / cloth[1], face: skin.1, skin: skin.0 };
        let follow = |before: f32, now: f32| before + FOLLOWS * (now - before);
        self.seen = Some(before.map_or(now, |before| Seen {
            cloth: follow(before.cloth, now.cloth),
            face: follow(before.face, now.face),
            skin: std::array::from_fn(|k| follow(before.skin[k], now.skin[k])),
        }));
    }
}

/// From pixels of the camera to the cloth: the inverse of the shoulders' frame, v downwards.
#[derive(Clone, Copy)]
struct Place {
    origin: [f32; 2],
    rows: [[f32; 2]; 2],
}

impl Place {
    /// None where the frame has no area.
    fn of(frame: &ItemFrame) -> Option<Self> {
        let determinant = frame.ex.x * frame.ey.y - frame.ex.y * frame.ey.x;
        if determinant.abs() < 1.0 || !determinant.is_finite() {
            return None;
        }
        let by = 1.0 / determinant;
        let rows = [[frame.ey.y * by, -frame.ey.x * by], [frame.ex.y * by, -frame.ex.x * by]];
        Some(Self { origin: [frame.o.x, frame.o.y], rows })
    }

    #[inline(always)]
    fn uv(&self, x: f32, y: f32) -> (f32, f32) {
        let (x, y) = (x - self.origin[0], y - self.origin[1]);
        let [[a, b], [c, d]] = self.rows;
        (a * x + b * y, c * x + d * y)
    }
}

/// Dyes one row of the camera's picture.
struct Dye<'a> {
    fitting: &'a Fitting<'a>,
    columns: &'a Enlarge,
    /// The cells, mixed for the row.
    line: &'a [[f32; 2]],
    place: Place,
    y: usize,
    row: &'a mut [u8],
}

impl WithSimd for Dye<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        /// Where there is less cloth than that nothing is dyed.
        const LEAST: f32 = 0.03;
        let Self { fitting, columns, line, place, y, row } = self;
        let places = columns.low.iter().zip(&columns.high).zip(&columns.weight);
        for (x, (pixel, ((&left, &right), &along))) in row.chunks_exact_mut(3).zip(places).enumerate() {
            let (left, right) = (line[left], line[right]);
            if (left[0] + left[1]).max(right[0] + right[1]) <= LEAST {
                continue;
            }
            let cloth = left[0] + along * (right[0] - left[0]);
            let maybe = left[1] + along * (right[1] - left[1]);
            if cloth + maybe > LEAST {
                fitting.dye(pixel, (cloth, maybe), place.uv(x as f32 + 0.5, y as f32 + 0.5));
            }
        }
    }
}

struct Fitting<'a> {
    costume: &'a Costume,
    edge: &'a Edge,
    seen: Seen,
    /// One through the cloth's brightness, and the light of the room.
    by_cloth: f32,
    room: f32,
}

impl<'a> Fitting<'a> {
    fn new(costume: &'a Costume, edge: &'a Edge, seen: Seen) -> Self {
        let room = (0.55 + 0.9 * seen.face).clamp(0.6, 1.15);
        Self { costume, edge, seen, by_cloth: 1.0 / (seen.cloth + 0.07), room }
    }

    /// Dyes one pixel: `cloth` is how surely it is the torso's, `maybe` an arm's, sleeved or bare; (u, v) in shoulder widths
    /// from the base of the neck.
    #[inline(always)]
    fn dye(&self, pixel: &mut [u8], (cloth, maybe): (f32, f32), (u, v): (f32, f32)) {
        let byte = |k: usize| f32::from(pixel[k]) * (1.0 / 255.0);
        let colour = [byte(0), byte(1), byte(2)];
        let bare = self.bare(colour);
        let neckline = 1.0 - ((v - NECKLINE.0) / (NECKLINE.1 - NECKLINE.0)).clamp(0.0, 1.0);
        let (worn, mantle) = self.garment(u, v);
        let open = bare * neckline * (1.0 - mantle * ((v - 0.02) * 12.0).clamp(0.0, 1.0));
        // A mantle covers bare shoulders too.
        let sleeve = maybe * (1.0 - bare * (1.0 - mantle));
        let share = ease((cloth * (1.0 - open) + sleeve).min(1.0));
        let light = brightness(colour[0], colour[1], colour[2]);
        // Folds stay, and so does the visitor: a print shows through.
        let root = ((light + 0.07) * self.by_cloth).sqrt();
        let fold = (root * root.sqrt()).clamp(0.40, 1.40); // to the power of 3/4
        let lit = fold * self.room * (1.0 - worn.glow) + worn.glow;
        for k in 0..3 {
            let dyed = colour[k] + share * ((worn.colour[k] * lit).min(1.0) - colour[k]);
            pixel[k] = (dyed.clamp(0.0, 1.0) * 255.0 + 0.5) as u8;
        }
    }

    /// 1 for the face's own chromaticity, falling off with the distance from it.
    #[inline(always)]
    fn bare(&self, [red, green, blue]: [f32; 3]) -> f32 {
        let sum = red + green + blue;
        if sum < 0.12 {
            return 0.0; // too dark to tell
        }
        let by = 1.0 / sum;
        let apart = [red * by - self.seen.skin[0], green * by - self.seen.skin[1]];
        exp(-(apart[0] * apart[0] + apart[1] * apart[1]) / (2.0 * SKIN_SPREAD * SKIN_SPREAD))
    }

    /// What is worn there, and how much of it is the mantle.
    #[inline(always)]
    fn garment(&self, u: f32, v: f32) -> (Texel, f32) {
        let cloth = self.costume.cloth.at(u, v);
        let Some((fur, depth)) = &self.costume.mantle else { return (cloth, 0.0) };
        // Deeper in the middle, ragged by locks and strands.
        let edge = depth
            + 0.10 * (1.0 - (2.2 * u).powi(2)).max(-1.0)
            + RAGGED * (along(&self.edge.locks, u) + 0.6 * along(&self.edge.strands, u) - 0.8);
        let over = ((edge - v) * 40.0 + 0.5).clamp(0.0, 1.0);
        if over == 0.0 {
            let shadow = 1.0 - 0.55 * (1.0 - (v - edge) / 0.09).clamp(0.0, 1.0);
            let [red, green, blue] = cloth.colour;
            return (Texel { colour: [red * shadow, green * shadow, blue * shadow], glow: cloth.glow }, 0.0);
        }
        // Strands fall outwards over the shoulders.
        let fur = fur.at(u + 0.35 * u * v, v * 0.9 + 0.25 * u * u);
        // Rounder towards its edge.
        let round = 0.72 + 0.36 * ((edge - v) * 9.0).clamp(0.0, 1.0);
        let mix = |a: f32, b: f32| a + over * (b - a);
        let mut colour = cloth.colour;
        for (colour, fur) in colour.iter_mut().zip(fur.colour) {
            *colour = mix(*colour * 0.45, (fur * round).min(1.0));
        }
        (Texel { colour, glow: mix(cloth.glow, 0.0) }, over)
    }
}

#[cfg(test)]
mod tests;
