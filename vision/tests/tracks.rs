//! Which track of a file is played, and what in a track is refused, restarted or left out.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "what is skipped is told to whoever runs the tests")]

mod common;

use std::fs;
use std::path::Path;

use common::{ffmpeg, ffmpeg_clip, read_all};
use otherglass_vision::{ClipOptions, VisionError, open_clip_with};

/// Without help from outside.
const BUILT_IN: ClipOptions = ClipOptions { folder_frame_rate: 30.0, use_ffmpeg: false };

/// With `ffmpeg` where it is installed.
const HELPED: ClipOptions = ClipOptions { folder_frame_rate: 30.0, use_ffmpeg: true };

const H264: [&str; 6] = ["-c:v", "libx264", "-pix_fmt", "yuv420p", "-crf", "16"];

fn text(path: &Path) -> &str {
    path.to_str().expect("a plain name")
}

fn refusal(path: &Path, options: &ClipOptions) -> VisionError {
    open_clip_with(path, options).err().unwrap_or_else(|| panic!("{} should not open", path.display()))
}

#[test]
fn a_size_that_changes_costs_no_picture() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str| folder.path().join(name);
    let mut list = String::new();
    for (number, size) in ["160x128", "96x64", "160x128"].into_iter().enumerate() {
        // B-frames: some pictures are still in the decoder when the size changes.
        let part = file(&format!("{number}.ts"));
        if !ffmpeg_clip(&part, size, 1.0, "", &[&H264[..], &["-bf", "3"]].concat()) {
            return;
        }
        list += &format!("file '{}'\n", text(&part));
    }
    fs::write(file("list.txt"), list).unwrap();
    let (list, all) = (file("list.txt"), file("all.mp4"));
    assert!(ffmpeg(&["-f", "concat", "-safe", "0", "-i", text(&list), "-c", "copy", text(&all)]));
    assert!(ffmpeg(&["-i", text(&file("all.mp4")), "-c", "copy", text(&file("all.mkv"))]));
    for name in ["all.mp4", "all.mkv"] {
        let frames = read_all(&mut *open_clip_with(file(name), &BUILT_IN).unwrap());
        assert_eq!(frames.len(), 90, "{name}");
        assert!(frames.iter().all(|(frame, _)| (frame.width, frame.height) == (160, 128)));
        // Of the three parts the first and the last are alike.
        for number in 0..30 {
            assert!(common::psnr_db(&frames[number].0, &frames[60 + number].0) > 40.0, "{name}: frame {number}");
        }
    }
}

#[test]
fn thumbnails_and_disabled_tracks_are_passed_over() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str| folder.path().join(name);
    if !ffmpeg_clip(&file("clip.mp4"), "160x128", 1.0, "", &H264)
        || !ffmpeg_clip(&file("small.mp4"), "320x256", 0.03, "", &H264)
        || !ffmpeg_clip(&file("still.mp4"), "640x480", 0.03, "", &["-c:v", "mjpeg", "-pix_fmt", "yuvj420p"])
    {
        return;
    }
    let clip = file("clip.mp4");
    let clip = text(&clip);
    for (first, name) in
        [("small.mp4", "a.mp4"), ("still.mp4", "b.mp4"), ("small.mp4", "c.mov"), ("still.mp4", "d.mkv")]
    {
        let (first, path) = (file(first), file(name));
        assert!(ffmpeg(&["-i", text(&first), "-i", clip, "-map", "0:v", "-map", "1:v", "-c", "copy", text(&path)]));
        let frames = read_all(&mut *open_clip_with(&path, &BUILT_IN).unwrap());
        assert_eq!((frames.len(), frames[0].0.width), (30, 160), "{name}");
    }
    // Two moving tracks: the larger one is turned off.
    assert!(ffmpeg_clip(&file("large.mp4"), "320x256", 1.0, "", &H264));
    let path = file("two.mp4");
    let disable = ["-disposition:v:0", "0", "-disposition:v:1", "default"];
    let (large, out) = (file("large.mp4"), text(&path));
    let copy = ["-i", text(&large), "-i", clip, "-map", "0:v", "-map", "1:v", "-c", "copy"];
    assert!(ffmpeg(&[&copy[..], &disable, &[out]].concat()));
    assert_eq!(open_clip_with(&path, &BUILT_IN).unwrap().info().width, 160);
    assert!(ffmpeg(&[&copy[..], &[out]].concat()));
    let mut bytes = fs::read(&path).unwrap();
    for (number, enabled) in [(0, 0), (1, 1)] {
        let at = bytes.windows(4).enumerate().filter(|(_, kind)| *kind == b"tkhd").nth(number).unwrap().0 + 7;
        bytes[at] = bytes[at] & !1 | enabled;
    }
    fs::write(&path, bytes).unwrap();
    assert_eq!(open_clip_with(&path, &BUILT_IN).unwrap().info().width, 160);
}

