//! The window without a display: clicks and keys with the real threads behind it, and pictures of its states.
//!
//! The pictures lie in tests/snapshots; `UPDATE_SNAPSHOTS=1 cargo test --test window` makes them anew.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "what is skipped is told to whoever runs the tests")]

mod common;

use std::path::PathBuf;
use std::time::{Duration, Instant};

use common::write_footage;
use egui::{Key, Modifiers, vec2};
use egui_kittest::kittest::{NodeT, Queryable};
use egui_kittest::{Harness, SnapshotOptions, SnapshotResults};
use otherglass::assets::Assets;
use otherglass::cli::MirrorArgs;
use otherglass::config::Config;
use otherglass::interrupt::Interrupt;
use otherglass::pipeline::{CameraState, CameraWish, EarsHealth, EarsState, ListenMode, Why};
use otherglass::settings::MirrorSettings;
use otherglass::window::app::MirrorApp;
use otherglass::window::model::{Caption, Chip, ChipTarget, Figures, Picture, Tone, ViewModel, ViewState};
use otherglass::window::{theme, view, words};
use otherglass_generator::render::Engine;
use tempfile::TempDir;

/// The real application, looking through a picture, with the plain engine.
struct Window {
    harness: Harness<'static, Option<MirrorApp>>,
    pictures: PathBuf,
    _folder: TempDir,
}

impl Window {
    fn open() -> Self {
        Self::open_with(|_| {})
    }

    fn open_with(change: impl FnOnce(&mut MirrorSettings)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let camera = folder.path().join("me.png");
        write_footage(&camera, 160, 120, 1);
        let pictures = folder.path().join("pictures");
        let flags = MirrorArgs {
            camera: Some(camera.to_str().unwrap().to_owned()),
            engine: Some(Engine::Passthrough),
            no_microphone: true,
            ..MirrorArgs::default()
        };
        let mut settings = MirrorSettings::resolve(flags, Config { pictures: pictures.clone(), ..Config::default() });
        change(&mut settings);
        let assets = Assets::find(Some(folder.path())).unwrap();
        let harness = Harness::builder().with_size(vec2(1000.0, 625.0)).with_max_steps(4).build_ui_state(
            move |ui, app: &mut Option<MirrorApp>| {
                let app = app.get_or_insert_with(|| {
                    MirrorApp::start(ui.ctx(), settings.clone(), &assets, Interrupt::default()).unwrap()
                });
                app.show(ui);
            },
            None,
        );
        Self { harness, pictures, _folder: folder }
    }

