//! The mirror's ears: what is said into the microphone goes to the talk, what is being said to the caption.
//!
//! ```text
//! "listen" ─> "recognise" ──transcripts──> "hear" ──finals (wake phrase, a line, nothing lost)──> talk
//!  (speech::Listener)                        │
//!                                            └──state: partial, level, who is at fault──> window
//! ```
//!
//! "hear" waits for a speech model, starts the listener, passes on what it hears and does what the window asks for. The
//! microphone is open only where there is a model and somebody wants to be heard; where the model can't be loaded it waits
//! for another.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use otherglass_speech::listener::{OpenRecogniser, OpenSource};
use otherglass_speech::microphone::{Microphone, MicrophoneDescription, MicrophoneSelector, list_microphones};
use otherglass_speech::utterances::Mode;
use otherglass_speech::wake::{Heard, WakeFilter, split_at_phrase};
use otherglass_speech::{
    EarState, Language, Listener, ListenerSettings, MindState, Pace, Recognise, Source, SpeechError, Transcript,
};

use super::talk::TalkLine;
use super::worker::{Joined, Stop, Worker};
use crate::models::ChosenModel;

/// What sound comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MicrophoneWish {
    Microphone(MicrophoneSelector),
    /// A WAV file that plays one, at the pace at which it was spoken.
    File(PathBuf),
}

impl Default for MicrophoneWish {
    fn default() -> Self {
        Self::Microphone(MicrophoneSelector::Default)
    }
}

/// Extensions of files that play a microphone.
const SOUND_FILES: [&str; 16] = [
    "wav", "mp3", "m4a", "aac", "ogg", "oga", "opus", "flac", "aiff", "aif", "caf", "mp4", "mov", "mkv", "mka", "webm",
];

impl MicrophoneWish {
    /// Reads what `--microphone` takes: a sound file, a number, or a part of a name. What is a file, or has the extension of
    /// one and is no number, counts as a file.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        let path = Path::new(text);
        let extension = path.extension().map(|extension| extension.to_string_lossy().to_ascii_lowercase());
        let is_file = path.is_file() || extension.is_some_and(|extension| SOUND_FILES.contains(&extension.as_str()));
        match is_file {
            true => Self::File(path.to_owned()),
            false => Self::Microphone(text.parse().unwrap_or_default()), // can't fail
        }
    }

    fn open(&self) -> Result<Box<dyn Source>, SpeechError> {
        Ok(match self {
            Self::Microphone(selector) => Box::new(Microphone::open(selector)?),
            Self::File(path) => Box::new(crate::hearing::open_sound(path, Pace::Times(1.0))?),
        })
    }
}

/// When it listens.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ListenMode {
    /// Whenever somebody speaks.
    #[default]
    Open,
    /// While the key is held.
    PushToTalk,
    /// Never: the microphone is closed.
    Off,
}

/// Finds the speech model to use; asked again until there is one.
pub type FindModel = Arc<dyn Fn() -> anyhow::Result<ChosenModel> + Send + Sync>;
/// Loads it.
pub type LoadModel = Arc<dyn Fn(&ChosenModel) -> Result<Box<dyn Recognise>, SpeechError> + Send + Sync>;

/// What the ears need.
#[derive(Clone)]
pub struct EarsSettings {
    pub wish: MicrophoneWish,
    pub mode: ListenMode,
    pub wake: bool,
    pub find_model: FindModel,
    pub load_model: LoadModel,
    pub listener: ListenerSettings,
    /// How often to look for a model where there is none.
    pub look_every: Duration,
}

impl EarsSettings {
    /// Real microphones and models.
    #[must_use]
    pub fn new(
        wish: MicrophoneWish,
        mode: ListenMode,
        wake: bool,
        find_model: FindModel,
        language: Option<Language>,
    ) -> Self {
        let load_model: LoadModel =
            Arc::new(move |model| Ok(Box::new(crate::hearing::load(model, language.as_ref())?)));
        let (listener, look_every) = (ListenerSettings::default(), Duration::from_secs(3));
        Self { wish, mode, wake, find_model, load_model, listener, look_every }
    }
}

/// How it stands with the ears.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum EarsHealth {
    /// Looking for a model, loading it or opening the microphone.
    #[default]
    Waking,
    Well,
    /// Nobody wants to be heard.
    Off,
    /// There is no model, or it can't be loaded, and why.
    NoModel(String),
    /// The microphone sends zeros only.
    Muted {
        name: String,
    },
    /// There is no microphone.
    NoMicrophone,
    /// It is lost or can't be opened; it is tried again.
    Lost(String),
    /// The file that plays a microphone came to its end.
    Ended,
}

