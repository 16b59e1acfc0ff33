//! The body as the sense network sees it, and how it is followed from frame to frame.
//!
//! One frame's estimate trembles by a pixel or two; a One Euro filter (Casiez, Roussel, Vogel, CHI 2012) holds still
//! what is still and lets through what moves.

use super::geometry::{Vec2, Vec3, normalized};

/// The named points of the sense network, in the order of its output.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(dead_code, reason = "the network names points that nothing hangs on")]
pub enum Point {
    Head,
    Neck,
    ShoulderR,
    ShoulderL,
    ElbowR,
    ElbowL,
    WristR,
    WristL,
    HandR,
    HandL,
}

/// How many named points there are.
pub const POINTS: usize = 10;
/// Numbers of the pose output: right, up and forward of the head (3 each), log head width, torso yaw.
pub const POSE: usize = 11;

/// One frame's body. Positions are in picture widths (see [`super::frames`]).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Body {
    pub points: [Vec2; POINTS],
    /// Probability that the point is in the picture and not hidden.
    pub presence: [f32; POINTS],
    /// Standard deviation of the point's heat map in picture widths: how unsure its position is.
    pub spread: [f32; POINTS],
    /// Unit vectors in camera space: x right, y down, z away from the camera.
    pub head_up: Vec3,
    pub head_forward: Vec3,
    pub head_width: f32,
    /// Radians; positive turns the chest to the picture's right.
    pub torso_yaw: f32,
}

impl Body {
    /// Reads the network's outputs: `points` (10, 4) of x, y in 0..1, presence logit and spread; `pose` (11).
    /// `aspect` is the picture's width over its height.
    #[must_use]
    pub fn from_outputs(points: &[f32], pose: &[f32], aspect: f32) -> Self {
        assert!(points.len() == POINTS * 4 && pose.len() == POSE, "sense outputs have other lengths than the model's");
        let axis = |at: usize| normalized(Vec3::new(pose[at], pose[at + 1], pose[at + 2]));
        Self {
            points: std::array::from_fn(|k| Vec2::new(points[k * 4], points[k * 4 + 1] / aspect)),
            presence: std::array::from_fn(|k| 1.0 / (1.0 + (-points[k * 4 + 2]).exp())),
            spread: std::array::from_fn(|k| points[k * 4 + 3]),
            head_up: axis(3),
            head_forward: axis(6),
            head_width: pose[9].clamp(-5.0, 0.0).exp(),
            torso_yaw: pose[10],
        }
    }

    /// The same body in another unit of length: `factor` of it are a picture's width.
    #[must_use]
    pub fn scaled(&self, factor: f32) -> Self {
        Self {
            points: self.points.map(|p| p * factor),
            spread: self.spread.map(|s| s * factor),
            head_width: self.head_width * factor,
            ..*self
        }
    }

    #[must_use]
    pub fn at(&self, point: Point) -> Vec2 {
        self.points[point as usize]
    }

    #[must_use]
    pub fn present(&self, point: Point) -> f32 {
        self.presence[point as usize]
    }
}

/// One number, smoothed: the cut-off frequency rises with speed.
#[derive(Clone, Copy, Debug, Default)]
struct OneEuro {
    value: f32,
    speed: f32,
}

impl OneEuro {
    fn new(value: f32) -> Self {
        Self { value, speed: 0.0 }
    }

    fn next(&mut self, measured: f32, tuning: Tuning) -> f32 {
        let share = |cutoff_hz: f32| {
            let x = std::f32::consts::TAU * cutoff_hz * FRAME_SECONDS;
            x / (x + 1.0)
        };
        let speed = (measured - self.value) / FRAME_SECONDS;
        self.speed += share(1.0) * (speed - self.speed);
        self.value += share(tuning.still_hz + tuning.per_speed * self.speed.abs()) * (measured - self.value);
        self.value
    }
}

/// The filter counts frames, not seconds, so that the same footage always gives the same picture.
const FRAME_SECONDS: f32 = 1.0 / 30.0;

#[derive(Clone, Copy)]
struct Tuning {
    /// Cut-off for what stands still, in Hz.
    still_hz: f32,
    /// How much the cut-off rises with speed, Hz per (unit per second).
    per_speed: f32,
}

const POSITION: Tuning = Tuning { still_hz: 1.5, per_speed: 18.0 };
const DIRECTION: Tuning = Tuning { still_hz: 1.2, per_speed: 2.0 };
const LENGTH: Tuning = Tuning { still_hz: 0.6, per_speed: 3.0 };

/// Follows the body through the frames.
#[derive(Debug, Default)]
pub struct Tracker {
    state: Option<Box<State>>,
}

#[derive(Debug)]
struct State {
    points: [[OneEuro; 2]; POINTS],
    presence: [f32; POINTS],
    up: [OneEuro; 3],
    forward: [OneEuro; 3],
    head_width: OneEuro,
    torso_yaw: OneEuro,
}

impl Tracker {
    /// The smoothed body after one more measurement.
    pub fn follow(&mut self, seen: &Body) -> Body {
        let three = |v: Vec3| [v.x, v.y, v.z].map(OneEuro::new);
        let state = self.state.get_or_insert_with(|| {
            Box::new(State {
                points: seen.points.map(|p| [OneEuro::new(p.x), OneEuro::new(p.y)]),
                presence: seen.presence,
                up: three(seen.head_up),
                forward: three(seen.head_forward),
                head_width: OneEuro::new(seen.head_width),
                torso_yaw: OneEuro::new(seen.torso_yaw),
            })
        });
        let turn = |filters: &mut [OneEuro; 3], v: Vec3| {
            let [x, y, z] = filters;
            normalized(Vec3::new(x.next(v.x, DIRECTION), y.next(v.y, DIRECTION), z.next(v.z, DIRECTION)))
        };
        let mut body = *seen;
        for ((filters, presence), k) in state.points.iter_mut().zip(&mut state.presence).zip(0..) {
            let point = seen.points[k];
            body.points[k] = Vec2::new(filters[0].next(point.x, POSITION), filters[1].next(point.y, POSITION));
            *presence += 0.35 * (seen.presence[k] - *presence);
            body.presence[k] = *presence;
        }
        body.head_up = turn(&mut state.up, seen.head_up);
        body.head_forward = turn(&mut state.forward, seen.head_forward);
        body.head_width = state.head_width.next(seen.head_width, LENGTH);
        body.torso_yaw = state.torso_yaw.next(seen.torso_yaw, DIRECTION);
        body
    }

    /// Forgets the body, as after a cut.
    pub fn reset(&mut self) {
        let Self { state } = self;
        *state = None;
    }
}
