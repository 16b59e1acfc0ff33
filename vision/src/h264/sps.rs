//! Reads a sequence parameter set (ITU-T H.264, 7.3.2.1.1 and annex E): size, colour and what the decoder must know.
//!
//! It is read before the decoder sees it, so that a stream that OpenH264 cannot decode is named and an absurd size
//! never reaches an allocation.

use crate::colour::{YuvMatrix, YuvRange};
use crate::present::PixelAspect;

/// Profiles whose parameter sets carry chroma format and bit depth.
const HIGH_PROFILES: [u32; 13] = [100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135];

/// Baseline, Main, Extended, High, and the scalable ones, whose base layer is one of these.
const DECODABLE_PROFILES: [u32; 6] = [66, 77, 88, 100, 83, 86];

/// What a sequence parameter set says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Sps {
    pub profile: u32,
    /// 0 is grey, 1 is 4:2:0, 2 is 4:2:2, 3 is 4:4:4.
    pub chroma_format: u32,
    pub bit_depth: u32,
    pub interlaced: bool,
    /// Pixels shown, cropping applied.
    pub width: u32,
    /// Pixels shown, cropping applied.
    pub height: u32,
    pub matrix: Option<YuvMatrix>,
    pub range: Option<YuvRange>,
    pub aspect: Option<PixelAspect>,
    /// `transfer_characteristics` of ITU-T H.273.
    pub transfer: Option<u32>,
}

/// Why a sequence parameter set could not be read.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum SpsError {
    #[error("the H.264 parameter set ends early")]
    Short,
    #[error("the H.264 parameter set has an impossible {0}")]
    Impossible(&'static str),
}

impl Sps {
    /// `unit` is the NAL unit without its start code.
    pub(crate) fn parse(unit: &[u8]) -> Result<Self, SpsError> {
        let rbsp = without_emulation(unit.get(1..).unwrap_or_default());
        let mut bits = Bits { bytes: &rbsp, at: 0 };
        let profile = bits.take(8)?;
        bits.take(16)?; // constraint flags, level
        bits.unsigned()?; // id
        let (mut chroma_format, mut bit_depth) = (1, 8);
        if HIGH_PROFILES.contains(&profile) {
            chroma_format = bits.unsigned()?;
            if chroma_format == 3 {
                bits.take(1)?; // separate_colour_plane_flag
            }
            bit_depth = 8 + bits.unsigned()?.max(bits.unsigned()?);
            bits.take(1)?; // qpprime_y_zero_transform_bypass_flag
            if bits.flag()? {
                for list in 0..if chroma_format == 3 { 12 } else { 8 } {
                    if bits.flag()? {
                        skip_scaling_list(&mut bits, if list < 6 { 16 } else { 64 })?;
                    }
                }
            }
        }
        if chroma_format > 3 || bit_depth > 14 {
            return Err(SpsError::Impossible("chroma format or bit depth"));
        }
        bits.unsigned()?; // log2_max_frame_num_minus4
        match bits.unsigned()? {
            0 => drop(bits.unsigned()?),
            1 => {
                bits.take(1)?;
                bits.unsigned()?;
                bits.unsigned()?;
                let cycle = bits.unsigned()?;
                if cycle > 255 {
                    return Err(SpsError::Impossible("picture order count"));
                }
                for _ in 0..cycle {
                    bits.unsigned()?;
                }
            }
            2 => {}
            _ => return Err(SpsError::Impossible("picture order count")),
        }
        bits.unsigned()?; // max_num_ref_frames
        bits.take(1)?; // gaps_in_frame_num_value_allowed_flag
        let columns = u64::from(bits.unsigned()?) + 1;
        let rows = u64::from(bits.unsigned()?) + 1;
        let interlaced = !bits.flag()?;
        if interlaced {
            bits.take(1)?; // mb_adaptive_frame_field_flag
        }
        bits.take(1)?; // direct_8x8_inference_flag
        let field_factor = 1 + u64::from(interlaced);
        let unit_x = if matches!(chroma_format, 1 | 2) { 2 } else { 1 };
        let unit_y = field_factor * if chroma_format == 1 { 2 } else { 1 };
        let (mut width, mut height) = (columns * 16, rows * 16 * field_factor);
        if bits.flag()? {
            let (left, right, top, bottom) = (bits.unsigned()?, bits.unsigned()?, bits.unsigned()?, bits.unsigned()?);
            let cut = |side: u64, unit: u64, first: u32, second: u32| {
                side.checked_sub(unit * (u64::from(first) + u64::from(second)))
                    .filter(|rest| *rest > 0)
                    .ok_or(SpsError::Impossible("cropping"))
            };
            width = cut(width, unit_x, left, right)?;
            height = cut(height, unit_y, top, bottom)?;
        }
        let (width, height) = (u32::try_from(width), u32::try_from(height));
        let (Ok(width), Ok(height)) = (width, height) else { return Err(SpsError::Impossible("size")) };
        // The rest is only colour and shape; a stream that is cut off here still plays.
        let usability = Usability::parse(&mut bits).unwrap_or_default();
        let Usability { matrix, range, aspect, transfer } = usability;
        Ok(Self { profile, chroma_format, bit_depth, interlaced, width, height, matrix, range, aspect, transfer })
    }

