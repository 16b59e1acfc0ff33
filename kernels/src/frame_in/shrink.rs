//! An RGB picture of the camera's size in the model's, by area.
//!
//! ```text
//! value[k]  = sum over rows j, columns i under the target pixel of w_row[j] w_column[i] rgb[j, i, k] / 255
//!             0.5 beside the picture, where no source pixel lies under the target pixel
//! out[y, x] = value * gain + offset
//! ```
//!
//! The weights of an axis add up to 1: what share of the target pixel a source pixel covers. They come in tables
//! ([`Taps`]) made once for a size of camera, by the same formula as the CPU's. Sums in f32, rows outermost.

use bytemuck::{Pod, Zeroable};
use half::f16;

use super::Place;
use crate::device::{Facts, Grid, Launch, Span};
use crate::error::{KernelError, require};
use crate::kernel::{Expected, F32_ROUNDING, Kernel, Operand, Rows, Work};
use crate::values::{Element, Fill};

/// One axis: for every target pixel the source pixels under it and their weights.
#[derive(Clone, Debug, PartialEq)]
pub struct Taps {
    pub first: Vec<i32>,
    pub count: Vec<i32>,
    /// (targets, most): weights of a target pixel, then zeros.
    pub weights: Vec<f32>,
    /// The most source pixels a target pixel has.
    pub most: usize,
}

impl Taps {
    /// Target position `t` is source position `(t - offset) / scale`.
    #[must_use]
    pub fn new(source: usize, targets: usize, scale: f32, offset: f32) -> Self {
        let mut all = Vec::new();
        for t in 0..targets {
            let centre = (t as f32 + 0.5 - offset) / scale;
            let half = (0.5 / scale).max(0.5);
            let (low, high) = ((centre - half).max(0.0), (centre + half).min(source as f32));
            let from = low.floor() as usize;
            let mut weights = Vec::new();
            if centre > 0.0 && centre < source as f32 && high > low {
                let covered = (from..source).take_while(|&pixel| (pixel as f32) < high);
                weights.extend(covered.map(|p| (high.min(p as f32 + 1.0) - low.max(p as f32)).max(0.0)));
                let sum: f32 = weights.iter().sum();
                weights.iter_mut().for_each(|weight| *weight /= sum);
            }
            all.push((from.min(source - 1), weights));
        }
        let most = all.iter().map(|(_, weights)| weights.len()).max().unwrap_or(0).max(1);
        let row =
            |weights: &[f32]| weights.iter().copied().chain(std::iter::repeat(0.0)).take(most).collect::<Vec<_>>();
        Self {
            first: all.iter().map(|&(first, _)| first as i32).collect(),
            count: all.iter().map(|(_, weights)| weights.len() as i32).collect(),
            weights: all.iter().flat_map(|(_, weights)| row(weights)).collect(),
            most,
        }
    }
}

#[derive(Clone, Debug, PartialEq)]
pub struct Shrink {
    pub source_width: usize,
    pub source_height: usize,
    pub columns: Taps,
    pub rows: Taps,
    pub place: Place,
}

#[derive(Clone, Copy, Debug)]
pub struct ShrinkBuffers {
    pub rgb: Span<u8>,
    pub column_first: Span<i32>,
    pub column_count: Span<i32>,
    pub column_weights: Span<f32>,
    pub row_first: Span<i32>,
    pub row_count: Span<i32>,
    pub row_weights: Span<f32>,
    pub out: Span<f16>,
}

#[derive(Clone, Copy, Pod, Zeroable)]
#[repr(C)]
struct Params {
    rgb: u64,
    out: u64,
    column_first: u64,
    column_count: u64,
    column_weights: u64,
    row_first: u64,
    row_count: u64,
    row_weights: u64,
    source_width: i32,
    width: i32,
    height: i32,
    column_taps: i32,
    row_taps: i32,
    out_stride: i32,
    out_first: i32,
    out_last: i32,
    gain: f32,
    offset: f32,
}
const _: () = assert!(size_of::<Params>() == 104);

