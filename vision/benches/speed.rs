//! How long frames take: `cargo bench -p otherglass-vision` (one core; checks before it times).
//!
//! Prints p50, p95 and p99 in milliseconds a frame of 640x480, and how many frames of a 30 Hz camera that is.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "its report is its purpose")]

use std::hint::black_box;
use std::time::Instant;

use otherglass_vision::{Frame, PixelFormat, SinkOptions, open_clip, open_sink};

const WIDTH: u32 = 640;
const HEIGHT: u32 = 480;
const FRAME_TIME_MS: f64 = 1000.0 / 30.0;

/// Times `rounds` calls.
fn time(name: &str, rounds: usize, mut action: impl FnMut(usize)) {
    let mut times_ms: Vec<f64> = (0..rounds)
        .map(|round| {
            let started = Instant::now();
            action(round);
            started.elapsed().as_secs_f64() * 1e3
        })
        .collect();
    times_ms.sort_by(f64::total_cmp);
    let at = |share: f64| times_ms[((rounds - 1) as f64 * share) as usize];
    let (p50, p95, p99) = (at(0.50), at(0.95), at(0.99));
    println!("{name:<28} p50 {p50:8.3}  p95 {p95:8.3}  p99 {p99:8.3} ms   {:6.1} x real time", FRAME_TIME_MS / p50);
}

/// Structure and noise, as a webcam gives them.
fn camera_like(number: usize) -> Frame {
    let mut noise = 1 + number as u32;
    let mut pixels = Vec::with_capacity((WIDTH * HEIGHT * 3) as usize);
    for y in 0..HEIGHT as usize {
        for x in 0..WIDTH as usize {
            noise = noise.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let grain = (noise >> 29) as u8;
            let wave = ((x + 3 * number) / 24 + y / 32) % 2 * 60;
            pixels.extend([60 + wave as u8 + grain, 80 + (y / 8) as u8 + grain, 90 + (x / 8) as u8 + grain]);
        }
    }
    Frame::rgb8(pixels, WIDTH, HEIGHT, number as u64, Instant::now()).expect("the length fits")
}

fn main() {
    let frames: Vec<Frame> = (0..30).map(camera_like).collect();
    let raw = |format: PixelFormat| {
        let pixels = (0..format.byte_len(WIDTH, HEIGHT)).map(|at| (at * 7 % 251) as u8).collect();
        Frame::new(pixels, WIDTH, HEIGHT, format, 0, Instant::now()).expect("the length fits")
    };
    let (yuyv, nv12) = (raw(PixelFormat::Yuyv), raw(PixelFormat::Nv12));
    assert_eq!(yuyv.to_rgb8().pixels.len(), frames[0].pixels.len());
    time("YUYV to RGB", 300, |_| drop(black_box(yuyv.to_rgb8())));
    time("NV12 to RGB", 300, |_| drop(black_box(nv12.to_rgb8())));
    time("mirror", 300, |round| drop(black_box(frames[round % 30].mirrored())));
    time("resize to 256x192", 300, |round| drop(black_box(frames[round % 30].resize(256, 192))));
    time("resize to 1280x960", 100, |round| drop(black_box(frames[round % 30].resize(1280, 960))));

    let folder = tempfile::tempdir().expect("a temporary folder");
    for (name, rounds) in [("clip.mp4", 240), ("clip.gif", 60), ("frames", 60)] {
        let path = folder.path().join(name);
        let mut sink = open_sink(&path, &SinkOptions::default()).expect("the sink opens");
        time(&format!("write {name}"), rounds, |round| sink.write(&frames[round % 30]).expect("written"));
        sink.finish().expect("finished");
        let mut clip = open_clip(&path).expect("the clip opens");
        let mut count = 0;
        time(&format!("read {name}"), rounds, |_| count += usize::from(clip.next_frame().expect("decoded").is_some()));
        assert_eq!(count, rounds);
    }
}
