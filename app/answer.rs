//! One utterance through the state model, as window, `render` and `say` show it.

use otherglass_generator::scene::{Conversation, Edit};

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

/// Puts one utterance to the state model.
pub fn ask(conversation: &mut Conversation, utterance: &str) -> Answer {
    let reply = conversation.respond(utterance);
    let for_program = reply.edits.into_iter().filter(Edit::is_for_program).collect();
    Answer { heard: reply.heard, understood: reply.understood, shown: reply.shown, text: reply.text, for_program }
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
    use otherglass_generator::scene::{Abilities, ItemKind, Theme};

    use super::*;

    /// With an engine that draws swords, shows one world and no style.
    fn swords_only() -> Conversation {
        let mut conversation = Conversation::new();
        let (kinds, themes) = ([ItemKind::Sword].into(), [Theme::IceKingdom].into());
        conversation.set_abilities(Abilities { engine: "house", kinds, themes, styles: [].into(), most_company: 4 });
        conversation
    }

    #[test]
    fn what_can_be_drawn_needs_no_excuse() {
        let mut conversation = swords_only();
        let answer = ask(&mut conversation, "I want to hold a sword");
        assert!(answer.understood && answer.shown, "{answer:?}");
        assert!(!answer.text.contains("can't"), "{answer:?}");
        assert_eq!(conversation.scene().items.len(), 1);
    }

    #[test]
    fn what_cannot_be_drawn_is_said_once_and_stays_in_the_scene() {
        let mut conversation = swords_only();
        let answer = ask(&mut conversation, "give me a crown");
        assert!(answer.understood && !answer.shown);
        assert_eq!(answer.text, "I can't draw a crown with the built-in model; I keep it in mind.");
        assert_eq!(conversation.scene().items.len(), 1);
        assert_eq!(ask(&mut conversation, "给我一顶王冠").text.matches("画不出").count(), 1);
        let both = ask(&mut conversation, "give me a sword and a toaster").text;
        assert!(both.starts_with("Here: a sword.") && both.matches("toaster").count() == 1, "{both}");
        let style = ask(&mut conversation, "带我去巴黎").text;
        assert!(!style.contains(|c: char| c.is_ascii_alphabetic()), "two languages: {style}");
    }

    #[test]
    fn nothing_understood_is_said_plainly() {
        let mut conversation = Conversation::new();
        let answer = ask(&mut conversation, "qwrtp zxcvb");
        assert!(!answer.understood && !answer.text.is_empty(), "{answer:?}");
        assert!(answer.line().contains("not understood"));
        assert!(conversation.scene().is_empty());
    }

    #[test]
    fn the_plain_mirror_says_that_it_shows_nothing() {
        let mut conversation = Conversation::new();
        conversation.set_abilities(Abilities::none("passthrough"));
        let answer = ask(&mut conversation, "give me a crown");
        assert!(answer.text.contains("plain mirror") && !answer.shown, "{answer:?}");
        assert!(ask(&mut conversation, "给我一顶王冠").text.contains("普通镜子"));
    }
}
