//! YUV to RGB and back, in fixed point, with the matrix and the range always named.
//!
//! Webcams send BT.601 in the limited range. Clips say in their stream what they use; where they are silent, the
//! custom is BT.601 below 720 lines and BT.709 from there on.

use crate::frame::{Frame, PixelFormat};

/// Bits behind the point.
const FRACTION_BITS: u32 = 16;
const HALF: i32 = 1 << (FRACTION_BITS - 1);

/// From this many lines on, a silent clip is taken for BT.709.
const HD_LINES: u32 = 720;

/// Which weights make luma of red, green and blue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum YuvMatrix {
    /// ITU-R BT.601: standard definition, webcams, JPEG.
    Bt601,
    /// ITU-R BT.709: high definition.
    Bt709,
    /// ITU-R BT.2020, non-constant luminance.
    Bt2020,
}

impl YuvMatrix {
    /// The custom for a clip that does not say.
    #[must_use]
    pub fn for_height(height: u32) -> Self {
        if height < HD_LINES { Self::Bt601 } else { Self::Bt709 }
    }

    /// By the `matrix_coefficients` number of ITU-T H.273 (the same in H.264, MP4 and Matroska).
    pub(crate) fn from_code(code: u32) -> Option<Self> {
        match code {
            1 => Some(Self::Bt709),
            5 | 6 => Some(Self::Bt601),
            9 | 10 => Some(Self::Bt2020),
            _ => None,
        }
    }

    /// Weights of red and blue in luma; green has the rest.
    fn weights(self) -> (f64, f64) {
        match self {
            Self::Bt601 => (0.299, 0.114),
            Self::Bt709 => (0.2126, 0.0722),
            Self::Bt2020 => (0.2627, 0.0593),
        }
    }
}

/// Which byte values are black and white.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum YuvRange {
    /// Luma 16..235, chroma 16..240.
    Limited,
    /// 0..255.
    Full,
}

/// Sums are looked up from this far below zero, so that every sum of table entries is an index.
const LOWEST: i32 = -384;

/// Sums that can come out, a power of two: a mask then keeps every index inside.
const SUMS: usize = 1024;

/// Turns YUV into RGB through tables: one for what each byte adds, one that cuts the sum to 0..=255. On one core this
/// is faster than the arithmetic it stands for.
#[derive(Clone, Debug)]
pub(crate) struct YuvToRgb {
    luma: [i32; 256],
    v_to_red: [i32; 256],
    u_to_green: [i32; 256],
    v_to_green: [i32; 256],
    u_to_blue: [i32; 256],
    cut: [u8; SUMS],
}

/// Three planes of one picture, rows `stride` bytes apart.
#[derive(Clone, Copy)]
pub(crate) struct Planes<'a> {
    pub y: &'a [u8],
    pub u: &'a [u8],
    pub v: &'a [u8],
    pub y_stride: usize,
    pub uv_stride: usize,
    /// Columns and rows that share one chroma sample, as shifts: (1, 1) is 4:2:0.
    pub chroma_shift: (u32, u32),
}

impl YuvToRgb {
    pub(crate) fn new(matrix: YuvMatrix, range: YuvRange) -> Self {
        let (red, blue) = matrix.weights();
        let green = 1.0 - red - blue;
        let (black, luma_scale, chroma_scale) = match range {
            YuvRange::Limited => (16, 255.0 / 219.0, 255.0 / 224.0),
            YuvRange::Full => (0, 1.0, 1.0),
        };
        let table = |zero: i32, scale: f64, add: i32| {
            let fixed = (scale * f64::from(1 << FRACTION_BITS)).round() as i32;
            std::array::from_fn(|byte| (byte as i32 - zero) * fixed + add)
        };
        Self {
            luma: table(black, luma_scale, HALF - (LOWEST << FRACTION_BITS)),
            v_to_red: table(128, 2.0 * (1.0 - red) * chroma_scale, 0),
            u_to_green: table(128, -2.0 * (1.0 - blue) * blue / green * chroma_scale, 0),
            v_to_green: table(128, -2.0 * (1.0 - red) * red / green * chroma_scale, 0),
            u_to_blue: table(128, 2.0 * (1.0 - blue) * chroma_scale, 0),
            cut: std::array::from_fn(|sum| (sum as i32 + LOWEST).clamp(0, 255) as u8),
        }
    }

