//! What a net takes, counted from its list.

use std::fmt;

use serde::Serialize;

use super::Net;
use crate::common::{SHAPES, padded};
use crate::device::Facts;
use crate::kernel::{Kernel, Work};

/// One kernel of a frame.
#[derive(Clone, Debug, Serialize)]
pub struct Step {
    pub name: String,
    pub kernel: &'static str,
    pub shape: String,
    pub launches: usize,
    /// Blocks of threads; 0 where they are not known before the device is.
    pub blocks: usize,
    pub work: Work,
}

impl Step {
    /// A launch of a kernel beside a net's own.
    #[must_use]
    pub fn of<K: Kernel>(name: &str, kernel: &K) -> Self {
        let (shape, launches, work) = (kernel.describe(), kernel.launch_count(), kernel.work());
        Self { name: name.into(), kernel: K::NAME, shape, launches, blocks: 0, work }
    }
}

/// A frame's launches and memory.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Plan {
    pub steps: Vec<Step>,
    /// Of activations, laid over one another where they are never live together.
    pub arena_bytes: usize,
    /// Of the same if none shared memory.
    pub unshared_bytes: usize,
    /// Of weights and biases as they lie on the device.
    pub weight_bytes: usize,
}

pub(super) fn of(net: &Net, facts: &Facts) -> Plan {
    let (arena, _) = net.reserve();
    let step = |layer: &super::Layer| {
        let conv = &layer.conv;
        let tile = &SHAPES[conv.tile(facts)];
        let blocks = conv.out_pixels().div_ceil(tile.m) * padded(conv.outputs).div_ceil(tile.n);
        let shape = format!("{}, {}x{}", conv.describe().replace(" tile by estimate", ""), tile.m, tile.n);
        Step { name: layer.name.clone(), kernel: "conv", shape, launches: 1, blocks, work: conv.work() }
    };
    let held = net.tensors.iter().map(|held| 2 * held.height * held.width * padded(held.channels));
    let weights = net.layers.iter().map(|layer| 2 * layer.conv.weights_len() + 4 * padded(layer.conv.outputs));
    Plan {
        steps: net.layers.iter().map(step).collect(),
        arena_bytes: arena.lay_out().bytes,
        unshared_bytes: held.sum(),
        weight_bytes: weights.sum(),
    }
}

impl Plan {
    #[must_use]
    pub fn work(&self) -> Work {
        let mut total = Work::default();
        self.steps.iter().for_each(|step| total += step.work);
        total
    }

    #[must_use]
    pub fn launches(&self) -> usize {
        self.steps.iter().map(|step| step.launches).sum()
    }

    /// One plan after the other, in memory of their own.
    #[must_use]
    pub fn then(mut self, other: Self) -> Self {
        self.steps.extend(other.steps);
        self.arena_bytes += other.arena_bytes;
        self.unshared_bytes += other.unshared_bytes;
        self.weight_bytes += other.weight_bytes;
        self
    }
}

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{:<22} {:<13} {:>6} {:>9} {:>8}  shape", "step", "kernel", "blocks", "MFLOP", "KB")?;
        for step in &self.steps {
            let Step { name, kernel, shape, blocks, work, .. } = step;
            let blocks = if *blocks == 0 { "-".into() } else { blocks.to_string() };
            let (flops, bytes) = (work.flops as f64 / 1e6, work.bytes as f64 / 1e3);
            writeln!(f, "{name:<22} {kernel:<13} {blocks:>6} {flops:>9.2} {bytes:>8.0}  {shape}")?;
        }
        let Work { bytes, flops } = self.work();
        writeln!(
            f,
            "{} launches a frame: {:.3} GFLOP, {:.1} MB moved at least",
            self.launches(),
            flops as f64 / 1e9,
            bytes as f64 / 1e6
        )?;
        write!(
            f,
            "arena {:.2} MB for activations ({:.2} MB if none shared memory), {:.2} MB of weights",
            self.arena_bytes as f64 / 1e6,
            self.unshared_bytes as f64 / 1e6,
            self.weight_bytes as f64 / 1e6
        )
    }
}
