//! `otherglass say`: the scene that some utterances end in. No camera, no model.

use otherglass_generator::scene::{Conversation, scene_json};

use crate::answer::ask;
use crate::cli::SayArgs;

/// Prints the scene: a line for each utterance and a summary, or one JSON object.
pub fn say(arguments: &SayArgs) {
    let mut conversation = Conversation::new();
    let answers: Vec<_> = arguments.utterances.iter().map(|text| ask(&mut conversation, text)).collect();
    if arguments.json {
        let (understood, reply) = answers.last().map_or((false, ""), |last| (last.understood, last.text.as_str()));
        crate::outln!("{}", scene_json(conversation.scene(), understood, reply));
        return;
    }
    for answer in &answers {
        crate::outln!("{}", answer.line());
    }
    crate::outln!("In the mirror: {}", conversation.scene().summary());
}
