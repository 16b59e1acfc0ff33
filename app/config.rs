//! The configuration file: TOML as written, resolved once into a checked value.
//!
//! Precedence: flag, then file, then default. Everything optional lives in [`RawConfig`]; after [`Config::load`]
//! nothing is optional or unchecked any more. An unknown key is an error that names the nearest known one.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use otherglass_generator::render::Engine;
use otherglass_speech::Language;
use serde::Deserialize;

/// The keys a file may hold, with their meaning; `otherglass doctor` and the errors show them.
pub const KEYS: &[(&str, &str)] = &[
    ("camera", "index, name or path of a clip, as for --camera"),
    ("engine", "house, house@cuda, house@cpu or passthrough"),
    ("mirror", "true: left and right as in a mirror"),
    ("fullscreen", "true: start in full screen"),
    ("seed", "seed of the drawing noise"),
    ("pictures", "folder that the picture button saves to"),
    ("microphone", "index, name or path of a WAV file, as for --microphone"),
    ("speech.listen", "false: no microphone, as for --no-microphone"),
    ("speech.push_to_talk", "true: listen only while the space bar is held"),
    ("speech.wake", "true: answer only to \"mirror, mirror\"; false: to everything, in a kiosk too"),
    ("speech.model", "name from `otherglass models list` or path of a ggml file"),
    ("speech.language", "en, zh, another code, or auto"),
    ("kiosk.reset_after_minutes", "quiet minutes after which a kiosk starts afresh"),
];

/// The file as written.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawConfig {
    camera: Option<IndexOrText>,
    microphone: Option<IndexOrText>,
    engine: Option<String>,
    mirror: Option<bool>,
    fullscreen: Option<bool>,
    seed: Option<u64>,
    pictures: Option<PathBuf>,
    #[serde(default)]
    speech: RawSpeech,
    #[serde(default)]
    kiosk: RawKiosk,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawSpeech {
    listen: Option<bool>,
    push_to_talk: Option<bool>,
    wake: Option<bool>,
    model: Option<String>,
    language: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawKiosk {
    reset_after_minutes: Option<f64>,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum IndexOrText {
    Index(u32),
    Text(String),
}

impl IndexOrText {
    fn into_text(self) -> String {
        match self {
            Self::Index(index) => index.to_string(),
            Self::Text(text) => text,
        }
    }
}

/// What the file says about speech.
#[derive(Clone, Debug, PartialEq)]
pub struct SpeechConfig {
    pub listen: bool,
    pub push_to_talk: bool,
    /// `None` is what fits: with the phrase in a kiosk, without it at a desk.
    pub wake: Option<bool>,
    pub model: Option<String>,
    pub language: Option<Language>,
}

impl Default for SpeechConfig {
    fn default() -> Self {
        Self { listen: true, push_to_talk: false, wake: None, model: None, language: None }
    }
}

/// The checked configuration.
#[derive(Clone, Debug, PartialEq)]
pub struct Config {
    /// As for `--camera`.
    pub camera: Option<String>,
    /// As for `--microphone`.
    pub microphone: Option<String>,
    pub speech: SpeechConfig,
    pub engine: Engine,
    pub mirror: bool,
    pub fullscreen: bool,
    pub seed: u64,
    /// Where the picture button saves to.
    pub pictures: PathBuf,
    /// Quiet minutes after which a kiosk starts afresh, 0.05 and up.
    pub kiosk_reset_after_minutes: f64,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            camera: None,
            microphone: None,
            speech: SpeechConfig::default(),
            engine: Engine::House,
            mirror: true,
            fullscreen: false,
            seed: 0,
            pictures: default_pictures(),
            kiosk_reset_after_minutes: 3.0,
        }
    }
}

impl Config {
    /// Reads `chosen` (from `--config`; it must exist) or the platform's file (which need not).
    pub fn load(chosen: Option<&Path>) -> Result<Self> {
        let path = match chosen {
            Some(path) => path.to_owned(),
            None => match default_path().filter(|path| path.is_file()) {
                Some(path) => path,
                None => return Ok(Self::default()),
            },
        };
        let text = std::fs::read_to_string(&path)
            .with_context(|| format!("the configuration {} cannot be read", path.display()))?;
        Self::parse(&text).with_context(|| format!("the configuration {} is wrong", path.display()))
    }

    fn parse(text: &str) -> Result<Self> {
        let table: toml::Table = text.parse()?;
        check_keys(&table, "")?;
        let raw: RawConfig = toml::from_str(text)?;
        Self::resolve(raw)
    }

    fn resolve(raw: RawConfig) -> Result<Self> {
        let RawConfig { camera, microphone, engine, mirror, fullscreen, seed, pictures, speech, kiosk } = raw;
        let default = Self::default();
        let minutes = kiosk.reset_after_minutes.unwrap_or(default.kiosk_reset_after_minutes);
        if !(0.05..=1440.0).contains(&minutes) {
            bail!("kiosk.reset_after_minutes is {minutes}; it must lie between 0.05 and 1440");
        }
        Ok(Self {
            camera: camera.map(IndexOrText::into_text),
            microphone: microphone.map(IndexOrText::into_text),
            speech: SpeechConfig {
                listen: speech.listen.unwrap_or(true),
                push_to_talk: speech.push_to_talk.unwrap_or(false),
                wake: speech.wake,
                model: speech.model,
                language: speech.language.map(|code| code.parse()).transpose()?,
            },
            engine: engine.map_or(Ok(default.engine), |name| name.parse())?,
            mirror: mirror.unwrap_or(default.mirror),
            fullscreen: fullscreen.unwrap_or(default.fullscreen),
            seed: seed.unwrap_or(default.seed),
            pictures: pictures.map_or(default.pictures, |path| from_home(&path)),
            kiosk_reset_after_minutes: minutes,
        })
    }
}