impl Shrink {
    /// A camera's picture laid evenly and centred into the model's, bars beside it.
    #[must_use]
    pub fn fitted(source: (usize, usize), model: (usize, usize), place: Place) -> Self {
        let scale = (model.0 as f32 / source.0 as f32).min(model.1 as f32 / source.1 as f32);
        let offset = |source: usize, model: usize| (model as f32 - source as f32 * scale) * 0.5;
        Self {
            source_width: source.0,
            source_height: source.1,
            columns: Taps::new(source.0, model.0, scale, offset(source.0, model.0)),
            rows: Taps::new(source.1, model.1, scale, offset(source.1, model.1)),
            place,
        }
    }

    fn width(&self) -> usize {
        self.columns.first.len()
    }
    fn height(&self) -> usize {
        self.rows.first.len()
    }
    fn out_len(&self) -> usize {
        self.width() * self.height() * self.place.stride
    }
}

impl Kernel for Shrink {
    type Buffers = ShrinkBuffers;
    const NAME: &'static str = "frame_shrink";
    const FATBIN: &'static str = "frame_in";
    const FUNCTIONS: &'static [&'static str] = &["frame_shrink"];

    fn describe(&self) -> String {
        let (from, to) = ((self.source_width, self.source_height), (self.width(), self.height()));
        format!("{}x{} > {}x{}", from.0, from.1, to.0, to.1)
    }

    fn launches(&self, buffers: &ShrinkBuffers, _: &Facts) -> Result<Vec<Launch>, KernelError> {
        for size in [self.source_width, self.source_height, self.width(), self.height()] {
            require((1..=16384).contains(&size), Self::NAME, "size", "1 to 16384", size)?;
        }
        self.place.check(Self::NAME)?;
        for (taps, source) in [(&self.columns, self.source_width), (&self.rows, self.source_height)] {
            let inside = taps.first.iter().zip(&taps.count).all(|(&first, &count)| {
                first >= 0 && count >= 0 && count as usize <= taps.most && first as usize + count as usize <= source
            });
            let whole = taps.count.len() == taps.first.len() && taps.weights.len() == taps.first.len() * taps.most;
            require(inside && whole, Self::NAME, "taps", "within the source", "others")?;
        }
        let name = Self::NAME;
        let params = Params {
            rgb: buffers.rgb.demand(name, "rgb", self.source_width * self.source_height * 3)?,
            out: buffers.out.demand(name, "out", self.out_len())?,
            column_first: buffers.column_first.demand(name, "column_first", self.width())?,
            column_count: buffers.column_count.demand(name, "column_count", self.width())?,
            column_weights: buffers.column_weights.demand(name, "column_weights", self.columns.weights.len())?,
            row_first: buffers.row_first.demand(name, "row_first", self.height())?,
            row_count: buffers.row_count.demand(name, "row_count", self.height())?,
            row_weights: buffers.row_weights.demand(name, "row_weights", self.rows.weights.len())?,
            source_width: self.source_width as i32,
            width: self.width() as i32,
            height: self.height() as i32,
            column_taps: self.columns.most as i32,
            row_taps: self.rows.most as i32,
            out_stride: self.place.stride as i32,
            out_first: self.place.first as i32,
            out_last: self.place.last as i32,
            gain: self.place.gain,
            offset: self.place.offset,
        };
        let blocks = [(self.width() * self.height()).div_ceil(128), 1, 1];
        let grid = Grid { blocks, threads: 128, shared_bytes: 0 };
        let devices = [
            buffers.rgb.device(),
            buffers.out.device(),
            buffers.column_first.device(),
            buffers.column_count.device(),
            buffers.column_weights.device(),
            buffers.row_first.device(),
            buffers.row_count.device(),
            buffers.row_weights.device(),
        ];
        Ok(vec![Launch::new::<Self, _>("frame_shrink", grid, &params, &devices)?])
    }

    fn operands(&self) -> Vec<Operand> {
        let bytes = Fill::Uniform { low: 0.0, high: 256.0 };
        let ints = |name, values: &[i32]| Operand::exact(name, Element::I32, bytemuck::cast_slice(values).to_vec());
        let floats = |name, values: &[f32]| Operand::exact(name, Element::F32, bytemuck::cast_slice(values).to_vec());
        vec![
            Operand::input("rgb", Element::U8, self.source_width * self.source_height * 3, bytes),
            ints("column_first", &self.columns.first),
            ints("column_count", &self.columns.count),
            floats("column_weights", &self.columns.weights),
            ints("row_first", &self.rows.first),
            ints("row_count", &self.rows.count),
            floats("row_weights", &self.rows.weights),
            Operand::output("out", Element::F16, self.out_len()),
        ]
    }

    fn buffers(&self, spans: &[Span<u8>]) -> Result<ShrinkBuffers, KernelError> {
        let [rgb, column_first, column_count, column_weights, row_first, row_count, row_weights, out] = spans else {
            return Err(KernelError::shape(Self::NAME, "buffers", 8, spans.len()));
        };
        Ok(ShrinkBuffers {
            rgb: *rgb,
            column_first: column_first.cast()?,
            column_count: column_count.cast()?,
            column_weights: column_weights.cast()?,
            row_first: row_first.cast()?,
            row_count: row_count.cast()?,
            row_weights: row_weights.cast()?,
            out: out.cast()?,
        })
    }

    fn twin(&self, inputs: &[Vec<f64>], rows: Rows) -> Vec<Vec<Expected>> {
        let rgb = &inputs[0];
        let Place { stride, first, last, gain, offset } = self.place;
        let mut out = vec![Expected::UNTOUCHED; self.out_len()];
        for y in 0..self.height() {
            for x in 0..self.width() {
                let at = (y * self.width() + x) * stride;
                out[at + first..at + last].fill(Expected::ANY);
                if !rows.wants(y) {
                    continue;
                }
                let (down, across) = (self.rows.count[y] as usize, self.columns.count[x] as usize);
                for k in 0..3 {
                    let mut sum = 0.0;
                    for j in 0..down {
                        for i in 0..across {
                            let row = self.rows.first[y] as usize + j;
                            let column = self.columns.first[x] as usize + i;
                            let weight = f64::from(self.rows.weights[y * self.rows.most + j])
                                * f64::from(self.columns.weights[x * self.columns.most + i]);
                            sum += weight * rgb[(row * self.source_width + column) * 3 + k];
                        }
                    }
                    let value = if down == 0 || across == 0 { 0.5 } else { sum / 255.0 };
                    let parts = (value * f64::from(gain)).abs() + f64::from(offset).abs();
                    let value = value * f64::from(gain) + f64::from(offset);
                    let error = Expected::summed(down * across, parts) + 4.0 * F32_ROUNDING * parts;
                    out[at + first + k] = Expected { value, tolerance: Expected::rounded(value) + error };
                }
                out[at + first + 3..at + last].fill(Expected::exactly(0.0));
            }
        }
        vec![out]
    }

    fn control(&self) -> (usize, usize) {
        (0, (self.source_height / 2 * self.source_width + self.source_width / 2) * 3)
    }

    fn work(&self) -> Work {
        let source = self.source_width * self.source_height * 3;
        let target = self.width() * self.height() * 3;
        Work { bytes: (source + 2 * target) as u64, flops: 2 * source as u64 }
    }

    fn parity() -> Vec<Self> {
        let alone = Place::alone(1.0, -0.5);
        let among = Place { stride: 16, first: 2, last: 7, gain: 2.0, offset: -1.0 };
        vec![
            Self::fitted((1, 1), (4, 3), alone),
            Self::fitted((64, 48), (16, 12), among),
            Self::fitted((61, 47), (20, 15), alone),
            Self::fitted((64, 20), (16, 12), alone),
            Self::fitted((20, 64), (16, 12), among),
            Self::fitted((10, 7), (24, 18), alone),
        ]
    }

    fn bench() -> Vec<Self> {
        let place = Place { stride: 16, first: 0, last: 3, gain: 1.0, offset: 0.0 };
        let sizes = [(640, 480), (1280, 720), (1920, 1080)];
        sizes.into_iter().map(|size| Self::fitted(size, (256, 192), place)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_add_up_to_one_and_bars_have_none() {
        let shrink = Shrink::fitted((64, 20), (16, 12), Place::alone(1.0, 0.0));
        for x in 0..16 {
            let sum: f32 = shrink.columns.weights[x * shrink.columns.most..][..shrink.columns.most].iter().sum();
            assert!((sum - 1.0).abs() < 1e-6);
        }
        assert_eq!(shrink.rows.count[0], 0);
        assert!(shrink.rows.count[6] > 0);
    }
}
