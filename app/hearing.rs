//! What the program asks of the speech crate: which model, which words to expect, and a file from beginning to end.

use std::path::Path;

use anyhow::Result;
use otherglass_speech::{Pace, WavSource};
use otherglass_speech::utterances::UtteranceSettings;
use otherglass_speech::{Recogniser, RecogniserOptions, Transcript};

use crate::assets::Assets;
use crate::cli::SpeechArgs;
use crate::interrupt::Interrupt;
use crate::models::SpeechModels;

/// Whisper leans towards words it was just shown: the mirror's kinds, worlds and ways of asking.
const PROMPT: &str = "Mirror, mirror: I want to hold a sword. Give me a crown, a wizard hat, a helmet, horns, a halo, glasses, a mask, a beard, a necklace, a cape, wings, a shield, a staff, a torch, an elephant. Make it bigger, smaller, blue, silver, gold. Take me to an ice kingdom, a throne hall, underwater, space, a jungle, a desert, candy land, a neon city, a volcano. Undo. Remove the sword.";

/// How to recognise what is said to the mirror.
#[must_use]
pub fn options(arguments: &SpeechArgs) -> RecogniserOptions {
    RecogniserOptions {
        language: arguments.language.clone().unwrap_or_default(),
        prompt: PROMPT.into(),
        ..RecogniserOptions::default()
    }
}

/// Hears a WAV file, faster than it was spoken where the machine can. False when it was interrupted.
pub fn transcribe(
    file: &Path,
    arguments: &SpeechArgs,
    assets: &Assets,
    interrupt: &Interrupt,
    tell: &mut dyn FnMut(Transcript),
) -> Result<bool> {
    let mut source = WavSource::open(file, Pace::Fast)?; // told before a model is loaded
    let model = SpeechModels::open(assets.folder())?.choose(arguments.model.as_deref())?;
    let mut recogniser = Recogniser::open(&model, options(arguments))?;
    let settings = UtteranceSettings::default();
    otherglass_speech::transcribe(&mut source, &mut recogniser, &settings, &mut |transcript| {
        tell(transcript);
        !interrupt.is_requested()
    })?;
    Ok(!interrupt.is_requested())
}
