//! What the window is to do: flags and configuration file, resolved once.

use std::path::PathBuf;
use std::time::Duration;

use otherglass_generator::render::Engine;

use crate::cli::{MirrorArgs, SpeechArgs, Timed};
use crate::config::{Config, SpeechConfig};
use crate::pipeline::{CameraWish, ListenMode, MicrophoneWish};

/// How the mirror listens.
#[derive(Clone, Debug, PartialEq)]
pub struct HearingSettings {
    /// As it was given, for the microphone picker.
    pub microphone: Option<String>,
    pub mode: ListenMode,
    /// The mode in which it listens when it does.
    pub live_mode: ListenMode,
    /// Whether it answers only to "mirror, mirror".
    pub wake: bool,
    pub speech: SpeechArgs,
}

impl HearingSettings {
    #[must_use]
    pub fn wish(&self) -> MicrophoneWish {
        self.microphone.as_deref().map_or_else(MicrophoneWish::default, MicrophoneWish::parse)
    }
}

/// Everything that the window is started with.
#[derive(Clone, Debug, PartialEq)]
pub struct MirrorSettings {
    /// As it was given, for the camera picker.
    pub camera: Option<String>,
    pub wish: CameraWish,
    pub hearing: HearingSettings,
    pub engine: Engine,
    pub seed: u64,
    /// Left and right as in a mirror.
    pub mirrored: bool,
    pub fullscreen: bool,
    pub kiosk: bool,
    /// Quiet time after which a kiosk starts afresh.
    pub reset_after: Duration,
    /// Where pictures go.
    pub pictures: PathBuf,
    /// Said at the start.
    pub says: Vec<String>,
    /// Saves the window and leaves.
    pub screenshot_after: Option<Timed>,
}

impl MirrorSettings {
    /// Flags win over the file.
    #[must_use]
    pub fn resolve(flags: MirrorArgs, config: Config) -> Self {
        let MirrorArgs {
            camera,
            microphone,
            no_microphone,
            push_to_talk,
            wake,
            no_wake,
            speech,
            kiosk,
            engine,
            fullscreen,
            no_mirror,
            seed,
            say,
            screenshot_after,
        } = flags;
        let camera = camera.or(config.camera);
        let speech = speech.or(&config.speech);
        let SpeechConfig { listen, push_to_talk: held, wake: wakes, .. } = config.speech;
        // Who says how to listen wants it to listen.
        let asked = microphone.is_some() || push_to_talk || wake;
        let live_mode = if push_to_talk || held { ListenMode::PushToTalk } else { ListenMode::Open };
        let mode = if no_microphone || (!listen && !asked) { ListenMode::Off } else { live_mode };
        let hearing = HearingSettings {
            microphone: microphone.or(config.microphone),
            mode,
            live_mode,
            wake: if wake || no_wake { wake } else { wakes.unwrap_or(kiosk) },
            speech,
        };
        Self {
            wish: camera.as_deref().map_or(CameraWish::first(), CameraWish::parse),
            camera,
            hearing,
            engine: engine.unwrap_or(config.engine),
            seed: seed.unwrap_or(config.seed),
            mirrored: config.mirror && !no_mirror,
            fullscreen: fullscreen || kiosk || config.fullscreen,
            kiosk,
            reset_after: Duration::from_secs_f64(config.kiosk_reset_after_minutes * 60.0),
            pictures: config.pictures,
            says: say,
            screenshot_after,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_win_over_the_file() {
        let config = Config { camera: Some("0".into()), engine: Engine::Passthrough, seed: 3, ..Config::default() };
        let flags =
            MirrorArgs { camera: Some("clips/a.mp4".into()), engine: Some(Engine::House), ..MirrorArgs::default() };
        let settings = MirrorSettings::resolve(flags, config.clone());
        assert_eq!(settings.wish, CameraWish::Clip("clips/a.mp4".into()));
        assert_eq!((settings.engine, settings.seed, settings.mirrored), (Engine::House, 3, true));
        let plain = MirrorSettings::resolve(MirrorArgs::default(), config);
        assert_eq!((plain.camera.as_deref(), plain.engine), (Some("0"), Engine::Passthrough));
    }

    #[test]
    fn a_kiosk_wants_its_phrase_and_a_desk_does_not() {
        let hearing = |flags: MirrorArgs, config: Config| MirrorSettings::resolve(flags, config).hearing;
        let kiosk = || MirrorArgs { kiosk: true, ..MirrorArgs::default() };
        assert!(!hearing(MirrorArgs::default(), Config::default()).wake);
        assert!(hearing(kiosk(), Config::default()).wake);
        assert!(!hearing(MirrorArgs { no_wake: true, ..kiosk() }, Config::default()).wake);
        let file = |wake, listen| {
            let speech = SpeechConfig { wake, listen, push_to_talk: true, ..SpeechConfig::default() };
            Config { speech, microphone: Some("usb".into()), ..Config::default() }
        };
        assert!(!hearing(kiosk(), file(Some(false), true)).wake);
        assert!(hearing(MirrorArgs { wake: true, ..kiosk() }, file(Some(false), true)).wake);
        assert_eq!(hearing(MirrorArgs::default(), file(None, true)).mode, ListenMode::PushToTalk);
        assert_eq!(hearing(MirrorArgs::default(), file(None, false)).mode, ListenMode::Off);
        let named = MirrorArgs { microphone: Some("2".into()), ..MirrorArgs::default() };
        let named = hearing(named, file(None, false));
        assert_eq!((named.mode, named.wish()), (ListenMode::PushToTalk, MicrophoneWish::parse("2")));
        let deaf = || Config { speech: SpeechConfig { listen: false, ..SpeechConfig::default() }, ..Config::default() };
        let held = MirrorArgs { push_to_talk: true, ..MirrorArgs::default() };
        assert_eq!(hearing(held, deaf()).mode, ListenMode::PushToTalk);
        assert_eq!(hearing(MirrorArgs { wake: true, ..MirrorArgs::default() }, deaf()).mode, ListenMode::Open);
    }

    #[test]
    fn a_kiosk_is_full_screen() {
        let flags = MirrorArgs { kiosk: true, no_mirror: true, ..MirrorArgs::default() };
        let settings = MirrorSettings::resolve(flags, Config::default());
        assert!(settings.fullscreen && settings.kiosk && !settings.mirrored);
        assert_eq!(settings.reset_after, Duration::from_secs(180));
    }
}
