//! "Mirror, mirror": the mirror answers to its name.
//!
//! A filter on finals. Asleep it lets nothing through; the wake phrase wakes it, and what follows the phrase in the same
//! breath is said to it. It stays awake for some seconds after each utterance, so that "make it blue" needs no phrase.

use crate::transcript::Transcript;

/// What people say to wake it; letters only, lower case. Longer ones first.
const PHRASES: &[&str] = &["mirrormirroronthewall", "mirrormirror", "魔镜魔镜", "魔鏡魔鏡"];

/// What is to be done with a transcript.
#[derive(Clone, Debug, PartialEq)]
pub enum Heard {
    /// Not meant for the mirror.
    Ignored,
    /// Only the phrase.
    Woken,
    /// To be said to the mirror, without the phrase.
    Said(Transcript),
}

/// The filter.
#[derive(Clone, Debug)]
pub struct WakeFilter {
    stays_awake_s: f64,
    /// Stream time until which it is awake, seconds.
    awake_until_s: f64,
}

impl WakeFilter {
    /// Stays awake that long after the end of each utterance that was meant for it.
    #[must_use]
    pub fn new(stays_awake_s: f64) -> Self {
        Self { stays_awake_s, awake_until_s: f64::NEG_INFINITY }
    }

    /// Takes a final transcript.
    pub fn hear(&mut self, transcript: &Transcript) -> Heard {
        let heard = match after_phrase(&transcript.text) {
            Some("") => Heard::Woken,
            Some(rest) => Heard::Said(Transcript { text: rest.to_owned(), ..transcript.clone() }),
            None if transcript.span.start_s <= self.awake_until_s => Heard::Said(transcript.clone()),
            None => return Heard::Ignored,
        };
        self.awake_until_s = transcript.span.end_s + self.stays_awake_s;
        heard
    }

    /// The words of a partial that are meant for the mirror so far; `None` where it is not spoken to.
    #[must_use]
    pub fn glance<'a>(&self, partial: &'a Transcript) -> Option<&'a str> {
        let awake = partial.span.start_s <= self.awake_until_s;
        after_phrase(&partial.text).or_else(|| awake.then_some(partial.text.as_str()))
    }

    /// Whether something said at that second of the stream is meant for it without the phrase.
    #[must_use]
    pub fn is_awake(&self, at_s: f64) -> bool {
        at_s <= self.awake_until_s
    }

    /// Falls asleep, as when a visitor leaves.
    pub fn sleep(&mut self) {
        self.awake_until_s = f64::NEG_INFINITY;
    }
}

/// What follows the wake phrase in a text; `None` without it.
fn after_phrase(text: &str) -> Option<&str> {
    split_at_phrase(text).map(|(_, after)| after)
}

/// What stands before and after the wake phrase, wherever that is at the beginning of a word, both without what is no
/// letter at their ends; `None` without it.
#[must_use]
pub fn split_at_phrase(text: &str) -> Option<(&str, &str)> {
    let starts = text.char_indices().scan(' ', |before, (at, letter)| {
        let begins_word = !before.is_alphanumeric() || !letter.is_ascii();
        *before = letter;
        Some((at, begins_word))
    });
    starts.filter(|(_, begins_word)| *begins_word).find_map(|(at, _)| {
        let end = PHRASES.iter().find_map(|phrase| match_letters(&text[at..], phrase))?;
        let [before, after] =
            [&text[..at], &text[at + end..]].map(|part| part.trim_matches(|letter: char| !letter.is_alphanumeric()));
        Some((before, after))
    })
}

/// The byte behind `phrase` at the beginning of `text`, whatever stands between its letters.
fn match_letters(text: &str, phrase: &str) -> Option<usize> {
    let mut wanted = phrase.chars().peekable();
    for (at, letter) in text.char_indices() {
        if !letter.is_alphanumeric() {
            continue;
        }
        if wanted.next() != letter.to_lowercase().next() {
            return None;
        }
        if wanted.peek().is_none() {
            let end = at + letter.len_utf8();
            let word_goes_on = text[end..].starts_with(|next: char| next.is_ascii_alphanumeric());
            return (!word_goes_on || !letter.is_ascii()).then_some(end);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transcript::Span;

    fn said(text: &str, start_s: f64) -> Transcript {
        let span = Span { start_s, end_s: start_s + 1.0 };
        Transcript { text: text.into(), span, is_final: true, language: None }
    }

    #[test]
    fn the_phrase_is_found_however_it_is_written() {
        assert_eq!(after_phrase("Mirror, mirror: give me a crown."), Some("give me a crown"));
        assert_eq!(after_phrase("Um, mirror mirror on the wall, make it blue!"), Some("make it blue"));
        assert_eq!(after_phrase("魔镜魔镜，给我一把剑。"), Some("给我一把剑"));
        assert_eq!(after_phrase("Mirror. Mirror."), Some(""));
        assert_eq!(after_phrase("嘿，魔鏡，魔鏡！"), Some(""));
        assert_eq!(split_at_phrase("Give me a crown, mirror, mirror."), Some(("Give me a crown", "")));
        assert_eq!(split_at_phrase(" - Mirror, mirror: undo"), Some(("", "undo")));
    }

    #[test]
    fn other_words_are_not_the_phrase() {
        for text in ["give me a mirror", "mirror", "mirror mirrors everywhere", "terror mirror", "魔镜", ""] {
            assert_eq!(after_phrase(text), None, "{text}");
        }
    }

    #[test]
    fn it_wakes_stays_awake_and_falls_asleep() {
        let mut filter = WakeFilter::new(8.0);
        assert_eq!(filter.hear(&said("give me a crown", 0.0)), Heard::Ignored);
        assert_eq!(filter.hear(&said("mirror mirror", 2.0)), Heard::Woken);
        assert!(
            matches!(filter.hear(&said("give me a crown", 5.0)), Heard::Said(said) if said.text == "give me a crown")
        );
        assert!(matches!(filter.hear(&said("make it blue", 13.0)), Heard::Said(_)));
        assert_eq!(filter.hear(&said("what's for lunch", 30.0)), Heard::Ignored);
        assert!(matches!(filter.hear(&said("Mirror mirror, undo", 31.0)), Heard::Said(said) if said.text == "undo"));
        let partial = |text: &str| Transcript { is_final: false, ..said(text, 33.0) };
        assert_eq!(filter.glance(&partial("make it")), Some("make it"));
        filter.sleep();
        assert_eq!(filter.glance(&partial("make it")), None);
        assert_eq!(filter.glance(&partial("mirror mirror make")), Some("make"));
        assert!(!filter.is_awake(33.0));
        assert_eq!(filter.hear(&said("make it blue", 33.0)), Heard::Ignored);
    }
}
