//! The weights on the device, and everything of a frame that does not depend on the camera's size.

use half::f16;
use otherglass_kernels::arena::{Arena, ArenaPlan};
use otherglass_kernels::frame_in::UnshuffleBuffers;
use otherglass_kernels::linear::LinearBuffers;
use otherglass_kernels::net::{Layer, Loaded, Net};
use otherglass_kernels::points::{JoinBuffers, Place as PlacePoints, PlaceBuffers, Pool, PoolBuffers, Seen, Sizes};
use otherglass_kernels::softmax::{Softmax, SoftmaxBuffers};
use otherglass_kernels::{Device, Kernel, Launch, Span};
use safetensors::SafeTensors;

use super::{
    INPUT_STRIDE, JOIN_LOOKS, LEVEL, NOISED, PAINT, PAINT_INPUTS, PARTS, PainterTensors, SenseTensors, fitted, painter,
    pose, sense, unshuffle,
};
use crate::render::RenderError;
use crate::render::house::body::{POINTS, POSE};
use crate::render::house::gaussian_noise;
use crate::render::house::nets::Weights;
use crate::render::house::weights::Asset;

/// Both networks with their heads, on a device.
pub struct Model {
    pub painter: Loaded,
    pub painter_tensors: PainterTensors,
    /// From the picture in the painter's inputs to what is seen in it: the sense network looks at it and at its mirror
    /// image, one after the other in the same memory.
    pub look: Vec<Launch>,
    /// The parts are in the painter's, of the picture alone.
    pub seen: Seen,
}

impl Model {
    pub fn load(device: &dyn Device, file: &Asset, seed: u64) -> Result<Self, RenderError> {
        let tensors = SafeTensors::deserialize(&file.bytes).map_err(|error| RenderError::unfit(&file.path, error))?;
        let of = |network| Weights::new(&tensors, &file.path, network);
        let mut net = Net::default();
        let sense_tensors = sense(&mut net, PAINT)?;
        let sense = net.load(device, |layer| layer_weights(&of("sense"), layer))?;
        let mut net = Net::default();
        let painter_tensors = painter(&mut net, PAINT)?;
        let painter = net.load(device, |layer| layer_weights(&of("painter"), layer))?;
        let inputs = painter.span(painter_tensors.inputs);
        let parts = painter.span(painter_tensors.parts);
        let (look, seen) = look(device, &of("sense"), (&sense, &sense_tensors), inputs, parts)?;
        device.write(inputs.bytes(), &empty_inputs(seed))?;
        Ok(Self { painter, painter_tensors, look, seen })
    }
}

/// A layer's weights as the network's file has them, brought into the form of the list.
fn layer_weights(weights: &Weights, layer: &Layer) -> Result<(Vec<f32>, Vec<f32>), RenderError> {
    let conv = &layer.conv;
    let shape = match layer.unshuffled {
        true => [conv.outputs, 4 * PAINT_INPUTS + 1, 1, 1],
        false => [conv.outputs, conv.a.channels + conv.b.map_or(0, |b| b.channels), conv.kernel, conv.kernel],
    };
    let values = weights.tensor(&format!("{}.weight", layer.name), &shape)?;
    Ok((fitted(layer, values), weights.tensor(&format!("{}.bias", layer.name), &[conv.outputs])?))
}

