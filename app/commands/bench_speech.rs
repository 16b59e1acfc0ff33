//! `otherglass bench --speech FOLDER`: how long after the end of speech a transcript is there, and where the time goes.
//!
//! The recordings of the folder, with a second of a quiet room between them, go at the pace at which they were spoken
//! through the listener with both of its threads, as from a microphone. What a sound system holds back before its callback
//! is not in the figures. Then the same utterances are recognised once more alone, stage by stage.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Result, bail};
use otherglass_speech::listener::{OpenRecogniser, OpenSource};
use otherglass_speech::utterances::{Event, UtteranceSettings, Utterances};
use otherglass_speech::{
    EarState, Listener, ListenerSettings, MindState, Pacer, Recognise, RecogniserOptions, SAMPLE_RATE_HZ, Source,
    SpeechError, Timing, seconds, sound,
};

use super::bench::{ms, percentile};
use super::score::read_rows;
use crate::assets::Assets;
use crate::cli::SpeechArgs;
use crate::hearing;
use crate::interrupt::Interrupt;

/// Silence between two recordings, seconds.
const PAUSE_S: f64 = 1.0;
/// How loud the room is, of full scale.
const ROOM: f32 = 0.0005;

/// Prints the tables. False when it was interrupted.
pub fn bench(
    folder: &Path,
    utterances: usize,
    arguments: &SpeechArgs,
    assets: &Assets,
    interrupt: &Interrupt,
) -> Result<bool> {
    let rows = read_rows(folder)?;
    let model = hearing::choose(arguments, assets)?;
    let mut recording = room(SAMPLE_RATE_HZ as usize);
    for row in rows.iter().take(utterances) {
        recording.extend(sound::read_all(&row.file)?);
        recording.extend(room((PAUSE_S * f64::from(SAMPLE_RATE_HZ)) as usize));
    }
    let recording: Arc<[f32]> = recording.into();
    crate::errln!(
        "{} recordings, {:.0} s at the pace at which they were spoken ...",
        rows.len().min(utterances),
        seconds(recording.len() as u64)
    );
    let Some(heard) = listen(&recording, &model, arguments, interrupt)? else { return Ok(false) };
    let mut recogniser = hearing::load(&model, arguments.language.as_ref())?;
    if heard.is_empty() {
        bail!("nothing was understood in {}", folder.display());
    }
    let threads = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let (name, used) = (recogniser.name(), RecogniserOptions::default().threads);
    crate::outln!("{name}, {} utterances, {used} of {threads} threads to recognise with", heard.len());
    crate::outln!("{:<46} {:>9} {:>9}", "end of speech to transcript", "median", "p95");
    print("silence until it counts as over", heard.iter().map(|(timing, _)| timing.silence));
    print("waiting for the recogniser", heard.iter().map(|(timing, _)| timing.waited));
    print("recognition, what is left of it by then", heard.iter().map(|(timing, _)| timing.recognised));
    print("hand-over", heard.iter().map(|(_, taken)| *taken));
    print("all", heard.iter().map(|(timing, taken)| timing.whole() + *taken));

    crate::outln!("{:<46} {:>9} {:>9}", "recognition alone, begun 0.2 s into the silence", "median", "p95");
    let mut stages = Vec::new();
    for samples in spoken(&recording) {
        if interrupt.is_requested() {
            return Ok(false);
        }
        stages.push(recogniser.time_stages(&samples)?);
    }
    print("telling the language", stages.iter().map(|times| times.language));
    print("spectrogram", stages.iter().map(|times| times.mel));
    print("encoder", stages.iter().map(|times| times.encode));
    print("decoder, with its prompt", stages.iter().map(|times| times.decode));
    print("guard", stages.iter().map(|times| times.guard));
    Ok(true)
}

/// A quiet room: noise that no one hears, since digital silence is nothing that a microphone gives.
fn room(samples: usize) -> Vec<f32> {
    let mut state = 7_u32;
    let next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        ((state >> 8) as f32 / (1 << 23) as f32 - 1.0) * ROOM
    };
    std::iter::repeat_with(next).take(samples).collect()
}

/// Samples at the pace at which they were spoken.
struct Paced {
    samples: Arc<[f32]>,
    given: usize,
    pacer: Pacer,
}

impl Source for Paced {
    fn read(&mut self, out: &mut Vec<f32>) -> Result<bool, SpeechError> {
        let end = (self.given + SAMPLE_RATE_HZ as usize / 50).min(self.samples.len());
        self.pacer.wait(end as u64);
        out.extend_from_slice(&self.samples[self.given..end]);
        self.given = end;
        Ok(end < self.samples.len())
    }

    fn name(&self) -> String {
        "the recordings".into()
    }
}

/// Every final with the time that it waited to be taken; `None` when it was interrupted.
fn listen(
    recording: &Arc<[f32]>,
    model: &crate::models::ChosenModel,
    arguments: &SpeechArgs,
    interrupt: &Interrupt,
) -> Result<Option<Vec<(Timing, Duration)>>> {
    let (model, language) = (model.clone(), arguments.language.clone());
    let (ready, is_ready) = std::sync::mpsc::sync_channel::<()>(1);
    let is_ready = std::sync::Mutex::new(is_ready);
    let recogniser: OpenRecogniser = Box::new(move || {
        let recogniser = hearing::load(&model, language.as_ref());
        let _nobody_waits = ready.try_send(());
        Ok(Box::new(recogniser?) as Box<dyn Recognise>)
    });
    let samples = Arc::clone(recording);
    let source: OpenSource = Arc::new(move || {
        // Speech begins when the model is there.
        let _gone = is_ready.lock().unwrap_or_else(std::sync::PoisonError::into_inner).recv();
        Ok(Box::new(Paced { samples: Arc::clone(&samples), given: 0, pacer: Pacer::new(1.0) }))
    });
    let listener = Listener::start(source, recogniser, ListenerSettings::default(), Arc::new(|| {}))?;
    let mut heard = Vec::new();
    loop {
        let (finished, state) = (listener.is_finished(), listener.state());
        match listener.wait(Duration::from_millis(20)) {
            Some((_, Some(timing))) => heard.push((timing, timing.told_at.elapsed())),
            Some((_, None)) => {}
            None if interrupt.is_requested() => return Ok(None),
            None if finished && state.ear == EarState::Ended => return Ok(Some(heard)),
            None => {}
        }
        if let MindState::Failed { why } = state.mind {
            bail!(why);
        }
    }
}

fn spoken(recording: &[f32]) -> Vec<Vec<f32>> {
    let mut utterances = Utterances::new(UtteranceSettings::default());
    let mut events = Vec::new();
    utterances.push(recording, &mut events);
    utterances.finish(&mut events);
    let samples = |event| if let Event::Ended(utterance) = event { Some(utterance.samples) } else { None };
    events.into_iter().filter_map(samples).collect()
}

fn print(name: &str, times: impl Iterator<Item = Duration>) {
    let mut times: Vec<Duration> = times.collect();
    times.sort_unstable();
    crate::outln!("    {name:<42} {:>6.0} ms {:>6.0} ms", ms(percentile(&times, 0.50)), ms(percentile(&times, 0.95)));
}
