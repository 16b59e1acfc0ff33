//! Tokens to clauses: one walk from left to right, with a little looking ahead for noun phrases.

use super::clause::{Attr, Clause, Det, Goal, Head, Link, Np, What};
use super::lexicon::Lexicon;
use super::normalize::{Gap, is_han};
use super::tag::{Act, Mark, PlaceRef, Pron, SizeChange, Tag, Token};
use crate::scene::Place;

/// The most clauses of one utterance that are acted on.
const MAX_CLAUSES: usize = 24;

/// Cuts tokens into clauses.
pub fn clauses(tokens: &[Token], lexicon: &Lexicon) -> Vec<Clause> {
    let mut parser =
        Parser { tokens, lexicon, at: 0, done: Vec::new(), now: Clause::default(), link: Link::None, not: false };
    parser.run();
    parser.done
}

pub(super) struct Parser<'a> {
    pub(super) tokens: &'a [Token],
    pub(super) lexicon: &'a Lexicon,
    pub(super) at: usize,
    pub(super) done: Vec<Clause>,
    pub(super) now: Clause,
    /// The link that the next goal gets.
    pub(super) link: Link,
    /// Whether the next goal is negated.
    pub(super) not: bool,
}

impl<'a> Parser<'a> {
    fn run(&mut self) {
        while self.at < self.tokens.len() && self.done.len() < MAX_CLAUSES {
            let gap = self.tokens[self.at].gap;
            // "I like it, bigger please": the remark ends where the wish begins.
            let remarked = self.now.act.is_none() && self.now.unknown_before == 0 && self.now.remarks();
            // "no. horns." is said in one breath.
            let only_no = self.now == Clause { no: true, ..Clause::default() };
            if gap == Gap::Stop && !only_no || gap == Gap::Comma && (remarked || self.stated()) {
                self.flush();
            }
            self.step();
        }
        self.flush();
    }

