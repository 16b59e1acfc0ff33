//! Pictures out: a folder of numbered PNG files, or one PNG or JPEG.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use image::codecs::jpeg::JpegEncoder;
use image::codecs::png::{CompressionType, FilterType, PngEncoder};
use image::{ExtendedColorType, ImageEncoder, ImageError};

use super::staging::{self, Staging};
use super::{FrameSink, PartialFile, SinkOptions, check_size, nothing_written, numbered};
use crate::{Frame, VisionError};

/// JPEG quality of single pictures, 1..100: no visible loss.
const JPEG_QUALITY: u8 = 92;

/// Opens a folder that gets `000000.png`, `000001.png`, ...
pub(crate) fn open_folder(path: &Path, options: &SinkOptions) -> Result<Box<dyn FrameSink>, VisionError> {
    // "out/" names the folder "out".
    let target = staging::resolved(&path.components().collect::<PathBuf>())?;
    let fail = |error| VisionError::writing(&target, error);
    let there = target.is_dir();
    if !there && target.exists() {
        return Err(VisionError::Encode {
            path: target,
            what: "a file of that name is in the way of the folder".into(),
            help: "remove it, or name the output .mp4, .gif, .png, .jpg or another folder",
        });
    }
    // Inside of a folder that is there already: what is beside it can be another file system or somebody else's.
    let place = if there { target.as_path() } else { target.parent().unwrap_or(Path::new("")) };
    if !there && !place.as_os_str().is_empty() {
        fs::create_dir_all(place).map_err(fail)?;
    }
    if there {
        let expected = options.expected_frames.unwrap_or(LIKELY_FRAMES);
        if let Some(path) = first_foreign(&target, expected).map_err(fail)? {
            return Err(foreign(path));
        }
    }
    let staging = Staging::new(place).map_err(fail)?;
    let frames = staging.create_frames().map_err(fail)?;
    Ok(Box::new(FolderSink { staging, frames, target, count: 0, size: None }))
}

/// Opens a single picture; a second frame is an error.
pub(crate) fn open_picture(path: &Path, options: &SinkOptions) -> Result<Box<dyn FrameSink>, VisionError> {
    let (partial, file) = PartialFile::create(path, options)?;
    Ok(Box::new(PictureSink { partial, file, written: false }))
}

/// Frames that an output of unknown length is taken to have when its folder is looked at.
const LIKELY_FRAMES: u64 = 100_000;

/// The first picture in the way of the first `count`: with a name of ours, and not ours.
fn first_foreign(folder: &Path, count: u64) -> io::Result<Option<PathBuf>> {
    let numbers = numbers_in(folder)?.into_iter().take_while(|number| *number < count);
    let mut foreign = numbers.filter(|number| !numbered::is_ours(&numbered::path_of(folder, *number), *number));
    Ok(foreign.next().map(|number| numbered::path_of(folder, number)))
}

/// The numbers of all pictures with names of ours, in order.
fn numbers_in(folder: &Path) -> io::Result<Vec<u64>> {
    let mut numbers = Vec::new();
    for entry in fs::read_dir(folder)? {
        numbers.extend(numbered::number_of(&entry?.path()));
    }
    numbers.sort_unstable();
    Ok(numbers)
}

fn foreign(path: PathBuf) -> VisionError {
    VisionError::Encode {
        path,
        what: "this picture is in the way, and it was not written by an earlier run (or was changed since)".into(),
        help: "choose another folder, or move the picture",
    }
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

/// An encoder's failure. It writes to memory, so the disk has no part in it.
fn encode_error(path: &Path, error: &ImageError) -> VisionError {
    VisionError::Encode { path: path.to_path_buf(), what: error.to_string(), help: "choose another output format" }
}

struct FolderSink {
    staging: Staging,
    /// Where the pictures wait.
    frames: PathBuf,
    target: PathBuf,
    count: u64,
    size: Option<(u32, u32)>,
}

impl FolderSink {
    /// Moves the pictures to their place; an earlier run's that are there are replaced, and all that is not ours stays.
    fn publish(&self) -> Result<(), VisionError> {
        let fail = |error| VisionError::writing(&self.target, error);
        // Fails where the folder is there and holds something.
        if !self.target.exists() && fs::rename(&self.frames, &self.target).is_ok() {
            return Ok(());
        }
        // One writer after another, where the system can lock a folder.
        let folder = File::open(&self.target).ok();
        let _locked = folder.as_ref().map(File::lock);
        if let Some(path) = first_foreign(&self.target, self.count).map_err(fail)? {
            return Err(foreign(path));
        }
        for number in numbers_in(&self.target).map_err(fail)? {
            let path = numbered::path_of(&self.target, number);
            if number >= self.count && numbered::is_ours(&path, number) {
                fs::remove_file(path).map_err(fail)?;
            }
        }
        for number in 0..self.count {
            let path = numbered::path_of(&self.target, number);
            fs::rename(numbered::path_of(&self.frames, number), path).map_err(fail)?;
        }
        Ok(())
    }
}

impl FrameSink for FolderSink {
    fn write(&mut self, frame: &Frame) -> Result<(), VisionError> {
        check_size(&mut self.size, frame, &self.target)?;
        let shown = numbered::path_of(&self.target, self.count);
        let mut png = Vec::new();
        write_png(&mut png, frame).map_err(|error| encode_error(&shown, &error))?;
        numbered::mark(&mut png, self.count);
        let written = fs::write(numbered::path_of(&self.frames, self.count), png);
        written.map_err(|error| VisionError::writing(&shown, error))?;
        self.count += 1;
        Ok(())
    }

    fn finish(self: Box<Self>) -> Result<PathBuf, VisionError> {
        if self.count == 0 {
            return Err(nothing_written(&self.target));
        }
        self.publish()?;
        let Self { staging, target, .. } = *self;
        drop(staging);
        Ok(target)
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
        let mut bytes = Vec::new();
        let jpeg = path.extension().is_some_and(|extension| !extension.eq_ignore_ascii_case("png"));
        let encoded = if jpeg {
            let rgb = frame.to_rgb8();
            let mut encoder = JpegEncoder::new_with_quality(&mut bytes, JPEG_QUALITY);
            encoder.encode(&rgb.pixels, rgb.width, rgb.height, ExtendedColorType::Rgb8)
        } else {
            write_png(&mut bytes, frame)
        };
        encoded.map_err(|error| encode_error(path, &error))?;
        self.file.write_all(&bytes).map_err(|error| VisionError::writing(path, error))?;
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
