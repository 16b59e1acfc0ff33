//! What sinks write, read back; and that nothing half-written is left behind.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "what is skipped is told to whoever runs the tests")]

mod common;

use std::fs;
use std::path::Path;

use common::{moving_picture, psnr_db, read_all, write_clip};
use otherglass_vision::{SinkOptions, VisionError, open_clip, open_sink};

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<_> =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn an_mp4_comes_back_frame_by_frame() {
    let folder = tempfile::tempdir().unwrap();
    let path = write_clip(&folder.path().join("out.mp4"), 320, 240, 75, 25.0);
    assert_eq!(names(folder.path()), ["out.mp4"]);
    let mut clip = open_clip(&path).unwrap();
    let info = clip.info().clone();
    assert_eq!((info.width, info.height, info.frame_count), (320, 240, Some(75)));
    assert!((info.frame_rate.unwrap() - 25.0).abs() < 1e-6);
    assert!((info.duration_s.unwrap() - 3.0).abs() < 1e-6);
    let frames = read_all(&mut *clip);
    assert_eq!(frames.len(), 75);
    for (number, (frame, position_s)) in frames.iter().enumerate() {
        assert_eq!(frame.seq, number as u64);
        assert!((position_s - number as f64 / 25.0).abs() < 1e-4, "frame {number} at {position_s}");
        let quality = psnr_db(frame, &moving_picture(320, 240, number as u64));
        assert!(quality > 31.0, "frame {number} has {quality:.1} dB");
    }
    // The comparison itself can fail: another frame's picture is far off.
    assert!(psnr_db(&frames[0].0, &moving_picture(320, 240, 20)) < 25.0);
}

#[test]
fn another_reader_accepts_the_mp4_and_its_index_comes_first() {
    let folder = tempfile::tempdir().unwrap();
    let path = write_clip(&folder.path().join("out.mp4"), 322, 242, 130, 30.0);
    let bytes = fs::read(&path).unwrap();
    let at = |kind: &[u8]| bytes.windows(4).position(|window| window == kind).unwrap();
    assert!(at(b"ftyp") < at(b"moov") && at(b"moov") < at(b"mdat"));
    let mp4 = re_mp4::Mp4::read_bytes(&bytes).unwrap();
    let track = mp4.tracks().values().next().unwrap();
    assert_eq!((track.width, track.height), (322, 242));
    assert_eq!(track.codec_string(&mp4).unwrap().get(..6), Some("avc1.4"));
    assert_eq!(track.samples.len(), 130);
    let keys = track.samples.iter().filter(|sample| sample.is_sync).count();
    assert!((3..=4).contains(&keys), "{keys} key frames in 130 frames");
    assert!(track.samples[0].is_sync);
    for sample in &track.samples {
        // Each packet is one run of length-prefixed units that ends exactly where the packet ends.
        let mut packet = &bytes[sample.byte_range()];
        while !packet.is_empty() {
            let len = u32::from_be_bytes(packet[..4].try_into().unwrap()) as usize;
            packet = &packet[4 + len..];
        }
    }
}

#[test]
fn given_times_are_kept() {
    let folder = tempfile::tempdir().unwrap();
    let times_s = [0.0, 0.1, 0.15, 0.5, 2.0, 2.04];
    for (name, tolerance_s) in [("out.mp4", 1e-4), ("out.gif", 0.006)] {
        let mut sink = open_sink(folder.path().join(name), &SinkOptions::default()).unwrap();
        for (number, time_s) in times_s.iter().enumerate() {
            sink.write_at(&moving_picture(64, 48, number as u64), *time_s).unwrap();
        }
        let frames = read_all(&mut *open_clip(sink.finish().unwrap()).unwrap());
        assert_eq!(frames.len(), times_s.len(), "{name}");
        for ((_, position_s), time_s) in frames.iter().zip(times_s) {
            assert!((position_s - time_s).abs() < tolerance_s, "{name}: {position_s} for {time_s}");
        }
    }
}

