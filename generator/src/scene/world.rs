//! The world around the visitor and the style of the whole picture.

use serde::{Deserialize, Serialize};

use super::kind::named_enum;

named_enum! {
    /// The worlds of the house vocabulary.
    "theme" Theme {
        IceKingdom = "ice_kingdom",
        ThroneHall = "throne_hall",
        Underwater = "underwater",
        Space = "space",
        Jungle = "jungle",
        Desert = "desert",
        CandyLand = "candy_land",
        NeonCity = "neon_city",
        Volcano = "volcano",
        NightSky = "night_sky",
    }
}

named_enum! {
    /// The styles of the house vocabulary.
    "style" StyleName {
        OilPainting = "oil_painting",
        Watercolor = "watercolor",
        PencilSketch = "pencil_sketch",
        Comic = "comic",
        PixelArt = "pixel_art",
        Mosaic = "mosaic",
    }
}

/// A world: the words it was asked for in, and the house theme nearest to them, if there is one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct World {
    /// What was asked for: "Westeros".
    pub text: String,
    /// The nearest world of the house vocabulary.
    pub theme: Option<Theme>,
    /// Which of the theme's places: "another castle" is the next one. A renderer with fewer goes round.
    #[serde(default)]
    pub layout: u32,
}

impl World {
    /// A world asked for in these words.
    pub fn new(text: impl Into<String>, theme: Option<Theme>) -> Self {
        Self { text: text.into(), theme, layout: 0 }
    }

    /// A world known to the house vocabulary, under its own name.
    pub fn from_theme(theme: Theme) -> Self {
        Self::new(theme.as_str().replace('_', " "), Some(theme))
    }
}

/// A style: the words it was asked for in, and the house style nearest to them, if there is one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Style {
    /// What was asked for: "Van Gogh".
    pub text: String,
    /// The nearest style of the house vocabulary.
    pub name: Option<StyleName>,
}

impl Style {
    /// A style known to the house vocabulary, under its own name.
    pub fn from_name(name: StyleName) -> Self {
        Self { text: name.as_str().replace('_', " "), name: Some(name) }
    }
}
