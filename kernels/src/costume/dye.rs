//! The visitor's cloth dyed, pixel by pixel of the camera.

use bytemuck::{Pod, Zeroable};
use half::f16;

use super::{Costume, FITTING_LEN, TILES_LEN, cases, state_len, twin};
use crate::composite::Axis;
use crate::device::{Facts, Grid, Launch, Span};
use crate::error::{KernelError, require};
use crate::fit::Fit;
use crate::kernel::{Expected, Kernel, Operand, Rows, Work};
use crate::values::{Element, Fill};

/// A camera's picture over the cells of a model's.
#[derive(Clone, Debug, PartialEq)]
pub struct Dye {
    pub camera: (usize, usize),
    /// Of the model's picture, multiples of 4.
    pub model: (usize, usize),
    /// For checks: whether there is a mantle.
    pub(super) mantle: bool,
}

#[derive(Clone, Copy, Debug)]
pub struct DyeBuffers {
    /// RGB.
    pub camera: Span<u8>,
    /// What [`super::Measure`] leaves: what is remembered, and how the costume sits.
    pub state: Span<f32>,
    pub fitting: Span<f32>,
    /// [`Costume`]
    pub costume: Span<f32>,
    /// [`TILES_LEN`]
    pub tiles: Span<f16>,
    pub column_low: Span<i32>,
    pub column_weight: Span<f32>,
    pub row_low: Span<i32>,
    pub row_weight: Span<f32>,
    /// RGB and a byte of 255; written where there is a costume.
    pub out: Span<u8>,
}

#[derive(Clone, Copy, Pod, Zeroable)]
#[repr(C)]
struct Params {
    camera: u64,
    state: u64,
    fitting: u64,
    costume: u64,
    tiles: u64,
    column_low: u64,
    column_weight: u64,
    row_low: u64,
    row_weight: u64,
    out: u64,
    width: i32,
    height: i32,
    across: i32,
    down: i32,
}
const _: () = assert!(size_of::<Params>() == 96);

impl Dye {
    #[must_use]
    pub fn new(camera: (usize, usize), model: (usize, usize)) -> Self {
        Self { camera, model, mantle: true }
    }

    fn area(&self) -> usize {
        self.camera.0 * self.camera.1
    }

    /// Columns and rows of cells.
    pub(super) fn grid(&self) -> (usize, usize) {
        (self.model.0 / 4, self.model.1 / 4)
    }

    /// Where the camera's columns and rows lie among the cells.
    #[must_use]
    pub fn axes(&self) -> (Axis, Axis) {
        let Fit { scale, left, top } = Fit::new(self.camera, self.model);
        let (across, down) = self.grid();
        let axis = |camera, cells, offset: f32| Axis::new(camera, cells, scale / 4.0, offset / 4.0);
        (axis(self.camera.0, across, left), axis(self.camera.1, down, top))
    }
}

