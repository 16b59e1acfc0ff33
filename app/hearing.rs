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

/// A sound file, or the sound of a clip: read by ourselves, or converted by `ffmpeg` where that is installed and knows it.
pub fn open_sound(file: &Path, pace: Pace) -> Result<FileSource, SpeechError> {
    match FileSource::open(file, pace) {
        Err(unknown @ SpeechError::UnknownSound { .. }) => converted(file, pace).ok_or(unknown),
        opened => opened,
    }
}

/// The file's first sound track through ffmpeg; `None` where it is missing or finds none.
fn converted(file: &Path, pace: Pace) -> Option<FileSource> {
    // The folder may go as soon as the file is open: it stays readable until it is closed.
    let folder = tempfile::tempdir().ok()?;
    let wav = folder.path().join("sound.wav");
    // "file:" keeps a name with a colon or a leading dash from being taken for something else; nothing but files is opened.
    let mut input = std::ffi::OsString::from("file:");
    input.push(std::path::absolute(file).ok()?);
    let mut ffmpeg = std::process::Command::new("ffmpeg");
    ffmpeg.args(["-v", "quiet", "-nostdin", "-protocol_whitelist", "file", "-i"]).arg(input);
    ffmpeg.args(["-map", "0:a:0", "-c:a", "pcm_s16le", "-f", "wav"]).arg(&wav);
    ffmpeg.stdin(std::process::Stdio::null()).stdout(std::process::Stdio::null()).stderr(std::process::Stdio::null());
    ffmpeg.status().ok().filter(std::process::ExitStatus::success)?;
    let name = file.file_name().unwrap_or(file.as_os_str()).to_string_lossy().into_owned();
    FileSource::open(&wav, pace).ok().map(|source| source.named(name))
}

/// Hears a sound file, faster than it was spoken where the machine can. False when it was interrupted.
pub fn transcribe(
    file: &Path,
    arguments: &SpeechArgs,
    assets: &Assets,
    interrupt: &Interrupt,
    tell: &mut dyn FnMut(Transcript),
) -> Result<bool> {
    let mut source = open_sound(file, Pace::Fast)?; // told before a model is loaded
    let mut recogniser = load(&choose(arguments, assets)?, arguments.language.as_ref())?;
    let settings = UtteranceSettings::default();
    otherglass_speech::transcribe(&mut source, &mut recogniser, &settings, &mut |transcript| {
        tell(transcript);
        !interrupt.is_requested()
    })?;
    Ok(!interrupt.is_requested())
}
