//! The window's life: what the threads report becomes the view, and what the view asks for goes to the threads.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, sync_channel};
use std::time::{Duration, Instant};

use anyhow::Result;
use egui::{CursorIcon, ViewportCommand};
use otherglass_generator::render::{RendererOptions, open};
use otherglass_generator::scene::Edit;
use otherglass_vision::{Frame, VisionError};

use super::meters::{Rate, Typical};
use super::model::{Action, Caption, ChipTarget, Figures, Toast, Tone, ViewModel, ViewState};
use super::paint::MirrorTextures;
use super::pictures::{PictureSaver, write_png};
use super::{theme, view, words};
use crate::answer::Answer;
use crate::assets::Assets;
use crate::interrupt::Interrupt;
use crate::models::SpeechModels;
use crate::pipeline::{
    CameraSettings, CameraState, CameraWish, DrawState, EarsSettings, FindModel, ListenMode, Mirror, OpenRenderer,
    Shown,
};
use crate::settings::{HearingSettings, MirrorSettings};

/// The window's application.
pub struct MirrorApp {
    settings: MirrorSettings,
    interrupt: Interrupt,
    /// `None` once it has been stopped.
    mirror: Option<Mirror>,
    textures: MirrorTextures,
    view: ViewState,
    last: Option<Shown>,
    caption: Option<Caption>,
    toast: Option<Toast>,
    fullscreen: bool,
    pictures: PictureSaver,
    rate: Rate,
    latency: Typical,
    /// How often it was called by its name alone, as far as it has answered.
    calls: u64,
    /// Window time of the last utterance or key, for the kiosk.
    spoken_at_s: f64,
    screenshot: Screenshot,
}

/// The hidden flag's progress.
enum Screenshot {
    None,
    Due { at_s: f64, path: PathBuf },
    Asked { path: PathBuf, image: Receiver<Arc<egui::ColorImage>> },
}

impl MirrorApp {
    /// Starts the threads behind the window.
    pub fn start(ctx: &egui::Context, settings: MirrorSettings, assets: &Assets, interrupt: Interrupt) -> Result<Self> {
        theme::apply(ctx);
        let (engine, options) =
            (settings.engine, RendererOptions { seed: settings.seed, ..RendererOptions::new(assets.folder()) });
        let open_renderer: OpenRenderer = Box::new(move || open(engine, &options));
        let repaint = ctx.clone();
        let camera = CameraSettings::new(&settings.wish, assets.demo_clip());
        let ears = ears(&settings.hearing, assets);
        let mirror = Mirror::start(camera, ears, open_renderer, Arc::new(move || repaint.request_repaint()))?;
        mirror.camera.list();
        for said in &settings.says {
            mirror.talk.say(said.clone());
        }
        let screenshot = match &settings.screenshot_after {
            Some(timed) => Screenshot::Due { at_s: timed.seconds, path: PathBuf::from(&timed.text) },
            None => Screenshot::None,
        };
        Ok(Self {
            interrupt,
            mirror: Some(mirror),
            textures: MirrorTextures::default(),
            view: ViewState::default(),
            last: None,
            caption: None,
            toast: None,
            fullscreen: settings.fullscreen,
            pictures: PictureSaver::new(settings.pictures.clone()),
            rate: Rate::default(),
            latency: Typical::default(),
            calls: 0,
            spoken_at_s: 0.0,
            screenshot,
            settings,
        })
    }

