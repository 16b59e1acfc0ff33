//! Containers: MP4 (and QuickTime) read and written, Matroska read.
//!
//! A reader gives the packets of the first video track in decoding order with the times at which they are shown.

mod boxes;
mod ebml;
mod mkv;
mod mp4;
mod mp4_samples;
mod mp4_write;

use crate::colour::{YuvMatrix, YuvRange};
use crate::{VisionError, h264::StreamSetup};

pub(crate) use mkv::MkvReader;
pub(crate) use mp4::Mp4Reader;
pub(crate) use mp4_write::{Mp4Writer, TIME_SCALE};

/// One compressed picture.
pub(crate) struct Packet {
    pub data: Vec<u8>,
    /// When it is shown, in seconds; the first picture need not be at 0.
    pub position_s: f64,
}

/// The video track of a container.
#[derive(Clone, Debug, Default)]
pub(crate) struct Track {
    pub setup: StreamSetup,
    pub frame_rate: Option<f64>,
    pub frame_count: Option<u64>,
    pub duration_s: Option<f64>,
    /// What the container says about colour; the stream itself comes first.
    pub colour: (Option<YuvMatrix>, Option<YuvRange>),
    /// Quarter turns clockwise that make the picture upright, 0..=3.
    pub quarter_turns: u8,
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
