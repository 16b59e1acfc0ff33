//! The state machine with a detector that takes loudness for voice, so that every stretch is known to the sample.

use super::*;

/// Louder than 0.05 is voice.
#[derive(Debug, Default)]
struct Loudness;

impl VoiceDetector for Loudness {
    fn probability(&mut self, frame: &[f32]) -> f32 {
        if frame.iter().any(|x| x.abs() > 0.05) { 0.9 } else { 0.1 }
    }

    fn reset(&mut self) {}
}

/// Stretches of noise: (seconds, loudness).
fn sound(stretches: &[(f64, f32)]) -> Vec<f32> {
    let mut state = 1_u32;
    let mut noise = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 8) as f32 / (1 << 23) as f32 - 1.0
    };
    stretches.iter().flat_map(|(time_s, loud)| vec![*loud; samples_in(*time_s)]).map(|loud| loud * noise()).collect()
}

fn machine(settings: UtteranceSettings) -> Utterances<Loudness> {
    Utterances::with_detector(settings, Loudness)
}

fn events_of(settings: UtteranceSettings, samples: &[f32], piece: usize) -> Vec<Event> {
    let mut machine = machine(settings);
    let mut events = Vec::new();
    for part in samples.chunks(piece) {
        machine.push(part, &mut events);
    }
    machine.finish(&mut events);
    events
}

fn ended(events: &[Event]) -> Vec<&Utterance> {
    events.iter().filter_map(|event| if let Event::Ended(utterance) = event { Some(utterance) } else { None }).collect()
}

fn near(a: f64, b: f64) -> bool {
    (a - b).abs() < 0.04
}

#[test]
fn two_utterances_are_found_where_they_are() {
    let samples = sound(&[(1.5, 0.001), (1.0, 0.3), (1.0, 0.001), (0.5, 0.3), (1.0, 0.001)]);
    let events = events_of(UtteranceSettings::default(), &samples, samples.len());
    let found = ended(&events);
    assert_eq!(found.len(), 2, "{events:?}");
    for (utterance, (start_s, end_s)) in found.iter().zip([(1.5, 2.5), (3.5, 4.0)]) {
        assert!(near(utterance.span.start_s, start_s) && near(utterance.span.end_s, end_s), "{:?}", utterance.span);
        let expected_s = end_s - start_s + 0.3 + 0.2;
        assert!(near(seconds(utterance.samples.len() as u64), expected_s), "{}", utterance.samples.len());
        assert!(!utterance.cut);
    }
    assert!(matches!(events[0], Event::Began { start_s } if near(start_s, 1.5)));
}

#[test]
fn pieces_give_what_the_whole_gives() {
    let samples = sound(&[(0.7, 0.001), (1.1, 0.3), (0.9, 0.002), (0.05, 0.5), (1.0, 0.001), (2.0, 0.2)]);
    let whole = events_of(UtteranceSettings::default(), &samples, samples.len());
    assert!(ended(&whole).len() == 2);
    for piece in [1, 100, 255, 256, 257, 5_000] {
        assert_eq!(events_of(UtteranceSettings::default(), &samples, piece), whole, "pieces of {piece}");
    }
}

#[test]
fn the_samples_are_those_of_the_stream() {
    let samples = sound(&[(1.0, 0.001), (1.0, 0.3), (1.0, 0.001)]);
    let events = events_of(UtteranceSettings::default(), &samples, 333);
    let utterance = ended(&events)[0];
    let start = samples.windows(8).position(|window| window == &utterance.samples[..8]).unwrap();
    assert_eq!(&samples[start..start + utterance.samples.len()], utterance.samples);
}

#[test]
fn a_pause_inside_a_sentence_does_not_end_it() {
    let samples = sound(&[(1.2, 0.001), (0.6, 0.3), (0.3, 0.001), (0.6, 0.3), (1.0, 0.001)]);
    assert_eq!(ended(&events_of(UtteranceSettings::default(), &samples, 512)).len(), 1);
}

#[test]
fn a_click_is_discarded() {
    let samples = sound(&[(1.5, 0.001), (0.1, 0.5), (1.5, 0.001)]);
    let events = events_of(UtteranceSettings::default(), &samples, 512);
    assert!(ended(&events).is_empty(), "{events:?}");
    assert!(events.iter().any(|event| matches!(event, Event::Discarded(_))), "{events:?}");
}

