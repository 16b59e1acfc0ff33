//! Size and orientation of frames: mirror, resize, crop, letterbox.
//!
//! All of it works on RGB; frames of other formats are converted first. Times and numbers of a frame stay as they are.

use crate::frame::{Frame, FrameError, PixelFormat};

const CHANNELS: usize = 3;

impl Frame {
    /// Left and right exchanged, as in a mirror.
    #[must_use]
    pub fn mirrored(&self) -> Frame {
        let mut frame = self.to_rgb8().into_owned();
        frame.mirror();
        frame
    }

    /// Exchanges left and right in place; the frame becomes RGB.
    pub fn mirror(&mut self) {
        if self.format != PixelFormat::Rgb8 {
            *self = self.to_rgb8().into_owned();
        }
        let row_bytes = self.width as usize * CHANNELS;
        for row in self.pixels.chunks_exact_mut(row_bytes.max(CHANNELS)) {
            let (pixels, _) = row.as_chunks_mut::<CHANNELS>();
            pixels.reverse();
        }
    }

    /// The picture scaled to `width` x `height`, its shape not kept: by area where it shrinks, bilinear where it grows.
    ///
    /// # Errors
    /// When a side is zero.
    pub fn resize(&self, width: u32, height: u32) -> Result<Frame, FrameError> {
        let rgb = self.to_rgb8();
        if (width, height) == (rgb.width, rgb.height) {
            return Ok(rgb.into_owned());
        }
        if width == 0 || height == 0 {
            return Err(FrameError::Size { width, height, format: PixelFormat::Rgb8 });
        }
        let pixels =
            resample(&rgb.pixels, (rgb.width as usize, rgb.height as usize), (width as usize, height as usize));
        Frame::rgb8(pixels, width, height, self.seq, self.captured_at)
    }

    /// The part of the picture that begins at (`left`, `top`).
    ///
    /// # Errors
    /// When that part is empty or reaches beyond the picture.
    pub fn crop(&self, left: u32, top: u32, width: u32, height: u32) -> Result<Frame, FrameError> {
        let inside = |start: u32, len: u32, whole: u32| start.checked_add(len).is_some_and(|end| end <= whole);
        if width == 0 || height == 0 || !inside(left, width, self.width) || !inside(top, height, self.height) {
            let (width, height, whole) = (width, height, (self.width, self.height));
            return Err(FrameError::Crop { left, top, width, height, whole });
        }
        let rgb = self.to_rgb8();
        let row_bytes = self.width as usize * CHANNELS;
        let (first, len) = (left as usize * CHANNELS, width as usize * CHANNELS);
        let mut pixels = Vec::with_capacity(len * height as usize);
        for row in rgb.pixels.chunks_exact(row_bytes).skip(top as usize).take(height as usize) {
            pixels.extend_from_slice(&row[first..first + len]);
        }
        Frame::rgb8(pixels, width, height, self.seq, self.captured_at)
    }

    /// The middle of the picture in the shape of `width` x `height`, scaled to that size: fills it, cuts the rest.
    ///
    /// # Errors
    /// When a side is zero.
    pub fn crop_to(&self, width: u32, height: u32) -> Result<Frame, FrameError> {
        if width == 0 || height == 0 {
            return Err(FrameError::Size { width, height, format: PixelFormat::Rgb8 });
        }
        let (keep_width, keep_height) = shape_inside((self.width, self.height), (width, height));
        let left = (self.width - keep_width) / 2;
        let top = (self.height - keep_height) / 2;
        self.crop(left, top, keep_width, keep_height)?.resize(width, height)
    }

