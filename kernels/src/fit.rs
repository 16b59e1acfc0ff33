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

/// The first and the last of `model` pixels that hold some of a picture: those whose centres lie in it, one at least. A pixel
/// of the `camera`'s is `scale` of the model's, and the first one begins at `offset`.
#[must_use]
pub fn inside(camera: usize, model: usize, scale: f32, offset: f32) -> (usize, usize) {
    let most = model.saturating_sub(1) as f32;
    let first = ((offset - 0.5).floor() + 1.0).clamp(0.0, most);
    let last = ((offset + camera as f32 * scale - 0.5).ceil() - 1.0).clamp(first, most);
    (first as usize, last as usize)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::frame_in::Taps;

    #[test]
    fn those_pixels_are_inside_that_the_shrink_puts_something_into() {
        for (camera, model) in
            [((640, 480), (256, 192)), ((1280, 720), (256, 192)), ((160, 91), (64, 48)), ((48, 64), (64, 48))]
        {
            let Fit { scale, left, top } = Fit::new(camera, model);
            for (camera, model, offset) in [(camera.0, model.0, left), (camera.1, model.1, top)] {
                let count = Taps::new(camera, model, scale, offset).count;
                let (first, last) = inside(camera, model, scale, offset);
                let held: Vec<usize> = (0..model).filter(|&pixel| count[pixel] > 0).collect();
                assert_eq!(held, (first..=last).collect::<Vec<_>>(), "{camera} in {model}");
            }
        }
        assert_eq!(inside(16, 256, 0.001, 127.992), (128, 128), "too narrow for any centre");
    }
}
