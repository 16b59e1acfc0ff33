//! The files of the built-in model: found, read whole, and checked against `models.toml` before use.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use sha2::{Digest, Sha256};

use crate::render::RenderError;

/// `assets/models.toml`: every model file that Otherglass knows, with its checksum, source and licence.
#[derive(Debug, Deserialize)]
pub struct Manifest {
    pub file: Vec<ManifestFile>,
}

/// One file of the manifest.
#[derive(Debug, Deserialize)]
pub struct ManifestFile {
    /// Path below the assets folder, with `/`.
    pub path: String,
    pub sha256: String,
    pub source: String,
    pub licence: String,
}

/// A checked file.
#[derive(Debug)]
pub struct Asset {
    pub path: PathBuf,
    pub bytes: Vec<u8>,
}

/// Files of the assets folder, each verified as it is taken.
#[derive(Debug)]
pub struct Assets {
    folder: PathBuf,
    manifest_path: PathBuf,
    manifest: BTreeMap<String, String>,
}

impl Assets {
    /// Reads the manifest of an assets folder.
    pub fn open(folder: &Path) -> Result<Self, RenderError> {
        let manifest_path = folder.join("models.toml");
        let text = String::from_utf8(read(&manifest_path)?).map_err(|e| RenderError::unfit(&manifest_path, e))?;
        let manifest: Manifest = toml::from_str(&text).map_err(|e| RenderError::unfit(&manifest_path, e))?;
        let manifest = manifest.file.into_iter().map(|file| (file.path, file.sha256)).collect();
        Ok(Self { folder: folder.to_owned(), manifest_path, manifest })
    }

    /// Every path of the manifest below a folder, with `/`.
    pub fn below<'a>(&'a self, folder: &'a str) -> impl Iterator<Item = &'a str> {
        self.manifest.keys().map(String::as_str).filter(move |path| path.starts_with(folder))
    }

    /// The bytes of a file of the manifest, or why they can't be trusted.
    pub fn take(&self, path: &str) -> Result<Asset, RenderError> {
        let expected = self
            .manifest
            .get(path)
            .ok_or_else(|| RenderError::unfit(&self.manifest_path, format!("it does not list {path}")))?;
        let full = self.folder.join(path);
        let bytes = read(&full)?;
        let got = sha256(&bytes);
        if got != *expected {
            return Err(RenderError::AssetDamaged { path: full, expected: expected.clone(), got });
        }
        Ok(Asset { path: full, bytes })
    }
}

fn read(path: &Path) -> Result<Vec<u8>, RenderError> {
    std::fs::read(path).map_err(|source| RenderError::AssetUnreadable { path: path.to_owned(), source })
}

fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().fold(String::new(), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}
