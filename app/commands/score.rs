//! `otherglass transcribe --score FOLDER`: how well a folder of recordings is understood.
//!
//! The folder holds WAV files and `utterances.tsv`: file, text, voice and noise, separated by tabs, with a first line that
//! names them. Each file goes through the same path as a recording; what was heard is compared with the text word by word,
//! and, since that is what counts, by what it does to a scene.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use otherglass_generator::scene::{Conversation, Edit, Scene};
use otherglass_speech::utterances::UtteranceSettings;
use otherglass_speech::{Pace, Recognise};
use serde_json::json;

use crate::assets::Assets;
use crate::cli::SpeechArgs;
use crate::hearing;
use crate::interrupt::Interrupt;

/// One line of the list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    pub file: PathBuf,
    pub text: String,
    pub voice: String,
    pub noise: String,
}

/// Reads `utterances.tsv` of a folder.
pub fn read_rows(folder: &Path) -> Result<Vec<Row>> {
    let path = folder.join("utterances.tsv");
    let text = std::fs::read_to_string(&path).with_context(|| format!("{} can't be read", path.display()))?;
    let mut rows = Vec::new();
    for (number, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        let columns: Vec<&str> = line.split('\t').collect();
        let [file, text, voice, noise] = columns[..] else {
            bail!(
                "{}:{}: expected file, text, voice and noise between tabs, got \"{line}\"",
                path.display(),
                number + 1
            );
        };
        if number == 0 && file == "file" {
            continue;
        }
        let [text, voice, noise] = [text, voice, noise].map(str::to_owned);
        rows.push(Row { file: folder.join(file), text, voice, noise });
    }
    if rows.is_empty() {
        bail!("{} names no file", path.display());
    }
    Ok(rows)
}

/// Words for counting errors: lower case, without punctuation; a Chinese character is a word.
fn words(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    for word in text.split(|letter: char| !letter.is_alphanumeric() && !matches!(letter, '\'' | '’')) {
        let word = word.replace('’', "'").trim_matches('\'').to_lowercase();
        match word.is_ascii() {
            true => words.push(word),
            false => words.extend(word.chars().map(String::from)),
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

/// Words that were replaced, left out or put in, the fewest that explain what was heard.
fn word_errors(said: &[String], heard: &[String]) -> usize {
    let mut row: Vec<usize> = (0..=heard.len()).collect();
    for (place, word) in said.iter().enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], place + 1);
        for (at, other) in heard.iter().enumerate() {
            let change = diagonal + usize::from(word != other);
            diagonal = row[at + 1];
            row[at + 1] = change.min(row[at] + 1).min(diagonal + 1);
        }
    }
    row[heard.len()]
}

/// Said before each utterance, so that "make it bigger" has something to change.
const BEFORE: &[&str] = &["give me a sword", "give me a crown"];

/// What is seen of a scene, and what the program was asked to do, after these utterances.
fn outcome(texts: &[&str]) -> (serde_json::Value, Vec<Edit>) {
    let mut conversation = Conversation::new();
    for text in BEFORE {
        conversation.respond(text);
    }
    let replies = texts.iter().map(|text| conversation.respond(text));
    let for_program = replies.flat_map(|reply| reply.edits).filter(Edit::is_for_program).collect();
    (seen(conversation.scene()), for_program)
}

/// How a world is called does not matter where it is one that has a name.
fn seen(scene: &Scene) -> serde_json::Value {
    let mut seen = otherglass_generator::scene::scene_json(scene, true, "");
    for (what, name) in [("world", "theme"), ("style", "name")] {
        if !seen[what][name].is_null() {
            seen[what] = seen[what][name].take();
        }
    }
    seen
}

/// What is counted over a group of utterances.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Score {
    utterances: usize,
    words: usize,
    errors: usize,
    /// Whose scene is the one of the true text.
    right: usize,
    /// Those whose true text changes something, and of them those whose scene is right.
    changing: usize,
    changing_right: usize,
}

impl Score {
    fn add(&mut self, judged: &Judged) {
        self.utterances += 1;
        self.words += judged.words;
        self.errors += judged.errors;
        self.right += usize::from(judged.right);
        self.changing += usize::from(judged.changes);
        self.changing_right += usize::from(judged.changes && judged.right);
    }

    /// Word error rate, share of right scenes, and share of them among the utterances that change something.
    fn shares(&self) -> [f64; 3] {
        let share = |part: usize, whole: usize| part as f64 / whole.max(1) as f64;
        [share(self.errors, self.words), share(self.right, self.utterances), share(self.changing_right, self.changing)]
    }

    fn line(&self, name: &str) -> String {
        let [errors, right, of_changes] = self.shares();
        format!("{name:<24} {:>6} {errors:>16.3} {right:>12.3} {of_changes:>14.3}", self.utterances)
    }

