//! `house`, the built-in renderer: our own small conditional diffusion model, on the CPU.
//!
//! ```text
//! camera frame ─shrink─> 256x192 ─halve─> Sense ─> body points, head pose, body parts
//!                           │                │
//!                           │        item frames ─> fields drawn twice: at 256x192 (sketch) and at full size
//!                           v                v
//!        noise, world ─> Painter: matte, visibility, light, residual ─> composed at full size ─> style
//! ```
//!
//! Lengths inside are in pixels of the model's picture or of the camera's, as each place says.

mod body;
mod charts;
mod compose;
mod dress;
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
use std::sync::Arc;
use std::time::Instant;

use otherglass_vision::{Frame, PixelFormat};
use rayon::{ThreadPool, ThreadPoolBuilder};

pub use weights::{Assets, Manifest, ManifestFile};

use self::body::{Body, Tracker};
use self::compose::{Composer, Ingredients};
use self::dress::Dress;
use self::fields::Field;
use self::geometry::Vec2;
use self::matte::Matte;
use self::nets::{PAINT, PAINT_INPUTS, Painter, SENSE, Sense, map};
use self::planes::{Fit, Rgba, Shrink};
use self::silhouette::Silhouette;
use self::sketch::{Sketcher, Worn};
use self::worlds::{Shown, Worlds};
use super::style::Stylist;
use super::{RenderError, Renderer, RendererOptions, StageTiming};
use crate::scene::{ItemKind, Scene, StyleName, Theme};

/// The smallest picture side that a body could be found in.
const LEAST_SIDE: u32 = 16;

/// The built-in renderer.
pub struct House {
    sense: Sense,
    painter: Painter,
    fields: BTreeMap<String, Field>,
    worlds: Worlds,
    pool: Arc<ThreadPool>,
    worn: Vec<Worn>,
    world: Option<Shown>,
    tracker: Tracker,
    sketcher: Sketcher,
    stylist: Stylist,
    clock: Clock,
    /// Noise of the painter's target, (3, 192, 256): the same for every frame, so that the picture stands still.
    noise: Vec<f32>,
    sized: Option<Sized>,
    buffers: Buffers,
    timings: Vec<StageTiming>,
}

/// What depends on the camera's size alone.
struct Sized {
    width: u32,
    height: u32,
    fit: Fit,
    shrink: Shrink,
    composer: Composer,
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

/// Memory kept from frame to frame.
#[derive(Default)]
struct Buffers {
    inputs: Vec<f32>,
    small: Vec<f32>,
    sketch_alpha: Vec<f32>,
    front: Rgba,
    behind: Rgba,
    maps: Vec<f32>,
    silhouette: Silhouette,
    matte: Matte,
    dress: Dress,
}

impl House {
    /// Loads the model from `options.assets`, checking every file against `models.toml`.
    pub fn open(options: &RendererOptions) -> Result<Self, RenderError> {
        let assets = Assets::open(&options.assets)?;
        let threads = match options.threads {
            0 => std::thread::available_parallelism().map_or(1, usize::from),
            threads => threads,
        };
        let pool = ThreadPoolBuilder::new().num_threads(threads).thread_name(|i| format!("house-{i}")).build();
        let pool = pool.map_err(|error| RenderError::Model(format!("no threads could be started: {error}")))?;
        let weights = assets.take("house/weights.safetensors")?;
        let (sense, painter) = nets::read(&weights.bytes, &weights.path)?;
        let (table, numbers) = (assets.take("house/items.json")?, assets.take("house/items.safetensors")?);
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
        Ok(Self {
            sense,
            painter,
            fields: fields::read(&table.bytes, &table.path, &numbers.bytes, &numbers.path)?,
            worlds: Worlds::new(pictures, options.seed),
            pool: Arc::new(pool),
            worn: Vec::new(),
            world: None,
            tracker: Tracker::default(),
            sketcher: Sketcher::default(),
            stylist: Stylist::new(options.seed),
            clock: Clock::default(),
            noise: gaussian_noise(options.seed, 3 * PAINT.0 * PAINT.1),
            sized: None,
            buffers: Buffers::default(),
            timings: Vec::new(),
        })
    }

