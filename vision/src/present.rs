//! From a decoded picture to what a player shows: cut to the part that is meant, stretched to square pixels, turned and
//! mirrored as the container's display matrix says.

use crate::frame::{Frame, FrameError};

/// Matrices within this sine of a quarter turn (one degree) are quarter turns; rounding moves them no further.
const SNAP: f64 = 0.0175;

/// A pixel this many times as wide as high, or as high as wide, is nonsense in the file.
const MAX_ASPECT: f64 = 10.0;

/// A part of a picture in pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Crop {
    pub left: u32,
    pub top: u32,
    pub width: u32,
    pub height: u32,
}

/// Width of a pixel over its height, as a fraction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct PixelAspect {
    width: u64,
    height: u64,
}

impl PixelAspect {
    /// `None` for what no display has: a side of zero, or one more than [`MAX_ASPECT`] times the other.
    pub(crate) fn new(width: u64, height: u64) -> Option<Self> {
        let ratio = width as f64 / height as f64;
        (width > 0 && height > 0 && (1.0 / MAX_ASPECT..=MAX_ASPECT).contains(&ratio)).then_some(Self { width, height })
    }

    /// The size at which a picture has square pixels: one side grows, to an even number of pixels, since most encoders
    /// take no other. Beyond `most_pixels` the other side shrinks instead.
    pub(crate) fn square(self, (width, height): (u32, u32), most_pixels: u64) -> (u32, u32) {
        let ratio = self.width as f64 / self.height as f64;
        let even = |side: f64| ((side / 2.0).round() as u32 * 2).max(2);
        let (long, other) = if ratio >= 1.0 { (width, height) } else { (height, width) };
        let grown = even(f64::from(long) * ratio.max(1.0 / ratio));
        // Rounding alone is no reason to scale.
        if grown.abs_diff(long) <= 1 {
            return (width, height);
        }
        let (long, other) = if u64::from(grown) * u64::from(other) > most_pixels {
            (long, even(f64::from(other) * ratio.min(1.0 / ratio)))
        } else {
            (grown, other)
        };
        if ratio >= 1.0 { (long, other) } else { (other, long) }
    }
}

/// The turning and mirroring part of a display matrix, without its scale: a pixel at (x, y) goes to
/// (a x + c y, b x + d y), y pointing down (ISO/IEC 14496-12, 8.3.2).
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Orientation {
    a: f64,
    b: f64,
    c: f64,
    d: f64,
}

impl Default for Orientation {
    fn default() -> Self {
        Self { a: 1.0, b: 0.0, c: 0.0, d: 1.0 }
    }
}

impl Orientation {
    /// From the linear part of a matrix of any scale. One that flattens the picture shows it as it is.
    pub(crate) fn new([a, b, c, d]: [f64; 4]) -> Self {
        let (first, second) = (a.hypot(b), c.hypot(d)); // the picture's own axes
        let determinant = (a * d - b * c) / (first * second);
        if !determinant.is_finite() || determinant.abs() < 0.1 {
            return Self::default();
        }
        let [a, b, c, d] = [a / first, b / first, c / second, d / second];
        let snapped = [a, b, c, d].map(f64::round);
        let near = [a, b, c, d].iter().zip(snapped).all(|(value, whole)| (value - whole).abs() < SNAP);
        let [a, b, c, d] = if near { snapped } else { [a, b, c, d] };
        Self { a, b, c, d }
    }

    /// Clockwise by `degrees`, then left and right exchanged if `mirrored`.
    pub(crate) fn turned(degrees: f64, mirrored: bool) -> Self {
        let (sine, cosine) = degrees.to_radians().sin_cos();
        let side = if mirrored { -1.0 } else { 1.0 };
        Self::new([side * cosine, sine, side * -sine, cosine])
    }

    fn is_upright(self) -> bool {
        self == Self::default()
    }

    /// True where width and height change places.
    fn is_sideways(self) -> bool {
        self.a == 0.0 && self.d == 0.0
    }

    /// A whole number of quarter turns, mirrored or not.
    fn is_straight(self) -> bool {
        (self.a == 0.0 || self.b == 0.0) && (self.c == 0.0 || self.d == 0.0)
    }

