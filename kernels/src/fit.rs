//! Where a camera's picture lies in a model's.

/// How a camera's picture lies in a model's: scaled evenly and centred, with bars where it ends.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Fit {
    /// Model pixels per camera pixel.
    pub scale: f32,
    /// Model position of the upper left corner of the camera's picture.
    pub left: f32,
    pub top: f32,
}

impl Fit {
    /// Of a camera and a model of that width and height.
    #[must_use]
    pub fn new(camera: (usize, usize), model: (usize, usize)) -> Self {
        let scale = (model.0 as f32 / camera.0 as f32).min(model.1 as f32 / camera.1 as f32);
        let middle = |model: usize, camera: usize| (model as f32 - camera as f32 * scale) * 0.5;
        Self { scale, left: middle(model.0, camera.0), top: middle(model.1, camera.1) }
    }
}
