//! The program: command line, window, and the threads between camera, models and display.
//!
//! ```text
//! cli + config ──> settings ──> window (window/, pipeline/)
//!                          └──> commands/ (render, say, transcribe, models, devices, doctor, bench, demo)
//! ```
//!
//! [`run`] is the whole program; `main.rs` only calls it, and tests call the parts.

pub mod answer;
pub mod assets;
pub mod cli;
pub mod commands;
pub mod config;
pub mod hearing;
pub mod interrupt;
pub mod models;
pub mod out;
pub mod pipeline;
pub mod progress;
pub mod settings;
pub mod window;

use std::ffi::OsString;
use std::io::IsTerminal;
use std::process::ExitCode;

use anyhow::{Result, bail};
use tracing_subscriber::EnvFilter;

use assets::Assets;
use cli::{Cli, Command, CommonArgs, RenderArgs, SpeechArgs};
use commands::render::{RenderJob, Rendered, Voice};
use config::Config;
use interrupt::Interrupt;
use settings::MirrorSettings;

/// Runs the program: 0 is success, 1 a failure (said on standard error), 2 a wrong command line, 130 Ctrl-C,
/// 143 SIGTERM, 129 SIGHUP.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let cli = match cli::parse(arguments) {
        Ok(cli) => cli,
        Err(code) => return ExitCode::from(code),
    };
    start_log();
    match dispatch(cli) {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            crate::errln!("error: {}", in_words(&error));
            ExitCode::FAILURE
        }
    }
}

/// The error and its causes, without repeating a cause that the words before already tell.
fn in_words(error: &anyhow::Error) -> String {
    error.chain().fold(String::new(), |words, cause| match cause.to_string() {
        cause if words.contains(&cause) => words,
        cause if words.is_empty() => cause,
        cause => format!("{words}: {cause}"),
    })
}

/// Warnings and worse on standard error, and which engine draws; OTHERGLASS_LOG asks for more, as in `OTHERGLASS_LOG=otherglass=debug`.
fn start_log() {
    let filter = EnvFilter::try_from_env("OTHERGLASS_LOG")
        .unwrap_or_else(|_| EnvFilter::new("error,symphonia=off,otherglass=warn,otherglass::engine=info"));
    let ansi = std::io::stderr().is_terminal();
    tracing_subscriber::fmt()
        .with_ansi(ansi)
        .with_env_filter(filter)
        .with_writer(|| out::Stderr)
        .log_internal_errors(false)
        .without_time()
        .with_target(false)
        .init();
}

fn dispatch(cli: Cli) -> Result<u8> {
    let Cli { common, mirror, command } = cli;
    match command {
        None => open_mirror(MirrorSettings::resolve(mirror, Config::load(common.config.as_deref())?), &common),
        Some(Command::Render(arguments)) => render(arguments, &common),
        Some(Command::Say(arguments)) => {
            commands::say::say(&arguments);
            Ok(0)
        }
        Some(Command::Transcribe(mut arguments)) => {
            arguments.speech = arguments.speech.or(&Config::load(common.config.as_deref())?.speech);
            let interrupt = Interrupt::listen()?;
            let assets = Assets::find(common.assets.as_deref())?;
            let completed = commands::transcribe::transcribe(&arguments, &assets, &interrupt)?;
            Ok(if completed { 0 } else { interrupt.exit_code() })
        }
        Some(Command::Models(arguments)) => {
            let assets = Assets::find(common.assets.as_deref())?;
            commands::models::models(&arguments.command, &assets)
        }
        Some(Command::Devices) => commands::devices::devices().map(|()| 0),
        Some(Command::Doctor) => Ok(u8::from(!commands::doctor::doctor(&common))),
        Some(Command::Bench(arguments)) => {
            if arguments.speech.is_none() && arguments.hearing != SpeechArgs::default() {
                bail!(
                    "--model and --language say how recordings are heard; name a folder of them with --speech FOLDER"
                );
            }
            let interrupt = Interrupt::listen()?;
            let assets = Assets::find(common.assets.as_deref())?;
            let completed = match &arguments.speech {
                Some(folder) => {
                    let hearing = arguments.hearing.or(&Config::load(common.config.as_deref())?.speech);
                    commands::bench_speech::bench(folder, arguments.utterances, &hearing, &assets, &interrupt)?
                }
                None => commands::bench::bench(&arguments, &assets, &interrupt)?,
            };
            Ok(if completed { 0 } else { interrupt.exit_code() })
        }
    }
}

fn render(arguments: RenderArgs, common: &CommonArgs) -> Result<u8> {
    let config = Config::load(common.config.as_deref())?;
    let assets = Assets::find(common.assets.as_deref())?;
    let interrupt = Interrupt::listen()?;
    let RenderArgs { input, output, say, at, voice, speech, engine, no_mirror, seconds, seed } = arguments;
    if voice.is_none() && speech != SpeechArgs::default() {
        bail!("--model and --language say how a recording is heard; name one with --voice FILE.wav");
    }
    let job = RenderJob {
        input,
        output,
        says: say,
        at,
        voice: voice.map(|file| Voice { file, speech: speech.or(&config.speech) }),
        engine: engine.unwrap_or(config.engine),
        mirrored: config.mirror && !no_mirror,
        seconds,
        repeat: false,
        seed: seed.unwrap_or(config.seed),
    };
    Ok(report(&commands::render::render(&job, &assets, &interrupt)?, &interrupt))
}

/// Opens the window, or renders the demo where there is no display.
fn open_mirror(settings: MirrorSettings, common: &CommonArgs) -> Result<u8> {
    let assets = Assets::find(common.assets.as_deref())?;
    let interrupt = Interrupt::listen()?;
    let gone = if commands::demo::has_display() {
        match window::open(settings.clone(), &assets, &interrupt)? {
            window::Ended::Closed => return Ok(0),
            window::Ended::Interrupted => return Ok(interrupt.exit_code()),
            window::Ended::NoDisplay(reason) => format!("The window can't be opened: {reason}."),
        }
    } else {
        "There is no display here (neither DISPLAY nor WAYLAND_DISPLAY is set), so no window can be opened.".to_owned()
    };
    Ok(report(&commands::demo::demo(&gone, &settings, &assets, &interrupt)?, &interrupt))
}

/// Says what was written; the path alone goes to standard output.
fn report(rendered: &Rendered, interrupt: &Interrupt) -> u8 {
    let Rendered { path, frames, interrupted } = rendered;
    match path {
        Some(path) => {
            let ending = if *interrupted { ", interrupted" } else { "" };
            crate::errln!("{frames} frames written{ending}:");
            crate::outln!("{}", std::path::absolute(path).unwrap_or_else(|_| path.clone()).display());
        }
        None => crate::errln!("interrupted before the first frame; nothing was written"),
    }
    if *interrupted { interrupt.exit_code() } else { 0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cause_is_told_once() {
        let error = anyhow::anyhow!("disk full").context("a.mp4 can't be written (disk full)").context("frame 3");
        assert_eq!(in_words(&error), "frame 3: a.mp4 can't be written (disk full)");
    }
}
