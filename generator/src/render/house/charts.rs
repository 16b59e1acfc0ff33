//! Charts: from a pixel of the picture to what an item's field is told about it.
//!
//! The formulas, their order and their names are those of `training/items/charts.py`, which is the specification;
//! `items_*.json` beside the tests holds values computed there.

use serde::Deserialize;

use super::elementary::atan2;
use super::frames::ItemFrame;
use super::geometry::{Vec2, Vec3};

/// How the coordinates of an item's surface are found from a pixel.
#[derive(Clone, Debug, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub enum Chart {
    /// A flat thing: coordinates along and across it.
    Plane,
    /// A solid thing: where the line of sight meets simple surfaces fitted to it.
    Ray { surfaces: Vec<Surface> },
}

#[derive(Clone, Debug, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Surface {
    /// An elliptic cone round the y axis; `slope` 0 is a cylinder.
    Cone { center: Vec3, tilt: f32, rx: f32, rz: f32, slope: f32, h_min: f32, h_max: f32 },
    /// A plane through `center` whose normal is the tilted y axis.
    Disc { center: Vec3, tilt: f32, rx: f32, rz: f32, soft: f32 },
    /// Two half planes on the vertical line through `center`, swung back and lifted by angles that follow `param`.
    Wings {
        center: Vec3,
        param: String,
        /// Its number among the kind's parameters; found when the table is read.
        #[serde(skip)]
        index: usize,
        swing: f32,
        swing_by: f32,
        lift: f32,
        lift_by: f32,
        soft: f32,
    },
}

impl Surface {
    /// What it is called in the items table, and what it says about a pixel, by the names of the table.
    #[must_use]
    pub fn says(&self) -> (&'static str, &'static [&'static str]) {
        match self {
            Self::Cone { .. } => ("cone", &["front.theta", "front.h", "back.theta", "back.h", "gap"]),
            Self::Disc { .. } => ("disc", &["x", "z"]),
            Self::Wings { .. } => ("wings", &["along", "h", "side"]),
        }
    }
}

impl Chart {
    /// Its surfaces; a plane has none.
    #[must_use]
    pub fn surfaces(&self) -> &[Surface] {
        match self {
            Self::Plane => &[],
            Self::Ray { surfaces } => surfaces,
        }
    }

    /// Finds the parameters that surfaces follow; the name of one that the kind has not is the error.
    pub fn bind(&mut self, params: &[String]) -> Result<(), String> {
        let Self::Ray { surfaces } = self else { return Ok(()) };
        for surface in surfaces {
            if let Surface::Wings { param, index, .. } = surface {
                *index = params.iter().position(|name| name == param).ok_or_else(|| param.clone())?;
            }
        }
        Ok(())
    }
}

/// One quantity that a chart knows about a pixel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    U,
    V,
    CosPhi,
    SinPhi,
    /// The kind's parameter of that number.
    Param(usize),
    A,
    B,
    ViewX,
    ViewY,
    ViewZ,
    Surface(usize, SurfaceSource),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SurfaceSource {
    FrontTheta,
    FrontH,
    BackTheta,
    BackH,
    Gap,
    X,
    Z,
    Along,
    H,
    Side,
}

impl Source {
    /// Reads a name of the items table, or `None` if there is no such quantity.
    #[must_use]
    pub fn parse(name: &str, params: &[String]) -> Option<Self> {
        Some(match name {
            "u" => Self::U,
            "v" => Self::V,
            "cos_phi" => Self::CosPhi,
            "sin_phi" => Self::SinPhi,
            "a" => Self::A,
            "b" => Self::B,
            "view_x" => Self::ViewX,
            "view_y" => Self::ViewY,
            "view_z" => Self::ViewZ,
            other => {
                if let Some(index) = params.iter().position(|param| param == other) {
                    return Some(Self::Param(index));
                }
                let (surface, what) = other.split_once('.')?;
                let what = match what {
                    "front.theta" => SurfaceSource::FrontTheta,
                    "front.h" => SurfaceSource::FrontH,
                    "back.theta" => SurfaceSource::BackTheta,
                    "back.h" => SurfaceSource::BackH,
                    "gap" => SurfaceSource::Gap,
                    "x" => SurfaceSource::X,
                    "z" => SurfaceSource::Z,
                    "along" => SurfaceSource::Along,
                    "h" => SurfaceSource::H,
                    "side" => SurfaceSource::Side,
                    _ => return None,
                };
                Self::Surface(surface.parse().ok()?, what)
            }
        })
    }
}

/// What a surface says about `N` pixels: for a cone front theta, front h, back theta, back h, gap; for a disc x, z;
/// for wings along, h, side.
pub type SurfaceValues<const N: usize> = [[f32; N]; 5];

/// A chart put into a frame: everything that is the same for all pixels.
#[derive(Clone, Debug)]
pub struct PlacedChart<'a> {
    chart: &'a Chart,
    /// The kind's parameters at the time of the frame.
    pub params: &'a [f32],
    pub frame: ItemFrame,
    /// Pixels per item unit: how sharp an edge can be.
    pub ppu: f32,
    /// Towards the viewer, and the roll-free axes of the view plane, in item space. Unused by the plane chart.
    pub view: Vec3,
    pub right: Vec3,
    pub up: Vec3,
    /// Rows of the pseudo-inverse of the 2x3 frame matrix: item position of the nearest ray point per pixel offset.
    pub inverse: [Vec2; 3],
}

