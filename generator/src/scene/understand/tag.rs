//! The concepts that phrases stand for, and an utterance cut into them.
//!
//! The cut is the cheapest one: few phrases, long phrases, few unknown words (a shortest path over the units). It
//! needs no spaces, so Chinese and English go the same way.

use super::hearing::{Hearing, probably_said};
use super::lexicon::Lexicon;
use super::normalize::{Gap, Unit};
use super::phrases::Found;
use crate::scene::{Color, ItemKind, Place, StyleName, Theme};

/// What one phrase stands for.
#[derive(Clone, Debug, PartialEq)]
pub enum Tag {
    Item(ItemWord),
    Color(Color),
    Darker,
    Lighter,
    /// Back to the colour it has by itself.
    PlainColor,
    /// The colour of another item.
    SameColor,
    Size(SizeChange),
    /// How much of a change: "a bit" is 0.5, "much" is 1.7.
    Degree(f32),
    Material(String),
    Count(u32),
    Place(PlaceRef),
    World(Option<Theme>),
    Style(Option<StyleName>),
    Role(Role),
    Pron(Pron),
    Act(Act),
    Mark(Mark),
    /// Nothing in the lexicon.
    Word,
}

/// A noun for items; a general one ("hat") may mean several kinds, the first where none is there yet.
#[derive(Clone, Debug, PartialEq)]
pub struct ItemWord {
    pub kinds: Vec<ItemKind>,
    /// Where such a thing goes, for those outside the house vocabulary.
    pub place: Option<Place>,
}

/// Someone to be: what one needs to be known as such.
#[derive(Clone, Debug, PartialEq)]
pub struct Role {
    pub name: String,
    pub items: Vec<ItemKind>,
    pub theme: Option<Theme>,
}

/// A new size.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum SizeChange {
    /// Against the present size.
    Times(f32),
    /// Against the natural size.
    To(f32),
    /// Against the present size, said as a complaint ("too big"): a whole sentence by itself.
    Complaint(f32),
}

impl SizeChange {
    /// Reads "x1.5", "=2" and "!x0.667".
    pub fn parse(name: &str) -> Option<Self> {
        let (rest, complaint) = name.strip_prefix('!').map_or((name, false), |rest| (rest, true));
        let factor = |text: &str| text.parse::<f32>().ok().filter(|factor| *factor > 0.0);
        match (rest.strip_prefix('x'), rest.strip_prefix('=')) {
            (Some(text), _) if complaint => factor(text).map(SizeChange::Complaint),
            (Some(text), _) => factor(text).map(SizeChange::Times),
            (_, Some(text)) => factor(text).map(SizeChange::To),
            _ => None,
        }
    }
}

/// A place as people name it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PlaceRef {
    At(Place),
    /// Some hand.
    Hand,
    OtherHand,
    EachHand,
    /// A hand for what is held, else a side.
    Left,
    Right,
}

