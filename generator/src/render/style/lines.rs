//! Drawn lines: differences of Gaussians, drawn out along the picture's edges (Kang, Lee, Chui, 2007, with straight
//! instead of curved paths), at the fine size.

use pulp::Arch;
use rayon::iter::{IndexedParallelIterator, ParallelIterator};
use rayon::slice::ParallelSliceMut;

use super::filter::blur;
use super::flow::Flow;
use super::plane::{LANES, Plane, load};

/// The ratio of the two Gaussians' sigmas that comes nearest to a Laplacian (Marr, Hildreth, 1980).
const RATIO: f32 = 1.6;
/// Pixels looked at on either side along an edge.
const TAPS: i32 = 2;

/// Where lines are, frame by frame.
#[derive(Debug)]
pub struct Lines {
    narrow: Plane,
    wide: Plane,
    scratch: Plane,
    /// Narrow less wide: below 0 on dark lines and on the dark side of edges. Of brightness 0..1, mostly within 0.1.
    pub response: Plane,
}

impl Lines {
    #[must_use]
    pub fn new(size: (usize, usize)) -> Self {
        let plane = || Plane::new(size);
        Self { narrow: plane(), wide: plane(), scratch: plane(), response: plane() }
    }

    /// Finds lines about `sigma` fine pixels wide in a picture of brightness, `spacing` pixels between looks along them.
    pub fn find(&mut self, luma: &Plane, flow: &Flow, sigma: f32, spacing: f32, arch: Arch) {
        let Self { narrow, wide, scratch, response } = self;
        blur(luma, sigma, narrow, scratch, arch);
        blur(luma, sigma * RATIO, wide, scratch, arch);
        scratch.fill(
            arch,
            #[inline(always)]
            |x, y| {
                let (narrow, wide) = (load(narrow.row(y), x as isize), load(wide.row(y), x as isize));
                std::array::from_fn::<_, LANES, _>(|i| narrow[i] - wide[i])
            },
        );
        let (raw, width, height) = (&*scratch, scratch.width, scratch.height);
        response.data.par_chunks_exact_mut(width).enumerate().with_min_len(8).for_each(|(y, row)| {
            let (flow_x, flow_y) = (flow.x.row_near(y as isize / 2), flow.y.row_near(y as isize / 2));
            for (x, value) in row.iter_mut().enumerate() {
                let (step_x, step_y) = (flow_x[x / 2] * spacing, flow_y[x / 2] * spacing);
                let mut sum = raw.data[y * width + x];
                let mut whole = 1.0;
                for k in 1..=TAPS {
                    let weight = 1.0 - k as f32 / (TAPS + 1) as f32 * 0.6;
                    let (dx, dy) = (round(k as f32 * step_x), round(k as f32 * step_y));
                    for sign in [-1, 1] {
                        let u = (x as i32 + sign * dx).clamp(0, width as i32 - 1) as usize;
                        let v = (y as i32 + sign * dy).clamp(0, height as i32 - 1) as usize;
                        sum += weight * raw.data[v * width + u];
                        whole += weight;
                    }
                }
                *value = sum / whole;
            }
        });
    }
}

/// The nearest whole number of a small one, without a call into the C library.
#[inline(always)]
fn round(value: f32) -> i32 {
    (value + 1024.5) as i32 - 1024
}
