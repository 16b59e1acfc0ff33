//! From sound to transcripts: real synthesised speech through the voice detector, and the listener's two threads with a
//! recogniser that follows a script.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "what is skipped is told to whoever runs the tests")]

mod common;

use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use otherglass_speech::listener::{Listener, ListenerSettings, OpenSource};
use otherglass_speech::utterances::{Event, UtteranceSettings, Utterances};
use otherglass_speech::whisper::Said;
use otherglass_speech::{
    EarState, FileSource, MindState, Pace, Recognise, Source, Span, SpeechError, Transcript, sound, transcribe,
};

/// Sentences with silence between them, over quiet noise, and where each of them is.
fn conversation(folder: &Path, sentences: &[(&str, &str)], noise: f32) -> Option<(Vec<f32>, Vec<Span>)> {
    let (mut samples, mut spans) = (vec![0.0; 20_000], Vec::new());
    for (voice, text) in sentences {
        let speech = common::speech(folder, voice, text)?;
        let start_s = samples.len() as f64 / 16_000.0;
        samples.extend(&speech);
        spans.push(Span { start_s, end_s: samples.len() as f64 / 16_000.0 });
        samples.resize(samples.len() + 16_000, 0.0);
    }
    let noise = common::noise(samples.len(), 7).into_iter().map(|value| value * noise);
    Some((samples.iter().zip(noise).map(|(sample, noise)| sample * 0.5 + noise).collect(), spans))
}

fn spans_of(samples: &[f32]) -> Vec<Span> {
    let mut utterances = Utterances::new(UtteranceSettings::default());
    let mut events = Vec::new();
    for piece in samples.chunks(333) {
        utterances.push(piece, &mut events);
    }
    utterances.finish(&mut events);
    events.iter().filter_map(|event| if let Event::Ended(ended) = event { Some(ended.span) } else { None }).collect()
}

#[test]
fn spoken_sentences_are_found_where_they_are() {
    let folder = tempfile::tempdir().unwrap();
    let sentences = [
        ("en-us", "Hey, this is my hand. I want to hold a sword."),
        ("en-gb", "No, no, no: make it bigger, make it blue."),
        ("en-us+f3", "Give me a crown."),
        ("cmn", "我想拿一把剑"),
    ];
    for noise in [0.0003, 0.01] {
        let Some((samples, expected)) = conversation(folder.path(), &sentences, noise) else { return };
        let found = spans_of(&samples);
        assert_eq!(found.len(), expected.len(), "noise {noise}: {found:?}, expected {expected:?}");
        for (found, expected) in found.iter().zip(&expected) {
            let near = |a: f64, b: f64| (a - b).abs() < 0.3;
            assert!(
                near(found.start_s, expected.start_s) && near(found.end_s, expected.end_s),
                "noise {noise}: found {found:?}, expected {expected:?}"
            );
        }
    }
}

/// Music is not among them: the detector takes a tone with harmonics for a voice, and only the recogniser can tell.
#[test]
fn silence_and_noise_that_sets_in_are_no_utterances() {
    let noise = |loudness: f32| common::noise(16_000 * 20, 9).into_iter().map(move |value| value * loudness);
    let (hiss, roar): (Vec<f32>, Vec<f32>) = (noise(0.05).collect(), noise(0.3).collect());
    let room: Vec<f32> = noise(0.0005).collect();
    let switched: Vec<f32> = [&room[..], &hiss[..], &room[..], &roar[..]].concat();
    let silence = vec![0.0; 16_000 * 10];
    let sounds = [("silence", silence), ("a room", room), ("hiss", hiss), ("a fan switched on and off", switched)];
    for (what, samples) in sounds {
        let found = spans_of(&samples);
        assert!(found.is_empty(), "{what} gave {found:?}");
    }
}

/// Says how long each utterance was, after working for a while; can be called off.
struct Scripted {
    work: Duration,
    call_off: Arc<AtomicBool>,
    finished: Arc<AtomicU64>,
}

impl Scripted {
    fn new(work: Duration) -> Self {
        Self { work, call_off: Arc::default(), finished: Arc::default() }
    }
}

impl Recognise for Scripted {
    fn recognise(&mut self, samples: &[f32]) -> Result<Option<Said>, SpeechError> {
        let until = Instant::now() + self.work;
        while Instant::now() < until {
            if self.call_off.load(Ordering::SeqCst) {
                return Ok(None);
            }
            std::thread::sleep(Duration::from_millis(1));
        }
        self.finished.fetch_add(1, Ordering::SeqCst);
        Ok(Some(Said { text: format!("{:.1} s", samples.len() as f64 / 16_000.0), language: None }))
    }

    fn call_off(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.call_off)
    }

    fn name(&self) -> String {
        "script".into()
    }
}

fn until(what: &str, holds: impl Fn() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(60);
    while !holds() {
        assert!(Instant::now() < deadline, "waited a minute until {what}");
        std::thread::sleep(Duration::from_millis(3));
    }
}

