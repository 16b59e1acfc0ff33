//! Clauses to edits: what is asked for, against the scene that is there.
//!
//! The resolver works on a copy of the scene, so that a later clause sees what an earlier one did. It leaves the
//! edits, and notes for the reply.

use super::Reading;
use super::clause::{Attr, Clause, Det, Goal, Head, Link, Np, What};
use super::memory::{Change, Memory, Op, Topic};
use super::tag::{Act, Pron, Role, SizeChange};
use crate::scene::conversation::History;
use crate::scene::{Edit, Item, Place, Scene, Style, Theme, World};

/// Something to tell the visitor.
#[derive(Clone, Debug, PartialEq)]
pub enum Note {
    Added(Item),
    Removed(Item),
    Changed(u64),
    /// It is as asked already.
    Already(u64),
    /// A thing that is not there can't be changed or taken away.
    NotThere(String),
    /// A change to something that is no item of the scene ("my hair").
    NoItem(String),
    World(World),
    WorldCleared,
    Style(Style),
    StyleCleared,
    Reset,
    Undone,
    NothingToUndo,
    Redone,
    NothingToRedo,
    /// "don't": nothing happens, as asked.
    Left,
    Picture,
    StartClip,
    StopClip,
}

/// Works out one utterance.
pub struct Resolver<'a> {
    /// The scene as it is after the edits so far.
    pub(super) work: Scene,
    /// The scene before this utterance, those before it and those taken back, the nearest first.
    pub(super) present: Scene,
    pub(super) past: Vec<&'a Scene>,
    pub(super) future: Vec<&'a Scene>,
    /// How many steps this utterance took back, and did again.
    pub(super) undone: usize,
    pub(super) redone: usize,
    pub(super) memory: &'a Memory,
    pub(super) edits: Vec<Edit>,
    pub(super) notes: Vec<Note>,
    /// Items spoken of in this utterance, the latest last.
    pub(super) touched: Vec<u64>,
    pub(super) added: Vec<u64>,
    pub(super) ops: Vec<Op>,
    pub(super) kept: Vec<u64>,
    /// Items named as not meant; they make way for the next thing.
    pub(super) rejected: Vec<u64>,
    /// Items that are not wanted any more.
    pub(super) unwanted: Vec<u64>,
    pub(super) keeps_world: bool,
    /// "not that": the last step is not meant.
    pub(super) rejects_step: bool,
    pub(super) role_items: Vec<u64>,
    pub(super) topic: Topic,
    /// Whether a goal was met already in this utterance.
    pub(super) begun: bool,
    /// Whether an earlier clause of this utterance said "no", "I meant" or the like.
    pub(super) correcting: bool,
}

impl<'a> Resolver<'a> {
    /// Begins with the present scene.
    pub fn new(scene: &Scene, history: &'a History, memory: &'a Memory) -> Self {
        Self {
            work: scene.clone(),
            present: scene.clone(),
            past: history.past().collect(),
            future: history.future().collect(),
            undone: 0,
            redone: 0,
            memory,
            edits: Vec::new(),
            notes: Vec::new(),
            touched: Vec::new(),
            added: Vec::new(),
            ops: Vec::new(),
            kept: Vec::new(),
            rejected: Vec::new(),
            unwanted: Vec::new(),
            keeps_world: false,
            rejects_step: false,
            role_items: memory.role_items.clone(),
            topic: memory.topic,
            begun: false,
            correcting: false,
        }
    }

