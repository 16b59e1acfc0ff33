//! Pictures that move and pictures that are broken: animations, streams of JPEG, folders with something wrong in them.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "what is skipped is told to whoever runs the tests")]

mod common;

use std::fs;
use std::io::Cursor;
use std::path::Path;
use std::sync::{Arc, Mutex};

use common::{ffmpeg, ffmpeg_clip, read_all};
use otherglass_vision::{ClipOptions, Frame, open_clip_with};

/// Without help from outside.
const BUILT_IN: ClipOptions = ClipOptions { folder_frame_rate: 10.0, use_ffmpeg: false };

fn play(path: &Path) -> Vec<(Frame, f64)> {
    let mut clip = open_clip_with(path, &BUILT_IN).unwrap_or_else(|error| panic!("{error}"));
    let count = clip.info().frame_count;
    let frames = read_all(&mut *clip);
    assert!(count.is_none_or(|count| count == frames.len() as u64), "{}: {count:?} announced", path.display());
    frames
}

fn error_of(path: &Path) -> String {
    open_clip_with(path, &BUILT_IN).err().unwrap_or_else(|| panic!("{} should not open", path.display())).to_string()
}

/// The first pixel of every frame and its time in hundredths of a second.
fn corners(path: &Path) -> Vec<([u8; 3], i64)> {
    let rounded = |position_s: f64| (position_s * 100.0).round() as i64;
    let first = |frame: &Frame| [frame.pixels[0], frame.pixels[1], frame.pixels[2]];
    play(path).iter().map(|(frame, position_s)| (first(frame), rounded(*position_s))).collect()
}

/// An animated WebP of lossless frames: colour, milliseconds, flags (1: clear afterwards, 2: replace).
fn animated_webp(side: u32, frames: &[([u8; 4], u32, u8)]) -> Vec<u8> {
    let chunk = |name: &[u8; 4], body: &[u8]| {
        let padding = vec![0; body.len() % 2];
        [&name[..], &(body.len() as u32).to_le_bytes(), body, &padding].concat()
    };
    let three = |value: u32| value.to_le_bytes()[..3].to_vec();
    let size = [three(side - 1), three(side - 1)].concat();
    let mut chunks = chunk(b"VP8X", &[&[0x12, 0, 0, 0][..], &size].concat());
    chunks.extend(chunk(b"ANIM", &[255, 255, 255, 255, 3, 0]));
    for (colour, milliseconds, flags) in frames {
        let mut file = Vec::new();
        let pixels = colour.repeat((side * side) as usize);
        image_webp::WebPEncoder::new(&mut file).encode(&pixels, side, side, image_webp::ColorType::Rgba8).unwrap();
        let head = [three(0), three(0), size.clone(), three(*milliseconds), vec![*flags]].concat();
        chunks.extend(chunk(b"ANMF", &[&head[..], &file[12..]].concat()));
    }
    [&b"RIFF"[..], &(chunks.len() as u32 + 4).to_le_bytes(), b"WEBP", &chunks].concat()
}

#[test]
fn animated_webp_plays_with_its_times() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.webp");
    let (red, half_blue, green) = ([200, 0, 0, 255], [0, 0, 200, 128], [0, 200, 0, 255]);
    fs::write(&path, animated_webp(4, &[(red, 500, 0), (half_blue, 0, 1), (green, 40, 0)])).unwrap();
    let seen = corners(&path);
    // The decoder's blending may be one off.
    let near = |(got, at): ([u8; 3], i64), wanted: [u8; 3], when: i64| {
        at == when && got.iter().zip(wanted).all(|(got, wanted)| got.abs_diff(wanted) < 3)
    };
    assert!(
        near(seen[0], [200, 0, 0], 0) && near(seen[1], [100, 0, 100], 50) && near(seen[2], [0, 200, 0], 60),
        "{seen:?}"
    );
    let info = open_clip_with(&path, &BUILT_IN).unwrap().info().clone();
    assert!((info.duration_s.unwrap() - 0.64).abs() < 1e-9);
    // Cleared and then left transparent is black, not the colour that the file asks for.
    fs::write(&path, animated_webp(4, &[(red, 100, 1), ([0, 0, 0, 0], 100, 2)])).unwrap();
    let seen = corners(&path);
    assert!(near(seen[0], [200, 0, 0], 0) && near(seen[1], [0, 0, 0], 10), "{seen:?}");
    // One frame is a picture.
    fs::write(&path, animated_webp(4, &[(red, 100, 0)])).unwrap();
    assert_eq!(corners(&path).len(), 1);
}

