//! Cameras through the real nokhwa and V4L2 path, with a camera that a preloaded library plays.
//!
//! Each test starts this very program again with the library in front of the C library; the second one opens the
//! camera and says what it saw.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "what is skipped is told to whoever runs the tests")]
#![cfg(target_os = "linux")]

mod common;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use otherglass_vision::{CameraOptions, CameraSelector, PixelFormat, list_cameras, open_camera};

/// Compiles the library; `None` (with the reason printed) where there is no C compiler or no V4L2 header.
fn library(folder: &Path) -> Option<PathBuf> {
    let probe = folder.join("probe.c");
    std::fs::write(&probe, "#include <linux/videodev2.h>\n").unwrap();
    let usable = Command::new("cc").arg("-E").arg(&probe).output();
    if !usable.is_ok_and(|output| output.status.success()) {
        println!("SKIPPED: `cc` with linux/videodev2.h is needed to build the fake camera");
        return None;
    }
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/fake_camera.c");
    let library = folder.join("libfake_camera.so");
    let output = Command::new("cc")
        .args(["-shared", "-fPIC", "-O1", "-Wall", "-Werror", "-o"])
        .arg(&library)
        .arg(&source)
        .arg("-ldl")
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Some(library)
}

/// Runs the ignored test `act` of this program with the fake camera in `mode`; gives what it printed.
fn play(mode: &str, act: &str) -> Option<String> {
    let folder = tempfile::tempdir().unwrap();
    let library = library(folder.path())?;
    let picture = common::write_clip(&folder.path().join("frame.jpg"), 640, 480, 1, 30.0);
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", act, "--ignored", "--nocapture", "--test-threads=1"])
        .env("LD_PRELOAD", library)
        .env("FAKE_CAMERA_MODE", mode)
        .env("FAKE_CAMERA_JPEG", picture)
        .output()
        .unwrap();
    let text = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success() && text.contains("1 passed"), "{mode}: {}\n{text}", output.status);
    Some(text)
}

#[test]
fn a_yuyv_camera_is_found_and_delivers() {
    play("yuyv", "act_yuyv");
}

#[test]
fn an_mjpeg_camera_is_decoded_and_torn_frames_are_skipped() {
    play("mjpeg", "act_mjpeg");
}

#[test]
fn an_unplugged_camera_is_an_error_not_a_panic() {
    play("unplugged", "act_unplugged");
}

#[test]
fn a_camera_that_cannot_be_stopped_does_not_take_the_program_down() {
    play("broken", "act_broken");
}

#[test]
fn refusals_name_the_camera_and_the_remedy() {
    let cases = [("busy", "in use by another program"), ("forbidden", "video group"), ("garbage", "unreadable")];
    for (mode, wanted) in cases {
        let Some(text) = play(mode, "act_say_error") else { return };
        assert!(text.contains(wanted) && text.contains("camera 0"), "{mode}: {text}");
    }
}

#[test]
fn without_a_camera_the_error_says_what_to_do() {
    if list_cameras().is_ok_and(|cameras| !cameras.is_empty()) {
        println!("SKIPPED: this machine has a camera");
        return;
    }
    let error = open_camera(&CameraSelector::First, &CameraOptions::default()).err().unwrap().to_string();
    assert!(error.contains("no camera found") && error.contains("plug one in"), "{error}");
}

#[test]
fn selectors_are_read_from_text() {
    assert_eq!("".parse(), Ok(CameraSelector::First));
    assert_eq!(" 2 ".parse(), Ok(CameraSelector::Index(2)));
    assert_eq!("HD Pro".parse(), Ok(CameraSelector::Name("HD Pro".into())));
}

