//! From the camera's bytes to what the networks take in, in three kernels: colour ([`FrameToRgb`]), size and range
//! ([`Shrink`]), and four pixels of that in one ([`Unshuffle`]). Each has its formula at its own module.

mod rgb;
mod shrink;
mod unshuffle;

pub use self::rgb::{Format, FrameToRgb, FrameToRgbBuffers};
pub use self::shrink::{Shrink, ShrinkBuffers, Taps};
pub use self::unshuffle::{Unshuffle, UnshuffleBuffers};

/// Where three channels of a picture go in the pixels of an activation, and in which range.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Place {
    /// Values from one pixel to the next.
    pub stride: usize,
    /// The channel of red; green and blue follow.
    pub first: usize,
    /// Channels from blue to this are set to zero; those before `first` and from here on keep what they hold.
    pub last: usize,
    /// `out = value * gain + offset`, value 0 to 1.
    pub gain: f32,
    pub offset: f32,
}

impl Place {
    /// A picture alone, padded to 8 channels.
    #[must_use]
    pub fn alone(gain: f32, offset: f32) -> Self {
        Self { stride: 8, first: 0, last: 8, gain, offset }
    }

    fn check(&self, kernel: &'static str) -> Result<(), crate::KernelError> {
        let fits = self.first + 3 <= self.last && self.last <= self.stride;
        crate::error::require(fits, kernel, "channels", "first + 3 <= last <= stride", format!("{self:?}"))
    }
}
