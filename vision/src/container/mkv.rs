//! Reads the H.264 track of a Matroska file (RFC 9559), from front to back.
//!
//! The index at the end is not needed, so a recording that was cut off plays to the cut. Where bytes make no sense,
//! reading goes on at the next cluster.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use super::ebml::{Header, MAX_HEADER_BYTES, child, children, float, id, text, unsigned, variable};
use super::mkv_track::{colour, is_encrypted, presentation, rank};
use super::{Opened, Packet, PacketReader, Track};
use crate::VisionError;
use crate::h264::{Due, StreamSetup};

/// Headers larger than this are damage.
const MAX_HEAD_BYTES: u64 = 16 << 20;

/// A block larger than this (a 4K key frame has 1 MB) is damage.
const MAX_BLOCK_BYTES: u64 = 64 << 20;

/// Matroska's usual unit of time.
const MILLISECOND_NS: u64 = 1_000_000;

/// Reader of one file.
pub(crate) struct MkvReader {
    elements: Elements,
    path: PathBuf,
    track: Track,
    number: u64,
    /// Bytes that the writer took off the front of every block.
    stripped: Vec<u8>,
    seconds_per_tick: f64,
    cluster_ticks: u64,
}

/// What a block holds besides its data.
struct BlockHead {
    track: u64,
    ticks: i16,
    laced: bool,
    /// To be decoded, not shown.
    invisible: bool,
    len: usize,
}

impl BlockHead {
    fn parse(block: &[u8]) -> Option<Self> {
        let (track, len) = variable(block)?;
        let (ticks, rest) = block.get(len..)?.split_first_chunk::<2>()?;
        let flags = *rest.first()?;
        Some(Self {
            track,
            ticks: i16::from_be_bytes(*ticks),
            laced: flags & 6 != 0,
            invisible: flags & 8 != 0,
            len: len + 3,
        })
    }
}

impl MkvReader {
    /// Reads up to the first cluster.
    pub(crate) fn open(path: &Path) -> Result<Opened<Self>, VisionError> {
        let reading = |error| VisionError::reading(path, error);
        let broken = |what: &str| VisionError::damaged(path, format!("Matroska: {what}"));
        let mut elements = Elements::open(path).map_err(reading)?;
        let (mut doc_type, mut info, mut tracks) = (String::new(), Vec::new(), None);
        let mut is_cut_off = false;
        while let Some(header) = elements.next().map_err(reading)? {
            match header.id {
                id::SEGMENT => is_cut_off = header.size.is_some_and(|size| size > elements.len - elements.at),
                id::CLUSTER => break,
                id::EBML | id::INFO | id::TRACKS => {
                    let size = header.size.filter(|size| *size <= MAX_HEAD_BYTES);
                    let size = size.ok_or_else(|| broken("a header of an impossible size"))?;
                    let Some(body) = elements.body(size).map_err(reading)? else { break };
                    match header.id {
                        id::EBML => doc_type = child(&body, id::DOC_TYPE).map(text).unwrap_or_default(),
                        id::INFO => info = body,
                        _ => tracks = Some(body),
                    }
                }
                _ => elements.skip(header).map_err(reading)?,
            }
        }
        let tracks = tracks.ok_or_else(|| broken("it has no list of tracks"))?;
        let container = if doc_type == "webm" { "a WebM file" } else { "a Matroska file" };
        let is_video = |entry: &&[u8]| child(entry, id::TRACK_TYPE).and_then(unsigned) == Some(1);
        let entries = children(&tracks).filter(|(id, _)| *id == id::TRACK_ENTRY).map(|(_, body)| body);
        let videos: Vec<&[u8]> = entries.filter(is_video).collect();
        // Of equals `max_by_key` takes the last, players the first.
        let Some(entry) = videos.into_iter().rev().max_by_key(|entry| rank(entry)) else {
            return Err(VisionError::NoFrames {
                path: path.to_path_buf(),
                what: format!("{container} without a video track"),
                help: "give a clip with a picture".into(),
            });
        };
        let codec = child(entry, id::CODEC_ID).map(text).unwrap_or_default();
        if is_encrypted(entry) {
            return Err(VisionError::Encrypted { path: path.to_path_buf(), scheme: "Matroska".into() });
        }
        if codec != "V_MPEG4/ISO/AVC" {
            return Ok(Opened::Other(format!("{} in {container}", codec_name(&codec))));
        }
        let Some(stripped) = stripped_bytes(entry) else {
            return Ok(Opened::Other(format!("compressed H.264 in {container}")));
        };
        let setup = StreamSetup::parse(child(entry, id::CODEC_PRIVATE).unwrap_or_default())
            .map_err(|error| VisionError::damaged(path, error.to_string()))?;
        let scale = child(&info, id::TIMESTAMP_SCALE).and_then(unsigned).filter(|scale| *scale > 0);
        let seconds_per_tick = scale.unwrap_or(MILLISECOND_NS) as f64 / 1e9;
        // The length of the file is that of its longest track, which is the picture only where it is alone, and that of
        // the whole recording, which is not there any more where the file is cut off.
        let alone = children(&tracks).filter(|(id, _)| *id == id::TRACK_ENTRY).count() == 1;
        let end_s = child(&info, id::DURATION).and_then(float).map(|ticks| ticks * seconds_per_tick);
        let step_ns = child(entry, id::DEFAULT_DURATION).and_then(unsigned).filter(|step| *step > 0);
        let track = Track {
            setup,
            frame_rate: step_ns.map(|step| 1e9 / step as f64).filter(|rate| (0.01..=1000.0).contains(rate)),
            frame_count: None,
            end_s: end_s.filter(|end_s| alone && !is_cut_off && end_s.is_finite() && *end_s > 0.0),
            colour: colour(entry),
            presentation: presentation(entry),
        };
        let number = child(entry, id::TRACK_NUMBER).and_then(unsigned).unwrap_or(1);
        let path = path.to_path_buf();
        Ok(Opened::H264(Self { elements, path, track, number, stripped, seconds_per_tick, cluster_ticks: 0 }))
    }

