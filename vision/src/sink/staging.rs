//! The working folder of an output: hidden, beside the output's final name, and gone when the output has that name.
//!
//! ```text
//! clips/.otherglass-4f1c09a2/owner     held locked while somebody works here
//! clips/.otherglass-4f1c09a2/work      the file that becomes clips/out.mp4, or
//! clips/.otherglass-4f1c09a2/frames/   the pictures that become clips/shots/
//! ```
//!
//! Two writers never share a folder, so the last one to finish wins whole. A folder that a crash left behind is removed by
//! the next output at that place: its marker says that it is ours, and its lock is free.

use std::fs::{self, File};
use std::hash::{BuildHasher, RandomState};
use std::io::{self, ErrorKind, Read, Write};
use std::path::{Path, PathBuf};

use super::numbered;
use crate::VisionError;

/// What a working folder's name begins with.
const PREFIX: &str = ".otherglass-";

/// The file in a working folder whose lock its owner holds.
const OWNER: &str = "owner";

/// What stands in that file once it is locked.
const MARK: &[u8] =
    b"Otherglass works here. Left over from a crash, this folder is removed by the next output beside it.\n";

/// The working name of a single file.
const WORK: &str = "work";

/// The working name of a folder of pictures.
const FRAMES: &str = "frames";

/// Links followed to an output's place, at most.
const MAX_LINKS: usize = 16;

/// A working folder; removed with all that is in it when dropped.
#[derive(Debug)]
pub(super) struct Staging {
    folder: PathBuf,
    /// Open and locked as long as the folder is in use.
    owner: Option<File>,
}

impl Staging {
    /// A new working folder in `place`, after those were removed that crashes left there.
    pub(super) fn new(place: &Path) -> io::Result<Self> {
        // The empty path is the current folder.
        let place = if place.as_os_str().is_empty() { Path::new(".") } else { place };
        sweep(place);
        let random = RandomState::new();
        for attempt in 0_u32.. {
            let number = random.hash_one((attempt, std::process::id())) as u32;
            let folder = place.join(format!("{PREFIX}{number:08x}"));
            match fs::create_dir(&folder) {
                Err(error) if error.kind() == ErrorKind::AlreadyExists && attempt < 100 => {}
                Err(error) => return Err(error),
                Ok(()) => {
                    let mut staging = Self { folder, owner: None };
                    staging.claim()?;
                    return Ok(staging);
                }
            }
        }
        Err(ErrorKind::AlreadyExists.into())
    }

    /// Locks the marker before its text is written: a marker with its text and without a lock has no owner any more.
    fn claim(&mut self) -> io::Result<()> {
        let mut owner = File::create_new(self.folder.join(OWNER))?;
        // Some network file systems know no locks; what a crash leaves there stays.
        if owner.try_lock().is_ok() {
            owner.write_all(MARK)?;
        }
        self.owner = Some(owner);
        Ok(())
    }

    /// Creates the file that is worked on, readable and writable.
    pub(super) fn create_file(&self) -> io::Result<File> {
        File::options().read(true).write(true).create_new(true).open(self.folder.join(WORK))
    }

    /// Creates the folder that pictures are collected in.
    pub(super) fn create_frames(&self) -> io::Result<PathBuf> {
        let frames = self.folder.join(FRAMES);
        fs::create_dir(&frames).map(|()| frames)
    }

    /// Gives the finished file its final name. What was there is replaced, or with `keep` makes it fail.
    pub(super) fn publish_file(self, target: &Path, keep: bool) -> io::Result<()> {
        let work = self.folder.join(WORK);
        if keep {
            match fs::hard_link(&work, target) {
                Err(error) if error.kind() != ErrorKind::AlreadyExists && !target.exists() => {} // no links here
                done => return done,
            }
        }
        fs::rename(work, target)
    }
}

impl Drop for Staging {
    fn drop(&mut self) {
        // Some systems remove only closed files.
        drop(self.owner.take());
        if let Err(error) = remove(&self.folder) {
            tracing::debug!(%error, path = %self.folder.display(), "working folder not removed");
        }
    }
}

/// Removes what crashes left in a folder; what can't be looked at or removed stays.
fn sweep(place: &Path) {
    let Ok(entries) = fs::read_dir(place) else { return };
    for entry in entries.flatten() {
        if !entry.file_name().to_string_lossy().starts_with(PREFIX) {
            continue;
        }
        let Ok(owner) = File::open(entry.path().join(OWNER)) else { continue };
        let mut mark = Vec::new();
        let marked = (&owner).take(MARK.len() as u64 + 1).read_to_end(&mut mark).is_ok() && mark == MARK;
        if marked && owner.try_lock().is_ok() {
            drop(owner);
            if let Err(error) = remove(&entry.path()) {
                tracing::debug!(%error, path = %entry.path().display(), "left from a crash and not removed");
            }
        }
    }
}

