//! An item's network at the nodes of a lattice, from which every picture of the item takes what lies between.

use std::f32::consts::FRAC_1_SQRT_2;
use std::ops::Range;

use pulp::{Arch, Simd, WithSimd};
use rayon::iter::{IndexedParallelIterator, ParallelIterator};
use rayon::slice::ParallelSliceMut;

use super::charts::{PlacedChart, Source, SurfaceSource};
use super::elementary::sin_cos;
use super::fields::Layer;
use super::geometry::Vec2;
use super::planes::Fit;

/// Pixels that go through a network together: a multiple of [`VECTORS`] vectors on every machine.
const LANES: usize = 32;
/// Vectors of pixels that stay in registers, for four neurons at a time.
const VECTORS: usize = 2;

/// Where nodes may be: whole multiples of the spacing away from `origin`, in pixels of the camera.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Nodes {
    pub origin: Vec2,
    pub spacing: f32,
}

impl Nodes {
    /// For the camera's picture and an item of that many of its pixels a unit: about 320 nodes across the picture, two for
    /// a pixel of the model where that is less, but never further apart than a twentieth of the unit, about the narrowest
    /// thing that an item has. `per`: pixels of the camera in one of the model.
    pub fn of_camera(width: usize, per: f32, ppu: f32) -> Self {
        let by_picture = ((width + 160) / 320).max((per / 2.0) as usize);
        let step = by_picture.min((ppu / 20.0) as usize).max(1);
        Self { origin: Vec2::new(0.5, 0.5), spacing: step as f32 }
    }

    /// One for each pixel of the model's picture.
    pub fn of_model(fit: Fit) -> Self {
        let first = |before: f32| (0.5 - before) / fit.scale;
        Self { origin: Vec2::new(first(fit.left), first(fit.top)), spacing: 1.0 / fit.scale }
    }
}

/// A batch of pixels to be put through a network.
struct Run<'a, 'b> {
    batch: &'a mut Batch,
    layer: &'a Layer,
    placed: &'a PlacedChart<'b>,
}

impl WithSimd for Run<'_, '_> {
    type Output = ();

    /// The result is in `batch.from`.
    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        self.batch.tell(self.layer, self.placed);
        self.batch.forward(simd, self.layer);
    }
}

#[inline(always)]
fn hardswish<S: Simd>(simd: S, x: S::f32s) -> S::f32s {
    let (zero, one) = (simd.splat_f32s(0.0), simd.splat_f32s(1.0));
    let gate = simd.mul_add_f32s(x, simd.splat_f32s(1.0 / 6.0), simd.splat_f32s(0.5));
    simd.mul_f32s(x, simd.min_f32s(simd.max_f32s(gate, zero), one))
}

/// Up to [`LANES`] pixels on their way through a network; values stand lane by lane within each channel.
struct Batch {
    count: usize,
    /// Which node each of them is.
    nodes: [usize; LANES],
    /// Where each of them is, in pixels of the camera.
    x: [f32; LANES],
    y: [f32; LANES],
    from: Vec<f32>,
    to: Vec<f32>,
}

impl Batch {
    fn new(layer: &Layer) -> Self {
        let widest = layer.network.iter().map(|d| d.inputs.max(d.bias.len())).max().unwrap_or(4);
        let room = || vec![0.0; widest * LANES];
        Self { count: 0, nodes: [0; LANES], x: [0.0; LANES], y: [0.0; LANES], from: room(), to: room() }
    }

    /// Takes in one more node; runs the batch once it is full.
    #[inline]
    fn push(&mut self, to: &mut To, node: usize, (x, y): (f32, f32)) {
        (self.nodes[self.count], self.x[self.count], self.y[self.count]) = (node, x, y);
        self.count += 1;
        if self.count == LANES {
            self.flush(to);
        }
    }

    /// Runs what was pushed and puts the outputs to their nodes.
    fn flush(&mut self, to: &mut To) {
        if self.count > 0 {
            to.arch.dispatch(Run { batch: self, layer: to.layer, placed: to.placed });
        }
        for lane in 0..self.count {
            let out = |k: usize| self.from[k * LANES + lane];
            to.nodes[self.nodes[lane]] = [out(0), out(1), out(2), out(3)];
        }
        self.count = 0;
    }

