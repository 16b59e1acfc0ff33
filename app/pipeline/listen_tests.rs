//! The ears without sound hardware: a file plays the microphone, and a recogniser follows a script.

use std::sync::atomic::AtomicU64;

use otherglass_generator::scene::Scene;
use otherglass_speech::sound;
use otherglass_speech::whisper::Said;

use super::super::slot::Slot;
use super::super::talk::Talk;
use super::super::testing::until;
use super::*;

/// Says one line after another; a partial is the same line without its end.
struct Script {
    lines: Vec<&'static str>,
    utterance: usize,
    longest: usize,
}

impl Recognise for Script {
    fn recognise(&mut self, samples: &[f32]) -> Result<Option<Said>, SpeechError> {
        if samples.len() < self.longest {
            self.utterance += 1; // a new one has begun
        }
        self.longest = samples.len();
        let text = self.lines.get(self.utterance).copied().unwrap_or_default();
        Ok((!text.is_empty()).then(|| Said { text: text.into(), language: None }))
    }

    fn call_off(&self) -> Arc<AtomicBool> {
        Arc::default()
    }

    fn name(&self) -> String {
        "script".into()
    }
}

/// Two sentences and a pause; says why the test is skipped without a voice to speak them.
fn recording(folder: &Path) -> Option<PathBuf> {
    let mut samples = vec![0.0; 16_000];
    for text in ["I would very much like to hold a large sword", "crown"] {
        let spoken = folder.join("spoken.wav");
        let made = std::process::Command::new("espeak-ng").arg("-w").arg(&spoken).arg(text).output();
        if !made.is_ok_and(|output| output.status.success()) {
            eprintln!("skipped: no espeak-ng to synthesise speech with (apt-get install espeak-ng)");
            return None;
        }
        samples.extend(sound::read_all(&spoken).unwrap());
        samples.resize(samples.len() + 16_000, 0.0);
    }
    let file = folder.join("said.wav");
    sound::write(&file, &samples).unwrap();
    Some(file)
}

struct Stage {
    ears: Ears,
    talk: Talk,
    _scenes: Arc<Slot<Scene>>,
}

fn model() -> ChosenModel {
    ChosenModel { path: PathBuf::new(), prompt: false }
}

