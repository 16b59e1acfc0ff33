//! From the house painter's raw output to the maps that [`crate::composite`] enlarges, in three launches.
//!
//! ```text
//! raw[y / 2, x / 2, 4 plane + 2 (y % 2) + x % 2] is plane `plane` at (y, x):  pixel_shuffle
//! matte = max(sigmoid(r0), clamp((sure - 0.75) / 0.2, 0, 1))                residual = tanh(r2..5) / 4 * gate
//! visible = 1 - (1 - sigmoid(r1 + 2)) hiding[y / 4, x / 4] reach (1 - in a cover)
//! light = 2^tanh(r5..8)  gain = 2^(1.5 tanh(r8..11))     lift = tanh(r11..14) / 4
//! reach = 1 where something is worn on head or shoulders, else in a grip
//! in a circle: clamp(radius + 1 - distance, 0, 1), of several the most      sure: bilinear between cells
//! gate  = 1 where a world is on, else the greatest alpha of the sketch within 4 pixels
//!
//! guided matte (He and Sun, 2015): in the window of 7x7 around each pixel, with I the camera's brightness,
//! a = mean((I - mean I) (matte - mean matte)) / (mean((I - mean I)^2) + 4e-4),   b = mean matte - a mean I
//! maps = [mean a, mean b, visible, light 3, residual 3, gain 3, lift 3, 0]       means over 7x7, less at the border
//! ```
//!
//! Where the camera's picture is of another shape than the model's, I and matte beside it are those of its border, so that
//! the bars do not leak into it.
//!
//! `cells` say of every 4x4 pixels how surely they are body and how much there may hide what is worn; [`Limits`] hold
//! the circles. These are the formulas of the CPU renderer (`decode`, `Silhouette::support`, `hiding::limit`,
//! `Matte::fit`, `Composer::pack`); a covariance is computed
//! from differences here, from products there, which is the same number with fewer digits lost.

mod twin;

use bytemuck::{Pod, Zeroable};
use half::f16;

use crate::composite::MAPS;
use crate::device::{Facts, Grid, Launch, Span};
use crate::error::{KernelError, require};
use crate::kernel::{Expected, Kernel, Operand, Rows, Work};
use crate::values::{Element, Fill};

/// Planes of the painter's output.
pub const PLANES: usize = 14;

/// The most circles that count.
pub const MOST_CIRCLES: usize = 64;

/// Where worn things can be hidden, as it lies in device memory: whether something is worn on head or shoulders, how
/// many grips and covers there are, whether something is worn on the shoulders, and the circles (x and y of the centre,
/// radius, unused), grips first.
#[derive(Clone, Copy, Debug, Pod, Zeroable, PartialEq)]
#[repr(C)]
pub struct Limits {
    dressed: f32,
    grips: f32,
    covers: f32,
    shoulders: f32,
    circles: [[f32; 4]; MOST_CIRCLES],
}

impl Limits {
    /// `dressed`: whether something is worn on head or shoulders. Circles are centre and radius in pixels of the map; those beyond [`MOST_CIRCLES`] are left out.
    #[must_use]
    pub fn new(
        dressed: bool,
        shoulders: bool,
        grips: impl Iterator<Item = ([f32; 2], f32)>,
        covers: impl Iterator<Item = ([f32; 2], f32)>,
    ) -> Self {
        let mut limits = Self { dressed: f32::from(u8::from(dressed)), ..Self::zeroed() };
        limits.shoulders = f32::from(u8::from(shoulders));
        let mut count = 0;
        let mut put = |(centre, radius): ([f32; 2], f32)| -> f32 {
            let Some(circle) = limits.circles.get_mut(count) else { return 0.0 };
            *circle = [centre[0], centre[1], radius, 0.0];
            count += 1;
            1.0
        };
        let grips = grips.map(&mut put).sum();
        let covers = covers.map(&mut put).sum();
        (limits.grips, limits.covers) = (grips, covers);
        limits
    }