    /// Puts what the network is told about the pixels into `from`.
    #[inline(always)]
    fn tell(&mut self, layer: &Layer, placed: &PlacedChart) {
        let Self { x, y, from, .. } = self;
        let (mut across, mut x0) = ([[0.0; LANES]; 2], [[0.0; LANES]; 3]);
        for i in 0..LANES {
            let at = placed.locate(Vec2::new(x[i], y[i]));
            (across[0][i], across[1][i]) = (at.across.x, at.across.y);
            (x0[0][i], x0[1][i], x0[2][i]) = (at.x0.x, at.x0.y, at.x0.z);
        }
        let mut surface = (usize::MAX, [[0.0; LANES]; 5]);
        let mut channels = from.chunks_exact_mut(LANES);
        let mut put = |values: &[f32; LANES]| {
            if let Some(channel) = channels.next() {
                channel.copy_from_slice(values);
            }
        };
        for input in &layer.inputs {
            let value = match input.source {
                Source::U | Source::A => across[0],
                Source::V | Source::B => across[1],
                Source::CosPhi => [placed.phi().0; LANES],
                Source::SinPhi => [placed.phi().1; LANES],
                Source::Param(index) => [placed.params[index]; LANES],
                Source::ViewX => [placed.view.x; LANES],
                Source::ViewY => [placed.view.y; LANES],
                Source::ViewZ => [placed.view.z; LANES],
                Source::Surface(index, what) => {
                    if surface.0 != index {
                        placed.surface(index, &x0, &mut surface.1);
                        surface.0 = index;
                    }
                    match what {
                        SurfaceSource::FrontTheta | SurfaceSource::X | SurfaceSource::Along => surface.1[0],
                        SurfaceSource::FrontH | SurfaceSource::Z | SurfaceSource::H => surface.1[1],
                        SurfaceSource::BackTheta | SurfaceSource::Side => surface.1[2],
                        SurfaceSource::BackH => surface.1[3],
                        SurfaceSource::Gap => surface.1[4],
                    }
                }
            };
            let mut x = value;
            for x in &mut x {
                *x = (*x - input.center) * input.scale;
            }
            if input.identity {
                put(&x);
            }
            if input.octaves == 0 {
                continue;
            }
            let (mut sin, mut cos) = ([0.0; LANES], [0.0; LANES]);
            for i in 0..LANES {
                (sin[i], cos[i]) = sin_cos(input.base * x[i]);
            }
            for octave in 0..input.octaves {
                if octave > 0 {
                    for i in 0..LANES {
                        (sin[i], cos[i]) = (2.0 * sin[i] * cos[i], 1.0 - 2.0 * sin[i] * sin[i]);
                    }
                }
                put(&sin);
                put(&cos);
            }
        }
    }

    /// The network. Four neurons and [`VECTORS`] vectors of pixels at a time stay in registers.
    #[inline(always)]
    fn forward<S: Simd>(&mut self, simd: S, layer: &Layer) {
        let Self { from, to, .. } = self;
        let last = layer.network.len() - 1;
        for (i, dense) in layer.network.iter().enumerate() {
            let inputs = dense.inputs;
            let neurons = dense.weights.chunks_exact(4 * inputs).zip(dense.bias.chunks_exact(4));
            for (out, (weights, bias)) in to.chunks_exact_mut(4 * LANES).zip(neurons) {
                let (a, rest) = weights.split_at(inputs);
                let (b, rest) = rest.split_at(inputs);
                let (c, d) = rest.split_at(inputs);
                for lane in (0..LANES).step_by(VECTORS * S::F32_LANES) {
                    let together = lane..lane + VECTORS * S::F32_LANES;
                    let mut sums = [[simd.splat_f32s(0.0); VECTORS]; 4];
                    for (sums, &bias) in sums.iter_mut().zip(bias) {
                        *sums = [simd.splat_f32s(bias); VECTORS];
                    }
                    let mut here = sums; // a copy that stays in registers
                    let pixels = from.chunks_exact(LANES).zip(a).zip(b).zip(c).zip(d);
                    for ((((x, &a), &b), &c), &d) in pixels {
                        let x = S::as_simd_f32s(&x[together.clone()]).0;
                        let x: [S::f32s; VECTORS] = std::array::from_fn(|v| x[v]);
                        for (n, weight) in [a, b, c, d].into_iter().enumerate() {
                            let weight = simd.splat_f32s(weight);
                            for v in 0..VECTORS {
                                here[n][v] = simd.mul_add_f32s(weight, x[v], here[n][v]);
                            }
                        }
                    }
                    sums = here;
                    for (out, sums) in out.chunks_exact_mut(LANES).zip(sums) {
                        let out = S::as_mut_simd_f32s(&mut out[together.clone()]).0;
                        for (out, sum) in out.iter_mut().zip(sums) {
                            *out = if i < last { hardswish(simd, sum) } else { sum };
                        }
                    }
                }
            }
            std::mem::swap(from, to);
        }
    }
}

