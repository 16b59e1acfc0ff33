//! The mirror's picture as textures: the frame itself, and a tiny copy for the backdrop.

use egui::{ColorImage, TextureHandle, TextureOptions};
use otherglass_vision::Frame;

use super::model::Picture;

/// Size of the backdrop: so small that stretching it over the window blurs it.
const BACKDROP: [usize; 2] = [16, 12];

/// The two textures, made at the first frame and then only filled anew.
#[derive(Default)]
pub struct MirrorTextures {
    textures: Option<(TextureHandle, TextureHandle)>,
    size: [usize; 2],
}

impl MirrorTextures {
    /// Uploads an RGB frame.
    pub fn upload(&mut self, ctx: &egui::Context, frame: &Frame) {
        self.size = [frame.width as usize, frame.height as usize];
        let image = ColorImage::from_rgb(self.size, &frame.pixels);
        let backdrop = ColorImage::from_rgb(BACKDROP, &shrunk(frame));
        match &mut self.textures {
            Some((picture, behind)) => {
                picture.set(image, TextureOptions::LINEAR);
                behind.set(backdrop, TextureOptions::LINEAR);
            }
            None => {
                let picture = ctx.load_texture("mirror", image, TextureOptions::LINEAR);
                let behind = ctx.load_texture("mirror-backdrop", backdrop, TextureOptions::LINEAR);
                self.textures = Some((picture, behind));
            }
        }
    }

    /// What the view shows; `None` before the first frame.
    #[must_use]
    pub fn picture(&self) -> Option<Picture> {
        let (picture, behind) = self.textures.as_ref()?;
        let [width, height] = self.size.map(|side| side as f32);
        Some(Picture { texture: picture.id(), backdrop: behind.id(), width, height })
    }
}

/// The frame as 16x12 RGB: each cell the mean of a grid of samples.
fn shrunk(frame: &Frame) -> Vec<u8> {
    const SAMPLES: usize = 6;
    let (width, height) = (frame.width as usize, frame.height as usize);
    let mut small = Vec::with_capacity(BACKDROP[0] * BACKDROP[1] * 3);
    for row in 0..BACKDROP[1] {
        for column in 0..BACKDROP[0] {
            let mut sum = [0_usize; 3];
            for sample in 0..SAMPLES * SAMPLES {
                let x = (column * SAMPLES + sample % SAMPLES) * width / (BACKDROP[0] * SAMPLES);
                let y = (row * SAMPLES + sample / SAMPLES) * height / (BACKDROP[1] * SAMPLES);
                let at = (y * width + x) * 3;
                for (channel, total) in sum.iter_mut().enumerate() {
                    *total += usize::from(frame.pixels[at + channel]);
                }
            }
            small.extend(sum.map(|total| (total / (SAMPLES * SAMPLES)) as u8));
        }
    }
    small
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;

    #[test]
    fn the_backdrop_keeps_the_colours_where_they_are() {
        let (width, height) = (64, 48);
        let pixels =
            (0..width * height).flat_map(|i| if i % width < width / 2 { [200, 0, 0] } else { [0, 0, 100] }).collect();
        let small = shrunk(&Frame::rgb8(pixels, width, height, 0, Instant::now()).unwrap());
        assert_eq!(small.len(), BACKDROP[0] * BACKDROP[1] * 3);
        assert_eq!(small[..3], [200, 0, 0]);
        assert_eq!(small[small.len() - 3..], [0, 0, 100]);
    }

    #[test]
    fn a_picture_of_one_pixel_has_a_backdrop() {
        let small = shrunk(&Frame::rgb8(vec![9, 8, 7], 1, 1, 0, Instant::now()).unwrap());
        assert_eq!(small[..3], [9, 8, 7]);
    }
}
