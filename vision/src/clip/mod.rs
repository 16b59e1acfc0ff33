//! Opens whatever is at a path: a clip, a picture, a folder of pictures.
//!
//! What a file is, its first bytes say; its name is only asked when they say nothing. H.264 (MP4, MOV, Matroska),
//! GIF, Y4M and pictures are built in; the rest goes to `ffmpeg` if it is installed.

use std::fs::File;
use std::io::{BufReader, Read};
use std::num::NonZeroU64;
use std::path::Path;

mod animation;
mod canvas;
mod ffmpeg;
mod gif;
mod jpeg;
mod mjpeg;
mod pictures;
mod video;
mod y4m;

use self::video::{Refusal, VideoSource};
use self::y4m::Y4mSource;
use crate::container::{MkvReader, Mp4Reader, Opened};
use crate::{FrameSource, VisionError};

/// Largest frame of a clip in pixels: 8K.
const MAX_CLIP_PIXELS: u64 = 7680 * 4320;

/// Bytes of the largest frame as RGBA.
const MAX_CLIP_BYTES: NonZeroU64 = NonZeroU64::new(MAX_CLIP_PIXELS * 4).unwrap();

/// How to read a clip.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ClipOptions {
    /// Frames a second of a folder of pictures, which has no times of its own.
    pub folder_frame_rate: f64,
    /// Hand clips that are not built in to the `ffmpeg` program, if it is installed.
    pub use_ffmpeg: bool,
}

impl Default for ClipOptions {
    /// 30 frames a second; ffmpeg where it helps.
    fn default() -> Self {
        Self { folder_frame_rate: 30.0, use_ffmpeg: true }
    }
}

/// Opens a clip, a picture or a folder of pictures with the default options.
///
/// # Errors
/// When it is missing, unreadable, empty, damaged, too large, or of a kind that is not supported.
pub fn open_clip(path: impl AsRef<Path>) -> Result<Box<dyn FrameSource>, VisionError> {
    open_clip_with(path, &ClipOptions::default())
}

/// Opens a clip, a picture or a folder of pictures.
///
/// # Errors
/// When it is missing, unreadable, empty, damaged, too large, or of a kind that is not supported.
pub fn open_clip_with(path: impl AsRef<Path>, options: &ClipOptions) -> Result<Box<dyn FrameSource>, VisionError> {
    let path = path.as_ref();
    let reading = |error| VisionError::reading(path, error);
    let metadata = std::fs::metadata(path).map_err(reading)?;
    if metadata.is_dir() {
        return pictures::open_folder(path, options.folder_frame_rate);
    }
    if !metadata.is_file() {
        return Err(VisionError::Unsupported {
            path: path.to_path_buf(),
            found: "a device or pipe".into(),
            help: "give a file or a folder (a camera is chosen by its number or name)".into(),
        });
    }
    if metadata.len() == 0 {
        return Err(VisionError::EmptyFile { path: path.to_path_buf() });
    }
    let mut file = File::open(path).map_err(reading)?;
    let mut head = Vec::new();
    (&mut file).take(16).read_to_end(&mut head).map_err(reading)?;
    if let Some(stream) = mjpeg::open_multipart(path, &head)? {
        return Ok(stream);
    }
    let helped = options.use_ffmpeg && ffmpeg::find("ffmpeg").is_some();
    let refused = match Kind::of(&head) {
        Kind::Picture => return pictures::open_picture(path),
        Kind::Gif => return gif::open(path),
        Kind::Y4m => {
            let file = BufReader::new(File::open(path).map_err(reading)?);
            match Y4mSource::open_file(file, path, metadata.len(), helped) {
                Ok(source) => return Ok(Box::new(source)),
                // ffmpeg reads more colour layouts.
                Err(refusal) => Err(refusal),
            }
        }
        Kind::Mp4 => match Mp4Reader::open(path)? {
            Opened::H264(reader) => VideoSource::open(Box::new(reader), path, helped),
            Opened::Other(found) => Err(Refusal::Other(found)),
        },
        Kind::Matroska => match MkvReader::open(path)? {
            Opened::H264(reader) => VideoSource::open(Box::new(reader), path, helped),
            Opened::Other(found) => Err(Refusal::Other(found)),
        },
        Kind::Foreign(found) => Err(Refusal::Other(found.into())),
        Kind::Unknown => return undeclared(path, options),
    };
    match refused {
        Ok(source) => Ok(Box::new(source)),
        Err(refusal) => elsewhere(path, refusal, options),
    }
}

