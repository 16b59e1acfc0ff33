//! One file over HTTP: resumable, checked before anybody can use it.
//!
//! ```text
//! NAME.part <── what is still missing ── server
//!     └── size and SHA-256 right ──> renamed to NAME; wrong ──> removed
//! ```
//!
//! A name without `.part` is therefore always a whole, checked file, wherever the program was cut off.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{ErrorKind, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, anyhow, bail};

use super::{SpeechModel, megabytes, sha256_of};

/// A connection that breaks is taken up again so often, as long as it brings something each time.
const ATTEMPTS: u32 = 4;

/// How a fetch went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fetched {
    /// It was there already.
    Present,
    Done,
    /// Ctrl-C; the next fetch goes on from here.
    Interrupted,
}

/// Where a file grows until it is whole.
#[must_use]
pub fn part_of(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".part");
    PathBuf::from(name)
}

/// Fetches a model to `path`. `progress` gets the bytes there are so far and says whether to go on.
pub fn fetch(model: &SpeechModel, path: &Path, progress: &mut dyn FnMut(u64) -> bool) -> Result<Fetched> {
    if std::fs::metadata(path).is_ok_and(|file| file.len() == model.bytes) && is_right(path, model)? {
        return Ok(Fetched::Present);
    }
    let folder = path.parent().unwrap_or(Path::new("."));
    std::fs::create_dir_all(folder).with_context(|| format!("the folder {} can't be made", folder.display()))?;
    let part = part_of(path);
    let mut options = OpenOptions::new();
    let opened = options.read(true).write(true).create(true).truncate(false).open(&part);
    let mut file = opened.map_err(|error| writing(&part, error))?;
    match file.try_lock() {
        Ok(()) | Err(TryLockError::Error(_)) => {} // some file systems have no locks
        Err(TryLockError::WouldBlock) => {
            bail!("{} is being fetched by another otherglass at this moment; wait for it", model.name)
        }
    }
    if !download(model, &part, &mut file, progress)? {
        return Ok(Fetched::Interrupted);
    }
    file.sync_all().map_err(|error| writing(&part, error))?;
    if !is_right(&part, model)? {
        std::fs::remove_file(&part).with_context(|| format!("{} can't be removed", part.display()))?;
        bail!(
            "what came from {} is not {}: its SHA-256 differs from the pinned one; it was removed. Try again; if it stays so, the file at the source was changed",
            model.source,
            model.name
        );
    }
    std::fs::rename(&part, path)
        .with_context(|| format!("{} can't be renamed to {}", part.display(), path.display()))?;
    Ok(Fetched::Done)
}

fn is_right(path: &Path, model: &SpeechModel) -> Result<bool> {
    let file = File::open(path).with_context(|| format!("{} can't be opened", path.display()))?;
    let hash = sha256_of(file).with_context(|| format!("{} can't be read", path.display()))?;
    Ok(hash.eq_ignore_ascii_case(&model.sha256))
}

/// Brings `file` to its full size; false when it was interrupted.
fn download(model: &SpeechModel, part: &Path, file: &mut File, progress: &mut dyn FnMut(u64) -> bool) -> Result<bool> {
    let agent = agent();
    let mut attempt = 1;
    loop {
        let mut have = file.seek(SeekFrom::End(0)).map_err(|error| writing(part, error))?;
        if have > model.bytes {
            cut(file, part)?;
            have = 0;
        }
        if have == model.bytes {
            return Ok(true);
        }
        if !progress(have) {
            return Ok(false);
        }
        let ended = match take(&agent, model, have, part, file, progress)? {
            Ended::Interrupted => return Ok(false),
            Ended::Complete => return Ok(true),
            Ended::Early(reason) => reason,
        };
        let got = file.seek(SeekFrom::End(0)).map_err(|error| writing(part, error))?;
        if attempt == ATTEMPTS || got <= have {
            return Err(anyhow!(
                "{} of {} came from {}, then the connection broke ({ended}); start the same command again, it goes on from there",
                megabytes(got),
                megabytes(model.bytes),
                model.source
            ));
        }
        attempt += 1;
    }
}

enum Ended {
    Complete,
    Interrupted,
    /// The connection broke, and how.
    Early(String),
}

/// One request for what is missing.
fn take(
    agent: &ureq::Agent,
    model: &SpeechModel,
    have: u64,
    part: &Path,
    file: &mut File,
    progress: &mut dyn FnMut(u64) -> bool,
) -> Result<Ended> {
    let mut request = agent.get(&model.source);
    if have > 0 {
        request = request.header("Range", format!("bytes={have}-"));
    }
    let response = request.call().map_err(|error| unreachable_source(model, &error))?;
    let mut got = match response.status().as_u16() {
        206 => have,
        200 if have == 0 => 0,
        200 => {
            cut(file, part)?; // a server that knows no ranges sends it all again
            0
        }
        416 => {
            cut(file, part)?;
            return Ok(Ended::Early("the server has less than is here already".into()));
        }
        404 | 410 => bail!(
            "{} is not at {} any more (HTTP {}); a newer Otherglass may know where it went",
            model.name,
            model.source,
            response.status().as_u16()
        ),
        other => bail!("{} answers HTTP {other} instead of the file; try again later", model.source),
    };
    let mut body = response.into_body().into_with_config().limit(model.bytes + 1).reader();
    let mut buffer = vec![0; 1 << 16];
    loop {
        let count = match body.read(&mut buffer) {
            Ok(0) if got < model.bytes => return Ok(Ended::Early("it ended early".into())),
            Ok(0) => return Ok(Ended::Complete),
            Ok(count) => count,
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            Err(error) => return Ok(Ended::Early(error.to_string())),
        };
        if got + count as u64 > model.bytes {
            cut(file, part)?;
            bail!(
                "{} sends more than the {} bytes that {} has; nothing was kept",
                model.source,
                model.bytes,
                model.name
            );
        }
        file.write_all(&buffer[..count]).map_err(|error| writing(part, error))?;
        got += count as u64;
        if !progress(got) {
            return Ok(Ended::Interrupted);
        }
    }
}

fn agent() -> ureq::Agent {
    let config = ureq::Agent::config_builder()
        .http_status_as_error(false)
        .timeout_resolve(Some(Duration::from_secs(15)))
        .timeout_connect(Some(Duration::from_secs(20)))
        .timeout_recv_response(Some(Duration::from_secs(60)))
        .timeout_per_read(Some(Duration::from_secs(60)))
        .user_agent(concat!("otherglass/", env!("CARGO_PKG_VERSION")));
    config.build().new_agent()
}

fn cut(file: &mut File, part: &Path) -> Result<()> {
    file.set_len(0).and_then(|()| file.rewind()).map_err(|error| writing(part, error))
}

fn writing(part: &Path, error: std::io::Error) -> anyhow::Error {
    if matches!(error.kind(), ErrorKind::StorageFull | ErrorKind::QuotaExceeded) {
        return anyhow!(
            "the disk is full: {} can't grow; make room, or name another folder with {}, and start the same command again",
            part.display(),
            super::MODELS_VARIABLE
        );
    }
    anyhow::Error::new(error).context(format!("{} can't be written", part.display()))
}

fn unreachable_source(model: &SpeechModel, error: &ureq::Error) -> anyhow::Error {
    anyhow!(
        "{} can't be reached ({error}); is this machine online? On another one, download it by hand and put it where `otherglass models list` says",
        model.source
    )
}

#[cfg(test)]
#[path = "fetch_tests.rs"]
mod tests;