#[test]
fn encrypted_clips_are_refused_with_and_without_ffmpeg() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("locked.mp4");
    let key =
        ["-encryption_key", "00112233445566778899aabbccddeeff", "-encryption_kid", "00112233445566778899aabbccddeeff"];
    let encode = [&H264[..], &["-encryption_scheme", "cenc-aes-ctr"], &key].concat();
    if !ffmpeg_clip(&path, "160x128", 0.5, "", &encode) {
        return;
    }
    for options in [BUILT_IN, HELPED] {
        let message = refusal(&path, &options).to_string();
        assert!(message.contains("locked.mp4: encrypted (DRM, cenc)") && message.contains("copy without"), "{message}");
    }
}

#[test]
fn interlaced_h264_is_named_however_it_is_interlaced() {
    let folder = tempfile::tempdir().unwrap();
    for (name, more) in [("tff.mp4", ["-x264opts", "tff"]), ("bff.mkv", ["-x264opts", "bff"])] {
        let path = folder.path().join(name);
        if !ffmpeg_clip(&path, "160x128", 0.2, "", &[&H264[..], &["-flags", "+ilme+ildct"], &more].concat()) {
            return;
        }
        let message = refusal(&path, &BUILT_IN).to_string();
        assert!(message.contains("interlaced H.264") && message.contains("install ffmpeg"), "{message}");
    }
}

#[test]
fn high_dynamic_range_goes_to_ffmpeg_or_plays_here() {
    let folder = tempfile::tempdir().unwrap();
    for (name, transfer) in [("hlg.mp4", "arib-std-b67"), ("pq.mkv", "smpte2084")] {
        let path = folder.path().join(name);
        let colour = ["-color_primaries", "bt2020", "-colorspace", "bt2020nc", "-color_trc", transfer];
        if !ffmpeg_clip(&path, "160x128", 0.2, "", &[&H264[..], &colour].concat()) {
            return;
        }
        assert_eq!(read_all(&mut *open_clip_with(&path, &BUILT_IN).unwrap()).len(), 6);
        assert_eq!(read_all(&mut *open_clip_with(&path, &HELPED).unwrap()).len(), 6);
    }
}

/// An EBML element with a size of eight bytes.
fn element(id: u32, body: &[u8]) -> Vec<u8> {
    let id: Vec<u8> = id.to_be_bytes().into_iter().skip_while(|byte| *byte == 0).collect();
    [&id[..], &(body.len() as u64 | 1 << 56).to_be_bytes(), body].concat()
}

/// Reads the element at the start of bytes: ID, where its body begins, where it ends.
fn parse(bytes: &[u8]) -> (u32, usize, usize) {
    let id_len = bytes[0].leading_zeros() as usize + 1;
    let id = bytes[..id_len].iter().fold(0, |sum, byte| sum << 8 | u32::from(*byte));
    let len = bytes[id_len].leading_zeros() as usize + 1;
    let size = bytes[id_len..id_len + len].iter().fold(0_u64, |sum, byte| sum << 8 | u64::from(*byte));
    let size = size & ((1 << (7 * len)) - 1);
    let unknown = size == (1 << (7 * len)) - 1;
    let body = id_len + len;
    (id, body, if unknown { bytes.len() } else { body + size as usize })
}

