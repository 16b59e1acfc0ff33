//! One utterance through the state model, and an honest answer: what was understood, and what can't be drawn.
//!
//! The scene keeps whatever was asked for ("a toaster"); whether it can be drawn depends on the engine. The
//! window, `render` and `say` all answer through here, so that they say the same.

use otherglass_generator::render::{Engine, Renderer};
use otherglass_generator::scene::{Conversation, Edit, ItemKind, Scene, StyleName, Theme};

/// What an engine can show, taken down once when it is opened.
#[derive(Clone, Debug, PartialEq)]
pub struct Abilities {
    /// How to speak of the engine.
    engine: String,
    kinds: Vec<ItemKind>,
    themes: Vec<Theme>,
    styles: Vec<StyleName>,
    draws_nothing: bool,
}

impl Abilities {
    #[must_use]
    pub fn of(renderer: &dyn Renderer) -> Self {
        let name = renderer.name();
        Self {
            engine: if name.parse().is_ok_and(Engine::is_house) {
                "the built-in model".into()
            } else {
                format!("the engine {name}")
            },
            kinds: ItemKind::ALL.into_iter().filter(|kind| renderer.can_draw(kind)).collect(),
            themes: Theme::ALL.iter().copied().filter(|theme| renderer.can_show_world(*theme)).collect(),
            styles: StyleName::ALL.iter().copied().filter(|style| renderer.can_show_style(*style)).collect(),
            draws_nothing: name == Engine::Passthrough.as_str(),
        }
    }

    #[must_use]
    pub fn can_draw(&self, kind: &ItemKind) -> bool {
        self.kinds.contains(kind)
    }

    #[must_use]
    pub fn can_show_world(&self, theme: Option<Theme>) -> bool {
        theme.is_some_and(|theme| self.themes.contains(&theme))
    }

    #[must_use]
    pub fn can_show_style(&self, style: Option<StyleName>) -> bool {
        style.is_some_and(|style| self.styles.contains(&style))
    }

    /// What these edits brought into the scene that can't be shown, in words; `None` when all can.
    fn regret(&self, edits: &[Edit], scene: &Scene) -> Option<String> {
        let mut lacking = Vec::new();
        for edit in edits {
            match edit {
                Edit::Add { item } if !self.can_draw(&item.kind) => {
                    lacking.push(format!("draw {}", with_article(&item.kind.words())))
                }
                Edit::SetWorld { world } if !self.can_show_world(world.theme) => {
                    lacking.push(format!("show the world \"{}\"", world.text))
                }
                Edit::SetStyle { style } if !self.can_show_style(style.name) => {
                    lacking.push(format!("paint in the style \"{}\"", style.text))
                }
                _ => {}
            }
        }
        if self.draws_nothing {
            let asked = edits
                .iter()
                .any(|edit| matches!(edit, Edit::Add { .. } | Edit::SetWorld { .. } | Edit::SetStyle { .. }));
            return (asked && !scene.is_empty()).then(|| "The plain mirror shows no changes.".to_owned());
        }
        (!lacking.is_empty()).then(|| format!("I can't {} with {}.", lacking.join(" or "), self.engine))
    }
}

fn with_article(words: &str) -> String {
    let article = if words.starts_with(['a', 'e', 'i', 'o', 'u']) { "an" } else { "a" };
    if words.is_ascii() && !words.ends_with('s') { format!("{article} {words}") } else { words.to_owned() }
}

/// What came of one utterance.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    /// What was heard, fit to be shown.
    pub heard: String,
    pub understood: bool,
    /// Whether all of it can be seen.
    pub shown: bool,
    /// The mirror's answer, with what it can't draw.
    pub text: String,
    /// For the program to carry out, such as taking a picture.
    pub for_program: Vec<Edit>,
}

/// Puts one utterance to the state model. Without abilities nothing is said about drawing.
pub fn ask(conversation: &mut Conversation, utterance: &str, abilities: Option<&Abilities>) -> Answer {
    let reply = conversation.respond(utterance);
    let regret = abilities.and_then(|abilities| abilities.regret(&reply.edits, conversation.scene()));
    let shown = regret.is_none();
    let text = match regret {
        Some(regret) if reply.text.is_empty() => regret,
        Some(regret) => format!("{} {regret}", reply.text),
        None => reply.text,
    };
    let for_program = reply.edits.into_iter().filter(Edit::is_for_program).collect();
    Answer { heard: reply.heard, understood: reply.understood, shown, text, for_program }
}

impl Answer {
    /// One line for terminals and logs.
    #[must_use]
    pub fn line(&self) -> String {
        let mark = if self.understood { "" } else { "not understood: " };
        format!("\"{}\" -> {mark}{}", self.heard, self.text)
    }
}

#[cfg(test)]
mod tests {
    use otherglass_generator::render::Passthrough;

    use super::*;

    /// An engine that draws swords, shows one world and no style.
    fn swords_only() -> Abilities {
        Abilities {
            engine: "the built-in model".into(),
            kinds: vec![ItemKind::Sword],
            themes: vec![Theme::IceKingdom],
            styles: vec![],
            draws_nothing: false,
        }
    }

    #[test]
    fn what_can_be_drawn_needs_no_excuse() {
        let mut conversation = Conversation::new();
        let answer = ask(&mut conversation, "I want to hold a sword", Some(&swords_only()));
        assert!(answer.understood && answer.shown, "{answer:?}");
        assert!(!answer.text.contains("can't"), "{answer:?}");
        assert_eq!(conversation.scene().items.len(), 1);
    }

    #[test]
    fn what_cannot_be_drawn_is_said_and_stays_in_the_scene() {
        let mut conversation = Conversation::new();
        let answer = ask(&mut conversation, "give me a crown", Some(&swords_only()));
        assert!(answer.understood && !answer.shown);
        assert!(answer.text.contains("can't draw a crown with the built-in model"), "{answer:?}");
        assert_eq!(conversation.scene().items.len(), 1);
    }

    #[test]
    fn nothing_understood_is_said_plainly() {
        let mut conversation = Conversation::new();
        let answer = ask(&mut conversation, "qwrtp zxcvb", None);
        assert!(!answer.understood && !answer.text.is_empty(), "{answer:?}");
        assert!(answer.line().contains("not understood"));
        assert!(conversation.scene().is_empty());
    }

    #[test]
    fn the_plain_mirror_says_that_it_shows_nothing() {
        let abilities = Abilities::of(&Passthrough::new());
        let mut conversation = Conversation::new();
        let answer = ask(&mut conversation, "give me a crown", Some(&abilities));
        assert!(answer.text.contains("plain mirror"), "{answer:?}");
    }

    #[test]
    fn articles_fit() {
        assert_eq!(with_article("elephant"), "an elephant");
        assert_eq!(with_article("crown"), "a crown");
        assert_eq!(with_article("wings"), "wings");
    }
}
