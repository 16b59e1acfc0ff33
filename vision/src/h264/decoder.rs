//! H.264 to RGB, one access unit at a time.
//!
//! Packets come in decoding order, pictures leave in display order; each takes the smallest time that is still due.
//! A packet that does not decode is dropped with everything up to the next key frame, so damage shows as a jump,
//! never as smear.

use std::collections::VecDeque;

use openh264::OpenH264API;
use openh264::decoder::{DecodedYUV, Decoder as OpenH264Decoder, DecoderConfig, Flush};
use openh264::formats::YUVSource;

use super::nal;
use super::sps::{Sps, SpsError};
use crate::colour::{Planes, YuvMatrix, YuvRange, YuvToRgb};
use crate::container::ContainerColour;
use crate::present::PixelAspect;

/// H.264 reorders at most this many pictures; a time that waits longer belongs to a picture that was lost.
const MAX_REORDERED: usize = 16;

/// How the packets of a stream are wrapped, and the parameter sets that its container holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct StreamSetup {
    /// Bytes of the length before each NAL unit, 1..=4; 0 means start codes (Annex B).
    length_size: usize,
    /// Parameter sets with start codes.
    parameter_sets: Vec<u8>,
    /// The first sequence parameter set, if the container has one.
    pub sps: Option<Sps>,
}

impl StreamSetup {
    /// From an `AVCDecoderConfigurationRecord` (ISO/IEC 14496-15, 5.3.3.1), as MP4 and Matroska hold it, or from bare
    /// start-code data.
    pub(crate) fn parse(config: &[u8]) -> Result<Self, SpsError> {
        if config.starts_with(&[0, 0, 1]) || config.starts_with(&[0, 0, 0, 1]) {
            let sps = nal::units(config).find(|unit| nal::kind(unit) == nal::SPS).map(Sps::parse).transpose()?;
            return Ok(Self { length_size: 0, parameter_sets: config.to_vec(), sps });
        }
        let mut rest = config.get(6..).ok_or(SpsError::Short)?;
        let mut setup = Self { length_size: usize::from(config[4] & 3) + 1, ..Self::default() };
        let mut count = config[5] & 31;
        for kind in [nal::SPS, nal::PPS] {
            for _ in 0..count {
                let (len, tail) = rest.split_first_chunk::<2>().ok_or(SpsError::Short)?;
                let (unit, tail) =
                    tail.split_at_checked(usize::from(u16::from_be_bytes(*len))).ok_or(SpsError::Short)?;
                if kind == nal::SPS && setup.sps.is_none() {
                    setup.sps = Some(Sps::parse(unit)?);
                }
                push_unit(&mut setup.parameter_sets, unit);
                rest = tail;
            }
            let Some((next, tail)) = rest.split_first() else { break };
            (count, rest) = (*next, tail);
        }
        Ok(setup)
    }

    /// True for a packet at which decoding can begin.
    pub(crate) fn is_key(&self, packet: &[u8]) -> bool {
        self.units(packet).into_iter().flatten().any(|unit| nal::kind(unit) == nal::IDR_SLICE)
    }

    /// The parameter sets of `other`, wrapped like the packets of this stream; `None` where no length is wide enough.
    pub(crate) fn wrapped_sets(&self, other: &Self) -> Option<Vec<u8>> {
        if self.length_size == 0 {
            return Some(other.parameter_sets.clone());
        }
        let mut packet = Vec::new();
        for unit in nal::units(&other.parameter_sets) {
            let len = u32::try_from(unit.len()).ok()?.to_be_bytes();
            let (unused, len) = len.split_at(len.len() - self.length_size);
            if unused.iter().any(|byte| *byte != 0) {
                return None;
            }
            packet.extend_from_slice(len);
            packet.extend_from_slice(unit);
        }
        Some(packet)
    }

    /// The NAL units of a packet; the last item is `None` if the packet is cut off.
    fn units<'a>(&self, packet: &'a [u8]) -> Vec<Option<&'a [u8]>> {
        if self.length_size == 0 {
            return nal::units(packet).map(Some).collect();
        }
        let (mut rest, mut units) = (packet, Vec::new());
        while !rest.is_empty() {
            let unit = rest.split_at_checked(self.length_size).and_then(|(len, tail)| {
                let len = len.iter().fold(0_usize, |sum, byte| sum << 8 | usize::from(*byte));
                tail.split_at_checked(len)
            });
            let Some((unit, tail)) = unit else {
                units.push(None);
                break;
            };
            if !unit.is_empty() {
                units.push(Some(unit));
            }
            rest = tail;
        }
        units
    }
}

