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

fn push_unit(annex_b: &mut Vec<u8>, unit: &[u8]) {
    annex_b.extend_from_slice(&[0, 0, 0, 1]);
    annex_b.extend_from_slice(unit);
}

/// A decoded picture.
pub(crate) struct Picture {
    pub rgb: Vec<u8>,
    pub width: u32,
    pub height: u32,
    /// Seconds.
    pub position_s: f64,
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
    due: Vec<f64>,
    /// What the container says about colour, for streams that do not say it themselves.
    container_colour: (Option<YuvMatrix>, Option<YuvRange>),
    colour: (Option<YuvMatrix>, Option<YuvRange>),
    /// Packets dropped because of damage.
    pub dropped: u64,
    /// The last failure, in words.
    pub failure: Option<String>,
}

impl Decoder {
    pub(crate) fn new(
        setup: StreamSetup,
        container_colour: (Option<YuvMatrix>, Option<YuvRange>),
    ) -> Result<Self, openh264::Error> {
        let colour = setup.sps.as_ref().map(|sps| (sps.matrix, sps.range)).unwrap_or_default();
        Ok(Self {
            setup,
            decoder: new_decoder()?,
            fresh: true,
            lost: true,
            due: Vec::new(),
            container_colour,
            colour,
            dropped: 0,
            failure: None,
        })
    }

    /// Decodes one packet; appends the pictures that are ready.
    pub(crate) fn push(&mut self, packet: &[u8], position_s: f64, out: &mut VecDeque<Picture>) {
        match self.annex_b(packet) {
            Ok(Some(annex_b)) => {
                let at = self.due.partition_point(|due| *due <= position_s);
                self.due.insert(at, position_s);
                match self.decoder.decode(&annex_b) {
                    Ok(Some(picture)) => {
                        let picture = to_rgb(&picture, self.colour, self.container_colour);
                        self.emit(picture, out);
                    }
                    Ok(None) => {}
                    Err(error) => {
                        self.due.retain(|due| *due != position_s);
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
        let (colour, container) = (self.colour, self.container_colour);
        let pictures: Vec<_> = match self.decoder.flush_remaining() {
            Ok(pictures) => pictures.iter().map(|picture| to_rgb(picture, colour, container)).collect(),
            Err(error) => {
                self.failure = Some(error.to_string());
                Vec::new()
            }
        };
        for picture in pictures {
            self.emit(picture, out);
        }
    }

    /// The packet with start codes, or `None` if there is nothing in it to decode (now).
    fn annex_b(&mut self, packet: &[u8]) -> Result<Option<Vec<u8>>, String> {
        let units = self.setup.units(packet);
        if units.contains(&None) {
            return Err("a packet is cut off".into());
        }
        let units: Vec<&[u8]> = units.into_iter().flatten().collect();
        self.remember_parameter_sets(&units)?;
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
    fn remember_parameter_sets(&mut self, units: &[&[u8]]) -> Result<(), String> {
        let mut sets = Vec::new();
        let mut has_sps = false;
        for unit in units {
            match nal::kind(unit) {
                nal::SPS => {
                    let sps = Sps::parse(unit).map_err(|error| error.to_string())?;
                    if let Some(what) = sps.unsupported().or_else(|| sps.too_large()) {
                        return Err(what);
                    }
                    self.colour = (sps.matrix, sps.range);
                    has_sps = true;
                    push_unit(&mut sets, unit);
                }
                nal::PPS => push_unit(&mut sets, unit),
                _ => {}
            }
        }
        if has_sps {
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
        self.flush(out);
        self.dropped += 1;
        self.failure = Some(what);
        self.due.clear();
        (self.fresh, self.lost) = (true, true);
        match new_decoder() {
            Ok(decoder) => self.decoder = decoder,
            Err(error) => self.failure = Some(error.to_string()),
        }
    }

    fn emit(&mut self, mut picture: Picture, out: &mut VecDeque<Picture>) {
        while self.due.len() > MAX_REORDERED {
            self.due.remove(0);
        }
        if !self.due.is_empty() {
            picture.position_s = self.due.remove(0);
            out.push_back(picture);
        }
    }
}

fn new_decoder() -> Result<OpenH264Decoder, openh264::Error> {
    // Flushing after each packet would break the display order of streams with B pictures.
    let config = DecoderConfig::new().flush_after_decode(Flush::NoFlush);
    OpenH264Decoder::with_api_config(OpenH264API::from_source(), config)
}

fn to_rgb(
    picture: &DecodedYUV,
    stream: (Option<YuvMatrix>, Option<YuvRange>),
    container: (Option<YuvMatrix>, Option<YuvRange>),
) -> Picture {
    let (width, height) = picture.dimensions();
    let (width, height) = (width as u32, height as u32);
    let matrix = stream.0.or(container.0).unwrap_or_else(|| YuvMatrix::for_height(height));
    let range = stream.1.or(container.1).unwrap_or(YuvRange::Limited);
    let (y_stride, uv_stride, _) = picture.strides();
    let planes = Planes { y: picture.y(), u: picture.u(), v: picture.v(), y_stride, uv_stride, chroma_shift: (1, 1) };
    let rgb = YuvToRgb::new(matrix, range).planar(&planes, width, height);
    Picture { rgb, width, height, position_s: 0.0 }
}
