//! What visitors say to the mirror itself: greetings, questions, things that no mirror can do, and requests that wait
//! for something to happen. None of these changes the scene.
//!
//! An utterance counts as such talk only if all of it is, so that "hello, give me a sword" is a request. What people say
//! and what is answered are data (`talk.toml`).

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::Deserialize;

use super::languages::{LANGUAGES, Language};
use super::lexicon::Lexicon;
use super::normalize::{Gap, Unit, units};
use super::phrases::Phrases;
use super::tag::Tag;

/// The longest utterance that is looked at, in units.
const MAX_UNITS: usize = 60;

/// The most units between 一 and 就.
const MAX_BETWEEN: usize = 6;

/// What a visitor says to the mirror.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Talk {
    Yes,
    Hello,
    Goodbye,
    Thanks,
    Stop,
    Fairest,
    Who,
    Private,
    Scene,
    Help,
    /// To another world.
    Elsewhere,
    /// Another one: a world, where that is all there is.
    Another,
    /// Something that no mirror can do, and the honest reason.
    Cannot(&'static str),
}

impl Talk {
    fn named(name: &str) -> Option<Self> {
        Some(match name {
            "yes" => Self::Yes,
            "hello" => Self::Hello,
            "goodbye" => Self::Goodbye,
            "thanks" => Self::Thanks,
            "stop" => Self::Stop,
            "fairest" => Self::Fairest,
            "who" => Self::Who,
            "private" => Self::Private,
            "scene" => Self::Scene,
            "help" => Self::Help,
            "elsewhere" => Self::Elsewhere,
            "another" => Self::Another,
            _ => return None,
        })
    }
}

