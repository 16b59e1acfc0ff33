//! Utterance to text with Whisper, on the processor, as few threads as asked for.
//!
//! An utterance is far shorter than the 30 s that Whisper was trained on. The encoder is given only the positions that
//! the utterance fills (`audio_ctx`), which makes it as much faster; the decoder writes one segment without timestamps, and
//! no more tokens than anybody can speak in the time. There is no second try at a higher temperature: it would take the
//! time of the first again, and what it writes is rarely what was said.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use whisper_rs::{FullParams, SamplingStrategy, WhisperContext, WhisperContextParameters, WhisperError, WhisperState};

use crate::guard::spoken_text;
use crate::model_file::{self, ModelShape};
use crate::{SAMPLE_RATE_HZ, SpeechError, seconds};

/// Encoder positions a second.
const POSITIONS_A_SECOND: f64 = 50.0;
/// Fewer make published models stammer.
const LEAST_AUDIO_CTX: i32 = 256;
/// Whisper wants more than a second; shorter utterances are padded.
const LEAST_SAMPLES: usize = SAMPLE_RATE_HZ as usize * 11 / 10;

/// Which language is spoken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Language {
    /// A code such as "en" or "zh".
    Fixed(String),
    /// Whichever of these is likeliest in each utterance: the mirror's own, so that a short word is not taken for Welsh.
    Detected(Vec<String>),
}

impl Default for Language {
    fn default() -> Self {
        Self::Detected(vec!["en".into(), "zh".into()])
    }
}

impl std::str::FromStr for Language {
    type Err = SpeechError;

    /// A code, with or without a region, as in "en-US" or "en_GB.UTF-8", or "auto".
    fn from_str(text: &str) -> Result<Self, SpeechError> {
        let code = text.trim().to_lowercase();
        let code = code.split(['-', '_', '.']).next().unwrap_or_default();
        match code {
            "auto" => Ok(Self::default()),
            _ => language_id(code)
                .map(|_| Self::Fixed(code.to_owned()))
                .map_err(|_| SpeechError::UnknownLanguage(text.to_owned())),
        }
    }
}

/// What people are likely to say, the likeliest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Expected {
    /// Whole sentences; Whisper writes on in their manner.
    pub requests: Vec<String>,
    pub names: Vec<String>,
}

/// How to recognise.
#[derive(Clone, Debug, PartialEq)]
pub struct RecogniserOptions {
    pub language: Language,
    /// For each language's code what to expect; Whisper leans towards it. As much is shown to it as fits into
    /// `most_prompt_tokens`.
    pub vocabulary: BTreeMap<String, Expected>,
    /// Every token of the prompt passes through the decoder before each utterance. Whisper itself takes half its text
    /// context at most.
    pub most_prompt_tokens: usize,
    /// Processor threads, 1 and up. ggml's threads spin while they wait: more than are free make it slower, not faster.
    pub threads: u32,
    /// Above this probability of no speech an unlikely text is dropped, 0 to 1.
    pub no_speech_threshold: f32,
    /// Below this mean probability of its tokens a text is dropped, 0 to 1.
    pub least_confidence: f32,
}

impl Default for RecogniserOptions {
    fn default() -> Self {
        Self {
            language: Language::default(),
            vocabulary: BTreeMap::new(),
            most_prompt_tokens: 96,
            threads: 1,
            no_speech_threshold: 0.6,
            // With whisper-tiny.en as it came: babble that is written as words 0.1 to 0.3, garbled requests in noise up to 0.5, right ones 0.6
            // to 0.95.
            least_confidence: 0.5,
        }
    }
}

/// What was recognised in one utterance.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Said {
    pub text: String,
    pub language: Option<String>,
}

/// Utterance to text. A trait, so that the path around it can be tested without a model.
pub trait Recognise {
    /// Mono 16 kHz samples to text; `None` where nothing was said, or the work was called off ([`Recognise::call_off`]).
    fn recognise(&mut self, samples: &[f32]) -> Result<Option<Said>, SpeechError>;

    /// Setting this flag ends the running recognition soon. It stays set until somebody clears it.
    fn call_off(&self) -> Arc<AtomicBool>;

    /// For people: "ggml-base.bin".
    fn name(&self) -> String;
}

/// How one language is recognised.
struct Voice {
    language: String,
    /// The names in its prompt, whose echo is no speech. The requests in it are just what people say.
    names: String,
    params: FullParams<'static, 'static>,
}

/// Where the time of one recognition goes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StageTimes {
    /// Telling the language, where it is not fixed.
    pub language: Duration,
    /// Samples to the spectrogram.
    pub mel: Duration,
    pub encode: Duration,
    /// With the prompt.
    pub decode: Duration,
    /// Believing the text or not.
    pub guard: Duration,
}

