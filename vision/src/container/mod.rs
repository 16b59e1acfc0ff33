//! Containers: MP4 (and QuickTime) read and written, Matroska read.
//!
//! A reader gives the packets of the main video track in decoding order with the times at which they are shown.

mod boxes;
mod ebml;
mod mkv;
mod mkv_track;
mod mp4;
mod mp4_edits;
mod mp4_samples;
mod mp4_track;
mod mp4_write;

use crate::VisionError;
use crate::colour::{YuvMatrix, YuvRange};
use crate::h264::{Due, StreamSetup};
use crate::present::Presentation;

pub(crate) use mkv::MkvReader;
pub(crate) use mp4::Mp4Reader;
pub(crate) use mp4_write::{Mp4Writer, TIME_SCALE};

/// One compressed picture.
pub(crate) struct Packet {
    pub data: Vec<u8>,
    /// When it is shown, in seconds of the movie; the first picture need not be at 0.
    pub due: Due,
    /// True where decoding begins anew: what is inside the decoder comes first.
    pub restarts: bool,
}

/// The video track of a container.
#[derive(Clone, Debug, Default)]
pub(crate) struct Track {
    pub setup: StreamSetup,
    pub frame_rate: Option<f64>,
    pub frame_count: Option<u64>,
    /// When the last picture ends, in seconds of the movie.
    pub end_s: Option<f64>,
    /// What the container says about colour; the stream itself comes first.
    pub colour: ContainerColour,
    /// What the container says about shape and orientation; it comes before the stream.
    pub presentation: Presentation,
}

/// Colour as containers describe it, by the numbers of ITU-T H.273.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct ContainerColour {
    pub matrix: Option<YuvMatrix>,
    pub range: Option<YuvRange>,
    pub transfer: Option<u32>,
}

/// Reads packets of H.264.
pub(crate) trait PacketReader: Send {
    fn track(&self) -> &Track;

    /// The next packet in decoding order, or `None` at the end.
    fn next_packet(&mut self) -> Result<Option<Packet>, VisionError>;
}

/// What opening a container came to.
pub(crate) enum Opened<R> {
    /// H.264 inside.
    H264(R),
    /// Something else; the words name container and codec.
    Other(String),
}
