//! Reads the H.264 track of an MP4 or QuickTime file, whole or fragmented.
//!
//! Only the index is held in memory; packets are read as they are asked for.

use std::fs::File;
use std::io::{BufReader, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use super::boxes::{Fields, find, find_path};
use super::mp4_edits::{Edit, Plan, Planned};
use super::mp4_samples::{FragmentDefaults, Sample, from_fragment, from_tables};
use super::mp4_track::{SampleEntry, TrackHeader, codec_name, movie_scale, time_scale, video_track};
use super::{Opened, Packet, PacketReader, Track};
use crate::VisionError;
use crate::h264::{Due, StreamSetup};

/// An index larger than this (days of video) is damage.
const MAX_INDEX_BYTES: u64 = 256 << 20;

/// Reader of one file.
pub(crate) struct Mp4Reader {
    file: BufReader<File>,
    path: PathBuf,
    track: Track,
    samples: Vec<Sample>,
    /// What is read, in that order.
    plan: Vec<Planned>,
    next: usize,
    /// The parameter sets of each kind of samples, wrapped like packets.
    sets: Vec<Option<Vec<u8>>>,
    /// The kind of samples that the decoder was last told of, from 1.
    description: u32,
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
        let entries = SampleEntry::all(stbl);
        let entry = *entries.first().ok_or_else(broken)?;
        if let Some(scheme) = entries.iter().find_map(SampleEntry::protection) {
            return Err(VisionError::Encrypted { path: path.to_path_buf(), scheme });
        }
        if !matches!(&entry.kind, b"avc1" | b"avc3") {
            return Ok(Opened::Other(format!("{} in an MP4 or MOV file", codec_name(entry.kind))));
        }
        let config = find(entry.inner, b"avcC").ok_or_else(broken)?;
        let setup = StreamSetup::parse(config).map_err(|error| VisionError::damaged(path, error.to_string()))?;
        let scale = time_scale(trak).ok_or_else(broken)?;

        let mut samples = from_tables(stbl, file_len);
        let header = TrackHeader::read(trak).ok_or_else(broken)?;
        let defaults = FragmentDefaults::read(&moov, header.id).unwrap_or_default();
        let mut time = 0;
        let fragments: Vec<_> = top.iter().filter(|found| &found.kind == b"moof").collect();
        for moof in &fragments {
            let body = read_body(&mut file, moof, path)?;
            time = from_fragment(&body, moof.at, file_len, header.id, defaults, time, &mut samples);
        }
        if samples.is_empty() {
            return Err(VisionError::NoFrames {
                path: path.to_path_buf(),
                what: "the MP4 has a video track without a frame in it".into(),
                help: "the recording was cut off: record it again".into(),
            });
        }
        let edits = Edit::read(trak, movie_scale(&moov).unwrap_or(scale), !fragments.is_empty());
        let is_key = |at: usize| {
            // What cannot be read fails again, and is said, when it is played.
            samples
                .get(at)
                .and_then(|sample| read_sample(&mut file, sample).ok())
                .is_some_and(|data| setup.is_key(&data))
        };
        let plan = Plan::new(&samples, &edits, scale, is_key);
        let span = plan.last_s - plan.start_s;
        let sets = entries
            .iter()
            .map(|entry| setup.wrapped_sets(&StreamSetup::parse(find(entry.inner, b"avcC")?).ok()?))
            .collect();
        let track = Track {
            frame_rate: (plan.shown > 1 && span > 0.0).then(|| (plan.shown - 1) as f64 / span),
            frame_count: Some(plan.shown),
            end_s: Some(plan.end_s),
            colour: entry.colour(),
            presentation: entry.presentation(&header, &moov),
            setup,
        };
        let path = path.to_path_buf();
        Ok(Opened::H264(Self { file, path, track, samples, plan: plan.packets, next: 0, sets, description: 1 }))
    }

    /// The packet's data; where another kind of samples begins, with its parameter sets in front.
    fn data(&mut self, sample: &Sample) -> std::io::Result<Vec<u8>> {
        let mut data = read_sample(&mut self.file, sample)?;
        if sample.description != self.description
            && let Some(Some(sets)) = self.sets.get((sample.description as usize).wrapping_sub(1))
        {
            data.splice(..0, sets.iter().copied());
            self.description = sample.description;
        }
        Ok(data)
    }
}

impl PacketReader for Mp4Reader {
    fn track(&self) -> &Track {
        &self.track
    }

    fn next_packet(&mut self) -> Result<Option<Packet>, VisionError> {
        let Some(planned) = self.plan.get(self.next).copied() else { return Ok(None) };
        self.next += 1;
        let Some(sample) = self.samples.get(planned.sample).copied() else { return Ok(None) };
        let data = self.data(&sample).map_err(|error| VisionError::reading(&self.path, error))?;
        let due = Due { position_s: planned.position_s, shown: planned.shown };
        Ok(Some(Packet { data, due, restarts: planned.restarts }))
    }
}

fn read_sample(file: &mut BufReader<File>, sample: &Sample) -> std::io::Result<Vec<u8>> {
    let mut data = vec![0; sample.size as usize];
    file.seek(SeekFrom::Start(sample.offset))?;
    file.read_exact(&mut data)?;
    Ok(data)
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