    /// The body in one frame, without any memory of earlier ones: for tests and diagnostics.
    pub fn sense_once(&mut self, frame: &Frame) -> Result<Body, RenderError> {
        self.prepare(frame)?;
        let pool = Arc::clone(&self.pool);
        pool.install(|| self.look(frame)).map(|(body, _)| body)
    }

    fn forget_body(&mut self) {
        self.tracker.reset();
        self.sketcher.reset();
        self.buffers.silhouette.reset();
        self.buffers.dress.reset();
    }

    fn prepare(&mut self, frame: &Frame) -> Result<(), RenderError> {
        if frame.format != PixelFormat::Rgb8 {
            return Err(RenderError::Format { got: frame.format });
        }
        let (width, height) = (frame.width, frame.height);
        if width < LEAST_SIDE || height < LEAST_SIDE {
            return Err(RenderError::TooSmall { width, height, least: LEAST_SIDE });
        }
        if self.sized.as_ref().is_none_or(|s| (s.width, s.height) != (width, height)) {
            let camera = (width as usize, height as usize);
            let fit = Fit::new(camera.0, camera.1, PAINT.0, PAINT.1);
            self.sized = Some(Sized {
                width,
                height,
                fit,
                shrink: Shrink::new(camera, PAINT, fit),
                composer: Composer::new(camera.0, camera.1, fit),
            });
            self.forget_body();
        }
        Ok(())
    }

    /// Shrinks the frame into the first planes of the painter's inputs and finds the body in it (model pixels).
    fn look(&mut self, frame: &Frame) -> Result<(Body, nets::Sensed), RenderError> {
        let Some(sized) = &self.sized else { return Err(RenderError::Model("no frame was prepared".into())) };
        let area = PAINT.0 * PAINT.1;
        let started = Instant::now();
        self.buffers.inputs.resize(PAINT_INPUTS * area, 0.0);
        self.buffers.small.resize(3 * SENSE.0 * SENSE.1, 0.0);
        sized.shrink.run(&frame.pixels, &mut self.buffers.inputs[..3 * area]);
        planes::halve(&self.buffers.inputs[..3 * area], 3, PAINT.0, PAINT.1, &mut self.buffers.small);
        note(&mut self.timings, "shrink", started);
        let started = Instant::now();
        let sensed = self.sense.run(&self.buffers.small);
        note(&mut self.timings, "sense", started);
        Ok((Body::from_outputs(&sensed.points, &sensed.pose, PAINT.0 as f32 / PAINT.1 as f32), sensed))
    }

