//! Three channels of an activation at half the size: four pixels become channels of one, as `pixel_unshuffle` has it.
//!
//! ```text
//! out[y, x, 4 k + 2 dy + dx] = x[2 y + dy, 2 x + dx, first + k] + offset,  k of 0 to 2, dy and dx of 0 and 1
//! ```
//!
//! Mirrored, the columns of `x` count from the right. The twelve channels are padded to [`STRIDE`] with zeros.

use bytemuck::{Pod, Zeroable};
use half::f16;

use crate::device::{Facts, Grid, Launch, Span};
use crate::error::{KernelError, require};
use crate::kernel::{Expected, F32_ROUNDING, Kernel, Operand, Rows, Work};
use crate::values::{Element, Fill};

/// Values of a pixel of the result.
const STRIDE: usize = 16;

#[derive(Clone, Debug, PartialEq)]
pub struct Unshuffle {
    /// Of the result.
    pub width: usize,
    pub height: usize,
    pub x_stride: usize,
    pub x_first: usize,
    pub offset: f32,
    pub mirrored: bool,
}

#[derive(Clone, Copy, Debug)]
pub struct UnshuffleBuffers {
    pub x: Span<f16>,
    /// (height, width, 16)
    pub out: Span<f16>,
}

#[derive(Clone, Copy, Pod, Zeroable)]
#[repr(C)]
struct Params {
    x: u64,
    out: u64,
    width: i32,
    height: i32,
    x_stride: i32,
    x_first: i32,
    offset: f32,
    mirrored: i32,
}
const _: () = assert!(size_of::<Params>() == 40);

impl Unshuffle {
    fn x_len(&self) -> usize {
        4 * self.width * self.height * self.x_stride
    }
    fn out_len(&self) -> usize {
        self.width * self.height * STRIDE
    }
}

impl Kernel for Unshuffle {
    type Buffers = UnshuffleBuffers;
    const NAME: &'static str = "frame_unshuffle";
    const FATBIN: &'static str = "frame_in";
    const FUNCTIONS: &'static [&'static str] = &["frame_unshuffle"];

    fn describe(&self) -> String {
        let mirrored = if self.mirrored { ", mirrored" } else { "" };
        format!("{}x{} from stride {}{mirrored}", self.width, self.height, self.x_stride)
    }

    fn launches(&self, buffers: &UnshuffleBuffers, _: &Facts) -> Result<Vec<Launch>, KernelError> {
        for size in [self.width, self.height] {
            require((1..=8192).contains(&size), Self::NAME, "size", "1 to 8192", size)?;
        }
        require(self.x_first + 3 <= self.x_stride, Self::NAME, "x_stride", "x_first + 3 at least", self.x_stride)?;
        require(self.x_len() < 1 << 31, Self::NAME, "size", "below 2^31 values", self.x_len())?;
        let params = Params {
            x: buffers.x.demand(Self::NAME, "x", self.x_len())?,
            out: buffers.out.demand(Self::NAME, "out", self.out_len())?,
            width: self.width as i32,
            height: self.height as i32,
            x_stride: self.x_stride as i32,
            x_first: self.x_first as i32,
            offset: self.offset,
            mirrored: i32::from(self.mirrored),
        };
        let blocks = [(self.width * self.height).div_ceil(128), 1, 1];
        let grid = Grid { blocks, threads: 128, shared_bytes: 0 };
        let devices = [buffers.x.device(), buffers.out.device()];
        Ok(vec![Launch::new::<Self, _>("frame_unshuffle", grid, &params, &devices)?])
    }

    fn operands(&self) -> Vec<Operand> {
        vec![
            Operand::input("x", Element::F16, self.x_len(), Fill::Normal { mean: 0.5, deviation: 1.0 }),
            Operand::output("out", Element::F16, self.out_len()),
        ]
    }

    fn buffers(&self, spans: &[Span<u8>]) -> Result<UnshuffleBuffers, KernelError> {
        let [x, out] = spans else { return Err(KernelError::shape(Self::NAME, "buffers", 2, spans.len())) };
        Ok(UnshuffleBuffers { x: x.cast()?, out: out.cast()? })
    }

    fn twin(&self, inputs: &[Vec<f64>], rows: Rows) -> Vec<Vec<Expected>> {
        let mut out = vec![Expected::ANY; self.out_len()];
        for y in (0..self.height).filter(|&y| rows.wants(y)) {
            for x in 0..self.width {
                let pixel = &mut out[(y * self.width + x) * STRIDE..][..STRIDE];
                pixel.fill(Expected::exactly(0.0));
                for (channel, expected) in pixel[..12].iter_mut().enumerate() {
                    let (k, dy, dx) = (channel / 4, channel / 2 % 2, channel % 2);
                    let column = if self.mirrored { 2 * self.width - 1 - (2 * x + dx) } else { 2 * x + dx };
                    let from = (2 * y + dy) * 2 * self.width + column;
                    let given = inputs[0][from * self.x_stride + self.x_first + k];
                    let value = given + f64::from(self.offset);
                    let magnitude = given.abs() + f64::from(self.offset).abs();
                    let tolerance = Expected::rounded(value) + F32_ROUNDING * magnitude;
                    *expected = Expected { value, tolerance };
                }
            }
        }
        vec![out]
    }

    fn control(&self) -> (usize, usize) {
        (0, self.x_first)
    }

    fn work(&self) -> Work {
        let area = (self.width * self.height) as u64;
        Work { bytes: area * (4 * 3 * 2 + 2 * STRIDE as u64), flops: area * 12 }
    }

    fn parity() -> Vec<Self> {
        let sized = |width, height, x_stride, x_first, mirrored| {
            let offset = if mirrored { 0.25 } else { -0.5 };
            Self { width, height, x_stride, x_first, offset, mirrored }
        };
        vec![sized(1, 1, 3, 0, false), sized(17, 9, 16, 0, false), sized(17, 9, 16, 0, true), sized(5, 31, 8, 4, true)]
    }

    fn bench() -> Vec<Self> {
        vec![Self { width: 128, height: 96, x_stride: 16, x_first: 0, offset: -0.5, mirrored: false }]
    }
}