/// What the window may know of the ears.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct EarsState {
    pub health: EarsHealth,
    pub mode: ListenMode,
    /// Whether it answers only to its phrase.
    pub wake: bool,
    /// Whether it is spoken to without the phrase at this moment.
    pub awake: bool,
    /// 0 to 1, for a meter.
    pub level: f32,
    pub speaking: bool,
    /// What is being said, before it is over.
    pub partial: Option<String>,
    /// How often it was called by its phrase alone.
    pub calls: u64,
    /// Finals passed on.
    pub heard: u64,
}

enum Request {
    Mode(ListenMode),
    Wake(bool),
    ListenTo(MicrophoneWish),
    List,
    Sleep,
}

#[derive(Debug, Default)]
struct Told {
    state: EarsState,
    microphones: Vec<MicrophoneDescription>,
}

/// The ears and their thread, which owns the listener's two. Stopped and joined when dropped.
#[derive(Debug)]
pub struct Ears {
    worker: Worker,
    requests: SyncSender<Request>,
    pressed: Arc<AtomicBool>,
    told: Arc<Mutex<Told>>,
}

/// Requests that may wait.
const REQUESTS: usize = 16;
/// How long it waits for a transcript before it looks at the state and the requests.
const LOOK_EVERY: Duration = Duration::from_millis(20);
/// How long it stays awake after each utterance that was meant for it, seconds.
const STAYS_AWAKE_S: f64 = 8.0;

impl Ears {
    /// Starts listening, or waiting for a model. `changed` is called from any thread when the window should look.
    pub fn start(
        settings: EarsSettings,
        talk: TalkLine,
        changed: Arc<dyn Fn() + Send + Sync>,
    ) -> std::io::Result<Self> {
        let (requests, inbox) = sync_channel(REQUESTS);
        let (pressed, told) = (Arc::new(AtomicBool::new(false)), Arc::new(Mutex::new(Told::default())));
        let (wish, mode, wake) = (Arc::new(Mutex::new(settings.wish.clone())), settings.mode, settings.wake);
        lock(&told).state = EarsState { mode, wake, ..EarsState::default() };
        let hearing = Hearing {
            settings,
            wish,
            mode,
            wake,
            filter: WakeFilter::new(STAYS_AWAKE_S),
            partial: None,
            calls: 0,
            heard: 0,
            talk,
            changed,
            pressed: Arc::clone(&pressed),
            told: Arc::clone(&told),
        };
        let worker = Worker::spawn("hear", move |stop| hearing.run(&inbox, stop))?;
        Ok(Self { worker, requests, pressed, told })
    }

    #[must_use]
    pub fn state(&self) -> EarsState {
        lock(&self.told).state.clone()
    }

    /// The microphones that were found when they were last listed.
    #[must_use]
    pub fn microphones(&self) -> Vec<MicrophoneDescription> {
        lock(&self.told).microphones.clone()
    }

    /// The key of push-to-talk goes down or up.
    pub fn press(&self, pressed: bool) {
        self.pressed.store(pressed, Ordering::SeqCst);
    }

    pub fn set_mode(&self, mode: ListenMode) {
        self.ask(Request::Mode(mode));
    }

    pub fn set_wake(&self, wake: bool) {
        self.ask(Request::Wake(wake));
    }

    pub fn listen_to(&self, wish: MicrophoneWish) {
        self.ask(Request::ListenTo(wish));
    }

    /// Looks for microphones anew.
    pub fn list(&self) {
        self.ask(Request::List);
    }

    /// Answers only to the phrase again, as for the next visitor.
    pub fn sleep(&self) {
        self.ask(Request::Sleep);
    }

    pub fn stop_and_join(self) -> Joined {
        self.worker.stop_and_join()
    }

    fn ask(&self, request: Request) {
        if self.requests.try_send(request).is_err() {
            tracing::warn!("the ears are busy; a request was dropped");
        }
    }
}

/// A model's file as it is now.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Version {
    model: ChosenModel,
    changed_at: Option<SystemTime>,
}

impl Version {
    fn of(model: &ChosenModel) -> Self {
        let changed_at = std::fs::metadata(&model.path).and_then(|file| file.modified()).ok();
        Self { model: model.clone(), changed_at }
    }
}

