//! `otherglass doctor`: what the mirror needs, whether it is there, and how to get what is missing.
//!
//! A missing camera or display does not stop the program (there is the demo visitor, there is `render`), so only a
//! missing model makes the doctor end with a failure.

use std::fmt;
use std::path::{Path, PathBuf};

use otherglass_generator::render::{Engine, RendererOptions, open};
use otherglass_speech::microphone::list_microphones;
use otherglass_vision::list_cameras;

use super::demo::has_display;
use crate::assets::{Assets, DEMO_CLIP};
use crate::cli::CommonArgs;
use crate::config::{self, Config};
use crate::models::SpeechModels;

/// One thing that was looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Finding {
    what: &'static str,
    state: State,
    detail: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Ok,
    /// Not there; the program goes on without.
    Missing,
    /// Not there or broken, and the mirror is not one without it.
    Broken,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = match self.state {
            State::Ok => "ok",
            State::Missing => "missing",
            State::Broken => "BROKEN",
        };
        write!(f, "{:<8} {:<13} {}", state, self.what, self.detail)
    }
}

fn finding(what: &'static str, found: Option<String>, otherwise: (State, &str)) -> Finding {
    match found {
        Some(detail) => Finding { what, state: State::Ok, detail },
        None => Finding { what, state: otherwise.0, detail: otherwise.1.to_owned() },
    }
}

/// Prints the findings; true when the mirror can work.
pub fn doctor(common: &CommonArgs) -> bool {
    let (assets, config) = (common.assets.as_deref(), common.config.as_deref());
    let mut findings = vec![cameras(), camera_access(), microphones(), display(), gpu()];
    findings.extend(model(assets));
    findings.push(speech_model(assets, config));
    findings.extend([fonts(), ffmpeg(), configuration(config)]);
    for finding in &findings {
        crate::outln!("{finding}");
    }
    findings.iter().all(|finding| finding.state != State::Broken)
}

fn cameras() -> Finding {
    match list_cameras() {
        Ok(cameras) if cameras.is_empty() => Finding {
            what: "camera",
            state: State::Missing,
            detail: "none found; plug one in (in a container or virtual machine pass /dev/video0 through). Until then a demo visitor plays".into(),
        },
        Ok(cameras) => {
            let names: Vec<String> = cameras.iter().map(ToString::to_string).collect();
            Finding { what: "camera", state: State::Ok, detail: names.join(", ") }
        }
        Err(error) => Finding { what: "camera", state: State::Missing, detail: error.to_string() },
    }
}

fn microphones() -> Finding {
    let what = "microphone";
    match list_microphones() {
        Ok(microphones) if microphones.is_empty() => Finding {
            what,
            state: State::Missing,
            detail: "none found; plug one in, and check that the system's sound settings show it as an input".into(),
        },
        Ok(microphones) => {
            let names: Vec<String> = microphones.into_iter().map(|microphone| microphone.name).collect();
            Finding { what, state: State::Ok, detail: names.join(", ") }
        }
        Err(error) => Finding { what, state: State::Missing, detail: error.to_string() },
    }
}

/// The one that would be used, by its structure; `otherglass models verify` reads checksums.
fn speech_model(chosen: Option<&Path>, config: Option<&Path>) -> Finding {
    let what = "speech model";
    // What is wrong with the file is told by another finding.
    let wish = Config::load(config).ok().and_then(|config| config.speech.model);
    let found = Assets::find(chosen)
        .and_then(|assets| SpeechModels::open(assets.folder()))
        .and_then(|models| models.choose(wish.as_deref()));
    match found {
        Err(error) => Finding { what, state: State::Missing, detail: format!("{error:#}") },
        Ok(model) => match otherglass_speech::model_file::check(&model.path) {
            Ok(_) => Finding { what, state: State::Ok, detail: model.path.display().to_string() },
            Err(error) => Finding { what, state: State::Missing, detail: error.to_string() },
        },
    }
}

fn camera_access() -> Finding {
    let what = "camera access";
    let nodes: Vec<PathBuf> =
        (0..10).map(|index| PathBuf::from(format!("/dev/video{index}"))).filter(|path| path.exists()).collect();
    let forbidden: Vec<String> = nodes
        .iter()
        .filter(|node| {
            std::fs::File::open(node).is_err_and(|error| error.kind() == std::io::ErrorKind::PermissionDenied)
        })
        .map(|node| node.display().to_string())
        .collect();
    if !forbidden.is_empty() {
        let detail =
            format!("{} may not be opened; run `sudo usermod -aG video $USER` and log in again", forbidden.join(", "));
        return Finding { what, state: State::Missing, detail };
    }
    let detail = if nodes.is_empty() { "nothing to open".to_owned() } else { format!("{} can be opened", nodes.len()) };
    Finding { what, state: State::Ok, detail }
}

fn display() -> Finding {
    let named =
        ["WAYLAND_DISPLAY", "DISPLAY"].iter().find_map(|name| Some(format!("{name}={}", std::env::var(name).ok()?)));
    let found = has_display().then(|| named.unwrap_or_else(|| "the system's own".into()));
    finding(
        "display",
        found,
        (
            State::Missing,
            "neither DISPLAY nor WAYLAND_DISPLAY is set; start from a desktop. Until then a demo is rendered to a file",
        ),
    )
}

