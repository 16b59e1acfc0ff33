//! From a stream of samples to utterances: a state machine without clock, thread or model of words.
//!
//! ```text
//!             4 of 6 frames voiced (open microphone) / key pressed (push-to-talk)
//!    quiet ────────────────────────────────────────────────────────────────────────> speaking
//!      ^                                                                                │
//!      └── 0.4 s without voice / 0.2 s after the key / cut at 15 s and straight on ─────┘
//! ```
//!
//! A frame (16 ms) is voiced when the detector says so *and* it stands out from the noise floor. The floor is the quietest
//! that the room was in the last four seconds, so it follows a fan that is switched on, and speech does not raise it.
//! An utterance begins with what was heard just before (the pre-roll), since detectors notice a word after it began.
//! Time is counted in samples: a stream in pieces gives exactly what the whole gives.

use std::collections::VecDeque;

use crate::transcript::Span;
use crate::voice::{Earshot, FRAME, VoiceDetector};
use crate::{SAMPLE_RATE_HZ, seconds};

/// Who says when an utterance begins and ends.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mode {
    /// The voice itself.
    #[default]
    OpenMicrophone,
    /// A key, held while speaking ([`Utterances::press`]).
    PushToTalk,
}

/// The figures of the state machine.
#[derive(Clone, Debug, PartialEq)]
pub struct UtteranceSettings {
    pub mode: Mode,
    /// Voice probability from which a frame can begin an utterance.
    pub start_probability: f32,
    /// Voice probability from which a frame continues one.
    pub keep_probability: f32,
    /// How far a frame must stand out from the noise floor to begin an utterance, dB; half of it continues one.
    pub above_floor_db: f32,
    /// Nothing below is voice, dB below full scale.
    pub quietest_db: f32,
    /// Sound kept from before the first voiced frame, seconds.
    pub pre_roll_s: f64,
    /// Silence that ends an utterance, seconds.
    pub hangover_s: f64,
    /// Silence kept at the end, seconds.
    pub tail_s: f64,
    /// An utterance with less voice than this is a click or a cough, seconds.
    pub shortest_voice_s: f64,
    /// A longer one is cut, seconds.
    pub longest_s: f64,
}

impl Default for UtteranceSettings {
    fn default() -> Self {
        Self {
            mode: Mode::OpenMicrophone,
            // Measured with espeak-ng's voices, also in noise: 0.8 to 0.97 while they speak. Noise that sets in: 0.63 at most.
            start_probability: 0.65,
            keep_probability: 0.45,
            above_floor_db: 5.0,
            quietest_db: -60.0,
            pre_roll_s: 0.3,
            hangover_s: 0.4,
            tail_s: 0.2,
            shortest_voice_s: 0.15,
            longest_s: 15.0,
        }
    }
}

/// A complete utterance.
#[derive(Clone, Debug, PartialEq)]
pub struct Utterance {
    /// Mono 16 kHz, with pre-roll and tail.
    pub samples: Vec<f32>,
    /// First to last voiced frame.
    pub span: Span,
    /// It went on longer than allowed and continues in the next one.
    pub cut: bool,
    /// From the last voiced frame to the moment at which it counted as over, seconds.
    pub silence_s: f64,
}

/// What happened in the stream.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    Began {
        start_s: f64,
    },
    Ended(Utterance),
    /// Too little voice: a click, a cough, a key pressed for nothing.
    Discarded(Span),
}

/// The utterance that is being spoken.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Live<'a> {
    /// So far, with the pre-roll.
    pub samples: &'a [f32],
    pub span: Span,
    pub voiced_s: f64,
}

/// The state machine.
#[derive(Debug)]
pub struct Utterances<V = Earshot> {
    settings: UtteranceSettings,
    detector: V,
    floor: NoiseFloor,
    state: State,
    pressed: bool,
    /// Sample at which the next frame begins.
    position: u64,
    /// Samples of a frame that is not complete.
    torn: Vec<f32>,
    /// The last moments before an utterance.
    before: VecDeque<f32>,
    /// Whether each of the last frames was voiced, newest in bit 0.
    recent: u8,
}

