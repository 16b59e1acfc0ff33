//! Drawn lines: differences of Gaussians, drawn out along the picture's edges (Kang, Lee, Chui, 2007, with straight
//! instead of curved paths), at the fine size.

use pulp::Arch;

use super::filter::blur;
use super::flow::Flow;
use super::plane::{LANES, Lanes, Plane, each, limit, load, nearest};

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
                each(|i| narrow[i] - wide[i])
            },
        );
        let raw = &*scratch;
        response.fill(
            arch,
            #[inline(always)]
            |x, y| draw_out(raw, flow, spacing, x, y),
        );
    }
}

/// Means along the edge, the middle weighing most.
#[inline(always)]
fn draw_out(raw: &Plane, flow: &Flow, spacing: f32, x: usize, y: usize) -> Lanes {
    let (flow_x, flow_y) = (flow.x.row_near(y as isize / 2), flow.y.row_near(y as isize / 2));
    let last = flow_x.len() - 1;
    let across: Lanes = each(|i| flow_x[((x + i) / 2).min(last)] * spacing);
    let down: Lanes = each(|i| flow_y[((x + i) / 2).min(last)] * spacing);
    let (most_x, most_y) = (raw.width as f32 - 1.0, raw.height as f32 - 1.0);
    let mut sum = load(raw.row(y), x as isize);
    let mut whole = 1.0;
    for k in 1..=TAPS {
        let weight = 1.0 - k as f32 / (TAPS + 1) as f32 * 0.6;
        for sign in [-1.0, 1.0] {
            let reach = sign * k as f32;
            let at: [i32; LANES] = each(|i| {
                let u = nearest(limit((x + i) as f32 + reach * across[i], 0.0, most_x));
                let v = nearest(limit(y as f32 + reach * down[i], 0.0, most_y));
                v * raw.width as i32 + u
            });
            for (sum, at) in sum.iter_mut().zip(at) {
                *sum += weight * raw.data[at as usize];
            }
            whole += weight;
        }
    }
    each(|i| sum[i] * (1.0 / whole))
}
