//! What nobody says changes nothing: silence, noise, music and a room full of people, through the whole speech path.
//!
//! A minute of each; with OTHERGLASS_LONG=1 ten minutes.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "what is skipped is told to whoever runs the tests")]

mod common;

use std::path::Path;

use common::{speech_model, spoken};
use otherglass::hearing;
use otherglass::models::SpeechModels;
use otherglass_generator::scene::Conversation;
use otherglass_speech::utterances::UtteranceSettings;
use otherglass_speech::{FileSource, Pace, sound, transcribe};

const RATE: f32 = 16_000.0;

fn length() -> usize {
    let minutes = if std::env::var_os("OTHERGLASS_LONG").is_some() { 10 } else { 1 };
    minutes * 60 * RATE as usize
}

/// Noise from -1 to 1, the same every time.
struct Noise(u32);

impl Noise {
    fn next(&mut self) -> f32 {
        self.0 = self.0.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (self.0 >> 8) as f32 / (1 << 23) as f32 - 1.0
    }

    /// A whole number below `end`.
    fn below(&mut self, end: usize) -> usize {
        ((self.next() * 0.5 + 0.5) * end as f32) as usize % end
    }
}

/// A tune in a major scale with harmonics and vibrato, chords under it, and a drum.
fn music(length: usize) -> Vec<f32> {
    let mut noise = Noise(3);
    let scale = [0, 2, 4, 5, 7, 9, 11, 12];
    let hertz = |step: i32| 220.0 * 2.0_f32.powf(step as f32 / 12.0);
    let beat = (RATE * 0.4) as usize;
    let (mut note, mut chord) = (hertz(0), [0, 4, 7]);
    let (mut phase, mut kick) = (0.0_f32, 0.0_f32);
    (0..length)
        .map(|n| {
            let (at, time_s) = ((n % beat) as f32 / RATE, n as f32 / RATE);
            if n % beat == 0 {
                note = hertz(scale[noise.below(scale.len())]);
                kick = 1.0;
            }
            if n % (beat * 4) == 0 {
                chord = [[0, 4, 7], [5, 9, 12], [7, 11, 14], [-3, 0, 4]][noise.below(4)];
            }
            phase += note * (1.0 + 0.006 * (time_s * 33.0).sin()) / RATE;
            let tau = std::f32::consts::TAU;
            let tune: f32 = (1..=6).map(|k| (tau * phase * k as f32).sin() / k as f32).sum();
            let chords: f32 = chord.iter().map(|step| (tau * hertz(step - 12) * time_s).sin()).sum();
            kick *= 0.9995;
            let drum = kick * (0.6 * (tau * 60.0 * at).sin() + 0.2 * noise.next());
            0.12 * tune * (-3.0 * at).exp() + 0.04 * chords + 0.15 * drum
        })
        .collect()
}

/// Several people at once who speak of other things; says why the test is skipped without a voice.
fn babble(folder: &Path, length: usize) -> Option<Vec<f32>> {
    const TALK: &[(&str, &[&str])] = &[
        ("en-us", &["The train to the coast was late again this morning.", "My sister moved to Norway last year."]),
        ("en-gb+f3", &["I think the meeting is on Thursday afternoon.", "Did you read the book about the river?"]),
        ("en-us+m3", &["We had soup and bread for lunch.", "The weather report says rain until the weekend."]),
        ("en-scotland", &["His uncle repairs old bicycles.", "They closed the library for a week."]),
        ("de", &["Gestern war ich mit meinem Bruder am See."]),
    ];
    let mut mixed = vec![0.0; length];
    for (number, (voice, sentences)) in TALK.iter().enumerate() {
        let samples = spoken(folder, voice, sentences)?;
        let quiet = samples.len() - 12_000; // less of a pause, so that somebody always speaks
        let offset = number * 7_919;
        for (n, out) in mixed.iter_mut().enumerate() {
            *out += 0.4 * samples[(n + offset) % quiet];
        }
    }
    Some(mixed)
}

/// What is said to be heard in these sounds, and the scene after it, which holds something that could be changed.
fn outcome(folder: &Path, model: &Path, samples: &[f32]) -> (Vec<String>, bool) {
    let file = folder.join("sounds.wav");
    sound::write(&file, samples).unwrap();
    let assets = Path::new(env!("CARGO_MANIFEST_DIR")).join("assets");
    let model = SpeechModels::open(&assets).unwrap().choose(model.to_str()).unwrap(); // with a prompt where the program gives one
    let mut recogniser = hearing::load(&model, Some(&"en".parse().unwrap())).unwrap();
    let mut conversation = Conversation::new();
    for said in ["give me a sword", "give me a crown", "take me to an ice kingdom"] {
        conversation.respond(said);
    }
    let before = conversation.scene().clone();
    let (mut heard, mut edited) = (Vec::new(), false);
    let mut source = FileSource::open(&file, Pace::Fast).unwrap();
    transcribe(&mut source, &mut recogniser, &UtteranceSettings::default(), &mut |transcript| {
        edited |= !conversation.respond(&transcript.text).edits.is_empty();
        heard.push(transcript.text);
        true
    })
    .unwrap();
    (heard, edited || *conversation.scene() != before)
}

fn changes_nothing(what: &str, samples: &[f32]) {
    let folder = tempfile::tempdir().unwrap();
    let Some(model) = speech_model() else { return };
    let (heard, edited) = outcome(folder.path(), &model, samples);
    eprintln!("{what}, {:.0} s: heard {heard:?}", samples.len() as f32 / RATE);
    assert!(!edited, "{what} changed the scene: {heard:?}");
}

#[test]
fn silence_and_hiss_change_nothing() {
    let mut noise = Noise(5);
    let (half, quiet) = (length() / 2, vec![0.0; length() / 2]);
    let hiss: Vec<f32> = (0..half).map(|n| noise.next() * if n / 80_000 % 2 == 0 { 0.001 } else { 0.05 }).collect();
    changes_nothing("silence and hiss", &[quiet, hiss].concat());
}

#[test]
fn music_changes_nothing() {
    changes_nothing("music", &music(length()));
}

#[test]
fn a_room_full_of_people_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let Some(samples) = babble(folder.path(), length()) else { return };
    changes_nothing("babble", &samples);
}

/// The same measure sees an edit where one is asked for.
#[test]
fn what_somebody_says_does_change_something() {
    let folder = tempfile::tempdir().unwrap();
    let Some(model) = speech_model() else { return };
    let Some(samples) = spoken(folder.path(), "en-us", &["Make the sword blue.", "Give me a cape."]) else { return };
    let (heard, edited) = outcome(folder.path(), &model, &samples);
    assert!(edited, "{heard:?}");
}

/// A person who reads from a novel, recorded for LibriVox (public domain), as Debian's pocketsphinx-testdata ships it.
#[test]
fn a_reader_of_a_novel_changes_nothing() {
    let folder = Path::new("/usr/share/pocketsphinx/test/data/librivox");
    let Ok(entries) = std::fs::read_dir(folder) else {
        eprintln!("skipped: no recording of a real voice (apt-get install pocketsphinx-testdata)");
        return;
    };
    let mut files: Vec<_> = entries.flatten().map(|entry| entry.path()).collect();
    files.retain(|path| path.extension().is_some_and(|extension| extension == "wav"));
    files.sort();
    let mut samples = vec![0.0; 16_000];
    for file in &files {
        samples.extend(sound::read_all(file).unwrap());
        samples.resize(samples.len() + 16_000, 0.0);
    }
    assert!(samples.len() > 20 * RATE as usize, "{files:?}");
    changes_nothing("a reader", &samples);
}