#[test]
fn odd_and_tiny_frames_fit_into_an_mp4() {
    let folder = tempfile::tempdir().unwrap();
    for ((width, height), expected) in [((321, 241), (322, 242)), ((1, 1), (16, 16)), ((17, 300), (18, 300))] {
        let path = write_clip(&folder.path().join("out.mp4"), width, height, 3, 30.0);
        let frames = read_all(&mut *open_clip(path).unwrap());
        assert_eq!(frames.len(), 3);
        assert_eq!((frames[0].0.width, frames[0].0.height), expected);
        let original = moving_picture(width, height, 0);
        let corner = &frames[0].0.pixels[..3];
        for (got, wanted) in corner.iter().zip(&original.pixels) {
            assert!(got.abs_diff(*wanted) < 16, "{width}x{height}: {corner:?} for {:?}", &original.pixels[..3]);
        }
    }
}

#[test]
fn a_gif_comes_back_scaled_and_close() {
    let folder = tempfile::tempdir().unwrap();
    let path = write_clip(&folder.path().join("out.gif"), 640, 480, 20, 20.0);
    assert_eq!(names(folder.path()), ["out.gif"]);
    let mut clip = open_clip(path).unwrap();
    assert_eq!((clip.info().width, clip.info().height), (480, 360));
    assert_eq!((clip.info().frame_count, clip.info().duration_s.map(|s| (s * 100.0) as u32)), (Some(20), Some(100)));
    let frames = read_all(&mut *clip);
    assert_eq!(frames.len(), 20);
    for (number, (frame, position_s)) in frames.iter().enumerate() {
        assert!((position_s - number as f64 / 20.0).abs() < 0.006);
        let wanted = moving_picture(640, 480, number as u64).resize(480, 360).unwrap();
        let quality = psnr_db(frame, &wanted);
        assert!(quality > 30.0, "frame {number} has {quality:.1} dB");
    }
}

#[test]
fn png_folders_are_exact_and_numbered() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("frames");
    // Twelve frames first; then five, which must not leave the others behind; a stranger's file stays.
    write_clip(&out, 33, 21, 12, 30.0);
    fs::write(out.join("notes.txt"), "mine").unwrap();
    let returned = write_clip(&out.join(""), 33, 21, 5, 30.0);
    assert_eq!(returned, out);
    let expected = ["000000.png", "000001.png", "000002.png", "000003.png", "000004.png", "notes.txt"];
    assert_eq!(names(&out), expected);
    assert_eq!(names(folder.path()), ["frames"]);
    let mut clip = open_clip(&out).unwrap();
    assert_eq!(clip.info().frame_count, Some(5));
    for (number, (frame, position_s)) in read_all(&mut *clip).iter().enumerate() {
        assert_eq!(frame.pixels, moving_picture(33, 21, number as u64).pixels);
        assert!((position_s - number as f64 / 30.0).abs() < 1e-9);
    }
}

#[test]
fn a_single_picture_takes_one_frame() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["shot.png", "shot.jpg"] {
        let path = write_clip(&folder.path().join(name), 64, 48, 1, 30.0);
        let (frame, _) = read_all(&mut *open_clip(path).unwrap()).remove(0);
        assert!(psnr_db(&frame, &moving_picture(64, 48, 0)) > 30.0, "{name}");
    }
    let mut sink = open_sink(folder.path().join("two.png"), &SinkOptions::default()).unwrap();
    sink.write(&moving_picture(8, 8, 0)).unwrap();
    let error = sink.write(&moving_picture(8, 8, 1)).unwrap_err().to_string();
    assert!(error.contains("two.png") && error.contains("folder"), "{error}");
}

#[test]
fn an_unfinished_output_leaves_nothing_and_spares_the_old_one() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["a.mp4", "a.gif", "a.png", "frames"] {
        let path = folder.path().join(name);
        let mut sink = open_sink(&path, &SinkOptions::default()).unwrap();
        sink.write(&moving_picture(64, 48, 0)).unwrap();
        drop(sink);
        assert_eq!(names(folder.path()), [""; 0], "{name}");
        let sink = open_sink(&path, &SinkOptions::default()).unwrap();
        let error = sink.finish().unwrap_err().to_string();
        assert!(error.contains("not one frame"), "{error}");
        assert_eq!(names(folder.path()), [""; 0], "{name}");
    }
    let path = write_clip(&folder.path().join("a.mp4"), 64, 48, 2, 30.0);
    let before = fs::read(&path).unwrap();
    let mut sink = open_sink(&path, &SinkOptions::default()).unwrap();
    sink.write(&moving_picture(64, 48, 0)).unwrap();
    assert_eq!(fs::read(&path).unwrap(), before, "the old file stands until the new one is complete");
    drop(sink);
    assert_eq!(fs::read(&path).unwrap(), before);
    write_clip(&path, 64, 48, 9, 30.0);
    assert_eq!(open_clip(&path).unwrap().info().frame_count, Some(9));
}