/// Appends elements to the innermost of a path of elements.
fn append(bytes: &[u8], path: &[u32], addition: &[u8]) -> Vec<u8> {
    let Some((wanted, inner)) = path.split_first() else { return [bytes, addition].concat() };
    let mut at = 0;
    loop {
        let (id, body, end) = parse(&bytes[at..]);
        if id == *wanted {
            let grown = append(&bytes[at + body..at + end], inner, addition);
            return [&bytes[..at], &element(id, &grown), &bytes[at + end..]].concat();
        }
        at += end;
    }
}

const SEGMENT: u32 = 0x1853_8067;
const TRACKS: u32 = 0x1654_ae6b;
const TRACK_ENTRY: u32 = 0xae;
const VIDEO: u32 = 0xe0;

#[test]
fn matroska_cuts_shapes_and_turns() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("plain.mkv");
    if !ffmpeg_clip(&path, "160x96", 0.2, "", &H264) {
        return;
    }
    let bytes = fs::read(&path).unwrap();
    let plain = read_all(&mut *open_clip_with(&path, &BUILT_IN).unwrap()).remove(0).0;
    let video = |additions: &[Vec<u8>]| {
        let path = folder.path().join("changed.mkv");
        fs::write(&path, append(&bytes, &[SEGMENT, TRACKS, TRACK_ENTRY, VIDEO], &additions.concat())).unwrap();
        let frame = read_all(&mut *open_clip_with(&path, &BUILT_IN).unwrap()).remove(0).0;
        let theirs = common::shown_by_ffmpeg(&path, (frame.width, frame.height)).remove(0);
        (frame, theirs)
    };
    let number = |id: u32, value: u16| element(id, &value.to_be_bytes());
    let pose = |id: u32, value: f32| element(id, &value.to_be_bytes());
    // Cut, then stretched: 150 of 160 columns shown as 300 (ffmpeg 5.1 does not cut).
    let (frame, _) = video(&[number(0x54cc, 6), number(0x54dd, 4), number(0x54b0, 300), number(0x54ba, 96)]);
    assert_eq!((frame.width, frame.height), (300, 96));
    let wanted = plain.crop(6, 0, 150, 96).unwrap().resize(300, 96).unwrap();
    assert_eq!(frame.pixels, wanted.pixels);
    // As a ratio.
    let (frame, theirs) = video(&[number(0x54b2, 3), number(0x54b0, 16), number(0x54ba, 9)]);
    assert_eq!((frame.width, frame.height), (170, 96));
    assert!(common::psnr_db(&frame, &theirs) > 26.0);
    // In a unit that nobody knows.
    let (frame, _) = video(&[number(0x54b2, 4), number(0x54b0, 16), number(0x54ba, 1)]);
    assert_eq!(frame.pixels, plain.pixels);
    for (roll, yaw, size) in
        [(90.0, 0.0, (96, 160)), (-90.0, 0.0, (96, 160)), (180.0, 0.0, (160, 96)), (0.0, 180.0, (160, 96))]
    {
        let projection = [number(0x7671, 0), pose(0x7673, yaw), pose(0x7674, 0.0), pose(0x7675, roll)].concat();
        let (frame, theirs) = video(&[element(0x7670, &projection)]);
        assert_eq!((frame.width, frame.height), size, "roll {roll}, yaw {yaw}");
        let quality = common::psnr_db(&frame, &theirs);
        assert!(quality > 26.0, "roll {roll}, yaw {yaw}: {quality:.1} dB");
    }
    let encryption = element(0x6d80, &element(0x6240, &[element(0x5033, &[1]), element(0x5035, &[])].concat()));
    fs::write(&path, append(&bytes, &[SEGMENT, TRACKS, TRACK_ENTRY], &encryption)).unwrap();
    for options in [BUILT_IN, HELPED] {
        let message = refusal(&path, &options).to_string();
        assert!(message.contains("plain.mkv: encrypted"), "{message}");
    }
}

