//! A network of convolutions as a list: planned without a device, loaded onto one, launched step by step.
//!
//! Tensors know the steps between which they are live, so that the arena can lay them over one another; weights and
//! biases lie in one allocation beside it. Nothing is allocated after [`Net::load`].

mod plan;
#[cfg(test)]
mod tests;

use half::f16;

use crate::arena::{Arena, ArenaPlan, Slot};
use crate::common::{Activation, padded};
use crate::conv::{Conv, ConvBuffers, Input};
use crate::device::{Device, Facts, Launch, Span};
use crate::error::{KernelError, require};
use crate::kernel::Kernel;

pub use self::plan::{Plan, Step};

/// An activation of a net.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tensor(usize);

#[derive(Clone, Debug)]
struct Held {
    height: usize,
    width: usize,
    channels: usize,
    /// The steps between which it is live.
    first: usize,
    last: usize,
}

/// One convolution and what it works on.
#[derive(Clone, Debug)]
pub struct Layer {
    pub name: String,
    pub conv: Conv,
    a: Tensor,
    b: Option<Tensor>,
    residual: Option<Tensor>,
    out: Tensor,
    /// Whether its weights are those of a convolution after a `pixel_unshuffle`.
    pub unshuffled: bool,
}

/// What a convolution is besides its inputs.
#[derive(Clone, Copy, Debug)]
pub struct Shape {
    pub outputs: usize,
    pub kernel: usize,
    pub stride: usize,
    pub activation: Activation,
}

/// The list.
#[derive(Clone, Debug, Default)]
pub struct Net {
    tensors: Vec<Held>,
    layers: Vec<Layer>,
}

impl Net {
    /// An activation (height, width, channels) that is written from outside before the first step, in every frame
    /// unless it is kept too.
    pub fn input(&mut self, height: usize, width: usize, channels: usize) -> Tensor {
        self.hold(Held { height, width, channels, first: 0, last: 0 })
    }

    fn hold(&mut self, held: Held) -> Tensor {
        self.tensors.push(held);
        Tensor(self.tensors.len() - 1)
    }

    /// Lets a tensor be read, or go on being read, after the last step.
    pub fn keep(&mut self, tensor: Tensor) {
        self.tensors[tensor.0].last = usize::MAX;
    }

    /// Height, width and channels.
    #[must_use]
    pub fn size(&self, tensor: Tensor) -> (usize, usize, usize) {
        let Held { height, width, channels, .. } = self.tensors[tensor.0];
        (height, width, channels)
    }

    /// A convolution of `a`, beside `b` where there is one, plus `residual` before the activation. Of two inputs of
    /// different size the smaller is doubled.
    pub fn conv(
        &mut self,
        name: impl Into<String>,
        (a, b): (Tensor, Option<Tensor>),
        residual: Option<Tensor>,
        shape: Shape,
    ) -> Result<Tensor, KernelError> {
        let inputs = [Some(a), b].map(|tensor| tensor.map(|tensor| self.size(tensor)));
        let height = inputs.iter().flatten().map(|size| size.0).max().unwrap_or(0);
        let width = inputs.iter().flatten().map(|size| size.1).max().unwrap_or(0);
        let input = |(h, w, channels): (usize, usize, usize)| {
            let doubled = (h * 2, w * 2) == (height, width);
            let fits = doubled || (h, w) == (height, width);
            require(fits, "net", "input size", format!("{height}x{width} or half of it"), format!("{h}x{w}"))?;
            Ok::<_, KernelError>(Input { channels, doubled })
        };
        let conv = Conv {
            a: input(self.size(a))?,
            b: inputs[1].map(input).transpose()?,
            activation: shape.activation,
            residual: residual.is_some(),
            ..Conv::new((height, width), 1, shape.outputs, shape.kernel, shape.stride)
        };
        self.push(Layer { name: name.into(), conv, a, b, residual, out: Tensor(0), unshuffled: false })
    }

    /// A convolution of stride 1 after a `pixel_unshuffle` by 2.
    pub fn unshuffled_conv(&mut self, name: impl Into<String>, a: Tensor, shape: Shape) -> Result<Tensor, KernelError> {
        let (height, width, channels) = self.size(a);
        require(shape.stride == 1, "net", "stride after a pixel_unshuffle", 1, shape.stride)?;
        let conv = Conv::unshuffled((height, width), channels, shape.outputs, shape.kernel).with(shape.activation);
        self.push(Layer { name: name.into(), conv, a, b: None, residual: None, out: Tensor(0), unshuffled: true })
    }

