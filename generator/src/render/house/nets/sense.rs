//! The network that looks at the frame and says where the body is: the twin of `Sense` in `training/house/model.py`.

use super::conv::{Addend, Conv, Grid};
use super::weights::Activation::{Linear, Relu};
use super::weights::Weights;
use super::{Level, PAINT, PARTS, Residual, Up, gather};
use crate::render::RenderError;
use crate::render::house::body::{POINTS, POSE};

/// Channels at a quarter of the picture's size, an eighth, a sixteenth and a thirty-second.
const WIDTHS: [usize; 4] = [48, 80, 144, 208];
/// Channels of the last features at a quarter of the picture's size.
const FINE: usize = 32;
/// Width and height of the heat maps.
const HEAT: (usize, usize) = (PAINT.0 / 8, PAINT.1 / 8);
/// How far a cell of the heat map can point beside itself, in picture units.
const OFFSET: f32 = 0.1;
/// Cells around the highest that count for the position.
const NEAR: usize = 3;
/// Neurons between the pooled features and the pose.
const HIDDEN: usize = 128;

/// Looks at the frame and at its mirror image, side by side, and says where the body is: what it errs by is only partly
/// the same in both.
#[derive(Debug)]
pub struct Sense {
    layers: Layers,
    straight: Look,
    mirrored: Look,
}

#[derive(Debug)]
struct Layers {
    stem: Conv,
    level1: Residual,
    level2: Level,
    level3: Level,
    level4: Level,
    up3: Up,
    up2: Up,
    up1: ((Conv, Conv), Conv),
    heat: Conv,
    parts: Conv,
    pose: [Dense; 2],
}

/// A fully connected layer.
#[derive(Debug)]
struct Dense {
    /// (outputs, inputs)
    weights: Vec<f32>,
    bias: Vec<f32>,
}

impl Dense {
    fn read(weights: &Weights, name: &str, inputs: usize, outputs: usize) -> Result<Self, RenderError> {
        Ok(Self {
            weights: weights.tensor(&format!("{name}.weight"), &[outputs, inputs])?,
            bias: weights.tensor(&format!("{name}.bias"), &[outputs])?,
        })
    }

    fn run(&self, input: &[f32]) -> Vec<f32> {
        let rows = self.weights.chunks_exact(input.len()).zip(&self.bias);
        rows.map(|(row, &bias)| row.iter().zip(input).fold(bias, |sum, (w, x)| sum + w * x)).collect()
    }
}

/// What the sense network says of one frame.
#[derive(Clone, Debug, Default)]
pub struct Sensed {
    /// (10, 4): x and y in 0..1, presence logit, spread.
    pub points: Vec<f32>,
    /// (11)
    pub pose: Vec<f32>,
    /// (48, 64, 9) probabilities; nothing where the mirror image was looked at.
    pub parts: Grid,
}

/// One way of looking at a frame: memory of the layers, kept from frame to frame.
#[derive(Debug, Default)]
struct Look {
    frame: Grid,
    /// The levels downwards, and those upwards that are used twice.
    down: [Grid; 4],
    up: [Grid; 2],
    heat: Grid,
    a: Grid,
    b: Grid,
    sensed: Sensed,
}

impl Sense {
    pub fn read(weights: &Weights) -> Result<Self, RenderError> {
        Ok(Self { layers: Layers::read(weights)?, straight: Look::default(), mirrored: Look::default() })
    }

    /// `frame`: planes (3, 192, 256), 0..1.
    pub fn run(&mut self, frame: &[f32]) -> &Sensed {
        assert_eq!(frame.len(), 3 * PAINT.0 * PAINT.1);
        let Self { layers, straight, mirrored } = self;
        rayon::join(|| straight.run(layers, frame, false), || mirrored.run(layers, frame, true));
        straight.sensed.join_mirrored(&mirrored.sensed);
        &straight.sensed
    }
}

