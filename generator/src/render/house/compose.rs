//! From the painter's maps to the picture, at the camera's full resolution.
//!
//! ```text
//! backdrop = world picture where a world is on, else the camera's own
//! behind   = what is worn behind the body, by its light, over the backdrop
//! person   = camera, dressed for the world, * gain + lift (all only in a world), over that by the matte
//! out      = what is worn in front, by its visibility and light, over that; plus the residual near what changed
//! ```
//!
//! Where nothing is worn and no world is on, `out` is the camera's pixel: the copy path. The formulas are those of
//! `training/house/compose.py`; only the matte is sharpened by the camera (see [`super::matte`]).

use pulp::{Arch, Simd, WithSimd};
use rayon::iter::{IndexedParallelIterator, ParallelIterator};
use rayon::slice::ParallelSliceMut;

use super::matte::{Matte, brightness};
use super::nets::{PAINT, PAINT_OUTPUTS, map};
use super::planes::{Enlarge, Fit, Rgba, dilate};

/// Values kept for each model pixel, in fours that go with red, green, blue and alpha: light and visibility, residual and
/// the matte's a, gain and the matte's b, lift and nothing.
const PACKED: usize = 16;
/// How far from what is worn the residual may reach, in model pixels.
const REACH: usize = 4;

/// The tables of one camera size, and memory that every frame overwrites.
#[derive(Debug)]
pub struct Composer {
    columns: Enlarge,
    rows: Enlarge,
    packed: Vec<f32>,
    gate: Vec<f32>,
    scratch: Vec<f32>,
    /// Of the model's rows, those in which something is other than the camera's.
    changed: Vec<bool>,
    arch: Arch,
}

/// One frame's ingredients. Sizes: `camera`, `person`, `world` and `out` are RGB bytes of the camera's size, `front` and
/// `behind` too in f32; `sketch_alpha` (192, 256) and `maps` (14, 192, 256) are the model's.
pub struct Ingredients<'a> {
    pub camera: &'a [u8],
    /// The camera's picture with the visitor dressed for the world (see [`super::costume`]); without a world the camera's.
    pub person: &'a [u8],
    pub world: Option<&'a [u8]>,
    pub front: &'a Rgba,
    pub behind: &'a Rgba,
    pub sketch_alpha: &'a [f32],
    pub maps: &'a [f32],
    pub matte: &'a Matte,
}

impl Composer {
    #[must_use]
    pub fn new(width: usize, height: usize, fit: Fit) -> Self {
        Self {
            columns: Enlarge::new(width, PAINT.0, fit.scale, fit.left),
            rows: Enlarge::new(height, PAINT.1, fit.scale, fit.top),
            packed: Vec::new(),
            gate: Vec::new(),
            scratch: Vec::new(),
            changed: Vec::new(),
            arch: Arch::new(),
        }
    }

    /// Writes the finished picture into `out`.
    pub fn run(&mut self, with: &Ingredients, out: &mut [u8]) {
        self.pack(with);
        let (width, this) = (self.columns.low.len(), &*self);
        out.par_chunks_exact_mut(width * 3).enumerate().with_min_len(8).for_each_init(
            || vec![0.0_f32; PAINT.0 * PACKED],
            |line, (y, out)| this.arch.dispatch(Row { composer: this, with, y, line, out }),
        );
    }

    /// Interleaves the maps pixel by pixel, the residual already limited to where something changed.
    fn pack(&mut self, with: &Ingredients) {
        let area = PAINT.0 * PAINT.1;
        assert!(with.maps.len() == PAINT_OUTPUTS * area && with.sketch_alpha.len() == area, "maps of another size");
        self.gate.clear();
        if with.world.is_some() {
            self.gate.resize(area, 1.0);
        } else {
            self.gate.extend_from_slice(with.sketch_alpha);
            dilate(&mut self.gate, PAINT.0, REACH, &mut self.scratch);
        }
        self.changed.clear();
        self.changed.extend(self.gate.chunks_exact(PAINT.0).map(|row| row.iter().any(|&gate| gate > 0.0)));
        self.packed.resize(area * PACKED, 0.0);
        let gate = &self.gate;
        self.packed.par_chunks_exact_mut(PACKED).enumerate().with_min_len(2048).for_each(|(i, pixel)| {
            let from = |plane: usize| with.maps[plane * area + i];
            for k in 0..3 {
                pixel[k] = from(map::ITEM_LIGHT + k);
                pixel[4 + k] = from(map::RESIDUAL + k) * gate[i];
                pixel[8 + k] = from(map::PERSON_GAIN + k);
                pixel[12 + k] = from(map::PERSON_LIFT + k);
            }
            (pixel[3], pixel[7], pixel[11]) = (from(map::VISIBLE), with.matte.a[i], with.matte.b[i]);
        });
    }
}

/// One row of the picture.
struct Row<'a, 'b> {
    composer: &'a Composer,
    with: &'a Ingredients<'b>,
    y: usize,
    /// Room for the maps of one row.
    line: &'a mut [f32],
    out: &'a mut [u8],
}

impl WithSimd for Row<'_, '_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        let Self { composer, with, y, .. } = self;
        let worn = with.front.may_hold(y) || with.behind.may_hold(y);
        match (with.world, worn) {
            (Some(world), true) => self.mix::<true>(Some(world)),
            (Some(world), false) => self.mix::<false>(Some(world)),
            (None, true) => self.mix::<true>(None),
            (None, false) => {
                let rows = &composer.rows;
                if composer.changed[rows.low[y]] || composer.changed[rows.high[y]] {
                    self.mix::<false>(None);
                } else {
                    self.out.copy_from_slice(&with.camera[y * self.out.len()..][..self.out.len()]);
                }
            }
        }
    }
}

