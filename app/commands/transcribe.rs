//! `otherglass transcribe`: what is said in a WAV file, through the same path as from the microphone.

use anyhow::{Context, Result};
use otherglass_speech::Transcript;
use serde_json::json;

use crate::assets::Assets;
use crate::cli::TranscribeArgs;
use crate::hearing;
use crate::interrupt::Interrupt;

/// Prints the utterances as they are heard. False when it was interrupted.
pub fn transcribe(arguments: &TranscribeArgs, assets: &Assets, interrupt: &Interrupt) -> Result<bool> {
    let Some(file) = &arguments.file else {
        let folder = arguments.score.as_deref().context("expected a WAV file, or a folder with --score")?;
        return super::score::score(folder, &arguments.speech, arguments.json, assets, interrupt);
    };
    let mut count = 0;
    let completed = hearing::transcribe(file, &arguments.speech, assets, interrupt, &mut |transcript| {
        count += 1;
        let line = if arguments.json { json_line(&transcript) } else { line(&transcript) };
        crate::outln!("{line}");
    })?;
    if count == 0 && completed {
        crate::errln!("no speech was understood in {}", file.display());
    }
    Ok(completed)
}

fn line(transcript: &Transcript) -> String {
    let Transcript { text, span, .. } = transcript;
    format!("{:7.2} - {:7.2} s  {text}", span.start_s, span.end_s)
}

/// Times in seconds, to the millisecond.
fn json_line(transcript: &Transcript) -> String {
    let Transcript { text, span, is_final, language } = transcript;
    let milliseconds = |time_s: f64| (time_s * 1e3).round() / 1e3;
    json!({
        "text": text,
        "start": milliseconds(span.start_s),
        "end": milliseconds(span.end_s),
        "final": is_final,
        "language": language,
    })
    .to_string()
}

#[cfg(test)]
mod tests {
    use otherglass_speech::Span;

    use super::*;

    #[test]
    fn a_line_has_times_and_text() {
        let transcript = Transcript {
            text: "give me a \"crown\"".into(),
            span: Span { start_s: 1.5, end_s: 2.0 / 3.0 + 2.0 },
            is_final: true,
            language: Some("en".into()),
        };
        assert_eq!(line(&transcript), "   1.50 -    2.67 s  give me a \"crown\"");
        let read: serde_json::Value = serde_json::from_str(&json_line(&transcript)).unwrap();
        assert_eq!((&read["start"], &read["end"], &read["language"]), (&json!(1.5), &json!(2.667), &json!("en")));
        assert_eq!(read["text"], "give me a \"crown\"");
    }
}
