//! `otherglass render` through the real binary: what goes in comes out, changes come on time, and bad input
//! ends in words, a code and no file.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "what is skipped is told to whoever runs the tests")]

mod common;

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use common::{
    changed_share, clips, copy_folder, frames_of, names_in, otherglass, psnr_db, ran, run, test_frame, write_footage,
};
use tempfile::TempDir;

/// A folder of its own for a test, with the paths as text.
struct Bench {
    folder: TempDir,
}

impl Bench {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    fn path(&self, name: &str) -> String {
        self.folder.path().join(name).to_str().unwrap().to_owned()
    }

    fn footage(&self, name: &str, width: u32, height: u32, frames: u64) -> String {
        let path = self.path(name);
        write_footage(Path::new(&path), width, height, frames);
        path
    }

    fn file(&self, name: &str, bytes: &[u8]) -> String {
        std::fs::write(self.path(name), bytes).unwrap();
        self.path(name)
    }

    /// Renders with the plain engine, which must fail with 1 and those words and leave nothing.
    #[track_caller]
    fn refuses(&self, input: &str, output: &str, words: &[&str]) {
        let before = names_in(self.folder.path());
        run(&["render", input, "--engine", "passthrough", "--output", output]).failed(1, words);
        assert_eq!(names_in(self.folder.path()), before, "something was left behind");
    }
}

#[test]
fn the_plain_mirror_flips_and_no_mirror_does_not() {
    let bench = Bench::new();
    let input = bench.footage("in", 64, 48, 5); // a folder of PNG: nothing is lost on the way
    for (flag, flipped) in [(None, true), (Some("--no-mirror"), false)] {
        let output = bench.path(if flipped { "mirrored" } else { "straight" });
        let mut command = otherglass();
        command.args(["render", &input, "--engine", "passthrough", "--output", &output]).args(flag);
        ran(&mut command).succeeded();
        assert_eq!(
            names_in(Path::new(&output)),
            ["000000.png", "000001.png", "000002.png", "000003.png", "000004.png"]
        );
        for (seq, frame) in frames_of(Path::new(&output)).iter().enumerate() {
            let original = test_frame(64, 48, seq as u64);
            let expected = if flipped { original.mirrored() } else { original };
            assert_eq!(frame.pixels, expected.pixels, "frame {seq}, flipped {flipped}");
        }
    }
}

#[test]
fn clips_go_in_and_out_in_every_format() {
    let bench = Bench::new();
    let clip = bench.footage("in.mp4", 96, 64, 20);
    // A gif's times are in hundredths of a second, so it holds fewer pictures.
    for (name, least_frames) in [("out.mp4", 20), ("out.gif", 10), ("out", 20)] {
        let output = bench.path(name);
        let printed =
            run(&["render", &clip, "--engine", "passthrough", "--no-mirror", "--output", &output]).succeeded();
        assert_eq!(printed.out.trim(), output, "the path is not on standard output");
        let frames = frames_of(Path::new(&output));
        assert!((least_frames..=20).contains(&frames.len()), "{name}: {} frames", frames.len());
        let quality = psnr_db(&frames[0], &test_frame(96, 64, 0));
        assert!(quality > 20.0, "{name}: {quality:.1} dB");
        // The comparison sees a difference where there is one.
        assert!(psnr_db(&frames[0], &test_frame(96, 64, 10)) < quality - 3.0);
    }
}

#[test]
fn odd_sizes_survive() {
    let bench = Bench::new();
    let input = bench.footage("in", 37, 23, 4);
    let output = bench.path("out.mp4");
    run(&["render", &input, "--engine", "passthrough", "--output", &output]).succeeded();
    assert_eq!(frames_of(Path::new(&output)).len(), 4);
}

#[test]
fn seconds_cut_a_clip_and_hold_a_picture() {
    let bench = Bench::new();
    let clip = bench.footage("in.mp4", 64, 48, 30);
    run(&["render", &clip, "--engine", "passthrough", "--seconds", "0.5", "--output", &bench.path("cut")]).succeeded();
    assert_eq!(names_in(Path::new(&bench.path("cut"))).len(), 15);
    let picture = bench.footage("me.png", 64, 48, 1);
    run(&["render", &picture, "--engine", "passthrough", "--output", &bench.path("one")]).succeeded();
    assert_eq!(names_in(Path::new(&bench.path("one"))).len(), 1);
    run(&["render", &picture, "--engine", "passthrough", "--seconds", "1", "--output", &bench.path("held")])
        .succeeded();
    assert_eq!(names_in(Path::new(&bench.path("held"))).len(), 30);
}