impl Row<'_, '_> {
    #[inline(always)]
    fn mix<const WORN: bool>(self, world: Option<&[u8]>) {
        let Self { composer: Composer { columns, rows, packed, .. }, with, y, line, out } = self;
        let stride = PAINT.0 * PACKED;
        let low = &packed[rows.low[y] * stride..][..stride];
        let high = &packed[rows.high[y] * stride..][..stride];
        let weight = rows.weight[y];
        for ((value, a), b) in line.iter_mut().zip(low).zip(high) {
            *value = a + weight * (b - a);
        }
        let bytes = y * out.len()..(y + 1) * out.len();
        let (camera, person) = (&with.camera[bytes.clone()], &with.person[bytes.clone()]);
        let world = world.map(|world| &world[bytes]);
        let (front, behind) = (with.front.row(y), with.behind.row(y));
        let places = columns.low.iter().zip(&columns.high).zip(&columns.weight);
        for (x, (((&low, &high), &weight), out)) in places.zip(out.chunks_exact_mut(3)).enumerate() {
            let mut maps = [0.0_f32; PACKED];
            let low = &line[low * PACKED..][..PACKED];
            let high = &line[high * PACKED..][..PACKED];
            for ((value, a), b) in maps.iter_mut().zip(low).zip(high) {
                *value = a + weight * (b - a);
            }
            let item = |of: &[f32]| match WORN {
                true => [of[x * 4], of[x * 4 + 1], of[x * 4 + 2], of[x * 4 + 3]],
                false => [0.0; 4],
            };
            let pixel = Pixel {
                camera: rgb(camera, x),
                person: rgb(person, x),
                world: world.map(|row| rgb(row, x)),
                front: item(front),
                behind: item(behind),
            };
            let mixed = pixel.mix(&maps);
            for k in 0..3 {
                out[k] = mixed[k] as u8;
            }
        }
    }
}

/// Three bytes as 0..1; the fourth is nothing.
#[inline(always)]
fn rgb(row: &[u8], x: usize) -> [f32; 4] {
    let pixel = &row[x * 3..x * 3 + 3];
    let mut out = [f32::from(pixel[0]), f32::from(pixel[1]), f32::from(pixel[2]), 0.0];
    for value in &mut out {
        *value *= 1.0 / 255.0;
    }
    out
}

/// A pixel's ingredients. All are fours, the fourth sometimes of no meaning, so that the compiler makes vectors of them.
struct Pixel {
    camera: [f32; 4],
    person: [f32; 4],
    world: Option<[f32; 4]>,
    front: [f32; 4],
    behind: [f32; 4],
}

impl Pixel {
    /// Red, green and blue of the picture, 0.5..255.5, to be cut off.
    #[inline(always)]
    fn mix(&self, maps: &[f32; PACKED]) -> [f32; 4] {
        let four = |i: usize| [maps[4 * i], maps[4 * i + 1], maps[4 * i + 2], maps[4 * i + 3]];
        let (light, residual, gain, lift) = (four(0), four(1), four(2), four(3));
        let Self { camera, person, world, front, behind } = self;
        let matte = (residual[3] * brightness(camera[0], camera[1], camera[2]) + gain[3]).clamp(0.0, 1.0);
        let (visible, open) = (light[3], 1.0 - behind[3]);
        let uncovered = 1.0 - front[3] * visible;
        let mut out = [0.0; 4];
        for k in 0..4 {
            let (backdrop, person) = match world {
                Some(world) => (world[k], person[k] * gain[k] + lift[k]),
                None => (camera[k], camera[k]),
            };
            let backdrop = behind[k] * light[k] + backdrop * open;
            let base = backdrop + (person - backdrop) * matte;
            let mixed = front[k] * visible * light[k] + base * uncovered + residual[k];
            out[k] = mixed.clamp(0.0, 1.0) * 255.0 + 0.5;
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_anything_worn_the_camera_is_copied() {
        let (width, height) = (40, 30);
        let camera: Vec<u8> = (0..width * height * 3).map(|i| (i * 13 % 256) as u8).collect();
        let area = PAINT.0 * PAINT.1;
        let mut maps: Vec<f32> = (0..PAINT_OUTPUTS * area).map(|i| (i * 29 % 101) as f32 / 100.0).collect();
        let planes: Vec<f32> = (0..3 * area).map(|i| (i * 17 % 97) as f32 / 96.0).collect();
        let mut matte = Matte::default();
        matte.fit(&mut maps[..area], &planes, PAINT, (0, PAINT.0 - 1), (0, PAINT.1 - 1));
        let mut clear = Rgba::default();
        clear.clear(width, height);
        let mut composer = Composer::new(width, height, Fit::new((width, height), PAINT));
        let mut out = vec![0; camera.len()];
        let with = |front, out: &mut [u8], composer: &mut Composer| {
            composer.run(
                &Ingredients {
                    camera: &camera,
                    person: &camera,
                    world: None,
                    front,
                    behind: &clear,
                    sketch_alpha: &vec![0.0; area],
                    maps: &maps,
                    matte: &matte,
                },
                out,
            );
        };
        with(&clear, &mut out, &mut composer);
        assert!(out == camera);
        let mut worn = clear.clone();
        worn.rows(15..16, || (), |(), _, row| row[20 * 4..][..4].copy_from_slice(&[0.0, 0.0, 1.0, 1.0]));
        with(&worn, &mut out, &mut composer);
        let pixels = out.chunks_exact(3).zip(camera.chunks_exact(3));
        let changed: Vec<usize> = pixels.enumerate().filter(|(_, (a, b))| a != b).map(|(i, _)| i).collect();
        assert_eq!(changed, [15 * width + 20], "the worn pixel alone changed");
    }
}
