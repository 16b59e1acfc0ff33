//! Model files: a tiny random one goes the whole real way, damaged ones are refused before whisper.cpp sees them.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "what is skipped is told to whoever runs the tests")]

mod common;

use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;

use common::tiny_model::TinyModel;
use otherglass_speech::model_file::check;
use otherglass_speech::whisper::Expected;
use otherglass_speech::{Language, Recognise, Recogniser, RecogniserOptions, SpeechError};

fn tiny(model: TinyModel) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tiny.bin");
    model.write(&path);
    (folder, path)
}

#[track_caller]
fn refused(path: &Path, words: &[&str]) {
    let error = match Recogniser::open(path, RecogniserOptions::default()) {
        Ok(_) => panic!("{} was accepted", path.display()),
        Err(error) => error.to_string(),
    };
    for word in words.iter().chain(&["models fetch"]) {
        assert!(error.contains(word), "\"{word}\" is not in: {error}");
    }
}

#[test]
fn a_random_model_loads_runs_and_returns() {
    let (_folder, path) = tiny(TinyModel::default());
    assert!(check(&path).unwrap().is_multilingual());
    // Everything it says is nonsense; without thresholds some of it comes through.
    let options = RecogniserOptions {
        vocabulary: [(
            "en".to_owned(),
            Expected { requests: vec!["make it blue".into()], names: vec!["sword".into()] },
        )]
        .into(),
        least_confidence: 0.0,
        no_speech_threshold: 2.0,
        ..RecogniserOptions::default()
    };
    let mut recogniser = Recogniser::open(&path, options).unwrap();
    assert_eq!(recogniser.name(), "tiny.bin");
    for seconds in [0.1, 0.9, 3.0, 14.9] {
        let samples = common::noise((seconds * 16_000.0) as usize, 5);
        let first = recogniser.recognise(&samples).unwrap();
        assert_eq!(recogniser.recognise(&samples).unwrap(), first, "the same sound gave another text");
        if let Some(said) = first {
            assert!(matches!(said.language.as_deref(), Some("en" | "zh")), "{said:?}");
        }
    }
}

#[test]
fn work_that_is_called_off_ends_without_a_text_and_the_next_goes_on() {
    let (_folder, path) = tiny(TinyModel::default());
    let mut recogniser = Recogniser::open(&path, RecogniserOptions::default()).unwrap();
    let samples = common::noise(48_000, 3);
    recogniser.call_off().store(true, Ordering::SeqCst);
    assert_eq!(recogniser.recognise(&samples).unwrap(), None);
    recogniser.call_off().store(false, Ordering::SeqCst);
    recogniser.recognise(&samples).unwrap();
}

#[test]
fn an_english_model_takes_english_only() {
    let (_folder, path) = tiny(TinyModel { vocabulary: 51_864, ..TinyModel::default() });
    assert!(!check(&path).unwrap().is_multilingual());
    Recogniser::open(&path, RecogniserOptions::default()).unwrap();
    let chinese = RecogniserOptions { language: Language::Fixed("zh".into()), ..RecogniserOptions::default() };
    let error = Recogniser::open(&path, chinese).unwrap_err();
    assert!(matches!(error, SpeechError::EnglishOnly { .. }), "{error}");
}

/// whisper.cpp would end the program on it.
#[test]
fn full_precision_is_refused() {
    let (_folder, path) = tiny(TinyModel { file_type: 0, ..TinyModel::default() });
    refused(&path, &["file type is 0", "f16"]);
}

#[test]
fn damaged_files_are_refused_in_words() {
    let (_folder, path) = tiny(TinyModel::default());
    let whole = std::fs::read(&path).unwrap();
    let with = |at: usize, value: i32| {
        let mut bytes = whole.clone();
        bytes[at..at + 4].copy_from_slice(&value.to_le_bytes());
        std::fs::write(&path, bytes).unwrap();
    };
    let figure = |place: usize| 4 + 4 * place;

    std::fs::write(&path, b"").unwrap();
    refused(&path, &["cut off"]);
    std::fs::write(&path, b"<!DOCTYPE html><title>404</title>").unwrap();
    refused(&path, &["no ggml"]);
    with(0, 0x4747_5546);
    refused(&path, &["no ggml", "47475546"]);
    with(figure(0), 51_863);
    refused(&path, &["51863", "51864"]);
    with(figure(0), 60_000);
    refused(&path, &["60000"]);
    with(figure(1), -3);
    refused(&path, &["encoder positions", "-3"]);
    with(figure(3), 3);
    refused(&path, &["heads"]);
    with(figure(4), 2);
    refused(&path, &["missing", "encoder.blocks.1"]);
    with(figure(6), 24);
    refused(&path, &["width"]);
    with(figure(9), 128);
    refused(&path, &["filters"]);
    with(figure(10), 77);
    refused(&path, &["file type", "77"]);
    with(figure(10), 8);
    refused(&path, &["type"]);
    let name = whole.windows(17).position(|window| window == b"decoder.ln.weight").unwrap();
    with(name, i32::from_le_bytes(*b"Xeco"));
    refused(&path, &["unknown", "Xecoder"]);
    let word = whole.windows(6).position(|window| window == b"\x02\0\0\0 -").unwrap();
    with(word + 2, i32::from_le_bytes(*b"\0\0 +"));
    refused(&path, &["lacks", "\" -\""]);
}

#[test]
fn a_file_cut_off_anywhere_is_refused() {
    let (_folder, path) = tiny(TinyModel::default());
    let whole = std::fs::read(&path).unwrap();
    let cuts =
        [3, 4, 30, 47, 60, 1_000, 65_000, 400_000, 700_000, whole.len() / 2, whole.len() - 2_000, whole.len() - 1];
    for cut in cuts {
        std::fs::write(&path, &whole[..cut]).unwrap();
        refused(&path, &["cut off"]);
    }
    let mut longer = whole.clone();
    longer.extend([7; 5]);
    std::fs::write(&path, longer).unwrap();
    refused(&path, &["tensor"]);
}

#[test]
fn a_missing_file_is_named() {
    let error = Recogniser::open(Path::new("/no/such.bin"), RecogniserOptions::default()).unwrap_err().to_string();
    assert!(error.contains("/no/such.bin"), "{error}");
}
