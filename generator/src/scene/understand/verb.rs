//! Verbs: which clause an act belongs to, where one clause ends and the next begins.

use super::clause::{Det, Goal, Link, What};
use super::normalize::{Gap, is_han};
use super::parse::Parser;
use super::tag::{Act, Mark, Pron, Tag, Token};

impl Parser<'_> {
    /// Whether what was said so far can be the object of a verb that comes after it ("剑放到左手").
    pub(super) fn fronted(&self) -> bool {
        self.now.act.is_none()
            && !self.now.goals.is_empty()
            && self.tokens[..self.at].iter().rev().take(3).any(|token| token.text.chars().any(is_han))
    }

    pub(super) fn act(&mut self, act: Act, token: &Token) {
        match act {
            Act::Stays | Act::Leaves => return self.intransitive(act),
            Act::Possible => return self.possible(),
            Act::Reject => return self.reject(),
            // "make it red *again*": nothing but what was said.
            Act::Again if self.now.act.is_some() && self.now.goals.iter().any(|goal| !goal.attrs.is_empty()) => return,
            _ => {}
        }
        let alone = act.is_whole();
        if act == Act::Want && (token.text.contains(" only ") || token.text.contains(" just ")) {
            self.now.only = true;
        }
        let blank = self.now.goals.is_empty();
        let excepted = !blank && self.now.goals.iter().all(|goal| goal.link == Link::Except);
        match self.now.act {
            // "everything but the cape *goes away*", 除了剑*都不要*.
            None if excepted => self.now.act = Some(act),
            // "make them *disappear*".
            Some(Act::Change | Act::Want | Act::Put)
                if !blank && act == Act::Remove && self.next_meaningful(self.at).is_none() =>
            {
                self.now.act = Some(act);
            }
            // "I went there and saw ...": a story, unless the verb can only be an order.
            None if blank
                && self.now.chatter
                && token.gap == Gap::None
                && matches!(act, Act::Show | Act::Hold | Act::Wear | Act::Put) => {}
            // 他拿着一把剑: someone else does.
            None if self.someone_else_does(act) => self.now.to_someone = true,
            None if blank && !self.now.states => self.now.act = Some(act),
            None if blank => {
                // "I would *never* wear a crown"
                let dont = self.now.dont;
                self.flush();
                self.now.act = Some(act);
                self.now.dont = dont;
            }
            None if !alone && (self.now.object_fronted || self.fronted() && token.gap != Gap::Comma) => {
                self.now.act = Some(act);
                self.now.fronted = self.now.goals.len();
            }
            None => {
                self.flush();
                self.now.act = Some(act);
            }
            Some(before) if blank && self.now.place_ahead.is_none() => {
                let keeps = matches!(before, Act::Remove | Act::Keep | Act::Restore | Act::Undo | Act::Reset)
                    && matches!(
                        act,
                        Act::Hold | Act::Wear | Act::Add | Act::Give | Act::Want | Act::Show | Act::Change | Act::Look
                    );
                // "I don't like it, make it gold", "I hate that, give me a staff"
                let last = self.tokens[..self.at - 1].last().map_or("", |token| token.text.as_str());
                let dislikes = before == Act::Remove
                    && [" it", " that", " this", " them"].iter().any(|object| last.ends_with(object));
                if dislikes && keeps {
                    if act != Act::Change {
                        self.flush();
                    }
                    self.now.act = Some(act);
                } else if before == act && alone {
                    self.flush();
                    self.now.act = Some(act);
                } else if !keeps {
                    self.now.act = Some(act);
                }
            }
            // "I want the crown to be blue" changes; "a sword to hold" says what it is for.
            Some(_) if self.link == Link::To => {
                self.link = Link::None;
                if matches!(act, Act::Change | Act::ChangeTo | Act::Look | Act::Put) {
                    self.now.act = Some(act);
                }
            }
            // 把剑放到左手拿着, 把剑变成蓝色: the second verb belongs to the first.
            Some(_)
                if self.now.object_fronted
                    && self.now.act != Some(Act::Remove)
                    && matches!(act, Act::Hold | Act::Wear | Act::Change | Act::ChangeTo) => {}
            // 把盾牌去掉剑留下, 把剑拿掉盾牌变红: each verb comes after its own thing.
            Some(Act::Remove | Act::Keep)
                if matches!(act, Act::Remove | Act::Keep | Act::Change | Act::ChangeTo | Act::Put)
                    && (1..self.now.goals.len()).contains(&self.now.fronted) =>
            {
                let own = self.now.goals.split_off(self.now.fronted);
                self.flush();
                self.now.fronted = own.len();
                self.now.goals = own;
                self.now.act = Some(act);
            }
            // 剑变成红色王冠变成银色: what seemed to describe the second thing was said of the first.
            Some(Act::Change | Act::ChangeTo | Act::Want)
                if matches!(act, Act::Change | Act::ChangeTo | Act::Want)
                    && self
                        .now
                        .goals
                        .get(..self.now.fronted)
                        .and_then(<[Goal]>::last)
                        .is_some_and(|goal| goal.np().is_some())
                    && self.now.goals.len() == self.now.fronted + 1
                    && token.gap == Gap::None
                    && self.now.goals.last().is_some_and(|goal| goal.np().is_some() && goal.attrs.is_empty()) =>
            {
                let mut own = self.now.goals.split_off(self.now.fronted);
                if let (Some(first), What::Np(np)) = (self.now.goals.last_mut(), &mut own[0].what) {
                    first.attrs.append(&mut np.attrs);
                }
                self.flush();
                self.now.fronted = own.len();
                self.now.goals = own;
                self.now.act = Some(act);
            }
            Some(_) => {
                // A place said just before the act belongs to what the act brings ("右手拿盾牌").
                let ahead = self.now.place_ahead.take();
                // 给我王冠和项链，都要金色的: "all" is what the second verb is about.
                let all = |goal: &Goal| matches!(goal.what, What::Pron(Pron::Them | Pron::Both | Pron::All));
                let several = self.now.goals.len() > 1 && token.text.chars().all(is_han);
                let own = if several { self.now.goals.pop_if(|goal| all(goal) && goal.attrs.is_empty()) } else { None };
                self.flush();
                self.now.place_ahead = ahead;
                self.now.goals.extend(own);
                self.now.fronted = self.now.goals.len();
                self.now.act = Some(act);
            }
        }
    }

    fn someone_else_does(&self, act: Act) -> bool {
        // 他也想要: past the words in between.
        let before = self.tokens[..self.at.saturating_sub(1)].iter().rev();
        let mut said =
            before.skip_while(|token| matches!(token.tag, Tag::Mark(Mark::Also | Mark::Filler | Mark::Particle)));
        let subject = said.next().map(|token| token.text.as_str());
        matches!(act, Act::Hold | Act::Wear | Act::Show | Act::Want)
            && self.now.goals.len() == 1
            && matches!(subject, Some("他" | "她"))
    }

    /// 头盔不要给我犄角: the thing before it is not wanted, the one after it is.
    pub(super) fn refuses_what_is_before(&self, at: usize) -> bool {
        let text = &self.tokens[at].text;
        let thing = |token: Option<&Token>| token.is_some_and(|token| matches!(token.tag, Tag::Item(_)));
        text.starts_with("不要")
            && text.ends_with("给我")
            && self.tokens[at].gap == Gap::None
            && thing(at.checked_sub(1).and_then(|before| self.token(before)))
            && matches!(self.next_meaningful(at + 1), Some((_, Tag::Item(_) | Tag::Mark(Mark::A) | Tag::Count(_))))
    }

    /// "it's enormous, *can you shrink it*": what was stated is only the reason for what is asked now.
    pub(super) fn stated(&self) -> bool {
        let asks = match &self.tokens[self.at].tag {
            Tag::Mark(Mark::Filler) => self.tokens[self.at].text.split(' ').any(|word| word == "you"),
            tag => tag.is_attribute() && matches!(self.adjoining(self.at + 1), Some(Tag::Pron(Pron::It | Pron::Them))),
        };
        self.now.act.is_none() && self.now.states && !self.now.complains() && asks
    }

    /// "what do you think, *a cape too*", "how does it work, *give me a sword*": a wish after a question.
    pub(super) fn wishes_after_all(&self) -> bool {
        let Some((at, tag)) = self.next_meaningful(self.at) else { return false };
        let also = |after: usize| matches!(self.token(after), Some(Token { tag: Tag::Mark(Mark::Also), .. }));
        self.tokens[self.at].gap == Gap::Comma
            && match tag {
                Tag::Act(act) => matches!(act, Act::Give | Act::Add | Act::Want | Act::Become),
                Tag::Mark(Mark::A) => self.noun_phrase(at).is_some_and(|(_, after)| also(after)),
                _ => false,
            }
    }

    /// "the crown can stay", "the rest has to go": the end of what is said of it.
    fn intransitive(&mut self, act: Act) {
        let act = if act == Act::Stays { Act::Keep } else { Act::Remove };
        let goals = std::mem::take(&mut self.now.goals);
        match self.now.act {
            // "I'll keep the crown, *the others can go*".
            Some(_) if goals.len() > 1 && !matches!(self.now.act, Some(Act::Change | Act::Want | Act::Put)) => {
                let mut goals = goals;
                let last = goals.split_off(goals.len() - 1);
                self.now.goals = goals;
                self.flush();
                self.now.goals = last;
            }
            Some(Act::Keep | Act::Remove) if !goals.is_empty() => {
                self.now.goals = goals;
                self.flush();
            }
            _ => self.now.goals = goals,
        }
        self.now.act = Some(act);
        if !self.now.goals.is_empty() {
            self.flush();
        }
    }

    /// "is a crown possible": a wish, politely put.
    fn possible(&mut self) {
        let new = |goal: &Goal| goal.np().is_some_and(|np| matches!(np.det, Det::Indefinite | Det::None));
        let said = self.now.states || self.tokens[self.at - 1].text.contains(' '); // "would be handy"
        if self.now.act.is_none() && said && !self.now.goals.is_empty() && self.now.goals.iter().all(new) {
            self.now.act = Some(Act::Want);
        }
    }

    /// "I'm a king": a wish, unless more is said of it or someone is told so.
    pub(super) fn am(&mut self, token: &Token) {
        let describes = |tag: &Tag| {
            tag.is_attribute() || matches!(tag, Tag::Mark(Mark::Praise | Mark::Filler | Mark::A | Mark::The))
        };
        let mut at = self.at;
        while self.adjoining(at).is_some_and(describes) {
            at += 1;
        }
        let role = matches!(self.adjoining(at), Some(Tag::Role(_))) && !self.noun_phrase_follows(at);
        let goes_on = matches!(self.adjoining(at + 1), Some(Tag::Word | Tag::Item(_)));
        let told = self.now.to_someone || self.done.iter().any(|clause| clause.to_someone || clause.chatter);
        if role && !goes_on && !told {
            self.act(Act::Become, token);
            self.at = at;
        } else {
            self.now.chatter = true;
        }
    }

    /// "that's wrong": a correction where something follows, else a step back.
    fn reject(&mut self) {
        if !self.now.is_blank() {
            self.flush();
        }
        let next = self.tokens[self.at..].iter().map(|token| &token.tag).find(|tag| {
            matches!(tag, Tag::Act(_) | Tag::Item(_) | Tag::Role(_) | Tag::World(_) | Tag::Style(_))
                || tag.is_attribute()
        });
        match next {
            Some(Tag::Act(act)) if act.is_whole() => {}
            Some(_) => {
                self.now.no = true;
                self.now.rejects = true;
            }
            None => {
                self.now.act = Some(Act::Undo);
                self.flush();
            }
        }
    }
}
