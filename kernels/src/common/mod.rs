//! What kernels share: activations, padding, the tiles of the matrix product (`tile.cuh`), and the body (`body.cuh`).

pub(crate) mod body;

/// What follows a sum. The numbers are those of `port.cuh`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(i32)]
pub enum Activation {
    None = 0,
    Relu = 1,
    /// `x / (1 + exp(-x))`
    Silu = 2,
}

impl Activation {
    #[must_use]
    pub fn of(self, x: f64) -> f64 {
        match self {
            Self::None => x,
            Self::Relu => x.max(0.0),
            Self::Silu => x / (1.0 + (-x).exp()),
        }
    }

    /// How much an error before it can be after it: the greatest slope, and what the approximated exponential adds.
    #[must_use]
    pub fn error(self, x: f64, before: f64) -> f64 {
        match self {
            Self::None | Self::Relu => before,
            // The slope of SiLU is at most 1.1; ex2.approx is right to 2^-22 of a value, here taken to 2^-20.
            Self::Silu => 1.1 * before + self.of(x).abs() * (1.0 / 1_048_576.0),
        }
    }
}

/// Channels as they lie in memory: a multiple of 8, so that 16 bytes are never split.
#[must_use]
pub fn padded(channels: usize) -> usize {
    channels.next_multiple_of(8)
}

/// A shape of tile that `tile.cuh` is compiled for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TileShape {
    pub m: usize,
    pub n: usize,
    pub threads: u32,
    /// Warps that share k between them.
    pub k_parts: usize,
}

impl TileShape {
    const STAGES: usize = 3;

    #[must_use]
    pub const fn shared_bytes(&self) -> usize {
        Self::STAGES * (self.m + self.n) * 64 * self.k_parts
    }
}

/// In the order of the functions in `conv.cu` and `linear.cu`.
pub const SHAPES: [TileShape; 6] = [
    TileShape { m: 128, n: 128, threads: 256, k_parts: 1 },
    TileShape { m: 64, n: 64, threads: 128, k_parts: 1 },
    TileShape { m: 128, n: 32, threads: 128, k_parts: 1 },
    TileShape { m: 128, n: 16, threads: 128, k_parts: 1 },
    TileShape { m: 64, n: 32, threads: 128, k_parts: 2 },
    TileShape { m: 32, n: 32, threads: 128, k_parts: 4 },
];

/// Which of [`SHAPES`] to use for C (m, n) with sums over k, by an estimate of the time: waves of blocks, times steps,
/// times the greater of a step's latency and its work. The bench table times all of them, so it can be corrected.
#[must_use]
pub fn choose(m: usize, n: usize, k: usize, multiprocessors: usize) -> usize {
    const STEP_LATENCY: f64 = 350.0; // cycles for a barrier, matrix loads and a chain of products
    const PRODUCTS_PER_CYCLE: f64 = 1024.0; // multiply-adds of one multiprocessor
    const BYTES_PER_CYCLE: f64 = 128.0; // of operands, from the second-level cache to one multiprocessor
    const SHARED: usize = 96 * 1024; // of one multiprocessor, on the smallest of the targets
    let cost = |shape: &TileShape| {
        let blocks = m.div_ceil(shape.m) * n.div_ceil(shape.n);
        let resident = (SHARED / shape.shared_bytes()).clamp(1, 4);
        let at_once = blocks.div_ceil(multiprocessors).min(resident);
        let waves = blocks.div_ceil(multiprocessors * resident);
        let steps = k.div_ceil(32 * shape.k_parts) + 4; // and what comes before and after
        let arithmetic = (at_once * shape.m * shape.n * 32 * shape.k_parts) as f64 / PRODUCTS_PER_CYCLE;
        let operands = (at_once * (shape.m + shape.n) * 64 * shape.k_parts) as f64 / BYTES_PER_CYCLE;
        (waves * steps) as f64 * (arithmetic + operands).max(STEP_LATENCY)
    };
    let costs: Vec<f64> = SHAPES.iter().map(cost).collect();
    (0..SHAPES.len()).min_by(|&i, &j| costs[i].total_cmp(&costs[j])).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn large_products_get_large_tiles_and_small_ones_many_blocks() {
        assert_eq!(choose(65536, 1280, 1280, 132), 0);
        let small = SHAPES[choose(48, 208, 1872, 132)];
        assert_eq!((small.m, small.k_parts), (32, 4));
        let narrow = SHAPES[choose(128 * 96 * 16, 16, 144, 132)];
        assert!(narrow.n <= 32, "{narrow:?}");
        assert!(SHAPES.iter().all(|shape| shape.shared_bytes() <= 48 * 1024));
    }
}
