//! One piece of device memory for everything, laid out before anything runs.
//!
//! A buffer is live from the step that first writes it to the step that last reads it; buffers whose lives do not touch
//! share memory. Buffers are placed largest first, each at the lowest place free during its life. What must outlive a
//! frame (weights, tables, the previous picture) is live always.

use std::ops::RangeInclusive;

use bytemuck::Pod;

use crate::device::{ALIGNMENT, Device, Span};
use crate::error::KernelError;

/// A buffer in a plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Slot(usize);

#[derive(Clone, Debug)]
struct Wanted {
    bytes: usize,
    first: usize,
    last: usize,
}

/// The buffers of a renderer, by the steps of a frame in which they are live.
#[derive(Clone, Debug, Default)]
pub struct ArenaPlan {
    wanted: Vec<Wanted>,
}

impl ArenaPlan {
    /// A buffer that is live during these steps.
    pub fn during(&mut self, bytes: usize, steps: RangeInclusive<usize>) -> Slot {
        self.wanted.push(Wanted { bytes, first: *steps.start(), last: *steps.end() });
        Slot(self.wanted.len() - 1)
    }

    /// A buffer that keeps what it holds from frame to frame.
    pub fn always(&mut self, bytes: usize) -> Slot {
        self.during(bytes, 0..=usize::MAX)
    }

    /// Makes a buffer live until that step at least.
    pub fn extend(&mut self, slot: Slot, step: usize) {
        self.wanted[slot.0].last = self.wanted[slot.0].last.max(step);
    }

    /// Where every buffer lies, and how much memory that takes.
    #[must_use]
    pub fn lay_out(&self) -> Layout {
        let mut order: Vec<usize> = (0..self.wanted.len()).collect();
        order.sort_by_key(|&i| (std::cmp::Reverse(self.wanted[i].bytes), i));
        let mut offsets = vec![0; self.wanted.len()];
        let mut placed: Vec<usize> = Vec::new();
        for i in order {
            let this = &self.wanted[i];
            let mut taken: Vec<(usize, usize)> = placed
                .iter()
                .filter(|&&j| self.wanted[j].first <= this.last && this.first <= self.wanted[j].last)
                .map(|&j| (offsets[j], offsets[j] + self.wanted[j].bytes))
                .collect();
            taken.sort_unstable();
            let mut at = 0_usize;
            for (start, end) in taken {
                if at + this.bytes <= start {
                    break;
                }
                at = at.max(end.next_multiple_of(ALIGNMENT));
            }
            offsets[i] = at;
            placed.push(i);
        }
        let sizes: Vec<usize> = self.wanted.iter().map(|wanted| wanted.bytes).collect();
        let bytes = offsets.iter().zip(&sizes).map(|(at, size)| at + size).max().unwrap_or(0);
        Layout { offsets, sizes, bytes }
    }
}

/// A plan with places.
#[derive(Clone, Debug)]
pub struct Layout {
    offsets: Vec<usize>,
    sizes: Vec<usize>,
    /// Of the whole arena.
    pub bytes: usize,
}

/// The memory itself.
#[derive(Debug)]
pub struct Arena {
    layout: Layout,
    memory: Span<u8>,
}

impl Arena {
    /// The only allocation: when a model is loaded.
    pub fn new(device: &dyn Device, layout: Layout) -> Result<Self, KernelError> {
        let memory = device.allocate(layout.bytes.max(1))?;
        Ok(Self { layout, memory })
    }

    /// Another layout, in the memory of this arena where it is large enough and in new memory otherwise.
    pub fn laid_out_anew(self, device: &dyn Device, layout: Layout) -> Result<Self, KernelError> {
        if self.memory.device() == device.id() && layout.bytes <= self.memory.len() {
            return Ok(Self { layout, memory: self.memory });
        }
        Self::new(device, layout)
    }

    /// A buffer as values of `T`.
    pub fn get<T: Pod>(&self, slot: Slot) -> Result<Span<T>, KernelError> {
        self.memory.part(self.layout.offsets[slot.0], self.layout.sizes[slot.0] / size_of::<T>())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::values::Random;

    #[test]
    fn buffers_alive_together_never_overlap_and_others_share() {
        let mut random = Random::new(1);
        for _ in 0..200 {
            let mut plan = ArenaPlan::default();
            for _ in 0..30 {
                let first = (random.bits() % 20) as usize;
                plan.during((random.bits() % 5000) as usize + 1, first..=first + (random.bits() % 6) as usize);
            }
            plan.always(700);
            let layout = plan.lay_out();
            for (i, a) in plan.wanted.iter().enumerate() {
                assert!(layout.offsets[i].is_multiple_of(ALIGNMENT) && layout.offsets[i] + a.bytes <= layout.bytes);
                for (j, b) in plan.wanted.iter().enumerate().skip(i + 1) {
                    let together = a.first <= b.last && b.first <= a.last;
                    let apart = layout.offsets[i] + a.bytes <= layout.offsets[j]
                        || layout.offsets[j] + b.bytes <= layout.offsets[i];
                    assert!(!together || apart, "{i} and {j}");
                }
            }
            assert!(
                layout.bytes < plan.wanted.iter().map(|w| w.bytes.next_multiple_of(ALIGNMENT)).sum(),
                "nothing is shared"
            );
        }
    }
}
