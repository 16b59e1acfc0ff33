//! The whole path from sound to text: blocking for files, on two threads for a microphone.
//!
//! ```text
//! source ─> utterances ─┬─ begun ones, now and then ──> slot (newest wins) ──┐
//!                       └─ whole ones ──> line (bounded, nothing lost) ──────┴─> recogniser ─> line of transcripts
//! └──────────── thread "listen" ────────────┘                  └──── thread "recognise" ────┘
//! ```
//!
//! Two threads, so that the level moves and the end of an utterance is noticed while the model works. An utterance that
//! ends calls off the partial that is being worked on, so the final does not wait for it. Nobody drops an utterance: a line
//! holds minutes of talk, and where it is full its writer waits, while the ring of the microphone holds another half a minute.
//!
//! What an utterance holds is settled before it counts as over: only 0.2 s of the 0.4 s of silence belong to it. From then
//! on it is recognised early. When nobody speaks on, the final is exactly that text; else it is one more partial.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crate::dc::DcBlocker;
use crate::microphone::{Level, Loudness};
use crate::source::Source;
use crate::state::{EarState, ListenerState, MindState, Timing};
use crate::transcript::{Span, Transcript};
use crate::utterances::{Event, Mode, Utterance, UtteranceSettings, Utterances};
use crate::whisper::{Recognise, Said};
use crate::{SpeechError, seconds};

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
    let mut blocker = DcBlocker::default();
    let mut heard = 0;
    loop {
        samples.clear();
        let goes_on = source.read(&mut samples)?;
        blocker.filter(&mut samples);
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
/// Loads a recogniser, on the thread that uses it. Where it can't, both threads end.
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

/// Why an utterance is recognised.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Purpose {
    /// For the caption.
    Partial,
    /// It is most likely over.
    Early,
    Final,
}

struct Job {
    samples: Vec<f32>,
    span: Span,
    /// Counts the utterances.
    number: u64,
    purpose: Purpose,
    /// Silence in which it ended, and when it was noticed.
    silence_s: f64,
    ended_at: Instant,
}

/// What both threads and the owner share.
#[derive(Default)]
struct Shared {
    state: Mutex<ListenerState>,
    /// The newest partial or early job.
    partial: Mutex<Option<Job>>,
    stop: AtomicBool,
    paused: AtomicBool,
    reopen: AtomicBool,
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
    /// Purpose and number of samples.
    job: Option<(Purpose, usize)>,
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

    /// Ends what is no use to an utterance of that many samples: every partial, and what began early with fewer.
    fn call_off_unless(&self, samples: Option<usize>) {
        let running = self.running();
        let Running { job: Some((purpose, length)), call_off: Some(flag) } = &*running else { return };
        let useful = *purpose == Purpose::Final || (*purpose == Purpose::Early && Some(*length) == samples);
        if !useful {
            flag.store(true, Ordering::SeqCst);
        }
    }

