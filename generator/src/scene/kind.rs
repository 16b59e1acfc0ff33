//! What an item is, and where on or about the visitor it is.

use std::convert::Infallible;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use thiserror::Error;

/// A name that is not in one of the fixed lists.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("expected a {what} (one of: {known}), got {got:?}; use one of the listed names")]
pub struct ParseNameError {
    /// What was being read: "place", "theme", ...
    pub what: &'static str,
    /// The names that exist, comma separated.
    pub known: String,
    /// The name that was given.
    pub got: String,
}

/// Declares an enum whose variants have fixed snake_case names in JSON and on the command line.
macro_rules! named_enum {
    ($(#[$doc:meta])* $what:literal $name:ident { $($(#[$vdoc:meta])* $variant:ident = $text:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub enum $name { $($(#[$vdoc])* $variant),+ }

        impl $name {
            /// Every value, in declaration order.
            pub const ALL: &'static [$name] = &[$($name::$variant),+];

            /// The name in JSON and on the command line.
            pub fn as_str(self) -> &'static str {
                match self { $($name::$variant => $text),+ }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result { out.write_str(self.as_str()) }
        }

        impl std::str::FromStr for $name {
            type Err = $crate::scene::ParseNameError;

            fn from_str(name: &str) -> Result<Self, Self::Err> {
                Self::ALL.iter().copied().find(|value| value.as_str() == name).ok_or_else(|| {
                    let known: Vec<_> = Self::ALL.iter().map(|value| value.as_str()).collect();
                    $crate::scene::ParseNameError { what: $what, known: known.join(", "), got: name.to_owned() }
                })
            }
        }
    };
}
pub(crate) use named_enum;

/// What an item is: one of the sixteen the house renderer draws, or any other thing by its spoken name.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ItemKind {
    Sword,
    Shield,
    Staff,
    Torch,
    Crown,
    WizardHat,
    Helmet,
    Horns,
    Halo,
    Glasses,
    Mask,
    Beard,
    Necklace,
    Cape,
    Wings,
    Elephant,
    /// A thing outside the house vocabulary, by the name it was asked for ("toaster").
    Other(String),
}

impl ItemKind {
    /// The sixteen kinds of the house vocabulary.
    pub const ALL: [ItemKind; 16] = [
        ItemKind::Sword,
        ItemKind::Shield,
        ItemKind::Staff,
        ItemKind::Torch,
        ItemKind::Crown,
        ItemKind::WizardHat,
        ItemKind::Helmet,
        ItemKind::Horns,
        ItemKind::Halo,
        ItemKind::Glasses,
        ItemKind::Mask,
        ItemKind::Beard,
        ItemKind::Necklace,
        ItemKind::Cape,
        ItemKind::Wings,
        ItemKind::Elephant,
    ];

    /// The name in JSON: snake_case for a house kind, the spoken name for any other.
    pub fn as_str(&self) -> &str {
        match self {
            ItemKind::Sword => "sword",
            ItemKind::Shield => "shield",
            ItemKind::Staff => "staff",
            ItemKind::Torch => "torch",
            ItemKind::Crown => "crown",
            ItemKind::WizardHat => "wizard_hat",
            ItemKind::Helmet => "helmet",
            ItemKind::Horns => "horns",
            ItemKind::Halo => "halo",
            ItemKind::Glasses => "glasses",
            ItemKind::Mask => "mask",
            ItemKind::Beard => "beard",
            ItemKind::Necklace => "necklace",
            ItemKind::Cape => "cape",
            ItemKind::Wings => "wings",
            ItemKind::Elephant => "elephant",
            ItemKind::Other(name) => name,
        }
    }

    /// The kind of that name; any name that is not in the house vocabulary becomes [`ItemKind::Other`].
    pub fn from_name(name: &str) -> Self {
        Self::ALL.into_iter().find(|kind| kind.as_str() == name).unwrap_or_else(|| ItemKind::Other(name.to_owned()))
    }

    /// Whether the house vocabulary has it, so that the built-in renderer can draw it.
    pub fn is_house(&self) -> bool {
        !matches!(self, ItemKind::Other(_))
    }

    /// Where such a thing goes when nobody says where.
    pub fn natural_place(&self) -> Place {
        match self {
            ItemKind::Sword | ItemKind::Shield | ItemKind::Staff | ItemKind::Torch => Place::RightHand,
            ItemKind::Crown | ItemKind::WizardHat | ItemKind::Helmet | ItemKind::Horns | ItemKind::Halo => Place::Head,
            ItemKind::Glasses | ItemKind::Mask | ItemKind::Beard => Place::Face,
            ItemKind::Necklace => Place::Neck,
            ItemKind::Cape | ItemKind::Wings => Place::Back,
            ItemKind::Elephant => Place::Above,
            ItemKind::Other(_) => Place::Beside,
        }
    }

    /// Whether one of them comes as two: a pair of wings.
    pub fn is_pair(&self) -> bool {
        matches!(self, ItemKind::Wings | ItemKind::Glasses | ItemKind::Horns)
    }

    /// The name as an English phrase without article: "wizard hat".
    pub fn words(&self) -> String {
        self.as_str().replace('_', " ")
    }
}

impl fmt::Display for ItemKind {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.as_str())
    }
}

impl FromStr for ItemKind {
    type Err = Infallible;

    fn from_str(name: &str) -> Result<Self, Infallible> {
        Ok(Self::from_name(name))
    }
}

impl Serialize for ItemKind {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for ItemKind {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(|name| Self::from_name(&name))
    }
}

named_enum! {
    /// Where an item is. Right and left are the visitor's own.
    "place" Place {
        RightHand = "right_hand",
        LeftHand = "left_hand",
        BothHands = "both_hands",
        Head = "head",
        Face = "face",
        Neck = "neck",
        Back = "back",
        Above = "above",
        Beside = "beside",
    }
}

impl Place {
    /// Whether the thing is held.
    pub fn is_hand(self) -> bool {
        matches!(self, Place::RightHand | Place::LeftHand | Place::BothHands)
    }

    /// The other hand, for a place that is one hand.
    pub fn other_hand(self) -> Option<Place> {
        match self {
            Place::RightHand => Some(Place::LeftHand),
            Place::LeftHand => Some(Place::RightHand),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kind_names_go_both_ways() {
        for kind in ItemKind::ALL {
            assert_eq!(ItemKind::from_name(kind.as_str()), kind);
            assert_eq!(serde_json::to_string(&kind).unwrap(), format!("{:?}", kind.as_str()));
        }
        assert_eq!(ItemKind::from_name("toaster"), ItemKind::Other("toaster".into()));
        assert!(!ItemKind::from_name("toaster").is_house());
    }

    #[test]
    fn place_names_go_both_ways_and_a_wrong_one_names_the_right_ones() {
        for place in Place::ALL {
            assert_eq!(place.as_str().parse::<Place>().unwrap(), *place);
        }
        let error = "foot".parse::<Place>().unwrap_err().to_string();
        assert!(error.contains("foot") && error.contains("right_hand"), "{error}");
    }
}