    fn push(&mut self, mut layer: Layer) -> Result<Tensor, KernelError> {
        let step = self.layers.len();
        let size = (layer.conv.out_height(), layer.conv.out_width(), layer.conv.outputs);
        if let Some(residual) = layer.residual {
            let got = self.size(residual);
            require(got == size, "net", "residual size", format!("{size:?}"), format!("{got:?}"))?;
        }
        for read in [Some(layer.a), layer.b, layer.residual].into_iter().flatten() {
            let held = &mut self.tensors[read.0];
            held.last = held.last.max(step);
        }
        layer.out = self.hold(Held { height: size.0, width: size.1, channels: size.2, first: step, last: step });
        let out = layer.out;
        self.layers.push(layer);
        Ok(out)
    }

    /// How many steps make a tensor: its own and all before it. 0 of an input.
    #[must_use]
    pub fn steps_to(&self, tensor: Tensor) -> usize {
        self.layers.iter().position(|layer| layer.out == tensor).map_or(0, |step| step + 1)
    }

    /// Slots of all tensors in a plan whose step 0 is this net's first.
    fn reserve(&self) -> (ArenaPlan, Vec<Slot>) {
        let mut plan = ArenaPlan::default();
        let bytes = |held: &Held| 2 * held.height * held.width * padded(held.channels);
        let slots = self.tensors.iter().map(|held| plan.during(bytes(held), held.first..=held.last)).collect();
        (plan, slots)
    }

    /// What a frame of it takes, on a device of which `facts` are known.
    #[must_use]
    pub fn plan(&self, facts: &Facts) -> Plan {
        plan::of(self, facts)
    }

    /// Puts it onto a device. `weights` gives each layer's weights, in PyTorch's layout, and bias.
    pub fn load<E: From<KernelError>>(
        &self,
        device: &dyn Device,
        weights: impl Fn(&Layer) -> Result<(Vec<f32>, Vec<f32>), E>,
    ) -> Result<Loaded, E> {
        let (plan, slots) = self.reserve();
        let activations = Arena::new(device, plan.lay_out())?;
        let tensors = slots.iter().map(|&slot| activations.get::<f16>(slot)).collect::<Result<Vec<_>, _>>()?;
        let mut plan = ArenaPlan::default();
        let slots: Vec<(Slot, Slot)> = self
            .layers
            .iter()
            .map(|layer| (plan.always(2 * layer.conv.weights_len()), plan.always(4 * padded(layer.conv.outputs))))
            .collect();
        let constants = Arena::new(device, plan.lay_out())?;

        let mut launches = Vec::new();
        for (layer, (weight_slot, bias_slot)) in self.layers.iter().zip(slots) {
            let (values, mut bias) = weights(layer)?;
            let packed = if layer.unshuffled { layer.conv.pack_unshuffled(&values) } else { layer.conv.pack(&values) };
            bias.resize(padded(layer.conv.outputs), 0.0);
            let buffers = ConvBuffers {
                a: tensors[layer.a.0],
                b: layer.b.map(|b| tensors[b.0]),
                weights: constants.get(weight_slot)?,
                bias: constants.get(bias_slot)?,
                residual: layer.residual.map(|residual| tensors[residual.0]),
                out: tensors[layer.out.0],
            };
            device.write(buffers.weights.bytes(), bytemuck::cast_slice(&packed))?;
            device.write(buffers.bias.bytes(), bytemuck::cast_slice(&bias))?;
            launches.extend(layer.conv.launches(&buffers, device.facts())?);
        }
        let steps_to = (0..tensors.len()).map(|tensor| self.steps_to(Tensor(tensor))).collect();
        Ok(Loaded { launches, steps_to, tensors })
    }
}

/// A net on a device.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// One for each step.
    launches: Vec<Launch>,
    /// [`Net::steps_to`] of every tensor.
    steps_to: Vec<usize>,
    tensors: Vec<Span<f16>>,
}

impl Loaded {
    /// Where a tensor lies. What it holds is certain only at its own steps, and for kept ones after them.
    #[must_use]
    pub fn span(&self, tensor: Tensor) -> Span<f16> {
        self.tensors[tensor.0]
    }

    /// All steps, in order.
    #[must_use]
    pub fn launches(&self) -> &[Launch] {
        &self.launches
    }

    /// The steps up to the one that makes a tensor, that one included; none for an input.
    #[must_use]
    pub fn launches_to(&self, tensor: Tensor) -> &[Launch] {
        &self.launches[..self.steps_to[tensor.0]]
    }

    /// Asks for all steps, in order.
    pub fn launch(&self, device: &dyn Device) -> Result<(), KernelError> {
        self.launches.iter().try_for_each(|launch| device.launch(launch))
    }
}