    /// Steps the window until something holds.
    fn until(&mut self, what: &str, holds: impl Fn(&Harness<'static, Option<MirrorApp>>) -> bool) {
        let deadline = Instant::now() + Duration::from_secs(30);
        while !holds(&self.harness) {
            assert!(Instant::now() < deadline, "waited half a minute until {what}");
            self.harness.run_steps(1);
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    fn type_and_enter(&mut self, text: &str) {
        self.harness.event(egui::Event::Text(text.to_owned()));
        self.harness.run_steps(1);
        self.harness.key_press(Key::Enter);
        self.harness.run_steps(1);
    }

    fn has(&self, label: &str) -> bool {
        has(&self.harness, label)
    }
}

fn has(harness: &Harness<'static, Option<MirrorApp>>, label: &str) -> bool {
    harness.query_by_label(label).is_some()
}

#[test]
fn typing_an_utterance_adds_a_chip_and_its_x_removes_it() {
    let mut window = Window::open();
    assert!(!window.has("crown"));
    window.type_and_enter("give me a crown");
    window.until("the crown's chip is there", |harness| has(harness, "crown"));
    window.harness.get_by_label("Remove crown").click();
    window.until("the crown's chip is gone", |harness| !has(harness, "crown"));
}

#[test]
fn undo_takes_back_by_key_and_by_button() {
    let mut window = Window::open();
    window.type_and_enter("give me a sword");
    window.until("the sword's chip is there", |harness| has(harness, "sword"));
    window.harness.key_press_modifiers(Modifiers::COMMAND, Key::Z);
    window.until("the sword's chip is gone", |harness| !has(harness, "sword"));
    window.type_and_enter("give me a cape");
    window.until("the cape's chip is there", |harness| has(harness, "cape"));
    window.harness.get_by_label("Undo").click();
    window.until("the cape's chip is gone", |harness| !has(harness, "cape"));
}

#[test]
fn the_question_mark_opens_and_closes_the_card() {
    let mut window = Window::open();
    let card =
        |harness: &Harness<'static, Option<MirrorApp>>| harness.query_by_role(egui::accesskit::Role::Dialog).is_some();
    assert!(!card(&window.harness));
    window.harness.event(egui::Event::Text("?".into()));
    window.until("the card is open", card);
    window.harness.key_press(Key::Escape);
    window.until("the card is closed", |harness| !card(harness));
    // In a text, a question mark is one.
    window.harness.event(egui::Event::Text("why".into()));
    window.harness.run_steps(1);
    window.harness.event(egui::Event::Text("?".into()));
    window.harness.run_steps(2);
    assert!(!card(&window.harness));
    assert_eq!(window.harness.get_by_label(view::TEXT_BOX_NAME).value().as_deref(), Some("why?"));
}

#[test]
fn a_slash_goes_to_the_text_box_and_is_not_typed() {
    let mut window = Window::open();
    window.harness.event(egui::Event::Text("/".into()));
    window.harness.run_steps(2);
    let text_box = window.harness.get_by_label(view::TEXT_BOX_NAME);
    assert!(text_box.is_focused());
    assert_eq!(text_box.value().unwrap_or_default(), "");
}

#[test]
fn the_up_arrow_brings_back_what_was_said() {
    let mut window = Window::open();
    window.type_and_enter("give me a crown");
    window.until("the crown's chip is there", |harness| has(harness, "crown"));
    window.harness.key_press(Key::ArrowUp);
    window.harness.run_steps(2);
    assert_eq!(window.harness.get_by_label(view::TEXT_BOX_NAME).value().as_deref(), Some("give me a crown"));
}

#[test]
fn the_picture_button_saves_a_picture() {
    let mut window = Window::open();
    let pictures = window.pictures.clone();
    let saved = move || {
        std::fs::read_dir(&pictures).is_ok_and(|mut entries| {
            entries.any(|entry| entry.is_ok_and(|entry| entry.path().extension().is_some_and(|ending| ending == "png")))
        })
    };
    window.until("the mirror shows something", |harness| {
        harness.query_by_label("Take a picture").is_some_and(|button| !button.accesskit_node().is_disabled())
    });
    window.harness.get_by_label("Take a picture").click();
    window.until("a picture is saved", |_| saved());
    window.until("its path is told", |harness| harness.query_by_label_contains("Saved").is_some());
}

#[test]
fn what_is_said_aloud_can_take_a_picture_too() {
    let mut window = Window::open();
    window.until("the mirror shows something", |harness| {
        harness.query_by_label("Take a picture").is_some_and(|button| !button.accesskit_node().is_disabled())
    });
    window.type_and_enter("take a picture");
    window.until("its path is told", |harness| harness.query_by_label_contains("Saved").is_some());
}

#[test]
fn a_kiosk_shows_no_buttons_and_starts_afresh_when_quiet() {
    let mut window = Window::open_with(|settings| {
        settings.kiosk = true;
        settings.reset_after = Duration::from_secs(50); // of the window's time, a quarter second a step
    });
    window.type_and_enter("give me a crown");
    window.until("the crown's chip is there", |harness| has(harness, "crown"));
    for absent in ["Undo", "Take a picture", "Full screen", "Remove crown"] {
        assert!(!window.has(absent), "{absent} is offered in a kiosk");
    }
    window.until("the scene is empty again", |harness| !has(harness, "crown"));
}

#[test]
fn a_missing_camera_is_told_calmly() {
    if std::path::Path::new("/dev/video0").exists() {
        eprintln!("skipped: this machine has a camera, so its absence can't be shown");
        return;
    }
    let mut window = Window::open_with(|settings| {
        settings.camera = None;
        settings.wish = CameraWish::first();
    });
    window.until("the banner is there", |harness| harness.query_by_label_contains("o camera found").is_some());
}

#[test]
fn the_space_bar_talks_where_nobody_types() {
    let mut window = Window::open_with(|settings| settings.hearing.mode = ListenMode::Off);
    window.harness.get_by_label("Microphone").click();
    window.until("the choice is open", |harness| has(harness, "While the space bar is held"));
    window.harness.get_by_label("While the space bar is held").click();
    window.until("the choice is closed", |harness| !has(harness, "While the space bar is held"));
    let talking =
        |harness: &Harness<'static, Option<MirrorApp>>| harness.state().as_ref().is_some_and(MirrorApp::is_talking);
    window.until("the mode has changed", |harness| {
        harness.state().as_ref().is_some_and(|app| app.listen_mode() == Some(ListenMode::PushToTalk))
    });
    // Off and on again is as it was.
    for mode in [ListenMode::Off, ListenMode::PushToTalk] {
        window.harness.key_press_modifiers(egui::Modifiers::COMMAND, Key::M);
        window.until("the mode has changed", |harness| {
            harness.state().as_ref().is_some_and(|app| app.listen_mode() == Some(mode))
        });
    }
    window.harness.key_down(Key::Space);
    window.harness.event(egui::Event::Text(" ".into()));
    window.until("it talks", talking);
    window.harness.key_up(Key::Space);
    window.until("it is silent", |harness| !talking(harness));
    assert_eq!(window.harness.get_by_label(view::TEXT_BOX_NAME).value().unwrap_or_default(), "");
    // In a text a space is one.
    window.harness.event(egui::Event::Text("a".into()));
    window.harness.run_steps(1);
    window.harness.key_down(Key::Space);
    window.harness.event(egui::Event::Text(" ".into()));
    window.harness.run_steps(2);
    assert!(!talking(&window.harness));
    assert_eq!(window.harness.get_by_label(view::TEXT_BOX_NAME).value().as_deref(), Some("a "));
}

#[test]
fn without_a_model_it_says_how_to_be_heard_and_typing_works() {
    let mut window = Window::open_with(|settings| {
        settings.hearing.mode = ListenMode::Open;
        settings.hearing.speech.model = Some("/no/such/model.bin".into());
        settings.hearing.microphone = Some("/no/such/voice.wav".into());
    });
    window.until("it says so", |harness| harness.query_by_label_contains("to be heard").is_some());
    window.type_and_enter("give me a crown");
    window.until("the crown's chip is there", |harness| has(harness, "crown"));
}

// ---- pictures of states ------------------------------------------------------------------------------------------

const SIZE: [f32; 2] = [800.0, 500.0];

fn model(picture: Option<Picture>) -> ViewModel {
    let chip = |target, label: &str, dot, drawable| Chip { target, label: label.into(), dot, drawable };
    ViewModel {
        picture,
        mirrored: true,
        chips: vec![
            chip(ChipTarget::Item(1), "sword, blue, bigger", Some([30, 60, 255]), true),
            chip(ChipTarget::Item(2), "toaster", None, false),
            chip(ChipTarget::World, "ice kingdom", None, true),
        ],
        can_undo: true,
        caption: Some(Caption {
            heard: "make it bigger, make it blue".into(),
            reply: "The sword is bigger and blue.".into(),
            tone: Tone::Good,
            shown_at_s: 0.0,
        }),
        hint: Some(words::HINT.into()),
        hearing: words::hearing(&EarsState { health: EarsHealth::Well, ..EarsState::default() }, vec![], None),
        figures: Figures {
            engine: "house".into(),
            source: "demo visitor".into(),
            width: 640,
            height: 480,
            mirror_fps: 24.3,
            latency: Duration::from_millis(61),
            render: Duration::from_millis(38),
            stages: vec![("sense".into(), Duration::from_millis(20)), ("paint".into(), Duration::from_millis(15))],
            captured: 400,
            dropped_before_drawing: 12,
            dropped_before_display: 1,
        },
        ..ViewModel::default()
    }
}

/// Shows one state of the window before a soft gradient.
fn show(change: impl Fn(&mut ViewModel, &mut ViewState)) -> Harness<'static, ViewState> {
    let mut state = ViewState::default();
    let mut shown = model(None);
    change(&mut shown, &mut state);
    let mut texture = None;
    let mut harness = Harness::builder().with_size(SIZE).wgpu().with_max_steps(4).build_ui_state(
        move |ui, state: &mut ViewState| {
            let texture = texture.get_or_insert_with(|| {
                theme::apply(ui.ctx());
                let pixels: Vec<u8> = (0..64 * 48)
                    .flat_map(|i| [60 + i % 64, 90, 150 - (i / 64) as u8 as usize].map(|v| v as u8))
                    .collect();
                ui.ctx().load_texture(
                    "gradient",
                    egui::ColorImage::from_rgb([64, 48], &pixels),
                    egui::TextureOptions::LINEAR,
                )
            });
            let picture = Picture { texture: texture.id(), backdrop: texture.id(), width: 640.0, height: 480.0 };
            view::show(ui, &ViewModel { picture: Some(picture), ..shown.clone() }, state);
        },
        state,
    );
    harness.run_steps(3);
    harness
}

/// Font rendering may differ by a shade between graphics drivers; a missing word is hundreds of pixels.
fn tolerance() -> SnapshotOptions {
    SnapshotOptions::new().threshold(1.0).max_failed_pixels(MOST_DIFFERENT)
}

const MOST_DIFFERENT: usize = 60;

#[test]
fn the_states_look_as_they_did() {
    let mut results = SnapshotResults::new();
    let mut look = |name: &str, mut window: Harness<'static, ViewState>| {
        window.snapshot_options(name, &tolerance());
        results.extend_harness(&mut window);
    };
    look("chips_and_caption", show(|_, _| {}));
    let newcomer = show(|model, _| {
        *model = ViewModel { hint: model.hint.take(), mirrored: true, ..ViewModel::default() };
        let camera = CameraState::StandIn(Why { words: "no camera found".into(), absent: true });
        model.banners.extend(words::banner(&camera, None));
        let ears = EarsState { health: EarsHealth::Well, ..EarsState::default() };
        model.hearing = words::hearing(&ears, vec![], None);
    });
    look("newcomer_without_camera", newcomer);
    let listening = show(|model, _| {
        let partial = Some("make it an elsa themed".to_owned());
        let ears = EarsState { health: EarsHealth::Well, level: 0.7, speaking: true, partial, ..EarsState::default() };
        model.hearing = words::hearing(&ears, vec![], None);
    });
    look("being_spoken_to", listening);
    let kiosk = show(|model, _| {
        *model = ViewModel { kiosk: true, mirrored: true, ..ViewModel::default() };
        let ears = EarsState { health: EarsHealth::Well, level: 0.3, wake: true, ..EarsState::default() };
        model.hearing = words::hearing(&ears, vec![], None);
        model.hint = Some(words::hint(&ears).into());
    });
    look("kiosk_asleep", kiosk);
    let deaf = show(|model, _| {
        let health = EarsHealth::NoModel("there is no speech model in ~/.cache/otherglass/models; get one (148 MB, MIT): otherglass models fetch base".into());
        let ears = EarsState { health, ..EarsState::default() };
        model.hearing = words::hearing(&ears, vec![], None);
        let camera = CameraState::StandIn(Why { words: "no camera found".into(), absent: true });
        model.banners.extend(words::banner(&camera, None).into_iter().chain(words::ears_banner(&ears)));
        model.chips.clear();
    });
    look("nothing_to_see_or_hear_with", deaf);
    look("keys_and_figures", show(|_, state| state.help_open = true));
}

#[test]
fn the_comparison_of_pictures_notices_one_missing_chip() {
    let mut all = show(|_, _| {});
    let mut without = show(|model, _| {
        model.chips.remove(1);
    });
    let (all, without) = (all.render().unwrap(), without.render().unwrap());
    let different = all
        .pixels()
        .zip(without.pixels())
        .filter(|(a, b)| a.0.iter().zip(b.0).any(|(a, b)| a.abs_diff(b) > 24))
        .count();
    assert!(different > 5 * MOST_DIFFERENT, "only {different} pixels differ");
}
