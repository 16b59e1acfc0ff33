//! What is said of a thing: its colour, its size, what it is made of, how many fewer.

use super::clause::{Attr, Goal, Link, Np, What};
use super::normalize::Gap;
use super::noun::scaled;
use super::parse::Parser;
use super::tag::{Act, Mark, Pron, Tag};

impl Parser<'_> {
    /// Says something of the last goal, or of what was spoken of before.
    pub(super) fn attr(&mut self, attr: Attr) {
        if std::mem::take(&mut self.not) || self.link == Link::InsteadOf {
            self.now.not_attrs.push(attr);
            self.link = Link::None;
            return;
        }
        self.link = Link::None;
        let thing = (0..self.now.goals.len()).rev().find(|&k| {
            let goal = &self.now.goals[k];
            !goal.not && goal.link != Link::Except && !self.is_likeness(k)
        });
        match thing {
            // "a bit darker, dark red": after a pause it is said anew.
            Some(k) if self.tokens[self.at - 1].gap != Gap::None => self.now.goals[k].attrs.push(attr),
            Some(k) => attr.say_in(&mut self.now.goals[k].attrs),
            None => {
                // "everything but the sword *red*".
                let excepts = self.now.goals.iter().any(|goal| goal.link == Link::Except);
                let what = if excepts { What::Pron(Pron::All) } else { What::Implicit };
                let place = self.now.place_ahead.take();
                self.now.goals.push(Goal { attrs: vec![attr], place, ..Goal::new(what) });
            }
        }
    }

    /// "a mask like the Phantom of the Opera": what a thing is compared with, of which nothing more is said.
    fn is_likeness(&self, at: usize) -> bool {
        let goal = &self.now.goals[at];
        goal.link == Link::As
            && matches!(goal.what, What::Role { .. } | What::World { .. })
            && at > 0
            && self.now.goals[at - 1].np().is_some()
    }

    /// Whether the "that" there only leads on to what the thing before it is like.
    pub(super) fn relates(&self, at: usize) -> bool {
        let of_thing = at > 0 && matches!(self.tokens[at - 1].tag, Tag::Item(_)) && self.tokens[at].gap == Gap::None;
        of_thing
            && self.adjoining(at + 1) == Some(&Tag::Mark(Mark::Be))
            && self.adjoining(at + 2).is_some_and(|tag| tag.is_attribute() || matches!(tag, Tag::Degree(_)))
    }

    /// "add two", "two more": that many more of what was spoken of, where no size or other thing follows.
    pub(super) fn counts_more(&self) -> bool {
        match self.adjoining(self.at) {
            Some(Tag::Mark(Mark::Times)) => false,
            Some(Tag::Mark(Mark::More)) => self.adjoining(self.at + 1).is_none_or(|tag| !matches!(tag, Tag::Size(_))),
            _ => self.now.act == Some(Act::Add),
        }
    }

    /// "one fewer", "two less elephants".
    pub(super) fn fewer(&mut self, count: u32) {
        if !self.now.is_blank() {
            self.flush();
        }
        self.at += 1;
        self.now.act = Some(Act::Remove);
        match self.adjoining(self.at).and_then(|_| self.noun_phrase(self.at)) {
            Some((np, next)) => {
                self.at = next;
                self.goal(What::Np(Np { count: Some(count), ..np }));
            }
            None => self.attr(Attr::Count(count)),
        }
    }

    pub(super) fn attribute(&mut self, tag: &Tag) -> Option<Attr> {
        let degree = self.now.degree;
        let attr = match tag {
            Tag::Color(color) => Attr::Color(color.clone()),
            Tag::Darker => Attr::Darker,
            Tag::Lighter => Attr::Lighter,
            Tag::PlainColor => Attr::PlainColor,
            Tag::Size(size) => Attr::Size(scaled(*size, degree)),
            Tag::Material(name) => Attr::Material(name.clone()),
            _ => return None,
        };
        if matches!(attr, Attr::Size(_)) {
            self.now.degree = None;
        }
        Some(attr)
    }

    pub(super) fn same_color(&mut self) {
        // "swap the colour of the cape and the crown".
        if self.now.act == Some(Act::Swap) {
            self.now.color_word = true;
            return;
        }
        // "a *matching* cape", 同样颜色的斗篷
        if self.noun_phrase(self.at - 1).is_some_and(|(np, _)| np.attrs.contains(&Attr::SameColor(None))) {
            self.noun(self.at - 1);
            return;
        }
        let mut next = self.at;
        while matches!(
            self.adjoining(next),
            Some(Tag::Mark(Mark::As | Mark::Prep | Mark::Of | Mark::To | Mark::Filler | Mark::Particle | Mark::With))
        ) {
            next += 1;
        }
        let np = if self.adjoining(next).is_some() { self.noun_phrase(next) } else { None };
        let thing = np.map(|(np, after)| {
            self.at = after;
            Box::new(np)
        });
        self.attr(Attr::SameColor(thing));
    }

    /// "a sword with a red handle": a part of the thing that no lexicon knows.
    pub(super) fn skip_part(&mut self) {
        let describes = |tag: &Tag| {
            tag.is_attribute() || matches!(tag, Tag::Mark(Mark::A | Mark::The | Mark::Praise) | Tag::Count(_))
        };
        let mut part = self.at;
        while self.adjoining(part).is_some_and(describes) {
            part += 1;
        }
        let of_thing = matches!(self.now.goals.last(), Some(Goal { what: What::Np(_), .. }));
        if of_thing && self.adjoining(part) == Some(&Tag::Word) {
            let after = part + self.words_from(part);
            if !matches!(self.adjoining(after), Some(Tag::Item(_))) {
                self.at = after;
                self.link = Link::None;
            }
        }
    }

    /// "a crown of flowers", "made of chocolate": what no lexicon knows is a material there.
    pub(super) fn material_of(&mut self) {
        // "double the size of the crown".
        let sized =
            |goal: &Goal| goal.what == What::Implicit && goal.attrs.iter().all(|attr| matches!(attr, Attr::Size(_)));
        if self.now.goals.last().is_some_and(sized)
            && let Some((np, next)) = self.adjoining(self.at).and_then(|_| self.noun_phrase(self.at))
        {
            self.at = next;
            let size = self.now.goals.pop().unwrap_or(Goal::new(What::Implicit));
            self.now.goals.push(Goal { what: What::Np(np), ..size });
            return;
        }
        // "the queen of dragons" is a queen.
        if matches!(self.now.goals.last(), Some(Goal { what: What::Role { .. }, .. }))
            && let Some((_, next)) = self.adjoining(self.at).and_then(|_| self.noun_phrase(self.at))
        {
            self.at = next;
            return;
        }
        let after_thing = matches!(self.now.goals.last(), Some(Goal { what: What::Np(_) | What::Pron(_), .. }));
        if after_thing && matches!(self.adjoining(self.at), Some(Tag::Word)) {
            let text = self.tokens[self.at].text.clone();
            self.at += 1;
            self.attr(Attr::Material(text));
        }
    }
}
