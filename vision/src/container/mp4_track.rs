//! What an MP4 says about a track besides its samples: which one is the picture, how large, how turned, what codec.

use super::ContainerColour;
use super::boxes::{Fields, Mp4Box, boxes, find, find_path};
use crate::colour::{YuvMatrix, YuvRange};
use crate::present::{Crop, Orientation, PixelAspect, Presentation};

/// Bytes of a visual sample entry before the boxes in it.
const ENTRY_BYTES: usize = 78;

/// Flag of a track header: the track takes part in the movie.
const ENABLED: u32 = 1;

/// Columns of a display matrix this much different in length make pixels that are not square.
const ANISOTROPY: f64 = 0.01;

/// The header of a track (`tkhd`).
#[derive(Clone, Copy, Debug)]
pub(crate) struct TrackHeader {
    pub id: u32,
    enabled: bool,
    /// a, b, c, d of the matrix.
    matrix: [f64; 4],
    /// Size in the movie, pixels; fixed point, so it may have a fraction.
    size: (f64, f64),
}

impl TrackHeader {
    pub(crate) fn read(trak: &[u8]) -> Option<Self> {
        let mut fields = Fields(find(trak, b"tkhd")?);
        let (version, flags) = fields.full_box()?;
        fields.versioned(version)?;
        fields.versioned(version)?;
        let id = fields.u32()?;
        fields.u32()?;
        fields.versioned(version)?;
        fields.bytes(16)?; // layer, group, volume
        let rest = Self { id, enabled: flags & ENABLED != 0, matrix: [1.0, 0.0, 0.0, 1.0], size: (0.0, 0.0) };
        let Some(matrix) = matrix(&mut fields) else { return Some(rest) };
        let side = |value: u32| f64::from(value) / 65536.0;
        let size = fields.u32().zip(fields.u32()).map_or((0.0, 0.0), |(width, height)| (side(width), side(height)));
        Some(Self { matrix, size, ..rest })
    }
}

/// The linear part of a display matrix.
fn matrix(fields: &mut Fields) -> Option<[f64; 4]> {
    let mut words = [0.0; 9];
    for word in &mut words {
        *word = f64::from(fields.u32()? as i32) / 65536.0;
    }
    Some([words[0], words[1], words[3], words[4]])
}

/// The matrix of the whole movie (`mvhd`).
fn movie_matrix(moov: &[u8]) -> Option<[f64; 4]> {
    let mut fields = Fields(find(moov, b"mvhd")?);
    let (version, _) = fields.full_box()?;
    fields.versioned(version)?;
    fields.versioned(version)?;
    fields.u32()?;
    fields.versioned(version)?;
    fields.bytes(16)?; // rate, volume, reserved
    matrix(&mut fields)
}

/// Units a second of the movie's time.
pub(crate) fn movie_scale(moov: &[u8]) -> Option<f64> {
    scale(find(moov, b"mvhd")?)
}

/// Units a second of a track's time.
pub(crate) fn time_scale(trak: &[u8]) -> Option<f64> {
    scale(find_path(trak, &[b"mdia", b"mdhd"])?)
}

fn scale(header: &[u8]) -> Option<f64> {
    let mut fields = Fields(header);
    let (version, _) = fields.full_box()?;
    fields.versioned(version)?;
    fields.versioned(version)?;
    let scale = fields.u32()?;
    (scale > 0).then_some(f64::from(scale))
}

/// Everything about one kind of samples (`stsd`) of a track of pictures.
#[derive(Clone, Copy)]
pub(crate) struct SampleEntry<'a> {
    pub kind: [u8; 4],
    /// Coded size in pixels.
    size: (u32, u32),
    /// The boxes within.
    pub inner: &'a [u8],
}

impl<'a> SampleEntry<'a> {
    /// All entries of a sample table (`stbl`).
    pub(crate) fn all(stbl: &'a [u8]) -> Vec<Self> {
        let entries = find(stbl, b"stsd").and_then(|stsd| stsd.get(8..)).unwrap_or_default();
        boxes(entries).filter_map(|entry| Self::parse(&entry)).collect()
    }

