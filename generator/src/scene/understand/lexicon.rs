//! What people say, as data: phrases of every language, each with the concept it stands for.
//!
//! The files under `lexicon/` hold sections of `concept = [phrases]`. A phrase may hold alternatives and optional
//! parts: `"(take|bring) me [back] to"`. All languages live in one automaton over [`Unit`]s, so that a sentence may
//! mix them. It also holds what recognisers write instead ("soared"), which counts only in a second, soft reading.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::LazyLock;

use serde::Deserialize;

use super::hearing::Sounds;
use super::languages::{LANGUAGES, Language};
use super::normalize::{Unit, units};
use super::phrases::{Found, Phrases};
use super::tag::{Act, ItemWord, Mark, PlaceRef, Pron, Role, SizeChange, Tag};
use crate::scene::{Color, ItemKind, Place, StyleName, Theme};

/// Sections of one language's files, merged.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Sections {
    items: Lists,
    generic: Lists,
    places_of_items: BTreeMap<String, Vec<String>>,
    colors: Lists,
    alike: Lists,
    alike_patterns: Lists,
    shades: Lists,
    sizes: Lists,
    sizes_alike: Lists,
    sizes_alike_patterns: Lists,
    degrees: Lists,
    materials: Lists,
    counts: Lists,
    places: Lists,
    worlds: Lists,
    styles: Lists,
    roles: BTreeMap<String, RoleEntry>,
    pronouns: Lists,
    acts: Lists,
    marks: Lists,
    sounds_like: Lists,
    respell: BTreeMap<String, String>,
    words: Words,
    replies: BTreeMap<String, String>,
    names: BTreeMap<String, String>,
}

type Lists = BTreeMap<String, Vec<String>>;

/// Lists of single words.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Words {
    /// Sounds of thinking, dropped before anything else.
    hesitation: Vec<String>,
    /// Words whose repetition means something.
    repeating: Vec<String>,
    /// Nouns that nobody wants to see in a mirror ("a second").
    not_things: Vec<String>,
    /// Words that only soften a request ("maybe"), and the words of a request behind which they may stand.
    softeners: Vec<String>,
    softened: Vec<String>,
    request: Vec<String>,
    /// Words that are often written without the spaces between them.
    glued: Vec<String>,
    /// Ordinary words that look like words of the lexicon and must never be taken for them.
    lookalikes: Vec<String>,
    /// "traditional simplified" character pairs.
    simplify: Vec<String>,
    /// Syllables, each with the characters that sound so.
    sounds: Vec<String>,
    /// Phrases found by their sound, beside those of things, colours, places, worlds, styles and roles.
    by_sound: Vec<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct RoleEntry {
    items: Vec<String>,
    /// Things that one can also be ("make me a butterfly").
    things: Vec<String>,
    world: Option<String>,
    words: Vec<String>,
}

/// How a misheard phrase may be found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Guess {
    No,
    Letters,
    LettersAndSound,
}

/// What a language has words for, by name.
#[derive(Debug, Default)]
pub struct Things {
    pub items: BTreeSet<String>,
    pub worlds: BTreeSet<String>,
    pub styles: BTreeSet<String>,
    pub colors: BTreeSet<String>,
    pub materials: BTreeSet<String>,
}

/// Every phrase of every language.
#[derive(Debug)]
pub struct Lexicon {
    phrases: Phrases,
    respell: HashMap<String, String>,
    simplify: HashMap<char, char>,
    hesitation: HashSet<String>,
    repeating: HashSet<String>,
    not_things: HashSet<String>,
    softeners: HashSet<String>,
    softened: HashSet<String>,
    /// Words that a name does not begin with ("make it night" is none).
    request_words: HashSet<String>,
    roles_of_things: HashMap<String, Role>,
    glued: Vec<String>,
    lookalikes: HashSet<String>,
    /// Words worth guessing from a misspelling.
    guessable: Vec<String>,
    replies: HashMap<&'static str, BTreeMap<String, String>>,
    names: HashMap<&'static str, BTreeMap<String, String>>,
    things: HashMap<&'static str, Things>,
    sounds: Sounds,
    problems: Vec<String>,
}

static LEXICON: LazyLock<Lexicon> = LazyLock::new(Lexicon::load);

