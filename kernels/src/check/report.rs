//! The tables of a run, for reading and as JSON.

use std::fmt;

use serde::Serialize;

use super::bench::{Ceilings, Timing};
use super::parity::Outcome;
use crate::device::Facts;

/// Everything one run of `gpu_check` found. Displayed as two tables.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Report {
    /// The device, or none.
    pub device: Option<Facts>,
    /// Why there is none.
    pub skipped: Option<String>,
    pub parity_rows: usize,
    pub bench_rows: usize,
    pub parity: Vec<Outcome>,
    pub ceilings: Option<Ceilings>,
    pub timings: Vec<Timing>,
}

impl Report {
    #[must_use]
    pub fn red(&self) -> usize {
        let parity = self.parity.iter().filter(|outcome| !outcome.is_green()).count();
        parity + self.timings.iter().filter(|timing| !timing.faults.is_empty()).count()
    }
}

impl fmt::Display for Report {
    fn fmt(&self, text: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(facts) = &self.device {
            let (major, minor) = facts.capability;
            writeln!(text, "{}, compute {major}.{minor}, {} multiprocessors", facts.name, facts.multiprocessors)?;
        }
        if !self.parity.is_empty() {
            writeln!(text, "\n{:<13} {:>9} {:>7}  shape", "parity", "values", "worst")?;
        }
        for outcome in &self.parity {
            let state = if outcome.is_green() { "" } else { "  RED" };
            let Outcome { kernel, shape, values, worst, .. } = outcome;
            writeln!(text, "{kernel:<13} {values:>9} {worst:>7.3}  {shape}{state}")?;
            for fault in &outcome.faults {
                writeln!(text, "    {fault}")?;
            }
        }
        if let Some(ceilings) = self.ceilings {
            let (flops, bytes) = (ceilings.flops_per_second / 1e12, ceilings.bytes_per_second / 1e9);
            writeln!(text, "\nmeasured ceilings: {flops:.1} TFLOP/s (mma.sync), {bytes:.0} GB/s")?;
            let head = ["p50", "p95", "p99", "graph"];
            writeln!(
                text,
                "{:<13} {:>9} {:>9} {:>9} {:>9} {:>6} {:>8} {:>8}  shape (times in us)",
                "bench", head[0], head[1], head[2], head[3], "limit", "MFLOP", "KB"
            )?;
        }
        for timing in &self.timings {
            let Timing { kernel, shape, work, p50_us, p95_us, p99_us, graph_us, of_limit, faults } = timing;
            let state = if faults.is_empty() { "" } else { "  RED" };
            let limit = of_limit.map_or("-".into(), |share| format!("{:.0}%", share * 100.0));
            writeln!(
                text,
                "{kernel:<13} {p50_us:>9.2} {p95_us:>9.2} {p99_us:>9.2} {graph_us:>9.2} {limit:>6} {:>8.1} {:>8.0}  {shape}{state}",
                work.flops as f64 / 1e6,
                work.bytes as f64 / 1e3,
            )?;
            for fault in faults {
                writeln!(text, "    {fault}")?;
            }
        }
        Ok(())
    }
}
