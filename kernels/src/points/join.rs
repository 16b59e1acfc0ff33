//! The mean of what the sense network saw in a picture and in its mirror image.
//!
//! ```text
//! points[k]   = (points[k] + turned mirrored_points[other k]) / 2,  turned: x -> 1 - x, the rest as it is
//! pose[i]     = (pose[i] + sign[i] mirrored_pose[i]) / 2
//! parts[y, x] = (parts[y, x] + mirrored_parts[y, width - 1 - x, other part]) / 2
//! ```
//!
//! `other` is left for right and right for left: points 2 and 3, 4 and 5 and so on, parts 4 and 6, 5 and 7. `sign` is -1
//! for y and z of right, x of up and of forward, and the torso's turn; an axis turns its x round, and right besides
//! points the other way. f16 and f32 as they come from the heads; sums in f32.

use bytemuck::{Pod, Zeroable};
use half::f16;

use super::THREADS;
use crate::device::{Facts, Grid, Launch, Span};
use crate::error::{KernelError, require};
use crate::kernel::{Expected, F32_ROUNDING, Kernel, Operand, Rows, Work};
use crate::values::{Element, Fill};

/// Values of a cell of the parts, padding included.
const STRIDE: usize = 16;
/// Numbers of the pose: three axes, the head's width, the torso's turn.
const POSE: usize = 11;
/// Those that change their sign in a mirror image.
const TURNED: [usize; 5] = [1, 2, 3, 6, 10];

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Join {
    /// Of the parts.
    pub width: usize,
    pub height: usize,
    /// Even: two without a side, then pairs.
    pub points: usize,
}

/// What one look gave, or both together.
#[derive(Clone, Copy, Debug)]
pub struct Seen {
    /// (points, 4)
    pub points: Span<f32>,
    /// (11)
    pub pose: Span<f16>,
    /// (height, width, 9 padded to 16)
    pub parts: Span<f16>,
}

#[derive(Clone, Copy, Debug)]
pub struct JoinBuffers {
    pub straight: Seen,
    pub mirrored: Seen,
    pub out: Seen,
}

#[derive(Clone, Copy, Pod, Zeroable)]
#[repr(C)]
struct Params {
    points: [u64; 2],
    pose: [u64; 2],
    parts: [u64; 2],
    out: [u64; 3],
    width: i32,
    height: i32,
    points_count: i32,
    unused: i32,
}
const _: () = assert!(size_of::<Params>() == 88);

impl Join {
    fn parts_len(&self) -> usize {
        self.width * self.height * STRIDE
    }

    /// Addresses of points, pose and parts.
    fn addresses(&self, seen: &Seen) -> Result<[u64; 3], KernelError> {
        let name = Self::NAME;
        let points = seen.points.demand(name, "points", 4 * self.points)?;
        let pose = seen.pose.demand(name, "pose", POSE)?;
        Ok([points, pose, seen.parts.demand(name, "parts", self.parts_len())?])
    }
}

