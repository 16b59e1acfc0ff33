//! A source that does what a script says, for the tests of the pipeline.

use std::sync::Arc;
use std::time::{Duration, Instant};

use otherglass_vision::{Frame, FrameSource, SourceInfo, VisionError};

use super::feed::Open;
use super::listen::{EarsSettings, FindModel, ListenMode, MicrophoneWish};

/// What the source does.
#[derive(Clone, Debug)]
pub struct Script {
    /// Frames until the end; a camera has none.
    pub frames: Option<u64>,
    pub frame_rate: f64,
    /// Whether it waits between frames by itself, as a camera does.
    pub waits: bool,
    /// After that many frames, says nothing for that long.
    pub stall_after: Option<(u64, Duration)>,
    /// After that many frames, fails.
    pub fail_after: Option<u64>,
}

impl Script {
    pub fn clip(frames: u64, frame_rate: f64) -> Self {
        Self { frames: Some(frames), frame_rate, waits: false, stall_after: None, fail_after: None }
    }

    pub fn camera(frame_rate: f64) -> Self {
        Self { frames: None, waits: true, ..Self::clip(0, frame_rate) }
    }
}

/// Opens the script anew every time.
pub fn opens(script: Script) -> Open {
    Arc::new(move || {
        let (width, height, name) = (32, 24, "script".to_owned());
        let info = SourceInfo {
            name,
            width,
            height,
            frame_rate: Some(script.frame_rate),
            frame_count: script.frames,
            duration_s: script.frames.map(|frames| frames as f64 / script.frame_rate),
        };
        Ok(Box::new(Scripted { script: script.clone(), info, given: 0 }))
    })
}

struct Scripted {
    script: Script,
    info: SourceInfo,
    given: u64,
}

impl FrameSource for Scripted {
    fn next_frame(&mut self) -> Result<Option<Frame>, VisionError> {
        if self.script.frames.is_some_and(|frames| self.given >= frames) {
            return Ok(None);
        }
        if self.script.fail_after.is_some_and(|count| self.given >= count) {
            return Err(VisionError::CameraUnplugged { camera: "script".into() });
        }
        match self.script.stall_after {
            Some((count, time)) if self.given == count => std::thread::sleep(time),
            _ if self.script.waits => std::thread::sleep(Duration::from_secs_f64(1.0 / self.script.frame_rate)),
            _ => {}
        }
        let shade = (self.given % 200) as u8;
        let pixels = vec![shade; (self.info.width * self.info.height * 3) as usize];
        let frame = Frame::rgb8(pixels, self.info.width, self.info.height, self.given, Instant::now())?;
        self.given += 1;
        Ok(Some(frame))
    }

    fn info(&self) -> &SourceInfo {
        &self.info
    }

    fn position_s(&self) -> f64 {
        self.given.saturating_sub(1) as f64 / self.script.frame_rate
    }
}

/// Ears that nobody wants to be heard by.
pub fn no_ears() -> EarsSettings {
    let find_model: FindModel = Arc::new(|| anyhow::bail!("there is no model"));
    EarsSettings::new(MicrophoneWish::default(), ListenMode::Off, false, find_model, None)
}

/// Waits until something holds; fails the test when it does not within half a minute.
pub fn until(what: &str, holds: impl Fn() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(30);
    while !holds() {
        assert!(Instant::now() < deadline, "waited half a minute until {what}");
        std::thread::sleep(Duration::from_millis(3));
    }
}
