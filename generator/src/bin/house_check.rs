//! Holds the house renderer on this machine's GPU against the same renderer on the CPU, then measures it.
//!
//! ```text
//! house_check [--assets FOLDER] [--out FOLDER] [--camera WxH] [--compared N] [--timed N] [--steady N] [--require-gpu]
//! ```
//!
//! Frames come from the demo clip of the assets. Prints one table and, with `--out`, writes house_check.json there, anew
//! after every part. Exit code: 0 all green, or no GPU; 1 something is red, or no GPU although one was required; 2 it
//! could not run or write.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "its report is its purpose")]

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use otherglass_generator::render::house::gpu::check::{Amounts, Report, check};
use otherglass_kernels::check::allocations::Counting;

#[global_allocator]
static ALLOCATOR: Counting = Counting;

#[derive(Debug)]
struct Options {
    assets: PathBuf,
    out: Option<PathBuf>,
    amounts: Amounts,
    require_gpu: bool,
}

const USAGE: &str = "usage: house_check [--assets FOLDER] [--out FOLDER] [--camera WxH] [--compared N] [--timed N] [--steady N] [--require-gpu]";

fn options() -> Result<Options, String> {
    let mut options = Options { assets: "assets".into(), out: None, amounts: Amounts::default(), require_gpu: false };
    let mut args = std::env::args().skip(1);
    while let Some(arg) = args.next() {
        let mut value = || args.next().ok_or_else(|| format!("{arg} needs a value\n{USAGE}"));
        let number = |text: String| text.parse().map_err(|_| format!("{arg} needs a whole number\n{USAGE}"));
        match arg.as_str() {
            "--assets" => options.assets = value()?.into(),
            "--out" => options.out = Some(value()?.into()),
            "--compared" => options.amounts.compared = number(value()?)?,
            "--timed" => options.amounts.timed = number(value()?)?,
            "--steady" => options.amounts.steady = number(value()?)?,
            "--camera" => {
                let text = value()?;
                let size = text.split_once('x').and_then(|(w, h)| Some((w.parse().ok()?, h.parse().ok()?)));
                options.amounts.camera = size.ok_or_else(|| format!("--camera needs a size as in 640x480\n{USAGE}"))?;
            }
            "--require-gpu" => options.require_gpu = true,
            _ => return Err(format!("{arg} is not known\n{USAGE}")),
        }
    }
    Ok(options)
}

/// Writes what was found so far, so that a run that is cut off leaves it.
fn save(report: &Report, out: Option<&Path>) -> std::io::Result<()> {
    let Some(folder) = out else { return Ok(()) };
    std::fs::create_dir_all(folder)?;
    std::fs::write(folder.join("house_check.json"), serde_json::to_vec_pretty(report)?)
}

fn main() -> ExitCode {
    let options = match options() {
        Ok(options) => options,
        Err(message) => {
            eprintln!("{message}");
            return ExitCode::from(2);
        }
    };
    let report = match check(&options.assets, options.amounts, &|report| save(report, options.out.as_deref())) {
        Ok(report) => report,
        Err(error) => {
            eprintln!("house_check: {error}");
            return ExitCode::from(2);
        }
    };
    print!("{report}");
    let missing = options.require_gpu && report.skipped.is_some();
    ExitCode::from(u8::from(missing || !report.faults.is_empty()))
}
