//! What was probably said, where what was written makes no sense.
//!
//! Recognisers confuse what sounds alike. A word of an alphabetic script is compared by its letters with the words of
//! the lexicon; Chinese characters are compared by their sound with its phrases (一把件 -> 一把剑). Only the second,
//! soft reading of an utterance looks here.

use std::collections::{HashMap, HashSet};

use super::lexicon::Lexicon;
use super::normalize::{Unit, is_han};

/// How many unknown words, and how many characters, of one utterance are looked at.
const MAX_WORDS: usize = 60;
const MAX_CHARACTERS: usize = 240;
/// The longest phrase that is found by its sound, in characters.
const MAX_PHRASE: usize = 5;
/// The most ways to read a phrase that are tried.
const MAX_READINGS: usize = 16;

/// How much of an utterance is taken to be misheard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hearing {
    /// None: it is read as it stands.
    Plain,
    /// Words that make no sense, and Chinese characters beside them.
    Gaps,
    /// Anything that sounds like what people ask a mirror for.
    All,
}

/// The sounds of Chinese characters, and phrases by their sound.
#[derive(Debug, Default)]
pub struct Sounds {
    /// Some characters are read in more ways than one (还: hai, huan).
    of_character: HashMap<char, Vec<String>>,
    /// From the sounds of a phrase to the phrase.
    phrases: HashMap<String, String>,
    known: HashSet<String>,
}

impl Sounds {
    /// Takes one line "jian 剑件键": a syllable and the characters that sound so.
    pub fn add_syllable(&mut self, line: &str) -> Result<(), String> {
        let Some((syllable, characters)) = line.split_once(' ') else {
            return Err(format!("sounds: expected a syllable and characters, got {line:?}"));
        };
        let heard = heard_as(syllable);
        for c in characters.chars() {
            self.of_character.entry(c).or_default().push(heard.clone());
        }
        Ok(())
    }

    /// Makes a phrase one that is found by its sound.
    pub fn add_phrase(&mut self, phrase: &str) {
        let characters: Vec<char> = phrase.chars().collect();
        if !(2..=MAX_PHRASE).contains(&characters.len()) || !characters.iter().all(|&c| is_han(c)) {
            return;
        }
        for key in self.keys(&characters) {
            self.phrases.entry(key).or_insert_with(|| phrase.to_owned());
        }
        self.known.insert(phrase.to_owned());
    }

    /// Every way to read these characters; none where one of them is unknown.
    fn keys(&self, characters: &[char]) -> Vec<String> {
        let mut keys = vec![String::new()];
        for c in characters {
            let Some(sounds) = self.of_character.get(c) else { return Vec::new() };
            keys = keys.iter().flat_map(|key| sounds.iter().map(move |sound| format!("{key} {sound}"))).collect();
            keys.truncate(MAX_READINGS);
        }
        keys
    }

    /// The phrase that these characters sound like, if they are not a phrase themselves.
    fn alike(&self, characters: &[char]) -> Option<&str> {
        let phrase = self.keys(characters).iter().find_map(|key| self.phrases.get(key))?;
        let text: String = characters.iter().collect();
        (!self.known.contains(&text)).then_some(phrase)
    }
}

/// A syllable without what careless ears and many speakers do not tell apart: zh/z, ch/c, sh/s, n/l,
/// -ang/-an, -eng/-en, -ing/-in.
fn heard_as(syllable: &str) -> String {
    let mut text = syllable.to_owned();
    for (from, to) in [("zh", "z"), ("ch", "c"), ("sh", "s"), ("n", "l")] {
        if let Some(rest) = text.strip_prefix(from) {
            text = format!("{to}{rest}");
        }
    }
    if text.ends_with("ang") || text.ends_with("eng") || text.ends_with("ing") {
        text.pop();
    }
    text
}

/// The units as they were probably said. `gaps`: the units that make no sense, where only those may be misheard.
pub fn probably_said(units: &[Unit], lexicon: &Lexicon, gaps: Option<&[bool]>) -> Vec<Unit> {
    let mut said: Vec<Unit> = units.to_vec();
    let unknown = said.iter_mut().filter(|unit| !unit.text.chars().all(is_han) && !lexicon.knows_word(&unit.text));
    for unit in unknown.take(MAX_WORDS) {
        if let Some(known) = lexicon.guess(&unit.text) {
            unit.text = known.to_owned();
        }
    }
    by_sound(&mut said, lexicon.sounds(), gaps);
    said
}

fn by_sound(units: &mut [Unit], sounds: &Sounds, gaps: Option<&[bool]>) {
    let mut at = 0;
    while at < units.len().min(MAX_CHARACTERS) {
        let characters: Vec<char> = units[at..]
            .iter()
            .take(MAX_PHRASE)
            .map_while(|unit| unit.text.chars().next().filter(|&c| is_han(c)))
            .collect();
        let open = |length: usize| gaps.is_none_or(|gaps| gaps[at..at + length].contains(&true));
        let longest = (2..=characters.len())
            .rev()
            .filter(|&length| open(length))
            .find_map(|length| sounds.alike(&characters[..length]).map(str::to_owned));
        match longest {
            Some(phrase) => {
                for (unit, c) in units[at..].iter_mut().zip(phrase.chars()) {
                    unit.text = c.to_string();
                }
                at += phrase.chars().count();
            }
            None => at += 1,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::normalize::units;
    use super::*;

    fn said(text: &str) -> String {
        let lexicon = Lexicon::get();
        let words: Vec<String> =
            probably_said(&units(text, lexicon), lexicon, None).into_iter().map(|unit| unit.text).collect();
        words.concat()
    }

    #[test]
    fn characters_that_sound_alike_become_the_phrase() {
        assert_eq!(said("一把件"), "一把剑");
        assert_eq!(said("一对赤膀"), "一对翅膀");
        assert_eq!(said("给我一把剑"), "给我一把剑");
        assert_eq!(said("现在几点了"), "现在几点了");
        assert_eq!(said("给我一个光还"), "给我一个光环");
    }

    #[test]
    fn careless_ears_hear_the_same() {
        assert_eq!(heard_as("zhang"), "zan");
        assert_eq!(heard_as("zan"), "zan");
        assert_ne!(heard_as("long"), heard_as("lon"));
    }
}
