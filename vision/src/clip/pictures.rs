//! Pictures (png, jpg, webp, bmp): one as a clip of one frame, or of as many as move in it; a folder of them as a clip in
//! natural order.

use std::cmp::Ordering;
use std::io::Cursor;
use std::path::{Path, PathBuf};
use std::time::Instant;

use image::{DynamicImage, ImageDecoder, ImageReader, Limits};

use super::{animation, jpeg, mjpeg};
use crate::{Frame, FrameSource, SourceInfo, VisionError};

/// Longest side of a picture in pixels: twice 8K, and what fits a texture of most GPUs.
pub(crate) const MAX_SIDE: u32 = 16_384;

/// Largest picture in pixels, four times 8K.
pub(crate) const MAX_PIXELS: u64 = 4 * 7680 * 4320;

const LIMIT: &str = "the limit for pictures (16384 pixels a side, 132 million in all)";

const EXTENSIONS: [&str; 5] = ["png", "jpg", "jpeg", "webp", "bmp"];

/// Pictures that only count as such in a folder when they are converted first.
const OTHER_EXTENSIONS: [&str; 13] =
    ["gif", "tif", "tiff", "heic", "heif", "avif", "jp2", "jxl", "tga", "ppm", "dng", "cr2", "nef"];

/// A picture as a clip of one frame; an animation or a stream of pictures as what it is.
pub(crate) fn open_picture(path: &Path) -> Result<Box<dyn FrameSource>, VisionError> {
    if let Some(clip) = animation::open(path)? {
        return Ok(clip);
    }
    if let Some(clip) = mjpeg::open(path)? {
        return Ok(clip);
    }
    let frame = load(path, 0)?;
    let info = SourceInfo {
        name: path.display().to_string(),
        width: frame.width,
        height: frame.height,
        frame_rate: None,
        frame_count: Some(1),
        duration_s: None,
    };
    Ok(Box::new(Picture { frame: Some(frame), info }))
}

/// A folder of pictures as a clip; `9.png` comes before `10.png`. Pictures that cannot be read are left out and said.
pub(crate) fn open_folder(path: &Path, frame_rate: f64) -> Result<Box<dyn FrameSource>, VisionError> {
    let entries = std::fs::read_dir(path).map_err(|error| VisionError::reading(path, error))?;
    let (mut paths, mut others) = (Vec::new(), Vec::new());
    for entry in entries {
        let file = entry.map_err(|error| VisionError::reading(path, error))?.path();
        let extension = file.extension().and_then(|extension| extension.to_str()).map(str::to_ascii_lowercase);
        let hidden = file.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'));
        let Some(extension) = extension.filter(|_| !hidden && file.is_file()) else { continue };
        if EXTENSIONS.contains(&extension.as_str()) {
            paths.push(file);
        } else if OTHER_EXTENSIONS.contains(&extension.as_str()) {
            others.push(file);
        }
    }
    let in_order = |paths: &mut Vec<PathBuf>| paths.sort_by(|a, b| natural_order(&file_name(a), &file_name(b)));
    in_order(&mut paths);
    in_order(&mut others);
    let other =
        others.first().map(|first| format!("{} of other kinds (the first is {})", others.len(), file_name(first)));
    if paths.is_empty() {
        return Err(VisionError::NoFrames {
            path: path.to_path_buf(),
            what: other.map_or("the folder holds no pictures".into(), |other| {
                format!("the folder holds only pictures {other}")
            }),
            help: format!("put pictures into it ({})", EXTENSIONS.join(", ")),
        });
    }
    if let Some(other) = other {
        tracing::warn!(path = %path.display(), "pictures left out: {other}; convert them to png or jpg");
    }
    let count = paths.len() as u64;
    let mut folder = Folder {
        paths,
        first: None,
        next: 0,
        left_out: LeftOut::default(),
        start: 0,
        frame_rate,
        path: path.to_path_buf(),
        info: SourceInfo {
            name: path.display().to_string(),
            width: 0,
            height: 0,
            frame_rate: Some(frame_rate),
            frame_count: Some(count),
            duration_s: Some(count as f64 / frame_rate),
        },
    };
    let Some(first) = folder.load_next() else {
        // All of them fail: the first one's fault says most.
        return Err(folder
            .left_out
            .error
            .unwrap_or_else(|| VisionError::damaged(path, "no picture in it can be read")));
    };
    (folder.info.width, folder.info.height) = (first.width, first.height);
    folder.start = folder.next.saturating_sub(1);
    let left = count.saturating_sub(folder.start as u64);
    (folder.info.frame_count, folder.info.duration_s) = (Some(left), Some(left as f64 / frame_rate));
    folder.first = Some(first);
    Ok(Box::new(folder))
}

fn file_name(path: &Path) -> String {
    path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}

/// Compares names the way people count: runs of digits by value, the rest by character.
fn natural_order(a: &str, b: &str) -> Ordering {
    let (mut rest_a, mut rest_b) = (a, b);
    loop {
        let (digits_a, digits_b) = (leading_digits(rest_a), leading_digits(rest_b));
        if !digits_a.is_empty() && !digits_b.is_empty() {
            let (value_a, value_b) = (digits_a.trim_start_matches('0'), digits_b.trim_start_matches('0'));
            let order = value_a.len().cmp(&value_b.len()).then_with(|| value_a.cmp(value_b));
            if order.is_ne() {
                return order;
            }
            (rest_a, rest_b) = (&rest_a[digits_a.len()..], &rest_b[digits_b.len()..]);
            continue;
        }
        let (char_a, char_b) = (rest_a.chars().next(), rest_b.chars().next());
        match (char_a, char_b) {
            (Some(x), Some(y)) if x == y => {
                (rest_a, rest_b) = (&rest_a[x.len_utf8()..], &rest_b[y.len_utf8()..]);
            }
            // Same numbers all the way: 1.png and 01.png still need one order.
            (None, None) => return a.cmp(b),
            _ => return char_a.cmp(&char_b),
        }
    }
}

