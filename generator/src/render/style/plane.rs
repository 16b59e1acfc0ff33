//! Pictures of one channel, and walking over them in parallel, a few pixels at a time.

use pulp::{Arch, Simd, WithSimd};
use rayon::iter::{IndexedParallelIterator, ParallelIterator};
use rayon::slice::ParallelSliceMut;

/// Pixels that are worked on together: two vectors of AVX2.
pub const LANES: usize = 16;
pub type Lanes = [f32; LANES];

/// One channel of f32; rows top to bottom.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Plane {
    pub data: Vec<f32>,
    pub width: usize,
    pub height: usize,
}

impl Plane {
    #[must_use]
    pub fn new((width, height): (usize, usize)) -> Self {
        Self { data: vec![0.0; width * height], width, height }
    }

    #[must_use]
    pub fn row(&self, y: usize) -> &[f32] {
        &self.data[y * self.width..][..self.width]
    }

    /// The row at `y`, the first or last row where `y` lies outside.
    #[inline(always)]
    #[must_use]
    pub fn row_near(&self, y: isize) -> &[f32] {
        self.row(y.clamp(0, self.height as isize - 1) as usize)
    }

    /// The value of the pixel nearest to a position in pixels (pixel centres at .5), the border's beyond it.
    #[inline(always)]
    #[must_use]
    pub fn nearest(&self, x: f32, y: f32) -> f32 {
        let x = (x as isize).clamp(0, self.width as isize - 1) as usize;
        let y = (y as isize).clamp(0, self.height as isize - 1) as usize;
        self.data[y * self.width + x]
    }

    /// The bilinear value at a position in pixels (pixel centres at .5), the border's beyond it.
    #[inline(always)]
    #[must_use]
    pub fn bilinear(&self, x: f32, y: f32) -> f32 {
        let x = (x - 0.5).clamp(0.0, self.width as f32 - 1.0);
        let y = (y - 0.5).clamp(0.0, self.height as f32 - 1.0);
        let (left, top) = (x as usize, y as usize);
        let (right, bottom) = ((left + 1).min(self.width - 1), (top + 1).min(self.height - 1));
        let (u, v) = (x - left as f32, y - top as f32);
        let along = |row: usize| {
            let row = self.row(row);
            row[left] + u * (row[right] - row[left])
        };
        let (above, below) = (along(top), along(bottom));
        above + v * (below - above)
    }

    /// Fills the plane: `make(x, y)` gives the values of [`LANES`] pixels from `x` on; what juts out is dropped.
    pub fn fill(&mut self, arch: Arch, make: impl Fn(usize, usize) -> Lanes + Sync) {
        let width = self.width;
        self.data.par_chunks_exact_mut(width).enumerate().with_min_len(8).for_each(|(y, row)| {
            vectorised(
                arch,
                #[inline(always)]
                || {
                    for (i, chunk) in row.chunks_mut(LANES).enumerate() {
                        let lanes = make(i * LANES, y);
                        match <&mut Lanes>::try_from(&mut *chunk) {
                            Ok(whole) => *whole = lanes,
                            Err(_) => chunk.copy_from_slice(&lanes[..chunk.len()]),
                        }
                    }
                },
            );
        });
    }
}

/// Does `work` with the widest vectors that this machine has. Everything that `work` calls must be inlined into it
/// (closures too), or it is compiled for the oldest machine.
#[inline(always)]
pub fn vectorised(arch: Arch, work: impl FnMut()) {
    struct Work<F>(F);
    impl<F: FnMut()> WithSimd for Work<F> {
        type Output = ();

        // A closure given to `dispatch` itself is called through a shim that is not inlined.
        #[inline(always)]
        fn with_simd<S: Simd>(mut self, _: S) {
            (self.0)();
        }
    }
    arch.dispatch(Work(work));
}

/// Writes RGB bytes row by row: `make(x, y)` gives red, green and blue (0..1) of [`LANES`] pixels from `x` on; what juts
/// out is dropped.
pub fn write(pixels: &mut [u8], width: usize, arch: Arch, make: impl Fn(usize, usize) -> [Lanes; 3] + Sync) {
    pixels.par_chunks_exact_mut(width * 3).enumerate().with_min_len(8).for_each(|(y, row)| {
        vectorised(
            arch,
            #[inline(always)]
            || {
                for (i, chunk) in row.chunks_mut(LANES * 3).enumerate() {
                    let lanes = make(i * LANES, y);
                    let bytes: [[u8; LANES]; 3] = each(|k| each(|i| byte(lanes[k][i])));
                    for (i, pixel) in chunk.as_chunks_mut::<3>().0.iter_mut().enumerate() {
                        *pixel = [bytes[0][i], bytes[1][i], bytes[2][i]];
                    }
                }
            },
        );
    });
}

