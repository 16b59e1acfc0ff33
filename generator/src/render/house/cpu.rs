//! Both networks, items and composition on the CPU.

use std::collections::BTreeMap;
use std::time::Instant;

use otherglass_vision::Frame;

use super::body::Body;
use super::compose::{Composer, Ingredients};
use super::costume::Tailor;
use super::fields::Field;
use super::matte::Matte;
use super::nets::{self, Grid, PAINT, PAINT_INPUTS, Painter, Sense, map};
use super::planes::{Fit, Rgba, Shrink, inside};
use super::silhouette::Silhouette;
use super::sketch::in_camera;
use super::weights::Asset;
use super::worlds::Shown;
use super::{Hung, Timings, gaussian_noise, hiding};
use crate::render::RenderError;

/// The networks and everything between them and the picture.
pub struct Cpu {
    sense: Sense,
    painter: Painter,
    /// Noise of the painter's target, (3, 192, 256): the same for every frame, so that the picture stands still.
    noise: Vec<f32>,
    sized: Option<ForSize>,
    buffers: Buffers,
    tailor: Tailor,
}

/// What is made anew for another size of camera.
struct ForSize {
    width: u32,
    height: u32,
    fit: Fit,
    /// The model's first and last column and row that hold some of the picture.
    columns: (usize, usize),
    rows: (usize, usize),
    shrink: Shrink,
    composer: Composer,
    /// The world, or none, that the painter's inputs hold besides the noise; nothing before the first frame.
    holds: Option<Option<Shown>>,
}

/// Memory kept from frame to frame.
#[derive(Default)]
struct Buffers {
    inputs: Vec<f32>,
    parts: Grid,
    hiding: Vec<f32>,
    scratch: Vec<f32>,
    sketch_alpha: Vec<f32>,
    front: Rgba,
    behind: Rgba,
    maps: Vec<f32>,
    silhouette: Silhouette,
    matte: Matte,
}

impl Cpu {
    /// `weights`: the file of both networks.
    pub fn new(weights: &Asset, seed: u64) -> Result<Self, RenderError> {
        let (sense, painter) = nets::read(&weights.bytes, &weights.path)?;
        let noise = gaussian_noise(seed, 3 * PAINT.0 * PAINT.1);
        Ok(Self { sense, painter, noise, sized: None, buffers: Buffers::default(), tailor: Tailor::default() })
    }

    /// Forgets what was body before.
    pub fn forget_body(&mut self) {
        self.buffers.silhouette.reset();
        self.tailor.reset();
    }

    fn sized(sized: &mut Option<ForSize>, width: u32, height: u32) -> &mut ForSize {
        let kept = sized.take().filter(|sized| (sized.width, sized.height) == (width, height));
        sized.insert(kept.unwrap_or_else(|| {
            let camera = (width as usize, height as usize);
            let fit = Fit::new(camera, PAINT);
            let columns = inside(camera.0, PAINT.0, fit.scale, fit.left);
            let rows = inside(camera.1, PAINT.1, fit.scale, fit.top);
            let (shrink, composer) = (Shrink::new(camera, PAINT, fit), Composer::new(camera.0, camera.1, fit));
            ForSize { width, height, fit, columns, rows, shrink, composer, holds: None }
        }))
    }

    /// Shrinks the frame into the first planes of the painter's inputs and finds the body in it.
    pub fn look(&mut self, frame: &Frame, timings: &mut Timings) -> Body {
        let sized = Self::sized(&mut self.sized, frame.width, frame.height);
        let Buffers { inputs, parts, .. } = &mut self.buffers;
        let area = PAINT.0 * PAINT.1;
        let started = Instant::now();
        inputs.resize(PAINT_INPUTS * area, 0.0);
        sized.shrink.run(&frame.pixels, &mut inputs[..3 * area]);
        timings.note("shrink", started);
        let started = Instant::now();
        let sensed = self.sense.run(&inputs[..3 * area]);
        timings.note("sense", started);
        parts.clone_from(&sensed.parts);
        Body::from_outputs(&sensed.points, &sensed.pose, PAINT.0 as f32 / PAINT.1 as f32)
    }