fn leading_digits(text: &str) -> &str {
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    &text[..end]
}

/// Reads one picture file: upright as its EXIF tag says, transparency over black.
pub(crate) fn load(path: &Path, seq: u64) -> Result<Frame, VisionError> {
    let bytes = std::fs::read(path).map_err(|error| VisionError::reading(path, error))?;
    if bytes.is_empty() {
        return Err(VisionError::EmptyFile { path: path.to_path_buf() });
    }
    if jpeg::is_cut_off(&bytes) {
        return Err(VisionError::damaged(path, "the JPEG is cut off; its lower part is missing"));
    }
    decode(&bytes, path, seq)
}

/// Reads one picture from the bytes of its file.
pub(super) fn decode(bytes: &[u8], path: &Path, seq: u64) -> Result<Frame, VisionError> {
    let fail = |error: image::ImageError| picture_error(path, error);
    let mut reader = ImageReader::new(Cursor::new(bytes))
        .with_guessed_format()
        .map_err(|error| VisionError::reading(path, error))?;
    let mut limits = Limits::default();
    limits.max_image_width = Some(MAX_SIDE);
    limits.max_image_height = Some(MAX_SIDE);
    // 16-bit RGBA of the largest picture, and as much again for the decoder.
    limits.max_alloc = Some(MAX_PIXELS * 16);
    reader.limits(limits);
    let mut decoder = reader.into_decoder().map_err(fail)?;
    let (width, height) = decoder.dimensions();
    if u64::from(width) * u64::from(height) > MAX_PIXELS || width.max(height) > MAX_SIDE {
        let (width, height) = (u64::from(width), u64::from(height));
        return Err(VisionError::TooLarge { path: path.to_path_buf(), width, height, limit: LIMIT });
    }
    let orientation = decoder.orientation().map_err(fail)?;
    let mut picture = DynamicImage::from_decoder(decoder).map_err(fail)?;
    picture.apply_orientation(orientation);
    let (width, height) = (picture.width(), picture.height());
    if picture.color().has_alpha() {
        return Ok(Frame::from_rgba8(&picture.into_rgba8(), width, height, seq, Instant::now())?);
    }
    Ok(Frame::rgb8(picture.into_rgb8().into_raw(), width, height, seq, Instant::now())?)
}

fn picture_error(path: &Path, error: image::ImageError) -> VisionError {
    use image::ImageError;
    match error {
        ImageError::IoError(error) => VisionError::reading(path, error),
        ImageError::Limits(_) => VisionError::Unsupported {
            path: path.to_path_buf(),
            found: format!("a picture larger than {LIMIT}"),
            help: "scale it down first".into(),
        },
        ImageError::Unsupported(error) => VisionError::Unsupported {
            path: path.to_path_buf(),
            found: format!("this picture ({error})"),
            help: "convert it to png or jpg".into(),
        },
        other => VisionError::damaged(path, other.to_string()),
    }
}

struct Picture {
    frame: Option<Frame>,
    info: SourceInfo,
}

impl FrameSource for Picture {
    fn next_frame(&mut self) -> Result<Option<Frame>, VisionError> {
        Ok(self.frame.take())
    }

    fn info(&self) -> &SourceInfo {
        &self.info
    }

    fn position_s(&self) -> f64 {
        0.0
    }
}

struct Folder {
    paths: Vec<PathBuf>,
    /// Decoded when opening, to know the size.
    first: Option<Frame>,
    /// Index into `paths` of the picture to read next.
    next: usize,
    left_out: LeftOut,
    /// Index of the first picture that could be read.
    start: usize,
    frame_rate: f64,
    path: PathBuf,
    info: SourceInfo,
}

/// Pictures that could not be read.
#[derive(Default)]
struct LeftOut {
    count: u64,
    /// Of the first one.
    error: Option<VisionError>,
}

impl Folder {
    /// The next picture that can be read. One that cannot keeps its time: the one before stays on the screen.
    fn load_next(&mut self) -> Option<Frame> {
        while let Some(path) = self.paths.get(self.next) {
            self.next += 1;
            match load(path, self.next as u64 - 1) {
                Ok(frame) => return Some(frame),
                Err(error) => {
                    self.left_out.count += 1;
                    self.left_out.error.get_or_insert(error);
                }
            }
        }
        None
    }
}

impl FrameSource for Folder {
    /// Pictures of another size than the first are fitted into its size, with black bars.
    fn next_frame(&mut self) -> Result<Option<Frame>, VisionError> {
        let next = match self.first.take() {
            Some(first) => Some(first),
            None => self.load_next(),
        };
        let Some(frame) = next else {
            let left_out = std::mem::take(&mut self.left_out);
            if let Some(error) = left_out.error {
                let count = left_out.count;
                tracing::warn!(path = %self.path.display(), count, "pictures that cannot be read left out; the first: {error}");
            }
            return Ok(None);
        };
        if (frame.width, frame.height) != (self.info.width, self.info.height) {
            return Ok(Some(frame.letterbox(self.info.width, self.info.height)?));
        }
        Ok(Some(frame))
    }

    fn info(&self) -> &SourceInfo {
        &self.info
    }

    fn position_s(&self) -> f64 {
        self.next.saturating_sub(1).saturating_sub(self.start) as f64 / self.frame_rate
    }
}