/// A loaded model.
pub struct Recogniser {
    path: PathBuf,
    options: RecogniserOptions,
    shape: ModelShape,
    state: WhisperState,
    /// For each language that can come up. Made once: setting strings and callbacks leaks them in the binding.
    voices: Vec<Voice>,
    call_off: Arc<AtomicBool>,
}

impl std::fmt::Debug for Recogniser {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Recogniser({}, {:?})", self.path.display(), self.shape)
    }
}

impl Recogniser {
    /// Checks and loads a model file, and runs it once, so that the first utterance is as fast as the others.
    pub fn open(path: &Path, options: RecogniserOptions) -> Result<Self, SpeechError> {
        let shape = model_file::check(path)?;
        let languages = languages(path, &options.language, &shape)?;
        let refused =
            |error: WhisperError| SpeechError::ModelRefused { path: path.to_owned(), reason: error.to_string() };
        let mut context_params = WhisperContextParameters::default();
        context_params.use_gpu(false);
        let context = WhisperContext::new_with_params(path, context_params).map_err(refused)?;
        let state = context.create_state().map_err(refused)?;
        let call_off = Arc::new(AtomicBool::new(false));
        let most = options.most_prompt_tokens.min(usize::try_from(shape.text_ctx / 2 - 1).unwrap_or(0));
        let voices = languages
            .into_iter()
            .map(|language| {
                let expected = options.vocabulary.get(&language);
                let tokens = |text: &str| context.tokenize(text, 256).map_or(usize::MAX, |tokens| tokens.len());
                let Prompt { names, requests } =
                    expected.map(|expected| prompt(expected, most, tokens)).unwrap_or_default();
                let params = params(&options, &language, &format!("{names}{requests}"), &call_off);
                Voice { language, names, params }
            })
            .collect();
        let mut recogniser = Self { path: path.to_owned(), options, shape, state, voices, call_off };
        recogniser.recognise(&vec![0.0; LEAST_SAMPLES])?;
        Ok(recogniser)
    }

    #[must_use]
    pub fn shape(&self) -> &ModelShape {
        &self.shape
    }

    /// Where the time of recognising this goes: it is recognised once as a whole, then the first parts again alone.
    pub fn time_stages(&mut self, samples: &[f32]) -> Result<StageTimes, SpeechError> {
        let padded = padded(samples);
        let failed = |error| Self::failed(samples, error);
        let threads = self.options.threads.max(1) as usize;
        let timed = |start: Instant| start.elapsed();
        let start = Instant::now();
        let place = self.detect_language(&padded)?;
        let language = timed(start);
        let start = Instant::now();
        self.run(place, samples, &padded).map_err(failed)?;
        let whole = timed(start);
        let start = Instant::now();
        let _text = self.text(seconds(samples.len() as u64), place);
        let guard = timed(start);
        let start = Instant::now();
        self.state.pcm_to_mel(&padded, threads).map_err(failed)?;
        let mel = timed(start);
        // The state keeps the audio context of the whole run.
        let start = Instant::now();
        self.state.encode(0, threads).map_err(failed)?;
        let encode = timed(start);
        Ok(StageTimes { language, mel, encode, decode: whole.saturating_sub(mel + encode), guard })
    }

    fn run(&mut self, place: usize, samples: &[f32], padded: &[f32]) -> Result<(), WhisperError> {
        let mut params = self.voices[place].params.clone();
        params.set_audio_ctx(audio_ctx(padded.len(), self.shape.audio_ctx));
        params.set_max_tokens(most_tokens(seconds(samples.len() as u64)));
        self.state.full(params, padded)
    }

    fn failed(samples: &[f32], error: WhisperError) -> SpeechError {
        SpeechError::Recogniser { seconds: seconds(samples.len() as u64), reason: error.to_string() }
    }

    /// The place of the utterance's language in `voices`.
    fn detect_language(&mut self, samples: &[f32]) -> Result<usize, SpeechError> {
        if self.voices.len() == 1 {
            return Ok(0);
        }
        let threads = self.options.threads.max(1) as usize;
        let failed = |error| Self::failed(samples, error);
        self.state.pcm_to_mel(samples, threads).map_err(failed)?;
        let (_, likely) = self.state.lang_detect(0, threads).map_err(failed)?;
        let probability = |language: &str| {
            let id = whisper_rs::get_lang_id(language).and_then(|id| usize::try_from(id).ok());
            id.and_then(|id| likely.get(id)).copied().unwrap_or(0.0)
        };
        let best = self
            .voices
            .iter()
            .enumerate()
            .max_by(|(_, a), (_, b)| probability(&a.language).total_cmp(&probability(&b.language)));
        Ok(best.map_or(0, |(place, _)| place))
    }

