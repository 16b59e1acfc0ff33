//! Speech models: which there are, where they lie, and which one is used.
//!
//! `assets/models.toml` pins each by size, checksum, source and licence. One may be built in: it lies in the assets. The
//! others are fetched when somebody asks ([`fetch`]), into the platform's cache folder, and nothing here touches the
//! network otherwise. A fetched model is preferred to the one built in.

pub mod fetch;

use std::io::Read;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow, bail};
use serde::Deserialize;
use sha2::{Digest, Sha256};

/// The variable that names the folder of fetched models.
pub const MODELS_VARIABLE: &str = "OTHERGLASS_MODELS";

/// What `models.toml` says about one speech model.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SpeechModel {
    pub name: String,
    /// Its file in the folder of fetched models; empty for one that is built in.
    #[serde(default)]
    pub file: String,
    /// Its file below the assets folder, where it is not fetched but comes with the program.
    #[serde(default)]
    pub built_in: Option<String>,
    pub bytes: u64,
    pub sha256: String,
    pub source: String,
    pub licence: String,
    pub note: String,
    #[serde(default)]
    pub recommended: bool,
    /// Whether it may be shown the words to expect; one that was trained on without goes astray with them.
    #[serde(default = "yes")]
    pub prompt: bool,
}

fn yes() -> bool {
    true
}

/// The model to recognise with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChosenModel {
    pub path: PathBuf,
    /// As for [`SpeechModel::prompt`].
    pub prompt: bool,
}

/// The part of `models.toml` that is about speech; the rest is the renderer's.
#[derive(Deserialize)]
struct Manifest {
    #[serde(default)]
    speech: Vec<SpeechModel>,
}

/// The speech models of an assets folder, and the folder that fetched ones are kept in.
#[derive(Clone, Debug)]
pub struct SpeechModels {
    pub known: Vec<SpeechModel>,
    /// Where fetched models are kept.
    pub folder: PathBuf,
    pub assets: PathBuf,
}

/// How it stands with one model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Presence {
    Absent,
    /// Begun, that many bytes.
    Partial(u64),
    /// There, with the right size.
    Present,
    /// There, with a wrong size.
    Damaged(u64),
}

impl SpeechModels {
    /// Reads the manifest of an assets folder.
    pub fn open(assets: &Path) -> Result<Self> {
        let path = assets.join("models.toml");
        let text = std::fs::read_to_string(&path).with_context(|| format!("{} can't be read", path.display()))?;
        let manifest: Manifest = toml::from_str(&text).with_context(|| format!("{} is wrong", path.display()))?;
        for model in &manifest.speech {
            let plain = |name: &str| !name.is_empty() && !name.contains(['\\', ':']) && !name.starts_with(['.', '/']);
            let file = match &model.built_in {
                Some(path) => model.file.is_empty() && path.split('/').all(plain),
                None => plain(&model.file) && !model.file.contains('/'),
            };
            let hash = model.sha256.len() == 64 && model.sha256.bytes().all(|byte| byte.is_ascii_hexdigit());
            if !file || !hash {
                bail!(
                    "{}: the entry of {} is unfit; expected sha256, and either file (a name) or built_in (a path below the assets)",
                    path.display(),
                    model.name
                );
            }
        }
        Ok(Self { known: manifest.speech, folder: folder()?, assets: assets.to_owned() })
    }

    pub fn find(&self, name: &str) -> Result<&SpeechModel> {
        self.known.iter().find(|model| model.name == name).ok_or_else(|| {
            let names: Vec<&str> = self.known.iter().map(|model| model.name.as_str()).collect();
            let near = names.iter().copied().min_by_key(|known| strsim::damerau_levenshtein(known, name));
            anyhow!(
                "there is no speech model \"{name}\"; did you mean {}? There are: {}",
                near.unwrap_or("base"),
                names.join(", ")
            )
        })
    }

    #[must_use]
    pub fn path(&self, model: &SpeechModel) -> PathBuf {
        match &model.built_in {
            Some(path) => self.assets.join(path),
            None => self.folder.join(&model.file),
        }
    }

    /// Looks at sizes only.
    #[must_use]
    pub fn presence(&self, model: &SpeechModel) -> Presence {
        let size = |path: &Path| std::fs::metadata(path).ok().filter(std::fs::Metadata::is_file).map(|file| file.len());
        let path = self.path(model);
        match (size(&path), size(&fetch::part_of(&path))) {
            (Some(bytes), _) if bytes == model.bytes => Presence::Present,
            (Some(bytes), _) => Presence::Damaged(bytes),
            (None, Some(bytes)) if bytes > 0 => Presence::Partial(bytes),
            (None, _) => Presence::Absent,
        }
    }