    /// The picture turned. Quarter turns move pixels; any other angle turns the picture about its middle within its own
    /// size, bilinear, black where nothing comes to lie, as ffmpeg and ffplay show it.
    fn apply(self, frame: &Frame) -> Frame {
        let rgb = frame.to_rgb8();
        let (pixels, _) = rgb.pixels.as_chunks::<3>();
        let size = if self.is_sideways() { (rgb.height, rgb.width) } else { (rgb.width, rgb.height) };
        let middle = |side: u32| (f64::from(side) - 1.0) / 2.0;
        let (in_x, in_y) = (middle(rgb.width), middle(rgb.height));
        let (out_x, out_y) = (middle(size.0), middle(size.1));
        let determinant = self.a * self.d - self.b * self.c;
        let mut out = Vec::with_capacity(rgb.pixels.len());
        for y in 0..size.1 {
            for x in 0..size.0 {
                let (x, y) = (f64::from(x) - out_x, f64::from(y) - out_y);
                let from_x = (self.d * x - self.c * y) / determinant + in_x;
                let from_y = (self.a * y - self.b * x) / determinant + in_y;
                out.extend(if self.is_straight() {
                    pixels[from_y as usize * rgb.width as usize + from_x as usize]
                } else {
                    between(pixels, (rgb.width as usize, rgb.height as usize), from_x, from_y)
                });
            }
        }
        Frame { pixels: out, width: size.0, height: size.1, ..*rgb }
    }
}

/// The colour at a place between pixels; black outside of the picture.
fn between(pixels: &[[u8; 3]], (width, height): (usize, usize), x: f64, y: f64) -> [u8; 3] {
    let inside = |value: f64, side: usize| value >= -0.5 && value <= side as f64 - 0.5;
    if !inside(x, width) || !inside(y, height) {
        return [0; 3];
    }
    let (x, y) = (x.clamp(0.0, (width - 1) as f64), y.clamp(0.0, (height - 1) as f64));
    let (left, top) = (x as usize, y as usize);
    let (right, bottom) = ((left + 1).min(width - 1), (top + 1).min(height - 1));
    let (along, down) = (x - left as f64, y - top as f64);
    std::array::from_fn(|channel| {
        let at = |column: usize, row: usize| f64::from(pixels[row * width + column][channel]);
        let upper = at(left, top) * (1.0 - along) + at(right, top) * along;
        let lower = at(left, bottom) * (1.0 - along) + at(right, bottom) * along;
        (upper * (1.0 - down) + lower * down + 0.5) as u8
    })
}

/// How the decoded pictures of a track are shown.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Presentation {
    /// The part that is meant to be seen; `None` is all of it.
    pub crop: Option<Crop>,
    /// Shape of a decoded pixel; `None` is not known, shown as square.
    pub aspect: Option<PixelAspect>,
    pub orientation: Orientation,
}

impl Presentation {
    /// The shown picture, of at most `most_pixels` pixels unless it was decoded larger.
    ///
    /// # Errors
    /// When a side is zero, which no decoder gives.
    pub(crate) fn apply(&self, frame: Frame, most_pixels: u64) -> Result<Frame, FrameError> {
        let mut frame = frame;
        // A cut that does not fit is none: the stream may have changed its size.
        if let Some(crop) = self.crop
            && let Ok(part) = frame.crop(crop.left, crop.top, crop.width, crop.height)
        {
            frame = part;
        }
        if let Some(aspect) = self.aspect {
            let (width, height) = aspect.square((frame.width, frame.height), most_pixels);
            if (width, height) != (frame.width, frame.height) {
                frame = frame.resize(width, height)?;
            }
        }
        Ok(if self.orientation.is_upright() { frame } else { self.orientation.apply(&frame) })
    }
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;

    /// 3x2 pixels, numbered row by row.
    fn numbered() -> Frame {
        Frame::rgb8((0..6).flat_map(|number| [number; 3]).collect(), 3, 2, 7, Instant::now()).unwrap()
    }

    fn numbers(frame: &Frame) -> Vec<u8> {
        frame.pixels.chunks(3).map(|pixel| pixel[0]).collect()
    }

