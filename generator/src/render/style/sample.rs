//! Reading smaller pictures at the places of full pixels.

use rayon::iter::{IndexedParallelIterator, ParallelIterator};
use rayon::slice::ParallelSliceMut;

use super::plane::{LANES, Lanes, Plane, each, floor, limit, load};

/// One row of a fine picture as full pixels see it.
#[derive(Clone, Copy, Debug)]
pub struct FineRow<'a> {
    above: &'a [f32],
    below: &'a [f32],
    weight: f32,
    /// Fine pixels per full pixel; 1 where the two are the same.
    scale: f32,
}

impl<'a> FineRow<'a> {
    /// Row `y` of the full picture, `step` full pixels in a fine one.
    #[inline(always)]
    #[must_use]
    pub fn new(plane: &'a Plane, y: usize, step: usize) -> Self {
        let scale = 1.0 / step as f32;
        let place = ((y as f32 + 0.5) * scale - 0.5).clamp(0.0, plane.height as f32 - 1.0);
        let top = place as usize;
        let below = plane.row((top + 1).min(plane.height - 1));
        Self { above: plane.row(top), below, weight: place - top as f32, scale }
    }

    /// The values at [`LANES`] full pixels from `x` on.
    #[inline(always)]
    #[must_use]
    pub fn lanes(&self, x: usize) -> Lanes {
        if self.scale == 1.0 {
            return load(self.above, x as isize);
        }
        let last = self.above.len() - 1;
        each(|i| {
            let place = (((x + i) as f32 + 0.5) * self.scale - 0.5).clamp(0.0, last as f32);
            let left = place as usize;
            let (right, u) = ((left + 1).min(last), place - left as f32);
            let above = self.above[left] + u * (self.above[right] - self.above[left]);
            let below = self.below[left] + u * (self.below[right] - self.below[left]);
            above + self.weight * (below - above)
        })
    }
}

/// A coarse picture of four channels a pixel, for reading between pixels.
#[derive(Clone, Debug)]
pub struct Quads {
    data: Vec<[f32; 4]>,
    width: usize,
    height: usize,
}

impl Quads {
    #[must_use]
    pub fn new((width, height): (usize, usize)) -> Self {
        Self { data: vec![[0.0; 4]; width * height], width, height }
    }

    /// Puts four planes of that size together.
    pub fn pack(&mut self, planes: [&Plane; 4]) {
        let width = self.width;
        self.data.par_chunks_exact_mut(width).enumerate().with_min_len(16).for_each(|(y, row)| {
            let [a, b, c, d] = planes.map(|plane| plane.row(y));
            for (x, quad) in row.iter_mut().enumerate() {
                *quad = [a[x], b[x], c[x], d[x]];
            }
        });
    }

    /// The bilinear value at a position in pixels (pixel centres at .5), the border's beyond it.
    #[inline(always)]
    #[must_use]
    pub fn at(&self, x: f32, y: f32) -> [f32; 4] {
        let x = (x - 0.5).clamp(0.0, self.width as f32 - 1.0);
        let y = (y - 0.5).clamp(0.0, self.height as f32 - 1.0);
        let (left, top) = (x as usize, y as usize);
        self.mix(left, top, x - left as f32, y - top as f32)
    }

    /// The values at [`LANES`] places: `place(i)` in pixels.
    #[inline(always)]
    #[must_use]
    pub fn lanes(&self, place: impl Fn(usize) -> (f32, f32)) -> [Lanes; 4] {
        let (last_x, last_y) = (self.width as f32 - 1.0, self.height as f32 - 1.0);
        let x: Lanes = each(|i| limit(place(i).0 - 0.5, 0.0, last_x));
        let y: Lanes = each(|i| limit(place(i).1 - 0.5, 0.0, last_y));
        let left: [i32; LANES] = each(|i| floor(x[i]));
        let top: [i32; LANES] = each(|i| floor(y[i]));
        let mut out = [[0.0; LANES]; 4];
        for i in 0..LANES {
            let (u, v) = (x[i] - left[i] as f32, y[i] - top[i] as f32);
            let quad = self.mix(left[i] as usize, top[i] as usize, u, v);
            for (lanes, value) in out.iter_mut().zip(quad) {
                lanes[i] = value;
            }
        }
        out
    }

    #[inline(always)]
    fn mix(&self, left: usize, top: usize, u: f32, v: f32) -> [f32; 4] {
        let right = (left + 1).min(self.width - 1);
        let (above, below) = (top * self.width, (top + 1).min(self.height - 1) * self.width);
        let (a, b) = (&self.data[above + left], &self.data[above + right]);
        let (c, d) = (&self.data[below + left], &self.data[below + right]);
        let weights = [(1.0 - u) * (1.0 - v), u * (1.0 - v), (1.0 - u) * v, u * v];
        each(|k| weights[0] * a[k] + weights[1] * b[k] + weights[2] * c[k] + weights[3] * d[k])
    }
}