fn stage(file: &Path, lines: &[&'static str], change: impl FnOnce(&mut EarsSettings)) -> Stage {
    let scenes = Arc::new(Slot::new());
    let talk = Talk::start(Arc::clone(&scenes), Arc::new(|| {})).unwrap();
    let lines = lines.to_vec();
    let load_model: LoadModel =
        Arc::new(move |_| Ok(Box::new(Script { lines: lines.clone(), utterance: 0, longest: 0 })));
    let find_model: FindModel = Arc::new(|| Ok(model()));
    let wish = MicrophoneWish::File(file.to_owned());
    let listener = ListenerSettings { retry_every: Duration::from_millis(100), ..ListenerSettings::default() };
    let look_every = Duration::from_millis(60);
    let mut settings =
        EarsSettings { wish, mode: ListenMode::Open, wake: false, find_model, load_model, listener, look_every };
    change(&mut settings);
    let ears = Ears::start(settings, talk.line(), Arc::new(|| {})).unwrap();
    Stage { ears, talk, _scenes: scenes }
}

fn kinds(talk: &Talk) -> Vec<String> {
    talk.state().scene.items.iter().map(|item| item.kind.words()).collect()
}

#[test]
fn finals_change_the_scene_and_partials_only_show() {
    let folder = tempfile::tempdir().unwrap();
    let Some(file) = recording(folder.path()) else { return };
    let stage = stage(&file, &["give me a sword", "give me a crown"], |_| {});
    until("something is being said", || {
        let state = stage.ears.state();
        assert!(state.heard > 0 || kinds(&stage.talk).is_empty(), "a partial changed the scene");
        state.speaking && state.partial.as_deref() == Some("give me a sword")
    });
    until("the sword is there", || kinds(&stage.talk) == ["sword"]);
    assert_eq!(stage.ears.state().partial, None, "a partial stayed after its final");
    until("the crown is there", || kinds(&stage.talk) == ["sword", "crown"]);
    until("the recording is over", || stage.ears.state().health == EarsHealth::Ended);
    let state = stage.ears.state();
    assert_eq!((state.heard, state.partial, state.speaking), (2, None, false));
    assert_eq!(stage.ears.stop_and_join(), Joined::Ended);
    assert_eq!(stage.talk.stop_and_join(), Joined::Ended);
}

#[test]
fn what_is_refused_leaves_no_partial_behind() {
    let folder = tempfile::tempdir().unwrap();
    let Some(file) = recording(folder.path()) else { return };
    let stage = stage(&file, &["", ""], |_| {});
    until("the recording is over", || stage.ears.state().health == EarsHealth::Ended);
    until("nothing is shown", || stage.ears.state().partial.is_none());
    assert_eq!(stage.ears.state().heard, 0);
    assert!(kinds(&stage.talk).is_empty());
}

#[test]
fn with_the_phrase_only_what_is_said_to_it_counts() {
    let folder = tempfile::tempdir().unwrap();
    let Some(file) = recording(folder.path()) else { return };
    let asleep = stage(&file, &["give me a sword", "Mirror, mirror: give me a crown"], |settings| settings.wake = true);
    until("the crown is there", || {
        assert!(asleep.ears.state().partial.is_none_or(|partial| !partial.contains("sword")));
        kinds(&asleep.talk) == ["crown"]
    });
    let called = stage(&file, &["Mirror, mirror!", "give me a crown"], |settings| settings.wake = true);
    until("it was called", || called.ears.state().calls == 1);
    assert!(called.ears.state().awake);
    until("the crown is there", || kinds(&called.talk) == ["crown"]);
    assert_eq!(called.ears.state().heard, 1, "its name was taken for a wish");
    called.ears.sleep();
    until("it sleeps", || !called.ears.state().awake);
}

#[test]
fn it_waits_for_a_model_and_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let Some(file) = recording(folder.path()) else { return };
    let asked = Arc::new(AtomicU64::new(0));
    let counted = Arc::clone(&asked);
    let stage = stage(&file, &["give me a sword"], |settings| {
        settings.find_model = Arc::new(move || match counted.fetch_add(1, Ordering::SeqCst) {
            0 | 1 => anyhow::bail!("there is no speech model; get one"),
            _ => Ok(model()),
        });
    });
    until(
        "it misses a model",
        || matches!(stage.ears.state().health, EarsHealth::NoModel(why) if why.contains("get one")),
    );
    assert!(stage.talk.say("give me a cape"), "typing does not work meanwhile");
    until("the sword is there", || kinds(&stage.talk).contains(&"sword".to_owned()));
    assert_eq!(asked.load(Ordering::SeqCst), 3);
}

#[test]
fn a_model_that_cannot_be_loaded_is_told_and_tried_again_when_it_is_another() {
    let folder = tempfile::tempdir().unwrap();
    let Some(file) = recording(folder.path()) else { return };
    let model_file = folder.path().join("model.bin");
    let tried = Arc::new(AtomicU64::new(0));
    let (counted, looked_at) = (Arc::clone(&tried), model_file.clone());
    let stage = stage(&file, &["give me a sword"], |settings| {
        let script = Arc::clone(&settings.load_model);
        let chosen = ChosenModel { path: model_file.clone(), prompt: false };
        settings.find_model = Arc::new(move || Ok(chosen.clone()));
        settings.load_model = Arc::new(move |model| {
            counted.fetch_add(1, Ordering::SeqCst);
            if looked_at.is_file() { script(model) } else { Err(SpeechError::UnknownLanguage("no file".into())) }
        });
    });
    until(
        "it says what is wrong",
        || matches!(stage.ears.state().health, EarsHealth::NoModel(why) if why.contains("no file")),
    );
    std::thread::sleep(Duration::from_millis(300));
    assert_eq!(tried.load(Ordering::SeqCst), 1, "the same file was loaded again and again");
    stage.ears.set_mode(ListenMode::Off);
    until("it is off", || stage.ears.state().health == EarsHealth::Off);
    stage.ears.set_mode(ListenMode::Open);
    std::fs::write(&model_file, "now it is there").unwrap();
    until("the sword is there", || kinds(&stage.talk) == ["sword"]);
}

