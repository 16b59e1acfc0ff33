//! The mirror hears: what a synthesised voice says changes the scene, from files and through the real sound system.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "what is skipped is told to whoever runs the tests")]

mod common;
#[path = "../speech/tests/common/pulse.rs"]
mod pulse;

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, sync_channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use common::{Display, otherglass, ran, speech_model, spoken, write_footage};
use otherglass_speech::sound;
use pulse::Server;

/// What a visitor says, one after another.
const SENTENCES: &[&str] = &[
    "Hey, this is my hand. I want to hold a sword.",
    "No, no, no: make it bigger, make it blue.",
    "Put a golden crown on my head.",
    "Make the crown silver.",
    "Take me to the ice kingdom.",
];

/// The scene of a line of the log, or of `say --json`.
fn scene(json: &str) -> serde_json::Value {
    serde_json::from_str(json).unwrap_or_else(|error| panic!("{json}: {error}"))
}

fn holds(scene: &serde_json::Value, kind: &str, color: &str) -> bool {
    let items = scene["items"].as_array().cloned().unwrap_or_default();
    items.iter().any(|item| item["kind"] == kind && item["color"] == color)
}

#[test]
fn sentences_in_a_file_end_in_their_scene() {
    let folder = tempfile::tempdir().unwrap();
    let Some(model) = speech_model() else { return };
    let Some(samples) = spoken(folder.path(), "en-us", SENTENCES) else { return };
    let file = folder.path().join("visit.wav");
    sound::write(&file, &samples).unwrap();
    let heard = ran(otherglass().arg("transcribe").arg(&file).arg("--json").arg("--model").arg(&model)).succeeded();
    let texts: Vec<String> =
        heard.out.lines().map(|line| scene(line)["text"].as_str().unwrap_or_default().to_owned()).collect();
    let said = ran(otherglass().args(["say", "--json"]).args(&texts)).succeeded();
    let scene = scene(said.out.lines().last().unwrap_or_default());
    assert!(holds(&scene, "sword", "blue") && holds(&scene, "crown", "silver"), "{texts:#?}\n{scene}");
    assert_eq!(scene["world"]["theme"], "ice_kingdom", "{texts:#?}\n{scene}");
    // The same voice over a clip, through `render`.
    let clip = folder.path().join("clip.gif");
    write_footage(&clip, 64, 48, 3);
    let mut render = otherglass();
    render.args(["render", "--engine", "passthrough", "--seconds", "0.1"]).arg(&clip).arg("--voice").arg(&file);
    ran(render.arg("--output").arg(folder.path().join("out.gif")).arg("--model").arg(&model)).succeeded();
}

/// The real window under a virtual display, listening to a virtual microphone; its log is what it tells.
struct Window {
    process: Child,
    log: Option<Receiver<String>>,
    lines: Vec<String>,
    reader: Option<JoinHandle<()>>,
}

impl Window {
    fn open(server: &Server, display: &Display, folder: &Path, model: &Path, arguments: &[&str]) -> Self {
        write_footage(&folder.join("me.mp4"), 160, 120, 30);
        let mut command = server.on_it(Path::new(env!("CARGO_BIN_EXE_otherglass")));
        command.env("DISPLAY", &display.name).env("LIBGL_ALWAYS_SOFTWARE", "1").env_remove("WAYLAND_DISPLAY");
        command.env("XDG_CONFIG_HOME", "/nonexistent/config").env("OTHERGLASS_LOG", "otherglass=debug");
        command.current_dir(folder).args(arguments).arg("--model").arg(model);
        let mut process = command.stderr(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
        let (sender, log) = sync_channel(10_000);
        let out = process.stderr.take().unwrap();
        let reader = std::thread::spawn(move || {
            for line in BufReader::new(out).lines().map_while(Result::ok) {
                if sender.send(line).is_err() {
                    return;
                }
            }
        });
        Self { process, log: Some(log), lines: Vec::new(), reader: Some(reader) }
    }

    /// Waits for a line of the log.
    #[track_caller]
    fn wait_for(&mut self, what: &str, holds: impl Fn(&str) -> bool) {
        let deadline = Instant::now() + Duration::from_secs(90);
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            let line = self.log.as_ref().map(|log| log.recv_timeout(left));
            let Some(Ok(line)) = line else { panic!("waited until {what}\n{:#?}", self.lines) };
            let found = holds(&line);
            self.lines.push(line);
            if found {
                return;
            }
        }
    }

