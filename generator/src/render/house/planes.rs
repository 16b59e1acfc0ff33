//! Pictures of f32 and the resampling between the camera's size and the model's.

use std::ops::Range;

pub use otherglass_kernels::fit::{Fit, inside};
use rayon::iter::{IndexedParallelIterator, ParallelIterator};
use rayon::slice::{ParallelSlice, ParallelSliceMut};

/// A premultiplied RGBA picture of f32, 0..1; rows top to bottom.
#[derive(Clone, Debug, Default)]
pub struct Rgba {
    data: Vec<f32>,
    pub width: usize,
    pub height: usize,
    /// Rows outside of these are transparent.
    drawn: Range<usize>,
}

impl Rgba {
    /// Makes it a fully transparent picture of that size, keeping its memory.
    pub fn clear(&mut self, width: usize, height: usize) {
        if (self.width, self.height) == (width, height) {
            let stride = width * 4;
            self.data[self.drawn.start * stride..self.drawn.end * stride].fill(0.0);
        } else {
            (self.width, self.height) = (width, height);
            self.data.clear();
            self.data.resize(width * height * 4, 0.0);
        }
        self.drawn = 0..0;
    }

    /// Row `y`, four values a pixel.
    #[must_use]
    pub fn row(&self, y: usize) -> &[f32] {
        &self.data[y * self.width * 4..(y + 1) * self.width * 4]
    }

    /// Whether something may have been drawn into row `y`; if not, it is transparent.
    #[must_use]
    pub fn may_hold(&self, y: usize) -> bool {
        self.drawn.contains(&y)
    }

    /// Works on the rows of a range, which is not empty, in parallel: `work(scratch, y, row)`, the scratch made once per piece of work.
    pub fn rows<S: Send>(
        &mut self,
        range: Range<usize>,
        scratch: impl Fn() -> S + Sync + Send,
        work: impl Fn(&mut S, usize, &mut [f32]) + Sync + Send,
    ) {
        let stride = self.width * 4;
        let start = range.start;
        self.drawn = if self.drawn.is_empty() {
            range.clone()
        } else {
            self.drawn.start.min(range.start)..self.drawn.end.max(range.end)
        };
        self.data[range.start * stride..range.end * stride]
            .par_chunks_exact_mut(stride)
            .enumerate()
            .with_min_len(8)
            .for_each_init(scratch, |scratch, (i, row)| work(scratch, start + i, row));
    }
}

/// One axis of an area-weighted shrink: for every target pixel the source pixels it covers and their weights.
#[derive(Clone, Debug)]
struct Taps {
    first: Vec<usize>,
    /// Where the weights of each target pixel begin; one more entry than targets.
    start: Vec<usize>,
    weights: Vec<f32>,
}

impl Taps {
    /// `count` target pixels; target position `t` is source position `(t - offset) / scale`. Targets outside get no taps.
    fn new(source: usize, count: usize, scale: f32, offset: f32) -> Self {
        let mut taps = Self { first: Vec::new(), start: vec![0], weights: Vec::new() };
        for t in 0..count {
            let centre = (t as f32 + 0.5 - offset) / scale;
            let half = (0.5 / scale).max(0.5);
            let (low, high) = ((centre - half).max(0.0), (centre + half).min(source as f32));
            let from = low.floor() as usize;
            taps.first.push(from.min(source - 1));
            if centre > 0.0 && centre < source as f32 && high > low {
                let begin = taps.weights.len();
                let mut pixel = from;
                while (pixel as f32) < high && pixel < source {
                    taps.weights.push((high.min(pixel as f32 + 1.0) - low.max(pixel as f32)).max(0.0));
                    pixel += 1;
                }
                let sum: f32 = taps.weights[begin..].iter().sum();
                taps.weights[begin..].iter_mut().for_each(|w| *w /= sum);
            }
            taps.start.push(taps.weights.len());
        }
        taps
    }

    fn at(&self, t: usize) -> (usize, &[f32]) {
        (self.first[t], &self.weights[self.start[t]..self.start[t + 1]])
    }
}