    /// The model to recognise with: a path or a name that somebody gave, else the best of those that are there.
    ///
    /// A model that is built in is checked against its checksum here, a fetched one was when it came.
    pub fn choose(&self, wish: Option<&str>) -> Result<ChosenModel> {
        let Some(wish) = wish else {
            let fetched = self.known.iter().filter(|model| model.built_in.is_none());
            let built_in = self.known.iter().filter(|model| model.built_in.is_some());
            let by_worth = fetched.clone().filter(|model| model.recommended).chain(fetched).chain(built_in);
            let mut there = by_worth.filter(|model| self.presence(model) == Presence::Present);
            return there.next().map_or_else(|| Err(self.none_here()), |model| self.chosen(model));
        };
        let path = Path::new(wish);
        if wish.contains(['/', '\\']) || path.extension().is_some() || path.is_file() {
            // The recogniser says what is wrong with it.
            let known = self.known.iter().find(|model| same_file(&self.path(model), path));
            return Ok(ChosenModel { path: path.to_owned(), prompt: known.is_none_or(|model| model.prompt) });
        }
        let model = self.find(wish)?;
        let again = self.again(model);
        match self.presence(model) {
            Presence::Present => self.chosen(model),
            Presence::Damaged(bytes) => bail!(
                "the speech model {wish} is damaged: {} is {bytes} bytes long, expected {}; {again}",
                self.path(model).display(),
                model.bytes
            ),
            Presence::Absent | Presence::Partial(_) => {
                bail!("the speech model {wish} ({}) is not here; {again}", megabytes(model.bytes))
            }
        }
    }

    fn chosen(&self, model: &SpeechModel) -> Result<ChosenModel> {
        let path = self.path(model);
        if model.built_in.is_some() {
            let hash = std::fs::File::open(&path).and_then(sha256_of);
            let hash = hash.with_context(|| format!("{} can't be read", path.display()))?;
            if hash != model.sha256 {
                let (name, again) = (&model.name, self.again(model));
                bail!("the speech model {name} is damaged: the SHA-256 of {} is {hash}; {again}", path.display());
            }
        }
        Ok(ChosenModel { path, prompt: model.prompt })
    }

    /// How to get it once more.
    #[must_use]
    pub fn again(&self, model: &SpeechModel) -> String {
        match model.built_in {
            Some(_) => "it comes with the program: reinstall Otherglass".to_owned(),
            None => format!("get it: otherglass models fetch {}", model.name),
        }
    }

    fn none_here(&self) -> anyhow::Error {
        let fetched = || self.known.iter().filter(|model| model.built_in.is_none());
        let model = fetched().find(|model| model.recommended).or(fetched().next());
        let (name, size) = model.map_or(("base", String::new()), |model| {
            (model.name.as_str(), format!(" ({}, {})", megabytes(model.bytes), model.licence))
        });
        anyhow!("there is no speech model in {}; get one{size}: otherglass models fetch {name}", self.folder.display())
    }
}

fn same_file(a: &Path, b: &Path) -> bool {
    a.canonicalize().ok().zip(b.canonicalize().ok()).is_some_and(|(a, b)| a == b)
}

/// Where fetched models lie: `OTHERGLASS_MODELS`, else `~/.cache/otherglass/models` or what the platform has for it.
fn folder() -> Result<PathBuf> {
    if let Some(folder) = std::env::var_os(MODELS_VARIABLE).filter(|value| !value.is_empty()) {
        return Ok(PathBuf::from(folder));
    }
    let cache = dirs::cache_dir();
    cache.map(|cache| cache.join("otherglass").join("models")).with_context(|| {
        format!("this system names no cache folder; set {MODELS_VARIABLE} to a folder that models may be kept in")
    })
}

/// The SHA-256 of a stream, as hexadecimal digits.
pub fn sha256_of(mut from: impl Read) -> std::io::Result<String> {
    let mut hash = Sha256::new();
    let mut buffer = vec![0; 1 << 16];
    loop {
        match from.read(&mut buffer)? {
            0 => break,
            count => hash.update(&buffer[..count]),
        }
    }
    Ok(hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect())
}