    /// Names what OpenH264 cannot decode, if anything.
    pub(crate) fn unsupported(&self) -> Option<String> {
        if self.bit_depth != 8 {
            return Some(format!("H.264 with {} bits a colour", self.bit_depth));
        }
        match self.chroma_format {
            2 => return Some("H.264 with 4:2:2 colour".into()),
            3 => return Some("H.264 with 4:4:4 colour".into()),
            _ => {}
        }
        if self.interlaced {
            return Some("interlaced H.264".into());
        }
        if !DECODABLE_PROFILES.contains(&self.profile) {
            return Some(format!("H.264 of profile {}", self.profile));
        }
        None
    }
}

/// Largest picture that OpenH264 takes: level 5.2, in macroblocks of 16x16 pixels (4096x2304).
const MAX_MACROBLOCKS: u32 = 36_864;

impl Sps {
    /// Names a size that OpenH264 refuses, if it is one.
    pub(crate) fn too_large(&self) -> Option<String> {
        let (columns, rows) = (self.width.div_ceil(16), self.height.div_ceil(16));
        (u64::from(columns) * u64::from(rows) > u64::from(MAX_MACROBLOCKS))
            .then(|| format!("H.264 of {}x{} pixels (4096x2304 is the largest)", self.width, self.height))
    }
}

/// Shapes of pixels by `aspect_ratio_idc` (table E-1), from 1 on.
const ASPECTS: [(u64, u64); 16] = [
    (1, 1),
    (12, 11),
    (10, 11),
    (16, 11),
    (40, 33),
    (24, 11),
    (20, 11),
    (32, 11),
    (80, 33),
    (18, 11),
    (15, 11),
    (64, 33),
    (160, 99),
    (4, 3),
    (3, 2),
    (2, 1),
];

/// The value of `aspect_ratio_idc` behind which the aspect is spelt out.
const EXTENDED_ASPECT: u32 = 255;

/// The start of the video usability information (annex E.1.1).
#[derive(Default)]
struct Usability {
    matrix: Option<YuvMatrix>,
    range: Option<YuvRange>,
    aspect: Option<PixelAspect>,
    transfer: Option<u32>,
}

impl Usability {
    fn parse(bits: &mut Bits) -> Result<Self, SpsError> {
        let mut found = Self::default();
        if !bits.flag()? {
            return Ok(found);
        }
        if bits.flag()? {
            let code = bits.take(8)?;
            let (width, height) = if code == EXTENDED_ASPECT {
                (u64::from(bits.take(16)?), u64::from(bits.take(16)?))
            } else {
                (code as usize).checked_sub(1).and_then(|at| ASPECTS.get(at)).copied().unwrap_or((0, 0))
            };
            found.aspect = PixelAspect::new(width, height);
        }
        if bits.flag()? {
            bits.take(1)?; // overscan_appropriate_flag
        }
        if !bits.flag()? {
            return Ok(found);
        }
        bits.take(3)?; // video_format
        found.range = Some(if bits.flag()? { YuvRange::Full } else { YuvRange::Limited });
        if bits.flag()? {
            bits.take(8)?; // colour_primaries
            found.transfer = Some(bits.take(8)?);
            found.matrix = YuvMatrix::from_code(bits.take(8)?);
        }
        Ok(found)
    }
}

fn skip_scaling_list(bits: &mut Bits, len: usize) -> Result<(), SpsError> {
    let (mut last, mut next) = (8_i64, 8_i64);
    for _ in 0..len {
        if next != 0 {
            next = (last + bits.signed()?).rem_euclid(256);
        }
        if next != 0 {
            last = next;
        }
    }
    Ok(())
}