/// The launches from the picture in `inputs` to what is seen in it, and where that is then; its parts in `parts`.
fn look(
    device: &dyn Device,
    weights: &Weights,
    (loaded, tensors): (&Loaded, &SenseTensors),
    inputs: Span<f16>,
    parts: Span<f16>,
) -> Result<(Vec<Launch>, Seen), RenderError> {
    let facts = device.facts();
    let (sizes, softmax) = (Sizes::house(), Softmax { rows: PAINT.0 * PAINT.1 / 16, channels: PARTS });
    let layers = pose();
    let [hidden, told] = layers.each_ref().map(|layer| layer.outputs.next_multiple_of(8));
    let mut plan = ArenaPlan::default();
    let constants = layers.each_ref().map(|layer| {
        let outputs = layer.outputs.next_multiple_of(8);
        (plan.always(2 * outputs * layer.inputs), plan.always(4 * outputs))
    });
    let (pooled, hidden) = (plan.always(2 * (sizes.fine + sizes.coarse + sizes.whole)), plan.always(2 * hidden));
    let of_looks = [0; 2].map(|_| (plan.always(16 * POINTS), plan.always(2 * told)));
    let joined = (plan.always(16 * POINTS), plan.always(2 * POSE));
    let arena = Arena::new(device, plan.lay_out())?;

    let mut constant = Vec::new();
    for ((layer, name), (packed, bias)) in layers.iter().zip(["pose.0", "pose.2"]).zip(constants) {
        let values = weights.tensor(&format!("{name}.weight"), &[layer.outputs, layer.inputs])?;
        let mut bias_values = weights.tensor(&format!("{name}.bias"), &[layer.outputs])?;
        bias_values.resize(layer.outputs.next_multiple_of(8), 0.0);
        let (packed, bias): (Span<f16>, Span<f32>) = (arena.get(packed)?, arena.get(bias)?);
        device.write(packed.bytes(), &halves(&layer.pack(&values)))?;
        device.write(bias.bytes(), &floats(&bias_values))?;
        constant.push((packed, bias));
    }
    let (pooled, hidden): (Span<f16>, Span<f16>) = (arena.get(pooled)?, arena.get(hidden)?);
    let heat = loaded.span(tensors.heat);
    let [fine, coarse, whole] = tensors.features.map(|tensor| loaded.span(tensor));

    let (mut launches, mut looks) = (Vec::new(), Vec::new());
    for ((points, told), mirrored) in of_looks.into_iter().zip([false, true]) {
        let (points, told): (_, Span<f16>) = (arena.get(points)?, arena.get(told)?);
        let picture = UnshuffleBuffers { x: inputs, out: loaded.span(tensors.frame) };
        launches.extend(unshuffle(PAINT, mirrored).launches(&picture, facts)?);
        // The mirror image's parts are not asked for.
        let steps = if mirrored { loaded.launches_to(tensors.heat) } else { loaded.launches() };
        launches.extend(steps.iter().cloned());
        if !mirrored {
            launches.extend(softmax.launches(&SoftmaxBuffers { x: loaded.span(tensors.parts), out: parts }, facts)?);
        }
        launches.extend(Pool(sizes.clone()).launches(&PoolBuffers { heat, fine, coarse, whole, pooled }, facts)?);
        let through = [(pooled, hidden), (hidden, told)];
        for ((layer, &(weights, bias)), (a, out)) in layers.iter().zip(&constant).zip(through) {
            let buffers = LinearBuffers { a, weights, bias: Some(bias), residual: None, out };
            launches.extend(layer.launches(&buffers, facts)?);
        }
        let presence = told.bytes().part(2 * POSE, POINTS)?;
        launches.extend(PlacePoints(sizes.clone()).launches(&PlaceBuffers { heat, presence, out: points }, facts)?);
        looks.push(Seen { points, pose: told.bytes().part(0, POSE)? });
    }
    let out = Seen { points: arena.get(joined.0)?, pose: arena.get(joined.1)? };
    let buffers = JoinBuffers { straight: looks[0], mirrored: looks[1], out };
    launches.extend(JOIN_LOOKS.launches(&buffers, facts)?);
    Ok((launches, out))
}

/// The painter's inputs without a frame: the noise and its level, which is 1.
fn empty_inputs(seed: u64) -> Vec<u8> {
    let area = PAINT.0 * PAINT.1;
    let noise = gaussian_noise(seed, 3 * area);
    let mut inputs = vec![f16::ZERO; area * INPUT_STRIDE];
    for (i, pixel) in inputs.chunks_exact_mut(INPUT_STRIDE).enumerate() {
        for k in 0..3 {
            pixel[NOISED + k] = f16::from_f32(noise[k * area + i]);
        }
        pixel[LEVEL] = f16::ONE;
    }
    halves(&inputs)
}

pub fn halves(values: &[f16]) -> Vec<u8> {
    values.iter().flat_map(|value| value.to_le_bytes()).collect()
}

pub fn floats(values: &[f32]) -> Vec<u8> {
    values.iter().flat_map(|value| value.to_le_bytes()).collect()
}
