//! The state model as the program sees it: a scene, what led to it, and the understanding of the next utterance.
//!
//! One utterance is one step of the history: "undo" takes back all that one utterance did.

use serde::{Deserialize, Serialize};

use super::abilities::Abilities;
use super::safety::SafetyFilter;
use super::state::{Edit, Scene};
use super::understand::{Answer, Understander};

/// How many steps can be taken back.
const HISTORY_LENGTH: usize = 256;

/// What the mirror answers to one utterance.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Reply {
    /// Whether the utterance was taken as something to do.
    pub understood: bool,
    /// A short answer in the language of the utterance.
    pub text: String,
    /// What happened, in order; [`Edit::is_for_program`] tells those the program has to carry out.
    pub edits: Vec<Edit>,
    /// What was heard, after the safety filter: fit to be shown.
    pub heard: String,
    /// Whether the scene differs from before.
    pub changed: bool,
    /// Whether all that was brought or changed can be seen.
    pub shown: bool,
}

/// One utterance and the present scene in, the changed scene and a reply out.
pub trait StateModel: Send {
    /// Takes one utterance, changes the scene by it, and answers.
    fn respond(&mut self, utterance: &str) -> Reply;

    /// The present scene.
    fn scene(&self) -> &Scene;
}

/// The scenes before and after the present one.
#[derive(Clone, Debug, Default)]
pub(super) struct History {
    past: Vec<Scene>,
    future: Vec<Scene>,
}

impl History {
    /// Remembers the scene that is about to be changed.
    fn remember(&mut self, scene: Scene) {
        self.future.clear();
        self.past.push(scene);
        if self.past.len() > HISTORY_LENGTH {
            self.past.remove(0);
        }
    }

    /// Goes one step back. The revision still goes up, so that a renderer sees the change.
    fn undo(&mut self, scene: &mut Scene) -> bool {
        step(&mut self.past, &mut self.future, scene)
    }

    fn redo(&mut self, scene: &mut Scene) -> bool {
        step(&mut self.future, &mut self.past, scene)
    }

    /// The scenes of the past, the nearest first.
    pub(super) fn past(&self) -> impl Iterator<Item = &Scene> {
        self.past.iter().rev()
    }

    /// The scenes that were taken back, the nearest first.
    pub(super) fn future(&self) -> impl Iterator<Item = &Scene> {
        self.future.iter().rev()
    }
}

fn step(from: &mut Vec<Scene>, to: &mut Vec<Scene>, scene: &mut Scene) -> bool {
    let Some(mut other) = from.pop() else { return false };
    other.revision = scene.revision + 1;
    to.push(std::mem::replace(scene, other));
    true
}

/// A visitor's conversation with the mirror: the scene, its history, and what "it" means.
#[derive(Debug, Default)]
pub struct Conversation {
    scene: Scene,
    history: History,
    understander: Understander,
    safety: SafetyFilter,
    abilities: Abilities,
}

impl Conversation {
    /// An empty scene.
    pub fn new() -> Self {
        Self::default()
    }

    /// An empty scene, and a filter over what is heard.
    pub fn with_safety(safety: SafetyFilter) -> Self {
        Self { safety, ..Self::default() }
    }

    /// Takes note of what the renderer can show; before, that is everything of the house vocabulary.
    pub fn set_abilities(&mut self, abilities: Abilities) {
        self.abilities = abilities;
    }

    /// The present scene.
    pub fn scene(&self) -> &Scene {
        &self.scene
    }

    /// Whether there is a step to take back.
    pub fn can_undo(&self) -> bool {
        !self.history.past.is_empty()
    }

    /// Whether there is a step to do again.
    pub fn can_redo(&self) -> bool {
        !self.history.future.is_empty()
    }

    /// Carries out one edit from elsewhere (a chip in the window), as a step of its own. Whether the scene changed.
    pub fn apply(&mut self, edit: Edit) -> bool {
        let changed = self.apply_step(std::slice::from_ref(&edit));
        self.understander.saw_edit(&edit, &self.scene);
        changed
    }

    /// Takes one utterance, changes the scene by it, and answers.
    pub fn respond(&mut self, utterance: &str) -> Reply {
        let filtered = self.safety.filter(utterance);
        let answer = if filtered.refused {
            Answer::refused(&filtered.text, &self.abilities)
        } else {
            self.understander.understand(&filtered.text, &self.scene, &self.history, &self.abilities)
        };
        let changed = self.apply_step(&answer.edits);
        self.understander.settle(&self.scene);
        let shown = answer.edits.iter().all(|edit| self.can_show(edit));
        let Answer { understood, text, edits } = answer;
        Reply { understood, text, edits, heard: filtered.text, changed, shown }
    }

    fn can_show(&self, edit: &Edit) -> bool {
        match edit {
            Edit::Add { item } => self.abilities.can_draw(&item.kind),
            Edit::SetWorld { world } => self.abilities.can_show_world(world.theme),
            Edit::SetStyle { style } => self.abilities.can_show_style(style.name),
            _ => true,
        }
    }

    /// How an utterance is read: its tokens and clauses, as text for people who extend the lexicon.
    pub fn explain(utterance: &str) -> String {
        Understander::explain(utterance)
    }

    /// Forgets the conversation: as [`Conversation::new`], with the same filter and a revision that goes on.
    pub fn start_over(&mut self) {
        let Self { scene, history, understander, safety: _, abilities: _ } = self;
        let revision = scene.revision + 1;
        *scene = Scene { revision, ..Scene::default() };
        *history = History::default();
        *understander = Understander::default();
    }

    /// Several edits as one step of the history.
    fn apply_step(&mut self, edits: &[Edit]) -> bool {
        let mut changed = false;
        let mut remembered = false;
        for edit in edits {
            changed |= match edit {
                Edit::Undo => self.history.undo(&mut self.scene),
                Edit::Redo => self.history.redo(&mut self.scene),
                _ => {
                    let before = self.scene.clone();
                    let changed = self.scene.apply(edit);
                    if changed && !remembered {
                        self.history.remember(before);
                        remembered = true;
                    }
                    changed
                }
            };
        }
        changed
    }
}

impl StateModel for Conversation {
    fn respond(&mut self, utterance: &str) -> Reply {
        Conversation::respond(self, utterance)
    }

    fn scene(&self) -> &Scene {
        &self.scene
    }
}
