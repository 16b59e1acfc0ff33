//! Taking away, keeping, and bringing back.

use super::clause::{Attr, Clause, Det, Goal, Head, Link, What};
use super::memory::{Change, Topic};
use super::resolve::{Note, Resolver, is_world};
use super::tag::Pron;
use crate::scene::{Edit, Item, Scene};

impl Resolver<'_> {
    /// Takes items away and takes note of it.
    pub(super) fn remove(&mut self, ids: &[u64]) {
        if ids.is_empty() {
            return;
        }
        self.op(ids, Change::Remove);
        for &id in ids {
            let Some(item) = self.work.item(id).cloned() else { continue };
            if self.edit(Edit::Remove { id }) {
                self.notes.push(Note::Removed(item));
            }
        }
        self.begun = true;
    }

    /// "take off the crown", "no cape", "I don't want it any more", "everything but the cape off".
    pub(super) fn take_away(&mut self, clause: &Clause) {
        if clause.goals.iter().all(|goal| matches!(goal.what, What::Pron(Pron::Me)) || matches!(goal.link, Link::From))
            && !clause.color_word
        {
            match self.topic {
                Topic::World => self.clear_world(),
                Topic::Style => self.clear_style(),
                Topic::Items => {
                    let focus = self.pronoun(Pron::It);
                    self.remove(&focus);
                }
            }
            return;
        }
        let only_exceptions = clause.goals.iter().all(|goal| goal.link == Link::Except || goal.not);
        if only_exceptions && !clause.goals.is_empty() && clause.goals.iter().any(|goal| goal.link == Link::Except) {
            self.take_away_goal(clause, &Goal::new(What::Pron(Pron::All)));
            return;
        }
        for goal in &clause.goals {
            if goal.not
                || matches!(goal.link, Link::Except | Link::From)
                    && !(clause.color_word || goal.link == Link::From && clause.goals.len() == 1)
            {
                continue;
            }
            self.take_away_goal(clause, goal);
        }
    }

    pub(super) fn take_away_goal(&mut self, clause: &Clause, goal: &Goal) {
        let colored = |attr: &Attr| matches!(attr, Attr::Color(_) | Attr::Darker | Attr::Lighter);
        match &goal.what {
            What::World { .. } | What::Pron(Pron::World) => self.clear_world(),
            What::Style { .. } | What::Pron(Pron::Style) => self.clear_style(),
            What::Pron(Pron::All) => {
                let mut ids = self.all_ids();
                let excepted = self.except(clause, &mut ids);
                if excepted {
                    self.remove_rest(clause, &ids);
                } else {
                    self.edit(Edit::Reset);
                    self.notes.push(Note::Reset);
                    self.begun = true;
                }
            }
            What::Pron(Pron::Rest) => {
                let mut ids = self.pronoun(Pron::Rest);
                self.except(clause, &mut ids);
                self.remove_rest(clause, &ids);
            }
            What::Pron(Pron::Color) => self.plain(Vec::new()),
            What::Pron(Pron::It | Pron::This)
                if self.topic == Topic::World && self.touched.is_empty() && goal.attrs.is_empty() =>
            {
                self.clear_world()
            }
            What::Pron(Pron::It | Pron::This)
                if self.topic == Topic::Style && self.touched.is_empty() && goal.attrs.is_empty() =>
            {
                self.clear_style()
            }
            What::Pron(Pron::Other) if self.retarget_to_other(clause, goal) => {}
            What::Pron(pron) => {
                let ids = self.pronoun(*pron);
                if clause.color_word || goal.attrs.iter().any(colored) {
                    self.plain(ids);
                } else {
                    self.remove(&ids);
                }
            }
            // 要黑的不要白的: it is black already.
            What::Implicit if clause.dont_want && self.is_colored_otherwise(goal) => {}
            What::Implicit if goal.attrs.iter().any(colored) => self.plain(Vec::new()),
            What::Implicit if goal.place.is_none() => {
                let counted =
                    goal.attrs.iter().find_map(|attr| if let Attr::Count(count) = attr { Some(*count) } else { None });
                let ids = self.pronoun(Pron::It);
                match counted.filter(|less| self.count(&ids) > *less) {
                    Some(less) => self.change(&ids, &Change::Count(self.count(&ids) - less)),
                    None if counted.is_some() => self.remove(&ids),
                    None => {}
                }
            }
            What::Implicit => {
                let place = goal.place;
                let there = |item: &&Item| place.is_some_and(|place| self.place(place, item.place) == item.place);
                let ids: Vec<u64> = self.work.items.iter().filter(there).map(|item| item.id).collect();
                self.remove(&ids);
            }
            What::Np(np) => {
                let ids = self.referents(np);
                if ids.is_empty() {
                    self.notes.push(Note::NotThere(np.said.clone()));
                } else if clause.color_word {
                    self.plain(ids);
                } else if clause.dont_want && np.det != Det::Definite && np.det != Det::All {
                    self.unwanted.extend(ids);
                } else if let Some(less) = np.count.filter(|count| np.det != Det::Definite && self.count(&ids) > *count)
                {
                    let left = self.count(&ids) - less;
                    self.change(&ids, &Change::Count(left));
                } else {
                    self.remove(&ids);
                }
            }
            What::Role { role, .. } => {
                let ids: Vec<u64> =
                    self.work.items.iter().filter(|item| role.items.contains(&item.kind)).map(|item| item.id).collect();
                self.remove(&ids);
            }
        }
    }

    fn is_colored_otherwise(&self, goal: &Goal) -> bool {
        let own = self.focus().and_then(|id| self.work.item(id)).and_then(|item| item.color.as_ref());
        own.is_some_and(|own| {
            goal.attrs.iter().any(|attr| matches!(attr, Attr::Color(color) if color.name != own.name))
        })
    }

    fn count(&self, ids: &[u64]) -> u32 {
        if let [id] = ids { self.work.item(*id).map_or(0, |item| item.count) } else { 0 }
    }

    /// Back to the colour a thing has by itself.
    pub(super) fn plain(&mut self, ids: Vec<u64>) {
        let ids = if ids.is_empty() { self.pronoun(Pron::It) } else { ids };
        self.change(&ids, &Change::Color(None));
    }

    /// Takes the excepted items out of a list. Whether any exception was said.
    pub(super) fn except(&mut self, clause: &Clause, ids: &mut Vec<u64>) -> bool {
        let mut excepted = false;
        let named = |goal: &&Goal| !matches!(goal.what, What::Pron(Pron::All | Pron::Rest));
        for goal in clause.goals.iter().skip_while(|goal| goal.link != Link::Except && !goal.not).take_while(named) {
            excepted = true;
            let kept = match &goal.what {
                What::Np(np) => self.referents(np),
                What::Pron(pron) => self.pronoun(*pron),
                _ => Vec::new(),
            };
            kept.iter().for_each(|id| self.touch(*id));
            ids.retain(|id| !kept.contains(id));
        }
        excepted
    }

    /// Takes away the rest: those items, and world and style where they are not what is kept.
    fn remove_rest(&mut self, clause: &Clause, ids: &[u64]) {
        let names_world =
            clause.goals.iter().any(|goal| is_world(goal) && goal.link == Link::Except) || self.keeps_world;
        self.remove(ids);
        if !names_world {
            self.edit(Edit::ClearWorld);
            self.edit(Edit::ClearStyle);
        }
        self.begun = true;
    }

    /// "keep the crown", before something else is done.
    pub(super) fn keep(&mut self, clause: &Clause) {
        let excepts = clause.goals.iter().any(|goal| goal.link == Link::Except);
        if excepts {
            let mut kept = self.all_ids();
            let all = kept.clone();
            self.except(clause, &mut kept);
            let gone: Vec<u64> = all.into_iter().filter(|id| !kept.contains(id)).collect();
            self.remove(&gone);
            return;
        }
        // 我想留胡子: what is not there can't be kept, so it is wished for.
        let wished =
            |goal: &Goal| goal.np().is_some_and(|np| np.det != Det::Definite && self.candidates(np).is_empty());
        if !clause.goals.is_empty() && clause.goals.iter().all(wished) {
            self.positive(&Clause { act: Some(super::tag::Act::Want), ..clause.clone() });
            return;
        }
        for goal in &clause.goals {
            let ids = match &goal.what {
                What::Np(np) => {
                    let ids = self.referents(np);
                    self.keep_count(&ids, np.count.or((np.head == Head::One).then_some(1)));
                    ids
                }
                // "keep one" of two torches.
                What::Implicit => {
                    let ids = self.implicit_target(clause, goal);
                    let count = goal.attrs.iter().find_map(|attr| match attr {
                        Attr::Count(count) => Some(*count),
                        _ => None,
                    });
                    self.keep_count(&ids, count);
                    ids
                }
                What::Pron(pron) => self.pronoun(*pron),
                What::World { .. } | What::Style { .. } => {
                    self.keeps_world = true;
                    Vec::new()
                }
                _ => Vec::new(),
            };
            self.keeps_world |= matches!(goal.what, What::Pron(Pron::World | Pron::Style));
            for id in ids {
                self.kept.push(id);
                self.touched.retain(|other| *other != id);
                self.touched.push(id);
            }
        }
        if clause.only {
            self.keep_only(clause);
        } else {
            self.notes.push(Note::Left);
        }
    }

    /// Of those that are more than `count`, the rest goes.
    fn keep_count(&mut self, ids: &[u64], count: Option<u32>) {
        let Some(count) = count else { return };
        let more = |id: &u64| self.work.item(*id).is_some_and(|item| item.count > count);
        let many: Vec<u64> = ids.iter().copied().filter(more).collect();
        self.change(&many, &Change::Count(count));
    }

    /// "just the crown": nothing else.
    pub(super) fn keep_only(&mut self, clause: &Clause) {
        let mut rest = self.all_ids();
        // "*not the wings*, just the halo".
        for goal in clause.goals.iter().filter(|goal| !goal.not) {
            let ids = match &goal.what {
                What::Np(np) => self.referents(np),
                What::Pron(pron) => self.pronoun(*pron),
                _ => Vec::new(),
            };
            ids.iter().for_each(|id| self.touch(*id));
            rest.retain(|id| !ids.contains(id));
        }
        self.remove(&rest);
        self.begun = true;
    }

    /// "bring back the crown": as it last was.
    pub(super) fn restore(&mut self, clause: &Clause) {
        let mut named = false;
        for goal in &clause.goals {
            match &goal.what {
                What::Np(np) if !self.candidates(np).is_empty() => {
                    let mut none = Vec::new();
                    let ids = self.referents(np);
                    let attrs: Vec<Attr> = if np.det == Det::Definite { Vec::new() } else { np.attrs.clone() };
                    self.describe(&ids, goal, &attrs, &mut none, clause);
                    ids.iter().for_each(|id| self.touch(*id));
                    named = true;
                }
                What::Np(np) => {
                    let kinds = self.kinds(np);
                    let past =
                        self.past.iter().find_map(|scene| scene.items.iter().find(|item| kinds.contains(&item.kind)));
                    match past.cloned() {
                        Some(item) => self.bring_back(item, goal),
                        None => {
                            self.add(np, goal, clause);
                        }
                    }
                    named = true;
                }
                What::World { theme, text, .. } => {
                    self.set_world(crate::scene::World::new(text, *theme));
                    named = true;
                }
                What::Style { name, text } => {
                    self.set_style(crate::scene::Style { text: text.clone(), name: *name });
                    named = true;
                }
                What::Pron(Pron::World) => {
                    let world = self
                        .past
                        .iter()
                        .find_map(|scene| scene.world.clone().filter(|world| Some(world) != self.work.world.as_ref()));
                    world.into_iter().for_each(|world| self.set_world(world));
                    named = true;
                }
                What::Implicit | What::Pron(_) | What::Role { .. } => {}
            }
        }
        if !named {
            self.restore_last(clause);
        }
    }

    fn bring_back(&mut self, item: Item, goal: &Goal) {
        let id = self.insert(Item { id: 0, ..item });
        if let Some(place) = goal.place {
            self.move_to(&[id], place);
        }
    }

    /// "bring it back": what went last.
    fn restore_last(&mut self, clause: &Clause) {
        // "take it away, then give it back"
        let just_gone = self.notes.iter().rev().find_map(|note| match note {
            Note::Removed(item) => Some(item.clone()),
            _ => None,
        });
        if let Some(item) = just_gone {
            self.bring_back(item, &Goal::new(What::Implicit));
            return;
        }
        let gone = |scene: &Scene| -> Vec<Item> {
            scene.items.iter().filter(|item| self.work.item(item.id).is_none()).cloned().collect()
        };
        let lost: Vec<Item> =
            self.past.iter().map(|scene| gone(scene)).find(|lost| !lost.is_empty()).unwrap_or_default();
        let last_step_took = self
            .past
            .first()
            .is_some_and(|scene| !gone(scene).is_empty() || scene.world.is_some() && self.work.world.is_none());
        let took_back = self.memory.ops.iter().any(|op| op.change == Change::Undo);
        if took_back && !self.future.is_empty() {
            self.redo();
            return;
        }
        if last_step_took || lost.is_empty() {
            self.undo(1);
            return;
        }
        let goal = clause.goals.first().cloned().unwrap_or(Goal::new(What::Implicit));
        for item in lost {
            self.bring_back(item, &goal);
        }
    }
}
