//! The pictures of a folder output, `000000.png`, `000001.png`, ..., and the mark by which this program knows its own.
//!
//! Cameras, phones and scanners give their pictures such names too. A picture counts as ours only if it has, as its last
//! chunk before the end, a text that holds a checksum of its number and of every byte before the text: a picture that
//! somebody else wrote, changed or renamed is not ours.

use std::fs;
use std::path::{Path, PathBuf};

/// Keyword of the PNG text chunk, with its terminator.
const KEYWORD: &[u8] = b"Otherglass frame\0";

/// Bytes of an IEND chunk.
const END: usize = 12;

/// Bytes of the mark: length, type, keyword, 16 hexadecimal digits, CRC.
const MARK: usize = 4 + 4 + KEYWORD.len() + 16 + 4;

/// The name of a picture in a folder.
pub(super) fn path_of(folder: &Path, number: u64) -> PathBuf {
    folder.join(format!("{number:06}.png"))
}

/// The number in such a name.
pub(super) fn number_of(path: &Path) -> Option<u64> {
    let number = path.file_name()?.to_str()?.strip_suffix(".png")?.parse().ok()?;
    (path_of(Path::new(""), number).as_os_str() == path.file_name()?).then_some(number)
}

/// Puts the mark into the bytes of a PNG.
pub(super) fn mark(png: &mut Vec<u8>, number: u64) {
    let Some(end) = png.len().checked_sub(END) else { return };
    let text = format!("{:016x}", checksum(number, &png[..end]));
    let mut chunk = b"tEXt".to_vec();
    chunk.extend(KEYWORD);
    chunk.extend(text.bytes());
    let bytes = (chunk.len() as u32 - 4).to_be_bytes();
    let crc = crc32(&chunk).to_be_bytes();
    png.splice(end..end, bytes.into_iter().chain(chunk).chain(crc));
}

/// Did this program write that picture, and is it as it was written?
pub(super) fn is_ours(path: &Path, number: u64) -> bool {
    let Ok(png) = fs::read(path) else { return false };
    let Some(start) = png.len().checked_sub(END + MARK) else { return false };
    let text = &png[start + 8..start + MARK - 4];
    let Some(digits) = text.strip_prefix(KEYWORD) else { return false };
    let written = std::str::from_utf8(digits).ok().and_then(|digits| u64::from_str_radix(digits, 16).ok());
    written == Some(checksum(number, &png[..start]))
}

/// FNV-1a, 64 bits (Fowler, Noll, Vo), over the number and the bytes. It tells pictures apart; it protects from nobody.
fn checksum(number: u64, bytes: &[u8]) -> u64 {
    let step = |sum: u64, byte: &u8| (sum ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3);
    bytes.iter().fold(number.to_le_bytes().iter().fold(0xcbf2_9ce4_8422_2325, step), step)
}

/// The checksum of PNG chunks (PNG specification, annex D).
fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| if crc & 1 == 1 { 0xedb8_8320 ^ (crc >> 1) } else { crc >> 1 })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_canonical_names_are_numbers() {
        let number = |name: &str| number_of(Path::new(name));
        assert_eq!(number("shots/000012.png"), Some(12));
        assert_eq!(number("1700000123.png"), Some(1_700_000_123));
        for name in ["00012.png", "0000012.png", "000012.PNG", "000012.jpg", "+00012.png", "IMG_0001.png", "png"] {
            assert_eq!(number(name), None, "{name}");
        }
    }

    #[test]
    fn ours_is_what_was_not_touched_or_renamed() {
        let folder = tempfile::tempdir().unwrap();
        let path = path_of(folder.path(), 7);
        let mut png = std::io::Cursor::new(Vec::new());
        image::RgbImage::new(5, 4).write_to(&mut png, image::ImageFormat::Png).unwrap();
        let plain = png.into_inner();
        fs::write(&path, &plain).unwrap();
        assert!(!is_ours(&path, 7), "another program's picture");
        let mut marked = plain.clone();
        mark(&mut marked, 7);
        fs::write(&path, &marked).unwrap();
        assert!(is_ours(&path, 7));
        assert!(!is_ours(&path, 8), "renamed");
        assert_eq!(image::open(&path).unwrap().width(), 5, "others still read it");
        marked[40] ^= 1;
        fs::write(&path, &marked).unwrap();
        assert!(!is_ours(&path, 7), "changed");
        assert!(!is_ours(&path_of(folder.path(), 8), 8), "not there");
    }

    #[test]
    fn the_checksums_are_those_of_the_specifications() {
        assert_eq!(crc32(b"IEND"), 0xae42_6082);
        let eight_zeros = checksum(0, b"");
        assert_eq!(checksum(0, b"a"), (eight_zeros ^ 0x61).wrapping_mul(0x0000_0100_0000_01b3));
    }
}