/// A file of four sentences, or why the test is skipped.
fn spoken_file(folder: &Path) -> Option<std::path::PathBuf> {
    let sentence = ("en-us", "I want to hold a sword and a shield and a torch in my hand.");
    let (samples, _) = conversation(folder, &[sentence; 4], 0.0003)?;
    let file = folder.join("conversation.wav");
    sound::write(&file, &samples).unwrap();
    Some(file)
}

fn collect(listener: &Listener) -> Vec<Transcript> {
    let collected = Mutex::new(Vec::new());
    until("the file is heard", || {
        let mut collected = collected.lock().unwrap();
        let finished = listener.is_finished();
        collected.extend(std::iter::from_fn(|| listener.take()));
        finished
    });
    collected.into_inner().unwrap()
}

/// Utterances and transcripts of a file, heard on this thread.
fn heard_blocking(file: &Path) -> (usize, Vec<Transcript>) {
    let mut source = FileSource::open(file, Pace::Fast).unwrap();
    let (mut recogniser, mut told) = (Scripted::new(Duration::ZERO), Vec::new());
    let heard = transcribe(&mut source, &mut recogniser, &UtteranceSettings::default(), &mut |transcript| {
        told.push(transcript);
        true
    });
    (heard.unwrap(), told)
}

#[test]
fn nothing_is_lost_however_slow_the_recogniser_is_and_both_ways_agree() {
    let folder = tempfile::tempdir().unwrap();
    let Some(file) = spoken_file(folder.path()) else { return };
    let (heard, blocking) = heard_blocking(&file);
    assert_eq!((heard, blocking.len()), (4, 4));

    let path = file.clone();
    let source: OpenSource = Arc::new(move || Ok(Box::new(FileSource::open(&path, Pace::Fast)?)));
    let slow = Box::new(|| Ok(Box::new(Scripted::new(Duration::from_millis(60))) as Box<dyn Recognise>));
    let settings = ListenerSettings { partial_every_s: None, ..ListenerSettings::default() };
    let listener = Listener::start(source, slow, settings, Arc::new(|| {})).unwrap();
    assert_eq!(collect(&listener), blocking);
    assert_eq!((listener.state().ear, listener.state().utterances), (EarState::Ended, 4));
    assert!(listener.stop_and_join());
}

#[test]
fn partials_come_while_one_speaks_and_never_after_their_final() {
    let folder = tempfile::tempdir().unwrap();
    let Some(file) = spoken_file(folder.path()) else { return };
    let source: OpenSource = Arc::new(move || Ok(Box::new(FileSource::open(&file, Pace::Times(4.0))?)));
    let recogniser = Box::new(|| Ok(Box::new(Scripted::new(Duration::from_millis(30))) as Box<dyn Recognise>));
    let listener = Listener::start(source, recogniser, ListenerSettings::default(), Arc::new(|| {})).unwrap();
    let all = collect(&listener);
    let finals: Vec<&Transcript> = all.iter().filter(|transcript| transcript.is_final).collect();
    assert_eq!(finals.len(), 4, "{all:?}");
    assert!(all.len() > finals.len(), "no partial came");
    for (place, transcript) in all.iter().enumerate().filter(|(_, transcript)| !transcript.is_final) {
        let own_final = all.iter().position(|other| other.is_final && other.span.start_s == transcript.span.start_s);
        assert!(own_final.is_some_and(|own_final| own_final > place), "{transcript:?} in {all:?}");
    }
}

#[test]
fn stopping_calls_off_what_is_being_worked_on() {
    let folder = tempfile::tempdir().unwrap();
    let Some(file) = spoken_file(folder.path()) else { return };
    let source: OpenSource = Arc::new(move || Ok(Box::new(FileSource::open(&file, Pace::Fast)?)));
    let script = Scripted::new(Duration::from_secs(3_600));
    let finished = Arc::clone(&script.finished);
    let recogniser = Box::new(move || Ok(Box::new(script) as Box<dyn Recognise>));
    let listener = Listener::start(source, recogniser, ListenerSettings::default(), Arc::new(|| {})).unwrap();
    until("an utterance waits", || listener.state().utterances > 0);
    let before = Instant::now();
    assert!(listener.stop_and_join());
    assert!(before.elapsed() < Duration::from_secs(5) && finished.load(Ordering::SeqCst) == 0);
}

/// A microphone that gives silence, is lost after a while, and can be found again at the second attempt.
struct Flaky {
    left: u32,
}

impl Source for Flaky {
    fn read(&mut self, out: &mut Vec<f32>) -> Result<bool, SpeechError> {
        std::thread::sleep(Duration::from_millis(1));
        self.left = self.left.saturating_sub(1);
        if self.left == 0 {
            return Err(SpeechError::MicrophoneLost { name: self.name(), reason: "it was unplugged".into() });
        }
        out.extend([0.0; 160]);
        Ok(true)
    }

    fn name(&self) -> String {
        "flaky".into()
    }

    fn is_muted(&self) -> bool {
        self.left < 50
    }
}