/// Declares an enum of data names.
macro_rules! words_enum {
    ($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $text:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum $name { $($(#[$vdoc])* $variant),+ }

        impl $name {
            /// The value of that name in the lexicon's files.
            pub fn parse(name: &str) -> Option<Self> {
                match name { $($text => Some($name::$variant),)+ _ => None }
            }
        }
    };
}

words_enum! {
    /// Words that stand for things in the scene.
    Pron {
        It = "it",
        This = "this",
        Them = "them",
        Both = "both",
        One = "one",
        Other = "other",
        First = "first",
        Second = "second",
        Last = "last",
        All = "all",
        Rest = "rest",
        /// The visitor.
        Me = "me",
        /// The world around, by a general word ("the background").
        World = "world",
        /// The style, by a general word ("the effect").
        Style = "style",
        /// The colour, by the word itself.
        Color = "color",
    }
}

words_enum! {
    /// What to do.
    Act {
        /// "give me": anything may follow, even what no lexicon knows.
        Give = "give",
        /// "add": as give, and always one more.
        Add = "add",
        /// "I want": what follows must look like a thing.
        Want = "want",
        Hold = "hold",
        Wear = "wear",
        Show = "show",
        Change = "change",
        /// "change to", 变成: what follows is the result.
        ChangeTo = "change_to",
        Become = "become",
        Go = "go",
        Look = "look",
        Put = "put",
        /// "take": means different things with "off" and alone.
        Take = "take",
        Remove = "remove",
        Swap = "swap",
        Keep = "keep",
        KeepOnly = "keep_only",
        /// "leave": keeps a thing, goes out of a world.
        Leave = "leave",
        Restore = "restore",
        Again = "again",
        /// "the same for the shield": what was said last, said of something else.
        Same = "same",
        /// "a bit less": some of the last change back.
        Less = "less",
        /// "it stays": what was said before it is kept.
        Stays = "stays",
        /// "is a crown *possible*": what was said before it is wished for.
        Possible = "possible",
        /// "it has to go": what was said before it is taken away.
        Leaves = "leaves",
        Undo = "undo",
        /// "wrong": takes back the last step, or corrects it by what follows.
        Reject = "reject",
        Redo = "redo",
        Reset = "reset",
        ClearItems = "clear_items",
        ClearWorld = "clear_world",
        ClearStyle = "clear_style",
        SwapHands = "swap_hands",
        Picture = "picture",
        StartClip = "start_clip",
        StopClip = "stop_clip",
    }
}

impl Act {
    /// Whether it needs nothing more to be a whole command.
    pub fn is_whole(self) -> bool {
        matches!(
            self,
            Act::Undo
                | Act::Redo
                | Act::Reset
                | Act::Picture
                | Act::StartClip
                | Act::StopClip
                | Act::SwapHands
                | Act::ClearItems
                | Act::ClearWorld
                | Act::ClearStyle
        )
    }

    /// Whether it asks for a thing that is not there yet.
    pub fn is_wish(self) -> bool {
        matches!(self, Act::Give | Act::Add | Act::Want | Act::Wear | Act::Hold | Act::Show | Act::Put | Act::Become)
    }
}

words_enum! {
    /// Words that hold a sentence together.
    Mark {
        No = "no",
        Not = "not",
        /// "do not", 别.
        Dont = "dont",
        /// 不要: "do not" before a verb, "no" or "take away" before a thing.
        DontWant = "dont_want",
        Instead = "instead",
        InsteadOf = "instead_of",
        Meant = "meant",
        Actually = "actually",
        And = "and",
        But = "but",
        Then = "then",
        Except = "except",
        Without = "without",
        With = "with",
        To = "to",
        For = "for",
        From = "from",
        As = "as",
        Of = "of",
        Prep = "prep",
        Also = "also",
        Another = "another",
        More = "more",
        /// "one fewer", "one too many".
        Fewer = "fewer",
        Only = "only",
        Off = "off",
        On = "on",
        Back = "back",
        Be = "be",
        Should = "should",
        /// "a staff would be better": should be, in place of what is.
        Better = "better",
        Question = "question",
        Because = "because",
        /// Someone who is not the mirror.
        Someone = "someone",
        The = "the",
        A = "a",
        Yours = "yours",
        Possessive = "possessive",
        /// 把: its object comes before the verb.
        Object = "object",
        /// 的, 了: belongs to what is before it.
        Particle = "particle",
        Times = "times",
        Filler = "filler",
        Wake = "wake",
        Praise = "praise",
        Chatter = "chatter",
        Like = "like",
        /// "I am a": a wish where someone to be follows, else a remark.
        Am = "am",
    }
}

impl PlaceRef {
    /// The value of that name in the lexicon's files.
    pub fn parse(name: &str) -> Option<Self> {
        Some(match name {
            "hand" => PlaceRef::Hand,
            "other_hand" => PlaceRef::OtherHand,
            "each_hand" => PlaceRef::EachHand,
            "left" => PlaceRef::Left,
            "right" => PlaceRef::Right,
            _ => PlaceRef::At(name.parse().ok()?),
        })
    }
}

impl Tag {
    /// A change of shade by its name in the lexicon's files.
    pub fn shade(name: &str) -> Option<Tag> {
        match name {
            "darker" => Some(Tag::Darker),
            "lighter" => Some(Tag::Lighter),
            "plain" => Some(Tag::PlainColor),
            "same" => Some(Tag::SameColor),
            _ => None,
        }
    }

    /// Where two lists hold the same phrase, the lower rank wins: whole commands, then things and what they are like,
    /// then verbs, then the words in between.
    pub fn rank(&self) -> usize {
        use Mark as M;
        const WHOLE: [Act; 10] = [
            Act::Undo,
            Act::Reject,
            Act::Redo,
            Act::Picture,
            Act::StartClip,
            Act::StopClip,
            Act::Reset,
            Act::ClearItems,
            Act::ClearWorld,
            Act::ClearStyle,
        ];
        const EARLY: [Mark; 12] = [
            M::Question,
            M::Dont,
            M::DontWant,
            M::Chatter,
            M::Like,
            M::Am,
            M::Meant,
            M::Should,
            M::Better,
            M::Instead,
            M::InsteadOf,
            M::Actually,
        ];
        const VERBS: [Act; 25] = [
            Act::Less,
            Act::Stays,
            Act::Possible,
            Act::Leaves,
            Act::KeepOnly,
            Act::Keep,
            Act::Again,
            Act::Add,
            Act::SwapHands,
            Act::Swap,
            Act::Restore,
            Act::Leave,
            Act::Wear,
            Act::Hold,
            Act::Show,
            Act::Look,
            Act::Go,
            Act::Want,
            Act::ChangeTo,
            Act::Give,
            Act::Change,
            Act::Become,
            Act::Put,
            Act::Remove,
            Act::Take,
        ];
        const LATE: [Mark; 31] = [
            M::Not,
            M::No,
            M::Yours,
            M::Wake,
            M::But,
            M::Also,
            M::And,
            M::Then,
            M::Except,
            M::Without,
            M::With,
            M::To,
            M::For,
            M::From,
            M::As,
            M::Of,
            M::Another,
            M::More,
            M::Fewer,
            M::Only,
            M::Off,
            M::On,
            M::Back,
            M::The,
            M::A,
            M::Be,
            M::Because,
            M::Someone,
            M::Object,
            M::Times,
            M::Prep,
        ];
        fn at<T: PartialEq>(list: &[T], value: &T) -> Option<usize> {
            list.iter().position(|other| other == value)
        }
        let early = match self {
            Tag::Act(act) => at(&WHOLE, act),
            Tag::Mark(mark) => at(&EARLY, mark).map(|at| 20 + at),
            _ => None,
        };
        early.unwrap_or_else(|| match self {
            Tag::Item(_) => 40,
            Tag::Role(_) => 41,
            Tag::Place(_) => 42,
            Tag::Style(_) => 43,
            Tag::World(_) => 44,
            Tag::SameColor | Tag::Darker | Tag::Lighter | Tag::PlainColor => 45,
            Tag::Color(_) => 46,
            Tag::Size(_) => 47,
            Tag::Material(_) => 48,
            Tag::Count(_) => 49,
            Tag::Pron(_) => 50,
            Tag::Act(act) => 60 + at(&VERBS, act).unwrap_or(VERBS.len()),
            Tag::Mark(mark) => 90 + at(&LATE, mark).unwrap_or(LATE.len()),
            Tag::Degree(_) => 130,
            Tag::Word => 140,
        })
    }

    /// Whether it says what a thing is like.
    pub fn is_attribute(&self) -> bool {
        matches!(
            self,
            Tag::Color(_)
                | Tag::Darker
                | Tag::Lighter
                | Tag::PlainColor
                | Tag::SameColor
                | Tag::Size(_)
                | Tag::Material(_)
        )
    }
}

/// One phrase of an utterance.
#[derive(Clone, Debug)]
pub struct Token {
    pub tag: Tag,
    /// The units it covers, spelled plainly.
    pub text: String,
    /// The same as it stood in the utterance.
    pub original: String,
    /// What stood before it.
    pub gap: Gap,
    /// Whether it is what recognisers write for something else.
    pub soft: bool,
}

/// What a phrase costs; an unknown unit costs more.
const PHRASE_COST: f32 = 1.0;
const UNKNOWN_COST: f32 = 1.6;
/// How much less the name of a thing or a place costs, so that of two cuts the one with it wins (给我|披风, not
/// 给我披|风).
const THING_BONUS: f32 = 0.01;

/// The cheapest cut: for every unit the length of the phrase that would start there, and the phrase.
fn cut<'a>(units: &[Unit], lexicon: &'a Lexicon, soft: bool) -> Vec<(usize, Option<Found<'a>>)> {
    let mut cost = vec![0.0_f32; units.len() + 1];
    let mut choice: Vec<(usize, Option<Found>)> = vec![(1, None); units.len()];
    let mut found = Vec::new();
    for at in (0..units.len()).rev() {
        let mut best = UNKNOWN_COST + cost[at + 1];
        lexicon.phrases_at(&units[at..], soft, &mut found);
        for &phrase in &found {
            let bonus = if matches!(phrase.tag, Tag::Item(_) | Tag::Place(_)) { THING_BONUS } else { 0.0 };
            let total = PHRASE_COST - bonus + cost[at + phrase.length];
            if total <= best {
                best = total;
                choice[at] = (phrase.length, Some(phrase));
            }
        }
        cost[at] = best;
    }
    choice
}

/// Which units make no sense as they stand.
fn gaps(units: &[Unit], lexicon: &Lexicon) -> Vec<bool> {
    let choice = cut(units, lexicon, false);
    let mut gaps = vec![false; units.len()];
    let mut at = 0;
    while at < units.len() {
        gaps[at] = choice[at].1.is_none();
        at += choice[at].0;
    }
    gaps
}

/// Cuts units into tokens. All but a plain reading also take what recognisers mishear.
pub fn tokens(heard: &str, units: &[Unit], lexicon: &Lexicon, hearing: Hearing) -> Vec<Token> {
    let guessed = match hearing {
        Hearing::Plain => None,
        Hearing::Gaps => Some(probably_said(units, lexicon, Some(&gaps(units, lexicon)))),
        Hearing::All => Some(probably_said(units, lexicon, None)),
    };
    let units = guessed.as_deref().unwrap_or(units);
    let choice = cut(units, lexicon, hearing != Hearing::Plain);
    let mut tokens: Vec<Token> = Vec::new();
    let mut at = 0;
    while at < units.len() {
        let (length, phrase) = choice[at];
        let covered = &units[at..at + length];
        let han = covered.iter().all(|unit| unit.text.chars().all(super::normalize::is_han));
        let texts: Vec<&str> = covered.iter().map(|unit| unit.text.as_str()).collect();
        tokens.push(Token {
            tag: phrase.map_or(Tag::Word, |phrase| phrase.tag.clone()),
            text: texts.join(if han { "" } else { " " }),
            original: heard[covered[0].start..covered[length - 1].end].to_owned(),
            gap: covered[0].gap,
            soft: phrase.is_some_and(|phrase| phrase.soft),
        });
        at += length;
    }
    for at in 0..tokens.len() {
        if tokens[at].soft && !misheard_fits(&tokens, at) {
            tokens[at].tag = Tag::Word;
        }
    }
    tokens
}

/// Whether a word may be one misheard for what it is taken for: "give me a soared", but not "I want to sort this".
fn misheard_fits(tokens: &[Token], at: usize) -> bool {
    let token = &tokens[at];
    if token.text.contains(' ') || token.text.chars().all(super::normalize::is_han) && token.text.chars().count() > 1 {
        return true; // Two words in a row that make no sense are evidence enough.
    }
    let content = |token: &&Token| {
        !matches!(token.tag, Tag::Mark(Mark::Filler | Mark::Wake | Mark::No | Mark::Actually | Mark::Meant))
    };
    if tokens.iter().filter(content).count() == 1 {
        return true;
    }
    if at == 0 && matches!((&token.tag, tokens.get(1)), (Tag::Item(_), Some(next)) if matches!(next.tag, Tag::Place(_)))
    {
        return true; // "soared in my hand"
    }
    let before = at.checked_sub(1).map(|before| &tokens[before].tag);
    let after = tokens.get(at + 1).filter(|next| next.gap == Gap::None).map(|next| &next.tag);
    let describes = |tag: &Tag| tag.is_attribute() || matches!(tag, Tag::Count(_) | Tag::Role(_));
    let opens = |tag: &Tag| {
        describes(tag)
            || matches!(
                tag,
                Tag::Mark(
                    Mark::A
                        | Mark::The
                        | Mark::Another
                        | Mark::More
                        | Mark::And
                        | Mark::With
                        | Mark::Particle
                        | Mark::Object
                )
            )
            || matches!(tag, Tag::Act(Act::Give | Act::Add | Act::Hold | Act::Wear | Act::Remove))
    };
    if after == Some(&Tag::Word) {
        return false;
    }
    match &token.tag {
        Tag::Item(_) | Tag::Role(_) => before.is_some_and(opens),
        tag if tag.is_attribute() => {
            let of_thing = matches!(after, Some(Tag::Item(_) | Tag::Role(_)));
            of_thing
                || before.is_some_and(|tag| {
                    describes(tag) || matches!(tag, Tag::Pron(_) | Tag::Item(_) | Tag::Act(_) | Tag::Mark(_))
                })
        }
        Tag::World(_) | Tag::Style(_) => {
            before.is_some_and(|tag| matches!(tag, Tag::Act(_) | Tag::Mark(Mark::The | Mark::A | Mark::To)))
        }
        _ => before.is_some_and(|tag| *tag != Tag::Word),
    }
}
