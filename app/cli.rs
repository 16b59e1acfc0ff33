//! The command line: what people and scripts type, checked as far as it can be without touching anything.
//!
//! A wrong command line ends with code 2 and the usage. What a flag means together with the configuration file is
//! settled in [`crate::settings`].

use std::path::PathBuf;

use clap::{Args, CommandFactory, Parser, Subcommand};
use otherglass_generator::render::Engine;
use otherglass_speech::Language;

use crate::config::SpeechConfig;

#[derive(Debug, Parser)]
#[command(
    name = "otherglass",
    version,
    about = "A magic mirror: say what you want, and the you in the mirror changes.",
    long_about = "A magic mirror: stand before a webcam, say or type what you want, and the you in the mirror changes.\n\nWithout a command the mirror opens in a window.",
    after_help = "Examples:\n  otherglass                                            the mirror\n  otherglass --camera holiday.mp4                       the mirror, with a clip as its camera\n  otherglass --push-to-talk                             the mirror listens while you hold the space bar\n  otherglass render in.mp4 --say \"give me a crown\" --output out.mp4\n  otherglass say --json \"I want to hold a sword\" \"make it blue\""
)]
pub struct Cli {
    #[command(flatten)]
    pub common: CommonArgs,
    #[command(flatten)]
    pub mirror: MirrorArgs,
    #[command(subcommand)]
    pub command: Option<Command>,
}

/// What every command takes.
#[derive(Debug, Args)]
pub struct CommonArgs {
    /// Folder with weights and demo clip [default: found beside the program]
    #[arg(long, value_name = "DIR", global = true)]
    pub assets: Option<PathBuf>,
    /// Configuration file [default: the platform's, e.g. ~/.config/otherglass/config.toml]
    #[arg(long, value_name = "PATH", global = true)]
    pub config: Option<PathBuf>,
}

/// The window's own flags.
#[derive(Debug, Default, PartialEq, Args)]
pub struct MirrorArgs {
    /// Camera: index, name (or a part of it), or the path of a clip or picture to use as one
    #[arg(long, value_name = "INDEX|NAME|PATH")]
    pub camera: Option<String>,
    /// Microphone: index, name (or a part of it), or the path of a WAV file to use as one
    #[arg(long, value_name = "INDEX|NAME|PATH")]
    pub microphone: Option<String>,
    /// Don't listen; typing works
    #[arg(long, conflicts_with_all = ["microphone", "push_to_talk", "wake"])]
    pub no_microphone: bool,
    /// Listen only while the space bar is held
    #[arg(long)]
    pub push_to_talk: bool,
    /// Answer only to "mirror, mirror" [default: with --kiosk]
    #[arg(long, overrides_with = "no_wake")]
    pub wake: bool,
    /// Answer to whatever is said, in a kiosk too
    #[arg(long, overrides_with = "wake")]
    pub no_wake: bool,
    #[command(flatten)]
    pub speech: SpeechArgs,
    /// Unattended: full screen, no pointer, no buttons; starts afresh after some quiet minutes
    #[arg(long)]
    pub kiosk: bool,
    /// What draws the picture: house (on the GPU where there is one), house@cuda, house@cpu or passthrough
    #[arg(long, value_name = "NAME", value_parser = engine)]
    pub engine: Option<Engine>,
    /// Start in full screen
    #[arg(long)]
    pub fullscreen: bool,
    /// Show left and right as the camera does
    #[arg(long)]
    pub no_mirror: bool,
    /// Seed of the drawing noise: same seed and input, same picture
    #[arg(long, value_name = "N")]
    pub seed: Option<u64>,
    /// Said at the start, in order (may be given again)
    #[arg(long, value_name = "TEXT")]
    pub say: Vec<String>,
    /// Saves what the window shows at that second and leaves
    #[arg(long, value_name = "SECONDS:PATH", hide = true, value_parser = timed)]
    pub screenshot_after: Option<Timed>,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run a clip, picture or folder through the mirror into a file
    Render(RenderArgs),
    /// Print the scene that these utterances end in
    Say(SayArgs),
    /// Print what is said in a WAV file, utterance by utterance
    Transcribe(TranscribeArgs),
    /// List the cameras and microphones
    Devices,
    /// List, fetch and verify speech models
    Models(ModelsArgs),
    /// Check what is there, what is missing and how to get it
    Doctor,
    /// Measure how fast the built-in model draws here, or how fast it hears
    Bench(BenchArgs),
}