/// By files only: nothing is loaded.
fn gpu() -> Finding {
    let driver = std::fs::read_to_string("/proc/driver/nvidia/version")
        .ok()
        .and_then(|text| text.lines().next().map(str::to_owned));
    let library = first_existing(&[
        "/usr/lib/x86_64-linux-gnu/libcuda.so.1",
        "/usr/lib/aarch64-linux-gnu/libcuda.so.1",
        "/usr/lib64/libcuda.so.1",
        "/usr/lib/wsl/lib/libcuda.so.1",
    ]);
    let found = driver.or_else(|| library.map(|path| path.display().to_string()));
    finding(
        "GPU driver",
        found,
        (State::Missing, "no NVIDIA driver; not needed, the built-in model runs on the processor too"),
    )
}

fn model(chosen: Option<&Path>) -> Vec<Finding> {
    let assets = match Assets::find(chosen) {
        Ok(assets) => assets,
        Err(error) => return vec![Finding { what: "assets", state: State::Broken, detail: error.to_string() }],
    };
    // Opening checks every file against its checksum.
    let weights = match open(Engine::HouseCpu, &RendererOptions::new(assets.folder())) {
        Ok(_) => Finding {
            what: "weights",
            state: State::Ok,
            detail: format!("complete, checksums right, in {}", assets.folder().display()),
        },
        Err(error) => Finding { what: "weights", state: State::Broken, detail: error.to_string() },
    };
    let missing = format!("{DEMO_CLIP} is not in {}; reinstall Otherglass", assets.folder().display());
    let demo =
        finding("demo visitor", assets.demo_clip().map(|path| path.display().to_string()), (State::Missing, &missing));
    vec![weights, demo]
}

fn fonts() -> Finding {
    let found = font_folders().iter().find_map(|folder| chinese_font(folder, 4)).map(|path| path.display().to_string());
    finding(
        "Chinese font",
        found,
        (State::Missing, "words in Chinese show as boxes; get one: sudo apt install fonts-noto-cjk"),
    )
}

fn font_folders() -> Vec<PathBuf> {
    let mut folders: Vec<PathBuf> =
        ["/usr/share/fonts", "/usr/local/share/fonts", "/System/Library/Fonts", "/Library/Fonts", "C:\\Windows\\Fonts"]
            .iter()
            .map(PathBuf::from)
            .collect();
    folders.extend(dirs::font_dir());
    folders
}

/// A font with Chinese in it, by its usual file names.
fn chinese_font(folder: &Path, depth: u8) -> Option<PathBuf> {
    const NAMES: &[&str] = &[
        "cjk",
        "notosanssc",
        "sourcehan",
        "wqy",
        "droidsansfallback",
        "pingfang",
        "heiti",
        "msyh",
        "simsun",
        "uming",
        "ukai",
    ];
    let entries = std::fs::read_dir(folder).ok()?;
    for entry in entries.flatten() {
        let path = entry.path();
        if path.is_dir() && depth > 0 {
            if let Some(found) = chinese_font(&path, depth - 1) {
                return Some(found);
            }
            continue;
        }
        let name = entry.file_name().to_string_lossy().to_ascii_lowercase();
        let is_font = [".ttf", ".ttc", ".otf"].iter().any(|ending| name.ends_with(ending));
        if is_font && NAMES.iter().any(|known| name.contains(known)) {
            return Some(path);
        }
    }
    None
}

fn ffmpeg() -> Finding {
    let folders: Vec<PathBuf> =
        std::env::var_os("PATH").map(|path| std::env::split_paths(&path).collect()).unwrap_or_default();
    let program = if cfg!(windows) { "ffmpeg.exe" } else { "ffmpeg" };
    let found = folders.iter().map(|folder| folder.join(program)).find(|path| path.is_file());
    finding(
        "ffmpeg",
        found.map(|path| path.display().to_string()),
        (State::Missing, "only for clips other than H.264, gif and y4m: sudo apt install ffmpeg"),
    )
}

fn configuration(chosen: Option<&Path>) -> Finding {
    let what = "configuration";
    let Some(path) = chosen.map(Path::to_owned).or_else(config::default_path) else {
        return Finding { what, state: State::Ok, detail: "no place for one; the defaults hold".into() };
    };
    match (path.is_file(), Config::load(chosen)) {
        (false, _) if chosen.is_none() => {
            Finding { what, state: State::Ok, detail: format!("none at {}; the defaults hold", path.display()) }
        }
        (_, Ok(_)) => Finding { what, state: State::Ok, detail: path.display().to_string() },
        (_, Err(error)) => Finding { what, state: State::Broken, detail: format!("{error:#}") },
    }
}

fn first_existing(paths: &[&str]) -> Option<PathBuf> {
    paths.iter().map(PathBuf::from).find(|path| path.exists())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chinese_font_is_found_by_its_name_below_a_folder() {
        let folder = tempfile::tempdir().unwrap();
        let deep = folder.path().join("opentype/noto");
        std::fs::create_dir_all(&deep).unwrap();
        std::fs::write(deep.join("NotoSans-Regular.ttf"), b"").unwrap();
        assert_eq!(chinese_font(folder.path(), 4), None);
        std::fs::write(deep.join("NotoSansCJK-Regular.ttc"), b"").unwrap();
        assert_eq!(chinese_font(folder.path(), 4), Some(deep.join("NotoSansCJK-Regular.ttc")));
    }

    #[test]
    fn missing_assets_are_broken_and_say_how_to_get_them() {
        let findings = model(Some(Path::new("/no/such/assets")));
        assert_eq!(findings[0].state, State::Broken);
        assert!(findings[0].to_string().contains("--assets"), "{}", findings[0]);
    }
}
