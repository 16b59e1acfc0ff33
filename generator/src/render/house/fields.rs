//! Items as small neural fields: from the chart coordinates of a pixel to its colour and coverage.
//!
//! `items.json` says for every kind which frame it is worn in, its chart, and the layers of its network;
//! `items.safetensors` holds the weights. Evaluated only where an item can be, at whatever resolution is asked for.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::Path;

use pulp::Arch;
use safetensors::{Dtype, SafeTensors};
use serde::Deserialize;

use super::charts::{Chart, PlacedChart, Source};
use super::frames::ItemFrame;
use super::geometry::Vec2;
use super::lattice::Lattice;
use super::planes::Rgba;
use super::weights::Assets;
use crate::render::RenderError;

/// Which part of the body an item hangs on.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub enum Attachment {
    Head,
    Shoulders,
    /// Held upright, along the hand.
    Hand,
    /// Before the fist, facing the camera.
    Arm,
    /// Not on the body: it flies next to the head.
    Beside,
}

impl Attachment {
    /// Whether a hand holds it.
    #[must_use]
    pub fn is_held(self) -> bool {
        matches!(self, Self::Hand | Self::Arm)
    }
}

/// Whether a layer is drawn over the person or between the person and the backdrop.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub enum Order {
    Front,
    Behind,
}

#[derive(Deserialize)]
struct Table {
    version: u32,
    kinds: BTreeMap<String, KindTable>,
}

#[derive(Deserialize)]
struct KindTable {
    frame: Attachment,
    natural_size: f32,
    scale_about: [f32; 3],
    tint: [f32; 3],
    secondary: [f32; 3],
    /// Share by which a named colour tints the secondary colour too.
    #[serde(default)]
    secondary_follows: f32,
    #[serde(default)]
    params: Vec<String>,
    #[serde(default)]
    motion: BTreeMap<String, Motion>,
    layers: Vec<LayerTable>,
}

/// How a parameter follows the time.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Motion {
    pub wave: Wave,
    pub period_s: f64,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Wave {
    Sin,
    Cos,
}

impl Motion {
    /// The value at a time, in -1..=1.
    fn at(self, seconds: f64) -> f32 {
        // Whole turns are left out while there are digits for it.
        let turn = std::f64::consts::TAU * (seconds / self.period_s).fract();
        (match self.wave {
            Wave::Sin => turn.sin(),
            Wave::Cos => turn.cos(),
        }) as f32
    }
}

#[derive(Deserialize)]
struct LayerTable {
    name: String,
    order: Order,
    chart: Chart,
    inputs: Vec<InputTable>,
    layers: Vec<usize>,
    activation: String,
    edge_unit: f32,
    mask_unit: f32,
    bounds: BTreeMap<String, [f32; 2]>,
}

#[derive(Deserialize)]
struct InputTable {
    source: String,
    center: f32,
    scale: f32,
    identity: bool,
    base: f32,
    octaves: u32,
}

/// Everything that is known about one kind of item.
#[derive(Debug)]
pub struct Field {
    pub attachment: Attachment,
    pub natural_size: f32,
    pub scale_about: [f32; 3],
    /// Colour when nobody named one, 0..1.
    pub tint: [f32; 3],
    secondary: [f32; 3],
    secondary_follows: f32,
    params: Vec<Param>,
    pub layers: Vec<Layer>,
}

/// A source beside those of the chart.
#[derive(Debug)]
struct Param {
    #[cfg_attr(not(test), expect(dead_code, reason = "tests set parameters by name"))]
    name: String,
    motion: Option<Motion>,
}

/// One drawn layer of an item: its chart and its network.
#[derive(Debug)]
pub struct Layer {
    #[cfg_attr(not(test), expect(dead_code, reason = "tests find layers by name"))]
    name: String,
    pub order: Order,
    pub chart: Chart,
    pub inputs: Vec<Input>,
    pub network: Vec<Dense>,
    pub edge_unit: f32,
    pub mask_unit: f32,
    /// View coordinates outside of which nothing is drawn: lowest, highest.
    pub low: Vec2,
    pub high: Vec2,
}

