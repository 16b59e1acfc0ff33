//! What the machine can do at most, measured in the same run as everything else: the roof that the bench table
//! compares with.
//!
//! * [`CeilingMma`]: tensor cores without memory. `mma.sync` is what our kernels use; Hopper's and Blackwell's own
//!   instructions go higher, so this is the roof of this implementation, not of the machine.
//! * [`CeilingCopy`]: memory without arithmetic, `out[i] = x[i]`.

use bytemuck::{Pod, Zeroable};

use crate::device::{Facts, Grid, Launch, Span};
use crate::error::{KernelError, require};
use crate::kernel::{Expected, Kernel, Operand, Rows, Work};
use crate::values::{Element, Fill};

const CHAINS: usize = 8;
const VALUES: usize = 37;

/// Every warp: `rounds` times 8 products of 16x8x16 of the numbers its lanes hold; a lane's result is the sum of what
/// it has of all sums. The numbers are multiples of a half and their sums stay below 2^24, so the result is exact.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CeilingMma {
    pub blocks: usize,
    pub rounds: usize,
}

#[derive(Clone, Copy, Debug)]
pub struct CeilingBuffers {
    pub x: Span<f32>,
    pub out: Span<f32>,
}

#[derive(Clone, Copy, Pod, Zeroable)]
#[repr(C)]
struct Params {
    x: u64,
    out: u64,
    count: i32,
    rounds: i32,
}
const _: () = assert!(size_of::<Params>() == 24);

fn buffers_of(name: &'static str, spans: &[Span<u8>]) -> Result<CeilingBuffers, KernelError> {
    let [x, out] = spans else { return Err(KernelError::shape(name, "buffers", 2, spans.len())) };
    Ok(CeilingBuffers { x: x.cast()?, out: out.cast()? })
}

impl Kernel for CeilingMma {
    type Buffers = CeilingBuffers;
    const NAME: &'static str = "ceiling_mma";
    const FATBIN: &'static str = "ceiling";
    const FUNCTIONS: &'static [&'static str] = &["ceiling_mma"];

    fn describe(&self) -> String {
        format!("{} blocks, {} rounds", self.blocks, self.rounds)
    }

    fn launches(&self, buffers: &CeilingBuffers, _: &Facts) -> Result<Vec<Launch>, KernelError> {
        require((1..=1 << 16).contains(&self.rounds), Self::NAME, "rounds", "1 to 65536", self.rounds)?;
        let params = Params {
            x: buffers.x.demand(Self::NAME, "x", VALUES)?,
            out: buffers.out.demand(Self::NAME, "out", self.blocks * 256)?,
            count: VALUES as i32,
            rounds: self.rounds as i32,
        };
        let grid = Grid { blocks: [self.blocks, 1, 1], threads: 256, shared_bytes: 0 };
        Ok(vec![Launch::new::<Self, _>("ceiling_mma", grid, &params, &[buffers.x.device(), buffers.out.device()])?])
    }

    fn operands(&self) -> Vec<Operand> {
        let values = (0..VALUES).map(|i| (i * 7 % 5) as f64 * 0.5 - 1.0);
        vec![
            Operand::exact("x", Element::F32, Element::F32.encode_all(values)),
            Operand::output("out", Element::F32, self.blocks * 256),
        ]
    }

    fn buffers(&self, spans: &[Span<u8>]) -> Result<CeilingBuffers, KernelError> {
        buffers_of(Self::NAME, spans)
    }

    fn twin(&self, inputs: &[Vec<f64>], _: Rows) -> Vec<Vec<Expected>> {
        // Who holds which part of a (16, 16) and b (16, 8), as the PTX manual draws it.
        let a = |row: usize, k: usize| {
            let (lane, register) = (row % 8 * 4 + k % 8 / 2, row / 8 + k / 8 * 2);
            inputs[0][(lane + register) % VALUES]
        };
        let b = |k: usize, column: usize| inputs[0][(column * 4 + k % 8 / 2 + k / 8) % VALUES];
        let c = |row: usize, column: usize| (0..16).map(|k| a(row, k) * b(k, column)).sum::<f64>();
        let lane = |lane: usize| {
            let (row, column) = (lane / 4, lane % 4 * 2);
            let sum = c(row, column) + c(row, column + 1) + c(row + 8, column) + c(row + 8, column + 1);
            Expected::exactly(sum * (self.rounds * CHAINS) as f64)
        };
        vec![(0..self.blocks * 256).map(|thread| lane(thread % 32)).collect()]
    }

    fn work(&self) -> Work {
        let warps = self.blocks * 8;
        Work { bytes: 0, flops: 2 * (warps * self.rounds * CHAINS * 16 * 8 * 16) as u64 }
    }

    fn parity() -> Vec<Self> {
        vec![Self { blocks: 1, rounds: 3 }, Self { blocks: 2, rounds: 1 }]
    }

    fn bench() -> Vec<Self> {
        vec![Self { blocks: 1056, rounds: 4096 }]
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CeilingCopy {
    /// Of f32 values; a multiple of 4.
    pub count: usize,
}

impl Kernel for CeilingCopy {
    type Buffers = CeilingBuffers;
    const NAME: &'static str = "ceiling_copy";
    const FATBIN: &'static str = "ceiling";
    const FUNCTIONS: &'static [&'static str] = &["ceiling_copy"];

    fn describe(&self) -> String {
        format!("{} values", self.count)
    }

    fn launches(&self, buffers: &CeilingBuffers, facts: &Facts) -> Result<Vec<Launch>, KernelError> {
        let fits = self.count.is_multiple_of(4) && (4..1 << 30).contains(&self.count);
        require(fits, Self::NAME, "count", "a multiple of 4 below 2^30", self.count)?;
        let params = Params {
            x: buffers.x.demand(Self::NAME, "x", self.count)?,
            out: buffers.out.demand(Self::NAME, "out", self.count)?,
            count: self.count as i32,
            rounds: 0,
        };
        let blocks = (self.count / 4).div_ceil(256).min(facts.multiprocessors * 16);
        let grid = Grid { blocks: [blocks, 1, 1], threads: 256, shared_bytes: 0 };
        Ok(vec![Launch::new::<Self, _>("ceiling_copy", grid, &params, &[buffers.x.device(), buffers.out.device()])?])
    }

    fn operands(&self) -> Vec<Operand> {
        vec![
            Operand::input("x", Element::F32, self.count, Fill::Uniform { low: -1.0, high: 1.0 }),
            Operand::output("out", Element::F32, self.count),
        ]
    }

    fn buffers(&self, spans: &[Span<u8>]) -> Result<CeilingBuffers, KernelError> {
        buffers_of(Self::NAME, spans)
    }

    fn twin(&self, inputs: &[Vec<f64>], _: Rows) -> Vec<Vec<Expected>> {
        vec![inputs[0].iter().map(|&value| Expected::exactly(value)).collect()]
    }

    fn work(&self) -> Work {
        Work { bytes: 8 * self.count as u64, flops: 0 }
    }

    fn parity() -> Vec<Self> {
        vec![Self { count: 4 }, Self { count: 20_004 }]
    }

    fn bench() -> Vec<Self> {
        // Far more than any second-level cache holds.
        vec![Self { count: 64 << 20 }]
    }
}
