//! The `ffmpeg` process: what it may open, the frames it sends and the messages it prints.
//!
//! Frames come as PPM, which gives size and depth with each of them; times come from `showinfo` among the messages.

use std::ffi::OsString;
use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, channel, sync_channel};
use std::time::Duration;

use super::super::check_clip_size;
use super::probe::Probe;
use crate::VisionError;

/// Containers that hold pictures in themselves. Left out: playlists and descriptions that name other files or addresses
/// (hls, dash, concat, sdp, image2 patterns), text that is drawn (tty, subtitles), sound.
const FORMATS: &str = "mov,matroska,webm,avi,flv,live_flv,ogg,asf,mpeg,mpegvideo,mpegts,mpegtsraw,h261,h263,h264,hevc,\
     vvc,av1,obu,m4v,ivf,dv,mxf,gxf,lxf,nut,gif,apng,mjpeg,mjpeg_2000,mpjpeg,yuv4mpegpipe,rm,wtv,nsv,swf,flic,vc1,\
     vc1test,cavsvideo,dirac,ingenient,roq,smk,bink,dpx_pipe,exr_pipe,tiff_pipe,bmp_pipe,j2k_pipe,jpeg_pipe,jpegls_pipe,\
     jpegxl_pipe,pam_pipe,pbm_pipe,pgm_pipe,ppm_pipe,pgmyuv_pipe,pfm_pipe,pcx_pipe,psd_pipe,png_pipe,qoi_pipe,sgi_pipe,\
     sunrast_pipe,webp_pipe,xwd_pipe,dds_pipe,hdr_pipe,pictor_pipe,qdraw_pipe,photocd_pipe";

/// Pictures without a mark at their beginning, known by their names alone.
const BY_NAME: [&str; 5] = ["tga", "icb", "vda", "vst", "targa"];

/// Longest wait for the next frame.
const FRAME_TIMEOUT: Duration = Duration::from_secs(30);

/// Wait for the time of a frame that is already there.
const TIME_TIMEOUT: Duration = Duration::from_secs(2);

/// A message longer than this is cut, characters.
const MAX_MESSAGE: usize = 300;

/// Longest line of messages that is kept, bytes.
const MAX_LINE: u64 = 4096;

/// Longest PPM header, bytes.
const MAX_HEADER: usize = 64;

/// One frame as it was sent.
pub(super) struct Raw {
    pub(super) width: u32,
    pub(super) height: u32,
    /// RGB, one byte a sample, or two (high one first) where `deep`.
    pub(super) bytes: Vec<u8>,
    pub(super) deep: bool,
}

/// A line of ffmpeg's messages that matters.
enum Said {
    /// Presentation time of the next frame in seconds; `None` where it has none.
    Time(Option<f64>),
    Problem(String),
}

/// Takes away what the environment could add: reports into files, colours.
pub(super) fn quiet(command: &mut Command) -> &mut Command {
    command.env_remove("FFREPORT").env_remove("AV_LOG_FORCE_COLOR").env("AV_LOG_FORCE_NOCOLOR", "1")
}

/// Adds `path` as the input: this file alone, by the formats allowed.
///
/// `file:` keeps a name with a colon or a leading dash from being taken for something else.
pub(super) fn safe_input<'a>(command: &'a mut Command, path: &Path) -> &'a mut Command {
    command.args(["-protocol_whitelist", "file"]);
    let extension = path.extension().map(|extension| extension.to_string_lossy().to_ascii_lowercase());
    if extension.is_some_and(|extension| BY_NAME.contains(&extension.as_str())) {
        command.args(["-f", "image2", "-pattern_type", "none"]);
    } else {
        command.args(["-format_whitelist", FORMATS]);
    }
    let mut input = OsString::from("file:");
    input.push(path);
    command.arg("-i").arg(input)
}

/// A running ffmpeg. Dropped, it is stopped.
pub(super) struct Process {
    child: Child,
    frames: Receiver<io::Result<Raw>>,
    said: Receiver<Said>,
    path: PathBuf,
    problems: u64,
    last_problem: Option<String>,
}

