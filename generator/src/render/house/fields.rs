//! Items as small neural fields: from the chart coordinates of a pixel to its colour and coverage.
//!
//! `items.json` says for every kind which frame it is worn in, its chart, and the layers of its network;
//! `items.safetensors` holds the weights. Evaluated only where an item can be, at whatever resolution is asked for.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::Path;

use pulp::{Arch, Simd, WithSimd};
use safetensors::{Dtype, SafeTensors};
use serde::Deserialize;

use super::charts::{Chart, PlacedChart, Source};
use super::frames::ItemFrame;
use super::geometry::Vec2;
use super::lattice::{Lattice, Nodes, mixed};
use super::planes::{Fit, Rgba};
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
    edge_range: f32,
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
    /// Distance from the outline up to which the first output is one, in units.
    pub edge_range: f32,
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
    let inputs = table
        .inputs
        .iter()
        .map(|input| {
            let source = read_source(&input.source, &chart, params).map_err(|what| format!("{kind}.{name}: {what}"))?;
            let InputTable { center, scale, identity, base, octaves, .. } = *input;
            Ok(Input { source, center, scale, identity, base, octaves })
        })
        .collect::<Result<Vec<_>, String>>()?;
    let width: usize = inputs.iter().map(Input::width).sum();
    if table.layers.len() < 2 || table.layers.first() != Some(&width) || table.layers.last() != Some(&4) {
        let is = &table.layers;
        return Err(format!(
            "{kind}.{name}: the network must go from {width} inputs to 4 outputs, as [{width}, 4], it is {is:?}"
        ));
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
        edge_range: table.edge_range,
        low: Vec2::new(first[0], second[0]),
        high: Vec2::new(first[1], second[1]),
    })
}

/// A source that the chart has.
fn read_source(name: &str, chart: &Chart, params: &[String]) -> Result<Source, String> {
    let source = Source::parse(name, params).ok_or_else(|| format!("there is no source called {name}"))?;
    let Source::Surface(index, _) = source else { return Ok(source) };
    let surfaces = chart.surfaces();
    let Some(surface) = surfaces.get(index) else {
        return Err(format!(
            "source {name} needs surface {index}, the chart has {}, counted from 0; take another source",
            surfaces.len()
        ));
    };
    let (called, said) = surface.says();
    match name.split_once('.') {
        Some((_, what)) if said.contains(&what) => Ok(source),
        _ => Err(format!(
            "there is no source called {name}: surface {index} is of kind {called}, which has {}; take one of those",
            said.join(", ")
        )),
    }
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

/// A line of pixels of one of the pictures that a layer is drawn into.
struct Line<'a> {
    layer: &'a Layer,
    lattice: &'a Lattice,
    dress: Dress,
    /// Pixels of the picture per unit of the item.
    ppu: f32,
    /// Room for one row of nodes.
    nodes: &'a mut Vec<[f32; 4]>,
    /// Where the line lies and where it begins, and how wide its pixels are, in pixels of the camera.
    y: f32,
    x: f32,
    per: f32,
}

/// Draws some columns of a line over `row`.
struct Colour<'a> {
    line: Line<'a>,
    columns: Range<usize>,
    row: &'a mut [f32],
}

impl WithSimd for Colour<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        let Self { line: Line { layer, lattice, dress, ppu, nodes, y, x: start, per }, columns, row } = self;
        let x = |column: usize| start + (column as f32 + 0.5) * per;
        let first = lattice.row(y, (x(columns.start), x(columns.end - 1)), nodes);
        let outside = -0.5 / (layer.edge_unit * ppu);
        let last = nodes.len() - 2;
        for column in columns {
            let at = lattice.column(x(column));
            let node = (at as usize).saturating_sub(first).min(last);
            let (here, next) = (nodes[node], nodes[node + 1]);
            if here[0].max(next[0]) <= outside {
                continue;
            }
            let raw = mixed(here, next, at - (first + node) as f32);
            if raw[0] <= outside {
                continue;
            }
            let colour = layer.shade(raw, ppu, dress);
            let pixel = &mut row[column * 4..column * 4 + 4];
            for k in 0..4 {
                pixel[k] = colour[k] + pixel[k] * (1.0 - colour[3]);
            }
        }
    }
}

