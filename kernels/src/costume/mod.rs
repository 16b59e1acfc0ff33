//! The visitor dressed for a world, in two kernels: [`Measure`] finds where cloth is and in what light, [`Dye`] gives it
//! the costume's colours.
//!
//! ```text
//! cells    = shares of torso (3) and arms (4, 6), half of each cell's change taken a frame           written to `after`
//! sure     = max(share - 0.6, 0) / 0.4      light of the cloth: mean brightness weighted by sure torso; of the face by
//!            sure face (1), with its shares of red and green, the skin; all followed by 0.15 a frame, while 1 cell of cloth is sure
//! (u, v)   = inverse of the shoulders' frame (see place) at the pixel, v downwards, in shoulder widths
//! edge     = depth + 0.1 max(1 - (2.2 u)^2, -1) + 0.07 (14 locks + 0.6 of 46 strands - 0.8): value noise along u / 2 + 1/2
//! over     = clamp(40 (edge - v) + 1/2, 0, 1) where there is a mantle, else 0
//! worn     = cloth(u, v), darker within 0.09 under the mantle's edge; 0.45 of it under the mantle's fur, mixed by over
//! bare     = exp(-|chromaticity - skin|^2 / (2 0.03^2)), 0 where the pixel is too dark to tell
//! open     = bare (1 - clamp((v - 0.1) / 0.32, 0, 1)) (1 - over clamp(12 (v - 0.02), 0, 1))
//! share    = smooth(min(torso (1 - open) + arms (1 - bare (1 - over)), 1)),  smooth(x) = x^2 (3 - 2 x)
//! fold     = clamp(((brightness + 0.07) / (light of the cloth + 0.07))^0.75, 0.4, 1.4)
//! lit      = fold clamp(0.55 + 0.9 light of the face, 0.6, 1.15) (1 - glow) + glow
//! byte     = floor(255 clamp(camera + share (min(worn lit, 1) - camera), 0, 1) + 1/2); the camera's below 0.03 of cloth and arms
//! ```
//!
//! The formulas of the CPU renderer (`costume/`), which both are compared with there. Tiles of cloth repeat; they, and whether
//! there is a costume at all, lie in device memory and change with the world.

mod cases;
mod dye;
mod twin;

use bytemuck::{Pod, Zeroable};
use half::f16;

pub use self::dye::{Dye, DyeBuffers};

use crate::device::{Facts, Grid, Launch, Span};
use crate::error::{KernelError, require};
use crate::fit::Fit;
use crate::kernel::{Expected, Kernel, Operand, Rows, Work};
use crate::track::BODY_LEN;
use crate::values::Element;

/// Texels of a tile in each direction.
pub const SIDE: usize = 256;
/// Values of both tiles, cloth and mantle: red, green, blue and glow of each texel.
pub const TILES_LEN: usize = 2 * SIDE * SIDE * 4;
/// Numbers of how the costume sits: whether there is one, light of the cloth, of the room, red and green of the skin, the
/// origin of the cloth in the camera's picture, and rows from there to (u, v).
pub const FITTING_LEN: usize = 11;
/// Values of noise along the mantle's edge.
pub const LOCKS: usize = 14;
pub const STRANDS: usize = 46;
/// Numbers before the cells: light of the cloth and of the face, the skin's shares of red and green, whether there was
/// somebody, whether there was a frame.
const KNOWN: usize = 8;
/// Values of a cell of the body's parts, padding included.
const STRIDE: usize = 16;

/// A costume besides its tiles, as it lies in device memory.
#[derive(Clone, Copy, Debug, PartialEq, Pod, Zeroable)]
#[repr(C)]
pub struct Costume {
    on: f32,
    mantle: f32,
    depth: f32,
    unused: f32,
    locks: [f32; LOCKS],
    strands: [[f32; 2]; STRANDS / 2],
}

impl Costume {
    /// Values of f32 that it takes.
    pub const LEN: usize = size_of::<Self>() / 4;

    /// None, so that the visitor stays as they are and is forgotten.
    #[must_use]
    pub fn none() -> Self {
        Self::zeroed()
    }

    /// Cloth alone, or with a mantle that reaches `depth` shoulder widths down, its edge ragged by that noise.
    #[must_use]
    pub fn new(mantle: Option<(f32, [f32; LOCKS], [f32; STRANDS])>) -> Self {
        let cloth = Self { on: 1.0, ..Self::zeroed() };
        match mantle {
            Some((depth, locks, strands)) => {
                let strands = std::array::from_fn(|i| [strands[2 * i], strands[2 * i + 1]]);
                Self { mantle: 1.0, depth, locks, strands, ..cloth }
            }
            None => cloth,
        }
    }

    /// As it lies in device memory.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        bytemuck::bytes_of(self)
    }
}

/// How many numbers are remembered from frame to frame for so many cells.
#[must_use]
pub const fn state_len(cells: usize) -> usize {
    KNOWN + 2 * cells
}

/// Where cloth is and in what light.
#[derive(Clone, Debug, PartialEq)]
pub struct Measure {
    /// Of the model's picture, multiples of 4.
    pub model: (usize, usize),
    pub camera: (usize, usize),
    /// Values of a pixel of `inputs`; the first three are the camera's.
    pub in_stride: usize,
    /// For checks: whether a costume is on, and whether something is remembered.
    on: bool,
    live: bool,
}

#[derive(Clone, Copy, Debug)]
pub struct MeasureBuffers {
    pub inputs: Span<f16>,
    /// (height / 4, width / 4, 16), probabilities.
    pub parts: Span<f16>,
    /// As [`crate::track`] leaves it.
    pub body: Span<f32>,
    /// [`Costume`]
    pub costume: Span<f32>,
    /// [`state_len`]; zeros forget the visitor.
    pub before: Span<f32>,
    /// The same after the frame; may be `before`.
    pub after: Span<f32>,
    /// [`FITTING_LEN`]
    pub fitting: Span<f32>,
}

