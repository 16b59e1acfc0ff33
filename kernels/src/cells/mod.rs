//! What the body's parts say of every cell: how surely it is body, and how much may hide there what is worn.
//!
//! ```text
//! seen   = 1 - parts[0]
//! body   = seen < 0.15 ? seen : max(seen, 0.9 body of the frame before)              written to `after`
//! closed = erode2(dilate2(body))                             doubtful clefts are closed
//! sure   = erode1(max(min(closed, 2 body), body))            what is surely not body stays a gap
//! hides  = hands (5, 7) + arms (4, 6) if something is worn on head or shoulders + head (1, 2) if on shoulders
//! hiding = dilate1(min(hides / 0.35, 1))                     dilate, erode: extreme of the square of that radius
//! out    = [sure, hiding]
//! ```
//!
//! The formulas of the CPU renderer (`Silhouette::follow`, `hiding::cells`); [`crate::maps`] takes the result.

use bytemuck::{Pod, Zeroable};
use half::f16;

use crate::device::{Facts, Grid, Launch, Span};
use crate::error::{KernelError, require};
use crate::kernel::{Expected, F32_ROUNDING, Kernel, Operand, Rows, Work};
use crate::maps::Limits;
use crate::values::{Element, Fill, Random};

/// Values of a cell of `parts`, padding included.
const STRIDE: usize = 16;
const THREADS: u32 = 256;
/// The most cells: three planes of them fit shared memory.
pub const MOST: usize = 4096;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cells {
    pub width: usize,
    pub height: usize,
    /// For checks: whether something is worn on the shoulders, and on the head or there.
    pub shoulders: bool,
    pub dressed: bool,
}

#[derive(Clone, Copy, Debug)]
pub struct CellsBuffers {
    /// (height, width, 16), probabilities.
    pub parts: Span<f16>,
    /// [`Limits`]
    pub limits: Span<f32>,
    /// (height, width): what was body in the frame before; zeros to forget it.
    pub before: Span<f32>,
    /// The same of this frame; may be `before`.
    pub after: Span<f32>,
    /// (height, width, 2)
    pub out: Span<f32>,
}

#[derive(Clone, Copy, Pod, Zeroable)]
#[repr(C)]
struct Params {
    parts: u64,
    limits: u64,
    before: u64,
    after: u64,
    out: u64,
    width: i32,
    height: i32,
}
const _: () = assert!(size_of::<Params>() == 48);

impl Cells {
    fn count(&self) -> usize {
        self.width * self.height
    }

    /// The extreme of the square of `radius` around each cell.
    fn extreme(&self, plane: &[f64], radius: usize, pick: fn(f64, f64) -> f64) -> Vec<f64> {
        let around = |at: usize, size: usize| at.saturating_sub(radius)..=(at + radius).min(size - 1);
        let cell = |i: usize| {
            let (x, y) = (i % self.width, i / self.width);
            let near = around(y, self.height).flat_map(|v| around(x, self.width).map(move |u| v * self.width + u));
            near.map(|j| plane[j]).fold(plane[i], pick)
        };
        (0..self.count()).map(cell).collect()
    }
}

