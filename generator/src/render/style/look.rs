//! How a style sees the camera: brightness at the fine size, colours at the coarse size, both without the camera's noise.
//!
//! The noise is taken out over time: a value moves to the new one by a share that grows with the difference. Small
//! differences (noise) are averaged over a few frames; large ones (movement) are followed at once, so that nothing
//! smears. This is the motion-adaptive recursive filter of video denoising, on single pixels.

use pulp::Arch;
use rayon::iter::{IndexedParallelIterator, IntoParallelRefMutIterator, ParallelIterator};
use rayon::slice::ParallelSliceMut;

use super::plane::{Plane, vectorised};
use super::sizes::Sizes;

/// The share of a small difference that is taken over in one frame.
const LEAST_SHARE: f32 = 0.3;
/// Differences from here on (of 0..1) are movement, followed at once.
const MOVEMENT: f32 = 0.07;

/// The camera's picture as styles see it. Carries the last pictures, see [`Look::reset`].
#[derive(Debug)]
pub struct Look {
    sizes: Sizes,
    arch: Arch,
    /// Brightness 0..1 at the fine size.
    pub luma: Plane,
    luma_known: bool,
    /// Red, green and blue 0..1 at the coarse size.
    pub colour: [Plane; 3],
    colour_known: bool,
}

impl Look {
    #[must_use]
    pub fn new(sizes: Sizes, arch: Arch) -> Self {
        let coarse = || Plane::new(sizes.coarse());
        Self {
            sizes,
            arch,
            luma: Plane::new(sizes.fine()),
            luma_known: false,
            colour: [coarse(), coarse(), coarse()],
            colour_known: false,
        }
    }

    /// Forgets earlier frames.
    pub fn reset(&mut self) {
        let Self { sizes: _, arch: _, luma: _, luma_known, colour: _, colour_known } = self;
        (*luma_known, *colour_known) = (false, false);
    }

    /// Takes brightness from the next frame, RGB bytes of the full size.
    pub fn see_luma(&mut self, pixels: &[u8]) {
        let (sizes, arch, share) = (self.sizes, self.arch, least_share(self.luma_known));
        let (stride, step) = (sizes.width * 3, sizes.step);
        let width = self.luma.width;
        self.luma.data.par_chunks_exact_mut(width).enumerate().with_min_len(8).for_each(|(y, row)| {
            vectorised(
                arch,
                #[inline(always)]
                || {
                    if step == 1 {
                        let source = pixels[y * stride..][..stride].as_chunks::<3>().0;
                        for (value, pixel) in row.iter_mut().zip(source) {
                            *value = settle(*value, weigh(pixel.map(u32::from)) as f32 * (1.0 / WHITE), share);
                        }
                        return;
                    }
                    let rows = y * step..((y + 1) * step).min(sizes.height);
                    for (x, value) in row.iter_mut().enumerate() {
                        let columns = x * step..((x + 1) * step).min(sizes.width);
                        let (sum, count) = sum(pixels, stride, rows.clone(), columns);
                        *value = settle(*value, weigh(sum) as f32 / (WHITE * count as f32), share);
                    }
                },
            );
        });
        self.luma_known = true;
    }

    /// Takes colours from the next frame, RGB bytes of the full size.
    pub fn see_colour(&mut self, pixels: &[u8]) {
        let (sizes, share) = (self.sizes, least_share(self.colour_known));
        let (stride, step) = (sizes.width * 3, sizes.step * 2);
        let [red, green, blue] = &mut self.colour;
        let width = red.width;
        red.data
            .par_chunks_exact_mut(width)
            .zip(green.data.par_chunks_exact_mut(width))
            .zip(blue.data.par_chunks_exact_mut(width))
            .enumerate()
            .with_min_len(8)
            .for_each(|(y, ((red, green), blue))| {
                let rows = y * step..((y + 1) * step).min(sizes.height);
                for (x, ((red, green), blue)) in red.iter_mut().zip(green).zip(blue).enumerate() {
                    let columns = x * step..((x + 1) * step).min(sizes.width);
                    let (sum, count) = sum(pixels, stride, rows.clone(), columns);
                    let scale = 1.0 / (255.0 * count as f32);
                    for (value, sum) in [red, green, blue].into_iter().zip(sum) {
                        *value = settle(*value, sum as f32 * scale, share);
                    }
                }
            });
        self.colour_known = true;
    }