    /// Draws the frame that was looked at, RGB bytes.
    pub fn paint(
        &mut self,
        frame: &Frame,
        hung: Hung,
        fields: &BTreeMap<String, Field>,
        timings: &mut Timings,
    ) -> Vec<u8> {
        let sized = Self::sized(&mut self.sized, frame.width, frame.height);
        let Hung { sketcher, dressed, world, shoulders } = hung;
        let Buffers { inputs, parts, hiding, scratch, sketch_alpha, front, behind, maps, silhouette, matte } =
            &mut self.buffers;
        let area = PAINT.0 * PAINT.1;
        let started = Instant::now();
        front.clear(frame.width as usize, frame.height as usize);
        behind.clear(frame.width as usize, frame.height as usize);
        sketcher.draw(fields, sized.fit, front, behind);
        let (sketch_front, sketch_behind) = sketcher.sketch();
        write_sketch(sketch_front, sketch_behind, &mut inputs[3 * area..7 * area], sketch_alpha);
        timings.note("items", started);

        let started = Instant::now();
        let shown = world.map(|(shown, _)| shown);
        if sized.holds != Some(shown) {
            match world {
                Some((_, picture)) => sized.shrink.run(picture, &mut inputs[7 * area..10 * area]),
                None => inputs[7 * area..10 * area].fill(0.0),
            }
            inputs[10 * area..].copy_from_slice(&self.noise);
            sized.holds = Some(shown);
        }
        self.painter.run(inputs, parts, 1.0, maps);
        let visible = &mut maps[map::VISIBLE * area..(map::VISIBLE + 1) * area];
        hiding::cells(parts, dressed, hiding, scratch);
        hiding::limit(visible, hiding, dressed, sketcher.grips(), sketcher.covers());
        timings.note("paint", started);

        let started = Instant::now();
        silhouette.support(&mut maps[map::MATTE * area..(map::MATTE + 1) * area], parts);
        let soft = &mut maps[map::MATTE * area..(map::MATTE + 1) * area];
        matte.fit(soft, &inputs[..3 * area], PAINT, sized.columns, sized.rows);
        let theme = shown.map(|shown| shown.theme);
        let world = world.map(|(_, picture)| picture);
        let person: &[u8] = match (theme, shoulders) {
            (Some(theme), Some(shoulders)) => {
                let camera = (&frame.pixels[..], (frame.width as usize, frame.height as usize));
                let shoulders = in_camera(shoulders, sized.fit);
                self.tailor.put_on(theme, camera, sized.fit, &inputs[..3 * area], parts, &shoulders)
            }
            _ => {
                self.tailor.reset(); // the next world may have another visitor
                &frame.pixels
            }
        };
        let mut out = vec![0; frame.pixels.len()];
        let with = Ingredients { camera: &frame.pixels, person, world, front, behind, sketch_alpha, maps, matte };
        sized.composer.run(&with, &mut out);
        timings.note("compose", started);
        out
    }
}

/// The sketch for the painter: front over behind, as planes of premultiplied red, green, blue and alpha.
fn write_sketch(front: &Rgba, behind: &Rgba, planes: &mut [f32], alpha: &mut Vec<f32>) {
    let area = front.width * front.height;
    alpha.resize(area, 0.0);
    for (y, alpha) in alpha.chunks_exact_mut(front.width).enumerate() {
        let start = y * front.width;
        if !front.may_hold(y) && !behind.may_hold(y) {
            alpha.fill(0.0);
            (0..4).for_each(|k| planes[k * area + start..][..front.width].fill(0.0));
            continue;
        }
        let pixels = front.row(y).chunks_exact(4).zip(behind.row(y).chunks_exact(4));
        for (x, ((over, under), alpha)) in pixels.zip(alpha).enumerate() {
            for k in 0..4 {
                planes[k * area + start + x] = over[k] + under[k] * (1.0 - over[3]);
            }
            *alpha = over[3].max(under[3]);
        }
    }
}
