//! A sound server of our own, with a microphone that hears what is played to a loudspeaker.

// Each test file is a program of its own and uses some of this.
#![allow(dead_code)]

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// A server and its socket; ended when dropped.
#[derive(Debug)]
pub struct Server {
    process: Child,
    folder: PathBuf,
}

impl Server {
    /// Says why the test is skipped where there is none.
    pub fn start(folder: &Path) -> Option<Self> {
        let server = Self::try_start(folder);
        if server.is_none() {
            eprintln!(
                "skipped: no pulseaudio to make a virtual microphone with (apt-get install pulseaudio pulseaudio-utils)"
            );
        }
        server
    }

    fn try_start(folder: &Path) -> Option<Self> {
        std::fs::create_dir_all(folder.join("pulse")).unwrap();
        let socket = folder.join("pulse/native");
        let _stale = std::fs::remove_file(&socket);
        let script = folder.join("default.pa");
        let listen = format!("load-module module-native-protocol-unix socket={} auth-anonymous=1", socket.display());
        let lines = [
            listen.as_str(),
            "load-module module-null-sink sink_name=speaker rate=48000 channels=1 norewinds=1",
            "load-module module-remap-source source_name=microphone master=speaker.monitor",
            "set-default-source microphone",
        ];
        std::fs::write(&script, lines.join("\n")).unwrap();
        let mut command = Command::new("pulseaudio");
        command.args(["-n", "-F"]).arg(&script);
        command.args(["--daemonize=no", "--exit-idle-time=-1", "--use-pid-file=no"]);
        command.env("XDG_RUNTIME_DIR", folder).env("HOME", folder).stdout(Stdio::null()).stderr(Stdio::null());
        let server = Self { process: command.spawn().ok()?, folder: folder.to_owned() };
        let deadline = Instant::now() + Duration::from_secs(20);
        // The socket is there before the microphone is.
        let answers = || {
            let sources = server.on_it("pactl").args(["list", "short", "sources"]).output();
            sources.is_ok_and(|sources| String::from_utf8_lossy(&sources.stdout).contains("\tmicrophone\t"))
        };
        while !(socket.exists() && answers()) {
            if Instant::now() > deadline {
                return None;
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        Some(server)
    }

    /// The folder of its socket.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// A program that uses it.
    pub fn on_it(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let mut command = Command::new(program);
        command.env("PULSE_SERVER", format!("unix:{}", self.folder.join("pulse/native").display()));
        command.env("XDG_RUNTIME_DIR", &self.folder);
        command
    }

    /// Plays a file into the microphone, to its end.
    pub fn play(&self, file: &Path) -> bool {
        let played = self.on_it("paplay").arg("--device=speaker").arg(file).status();
        played.is_ok_and(|status| status.success())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _gone_already = self.process.kill();
        let _gone_already = self.process.wait();
    }
}
