//! The configuration file: TOML as written, resolved once into a checked value.
//!
//! Precedence: flag, then file, then default. Everything optional lives in [`RawConfig`]; after [`Config::load`]
//! nothing is optional or unchecked any more. An unknown key is an error that names the nearest known one.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow, bail};
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
#[serde(untagged, expecting = "expected a number from 0 up, as in 0, or a name or path in quotes, as in \"usb\"")]
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
        let bytes =
            std::fs::read(&path).with_context(|| format!("the configuration {} cannot be read", path.display()))?;
        decode(&bytes)
            .and_then(|text| Self::parse(&text))
            .with_context(|| format!("the configuration {} is wrong", path.display()))
    }

    fn parse(text: &str) -> Result<Self> {
        let table: toml::Table = text.parse().map_err(explained)?;
        check_keys(text, &table, "")?;
        let raw: RawConfig = toml::from_str(text).map_err(explained)?;
        Self::resolve(text, raw)
    }

    /// Checks the values; `text` is what they were read from, for the lines of errors.
    fn resolve(text: &str, raw: RawConfig) -> Result<Self> {
        let at = |key: &str| line_of(text, key);
        let RawConfig { camera, microphone, engine, mirror, fullscreen, seed, pictures, speech, kiosk } = raw;
        let default = Self::default();
        let minutes = kiosk.reset_after_minutes.unwrap_or(default.kiosk_reset_after_minutes);
        if !(0.05..=1440.0).contains(&minutes) {
            bail!(
                "{}kiosk.reset_after_minutes is {minutes}; it must lie between 0.05 and 1440",
                at("kiosk.reset_after_minutes")
            );
        }
        Ok(Self {
            camera: camera.map(IndexOrText::into_text),
            microphone: microphone.map(IndexOrText::into_text),
            speech: SpeechConfig {
                listen: speech.listen.unwrap_or(true),
                push_to_talk: speech.push_to_talk.unwrap_or(false),
                wake: speech.wake,
                model: speech.model,
                language: speech
                    .language
                    .map(|code| code.parse().map_err(|error| anyhow!("{}{error}", at("speech.language"))))
                    .transpose()?,
            },
            engine: match engine {
                Some(name) => name.parse().map_err(|error| anyhow!("{}{error}", at("engine")))?,
                None => default.engine,
            },
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

/// The text of a file in UTF-8, or in UTF-16 with its byte order mark, as some editors save.
fn decode(bytes: &[u8]) -> Result<String> {
    let utf16 = |unit: fn([u8; 2]) -> u16| {
        let (units, rest) = bytes[2..].as_chunks::<2>();
        let units: Vec<u16> = units.iter().map(|pair| unit(*pair)).collect();
        let text = String::from_utf16(&units).ok().filter(|_| rest.is_empty());
        text.ok_or_else(|| anyhow!("it begins as UTF-16 does and is no UTF-16 text; save it as UTF-8"))
    };
    match bytes {
        [0xff, 0xfe, ..] => return utf16(u16::from_le_bytes),
        [0xfe, 0xff, ..] => return utf16(u16::from_be_bytes),
        _ => {}
    }
    let line = |end: usize| 1 + bytes[..end].iter().filter(|byte| **byte == b'\n').count();
    match std::str::from_utf8(bytes) {
        Ok(text) if !text.contains('\0') => Ok(text.to_owned()),
        Ok(text) => bail!("line {}: it holds a zero byte; save it as UTF-8 text", line(text.find('\0').unwrap_or(0))),
        Err(error) => bail!("line {}: it is not UTF-8; save it as UTF-8 text", line(error.valid_up_to())),
    }
}

/// What to do about a backslash between double quotes.
const BACKSLASHES: &str =
    "between double quotes a backslash begins an escape: put a path between single quotes, or double its backslashes";

/// The parser's error, which names line and column, with the fix where it is known.
fn explained(error: toml::de::Error) -> anyhow::Error {
    let words = error.to_string();
    let words = words.trim_end();
    let about_escapes = ["unicode", "escape"].iter().any(|word| error.message().contains(word));
    if about_escapes { anyhow!("{words}\n{BACKSLASHES}") } else { anyhow!("{words}") }
}

/// "line 3: " for where the key, with dots between its parts, stands; empty where it is not found.
fn line_of(text: &str, key: &str) -> String {
    let Ok(document) = toml::de::DeTable::parse(text) else { return String::new() };
    let mut table = Some(document.get_ref());
    let mut start = None;
    for part in key.split('.') {
        let found = table.and_then(|table| table.iter().find(|(name, _)| name.get_ref().as_ref() == part));
        start = found.map(|(name, _)| name.span().start);
        table = found.and_then(|(_, value)| value.get_ref().as_table());
    }
    let line = |start: usize| 1 + text.bytes().take(start).filter(|byte| *byte == b'\n').count();
    start.map(|start| format!("line {}: ", line(start))).unwrap_or_default()
}

/// Every key of the table must be known; a wrong one is named with the nearest right one. No value may hold control
/// characters: they come from paths such as "C:\temp".
fn check_keys(text: &str, table: &toml::Table, prefix: &str) -> Result<()> {
    for (key, value) in table {
        let full = format!("{prefix}{key}");
        let line = line_of(text, &full);
        let is_group =
            KEYS.iter().any(|(known, _)| known.strip_prefix(&full).is_some_and(|rest| rest.starts_with('.')));
        match value {
            toml::Value::Table(inner) if is_group => check_keys(text, inner, &format!("{full}."))?,
            _ if is_group => bail!("{line}`{full}` is a table: write [{full}] and its keys below"),
            toml::Value::String(value) if value.contains(char::is_control) => {
                bail!("{line}`{full}` holds a control character; {BACKSLASHES}")
            }
            _ if KEYS.iter().any(|(known, _)| *known == full) => {}
            _ => bail!("{line}there is no key `{full}`; did you mean `{}`?", nearest_key(&full)),
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
    fn a_camera_that_is_neither_number_nor_name_is_told_what_is_allowed() {
        for key in ["camera", "microphone"] {
            for value in ["-1", "1.0", "true", "[0, 1]", "99999999999", "{ a = 1 }", "2020-01-01"] {
                let told = error_of(&format!("seed = 1\n{key} = {value}\n"));
                assert!(told.contains("line 2, column") && told.contains("in quotes"), "{told}");
                assert!(!told.contains("variant"), "{told}");
            }
        }
    }

    #[test]
    fn backslashes_of_windows_paths_are_explained() {
        for path in [r"C:\Users\me", r"C:\dir", r"C:\temp", r"C:\new", r"C:\xray"] {
            let told = error_of(&format!("pictures = \"{path}\""));
            assert!(told.contains("line 1") && told.contains("single quotes"), "{told}");
        }
        let config = Config::parse(r"pictures = 'C:\Users\new'").unwrap();
        assert_eq!(config.pictures, PathBuf::from(r"C:\Users\new"));
    }

    #[test]
    fn a_language_may_name_its_region() {
        for code in ["en", "en-US", "en_GB.UTF-8", "EN", "en-Latn-US"] {
            let config = Config::parse(&format!("[speech]\nlanguage = \"{code}\"")).unwrap();
            assert_eq!(config.speech.language, Some(Language::Fixed("en".into())), "{code}");
        }
        assert!(error_of("[speech]\nlanguage = \"xx-US\"").contains("line 2"));
    }

    #[test]
    fn a_file_in_utf_16_is_read_and_other_bytes_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("mirror.toml");
        let text = "seed = 7\r\ncamera = \"镜\"\r\n";
        let units: Vec<u16> = std::iter::once(0xfeff).chain(text.encode_utf16()).collect();
        for order in [u16::to_le_bytes, u16::to_be_bytes] {
            std::fs::write(&path, units.iter().flat_map(|unit| order(*unit)).collect::<Vec<u8>>()).unwrap();
            let config = Config::load(Some(&path)).unwrap();
            assert_eq!((config.seed, config.camera.as_deref()), (7, Some("镜")));
        }
        for (bytes, words) in [
            (&b"seed = 1\ncamera = \"\xe9\""[..], "line 2"),
            (b"s\0e\0", "zero byte"),
            (b"\xff\xfes", "UTF-16"),
            (b"\xff\xfe\x00\xd8", "UTF-16"),
        ] {
            std::fs::write(&path, bytes).unwrap();
            let told = format!("{:#}", Config::load(Some(&path)).unwrap_err());
            assert!(told.contains("mirror.toml") && told.contains(words) && told.contains("UTF-8"), "{told}");
        }
    }

    #[test]
    fn mutated_files_are_read_or_refused_with_file_and_line() {
        const WHOLE: &str = "camera = 1\nmicrophone = \"usb\"\nengine = \"passthrough\"\nmirror = false\nfullscreen = true\nseed = 9\npictures = \"/tmp/p\"\n[speech]\nlisten = false\npush_to_talk = true\nwake = true\nmodel = \"tiny\"\nlanguage = \"zh\"\n[kiosk]\nreset_after_minutes = 0.5\n";
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("mirror.toml");
        let mut state = 0x9e37_79b9_7f4a_7c15_u64;
        let mut below = |end: usize| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            (state % end as u64) as usize
        };
        let mut refused = 0;
        for _ in 0..500 {
            let mut bytes = WHOLE.as_bytes().to_vec();
            for _ in 0..=below(3) {
                let at = below(bytes.len());
                match below(4) {
                    0 => drop(bytes.remove(at)),
                    1 => bytes[at] = below(256) as u8,
                    2 => bytes.insert(at, b"\"'=[]{}.,-#\\\n 9e"[below(16)]),
                    _ => bytes.truncate(at.max(1)),
                }
            }
            std::fs::write(&path, &bytes).unwrap();
            if let Err(error) = Config::load(Some(&path)) {
                let told = format!("{error:#}");
                assert!(told.contains("mirror.toml"), "{told}");
                assert!(told.contains("line ") || told.contains("UTF-16"), "{told}\n{bytes:?}");
                refused += 1;
            }
        }
        assert!((100..500).contains(&refused), "{refused} of 500 were refused");
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
