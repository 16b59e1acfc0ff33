//! What the end-to-end tests share: the binary in a clean environment, footage made here, and the real clips.

// Each test file is a program of its own and uses some of this.
#![allow(dead_code)]

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::Instant;

use otherglass::models::SpeechModels;
use otherglass_vision::{Frame, SinkOptions, open_clip, open_sink};

/// The binary under test, without the display, the configuration and the variables of whoever runs the tests.
pub fn otherglass() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_otherglass"));
    for name in ["DISPLAY", "WAYLAND_DISPLAY", "OTHERGLASS_ASSETS", "OTHERGLASS_MODELS", "OTHERGLASS_LOG"] {
        command.env_remove(name);
    }
    command.env("XDG_CONFIG_HOME", "/nonexistent/config");
    command
}

/// Runs it; what it printed is in the panic of whatever fails later.
pub fn run(arguments: &[&str]) -> Ran {
    ran(otherglass().args(arguments))
}

pub fn ran(command: &mut Command) -> Ran {
    let Output { status, stdout, stderr } = command.output().expect("the binary starts");
    Ran {
        code: status.code(),
        out: String::from_utf8_lossy(&stdout).into_owned(),
        err: String::from_utf8_lossy(&stderr).into_owned(),
    }
}

#[derive(Debug)]
pub struct Ran {
    pub code: Option<i32>,
    pub out: String,
    pub err: String,
}

impl Ran {
    #[track_caller]
    pub fn succeeded(self) -> Self {
        assert_eq!(self.code, Some(0), "{self:#?}");
        self
    }

    /// Failed with that code, and every one of `words` is in what it said.
    #[track_caller]
    pub fn failed(self, code: i32, words: &[&str]) -> Self {
        assert_eq!(self.code, Some(code), "{self:#?}");
        for word in words {
            assert!(self.err.contains(word), "\"{word}\" was not said: {self:#?}");
        }
        assert!(!self.err.contains("panicked"), "{self:#?}");
        self
    }
}

/// A picture that is different left and right, and moves: a bright square on a gradient.
pub fn test_frame(width: u32, height: u32, seq: u64) -> Frame {
    let square = (seq as u32 * 3) % width.max(1);
    let mut pixels = Vec::with_capacity((width * height * 3) as usize);
    for y in 0..height {
        for x in 0..width {
            let inside = x.abs_diff(square) < width / 8 && y.abs_diff(height / 2) < height / 6;
            let left_to_right = (x * 255 / width.max(1)) as u8;
            pixels.extend(if inside { [250, 240, 60] } else { [left_to_right, 40, 255 - left_to_right] });
        }
    }
    Frame::rgb8(pixels, width, height, seq, Instant::now()).expect("the length fits")
}

/// Writes such footage, at 30 frames a second.
pub fn write_footage(path: &Path, width: u32, height: u32, frames: u64) {
    let mut sink = open_sink(path, &SinkOptions::default()).expect("the sink opens");
    for seq in 0..frames {
        sink.write(&test_frame(width, height, seq)).expect("a frame is written");
    }
    sink.finish().expect("the footage is finished");
}

/// Every frame of a clip or folder, RGB.
pub fn frames_of(path: &Path) -> Vec<Frame> {
    let mut source = open_clip(path).unwrap_or_else(|error| panic!("{} does not open: {error}", path.display()));
    let mut frames = Vec::new();
    while let Some(frame) = source.next_frame().unwrap_or_else(|error| panic!("{}: {error}", path.display())) {
        frames.push(frame.into_rgb8());
    }
    frames
}

/// Peak signal to noise ratio of two pictures of one size, dB.
pub fn psnr_db(a: &Frame, b: &Frame) -> f64 {
    assert_eq!((a.width, a.height), (b.width, b.height));
    let squares: f64 = a.pixels.iter().zip(&b.pixels).map(|(a, b)| (f64::from(*a) - f64::from(*b)).powi(2)).sum();
    10.0 * (255.0 * 255.0 * a.pixels.len() as f64 / squares.max(1e-9)).log10()
}

/// The share of pixels in that band of rows that differ by more than 24 levels.
pub fn changed_share(a: &Frame, b: &Frame, rows: std::ops::Range<f64>) -> f64 {
    let band = (rows.start * f64::from(a.height)) as usize..(rows.end * f64::from(a.height)) as usize;
    let row_bytes = a.width as usize * 3;
    let bytes = band.start * row_bytes..band.end * row_bytes;
    let pairs = a.pixels[bytes.clone()].chunks_exact(3).zip(b.pixels[bytes].chunks_exact(3));
    let total = pairs.len().max(1);
    let changed = pairs.filter(|(a, b)| a.iter().zip(*b).any(|(a, b)| a.abs_diff(*b) > 24)).count();
    changed as f64 / total as f64
}