/// Where a batch goes through, and where its outputs go to.
struct To<'a, 'b> {
    layer: &'a Layer,
    placed: &'a PlacedChart<'b>,
    arch: Arch,
    nodes: &'a mut [[f32; 4]],
}

/// A network's outputs at the nodes of a part of the picture.
#[derive(Clone, Debug, Default)]
pub struct Lattice {
    nodes: Vec<[f32; 4]>,
    /// Every so-many-th node in both directions, which are asked first.
    coarse: Vec<[f32; 4]>,
    /// Nodes in a row and in a column, at least two.
    size: (usize, usize),
    /// Of the first node, in pixels of the camera.
    origin: Vec2,
    spacing: f32,
    /// Whether all nodes within the bounds are asked: for comparison.
    #[cfg(test)]
    pub whole: bool,
    /// Nodes along a side of the blocks of the last evaluation.
    #[cfg(test)]
    side: usize,
}

/// Outputs far outside of anything.
const NOTHING: [f32; 4] = [-1e3, 0.0, 0.0, 0.0];
/// Most nodes along the side of a block that is asked only at its corners if nothing is in it.
const MOST_BLOCK: usize = 8;

/// Nodes, or every so-many-th of them: where they are.
#[derive(Clone, Copy)]
struct Places {
    origin: Vec2,
    spacing: f32,
    columns: usize,
}

impl Places {
    fn x(&self, i: usize) -> f32 {
        self.origin.x + i as f32 * self.spacing
    }

    fn y(&self, j: usize) -> f32 {
        self.origin.y + j as f32 * self.spacing
    }

    /// The columns of row `j` that lie within the layer's bounds, widened by so many pixels of the camera.
    fn within(&self, layer: &Layer, placed: &PlacedChart, j: usize, margin: f32) -> Range<usize> {
        let Some((low, high)) = layer.span(placed, self.y(j), margin / placed.ppu) else { return 0..0 };
        let first = ((low - self.origin.x) / self.spacing).ceil().max(0.0) as usize;
        let end = (((high - self.origin.x) / self.spacing).floor() + 1.0).max(0.0) as usize;
        first..end.min(self.columns)
    }
}

