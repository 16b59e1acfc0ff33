//! The finished picture at the camera's size, the camera's own pixels kept where nothing changes them.
//!
//! ```text
//! matte    = clamp(maps[0] * brightness(camera) + maps[1], 0, 1)       brightness: mean of red, green, blue
//! visible  = maps[2],  light = maps[3..6],  residual = maps[6..9],  gain = maps[9..12],  lift = maps[12..15]
//! backdrop = world where one is on, else camera
//! person   = worn * gain + lift where a world is on, else camera;      worn: in a costume if one is on, else camera
//! backdrop = behind.rgb * light + backdrop * (1 - behind.a)
//! base     = backdrop + (person - backdrop) * matte
//! out      = front.rgb * visible * light + base * (1 - front.a * visible) + residual
//! byte     = floor(clamp(out, 0, 1) * 255 + 0.5),   alpha 255
//! ```
//!
//! `maps` are 16 values of f32 a model pixel (the last unused), enlarged bilinearly to the camera's size by tables
//! ([`Axis`]): for each camera row and column the lower of two model pixels and the weight of the upper. `front` and
//! `behind` are premultiplied. These are the formulas of the CPU renderer. Where nothing is worn, no world is on and
//! the residual is zero, every byte is the camera's. Whether a world is on lies in device memory: a scene change
//! needs no other graph.

#[cfg(test)]
mod tests;

use bytemuck::{Pod, Zeroable};
use half::f16;

use crate::device::{Facts, Grid, Launch, Span};
use crate::error::{KernelError, require};
use crate::fit::inside;
use crate::kernel::{Expected, Kernel, Operand, Rows, Work};
use crate::values::{Element, Fill};

/// Values of a model pixel.
pub const MAPS: usize = 16;
const MATTE_A: usize = 0;
const MATTE_B: usize = 1;
const VISIBLE: usize = 2;
const LIGHT: usize = 3;
const RESIDUAL: usize = 6;
const GAIN: usize = 9;
const LIFT: usize = 12;

/// One axis of the enlargement.
#[derive(Clone, Debug, PartialEq)]
pub struct Axis {
    pub low: Vec<i32>,
    pub weight: Vec<f32>,
}

impl Axis {
    /// For `camera` pixels over `model` pixels, of which `scale` make a camera pixel and the first camera pixel begins
    /// at `offset`. Nothing is taken from model pixels that hold none of the picture.
    #[must_use]
    pub fn new(camera: usize, model: usize, scale: f32, offset: f32) -> Self {
        let (first, last) = inside(camera, model, scale, offset);
        let place = |i: usize| ((i as f32 + 0.5) * scale + offset - 0.5).clamp(first as f32, last as f32);
        Self {
            low: (0..camera).map(|i| place(i).floor() as i32).collect(),
            weight: (0..camera).map(|i| place(i) - place(i).floor()).collect(),
        }
    }
}

#[derive(Clone, Debug, PartialEq)]
pub struct Composite {
    /// Of the camera's picture.
    pub width: usize,
    pub height: usize,
    pub model_width: usize,
    pub model_height: usize,
    /// For checks: whether a world is on.
    pub world_on: bool,
    /// For checks: something is worn and the residual is not zero; else all must be copied.
    pub changed: bool,
}

#[derive(Clone, Copy, Debug)]
pub struct CompositeBuffers {
    /// RGB.
    pub camera: Span<u8>,
    pub world: Span<u8>,
    pub front: Span<f16>,
    pub behind: Span<f16>,
    pub maps: Span<f32>,
    pub column_low: Span<i32>,
    pub column_weight: Span<f32>,
    pub row_low: Span<i32>,
    pub row_weight: Span<f32>,
    /// One number, 0 or 1.
    pub world_on: Span<i32>,
    /// The camera's picture with the visitor in a costume, RGB and a byte unused.
    pub person: Span<u8>,
    /// One number: 0 where there is no costume, and nobody looks at `person`.
    pub dressed: Span<f32>,
    /// RGBA.
    pub out: Span<u8>,
}

#[derive(Clone, Copy, Pod, Zeroable)]
#[repr(C)]
struct Params {
    camera: u64,
    world: u64,
    front: u64,
    behind: u64,
    maps: u64,
    column_low: u64,
    column_weight: u64,
    row_low: u64,
    row_weight: u64,
    world_on: u64,
    person: u64,
    dressed: u64,
    out: u64,
    width: i32,
    height: i32,
    model_width: i32,
    model_height: i32,
}
const _: () = assert!(size_of::<Params>() == 120);

impl Composite {
    fn area(&self) -> usize {
        self.width * self.height
    }

    /// The camera's picture laid evenly and centred over the model's: columns and rows.
    #[must_use]
    pub fn axes(&self) -> (Axis, Axis) {
        let scales = [self.model_width as f32 / self.width as f32, self.model_height as f32 / self.height as f32];
        let scale = scales[0].min(scales[1]);
        let offset = |camera: usize, model: usize| (model as f32 - camera as f32 * scale) * 0.5;
        (
            Axis::new(self.width, self.model_width, scale, offset(self.width, self.model_width)),
            Axis::new(self.height, self.model_height, scale, offset(self.height, self.model_height)),
        )
    }
}