#[test]
fn animated_png_plays_with_its_times() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.png");
    for (colour, channels) in [(png::ColorType::Rgba, 4), (png::ColorType::Rgb, 3), (png::ColorType::Grayscale, 1)] {
        let mut bytes = Vec::new();
        let mut encoder = png::Encoder::new(&mut bytes, 4, 4);
        encoder.set_color(colour);
        encoder.set_depth(png::BitDepth::Eight);
        encoder.set_animated(3, 2).unwrap();
        encoder.set_frame_delay(1, 4).unwrap();
        let mut writer = encoder.write_header().unwrap();
        for (number, value) in [200_u8, 100, 50].into_iter().enumerate() {
            if number == 1 {
                writer.set_frame_delay(0, 0).unwrap();
                // A quarter of the picture, gone before the next.
                writer.set_frame_dimension(2, 2).unwrap();
                writer.set_frame_position(2, 2).unwrap();
                writer.set_dispose_op(png::DisposeOp::Previous).unwrap();
            }
            if number == 2 {
                writer.set_frame_dimension(1, 1).unwrap();
                writer.set_frame_position(0, 0).unwrap();
            }
            let pixels = [16, 4, 1][number];
            let mut pixel = vec![value; channels];
            if channels == 4 {
                pixel[3] = 255;
            }
            writer.write_image_data(&pixel.repeat(pixels)).unwrap();
        }
        writer.finish().unwrap();
        fs::write(&path, &bytes).unwrap();
        let frames = play(&path);
        let seen: Vec<_> =
            frames.iter().map(|(frame, at)| (frame.pixels[0], frame.pixels[47 - 2], (at * 100.0).round())).collect();
        assert_eq!(seen, [(200, 200, 0.0), (200, 100, 25.0), (50, 200, 35.0)], "{colour:?}");
    }
}

#[test]
fn ffmpeg_animations_play_like_ffmpeg_shows_them() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.png");
    if !ffmpeg_clip(&path, "64x48", 0.5, "fps=10", &["-f", "apng", "-plays", "0"]) {
        return;
    }
    let frames = play(&path);
    common::assert_same_pictures("a.png", &frames, &common::shown_by_ffmpeg(&path, (64, 48)), 60.0);
    assert!((frames[4].1 - 0.4).abs() < 0.001);
}

fn jpeg(value: u8, side: u32) -> Vec<u8> {
    let picture = image::RgbImage::from_fn(side, side, |x, y| image::Rgb([value, (x * 3) as u8, (y * 5) as u8]));
    let mut bytes = Cursor::new(Vec::new());
    picture.write_to(&mut bytes, image::ImageFormat::Jpeg).unwrap();
    bytes.into_inner()
}

fn reds(path: &Path) -> Vec<(u8, i64)> {
    let round = |red: u8| (f64::from(red) / 50.0).round() as u8 * 50;
    corners(path).iter().map(|(pixel, at)| (round(pixel[0]), *at)).collect()
}

#[test]
fn streams_of_jpeg_play_and_single_pictures_stay_single() {
    let folder = tempfile::tempdir().unwrap();
    let make = |name: &str, bytes: &[u8]| {
        let path = folder.path().join(name);
        fs::write(&path, bytes).unwrap();
        path
    };
    let (dark, light) = (jpeg(50, 64), jpeg(200, 64));
    let stream = [&dark[..], &light, &dark].concat();
    let wanted = [(50, 0), (200, 4), (50, 8)];
    assert_eq!(reds(&make("a.mjpeg", &stream)), wanted);
    assert_eq!(reds(&make("padded.mjpg", &[&dark[..], &[0; 40], &light, &[0; 3], &dark].concat())), wanted);
    let part = |picture: &[u8]| {
        let head = format!("\r\n--frame\r\nContent-Type: image/jpeg\r\nContent-Length: {}\r\n\r\n", picture.len());
        [head.as_bytes(), picture].concat()
    };
    let parts = [part(&dark), part(&light), part(&dark)].concat();
    assert_eq!(reds(&make("parts.mjpg", &parts)), wanted);
    assert_eq!(reds(&make("bare-parts", &parts[2..])), wanted);
    // One in the middle is cut off: it keeps its time.
    assert_eq!(reds(&make("hurt.mjpeg", &[&dark[..], &light[..light.len() / 2], &dark].concat())), [(50, 0), (50, 8)]);
    // A motion photo, a picture with a smaller one behind it, and one of several that belong together.
    let clip = common::write_clip(&folder.path().join("m.mp4"), 64, 48, 3, 30.0);
    assert_eq!(reds(&make("motion.jpg", &[&dark[..], &fs::read(clip).unwrap()].concat())), [(50, 0)]);
    assert_eq!(reds(&make("gain.jpg", &[&dark[..], &jpeg(200, 32)].concat())), [(50, 0)]);
    let directory = [&dark[..2], &[0xff, 0xe2, 0, 8], b"MPF\0II", &dark[2..]].concat();
    assert_eq!(reds(&make("pair.jpg", &[&directory[..], &light].concat())), [(50, 0)]);
    assert_eq!(reds(&make("no-end.jpg", &dark[..dark.len() - 2])), [(50, 0)]);
    let path = folder.path().join("ffmpeg.mjpeg");
    if ffmpeg_clip(&path, "160x96", 1.0, "", &["-c:v", "mjpeg", "-pix_fmt", "yuvj420p", "-f", "mjpeg"]) {
        let frames = play(&path);
        common::assert_same_pictures("mjpeg", &frames, &common::shown_by_ffmpeg(&path, (160, 96)), 26.0);
        assert_eq!(frames.len(), 30);
    }
}

