//! Where the samples of an MP4 track lie and when they are shown: sample tables and movie fragments
//! (ISO/IEC 14496-12, 8.6 to 8.8).
//!
//! The tables come from the file, so nothing in them is believed: a table that contradicts itself or the file's
//! length ends the list of samples there, and no count makes an allocation.

use super::boxes::{Fields, boxes, find};

/// More samples than this (77 hours at 60 a second) are a damaged table.
const MAX_SAMPLES: usize = 1 << 24;

/// One compressed picture in the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Sample {
    pub offset: u64,
    pub size: u32,
    /// In units of the track's time scale.
    pub shown_at: i64,
    /// Units until the next one in decoding order.
    pub duration: u32,
    /// Which sample description (`stsd` entry) it follows, from 1.
    pub description: u32,
}

/// A run-length table: `(count, value)` pairs, walked one item at a time.
struct Runs<'a> {
    table: Fields<'a>,
    left: u32,
    value: u32,
}

impl<'a> Runs<'a> {
    fn new(body: Option<&'a [u8]>) -> Option<Self> {
        let mut table = Fields(body?);
        table.full_box()?;
        table.u32()?; // count: the length of the table says the same
        Some(Self { table, left: 0, value: 0 })
    }

    fn next(&mut self) -> Option<u32> {
        while self.left == 0 {
            (self.left, self.value) = (self.table.u32()?, self.table.u32()?);
        }
        self.left -= 1;
        Some(self.value)
    }
}

/// Reads the sample tables (`stbl`) of a track. Samples beyond `file_len` are left out.
pub(crate) fn from_tables(stbl: &[u8], file_len: u64) -> Vec<Sample> {
    read_tables(stbl, file_len).unwrap_or_default()
}

fn read_tables(stbl: &[u8], file_len: u64) -> Option<Vec<Sample>> {
    let mut sizes = Fields(find(stbl, b"stsz")?);
    sizes.full_box()?;
    let (fixed_size, count) = (sizes.u32()?, sizes.u32()? as usize);
    let mut offsets = Chunks::new(stbl)?;
    let mut to_chunk = Fields(find(stbl, b"stsc")?);
    to_chunk.full_box()?;
    to_chunk.u32()?;
    let mut durations = Runs::new(find(stbl, b"stts"));
    let mut shifts = Runs::new(find(stbl, b"ctts"));

    let mut samples = Vec::new();
    let mut decoded_at = 0_i64;
    let mut run = (to_chunk.u32()?, to_chunk.u32()?, to_chunk.u32()?);
    let mut following = next_run(&mut to_chunk);
    let mut chunk = 0_u32;
    while samples.len() < count.min(MAX_SAMPLES) {
        let Some(mut offset) = offsets.next() else { break };
        chunk += 1;
        while following.is_some_and(|next| chunk >= next.0) {
            run = following?;
            following = next_run(&mut to_chunk);
        }
        for _ in 0..run.1 {
            if samples.len() >= count.min(MAX_SAMPLES) {
                break;
            }
            let Some(size) = (if fixed_size == 0 { sizes.u32() } else { Some(fixed_size) }) else {
                return Some(samples);
            };
            let end = offset.checked_add(u64::from(size))?;
            if end > file_len {
                return Some(samples);
            }
            // Version 0 holds unsigned numbers, but writers put negative ones there all the same.
            let shift = shifts.as_mut().and_then(Runs::next).unwrap_or(0) as i32;
            let duration = durations.as_mut().and_then(Runs::next).unwrap_or(1);
            let shown_at = decoded_at + i64::from(shift);
            samples.push(Sample { offset, size, shown_at, duration, description: run.2 });
            decoded_at += i64::from(duration);
            offset = end;
        }
    }
    Some(samples)
}

fn next_run(table: &mut Fields) -> Option<(u32, u32, u32)> {
    Some((table.u32()?, table.u32()?, table.u32()?))
}

/// Chunk offsets, 32 or 64 bits wide.
struct Chunks<'a> {
    table: Fields<'a>,
    wide: bool,
}

