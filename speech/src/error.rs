//! What can go wrong between microphone and text, in words that say what to do.

use std::path::PathBuf;

/// Any error of this crate.
#[derive(Debug, thiserror::Error)]
pub enum SpeechError {
    #[error("no microphone found; plug one in and check that the system's sound settings show it as an input")]
    NoMicrophone,
    #[error("no microphone is called \"{wanted}\"; there is: {present}")]
    UnknownMicrophone { wanted: String, present: String },
    #[error("the microphone {name} can't be opened: {reason}")]
    MicrophoneRefused { name: String, reason: String },
    #[error("the microphone {name} is gone: {reason}; it is used again when it comes back")]
    MicrophoneLost { name: String, reason: String },
    #[error("the microphone {name} has sent nothing for {silent_s:.0} s; it counts as lost until it sends again")]
    MicrophoneStalled { name: String, silent_s: f64 },
    #[error("{rate_hz} Hz with {channels} channels can't be converted to 16 kHz mono: {reason}")]
    Unconvertible { rate_hz: u32, channels: u16, reason: String },

    #[error("{path} can't be read: {source}")]
    Unreadable { path: PathBuf, source: std::io::Error },
    #[error(
        "{} can't be heard: {reason}; give WAV, MP3, M4A, OGG, FLAC or a clip with such sound, or convert it: ffmpeg -i INPUT sound.wav",
        .path.display()
    )]
    UnknownSound { path: PathBuf, reason: String },
    #[error("{} holds no sound (0 samples); record it again", .path.display())]
    EmptySound { path: PathBuf },
    #[error(
        "{} is cut off: its header promises {expected_s:.2} s of sound, {got_s:.2} s are there; copy or save it again",
        .path.display()
    )]
    Truncated { path: PathBuf, expected_s: f64, got_s: f64 },

    #[error("the speech model {path} can't be used: {reason}")]
    UnfitModel { path: PathBuf, reason: String },
    #[error("the speech model {path} could not be started: {reason}")]
    ModelRefused { path: PathBuf, reason: String },
    #[error("\"{0}\" is no language that Whisper knows; give a code such as en or zh, or auto")]
    UnknownLanguage(String),
    #[error(
        "the speech model {path} understands English only, not \"{language}\"; use a multilingual one: otherglass models fetch base"
    )]
    EnglishOnly { path: PathBuf, language: String },
    #[error("the recogniser failed on an utterance of {seconds:.1} s: {reason}")]
    Recogniser { seconds: f64, reason: String },
    #[error("the thread {name} could not be started: {source}")]
    Thread { name: &'static str, source: std::io::Error },
}
