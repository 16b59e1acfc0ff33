//! Understanding: one utterance and the present scene become edits and a reply.
//!
//! ```text
//! text ──normalize──> units ──tag (lexicon)──> tokens ──parse──> clauses ──resolve (scene, memory)──> edits, notes
//!                                                                                      notes ──reply──> text
//! ```
//!
//! The same steps serve every language; what a language says is in the files of `lexicon/`. An utterance is first
//! read as it stands; only if that leaves something open is it read again as what a recogniser may have misheard.

mod bring;
mod change;
mod clause;
mod hearing;
mod languages;
mod lexicon;
mod memory;
pub mod normalize;
mod noun;
mod parse;
mod phrases;
mod refer;
mod remove;
mod reply;
mod resolve;
mod said;
mod split;
mod tag;
mod talk;
mod verb;
mod vocabulary;

pub use vocabulary::{Vocabulary, vocabulary};

use hearing::Hearing;
use lexicon::Lexicon;
use memory::Memory;
use reply::Speaker;
use resolve::{Note, Resolver};
use talk::Talk;

use super::abilities::Abilities;
use super::conversation::History;
use super::kind::ItemKind;
use super::state::{Edit, Scene};
use super::world::{Theme, World};

/// What came of one utterance.
#[derive(Clone, Debug, Default)]
pub(super) struct Answer {
    pub understood: bool,
    pub text: String,
    pub edits: Vec<Edit>,
}

impl Answer {
    /// The answer to what the safety filter refuses.
    pub fn refused(heard: &str, abilities: &Abilities) -> Self {
        let text = Speaker::for_utterance(Lexicon::get(), heard, abilities).refused(heard);
        Self { understood: false, text, edits: Vec::new() }
    }
}

/// One way to read an utterance, worked out.
struct Reading {
    edits: Vec<Edit>,
    notes: Vec<Note>,
    after: Scene,
    memory: Memory,
}

impl Reading {
    /// Whether it says what to do.
    fn is_understood(&self) -> bool {
        !self.notes.is_empty() || !self.edits.is_empty()
    }

    /// Whether it holds a thing that no lexicon knows, and so may be a word misheard.
    fn is_doubtful(&self) -> bool {
        let lexicon = Lexicon::get();
        self.edits.iter().any(|edit| match edit {
            Edit::Add { item } => match &item.kind {
                ItemKind::Other(name) => !lexicon.knows_thing(name),
                _ => false,
            },
            Edit::SetWorld { world } => world.theme.is_none(),
            Edit::SetMaterial { material, .. } => material.is_some(),
            _ => false,
        })
    }
}

/// The next world of those that can be shown, where another one was asked for.
fn elsewhere(talk: Talk, scene: &Scene, abilities: &Abilities) -> Option<World> {
    let asked = match talk {
        Talk::Elsewhere => true,
        Talk::Another => scene.world.is_some() && scene.items.is_empty(),
        _ => false,
    };
    let here = scene.world.as_ref().and_then(|world| world.theme);
    let mut themes = Theme::ALL.iter().copied().filter(|theme| abilities.can_show_world(Some(*theme)));
    let first = themes.clone().next();
    let next =
        themes.by_ref().skip_while(|theme| here.is_some_and(|here| here != *theme)).nth(usize::from(here.is_some()));
    next.or(first).filter(|_| asked).map(World::from_theme)
}

/// Remembers what was spoken of, and understands what is said next.
#[derive(Debug, Default)]
pub(super) struct Understander {
    memory: Memory,
}

impl Understander {
    /// Takes note of an edit that did not come by words.
    pub fn saw_edit(&mut self, edit: &Edit, scene: &Scene) {
        self.memory.saw_edit(edit, scene);
    }

    /// Brings the memory in line with the scene as it is now.
    pub fn settle(&mut self, scene: &Scene) {
        self.memory.settle(scene);
    }

