//! Where there is no display: the demo visitor and a scripted conversation, rendered to a file.
//!
//! It goes the way of `otherglass render`, so the file shows exactly what the mirror would.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use super::render::{RenderJob, Rendered, render};
use crate::assets::{Assets, DEMO_CLIP};
use crate::cli::Timed;
use crate::interrupt::Interrupt;
use crate::pipeline::CameraWish;
use crate::settings::MirrorSettings;

/// Name of the file, without its ending.
const FILE_STEM: &str = "otherglass-demo";

/// What is said, and at which second.
const CONVERSATION: &[(f64, &str)] = &[
    (1.5, "I want to hold a sword"),
    (4.5, "Make it bigger and blue"),
    (7.5, "Give me a crown"),
    (10.5, "Take me to an ice kingdom"),
];

/// How long the demo is, seconds.
const LENGTH_S: f64 = 14.0;

/// Whether a window can be opened at all, as far as the environment tells.
#[must_use]
pub fn has_display() -> bool {
    if !cfg!(target_os = "linux") {
        return true;
    }
    ["DISPLAY", "WAYLAND_DISPLAY", "WAYLAND_SOCKET"]
        .iter()
        .any(|name| std::env::var_os(name).is_some_and(|value| !value.is_empty()))
}

/// Renders the demo and prints its path.
pub fn demo(why: &str, settings: &MirrorSettings, assets: &Assets, interrupt: &Interrupt) -> Result<Rendered> {
    crate::errln!("{why}");
    crate::errln!(
        "Rendering a demo instead: a visitor asks for a sword, a bigger blue one, a crown and an ice kingdom."
    );
    let input = match &settings.wish {
        CameraWish::Clip(clip) => clip.clone(),
        CameraWish::Camera(_) => assets.demo_clip().with_context(|| {
            format!(
                "the demo clip {} is missing; reinstall Otherglass, or name a clip with --camera",
                assets.folder().join(DEMO_CLIP).display()
            )
        })?,
    };
    let says = settings.says.clone();
    let script = CONVERSATION.iter().filter(|_| says.is_empty());
    let job = RenderJob {
        input,
        output: writable_place()?,
        at: script.map(|(seconds, text)| Timed { seconds: *seconds, text: (*text).to_owned() }).collect(),
        says,
        voice: None,
        engine: settings.engine,
        mirrored: settings.mirrored,
        seconds: Some(LENGTH_S),
        repeat: true,
        seed: settings.seed,
    };
    render(&job, assets, interrupt)
}

/// The current folder, or the cache folder where that can't be written.
fn writable_place() -> Result<PathBuf> {
    let here = std::env::current_dir().unwrap_or_default();
    let cache = dirs::cache_dir().unwrap_or_else(std::env::temp_dir).join("otherglass");
    for folder in [here, cache] {
        if is_writable(&folder) {
            return Ok(free_name(&folder));
        }
    }
    anyhow::bail!(
        "neither the current folder nor the cache folder can be written; go to a folder of your own and start again"
    )
}

/// `otherglass-demo.mp4`, with a number where that is taken: what is there may be somebody's.
fn free_name(folder: &Path) -> PathBuf {
    let numbered = (2_u32..).map(|number| format!("{FILE_STEM}-{number}.mp4"));
    let mut names = std::iter::once(format!("{FILE_STEM}.mp4")).chain(numbered).map(|name| folder.join(name));
    names.find(|path| path.symlink_metadata().is_err()).unwrap_or_else(|| folder.join(FILE_STEM).with_extension("mp4"))
}

fn is_writable(folder: &Path) -> bool {
    if folder.as_os_str().is_empty() || std::fs::create_dir_all(folder).is_err() {
        return false;
    }
    let probe = folder.join(format!(".otherglass-probe-{}", std::process::id()));
    let written = std::fs::write(&probe, b"").is_ok();
    written && std::fs::remove_file(&probe).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_script_fits_into_the_demo_with_time_to_look() {
        assert!(CONVERSATION.windows(2).all(|pair| pair[1].0 - pair[0].0 >= 2.0));
        assert!(CONVERSATION.last().is_some_and(|(seconds, _)| LENGTH_S - seconds >= 2.0));
    }

    #[test]
    fn every_line_of_the_script_is_understood() {
        let mut conversation = otherglass_generator::scene::Conversation::new();
        for (_, text) in CONVERSATION {
            let answer = crate::answer::ask(&mut conversation, text);
            assert!(answer.understood, "{answer:?}");
        }
        let scene = conversation.scene();
        assert_eq!(scene.items.len(), 2, "{}", scene.summary());
        assert!(scene.items[0].size > 1.0 && scene.items[0].color.as_ref().is_some_and(|color| color.name == "blue"));
        assert!(scene.world.as_ref().is_some_and(|world| world.theme.is_some()));
    }

    #[test]
    fn an_earlier_demo_stays() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["otherglass-demo.mp4", "otherglass-demo-2.mp4", "otherglass-demo-3.mp4"] {
            let free = free_name(folder.path());
            assert_eq!(free, folder.path().join(name));
            std::fs::write(free, b"mine").unwrap();
        }
    }

    #[test]
    fn a_folder_that_cannot_be_made_is_not_writable() {
        let folder = tempfile::tempdir().unwrap();
        assert!(is_writable(&folder.path().join("new")));
        std::fs::write(folder.path().join("file"), b"x").unwrap();
        assert!(!is_writable(&folder.path().join("file").join("below")));
    }
}