#[test]
fn half_a_jpeg_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("half.jpg");
    let whole = jpeg(200, 160);
    fs::write(&path, &whole[..whole.len() / 2]).unwrap();
    let message = error_of(&path);
    assert!(
        message.contains("half.jpg") && message.contains("cut off") && message.contains("another copy"),
        "{message}"
    );
    let path = folder.path().join("progressive.jpg");
    if ffmpeg(&["-f", "lavfi", "-i", "testsrc=size=160x96", "-frames:v", "1", "-update", "1", path.to_str().unwrap()]) {
        let whole = fs::read(&path).unwrap();
        assert_eq!(corners(&path).len(), 1);
        fs::write(&path, &whole[..whole.len() / 2]).unwrap();
        assert!(error_of(&path).contains("cut off"));
    }
}

/// What is said to the log while `act` runs.
fn words_of(act: impl FnOnce()) -> String {
    #[derive(Clone)]
    struct Ear(Arc<Mutex<Vec<u8>>>);
    impl std::io::Write for Ear {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    let ear = Ear(Arc::default());
    let mouth = ear.clone();
    let subscriber = tracing_subscriber::fmt().with_ansi(false).with_writer(move || mouth.clone()).finish();
    tracing::subscriber::with_default(subscriber, act);
    let bytes = ear.0.lock().unwrap().clone();
    String::from_utf8(bytes).unwrap()
}

#[test]
fn one_bad_picture_in_a_folder_is_left_out_and_said() {
    let folder = tempfile::tempdir().unwrap();
    let make = |name: &str, bytes: &[u8]| fs::write(folder.path().join(name), bytes).unwrap();
    let whole = jpeg(150, 64);
    make("0.jpg", b"");
    make("1.jpg", &jpeg(50, 64));
    make("2.jpg", &whole[..whole.len() / 2]);
    make("3.png", b"\x89PNG\r\n\x1a\nnothing");
    make("4.jpg", &jpeg(200, 64));
    make("5.gif", b"GIF89a");
    make("6.tiff", b"II*\0");
    make("notes.txt", b"no picture");
    let words = words_of(|| {
        let frames = read_all(&mut *open_clip_with(folder.path(), &BUILT_IN).unwrap());
        let seen: Vec<_> = frames.iter().map(|(frame, at)| (frame.pixels[0] / 100, (at * 10.0).round())).collect();
        assert_eq!(seen, [(0, 0.0), (2, 3.0)], "what is left keeps its time");
    });
    assert!(words.contains("2 of other kinds") && words.contains("5.gif"), "{words}");
    assert!(words.contains("count=3") && words.contains("0.jpg") && words.contains("left out"), "{words}");
    for name in ["1.jpg", "4.jpg"] {
        make(name, b"no picture");
    }
    let message = error_of(folder.path());
    assert!(message.contains("0.jpg") && message.contains("empty"), "{message}");
    for name in ["0.jpg", "1.jpg", "2.jpg", "3.png", "4.jpg"] {
        fs::remove_file(folder.path().join(name)).unwrap();
    }
    let message = error_of(folder.path());
    assert!(message.contains("2 of other kinds (the first is 5.gif)") && message.contains("png"), "{message}");
}
