//! What opens, what does not, and what is said about it.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "what is skipped is told to whoever runs the tests")]

mod common;

use std::fs;
use std::path::Path;

use common::{moving_picture, read_all, recorded_clips, write_clip};
use otherglass_vision::{ClipOptions, SinkOptions, VisionError, open_clip, open_clip_with, open_sink};

/// Without help from outside.
const BUILT_IN: ClipOptions = ClipOptions { folder_frame_rate: 30.0, use_ffmpeg: false };

fn error_of(path: &Path) -> VisionError {
    open_clip_with(path, &BUILT_IN).err().unwrap_or_else(|| panic!("{} should not open", path.display()))
}

#[test]
fn recorded_clips_give_every_labelled_frame() {
    let Some(folder) = recorded_clips() else { return };
    let mut seen = 0;
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "mkv") {
            continue;
        }
        let labels = fs::read_to_string(path.with_extension("json")).unwrap();
        let labels: serde_json::Value = serde_json::from_str(&labels).unwrap();
        let expected = labels["frames"].as_array().unwrap().len();
        let mut clip = open_clip_with(&path, &BUILT_IN).unwrap();
        assert_eq!((clip.info().width, clip.info().height), (640, 480));
        let frames = read_all(&mut *clip);
        assert_eq!(frames.len(), expected, "{}", path.display());
        assert!(frames.windows(2).all(|pair| pair[0].1 < pair[1].1), "times grow");
        let rate = (frames.len() - 1) as f64 / frames.last().unwrap().1;
        assert!((25.0..=31.0).contains(&rate), "{rate} frames a second");
        // Consecutive pictures of a person are alike; pictures out of order or smeared are not.
        for pair in frames.windows(2) {
            let quality = common::psnr_db(&pair[0].0, &pair[1].0);
            assert!(quality > 17.0, "{}: {quality:.1} dB between neighbours", path.display());
        }
        seen += 1;
    }
    assert_eq!(seen, 9);
}

#[test]
fn folders_play_in_natural_order_and_one_size() {
    let folder = tempfile::tempdir().unwrap();
    let colour = |value: u8, width: u32, name: &str| {
        let picture = image::RgbImage::from_pixel(width, 10, image::Rgb([value, 0, 0]));
        picture.save(folder.path().join(name)).unwrap();
    };
    colour(10, 20, "frame 2.png");
    colour(20, 20, "frame 10.bmp");
    colour(30, 20, "frame 010b.png");
    colour(40, 10, "frame 11.PNG");
    fs::write(folder.path().join(".hidden.png"), "no picture").unwrap();
    fs::write(folder.path().join("readme.txt"), "no picture").unwrap();
    let frames = read_all(&mut *open_clip(folder.path()).unwrap());
    let middles: Vec<u8> = frames.iter().map(|(frame, _)| frame.pixels[(5 * 20 + 10) * 3]).collect();
    assert_eq!(middles, [10, 20, 30, 40]);
    let narrow = &frames[3].0;
    assert_eq!((narrow.width, narrow.height), (20, 10));
    assert_eq!(narrow.pixels[..3], [0, 0, 0], "black at the sides");
}

#[test]
fn pictures_of_all_kinds_open_as_one_frame() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["a.png", "a.jpg", "a.webp", "a.bmp", "really-a-png.gif"] {
        let path = folder.path().join(name);
        let picture = image::RgbImage::from_fn(40, 30, |x, _| image::Rgb([if x < 20 { 200 } else { 20 }, 90, 40]));
        let format = if name.ends_with("gif") { "x.png" } else { name };
        picture.save_with_format(&path, image::ImageFormat::from_path(format).unwrap()).unwrap();
        let mut clip = open_clip_with(&path, &BUILT_IN).unwrap();
        assert_eq!(clip.info().frame_count, Some(1));
        let frames = read_all(&mut *clip);
        assert_eq!(frames.len(), 1, "{name}");
        assert!(frames[0].0.pixels[0].abs_diff(200) < 6 && frames[0].0.pixels[39 * 3].abs_diff(20) < 6, "{name}");
    }
}

#[test]
fn transparency_lies_over_black() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.png");
    image::RgbaImage::from_fn(2, 1, |x, _| image::Rgba([200, 100, 50, if x == 0 { 128 } else { 0 }]))
        .save(&path)
        .unwrap();
    let frames = read_all(&mut *open_clip(path).unwrap());
    assert_eq!(frames[0].0.pixels, [100, 50, 25, 0, 0, 0]);
}

