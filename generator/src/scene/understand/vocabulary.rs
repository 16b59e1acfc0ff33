//! The words that the mirror expects to hear, for a recogniser that leans towards words it is shown.
//!
//! They are read from the lexicon, so a new item, world or style brings its own: what the house renderer draws before what
//! it doesn't.

use super::lexicon::{LANGUAGES, Lexicon, Lists, Sections};
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
    let Some((language, files)) = LANGUAGES.iter().find(|(code, _)| *code == language) else {
        return Vocabulary::default();
    };
    let lexicon = Lexicon::get();
    // The lexicon itself was read from the same files, so none is wrong here.
    let sections: Vec<Sections> = files.iter().filter_map(|text| toml::from_str(text).ok()).collect();
    let lists = |of: fn(&Sections) -> &Lists| -> Vec<(&str, &Vec<String>)> {
        sections.iter().flat_map(of).map(|(name, phrases)| (name.as_str(), phrases)).collect()
    };
    let spoken = |name: &str, patterns: Option<&Vec<String>>| -> Option<String> {
        let named = lexicon.name(language, name);
        match patterns {
            // A name that is not in the language's own list is the English one.
            Some(patterns) if *language != "en" && named == name.replace('_', " ") => shortest(patterns),
            _ => Some(named),
        }
    };
    let (items, worlds, styles) =
        (lists(|section| &section.items), lists(|section| &section.worlds), lists(|section| &section.styles));
    let (colors, materials) = (lists(|section| &section.colors), lists(|section| &section.materials));
    let find = |list: &[(&str, &Vec<String>)], name: &str| -> Option<String> {
        let (_, patterns) = list.iter().find(|(other, _)| *other == name)?;
        spoken(name, Some(patterns))
    };
    let requests = lexicon.reply(language, "examples").split('|').map(str::to_owned).collect();
    let mut words: Vec<String> = ItemKind::ALL.iter().filter_map(|kind| find(&items, kind.as_str())).collect();
    words.extend(Theme::ALL.iter().filter_map(|theme| find(&worlds, theme.as_str())));
    words.extend(StyleName::ALL.iter().filter_map(|style| find(&styles, style.as_str())));
    let plain = colors.iter().filter(|(name, _)| MAIN_COLORS.contains(name));
    words.extend(plain.filter_map(|(name, patterns)| spoken(name, Some(patterns))));
    words.extend(materials.iter().filter_map(|(name, patterns)| spoken(name, Some(patterns))));
    words.extend(items.iter().filter_map(|(name, patterns)| spoken(name, Some(patterns))));
    words.extend(colors.iter().filter_map(|(name, patterns)| spoken(name, Some(patterns))));
    let mut seen = std::collections::HashSet::new();
    words.retain(|word| !word.trim().is_empty() && seen.insert(word.clone()));
    Vocabulary { requests, names: words }
}

/// The colours that everybody names; the other shades come after everything else.
const MAIN_COLORS: &[&str] = &[
    "red", "blue", "green", "yellow", "gold", "silver", "bronze", "purple", "pink", "orange", "brown", "black",
    "white", "grey",
];

/// The shortest thing that one of these patterns stands for, two letters at least.
fn shortest(patterns: &[String]) -> Option<String> {
    let said = patterns.iter().map(|pattern| first_of(pattern)).filter(|said| said.chars().count() >= 2);
    let single = || patterns.first().map(|pattern| first_of(pattern)).filter(|said| !said.is_empty());
    said.min_by_key(|said| said.chars().count()).or_else(single)
}

/// The first alternative of every bracket, without what is optional.
fn first_of(pattern: &str) -> String {
    let (mut said, mut stack) = (String::new(), Vec::new());
    // Whether each open bracket still speaks: an optional one never does, an alternative until its first bar.
    for letter in pattern.chars() {
        match letter {
            '(' => stack.push(true),
            '[' => stack.push(false),
            ')' | ']' => drop(stack.pop()),
            '|' => {
                if let Some(speaks) = stack.last_mut() {
                    *speaks = false;
                }
            }
            _ if stack.iter().all(|speaks| *speaks) => said.push(letter),
            _ => {}
        }
    }
    said.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_become_what_somebody_would_say() {
        assert_eq!(first_of("(冰雪|冰)[的](王国|世界)"), "冰雪王国");
        assert_eq!(first_of("(take|bring) me [back [right]] to"), "take me to");
        assert_eq!(shortest(&["(周围|四周)[都]是(冰|雪)".into(), "(火|炎)山".into()]).as_deref(), Some("火山"));
    }

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
        assert!(foreign.is_empty(), "{foreign:?}");
        assert_eq!(vocabulary("xx"), Vocabulary::default());
    }
}