#[derive(Debug)]
enum State {
    Quiet,
    Speaking(Speaking),
}

#[derive(Debug)]
struct Speaking {
    samples: Vec<f32>,
    /// Where `samples` begins.
    first: u64,
    first_voiced: Option<u64>,
    /// End of the last voiced frame.
    last_voiced: u64,
    voiced_frames: u64,
    released_at: Option<u64>,
}

/// Frames that are looked at for a beginning, and how many of them must be voiced.
const RECENT: u32 = 6;
const RECENT_VOICED: u32 = 4;
/// Silence after the key is let go that still belongs to the utterance, seconds.
const AFTER_RELEASE_S: f64 = 0.2;

impl Utterances<Earshot> {
    #[must_use]
    pub fn new(settings: UtteranceSettings) -> Self {
        Self::with_detector(settings, Earshot::default())
    }
}

impl<V: VoiceDetector> Utterances<V> {
    pub fn with_detector(settings: UtteranceSettings, detector: V) -> Self {
        Self {
            settings,
            detector,
            floor: NoiseFloor::default(),
            state: State::Quiet,
            pressed: false,
            position: 0,
            torn: Vec::with_capacity(FRAME),
            before: VecDeque::new(),
            recent: 0,
        }
    }

    /// Changes who says when an utterance begins; one that is being spoken goes on.
    pub fn set_mode(&mut self, mode: Mode) {
        self.settings.mode = mode;
    }

    /// The key of push-to-talk goes down or up; it counts from the next frame on.
    pub fn press(&mut self, pressed: bool) {
        self.pressed = pressed;
    }

    /// Takes the next samples and tells what happened in them.
    pub fn push(&mut self, samples: &[f32], events: &mut Vec<Event>) {
        let mut rest = samples;
        if !self.torn.is_empty() {
            let missing = (FRAME - self.torn.len()).min(rest.len());
            self.torn.extend_from_slice(&rest[..missing]);
            rest = &rest[missing..];
            if self.torn.len() < FRAME {
                return;
            }
            let frame = std::mem::take(&mut self.torn);
            self.hear(&frame, events);
            self.torn = frame;
            self.torn.clear();
        }
        let frames = rest.chunks_exact(FRAME);
        self.torn.extend_from_slice(frames.remainder());
        for frame in frames {
            self.hear(frame, events);
        }
    }

    /// The stream ends: so does what is being spoken. Afterwards a new stream begins at 0 s.
    pub fn finish(&mut self, events: &mut Vec<Event>) {
        if let State::Speaking(mut speaking) = std::mem::replace(&mut self.state, State::Quiet) {
            speaking.samples.extend_from_slice(&self.torn);
            events.push(self.judge(speaking, false));
        }
        let Self { settings: _, detector, floor, state, pressed: _, position, torn, before, recent } = self;
        detector.reset();
        *floor = NoiseFloor::default();
        *state = State::Quiet;
        *position = 0;
        torn.clear();
        before.clear();
        *recent = 0;
    }

