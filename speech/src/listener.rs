//! The whole path from sound to text: blocking for files, on two threads for a microphone.
//!
//! ```text
//! source ─> utterances ─┬─ begun ones, now and then ──> slot (newest wins) ──┐
//!                       └─ whole ones ──> line (bounded, nothing lost) ──────┴─> recogniser ─> line of transcripts
//! └──────────── thread "listen" ────────────┘                  └──── thread "recognise" ────┘
//! ```
//!
//! Two threads, so that the level moves and the end of an utterance is noticed while the model works. An utterance that
//! ends calls off the partial that is being worked on, so the final does not wait for it. Nobody drops an utterance: where a
//! line is full, its writer waits, and the ring of the microphone holds half a minute.

use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crate::microphone::{Level, Loudness};
use crate::transcript::{Span, Transcript};
use crate::utterances::{Event, Mode, Utterance, UtteranceSettings, Utterances};
use crate::wav::Wav;
use crate::whisper::Recognise;
use crate::{SpeechError, seconds};

/// Where sound comes from, mono 16 kHz.
pub trait Source {
    /// Appends what there is, after waiting a moment at most; false at the end.
    fn read(&mut self, out: &mut Vec<f32>) -> Result<bool, SpeechError>;

    /// For people.
    fn name(&self) -> String;

    /// Whether it is switched off, as far as can be heard.
    fn is_muted(&self) -> bool {
        false
    }

    /// Samples that were dropped because nobody read for too long.
    fn lost_samples(&self) -> u64 {
        0
    }
}

/// How fast a file is played.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Pace {
    /// As fast as it is read.
    Fast,
    /// As fast as it was spoken, times this.
    Times(f64),
}

/// A WAV file as a source.
#[derive(Debug)]
pub struct WavSource {
    wav: Wav,
    name: String,
    pace: Pace,
    started: Option<Instant>,
    given: u64,
}

impl WavSource {
    pub fn open(path: &Path, pace: Pace) -> Result<Self, SpeechError> {
        let name =
            path.file_name().map_or_else(|| path.display().to_string(), |name| name.to_string_lossy().into_owned());
        Ok(Self { wav: Wav::open(path)?, name, pace, started: None, given: 0 })
    }
}

impl Source for WavSource {
    fn read(&mut self, out: &mut Vec<f32>) -> Result<bool, SpeechError> {
        let before = out.len();
        let goes_on = match self.pace {
            Pace::Fast => self.wav.read(1.0, out)?,
            Pace::Times(factor) => {
                let goes_on = self.wav.read(0.02, out)?;
                let due = seconds(self.given) / factor.max(1e-3);
                let passed = self.started.get_or_insert_with(Instant::now).elapsed();
                std::thread::sleep(Duration::from_secs_f64(due).saturating_sub(passed));
                goes_on
            }
        };
        self.given += (out.len() - before) as u64;
        Ok(goes_on)
    }

    fn name(&self) -> String {
        self.name.clone()
    }
}

/// Everything that was said in a source, from its beginning to its end, on this thread. How many utterances were heard.
///
/// `tell` gets the finals, in order; it says whether to go on.
pub fn transcribe(
    source: &mut dyn Source,
    recogniser: &mut dyn Recognise,
    settings: &UtteranceSettings,
    tell: &mut dyn FnMut(Transcript) -> bool,
) -> Result<usize, SpeechError> {
    let mut utterances = Utterances::new(settings.clone());
    let (mut samples, mut events) = (Vec::new(), Vec::new());
    let mut heard = 0;
    loop {
        samples.clear();
        let goes_on = source.read(&mut samples)?;
        utterances.push(&samples, &mut events);
        if !goes_on {
            utterances.finish(&mut events);
        }
        for event in events.drain(..) {
            let Event::Ended(utterance) = event else { continue };
            heard += 1;
            let said = recogniser.recognise(&utterance.samples)?;
            let transcript = said.map(|said| final_of(said.text, said.language, utterance.span));
            if transcript.is_some_and(|transcript| !tell(transcript)) {
                return Ok(heard);
            }
        }
        if !goes_on {
            return Ok(heard);
        }
    }
}

fn final_of(text: String, language: Option<String>, span: Span) -> Transcript {
    Transcript { text, span, is_final: true, language }
}

