//! Cameras, through nokhwa: list, choose, agree on a format, capture.
//!
//! Captured bytes leave as they came ([`PixelFormat::Yuyv`], [`PixelFormat::Nv12`]) unless the camera compresses or
//! uses a rare format; those are decoded to [`PixelFormat::Rgb8`] here.
//!
//! [`FrameSource::next_frame`] of a camera **can block for ever** when the camera stalls: own it on a thread with a
//! watchdog, and do not wait for that thread on shutdown.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::str::FromStr;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use nokhwa::utils::{ApiBackend, CameraFormat, CameraIndex, FrameFormat, RequestedFormat, RequestedFormatType};
use nokhwa::{Buffer, Camera, NokhwaError};

use crate::{Frame, FrameSource, PixelFormat, SourceInfo, VisionError};

/// Everything that nokhwa can name and this module can decode.
const DECODABLE: [FrameFormat; 6] = [
    FrameFormat::YUYV,
    FrameFormat::MJPEG,
    FrameFormat::NV12,
    FrameFormat::RAWRGB,
    FrameFormat::RAWBGR,
    FrameFormat::GRAY,
];

/// A USB camera now and then delivers a torn picture; this many in a row mean that it is broken (1 s at 30 fps).
const MAX_BAD_FRAMES: u32 = 30;

/// How long the user may think about the question whether the camera may be used.
const PERMISSION_WAIT: Duration = Duration::from_secs(60);

/// A capture time further back than this is a driver's invention.
const MAX_CAPTURE_AGE: Duration = Duration::from_secs(2);

/// One camera as the operating system lists it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CameraDescription {
    /// The number to choose it by; on Linux N of /dev/videoN.
    pub index: u32,
    /// The name to choose it by.
    pub name: String,
    /// More about it: driver, bus or device node.
    pub detail: String,
}

impl fmt::Display for CameraDescription {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} \"{}\"", self.index, self.name)
    }
}

/// Which camera to open.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum CameraSelector {
    /// The first one that delivers pictures.
    #[default]
    First,
    /// The one with this number.
    Index(u32),
    /// The first one with this in its name, upper and lower case alike.
    Name(String),
}

impl FromStr for CameraSelector {
    type Err = std::convert::Infallible;

    /// A number is an index, nothing at all is the first camera, the rest is (a part of) a name.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let text = text.trim();
        Ok(match text.parse() {
            Ok(index) => Self::Index(index),
            Err(_) if text.is_empty() => Self::First,
            Err(_) => Self::Name(text.to_owned()),
        })
    }
}

impl fmt::Display for CameraSelector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::First => write!(f, "at all"),
            Self::Index(index) => write!(f, "with number {index}"),
            Self::Name(name) => write!(f, "with \"{name}\" in its name"),
        }
    }
}

/// What to ask of a camera. It may not have it; the nearest is taken, see [`FrameSource::info`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CameraOptions {
    /// Wished width in pixels.
    pub width: u32,
    /// Wished height in pixels.
    pub height: u32,
    /// Wished frames a second.
    pub frame_rate: u32,
}

impl Default for CameraOptions {
    /// 640x480 at 30 frames a second.
    fn default() -> Self {
        Self { width: 640, height: 480, frame_rate: 30 }
    }
}

/// The cameras of this machine, by number. An empty list is no error.
///
/// On Linux a webcam has several device nodes; the list has the one that delivers its picture.
///
/// # Errors
/// When the operating system's camera service fails.
pub fn list_cameras() -> Result<Vec<CameraDescription>, VisionError> {
    let mut cameras = all_cameras()?;
    cameras.retain(|camera| is_first_node(camera.index));
    Ok(cameras)
}

fn all_cameras() -> Result<Vec<CameraDescription>, VisionError> {
    let listed = guarded("listing cameras", || nokhwa::query(ApiBackend::Auto))
        .map_err(|what| VisionError::CameraFailed { camera: "list".into(), what })?;
    let mut cameras: Vec<_> = listed
        .into_iter()
        .enumerate()
        .map(|(position, info)| CameraDescription {
            index: info.index().as_index().unwrap_or(position as u32),
            name: info.human_name(),
            detail: info.description().to_owned(),
        })
        .collect();
    cameras.sort_by_key(|camera| camera.index);
    Ok(cameras)
}

/// Linux numbers the nodes of one device; those after the first carry metadata or infrared.
fn is_first_node(index: u32) -> bool {
    let number = std::fs::read_to_string(format!("/sys/class/video4linux/video{index}/index"));
    number.map_or(true, |number| number.trim() == "0")
}

