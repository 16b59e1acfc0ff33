//! What a listener tells about itself.

use std::time::{Duration, Instant};

use crate::microphone::Level;

/// How it stands with the source.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum EarState {
    #[default]
    Opening,
    Live {
        name: String,
    },
    /// It sends zeros only.
    Muted {
        name: String,
    },
    /// It is gone or can't be opened; it is tried again. `absent`: there is none at all.
    Lost {
        why: String,
        absent: bool,
    },
    /// It was closed on request.
    Paused,
    /// A file came to its end.
    Ended,
}

/// How it stands with the recogniser.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum MindState {
    #[default]
    Loading,
    Ready {
        name: String,
    },
    Failed {
        why: String,
    },
}

/// What a window may show.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ListenerState {
    pub ear: EarState,
    pub mind: MindState,
    pub level: Level,
    /// How much was heard from all sources, seconds: the present in the time of the transcripts' spans.
    pub heard_s: f64,
    /// Somebody is speaking.
    pub speaking: bool,
    /// Utterances that ended and are not recognised yet.
    pub waiting: u64,
    /// Samples that were lost because nobody read for too long.
    pub lost_samples: u64,
    /// Utterances that ended so far.
    pub utterances: u64,
}

/// Where the time between the end of speech and a final transcript went. The sound system's own buffer, before the first
/// of these, is not in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timing {
    /// Silence that passed until the utterance counted as over, in the time of the samples.
    pub silence: Duration,
    /// From then until the recogniser took it up, as when it was busy.
    pub waited: Duration,
    /// From then to the text: all of the recognition, or what was left of one that began early.
    pub recognised: Duration,
    /// When the transcript was put into the line.
    pub told_at: Instant,
}

impl Timing {
    /// From the last voiced sound to the moment at which the transcript was there to be taken.
    #[must_use]
    pub fn whole(&self) -> Duration {
        self.silence + self.waited + self.recognised
    }
}