impl Lexicon {
    /// The lexicon of the files this program was built with.
    pub fn get() -> &'static Lexicon {
        &LEXICON
    }

    /// The simplified form of a Chinese character.
    pub fn simplified(&self, c: char) -> char {
        self.simplify.get(&c).copied().unwrap_or(c)
    }

    /// How the lexicon spells a word that people spell otherwise, as words between spaces.
    pub fn respelled(&self, word: &str) -> Option<&str> {
        self.respell.get(word).map(String::as_str)
    }

    /// What sounds like what.
    pub fn sounds(&self) -> &Sounds {
        &self.sounds
    }

    /// Whether some phrase holds that word.
    pub fn knows_word(&self, word: &str) -> bool {
        self.phrases.knows_word(word)
    }

    /// Whether it is a sound of thinking ("um").
    pub fn is_hesitation(&self, word: &str) -> bool {
        self.hesitation.contains(word)
    }

    /// Whether saying the word twice means more than saying it once.
    pub fn repeats_with_meaning(&self, word: &str) -> bool {
        self.repeating.contains(word)
    }

    /// Whether the last word of a wish is something that a mirror can't show ("a second").
    pub fn is_no_thing(&self, words: &str) -> bool {
        let last = words.rsplit(' ').next().unwrap_or(words);
        self.not_things.contains(words) || self.not_things.contains(last)
    }

    /// The words that were written as one: "givemea" -> give, me, a. One of them must be long enough to tell.
    pub fn unglued(&self, word: &str) -> Option<Vec<&str>> {
        let parts = self.parts(word)?;
        let tells = parts.iter().any(|part| part.len() >= 4);
        (parts.len() > 1 && tells).then_some(parts)
    }

    fn parts(&self, word: &str) -> Option<Vec<&str>> {
        if word.is_empty() {
            return Some(Vec::new());
        }
        let starts = self.glued.iter().filter_map(|part| Some((part.as_str(), word.strip_prefix(part.as_str())?)));
        let mut cuts = starts.filter_map(|(part, rest)| {
            let mut parts = self.parts(rest)?;
            parts.insert(0, part);
            Some(parts)
        });
        cuts.next()
    }

    /// Whether a word only softens a request ("maybe").
    pub fn softens(&self, word: &str) -> bool {
        self.softeners.contains(word)
    }

    /// Whether such a word may stand behind this one within a request ("could", "we").
    pub fn is_softened(&self, word: &str) -> bool {
        self.softened.contains(word)
    }

    /// Who one is as that thing.
    pub fn role_of_thing(&self, words: &str) -> Option<&Role> {
        self.roles_of_things.get(words)
    }

    /// Whether these words are a thing of the lexicon.
    pub fn knows_thing(&self, words: &str) -> bool {
        let units = units(words, self);
        let mut found = Vec::new();
        self.phrases_at(&units, false, &mut found);
        found.iter().any(|found| found.length == units.len() && matches!(found.tag, Tag::Item(_)))
    }

    /// The reply of that name in that language, or in English.
    pub fn reply(&self, language: &str, name: &str) -> &str {
        let find = |language: &str| self.replies.get(language).and_then(|replies| replies.get(name));
        find(language).or_else(|| find("en")).map_or("", String::as_str)
    }

    /// What a kind, place, theme, style, colour or material is called in that language.
    pub fn name(&self, language: &str, name: &str) -> String {
        let own = self.names.get(language).and_then(|names| names.get(name));
        own.cloned().unwrap_or_else(|| name.replace('_', " "))
    }

    /// A world's name as it stands in a sentence, with its article where the language has one.
    pub fn place_name(&self, language: &str, theme: &str) -> String {
        let own = self.replies.get(language).and_then(|replies| replies.get(&format!("place_{theme}")));
        own.cloned().unwrap_or_else(|| self.name(language, theme))
    }

    /// Whether these words ask for something ("make it night") rather than name it.
    pub fn is_request(&self, words: &str) -> bool {
        let mut found = Vec::new();
        self.phrases_at(&units(words, self), false, &mut found);
        let act = |found: &Found| matches!(found.tag, Tag::Act(_) | Tag::Pron(_));
        let first = words.split_whitespace().next().unwrap_or("");
        found.iter().any(act) || self.request_words.contains(first)
    }

    /// What there are words for in that language; `None` for a language without a lexicon.
    pub fn things(&self, language: &str) -> Option<&Things> {
        self.things.get(language)
    }

    /// What is wrong with the files: an empty list, or a line for each.
    #[cfg(test)]
    pub fn problems(&self) -> &[String] {
        &self.problems
    }

    /// Every phrase that starts at the first of these units: its length, and what it stands for.
    pub fn phrases_at<'a>(&'a self, units: &[Unit], soft: bool, found: &mut Vec<Found<'a>>) {
        self.phrases.at(units, soft, found);
    }

    /// The word of the lexicon that a misheard or misspelled word most likely is.
    pub fn guess(&self, word: &str) -> Option<&str> {
        let length = word.chars().count();
        if !(4..=16).contains(&length)
            || self.knows_word(word)
            || self.lookalikes.contains(word)
            || self.not_things.contains(word)
            || !word.is_ascii()
        {
            return None;
        }
        let allowed = if length >= 8 { 2 } else { 1 };
        let mut best: Option<(usize, &str)> = None;
        let mut tie = false;
        for known in &self.guessable {
            if known.len().abs_diff(length) > allowed || known.as_bytes()[0] != word.as_bytes()[0] {
                continue;
            }
            let distance = edit_distance(word.as_bytes(), known.as_bytes());
            if distance > allowed {
                continue;
            }
            match best {
                Some((least, _)) if distance > least => {}
                // The shorter of a word and its plural stands for both.
                Some((least, other)) if distance == least && known.starts_with(other) => {}
                Some((least, _)) if distance == least => tie = true,
                _ => {
                    best = Some((distance, known));
                    tie = false;
                }
            }
        }
        best.filter(|_| !tie).map(|(_, known)| known)
    }

    fn load() -> Self {
        let mut lexicon = Lexicon {
            phrases: Phrases::default(),
            respell: HashMap::new(),
            simplify: HashMap::new(),
            hesitation: HashSet::new(),
            repeating: HashSet::new(),
            not_things: HashSet::new(),
            softeners: HashSet::new(),
            softened: HashSet::new(),
            request_words: HashSet::new(),
            roles_of_things: HashMap::new(),
            glued: Vec::new(),
            lookalikes: HashSet::new(),
            guessable: Vec::new(),
            replies: HashMap::new(),
            names: HashMap::new(),
            things: HashMap::new(),
            sounds: Sounds::default(),
            problems: Vec::new(),
        };
        for Language { name: language, files, talk: _ } in LANGUAGES {
            let sections: Vec<Sections> = files
                .iter()
                .map(|text| toml::from_str(text).unwrap_or_else(|error| panic!("lexicon of {language}: {error}")))
                .collect();
            // Spelling first: the phrases themselves are read through it.
            for section in &sections {
                lexicon.add_words(section);
            }
            for section in sections {
                lexicon.add_sections(language, section);
            }
        }
        lexicon.guessable.sort();
        lexicon.guessable.dedup();
        lexicon
    }

    fn add_words(&mut self, section: &Sections) {
        let Words {
            softeners,
            softened,
            request,
            hesitation,
            repeating,
            not_things,
            glued,
            lookalikes,
            simplify,
            sounds,
            by_sound,
        } = &section.words;
        let wrong = sounds.iter().filter_map(|line| self.sounds.add_syllable(line).err()).collect::<Vec<_>>();
        self.problems.extend(wrong);
        by_sound.iter().flat_map(|line| line.split_whitespace()).for_each(|phrase| self.sounds.add_phrase(phrase));
        self.hesitation.extend(hesitation.iter().cloned());
        self.repeating.extend(repeating.iter().cloned());
        self.glued.extend(glued.iter().cloned());
        self.not_things.extend(not_things.iter().cloned());
        self.softeners.extend(softeners.iter().cloned());
        self.softened.extend(softened.iter().cloned());
        self.request_words.extend(request.iter().cloned());
        self.lookalikes.extend(lookalikes.iter().flat_map(|line| line.split_whitespace()).map(str::to_owned));
        for line in simplify {
            for pair in line.split_whitespace() {
                let mut chars = pair.chars();
                if let (Some(from), Some(to), None) = (chars.next(), chars.next(), chars.next()) {
                    self.simplify.insert(from, to);
                } else {
                    self.problems.push(format!("simplify: expected two characters, got {pair:?}"));
                }
            }
        }
        self.respell.extend(section.respell.iter().map(|(from, to)| (from.clone(), to.clone())));
    }

    fn add_sections(&mut self, language: &'static str, section: Sections) {
        let Sections {
            items,
            generic,
            places_of_items,
            colors,
            alike,
            alike_patterns,
            shades,
            sizes,
            sizes_alike,
            sizes_alike_patterns,
            degrees,
            materials,
            counts,
            places,
            worlds,
            styles,
            roles,
            pronouns,
            acts,
            marks,
            sounds_like,
            respell: _,
            words: _,
            replies,
            names,
        } = section;
        self.replies.entry(language).or_default().extend(replies);
        self.names.entry(language).or_default().extend(names);
        let things = self.things.entry(language).or_default();
        for (known, lists) in [
            (&mut things.items, &items),
            (&mut things.worlds, &worlds),
            (&mut things.styles, &styles),
            (&mut things.colors, &colors),
            (&mut things.materials, &materials),
        ] {
            known.extend(lists.keys().cloned());
        }
        let place_of = |name: &str| -> Option<Place> {
            let (place, _) = places_of_items.iter().find(|(_, names)| names.iter().any(|other| other == name))?;
            place.parse().ok()
        };
        self.add_all(items, Guess::LettersAndSound, |name| {
            let kind = ItemKind::from_name(name);
            let kind = if kind.is_house() { kind } else { ItemKind::Other(name.replace('_', " ")) };
            Ok(Tag::Item(ItemWord { kinds: vec![kind], place: place_of(name) }))
        });
        self.add_all(generic, Guess::No, |names| {
            let kinds = names.split(',').map(|name| ItemKind::from_name(name.trim())).collect();
            Ok(Tag::Item(ItemWord { kinds, place: None }))
        });
        self.add_all(colors, Guess::LettersAndSound, |name| Color::named(name).map(Tag::Color).ok_or("a colour name"));
        self.add_all(spelled_out(&alike, &alike_patterns), Guess::No, |name| {
            Color::named(name).map(Tag::Color).ok_or("a colour name")
        });
        self.add_all(spelled_out(&sizes_alike, &sizes_alike_patterns), Guess::No, |name| {
            SizeChange::parse(name).map(Tag::Size).ok_or("x1.5, =2 or !x1.5")
        });
        self.add_all(shades, Guess::No, |name| Tag::shade(name).ok_or("darker, lighter or plain"));
        self.add_all(sizes, Guess::Letters, |name| SizeChange::parse(name).map(Tag::Size).ok_or("x1.5, =2 or !x1.5"));
        self.add_all(degrees, Guess::No, |name| name.parse().map(Tag::Degree).map_err(|_| "a number"));
        self.add_all(materials, Guess::Letters, |name| Ok(Tag::Material(name.replace('_', " "))));
        self.add_all(counts, Guess::No, |name| name.parse().map(Tag::Count).map_err(|_| "a number"));
        self.add_all(places, Guess::Letters, |name| PlaceRef::parse(name).map(Tag::Place).ok_or("a place"));
        let mut worlds = worlds;
        let far = worlds.remove("none").map(|phrases| Lists::from([("none".to_owned(), phrases)]));
        self.add_all(far.unwrap_or_default(), Guess::No, |_| Ok(Tag::World(None)));
        self.add_all(worlds, Guess::LettersAndSound, |name| {
            name.parse::<Theme>().map(|theme| Tag::World(Some(theme))).map_err(|_| "a theme, or none")
        });
        self.add_all(styles, Guess::LettersAndSound, |name| {
            let style = if name == "none" { Some(None) } else { name.parse::<StyleName>().ok().map(Some) };
            style.map(Tag::Style).ok_or("a style, or none")
        });
        for (name, entry) in roles {
            let theme = entry.world.as_deref().and_then(|theme| theme.parse().ok());
            let items = entry.items.iter().map(|name| ItemKind::from_name(name)).collect();
            let role = Role { name: name.clone(), items, theme };
            self.roles_of_things.extend(entry.things.into_iter().map(|thing| (thing, role.clone())));
            let tag = Tag::Role(role);
            self.add_all(Lists::from([(name, entry.words)]), Guess::LettersAndSound, |_| Ok(tag.clone()));
        }
        self.add_all(pronouns, Guess::No, |name| Pron::parse(name).map(Tag::Pron).ok_or("a pronoun"));
        self.add_all(acts, Guess::No, |name| Act::parse(name).map(Tag::Act).ok_or("an act"));
        self.add_all(marks, Guess::No, |name| Mark::parse(name).map(Tag::Mark).ok_or("a mark"));
        for (right, variants) in sounds_like {
            self.add_soft(&right, &variants);
        }
    }

    /// Adds every phrase of a section under the tag that its concept's name stands for.
    fn add_all(&mut self, section: Lists, guess: Guess, tag: impl Fn(&str) -> Result<Tag, &'static str>) {
        for (name, phrases) in section {
            match tag(&name) {
                Ok(tag) => {
                    for phrase in &phrases {
                        self.add(phrase, tag.clone(), false, guess);
                    }
                }
                Err(expected) => self.problems.push(format!("expected {expected}, got {name:?}")),
            }
        }
    }

    /// Adds what recognisers write instead of a phrase.
    fn add_soft(&mut self, right: &str, variants: &[String]) {
        let right_units = units(right, self);
        let mut found = Vec::new();
        self.phrases_at(&right_units, false, &mut found);
        let tag = found.last().filter(|found| found.length == right_units.len()).map(|found| found.tag.clone());
        match tag {
            Some(tag) => {
                for variant in variants {
                    self.add(variant, tag.clone(), true, Guess::No);
                }
            }
            None => self.problems.push(format!("sounds_like: {right:?} is no phrase of the lexicon")),
        }
    }

    fn add(&mut self, pattern: &str, tag: Tag, soft: bool, guess: Guess) {
        let mut phrases = std::mem::take(&mut self.phrases);
        let words = |text: &str| -> Vec<String> {
            if text.trim() == "'s" {
                return vec!["'s".to_owned()];
            }
            units(&text.replace(" 's", "'s"), self).into_iter().map(|unit| unit.text).collect()
        };
        let added = phrases.add(pattern, tag, soft, &words);
        if guess != Guess::No {
            let plain = pattern.replace(['(', ')', '[', ']', '|'], " , ");
            let long = |word: &String| word.len() >= 4 && word.is_ascii();
            self.guessable.extend(words(&plain).into_iter().filter(long));
            if guess == Guess::LettersAndSound {
                plain.split(" , ").for_each(|piece| self.sounds.add_phrase(piece.trim()));
            }
        }
        self.phrases = phrases;
        self.problems.extend(added.err());
    }
}