    /// Ctrl-C, as at a terminal: its exit code, and the rest of its log.
    fn close(mut self) -> (Option<i32>, Vec<String>) {
        let id = self.process.id().to_string();
        assert!(Command::new("kill").args(["-INT", &id]).status().unwrap().success());
        let deadline = Instant::now() + Duration::from_secs(20);
        while self.process.try_wait().unwrap().is_none() && Instant::now() < deadline {
            std::thread::sleep(Duration::from_millis(20));
        }
        let code = self.process.try_wait().unwrap().and_then(|status| status.code());
        self.lines.extend(self.log.iter().flat_map(|log| log.try_iter()));
        (code, std::mem::take(&mut self.lines))
    }
}

impl Drop for Window {
    fn drop(&mut self) {
        let _gone_already = self.process.kill();
        let _gone_already = self.process.wait();
        self.log = None;
        if let Some(reader) = self.reader.take() {
            let _told_already = reader.join();
        }
    }
}

/// A virtual microphone into which nothing is played sends zeros, as one that is switched off.
fn is_open(line: &str) -> bool {
    line.contains("it listens to") || line.contains("ears: Muted")
}

/// The scene that a line of the log tells.
fn scene_of(line: &str) -> Option<serde_json::Value> {
    line.split_once("scene ").map(|(_, json)| scene(json))
}

#[test]
fn the_window_hears_what_is_said_into_a_microphone() {
    let folder = tempfile::tempdir().unwrap();
    let Some(model) = speech_model() else { return };
    let Some(display) = Display::start() else { return };
    let mut files = Vec::new();
    for (number, sentence) in ["I want to hold a sword.", "Make it blue."].iter().enumerate() {
        let Some(samples) = spoken(folder.path(), "en-us", &[sentence]) else { return };
        let file = folder.path().join(format!("{number}.wav"));
        sound::write(&file, &samples).unwrap();
        files.push(file);
    }
    let Some(server) = Server::start(folder.path()) else { return };
    let arguments = ["--camera", "me.mp4", "--engine", "passthrough"];
    let mut window = Window::open(&server, &display, folder.path(), &model, &arguments);
    window.wait_for("it listens", is_open);
    assert!(server.play(&files[0]), "paplay failed");
    let is_sword = |scene: serde_json::Value| scene["items"][0]["kind"] == "sword";
    window.wait_for("the sword is there", |line| scene_of(line).is_some_and(is_sword));
    assert!(server.play(&files[1]), "paplay failed");
    window.wait_for("it is blue", |line| scene_of(line).is_some_and(|scene| holds(&scene, "sword", "blue")));
    let (code, log) = window.close();
    assert_eq!(code, Some(130), "it did not close in time while it was listening: {log:#?}");
    assert!(log.iter().any(|line| line.contains(" 0 samples lost")), "{log:#?}");
}