/// A named colour as the colour of a thing: pure blue would look the same in light and shadow, so it keeps a little away
/// from both ends of every channel.
fn as_paint(named: [f32; 3]) -> [f32; 3] {
    named.map(|value| 0.16 + 0.78 * value)
}

impl Layer {
    /// Draws the layer over two pictures (premultiplied): the camera's, in whose pixels the frame is measured, and the
    /// model's, in which the camera's lies as `fit` says.
    ///
    /// The network is asked at the nodes of one lattice; between them its outputs are interpolated. Coverage is a signed
    /// distance until it is compared with a pixel, so edges are as sharp as the pixels of either picture are (Green,
    /// "Improved alpha-tested magnification for vector textures and special effects", SIGGRAPH 2007).
    pub fn draw(
        &self,
        (frame, fit): (ItemFrame, Fit),
        params: &[f32],
        dress: Dress,
        (camera, model): (&mut Rgba, &mut Rgba),
        lattice: &mut Lattice,
        arch: Arch,
    ) {
        let Some(placed) = PlacedChart::new(&self.chart, frame, params) else { return };
        let per = 1.0 / fit.scale;
        let corner = Vec2::new(-fit.left * per, -fit.top * per);
        let (low, high) = self.extent(&placed);
        let low = Vec2::new(low.x.max(corner.x), low.y.max(corner.y));
        let far = corner + Vec2::new(model.width as f32, model.height as f32) * per;
        let high = Vec2::new(high.x.min(far.x), high.y.min(far.y));
        if low.x >= high.x || low.y >= high.y {
            return;
        }
        let nodes = Nodes::of_camera(camera.width, per, placed.ppu);
        // A camera of fewer pixels than the model has says too little about the model's picture.
        let finer = if fit.scale > 1.0 { Nodes::of_model(fit) } else { nodes };
        lattice.evaluate(self, &placed, (low, high), nodes, per, arch);
        for (picture, corner, per, wanted) in [(camera, Vec2::default(), 1.0, nodes), (model, corner, per, finer)] {
            if wanted != nodes {
                lattice.evaluate(self, &placed, (low, high), wanted, per, arch);
            }
            let lattice = &*lattice;
            let first = |low: f32, corner: f32| (((low - corner) / per - 0.5).ceil().max(0.0)) as usize;
            let end = |high: f32, corner: f32| (((high - corner) / per + 0.5).floor().max(0.0)) as usize;
            let rows = first(low.y, corner.y)..end(high.y, corner.y).min(picture.height);
            if rows.is_empty() {
                continue;
            }
            picture.rows(rows, Vec::new, |nodes, y, row| {
                let y = corner.y + (y as f32 + 0.5) * per;
                let Some((left, right)) = self.span(&placed, y, 0.0) else { return };
                let (left, right) = (left.max(low.x), right.min(high.x));
                let columns = first(left, corner.x)..end(right, corner.x).min(row.len() / 4);
                if columns.is_empty() {
                    return;
                }
                let line = Line { layer: self, lattice, dress, ppu: placed.ppu * per, nodes, y, x: corner.x, per };
                arch.dispatch(Colour { line, columns, row });
            });
        }
    }

    /// Upper left and lower right corner of what the layer's bounds reach into, in the frame's pixels.
    fn extent(&self, placed: &PlacedChart) -> (Vec2, Vec2) {
        let corners = [
            (self.low.x, self.low.y),
            (self.low.x, self.high.y),
            (self.high.x, self.low.y),
            (self.high.x, self.high.y),
        ]
        .map(|(a, b)| placed.picture(Vec2::new(a, b)));
        let least = |pick: fn(&Vec2) -> f32| corners.iter().map(pick).fold(f32::MAX, f32::min);
        let most = |pick: fn(&Vec2) -> f32| corners.iter().map(pick).fold(f32::MIN, f32::max);
        (Vec2::new(least(|c| c.x), least(|c| c.y)), Vec2::new(most(|c| c.x), most(|c| c.y)))
    }