#[derive(Debug, Args)]
pub struct RenderArgs {
    /// A clip, a picture, or a folder of pictures
    #[arg(value_name = "INPUT")]
    pub input: PathBuf,
    /// An .mp4, a .gif, or a folder for PNG pictures (000000.png ...)
    #[arg(long, short, value_name = "OUT")]
    pub output: PathBuf,
    /// Said before the first frame, in order (may be given again)
    #[arg(long, value_name = "TEXT")]
    pub say: Vec<String>,
    /// Said at that second of the clip (may be given again)
    #[arg(long, value_name = "SECONDS:TEXT", value_parser = timed)]
    pub at: Vec<Timed>,
    /// What the visitor says over the clip, heard by the speech model; each utterance counts when it ends
    #[arg(long, value_name = "FILE.wav")]
    pub voice: Option<PathBuf>,
    #[command(flatten)]
    pub speech: SpeechArgs,
    /// What draws the picture: house (on the GPU where there is one), house@cuda, house@cpu or passthrough
    #[arg(long, value_name = "NAME", value_parser = engine)]
    pub engine: Option<Engine>,
    /// Keep left and right as in the input
    #[arg(long)]
    pub no_mirror: bool,
    /// Stop after that much of the clip; a picture is held that long
    #[arg(long, value_name = "S", value_parser = length, allow_negative_numbers = true)]
    pub seconds: Option<f64>,
    /// Seed of the drawing noise: same seed and input, same picture
    #[arg(long, value_name = "N")]
    pub seed: Option<u64>,
}

#[derive(Debug, Args)]
pub struct SayArgs {
    /// One JSON object on the last line instead of words
    #[arg(long)]
    pub json: bool,
    /// What is said, one argument each
    #[arg(value_name = "UTTERANCE", required = true)]
    pub utterances: Vec<String>,
}

/// How speech is recognised.
#[derive(Clone, Debug, Default, PartialEq, Args)]
pub struct SpeechArgs {
    /// Speech model: a name from `otherglass models list` or the path of a ggml file [default: the best one there is]
    #[arg(long, value_name = "NAME|PATH")]
    pub model: Option<String>,
    /// Language that is spoken: en, zh, another code, or auto (English or Chinese)
    #[arg(long, value_name = "L", value_parser = language)]
    pub language: Option<Language>,
}

impl SpeechArgs {
    /// What the flags leave open is taken from the file.
    #[must_use]
    pub fn or(self, file: &SpeechConfig) -> Self {
        let Self { model, language } = self;
        Self { model: model.or_else(|| file.model.clone()), language: language.or_else(|| file.language.clone()) }
    }
}

#[derive(Debug, Args)]
pub struct TranscribeArgs {
    /// A WAV file of any rate, depth and number of channels
    #[arg(value_name = "FILE.wav", required_unless_present = "score", conflicts_with = "score")]
    pub file: Option<PathBuf>,
    /// Hear a folder of recordings and print how many words and scenes are right; its utterances.tsv holds a line of file,
    /// text, voice and noise between tabs for each
    #[arg(long, value_name = "FOLDER")]
    pub score: Option<PathBuf>,
    /// One JSON object a line instead of words
    #[arg(long)]
    pub json: bool,
    #[command(flatten)]
    pub speech: SpeechArgs,
}

#[derive(Debug, Args)]
pub struct ModelsArgs {
    #[command(subcommand)]
    pub command: ModelsCommand,
}

#[derive(Debug, Subcommand)]
pub enum ModelsCommand {
    /// Show the speech models there are and where they lie
    List,
    /// Fetch a speech model; goes on where an earlier fetch ended
    Fetch {
        /// As in the list: base is a good start
        #[arg(value_name = "NAME")]
        name: String,
    },
    /// Check the fetched models against their checksums
    Verify,
}

