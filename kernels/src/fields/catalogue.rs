//! What the fields are and where they are put, as it lies in device memory.

use bytemuck::{Pod, Zeroable};

use super::{INPUTS, PARAMS, SOURCES, SURFACES, WIDTH};
use crate::error::{KernelError, require};

/// Hidden layers of a network.
pub const HIDDEN: usize = 3;
/// Numbers of a surface.
const SURFACE: usize = 12;

/// One quantity of a pixel that a network is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// The first and second view coordinate: u and v of a plane, a and b of a ray chart.
    A,
    B,
    CosPhi,
    SinPhi,
    /// An axis of the direction to the viewer: 0, 1 or 2.
    View(usize),
    /// A parameter of the kind.
    Param(usize),
    /// What a surface says: its number, and the number of the value.
    Surface(usize, usize),
}

impl Source {
    /// The number that the kernel knows it by.
    pub(super) fn code(self) -> Option<i32> {
        let code = match self {
            Self::A => 0,
            Self::B => 1,
            Self::CosPhi => 2,
            Self::SinPhi => 3,
            Self::View(axis) if axis < 3 => 4 + axis,
            Self::Param(index) if index < PARAMS => 8 + index,
            Self::Surface(which, value) if which < SURFACES && value < 5 => 16 + 8 * which + value,
            _ => return None,
        };
        Some(code as i32)
    }
}

/// A quantity as inputs of a network: itself, and sines and cosines of rising frequency.
#[derive(Clone, Copy, Debug)]
pub struct Input {
    pub source: Source,
    pub center: f32,
    pub scale: f32,
    pub identity: bool,
    pub base: f32,
    pub octaves: u32,
}

/// A simple surface fitted to an item.
#[derive(Clone, Copy, Debug)]
pub enum Surface {
    Cone { center: [f32; 3], tilt: f32, rx: f32, rz: f32, slope: f32, h_min: f32, h_max: f32 },
    Disc { center: [f32; 3], tilt: f32, rx: f32, rz: f32, soft: f32 },
    Wings { center: [f32; 3], soft: f32 },
}

impl Surface {
    /// Its kind and its numbers in the kernel's order.
    fn numbers(self) -> (i32, [f32; SURFACE]) {
        let mut numbers = [0.0; SURFACE];
        let (kind, values) = match self {
            Self::Cone { center: [x, y, z], tilt, rx, rz, slope, h_min, h_max } => {
                (0, vec![x, y, z, tilt.cos(), tilt.sin(), rx, rz, slope, h_min, h_max])
            }
            Self::Disc { center: [x, y, z], tilt, rx, rz, soft } => {
                (1, vec![x, y, z, tilt.cos(), tilt.sin(), rx, rz, soft])
            }
            Self::Wings { center: [x, y, z], soft } => (2, vec![x, y, z, soft]),
        };
        numbers[..values.len()].copy_from_slice(&values);
        (kind, numbers)
    }
}

/// What a layer of an item is: the description that [`Catalogue::add`] lays out.
#[derive(Clone, Debug)]
pub struct Description<'a> {
    pub inputs: Vec<Input>,
    /// None for a flat thing.
    pub surfaces: Option<Vec<Surface>>,
    pub edge_unit: f32,
    pub mask_unit: f32,
    /// View coordinates outside of which nothing is drawn.
    pub low: [f32; 2],
    pub high: [f32; 2],
    /// Weights (outputs, inputs) and bias of every layer of the network, in order.
    pub network: Vec<(&'a [f32], &'a [f32])>,
}

/// A layer in device memory.
#[derive(Clone, Copy, Debug, PartialEq, Pod, Zeroable)]
#[repr(C)]
pub struct FieldLayer {
    pub(super) weights: i32,
    pub(super) inputs: i32,
    pub(super) sources: i32,
    pub(super) plane: i32,
    pub(super) source: [i32; SOURCES],
    pub(super) octaves: [i32; SOURCES],
    pub(super) identity: [i32; SOURCES],
    pub(super) center: [f32; SOURCES],
    pub(super) scale: [f32; SOURCES],
    pub(super) base: [f32; SOURCES],
    pub(super) edge_unit: f32,
    pub(super) mask_unit: f32,
    pub(super) low: [f32; 2],
    pub(super) high: [f32; 2],
    pub(super) surface_kind: [i32; SURFACES],
    pub(super) surface: [[f32; SURFACE]; SURFACES],
}
const _: () = assert!(size_of::<FieldLayer>() == 528);