/// Removes the 3 of every 0 0 3.
fn without_emulation(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len());
    let mut zeros = 0;
    for byte in bytes {
        if zeros >= 2 && *byte == 3 {
            zeros = 0;
            continue;
        }
        zeros = if *byte == 0 { zeros + 1 } else { 0 };
        out.push(*byte);
    }
    out
}

/// Bits from the most significant on.
struct Bits<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Bits<'_> {
    /// Up to 32 bits.
    fn take(&mut self, count: usize) -> Result<u32, SpsError> {
        let mut value = 0_u32;
        for _ in 0..count {
            let byte = self.bytes.get(self.at / 8).ok_or(SpsError::Short)?;
            value = value << 1 | u32::from(byte >> (7 - self.at % 8) & 1);
            self.at += 1;
        }
        Ok(value)
    }

    fn flag(&mut self) -> Result<bool, SpsError> {
        Ok(self.take(1)? == 1)
    }

    /// ue(v): Exp-Golomb.
    fn unsigned(&mut self) -> Result<u32, SpsError> {
        let mut zeros = 0;
        while !self.flag()? {
            zeros += 1;
            if zeros > 31 {
                return Err(SpsError::Impossible("number"));
            }
        }
        let rest = u64::from(self.take(zeros)?);
        u32::try_from((1_u64 << zeros) - 1 + rest).map_err(|_| SpsError::Impossible("number"))
    }

    /// se(v): signed Exp-Golomb.
    fn signed(&mut self) -> Result<i64, SpsError> {
        let code = i64::from(self.unsigned()?);
        Ok(if code % 2 == 0 { -(code / 2) } else { (code + 1) / 2 })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Writes the fields of a baseline parameter set.
    fn sps_bits(fields: &[(u32, usize)]) -> Vec<u8> {
        let bits: Vec<u8> = fields
            .iter()
            .flat_map(|(value, count)| (0..*count).rev().map(move |bit| (value >> bit & 1) as u8))
            .collect();
        bits.chunks(8).map(|byte| byte.iter().enumerate().fold(0, |sum, (at, bit)| sum | bit << (7 - at))).collect()
    }

    fn ue(value: u32) -> (u32, usize) {
        let bits = 32 - (value + 1).leading_zeros() as usize;
        (value + 1, 2 * bits - 1)
    }

    #[test]
    fn size_cropping_and_colour_are_read() {
        let unit = sps_bits(&[
            (0x67, 8),
            (66, 8),
            (0, 8),
            (30, 8),
            ue(0),
            ue(0),
            ue(2),
            ue(1),
            (0, 1), // up to gaps flag
            ue(19),
            ue(15),
            (1, 1),
            (1, 1), // 320x256, progressive
            (1, 1),
            ue(0),
            ue(1),
            ue(0),
            ue(8), // crop 2 columns, 16 rows
            (1, 1),
            (0, 1),
            (0, 1),
            (1, 1),
            (5, 3),
            (1, 1),
            (1, 1),
            (1, 8),
            (1, 8),
            (1, 8),
            (0, 8),
        ]);
        let sps = Sps::parse(&unit).unwrap();
        assert_eq!((sps.width, sps.height), (318, 240));
        assert_eq!((sps.matrix, sps.range), (Some(YuvMatrix::Bt709), Some(YuvRange::Full)));
        assert_eq!(sps.unsupported(), None);
    }

    #[test]
    fn nonsense_is_an_error() {
        assert_eq!(Sps::parse(&[]), Err(SpsError::Short));
        assert_eq!(Sps::parse(&[0x67, 66, 0, 30]), Err(SpsError::Short));
        assert_eq!(Sps::parse(&[0; 64]), Err(SpsError::Impossible("number")));
        for seed in 0_u32..2000 {
            let bytes: Vec<u8> =
                (0..40).map(|at| (seed.wrapping_mul(2_654_435_761).wrapping_add(at * 40_503) >> 9) as u8).collect();
            let _ = Sps::parse(&bytes);
        }
    }

    #[test]
    fn emulation_bytes_go() {
        assert_eq!(without_emulation(&[0, 0, 3, 1, 0, 0, 3, 0, 3]), [0, 0, 1, 0, 0, 0, 3]);
    }
}
