//! Named points out of heat maps, and the features that the pose is told from: the heads of the sense network.
//!
//! ```text
//! p[k]     = softmax over cells of heat[:, k];  its peak is the first of the highest cells
//! pooled   = [sum p[0] fine,  sum p[0] coarse (each cell of it under four),  mean whole]          (Pool)
//! n[k]     = p[k] within 3 cells of the peak in both directions, divided by its sum
//! x        = sum n ((column + 1/2) / width + heat_dx / 10),    y likewise
//! presence = presence[k] + sum n heat_seen
//! spread   = sqrt( sum n ((column centre - x)^2 + (row centre - y)^2) + 1e-8 )                    (Place)
//! ```
//!
//! Two kernels, because the pose network stands between them: `presence` comes out of it. A third takes what was seen in a
//! picture and in its mirror image together ([`Join`]). A block takes 8 channels, or
//! a point; f16 in, f32 sums and points, pooled features in f16.

mod join;
mod twin;

use bytemuck::{Pod, Zeroable};
use half::f16;

use crate::device::{DeviceId, Facts, Grid, Launch, Span};
use crate::error::{KernelError, require};
use crate::kernel::{Expected, Kernel, Operand, Rows, Work};
use crate::values::{Element, Fill};

pub use self::join::{Join, JoinBuffers, Seen};

const THREADS: usize = 256;

/// Sizes of the sense network's last tensors. Channels are multiples of 8.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sizes {
    /// Of the heat maps; even.
    pub width: usize,
    pub height: usize,
    pub points: usize,
    /// Features of the heat maps' size, of half of it, and the coarsest with its number of cells.
    pub fine: usize,
    pub coarse: usize,
    pub whole: usize,
    pub whole_cells: usize,
}

/// Features at point 0, around it, and of the whole picture.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pool(pub Sizes);

/// Where the points are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place(pub Sizes);

#[derive(Clone, Copy, Debug)]
pub struct PoolBuffers {
    /// (height, width, 4 points, padded to 8)
    pub heat: Span<f16>,
    pub fine: Span<f16>,
    pub coarse: Span<f16>,
    pub whole: Span<f16>,
    pub pooled: Span<f16>,
}

#[derive(Clone, Copy, Debug)]
pub struct PlaceBuffers {
    pub heat: Span<f16>,
    /// (points), at an address of any alignment: it may be a part of the pose network's output.
    pub presence: Span<f16>,
    /// (points, 4)
    pub out: Span<f32>,
}

#[derive(Clone, Copy, Pod, Zeroable)]
#[repr(C)]
struct Params {
    heat: u64,
    fine: u64,
    coarse: u64,
    whole: u64,
    pooled: u64,
    presence: u64,
    out: u64,
    width: i32,
    height: i32,
    points: i32,
    heat_stride: i32,
    fine_channels: i32,
    coarse_channels: i32,
    whole_channels: i32,
    whole_cells: i32,
    unused: [i32; 2],
}
const _: () = assert!(size_of::<Params>() == 96);

impl Sizes {
    /// Those of the house model.
    #[must_use]
    pub fn house() -> Self {
        Self { width: 32, height: 24, points: 10, fine: 80, coarse: 144, whole: 208, whole_cells: 48 }
    }

    /// The same channels at another size of the heat maps.
    #[must_use]
    pub fn at(width: usize, height: usize) -> Self {
        Self { width, height, whole_cells: width * height / 16, ..Self::house() }
    }

    fn cells(&self) -> usize {
        self.width * self.height
    }
    fn heat_stride(&self) -> usize {
        (4 * self.points).next_multiple_of(8)
    }
    fn heat_len(&self) -> usize {
        self.cells() * self.heat_stride()
    }
    fn pooled_len(&self) -> usize {
        self.fine + self.coarse + self.whole
    }
    fn shared_bytes(&self) -> usize {
        4 * (THREADS / 32 + self.cells())
    }