/// Where a point lies in a mirror image: points come in pairs, right before left, after two that have no side.
const fn other_side(point: usize) -> usize {
    if point < 2 { point } else { point ^ 1 }
}

/// What a mirror image does to the pose: an axis turns its x round, and right besides points the other way.
const MIRRORED_POSE: [f32; POSE] = [1.0, -1.0, -1.0, -1.0, 1.0, 1.0, -1.0, 1.0, 1.0, 1.0, -1.0];

impl Sensed {
    /// Takes the mean with what was seen in the mirror image. Parts stay: the painter was taught with those of one look.
    fn join_mirrored(&mut self, there: &Self) {
        for (k, point) in self.points.chunks_exact_mut(4).enumerate() {
            let there = &there.points[other_side(k) * 4..][..4];
            let turned = [1.0 - there[0], there[1], there[2], there[3]];
            point.iter_mut().zip(turned).for_each(|(value, there)| *value = (*value + there) / 2.0);
        }
        for ((value, there), sign) in self.pose.iter_mut().zip(&there.pose).zip(MIRRORED_POSE) {
            *value = (*value + sign * there) / 2.0;
        }
    }
}

impl Layers {
    pub fn read(weights: &Weights) -> Result<Self, RenderError> {
        let [a, b, c, d] = WIDTHS;
        Ok(Self {
            stem: weights.conv("stem.0", (3 * 4, a), (3, 2), Relu)?,
            level1: Residual::read(weights, "level1", a)?,
            level2: Level::read(weights, "level2", (a, b), 2)?,
            level3: Level::read(weights, "level3", (b, c), 3)?,
            level4: Level::read(weights, "level4", (c, d), 3)?,
            up3: Up::read(weights, "up3", (c, d))?,
            up2: Up::read(weights, "up2", (b, c))?,
            up1: (weights.split_conv("up1.0.0", (a, b), FINE)?, weights.conv("up1.1.0", (FINE, FINE), (3, 1), Relu)?),
            heat: weights.conv("heat", (b, POINTS * 4), (1, 1), Linear)?,
            parts: weights.conv("parts", (FINE, PARTS), (1, 1), Linear)?,
            pose: [
                Dense::read(weights, "pose.0", b + c + d, HIDDEN)?,
                Dense::read(weights, "pose.2", HIDDEN, POSE + POINTS)?,
            ],
        })
    }
}

impl Look {
    /// Fills in what is sensed.
    fn run(&mut self, layers: &Layers, frame: &[f32], mirrored: bool) {
        let Self { frame: input, down: [x1, x2, x3, x4], up: [y2, y3], heat, a, b, sensed } = self;
        gather(frame, -0.5, None, mirrored, input);
        layers.stem.run(input, Addend::None, a);
        layers.level1.run(a, b, x1);
        layers.level2.run(x1, a, b, x2);
        layers.level3.run(x2, a, b, x3);
        layers.level4.run(x3, a, b, x4);
        layers.up3.run(x3, x4, a, b, y3);
        layers.up2.run(x2, y3, a, b, y2);
        if !mirrored {
            layers.up1.0.1.run(y2, Addend::None, a);
            layers.up1.0.0.run(x1, Addend::Doubled(a), b);
            layers.up1.1.run(b, Addend::None, a);
            layers.parts.run(a, Addend::None, &mut sensed.parts);
            for y in 0..sensed.parts.height {
                sensed.parts.row_mut(y).chunks_exact_mut(PARTS).for_each(softmax);
            }
        }
        layers.heat.run(y2, Addend::None, heat);
        let pooled = self.pooled();
        let hidden: Vec<f32> = layers.pose[0].run(&pooled).into_iter().map(|value| value.max(0.0)).collect();
        let mut pose = layers.pose[1].run(&hidden);
        let presence = pose.split_off(POSE);
        self.sensed.points = presence.iter().enumerate().flat_map(|(k, &logit)| self.point(k, logit)).collect();
        self.sensed.pose = pose;
    }

