//! Clips as players show them: pictures, shape, orientation and times against what ffmpeg makes of the same file.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "what is skipped is told to whoever runs the tests")]

mod common;

use std::fs;
use std::path::Path;

use common::{assert_same_pictures, ffmpeg, ffmpeg_clip, psnr_db, read_all, shown_by_ffmpeg, times_by_ffmpeg};
use otherglass_vision::{ClipOptions, Frame, FrameSource, open_clip_with};

/// Without help from outside.
const BUILT_IN: ClipOptions = ClipOptions { folder_frame_rate: 30.0, use_ffmpeg: false };

fn open(path: &Path) -> Box<dyn FrameSource> {
    open_clip_with(path, &BUILT_IN).unwrap_or_else(|error| panic!("{error}"))
}

/// Every frame, having checked that what was announced is what came.
fn play(path: &Path) -> Vec<(Frame, f64)> {
    let mut clip = open(path);
    let info = clip.info().clone();
    let frames = read_all(&mut *clip);
    if let Some(count) = info.frame_count {
        assert_eq!(frames.len() as u64, count, "{}: frames announced", path.display());
    }
    let last = frames.last().unwrap().1;
    if let Some(duration_s) = info.duration_s {
        assert!(duration_s > last && duration_s < last + 0.5, "{}: {duration_s} s, last at {last}", path.display());
    }
    frames
}

/// Plays a clip and holds pictures, size and times against ffmpeg's.
fn compare(path: &Path, size: (u32, u32), least_db: f64) -> Vec<(Frame, f64)> {
    let name = path.file_name().unwrap().to_string_lossy().into_owned();
    let frames = play(path);
    assert_eq!((frames[0].0.width, frames[0].0.height), size, "{name}");
    assert_same_pictures(&name, &frames, &shown_by_ffmpeg(path, size), least_db);
    let times = times_by_ffmpeg(path);
    // ffmpeg moves a track by up to one frame, so that a cut between two frames begins with the second at once.
    let late = open(path).start_s() - times[0];
    assert!(late > -0.002 && late < 1.0 / 30.0, "{name}: begins {late} s late");
    for ((_, ours), theirs) in frames.iter().zip(&times) {
        assert!((ours - (theirs - times[0])).abs() < 0.002, "{name}: {ours} for {theirs}");
    }
    frames
}

#[test]
fn monochrome_is_grey() {
    let folder = tempfile::tempdir().unwrap();
    let ways: [(&str, &[&str]); 5] = [
        ("high.mp4", &[]),
        ("cavlc.mp4", &["-coder", "0"]),
        ("full.mkv", &["-color_range", "pc"]),
        ("plain.mov", &["-bf", "0", "-g", "1"]),
        ("sliced.mkv", &["-slices", "4", "-bf", "3"]),
    ];
    for (name, more) in ways {
        let path = folder.path().join(name);
        let encode = [&["-c:v", "libx264", "-pix_fmt", "gray", "-crf", "16"], more].concat();
        if !ffmpeg_clip(&path, "160x128", 1.0, "", &encode) {
            return;
        }
        for (frame, _) in compare(&path, (160, 128), 40.0) {
            assert!(frame.pixels.chunks(3).all(|pixel| pixel[0] == pixel[1] && pixel[1] == pixel[2]), "{name}: colour");
        }
    }
}

/// The place of a box's body in a file.
fn body_of(bytes: &[u8], kind: &[u8; 4]) -> usize {
    bytes.windows(4).position(|window| window == kind).unwrap() + 4
}

/// Writes another matrix into the header of a track or movie, version 0.
fn set_matrix(bytes: &mut [u8], header: &[u8; 4], matrix: [f64; 4]) {
    let at = body_of(bytes, header) + if header == b"tkhd" { 40 } else { 36 };
    let fixed = |value: f64| ((value * 65536.0).round() as i32).to_be_bytes();
    let words = [matrix[0], matrix[1], 0.0, matrix[2], matrix[3], 0.0, 0.0, 0.0];
    for (number, word) in words.into_iter().enumerate() {
        bytes[at + number * 4..][..4].copy_from_slice(&fixed(word));
    }
}

