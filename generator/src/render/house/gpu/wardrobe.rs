//! The fields of all kinds on the device, and what is worn as the table that the device draws from.

use std::collections::BTreeMap;

use otherglass_kernels::fields::{Catalogue, Description, FieldPlaced, Input, PARAMS, SURFACES, Source, Surface};
use otherglass_kernels::{Device, KernelError, Span};

use crate::render::house::charts::{self, Chart, PlacedChart, SurfaceSource};
use crate::render::house::fields::{Field, Layer, Order};
use crate::render::house::frames::ItemFrame;
use crate::render::house::geometry::{Vec2, Vec3};
use crate::render::house::sketch::{Part, Sketcher};

/// The most layers of items in one picture; what comes after them in the order of drawing is left out.
pub const MOST_PLACED: usize = 96;
/// Bytes of that table.
pub const PLACED_BYTES: usize = MOST_PLACED * size_of::<FieldPlaced>();

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

    /// Writes what is worn into `table` ([`PLACED_BYTES`]) for a picture of that size; how many layers it came to.
    pub fn place(
        &self,
        sketcher: &mut Sketcher,
        fields: &BTreeMap<String, Field>,
        to_target: impl Fn(ItemFrame) -> ItemFrame,
        size: (usize, usize),
        table: &mut [u8],
    ) -> i32 {
        let mut rows = table.chunks_exact_mut(size_of::<FieldPlaced>());
        let mut count = 0;
        sketcher.each_layer(fields, |part| {
            let Some(&number) = self.numbers.get(part.kind).and_then(|numbers| numbers.get(part.index)) else { return };
            let Some(placed) = put(number, &part, to_target(part.frame), size) else { return };
            if let Some(row) = rows.next() {
                row.copy_from_slice(placed.bytes());
                count += 1;
            }
        });
        count
    }

    /// One layer of one kind put into a frame: for checks.
    #[cfg(test)]
    pub fn put(&self, part: &Part, size: (usize, usize)) -> Option<FieldPlaced> {
        put(self.numbers[part.kind][part.index], part, part.frame, size)
    }
}

fn put(number: i32, part: &Part, frame: ItemFrame, size: (usize, usize)) -> Option<FieldPlaced> {
    let layer = part.layer;
    let placed = PlacedChart::new(&layer.chart, frame, part.params)?;
    let (columns, rows) = layer.reach(&placed, size)?;
    let (cos_phi, sin_phi) = placed.phi();
    let mut params = [0.0; PARAMS];
    params.iter_mut().zip(part.params).for_each(|(to, &from)| *to = from);
    let mut wings = [[0.0; 4]; SURFACES];
    if let Chart::Ray { surfaces } = &layer.chart {
        for (to, surface) in wings.iter_mut().zip(surfaces) {
            if let charts::Surface::Wings { index, swing, swing_by, lift, lift_by, .. } = *surface {
                let beat = part.params[index];
                let ((sin_s, cos_s), (sin_r, cos_r)) =
                    ((swing + swing_by * beat).sin_cos(), (lift + lift_by * beat).sin_cos());
                *to = [sin_s, cos_s, sin_r, cos_r];
            }
        }
    }
    let three = |v: Vec3| [v.x, v.y, v.z];
    let two = |v: Vec2| [v.x, v.y];
    Some(FieldPlaced {
        layer: number,
        behind: i32::from(layer.order == Order::Behind),
        columns: [columns.start as i32, columns.end as i32],
        rows: [rows.start as i32, rows.end as i32],
        origin: two(placed.frame.o),
        inverse: placed.inverse.map(two),
        view: three(placed.view),
        right: three(placed.right),
        up: three(placed.up),
        ppu: placed.ppu,
        cos_phi,
        sin_phi,
        opacity: part.dress.opacity,
        tint: part.dress.tint,
        secondary: part.dress.secondary,
        params,
        wings,
    })
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