/// The sequence parameter sets among parameter sets, with start codes.
fn sps_of(sets: &[u8]) -> Vec<u8> {
    let mut found = Vec::new();
    nal::units(sets).filter(|unit| nal::kind(unit) == nal::SPS).for_each(|unit| push_unit(&mut found, unit));
    found
}

fn push_unit(annex_b: &mut Vec<u8>, unit: &[u8]) {
    annex_b.extend_from_slice(&[0, 0, 0, 1]);
    annex_b.extend_from_slice(unit);
}

/// A decoded picture.
pub(crate) struct Picture {
    pub rgb: Vec<u8>,
    pub width: u32,
    pub height: u32,
    /// Shape of a pixel, if the stream says it.
    pub aspect: Option<PixelAspect>,
    pub due: Due,
}

/// When a picture is shown.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Due {
    /// Seconds.
    pub position_s: f64,
    /// False for a picture that is only decoded because others need it.
    pub shown: bool,
}

/// OpenH264 with times and recovery.
pub(crate) struct Decoder {
    setup: StreamSetup,
    decoder: OpenH264Decoder,
    /// Parameter sets have to go in before the next packet.
    fresh: bool,
    /// Everything is dropped until a key frame.
    lost: bool,
    /// Times of packets whose pictures are not out yet, smallest first.
    due: Vec<Due>,
    /// What the container says about colour, for streams that do not say it themselves.
    container_colour: ContainerColour,
    /// What the pictures inside were made by.
    sps: Option<Sps>,
    /// Packets dropped because of damage.
    pub dropped: u64,
    /// The last failure, in words.
    pub failure: Option<String>,
}

impl Decoder {
    pub(crate) fn new(setup: StreamSetup, container_colour: ContainerColour) -> Result<Self, openh264::Error> {
        Ok(Self {
            sps: setup.sps.clone(),
            setup,
            decoder: new_decoder()?,
            fresh: true,
            lost: true,
            due: Vec::new(),
            container_colour,
            dropped: 0,
            failure: None,
        })
    }

    /// Decodes one packet; appends the pictures that are ready.
    pub(crate) fn push(&mut self, packet: &[u8], due: Due, out: &mut VecDeque<Picture>) {
        match self.annex_b(packet, out) {
            Ok(Some(annex_b)) => {
                let at = self.due.partition_point(|other| other.position_s <= due.position_s);
                self.due.insert(at, due);
                match self.decoder.decode(&annex_b) {
                    Ok(Some(picture)) => {
                        let picture = to_rgb(&picture, self.sps.as_ref(), self.container_colour);
                        self.emit(picture, out);
                    }
                    Ok(None) => {}
                    Err(error) => {
                        self.due.retain(|other| *other != due);
                        self.lose(error.to_string(), out);
                    }
                }
            }
            Ok(None) => {}
            Err(what) => self.lose(what, out),
        }
    }

    /// Appends what is still inside.
    pub(crate) fn flush(&mut self, out: &mut VecDeque<Picture>) {
        let (sps, container) = (self.sps.as_ref(), self.container_colour);
        let pictures: Vec<_> = match self.decoder.flush_remaining() {
            Ok(pictures) => pictures.iter().map(|picture| to_rgb(picture, sps, container)).collect(),
            Err(error) => {
                self.failure = Some(error.to_string());
                Vec::new()
            }
        };
        for picture in pictures {
            self.emit(picture, out);
        }
    }

    /// Appends what is still inside and waits for a key frame: what follows is not a continuation.
    pub(crate) fn restart(&mut self, out: &mut VecDeque<Picture>) {
        self.flush(out);
        self.due.clear();
        (self.fresh, self.lost) = (true, true);
        match new_decoder() {
            Ok(decoder) => self.decoder = decoder,
            Err(error) => self.failure = Some(error.to_string()),
        }
    }

