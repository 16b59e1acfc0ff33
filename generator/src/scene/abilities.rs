//! Items, worlds and styles that a renderer can show, as data. The one authority: a renderer declares them, and the
//! conversation alone speaks of them.

use std::collections::BTreeSet;

use super::{Item, ItemKind, Place, StyleName, Theme};

/// The abilities of one renderer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Abilities {
    /// The engine's family ("house"), which the replies have a name for.
    pub engine: &'static str,
    pub kinds: BTreeSet<ItemKind>,
    pub themes: BTreeSet<Theme>,
    pub styles: BTreeSet<StyleName>,
    /// Things that can fly or stand beside the visitor at once.
    pub most_company: u32,
}

impl Abilities {
    /// Everything of the house vocabulary.
    pub fn house() -> Self {
        Self {
            engine: "house",
            kinds: ItemKind::ALL.into_iter().collect(),
            themes: Theme::ALL.iter().copied().collect(),
            styles: StyleName::ALL.iter().copied().collect(),
            most_company: 4,
        }
    }

    /// Nothing at all: the picture stays as it is.
    pub fn none(engine: &'static str) -> Self {
        Self { engine, kinds: BTreeSet::new(), themes: BTreeSet::new(), styles: BTreeSet::new(), most_company: 0 }
    }

    /// Whether nothing can be shown.
    pub fn is_none(&self) -> bool {
        let Self { engine: _, kinds, themes, styles, most_company: _ } = self;
        kinds.is_empty() && themes.is_empty() && styles.is_empty()
    }

    /// The most things of one entry that are shown at once: one in each hand, a few that keep company, one on the body.
    pub fn most_of(&self, item: &Item) -> u32 {
        match item.place {
            place if place.is_hand() => 2,
            Place::Above | Place::Beside => self.most_company,
            _ => 1,
        }
    }

    /// Whether an item of that kind can be drawn.
    pub fn can_draw(&self, kind: &ItemKind) -> bool {
        self.kinds.contains(kind)
    }

    /// Whether a world can be shown; one without a theme cannot.
    pub fn can_show_world(&self, theme: Option<Theme>) -> bool {
        theme.is_some_and(|theme| self.themes.contains(&theme))
    }

    /// Whether a style can be painted in; one without a name cannot.
    pub fn can_show_style(&self, style: Option<StyleName>) -> bool {
        style.is_some_and(|style| self.styles.contains(&style))
    }
}

impl Default for Abilities {
    fn default() -> Self {
        Self::house()
    }
}