#[test]
fn a_phone_picture_stands_upright() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.jpg");
    image::RgbImage::from_fn(32, 16, |x, _| image::Rgb(if x < 16 { [250, 250, 250] } else { [5, 5, 5] }))
        .save(&path)
        .unwrap();
    let mut bytes = fs::read(&path).unwrap();
    // An EXIF block whose only entry is Orientation (0x112) = 6: turn a quarter clockwise.
    let tiff = b"MM\0\x2a\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0";
    let mut exif = vec![0xff, 0xe1, 0, (8 + tiff.len()) as u8];
    exif.extend(b"Exif\0\0");
    exif.extend(tiff);
    bytes.splice(2..2, exif);
    fs::write(&path, bytes).unwrap();
    let frame = read_all(&mut *open_clip(path).unwrap()).remove(0).0;
    assert_eq!((frame.width, frame.height), (16, 32));
    assert!(frame.pixels[0] > 200 && *frame.pixels.last().unwrap() < 50, "the left half is on top");
}

#[test]
fn one_pixel_and_8k_pictures_open() {
    let folder = tempfile::tempdir().unwrap();
    let small = folder.path().join("small.png");
    image::RgbImage::new(1, 1).save(&small).unwrap();
    assert_eq!(read_all(&mut *open_clip(small).unwrap()).len(), 1);
    let large = folder.path().join("large.jpg");
    image::GrayImage::new(7680, 4320).save(&large).unwrap();
    let clip = open_clip(large).unwrap();
    assert_eq!((clip.info().width, clip.info().height), (7680, 4320));
}

#[test]
fn y4m_plays() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.y4m");
    let mut bytes = b"YUV4MPEG2 W4 H2 F10:1 C444 XCOLORRANGE=FULL\n".to_vec();
    for luma in [50, 100, 150] {
        bytes.extend(b"FRAME\n");
        bytes.extend([luma; 8]);
        bytes.extend([128; 16]);
    }
    fs::write(&path, &bytes).unwrap();
    let frames = read_all(&mut *open_clip(&path).unwrap());
    let greys: Vec<_> = frames.iter().map(|(frame, position_s)| (frame.pixels[0], *position_s)).collect();
    assert_eq!(greys, [(50, 0.0), (100, 0.1), (150, 0.2)]);
}

