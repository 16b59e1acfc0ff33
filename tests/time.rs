//! The mirror over time, on a real clip gone round and round: nothing drifts, and what was taken away is gone.
//!
//! Eight seconds are rendered; `OTHERGLASS_LONG=1` renders a minute.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "what is skipped is told to whoever runs the tests")]

mod common;

use std::path::Path;

use common::{changed_share, clips, frames_of, otherglass, ran};
use otherglass_vision::{Frame, SinkOptions, open_sink};

/// How much mean colour and edge energy may change against the first time round.
const MOST_DRIFT: f64 = 0.03;
/// Frames of the clip that are gone through to and fro.
const STRETCH: usize = 40;

/// The clip's first frames forwards and backwards, as often as it takes.
fn write_loop(clip: &Path, path: &Path, frames: usize) {
    let mut stretch = frames_of(clip);
    stretch.truncate(STRETCH);
    let back: Vec<Frame> = stretch.iter().rev().cloned().collect();
    stretch.extend(back);
    let mut sink = open_sink(path, &SinkOptions::default()).expect("the sink opens");
    for frame in stretch.iter().cycle().take(frames) {
        sink.write(frame).expect("a frame is written");
    }
    sink.finish().expect("the footage is finished");
}

/// Mean colour (0..255 each) and mean difference of neighbours, of the pictures.
fn look(frames: &[Frame]) -> [f64; 4] {
    let mut sums = [0.0; 4];
    for frame in frames {
        let row_bytes = frame.width as usize * 3;
        for row in frame.pixels.chunks_exact(row_bytes) {
            for pixel in row.chunks_exact(3) {
                (0..3).for_each(|k| sums[k] += f64::from(pixel[k]));
            }
            sums[3] += row.iter().zip(&row[3..]).map(|(a, b)| f64::from(a.abs_diff(*b))).sum::<f64>();
        }
    }
    let pixels: f64 = frames.iter().map(|frame| f64::from(frame.width) * f64::from(frame.height)).sum();
    sums.map(|sum| sum / pixels.max(1.0))
}

/// The greatest relative change of any of the figures.
fn drift(first: &[Frame], later: &[Frame]) -> f64 {
    let (first, later) = (look(first), look(later));
    first.iter().zip(later).map(|(a, b)| (a - b).abs() / a.max(1.0)).fold(0.0, f64::max)
}

#[test]
fn nothing_drifts_and_what_is_taken_away_is_gone() {
    let Some(clips) = clips() else { return };
    let folder = tempfile::tempdir().unwrap();
    let total = if std::env::var_os("OTHERGLASS_LONG").is_some() { 1840 } else { 240 };
    let input = folder.path().join("loop.mp4");
    write_loop(&clips.join("yes.mkv"), &input, total);
    let render = |name: &str, extra: &[&str]| {
        let output = folder.path().join(name);
        let fixed = ["render", input.to_str().unwrap(), "--no-mirror", "--output", output.to_str().unwrap()];
        ran(otherglass().args(fixed).args(["--say", "take me to an ice kingdom"]).args(extra)).succeeded();
        frames_of(&output)
    };
    let worn = render("worn", &["--say", "give me a crown"]);
    assert_eq!(worn.len(), total);
    let round = 2 * STRETCH;
    // The second time round and the last: the first holds the moment in which the body is found.
    let (first, last) = (&worn[round..2 * round], &worn[total - total % round - round..][..round]);
    assert!(total >= 3 * round, "the last time round must not be the first");
    let changed = drift(first, last);
    println!("drift after {} s: {:.2} %", total / 30, changed * 100.0);
    assert!(changed < MOST_DRIFT, "{changed:.4}");

    let mut brighter = last.to_vec();
    for frame in &mut brighter {
        frame.pixels.iter_mut().for_each(|value| *value = value.saturating_add(12));
    }
    assert!(drift(first, &brighter) > MOST_DRIFT, "a picture that became brighter is not noticed");

    let world = render("world", &["--seconds", "2"]);
    let taken = render("taken", &["--seconds", "2", "--say", "give me a crown", "--at", "1:take off the crown"]);
    assert!(changed_share(&world[29], &taken[29], 0.0..0.6) > 0.002, "there is no crown to take off");
    for index in 30..60 {
        assert!(changed_share(&world[index], &taken[index], 0.0..1.0) < 0.0005, "frame {index} still knows the crown");
    }
}
