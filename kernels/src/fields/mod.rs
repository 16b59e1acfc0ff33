//! Everything that is worn, drawn pixel by pixel from its neural fields.
//!
//! ```text
//! x0     = inverse (pixel centre - origin)          the item point nearest to the viewer's axis
//! (a, b) = (x0.x, x0.y) of a flat thing, else (x0 . right, x0 . up); nothing outside of low..high
//! inputs = of each source s: x = (s - center) scale if identity, then sin and cos of base 2^k x, k = 0..octaves
//! raw    = network(inputs): three layers with hardswish x clamp(x / 6 + 1/2, 0, 1), one without
//! alpha  = clamp(1/2 + raw0 edge_unit ppu, 0, 1) opacity,   own = clamp(1/2 + raw3 mask_unit ppu, 0, 1)
//! colour = clamp((own tint + (1 - own) secondary) clamp(raw1, 0, 1.5) + clamp(raw2, 0, 1), 0, 1) alpha
//! front or behind = colour + what is there (1 - alpha), one layer after the other
//! ```
//!
//! Surfaces (cones, discs, wings) say where the line of sight meets them; their formulas are those of the CPU renderer's
//! `charts.rs`. Networks are f32 throughout: a thread takes a pixel and keeps its neurons in a column of shared memory.
//! What is worn and where comes in a small table ([`FieldPlaced`]), so a scene change needs no other graph.

mod cases;
mod catalogue;
mod twin;

use bytemuck::{Pod, Zeroable};
use half::f16;

use crate::device::{Facts, Grid, Launch, Span};
use crate::error::{KernelError, require};
use crate::kernel::{Expected, Kernel, Operand, Rows, Work};
use crate::values::Element;

pub use self::catalogue::{Catalogue, Description, FieldLayer, FieldPlaced, HIDDEN, Input, Source, Surface};

/// Neurons of a hidden layer, padded with zeros.
pub const WIDTH: usize = 52;
/// The most inputs of a network, sources of its inputs, surfaces of a chart, parameters of a kind.
pub const INPUTS: usize = 64;
pub const SOURCES: usize = 16;
pub const SURFACES: usize = 2;
pub const PARAMS: usize = 4;

const THREADS: usize = 128;
const TILE: (usize, usize) = (16, 8);

/// A picture of what is worn.
#[derive(Clone, Debug)]
pub struct Fields {
    pub width: usize,
    pub height: usize,
    /// Layers and weights that the buffers hold.
    pub layers: usize,
    pub weights: usize,
    /// The most layers that are put onto a body.
    pub most: usize,
    /// For checks: what is in the buffers.
    pub(crate) case: cases::Case,
}

#[derive(Clone, Copy, Debug)]
pub struct FieldsBuffers {
    pub weights: Span<f32>,
    /// [`FieldLayer`], one after the other.
    pub layers: Span<f32>,
    /// [`FieldPlaced`], one after the other.
    pub placed: Span<f32>,
    /// How many are placed.
    pub count: Span<i32>,
    /// (height, width, 4), premultiplied.
    pub front: Span<f16>,
    pub behind: Span<f16>,
}

#[derive(Clone, Copy, Pod, Zeroable)]
#[repr(C)]
struct Params {
    weights: u64,
    layers: u64,
    placed: u64,
    count: u64,
    front: u64,
    behind: u64,
    width: i32,
    height: i32,
    most: i32,
    layer_count: i32,
}
const _: () = assert!(size_of::<Params>() == 64);

/// f32 values of a layer and of a placed layer.
const LAYER_LEN: usize = size_of::<FieldLayer>() / 4;
const PLACED_LEN: usize = size_of::<FieldPlaced>() / 4;

impl Fields {
    /// A picture of that size, of the fields in a catalogue, at most `most` layers of them.
    #[must_use]
    pub fn new(width: usize, height: usize, catalogue: &Catalogue, most: usize) -> Self {
        let (layers, weights) = (catalogue.layers.len(), catalogue.weights.len());
        Self { width, height, layers, weights, most, case: cases::Case::default() }
    }

    fn area(&self) -> usize {
        self.width * self.height
    }

    /// Values of each buffer, in order.
    #[must_use]
    pub fn lens(&self) -> [usize; 6] {
        let area = self.area() * 4;
        [self.weights, self.layers * LAYER_LEN, self.most * PLACED_LEN, 1, area, area]
    }
}