/// Shrinks RGB bytes into the model's planes (3, height, width) of 0..1, with grey bars beside the picture.
#[derive(Clone, Debug)]
pub struct Shrink {
    columns: Taps,
    rows: Taps,
    source_width: usize,
    width: usize,
    height: usize,
}

/// What the bars beside a picture of another shape hold.
pub const BAR: f32 = 0.5;

impl Shrink {
    #[must_use]
    pub fn new(source: (usize, usize), model: (usize, usize), fit: Fit) -> Self {
        Self {
            columns: Taps::new(source.0, model.0, fit.scale, fit.left),
            rows: Taps::new(source.1, model.1, fit.scale, fit.top),
            source_width: source.0,
            width: model.0,
            height: model.1,
        }
    }

    /// `pixels`: RGB bytes of the source size; `planes`: (3, height, width).
    pub fn run(&self, pixels: &[u8], planes: &mut [f32]) {
        let (width, area) = (self.width, self.width * self.height);
        assert!(planes.len() == 3 * area, "the planes hold {} values, not 3 x {width} x {}", planes.len(), self.height);
        let stride = self.source_width * 3;
        let (red, rest) = planes.split_at_mut(area);
        let (green, blue) = rest.split_at_mut(area);
        red.par_chunks_exact_mut(width)
            .zip(green.par_chunks_exact_mut(width))
            .zip(blue.par_chunks_exact_mut(width))
            .enumerate()
            .with_min_len(16)
            .for_each_init(
                || vec![0.0_f32; stride],
                |line, (y, ((red, green), blue))| {
                    let (first, weights) = self.rows.at(y);
                    line.fill(0.0);
                    for (i, &weight) in weights.iter().enumerate() {
                        let row = &pixels[(first + i) * stride..(first + i + 1) * stride];
                        for (sum, &value) in line.iter_mut().zip(row) {
                            *sum += weight * f32::from(value);
                        }
                    }
                    let outside = weights.is_empty();
                    for x in 0..width {
                        let (first, weights) = self.columns.at(x);
                        let mut sum = [0.0_f32; 3];
                        for (i, &weight) in weights.iter().enumerate() {
                            let at = (first + i) * 3;
                            for (s, &value) in sum.iter_mut().zip(&line[at..at + 3]) {
                                *s += weight * value;
                            }
                        }
                        let bar = outside || weights.is_empty();
                        let [r, g, b] = sum.map(|s| if bar { BAR } else { s / 255.0 });
                        (red[x], green[x], blue[x]) = (r, g, b);
                    }
                },
            );
    }
}

/// One axis of a bilinear enlargement from the model's size: for every camera pixel two model pixels and a weight.
#[derive(Clone, Debug)]
pub struct Enlarge {
    pub low: Vec<usize>,
    pub high: Vec<usize>,
    pub weight: Vec<f32>,
}

impl Enlarge {
    /// For `camera` pixels over `model` pixels, of which `scale` make a camera pixel and the first camera pixel begins at
    /// `offset`. Nothing is taken from model pixels that hold none of the picture.
    #[must_use]
    pub fn new(camera: usize, model: usize, scale: f32, offset: f32) -> Self {
        let mut axis = Self { low: Vec::new(), high: Vec::new(), weight: Vec::new() };
        let (first, last) = inside(camera, model, scale, offset);
        for i in 0..camera {
            let at = ((i as f32 + 0.5) * scale + offset - 0.5).clamp(first as f32, last as f32);
            let low = at.floor() as usize;
            axis.low.push(low);
            axis.high.push((low + 1).min(last));
            axis.weight.push(at - low as f32);
        }
        axis
    }
}