    /// The whole picture inside `width` x `height`, its shape kept, black around it.
    ///
    /// # Errors
    /// When a side is zero.
    pub fn letterbox(&self, width: u32, height: u32) -> Result<Frame, FrameError> {
        if width == 0 || height == 0 {
            return Err(FrameError::Size { width, height, format: PixelFormat::Rgb8 });
        }
        let (inner_width, inner_height) = shape_inside((width, height), (self.width, self.height));
        let inner = self.resize(inner_width, inner_height)?;
        let left = (width - inner_width) as usize / 2 * CHANNELS;
        let top = (height - inner_height) as usize / 2;
        let len = inner_width as usize * CHANNELS;
        let mut pixels = vec![0; PixelFormat::Rgb8.byte_len(width, height)];
        let rows = pixels.chunks_exact_mut(width as usize * CHANNELS).skip(top);
        for (row, inner_row) in rows.zip(inner.pixels.chunks_exact(len)) {
            row[left..left + len].copy_from_slice(inner_row);
        }
        Frame::rgb8(pixels, width, height, self.seq, self.captured_at)
    }
}

/// The largest size of `shape`'s proportions that fits into `bounds`; no side is zero.
fn shape_inside(bounds: (u32, u32), shape: (u32, u32)) -> (u32, u32) {
    let scale = |side: u32, by: u32, over: u32| {
        let (by, over) = (u64::from(by), u64::from(over));
        ((u64::from(side) * by + over / 2) / over) as u32
    };
    if u64::from(bounds.0) * u64::from(shape.1) > u64::from(bounds.1) * u64::from(shape.0) {
        (scale(bounds.1, shape.0, shape.1).clamp(1, bounds.0), bounds.1)
    } else {
        (bounds.0, scale(bounds.0, shape.1, shape.0).clamp(1, bounds.1))
    }
}

/// What one output row or column is made of.
struct Taps {
    first: usize,
    weights: Vec<f32>,
}

/// Weights (summing to 1) of the input positions that each output position is made of.
fn taps(input: usize, output: usize) -> Vec<Taps> {
    let step = input as f64 / output as f64;
    (0..output)
        .map(|position| {
            if output >= input {
                let centre = ((position as f64 + 0.5) * step - 0.5).clamp(0.0, (input - 1) as f64);
                let first = centre.floor() as usize;
                let weight = (centre - first as f64) as f32;
                if first + 1 < input {
                    Taps { first, weights: vec![1.0 - weight, weight] }
                } else {
                    Taps { first, weights: vec![1.0] }
                }
            } else {
                let (start, end) = (position as f64 * step, (position + 1) as f64 * step);
                let first = start.floor() as usize;
                let last = (end.ceil() as usize).min(input);
                let weights =
                    (first..last).map(|at| ((end.min((at + 1) as f64) - start.max(at as f64)) / step) as f32).collect();
                Taps { first, weights }
            }
        })
        .collect()
}

