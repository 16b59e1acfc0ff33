//! The kernels' own sources, run on the CPU against their twins (see `emulator/emulated.hpp`): the whole parity table,
//! with threads in several orders. And the same without barriers, which must be noticed.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "what is skipped is told to whoever runs the tests")]

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// The emulator as a library, or why it can't be made here.
fn library(name: &str, defines: &[&str]) -> Result<PathBuf, String> {
    otherglass_kernels::emulated::compile(Path::new(env!("CARGO_TARGET_TMPDIR")), name, defines)
}

fn gpu_check(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_gpu_check")).args(arguments).output().expect("gpu_check runs")
}

#[test]
fn kernels_compute_what_their_twins_say() {
    let library = match library("kernels.so", &[]) {
        Ok(library) => library,
        Err(reason) => return println!("skipped: {reason}"),
    };
    for arguments in [["--seed", "0"], ["--seed", "1"], ["--apart", "--no-bench"]] {
        let output = gpu_check(&[&["--emulated", &library.to_string_lossy()], &arguments[..]].concat());
        let text = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success(), "{text}{}", String::from_utf8_lossy(&output.stderr));
        assert!(text.contains("bank conflicts of matrix loads: 0\n"), "{text}");
    }
}

#[test]
fn a_missing_barrier_is_noticed() {
    let library = match library("without_barriers.so", &["-DEMULATED_WITHOUT_BARRIERS"]) {
        Ok(library) => library,
        Err(reason) => return println!("skipped: {reason}"),
    };
    for kernel in ["conv", "linear", "norm", "attention", "track", "costume_measure"] {
        let output = gpu_check(&["--emulated", &library.to_string_lossy(), "--only", kernel]);
        assert!(!output.status.success(), "{kernel} passes without barriers: the emulation proves nothing");
    }
}