#[test]
fn what_is_said_is_answered_and_what_is_too_late_is_told() {
    let bench = Bench::new();
    let clip = bench.footage("in.mp4", 64, 48, 10);
    let said = run(&[
        "render",
        &clip,
        "--engine",
        "passthrough",
        "--output",
        &bench.path("out"),
        "--say",
        "give me a crown",
        "--say",
        "qwrtp zxcvb",
        "--at",
        "0.1:make it blue",
        "--at",
        "99:undo",
    ])
    .succeeded();
    assert!(said.err.contains("\"give me a crown\" -> "), "{said:#?}");
    assert!(said.err.contains("not understood"), "{said:#?}");
    assert!(said.err.contains("0.10 s") && said.err.contains("make it blue"), "{said:#?}");
    assert!(said.err.contains("never said") && said.err.contains("99"), "{said:#?}");
}

#[test]
fn a_real_clip_comes_through_the_plain_mirror_as_it_is() {
    let Some(clips) = clips() else { return };
    let bench = Bench::new();
    let clip = clips.join("yes.mkv");
    let output = bench.path("out");
    let arguments = [
        "render",
        clip.to_str().unwrap(),
        "--engine",
        "passthrough",
        "--no-mirror",
        "--seconds",
        "1",
        "--output",
        &output,
    ];
    run(&arguments).succeeded();
    let (rendered, direct) = (frames_of(Path::new(&output)), frames_of(&clip));
    assert_eq!(rendered.len(), 30);
    assert!(rendered.iter().zip(&direct).all(|(a, b)| a.pixels == b.pixels), "the plain mirror changed a picture");
}

#[test]
fn on_a_real_clip_a_change_shows_on_the_very_next_frame_and_near_the_head() {
    let Some(clips) = clips() else { return };
    let bench = Bench::new();
    let clip = clips.join("yes.mkv");
    let render = |name: &str, extra: &[&str]| {
        let output = bench.path(name);
        let fixed = ["render", clip.to_str().unwrap(), "--no-mirror", "--seconds", "0.6", "--output", &output];
        ran(otherglass().args(fixed).args(extra)).succeeded();
        frames_of(Path::new(&output))
    };
    let plain = render("plain", &[]);
    let crowned = render("crowned", &["--at", "0.4:give me a crown"]);
    assert_eq!((plain.len(), crowned.len()), (18, 18));
    for index in 0..12 {
        assert!(changed_share(&plain[index], &crowned[index], 0.0..1.0) < 0.001, "frame {index} knows of the crown");
    }
    let (upper, lower) =
        (changed_share(&plain[12], &crowned[12], 0.0..0.5), changed_share(&plain[12], &crowned[12], 0.5..1.0));
    assert!(upper > 0.002, "frame 12 shows no crown: {upper:.4} of the upper half changed");
    assert!(lower < upper, "the crown is at the feet: upper {upper:.4}, lower {lower:.4}");
}

#[test]
fn the_same_seed_gives_the_same_picture() {
    let Some(clips) = clips() else { return };
    let bench = Bench::new();
    let clip = clips.join("no.mkv");
    for name in ["a", "b"] {
        let output = bench.path(name);
        run(&[
            "render",
            clip.to_str().unwrap(),
            "--seconds",
            "0.2",
            "--seed",
            "7",
            "--say",
            "give me a crown",
            "--output",
            &output,
        ])
        .succeeded();
    }
    let (a, b) = (frames_of(Path::new(&bench.path("a"))), frames_of(Path::new(&bench.path("b"))));
    assert!(a.iter().zip(&b).all(|(a, b)| a.pixels == b.pixels));
}

#[test]
fn unreadable_input_is_named_and_leaves_nothing() {
    let bench = Bench::new();
    let output = bench.path("out.mp4");
    bench.refuses(&bench.path("absent.mp4"), &output, &["absent.mp4", "no such file"]);
    bench.refuses(&bench.file("empty.mp4", b""), &output, &["empty.mp4", "empty"]);
    bench.refuses(&bench.file("noise.mp4", &[0x5a; 4096]), &output, &["noise.mp4"]);
    bench.refuses(&bench.file("words.mkv", b"this is not a clip"), &output, &["words.mkv"]);
    bench.refuses(&bench.file("header.y4m", b"YUV4MPEG2 W64 H48 F30:1 C420jpeg\n"), &output, &["header.y4m"]);
    std::fs::create_dir(bench.path("no-pictures")).unwrap();
    bench.refuses(&bench.path("no-pictures"), &output, &["no-pictures"]);
}

#[test]
fn a_truncated_clip_ends_in_words_or_in_what_there_was() {
    let bench = Bench::new();
    let whole = std::fs::read(bench.footage("whole.mp4", 320, 240, 60)).unwrap();
    let Some(clips) = clips() else { return };
    let real = std::fs::read(clips.join("yes.mkv")).unwrap();
    for (name, bytes) in [("cut.mp4", &whole[..whole.len() / 2]), ("cut.mkv", &real[..real.len() / 2])] {
        let input = bench.file(name, bytes);
        let output = bench.path(&format!("{name}.out.mp4"));
        let ran = run(&["render", &input, "--engine", "passthrough", "--output", &output]);
        assert!(!ran.err.contains("panicked"), "{ran:#?}");
        match ran.code {
            Some(0) => assert!(!frames_of(Path::new(&output)).is_empty()),
            Some(1) => {
                assert!(ran.err.contains(name), "{ran:#?}");
                assert!(!Path::new(&output).exists(), "a file stands under the final name");
            }
            code => panic!("ended with {code:?}: {ran:#?}"),
        }
        assert!(
            !names_in(bench.folder.path()).iter().any(|name| name.starts_with(".otherglass")),
            "a working file was left"
        );
    }
}

