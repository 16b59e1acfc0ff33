//! RGB to H.264: constrained baseline, 4:2:0, which every browser and phone plays.

use std::time::Duration;

use openh264::encoder::{
    Complexity, Encoder as OpenH264Encoder, EncoderConfig, FrameRate, FrameType, IntraFramePeriod, Profile, QpRange,
    RateControlMode, UsageType, VuiConfig,
};
use openh264::formats::YUVSource;
use openh264::{OpenH264API, Timestamp};

use crate::Frame;
use crate::colour::{Yuv420, YuvMatrix};

/// Longest and shortest side that OpenH264 encodes.
pub(crate) const MAX_SIDES: (u32, u32) = (3840, 2160);

/// Smallest side that OpenH264 encodes.
const MIN_SIDE: u32 = 16;

/// At 22 a webcam picture shows no blocks: 41 dB, 1.2 Mbit/s at 640x480. It rises a little when the scene changes.
const QUANTISER: QpRange = QpRange::new(22, 28);

/// Seconds between key frames: how far a player has to go back to seek.
const KEY_FRAME_INTERVAL_S: f64 = 2.0;

/// One encoded frame.
pub(crate) struct Encoded {
    /// NAL units with start codes, parameter sets included.
    pub annex_b: Vec<u8>,
    pub is_key: bool,
}

/// OpenH264 for frames of one size.
pub(crate) struct Encoder {
    encoder: OpenH264Encoder,
    planes: Yuv420,
    matrix: YuvMatrix,
}

impl Encoder {
    /// For frames of `width` x `height`; odd or tiny sides are rounded up by repeating the edge, see
    /// [`Encoder::size`].
    pub(crate) fn new(width: u32, height: u32, frame_rate: f64) -> Result<Self, openh264::Error> {
        let rounded = |side: u32| side.max(MIN_SIDE).next_multiple_of(2);
        let (width, height) = (rounded(width), rounded(height));
        let matrix = YuvMatrix::for_height(height);
        let vui = if matrix == YuvMatrix::Bt709 { VuiConfig::bt709() } else { VuiConfig::bt601() };
        let config = EncoderConfig::new()
            .profile(Profile::Baseline)
            .usage_type(UsageType::CameraVideoRealTime)
            .complexity(Complexity::Low)
            // "Buffer based" without news from a buffer is constant quality: every frame in gives one frame out,
            // whatever it costs.
            .rate_control_mode(RateControlMode::Bufferbased)
            .qp(QUANTISER)
            .max_frame_rate(FrameRate::from_hz(frame_rate.clamp(1.0, 120.0) as f32))
            .intra_frame_period(IntraFramePeriod::from_num_frames(
                (frame_rate * KEY_FRAME_INTERVAL_S).clamp(1.0, 300.0) as u32,
            ))
            // Every frame in gives one frame out.
            .skip_frames(false)
            .num_threads(1)
            .vui(vui);
        let encoder = OpenH264Encoder::with_api_config(OpenH264API::from_source(), config)?;
        Ok(Self { encoder, planes: Yuv420::new(width as usize, height as usize), matrix })
    }

    /// Encoded width and height in pixels, both even.
    pub(crate) fn size(&self) -> (u32, u32) {
        (self.planes.width as u32, self.planes.height as u32)
    }

    /// Encodes one frame.
    pub(crate) fn encode(&mut self, frame: &Frame, position: Duration) -> Result<Encoded, openh264::Error> {
        let rgb = frame.to_rgb8();
        self.planes.fill(&rgb.pixels, rgb.width as usize, rgb.height as usize, self.matrix);
        let stream = self.encoder.encode_at(&self.planes, Timestamp::from_millis(position.as_millis() as u64))?;
        let is_key = matches!(stream.frame_type(), FrameType::IDR | FrameType::I);
        let mut annex_b = Vec::new();
        stream.write_vec(&mut annex_b);
        Ok(Encoded { annex_b, is_key })
    }
}

impl YUVSource for Yuv420 {
    fn dimensions(&self) -> (usize, usize) {
        (self.width, self.height)
    }

    fn strides(&self) -> (usize, usize, usize) {
        (self.width, self.width / 2, self.width / 2)
    }

    fn y(&self) -> &[u8] {
        &self.y
    }

    fn u(&self) -> &[u8] {
        &self.u
    }

    fn v(&self) -> &[u8] {
        &self.v
    }
}
