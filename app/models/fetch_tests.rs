//! Fetching, against a server of our own on 127.0.0.1 that follows a script.

use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

use super::*;

/// What the server does with one connection.
#[derive(Clone, Copy, Debug)]
enum Answer {
    /// Honours ranges.
    Whole,
    /// Sends everything whatever was asked for.
    NoRanges,
    /// Promises everything and closes after that many bytes.
    BreakAfter(usize),
    Status(u16),
    /// The right length, other bytes.
    Other,
}

struct Server {
    url: String,
    asked: Arc<Mutex<Vec<Option<u64>>>>,
    _thread: JoinHandle<()>,
}

fn content() -> Vec<u8> {
    (0..300_000_u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8).collect()
}

/// One answer for each connection, in order.
fn serve(answers: Vec<Answer>) -> Server {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/model.bin", listener.local_addr().unwrap());
    let asked = Arc::new(Mutex::new(Vec::new()));
    let told = Arc::clone(&asked);
    let thread = std::thread::spawn(move || {
        for answer in answers {
            let (mut stream, _) = listener.accept().unwrap();
            let mut start = None;
            for line in BufReader::new(stream.try_clone().unwrap()).lines() {
                let line = line.unwrap().to_lowercase();
                if let Some(range) = line.strip_prefix("range: bytes=") {
                    start = range.trim_end_matches('-').parse::<u64>().ok();
                }
                if line.is_empty() {
                    break;
                }
            }
            told.lock().unwrap().push(start);
            let all = content();
            let from = start.unwrap_or(0) as usize;
            let (head, body) = match answer {
                Answer::Status(code) => (format!("HTTP/1.1 {code} X\r\nContent-Length: 0"), vec![]),
                Answer::NoRanges => (format!("HTTP/1.1 200 OK\r\nContent-Length: {}", all.len()), all),
                Answer::Other => (format!("HTTP/1.1 200 OK\r\nContent-Length: {}", all.len()), vec![9; all.len()]),
                Answer::Whole | Answer::BreakAfter(_) => {
                    let status = if start.is_some() { "206 Partial Content" } else { "200 OK" };
                    let length = all.len() - from;
                    let sent = if let Answer::BreakAfter(count) = answer { count.min(length) } else { length };
                    (format!("HTTP/1.1 {status}\r\nContent-Length: {length}"), all[from..from + sent].to_vec())
                }
            };
            // The client may have heard enough before all is sent.
            let _closed_early = stream
                .write_all(format!("{head}\r\nConnection: close\r\n\r\n").as_bytes())
                .and_then(|()| stream.write_all(&body));
        }
    });
    Server { url, asked, _thread: thread }
}

fn model(source: &str) -> SpeechModel {
    SpeechModel {
        name: "test".into(),
        file: "model.bin".into(),
        built_in: None,
        prompt: true,
        bytes: content().len() as u64,
        sha256: sha256_of(&content()[..]).unwrap(),
        source: source.into(),
        licence: "MIT".into(),
        note: String::new(),
        recommended: false,
    }
}

struct Try {
    result: Result<Fetched>,
    path: PathBuf,
    asked: Vec<Option<u64>>,
    _folder: tempfile::TempDir,
}

fn try_with(answers: Vec<Answer>, already: &[u8]) -> Try {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("below/model.bin");
    std::fs::create_dir(folder.path().join("below")).unwrap();
    if !already.is_empty() {
        std::fs::write(part_of(&path), already).unwrap();
    }
    let server = serve(answers);
    let result = fetch(&model(&server.url), &path, &mut |_| true);
    let asked = server.asked.lock().unwrap().clone();
    Try { result, path, asked, _folder: folder }
}

impl Try {
    #[track_caller]
    fn done(&self) {
        assert_eq!(*self.result.as_ref().unwrap(), Fetched::Done);
        assert_eq!(std::fs::read(&self.path).unwrap(), content());
        assert!(!part_of(&self.path).exists());
    }