impl Kernel for Dye {
    type Buffers = DyeBuffers;
    const NAME: &'static str = "costume_dye";
    const FATBIN: &'static str = "costume";
    const FUNCTIONS: &'static [&'static str] = &["costume_dye"];

    fn describe(&self) -> String {
        let worn = if self.mantle { "cloth and mantle" } else { "cloth" };
        let ((width, height), (across, down)) = (self.camera, self.grid());
        format!("{width}x{height} over {across}x{down} {worn}")
    }

    fn launches(&self, buffers: &DyeBuffers, _: &Facts) -> Result<Vec<Launch>, KernelError> {
        let (across, down) = self.grid();
        for size in [self.camera.0, self.camera.1, across, down] {
            require((1..=16384).contains(&size), Self::NAME, "size", "1 to 16384", size)?;
        }
        let (name, area) = (Self::NAME, self.area());
        let params = Params {
            camera: buffers.camera.demand(name, "camera", 3 * area)?,
            state: buffers.state.demand(name, "state", state_len(across * down))?,
            fitting: buffers.fitting.demand(name, "fitting", FITTING_LEN)?,
            costume: buffers.costume.demand(name, "costume", Costume::LEN)?,
            tiles: buffers.tiles.demand(name, "tiles", TILES_LEN)?,
            column_low: buffers.column_low.demand(name, "column_low", self.camera.0)?,
            column_weight: buffers.column_weight.demand(name, "column_weight", self.camera.0)?,
            row_low: buffers.row_low.demand(name, "row_low", self.camera.1)?,
            row_weight: buffers.row_weight.demand(name, "row_weight", self.camera.1)?,
            out: buffers.out.demand(name, "out", 4 * area)?,
            width: self.camera.0 as i32,
            height: self.camera.1 as i32,
            across: across as i32,
            down: down as i32,
        };
        let devices = [
            buffers.camera.device(),
            buffers.state.device(),
            buffers.fitting.device(),
            buffers.costume.device(),
            buffers.tiles.device(),
            buffers.column_low.device(),
            buffers.column_weight.device(),
            buffers.row_low.device(),
            buffers.row_weight.device(),
            buffers.out.device(),
        ];
        let blocks = [self.camera.0.div_ceil(32), self.camera.1.div_ceil(8), 1];
        let grid = Grid { blocks, threads: 256, shared_bytes: 0 };
        Ok(vec![Launch::new::<Self, _>("costume_dye", grid, &params, &devices)?])
    }

    fn operands(&self) -> Vec<Operand> {
        let (across, down) = self.grid();
        let (columns, rows) = self.axes();
        let case = cases::Dyed::new(self);
        let (f32, i32) = (Element::F32, Element::I32);
        vec![
            Operand::exact("camera", Element::U8, case.camera),
            Operand::input("state", f32, state_len(across * down), Fill::Uniform { low: 0.0, high: 0.6 }),
            Operand::exact("fitting", f32, bytemuck::cast_slice(&case.fitting).to_vec()),
            Operand::exact("costume", f32, case.costume.bytes().to_vec()),
            Operand::input("tiles", Element::F16, TILES_LEN, Fill::Uniform { low: 0.0, high: 1.0 }),
            Operand::exact("column_low", i32, bytemuck::cast_slice(&columns.low).to_vec()),
            Operand::exact("column_weight", f32, bytemuck::cast_slice(&columns.weight).to_vec()),
            Operand::exact("row_low", i32, bytemuck::cast_slice(&rows.low).to_vec()),
            Operand::exact("row_weight", f32, bytemuck::cast_slice(&rows.weight).to_vec()),
            Operand::output("out", Element::U8, 4 * self.area()),
        ]
    }

    fn buffers(&self, spans: &[Span<u8>]) -> Result<DyeBuffers, KernelError> {
        let Ok([camera, state, fitting, costume, tiles, column_low, column_weight, row_low, row_weight, out]) =
            <[Span<u8>; 10]>::try_from(spans)
        else {
            return Err(KernelError::shape(Self::NAME, "buffers", 10, spans.len()));
        };
        Ok(DyeBuffers {
            camera,
            state: state.cast()?,
            fitting: fitting.cast()?,
            costume: costume.cast()?,
            tiles: tiles.cast()?,
            column_low: column_low.cast()?,
            column_weight: column_weight.cast()?,
            row_low: row_low.cast()?,
            row_weight: row_weight.cast()?,
            out,
        })
    }

    fn twin(&self, inputs: &[Vec<f64>], rows: Rows) -> Vec<Vec<Expected>> {
        vec![twin::dye(self, inputs, rows)]
    }

    fn control(&self) -> (usize, usize) {
        (0, 3 * (self.camera.1 / 2 * self.camera.0 + self.camera.0 / 2)) // a pixel in the middle
    }

    fn work(&self) -> Work {
        let area = self.area() as u64;
        Work { bytes: area * (3 + 4), flops: area * 200 }
    }

    fn parity() -> Vec<Self> {
        let dye = |camera, model, mantle| Self { camera, model, mantle };
        vec![dye((60, 45), (64, 48), true), dye((37, 29), (64, 48), false), dye((96, 72), (32, 24), true)]
    }

    fn bench() -> Vec<Self> {
        vec![Self::new((640, 480), (256, 192)), Self::new((1280, 720), (256, 192))]
    }
}
