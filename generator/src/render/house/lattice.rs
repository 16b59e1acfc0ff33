//! Running an item's network at the nodes of a lattice of pixels.

use std::ops::Range;

use pulp::{Arch, Simd, WithSimd};
use rayon::iter::{IndexedParallelIterator, ParallelIterator};
use rayon::slice::ParallelSliceMut;

use super::charts::{Placed, PlacedChart, Source, SurfaceSource};
use super::fields::Layer;
use super::geometry::Vec2;

/// Pixels that go through a network together.
const LANES: usize = 32;

/// One run of a network on a batch.
struct Forward<'a> {
    batch: &'a mut Batch,
    layer: &'a Layer,
}

impl WithSimd for Forward<'_> {
    type Output = ();

    /// The result is in `batch.from`. Four neurons and two vectors of pixels at a time stay in registers.
    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { batch: Batch { from, to, .. }, layer } = self;
        let last = layer.network.len() - 1;
        for (i, dense) in layer.network.iter().enumerate() {
            let inputs = dense.inputs;
            let neurons = dense.weights.chunks_exact(4 * inputs).zip(dense.bias.chunks_exact(4));
            for (out, (weights, bias)) in to.chunks_exact_mut(4 * LANES).zip(neurons) {
                let (a, rest) = weights.split_at(inputs);
                let (b, rest) = rest.split_at(inputs);
                let (c, d) = rest.split_at(inputs);
                for lane in (0..LANES).step_by(2 * S::F32_LANES) {
                    let mut sums = [[simd.splat_f32s(0.0); 2]; 4];
                    for (sums, &bias) in sums.iter_mut().zip(bias) {
                        *sums = [simd.splat_f32s(bias); 2];
                    }
                    let mut here = sums; // a copy that stays in registers
                    let pixels = from.chunks_exact(LANES).zip(a).zip(b).zip(c).zip(d);
                    for ((((x, &a), &b), &c), &d) in pixels {
                        let x = S::as_simd_f32s(&x[lane..lane + 2 * S::F32_LANES]).0;
                        let weights = [simd.splat_f32s(a), simd.splat_f32s(b), simd.splat_f32s(c), simd.splat_f32s(d)];
                        for n in 0..4 {
                            for v in 0..2 {
                                here[n][v] = simd.mul_add_f32s(weights[n], x[v], here[n][v]);
                            }
                        }
                    }
                    sums = here;
                    for (out, sums) in out.chunks_exact_mut(LANES).zip(sums) {
                        let out = S::as_mut_simd_f32s(&mut out[lane..lane + 2 * S::F32_LANES]).0;
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

#[inline(always)]
fn hardswish<S: Simd>(simd: S, x: S::f32s) -> S::f32s {
    let (zero, one) = (simd.splat_f32s(0.0), simd.splat_f32s(1.0));
    let gate = simd.mul_add_f32s(x, simd.splat_f32s(1.0 / 6.0), simd.splat_f32s(0.5));
    simd.mul_f32s(x, simd.min_f32s(simd.max_f32s(gate, zero), one))
}

/// Up to [`LANES`] pixels on their way through a network; values stand lane by lane within each channel.
struct Batch {
    count: usize,
    columns: [usize; LANES],
    from: Vec<f32>,
    to: Vec<f32>,
}

impl Batch {
    fn new(layer: &Layer) -> Self {
        let widest = layer.network.iter().map(|d| d.inputs.max(d.bias.len())).max().unwrap_or(4);
        Self { count: 0, columns: [0; LANES], from: vec![0.0; widest * LANES], to: vec![0.0; widest * LANES] }
    }

    fn push(&mut self, layer: &Layer, placed: &PlacedChart, at: &Placed, x: usize) {
        let lane = self.count;
        let mut channel = 0;
        let mut put = |value: f32| {
            self.from[channel * LANES + lane] = value;
            channel += 1;
        };
        let mut surface = (usize::MAX, [0.0; 5]);
        for input in &layer.inputs {
            let value = match input.source {
                Source::U | Source::A => at.across.x,
                Source::V | Source::B => at.across.y,
                Source::CosPhi => placed.phi().0,
                Source::SinPhi => placed.phi().1,
                Source::Param(index) => placed.params[index],
                Source::ViewX => placed.view.x,
                Source::ViewY => placed.view.y,
                Source::ViewZ => placed.view.z,
                Source::Surface(index, what) => {
                    if surface.0 != index {
                        surface = (index, placed.surface(index, at));
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
            let x = (value - input.center) * input.scale;
            if input.identity {
                put(x);
            }
            let (mut sin, mut cos) = if input.octaves > 0 { (input.base * x).sin_cos() } else { (0.0, 1.0) };
            for octave in 0..input.octaves {
                if octave > 0 {
                    (sin, cos) = (2.0 * sin * cos, 1.0 - 2.0 * sin * sin);
                }
                put(sin);
                put(cos);
            }
        }
        self.columns[lane] = x;
        self.count += 1;
    }

    fn run(&mut self, layer: &Layer, arch: Arch) {
        arch.dispatch(Forward { batch: self, layer });
    }

    /// Runs what was pushed and puts the outputs to their nodes.
    fn flush(&mut self, layer: &Layer, nodes: &mut [[f32; 4]], arch: Arch) {
        if self.count > 0 {
            self.run(layer, arch);
        }
        for lane in 0..self.count {
            nodes[self.columns[lane]] = std::array::from_fn(|k| self.from[k * LANES + lane]);
        }
        self.count = 0;
    }
}

/// A network's outputs at every `step`th pixel of a part of a picture.
#[derive(Clone, Debug, Default)]
pub struct Lattice {
    nodes: Vec<[f32; 4]>,
    /// Nodes in a row.
    width: usize,
    step: usize,
    left: usize,
    top: usize,
}

/// Outputs far outside of anything.
const NOTHING: [f32; 4] = [-1e3, 0.0, 0.0, 0.0];

impl Lattice {
    /// Pixels between nodes: about 320 nodes across a picture, but never further apart than a twentieth of the item's
    /// unit, about the narrowest thing that an item has.
    pub fn step(width: usize, ppu: f32) -> usize {
        let by_picture = (width + 160) / 320;
        by_picture.min((ppu / 20.0) as usize).max(1)
    }

    pub fn evaluate(
        &mut self,
        layer: &Layer,
        placed: &PlacedChart,
        (columns, rows): (Range<usize>, Range<usize>),
        step: usize,
        arch: Arch,
    ) {
        let count = |pixels: usize| (pixels - 1).div_ceil(step) + 1;
        let (width, height) = (count(columns.len()), count(rows.len()));
        self.nodes.clear();
        self.nodes.resize(width * height, NOTHING);
        (self.width, self.step, self.left, self.top) = (width, step, columns.start, rows.start);
        let margin = 2.5 * step as f32 / placed.ppu;
        self.nodes.par_chunks_exact_mut(width).enumerate().with_min_len(4).for_each_init(
            || Batch::new(layer),
            |batch, (j, nodes)| {
                let y = (rows.start + j * step) as f32 + 0.5;
                for i in 0..width {
                    let x = (columns.start + i * step) as f32 + 0.5;
                    let at = placed.locate(Vec2::new(x, y));
                    if layer.bounds(at.across, margin) {
                        batch.push(layer, placed, &at, i);
                        if batch.count == LANES {
                            batch.flush(layer, nodes, arch);
                        }
                    }
                }
                batch.flush(layer, nodes, arch);
            },
        );
    }

    /// The outputs of the pixels of row `y`, each with its column; some may lie right of what was asked for.
    pub fn line(&self, y: usize) -> impl Iterator<Item = (usize, [f32; 4])> {
        let (row, part) = ((y - self.top) / self.step, (y - self.top) % self.step);
        let upper = &self.nodes[row * self.width..(row + 1) * self.width];
        let lower = if part == 0 { upper } else { &self.nodes[(row + 1) * self.width..(row + 2) * self.width] };
        let share = 1.0 / self.step as f32;
        let down = part as f32 * share;
        let node = move |i: usize| mixed(upper[i], lower[i], down);
        (0..self.width).flat_map(move |i| {
            let (here, next) = (node(i), node((i + 1).min(self.width - 1)));
            let empty = here[0] <= NOTHING[0] && next[0] <= NOTHING[0];
            let pixels = if empty { 0 } else { self.step };
            (0..pixels).map(move |k| (self.left + i * self.step + k, mixed(here, next, k as f32 * share)))
        })
    }
}

fn mixed(a: [f32; 4], b: [f32; 4], share: f32) -> [f32; 4] {
    std::array::from_fn(|k| a[k] + share * (b[k] - a[k]))
}

/// The outputs at one pixel position.
#[cfg(test)]
pub fn at(layer: &Layer, placed: &PlacedChart, p: Vec2) -> [f32; 4] {
    let mut batch = Batch::new(layer);
    batch.push(layer, placed, &placed.locate(p), 0);
    let mut node = [NOTHING];
    batch.flush(layer, &mut node, Arch::new());
    node[0]
}