/// Separable scaling: rows first, because whole rows add up fast, then columns.
fn resample(rgb: &[u8], from: (usize, usize), to: (usize, usize)) -> Vec<u8> {
    let (columns, rows) = (taps(from.0, to.0), taps(from.1, to.1));
    let row_bytes = from.0 * CHANNELS;
    let mut sums = vec![0.0_f32; row_bytes];
    let mut out = vec![0; to.0 * to.1 * CHANNELS];
    for (row, out_row) in rows.iter().zip(out.chunks_exact_mut(to.0 * CHANNELS)) {
        sums.fill(0.0);
        for (offset, weight) in row.weights.iter().enumerate() {
            let input_row = &rgb[(row.first + offset) * row_bytes..][..row_bytes];
            for (sum, byte) in sums.iter_mut().zip(input_row) {
                *sum += weight * f32::from(*byte);
            }
        }
        let (pixels, _) = sums.as_chunks::<CHANNELS>();
        let (out_pixels, _) = out_row.as_chunks_mut::<CHANNELS>();
        for (column, out_pixel) in columns.iter().zip(out_pixels) {
            let colour = match (&column.weights[..], &pixels[column.first..]) {
                ([left_weight, right_weight], [left, right, ..]) => {
                    [0, 1, 2].map(|channel| left[channel] * left_weight + right[channel] * right_weight)
                }
                (weights, pixels) => pixels.iter().zip(weights).fold([0.0; CHANNELS], |sum, (pixel, weight)| {
                    [0, 1, 2].map(|channel| sum[channel] + pixel[channel] * weight)
                }),
            };
            *out_pixel = colour.map(|value| (value + 0.5) as u8);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;

    /// A picture in which every pixel is different.
    fn picture(width: u32, height: u32) -> Frame {
        let pixels =
            (0..height).flat_map(|y| (0..width).flat_map(move |x| [x as u8, y as u8, (x * y) as u8])).collect();
        Frame::rgb8(pixels, width, height, 7, Instant::now()).unwrap()
    }

    fn pixel(frame: &Frame, x: u32, y: u32) -> [u8; 3] {
        let at = (y * frame.width + x) as usize * 3;
        [frame.pixels[at], frame.pixels[at + 1], frame.pixels[at + 2]]
    }

    #[test]
    fn a_mirror_exchanges_left_and_right() {
        let frame = picture(5, 3);
        let mirrored = frame.mirrored();
        for y in 0..3 {
            for x in 0..5 {
                assert_eq!(pixel(&mirrored, x, y), pixel(&frame, 4 - x, y));
            }
        }
        assert_eq!(mirrored.mirrored().pixels, frame.pixels);
        assert_eq!((mirrored.seq, mirrored.captured_at), (frame.seq, frame.captured_at));
    }

    #[test]
    fn shrinking_averages_areas() {
        let frame = picture(8, 6);
        let half = frame.resize(4, 3).unwrap();
        for y in 0..3 {
            for x in 0..4 {
                for channel in 0..3 {
                    let four = [(0, 0), (1, 0), (0, 1), (1, 1)];
                    let sum: u32 =
                        four.iter().map(|(dx, dy)| u32::from(pixel(&frame, 2 * x + dx, 2 * y + dy)[channel])).sum();
                    assert!((f64::from(pixel(&half, x, y)[channel]) - f64::from(sum) / 4.0).abs() <= 0.51);
                }
            }
        }
        // Any size keeps a plain colour and the mean.
        let plain = Frame::rgb8(vec![100; 640 * 480 * 3], 640, 480, 0, Instant::now()).unwrap();
        for (width, height) in [(256, 192), (1, 1), (641, 479), (333, 1000)] {
            let scaled = plain.resize(width, height).unwrap();
            assert!(scaled.pixels.iter().all(|value| *value == 100), "{width}x{height}");
        }
    }

    #[test]
    fn growing_interpolates_between_pixels() {
        let frame = Frame::rgb8([[0; 3], [200; 3]].concat(), 2, 1, 0, Instant::now()).unwrap();
        let row: Vec<u8> = frame.resize(4, 1).unwrap().pixels.chunks(3).map(|pixel| pixel[0]).collect();
        assert_eq!(row, [0, 50, 150, 200]);
    }

    #[test]
    fn crops_take_what_was_asked_for() {
        let frame = picture(8, 6);
        let part = frame.crop(2, 1, 3, 4).unwrap();
        assert_eq!((part.width, part.height), (3, 4));
        assert_eq!(pixel(&part, 2, 3), pixel(&frame, 4, 4));
        for (left, top, width, height) in [(6, 0, 3, 1), (0, 0, 0, 1), (0, 5, 1, 2), (u32::MAX, 0, 2, 1)] {
            assert!(frame.crop(left, top, width, height).is_err());
        }
        // A wide picture to a square loses its sides.
        let square = frame.crop_to(6, 6).unwrap();
        assert_eq!(pixel(&square, 0, 0), pixel(&frame, 1, 0));
    }

    #[test]
    fn a_letterbox_keeps_shape_and_puts_black_around() {
        let white = Frame::rgb8(vec![255; 8 * 4 * 3], 8, 4, 0, Instant::now()).unwrap();
        let boxed = white.letterbox(8, 8).unwrap();
        for y in 0..8 {
            let wanted = if (2..6).contains(&y) { [255; 3] } else { [0; 3] };
            assert!((0..8).all(|x| pixel(&boxed, x, y) == wanted), "row {y}");
        }
        assert_eq!(white.letterbox(3, 1000).unwrap().height, 1000);
        assert!(white.letterbox(0, 3).is_err());
    }
}
