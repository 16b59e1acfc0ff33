//! The real window under a virtual display: it opens, shows the clip that plays the camera, and closes.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "what is skipped is told to whoever runs the tests")]

mod common;

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use common::{Display, otherglass, ran, write_footage};

fn in_window(display: &Display, folder: &Path, arguments: &[&str]) -> common::Ran {
    let mut command = otherglass();
    command.env("DISPLAY", &display.name).env("LIBGL_ALWAYS_SOFTWARE", "1").env("XDG_RUNTIME_DIR", folder);
    ran(command.current_dir(folder).args(arguments))
}

#[test]
fn the_window_opens_shows_the_clip_and_closes() {
    let Some(display) = Display::start() else { return };
    let folder = tempfile::tempdir().unwrap();
    write_footage(&folder.path().join("me.mp4"), 160, 120, 30);
    let arguments = [
        "--camera",
        "me.mp4",
        "--engine",
        "passthrough",
        "--say",
        "give me a crown",
        "--screenshot-after",
        "3:window.png",
    ];
    in_window(&display, folder.path(), &arguments).succeeded();
    let picture = image::open(folder.path().join("window.png")).expect("the screenshot is there").to_rgb8();
    assert!(picture.width() >= 640 && picture.height() >= 400, "{}x{}", picture.width(), picture.height());
    // The footage is blue on one side and red on the other; in a mirror the red one is left.
    let at = |x: f64, y: f64| {
        picture.get_pixel((x * f64::from(picture.width())) as u32, (y * f64::from(picture.height())) as u32).0
    };
    let (left, right) = (at(0.04, 0.25), at(0.96, 0.25));
    assert!(left[0] > 150 && left[2] < 100, "left is {left:?}, not the red side of the footage");
    assert!(right[2] > 150 && right[0] < 100, "right is {right:?}, not the blue side of the footage");
}

#[test]
fn without_a_camera_the_window_opens_all_the_same() {
    let Some(display) = Display::start() else { return };
    if Path::new("/dev/video0").exists() {
        eprintln!("skipped: this machine has a camera, so its absence can't be shown");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let arguments = ["--engine", "passthrough", "--screenshot-after", "3:window.png"];
    in_window(&display, folder.path(), &arguments).succeeded();
    let picture = image::open(folder.path().join("window.png")).expect("the screenshot is there").to_luma8();
    let bright = picture.pixels().filter(|pixel| pixel.0[0] > 120).count();
    assert!(bright > 500, "the window is dark: {bright} bright pixels");
}

#[test]
fn a_clip_that_is_not_there_is_told_before_a_window_opens() {
    let Some(display) = Display::start() else { return };
    let folder = tempfile::tempdir().unwrap();
    in_window(&display, folder.path(), &["--camera", "absent.mp4"]).failed(1, &["absent.mp4"]);
}

#[cfg(unix)]
#[test]
fn ctrl_c_closes_the_window() {
    let Some(display) = Display::start() else { return };
    let folder = tempfile::tempdir().unwrap();
    write_footage(&folder.path().join("me.mp4"), 160, 120, 30);
    let mut child = otherglass()
        .env("DISPLAY", &display.name)
        .env("LIBGL_ALWAYS_SOFTWARE", "1")
        .env("XDG_RUNTIME_DIR", folder.path())
        .current_dir(folder.path())
        .args(["--camera", "me.mp4", "--engine", "passthrough"])
        .spawn()
        .unwrap();
    std::thread::sleep(Duration::from_secs(3));
    assert!(child.try_wait().unwrap().is_none(), "the window closed by itself");
    assert!(Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap().success());
    let deadline = Instant::now() + Duration::from_secs(15);
    let code = loop {
        if let Some(status) = child.try_wait().unwrap() {
            break status.code();
        }
        if Instant::now() >= deadline {
            child.kill().unwrap();
            panic!("the window was still open 15 s after Ctrl-C");
        }
        std::thread::sleep(Duration::from_millis(20));
    };
    assert_eq!(code, Some(130));
}
