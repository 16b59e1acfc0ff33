//! The window on real and dead displays, and the signals that end the program.
#![cfg(target_os = "linux")]
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "what is skipped is told to whoever runs the tests")]

mod common;

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use common::{Display, otherglass, ran};

fn signal(child: &Child, name: &str) {
    let sent = Command::new("kill").args([format!("-{name}"), child.id().to_string()]).status();
    assert!(sent.is_ok_and(|status| status.success()), "{name} could not be sent");
}

/// The exit code; the program is killed where it stays longer than a minute.
fn code_of(mut child: Child) -> Option<i32> {
    let begun = Instant::now();
    loop {
        if let Some(status) = child.try_wait().unwrap() {
            return status.code();
        }
        if begun.elapsed() > Duration::from_secs(60) {
            child.kill().unwrap();
            child.wait().unwrap();
            panic!("it went on");
        }
        std::thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn a_stale_wayland_display_does_not_keep_the_window_from_x11() {
    let Some(server) = Display::start() else { return };
    let folder = tempfile::tempdir().unwrap();
    for (name, value) in [("WAYLAND_DISPLAY", "wayland-9"), ("WAYLAND_SOCKET", "99")] {
        let picture = folder.path().join(format!("{name}.png"));
        let ran = ran(otherglass()
            .args(["--engine", "passthrough", "--no-microphone", "--screenshot-after"])
            .arg(format!("2:{}", picture.display()))
            .env("DISPLAY", &server.name)
            .env("XDG_RUNTIME_DIR", folder.path())
            .env(name, value)
            .current_dir(folder.path()))
        .succeeded();
        assert!(picture.is_file(), "{name}: no window was there: {ran:#?}");
    }
}

#[test]
fn without_any_display_that_answers_the_demo_is_rendered_and_no_source_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let clip = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/demo/visitor.mp4");
    for displays in [
        &[("WAYLAND_DISPLAY", "wayland-9")][..],
        &[("DISPLAY", ":7654")],
        &[("WAYLAND_DISPLAY", "wayland-9"), ("DISPLAY", ":7654")],
    ] {
        let mut child = otherglass()
            .args(["--engine", "passthrough", "--say", "crown", "--no-microphone", "--camera"])
            .arg(&clip)
            .envs(displays.iter().copied())
            .env("XDG_RUNTIME_DIR", folder.path())
            .current_dir(folder.path())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut told = String::new();
        let mut lines = BufReader::new(child.stderr.take().unwrap());
        while !told.contains("Rendering a demo") && lines.read_line(&mut told).is_ok_and(|read| read > 0) {}
        signal(&child, "TERM");
        drop(std::thread::spawn(move || std::io::copy(&mut lines, &mut std::io::sink())));
        assert_eq!(code_of(child), Some(143), "{told}");
        assert!(told.contains("can't be opened") && told.contains(displays[0].1), "{told}");
        assert!(!told.contains(".rs:") && !told.contains("panicked"), "{told}");
    }
}

#[test]
fn each_signal_has_its_exit_code_and_the_file_is_finished() {
    let folder = tempfile::tempdir().unwrap();
    let clip = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/demo/visitor.mp4");
    for (name, code) in [("INT", 130), ("TERM", 143), ("HUP", 129)] {
        let output = folder.path().join(format!("{name}.gif"));
        let child = otherglass()
            .args(["render", "--engine", "house@cpu", "--say", "crown", "--output"])
            .args([&output, &clip])
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        std::thread::sleep(Duration::from_secs(4));
        signal(&child, name);
        assert_eq!(code_of(child), Some(code), "{name}");
        assert!(std::fs::read(&output).is_ok_and(|bytes| bytes.ends_with(&[0x3b])), "{name}: no whole GIF");
    }
}
