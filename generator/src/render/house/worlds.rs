//! The pictures that stand behind the visitor: several places for each theme, fitted to the camera's size when first
//! shown.
//!
//! Place number `layout` of a theme is one of its pictures, and after all of them the same again, mirrored: "another
//! castle" always is another one. The seed moves the count, so that another seed begins elsewhere.

use std::collections::BTreeMap;
use std::path::PathBuf;

use image::imageops::FilterType;

use crate::render::RenderError;
use crate::scene::Theme;

/// An encoded picture and the file that it came from.
pub type Picture = (PathBuf, Vec<u8>);

/// A world as it is to be shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shown {
    pub theme: Theme,
    /// Which of the theme's places.
    pub layout: u32,
}

/// Every theme's picture files, and the last one shown at the camera's size.
#[derive(Debug)]
pub struct Worlds {
    pictures: BTreeMap<&'static str, Vec<Picture>>,
    seed: u64,
    fitted: Option<Fitted>,
}

#[derive(Debug)]
struct Fitted {
    shown: Shown,
    width: u32,
    height: u32,
    pixels: Vec<u8>,
}

impl Worlds {
    /// `pictures`: by theme, checked against their checksums; no list is empty.
    #[must_use]
    pub fn new(pictures: BTreeMap<&'static str, Vec<Picture>>, seed: u64) -> Self {
        Self { pictures, seed, fitted: None }
    }

    #[must_use]
    pub fn has(&self, theme: Theme) -> bool {
        self.pictures.contains_key(theme.as_str())
    }

    /// The picture as RGB bytes of exactly that size, cropped to its shape around the centre.
    pub fn picture(&mut self, shown: Shown, width: u32, height: u32) -> Result<&[u8], RenderError> {
        let fresh = self.fitted.as_ref().is_some_and(|f| (f.shown, f.width, f.height) == (shown, width, height));
        if !fresh {
            let pictures = &self.pictures[shown.theme.as_str()];
            let (which, mirrored) = choose(pictures.len(), self.seed, shown.layout);
            let (path, bytes) = &pictures[which];
            let picture = image::load_from_memory(bytes).map_err(|error| RenderError::unfit(path, error))?;
            let mut picture = picture.resize_to_fill(width, height, FilterType::CatmullRom).into_rgb8();
            if mirrored {
                image::imageops::flip_horizontal_in_place(&mut picture);
            }
            self.fitted = Some(Fitted { shown, width, height, pixels: picture.into_raw() });
        }
        Ok(self.fitted.as_ref().map_or(&[], |f| f.pixels.as_slice()))
    }
}

/// Which of `count` pictures, and whether mirrored.
fn choose(count: usize, seed: u64, layout: u32) -> (usize, bool) {
    let place = (seed.wrapping_add(u64::from(layout)) % (2 * count as u64)) as usize;
    (place % count, place >= count)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_place_is_another_until_all_were_shown() {
        let four: Vec<_> = (0..4).map(|layout| choose(2, 0, layout)).collect();
        assert_eq!(four, [(0, false), (1, false), (0, true), (1, true)]);
        assert_eq!(choose(2, 0, 4), four[0]);
        assert_eq!(choose(2, 1, 0), four[1], "another seed begins elsewhere");
        assert_eq!(choose(1, u64::MAX, 1), (0, false), "no overflow");
    }
}
