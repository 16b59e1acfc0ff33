//! Lines on standard output, for people and for pipes.

use std::fmt;
use std::io::{ErrorKind, Write};
use std::process::exit;

/// Prints a line to standard output. Where nobody reads it any more, as in `otherglass devices | head -n 1`, the program
/// ends quietly; where it can't be written, as on a full disk, it ends with the reason.
#[macro_export]
macro_rules! outln {
    ($($text:tt)*) => { $crate::out::line(format_args!($($text)*)) };
}

pub fn line(text: fmt::Arguments) {
    let written = writeln!(std::io::stdout().lock(), "{text}");
    match written {
        Ok(()) => {}
        Err(error) if error.kind() == ErrorKind::BrokenPipe => exit(0),
        Err(error) => {
            eprintln!("error: standard output can't be written: {error}");
            exit(1);
        }
    }
}