    /// The packet with start codes, or `None` if there is nothing in it to decode (now).
    fn annex_b(&mut self, packet: &[u8], out: &mut VecDeque<Picture>) -> Result<Option<Vec<u8>>, String> {
        let units = self.setup.units(packet);
        if units.contains(&None) {
            return Err("a packet is cut off".into());
        }
        let units: Vec<&[u8]> = units.into_iter().flatten().collect();
        self.remember_parameter_sets(&units, out)?;
        let has = |wanted: u8| units.iter().any(|unit| nal::kind(unit) == wanted);
        // Without a slice there is no picture; parameter sets are remembered and go in with the next one.
        if !has(nal::SLICE) && !has(nal::IDR_SLICE) {
            return Ok(None);
        }
        if self.lost && !has(nal::IDR_SLICE) {
            self.dropped += 1;
            return Ok(None);
        }
        let mut annex_b = Vec::with_capacity(packet.len() + 64);
        if self.fresh {
            annex_b.extend_from_slice(&self.setup.parameter_sets);
        }
        units.iter().for_each(|unit| push_unit(&mut annex_b, unit));
        (self.fresh, self.lost) = (false, false);
        Ok(Some(annex_b))
    }

    /// Keeps parameter sets that come with the packets, for a decoder that has to start over.
    ///
    /// Where the sequence parameter sets change, a new decoder begins, since OpenH264 forgets what it holds of the old ones.
    fn remember_parameter_sets(&mut self, units: &[&[u8]], out: &mut VecDeque<Picture>) -> Result<(), String> {
        let mut sets = Vec::new();
        let mut found = None;
        for unit in units {
            match nal::kind(unit) {
                nal::SPS => {
                    let sps = Sps::parse(unit).map_err(|error| error.to_string())?;
                    if let Some(what) = sps.unsupported().or_else(|| sps.too_large()) {
                        return Err(what);
                    }
                    found = Some(sps);
                    push_unit(&mut sets, unit);
                }
                nal::PPS => push_unit(&mut sets, unit),
                _ => {}
            }
        }
        if let Some(sps) = found {
            let is_key = units.iter().any(|unit| nal::kind(unit) == nal::IDR_SLICE);
            if is_key && !self.setup.parameter_sets.starts_with(&sps_of(&sets)) {
                self.restart(out);
            }
            self.sps = Some(sps);
            self.setup.parameter_sets = sets;
            self.fresh = true;
        } else if !sets.is_empty() && !self.setup.parameter_sets.ends_with(&sets) {
            self.setup.parameter_sets.extend_from_slice(&sets);
            self.fresh = true;
        }
        Ok(())
    }

    /// Saves what is inside, then starts over at the next key frame.
    fn lose(&mut self, what: String, out: &mut VecDeque<Picture>) {
        tracing::debug!(what, "packet dropped");
        self.dropped += 1;
        self.failure = Some(what);
        self.restart(out);
    }

    fn emit(&mut self, mut picture: Picture, out: &mut VecDeque<Picture>) {
        while self.due.len() > MAX_REORDERED {
            self.due.remove(0);
        }
        if !self.due.is_empty() {
            picture.due = self.due.remove(0);
            out.push_back(picture);
        }
    }
}

fn new_decoder() -> Result<OpenH264Decoder, openh264::Error> {
    // Flushing after each packet would break the display order of streams with B pictures.
    let config = DecoderConfig::new().flush_after_decode(Flush::NoFlush);
    OpenH264Decoder::with_api_config(OpenH264API::from_source(), config)
}

fn to_rgb(picture: &DecodedYUV, sps: Option<&Sps>, container: ContainerColour) -> Picture {
    let (width, height) = picture.dimensions();
    let matrix = sps.and_then(|sps| sps.matrix).or(container.matrix);
    let range = sps.and_then(|sps| sps.range).or(container.range).unwrap_or(YuvRange::Limited);
    let convert = YuvToRgb::new(matrix.unwrap_or_else(|| YuvMatrix::for_height(height as u32)), range);
    let (y_stride, uv_stride, _) = picture.strides();
    let (width, height) = (width as u32, height as u32);
    let rgb = if sps.is_some_and(|sps| sps.chroma_format == 0) {
        // What the decoder's chroma planes hold then means nothing.
        convert.grey(picture.y(), y_stride, width, height)
    } else {
        let planes =
            Planes { y: picture.y(), u: picture.u(), v: picture.v(), y_stride, uv_stride, chroma_shift: (1, 1) };
        convert.planar(&planes, width, height)
    };
    let aspect = sps.and_then(|sps| sps.aspect);
    Picture { rgb, width, height, aspect, due: Due::default() }
}
