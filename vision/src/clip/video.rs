//! A clip of H.264: container and decoder behind [`FrameSource`].

use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::time::Instant;

use super::MAX_CLIP_PIXELS;
use crate::container::{Packet, PacketReader, Track};
use crate::h264::{Decoder, Picture};
use crate::present::Presentation;
use crate::{Frame, FrameSource, SourceInfo, VisionError};

/// Packets looked at to estimate the frame rate of a container that does not say.
const RATE_PACKETS: usize = 32;

/// A clip of H.264.
pub(crate) struct VideoSource {
    packets: Box<dyn PacketReader>,
    /// Read ahead, to estimate the rate.
    ahead: VecDeque<Packet>,
    decoder: Decoder,
    ready: VecDeque<Picture>,
    /// Decoded when opening, to know the size.
    first: Option<Frame>,
    flushed: bool,
    /// Time of the first picture in the container.
    start_s: f64,
    position_s: f64,
    seq: u64,
    presentation: Presentation,
    path: PathBuf,
    info: SourceInfo,
}

/// Why a clip was not opened here; `Other` may play elsewhere.
pub(crate) enum Refusal {
    Other(String),
    Failed(VisionError),
}

impl From<VisionError> for Refusal {
    fn from(error: VisionError) -> Self {
        Self::Failed(error)
    }
}

impl VideoSource {
    /// Decodes up to the first picture, so that a clip that opens has at least one. `helped`: `ffmpeg` is there for what
    /// plays better with it.
    pub(crate) fn open(mut packets: Box<dyn PacketReader>, path: &Path, helped: bool) -> Result<Self, Refusal> {
        let track = packets.track().clone();
        if let Some(name) = high_dynamic_range(&track) {
            let found = format!("H.264 with high dynamic range ({name})");
            if helped {
                return Err(Refusal::Other(found));
            }
            tracing::warn!(path = %path.display(), "{found} looks grey without ffmpeg; install it");
        }
        if let Some(sps) = &track.setup.sps
            && let Some(what) = sps.unsupported().or_else(|| sps.too_large())
        {
            return Err(Refusal::Other(what));
        }
        let mut ahead = VecDeque::new();
        while ahead.len() < RATE_PACKETS {
            let Some(packet) = packets.next_packet()? else { break };
            ahead.push_back(packet);
        }
        let frame_rate = track.frame_rate.or_else(|| estimated_rate(&ahead));
        let decoder = Decoder::new(track.setup.clone(), track.colour)
            .map_err(|error| VisionError::damaged(path, format!("the H.264 decoder did not start: {error}")))?;
        let mut source = Self {
            packets,
            ahead,
            decoder,
            ready: VecDeque::new(),
            first: None,
            flushed: false,
            start_s: 0.0,
            position_s: 0.0,
            seq: 0,
            presentation: track.presentation,
            path: path.to_path_buf(),
            info: SourceInfo {
                name: path.display().to_string(),
                width: 0,
                height: 0,
                frame_rate,
                frame_count: track.frame_count,
                duration_s: None,
            },
        };
        source.decode_until_ready()?;
        let Some(first) = source.ready.pop_front() else { return Err(source.no_picture(&track)) };
        source.start_s = first.due.position_s;
        source.info.duration_s = track.end_s.map(|end_s| end_s - source.start_s).filter(|duration_s| *duration_s > 0.0);
        let frame = source.present(first)?;
        (source.info.width, source.info.height) = (frame.width, frame.height);
        source.first = Some(frame);
        Ok(source)
    }

    fn no_picture(&self, track: &Track) -> Refusal {
        if self.decoder.dropped == 0 && self.decoder.failure.is_none() {
            return Refusal::Failed(VisionError::NoFrames {
                path: self.path.clone(),
                what: "the clip has a video track without a frame in it".into(),
                help: "record it again".into(),
            });
        }
        let why = self.decoder.failure.as_deref().unwrap_or("no key frame to begin with");
        let count = track.frame_count.unwrap_or(self.decoder.dropped);
        Refusal::Failed(VisionError::damaged(&self.path, format!("none of its {count} frames decodes ({why})")))
    }

    fn decode_until_ready(&mut self) -> Result<(), VisionError> {
        while self.ready.is_empty() && !self.flushed {
            let packet = match self.ahead.pop_front() {
                Some(packet) => Some(packet),
                None => self.packets.next_packet()?,
            };
            match packet {
                Some(packet) => {
                    if packet.restarts {
                        self.decoder.restart(&mut self.ready);
                    }
                    self.decoder.push(&packet.data, packet.due, &mut self.ready);
                }
                None => {
                    self.flushed = true;
                    self.decoder.flush(&mut self.ready);
                    if self.decoder.dropped > 0 {
                        let dropped = self.decoder.dropped;
                        tracing::warn!(path = %self.path.display(), dropped, "damaged frames left out");
                    }
                }
            }
            self.ready.retain(|picture| picture.due.shown);
        }
        Ok(())
    }

    /// The picture as it is shown; a stream may change its size, its frames may not.
    fn present(&self, picture: Picture) -> Result<Frame, VisionError> {
        let aspect = self.presentation.aspect.or(picture.aspect);
        let presentation = Presentation { aspect, ..self.presentation };
        let frame = Frame::rgb8(picture.rgb, picture.width, picture.height, 0, Instant::now())?;
        Ok(presentation.apply(frame, MAX_CLIP_PIXELS)?)
    }
}

impl FrameSource for VideoSource {
    fn next_frame(&mut self) -> Result<Option<Frame>, VisionError> {
        let mut frame = match self.first.take() {
            Some(frame) => frame,
            None => {
                self.decode_until_ready()?;
                let Some(picture) = self.ready.pop_front() else { return Ok(None) };
                self.position_s = (picture.due.position_s - self.start_s).max(self.position_s);
                self.present(picture)?
            }
        };
        if (frame.width, frame.height) != (self.info.width, self.info.height) {
            frame = frame.letterbox(self.info.width, self.info.height)?;
        }
        frame.seq = self.seq;
        self.seq += 1;
        Ok(Some(frame))
    }

    fn info(&self) -> &SourceInfo {
        &self.info
    }

    fn position_s(&self) -> f64 {
        self.position_s
    }

    fn start_s(&self) -> f64 {
        self.start_s
    }
}

/// The name of a transfer function that a plain screen cannot show, as stream or container tell it (ITU-T H.273).
fn high_dynamic_range(track: &Track) -> Option<&'static str> {
    const PQ: u32 = 16;
    const HLG: u32 = 18;
    let stream = track.setup.sps.as_ref().and_then(|sps| sps.transfer);
    match stream.or(track.colour.transfer)? {
        PQ => Some("PQ"),
        HLG => Some("HLG"),
        _ => None,
    }
}

fn estimated_rate(packets: &VecDeque<Packet>) -> Option<f64> {
    let first = packets.iter().map(|packet| packet.due.position_s).min_by(f64::total_cmp)?;
    let last = packets.iter().map(|packet| packet.due.position_s).max_by(f64::total_cmp)?;
    (packets.len() > 1 && last > first).then(|| (packets.len() - 1) as f64 / (last - first))
}