/// Removes a working folder, file by file: with anything unknown in it, it stays.
fn remove(folder: &Path) -> io::Result<()> {
    let gone = |result: io::Result<()>| match result {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        result => result,
    };
    let frames = folder.join(FRAMES);
    if let Ok(entries) = fs::read_dir(&frames) {
        for entry in entries {
            let path = entry?.path();
            if numbered::number_of(&path).is_some() {
                fs::remove_file(path)?;
            }
        }
        fs::remove_dir(frames)?;
    }
    gone(fs::remove_file(folder.join(WORK)))?;
    gone(fs::remove_file(folder.join(OWNER)))?;
    fs::remove_dir(folder)
}

/// The place that an output's name leads to, links followed; refused where something is that must not be replaced.
pub(super) fn resolved(path: &Path) -> Result<PathBuf, VisionError> {
    let refuse = |what: &str, help| Err(VisionError::Encode { path: path.to_path_buf(), what: what.into(), help });
    let mut target = path.to_path_buf();
    for _ in 0..MAX_LINKS {
        let Ok(metadata) = fs::symlink_metadata(&target) else { return Ok(target) };
        if metadata.is_symlink() {
            let link = fs::read_link(&target).map_err(|error| VisionError::writing(path, error))?;
            target = target.parent().unwrap_or(Path::new("")).join(link);
            continue;
        }
        if metadata.is_file() && metadata.permissions().readonly() {
            return refuse("the file is there and write-protected", "choose another name, or take the protection away");
        }
        if !metadata.is_file() && !metadata.is_dir() {
            return refuse("that is a device or pipe", "name a file (.mp4, .gif, .png, .jpg) or a folder");
        }
        return Ok(target);
    }
    refuse("it is a link in a circle", "choose another name")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        let entries = fs::read_dir(folder).unwrap();
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
    }

    #[test]
    fn a_working_folder_goes_with_its_owner() {
        let place = tempfile::tempdir().unwrap();
        let staging = Staging::new(place.path()).unwrap();
        staging.create_file().unwrap().write_all(b"x").unwrap();
        assert_eq!(names(place.path()).len(), 1);
        drop(staging);
        assert_eq!(names(place.path()), [""; 0]);
    }

    #[test]
    fn a_sweep_takes_dead_folders_of_ours_alone() {
        let place = tempfile::tempdir().unwrap();
        let make = |name: &str, files: &[(&str, &[u8])]| {
            fs::create_dir(place.path().join(name)).unwrap();
            for (file, bytes) in files {
                fs::write(place.path().join(name).join(file), bytes).unwrap();
            }
        };
        make(".otherglass-dead", &[(OWNER, MARK), (WORK, b"half")]);
        make(".otherglass-mine", &[("diary.txt", b"dear")]);
        make(".otherglass-marked", &[(OWNER, MARK), ("diary.txt", b"dear")]);
        make(".otherglass-empty", &[(OWNER, b"")]);
        make("otherglass-dead", &[(OWNER, MARK)]);
        let living = Staging::new(place.path()).unwrap();
        let second = Staging::new(place.path()).unwrap();
        let mut left = names(place.path());
        left.retain(|name| !living.folder.ends_with(name) && !second.folder.ends_with(name));
        left.sort();
        assert_eq!(left, [".otherglass-empty", ".otherglass-marked", ".otherglass-mine", "otherglass-dead"]);
        assert!(living.folder.join(OWNER).exists(), "a living owner's folder was swept");
        assert_eq!(fs::read(place.path().join(".otherglass-marked/diary.txt")).unwrap(), b"dear");
    }

    #[test]
    fn nothing_is_replaced_where_it_is_to_be_kept() {
        let place = tempfile::tempdir().unwrap();
        let target = place.path().join("a");
        for (keep, expected) in [(true, &b"new"[..]), (true, b"new"), (false, b"newer")] {
            let staging = Staging::new(place.path()).unwrap();
            let bytes: &[u8] = if keep { b"new" } else { b"newer" };
            staging.create_file().unwrap().write_all(bytes).unwrap();
            let existed = target.exists();
            assert_eq!(staging.publish_file(&target, keep).is_err(), keep && existed);
            assert_eq!(fs::read(&target).unwrap(), expected);
            assert_eq!(names(place.path()), ["a"]);
        }
    }
}