/// A box of MP4.
fn mp4_box(kind: &[u8; 4], body: &[&[u8]]) -> Vec<u8> {
    let body = body.concat();
    [&(body.len() as u32 + 8).to_be_bytes()[..], kind, &body].concat()
}

/// The body of the first box of a kind in the index, wherever it lies there.
fn body<'a>(bytes: &'a [u8], kind: &[u8; 4]) -> &'a [u8] {
    let bytes = &bytes[bytes.windows(4).position(|window| window == b"moov").unwrap()..];
    let at = bytes.windows(4).position(|window| window == kind).unwrap();
    let size = u32::from_be_bytes(bytes[at - 4..at].try_into().unwrap()) as usize;
    &bytes[at + 4..at - 4 + size]
}

/// Two clips in one track, each with a sample description of its own: parameter sets are in the index alone.
#[test]
fn every_sample_description_is_obeyed() {
    let folder = tempfile::tempdir().unwrap();
    let clips = [(64, 48), (96, 64)].map(|(width, height)| {
        let path = common::write_clip(&folder.path().join(format!("{width}.mp4")), width, height, 5, 30.0);
        (fs::read(&path).unwrap(), read_all(&mut *open_clip_with(&path, &BUILT_IN).unwrap()))
    });
    let word = |value: u32| value.to_be_bytes();
    let payload: Vec<&[u8]> = clips
        .iter()
        .map(|(bytes, _)| {
            let at = bytes.windows(4).position(|window| window == b"mdat").unwrap() + 12; // a size of eight bytes
            &bytes[at..]
        })
        .collect();
    let ftyp = mp4_box(b"ftyp", &[b"isom", &[0; 4]]);
    let mdat = mp4_box(b"mdat", &payload);
    let entries = clips.iter().map(|(bytes, _)| mp4_box(b"avc1", &[body(bytes, b"avc1")])).collect::<Vec<_>>();
    let sizes: Vec<u8> = clips.iter().flat_map(|(bytes, _)| body(bytes, b"stsz")[12..].to_vec()).collect();
    let first = ftyp.len() as u32 + 8;
    let zero = word(0);
    let chunk = |number: u32| [word(number), word(5), word(number)].concat();
    let stbl = mp4_box(
        b"stbl",
        &[
            &mp4_box(b"stsd", &[&zero, &word(2), &entries[0], &entries[1]]),
            &mp4_box(b"stts", &[&zero, &word(1), &word(10), &word(1000)]),
            &mp4_box(b"stsc", &[&zero, &word(2), &chunk(1), &chunk(2)]),
            &mp4_box(b"stsz", &[&zero, &zero, &word(10), &sizes]),
            &mp4_box(b"stco", &[&zero, &word(2), &word(first), &word(first + payload[0].len() as u32)]),
        ],
    );
    let header = &clips[0].0;
    let mdhd = mp4_box(b"mdhd", &[&zero, &zero, &zero, &word(30_000), &word(10_000), &zero]);
    let hdlr = mp4_box(b"hdlr", &[body(header, b"hdlr")]);
    let mdia = mp4_box(b"mdia", &[&mdhd, &hdlr, &mp4_box(b"minf", &[&stbl])]);
    let trak = mp4_box(b"trak", &[&mp4_box(b"tkhd", &[body(header, b"tkhd")]), &mdia]);
    let path = folder.path().join("two.mp4");
    fs::write(&path, [ftyp, mdat, mp4_box(b"moov", &[&trak])].concat()).unwrap();
    let frames = read_all(&mut *open_clip_with(&path, &BUILT_IN).unwrap());
    assert_eq!(frames.len(), 10);
    for (number, (frame, _)) in frames.iter().enumerate() {
        let wanted = &clips[number / 5].1[number % 5].0;
        assert_eq!(frame.pixels, wanted.letterbox(64, 48).unwrap().pixels, "frame {number}");
    }
}
