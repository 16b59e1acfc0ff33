//! Which way things run in the picture: the smoothed structure tensor (Di Zenzo, 1986; as in Kyprianidis and Döllner,
//! 2008), at the coarse size.
//!
//! Where the picture shows nothing but noise, a direction that belongs to the style takes over bit by bit, so that
//! strokes on a wall stand still. The tensor is smoothed over time too: strokes turn, they don't jump.

use pulp::Arch;

use super::filter::{blur, fill_three};
use super::plane::{LANES, Lanes, Plane, each, load, smoothstep};

/// The share of a new frame's tensor.
const SHARE: f32 = 0.5;
/// The squared slope of brightness, per coarse pixel, at which the picture's own direction is as strong as the style's.
const FAINT: f32 = 0.012 * 0.012;

/// Directions of one picture.
#[derive(Debug)]
pub struct Flow {
    arch: Arch,
    known: bool,
    bright: Plane,
    /// Products of the slopes: xx, xy, yy.
    fresh: [Plane; 3],
    smooth: [Plane; 3],
    blurred: Plane,
    scratch: Plane,
    /// The style's own direction where nothing is seen: cosine and sine of twice its angle.
    resting: [Plane; 2],
    /// Direction along edges as a unit vector; its sign means nothing.
    pub x: Plane,
    pub y: Plane,
    /// How much is to be seen: 0 in flat areas to 1 on edges.
    pub strength: Plane,
}

impl Flow {
    /// `resting` gives the style's own direction, in radians from the x axis, at a place in shares of the width.
    #[must_use]
    pub fn new(size: (usize, usize), arch: Arch, resting: impl Fn(f32, f32) -> f32) -> Self {
        let plane = || Plane::new(size);
        let triple = || [plane(), plane(), plane()];
        let mut resting_planes = [plane(), plane()];
        for i in 0..size.0 * size.1 {
            let at = |pixel: usize| (pixel as f32 + 0.5) / size.0 as f32;
            let (sin, cos) = (2.0 * resting(at(i % size.0), at(i / size.0))).sin_cos();
            resting_planes[0].data[i] = cos;
            resting_planes[1].data[i] = sin;
        }
        Self {
            arch,
            known: false,
            bright: plane(),
            fresh: triple(),
            smooth: triple(),
            blurred: plane(),
            scratch: plane(),
            resting: resting_planes,
            x: plane(),
            y: plane(),
            strength: plane(),
        }
    }

    /// Forgets earlier frames.
    pub fn reset(&mut self) {
        let Self { known, arch: _, bright: _, fresh: _, smooth: _, blurred: _, scratch: _, resting: _, .. } = self;
        *known = false;
    }

    /// Finds the directions in a picture of brightness 0..1. `sigma`: of the smoothing, in coarse pixels.
    pub fn follow(&mut self, luma: &Plane, sigma: f32) {
        let Self { arch, known, bright, fresh, smooth, blurred, scratch, resting, x, y, strength } = self;
        let arch = *arch;
        blur(luma, 0.7, bright, scratch, arch);
        let [xx, xy, yy] = fresh;
        fill_three(
            [xx, xy, yy],
            arch,
            #[inline(always)]
            |x, y| slopes(bright, x as isize, y as isize),
        );
        let share = if *known { SHARE } else { 1.0 };
        *known = true;
        for (fresh, smooth) in fresh.iter().zip(smooth.iter_mut()) {
            blur(fresh, sigma, blurred, scratch, arch);
            for (value, &new) in smooth.data.iter_mut().zip(&blurred.data) {
                *value = if share < 1.0 { *value + share * (new - *value) } else { new };
            }
        }
        let (smooth, resting) = (&*smooth, &*resting);
        fill_three(
            [x, y, strength],
            arch,
            #[inline(always)]
            |x, y| directions(smooth, resting, x, y),
        );
    }

    /// The direction at a place in coarse pixels.
    #[inline(always)]
    #[must_use]
    pub fn at(&self, x: f32, y: f32) -> (f32, f32) {
        (self.x.nearest(x, y), self.y.nearest(x, y))
    }
}

/// Products of Sobel slopes, per pixel.
#[inline(always)]
fn slopes(bright: &Plane, x: isize, y: isize) -> [Lanes; 3] {
    let [above, here, below]: [[Lanes; 3]; 3] = each(
        #[inline(always)]
        |j| {
            let row = bright.row_near(y + j as isize - 1);
            each(
                #[inline(always)]
                |i| load(row, x + i as isize - 1),
            )
        },
    );
    let mut out = [[0.0_f32; LANES]; 3];
    for i in 0..LANES {
        let across = above[2][i] - above[0][i] + 2.0 * (here[2][i] - here[0][i]) + below[2][i] - below[0][i];
        let down = below[0][i] - above[0][i] + 2.0 * (below[1][i] - above[1][i]) + below[2][i] - above[2][i];
        let (across, down) = (across * 0.125, down * 0.125);
        out[0][i] = across * across;
        out[1][i] = across * down;
        out[2][i] = down * down;
    }
    out
}

/// The eigenvector of the smaller eigenvalue, by half angles: edges run where brightness changes least.
#[inline(always)]
fn directions(tensor: &[Plane; 3], resting: &[Plane; 2], x: usize, y: usize) -> [Lanes; 3] {
    let [xx, xy, yy] = each(
        #[inline(always)]
        |k| load(tensor[k].row(y), x as isize),
    );
    let [cos, sin] = each(
        #[inline(always)]
        |k| load(resting[k].row(y), x as isize),
    );
    let mut out = [[0.0_f32; LANES]; 3];
    for i in 0..LANES {
        // Twice the angle along the edge is twice the angle of the slope, turned by half a circle.
        let c = yy[i] - xx[i] + FAINT * cos[i];
        let s = -2.0 * xy[i] + FAINT * sin[i];
        let scale = 1.0 / (c * c + s * s).sqrt().max(1e-12);
        let (c, s) = (c * scale, s * scale);
        out[0][i] = (0.5 * (1.0 + c)).max(0.0).sqrt();
        out[1][i] = (0.5 * (1.0 - c)).max(0.0).sqrt().copysign(s);
        out[2][i] = smoothstep(0.004, 0.06, (xx[i] + yy[i]).max(0.0).sqrt());
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn directions_run_along_edges_and_rest_where_nothing_is() {
        let (width, height) = (64, 48);
        let mut picture = Plane::new((width, height));
        for (i, value) in picture.data.iter_mut().enumerate() {
            let (x, y) = ((i % width) as f32, (i / width) as f32);
            *value = if x < 32.0 { smoothstep(14.0, 18.0, x + y * 0.5 - 6.0) } else { 1.0 };
        }
        let mut flow = Flow::new((width, height), Arch::new(), |_, _| 0.3);
        flow.follow(&picture, 1.5);
        let (x, y) = flow.at(12.0, 20.0);
        let along = (0.5_f32, -1.0_f32);
        let cross = (x * along.1 - y * along.0).abs() / along.0.hypot(along.1);
        assert!(cross < 0.05, "{x} {y}");
        let (x, y) = flow.at(55.0, 20.0);
        assert!((x - 0.3_f32.cos()).abs() < 1e-3 && (y - 0.3_f32.sin()).abs() < 1e-3, "{x} {y}");
        assert!(flow.strength.nearest(12.0, 20.0) > 0.8 && flow.strength.nearest(55.0, 20.0) < 0.01);
    }
}