impl Kernel for Join {
    type Buffers = JoinBuffers;
    const NAME: &'static str = "points_join";
    const FATBIN: &'static str = "points";
    const FUNCTIONS: &'static [&'static str] = &["points_join"];

    fn describe(&self) -> String {
        format!("{} points, parts of {}x{}", self.points, self.width, self.height)
    }

    fn launches(&self, buffers: &JoinBuffers, _: &Facts) -> Result<Vec<Launch>, KernelError> {
        for size in [self.width, self.height] {
            require((1..=8192).contains(&size), Self::NAME, "size", "1 to 8192", size)?;
        }
        let paired = self.points.is_multiple_of(2) && (2..=64).contains(&self.points);
        require(paired, Self::NAME, "points", "2 to 64, even", self.points)?;
        require(self.parts_len() < 1 << 31, Self::NAME, "size", "below 2^31 values", self.parts_len())?;
        let JoinBuffers { straight, mirrored, out } = buffers;
        let [here, there] = [self.addresses(straight)?, self.addresses(mirrored)?];
        let both = |i: usize| [here[i], there[i]];
        let params = Params {
            points: both(0),
            pose: both(1),
            parts: both(2),
            out: self.addresses(out)?,
            width: self.width as i32,
            height: self.height as i32,
            points_count: self.points as i32,
            unused: 0,
        };
        let threads = self.width * self.height + self.points + POSE;
        let grid = Grid { blocks: [threads.div_ceil(THREADS), 1, 1], threads: THREADS as u32, shared_bytes: 0 };
        let devices = |seen: &Seen| [seen.points.device(), seen.pose.device(), seen.parts.device()];
        let devices = [straight, mirrored, out].map(devices).concat();
        Ok(vec![Launch::new::<Self, _>("points_join", grid, &params, &devices)?])
    }

    fn operands(&self) -> Vec<Operand> {
        let normal = || Fill::Normal { mean: 0.5, deviation: 1.0 };
        let seen = || {
            [
                Operand::input("points", Element::F32, 4 * self.points, normal()),
                Operand::input("pose", Element::F16, POSE, normal()),
                Operand::input("parts", Element::F16, self.parts_len(), normal()),
            ]
        };
        let out = [
            Operand::output("points_out", Element::F32, 4 * self.points),
            Operand::output("pose_out", Element::F16, POSE),
            Operand::output("parts_out", Element::F16, self.parts_len()),
        ];
        seen().into_iter().chain(seen()).chain(out).collect()
    }

    fn buffers(&self, spans: &[Span<u8>]) -> Result<JoinBuffers, KernelError> {
        let seen = |spans: &[Span<u8>]| {
            let [points, pose, parts] = spans else {
                return Err(KernelError::shape(Self::NAME, "buffers", 9, spans.len()));
            };
            Ok(Seen { points: points.cast()?, pose: pose.cast()?, parts: parts.cast()? })
        };
        require(spans.len() == 9, Self::NAME, "buffers", 9, spans.len())?;
        Ok(JoinBuffers { straight: seen(&spans[..3])?, mirrored: seen(&spans[3..6])?, out: seen(&spans[6..])? })
    }

    fn twin(&self, inputs: &[Vec<f64>], rows: Rows) -> Vec<Vec<Expected>> {
        let mean = |here: f64, there: f64, rounded: bool| {
            let value = f64::midpoint(here, there);
            let half = if rounded { Expected::rounded(value) } else { 0.0 };
            Expected { value, tolerance: half + 2.0 * F32_ROUNDING * (here.abs() + there.abs() + 1.0) }
        };
        let points = (0..4 * self.points).map(|i| {
            let (k, what) = (i / 4, i % 4);
            let there = inputs[3][4 * if k < 2 { k } else { k ^ 1 } + what];
            mean(inputs[0][i], if what == 0 { 1.0 - there } else { there }, false)
        });
        let pose = (0..POSE).map(|i| {
            let sign = if TURNED.contains(&i) { -1.0 } else { 1.0 };
            mean(inputs[1][i], sign * inputs[4][i], true)
        });
        let mut parts = vec![Expected::ANY; self.parts_len()];
        for y in (0..self.height).filter(|&y| rows.wants(y)) {
            for x in 0..self.width {
                let (at, there) = (y * self.width + x, y * self.width + self.width - 1 - x);
                for part in 0..STRIDE {
                    let other = if (4..8).contains(&part) { part ^ 2 } else { part };
                    parts[at * STRIDE + part] =
                        mean(inputs[2][at * STRIDE + part], inputs[5][there * STRIDE + other], true);
                }
            }
        }
        vec![points.collect(), pose.collect(), parts]
    }

    fn control(&self) -> (usize, usize) {
        (3, 0)
    }

    fn work(&self) -> Work {
        let values = self.parts_len() as u64;
        Work { bytes: 3 * 2 * values, flops: 2 * values }
    }

    fn parity() -> Vec<Self> {
        let sized = |width, height, points| Self { width, height, points };
        vec![sized(1, 1, 2), sized(17, 9, 6), sized(64, 48, 10)]
    }

    fn bench() -> Vec<Self> {
        vec![Self { width: 64, height: 48, points: 10 }]
    }
}
