//! Noun phrases: "the two big red swords", "another one", "a toaster", 一把红色的剑.

use super::clause::{Attr, Det, Goal, Head, Link, Np, What};
use super::normalize::{Gap, is_han};
use super::parse::Parser;
use super::tag::{Act, Mark, Pron, SizeChange, Tag};
use crate::scene::ItemKind;

/// The most words of a thing or a place that no lexicon knows.
const MAX_UNKNOWN_WORDS: usize = 6;

impl Parser<'_> {
    /// How many unknown words stand together there.
    pub(super) fn words_from(&self, at: usize) -> usize {
        1 + (at + 1..self.tokens.len())
            .take_while(|&k| self.tokens[k].gap == Gap::None && self.tokens[k].tag == Tag::Word)
            .count()
    }

    /// The utterance between two tokens.
    pub(super) fn text(&self, from: usize, to: usize) -> String {
        let han = self.tokens[from..to].iter().all(|token| token.text.chars().all(is_han));
        let words: Vec<&str> = self.tokens[from..to].iter().map(|token| token.original.as_str()).collect();
        words.join(if han { "" } else { " " })
    }

    /// The noun phrase that begins there, and where it ends.
    pub(super) fn noun_phrase(&self, from: usize) -> Option<(Np, usize)> {
        let mut np =
            Np { head: Head::One, det: Det::None, count: None, place: None, attrs: Vec::new(), said: String::new() };
        let mut degree = None;
        let mut modifier_from = None;
        let mut at = from;
        loop {
            let Some(token) = self.token(at) else { return self.material_thing(np, at) };
            let next_attr = token.tag.is_attribute() && !np.attrs.is_empty() && np.det != Det::None;
            if at > from && (token.gap == Gap::Stop || token.gap == Gap::Comma && !next_attr) {
                return self.headless(np, at);
            }
            match &token.tag {
                Tag::Mark(Mark::The) => np.det = if np.det == Det::All { Det::All } else { Det::Definite },
                Tag::Mark(Mark::A) if np.det == Det::None => np.det = Det::Indefinite,
                Tag::Mark(Mark::A | Mark::Filler | Mark::Particle | Mark::Possessive) => {}
                Tag::Mark(Mark::Praise) if np.det != Det::None || !np.attrs.is_empty() || self.now.act.is_some() => {}
                Tag::Mark(Mark::Yours) => np.det = Det::Yours,
                Tag::Mark(Mark::Another | Mark::More) => np.det = Det::Another,
                Tag::Pron(Pron::This) if !np.attrs.is_empty() => {
                    return Some((Np { det: Det::Definite, ..np }, at + 1));
                }
                Tag::Pron(Pron::This) if np.det == Det::None => np.det = Det::Definite,
                Tag::Pron(Pron::Other) if at == from => np.det = Det::Other,
                Tag::Pron(Pron::All | Pron::Both) if at == from => np.det = Det::All,
                Tag::Place(place) if np.det != Det::None && self.thing_follows(at + 1) => np.place = Some(*place),
                Tag::Count(1) if is_headless_one(np.det, &np.attrs) && !self.thing_follows(at + 1) => {
                    return Some((np, at + 1));
                }
                Tag::Count(count) => np.count = Some(*count),
                Tag::Degree(_) if self.small_thing_at(at) => {
                    np.det = Det::Indefinite;
                    np.attrs.push(Attr::Size(SizeChange::To(0.667)));
                }
                Tag::Degree(value) => degree = Some(*value),
                Tag::Color(color) => Attr::Color(color.clone()).say_in(&mut np.attrs),
                Tag::Size(SizeChange::Complaint(_)) => return None,
                Tag::Size(size) => np.attrs.push(Attr::Size(scaled(*size, degree))),
                Tag::SameColor
                    if (token.text == "matching" || token.text.ends_with('的'))
                        && matches!(self.adjoining(at + 1), Some(Tag::Item(_))) =>
                {
                    np.attrs.push(Attr::SameColor(None));
                }
                Tag::Darker => np.attrs.push(Attr::Darker),
                Tag::Lighter => np.attrs.push(Attr::Lighter),
                Tag::Material(name) => np.attrs.push(Attr::Material(name.clone())),
                Tag::Mark(Mark::And) if !np.attrs.is_empty() && self.attributes_then_thing(at + 1) => {}
                Tag::Role(_) | Tag::World(_) | Tag::Style(_) if self.noun_phrase_follows(at) => {
                    modifier_from.get_or_insert(at);
                }
                // "a dragon's wings"
                Tag::Item(_) if self.owns_thing(at) => {
                    modifier_from.get_or_insert(at);
                }
                Tag::Pron(Pron::Style) if modifier_from.is_some() => {}
                Tag::Item(word) => {
                    // "a pair of black wings" is one thing.
                    let pair = self.tokens[from..at].iter().any(|token| token.text.ends_with("pair of"));
                    np.count = np.count.filter(|_| !(pair && word.kinds.iter().any(ItemKind::is_pair)));
                    let start = modifier_from.unwrap_or(at);
                    np.said = if token.soft { String::new() } else { self.plain_text(start, at + 1) };
                    np.head = Head::Item(word.clone());
                    return Some((np, at + 1));
                }
                Tag::Pron(Pron::One) if is_headless_one(np.det, &np.attrs) || np.count.is_some() => {
                    return Some((np, at + 1));
                }
                // "a mustard yellow cape", "a super duper big sword".
                Tag::Word if self.colors_thing(&np, at) => at += self.words_from(at) - 1,
                Tag::Word => return self.unknown_thing(np, at),
                _ => return self.headless(np, at),
            }
            at += 1;
        }
    }

    /// A phrase without a noun: "the other", "another", "the red and the blue sword".
    fn headless(&self, np: Np, at: usize) -> Option<(Np, usize)> {
        let shares = matches!(np.det, Det::Indefinite | Det::Definite)
            && !np.attrs.is_empty()
            && matches!(self.adjoining(at), Some(Tag::Mark(Mark::And)))
            && matches!(self.adjoining(at + 1), Some(Tag::Mark(Mark::A | Mark::The)));
        if shares && let Some((twin, _)) = self.noun_phrase(at + 1) {
            return Some((Np { head: twin.head, said: twin.said, ..np }, at));
        }
        self.material_thing(np, at)
    }

    /// "add a rainbow", "hold a rock": what things are made of can be a thing.
    fn material_thing(&self, mut np: Np, at: usize) -> Option<(Np, usize)> {
        let wished = matches!(self.now.act, Some(Act::Add | Act::Give | Act::Hold | Act::Want | Act::Put));
        let counted = np.det == Det::Indefinite || np.det == Det::Another || np.count.is_some();
        if !wished || !counted || !matches!(np.attrs.last(), Some(Attr::Material(_))) {
            return None;
        }
        let last = self.tokens[at - 1].text.clone();
        np.attrs.pop();
        np.said.clone_from(&last);
        np.head = Head::Unknown(last);
        Some((np, at))
    }

    /// A thing that no lexicon knows, where the act lets anything follow; or a word before a known thing.
    fn unknown_thing(&self, mut np: Np, at: usize) -> Option<(Np, usize)> {
        let words = self.words_from(at);
        // "a bull's horns", "Thor's hammer"
        let owned = self.owns_thing(at + words - 1);
        let after = at + words + usize::from(owned);
        let most = if owned && self.tokens[at].text.chars().all(is_han) { 5 } else { 2 };
        if words <= most
            && let Some(Tag::Item(word)) = self.adjoining(after)
            && (np.det != Det::None || self.now.act.is_some() || self.is_all_that_is_said(at, after))
        {
            np.said = self.plain_text(at, after + 1);
            let compound = !owned && np.said.chars().all(is_han) && word.kinds.iter().all(|kind| !kind.is_house());
            np.head = if compound { Head::Unknown(np.said.clone()) } else { Head::Item(word.clone()) };
            return Some((np, after + 1));
        }
        if matches!(self.adjoining(after), Some(Tag::Role(_))) {
            return None; // "the full knight outfit"
        }
        let counted = np.det != Det::None || np.count.is_some();
        // "hold it higher" says how.
        let of_pronoun = matches!(self.now.goals.last(), Some(Goal { what: What::Pron(Pron::It | Pron::Them), .. }));
        if of_pronoun && !counted && self.link != Link::And {
            return None;
        }
        // "a flamingo on my head" needs no verb; "the kettle on" is for others.
        let placed = matches!(self.adjoining(after), Some(Tag::Place(_)));
        let last = self.now.goals.last().filter(|goal| !goal.not).and_then(Goal::np);
        let of_house_thing = last.is_some_and(|np| np.det != Det::Definite && np.is_of_house());
        let open = match self.now.act {
            // 把我的手机变红: what it may be is said by the verb to come.
            None if self.now.object_fronted => np.det == Det::Definite,
            // "devil horns and a pitchfork"
            None => {
                let listed = self.link == Link::And && of_house_thing && self.now.unknown_before == 0;
                (placed || listed) && np.det == Det::Indefinite && !self.now.remarks() && !self.now.states
            }
            Some(Act::Add | Act::Give | Act::Hold | Act::Wear) => true,
            Some(Act::Put | Act::Show) => counted && (placed || np.det != Det::Definite),
            Some(Act::Want | Act::Restore | Act::Swap) => counted,
            Some(Act::Remove | Act::Change | Act::Keep | Act::Take) => counted,
            Some(_) => false,
        };
        let text = self.plain_text(at, after);
        let han = text.chars().all(is_han);
        // 戴墨镜耍帅: what one does with the thing before.
        let of_thing = matches!(self.now.goals.last(), Some(Goal { what: What::Np(_), .. }));
        if han && of_thing && !counted && self.link == Link::None && self.tokens[at].gap == Gap::None {
            return None;
        }
        let followed = matches!(self.adjoining(after), Some(Tag::Pron(Pron::World | Pron::Style)));
        let too_long = if han { text.chars().count() > 8 } else { words > 3 };
        if !open || too_long || followed || self.lexicon.is_no_thing(&text) || self.now.chatter {
            return None;
        }
        np.said.clone_from(&text);
        np.head = Head::Unknown(text);
        Some((np, after))
    }

    /// A word that no lexicon knows and that is no thing: a place to go, a style, or noise.
    pub(super) fn unknown_word(&mut self, at: usize) {
        // "horns like a bull": what a thing is compared with.
        if self.link == Link::As && self.now.act.is_none() && self.now.goals.iter().any(|goal| goal.np().is_some()) {
            self.at = at + self.words_from(at);
            self.link = Link::None;
            return;
        }
        // "reading glasses for an old lady": whom it is for.
        if self.link == Link::For && self.now.goals.last().is_some_and(|goal| goal.np().is_some()) {
            self.at = at + self.words_from(at);
            self.link = Link::None;
            return;
        }
        // "turn me into a bee": what one is as a thing that is no item here.
        if self.now.act == Some(Act::Become)
            && let Some(role) = self.lexicon.role_of_thing(&self.tokens[at].text)
        {
            self.goal(What::Role { role: role.clone(), text: self.tokens[at].original.clone() });
            return;
        }
        let placed = self.now.goals.iter().any(|goal| matches!(goal.what, What::World { .. }));
        let wants_place = matches!(self.now.act, Some(Act::Go)) && !placed
            || self.link == Link::To
                && matches!(self.now.goals.last(), Some(Goal { what: What::Pron(Pron::World), .. }));
        let words = self.words_from(at);
        let after = at + words;
        let then_world = !placed && matches!(self.adjoining(after), Some(Tag::Pron(Pron::World)));
        let then_style = matches!(self.adjoining(after), Some(Tag::Pron(Pron::Style)));
        let known_place_ahead = (after..self.tokens.len())
            .take_while(|&k| self.tokens[k].gap == Gap::None && !matches!(self.tokens[k].tag, Tag::Act(_)))
            .any(|k| matches!(self.tokens[k].tag, Tag::World(_)));
        let text = self.text(at, after);
        if (wants_place || then_world && self.now.act.is_some())
            && !known_place_ahead
            && words <= MAX_UNKNOWN_WORDS
            && !self.lexicon.is_no_thing(&text)
        {
            self.at = after + usize::from(then_world);
            let text = self.text(at, self.at);
            self.goal(What::World { theme: None, text, another: false });
        } else if then_style && self.now.act.is_some() && words <= 3 {
            self.at = after + 1;
            self.goal(What::Style { name: None, text });
        } else if matches!(self.now.goals.last(), Some(Goal { what: What::Pron(Pron::Style), .. }))
            && self.now.act.is_some()
            // "I want to look smart" names no style.
            && self.tokens[at - 1].text != "look"
        {
            self.at = after;
            self.now.goals.pop();
            self.goal(What::Style { name: None, text });
        } else if self.now.act.is_some() && self.lexicon.is_no_thing(&text) {
            self.now.unknown_after += words;
            self.at = after;
        } else if self.now.act.is_some() {
            self.now.unknown_after += 1;
        } else {
            self.now.unknown_before += 1;
        }
    }

    /// Whether the thing that follows is said to be that one's.
    fn owns_thing(&self, at: usize) -> bool {
        // 雷神的锤子, but not 带角的头盔
        let han = self.token(at).is_some_and(|token| token.tag == Tag::Word)
            && self.token(at + 1).is_some_and(|token| token.text == "的");
        (han || self.adjoining(at + 1) == Some(&Tag::Mark(Mark::Possessive)))
            && matches!(self.adjoining(at + 2), Some(Tag::Item(_)))
    }

    /// "fireman helmet please": one unknown word and a thing, and nothing else.
    fn is_all_that_is_said(&self, at: usize, thing: usize) -> bool {
        let opens = self.now.is_blank() && self.now.unknown_before == 0 && self.tokens[at].gap != Gap::None;
        let words = self.words_from(at);
        let owned = self.owns_thing(at + words - 1);
        let house =
            owned || matches!(&self.tokens[thing].tag, Tag::Item(word) if word.kinds.iter().any(ItemKind::is_house));
        let ends = self.next_meaningful(thing + 1).is_none();
        opens
            && house
            && ends
            && (if owned { thing == at + words + 1 } else { thing == at + 1 })
            && !self.now.remarks()
            && !self.now.states
    }

    /// Whether the unknown words there only say how a thing is coloured or sized.
    fn colors_thing(&self, np: &Np, at: usize) -> bool {
        let words = self.words_from(at);
        let begun =
            np.det != Det::None || self.now.act.is_some() || self.now.is_blank() && self.now.unknown_before == 0;
        words <= 2
            && begun
            && matches!(self.adjoining(at + words), Some(Tag::Color(_) | Tag::Size(_)))
            && matches!(self.adjoining(at + words + 1), Some(Tag::Item(_)))
    }

    /// Whether a thing or a description of one follows directly.
    fn thing_follows(&self, at: usize) -> bool {
        match self.adjoining(at) {
            Some(Tag::Item(_) | Tag::Count(_) | Tag::Pron(Pron::One) | Tag::Word) => true,
            Some(Tag::Mark(Mark::Particle | Mark::Praise | Mark::More)) => self.thing_follows(at + 1),
            Some(tag) if tag.is_attribute() => self.thing_follows(at + 1),
            _ => false,
        }
    }

    /// Whether only descriptions and then a thing follow, without an article ("big and *blue sword*").
    fn attributes_then_thing(&self, at: usize) -> bool {
        match self.adjoining(at) {
            Some(Tag::Mark(Mark::Particle)) => self.attributes_then_thing(at + 1),
            Some(tag) if tag.is_attribute() => {
                matches!(self.adjoining(at + 1), Some(Tag::Item(_) | Tag::Pron(Pron::One)))
                    || self.attributes_then_thing(at + 1)
            }
            _ => false,
        }
    }

    fn plain_text(&self, from: usize, to: usize) -> String {
        let tokens = self.tokens[from..to].iter().filter(|token| !matches!(token.tag, Tag::Mark(Mark::Possessive)));
        let texts: Vec<&str> = tokens.map(|token| token.text.as_str()).collect();
        let han = texts.iter().all(|text| text.chars().all(is_han));
        texts.join(if han { "" } else { " " })
    }
}

/// "the red one", "another one", but not "one" alone.
fn is_headless_one(det: Det, attrs: &[Attr]) -> bool {
    det != Det::None || !attrs.is_empty()
}

/// A change of size by so much of the usual step.
pub(super) fn scaled(size: SizeChange, degree: Option<f32>) -> SizeChange {
    let Some(degree) = degree else { return size };
    match size {
        SizeChange::Times(factor) => SizeChange::Times(factor.powf(degree)),
        SizeChange::To(factor) => SizeChange::To(factor.powf(degree.max(1.0))),
        SizeChange::Complaint(factor) => SizeChange::Complaint(factor.powf(degree)),
    }
}
