//! Everything that can go wrong with pictures, cameras and clips, said so that the reader knows what to do.

use std::io;
use std::path::{Path, PathBuf};

use crate::FrameError;

/// An error of this crate. Every message names the file or device, what was wrong with it, and what helps.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum VisionError {
    /// The path leads nowhere.
    #[error("{}: no such file or folder; check the path", .path.display())]
    NotFound {
        /// The path as given.
        path: PathBuf,
    },
    /// The operating system refused to read it.
    #[error("{}: cannot be read ({source}); check its permissions and the disk", .path.display())]
    Unreadable {
        /// The path as given.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// A file of zero bytes.
    #[error("{}: the file is empty (0 bytes); record or download it again", .path.display())]
    EmptyFile {
        /// The path as given.
        path: PathBuf,
    },
    /// A file or folder without a single picture in it.
    #[error("{}: {what}; {help}", .path.display())]
    NoFrames {
        /// The path as given.
        path: PathBuf,
        /// What was found instead of frames.
        what: String,
        /// What to do about it.
        help: String,
    },
    /// A container or codec that is not built in, and no `ffmpeg` to help out.
    #[error("{}: {found} is not built in; {help}", .path.display())]
    Unsupported {
        /// The path as given.
        path: PathBuf,
        /// The container and codec found.
        found: String,
        /// What to do about it.
        help: String,
    },
    /// Copy protection, which nothing here can undo.
    #[error("{}: encrypted (DRM, {scheme}); give a copy without copy protection", .path.display())]
    Encrypted {
        /// The path as given.
        path: PathBuf,
        /// The scheme's name in the file.
        scheme: String,
    },
    /// The file is cut off or its bytes make no sense.
    #[error("{}: damaged: {what}; try another copy, or open it elsewhere and export it anew", .path.display())]
    Damaged {
        /// The path as given.
        path: PathBuf,
        /// What was expected and what was found.
        what: String,
    },
    /// The picture is larger than this crate takes.
    #[error("{}: {width}x{height} is larger than {limit}; scale it down first", .path.display())]
    TooLarge {
        /// The path as given.
        path: PathBuf,
        /// Width found, pixels.
        width: u64,
        /// Height found, pixels.
        height: u64,
        /// The limit, in words.
        limit: &'static str,
    },
    /// The helper program failed.
    #[error("{}: ffmpeg could not read it: {message}", .path.display())]
    Ffmpeg {
        /// The path as given.
        path: PathBuf,
        /// The last thing that ffmpeg printed.
        message: String,
    },

    /// No camera at all.
    #[error(
        "no camera found; plug one in (in a container or virtual machine, pass /dev/video0 through), or give a clip instead"
    )]
    NoCamera,
    /// None of the cameras fits the wish.
    #[error("no camera {wanted}; there is: {present}; choose one of these by its number or a part of its name")]
    CameraNotFound {
        /// The wish, in words.
        wanted: String,
        /// The cameras there are, in words.
        present: String,
    },
    /// The operating system forbids access.
    #[error("camera {camera}: access denied; {help}")]
    CameraForbidden {
        /// Name and index.
        camera: String,
        /// What to do about it.
        help: &'static str,
    },
    /// Another program holds it.
    #[error(
        "camera {camera}: in use by another program; close the program that shows its picture (browser, video call) and try again"
    )]
    CameraBusy {
        /// Name and index.
        camera: String,
    },
    /// It was there and is gone.
    #[error("camera {camera}: unplugged; plug it in again")]
    CameraUnplugged {
        /// Name and index.
        camera: String,
    },
    /// Anything else that a camera or its driver does.
    #[error("camera {camera}: {what}; unplug it, plug it in again, or choose another camera")]
    CameraFailed {
        /// Name and index.
        camera: String,
        /// What was tried and what came of it.
        what: String,
    },

    /// The output's name says no format that can be written.
    #[error("{}: can't write {found}; name the output .mp4, .gif, .png, .jpg or a folder", .path.display())]
    UnsupportedOutput {
        /// The path as given.
        path: PathBuf,
        /// The format that the name asks for.
        found: String,
    },
    /// The operating system refused to write it.
    #[error("{}: cannot be written ({source}); {help}", .path.display())]
    Unwritable {
        /// The path as given.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
        /// What to do about it.
        help: &'static str,
    },
    /// A frame of another size in the middle of a clip.
    #[error("{}: expected a frame of {expected:?} pixels, got {got:?}; scale frames to one size before writing", .path.display())]
    FrameSize {
        /// The output.
        path: PathBuf,
        /// Width and height of the first frame.
        expected: (u32, u32),
        /// Width and height of this frame.
        got: (u32, u32),
    },
    /// The encoder refused.
    #[error("{}: {what}; {help}", .path.display())]
    Encode {
        /// The output.
        path: PathBuf,
        /// What was tried and what came of it.
        what: String,
        /// What to do about it.
        help: &'static str,
    },
    /// A frame whose bytes do not fit its size.
    #[error(transparent)]
    Frame(#[from] FrameError),
}

impl VisionError {
    /// An input error, sorted by what the operating system said.
    pub(crate) fn reading(path: &Path, source: io::Error) -> Self {
        let path = path.to_path_buf();
        match source.kind() {
            io::ErrorKind::NotFound => Self::NotFound { path },
            io::ErrorKind::UnexpectedEof => Self::Damaged { path, what: "it ends in the middle".into() },
            _ => Self::Unreadable { path, source },
        }
    }

    /// An output error with the remedy that fits what the operating system said.
    pub(crate) fn writing(path: &Path, source: io::Error) -> Self {
        let help = match source.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
                "the disk is full: free some space or write elsewhere"
            }
            io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
                "choose a folder that you may write to"
            }
            io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => "make the folder it should be in first",
            io::ErrorKind::IsADirectory => "a folder of that name is in the way",
            io::ErrorKind::AlreadyExists => "something of that name is there already: choose another name",
            _ => "choose another place",
        };
        Self::Unwritable { path: path.to_path_buf(), source, help }
    }

    /// A damaged input.
    pub(crate) fn damaged(path: &Path, what: impl Into<String>) -> Self {
        Self::Damaged { path: path.to_path_buf(), what: what.into() }
    }
}
