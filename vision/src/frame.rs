//! One picture with the time it was captured; the type that crosses every border.

use std::borrow::Cow;
use std::time::Instant;

use crate::colour;

/// How the bytes of a [`Frame`] are laid out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PixelFormat {
    /// 3 bytes a pixel, red first, rows top to bottom without padding.
    Rgb8,
    /// Packed 4:2:2, `Y0 U Y1 V`; the width is even.
    Yuyv,
    /// A full plane of Y, then interleaved U and V at half size; width and height are even.
    Nv12,
}

impl PixelFormat {
    /// Bytes that a `width` x `height` picture takes in this format.
    #[must_use]
    pub fn byte_len(self, width: u32, height: u32) -> usize {
        let pixels = width as usize * height as usize;
        match self {
            Self::Rgb8 => pixels * 3,
            Self::Yuyv => pixels * 2,
            Self::Nv12 => pixels * 3 / 2,
        }
    }
}

/// Bytes and size that do not make a frame.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum FrameError {
    /// The buffer has the wrong length.
    #[error("a {width}x{height} {format:?} frame takes {expected} bytes, got {got}")]
    Length {
        /// Pixels.
        width: u32,
        /// Pixels.
        height: u32,
        /// Layout asked for.
        format: PixelFormat,
        /// Bytes that it takes.
        expected: usize,
        /// Bytes that were given.
        got: usize,
    },
    /// Chroma is shared by neighbours, so the size must be even (and nothing may be zero).
    #[error("a {format:?} frame cannot be {width}x{height}: give it a size that is not zero and, for YUV, even")]
    Size {
        /// Pixels.
        width: u32,
        /// Pixels.
        height: u32,
        /// Layout asked for.
        format: PixelFormat,
    },
    /// A cut that reaches beyond the picture.
    #[error("a part of {width}x{height} at ({left}, {top}) is empty or not inside a frame of {whole:?} pixels")]
    Crop {
        /// Pixels from the left edge.
        left: u32,
        /// Pixels from the top.
        top: u32,
        /// Pixels.
        width: u32,
        /// Pixels.
        height: u32,
        /// Width and height of the frame.
        whole: (u32, u32),
    },
}

/// One picture in camera orientation (unmirrored).
#[derive(Clone, Debug)]
pub struct Frame {
    /// The picture's bytes, laid out as `format` says.
    pub pixels: Vec<u8>,
    /// Pixels.
    pub width: u32,
    /// Pixels.
    pub height: u32,
    /// Layout of `pixels`.
    pub format: PixelFormat,
    /// Counts the frames of one source, from 0; gaps are dropped frames.
    pub seq: u64,
    /// When the camera delivered it; latency is measured from here to the moment of display, and what moves by itself in the
    /// picture follows these times. Whoever plays a clip gives its frames the times of the clip.
    pub captured_at: Instant,
}

impl Frame {
    /// A frame of any format.
    ///
    /// # Errors
    /// When `pixels` has not the length that size and format ask for, or the size does not suit the format.
    pub fn new(
        pixels: Vec<u8>,
        width: u32,
        height: u32,
        format: PixelFormat,
        seq: u64,
        captured_at: Instant,
    ) -> Result<Self, FrameError> {
        let even = match format {
            PixelFormat::Rgb8 => true,
            PixelFormat::Yuyv => width.is_multiple_of(2),
            PixelFormat::Nv12 => width.is_multiple_of(2) && height.is_multiple_of(2),
        };
        if width == 0 || height == 0 || !even {
            return Err(FrameError::Size { width, height, format });
        }
        let expected = format.byte_len(width, height);
        if pixels.len() != expected {
            return Err(FrameError::Length { width, height, format, expected, got: pixels.len() });
        }
        Ok(Self { pixels, width, height, format, seq, captured_at })
    }

    /// An RGB frame; `pixels.len()` must be `width * height * 3`.
    ///
    /// # Errors
    /// When it is not, or a side is zero.
    pub fn rgb8(pixels: Vec<u8>, width: u32, height: u32, seq: u64, captured_at: Instant) -> Result<Self, FrameError> {
        Self::new(pixels, width, height, PixelFormat::Rgb8, seq, captured_at)
    }

    /// An RGB frame from RGBA (straight alpha), laid over black.
    ///
    /// # Errors
    /// When `rgba.len()` is not `width * height * 4`, or a side is zero.
    pub fn from_rgba8(
        rgba: &[u8],
        width: u32,
        height: u32,
        seq: u64,
        captured_at: Instant,
    ) -> Result<Self, FrameError> {
        let (quads, _) = rgba.as_chunks::<4>();
        let pixels = quads.iter().flat_map(|[r, g, b, a]| [r, g, b].map(|value| over_black(*value, *a))).collect();
        Self::rgb8(pixels, width, height, seq, captured_at)
    }

    /// This picture as RGB, borrowed where it is RGB already. YUV is taken for BT.601 limited range, as webcams send.
    #[must_use]
    pub fn to_rgb8(&self) -> Cow<'_, Frame> {
        if self.format == PixelFormat::Rgb8 {
            return Cow::Borrowed(self);
        }
        Cow::Owned(Frame { pixels: colour::frame_to_rgb(self), format: PixelFormat::Rgb8, ..*self })
    }

    /// As [`Frame::to_rgb8`], without a copy where it is RGB already.
    #[must_use]
    pub fn into_rgb8(self) -> Frame {
        if self.format == PixelFormat::Rgb8 {
            return self;
        }
        self.to_rgb8().into_owned()
    }
}

/// A colour value of that opacity laid over black.
pub(crate) fn over_black(value: u8, alpha: u8) -> u8 {
    ((u16::from(value) * u16::from(alpha) + 127) / 255) as u8
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wrong_lengths_and_sizes_are_refused() {
        let make = |len, width, height, format| Frame::new(vec![0; len], width, height, format, 0, Instant::now());
        assert!(make(12, 2, 2, PixelFormat::Rgb8).is_ok());
        assert!(make(8, 2, 2, PixelFormat::Yuyv).is_ok());
        assert!(make(6, 2, 2, PixelFormat::Nv12).is_ok());
        let error = make(11, 2, 2, PixelFormat::Rgb8).unwrap_err();
        assert_eq!(error.to_string(), "a 2x2 Rgb8 frame takes 12 bytes, got 11");
        for (width, height, format) in [(0, 2, PixelFormat::Rgb8), (3, 2, PixelFormat::Yuyv), (2, 3, PixelFormat::Nv12)]
        {
            let len = format.byte_len(width, height);
            assert!(matches!(make(len, width, height, format), Err(FrameError::Size { .. })));
        }
    }

    #[test]
    fn rgb_is_borrowed_not_copied() {
        let frame = Frame::rgb8(vec![1, 2, 3], 1, 1, 0, Instant::now()).unwrap();
        assert!(matches!(frame.to_rgb8(), Cow::Borrowed(_)));
        let before = frame.pixels.as_ptr();
        assert_eq!(frame.into_rgb8().pixels.as_ptr(), before);
    }

    #[test]
    fn alpha_lies_over_black() {
        let frame = Frame::from_rgba8(&[200, 100, 50, 255, 200, 100, 50, 0], 2, 1, 0, Instant::now()).unwrap();
        assert_eq!(frame.pixels, [200, 100, 50, 0, 0, 0]);
        assert!(Frame::from_rgba8(&[0; 7], 2, 1, 0, Instant::now()).is_err());
    }
}
