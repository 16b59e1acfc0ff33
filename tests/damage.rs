//! Five hundred damaged inputs for every reader, through the real binary: each ends in a result or in words, soon, within
//! a bound of memory, and without a panic.
//!
//! Ordinarily each reader gets 25 of them; OTHERGLASS_LONG=1 gives it all 500.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "what is skipped is told to whoever runs the tests")]

mod common;
#[path = "common/damage.rs"]
mod damage;

use std::fs;
use std::path::Path;
use std::process::Command;

use common::{otherglass, spoken, write_footage};
use damage::torment;
use otherglass_speech::sound;

/// Damaged inputs for one reader.
fn rounds() -> usize {
    if std::env::var_os("OTHERGLASS_LONG").is_some() { 500 } else { 25 }
}

/// Draws a clip or picture with the plain engine, a third of a second of it.
fn render(file: &Path) -> Command {
    let mut command = otherglass();
    command.arg("render").arg(file).args(["--engine", "passthrough", "--seconds", "0.3", "--output"]);
    command.arg(file.with_file_name("out.gif"));
    command
}

fn transcribe(file: &Path) -> Command {
    let mut command = otherglass();
    command.arg("transcribe").arg(file);
    command
}

/// A small clip, 64x48, 8 frames, in the format of its name, by the program's own writers.
fn clip(name: &str) -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    write_footage(&folder.path().join(name), 64, 48, 8);
    fs::read(folder.path().join(name)).unwrap()
}

/// The same in any format that ffmpeg writes; says why the test is skipped where it can't.
fn converted(name: &str, arguments: &[&str]) -> Option<Vec<u8>> {
    let folder = tempfile::tempdir().unwrap();
    let (source, target) = (folder.path().join("source.mp4"), folder.path().join(name));
    fs::write(&source, clip("source.mp4")).unwrap();
    from_ffmpeg(&source, &target, arguments)
}

fn from_ffmpeg(source: &Path, target: &Path, arguments: &[&str]) -> Option<Vec<u8>> {
    let mut ffmpeg = Command::new("ffmpeg");
    ffmpeg.args(["-v", "error", "-nostdin", "-i"]).arg(source).args(arguments).arg(target);
    match ffmpeg.output() {
        Ok(output) if output.status.success() => Some(fs::read(target).unwrap()),
        Ok(output) => {
            let why = String::from_utf8_lossy(&output.stderr).into_owned();
            eprintln!("skipped: damaged {}: ffmpeg here can't write it: {why}", target.display());
            None
        }
        Err(_) => {
            eprintln!("skipped: damaged clips and sounds of many kinds: ffmpeg is missing");
            None
        }
    }
}

/// A word, in the format of the name.
fn sound(name: &str) -> Option<Vec<u8>> {
    let folder = tempfile::tempdir().unwrap();
    let samples = spoken(folder.path(), "en-us", &["Crown."])?;
    let (source, target) = (folder.path().join("source.wav"), folder.path().join(name));
    sound::write(&source, &samples[12_000..samples.len().min(40_000)]).unwrap();
    if name.ends_with("wav") { Some(fs::read(source).unwrap()) } else { from_ffmpeg(&source, &target, &[]) }
}

#[test]
fn mp4() {
    let survivors = torment("damaged.mp4", &clip("a.mp4"), rounds(), render);
    assert!(survivors > rounds() / 10, "many small faults do no harm; here only {survivors} of {} passed", rounds());
}

#[test]
fn gif() {
    torment("damaged.gif", &clip("a.gif"), rounds(), render);
}

#[test]
fn y4m() {
    let mut bytes = b"YUV4MPEG2 W16 H16 F30:1 C420\n".to_vec();
    for luma in 0..6 {
        bytes.extend(b"FRAME\n");
        bytes.extend([luma * 20; 16 * 16 * 3 / 2]);
    }
    torment("damaged.y4m", &bytes, rounds(), render);
}

#[test]
fn pictures() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["a.png", "a.jpg", "a.webp", "a.bmp"] {
        let path = folder.path().join(name);
        image::RgbImage::from_fn(40, 30, |x, y| image::Rgb([x as u8, y as u8, 90])).save(&path).unwrap();
        torment(name, &fs::read(&path).unwrap(), rounds(), render);
    }
}

#[test]
fn clips_of_other_programs() {
    let kinds: [(&str, &[&str]); 6] = [
        ("cut_in.mp4", &["-c", "copy", "-ss", "0.1"]),
        ("damaged.mkv", &["-c", "copy"]),
        ("moving.webp", &["-c:v", "libwebp_anim"]),
        ("moving.png", &["-f", "apng"]),
        ("stream.mjpeg", &["-f", "mjpeg"]),
        ("deep.y4m", &["-pix_fmt", "yuv420p10le", "-strict", "-1"]),
    ];
    for (name, arguments) in kinds {
        if let Some(good) = converted(name, arguments) {
            torment(name, &good, rounds(), render);
        }
    }
}

#[test]
fn clips_through_ffmpeg() {
    for (name, arguments) in
        [("damaged.avi", &[][..]), ("damaged.ts", &["-c", "copy"]), ("damaged.tiff", &["-frames:v", "1"])]
    {
        if let Some(good) = converted(name, arguments) {
            torment(name, &good, rounds(), render);
        }
    }
}

#[test]
fn sounds() {
    for name in ["damaged.wav", "damaged.mp3", "damaged.flac", "damaged.ogg", "damaged.m4a"] {
        if let Some(good) = sound(name) {
            torment(name, &good, rounds(), transcribe);
        }
    }
}

#[test]
fn configuration() {
    let footage = tempfile::tempdir().unwrap();
    let clip = footage.path().join("clip.gif");
    write_footage(&clip, 16, 16, 1);
    let good = "camera = 1\nmicrophone = \"usb\"\nengine = \"passthrough\"\nmirror = false\nfullscreen = true\nseed = 9\n\
        pictures = \"/tmp/p\"\n[speech]\nlisten = false\npush_to_talk = true\nwake = true\nmodel = \"tiny\"\n\
        language = \"zh\"\n[kiosk]\nreset_after_minutes = 0.5\n";
    torment("config.toml", good.as_bytes(), rounds(), |file| {
        let mut command = render(&clip);
        command.arg("--config").arg(file);
        command
    });
}