    /// Takes in what the threads have done since the last time; gives what the view needs.
    fn look(&mut self, ctx: &egui::Context, now_s: f64) -> ViewModel {
        let Some(mirror) = &mut self.mirror else { return ViewModel::default() };
        let draw = mirror.draw_state();
        let camera = mirror.camera.state();
        if let Some(shown) = mirror.take_shown() {
            self.textures.upload(ctx, &shown.frame);
            self.rate.count(Instant::now());
            self.latency.add(shown.provenance.captured_at.elapsed());
            self.last = Some(shown);
        }
        let answers = mirror.talk.take_answers();
        let talk = mirror.talk.state();
        let cameras = words::camera_choices(&mirror.camera.cameras(), self.settings.camera.as_deref());
        let ears = mirror.ears.state();
        let chosen = self.settings.hearing.microphone.as_deref();
        let microphones = words::microphone_choices(&mirror.ears.microphones(), chosen);
        let hearing = words::hearing(&ears, microphones, chosen);
        for answer in answers {
            self.hear(ctx, &answer, now_s);
        }
        if ears.calls != self.calls {
            self.calls = ears.calls;
            let (heard, reply) = ("Mirror, mirror".to_owned(), "Yes? What do you want to be?".to_owned());
            self.caption = Some(Caption { heard, reply, tone: Tone::Good, shown_at_s: now_s });
            self.spoken_at_s = now_s;
        }
        if hearing.partial.is_some() {
            self.spoken_at_s = now_s;
        }
        if let Some(saved) = self.pictures.take_saved() {
            let (text, tone, flash) = match saved {
                Ok(path) => (format!("Saved  {}", path.display()), Tone::Good, true),
                Err(error) => (error, Tone::Puzzled, false),
            };
            self.toast = Some(Toast { text, tone, flash, shown_at_s: now_s });
        }
        ViewModel {
            picture: self.textures.picture(),
            mirrored: self.settings.mirrored,
            kiosk: self.settings.kiosk,
            fullscreen: self.fullscreen,
            chips: words::chips(&talk.scene, draw.abilities.as_ref()),
            can_undo: talk.can_undo,
            caption: self.caption.clone(),
            toast: self.toast.clone(),
            banners: words::banner(&camera, draw.fault.as_deref())
                .into_iter()
                .chain(words::ears_banner(&ears))
                .collect(),
            hint: (!talk.ever_understood).then(|| words::hint(&ears).to_owned()),
            hearing,
            cameras,
            camera: self.settings.camera.clone(),
            figures: self.figures(&camera, &draw),
        }
    }

    fn hear(&mut self, ctx: &egui::Context, answer: &Answer, now_s: f64) {
        let tone = if answer.understood && answer.shown { Tone::Good } else { Tone::Puzzled };
        self.caption =
            Some(Caption { heard: answer.heard.clone(), reply: answer.text.clone(), tone, shown_at_s: now_s });
        self.spoken_at_s = now_s;
        for edit in &answer.for_program {
            match edit {
                Edit::TakePicture => self.take_picture(ctx, now_s),
                Edit::StartClip | Edit::StopClip => self.say_no_clips(now_s),
                _ => {}
            }
        }
    }

    fn say_no_clips(&mut self, now_s: f64) {
        let text = "I can take pictures, but not record clips: say \"take a picture\"".to_owned();
        self.toast = Some(Toast { text, tone: Tone::Puzzled, flash: false, shown_at_s: now_s });
    }

    fn take_picture(&mut self, ctx: &egui::Context, now_s: f64) {
        let Some(shown) = &self.last else { return };
        let ctx = ctx.clone();
        let started =
            self.pictures.save(Arc::clone(&shown.frame), self.settings.mirrored, move || ctx.request_repaint());
        if let Err(error) = started {
            let text = format!("The picture can't be saved: {error}");
            self.toast = Some(Toast { text, tone: Tone::Puzzled, flash: false, shown_at_s: now_s });
        }
    }

