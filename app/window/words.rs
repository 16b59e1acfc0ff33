//! The scene and the state of the cameras in the window's words.

use otherglass_generator::scene::{Abilities, Item, ItemKind, Scene};
use otherglass_speech::microphone::MicrophoneDescription;
use otherglass_vision::CameraDescription;

use super::model::{Banner, CameraChoice, Chip, ChipTarget, EarLook, Hearing};
use super::view::TEXT_BOX_NAME;
use crate::pipeline::{CameraState, EarsHealth, EarsState, ListenMode, Why};

/// The line for newcomers.
pub const HINT: &str = "Try:  give me a crown   ·   make it blue   ·   take me to an ice kingdom";
/// The same where it answers only to its phrase.
pub const WAKE_HINT: &str = "Say:  mirror, mirror, give me a crown";

/// The scene as chips: items in the order they came, then world and style.
pub fn chips(scene: &Scene, abilities: Option<&Abilities>) -> Vec<Chip> {
    let can = |test: &dyn Fn(&Abilities) -> bool| abilities.is_none_or(test);
    let mut chips: Vec<Chip> = scene
        .items
        .iter()
        .map(|item| Chip {
            target: ChipTarget::Item(item.id),
            label: item_words(item),
            dot: item.color.as_ref().map(|color| color.rgb),
            drawable: can(&|abilities| abilities.can_draw(&item.kind)),
        })
        .collect();
    chips.extend(scene.world.as_ref().map(|world| Chip {
        target: ChipTarget::World,
        label: without_article(&world.text).to_owned(),
        dot: None,
        drawable: can(&|abilities| abilities.can_show_world(world.theme)),
    }));
    chips.extend(scene.style.as_ref().map(|style| Chip {
        target: ChipTarget::Style,
        label: without_article(&style.text).to_owned(),
        dot: None,
        drawable: can(&|abilities| abilities.can_show_style(style.name)),
    }));
    chips
}

/// "an ice kingdom" is "ice kingdom" on a chip.
fn without_article(text: &str) -> &str {
    let without = ["an ", "a ", "the "].iter().find_map(|article| text.strip_prefix(article));
    without.filter(|rest| !rest.is_empty()).unwrap_or(text)
}

/// "sword, blue, bigger".
fn item_words(item: &Item) -> String {
    let noun = item.said.clone().unwrap_or_else(|| item.kind.words());
    let mut words = vec![if item.count > 1 { format!("{} × {noun}", item.count) } else { noun }];
    words.extend(item.color.as_ref().map(|color| color.name.clone()));
    let material = item.material.clone();
    words.extend(material.filter(|material| item.color.as_ref().is_none_or(|color| color.name != *material)));
    words.extend(size_word(item.size).map(str::to_owned));
    if item.place_spoken && item.place != item.kind.natural_place() && !matches!(item.kind, ItemKind::Other(_)) {
        words.push(item.place.as_str().replace('_', " "));
    }
    words.join(", ")
}

fn size_word(size: f32) -> Option<&'static str> {
    match size {
        size if size >= 2.9 => Some("enormous"),
        size if size >= 1.9 => Some("much bigger"),
        size if size > 1.05 => Some("bigger"),
        size if size <= 0.35 => Some("tiny"),
        size if size <= 0.55 => Some("much smaller"),
        size if size < 0.95 => Some("smaller"),
        _ => None,
    }
}

/// What is wrong with the camera or the engine, if anything.
pub fn banner(camera: &CameraState, fault: Option<&str>) -> Option<Banner> {
    if let Some(fault) = fault {
        return Some(Banner { text: format!("This is the plain mirror: {}.", sentence(fault)), short: "Plain mirror" });
    }
    match camera {
        CameraState::Opening | CameraState::Live { .. } => None,
        CameraState::StandIn(Why { absent: true, .. }) => Some(Banner {
            text: "No camera found. This is a demo visitor; plug a camera in and the mirror switches to it.".into(),
            short: "Demo visitor",
        }),
        CameraState::StandIn(why) => Some(Banner {
            text: format!("{}. A demo visitor stands in until then.", sentence(&why.words)),
            short: "Demo visitor",
        }),
        CameraState::Dark(why) => Some(Banner { text: format!("{}.", sentence(&why.words)), short: "No picture" }),
    }
}

/// The line for newcomers, as it fits.
#[must_use]
pub fn hint(ears: &EarsState) -> &'static str {
    let needs_phrase = ears.wake && !ears.awake && ears.mode == ListenMode::Open;
    if needs_phrase && ears.health == EarsHealth::Well { WAKE_HINT } else { HINT }
}