    /// From where to where the layer's bounds, widened by `margin` units, reach along the line of all points with that
    /// `y`, or nothing; all but the margin in the frame's pixels.
    pub fn span(&self, placed: &PlacedChart, y: f32, margin: f32) -> Option<(f32, f32)> {
        // A hundred pixels apart, since view coordinates are linear in the place.
        const APART: f32 = 100.0;
        let middle = placed.frame.o.x;
        let here = placed.locate(Vec2::new(middle, y)).across;
        let there = placed.locate(Vec2::new(middle + APART, y)).across;
        let (mut left, mut right) = (f32::MIN, f32::MAX);
        for (here, there, low, high) in
            [(here.x, there.x, self.low.x, self.high.x), (here.y, there.y, self.low.y, self.high.y)]
        {
            let (low, high, slope) = (low - margin, high + margin, (there - here) / APART);
            if slope.abs() > 1e-9 {
                let (a, b) = ((low - here) / slope, (high - here) / slope);
                (left, right) = (left.max(middle + a.min(b)), right.min(middle + a.max(b)));
            } else if here < low || here > high {
                return None;
            }
        }
        (left <= right).then_some((left, right))
    }

    /// Columns and rows of a picture of that size that the layer's bounds reach into.
    #[cfg(test)]
    pub fn reach(&self, placed: &PlacedChart, size: (usize, usize)) -> Option<(Range<usize>, Range<usize>)> {
        let (low, high) = self.extent(placed);
        let span =
            |low: f32, high: f32, size: usize| low.floor().max(0.0) as usize..(high.ceil().max(0.0) as usize).min(size);
        let (columns, rows) = (span(low.x, high.x, size.0), span(low.y, high.y, size.1));
        (!columns.is_empty() && !rows.is_empty()).then_some((columns, rows))
    }

    /// The network's four outputs for pixel positions, before they become colour: what the stored references hold.
    #[cfg(test)]
    pub fn raw(&self, frame: ItemFrame, params: &[f32], pixels: &[Vec2]) -> Option<Vec<[f32; 4]>> {
        let placed = PlacedChart::new(&self.chart, frame, params)?;
        Some(pixels.iter().map(|&p| super::lattice::at(self, &placed, p)).collect())
    }

    #[cfg(test)]
    pub fn is_within_bounds(&self, frame: ItemFrame, params: &[f32], pixel: Vec2) -> bool {
        let within = |placed: PlacedChart| {
            let (at, low, high) = (placed.locate(pixel).across, self.low, self.high);
            (low.x..=high.x).contains(&at.x) && (low.y..=high.y).contains(&at.y)
        };
        PlacedChart::new(&self.chart, frame, params).is_some_and(within)
    }

    /// Premultiplied colour of raw outputs.
    #[inline(always)]
    #[must_use]
    pub fn shade(&self, raw: [f32; 4], ppu: f32, dress: Dress) -> [f32; 4] {
        let alpha = (0.5 + raw[0] * self.edge_unit * ppu).clamp(0.0, 1.0) * dress.opacity;
        let (diffuse, highlight) = (raw[1].clamp(0.0, 1.5), raw[2].clamp(0.0, 1.0));
        let own = (0.5 + raw[3] * self.mask_unit * ppu).clamp(0.0, 1.0);
        let mut colour = [0.0, 0.0, 0.0, alpha];
        for (k, channel) in colour[..3].iter_mut().enumerate() {
            let paint = own * dress.tint[k] + (1.0 - own) * dress.secondary[k];
            *channel = (paint * diffuse + highlight).clamp(0.0, 1.0) * alpha;
        }
        colour
    }

    /// Pixels per unit of the layer's chart in a frame, or `None` where it can't be seen.
    #[cfg(test)]
    pub fn ppu(&self, frame: ItemFrame) -> Option<f32> {
        PlacedChart::new(&self.chart, frame, &[]).map(|placed| placed.ppu)
    }
}

#[cfg(test)]
mod tests;