/// Fills what lies beside a picture in a plane with the picture's border. `columns`, `rows`: the first and the last that hold
/// some of the picture.
pub fn spread(plane: &mut [f32], width: usize, columns: (usize, usize), rows: (usize, usize)) {
    for row in plane.chunks_exact_mut(width).skip(rows.0).take(rows.1 + 1 - rows.0) {
        let (left, right) = (row[columns.0], row[columns.1]);
        row[..columns.0].fill(left);
        row[columns.1 + 1..].fill(right);
    }
    let (above, from) = plane.split_at_mut(rows.0 * width);
    above.chunks_exact_mut(width).for_each(|row| row.copy_from_slice(&from[..width]));
    let (upto, below) = plane.split_at_mut((rows.1 + 1) * width);
    below.chunks_exact_mut(width).for_each(|row| row.copy_from_slice(&upto[rows.1 * width..]));
}

/// Replaces every value of a plane by the greatest of the square of `radius` around it (less at the border).
pub fn dilate(plane: &mut [f32], width: usize, radius: usize, scratch: &mut Vec<f32>) {
    extreme(plane, width, radius, scratch, f32::max);
}

/// Replaces every value of a plane by the least of the square of `radius` around it (less at the border).
pub fn erode(plane: &mut [f32], width: usize, radius: usize, scratch: &mut Vec<f32>) {
    extreme(plane, width, radius, scratch, f32::min);
}

/// Along the rows, then down the columns.
fn extreme(
    plane: &mut [f32],
    width: usize,
    radius: usize,
    scratch: &mut Vec<f32>,
    pick: impl Fn(f32, f32) -> f32 + Sync,
) {
    let height = plane.len() / width;
    assert!(plane.len() == width * height && width > radius, "a plane {width} wide and a radius of {radius}");
    let into = |row: &mut [f32], other: &[f32]| {
        row.iter_mut().zip(other).for_each(|(value, &other)| *value = pick(*value, other));
    };
    scratch.clear();
    scratch.extend_from_slice(plane);
    scratch.par_chunks_exact_mut(width).zip(plane.par_chunks_exact(width)).with_min_len(32).for_each(|(row, from)| {
        for shift in 1..=radius {
            into(row, &from[shift..]);
            into(&mut row[shift..], from);
        }
    });
    plane.par_chunks_exact_mut(width).enumerate().with_min_len(32).for_each(|(y, row)| {
        for near in y.saturating_sub(radius)..=(y + radius).min(height - 1) {
            into(row, &scratch[near * width..][..width]);
        }
    });
}

