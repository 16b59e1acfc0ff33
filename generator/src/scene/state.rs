//! The scene and everything that can happen to it. Plain data; `apply` is pure and total: whatever edit comes, the
//! scene that results is a valid one (sizes and counts within range, ids unique, no colour without a name).

use serde::{Deserialize, Serialize};

use super::color::Color;
use super::kind::{ItemKind, Place};
use super::world::{Style, World};

/// The smallest size factor an item can have.
pub const MIN_SIZE: f32 = 0.25;
/// The largest size factor an item can have.
pub const MAX_SIZE: f32 = 4.0;
/// What "bigger" multiplies the size by, and "smaller" divides it by.
pub const SIZE_STEP: f32 = 1.5;
/// The most items of one entry ("nine swords").
pub const MAX_COUNT: u32 = 99;
/// The most entries a scene holds; the oldest leaves when one more is added.
pub const MAX_ITEMS: usize = 32;

/// One thing on or about the visitor.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Item {
    /// Stable within a conversation; 0 asks [`Scene::apply`] for the next free one.
    pub id: u64,
    /// What it is.
    pub kind: ItemKind,
    /// The word it was asked for by ("katana"), where that says more than the kind.
    pub said: Option<String>,
    /// Where it is.
    pub place: Place,
    /// Whether the visitor named the place; otherwise it is the natural one for the kind.
    pub place_spoken: bool,
    /// The colour, where one was asked for; otherwise the renderer has its own.
    pub color: Option<Color>,
    /// 1.0 is natural; within [`MIN_SIZE`]..=[`MAX_SIZE`].
    pub size: f32,
    /// What it is made of, where that was said ("wood").
    pub material: Option<String>,
    /// How many of them, 1..=[`MAX_COUNT`].
    pub count: u32,
}

impl Item {
    /// A plain item of that kind at its natural place.
    pub fn new(kind: ItemKind) -> Self {
        let place = kind.natural_place();
        Self { id: 0, kind, said: None, place, place_spoken: false, color: None, size: 1.0, material: None, count: 1 }
    }

    /// Whether both look the same, whatever their ids.
    pub fn looks_like(&self, other: &Item) -> bool {
        let Item { id: _, kind, said, place, place_spoken: _, color, size, material, count } = self;
        *kind == other.kind
            && *said == other.said
            && *place == other.place
            && *color == other.color
            && *size == other.size
            && *material == other.material
            && *count == other.count
    }

    /// Brings size and count into their ranges.
    fn make_valid(&mut self) {
        self.size = valid_size(self.size);
        self.count = self.count.clamp(1, MAX_COUNT);
    }
}

/// A size within range; what is not a number becomes the natural size.
pub(super) fn valid_size(size: f32) -> f32 {
    if size.is_finite() { size.clamp(MIN_SIZE, MAX_SIZE) } else { 1.0 }
}

/// What the mirror shows besides the visitor.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Scene {
    /// In the order in which they came.
    pub items: Vec<Item>,
    /// The world around; none is the visitor's own room.
    pub world: Option<World>,
    /// The style of the whole picture; none is a plain picture.
    pub style: Option<Style>,
    /// Counts changes; a renderer that sees the same number sees the same scene.
    pub revision: u64,
}

/// One thing that happens to the scene, or beside it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "edit", rename_all = "snake_case")]
pub enum Edit {
    Add {
        item: Item,
    },
    Remove {
        id: u64,
    },
    SetColor {
        id: u64,
        color: Option<Color>,
    },
    SetSize {
        id: u64,
        size: f32,
    },
    SetPlace {
        id: u64,
        place: Place,
    },
    SetMaterial {
        id: u64,
        material: Option<String>,
    },
    SetCount {
        id: u64,
        count: u32,
    },
    SetWorld {
        world: World,
    },
    ClearWorld,
    SetStyle {
        style: Style,
    },
    ClearStyle,
    /// Takes back the last change; the conversation's history does it.
    Undo,
    /// Does again what was taken back; the conversation's history does it.
    Redo,
    /// Nothing but the visitor.
    Reset,
    /// For the program to carry out; the scene stays.
    TakePicture,
    /// For the program to carry out; the scene stays.
    StartClip,
    /// For the program to carry out; the scene stays.
    StopClip,
    /// Nothing happens.
    None,
}

impl Edit {
    /// Whether the program, not the scene, has to act on it.
    pub fn is_for_program(&self) -> bool {
        matches!(self, Edit::TakePicture | Edit::StartClip | Edit::StopClip)
    }
}