    fn check(&self, kernel: &'static str) -> Result<(), KernelError> {
        let even = self.width.is_multiple_of(2) && self.height.is_multiple_of(2) && self.cells() > 0;
        require(even && self.cells() <= 8192, kernel, "heat map", "even, at most 8192 cells", self.cells())?;
        require((1..=64).contains(&self.points), kernel, "points", "1 to 64", self.points)?;
        for channels in [self.fine, self.coarse, self.whole] {
            let fits = channels > 0 && channels.is_multiple_of(8) && channels <= 8192;
            require(fits, kernel, "channels", "a multiple of 8, at most 8192", channels)?;
        }
        require((1..=1 << 16).contains(&self.whole_cells), kernel, "cells", "1 to 65536", self.whole_cells)
    }

    fn params(&self, heat: u64) -> Params {
        Params {
            heat,
            width: self.width as i32,
            height: self.height as i32,
            points: self.points as i32,
            heat_stride: self.heat_stride() as i32,
            fine_channels: self.fine as i32,
            coarse_channels: self.coarse as i32,
            whole_channels: self.whole as i32,
            whole_cells: self.whole_cells as i32,
            ..Params::zeroed()
        }
    }

    fn launch<K: Kernel>(
        &self,
        blocks: usize,
        params: &Params,
        devices: &[DeviceId],
    ) -> Result<Vec<Launch>, KernelError> {
        let grid = Grid { blocks: [blocks, 1, 1], threads: THREADS as u32, shared_bytes: self.shared_bytes() };
        Ok(vec![Launch::new::<K, _>(K::FUNCTIONS[0], grid, params, devices)?])
    }

    fn heat(&self) -> Operand {
        Operand::input("heat", Element::F16, self.heat_len(), Fill::Normal { mean: 0.0, deviation: 2.0 })
    }

    fn parity() -> Vec<Self> {
        let tiny = Self { width: 2, height: 2, points: 1, fine: 8, coarse: 8, whole: 8, whole_cells: 1 };
        let odd = Self { width: 10, height: 14, points: 3, fine: 24, coarse: 8, whole: 40, whole_cells: 5 };
        vec![tiny, odd, Self::house()]
    }
}

impl Kernel for Pool {
    type Buffers = PoolBuffers;
    const NAME: &'static str = "points_pool";
    const FATBIN: &'static str = "points";
    const FUNCTIONS: &'static [&'static str] = &["points_pool"];

    fn describe(&self) -> String {
        let Sizes { width, height, fine, coarse, whole, .. } = self.0;
        format!("{width}x{height}, {fine}+{coarse}+{whole} channels")
    }

    fn launches(&self, buffers: &PoolBuffers, _: &Facts) -> Result<Vec<Launch>, KernelError> {
        let (sizes, name) = (&self.0, Self::NAME);
        sizes.check(name)?;
        let params = Params {
            fine: buffers.fine.demand(name, "fine", sizes.cells() * sizes.fine)?,
            coarse: buffers.coarse.demand(name, "coarse", sizes.cells() / 4 * sizes.coarse)?,
            whole: buffers.whole.demand(name, "whole", sizes.whole_cells * sizes.whole)?,
            pooled: buffers.pooled.demand(name, "pooled", sizes.pooled_len())?,
            ..sizes.params(buffers.heat.demand(name, "heat", sizes.heat_len())?)
        };
        let devices = [buffers.heat, buffers.fine, buffers.coarse, buffers.whole, buffers.pooled].map(|s| s.device());
        sizes.launch::<Self>(sizes.pooled_len() / 8, &params, &devices)
    }

    fn operands(&self) -> Vec<Operand> {
        let sizes = &self.0;
        let normal = || Fill::Normal { mean: 0.5, deviation: 1.0 };
        vec![
            sizes.heat(),
            Operand::input("fine", Element::F16, sizes.cells() * sizes.fine, normal()),
            Operand::input("coarse", Element::F16, sizes.cells() / 4 * sizes.coarse, normal()),
            Operand::input("whole", Element::F16, sizes.whole_cells * sizes.whole, normal()),
            Operand::output("pooled", Element::F16, sizes.pooled_len()),
        ]
    }

    fn buffers(&self, spans: &[Span<u8>]) -> Result<PoolBuffers, KernelError> {
        let [heat, fine, coarse, whole, pooled] = spans else {
            return Err(KernelError::shape(Self::NAME, "buffers", 5, spans.len()));
        };
        let (heat, fine, coarse) = (heat.cast()?, fine.cast()?, coarse.cast()?);
        Ok(PoolBuffers { heat, fine, coarse, whole: whole.cast()?, pooled: pooled.cast()? })
    }

    fn twin(&self, inputs: &[Vec<f64>], _: Rows) -> Vec<Vec<Expected>> {
        vec![twin::pool(&self.0, inputs)]
    }

    fn control(&self) -> (usize, usize) {
        (3, 0)
    }

    fn work(&self) -> Work {
        let sizes = &self.0;
        let values = sizes.cells() * sizes.fine + sizes.cells() / 4 * sizes.coarse + sizes.whole_cells * sizes.whole;
        let flops = 2 * (sizes.cells() * (sizes.fine + sizes.coarse) + sizes.whole_cells * sizes.whole);
        Work { bytes: 2 * (values + sizes.cells()) as u64, flops: flops as u64 }
    }

    fn parity() -> Vec<Self> {
        Sizes::parity().into_iter().map(Self).collect()
    }

    fn bench() -> Vec<Self> {
        vec![Self(Sizes::house())]
    }
}