impl Lattice {
    /// Asks the network of a layer at all nodes between two corners that could matter. `model`: pixels of the camera in
    /// one of the model, the coarsest picture that will be drawn.
    pub fn evaluate(
        &mut self,
        layer: &Layer,
        placed: &PlacedChart,
        (low, high): (Vec2, Vec2),
        nodes: Nodes,
        model: f32,
        arch: Arch,
    ) {
        let spacing = nodes.spacing;
        let along = |low: f32, high: f32, origin: f32| {
            let first = ((low - origin) / spacing).floor();
            let count = ((high - origin) / spacing).ceil() - first + 1.0;
            (origin + first * spacing, (count as usize).max(2))
        };
        let ((left, width), (top, height)) =
            (along(low.x, high.x, nodes.origin.x), along(low.y, high.y, nodes.origin.y));
        (self.size, self.origin, self.spacing) = ((width, height), Vec2::new(left, top), spacing);

        let block = Block::new(layer, placed, spacing, model);
        #[cfg(test)]
        let block = if self.whole { Block { side: 1, ..block } } else { block };
        #[cfg(test)]
        {
            self.side = block.side;
        }
        let coarse = Places {
            origin: self.origin,
            spacing: spacing * block.side as f32,
            columns: (width - 1).div_ceil(block.side) + 1,
        };
        self.coarse.clear();
        if block.side > 1 {
            self.coarse.resize(coarse.columns * ((height - 1).div_ceil(block.side) + 1), NOTHING);
            // So wide that every corner of a block that reaches into the bounds is asked.
            let margin = 1.5 * coarse.spacing;
            self.coarse.par_chunks_mut(4 * coarse.columns).enumerate().for_each_init(
                || Batch::new(layer),
                |batch, (band, nodes)| {
                    let rows = nodes.len() / coarse.columns;
                    let mut to = To { layer, placed, arch, nodes };
                    for j in 0..rows {
                        for i in coarse.within(layer, placed, 4 * band + j, margin) {
                            batch.push(&mut to, j * coarse.columns + i, (coarse.x(i), coarse.y(4 * band + j)));
                        }
                    }
                    batch.flush(&mut to);
                },
            );
        }

        let fine = Places { origin: self.origin, spacing, columns: width };
        let asked = |i: usize, j: usize| self.coarse[j * coarse.columns + i];
        self.nodes.clear();
        self.nodes.resize(width * height, NOTHING);
        self.nodes.par_chunks_mut(MOST_BLOCK * width).enumerate().for_each_init(
            || Batch::new(layer),
            |batch, (band, nodes)| {
                let (top, end) = (band * MOST_BLOCK, band * MOST_BLOCK + nodes.len() / width);
                let mut to = To { layer, placed, arch, nodes };
                for first in (top..end).step_by(block.side) {
                    let rows = first..(first + block.side).min(end);
                    let mut columns = [const { 0..0 }; MOST_BLOCK];
                    for (columns, j) in columns.iter_mut().zip(rows.clone()) {
                        *columns = fine.within(layer, placed, j, 2.5 * spacing);
                    }
                    let reach = columns.iter().filter(|c| !c.is_empty());
                    let Some(left) = reach.clone().map(|c| c.start).min() else { continue };
                    let right = reach.map(|c| c.end).max().unwrap_or(left);
                    for start in (left - left % block.side..right).step_by(block.side) {
                        if block.side > 1 {
                            let (i, j) = (start / block.side, first / block.side);
                            let corners = [(i, j), (i + 1, j), (i, j + 1), (i + 1, j + 1)];
                            // The last node of a row or column may be the corner of no block.
                            let inside = |&(i, j): &(usize, usize)| {
                                i < coarse.columns && (j + 1) * coarse.columns <= self.coarse.len()
                            };
                            if corners.iter().filter(|at| inside(at)).all(|&(i, j)| asked(i, j)[0] < block.empty) {
                                continue;
                            }
                        }
                        for (columns, j) in columns.iter().zip(rows.clone()) {
                            for i in start.max(columns.start)..(start + block.side).min(columns.end) {
                                let node = (j - top) * width + i;
                                if block.side > 1 && i % block.side == 0 && j % block.side == 0 {
                                    to.nodes[node] = asked(i / block.side, j / block.side);
                                } else {
                                    batch.push(&mut to, node, (fine.x(i), fine.y(j)));
                                }
                            }
                        }
                    }
                }
                batch.flush(&mut to);
            },
        );
    }

    /// Mixes the two rows of nodes about `y`, in pixels of the camera, into `row`, from the node before `left` to the one
    /// after `right`; the number of the first.
    #[inline(always)]
    pub fn row(&self, y: f32, (left, right): (f32, f32), row: &mut Vec<[f32; 4]>) -> usize {
        let (width, height) = self.size;
        let at = ((y - self.origin.y) / self.spacing).max(0.0);
        let above = (at as usize).min(height - 2);
        let down = at - above as f32;
        let first = (self.column(left) as usize).min(width - 2);
        let end = (self.column(right) as usize + 2).clamp(first + 2, width);
        let upper = &self.nodes[above * width..][first..end];
        let lower = &self.nodes[(above + 1) * width..][first..end];
        row.resize(end - first, NOTHING);
        for (out, (a, b)) in row.iter_mut().zip(upper.iter().zip(lower)) {
            *out = mixed(*a, *b, down);
        }
        first
    }