/// Tries ffmpeg with what was refused here.
fn elsewhere(path: &Path, refusal: Refusal, options: &ClipOptions) -> Result<Box<dyn FrameSource>, VisionError> {
    let program = if options.use_ffmpeg { ffmpeg::find("ffmpeg") } else { None };
    match (refusal, program) {
        (Refusal::Other(found), Some(program)) => {
            tracing::debug!(path = %path.display(), %found, "decoding with ffmpeg");
            ffmpeg::open(&program, path)?.ok_or_else(|| {
                VisionError::damaged(path, format!("it begins like {found}, and ffmpeg finds no picture in it"))
            })
        }
        (Refusal::Other(found), None) => {
            Err(VisionError::Unsupported { path: path.to_path_buf(), found, help: ffmpeg::INSTALL_HELP.into() })
        }
        // Not one frame decoded; what ffmpeg makes of it is better than nothing.
        (Refusal::Failed(error @ VisionError::Damaged { .. }), Some(program)) => {
            ffmpeg::open(&program, path).ok().flatten().ok_or(error)
        }
        (Refusal::Failed(error), _) => Err(error),
    }
}

/// Asks ffmpeg about a file whose first bytes say nothing here.
fn undeclared(path: &Path, options: &ClipOptions) -> Result<Box<dyn FrameSource>, VisionError> {
    let program = if options.use_ffmpeg { ffmpeg::find("ffmpeg") } else { None };
    match program {
        // Without ffprobe, what ffmpeg says of a text or a sound would be no help.
        Some(program) if ffmpeg::find("ffprobe").is_none() => {
            ffmpeg::open(&program, path).ok().flatten().ok_or_else(|| unknown(path))
        }
        Some(program) => ffmpeg::open(&program, path)?.ok_or_else(|| unknown(path)),
        None => Err(unknown(path)),
    }
}

fn unknown(path: &Path) -> VisionError {
    VisionError::Unsupported {
        path: path.to_path_buf(),
        found: "this kind of file (no clip or picture by its first bytes)".into(),
        help: "give a clip (mp4, mov, mkv, webm, gif, y4m), a picture (png, jpg, webp, bmp) or a folder of pictures"
            .into(),
    }
}

/// Refuses a size before anything of that size is allocated.
fn check_clip_size(path: &Path, width: u64, height: u64) -> Result<(), VisionError> {
    if width == 0 || height == 0 {
        return Err(VisionError::damaged(path, format!("its frames are said to be {width}x{height}")));
    }
    if width.saturating_mul(height) > MAX_CLIP_PIXELS {
        let limit = "the limit for clips (8K: 33 million pixels a frame)";
        return Err(VisionError::TooLarge { path: path.to_path_buf(), width, height, limit });
    }
    Ok(())
}

/// What the first bytes of a file say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Mp4,
    Matroska,
    Gif,
    Y4m,
    Picture,
    /// A clip of a kind that only ffmpeg reads.
    Foreign(&'static str),
    Unknown,
}

impl Kind {
    fn of(head: &[u8]) -> Self {
        let at = |start: usize, bytes: &[u8]| head.get(start..).is_some_and(|rest| rest.starts_with(bytes));
        let any = |start: usize, kinds: &[&[u8]]| kinds.iter().any(|kind| at(start, kind));
        if any(4, &[b"ftyp", b"moov", b"mdat", b"free", b"wide", b"skip"]) {
            Self::Mp4
        } else if at(0, &[0x1a, 0x45, 0xdf, 0xa3]) {
            Self::Matroska
        } else if at(0, b"GIF8") {
            Self::Gif
        } else if at(0, b"YUV4MPEG2") {
            Self::Y4m
        } else if any(0, &[b"\x89PNG", b"\xff\xd8\xff", b"BM"]) || at(0, b"RIFF") && at(8, b"WEBP") {
            Self::Picture
        } else if at(0, b"RIFF") && at(8, b"AVI ") {
            Self::Foreign("an AVI file")
        } else if at(0, b"FLV") {
            Self::Foreign("an FLV file")
        } else if at(0, b"OggS") {
            Self::Foreign("an Ogg file")
        } else if at(0, &[0x30, 0x26, 0xb2, 0x75]) {
            Self::Foreign("a WMV file")
        } else if any(0, &[&[0, 0, 1, 0xba], &[0, 0, 1, 0xb3]]) {
            Self::Foreign("an MPEG file")
        } else if any(0, &[&[0, 0, 0, 1], &[0, 0, 1]]) {
            Self::Foreign("a bare H.264 or H.265 stream")
        } else if at(0, b"DKIF") {
            Self::Foreign("an IVF file")
        } else if at(0, &[0x47]) && head.len() >= 16 && !head.is_ascii() {
            Self::Foreign("an MPEG transport stream")
        } else {
            Self::Unknown
        }
    }
}