/// Mean over a square of `2 radius + 1` pixels (less at the border) of one plane.
pub fn box_mean(plane: &[f32], width: usize, height: usize, radius: usize, out: &mut Vec<f32>) {
    assert!(
        plane.len() == width * height && width > 2 * radius,
        "a plane of {width}x{height} and a radius of {radius}"
    );
    out.resize(width * height, 0.0);
    out.par_chunks_exact_mut(width).enumerate().with_min_len(16).for_each_init(
        || vec![0.0; width],
        |sums, (y, out)| {
            let rows = y.saturating_sub(radius)..(y + radius + 1).min(height);
            let tall = rows.len();
            sums.fill(0.0);
            for row in plane[rows.start * width..rows.end * width].chunks_exact(width) {
                sums.iter_mut().zip(row).for_each(|(sum, value)| *sum += value);
            }
            let share = 1.0 / (tall * (2 * radius + 1)) as f32;
            let inside = &mut out[radius..width - radius];
            inside.copy_from_slice(&sums[..width - 2 * radius]);
            for shift in 1..=2 * radius {
                inside.iter_mut().zip(&sums[shift..]).for_each(|(sum, value)| *sum += value);
            }
            inside.iter_mut().for_each(|sum| *sum *= share);
            for x in (0..radius).chain(width - radius..width) {
                let near = &sums[x.saturating_sub(radius)..(x + radius + 1).min(width)];
                out[x] = near.iter().sum::<f32>() / (tall * near.len()) as f32;
            }
        },
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shrunk_picture_keeps_its_mean_and_gets_bars() {
        let (width, height) = (64, 32);
        let pixels: Vec<u8> = (0..width * height * 3).map(|i| (i * 7 % 251) as u8).collect();
        let fit = Fit::new((width, height), (16, 12));
        assert_eq!(fit, Fit { scale: 0.25, left: 0.0, top: 2.0 });
        let mut planes = vec![0.0; 3 * 16 * 12];
        Shrink::new((width, height), (16, 12), fit).run(&pixels, &mut planes);
        let inside: Vec<f32> = planes[16 * 2..16 * 10].to_vec();
        let mean = inside.iter().sum::<f32>() / inside.len() as f32;
        let want = pixels.iter().step_by(3).map(|&v| f32::from(v)).sum::<f32>() / (width * height) as f32 / 255.0;
        assert!((mean - want).abs() < 1e-4, "{mean} {want}");
        assert!(planes[..16 * 2].iter().all(|&v| v == BAR) && planes[16 * 10..16 * 12].iter().all(|&v| v == BAR));
    }

    #[test]
    fn a_wide_cameras_pixels_take_nothing_from_the_bars() {
        let (camera, model) = ((1280, 720), (256, 192));
        let fit = Fit::new(camera, model);
        assert_eq!(inside(camera.1, model.1, fit.scale, fit.top), (24, 167));
        let rows = Enlarge::new(camera.1, model.1, fit.scale, fit.top);
        assert!(rows.low.iter().chain(&rows.high).all(|row| (24..=167).contains(row)), "rows in the bars");
        assert_eq!((rows.low[0], rows.weight[0], rows.low[719], rows.weight[719]), (24, 0.0, 167, 0.0));
        let columns = Enlarge::new(camera.0, model.0, fit.scale, fit.left);
        assert_eq!((columns.low[0], columns.high[1279]), (0, 255));
    }

    #[test]
    fn bars_are_filled_with_the_border() {
        let mut plane: Vec<f32> = (0..30).map(|i| i as f32).collect();
        spread(&mut plane, 6, (1, 3), (2, 3));
        let (top, bottom) = ([13.0, 13.0, 14.0, 15.0, 15.0, 15.0], [19.0, 19.0, 20.0, 21.0, 21.0, 21.0]);
        assert_eq!(plane, [top, top, top, bottom, bottom].concat());
        let before = plane.clone();
        spread(&mut plane, 6, (0, 5), (0, 4));
        assert_eq!(plane, before, "where there are no bars nothing changes");
    }

    #[test]
    fn dilation_and_erosion_equal_the_plain_loops() {
        let (width, height) = (9_usize, 7_usize);
        let source: Vec<f32> = (0..width * height).map(|i| (i * 31 % 17) as f32).collect();
        for radius in [1, 2, 4] {
            let around = |i: usize| {
                let (y, x) = (i / width, i % width);
                let rows = y.saturating_sub(radius)..=(y + radius).min(height - 1);
                let columns = x.saturating_sub(radius)..=(x + radius).min(width - 1);
                let values = rows.flat_map(|v| columns.clone().map(move |u| v * width + u)).map(|at| source[at]);
                (values.clone().fold(f32::MIN, f32::max), values.fold(f32::MAX, f32::min))
            };
            let (mut most, mut least, mut scratch) = (source.clone(), source.clone(), Vec::new());
            dilate(&mut most, width, radius, &mut scratch);
            erode(&mut least, width, radius, &mut scratch);
            assert!((0..width * height).all(|i| around(i) == (most[i], least[i])), "radius {radius}");
        }
    }

    #[test]
    fn the_box_mean_equals_the_plain_loops() {
        let (width, height, radius) = (9_usize, 7_usize, 2_usize);
        let source: Vec<f32> = (0..width * height).map(|i| (i * 31 % 17) as f32).collect();
        let mut plane = Vec::new();
        box_mean(&source, width, height, radius, &mut plane);
        for y in 0..height {
            for x in 0..width {
                let (mut sum, mut count) = (0.0, 0.0);
                for v in y.saturating_sub(radius)..(y + radius + 1).min(height) {
                    for u in x.saturating_sub(radius)..(x + radius + 1).min(width) {
                        sum += source[v * width + u];
                        count += 1.0;
                    }
                }
                assert!((plane[y * width + x] - sum / count).abs() < 1e-4, "{x} {y}");
            }
        }
    }
}