    fn parse(entry: &Mp4Box<'a>) -> Option<Self> {
        let mut fields = Fields(entry.body);
        fields.bytes(24)?;
        let size = (u32::from(fields.u16()?), u32::from(fields.u16()?));
        Some(Self { kind: entry.kind, size, inner: entry.body.get(ENTRY_BYTES..)? })
    }

    /// The protection scheme of an encrypted entry: `cenc`, `cbcs`, `itun`.
    pub(crate) fn protection(&self) -> Option<String> {
        let known = matches!(&self.kind, b"encv" | b"drmi");
        let scheme = find_path(self.inner, &[b"sinf", b"schm"]).and_then(|schm| schm.get(4..8));
        known.then(|| {
            scheme
                .map_or("unknown scheme".into(), |scheme| String::from_utf8_lossy(scheme).escape_default().to_string())
        })
    }

    /// Colour as its `colr` box of numbers says; one with a profile says nothing here.
    pub(crate) fn colour(&self) -> ContainerColour {
        boxes(self.inner).filter(|found| &found.kind == b"colr").find_map(|colr| colour(colr.body)).unwrap_or_default()
    }

    /// Shape of a pixel from `pasp`.
    fn pixel_aspect(&self) -> Option<PixelAspect> {
        let mut fields = Fields(find(self.inner, b"pasp")?);
        PixelAspect::new(u64::from(fields.u32()?), u64::from(fields.u32()?))
    }

    /// The clean aperture (`clap`), where it is smaller than the picture and lies in it.
    fn clean_aperture(&self) -> Option<Crop> {
        let mut fields = Fields(find(self.inner, b"clap")?);
        let mut ratio = || {
            let (over, under) = (fields.u32()?, fields.u32()?);
            (under != 0).then(|| f64::from(over as i32) / f64::from(under as i32))
        };
        let (width, height, x, y) = (ratio()?, ratio()?, ratio()?, ratio()?);
        let (whole_width, whole_height) = (f64::from(self.size.0), f64::from(self.size.1));
        let (left, top) = (((whole_width - width) / 2.0 + x).round(), ((whole_height - height) / 2.0 + y).round());
        let (width, height) = (width.round(), height.round());
        let inside = left >= 0.0 && top >= 0.0 && left + width <= whole_width && top + height <= whole_height;
        let smaller = width < whole_width || height < whole_height;
        (inside && smaller && width >= 1.0 && height >= 1.0).then_some(Crop {
            left: left as u32,
            top: top as u32,
            width: width as u32,
            height: height as u32,
        })
    }

    /// How its pictures are shown, in the order of precedence that ffmpeg has for the shape of pixels: a matrix that
    /// scales its axes differently, `pasp`, the size in the track's header.
    pub(crate) fn presentation(&self, header: &TrackHeader, moov: &[u8]) -> Presentation {
        let track = header.matrix;
        let movie = movie_matrix(moov).unwrap_or([1.0, 0.0, 0.0, 1.0]);
        let matrix = [
            track[0] * movie[0] + track[1] * movie[2],
            track[0] * movie[1] + track[1] * movie[3],
            track[2] * movie[0] + track[3] * movie[2],
            track[2] * movie[1] + track[3] * movie[3],
        ];
        let crop = self.clean_aperture();
        let aspect = stretch(matrix)
            .or_else(|| self.pixel_aspect())
            .or_else(|| self.aspect_by_size(header.size, crop.map_or(self.size, |crop| (crop.width, crop.height))));
        Presentation { crop, aspect, orientation: Orientation::new(matrix) }
    }

