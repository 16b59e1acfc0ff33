//! What is worn put onto the body: the table that [`crate::fields`] draws from, at the model's size and at the camera's.
//!
//! ```text
//! frame: the item point (x, y, z) lands at o + x ex + y ey + z ez; lengths in head widths w unless said otherwise
//! head       o = head, forward turned back to 0.44 rad aside, 0.21 down, 0.49 up; axes right, up, forward, w long
//! shoulders  o = neck, along the line (x, y) of the shoulders, unit = clamp(its length / cos yaw, 0.8 .. 1.3 of 2.3 w);
//!            up along (y, -length of (x, unit sin yaw)): as they lean in space
//! hand       o = hand, ex = 3.2 w of the unit vector of 0.6 forearm / max(2.1 w, its length) + (-+0.35, -1)
//! arm        o = hand, ex = w of the unit vector of (0.4 forearm.x / max(2.1 w, its length), -1)
//! beside     o = head + what fits beside the face (0.65), drifting in 7 s; ex upwards, as large as fits, 0.45 at least
//! sized: every axis by the size, the point `about` staying where it is; not beside, where the size is what must fit
//! opacity    clamp((present - 0.2) / 0.2, 0, 1) of head or neck; of a hand by its presence, and at the lower border of
//!            the camera's picture by how near it is; beside times what the crossing shows
//! inverse    of the two axes of a flat thing, else the pseudo-inverse A^T (A A^T)^-1 of the frame's 2x3 matrix A
//! view, right, up   its null vector, and the axes across it that have no roll
//! columns, rows     around the corners of the bounds `low`, `high`; none where nothing is seen
//! params     sin or cos of turns seconds; wings: sine and cosine of swing + swing_by param, and of lift
//! circles    o and a multiple of ex's length, in pixels of the model: grips and covers of [`Limits`]
//! ```
//!
//! The formulas of the CPU renderer (`frames.rs`, `Sketcher::place`, `PlacedChart`), which the whole is compared with there.
//! Which rows there are depends on the scene alone, so what is not seen is a row out of reach.

mod cases;
mod row;
mod twin;

use bytemuck::{Pod, Zeroable};

pub use self::row::{Attachment, Scene, WornLayer};

use crate::device::{Facts, Grid, Launch, Span};
use crate::error::{KernelError, require};
use crate::fields::FieldPlaced;
use crate::fit::Fit;
use crate::kernel::{Expected, Kernel, Operand, Rows, Work};
use crate::maps::Limits;
use crate::track::BODY_LEN;
use crate::values::Element;

const THREADS: usize = 64;
/// f32 values of a placed layer.
const PLACED_LEN: usize = size_of::<FieldPlaced>() / 4;

/// A scene's layers on a body.
#[derive(Clone, Debug, PartialEq)]
pub struct PlaceWorn {
    pub camera: (usize, usize),
    pub model: (usize, usize),
    /// The most layers.
    pub most: usize,
    /// For checks: how many there are.
    worn: usize,
}

#[derive(Clone, Copy, Debug)]
pub struct PlaceBuffers {
    /// As [`crate::track`] leaves it.
    pub body: Span<f32>,
    /// (2): seconds, see [`crate::track::time`].
    pub time: Span<f32>,
    /// [`Scene`]
    pub scene: Span<f32>,
    /// [`WornLayer`], one after the other.
    pub worn: Span<f32>,
    /// [`FieldPlaced`], one after the other, in pixels of the model and of the camera.
    pub small: Span<f32>,
    pub large: Span<f32>,
    /// [`Limits`]
    pub limits: Span<f32>,
}

#[derive(Clone, Copy, Pod, Zeroable)]
#[repr(C)]
struct Params {
    body: u64,
    time: u64,
    scene: u64,
    worn: u64,
    small: u64,
    large: u64,
    limits: u64,
    model_width: i32,
    model_height: i32,
    camera_width: i32,
    camera_height: i32,
    most: i32,
    scale: f32,
    left: f32,
    top: f32,
}
const _: () = assert!(size_of::<Params>() == 88);

impl PlaceWorn {
    /// At most `most` layers.
    #[must_use]
    pub fn new(camera: (usize, usize), model: (usize, usize), most: usize) -> Self {
        Self { camera, model, most, worn: 0 }
    }
}

