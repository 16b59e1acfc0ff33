//! `otherglass bench`: how fast the built-in model draws here, and where the time goes; with `--plan` what a GPU does for
//! a frame.
//!
//! The demo visitor is scaled to the model's own size, then to that of a common camera, before the clock starts; decoding is
//! not part of it. Four scenes are timed, because what is in the scene decides what has to be drawn; then every style
//! alone at the size of the camera, because a style works on all of its pixels.

use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use otherglass_generator::render::house::gpu::plan_table;
use otherglass_generator::render::{Engine, Renderer, RendererOptions, open};
use otherglass_generator::scene::{Conversation, Edit, Scene, Style, StyleName};
use otherglass_vision::{Frame, open_clip};

use crate::assets::Assets;
use crate::cli::BenchArgs;
use crate::interrupt::Interrupt;

/// The model's own size.
const MODEL: (u32, u32) = (256, 192);
/// A common camera's.
const CAMERA: (u32, u32) = (640, 480);
/// Frames drawn before the clock starts.
const WARM_UP: usize = 10;
/// Frames of the clip that are gone round.
const MOST_FRAMES: usize = 120;

const SCENES: &[(&str, &[&str])] = &[
    ("sword", &["give me a sword"]),
    ("ice kingdom", &["take me to an ice kingdom"]),
    (
        "sword, crown, cape, ice kingdom",
        &["give me a sword", "give me a crown", "give me a cape", "take me to an ice kingdom"],
    ),
    (
        "the same with wings",
        &["give me a sword", "give me a crown", "give me a cape", "give me wings", "take me to an ice kingdom"],
    ),
];

/// Times the scenes and prints a table, or prints the plan of a frame. False when it was interrupted.
pub fn bench(arguments: &BenchArgs, assets: &Assets, interrupt: &Interrupt) -> Result<bool> {
    if arguments.plan {
        crate::outln!("{}", plan_table(assets.folder(), arguments.camera, arguments.model_size)?);
        return Ok(true);
    }
    let threads = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let engine = open(Engine::House, &RendererOptions::new(assets.folder()))?.name();
    crate::outln!("engine {engine}, {} frames each, {threads} threads available", arguments.frames);
    for size in [MODEL, CAMERA] {
        crate::outln!("{:<34} {:>9} {:>9} {:>9}", format!("scene, {}x{}", size.0, size.1), "median", "p95", "frames/s");
        let frames = footage(assets, size, MOST_FRAMES)?;
        for (name, says) in SCENES {
            let mut renderer = open(Engine::House, &RendererOptions::new(assets.folder()))?;
            let mut conversation = Conversation::new();
            for said in *says {
                conversation.respond(said);
            }
            renderer.set_scene(conversation.scene());
            let Some(timed) = time(renderer.as_mut(), &frames, arguments.frames as usize, interrupt)? else {
                return Ok(false);
            };
            timed.print(name);
        }
    }
    crate::outln!("styles alone, {}x{}", CAMERA.0, CAMERA.1);
    let frames = footage(assets, CAMERA, MOST_FRAMES)?;
    let mut renderer = open(Engine::House, &RendererOptions::new(assets.folder()))?;
    for style in StyleName::ALL.iter().copied() {
        renderer.set_scene(&styled(style));
        let Some(timed) = time(renderer.as_mut(), &frames, arguments.frames as usize, interrupt)? else {
            return Ok(false);
        };
        timed.print(&style.as_str().replace('_', " "));
    }
    Ok(true)
}

/// Nothing but a style.
fn styled(style: StyleName) -> Scene {
    let mut scene = Scene::default();
    scene.apply(&Edit::SetStyle { style: Style::from_name(style) });
    scene
}

/// The demo visitor at that size, at most so many frames.
fn footage(assets: &Assets, (width, height): (u32, u32), most: usize) -> Result<Vec<Frame>> {
    let clip = assets
        .demo_clip()
        .context("the demo clip is missing; reinstall Otherglass, or point --assets to its folder")?;
    let mut source = open_clip(&clip)?;
    let mut frames = Vec::new();
    while frames.len() < most {
        let Some(frame) = source.next_frame()? else { break };
        frames.push(frame.into_rgb8().crop_to(width, height)?);
    }
    anyhow::ensure!(!frames.is_empty(), "{} holds no picture; reinstall Otherglass", clip.display());
    Ok(frames)
}

/// Times of whole frames, and of their stages summed over all frames.
struct Timed {
    /// Sorted, shortest first.
    frame_times: Vec<Duration>,
    stages: Vec<(&'static str, Duration)>,
}

fn time(renderer: &mut dyn Renderer, frames: &[Frame], count: usize, interrupt: &Interrupt) -> Result<Option<Timed>> {
    let mut frame_times = Vec::with_capacity(count);
    let mut stages: Vec<(&'static str, Duration)> = Vec::new();
    for (index, frame) in frames.iter().cycle().take(WARM_UP + count).enumerate() {
        if interrupt.is_requested() {
            return Ok(None);
        }
        let start = Instant::now();
        renderer.render(frame)?;
        let took = start.elapsed();
        if index < WARM_UP {
            continue;
        }
        frame_times.push(took);
        for timing in renderer.timings() {
            match stages.iter_mut().find(|(stage, _)| *stage == timing.stage) {
                Some((_, sum)) => *sum += timing.time,
                None => stages.push((timing.stage, timing.time)),
            }
        }
    }
    frame_times.sort_unstable();
    Ok(Some(Timed { frame_times, stages }))
}

impl Timed {
    fn print(&self, name: &str) {
        let median = percentile(&self.frame_times, 0.50);
        let p95 = percentile(&self.frame_times, 0.95);
        crate::outln!(
            "{name:<34} {:>6.1} ms {:>6.1} ms {:>9.1}",
            ms(median),
            ms(p95),
            1.0 / median.as_secs_f64().max(1e-9)
        );
        let whole: Duration = self.frame_times.iter().sum();
        let count = self.frame_times.len().max(1) as f64;
        let share = |time: Duration| 100.0 * time.as_secs_f64() / whole.as_secs_f64().max(1e-9);
        for (stage, sum) in &self.stages {
            crate::outln!("    {stage:<30} {:>6.1} ms {:>8.1} %", ms(*sum) / count, share(*sum));
        }
        let rest = whole.saturating_sub(self.stages.iter().map(|(_, sum)| *sum).sum());
        crate::outln!("    {:<30} {:>6.1} ms {:>8.1} %", "the rest", ms(rest) / count, share(rest));
    }
}

pub(super) fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}

/// Of sorted times, the one that `share` of them do not exceed.
pub(super) fn percentile(sorted: &[Duration], share: f64) -> Duration {
    let rank = (share * sorted.len() as f64).ceil() as usize;
    sorted.get(rank.saturating_sub(1)).or(sorted.last()).copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_times_that_were_measured() {
        let times: Vec<Duration> = (1..=100).map(Duration::from_millis).collect();
        assert_eq!(percentile(&times, 0.50), Duration::from_millis(50));
        assert_eq!(percentile(&times, 0.95), Duration::from_millis(95));
        assert_eq!(percentile(&times[..1], 0.95), Duration::from_millis(1));
        assert_eq!(percentile(&[], 0.5), Duration::ZERO);
    }

    #[test]
    fn the_timed_scenes_are_understood() {
        for (_, says) in SCENES {
            let mut conversation = Conversation::new();
            for said in *says {
                assert!(conversation.respond(said).understood, "{said}");
            }
        }
    }
}