#[test]
fn frames_of_another_size_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["a.mp4", "a.gif", "frames"] {
        let mut sink = open_sink(folder.path().join(name), &SinkOptions::default()).unwrap();
        sink.write(&moving_picture(64, 48, 0)).unwrap();
        let error = sink.write(&moving_picture(48, 64, 1)).unwrap_err();
        assert!(matches!(error, VisionError::FrameSize { expected: (64, 48), got: (48, 64), .. }), "{error}");
    }
}

#[test]
fn places_that_cannot_be_written_say_so() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    fs::write(&file, "x").unwrap();
    for (path, hint) in [
        (folder.path().join("missing/out.mp4"), "make the folder"),
        (file.join("out.gif"), "folder"),
        (file.join("sub/frames"), "folder"),
        (folder.path().join("out.webm"), ".mp4, .gif"),
        (file.clone(), "in the way"),
    ] {
        let error = open_sink(&path, &SinkOptions::default()).err().expect("it cannot be written").to_string();
        assert!(error.contains(hint) && error.contains(path.to_str().unwrap()), "{error}");
    }
    for (path, hint) in [("-", "standard output"), ("/dev/null", "device")] {
        let error = open_sink(path, &SinkOptions::default()).err().expect("it cannot be written").to_string();
        assert!(error.contains(hint), "{error}");
    }
}

#[test]
fn what_is_too_large_for_the_encoder_is_scaled() {
    let folder = tempfile::tempdir().unwrap();
    let path = write_clip(&folder.path().join("big.mp4"), 4032, 3024, 1, 30.0);
    let (frame, _) = read_all(&mut *open_clip(path).unwrap()).remove(0);
    assert_eq!((frame.width, frame.height), (2880, 2160));
    assert!(psnr_db(&frame, &moving_picture(2880, 2160, 0)) > 30.0);
}

#[cfg(unix)]
#[test]
fn links_are_written_through_and_protected_files_are_left() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    fs::create_dir(at("far")).unwrap();
    std::os::unix::fs::symlink("far/real.gif", at("out.gif")).unwrap();
    std::os::unix::fs::symlink("loop", at("loop")).unwrap();
    write_clip(&at("out.gif"), 32, 24, 2, 10.0);
    assert!(at("out.gif").is_symlink() && at("far/real.gif").is_file());
    assert!(open_sink(at("loop"), &SinkOptions::default()).is_err());
    fs::write(at("kept.gif"), "mine").unwrap();
    let mut mode = fs::metadata(at("kept.gif")).unwrap().permissions();
    mode.set_readonly(true);
    fs::set_permissions(at("kept.gif"), mode).unwrap();
    let error = open_sink(at("kept.gif"), &SinkOptions::default()).err().expect("it is protected").to_string();
    assert!(error.contains("write-protected"), "{error}");
    assert_eq!(fs::read(at("kept.gif")).unwrap(), b"mine");
    // A name of 255 bytes has no room for a suffix.
    let long = at(&format!("{}.gif", "n".repeat(251)));
    write_clip(&long, 32, 24, 2, 10.0);
    assert!(long.is_file());
}

