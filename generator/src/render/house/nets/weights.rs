//! Layers out of `weights.safetensors`.

use std::path::Path;

use half::f16;
use safetensors::{Dtype, SafeTensors};

use super::conv::Conv;
use crate::render::RenderError;

/// The tensors of one network, by the names they have in PyTorch, batch norms folded in.
pub struct Weights<'a> {
    tensors: &'a SafeTensors<'a>,
    path: &'a Path,
    network: &'static str,
}

/// Whether a layer ends in a ReLU.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Activation {
    Linear,
    Relu,
}

impl<'a> Weights<'a> {
    #[must_use]
    pub fn new(tensors: &'a SafeTensors<'a>, path: &'a Path, network: &'static str) -> Self {
        Self { tensors, path, network }
    }

    /// A convolution with its bias: `(inputs, outputs)`, kernel size and stride.
    pub fn conv(
        &self,
        name: &str,
        (inputs, outputs): (usize, usize),
        (kernel, stride): (usize, usize),
        activation: Activation,
    ) -> Result<Conv, RenderError> {
        let weights = self.tensor(&format!("{name}.weight"), &[outputs, inputs, kernel, kernel])?;
        let bias = self.tensor(&format!("{name}.bias"), &[outputs])?;
        Ok(Conv::new(&weights, &bias, inputs, kernel, stride, activation == Activation::Relu))
    }

    /// A 1x1 convolution of two grids laid side by side, as two whose sum it is: of the first `inputs.0` channels, with
    /// bias and ReLU, to be run with the other's output as addend; and of the `inputs.1` after them.
    pub fn split_conv(&self, name: &str, inputs: (usize, usize), outputs: usize) -> Result<(Conv, Conv), RenderError> {
        let both = inputs.0 + inputs.1;
        let weights = self.tensor(&format!("{name}.weight"), &[outputs, both, 1, 1])?;
        let bias = self.tensor(&format!("{name}.bias"), &[outputs])?;
        let part = |from: usize, to: usize| -> Vec<f32> {
            weights.chunks_exact(both).flat_map(|row| &row[from..to]).copied().collect()
        };
        let first = Conv::new(&part(0, inputs.0), &bias, inputs.0, 1, 1, true);
        let second = Conv::new(&part(inputs.0, both), &vec![0.0; outputs], inputs.1, 1, 1, false);
        Ok((first, second))
    }

    /// A tensor of that shape, f32 or f16.
    pub fn tensor(&self, name: &str, shape: &[usize]) -> Result<Vec<f32>, RenderError> {
        let name = format!("{}.{name}", self.network);
        let unfit = |what: String| RenderError::unfit(self.path, what);
        let view = self.tensors.tensor(&name).map_err(|_| unfit(format!("it holds no {name}")))?;
        if view.shape() != shape {
            return Err(unfit(format!("{name} must be {shape:?}, it is {:?}", view.shape())));
        }
        match view.dtype() {
            Dtype::F16 => Ok(view.data().chunks_exact(2).map(|b| f16::from_le_bytes([b[0], b[1]]).to_f32()).collect()),
            Dtype::F32 => {
                Ok(view.data().chunks_exact(4).map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]])).collect())
            }
            other => Err(unfit(format!("{name} must be of f16 or f32, it is {other:?}"))),
        }
    }
}
