//! Writes one H.264 track as an MP4 that starts playing before it is loaded whole: the index (`moov`) comes first.
//!
//! Packets go to disk as they come, so the length of a recording is bounded by the disk, not by memory. On
//! finishing, what was written moves up to make room for the index.

use std::fs::File;
use std::io::{self, BufWriter, Read, Seek, SeekFrom, Write};

use super::boxes::{put_box, put_full_box, put_u16, put_u32, put_u64};
use crate::h264::nal;

/// Units of time a second: 30, 25, 24 and 29.97 frames a second all come out whole.
pub(crate) const TIME_SCALE: u32 = 90_000;

/// How much is moved at a time when the index goes in.
const MOVE_BYTES: usize = 1 << 20;

struct WrittenSample {
    size: u32,
    shown_at: u64,
    is_key: bool,
}

/// Writer of one file.
pub(crate) struct Mp4Writer {
    file: BufWriter<File>,
    width: u32,
    height: u32,
    samples: Vec<WrittenSample>,
    /// Bytes of packets written.
    payload: u64,
    sps: Vec<u8>,
    pps: Vec<u8>,
}

/// Everything before the payload: file type, index, header of the payload.
const MDAT_HEADER_BYTES: u64 = 16;

impl Mp4Writer {
    /// `file` is empty, readable and writable.
    pub(crate) fn new(file: File, width: u32, height: u32) -> Self {
        Self {
            file: BufWriter::new(file),
            width,
            height,
            samples: Vec::new(),
            payload: 0,
            sps: Vec::new(),
            pps: Vec::new(),
        }
    }

    /// Packets written so far.
    pub(crate) fn sample_count(&self) -> usize {
        self.samples.len()
    }

    /// Appends one packet (start codes, parameter sets in it or not) shown at `shown_at` units of [`TIME_SCALE`].
    /// Times must grow.
    pub(crate) fn write(&mut self, units: &[&[u8]], shown_at: u64, is_key: bool) -> io::Result<()> {
        let mut packet = Vec::new();
        for unit in units {
            match nal::kind(unit) {
                nal::SPS => self.sps = unit.to_vec(),
                nal::PPS => self.pps = unit.to_vec(),
                _ => {
                    put_u32(&mut packet, unit.len() as u32);
                    packet.extend_from_slice(unit);
                }
            }
        }
        self.file.write_all(&packet)?;
        self.payload += packet.len() as u64;
        self.samples.push(WrittenSample { size: packet.len() as u32, shown_at, is_key });
        Ok(())
    }

    /// Puts the index in front; `last_duration` is how long the last packet is shown.
    pub(crate) fn finish(mut self, last_duration: u32) -> io::Result<File> {
        self.file.flush()?;
        let mut head = Vec::new();
        put_box(&mut head, b"ftyp", |out| {
            out.extend_from_slice(b"isom");
            put_u32(out, 512);
            out.extend_from_slice(b"isomiso2avc1mp41");
        });
        let durations = self.durations(last_duration);
        let moov_len = self.moov(0, &durations).len() as u64;
        let payload_at = head.len() as u64 + moov_len + MDAT_HEADER_BYTES;
        head.extend_from_slice(&self.moov(payload_at, &durations));
        // The long form: recordings may pass 4 GiB.
        put_u32(&mut head, 1);
        head.extend_from_slice(b"mdat");
        put_u64(&mut head, self.payload + MDAT_HEADER_BYTES);

        let mut file = self.file.into_inner().map_err(io::IntoInnerError::into_error)?;
        move_up(&mut file, self.payload, payload_at)?;
        file.seek(SeekFrom::Start(0))?;
        file.write_all(&head)?;
        Ok(file)
    }

    fn durations(&self, last: u32) -> Vec<u32> {
        let steps = self.samples.windows(2).map(|pair| (pair[1].shown_at - pair[0].shown_at) as u32);
        steps.chain(self.samples.last().map(|_| last)).collect()
    }

