//! The three resolutions that styles work at, so that strokes are as wide on any camera in shares of the picture, and
//! the costly filters cost the same.
//!
//! ```text
//! full   = the camera's: what is textured, lit and written
//! fine   = full / step, at most 959 pixels wide: lines, tones
//! coarse = fine / 2: colours, directions
//! ```
//!
//! A "unit" is 1/640 of the picture's width: one pixel of a 640x480 camera. All sizes in styles are in units.

/// The sizes that follow from a camera's size.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sizes {
    pub width: usize,
    pub height: usize,
    /// Full pixels along one fine pixel.
    pub step: usize,
}

impl Sizes {
    #[must_use]
    pub fn new(width: usize, height: usize) -> Self {
        Self { width, height, step: ((width + 320) / 640).max(1) }
    }

    /// Width and height of the fine picture.
    #[must_use]
    pub fn fine(self) -> (usize, usize) {
        (self.width.div_ceil(self.step), self.height.div_ceil(self.step))
    }

    /// Width and height of the coarse picture.
    #[must_use]
    pub fn coarse(self) -> (usize, usize) {
        (self.width.div_ceil(2 * self.step), self.height.div_ceil(2 * self.step))
    }

    /// Full pixels in one unit.
    #[must_use]
    pub fn unit(self) -> f32 {
        self.width as f32 / 640.0
    }

    /// Fine pixels in one unit: 0.75 to 1.5 from 480 pixels of width on.
    #[must_use]
    pub fn fine_unit(self) -> f32 {
        self.unit() / self.step as f32
    }

    /// Coarse pixels in one unit.
    #[must_use]
    pub fn coarse_unit(self) -> f32 {
        self.fine_unit() * 0.5
    }
}
