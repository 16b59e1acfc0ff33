//! The built-in model hears in whisper.cpp what PyTorch heard with it when it was exported.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "what is skipped is told to whoever runs the tests")]

mod common;

use std::path::{Path, PathBuf};

use otherglass_speech::model_file::check;
use otherglass_speech::sound::read_all;
use otherglass_speech::{Recognise, Recogniser, RecogniserOptions};

fn folder(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// With every threshold open: what the model writes is compared, not whether it is believed.
fn recogniser() -> Recogniser {
    let options = RecogniserOptions { least_confidence: 0.0, no_speech_threshold: 2.0, ..RecogniserOptions::default() };
    Recogniser::open(&folder("../assets/speech/english.bin"), options).unwrap()
}

/// File, what was said, what PyTorch heard.
fn notes() -> Vec<(PathBuf, String, String)> {
    let reference = folder("training/reference");
    let list = std::fs::read_to_string(reference.join("texts.tsv")).unwrap();
    let line = |line: &str| {
        let mut columns = line.split('\t').map(str::to_owned);
        let mut column = || columns.next().expect("a line has three columns");
        (reference.join(column()), column(), column())
    };
    list.lines().map(line).collect()
}

#[test]
fn it_is_small_and_english() {
    let path = folder("../assets/speech/english.bin");
    let shape = check(&path).unwrap();
    assert!(!shape.is_multilingual());
    assert!(std::fs::metadata(&path).unwrap().len() <= 32 << 20);
}

#[test]
fn it_hears_what_the_training_code_hears() {
    let mut recogniser = recogniser();
    let mut heard = Vec::new();
    for (file, said, expected) in notes() {
        let got = recogniser.recognise(&read_all(&file).unwrap()).unwrap().map(|said| said.text).unwrap_or_default();
        assert_eq!(got, expected, "{} says \"{said}\"", file.display());
        heard.push(got);
    }
    // The comparison can fail: sound backwards is not the same.
    let (file, _, expected) = &notes()[0];
    let mut samples = read_all(file).unwrap();
    samples.reverse();
    let backwards = recogniser.recognise(&samples).unwrap().map(|said| said.text).unwrap_or_default();
    assert_ne!(&backwards, expected);
}

#[test]
fn silence_and_noise_say_nothing() {
    let path = folder("../assets/speech/english.bin");
    let mut recogniser = Recogniser::open(&path, RecogniserOptions::default()).unwrap();
    for level in [0.0, 0.003, 0.1] {
        let samples: Vec<f32> = common::noise(32_000, 7).iter().map(|sample| sample * level).collect();
        assert_eq!(recogniser.recognise(&samples).unwrap(), None, "noise at {level}");
    }
}
