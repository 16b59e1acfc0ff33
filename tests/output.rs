//! Outputs under fire: kills and interrupts at any moment, two writers into one place, closed and full streams. Whatever
//! happens, what others wrote stays, and no half file has a final name.
//!
//! OTHERGLASS_LONG=1 plays every format 20 times instead of 4.
#![cfg(unix)]
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "what is skipped is told to whoever runs the tests")]

mod common;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use common::{Numbers, frames_of, names_in, otherglass, ran, write_footage};

/// One name for each format.
const OUTPUTS: [&str; 4] = ["out.mp4", "out.gif", "frames", "out.png"];

/// Names that a careless program would take for its own.
const BYSTANDERS: [&str; 9] = [
    "out.mp4.partial",
    "out.gif.partial",
    "out.png.partial",
    "frames.partial",
    ".out.mp4.tmp",
    "out.mp4.tmp",
    "000000.png",
    "20240115.png",
    ".otherglass-notes",
];

fn rounds() -> usize {
    if std::env::var_os("OTHERGLASS_LONG").is_some() { 20 } else { 4 }
}

fn render(input: &Path, output: &Path) -> Command {
    let mut command = otherglass();
    command.args(["render", "--engine", "passthrough", "--output"]).arg(output).arg(input);
    command.stdout(Stdio::null()).stderr(Stdio::null());
    command
}

fn signal(child: &Child, name: &str) {
    // Perhaps it ended before.
    let _sent = Command::new("kill").args([format!("-{name}"), child.id().to_string()]).stderr(Stdio::null()).status();
}

/// The bystanders of a folder, written or as they must be.
fn bystanders(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let beside = BYSTANDERS.iter().map(|name| (folder.join(name), name.as_bytes().to_vec()));
    let within = ["20240115.png", "1700000123.png", "notes.txt"].iter();
    beside.chain(within.map(|name| (folder.join("frames").join(name), name.as_bytes().to_vec()))).collect()
}

/// Frames of an output; a panic where it is not whole.
fn whole(output: &Path) -> usize {
    if output.is_dir() {
        let names = names_in(output);
        let frames: Vec<_> = names.iter().filter(|name| name.len() == 10 && name.ends_with(".png")).collect();
        for name in &frames {
            image::open(output.join(name)).unwrap_or_else(|error| panic!("{name}: {error}"));
        }
        return frames.len();
    }
    frames_of(output).len()
}

#[test]
fn kills_and_interrupts_at_any_moment_harm_nobody() {
    let inputs = tempfile::tempdir().unwrap();
    let (clip, still) = (inputs.path().join("clip.mp4"), inputs.path().join("still"));
    write_footage(&clip, 320, 240, 60);
    write_footage(&still, 640, 480, 1);
    let mut numbers = Numbers(28);
    for name in OUTPUTS {
        let input = if name == "out.png" { &still } else { &clip };
        let folder = tempfile::tempdir().unwrap();
        let output = folder.path().join(name);
        fs::create_dir(folder.path().join("frames")).unwrap();
        let others = bystanders(folder.path());
        for (path, bytes) in &others {
            fs::write(path, bytes).unwrap();
        }
        let mut seen = std::collections::BTreeSet::new();
        for round in 0..rounds() {
            let signal_name = ["KILL", "INT", "TERM", "KILL"][round % 4];
            let mut child = render(input, &output).spawn().unwrap();
            std::thread::sleep(Duration::from_millis(numbers.below(900) as u64));
            signal(&child, signal_name);
            let code = child.wait().unwrap().code();
            seen.insert(code);
            for (path, bytes) in &others {
                assert_eq!(fs::read(path).unwrap(), *bytes, "{name}, round {round}, {signal_name}: {}", path.display());
            }
            if output.is_file() {
                assert!(whole(&output) > 0, "{name}, round {round}, {signal_name}");
            } else if output.is_dir() {
                whole(&output);
            }
        }
        // The next run to its end clears up what the crashes left.
        assert!(render(input, &output).status().unwrap().success(), "{name}");
        assert_eq!(whole(&output), if name == "out.png" { 1 } else { 60 }, "{name}");
        for place in [folder.path(), &folder.path().join("frames")] {
            let left: Vec<_> = names_in(place).into_iter().filter(|name| name.starts_with(".otherglass-")).collect();
            assert!(left.iter().all(|name| name == ".otherglass-notes"), "{name}: left over: {left:?}");
        }
        for (path, bytes) in &others {
            assert_eq!(fs::read(path).unwrap(), *bytes, "{name}: {}", path.display());
        }
        println!("{name}: ended with {seen:?}");
    }
}

