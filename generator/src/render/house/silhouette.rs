//! Where the body surely is, the painter's matte is made whole.
//!
//! The painter's matte is fine at edges and sometimes doubts what lies far inside: a white print on a dark shirt, jeans.
//! The sense network's body parts are coarse and sure of the inside. So the parts set a floor under the matte, one cell
//! away from the outline, which stays the painter's. What was body a moment ago is not given up for a mere doubt.

use rayon::iter::{IndexedParallelIterator, ParallelIterator};
use rayon::slice::ParallelSliceMut;

use super::nets::{Grid, PAINT, PARTS};
use super::planes::{Enlarge, dilate, erode};

/// How sure a cell and its neighbours must be of the body for a floor to begin, and to be whole.
const BEGINS: f32 = 0.75;
const WHOLE: f32 = 0.95;
/// Half the width of doubtful clefts (an arm along the trunk) that are closed, in cells.
const CLEFT: usize = 2;
/// Below this probability a cell is not in doubt but empty.
const EMPTY: f32 = 0.15;
/// How much of a cell's earlier certainty is left after one frame of doubt: half of it after seven.
const KEPT: f32 = 0.9;

/// Memory kept from frame to frame, and where the matte's pixels lie among the cells.
#[derive(Debug)]
pub struct Silhouette {
    /// Probability of the body in each cell, doubts of single frames bridged.
    body: Vec<f32>,
    closed: Vec<f32>,
    scratch: Vec<f32>,
    columns: Enlarge,
    rows: Enlarge,
}

impl Default for Silhouette {
    fn default() -> Self {
        let axis = |pixels: usize| Enlarge::new(pixels, pixels / 4, 0.25, 0.0);
        let (columns, rows) = (axis(PAINT.0), axis(PAINT.1));
        Self { body: Vec::new(), closed: Vec::new(), scratch: Vec::new(), columns, rows }
    }
}

impl Silhouette {
    /// Forgets what was body before.
    pub fn reset(&mut self) {
        self.body.clear();
    }

    /// Raises `matte` (192, 256) to the floor that `parts` (48, 64, 9), probabilities, give.
    pub fn support(&mut self, matte: &mut [f32], parts: &Grid) {
        let width = parts.width;
        assert!(PAINT == (width * 4, parts.height * 4) && matte.len() == PAINT.0 * PAINT.1);
        self.follow(parts);
        let Self { closed, columns, rows, .. } = &*self;
        matte.par_chunks_exact_mut(PAINT.0).enumerate().with_min_len(16).for_each(|(y, row)| {
            let (low, high, down) = (rows.low[y], rows.high[y], rows.weight[y]);
            let places = columns.low.iter().zip(&columns.high).zip(&columns.weight);
            for (value, ((&left, &right), &across)) in row.iter_mut().zip(places) {
                let line = |y: usize| {
                    let (a, b) = (closed[y * width + left], closed[y * width + right]);
                    a + across * (b - a)
                };
                let sure = line(low) + down * (line(high) - line(low));
                *value = value.max(((sure - BEGINS) / (WHOLE - BEGINS)).clamp(0.0, 1.0));
            }
        });
    }

    /// How surely each cell of `parts` (48, 64, 9), probabilities, and what is around it is body, into `closed`.
    fn follow(&mut self, parts: &Grid) {
        let (width, height) = (parts.width, parts.height);
        assert!(parts.channels == PARTS);
        let Self { body, closed, scratch, .. } = self;
        body.resize(width * height, 0.0);
        for (i, body) in body.iter_mut().enumerate() {
            let seen = 1.0 - parts.pixel(i / width, i % width)[0];
            *body = if seen < EMPTY { seen } else { seen.max(KEPT * *body) };
        }
        closed.clone_from(body);
        dilate(closed, width, CLEFT, scratch);
        erode(closed, width, CLEFT, scratch);
        for (closed, &body) in closed.iter_mut().zip(body.iter()) {
            // What is surely not body stays a gap, however narrow.
            *closed = closed.min(2.0 * body).max(body);
        }
        erode(closed, width, 1, scratch);
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
