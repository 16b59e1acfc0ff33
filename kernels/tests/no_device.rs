//! `gpu_check` where there may be no device: it counts what it skipped, and fails only when asked to.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "what is skipped is told to whoever runs the tests")]

use std::process::Command;

#[test]
fn without_a_gpu_it_counts_what_it_skipped() {
    if otherglass_kernels::Cuda::open(0).is_ok() {
        return println!("skipped: a GPU is here, so nothing is skipped");
    }
    println!("skipped: kernels on a GPU (no device; bash tests/gpu/check_kernels.sh checks them where there is one)");
    let folder = tempfile::tempdir().expect("folder");
    let check = |arguments: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_gpu_check"));
        command.args(arguments).arg("--out").arg(folder.path()).output().expect("gpu_check runs")
    };
    let output = check(&[]);
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && text.starts_with("skipped: "), "{text}");
    let json = std::fs::read(folder.path().join("gpu_check.json")).expect("a report");
    let report: serde_json::Value = serde_json::from_slice(&json).expect("JSON");
    assert!(report["parity_rows"].as_u64() > Some(90) && report["bench_rows"].as_u64() > Some(90), "{report}");
    assert!(report["device"].is_null() && report["skipped"].is_string());
    assert_eq!(check(&["--require-gpu"]).status.code(), Some(1));
    assert_eq!(check(&["--emulated", "nowhere.so"]).status.code(), Some(2));
}
