//! Pixel art: large blocks in a palette of our own, shaded by ordered dithering (Bayer, 1973).
//!
//! A block's colour is drawn to the nearest colours of the palette by weights that fall off smoothly with distance: well
//! inside a colour's cell one colour has all the weight, at a border two share it, so noise does not flip a block.

use rayon::iter::{IndexedParallelIterator, IntoParallelRefMutIterator, ParallelIterator};
use rayon::slice::ParallelSliceMut;

use super::Paint;
use super::look::settle_all;
use super::plane::{byte, luma};
use super::sizes::Sizes;

/// A ramp of the palette: hue in radians and chroma (OKLCh) of its middle, how far the hue turns from dark to light, and
/// how many tones it has.
const RAMPS: [(f32, f32, f32, usize); 8] = [
    (1.3, 0.008, 0.0, 11),  // greys
    (0.95, 0.085, 0.5, 10), // skin
    (0.48, 0.17, 0.45, 6),  // reds
    (1.4, 0.14, 0.5, 6),    // ochres and yellows
    (2.35, 0.14, -0.5, 6),  // greens
    (3.5, 0.09, -0.3, 6),   // teals
    (4.55, 0.12, -0.35, 9), // blues
    (5.6, 0.14, 0.45, 6),   // violets and pinks
];
const COLOURS: usize = 60;

/// How far dithering moves lightness, to either side.
const DITHER: f32 = 0.012;
/// Bayer's 4x4 matrix.
const BAYER: [[u8; 4]; 4] = [[0, 8, 2, 10], [12, 4, 14, 6], [3, 11, 1, 9], [15, 7, 13, 5]];
/// The difference of squared distances (OKLab) over which a colour of the palette loses its weight to a nearer one.
const BORDER: f32 = 0.0009;

/// See the module.
#[derive(Debug)]
pub struct Pixels {
    sizes: Sizes,
    /// Full pixels along a block.
    block: usize,
    columns: usize,
    known: bool,
    /// Settled colours of blocks, 0..1.
    seen: Vec<[f32; 3]>,
    shown: Vec<[u8; 3]>,
    palette: Palette,
}

/// The palette in OKLab, by channel, and as RGB 0..1.
#[derive(Debug)]
struct Palette {
    lab: [[f32; COLOURS]; 3],
    rgb: [[f32; 3]; COLOURS],
}

impl Pixels {
    #[must_use]
    pub fn new(sizes: Sizes) -> Self {
        let block = ((sizes.width * 3 + 160) / 320).max(1);
        let (columns, rows) = (sizes.width.div_ceil(block), sizes.height.div_ceil(block));
        Self {
            sizes,
            block,
            columns,
            known: false,
            seen: vec![[0.0; 3]; columns * rows],
            shown: vec![[0; 3]; columns * rows],
            palette: Palette::new(),
        }
    }
}

impl Paint for Pixels {
    fn paint(&mut self, pixels: &mut [u8]) {
        let Self { sizes, block, columns, known, seen, shown, palette } = self;
        let (width, height, block, columns) = (sizes.width, sizes.height, *block, *columns);
        let source = &*pixels;
        settle_all(seen, *known, |i| {
            let (left, top) = (i % columns * block, i / columns * block);
            let (right, bottom) = ((left + block).min(width), (top + block).min(height));
            let mut sum = [0_u32; 3];
            for y in top..bottom {
                for pixel in source[(y * width + left) * 3..(y * width + right) * 3].as_chunks::<3>().0 {
                    for (sum, &value) in sum.iter_mut().zip(pixel) {
                        *sum += u32::from(value);
                    }
                }
            }
            let scale = 1.0 / (255.0 * ((right - left) * (bottom - top)) as f32);
            sum.map(|sum| sum as f32 * scale)
        });
        *known = true;
        let (seen, rows) = (&*seen, seen.len() / columns);
        shown.par_iter_mut().enumerate().with_min_len(64).for_each(|(i, shown)| {
            let (x, y) = (i % columns, i / columns);
            let near = |x: usize, y: usize| seen[y * columns + x];
            let ring = [
                near(x.saturating_sub(1), y),
                near((x + 1).min(columns - 1), y),
                near(x, y.saturating_sub(1)),
                near(x, (y + 1).min(rows - 1)),
            ];
            let around: [f32; 3] = std::array::from_fn(|k| ring.iter().map(|colour| colour[k]).sum::<f32>() * 0.25);
            let here = seen[i];
            let bright = luma(here);
            // Few pixels must say much: contours are sharpened and colours made stronger.
            let crisp = (0.55 * (bright - luma(around))).clamp(-0.14, 0.14);
            let vivid = 1.1 + 0.6 * bright;
            let colour = here.map(|value| (bright + (value - bright) * vivid + crisp).clamp(0.0, 1.0));
            let dither = (f32::from(BAYER[y % 4][x % 4]) + 0.5) / 8.0 - 1.0;
            *shown = palette.draw(colour, dither * DITHER);
        });
        let shown = &*shown;
        pixels.par_chunks_exact_mut(width * 3).enumerate().with_min_len(8).for_each(|(y, row)| {
            let line = &shown[y / block * columns..][..columns];
            for (run, colour) in row.chunks_mut(block * 3).zip(line) {
                for pixel in run.as_chunks_mut::<3>().0 {
                    *pixel = *colour;
                }
            }
        });
    }

