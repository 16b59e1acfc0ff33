//! JPEG pictures one after another in a file, as network cameras send them: bare, or as parts of a `multipart` message.

use std::fs::File;
use std::io::{BufReader, Read};
use std::path::{Path, PathBuf};

use super::jpeg::{Jpeg, Scanner};
use super::{check_clip_size, pictures};
use crate::{Frame, FrameSource, SourceInfo, VisionError};

/// Such streams hold no times; players take this.
const FRAME_RATE: f64 = 25.0;

/// Most bytes between two pictures of a stream: the headers of a part.
const MAX_GAP: u64 = 4096;

/// Bytes in which the headers of the first part are.
const HEAD_BYTES: u64 = 4096;

/// Opens a stream that begins with a picture; `None` for a single picture, whatever lies behind it: a clip (motion
/// photo), a second eye, a map of brightness.
pub(super) fn open(path: &Path) -> Result<Option<Box<dyn FrameSource>>, VisionError> {
    let reading = |error| VisionError::reading(path, error);
    let mut scanner = Scanner::new(BufReader::new(File::open(path).map_err(reading)?));
    let Some(first) = scanner.next().map_err(reading)?.filter(|first| first.has_end && !first.has_directory) else {
        return Ok(None);
    };
    let Some(second) = scanner.next().map_err(reading)? else { return Ok(None) };
    if scanner.gap > MAX_GAP || second.size.is_none() || second.size != first.size {
        return Ok(None);
    }
    start(path).map(Some)
}

/// Opens a stream of parts (`--boundary`, headers, picture), if the file is one; `head` is how it begins.
pub(super) fn open_multipart(path: &Path, head: &[u8]) -> Result<Option<Box<dyn FrameSource>>, VisionError> {
    let begins = head.strip_prefix(b"\r\n").unwrap_or(head).starts_with(b"--");
    if !begins && !head.starts_with(b"HTTP/") {
        return Ok(None);
    }
    let mut bytes = Vec::new();
    let read = File::open(path).and_then(|file| file.take(HEAD_BYTES).read_to_end(&mut bytes));
    read.map_err(|error| VisionError::reading(path, error))?;
    let text = String::from_utf8_lossy(&bytes).to_ascii_lowercase();
    if !text.contains("content-type: image/jpeg") && !text.contains("content-type:image/jpeg") {
        return Ok(None);
    }
    start(path).map(Some)
}

fn start(path: &Path) -> Result<Box<dyn FrameSource>, VisionError> {
    let file = File::open(path).map_err(|error| VisionError::reading(path, error))?;
    let mut source = MjpegSource {
        scanner: Scanner::new(BufReader::new(file)),
        first: None,
        next: 0,
        damaged: 0,
        seq: 0,
        position_s: 0.0,
        start_s: 0.0,
        path: path.to_path_buf(),
        info: SourceInfo {
            name: path.display().to_string(),
            width: 0,
            height: 0,
            frame_rate: Some(FRAME_RATE),
            frame_count: None,
            duration_s: None,
        },
    };
    let Some(first) = source.decode()? else {
        return Err(VisionError::damaged(path, "none of the JPEG pictures in it decodes"));
    };
    check_clip_size(path, u64::from(first.width), u64::from(first.height))?;
    (source.info.width, source.info.height) = (first.width, first.height);
    source.start_s = source.position_s;
    source.first = Some(first);
    Ok(Box::new(source))
}

struct MjpegSource {
    scanner: Scanner<BufReader<File>>,
    /// Decoded when opening, to know the size.
    first: Option<Frame>,
    /// Number of the picture in the file that comes next.
    next: u64,
    /// Pictures left out.
    damaged: u64,
    seq: u64,
    position_s: f64,
    /// Time of the first picture that decoded.
    start_s: f64,
    path: PathBuf,
    info: SourceInfo,
}

impl MjpegSource {
    /// The next picture that decodes.
    fn decode(&mut self) -> Result<Option<Frame>, VisionError> {
        while let Some(jpeg) = self.scanner.next().map_err(|error| VisionError::reading(&self.path, error))? {
            self.position_s = self.next as f64 / FRAME_RATE;
            self.next += 1;
            match self.picture(&jpeg) {
                Some(frame) => return Ok(Some(frame)),
                None => self.damaged += 1,
            }
        }
        Ok(None)
    }

    fn picture(&self, jpeg: &Jpeg) -> Option<Frame> {
        jpeg.is_whole().then(|| pictures::decode(&jpeg.bytes, &self.path, self.seq).ok()).flatten()
    }
}

impl FrameSource for MjpegSource {
    fn next_frame(&mut self) -> Result<Option<Frame>, VisionError> {
        let next = match self.first.take() {
            Some(first) => Some(first),
            None => self.decode()?,
        };
        let Some(mut frame) = next else {
            let damaged = std::mem::take(&mut self.damaged);
            if damaged > 0 {
                tracing::warn!(path = %self.path.display(), damaged, "damaged frames left out");
            }
            return Ok(None);
        };
        if (frame.width, frame.height) != (self.info.width, self.info.height) {
            frame = frame.letterbox(self.info.width, self.info.height)?;
        }
        frame.seq = self.seq;
        self.seq += 1;
        Ok(Some(frame))
    }

    fn info(&self) -> &SourceInfo {
        &self.info
    }

    fn position_s(&self) -> f64 {
        if self.seq == 0 { 0.0 } else { self.position_s - self.start_s }
    }
}
