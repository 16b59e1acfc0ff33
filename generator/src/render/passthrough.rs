//! The plain mirror: what comes in goes out. The fallback when a renderer fails, and the baseline in measurements.

use otherglass_vision::Frame;

use super::{RenderError, Renderer, StageTiming};
use crate::scene::{Abilities, Scene};

/// Hands every frame on unchanged.
#[derive(Debug, Default)]
pub struct Passthrough;

impl Passthrough {
    #[must_use]
    pub fn new() -> Self {
        Self
    }
}

impl Renderer for Passthrough {
    fn name(&self) -> &'static str {
        "passthrough"
    }

    fn set_scene(&mut self, _scene: &Scene) {}

    fn render(&mut self, frame: &Frame) -> Result<Frame, RenderError> {
        Ok(frame.clone())
    }

    fn reset(&mut self) {}

    fn timings(&self) -> &[StageTiming] {
        &[]
    }

    fn abilities(&self) -> Abilities {
        Abilities::none(self.name())
    }
}