#[test]
fn display_matrices() {
    let folder = tempfile::tempdir().unwrap();
    let plain = folder.path().join("plain.mp4");
    if !ffmpeg_clip(&plain, "160x96", 0.2, "", &["-c:v", "libx264", "-pix_fmt", "yuv420p", "-crf", "12"]) {
        return;
    }
    let bytes = fs::read(&plain).unwrap();
    let (sine, cosine) = 30_f64.to_radians().sin_cos();
    let one = [1.0, 0.0, 0.0, 1.0];
    let upright = (160, 96);
    let sideways = (96, 160);
    let cases = [
        ("identity", one, one, upright),
        ("quarter", [0.0, 1.0, -1.0, 0.0], one, sideways),
        ("half", [-1.0, 0.0, 0.0, -1.0], one, upright),
        ("three-quarters", [0.0, -1.0, 1.0, 0.0], one, sideways),
        ("flipped", [-1.0, 0.0, 0.0, 1.0], one, upright),
        ("upside-down", [1.0, 0.0, 0.0, -1.0], one, upright),
        ("transposed", [0.0, 1.0, 1.0, 0.0], one, sideways),
        ("antitransposed", [0.0, -1.0, -1.0, 0.0], one, sideways),
        ("doubled", [2.0, 0.0, 0.0, 2.0], one, upright),
        ("doubled-quarter", [0.0, 2.0, -2.0, 0.0], one, sideways),
        ("wide", [2.0, 0.0, 0.0, 1.0], one, (320, 96)),
        ("thirty-degrees", [cosine, sine, -sine, cosine], one, upright),
        ("nothing", [0.0; 4], one, upright),
        ("movie-quarter", one, [0.0, 1.0, -1.0, 0.0], sideways),
        ("both-quarters", [0.0, 1.0, -1.0, 0.0], [0.0, 1.0, -1.0, 0.0], upright),
    ];
    let straight = play(&plain).remove(0).0;
    for (name, track, movie, size) in cases {
        let path = folder.path().join(format!("{name}.mp4"));
        let mut bytes = bytes.clone();
        set_matrix(&mut bytes, b"tkhd", track);
        set_matrix(&mut bytes, b"mvhd", movie);
        fs::write(&path, bytes).unwrap();
        // The black corners of a turned picture have hard edges, where chroma counts.
        let frames = compare(&path, size, if name == "thirty-degrees" { 20.0 } else { 26.0 });
        if name == "thirty-degrees" {
            let middle = |frame: &Frame| frame.crop(50, 24, 60, 48).unwrap();
            let theirs = &shown_by_ffmpeg(&path, size)[0];
            let quality = psnr_db(&middle(&frames[0].0), &middle(theirs));
            assert!(quality > 26.0, "{name}: {quality:.1} dB in the middle");
        }
        let unchanged = frames[0].0.pixels == straight.pixels;
        assert_eq!(unchanged, ["identity", "doubled", "nothing"].contains(&name), "{name}");
    }
}