    /// The index; its length does not depend on where the payload is.
    fn moov(&self, payload_at: u64, durations: &[u32]) -> Vec<u8> {
        let duration: u64 = durations.iter().map(|step| u64::from(*step)).sum();
        let mut out = Vec::new();
        put_box(&mut out, b"moov", |out| {
            put_full_box(out, b"mvhd", 1, 0, |out| {
                put_times(out);
                put_u32(out, TIME_SCALE);
                put_u64(out, duration);
                put_u32(out, 0x1_0000); // rate 1.0
                put_u16(out, 0x100); // volume 1.0
                out.extend_from_slice(&[0; 10]);
                put_upright_matrix(out);
                out.extend_from_slice(&[0; 24]);
                put_u32(out, 2); // next track
            });
            put_box(out, b"trak", |out| {
                // Enabled, in the movie, in the preview.
                put_full_box(out, b"tkhd", 1, 7, |out| {
                    put_times(out);
                    put_u32(out, 1);
                    put_u32(out, 0);
                    put_u64(out, duration);
                    out.extend_from_slice(&[0; 16]);
                    put_upright_matrix(out);
                    put_u32(out, self.width << 16);
                    put_u32(out, self.height << 16);
                });
                put_box(out, b"mdia", |out| {
                    put_full_box(out, b"mdhd", 1, 0, |out| {
                        put_times(out);
                        put_u32(out, TIME_SCALE);
                        put_u64(out, duration);
                        put_u16(out, 0x55c4); // language "und"
                        put_u16(out, 0);
                    });
                    put_full_box(out, b"hdlr", 0, 0, |out| {
                        put_u32(out, 0);
                        out.extend_from_slice(b"vide");
                        out.extend_from_slice(&[0; 12]);
                        out.extend_from_slice(b"VideoHandler\0");
                    });
                    put_box(out, b"minf", |out| {
                        put_full_box(out, b"vmhd", 0, 1, |out| out.extend_from_slice(&[0; 8]));
                        put_box(out, b"dinf", |out| {
                            put_full_box(out, b"dref", 0, 0, |out| {
                                put_u32(out, 1);
                                put_full_box(out, b"url ", 0, 1, |_| {});
                            });
                        });
                        put_box(out, b"stbl", |out| self.put_tables(out, payload_at, durations));
                    });
                });
            });
        });
        out
    }

    fn put_tables(&self, out: &mut Vec<u8>, payload_at: u64, durations: &[u32]) {
        put_full_box(out, b"stsd", 0, 0, |out| {
            put_u32(out, 1);
            put_box(out, b"avc1", |out| self.put_sample_entry(out));
        });
        put_full_box(out, b"stts", 0, 0, |out| {
            let runs = durations.chunk_by(|a, b| a == b);
            put_u32(out, runs.clone().count() as u32);
            for run in runs {
                put_u32(out, run.len() as u32);
                put_u32(out, run[0]);
            }
        });
        put_full_box(out, b"stss", 0, 0, |out| {
            let keys: Vec<u32> =
                (1..).zip(&self.samples).filter(|(_, sample)| sample.is_key).map(|(at, _)| at).collect();
            put_u32(out, keys.len() as u32);
            keys.iter().for_each(|key| put_u32(out, *key));
        });
        // One chunk holds everything.
        put_full_box(out, b"stsc", 0, 0, |out| {
            put_u32(out, 1);
            put_u32(out, 1);
            put_u32(out, self.samples.len() as u32);
            put_u32(out, 1);
        });
        put_full_box(out, b"stsz", 0, 0, |out| {
            put_u32(out, 0);
            put_u32(out, self.samples.len() as u32);
            self.samples.iter().for_each(|sample| put_u32(out, sample.size));
        });
        put_full_box(out, b"co64", 0, 0, |out| {
            put_u32(out, 1);
            put_u64(out, payload_at);
        });
    }

    fn put_sample_entry(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&[0; 6]);
        put_u16(out, 1); // data reference
        out.extend_from_slice(&[0; 16]);
        put_u16(out, self.width as u16);
        put_u16(out, self.height as u16);
        put_u32(out, 0x48_0000); // 72 dots an inch
        put_u32(out, 0x48_0000);
        put_u32(out, 0);
        put_u16(out, 1); // frames a sample
        out.extend_from_slice(&[0; 32]);
        put_u16(out, 24); // bits a pixel
        put_u16(out, 0xffff);
        put_box(out, b"avcC", |out| {
            out.push(1);
            let profile = self.sps.get(1..4).unwrap_or(&[66, 0xc0, 30]);
            out.extend_from_slice(profile);
            out.push(0xff); // lengths of 4 bytes
            out.push(0xe1); // one SPS
            put_u16(out, self.sps.len() as u16);
            out.extend_from_slice(&self.sps);
            out.push(1);
            put_u16(out, self.pps.len() as u16);
            out.extend_from_slice(&self.pps);
        });
    }
}

/// Made and changed: unknown, so that equal frames give equal files.
fn put_times(out: &mut Vec<u8>) {
    out.extend_from_slice(&[0; 16]);
}

fn put_upright_matrix(out: &mut Vec<u8>) {
    for value in [0x1_0000, 0, 0, 0, 0x1_0000, 0, 0, 0, 0x4000_0000] {
        put_u32(out, value);
    }
}

/// Moves the first `len` bytes of the file up by `by`, the last ones first.
fn move_up(file: &mut File, len: u64, by: u64) -> io::Result<()> {
    let mut buffer = vec![0; MOVE_BYTES];
    let mut left = len;
    while left > 0 {
        let piece = left.min(MOVE_BYTES as u64);
        left -= piece;
        let bytes = &mut buffer[..piece as usize];
        file.seek(SeekFrom::Start(left))?;
        file.read_exact(bytes)?;
        file.seek(SeekFrom::Start(left + by))?;
        file.write_all(bytes)?;
    }
    Ok(())
}
