//! Checks all kernels on this machine's GPU and measures them. Needs the driver and nothing else.
//!
//! ```text
//! gpu_check [--out FOLDER] [--require-gpu] [--apart] [--no-bench] [--quick] [--only KERNEL] [--seed N] [--emulated LIBRARY]
//! ```
//!
//! `--apart` gives every buffer memory of its own, for sanitizers; `--quick` times a few launches only, to see that it runs. Prints one table and, with `--out`, writes gpu_check.json there, anew after every row. Exit code: 0 all green, or no GPU; 1 something is
//! red, or no GPU although one was required; 2 it could not run or write.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "its report is its purpose")]

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use otherglass_kernels::check::allocations::{Counting, allocations};
use otherglass_kernels::check::bench::Effort;
use otherglass_kernels::check::parity::{Pool, check};
use otherglass_kernels::check::report::Report;
use otherglass_kernels::check::{Case, bench, bench_cases, parity_cases, replay};
use otherglass_kernels::kernel::Rows;
use otherglass_kernels::{Cuda, Device, Emulated};

#[global_allocator]
static ALLOCATOR: Counting = Counting;

#[derive(Debug, Default)]
struct Options {
    out: Option<PathBuf>,
    require_gpu: bool,
    apart: bool,
    no_bench: bool,
    quick: bool,
    only: Option<String>,
    seed: u64,
    emulated: Option<PathBuf>,
}

const USAGE: &str = "usage: gpu_check [--out FOLDER] [--require-gpu] [--apart] [--no-bench] [--quick] [--only KERNEL] [--seed N] [--emulated LIBRARY]";

fn options() -> Result<Options, String> {
    let mut options = Options::default();
    let mut args = std::env::args().skip(1);
    while let Some(arg) = args.next() {
        let mut value = || args.next().ok_or_else(|| format!("{arg} needs a value\n{USAGE}"));
        match arg.as_str() {
            "--out" => options.out = Some(value()?.into()),
            "--only" => options.only = Some(value()?),
            "--seed" => options.seed = value()?.parse().map_err(|_| format!("--seed needs a whole number\n{USAGE}"))?,
            "--emulated" => options.emulated = Some(value()?.into()),
            "--require-gpu" => options.require_gpu = true,
            "--apart" => options.apart = true,
            "--quick" => options.quick = true,
            "--no-bench" => options.no_bench = true,
            _ => return Err(format!("{arg} is not known\n{USAGE}")),
        }
    }
    Ok(options)
}

/// Writes what was found so far, so that a run that is cut off leaves it.
fn save(report: &Report, options: &Options) -> std::io::Result<()> {
    let Some(folder) = &options.out else { return Ok(()) };
    std::fs::create_dir_all(folder)?;
    std::fs::write(folder.join("gpu_check.json"), serde_json::to_vec_pretty(report)?)
}

fn parity(
    device: &dyn Device,
    cases: &[Box<dyn Case>],
    pool: &mut Pool,
    report: &mut Report,
    options: &Options,
) -> Result<(), Failure> {
    report.device = Some(device.facts().clone());
    for (i, case) in cases.iter().enumerate() {
        report.parity.push(check(device, pool, case.as_ref(), options.seed.wrapping_add(i as u64), Rows::ALL)?);
        save(report, options)?;
    }
    Ok(())
}

/// Why there is no report.
type Failure = Box<dyn std::error::Error>;

fn run(options: &Options) -> Result<Report, Failure> {
    let wanted = |kernel: &str| options.only.as_ref().is_none_or(|only| kernel == only);
    let checks: Vec<_> = parity_cases().into_iter().filter(|case| wanted(case.kernel())).collect();
    let timings: Vec<_> = bench_cases().into_iter().filter(|case| wanted(case.kernel())).collect();
    let mut report = Report { parity_rows: checks.len(), bench_rows: timings.len(), ..Report::default() };
    let mut pool = if options.apart { Pool::Apart } else { Pool::default() };
    if let Some(library) = &options.emulated {
        let emulated = Emulated::open(library, options.seed)?;
        parity(&emulated, &checks, &mut pool, &mut report, options)?;
        println!("bank conflicts of matrix loads: {}", emulated.bank_conflicts());
        return Ok(report);
    }
    let cuda = match Cuda::open(0) {
        Ok(cuda) => Arc::new(cuda),
        Err(error) if error.is_absence() => {
            report.skipped = Some(error.to_string());
            save(&report, options)?;
            return Ok(report);
        }
        Err(error) => return Err(error.into()),
    };
    parity(cuda.as_ref(), &checks, &mut pool, &mut report, options)?;
    let effort = if options.quick { Effort::QUICK } else { Effort::FULL };
    if wanted("replay") {
        report.parity.push(replay::check(&cuda, effort.launches * 10, &allocations)?);
    }
    if !options.no_bench {
        let ceilings = bench::ceilings(&cuda, &mut pool, effort)?;
        report.ceilings = Some(ceilings);
        for case in &timings {
            report.timings.push(bench::measure(&cuda, &mut pool, case.as_ref(), ceilings, effort)?);
            save(&report, options)?;
        }
    }
    save(&report, options)?;
    Ok(report)
}

fn main() -> ExitCode {
    let options = match options() {
        Ok(options) => options,
        Err(message) => {
            eprintln!("{message}");
            return ExitCode::from(2);
        }
    };
    let report = match run(&options) {
        Ok(report) => report,
        Err(error) => {
            eprintln!("gpu_check: {error}");
            return ExitCode::from(2);
        }
    };
    print!("{report}");
    let Report { parity_rows, bench_rows, .. } = report;
    match &report.skipped {
        Some(reason) => println!("skipped: {parity_rows} parity rows and {bench_rows} timings on the GPU: {reason}"),
        None => println!("\n{} of {} rows are red", report.red(), report.parity.len() + report.timings.len()),
    }
    let missing = options.require_gpu && report.skipped.is_some();
    ExitCode::from(u8::from(missing || report.red() > 0))
}
