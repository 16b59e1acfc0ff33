//! A visitor before a wall, for checks.

use super::{Costume, Dye, FITTING_LEN, KNOWN, LOCKS, STRANDS, STRIDE, state_len};
use crate::track::BODY_LEN;
use crate::values::Random;

/// What is in the buffers where cloth is measured.
pub struct Measured {
    pub inputs: Vec<f64>,
    pub parts: Vec<f64>,
    pub body: Vec<f32>,
    pub before: Vec<f32>,
}

impl Measured {
    pub fn new((width, height): (usize, usize), stride: usize, live: bool) -> Self {
        let mut random = Random::new((width * height) as u64);
        let inputs = (0..width * height * stride).map(|_| random.uniform()).collect();
        let cells = width / 4 * (height / 4);
        let mut parts = vec![0.0; cells * STRIDE];
        for (i, cell) in parts.chunks_exact_mut(STRIDE).enumerate() {
            // The face above, the torso below, arms beside it, all with some doubt.
            let (x, y) = (i % (width / 4), i / (width / 4));
            let part = match (8 * x / (width / 4), 8 * y / (height / 4)) {
                (3..5, 1..4) => 1,
                (2..6, 4..8) => 3,
                (1, 4..8) => 4,
                (6, 4..8) => 6,
                _ => 0,
            };
            cell[..9].iter_mut().for_each(|share| *share = 0.05 * random.uniform());
            cell[part] = 0.55 + 0.4 * random.uniform();
        }
        let mut body = vec![0.0; BODY_LEN];
        for (to, at) in body.chunks_exact_mut(2).zip([[0.5, 0.2], [0.51, 0.35], [0.36, 0.42], [0.66, 0.4]]) {
            to.copy_from_slice(&at);
        }
        (body[36], body[37]) = (0.14, 0.5);
        let mut before = vec![0.0; state_len(cells)];
        if live {
            before.iter_mut().for_each(|value| *value = random.uniform() as f32);
            before[..KNOWN].copy_from_slice(&[0.4, 0.6, 0.41, 0.32, 1.0, 1.0, 0.0, 0.0]);
        }
        Self { inputs, parts, body, before }
    }
}

/// What is in the buffers where cloth is dyed.
pub struct Dyed {
    pub camera: Vec<u8>,
    pub fitting: [f32; FITTING_LEN],
    pub costume: Costume,
}

impl Dyed {
    pub fn new(dye: &Dye) -> Self {
        let (width, height) = dye.camera;
        let mut random = Random::new((width * height) as u64 + 5);
        // Any colours, and those of the skin in every light.
        let mut camera = Vec::with_capacity(3 * width * height);
        for _ in 0..width * height {
            let light = 40.0 + 180.0 * random.uniform();
            let skin = [1.0, 0.74, 0.6].map(|share| share * light + 12.0 * random.normal());
            let any = [(); 3].map(|()| 256.0 * random.uniform());
            camera.extend((if random.uniform() < 0.5 { skin } else { any }).map(|value| value as u8));
        }
        let unit = 0.35 * width as f32;
        let (cos, sin) = (0.99 / unit, 0.14 / unit);
        let origin = [0.48 * width as f32, 0.3 * height as f32];
        let fitting = [1.0, 0.45, 0.9, 0.427, 0.316, origin[0], origin[1], cos, sin, -sin, cos];
        let mut noise = || random.uniform() as f32;
        let mantle = (0.3, [(); LOCKS].map(|()| noise()), [(); STRANDS].map(|()| noise()));
        Self { camera, fitting, costume: Costume::new(dye.mantle.then_some(mantle)) }
    }
}