    /// Works through the clauses.
    pub fn run(&mut self, clauses: &[Clause]) {
        for clause in clauses.iter().filter(|clause| matches!(clause.act, Some(Act::Keep | Act::KeepOnly | Act::Leave)))
        {
            let kept: Vec<u64> = clause.goals.iter().filter_map(Goal::np).flat_map(|np| self.referents(np)).collect();
            self.kept.extend(kept);
        }
        for clause in clauses {
            self.correcting |= clause.no || clause.instead || clause.meant || clause.actually;
            if clause.is_request() {
                self.clause(clause);
            } else if !clause.question && !clause.to_someone {
                self.hear_of(clause);
            }
        }
        let unwanted = std::mem::take(&mut self.unwanted);
        self.remove(&unwanted);
        // "a crown and a cape" - "not the cape": of several things just brought only some.
        let some = self.memory.added.len() > self.rejected.len();
        if !self.rejected.is_empty() && (self.begun || !self.memory.changed || some) {
            let rejected = std::mem::take(&mut self.rejected);
            self.remove(&rejected);
        } else if (self.rejects_step || !self.rejected.is_empty()) && !self.begun {
            self.undo(1);
        }
    }

    /// "the crown looks silly": the thing that is spoken of next.
    fn hear_of(&mut self, clause: &Clause) {
        let there =
            clause.goals.iter().filter_map(Goal::np).filter(|np| np.det == Det::Definite && np.head != Head::One);
        let ids: Vec<u64> = there.flat_map(|np| self.referents(np)).collect();
        for id in ids {
            self.touched.retain(|other| *other != id);
            self.touched.push(id);
        }
    }

    /// What came of it, and what to remember.
    pub fn finish(self) -> Reading {
        let Self { work, present, memory, edits, notes, touched, added, ops, role_items, topic, begun, .. } = self;
        let changed = !work.same_as(&present) || edits.iter().any(|edit| matches!(edit, Edit::Undo | Edit::Redo));
        let mut memory = memory.clone();
        touched.iter().for_each(|id| memory.mention(*id));
        if begun {
            if !touched.is_empty() {
                memory.group = touched;
            }
            memory.added = added;
            memory.ops = ops;
            memory.changed = changed;
            memory.role_items = role_items;
            memory.topic = topic;
        }
        Reading { edits, notes, after: work, memory }
    }

    pub(super) fn edit(&mut self, edit: Edit) -> bool {
        let changed = self.work.apply(&edit);
        if changed || edit.is_for_program() {
            self.edits.push(edit);
        }
        changed
    }

    pub(super) fn touch(&mut self, id: u64) {
        self.touched.retain(|other| *other != id);
        self.touched.push(id);
        self.topic = Topic::Items;
        self.begun = true;
    }

    fn clause(&mut self, clause: &Clause) {
        // "bigger" - "scratch that, make it red": what was changed is changed back first.
        if clause.rejects && !self.begun && self.memory.added.is_empty() && self.memory.changed {
            self.undo(1);
        }
        // "I don't want to be in the jungle any more", 我不想去海底了
        let leaves = matches!(clause.act, Some(Act::Go | Act::Wear | Act::Hold | Act::Become | Act::Show));
        let leaves = leaves || clause.act.is_none() && clause.goals.iter().any(is_world);
        if clause.dont && leaves && self.names_something_there(clause) {
            self.take_away(clause);
            return;
        }
        if clause.dont {
            if self.begun || clause.act.is_some() {
                self.notes.push(Note::Left);
            }
            return;
        }
        let takes_away = clause.off && !matches!(clause.act, Some(Act::Swap | Act::Show | Act::Go | Act::Restore))
            || clause.no_thing && self.names_something_there(clause);
        match clause.act {
            Some(act) if self.alone(act, clause) => {}
            // "ditch the crown for a helmet".
            Some(Act::Remove) if clause.goals.iter().any(|goal| goal.link == Link::For && goal.np().is_some()) => {
                self.swap(clause)
            }
            Some(Act::Remove) => self.take_away(clause),
            _ if takes_away => self.take_away(clause),
            // "no hat", with nothing there that it could correct.
            None if clause.no_thing && self.work.items.is_empty() && self.past.is_empty() => {
                let said = clause.goals.iter().filter_map(Goal::np).map(|np| np.said.clone());
                self.notes.extend(said.map(Note::NotThere));
            }
            None if clause.goals.iter().all(|goal| goal.link == Link::Without) && !clause.goals.is_empty() => {
                self.take_away(clause)
            }
            Some(Act::Keep) => self.keep(clause),
            Some(Act::Take) if clause.goals.iter().any(|goal| goal.what == What::Pron(Pron::Rest)) => {
                self.take_away(clause)
            }
            Some(Act::Leave) if clause.goals.iter().any(is_world) => self.clear_world(),
            Some(Act::Leave) => self.keep(clause),
            // "give it back its old color".
            Some(Act::Restore) if clause.goals.iter().any(|goal| goal.attrs.contains(&Attr::PlainColor)) => {
                self.positive(clause)
            }
            Some(Act::Restore) => self.restore(clause),
            Some(Act::Add | Act::Give | Act::Put | Act::Want | Act::Take) if clause.back => self.restore(clause),
            Some(Act::Swap) => self.swap(clause),
            Some(Act::KeepOnly) if clause.goals.iter().any(|goal| self.is_there(goal)) => self.keep_only(clause),
            Some(Act::Again) => self.again(clause),
            Some(Act::Same) => self.same(clause),
            Some(Act::Less) => self.less(clause),
            None if clause.more && clause.goals.is_empty() => self.again(clause),
            None if clause.back && clause.goals.is_empty() => self.undo(1),
            None | Some(Act::Want)
                if clause.only && !clause.goals.is_empty() && clause.goals.iter().all(|goal| self.is_there(goal)) =>
            {
                self.keep_only(clause)
            }
            _ => self.positive(clause),
        }
    }

