//! Is this 16 ms of a voice? A trait, so that the state machine can be tested with a script.

/// Samples of one frame: 16 ms at 16 kHz.
pub const FRAME: usize = 256;

/// Tells voice from everything else, frame by frame.
pub trait VoiceDetector {
    /// How likely this frame of [`FRAME`] samples is of a voice, 0 to 1.
    fn probability(&mut self, frame: &[f32]) -> f32;

    /// Forgets what was heard before.
    fn reset(&mut self);
}

/// The network of the `earshot` crate: 40 KB, about 13 us a frame, any language.
#[derive(Default)]
pub struct Earshot(Box<earshot::Detector>);

impl std::fmt::Debug for Earshot {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Earshot")
    }
}

impl VoiceDetector for Earshot {
    fn probability(&mut self, frame: &[f32]) -> f32 {
        self.0.predict_f32(frame).clamp(0.0, 1.0)
    }

    fn reset(&mut self) {
        self.0.reset();
    }
}
