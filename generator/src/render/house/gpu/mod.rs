//! The house renderer on a GPU: the third twin of `training/house/model.py`, after [`super::nets`].
//!
//! ```text
//! camera's bytes ─> RGB ─> 256x192 ─> in fours ─> Sense ─> points, pose ─> body followed ─> items hung on it ─┐
//!                                                                                                           v
//! RGBA <─ composed <─ maps <─ Painter <─ sketch <─ fields at both sizes <─ table, and what can hide what is worn
//! ```
//!
//! One graph and one wait a frame. The kernels that follow the body and hang the items compute what [`super::body`],
//! [`super::frames`] and [`super::sketch`] say, which they are compared with in `placing_tests.rs`.
//!
//! This module lists both networks and all other launches of a frame, and plans them; `canvas.rs` runs them on any
//! device of `otherglass-kernels`. One step of the sampler is all that is drawn with, as on the CPU: from noise of level
//! 1 the painter's maps are the picture, so no sampler step is launched.

mod canvas;
pub mod check;
#[cfg(test)]
mod dressing_tests;
#[cfg(test)]
mod emulated;
#[cfg(test)]
mod frame_tests;
mod model;
mod outfit;
#[cfg(test)]
mod placing_tests;
mod sized;
#[cfg(test)]
mod tests;
pub(super) mod wardrobe;

use otherglass_kernels::cells::Cells;
use otherglass_kernels::common::Activation::{self, None as Linear, Relu};
use otherglass_kernels::composite::Composite;
use otherglass_kernels::costume::{Dye, Measure};
use otherglass_kernels::fields::{Catalogue, Fields};
use otherglass_kernels::fit::{Fit, inside};
use otherglass_kernels::frame_in::{FrameToRgb, Place, Shrink, Unshuffle};
use otherglass_kernels::linear::Linear as Dense;
use otherglass_kernels::maps::Maps;
use otherglass_kernels::net::{Layer, Net, Plan, Shape, Step, Tensor};
use otherglass_kernels::place::PlaceWorn;
use otherglass_kernels::points::{Join, Place as PlacePoints, Pool, Sizes};
use otherglass_kernels::sketch::Sketch;
use otherglass_kernels::softmax::Softmax;
use otherglass_kernels::track::Track;
use otherglass_kernels::{Cuda, Device, KernelError};

pub use otherglass_kernels::device::Facts;
pub use otherglass_kernels::frame_in::Format;

pub(super) use self::canvas::{Gpu, Wanted};

use std::path::Path;

use self::sized::Room;
use self::wardrobe::Wardrobe;
use super::body::{POINTS, POSE};
use super::nets::{PAINT, PAINT_INPUTS, PAINT_OUTPUTS, PARTS};
use super::weights::Assets;
use crate::render::RenderError;

/// Channels of [`sense`] at a quarter of the size, an eighth, a sixteenth and a thirty-second.
const SENSE_WIDTHS: [usize; 4] = [48, 80, 144, 208];
/// Channels of its last features at a quarter of the size.
const SENSE_FINE: usize = 32;
/// Channels of [`painter`] at the levels downwards, and of the last.
const PAINT_WIDTHS: [usize; 4] = [16, 40, 64, 24];
/// The channel of the painter's input that holds the noise level, after the planes.
const LEVEL: usize = PAINT_INPUTS;
/// Values of a pixel of the painter's inputs, padding included.
const INPUT_STRIDE: usize = (PAINT_INPUTS + 1).next_multiple_of(8);
/// The first plane of the sketch, and of the world.
const SKETCH: usize = 3;
const WORLD: usize = 7;
/// What the residual is gated by lies in the padding: no weight looks there.
const SKETCH_ALPHA: usize = LEVEL + 1;
const _: () = assert!(SKETCH_ALPHA < INPUT_STRIDE);
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

/// A convolution of stride 2 and residual blocks.
fn level(net: &mut Net, name: &str, x: Tensor, outputs: usize, blocks: usize) -> Result<Tensor, KernelError> {
    let x = net.conv(format!("{name}.0.0"), (x, None), None, shape(outputs, 3, 2, Relu))?;
    (1..=blocks).try_fold(x, |x, i| residual(net, &format!("{name}.{i}"), x))
}

/// A grid joined with one of half its size.
fn join(net: &mut Net, name: &str, large: Tensor, small: Tensor, outputs: usize) -> Result<Tensor, KernelError> {
    net.conv(format!("{name}.0.0"), (large, Some(small)), None, shape(outputs, 1, 1, Relu))
}

/// The sense network's tensors that others look at.
#[derive(Clone, Copy, Debug)]
pub struct SenseTensors {
    /// (96, 128, 12), four pixels of the camera's picture, less a half.
    pub frame: Tensor,
    /// (24, 32, 40): of ten points each the logit, both offsets and the presence.
    pub heat: Tensor,
    /// (48, 64, 9), logits.
    pub parts: Tensor,
    /// Features that the pose is told from, (24, 32, 80), (12, 16, 144) and (6, 8, 208).
    pub features: [Tensor; 3],
}

