//! Where JPEG pictures begin and end in a file (ITU-T T.81, annex B): cut-off pictures are noticed, streams are told
//! from single pictures.

use std::io::{self, BufRead, Cursor};

use zune_core::bytestream::ZCursor;
use zune_core::options::DecoderOptions;
use zune_jpeg::JpegDecoder;

/// A picture larger than this is damage.
const MAX_BYTES: usize = 256 << 20;

const SOI: u8 = 0xd8;
const EOI: u8 = 0xd9;
const SOS: u8 = 0xda;
const APP2: u8 = 0xe2;

/// The bytes of one picture.
#[derive(Debug, Default)]
pub(super) struct Jpeg {
    pub bytes: Vec<u8>,
    /// Width and height in pixels.
    pub size: Option<(u16, u16)>,
    /// The end was there.
    pub has_end: bool,
    /// It belongs to the pictures behind it (multi-picture format): a second eye, a map of brightness.
    pub has_directory: bool,
}

impl Jpeg {
    /// True where every row is there, whether the end mark is or not.
    pub(super) fn is_whole(&self) -> bool {
        if self.has_end {
            return true;
        }
        // Decoded strictly, a picture whose bytes end before its last row is an error.
        let options = DecoderOptions::default().set_strict_mode(true);
        let options = options.set_max_width(usize::from(u16::MAX)).set_max_height(usize::from(u16::MAX));
        JpegDecoder::new_with_options(ZCursor::new(&self.bytes), options).decode().is_ok()
    }
}

/// Pictures one after another, with anything between them.
pub(super) struct Scanner<R> {
    reader: R,
    /// The start of the next picture is read already.
    begun: bool,
    /// Bytes between the last picture and the one before.
    pub gap: u64,
}

impl<R: BufRead> Scanner<R> {
    pub(super) fn new(reader: R) -> Self {
        Self { reader, begun: false, gap: 0 }
    }

    /// The next picture, or `None` where there is no more.
    pub(super) fn next(&mut self) -> io::Result<Option<Jpeg>> {
        self.gap = 0;
        let mut last = 0;
        while !self.begun {
            let Some(byte) = self.byte()? else { return Ok(None) };
            self.begun = (last, byte) == (0xff, SOI);
            last = byte;
            self.gap += 1;
        }
        self.gap = self.gap.saturating_sub(2);
        self.begun = false;
        let mut jpeg = Jpeg { bytes: vec![0xff, SOI], ..Jpeg::default() };
        jpeg.has_end = self.rest(&mut jpeg)?.is_some();
        Ok(Some(jpeg))
    }

    /// Reads to the end mark; `None` where something else comes.
    fn rest(&mut self, jpeg: &mut Jpeg) -> io::Result<Option<()>> {
        let mut marker = None;
        loop {
            let code = match marker.take() {
                Some(code) => code,
                None => {
                    let Some(0xff) = self.byte()? else { return Ok(None) };
                    let mut code = 0xff;
                    while code == 0xff {
                        let Some(byte) = self.byte()? else { return Ok(None) };
                        code = byte;
                    }
                    code
                }
            };
            if code == SOI {
                self.begun = true;
                return Ok(None);
            }
            jpeg.bytes.extend([0xff, code]);
            match code {
                EOI => return Ok(Some(())),
                0x01 | 0xd0..=0xd7 => continue,
                _ => {}
            }
            let (Some(high), Some(low)) = (self.byte()?, self.byte()?) else { return Ok(None) };
            let len = usize::from(u16::from_be_bytes([high, low]));
            let start = jpeg.bytes.len();
            jpeg.bytes.extend([high, low]);
            for _ in 2..len {
                let Some(byte) = self.byte()? else { return Ok(None) };
                jpeg.bytes.push(byte);
            }
            let body = jpeg.bytes.get(start + 2..).unwrap_or_default();
            match (code, body) {
                (0xc0..=0xcf, [_, height_high, height_low, width_high, width_low, ..])
                    if !matches!(code, 0xc4 | 0xc8 | 0xcc) =>
                {
                    let side = |high: &u8, low: &u8| u16::from_be_bytes([*high, *low]);
                    jpeg.size = Some((side(width_high, width_low), side(height_high, height_low)));
                }
                (APP2, body) if body.starts_with(b"MPF\0") => jpeg.has_directory = true,
                (SOS, _) => marker = self.scan(jpeg)?,
                _ => {}
            }
            if code == SOS && marker.is_none() || jpeg.bytes.len() > MAX_BYTES {
                return Ok(None);
            }
        }
    }

    /// Reads coded data up to the next marker, which is given back.
    fn scan(&mut self, jpeg: &mut Jpeg) -> io::Result<Option<u8>> {
        while let Some(byte) = self.byte()? {
            if byte != 0xff {
                jpeg.bytes.push(byte);
                if jpeg.bytes.len() > MAX_BYTES {
                    return Ok(None);
                }
                continue;
            }
            let mut code = 0xff;
            while code == 0xff {
                let Some(byte) = self.byte()? else { return Ok(None) };
                code = byte;
            }
            match code {
                0 | 0xd0..=0xd7 => jpeg.bytes.extend([0xff, code]),
                code => return Ok(Some(code)),
            }
        }
        Ok(None)
    }

    fn byte(&mut self) -> io::Result<Option<u8>> {
        let byte = self.reader.fill_buf()?.first().copied();
        if byte.is_some() {
            self.reader.consume(1);
        }
        Ok(byte)
    }
}

/// True for bytes that begin like a JPEG and lack the lower part of the picture.
pub(super) fn is_cut_off(bytes: &[u8]) -> bool {
    let first = Scanner::new(Cursor::new(bytes)).next();
    bytes.starts_with(&[0xff, SOI]) && matches!(first, Ok(Some(jpeg)) if !jpeg.is_whole())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn picture(side: u32) -> Vec<u8> {
        let picture =
            image::RgbImage::from_fn(side, side, |x, y| image::Rgb([(x * 7) as u8, (y * 5) as u8, (x ^ y) as u8]));
        let mut bytes = Cursor::new(Vec::new());
        picture.write_to(&mut bytes, image::ImageFormat::Jpeg).unwrap();
        bytes.into_inner()
    }

    #[test]
    fn missing_rows_are_noticed_and_a_missing_end_mark_is_forgiven() {
        let whole = picture(160);
        assert!(!is_cut_off(&whole));
        assert!(!is_cut_off(&whole[..whole.len() - 2]), "only the end mark is missing");
        for part in 3..10 {
            assert!(is_cut_off(&whole[..whole.len() * part / 10]), "{part} tenths");
        }
        assert!(!is_cut_off(b"\x89PNG\r\n"));
    }

    #[test]
    fn pictures_are_found_one_after_another() {
        let (one, two) = (picture(32), picture(48));
        let bytes = [b"head", &one[..], b"between", &two, &one[..one.len() - 20], &two].concat();
        let mut scanner = Scanner::new(Cursor::new(bytes));
        let mut found = Vec::new();
        while let Some(jpeg) = scanner.next().unwrap() {
            found.push((jpeg.size.unwrap().0, jpeg.has_end, scanner.gap));
        }
        assert_eq!(found, [(32, true, 4), (48, true, 7), (32, false, 0), (48, true, 0)]);
    }
}