/// A thread by name; it ends with the child whose pipe it empties.
pub(super) fn named(name: &str) -> std::thread::Builder {
    std::thread::Builder::new().name(name.to_owned())
}

impl Process {
    /// Starts to decode.
    ///
    /// # Errors
    /// When the program can't be started.
    pub(super) fn start(program: &Path, path: &Path, probe: &Probe, deep: bool) -> Result<Self, VisionError> {
        let fail = |error: io::Error| VisionError::Ffmpeg {
            path: path.to_path_buf(),
            message: format!("{} cannot be started ({error})", program.display()),
        };
        // A capital V leaves out covers.
        let stream = probe.index.map_or("0:V:0".to_owned(), |index| format!("0:{index}"));
        let mut command = Command::new(program);
        quiet(&mut command).args(["-nostdin", "-nostats", "-hide_banner", "-loglevel", "level+info"]);
        safe_input(&mut command, path).args(["-map", &stream, "-an", "-sn", "-dn", "-vf", &probe.filters()]);
        if probe.still {
            command.args(["-frames:v", "1"]);
        }
        command.args(["-c:v", "ppm", "-pix_fmt", if deep { "rgb48be" } else { "rgb24" }, "-f", "image2pipe", "pipe:1"]);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().map_err(fail)?;
        let (frame_sender, frames) = sync_channel(1);
        let (say, said) = channel();
        // Two pipes, so a thread for each: one that is not emptied would stop ffmpeg. Both end with it.
        if let Some(stdout) = child.stdout.take() {
            let path = path.to_path_buf();
            let frames = named("ffmpeg-frames").spawn(move || send_frames(stdout, &path, &frame_sender));
            frames.map_err(fail)?;
        }
        if let Some(stderr) = child.stderr.take() {
            let words = named("ffmpeg-words").spawn(move || {
                let mut stderr = BufReader::new(stderr);
                // The receiver is gone when the clip is dropped.
                while let Some(line) = read_line(&mut stderr) {
                    if understand(&line).is_some_and(|said| say.send(said).is_err()) {
                        break;
                    }
                }
            });
            words.map_err(fail)?;
        }
        Ok(Self { child, frames, said, path: path.to_path_buf(), problems: 0, last_problem: None })
    }

    /// The next frame and its time in seconds; `None` at the end.
    ///
    /// # Errors
    /// When ffmpeg hangs or sends a frame of an impossible size.
    pub(super) fn next(&mut self) -> Result<Option<(Raw, Option<f64>)>, VisionError> {
        let raw = match self.frames.recv_timeout(FRAME_TIMEOUT) {
            Ok(Ok(raw)) => raw,
            Ok(Err(error)) => return Err(VisionError::damaged(&self.path, error.to_string())),
            Err(RecvTimeoutError::Disconnected) => return Ok(None),
            Err(RecvTimeoutError::Timeout) => {
                let message = format!("no frame came within {} s", FRAME_TIMEOUT.as_secs());
                return Err(VisionError::Ffmpeg { path: self.path.clone(), message });
            }
        };
        loop {
            match self.said.recv_timeout(TIME_TIMEOUT) {
                Ok(Said::Time(time)) => return Ok(Some((raw, time))),
                Ok(Said::Problem(text)) => self.note(text),
                Err(_) => return Ok(Some((raw, None))),
            }
        }
    }

    fn note(&mut self, text: String) {
        self.problems += 1;
        self.last_problem = Some(text);
    }

