//! Attention, of a sequence to itself or to another.
//!
//! ```text
//! out[n, i, h, :] = sum over j of p[j] v[n, j, h, :],   p = softmax over j of scale * q[n, i, h, :] . k[n, j, h, :]
//! ```
//!
//! Tokens of q, k, v and out lie `stride` values apart with the heads one after the other, so that they can be parts of
//! one joined tensor. f16 in and out; scores, softmax and sums in f32; the weights p are rounded to f16 before they meet
//! v, which the tolerance knows. Any numbers of tokens; head sizes 40, 64, 80, 128 and 160.

#[cfg(test)]
mod tests;

use bytemuck::{Pod, Zeroable};
use half::f16;

use crate::device::{Facts, Grid, Launch, Span};
use crate::error::{KernelError, require};
use crate::kernel::{Expected, F16_ROUNDING, F16_SMALLEST, Kernel, Operand, Rows, Work};
use crate::values::{Element, Fill};

/// Queries of a block.
const BLOCK: usize = 64;
/// Head sizes there are functions for, and how many keys those take at a time.
const SIZES: [(usize, usize); 5] = [(40, 64), (64, 64), (80, 64), (128, 32), (160, 32)];

#[derive(Clone, Debug, PartialEq)]
pub struct Attention {
    pub batch: usize,
    pub heads: usize,
    pub head_size: usize,
    pub q_tokens: usize,
    pub k_tokens: usize,
    /// Values from one token to the next, of q, k, v and out; multiples of 8.
    pub strides: [usize; 4],
    pub scale: f32,
}

#[derive(Clone, Copy, Debug)]
pub struct AttentionBuffers {
    pub q: Span<f16>,
    pub k: Span<f16>,
    pub v: Span<f16>,
    pub out: Span<f16>,
}

#[derive(Clone, Copy, Pod, Zeroable)]
#[repr(C)]
struct Params {
    q: u64,
    k: u64,
    v: u64,
    out: u64,
    batch: i32,
    heads: i32,
    q_tokens: i32,
    k_tokens: i32,
    q_stride: i32,
    k_stride: i32,
    v_stride: i32,
    out_stride: i32,
    scale: f32,
    unused: i32,
}
const _: () = assert!(size_of::<Params>() == 72);

impl Attention {
    /// Tokens side by side, the usual scale.
    #[must_use]
    pub fn new(heads: usize, head_size: usize, q_tokens: usize, k_tokens: usize) -> Self {
        let (strides, scale) = ([heads * head_size; 4], 1.0 / (head_size as f32).sqrt());
        Self { batch: 1, heads, head_size, q_tokens, k_tokens, strides, scale }
    }

    /// Values of q, k, v and out.
    fn lens(&self) -> [usize; 4] {
        let tokens = [self.q_tokens, self.k_tokens, self.k_tokens, self.q_tokens];
        std::array::from_fn(|i| {
            (self.batch * tokens[i]).saturating_sub(1) * self.strides[i] + self.heads * self.head_size
        })
    }
}

