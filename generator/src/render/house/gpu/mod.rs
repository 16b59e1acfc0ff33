//! Both networks as lists of launches for the GPU: the third twin of `training/house/model.py`, after [`super::nets`].
//!
//! What there is: the networks with their heads, loaded and run on any device of `otherglass-kernels`, and the plan of a
//! frame. What is missing for a renderer: tracker, item fields, sketch and the floor under the matte on the device.

#[cfg(test)]
mod tests;

use otherglass_kernels::common::Activation::{self, None as Linear, Relu};
use otherglass_kernels::composite::Composite;
use otherglass_kernels::frame_in::{FrameToRgb, Halve, Place, Shrink};
use otherglass_kernels::linear::Linear as Dense;
use otherglass_kernels::maps::Maps;
use otherglass_kernels::net::{Layer, Net, Plan, Shape, Step, Tensor};
use otherglass_kernels::points::{Place as PlacePoints, Pool, Sizes};
use otherglass_kernels::sampler::{Channels, SamplerStep};
use otherglass_kernels::softmax::Softmax;
use otherglass_kernels::{Cuda, Device, KernelError};

pub use otherglass_kernels::device::Facts;
pub use otherglass_kernels::frame_in::Format;

use super::body::{POINTS, POSE};
use super::nets::{PAINT, PAINT_INPUTS, PAINT_OUTPUTS, PARTS, SENSE};

/// Channels of [`sense`] at a half, a quarter, an eighth and a sixteenth of the size.
const SENSE_WIDTHS: [usize; 4] = [32, 80, 144, 208];
/// Channels of [`painter`] at the levels downwards, and of the last.
const PAINT_WIDTHS: [usize; 4] = [16, 40, 64, 24];
/// The channel of the painter's input that holds the noise level, after the planes.
const LEVEL: usize = PAINT_INPUTS;
/// The plane of the sketch's alpha.
const SKETCH_ALPHA: usize = 6;
/// Where the noised picture begins among the planes.
const NOISED: usize = PAINT_INPUTS - 3;

fn shape(outputs: usize, kernel: usize, stride: usize, activation: Activation) -> Shape {
    Shape { outputs, kernel, stride, activation }
}

/// `relu(x + conv(relu(conv(x))))`
fn residual(net: &mut Net, name: &str, x: Tensor) -> Result<Tensor, KernelError> {
    let (_, _, channels) = net.size(x);
    let between = net.conv(format!("{name}.first.0"), (x, None), None, shape(channels, 3, 1, Relu))?;
    net.conv(format!("{name}.second.0"), (between, None), Some(x), shape(channels, 3, 1, Relu))
}

/// A convolution of stride 2 and two residual blocks.
fn level(net: &mut Net, name: &str, x: Tensor, outputs: usize) -> Result<Tensor, KernelError> {
    let x = net.conv(format!("{name}.0.0"), (x, None), None, shape(outputs, 3, 2, Relu))?;
    let x = residual(net, &format!("{name}.1"), x)?;
    residual(net, &format!("{name}.2"), x)
}

/// A grid joined with one of half its size.
fn join(net: &mut Net, name: &str, large: Tensor, small: Tensor, outputs: usize) -> Result<Tensor, KernelError> {
    net.conv(format!("{name}.0.0"), (large, Some(small)), None, shape(outputs, 1, 1, Relu))
}

/// The sense network's tensors that others look at.
#[derive(Clone, Copy, Debug)]
pub struct SenseTensors {
    /// (96, 128, 3), the camera's picture less a half.
    pub frame: Tensor,
    /// (24, 32, 40): of ten points each the logit, both offsets and the presence.
    pub heat: Tensor,
    /// (48, 64, 9), logits.
    pub parts: Tensor,
    /// Features that the pose is told from, (24, 32, 80), (12, 16, 144) and (6, 8, 208).
    pub features: [Tensor; 3],
}

/// The network that says where the body is, up to its heat maps.
pub fn sense(net: &mut Net) -> Result<SenseTensors, KernelError> {
    let [a, b, c, d] = SENSE_WIDTHS;
    let frame = net.input(SENSE.1, SENSE.0, 3);
    let stem = net.conv("stem.0", (frame, None), None, shape(a, 3, 2, Relu))?;
    let x1 = residual(net, "level1", stem)?;
    let x2 = level(net, "level2", x1, b)?;
    let x3 = level(net, "level3", x2, c)?;
    let x4 = level(net, "level4", x3, d)?;
    let joined = join(net, "up3", x3, x4, c)?;
    let y3 = residual(net, "up3.1", joined)?;
    let joined = join(net, "up2", x2, y3, b)?;
    let y2 = residual(net, "up2.1", joined)?;
    let heat = net.conv("heat", (y2, None), None, shape(POINTS * 4, 1, 1, Linear))?;
    let joined = join(net, "up1", x1, y2, a)?;
    let y1 = net.conv("up1.1.0", (joined, None), None, shape(a, 3, 1, Relu))?;
    let parts = net.conv("parts", (y1, None), None, shape(PARTS, 1, 1, Linear))?;
    let features = [y2, y3, x4];
    for kept in features.into_iter().chain([heat, parts]) {
        net.keep(kept);
    }
    Ok(SenseTensors { frame, heat, parts, features })
}

/// Neurons between the pooled features and the pose.
const HIDDEN: usize = 128;

/// The two layers that tell the pose, and of every point how present it is, from the pooled features.
#[must_use]
pub fn pose() -> [Dense; 2] {
    let Sizes { fine, coarse, whole, .. } = Sizes::house();
    let first = Dense { activation: Relu, ..Dense::new(1, fine + coarse + whole, HIDDEN) };
    [first, Dense::new(1, HIDDEN, POSE + POINTS)]
}

