//! What a conversation becomes, edit by edit, held against a stored text: a change of the understanding shows as a
//! difference that somebody has to look at.
//!
//! `UPDATE_GOLDEN=1 cargo test -p otherglass-generator --test golden` writes the text anew.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use otherglass_generator::scene::{Conversation, scene_json};

/// The sentences that the product is about, and what people say right after them.
const CONVERSATIONS: &[&[&str]] = &[
    &["Hey, this is my hand. I want to hold a sword.", "No, no, no: make it bigger, make it blue.", "undo", "redo"],
    &["Turn me into a Game of Thrones character.", "Give me a crown.", "Change the crown a bit, make it silver."],
    &["Make it an Elsa-themed world.", "Add a flying elephant.", "It's too big."],
    &["我想拿一把剑", "不，大一点，变成蓝色"],
    &["a red cape and a pair of black sunglasses", "no, not black, green", "put the sword in the other hand"],
    &["give me two torches", "keep one", "a wooden shield instead of the torch"],
    &["make everything look like an oil painting", "no style", "give me a toaster", "start over"],
    &["take me to a castle", "another castle", "a different castle please", "another one", "take me to an ice kingdom"],
    &["带我去城堡", "换一个城堡"],
    &["what time is it", "blorf the wug", "take a picture"],
];

fn golden() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/edits.txt")
}

fn told() -> String {
    let mut text = String::new();
    for utterances in CONVERSATIONS {
        let mut conversation = Conversation::new();
        for utterance in *utterances {
            let reply = conversation.respond(utterance);
            writeln!(text, "> {utterance}").unwrap();
            for edit in &reply.edits {
                writeln!(text, "  {}", serde_json::to_string(edit).unwrap()).unwrap();
            }
            writeln!(text, "  {} {}", if reply.understood { "=" } else { "?" }, reply.text).unwrap();
        }
        writeln!(text, "{}\n", scene_json(conversation.scene(), true, "")).unwrap();
    }
    text
}

/// The first line in which two texts differ.
fn difference(stored: &str, now: &str) -> Option<String> {
    let longer = stored.lines().count().max(now.lines().count());
    let line = |text: &str, i: usize| text.lines().nth(i).unwrap_or("(nothing)").to_owned();
    (0..longer)
        .map(|i| (i, line(stored, i), line(now, i)))
        .find(|(_, stored, now)| stored != now)
        .map(|(i, stored, now)| format!("line {}:\n  stored {stored}\n  now    {now}", i + 1))
}

#[test]
fn conversations_become_the_stored_edits() {
    let now = told();
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::create_dir_all(golden().parent().unwrap()).unwrap();
        std::fs::write(golden(), &now).unwrap();
    }
    let stored = std::fs::read_to_string(golden()).unwrap_or_default();
    if let Some(difference) = difference(&stored, &now) {
        panic!(
            "{difference}\nIf the new one is right: UPDATE_GOLDEN=1 cargo test -p otherglass-generator --test golden"
        );
    }
}

#[test]
fn one_changed_letter_is_noticed() {
    let now = told();
    assert!(difference(&now.replacen("sword", "sward", 1), &now).is_some());
}
