//! `otherglass render`: a clip, picture or folder through the mirror into a file.
//!
//! ```text
//! source ──frame──> renderer ──picture──> (mirrored) ──> sink
//!             utterances due ──> state model ──> scene ──^
//!             ^
//! voice file ─┘  (the whole speech path, before the first frame)
//! ```
//!
//! What is due at a frame's time is said before that frame is drawn, so a change shows on the very next frame. What the
//! visitor says in a voice file is due when the sentence ends. The
//! sink gives the output its name only when it is complete; Ctrl-C completes what there is.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use otherglass_generator::render::{Engine, Renderer, RendererOptions, open};
use otherglass_generator::scene::{Abilities, Conversation, Edit};
use otherglass_vision::{Frame, FrameSink, FrameSource, SinkOptions, open_clip, open_sink};

use crate::answer::ask;
use crate::assets::Assets;
use crate::cli::{SpeechArgs, Timed};
use crate::hearing;
use crate::interrupt::Interrupt;
use crate::progress::Progress;

/// Frames a second of a held picture, and of sources that don't say.
const STILL_FRAME_RATE: f64 = 30.0;

/// What to render.
#[derive(Clone, Debug, PartialEq)]
pub struct RenderJob {
    pub input: PathBuf,
    pub output: PathBuf,
    /// Said before the first frame, in order.
    pub says: Vec<String>,
    /// Said at that second of the clip.
    pub at: Vec<Timed>,
    /// What the visitor says over the clip.
    pub voice: Option<Voice>,
    pub engine: Engine,
    pub mirrored: bool,
    /// Stops after that much of the clip.
    pub seconds: Option<f64>,
    /// Starts the clip again at its end until `seconds` are full.
    pub repeat: bool,
    pub seed: u64,
}

/// A recording of the visitor, and how it is to be understood.
#[derive(Clone, Debug, PartialEq)]
pub struct Voice {
    pub file: PathBuf,
    pub speech: SpeechArgs,
}

/// How a job ended.
#[derive(Clone, Debug, PartialEq)]
pub struct Rendered {
    /// The output, unless it was interrupted before its first frame.
    pub path: Option<PathBuf>,
    pub frames: u64,
    pub interrupted: bool,
}

/// Renders the job; what is understood is told on standard error.
pub fn render(job: &RenderJob, assets: &Assets, interrupt: &Interrupt) -> Result<Rendered> {
    refuse_same_file(job)?;
    let mut reel = Reel::open(job)?;
    let spoken = match job.voice.as_ref().map(|voice| spoken(voice, assets, interrupt)).transpose()? {
        Some(None) => return Ok(Rendered { path: None, frames: 0, interrupted: true }),
        heard => heard.flatten().unwrap_or_default(),
    };
    let options = RendererOptions { seed: job.seed, ..RendererOptions::new(assets.folder()) };
    let mut renderer = open(job.engine, &options)?;
    let sink_options = SinkOptions {
        frame_rate: reel.frame_rate(),
        expected_frames: reel.expected_frames(),
        ..SinkOptions::default()
    };
    let mut sink = open_sink(&job.output, &sink_options)?;
    let mut talk = Script::new(job, spoken, renderer.abilities());
    let mut progress = Progress::new(&reel.name(), reel.expected_frames());

    let mut frames = 0_u64;
    let mut interrupted = false;
    while let Some((frame, position_s)) = reel.next()? {
        if interrupt.is_requested() {
            interrupted = true;
            break;
        }
        talk.speak_until(position_s, renderer.as_mut(), &progress);
        let picture = renderer.render(&frame).with_context(|| format!("frame {frames} of {}", reel.name()))?;
        let picture = if job.mirrored { picture.mirrored() } else { picture };
        sink.write_at(&picture, position_s)?;
        frames += 1;
        progress.step();
    }
    if let Some(end_s) = reel.end_s().filter(|_| !interrupted) {
        sink.hold_until(end_s);
    }
    for unsaid in talk.unsaid() {
        progress.say(&format!("never said, the clip ends before {} s: \"{}\"", unsaid.seconds, unsaid.text));
    }
    progress.finish();
    finish(sink, frames, interrupted, job)
}

/// What is said in a voice file, each utterance due when it ends; `None` when it was interrupted.
fn spoken(voice: &Voice, assets: &Assets, interrupt: &Interrupt) -> Result<Option<Vec<Timed>>> {
    let mut spoken = Vec::new();
    let completed = hearing::transcribe(&voice.file, &voice.speech, assets, interrupt, &mut |transcript| {
        spoken.push(Timed { seconds: transcript.span.end_s, text: transcript.text });
    })?;
    if spoken.is_empty() && completed {
        crate::errln!("nothing was understood in {}; its words change nothing", voice.file.display());
    }
    Ok(completed.then_some(spoken))
}

/// Gives the output its name, or explains why there is none.
fn finish(sink: Box<dyn FrameSink>, frames: u64, interrupted: bool, job: &RenderJob) -> Result<Rendered> {
    if frames > 0 {
        let path = sink.finish()?;
        return Ok(Rendered { path: Some(path), frames, interrupted });
    }
    drop(sink); // takes back what it began
    if !interrupted {
        bail!("{} holds no picture; choose another clip", job.input.display());
    }
    Ok(Rendered { path: None, frames, interrupted })
}

/// Writing over the clip that is being read would lose it.
fn refuse_same_file(job: &RenderJob) -> Result<()> {
    let same = match (job.input.canonicalize(), job.output.canonicalize()) {
        (Ok(input), Ok(output)) => input == output,
        _ => false,
    };
    if same {
        bail!("{} is both input and output; give the output another name", job.output.display());
    }
    Ok(())
}