    /// What a pair of chroma bytes adds to red, green and blue.
    #[inline(always)]
    fn chroma(&self, u: u8, v: u8) -> [i32; 3] {
        let (u, v) = (usize::from(u), usize::from(v));
        [self.v_to_red[v], self.u_to_green[u] + self.v_to_green[v], self.u_to_blue[u]]
    }

    #[inline(always)]
    fn pixel(&self, y: u8, chroma: [i32; 3]) -> [u8; 3] {
        let luma = self.luma[usize::from(y)];
        chroma.map(|add| self.cut[((luma + add) >> FRACTION_BITS) as usize % SUMS])
    }

    /// Packed 4:2:2 (`Y0 U Y1 V`) to RGB.
    pub(crate) fn yuyv(&self, yuyv: &[u8], rgb: &mut [u8]) {
        let (input, _) = yuyv.as_chunks::<4>();
        let (output, _) = rgb.as_chunks_mut::<6>();
        for ([y0, u, y1, v], out) in input.iter().zip(output) {
            let chroma = self.chroma(*u, *v);
            let ([r0, g0, b0], [r1, g1, b1]) = (self.pixel(*y0, chroma), self.pixel(*y1, chroma));
            *out = [r0, g0, b0, r1, g1, b1];
        }
    }

    /// One row of luma with interleaved half-size chroma to RGB.
    fn nv12_row(&self, y: &[u8], uv: &[u8], rgb: &mut [u8]) {
        let ((y, _), (uv, _), (output, _)) = (y.as_chunks::<2>(), uv.as_chunks::<2>(), rgb.as_chunks_mut::<6>());
        for (([y0, y1], [u, v]), out) in y.iter().zip(uv).zip(output) {
            let chroma = self.chroma(*u, *v);
            let ([r0, g0, b0], [r1, g1, b1]) = (self.pixel(*y0, chroma), self.pixel(*y1, chroma));
            *out = [r0, g0, b0, r1, g1, b1];
        }
    }

    /// One row with chroma for every column.
    fn row_444(&self, y: &[u8], u: &[u8], v: &[u8], rgb: &mut [u8]) {
        let (output, _) = rgb.as_chunks_mut::<3>();
        for (((y, u), v), out) in y.iter().zip(u).zip(v).zip(output) {
            *out = self.pixel(*y, self.chroma(*u, *v));
        }
    }

    /// One row with chroma for every second column; the last column may stand alone.
    fn row_half(&self, y: &[u8], u: &[u8], v: &[u8], rgb: &mut [u8]) {
        let ((pairs, last), (output, last_out)) = (y.as_chunks::<2>(), rgb.as_chunks_mut::<6>());
        for ((([y0, y1], u), v), out) in pairs.iter().zip(u).zip(v).zip(output) {
            let chroma = self.chroma(*u, *v);
            let ([r0, g0, b0], [r1, g1, b1]) = (self.pixel(*y0, chroma), self.pixel(*y1, chroma));
            *out = [r0, g0, b0, r1, g1, b1];
        }
        if let ([y], [.., u], [.., v]) = (last, u, v) {
            last_out.copy_from_slice(&self.pixel(*y, self.chroma(*u, *v)));
        }
    }

    /// One row with chroma for every `1 << shift` columns.
    fn row_shared(&self, shift: u32, y: &[u8], u: &[u8], v: &[u8], rgb: &mut [u8]) {
        let (output, _) = rgb.as_chunks_mut::<3>();
        for (column, (y, out)) in y.iter().zip(output).enumerate() {
            *out = self.pixel(*y, self.chroma(u[column >> shift], v[column >> shift]));
        }
    }

