//! A frame on the device: look, let the CPU follow the body and hang the items, paint.
//!
//! Two replays and two waits a frame: what is worn where is decided between them, in some 20 microseconds of CPU time,
//! from 160 bytes of points and the pose. Everything with pixels happens on the device.

use std::collections::BTreeMap;
use std::time::Instant;

use half::f16;
use otherglass_kernels::maps::Limits;
use otherglass_kernels::{KernelError, Launch, Machine, Span};
use otherglass_vision::Frame;

use super::model::Model;
use super::sized::{Sized, block};
use super::wardrobe::{PLACED_BYTES, Wardrobe};
use super::{Format, PAINT, Shapes};
use crate::render::RenderError;
use crate::render::house::body::{Body, POINTS, POSE};
use crate::render::house::fields::Field;
use crate::render::house::hiding::{Circle, Dressed};
use crate::render::house::planes::Fit;
use crate::render::house::sketch::in_camera;
use crate::render::house::weights::Asset;
use crate::render::house::worlds::Shown;
use crate::render::house::{Hung, Timings};

/// The renderer's work with pixels, on a device.
pub struct Gpu {
    machine: Machine,
    model: Model,
    wardrobe: Wardrobe,
    /// Layers and weights of the fields.
    fields: (Span<f32>, Span<f32>),
    sized: Option<Sized>,
    /// The world that lies on the device, if one does.
    shown: Option<Shown>,
    /// Whether what was body before is to be forgotten.
    forget: bool,
}

impl Gpu {
    /// Loads everything that a camera's size has no part in. `weights`: the file of both networks.
    pub fn new(
        machine: Machine,
        weights: &Asset,
        fields: &BTreeMap<String, Field>,
        seed: u64,
    ) -> Result<Self, RenderError> {
        let model = Model::load(machine.device(), weights, seed)?;
        let wardrobe = Wardrobe::new(fields)?;
        let fields = wardrobe.load(machine.device())?;
        Ok(Self { machine, model, wardrobe, fields, sized: None, shown: None, forget: false })
    }

    /// Forgets what was body before.
    pub fn forget_body(&mut self) {
        self.forget = true;
    }

    /// Buffers and graphs for that camera.
    fn prepare(&mut self, size: (usize, usize), format: Format) -> Result<(), KernelError> {
        let old = self.sized.take();
        let sized = match old {
            Some(sized) if sized.size == size && sized.format == format => sized,
            old => {
                self.shown = None;
                let shapes = Shapes::new(size, format, PAINT, &self.wardrobe.catalogue);
                Sized::new(&self.machine, &self.model, &shapes, self.fields, old)?
            }
        };
        self.sized = Some(sized);
        Ok(())
    }

    /// Finds the body in a frame's bytes.
    pub fn look(
        &mut self,
        bytes: &[u8],
        size: (usize, usize),
        format: Format,
        timings: &mut Timings,
    ) -> Result<Body, RenderError> {
        let started = Instant::now();
        self.prepare(size, format)?;
        let Self { sized, .. } = self;
        let Some(sized) = sized else { return Err(RenderError::Model("no camera was prepared for".into())) };
        let camera = sized.look.incoming(0);
        if bytes.len() != camera.len() {
            let (got, want) = (bytes.len(), camera.len());
            return Err(RenderError::Model(format!("{got} bytes came for a camera of {size:?}, expected {want}")));
        }
        camera.copy_from_slice(bytes);
        sized.look.run()?;
        let number = |b: &[u8; 4]| f32::from_le_bytes(*b);
        let points: [f32; POINTS * 4] = {
            let (values, _) = sized.look.outgoing(0).as_chunks::<4>();
            std::array::from_fn(|i| number(&values[i]))
        };
        let half = |b: &[u8; 2]| f16::from_le_bytes(*b).to_f32();
        let pose: [f32; POSE] = {
            let (values, _) = sized.look.outgoing(1).as_chunks::<2>();
            std::array::from_fn(|i| half(&values[i]))
        };
        timings.note("look", started);
        Ok(Body::from_outputs(&points, &pose, PAINT.0 as f32 / PAINT.1 as f32))
    }

    /// Draws the frame that was looked at: RGBA bytes, until the next frame.
    pub fn paint(
        &mut self,
        hung: Hung,
        fields: &BTreeMap<String, Field>,
        timings: &mut Timings,
    ) -> Result<&[u8], RenderError> {
        let started = Instant::now();
        let Self { machine, wardrobe, sized, shown, forget, .. } = self;
        let Some(sized) = sized else { return Err(RenderError::Model("no frame was looked at".into())) };
        // Worlds dress their visitors on the CPU alone, so far.
        let Hung { sketcher, dressed, world, shoulders: _ } = hung;
        if std::mem::take(forget) {
            sized.forget_body(machine.device())?;
        }
        let wanted = world.map(|(shown, _)| shown);
        if *shown != wanted {
            sized.show(machine.device(), world.map(|(_, picture)| picture))?;
            *shown = wanted;
        }
        let fit = Fit::new(sized.size.0, sized.size.1, PAINT.0, PAINT.1);
        let sent = sized.paint.incoming(0);
        let table = |at: usize| at..at + PLACED_BYTES;
        let small = wardrobe.place(sketcher, fields, |frame| frame, PAINT, &mut sent[table(block::MODEL)]);
        let to_camera = |frame| in_camera(frame, fit);
        let large = wardrobe.place(sketcher, fields, to_camera, sized.size, &mut sent[table(block::CAMERA)]);
        sent[block::MODEL_COUNT..][..4].copy_from_slice(&small.to_le_bytes());
        sent[block::CAMERA_COUNT..][..4].copy_from_slice(&large.to_le_bytes());
        let circle = |(centre, radius): Circle| ([centre.x, centre.y], radius);
        let covers = sketcher.covers(fields).map(circle);
        let limits =
            Limits::new(dressed != Dressed::default(), dressed.shoulders, sketcher.grips(fields).map(circle), covers);
        sent[block::LIMITS..].copy_from_slice(limits.bytes());
        timings.note("hang", started);
        let started = Instant::now();
        sized.paint.run()?;
        timings.note("paint", started);
        Ok(sized.paint.outgoing(0))
    }

    /// The launches of both networks and their heads.
    pub fn networks(&self) -> impl Iterator<Item = &Launch> {
        let Model { sense, heads, painter, .. } = &self.model;
        sense.launches().iter().chain(heads).chain(painter.launches())
    }

    /// The device's part of the last frame once more.
    pub fn work_again(&self) -> Result<(), KernelError> {
        self.sized.iter().try_for_each(|sized| sized.look.work().and_then(|()| sized.paint.work()))
    }

    /// [`Self::paint`] as RGB bytes.
    pub fn paint_rgb(
        &mut self,
        frame: &Frame,
        hung: Hung,
        fields: &BTreeMap<String, Field>,
        timings: &mut Timings,
    ) -> Result<Vec<u8>, RenderError> {
        let pixels = self.paint(hung, fields, timings)?;
        let mut out = vec![0; frame.pixels.len()];
        for (to, from) in out.as_chunks_mut::<3>().0.iter_mut().zip(pixels.as_chunks::<4>().0) {
            to.copy_from_slice(&from[..3]);
        }
        Ok(out)
    }
}
