//! What the conversation has spoken of: who "it" is, what "again" repeats, what "no, the crown" corrects.

use crate::scene::{Color, Edit, Place, Scene};

/// What was last spoken of, beside items.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Topic {
    #[default]
    Items,
    World,
    Style,
}

/// One change to items, so that it can be done again or done to another.
#[derive(Clone, Debug, PartialEq)]
pub struct Op {
    pub ids: Vec<u64>,
    pub change: Change,
    /// The sizes of those items before.
    pub sizes_before: Vec<f32>,
}

/// What a change does, independent of the item.
#[derive(Clone, Debug, PartialEq)]
pub enum Change {
    Color(Option<Color>),
    Darker,
    Lighter,
    Times(f32),
    To(f32),
    Material(Option<String>),
    Place(Place),
    OtherHand,
    Count(u32),
    Remove,
    /// Another of the same kind.
    Another,
    Undo,
    Redo,
}

/// What is remembered from one utterance to the next.
#[derive(Clone, Debug, Default)]
pub struct Memory {
    /// Items spoken of, the latest last.
    pub mentions: Vec<u64>,
    /// The items that the last understood utterance spoke of.
    pub group: Vec<u64>,
    /// The items that it added.
    pub added: Vec<u64>,
    /// The changes that it made.
    pub ops: Vec<Op>,
    /// The items that came with a role.
    pub role_items: Vec<u64>,
    pub topic: Topic,
    /// Whether the last understood utterance changed the scene.
    pub changed: bool,
}

impl Memory {
    /// Takes note of an edit that did not come by words.
    pub fn saw_edit(&mut self, edit: &Edit, scene: &Scene) {
        let id = match edit {
            Edit::Add { .. } => scene.items.last().map(|item| item.id),
            Edit::SetColor { id, .. } | Edit::SetSize { id, .. } | Edit::SetPlace { id, .. } => Some(*id),
            Edit::SetMaterial { id, .. } | Edit::SetCount { id, .. } => Some(*id),
            Edit::SetWorld { .. } => {
                self.topic = Topic::World;
                None
            }
            Edit::SetStyle { .. } => {
                self.topic = Topic::Style;
                None
            }
            _ => None,
        };
        if let Some(id) = id {
            self.mention(id);
            self.group = vec![id];
            self.topic = Topic::Items;
        }
        self.ops.clear();
        self.added.clear();
        self.settle(scene);
    }

    /// Makes an item the latest that was spoken of.
    pub fn mention(&mut self, id: u64) {
        self.mentions.retain(|other| *other != id);
        self.mentions.push(id);
    }

    /// Forgets items that are gone, and learns of those that came back.
    pub fn settle(&mut self, scene: &Scene) {
        let alive = |id: &u64| scene.item(*id).is_some();
        let Self { mentions, group, added, ops: _, role_items, topic, changed: _ } = self;
        mentions.retain(alive);
        group.retain(alive);
        added.retain(alive);
        role_items.retain(alive);
        let missing: Vec<u64> = scene.items.iter().map(|item| item.id).filter(|id| !mentions.contains(id)).collect();
        mentions.splice(0..0, missing);
        match topic {
            Topic::World if scene.world.is_none() => *topic = Topic::Items,
            Topic::Style if scene.style.is_none() => *topic = Topic::Items,
            _ => {}
        }
    }
}