impl Kernel for Fields {
    type Buffers = FieldsBuffers;
    const NAME: &'static str = "fields";
    const FUNCTIONS: &'static [&'static str] = &["fields_draw"];

    fn describe(&self) -> String {
        format!("{}x{}, {} fields, {} placed", self.width, self.height, self.layers, self.case.placed.len())
    }

    fn launches(&self, buffers: &FieldsBuffers, _: &Facts) -> Result<Vec<Launch>, KernelError> {
        for size in [self.width, self.height] {
            require((1..=16384).contains(&size), Self::NAME, "size", "1 to 16384", size)?;
        }
        require(self.most > 0 && self.most < 1 << 16, Self::NAME, "most", "1 to 65535", self.most)?;
        let [weights, layers, placed, count, front, behind] = self.lens();
        let params = Params {
            weights: buffers.weights.demand(Self::NAME, "weights", weights)?,
            layers: buffers.layers.demand(Self::NAME, "layers", layers)?,
            placed: buffers.placed.demand(Self::NAME, "placed", placed)?,
            count: buffers.count.demand(Self::NAME, "count", count)?,
            front: buffers.front.demand(Self::NAME, "front", front)?,
            behind: buffers.behind.demand(Self::NAME, "behind", behind)?,
            width: self.width as i32,
            height: self.height as i32,
            most: self.most as i32,
            layer_count: self.layers as i32,
        };
        let blocks = [self.width.div_ceil(TILE.0), self.height.div_ceil(TILE.1), 1];
        let grid = Grid { blocks, threads: THREADS as u32, shared_bytes: 4 * INPUTS * THREADS };
        let devices = [
            buffers.weights.device(),
            buffers.layers.device(),
            buffers.placed.device(),
            buffers.count.device(),
            buffers.front.device(),
            buffers.behind.device(),
        ];
        Ok(vec![Launch::new::<Self, _>("fields_draw", grid, &params, &devices)?])
    }

    fn operands(&self) -> Vec<Operand> {
        let cases::Case { catalogue, placed } = &self.case;
        let mut room = bytemuck::cast_slice(placed).to_vec();
        room.resize(4 * PLACED_LEN * self.most, 0);
        let exact = |name, bytes: &[u8]| Operand::exact(name, Element::F32, bytes.to_vec());
        vec![
            exact("weights", bytemuck::cast_slice(&catalogue.weights)),
            exact("layers", bytemuck::cast_slice(&catalogue.layers)),
            exact("placed", &room),
            Operand::exact("count", Element::I32, (placed.len() as i32).to_le_bytes().to_vec()),
            Operand::output("front", Element::F16, self.area() * 4),
            Operand::output("behind", Element::F16, self.area() * 4),
        ]
    }

    fn buffers(&self, spans: &[Span<u8>]) -> Result<FieldsBuffers, KernelError> {
        let [weights, layers, placed, count, front, behind] = spans else {
            return Err(KernelError::shape(Self::NAME, "buffers", 6, spans.len()));
        };
        let (weights, layers, placed) = (weights.cast()?, layers.cast()?, placed.cast()?);
        Ok(FieldsBuffers {
            weights,
            layers,
            placed,
            count: count.cast()?,
            front: front.cast()?,
            behind: behind.cast()?,
        })
    }

    fn twin(&self, inputs: &[Vec<f64>], rows: Rows) -> Vec<Vec<Expected>> {
        twin::draw((self.width, self.height), &self.case, &inputs[0], rows)
    }

    fn control(&self) -> (usize, usize) {
        // The last bias of the first field: how far inside everything is.
        let inputs = self.case.catalogue.layers.first().map_or(0, |layer| layer.inputs);
        (0, (inputs as usize + 1) * WIDTH + 2 * (WIDTH + 1) * WIDTH + 4 * WIDTH)
    }

    fn depends_on_inputs(&self) -> bool {
        !self.case.placed.is_empty()
    }

    fn work(&self) -> Work {
        // Of every pixel that is within a layer's reach; without a case none is known.
        let cases::Case { catalogue, placed } = &self.case;
        let reached = |placed: &FieldPlaced| {
            let span = |of: [i32; 2]| (of[1] - of[0]).max(0) as u64;
            let inputs = catalogue.layers[placed.layer as usize].inputs as u64;
            span(placed.columns) * span(placed.rows) * 2 * WIDTH as u64 * (inputs + 2 * WIDTH as u64 + 4)
        };
        let bytes = 16 * self.area() + 4 * (self.weights + self.layers * LAYER_LEN);
        Work { bytes: bytes as u64, flops: placed.iter().map(reached).sum() }
    }

    fn parity() -> Vec<Self> {
        [(1, 1, 1), (40, 21, 3), (57, 33, 5)].map(|(width, height, count)| cases::random(width, height, count)).into()
    }

    fn bench() -> Vec<Self> {
        vec![cases::random(256, 192, 4), cases::random(640, 480, 0), cases::random(640, 480, 4)]
    }
}

/// What the kernel draws of one placed layer at one pixel, by plain loops in f64: front or behind in premultiplied
/// red, green, blue, alpha. `weights`: the catalogue's.
#[must_use]
pub fn by_the_twin(catalogue: &Catalogue, weights: &[f64], placed: &FieldPlaced, pixel: (usize, usize)) -> [f64; 4] {
    twin::pixel(catalogue, placed, weights, pixel).map_or([0.0; 4], |drawn| drawn.value)
}