impl<'a> Chunks<'a> {
    fn new(stbl: &'a [u8]) -> Option<Self> {
        let wide = find(stbl, b"stco").is_none();
        let mut table = Fields(find(stbl, if wide { b"co64" } else { b"stco" })?);
        table.full_box()?;
        table.u32()?;
        Some(Self { table, wide })
    }

    fn next(&mut self) -> Option<u64> {
        if self.wide { self.table.u64() } else { self.table.u32().map(u64::from) }
    }
}

/// What fragments fall back on (`trex`).
#[derive(Clone, Copy, Default)]
pub(crate) struct FragmentDefaults {
    pub description: u32,
    pub duration: u32,
    pub size: u32,
}

impl FragmentDefaults {
    /// Reads the `trex` of this track.
    pub(crate) fn read(moov: &[u8], track_id: u32) -> Option<Self> {
        boxes(find(moov, b"mvex")?).filter(|found| found.kind == *b"trex").find_map(|trex| {
            let mut fields = Fields(trex.body);
            fields.full_box()?;
            let id = fields.u32()?;
            let (description, duration, size) = (fields.u32()?, fields.u32()?, fields.u32()?);
            (id == track_id).then_some(Self { description, duration, size })
        })
    }
}

/// Appends the samples of one movie fragment (`moof`) that begins at `moof_at`. Returns the time after them.
pub(crate) fn from_fragment(
    moof: &[u8],
    moof_at: u64,
    file_len: u64,
    track_id: u32,
    defaults: FragmentDefaults,
    mut time: i64,
    samples: &mut Vec<Sample>,
) -> i64 {
    for traf in boxes(moof).filter(|found| found.kind == *b"traf") {
        let parsed = read_fragment(traf.body, moof_at, file_len, track_id, defaults, &mut time, samples);
        if parsed.is_none() {
            tracing::debug!(moof_at, "fragment skipped or cut off");
        }
    }
    time
}

fn read_fragment(
    traf: &[u8],
    moof_at: u64,
    file_len: u64,
    track_id: u32,
    defaults: FragmentDefaults,
    time: &mut i64,
    samples: &mut Vec<Sample>,
) -> Option<()> {
    let mut header = Fields(find(traf, b"tfhd")?);
    let (_, flags) = header.full_box()?;
    if header.u32()? != track_id {
        return Some(());
    }
    let mut offset = if flags & 1 != 0 { header.u64()? } else { moof_at };
    let base = offset;
    let description = if flags & 2 != 0 { header.u32()? } else { defaults.description };
    let default_duration = if flags & 8 != 0 { header.u32()? } else { defaults.duration };
    let default_size = if flags & 16 != 0 { header.u32()? } else { defaults.size };
    if let Some(body) = find(traf, b"tfdt") {
        let mut fields = Fields(body);
        let (version, _) = fields.full_box()?;
        *time = i64::try_from(fields.versioned(version)?).ok()?;
    }
    for trun in boxes(traf).filter(|found| found.kind == *b"trun") {
        let mut fields = Fields(trun.body);
        let (_, flags) = fields.full_box()?;
        let count = fields.u32()?;
        if flags & 1 != 0 {
            offset = base.checked_add_signed(i64::from(fields.u32()? as i32))?;
        }
        if flags & 4 != 0 {
            fields.u32()?;
        }
        for _ in 0..count {
            let duration = if flags & 0x100 != 0 { fields.u32()? } else { default_duration };
            let size = if flags & 0x200 != 0 { fields.u32()? } else { default_size };
            if flags & 0x400 != 0 {
                fields.u32()?;
            }
            let shift = if flags & 0x800 != 0 { fields.u32()? as i32 } else { 0 };
            let end = offset.checked_add(u64::from(size))?;
            if end > file_len || samples.len() >= MAX_SAMPLES || size == 0 {
                return None;
            }
            let shown_at = time.checked_add(i64::from(shift))?;
            samples.push(Sample { offset, size, shown_at, duration, description });
            *time = time.checked_add(i64::from(duration))?;
            offset = end;
        }
    }
    Some(())
}
