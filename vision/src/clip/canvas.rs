//! The picture that the frames of an animation are laid onto: GIF, APNG.

const CHANNELS: usize = 4;

/// How a frame meets what is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Blend {
    /// Laid over it by its opacity.
    Over,
    /// In its place, opacity included.
    Replace,
}

/// What becomes of a frame's part before the next one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Afterwards {
    Keep,
    /// Transparent.
    Clear,
    /// As it was before the frame.
    Restore,
}

/// A frame as it is stored: a part of the picture.
pub(super) struct Patch<'a> {
    /// Straight alpha, rows without padding.
    pub rgba: &'a [u8],
    pub left: usize,
    pub top: usize,
    pub width: usize,
    pub height: usize,
    pub blend: Blend,
    pub afterwards: Afterwards,
}

/// The whole picture, and what has to be undone before the next frame.
pub(super) struct Canvas {
    rgba: Vec<u8>,
    width: usize,
    height: usize,
    undo: Undo,
}

enum Undo {
    Nothing,
    /// Clear this part: left, top, right, bottom.
    Clear([usize; 4]),
    Restore(Vec<u8>),
}

impl Canvas {
    /// A transparent picture.
    pub(super) fn new(width: usize, height: usize) -> Self {
        Self { rgba: vec![0; width * height * CHANNELS], width, height, undo: Undo::Nothing }
    }

    /// Straight alpha, rows without padding.
    pub(super) fn rgba(&self) -> &[u8] {
        &self.rgba
    }

    /// Lays a frame onto the picture; what reaches beyond it is cut off.
    pub(super) fn draw(&mut self, patch: &Patch) {
        match std::mem::replace(&mut self.undo, Undo::Nothing) {
            Undo::Nothing => {}
            Undo::Clear([left, top, right, bottom]) => {
                for row in self.rgba.chunks_exact_mut(self.width * CHANNELS).take(bottom).skip(top) {
                    row[left * CHANNELS..right * CHANNELS].fill(0);
                }
            }
            Undo::Restore(rgba) => self.rgba = rgba,
        }
        let right = patch.left.saturating_add(patch.width).min(self.width);
        let bottom = patch.top.saturating_add(patch.height).min(self.height);
        let (left, top) = (patch.left.min(right), patch.top.min(bottom));
        self.undo = match patch.afterwards {
            Afterwards::Clear => Undo::Clear([left, top, right, bottom]),
            Afterwards::Restore => Undo::Restore(self.rgba.clone()),
            Afterwards::Keep => Undo::Nothing,
        };
        if patch.width == 0 {
            return;
        }
        let rows = self.rgba.chunks_exact_mut(self.width * CHANNELS).take(bottom).skip(top);
        for (row, new) in rows.zip(patch.rgba.chunks_exact(patch.width * CHANNELS)) {
            let (row, _) = row[left * CHANNELS..right * CHANNELS].as_chunks_mut::<CHANNELS>();
            let (new, _) = new.as_chunks::<CHANNELS>();
            for (pixel, new) in row.iter_mut().zip(new) {
                match (patch.blend, new[3]) {
                    (Blend::Replace, _) | (Blend::Over, 255) => *pixel = *new,
                    (Blend::Over, 0) => {}
                    (Blend::Over, _) => *pixel = over(*new, *pixel),
                }
            }
        }
    }
}

/// One colour over another, both with straight alpha (Porter and Duff, 1984).
fn over(front: [u8; CHANNELS], back: [u8; CHANNELS]) -> [u8; CHANNELS] {
    let (front_alpha, back_alpha) = (u32::from(front[3]), u32::from(back[3]) * (255 - u32::from(front[3])) / 255);
    let alpha = front_alpha + back_alpha;
    let mix = |channel: usize| {
        let sum = u32::from(front[channel]) * front_alpha + u32::from(back[channel]) * back_alpha;
        ((sum + alpha / 2) / alpha) as u8
    };
    [mix(0), mix(1), mix(2), alpha as u8]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_are_laid_over_replaced_cleared_and_restored() {
        let mut canvas = Canvas::new(2, 1);
        let mut draw = |rgba: [u8; 4], left, blend, afterwards| {
            canvas.draw(&Patch { rgba: &rgba, left, top: 0, width: 1, height: 1, blend, afterwards });
            canvas.rgba().to_vec()
        };
        let red = [200, 0, 0, 255];
        assert_eq!(draw(red, 0, Blend::Over, Afterwards::Keep), [200, 0, 0, 255, 0, 0, 0, 0]);
        assert_eq!(draw([0, 0, 100, 128], 0, Blend::Over, Afterwards::Restore)[..4], [100, 0, 50, 255]);
        assert_eq!(draw(red, 1, Blend::Over, Afterwards::Clear), [200, 0, 0, 255, 200, 0, 0, 255]);
        assert_eq!(draw([9, 9, 9, 0], 0, Blend::Replace, Afterwards::Keep), [9, 9, 9, 0, 0, 0, 0, 0]);
        // Beyond the edge nothing is drawn.
        assert_eq!(draw(red, 7, Blend::Over, Afterwards::Clear), [9, 9, 9, 0, 0, 0, 0, 0]);
    }
}