#[test]
fn every_refusal_names_the_file_the_fault_and_the_remedy() {
    let folder = tempfile::tempdir().unwrap();
    let make = |name: &str, bytes: &[u8]| {
        let path = folder.path().join(name);
        fs::write(&path, bytes).unwrap();
        path
    };
    let empty_folder = folder.path().join("empty");
    fs::create_dir(&empty_folder).unwrap();
    let mut huge_gif = b"GIF89a".to_vec();
    huge_gif.extend([0xff, 0xff, 0xff, 0xff, 0, 0, 0]);
    huge_gif.extend(b"\x2c\0\0\0\0\x01\0\x01\0\0\x02\x02\x4c\x01\0;");
    let mut huge_bmp = vec![0; 60];
    huge_bmp[..2].copy_from_slice(b"BM");
    huge_bmp[10] = 54;
    huge_bmp[14] = 40;
    huge_bmp[18..22].copy_from_slice(&2_000_000_000_u32.to_le_bytes());
    huge_bmp[22..26].copy_from_slice(&2_000_000_000_u32.to_le_bytes());
    huge_bmp[26] = 1;
    huge_bmp[28] = 24;
    let cases = [
        (folder.path().join("nowhere.mp4"), "no such file", "check the path"),
        (make("empty.mp4", b""), "empty", "again"),
        (empty_folder, "no pictures", "png"),
        (make("notes.mp4", b"these are notes, not a clip"), "not built in", "mp4"),
        (make("cut.png", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"), "damaged", "another copy"),
        (make("cut.mp4", b"\0\0\0\x18ftypisom\0\0\0\0isomavc1\0\0\x10\0mdat"), "moov", "another copy"),
        (make("a.avi", b"RIFF\0\0\0\0AVI LIST"), "AVI", "ffmpeg"),
        (make("a.ts", &[0x47, 0x40, 0, 0x10, 0, 0, 0xb0, 0x0d, 0, 1, 0xc1, 0, 0, 0, 1, 0xf0]), "transport", "ffmpeg"),
        (make("a.mkv", &[0x1a, 0x45, 0xdf, 0xa3, 0x80]), "Matroska", "another copy"),
        (make("a.y4m", b"YUV4MPEG2 W640 H480 F30:1\n"), "first frame", "again"),
        (make("b.y4m", b"YUV4MPEG2 W99999999 H99999999\nFRAME\n"), "larger than", "scale"),
        (make("a.gif", &huge_gif), "larger than", "scale"),
        (make("b.gif", b"GIF89a\x10\0\x10\0\0\0\0;"), "GIF", "another copy"),
        (make("a.bmp", &huge_bmp), "", ""),
    ];
    for (path, fault, remedy) in cases {
        let message = error_of(&path).to_string();
        let name = path.file_name().unwrap().to_str().unwrap();
        assert!(message.contains(name) && message.contains(fault) && message.contains(remedy), "{name}: {message}");
    }
    #[cfg(unix)]
    assert!(error_of(Path::new("/dev/null")).to_string().contains("device"));
}

#[test]
fn other_codecs_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = write_clip(&folder.path().join("a.mp4"), 64, 48, 2, 30.0);
    let mut bytes = fs::read(&path).unwrap();
    let at = bytes.windows(4).rposition(|window| window == b"avc1").unwrap();
    bytes[at..at + 4].copy_from_slice(b"hvc1");
    fs::write(&path, &bytes).unwrap();
    let message = error_of(&path).to_string();
    assert!(message.contains("H.265") && message.contains("install ffmpeg"), "{message}");
    // The same with the profile of 10-bit video in the parameter sets (SPS in avcC begins 8 bytes in).
    bytes[at..at + 4].copy_from_slice(b"avc1");
    let sps = bytes.windows(4).position(|window| window == b"avcC").unwrap() + 4 + 8;
    assert_eq!(bytes[sps] & 31, 7);
    bytes[sps + 1] = 110;
    fs::write(&path, &bytes).unwrap();
    let message = error_of(&path).to_string();
    assert!(message.contains("a.mp4"), "{message}");
}

#[test]
fn a_phone_clip_stands_upright() {
    let folder = tempfile::tempdir().unwrap();
    let path = write_clip(&folder.path().join("a.mp4"), 64, 48, 3, 30.0);
    let mut bytes = fs::read(&path).unwrap();
    let plain = read_all(&mut *open_clip(&path).unwrap()).remove(0).0;
    // Version 1 tkhd: kind, version, times, id, duration, layer and volume, then the matrix.
    let matrix = bytes.windows(4).position(|window| window == b"tkhd").unwrap() + 4 + 4 + 32 + 16;
    let quarter: [i32; 9] = [0, 0x1_0000, 0, -0x1_0000, 0, 0, 48 << 16, 0, 0x4000_0000];
    bytes[matrix..matrix + 36].copy_from_slice(&quarter.map(i32::to_be_bytes).concat());
    fs::write(&path, &bytes).unwrap();
    let mut clip = open_clip(&path).unwrap();
    assert_eq!((clip.info().width, clip.info().height), (48, 64));
    let turned = read_all(&mut *clip).remove(0).0;
    // A quarter turn clockwise: the bottom left corner comes to the top left.
    assert_eq!(turned.pixels[..3], plain.pixels[47 * 64 * 3..][..3]);
    assert_eq!(turned.pixels[47 * 3..][..3], plain.pixels[..3]);
}

#[test]
fn clips_that_are_cut_off_play_to_the_cut() {
    let folder = tempfile::tempdir().unwrap();
    let path = write_clip(&folder.path().join("a.mp4"), 160, 120, 60, 30.0);
    let bytes = fs::read(&path).unwrap();
    fs::write(&path, &bytes[..bytes.len() * 3 / 4]).unwrap();
    let mut clip = open_clip(&path).unwrap();
    let announced = clip.info().frame_count.unwrap();
    let frames = read_all(&mut *clip);
    assert!((20..60).contains(&frames.len()), "{} frames", frames.len());
    assert_eq!(frames.len() as u64, announced);
}

#[test]
fn damage_in_the_middle_costs_frames_up_to_the_next_key_frame() {
    let folder = tempfile::tempdir().unwrap();
    // Key frames at 0, 60, 120.
    let path = folder.path().join("a.mp4");
    let mut sink = open_sink(&path, &SinkOptions::default()).unwrap();
    for number in 0..180 {
        sink.write(&moving_picture(160, 120, number % 30)).unwrap();
    }
    sink.finish().unwrap();
    let mut bytes = fs::read(&path).unwrap();
    let mp4 = re_mp4::Mp4::read_bytes(&bytes).unwrap();
    let samples = &mp4.tracks().values().next().unwrap().samples;
    let hit = samples[70].byte_range();
    // The length of the unit is nonsense now.
    bytes[hit.start..hit.start + 4].fill(0xff);
    fs::write(&path, &bytes).unwrap();
    let frames = read_all(&mut *open_clip_with(&path, &BUILT_IN).unwrap());
    assert_eq!(frames.len(), 70 + 60);
    assert!((frames[69].1 - 69.0 / 30.0).abs() < 0.01);
    assert!((frames[70].1 - 120.0 / 30.0).abs() < 0.01, "goes on at the next key frame, at {}", frames[70].1);
}