#[test]
fn of_two_writers_one_wins_whole() {
    let inputs = tempfile::tempdir().unwrap();
    let (long, short) = (inputs.path().join("long.mp4"), inputs.path().join("short.mp4"));
    write_footage(&long, 160, 120, 40);
    write_footage(&short, 160, 120, 15);
    let stills = [inputs.path().join("a"), inputs.path().join("b")];
    stills.iter().for_each(|still| write_footage(still, 320, 240, 1));
    let mut numbers = Numbers(2);
    for name in OUTPUTS {
        let pictures = name == "out.png";
        let (first, second) = if pictures { (&stills[0], &stills[1]) } else { (&long, &short) };
        for round in 0..rounds() {
            let folder = tempfile::tempdir().unwrap();
            let output = folder.path().join(name);
            let mut one = render(first, &output).spawn().unwrap();
            std::thread::sleep(Duration::from_millis(numbers.below(250) as u64));
            let mut two = render(second, &output).spawn().unwrap();
            let (one, two) = (one.wait().unwrap(), two.wait().unwrap());
            assert!(one.success() || two.success(), "{name}, round {round}: both failed");
            let frames = whole(&output);
            assert!(frames == if pictures { 1 } else { 40 } || frames == 15, "{name}, round {round}: {frames} frames");
            assert_eq!(names_in(folder.path()), [name], "round {round}");
        }
    }
}

#[test]
fn a_standard_error_that_is_closed_or_full_costs_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let clip = folder.path().join("clip.mp4");
    write_footage(&clip, 64, 48, 10);
    let binary = env!("CARGO_BIN_EXE_otherglass");
    let (clip, folder) = (clip.display().to_string(), folder.path().display().to_string());
    for (number, redirection) in ["2>&-", "2>/dev/full", "2>&1 | head -n 1", "2>&1 >&- | true"].iter().enumerate() {
        let output = format!("{folder}/{number}.mp4");
        let line = format!(
            "set -o pipefail; '{binary}' render '{clip}' --engine passthrough --say 'give me a crown' --at '0.1:give me wings' \
             --at '0.2:qwrtp' -o '{output}' {redirection}"
        );
        let done = ran(Command::new("bash").args(["-c", &line]).stdin(Stdio::null()));
        assert!(!done.err.contains("panicked"), "{redirection}: {done:#?}");
        assert_eq!(whole(Path::new(&output)), 10, "{redirection}: {done:#?}");
        let said =
            ran(Command::new("bash").args(["-c", &format!("'{binary}' say --json 'give me a crown' {redirection}")]));
        assert!(!said.err.contains("panicked") && said.code == Some(0), "{redirection}: {said:#?}");
    }
    // The same without a redirection says something, so that there was something to lose.
    let done = ran(otherglass()
        .args(["render", &clip, "--engine", "passthrough", "--say", "crown", "-o"])
        .arg(format!("{folder}/x.gif")));
    assert!(done.err.lines().count() > 1, "{done:#?}");
}

#[test]
fn no_escape_sequence_of_a_visitor_reaches_the_log() {
    let folder = tempfile::tempdir().unwrap();
    let clip = folder.path().join("clip.mp4");
    write_footage(&clip, 64, 48, 2);
    let done = ran(otherglass()
        .args(["render", "--engine", "passthrough", "--say", "\u{1b}]0;pwned\u{7}a sword", "-o"])
        .args([folder.path().join("x.gif"), clip]))
    .succeeded();
    assert!(done.err.contains("a sword") && !done.err.contains('\u{1b}') && !done.err.contains('\u{7}'), "{done:#?}");
}