    #[test]
    fn all_eight_straight_matrices() {
        let cases = [
            ([1.0, 0.0, 0.0, 1.0], (3, 2), [0, 1, 2, 3, 4, 5]),
            ([0.0, 1.0, -1.0, 0.0], (2, 3), [3, 0, 4, 1, 5, 2]),
            ([-1.0, 0.0, 0.0, -1.0], (3, 2), [5, 4, 3, 2, 1, 0]),
            ([0.0, -1.0, 1.0, 0.0], (2, 3), [2, 5, 1, 4, 0, 3]),
            ([-1.0, 0.0, 0.0, 1.0], (3, 2), [2, 1, 0, 5, 4, 3]),
            ([1.0, 0.0, 0.0, -1.0], (3, 2), [3, 4, 5, 0, 1, 2]),
            ([0.0, 1.0, 1.0, 0.0], (2, 3), [0, 3, 1, 4, 2, 5]),
            ([0.0, -1.0, -1.0, 0.0], (2, 3), [5, 2, 4, 1, 3, 0]),
        ];
        for (matrix, size, wanted) in cases {
            // Scale and rounding of the writer change nothing.
            let shaken = matrix.map(|value| value * 2.0 + 0.004);
            for matrix in [matrix, shaken] {
                let presentation = Presentation { orientation: Orientation::new(matrix), ..Presentation::default() };
                let shown = presentation.apply(numbered(), u64::MAX).unwrap();
                assert_eq!(((shown.width, shown.height), &numbers(&shown)[..]), (size, &wanted[..]), "{matrix:?}");
            }
        }
        for nothing in [[0.0; 4], [1.0, 1.0, 1.0, 1.0], [f64::NAN, 0.0, 0.0, 1.0], [1.0, 0.0, 0.0, 0.0]] {
            assert_eq!(Orientation::new(nothing), Orientation::default(), "{nothing:?}");
        }
    }

    #[test]
    fn other_angles_turn_within_the_picture() {
        let mut pixels = vec![40_u8; 41 * 41 * 3];
        pixels[(20 * 41 + 36) * 3..][..3].fill(240); // right of the middle
        let frame = Frame::rgb8(pixels, 41, 41, 0, Instant::now()).unwrap();
        let shown = Orientation::turned(45.0, false).apply(&frame);
        assert_eq!((shown.width, shown.height), (41, 41));
        assert_eq!(shown.pixels[..3], [0; 3], "corners are empty");
        let brightest = (0..41 * 41).max_by_key(|at| shown.pixels[at * 3]).unwrap();
        let (x, y) = (brightest % 41, brightest / 41);
        // Clockwise: right goes down. 16 pixels at 45 degrees are 11.3 each way.
        assert!(x.abs_diff(31) <= 1 && y.abs_diff(31) <= 1, "at {x}, {y}");
    }

    #[test]
    fn pixels_become_square_on_the_side_that_grows() {
        let square = |width, height, size| PixelAspect::new(width, height).unwrap().square(size, 7680 * 4320);
        assert_eq!(square(4, 3, (240, 240)), (320, 240));
        assert_eq!(square(64, 45, (720, 576)), (1024, 576));
        assert_eq!(square(8, 9, (720, 480)), (720, 540));
        assert_eq!(square(32, 27, (720, 480)), (854, 480));
        assert_eq!(square(1, 1, (321, 241)), (321, 241));
        assert_eq!(square(1000, 1001, (320, 240)), (320, 240));
        assert_eq!(square(2, 1, (7680, 4320)), (7680, 2160));
        assert_eq!(square(1, 2, (7680, 4320)), (3840, 4320));
        for (width, height) in [(0, 1), (1, 0), (0, 0), (1, 1000), (1000, 1), (u64::MAX, 1)] {
            assert_eq!(PixelAspect::new(width, height), None, "{width}:{height}");
        }
    }

    #[test]
    fn cut_then_stretched_then_turned() {
        let presentation = Presentation {
            crop: Some(Crop { left: 1, top: 0, width: 2, height: 2 }),
            aspect: PixelAspect::new(2, 1),
            orientation: Orientation::turned(90.0, false),
        };
        let shown = presentation.apply(numbered(), u64::MAX).unwrap();
        assert_eq!((shown.width, shown.height), (2, 4));
        assert_eq!(numbers(&shown)[..2], [4, 1], "the left column of the cut is on top");
    }
}
