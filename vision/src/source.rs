//! Where frames come from: one blocking trait for cameras, clips and pictures.
//!
//! A source starts no thread, but for the pipes of an `ffmpeg` that decodes a clip. [`FrameSource::next_frame`] blocks until a
//! frame is there, the stream ends or something fails; a stalled camera can block for ever, so the caller owns the thread
//! and the watchdog.

use crate::{Frame, VisionError};

/// What is known about a source before its first frame.
#[derive(Clone, Debug, PartialEq)]
pub struct SourceInfo {
    /// What to call it in a message: the camera's name, or the file's path.
    pub name: String,
    /// Width of every frame in pixels.
    pub width: u32,
    /// Height of every frame in pixels.
    pub height: u32,
    /// Frames a second: a camera's agreed rate, a clip's average; `None` for a single picture.
    ///
    /// A clip with a variable rate keeps its own times, see [`FrameSource::position_s`].
    pub frame_rate: Option<f64>,
    /// Number of frames if the container says so. A damaged clip may deliver fewer.
    pub frame_count: Option<u64>,
    /// Seconds from the first frame to the end of the last, if the container says so.
    pub duration_s: Option<f64>,
}

/// A blocking stream of frames, all of one size.
pub trait FrameSource: Send {
    /// The next frame, or `None` at the end (a camera has no end).
    ///
    /// Clips deliver [`crate::PixelFormat::Rgb8`]; cameras deliver what they capture ([`Frame::into_rgb8`] converts).
    ///
    /// # Errors
    /// When the source fails; a source that has failed stays failed or ends.
    fn next_frame(&mut self) -> Result<Option<Frame>, VisionError>;

    /// Size, rate and name.
    fn info(&self) -> &SourceInfo;

    /// When the frame last returned is shown, in seconds from the first frame (0.0 before the first one).
    ///
    /// In a clip this is the container's own time, so a variable frame rate is kept: an event "at 2.5 s" is due
    /// as soon as `position_s() >= 2.5`. For a camera it is the time since its first frame.
    fn position_s(&self) -> f64;

    /// When the first frame is shown in the file's own time, in seconds: sound of the same file that is shown at time 0
    /// there begins this much before the first frame. 0.0 where a source has no time of its own.
    fn start_s(&self) -> f64 {
        0.0
    }
}
