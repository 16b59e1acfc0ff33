//! The pictures that stand behind the visitor, one a theme, fitted to the camera's size when first shown.

use std::collections::BTreeMap;
use std::path::PathBuf;

use image::imageops::FilterType;

use crate::render::RenderError;
use crate::scene::Theme;

/// Every theme's picture file, and the last one shown at the camera's size.
#[derive(Debug)]
pub struct Worlds {
    files: BTreeMap<&'static str, (PathBuf, Vec<u8>)>,
    shown: Option<Shown>,
}

#[derive(Debug)]
struct Shown {
    theme: Theme,
    width: u32,
    height: u32,
    pixels: Vec<u8>,
}

impl Worlds {
    /// `files`: encoded pictures by theme, checked against their checksums.
    #[must_use]
    pub fn new(files: BTreeMap<&'static str, (PathBuf, Vec<u8>)>) -> Self {
        Self { files, shown: None }
    }

    #[must_use]
    pub fn has(&self, theme: Theme) -> bool {
        self.files.contains_key(theme.as_str())
    }

    /// The theme's picture as RGB bytes of exactly that size, cropped to its shape around the centre.
    pub fn picture(&mut self, theme: Theme, width: u32, height: u32) -> Result<&[u8], RenderError> {
        let fresh = self.shown.as_ref().is_some_and(|s| (s.theme, s.width, s.height) == (theme, width, height));
        if !fresh {
            let (path, bytes) = &self.files[theme.as_str()];
            let picture = image::load_from_memory(bytes).map_err(|error| RenderError::unfit(path, error))?;
            let pixels = picture.resize_to_fill(width, height, FilterType::CatmullRom).into_rgb8().into_raw();
            self.shown = Some(Shown { theme, width, height, pixels });
        }
        Ok(self.shown.as_ref().map_or(&[], |s| s.pixels.as_slice()))
    }
}
