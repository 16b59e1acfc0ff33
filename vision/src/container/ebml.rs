//! The elements that Matroska is made of (RFC 8794), read from bytes without trust.

/// Element IDs of RFC 9559, as far as they matter here.
pub(crate) mod id {
    pub(crate) const EBML: u32 = 0x1a45_dfa3;
    pub(crate) const DOC_TYPE: u32 = 0x4282;
    pub(crate) const SEGMENT: u32 = 0x1853_8067;
    pub(crate) const INFO: u32 = 0x1549_a966;
    pub(crate) const TIMESTAMP_SCALE: u32 = 0x2a_d7b1;
    pub(crate) const DURATION: u32 = 0x4489;
    pub(crate) const TRACKS: u32 = 0x1654_ae6b;
    pub(crate) const TRACK_ENTRY: u32 = 0xae;
    pub(crate) const TRACK_NUMBER: u32 = 0xd7;
    pub(crate) const TRACK_TYPE: u32 = 0x83;
    pub(crate) const CODEC_ID: u32 = 0x86;
    pub(crate) const CODEC_PRIVATE: u32 = 0x63a2;
    pub(crate) const DEFAULT_DURATION: u32 = 0x23_e383;
    pub(crate) const FLAG_ENABLED: u32 = 0xb9;
    pub(crate) const FLAG_DEFAULT: u32 = 0x88;
    pub(crate) const VIDEO: u32 = 0xe0;
    pub(crate) const PIXEL_WIDTH: u32 = 0xb0;
    pub(crate) const PIXEL_HEIGHT: u32 = 0xba;
    pub(crate) const PIXEL_CROP_BOTTOM: u32 = 0x54aa;
    pub(crate) const PIXEL_CROP_TOP: u32 = 0x54bb;
    pub(crate) const PIXEL_CROP_LEFT: u32 = 0x54cc;
    pub(crate) const PIXEL_CROP_RIGHT: u32 = 0x54dd;
    pub(crate) const DISPLAY_WIDTH: u32 = 0x54b0;
    pub(crate) const DISPLAY_HEIGHT: u32 = 0x54ba;
    pub(crate) const DISPLAY_UNIT: u32 = 0x54b2;
    pub(crate) const PROJECTION: u32 = 0x7670;
    pub(crate) const PROJECTION_TYPE: u32 = 0x7671;
    pub(crate) const PROJECTION_POSE_YAW: u32 = 0x7673;
    pub(crate) const PROJECTION_POSE_PITCH: u32 = 0x7674;
    pub(crate) const PROJECTION_POSE_ROLL: u32 = 0x7675;
    pub(crate) const COLOUR: u32 = 0x55b0;
    pub(crate) const MATRIX_COEFFICIENTS: u32 = 0x55b1;
    pub(crate) const RANGE: u32 = 0x55b9;
    pub(crate) const TRANSFER_CHARACTERISTICS: u32 = 0x55ba;
    pub(crate) const CONTENT_ENCODINGS: u32 = 0x6d80;
    pub(crate) const CONTENT_ENCODING: u32 = 0x6240;
    pub(crate) const CONTENT_ENCRYPTION: u32 = 0x5035;
    pub(crate) const CONTENT_COMPRESSION: u32 = 0x5034;
    pub(crate) const CONTENT_COMP_ALGO: u32 = 0x4254;
    pub(crate) const CONTENT_COMP_SETTINGS: u32 = 0x4255;
    pub(crate) const CLUSTER: u32 = 0x1f43_b675;
    pub(crate) const TIMESTAMP: u32 = 0xe7;
    pub(crate) const SIMPLE_BLOCK: u32 = 0xa3;
    pub(crate) const BLOCK_GROUP: u32 = 0xa0;
    pub(crate) const BLOCK: u32 = 0xa1;
}

/// Longest header of an element: 4 bytes of ID, 8 of size.
pub(crate) const MAX_HEADER_BYTES: usize = 12;

/// ID and size of an element.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Header {
    pub id: u32,
    /// Bytes of the body; `None` when the writer did not know.
    pub size: Option<u64>,
    /// Bytes of the header itself.
    pub len: usize,
}

