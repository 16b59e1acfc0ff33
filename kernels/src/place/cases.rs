//! A body, and things of every kind to hang on it, for checks.

use super::{PlaceWorn, Scene, WornLayer};
use crate::maps::MOST_CIRCLES;
use crate::track::{BODY_LEN, FreeHand, time};
use crate::values::Random;

/// What is in a check's buffers.
pub struct Case {
    pub body: Vec<f32>,
    pub time: [f32; 2],
    pub scene: Scene,
    pub worn: Vec<WornLayer>,
}

impl Case {
    pub fn new(kernel: &PlaceWorn) -> Self {
        let mut random = Random::new(23 + kernel.worn as u64);
        let mut uniform = |low: f64, high: f64| (low + (high - low) * random.uniform()) as f32;
        let mut body = vec![0.0; BODY_LEN];
        // Somebody in the middle: head, neck, shoulders, elbows, wrists, hands, the left one hardly seen, beyond the lower
        // border of a camera's picture that ends at 0.66 and near that of the model's.
        let middle: [[f32; 2]; 10] = [
            [0.5, 0.3],
            [0.5, 0.42],
            [0.4, 0.46],
            [0.6, 0.46],
            [0.33, 0.6],
            [0.67, 0.6],
            [0.3, 0.5],
            [0.75, 0.66],
            [0.28, 0.46],
            [0.8, 0.78],
        ];
        for (to, at) in body.chunks_exact_mut(2).zip(middle) {
            (to[0], to[1]) = (at[0] + uniform(-0.03, 0.03), at[1] + uniform(-0.02, 0.02));
        }
        body[20..30].iter_mut().for_each(|present| *present = uniform(0.25, 0.95));
        body[29] = 0.2;
        let (tilt, yaw) = (uniform(-0.3, 0.3), uniform(-0.8, 0.8));
        body[30..33].copy_from_slice(&[tilt.sin(), -tilt.cos(), 0.0]);
        body[33..36].copy_from_slice(&[yaw.sin(), 0.0, -yaw.cos()]);
        (body[36], body[37]) = (uniform(0.1, 0.16), uniform(-1.2, 1.2));
        body[38..].copy_from_slice(&[kernel.worn.is_multiple_of(3).into(), kernel.worn.is_multiple_of(2).into(), 0.8]);

        let circles = kernel.worn.min(MOST_CIRCLES);
        let layer = |i: usize| {
            let (attachment, flat) = ((i % 5) as f32, i % 5 >= 2 || i % 7 == 6);
            let turns: [[f32; 2]; 4] = std::array::from_fn(|_| time(1.0 / f64::from(uniform(0.5, 3.0))));
            let wings = [(i % 4) as f32, uniform(-1.0, 1.0), 0.6, uniform(-1.0, 1.0), 0.4];
            let mut beat = WornLayer::still().beat;
            beat[i % 2] = if i.is_multiple_of(3) { wings } else { beat[i % 2] };
            WornLayer {
                layer: (i % 17) as f32,
                behind: (i % 3 == 2).into(),
                attachment,
                hands: [(i / 5 % 2) as f32, (i / 10 % 2) as f32],
                size: uniform(0.4, 2.0),
                about: [uniform(-0.5, 0.5), uniform(-0.5, 0.5), uniform(-0.5, 0.5)],
                index: (i / 5 % 4) as f32,
                across: (i / 5 % 2) as f32,
                above: (i / 10 % 2) as f32,
                circle: if i < circles { (circles - 1 - i) as f32 } else { -1.0 },
                radius: uniform(0.05, 1.5),
                plane: flat.into(),
                tint: [uniform(0.0, 1.0), uniform(0.0, 1.0), uniform(0.0, 1.0)],
                secondary: [uniform(0.0, 1.0), uniform(0.0, 1.0), uniform(0.0, 1.0)],
                wave: std::array::from_fn(|k| ((i + k) % 3) as f32),
                turns,
                beat,
                low: [uniform(-1.2, -0.2), uniform(-1.0, -0.1)],
                high: [uniform(0.3, 1.2), uniform(0.2, 1.0)],
                ..WornLayer::still()
            }
        };
        let mut worn: Vec<WornLayer> = (0..kernel.worn).map(layer).collect();
        worn.resize(kernel.most, WornLayer::still());
        let grips = circles / 2;
        let scene = Scene::new(FreeHand::InSight, kernel.worn, (true, false), (grips, circles - grips));
        Self { body, time: time(86_400.0 + 12.34), scene, worn }
    }
}
