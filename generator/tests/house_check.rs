//! `house_check`, as a program: what it says where there is no GPU, and all of it on a stand-in for the driver that runs
//! the kernels' sources on the CPU (`kernels/emulator/driver.cpp`).
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "what is skipped is told to whoever runs the tests")]

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

fn assets() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../assets")
}

fn house_check(out: &Path, arguments: &[&str], driver: Option<&Path>) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_house_check"));
    command.arg("--assets").arg(assets()).arg("--out").arg(out).args(arguments);
    if let Some(driver) = driver {
        command.env("LD_LIBRARY_PATH", driver).env("EMULATED_TRACE", out.join("trace.txt"));
    }
    command.output().expect("house_check runs")
}

fn text(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

fn report(out: &Path) -> serde_json::Value {
    let json = std::fs::read(out.join("house_check.json")).expect("a report");
    serde_json::from_slice(&json).expect("JSON")
}

#[test]
fn without_a_gpu_it_counts_what_it_skipped() {
    if otherglass_kernels::Cuda::open(0).is_ok() {
        return println!("skipped: a GPU is here, so nothing is skipped");
    }
    println!("skipped: the renderer on a GPU (no device; bash tests/gpu/bench_house.sh checks it where there is one)");
    let out = tempfile::tempdir().expect("folder");
    let output = house_check(out.path(), &[], None);
    assert!(output.status.success() && text(&output).starts_with("skipped: "), "{}", text(&output));
    for counted in ["3 scenes of 8 frames", "1000 frames timed", "10000 frames that may allocate nothing"] {
        assert!(text(&output).contains(counted), "{}", text(&output));
    }
    assert!(report(out.path())["skipped"].is_string() && report(out.path())["device"].is_null());
    assert_eq!(house_check(out.path(), &["--require-gpu"], None).status.code(), Some(1));
    assert_eq!(house_check(out.path(), &["--frames", "3"], None).status.code(), Some(2));
}

#[test]
fn the_whole_check_is_rehearsed_on_an_emulated_driver() {
    let folder = tempfile::tempdir().expect("folder");
    if let Err(reason) = otherglass_kernels::emulated::compile_driver(folder.path()) {
        return println!("skipped: the check on an emulated driver: {reason}");
    }
    let few = ["--require-gpu", "--camera", "96x72", "--compared", "1", "--timed", "1", "--steady", "2"];
    let output = house_check(folder.path(), &few, Some(folder.path()));
    let said = text(&output);
    println!("{said}");
    assert!(output.status.success(), "{said}");
    assert!(said.contains("2 steady frames: 0 allocations, 0 bytes of device memory taken"), "{said}");
    assert!(said.contains("2 steady frames: 2 waits (control, one frame waited for twice: 2)"), "{said}");
    // What the driver was asked for at the end: two steady frames of one copy in, one graph, one copy out and one wait
    // each, then the control, which waits once more.
    let trace = std::fs::read_to_string(folder.path().join("trace.txt")).expect("what the driver was asked for");
    let last =
        trace.rsplit_once("IGOWIGOWIGOWW").unwrap_or_else(|| panic!("no frames of one wait at the end: {trace}"));
    assert!(!last.1.contains(['I', 'G', 'O', 'K']), "nothing is drawn afterwards: {trace}");
    let report = report(folder.path());
    assert_eq!(report["device"]["name"], "emulated driver");
    assert!(report["compared"].as_array().is_some_and(|scenes| scenes.len() == 1), "{report}");
    assert!(report["control"]["psnr_db"].as_f64() < report["compared"][0]["psnr_db"].as_f64(), "{report}");
    assert!(report["times"].as_array().is_some_and(|times| times.len() == 3), "{report}");
}
