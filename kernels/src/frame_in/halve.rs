//! Three channels of an activation at half the size: the mean of squares of four, `out = mean * gain + offset`.

use bytemuck::{Pod, Zeroable};
use half::f16;

use super::Place;
use crate::device::{Facts, Grid, Launch, Span};
use crate::error::{KernelError, require};
use crate::kernel::{Expected, F32_ROUNDING, Kernel, Operand, Rows, Work};
use crate::values::{Element, Fill};

#[derive(Clone, Debug, PartialEq)]
pub struct Halve {
    /// Of the result.
    pub width: usize,
    pub height: usize,
    pub x_stride: usize,
    pub x_first: usize,
    pub place: Place,
}

#[derive(Clone, Copy, Debug)]
pub struct HalveBuffers {
    pub x: Span<f16>,
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
    out_stride: i32,
    out_first: i32,
    out_last: i32,
    gain: f32,
    offset: f32,
    unused: i32,
}
const _: () = assert!(size_of::<Params>() == 56);

impl Halve {
    fn x_len(&self) -> usize {
        4 * self.width * self.height * self.x_stride
    }
    fn out_len(&self) -> usize {
        self.width * self.height * self.place.stride
    }
}

impl Kernel for Halve {
    type Buffers = HalveBuffers;
    const NAME: &'static str = "frame_halve";
    const FATBIN: &'static str = "frame_in";
    const FUNCTIONS: &'static [&'static str] = &["frame_halve"];

    fn describe(&self) -> String {
        format!("{}x{} from stride {}", self.width, self.height, self.x_stride)
    }

    fn launches(&self, buffers: &HalveBuffers, _: &Facts) -> Result<Vec<Launch>, KernelError> {
        for size in [self.width, self.height] {
            require((1..=8192).contains(&size), Self::NAME, "size", "1 to 8192", size)?;
        }
        self.place.check(Self::NAME)?;
        require(self.x_first + 3 <= self.x_stride, Self::NAME, "x_stride", "x_first + 3 at least", self.x_stride)?;
        require(self.x_len() < 1 << 31, Self::NAME, "size", "below 2^31 values", self.x_len())?;
        let params = Params {
            x: buffers.x.demand(Self::NAME, "x", self.x_len())?,
            out: buffers.out.demand(Self::NAME, "out", self.out_len())?,
            width: self.width as i32,
            height: self.height as i32,
            x_stride: self.x_stride as i32,
            x_first: self.x_first as i32,
            out_stride: self.place.stride as i32,
            out_first: self.place.first as i32,
            out_last: self.place.last as i32,
            gain: self.place.gain,
            offset: self.place.offset,
            unused: 0,
        };
        let blocks = [(self.width * self.height).div_ceil(128), 1, 1];
        let grid = Grid { blocks, threads: 128, shared_bytes: 0 };
        let devices = [buffers.x.device(), buffers.out.device()];
        Ok(vec![Launch::new::<Self, _>("frame_halve", grid, &params, &devices)?])
    }

    fn operands(&self) -> Vec<Operand> {
        vec![
            Operand::input("x", Element::F16, self.x_len(), Fill::Normal { mean: 0.5, deviation: 1.0 }),
            Operand::output("out", Element::F16, self.out_len()),
        ]
    }

    fn buffers(&self, spans: &[Span<u8>]) -> Result<HalveBuffers, KernelError> {
        let [x, out] = spans else { return Err(KernelError::shape(Self::NAME, "buffers", 2, spans.len())) };
        Ok(HalveBuffers { x: x.cast()?, out: out.cast()? })
    }

    fn twin(&self, inputs: &[Vec<f64>], rows: Rows) -> Vec<Vec<Expected>> {
        let Place { stride, first, last, gain, offset } = self.place;
        let mut out = vec![Expected::UNTOUCHED; self.out_len()];
        for y in 0..self.height {
            for x in 0..self.width {
                let at = (y * self.width + x) * stride;
                out[at + first..at + last].fill(Expected::ANY);
                if !rows.wants(y) {
                    continue;
                }
                for k in 0..3 {
                    let (mut sum, mut magnitude) = (0.0, f64::from(offset).abs());
                    for (dy, dx) in [(0, 0), (0, 1), (1, 0), (1, 1)] {
                        let pixel = (2 * y + dy) * 2 * self.width + 2 * x + dx;
                        let value = inputs[0][pixel * self.x_stride + self.x_first + k];
                        sum += value;
                        magnitude += (value * f64::from(gain)).abs();
                    }
                    let value = sum / 4.0 * f64::from(gain) + f64::from(offset);
                    let tolerance = Expected::rounded(value) + 6.0 * F32_ROUNDING * magnitude;
                    out[at + first + k] = Expected { value, tolerance };
                }
                out[at + first + 3..at + last].fill(Expected::exactly(0.0));
            }
        }
        vec![out]
    }

    fn control(&self) -> (usize, usize) {
        (0, self.x_first)
    }

    fn work(&self) -> Work {
        let area = (self.width * self.height) as u64;
        Work { bytes: area * (4 * 3 * 2 + 3 * 2), flops: area * 15 }
    }

    fn parity() -> Vec<Self> {
        let alone = Place::alone(1.0, -0.5);
        let among = Place { stride: 16, first: 10, last: 14, gain: 2.0, offset: 0.25 };
        vec![
            Self { width: 1, height: 1, x_stride: 3, x_first: 0, place: alone },
            Self { width: 17, height: 9, x_stride: 16, x_first: 0, place: alone },
            Self { width: 5, height: 31, x_stride: 8, x_first: 4, place: among },
        ]
    }

    fn bench() -> Vec<Self> {
        vec![Self { width: 128, height: 96, x_stride: 16, x_first: 0, place: Place::alone(1.0, -0.5) }]
    }
}