    /// One of the heat map's 4 values of a point, row by row: `what` 0 logit, 1 and 2 offset, 3 presence.
    fn heat(&self, point: usize, what: usize) -> impl Iterator<Item = f32> {
        let cells = self.heat.rows().flat_map(|row| row.chunks_exact(POINTS * 4));
        cells.map(move |cell| cell[what * POINTS + point])
    }

    /// The heat map of a point as probabilities, row by row.
    fn likely(&self, point: usize) -> Vec<f32> {
        let mut cells: Vec<f32> = self.heat(point, 0).collect();
        softmax(&mut cells);
        cells
    }

    /// What the pose is told from: features at the head, around it, and of the whole picture.
    fn pooled(&self) -> Vec<f32> {
        let Self { down: [.., x4], up: [y2, y3], .. } = self;
        let mut head = vec![0.0; y2.channels];
        let mut around = vec![0.0; y3.channels];
        for (i, &share) in self.likely(0).iter().enumerate() {
            let (y, x) = (i / HEAT.0, i % HEAT.0);
            head.iter_mut().zip(y2.pixel(y, x)).for_each(|(sum, value)| *sum += share * value);
            around.iter_mut().zip(y3.pixel(y / 2, x / 2)).for_each(|(sum, value)| *sum += share * value);
        }
        let mut whole = vec![0.0; x4.channels];
        let share = 1.0 / (x4.width * x4.height) as f32;
        for pixel in x4.rows().flat_map(|row| row.chunks_exact(x4.channels)) {
            whole.iter_mut().zip(pixel).for_each(|(sum, value)| *sum += share * value);
        }
        [head, around, whole].concat()
    }

    /// x, y, presence logit and spread of a point; position from the cells near the highest alone, so that of two
    /// likely hands it is one and not the point between them.
    fn point(&self, k: usize, logit: f32) -> [f32; 4] {
        let mut cells = self.likely(k);
        let highest = (0..cells.len()).max_by(|&i, &j| cells[i].total_cmp(&cells[j])).unwrap_or(0);
        for (i, cell) in cells.iter_mut().enumerate() {
            let rows = (i / HEAT.0).abs_diff(highest / HEAT.0);
            let columns = (i % HEAT.0).abs_diff(highest % HEAT.0);
            if rows.max(columns) > NEAR {
                *cell = 0.0;
            }
        }
        let total: f32 = cells.iter().sum();
        cells.iter_mut().for_each(|cell| *cell /= total);
        let centre = |i: usize| {
            let (column, row) = ((i % HEAT.0) as f32, (i / HEAT.0) as f32);
            ((column + 0.5) / HEAT.0 as f32, (row + 0.5) / HEAT.1 as f32)
        };
        let (mut x, mut y) = (0.0, 0.0);
        for (i, ((p, dx), dy)) in cells.iter().zip(self.heat(k, 1)).zip(self.heat(k, 2)).enumerate() {
            let (column, row) = centre(i);
            x += p * (column + dx * OFFSET);
            y += p * (row + dy * OFFSET);
        }
        let square = |i: usize| (centre(i).0 - x).powi(2) + (centre(i).1 - y).powi(2);
        let spread = cells.iter().enumerate().map(|(i, p)| p * square(i)).sum::<f32>() + 1e-8;
        let seen = cells.iter().zip(self.heat(k, 3)).map(|(p, seen)| p * seen).sum::<f32>();
        [x, y, logit + seen, spread.sqrt()]
    }
}

/// Turns logits into probabilities.
fn softmax(values: &mut [f32]) {
    let highest = values.iter().fold(f32::MIN, |most: f32, &value| most.max(value));
    values.iter_mut().for_each(|value| *value = (*value - highest).exp());
    let total: f32 = values.iter().sum();
    values.iter_mut().for_each(|value| *value /= total);
}