    /// Acts that need no goal.
    fn alone(&mut self, act: Act, clause: &Clause) -> bool {
        match act {
            Act::Undo => {
                let count = clause.goals.iter().flat_map(|goal| &goal.attrs).find_map(|attr| match attr {
                    Attr::Count(count) => Some(*count),
                    Attr::Size(SizeChange::Times(times)) if *times >= 2.0 => Some(*times as u32), // "undo twice"
                    _ => None,
                });
                self.undo(count.unwrap_or(1));
            }
            Act::Reset | Act::Redo | Act::SwapHands if !self.stands_alone(act, clause) => {}
            Act::Redo => self.redo(),
            Act::Reset => {
                self.begun = true;
                self.edit(Edit::Reset);
                self.notes.push(Note::Reset);
            }
            Act::ClearItems => {
                self.begun = true;
                let mut all = self.all_ids();
                all.retain(|id| !self.kept.contains(id));
                self.except(clause, &mut all);
                if all.len() == self.work.items.len()
                    && all.is_empty()
                    && (self.work.world.is_some() || self.work.style.is_some())
                {
                    self.edit(Edit::Reset);
                    self.notes.push(Note::Reset);
                } else {
                    self.remove(&all);
                    if all.is_empty() {
                        self.notes.push(Note::Reset);
                    }
                }
            }
            // "get us out of here, to the moon"
            Act::ClearWorld if clause.goals.iter().any(|goal| is_world(goal) && goal.link == Link::To) => {
                self.positive(&Clause { act: Some(Act::Go), ..clause.clone() });
            }
            Act::ClearWorld => self.clear_world(),
            Act::ClearStyle => self.clear_style(),
            Act::SwapHands => self.swap_hands(),
            Act::Picture => {
                self.edit(Edit::TakePicture);
                self.notes.push(Note::Picture);
            }
            Act::StartClip => {
                self.edit(Edit::StartClip);
                self.notes.push(Note::StartClip);
            }
            Act::StopClip => {
                self.edit(Edit::StopClip);
                self.notes.push(Note::StopClip);
            }
            _ => return false,
        }
        true
    }

