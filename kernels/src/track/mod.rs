//! The body followed from frame to frame, and which hand and which side of the head it leaves to what is worn.
//!
//! ```text
//! One Euro filter (Casiez, Roussel, Vogel, CHI 2012) at 30 frames a second, share(f) = x / (x + 1), x = tau f / 30:
//! speed += share(1) (30 (seen - value) - speed)       value += share(still + slope |speed|) (seen - value)
//! still, slope = 1.5, 18 for points; 1.2, 2 for the head's axes and the torso's turn; 0.6, 3 for the head's width
//! present += 0.35 (logistic(seen) - present)          the first frame is taken as it is
//! sight = present^2 clamp((bottom - y) / 0.16, 0.5, 1) of each hand, bottom: where the camera's picture ends
//! free hand: the one in better sight; the one before while they are within 0.05, or for 6 frames while both are above 0.25
//! lead = (right + left - 2 head.x) / (right - left)   to the wider side once lead is 0.12 the other way
//! at moves there by 2 in 0.8 s:  to_the_right = at > 0, shown = clamp((|at| - 0.15) / 0.7, 0, 1)
//! ```
//!
//! The formulas of the CPU renderer (`Tracker`, `FreeHand`, `Crossing`), which the whole is compared with there. All that
//! is remembered is `before`; zeros there forget it. Positions are in picture widths.

mod cases;
mod twin;

use bytemuck::{Pod, Zeroable};
use half::f16;

use crate::device::{Facts, Grid, Launch, Span};
use crate::error::{KernelError, require};
use crate::fit::Fit;
use crate::kernel::{Expected, Kernel, Operand, Rows, Work};
use crate::values::Element;

/// Named points, the last two of them the hands.
pub const POINTS: usize = 10;
/// Numbers of the pose: three axes of the head, of which the first is not looked at, log width, torso's turn.
pub const POSE: usize = 11;
/// Numbers that are remembered from frame to frame.
pub const STATE_LEN: usize = 74;
/// Numbers of a body: points (10, 2), presences (10), up and forward of the head, its width, the torso's turn, whether
/// the left hand is the free one, whether company is to the right, and how much of it is shown.
pub const BODY_LEN: usize = 41;
/// Values from one frame to the next where a check takes several: multiples of 16 bytes.
const POSE_STRIDE: usize = 16;
const ROW: usize = 4;
const BODY_STRIDE: usize = 44;

/// Which hand is free for what nobody gave a hand to, as `scene` says it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(u8)]
pub enum FreeHand {
    /// Nothing asks for one, so the choice is forgotten.
    #[default]
    Nobody = 0,
    Right = 1,
    Left = 2,
    /// The one in better sight.
    InSight = 3,
}

/// One frame's body followed; for checks several frames in a row.
#[derive(Clone, Debug, PartialEq)]
pub struct Track {
    /// The picture's width over its height.
    pub aspect: f32,
    /// Left, right and lower end of the camera's picture in the model's, in picture widths.
    pub room: (f32, f32, f32),
    /// For checks: how many frames, and whether something is remembered before them.
    frames: usize,
    live: bool,
}

#[derive(Clone, Copy, Debug)]
pub struct TrackBuffers {
    /// (10, 4): x and y in 0..1, logit of presence, spread.
    pub points: Span<f32>,
    /// (11)
    pub pose: Span<f16>,
    /// (2): seconds, and what f32 rounded off them.
    pub time: Span<f32>,
    /// (1): [`FreeHand`]
    pub scene: Span<f32>,
    /// [`STATE_LEN`]
    pub before: Span<f32>,
    /// The same after the frame; may be `before`.
    pub after: Span<f32>,
    /// [`BODY_LEN`]
    pub body: Span<f32>,
}

#[derive(Clone, Copy, Pod, Zeroable)]
#[repr(C)]
struct Params {
    points: u64,
    pose: u64,
    time: u64,
    scene: u64,
    before: u64,
    after: u64,
    body: u64,
    aspect: f32,
    room_left: f32,
    room_right: f32,
    room_bottom: f32,
}
const _: () = assert!(size_of::<Params>() == 72);

/// Seconds as the kernels take them: what an f32 holds, and what it rounded off.
#[must_use]
pub fn time(seconds: f64) -> [f32; 2] {
    let high = seconds as f32;
    [high, (seconds - f64::from(high)) as f32]
}

impl Track {
    /// For a model's picture of that size that a camera's is fitted into.
    #[must_use]
    pub fn fitted(camera: (usize, usize), model: (usize, usize)) -> Self {
        let fit = Fit::new(camera, model);
        let width = model.0 as f32;
        let (right, bottom) = (fit.left + camera.0 as f32 * fit.scale, fit.top + camera.1 as f32 * fit.scale);
        let room = (fit.left / width, right / width, bottom / width);
        Self { aspect: width / model.1 as f32, room, frames: 1, live: false }
    }
}

