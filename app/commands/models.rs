//! `otherglass models`: the speech models there are; fetched only when asked for, and checked.

use std::fs::File;
use std::io::IsTerminal;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use indicatif::{ProgressBar, ProgressStyle};

use crate::assets::Assets;
use crate::cli::ModelsCommand;
use crate::interrupt::Interrupt;
use crate::models::fetch::{Fetched, fetch};
use crate::models::{Presence, SpeechModel, SpeechModels, megabytes, sha256_of};

/// Runs one of the commands; the program's exit code.
pub fn models(command: &ModelsCommand, assets: &Assets) -> Result<u8> {
    let models = SpeechModels::open(assets.folder())?;
    match command {
        ModelsCommand::List => {
            list(&models);
            Ok(0)
        }
        ModelsCommand::Fetch { name } => fetch_model(&models, name),
        ModelsCommand::Verify => verify(&models),
    }
}

fn list(models: &SpeechModels) {
    crate::outln!("Speech models; fetched ones are kept in {}:", models.folder.display());
    for model in &models.known {
        let state = match models.presence(model) {
            Presence::Present if model.built_in.is_some() => "built in".to_owned(),
            Presence::Present => "here".to_owned(),
            Presence::Absent => "not here".to_owned(),
            Presence::Partial(bytes) => format!("{} of it here", megabytes(bytes)),
            Presence::Damaged(_) => "DAMAGED".to_owned(),
        };
        let recommended = if model.recommended { ", recommended" } else { "" };
        crate::outln!(
            "  {:<8} {:>7}  {:<16} {}{recommended} ({}; {})",
            model.name,
            megabytes(model.bytes),
            state,
            model.note,
            model.licence,
            model.source
        );
    }
    crate::outln!("Fetch one with: otherglass models fetch NAME");
}

fn fetch_model(models: &SpeechModels, name: &str) -> Result<u8> {
    let model = models.find(name)?;
    if model.built_in.is_some() {
        bail!("{name} is built in, there is nothing to fetch; `otherglass models verify` checks it");
    }
    let path = models.path(model);
    let interrupt = Interrupt::listen()?;
    crate::errln!("{name}, {}, licence {}, from {}", megabytes(model.bytes), model.licence, model.source);
    let mut progress = BytesProgress::new(model);
    let fetched = fetch(model, &path, &mut |bytes| {
        progress.reach(bytes);
        !interrupt.is_requested()
    });
    progress.finish();
    match fetched? {
        Fetched::Present => crate::errln!("it is here already, and whole:"),
        Fetched::Done => crate::errln!("fetched and checked:"),
        Fetched::Interrupted => {
            crate::errln!("interrupted; the same command goes on from here");
            return Ok(interrupt.exit_code());
        }
    }
    crate::outln!("{}", path.display());
    Ok(0)
}

/// Reads every model that is here; 1 when one of them is not what it should be.
fn verify(models: &SpeechModels) -> Result<u8> {
    let mut wrong = false;
    for model in &models.known {
        let path = models.path(model);
        let verdict = match models.presence(model) {
            Presence::Absent => "not here".to_owned(),
            Presence::Partial(bytes) => format!("{} of {} here", megabytes(bytes), megabytes(model.bytes)),
            Presence::Damaged(bytes) => {
                wrong = true;
                damaged(models, model, &format!("{bytes} bytes long, expected {}", model.bytes))
            }
            Presence::Present => {
                let file = File::open(&path).with_context(|| format!("{} can't be opened", path.display()))?;
                let hash = sha256_of(file).with_context(|| format!("{} can't be read", path.display()))?;
                if hash == model.sha256 {
                    format!("ok       {}", path.display())
                } else {
                    wrong = true;
                    damaged(models, model, &format!("its SHA-256 is {hash}, expected {}", model.sha256))
                }
            }
        };
        crate::outln!("{:<8} {verdict}", model.name);
    }
    Ok(u8::from(wrong))
}

fn damaged(models: &SpeechModels, model: &SpeechModel, how: &str) -> String {
    format!("DAMAGED  {how}; {}", models.again(model))
}

/// A bar on a terminal, a line every five seconds elsewhere.
struct BytesProgress {
    bar: Option<ProgressBar>,
    total: u64,
    next_at: Instant,
}

impl BytesProgress {
    const LINE_EVERY: Duration = Duration::from_secs(5);

    fn new(model: &SpeechModel) -> Self {
        let bar = std::io::stderr().is_terminal().then(|| {
            let bar = ProgressBar::new(model.bytes);
            let template = "{msg} [{bar:32}] {bytes}/{total_bytes}, {bytes_per_sec}, {eta} left";
            if let Ok(style) = ProgressStyle::with_template(template) {
                bar.set_style(style.progress_chars("━╸─"));
            }
            bar.set_message(model.name.clone());
            bar
        });
        Self { bar, total: model.bytes, next_at: Instant::now() + Self::LINE_EVERY }
    }

    fn reach(&mut self, bytes: u64) {
        match &self.bar {
            Some(bar) => bar.set_position(bytes),
            None if Instant::now() >= self.next_at => {
                self.next_at = Instant::now() + Self::LINE_EVERY;
                crate::errln!("{} of {}", megabytes(bytes), megabytes(self.total));
            }
            None => {}
        }
    }

    fn finish(self) {
        if let Some(bar) = self.bar {
            bar.finish_and_clear();
        }
    }
}
