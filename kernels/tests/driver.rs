//! The whole way through the driver's calls, on a stand-in for its library that runs kernels by emulation
//! (`emulator/driver.cpp`): modules, memory, launches, graphs, pinned frames, timing, and the refusals.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "what is skipped is told to whoever runs the tests")]

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// A folder with the stand-in, or why there is none.
fn driver() -> Result<PathBuf, String> {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("emulated_driver");
    std::fs::create_dir_all(&folder).expect("folder");
    otherglass_kernels::emulated::compile_driver(&folder)?;
    Ok(folder)
}

fn gpu_check(driver: &Path, arguments: &[&str], environment: &[(&str, &str)]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_gpu_check"));
    command.args(arguments).env("LD_LIBRARY_PATH", driver).envs(environment.iter().copied());
    command.output().expect("gpu_check runs")
}

fn text(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

#[test]
fn the_way_through_the_driver_is_rehearsed() {
    let driver = match driver() {
        Ok(driver) => driver,
        Err(reason) => return println!("skipped: {reason}"),
    };
    let output = gpu_check(&driver, &["--require-gpu", "--no-bench", "--quick"], &[]);
    assert!(output.status.success() && text(&output).contains("\nreplay "), "{}", text(&output));
    assert!(text(&output).contains("emulated driver, compute 8.0"), "{}", text(&output));

    let output = gpu_check(&driver, &["--require-gpu", "--quick", "--only", "frame_unshuffle"], &[]);
    assert!(output.status.success() && text(&output).contains("measured ceilings"), "{}", text(&output));

    for (name, value, said) in [("EMULATED_DRIVER_VERSION", "12040", "too old"), ("EMULATED_COMPUTE_MAJOR", "7", "8.0")]
    {
        let output = gpu_check(&driver, &[], &[(name, value)]);
        assert!(output.status.success() && text(&output).starts_with("skipped: "), "{}", text(&output));
        assert!(text(&output).contains(said) && text(&output).contains("use the CPU"), "{}", text(&output));
    }
}