    pub(super) fn token(&self, at: usize) -> Option<&'a Token> {
        self.tokens.get(at)
    }

    /// Whether the place named there is asked for as another one: "another castle", "a different ice kingdom".
    pub(super) fn another_before(&self, at: usize) -> bool {
        let says_so = |token: &Token| {
            matches!(token.tag, Tag::Mark(Mark::Another)) || token.text.split(' ').any(|word| word == "another")
        };
        let adjoins = |k: usize| k > 0 && self.tokens[k].gap == Gap::None;
        says_so(&self.tokens[at])
            || adjoins(at) && says_so(&self.tokens[at - 1])
            || adjoins(at) && adjoins(at - 1) && says_so(&self.tokens[at - 2])
    }

    /// The tag there, if nothing separates it from the one before.
    pub(super) fn adjoining(&self, at: usize) -> Option<&'a Tag> {
        self.tokens.get(at).filter(|token| token.gap == Gap::None).map(|token| &token.tag)
    }

    /// The next token from `at` on that is more than sound, within this sentence.
    pub(super) fn next_meaningful(&self, mut at: usize) -> Option<(usize, &'a Tag)> {
        loop {
            let token = self.tokens.get(at)?;
            if token.gap == Gap::Stop {
                return None;
            }
            match token.tag {
                Tag::Mark(Mark::Filler | Mark::Particle | Mark::Then | Mark::Also | Mark::Wake) => at += 1,
                _ => return Some((at, &token.tag)),
            }
        }
    }

    /// Ends the clause.
    pub(super) fn flush(&mut self) {
        let mut clause = std::mem::take(&mut self.now);
        if let Some(place) = clause.place_ahead.take() {
            match clause.goals.iter_mut().rev().find(|goal| goal.place.is_none()) {
                Some(goal) => goal.place = Some(place),
                None => clause.goals.push(Goal { place: Some(place), ..Goal::new(What::Implicit) }),
            }
        }
        self.link = Link::None;
        self.not = false;
        if clause != Clause::default() {
            self.done.push(clause);
        }
    }

    fn step(&mut self) {
        let at = self.at;
        let token = &self.tokens[at];
        self.at += 1;
        match &token.tag {
            Tag::Mark(mark) => self.mark(*mark, at),
            Tag::Act(act) => self.act(*act, token),
            Tag::Place(place) => self.place(*place),
            Tag::Degree(_) if self.small_thing_at(at) => self.noun(at),
            Tag::Degree(degree) => self.now.degree = Some(*degree),
            // "the train leaves at five"
            Tag::World(None)
                if matches!(self.now.act, None | Some(Act::Want)) && self.adjoining(at + 1) == Some(&Tag::Word) =>
            {
                self.now.unknown_before += 1;
            }
            Tag::World(theme) => {
                let text = self.tokens[at].original.clone();
                if !self.noun_phrase_follows(at) {
                    let another = self.another_before(at);
                    self.goal(What::World { theme: *theme, text, another });
                    // "Moana's island" is Moana's world.
                    let of = matches!(self.adjoining(self.at), Some(Tag::Mark(Mark::Possessive)));
                    let place = self.at + usize::from(of);
                    if theme.is_some() && self.adjoining(place) == Some(&Tag::World(None)) {
                        self.at = place + 1;
                    }
                }
            }
            Tag::Style(name) => {
                // "painted blue" says how something is coloured.
                let colored = matches!(self.adjoining(at + 1), Some(Tag::Color(_)));
                if !self.noun_phrase_follows(at) && !colored {
                    self.goal(What::Style { name: *name, text: token.original.clone() });
                }
            }
            Tag::Role(role) => {
                if self.noun_phrase_follows(at) {
                    self.noun(at);
                } else if matches!(self.adjoining(at + 1), Some(Tag::Pron(Pron::World))) {
                    self.at = at + 2;
                    let another = self.another_before(at);
                    let text = format!("{} world", token.original);
                    self.goal(What::World { theme: role.theme, text, another });
                } else {
                    self.goal(What::Role { role: role.clone(), text: token.original.clone() });
                }
            }
            Tag::SameColor => self.same_color(),
            // "20 % smaller": how much, not how many.
            Tag::Count(_)
                if matches!(self.adjoining(at + 1), Some(Tag::Size(SizeChange::Times(_))))
                    && !matches!(self.adjoining(at + 2), Some(Tag::Item(_))) => {}
            Tag::Count(count) if matches!(self.adjoining(at + 1), Some(Tag::Mark(Mark::Fewer))) => {
                self.fewer(*count);
            }
            // "wings *that are* purple"
            Tag::Pron(Pron::This) if token.text == "that" && self.relates(at) => self.at = at + 2,
            Tag::Pron(_) | Tag::Count(_) | Tag::Item(_) | Tag::Word => self.noun(at),
            tag if self.describes_thing_before(at) => {
                if let Some(attr) = self.attribute(tag) {
                    self.attr(attr);
                }
            }
            Tag::Color(_) | Tag::Darker | Tag::Lighter | Tag::PlainColor | Tag::Size(_) | Tag::Material(_) => {
                self.noun(at)
            }
        }
    }

    /// "sword *blue* crown red": what is said after each thing, not before the next.
    fn describes_thing_before(&self, at: usize) -> bool {
        let plain = self.now.goals.last().and_then(Goal::np).is_some_and(|np| np.attrs.is_empty())
            && self.now.goals.last().is_some_and(|goal| goal.attrs.is_empty());
        let last = (at..self.tokens.len()).take_while(|&k| k == at || self.tokens[k].gap != Gap::Stop).last();
        let ends_so = last.is_some_and(|last| last > at && self.tokens[last].tag.is_attribute());
        plain
            && ends_so
            && self.link == Link::None
            && self.tokens[at].gap == Gap::None
            && matches!(self.now.act, None | Some(Act::Change))
    }

    /// "a little sword": what elsewhere is a degree is here a size.
    pub(super) fn small_thing_at(&self, at: usize) -> bool {
        self.tokens[at].text.ends_with("little")
            && matches!(self.adjoining(at + 1), Some(Tag::Item(_) | Tag::Color(_) | Tag::Material(_) | Tag::Word))
    }

    /// Whether the token only says what kind of thing follows ("a king's crown", "an Elsa cape").
    pub(super) fn noun_phrase_follows(&self, at: usize) -> bool {
        let mut next = at + 1;
        // 像哈利波特那样的眼镜
        let likeness = |at: usize| self.tokens.get(at).is_some_and(|t| t.tag == Tag::Mark(Mark::As) && token_is_han(t));
        // "a Batman style cape"
        let named = matches!(self.tokens[at].tag, Tag::Role(_) | Tag::World(_));
        while matches!(self.adjoining(next), Some(Tag::Mark(Mark::Possessive | Mark::Particle)))
            || likeness(next)
            || named && self.adjoining(next) == Some(&Tag::Pron(Pron::Style))
        {
            next += 1;
        }
        matches!(self.adjoining(next), Some(Tag::Item(_)))
    }

    fn mark(&mut self, mark: Mark, at: usize) {
        match mark {
            Mark::Filler | Mark::Particle | Mark::Prep | Mark::Possessive | Mark::Times | Mark::Wake => {}
            Mark::No => {
                if !self.now.is_blank() {
                    self.flush();
                }
                self.now.no = true;
                self.now.no_thing = match self.adjoining(self.at) {
                    Some(Tag::Item(_) | Tag::Pron(Pron::World | Pron::Style) | Tag::Mark(Mark::More)) => true,
                    // "no jungle", but "no, the jungle".
                    Some(Tag::Style(_) | Tag::World(_)) => !has_article(&self.tokens[self.at]),
                    _ => false,
                };
            }
            Mark::Not => match self.next_meaningful(self.at) {
                _ if self.token(self.at).is_none_or(|next| next.gap != Gap::None) => self.mark(Mark::No, at),
                // 不是这种，要金的
                Some((next, Tag::Act(_))) if self.tokens[next].gap != Gap::None => self.mark(Mark::No, at),
                Some((_, Tag::Act(_))) => self.now.dont = true,
                _ => self.not = true,
            },
            // 先不要面具: no verb follows, but a thing.
            // 头盔不要给我犄角: "no helmet, give me horns".
            Mark::Dont if self.refuses_what_is_before(at) => {
                self.mark(Mark::DontWant, at);
                self.flush();
                self.now.act = Some(Act::Give);
            }
            Mark::Dont
                if self.tokens[at].text.ends_with("不要") && matches!(self.adjoining(self.at), Some(Tag::Item(_))) =>
            {
                self.mark(Mark::DontWant, at);
            }
            Mark::Dont => {
                if !self.now.is_blank() {
                    self.flush();
                }
                self.now.dont = true;
            }
            Mark::DontWant => {
                if !self.now.is_blank() && !self.now.object_fronted && !self.fronted() {
                    self.flush();
                }
                // 眼镜不要，其他留着
                let named = self.fronted() && self.now.goals.iter().all(|goal| goal.np().is_some());
                self.now.fronted = self.now.goals.len();
                match self.next_meaningful(self.at) {
                    Some((next, _)) if self.tokens[next].gap == Gap::Comma && named => {
                        self.now.act = Some(Act::Remove);
                        self.flush();
                    }
                    Some((next, _)) if self.tokens[next].gap == Gap::Comma => self.now.no = true,
                    // 不喜欢 变回去
                    Some((_, Tag::Act(act))) if act.is_whole() => self.now.no = true,
                    Some((_, Tag::Act(_))) => self.now.dont = true,
                    _ => {
                        self.now.act = Some(Act::Remove);
                        self.now.dont_want = true;
                    }
                }
            }
            Mark::Instead => self.now.instead = true,
            Mark::InsteadOf => {
                self.link = Link::InsteadOf;
                self.now.instead = true;
            }
            Mark::Meant | Mark::Actually => {
                if !self.now.is_blank() && self.next_meaningful(self.at).is_some() {
                    self.flush();
                }
                match mark {
                    Mark::Meant => self.now.meant = true,
                    _ => self.now.actually = true,
                }
            }
            Mark::And => {
                // "cool, and a crown".
                if self.now.is_blank() && self.now.praise {
                    self.flush();
                }
                if self.now.is_blank() {
                    self.now.also = true;
                }
                self.link = Link::And;
            }
            Mark::But | Mark::Then => {
                // "no sword but a shield": what shall not be, there or not.
                let rather = matches!(self.adjoining(self.at), Some(Tag::Item(_) | Tag::Mark(Mark::A)));
                if mark == Mark::But && self.now.no_thing && self.now.act.is_none() && rather {
                    self.now.act = Some(Act::Remove);
                    self.now.dont_want = true;
                }
                let act = self.now.act;
                if !self.now.is_blank() || self.now.remarks() {
                    self.flush();
                    let inherits = mark == Mark::Then
                        && matches!(act, Some(Act::Remove | Act::Add | Act::Give | Act::Put | Act::Want))
                        && matches!(
                            self.next_meaningful(self.at),
                            Some((_, Tag::Item(_) | Tag::Mark(Mark::The | Mark::A)))
                        );
                    if inherits {
                        self.now.act = act;
                    }
                }
            }
            Mark::Except => self.link = Link::Except,
            Mark::Without => self.link = Link::Without,
            Mark::With => {
                self.link = Link::With;
                self.skip_part();
            }
            Mark::To => self.link = Link::To,
            Mark::For => self.link = Link::For,
            Mark::From => self.link = Link::From,
            Mark::As if self.link == Link::And => {}
            // "I'd rather have a helmet *than* the crown".
            Mark::As if self.now.instead && !self.now.goals.is_empty() => self.link = Link::InsteadOf,
            Mark::As => self.link = Link::As,
            Mark::Of => self.material_of(),
            // 剑换到左手再变大: what follows is said of the same.
            Mark::Also
                if token_is_han(&self.tokens[at])
                    && !self.now.goals.is_empty()
                    && self.next_meaningful(self.at).is_some_and(|(_, tag)| tag.is_attribute()) => {}
            Mark::Also => self.now.also = true,
            Mark::More | Mark::Another | Mark::The | Mark::A | Mark::Yours => self.noun(at),
            Mark::Fewer => {}
            Mark::Only => {
                // "no cape, *just* the helmet".
                if self.now.no_thing && !self.now.goals.is_empty() {
                    self.flush();
                }
                self.now.only = true;
            }
            Mark::Off => self.now.off = true,
            Mark::On => self.now.on = true,
            Mark::Back => self.now.back = true,
            // 是盾牌, 不是剑是盾牌: "it is a shield that I mean".
            Mark::Be
                if token_is_han(&self.tokens[at])
                    && (self.tokens[at].gap == Gap::Comma
                        || self.now.goals.iter().all(|goal| goal.not) && self.now.act.is_none()) =>
            {
                self.now.meant = true;
            }
            Mark::Be => self.now.states = true,
            Mark::Should => self.now.should = true,
            Mark::Better => {
                self.now.should = true;
                let new = |np: &Np| np.head != Head::One && np.det != Det::Definite;
                self.now.instead |= self.now.goals.last().and_then(Goal::np).is_some_and(new);
            }
            Mark::Someone => {
                if self.now.act.is_none() {
                    self.now.to_someone = true;
                }
            }
            // 来把剑: a measure word, not an object before its verb.
            Mark::Object
                if self.now.act.is_some()
                    && self.now.goals.is_empty()
                    && !self.now.dont
                    && self.tokens[at].gap == Gap::None => {}
            Mark::Object => {
                if !self.now.is_blank() {
                    self.flush();
                }
                self.now.object_fronted = true;
            }
            // "it's kind of small, *isn't it*"
            Mark::Question
                if !self.now.goals.is_empty()
                    && self.tokens[at].text.ends_with(" it")
                    && self.token(self.at).is_none_or(|next| next.gap == Gap::Stop) => {}
            Mark::Question => {
                if self.now.act.is_some() {
                    self.flush();
                }
                self.now.question = true;
                while self.token(self.at).is_some_and(|token| token.gap != Gap::Stop) && !self.wishes_after_all() {
                    self.at += 1;
                }
                if self.token(self.at).is_some_and(|token| token.gap == Gap::Comma) {
                    self.flush();
                }
            }
            Mark::Because => {
                // A reason that comes first ends where the wish begins.
                let first = self.now.is_blank();
                self.skip_while(|token| match token.tag {
                    Tag::Mark(Mark::And | Mark::But | Mark::Then | Mark::No) => false,
                    Tag::Act(act) if first && act.is_wish() => false,
                    _ => token.gap == Gap::None,
                });
            }
            Mark::Like => self.now.likes = true,
            Mark::Am => self.am(&self.tokens[at]),
            // "for a *nice* old lady"
            Mark::Praise if self.link == Link::For => {}
            Mark::Praise => self.now.praise = true,
            Mark::Chatter => self.now.chatter = true,
        }
    }

    fn skip_while(&mut self, skip: impl Fn(&Token) -> bool) {
        while self.tokens.get(self.at).is_some_and(&skip) {
            self.at += 1;
        }
    }

    fn place(&mut self, place: PlaceRef) {
        if self.not {
            self.not = false;
            return;
        }
        // "the right one bigger": which one, not where to.
        let side = matches!(place, PlaceRef::Left | PlaceRef::Right) && has_article(&self.tokens[self.at - 1]);
        if side && matches!(self.adjoining(self.at), Some(Tag::Pron(Pron::One) | Tag::Count(1))) {
            self.at += 1;
            let said = String::new();
            let which =
                Np { head: Head::One, det: Det::Definite, count: None, place: Some(place), attrs: Vec::new(), said };
            self.goal(What::Np(which));
            return;
        }
        // "make my eyes green": what the visitor has is no item.
        let body = matches!(place, PlaceRef::At(Place::Head | Place::Face | Place::Neck | Place::Back));
        let changes = self.now.act == Some(Act::Change) && self.now.goals.is_empty() && self.link == Link::None;
        if body && changes && self.adjoining(self.at).is_some_and(Tag::is_attribute) {
            let said = self.tokens[self.at - 1].text.clone();
            let head = Head::Unknown(said.clone());
            self.goal(What::Np(Np { head, det: Det::Definite, count: None, place: None, attrs: Vec::new(), said }));
            return;
        }
        if self.link == Link::From && matches!(self.now.act, Some(Act::Take | Act::Remove)) {
            self.taken_from(place);
            return;
        }
        let before_act = matches!(
            self.next_meaningful(self.at),
            Some((_, Tag::Act(Act::Hold | Act::Wear | Act::Put | Act::Add | Act::Give | Act::Want)))
        );
        // 我有翅膀，头上有光环
        let opens = self.tokens[self.at - 1].gap != Gap::None
            && matches!(self.adjoining(self.at), Some(Tag::Mark(Mark::With) | Tag::Item(_) | Tag::Count(_)));
        // 背上披披风: a place that ends in a verb leads on to its thing.
        let opens = opens
            || self.tokens[self.at - 1].text.ends_with(['戴', '披', '穿', '系', '套', '拿', '举', '挂'])
                && matches!(self.adjoining(self.at), Some(Tag::Item(_) | Tag::Count(_) | Tag::Mark(Mark::A)));
        let ahead = before_act && !self.now.object_fronted || opens || self.now.goals.is_empty();
        match self.now.goals.last_mut() {
            Some(goal) if goal.place.is_none() && !ahead => goal.place = Some(place),
            _ => self.now.place_ahead = Some(place),
        }
        self.link = Link::None;
    }

    /// "take it off my head": it is what is there.
    fn taken_from(&mut self, place: PlaceRef) {
        self.link = Link::None;
        self.now.off = true;
        let unnamed = |goal: &Goal| matches!(goal.what, What::Pron(Pron::It | Pron::This | Pron::Them));
        if self.now.goals.iter().all(unnamed) {
            self.now.goals = vec![Goal { place: Some(place), ..Goal::new(What::Implicit) }];
        }
    }

    /// Adds a goal with whatever was said ahead of it.
    pub(super) fn goal(&mut self, what: What) {
        let mut goal = Goal::new(what);
        goal.link = std::mem::take(&mut self.link);
        goal.not = std::mem::take(&mut self.not);
        if !goal.not && !matches!(goal.what, What::World { .. } | What::Style { .. }) {
            let own = goal.np().and_then(|np| np.place);
            goal.place = own.or_else(|| self.now.place_ahead.take());
        }
        // "gold for everything": what was said first is said of it.
        let described = |before: &Goal| before.what == What::Implicit && before.place.is_none();
        if goal.link == Link::For
            && matches!(goal.what, What::Np(_) | What::Pron(_))
            && let Some(before) = self.now.goals.pop_if(|before| described(before))
        {
            goal.link = before.link;
            goal.attrs = before.attrs;
        }
        self.now.goals.push(goal);
    }

    /// Everything that may begin a noun phrase, and what it is when it begins none.
    pub(super) fn noun(&mut self, at: usize) {
        if let Some((np, next)) = self.noun_phrase(at) {
            self.at = next;
            match self.adjoining(next) {
                // 和皇冠一样的颜色
                Some(Tag::SameColor) if self.link == Link::And && token_is_han(&self.tokens[next]) => {
                    self.at = next + 1;
                    self.attr(Attr::SameColor(Some(Box::new(np))));
                }
                _ => self.goal(self.as_role(&np).unwrap_or(What::Np(np))),
            }
            return;
        }
        let token = &self.tokens[at];
        self.at = at + 1;
        match &token.tag {
            // "not that colour, black"
            Tag::Pron(Pron::Color) if std::mem::take(&mut self.not) => self.now.no = true,
            Tag::Pron(Pron::Color) => self.now.color_word = true,
            Tag::Pron(pron) => {
                if *pron == Pron::World && matches!(self.now.goals.last(), Some(Goal { what: What::World { .. }, .. }))
                {
                    return; // "the jungle world": said already.
                }
                if *pron == Pron::Style && matches!(self.now.goals.last(), Some(Goal { what: What::Style { .. }, .. }))
                {
                    return;
                }
                self.goal(What::Pron(*pron));
            }
            Tag::Count(count) if self.counts_more() => {
                self.at += usize::from(self.adjoining(self.at) == Some(&Tag::Mark(Mark::More)));
                let one = Np {
                    head: Head::One,
                    det: Det::Another,
                    count: Some(*count),
                    place: None,
                    attrs: Vec::new(),
                    said: String::new(),
                };
                self.goal(What::Np(one));
            }
            Tag::Count(count) => match self.adjoining(self.at) {
                Some(Tag::Mark(Mark::Times)) => {
                    self.at += 1;
                    if matches!(self.adjoining(self.at), Some(Tag::Size(_))) {
                        self.at += 1;
                    }
                    self.attr(Attr::Size(SizeChange::Times(*count as f32)));
                }
                _ => self.attr(Attr::Count(*count)),
            },
            Tag::Mark(Mark::More) => self.now.more = true,
            Tag::Mark(Mark::Another) => self.goal(What::Np(Np {
                head: Head::One,
                det: Det::Another,
                count: None,
                place: None,
                attrs: Vec::new(),
                said: String::new(),
            })),
            Tag::Word => self.unknown_word(at),
            tag => {
                if let Some(attr) = self.attribute(tag) {
                    self.attr(attr);
                }
            }
        }
    }

    /// "make me a butterfly": what a thing is as someone to be.
    fn as_role(&self, np: &Np) -> Option<What> {
        if self.now.act != Some(Act::Become) {
            return None;
        }
        let role = self.lexicon.role_of_thing(&np.said)?;
        Some(What::Role { role: role.clone(), text: np.said.clone() })
    }
}

/// Whether the phrase brings its own article ("a sketch").
fn has_article(token: &Token) -> bool {
    token.text.split(' ').next().is_some_and(|first| matches!(first, "a" | "an" | "the"))
}

fn token_is_han(token: &Token) -> bool {
    token.text.chars().all(is_han)
}