    /// How many nodes the network was asked at. Those that are coarse ones too were asked there.
    #[cfg(test)]
    pub fn asked(&self) -> usize {
        let (width, side) = (self.size.0, self.side);
        let on_both = |i: usize| (i % width).is_multiple_of(side) && (i / width).is_multiple_of(side);
        let is_coarse = |i: usize| side > 1 && on_both(i);
        let fine = self.nodes.iter().enumerate().filter(|&(i, _)| !is_coarse(i)).map(|(_, node)| node);
        fine.chain(&self.coarse).filter(|node| node[0] > NOTHING[0]).count()
    }

    /// How many nodes a place lies right of the first, from its x in pixels of the camera.
    #[inline(always)]
    pub fn column(&self, x: f32) -> f32 {
        ((x - self.origin.x) / self.spacing).max(0.0)
    }
}

/// Blocks of nodes that are asked at their corners first: where all four say that the outline is further away than the
/// block is large, nothing is in it.
struct Block {
    /// Nodes along a side; 1: all are asked.
    side: usize,
    /// Outputs below this one are further away than that.
    empty: f32,
}

impl Block {
    fn new(layer: &Layer, placed: &PlacedChart, spacing: f32, model: f32) -> Self {
        /// Fields are nearly, not quite, the distance that they learned.
        const DOUBT: f32 = 1.2;
        // From a corner to the middle of the block, and half a pixel of soft edge.
        let away = |side: usize| DOUBT * side as f32 * spacing * FRAC_1_SQRT_2 + 0.5 * model.max(1.0) + 0.5;
        let knows = |side: &usize| away(*side) <= layer.edge_range * placed.ppu;
        let side = [MOST_BLOCK, MOST_BLOCK / 2, MOST_BLOCK / 4].into_iter().find(knows).unwrap_or(1);
        Self { side, empty: -away(side) / (layer.edge_unit * placed.ppu) }
    }
}

/// From `a` towards `b`; written out, since closures are not made vectors of.
#[inline(always)]
pub fn mixed(a: [f32; 4], b: [f32; 4], share: f32) -> [f32; 4] {
    let mut out = a;
    for k in 0..4 {
        out[k] += share * (b[k] - a[k]);
    }
    out
}

/// The outputs at one pixel position.
#[cfg(test)]
pub fn at(layer: &Layer, placed: &PlacedChart, p: Vec2) -> [f32; 4] {
    let (mut batch, mut node) = (Batch::new(layer), [NOTHING]);
    let mut to = To { layer, placed, arch: Arch::new(), nodes: &mut node };
    batch.push(&mut to, 0, (p.x, p.y));
    batch.flush(&mut to);
    node[0]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::house::nets::PAINT;

    /// The spacing for a camera of that size, and how many nodes the model's whole picture would take.
    fn of(camera: (usize, usize)) -> (f32, f32) {
        let per = 1.0 / Fit::new(camera, PAINT).scale;
        let Nodes { spacing, .. } = Nodes::of_camera(camera.0, per, 1e6);
        (spacing, (PAINT.0 as f32 * per / spacing) * (PAINT.1 as f32 * per / spacing))
    }

    #[test]
    fn a_picture_of_any_shape_takes_a_bounded_number_of_nodes() {
        let spacings = [(640, 480), (1280, 720), (1920, 1080)].map(|camera| of(camera).0);
        assert_eq!(spacings, [2.0, 4.0, 6.0]);
        for camera in
            [(16, 16), (256, 192), (479, 360), (1920, 1080), (1080, 1920), (16, 8192), (8192, 16), (8192, 8192)]
        {
            let (spacing, nodes) = of(camera);
            assert!(nodes < 800_000.0, "{camera:?}: {nodes} nodes {spacing} apart");
        }
    }
}