    /// A whole command with a thing after it is not one: "clear the crown", 恢复王冠. Whether it stood alone.
    fn stands_alone(&mut self, act: Act, clause: &Clause) -> bool {
        let names = clause.goals.iter().any(|goal| matches!(goal.what, What::Np(_)));
        let excepts = clause.goals.iter().any(|goal| goal.link == Link::Except || goal.not);
        match act {
            Act::Reset if excepts => self.take_away_goal(clause, &Goal::new(What::Pron(Pron::All))),
            Act::Reset if names => self.take_away(clause),
            // 还是要盾牌吧: what was never there is wished for, in place of what is.
            Act::Redo if clause.color_word => self.plain(Vec::new()),
            Act::Redo if names && !self.was_there(clause) => {
                self.correcting = true;
                self.positive(&Clause { act: Some(Act::Want), instead: true, ..clause.clone() });
            }
            Act::Redo if names => self.restore(clause),
            Act::SwapHands if names || clause.color_word => self.swap(clause),
            _ => return true,
        }
        false
    }

    fn names_something_there(&self, clause: &Clause) -> bool {
        clause.goals.iter().any(|goal| match &goal.what {
            What::Np(np) => np.attrs.is_empty() && goal.attrs.is_empty() && !self.candidates(np).is_empty(),
            What::World { theme, text, .. } => {
                self.work.world.as_ref().is_some_and(|world| world.theme == *theme || world.text == *text)
            }
            What::Style { name, text } => {
                self.work.style.as_ref().is_some_and(|style| style.name == *name || style.text == *text)
            }
            What::Pron(Pron::World) => self.work.world.is_some(),
            What::Pron(Pron::Style) => self.work.style.is_some(),
            _ => false,
        })
    }

    /// Whether a thing that the clause names is or was in the scene.
    fn was_there(&self, clause: &Clause) -> bool {
        clause.goals.iter().filter_map(Goal::np).any(|np| {
            let kinds = self.kinds(np);
            self.past
                .iter()
                .copied()
                .chain([&self.work])
                .flat_map(|scene| &scene.items)
                .any(|item| kinds.contains(&item.kind))
        })
    }

    fn is_there(&self, goal: &Goal) -> bool {
        goal.attrs.is_empty()
            && goal
                .np()
                .is_some_and(|np| np.count.is_none() && np.det != Det::Indefinite && !self.candidates(np).is_empty())
    }