    /// As it lies in device memory.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        bytemuck::bytes_of(self)
    }

    /// Values of f32 that it takes.
    pub const LEN: usize = size_of::<Self>() / 4;
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Maps {
    /// Of the model's picture; even.
    pub width: usize,
    pub height: usize,
    /// Values of a pixel of `inputs`; the first three are the camera's.
    pub in_stride: usize,
    /// Which of them is the sketch's alpha.
    pub alpha: usize,
    /// The first and the last column and row that hold some of the camera's picture.
    pub columns: (usize, usize),
    pub rows: (usize, usize),
    /// For checks: whether a world is on.
    pub world_on: bool,
    /// For checks: whether something is worn on head or shoulders.
    pub dressed: bool,
}

#[derive(Clone, Copy, Debug)]
pub struct MapsBuffers {
    /// (height / 2, width / 2, 56)
    pub raw: Span<f16>,
    pub inputs: Span<f16>,
    /// One number, 0 or 1.
    pub world_on: Span<i32>,
    /// (height / 4, width / 4, 2), rounded up.
    pub cells: Span<f32>,
    /// [`Limits`]
    pub limits: Span<f32>,
    /// (height, width, 16)
    pub maps: Span<f32>,
    /// Scratch, (height, width, 2).
    pub lines: Span<f32>,
}

#[derive(Clone, Copy, Pod, Zeroable)]
#[repr(C)]
struct Params {
    raw: u64,
    inputs: u64,
    world_on: u64,
    cells: u64,
    limits: u64,
    lines: u64,
    maps: u64,
    width: i32,
    height: i32,
    in_stride: i32,
    alpha: i32,
    left: i32,
    right: i32,
    top: i32,
    bottom: i32,
}
const _: () = assert!(size_of::<Params>() == 88);

impl Maps {
    /// For checks: of a camera's picture that fills the model's; dressed on the head or shoulders if a world is on.
    #[must_use]
    pub fn of_filled(width: usize, height: usize, in_stride: usize, alpha: usize, world_on: bool) -> Self {
        let (columns, rows) = ((0, width - 1), (0, height - 1));
        Self { width, height, in_stride, alpha, columns, rows, world_on, dressed: world_on }
    }

    fn area(&self) -> usize {
        self.width * self.height
    }

    fn cells(&self) -> usize {
        self.width.div_ceil(4) * self.height.div_ceil(4)
    }

    /// Circles for checks, in a part of the picture.
    fn limits(&self) -> Limits {
        let at = |x: f32, y: f32, radius: f32| {
            let (width, height) = (self.width as f32, self.height as f32);
            ([x * width, y * height], radius * width)
        };
        let grips = [at(0.3, 0.4, 0.2), at(0.8, 0.6, 0.25)];
        Limits::new(self.dressed, self.dressed, grips.into_iter(), std::iter::once(at(0.55, 0.5, 0.2)))
    }
}

