//! What the program asks of the speech crate: which model, which words to expect, and a file from beginning to end.

use std::path::Path;

use anyhow::Result;
use otherglass_generator::scene::{Vocabulary, vocabulary};
use otherglass_speech::utterances::UtteranceSettings;
use otherglass_speech::whisper::Expected;
use otherglass_speech::{FileSource, Language, Pace, Recogniser, RecogniserOptions, SpeechError, Transcript};

use crate::assets::Assets;
use crate::cli::SpeechArgs;
use crate::interrupt::Interrupt;
use crate::models::{ChosenModel, SpeechModels};

/// The languages that the state model speaks.
const LANGUAGES: &[&str] = &["en", "zh"];

/// Loads a model for what is said to the mirror: Whisper leans towards the words of the lexicons.
pub fn load(model: &ChosenModel, language: Option<&Language>) -> Result<Recogniser, SpeechError> {
    let expected = |code: &&str| {
        let Vocabulary { requests, names } = vocabulary(code);
        ((*code).to_owned(), Expected { requests, names })
    };
    let options = RecogniserOptions {
        language: language.cloned().unwrap_or_default(),
        vocabulary: LANGUAGES.iter().filter(|_| model.prompt).map(expected).collect(),
        ..RecogniserOptions::default()
    };
    Recogniser::open(&model.path, options)
}

/// The model that the flags ask for, or the best one there is.
pub fn choose(arguments: &SpeechArgs, assets: &Assets) -> Result<ChosenModel> {
    SpeechModels::open(assets.folder())?.choose(arguments.model.as_deref())
}

/// Hears a WAV file, faster than it was spoken where the machine can. False when it was interrupted.
pub fn transcribe(
    file: &Path,
    arguments: &SpeechArgs,
    assets: &Assets,
    interrupt: &Interrupt,
    tell: &mut dyn FnMut(Transcript),
) -> Result<bool> {
    let mut source = FileSource::open(file, Pace::Fast)?; // told before a model is loaded
    let mut recogniser = load(&choose(arguments, assets)?, arguments.language.as_ref())?;
    let settings = UtteranceSettings::default();
    otherglass_speech::transcribe(&mut source, &mut recogniser, &settings, &mut |transcript| {
        tell(transcript);
        !interrupt.is_requested()
    })?;
    Ok(!interrupt.is_requested())
}