impl Kernel for Place {
    type Buffers = PlaceBuffers;
    const NAME: &'static str = "points_place";
    const FATBIN: &'static str = "points";
    const FUNCTIONS: &'static [&'static str] = &["points_place"];

    fn describe(&self) -> String {
        format!("{} points of {}x{}", self.0.points, self.0.width, self.0.height)
    }

    fn launches(&self, buffers: &PlaceBuffers, _: &Facts) -> Result<Vec<Launch>, KernelError> {
        let (sizes, name) = (&self.0, Self::NAME);
        sizes.check(name)?;
        let enough = buffers.presence.len() >= sizes.points;
        require(enough, name, "presence", format!("at least {} values", sizes.points), buffers.presence.len())?;
        let params = Params {
            presence: buffers.presence.address(),
            out: buffers.out.demand(name, "out", 4 * sizes.points)?,
            ..sizes.params(buffers.heat.demand(name, "heat", sizes.heat_len())?)
        };
        let devices = [buffers.heat.device(), buffers.presence.device(), buffers.out.device()];
        sizes.launch::<Self>(sizes.points, &params, &devices)
    }

    fn operands(&self) -> Vec<Operand> {
        let normal = Fill::Normal { mean: 0.0, deviation: 1.0 };
        vec![
            self.0.heat(),
            Operand::input("presence", Element::F16, self.0.points, normal),
            Operand::output("out", Element::F32, 4 * self.0.points),
        ]
    }

    fn buffers(&self, spans: &[Span<u8>]) -> Result<PlaceBuffers, KernelError> {
        let [heat, presence, out] = spans else {
            return Err(KernelError::shape(Self::NAME, "buffers", 3, spans.len()));
        };
        Ok(PlaceBuffers { heat: heat.cast()?, presence: presence.cast()?, out: out.cast()? })
    }

    fn twin(&self, inputs: &[Vec<f64>], _: Rows) -> Vec<Vec<Expected>> {
        vec![twin::place(&self.0, inputs)]
    }

    fn control(&self) -> (usize, usize) {
        (1, 0)
    }

    fn work(&self) -> Work {
        let cells = self.0.cells() as u64;
        Work { bytes: 2 * cells * self.0.heat_stride() as u64, flops: 10 * cells * self.0.points as u64 }
    }

    fn parity() -> Vec<Self> {
        Sizes::parity().into_iter().map(Self).collect()
    }

    fn bench() -> Vec<Self> {
        vec![Self(Sizes::house())]
    }
}
