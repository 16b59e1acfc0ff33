//! What a Matroska file says about a video track besides its blocks (RFC 9559, 5.1.4.1).

use super::ContainerColour;
use super::ebml::{child, children, float, id, text, unsigned};
use crate::colour::{YuvMatrix, YuvRange};
use crate::present::{Crop, Orientation, PixelAspect, Presentation};

/// `DisplayUnit` up to this are sizes or a ratio; above, nothing is known.
const LAST_KNOWN_UNIT: u64 = 3;

/// `ProjectionType` of a flat picture.
const RECTANGULAR: u64 = 0;

/// How much a video track is meant to be the one that plays: enabled, no still, default, pixels.
pub(super) fn rank(entry: &[u8]) -> (bool, bool, bool, u64) {
    let flag = |wanted| child(entry, wanted).and_then(unsigned) != Some(0);
    let still = child(entry, id::CODEC_ID).map(text).is_some_and(|codec| codec == "V_MJPEG");
    let video = child(entry, id::VIDEO).unwrap_or_default();
    let side = |wanted| child(video, wanted).and_then(unsigned).unwrap_or(0);
    let pixels = side(id::PIXEL_WIDTH).saturating_mul(side(id::PIXEL_HEIGHT));
    (flag(id::FLAG_ENABLED), !still, flag(id::FLAG_DEFAULT), pixels)
}

/// True where blocks are encrypted.
pub(super) fn is_encrypted(entry: &[u8]) -> bool {
    let encodings = child(entry, id::CONTENT_ENCODINGS).unwrap_or_default();
    children(encodings)
        .any(|(id, encoding)| id == id::CONTENT_ENCODING && child(encoding, id::CONTENT_ENCRYPTION).is_some())
}

/// Colour as the container says.
pub(super) fn colour(entry: &[u8]) -> ContainerColour {
    let video = child(entry, id::VIDEO);
    let Some(colour) = video.and_then(|video| child(video, id::COLOUR)) else { return ContainerColour::default() };
    let number = |wanted| child(colour, wanted).and_then(unsigned).and_then(|value| u32::try_from(value).ok());
    let range = match number(id::RANGE) {
        Some(1) => Some(YuvRange::Limited),
        Some(2) => Some(YuvRange::Full),
        _ => None,
    };
    ContainerColour {
        matrix: number(id::MATRIX_COEFFICIENTS).and_then(YuvMatrix::from_code),
        range,
        transfer: number(id::TRANSFER_CHARACTERISTICS),
    }
}

/// Cut, shape and orientation.
pub(super) fn presentation(entry: &[u8]) -> Presentation {
    let Some(video) = child(entry, id::VIDEO) else { return Presentation::default() };
    let crop = crop(video);
    Presentation { crop, aspect: aspect(video, crop), orientation: orientation(video).unwrap_or_default() }
}

fn number(video: &[u8], wanted: u32) -> Option<u64> {
    child(video, wanted).and_then(unsigned)
}

fn crop(video: &[u8]) -> Option<Crop> {
    let cut = |wanted| number(video, wanted).unwrap_or(0);
    let (left, right) = (cut(id::PIXEL_CROP_LEFT), cut(id::PIXEL_CROP_RIGHT));
    let (top, bottom) = (cut(id::PIXEL_CROP_TOP), cut(id::PIXEL_CROP_BOTTOM));
    if left == 0 && right == 0 && top == 0 && bottom == 0 {
        return None;
    }
    let width = number(video, id::PIXEL_WIDTH)?.checked_sub(left)?.checked_sub(right).filter(|side| *side > 0)?;
    let height = number(video, id::PIXEL_HEIGHT)?.checked_sub(top)?.checked_sub(bottom).filter(|side| *side > 0)?;
    let side = |value: u64| u32::try_from(value).ok();
    Some(Crop { left: side(left)?, top: side(top)?, width: side(width)?, height: side(height)? })
}

/// The shape of a pixel: what is shown over what is left of the picture after cutting.
fn aspect(video: &[u8], crop: Option<Crop>) -> Option<PixelAspect> {
    if number(video, id::DISPLAY_UNIT).unwrap_or(0) > LAST_KNOWN_UNIT {
        return None;
    }
    let shown = (number(video, id::DISPLAY_WIDTH), number(video, id::DISPLAY_HEIGHT));
    if shown == (None, None) {
        return None;
    }
    let coded = match crop {
        Some(crop) => (u64::from(crop.width), u64::from(crop.height)),
        None => (number(video, id::PIXEL_WIDTH)?, number(video, id::PIXEL_HEIGHT)?),
    };
    let shown = (shown.0.unwrap_or(coded.0), shown.1.unwrap_or(coded.1));
    PixelAspect::new(shown.0.checked_mul(coded.1)?, shown.1.checked_mul(coded.0)?)
}

/// A flat picture's pose. Roll counts counter-clockwise; a yaw of half a turn shows the picture from behind.
fn orientation(video: &[u8]) -> Option<Orientation> {
    let projection = child(video, id::PROJECTION)?;
    if number(projection, id::PROJECTION_TYPE).unwrap_or(RECTANGULAR) != RECTANGULAR {
        return None;
    }
    let pose = |wanted| child(projection, wanted).and_then(float).unwrap_or(0.0);
    let (yaw, pitch, roll) =
        (pose(id::PROJECTION_POSE_YAW), pose(id::PROJECTION_POSE_PITCH), pose(id::PROJECTION_POSE_ROLL));
    let mirrored = yaw.abs() == 180.0;
    if pitch != 0.0 || (yaw != 0.0 && !mirrored) || !roll.is_finite() {
        return None;
    }
    Some(Orientation::turned(if mirrored { roll } else { -roll }, mirrored))
}