#[test]
fn after_a_recording_something_else_can_be_listened_to() {
    let folder = tempfile::tempdir().unwrap();
    let Some(file) = recording(folder.path()) else { return };
    let stage = stage(&file, &["give me a sword", "give me a crown"], |_| {});
    until("the recording is over", || stage.ears.state().health == EarsHealth::Ended);
    stage.ears.listen_to(MicrophoneWish::File(file));
    until("it listens again", || stage.ears.state().health == EarsHealth::Well);
    until("it is heard again", || stage.ears.state().heard == 4);
}

#[test]
fn a_request_before_its_name_counts() {
    let folder = tempfile::tempdir().unwrap();
    let Some(file) = recording(folder.path()) else { return };
    let stage = stage(&file, &["give me a crown, mirror mirror", "Mirror, mirror: give me a cape"], |_| {});
    until("both are there", || kinds(&stage.talk) == ["crown", "cape"]);
    assert_eq!(stage.ears.state().calls, 0);
}

#[test]
fn off_is_closed_and_can_be_switched_on() {
    let folder = tempfile::tempdir().unwrap();
    let Some(file) = recording(folder.path()) else { return };
    let looked = Arc::new(AtomicBool::new(false));
    let seen = Arc::clone(&looked);
    let stage = stage(&file, &["give me a sword"], |settings| {
        settings.mode = ListenMode::Off;
        settings.find_model = Arc::new(move || {
            seen.store(true, Ordering::SeqCst);
            Ok(model())
        });
    });
    until("it is off", || stage.ears.state().health == EarsHealth::Off);
    std::thread::sleep(Duration::from_millis(200));
    assert!(!looked.load(Ordering::SeqCst), "a model was looked for though nobody wants to be heard");
    stage.ears.set_mode(ListenMode::Open);
    until("it listens", || stage.ears.state().health == EarsHealth::Well);
    stage.ears.set_mode(ListenMode::Off);
    until("it is off again", || stage.ears.state().health == EarsHealth::Off);
    assert_eq!(stage.ears.state().partial, None);
}

#[test]
fn push_to_talk_hears_only_while_the_key_is_held() {
    let folder = tempfile::tempdir().unwrap();
    let Some(file) = recording(folder.path()) else { return };
    let stage = stage(&file, &["give me a crown"], |settings| {
        settings.mode = ListenMode::PushToTalk;
        settings.wake = true; // who holds the key is speaking to it
    });
    until("it listens", || stage.ears.state().health == EarsHealth::Well);
    std::thread::sleep(Duration::from_millis(1_500));
    assert!(!stage.ears.state().speaking && kinds(&stage.talk).is_empty());
    stage.ears.press(true);
    until("it hears", || stage.ears.state().speaking);
    std::thread::sleep(Duration::from_millis(900));
    stage.ears.press(false);
    until("the crown is there", || kinds(&stage.talk) == ["crown"]);
}

#[test]
fn a_wish_is_a_file_a_number_or_a_name() {
    assert_eq!(MicrophoneWish::parse("talk.WAV"), MicrophoneWish::File("talk.WAV".into()));
    assert_eq!(MicrophoneWish::parse("2"), MicrophoneWish::Microphone(MicrophoneSelector::Index(2)));
    assert_eq!(MicrophoneWish::parse("usb"), MicrophoneWish::Microphone(MicrophoneSelector::Name("usb".into())));
}
