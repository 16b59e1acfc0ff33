//! Speech through the real binary: without a model, with a random one, and fetching from a server of our own.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "what is skipped is told to whoever runs the tests")]

mod common;
#[path = "../speech/tests/common/tiny_model.rs"]
mod tiny_model;

use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Command;

use common::{copy_folder, otherglass, ran, run, spoken, write_footage};
use otherglass_speech::sound;
use tiny_model::TinyModel;

/// A folder for models that holds none.
fn without_models(folder: &Path) -> Command {
    let mut command = otherglass();
    command.env("OTHERGLASS_MODELS", folder);
    command
}

/// A second of silence, two seconds that pass for a voice with some detectors, silence.
fn recording(folder: &Path) -> PathBuf {
    let file = folder.join("recording.wav");
    let spoken = folder.join("spoken.wav");
    let made = Command::new("espeak-ng").args(["-w"]).arg(&spoken).arg("Give me a crown, and make it silver.").output();
    let samples = match made {
        Ok(output) if output.status.success() => sound::read_all(&spoken).unwrap(),
        _ => vec![0.0; 32_000],
    };
    let silence = vec![0.0; 16_000];
    sound::write(&file, &[silence.clone(), samples, silence].concat()).unwrap();
    file
}

#[test]
fn what_is_built_in_hears_where_nothing_was_fetched() {
    let folder = tempfile::tempdir().unwrap();
    let Some(samples) = spoken(folder.path(), "en-us", &["Give me a crown, and make it silver."]) else { return };
    let file = folder.path().join("recording.wav");
    sound::write(&file, &samples).unwrap();
    let heard = ran(without_models(folder.path()).arg("transcribe").arg(&file)).succeeded().out.to_lowercase();
    assert!(heard.contains("crown") && heard.contains("silver"), "{heard}");
}

#[test]
fn without_a_model_it_says_how_to_get_one() {
    let folder = tempfile::tempdir().unwrap();
    let file = recording(folder.path());
    let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("assets");
    let assets = folder.path().join("assets");
    copy_folder(&shipped.join("house"), &assets.join("house"));
    std::fs::copy(shipped.join("models.toml"), assets.join("models.toml")).unwrap();
    ran(without_models(folder.path()).arg("transcribe").arg(&file).arg("--assets").arg(&assets))
        .failed(1, &["otherglass models fetch base"]);
    ran(without_models(folder.path()).arg("transcribe").arg(&file).args(["--model", "small"]))
        .failed(1, &["small", "otherglass models fetch small"]);
    ran(without_models(folder.path()).arg("transcribe").arg(&file).args(["--model", "bsae"]))
        .failed(1, &["did you mean base"]);
    let clip = folder.path().join("clip.gif");
    write_footage(&clip, 64, 48, 3);
    let mut render = without_models(folder.path());
    render.arg("render").arg(&clip).arg("--output").arg(folder.path().join("out.gif")).arg("--voice").arg(&file);
    render.arg("--assets").arg(&assets);
    ran(&mut render).failed(1, &["otherglass models fetch base"]);
}

#[test]
fn wrong_recordings_are_told_before_models() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("song.wav");
    std::fs::write(&file, "not a song").unwrap();
    ran(without_models(folder.path()).arg("transcribe").arg(&file))
        .failed(1, &["song.wav", "can't be heard", "ffmpeg -i"]);
    run(&["transcribe", "/no/such.wav"]).failed(1, &["/no/such.wav"]);
    run(&["transcribe", "a.wav", "--language", "klingon"]).failed(2, &["klingon", "auto"]);
}

#[test]
fn a_random_model_goes_the_whole_way() {
    let folder = tempfile::tempdir().unwrap();
    let (file, model) = (recording(folder.path()), folder.path().join("random.bin"));
    TinyModel::default().write(&model);
    let mut transcribe = without_models(folder.path());
    let ran_through = ran(transcribe.arg("transcribe").arg(&file).arg("--json").arg("--model").arg(&model)).succeeded();
    for line in ran_through.out.lines() {
        let utterance: serde_json::Value = serde_json::from_str(line).unwrap();
        assert!(utterance["text"].is_string() && utterance["start"].as_f64() < utterance["end"].as_f64(), "{line}");
    }
    let clip = folder.path().join("clip.gif");
    write_footage(&clip, 64, 48, 3);
    let mut render = without_models(folder.path());
    render.arg("render").arg(&clip).arg("--output").arg(folder.path().join("out.gif")).arg("--voice").arg(&file);
    ran(render.args(["--engine", "passthrough", "--model"]).arg(&model)).succeeded();
    // Half of it is no model.
    let bytes = std::fs::read(&model).unwrap();
    std::fs::write(&model, &bytes[..bytes.len() / 2]).unwrap();
    let mut transcribe = without_models(folder.path());
    ran(transcribe.arg("transcribe").arg(&file).arg("--model").arg(&model)).failed(1, &["random.bin", "cut off"]);
}

#[test]
fn models_are_listed_fetched_and_verified() {
    let folder = tempfile::tempdir().unwrap();
    let (assets, models) = (folder.path().join("assets"), folder.path().join("models"));
    std::fs::create_dir(&assets).unwrap();
    let content = TinyModel::default().bytes();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/ggml-random.bin", listener.local_addr().unwrap());
    let manifest = format!(
        "[[speech]]\nname = \"random\"\nfile = \"ggml-random.bin\"\nbytes = {}\nsha256 = \"{}\"\nsource = \"{url}\"\nlicence = \"MIT\"\nnote = \"nonsense\"\n",
        content.len(),
        otherglass::models::sha256_of(&content[..]).unwrap()
    );
    std::fs::write(assets.join("models.toml"), manifest).unwrap();
    let command = |arguments: &[&str]| {
        let mut command = otherglass();
        command.env("OTHERGLASS_MODELS", &models).arg("--assets").arg(&assets).args(arguments);
        ran(&mut command)
    };
    let listed = command(&["models", "list"]).succeeded().out;
    assert!(listed.contains("random") && listed.contains("not here"), "{listed}");
    command(&["models", "fetch", "rnadom"]).failed(1, &["did you mean random"]);

    let sent = content.clone();
    let server = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut lines = BufReader::new(stream.try_clone().unwrap()).lines();
        while lines.next().is_some_and(|line| !line.unwrap().is_empty()) {}
        write!(stream, "HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", sent.len()).unwrap();
        stream.write_all(&sent).unwrap();
    });
    let fetched = command(&["models", "fetch", "random"]).succeeded();
    server.join().unwrap();
    assert!(fetched.out.trim().ends_with("ggml-random.bin"), "{fetched:?}");
    assert_eq!(std::fs::read(models.join("ggml-random.bin")).unwrap(), content);
    command(&["models", "fetch", "random"]).succeeded(); // the server is gone, and not needed
    assert!(command(&["models", "verify"]).succeeded().out.contains("ok"));

    let mut damaged = content;
    damaged[1_000] ^= 1;
    std::fs::write(models.join("ggml-random.bin"), damaged).unwrap();
    let verdict = command(&["models", "verify"]);
    assert!(
        verdict.code == Some(1) && verdict.out.contains("DAMAGED") && verdict.out.contains("SHA-256"),
        "{verdict:?}"
    );
}
