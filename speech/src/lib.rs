//! Speech to text on this machine: microphone or sound file in, [`Transcript`]s out. Knows no scene and no window.
//!
//! ```text
//! microphone ──callback──> ring ──┐                                            ┌─ partials (newest wins) ─┐
//!                                 ├─> f32 mono 16 kHz ─> utterances ───────────┤                          ├─> recogniser ─> Transcript
//! a file, at any pace   ──────────┘   (any rate,          (voice activity,     └─ whole ones (a line) ────┘   (whisper)     (bounded line)
//!                                      format, channels)   pre-roll, hangover)
//! ```
//!
//! | module | holds |
//! |---|---|
//! | [`source`] | what sound comes from: a microphone, or a file that plays one |
//! | [`microphone`] | devices; the callback and its ring; level; lost, stalled and muted inputs |
//! | [`sound`] | sound files and the sound of clips as the same stream |
//! | [`downmix`], [`dc`] | several channels to one; the constant part taken away |
//! | [`resample`] | any rate and channels to mono 16 kHz |
//! | [`utterances`] | the state machine from samples to utterances; open microphone and push-to-talk |
//! | [`whisper`], [`model_file`], [`guard`] | utterance to text; the model file checked first; inventions refused |
//! | [`wake`] | "mirror, mirror": who is not spoken to does not answer |
//! | [`listener`], [`state`] | the whole path: blocking for files, on two threads for a microphone; what it tells of itself |

pub mod dc;
pub mod downmix;
pub mod error;
pub mod guard;
pub mod listener;
pub mod microphone;
pub mod model_file;
pub mod resample;
pub mod sound;
pub mod source;
pub mod state;
pub mod transcript;
pub mod utterances;
pub mod voice;
pub mod wake;
pub mod whisper;

pub use error::SpeechError;
pub use listener::{Listener, ListenerSettings, transcribe};
pub use source::{FileSource, Pace, Pacer, Source};
pub use state::{EarState, ListenerState, MindState, Timing};
pub use transcript::{Span, Transcript};
pub use whisper::{Language, Recognise, Recogniser, RecogniserOptions};

/// Samples a second of everything behind the converter, Hz.
pub const SAMPLE_RATE_HZ: u32 = 16_000;

/// Seconds that so many samples at [`SAMPLE_RATE_HZ`] last.
#[must_use]
pub fn seconds(samples: u64) -> f64 {
    samples as f64 / f64::from(SAMPLE_RATE_HZ)
}