#[test]
fn pictures_of_others_in_a_folder_are_never_touched() {
    let folder = tempfile::tempdir().unwrap();
    let shots = folder.path().join("shots");
    fs::create_dir(&shots).unwrap();
    let theirs = ["20240115.png", "1700000123.png", "170001.png", "IMG_0001.png", "000099.png", ".hidden", "notes.txt"];
    for name in theirs {
        fs::write(shots.join(name), name).unwrap();
    }
    let beside = ["shots.partial", "y.mp4.partial"];
    for name in beside {
        fs::write(folder.path().join(name), name).unwrap();
    }
    let options = SinkOptions { expected_frames: Some(4), ..SinkOptions::default() };
    let fill = |count: u64| {
        let mut sink = open_sink(&shots, &options).unwrap();
        for number in 0..count {
            sink.write(&moving_picture(32, 24, number)).unwrap();
        }
        sink.finish()
    };
    fill(4).unwrap();
    fill(2).unwrap();
    write_clip(&folder.path().join("y.mp4"), 32, 24, 2, 30.0);
    for name in theirs {
        assert_eq!(fs::read(shots.join(name)).unwrap(), name.as_bytes());
    }
    for name in beside {
        assert_eq!(fs::read(folder.path().join(name)).unwrap(), name.as_bytes());
    }
    let mut expected = [&theirs[..], &["000000.png", "000001.png"]].concat();
    expected.sort_unstable();
    assert_eq!(names(&shots), expected, "of an earlier run's frames those stay that were written again");
    // A frame that somebody worked on is theirs now, and in the way.
    fs::write(shots.join("000001.png"), "painted over").unwrap();
    let error = open_sink(&shots, &options).err().expect("there is no room").to_string();
    assert!(error.contains("000001.png") && error.contains("another folder"), "{error}");
    let blind = SinkOptions { expected_frames: Some(1), ..options };
    let mut sink = open_sink(&shots, &blind).unwrap();
    sink.write(&moving_picture(32, 24, 8)).unwrap();
    sink.write(&moving_picture(32, 24, 9)).unwrap();
    assert!(sink.finish().is_err(), "it was said to be one frame");
    assert_eq!(fs::read(shots.join("000001.png")).unwrap(), b"painted over");
    assert_eq!(names(&shots), expected, "a working folder was left");
}

/// A file system of 64 KiB, unmounted when dropped; says why the test is skipped where it can't be mounted.
#[cfg(target_os = "linux")]
struct SmallDisk(tempfile::TempDir);

#[cfg(target_os = "linux")]
impl SmallDisk {
    fn mount() -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let mut mount = std::process::Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", "size=64k", "tmpfs"]).arg(folder.path());
        if mount.output().is_ok_and(|output| output.status.success()) {
            return Some(Self(folder));
        }
        println!("skipped: a full disk: mounting one takes root");
        None
    }
}

#[cfg(target_os = "linux")]
impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ended = std::process::Command::new("umount").arg(self.0.path()).status();
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_says_so() {
    let Some(disk) = SmallDisk::mount() else { return };
    for name in ["a.mp4", "a.gif", "a.png", "a.jpg", "frames"] {
        let path = disk.0.path().join(name);
        let options = SinkOptions { gif_max_side: 4000, ..SinkOptions::default() };
        let mut sink = open_sink(&path, &options).unwrap();
        let mut noise = moving_picture(1280, 720, 0);
        let mut outcome = Ok(());
        for number in 0..200_u32 {
            for (at, value) in noise.pixels.iter_mut().enumerate() {
                *value = value.wrapping_add((at as u32 ^ number).wrapping_mul(0x9e37_79b1).to_le_bytes()[3]);
            }
            outcome = sink.write(&noise);
            if outcome.is_err() || name.ends_with("g") {
                break;
            }
        }
        let error = outcome.and_then(|()| sink.finish().map(drop)).unwrap_err().to_string();
        assert!(error.contains("disk is full") && error.contains(name), "{name}: {error}");
        assert_eq!(names(disk.0.path()), [""; 0], "{name}: something was left");
    }
}

#[test]
fn the_last_frame_is_held_as_long_as_is_asked() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["a.mp4", "a.gif"] {
        for (end_s, wanted_s) in [(None, 2.1), (Some(14.0), 14.0), (Some(1.0), 2.1), (Some(f64::NAN), 2.1)] {
            let path = folder.path().join(name);
            let mut sink = open_sink(&path, &SinkOptions { frame_rate: 10.0, ..SinkOptions::default() }).unwrap();
            sink.write_at(&moving_picture(64, 48, 0), 0.0).unwrap();
            sink.write_at(&moving_picture(64, 48, 9), 2.0).unwrap();
            if let Some(end_s) = end_s {
                sink.hold_until(end_s);
            }
            let path = sink.finish().unwrap();
            let got_s = open_clip(&path).unwrap().info().duration_s.unwrap();
            assert!((got_s - wanted_s).abs() < 0.011, "{name}, until {end_s:?}: {got_s} s");
        }
    }
}
