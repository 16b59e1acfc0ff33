//! Where the weights, the demo clip and the fonts lie.
//!
//! The program runs from a build folder, from an unpacked archive and from a package, so it looks in each of their
//! layouts. A folder counts when it holds one of the things the program needs, not because it has the right name.

use std::path::{Path, PathBuf};

use anyhow::{Result, bail};

/// The variable that names the assets folder.
pub const ASSETS_VARIABLE: &str = "OTHERGLASS_ASSETS";

/// The demo visitor, played where there is no camera.
pub const DEMO_CLIP: &str = "demo/visitor.mp4";

/// The folder that holds `house/` and `demo/`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Assets {
    folder: PathBuf,
}

impl Assets {
    /// Finds the assets: `chosen` (from `--assets`), then the environment, then the usual places.
    ///
    /// A folder that somebody named must exist; it is not searched past, so that a typing error is noticed.
    pub fn find(chosen: Option<&Path>) -> Result<Self> {
        if let Some(folder) = chosen {
            return Self::named(folder, "--assets");
        }
        if let Some(folder) = std::env::var_os(ASSETS_VARIABLE).filter(|value| !value.is_empty()) {
            return Self::named(Path::new(&folder), ASSETS_VARIABLE);
        }
        let places = usual_places(std::env::current_exe().ok().as_deref());
        match places.iter().find(|folder| holds_assets(folder)) {
            Some(folder) => Ok(Self { folder: folder.clone() }),
            None => {
                let list: Vec<String> = places.iter().map(|place| place.display().to_string()).collect();
                bail!(
                    "the assets folder (weights, demo clip) was not found; looked in {}; point --assets or {ASSETS_VARIABLE} to it",
                    list.join(", ")
                )
            }
        }
    }

    fn named(folder: &Path, by: &str) -> Result<Self> {
        if !folder.is_dir() {
            bail!(
                "{by} names {}, which is not a folder; it must be the folder that holds house/ and demo/",
                folder.display()
            );
        }
        Ok(Self { folder: folder.to_owned() })
    }

    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The demo visitor's clip, if it is there.
    #[must_use]
    pub fn demo_clip(&self) -> Option<PathBuf> {
        Some(self.folder.join(DEMO_CLIP)).filter(|path| path.is_file())
    }
}

fn holds_assets(folder: &Path) -> bool {
    folder.join("house").is_dir() || folder.join(DEMO_CLIP).is_file()
}

/// Beside the program, above it (`target/release/..`), where a package puts it, and where it was built.
fn usual_places(program: Option<&Path>) -> Vec<PathBuf> {
    let mut places = Vec::new();
    if let Some(beside) = program.and_then(Path::parent) {
        places.push(beside.join("assets"));
        places.extend(beside.ancestors().skip(1).take(2).map(|folder| folder.join("assets")));
    }
    places.push(PathBuf::from("/usr/share/otherglass"));
    places.push(Path::new(env!("CARGO_MANIFEST_DIR")).join("assets"));
    places
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_named_folder_that_is_missing_is_an_error() {
        let error = Assets::find(Some(Path::new("/no/such/assets"))).unwrap_err().to_string();
        assert!(error.contains("--assets") && error.contains("/no/such/assets"), "{error}");
    }

    #[test]
    fn a_named_folder_is_taken_as_it_is() {
        let folder = tempfile::tempdir().unwrap();
        let assets = Assets::find(Some(folder.path())).unwrap();
        assert_eq!(assets.folder(), folder.path());
        assert_eq!(assets.demo_clip(), None);
    }

    #[test]
    fn the_places_cover_build_folder_archive_and_package() {
        let places = usual_places(Some(Path::new("/opt/og/target/release/otherglass")));
        for expected in
            ["/opt/og/target/release/assets", "/opt/og/target/assets", "/opt/og/assets", "/usr/share/otherglass"]
        {
            assert!(places.contains(&PathBuf::from(expected)), "{expected} is not among {places:?}");
        }
    }

    #[test]
    fn a_folder_without_assets_does_not_count() {
        let folder = tempfile::tempdir().unwrap();
        assert!(!holds_assets(folder.path()));
        std::fs::create_dir_all(folder.path().join("house")).unwrap();
        assert!(holds_assets(folder.path()));
    }
}
