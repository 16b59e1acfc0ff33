//! Changes to items: colour, size, place, material, count; and doing a change again, or to another item.

use super::clause::{Attr, Clause, Det, Goal, Np, What};
use super::memory::{Change, Op};
use super::resolve::{Note, Resolver};
use super::tag::{Act, PlaceRef, Pron, SizeChange};
use crate::scene::{Color, Edit, Place, Scene};

impl Resolver<'_> {
    /// Says one thing of some items. A correction of a size starts from the size before ("bigger" - "no, smaller").
    pub(super) fn attribute(&mut self, ids: &[u64], attr: &Attr, corrects: bool) {
        let change = match attr {
            Attr::Color(color) => Change::Color(Some(color.clone())),
            Attr::Darker => Change::Darker,
            Attr::Lighter => Change::Lighter,
            Attr::PlainColor => Change::Color(None),
            Attr::SameColor(like) => match self.color_of_other(ids, like.as_deref()) {
                Some(color) => Change::Color(Some(color)),
                None => {
                    self.notes.extend(ids.iter().map(|id| Note::Already(*id)));
                    return;
                }
            },
            Attr::Size(SizeChange::Times(factor)) => {
                if corrects {
                    self.revert_opposite_size(ids, *factor);
                }
                Change::Times(*factor)
            }
            Attr::Size(SizeChange::Complaint(factor)) => Change::Times(*factor),
            Attr::Size(SizeChange::To(size)) => Change::To(*size),
            Attr::Material(material) => Change::Material(Some(material.clone())),
            Attr::Count(count) => Change::Count(*count),
        };
        self.change(ids, &change);
    }

    /// Carries out one change on some items and takes note of it.
    pub(super) fn change(&mut self, ids: &[u64], change: &Change) {
        if *change == Change::Remove {
            self.remove(ids);
            return;
        }
        self.op(ids, change.clone());
        for &id in ids {
            let Some(item) = self.work.item(id).cloned() else { continue };
            let edit = match change {
                Change::Color(color) => Edit::SetColor { id, color: color.clone() },
                Change::Darker => Edit::SetColor { id, color: shaded(item.color.as_ref(), Color::darker, "dimgray") },
                Change::Lighter => {
                    Edit::SetColor { id, color: shaded(item.color.as_ref(), Color::lighter, "lightgray") }
                }
                Change::Times(factor) => Edit::SetSize { id, size: item.size * factor },
                Change::To(size) => Edit::SetSize { id, size: *size },
                Change::Material(material) => Edit::SetMaterial { id, material: material.clone() },
                Change::Place(place) => Edit::SetPlace { id, place: *place },
                Change::OtherHand => match item.place.other_hand() {
                    Some(place) => Edit::SetPlace { id, place },
                    None => continue,
                },
                Change::Count(count) => Edit::SetCount { id, count: *count },
                Change::Another => Edit::SetCount { id, count: item.count + 1 },
                Change::Remove | Change::Undo | Change::Redo => continue,
            };
            let changed = self.edit(edit);
            self.touch(id);
            self.notes.push(if changed { Note::Changed(id) } else { Note::Already(id) });
            let hands = match change {
                Change::Count(count) if *count > 1 && item.place.is_hand() && !item.place_spoken => {
                    Some(Place::BothHands)
                }
                Change::Count(1) if item.count > 1 && item.place == Place::BothHands => Some(Place::RightHand),
                _ => None,
            };
            if let Some(place) = hands {
                self.edit(Edit::SetPlace { id, place });
            }
        }
    }

    /// Moves items. What was in the hand that the moved thing comes to goes to the hand it came from.
    pub(super) fn move_to(&mut self, ids: &[u64], place: PlaceRef) {
        for &id in ids {
            let Some(item) = self.work.item(id).cloned() else { continue };
            // What is worn has no left and right: "move a bit to the left" is for someone else.
            let worn = matches!(item.place, Place::Head | Place::Face | Place::Neck | Place::Back);
            if worn && matches!(place, PlaceRef::Left | PlaceRef::Right) {
                continue;
            }
            let target = self.place(place, item.place);
            let occupant = self.work.items.iter().find(|other| {
                other.id != id
                    && !ids.contains(&other.id)
                    && other.place == target
                    && item.place.other_hand() == Some(target)
            });
            let occupant = occupant.map(|other| other.id);
            let change = if place == PlaceRef::OtherHand && item.place.other_hand().is_some() {
                Change::OtherHand
            } else {
                Change::Place(target)
            };
            if place == PlaceRef::EachHand && item.count < 2 {
                self.change(&[id], &Change::Count(2));
            }
            self.change(&[id], &change);
            if let Some(other) = occupant {
                self.edit(Edit::SetPlace { id: other, place: item.place });
            }
        }
    }

    /// Everything held goes to the other hand.
    pub(super) fn swap_hands(&mut self) {
        let held: Vec<u64> =
            self.work.items.iter().filter(|item| item.place.other_hand().is_some()).map(|item| item.id).collect();
        if held.is_empty() {
            self.notes.push(Note::NotThere(String::new()));
        }
        self.change(&held, &Change::OtherHand);
    }

    fn color_of_other(&self, ids: &[u64], like: Option<&Np>) -> Option<Color> {
        let others = match like {
            Some(np) => self.referents(np),
            None => {
                let mut order = self.memory.mentions.clone();
                order.extend(&self.touched);
                order
            }
        };
        // "make them match": one of them has the colour for both.
        let own = |ids: &[u64]| ids.iter().filter_map(|id| self.work.item(*id)).find_map(|item| item.color.clone());
        if like.is_none()
            && ids.len() > 1
            && let Some(color) = own(ids)
        {
            return Some(color);
        }
        let items = others.iter().rev().filter(|id| !ids.contains(id)).filter_map(|id| self.work.item(*id));
        items.filter_map(|item| item.color.clone()).next()
    }

    fn revert_opposite_size(&mut self, ids: &[u64], factor: f32) {
        let ops = if self.ops.is_empty() { &self.memory.ops } else { &self.ops };
        let last = ops.iter().rev().find(|op| matches!(op.change, Change::Times(_)));
        let Some(Op { ids: changed, change: Change::Times(before), sizes_before }) = last else { return };
        if (*before > 1.0) == (factor > 1.0) {
            return;
        }
        let pairs: Vec<(u64, f32)> = changed.iter().copied().zip(sizes_before.iter().copied()).collect();
        for (id, size) in pairs {
            if ids.contains(&id) {
                self.edit(Edit::SetSize { id, size });
            }
        }
    }

    /// "again", "more": the last changes once more.
    pub(super) fn again(&mut self, clause: &Clause) {
        let described = clause.goals.iter().any(|goal| !goal.attrs.is_empty() || goal.np().is_some());
        if described {
            self.positive(clause);
            return;
        }
        let ops = self.memory.ops.clone();
        let degree = clause.degree.unwrap_or(1.0);
        self.begun = true;
        if ops.is_empty() && clause.more {
            let added = self.memory.added.clone();
            self.change(&added, &Change::Another);
        }
        for op in ops {
            let ids =
                if op.ids.iter().any(|id| self.work.item(*id).is_some()) { op.ids } else { self.pronoun(Pron::It) };
            match op.change {
                Change::Undo => self.undo(1),
                Change::Redo => self.redo(),
                Change::Times(factor) => self.change(&ids, &Change::Times(factor.powf(degree))),
                change => self.change(&ids, &change),
            }
        }
    }

    /// "and the same for the shield": what was said last of one thing, said of another, which is brought if need be.
    pub(super) fn same(&mut self, clause: &Clause) {
        let ops = if self.ops.is_empty() { self.memory.ops.clone() } else { self.ops.clone() };
        let added = if self.added.is_empty() { &self.memory.added } else { &self.added };
        let like = added.last().and_then(|id| self.work.item(*id)).filter(|_| ops.is_empty()).cloned();
        for goal in &clause.goals {
            let ids = match &goal.what {
                What::Np(np) if self.candidates(np).is_empty() => vec![self.add(np, goal, clause)],
                What::Np(np) => self.referents(np),
                What::Pron(pron) => self.pronoun(*pron),
                _ => continue,
            };
            for op in ops.iter().filter(|op| !matches!(op.change, Change::Undo | Change::Redo)) {
                self.change(&ids, &op.change);
            }
            if let Some(like) = &like {
                self.change(&ids, &Change::Color(like.color.clone()));
                self.change(&ids, &Change::To(like.size));
                self.change(&ids, &Change::Material(like.material.clone()));
            }
        }
    }

    /// "a bit less", "that's too much": half of the last change of size back.
    pub(super) fn less(&mut self, clause: &Clause) {
        let degree = clause.degree.unwrap_or(0.5).min(1.0);
        for op in self.memory.ops.clone() {
            if let Change::Times(factor) = op.change {
                self.change(&op.ids, &Change::Times(factor.powf(-degree)));
            }
        }
    }

    /// "no, the crown": what was just done to one thing was meant for another. Whether that is what was said.
    pub(super) fn retarget(&mut self, clause: &Clause, goal: &Goal, np: &Np) -> bool {
        let bare = clause.act.is_none() && goal.attrs.is_empty() && goal.place.is_none() && !clause.instead;
        let refers = matches!(np.det, Det::None | Det::Definite | Det::Other);
        if !bare || !refers || !self.correcting || self.begun || !self.can_retarget() {
            return false;
        }
        let meant = self.referents(np);
        let done_to = |id: &u64| self.memory.ops.iter().any(|op| op.ids.contains(id));
        if meant.is_empty() || meant.iter().any(done_to) {
            return false;
        }
        self.redo_on(&meant);
        true
    }

    /// "the other one": the same, where the scene leaves one other thing. Whether that is what was said.
    pub(super) fn retarget_to_other(&mut self, clause: &Clause, goal: &Goal) -> bool {
        let bare = clause.act.is_none() && goal.attrs.is_empty() && goal.place.is_none();
        if !bare || self.begun || !self.can_retarget() {
            return false;
        }
        let before = self.past[0];
        let done_to = |id: &u64| self.memory.ops.iter().any(|op| op.ids.contains(id));
        let mut others: Vec<u64> = before.items.iter().map(|item| item.id).filter(|id| !done_to(id)).collect();
        let rank = |id: &u64| self.memory.mentions.iter().position(|other| other == id);
        others.sort_by_key(rank);
        let Some(other) = others.pop() else { return false };
        self.redo_on(&[other]);
        true
    }

    fn can_retarget(&self) -> bool {
        let repeatable = |op: &Op| !matches!(op.change, Change::Undo | Change::Redo);
        self.memory.changed
            && !self.past.is_empty()
            && self.edits.is_empty()
            && !self.memory.ops.is_empty()
            && self.memory.ops.iter().all(repeatable)
    }

    fn redo_on(&mut self, ids: &[u64]) {
        let ops = self.memory.ops.clone();
        self.undo(1);
        self.notes.clear();
        self.rejects_step = false;
        self.rejected.clear();
        for op in ops {
            self.change(ids, &op.change);
        }
        ids.iter()
            .filter(|id| self.work.item(**id).is_some())
            .copied()
            .collect::<Vec<_>>()
            .into_iter()
            .for_each(|id| self.touch(id));
    }

    /// Takes back steps; within an utterance, first what the utterance itself did.
    pub(super) fn undo(&mut self, count: u32) {
        self.begun = true;
        let own = self.edits.iter().any(|edit| !edit.is_for_program());
        if own && !self.edits.contains(&Edit::Undo) {
            self.edits.clear();
            self.notes.clear();
            self.added.clear();
            self.ops.clear();
            self.work = self.present.clone();
            self.notes.push(Note::Undone);
            return;
        }
        for _ in 0..count.clamp(1, 64) {
            let Some(before) = self.past.get(self.undone).copied() else {
                self.notes.push(Note::NothingToUndo);
                return;
            };
            self.undone += 1;
            let revision = self.work.revision + 1;
            self.work = Scene { revision, ..before.clone() };
            self.edits.push(Edit::Undo);
            self.notes.push(Note::Undone);
        }
        self.op(&[], Change::Undo);
    }

    /// Does again what was taken back.
    pub(super) fn redo(&mut self) {
        self.begun = true;
        match self.future.get(self.redone).copied() {
            Some(after) => {
                self.redone += 1;
                let revision = self.work.revision + 1;
                self.work = Scene { revision, ..after.clone() };
                self.edits.push(Edit::Redo);
                self.notes.push(Note::Redone);
                self.op(&[], Change::Redo);
            }
            None => self.notes.push(Note::NothingToRedo),
        }
    }

    /// "swap the sword for a torch", "swap the sword and the shield", "switch to a shield".
    pub(super) fn swap(&mut self, clause: &Clause) {
        if clause.color_word && clause.goals.iter().all(|goal| goal.attrs.is_empty()) {
            self.swap_colors(clause);
            return;
        }
        self.reject(clause);
        let new = |goal: &&Goal| {
            use super::clause::Link;
            matches!(goal.link, Link::To | Link::With | Link::For)
        };
        let things: Vec<&Goal> = clause
            .goals
            .iter()
            .filter(|goal| goal.np().is_some() || matches!(goal.what, super::clause::What::Pron(_)))
            .collect();
        let fresh = things.iter().copied().find(|goal| new(goal)).or_else(|| {
            let last = things.last().copied()?;
            let known = last.np().is_none_or(|np| !self.candidates(np).is_empty() && np.det != Det::Another);
            (!known).then_some(last)
        });
        let Some(fresh) = fresh.filter(|goal| goal.np().is_some()) else {
            self.swap_places(clause, &things);
            return;
        };
        let np = fresh.np().expect("only noun phrases were kept").clone();
        let mut old: Vec<u64> = Vec::new();
        for goal in things.iter().filter(|goal| !std::ptr::eq(**goal, fresh)) {
            let ids = match &goal.what {
                super::clause::What::Np(np) => self.referents(np),
                super::clause::What::Pron(pron) => self.pronoun(*pron),
                _ => Vec::new(),
            };
            old.extend(ids);
        }
        old.append(&mut self.rejected.clone());
        self.rejected.clear();
        if things.len() == 1 {
            old.extend(self.same_slot(&np));
        }
        let kinds = self.kinds(&np);
        old.retain(|id| {
            things.len() > 1
                || self.work.item(*id).is_some_and(|item| !kinds.contains(&item.kind) || np.det == Det::Another)
        });
        if old.is_empty() {
            let mut none = Vec::new();
            self.noun(
                &Clause { act: Some(Act::Give), ..Clause::default() },
                &Goal { link: super::clause::Link::None, ..fresh.clone() },
                &np,
                &mut none,
            );
        } else {
            self.replace(&old, &np, fresh, false);
        }
    }

    /// "swap their colours".
    fn swap_colors(&mut self, clause: &Clause) {
        let mut ids: Vec<u64> = clause.goals.iter().filter_map(Goal::np).flat_map(|np| self.referents(np)).collect();
        if ids.is_empty() {
            ids = self.pronoun(Pron::Both);
        }
        let [a, b] = ids[..] else { return };
        let color = |id: u64| self.work.item(id).and_then(|item| item.color.clone());
        let colors = [color(a), color(b)];
        let [color_a, color_b] = colors;
        self.change(&[a], &Change::Color(color_b));
        self.change(&[b], &Change::Color(color_a));
    }

    /// Two things there are exchanged; a thing with a place or a colour is only changed.
    fn swap_places(&mut self, clause: &Clause, things: &[&Goal]) {
        let mut ids: Vec<u64> = Vec::new();
        for goal in things {
            match &goal.what {
                super::clause::What::Np(np) => ids.extend(self.referents(np)),
                super::clause::What::Pron(pron) => ids.extend(self.pronoun(*pron)),
                _ => {}
            }
        }
        match ids.as_slice() {
            [a, b] if clause.goals.iter().all(|goal| goal.attrs.is_empty() && goal.place.is_none()) => {
                let places = [*a, *b].map(|id| self.work.item(id).map(|item| item.place));
                if let [Some(place_a), Some(place_b)] = places {
                    self.change(&[*a], &Change::Place(place_b));
                    self.change(&[*b], &Change::Place(place_a));
                }
            }
            _ => self.positive(&Clause { act: Some(Act::Change), ..clause.clone() }),
        }
    }

    /// What a thing would take the place of if it were swapped in: what is where it goes, else what "it" is.
    fn same_slot(&self, np: &Np) -> Vec<u64> {
        let natural = self.kinds(np).first().map(crate::scene::ItemKind::natural_place);
        let fits =
            |place: Place| natural.is_some_and(|natural| natural == place || natural.is_hand() && place.is_hand());
        let order = self.memory.mentions.iter().rev();
        let same = order.filter_map(|id| self.work.item(*id)).find(|item| fits(item.place)).map(|item| item.id);
        same.or(self.focus()).into_iter().collect()
    }
}

fn shaded(color: Option<&Color>, shade: impl Fn(&Color) -> Color, otherwise: &str) -> Option<Color> {
    color.map(shade).or_else(|| Color::named(otherwise))
}
