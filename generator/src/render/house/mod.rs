//! `house`, the built-in renderer: our own small conditional diffusion model, on the CPU ([`cpu`]) or a GPU ([`gpu`]).
//!
//! ```text
//! camera frame ─shrink─> 256x192 ─> Sense ─> body points, head pose, body parts
//!                           │          │
//!                           │  item frames ─> fields, asked once, drawn at 256x192 (sketch) and full size
//!                           v          v
//!        noise, world ─> Painter: matte, visibility, light, residual ─> composed at full size ─> style
//! ```
//!
//! Lengths inside are in pixels of the model's picture or of the camera's, as each place says.

mod body;
mod charts;
mod compose;
mod costume;
mod cpu;
mod elementary;
mod fields;
mod frames;
mod geometry;
pub mod gpu;
mod hiding;
mod lattice;
mod matte;
mod nets;
mod planes;
#[cfg(test)]
mod reference_tests;
mod silhouette;
mod sketch;
mod weights;
mod worlds;

use std::collections::BTreeMap;
use std::sync::{Arc, Once};
use std::time::Instant;

use otherglass_kernels::{KernelError, Machine};
use otherglass_vision::{Frame, PixelFormat};
use rayon::{ThreadPool, ThreadPoolBuilder};

pub use weights::{Assets, Manifest, ManifestFile};

use self::body::Tracker;
use self::cpu::Cpu;
use self::fields::Field;
use self::frames::ItemFrame;
use self::geometry::Vec2;
use self::gpu::{Format, Gpu, Wanted};
use self::hiding::Dressed;
use self::nets::PAINT;
use self::planes::Fit;
use self::sketch::{Sketcher, Worn};
use self::weights::Asset;
use self::worlds::{Shown, Worlds};
use super::style::Stylist;
use super::{Engine, RenderError, Renderer, RendererOptions, StageTiming};
use crate::scene::{Abilities, ItemKind, Scene, StyleName, Theme};

/// The smallest picture side that a body could be found in.
const LEAST_SIDE: u32 = 16;

/// Where the renderer may do its work.
#[derive(Clone, Debug)]
pub enum Where {
    /// On the GPU if there is one to work on, else on the CPU.
    Best,
    Cpu,
    /// On the GPU, or not at all.
    Gpu,
    /// On this device, or not at all: for checks.
    On(Machine),
}

/// The built-in renderer.
pub struct House {
    canvas: Canvas,
    /// The file of both networks and the seed, for going on on the CPU when the GPU fails; nothing where that is not
    /// wanted.
    spare: Option<(Asset, u64)>,
    fields: BTreeMap<String, Field>,
    worlds: Worlds,
    pool: Arc<ThreadPool>,
    worn: Vec<Worn>,
    world: Option<Shown>,
    /// Whether worlds dress their visitors.
    costumes: bool,
    tracker: Tracker,
    sketcher: Sketcher,
    stylist: Stylist,
    clock: Clock,
    /// Of the last frame.
    size: (u32, u32),
    timings: Timings,
}

/// Who does the work of a frame.
enum Canvas {
    Cpu(Box<Cpu>),
    Gpu(Box<Gpu>),
}

/// What the CPU is to draw besides the frame it has looked at.
struct Hung<'a> {
    /// What is worn, put on the body.
    sketcher: &'a mut Sketcher,
    dressed: Dressed,
    /// The world that is on, and its picture as RGB bytes of the camera's size.
    world: Option<(Shown, &'a [u8])>,
    /// The frame of the shoulders in the model's pixels, if the visitor is to be dressed for the world.
    shoulders: Option<ItemFrame>,
}

/// Where the time of a frame went.
#[derive(Debug, Default)]
struct Timings(Vec<StageTiming>);

impl Timings {
    fn note(&mut self, stage: &'static str, started: Instant) {
        self.0.push(StageTiming { stage, time: started.elapsed() });
    }
}

/// The time that moving items follow: that of the frames, not of the machine, so that a clip always gives the same picture.
#[derive(Debug, Default)]
struct Clock {
    first: Option<Instant>,
}