/// Half a minute; with OTHERGLASS_LONG=1 ten minutes.
#[test]
fn no_sound_is_lost_while_the_house_model_draws_flat_out() {
    let folder = tempfile::tempdir().unwrap();
    let Some(model) = speech_model() else { return };
    let Some(display) = Display::start() else { return };
    let Some(samples) = spoken(folder.path(), "en-us", SENTENCES) else { return };
    let file = folder.path().join("visit.wav");
    sound::write(&file, &samples).unwrap();
    let Some(server) = Server::start(folder.path()) else { return };
    let long = std::env::var_os("OTHERGLASS_LONG").is_some();
    let time = Duration::from_secs(if long { 600 } else { 30 });
    // More frames than any processor draws, and enough in the scene.
    let arguments = ["--camera", "me.mp4", "--say", "give me wings", "--say", "take me to an ice kingdom"];
    let mut window = Window::open(&server, &display, folder.path(), &model, &arguments);
    window.wait_for("it listens", is_open);
    let end = Instant::now() + time;
    let mut played_s = 0.0;
    while Instant::now() < end {
        assert!(server.play(&file), "paplay failed");
        played_s += samples.len() as f64 / 16_000.0;
    }
    window.wait_for("something was heard", |line| line.contains("heard \""));
    std::thread::sleep(Duration::from_secs(5));
    let (code, log) = window.close();
    assert_eq!(code, Some(130), "{log:#?}");
    let ears: Vec<&String> = log.iter().filter(|line| line.contains("samples lost")).collect();
    eprintln!("{played_s:.0} s of speech: {ears:?}");
    assert!(ears.iter().any(|line| line.contains(" 0 samples lost")), "{log:#?}");
    assert!(!log.iter().any(|line| line.contains("Lost(")), "{log:#?}");
}

/// The figures of the line "all": word error rate, share of right scenes, and of those that change something.
fn figures(table: &str) -> [f64; 3] {
    let all =
        table.lines().find(|line| line.starts_with("all ")).unwrap_or_else(|| panic!("no line \"all\":\n{table}"));
    let figures: Vec<f64> = all.split_whitespace().skip(2).map(|figure| figure.parse().unwrap()).collect();
    figures.try_into().unwrap_or_else(|_| panic!("{all}"))
}

#[test]
fn a_folder_of_recordings_is_scored_and_timed() {
    let folder = tempfile::tempdir().unwrap();
    let Some(model) = speech_model() else { return };
    let said = ["give me a cape", "make the sword blue", "make it bigger", "take me to an ice kingdom"];
    for (number, sentence) in said.iter().enumerate() {
        let Some(samples) = spoken(folder.path(), "en-us", &[sentence]) else { return };
        sound::write(&folder.path().join(format!("{number}.wav")), &samples).unwrap();
    }
    let list = |texts: &[&str]| {
        let rows =
            texts.iter().enumerate().map(|(number, text)| format!("{number}.wav\t{text}\tespeak-ng/en-us\tnone\n"));
        let rows: String = rows.collect();
        std::fs::write(folder.path().join("utterances.tsv"), format!("file\ttext\tvoice\tnoise\n{rows}")).unwrap();
    };
    let score = || {
        let mut score = otherglass();
        score.args(["transcribe", "--score"]).arg(folder.path()).arg("--model").arg(&model);
        figures(&ran(&mut score).succeeded().out)
    };
    list(&said);
    let [errors, right, changing] = score();
    assert!(errors <= 0.35 && right >= 0.75 && changing >= 0.75, "{errors} {right} {changing}");
    // Other texts are not what was heard.
    list(&["remove the sword", "a red cape please", "give me angel wings", "paint it like a comic"]);
    let [errors, right, changing] = score();
    assert!(errors >= 0.5 && right <= 0.25 && changing <= 0.25, "{errors} {right} {changing}");

    let mut bench = otherglass();
    bench.args(["bench", "--speech"]).arg(folder.path()).arg("--model").arg(&model);
    let told = ran(&mut bench).succeeded().out;
    for stage in ["silence until", "waiting for", "what is left", "hand-over", "all", "encoder", "decoder", "guard"] {
        assert!(told.lines().any(|line| line.contains(stage) && line.contains(" ms")), "{stage} is missing:\n{told}");
    }
    let mut absent = otherglass();
    absent.args(["transcribe", "--score", "/no/such/folder"]);
    ran(&mut absent).failed(1, &["/no/such/folder/utterances.tsv"]);
}