    /// The text of the only segment, when it is believable.
    fn text(&self, length_s: f64, place: usize) -> Option<String> {
        let mut text = String::new();
        for segment in self.state.as_iter() {
            let tokens = segment.n_tokens();
            let sum: f32 =
                (0..tokens).filter_map(|n| segment.get_token(n)).map(|token| token.token_probability()).sum();
            let (confidence, no_speech) = (sum / tokens.max(1) as f32, segment.no_speech_probability());
            let raw = segment.to_str_lossy().ok()?;
            let silent = no_speech > self.options.no_speech_threshold && confidence < 0.6;
            if silent || confidence < self.options.least_confidence {
                tracing::debug!("refused \"{raw}\": confidence {confidence:.2}, no speech {no_speech:.2}");
                return None;
            }
            text.push_str(&raw);
        }
        let spoken = spoken_text(&text, length_s, &self.voices[place].names);
        if spoken.is_none() {
            tracing::debug!("refused \"{text}\" in {length_s:.1} s");
        }
        spoken
    }
}

impl Recognise for Recogniser {
    fn recognise(&mut self, samples: &[f32]) -> Result<Option<Said>, SpeechError> {
        let length_s = seconds(samples.len() as u64);
        let padded = padded(samples);
        let place = self.detect_language(&padded)?;
        if self.call_off.load(Ordering::SeqCst) {
            return Ok(None);
        }
        match self.run(place, samples, &padded) {
            _ if self.call_off.load(Ordering::SeqCst) => Ok(None),
            Err(error) => Err(Self::failed(samples, error)),
            Ok(()) => {
                let language = Some(self.voices[place].language.clone());
                Ok(self.text(length_s, place).map(|text| Said { text, language }))
            }
        }
    }

    fn call_off(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.call_off)
    }

    fn name(&self) -> String {
        self.path
            .file_name()
            .map_or_else(|| self.path.display().to_string(), |name| name.to_string_lossy().into_owned())
    }
}

/// Long enough for Whisper.
fn padded(samples: &[f32]) -> Vec<f32> {
    let mut padded = samples.to_vec();
    padded.resize(samples.len().max(LEAST_SAMPLES), 0.0);
    padded
}

/// Requests that are shown: enough for the manner.
const SHOWN_REQUESTS: usize = 3;

/// What a model is shown: one after the other.
#[derive(Debug, Default, PartialEq, Eq)]
struct Prompt {
    names: String,
    requests: String,
}

/// As many of the names as fit into so many tokens, then some requests: the end of the prompt sets the manner of what
/// Whisper writes, and after a mere list it writes lists.
fn prompt(expected: &Expected, most_tokens: usize, tokens: impl Fn(&str) -> usize) -> Prompt {
    let capital = |text: &str| {
        let mut letters = text.chars();
        letters.next().map(|first| first.to_uppercase().chain(letters).collect::<String>()).unwrap_or_default()
    };
    let mut left = most_tokens;
    let mut fits = |text: &String| {
        let count = tokens(text);
        let fits = count <= left;
        left = if fits { left - count } else { 0 }; // nothing less likely instead
        fits
    };
    let clean = |text: &String| text.replace('\0', " ");
    let requests = expected.requests.iter().take(SHOWN_REQUESTS).map(|text| format!(" {}.", capital(&clean(text))));
    let requests: String = requests.take_while(&mut fits).collect();
    let names = expected.names.iter().map(|text| format!(" {},", clean(text))).take_while(fits).collect::<String>();
    let names = names.trim_matches([' ', ',']);
    let names = if names.is_empty() { String::new() } else { format!("{}.", capital(names)) };
    Prompt { names, requests }
}

/// The languages that can come up.
fn languages(path: &Path, wanted: &Language, shape: &ModelShape) -> Result<Vec<String>, SpeechError> {
    let codes = match wanted {
        Language::Fixed(code) => vec![code.clone()],
        Language::Detected(codes) if shape.is_multilingual() => codes.clone(),
        Language::Detected(_) => vec!["en".into()],
    };
    for code in &codes {
        language_id(code)?;
        if !shape.is_multilingual() && code != "en" {
            return Err(SpeechError::EnglishOnly { path: path.to_owned(), language: code.clone() });
        }
    }
    Ok(codes)
}

fn language_id(code: &str) -> Result<i32, SpeechError> {
    whisper_rs::install_logging_hooks(); // else whisper.cpp writes to standard error
    // The binding panics on a zero byte.
    let known = (!code.contains('\0')).then(|| whisper_rs::get_lang_id(code)).flatten();
    known.ok_or_else(|| SpeechError::UnknownLanguage(code.to_owned()))
}