    fn next_block(&mut self) -> io::Result<Option<Packet>> {
        while let Some(header) = self.elements.next()? {
            match (header.id, header.size) {
                (id::SEGMENT | id::CLUSTER | id::BLOCK_GROUP, _) => {}
                (id::TIMESTAMP, Some(size @ ..=8)) => {
                    let Some(body) = self.elements.body(size)? else { break };
                    self.cluster_ticks = unsigned(&body).unwrap_or(0);
                }
                (id::SIMPLE_BLOCK | id::BLOCK, Some(size @ ..=MAX_BLOCK_BYTES)) => {
                    let Some(block) = self.elements.body(size)? else { break };
                    let head = BlockHead::parse(&block).filter(|head| head.track == self.number && !head.laced);
                    if let Some(head) = head {
                        let ticks = self.cluster_ticks as f64 + f64::from(head.ticks);
                        let data = [&self.stripped, block.get(head.len..).unwrap_or_default()].concat();
                        let due = Due { position_s: ticks * self.seconds_per_tick, shown: !head.invisible };
                        return Ok(Some(Packet { data, due, restarts: false }));
                    }
                }
                _ => self.elements.skip(header)?,
            }
        }
        Ok(None)
    }
}

impl PacketReader for MkvReader {
    fn track(&self) -> &Track {
        &self.track
    }

    fn next_packet(&mut self) -> Result<Option<Packet>, VisionError> {
        self.next_block().map_err(|error| VisionError::reading(&self.path, error))
    }
}

/// The bytes to put back in front of every block; `None` if blocks are packed in a way not known here.
fn stripped_bytes(entry: &[u8]) -> Option<Vec<u8>> {
    const HEADER_STRIPPING: u64 = 3;
    let mut bytes = Vec::new();
    let encodings = child(entry, id::CONTENT_ENCODINGS).unwrap_or_default();
    for (_, encoding) in children(encodings).filter(|(id, _)| *id == id::CONTENT_ENCODING) {
        let compression = child(encoding, id::CONTENT_COMPRESSION)?;
        if child(compression, id::CONTENT_COMP_ALGO).and_then(unsigned)? != HEADER_STRIPPING {
            return None;
        }
        bytes = child(compression, id::CONTENT_COMP_SETTINGS).unwrap_or_default().to_vec();
    }
    Some(bytes)
}