impl Clock {
    /// Seconds from the first frame since the last cut to one captured at that moment.
    fn seconds(&mut self, captured_at: Instant) -> f64 {
        let first = *self.first.get_or_insert(captured_at);
        captured_at.saturating_duration_since(first).as_secs_f64()
    }

    fn reset(&mut self) {
        let Self { first } = self;
        *first = None;
    }
}

impl House {
    /// Loads the model from `options.assets`, checking every file against `models.toml`.
    pub fn open(options: &RendererOptions, place: &Where) -> Result<Self, RenderError> {
        let assets = Assets::open(&options.assets)?;
        let threads = match options.threads {
            0 => std::thread::available_parallelism().map_or(1, usize::from),
            threads => threads,
        };
        let pool = ThreadPoolBuilder::new().num_threads(threads).thread_name(|i| format!("house-{i}")).build();
        let pool = pool.map_err(|error| RenderError::Model(format!("no threads could be started: {error}")))?;
        let weights = assets.take("house/weights.safetensors")?;
        let mut pictures = BTreeMap::new();
        for theme in Theme::ALL {
            let of_theme = ["", "-2", "-3"].map(|place| format!("house/worlds/{}{place}.", theme.as_str()));
            let paths = of_theme.iter().filter_map(|name| assets.below(name).next());
            let places = paths
                .map(|path| assets.take(path).map(|asset| (asset.path, asset.bytes)))
                .collect::<Result<Vec<_>, _>>()?;
            if !places.is_empty() {
                pictures.insert(theme.as_str(), places);
            }
        }
        let fields = fields::load(&assets)?;
        let canvas = Canvas::open(place, &weights, &fields, options.seed)?;
        let may_fall_back = matches!(place, Where::Best) && matches!(canvas, Canvas::Gpu(_));
        Ok(Self {
            canvas,
            spare: may_fall_back.then_some((weights, options.seed)),
            fields,
            worlds: Worlds::new(pictures, options.seed),
            pool: Arc::new(pool),
            worn: Vec::new(),
            world: None,
            costumes: options.costumes,
            tracker: Tracker::default(),
            sketcher: Sketcher::default(),
            stylist: Stylist::new(options.seed),
            clock: Clock::default(),
            size: (0, 0),
            timings: Timings::default(),
        })
    }

    fn forget_body(&mut self) {
        self.tracker.reset();
        self.sketcher.reset();
        self.canvas.forget_body();
    }

    fn prepare(&mut self, frame: &Frame) -> Result<(), RenderError> {
        if frame.format != PixelFormat::Rgb8 {
            return Err(RenderError::Format { got: frame.format });
        }
        self.prepare_size(frame.width, frame.height)
    }

    /// Another size of picture is another camera.
    fn prepare_size(&mut self, width: u32, height: u32) -> Result<(), RenderError> {
        if width < LEAST_SIDE || height < LEAST_SIDE {
            return Err(RenderError::TooSmall { width, height, least: LEAST_SIDE });
        }
        if self.size != (width, height) {
            self.size = (width, height);
            self.forget_body();
        }
        Ok(())
    }

    /// Draws a frame; on the CPU from now on if the GPU fails and nobody insisted on it.
    fn draw(&mut self, frame: &Frame) -> Result<Vec<u8>, RenderError> {
        let error = match self.try_to_draw(frame) {
            Err(RenderError::Device(error)) => error,
            done => return done,
        };
        let Some((weights, seed)) = self.spare.take() else { return Err(RenderError::Device(error)) };
        told_of_fallback(&error);
        self.canvas = Canvas::Cpu(Box::new(Cpu::new(&weights, seed)?));
        self.timings.0.clear();
        self.try_to_draw(frame)
    }