    /// Whether the owner wants the source closed or another one.
    fn source_is_over(&self) -> bool {
        self.stops() || self.paused.load(Ordering::SeqCst) || self.reopen.load(Ordering::SeqCst)
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

/// Utterances that may wait for the recogniser: minutes of talk without a pause on a machine that can't keep up, some
/// megabytes. While there is room the microphone is read, so no sound is lost. And transcripts for whoever reads them.
const JOBS: usize = 128;
const TRANSCRIPTS: usize = 32;

/// Both threads. Stopped and joined when dropped.
pub struct Listener {
    shared: Arc<Shared>,
    transcripts: Receiver<(Transcript, Option<Timing>)>,
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
        self.wait(Duration::ZERO).map(|(transcript, _)| transcript)
    }

    /// The next transcript, waited for that long at most; finals with where their time went.
    #[must_use]
    pub fn wait(&self, at_most: Duration) -> Option<(Transcript, Option<Timing>)> {
        match at_most {
            Duration::ZERO => self.transcripts.try_recv().ok(),
            _ => self.transcripts.recv_timeout(at_most).ok(),
        }
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

    /// Closes the source, or opens it again. What is being spoken at that moment is forgotten.
    pub fn pause(&self, paused: bool) {
        self.shared.paused.store(paused, Ordering::SeqCst);
    }

    /// Closes the source and opens it anew, as after another microphone was chosen.
    pub fn reopen(&self) {
        self.shared.reopen.store(true, Ordering::SeqCst);
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

/// Why a source was left without an error.
enum Left {
    Ended,
    /// The owner wants something else.
    Asked,
}

/// The utterance that is being spoken, as far as handing it over goes.
#[derive(Default)]
struct Progress {
    number: u64,
    next_partial_s: f64,
    /// Samples of what was handed over early.
    early: Option<usize>,
    /// Where the source began, in the time of the listener.
    offset_s: f64,
}

impl Progress {
    fn shifted(&self, span: Span) -> Span {
        Span { start_s: span.start_s + self.offset_s, end_s: span.end_s + self.offset_s }
    }
}

impl Ear {
    fn run(self, open: &OpenSource) {
        let mut heard: u64 = 0; // samples, from all sources
        while !self.shared.stops() {
            if self.shared.paused.load(Ordering::SeqCst) {
                self.tell(|state| {
                    (state.ear, state.level, state.speaking) = (EarState::Paused, Level::default(), false)
                });
                std::thread::sleep(Duration::from_millis(20));
                continue;
            }
            self.shared.reopen.store(false, Ordering::SeqCst);
            let left = match open() {
                Ok(mut source) => self.listen_to(source.as_mut(), &mut heard),
                Err(error) => Err(error),
            };
            match left {
                Ok(Left::Ended) => return self.tell(|state| (state.ear, state.speaking) = (EarState::Ended, false)),
                Ok(Left::Asked) => {
                    self.tell(|state| (state.ear, state.speaking) = (EarState::Opening, false));
                    continue;
                }
                Err(error) => self.tell(|state| {
                    let absent = matches!(error, SpeechError::NoMicrophone);
                    (state.ear, state.level, state.speaking) =
                        (EarState::Lost { why: error.to_string(), absent }, Level::default(), false);
                }),
            }
            let until = Instant::now() + self.settings.retry_every;
            while Instant::now() < until && !self.shared.source_is_over() {
                std::thread::sleep(Duration::from_millis(20));
            }
        }
    }

    /// Listens until the source ends or fails, or until the owner wants something else.
    fn listen_to(&self, source: &mut dyn Source, heard: &mut u64) -> Result<Left, SpeechError> {
        let mut utterances = Utterances::new(self.settings.utterances.clone());
        let mut loudness = Loudness::default();
        let (mut samples, mut events) = (Vec::new(), Vec::new());
        let number = self.shared.over.load(Ordering::SeqCst);
        let mut progress = Progress { number, offset_s: seconds(*heard), ..Progress::default() };
        let lost_before = self.shared.state().lost_samples;
        let mut blocker = DcBlocker::default();
        while !self.shared.source_is_over() {
            samples.clear();
            let read = source.read(&mut samples);
            blocker.filter(&mut samples);
            *heard += samples.len() as u64;
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
                        (progress.next_partial_s, progress.early) = (0.0, None);
                        progress.number += 1;
                    }
                    Event::Ended(utterance) => self.hand_over(utterance, &progress),
                    Event::Discarded(_) => self.outdate_partial(progress.number, None),
                }
            }
            self.hand_over_begun(&utterances, &mut progress);
            let (name, muted, lost) = (source.name(), source.is_muted(), source.lost_samples());
            self.tell(|state| {
                state.ear = if muted { EarState::Muted { name } } else { EarState::Live { name } };
                state.level = loudness.level();
                state.heard_s = seconds(*heard);
                state.speaking = utterances.live().is_some();
                state.lost_samples = lost_before + lost;
                state.utterances += ended;
                state.waiting = self.shared.jobs_waiting.load(Ordering::SeqCst);
            });
            if !read? {
                return Ok(Left::Ended);
            }
        }
        self.outdate_partial(progress.number, None);
        Ok(Left::Asked)
    }

    fn hand_over(&self, utterance: Utterance, progress: &Progress) {
        let Utterance { samples, span, cut: _, silence_s } = utterance;
        self.shared.jobs_waiting.fetch_add(1, Ordering::SeqCst);
        self.outdate_partial(progress.number, Some(samples.len()));
        let (span, ended_at) = (progress.shifted(span), Instant::now());
        let job = Job { samples, span, number: progress.number, purpose: Purpose::Final, silence_s, ended_at };
        self.shared.put(&self.jobs, job);
    }

    /// What is still to be shown of an utterance that is over, unless it is the beginning of its final.
    fn outdate_partial(&self, number: u64, samples: Option<usize>) {
        self.shared.over.store(number, Ordering::SeqCst);
        drop(self.shared.partial().take());
        self.shared.call_off_unless(samples);
    }

    fn hand_over_begun(&self, utterances: &Utterances, progress: &mut Progress) {
        let Some(live) = utterances.live() else { return };
        if self.shared.jobs_waiting.load(Ordering::SeqCst) > 0 {
            return;
        }
        let job = |samples: Vec<f32>, purpose| {
            let (span, ended_at) = (progress.shifted(live.span), Instant::now());
            Job { samples, span, number: progress.number, purpose, silence_s: 0.0, ended_at }
        };
        if let Some(settled) = utterances.settled() {
            if progress.early != Some(settled.len()) {
                self.shared.call_off_unless(Some(settled.len()));
                *self.shared.partial() = Some(job(settled.to_vec(), Purpose::Early));
                progress.early = Some(settled.len());
            }
            return;
        }
        let Some(every_s) = self.settings.partial_every_s else { return };
        if self.shared.partial().is_none() && live.voiced_s >= progress.next_partial_s.max(every_s) {
            *self.shared.partial() = Some(job(live.samples.to_vec(), Purpose::Partial));
            progress.next_partial_s = live.voiced_s + every_s;
        }
    }

    /// Changes the state; the owner looks when it did change, level and clock aside.
    fn tell(&self, change: impl FnOnce(&mut ListenerState)) {
        let mut state = self.shared.state();
        let before = ListenerState { level: Level::default(), heard_s: 0.0, ..state.clone() };
        change(&mut state);
        let after = ListenerState { level: Level::default(), heard_s: 0.0, ..state.clone() };
        drop(state);
        if before != after {
            (self.changed)();
        }
    }
}

/// What an utterance that was most likely over holds.
struct EarlyText {
    number: u64,
    samples: usize,
    said: Option<Said>,
}

fn is_called_off(recogniser: &dyn Recognise) -> bool {
    recogniser.call_off().load(Ordering::SeqCst)
}

/// The thread "recognise".
struct Mind {
    shared: Arc<Shared>,
    work: Receiver<Job>,
    told: SyncSender<(Transcript, Option<Timing>)>,
    changed: Arc<dyn Fn() + Send + Sync>,
}

impl Mind {
    fn run(self, open: OpenRecogniser) {
        let mut recogniser = match open() {
            Ok(recogniser) => recogniser,
            Err(error) => {
                self.shared.state().mind = MindState::Failed { why: error.to_string() };
                // Nobody would understand what the microphone hears.
                self.shared.request_stop();
                return (self.changed)();
            }
        };
        self.shared.running().call_off = Some(recogniser.call_off());
        self.shared.state().mind = MindState::Ready { name: recogniser.name() };
        (self.changed)();
        let mut early = None;
        while !self.shared.stops() {
            match self.work.recv_timeout(Duration::from_millis(5)) {
                Ok(job) => {
                    self.recognise(recogniser.as_mut(), &job, &mut early);
                    self.job_done();
                }
                Err(RecvTimeoutError::Disconnected) => return,
                Err(RecvTimeoutError::Timeout) => {
                    let partial = self.shared.partial().take();
                    if let Some(job) = partial {
                        self.recognise(recogniser.as_mut(), &job, &mut early);
                    }
                }
            }
        }
    }