/// Opens a source, again after it was lost.
pub type OpenSource = Arc<dyn Fn() -> Result<Box<dyn Source>, SpeechError> + Send + Sync>;
/// Loads a recogniser, on the thread that uses it.
pub type OpenRecogniser = Box<dyn FnOnce() -> Result<Box<dyn Recognise>, SpeechError> + Send>;

/// The figures of a listener.
#[derive(Clone, Debug, PartialEq)]
pub struct ListenerSettings {
    pub utterances: UtteranceSettings,
    /// How much voice must come before the next partial, seconds; `None` makes none.
    pub partial_every_s: Option<f64>,
    /// How long to wait before a lost source is opened again.
    pub retry_every: Duration,
}

impl Default for ListenerSettings {
    fn default() -> Self {
        let utterances = UtteranceSettings::default();
        Self { utterances, partial_every_s: Some(0.6), retry_every: Duration::from_secs(2) }
    }
}

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
    /// It is gone or can't be opened; it is tried again.
    Lost {
        why: String,
    },
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
    /// Somebody is speaking.
    pub speaking: bool,
    /// Samples that were lost because nobody read for too long.
    pub lost_samples: u64,
    /// Utterances that ended so far.
    pub utterances: u64,
}

struct Job {
    samples: Vec<f32>,
    span: Span,
    /// Counts the utterances.
    number: u64,
    is_final: bool,
}

/// What both threads and the owner share.
#[derive(Default)]
struct Shared {
    state: Mutex<ListenerState>,
    partial: Mutex<Option<Job>>,
    stop: AtomicBool,
    pressed: AtomicBool,
    push_to_talk: AtomicBool,
    /// Number of the last utterance that is over: its partials are of no use any more.
    over: AtomicU64,
    jobs_waiting: AtomicU64,
    running: Mutex<Running>,
}

/// What the recogniser is doing. Under one lock with its flag, so that calling off a partial never hits a final.
#[derive(Default)]
struct Running {
    is_partial: bool,
    /// Ends the running recognition; there once a recogniser is loaded.
    call_off: Option<Arc<AtomicBool>>,
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, ListenerState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn partial(&self) -> MutexGuard<'_, Option<Job>> {
        self.partial.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn stops(&self) -> bool {
        self.stop.load(Ordering::SeqCst)
    }