/// One input of a network: a coordinate, as itself and as sines and cosines of rising frequency.
#[derive(Debug)]
pub struct Input {
    pub source: Source,
    pub center: f32,
    pub scale: f32,
    /// Whether the coordinate itself is among the inputs.
    pub identity: bool,
    pub base: f32,
    pub octaves: u32,
}

impl Input {
    fn width(&self) -> usize {
        usize::from(self.identity) + 2 * self.octaves as usize
    }
}

/// A fully connected layer.
#[derive(Debug)]
pub struct Dense {
    /// (out, in), row by row.
    pub weights: Vec<f32>,
    pub bias: Vec<f32>,
    pub inputs: usize,
}

/// The fields of all kinds in `assets`, their checksums verified.
pub fn load(assets: &Assets) -> Result<BTreeMap<String, Field>, RenderError> {
    let (table, numbers) = (assets.take("house/items.json")?, assets.take("house/items.safetensors")?);
    read(&table.bytes, &table.path, &numbers.bytes, &numbers.path)
}

/// Reads `items.json` and `items.safetensors`.
fn read(
    table: &[u8],
    table_path: &Path,
    weights: &[u8],
    weights_path: &Path,
) -> Result<BTreeMap<String, Field>, RenderError> {
    let table: Table = serde_json::from_slice(table).map_err(|e| RenderError::unfit(table_path, e))?;
    if table.version != 1 {
        return Err(RenderError::unfit(table_path, format!("version 1 is understood, it is {}", table.version)));
    }
    let tensors = SafeTensors::deserialize(weights).map_err(|e| RenderError::unfit(weights_path, e))?;
    let mut fields = BTreeMap::new();
    for (kind, entry) in table.kinds {
        let layers = entry
            .layers
            .iter()
            .map(|layer| {
                read_layer(&kind, layer, &entry.params, &tensors).map_err(|what| RenderError::unfit(table_path, what))
            })
            .collect::<Result<_, _>>()?;
        if let Some((name, _)) =
            entry.motion.iter().find(|(_, motion)| motion.period_s <= 0.0 || !motion.period_s.is_finite())
        {
            return Err(RenderError::unfit(table_path, format!("{kind}: the period of {name} must be above 0 s")));
        }
        let motion = |name: &String| entry.motion.get(name).copied();
        let params = entry.params.iter().map(|name| Param { name: name.clone(), motion: motion(name) }).collect();
        let field = Field {
            attachment: entry.frame,
            natural_size: entry.natural_size,
            scale_about: entry.scale_about,
            tint: entry.tint,
            secondary: entry.secondary,
            secondary_follows: entry.secondary_follows,
            params,
            layers,
        };
        fields.insert(kind, field);
    }
    Ok(fields)
}

fn read_layer(kind: &str, table: &LayerTable, params: &[String], tensors: &SafeTensors) -> Result<Layer, String> {
    let name = &table.name;
    if table.activation != "hardswish" {
        return Err(format!("{kind}.{name}: the activation must be hardswish, it is {}", table.activation));
    }
    let mut chart = table.chart.clone();
    chart.bind(params).map_err(|param| format!("{kind}.{name}: there is no parameter called {param}"))?;
    let surfaces = match &chart {
        Chart::Plane => 0,
        Chart::Ray { surfaces } => surfaces.len(),
    };
    let inputs = table
        .inputs
        .iter()
        .map(|input| {
            let source = Source::parse(&input.source, params)
                .filter(|source| !matches!(source, Source::Surface(index, _) if *index >= surfaces))
                .ok_or_else(|| format!("{kind}.{name}: there is no source called {}", input.source))?;
            let InputTable { center, scale, identity, base, octaves, .. } = *input;
            Ok(Input { source, center, scale, identity, base, octaves })
        })
        .collect::<Result<Vec<_>, String>>()?;
    let width: usize = inputs.iter().map(Input::width).sum();
    if table.layers.first() != Some(&width) || table.layers.last() != Some(&4) {
        return Err(format!("{kind}.{name}: the network must go from {width} to 4, it is {:?}", table.layers));
    }
    let network = table
        .layers
        .windows(2)
        .enumerate()
        .map(|(i, pair)| {
            let weights = tensor(tensors, &format!("{kind}.{name}.{i}.weight"), &[pair[1], pair[0]])?;
            let bias = tensor(tensors, &format!("{kind}.{name}.{i}.bias"), &[pair[1]])?;
            Ok(Dense { weights, bias, inputs: pair[0] })
        })
        .collect::<Result<Vec<_>, String>>()?;
    if table.layers[1..].iter().any(|neurons| neurons % 4 != 0) {
        return Err(format!("{kind}.{name}: layers must be of a multiple of 4 neurons, they are {:?}", table.layers));
    }
    let axes = match table.chart {
        Chart::Plane => ["u", "v"],
        Chart::Ray { .. } => ["a", "b"],
    };
    let bound =
        |axis: &str| table.bounds.get(axis).copied().ok_or(format!("{kind}.{name}: bounds of {axis} are missing"));
    let (first, second) = (bound(axes[0])?, bound(axes[1])?);
    Ok(Layer {
        name: name.clone(),
        order: table.order,
        chart,
        inputs,
        network,
        edge_unit: table.edge_unit,
        mask_unit: table.mask_unit,
        low: Vec2::new(first[0], second[0]),
        high: Vec2::new(first[1], second[1]),
    })
}

