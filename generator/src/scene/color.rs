//! Colours by name: every CSS name and the metals, with their RGB values.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::{Deserialize, Serialize};

/// A colour as it was asked for: its name and what that name looks like.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Color {
    /// A CSS colour name, or "bronze".
    pub name: String,
    /// sRGB, 0..=255.
    pub rgb: [u8; 3],
}

#[derive(Deserialize)]
struct ColorFile {
    colors: BTreeMap<String, String>,
}

/// Every named colour, sorted by name.
static COLORS: LazyLock<BTreeMap<String, [u8; 3]>> = LazyLock::new(|| {
    let file: ColorFile = toml::from_str(include_str!("lexicon/colors.toml")).expect("lexicon/colors.toml is valid");
    let rgb = |hex: &str| {
        let value = u32::from_str_radix(hex.trim_start_matches('#'), 16).expect("lexicon/colors.toml holds #rrggbb");
        let [_, red, green, blue] = value.to_be_bytes();
        [red, green, blue]
    };
    file.colors.iter().map(|(name, hex)| (name.clone(), rgb(hex))).collect()
});

impl Color {
    /// The colour of that name: a CSS name (no spaces, lower case), gold, silver or bronze.
    pub fn named(name: &str) -> Option<Self> {
        COLORS.get(name).map(|rgb| Self { name: name.to_owned(), rgb: *rgb })
    }

    /// Every name that [`Color::named`] knows, sorted.
    pub fn names() -> impl Iterator<Item = &'static str> {
        COLORS.keys().map(String::as_str)
    }

    /// A darker colour of the same hue, under the name nearest to it.
    pub fn darker(&self) -> Self {
        if let Some(dark) = Self::named(&format!("dark{}", self.name)) {
            // CSS "darkgray" is lighter than "gray".
            if brightness(dark.rgb) < brightness(self.rgb) {
                return dark;
            }
        }
        let base = self.name.strip_prefix("light").and_then(Self::named);
        base.filter(|base| brightness(base.rgb) < brightness(self.rgb))
            .unwrap_or_else(|| Self::nearest(self.rgb.map(|value| (f32::from(value) * 0.6) as u8)))
    }

    /// A lighter colour of the same hue, under the name nearest to it.
    pub fn lighter(&self) -> Self {
        if let Some(light) = Self::named(&format!("light{}", self.name))
            && brightness(light.rgb) > brightness(self.rgb)
        {
            return light;
        }
        let base = self.name.strip_prefix("dark").and_then(Self::named);
        let lift = |value: u8| value + ((255.0 - f32::from(value)) * 0.5) as u8;
        base.filter(|base| brightness(base.rgb) > brightness(self.rgb))
            .unwrap_or_else(|| Self::nearest(self.rgb.map(lift)))
    }

    /// The value itself under the name of the closest named colour.
    fn nearest(rgb: [u8; 3]) -> Self {
        let distance = |other: &[u8; 3]| -> i32 {
            other.iter().zip(rgb).map(|(a, b)| (i32::from(*a) - i32::from(b)).pow(2)).sum()
        };
        let (name, _) = COLORS.iter().min_by_key(|(_, value)| distance(value)).expect("the colour list is not empty");
        Self { name: name.clone(), rgb }
    }
}

/// Luma of an sRGB value, 0..=255.
fn brightness(rgb: [u8; 3]) -> f32 {
    0.299 * f32::from(rgb[0]) + 0.587 * f32::from(rgb[1]) + 0.114 * f32::from(rgb[2])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn css_names_and_metals_are_known() {
        assert_eq!(Color::named("blue").unwrap().rgb, [0, 0, 255]);
        assert_eq!(Color::named("rebeccapurple").unwrap().rgb, [0x66, 0x33, 0x99]);
        assert!(Color::named("bronze").is_some() && Color::named("gold").is_some());
        assert!(Color::named("Blue ").is_none());
        assert!(Color::names().count() >= 149);
    }

    #[test]
    fn darker_is_darker_and_lighter_is_lighter() {
        for name in Color::names() {
            let color = Color::named(name).unwrap();
            assert!(name == "black" || brightness(color.darker().rgb) < brightness(color.rgb), "{name}");
            assert!(brightness(color.lighter().rgb) >= brightness(color.rgb), "{name}");
        }
        assert_eq!(Color::named("blue").unwrap().darker().name, "darkblue");
    }
}