impl Kernel for Maps {
    type Buffers = MapsBuffers;
    const NAME: &'static str = "maps";
    const FUNCTIONS: &'static [&'static str] = &["maps_decode", "maps_fit", "maps_smooth"];

    fn describe(&self) -> String {
        let (bars, all) = ((self.columns, self.rows), ((0, self.width - 1), (0, self.height - 1)));
        let world = if self.world_on { " world" } else { "" };
        format!("{}x{}{world}{}", self.width, self.height, if bars == all { "" } else { " with bars" })
    }

    fn launches(&self, buffers: &MapsBuffers, _: &Facts) -> Result<Vec<Launch>, KernelError> {
        for size in [self.width, self.height] {
            let fits = size.is_multiple_of(2) && (2..=8192).contains(&size);
            require(fits, Self::NAME, "size", "even, 2 to 8192", size)?;
        }
        require(self.alpha < self.in_stride, Self::NAME, "alpha", "below the stride", self.alpha)?;
        require((3..=256).contains(&self.in_stride), Self::NAME, "stride", "3 to 256", self.in_stride)?;
        for ((first, last), size) in [(self.columns, self.width), (self.rows, self.height)] {
            require(first <= last && last < size, Self::NAME, "picture", "within the model's", format!("{self:?}"))?;
        }
        let params = Params {
            raw: buffers.raw.demand(Self::NAME, "raw", self.area() * PLANES)?,
            inputs: buffers.inputs.demand(Self::NAME, "inputs", self.area() * self.in_stride)?,
            world_on: buffers.world_on.demand(Self::NAME, "world_on", 1)?,
            cells: buffers.cells.demand(Self::NAME, "cells", self.cells() * 2)?,
            limits: buffers.limits.demand(Self::NAME, "limits", Limits::LEN)?,
            lines: buffers.lines.demand(Self::NAME, "lines", self.area() * 2)?,
            maps: buffers.maps.demand(Self::NAME, "maps", self.area() * MAPS)?,
            width: self.width as i32,
            height: self.height as i32,
            in_stride: self.in_stride as i32,
            alpha: self.alpha as i32,
            left: self.columns.0 as i32,
            right: self.columns.1 as i32,
            top: self.rows.0 as i32,
            bottom: self.rows.1 as i32,
        };
        let blocks = [self.width.div_ceil(32), self.height.div_ceil(8), 1];
        let grid = Grid { blocks, threads: 256, shared_bytes: 0 };
        let devices = [
            buffers.raw.device(),
            buffers.inputs.device(),
            buffers.world_on.device(),
            buffers.cells.device(),
            buffers.limits.device(),
            buffers.lines.device(),
            buffers.maps.device(),
        ];
        Self::FUNCTIONS.iter().map(|function| Launch::new::<Self, _>(function, grid, &params, &devices)).collect()
    }

    fn launch_count(&self) -> usize {
        Self::FUNCTIONS.len()
    }

    fn operands(&self) -> Vec<Operand> {
        let world_on = Element::I32.encode_all([f64::from(u8::from(self.world_on))]);
        vec![
            Operand::input("raw", Element::F16, self.area() * PLANES, Fill::Normal { mean: 0.0, deviation: 2.0 }),
            Operand::input("inputs", Element::F16, self.area() * self.in_stride, Fill::Uniform { low: 0.0, high: 1.0 }),
            Operand::exact("world_on", Element::I32, world_on),
            Operand::input("cells", Element::F32, self.cells() * 2, Fill::Uniform { low: 0.0, high: 1.0 }),
            Operand::exact("limits", Element::F32, bytemuck::bytes_of(&self.limits()).to_vec()),
            Operand::output("maps", Element::F32, self.area() * MAPS),
            Operand::scratch("lines", Element::F32, self.area() * 2),
        ]
    }

    fn buffers(&self, spans: &[Span<u8>]) -> Result<MapsBuffers, KernelError> {
        let [raw, inputs, world_on, cells, limits, maps, lines] = spans else {
            return Err(KernelError::shape(Self::NAME, "buffers", 7, spans.len()));
        };
        let (raw, inputs, world_on, cells) = (raw.cast()?, inputs.cast()?, world_on.cast()?, cells.cast()?);
        let (limits, maps, lines) = (limits.cast()?, maps.cast()?, lines.cast()?);
        Ok(MapsBuffers { raw, inputs, world_on, cells, limits, maps, lines })
    }

    fn twin(&self, inputs: &[Vec<f64>], rows: Rows) -> Vec<Vec<Expected>> {
        vec![twin::maps(self, inputs, rows)]
    }

    fn control(&self) -> (usize, usize) {
        // A light: what the floor covers, or what nothing can hide, is not seen in matte and visibility.
        (0, 5 * 4)
    }

    fn work(&self) -> Work {
        let area = self.area() as u64;
        Work { bytes: area * (2 * 14 + 2 * 4 + 4 * 16 + 4 * 4), flops: area * (49 * 10 + 120) }
    }

    fn parity() -> Vec<Self> {
        let barred = Self { rows: (3, 14), ..Self::of_filled(34, 18, 16, 6, false) };
        vec![
            Self::of_filled(2, 2, 4, 3, true),
            barred,
            Self { columns: (11, 53), ..Self::of_filled(66, 10, 16, 6, true) },
        ]
    }

    fn bench() -> Vec<Self> {
        [false, true].map(|world_on| Self::of_filled(256, 192, 16, 14, world_on)).into()
    }
}
