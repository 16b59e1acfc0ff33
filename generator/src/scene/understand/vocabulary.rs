//! The words that the mirror expects to hear, for a recogniser that leans towards words it is shown.
//!
//! They are read from the lexicon, so a new item, world or style brings its own: what the house renderer draws before what
//! it doesn't.

use std::collections::{BTreeSet, HashSet};

use super::lexicon::{Lexicon, Things};
use crate::scene::{ItemKind, StyleName, Theme};

/// What a recogniser should expect, the likeliest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Vocabulary {
    /// Whole requests, which carry the verbs.
    pub requests: Vec<String>,
    /// Names of things, worlds, styles, colours and materials, none twice.
    pub names: Vec<String>,
}

/// What a recogniser of that language ("en", "zh") should expect; empty for a language without a lexicon.
#[must_use]
pub fn vocabulary(language: &str) -> Vocabulary {
    let lexicon = Lexicon::get();
    let Some(Things { items, worlds, styles, colors, materials }) = lexicon.things(language) else {
        return Vocabulary::default();
    };
    let known = |set: &BTreeSet<String>, names: &[&str]| -> Vec<String> {
        names.iter().filter(|name| set.contains(**name)).map(|name| (*name).to_owned()).collect()
    };
    let drawn: Vec<&str> = ItemKind::ALL.iter().map(ItemKind::as_str).collect();
    let themes: Vec<&str> = Theme::ALL.iter().map(|theme| theme.as_str()).collect();
    let named: Vec<&str> = StyleName::ALL.iter().map(|style| style.as_str()).collect();
    let first =
        [known(items, &drawn), known(worlds, &themes), known(styles, &named), known(colors, MAIN_COLORS)].concat();
    let rest = materials.iter().chain(items).chain(colors);
    let mut seen = HashSet::new();
    let names =
        first.iter().chain(rest).map(|name| lexicon.name(language, name)).filter(|name| seen.insert(name.clone()));
    let names = names.collect();
    let requests = lexicon.reply(language, "examples").split('|').map(str::to_owned).collect();
    Vocabulary { requests, names }
}

/// The colours that everybody names; the other shades come after everything else.
const MAIN_COLORS: &[&str] = &[
    "red", "blue", "green", "yellow", "gold", "silver", "bronze", "purple", "pink", "orange", "brown", "black",
    "white", "grey",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_that_can_be_drawn_is_expected() {
        let Vocabulary { requests, names: english } = vocabulary("en");
        assert!(requests.iter().any(|request| request == "make it bigger"), "{requests:?}");
        let place = |word: &str| english.iter().position(|other| other == word);
        for kind in ItemKind::ALL {
            let word = kind.as_str().replace('_', " ");
            assert!(place(&word).is_some_and(|place| place < 16), "{word} in {english:?}");
        }
        for word in ["ice kingdom", "oil painting", "silver", "dragon"] {
            assert!(place(word).is_some(), "{word} in {english:?}");
        }
        assert!(place("crown") < place("dragon") && place("silver") < place("dragon"));
    }

    #[test]
    fn every_language_speaks_its_own_words() {
        let Vocabulary { requests, names } = vocabulary("zh");
        let chinese = [requests, names].concat();
        for word in ["再大一点", "剑", "巫师帽", "蓝色", "撤销"] {
            assert!(chinese.iter().any(|other| other == word), "{word} in {chinese:?}");
        }
        let foreign: Vec<&String> = chinese.iter().filter(|word| word.is_ascii()).collect();
        assert!(foreign.is_empty(), "[names] has no word for {foreign:?}");
        assert_eq!(vocabulary("xx"), Vocabulary::default());
    }
}
