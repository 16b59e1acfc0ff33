//! Damaged copies of good files, and a watch over the program that reads them.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use super::common::{Numbers, Ran};

/// The longest a reader may take over a damaged input of a second or less.
const PATIENCE: Duration = Duration::from_secs(5);

/// The most memory it may ever hold.
const MEMORY_KIB: u64 = 1 << 20;

/// A damaged copy, and the damage in words: a cut, flipped bits, a wrong length, a hole, a piece of the file in another
/// place, a piece twice, a piece gone.
///
/// Half of the damage goes to the first 2 KiB, where most formats have their headers.
pub fn damaged(good: &[u8], numbers: &mut Numbers) -> (Vec<u8>, String) {
    let mut bytes = good.to_vec();
    let reach = if numbers.below(2) == 0 { bytes.len().min(2048) } else { bytes.len() };
    let at = numbers.below(reach);
    let len = (1 + numbers.below(64)).min(bytes.len() - at);
    let what = match numbers.below(8) {
        0 => {
            bytes.truncate(numbers.below(good.len()));
            format!("cut to {} bytes", bytes.len())
        }
        1 | 2 => {
            let flips = 1 + numbers.below(8);
            for _ in 0..flips {
                let at = numbers.below(reach);
                bytes[at] ^= 1 << numbers.below(8);
            }
            format!("{flips} bits flipped in the first {reach} bytes")
        }
        3 => {
            let value: u32 = [u32::MAX, 0x7fff_ffff, 0x8000_0000, 0x00ff_ffff, 0][numbers.below(5)];
            let end = (at + 4).min(bytes.len());
            bytes[at..end].copy_from_slice(&value.to_be_bytes()[..end - at]);
            format!("{value:#x} at {at}")
        }
        4 => {
            bytes[at..at + len].fill(0);
            format!("{len} zeros at {at}")
        }
        5 => {
            let from = numbers.below(bytes.len() - len + 1);
            bytes.copy_within(from..from + len, at);
            format!("{len} bytes of {from} at {at}")
        }
        6 => {
            let piece = bytes[at..at + len].to_vec();
            bytes.splice(at..at, piece);
            format!("{len} bytes at {at} twice")
        }
        _ => {
            bytes.drain(at..at + len);
            format!("{len} bytes at {at} gone")
        }
    };
    (bytes, what)
}

/// Damages a good file again and again and lets the program read it: every time it ends soon, within its memory, without a
/// panic, and where it fails with 1 and words that name the file. The number of inputs that were read without an error.
///
/// `command` makes the command line for a file. What it leaves in the file's folder is removed after each round.
#[track_caller]
pub fn torment(name: &str, good: &[u8], rounds: usize, command: impl Fn(&Path) -> Command) -> usize {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join(name);
    let mut numbers = Numbers(name.bytes().fold(15, |seed, byte| seed * 31 + u64::from(byte)));
    let mut survivors = 0;
    for round in 0..rounds {
        let (bytes, what) = damaged(good, &mut numbers);
        fs::write(&file, &bytes).unwrap();
        let ran = watched(&mut command(&file), folder.path(), &format!("{name}, round {round}, {what}"));
        let story = || format!("{name}, round {round}, {what}: {ran:#?}");
        assert!(!ran.err.contains("panicked"), "{}", story());
        match ran.code {
            Some(0) => survivors += 1,
            Some(1) => assert!(ran.err.contains("error: ") && ran.err.contains(name), "not named: {}", story()),
            _ => panic!("neither 0 nor 1: {}", story()),
        }
    }
    survivors
}

/// Runs a command to its end, which must come within [`PATIENCE`] and [`MEMORY_KIB`].
#[track_caller]
fn watched(command: &mut Command, folder: &Path, what: &str) -> Ran {
    let (out, err) = (folder.join("stdout"), folder.join("stderr"));
    let to = |path: &Path| Stdio::from(fs::File::create(path).unwrap());
    let mut child = command.stdin(Stdio::null()).stdout(to(&out)).stderr(to(&err)).spawn().expect("the binary starts");
    let status_file = format!("/proc/{}/status", child.id());
    let started = Instant::now();
    let status = loop {
        if let Some(status) = child.try_wait().unwrap() {
            break status;
        }
        let peak_kib = peak_memory_kib(&fs::read_to_string(&status_file).unwrap_or_default());
        let late = started.elapsed() > PATIENCE;
        if late || peak_kib > MEMORY_KIB {
            child.kill().unwrap();
            child.wait().unwrap();
            let kept = std::env::temp_dir().join("otherglass-damaged-input");
            fs::copy(folder.join(what.split(',').next().unwrap()), &kept).unwrap();
            panic!(
                "{what}: after {:?} with {peak_kib} KiB; the input is kept as {}",
                started.elapsed(),
                kept.display()
            );
        }
        std::thread::sleep(Duration::from_millis(4));
    };
    let read = |path: &Path| String::from_utf8_lossy(&fs::read(path).unwrap()).into_owned();
    Ran { code: status.code(), out: read(&out), err: read(&err) }
}

/// The most memory that a process ever held, of Linux's `/proc/PID/status`; 0 where it is not told.
fn peak_memory_kib(status: &str) -> u64 {
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.trim().trim_end_matches("kB").trim().parse().ok()).unwrap_or(0)
}

#[test]
fn the_watch_ends_what_takes_too_long_or_too_much() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("slow"), "x").unwrap();
    let slow = std::panic::catch_unwind(|| watched(Command::new("sleep").arg("60"), folder.path(), "slow, a test"));
    assert!(slow.is_err(), "a minute of sleep passed for soon");
    assert_eq!(peak_memory_kib("Name:\tx\nVmHWM:\t    1234 kB\nVmRSS:\t 7 kB\n"), 1234);
}