#[derive(Debug, Args)]
pub struct BenchArgs {
    /// Frames to measure, after a warm-up
    #[arg(long, value_name = "N", default_value_t = 120, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub frames: u32,
    /// Instead, list what the GPU does for one frame: launches, memory, operations
    #[arg(long, conflicts_with = "speech")]
    pub plan: bool,
    /// The camera that is planned for
    #[arg(long, value_name = "WxH", default_value = "640x480", value_parser = size, requires = "plan")]
    pub camera: (usize, usize),
    /// The size that is painted at; the model was trained for 256x192
    #[arg(long, value_name = "WxH", default_value = "256x192", value_parser = size, requires = "plan")]
    pub model_size: (usize, usize),
    /// Measure hearing instead: from the end of speech to the transcript, with a folder as for `transcribe --score`
    #[arg(long, value_name = "FOLDER")]
    pub speech: Option<PathBuf>,
    /// Recordings to measure hearing with, at the pace at which they were spoken
    #[arg(long, value_name = "N", default_value_t = 60, requires = "speech")]
    pub utterances: usize,
    #[command(flatten)]
    pub hearing: SpeechArgs,
}

/// A second of the clip, and what happens there.
#[derive(Clone, Debug, PartialEq)]
pub struct Timed {
    pub seconds: f64,
    pub text: String,
}

/// Reads the command line; prints help, version or the mistake and gives the exit code otherwise.
pub fn parse(arguments: impl IntoIterator<Item = std::ffi::OsString>) -> Result<Cli, u8> {
    let cli = Cli::try_parse_from(arguments).and_then(|cli| {
        if cli.command.is_some() && cli.mirror != MirrorArgs::default() {
            let message = "the window's flags were given before a command; put the command's own flags after its name";
            return Err(Cli::command().error(clap::error::ErrorKind::ArgumentConflict, message));
        }
        Ok(cli)
    });
    cli.map_err(|error| {
        let code = u8::try_from(error.exit_code()).unwrap_or(2);
        // A closed pipe behind `otherglass --help | head` is no failure worth a word.
        let _closed_pipe = error.print();
        code
    })
}

fn engine(name: &str) -> Result<Engine, String> {
    name.parse().map_err(|error: otherglass_generator::render::RenderError| error.to_string())
}

fn size(text: &str) -> Result<(usize, usize), String> {
    let parts = text.split_once('x').and_then(|(width, height)| Some((width.parse().ok()?, height.parse().ok()?)));
    let fits = |size: &(usize, usize)| [size.0, size.1].iter().all(|side| (16..=8192).contains(side));
    parts
        .filter(fits)
        .ok_or_else(|| format!("\"{text}\" is no size; write WIDTHxHEIGHT, as in 640x480, from 16 to 8192"))
}

fn language(code: &str) -> Result<Language, String> {
    code.parse().map_err(|error: otherglass_speech::SpeechError| error.to_string())
}

fn seconds(text: &str) -> Result<f64, String> {
    match text.trim().parse::<f64>() {
        Ok(seconds) if seconds.is_finite() && seconds >= 0.0 => Ok(seconds),
        _ => Err(format!("\"{text}\" is no time; give seconds from 0 up, as in 2.5")),
    }
}

fn length(text: &str) -> Result<f64, String> {
    match seconds(text)? {
        seconds if seconds > 0.0 => Ok(seconds),
        _ => Err(format!("\"{text}\" is no length; give more than 0 seconds, as in 2.5")),
    }
}