    fn draw(&mut self, frame: &Frame) -> Result<Vec<u8>, RenderError> {
        let (seen, sensed) = self.look(frame)?;
        let body = self.tracker.follow(&seen);
        let seconds = self.clock.seconds(frame.captured_at);
        let Some(sized) = &mut self.sized else { return Err(RenderError::Model("no frame was prepared".into())) };
        let area = PAINT.0 * PAINT.1;
        let Buffers { inputs, sketch_alpha, front, behind, maps, silhouette, matte, dress, .. } = &mut self.buffers;

        let started = Instant::now();
        let in_model = body.scaled(PAINT.0 as f32);
        let corner = Vec2::new(sized.fit.left, sized.fit.top);
        let far = Vec2::new(frame.width as f32, frame.height as f32) * sized.fit.scale;
        self.sketcher.place(&self.worn, (&body, &in_model), (corner, corner + far), seconds, &self.fields);
        let (sketch_front, sketch_behind) = self.sketcher.sketch(&self.fields);
        write_sketch(sketch_front, sketch_behind, &mut inputs[3 * area..7 * area], sketch_alpha);
        front.clear(frame.width as usize, frame.height as usize);
        behind.clear(frame.width as usize, frame.height as usize);
        self.sketcher.draw(&self.fields, sized.fit, front, behind);
        note(&mut self.timings, "items", started);

        let started = Instant::now();
        let world = match self.world {
            Some(shown) => {
                let picture = self.worlds.picture(shown, frame.width, frame.height)?;
                sized.shrink.run(picture, &mut inputs[7 * area..10 * area]);
                Some(picture)
            }
            None => {
                inputs[7 * area..10 * area].fill(0.0);
                None
            }
        };
        inputs[10 * area..].copy_from_slice(&self.noise);
        self.painter.run(inputs, &sensed.parts, 1.0, maps);
        let visible = &mut maps[map::VISIBLE * area..(map::VISIBLE + 1) * area];
        let (grips, covers) = (self.sketcher.grips(&self.fields), self.sketcher.covers(&self.fields));
        hiding::limit(visible, &sensed.parts, Worn::dressed(&self.worn, &self.fields), grips, covers);
        note(&mut self.timings, "paint", started);

        let started = Instant::now();
        silhouette.support(&mut maps[map::MATTE * area..(map::MATTE + 1) * area], &sensed.parts);
        matte.fit(&maps[map::MATTE * area..(map::MATTE + 1) * area], &inputs[..3 * area], PAINT.0, PAINT.1);
        let person: &[u8] = match self.world {
            Some(shown) => {
                let shoulders = frames::shoulders(&body.scaled(PAINT.0 as f32)).seen_by(sized.fit);
                let size = (frame.width as usize, frame.height as usize);
                dress.put_on(
                    shown.theme,
                    (&frame.pixels, size),
                    sized.fit,
                    &inputs[..3 * area],
                    &sensed.parts,
                    &shoulders,
                )
            }
            None => &frame.pixels,
        };
        let mut out = vec![0; frame.pixels.len()];
        let with = Ingredients { camera: &frame.pixels, person, world, front, behind, sketch_alpha, maps, matte };
        sized.composer.run(&with, &mut out);
        note(&mut self.timings, "compose", started);
        Ok(out)
    }
}

impl Renderer for House {
    fn name(&self) -> &'static str {
        "house"
    }

    fn set_scene(&mut self, scene: &Scene) {
        self.worn = Worn::of_scene(scene, &self.fields);
        let known = |world: &crate::scene::World| Some(Shown { theme: world.theme?, layout: world.layout });
        self.world = scene.world.as_ref().and_then(known).filter(|shown| self.worlds.has(shown.theme));
        self.stylist.set(scene.style.as_ref().and_then(|style| style.name));
    }

    fn render(&mut self, frame: &Frame) -> Result<Frame, RenderError> {
        self.timings.clear();
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
                note(&mut self.timings, "style", started);
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
        &self.timings
    }

    fn can_draw(&self, kind: &ItemKind) -> bool {
        self.fields.contains_key(kind.as_str())
    }

    fn can_show_world(&self, theme: Theme) -> bool {
        self.worlds.has(theme)
    }

    fn can_show_style(&self, style: StyleName) -> bool {
        StyleName::ALL.contains(&style)
    }
}

fn note(timings: &mut Vec<StageTiming>, stage: &'static str, started: Instant) {
    timings.push(StageTiming { stage, time: started.elapsed() });
}

/// The sketch for the painter: front over behind, as planes of premultiplied red, green, blue and alpha.
fn write_sketch(front: &Rgba, behind: &Rgba, planes: &mut [f32], alpha: &mut Vec<f32>) {
    let area = front.width * front.height;
    alpha.clear();
    for (i, (over, under)) in front.data.chunks_exact(4).zip(behind.data.chunks_exact(4)).enumerate() {
        for k in 0..4 {
            planes[k * area + i] = over[k] + under[k] * (1.0 - over[3]);
        }
        alpha.push(over[3].max(under[3]));
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