impl Header {
    /// Reads the header at the start of `bytes`.
    pub(crate) fn parse(bytes: &[u8]) -> Option<Self> {
        let first = *bytes.first()?;
        let id_len = first.leading_zeros() as usize + 1;
        if id_len > 4 {
            return None;
        }
        let id = bytes.get(..id_len)?.iter().fold(0, |sum, byte| sum << 8 | u32::from(*byte));
        let (size, size_len) = variable(bytes.get(id_len..)?)?;
        let unknown = size == (1 << (7 * size_len)) - 1;
        Some(Self { id, size: (!unknown).then_some(size), len: id_len + size_len })
    }
}

/// A number of variable length without its length bits, and that length.
pub(crate) fn variable(bytes: &[u8]) -> Option<(u64, usize)> {
    let first = *bytes.first()?;
    let len = first.leading_zeros() as usize + 1;
    if len > 8 {
        return None;
    }
    let value = bytes.get(..len)?.iter().fold(0_u64, |sum, byte| sum << 8 | u64::from(*byte));
    Some((value & ((1 << (7 * len)) - 1), len))
}

/// The elements in the body of another, up to the first that does not fit.
pub(crate) fn children(mut bytes: &[u8]) -> impl Iterator<Item = (u32, &[u8])> {
    std::iter::from_fn(move || {
        let header = Header::parse(bytes)?;
        let end = header.len.checked_add(usize::try_from(header.size?).ok()?)?;
        let body = bytes.get(header.len..end)?;
        bytes = &bytes[end..];
        Some((header.id, body))
    })
}

/// The body of the first child with this ID.
pub(crate) fn child(bytes: &[u8], wanted: u32) -> Option<&[u8]> {
    children(bytes).find(|(id, _)| *id == wanted).map(|(_, body)| body)
}

/// An unsigned number of up to 8 bytes.
pub(crate) fn unsigned(body: &[u8]) -> Option<u64> {
    (body.len() <= 8).then(|| body.iter().fold(0, |sum, byte| sum << 8 | u64::from(*byte)))
}

/// A float of 4 or 8 bytes.
pub(crate) fn float(body: &[u8]) -> Option<f64> {
    match body.len() {
        4 => Some(f64::from(f32::from_be_bytes(body.try_into().ok()?))),
        8 => Some(f64::from_be_bytes(body.try_into().ok()?)),
        _ => None,
    }
}

/// Text, which may be filled up with zeros.
pub(crate) fn text(body: &[u8]) -> String {
    String::from_utf8_lossy(body).trim_end_matches('\0').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_are_read() {
        assert_eq!(Header::parse(&[0xa3, 0x85]), Some(Header { id: id::SIMPLE_BLOCK, size: Some(5), len: 2 }));
        let unknown = [0x1f, 0x43, 0xb6, 0x75, 0x01, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff];
        assert_eq!(Header::parse(&unknown), Some(Header { id: id::CLUSTER, size: None, len: 12 }));
        assert_eq!(Header::parse(&[0x42, 0x82, 0x40, 0x08]), Some(Header { id: id::DOC_TYPE, size: Some(8), len: 4 }));
        assert_eq!(Header::parse(&[0x00, 0x81]), None);
        assert_eq!(Header::parse(&[0xa3]), None);
    }

    #[test]
    fn children_that_do_not_fit_end_the_list() {
        let bytes = [0x83, 0x81, 1, 0xd7, 0x82, 1, 2, 0x86, 0x90, b'V'];
        let found: Vec<_> = children(&bytes).collect();
        assert_eq!(found, [(id::TRACK_TYPE, &[1][..]), (id::TRACK_NUMBER, &[1, 2][..])]);
    }

    #[test]
    fn numbers_are_read() {
        assert_eq!(unsigned(&[1, 0]), Some(256));
        assert_eq!(unsigned(&[0; 9]), None);
        assert_eq!(float(&1.5_f32.to_be_bytes()), Some(1.5));
        assert_eq!(text(b"webm\0\0"), "webm");
    }
}