fn timed(text: &str) -> Result<Timed, String> {
    let Some((time, rest)) = text.split_once(':') else {
        return Err(format!("\"{text}\" has no colon; write SECONDS:TEXT, as in 2.5:make it blue"));
    };
    let rest = rest.trim();
    if rest.is_empty() {
        return Err(format!("\"{text}\" says nothing after the colon; write SECONDS:TEXT, as in 2.5:make it blue"));
    }
    Ok(Timed { seconds: seconds(time)?, text: rest.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(arguments: &[&str]) -> Result<Cli, u8> {
        parse(std::iter::once("otherglass").chain(arguments.iter().copied()).map(Into::into))
    }

    #[test]
    fn the_definition_is_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn times_are_checked() {
        assert_eq!(timed("2.5:make it blue").unwrap(), Timed { seconds: 2.5, text: "make it blue".into() });
        assert_eq!(timed("0:a: b").unwrap().text, "a: b");
        for wrong in ["make it blue", "x:blue", "-1:blue", "1:", "1:  ", ":blue", "inf:blue", "NaN:blue"] {
            assert!(timed(wrong).is_err(), "{wrong}");
        }
        assert!(length("-0.5").is_err() && length("0").is_err() && length("0.5").is_ok());
    }

    #[test]
    fn sizes_are_checked() {
        assert_eq!(size("640x480"), Ok((640, 480)));
        for wrong in ["640", "640x", "x480", "0x480", "640x9000", "640x480x3", "-640x480"] {
            assert!(size(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn the_house_can_be_told_where_to_draw() {
        assert_eq!(engine("house@cuda"), Ok(Engine::HouseCuda));
        assert_eq!(engine("house@cpu"), Ok(Engine::HouseCpu));
        assert!(engine("house@gpu").unwrap_err().contains("house@cuda"));
    }

    #[test]
    fn an_unknown_engine_names_those_there_are() {
        let message = engine("hose").unwrap_err();
        assert!(message.contains("hose") && message.contains("house") && message.contains("passthrough"), "{message}");
    }

    #[test]
    fn usage_errors_end_with_2_and_help_with_0() {
        assert_eq!(parsed(&["render"]).unwrap_err(), 2);
        assert_eq!(parsed(&["render", "a.mp4", "--output", "b.mp4", "--at", "soon:blue"]).unwrap_err(), 2);
        assert_eq!(parsed(&["render", "a.mp4", "--output", "b.mp4", "--engine", "hose"]).unwrap_err(), 2);
        assert_eq!(parsed(&["say"]).unwrap_err(), 2);
        assert_eq!(parsed(&["frobnicate"]).unwrap_err(), 2);
        assert_eq!(parsed(&["models"]).unwrap_err(), 2);
        assert_eq!(parsed(&["models", "fetch"]).unwrap_err(), 2);
        assert_eq!(parsed(&["transcribe", "a.wav", "--language", "klingon"]).unwrap_err(), 2);
        assert_eq!(parsed(&["--help"]).unwrap_err(), 0);
    }

    #[test]
    fn flags_of_the_window_do_not_mix_with_commands() {
        assert_eq!(parsed(&["--kiosk", "devices"]).unwrap_err(), 2);
        assert!(parsed(&["--assets", "x", "devices"]).is_ok());
        assert!(parsed(&["devices", "--assets", "x"]).is_ok());
    }

    #[test]
    fn a_later_word_on_waking_wins_and_a_microphone_is_wanted_or_not() {
        let wake = |arguments: &[&str]| parsed(arguments).map(|cli| (cli.mirror.wake, cli.mirror.no_wake));
        assert_eq!(wake(&["--wake", "--no-wake"]), Ok((false, true)));
        assert_eq!(wake(&["--no-wake", "--wake"]), Ok((true, false)));
        assert_eq!(parsed(&["--microphone", "1", "--no-microphone"]).unwrap_err(), 2);
        let cli = parsed(&["--microphone", "usb", "--push-to-talk", "--model", "base", "--language", "zh"]).unwrap();
        assert_eq!(cli.mirror.speech.model.as_deref(), Some("base"));
        assert!(cli.mirror.push_to_talk && cli.mirror.speech.language == Some(Language::Fixed("zh".into())));
        assert_eq!(parsed(&["--push-to-talk", "devices"]).unwrap_err(), 2);
    }

    #[test]
    fn what_is_said_keeps_its_order() {
        let cli = parsed(&["render", "a", "-o", "b", "--say", "one", "--say", "two", "--at", "1:three"]).unwrap();
        let Some(Command::Render(render)) = cli.command else { panic!("not a render command") };
        assert_eq!(render.say, ["one", "two"]);
        assert_eq!(render.at.len(), 1);
    }
}
