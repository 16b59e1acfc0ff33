//! Saving what the mirror shows: the picture button and the hidden screenshot.
//!
//! Encoding takes longer than a frame, so it happens on a thread of its own, one picture at a time.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result, bail};
use otherglass_vision::{Frame, SinkOptions, VisionError, open_sink};

use super::model::SavedPicture;
use crate::pipeline::{Slot, Worker};

/// Saves pictures beside the window's work.
#[derive(Debug)]
pub struct PictureSaver {
    folder: PathBuf,
    worker: Option<Worker>,
    saved: Arc<Slot<SavedPicture>>,
}

impl PictureSaver {
    #[must_use]
    pub fn new(folder: PathBuf) -> Self {
        Self { folder, worker: None, saved: Arc::default() }
    }

    /// Starts saving that frame; false while another one is being saved.
    pub fn save(&mut self, frame: Arc<Frame>, mirrored: bool, done: impl Fn() + Send + 'static) -> io::Result<bool> {
        if self.worker.as_ref().is_some_and(|worker| !worker.is_finished()) {
            return Ok(false);
        }
        let (folder, saved) = (self.folder.clone(), Arc::clone(&self.saved));
        self.worker = Some(Worker::spawn("save-picture", move |_| {
            saved.put(save(&folder, &frame, mirrored).map_err(|error| format!("{error:#}")));
            done();
        })?);
        Ok(true)
    }

    /// What came of the last picture, once.
    #[must_use]
    pub fn take_saved(&self) -> Option<SavedPicture> {
        self.saved.take()
    }
}

fn save(folder: &Path, frame: &Frame, mirrored: bool) -> Result<PathBuf> {
    std::fs::create_dir_all(folder).with_context(|| {
        format!("the folder {} can't be made; set `pictures` in the configuration", folder.display())
    })?;
    let picture = if mirrored { frame.mirrored() } else { frame.clone() };
    let stem = stem(SystemTime::now());
    let names = std::iter::once(format!("{stem}.png")).chain((2..).map(|number| format!("{stem}-{number}.png")));
    for path in names.map(|name| folder.join(name)) {
        if path.exists() {
            continue;
        }
        match write_png(&path, &picture, true) {
            // Another program was faster.
            Err(VisionError::Unwritable { source, .. }) if source.kind() == io::ErrorKind::AlreadyExists => {}
            written => return Ok(written?),
        }
    }
    bail!("every name for a picture is taken in {}", folder.display())
}

/// Writes a PNG; what is there already is replaced, or kept, which is an error.
pub fn write_png(path: &Path, picture: &Frame, keep_existing: bool) -> Result<PathBuf, VisionError> {
    let mut sink = open_sink(path, &SinkOptions { keep_existing, ..SinkOptions::default() })?;
    sink.write(picture)?;
    sink.finish()
}

/// `otherglass-2026-11-23-195812`, in UTC.
fn stem(now: SystemTime) -> String {
    let since_1970 = now.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    let (year, month, day) = civil_date(since_1970 / 86_400);
    let (hour, minute, second) = (since_1970 / 3600 % 24, since_1970 / 60 % 60, since_1970 % 60);
    format!("otherglass-{year:04}-{month:02}-{day:02}-{hour:02}{minute:02}{second:02}")
}

/// Year, month and day of that many days after 1970-01-01, by counting.
fn civil_date(mut days: u64) -> (u64, u64, u64) {
    let is_leap = |year: u64| year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    let mut year = 1970;
    loop {
        let length = if is_leap(year) { 366 } else { 365 };
        if days < length {
            break;
        }
        days -= length;
        year += 1;
    }
    let february = if is_leap(year) { 29 } else { 28 };
    let mut month = 1;
    for length in [31, february, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31] {
        if days < length {
            break;
        }
        days -= length;
        month += 1;
    }
    (year, month, days + 1)
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::*;
    use crate::pipeline::Taken;

    fn frame() -> Arc<Frame> {
        let pixels = vec![255, 0, 0, 0, 0, 255];
        Arc::new(Frame::rgb8(pixels, 2, 1, 0, Instant::now()).unwrap())
    }

    fn save_one(folder: &Path) -> SavedPicture {
        let mut saver = PictureSaver::new(folder.to_owned());
        assert!(saver.save(frame(), true, || {}).unwrap());
        match saver.saved.wait(Duration::from_secs(10)) {
            Taken::Value(saved) => saved,
            _ => panic!("nothing was saved"),
        }
    }

    #[test]
    fn a_picture_is_saved_as_it_was_seen() {
        let folder = tempfile::tempdir().unwrap();
        let path = save_one(&folder.path().join("new/folder")).unwrap();
        let picture = image::open(path).unwrap().to_rgb8();
        assert_eq!(picture.get_pixel(0, 0).0, [0, 0, 255], "left and right are not as in a mirror");
        assert_eq!(picture.get_pixel(1, 0).0, [255, 0, 0]);
    }

    #[test]
    fn a_folder_that_cannot_be_made_is_told() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("file"), b"x").unwrap();
        let error = save_one(&folder.path().join("file/below")).unwrap_err();
        assert!(error.contains("pictures") && error.contains("below"), "{error}");
    }

    #[test]
    fn names_tell_the_time_and_no_picture_is_replaced() {
        let time = UNIX_EPOCH + Duration::from_secs(1_709_210_096); // 2024-02-29 12:34:56 UTC
        assert_eq!(stem(time), "otherglass-2024-02-29-123456");
        assert_eq!(civil_date(0), (1970, 1, 1));
        assert_eq!(civil_date(365), (1971, 1, 1));
        let folder = tempfile::tempdir().unwrap();
        let paths: std::collections::BTreeSet<_> = (0..4).map(|_| save_one(folder.path()).unwrap()).collect();
        assert_eq!(paths.len(), 4);
        let kept = folder.path().join("kept.png");
        std::fs::write(&kept, b"mine").unwrap();
        assert!(write_png(&kept, &frame(), true).is_err());
        assert_eq!(std::fs::read(&kept).unwrap(), b"mine");
    }
}
