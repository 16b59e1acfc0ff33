//! How long the state model takes to understand, on one core: `cargo bench -p otherglass-generator --bench understanding`.
//!
//! Real utterances are those of the dialogues under `tests/`; the long ones are 200 words of them in a row.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "its report is its purpose")]

use std::path::Path;
use std::time::{Duration, Instant};

use otherglass_generator::scene::Conversation;
use serde_json::Value;

/// What issue and readers expect: the median of real utterances, and the slowest of 200 words.
const MEDIAN_LIMIT_MS: f64 = 5.0;
const LONG_LIMIT_MS: f64 = 50.0;

fn main() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/dialogues/develop.jsonl");
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let dialogues: Vec<Vec<String>> = text
        .lines()
        .map(|line| {
            let dialogue: Value = serde_json::from_str(line).expect("a dialogue is a JSON object");
            let say = dialogue["say"].as_array().expect("say is a list");
            say.iter().map(|utterance| utterance.as_str().expect("utterances are texts").to_owned()).collect()
        })
        .collect();

    let start = Instant::now();
    let first = Conversation::new().respond("give me a sword");
    assert!(first.understood, "the bench times what works");
    println!("first utterance, with the lexicon loaded: {:.1} ms", ms(start.elapsed()));

    let mut times = Vec::new();
    for dialogue in &dialogues {
        let mut conversation = Conversation::new();
        for utterance in dialogue {
            let start = Instant::now();
            std::hint::black_box(conversation.respond(utterance));
            times.push(ms(start.elapsed()));
        }
    }
    let median = report(&format!("{} utterances of people", times.len()), &mut times);

    let words: Vec<&str> = dialogues.iter().flatten().flat_map(|utterance| utterance.split_whitespace()).collect();
    let mut times = Vec::new();
    for long in words.chunks_exact(200) {
        let utterance = long.join(" ");
        let start = Instant::now();
        std::hint::black_box(Conversation::new().respond(&utterance));
        times.push(ms(start.elapsed()));
    }
    report(&format!("{} utterances of 200 words", times.len()), &mut times);
    let slowest = times.last().copied().unwrap_or(0.0);

    println!(
        "median is {:.4} of its limit, 200 words {:.4} of theirs",
        median / MEDIAN_LIMIT_MS,
        slowest / LONG_LIMIT_MS
    );
    assert!(median < MEDIAN_LIMIT_MS && slowest < LONG_LIMIT_MS, "slower than the limits");
}

fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}

/// Prints percentiles of times in milliseconds; returns the median.
fn report(what: &str, times: &mut [f64]) -> f64 {
    times.sort_by(f64::total_cmp);
    let at = |share: f64| times[((times.len() - 1) as f64 * share) as usize];
    println!("{what}: p50 {:.3} ms, p95 {:.3} ms, p99 {:.3} ms, max {:.3} ms", at(0.5), at(0.95), at(0.99), at(1.0));
    at(0.5)
}