#[test]
fn what_is_too_long_is_cut_without_losing_a_sample() {
    let samples = sound(&[(1.0, 0.001), (3.2, 0.3), (1.0, 0.001)]);
    let settings = UtteranceSettings { longest_s: 1.0, ..UtteranceSettings::default() };
    let events = events_of(settings, &samples, 512);
    let found = ended(&events);
    assert_eq!(found.iter().map(|utterance| utterance.cut).collect::<Vec<_>>(), [true, true, true, false]);
    let joined: Vec<f32> = found.iter().flat_map(|utterance| utterance.samples.clone()).collect();
    let start = samples.windows(8).position(|window| window == &joined[..8]).unwrap();
    assert_eq!(&samples[start..start + joined.len()], joined);
}

#[test]
fn speech_at_the_very_start_and_the_very_end_counts() {
    let samples = sound(&[(0.8, 0.3), (1.0, 0.001), (0.8, 0.3)]);
    let events = events_of(UtteranceSettings::default(), &samples, 512);
    let found = ended(&events);
    assert_eq!(found.len(), 2, "{events:?}");
    assert!(near(found[0].span.start_s, 0.0) && near(found[1].span.end_s, 2.6), "{events:?}");
}

#[test]
fn the_floor_follows_a_fan_and_speech_stands_out_from_it() {
    // A fan that the detector takes for a voice, and someone who speaks 12 dB above it.
    let samples = sound(&[(1.0, 0.001), (12.0, 0.1), (1.0, 0.4), (3.0, 0.1)]);
    let mut machine = machine(UtteranceSettings::default());
    let mut events = Vec::new();
    machine.push(&samples[..samples_in(12.0)], &mut events);
    let floor_db = machine.floor_db().unwrap();
    assert!((-27.0..=-23.0).contains(&floor_db), "{floor_db}"); // uniform noise of 0.1 is -24.8 dB
    assert!(machine.live().is_none(), "the fan still counts as speech");
    events.clear();
    machine.push(&samples[samples_in(12.0)..], &mut events);
    let spans: Vec<Span> = ended(&events).iter().map(|utterance| utterance.span).collect();
    assert!(spans.len() == 1 && near(spans[0].start_s, 13.0) && near(spans[0].end_s, 14.0), "{spans:?}");
}

#[test]
fn silence_and_the_quietest_sounds_are_nothing() {
    assert!(events_of(UtteranceSettings::default(), &vec![0.0; 160_000], 160).is_empty());
    struct Always;
    impl VoiceDetector for Always {
        fn probability(&mut self, _: &[f32]) -> f32 {
            1.0
        }
        fn reset(&mut self) {}
    }
    let mut machine = Utterances::with_detector(UtteranceSettings::default(), Always);
    let mut events = Vec::new();
    machine.push(&sound(&[(5.0, 0.0005)]), &mut events);
    assert!(events.is_empty(), "{events:?}");
}

#[test]
fn a_key_says_when_to_listen() {
    let settings = UtteranceSettings { mode: Mode::PushToTalk, ..UtteranceSettings::default() };
    let mut machine = machine(settings);
    let mut events = Vec::new();
    machine.push(&sound(&[(1.0, 0.001), (1.0, 0.3), (1.0, 0.001)]), &mut events);
    assert!(events.is_empty(), "it listened without the key: {events:?}");
    machine.press(true);
    machine.push(&sound(&[(0.2, 0.001), (0.5, 0.3), (0.9, 0.001), (0.5, 0.3)]), &mut events);
    assert!(ended(&events).is_empty() && machine.live().is_some_and(|live| near(live.span.start_s, 3.2)));
    machine.press(false);
    machine.push(&sound(&[(1.0, 0.001)]), &mut events);
    let found = ended(&events);
    assert_eq!(found.len(), 1, "{events:?}");
    assert!(near(found[0].span.end_s, 5.1), "{:?}", found[0].span);
    events.clear();
    machine.press(true);
    machine.push(&sound(&[(0.5, 0.001)]), &mut events);
    machine.press(false);
    machine.push(&sound(&[(0.5, 0.001)]), &mut events);
    assert!(matches!(events.last(), Some(Event::Discarded(_))), "{events:?}");
}

#[test]
fn after_its_end_the_machine_begins_anew() {
    let samples = sound(&[(1.0, 0.001), (1.0, 0.3), (0.2, 0.001)]);
    let mut machine = machine(UtteranceSettings::default());
    let (mut first, mut second) = (Vec::new(), Vec::new());
    machine.push(&samples, &mut first);
    machine.finish(&mut first);
    machine.push(&samples, &mut second);
    machine.finish(&mut second);
    assert_eq!(first, second);
    assert!(matches!(first.last(), Some(Event::Ended(_))));
}
