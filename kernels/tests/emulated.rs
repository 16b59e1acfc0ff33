//! The kernels' own sources, run on the CPU against their twins (see `emulator/emulated.hpp`): the whole parity table,
//! with threads in several orders. And the same without barriers, which must be noticed.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// The emulator as a library, or why it can't be made here.
fn library(name: &str, defines: &[&str]) -> Result<PathBuf, String> {
    if !cfg!(all(target_arch = "x86_64", target_os = "linux")) {
        return Err("the emulation of kernels runs on x86-64 Linux only".into());
    }
    let library = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("emulator/emulator.cpp");
    let mut compiler = Command::new("g++");
    compiler.args(["-std=c++17", "-O2", "-shared", "-fPIC", "-Wall", "-Wextra", "-Werror", "-Wno-unknown-pragmas"]);
    compiler.args(["-Wno-unused-parameter"]).args(defines).arg(&source).arg("-o").arg(&library);
    let Ok(output) = compiler.output() else { return Err("the emulation of kernels needs g++".into()) };
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Ok(library)
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
    for kernel in ["conv", "linear", "norm", "attention"] {
        let output = gpu_check(&["--emulated", &library.to_string_lossy(), "--only", kernel]);
        assert!(!output.status.success(), "{kernel} passes without barriers: the emulation proves nothing");
    }
}