fn params(
    options: &RecogniserOptions,
    language: &str,
    prompt: &str,
    call_off: &Arc<AtomicBool>,
) -> FullParams<'static, 'static> {
    let mut params = FullParams::new(SamplingStrategy::Greedy { best_of: 1 });
    params.set_n_threads(i32::try_from(options.threads.max(1)).unwrap_or(1));
    // The binding copies the string, so the language need not live as long as the parameters say.
    let copied: Option<&'static str> = whisper_rs::get_lang_id(language).and_then(whisper_rs::get_lang_str);
    params.set_language(copied);
    params.set_translate(false);
    params.set_no_context(true);
    params.set_single_segment(true);
    params.set_no_timestamps(true);
    params.set_suppress_blank(true);
    params.set_suppress_nst(true);
    params.set_temperature(0.0);
    params.set_temperature_inc(0.0);
    params.set_no_speech_thold(options.no_speech_threshold);
    params.set_print_special(false);
    params.set_print_progress(false);
    params.set_print_realtime(false);
    params.set_print_timestamps(false);
    if !prompt.trim().is_empty() {
        params.set_initial_prompt(prompt);
    }
    let asked = Arc::clone(call_off);
    // Boxed, since whisper-rs 0.16 hands its trampoline a pointer to such a box whatever the closure's type was.
    let callback: Box<dyn FnMut() -> bool> = Box::new(move || asked.load(Ordering::Relaxed));
    params.set_abort_callback_safe::<_, Box<dyn FnMut() -> bool>>(callback);
    params
}

/// Encoder positions for so many samples, with some to spare.
fn audio_ctx(samples: usize, most: i32) -> i32 {
    let filled = (seconds(samples as u64) * POSITIONS_A_SECOND).ceil() as i32 + 32;
    // Whole vectors are faster.
    let rounded = (filled + 63) / 64 * 64;
    rounded.max(LEAST_AUDIO_CTX).min(most)
}

/// More tokens than anybody speaks in the time are an endless repeat.
fn most_tokens(length_s: f64) -> i32 {
    6 + (length_s.min(30.0) * 8.0).ceil() as i32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_encoder_sees_what_the_utterance_fills() {
        assert_eq!(audio_ctx(LEAST_SAMPLES, 1_500), 256);
        assert_eq!(audio_ctx(16_000 * 10, 1_500), 576);
        assert_eq!(audio_ctx(16_000 * 30, 1_500), 1_500);
        assert_eq!(audio_ctx(16_000, 100), 100);
    }

    #[test]
    fn a_prompt_ends_with_requests_and_takes_the_names_that_fit() {
        let expected = Expected {
            requests: ["make it bigger", "undo"].map(String::from).into(),
            names: ["sword", "wizard hat", "crown"].map(String::from).into(),
        };
        let words = |text: &str| text.split_whitespace().count();
        let shown = |expected: &Expected, most| {
            let Prompt { names, requests } = prompt(expected, most, words);
            format!("{names}{requests}")
        };
        assert_eq!(shown(&expected, 100), "Sword, wizard hat, crown. Make it bigger. Undo.");
        assert_eq!(shown(&expected, 7), "Sword, wizard hat. Make it bigger. Undo.");
        assert_eq!(shown(&expected, 6), "Sword. Make it bigger. Undo.");
        assert_eq!(shown(&expected, 3), " Make it bigger.");
        assert_eq!(shown(&expected, 0), "");
        assert_eq!(shown(&Expected::default(), 100), "");
    }

    #[test]
    fn what_it_is_shown_as_a_request_may_be_said() {
        let requests = ["Give me a blue sword", "Make it bigger", "Put a golden crown on my head"];
        let expected = Expected {
            requests: requests.map(String::from).into(),
            names: ["sword", "wizard hat", "golden crown", "ice kingdom"].map(String::from).into(),
        };
        let Prompt { names, .. } = prompt(&expected, 100, |text| text.split_whitespace().count());
        for request in requests.iter().chain(["Give me a blue sword, make it bigger"].iter()) {
            assert_eq!(spoken_text(request, 3.0, &names).as_deref(), Some(*request));
        }
        assert_eq!(spoken_text("sword, wizard hat, golden crown", 3.0, &names), None, "the names alone are an echo");
    }

    #[test]
    fn languages_are_codes_or_auto() {
        assert_eq!("zh".parse::<Language>().unwrap(), Language::Fixed("zh".into()));
        assert_eq!("auto".parse::<Language>().unwrap(), Language::default());
        let error = "klingon".parse::<Language>().unwrap_err().to_string();
        assert!(error.contains("klingon") && error.contains("auto"), "{error}");
        assert!("e\0n".parse::<Language>().is_err());
    }
}
