//! A frame on the device: the camera's bytes and the time go up, the picture comes down, with one wait.
//!
//! What a scene decides (the table of what is worn, the world's picture) goes up when it changes, and is waited for then; everything else that a
//! frame depends on is found on the device.

use std::collections::BTreeMap;
use std::time::Instant;

use otherglass_kernels::{KernelError, Launch, Machine, Span};
use otherglass_vision::Frame;

use super::model::Model;
use super::outfit::Outfit;
use super::sized::ForSize;
use super::wardrobe::Wardrobe;
use super::{Format, PAINT, Shapes};
use crate::render::RenderError;
use crate::render::house::fields::Field;
use crate::render::house::sketch::Worn;
use crate::render::house::weights::Asset;
use crate::render::house::worlds::Shown;
use crate::render::house::{Timings, costume};

/// What is to be drawn into a frame.
pub struct Wanted<'a> {
    pub worn: &'a [Worn],
    pub fields: &'a BTreeMap<String, Field>,
    /// The world that is on, and its picture as RGB bytes of the camera's size.
    pub world: Option<(Shown, &'a [u8])>,
    /// Whether a world dresses its visitors.
    pub costumes: bool,
    /// Time of the frame.
    pub seconds: f64,
}

/// The renderer's work with pixels, on a device.
pub struct Gpu {
    machine: Machine,
    model: Model,
    wardrobe: Wardrobe,
    /// Layers and weights of the fields.
    fields: (Span<f32>, Span<f32>),
    sized: Option<ForSize>,
    /// What is worn on the device, if that is known.
    worn: Option<Vec<Worn>>,
    /// The world that lies on the device, if one does.
    /// The outer `None`: not known, the device holds nothing or a part of it.
    shown: Option<Option<Shown>>,
    /// Whether the body of the frames before is to be forgotten.
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
        Ok(Self { machine, model, wardrobe, fields, sized: None, worn: None, shown: None, forget: false })
    }

    /// Forgets the body of the frames before.
    pub fn forget_body(&mut self) {
        self.forget = true;
    }

    /// Buffers and the graph for that camera.
    fn prepare(&mut self, size: (usize, usize), format: Format) -> Result<(), KernelError> {
        let old = self.sized.take();
        let sized = match old {
            Some(sized) if sized.size == size && sized.format == format => sized,
            old => {
                (self.worn, self.shown) = (None, None);
                let shapes = Shapes::new(size, format, PAINT, &self.wardrobe.catalogue);
                ForSize::new(&self.machine, &self.model, &shapes, self.fields, old)?
            }
        };
        self.sized = Some(sized);
        Ok(())
    }

    /// Draws a camera's bytes: RGBA bytes, until the next frame.
    pub fn draw(
        &mut self,
        bytes: &[u8],
        size: (usize, usize),
        format: Format,
        wanted: &Wanted,
        timings: &mut Timings,
    ) -> Result<&[u8], RenderError> {
        let started = Instant::now();
        self.prepare(size, format)?;
        let Self { machine, wardrobe, sized, worn, shown, forget, .. } = self;
        let Some(sized) = sized else { return Err(RenderError::Model("no camera was prepared for".into())) };
        if bytes.len() != sized.camera_len() {
            let (got, want) = (bytes.len(), sized.camera_len());
            return Err(RenderError::Model(format!("{got} bytes came for a camera of {size:?}, expected {want}")));
        }
        let device = machine.device();
        // What fails half-way is done again.
        if *forget {
            sized.forget_body(device)?;
            *forget = false;
        }
        if worn.as_deref() != Some(wanted.worn) {
            *worn = None;
            sized.wear(device, &Outfit::bytes(wanted.worn, wanted.fields, wardrobe))?;
            *worn = Some(wanted.worn.to_vec());
        }
        let world = wanted.world.map(|(shown, _)| shown);
        if *shown != Some(world) {
            *shown = None;
            let costume = world.filter(|_| wanted.costumes).map(|shown| costume::for_device(shown.theme));
            sized.show(device, wanted.world.map(|(_, picture)| picture), costume.as_ref())?;
            *shown = Some(world);
        }
        timings.note("scene", started);
        let started = Instant::now();
        let drawn = sized.draw(bytes, wanted.seconds)?;
        timings.note("draw", started);
        Ok(drawn)
    }

    /// The launches of both networks and their heads.
    pub fn networks(&self) -> impl Iterator<Item = &Launch> {
        self.model.look.iter().chain(self.model.painter.launches())
    }

    /// The device's part of the last frame once more.
    pub fn work_again(&self) -> Result<(), KernelError> {
        self.sized.iter().try_for_each(ForSize::work_again)
    }

    /// [`Self::draw`] of an RGB frame, as RGB bytes.
    pub fn draw_rgb(&mut self, frame: &Frame, wanted: &Wanted, timings: &mut Timings) -> Result<Vec<u8>, RenderError> {
        let size = (frame.width as usize, frame.height as usize);
        let pixels = self.draw(&frame.pixels, size, Format::Rgb8, wanted, timings)?;
        let mut out = vec![0; frame.pixels.len()];
        for (to, from) in out.as_chunks_mut::<3>().0.iter_mut().zip(pixels.as_chunks::<4>().0) {
            to.copy_from_slice(&from[..3]);
        }
        Ok(out)
    }
}