    fn figures(&mut self, camera: &CameraState, draw: &DrawState) -> Figures {
        let counts = self.mirror.as_ref().map(Mirror::counts).unwrap_or_default();
        let source = match camera {
            CameraState::Live { name, .. } => std::path::Path::new(name)
                .file_name()
                .map_or_else(|| name.clone(), |name| name.to_string_lossy().into_owned()),
            CameraState::StandIn(_) => "demo visitor".into(),
            CameraState::Opening | CameraState::Dark(_) => "no picture".into(),
        };
        let Some(Shown { frame, provenance }) = &self.last else { return Figures { source, ..Figures::default() } };
        let engine = if draw.fault.is_some() { "plain mirror".to_owned() } else { provenance.engine.to_owned() };
        Figures {
            engine,
            source,
            width: frame.width,
            height: frame.height,
            mirror_fps: self.rate.per_second(Instant::now()),
            latency: self.latency.median(),
            render: provenance.render_time,
            stages: provenance.stages.iter().map(|timing| (timing.stage.to_owned(), timing.time)).collect(),
            captured: counts.captured,
            dropped_before_drawing: counts.dropped_before_drawing,
            dropped_before_display: counts.dropped_before_display,
        }
    }

    fn act(&mut self, ctx: &egui::Context, action: Action, now_s: f64) {
        self.spoken_at_s = now_s;
        let Some(mirror) = &self.mirror else { return };
        match action {
            Action::Say(said) => {
                if !mirror.talk.say(said) {
                    let text = "One moment, I am still listening to what you said before".to_owned();
                    self.toast = Some(Toast { text, tone: Tone::Puzzled, flash: false, shown_at_s: now_s });
                }
            }
            Action::Remove(target) => {
                mirror.talk.edit(match target {
                    ChipTarget::Item(id) => Edit::Remove { id },
                    ChipTarget::World => Edit::ClearWorld,
                    ChipTarget::Style => Edit::ClearStyle,
                });
            }
            Action::Undo => {
                mirror.talk.edit(Edit::Undo);
            }
            Action::TakePicture => self.take_picture(ctx, now_s),
            Action::ListCameras => mirror.camera.list(),
            Action::SelectCamera(choice) => {
                let wish = choice.as_deref().map_or(CameraWish::first(), CameraWish::parse);
                mirror.camera.look_through(wish);
                self.settings.camera = choice;
            }
            Action::Press(pressed) => mirror.ears.press(pressed),
            Action::SetListening(mode) => {
                if mode != ListenMode::Off {
                    self.settings.hearing.live_mode = mode;
                }
                mirror.ears.set_mode(mode);
            }
            Action::ToggleListening => {
                let off = mirror.ears.state().mode == ListenMode::Off;
                mirror.ears.set_mode(if off { self.settings.hearing.live_mode } else { ListenMode::Off });
            }
            Action::SetWake(wake) => mirror.ears.set_wake(wake),
            Action::ListMicrophones => mirror.ears.list(),
            Action::SelectMicrophone(choice) => {
                self.settings.hearing.microphone = choice;
                mirror.ears.listen_to(self.settings.hearing.wish());
            }
            Action::SetFullscreen(full) => {
                self.fullscreen = full;
                ctx.send_viewport_cmd(ViewportCommand::Fullscreen(full));
            }
            Action::Quit => ctx.send_viewport_cmd(ViewportCommand::Close),
        }
    }

    /// A kiosk forgets its visitor after a quiet while.
    fn look_after_kiosk(&mut self, ctx: &egui::Context, now_s: f64) {
        if !self.settings.kiosk {
            return;
        }
        ctx.set_cursor_icon(CursorIcon::None);
        self.spoken_at_s = self.spoken_at_s.max(self.view.active_at_s);
        let reset_after_s = self.settings.reset_after.as_secs_f64();
        if now_s - self.spoken_at_s < reset_after_s {
            ctx.request_repaint_after(Duration::from_secs_f64(reset_after_s - (now_s - self.spoken_at_s)));
            return;
        }
        self.spoken_at_s = now_s;
        self.caption = None;
        self.toast = None;
        self.view = ViewState { active_at_s: self.view.active_at_s, ..ViewState::default() };
        if let Some(mirror) = &self.mirror {
            mirror.talk.start_over();
            mirror.ears.sleep();
        }
    }