    /// A plane of luma without chroma to RGB.
    pub(crate) fn grey(&self, y: &[u8], y_stride: usize, width: u32, height: u32) -> Vec<u8> {
        // One grey row serves as the chroma of all rows.
        let grey = vec![128; width as usize];
        let planes = Planes { y, u: &grey, v: &grey, y_stride, uv_stride: 0, chroma_shift: (0, 0) };
        self.planar(&planes, width, height)
    }

    /// A planar picture to RGB. Rows that the planes do not hold stay black.
    pub(crate) fn planar(&self, planes: &Planes, width: u32, height: u32) -> Vec<u8> {
        let (width, height) = (width as usize, height as usize);
        let chroma_width = width.div_ceil(1 << planes.chroma_shift.0);
        let mut rgb = vec![0; width * height * 3];
        for (row, out) in rgb.chunks_exact_mut(width * 3).enumerate() {
            let luma_at = row * planes.y_stride;
            let chroma_at = (row >> planes.chroma_shift.1) * planes.uv_stride;
            let (Some(y), Some(u), Some(v)) = (
                planes.y.get(luma_at..luma_at + width),
                planes.u.get(chroma_at..chroma_at + chroma_width),
                planes.v.get(chroma_at..chroma_at + chroma_width),
            ) else {
                break;
            };
            match planes.chroma_shift.0 {
                0 => self.row_444(y, u, v, out),
                1 => self.row_half(y, u, v, out),
                shift => self.row_shared(shift, y, u, v, out),
            }
        }
        rgb
    }
}

/// Any frame's bytes as RGB; camera formats are taken for BT.601, limited range.
pub(crate) fn frame_to_rgb(frame: &Frame) -> Vec<u8> {
    let (width, height) = (frame.width as usize, frame.height as usize);
    let convert = YuvToRgb::new(YuvMatrix::Bt601, YuvRange::Limited);
    match frame.format {
        PixelFormat::Rgb8 => frame.pixels.clone(),
        PixelFormat::Yuyv => {
            let mut rgb = vec![0; width * height * 3];
            convert.yuyv(&frame.pixels, &mut rgb);
            rgb
        }
        PixelFormat::Nv12 => {
            let mut rgb = vec![0; width * height * 3];
            let (luma, chroma) = frame.pixels.split_at((width * height).min(frame.pixels.len()));
            for (row, (y, out)) in luma.chunks_exact(width).zip(rgb.chunks_exact_mut(width * 3)).enumerate() {
                let uv = chroma.get(row / 2 * width..).unwrap_or_default();
                convert.nv12_row(y, &uv[..uv.len().min(width)], out);
            }
            rgb
        }
    }
}

/// A 4:2:0 picture in three planes, for an encoder. Sides are even.
pub(crate) struct Yuv420 {
    pub y: Vec<u8>,
    pub u: Vec<u8>,
    pub v: Vec<u8>,
    pub width: usize,
    pub height: usize,
}

impl Yuv420 {
    /// A black picture.
    pub(crate) fn new(width: usize, height: usize) -> Self {
        let chroma = width / 2 * (height / 2);
        Self { y: vec![16; width * height], u: vec![128; chroma], v: vec![128; chroma], width, height }
    }