/// The footage of a job: a clip to its end, a picture held, a clip repeated; cut to the wanted length.
struct Reel {
    source: Box<dyn FrameSource>,
    input: PathBuf,
    seconds: Option<f64>,
    repeat: bool,
    /// Where this round of the clip began in the output, seconds.
    round_start_s: f64,
    /// Frames that the source gave in this round.
    round_frames: u64,
    /// The only frame of a round so far, in case it is a picture to be held.
    still: Option<Frame>,
    last_position_s: f64,
    given: u64,
    /// When the output's time began: what moves by itself follows the clip's time, however long a frame takes to draw.
    began: Instant,
}

impl Reel {
    fn open(job: &RenderJob) -> Result<Self> {
        Ok(Self {
            source: open_clip(&job.input)?,
            input: job.input.clone(),
            seconds: job.seconds,
            repeat: job.repeat,
            round_start_s: 0.0,
            round_frames: 0,
            still: None,
            last_position_s: 0.0,
            given: 0,
            began: Instant::now(),
        })
    }

    fn name(&self) -> String {
        let name = self.input.file_name().map(|name| name.to_string_lossy().into_owned());
        name.unwrap_or_else(|| self.input.display().to_string())
    }

    fn frame_rate(&self) -> f64 {
        let rate = self.source.info().frame_rate;
        rate.filter(|rate| rate.is_finite() && *rate > 0.1).unwrap_or(STILL_FRAME_RATE)
    }

    /// When the last frame ends, seconds; `None` where the clip does not say, as a picture does not.
    fn end_s(&self) -> Option<f64> {
        let end_s = self.round_start_s + self.source.info().duration_s?;
        Some(self.seconds.map_or(end_s, |seconds| end_s.min(seconds)))
    }

    fn expected_frames(&self) -> Option<u64> {
        let wanted = self.seconds.map(|seconds| (seconds * self.frame_rate()).round().max(1.0) as u64);
        match (wanted, self.source.info().frame_count) {
            (Some(wanted), Some(count)) if !self.repeat && count > 1 => Some(wanted.min(count)),
            (Some(wanted), _) => Some(wanted),
            (None, count) => count,
        }
    }

    /// The next frame and its time from the start of the output, seconds.
    fn next(&mut self) -> Result<Option<(Frame, f64)>> {
        let next = match self.next_of_round()? {
            None if self.seconds.is_none() => None,
            None if self.round_frames == 1 => self.held(),
            None if self.repeat && self.round_frames > 1 => {
                self.round_start_s = self.last_position_s + 1.0 / self.frame_rate();
                self.round_frames = 0;
                self.source = open_clip(&self.input)?;
                self.next_of_round()?
            }
            next => next,
        };
        let Some((mut frame, position_s)) = next else { return Ok(None) };
        // Half a nanosecond of slack: 2.0 s of a clip at 30 a second are 60 frames, not 61.
        if self.given > 0 && self.seconds.is_some_and(|seconds| position_s >= seconds - 5e-10) {
            return Ok(None);
        }
        frame.seq = self.given;
        frame.captured_at = self.began + Duration::from_secs_f64(position_s.max(0.0));
        self.given += 1;
        self.last_position_s = position_s;
        Ok(Some((frame, position_s)))
    }

    fn next_of_round(&mut self) -> Result<Option<(Frame, f64)>> {
        let Some(frame) = self.source.next_frame()? else { return Ok(None) };
        let frame = frame.into_rgb8();
        self.round_frames += 1;
        self.still = (self.round_frames == 1 && self.seconds.is_some()).then(|| frame.clone());
        Ok(Some((frame, self.round_start_s + self.source.position_s())))
    }

    fn held(&self) -> Option<(Frame, f64)> {
        self.still.clone().map(|frame| (frame, self.last_position_s + 1.0 / STILL_FRAME_RATE))
    }
}

/// What is said, and when.
struct Script {
    conversation: Conversation,
    /// Soonest last.
    due: Vec<Timed>,
}

impl Script {
    fn new(job: &RenderJob, spoken: Vec<Timed>, abilities: Abilities) -> Self {
        let before = job.says.iter().map(|text| Timed { seconds: f64::NEG_INFINITY, text: text.clone() });
        let mut due: Vec<Timed> = before.chain(job.at.iter().cloned()).chain(spoken).collect();
        due.sort_by(|a, b| a.seconds.total_cmp(&b.seconds)); // stable: what is said at one time keeps its order
        due.reverse();
        let mut conversation = Conversation::new();
        conversation.set_abilities(abilities);
        Self { conversation, due }
    }

    /// Says everything due by that time of the clip.
    fn speak_until(&mut self, position_s: f64, renderer: &mut dyn Renderer, progress: &Progress) {
        let before = self.conversation.scene().revision;
        while let Some(next) = self.due.pop_if(|next| next.seconds <= position_s + 1e-9) {
            let answer = ask(&mut self.conversation, &next.text);
            let time = if next.seconds.is_finite() { format!("{:6.2} s  ", next.seconds) } else { String::new() };
            progress.say(&format!("{time}{}", answer.line()));
            if answer.for_program.iter().any(|edit| !matches!(edit, Edit::None)) {
                progress.say("  pictures and clips are taken in the window; here everything is written anyway");
            }
        }
        if self.conversation.scene().revision != before {
            renderer.set_scene(self.conversation.scene());
        }
    }

    /// What the clip was too short for, in order.
    fn unsaid(&self) -> impl Iterator<Item = &Timed> {
        self.due.iter().rev()
    }
}