/// What keeps it from hearing, and what to do about it.
pub fn ears_banner(ears: &EarsState) -> Option<Banner> {
    let text = ears_words(ears);
    let short = match ears.health {
        EarsHealth::NoModel(_) => "No speech model",
        EarsHealth::NoMicrophone => "No microphone",
        EarsHealth::Muted { .. } => "Microphone is silent",
        EarsHealth::Lost(_) => "Microphone lost",
        EarsHealth::Waking | EarsHealth::Well | EarsHealth::Off | EarsHealth::Ended => return None,
    };
    Some(Banner { text, short })
}

fn ears_words(ears: &EarsState) -> String {
    match &ears.health {
        EarsHealth::Waking => "One moment, the ears are waking up.".into(),
        EarsHealth::Well => match ears.mode {
            ListenMode::PushToTalk => "It listens while the space bar is held.".into(),
            _ if ears.wake && !ears.awake => "It listens for “mirror, mirror”.".into(),
            _ => "It listens.".into(),
        },
        EarsHealth::Off => "The microphone is off.".into(),
        EarsHealth::NoModel(why) => format!("Type what you want; to be heard: {}.", why.trim_end_matches('.')),
        EarsHealth::NoMicrophone => {
            "No microphone found. Type what you want; plug one in and the mirror listens to it.".into()
        }
        EarsHealth::Muted { name } => {
            format!(
                "The microphone {name} sends nothing but silence; switch it on, at its own switch or in the sound settings."
            )
        }
        EarsHealth::Lost(why) => format!("{}. Typing works.", sentence(why)),
        EarsHealth::Ended => "The recording is over.".into(),
    }
}

/// The ears for the view.
#[must_use]
pub fn hearing(ears: &EarsState, microphones: Vec<CameraChoice>, chosen: Option<&str>) -> Hearing {
    let look = match ears.health {
        EarsHealth::Well => EarLook::Well,
        EarsHealth::Waking => EarLook::Waking,
        EarsHealth::Off | EarsHealth::Ended => EarLook::Off,
        EarsHealth::NoModel(_) | EarsHealth::NoMicrophone | EarsHealth::Muted { .. } | EarsHealth::Lost(_) => {
            EarLook::Fault
        }
    };
    let addressed = !ears.wake || ears.awake || ears.mode == ListenMode::PushToTalk;
    let begun = (ears.speaking && addressed).then(String::new);
    Hearing {
        look,
        mode: ears.mode,
        wake: ears.wake,
        awake: ears.awake,
        level: ears.level,
        speaking: ears.speaking,
        words: ears_words(ears),
        invitation: match (look, ears.mode) {
            (EarLook::Off | EarLook::Fault, _) => "Type what you want",
            (_, ListenMode::PushToTalk) => "Hold the space bar and speak, or type",
            _ if addressed => TEXT_BOX_NAME,
            _ => "Say “mirror, mirror”, or type",
        },
        partial: ears.partial.clone().or(begun),
        microphones,
        microphone: chosen.map(str::to_owned),
    }
}

/// The words that the program's own messages begin with. Whatever else begins one is a name, as of a file.
const OWN_WORDS: &[&str] = &[
    "a",
    "an",
    "another",
    "camera",
    "it",
    "microphone",
    "no",
    "none",
    "nothing",
    "reading",
    "that",
    "the",
    "there",
    "this",
    "weights",
];