#[test]
fn pixels_that_are_not_square() {
    let folder = tempfile::tempdir().unwrap();
    let h264: &[&str] = &["-c:v", "libx264", "-pix_fmt", "yuv420p", "-crf", "14"];
    let cases: [(&str, &str, &str, (u32, u32)); 9] = [
        ("wide.mp4", "120x96", "setsar=4/3", (160, 96)),
        ("pal.mp4", "180x144", "setsar=64/45", (256, 144)),
        ("tall.mp4", "160x96", "setsar=8/9", (160, 108)),
        ("tall.mkv", "160x96", "setsar=1/2", (160, 192)),
        ("wide.mkv", "120x96", "setsar=4/3", (160, 96)),
        ("square.mov", "120x96", "setsar=1/1", (120, 96)),
        ("odd.mov", "122x98", "setsar=10/11", (122, 108)),
        ("absurd.mp4", "120x96", "setsar=1/1000", (120, 96)),
        ("wide.y4m", "120x96", "setsar=4/3", (160, 96)),
    ];
    for (name, size, filter, wanted) in cases {
        let path = folder.path().join(name);
        let encode = if name.ends_with("y4m") { &["-pix_fmt", "yuv420p"][..] } else { h264 };
        if !ffmpeg_clip(&path, size, 0.2, filter, encode) {
            return;
        }
        compare(&path, wanted, 28.0);
    }
    // Turned after it is stretched.
    let path = folder.path().join("turned.mp4");
    let mut bytes = fs::read(folder.path().join("wide.mp4")).unwrap();
    set_matrix(&mut bytes, b"tkhd", [0.0, 1.0, -1.0, 0.0]);
    fs::write(&path, &bytes).unwrap();
    let turned = play(&path).remove(0).0;
    let flat = play(&folder.path().join("wide.mp4")).remove(0).0;
    assert_eq!((turned.width, turned.height), (96, 160));
    assert_eq!(turned.pixels[..3], flat.pixels[95 * 160 * 3..][..3], "the bottom left corner is on top");
    // The container's word counts more than the stream's; without either the size in the track's header decides.
    let at = body_of(&bytes, b"pasp");
    bytes[at..at + 8].copy_from_slice(&[0, 0, 0, 2, 0, 0, 0, 1]);
    set_matrix(&mut bytes, b"tkhd", [1.0, 0.0, 0.0, 1.0]);
    fs::write(&path, &bytes).unwrap();
    compare(&path, (240, 96), 28.0);
    bytes[at - 4..at].copy_from_slice(b"free");
    fs::write(&path, &bytes).unwrap();
    compare(&path, (160, 96), 28.0);
}

/// A movie and track of one kind, with its edit list replaced by these (length in 1/1000 s, start in the track, rate).
fn with_edits(bytes: &[u8], edits: &[(u64, i64, f64)], version: u8) -> Vec<u8> {
    // The boxes that hold the list grow, and so do the chunk offsets behind it: ffmpeg puts `moov` last, so none do.
    let mut list = vec![version, 0, 0, 0];
    list.extend((edits.len() as u32).to_be_bytes());
    for (length, start, rate) in edits {
        if version == 0 {
            list.extend((*length as u32).to_be_bytes());
            list.extend((*start as i32).to_be_bytes());
        } else {
            list.extend(length.to_be_bytes());
            list.extend(start.to_be_bytes());
        }
        list.extend(((rate * 65536.0) as i32).to_be_bytes());
    }
    let mut bytes = bytes.to_vec();
    let elst = body_of(&bytes, b"elst") - 8;
    let size = |bytes: &[u8], at: usize| u32::from_be_bytes(bytes[at..at + 4].try_into().unwrap());
    let old = size(&bytes, elst) as usize;
    let new = list.len() + 8;
    bytes.splice(elst + 8..elst + old, list);
    for outer in [elst, body_of(&bytes, b"edts") - 8, body_of(&bytes, b"trak") - 8, body_of(&bytes, b"moov") - 8] {
        let grown = size(&bytes, outer) as usize + new - old;
        bytes[outer..outer + 4].copy_from_slice(&(grown as u32).to_be_bytes());
    }
    bytes
}

const H264: [&str; 10] = ["-c:v", "libx264", "-pix_fmt", "yuv420p", "-crf", "14", "-bf", "3", "-g", "30"];

#[test]
fn clips_cut_without_recoding() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str| folder.path().join(name);
    let plain = file("plain.mp4");
    if !ffmpeg_clip(&plain, "160x96", 3.0, "", &H264) {
        return;
    }
    assert_eq!(compare(&plain, (160, 96), 26.0).len(), 90);
    let text = |path: &Path| path.to_str().unwrap().to_owned();
    let cuts: [(&str, &[&str], &[&str]); 7] = [
        ("cut.mp4", &["-ss", "0.5"], &[]),
        ("between.mov", &["-ss", "1.517", "-t", "0.71"], &[]),
        ("start.mp4", &["-t", "0.5"], &[]),
        ("fragments.mp4", &["-ss", "0.5"], &["-movflags", "frag_keyframe+empty_moov"]),
        ("delayed-fragments.mp4", &["-ss", "0.5"], &["-movflags", "frag_keyframe+delay_moov"]),
        ("late.mp4", &["-itsoffset", "0.7"], &[]),
        ("cut.mkv", &["-ss", "0.5"], &[]),
    ];
    for (name, before, after) in cuts {
        let (input, output) = (text(&plain), text(&file(name)));
        assert!(ffmpeg(&[before, &["-i", &input, "-c", "copy"], after, &[&output]].concat()));
        if name == "delayed-fragments.mp4" {
            // ffmpeg 5.1 shows what the list of a fragmented file cuts away at negative times; the standard does not.
            continue;
        }
        compare(&file(name), (160, 96), 26.0);
    }
    let (whole, fragments) = (play(&file("cut.mp4")), play(&file("delayed-fragments.mp4")));
    assert_eq!((whole.len(), fragments.len()), (75, 75));
    assert!(whole.iter().zip(&fragments).all(|(a, b)| a.0.pixels == b.0.pixels && (a.1 - b.1).abs() < 0.002));
}