/// The folder of real webcam clips; says why the test is skipped where there is none.
pub fn clips() -> Option<PathBuf> {
    let folder = std::env::var_os("OTHERGLASS_CLIPS")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/clips"), PathBuf::from);
    if folder.join("yes.mkv").is_file() {
        return Some(folder);
    }
    eprintln!("skipped: no webcam clips at {}; OTHERGLASS_CLIPS names their folder", folder.display());
    None
}

/// The names in a folder, sorted.
pub fn names_in(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).expect("the folder is there");
    let mut names: Vec<String> =
        entries.map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

/// A virtual display, ended when dropped.
pub struct Display {
    server: Child,
    /// As for DISPLAY.
    pub name: String,
}

impl Display {
    /// Says why the test is skipped where there is none.
    pub fn start() -> Option<Self> {
        let started = Command::new("Xvfb")
            .args(["-displayfd", "1", "-screen", "0", "1280x800x24", "-nolisten", "tcp"])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn();
        let Ok(mut server) = started else {
            eprintln!("skipped: Xvfb is not installed, so the window was not opened");
            return None;
        };
        // It chooses a free number and writes it when it is ready.
        let mut number = String::new();
        BufReader::new(server.stdout.take().expect("a pipe")).read_line(&mut number).expect("Xvfb tells its number");
        assert!(!number.trim().is_empty(), "Xvfb did not start");
        Some(Self { server, name: format!(":{}", number.trim()) })
    }
}

impl Drop for Display {
    fn drop(&mut self) {
        self.server.kill().expect("Xvfb can be ended");
        self.server.wait().expect("Xvfb ends");
    }
}

/// Copies a folder with all that is in it; the new files.
pub fn copy_folder(from: &Path, to: &Path) -> Vec<PathBuf> {
    std::fs::create_dir_all(to).unwrap();
    let entries = std::fs::read_dir(from).unwrap_or_else(|error| panic!("{}: {error}", from.display()));
    let copy = |entry: std::fs::DirEntry| {
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            return copy_folder(&entry.path(), &target);
        }
        std::fs::copy(entry.path(), &target).unwrap();
        vec![target]
    };
    entries.flat_map(|entry| copy(entry.unwrap())).collect()
}

/// A real speech model: the one that OTHERGLASS_TEST_MODEL names, else the one that is built in; says why the test is
/// skipped without one.
pub fn speech_model() -> Option<PathBuf> {
    if let Some(named) = std::env::var_os("OTHERGLASS_TEST_MODEL") {
        return Some(PathBuf::from(named));
    }
    let models =
        SpeechModels::open(&Path::new(env!("CARGO_MANIFEST_DIR")).join("assets")).expect("the manifest is right");
    let there = models.known.iter().filter(|model| model.built_in.is_some()).map(|model| models.path(model));
    let model = there.into_iter().find(|path| path.is_file());
    if model.is_none() {
        eprintln!("skipped: no speech model is built in, so nothing was recognised; OTHERGLASS_TEST_MODEL names one");
    }
    model
}

/// Sentences spoken by espeak-ng with pauses between them, mono 16 kHz; says why the test is skipped without it.
pub fn spoken(folder: &Path, voice: &str, sentences: &[&str]) -> Option<Vec<f32>> {
    let file = folder.join("spoken.wav");
    let mut samples = vec![0.0; 16_000];
    for sentence in sentences {
        let made = Command::new("espeak-ng").args(["-v", voice, "-w"]).arg(&file).arg(sentence).output();
        if !made.is_ok_and(|output| output.status.success()) {
            eprintln!("skipped: no espeak-ng to synthesise speech with (apt-get install espeak-ng)");
            return None;
        }
        let speech = otherglass_speech::sound::read_all(&file).expect("espeak-ng writes a WAV file");
        samples.extend(speech.iter().map(|sample| sample * 0.5));
        samples.resize(samples.len() + 20_000, 0.0);
    }
    Some(samples)
}

/// Fixed pseudo-random numbers (SplitMix64, Steele et al. 2014).
pub struct Numbers(pub u64);

impl Numbers {
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number in `0..limit`, 0 where the range is empty.
    pub fn below(&mut self, limit: usize) -> usize {
        (self.next() % limit.max(1) as u64) as usize
    }
}