    /// What is being spoken at this moment.
    #[must_use]
    pub fn live(&self) -> Option<Live<'_>> {
        let State::Speaking(speaking) = &self.state else { return None };
        let voiced_s = seconds(speaking.voiced_frames * FRAME as u64);
        Some(Live { samples: &speaking.samples, span: speaking.span(), voiced_s })
    }

    /// What the utterance that is being spoken will hold when nobody speaks on; there once all of it was heard.
    #[must_use]
    pub fn settled(&self) -> Option<&[f32]> {
        let State::Speaking(speaking) = &self.state else { return None };
        let length = self.length_of(speaking);
        let long_enough = self.voice_of(speaking) >= self.settings.shortest_voice_s;
        (long_enough && speaking.first_voiced.is_some()).then(|| speaking.samples.get(..length)).flatten()
    }

    /// The noise floor, dB below full scale, once the room was heard for a second.
    #[must_use]
    pub fn floor_db(&self) -> Option<f32> {
        self.floor.db()
    }

    fn hear(&mut self, frame: &[f32], events: &mut Vec<Event>) {
        let speaks = matches!(self.state, State::Speaking(_));
        let voiced = self.is_voiced(frame, speaks);
        let begin = self.position;
        self.position += FRAME as u64;
        match &mut self.state {
            State::Quiet => {
                self.before.extend(frame);
                self.recent = (self.recent << 1 | u8::from(voiced)) & ((1 << RECENT) - 1);
                let begins = match self.settings.mode {
                    Mode::OpenMicrophone => self.recent.count_ones() >= RECENT_VOICED,
                    Mode::PushToTalk => self.pressed,
                };
                if begins {
                    self.begin(events);
                } else {
                    let kept = samples_in(self.settings.pre_roll_s) + (RECENT as usize) * FRAME;
                    self.before.drain(..self.before.len().saturating_sub(kept));
                }
            }
            State::Speaking(speaking) => {
                speaking.samples.extend_from_slice(frame);
                if voiced {
                    speaking.first_voiced.get_or_insert(begin);
                    speaking.last_voiced = self.position;
                    speaking.voiced_frames += 1;
                }
                self.end_if_due(events);
            }
        }
    }

    fn is_voiced(&mut self, frame: &[f32], speaks: bool) -> bool {
        let level_db = level_db(frame);
        self.floor.hear(level_db);
        let probability = self.detector.probability(frame);
        let UtteranceSettings { start_probability, keep_probability, above_floor_db, quietest_db, .. } = self.settings;
        let (least, above) =
            if speaks { (keep_probability, above_floor_db / 2.0) } else { (start_probability, above_floor_db) };
        let floor_db = self.floor.db().map_or(quietest_db, |floor| (floor + above).max(quietest_db));
        probability >= least && level_db > floor_db
    }

    fn begin(&mut self, events: &mut Vec<Event>) {
        let oldest = (u8::BITS - self.recent.leading_zeros()) as u64; // frames back to the first voiced one
        let first_voiced = (self.recent != 0).then(|| self.position - oldest * FRAME as u64);
        let wanted = samples_in(self.settings.pre_roll_s) as u64;
        let start = first_voiced.unwrap_or(self.position).saturating_sub(wanted);
        let kept_from = self.position - self.before.len() as u64;
        let skipped = usize::try_from(start.saturating_sub(kept_from)).unwrap_or(0).min(self.before.len());
        let speaking = Speaking {
            samples: self.before.iter().skip(skipped).copied().collect(),
            first: kept_from + skipped as u64,
            first_voiced,
            last_voiced: self.position,
            voiced_frames: u64::from(self.recent.count_ones()),
            released_at: None,
        };
        self.before.clear();
        self.recent = 0;
        events.push(Event::Began { start_s: speaking.span().start_s });
        self.state = State::Speaking(speaking);
    }

    fn end_if_due(&mut self, events: &mut Vec<Event>) {
        let State::Speaking(speaking) = &mut self.state else { return };
        let silent_s = seconds(self.position - speaking.last_voiced);
        let ends = match self.settings.mode {
            Mode::OpenMicrophone => silent_s >= self.settings.hangover_s,
            Mode::PushToTalk if self.pressed => {
                speaking.released_at = None;
                false
            }
            Mode::PushToTalk => {
                let released_at = *speaking.released_at.get_or_insert(self.position);
                seconds(self.position - released_at) >= AFTER_RELEASE_S
            }
        };
        let cut = !ends && seconds(speaking.samples.len() as u64) >= self.settings.longest_s;
        if !ends && !cut {
            return;
        }
        let next = if cut { State::Speaking(Speaking::from(self.position)) } else { State::Quiet };
        let State::Speaking(speaking) = std::mem::replace(&mut self.state, next) else { return };
        if ends {
            // What came after the voice may be the beginning of the next utterance.
            let silence = usize::try_from(self.position - speaking.last_voiced).unwrap_or(0);
            let kept = silence.min(speaking.samples.len());
            self.before.extend(&speaking.samples[speaking.samples.len() - kept..]);
        }
        let event = self.judge(speaking, cut);
        let continues = cut.then_some(Event::Began { start_s: seconds(self.position) });
        events.push(event);
        events.extend(continues);
    }

    fn judge(&self, mut speaking: Speaking, cut: bool) -> Event {
        let span = speaking.span();
        if self.voice_of(&speaking) < self.settings.shortest_voice_s {
            return Event::Discarded(span);
        }
        if !cut {
            speaking.samples.truncate(self.length_of(&speaking));
        }
        let silence_s = seconds(self.position.saturating_sub(speaking.last_voiced));
        Event::Ended(Utterance { samples: speaking.samples, span, cut, silence_s })
    }

    fn voice_of(&self, speaking: &Speaking) -> f64 {
        seconds(speaking.voiced_frames * FRAME as u64)
    }

    /// Samples up to the end of the tail, as far as the voice goes by now.
    fn length_of(&self, speaking: &Speaking) -> usize {
        let end = speaking.last_voiced + samples_in(self.settings.tail_s) as u64;
        usize::try_from(end.saturating_sub(speaking.first)).unwrap_or(usize::MAX)
    }
}