    fn json(&self, name: &str) -> serde_json::Value {
        let [errors, right, of_changes] = self.shares();
        json!({"group": name, "files": self.utterances, "word_error_rate": errors, "scene_right": right, "of_changes": of_changes})
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Judged {
    words: usize,
    errors: usize,
    right: bool,
    changes: bool,
}

fn judge(text: &str, heard: &[String]) -> Judged {
    let (said, got) = (words(text), words(&heard.join(" ")));
    let heard: Vec<&str> = heard.iter().map(String::as_str).collect();
    let (expected, untouched) = (outcome(&[text]), outcome(&[]));
    let right = outcome(&heard) == expected;
    Judged { words: said.len(), errors: word_errors(&said, &got), right, changes: expected != untouched }
}

/// What was heard in a file, utterance by utterance.
fn hear(file: &Path, recogniser: &mut dyn Recognise) -> Result<Vec<String>> {
    let mut source = crate::hearing::open_sound(file, Pace::Fast)?;
    let mut texts = Vec::new();
    otherglass_speech::transcribe(&mut source, recogniser, &UtteranceSettings::default(), &mut |transcript| {
        texts.push(transcript.text);
        true
    })?;
    Ok(texts)
}

/// Prints the table; with `json` an object for each file, then for each line of the table. False when it was interrupted.
pub fn score(
    folder: &Path,
    arguments: &SpeechArgs,
    json: bool,
    assets: &Assets,
    interrupt: &Interrupt,
) -> Result<bool> {
    let rows = read_rows(folder)?;
    let model = hearing::choose(arguments, assets)?;
    let mut recogniser = hearing::load(&model, arguments.language.as_ref())?;
    let mut groups: BTreeMap<String, Score> = BTreeMap::new();
    let mut all = Score::default();
    for row in &rows {
        if interrupt.is_requested() {
            return Ok(false);
        }
        let heard = hear(&row.file, &mut recogniser)?;
        let judged = judge(&row.text, &heard);
        all.add(&judged);
        groups.entry(format!("voice {}", row.voice)).or_default().add(&judged);
        groups.entry(format!("noise {}", row.noise)).or_default().add(&judged);
        if json {
            let file = row.file.file_name().map(|name| name.to_string_lossy().into_owned());
            let Judged { errors, right, changes, .. } = judged;
            let line = json!({"file": file, "text": row.text, "heard": heard, "word_errors": errors, "scene_right": right, "changes": changes});
            crate::outln!("{line}");
        }
    }
    if json {
        for (name, score) in groups.iter().map(|(name, score)| (name.as_str(), score)).chain([("all", &all)]) {
            crate::outln!("{}", score.json(name));
        }
        return Ok(true);
    }
    crate::outln!("{}, {} files of {}", recogniser.name(), rows.len(), folder.display());
    crate::outln!("{:<24} {:>6} {:>16} {:>12} {:>14}", "", "files", "word error rate", "scene right", "of changes");
    for (name, score) in &groups {
        crate::outln!("{}", score.line(name));
    }
    crate::outln!("{}", all.line("all"));
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn errors(said: &str, heard: &str) -> usize {
        word_errors(&words(said), &words(heard))
    }

    #[test]
    fn errors_are_the_fewest_that_explain_what_was_heard() {
        assert_eq!(errors("Give me a crown.", "give me a crown"), 0);
        assert_eq!(errors("give me a crown", "give me crown"), 1);
        assert_eq!(errors("give me a crown", "give the me a clown"), 2);
        assert_eq!(errors("give me a crown", ""), 4);
        assert_eq!(errors("it’s too big", "it's too big"), 0);
        assert_eq!(errors("给我一把剑", "给我一把箭"), 1);
    }

    #[test]
    fn a_scene_is_right_when_it_looks_the_same() {
        let right = |text: &str, heard: &[&str]| {
            let heard: Vec<String> = heard.iter().map(|text| (*text).to_owned()).collect();
            judge(text, &heard)
        };
        assert!(right("make the sword blue", &["make the sword blue."]).right);
        assert!(right("take me to the ice kingdom", &["take me to an ice palace"]).right);
        assert!(right("give me a cape and make it red", &["give me a cape", "and make it red"]).right);
        // What was misheard shows.
        assert!(!right("make the sword blue", &["make the sword grew"]).right);
        assert!(!right("make the sword blue", &[]).right);
        assert!(!right("take a picture", &["take a pitcher of milk"]).right);
        let idle = right("I like the weather today", &["I like the weather"]);
        assert!(idle.right && !idle.changes && idle.errors == 1);
    }

    #[test]
    fn the_list_is_read_and_its_mistakes_are_named() {
        let folder = tempfile::tempdir().unwrap();
        let list = folder.path().join("utterances.tsv");
        std::fs::write(&list, "file\ttext\tvoice\tnoise\n0.wav\tgive me a crown\tflite/rms\tnone\n").unwrap();
        let rows = read_rows(folder.path()).unwrap();
        assert_eq!((rows.len(), rows[0].text.as_str(), rows[0].voice.as_str()), (1, "give me a crown", "flite/rms"));
        std::fs::write(&list, "0.wav\tgive me a crown\n").unwrap();
        let error = read_rows(folder.path()).unwrap_err().to_string();
        assert!(error.contains("utterances.tsv:1") && error.contains("tabs"), "{error}");
        std::fs::write(&list, "file\ttext\tvoice\tnoise\n").unwrap();
        assert!(read_rows(folder.path()).is_err());
    }
}