#[test]
#[ignore = "played by a_yuyv_camera_is_found_and_delivers"]
fn act_yuyv() {
    let cameras = list_cameras().unwrap();
    assert_eq!(cameras.len(), 1);
    assert_eq!(cameras[0].index, 0);
    let error = open_camera(&CameraSelector::Index(7), &CameraOptions::default()).err().unwrap().to_string();
    assert!(error.contains("number 7") && error.contains("there is: 0"), "{error}");
    // In its list it has only a path; a part of that is a name too.
    let mut camera = open_camera(&CameraSelector::Name("DEV/VIDEO".into()), &CameraOptions::default()).unwrap();
    let info = camera.info().clone();
    assert_eq!((info.width, info.height, info.frame_rate), (640, 480, Some(30.0)));
    assert_eq!(info.name, "Test Camera");
    let started = Instant::now();
    for number in 0..30_u64 {
        let frame = camera.next_frame().unwrap().unwrap();
        assert_eq!((frame.seq, frame.format), (number, PixelFormat::Yuyv));
        assert_eq!(u64::from(frame.pixels[0]), 16 + number, "frames come in order");
        assert!(frame.captured_at.elapsed().as_millis() < 2000);
        let rgb = frame.into_rgb8();
        let (left, right) = (&rgb.pixels[30..33], &rgb.pixels[639 * 3..640 * 3]);
        assert!(left.iter().all(|value| *value >= 254), "white is {left:?}");
        assert!(right[0] >= 253 && right[1] <= 2 && right[2] <= 2, "red is {right:?}");
    }
    let elapsed_s = started.elapsed().as_secs_f64();
    assert!(elapsed_s > 0.9, "30 frames of a 30 Hz camera in {elapsed_s:.2} s");
    assert!((camera.position_s() - elapsed_s).abs() < 0.2);
    drop(camera);
    // It can be opened again, and asked for another size.
    let wish = CameraOptions { width: 1280, height: 720, frame_rate: 10 };
    let camera = open_camera(&CameraSelector::First, &wish).unwrap();
    assert_eq!((camera.info().width, camera.info().frame_rate), (1280, Some(10.0)));
}

#[test]
#[ignore = "played by an_mjpeg_camera_is_decoded_and_torn_frames_are_skipped"]
fn act_mjpeg() {
    let mut camera = open_camera(&CameraSelector::Index(0), &CameraOptions::default()).unwrap();
    let expected = common::moving_picture(640, 480, 0);
    let mut numbers = Vec::new();
    for _ in 0..6 {
        let frame = camera.next_frame().unwrap().unwrap();
        assert_eq!(frame.format, PixelFormat::Rgb8);
        assert!(common::psnr_db(&frame, &expected) > 30.0);
        numbers.push(frame.seq);
    }
    // Every third frame is garbage; its number is missing.
    assert_eq!(numbers, [0, 1, 3, 4, 6, 7]);
}

#[test]
#[ignore = "played by an_unplugged_camera_is_an_error_not_a_panic"]
fn act_unplugged() {
    let mut camera = open_camera(&CameraSelector::First, &CameraOptions::default()).unwrap();
    for _ in 0..5 {
        camera.next_frame().unwrap().unwrap();
    }
    let error = camera.next_frame().unwrap_err().to_string();
    assert!(error.contains("unplugged") && error.contains("plug it in again"), "{error}");
    drop(camera);
}

#[test]
#[ignore = "played by a_camera_that_cannot_be_stopped_does_not_take_the_program_down"]
fn act_broken() {
    let mut camera = open_camera(&CameraSelector::First, &CameraOptions::default()).unwrap();
    for _ in 0..5 {
        camera.next_frame().unwrap().unwrap();
    }
    let error = camera.next_frame().unwrap_err().to_string();
    assert!(error.contains("capturing failed"), "{error}");
    drop(camera);
}

#[test]
#[ignore = "played by refusals_name_the_camera_and_the_remedy"]
fn act_say_error() {
    let opened = open_camera(&CameraSelector::First, &CameraOptions::default());
    let error = match opened {
        Err(error) => error,
        Ok(mut camera) => camera.next_frame().expect_err("nothing usable comes"),
    };
    println!("{error}");
}