impl Kernel for Cells {
    type Buffers = CellsBuffers;
    const NAME: &'static str = "cells";
    const FUNCTIONS: &'static [&'static str] = &["cells_follow"];

    fn describe(&self) -> String {
        let worn = [(self.dressed, " dressed"), (self.shoulders, " shoulders")];
        let worn: String = worn.iter().filter(|(on, _)| *on).map(|(_, text)| *text).collect();
        format!("{}x{}{worn}", self.width, self.height)
    }

    fn launches(&self, buffers: &CellsBuffers, _: &Facts) -> Result<Vec<Launch>, KernelError> {
        let fits = self.width > 0 && (1..=MOST).contains(&self.count());
        require(fits, Self::NAME, "cells", "1 to 4096", self.count())?;
        let params = Params {
            parts: buffers.parts.demand(Self::NAME, "parts", self.count() * STRIDE)?,
            limits: buffers.limits.demand(Self::NAME, "limits", Limits::LEN)?,
            before: buffers.before.demand(Self::NAME, "before", self.count())?,
            after: buffers.after.demand(Self::NAME, "after", self.count())?,
            out: buffers.out.demand(Self::NAME, "out", self.count() * 2)?,
            width: self.width as i32,
            height: self.height as i32,
        };
        let grid = Grid { blocks: [1, 1, 1], threads: THREADS, shared_bytes: 12 * self.count() };
        let devices = [
            buffers.parts.device(),
            buffers.limits.device(),
            buffers.before.device(),
            buffers.after.device(),
            buffers.out.device(),
        ];
        Ok(vec![Launch::new::<Self, _>("cells_follow", grid, &params, &devices)?])
    }

    fn operands(&self) -> Vec<Operand> {
        let limits = Limits::new(self.dressed, self.shoulders, std::iter::empty(), std::iter::empty());
        // The background certain, unsure and absent; little of all others, so that hiding is not certain everywhere.
        let mut random = Random::new(self.count() as u64);
        let part = |i: usize| random.uniform() * if i.is_multiple_of(STRIDE) { 1.0 } else { 0.1 };
        let parts = Element::F16.encode_all((0..self.count() * STRIDE).map(part).collect::<Vec<_>>());
        vec![
            Operand::exact("parts", Element::F16, parts),
            Operand::exact("limits", Element::F32, limits.bytes().to_vec()),
            Operand::input("before", Element::F32, self.count(), Fill::Uniform { low: 0.0, high: 1.0 }),
            Operand::output("after", Element::F32, self.count()),
            Operand::output("out", Element::F32, self.count() * 2),
        ]
    }

    fn buffers(&self, spans: &[Span<u8>]) -> Result<CellsBuffers, KernelError> {
        let [parts, limits, before, after, out] = spans else {
            return Err(KernelError::shape(Self::NAME, "buffers", 5, spans.len()));
        };
        let (parts, limits, before) = (parts.cast()?, limits.cast()?, before.cast()?);
        Ok(CellsBuffers { parts, limits, before, after: after.cast()?, out: out.cast()? })
    }

    fn twin(&self, inputs: &[Vec<f64>], _: Rows) -> Vec<Vec<Expected>> {
        let (parts, limits, before) = (&inputs[0], &inputs[1], &inputs[2]);
        let (arms, head) = (limits[0] != 0.0, limits[3] != 0.0);
        let part = |i: usize, k: usize| parts[i * STRIDE + k];
        let body = |i: usize| {
            let seen = 1.0 - part(i, 0);
            if seen < f64::from(0.15_f32) { seen } else { seen.max(f64::from(0.9_f32) * before[i]) }
        };
        let hides = |i: usize| {
            let of = |parts: [usize; 2], on: bool| if on { part(i, parts[0]) + part(i, parts[1]) } else { 0.0 };
            ((of([5, 7], true) + of([4, 6], arms) + of([1, 2], head)) / f64::from(0.35_f32)).min(1.0)
        };
        let body: Vec<f64> = (0..self.count()).map(body).collect();
        let closed = self.extreme(&self.extreme(&body, 2, f64::max), 2, f64::min);
        let gaps: Vec<f64> = closed.iter().zip(&body).map(|(&c, &b)| c.min(2.0 * b).max(b)).collect();
        let sure = self.extreme(&gaps, 1, f64::min);
        let hiding = self.extreme(&(0..self.count()).map(hides).collect::<Vec<_>>(), 1, f64::max);
        // Values of order one through a few operations.
        let near = |value: f64| Expected { value, tolerance: 16.0 * F32_ROUNDING };
        let out = sure.iter().zip(&hiding).flat_map(|(&sure, &hiding)| [near(sure), near(hiding)]);
        vec![body.iter().map(|&value| near(value)).collect(), out.collect()]
    }

    fn work(&self) -> Work {
        let count = self.count() as u64;
        Work { bytes: count * (2 * 9 + 4 + 4 + 8), flops: count * 60 }
    }

    fn parity() -> Vec<Self> {
        let cells = |width, height, dressed, shoulders| Self { width, height, shoulders, dressed };
        vec![
            cells(1, 1, false, false),
            cells(13, 9, true, false),
            cells(37, 21, true, true),
            cells(64, 48, false, false),
        ]
    }

    fn bench() -> Vec<Self> {
        vec![Self { width: 64, height: 48, shoulders: true, dressed: true }]
    }
}