impl Kernel for Attention {
    type Buffers = AttentionBuffers;
    const NAME: &'static str = "attention";
    const FUNCTIONS: &'static [&'static str] =
        &["attention_40", "attention_64", "attention_80", "attention_128", "attention_160"];

    fn describe(&self) -> String {
        let Self { batch, heads, head_size, q_tokens, k_tokens, .. } = self;
        format!("{batch}x{heads} heads of {head_size}, {q_tokens} queries, {k_tokens} keys")
    }

    fn launches(&self, buffers: &AttentionBuffers, _: &Facts) -> Result<Vec<Launch>, KernelError> {
        let need = |holds, what, expected: &str, got: usize| require(holds, Self::NAME, what, expected, got);
        let which = SIZES.iter().position(|&(size, _)| size == self.head_size);
        need(which.is_some(), "head size", "40, 64, 80, 128 or 160", self.head_size)?;
        let which = which.unwrap_or(0);
        need(self.batch > 0 && self.heads > 0, "heads", "above 0", self.heads)?;
        need(self.q_tokens > 0 && self.k_tokens > 0, "tokens", "above 0", self.q_tokens.min(self.k_tokens))?;
        require(self.scale > 0.0, Self::NAME, "scale", "above 0", self.scale)?;
        let lens = self.lens();
        for (stride, len) in self.strides.iter().zip(lens) {
            let fits = stride.is_multiple_of(8) && *stride >= self.heads * self.head_size;
            need(fits, "stride", "a multiple of 8, at least a token", *stride)?;
            need(len < 1 << 31, "size", "below 2^31 values", len)?;
        }
        let params = Params {
            q: buffers.q.demand(Self::NAME, "q", lens[0])?,
            k: buffers.k.demand(Self::NAME, "k", lens[1])?,
            v: buffers.v.demand(Self::NAME, "v", lens[2])?,
            out: buffers.out.demand(Self::NAME, "out", lens[3])?,
            batch: self.batch as i32,
            heads: self.heads as i32,
            q_tokens: self.q_tokens as i32,
            k_tokens: self.k_tokens as i32,
            q_stride: self.strides[0] as i32,
            k_stride: self.strides[1] as i32,
            v_stride: self.strides[2] as i32,
            out_stride: self.strides[3] as i32,
            scale: self.scale,
            unused: 0,
        };
        let row = self.head_size.next_multiple_of(16) + 8;
        let grid = Grid {
            blocks: [self.q_tokens.div_ceil(BLOCK), self.heads, self.batch],
            threads: 128,
            shared_bytes: (BLOCK + 2 * SIZES[which].1) * row * 2,
        };
        let devices = [buffers.q.device(), buffers.k.device(), buffers.v.device(), buffers.out.device()];
        Ok(vec![Launch::new::<Self, _>(Self::FUNCTIONS[which], grid, &params, &devices)?])
    }

    fn operands(&self) -> Vec<Operand> {
        let [q, k, v, out] = self.lens();
        let normal = Fill::Normal { mean: 0.0, deviation: 1.0 };
        let mut operands = vec![
            // Scores that differ by several units, so that the softmax is neither flat nor one-sided.
            Operand::input("q", Element::F16, q, Fill::Normal { mean: 0.0, deviation: 2.0 }),
            Operand::input("k", Element::F16, k, normal.clone()),
            Operand::input("v", Element::F16, v, normal),
        ];
        operands.push(Operand::output("out", Element::F16, out));
        operands
    }

    fn buffers(&self, spans: &[Span<u8>]) -> Result<AttentionBuffers, KernelError> {
        let [q, k, v, out] = spans else {
            return Err(KernelError::shape(Self::NAME, "buffers", 4, spans.len()));
        };
        Ok(AttentionBuffers { q: q.cast()?, k: k.cast()?, v: v.cast()?, out: out.cast()? })
    }

    fn twin(&self, inputs: &[Vec<f64>], rows: Rows) -> Vec<Vec<Expected>> {
        let (q, k, v) = (&inputs[0], &inputs[1], &inputs[2]);
        let [q_stride, k_stride, v_stride, out_stride] = self.strides;
        let size = self.head_size;
        let mut out = vec![Expected::ANY; self.lens()[3]];
        let mut scores = vec![0.0; self.k_tokens];
        for n in 0..self.batch {
            for i in (0..self.q_tokens).filter(|&i| rows.wants(i)) {
                for h in 0..self.heads {
                    let q = &q[(n * self.q_tokens + i) * q_stride + h * size..][..size];
                    let mut score_error: f64 = 0.0;
                    for (j, score) in scores.iter_mut().enumerate() {
                        let k = &k[(n * self.k_tokens + j) * k_stride + h * size..][..size];
                        let magnitude: f64 = q.iter().zip(k).map(|(q, k)| (q * k).abs()).sum();
                        *score = f64::from(self.scale) * q.iter().zip(k).map(|(q, k)| q * k).sum::<f64>();
                        // The sum, its scaling into powers of two, and ex2.approx.
                        let error =
                            f64::from(self.scale) * Expected::summed(size, magnitude) + score.abs() * 2e-7 + 1e-6;
                        score_error = score_error.max(error);
                    }
                    let most = scores.iter().fold(f64::MIN, |most, &score| most.max(score));
                    let total: f64 = scores.iter().map(|score| (score - most).exp()).sum();
                    for d in 0..size {
                        let (mut sum, mut magnitude) = (0.0, 0.0);
                        for (j, score) in scores.iter().enumerate() {
                            let term =
                                (score - most).exp() / total * v[(n * self.k_tokens + j) * v_stride + h * size + d];
                            sum += term;
                            magnitude += term.abs();
                        }
                        // Weights rounded to f16, one by one; an error of a score is one of a weight's share and of
                        // the total's. Weights too small for f16 are lost, up to half the smallest each.
                        let errors = (F16_ROUNDING + 2.0 * score_error) * magnitude
                            + F16_SMALLEST * (self.k_tokens as f64).sqrt() * 4.0
                            + Expected::summed(self.k_tokens, magnitude);
                        out[(n * self.q_tokens + i) * out_stride + h * size + d] =
                            Expected { value: sum, tolerance: Expected::rounded(sum) + errors };
                    }
                }
            }
        }
        vec![out]
    }

    fn control(&self) -> (usize, usize) {
        // A query moves all weights, unless there is but one; then the value is all.
        (if self.k_tokens > 1 { 0 } else { 2 }, 0)
    }

    fn work(&self) -> Work {
        let per_pair = self.batch * self.heads * self.q_tokens * self.k_tokens * self.head_size;
        let tokens = self.batch * self.heads * self.head_size * 2 * (self.q_tokens + self.k_tokens);
        Work { bytes: 2 * tokens as u64, flops: 4 * per_pair as u64 }
    }

    fn parity() -> Vec<Self> {
        let mut rows = vec![
            Self::new(1, 64, 1, 1),
            Self::new(2, 40, 3, 200),
            // Parts of one joined tensor.
            Self { batch: 2, strides: [3 * 128, 3 * 128, 3 * 128, 128], ..Self::new(2, 64, 70, 70) },
            Self { scale: 0.5, ..Self::new(1, 80, 5, 31) },
        ];
        for (size, keys) in SIZES {
            rows.push(Self::new(2, size, 65, 77));
            rows.push(Self::new(1, size, 64, keys));
            rows.push(Self::new(1, size, 17, 2 * keys + 1));
        }
        rows
    }

    fn bench() -> Vec<Self> {
        vec![
            Self::new(5, 64, 4096, 4096),
            Self::new(8, 40, 4096, 4096),
            Self::new(8, 40, 4096, 77),
            Self::new(10, 64, 1024, 1024),
            Self::new(8, 80, 1024, 1024),
            Self::new(8, 160, 256, 256),
            Self::new(12, 128, 1560, 4680),
        ]
    }
}
