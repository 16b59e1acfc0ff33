//! `otherglass say`: the exact shape of what tools read.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "what is skipped is told to whoever runs the tests")]

mod common;

use common::run;
use serde_json::{Value, json};

fn said(utterances: &[&str]) -> Value {
    let arguments: Vec<&str> = ["say", "--json"].into_iter().chain(utterances.iter().copied()).collect();
    let ran = run(&arguments).succeeded();
    let last = ran.out.lines().last().expect("a line is printed");
    serde_json::from_str(last).unwrap_or_else(|error| panic!("{last}: {error}"))
}

#[test]
fn the_object_has_exactly_the_documented_keys() {
    let mut object = said(&["I want to hold a sword", "make it bigger, make it blue"]);
    assert!(object["reply"].as_str().is_some_and(|reply| !reply.is_empty()));
    object["reply"] = json!("");
    let sword = json!({
        "kind": "sword", "place": "right_hand", "color": "blue", "size": 1.5, "material": null, "count": 1, "drawable": true
    });
    let expected = json!({
        "items": [sword], "world": null, "style": null, "weather": [], "rules": [], "understood": true, "reply": ""
    });
    assert_eq!(object, expected);
}

#[test]
fn world_and_style_have_text_and_name() {
    let object = said(&["take me to an ice kingdom", "make it an oil painting"]);
    assert_eq!(object["world"]["theme"], json!("ice_kingdom"));
    assert!(object["world"]["text"].is_string());
    assert_eq!(object["style"]["name"], json!("oil_painting"));
    assert!(object["style"]["text"].is_string());
}

#[test]
fn what_is_not_understood_says_so_and_changes_nothing() {
    let object = said(&["give me a crown", "qwrtp zxcvb"]);
    assert_eq!(object["understood"], json!(false));
    assert_eq!(object["items"][0]["kind"], json!("crown"));
}

#[test]
fn without_json_it_speaks_to_people() {
    let ran = run(&["say", "give me a crown"]).succeeded();
    assert!(ran.out.contains("\"give me a crown\" -> ") && ran.out.contains("crown"), "{ran:#?}");
    assert!(ran.out.lines().last().is_some_and(|line| line.starts_with("In the mirror: ")), "{ran:#?}");
}

#[test]
fn nothing_said_is_a_usage_error() {
    run(&["say"]).failed(2, &["UTTERANCE"]);
}
