//! H.264: parameter sets, the decoder and the encoder (both OpenH264, compiled in).

mod decoder;
mod encoder;
mod sps;

pub(crate) use decoder::{Decoder, Due, Picture, StreamSetup};
pub(crate) use encoder::{Encoder, MAX_SIDES};

/// NAL unit types of ITU-T H.264, table 7-1, as far as they matter here.
pub(crate) mod nal {
    pub(crate) const SLICE: u8 = 1;
    pub(crate) const IDR_SLICE: u8 = 5;
    pub(crate) const SPS: u8 = 7;
    pub(crate) const PPS: u8 = 8;

    /// The type of a NAL unit without its start code.
    pub(crate) fn kind(unit: &[u8]) -> u8 {
        unit.first().map_or(0, |byte| byte & 0x1f)
    }

    /// NAL units between start codes, without them.
    pub(crate) fn units(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
        let mut starts: Vec<usize> =
            bytes.windows(3).enumerate().filter(|(_, code)| *code == [0, 0, 1]).map(|(at, _)| at + 3).collect();
        starts.push(bytes.len() + 3);
        let ranges: Vec<_> = starts.windows(2).map(|pair| pair[0]..pair[1] - 3).collect();
        ranges.into_iter().map(|range| {
            let unit = &bytes[range];
            // A four-byte start code leaves its first zero behind; a unit never ends in one.
            let end = unit.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
            &unit[..end]
        })
    }
}
