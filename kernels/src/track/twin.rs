//! The body followed in plain f64: what the kernel must compute.

use super::{BODY_LEN, BODY_STRIDE, POINTS, POSE_STRIDE, ROW, STATE_LEN, Track};
use crate::kernel::{Expected, F32_ROUNDING};

const FRAME_SECONDS: f64 = 1.0 / 30.0;
/// How far off values of order one may be: a few roundings a frame, of which the filters keep a share; and the cut-off
/// follows the speed, a difference of values taken thirty times.
const NEAR: f64 = 64.0 * F32_ROUNDING;

/// What is remembered, in the order of the buffer.
struct State {
    numbers: Vec<[f64; 2]>,
    presence: Vec<f64>,
    live: bool,
    side: usize,
    doubts: f64,
    crosses: bool,
    at: f64,
    wanted: f64,
    seconds: [f64; 2],
}

impl State {
    fn read(from: &[f64]) -> Self {
        Self {
            numbers: from[..56].chunks_exact(2).map(|pair| [pair[0], pair[1]]).collect(),
            presence: from[56..66].to_vec(),
            live: from[66] != 0.0,
            side: from[67] as usize,
            doubts: from[68],
            crosses: from[69] != 0.0,
            at: from[70],
            wanted: from[71],
            seconds: [from[72], from[73]],
        }
    }

    fn expected(&self) -> Vec<Expected> {
        let Self { numbers, presence, live, side, doubts, crosses, at, wanted, seconds } = self;
        let mut out = Vec::with_capacity(STATE_LEN);
        for &[value, speed] in numbers {
            out.push(near(value));
            out.push(Expected { value: speed, tolerance: NEAR * (1.0 + speed.abs()) / FRAME_SECONDS });
        }
        out.extend(presence.iter().map(|&value| near(value)));
        let flag = |on: bool| f64::from(u8::from(on));
        out.extend([flag(*live), *side as f64, *doubts, flag(*crosses)].map(Expected::exactly));
        out.push(near(*at));
        out.extend([*wanted, seconds[0], seconds[1]].map(Expected::exactly));
        out
    }

    fn follow(&mut self, number: usize, seen: f64, still_hz: f64, slope: f64) -> f64 {
        let share = |cutoff_hz: f64| {
            let x = std::f64::consts::TAU * cutoff_hz * FRAME_SECONDS;
            x / (x + 1.0)
        };
        let [value, speed] = &mut self.numbers[number];
        if !self.live {
            (*value, *speed) = (seen, 0.0);
        }
        *speed += share(1.0) * ((seen - *value) / FRAME_SECONDS - *speed);
        *value += share(still_hz + slope * speed.abs()) * (seen - *value);
        *value
    }

    fn turn(&mut self, number: usize, axis: [f64; 3]) -> [f64; 3] {
        let axis = normalized(axis);
        normalized(std::array::from_fn(|k| self.follow(number + k, axis[k], 1.2, 2.0)))
    }

    /// The free hand: 1 right, 2 left.
    fn choose(&mut self, given: usize, [right, left]: [f64; 2]) {
        let better = if right >= left { 1 } else { 2 };
        let mut doubts = 0.0;
        self.side = match self.side {
            _ if given != 3 => given,
            side if side == better || (side != 0 && (right - left).abs() <= 0.05) => side,
            side if side != 0 && self.doubts < 6.0 && right.min(left) > 0.25 => {
                doubts = self.doubts + 1.0;
                side
            }
            _ => better,
        };
        self.doubts = doubts;
    }

    fn cross(&mut self, lead: f64, time: [f64; 2]) {
        if !self.crosses || lead * self.wanted < -0.12 {
            self.wanted = if lead >= 0.0 { 1.0 } else { -1.0 };
        }
        let passed = (time[0] + time[1] - self.seconds[0] - self.seconds[1]).max(0.0);
        let at = if self.crosses { self.at } else { self.wanted };
        let most = passed * 2.0 / 0.8;
        self.at = at + (self.wanted - at).clamp(-most, most);
        (self.crosses, self.seconds) = (true, time);
    }
}

fn near(value: f64) -> Expected {
    Expected { value, tolerance: NEAR * (1.0 + value.abs()) }
}

fn normalized(v: [f64; 3]) -> [f64; 3] {
    let length = v.iter().map(|x| x * x).sum::<f64>().sqrt();
    if length > 1e-6 { v.map(|x| x / length) } else { [0.0, 0.0, -1.0] }
}

/// `inputs`: points, pose, time, scene, before. The state after the last frame, and the body after each.
pub fn follow(track: &Track, inputs: &[Vec<f64>]) -> Vec<Vec<Expected>> {
    let [points, pose, time, scene, before] = inputs else { return Vec::new() };
    let aspect = f64::from(track.aspect);
    let (room_left, room_right) = (f64::from(track.room.0), f64::from(track.room.1));
    let room_bottom = f64::from(track.room.2);
    let mut state = State::read(before);
    let mut bodies = Vec::new();
    for frame in 0..points.len() / (4 * POINTS) {
        let points = &points[frame * 4 * POINTS..][..4 * POINTS];
        let pose = &pose[frame * POSE_STRIDE..][..POSE_STRIDE];
        let time = [time[frame * ROW], time[frame * ROW + 1]];
        let mut at = Vec::new();
        for (k, point) in points.chunks_exact(4).enumerate() {
            at.push(state.follow(2 * k, point[0], 1.5, 18.0));
            at.push(state.follow(2 * k + 1, point[1] / aspect, 1.5, 18.0));
            let present = 1.0 / (1.0 + (-point[2]).exp());
            let old = if state.live { state.presence[k] } else { present };
            state.presence[k] = old + f64::from(0.35_f32) * (present - old);
        }
        let up = state.turn(20, [pose[3], pose[4], pose[5]]);
        let forward = state.turn(23, [pose[6], pose[7], pose[8]]);
        let width = state.follow(26, pose[9].clamp(-5.0, 0.0).exp(), 0.6, 3.0);
        let yaw = state.follow(27, pose[10], 1.2, 2.0);
        state.live = true;
        let sight = [8, 9].map(|hand: usize| {
            state.presence[hand].powi(2) * ((room_bottom - at[2 * hand + 1]) / 0.16).clamp(0.5, 1.0)
        });
        state.choose(scene[frame * ROW] as usize, sight);
        state.cross((room_right + room_left - 2.0 * at[0]) / (room_right - room_left), time);
        let body = at.iter().chain(&state.presence).chain(&up).chain(&forward).chain([&width, &yaw]);
        bodies.extend(body.map(|&value| near(value)));
        let flag = |on: bool| Expected::exactly(f64::from(u8::from(on)));
        // In the middle of its way, where nothing is shown, it may be on either side.
        let either = if state.at.abs() < NEAR { 1.0 } else { 0.0 };
        bodies.extend([flag(state.side == 2), Expected { tolerance: either, ..flag(state.at > 0.0) }]);
        bodies.push(near(((state.at.abs() - 0.15) / 0.7).clamp(0.0, 1.0)));
        bodies.extend([Expected::UNTOUCHED; BODY_STRIDE - BODY_LEN]);
    }
    vec![state.expected(), bodies]
}