impl Kernel for PlaceWorn {
    type Buffers = PlaceBuffers;
    const NAME: &'static str = "place";
    const FUNCTIONS: &'static [&'static str] = &["place_worn"];

    fn describe(&self) -> String {
        let ((width, height), (small, low)) = (self.camera, self.model);
        format!("{} layers of {}, {small}x{low} and {width}x{height}", self.worn, self.most)
    }

    fn launches(&self, buffers: &PlaceBuffers, _: &Facts) -> Result<Vec<Launch>, KernelError> {
        for size in [self.camera.0, self.camera.1, self.model.0, self.model.1] {
            require((1..=16384).contains(&size), Self::NAME, "size", "1 to 16384", size)?;
        }
        require(self.most > 0 && self.most < 1 << 16, Self::NAME, "most", "1 to 65535", self.most)?;
        let Fit { scale, left, top } = Fit::new(self.camera, self.model);
        let params = Params {
            body: buffers.body.demand(Self::NAME, "body", BODY_LEN)?,
            time: buffers.time.demand(Self::NAME, "time", 2)?,
            scene: buffers.scene.demand(Self::NAME, "scene", Scene::LEN)?,
            worn: buffers.worn.demand(Self::NAME, "worn", self.most * WornLayer::LEN)?,
            small: buffers.small.demand(Self::NAME, "small", self.most * PLACED_LEN)?,
            large: buffers.large.demand(Self::NAME, "large", self.most * PLACED_LEN)?,
            limits: buffers.limits.demand(Self::NAME, "limits", Limits::LEN)?,
            model_width: self.model.0 as i32,
            model_height: self.model.1 as i32,
            camera_width: self.camera.0 as i32,
            camera_height: self.camera.1 as i32,
            most: self.most as i32,
            scale,
            left,
            top,
        };
        let blocks = [(2 * self.most).div_ceil(THREADS), 1, 1];
        let grid = Grid { blocks, threads: THREADS as u32, shared_bytes: 0 };
        let devices = [
            buffers.body.device(),
            buffers.time.device(),
            buffers.scene.device(),
            buffers.worn.device(),
            buffers.small.device(),
            buffers.large.device(),
            buffers.limits.device(),
        ];
        Ok(vec![Launch::new::<Self, _>("place_worn", grid, &params, &devices)?])
    }

    fn operands(&self) -> Vec<Operand> {
        let case = cases::Case::new(self);
        let exact = |name, bytes: &[u8]| Operand::exact(name, Element::F32, bytes.to_vec());
        vec![
            exact("body", bytemuck::cast_slice(&case.body)),
            exact("time", bytemuck::cast_slice(&case.time)),
            exact("scene", bytemuck::bytes_of(&case.scene)),
            exact("worn", bytemuck::cast_slice(&case.worn)),
            Operand::output("small", Element::F32, self.most * PLACED_LEN),
            Operand::output("large", Element::F32, self.most * PLACED_LEN),
            Operand::output("limits", Element::F32, Limits::LEN),
        ]
    }

    fn buffers(&self, spans: &[Span<u8>]) -> Result<PlaceBuffers, KernelError> {
        let [body, time, scene, worn, small, large, limits] = spans else {
            return Err(KernelError::shape(Self::NAME, "buffers", 7, spans.len()));
        };
        let (body, time, scene, worn) = (body.cast()?, time.cast()?, scene.cast()?, worn.cast()?);
        Ok(PlaceBuffers { body, time, scene, worn, small: small.cast()?, large: large.cast()?, limits: limits.cast()? })
    }

    fn twin(&self, inputs: &[Vec<f64>], _: Rows) -> Vec<Vec<Expected>> {
        twin::place(self, inputs)
    }

    fn control(&self) -> (usize, usize) {
        // Where the head is; without anything worn, whether something is worn.
        if self.worn == 0 { (2, 2) } else { (0, 0) }
    }

    fn work(&self) -> Work {
        let bytes = 4 * (BODY_LEN + self.worn * (WornLayer::LEN + 2 * PLACED_LEN) + Limits::LEN);
        Work { bytes: bytes as u64, flops: (self.worn * 600) as u64 }
    }

    fn parity() -> Vec<Self> {
        let case = |camera, model, most, worn| Self { camera, model, most, worn };
        vec![
            case((640, 480), (256, 192), 1, 0),
            case((640, 480), (256, 192), 70, 60),
            case((48, 64), (64, 48), 41, 40),
            case((1280, 720), (256, 192), 96, 96),
        ]
    }

    fn bench() -> Vec<Self> {
        [0, 8, 96].map(|worn| Self { camera: (640, 480), model: (256, 192), most: 96, worn }).into()
    }
}
