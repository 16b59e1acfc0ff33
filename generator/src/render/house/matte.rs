//! A sharp silhouette from a coarse one: the fast guided filter (He and Sun, 2015, arXiv:1505.00996).
//!
//! In every small window the matte is taken for a linear function of the camera's brightness, `a I + b`. The two
//! coefficients are found at the model's size and applied at the camera's, so that edges follow the camera. Windows that
//! reach beyond the camera's picture see its border there, not the bars.

use super::planes::{box_mean, spread};

/// Window radius in model pixels.
const RADIUS: usize = 3;
/// How much brightness must vary in a window before the matte follows it.
const EPSILON: f32 = 4e-4;

/// The coefficients of a guided matte, at the model's size.
#[derive(Debug, Default)]
pub struct Matte {
    pub a: Vec<f32>,
    pub b: Vec<f32>,
    /// The guide, its square, its product with the matte.
    moments: [Vec<f32>; 3],
    /// Means of the moments and of the matte itself.
    means: [Vec<f32>; 4],
}

/// Brightness of linear combinations as used by the guide, 0..1: plain mean of the channels.
#[must_use]
pub fn brightness(red: f32, green: f32, blue: f32) -> f32 {
    (red + green + blue) * (1.0 / 3.0)
}

impl Matte {
    /// Finds the coefficients for a matte (height, width) and the camera planes (3, height, width) at that size. `columns`,
    /// `rows`: the first and the last that hold some of the camera's picture; the matte beside it becomes that of its border.
    pub fn fit(
        &mut self,
        matte: &mut [f32],
        camera: &[f32],
        (width, height): (usize, usize),
        columns: (usize, usize),
        rows: (usize, usize),
    ) {
        let area = width * height;
        assert!(matte.len() == area && camera.len() == 3 * area, "matte and camera must have the model's size");
        let Self { a, b, moments: [guide, squares, products], means } = self;
        guide.clear();
        guide.extend((0..area).map(|i| brightness(camera[i], camera[area + i], camera[2 * area + i])));
        for plane in [&mut guide[..], &mut *matte] {
            spread(plane, width, columns, rows);
        }
        let matte = &*matte;
        squares.clear();
        squares.extend(guide.iter().map(|g| g * g));
        products.clear();
        products.extend(guide.iter().zip(matte).map(|(g, m)| g * m));
        for (plane, mean) in [&guide[..], &squares[..], &products[..], matte].into_iter().zip(means.iter_mut()) {
            box_mean(plane, width, height, RADIUS, mean);
        }
        // The coefficients of each window, then their means: the moments have done their work.
        let [mean, square, product, matte] = means;
        let (slopes, offsets) = (guide, squares);
        for ((slope, offset), ((mean, square), (product, matte))) in slopes
            .iter_mut()
            .zip(offsets.iter_mut())
            .zip(mean.iter().zip(square.iter()).zip(product.iter().zip(matte.iter())))
        {
            *slope = (product - mean * matte) / ((square - mean * mean).max(0.0) + EPSILON);
            *offset = matte - *slope * mean;
        }
        box_mean(slopes, width, height, RADIUS, a);
        box_mean(offsets, width, height, RADIUS, b);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_soft_matte_takes_the_cameras_hard_edge() {
        let (width, height) = (32, 16);
        let camera: Vec<f32> = (0..3 * width * height).map(|i| if i % width < 16 { 0.2 } else { 0.8 }).collect();
        let mut matte: Vec<f32> =
            (0..width * height).map(|i| ((i % width) as f32 - 12.0).clamp(0.0, 8.0) / 8.0).collect();
        let mut guided = Matte::default();
        guided.fit(&mut matte, &camera, (width, height), (0, width - 1), (0, height - 1));
        let at = |x: usize| guided.a[8 * width + x] * camera[x] + guided.b[8 * width + x];
        let (sharp, coarse) = (at(16) - at(15), matte[16] - matte[15]);
        assert!(sharp > 2.0 * coarse, "the step across the camera's edge is {sharp}, in the coarse matte {coarse}");
        assert!(at(2).abs() < 0.05 && (at(30) - 1.0).abs() < 0.05);
    }

    /// A camera of 16:9: its picture lies in the middle rows, and what the bars hold must not be seen in it.
    #[test]
    fn bars_do_not_leak_into_the_picture() {
        let (width, height, rows) = (32, 24, (3, 20));
        let area = width * height;
        let inside = |i: usize| (rows.0..=rows.1).contains(&(i % area / width));
        let fitted = |bar: f32, rows: (usize, usize)| {
            let camera: Vec<f32> = (0..3 * area)
                .map(|i| if inside(i) { 0.3 + 0.4 * (i * 29 % 101) as f32 / 100.0 } else { bar })
                .collect();
            let mut matte: Vec<f32> = (0..area).map(|i| if inside(i) { 1.0 } else { 0.0 }).collect();
            let mut guided = Matte::default();
            guided.fit(&mut matte, &camera, (width, height), (0, width - 1), rows);
            let off = |i: usize| {
                (guided.a[i] * brightness(camera[i], camera[area + i], camera[2 * area + i]) + guided.b[i] - 1.0).abs()
            };
            (0..area).filter(|&i| inside(i)).map(off).fold(0.0, f32::max)
        };
        assert!(fitted(0.5, rows) < 1e-4, "the visitor fills the picture up to its border: {}", fitted(0.5, rows));
        // The control: taken for a part of the picture, the bars make holes in the visitor.
        assert!(fitted(0.5, (0, height - 1)) > 0.1);
    }
}