/// A pixel in the chart: its two view coordinates (u, v or a, b) and, for rays, the nearest point.
#[derive(Clone, Copy, Debug)]
pub struct Placed {
    pub across: Vec2,
    /// Of a ray, in item space.
    pub x0: Vec3,
}

impl<'a> PlacedChart<'a> {
    /// `None` where the frame is so flat or small that nothing could be seen.
    #[must_use]
    pub fn new(chart: &'a Chart, frame: ItemFrame, params: &'a [f32]) -> Option<Self> {
        let zero = Vec3::default();
        match chart {
            Chart::Plane => {
                let det = frame.ex.x * frame.ey.y - frame.ey.x * frame.ex.y;
                if !det.is_finite() || det.abs() < 1e-3 {
                    return None;
                }
                let inverse = [
                    Vec2::new(frame.ey.y / det, -frame.ey.x / det),
                    Vec2::new(-frame.ex.y / det, frame.ex.x / det),
                    Vec2::default(),
                ];
                Some(Self { chart, params, frame, ppu: frame.ey.length(), view: zero, right: zero, up: zero, inverse })
            }
            Chart::Ray { .. } => {
                let g0 = Vec3::new(frame.ex.x, frame.ey.x, frame.ez.x);
                let g1 = Vec3::new(frame.ex.y, frame.ey.y, frame.ez.y);
                let n = g1.cross(g0);
                let length = n.length();
                if !length.is_finite() || length < 1e-3 {
                    return None;
                }
                let view = n * (1.0 / length);
                let right = Vec3::new(view.z, 0.0, -view.x);
                if right.length() < 1e-4 {
                    return None;
                }
                let right = right * (1.0 / right.length());
                // A^T (A A^T)^-1 for A with rows g0, g1.
                let (aa, ab, bb) = (g0.dot(g0), g0.dot(g1), g1.dot(g1));
                let det = aa * bb - ab * ab;
                let row = |p: f32, q: f32| Vec2::new((p * bb - q * ab) / det, (q * aa - p * ab) / det);
                let inverse = [row(g0.x, g1.x), row(g0.y, g1.y), row(g0.z, g1.z)];
                let ppu = length.sqrt();
                Some(Self { chart, params, frame, ppu, view, right, up: view.cross(right), inverse })
            }
        }
    }

    /// The pixel position of view coordinates; the inverse of [`Self::locate`].
    #[must_use]
    pub fn picture(&self, across: Vec2) -> Vec2 {
        let ItemFrame { o, ex, ey, ez } = self.frame;
        match self.chart {
            Chart::Plane => o + ex * across.x + ey * across.y,
            Chart::Ray { .. } => {
                let x = self.right * across.x + self.up * across.y;
                o + ex * x.x + ey * x.y + ez * x.z
            }
        }
    }

    /// Where a pixel position lies in the view of the item.
    #[must_use]
    #[inline(always)]
    pub fn locate(&self, p: Vec2) -> Placed {
        let d = p - self.frame.o;
        let dot = |row: Vec2| row.x * d.x + row.y * d.y;
        let x0 = Vec3::new(dot(self.inverse[0]), dot(self.inverse[1]), dot(self.inverse[2]));
        match self.chart {
            Chart::Plane => Placed { across: Vec2::new(x0.x, x0.y), x0 },
            Chart::Ray { .. } => Placed { across: Vec2::new(x0.dot(self.right), x0.dot(self.up)), x0 },
        }
    }

