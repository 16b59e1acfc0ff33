//! Where the body surely is, the painter's matte is made whole.
//!
//! The painter's matte is fine at edges and sometimes doubts what lies far inside: a white print on a dark shirt, jeans.
//! The sense network's body parts are coarse and sure of the inside. So the parts set a floor under the matte, one cell
//! away from the outline, which stays the painter's. What was body a moment ago is not given up for a mere doubt.

use rayon::iter::{IndexedParallelIterator, ParallelIterator};
use rayon::slice::ParallelSliceMut;

use super::nets::{Grid, PAINT, PARTS};

/// How sure a cell and its neighbours must be of the body for a floor to begin, and to be whole.
const BEGINS: f32 = 0.75;
const WHOLE: f32 = 0.95;
/// Half the width of doubtful clefts (an arm along the trunk) that are closed, in cells.
const CLEFT: usize = 2;
/// Below this probability a cell is not in doubt but empty.
const EMPTY: f32 = 0.15;
/// How much of a cell's earlier certainty is left after one frame of doubt: half of it after seven.
const KEPT: f32 = 0.9;

/// Memory kept from frame to frame.
#[derive(Debug, Default)]
pub struct Silhouette {
    /// Probability of the body in each cell, doubts of single frames bridged.
    body: Vec<f32>,
    closed: Vec<f32>,
    scratch: Vec<f32>,
}

impl Silhouette {
    /// Forgets what was body before.
    pub fn reset(&mut self) {
        let Self { body, closed: _, scratch: _ } = self;
        body.clear();
    }

    /// Raises `matte` (192, 256) to the floor that `parts` (48, 64, 9), probabilities, give.
    pub fn support(&mut self, matte: &mut [f32], parts: &Grid) {
        let (width, height) = (parts.width, parts.height);
        assert!(PAINT == (width * 4, height * 4) && matte.len() == PAINT.0 * PAINT.1);
        let closed = self.follow(parts);
        matte.par_chunks_exact_mut(PAINT.0).enumerate().with_min_len(16).for_each(|(y, row)| {
            let (low, high, down) = between(y, height);
            for (x, value) in row.iter_mut().enumerate() {
                let (left, right, across) = between(x, width);
                let line = |y: usize| {
                    let (a, b) = (closed[y * width + left], closed[y * width + right]);
                    a + across * (b - a)
                };
                let sure = line(low) + down * (line(high) - line(low));
                *value = value.max(((sure - BEGINS) / (WHOLE - BEGINS)).clamp(0.0, 1.0));
            }
        });
    }

    /// How surely each cell of `parts` (48, 64, 9), probabilities, and what is around it is body.
    pub fn follow(&mut self, parts: &Grid) -> &[f32] {
        let (width, height) = (parts.width, parts.height);
        assert!(parts.channels == PARTS);
        let Self { body, closed, scratch } = self;
        body.resize(width * height, 0.0);
        for (i, body) in body.iter_mut().enumerate() {
            let seen = 1.0 - parts.pixel(i / width, i % width)[0];
            *body = if seen < EMPTY { seen } else { seen.max(KEPT * *body) };
        }
        closed.clone_from(body);
        extreme(closed, (width, height), CLEFT, f32::max, scratch);
        extreme(closed, (width, height), CLEFT, f32::min, scratch);
        for (closed, &body) in closed.iter_mut().zip(body.iter()) {
            // What is surely not body stays a gap, however narrow.
            *closed = closed.min(2.0 * body).max(body);
        }
        extreme(closed, (width, height), 1, f32::min, scratch);
        closed
    }
}

/// The two cells around a pixel of four times the resolution, and how far it is towards the second.
fn between(at: usize, cells: usize) -> (usize, usize, f32) {
    let exact = ((at as f32 + 0.5) / 4.0 - 0.5).clamp(0.0, (cells - 1) as f32);
    let low = exact as usize;
    (low, (low + 1).min(cells - 1), exact - low as f32)
}

/// Replaces every value by the extreme of the square of `radius` around it.
fn extreme(
    plane: &mut [f32],
    (width, height): (usize, usize),
    radius: usize,
    pick: fn(f32, f32) -> f32,
    scratch: &mut Vec<f32>,
) {
    scratch.clear();
    scratch.extend((0..width * height).map(|i| {
        let (x, row) = (i % width, i - i % width);
        let span = row + x.saturating_sub(radius)..=row + (x + radius).min(width - 1);
        plane[span].iter().copied().fold(plane[i], pick)
    }));
    for (i, value) in plane.iter_mut().enumerate() {
        let (x, y) = (i % width, i / width);
        let rows = y.saturating_sub(radius)..=(y + radius).min(height - 1);
        *value = rows.map(|row| scratch[row * width + x]).fold(scratch[i], pick);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A body in columns 20..40 of the parts, with that probability in the cleft at column 30.
    fn parts(cleft: f32) -> Grid {
        let mut parts = Grid::new(48, 64, PARTS);
        for y in 0..48 {
            for (x, pixel) in parts.row_mut(y).chunks_exact_mut(PARTS).enumerate() {
                let body = match x {
                    30 => cleft,
                    20..40 => 1.0,
                    _ => 0.0,
                };
                (pixel[0], pixel[3]) = (1.0 - body, body);
            }
        }
        parts
    }

    fn supported(cleft: f32) -> Vec<f32> {
        let mut matte = vec![0.2; PAINT.0 * PAINT.1];
        Silhouette::default().support(&mut matte, &parts(cleft));
        matte[96 * PAINT.0..97 * PAINT.0].to_vec()
    }

    #[test]
    fn the_inside_is_whole_and_the_outline_stays_the_painters() {
        let row = supported(0.6);
        assert!(row[26 * 4] > 0.99 && row[30 * 4 + 2] > 0.99, "{:?}", &row[100..130]);
        assert!(row[..20 * 4].iter().chain(&row[40 * 4..]).all(|&value| value == 0.2), "nothing outside is touched");
        assert!(row[20 * 4 + 1] < 0.99, "the outline is left to the painter");
    }

    #[test]
    fn a_sure_gap_stays_a_gap() {
        assert_eq!(supported(0.05)[30 * 4 + 2], 0.2);
    }

    #[test]
    fn a_doubt_of_one_frame_is_bridged_and_certainty_is_not() {
        let second = |cleft: f32, reset: bool| {
            let mut silhouette = Silhouette::default();
            silhouette.support(&mut vec![0.2; PAINT.0 * PAINT.1], &parts(1.0));
            if reset {
                silhouette.reset();
            }
            let mut matte = vec![0.2; PAINT.0 * PAINT.1];
            silhouette.support(&mut matte, &parts(cleft));
            matte[96 * PAINT.0 + 30 * 4 + 2]
        };
        assert!(second(0.3, false) > 0.9);
        assert_eq!(second(0.3, true), 0.2, "without the frame before it is a doubt");
        assert_eq!(second(0.05, false), 0.2, "the arm moved away");
    }
}
