//! The display that the window opens on: Wayland where a compositor answers, else X11.
//!
//! winit goes by the names in the environment alone, and a name can outlive its compositor.

use std::ffi::OsString;

/// Names the display variables that are set, as in "WAYLAND_DISPLAY=wayland-0, DISPLAY=:0"; empty where none is.
#[must_use]
pub fn variables() -> String {
    let set = |name: &str| {
        let value = std::env::var_os(name).filter(|value| !value.is_empty())?;
        Some(format!("{name}={}", value.to_string_lossy()))
    };
    let set: Vec<String> = ["WAYLAND_SOCKET", "WAYLAND_DISPLAY", "DISPLAY"].into_iter().filter_map(set).collect();
    set.join(", ")
}

/// Has winit open the window on X11 where the Wayland compositor of the environment does not answer and DISPLAY is set.
#[cfg(target_os = "linux")]
pub fn choose(options: &mut eframe::NativeOptions) {
    use winit::platform::x11::EventLoopBuilderExtX11;
    let set = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty());
    let (socket, display) = (set("WAYLAND_SOCKET"), set("WAYLAND_DISPLAY"));
    if (socket.is_none() && display.is_none()) || set("DISPLAY").is_none() {
        return;
    }
    if !linux::wayland_answers(socket, display, set("XDG_RUNTIME_DIR")) {
        tracing::info!("no Wayland compositor answers; the window opens on X11");
        options.event_loop_builder = Some(Box::new(|builder| {
            builder.with_x11();
        }));
    }
}

#[cfg(not(target_os = "linux"))]
pub fn choose(_options: &mut eframe::NativeOptions) {}

/// The reason in an error of eframe, without the place in winit's source, which names a folder of whoever built the program.
#[must_use]
pub fn reason(error: &str) -> String {
    let end_of_place = |at: usize| {
        let rest = &error[at + ".rs:".len()..];
        let digits = rest.len() - rest.trim_start_matches(|letter: char| letter.is_ascii_digit()).len();
        rest[digits..].strip_prefix(": ").filter(|_| digits > 0)
    };
    let reason = error.match_indices(".rs:").filter_map(|(at, _)| end_of_place(at)).last().unwrap_or(error);
    let reason = ["winit EventLoopError: ", "winit error: "]
        .iter()
        .fold(reason, |words, prefix| words.strip_prefix(prefix).unwrap_or(words));
    reason.trim().trim_end_matches('.').to_owned()
}

#[cfg(target_os = "linux")]
mod linux {
    use std::io::{Read, Write};
    use std::os::unix::fs::FileTypeExt;
    use std::os::unix::net::UnixStream;
    use std::path::{Path, PathBuf};
    use std::time::Duration;

    use super::OsString;

    /// How long a compositor may take to answer.
    const PATIENCE: Duration = Duration::from_secs(2);

    /// Whether there is a compositor behind these values of WAYLAND_SOCKET, WAYLAND_DISPLAY and XDG_RUNTIME_DIR.
    pub fn wayland_answers(socket: Option<OsString>, display: Option<OsString>, folder: Option<OsString>) -> bool {
        if let Some(descriptor) = socket {
            // An open connection that a parent handed down: talking to it here would disturb it.
            let number = descriptor.to_str().and_then(|text| text.parse::<u32>().ok());
            let of = |number: u32| std::fs::metadata(format!("/proc/self/fd/{number}"));
            return number.and_then(|number| of(number).ok()).is_some_and(|file| file.file_type().is_socket());
        }
        let Some(display) = display else { return false };
        let path = match (Path::new(&display).is_absolute(), folder) {
            (true, _) => PathBuf::from(display),
            (false, Some(folder)) => Path::new(&folder).join(display),
            (false, None) => return false,
        };
        answers(&path).is_ok()
    }

    /// Asks the compositor for a sign of life (`wl_display.sync`), since a socket can stand without anybody behind it.
    fn answers(path: &Path) -> std::io::Result<()> {
        /// Object 1, the display; size 12 and request 0, `sync`; the new object 2.
        const SYNC: [u32; 3] = [1, 12 << 16, 2];
        let mut stream = UnixStream::connect(path)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_write_timeout(Some(PATIENCE))?;
        stream.write_all(&SYNC.map(u32::to_ne_bytes).concat())?;
        stream.read_exact(&mut [0; 8])
    }

    #[cfg(test)]
    mod tests {
        use std::os::unix::net::UnixListener;

        use super::*;

        #[test]
        fn only_a_socket_that_answers_counts() {
            let folder = tempfile::tempdir().unwrap();
            let runtime = Some(folder.path().as_os_str().to_owned());
            let asks = |name: &str| wayland_answers(None, Some(name.into()), runtime.clone());
            assert!(!asks("wayland-9"), "there is none");
            std::fs::write(folder.path().join("file"), b"").unwrap();
            assert!(!asks("file"), "a file is no socket");
            let left = folder.path().join("left");
            drop(UnixListener::bind(&left).unwrap());
            assert!(!asks("left"), "nobody listens any more");
            let mute = UnixListener::bind(folder.path().join("mute")).unwrap();
            assert!(!asks("mute"), "nobody answers");
            drop(mute);
            let path = folder.path().join("live");
            let live = UnixListener::bind(&path).unwrap();
            let compositor = std::thread::spawn(move || {
                for _ in 0..2 {
                    let (mut client, _) = live.accept().unwrap();
                    client.read_exact(&mut [0; 12]).unwrap();
                    client.write_all(&[0; 12]).unwrap();
                }
            });
            assert!(asks("live"));
            assert!(wayland_answers(None, Some(path.into_os_string()), None), "an absolute path needs no folder");
            compositor.join().unwrap();
            assert!(!wayland_answers(None, Some("live".into()), None), "a name needs the folder");
            for descriptor in ["", "x", "-1", "100000"] {
                assert!(!wayland_answers(Some(descriptor.into()), None, None), "{descriptor}");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_place_in_source_is_told() {
        let told = "winit EventLoopError: os error at /home/x/winit-0.30/src/linux/mod.rs:765: Could not find wayland compositor";
        assert_eq!(reason(told), "Could not find wayland compositor");
        assert_eq!(reason("winit error: x"), "x");
        assert_eq!(reason("no GL context: a.rs is gone."), "no GL context: a.rs is gone");
    }
}
