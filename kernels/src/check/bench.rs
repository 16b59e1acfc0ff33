//! One row of the bench table: how long a kernel takes on a GPU, and how near that is to the limit.
//!
//! Checked before it is timed. Each of a thousand launches is timed between two marks in the stream (which adds about a
//! microsecond); beside that stands the time of a launch inside a graph of twenty, which is how a renderer runs it.

use std::sync::Arc;

use serde::Serialize;

use super::Case;
use super::parity::{Placed, Pool, check};
use crate::ceiling::{CeilingCopy, CeilingMma};
use crate::cuda::Cuda;
use crate::device::Device;
use crate::error::KernelError;
use crate::kernel::{Kernel, Rows, Work};

/// How much is done to find a time.
#[derive(Clone, Copy, Debug)]
pub struct Effort {
    pub launches: usize,
    pub in_graph: usize,
    /// Of products in the ceiling of operations.
    pub rounds: usize,
    /// Values in the ceiling of bytes.
    pub copied: usize,
}

impl Effort {
    /// To measure.
    pub const FULL: Self = Self { launches: 1000, in_graph: 20, rounds: 4096, copied: 64 << 20 };
    /// To see that it runs.
    pub const QUICK: Self = Self { launches: 4, in_graph: 2, rounds: 2, copied: 1 << 12 };
}

const WARM_UP: usize = 20;
/// Operations a twin may take for the check before the timing.
const TWIN_FLOPS: u64 = 50_000_000;

/// What the machine can do, measured.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Ceilings {
    pub flops_per_second: f64,
    pub bytes_per_second: f64,
}

/// What a row took.
#[derive(Clone, Debug, Serialize)]
pub struct Timing {
    pub kernel: &'static str,
    pub shape: String,
    pub work: Work,
    pub p50_us: f64,
    pub p95_us: f64,
    pub p99_us: f64,
    /// Inside a graph, each.
    pub graph_us: f64,
    /// The least time the ceilings allow, as a share of `graph_us`. Above 1 where all data stay in cache.
    pub of_limit: Option<f64>,
    pub faults: Vec<String>,
}

/// The value below which a share of the sorted values lies.
#[must_use]
pub fn percentile(sorted: &[f64], share: f64) -> f64 {
    let at = (share * (sorted.len() - 1) as f64).round() as usize;
    sorted[at]
}

/// Times one row, in microseconds: p50, p95, p99 of single launches, and each in a graph.
fn time(cuda: &Arc<Cuda>, case: &dyn Case, placed: &Placed, effort: Effort) -> Result<[f64; 4], KernelError> {
    let launches = case.launches_on(&placed.spans, cuda.facts())?;
    let all = |cuda: &Cuda| launches.iter().try_for_each(|launch| cuda.launch(launch));
    for _ in 0..WARM_UP.min(effort.launches) {
        all(cuda)?;
    }
    let mut marks = Vec::with_capacity(effort.launches);
    for _ in 0..effort.launches {
        let before = cuda.mark()?;
        all(cuda)?;
        marks.push((before, cuda.mark()?));
    }
    cuda.synchronize()?;
    let times = marks.iter().map(|(before, after)| Ok(f64::from(before.until_ms(after)?) * 1e3));
    let mut times = times.collect::<Result<Vec<f64>, KernelError>>()?;
    times.sort_by(f64::total_cmp);

    let graph = cuda.record(|cuda| (0..effort.in_graph).try_for_each(|_| all(cuda)))?;
    let mut replays = Vec::new();
    for _ in 0..effort.launches / effort.in_graph + 1 {
        let before = cuda.mark()?;
        graph.replay()?;
        let after = cuda.mark()?;
        cuda.synchronize()?;
        replays.push(f64::from(before.until_ms(&after)?) * 1e3 / effort.in_graph as f64);
    }
    replays.sort_by(f64::total_cmp);
    let share = |share| percentile(&times, share);
    Ok([share(0.5), share(0.95), share(0.99), percentile(&replays, 0.5)])
}

/// Measures the ceilings.
pub fn ceilings(cuda: &Arc<Cuda>, pool: &mut Pool, effort: Effort) -> Result<Ceilings, KernelError> {
    let rate = |case: &dyn Case, pool: &mut Pool, amount: u64| -> Result<f64, KernelError> {
        let placed = Placed::new(cuda.as_ref(), pool, case, 0)?;
        let [.., each] = time(cuda, case, &placed, effort)?;
        Ok(amount as f64 / (each * 1e-6))
    };
    let mma = CeilingMma { blocks: cuda.facts().multiprocessors * 8, rounds: effort.rounds };
    let copy = CeilingCopy { count: effort.copied };
    Ok(Ceilings {
        flops_per_second: rate(&mma, pool, Kernel::work(&mma).flops)?,
        bytes_per_second: rate(&copy, pool, Kernel::work(&copy).bytes)?,
    })
}

/// Checks a row, then times it.
pub fn measure(
    cuda: &Arc<Cuda>,
    pool: &mut Pool,
    case: &dyn Case,
    ceilings: Ceilings,
    effort: Effort,
) -> Result<Timing, KernelError> {
    let work = case.work();
    let rows = Rows { step: (work.flops.max(work.bytes) / TWIN_FLOPS + 1) as usize };
    let faults = check(cuda.as_ref(), pool, case, 1, rows)?.faults;
    let placed = Placed::new(cuda.as_ref(), pool, case, 1)?;
    let [p50_us, p95_us, p99_us, graph_us] = time(cuda, case, &placed, effort)?;
    let least = (work.flops as f64 / ceilings.flops_per_second).max(work.bytes as f64 / ceilings.bytes_per_second);
    let of_limit = (graph_us > 0.0).then(|| least * 1e6 / graph_us);
    Ok(Timing { kernel: case.kernel(), shape: case.shape(), work, p50_us, p95_us, p99_us, graph_us, of_limit, faults })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_values_that_were_measured() {
        let sorted: Vec<f64> = (0..101).map(f64::from).collect();
        assert_eq!([0.0, 0.5, 0.95, 1.0].map(|share| percentile(&sorted, share)), [0.0, 50.0, 95.0, 100.0]);
        assert_eq!(percentile(&[3.0], 0.99), 3.0);
    }
}
