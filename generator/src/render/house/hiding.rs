//! What can stand before a worn thing at all.
//!
//! The painter says where something hides what is worn. While only held things are worn, those are hidden by a hand, and
//! only at its grip; with something on the head hands and arms may hide, and with something on the shoulders also the
//! head. Where a shield is, and what flies before the visitor, nothing hides. Elsewhere the painter's doubts are overruled.
//!
//! One map serves all that is worn: what may hide a thing on head or shoulders may hide held things too, and anywhere, not
//! only at their grips.

use rayon::iter::{IndexedParallelIterator, ParallelIterator};
use rayon::slice::ParallelSliceMut;

use super::geometry::Vec2;
use super::nets::part::{self, ARMS, HANDS};
use super::nets::{Grid, PAINT, PARTS};
use super::planes::dilate;

const HEAD: [usize; 2] = [part::FACE, part::HAIR];
/// A share of such a part above which the painter has its way.
const ENOUGH: f32 = 0.35;

/// Where things are worn besides those in the hands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Dressed {
    pub head: bool,
    pub shoulders: bool,
}

/// Centre and radius.
pub type Circle = (Vec2, f32);

/// How much there may hide what is worn, 0..1, for every cell of `parts` (48, 64, 9): what the sense network said.
pub fn cells(parts: &Grid, dressed: Dressed, out: &mut Vec<f32>, scratch: &mut Vec<f32>) {
    let (width, height) = (parts.width, parts.height);
    assert!(parts.channels == PARTS);
    let share = |y: usize, x: usize| {
        let pixel = parts.pixel(y, x);
        let of = |parts: [usize; 2], on: bool| if on { pixel[parts[0]] + pixel[parts[1]] } else { 0.0 };
        let arms = dressed.head || dressed.shoulders;
        let hiding = of(HANDS, true) + of(ARMS, arms) + of(HEAD, dressed.shoulders);
        (hiding / ENOUGH).min(1.0)
    };
    out.clear();
    out.extend((0..height * width).map(|i| share(i / width, i % width)));
    // The most of a neighbourhood: edges of a hand are where it is least sure.
    dilate(out, width, 1, scratch);
}

/// Brings `visible` (192, 256) back to 1 where no part of the body is that could hide something. `cells` (48, 64): as
/// [`cells`] says; `grips`, `covers`: circles in pixels of the map where a hand may hide what it holds, and where what is
/// in front of everything is.
pub fn limit(visible: &mut [f32], cells: &[f32], dressed: Dressed, grips: &[Circle], covers: &[Circle]) {
    let width = PAINT.0 / 4;
    assert!(cells.len() == width * (PAINT.1 / 4) && visible.len() == PAINT.0 * PAINT.1);
    visible.par_chunks_exact_mut(PAINT.0).enumerate().with_min_len(16).for_each(|(y, row)| {
        for (x, value) in row.iter_mut().enumerate() {
            let cell = cells[y / 4 * width + x / 4];
            if cell == 0.0 {
                *value = 1.0;
                continue;
            }
            let here = Vec2::new(x as f32 + 0.5, y as f32 + 0.5);
            let inside = |circles: &[Circle]| {
                let depth = |&(centre, radius): &Circle| {
                    let away = here - centre;
                    (radius + 1.0 - (away.x * away.x + away.y * away.y).sqrt()).clamp(0.0, 1.0)
                };
                circles.iter().map(depth).fold(0.0, f32::max)
            };
            let reach = if dressed == Dressed::default() { inside(grips) } else { 1.0 };
            *value = 1.0 - (1.0 - *value) * cell * reach * (1.0 - inside(covers));
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hands_hide_and_arms_and_the_head_only_what_is_not_held() {
        let mut parts = Grid::new(48, 64, PARTS);
        for y in 0..48 {
            for (x, pixel) in parts.row_mut(y).chunks_exact_mut(PARTS).enumerate() {
                let part = match (x, y) {
                    (10, 10) => HANDS[0],
                    (20, 10) => ARMS[0],
                    (30, 10) => HEAD[0],
                    _ => 0,
                };
                pixel[part] = 1.0;
            }
        }
        let at = |visible: &[f32], x: usize, y: usize| visible[(y * 4 + 2) * PAINT.0 + x * 4 + 2];
        for (head, shoulders, want) in
            [(false, false, [0.0, 1.0, 1.0]), (true, false, [0.0, 0.0, 1.0]), (false, true, [0.0, 0.0, 0.0])]
        {
            let mut visible = vec![0.0; PAINT.0 * PAINT.1];
            let limit = |visible: &mut [f32], dressed, grips: &[Circle], covers: &[Circle]| {
                let mut shares = Vec::new();
                cells(&parts, dressed, &mut shares, &mut Vec::new());
                limit(visible, &shares, dressed, grips, covers);
            };
            let grip = [(Vec2::new(42.0, 42.0), 10.0)];
            let dressed = Dressed { head, shoulders };
            limit(&mut visible, dressed, &grip, &[]);
            assert_eq!([10, 20, 30].map(|x| at(&visible, x, 10)), want);
            assert_eq!(at(&visible, 50, 40), 1.0, "nothing hides before a wall");
            let elsewhere = [(Vec2::new(90.0, 90.0), 10.0)];
            limit(&mut visible, Dressed::default(), &elsewhere, &[]);
            assert_eq!(at(&visible, 10, 10), 1.0, "the blade is before another hand");
            let mut visible = vec![0.0; PAINT.0 * PAINT.1];
            limit(&mut visible, dressed, &grip, &grip);
            assert_eq!(at(&visible, 10, 10), 1.0, "the shield is before the hand that holds it");
        }
    }
}