impl Speaking {
    fn from(position: u64) -> Self {
        let (samples, first_voiced) = (Vec::new(), None);
        Self { samples, first: position, first_voiced, last_voiced: position, voiced_frames: 0, released_at: None }
    }

    fn span(&self) -> Span {
        let start = self.first_voiced.unwrap_or(self.first);
        Span { start_s: seconds(start), end_s: seconds(self.last_voiced.max(start)) }
    }
}

fn samples_in(time_s: f64) -> usize {
    (time_s * f64::from(SAMPLE_RATE_HZ)).round() as usize
}

/// Root mean square, dB below full scale; digital silence is -120.
#[must_use]
pub fn level_db(samples: &[f32]) -> f32 {
    let power = samples.iter().map(|x| x * x).sum::<f32>() / samples.len().max(1) as f32;
    10.0 * power.max(1e-12).log10()
}

/// The quietest level of the last four seconds, smoothed over 80 ms: eight parts of half a second each.
#[derive(Debug, Default)]
struct NoiseFloor {
    /// Power of about the last 80 ms; `None` before the first frame.
    smoothed: Option<f32>,
    parts: VecDeque<f32>,
    /// Frames of the newest part.
    frames: u32,
}

impl NoiseFloor {
    const PARTS: usize = 8;
    /// Half a second.
    const FRAMES_OF_PART: u32 = 31;

    fn hear(&mut self, level_db: f32) {
        let power = 10_f32.powf(level_db / 10.0);
        let smoothed = self.smoothed.map_or(power, |smoothed| smoothed + 0.2 * (power - smoothed));
        self.smoothed = Some(smoothed);
        if self.frames == 0 {
            self.parts.push_back(smoothed);
            if self.parts.len() > Self::PARTS {
                self.parts.pop_front();
            }
        }
        if let Some(newest) = self.parts.back_mut() {
            *newest = newest.min(smoothed);
        }
        self.frames = (self.frames + 1) % Self::FRAMES_OF_PART;
    }

    /// dB below full scale, after a second.
    fn db(&self) -> Option<f32> {
        let quietest = self.parts.iter().copied().reduce(f32::min)?;
        (self.parts.len() > 2).then(|| 10.0 * quietest.max(1e-12).log10())
    }
}

#[cfg(test)]
#[path = "utterances_tests.rs"]
mod tests;