fn tensor(tensors: &SafeTensors, name: &str, shape: &[usize]) -> Result<Vec<f32>, String> {
    let view = tensors.tensor(name).map_err(|_| format!("the weights hold no {name}"))?;
    if view.shape() != shape || view.dtype() != Dtype::F32 {
        return Err(format!("{name} must be f32 {shape:?}, it is {:?} {:?}", view.dtype(), view.shape()));
    }
    Ok(view.data().chunks_exact(4).map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]])).collect())
}

/// How one layer is to be drawn.
#[derive(Clone, Copy, Debug)]
pub struct Dress {
    /// The item's own colour, 0..1.
    pub tint: [f32; 3],
    pub secondary: [f32; 3],
    /// How present the item is, 0..1: it fades in and out with what it hangs on.
    pub opacity: f32,
}

impl Field {
    /// The colours of an item, by the tint it was asked for.
    #[must_use]
    pub fn dress(&self, tint: Option<[f32; 3]>, opacity: f32) -> Dress {
        let tint = tint.map(as_paint);
        let secondary = match tint {
            // A blue sword is blue to the pommel; a silver crown keeps its red stones.
            Some(tint) => {
                std::array::from_fn(|k| self.secondary[k] + self.secondary_follows * (tint[k] - self.secondary[k]))
            }
            None => self.secondary,
        };
        Dress { tint: tint.unwrap_or(self.tint), secondary, opacity }
    }

    /// Whether any of it is drawn over the person.
    #[must_use]
    pub fn has_front(&self) -> bool {
        self.layers.iter().any(|layer| layer.order == Order::Front)
    }

    /// Puts the kind's parameters at a time into `params`; those that do not follow the time are 0.
    pub fn params_at(&self, seconds: f64, params: &mut Vec<f32>) {
        params.clear();
        params.extend(self.params.iter().map(|param| param.motion.map_or(0.0, |motion| motion.at(seconds))));
    }

    /// How each of the kind's parameters follows the time, nothing for one that does not.
    pub fn motions(&self) -> impl Iterator<Item = Option<Motion>> + '_ {
        self.params.iter().map(|param| param.motion)
    }

    /// The kind's parameters in its order, by name.
    #[cfg(test)]
    pub fn params(&self, known: &BTreeMap<String, f32>) -> Vec<f32> {
        self.params.iter().map(|param| known.get(&param.name).copied().unwrap_or(0.0)).collect()
    }

    #[cfg(test)]
    pub fn layer(&self, name: &str) -> Option<&Layer> {
        self.layers.iter().find(|layer| layer.name == name)
    }
}

/// A named colour as the colour of a thing: pure blue would look the same in light and shadow, so it keeps a little away
/// from both ends of every channel.
fn as_paint(named: [f32; 3]) -> [f32; 3] {
    named.map(|value| 0.10 + 0.82 * value)
}

