//! Progress for people: a bar on a terminal, a line now and then where the output goes to a file or a log.

use std::io::IsTerminal;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

/// Seconds between lines where there is no terminal.
const LINE_EVERY: Duration = Duration::from_secs(5);

/// Shows how far a piece of work has come, on standard error.
#[derive(Debug)]
pub struct Progress {
    total: Option<u64>,
    done: u64,
    started: Instant,
    shape: Shape,
}

#[derive(Debug)]
enum Shape {
    Bar(ProgressBar),
    Lines { what: String, next_at: Instant },
}

impl Progress {
    /// `total` frames, where that is known.
    #[must_use]
    pub fn new(what: &str, total: Option<u64>) -> Self {
        let started = Instant::now();
        let shape = if std::io::stderr().is_terminal() {
            Shape::Bar(bar(what, total))
        } else {
            Shape::Lines { what: what.to_owned(), next_at: started + LINE_EVERY }
        };
        Self { total, done: 0, started, shape }
    }

    /// One more frame is done.
    pub fn step(&mut self) {
        self.done += 1;
        match &mut self.shape {
            Shape::Bar(bar) => bar.inc(1),
            Shape::Lines { what, next_at } if Instant::now() >= *next_at => {
                *next_at += LINE_EVERY;
                let of = self.total.map(|total| format!(" of {total}")).unwrap_or_default();
                let rate = self.done as f64 / self.started.elapsed().as_secs_f64().max(1e-3);
                crate::errln!("{what}: {}{of} frames, {rate:.1} a second", self.done);
            }
            Shape::Lines { .. } => {}
        }
    }

    /// A line above the bar.
    pub fn say(&self, line: &str) {
        match &self.shape {
            Shape::Bar(bar) => bar.suspend(|| crate::errln!("{line}")),
            Shape::Lines { .. } => crate::errln!("{line}"),
        }
    }

    /// Clears the bar.
    pub fn finish(self) {
        if let Shape::Bar(bar) = self.shape {
            bar.finish_and_clear();
        }
    }
}

fn bar(what: &str, total: Option<u64>) -> ProgressBar {
    let template = match total {
        Some(_) => "{msg} [{bar:32}] {pos}/{len} frames, {per_sec}, {eta} left",
        None => "{msg} {spinner} {pos} frames, {per_sec}",
    };
    let bar = total.map_or_else(ProgressBar::new_spinner, ProgressBar::new);
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style.progress_chars("━╸─"));
    }
    bar.set_message(what.to_owned());
    bar
}