/// "148 MB".
#[must_use]
pub fn megabytes(bytes: u64) -> String {
    match bytes {
        0..1_000_000 => format!("{:.0} kB", bytes as f64 / 1e3),
        _ => format!("{:.0} MB", bytes as f64 / 1e6),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn models(folder: &Path) -> SpeechModels {
        let model = |name: &str, recommended| SpeechModel {
            name: name.into(),
            file: format!("ggml-{name}.bin"),
            built_in: None,
            bytes: 4,
            sha256: "0".repeat(64),
            source: String::new(),
            licence: "MIT".into(),
            note: String::new(),
            recommended,
            prompt: true,
        };
        SpeechModels {
            known: vec![model("tiny", false), model("base", true)],
            folder: folder.to_owned(),
            assets: folder.join("assets"),
        }
    }

    #[test]
    fn what_is_shipped_is_pinned() {
        let shipped = SpeechModels::open(&Path::new(env!("CARGO_MANIFEST_DIR")).join("assets")).unwrap();
        let names: Vec<&str> = shipped.known.iter().map(|model| model.name.as_str()).collect();
        assert!(names.starts_with(&["base", "small", "tiny"]), "the best first: {names:?}");
        for model in shipped.known.iter().filter(|model| model.built_in.is_some()) {
            assert_eq!(shipped.chosen(model).unwrap().path, shipped.path(model));
            assert!(model.bytes <= 32 << 20, "{model:?}");
        }
        for model in shipped.known.iter().filter(|model| model.built_in.is_none()) {
            assert!(model.source.starts_with("https://") && model.source.ends_with(&model.file), "{model:?}");
            assert_eq!(model.recommended, model.name == "base");
        }
    }

    #[test]
    fn the_best_of_those_that_are_there_is_taken() {
        let folder = tempfile::tempdir().unwrap();
        let models = models(folder.path());
        let error = models.choose(None).unwrap_err().to_string();
        assert!(error.contains("otherglass models fetch base"), "{error}");
        std::fs::write(folder.path().join("ggml-tiny.bin"), "abcd").unwrap();
        assert!(models.choose(None).unwrap().path.ends_with("ggml-tiny.bin"));
        std::fs::write(folder.path().join("ggml-base.bin"), "abc").unwrap();
        assert!(models.choose(None).unwrap().path.ends_with("ggml-tiny.bin"));
        let error = models.choose(Some("base")).unwrap_err().to_string();
        assert!(error.contains("3 bytes") && error.contains("fetch base"), "{error}");
        std::fs::write(folder.path().join("ggml-base.bin"), "abcd").unwrap();
        assert!(models.choose(None).unwrap().path.ends_with("ggml-base.bin"));
    }

    #[test]
    fn what_is_built_in_is_checked_and_yields_to_what_was_fetched() {
        let folder = tempfile::tempdir().unwrap();
        let mut models = models(folder.path());
        let (bytes, path) = (4, folder.path().join("assets/speech/small.bin"));
        let sha256 = sha256_of(&b"abcd"[..]).unwrap();
        models.known.push(SpeechModel {
            name: "built-in".into(),
            file: String::new(),
            built_in: Some("speech/small.bin".into()),
            bytes,
            sha256,
            prompt: false,
            ..models.known[0].clone()
        });
        assert!(models.choose(None).unwrap_err().to_string().contains("otherglass models fetch base"));
        assert!(models.choose(Some("built-in")).unwrap_err().to_string().contains("reinstall"));
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, "abcd").unwrap();
        let expected = ChosenModel { path: path.clone(), prompt: false };
        assert_eq!(models.choose(None).unwrap(), expected);
        assert_eq!(models.choose(Some("built-in")).unwrap(), expected);
        assert_eq!(models.choose(path.to_str()).unwrap(), expected);
        std::fs::write(&path, "abce").unwrap();
        let error = models.choose(None).unwrap_err().to_string();
        assert!(error.contains("SHA-256") && error.contains("reinstall"), "{error}");
        std::fs::write(folder.path().join("ggml-tiny.bin"), "abcd").unwrap();
        assert!(models.choose(None).unwrap().path.ends_with("ggml-tiny.bin"));
    }

    #[test]
    fn a_wish_is_a_name_or_a_path() {
        let folder = tempfile::tempdir().unwrap();
        let models = models(folder.path());
        assert_eq!(models.choose(Some("x/y.bin")).unwrap().path, Path::new("x/y.bin"));
        let error = models.choose(Some("bsae")).unwrap_err().to_string();
        assert!(error.contains("did you mean base"), "{error}");
        std::fs::write(fetch::part_of(&folder.path().join("ggml-base.bin")), "ab").unwrap();
        assert_eq!(models.presence(&models.known[1]), Presence::Partial(2));
    }

    #[test]
    fn hashes_are_the_published_ones() {
        let abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(sha256_of(&b"abc"[..]).unwrap(), abc);
    }
}
