//! Everything that is not built in, through the `ffmpeg` program if it is installed.
//!
//! `ffprobe` says what is in a file, ffmpeg decodes it into a pipe. Nothing is fetched: only the file itself is opened.

use std::path::{Path, PathBuf};
use std::time::Instant;

mod probe;
mod process;

use self::probe::Probe;
use self::process::{Process, Raw};
use super::check_clip_size;
use crate::hdr::ToSdr;
use crate::{Frame, FrameSource, SourceInfo, VisionError};

/// What helps when it is not installed.
pub(super) const INSTALL_HELP: &str = "install ffmpeg (`apt install ffmpeg`, `brew install ffmpeg`) and it will be used, \
     or convert the clip: `ffmpeg -i IN -c:v libx264 -pix_fmt yuv420p OUT.mp4`";

/// Longest time that one frame is shown, seconds; what seems longer is a clock that was set or ran over.
const MAX_GAP_S: f64 = 300.0;

/// The program's path if it is on PATH.
pub(super) fn find(program: &str) -> Option<PathBuf> {
    let folders = std::env::var_os("PATH")?;
    let name = format!("{program}{}", std::env::consts::EXE_SUFFIX);
    std::env::split_paths(&folders).map(|folder| folder.join(&name)).find(|path| path.is_file())
}

struct FfmpegSource {
    process: Process,
    /// Decoded when opening, to know that there is one.
    first: Option<(Raw, Option<f64>)>,
    to_sdr: Option<ToSdr>,
    clock: Clock,
    seq: u64,
    path: PathBuf,
    info: SourceInfo,
}

/// Opens a clip with ffmpeg at `program`. `None` when it is of no kind that ffmpeg may read.
pub(super) fn open(program: &Path, path: &Path) -> Result<Option<Box<dyn FrameSource>>, VisionError> {
    let probe = match find("ffprobe") {
        Some(ffprobe) => match probe::probe(&ffprobe, path)? {
            Some(probe) => probe,
            None => return Ok(None),
        },
        None => Probe::default(),
    };
    if let Some((width, height)) = probe.size {
        check_clip_size(path, width, height)?;
    }
    let to_sdr = probe.to_sdr();
    let mut process = Process::start(program, path, &probe, to_sdr.is_some())?;
    let Some(first) = process.next()? else {
        let message = process.end().map_or_else(|| "it gave no frame and no reason".into(), |(_, message)| message);
        return Err(VisionError::Ffmpeg { path: path.to_path_buf(), message });
    };
    let info = SourceInfo {
        name: path.display().to_string(),
        width: first.0.width,
        height: first.0.height,
        frame_rate: probe.frame_rate,
        frame_count: probe.frame_count,
        duration_s: probe.duration_s,
    };
    let clock = Clock::new(1.0 / probe.frame_rate.unwrap_or(30.0));
    Ok(Some(Box::new(FfmpegSource {
        process,
        first: Some(first),
        to_sdr,
        clock,
        seq: 0,
        path: path.to_path_buf(),
        info,
    })))
}

impl FrameSource for FfmpegSource {
    fn next_frame(&mut self) -> Result<Option<Frame>, VisionError> {
        let next = match self.first.take() {
            Some(first) => Some(first),
            None => self.process.next()?,
        };
        let Some((raw, time_s)) = next else {
            if let Some((problems, message)) = self.process.end() {
                tracing::warn!(path = %self.path.display(), problems, message, "parts could not be decoded; played the rest");
            }
            return Ok(None);
        };
        self.clock.advance(time_s);
        let rgb = match &self.to_sdr {
            Some(to_sdr) if raw.deep => to_sdr.convert(&raw.bytes),
            _ => raw.bytes,
        };
        let frame = Frame::rgb8(rgb, raw.width, raw.height, self.seq, Instant::now())?;
        self.seq += 1;
        Ok(Some(frame))
    }

    fn info(&self) -> &SourceInfo {
        &self.info
    }

    fn position_s(&self) -> f64 {
        self.clock.position_s
    }
}

/// Times from the first frame that always grow, whatever the container says.
struct Clock {
    /// Seconds a frame takes where nothing better is known.
    step_s: f64,
    last_s: Option<f64>,
    started: bool,
    position_s: f64,
}

impl Clock {
    fn new(step_s: f64) -> Self {
        Self { step_s, last_s: None, started: false, position_s: 0.0 }
    }

    /// Moves on to a frame that the container shows at `time_s`.
    fn advance(&mut self, time_s: Option<f64>) {
        let time_s = time_s.filter(|time| time.is_finite());
        if self.started {
            let passed = time_s.zip(self.last_s).map(|(time, last)| time - last);
            self.position_s += passed.filter(|passed| *passed > 0.0 && *passed <= MAX_GAP_S).unwrap_or(self.step_s);
        }
        self.started = true;
        self.last_s = time_s.or_else(|| self.last_s.map(|last| last + self.step_s));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_clock_keeps_uneven_times_and_smooths_jumps() {
        let mut clock = Clock::new(0.1);
        let times = [Some(5.0), Some(5.5), Some(5.75), None, Some(2.0), Some(2.25), Some(90_000.0), Some(90_000.5)];
        let got: Vec<f64> = times.iter().map(|time| (clock.advance(*time), clock.position_s).1).collect();
        let expected = [0.0, 0.5, 0.75, 0.85, 0.95, 1.2, 1.3, 1.8];
        assert!(got.iter().zip(expected).all(|(got, expected)| (got - expected).abs() < 1e-9), "{got:?}");
    }
}