    /// The direction of a plane's x axis in view space: cosine and sine.
    #[must_use]
    pub fn phi(&self) -> (f32, f32) {
        let length = self.frame.ex.length().max(1e-9);
        (self.frame.ex.x / length, -self.frame.ex.y / length)
    }

    /// What surface number `index` says about some pixels with those nearest points. Written so that the compiler makes
    /// vectors of it.
    #[inline(always)]
    #[expect(clippy::needless_range_loop, reason = "several arrays in step, lane by lane")]
    pub fn surface<const N: usize>(&self, index: usize, x0: &[[f32; N]; 3], out: &mut SurfaceValues<N>) {
        let Chart::Ray { surfaces } = self.chart else { return };
        let view = self.view;
        let at = |i: usize| Vec3::new(x0[0][i], x0[1][i], x0[2][i]);
        match surfaces[index] {
            Surface::Wings { center, index, swing, swing_by, lift, lift_by, soft, param: _ } => {
                let beat = self.params[index];
                let (sin_s, cos_s) = (swing + swing_by * beat).sin_cos();
                let (sin_r, cos_r) = (lift + lift_by * beat).sin_cos();
                for i in 0..N {
                    let q = at(i) - center;
                    let side = if q.x * view.z - q.z * view.x >= 0.0 { 1.0 } else { -1.0 };
                    let normal = Vec3::new(side * sin_s, 0.0, cos_s);
                    let across = view.dot(normal);
                    let hit = q - view * (q.dot(normal) * (across / (across * across + soft * soft)));
                    let (x, y) = (side * hit.x * cos_s - hit.z * sin_s, hit.y);
                    let (along, h) = (x * cos_r + y * sin_r, y * cos_r - x * sin_r);
                    (out[0][i], out[1][i], out[2][i]) = (along.clamp(-4.0, 4.0), h.clamp(-4.0, 4.0), side);
                }
            }
            Surface::Cone { center, tilt, rx, rz, slope, h_min, h_max } => {
                let tilt = tilt.sin_cos();
                let w = tilted(view, tilt);
                let (by_rx, by_rz) = (1.0 / rx, 1.0 / rz);
                let (wx, wz) = (w.x * by_rx, w.z * by_rz);
                let aa = (wx * wx + wz * wz - slope * w.y * (slope * w.y)).max(0.02);
                let by_aa = 1.0 / aa;
                for i in 0..N {
                    let q = tilted(at(i) - center, tilt);
                    let (x, z, m) = (q.x * by_rx, q.z * by_rz, 1.0 + slope * q.y);
                    let bb = x * wx + z * wz - slope * w.y * m;
                    let cc = x * x + z * z - m * m;
                    let gap = (bb * bb - aa * cc) * by_aa;
                    let root = (gap.max(0.0) * by_aa).sqrt();
                    let (front, back) = (root - bb * by_aa, -root - bb * by_aa);
                    out[0][i] = atan2(x + wx * front, z + wz * front);
                    out[1][i] = (q.y + w.y * front).clamp(h_min, h_max);
                    out[2][i] = atan2(x + wx * back, z + wz * back);
                    out[3][i] = (q.y + w.y * back).clamp(h_min, h_max);
                    out[4][i] = gap.clamp(-1.0, 1.0);
                }
            }
            Surface::Disc { center, tilt, rx, rz, soft } => {
                let tilt = tilt.sin_cos();
                let w = tilted(view, tilt);
                let (by_y, by_rx, by_rz) = (w.y / (w.y * w.y + soft * soft), 1.0 / rx, 1.0 / rz);
                for i in 0..N {
                    let q = tilted(at(i) - center, tilt);
                    let hit = q - w * (q.y * by_y);
                    (out[0][i], out[1][i]) = ((hit.x * by_rx).clamp(-2.0, 2.0), (hit.z * by_rz).clamp(-2.0, 2.0));
                }
            }
        }
    }
}

/// Turned about the x axis by an angle of that sine and cosine.
#[inline(always)]
fn tilted(v: Vec3, (sin, cos): (f32, f32)) -> Vec3 {
    Vec3::new(v.x, v.y * cos - v.z * sin, v.y * sin + v.z * cos)
}