    /// Number of problems and the last of them, after the end.
    pub(super) fn end(&mut self) -> Option<(u64, String)> {
        while let Ok(said) = self.said.recv_timeout(TIME_TIMEOUT) {
            if let Said::Problem(text) = said {
                self.note(text);
            }
        }
        let failed = self.child.wait().is_ok_and(|status| !status.success());
        let message = self.last_problem.clone();
        (failed || self.problems > 0)
            .then(|| (self.problems, message.unwrap_or_else(|| "it gave no frame and no reason".into())))
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Fails only when it has ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn send_frames(stdout: ChildStdout, path: &Path, sender: &SyncSender<io::Result<Raw>>) {
    let mut stdout = BufReader::with_capacity(1 << 18, stdout);
    loop {
        let frame = read_ppm(&mut stdout, path).transpose();
        let Some(frame) = frame else { return };
        let failed = frame.is_err();
        if sender.send(frame).is_err() || failed {
            return;
        }
    }
}

/// Reads a PPM as ffmpeg writes it; `None` at the end, and for a frame that is cut off.
fn read_ppm(reader: &mut impl BufRead, path: &Path) -> io::Result<Option<Raw>> {
    let wrong = |what: String| io::Error::new(io::ErrorKind::InvalidData, what);
    let mut header = Vec::new();
    // "P6", width and height, largest value: three lines.
    for _ in 0..3 {
        let read = reader.by_ref().take(MAX_HEADER as u64).read_until(b'\n', &mut header)?;
        if read == 0 {
            return Ok(None);
        }
    }
    let text = String::from_utf8_lossy(&header);
    let words: Vec<&str> = text.split_ascii_whitespace().collect();
    let ["P6", width, height, largest] = words[..] else {
        return Err(wrong("expected a frame from ffmpeg, got other bytes".into()));
    };
    let side = |text: &str| text.parse::<u32>().map_err(|_| wrong(format!("ffmpeg says a side has {text} pixels")));
    let (width, height, deep) = (side(width)?, side(height)?, largest != "255");
    check_clip_size(path, u64::from(width), u64::from(height)).map_err(|error| wrong(error.to_string()))?;
    let length = width as usize * height as usize * if deep { 6 } else { 3 };
    let mut bytes = vec![0; length];
    match reader.read_exact(&mut bytes) {
        Ok(()) => Ok(Some(Raw { width, height, bytes, deep })),
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(None),
        Err(error) => Err(error),
    }
}

/// A line without its end, cut where it is too long; `None` at the end.
fn read_line(reader: &mut impl BufRead) -> Option<String> {
    let mut line = Vec::new();
    let read = reader.by_ref().take(MAX_LINE).read_until(b'\n', &mut line);
    matches!(read, Ok(1..)).then(|| String::from_utf8_lossy(&line).trim_end().to_owned())
}

fn understand(line: &str) -> Option<Said> {
    if line.contains("showinfo") {
        let (_, time) = line.split_once(" pts_time:")?;
        return Some(Said::Time(time.split_whitespace().next().and_then(|time| time.parse().ok())));
    }
    let (_, text) = line.split_once("[error] ").or_else(|| line.split_once("[fatal] "))?;
    Some(Said::Problem(text.chars().take(MAX_MESSAGE).collect()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_of_both_depths_are_read_and_cut_ones_left_out() {
        let mut bytes = &b"P6\n1 1\n255\nabcP6\n1 1\n65535\nabcdefP6\n2 2\n255\nabc"[..];
        let path = Path::new("a");
        let first = read_ppm(&mut bytes, path).unwrap().unwrap();
        assert!(!first.deep && first.bytes == b"abc");
        let second = read_ppm(&mut bytes, path).unwrap().unwrap();
        assert!(second.deep && second.bytes == b"abcdef");
        assert!(read_ppm(&mut bytes, path).unwrap().is_none());
        assert!(read_ppm(&mut &b"P6\n99999 99999\n255\n"[..], path).is_err());
        assert!(read_ppm(&mut &b"rubbish\n1\n2\n"[..], path).is_err());
    }

    #[test]
    fn times_and_problems_are_found_among_the_messages() {
        let time = |line| matches!(understand(line), Some(Said::Time(Some(time))) if time == 0.5);
        assert!(time("[Parsed_showinfo_1 @ 0x1] [info] n:   0 pts:  5 pts_time:0.5     pos: 1"));
        assert!(
            matches!(understand("[h264 @ 0x1] [error] no frame!"), Some(Said::Problem(text)) if text == "no frame!")
        );
        assert!(understand("[info] Stream mapping:").is_none());
    }
}