/// A layer put onto the body in one frame, at one size of picture.
#[derive(Clone, Copy, Debug, PartialEq, Pod, Zeroable)]
#[repr(C)]
pub struct FieldPlaced {
    /// Its number in the catalogue.
    pub layer: i32,
    /// 1 where it is drawn between the person and the backdrop.
    pub behind: i32,
    /// Pixels that it may reach: from, to.
    pub columns: [i32; 2],
    pub rows: [i32; 2],
    /// Of the item, in pixels.
    pub origin: [f32; 2],
    /// Item position per pixel offset, of the nearest point of the line of sight.
    pub inverse: [[f32; 2]; 3],
    /// Towards the viewer, and the axes of the view coordinates; not for a flat thing.
    pub view: [f32; 3],
    pub right: [f32; 3],
    pub up: [f32; 3],
    /// Pixels per unit of the chart.
    pub ppu: f32,
    pub cos_phi: f32,
    pub sin_phi: f32,
    pub opacity: f32,
    pub tint: [f32; 3],
    pub secondary: [f32; 3],
    pub params: [f32; PARAMS],
    /// Sine and cosine of swing and lift of each surface that is wings.
    pub wings: [[f32; 4]; SURFACES],
}
const _: () = assert!(size_of::<FieldPlaced>() == 180);

impl FieldPlaced {
    /// From bytes as they lie in device memory, for checks; `None` unless there are as many as it has.
    #[must_use]
    pub fn read(bytes: &[u8]) -> Option<Self> {
        bytemuck::try_pod_read_unaligned(bytes).ok()
    }
}

/// All layers of all kinds, with their weights.
#[derive(Clone, Debug, Default)]
pub struct Catalogue {
    pub layers: Vec<FieldLayer>,
    pub weights: Vec<f32>,
}

impl Catalogue {
    /// The layers and their weights, as they lie in device memory.
    #[must_use]
    pub fn bytes(&self) -> (&[u8], &[u8]) {
        (bytemuck::cast_slice(&self.layers), bytemuck::cast_slice(&self.weights))
    }

    /// Adds a layer and tells its number, or why the kernel can't draw it.
    pub fn add(&mut self, description: &Description) -> Result<i32, KernelError> {
        let need = |holds, what, expected: String, got: usize| require(holds, "fields", what, expected, got);
        let Description { inputs, surfaces, edge_unit, mask_unit, low, high, network } = description;
        let flat = Vec::new();
        let surfaces_of = surfaces.as_ref().unwrap_or(&flat);
        need(inputs.len() <= SOURCES, "sources", format!("at most {SOURCES}"), inputs.len())?;
        need(surfaces_of.len() <= SURFACES, "surfaces", format!("at most {SURFACES}"), surfaces_of.len())?;
        need(network.len() == HIDDEN + 1, "layers", format!("{}", HIDDEN + 1), network.len())?;
        let width = inputs.iter().map(|input| usize::from(input.identity) + 2 * input.octaves as usize).sum();
        need((1..=INPUTS).contains(&width), "inputs", format!("1 to {INPUTS}"), width)?;
        let mut layer = FieldLayer {
            weights: self.weights.len() as i32,
            inputs: width as i32,
            sources: inputs.len() as i32,
            plane: i32::from(surfaces.is_none()),
            edge_unit: *edge_unit,
            mask_unit: *mask_unit,
            low: *low,
            high: *high,
            ..FieldLayer::zeroed()
        };
        for (i, input) in inputs.iter().enumerate() {
            let code = input.source.code();
            layer.source[i] = code.ok_or_else(|| {
                KernelError::shape("fields", "source", "one that the kernel knows", format!("{:?}", input.source))
            })?;
            (layer.octaves[i], layer.identity[i]) = (input.octaves as i32, i32::from(input.identity));
            (layer.center[i], layer.scale[i], layer.base[i]) = (input.center, input.scale, input.base);
        }
        for (i, surface) in surfaces_of.iter().enumerate() {
            (layer.surface_kind[i], layer.surface[i]) = surface.numbers();
        }
        let mut packed = Vec::new();
        let mut from = width;
        for (i, (weights, bias)) in network.iter().enumerate() {
            let (outputs, columns) = (bias.len(), if i == HIDDEN { 4 } else { WIDTH });
            let fits = outputs <= columns && weights.len() == outputs * from && (i < HIDDEN || outputs == 4);
            need(fits, "neurons", format!("at most {columns}, with weights for {from} inputs"), outputs)?;
            // (inputs, outputs), both padded with zeros behind the first layer.
            let rows = if i == 0 { width } else { WIDTH };
            for input in 0..rows {
                packed.extend((0..columns).map(|output| match input < from && output < outputs {
                    true => weights[output * from + input],
                    false => 0.0,
                }));
            }
            packed.extend((0..columns).map(|output| bias.get(output).copied().unwrap_or(0.0)));
            from = outputs;
        }
        self.weights.extend(packed);
        self.layers.push(layer);
        Ok(self.layers.len() as i32 - 1)
    }
}
