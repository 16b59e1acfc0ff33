//! Frames and clips that the tests make themselves.

#![allow(dead_code)] // Each test program uses a part of this.

use std::path::{Path, PathBuf};
use std::process::Command;
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

/// Runs ffmpeg; false, with a word, where it is not installed.
pub fn ffmpeg(args: &[&str]) -> bool {
    let output = Command::new("ffmpeg").args(["-nostdin", "-v", "error", "-y"]).args(args).output();
    let Ok(output) = output else {
        println!("skipped: a comparison with ffmpeg: ffmpeg is missing");
        return false;
    };
    assert!(output.status.success(), "ffmpeg {args:?}: {}", String::from_utf8_lossy(&output.stderr));
    true
}

/// Makes a clip of `seconds` at 30 frames a second whose every frame, corner and side differs from the others.
pub fn ffmpeg_clip(path: &Path, size: &str, seconds: f64, filter: &str, encode: &[&str]) -> bool {
    // Blurred, since how chroma is interpolated at hard edges is not what these tests are about.
    let input = format!("testsrc=size={size}:rate=30:duration={seconds},gblur=sigma=4");
    let filter = if filter.is_empty() { "null" } else { filter };
    let mut args = vec!["-f", "lavfi", "-i", &input, "-vf", filter];
    args.extend(encode);
    args.push(path.to_str().expect("a plain name"));
    ffmpeg(&args)
}

/// What ffmpeg shows of a clip: every frame once, turned and with square pixels, scaled to `size`.
pub fn shown_by_ffmpeg(path: &Path, (width, height): (u32, u32)) -> Vec<Frame> {
    let scale = format!("scale={width}:{height}:flags=bilinear+accurate_rnd+full_chroma_int,setsar=1");
    let output = Command::new("ffmpeg")
        .args(["-nostdin", "-v", "error", "-i"])
        .arg(path)
        .args(["-map", "0:v:0", "-vsync", "passthrough", "-vf", &scale])
        .args(["-f", "rawvideo", "-pix_fmt", "rgb24", "-"])
        .output()
        .expect("ffmpeg was there a moment ago");
    let bytes = (width * height * 3) as usize;
    output
        .stdout
        .chunks_exact(bytes)
        .map(|rgb| Frame::rgb8(rgb.to_vec(), width, height, 0, Instant::now()).unwrap())
        .collect()
}

/// Times at which ffmpeg shows the frames of a clip, in seconds.
pub fn times_by_ffmpeg(path: &Path) -> Vec<f64> {
    let output = Command::new("ffmpeg")
        .args(["-nostdin", "-v", "error", "-i"])
        .arg(path)
        .args(["-map", "0:v:0", "-vsync", "passthrough", "-copyts", "-enc_time_base", "1:90000", "-f", "framemd5", "-"])
        .output()
        .expect("ffmpeg was there a moment ago");
    let text = String::from_utf8(output.stdout).expect("framemd5 is text");
    let base = text.lines().find_map(|line| line.strip_prefix("#tb 0: ")).expect("a time base");
    let (over, under) = base.split_once('/').expect("a fraction");
    let unit = over.parse::<f64>().unwrap() / under.parse::<f64>().unwrap();
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    lines.map(|line| line.split(',').nth(2).unwrap().trim().parse::<f64>().unwrap() * unit).collect()
}

/// Frames that ours and ffmpeg's must share, and how well.
pub fn assert_same_pictures(name: &str, ours: &[(Frame, f64)], theirs: &[Frame], least_db: f64) {
    assert_eq!(ours.len(), theirs.len(), "{name}: number of frames");
    for (number, ((ours, _), theirs)) in ours.iter().zip(theirs).enumerate() {
        let quality = psnr_db(ours, theirs);
        assert!(quality > least_db, "{name}: frame {number}: {quality:.1} dB");
    }
}