/// The network that says where the body is, up to its heat maps, for a picture of `size`, multiples of 32.
pub fn sense(net: &mut Net, size: (usize, usize)) -> Result<SenseTensors, KernelError> {
    let [a, b, c, d] = SENSE_WIDTHS;
    let frame = net.input(size.1 / 2, size.0 / 2, 3 * 4);
    let stem = net.conv("stem.0", (frame, None), None, shape(a, 3, 2, Relu))?;
    let x1 = residual(net, "level1", stem)?;
    let x2 = level(net, "level2", x1, b, 2)?;
    let x3 = level(net, "level3", x2, c, 3)?;
    let x4 = level(net, "level4", x3, d, 3)?;
    let joined = join(net, "up3", x3, x4, c)?;
    let y3 = residual(net, "up3.1", joined)?;
    let joined = join(net, "up2", x2, y3, b)?;
    let y2 = residual(net, "up2.1", joined)?;
    // What the mirror image is not asked for comes last.
    let heat = net.conv("heat", (y2, None), None, shape(POINTS * 4, 1, 1, Linear))?;
    let joined = join(net, "up1", x1, y2, SENSE_FINE)?;
    let y1 = net.conv("up1.1.0", (joined, None), None, shape(SENSE_FINE, 3, 1, Relu))?;
    let parts = net.conv("parts", (y1, None), None, shape(PARTS, 1, 1, Linear))?;
    let features = [y2, y3, x4];
    for kept in features.into_iter().chain([heat, parts]) {
        net.keep(kept);
    }
    Ok(SenseTensors { frame, heat, parts, features })
}

/// The sense network's input out of the painter's; `model`: the size of the picture.
fn unshuffle(model: (usize, usize), mirrored: bool) -> Unshuffle {
    let (width, height) = (model.0 / 2, model.1 / 2);
    Unshuffle { width, height, x_stride: INPUT_STRIDE, x_first: 0, offset: -0.5, mirrored }
}

/// Where the body is in the picture and in its mirror image, together.
const JOIN_LOOKS: Join = Join { points: POINTS };

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

