//! Clauses: what one breath of an utterance asks for, before anyone looks at the scene.
//!
//! A clause is at most one act ("take off") and its goals ("the crown", "and the red cape") with what is said of
//! them. Where a clause ends is decided by pauses, by "but" and "then", and by the next act.

use super::tag::{Act, ItemWord, PlaceRef, Pron, Role, SizeChange};
use crate::scene::{Color, ItemKind, StyleName, Theme};

/// How a goal hangs on what is before it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Link {
    #[default]
    None,
    And,
    To,
    With,
    For,
    From,
    As,
    InsteadOf,
    Except,
    Without,
}

/// Which one is meant.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Det {
    /// "sword"
    #[default]
    None,
    /// "a sword"
    Indefinite,
    /// "the sword"
    Definite,
    /// "another sword"
    Another,
    /// "all swords"
    All,
    /// "the other sword"
    Other,
    /// "your sword"
    Yours,
}

/// What a noun phrase is about.
#[derive(Clone, Debug, PartialEq)]
pub enum Head {
    Item(ItemWord),
    /// A thing that no lexicon knows, by its words.
    Unknown(String),
    /// "one": the thing that was spoken of.
    One,
}

/// A noun phrase for items.
#[derive(Clone, Debug, PartialEq)]
pub struct Np {
    pub head: Head,
    pub det: Det,
    pub count: Option<u32>,
    /// A place said before the noun ("a flying toaster").
    pub place: Option<PlaceRef>,
    /// What was said before the noun.
    pub attrs: Vec<Attr>,
    /// The noun as it was said.
    pub said: String,
}

impl Np {
    /// Whether the house renderer has such a thing.
    pub fn is_of_house(&self) -> bool {
        matches!(&self.head, Head::Item(word) if word.kinds.iter().any(ItemKind::is_house))
    }
}

/// What is said of an item.
#[derive(Clone, Debug, PartialEq)]
pub enum Attr {
    Color(Color),
    Darker,
    Lighter,
    PlainColor,
    /// The colour of another item; without one, of the one spoken of before.
    SameColor(Option<Box<Np>>),
    Size(SizeChange),
    Material(String),
    Count(u32),
}

impl Attr {
    /// Adds it to what is said already: "a darker red" is red first, then darker.
    pub fn say_in(self, attrs: &mut Vec<Attr>) {
        let shade = attrs.last().is_some_and(|last| matches!(last, Attr::Darker | Attr::Lighter));
        let at = attrs.len() - usize::from(shade && matches!(self, Attr::Color(_)));
        attrs.insert(at, self);
    }
}

/// What a goal is.
#[derive(Clone, Debug, PartialEq)]
pub enum What {
    Np(Np),
    Pron(Pron),
    /// Not named: what was spoken of before.
    Implicit,
    World {
        theme: Option<Theme>,
        text: String,
        /// "another castle": not the one that is there.
        another: bool,
    },
    Style {
        name: Option<StyleName>,
        text: String,
    },
    Role {
        role: Role,
        text: String,
    },
}

/// One thing that a clause is about.
#[derive(Clone, Debug, PartialEq)]
pub struct Goal {
    pub what: What,
    pub link: Link,
    pub not: bool,
    /// What was said after the noun.
    pub attrs: Vec<Attr>,
    pub place: Option<PlaceRef>,
}

impl Goal {
    /// A goal of which nothing more is said yet.
    pub fn new(what: What) -> Self {
        Self { what, link: Link::None, not: false, attrs: Vec::new(), place: None }
    }

    /// The noun phrase, if it is one.
    pub fn np(&self) -> Option<&Np> {
        if let What::Np(np) = &self.what { Some(np) } else { None }
    }
}

/// What one breath asks for.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Clause {
    pub act: Option<Act>,
    pub goals: Vec<Goal>,
    /// A place said before the thing that goes there.
    pub place_ahead: Option<PlaceRef>,
    /// "no, ..."
    pub no: bool,
    /// "no sword", without a pause.
    pub no_thing: bool,
    /// "that's wrong, ...": the last step was not meant.
    pub rejects: bool,
    /// "don't ..."
    pub dont: bool,
    /// "I don't want ..."
    pub dont_want: bool,
    pub instead: bool,
    pub meant: bool,
    pub actually: bool,
    pub also: bool,
    pub only: bool,
    pub more: bool,
    pub off: bool,
    pub on: bool,
    pub back: bool,
    /// "is", "looks": a statement, unless something else says otherwise.
    pub states: bool,
    pub should: bool,
    pub question: bool,
    /// Said to someone who is not the mirror.
    pub to_someone: bool,
    pub praise: bool,
    pub chatter: bool,
    /// "I like": a wish where a colour follows, else a remark.
    pub likes: bool,
    /// "the colour", by the word itself.
    pub color_word: bool,
    /// "not blue": what it shall not be like.
    pub not_attrs: Vec<Attr>,
    pub degree: Option<f32>,
    /// Words that no lexicon knows, before and after the act.
    pub unknown_before: usize,
    pub unknown_after: usize,
    /// 把: the object comes before its verb.
    pub object_fronted: bool,
    /// How many goals came before the verb.
    pub fronted: usize,
}

impl Clause {
    /// Whether nothing but words of order was said.
    pub fn is_blank(&self) -> bool {
        self.act.is_none() && self.goals.is_empty() && self.place_ahead.is_none() && self.not_attrs.is_empty()
    }

    /// Whether it says what someone thinks of it.
    pub fn remarks(&self) -> bool {
        self.chatter || self.praise || self.likes
    }

    /// Whether it is a complaint about a size, which needs no verb ("it's too big").
    pub fn complains(&self) -> bool {
        let complaint = |attr: &Attr| matches!(attr, Attr::Size(SizeChange::Complaint(_)));
        self.goals.iter().any(|goal| goal.attrs.iter().any(complaint))
    }

    /// Whether it is plainly meant for no mirror.
    pub fn is_for_others(&self) -> bool {
        self.question
            || self.to_someone
            || self.act.is_none() && self.remarks()
            || self.goals.iter().any(|goal| goal.np().is_some_and(|np| np.det == Det::Yours))
    }

    /// Whether it asks for something, as far as its words go.
    pub fn is_request(&self) -> bool {
        if self.question || self.to_someone || self.is_blank() && !self.more && !self.off && !self.back {
            return false;
        }
        if self.goals.iter().any(|goal| goal.np().is_some_and(|np| np.det == Det::Yours)) {
            return false;
        }
        match self.act {
            Some(_) => self.unknown_before <= 3,
            None if self.complains() || self.should => self.unknown_before <= 2,
            None if self.likes => self.goals.iter().all(|goal| goal.what == What::Implicit) && self.unknown_before == 0,
            None => !self.chatter && !self.praise && !self.states && self.unknown_before == 0,
        }
    }
}