#[derive(Clone, Copy, Pod, Zeroable)]
#[repr(C)]
struct Params {
    inputs: u64,
    parts: u64,
    body: u64,
    costume: u64,
    before: u64,
    after: u64,
    fitting: u64,
    width: i32,
    height: i32,
    in_stride: i32,
    scale: f32,
    left: f32,
    top: f32,
}
const _: () = assert!(size_of::<Params>() == 80);

impl Measure {
    #[must_use]
    pub fn new(camera: (usize, usize), model: (usize, usize), in_stride: usize) -> Self {
        Self { model, camera, in_stride, on: true, live: false }
    }

    fn cells(&self) -> usize {
        self.model.0 / 4 * (self.model.1 / 4)
    }
}

impl Kernel for Measure {
    type Buffers = MeasureBuffers;
    const NAME: &'static str = "costume_measure";
    const FATBIN: &'static str = "costume";
    const FUNCTIONS: &'static [&'static str] = &["costume_measure"];

    fn describe(&self) -> String {
        let (width, height) = self.model;
        let state = [(self.on, " on"), (self.live, " live")];
        let state: String = state.iter().filter(|(is, _)| *is).map(|(_, text)| *text).collect();
        format!("{width}x{height}{state}")
    }

    fn launches(&self, buffers: &MeasureBuffers, _: &Facts) -> Result<Vec<Launch>, KernelError> {
        for size in [self.model.0, self.model.1] {
            let fits = size.is_multiple_of(4) && (4..=8192).contains(&size);
            require(fits, Self::NAME, "size", "a multiple of 4, 4 to 8192", size)?;
        }
        require(self.in_stride >= 3, Self::NAME, "stride", "at least 3", self.in_stride)?;
        let (cells, name) = (self.cells(), Self::NAME);
        let Fit { scale, left, top } = Fit::new(self.camera, self.model);
        let params = Params {
            inputs: buffers.inputs.demand(name, "inputs", 16 * cells * self.in_stride)?,
            parts: buffers.parts.demand(name, "parts", cells * STRIDE)?,
            body: buffers.body.demand(name, "body", BODY_LEN)?,
            costume: buffers.costume.demand(name, "costume", Costume::LEN)?,
            before: buffers.before.demand(name, "before", state_len(cells))?,
            after: buffers.after.demand(name, "after", state_len(cells))?,
            fitting: buffers.fitting.demand(name, "fitting", FITTING_LEN)?,
            width: self.model.0 as i32,
            height: self.model.1 as i32,
            in_stride: self.in_stride as i32,
            scale,
            left,
            top,
        };
        let devices = [
            buffers.inputs.device(),
            buffers.parts.device(),
            buffers.body.device(),
            buffers.costume.device(),
            buffers.before.device(),
            buffers.after.device(),
            buffers.fitting.device(),
        ];
        let grid = Grid { blocks: [1, 1, 1], threads: 256, shared_bytes: 4 * 256 / 32 };
        Ok(vec![Launch::new::<Self, _>("costume_measure", grid, &params, &devices)?])
    }

    fn operands(&self) -> Vec<Operand> {
        let cells = self.cells();
        let case = cases::Measured::new(self.model, self.in_stride, self.live);
        let f32s = |name, values: &[f32]| Operand::exact(name, Element::F32, bytemuck::cast_slice(values).to_vec());
        let f16s = |name, values: Vec<f64>| Operand::exact(name, Element::F16, Element::F16.encode_all(values));
        let costume = if self.on { Costume::new(None) } else { Costume::none() };
        vec![
            f16s("inputs", case.inputs),
            f16s("parts", case.parts),
            f32s("body", &case.body),
            Operand::exact("costume", Element::F32, costume.bytes().to_vec()),
            f32s("before", &case.before),
            Operand::output("after", Element::F32, state_len(cells)),
            Operand::output("fitting", Element::F32, FITTING_LEN),
        ]
    }

    fn buffers(&self, spans: &[Span<u8>]) -> Result<MeasureBuffers, KernelError> {
        let [inputs, parts, body, costume, before, after, fitting] = spans else {
            return Err(KernelError::shape(Self::NAME, "buffers", 7, spans.len()));
        };
        let (inputs, parts, body, costume) = (inputs.cast()?, parts.cast()?, body.cast()?, costume.cast()?);
        let (before, after, fitting) = (before.cast()?, after.cast()?, fitting.cast()?);
        Ok(MeasureBuffers { inputs, parts, body, costume, before, after, fitting })
    }

    fn twin(&self, inputs: &[Vec<f64>], _: Rows) -> Vec<Vec<Expected>> {
        twin::measure(self, inputs)
    }

    fn control(&self) -> (usize, usize) {
        // What the first cell has of the torso; without a costume, whether there is one.
        if self.on { (1, 3) } else { (3, 0) }
    }

    fn work(&self) -> Work {
        let cells = self.cells() as u64;
        Work { bytes: cells * (2 * 4 + 4 * 2 * 3 + 4 * 4), flops: cells * 40 }
    }

    fn parity() -> Vec<Self> {
        let measure = |model, camera, in_stride, on, live| Self { model, camera, in_stride, on, live };
        vec![
            measure((64, 48), (160, 120), 16, true, false),
            measure((68, 44), (90, 120), 8, true, true),
            measure((256, 192), (640, 480), 16, true, true),
            measure((64, 48), (160, 120), 16, false, true),
        ]
    }

    fn bench() -> Vec<Self> {
        vec![Self { live: true, ..Self::new((640, 480), (256, 192), 16) }]
    }
}
