//! The short answer, in the language of the utterance. The sentences are data (`replies.toml`).

use super::lexicon::Lexicon;
use super::normalize::is_han;
use super::resolve::Note;
use crate::scene::describe::item_phrase_short;
use crate::scene::{Item, Scene};

/// The most items one answer names.
const MAX_NAMED: usize = 3;
/// The most characters of an utterance that an answer repeats.
const MAX_HEARD_CHARS: usize = 80;

/// Speaks one language.
pub struct Speaker<'a> {
    lexicon: &'a Lexicon,
    language: &'static str,
}

impl<'a> Speaker<'a> {
    /// Speaks the language that the utterance is in.
    pub fn for_utterance(lexicon: &'a Lexicon, utterance: &str) -> Self {
        Self { lexicon, language: if utterance.chars().any(is_han) { "zh" } else { "en" } }
    }

    fn say(&self, name: &str, values: &[(&str, &str)]) -> String {
        let mut text = self.lexicon.reply(self.language, name).to_owned();
        for (key, value) in values {
            text = text.replace(&format!("{{{key}}}"), value);
        }
        text
    }

    /// What was heard, and one example that works.
    pub fn not_understood(&self, heard: &str) -> String {
        let mut short: String = heard.trim().chars().take(MAX_HEARD_CHARS).collect();
        if short.len() < heard.trim().len() {
            short.push('…');
        }
        let examples: Vec<&str> = self.lexicon.reply(self.language, "examples").split('|').collect();
        let example = examples[heard.chars().count() % examples.len()];
        let name = if short.is_empty() { "heard_nothing" } else { "not_understood" };
        self.say(name, &[("heard", &short), ("example", example)])
    }

    /// What the safety filter refuses.
    pub fn refused(&self, heard: &str) -> String {
        self.say("refused", &[("heard", heard)])
    }

    /// What happened.
    pub fn tell(&self, notes: &[Note], scene: &Scene) -> String {
        let mut sentences: Vec<String> = Vec::new();
        let mut shown: Vec<Item> = Vec::new();
        let mut gone: Vec<Item> = Vec::new();
        let mut changed: Vec<Item> = Vec::new();
        let mut already: Vec<Item> = Vec::new();
        for note in notes {
            let present = |id: &u64| scene.item(*id).cloned();
            match note {
                Note::Added(item) => shown.extend(present(&item.id)),
                Note::Removed(item) => gone.push(item.clone()),
                Note::Changed(id) => changed.extend(present(id)),
                Note::Already(id) => already.extend(present(id)),
                _ => {}
            }
        }
        for list in [&mut shown, &mut changed, &mut already] {
            let mut seen = Vec::new();
            list.retain(|item| {
                !seen.contains(&item.id) && {
                    seen.push(item.id);
                    true
                }
            });
        }
        changed.retain(|item| !shown.iter().any(|other| other.id == item.id));
        already.retain(|item| !shown.iter().chain(&changed).any(|other| other.id == item.id));
        for (name, items) in [("removed", &gone), ("added", &shown), ("changed", &changed), ("already", &already)] {
            if !items.is_empty() {
                sentences.push(self.say(name, &[("things", &self.things(items))]));
            }
        }
        for note in notes {
            let sentence = match note {
                Note::World(world) => {
                    let known = world.theme.is_some();
                    self.say(if known { "world" } else { "world_not_drawable" }, &[("world", &world.text)])
                }
                Note::Style(style) => {
                    let known = style.name.is_some();
                    self.say(if known { "style" } else { "style_not_drawable" }, &[("style", &style.text)])
                }
                Note::NotThere(name) if name.is_empty() => self.say("nothing_there", &[]),
                Note::NotThere(name) => self.say("not_there", &[("thing", name)]),
                Note::NoItem(name) => self.say("no_item", &[("thing", name)]),
                Note::WorldCleared => self.say("world_cleared", &[]),
                Note::StyleCleared => self.say("style_cleared", &[]),
                Note::Reset => self.say("reset", &[]),
                Note::Undone => self.say("undone", &[]),
                Note::NothingToUndo => self.say("nothing_to_undo", &[]),
                Note::Redone => self.say("redone", &[]),
                Note::NothingToRedo => self.say("nothing_to_redo", &[]),
                Note::Picture => self.say("picture", &[]),
                Note::StartClip => self.say("start_clip", &[]),
                Note::StopClip => self.say("stop_clip", &[]),
                Note::Left if notes.len() == 1 => self.say("left", &[]),
                Note::Left | Note::Added(_) | Note::Removed(_) | Note::Changed(_) | Note::Already(_) => continue,
            };
            if !sentences.contains(&sentence) {
                sentences.push(sentence);
            }
        }
        for item in shown.iter().filter(|item| !item.kind.is_house()).take(MAX_NAMED) {
            let plain = Item { color: None, material: None, size: 1.0, ..item.clone() };
            sentences.push(self.say("not_drawable", &[("thing", &self.thing(&plain))]));
        }
        sentences.join(if self.language == "zh" { "" } else { " " })
    }

    fn things(&self, items: &[Item]) -> String {
        let mut names: Vec<String> = items.iter().take(MAX_NAMED).map(|item| self.thing(item)).collect();
        if items.len() > MAX_NAMED {
            names.push(self.say("and_more", &[("count", &(items.len() - MAX_NAMED).to_string())]));
        }
        names.join(&self.say("list", &[]))
    }

    fn thing(&self, item: &Item) -> String {
        if self.language == "en" {
            return item_phrase_short(item);
        }
        let name = |name: &str| self.lexicon.name(self.language, name);
        let size = match item.size {
            size if size >= 2.0 => name("huge"),
            size if size > 1.05 => name("large"),
            size if size <= 0.5 => name("tiny"),
            size if size < 0.95 => name("small"),
            _ => String::new(),
        };
        let color = item.color.as_ref().map(|color| name(&color.name)).unwrap_or_default();
        let material = item.material.as_ref().map(|material| name(material)).unwrap_or_default();
        let count = if item.count > 1 { item.count.to_string() } else { String::new() };
        let values = [
            ("count", count),
            ("size", size),
            ("color", color),
            ("material", material),
            ("name", name(item.kind.as_str())),
        ];
        let values: Vec<(&str, &str)> = values.iter().map(|(key, value)| (*key, value.as_str())).collect();
        self.say("thing", &values)
    }
}