/// The thread "hear".
struct Hearing {
    settings: EarsSettings,
    wish: Arc<Mutex<MicrophoneWish>>,
    mode: ListenMode,
    wake: bool,
    filter: WakeFilter,
    partial: Option<Transcript>,
    calls: u64,
    heard: u64,
    talk: TalkLine,
    changed: Arc<dyn Fn() + Send + Sync>,
    pressed: Arc<AtomicBool>,
    told: Arc<Mutex<Told>>,
}

impl Hearing {
    fn run(mut self, requests: &Receiver<Request>, stop: &Stop) {
        let mut unfit = None;
        while let Some(model) = self.wait_for_model(unfit.as_ref(), requests, stop) {
            let version = Version::of(&model);
            let listener = match self.listener(model) {
                Ok(listener) => listener,
                Err(error) => {
                    self.tell(EarsState { health: EarsHealth::Lost(error.to_string()), ..self.bare_state() });
                    return;
                }
            };
            unfit = self.attend(&listener, requests, stop).map(|why| (version, why));
            let lost = listener.state().lost_samples;
            tracing::debug!("ears: {} utterances passed on, {lost} samples lost", self.heard);
            if !listener.stop_and_join() {
                tracing::error!("a thread of the listener panicked");
            }
        }
    }

    /// Passes on what is heard, until it is time to stop, something else is to be listened to after a recording that is
    /// over, or the model can't be loaded: then why.
    fn attend(&mut self, listener: &Listener, requests: &Receiver<Request>, stop: &Stop) -> Option<String> {
        let mut closed = false;
        while !stop.is_requested() {
            while let Ok(request) = requests.try_recv() {
                let begins_anew = matches!(request, Request::ListenTo(_)) && listener.state().ear == EarState::Ended;
                self.carry_out(request, Some(listener));
                if begins_anew {
                    return None;
                }
            }
            let live = self.mode != ListenMode::Off;
            if closed == live {
                closed = !live;
                listener.pause(closed);
            }
            listener.press(self.pressed.load(Ordering::SeqCst));
            let mode = if self.mode == ListenMode::PushToTalk { Mode::PushToTalk } else { Mode::OpenMicrophone };
            listener.set_mode(mode);
            // The state before the transcript: what is over in it has been told.
            let state = listener.state();
            match listener.wait(LOOK_EVERY) {
                Some((transcript, timing)) => {
                    if let Some(timing) = timing {
                        tracing::debug!("heard \"{}\" {:?} after it was said", transcript.text, timing.whole());
                    }
                    self.hear(transcript, stop);
                }
                // Whatever was begun came to nothing.
                None if !state.speaking && state.waiting == 0 => self.partial = None,
                None => {}
            }
            if let MindState::Failed { why } = &state.mind {
                return Some(why.clone());
            }
            self.look_at(&state);
        }
        None
    }

    /// A model, once there is one and somebody wants to be heard; `None` at the end. `unfit`: one that can't be loaded, and
    /// why; it is not tried again until its file is another.
    fn wait_for_model(
        &mut self,
        unfit: Option<&(Version, String)>,
        requests: &Receiver<Request>,
        stop: &Stop,
    ) -> Option<ChosenModel> {
        while !stop.is_requested() {
            let health = if self.mode == ListenMode::Off {
                EarsHealth::Off
            } else {
                match (self.settings.find_model)() {
                    Ok(model) => match unfit.filter(|(version, _)| *version == Version::of(&model)) {
                        Some((_, why)) => EarsHealth::NoModel(why.clone()),
                        None => return Some(model),
                    },
                    Err(error) => EarsHealth::NoModel(format!("{error:#}")),
                }
            };
            self.tell(EarsState { health, ..self.bare_state() });
            let mut left = self.settings.look_every;
            while !left.is_zero() {
                if stop.sleep(LOOK_EVERY) {
                    return None;
                }
                let before = self.mode;
                while let Ok(request) = requests.try_recv() {
                    self.carry_out(request, None);
                }
                left = if before == self.mode { left.saturating_sub(LOOK_EVERY) } else { Duration::ZERO };
            }
        }
        None
    }

