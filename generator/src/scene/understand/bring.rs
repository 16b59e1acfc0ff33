//! Bringing things: whether a noun means a thing that is there, one more, or one in place of another.

use super::clause::{Attr, Clause, Det, Goal, Head, Link, Np};
use super::resolve::{Note, Resolver, shows};
use super::tag::{Act, ItemWord, PlaceRef};
use crate::scene::english;
use crate::scene::{Edit, Item, ItemKind, Place};

impl Resolver<'_> {
    /// "turn the sword into a torch", "make it a shield": one thing for another. Whether that is what was said.
    pub(super) fn becomes(&mut self, clause: &Clause, goal: &Goal, np: &Np, targets: &[u64]) -> bool {
        let result = matches!(clause.act, Some(Act::Change | Act::ChangeTo)) || clause.should;
        let linked =
            goal.link == Link::To || clause.act == Some(Act::ChangeTo) || !targets.is_empty() && goal.link != Link::And;
        if !result || !linked || matches!(np.det, Det::Definite | Det::All | Det::Another) && goal.link != Link::To {
            return false;
        }
        // 剑变红，皇冠变蓝: a list of changes, each with its own thing.
        let at = clause.goals.iter().position(|other| std::ptr::eq(other, goal)).unwrap_or(0);
        if goal.link != Link::To && clause.goals[..at].last().is_some_and(|before| !before.attrs.is_empty()) {
            return false;
        }
        let kinds = self.kinds(np);
        let old: Vec<u64> = if targets.is_empty() {
            if np.head == Head::One || !self.candidates(np).is_empty() || clause.also {
                return false;
            }
            // 不要皇冠了，换成头盔
            let unwanted = std::mem::take(&mut self.unwanted);
            if unwanted.is_empty() { self.focus().into_iter().collect() } else { unwanted }
        } else {
            targets.to_vec()
        };
        let same = old.iter().filter_map(|id| self.work.item(*id)).any(|item| kinds.contains(&item.kind));
        if old.is_empty() {
            return false;
        }
        if same || np.head == Head::One {
            let mut none = Vec::new();
            self.describe(&old, goal, &np.attrs, &mut none, clause);
            old.iter().for_each(|id| self.touch(*id));
            return true;
        }
        self.replace(&old, np, goal, true);
        true
    }

    /// A thing by its noun: one that is there, or a new one.
    pub(super) fn noun(&mut self, clause: &Clause, goal: &Goal, np: &Np, waiting: &mut Vec<u64>) -> Vec<u64> {
        if self.retarget(clause, goal, np) {
            return self.touched.last().copied().into_iter().collect();
        }
        let mut candidates = self.candidates(np);
        candidates.retain(|id| !self.rejected.contains(id));
        let fresh = self.wants_another(clause, goal, np, &candidates);
        if !candidates.is_empty() && !fresh {
            let mut ids = self.referents(np);
            ids.retain(|id| !self.rejected.contains(id));
            self.unwanted.retain(|id| !ids.contains(id));
            let identifies = ids
                .iter()
                .all(|id| self.work.item(*id).is_some_and(|item| np.attrs.iter().all(|attr| shows(item, attr))));
            let mut attrs = if identifies { Vec::new() } else { np.attrs.clone() };
            if let Some(count) = np.count
                && (ids.len() < count as usize || clause.only)
            {
                attrs.push(Attr::Count(count));
            }
            let silent = goal.attrs.is_empty() && attrs.is_empty() && goal.place.is_none();
            self.describe(&ids, goal, &attrs, waiting, clause);
            for id in &ids {
                self.touch(*id);
                if silent {
                    self.notes.push(Note::Already(*id));
                }
            }
            return ids;
        }
        if np.head == Head::One && candidates.is_empty() && self.kinds(np).is_empty() {
            return Vec::new();
        }
        if self.is_no_item(clause, goal, np) {
            self.notes.push(Note::NoItem(np.said.clone()));
            return Vec::new();
        }
        // "the sword is too long", with no sword there.
        if clause.act.is_none() && clause.complains() {
            self.notes.push(Note::NotThere(np.said.clone()));
            return Vec::new();
        }
        let old = self.makes_way(clause, np);
        if old.is_empty() {
            let id = self.add(np, goal, clause);
            if goal.link == Link::And {
                waiting.push(id);
            } else {
                *waiting = vec![id];
            }
            if !goal.attrs.is_empty() || !np.attrs.is_empty() {
                waiting.clear();
            }
            return vec![id];
        }
        self.replace(&old, np, goal, !clause.instead);
        self.touched.last().copied().into_iter().collect()
    }

    /// "make my hair blue", 把我的头发变成蓝色: a change to what no word brought here.
    fn is_no_item(&self, clause: &Clause, goal: &Goal, np: &Np) -> bool {
        let house = |word: &ItemWord| word.kinds.iter().any(ItemKind::is_house);
        let known = matches!(&np.head, Head::Item(word) if house(word)) || np.head == Head::One;
        let at = clause.goals.iter().position(|other| std::ptr::eq(other, goal)).unwrap_or(0);
        let changed = matches!(clause.act, Some(Act::Change | Act::ChangeTo)) && goal.link != Link::To;
        let before_verb = clause.object_fronted || at < clause.fronted;
        !known && changed && (np.det == Det::Definite || before_verb)
    }

    /// Whether a noun that fits something there still means a new one.
    fn wants_another(&self, clause: &Clause, goal: &Goal, np: &Np, candidates: &[u64]) -> bool {
        if candidates.is_empty() {
            return np.head == Head::One && np.det == Det::Another && self.focus().is_some();
        }
        if np.det == Det::Another || clause.more {
            return true;
        }
        // 把剑变大再变蓝: what stands before its verb is there.
        let at = clause.goals.iter().position(|other| std::ptr::eq(other, goal)).unwrap_or(0);
        if clause.object_fronted || at < clause.fronted || matches!(np.det, Det::Definite | Det::All | Det::Other) {
            return false;
        }
        if matches!(clause.act, Some(Act::Change | Act::ChangeTo | Act::Keep | Act::Remove)) {
            return false;
        }
        let differs = candidates.iter().filter_map(|id| self.work.item(*id)).all(|item| {
            let place = goal.place.map(|place| self.place(place, item.place));
            let elsewhere = place.is_some_and(|place| place != item.place);
            !np.attrs.iter().chain(&goal.attrs).all(|attr| shows(item, attr)) || elsewhere
        });
        if self.says_more(np, goal, candidates) {
            return false;
        }
        let from_role = candidates.iter().any(|id| self.role_items.contains(id));
        let now = candidates.iter().any(|id| self.added.contains(id));
        if now {
            return differs && !from_role;
        }
        let adds = clause.also || clause.act == Some(Act::Add);
        adds && (differs || clause.act == Some(Act::Add) && np.det == Det::Indefinite)
    }

    /// "a sword, but a huge one", "a crown, a golden crown": more of the thing just brought, where nothing of the sort
    /// is said of it yet.
    fn says_more(&self, np: &Np, goal: &Goal, candidates: &[u64]) -> bool {
        let fits = |item: &Item| {
            np.attrs.iter().all(|attr| match attr {
                Attr::Color(_) => item.color.is_none(),
                Attr::Material(_) => item.material.is_none(),
                Attr::Size(_) => (item.size - 1.0).abs() < 0.01,
                _ => true,
            })
        };
        let last = self.touched.last().filter(|id| candidates.contains(id) && self.added.contains(id));
        let repeats = np.head == Head::One || !np.attrs.is_empty();
        repeats
            && goal.link != Link::And
            && np.count.is_none()
            && (goal.place.is_none() || np.head == Head::One)
            && last.and_then(|id| self.work.item(*id)).is_some_and(fits)
    }

    /// What a new thing takes the place of, when it corrects what was said before.
    fn makes_way(&mut self, clause: &Clause, np: &Np) -> Vec<u64> {
        if !self.rejected.is_empty() {
            return std::mem::take(&mut self.rejected);
        }
        let corrects = self.correcting && !clause.also && np.det != Det::Another;
        if corrects && self.begun && (clause.no || clause.meant || clause.actually) {
            return self.added.last().copied().into_iter().collect();
        }
        if !corrects || self.begun {
            return Vec::new();
        }
        let alive = |ids: &[u64]| ids.iter().copied().filter(|id| self.work.item(*id).is_some()).collect::<Vec<_>>();
        let added = alive(&self.memory.added);
        if added.is_empty() && (clause.instead || self.rejects_step) {
            return self.focus().into_iter().collect();
        }
        added
    }

    /// A new item as the noun phrase describes it. Returns its id.
    pub(super) fn add(&mut self, np: &Np, goal: &Goal, clause: &Clause) -> u64 {
        let (kind, natural) = self.new_kind(np, clause);
        let mut item = Item::new(kind);
        if let Head::Item(_) = np.head {
            let plain = item.kind.words();
            let pair = item.kind.is_pair() || english::is_plural(&plain);
            let said = if pair { np.said.clone() } else { super::refer::singular(&np.said) };
            item.said = (said != plain && said.is_ascii() && !said.is_empty()).then_some(said);
        }
        if let Some(place) = natural {
            item.place = place;
        }
        item.count = np.count.unwrap_or(1);
        if item.place.is_hand() {
            item.place = if item.count > 1 { Place::BothHands } else { self.free_hand() };
        }
        if let Some(place) = goal.place {
            // A new thing in "the other hand" comes to the one that is free.
            if place != PlaceRef::OtherHand || !item.place.is_hand() || !self.holds_something() {
                item.place = self.place(place, item.place);
            }
            item.place_spoken = true;
            if place == PlaceRef::EachHand {
                item.count = item.count.max(2);
            }
        }
        let id = self.insert(item);
        for attr in np.attrs.iter().chain(&goal.attrs) {
            self.attribute(&[id], attr, false);
        }
        self.retell_added(id);
        id
    }

    fn new_kind(&self, np: &Np, clause: &Clause) -> (ItemKind, Option<Place>) {
        let kind = self.kinds(np).into_iter().next().unwrap_or_else(|| ItemKind::Other(np.said.clone()));
        let by_act = match clause.act {
            Some(Act::Hold) => Some(Place::RightHand),
            Some(Act::Wear) => Some(Place::Head),
            Some(Act::Add | Act::Give | Act::Want) if np.det != Det::None || np.count.is_some() => {
                Some(Place::RightHand)
            }
            _ => None,
        };
        let natural = match (&np.head, &kind) {
            (Head::Item(word), ItemKind::Other(_)) => word.place.or(by_act),
            (_, ItemKind::Other(_)) => by_act,
            _ => None,
        };
        (kind, natural)
    }

    /// Adds an item and takes note of it.
    pub(super) fn insert(&mut self, item: Item) -> u64 {
        self.edit(Edit::Add { item });
        let item = self.work.items.last().cloned().expect("an item was just added");
        if let Some(Edit::Add { item: told }) = self.edits.last_mut() {
            told.id = item.id;
        }
        let id = item.id;
        self.notes.push(Note::Added(item));
        self.added.push(id);
        self.touch(id);
        id
    }

    /// Brings the edit and the note about a new item up to what it has become.
    fn retell_added(&mut self, id: u64) {
        let Some(item) = self.work.item(id).cloned() else { return };
        let mine = |edit: &Edit| matches!(edit, Edit::Add { item } if item.id == id);
        let Some(at) = self.edits.iter().position(mine) else { return };
        self.edits.truncate(at + 1);
        self.edits[at] = Edit::Add { item: item.clone() };
        let note = self.notes.iter().rposition(|note| matches!(note, Note::Added(other) if other.id == id));
        if let Some(at) = note {
            self.notes.truncate(at + 1);
            self.notes[at] = Note::Added(item);
        }
        self.ops.retain(|op| !op.ids.contains(&id));
    }

    /// Puts a new thing where old ones were. `inherits`: a correction keeps the colour.
    pub(super) fn replace(&mut self, old: &[u64], np: &Np, goal: &Goal, inherits: bool) {
        let first = old.iter().find_map(|id| self.work.item(*id)).cloned();
        for id in old {
            self.edit(Edit::Remove { id: *id });
        }
        self.touched.retain(|id| !old.contains(id));
        let mut goal = goal.clone();
        if let Some(first) = &first
            && first.place.is_hand()
            // Two torches are in both hands because they are two; what comes instead need not be.
            && (first.place != Place::BothHands || first.place_spoken)
            && goal.place.is_none()
            && np.count.is_none()
            && self.new_kind(np, &Clause::default()).0.natural_place().is_hand()
        {
            goal.place = Some(PlaceRef::At(first.place));
        }
        let id = self.add(np, &goal, &Clause { act: Some(Act::Give), ..Clause::default() });
        let color = first.filter(|_| inherits).and_then(|first| first.color);
        let plain = self.work.item(id).is_some_and(|item| item.color.is_none() && item.material.is_none());
        if plain && let Some(color) = color {
            self.edit(Edit::SetColor { id, color: Some(color) });
            self.retell_added(id);
        }
    }
}