    /// What an utterance asks for.
    pub fn understand(&mut self, heard: &str, scene: &Scene, history: &History, abilities: &Abilities) -> Answer {
        let lexicon = Lexicon::get();
        let speaker = Speaker::for_utterance(lexicon, heard, abilities);
        let units = normalize::without_false_starts(normalize::units(heard, lexicon), lexicon);
        let tokens = tag::tokens(heard, &units, lexicon, Hearing::Plain);
        let clauses = parse::clauses(&tokens, lexicon);
        let for_others = clauses.iter().any(clause::Clause::is_for_others);
        let mut reading = self.work_out(&clauses, scene, history);
        // What a request does goes before what it may also mean as talk ("make it winter"), but who asks whether he is
        // recorded does not ask to be.
        if let Some(talk) = talk::talk(&units)
            && (reading.edits.is_empty()
                || talk == Talk::Private
                || matches!(talk, Talk::Cannot(_)) && reading.is_doubtful())
        {
            if let Some(world) = elsewhere(talk, scene, abilities) {
                let edit = Edit::SetWorld { world: world.clone() };
                self.memory.saw_edit(&edit, scene);
                let text = speaker.tell(&[Note::World(world)], scene);
                return Answer { understood: true, text, edits: vec![edit] };
            }
            if let Some(text) = speaker.talk(talk, scene) {
                return Answer { understood: true, text, edits: Vec::new() };
            }
        }
        let clear = reading.is_understood() && !reading.is_doubtful();
        // 坐手拿剑: understood, but for characters that may be a place misheard.
        let left_over = heard.chars().any(normalize::is_han)
            && clauses.iter().any(|clause| clause.unknown_before + clause.unknown_after > 0);
        if !for_others && clear && left_over {
            let tokens = tag::tokens(heard, &units, lexicon, Hearing::Gaps);
            let soft = self.work_out(&parse::clauses(&tokens, lexicon), scene, history);
            let makes_sense = tokens.iter().all(|token| token.tag != tag::Tag::Word);
            if makes_sense && soft.is_understood() && !soft.is_doubtful() {
                reading = soft;
            }
        } else if !for_others && !clear {
            for hearing in [Hearing::Gaps, Hearing::All] {
                let tokens = tag::tokens(heard, &units, lexicon, hearing);
                let soft = self.work_out(&parse::clauses(&tokens, lexicon), scene, history);
                if soft.is_understood() && (!reading.is_understood() || !soft.is_doubtful()) {
                    reading = soft;
                    break;
                }
            }
        }
        // Nothing that waits for something is done at once, whatever the rest of the sentence says.
        let to_someone = clauses.iter().any(|clause| clause.to_someone);
        let asks = || {
            use tag::Tag;
            tokens.iter().any(|token| matches!(token.tag, Tag::Act(_) | Tag::Item(_) | Tag::World(_) | Tag::Style(_)))
        };
        if !to_someone && talk::waits(&units) && (reading.is_understood() || asks()) {
            return Answer { understood: true, text: speaker.waits(), edits: Vec::new() };
        }
        if !reading.is_understood() {
            return Answer { understood: false, text: speaker.not_understood(heard), edits: Vec::new() };
        }
        let text = speaker.tell(&reading.notes, &reading.after);
        self.memory = reading.memory;
        Answer { understood: true, text, edits: reading.edits }
    }

    /// How an utterance is read, for people who extend the lexicon: its tokens and its clauses.
    pub fn explain(heard: &str) -> String {
        let lexicon = Lexicon::get();
        let units = normalize::without_false_starts(normalize::units(heard, lexicon), lexicon);
        let mut text = String::new();
        for hearing in [Hearing::Plain, Hearing::Gaps, Hearing::All] {
            let tokens = tag::tokens(heard, &units, lexicon, hearing);
            let words: Vec<String> = tokens.iter().map(|token| format!("{}/{:?}", token.text, token.tag)).collect();
            text += &format!("{}: {}\n", format!("{hearing:?}").to_lowercase(), words.join("  "));
            for clause in parse::clauses(&tokens, lexicon) {
                let said = format!("{clause:?}");
                let said: Vec<&str> =
                    said.split(", ").filter(|part| !part.ends_with(": false") && !part.ends_with(": None")).collect();
                text += &format!("    {}\n", said.join(", "));
            }
        }
        text
    }

    fn work_out(&self, clauses: &[clause::Clause], scene: &Scene, history: &History) -> Reading {
        let mut resolver = Resolver::new(scene, history, &self.memory);
        resolver.run(clauses);
        resolver.finish()
    }
}