    fn job_done(&self) {
        let waiting = self.shared.jobs_waiting.fetch_sub(1, Ordering::SeqCst) - 1;
        self.shared.state().waiting = waiting;
        (self.changed)();
    }

    fn recognise(&self, recogniser: &mut dyn Recognise, job: &Job, early: &mut Option<EarlyText>) {
        let (is_final, begun_at) = (job.purpose == Purpose::Final, Instant::now());
        let is_over = || job.number <= self.shared.over.load(Ordering::SeqCst);
        let there = early.take_if(|early| is_final && early.number == job.number && early.samples == job.samples.len());
        let began_early = there.is_some();
        let said = match there {
            Some(early) => early.said,
            None => self.work_on(recogniser, job),
        };
        if job.purpose == Purpose::Early && !is_called_off(recogniser) {
            *early = Some(EarlyText { number: job.number, samples: job.samples.len(), said: said.clone() });
        }
        let Some(said) = said.filter(|_| is_final || !is_over()) else { return };
        let transcript = Transcript { is_final, ..final_of(said.text, said.language, job.span) };
        let timing = is_final.then(|| {
            // What kept a final waiting whose recognition began early is that recognition.
            let taken_up = if began_early { job.ended_at } else { begun_at };
            Timing {
                silence: Duration::from_secs_f64(job.silence_s),
                waited: taken_up.duration_since(job.ended_at),
                recognised: taken_up.elapsed(),
                told_at: Instant::now(),
            }
        });
        if self.shared.put(&self.told, (transcript, timing)) {
            (self.changed)();
        }
    }

    /// The recogniser's text; `None` where nothing was said or the work was called off.
    fn work_on(&self, recogniser: &mut dyn Recognise, job: &Job) -> Option<Said> {
        {
            let mut running = self.shared.running();
            running.job = Some((job.purpose, job.samples.len()));
            let outdated = job.purpose != Purpose::Final && job.number <= self.shared.over.load(Ordering::SeqCst);
            if let Some(flag) = &running.call_off {
                flag.store(self.shared.stops() || outdated, Ordering::SeqCst);
            }
        }
        let said = recogniser.recognise(&job.samples).unwrap_or_else(|error| {
            tracing::warn!("{error}");
            None
        });
        self.shared.running().job = None;
        said
    }
}