#[test]
fn edit_lists_of_every_kind() {
    let folder = tempfile::tempdir().unwrap();
    let plain = folder.path().join("plain.mp4");
    if !ffmpeg_clip(&plain, "160x96", 2.0, "", &[&H264[..], &["-video_track_timescale", "15000"]].concat()) {
        return;
    }
    let bytes = fs::read(&plain).unwrap();
    let whole = play(&plain);
    // ffmpeg's own list begins where the first picture is shown: two frames in, for B-frames.
    let first = 1000;
    let list = |edits: &[(u64, i64, f64)]| edits.to_vec();
    let cases = [
        ("cut", list(&[(500, first + 7500, 1.0)]), (15..30).collect::<Vec<usize>>()),
        ("end", list(&[(1000, first, 1.0)]), (0..30).collect()),
        ("late", list(&[(400, -1, 1.0), (1000, first + 3000, 1.0)]), (6..36).collect()),
        ("two", list(&[(500, first, 1.0), (500, first + 15000, 1.0)]), (0..15).chain(30..45).collect()),
        ("back", list(&[(500, first + 20000, 1.0), (200, first + 5000, 1.0)]), (40..55).chain(10..16).collect()),
        ("nothing", list(&[(500, 900_000, 1.0)]), (0..60).collect()),
        ("none", list(&[]), (0..60).collect()),
    ];
    for (name, edits, wanted) in cases {
        for version in [0, 1] {
            let path = folder.path().join(format!("{name}-{version}.mp4"));
            fs::write(&path, with_edits(&bytes, &edits, version)).unwrap();
            let frames = play(&path);
            assert_eq!(frames.len(), wanted.len(), "{name}, version {version}");
            for (number, (frame, at)) in frames.iter().zip(&wanted).enumerate() {
                assert!(frame.0.pixels == whole[*at].0.pixels, "{name}: frame {number} is not frame {at}");
                assert!((frame.1 - number as f64 / 30.0).abs() < 0.002, "{name}: frame {number} at {}", frame.1);
            }
            if matches!(name, "cut" | "end" | "late" | "none") {
                compare(&path, (160, 96), 26.0);
            }
        }
    }
    let path = folder.path().join("still.mp4");
    fs::write(&path, with_edits(&bytes, &[(700, first + 5000, 0.0), (500, first + 7500, 2.0)], 0)).unwrap();
    let frames = play(&path);
    assert_eq!(frames.len(), 1 + 30, "one picture held, then one second in half of one");
    assert!((frames[1].1 - 0.7).abs() < 0.002 && (frames[30].1 - 0.7 - 29.0 / 60.0).abs() < 0.002);
}

#[test]
fn a_slow_clip_says_how_long_its_last_picture_stays() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["slow.mp4", "slow.mkv"] {
        let path = folder.path().join(name);
        // Two pictures, twelve seconds each.
        if !ffmpeg_clip(&path, "160x96", 24.0, "fps=1/12", &H264) {
            return;
        }
        let info = open(&path).info().clone();
        assert_eq!(read_all(&mut *open(&path)).len(), 2, "{name}");
        assert!((info.duration_s.unwrap() - 24.0).abs() < 0.1, "{name}: {:?}", info.duration_s);
    } // A recording that was cut off does not last as long as its header says.
    let path = folder.path().join("slow.mkv");
    let bytes = fs::read(&path).unwrap();
    fs::write(&path, &bytes[..bytes.len() - 200]).unwrap();
    assert_eq!(open(&path).info().duration_s, None);
}
