//! What is worn, at the model's size, into the inputs of the painter.
//!
//! ```text
//! out[first + k] = front[k] + behind[k] (1 - front[3])       k = 0..4: premultiplied red, green, blue and alpha
//! out[alpha]     = max(front[3], behind[3])                  what the residual is gated by
//! ```
//!
//! f16 in and out; channels of `out` that are not named keep what they hold.

use bytemuck::{Pod, Zeroable};
use half::f16;

use crate::device::{Facts, Grid, Launch, Span};
use crate::error::{KernelError, require};
use crate::kernel::{Expected, F32_ROUNDING, Kernel, Operand, Rows, Work};
use crate::values::{Element, Fill};

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sketch {
    pub pixels: usize,
    /// Values of a pixel of `out`.
    pub stride: usize,
    /// The first of four channels.
    pub first: usize,
    pub alpha: usize,
}

#[derive(Clone, Copy, Debug)]
pub struct SketchBuffers {
    /// (pixels, 4), premultiplied.
    pub front: Span<f16>,
    pub behind: Span<f16>,
    pub out: Span<f16>,
}

#[derive(Clone, Copy, Pod, Zeroable)]
#[repr(C)]
struct Params {
    front: u64,
    behind: u64,
    out: u64,
    pixels: i32,
    stride: i32,
    first: i32,
    alpha: i32,
}
const _: () = assert!(size_of::<Params>() == 40);

impl Kernel for Sketch {
    type Buffers = SketchBuffers;
    const NAME: &'static str = "sketch";
    const FUNCTIONS: &'static [&'static str] = &["sketch_join"];

    fn describe(&self) -> String {
        format!("{} pixels into {}..{} and {} of {}", self.pixels, self.first, self.first + 4, self.alpha, self.stride)
    }

    fn launches(&self, buffers: &SketchBuffers, _: &Facts) -> Result<Vec<Launch>, KernelError> {
        let need = |holds, what, expected: &str, got: usize| require(holds, Self::NAME, what, expected, got);
        need(self.pixels > 0 && self.pixels * self.stride < 1 << 31, "pixels", "1 to 2^31 values", self.pixels)?;
        need(self.first + 4 <= self.stride && self.alpha < self.stride, "channels", "within the stride", self.stride)?;
        let apart = !(self.first..self.first + 4).contains(&self.alpha);
        need(apart, "alpha", "beside the picture's channels", self.alpha)?;
        let params = Params {
            front: buffers.front.demand(Self::NAME, "front", self.pixels * 4)?,
            behind: buffers.behind.demand(Self::NAME, "behind", self.pixels * 4)?,
            out: buffers.out.demand(Self::NAME, "out", self.pixels * self.stride)?,
            pixels: self.pixels as i32,
            stride: self.stride as i32,
            first: self.first as i32,
            alpha: self.alpha as i32,
        };
        let grid = Grid { blocks: [self.pixels.div_ceil(256), 1, 1], threads: 256, shared_bytes: 0 };
        let devices = [buffers.front.device(), buffers.behind.device(), buffers.out.device()];
        Ok(vec![Launch::new::<Self, _>("sketch_join", grid, &params, &devices)?])
    }

    fn operands(&self) -> Vec<Operand> {
        let fill = || Fill::Uniform { low: 0.0, high: 1.0 };
        vec![
            Operand::input("front", Element::F16, self.pixels * 4, fill()),
            Operand::input("behind", Element::F16, self.pixels * 4, fill()),
            Operand::output("out", Element::F16, self.pixels * self.stride),
        ]
    }

    fn buffers(&self, spans: &[Span<u8>]) -> Result<SketchBuffers, KernelError> {
        let [front, behind, out] = spans else {
            return Err(KernelError::shape(Self::NAME, "buffers", 3, spans.len()));
        };
        Ok(SketchBuffers { front: front.cast()?, behind: behind.cast()?, out: out.cast()? })
    }

    fn twin(&self, inputs: &[Vec<f64>], rows: Rows) -> Vec<Vec<Expected>> {
        let mut out = vec![Expected::UNTOUCHED; self.pixels * self.stride];
        let pixels = inputs[0].chunks_exact(4).zip(inputs[1].chunks_exact(4)).zip(out.chunks_exact_mut(self.stride));
        for (i, ((front, behind), out)) in pixels.enumerate() {
            for k in 0..4 {
                let value = front[k] + behind[k] * (1.0 - front[3]);
                let tolerance = Expected::rounded(value) + 4.0 * F32_ROUNDING * (front[k].abs() + behind[k].abs());
                out[self.first + k] = if rows.wants(i) { Expected { value, tolerance } } else { Expected::ANY };
            }
            out[self.alpha] = Expected::exactly(front[3].max(behind[3]));
        }
        vec![out]
    }

    fn control(&self) -> (usize, usize) {
        (0, 0)
    }

    fn work(&self) -> Work {
        let pixels = self.pixels as u64;
        Work { bytes: pixels * (8 + 8 + 10), flops: pixels * 9 }
    }

    fn parity() -> Vec<Self> {
        let sketch = |pixels, stride, first, alpha| Self { pixels, stride, first, alpha };
        vec![sketch(1, 5, 0, 4), sketch(257, 16, 3, 14), sketch(100, 8, 4, 1)]
    }

    fn bench() -> Vec<Self> {
        vec![Self { pixels: 192 * 256, stride: 16, first: 3, alpha: 14 }]
    }
}
