//! Bodies that move about, for checks.

use super::{POINTS, POSE, POSE_STRIDE, ROW, STATE_LEN, time};
use crate::values::Random;

/// What is in a check's buffers, frame after frame.
pub struct Case {
    pub points: Vec<f64>,
    pub pose: Vec<f64>,
    pub time: Vec<f64>,
    pub scene: Vec<f64>,
    pub before: Vec<f64>,
}

impl Case {
    /// `live`: whether something is remembered before the first frame.
    pub fn new(frames: usize, live: bool) -> Self {
        let mut random = Random::new(frames as u64 + u64::from(live) * 1000);
        let mut case =
            Self { points: Vec::new(), pose: Vec::new(), time: Vec::new(), scene: Vec::new(), before: Vec::new() };
        let mut at: Vec<f64> = (0..2 * POINTS).map(|_| 0.2 + 0.6 * random.uniform()).collect();
        let mut seen: Vec<f64> = (0..POINTS).map(|_| 1.5 * random.normal()).collect();
        let mut pose: Vec<f64> = (0..POSE).map(|_| random.normal()).collect();
        for frame in 0..frames {
            at.iter_mut().for_each(|value| *value += 0.02 * random.normal());
            // The head goes from one side to the other and back, so that company does too.
            at[0] = 0.5 + 0.45 * (frame as f64 * 0.2).sin();
            // One hand rises while the other falls, about where a wide camera's picture ends.
            let lift = 0.12 * (frame as f64 * 0.3).sin();
            (at[17], at[19]) = (0.78 + lift, 0.78 - lift);
            seen.iter_mut().for_each(|value| *value = 0.9 * *value + 0.8 * random.normal());
            pose.iter_mut().for_each(|value| *value += 0.1 * random.normal());
            pose[9] = -2.0 + 4.0 * (frame as f64 * 0.3).sin(); // beyond what is believed, both ways
            for k in 0..POINTS {
                case.points.extend([at[2 * k], at[2 * k + 1], seen[k], 0.01]);
            }
            case.pose.extend((0..POSE_STRIDE).map(|k| pose.get(k).copied().unwrap_or(0.0)));
            let [high, low] = time(1e5 + frame as f64 / 30.0).map(f64::from);
            case.time.extend([high, low, 0.0, 0.0]);
            // Mostly as is seen; now and then a hand is given, or nothing asks for one.
            let free = match frame % 20 {
                16 => 1.0,
                17 => 2.0,
                19 => 0.0,
                _ => 3.0,
            };
            case.scene.extend([free, 0.0, 0.0, 0.0]);
        }
        assert_eq!(case.scene.len(), ROW * frames);
        case.before = vec![0.0; STATE_LEN];
        if live {
            case.before[..56].iter_mut().for_each(|value| *value = 0.5 * random.normal());
            case.before[56..66].iter_mut().for_each(|value| *value = random.uniform());
            let [high, low] = time(1e5 - 0.04).map(f64::from);
            case.before[66..].copy_from_slice(&[1.0, 2.0, 5.0, 1.0, -0.3, -1.0, high, low]);
        }
        case
    }
}
