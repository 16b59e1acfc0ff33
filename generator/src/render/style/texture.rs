//! Paper, canvas and chance: textures that belong to the picture and come from the seed alone.
//!
//! Positions are in units (1/640 of the picture's width), so that a texture looks the same on any camera.

use rayon::iter::{IndexedParallelIterator, ParallelIterator};
use rayon::slice::ParallelSliceMut;

use super::plane::ease;
use super::sizes::Sizes;

/// A number in 0..1 that depends on everything given: one round of the finaliser of SplitMix64 (Steele, Lea, Flood,
/// 2014).
#[must_use]
pub fn chance(seed: u64, x: i64, y: i64) -> f32 {
    let mut z = seed
        .wrapping_add((x as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15))
        .wrapping_add((y as u64).wrapping_mul(0xd1b5_4a32_d192_ed03));
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    ((z ^ (z >> 31)) >> 40) as f32 / (1_u64 << 24) as f32
}

/// Smooth noise 0..1 with features as large as 1: values at a lattice, interpolated by cubics (value noise).
#[must_use]
pub fn noise(seed: u64, x: f32, y: f32) -> f32 {
    noise_of(x, y, |i, j| chance(seed, i, j))
}

/// [`noise`] of a lattice of one's own, as of one that repeats.
#[must_use]
pub fn noise_of(x: f32, y: f32, at: impl Fn(i64, i64) -> f32) -> f32 {
    let (left, top) = (x.floor(), y.floor());
    let (u, v) = (ease(x - left), ease(y - top));
    let (i, j) = (left as i64, top as i64);
    let row = |j: i64| {
        let (a, b) = (at(i, j), at(i + 1, j));
        a + u * (b - a)
    };
    let (above, below) = (row(j), row(j + 1));
    above + v * (below - above)
}

/// Noise of several sizes, each half as large and half as strong as the last; 0..1 with mean 0.5.
#[must_use]
pub fn cloud(seed: u64, x: f32, y: f32, octaves: u64) -> f32 {
    let (mut sum, mut weight, mut whole, mut scale) = (0.0, 1.0, 0.0, 1.0);
    for octave in 0..octaves {
        sum += weight * noise(seed.wrapping_add(octave * 0x51_7cc1), x * scale, y * scale);
        whole += weight;
        weight *= 0.5;
        scale *= 2.0;
    }
    sum / whole
}

/// The height of paper at a place in units: cold-pressed, grains of 2 to 5 units; 0..1 with mean 0.5.
#[must_use]
pub fn paper(seed: u64, x: f32, y: f32) -> f32 {
    let grain = 0.45 * noise(seed ^ 0xa1, x / 4.7, y / 4.3)
        + 0.35 * noise(seed ^ 0xa2, x / 2.3 + y * 0.05, y / 2.1)
        + 0.2 * noise(seed ^ 0xa3, x / 1.15, y / 1.2);
    ((grain - 0.5) * 1.8 + 0.5).clamp(0.0, 1.0)
}

/// A texture of `N` channels for every full pixel, channel by channel as bytes, made at the fine size and enlarged:
/// `make(x, y)` gives values 0..1 at a place in units.
pub fn build<const N: usize>(sizes: Sizes, make: impl Fn(f32, f32) -> [f32; N] + Sync) -> [Vec<u8>; N] {
    let (width, height) = sizes.fine();
    let mut fine = vec![[0_u8; N]; width * height];
    let unit = 1.0 / sizes.fine_unit();
    fine.par_chunks_exact_mut(width).enumerate().for_each(|(y, row)| {
        for (x, texel) in row.iter_mut().enumerate() {
            *texel = make((x as f32 + 0.5) * unit, (y as f32 + 0.5) * unit).map(super::plane::byte);
        }
    });
    std::array::from_fn(|k| enlarge(sizes, &|x, y| f32::from(fine[y * width + x][k])))
}

/// One channel of bytes at the full size from its values at the fine size, bilinearly.
fn enlarge(sizes: Sizes, fine: &(dyn Fn(usize, usize) -> f32 + Sync)) -> Vec<u8> {
    let (width, height) = sizes.fine();
    let scale = 1.0 / sizes.step as f32;
    let mut full = vec![0_u8; sizes.width * sizes.height];
    full.par_chunks_exact_mut(sizes.width).enumerate().for_each(|(y, row)| {
        let at = |i: usize, count: usize| {
            let place = ((i as f32 + 0.5) * scale - 0.5).clamp(0.0, count as f32 - 1.0);
            (place as usize, (place as usize + 1).min(count - 1), place - (place as usize) as f32)
        };
        let (top, bottom, v) = at(y, height);
        for (x, texel) in row.iter_mut().enumerate() {
            let (left, right, u) = at(x, width);
            let above = fine(left, top) + u * (fine(right, top) - fine(left, top));
            let below = fine(left, bottom) + u * (fine(right, bottom) - fine(left, bottom));
            *texel = (above + v * (below - above) + 0.5) as u8;
        }
    });
    full
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn textures_have_the_mean_they_promise_and_follow_the_seed() {
        let mean = |f: &dyn Fn(f32, f32) -> f32| {
            let places = (0..40_000).map(|i| ((i % 200) as f32 * 1.37, (i / 200) as f32 * 1.61));
            places.map(|(x, y)| f(x, y)).sum::<f32>() / 40_000.0
        };
        assert!((mean(&|x, y| paper(5, x, y)) - 0.5).abs() < 0.02);
        assert!((mean(&|x, y| cloud(5, x / 9.0, y / 9.0, 4)) - 0.5).abs() < 0.04);
        assert!(paper(5, 10.3, 4.2) != paper(6, 10.3, 4.2));
        assert_eq!(paper(5, 10.3, 4.2), paper(5, 10.3, 4.2));
    }

    #[test]
    fn a_texture_looks_the_same_on_a_camera_of_twice_the_size() {
        let make = |x: f32, y: f32| [paper(1, x, y)];
        let small = build(Sizes::new(640, 48), make);
        let large = build(Sizes::new(1280, 96), make);
        let worst = (0..640 * 48)
            .map(|i| {
                let (x, y) = (i % 640 * 2, i / 640 * 2);
                let sum: i32 = [(0, 0), (1, 0), (0, 1), (1, 1)]
                    .iter()
                    .map(|(u, v)| i32::from(large[0][(y + v) * 1280 + x + u]))
                    .sum();
                (sum / 4 - i32::from(small[0][i])).abs()
            })
            .max();
        assert!(worst < Some(60), "{worst:?}");
    }
}
