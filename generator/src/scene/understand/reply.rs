//! The short answer, in the language of the utterance. The sentences are data (`replies.toml`).

use super::lexicon::Lexicon;
use super::normalize::is_han;
use super::resolve::Note;
use super::talk::{Talk, examples};
use crate::scene::abilities::Abilities;
use crate::scene::describe::{item_phrase_short, same_words};
use crate::scene::english;
use crate::scene::{Item, Scene, World};

/// The most items one answer names.
const MAX_NAMED: usize = 3;
/// The most characters of an utterance that an answer repeats.
const MAX_HEARD_CHARS: usize = 80;

/// How many examples an answer gives.
const EXAMPLES: usize = 3;

/// Speaks one language, of what one renderer can show.
pub struct Speaker<'a> {
    lexicon: &'a Lexicon,
    language: &'static str,
    abilities: &'a Abilities,
}

impl<'a> Speaker<'a> {
    /// Speaks the language that the utterance is in.
    pub fn for_utterance(lexicon: &'a Lexicon, utterance: &str, abilities: &'a Abilities) -> Self {
        Self { lexicon, language: if utterance.chars().any(is_han) { "zh" } else { "en" }, abilities }
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

    /// What is to happen only when something else does.
    pub fn waits(&self) -> String {
        self.say("waits", &[])
    }

    /// The answer to what is said to the mirror itself; `None` for what it has no answer to.
    pub fn talk(&self, talk: Talk, scene: &Scene) -> Option<String> {
        let name = match talk {
            Talk::Cannot(why) => return Some(why.to_owned()),
            Talk::Elsewhere | Talk::Another => return None,
            Talk::Yes => "yes",
            Talk::Hello => "hello",
            Talk::Goodbye => "goodbye",
            Talk::Thanks => "thanks",
            Talk::Stop => "stop",
            Talk::Fairest => "fairest",
            Talk::Who => "who",
            Talk::Private => "private",
            Talk::Scene if scene.is_empty() => "scene_empty",
            Talk::Scene => "scene",
            Talk::Help => "help",
        };
        let examples: Vec<String> =
            self.examples(scene).into_iter().map(|example| self.say("example", &[("example", example)])).collect();
        let examples = examples.join(&self.say("example_list", &[]));
        Some(self.say(name, &[("examples", &examples), ("things", &self.all_of(scene))]))
    }

    /// Requests that suit the scene: they change what is there, or bring what is not there and can be shown.
    fn examples(&self, scene: &Scene) -> Vec<&'static str> {
        let lists = examples(self.language);
        let turn = scene.revision as usize;
        let fresh = |list: &'static [String], wanted: &dyn Fn(&str) -> bool| {
            let named = list.iter().cycle().skip(turn % list.len().max(1)).take(list.len());
            let mut named = named.filter_map(|example| example.split_once(": "));
            named.find(|(name, _)| wanted(name)).map(|(_, request)| request)
        };
        let item = fresh(&lists.items, &|name| {
            self.abilities.kinds.iter().any(|kind| kind.as_str() == name)
                && !scene.items.iter().any(|item| item.kind.as_str() == name)
        });
        let world = fresh(&lists.worlds, &|name| {
            let there = scene.world.as_ref().and_then(|world| world.theme);
            self.abilities.themes.iter().any(|theme| theme.as_str() == name && there != Some(*theme))
        });
        let style = fresh(&lists.styles, &|name| {
            let there = scene.style.as_ref().and_then(|style| style.name);
            self.abilities.styles.iter().any(|style| style.as_str() == name && there != Some(*style))
        });
        let change = (!scene.items.is_empty()).then(|| lists.changes[turn % lists.changes.len()].as_str());
        [change, item, world, style].into_iter().flatten().take(EXAMPLES).collect()
    }

    /// Everything in the mirror.
    fn all_of(&self, scene: &Scene) -> String {
        let items = (!scene.items.is_empty()).then(|| self.things(&scene.items));
        let world = scene.world.as_ref().map(|world| self.place_name(world));
        let style = scene.style.as_ref().map(|style| match style.name {
            Some(name) => self.lexicon.name(self.language, name.as_str()),
            None => style.text.clone(),
        });
        let parts: Vec<String> = [items, world, style].into_iter().flatten().collect();
        parts.join(&self.say("list", &[]))
    }

    /// The name that the replies have for the engine.
    fn engine(&self) -> String {
        match self.abilities.engine {
            "house" => self.say("engine_house", &[]),
            name => self.say("engine_other", &[("name", name)]),
        }
    }

    /// A world by the name of its theme, or as it was asked for where it has none.
    fn place_name(&self, world: &World) -> String {
        world.theme.map_or_else(|| world.text.clone(), |theme| self.lexicon.place_name(self.language, theme.as_str()))
    }

    /// Where it goes: what will be seen, and what was asked for if that is a name of its own.
    fn world(&self, world: &World) -> String {
        let theme = self.place_name(world);
        if !self.abilities.can_show_world(world.theme) {
            let asked = if self.lexicon.is_request(&world.text) { &theme } else { &world.text };
            return self.say("world_not_drawable", &[("world", asked), ("engine", &self.engine())]);
        }
        let own_name = world.theme.is_some_and(|own| {
            !same_words(&world.text, own.as_str())
                && !same_words(&world.text, &theme)
                && !self.lexicon.is_request(&world.text)
        });
        if own_name {
            return self.say("world_as", &[("theme", &theme), ("world", &world.text)]);
        }
        self.say("world", &[("world", &theme)])
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
        let asked = notes.iter().any(|note| {
            matches!(note, Note::Added(_) | Note::Changed(_) | Note::Already(_) | Note::World(_) | Note::Style(_))
        });
        if self.abilities.is_none() && asked {
            return self.say("plain_mirror", &[]);
        }
        // What can't be seen is said once, and never as if it were there.
        let mut unseen = Vec::new();
        for list in [&mut shown, &mut changed, &mut already] {
            let (seen, not): (Vec<Item>, Vec<Item>) =
                list.drain(..).partition(|item| self.abilities.can_draw(&item.kind));
            *list = seen;
            unseen.extend(not);
        }
        for (name, items) in [
            ("removed", &gone),
            ("added", &shown),
            ("changed", &changed),
            ("already", &already),
            ("not_drawable", &unseen),
        ] {
            if !items.is_empty() {
                sentences.push(self.say(name, &[("things", &self.things(items)), ("engine", &self.engine())]));
            }
        }
        let fewer = shown.iter().chain(&changed).filter_map(|item| {
            let most = self.abilities.most_of(item);
            (item.count > most).then(|| self.say("fewer", &[("count", &self.number(most))]))
        });
        sentences.extend(fewer.collect::<std::collections::BTreeSet<_>>());
        for note in notes {
            let sentence = match note {
                Note::World(world) => self.world(world),
                Note::Style(style) => {
                    let known = self.abilities.can_show_style(style.name);
                    let name = if known { "style" } else { "style_not_drawable" };
                    self.say(name, &[("style", &style.text), ("engine", &self.engine())])
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
        sentences.join(if self.language == "zh" { "" } else { " " })
    }

    fn number(&self, count: u32) -> String {
        let numbers = self.lexicon.reply(self.language, "numbers");
        match self.language {
            "en" => english::number(count),
            _ => numbers.chars().nth(count as usize).map_or_else(|| count.to_string(), String::from),
        }
    }

    /// A number and its measure word: 两把.
    fn counted(&self, item: &Item) -> String {
        let own = self.lexicon.reply(self.language, &format!("measure_{}", item.kind.as_str()));
        let measure = if own.is_empty() { self.lexicon.reply(self.language, "measure") } else { own };
        self.number(item.count) + measure
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
        let count = if item.count > 1 { self.counted(item) } else { String::new() };
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