/// Opens a camera and starts it.
///
/// # Errors
/// No camera, none that fits `selector`, access denied, in use by another program, or a driver's failure.
pub fn open_camera(selector: &CameraSelector, options: &CameraOptions) -> Result<Box<dyn FrameSource>, VisionError> {
    ask_permission()?;
    let all = all_cameras()?;
    if all.is_empty() {
        return Err(VisionError::NoCamera);
    }
    // Whoever asks for a number gets it, whatever node that is.
    let by_number = matches!(selector, CameraSelector::Index(_));
    let candidates = all.iter().filter(|camera| fits(selector, camera) && (by_number || is_first_node(camera.index)));
    let mut first_error = None;
    for camera in candidates {
        match CameraSource::open(camera, options) {
            Ok(source) => return Ok(Box::new(source)),
            Err(error) => {
                tracing::debug!(%error, "camera not usable");
                first_error.get_or_insert(error);
            }
        }
    }
    Err(first_error.unwrap_or_else(|| VisionError::CameraNotFound {
        wanted: selector.to_string(),
        present: all.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "),
    }))
}

/// macOS asks the user once whether this program may use the camera; elsewhere this returns at once.
fn ask_permission() -> Result<(), VisionError> {
    if nokhwa::nokhwa_check() {
        return Ok(());
    }
    let (answer, answered) = std::sync::mpsc::sync_channel(1);
    nokhwa::nokhwa_initialize(move |granted| {
        // Nobody listens any more when the user took too long.
        let _ = answer.try_send(granted);
    });
    match answered.recv_timeout(PERMISSION_WAIT) {
        Ok(true) => Ok(()),
        _ => Err(VisionError::CameraForbidden { camera: "access".into(), help: FORBIDDEN_HELP }),
    }
}

fn fits(selector: &CameraSelector, camera: &CameraDescription) -> bool {
    match selector {
        CameraSelector::First => true,
        CameraSelector::Index(index) => camera.index == *index,
        CameraSelector::Name(name) => camera.name.to_lowercase().contains(&name.to_lowercase()),
    }
}

/// Runs driver code that may panic (v4l does on some failures) and makes every failure a sentence.
fn guarded<T>(what: &str, action: impl FnOnce() -> Result<T, NokhwaError>) -> Result<T, String> {
    match catch_unwind(AssertUnwindSafe(action)) {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(error)) => Err(format!("{what} failed: {error}")),
        Err(panic) => {
            let text = panic.downcast_ref::<String>().map(String::as_str);
            let text = text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("unknown reason");
            Err(format!("{what} failed in the driver library: {text}"))
        }
    }
}

/// Sorts a failure by the operating system's error number, which nokhwa passes on only as text.
fn camera_error(camera: &CameraDescription, what: String) -> VisionError {
    let camera = camera.to_string();
    let code = what
        .split_once("os error ")
        .and_then(|(_, rest)| rest.split(|c: char| !c.is_ascii_digit()).next())
        .and_then(|digits| digits.parse::<u32>().ok());
    match code {
        Some(1 | 13) => VisionError::CameraForbidden { camera, help: FORBIDDEN_HELP },
        Some(16) => VisionError::CameraBusy { camera },
        Some(2 | 6 | 19) => VisionError::CameraUnplugged { camera },
        _ => VisionError::CameraFailed { camera, what },
    }
}

const FORBIDDEN_HELP: &str = if cfg!(target_os = "linux") {
    "add yourself to the video group (`sudo usermod -aG video $USER`) and log in again"
} else {
    "allow this program to use the camera in the system's privacy settings"
};

/// Smaller is better. Size counts most, then rate, then how cheaply it decodes.
fn badness(format: &CameraFormat, wish: &CameraOptions) -> (u64, u32, usize) {
    let (width, height) = (format.width(), format.height());
    let off = |got: u32, wanted: u32, too_small: u64| {
        if got < wanted { u64::from(wanted - got) * too_small } else { u64::from(got - wanted) }
    };
    let size = off(width, wish.width, 3) + off(height, wish.height, 3);
    // Half the wished rate is worth more than a perfect size: a mirror must move.
    let slow = if format.frame_rate() * 10 < wish.frame_rate * 8 { 10_000 } else { 0 };
    let rate = format.frame_rate().abs_diff(wish.frame_rate);
    let cost = DECODABLE.iter().position(|known| *known == format.format()).unwrap_or(DECODABLE.len());
    (size + slow, rate, cost)
}

/// An open, running camera.
struct CameraSource {
    /// Always there, except while it is being dropped.
    camera: Option<Camera>,
    description: CameraDescription,
    format: CameraFormat,
    info: SourceInfo,
    seq: u64,
    first_at: Option<Instant>,
    last_at: Option<Instant>,
}

impl CameraSource {
    fn open(description: &CameraDescription, wish: &CameraOptions) -> Result<Self, VisionError> {
        let index = CameraIndex::Index(description.index);
        let fail = |what| camera_error(description, what);
        let any = RequestedFormat::with_formats(RequestedFormatType::None, &DECODABLE);
        let mut camera = guarded("opening", || Camera::new(index.clone(), any)).map_err(fail)?;
        let mut formats = guarded("asking for its formats", || camera.compatible_camera_formats()).map_err(fail)?;
        formats.retain(|format| DECODABLE.contains(&format.format()));
        formats.sort_by_key(|format| badness(format, wish));
        // Some drivers refuse what they list: take the best that is accepted.
        for format in formats.iter().take(6) {
            if camera.camera_format() == *format {
                break;
            }
            let exact = RequestedFormat::with_formats(RequestedFormatType::Exact(*format), &DECODABLE);
            match guarded("setting the format", || camera.set_camera_requset(exact)) {
                Ok(_) => break,
                Err(what) => tracing::debug!(%format, what, "format refused"),
            }
        }
        guarded("starting", || camera.open_stream()).map_err(fail)?;
        let format = camera.camera_format();
        // The driver knows the name even where the list had only a path.
        let name = Some(camera.info().human_name()).filter(|name| !name.is_empty());
        let info = SourceInfo {
            name: name.unwrap_or_else(|| description.name.clone()),
            width: format.width(),
            height: format.height(),
            frame_rate: Some(f64::from(format.frame_rate())),
            frame_count: None,
            duration_s: None,
        };
        Ok(Self {
            camera: Some(camera),
            description: description.clone(),
            format,
            info,
            seq: 0,
            first_at: None,
            last_at: None,
        })
    }