    fn reset(&mut self) {
        let Self { sizes: _, block: _, columns: _, known, seen: _, shown: _, palette: _ } = self;
        *known = false;
    }
}

impl Palette {
    fn new() -> Self {
        let mut palette = Self { lab: [[0.0; COLOURS]; 3], rgb: [[0.0; 3]; COLOURS] };
        let tones = RAMPS.iter().flat_map(|&(hue, chroma, turn, count)| {
            (0..count).map(move |i| (hue, chroma, turn, i as f32 / (count - 1) as f32))
        });
        for (i, (hue, chroma, turn, t)) in tones.enumerate() {
            let light = 0.13 + 0.85 * t;
            let full = (4.0 * light * (1.0 - light)).clamp(0.0, 1.0).powf(0.6);
            let (sin, cos) = (hue + turn * (t - 0.5)).sin_cos();
            let rgb =
                rgb_of_oklab([light, chroma * full * cos, chroma * full * sin]).map(|value| value.clamp(0.0, 1.0));
            palette.rgb[i] = rgb;
            for (channel, value) in palette.lab.iter_mut().zip(oklab_of_rgb(rgb)) {
                channel[i] = value;
            }
        }
        palette
    }

    /// The palette's colour for an RGB colour 0..1 whose lightness is moved by `dither`.
    fn draw(&self, colour: [f32; 3], dither: f32) -> [u8; 3] {
        let [light, a, b] = oklab_of_rgb(colour);
        let light = light + dither;
        let mut distances = [0.0_f32; COLOURS];
        for (i, distance) in distances.iter_mut().enumerate() {
            let (dl, da, db) = (light - self.lab[0][i], a - self.lab[1][i], b - self.lab[2][i]);
            *distance = dl * dl + 3.0 * (da * da + db * db);
        }
        let least = distances.iter().copied().fold(f32::INFINITY, f32::min);
        let (mut sum, mut whole) = ([0.0_f32; 3], 0.0_f32);
        for (distance, rgb) in distances.iter().zip(&self.rgb) {
            let near = 1.0 - (distance - least) * (1.0 / BORDER);
            if near > 0.0 {
                let weight = near * near;
                whole += weight;
                for (sum, value) in sum.iter_mut().zip(rgb) {
                    *sum += weight * value;
                }
            }
        }
        sum.map(|sum| byte(sum / whole))
    }
}

/// OKLab (Ottosson, 2020) of RGB 0..1. The camera's gamma is taken for a plain square.
fn oklab_of_rgb(rgb: [f32; 3]) -> [f32; 3] {
    let [r, g, b] = rgb.map(|value| value * value);
    let l = (0.412_221_47 * r + 0.536_332_55 * g + 0.051_445_995 * b).cbrt();
    let m = (0.211_903_5 * r + 0.680_699_5 * g + 0.107_396_96 * b).cbrt();
    let s = (0.088_302_46 * r + 0.281_718_85 * g + 0.629_978_7 * b).cbrt();
    [
        0.210_454_26 * l + 0.793_617_8 * m - 0.004_072_047 * s,
        1.977_998_5 * l - 2.428_592_2 * m + 0.450_593_7 * s,
        0.025_904_037 * l + 0.782_771_77 * m - 0.808_675_77 * s,
    ]
}

/// The inverse of [`oklab_of_rgb`]; may lie outside 0..1.
fn rgb_of_oklab([light, a, b]: [f32; 3]) -> [f32; 3] {
    let l = (light + 0.396_337_78 * a + 0.215_803_76 * b).powi(3);
    let m = (light - 0.105_561_346 * a - 0.063_854_17 * b).powi(3);
    let s = (light - 0.089_484_18 * a - 1.291_485_5 * b).powi(3);
    [
        4.076_741_7 * l - 3.307_711_6 * m + 0.230_969_93 * s,
        -1.268_438 * l + 2.609_757_4 * m - 0.341_319_4 * s,
        -0.004_196_086_3 * l - 0.703_418_6 * m + 1.707_614_7 * s,
    ]
    .map(|value| value.max(0.0).sqrt())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn oklab_goes_there_and_back() {
        for rgb in [[0.0, 0.0, 0.0], [1.0, 1.0, 1.0], [0.8, 0.3, 0.1], [0.1, 0.5, 0.9]] {
            let back = rgb_of_oklab(oklab_of_rgb(rgb));
            assert!(rgb.iter().zip(back).all(|(a, b)| (a - b).abs() < 3e-3), "{rgb:?} {back:?}");
        }
        assert!((oklab_of_rgb([1.0; 3])[0] - 1.0).abs() < 1e-3);
    }

    #[test]
    fn colours_of_the_palette_are_drawn_as_they_are() {
        let palette = Palette::new();
        for rgb in palette.rgb {
            let drawn = palette.draw(rgb, 0.0).map(|value| f32::from(value) / 255.0);
            assert!(rgb.iter().zip(drawn).all(|(a, b)| (a - b).abs() < 0.06), "{rgb:?} {drawn:?}");
        }
    }
}