/// Every thing put into every pattern.
fn spelled_out(alike: &Lists, patterns: &Lists) -> Lists {
    let phrases = |things: &Vec<String>| -> Vec<String> {
        let patterns = patterns.values().flatten();
        patterns.flat_map(|pattern| things.iter().map(|thing| pattern.replace("{}", thing))).collect()
    };
    alike.iter().map(|(name, things)| (name.clone(), phrases(things))).collect()
}

/// Damerau-Levenshtein distance (optimal string alignment) of two short words.
fn edit_distance(a: &[u8], b: &[u8]) -> usize {
    let mut rows = vec![vec![0; b.len() + 1]; a.len() + 1];
    for (i, row) in rows.iter_mut().enumerate() {
        row[0] = i;
    }
    for (j, cell) in rows[0].iter_mut().enumerate() {
        *cell = j;
    }
    for i in 1..=a.len() {
        for j in 1..=b.len() {
            let change = usize::from(a[i - 1] != b[j - 1]);
            let mut least = (rows[i - 1][j] + 1).min(rows[i][j - 1] + 1).min(rows[i - 1][j - 1] + change);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                least = least.min(rows[i - 2][j - 2] + 1);
            }
            rows[i][j] = least;
        }
    }
    rows[a.len()][b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_files_hold_no_contradictions() {
        let problems = Lexicon::get().problems();
        assert!(problems.is_empty(), "{} problems:\n{}", problems.len(), problems.join("\n"));
    }

    #[test]
    fn misspellings_are_guessed_and_ordinary_words_are_not() {
        let lexicon = Lexicon::get();
        assert_eq!(lexicon.guess("shiled"), Some("shield"));
        assert_eq!(lexicon.guess("elephent"), Some("elephant"));
        assert_eq!(lexicon.guess("toaster"), None);
        assert_eq!(lexicon.guess("zzzz"), None);
    }

    #[test]
    fn words_written_as_one_are_told_apart() {
        let lexicon = Lexicon::get();
        assert_eq!(lexicon.unglued("givemea"), Some(vec!["give", "me", "a"]));
        assert_eq!(lexicon.unglued("onto"), None);
        assert_eq!(lexicon.unglued("toaster"), None);
    }

    #[test]
    fn edit_distance_counts_swaps_once() {
        assert_eq!(edit_distance(b"sheild", b"shield"), 1);
        assert_eq!(edit_distance(b"crown", b"crown"), 0);
        assert_eq!(edit_distance(b"cat", b"dogs"), 4);
    }
}