    /// Writes the brightness of the coarse colours.
    pub fn coarse_luma(&self, out: &mut Plane) {
        let [red, green, blue] = &self.colour;
        let width = out.width;
        out.data.par_chunks_exact_mut(width).enumerate().with_min_len(32).for_each(|(y, row)| {
            let colours = red.row(y).iter().zip(green.row(y)).zip(blue.row(y));
            for (value, ((red, green), blue)) in row.iter_mut().zip(colours) {
                *value = super::plane::luma([*red, *green, *blue]);
            }
        });
    }
}

/// What white weighs, see [`weigh`].
const WHITE: f32 = 255.0 * 256.0;

/// Luma of ITU-R BT.601 in 256ths.
#[inline(always)]
fn weigh([red, green, blue]: [u32; 3]) -> u32 {
    77 * red + 150 * green + 29 * blue
}

/// Sums of red, green and blue over a rectangle, and its pixels.
#[inline(always)]
fn sum(
    pixels: &[u8],
    stride: usize,
    rows: std::ops::Range<usize>,
    columns: std::ops::Range<usize>,
) -> ([u32; 3], usize) {
    let mut sum = [0_u32; 3];
    let count = rows.len() * columns.len();
    for y in rows {
        for pixel in pixels[y * stride + columns.start * 3..y * stride + columns.end * 3].as_chunks::<3>().0 {
            for (sum, &value) in sum.iter_mut().zip(pixel) {
                *sum += u32::from(value);
            }
        }
    }
    (sum, count)
}

/// Nothing is known before the first frame: it is taken as it is.
fn least_share(known: bool) -> f32 {
    if known { LEAST_SHARE } else { 1.0 }
}

/// The next value of the filter that stands at `old` and sees `new`.
#[inline(always)]
fn settle(old: f32, new: f32, least: f32) -> f32 {
    let difference = new - old;
    let t = (difference.abs() * (1.0 / MOVEMENT)).min(1.0);
    let share = least + (1.0 - least) * t * t;
    // Taken over whole it is exactly the new value, whatever the old one was.
    if share < 1.0 { old + difference * share } else { new }
}

/// The same filter for a list of colours, 0..1.
pub fn settle_all(state: &mut [[f32; 3]], known: bool, seen: impl Fn(usize) -> [f32; 3] + Sync) {
    let share = least_share(known);
    state.par_iter_mut().enumerate().with_min_len(256).for_each(|(i, state)| {
        for (value, new) in state.iter_mut().zip(seen(i)) {
            *value = settle(*value, new, share);
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn noise_is_averaged_and_movement_is_not() {
        let small = settle(0.5, 0.51, LEAST_SHARE);
        assert!((small - 0.503).abs() < 1e-3, "{small}");
        assert_eq!(settle(0.2, 0.9, LEAST_SHARE), 0.9);
        assert_eq!(settle(0.0, 0.01, least_share(false)), 0.01);
    }

    #[test]
    fn odd_sizes_are_averaged_over_what_there_is() {
        let sizes = Sizes { width: 5, height: 3, step: 1 };
        let pixels: Vec<u8> = (0..45).map(|i| (i * 5) as u8).collect();
        let mut look = Look::new(sizes, Arch::new());
        look.see_colour(&pixels);
        look.see_luma(&pixels);
        let at = |x: usize, y: usize| f32::from(pixels[(y * 5 + x) * 3]) / 255.0;
        let red = &look.colour[0];
        assert_eq!((red.width, red.height), (3, 2));
        assert!((red.data[0] - (at(0, 0) + at(1, 0) + at(0, 1) + at(1, 1)) / 4.0).abs() < 1e-6);
        assert!((red.data[5] - at(4, 2)).abs() < 1e-6);
        assert!((look.luma.data[0] - (0.0 * 77.0 + 5.0 * 150.0 + 10.0 * 29.0) / WHITE).abs() < 1e-6);
    }
}
