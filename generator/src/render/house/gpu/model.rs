//! The weights on the device, and everything of a frame that does not depend on the camera's size.

use half::f16;
use otherglass_kernels::arena::{Arena, ArenaPlan};
use otherglass_kernels::linear::LinearBuffers;
use otherglass_kernels::net::{Layer, Loaded, Net};
use otherglass_kernels::points::{Place as PlacePoints, PlaceBuffers, Pool, PoolBuffers, Sizes};
use otherglass_kernels::softmax::{Softmax, SoftmaxBuffers};
use otherglass_kernels::{Device, Kernel, Launch, Span};
use safetensors::SafeTensors;

use super::{
    INPUT_STRIDE, LEVEL, NOISED, PAINT, PAINT_INPUTS, PARTS, PainterTensors, SENSE, SenseTensors, fitted, painter,
    pose, sense,
};
use crate::render::RenderError;
use crate::render::house::body::{POINTS, POSE};
use crate::render::house::gaussian_noise;
use crate::render::house::nets::Weights;
use crate::render::house::weights::Asset;

/// Both networks with their heads, on a device.
pub struct Model {
    pub sense: Loaded,
    pub sense_tensors: SenseTensors,
    pub painter: Loaded,
    pub painter_tensors: PainterTensors,
    /// From what the sense network left to points, pose and probabilities of parts.
    pub heads: Vec<Launch>,
    /// (10, 4)
    pub points: Span<f32>,
    /// (11)
    pub pose: Span<f16>,
}

impl Model {
    pub fn load(device: &dyn Device, file: &Asset, seed: u64) -> Result<Self, RenderError> {
        let tensors = SafeTensors::deserialize(&file.bytes).map_err(|error| RenderError::unfit(&file.path, error))?;
        let of = |network| Weights::new(&tensors, &file.path, network);
        let mut net = Net::default();
        let sense_tensors = sense(&mut net, SENSE)?;
        let sense = net.load(device, |layer| layer_weights(&of("sense"), layer))?;
        let mut net = Net::default();
        let painter_tensors = painter(&mut net, PAINT)?;
        let painter = net.load(device, |layer| layer_weights(&of("painter"), layer))?;
        let parts = (sense.span(sense_tensors.parts), painter.span(painter_tensors.parts));
        let softmax = SoftmaxBuffers { x: parts.0, out: parts.1 };
        let mut heads = Softmax { rows: PAINT.0 * PAINT.1 / 16, channels: PARTS }.launches(&softmax, device.facts())?;
        let (points, pose) = pose_heads(device, &of("sense"), &sense, &sense_tensors, &mut heads)?;
        let inputs = painter.span(painter_tensors.inputs);
        device.write(inputs.bytes(), &empty_inputs(seed))?;
        Ok(Self { sense, sense_tensors, painter, painter_tensors, heads, points, pose })
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

/// Adds the launches from features to points and pose; where these are then.
fn pose_heads(
    device: &dyn Device,
    weights: &Weights,
    loaded: &Loaded,
    tensors: &SenseTensors,
    launches: &mut Vec<Launch>,
) -> Result<(Span<f32>, Span<f16>), RenderError> {
    let sizes = Sizes::house();
    let mut plan = ArenaPlan::default();
    let (pooled, points) = (plan.always(2 * (sizes.fine + sizes.coarse + sizes.whole)), plan.always(16 * POINTS));
    let layers = pose();
    let slots = layers.each_ref().map(|layer| {
        let outputs = layer.outputs.next_multiple_of(8);
        (plan.always(2 * outputs * layer.inputs), plan.always(4 * outputs), plan.always(2 * outputs))
    });
    let arena = Arena::new(device, plan.lay_out())?;
    let (pooled, points) = (arena.get(pooled)?, arena.get(points)?);
    let heat = loaded.span(tensors.heat);
    let [fine, coarse, whole] = tensors.features.map(|tensor| loaded.span(tensor));
    let pool = PoolBuffers { heat, fine, coarse, whole, pooled };
    launches.extend(Pool(sizes.clone()).launches(&pool, device.facts())?);
    let mut from = pooled;
    for ((layer, name), (packed, bias, out)) in layers.iter().zip(["pose.0", "pose.2"]).zip(slots) {
        let values = weights.tensor(&format!("{name}.weight"), &[layer.outputs, layer.inputs])?;
        let mut bias_values = weights.tensor(&format!("{name}.bias"), &[layer.outputs])?;
        bias_values.resize(layer.outputs.next_multiple_of(8), 0.0);
        let (packed, bias): (Span<f16>, Span<f32>) = (arena.get(packed)?, arena.get(bias)?);
        device.write(packed.bytes(), &halves(&layer.pack(&values)))?;
        device.write(bias.bytes(), &floats(&bias_values))?;
        let out = arena.get(out)?;
        let buffers = LinearBuffers { a: from, weights: packed, bias: Some(bias), residual: None, out };
        launches.extend(layer.launches(&buffers, device.facts())?);
        from = out;
    }
    let presence = from.bytes().part(2 * POSE, POINTS)?;
    launches.extend(PlacePoints(sizes).launches(&PlaceBuffers { heat, presence, out: points }, device.facts())?);
    Ok((points, from.bytes().part(0, POSE)?))
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