    fn decode(&self, buffer: &Buffer, captured_at: Instant) -> Result<Frame, String> {
        let (width, height) = (self.format.width(), self.format.height());
        let bytes = buffer.buffer();
        // The mapped buffer is rounded up to whole pages: cut it to the picture.
        let exactly = |len: usize| {
            bytes.get(..len).map(<[u8]>::to_vec).ok_or(format!("expected {len} bytes, got {}", bytes.len()))
        };
        let pixels = width as usize * height as usize;
        let made = match self.format.format() {
            FrameFormat::YUYV => {
                let len = PixelFormat::Yuyv.byte_len(width, height);
                Frame::new(exactly(len)?, width, height, PixelFormat::Yuyv, self.seq, captured_at)
            }
            FrameFormat::NV12 => {
                let len = PixelFormat::Nv12.byte_len(width, height);
                Frame::new(exactly(len)?, width, height, PixelFormat::Nv12, self.seq, captured_at)
            }
            FrameFormat::RAWRGB => Frame::rgb8(exactly(pixels * 3)?, width, height, self.seq, captured_at),
            FrameFormat::RAWBGR => {
                let mut rgb = exactly(pixels * 3)?;
                rgb.chunks_exact_mut(3).for_each(|pixel| pixel.swap(0, 2));
                Frame::rgb8(rgb, width, height, self.seq, captured_at)
            }
            FrameFormat::GRAY => {
                let rgb = exactly(pixels)?.into_iter().flat_map(|grey| [grey; 3]).collect();
                Frame::rgb8(rgb, width, height, self.seq, captured_at)
            }
            FrameFormat::MJPEG => {
                let picture = image::load_from_memory_with_format(bytes, image::ImageFormat::Jpeg)
                    .map_err(|error| error.to_string())?
                    .into_rgb8();
                if picture.dimensions() != (width, height) {
                    return Err(format!("expected {width}x{height}, got {:?}", picture.dimensions()));
                }
                Frame::rgb8(picture.into_raw(), width, height, self.seq, captured_at)
            }
        };
        made.map_err(|error| error.to_string())
    }
}

impl FrameSource for CameraSource {
    fn next_frame(&mut self) -> Result<Option<Frame>, VisionError> {
        let mut bad = 0;
        loop {
            let Some(camera) = self.camera.as_mut() else { return Ok(None) };
            let buffer =
                guarded("capturing", || camera.frame()).map_err(|what| camera_error(&self.description, what))?;
            let captured_at = capture_time(&buffer);
            match self.decode(&buffer, captured_at) {
                Ok(frame) => {
                    self.seq += 1;
                    self.first_at.get_or_insert(captured_at);
                    self.last_at = Some(captured_at);
                    return Ok(Some(frame));
                }
                Err(what) if bad == MAX_BAD_FRAMES => {
                    let what = format!("{MAX_BAD_FRAMES} unreadable pictures in a row ({what})");
                    return Err(camera_error(&self.description, what));
                }
                Err(what) => {
                    tracing::debug!(what, "unreadable picture skipped");
                    bad += 1;
                    self.seq += 1;
                }
            }
        }
    }

    fn info(&self) -> &SourceInfo {
        &self.info
    }

    fn position_s(&self) -> f64 {
        match (self.first_at, self.last_at) {
            (Some(first), Some(last)) => last.saturating_duration_since(first).as_secs_f64(),
            _ => 0.0,
        }
    }
}

impl Drop for CameraSource {
    fn drop(&mut self) {
        // v4l panics when the stream of a vanished device cannot be stopped.
        if let Some(camera) = self.camera.take()
            && catch_unwind(AssertUnwindSafe(move || drop(camera))).is_err()
        {
            tracing::debug!(camera = %self.description, "the driver library panicked while closing");
        }
    }
}

/// When the driver says that the picture was taken, if that is believable, else now.
fn capture_time(buffer: &Buffer) -> Instant {
    let now = Instant::now();
    let age = buffer
        .capture_timestamp()
        .and_then(|taken| SystemTime::now().duration_since(UNIX_EPOCH).ok()?.checked_sub(taken))
        .filter(|age| *age < MAX_CAPTURE_AGE);
    age.and_then(|age| now.checked_sub(age)).unwrap_or(now)
}