#[test]
fn one_pixel_and_very_large_pictures_work_or_say_why() {
    let bench = Bench::new();
    for (name, width, height) in [("dot", 1, 1), ("vast", 7680, 4320)] {
        let input = bench.footage(name, width, height, 1);
        for engine in ["passthrough", "house"] {
            let output = bench.path(&format!("{name}-{engine}"));
            let ran = run(&["render", &input, "--engine", engine, "--say", "give me a crown", "--output", &output]);
            assert!(!ran.err.contains("panicked"), "{ran:#?}");
            match ran.code {
                Some(0) => assert_eq!(
                    (frames_of(Path::new(&output))[0].width, frames_of(Path::new(&output))[0].height),
                    (width, height)
                ),
                Some(1) => {
                    assert!(ran.err.contains(&format!("{width}x{height}")), "the size is not named: {ran:#?}");
                    assert!(!Path::new(&output).exists());
                }
                code => panic!("ended with {code:?}: {ran:#?}"),
            }
        }
    }
}

#[test]
fn unwritable_output_is_named_before_the_work() {
    let bench = Bench::new();
    let clip = bench.footage("in.mp4", 64, 48, 5);
    bench.refuses(&clip, &bench.path("no/such/folder/out.mp4"), &["no/such/folder/out.mp4"]);
    bench.refuses(&clip, &bench.path("out.avi"), &["out.avi", ".mp4"]);
    bench.file("file", b"x");
    bench.refuses(&clip, &bench.path("file/out.mp4"), &["file/out.mp4"]);
    bench.refuses(&clip, &clip, &["both input and output"]);
    assert_eq!(frames_of(Path::new(&clip)).len(), 5, "the input was harmed");
}

#[test]
fn missing_and_corrupt_weights_are_named_with_the_fix() {
    let bench = Bench::new();
    let clip = bench.footage("in.mp4", 64, 48, 5);
    let (output, empty) = (bench.path("out.mp4"), bench.path("assets-empty"));
    std::fs::create_dir(&empty).unwrap();
    run(&["render", &clip, "--assets", &empty, "--output", &output]).failed(1, &["assets-empty", "reinstall"]);
    assert!(!Path::new(&output).exists());

    let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("assets");
    let damaged = PathBuf::from(bench.path("assets-damaged"));
    let victim = copy_and_damage(&shipped, &damaged);
    let name = victim.file_name().unwrap().to_str().unwrap();
    let assets = damaged.to_str().unwrap();
    run(&["render", &clip, "--assets", assets, "--output", &output])
        .failed(1, &[name, "damaged", "sha256", "reinstall"]);
    assert!(!Path::new(&output).exists());
    // The plain mirror needs no weights.
    run(&["render", &clip, "--assets", assets, "--engine", "passthrough", "--output", &output]).succeeded();
}

/// Copies a folder and flips one bit in the middle of its largest weights; gives that file.
fn copy_and_damage(from: &Path, to: &Path) -> PathBuf {
    let mut files = copy_folder(from, to);
    files.retain(|file| file.extension().is_some_and(|ending| ending == "safetensors"));
    let victim = files.into_iter().max_by_key(|file| file.metadata().unwrap().len()).expect("there are weights");
    let mut bytes = std::fs::read(&victim).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(&victim, bytes).unwrap();
    victim
}

#[cfg(unix)]
#[test]
fn ctrl_c_leaves_a_playable_file() {
    let bench = Bench::new();
    let clip = bench.footage("in.mp4", 640, 480, 400);
    let output = bench.path("out.mp4");
    // The working file lies in a hidden folder beside the output.
    let working = || {
        let hidden = |name: &String| name.starts_with(".otherglass-");
        names_in(bench.folder.path()).into_iter().find(hidden).map(|name| bench.folder.path().join(name))
    };
    let bytes = || working().and_then(|folder| folder.join("work").metadata().ok()).map_or(0, |file| file.len());
    let mut child = otherglass()
        .args(["render", &clip, "--engine", "passthrough", "--output", &output])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let deadline = Instant::now() + Duration::from_secs(60);
    while bytes() < 20_000 {
        assert!(Instant::now() < deadline, "nothing was written within a minute");
        assert!(child.try_wait().unwrap().is_none(), "it ended before it could be interrupted");
        std::thread::sleep(Duration::from_millis(5));
    }
    let killed = std::process::Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    assert!(killed.success());
    assert_eq!(child.wait().unwrap().code(), Some(130));
    let frames = frames_of(Path::new(&output)).len();
    assert!((1..400).contains(&frames), "{frames} frames are in the file");
    assert_eq!(working(), None, "the working folder was left");
}
