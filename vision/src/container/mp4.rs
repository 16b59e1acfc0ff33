//! Reads the H.264 track of an MP4 or QuickTime file, whole or fragmented.
//!
//! Only the index is held in memory; packets are read as they are asked for.

use std::fs::File;
use std::io::{BufReader, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use super::boxes::{Fields, boxes, find, find_path};
use super::mp4_samples::{FragmentDefaults, Sample, from_fragment, from_tables};
use super::{Opened, Packet, PacketReader, Track};
use crate::VisionError;
use crate::colour::{YuvMatrix, YuvRange};
use crate::h264::StreamSetup;

/// An index larger than this (days of video) is damage.
const MAX_INDEX_BYTES: u64 = 256 << 20;

/// Reader of one file.
pub(crate) struct Mp4Reader {
    file: BufReader<File>,
    path: PathBuf,
    track: Track,
    time_scale: f64,
    samples: Vec<Sample>,
    next: usize,
}

/// A box at the top level of the file.
struct TopBox {
    kind: [u8; 4],
    body_at: u64,
    end: u64,
    at: u64,
}

impl Mp4Reader {
    /// Reads the index.
    pub(crate) fn open(path: &Path) -> Result<Opened<Self>, VisionError> {
        let reading = |error| VisionError::reading(path, error);
        let mut file = BufReader::new(File::open(path).map_err(reading)?);
        let file_len = file.get_ref().metadata().map_err(reading)?.len();
        let top = top_boxes(&mut file, file_len).map_err(reading)?;
        let Some(moov_at) = top.iter().find(|found| &found.kind == b"moov") else {
            if top.iter().any(|found| &found.kind == b"meta") {
                return Ok(Opened::Other("a HEIF or AVIF picture".into()));
            }
            return Err(VisionError::damaged(path, "the MP4 has no index (moov): the recording was cut off"));
        };
        let moov = read_body(&mut file, moov_at, path)?;
        let Some(trak) = video_track(&moov) else {
            return Err(VisionError::NoFrames {
                path: path.to_path_buf(),
                what: "the MP4 has no video track".into(),
                help: "give a clip with a picture".into(),
            });
        };
        let broken = || VisionError::damaged(path, "the MP4's index (moov) makes no sense");
        let stbl = find_path(trak, &[b"mdia", b"minf", b"stbl"]).ok_or_else(broken)?;
        let entry =
            boxes(find(stbl, b"stsd").and_then(|stsd| stsd.get(8..)).ok_or_else(broken)?).next().ok_or_else(broken)?;
        if !matches!(&entry.kind, b"avc1" | b"avc3") {
            return Ok(Opened::Other(format!("{} in an MP4 or MOV file", codec_name(entry.kind))));
        }
        // The fixed part of a visual sample entry is 78 bytes.
        let inner = entry.body.get(78..).ok_or_else(broken)?;
        let config = find(inner, b"avcC").ok_or_else(broken)?;
        let setup = StreamSetup::parse(config).map_err(|error| VisionError::damaged(path, error.to_string()))?;
        let time_scale = time_scale(trak).ok_or_else(broken)?;

        let mut samples = from_tables(stbl, file_len);
        let track_id = track_id(trak).ok_or_else(broken)?;
        let defaults = FragmentDefaults::read(&moov, track_id).unwrap_or_default();
        let mut time = 0;
        for moof in top.iter().filter(|found| &found.kind == b"moof") {
            let body = read_body(&mut file, moof, path)?;
            time = from_fragment(&body, moof.at, file_len, track_id, defaults, time, &mut samples);
        }
        if samples.is_empty() {
            return Err(VisionError::NoFrames {
                path: path.to_path_buf(),
                what: "the MP4 has a video track without a frame in it".into(),
                help: "the recording was cut off: record it again".into(),
            });
        }
        let first = samples.iter().map(|sample| sample.shown_at).min().unwrap_or(0);
        samples.iter_mut().for_each(|sample| sample.shown_at = sample.shown_at.saturating_sub(first));
        let last = samples.iter().map(|sample| sample.shown_at).max().unwrap_or(0) as f64 / time_scale;
        let frame_rate = (samples.len() > 1 && last > 0.0).then(|| (samples.len() - 1) as f64 / last);
        let track = Track {
            setup,
            frame_rate,
            frame_count: Some(samples.len() as u64),
            duration_s: Some(last + frame_rate.map_or(0.0, |rate| 1.0 / rate)),
            colour: find(inner, b"colr").map(colour).unwrap_or_default(),
            quarter_turns: quarter_turns(trak).unwrap_or(0),
        };
        Ok(Opened::H264(Self { file, path: path.to_path_buf(), track, time_scale, samples, next: 0 }))
    }
}

impl PacketReader for Mp4Reader {
    fn track(&self) -> &Track {
        &self.track
    }

    fn next_packet(&mut self) -> Result<Option<Packet>, VisionError> {
        let Some(sample) = self.samples.get(self.next) else { return Ok(None) };
        self.next += 1;
        let mut data = vec![0; sample.size as usize];
        let read = self.file.seek(SeekFrom::Start(sample.offset)).and_then(|_| self.file.read_exact(&mut data));
        read.map_err(|error| VisionError::reading(&self.path, error))?;
        Ok(Some(Packet { data, position_s: sample.shown_at as f64 / self.time_scale }))
    }
}

/// Walks the file from box to box; stops at the first that makes no sense.
fn top_boxes(file: &mut BufReader<File>, file_len: u64) -> std::io::Result<Vec<TopBox>> {
    let mut found = Vec::new();
    let mut at = 0;
    while at + 8 <= file_len {
        file.seek(SeekFrom::Start(at))?;
        let mut header = [0; 16];
        let have = header.len().min((file_len - at) as usize);
        file.read_exact(&mut header[..have])?;
        let mut fields = Fields(&header[..have]);
        let (Some(size), Some(kind)) = (fields.u32(), fields.bytes(4)) else { break };
        let kind = [kind[0], kind[1], kind[2], kind[3]];
        let (header_len, size) = match size {
            0 => (8, file_len - at),
            1 => (16, fields.u64().unwrap_or(0)),
            size => (8, u64::from(size)),
        };
        if size < header_len {
            break;
        }
        let end = at.saturating_add(size).min(file_len);
        found.push(TopBox { kind, body_at: at + header_len, end, at });
        at = end;
    }
    Ok(found)
}

fn read_body(file: &mut BufReader<File>, top: &TopBox, path: &Path) -> Result<Vec<u8>, VisionError> {
    let len = top.end.saturating_sub(top.body_at);
    if len > MAX_INDEX_BYTES {
        return Err(VisionError::damaged(path, format!("an index of {len} bytes")));
    }
    let mut body = vec![0; len as usize];
    let read = file.seek(SeekFrom::Start(top.body_at)).and_then(|_| file.read_exact(&mut body));
    read.map_err(|error| VisionError::reading(path, error))?;
    Ok(body)
}

fn video_track(moov: &[u8]) -> Option<&[u8]> {
    boxes(moov)
        .filter(|found| &found.kind == b"trak")
        .map(|found| found.body)
        .find(|trak| find_path(trak, &[b"mdia", b"hdlr"]).is_some_and(|hdlr| hdlr.get(8..12) == Some(b"vide")))
}

fn time_scale(trak: &[u8]) -> Option<f64> {
    let mut fields = Fields(find_path(trak, &[b"mdia", b"mdhd"])?);
    let (version, _) = fields.full_box()?;
    fields.versioned(version)?;
    fields.versioned(version)?;
    let scale = fields.u32()?;
    (scale > 0).then_some(f64::from(scale))
}

fn track_id(trak: &[u8]) -> Option<u32> {
    let mut fields = Fields(find(trak, b"tkhd")?);
    let (version, _) = fields.full_box()?;
    fields.versioned(version)?;
    fields.versioned(version)?;
    fields.u32()
}

/// Phones record as their sensor lies and say in the track's matrix how to turn it.
fn quarter_turns(trak: &[u8]) -> Option<u8> {
    let mut fields = Fields(find(trak, b"tkhd")?);
    let (version, _) = fields.full_box()?;
    // Times, id, duration, layer, group, volume.
    fields.bytes(if version == 0 { 20 + 16 } else { 32 + 16 })?;
    let (a, b) = (fields.u32()? as i32, fields.u32()? as i32);
    Some(match (a.signum(), b.signum()) {
        (0, 1) => 1,
        (-1, 0) => 2,
        (0, -1) => 3,
        _ => 0,
    })
}

/// Matrix and range of a `colr` box.
fn colour(colr: &[u8]) -> (Option<YuvMatrix>, Option<YuvRange>) {
    let mut fields = Fields(colr);
    let kind = fields.bytes(4).unwrap_or_default();
    if kind != b"nclx" && kind != b"nclc" {
        return (None, None);
    }
    fields.bytes(4);
    let matrix = fields.u16().and_then(|code| YuvMatrix::from_code(u32::from(code)));
    let full = kind == b"nclx" && fields.u8().is_some_and(|byte| byte & 0x80 != 0);
    (matrix, full.then_some(YuvRange::Full))
}

fn codec_name(kind: [u8; 4]) -> String {
    match &kind {
        b"hvc1" | b"hev1" => "H.265 (HEVC)".into(),
        b"dvh1" | b"dvhe" => "Dolby Vision".into(),
        b"av01" => "AV1".into(),
        b"vp08" => "VP8".into(),
        b"vp09" => "VP9".into(),
        b"mp4v" => "MPEG-4 part 2".into(),
        b"jpeg" | b"mjpa" | b"mjpb" => "Motion JPEG".into(),
        b"apch" | b"apcn" | b"apcs" | b"apco" | b"ap4h" => "ProRes".into(),
        b"encv" => "encrypted video".into(),
        other => format!("video of type '{}'", String::from_utf8_lossy(other).escape_default()),
    }
}