/// Examples of requests: each of the lists of things begins with the name that it brings.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Examples {
    pub items: Vec<String>,
    pub changes: Vec<String>,
    pub worlds: Vec<String>,
    pub styles: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Said {
    said: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Cannot {
    said: Vec<String>,
    why: String,
}

/// 一……就: "as soon as".
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct AtOnce {
    one: String,
    then: String,
    /// Characters that make "one" a number, and those that make "then" a "just".
    not_after_one: String,
    not_after_then: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Conditions {
    when: Vec<String>,
    /// Those who do what is waited for; in a language without such a list everything but `asks` is waited for.
    who: Vec<String>,
    asks: Vec<String>,
    timed: Vec<String>,
    polite: Vec<String>,
    at_once: Option<AtOnce>,
}

/// The file of one language.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    fillers: Said,
    acts: BTreeMap<String, Vec<String>>,
    cannot: BTreeMap<String, Cannot>,
    conditions: Conditions,
    examples: Examples,
}

/// One language's phrases.
struct Spoken {
    language: &'static str,
    fillers: Phrases,
    talks: Vec<(Talk, Phrases)>,
    when: Phrases,
    who: Option<Phrases>,
    asks: Phrases,
    timed: Phrases,
    polite: Phrases,
    at_once: Option<AtOnce>,
    examples: Examples,
}

static SPOKEN: LazyLock<Vec<Spoken>> = LazyLock::new(|| LANGUAGES.iter().map(Spoken::load).collect());

impl Spoken {
    fn load(language: &Language) -> Self {
        let name = language.name;
        let File { fillers, acts, cannot, conditions, examples } =
            toml::from_str(language.talk).unwrap_or_else(|error| panic!("talk of {name}: {error}"));
        let acts = acts.into_iter().map(|(act, said)| {
            (Talk::named(&act).unwrap_or_else(|| panic!("talk of {name}: there is no act {act:?}")), phrases(&said))
        });
        // The lexicon lives as long as the program.
        let cannot = cannot.into_values().map(|Cannot { said, why }| (Talk::Cannot(why.leak()), phrases(&said)));
        Self {
            language: name,
            fillers: phrases(&fillers.said),
            talks: acts.chain(cannot).collect(),
            when: phrases(&conditions.when),
            who: (!conditions.who.is_empty()).then(|| phrases(&conditions.who)),
            asks: phrases(&conditions.asks),
            timed: phrases(&conditions.timed),
            polite: phrases(&conditions.polite),
            at_once: conditions.at_once,
            examples,
        }
    }
}

fn phrases(patterns: &[String]) -> Phrases {
    let lexicon = Lexicon::get();
    let words = |text: &str| units(text, lexicon).into_iter().map(|unit| unit.text).collect::<Vec<_>>();
    let mut phrases = Phrases::default();
    for pattern in patterns {
        phrases.add(pattern, Tag::Word, false, &words).unwrap_or_else(|problem| panic!("talk: {problem}"));
    }
    phrases
}

/// The lengths of the phrases that start at the first unit.
fn lengths(phrases: &Phrases, units: &[Unit]) -> Vec<usize> {
    let mut found = Vec::new();
    phrases.at(units, false, &mut found);
    found.into_iter().map(|found| found.length).collect()
}

/// What all of an utterance says to the mirror; of several things the one that most needs an answer.
pub fn talk(units: &[Unit]) -> Option<Talk> {
    if units.is_empty() || units.len() > MAX_UNITS {
        return None;
    }
    // The best talk that covers the units up to each place; `None` where they are not covered.
    let mut covered: Vec<Option<Option<Talk>>> = vec![None; units.len() + 1];
    covered[0] = Some(None);
    for at in 0..units.len() {
        let Some(so_far) = covered[at] else { continue };
        let mut reach = |length: usize, talk: Option<Talk>| {
            let best = covered[at + length].flatten().max(so_far).max(talk);
            covered[at + length] = Some(best);
        };
        for spoken in SPOKEN.iter() {
            lengths(&spoken.fillers, &units[at..]).into_iter().for_each(|length| reach(length, None));
            for (talk, phrases) in &spoken.talks {
                lengths(phrases, &units[at..]).into_iter().for_each(|length| reach(length, Some(*talk)));
            }
        }
    }
    covered[units.len()].flatten()
}

/// Whether an utterance, or a part of it, is to happen only when something else does, or later.
pub fn waits(units: &[Unit]) -> bool {
    SPOKEN.iter().any(|spoken| {
        let mut at = 0;
        while at < units.len() {
            let rest = &units[at..];
            if let Some(polite) = lengths(&spoken.polite, rest).into_iter().max() {
                at += polite;
                continue;
            }
            let someone = |length: usize| match &spoken.who {
                Some(who) => !lengths(who, &rest[length..]).is_empty(),
                None => length < rest.len() && lengths(&spoken.asks, &rest[length..]).is_empty(),
            };
            if lengths(&spoken.when, rest).into_iter().any(someone)
                || !lengths(&spoken.timed, rest).is_empty()
                || spoken.at_once.as_ref().is_some_and(|at_once| at_once.begins(units, at))
            {
                return true;
            }
            at += 1;
        }
        false
    })
}

impl AtOnce {
    fn begins(&self, units: &[Unit], at: usize) -> bool {
        let is_in = |unit: Option<&Unit>, list: &str| unit.is_some_and(|unit| list.contains(unit.text.as_str()));
        if units[at].text != self.one || is_in(units.get(at + 1), &self.not_after_one) {
            return false;
        }
        let between =
            units.iter().enumerate().skip(at + 2).take(MAX_BETWEEN).take_while(|(_, unit)| unit.gap != Gap::Stop);
        between
            .into_iter()
            .any(|(then, unit)| unit.text == self.then && !is_in(units.get(then + 1), &self.not_after_then))
    }
}

/// The examples of a language, or the English ones.
pub fn examples(language: &str) -> &'static Examples {
    let spoken = SPOKEN.iter().find(|spoken| spoken.language == language);
    &spoken.unwrap_or(&SPOKEN[0]).examples
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(text: &str) -> Vec<Unit> {
        units(text, Lexicon::get())
    }

    #[test]
    fn all_of_an_utterance_must_be_talk() {
        for (text, expected) in [
            ("what can you do", Some(Talk::Help)),
            ("Hello! What can you do?", Some(Talk::Help)),
            ("mirror mirror on the wall who is the fairest of them all", Some(Talk::Fairest)),
            ("你能做什么", Some(Talk::Help)),
            ("你好魔镜", Some(Talk::Hello)),
            ("hello give me a sword", None),
            ("stop recording", None),
            ("please", None),
            ("", None),
        ] {
            assert_eq!(talk(&said(text)), expected, "{text}");
        }
    }

    #[test]
    fn conditions_wait_and_politeness_does_not() {
        for text in [
            "when I clap make it snow",
            "make it snow when I clap",
            "if i jump turn me into a knight",
            "in ten seconds give me a crown",
            "every time i wave the elephant says hello",
            "after three claps take a picture",
            "我一拍手就下雪",
            "每次我跳就给我一把剑",
            "只要我张嘴就喷火",
            "当我举手的时候给我一把剑",
            "when dad comes give me a crown",
            "give me a crown as soon as music plays",
            "when clapping give me a sword",
            "如果我跳就变成骑士",
            "十秒后给我王冠",
        ] {
            assert!(waits(&said(text)), "{text}");
        }
        for text in [
            "if you can give me a crown",
            "give me a crown when you can",
            "when you are ready give me a sword",
            "when will you give me a sword",
            "give me a sword if possible",
            "一把剑就好",
            "给我一把剑就行",
            "如果可以的话给我一把剑",
            "等一下，给我一顶王冠",
            "once more",
            "give me a red sword",
            "在我头上放一顶王冠",
            "我只要王冠",
        ] {
            assert!(!waits(&said(text)), "{text}");
        }
    }
}