    /// Fills the planes from RGB in the limited range. `rgb` is `rgb_width` wide; where it is one pixel narrower or
    /// lower than the planes (odd sizes), its edge is repeated.
    pub(crate) fn fill(&mut self, rgb: &[u8], rgb_width: usize, rgb_height: usize, matrix: YuvMatrix) {
        let (red, blue) = matrix.weights();
        let green = 1.0 - red - blue;
        let fixed = |value: f64| (value * f64::from(1 << FRACTION_BITS)).round() as i32;
        let luma = [red, green, blue].map(|weight| fixed(weight * 219.0 / 255.0));
        // Chroma is computed from the sum of four pixels, hence the quarter.
        let u_scale = 224.0 / 255.0 / (2.0 * (1.0 - blue)) / 4.0;
        let v_scale = 224.0 / 255.0 / (2.0 * (1.0 - red)) / 4.0;
        let to_u = [-red * u_scale, -green * u_scale, (1.0 - blue) * u_scale].map(fixed);
        let to_v = [(1.0 - red) * v_scale, -green * v_scale, -blue * v_scale].map(fixed);
        let dot = |weights: [i32; 3], rgb: [i32; 3], offset: i32| {
            let sum = weights[0] * rgb[0] + weights[1] * rgb[1] + weights[2] * rgb[2];
            (((sum + HALF) >> FRACTION_BITS) + offset).clamp(0, 255) as u8
        };
        let row_bytes = rgb_width * 3;
        let luma_rows = self.y.chunks_exact_mut(self.width * 2);
        let chroma_rows = self.u.chunks_exact_mut(self.width / 2).zip(self.v.chunks_exact_mut(self.width / 2));
        for (pair, (y_rows, (u_row, v_row))) in luma_rows.zip(chroma_rows).enumerate() {
            let top = (pair * 2).min(rgb_height - 1);
            let bottom = (pair * 2 + 1).min(rgb_height - 1);
            let top = &rgb[top * row_bytes..][..row_bytes];
            let bottom = &rgb[bottom * row_bytes..][..row_bytes];
            let (y_top, y_bottom) = y_rows.split_at_mut(self.width);
            for (column, (u, v)) in u_row.iter_mut().zip(v_row).enumerate() {
                let left = (column * 2).min(rgb_width - 1) * 3;
                let right = (column * 2 + 1).min(rgb_width - 1) * 3;
                let at = |row: &[u8], byte: usize| {
                    [i32::from(row[byte]), i32::from(row[byte + 1]), i32::from(row[byte + 2])]
                };
                let four = [at(top, left), at(top, right), at(bottom, left), at(bottom, right)];
                y_top[column * 2] = dot(luma, four[0], 16);
                y_top[column * 2 + 1] = dot(luma, four[1], 16);
                y_bottom[column * 2] = dot(luma, four[2], 16);
                y_bottom[column * 2 + 1] = dot(luma, four[3], 16);
                let sum = [0, 1, 2].map(|channel| four.iter().map(|pixel| pixel[channel]).sum::<i32>());
                *u = dot(to_u, sum, 128);
                *v = dot(to_v, sum, 128);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;

    /// The textbook formula in floating point (ITU-R BT.601, 709, 2020).
    fn reference([y, u, v]: [u8; 3], matrix: YuvMatrix, range: YuvRange) -> [f64; 3] {
        let (red, blue) = match matrix {
            YuvMatrix::Bt601 => (0.299, 0.114),
            YuvMatrix::Bt709 => (0.2126, 0.0722),
            YuvMatrix::Bt2020 => (0.2627, 0.0593),
        };
        let (y, u, v) = (f64::from(y), f64::from(u) - 128.0, f64::from(v) - 128.0);
        let (y, u, v) = match range {
            YuvRange::Limited => ((y - 16.0) / 219.0, u / 224.0, v / 224.0),
            YuvRange::Full => (y / 255.0, u / 255.0, v / 255.0),
        };
        let r = y + 2.0 * (1.0 - red) * v;
        let b = y + 2.0 * (1.0 - blue) * u;
        let g = (y - red * r - blue * b) / (1.0 - red - blue);
        [r, g, b].map(|value| (value * 255.0).clamp(0.0, 255.0))
    }

    #[test]
    fn fixed_point_agrees_with_the_formula() {
        for matrix in [YuvMatrix::Bt601, YuvMatrix::Bt709, YuvMatrix::Bt2020] {
            for range in [YuvRange::Limited, YuvRange::Full] {
                let convert = YuvToRgb::new(matrix, range);
                for y in (0..=255).step_by(5) {
                    for u in (0..=255).step_by(17) {
                        for v in (0..=255).step_by(17) {
                            let got = convert.pixel(y, convert.chroma(u, v));
                            let wanted = reference([y, u, v], matrix, range);
                            for (got, wanted) in got.iter().zip(wanted) {
                                assert!((f64::from(*got) - wanted).abs() <= 0.51, "{matrix:?} {range:?} {y} {u} {v}");
                            }
                        }
                    }
                }
            }
        }
        // The matrices do differ.
        assert_ne!(
            YuvToRgb::new(YuvMatrix::Bt601, YuvRange::Limited).chroma(90, 240),
            YuvToRgb::new(YuvMatrix::Bt709, YuvRange::Limited).chroma(90, 240)
        );
    }

    #[test]
    fn camera_formats_agree_with_each_other() {
        // Four columns, two rows; chroma equal in both rows, so that 4:2:2 and 4:2:0 hold the same picture.
        let luma = [[16_u8, 60, 120, 235], [30, 90, 200, 45]];
        let chroma = [[90_u8, 240], [200, 100]];
        let mut yuyv = Vec::new();
        for row in &luma {
            for pair in 0..2 {
                yuyv.extend([row[pair * 2], chroma[pair][0], row[pair * 2 + 1], chroma[pair][1]]);
            }
        }
        let nv12 = [&luma.concat()[..], &chroma.concat()[..]].concat();
        let frame = |pixels, format| Frame::new(pixels, 4, 2, format, 0, Instant::now()).unwrap();
        let from_yuyv = frame(yuyv, PixelFormat::Yuyv).into_rgb8();
        let from_nv12 = frame(nv12, PixelFormat::Nv12).into_rgb8();
        assert_eq!(from_yuyv.pixels, from_nv12.pixels);
        for (at, pixel) in from_yuyv.pixels.chunks(3).enumerate() {
            let (row, column) = (at / 4, at % 4);
            let [u, v] = chroma[column / 2];
            let wanted = reference([luma[row][column], u, v], YuvMatrix::Bt601, YuvRange::Limited);
            for (got, wanted) in pixel.iter().zip(wanted) {
                assert!((f64::from(*got) - wanted).abs() <= 0.51, "pixel {at}: {pixel:?} for {wanted:?}");
            }
        }
    }

    #[test]
    fn there_and_back_keeps_plain_colours() {
        for matrix in [YuvMatrix::Bt601, YuvMatrix::Bt709] {
            for colour in [[0, 0, 0], [255, 255, 255], [200, 30, 60], [10, 220, 90], [40, 60, 250]] {
                let rgb = colour.repeat(5 * 3);
                // Odd sizes: the last column and row are repeated.
                let mut yuv = Yuv420::new(6, 4);
                yuv.fill(&rgb, 5, 3, matrix);
                let planes =
                    Planes { y: &yuv.y, u: &yuv.u, v: &yuv.v, y_stride: 6, uv_stride: 3, chroma_shift: (1, 1) };
                let back = YuvToRgb::new(matrix, YuvRange::Limited).planar(&planes, 6, 4);
                for pixel in back.chunks(3) {
                    for (got, wanted) in pixel.iter().zip(colour) {
                        assert!(got.abs_diff(wanted) <= 3, "{matrix:?}: {pixel:?} for {colour:?}");
                    }
                }
            }
        }
    }

    #[test]
    fn planes_that_are_too_short_leave_black() {
        let planes = Planes { y: &[235; 4], u: &[128], v: &[], y_stride: 4, uv_stride: 2, chroma_shift: (1, 1) };
        let rgb = YuvToRgb::new(YuvMatrix::Bt601, YuvRange::Limited).planar(&planes, 4, 4);
        assert_eq!(rgb, [0; 48]);
    }
}
