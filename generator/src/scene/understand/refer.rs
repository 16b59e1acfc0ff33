//! Which items of the scene a word means: "it", "both", "the red one", "the other hand".

use super::clause::{Attr, Clause, Det, Goal, Head, Np};
use super::memory::Change;
use super::resolve::{Note, Resolver};
use super::tag::{PlaceRef, Pron, SizeChange};
use crate::scene::{Item, ItemKind, Place};

impl Resolver<'_> {
    /// The item that was spoken of last.
    pub(super) fn focus(&self) -> Option<u64> {
        let alive = |id: &&u64| self.work.item(**id).is_some();
        self.touched.iter().rev().find(alive).or_else(|| self.memory.mentions.iter().rev().find(alive)).copied()
    }

    /// The items that this utterance, or else the last one, spoke of.
    pub(super) fn group(&self) -> Vec<u64> {
        let alive = |ids: &[u64]| ids.iter().copied().filter(|id| self.work.item(*id).is_some()).collect::<Vec<_>>();
        let now = alive(&self.touched);
        if now.is_empty() { alive(&self.memory.group) } else { now }
    }

    pub(super) fn all_ids(&self) -> Vec<u64> {
        self.work.items.iter().map(|item| item.id).collect()
    }

    /// The items that are counted by "the first one": those of the last list that was said, else all.
    fn listed(&self) -> Vec<u64> {
        let mut group = self.group();
        group.sort_unstable();
        if group.len() > 1 { group } else { self.all_ids() }
    }

    /// The items that a pronoun means.
    pub(super) fn pronoun(&self, pron: Pron) -> Vec<u64> {
        let focus: Vec<u64> = self.focus().into_iter().collect();
        match pron {
            Pron::It | Pron::This | Pron::One => focus,
            Pron::Them => {
                let group = self.group();
                let plural = focus.iter().filter_map(|id| self.work.item(*id)).any(is_plural);
                if group.len() > 1 {
                    group
                } else if plural || self.work.items.len() < 2 {
                    focus
                } else {
                    self.all_ids()
                }
            }
            Pron::Both => {
                let group = self.group();
                let all = self.all_ids();
                if group.len() == 2 {
                    group
                } else if all.len() == 2 {
                    all
                } else if focus.iter().filter_map(|id| self.work.item(*id)).any(|item| item.count == 2) {
                    focus
                } else {
                    self.last_mentioned(2)
                }
            }
            Pron::Other => {
                let now = self.focus();
                let mut others = self.all_ids();
                others.retain(|id| Some(*id) != now);
                if others.len() > 1 { self.last_mentioned(2).into_iter().take(1).collect() } else { others }
            }
            Pron::First => self.listed().into_iter().take(1).collect(),
            Pron::Second => self.listed().into_iter().skip(1).take(1).collect(),
            Pron::Last => self.listed().into_iter().rev().take(1).collect(),
            Pron::All => self.all_ids(),
            Pron::Rest => {
                let mut rest = self.all_ids();
                rest.retain(|id| !self.touched.contains(id) && !self.kept.contains(id));
                rest
            }
            Pron::Me | Pron::World | Pron::Style | Pron::Color => Vec::new(),
        }
    }

    /// What a description without a noun is about ("bigger", "the other hand").
    pub(super) fn implicit_target(&self, clause: &Clause, goal: &Goal) -> Vec<u64> {
        let hand = matches!(goal.place, Some(PlaceRef::OtherHand | PlaceRef::Left | PlaceRef::Right | PlaceRef::Hand))
            || goal.place == Some(PlaceRef::At(Place::LeftHand))
            || goal.place == Some(PlaceRef::At(Place::RightHand));
        let focus = self.focus();
        if hand
            && clause.act.is_none()
            && !focus.and_then(|id| self.work.item(id)).is_some_and(|item| item.place.is_hand())
        {
            let held = self
                .memory
                .mentions
                .iter()
                .rev()
                .filter_map(|id| self.work.item(*id))
                .find(|item| item.place.is_hand());
            if let Some(item) = held {
                return vec![item.id];
            }
        }
        focus.into_iter().collect()
    }

    fn last_mentioned(&self, count: usize) -> Vec<u64> {
        let mut ids = self.memory.mentions.clone();
        ids.retain(|id| !self.touched.contains(id));
        ids.extend(&self.touched);
        ids.retain(|id| self.work.item(*id).is_some());
        ids.split_off(ids.len().saturating_sub(count))
    }

    /// The kinds that a noun phrase may mean.
    pub(super) fn kinds(&self, np: &Np) -> Vec<ItemKind> {
        match &np.head {
            Head::Item(word) => word.kinds.clone(),
            Head::Unknown(name) if np.count.is_some_and(|count| count > 1) => vec![ItemKind::Other(singular(name))],
            Head::Unknown(name) => vec![ItemKind::Other(name.clone())],
            Head::One => {
                // "take it off" - "what about a green one": the kind of what was there last.
                let gone = || self.past.iter().find_map(|scene| scene.items.last()).cloned();
                let spoken_of = || self.focus().and_then(|id| self.work.item(id)).cloned();
                self.taken_last().or_else(spoken_of).or_else(gone).map(|item| item.kind).into_iter().collect()
            }
        }
    }

    /// What was taken away by the last thing that was done.
    fn taken_last(&self) -> Option<Item> {
        let alive = |ids: &[u64]| ids.iter().any(|id| self.work.item(*id).is_some());
        if let Some(Note::Removed(item)) = self.notes.last() {
            return Some(item.clone());
        }
        if self.begun || alive(&self.touched) {
            return None;
        }
        let last = self.memory.ops.last().filter(|op| op.change == Change::Remove)?;
        let before = self.past.first()?;
        last.ids.iter().rev().find_map(|id| before.item(*id)).filter(|item| self.work.item(item.id).is_none()).cloned()
    }

    /// The items that a noun phrase can mean, those spoken of last at the end. What it says of them narrows the
    /// choice where something is left by that.
    pub(super) fn candidates(&self, np: &Np) -> Vec<u64> {
        let kinds = self.kinds(np);
        let said = Some(np.said.as_str());
        let fits = |item: &&Item| kinds.iter().any(|kind| same_kind(kind, &item.kind));
        let mut found: Vec<&Item> = self.work.items.iter().filter(fits).collect();
        // Of a general word ("weapon"), the kind it means first.
        if let Some(first) = kinds.iter().find(|kind| found.iter().any(|item| item.kind == **kind)) {
            found.retain(|item| np.head == Head::One || item.kind == *first || same_kind(first, &item.kind));
        }
        if np.head == Head::One
            && let Some(place) = np.place
        {
            let there = |item: &&Item| self.place(place, item.place) == item.place;
            return self.work.items.iter().filter(there).map(|item| item.id).collect();
        }
        if np.head == Head::One {
            let described: Vec<&Item> =
                self.work.items.iter().filter(|item| np.attrs.iter().any(|attr| has(item, attr))).collect();
            if !described.is_empty() {
                found = described;
            } else if np.det == Det::Other {
                return self.pronoun(Pron::Other);
            }
        }
        let named: Vec<&Item> = found.iter().copied().filter(|item| item.said.as_deref() == said).collect();
        if !named.is_empty() && np.det != Det::All {
            found = named;
        }
        if np.det == Det::Other && found.len() > 1 {
            let focus = self.focus();
            found.retain(|item| Some(item.id) != focus);
        }
        let described: Vec<&Item> =
            found.iter().copied().filter(|item| np.attrs.iter().all(|attr| has(item, attr))).collect();
        if !described.is_empty() {
            found = described;
        }
        let mut ids: Vec<u64> = found.iter().map(|item| item.id).collect();
        let rank = |id: &u64| {
            let touched = self.touched.iter().position(|other| other == id).map(|at| at + 1);
            let mentioned = self.memory.mentions.iter().position(|other| other == id);
            (touched, mentioned)
        };
        ids.sort_by_key(rank);
        ids
    }

    /// The items that a noun phrase means: one, or all of them.
    pub(super) fn referents(&self, np: &Np) -> Vec<u64> {
        let mut ids = self.candidates(np);
        let plural = np.said.ends_with('s') && !np.said.ends_with("ss") && ids.len() > 1;
        let keep = match (np.det, np.count) {
            (Det::All, _) => ids.len(),
            (_, Some(count)) if count > 1 => count as usize,
            _ if plural && np.attrs.is_empty() => ids.len(),
            _ => 1,
        };
        ids.split_off(ids.len().saturating_sub(keep))
    }

    /// The place that is meant, for an item that is (or will be) at `present`.
    pub(super) fn place(&self, place: PlaceRef, present: Place) -> Place {
        let held_last = self
            .touched
            .iter()
            .rev()
            .filter_map(|id| self.work.item(*id))
            .map(|item| item.place)
            .find(|place| place.is_hand());
        match place {
            PlaceRef::At(place) => place,
            PlaceRef::Hand if present.is_hand() => present,
            PlaceRef::Hand => self.free_hand(),
            PlaceRef::OtherHand => {
                present.other_hand().or(held_last.and_then(Place::other_hand)).unwrap_or(Place::LeftHand)
            }
            PlaceRef::EachHand => Place::BothHands,
            PlaceRef::Left if present.is_hand() => Place::LeftHand,
            PlaceRef::Right if present.is_hand() => Place::RightHand,
            PlaceRef::Left | PlaceRef::Right => Place::Beside,
        }
    }

    /// Whether a hand is taken.
    pub(super) fn holds_something(&self) -> bool {
        self.work.items.iter().any(|item| item.place.is_hand())
    }

    /// The hand for a new thing: the right one, unless it is taken and the left one is not.
    pub(super) fn free_hand(&self) -> Place {
        let taken =
            |hand: Place| self.work.items.iter().any(|item| item.place == hand || item.place == Place::BothHands);
        if taken(Place::RightHand) && !taken(Place::LeftHand) { Place::LeftHand } else { Place::RightHand }
    }
}

/// Whether the item is as described.
fn has(item: &Item, attr: &Attr) -> bool {
    match attr {
        Attr::Color(color) => item.color.as_ref().is_some_and(|own| own.name == color.name),
        Attr::Material(material) => item.material.as_ref() == Some(material),
        Attr::Size(SizeChange::To(size)) => (*size > 1.0) == (item.size > 1.0) && (*size < 1.0) == (item.size < 1.0),
        _ => false,
    }
}

/// Whether both are the same kind, be it said as one or as many.
fn same_kind(a: &ItemKind, b: &ItemKind) -> bool {
    match (a, b) {
        (ItemKind::Other(a), ItemKind::Other(b)) => singular(a) == singular(b),
        _ => a == b,
    }
}

pub(super) use crate::scene::english::singular;

fn is_plural(item: &Item) -> bool {
    item.count > 1 || item.kind.is_pair()
}
