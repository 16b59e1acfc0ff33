//! Everything that is not built in, through the `ffmpeg` program if it is installed.
//!
//! ffmpeg decodes into a pipe as Y4M; `ffprobe` tells the times. Nothing is fetched: only local files are opened.

use std::collections::VecDeque;
use std::ffi::OsString;
use std::fs::File;
use std::io::{BufReader, Read, Seek};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};

use super::check_clip_size;
use super::y4m::Y4mSource;
use crate::colour::YuvMatrix;
use crate::{Frame, FrameSource, SourceInfo, VisionError};

/// What helps when it is not installed.
pub(super) const INSTALL_HELP: &str = "install ffmpeg (`apt install ffmpeg`, `brew install ffmpeg`) and it will be used, \
     or convert the clip: `ffmpeg -i IN -c:v libx264 -pix_fmt yuv420p OUT.mp4`";

/// A message longer than this is cut.
const MAX_MESSAGE: usize = 300;

/// The program's path if it is on PATH.
pub(super) fn find(program: &str) -> Option<PathBuf> {
    let folders = std::env::var_os("PATH")?;
    let name = format!("{program}{}", std::env::consts::EXE_SUFFIX);
    std::env::split_paths(&folders).map(|folder| folder.join(&name)).find(|path| path.is_file())
}

struct FfmpegSource {
    video: Y4mSource<BufReader<ChildStdout>>,
    /// Decoded when opening, to know that there is one.
    first: Option<Frame>,
    child: Child,
    messages: File,
    /// Times of the frames to come, from ffprobe.
    times_s: VecDeque<f64>,
    position_s: f64,
    seq: u64,
    path: PathBuf,
    info: SourceInfo,
}

/// What ffprobe says about a clip.
#[derive(Debug, Default, PartialEq)]
struct Probe {
    size: Option<(u64, u64)>,
    frame_rate: Option<f64>,
    /// Seconds from the first frame, ascending.
    times_s: Vec<f64>,
}

/// Opens a clip with ffmpeg at `program`.
pub(super) fn open(program: &Path, path: &Path) -> Result<Box<dyn FrameSource>, VisionError> {
    let probe = find("ffprobe").map(|ffprobe| probe(&ffprobe, path)).transpose()?.unwrap_or_default();
    if let Some((width, height)) = probe.size {
        check_clip_size(path, width, height)?;
    }
    let fail = |error| VisionError::reading(path, error);
    let messages = tempfile::tempfile().map_err(fail)?;
    // ffmpeg repeats and drops frames to keep a constant rate. Where the times are known, frames are numbered evenly
    // first, so that each comes exactly once.
    let even = if probe.times_s.is_empty() { "" } else { "settb=1/25,setpts=N,fps=25," };
    let filters = format!("{even}scale=out_color_matrix=bt601:out_range=tv,format=yuv444p");
    let mut child = Command::new(program)
        .args(["-nostdin", "-hide_banner", "-loglevel", "error", "-protocol_whitelist", "file,pipe", "-i"])
        .arg(input(path))
        .args(["-map", "0:v:0", "-an", "-sn", "-dn", "-vf", &filters])
        .args(["-f", "yuv4mpegpipe", "pipe:1"])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(messages.try_clone().map_err(fail)?)
        .spawn()
        .map_err(fail)?;
    let stdout = child.stdout.take().ok_or_else(|| fail(std::io::ErrorKind::BrokenPipe.into()))?;
    let mut running = Running { child: Some(child), messages };
    let opened = Y4mSource::open(BufReader::new(stdout), path, Some(YuvMatrix::Bt601), None);
    let first = opened.and_then(|mut video| Ok((video.next_frame()?, video)));
    let (first, video) = match first {
        Ok((Some(first), video)) => (first, video),
        Ok((None, _)) | Err(VisionError::Damaged { .. }) => {
            let message = running.message();
            return Err(VisionError::Ffmpeg { path: path.to_path_buf(), message });
        }
        Err(error) => return Err(error),
    };
    let info = SourceInfo {
        frame_rate: probe.frame_rate.or(video.info().frame_rate),
        frame_count: (!probe.times_s.is_empty()).then_some(probe.times_s.len() as u64),
        duration_s: probe.times_s.last().zip(probe.frame_rate).map(|(last, rate)| last + 1.0 / rate),
        ..video.info().clone()
    };
    let Some((child, messages)) = running.take() else {
        return Err(VisionError::Ffmpeg { path: path.to_path_buf(), message: "it did not start".into() });
    };
    Ok(Box::new(FfmpegSource {
        video,
        first: Some(first),
        child,
        messages,
        times_s: probe.times_s.into(),
        position_s: 0.0,
        seq: 0,
        path: path.to_path_buf(),
        info,
    }))
}

/// `file:` keeps a name with a colon or a leading dash from being taken for something else.
fn input(path: &Path) -> OsString {
    let mut input = OsString::from("file:");
    input.push(path);
    input
}