impl Kernel for Composite {
    type Buffers = CompositeBuffers;
    const NAME: &'static str = "composite";
    const FUNCTIONS: &'static [&'static str] = &["composite"];

    fn describe(&self) -> String {
        let world = if self.world_on { " world" } else { "" };
        let changed = if self.changed { "" } else { " unchanged" };
        format!("{}x{} over {}x{}{world}{changed}", self.width, self.height, self.model_width, self.model_height)
    }

    fn launches(&self, buffers: &CompositeBuffers, _: &Facts) -> Result<Vec<Launch>, KernelError> {
        let sizes = [self.width, self.height, self.model_width, self.model_height];
        for size in sizes {
            require((1..=16384).contains(&size), Self::NAME, "size", "1 to 16384", size)?;
        }
        let area = self.area();
        let name = Self::NAME;
        let params = Params {
            camera: buffers.camera.demand(name, "camera", area * 3)?,
            world: buffers.world.demand(name, "world", area * 3)?,
            front: buffers.front.demand(name, "front", area * 4)?,
            behind: buffers.behind.demand(name, "behind", area * 4)?,
            maps: buffers.maps.demand(name, "maps", self.model_width * self.model_height * MAPS)?,
            column_low: buffers.column_low.demand(name, "column_low", self.width)?,
            column_weight: buffers.column_weight.demand(name, "column_weight", self.width)?,
            row_low: buffers.row_low.demand(name, "row_low", self.height)?,
            row_weight: buffers.row_weight.demand(name, "row_weight", self.height)?,
            world_on: buffers.world_on.demand(name, "world_on", 1)?,
            person: buffers.person.demand(name, "person", area * 4)?,
            dressed: buffers.dressed.demand(name, "dressed", 1)?,
            out: buffers.out.demand(name, "out", area * 4)?,
            width: self.width as i32,
            height: self.height as i32,
            model_width: self.model_width as i32,
            model_height: self.model_height as i32,
        };
        let blocks = [self.width.div_ceil(32), self.height.div_ceil(8), 1];
        let grid = Grid { blocks, threads: 256, shared_bytes: 0 };
        let devices = [
            buffers.camera.device(),
            buffers.world.device(),
            buffers.front.device(),
            buffers.behind.device(),
            buffers.maps.device(),
            buffers.column_low.device(),
            buffers.column_weight.device(),
            buffers.row_low.device(),
            buffers.row_weight.device(),
            buffers.world_on.device(),
            buffers.person.device(),
            buffers.dressed.device(),
            buffers.out.device(),
        ];
        Ok(vec![Launch::new::<Self, _>("composite", grid, &params, &devices)?])
    }

    fn operands(&self) -> Vec<Operand> {
        let area = self.area();
        let (columns, rows) = self.axes();
        let bytes = || Fill::Uniform { low: 0.0, high: 256.0 };
        let layer = |seed| {
            let mut random = crate::values::Random::new(seed);
            let pixel = (0..area).flat_map(|_| {
                let alpha = if self.changed { (random.uniform() * 2.0 - 0.5).clamp(0.0, 1.0) } else { 0.0 };
                [random.uniform() * alpha, random.uniform() * alpha, random.uniform() * alpha, alpha]
            });
            Element::F16.encode_all(pixel.collect::<Vec<_>>())
        };
        let mut random = crate::values::Random::new(9);
        let maps = (0..self.model_width * self.model_height).flat_map(|_| {
            let mut maps: [f64; MAPS] = std::array::from_fn(|_| random.uniform());
            maps[MATTE_A] = 4.0 * random.normal();
            maps[MATTE_B] = random.normal();
            let deviation = if self.changed { 0.2 } else { 0.0 };
            maps[RESIDUAL..RESIDUAL + 3].fill_with(|| deviation * random.normal());
            maps
        });
        let maps = Element::F32.encode_all(maps.collect::<Vec<_>>());
        let (f16, f32, u8, i32) = (Element::F16, Element::F32, Element::U8, Element::I32);
        vec![
            Operand::input("camera", u8, area * 3, bytes()),
            Operand::input("world", u8, area * 3, bytes()),
            Operand::exact("front", f16, layer(1)),
            Operand::exact("behind", f16, layer(2)),
            Operand::exact("maps", f32, maps),
            Operand::exact("column_low", i32, bytemuck::cast_slice(&columns.low).to_vec()),
            Operand::exact("column_weight", f32, bytemuck::cast_slice(&columns.weight).to_vec()),
            Operand::exact("row_low", i32, bytemuck::cast_slice(&rows.low).to_vec()),
            Operand::exact("row_weight", f32, bytemuck::cast_slice(&rows.weight).to_vec()),
            Operand::exact("world_on", i32, i32.encode_all([f64::from(u8::from(self.world_on))])),
            Operand::input("person", u8, area * 4, bytes()),
            Operand::exact("dressed", f32, f32.encode_all([f64::from(u8::from(self.changed))])),
            Operand::output("out", u8, area * 4),
        ]
    }

    fn buffers(&self, spans: &[Span<u8>]) -> Result<CompositeBuffers, KernelError> {
        let Ok(
            [
                camera,
                world,
                front,
                behind,
                maps,
                column_low,
                column_weight,
                row_low,
                row_weight,
                on,
                person,
                dressed,
                out,
            ],
        ) = <[Span<u8>; 13]>::try_from(spans)
        else {
            return Err(KernelError::shape(Self::NAME, "buffers", 13, spans.len()));
        };
        Ok(CompositeBuffers {
            camera,
            world,
            front: front.cast()?,
            behind: behind.cast()?,
            maps: maps.cast()?,
            column_low: column_low.cast()?,
            column_weight: column_weight.cast()?,
            row_low: row_low.cast()?,
            row_weight: row_weight.cast()?,
            world_on: on.cast()?,
            person,
            dressed: dressed.cast()?,
            out,
        })
    }

    fn twin(&self, inputs: &[Vec<f64>], rows: Rows) -> Vec<Vec<Expected>> {
        let [
            camera,
            world,
            front,
            behind,
            maps,
            column_low,
            column_weight,
            row_low,
            row_weight,
            world_on,
            worn,
            dressed,
        ] = inputs
        else {
            panic!("twelve inputs");
        };
        let world_on = world_on[0] != 0.0;
        let mut out = vec![Expected::ANY; self.area() * 4];
        for y in (0..self.height).filter(|&y| rows.wants(y)) {
            for x in 0..self.width {
                let map = |k: usize| {
                    let (left, top) = (column_low[x] as usize, row_low[y] as usize);
                    let (right, bottom) = ((left + 1).min(self.model_width - 1), (top + 1).min(self.model_height - 1));
                    let at = |row: usize, column: usize| maps[(row * self.model_width + column) * MAPS + k];
                    let (across, down) = (column_weight[x], row_weight[y]);
                    let left = at(top, left) * (1.0 - down) + at(bottom, left) * down;
                    let right = at(top, right) * (1.0 - down) + at(bottom, right) * down;
                    left * (1.0 - across) + right * across
                };
                let pixel = y * self.width + x;
                let seen: [f64; 3] = std::array::from_fn(|k| camera[pixel * 3 + k] / 255.0);
                let brightness = seen.iter().sum::<f64>() / 3.0;
                let matte = (map(MATTE_A) * brightness + map(MATTE_B)).clamp(0.0, 1.0);
                let (front, behind) = (&front[pixel * 4..][..4], &behind[pixel * 4..][..4]);
                let visible = map(VISIBLE);
                for k in 0..3 {
                    let (mut backdrop, mut person) = (seen[k], seen[k]);
                    if world_on {
                        backdrop = world[pixel * 3 + k] / 255.0;
                        let worn = if dressed[0] != 0.0 { worn[pixel * 4 + k] / 255.0 } else { seen[k] };
                        person = worn * map(GAIN + k) + map(LIFT + k);
                    }
                    let backdrop = behind[k] * map(LIGHT + k) + backdrop * (1.0 - behind[3]);
                    let base = backdrop + (person - backdrop) * matte;
                    let value =
                        front[k] * visible * map(LIGHT + k) + base * (1.0 - front[3] * visible) + map(RESIDUAL + k);
                    // A byte is the nearest number to 255 times a value of order one in f32, off by some 30 roundings;
                    // the matte multiplies differences by up to 16.
                    let tolerance = 0.5 + 255.0 * 1e-5;
                    out[pixel * 4 + k] = Expected { value: 255.0 * value.clamp(0.0, 1.0), tolerance };
                }
                out[pixel * 4 + 3] = Expected::exactly(255.0);
            }
        }
        vec![out]
    }

    fn control(&self) -> (usize, usize) {
        // The residual in the middle: what is worn and the camera's own may be hidden.
        (4, (self.model_height / 2 * self.model_width + self.model_width / 2) * MAPS + RESIDUAL)
    }

    fn work(&self) -> Work {
        let area = self.area() as u64;
        let maps = 4 * (self.model_width * self.model_height * MAPS) as u64;
        Work { bytes: area * (3 + 3 + 8 + 8 + 4) + maps, flops: area * 150 }
    }

    fn parity() -> Vec<Self> {
        let base = Self { width: 1, height: 1, model_width: 1, model_height: 1, world_on: false, changed: true };
        vec![
            base.clone(),
            Self { width: 37, height: 21, model_width: 16, model_height: 12, world_on: true, ..base.clone() },
            Self { width: 33, height: 9, model_width: 16, model_height: 12, ..base.clone() },
            Self { width: 40, height: 30, model_width: 16, model_height: 12, changed: false, ..base.clone() },
            Self { width: 12, height: 9, model_width: 32, model_height: 24, world_on: true, ..base },
        ]
    }

    fn bench() -> Vec<Self> {
        let size =
            |width, height| Self { width, height, model_width: 256, model_height: 192, world_on: true, changed: true };
        vec![size(640, 480), size(1280, 720), size(1920, 1080)]
    }
}
