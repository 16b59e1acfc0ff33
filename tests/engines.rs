//! Where the built-in model draws: on the CPU with one line that says why, on a device, or not at all where it was told.
//!
//! The device is a stand-in for the driver's library that runs the kernels' sources on the CPU.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "what is skipped is told to whoever runs the tests")]

mod common;

use std::path::{Path, PathBuf};

use common::{Ran, frames_of, otherglass, psnr_db, ran, run, write_footage};
use tempfile::TempDir;

/// A folder with a picture of the demo visitor and, where it can be compiled, the stand-in for the driver.
struct Bench {
    folder: TempDir,
    driver: Option<PathBuf>,
}

impl Bench {
    fn new(with_driver: bool) -> Self {
        let folder = tempfile::tempdir().expect("folder");
        write_footage(&folder.path().join("in"), 64, 48, 1);
        let driver = with_driver.then(|| folder.path().to_owned()).filter(|driver| {
            let compiled = otherglass_kernels::emulated::compile_driver(driver);
            compiled.inspect_err(|reason| println!("skipped: engines on an emulated driver: {reason}")).is_ok()
        });
        Self { folder, driver }
    }

    fn path(&self, name: &str) -> String {
        self.folder.path().join(name).to_string_lossy().into_owned()
    }

    /// Renders to a folder of that name.
    fn render(&self, engine: &str, output: &str, environment: &[(&str, &str)]) -> Ran {
        let mut command = otherglass();
        command.args([
            "render",
            &self.path("in"),
            "--output",
            &self.path(output),
            "--say",
            "take me to an ice kingdom",
        ]);
        command.args(["--engine", engine]).envs(environment.iter().copied());
        if let Some(driver) = &self.driver {
            command.env("LD_LIBRARY_PATH", driver);
        }
        ran(&mut command)
    }
}

/// How often it says that the CPU draws.
fn told(ran: &Ran) -> usize {
    ran.err.matches("house draws on the CPU").count()
}

#[test]
fn without_a_driver_the_cpu_draws_and_one_line_says_why() {
    if otherglass_kernels::Cuda::open(0).is_ok() {
        return println!("skipped: a GPU is here");
    }
    let bench = Bench::new(false);
    let house = bench.render("house", "house", &[]).succeeded();
    assert_eq!(told(&house), 1, "{house:#?}");
    let cpu = bench.render("house@cpu", "cpu", &[]).succeeded();
    assert_eq!(told(&cpu), 0, "nothing to tell: {cpu:#?}");
    let pictures = ["house", "cpu"].map(|name| frames_of(Path::new(&bench.path(name))));
    assert!(pictures[0][0].pixels == pictures[1][0].pixels);
    bench.render("house@cuda", "cuda", &[]).failed(1, &["house@cuda", "use the CPU", "--engine house@cpu"]);
    assert!(!Path::new(&bench.path("cuda")).exists());
}

#[test]
fn every_reason_for_the_cpu_is_told_once_and_the_picture_is_drawn() {
    let bench = Bench::new(true);
    if bench.driver.is_none() {
        return;
    }
    // At 1 MB the weights find no room, at 14 MB the buffers of the first frame.
    for (output, variable, value, reason) in [
        ("driver", "EMULATED_DRIVER_VERSION", "12040", "driver is too old"),
        ("device", "EMULATED_COMPUTE_MAJOR", "7", "8.0 or newer"),
        ("weights", "EMULATED_MEMORY_MB", "1", "memory is full"),
        ("frame", "EMULATED_MEMORY_MB", "14", "memory is full"),
    ] {
        let ran = bench.render("house", output, &[(variable, value)]).succeeded();
        assert!(told(&ran) == 1 && ran.err.contains(reason), "{ran:#?}");
        bench.render("house@cuda", "refused", &[(variable, value)]).failed(1, &["house@cuda", reason]);
    }
    bench.render("house@cpu", "cpu", &[]).succeeded();
    let want = frames_of(Path::new(&bench.path("cpu")));
    for output in ["driver", "device", "weights", "frame"] {
        assert!(frames_of(Path::new(&bench.path(output)))[0].pixels == want[0].pixels, "{output}");
    }
    // And where nothing is wrong, the device draws the same, within what f16 allows; the input itself is far from it.
    let ran = bench.render("house", "drawn", &[]).succeeded();
    assert_eq!(told(&ran), 0, "{ran:#?}");
    let [drawn, plain] = ["drawn", "in"].map(|name| frames_of(Path::new(&bench.path(name))));
    let (same, other) = (psnr_db(&drawn[0], &want[0]), psnr_db(&plain[0], &want[0]));
    assert!(same > 45.0 && other < 25.0, "{same} dB, the input {other} dB");
}

#[test]
fn a_frame_of_the_gpu_is_planned_without_one() {
    let plan = run(&["bench", "--plan"]).succeeded().out;
    for word in ["launches a frame", "GFLOP", "arena", "of weights", "camera 640x480", "model 256x192"] {
        assert!(plan.contains(word), "{plan}");
    }
    let plan = run(&["bench", "--plan", "--camera", "1280x960", "--model-size", "512x384"]).succeeded().out;
    assert!(plan.contains("camera 1280x960") && plan.contains("model 512x384"), "{plan}");
    run(&["bench", "--plan", "--model-size", "500x384"]).failed(1, &["500x384", "multiples of 32"]);
    run(&["bench", "--camera", "640x480"]).failed(2, &["--plan"]);
}
