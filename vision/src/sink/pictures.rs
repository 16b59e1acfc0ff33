//! Pictures out: a folder of numbered PNG files, or one PNG or JPEG.

use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use image::codecs::jpeg::JpegEncoder;
use image::codecs::png::{CompressionType, FilterType, PngEncoder};
use image::{ExtendedColorType, ImageEncoder, ImageError};

use super::{FrameSink, PartialFile, check_size, nothing_written};
use crate::{Frame, VisionError};

/// JPEG quality of single pictures, 1..100: no visible loss.
const JPEG_QUALITY: u8 = 92;

/// Opens a folder that gets `000000.png`, `000001.png`, ...
pub(crate) fn open_folder(path: &Path) -> Result<Box<dyn FrameSink>, VisionError> {
    // "out/" names the folder "out".
    let target: PathBuf = path.components().collect();
    let fail = |error| VisionError::writing(&target, error);
    if target.exists() && !target.is_dir() {
        return Err(VisionError::Encode {
            path: target,
            what: "a file of that name is in the way of the folder".into(),
            help: "remove it or choose another name",
        });
    }
    let mut name = target.as_os_str().to_owned();
    name.push(".partial");
    let partial = PathBuf::from(name);
    if let Some(parent) = partial.parent() {
        fs::create_dir_all(parent).map_err(fail)?;
    }
    if partial.is_dir() {
        remove_numbered(&partial).map_err(fail)?;
    } else {
        fs::create_dir(&partial).map_err(fail)?;
    }
    Ok(Box::new(FolderSink { partial, target, count: 0, size: None, published: false }))
}

/// Opens a single picture; a second frame is an error.
pub(crate) fn open_picture(path: &Path) -> Result<Box<dyn FrameSink>, VisionError> {
    let (partial, file) = PartialFile::create(path)?;
    Ok(Box::new(PictureSink { partial, file, written: false }))
}

fn numbered(folder: &Path, number: u64) -> PathBuf {
    folder.join(format!("{number:06}.png"))
}

/// Is this one of the names that a folder sink makes?
fn is_numbered(path: &Path) -> bool {
    let digits = path.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
    path.extension().is_some_and(|extension| extension == "png")
        && digits.len() >= 6
        && digits.bytes().all(|byte| byte.is_ascii_digit())
}

/// Removes what an earlier run wrote, and nothing else.
fn remove_numbered(folder: &Path) -> std::io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if is_numbered(&path) {
            fs::remove_file(path)?;
        }
    }
    Ok(())
}

fn write_png(file: &mut impl Write, frame: &Frame) -> Result<(), ImageError> {
    let rgb = frame.to_rgb8();
    PngEncoder::new_with_quality(file, CompressionType::Fast, FilterType::Adaptive).write_image(
        &rgb.pixels,
        rgb.width,
        rgb.height,
        ExtendedColorType::Rgb8,
    )
}

fn encode_error(path: &Path, error: ImageError) -> VisionError {
    match error {
        ImageError::IoError(error) => VisionError::writing(path, error),
        other => VisionError::Encode {
            path: path.to_path_buf(),
            what: other.to_string(),
            help: "choose another output format",
        },
    }
}

struct FolderSink {
    partial: PathBuf,
    target: PathBuf,
    count: u64,
    size: Option<(u32, u32)>,
    published: bool,
}

impl FolderSink {
    fn publish(&mut self) -> std::io::Result<()> {
        if !self.target.exists() {
            return fs::rename(&self.partial, &self.target);
        }
        // The folder holds other things too: replace only what an earlier run wrote.
        remove_numbered(&self.target)?;
        for number in 0..self.count {
            fs::rename(numbered(&self.partial, number), numbered(&self.target, number))?;
        }
        fs::remove_dir(&self.partial)
    }
}

impl FrameSink for FolderSink {
    fn write(&mut self, frame: &Frame) -> Result<(), VisionError> {
        check_size(&mut self.size, frame, &self.target)?;
        let path = numbered(&self.partial, self.count);
        let shown = numbered(&self.target, self.count);
        let file = File::create(&path).map_err(|error| VisionError::writing(&shown, error))?;
        let mut writer = BufWriter::new(file);
        write_png(&mut writer, frame).map_err(|error| encode_error(&shown, error))?;
        writer.flush().map_err(|error| VisionError::writing(&shown, error))?;
        self.count += 1;
        Ok(())
    }

    fn finish(mut self: Box<Self>) -> Result<PathBuf, VisionError> {
        if self.count == 0 {
            return Err(nothing_written(&self.target));
        }
        self.publish().map_err(|error| VisionError::writing(&self.target, error))?;
        self.published = true;
        Ok(self.target.clone())
    }
}

impl Drop for FolderSink {
    fn drop(&mut self) {
        if self.published {
            return;
        }
        let removed = remove_numbered(&self.partial).and_then(|()| fs::remove_dir(&self.partial));
        if let Err(error) = removed {
            tracing::debug!(%error, path = %self.partial.display(), "partial output not removed");
        }
    }
}

struct PictureSink {
    partial: PartialFile,
    file: File,
    written: bool,
}

impl FrameSink for PictureSink {
    fn write(&mut self, frame: &Frame) -> Result<(), VisionError> {
        let path = self.partial.target();
        if self.written {
            return Err(VisionError::Encode {
                path: path.to_path_buf(),
                what: "this output holds one picture and got a second".into(),
                help: "name the output .mp4, .gif or a folder",
            });
        }
        let mut writer = BufWriter::new(&mut self.file);
        let jpeg = path.extension().is_some_and(|extension| !extension.eq_ignore_ascii_case("png"));
        let encoded = if jpeg {
            let rgb = frame.to_rgb8();
            JpegEncoder::new_with_quality(&mut writer, JPEG_QUALITY).encode(
                &rgb.pixels,
                rgb.width,
                rgb.height,
                ExtendedColorType::Rgb8,
            )
        } else {
            write_png(&mut writer, frame)
        };
        encoded.map_err(|error| encode_error(path, error))?;
        writer.flush().map_err(|error| VisionError::writing(path, error))?;
        self.written = true;
        Ok(())
    }

    fn finish(self: Box<Self>) -> Result<PathBuf, VisionError> {
        let Self { partial, file, written } = *self;
        // Some systems rename only closed files.
        drop(file);
        if !written {
            return Err(nothing_written(partial.target()));
        }
        partial.publish()
    }
}