    /// Players stretch a track to the size in its header; with `pasp` absent that is what tells the shape.
    fn aspect_by_size(&self, shown: (f64, f64), coded: (u32, u32)) -> Option<PixelAspect> {
        let coded = (f64::from(coded.0), f64::from(coded.1));
        // Some writers put the size after turning there.
        let turned = (shown.0 - coded.1).abs() < 1.0 && (shown.1 - coded.0).abs() < 1.0;
        let same = (shown.0 - coded.0).abs() < 1.0 && (shown.1 - coded.1).abs() < 1.0;
        if turned || same {
            return None;
        }
        let fixed = |value: f64| (value * 256.0).round() as u64;
        PixelAspect::new(fixed(shown.0 * coded.1), fixed(shown.1 * coded.0))
    }
}

/// The shape of a pixel under a matrix that scales its axes differently.
fn stretch([a, b, c, d]: [f64; 4]) -> Option<PixelAspect> {
    // Along the picture's own axes: what a step to the right and a step down become.
    let (along, down) = (a.hypot(b), c.hypot(d));
    let fixed = |value: f64| (value * 65536.0).round() as u64;
    ((along / down - 1.0).abs() > ANISOTROPY).then(|| PixelAspect::new(fixed(along), fixed(down))).flatten()
}

/// `colr` as numbers; `None` where it holds a colour profile.
fn colour(colr: &[u8]) -> Option<ContainerColour> {
    let mut fields = Fields(colr);
    let kind = fields.bytes(4)?;
    if kind != b"nclx" && kind != b"nclc" {
        return None;
    }
    fields.u16()?; // primaries
    let (transfer, matrix) = (u32::from(fields.u16()?), u32::from(fields.u16()?));
    let full = kind == b"nclx" && fields.u8().is_some_and(|byte| byte & 0x80 != 0);
    Some(ContainerColour {
        matrix: YuvMatrix::from_code(matrix),
        range: full.then_some(YuvRange::Full),
        transfer: Some(transfer),
    })
}

/// The track to play: one that takes part in the movie before one that doesn't, a moving one before a still (phones and
/// editors put thumbnails first), the largest of them.
pub(crate) fn video_track(moov: &[u8]) -> Option<&[u8]> {
    let is_video =
        |trak: &&[u8]| find_path(trak, &[b"mdia", b"hdlr"]).is_some_and(|hdlr| hdlr.get(8..12) == Some(b"vide"));
    let tracks = boxes(moov).filter(|found| &found.kind == b"trak").map(|found| found.body).filter(is_video);
    // Of equals `max_by_key` takes the last, players the first.
    tracks.enumerate().max_by_key(|(at, trak)| (rank(trak), std::cmp::Reverse(*at))).map(|(_, trak)| trak)
}

/// Enabled, no picture codec, more than one sample, pixels.
fn rank(trak: &[u8]) -> (bool, bool, bool, u64) {
    let enabled = TrackHeader::read(trak).is_some_and(|header| header.enabled);
    let stbl = find_path(trak, &[b"mdia", b"minf", b"stbl"]).unwrap_or_default();
    let entry = SampleEntry::all(stbl).first().copied();
    let moving = entry.is_some_and(|entry| !matches!(&entry.kind, b"jpeg" | b"png " | b"tiff" | b"gif " | b"rle "));
    let pixels = entry.map_or(0, |entry| u64::from(entry.size.0) * u64::from(entry.size.1));
    // Fragmented files list no samples here.
    let one = find(stbl, b"stsz").and_then(|stsz| Fields(stsz.get(8..)?).u32()) == Some(1);
    (enabled, moving, !one, pixels)
}

/// What a codec is called.
pub(crate) fn codec_name(kind: [u8; 4]) -> String {
    match &kind {
        b"hvc1" | b"hev1" => "H.265 (HEVC)".into(),
        b"dvh1" | b"dvhe" => "Dolby Vision".into(),
        b"av01" => "AV1".into(),
        b"vp08" => "VP8".into(),
        b"vp09" => "VP9".into(),
        b"mp4v" => "MPEG-4 part 2".into(),
        b"jpeg" | b"mjpa" | b"mjpb" => "Motion JPEG".into(),
        b"apch" | b"apcn" | b"apcs" | b"apco" | b"ap4h" => "ProRes".into(),
        other => format!("video of type '{}'", String::from_utf8_lossy(other).escape_default()),
    }
}
