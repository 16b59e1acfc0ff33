//! Words that a mirror in a public place neither shows nor draws.
//!
//! What: a word list per language, applied to the transcript before it reaches the scene, a caption or a prompt.
//! `On` masks the listed words and goes on with the rest; `Strict` also refuses the whole utterance, and knows a
//! longer list (weapons used on people, gore). The lists are data: `lexicon/safety.toml`.

use std::str::FromStr;
use std::sync::LazyLock;

use serde::Deserialize;

use super::kind::named_enum;
use super::understand::normalize::fold;

named_enum! {
    /// How careful the filter is.
    "safety level" SafetyLevel {
        Off = "off",
        On = "on",
        Strict = "strict",
    }
}

/// What the lists say about one language.
#[derive(Debug, Deserialize)]
struct WordList {
    /// Masked from `on` upwards. A trailing `*` lets the word go on ("word*" also finds "words").
    on: Vec<String>,
    /// Masked at `strict` only.
    strict: Vec<String>,
    /// Whether words stand between spaces; otherwise they are found anywhere.
    spaced: bool,
}

static LISTS: LazyLock<std::collections::BTreeMap<String, WordList>> =
    LazyLock::new(|| toml::from_str(include_str!("lexicon/safety.toml")).expect("lexicon/safety.toml is valid"));

/// What came out of the filter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Filtered {
    /// The transcript with the listed words masked.
    pub text: String,
    /// How many words were masked.
    pub masked: usize,
    /// Whether nothing at all should be done with it.
    pub refused: bool,
}

/// Masks listed words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SafetyFilter {
    level: SafetyLevel,
}

impl Default for SafetyFilter {
    fn default() -> Self {
        Self::new(SafetyLevel::On)
    }
}

impl FromStr for SafetyFilter {
    type Err = super::kind::ParseNameError;

    fn from_str(level: &str) -> Result<Self, Self::Err> {
        level.parse().map(Self::new)
    }
}

impl SafetyFilter {
    /// A filter of that strength.
    pub fn new(level: SafetyLevel) -> Self {
        Self { level }
    }

    /// How careful it is.
    pub fn level(self) -> SafetyLevel {
        self.level
    }

    /// The transcript as it may be shown and acted on.
    pub fn filter(self, transcript: &str) -> Filtered {
        let (text, masked) = match self.level {
            SafetyLevel::Off => (transcript.to_owned(), 0),
            SafetyLevel::On | SafetyLevel::Strict => self.mask(transcript),
        };
        Filtered { text, masked, refused: masked > 0 && self.level == SafetyLevel::Strict }
    }

    fn listed(self) -> impl Iterator<Item = (&'static str, bool)> {
        LISTS.values().flat_map(move |list| {
            let strict = if self.level == SafetyLevel::Strict { list.strict.as_slice() } else { &[] };
            list.on.iter().chain(strict).map(|word| (word.as_str(), list.spaced))
        })
    }

    fn mask(self, transcript: &str) -> (String, usize) {
        let chars: Vec<char> = transcript.chars().collect();
        let folded: Vec<char> = chars.iter().map(|&c| fold(c)).collect();
        let mut hidden = vec![false; chars.len()];
        let mut masked = 0;
        let is_letter = |at: usize| folded.get(at).is_some_and(|c| c.is_alphanumeric());
        for (pattern, spaced) in self.listed() {
            let (word, open) = pattern.strip_suffix('*').map_or((pattern, false), |stem| (stem, true));
            let word: Vec<char> = word.chars().collect();
            let mut at = 0;
            while at + word.len() <= folded.len() {
                let starts = !spaced || at == 0 || !is_letter(at - 1);
                let mut end = at + word.len();
                if !starts || folded[at..end] != word[..] || (spaced && !open && is_letter(end)) {
                    at += 1;
                    continue;
                }
                while open && is_letter(end) {
                    end += 1;
                }
                masked += usize::from(!hidden[at]);
                hidden[at..end].fill(true);
                at = end;
            }
        }
        let text = chars.iter().zip(&hidden).map(|(&c, &hide)| if hide { '*' } else { c }).collect();
        (text, masked)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filtered(level: SafetyLevel, text: &str) -> String {
        SafetyFilter::new(level).filter(text).text
    }

    #[test]
    fn listed_words_are_masked_and_others_are_not() {
        assert_eq!(filtered(SafetyLevel::On, "give me a Shitty sword"), "give me a ****** sword");
        assert_eq!(filtered(SafetyLevel::On, "给我一把他妈的剑"), "给我一把***剑");
        assert_eq!(filtered(SafetyLevel::On, "a grape on Dick Grayson's class"), "a grape on Dick Grayson's class");
        assert_eq!(filtered(SafetyLevel::Off, "shit"), "shit");
    }

    #[test]
    fn strict_refuses_and_knows_more() {
        let strict = SafetyFilter::new(SafetyLevel::Strict);
        assert!(strict.filter("give me a gun").refused);
        assert!(!strict.filter("give me a sword").refused);
        assert!(!SafetyFilter::new(SafetyLevel::On).filter("give me a gun").refused);
        assert!(strict.filter("给我一把手枪").refused);
    }

    #[test]
    fn levels_parse_from_their_names() {
        assert_eq!("strict".parse::<SafetyFilter>().unwrap().level(), SafetyLevel::Strict);
        assert!("loud".parse::<SafetyFilter>().is_err());
    }
}