/// With a capital, without a full stop; a name that begins it keeps its case.
fn sentence(words: &str) -> String {
    let trimmed = words.trim().trim_end_matches('.');
    let first = trimmed.split_whitespace().next().unwrap_or_default();
    if !OWN_WORDS.contains(&first) {
        return trimmed.to_owned();
    }
    let mut letters = trimmed.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

/// The camera picker's lines: "whichever there is", the cameras, and a clip that plays one.
pub fn camera_choices(cameras: &[CameraDescription], chosen: Option<&str>) -> Vec<CameraChoice> {
    choices("Whichever is there", cameras.iter().map(|camera| (camera.index.to_string(), camera.name.clone())), chosen)
}

/// The microphone picker's lines. Names, since the numbers change when one is plugged in.
pub fn microphone_choices(microphones: &[MicrophoneDescription], chosen: Option<&str>) -> Vec<CameraChoice> {
    let named = microphones.iter().map(|microphone| (microphone.name.clone(), microphone.name.clone()));
    choices("The system's choice", named, chosen)
}

fn choices(any: &str, named: impl Iterator<Item = (String, String)>, chosen: Option<&str>) -> Vec<CameraChoice> {
    let mut choices = vec![CameraChoice { value: None, label: any.into() }];
    choices.extend(named.map(|(value, label)| CameraChoice { value: Some(value), label }));
    if let Some(chosen) = chosen
        && !choices.iter().any(|choice| choice.value.as_deref() == Some(chosen))
    {
        let label = std::path::Path::new(chosen).file_name().map_or(chosen.into(), |name| name.to_string_lossy());
        choices.push(CameraChoice { value: Some(chosen.to_owned()), label: label.into_owned() });
    }
    choices
}

#[cfg(test)]
mod tests {
    use otherglass_generator::scene::Conversation;

    use super::*;

    fn labels(said: &[&str]) -> Vec<String> {
        let mut conversation = Conversation::new();
        for utterance in said {
            conversation.respond(utterance);
        }
        chips(conversation.scene(), None).into_iter().map(|chip| chip.label).collect()
    }

    #[test]
    fn chips_say_what_and_how() {
        assert_eq!(labels(&["I want to hold a sword", "make it bigger, make it blue"]), ["sword, blue, bigger"]);
        assert_eq!(labels(&["give me a crown", "take me to an ice kingdom"]), ["crown", "ice kingdom"]);
    }

    #[test]
    fn sizes_have_words_on_both_sides_of_natural() {
        assert_eq!(size_word(1.0), None);
        assert_eq!(
            (size_word(1.5), size_word(2.25), size_word(4.0)),
            (Some("bigger"), Some("much bigger"), Some("enormous"))
        );
        assert_eq!(
            (size_word(0.67), size_word(0.44), size_word(0.25)),
            (Some("smaller"), Some("much smaller"), Some("tiny"))
        );
    }

    #[test]
    fn an_absent_camera_is_told_apart_from_a_failing_one() {
        let absent = CameraState::StandIn(Why { words: "no camera found; plug one in".into(), absent: true });
        assert!(banner(&absent, None).is_some_and(|banner| banner.text.starts_with("No camera found.")));
        let busy = CameraState::StandIn(Why { words: "camera 0: in use".into(), absent: false });
        assert!(banner(&busy, None).is_some_and(|banner| banner.text.starts_with("Camera 0: in use. A demo")));
        assert_eq!(banner(&CameraState::Opening, None), None);
        assert!(
            banner(&absent, Some("weights are damaged"))
                .is_some_and(|banner| banner.text.contains("Weights are damaged"))
        );
    }

    #[test]
    fn the_ears_say_what_to_do_and_what_they_wait_for() {
        let ears = |health, mode, wake, awake| EarsState { health, mode, wake, awake, ..EarsState::default() };
        let no_model = ears(EarsHealth::NoModel("there is no model; get one".into()), ListenMode::Open, false, false);
        assert!(ears_banner(&no_model).is_some_and(|banner| banner.text.contains("get one")));
        assert_eq!(hearing(&no_model, vec![], None).invitation, "Type what you want");
        let well = ears(EarsHealth::Well, ListenMode::Open, false, false);
        assert_eq!(ears_banner(&well), None);
        assert_eq!((hearing(&well, vec![], None).invitation, hint(&well)), (TEXT_BOX_NAME, HINT));
        let asleep = EarsState { speaking: true, ..ears(EarsHealth::Well, ListenMode::Open, true, false) };
        assert!(hearing(&asleep, vec![], None).invitation.contains("mirror, mirror") && hint(&asleep) == WAKE_HINT);
        assert_eq!(hearing(&asleep, vec![], None).partial, None);
        let spoken_to = EarsState { awake: true, ..asleep };
        assert_eq!(hearing(&spoken_to, vec![], None).partial.as_deref(), Some(""));
        let held = ears(EarsHealth::Well, ListenMode::PushToTalk, true, false);
        assert!(hearing(&held, vec![], None).invitation.contains("space bar"));
        let muted = ears(EarsHealth::Muted { name: "USB".into() }, ListenMode::Open, false, false);
        assert!(ears_banner(&muted).is_some_and(|banner| banner.text.contains("USB")));
        let off = ears(EarsHealth::Off, ListenMode::Off, false, false);
        assert!(ears_banner(&off).is_none() && hearing(&off, vec![], None).look == EarLook::Off);
    }

    #[test]
    fn names_of_files_keep_their_case() {
        for words in ["in/gone.mp4: no such file", "nosuch.wav can't be read", "clip: no such file", "./a b.mp4: gone"]
        {
            assert_eq!(sentence(words), words);
        }
        assert_eq!(sentence("no camera found."), "No camera found");
        assert_eq!(sentence("camera 0: in use"), "Camera 0: in use");
    }

    #[test]
    fn a_clip_that_plays_the_camera_is_in_the_picker() {
        let choices = camera_choices(&[], Some("clips/yes.mkv"));
        assert_eq!(choices.len(), 2);
        assert_eq!((choices[1].value.as_deref(), choices[1].label.as_str()), (Some("clips/yes.mkv"), "yes.mkv"));
    }
}
