//! Without a display the program renders its demo to a file.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "what is skipped is told to whoever runs the tests")]

mod common;

use std::path::Path;

use common::{changed_share, clips, frames_of, otherglass, ran, write_footage};
use otherglass_vision::{Frame, SinkOptions, open_sink};

#[test]
fn without_a_display_a_demo_file_is_written_and_its_path_printed() {
    let folder = tempfile::tempdir().unwrap();
    let clip = folder.path().join("visitor.mp4");
    write_footage(&clip, 64, 48, 45);
    let mut command = otherglass();
    command.current_dir(folder.path()).args(["--engine", "passthrough", "--camera", "visitor.mp4"]);
    let ran = ran(&mut command).succeeded();
    let path = Path::new(ran.out.trim());
    assert!(path.is_absolute() && path.ends_with("otherglass-demo.mp4"), "{ran:#?}");
    for word in ["no display", "DISPLAY", "I want to hold a sword", "ice kingdom"] {
        assert!(ran.err.contains(word), "\"{word}\" was not said: {ran:#?}");
    }
    // 14 seconds at 30 a second, though the clip is shorter.
    assert_eq!(frames_of(path).len(), 420);
}

#[test]
fn a_clip_that_is_not_there_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let mut command = otherglass();
    command.current_dir(folder.path()).args(["--engine", "passthrough", "--camera", "absent.mp4"]);
    ran(&mut command).failed(1, &["absent.mp4"]);
    assert!(common::names_in(folder.path()).is_empty(), "something was left behind");
}

#[cfg(unix)]
#[test]
fn where_the_folder_cannot_be_written_the_demo_goes_to_the_cache() {
    let cache = tempfile::tempdir().unwrap();
    let clip = cache.path().join("visitor.mp4");
    write_footage(&clip, 32, 32, 3);
    let mut command = otherglass();
    // /proc takes files from nobody, not even from root.
    command.current_dir("/proc").env("XDG_CACHE_HOME", cache.path());
    command.args(["--engine", "passthrough", "--camera", clip.to_str().unwrap()]);
    let ran = ran(&mut command).succeeded();
    assert!(Path::new(ran.out.trim()).starts_with(cache.path()), "{ran:#?}");
}

#[test]
fn the_scripted_conversation_shows_on_a_real_clip() {
    let Some(clips) = clips() else { return };
    let folder = tempfile::tempdir().unwrap();
    // Every sixth picture, five a second: the demo's 14 seconds are 70 pictures to draw, not 420.
    let thinned: Vec<Frame> = frames_of(&clips.join("eat.mkv")).into_iter().step_by(6).collect();
    let clip = folder.path().join("visitor.mp4");
    let mut sink = open_sink(&clip, &SinkOptions { frame_rate: 5.0, ..SinkOptions::default() }).unwrap();
    for frame in &thinned {
        sink.write(frame).unwrap();
    }
    sink.finish().unwrap();
    let mut command = otherglass();
    command.current_dir(folder.path()).args(["--no-mirror", "--camera", "visitor.mp4"]);
    let path = ran(&mut command).succeeded().out.trim().to_owned();
    let shown = frames_of(Path::new(&path));
    assert_eq!(shown.len(), 70);
    let share = |seconds: f64| {
        let index = (seconds * 5.0) as usize;
        changed_share(&thinned[index % thinned.len()], &shown[index], 0.0..1.0)
    };
    assert!(share(1.0) < 0.05, "changed before anything was said: {:.3}", share(1.0));
    assert!(share(13.0) > 0.3, "the ice kingdom changed only {:.3}", share(13.0));
}
