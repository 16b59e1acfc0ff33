//! Every phrase of every language, as one automaton.
//!
//! A pattern such as `"(take|bring) me [back] to"` stands for four phrases; some patterns stand for thousands. So they
//! are not written out: each becomes a few states whose alternatives meet again, and matching follows all patterns at
//! once from the first word on.

use std::collections::HashMap;

use super::normalize::{Gap, Unit};
use super::tag::Tag;

/// The longest phrase, in units.
const MAX_PHRASE_UNITS: usize = 24;

#[derive(Debug, Default)]
struct State {
    edges: Vec<(u32, u32)>,
    /// States that are reached without a word.
    free: Vec<u32>,
    /// What a phrase that ends here stands for.
    meaning: Option<u32>,
}

/// What a phrase stands for, and when it may.
#[derive(Debug)]
struct Meaning {
    tag: Tag,
    /// Only for words that make no sense as they stand.
    soft: bool,
}

/// A phrase that was found.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Found<'a> {
    /// In units.
    pub length: usize,
    pub tag: &'a Tag,
    /// Whether it is what recognisers write for something else.
    pub soft: bool,
}

/// The automaton.
#[derive(Debug, Default)]
pub struct Phrases {
    words: HashMap<String, u32>,
    states: Vec<State>,
    meanings: Vec<Meaning>,
    /// Where the first word of a phrase leads.
    starts: HashMap<u32, Vec<u32>>,
}

impl Phrases {
    /// Whether some phrase holds that word.
    pub fn knows_word(&self, word: &str) -> bool {
        self.words.contains_key(word)
    }

    /// Adds the phrases of a pattern. `units` cuts plain text into words. Says what is wrong with the pattern.
    pub fn add(
        &mut self,
        pattern: &str,
        tag: Tag,
        soft: bool,
        units: &impl Fn(&str) -> Vec<String>,
    ) -> Result<(), String> {
        let start = self.state();
        let mut rest = pattern;
        let end = self.sequence(&mut rest, start, units);
        if !rest.is_empty() {
            return Err(format!("{pattern:?}: a bracket is closed that was not opened"));
        }
        self.meanings.push(Meaning { tag, soft });
        self.states[end as usize].meaning = Some(self.meanings.len() as u32 - 1);
        let mut first = vec![start];
        self.close(&mut first);
        if first.contains(&end) {
            return Err(format!("{pattern:?}: expected at least one word"));
        }
        for state in first {
            for (word, target) in &self.states[state as usize].edges {
                self.starts.entry(*word).or_default().push(*target);
            }
        }
        Ok(())
    }

    /// Every phrase that starts at the first of these units: its length, and its best meaning.
    pub fn at<'a>(&'a self, units: &[Unit], soft: bool, found: &mut Vec<Found<'a>>) {
        found.clear();
        let Some(first) = units.first().and_then(|unit| self.words.get(&unit.text)) else { return };
        let Some(starts) = self.starts.get(first) else { return };
        let mut now = starts.clone();
        let mut length = 1;
        loop {
            self.close(&mut now);
            let meanings = now.iter().filter_map(|state| self.states[*state as usize].meaning);
            let allowed =
                meanings.map(|meaning| &self.meanings[meaning as usize]).filter(|meaning| soft || !meaning.soft);
            if let Some(best) = allowed.min_by_key(|meaning| (meaning.soft, meaning.tag.rank())) {
                found.push(Found { length, tag: &best.tag, soft: best.soft });
            }
            let next = units.get(length).filter(|unit| unit.gap != Gap::Stop && length < MAX_PHRASE_UNITS);
            let Some(word) = next.and_then(|unit| self.words.get(&unit.text)) else { return };
            let mut after: Vec<u32> = Vec::new();
            for state in &now {
                let edges = &self.states[*state as usize].edges;
                after.extend(edges.iter().filter(|(edge, _)| edge == word).map(|(_, target)| *target));
            }
            if after.is_empty() {
                return;
            }
            now = after;
            length += 1;
        }
    }

    fn state(&mut self) -> u32 {
        self.states.push(State::default());
        self.states.len() as u32 - 1
    }

    /// Adds every state that is reached without a word.
    fn close(&self, states: &mut Vec<u32>) {
        let mut at = 0;
        while at < states.len() {
            for free in &self.states[states[at] as usize].free {
                if !states.contains(free) {
                    states.push(*free);
                }
            }
            at += 1;
        }
    }

    /// Reads a sequence up to its closing bracket, bar or end; the state after it.
    fn sequence(&mut self, rest: &mut &str, from: u32, units: &impl Fn(&str) -> Vec<String>) -> u32 {
        let mut now = from;
        loop {
            let plain = rest.find(['(', '[', '|', ')', ']']).unwrap_or(rest.len());
            for word in units(&rest[..plain]) {
                let fresh = self.words.len() as u32;
                let id = *self.words.entry(word).or_insert(fresh);
                let next = self.state();
                self.states[now as usize].edges.push((id, next));
                now = next;
            }
            *rest = &rest[plain..];
            match rest.chars().next() {
                Some(open @ ('(' | '[')) => {
                    *rest = &rest[1..];
                    now = self.group(rest, now, open == '[', units);
                }
                _ => return now,
            }
        }
    }

    /// Reads the alternatives of a bracket; the state where they meet.
    fn group(&mut self, rest: &mut &str, from: u32, optional: bool, units: &impl Fn(&str) -> Vec<String>) -> u32 {
        let meet = self.state();
        if optional {
            self.states[from as usize].free.push(meet);
        }
        loop {
            let end = self.sequence(rest, from, units);
            self.states[end as usize].free.push(meet);
            let bar = rest.starts_with('|');
            *rest = rest.get(1..).unwrap_or("");
            if !bar {
                return meet;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tag::{Act, Mark};
    use super::*;

    fn words(text: &str) -> Vec<String> {
        text.split_whitespace().map(str::to_owned).collect()
    }

    fn units(text: &str) -> Vec<Unit> {
        words(text).into_iter().map(|text| Unit { text, start: 0, end: 0, gap: Gap::None }).collect()
    }

    fn lengths(phrases: &Phrases, text: &str) -> Vec<usize> {
        let mut found = Vec::new();
        phrases.at(&units(text), false, &mut found);
        found.into_iter().map(|found| found.length).collect()
    }

    #[test]
    fn patterns_stand_for_all_their_phrases() {
        let mut phrases = Phrases::default();
        phrases.add("(take|bring) me [back [right]] to", Tag::Act(Act::Go), false, &words).unwrap();
        for phrase in ["take me to", "bring me to", "take me back to", "bring me back right to"] {
            assert_eq!(lengths(&phrases, phrase), [words(phrase).len()], "{phrase}");
        }
        assert!(lengths(&phrases, "take me right to").is_empty());
        assert!(lengths(&phrases, "me to").is_empty());
    }

    #[test]
    fn where_two_lists_hold_a_phrase_the_rank_decides() {
        let mut phrases = Phrases::default();
        phrases.add("stop", Tag::Mark(Mark::Filler), false, &words).unwrap();
        phrases.add("stop", Tag::Act(Act::Undo), false, &words).unwrap();
        let mut found = Vec::new();
        phrases.at(&units("stop"), false, &mut found);
        assert_eq!(found, [Found { length: 1, tag: &Tag::Act(Act::Undo), soft: false }]);
    }

    #[test]
    fn broken_patterns_are_errors() {
        let mut phrases = Phrases::default();
        assert!(phrases.add("take) me", Tag::Word, false, &words).is_err());
        assert!(phrases.add("[take] [me]", Tag::Word, false, &words).is_err());
    }
}
