//! What the window shows and what it asks for, as plain data.
//!
//! The view is a function from [`ViewModel`] and [`ViewState`] to pixels and [`Action`]s. It knows no thread, camera
//! or model, so every state of the window can be put together in a test.

use std::path::PathBuf;
use std::time::Duration;

use crate::pipeline::ListenMode;

/// One thing in the scene, as a pill with an x.
#[derive(Clone, Debug, PartialEq)]
pub struct Chip {
    pub target: ChipTarget,
    /// "sword, blue, bigger".
    pub label: String,
    /// sRGB; `None` is the natural colour.
    pub dot: Option<[u8; 3]>,
    pub drawable: bool,
}

/// What the x of a chip removes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChipTarget {
    /// The item's id in the scene.
    Item(u64),
    World,
    Style,
}

/// How a caption line is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    /// It was understood.
    Good,
    /// It was not, or can't be done.
    Puzzled,
}

/// The line at the bottom: what was heard and the mirror's answer.
#[derive(Clone, Debug, PartialEq)]
pub struct Caption {
    pub heard: String,
    pub reply: String,
    pub tone: Tone,
    /// Window time at which it appeared, seconds.
    pub shown_at_s: f64,
}

/// What is wrong or waited for: told in full at first, then as a reminder that leaves the picture free.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Banner {
    pub text: String,
    /// "Demo visitor".
    pub short: &'static str,
}

/// A passing word, as after a saved picture.
#[derive(Clone, Debug, PartialEq)]
pub struct Toast {
    pub text: String,
    pub tone: Tone,
    /// Whether the window flashes white first, as a camera does.
    pub flash: bool,
    /// Window time at which it appeared, seconds.
    pub shown_at_s: f64,
}

/// How the microphone looks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum EarLook {
    Well,
    /// A model is loaded, a microphone opened.
    #[default]
    Waking,
    Off,
    /// Nothing can be heard.
    Fault,
}

/// The ears, for the eyes.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Hearing {
    pub look: EarLook,
    pub mode: ListenMode,
    /// Whether it answers only to its phrase, and whether it is spoken to without it at this moment.
    pub wake: bool,
    pub awake: bool,
    /// 0 to 1.
    pub level: f32,
    pub speaking: bool,
    /// How it stands, or what to do.
    pub words: String,
    /// What the empty text box says.
    pub invitation: &'static str,
    /// What is being said, before it is over; empty before the first word is recognised.
    pub partial: Option<String>,
    pub microphones: Vec<CameraChoice>,
    pub microphone: Option<String>,
}

/// A camera or microphone in a picker.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CameraChoice {
    /// As for `--camera` and `--microphone`; `None` is "whichever there is".
    pub value: Option<String>,
    pub label: String,
}

/// The picture to show.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Picture {
    pub texture: egui::TextureId,
    /// The same picture, very small: stretched, it is the soft backdrop beside a letterboxed picture.
    pub backdrop: egui::TextureId,
    pub width: f32,
    pub height: f32,
}

/// Figures for the `?` overlay.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Figures {
    pub engine: String,
    pub source: String,
    pub width: u32,
    pub height: u32,
    /// Newly drawn pictures a second.
    pub mirror_fps: f64,
    /// From the moment of capture to the moment of display.
    pub latency: Duration,
    /// One drawn frame, whole and by stage.
    pub render: Duration,
    pub stages: Vec<(String, Duration)>,
    pub captured: u64,
    pub dropped_before_drawing: u64,
    pub dropped_before_display: u64,
}

/// Everything the window shows at this moment.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ViewModel {
    pub picture: Option<Picture>,
    /// Left and right as in a mirror.
    pub mirrored: bool,
    pub kiosk: bool,
    pub fullscreen: bool,
    pub chips: Vec<Chip>,
    pub can_undo: bool,
    pub caption: Option<Caption>,
    pub toast: Option<Toast>,
    /// Such as an absent camera or microphone.
    pub banners: Vec<Banner>,
    pub hearing: Hearing,
    /// The line for newcomers.
    pub hint: Option<String>,
    pub cameras: Vec<CameraChoice>,
    pub camera: Option<String>,
    pub figures: Figures,
}

/// What the view itself remembers between frames.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ViewState {
    pub text: String,
    pub help_open: bool,
    /// What was sent, newest last, for the up arrow.
    pub history: Vec<String>,
    /// Steps back in the history that the box shows; 0 is none.
    pub history_back: usize,
    /// Window time of the last key or pointer motion, seconds.
    pub active_at_s: f64,
    /// The banners that are shown, and since which window time, seconds.
    pub banners: Vec<(Banner, f64)>,
    /// The key of push-to-talk is held.
    pub talking: bool,
}

/// What a visitor asked for.
#[derive(Clone, Debug, PartialEq)]
pub enum Action {
    Say(String),
    Remove(ChipTarget),
    Undo,
    TakePicture,
    ListCameras,
    SelectCamera(Option<String>),
    /// The key of push-to-talk went down or up.
    Press(bool),
    SetListening(ListenMode),
    /// Off, or on as it was.
    ToggleListening,
    SetWake(bool),
    ListMicrophones,
    SelectMicrophone(Option<String>),
    SetFullscreen(bool),
    Quit,
}

/// A saved picture or why it could not be saved.
pub type SavedPicture = Result<PathBuf, String>;