    fn try_to_draw(&mut self, frame: &Frame) -> Result<Vec<u8>, RenderError> {
        let Self { canvas, fields, worlds, worn, world, timings, .. } = self;
        let seconds = self.clock.seconds(frame.captured_at);
        let world = shown(worlds, *world, (frame.width, frame.height))?;
        let costumes = self.costumes;
        let cpu = match canvas {
            Canvas::Gpu(gpu) => {
                return gpu.draw_rgb(frame, &Wanted { worn, fields, world, costumes, seconds }, timings);
            }
            Canvas::Cpu(cpu) => cpu,
        };
        let body = self.tracker.follow(&cpu.look(frame, timings));
        let in_model = body.scaled(PAINT.0 as f32);
        let fit = Fit::new((frame.width as usize, frame.height as usize), PAINT);
        let corner = Vec2::new(fit.left, fit.top);
        let far = Vec2::new(frame.width as f32, frame.height as f32) * fit.scale;
        self.sketcher.place(worn, (&body, &in_model), (corner, corner + far), seconds, fields);
        let dressed = Worn::dressed(worn, fields);
        let shoulders = costumes.then(|| frames::shoulders(&in_model));
        let hung = Hung { sketcher: &mut self.sketcher, dressed, world, shoulders };
        Ok(cpu.paint(frame, hung, fields, timings))
    }

    /// Draws a camera's bytes of that size: RGBA bytes, until the next frame. On a device alone; styles are not painted.
    /// Once the scene has been drawn, nothing is allocated.
    pub fn render_bytes(
        &mut self,
        bytes: &[u8],
        size: (u32, u32),
        format: Format,
        captured_at: Instant,
    ) -> Result<&[u8], RenderError> {
        self.timings.0.clear();
        self.prepare_size(size.0, size.1)?;
        let Self { canvas, fields, worlds, worn, world, timings, .. } = self;
        let Canvas::Gpu(gpu) = canvas else {
            return Err(RenderError::Model("camera formats are drawn on a device alone".into()));
        };
        let seconds = self.clock.seconds(captured_at);
        let world = shown(worlds, *world, size)?;
        let wanted = Wanted { worn, fields, world, costumes: self.costumes, seconds };
        gpu.draw(bytes, (size.0 as usize, size.1 as usize), format, &wanted, timings)
    }

    /// The device's part of the last frame once more, without copies and without waiting: for timing it.
    pub fn work_again(&self) -> Result<(), RenderError> {
        match &self.canvas {
            Canvas::Gpu(gpu) => Ok(gpu.work_again()?),
            Canvas::Cpu(_) => Err(RenderError::Model("there is no device".into())),
        }
    }
}

impl Canvas {
    fn open(place: &Where, weights: &Asset, fields: &BTreeMap<String, Field>, seed: u64) -> Result<Self, RenderError> {
        let cpu = || Ok(Self::Cpu(Box::new(Cpu::new(weights, seed)?)));
        let gpu =
            |machine: Result<Machine, KernelError>| Ok(Self::Gpu(Box::new(Gpu::new(machine?, weights, fields, seed)?)));
        match place {
            Where::Cpu => cpu(),
            Where::Gpu => gpu(Machine::gpu()),
            Where::On(machine) => gpu(Ok(machine.clone())),
            Where::Best => match gpu(Machine::gpu()) {
                Err(RenderError::Device(error)) => {
                    told_of_fallback(&error);
                    cpu()
                }
                opened => opened,
            },
        }
    }

    fn forget_body(&mut self) {
        match self {
            Self::Cpu(cpu) => cpu.forget_body(),
            Self::Gpu(gpu) => gpu.forget_body(),
        }
    }
}

/// A world and its picture for a camera of that size.
fn shown(
    worlds: &mut Worlds,
    world: Option<Shown>,
    (width, height): (u32, u32),
) -> Result<Option<(Shown, &[u8])>, RenderError> {
    world.map(|shown| Ok((shown, worlds.picture(shown, width, height)?))).transpose()
}

/// Says why the CPU draws, once in the life of the program.
fn told_of_fallback(error: &KernelError) {
    static TOLD: Once = Once::new();
    TOLD.call_once(|| tracing::info!(target: "otherglass::engine", "house draws on the CPU: {error}"));
}