    /// Everything that brings, changes or places.
    pub(super) fn positive(&mut self, clause: &Clause) {
        self.reject(clause);
        let mut targets: Vec<u64> = Vec::new();
        // Targets of this clause that still wait for what is said of them ("the sword and the crown *gold*").
        let mut waiting: Vec<u64> = Vec::new();
        let mut to_visitor = false;
        let carrier = self.gives_to_item(clause);
        for (at, goal) in clause.goals.iter().enumerate() {
            if carrier || goal.not || matches!(goal.link, Link::InsteadOf | Link::From | Link::Without | Link::Except) {
                continue;
            }
            match &goal.what {
                // "make it purple with stars" says what a thing looks like.
                What::World { .. } if goal.link == Link::With && at > 0 && !is_world(&clause.goals[at - 1]) => {}
                // "glasses like Harry Potter".
                What::World { .. } if goal.link == Link::As && at > 0 && clause.goals[at - 1].np().is_some() => {}
                What::World { theme, text, another } => {
                    let later = clause.goals[at + 1..].iter().any(|goal| is_world(goal) && goal.link == Link::To);
                    if !later {
                        let another = *another || matches!(clause.act, Some(Act::Change | Act::ChangeTo));
                        let layout = if another { self.next_layout(*theme) } else { 0 };
                        self.set_world(World { layout, ..World::new(text, *theme) });
                    }
                }
                What::Style { name, text } => self.set_style(Style { text: text.clone(), name: *name }),
                // "a mask like Zorro" says what the mask is like.
                // "a crown fit for a queen" says whose it could be.
                What::Role { .. }
                    if matches!(goal.link, Link::As | Link::For) && at > 0 && clause.goals[at - 1].np().is_some() => {}
                What::Role { role, text } => self.role(role, text, clause),
                What::Pron(Pron::World) => {
                    if let Some(Attr::Color(color)) = goal.attrs.first() {
                        self.set_world(World::new(format!("{} background", color.name), None));
                    }
                }
                What::Pron(Pron::Me) => to_visitor = true,
                What::Pron(Pron::Style | Pron::Color) => {}
                What::Pron(Pron::Other) if self.retarget_to_other(clause, goal) => {}
                What::Pron(pron) => {
                    let mut ids = self.pronoun(*pron);
                    if clause.act != Some(Act::Keep) {
                        self.except(clause, &mut ids);
                    }
                    if ids.is_empty() && *pron == Pron::Other && goal.place.is_some() {
                        ids = self.pronoun(Pron::It); // "not that hand, the other one"
                    }
                    let nothing_said = goal.attrs.is_empty() && goal.place.is_none();
                    targets = self.describe(&ids, goal, &[], &mut waiting, clause);
                    if nothing_said && !targets.is_empty() && clause.act.is_some() {
                        targets.iter().for_each(|id| self.touch(*id));
                    }
                }
                What::Implicit if to_visitor => {}
                What::Implicit => {
                    let ids = self.implicit_target(clause, goal);
                    targets = self.describe(&ids, goal, &[], &mut waiting, clause);
                }
                // "another one", right after a world.
                What::Np(Np { head: Head::One, det: Det::Another, .. })
                    if self.topic == Topic::World
                        && self.work.world.is_some()
                        && !clause.goals[at + 1..].iter().any(is_world) =>
                {
                    if let Some(world) = self.work.world.clone() {
                        self.set_world(World { layout: self.next_layout(world.theme), ..world });
                    }
                }
                // "wings like a butterfly".
                What::Np(np)
                    if goal.link == Link::As
                        && at > 0
                        && np.head != Head::One
                        && clause.goals[at - 1].np().is_some() => {}
                What::Np(np) => {
                    if at >= clause.fronted && self.becomes(clause, goal, np, &targets) {
                        targets = self.touched.last().copied().into_iter().collect();
                    } else {
                        targets = self.noun(clause, goal, np, &mut waiting);
                    }
                }
            }
        }
    }

    /// "give it wings", said of an elephant: only the visitor can wear and hold things.
    fn gives_to_item(&self, clause: &Clause) -> bool {
        let [to, thing, ..] = clause.goals.as_slice() else { return false };
        let living = |id: &u64| {
            self.work.item(*id).is_some_and(|item| item.place == Place::Beside || item.place == Place::Above)
        };
        clause.act == Some(Act::Give)
            && thing.link == Link::None
            && thing.np().is_some_and(|np| np.head != Head::One)
            && match &to.what {
                What::Pron(pron @ (Pron::It | Pron::Them | Pron::This)) => self.pronoun(*pron).iter().any(living),
                What::Np(np) => np.det == Det::Definite && self.referents(np).iter().any(living),
                _ => false,
            }
    }

    /// Says of items what the goal says; what waits for the same gets it too.
    pub(super) fn describe(
        &mut self,
        ids: &[u64],
        goal: &Goal,
        more: &[Attr],
        waiting: &mut Vec<u64>,
        clause: &Clause,
    ) -> Vec<u64> {
        let mut all = if goal.link == Link::And { waiting.clone() } else { Vec::new() };
        all.extend(ids.iter().filter(|id| !all.contains(id)).copied().collect::<Vec<_>>());
        if goal.attrs.is_empty() && more.is_empty() && goal.place.is_none() {
            *waiting = all;
            return ids.to_vec();
        }
        if let Some(place) = goal.place {
            self.move_to(&all, place);
        }
        let corrects = self.correcting || clause.meant;
        let attrs: Vec<&Attr> = more.iter().chain(&goal.attrs).collect();
        let before = all.clone();
        all = self.meant_of(all, &attrs);
        let split = all != before;
        for attr in attrs.into_iter().filter(|attr| !split || !matches!(attr, Attr::Count(_))) {
            self.attribute(&all, attr, corrects);
        }
        waiting.clear();
        ids.to_vec()
    }

