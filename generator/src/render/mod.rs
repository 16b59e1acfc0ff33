//! Renderers: one camera frame and the scene in, one frame of the same size out.
//!
//! The engines meet here, at one frame; what is inside them differs. Frames come in camera orientation
//! (unmirrored) as RGB and leave the same way: `app` mirrors what it shows. A renderer owns no thread.
//!
//! ```text
//! Scene ──set_scene──┐
//! Frame ──render──> engine ──> Frame (same size, seq and captured_at)
//! ```

pub mod house;
mod passthrough;
mod style;

use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;

use otherglass_vision::Frame;

pub use passthrough::Passthrough;

use crate::scene::{Abilities, Scene};

/// Draws the mirror's picture.
pub trait Renderer: Send {
    /// What the engine is called on the command line.
    fn name(&self) -> &'static str;

    /// The scene that every following frame shows. Cheap; nothing is rebuilt.
    fn set_scene(&mut self, scene: &Scene);

    /// Draws one frame: RGB in, RGB of the same size out, with the `seq` and `captured_at` of the input.
    fn render(&mut self, frame: &Frame) -> Result<Frame, RenderError>;

    /// Forgets everything carried from frame to frame, as after a cut in the footage.
    fn reset(&mut self);

    /// Where the time of the last frame went, in the order of the work. Empty before the first frame.
    fn timings(&self) -> &[StageTiming];

    /// Items, worlds and styles that this engine can show.
    fn abilities(&self) -> Abilities;
}

/// How long one stage of the last frame took.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct StageTiming {
    pub stage: &'static str,
    pub time: Duration,
}

/// The engines that exist, by the name people type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Engine {
    /// The built-in model, on the GPU if there is one to work on, else on the CPU.
    House,
    /// The built-in model on the GPU, or an error.
    HouseCuda,
    HouseCpu,
    Passthrough,
}

impl Engine {
    pub const ALL: [Engine; 4] = [Engine::House, Engine::HouseCuda, Engine::HouseCpu, Engine::Passthrough];

    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::House => "house",
            Self::HouseCuda => "house@cuda",
            Self::HouseCpu => "house@cpu",
            Self::Passthrough => "passthrough",
        }
    }

    /// Whether it is the built-in model, wherever it runs.
    #[must_use]
    pub fn is_house(self) -> bool {
        matches!(self, Self::House | Self::HouseCuda | Self::HouseCpu)
    }
}

impl std::fmt::Display for Engine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Engine {
    type Err = RenderError;

    fn from_str(name: &str) -> Result<Self, RenderError> {
        Self::ALL
            .into_iter()
            .find(|engine| engine.as_str() == name)
            .ok_or_else(|| RenderError::UnknownEngine { name: name.to_owned() })
    }
}

/// What a renderer needs to know before its first frame.
#[derive(Clone, Debug)]
pub struct RendererOptions {
    /// The folder that holds `house/` with weights and pictures.
    pub assets: PathBuf,
    /// Seed of the noise that drawing starts from: the same seed and input give the same picture.
    pub seed: u64,
    /// Threads a renderer may use for one frame; 0 is one for each core.
    pub threads: usize,
    /// Whether worlds dress their visitors.
    pub costumes: bool,
}

impl RendererOptions {
    #[must_use]
    pub fn new(assets: impl Into<PathBuf>) -> Self {
        Self { assets: assets.into(), seed: 0, threads: 0, costumes: true }
    }
}

/// Loads an engine. Checks weights against their checksum before use.
pub fn open(engine: Engine, options: &RendererOptions) -> Result<Box<dyn Renderer>, RenderError> {
    Ok(match engine {
        Engine::Passthrough => Box::new(Passthrough::new()),
        Engine::House => Box::new(house::House::open(options, &house::Where::Best)?),
        Engine::HouseCuda => Box::new(house::House::open(options, &house::Where::Gpu)?),
        Engine::HouseCpu => Box::new(house::House::open(options, &house::Where::Cpu)?),
    })
}

#[derive(Debug, thiserror::Error)]
pub enum RenderError {
    #[error("there is no engine called \"{name}\"; there are: house, house@cuda, house@cpu, passthrough")]
    UnknownEngine { name: String },
    #[error(
        "{path} cannot be read ({source}); the built-in model is incomplete: reinstall Otherglass, or point --assets to its assets folder"
    )]
    AssetUnreadable { path: PathBuf, source: std::io::Error },
    #[error(
        "{path} is damaged: its sha256 is {got}, models.toml says {expected}; reinstall Otherglass or restore that file"
    )]
    AssetDamaged { path: PathBuf, expected: String, got: String },
    #[error("{path} does not fit this version of Otherglass: {what}; reinstall it")]
    AssetUnfit { path: PathBuf, what: String },
    #[error("the renderer takes RGB frames, got {got:?}; convert the frame first")]
    Format { got: otherglass_vision::PixelFormat },
    #[error(
        "a {width}x{height} frame is too small to draw on; frames of {least}x{least} pixels and up can be drawn on"
    )]
    TooSmall { width: u32, height: u32, least: u32 },
    #[error("the engine house@cuda does not work here: {0} (--engine house@cpu, or house, which takes what there is)")]
    Device(#[from] otherglass_kernels::KernelError),
    #[error("the model failed while it drew a frame: {0}")]
    Model(String),
}

impl RenderError {
    fn unfit(path: &Path, what: impl std::fmt::Display) -> Self {
        Self::AssetUnfit { path: path.to_owned(), what: what.to_string() }
    }
}