fn codec_name(id: &str) -> String {
    match id {
        "V_MPEGH/ISO/HEVC" => "H.265 (HEVC)".into(),
        "V_VP8" => "VP8".into(),
        "V_VP9" => "VP9".into(),
        "V_AV1" => "AV1".into(),
        other => format!("video of type '{}'", other.escape_default()),
    }
}

/// Walks a file from element to element. Masters are entered by not skipping them.
struct Elements {
    file: BufReader<File>,
    at: u64,
    len: u64,
}

impl Elements {
    fn open(path: &Path) -> io::Result<Self> {
        let file = File::open(path)?;
        let len = file.metadata()?.len();
        Ok(Self { file: BufReader::with_capacity(64 << 10, file), at: 0, len })
    }

    /// The next header, or `None` at the end of the file.
    fn next(&mut self) -> io::Result<Option<Header>> {
        let mut bytes = [0; MAX_HEADER_BYTES];
        loop {
            let have = (self.len.saturating_sub(self.at)).min(bytes.len() as u64) as usize;
            if have < 2 {
                return Ok(None);
            }
            self.file.read_exact(&mut bytes[..have])?;
            let header = Header::parse(&bytes[..have]);
            let fits = header.filter(|header| self.makes_sense(header));
            let used = fits.map_or(1, |header| header.len);
            self.file.seek_relative(used as i64 - have as i64)?;
            self.at += used as u64;
            if fits.is_some() {
                return Ok(fits);
            }
            tracing::debug!(at = self.at, "no element here; looking for the next cluster");
            if !self.find_cluster()? {
                return Ok(None);
            }
        }
    }

    /// Only what this reader enters may run past the end of the file: it was cut off there.
    fn makes_sense(&self, header: &Header) -> bool {
        let entered = matches!(header.id, id::SEGMENT | id::CLUSTER | id::BLOCK_GROUP);
        let left = self.len - self.at - header.len as u64;
        entered || header.size.is_some_and(|size| size <= left) || self.is_last_block(header)
    }

    fn is_last_block(&self, header: &Header) -> bool {
        matches!(header.id, id::SIMPLE_BLOCK | id::BLOCK) && header.size.is_some_and(|size| size <= MAX_BLOCK_BYTES)
    }

    /// The body of the element whose header was just read, or `None` if the file ends in it.
    fn body(&mut self, size: u64) -> io::Result<Option<Vec<u8>>> {
        if size > self.len - self.at {
            tracing::warn!("the file is cut off; playing what is there");
            self.at = self.len;
            return Ok(None);
        }
        let mut body = vec![0; size as usize];
        self.file.read_exact(&mut body)?;
        self.at += size;
        Ok(Some(body))
    }

    fn skip(&mut self, header: Header) -> io::Result<()> {
        self.at = self.at.saturating_add(header.size.unwrap_or(0)).min(self.len);
        self.file.seek(SeekFrom::Start(self.at))?;
        Ok(())
    }

    /// Moves to the ID of the next cluster; false if there is none.
    fn find_cluster(&mut self) -> io::Result<bool> {
        let wanted = id::CLUSTER;
        let mut window = 0_u32;
        loop {
            let buffer = self.file.fill_buf()?;
            if buffer.is_empty() {
                return Ok(false);
            }
            let found = buffer.iter().position(|byte| {
                window = window << 8 | u32::from(*byte);
                window == wanted
            });
            let used = found.map_or(buffer.len(), |at| at + 1);
            self.file.consume(used);
            self.at += used as u64;
            if found.is_some() {
                self.at -= 4;
                self.file.seek_relative(-4)?;
                return Ok(true);
            }
        }
    }
}