/// Where the platform keeps the file: `~/.config/otherglass/config.toml` on Linux.
#[must_use]
pub fn default_path() -> Option<PathBuf> {
    dirs::config_dir().map(|folder| folder.join("otherglass").join("config.toml"))
}

fn default_pictures() -> PathBuf {
    dirs::picture_dir()
        .or_else(|| dirs::home_dir().map(|home| home.join("Pictures")))
        .unwrap_or_else(std::env::temp_dir)
        .join("Otherglass")
}

/// `~/x` means the home folder, as in a shell.
fn from_home(path: &Path) -> PathBuf {
    match (path.strip_prefix("~"), dirs::home_dir()) {
        (Ok(rest), Some(home)) => home.join(rest),
        _ => path.to_owned(),
    }
}

/// Every key of the table must be known; a wrong one is named with the nearest right one.
fn check_keys(table: &toml::Table, prefix: &str) -> Result<()> {
    for (key, value) in table {
        let full = format!("{prefix}{key}");
        let is_group =
            KEYS.iter().any(|(known, _)| known.strip_prefix(&full).is_some_and(|rest| rest.starts_with('.')));
        match value {
            toml::Value::Table(inner) if is_group => check_keys(inner, &format!("{full}."))?,
            _ if is_group => bail!("`{full}` is a table: write [{full}] and its keys below"),
            _ if KEYS.iter().any(|(known, _)| *known == full) => {}
            _ => bail!("there is no key `{full}`; did you mean `{}`?", nearest_key(&full)),
        }
    }
    Ok(())
}

fn nearest_key(wrong: &str) -> &'static str {
    let last = |key: &str| key.rsplit('.').next().unwrap_or(key).to_owned();
    let distance = |known: &str| match known.starts_with(wrong) {
        true => 0, // the beginning of a key is the key
        false => strsim::damerau_levenshtein(wrong, known).min(strsim::damerau_levenshtein(&last(wrong), &last(known))),
    };
    KEYS.iter().map(|(known, _)| *known).min_by_key(|known| distance(known)).unwrap_or("camera")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error_of(text: &str) -> String {
        format!("{:#}", Config::parse(text).unwrap_err())
    }

    #[test]
    fn an_empty_file_is_the_default() {
        assert_eq!(Config::parse("").unwrap(), Config::default());
    }

    #[test]
    fn every_key_is_read() {
        let config = Config::parse(
            "camera = 1\nmicrophone = \"usb\"\nengine = \"passthrough\"\nmirror = false\nfullscreen = true\nseed = 9\npictures = \"/tmp/p\"\n[speech]\nlisten = false\npush_to_talk = true\nwake = true\nmodel = \"tiny\"\nlanguage = \"zh\"\n[kiosk]\nreset_after_minutes = 0.5\n",
        )
        .unwrap();
        let expected = Config {
            camera: Some("1".into()),
            microphone: Some("usb".into()),
            speech: SpeechConfig {
                listen: false,
                push_to_talk: true,
                wake: Some(true),
                model: Some("tiny".into()),
                language: Some(Language::Fixed("zh".into())),
            },
            engine: Engine::Passthrough,
            mirror: false,
            fullscreen: true,
            seed: 9,
            pictures: "/tmp/p".into(),
            kiosk_reset_after_minutes: 0.5,
        };
        assert_eq!(config, expected);
    }

    #[test]
    fn an_unknown_key_names_the_nearest() {
        assert!(error_of("camra = 1").contains("did you mean `camera`?"));
        assert!(error_of("pictures_dir = \"x\"").contains("did you mean `pictures`?"));
        assert!(error_of("[kiosk]\nreset_after = 1").contains("did you mean `kiosk.reset_after_minutes`?"));
        assert!(error_of("reset_after_minutes = 1").contains("did you mean `kiosk.reset_after_minutes`?"));
    }

    #[test]
    fn wrong_values_say_what_was_expected() {
        assert!(error_of("engine = \"hose\"").contains("house"));
        assert!(error_of("mirror = \"yes\"").contains("mirror"));
        assert!(error_of("kiosk = 3").contains("[kiosk]"));
        assert!(error_of("[speech]\nlanguage = \"klingon\"").contains("auto"));
        assert!(error_of("[speech]\npush_to_talc = true").contains("`speech.push_to_talk`"));
        assert!(error_of("[kiosk]\nreset_after_minutes = 0").contains("between"));
        assert!(error_of("camera = ").contains("1"));
    }

    #[test]
    fn home_is_expanded() {
        let home = dirs::home_dir().unwrap();
        assert_eq!(from_home(Path::new("~/Mirror")), home.join("Mirror"));
        assert_eq!(from_home(Path::new("/srv/mirror")), PathBuf::from("/srv/mirror"));
    }

    #[test]
    fn a_chosen_file_must_exist() {
        let error = format!("{:#}", Config::load(Some(Path::new("/no/such.toml"))).unwrap_err());
        assert!(error.contains("/no/such.toml"), "{error}");
    }
}