    fn look_after_screenshot(&mut self, ctx: &egui::Context, now_s: f64) {
        match std::mem::replace(&mut self.screenshot, Screenshot::None) {
            Screenshot::None => {}
            Screenshot::Due { at_s, path } if now_s < at_s => {
                ctx.request_repaint_after(Duration::from_secs_f64(at_s - now_s));
                self.screenshot = Screenshot::Due { at_s, path };
            }
            Screenshot::Due { path, .. } => {
                let (sender, image) = sync_channel(1);
                let again = ctx.clone();
                ctx.request_screenshot(move |picture| {
                    // The receiver outlives the window's loop; a full channel can't be, there is one picture.
                    let _told = sender.try_send(picture);
                    again.request_repaint();
                });
                self.screenshot = Screenshot::Asked { path, image };
            }
            Screenshot::Asked { path, image } => match image.try_recv() {
                Ok(picture) => {
                    let rgb: Vec<u8> =
                        picture.pixels.iter().flat_map(|pixel| [pixel.r(), pixel.g(), pixel.b()]).collect();
                    let [width, height] = picture.size.map(|side| u32::try_from(side).unwrap_or(0));
                    let frame = Frame::rgb8(rgb, width, height, 0, Instant::now());
                    let written = frame.map_err(VisionError::from).and_then(|frame| write_png(&path, &frame, false));
                    if let Err(error) = written {
                        tracing::error!("{error}");
                    }
                    ctx.send_viewport_cmd(ViewportCommand::Close);
                }
                Err(_) => {
                    ctx.request_repaint_after(Duration::from_millis(20));
                    self.screenshot = Screenshot::Asked { path, image };
                }
            },
        }
    }
}

impl MirrorApp {
    /// One frame of the window.
    pub fn show(&mut self, ui: &mut egui::Ui) {
        let ctx = ui.ctx().clone();
        let now_s = ui.input(|input| input.time);
        if self.interrupt.is_requested() {
            ctx.send_viewport_cmd(ViewportCommand::Close);
        }
        if let Some(full) = ui.input(|input| input.viewport().fullscreen) {
            self.fullscreen = full;
        }
        let model = self.look(&ctx, now_s);
        for action in view::show(ui, &model, &mut self.view) {
            self.act(&ctx, action, now_s);
        }
        self.look_after_kiosk(&ctx, now_s);
        self.look_after_screenshot(&ctx, now_s);
        ctx.request_repaint_after(Duration::from_millis(500)); // states may change without a frame
    }

    /// Whether the key of push-to-talk is held.
    #[must_use]
    pub fn is_talking(&self) -> bool {
        self.view.talking
    }

    /// When it listens; `None` once it has been stopped.
    #[must_use]
    pub fn listen_mode(&self) -> Option<ListenMode> {
        self.mirror.as_ref().map(|mirror| mirror.ears.state().mode)
    }

    /// Ends the threads; the window shows nothing new from then on.
    pub fn stop(&mut self) {
        if let Some(mirror) = self.mirror.take() {
            for (thread, joined) in mirror.stop_and_join() {
                tracing::debug!("{thread}: {joined:?}");
            }
        }
    }
}

/// Real ears; the models are looked for whenever there was none.
fn ears(hearing: &HearingSettings, assets: &Assets) -> EarsSettings {
    let (folder, model) = (assets.folder().to_owned(), hearing.speech.model.clone());
    let find_model: FindModel = Arc::new(move || SpeechModels::open(&folder)?.choose(model.as_deref()));
    EarsSettings::new(hearing.wish(), hearing.mode, hearing.wake, find_model, hearing.speech.language.clone())
}

impl eframe::App for MirrorApp {
    fn ui(&mut self, ui: &mut egui::Ui, _frame: &mut eframe::Frame) {
        self.show(ui);
    }

    fn on_exit(&mut self, _gl: Option<&eframe::glow::Context>) {
        self.stop();
    }

    fn clear_color(&self, _visuals: &egui::Visuals) -> [f32; 4] {
        theme::BACKGROUND.to_normalized_gamma_f32()
    }
}
