//! The real audio stack: a PulseAudio server of our own with a microphone that hears what is played to a loudspeaker.
//!
//! The listener runs in a process of its own, since the server's address is an environment variable.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "what is skipped is told to whoever runs the tests")]

mod common;

use std::io::{BufRead, BufReader};
use std::process::Stdio;
use std::sync::atomic::AtomicBool;
use std::sync::mpsc::{Receiver, sync_channel};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use common::pulse::Server;
use otherglass_speech::listener::{Listener, ListenerSettings};
use otherglass_speech::microphone::{MicrophoneSelector, list_microphones, opens};
use otherglass_speech::whisper::Said;
use otherglass_speech::{EarState, Recognise, SpeechError, sound};

const CHILD: &str = "OTHERGLASS_TEST_LISTENS";

/// Says how long each utterance was.
struct Lengths;

impl Recognise for Lengths {
    fn recognise(&mut self, samples: &[f32]) -> Result<Option<Said>, SpeechError> {
        Ok(Some(Said { text: format!("{:.2}", samples.len() as f64 / 16_000.0), language: None }))
    }

    fn call_off(&self) -> Arc<AtomicBool> {
        Arc::default()
    }

    fn name(&self) -> String {
        "lengths".into()
    }
}

/// The child: tells on standard output what happens, until it is ended.
fn listen() {
    for microphone in list_microphones().unwrap() {
        println!("told: microphone {} {}", microphone.name, microphone.is_default);
    }
    let recogniser = Box::new(|| Ok(Box::new(Lengths) as Box<dyn Recognise>));
    let settings = ListenerSettings {
        partial_every_s: None,
        retry_every: Duration::from_millis(300),
        ..ListenerSettings::default()
    };
    let listener = Listener::start(opens(MicrophoneSelector::Default), recogniser, settings, Arc::new(|| {})).unwrap();
    let mut last = EarState::Opening;
    let deadline = Instant::now() + Duration::from_secs(240);
    while Instant::now() < deadline {
        let state = listener.state();
        if state.ear != last {
            let live = matches!(state.ear, EarState::Live { .. } | EarState::Muted { .. });
            println!("told: {}", if live { "live" } else { "lost" });
            last = state.ear;
        }
        while let Some(transcript) = listener.take() {
            println!("told: heard {} lost {}", transcript.text, state.lost_samples);
        }
        std::thread::sleep(Duration::from_millis(5));
    }
}

fn wait_for(told: &Mutex<Receiver<String>>, beginning: &str) -> String {
    let told = told.lock().unwrap();
    let deadline = Instant::now() + Duration::from_secs(60);
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        match told.recv_timeout(left) {
            Ok(line) if line.starts_with(beginning) => return line,
            Ok(_) => {}
            Err(error) => panic!("waited for \"{beginning}\": {error}"),
        }
    }
}

#[test]
fn a_microphone_is_heard_lost_and_found_again() {
    if std::env::var_os(CHILD).is_some() {
        return listen();
    }
    let folder = tempfile::tempdir().unwrap();
    let Some(speech) = common::speech(folder.path(), "en-us", "I want to hold a sword in my right hand.") else {
        return;
    };
    let length_s = speech.len() as f64 / 16_000.0;
    let file = folder.path().join("said.wav");
    sound::write(&file, &speech.iter().map(|sample| sample * 0.5).collect::<Vec<f32>>()).unwrap();
    let Some(server) = Server::start(folder.path()) else { return };
    let mut child = server.on_it(std::env::current_exe().unwrap());
    child.args(["--exact", "a_microphone_is_heard_lost_and_found_again", "--nocapture"]).env(CHILD, "1");
    let mut child = child.stdout(Stdio::piped()).spawn().unwrap();
    let (sender, told) = sync_channel(1_000);
    let out = child.stdout.take().unwrap();
    let reader = std::thread::spawn(move || {
        for line in BufReader::new(out).lines().map_while(Result::ok) {
            if let Some((_, told)) = line.split_once("told: ")
                && sender.send(told.to_owned()).is_err()
            {
                return;
            }
        }
    });
    let told = Mutex::new(told);
    let story = std::panic::catch_unwind(|| {
        let microphone = wait_for(&told, "microphone");
        assert!(microphone.ends_with("true"), "{microphone}");
        wait_for(&told, "live");
        let heard_well = |server: &Server| {
            assert!(server.play(&file), "paplay failed");
            let heard = wait_for(&told, "heard");
            let words: Vec<&str> = heard.split(' ').collect();
            let got_s: f64 = words[1].parse().unwrap();
            // Pre-roll and tail belong to it.
            assert!((got_s - length_s - 0.5).abs() < 0.35, "{heard}, {length_s} s were spoken");
            assert_eq!(words[3], "0", "{heard}");
        };
        heard_well(&server);
        let place = server.folder().to_owned();
        drop(server);
        wait_for(&told, "lost");
        let server = Server::start(&place).expect("the server starts again");
        wait_for(&told, "live");
        heard_well(&server);
    });
    let _gone_already = child.kill();
    let _gone_already = child.wait();
    drop(told);
    reader.join().unwrap();
    if let Err(panic) = story {
        std::panic::resume_unwind(panic);
    }
}