    /// "not that", "not a sword", "instead of the sword": what shall not be.
    pub(super) fn reject(&mut self, clause: &Clause) {
        for goal in &clause.goals {
            let rejects = goal.not || matches!(goal.link, Link::InsteadOf | Link::Without);
            match &goal.what {
                _ if !rejects => {}
                What::World { .. } if goal.link == Link::Without => self.clear_world(),
                What::Style { .. } | What::Pron(Pron::Style) if goal.link == Link::Without => self.clear_style(),
                What::Np(np) if np.head != Head::One => {
                    let ids = self.referents(np);
                    self.rejected.extend(ids);
                }
                What::Pron(_) | What::Np(_) => {
                    self.rejects_step = true;
                    self.correcting = true;
                }
                _ => {}
            }
        }
    }

    /// Someone to be: the things one needs for it, and the world where it has one.
    fn role(&mut self, role: &Role, text: &str, clause: &Clause) {
        let becomes = matches!(clause.act, Some(Act::Become | Act::Change | Act::ChangeTo) | None) || self.correcting;
        let gone: Vec<u64> = if becomes { self.role_items.clone() } else { Vec::new() };
        for id in gone {
            let wanted = self.work.item(id).is_some_and(|item| role.items.contains(&item.kind));
            if !wanted {
                self.edit(Edit::Remove { id });
            }
        }
        self.role_items.clear();
        for kind in &role.items {
            let there = self.work.items.iter().find(|item| item.kind == *kind).map(|item| item.id);
            let id = there.unwrap_or_else(|| {
                let mut item = Item::new(kind.clone());
                if item.place.is_hand() {
                    item.place = self.free_hand();
                }
                self.insert(item)
            });
            self.touch(id);
            self.role_items.push(id);
        }
        if let Some(theme) = role.theme {
            self.set_world(World::new(text, Some(theme)));
        }
        self.begun = true;
    }

    /// The place after the one that is shown, where that is of the same theme; the first otherwise.
    fn next_layout(&self, theme: Option<Theme>) -> u32 {
        let shown = self.work.world.as_ref().filter(|world| theme.is_some() && world.theme == theme);
        shown.map_or(0, |world| world.layout.wrapping_add(1))
    }

    pub(super) fn set_world(&mut self, world: World) {
        self.edit(Edit::SetWorld { world: world.clone() });
        self.notes.push(Note::World(world));
        self.topic = Topic::World;
        self.begun = true;
    }

    pub(super) fn set_style(&mut self, style: Style) {
        self.edit(Edit::SetStyle { style: style.clone() });
        self.notes.push(Note::Style(style));
        self.topic = Topic::Style;
        self.begun = true;
    }

    pub(super) fn clear_world(&mut self) {
        self.edit(Edit::ClearWorld);
        self.notes.push(Note::WorldCleared);
        self.begun = true;
    }

    pub(super) fn clear_style(&mut self) {
        self.edit(Edit::ClearStyle);
        self.notes.push(Note::StyleCleared);
        self.begun = true;
    }

    pub(super) fn op(&mut self, ids: &[u64], change: Change) {
        let sizes_before = ids.iter().map(|id| self.work.item(*id).map_or(1.0, |item| item.size)).collect();
        self.ops.push(Op { ids: ids.to_vec(), change, sizes_before });
    }
}

pub(super) fn is_world(goal: &Goal) -> bool {
    matches!(goal.what, What::World { .. } | What::Pron(Pron::World))
}

/// Whether the item is already as described.
pub(super) fn shows(item: &Item, attr: &Attr) -> bool {
    match attr {
        Attr::Color(color) => item.color.as_ref().is_some_and(|own| own.name == color.name),
        Attr::Material(material) => item.material.as_ref() == Some(material),
        Attr::Size(SizeChange::To(size)) => (item.size - size).abs() < 0.01,
        Attr::Count(count) => item.count == *count,
        _ => false,
    }
}
