//! Where frames go: one blocking trait for clips, folders and pictures.
//!
//! Nothing half-written ever stands under the final name: a sink works in a hidden folder beside it and renames on
//! [`FrameSink::finish`]. Finishing early gives a shorter, playable output; dropping a sink unfinished removes what
//! it wrote. A file that exists is replaced, at the end; of a folder that exists only pictures are replaced that a sink
//! wrote and nobody changed. Of several writers to one output the last wins whole.

use std::fs::File;
use std::path::{Path, PathBuf};

mod gif;
mod mp4;
mod numbered;
mod palette;
mod pictures;
mod staging;

use self::staging::Staging;
use crate::{Frame, VisionError};

/// How to write.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SinkOptions {
    /// Frames a second for [`FrameSink::write`]; [`FrameSink::write_at`] gives times instead. A rate that no clip
    /// can have (not within 0.01..=1000) counts as 30.
    pub frame_rate: f64,
    /// Longest side of a .gif in pixels; larger frames are scaled down, because a gif grows with every pixel.
    pub gif_max_side: u32,
    /// A file that exists already makes [`FrameSink::finish`] fail instead of being replaced.
    pub keep_existing: bool,
    /// Frames to come, where that is known: whether a folder has room for them is then known at the start.
    pub expected_frames: Option<u64>,
}

impl Default for SinkOptions {
    /// 30 frames a second; gifs up to 480 pixels a side; what exists is replaced.
    fn default() -> Self {
        Self { frame_rate: 30.0, gif_max_side: 480, keep_existing: false, expected_frames: None }
    }
}

/// A blocking consumer of frames, all of one size.
pub trait FrameSink: Send {
    /// Adds one frame, shown one frame time after the one before.
    ///
    /// # Errors
    /// Disk full, a frame of another size than the first, or an encoder's failure.
    fn write(&mut self, frame: &Frame) -> Result<(), VisionError>;

    /// Adds one frame, shown `position_s` seconds from the start: pass [`crate::FrameSource::position_s`] to keep a
    /// variable frame rate. Positions must grow; a folder of pictures has no times and ignores them.
    ///
    /// # Errors
    /// As [`FrameSink::write`].
    fn write_at(&mut self, frame: &Frame, position_s: f64) -> Result<(), VisionError> {
        let _ = position_s;
        self.write(frame)
    }

    /// Shows the last frame to `end_s` seconds from the start, instead of for one frame time. A folder of pictures has no
    /// times and ignores it, as every output does an end before its last frame.
    fn hold_until(&mut self, end_s: f64) {
        let _ = end_s;
    }

    /// Completes the output and gives it its final name.
    ///
    /// # Errors
    /// When nothing was written, or the disk refuses.
    fn finish(self: Box<Self>) -> Result<PathBuf, VisionError>;
}

/// Opens an output by its name: `.mp4`, `.gif`, `.png` or `.jpg` (one picture), or a folder (no extension, a `/` at
/// the end, or a folder that is there already) that gets `000000.png`, `000001.png`, ...
///
/// # Errors
/// When no format goes by that name, the place cannot be written, or what is there must not be replaced.
pub fn open_sink(path: impl AsRef<Path>, options: &SinkOptions) -> Result<Box<dyn FrameSink>, VisionError> {
    let path = path.as_ref();
    if path.as_os_str() == "-" {
        let found = "to standard output".into();
        return Err(VisionError::UnsupportedOutput { path: path.to_path_buf(), found });
    }
    let slash = path.as_os_str().to_string_lossy().ends_with(['/', std::path::MAIN_SEPARATOR]);
    let usable = options.frame_rate.is_finite() && (0.01..=1000.0).contains(&options.frame_rate);
    let options = SinkOptions { frame_rate: if usable { options.frame_rate } else { 30.0 }, ..*options };
    let extension = path.extension().map(|extension| extension.to_string_lossy().to_ascii_lowercase());
    match extension.as_deref() {
        _ if slash || path.is_dir() => pictures::open_folder(path, &options),
        None => pictures::open_folder(path, &options),
        Some("mp4" | "m4v") => mp4::open(path, &options),
        Some("gif") => gif::open(path, &options),
        Some("png" | "jpg" | "jpeg") => pictures::open_picture(path, &options),
        Some(other) => {
            Err(VisionError::UnsupportedOutput { path: path.to_path_buf(), found: format!(".{other} files") })
        }
    }
}

/// Every frame must have the size of the first.
fn check_size(size: &mut Option<(u32, u32)>, frame: &Frame, path: &Path) -> Result<(), VisionError> {
    let got = (frame.width, frame.height);
    let expected = *size.get_or_insert(got);
    if got != expected {
        return Err(VisionError::FrameSize { path: path.to_path_buf(), expected, got });
    }
    Ok(())
}

/// An output without a frame is no output.
fn nothing_written(path: &Path) -> VisionError {
    VisionError::Encode {
        path: path.to_path_buf(),
        what: "not one frame was written".into(),
        help: "give an input that has frames",
    }
}

/// A file under its working name; removed unless it is published.
#[derive(Debug)]
struct PartialFile {
    staging: Staging,
    target: PathBuf,
    /// An existing file is not replaced.
    keep_existing: bool,
}

impl PartialFile {
    /// Creates a working file beside the place that `target` leads to, readable and writable.
    fn create(target: &Path, options: &SinkOptions) -> Result<(Self, File), VisionError> {
        let writing = |error| VisionError::writing(target, error);
        let target = staging::resolved(target)?;
        let staging = Staging::new(target.parent().unwrap_or(Path::new(""))).map_err(writing)?;
        let file = staging.create_file().map_err(writing)?;
        Ok((Self { staging, target, keep_existing: options.keep_existing }, file))
    }

    /// The final name.
    fn target(&self) -> &Path {
        &self.target
    }

    /// Gives the complete file its final name, replacing what was there.
    fn publish(self) -> Result<PathBuf, VisionError> {
        let Self { staging, target, keep_existing } = self;
        staging.publish_file(&target, keep_existing).map_err(|error| VisionError::writing(&target, error))?;
        Ok(target)
    }
}
