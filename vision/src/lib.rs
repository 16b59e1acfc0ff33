//! Pictures in and out: frames, cameras, clips, and the geometry and colour between them.
//!
//! ```text
//!   camera ─┐                                        ┌─> .mp4
//!   clip  ──┼─> FrameSource ──> Frame ──> FrameSink ─┼─> .gif
//!   picture ┘   next_frame()             write()     └─> folder of PNG, one picture
//! ```
//!
//! Everything here is blocking and free of threads; `app` owns the threads. Imports no sibling crate.
//!
//! * [`open_clip`] opens a clip, a picture or a folder of pictures; [`open_camera`] a camera.
//! * [`open_sink`] makes the file or folder that rendered frames go to.
//! * [`Frame`] is one picture; it converts to RGB, scales, crops, letterboxes and mirrors.

#![warn(missing_docs)]

mod camera;
mod clip;
mod colour;
mod container;
mod error;
mod frame;
mod geometry;
mod h264;
mod hdr;
mod present;
mod sink;
mod source;

pub use camera::{CameraDescription, CameraOptions, CameraSelector, list_cameras, open_camera};
pub use clip::{ClipOptions, open_clip, open_clip_with};
pub use colour::{YuvMatrix, YuvRange};
pub use error::VisionError;
pub use frame::{Frame, FrameError, PixelFormat};
pub use sink::{FrameSink, SinkOptions, open_sink};
pub use source::{FrameSource, SourceInfo};