/// [`LANES`] texels of a row from `at` on as 0..1, the last one's value where they lie outside.
#[inline(always)]
#[must_use]
pub fn load_bytes(row: &[u8], at: usize) -> Lanes {
    let bytes: [u8; LANES] = match row.get(at..at + LANES) {
        Some(whole) => whole.try_into().expect("a slice of that length"),
        None => each(|i| row[(at + i).min(row.len() - 1)]),
    };
    each(|i| f32::from(bytes[i]) * (1.0 / 255.0))
}

/// [`LANES`] pixels of a row from `at` on, the border's value where they lie outside.
#[inline(always)]
#[must_use]
pub fn load(row: &[f32], at: isize) -> Lanes {
    if at >= 0 && at as usize + LANES <= row.len() {
        let at = at as usize;
        row[at..at + LANES].try_into().expect("a slice of that length")
    } else {
        load_border(row, at)
    }
}

#[cold]
#[inline(never)]
fn load_border(row: &[f32], at: isize) -> Lanes {
    let last = row.len() as isize - 1;
    each(|i| row[(at + i as isize).clamp(0, last) as usize])
}

/// An array of what `make` gives for each index. Unlike `std::array::from_fn` and `map` it is always inlined, and so
/// compiled for wide vectors where its caller is.
#[inline(always)]
#[must_use]
pub fn each<T: Copy + Default, const N: usize>(make: impl Fn(usize) -> T) -> [T; N]
where
    [T; N]: Default,
{
    let mut out = <[T; N]>::default();
    for (i, value) in out.iter_mut().enumerate() {
        *value = make(i);
    }
    out
}

/// `value` within `low..=high`, in two vector instructions where `clamp` branches.
#[inline(always)]
#[must_use]
pub fn limit(value: f32, low: f32, high: f32) -> f32 {
    value.max(low).min(high)
}

/// The whole number nearest to a value of 0..2^22. The sum with 2^23 has it in its lowest bits; a cast with `as` looks
/// after numbers out of range and is not done in vectors.
#[inline(always)]
#[must_use]
pub fn nearest(value: f32) -> i32 {
    ((value + 8_388_608.0).to_bits() & 0x7f_ffff) as i32
}

/// The whole number below a value of 0..2^22; for a whole number itself or the one before it.
#[inline(always)]
#[must_use]
pub fn floor(value: f32) -> i32 {
    nearest((value - 0.5).max(0.0))
}

/// `value` from `low` to `high` as 0..1, smooth at both ends (see [`ease`]). Falls where `high` is below `low`.
#[inline(always)]
#[must_use]
pub fn smoothstep(low: f32, high: f32, value: f32) -> f32 {
    ease(limit((value - low) * (1.0 / (high - low)), 0.0, 1.0))
}

/// 0..1 as 0..1, smooth at both ends: the cubic 3t^2 - 2t^3.
#[inline(always)]
#[must_use]
pub fn ease(t: f32) -> f32 {
    t * t * (3.0 - 2.0 * t)
}

/// A value 0..1 drawn to the nearest of `0, 1/count, .. 1`, softly: `softness` 0..0.5 of a step lies on either side of a
/// border, where noise would make a hard step flicker. The mean is kept.
#[inline(always)]
#[must_use]
pub fn steps(value: f32, count: f32, softness: f32) -> f32 {
    let scaled = value.max(0.0) * count;
    let below = floor(scaled) as f32;
    (below + smoothstep(0.5 - softness, 0.5 + softness, scaled - below)) / count
}

/// Brightness of RGB (the luma of ITU-R BT.601).
#[inline(always)]
#[must_use]
pub fn luma([red, green, blue]: [f32; 3]) -> f32 {
    0.299 * red + 0.587 * green + 0.114 * blue
}

/// The byte of a value 0..1.
#[inline(always)]
#[must_use]
pub fn byte(value: f32) -> u8 {
    nearest(limit(value, 0.0, 1.0) * 255.0) as u8
}
