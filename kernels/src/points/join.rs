//! The mean of what the sense network saw in a picture and in its mirror image.
//!
//! ```text
//! points[k] = (points[k] + turned mirrored_points[other k]) / 2,  turned: x -> 1 - x, the rest as it is
//! pose[i]   = (pose[i] + sign[i] mirrored_pose[i]) / 2
//! ```
//!
//! `other` is left for right and right for left: points 2 and 3, 4 and 5 and so on. `sign` is -1 for y and z of right,
//! x of up and of forward, and the torso's turn; an axis turns its x round, and right besides points the other way. f16
//! and f32 as they come from the heads; sums in f32.

use bytemuck::{Pod, Zeroable};
use half::f16;

use super::THREADS;
use crate::device::{Facts, Grid, Launch, Span};
use crate::error::{KernelError, require};
use crate::kernel::{Expected, F32_ROUNDING, Kernel, Operand, Rows, Work};
use crate::values::{Element, Fill};

/// Numbers of the pose: three axes, the head's width, the torso's turn.
const POSE: usize = 11;
/// Those that change their sign in a mirror image.
const TURNED: [usize; 5] = [1, 2, 3, 6, 10];

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Join {
    /// How many; even: two without a side, then pairs.
    pub points: usize,
}

/// What one look gave, or both together.
#[derive(Clone, Copy, Debug)]
pub struct Seen {
    /// (points, 4)
    pub points: Span<f32>,
    /// (11)
    pub pose: Span<f16>,
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
    out: [u64; 2],
    points_count: i32,
    unused: i32,
}
const _: () = assert!(size_of::<Params>() == 56);

impl Join {
    /// Addresses of points and pose.
    fn addresses(&self, seen: &Seen) -> Result<[u64; 2], KernelError> {
        let points = seen.points.demand(Self::NAME, "points", 4 * self.points)?;
        Ok([points, seen.pose.demand(Self::NAME, "pose", POSE)?])
    }
}

impl Kernel for Join {
    type Buffers = JoinBuffers;
    const NAME: &'static str = "points_join";
    const FATBIN: &'static str = "points";
    const FUNCTIONS: &'static [&'static str] = &["points_join"];

    fn describe(&self) -> String {
        format!("{} points", self.points)
    }

    fn launches(&self, buffers: &JoinBuffers, _: &Facts) -> Result<Vec<Launch>, KernelError> {
        let paired = self.points.is_multiple_of(2) && (2..=64).contains(&self.points);
        require(paired, Self::NAME, "points", "2 to 64, even", self.points)?;
        let JoinBuffers { straight, mirrored, out } = buffers;
        let [here, there] = [self.addresses(straight)?, self.addresses(mirrored)?];
        let both = |i: usize| [here[i], there[i]];
        let params = Params {
            points: both(0),
            pose: both(1),
            out: self.addresses(out)?,
            points_count: self.points as i32,
            unused: 0,
        };
        let grid = Grid { blocks: [1, 1, 1], threads: THREADS as u32, shared_bytes: 0 };
        let devices = |seen: &Seen| [seen.points.device(), seen.pose.device()];
        let devices = [straight, mirrored, out].map(devices).concat();
        Ok(vec![Launch::new::<Self, _>("points_join", grid, &params, &devices)?])
    }

    fn operands(&self) -> Vec<Operand> {
        let normal = || Fill::Normal { mean: 0.5, deviation: 1.0 };
        let seen = || {
            [
                Operand::input("points", Element::F32, 4 * self.points, normal()),
                Operand::input("pose", Element::F16, POSE, normal()),
            ]
        };
        let out = [
            Operand::output("points_out", Element::F32, 4 * self.points),
            Operand::output("pose_out", Element::F16, POSE),
        ];
        seen().into_iter().chain(seen()).chain(out).collect()
    }

    fn buffers(&self, spans: &[Span<u8>]) -> Result<JoinBuffers, KernelError> {
        let [points, pose, other_points, other_pose, points_out, pose_out] = spans else {
            return Err(KernelError::shape(Self::NAME, "buffers", 6, spans.len()));
        };
        let seen = |points: &Span<u8>, pose: &Span<u8>| {
            Ok::<_, KernelError>(Seen { points: points.cast()?, pose: pose.cast()? })
        };
        let (straight, mirrored) = (seen(points, pose)?, seen(other_points, other_pose)?);
        Ok(JoinBuffers { straight, mirrored, out: seen(points_out, pose_out)? })
    }

    fn twin(&self, inputs: &[Vec<f64>], _: Rows) -> Vec<Vec<Expected>> {
        let mean = |here: f64, there: f64, rounded: bool| {
            let value = f64::midpoint(here, there);
            let half = if rounded { Expected::rounded(value) } else { 0.0 };
            Expected { value, tolerance: half + 2.0 * F32_ROUNDING * (here.abs() + there.abs() + 1.0) }
        };
        let points = (0..4 * self.points).map(|i| {
            let (k, what) = (i / 4, i % 4);
            let there = inputs[2][4 * if k < 2 { k } else { k ^ 1 } + what];
            mean(inputs[0][i], if what == 0 { 1.0 - there } else { there }, false)
        });
        let pose = (0..POSE).map(|i| {
            let sign = if TURNED.contains(&i) { -1.0 } else { 1.0 };
            mean(inputs[1][i], sign * inputs[3][i], true)
        });
        vec![points.collect(), pose.collect()]
    }

    fn control(&self) -> (usize, usize) {
        (2, 0)
    }

    fn work(&self) -> Work {
        let (points, pose) = (4 * self.points as u64, POSE as u64);
        Work { bytes: 3 * (4 * points + 2 * pose), flops: 2 * (points + pose) }
    }

    fn parity() -> Vec<Self> {
        [2, 10, 64].map(|points| Self { points }).to_vec()
    }

    fn bench() -> Vec<Self> {
        vec![Self { points: 10 }]
    }
}