/// Asks ffprobe for size, rate and times; what it does not know stays empty.
fn probe(ffprobe: &Path, path: &Path) -> Result<Probe, VisionError> {
    let output = Command::new(ffprobe)
        .args(["-hide_banner", "-loglevel", "error", "-protocol_whitelist", "file,pipe", "-select_streams", "v:0"])
        .args(["-show_entries", "packet=pts_time:stream=width,height,avg_frame_rate", "-of", "compact=nk=0:p=1"])
        .arg(input(path))
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .output()
        .map_err(|error| VisionError::reading(path, error))?;
    Ok(parse_probe(&String::from_utf8_lossy(&output.stdout)))
}

fn parse_probe(text: &str) -> Probe {
    let mut probe = Probe::default();
    for line in text.lines() {
        let mut fields = line.split('|');
        let section = fields.next();
        let value = |wanted: &str| {
            line.split('|')
                .filter_map(|field| field.split_once('='))
                .find(|(key, _)| *key == wanted)
                .map(|(_, value)| value)
        };
        if section == Some("packet") {
            probe
                .times_s
                .extend(value("pts_time").and_then(|time| time.parse::<f64>().ok()).filter(|time| time.is_finite()));
        } else if section == Some("stream") {
            let side = |name| value(name).and_then(|side| side.parse().ok());
            probe.size = side("width").zip(side("height"));
            probe.frame_rate = value("avg_frame_rate")
                .and_then(|ratio| ratio.split_once('/'))
                .and_then(|(over, under)| Some(over.parse::<f64>().ok()? / under.parse::<f64>().ok()?))
                .filter(|rate| rate.is_finite() && *rate > 0.0);
        }
    }
    probe.times_s.sort_by(f64::total_cmp);
    if let Some(first) = probe.times_s.first().copied() {
        probe.times_s.iter_mut().for_each(|time| *time -= first);
    }
    probe
}

impl FrameSource for FfmpegSource {
    fn next_frame(&mut self) -> Result<Option<Frame>, VisionError> {
        let frame = match self.first.take() {
            Some(first) => Some(first),
            None => self.video.next_frame()?,
        };
        let Some(mut frame) = frame else {
            if self.child.wait().is_ok_and(|status| !status.success()) {
                let message = read_message(&mut self.messages);
                tracing::warn!(path = %self.path.display(), message, "ffmpeg stopped early; played what it gave");
            }
            return Ok(None);
        };
        let step = 1.0 / self.info.frame_rate.unwrap_or(30.0);
        let next = if self.seq == 0 { 0.0 } else { self.position_s + step };
        self.position_s = self.times_s.pop_front().unwrap_or(next);
        frame.seq = self.seq;
        self.seq += 1;
        Ok(Some(frame))
    }

    fn info(&self) -> &SourceInfo {
        &self.info
    }

    fn position_s(&self) -> f64 {
        self.position_s
    }
}

impl Drop for FfmpegSource {
    fn drop(&mut self) {
        stop(&mut self.child);
    }
}

/// A started program that is stopped if opening comes to nothing.
struct Running {
    child: Option<Child>,
    messages: File,
}

impl Running {
    /// Waits for the end and reads what it said.
    fn message(&mut self) -> String {
        if let Some(child) = &mut self.child {
            stop(child);
        }
        read_message(&mut self.messages)
    }

    fn take(mut self) -> Option<(Child, File)> {
        let child = self.child.take()?;
        Some((child, self.messages.try_clone().ok()?))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Some(child) = &mut self.child {
            stop(child);
        }
    }
}

fn stop(child: &mut Child) {
    // Fails only when it has ended by itself.
    let _ = child.kill();
    let _ = child.wait();
}

fn read_message(messages: &mut File) -> String {
    let mut bytes = Vec::new();
    let read = messages.rewind().and_then(|()| messages.take(64 << 10).read_to_end(&mut bytes));
    let text = String::from_utf8_lossy(&bytes);
    let last = text.lines().rev().find(|line| !line.trim().is_empty());
    match (read, last) {
        (Ok(_), Some(line)) => line.chars().take(MAX_MESSAGE).collect(),
        _ => "it gave no frame and no reason".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn probe_output_is_understood() {
        let text = "packet|pts_time=0.066000\npacket|pts_time=0.033000\npacket|pts_time=N/A\n\
                    stream|width=320|height=240|avg_frame_rate=30000/1001\n";
        let probe = parse_probe(text);
        assert_eq!(probe.size, Some((320, 240)));
        assert!((probe.frame_rate.unwrap() - 29.97).abs() < 0.001);
        assert_eq!(probe.times_s.len(), 2);
        assert!(probe.times_s[0] == 0.0 && (probe.times_s[1] - 0.033).abs() < 1e-9);
        assert_eq!(parse_probe("stream|avg_frame_rate=0/0"), Probe::default());
    }
}
