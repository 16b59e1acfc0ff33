//! The fields of all kinds on the device.

use std::collections::BTreeMap;

use otherglass_kernels::fields::{Catalogue, Description, Input, Source, Surface};
use otherglass_kernels::{Device, KernelError, Span};

use crate::render::house::charts::{self, Chart, SurfaceSource};
use crate::render::house::fields::{Field, Layer};

/// The catalogue, and where each kind's layers are in it.
#[derive(Debug)]
pub struct Wardrobe {
    pub catalogue: Catalogue,
    numbers: BTreeMap<String, Vec<i32>>,
}

impl Wardrobe {
    /// All fields, or which of them the kernel can't draw.
    pub fn new(fields: &BTreeMap<String, Field>) -> Result<Self, KernelError> {
        let mut catalogue = Catalogue::default();
        let mut numbers = BTreeMap::new();
        for (kind, field) in fields {
            let layers = field.layers.iter().map(|layer| catalogue.add(&describe(layer)));
            numbers.insert(kind.clone(), layers.collect::<Result<Vec<_>, _>>()?);
        }
        Ok(Self { catalogue, numbers })
    }

    /// Puts layers and weights onto the device.
    pub fn load(&self, device: &dyn Device) -> Result<(Span<f32>, Span<f32>), KernelError> {
        let (layers, weights) = self.catalogue.bytes();
        let put = |bytes: &[u8]| -> Result<Span<f32>, KernelError> {
            let span = device.allocate(bytes.len().max(16))?;
            device.write(span.part(0, bytes.len())?, bytes)?;
            span.cast()
        };
        Ok((put(layers)?, put(weights)?))
    }

    /// The numbers of a kind's layers in the catalogue, in order.
    pub fn layers(&self, kind: &str) -> &[i32] {
        self.numbers.get(kind).map_or(&[], Vec::as_slice)
    }
}

fn describe(layer: &Layer) -> Description<'_> {
    let surface = |surface: &charts::Surface| match *surface {
        charts::Surface::Cone { center, tilt, rx, rz, slope, h_min, h_max } => {
            Surface::Cone { center: [center.x, center.y, center.z], tilt, rx, rz, slope, h_min, h_max }
        }
        charts::Surface::Disc { center, tilt, rx, rz, soft } => {
            Surface::Disc { center: [center.x, center.y, center.z], tilt, rx, rz, soft }
        }
        charts::Surface::Wings { center, soft, .. } => Surface::Wings { center: [center.x, center.y, center.z], soft },
    };
    Description {
        inputs: layer.inputs.iter().map(describe_input).collect(),
        surfaces: match &layer.chart {
            Chart::Plane => None,
            Chart::Ray { surfaces } => Some(surfaces.iter().map(surface).collect()),
        },
        edge_unit: layer.edge_unit,
        mask_unit: layer.mask_unit,
        low: [layer.low.x, layer.low.y],
        high: [layer.high.x, layer.high.y],
        network: layer.network.iter().map(|dense| (&dense.weights[..], &dense.bias[..])).collect(),
    }
}

fn describe_input(input: &crate::render::house::fields::Input) -> Input {
    use charts::Source as Named;
    let source = match input.source {
        Named::U | Named::A => Source::A,
        Named::V | Named::B => Source::B,
        Named::CosPhi => Source::CosPhi,
        Named::SinPhi => Source::SinPhi,
        Named::Param(index) => Source::Param(index),
        Named::ViewX => Source::View(0),
        Named::ViewY => Source::View(1),
        Named::ViewZ => Source::View(2),
        Named::Surface(which, what) => Source::Surface(
            which,
            match what {
                SurfaceSource::FrontTheta | SurfaceSource::X | SurfaceSource::Along => 0,
                SurfaceSource::FrontH | SurfaceSource::Z | SurfaceSource::H => 1,
                SurfaceSource::BackTheta | SurfaceSource::Side => 2,
                SurfaceSource::BackH => 3,
                SurfaceSource::Gap => 4,
            },
        ),
    };
    let crate::render::house::fields::Input { center, scale, identity, base, octaves, .. } = *input;
    Input { source, center, scale, identity, base, octaves }
}