/// The conditional diffusion model, for a picture of `size`, multiples of 8.
pub fn painter(net: &mut Net, size: (usize, usize)) -> Result<PainterTensors, KernelError> {
    let [a, b, c, d] = PAINT_WIDTHS;
    let inputs = net.input(size.1, size.0, PAINT_INPUTS + 1);
    let parts = net.input(size.1 / 4, size.0 / 4, PARTS);
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

/// Everything of a frame besides the networks, for one size and format of camera.
#[derive(Clone, Debug)]
pub(crate) struct Shapes {
    to_rgb: FrameToRgb,
    shrink: Shrink,
    /// The world's picture in the painter's inputs, and zeros where there is none.
    world: Shrink,
    no_world: Shrink,
    track: Track,
    place: PlaceWorn,
    small_fields: Fields,
    large_fields: Fields,
    sketch: Sketch,
    cells: Cells,
    maps: Maps,
    measure: Measure,
    dye: Dye,
    composite: Composite,
}

impl Shapes {
    /// `model`: the size that is painted at.
    fn new(camera: (usize, usize), format: Format, model: (usize, usize), catalogue: &Catalogue) -> Self {
        let (width, height) = camera;
        let at = |first: usize, gain: f32| Place { stride: INPUT_STRIDE, first, last: first + 3, gain, offset: 0.0 };
        let fit = Fit::new(camera, model);
        let drawn = |size: (usize, usize)| Fields::new(size.0, size.1, catalogue, outfit::MOST_PLACED);
        Self {
            to_rgb: FrameToRgb { width, height, format, mirrored: false },
            shrink: Shrink::fitted(camera, model, at(0, 1.0)),
            world: Shrink::fitted(camera, model, at(WORLD, 1.0)),
            no_world: Shrink::fitted(camera, model, at(WORLD, 0.0)),
            track: Track::fitted(camera, model),
            place: PlaceWorn::new(camera, model, outfit::MOST_PLACED),
            small_fields: drawn(model),
            large_fields: drawn(camera),
            sketch: Sketch { pixels: model.0 * model.1, stride: INPUT_STRIDE, first: SKETCH, alpha: SKETCH_ALPHA },
            cells: Cells { width: model.0 / 4, height: model.1 / 4, shoulders: false, dressed: false },
            maps: Maps {
                width: model.0,
                height: model.1,
                in_stride: INPUT_STRIDE,
                alpha: SKETCH_ALPHA,
                columns: inside(width, model.0, fit.scale, fit.left),
                rows: inside(height, model.1, fit.scale, fit.top),
                world_on: true,
                dressed: true,
            },
            measure: Measure::new(camera, model, INPUT_STRIDE),
            dye: Dye::new(camera, model),
            composite: Composite {
                width,
                height,
                model_width: model.0,
                model_height: model.1,
                world_on: true,
                changed: true,
            },
        }
    }
}

/// A frame as the GPU does it: its launches, memory, operations and bytes, with nothing worn. `model`: the size that is
/// painted at; the weights were trained for 256x192. `facts`: of the device, or assumed ones.
fn plan(
    camera: (usize, usize),
    format: Format,
    model: (usize, usize),
    catalogue: &Catalogue,
    facts: &Facts,
) -> Result<Plan, KernelError> {
    let named = |prefix: &str, mut plan: Plan| {
        plan.steps.iter_mut().for_each(|step| step.name = format!("{prefix}.{}", step.name));
        plan
    };
    let shapes = Shapes::new(camera, format, model, catalogue);
    let taking_in = vec![Step::of("camera", &shapes.to_rgb), Step::of("shrink", &shapes.shrink)];
    let sizes = Sizes::at(model.0 / 8, model.1 / 8);
    let [first, second] = pose();
    let softmax = Step::of("sense.softmax", &Softmax { rows: model.0 * model.1 / 16, channels: PARTS });
    let heads = [
        Step::of("sense.pool", &Pool(sizes.clone())),
        Step::of("sense.pose.0", &first),
        Step::of("sense.pose.2", &second),
        Step::of("sense.points", &PlacePoints(sizes)),
    ];
    let wearing = vec![
        Step::of("track", &shapes.track),
        Step::of("place", &shapes.place),
        Step::of("fields.small", &shapes.small_fields),
        Step::of("fields.large", &shapes.large_fields),
        Step::of("sketch", &shapes.sketch),
    ];
    let mut nets = [Net::default(), Net::default()];
    let SenseTensors { heat, .. } = sense(&mut nets[0], model)?;
    painter(&mut nets[1], model)?;
    let sense = named("sense", nets[0].plan(facts));
    // The second look is in the same memory; it asks for no parts, whose layers come last.
    let mut looking = vec![softmax];
    for (mirrored, layers) in [(false, &sense.steps[..]), (true, &sense.steps[..nets[0].steps_to(heat)])] {
        looking.push(Step::of("sense.unshuffle", &unshuffle(model, mirrored)));
        looking.extend(layers.iter().chain(&heads).cloned());
    }
    looking.push(Step::of("sense.join", &JOIN_LOOKS));
    let finishing = vec![
        Step::of("cells", &shapes.cells),
        Step::of("maps", &shapes.maps),
        Step::of("costume.measure", &shapes.measure),
        Step::of("costume.dye", &shapes.dye),
        Step::of("composite", &shapes.composite),
    ];
    let only = |steps| Plan { steps, ..Plan::default() };
    let mut plan = only(taking_in)
        .then(Plan { steps: looking, ..sense })
        .then(only(wearing))
        .then(named("painter", nets[1].plan(facts)))
        .then(only(finishing));
    plan.weight_bytes += 4 * catalogue.weights.len();
    Ok(plan)
}

/// Whether every kernel takes a model of that size.
fn shapes_fit(model: (usize, usize)) -> bool {
    model.0 * model.1 / 16 <= otherglass_kernels::cells::MOST
}

/// [`plan`] as a table, for this machine's GPU where there is one and an assumed one elsewhere. `assets`: the folder that
/// holds `house/`. The model's size must be multiples of 32.
pub fn plan_table(assets: &Path, camera: (usize, usize), model: (usize, usize)) -> Result<String, RenderError> {
    let fits = |size: usize| size.is_multiple_of(32) && (32..=2048).contains(&size);
    if !fits(model.0) || !fits(model.1) {
        let what = format!("the model's size must be multiples of 32 up to 2048, it is {}x{}", model.0, model.1);
        return Err(RenderError::Model(what));
    }
    let facts = Cuda::open(0).map_or_else(|_| Facts::assumed(), |cuda| cuda.facts().clone());
    let assets = Assets::open(assets)?;
    let fields = super::fields::load(&assets)?;
    let wardrobe = Wardrobe::new(&fields)?;
    let plan = plan(camera, Format::Yuyv, model, &wardrobe.catalogue, &facts)?;
    let beside = Room::new(&Shapes::new(camera, Format::Yuyv, model, &wardrobe.catalogue)).layout.bytes;
    let note = match shapes_fit(model) {
        true => "",
        false => "\nonly planned: the kernel of the cells takes models of up to 65536 pixels",
    };
    Ok(format!(
        "{plan}\nand {:.2} MB of pictures, maps and tables for the camera; one replay of a graph and one wait a frame\n\
         camera {}x{} (YUYV), model {}x{}, for {} multiprocessors ({}); what is worn adds to the fields' work{note}",
        beside as f64 / 1e6,
        camera.0,
        camera.1,
        model.0,
        model.1,
        facts.multiprocessors,
        facts.name,
    ))
}