impl Kernel for Track {
    type Buffers = TrackBuffers;
    const NAME: &'static str = "track";
    const FUNCTIONS: &'static [&'static str] = &["track_follow"];

    fn describe(&self) -> String {
        let begins = if self.live { "in the middle" } else { "from the first" };
        format!("{} frames, {begins}", self.frames)
    }

    fn launches(&self, buffers: &TrackBuffers, _: &Facts) -> Result<Vec<Launch>, KernelError> {
        let sound = self.aspect > 0.0 && self.aspect.is_finite() && self.room.0 < self.room.1;
        require(sound, Self::NAME, "picture", "an aspect above 0 and some room", format!("{self:?}"))?;
        let len = |stride: usize, last: usize| (self.frames - 1) * stride + last;
        let points = buffers.points.demand(Self::NAME, "points", len(4 * POINTS, 4 * POINTS))?;
        let pose = buffers.pose.demand(Self::NAME, "pose", len(POSE_STRIDE, POSE))?;
        let time = buffers.time.demand(Self::NAME, "time", len(ROW, 2))?;
        let scene = buffers.scene.demand(Self::NAME, "scene", len(ROW, 1))?;
        let before = buffers.before.demand(Self::NAME, "before", STATE_LEN)?;
        let after = buffers.after.demand(Self::NAME, "after", STATE_LEN)?;
        let body = buffers.body.demand(Self::NAME, "body", len(BODY_STRIDE, BODY_LEN))?;
        let devices = [
            buffers.points.device(),
            buffers.pose.device(),
            buffers.time.device(),
            buffers.scene.device(),
            buffers.before.device(),
            buffers.after.device(),
            buffers.body.device(),
        ];
        let frame = |frame: usize| {
            let past = |values: usize, bytes: usize| (frame * values * bytes) as u64;
            let params = Params {
                points: points + past(4 * POINTS, 4),
                pose: pose + past(POSE_STRIDE, 2),
                time: time + past(ROW, 4),
                scene: scene + past(ROW, 4),
                before: if frame == 0 { before } else { after },
                after,
                body: body + past(BODY_STRIDE, 4),
                aspect: self.aspect,
                room_left: self.room.0,
                room_right: self.room.1,
                room_bottom: self.room.2,
            };
            let grid = Grid { blocks: [1, 1, 1], threads: 32, shared_bytes: 0 };
            Launch::new::<Self, _>("track_follow", grid, &params, &devices)
        };
        (0..self.frames).map(frame).collect()
    }

    fn launch_count(&self) -> usize {
        self.frames
    }

    fn operands(&self) -> Vec<Operand> {
        let case = cases::Case::new(self.frames, self.live);
        let exact = |name, values: Vec<f64>| Operand::exact(name, Element::F32, Element::F32.encode_all(values));
        vec![
            exact("points", case.points),
            Operand::exact("pose", Element::F16, Element::F16.encode_all(case.pose)),
            exact("time", case.time),
            exact("scene", case.scene),
            exact("before", case.before),
            Operand::output("after", Element::F32, STATE_LEN),
            Operand::output("body", Element::F32, self.frames * BODY_STRIDE),
        ]
    }

    fn buffers(&self, spans: &[Span<u8>]) -> Result<TrackBuffers, KernelError> {
        let [points, pose, time, scene, before, after, body] = spans else {
            return Err(KernelError::shape(Self::NAME, "buffers", 7, spans.len()));
        };
        let (points, pose, time, scene) = (points.cast()?, pose.cast()?, time.cast()?, scene.cast()?);
        Ok(TrackBuffers { points, pose, time, scene, before: before.cast()?, after: after.cast()?, body: body.cast()? })
    }

    fn twin(&self, inputs: &[Vec<f64>], _: Rows) -> Vec<Vec<Expected>> {
        twin::follow(self, inputs)
    }

    fn work(&self) -> Work {
        let bytes = 4 * (4 * POINTS + 2 * STATE_LEN + BODY_LEN) + 2 * POSE;
        Work { bytes: (self.frames * bytes) as u64, flops: (self.frames * 1000) as u64 }
    }

    fn parity() -> Vec<Self> {
        let narrow = Self::fitted((48, 64), (64, 48));
        vec![
            Self::fitted((640, 480), (256, 192)),
            Self { frames: 40, ..Self::fitted((1280, 720), (256, 192)) },
            Self { live: true, ..narrow.clone() },
            Self { frames: 40, live: true, ..narrow },
        ]
    }

    fn bench() -> Vec<Self> {
        vec![Self { live: true, ..Self::fitted((640, 480), (256, 192)) }]
    }
}