impl Renderer for House {
    fn name(&self) -> &'static str {
        match self.canvas {
            Canvas::Cpu(_) => Engine::HouseCpu.as_str(),
            Canvas::Gpu(_) => Engine::HouseCuda.as_str(),
        }
    }

    fn set_scene(&mut self, scene: &Scene) {
        self.worn = Worn::of_scene(scene, &self.fields);
        let known = |world: &crate::scene::World| Some(Shown { theme: world.theme?, layout: world.layout });
        self.world = scene.world.as_ref().and_then(known).filter(|shown| self.worlds.has(shown.theme));
        self.stylist.set(scene.style.as_ref().and_then(|style| style.name));
    }

    fn render(&mut self, frame: &Frame) -> Result<Frame, RenderError> {
        self.timings.0.clear();
        self.prepare(frame)?;
        let drawn = !self.worn.is_empty() || self.world.is_some();
        if !drawn {
            // The body may be elsewhere when it is looked for again.
            self.forget_body();
        }
        if !drawn && !self.stylist.is_on() {
            return Ok(frame.clone());
        }
        let pool = Arc::clone(&self.pool);
        let pixels = pool.install(|| {
            let mut pixels = if drawn { self.draw(frame)? } else { frame.pixels.clone() };
            if self.stylist.is_on() {
                let started = Instant::now();
                self.stylist.paint(&mut pixels, frame.width as usize, frame.height as usize);
                self.timings.note("style", started);
            }
            Ok::<_, RenderError>(pixels)
        })?;
        Ok(Frame { pixels, ..*frame })
    }

    fn reset(&mut self) {
        self.forget_body();
        self.stylist.reset();
        self.clock.reset();
    }

    fn timings(&self) -> &[StageTiming] {
        &self.timings.0
    }

    fn abilities(&self) -> Abilities {
        Abilities {
            engine: "house",
            kinds: self.fields.keys().map(|name| ItemKind::from_name(name)).collect(),
            themes: Theme::ALL.iter().copied().filter(|theme| self.worlds.has(*theme)).collect(),
            styles: StyleName::ALL.iter().copied().collect(),
            most_company: sketch::MOST_COMPANY,
        }
    }
}

/// Standard normal numbers from a seed: SplitMix64 (Steele, Lea, Flood, 2014) through the Box-Muller transform.
fn gaussian_noise(seed: u64, count: usize) -> Vec<f32> {
    let mut state = seed;
    let mut uniform = move || {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) >> 40) as f32 / (1_u64 << 24) as f32
    };
    let mut out = Vec::with_capacity(count + 1);
    while out.len() < count {
        let radius = (-2.0 * (1.0 - uniform()).ln()).sqrt();
        let (sin, cos) = (std::f32::consts::TAU * uniform()).sin_cos();
        out.extend([radius * cos, radius * sin]);
    }
    out.truncate(count);
    out
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn time_is_that_of_the_frames_and_begins_anew_after_a_cut() {
        let (mut clock, start) = (Clock::default(), Instant::now() + Duration::from_secs(5));
        assert_eq!(clock.seconds(start), 0.0);
        assert_eq!(clock.seconds(start + Duration::from_millis(1500)), 1.5);
        assert_eq!(clock.seconds(start.checked_sub(Duration::from_secs(1)).unwrap_or(start)), 0.0, "never backwards");
        clock.reset();
        assert_eq!(clock.seconds(start + Duration::from_secs(9)), 0.0);
    }

    #[test]
    fn noise_is_standard_normal_and_depends_on_the_seed() {
        let noise = gaussian_noise(7, 100_000);
        let mean = noise.iter().sum::<f32>() / noise.len() as f32;
        let variance = noise.iter().map(|v| v * v).sum::<f32>() / noise.len() as f32;
        assert!(mean.abs() < 0.02 && (variance - 1.0).abs() < 0.02, "{mean} {variance}");
        assert!(noise == gaussian_noise(7, 100_000) && noise != gaussian_noise(8, 100_000));
    }
}