    fn running(&self) -> MutexGuard<'_, Running> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn request_stop(&self) {
        self.stop.store(true, Ordering::SeqCst);
        if let Some(flag) = &self.running().call_off {
            flag.store(true, Ordering::SeqCst);
        }
    }

    fn call_off_partial(&self) {
        if let Running { is_partial: true, call_off: Some(flag) } = &*self.running() {
            flag.store(true, Ordering::SeqCst);
        }
    }

    /// Puts something into a line, waiting while it is full; false when it is time to stop.
    fn put<T>(&self, line: &SyncSender<T>, mut value: T) -> bool {
        loop {
            match line.try_send(value) {
                Ok(()) => return true,
                Err(TrySendError::Disconnected(_)) => return false,
                Err(TrySendError::Full(back)) if !self.stops() => value = back,
                Err(TrySendError::Full(_)) => return false,
            }
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

/// Utterances that may wait for the recogniser, and transcripts for whoever reads them.
const JOBS: usize = 8;
const TRANSCRIPTS: usize = 32;

/// Both threads. Stopped and joined when dropped.
pub struct Listener {
    shared: Arc<Shared>,
    transcripts: Receiver<Transcript>,
    threads: Vec<JoinHandle<()>>,
}

impl std::fmt::Debug for Listener {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Listener({:?})", *self.shared.state())
    }
}

impl Listener {
    /// Starts listening. `changed` is called from either thread when the owner should look.
    pub fn start(
        source: OpenSource,
        recogniser: OpenRecogniser,
        settings: ListenerSettings,
        changed: Arc<dyn Fn() + Send + Sync>,
    ) -> Result<Self, SpeechError> {
        let shared = Arc::new(Shared::default());
        shared.push_to_talk.store(settings.utterances.mode == Mode::PushToTalk, Ordering::SeqCst);
        let (jobs, work) = sync_channel(JOBS);
        let (told, transcripts) = sync_channel(TRANSCRIPTS);
        let mut listener = Self { shared: Arc::clone(&shared), transcripts, threads: Vec::with_capacity(2) };
        let mind = Mind { shared: Arc::clone(&shared), work, told, changed: Arc::clone(&changed) };
        listener.spawn("recognise", move || mind.run(recogniser))?;
        let ear = Ear { shared, jobs, changed, settings };
        listener.spawn("listen", move || ear.run(&source))?;
        Ok(listener)
    }

    fn spawn(&mut self, name: &'static str, work: impl FnOnce() + Send + 'static) -> Result<(), SpeechError> {
        let started = std::thread::Builder::new().name(name.into()).spawn(work);
        self.threads.push(started.map_err(|source| SpeechError::Thread { name, source })?);
        Ok(())
    }

    /// The next transcript, if there is one.
    #[must_use]
    pub fn take(&self) -> Option<Transcript> {
        self.transcripts.try_recv().ok()
    }

    #[must_use]
    pub fn state(&self) -> ListenerState {
        self.shared.state().clone()
    }

    /// The key of push-to-talk.
    pub fn press(&self, pressed: bool) {
        self.shared.pressed.store(pressed, Ordering::SeqCst);
    }

    pub fn set_mode(&self, mode: Mode) {
        self.shared.push_to_talk.store(mode == Mode::PushToTalk, Ordering::SeqCst);
    }

    /// Whether a file was heard to its end and every utterance recognised.
    #[must_use]
    pub fn is_finished(&self) -> bool {
        self.threads.iter().all(JoinHandle::is_finished)
    }

    /// Asks both threads to end, without waiting.
    pub fn request_stop(&self) {
        self.shared.request_stop();
    }

    /// Ends both threads; true when neither had panicked.
    pub fn stop_and_join(mut self) -> bool {
        self.finish()
    }

    fn finish(&mut self) -> bool {
        self.request_stop();
        let mut well = true;
        for thread in self.threads.drain(..) {
            well &= thread.join().is_ok();
        }
        well
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.finish();
    }
}

/// The thread "listen".
struct Ear {
    shared: Arc<Shared>,
    jobs: SyncSender<Job>,
    changed: Arc<dyn Fn() + Send + Sync>,
    settings: ListenerSettings,
}

impl Ear {
    fn run(self, open: &OpenSource) {
        while !self.shared.stops() {
            let ended = match open() {
                Ok(mut source) => self.listen_to(source.as_mut()),
                Err(error) => Err(error),
            };
            match ended {
                Ok(()) => return self.tell(|state| state.ear = EarState::Ended),
                Err(error) => self.tell(|state| {
                    (state.ear, state.level, state.speaking) =
                        (EarState::Lost { why: error.to_string() }, Level::default(), false);
                }),
            }
            let until = Instant::now() + self.settings.retry_every;
            while Instant::now() < until && !self.shared.stops() {
                std::thread::sleep(Duration::from_millis(20));
            }
        }
    }

    /// Listens until the source ends or fails, or until it is time to stop.
    fn listen_to(&self, source: &mut dyn Source) -> Result<(), SpeechError> {
        let mut utterances = Utterances::new(self.settings.utterances.clone());
        let mut loudness = Loudness::default();
        let (mut samples, mut events) = (Vec::new(), Vec::new());
        let (mut next_partial_s, mut number) = (0.0, self.shared.over.load(Ordering::SeqCst));
        let lost_before = self.shared.state().lost_samples;
        while !self.shared.stops() {
            samples.clear();
            let read = source.read(&mut samples);
            loudness.hear(&samples);
            utterances.press(self.shared.pressed.load(Ordering::SeqCst));
            let push_to_talk = self.shared.push_to_talk.load(Ordering::SeqCst);
            utterances.set_mode(if push_to_talk { Mode::PushToTalk } else { Mode::OpenMicrophone });
            utterances.push(&samples, &mut events);
            if !matches!(read, Ok(true)) {
                utterances.finish(&mut events); // what was being spoken is not lost with the device
            }
            let ended = events.iter().filter(|event| matches!(event, Event::Ended(_))).count() as u64;
            for event in events.drain(..) {
                match event {
                    Event::Began { .. } => {
                        next_partial_s = 0.0;
                        number += 1;
                    }
                    Event::Ended(utterance) => self.hand_over(utterance, number),
                    Event::Discarded(_) => self.outdate_partial(number),
                }
            }
            self.hand_over_partial(&utterances, number, &mut next_partial_s);
            let (name, muted, lost) = (source.name(), source.is_muted(), source.lost_samples());
            self.tell(|state| {
                state.ear = if muted { EarState::Muted { name } } else { EarState::Live { name } };
                state.level = loudness.level();
                state.speaking = utterances.live().is_some();
                state.lost_samples = lost_before + lost;
                state.utterances += ended;
            });
            if !read? {
                return Ok(());
            }
        }
        Ok(())
    }

    fn hand_over(&self, Utterance { samples, span, cut: _ }: Utterance, number: u64) {
        self.shared.jobs_waiting.fetch_add(1, Ordering::SeqCst);
        self.outdate_partial(number);
        self.shared.put(&self.jobs, Job { samples, span, number, is_final: true });
    }

    /// What is still to be shown of an utterance that is over.
    fn outdate_partial(&self, number: u64) {
        self.shared.over.store(number, Ordering::SeqCst);
        drop(self.shared.partial().take());
        self.shared.call_off_partial();
    }

    fn hand_over_partial(&self, utterances: &Utterances, number: u64, next_partial_s: &mut f64) {
        let Some((every_s, live)) = self.settings.partial_every_s.zip(utterances.live()) else { return };
        let busy = self.shared.jobs_waiting.load(Ordering::SeqCst) > 0 || self.shared.partial().is_some();
        if busy || live.voiced_s < next_partial_s.max(every_s) {
            return;
        }
        *next_partial_s = live.voiced_s + every_s;
        *self.shared.partial() = Some(Job { samples: live.samples.to_vec(), span: live.span, number, is_final: false });
    }

    /// Changes the state; the owner looks when it did change, the level aside.
    fn tell(&self, change: impl FnOnce(&mut ListenerState)) {
        let mut state = self.shared.state();
        let before = ListenerState { level: Level::default(), ..state.clone() };
        change(&mut state);
        let after = ListenerState { level: Level::default(), ..state.clone() };
        drop(state);
        if before != after {
            (self.changed)();
        }
    }
}

/// The thread "recognise".
struct Mind {
    shared: Arc<Shared>,
    work: Receiver<Job>,
    told: SyncSender<Transcript>,
    changed: Arc<dyn Fn() + Send + Sync>,
}

impl Mind {
    fn run(self, open: OpenRecogniser) {
        let mut recogniser = match open() {
            Ok(recogniser) => recogniser,
            Err(error) => {
                self.shared.state().mind = MindState::Failed { why: error.to_string() };
                (self.changed)();
                return self.discard_all();
            }
        };
        self.shared.running().call_off = Some(recogniser.call_off());
        self.shared.state().mind = MindState::Ready { name: recogniser.name() };
        (self.changed)();
        while !self.shared.stops() {
            match self.work.recv_timeout(Duration::from_millis(10)) {
                Ok(job) => {
                    self.recognise(recogniser.as_mut(), &job);
                    self.shared.jobs_waiting.fetch_sub(1, Ordering::SeqCst);
                }
                Err(RecvTimeoutError::Disconnected) => return,
                Err(RecvTimeoutError::Timeout) => {
                    let partial = self.shared.partial().take();
                    if let Some(job) = partial {
                        self.recognise(recogniser.as_mut(), &job);
                    }
                }
            }
        }
    }

    fn recognise(&self, recogniser: &mut dyn Recognise, job: &Job) {
        let is_over = || job.number <= self.shared.over.load(Ordering::SeqCst);
        {
            let mut running = self.shared.running();
            running.is_partial = !job.is_final;
            if let Some(flag) = &running.call_off {
                flag.store(self.shared.stops() || (!job.is_final && is_over()), Ordering::SeqCst);
            }
        }
        let said = recogniser.recognise(&job.samples).unwrap_or_else(|error| {
            tracing::warn!("{error}");
            None
        });
        self.shared.running().is_partial = false;
        let Some(said) = said.filter(|_| job.is_final || !is_over()) else { return };
        let transcript = Transcript { is_final: job.is_final, ..final_of(said.text, said.language, job.span) };
        if self.shared.put(&self.told, transcript) {
            (self.changed)();
        }
    }

    /// Without a recogniser the ear still listens, for the meter; what it hears goes nowhere.
    fn discard_all(self) {
        while !self.shared.stops() {
            match self.work.recv_timeout(Duration::from_millis(50)) {
                Ok(_) => {
                    self.shared.jobs_waiting.fetch_sub(1, Ordering::SeqCst);
                }
                Err(RecvTimeoutError::Timeout) => drop(self.shared.partial().take()),
                Err(RecvTimeoutError::Disconnected) => return,
            }
        }
    }
}
