//! The one writer for each of the standard streams. Neither of them ever panics, and what goes to a terminal holds no
//! control characters that somebody's words or file names brought along.

use std::borrow::Cow;
use std::fmt;
use std::io::{self, ErrorKind, IsTerminal, Write};
use std::process::exit;

/// Prints a line to standard output. Where nobody reads it any more, as in `otherglass devices | head -n 1`, the program
/// ends quietly; where it can't be written, as on a full disk, it ends with the reason.
#[macro_export]
macro_rules! outln {
    ($($text:tt)*) => { $crate::out::line(format_args!($($text)*)) };
}

/// Prints a line to standard error. Where that is closed or full the line is lost and the work goes on.
#[macro_export]
macro_rules! errln {
    ($($text:tt)*) => { $crate::out::note(format_args!($($text)*)) };
}

pub fn line(text: fmt::Arguments) {
    let text = text.to_string();
    let mut out = io::stdout().lock();
    let shown = if out.is_terminal() { printable(&text) } else { Cow::Borrowed(text.as_str()) };
    match writeln!(out, "{shown}") {
        Ok(()) => {}
        Err(error) if error.kind() == ErrorKind::BrokenPipe => exit(0),
        Err(error) => {
            errln!("error: standard output can't be written: {error}");
            exit(1);
        }
    }
}

pub fn note(text: fmt::Arguments) {
    let line = format!("{}\n", printable(&text.to_string()));
    let _lost = io::stderr().lock().write_all(line.as_bytes());
}

/// Standard error as a writer that always succeeds, for the log.
#[derive(Clone, Copy, Debug, Default)]
pub struct Stderr;

impl Write for Stderr {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let _lost = io::stderr().lock().write_all(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The text with a replacement for every control character but line ends and tabs: an escape sequence would move the
/// cursor, change the title or worse.
#[must_use]
pub fn printable(text: &str) -> Cow<'_, str> {
    let harmful = |c: char| c.is_control() && !matches!(c, '\n' | '\t');
    if text.contains(harmful) { Cow::Owned(text.replace(harmful, "\u{fffd}")) } else { Cow::Borrowed(text) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_characters_are_not_printed() {
        assert_eq!(printable("\u{1b}]0;x\u{7}a sword\u{9b}2J"), "\u{fffd}]0;x\u{fffd}a sword\u{fffd}2J");
        assert!(matches!(printable("魔镜 🗡 \t\n"), Cow::Borrowed(_)));
    }
}