    fn listener(&self, model: ChosenModel) -> Result<Listener, SpeechError> {
        let wish = Arc::clone(&self.wish);
        let open: OpenSource = Arc::new(move || {
            let wish = wish.lock().unwrap_or_else(PoisonError::into_inner).clone();
            wish.open()
        });
        let load = Arc::clone(&self.settings.load_model);
        let recogniser: OpenRecogniser = Box::new(move || load(&model));
        // What changed is told from here, when it has been looked at.
        Listener::start(open, recogniser, self.settings.listener.clone(), Arc::new(|| {}))
    }

    fn carry_out(&mut self, request: Request, listener: Option<&Listener>) {
        match request {
            Request::Mode(mode) => self.mode = mode,
            Request::Wake(wake) => self.wake = wake,
            Request::ListenTo(wish) => {
                *self.wish.lock().unwrap_or_else(PoisonError::into_inner) = wish;
                if let Some(listener) = listener {
                    listener.reopen();
                }
            }
            Request::List => {
                let microphones = list_microphones().unwrap_or_else(|error| {
                    tracing::debug!("{error}");
                    Vec::new()
                });
                lock(&self.told).microphones = microphones;
                (self.changed)();
            }
            Request::Sleep => self.filter.sleep(),
        }
    }

    fn hear(&mut self, transcript: Transcript, stop: &Stop) {
        if !transcript.is_final {
            self.partial = Some(transcript);
            return;
        }
        self.partial = None;
        let said = if self.wants_phrase() {
            match self.filter.hear(&transcript) {
                Heard::Ignored => return,
                Heard::Woken => {
                    self.calls += 1;
                    return;
                }
                Heard::Said(said) => said.text,
            }
        } else {
            // Who calls it by its name all the same need not see the name in the caption.
            match split_at_phrase(&transcript.text) {
                Some(("", "")) => {
                    self.calls += 1;
                    return;
                }
                Some(("", rest)) => rest.to_owned(),
                _ => transcript.text,
            }
        };
        if self.talk.say_waiting(said, stop) {
            self.heard += 1;
        }
    }

    fn look_at(&mut self, state: &otherglass_speech::ListenerState) {
        let health = match (&state.mind, &state.ear) {
            (_, EarState::Paused) => EarsHealth::Off,
            (_, EarState::Lost { absent: true, .. }) => EarsHealth::NoMicrophone,
            (_, EarState::Lost { why, .. }) => EarsHealth::Lost(why.clone()),
            (_, EarState::Muted { name }) => EarsHealth::Muted { name: name.clone() },
            (_, EarState::Ended) => EarsHealth::Ended,
            (MindState::Loading | MindState::Failed { .. }, _) | (_, EarState::Opening) => EarsHealth::Waking,
            (_, EarState::Live { .. }) => EarsHealth::Well,
        };
        // Who comes back later has to call it again. Zeros between words, as from a microphone that cuts out noise, are
        // nobody's leaving: their seconds count.
        if !matches!(health, EarsHealth::Well | EarsHealth::Waking | EarsHealth::Muted { .. }) {
            self.filter.sleep();
        }
        let partial = self.partial.as_ref().and_then(|partial| match self.wants_phrase() {
            true => self.filter.glance(partial).map(str::to_owned),
            false => Some(partial.text.clone()),
        });
        self.tell(EarsState {
            health,
            awake: self.wants_phrase() && self.filter.is_awake(state.heard_s),
            level: state.level.filled(),
            speaking: state.speaking,
            partial,
            calls: self.calls,
            heard: self.heard,
            ..self.bare_state()
        });
    }

    /// Whether it answers only to its phrase: who holds a key is speaking to it.
    fn wants_phrase(&self) -> bool {
        self.wake && self.mode == ListenMode::Open
    }

    fn bare_state(&self) -> EarsState {
        EarsState { mode: self.mode, wake: self.wake, ..EarsState::default() }
    }

    /// The window looks when more than the level and the clock changed.
    fn tell(&self, state: EarsState) {
        let mut told = lock(&self.told);
        let before = std::mem::replace(&mut told.state, state.clone());
        drop(told);
        if before.health != state.health {
            match &state.health {
                EarsHealth::Well => tracing::debug!("it listens to the microphone"),
                health => tracing::debug!("ears: {health:?}"),
            }
        }
        if before != (EarsState { level: before.level, ..state }) {
            (self.changed)();
        }
    }
}

fn lock(told: &Mutex<Told>) -> MutexGuard<'_, Told> {
    told.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
#[path = "listen_tests.rs"]
mod tests;
