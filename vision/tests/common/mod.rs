//! Frames and clips that the tests make themselves.

#![allow(dead_code)] // Each test program uses a part of this.

use std::path::{Path, PathBuf};
use std::time::Instant;

use otherglass_vision::{Frame, FrameSource, SinkOptions, open_sink};

/// A still background with a disc that moves a little every frame; smooth, so that codecs keep it well.
pub fn moving_picture(width: u32, height: u32, number: u64) -> Frame {
    let (w, h) = (f64::from(width), f64::from(height));
    let centre_x = w * (0.3 + 0.02 * number as f64);
    let mut pixels = Vec::with_capacity((width * height * 3) as usize);
    for y in 0..height {
        for x in 0..width {
            let (x, y) = (f64::from(x), f64::from(y));
            let inside = (x - centre_x).hypot(y - h / 2.0) < h / 4.0;
            let background = [40.0 + 150.0 * x / w, 60.0 + 100.0 * y / h, 120.0];
            let colour = if inside { [220.0, 60.0, 40.0] } else { background };
            pixels.extend(colour.map(|value| value as u8));
        }
    }
    Frame::rgb8(pixels, width, height, number, Instant::now()).expect("the length fits")
}

/// Writes `count` frames to `path` at `frame_rate`.
pub fn write_clip(path: &Path, width: u32, height: u32, count: u64, frame_rate: f64) -> PathBuf {
    let options = SinkOptions { frame_rate, ..SinkOptions::default() };
    let mut sink = open_sink(path, &options).expect("the sink opens");
    for number in 0..count {
        sink.write(&moving_picture(width, height, number)).expect("the frame is written");
    }
    sink.finish().expect("the sink finishes")
}

/// Every frame with its position in seconds.
pub fn read_all(source: &mut dyn FrameSource) -> Vec<(Frame, f64)> {
    let mut frames = Vec::new();
    while let Some(frame) = source.next_frame().expect("the clip decodes") {
        frames.push((frame, source.position_s()));
    }
    frames
}

/// Peak signal to noise ratio in dB; equal pictures give infinity.
pub fn psnr_db(a: &Frame, b: &Frame) -> f64 {
    assert_eq!((a.width, a.height), (b.width, b.height));
    let squares: f64 = a.pixels.iter().zip(&b.pixels).map(|(a, b)| (f64::from(*a) - f64::from(*b)).powi(2)).sum();
    10.0 * (255.0_f64.powi(2) / (squares / a.pixels.len() as f64)).log10()
}

/// Recorded webcam clips, if they are on this machine: `OTHERGLASS_CLIPS`, else `shared/clips` beside the checkout.
pub fn recorded_clips() -> Option<PathBuf> {
    let folder = std::env::var_os("OTHERGLASS_CLIPS")
        .map(PathBuf::from)
        .unwrap_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/clips"));
    if folder.is_dir() {
        return Some(folder);
    }
    println!("SKIPPED: no recorded clips in {} (set OTHERGLASS_CLIPS)", folder.display());
    None
}
