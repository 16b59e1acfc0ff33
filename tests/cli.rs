//! The command line of the real binary: exit codes, and errors that name the thing and the fix.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "what is skipped is told to whoever runs the tests")]

mod common;

use std::path::Path;

use common::{copy_folder, otherglass, ran, run};

#[test]
fn usage_errors_end_with_2() {
    run(&["frobnicate"]).failed(2, &["frobnicate"]);
    run(&["render", "in.mp4"]).failed(2, &["--output"]);
    run(&["render", "in.mp4", "--output", "o.mp4", "--engine", "hose"]).failed(2, &["hose", "house", "passthrough"]);
    run(&["render", "in.mp4", "--output", "o.mp4", "--at", "blue"]).failed(2, &["colon", "2.5:"]);
    run(&["render", "in.mp4", "--output", "o.mp4", "--at", "soon:blue"]).failed(2, &["soon", "seconds"]);
    run(&["render", "in.mp4", "--output", "o.mp4", "--seconds", "0"]).failed(2, &["more than 0"]);
    run(&["render", "in.mp4", "--output", "o.mp4", "--seconds", "-3"]).failed(2, &["-3"]);
    run(&["--kiosk", "devices"]).failed(2, &["window"]);
}

#[test]
fn help_and_version_end_with_0() {
    assert!(run(&["--help"]).succeeded().out.contains("render"));
    assert!(run(&["render", "--help"]).succeeded().out.contains("--at"));
    assert!(run(&["--version"]).succeeded().out.contains(env!("CARGO_PKG_VERSION")));
}

#[test]
fn only_commands_that_work_are_offered() {
    let help = run(&["--help"]).succeeded().out;
    assert!(!help.contains("screenshot"), "screenshot is offered");
}

#[test]
fn a_reader_that_went_away_ends_it_quietly() {
    let (reader, writer) = std::io::pipe().expect("pipe");
    drop(reader);
    let ended = otherglass().args(["say", "give me a sword"]).stdout(writer).output().expect("the binary");
    let told = String::from_utf8_lossy(&ended.stderr);
    assert!(ended.status.success() && !told.contains("panic"), "{:?}: {told}", ended.status);
}

#[test]
fn a_wrong_configuration_names_file_key_and_nearest() {
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("mirror.toml");
    std::fs::write(&config, "camra = 0\n").unwrap();
    let path = config.to_str().unwrap();
    run(&["render", "in.mp4", "--output", "o.mp4", "--config", path]).failed(1, &["mirror.toml", "camra", "`camera`"]);
    run(&["render", "in.mp4", "--output", "o.mp4", "--config", "/no/such.toml"]).failed(1, &["/no/such.toml"]);
}

#[test]
fn the_platforms_configuration_is_read() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("otherglass")).unwrap();
    std::fs::write(folder.path().join("otherglass/config.toml"), "engine = \"hose\"\n").unwrap();
    let mut command = otherglass();
    command.env("XDG_CONFIG_HOME", folder.path()).args(["render", "in.mp4", "--output", "o.mp4"]);
    ran(&mut command).failed(1, &["config.toml", "hose", "house"]);
}

#[test]
fn devices_lists_or_says_what_to_do() {
    let out = run(&["devices"]).succeeded().out;
    assert!(out.contains("--camera") && out.to_lowercase().contains("microphone"), "{out}");
}

#[test]
fn the_doctor_names_each_thing_and_how_to_get_it() {
    let ran = run(&["doctor", "--assets", "/no/such/assets"]);
    assert_eq!(ran.code, Some(1), "{ran:#?}");
    for thing in [
        "camera",
        "microphone",
        "speech model",
        "display",
        "GPU driver",
        "assets",
        "Chinese font",
        "ffmpeg",
        "configuration",
    ] {
        assert!(ran.out.contains(thing), "{thing} was not looked at: {ran:#?}");
    }
    let display = ran.out.lines().find(|line| line.contains("display ")).unwrap();
    assert!(display.starts_with("missing") && display.contains("DISPLAY"), "{display}");
    assert!(ran.out.contains("BROKEN") && ran.out.contains("/no/such/assets"), "{ran:#?}");
}

#[test]
fn the_doctor_is_content_with_what_is_shipped() {
    let ran = run(&["doctor"]).succeeded();
    let weights = ran.out.lines().find(|line| line.contains("weights")).unwrap_or_default();
    assert!(weights.starts_with("ok"), "{ran:#?}");
}

#[test]
fn missing_assets_name_the_places_and_the_flag() {
    let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("assets");
    let folder = tempfile::tempdir().unwrap();
    let bench = ["bench", "--assets", folder.path().to_str().unwrap(), "--frames", "1"];
    run(&bench).failed(1, &["models.toml", "--assets"]);
    std::fs::copy(shipped.join("models.toml"), folder.path().join("models.toml")).unwrap();
    copy_folder(&shipped.join("house"), &folder.path().join("house"));
    run(&bench).failed(1, &["demo clip", "--assets"]);
    run(&["bench", "--assets", "/no/such/assets"]).failed(1, &["--assets", "/no/such/assets"]);
}
