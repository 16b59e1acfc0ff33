//! Camera bytes to RGB bytes of the same size.
//!
//! ```text
//! RGB8  as it is        YUYV  Y0 U Y1 V for two pixels        NV12  all Y, then U V for squares of four
//! red   = cut(76309 (Y - 16) + 104597 (V - 128))
//! green = cut(76309 (Y - 16) - 25675 (U - 128) - 53279 (V - 128))
//! blue  = cut(76309 (Y - 16) + 132201 (U - 128))          cut(s) = clamp(floor((s + 2^15) / 2^16), 0, 255)
//! ```
//!
//! BT.601 in the limited range, the weights times 2^16, rounded: what cameras send, and bit for bit what the CPU makes
//! of it. Mirrored, column x goes to column width - 1 - x.

use bytemuck::{Pod, Zeroable};

use crate::device::{Facts, Grid, Launch, Span};
use crate::error::{KernelError, require};
use crate::kernel::{Expected, Kernel, Operand, Rows, Work};
use crate::values::{Element, Fill};

/// How the camera writes a picture down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(i32)]
pub enum Format {
    Rgb8 = 0,
    /// Packed 4:2:2; the width is even.
    Yuyv = 1,
    /// 4:2:0 in two planes; width and height are even.
    Nv12 = 2,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FrameToRgb {
    pub width: usize,
    pub height: usize,
    pub format: Format,
    pub mirrored: bool,
}

#[derive(Clone, Copy, Debug)]
pub struct FrameToRgbBuffers {
    pub bytes: Span<u8>,
    pub rgb: Span<u8>,
}

#[derive(Clone, Copy, Pod, Zeroable)]
#[repr(C)]
struct Params {
    bytes: u64,
    rgb: u64,
    width: i32,
    height: i32,
    format: i32,
    mirrored: i32,
}
const _: () = assert!(size_of::<Params>() == 32);

impl FrameToRgb {
    /// Bytes of a camera's picture.
    #[must_use]
    pub fn camera_len(&self) -> usize {
        let area = self.width * self.height;
        match self.format {
            Format::Rgb8 => area * 3,
            Format::Yuyv => area * 2,
            Format::Nv12 => area * 3 / 2,
        }
    }
}

impl Kernel for FrameToRgb {
    type Buffers = FrameToRgbBuffers;
    const NAME: &'static str = "frame_to_rgb";
    const FATBIN: &'static str = "frame_in";
    const FUNCTIONS: &'static [&'static str] = &["frame_to_rgb"];

    fn describe(&self) -> String {
        let mirrored = if self.mirrored { " mirrored" } else { "" };
        format!("{}x{} {:?}{mirrored}", self.width, self.height, self.format)
    }

    fn launches(&self, buffers: &FrameToRgbBuffers, _: &Facts) -> Result<Vec<Launch>, KernelError> {
        let need = |holds, what, expected: &str, got: usize| require(holds, Self::NAME, what, expected, got);
        need((1..=16384).contains(&self.width), "width", "1 to 16384", self.width)?;
        need((1..=16384).contains(&self.height), "height", "1 to 16384", self.height)?;
        need(self.format == Format::Rgb8 || self.width.is_multiple_of(2), "width", "even", self.width)?;
        need(self.format != Format::Nv12 || self.height.is_multiple_of(2), "height", "even", self.height)?;
        let params = Params {
            bytes: buffers.bytes.demand(Self::NAME, "bytes", self.camera_len())?,
            rgb: buffers.rgb.demand(Self::NAME, "rgb", self.width * self.height * 3)?,
            width: self.width as i32,
            height: self.height as i32,
            format: self.format as i32,
            mirrored: i32::from(self.mirrored),
        };
        let blocks = [(self.width * self.height).div_ceil(256), 1, 1];
        let grid = Grid { blocks, threads: 256, shared_bytes: 0 };
        let devices = [buffers.bytes.device(), buffers.rgb.device()];
        Ok(vec![Launch::new::<Self, _>("frame_to_rgb", grid, &params, &devices)?])
    }