#[test]
fn a_lost_microphone_is_tried_again_until_it_is_back() {
    let attempts = Arc::new(AtomicU64::new(0));
    let counted = Arc::clone(&attempts);
    let source: OpenSource = Arc::new(move || match counted.fetch_add(1, Ordering::SeqCst) {
        0 => Ok(Box::new(Flaky { left: 100 })),
        1 | 2 => Err(SpeechError::NoMicrophone),
        _ => Ok(Box::new(Flaky { left: u32::MAX })),
    });
    let recogniser = Box::new(|| Ok(Box::new(Scripted::new(Duration::ZERO)) as Box<dyn Recognise>));
    let settings = ListenerSettings { retry_every: Duration::from_millis(200), ..ListenerSettings::default() };
    let listener = Listener::start(source, recogniser, settings, Arc::new(|| {})).unwrap();
    until("it is muted", || matches!(listener.state().ear, EarState::Muted { .. }));
    until("it is lost", || matches!(listener.state().ear, EarState::Lost { .. }));
    until("it is back", || matches!(listener.state().ear, EarState::Live { .. }));
    assert!(attempts.load(Ordering::SeqCst) >= 4);
    assert!(listener.stop_and_join());
}

#[test]
fn without_a_recogniser_the_microphone_is_closed() {
    let source: OpenSource = Arc::new(|| Ok(Box::new(Flaky { left: u32::MAX })));
    let recogniser = Box::new(|| Err(SpeechError::UnknownLanguage("klingon".into())));
    let listener = Listener::start(source, recogniser, ListenerSettings::default(), Arc::new(|| {})).unwrap();
    until("both threads have ended", || listener.is_finished());
    assert!(matches!(listener.state().mind, MindState::Failed { why } if why.contains("klingon")));
}

#[test]
fn recognition_begins_in_the_silence_that_ends_an_utterance() {
    let folder = tempfile::tempdir().unwrap();
    let Some(file) = spoken_file(folder.path()) else { return };
    let (_, blocking) = heard_blocking(&file);
    let source: OpenSource = Arc::new(move || Ok(Box::new(FileSource::open(&file, Pace::Times(1.0))?)));
    let work = Duration::from_millis(120);
    let recogniser = Box::new(move || Ok(Box::new(Scripted::new(work)) as Box<dyn Recognise>));
    let settings = ListenerSettings { partial_every_s: None, ..ListenerSettings::default() };
    let listener = Listener::start(source, recogniser, settings, Arc::new(|| {})).unwrap();
    let mut finals = Vec::new();
    let deadline = Instant::now() + Duration::from_secs(60);
    while finals.len() < 4 && Instant::now() < deadline {
        if let Some((transcript, Some(timing))) = listener.wait(Duration::from_millis(50)) {
            finals.push((transcript, timing));
        }
    }
    // What began early is the whole utterance, not a part of it.
    assert_eq!(finals.iter().map(|(transcript, _)| transcript.clone()).collect::<Vec<_>>(), blocking);
    for (transcript, timing) in &finals {
        assert!((0.4..0.5).contains(&timing.silence.as_secs_f64()), "{timing:?}");
        assert_eq!(timing.whole(), timing.silence + timing.waited + timing.recognised);
        assert!(transcript.is_final);
    }
    // 0.2 s of silence are more than the work takes; a busy machine may be late once or twice.
    let early = finals.iter().filter(|(_, timing)| timing.recognised + timing.waited < work / 2).count();
    assert!(early >= 2, "{finals:?}");
}

#[test]
fn a_paused_listener_closes_its_microphone_and_opens_it_again() {
    let open = Arc::new(AtomicU64::new(0));
    struct Counted(Arc<AtomicU64>);
    impl Drop for Counted {
        fn drop(&mut self) {
            self.0.fetch_sub(1, Ordering::SeqCst);
        }
    }
    impl Source for Counted {
        fn read(&mut self, out: &mut Vec<f32>) -> Result<bool, SpeechError> {
            std::thread::sleep(Duration::from_millis(1));
            out.extend([0.001; 16]);
            Ok(true)
        }
        fn name(&self) -> String {
            "counted".into()
        }
    }
    let (counted, opened) = (Arc::clone(&open), Arc::new(AtomicU64::new(0)));
    let times = Arc::clone(&opened);
    let source: OpenSource = Arc::new(move || {
        counted.fetch_add(1, Ordering::SeqCst);
        times.fetch_add(1, Ordering::SeqCst);
        Ok(Box::new(Counted(Arc::clone(&counted))))
    });
    let recogniser = Box::new(|| Ok(Box::new(Scripted::new(Duration::ZERO)) as Box<dyn Recognise>));
    let listener = Listener::start(source, recogniser, ListenerSettings::default(), Arc::new(|| {})).unwrap();
    until("it listens", || matches!(listener.state().ear, EarState::Live { .. }));
    listener.pause(true);
    until("it is paused", || listener.state().ear == EarState::Paused);
    assert_eq!(open.load(Ordering::SeqCst), 0, "the microphone is still open");
    listener.pause(false);
    until("it listens again", || matches!(listener.state().ear, EarState::Live { .. }));
    listener.reopen();
    until("it was opened anew", || opened.load(Ordering::SeqCst) == 3 && open.load(Ordering::SeqCst) == 1);
    assert!(listener.stop_and_join());
    assert_eq!(open.load(Ordering::SeqCst), 0);
}