impl Scene {
    /// Carries out one edit. Total: an edit that names no item of this scene, or that belongs to the history or the
    /// program, changes nothing. Returns whether anything changed; then `revision` went up by one.
    pub fn apply(&mut self, edit: &Edit) -> bool {
        let changed = match edit {
            Edit::Add { item } => {
                self.add(item.clone());
                true
            }
            Edit::Remove { id } => {
                let before = self.items.len();
                self.items.retain(|item| item.id != *id);
                self.items.len() != before
            }
            Edit::SetColor { id, color } => self.change(*id, |item| item.color.clone_from(color)),
            Edit::SetSize { id, size } => self.change(*id, |item| item.size = *size),
            Edit::SetPlace { id, place } => self.change(*id, |item| {
                item.place = *place;
                item.place_spoken = true;
            }),
            Edit::SetMaterial { id, material } => self.change(*id, |item| item.material.clone_from(material)),
            Edit::SetCount { id, count } => self.change(*id, |item| item.count = *count),
            Edit::SetWorld { world } => replace(&mut self.world, Some(world.clone())),
            Edit::ClearWorld => replace(&mut self.world, None),
            Edit::SetStyle { style } => replace(&mut self.style, Some(style.clone())),
            Edit::ClearStyle => replace(&mut self.style, None),
            Edit::Reset => {
                let empty = self.is_empty();
                let Scene { items, world, style, revision: _ } = self;
                items.clear();
                *world = None;
                *style = None;
                !empty
            }
            Edit::Undo | Edit::Redo | Edit::TakePicture | Edit::StartClip | Edit::StopClip | Edit::None => false,
        };
        self.revision = self.revision.saturating_add(u64::from(changed));
        changed
    }

    /// The item with that id.
    pub fn item(&self, id: u64) -> Option<&Item> {
        self.items.iter().find(|item| item.id == id)
    }

    /// Whether there is nothing but the visitor.
    pub fn is_empty(&self) -> bool {
        self.items.is_empty() && self.world.is_none() && self.style.is_none()
    }

    /// Whether both show the same, whatever the order of edits that led there.
    pub fn same_as(&self, other: &Scene) -> bool {
        let theirs = other.drawing_order();
        let ours = self.drawing_order();
        self.world == other.world
            && self.style == other.style
            && ours.len() == theirs.len()
            && ours.iter().zip(theirs).all(|(a, b)| a.looks_like(b))
    }

    /// The items from back to front, in an order that depends on what they are and not on when they came.
    pub fn drawing_order(&self) -> Vec<&Item> {
        let mut order: Vec<&Item> = self.items.iter().collect();
        order.sort_by(|a, b| {
            let key = |item: &Item| (depth(item.place), item.kind.clone());
            let looks = |item: &Item| {
                let color = item.color.as_ref().map(|color| color.name.clone());
                (item.place, color, item.material.clone(), item.count, item.said.clone())
            };
            key(a)
                .cmp(&key(b))
                .then_with(|| a.size.total_cmp(&b.size))
                .then_with(|| looks(a).cmp(&looks(b)))
                .then_with(|| a.id.cmp(&b.id))
        });
        order
    }

    fn add(&mut self, mut item: Item) {
        item.make_valid();
        let taken = self.items.iter().any(|other| other.id == item.id);
        if item.id == 0 || taken {
            // The revision only goes up, so an id is never given twice in one conversation.
            let last = self.items.iter().map(|other| other.id).max().unwrap_or(0);
            item.id = last.max(self.revision).saturating_add(1);
        }
        if self.items.len() >= MAX_ITEMS {
            self.items.remove(0);
        }
        self.items.push(item);
    }

    fn change(&mut self, id: u64, change: impl FnOnce(&mut Item)) -> bool {
        let Some(item) = self.items.iter_mut().find(|item| item.id == id) else { return false };
        let before = item.clone();
        change(item);
        item.make_valid();
        *item != before
    }
}

/// Puts the new value in place; whether it differs from the old.
fn replace<T: PartialEq>(slot: &mut Option<T>, value: Option<T>) -> bool {
    let changed = *slot != value;
    *slot = value;
    changed
}

/// How near to the viewer things at that place are; larger is nearer.
fn depth(place: Place) -> u8 {
    match place {
        Place::Beside => 0,
        Place::Above => 1,
        Place::Back => 2,
        Place::Neck => 3,
        Place::Face => 4,
        Place::Head => 5,
        Place::BothHands | Place::LeftHand | Place::RightHand => 6,
    }
}
