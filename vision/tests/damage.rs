//! Flipped bits and cut files: every one ends in frames or in an error, soon and without a panic.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "what is skipped is told to whoever runs the tests")]

mod common;

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use common::{recorded_clips, write_clip};
use otherglass_vision::{ClipOptions, open_clip_with};

/// How long one damaged clip of a few frames may take; a busy machine needs some slack.
const PATIENCE: Duration = Duration::from_secs(10);

/// More frames than any clip here has: a reader that goes in circles.
const TOO_MANY: usize = 10_000;

/// A small generator of fixed "random" numbers (splitmix64).
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) % limit as u64) as usize
    }
}

/// Reads everything; gives the number of frames, or the error.
fn play(path: &Path) -> Result<usize, String> {
    let options = ClipOptions { use_ffmpeg: false, ..ClipOptions::default() };
    let mut clip = open_clip_with(path, &options).map_err(|error| error.to_string())?;
    let (width, height) = (clip.info().width, clip.info().height);
    let mut count = 0;
    loop {
        match clip.next_frame() {
            Ok(Some(frame)) => {
                assert_eq!((frame.width, frame.height), (width, height), "{}: the size changed", path.display());
                assert!(clip.position_s().is_finite());
                count += 1;
                assert!(count < TOO_MANY, "{} never ends", path.display());
            }
            Ok(None) => return Ok(count),
            Err(error) => return Err(error.to_string()),
        }
    }
}

/// Plays damaged copies of a clip; gives how many of them still gave frames.
fn torment(bytes: &[u8], name: &str, rounds: usize) -> usize {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    let mut numbers = Numbers(7);
    let mut survivors = 0;
    let mut try_one = |damaged: &[u8], what: String| {
        fs::write(&path, damaged).unwrap();
        let started = Instant::now();
        let outcome = play(&path);
        assert!(started.elapsed() < PATIENCE, "{name}, {what}: took {:?}", started.elapsed());
        match outcome {
            Ok(_) => survivors += 1,
            Err(message) => assert!(message.contains(name), "{name}, {what}: {message}"),
        }
    };
    for round in 0..rounds {
        let len = bytes.len() * round / rounds;
        try_one(&bytes[..len], format!("cut to {len}"));
        let mut flipped = bytes.to_vec();
        for _ in 0..1 + round % 4 {
            // Half of the flips go to the front, where the headers are.
            let reach = if round % 2 == 0 { bytes.len().min(1200) } else { bytes.len() };
            flipped[numbers.below(reach)] ^= 1 << numbers.below(8);
        }
        try_one(&flipped, format!("flips of round {round}"));
        let mut blown = bytes.to_vec();
        let at = numbers.below(bytes.len().min(1200).saturating_sub(4));
        blown[at..at + 4].fill(0xff);
        try_one(&blown, format!("ff at {at}"));
        let mut zeroed = bytes.to_vec();
        let at = numbers.below(bytes.len().saturating_sub(16));
        zeroed[at..at + 16].fill(0);
        try_one(&zeroed, format!("zeros at {at}"));
    }
    survivors
}

fn made(name: &str) -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    fs::read(write_clip(&folder.path().join(name), 64, 48, 8, 30.0)).unwrap()
}

#[test]
fn damaged_mp4() {
    let bytes = made("a.mp4");
    assert!(torment(&bytes, "damaged.mp4", 100) > 20, "many small faults do no harm");
}

#[test]
fn damaged_gif() {
    assert!(torment(&made("a.gif"), "damaged.gif", 60) > 20);
}

#[test]
fn damaged_pictures() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["a.png", "a.jpg", "a.webp", "a.bmp"] {
        let path = folder.path().join(name);
        image::RgbImage::from_fn(40, 30, |x, y| image::Rgb([x as u8, y as u8, 90])).save(&path).unwrap();
        torment(&fs::read(&path).unwrap(), name, 40);
    }
}

#[test]
fn damaged_y4m() {
    let mut bytes = b"YUV4MPEG2 W16 H16 F30:1 C420\n".to_vec();
    for luma in 0..6 {
        bytes.extend(b"FRAME\n");
        bytes.extend([luma * 20; 16 * 16 * 3 / 2]);
    }
    assert!(torment(&bytes, "damaged.y4m", 60) > 20);
}

#[test]
fn damaged_matroska() {
    let Some(folder) = recorded_clips() else { return };
    // The start of a real clip: headers and about 20 frames.
    let bytes = fs::read(folder.join("eat.mkv")).unwrap();
    assert!(torment(&bytes[..60_000.min(bytes.len())], "damaged.mkv", 12) > 5);
}

#[test]
fn damaged_streams_of_jpeg() {
    let picture = image::RgbImage::from_fn(40, 30, |x, y| image::Rgb([x as u8, y as u8, 90]));
    let mut jpeg = std::io::Cursor::new(Vec::new());
    picture.write_to(&mut jpeg, image::ImageFormat::Jpeg).unwrap();
    assert!(torment(&jpeg.into_inner().repeat(6), "damaged.mjpeg", 60) > 20);
}

#[test]
fn damaged_animated_png() {
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, 32, 24);
    encoder.set_color(png::ColorType::Rgba);
    encoder.set_animated(6, 0).unwrap();
    let mut writer = encoder.write_header().unwrap();
    for value in 0..6 {
        writer.write_image_data(&vec![value * 40; 32 * 24 * 4]).unwrap();
    }
    writer.finish().unwrap();
    torment(&bytes, "damaged.png", 60);
}

#[test]
fn damaged_animated_webp() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.webp");
    // Compressed with losses, unlike what `animated_webp` in the other tests writes.
    if !common::ffmpeg_clip(&path, "64x48", 0.4, "", &["-c:v", "libwebp_anim", "-loop", "0"]) {
        return;
    }
    assert!(torment(&fs::read(&path).unwrap(), "damaged.webp", 60) > 20);
}

#[test]
fn damaged_edit_lists_and_shapes() {
    let folder = tempfile::tempdir().unwrap();
    let (whole, cut) = (folder.path().join("whole.mp4"), folder.path().join("cut.mp4"));
    let encode = ["-c:v", "libx264", "-pix_fmt", "yuv420p", "-g", "5", "-aspect", "2:1"];
    if !common::ffmpeg_clip(&whole, "64x48", 0.6, "", &encode) {
        return;
    }
    let (from, to) = (whole.to_str().unwrap(), cut.to_str().unwrap());
    assert!(common::ffmpeg(&["-ss", "0.2", "-i", from, "-c", "copy", "-movflags", "faststart", to]));
    assert!(torment(&fs::read(&cut).unwrap(), "damaged.mp4", 100) > 20);
}