impl Layer {
    /// Draws the layer over `target` (premultiplied), whose pixels the frame is measured in.
    ///
    /// The network is asked at the nodes of a lattice; between them its outputs are interpolated. Coverage is a signed
    /// distance until it is compared with a pixel, so edges stay as sharp as pixels are (Green, "Improved alpha-tested
    /// magnification for vector textures and special effects", SIGGRAPH 2007).
    pub fn draw(
        &self,
        frame: ItemFrame,
        params: &[f32],
        dress: Dress,
        target: &mut Rgba,
        lattice: &mut Lattice,
        arch: Arch,
    ) {
        let Some(placed) = PlacedChart::new(&self.chart, frame, params) else { return };
        let Some((columns, rows)) = self.reach(&placed, (target.width, target.height)) else { return };
        let step = Lattice::step(target.width, placed.ppu);
        lattice.evaluate(self, &placed, (columns.clone(), rows.clone()), step, arch);
        let lattice = &*lattice;
        target.rows(
            rows,
            || (),
            |(), y, row| {
                for (x, raw) in lattice.line(y) {
                    if !columns.contains(&x) || raw[0] * self.edge_unit * placed.ppu <= -0.5 {
                        continue;
                    }
                    let at = placed.locate(Vec2::new(x as f32 + 0.5, y as f32 + 0.5)).across;
                    if self.bounds(at, 0.0) {
                        let colour = self.shade(raw, placed.ppu, dress);
                        for (value, new) in row[x * 4..x * 4 + 4].iter_mut().zip(colour) {
                            *value = new + *value * (1.0 - colour[3]);
                        }
                    }
                }
            },
        );
    }

    /// Whether view coordinates are within the layer's bounds, widened by `margin`.
    pub fn bounds(&self, at: Vec2, margin: f32) -> bool {
        at.x >= self.low.x - margin
            && at.x <= self.high.x + margin
            && at.y >= self.low.y - margin
            && at.y <= self.high.y + margin
    }

    /// Columns and rows of a picture of that size that the layer's bounds reach into.
    pub fn reach(&self, placed: &PlacedChart, size: (usize, usize)) -> Option<(Range<usize>, Range<usize>)> {
        let corners = [
            (self.low.x, self.low.y),
            (self.low.x, self.high.y),
            (self.high.x, self.low.y),
            (self.high.x, self.high.y),
        ]
        .map(|(a, b)| placed.picture(Vec2::new(a, b)));
        let span = |pick: fn(&Vec2) -> f32, size: usize| {
            let low = corners.iter().map(pick).fold(f32::MAX, f32::min).floor().max(0.0) as usize;
            let high = corners.iter().map(pick).fold(f32::MIN, f32::max).ceil().max(0.0) as usize;
            low..high.min(size)
        };
        let (columns, rows) = (span(|c| c.x, size.0), span(|c| c.y, size.1));
        (!columns.is_empty() && !rows.is_empty()).then_some((columns, rows))
    }

    /// The network's four outputs for pixel positions, before they become colour: what the stored references hold.
    #[cfg(test)]
    pub fn raw(&self, frame: ItemFrame, params: &[f32], pixels: &[Vec2]) -> Option<Vec<[f32; 4]>> {
        let placed = PlacedChart::new(&self.chart, frame, params)?;
        Some(pixels.iter().map(|&p| super::lattice::at(self, &placed, p)).collect())
    }

    /// Premultiplied colour of raw outputs.
    #[must_use]
    pub fn shade(&self, raw: [f32; 4], ppu: f32, dress: Dress) -> [f32; 4] {
        let alpha = (0.5 + raw[0] * self.edge_unit * ppu).clamp(0.0, 1.0) * dress.opacity;
        let (diffuse, highlight) = (raw[1].clamp(0.0, 1.5), raw[2].clamp(0.0, 1.0));
        let own = (0.5 + raw[3] * self.mask_unit * ppu).clamp(0.0, 1.0);
        let channel = |k: usize| {
            let colour = own * dress.tint[k] + (1.0 - own) * dress.secondary[k];
            (colour * diffuse + highlight).clamp(0.0, 1.0) * alpha
        };
        [channel(0), channel(1), channel(2), alpha]
    }

    /// Pixels per unit of the layer's chart in a frame, or `None` where it can't be seen.
    #[cfg(test)]
    pub fn ppu(&self, frame: ItemFrame) -> Option<f32> {
        PlacedChart::new(&self.chart, frame, &[]).map(|placed| placed.ppu)
    }
}