    fn operands(&self) -> Vec<Operand> {
        let bytes = Fill::Uniform { low: 0.0, high: 256.0 };
        vec![
            Operand::input("bytes", Element::U8, self.camera_len(), bytes),
            Operand::output("rgb", Element::U8, self.width * self.height * 3),
        ]
    }

    fn buffers(&self, spans: &[Span<u8>]) -> Result<FrameToRgbBuffers, KernelError> {
        let [bytes, rgb] = spans else { return Err(KernelError::shape(Self::NAME, "buffers", 2, spans.len())) };
        Ok(FrameToRgbBuffers { bytes: *bytes, rgb: *rgb })
    }

    fn twin(&self, inputs: &[Vec<f64>], rows: Rows) -> Vec<Vec<Expected>> {
        // The weights out of the definition, not copied from the kernel.
        let (red, blue) = (0.299, 0.114);
        let (green, luma, chroma) = (1.0 - red - blue, 255.0 / 219.0, 255.0 / 224.0);
        let fixed = |weight: f64| (weight * 65536.0).round();
        let cut = |sum: f64| Expected::exactly(((sum + 32768.0) / 65536.0).floor().clamp(0.0, 255.0));
        let bytes = &inputs[0];
        let mut out = vec![Expected::ANY; self.width * self.height * 3];
        for y in (0..self.height).filter(|&y| rows.wants(y)) {
            for x in 0..self.width {
                let at = y * self.width + x;
                let (y_byte, u, v) = match self.format {
                    Format::Rgb8 => (0.0, 0.0, 0.0),
                    Format::Yuyv => (bytes[at * 2], bytes[at / 2 * 4 + 1], bytes[at / 2 * 4 + 3]),
                    Format::Nv12 => {
                        let pair = self.width * self.height + y / 2 * self.width + x / 2 * 2;
                        (bytes[at], bytes[pair], bytes[pair + 1])
                    }
                };
                let (y_sum, u, v) = (fixed(luma) * (y_byte - 16.0), u - 128.0, v - 128.0);
                let pixel = match self.format {
                    Format::Rgb8 => std::array::from_fn(|k| Expected::exactly(bytes[at * 3 + k])),
                    _ => [
                        cut(y_sum + fixed(2.0 * (1.0 - red) * chroma) * v),
                        cut(y_sum
                            + fixed(-2.0 * (1.0 - blue) * blue / green * chroma) * u
                            + fixed(-2.0 * (1.0 - red) * red / green * chroma) * v),
                        cut(y_sum + fixed(2.0 * (1.0 - blue) * chroma) * u),
                    ],
                };
                let x = if self.mirrored { self.width - 1 - x } else { x };
                out[(y * self.width + x) * 3..][..3].copy_from_slice(&pixel);
            }
        }
        vec![out]
    }

    fn work(&self) -> Work {
        let area = self.width * self.height;
        Work { bytes: (self.camera_len() + area * 3) as u64, flops: 8 * area as u64 }
    }

    fn parity() -> Vec<Self> {
        let frame = |width, height, format, mirrored| Self { width, height, format, mirrored };
        vec![
            frame(1, 1, Format::Rgb8, false),
            frame(37, 13, Format::Rgb8, true),
            frame(2, 1, Format::Yuyv, false),
            frame(38, 13, Format::Yuyv, true),
            frame(2, 2, Format::Nv12, true),
            frame(36, 14, Format::Nv12, false),
        ]
    }

    fn bench() -> Vec<Self> {
        let frame = |width, height, format| Self { width, height, format, mirrored: true };
        vec![frame(640, 480, Format::Yuyv), frame(1280, 720, Format::Nv12), frame(1920, 1080, Format::Rgb8)]
    }
}