/// The painter's tensors that others look at.
#[derive(Clone, Copy, Debug)]
pub struct PainterTensors {
    /// (192, 256, 14): the planes, then the noise level.
    pub inputs: Tensor,
    /// (48, 64, 9), probabilities.
    pub parts: Tensor,
    /// (96, 128, 56): of each map four pixels, before their ranges.
    pub raw: Tensor,
}

/// The conditional diffusion model.
pub fn painter(net: &mut Net) -> Result<PainterTensors, KernelError> {
    let [a, b, c, d] = PAINT_WIDTHS;
    let inputs = net.input(PAINT.1, PAINT.0, PAINT_INPUTS + 1);
    let parts = net.input(PAINT.1 / 4, PAINT.0 / 4, PARTS);
    let entered = net.unshuffled_conv("enter.0", inputs, shape(a, 1, 1, Relu))?;
    let x1 = net.conv("level1.0", (entered, None), None, shape(a, 3, 1, Relu))?;
    let down = net.conv("down2.0", (x1, None), None, shape(b, 3, 2, Relu))?;
    let met = net.conv("meet.0", (down, Some(parts)), None, shape(b, 1, 1, Relu))?;
    let x2 = residual(net, "level2", met)?;
    let down = net.conv("level3.0.0", (x2, None), None, shape(c, 3, 2, Relu))?;
    let x3 = residual(net, "level3.1", down)?;
    let joined = join(net, "up2", x2, x3, b)?;
    let y2 = residual(net, "up2.1", joined)?;
    let joined = join(net, "up1", x1, y2, d)?;
    let y1 = net.conv("up1.1.0", (joined, None), None, shape(d, 3, 1, Relu))?;
    let raw = net.conv("leave", (y1, None), None, shape(PAINT_OUTPUTS * 4, 1, 1, Linear))?;
    // The inputs are made of parts that come at different times, and the noise stays.
    for kept in [inputs, parts, raw] {
        net.keep(kept);
    }
    Ok(PainterTensors { inputs, parts, raw })
}

/// A layer's weights, in PyTorch's layout, from those in the file. The painter's first layer takes the noise level as
/// one channel after four of each plane, where ours has four of it: the others get no weight.
#[must_use]
pub fn fitted(layer: &Layer, weights: Vec<f32>) -> Vec<f32> {
    if !layer.unshuffled {
        return weights;
    }
    let (given, wanted) = (4 * PAINT_INPUTS + 1, 4 * (PAINT_INPUTS + 1));
    let row = |row: &[f32]| row.iter().copied().chain(std::iter::repeat(0.0)).take(wanted).collect::<Vec<_>>();
    weights.chunks_exact(given).flat_map(row).collect()
}

/// A frame as the GPU will do it, for a camera of that size: its launches, memory, operations and bytes. `facts`: of the
/// device, or assumed ones.
pub fn plan(camera: (usize, usize), format: Format, facts: &Facts) -> Result<Plan, KernelError> {
    let (width, height) = camera;
    let named = |prefix: &str, mut plan: Plan| {
        plan.steps.iter_mut().for_each(|step| step.name = format!("{prefix}.{}", step.name));
        plan
    };
    let frame = Place { stride: 16, first: 0, last: 3, gain: 1.0, offset: 0.0 };
    let half = Halve { width: SENSE.0, height: SENSE.1, x_stride: 16, x_first: 0, place: Place::alone(1.0, -0.5) };
    let taking_in = vec![
        Step::of("camera", &FrameToRgb { width, height, format, mirrored: false }),
        Step::of("shrink", &Shrink::fitted(camera, PAINT, frame)),
        Step::of("halve", &half),
    ];
    let noised = Channels { stride: 16, first: NOISED };
    let step = SamplerStep {
        pixels: PAINT.0 * PAINT.1,
        channels: 3,
        clean: Channels { stride: 8, first: 0 },
        noised,
        out: noised,
        level_channel: Some(LEVEL),
    };
    let composite =
        Composite { width, height, model_width: PAINT.0, model_height: PAINT.1, world_on: true, changed: true };
    let [first, second] = pose();
    let heads = vec![
        Step::of("sense.softmax", &Softmax { rows: PAINT.0 * PAINT.1 / 16, channels: PARTS }),
        Step::of("sense.pool", &Pool(Sizes::house())),
        Step::of("sense.pose.0", &first),
        Step::of("sense.pose.2", &second),
        Step::of("sense.points", &PlacePoints(Sizes::house())),
    ];
    let maps = Maps { width: PAINT.0, height: PAINT.1, in_stride: 16, alpha: SKETCH_ALPHA, world_on: true };
    let mut nets = [Net::default(), Net::default()];
    sense(&mut nets[0])?;
    painter(&mut nets[1])?;
    let finishing = vec![Step::of("sampler", &step), Step::of("maps", &maps), Step::of("composite", &composite)];
    let only = |steps| Plan { steps, ..Plan::default() };
    Ok(only(taking_in)
        .then(named("sense", nets[0].plan(facts)))
        .then(only(heads))
        .then(named("painter", nets[1].plan(facts)))
        .then(only(finishing)))
}

/// [`plan`] as a table, for this machine's GPU where there is one and an assumed one elsewhere.
pub fn plan_table(camera: (usize, usize)) -> Result<String, KernelError> {
    let facts = Cuda::open(0).map_or_else(|_| Facts::assumed(), |cuda| cuda.facts().clone());
    let plan = plan(camera, Format::Yuyv, &facts)?;
    Ok(format!(
        "{plan}\nfor {} multiprocessors ({}), camera {}x{}",
        facts.multiprocessors, facts.name, camera.0, camera.1
    ))
}
