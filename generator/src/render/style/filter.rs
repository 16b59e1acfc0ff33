//! Smoothing: Gaussian blurs and a filter that keeps edges.

use pulp::Arch;

use super::plane::{LANES, Lanes, Plane, each, load, luma, vectorised};

/// The greatest reach of a blur on either side, in pixels.
const MOST_REACH: usize = 24;

/// One side of a Gaussian's weights: the middle first. They sum to 1 over both sides.
fn gaussian(sigma: f32) -> ([f32; MOST_REACH + 1], usize) {
    let sigma = sigma.max(0.05);
    let reach = ((2.6 * sigma).ceil() as usize).clamp(1, MOST_REACH);
    let mut weights = [0.0; MOST_REACH + 1];
    for (i, weight) in weights[..=reach].iter_mut().enumerate() {
        *weight = (-0.5 * (i as f32 / sigma).powi(2)).exp();
    }
    let sum = weights[0] + 2.0 * weights[1..=reach].iter().sum::<f32>();
    weights[..=reach].iter_mut().for_each(|weight| *weight /= sum);
    (weights, reach)
}

/// Blurs `source` into `out` with a Gaussian of `sigma` pixels (cut off at 2.6 sigma, at most 24 pixels); the border's
/// values go on beyond it. `scratch` has the same size.
pub fn blur(source: &Plane, sigma: f32, out: &mut Plane, scratch: &mut Plane, arch: Arch) {
    let (weights, reach) = gaussian(sigma);
    scratch.fill(
        arch,
        #[inline(always)]
        |x, y| {
            let row = source.row(y);
            mix(
                &weights[..=reach],
                #[inline(always)]
                |offset| load(row, x as isize + offset),
            )
        },
    );
    let scratch = &*scratch;
    out.fill(
        arch,
        #[inline(always)]
        |x, y| {
            mix(
                &weights[..=reach],
                #[inline(always)]
                |offset| load(scratch.row_near(y as isize + offset), x as isize),
            )
        },
    );
}

#[inline(always)]
fn mix(weights: &[f32], at: impl Fn(isize) -> Lanes) -> Lanes {
    let mut sum = at(0);
    for value in &mut sum {
        *value *= weights[0];
    }
    for (i, &weight) in weights.iter().enumerate().skip(1) {
        let (before, after) = (at(-(i as isize)), at(i as isize));
        for ((sum, before), after) in sum.iter_mut().zip(before).zip(after) {
            *sum += weight * (before + after);
        }
    }
    sum
}

/// The generalised Kuwahara filter (Papari, Petkov, Campisi, 2007): eight overlapping Gaussian sectors round a pixel,
/// each weighed by how uniform it is. Textures melt into areas of paint, edges stay.
#[derive(Debug)]
pub struct Kuwahara {
    bright: Plane,
    /// Blurred red, green, blue, squared brightness.
    means: [Plane; 4],
    scratch: Plane,
}

impl Kuwahara {
    #[must_use]
    pub fn new(size: (usize, usize)) -> Self {
        let plane = || Plane::new(size);
        Self { bright: plane(), means: [plane(), plane(), plane(), plane()], scratch: plane() }
    }

    /// Filters red, green and blue in place. `radius`: of the whole filter, in pixels.
    pub fn run(&mut self, colour: &mut [Plane; 3], radius: f32, arch: Arch) {
        let Self { bright, means, scratch } = self;
        {
            let [red, green, blue] = &*colour;
            bright.fill(
                arch,
                #[inline(always)]
                |x, y| {
                    let (red, green, blue) =
                        (load(red.row(y), x as isize), load(green.row(y), x as isize), load(blue.row(y), x as isize));
                    each(|i| {
                        let bright = luma([red[i], green[i], blue[i]]);
                        bright * bright
                    })
                },
            );
        }
        let sigma = radius * 0.4;
        for (plane, mean) in colour.iter().chain([&*bright]).zip(means.iter_mut()) {
            blur(plane, sigma, mean, scratch, arch);
        }
        let reach = radius * 0.7;
        let offsets: [(isize, isize); 8] = std::array::from_fn(|i| {
            let (sin, cos) = (i as f32 * std::f32::consts::FRAC_PI_4).sin_cos();
            ((cos * reach).round() as isize, (sin * reach).round() as isize)
        });
        let means = &*means;
        let [red, green, blue] = colour;
        fill_three(
            [red, green, blue],
            arch,
            #[inline(always)]
            |x, y| sectors(means, &offsets, x as isize, y as isize),
        );
    }
}

/// The smallest variance of brightness that counts: that of a camera's noise, so that noise chooses no sector.
const NOISE_VARIANCE: f32 = (3.0 / 255.0) * (3.0 / 255.0);

#[inline(always)]
fn sectors(means: &[Plane; 4], offsets: &[(isize, isize); 8], x: isize, y: isize) -> [Lanes; 3] {
    let mut sums = [[0.0_f32; LANES]; 3];
    let mut whole = [0.0_f32; LANES];
    for &(dx, dy) in offsets {
        let [red, green, blue, square] = each(
            #[inline(always)]
            |k| load(means[k].row_near(y + dy), x + dx),
        );
        for i in 0..LANES {
            let mean = luma([red[i], green[i], blue[i]]);
            let variance = (square[i] - mean * mean).max(0.0) + NOISE_VARIANCE;
            let uniform = NOISE_VARIANCE / variance;
            let weight = uniform * uniform;
            sums[0][i] += weight * red[i];
            sums[1][i] += weight * green[i];
            sums[2][i] += weight * blue[i];
            whole[i] += weight;
        }
    }
    for i in 0..LANES {
        let scale = 1.0 / whole[i];
        for sum in &mut sums {
            sum[i] *= scale;
        }
    }
    sums
}

/// Fills three planes of one size together, as [`Plane::fill`] does one.
pub fn fill_three(planes: [&mut Plane; 3], arch: Arch, make: impl Fn(usize, usize) -> [Lanes; 3] + Sync) {
    use rayon::iter::{IndexedParallelIterator, ParallelIterator};
    use rayon::slice::ParallelSliceMut;
    let width = planes[0].width;
    let [a, b, c] = planes.map(|plane| plane.data.par_chunks_exact_mut(width));
    a.zip(b).zip(c).enumerate().with_min_len(8).for_each(|(y, ((a, b), c))| {
        vectorised(
            arch,
            #[inline(always)]
            || {
                for x in (0..width).step_by(LANES) {
                    let count = LANES.min(width - x);
                    let lanes = make(x, y);
                    for (row, lanes) in [&mut *a, &mut *b, &mut *c].into_iter().zip(&lanes) {
                        row[x..x + count].copy_from_slice(&lanes[..count]);
                    }
                }
            },
        );
    });
}