    #[track_caller]
    fn failed(&self, words: &[&str]) {
        let error = format!("{:#}", self.result.as_ref().unwrap_err());
        for word in words {
            assert!(error.contains(word), "\"{word}\" is not in: {error}");
        }
        assert!(!self.path.exists(), "an unchecked file got its name");
    }
}

#[test]
fn a_file_is_fetched_checked_and_named() {
    let tried = try_with(vec![Answer::Whole], &[]);
    tried.done();
    assert_eq!(tried.asked, [None]);
    let again = fetch(&model("http://127.0.0.1:9/"), &tried.path, &mut |_| true).unwrap();
    assert_eq!(again, Fetched::Present);
}

#[test]
fn what_is_there_already_is_not_fetched_again() {
    let tried = try_with(vec![Answer::Whole], &content()[..100_000]);
    tried.done();
    assert_eq!(tried.asked, [Some(100_000)]);
}

#[test]
fn a_broken_connection_is_taken_up_where_it_broke() {
    let tried = try_with(vec![Answer::BreakAfter(50_000), Answer::BreakAfter(70_000), Answer::Whole], &[]);
    tried.done();
    assert_eq!(tried.asked, [None, Some(50_000), Some(120_000)]);
}

#[test]
fn a_connection_that_brings_nothing_ends_the_attempt_and_keeps_the_part() {
    let tried = try_with(vec![Answer::BreakAfter(50_000), Answer::BreakAfter(0)], &[]);
    tried.failed(&["again", "50 kB"]);
    assert_eq!(std::fs::metadata(part_of(&tried.path)).unwrap().len(), 50_000);
}

#[test]
fn a_server_without_ranges_sends_it_all_again() {
    try_with(vec![Answer::NoRanges], &[7; 1_000]).done();
}

#[test]
fn wrong_bytes_are_removed() {
    let tried = try_with(vec![Answer::Other], &[]);
    tried.failed(&["SHA-256"]);
    assert!(!part_of(&tried.path).exists());
    // A part that was begun wrong is noticed as well.
    try_with(vec![Answer::Whole], &[7; 1_000]).failed(&["SHA-256"]);
}

#[test]
fn absence_and_refusal_are_told_apart() {
    try_with(vec![Answer::Status(404)], &[]).failed(&["404", "any more"]);
    try_with(vec![Answer::Status(503)], &[]).failed(&["503", "later"]);
    let folder = tempfile::tempdir().unwrap();
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap(); // dropped: nobody listens
    let offline = model(&format!("http://{closed}/model.bin"));
    let error = fetch(&offline, &folder.path().join("m.bin"), &mut |_| true).unwrap_err().to_string();
    assert!(error.contains("online"), "{error}");
}

#[test]
fn an_interruption_keeps_the_part_for_the_next_time() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model.bin");
    let server = serve(vec![Answer::Whole, Answer::Whole]);
    let stopped = fetch(&model(&server.url), &path, &mut |bytes| bytes < 100_000).unwrap();
    assert_eq!(stopped, Fetched::Interrupted);
    let have = std::fs::metadata(part_of(&path)).unwrap().len();
    assert!(have >= 100_000 && !path.exists());
    assert_eq!(fetch(&model(&server.url), &path, &mut |_| true).unwrap(), Fetched::Done);
    assert_eq!(*server.asked.lock().unwrap(), [None, Some(have)]);
}

#[test]
#[cfg(target_os = "linux")]
fn a_full_disk_is_told_as_such() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model.bin");
    std::os::unix::fs::symlink("/dev/full", part_of(&path)).unwrap();
    let server = serve(vec![Answer::Whole]);
    let error = fetch(&model(&server.url), &path, &mut |_| true).unwrap_err().to_string();
    assert!(error.contains("disk is full") && error.contains("OTHERGLASS_MODELS"), "{error}");
}
