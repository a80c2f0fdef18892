//! The only place that writes to the terminal. What is said to the user on standard error never ends a run, whatever became of the terminal,
//! the pipe or the disk behind it (`| true`, Ctrl-C to `| tee log`, a full disk). Results on standard output are a product: where they
//! cannot be written, that is an error, unless the reader has gone.

use std::io::{self, IsTerminal, Write};
use std::path::Path;

use crate::error::{Error, Result};

/// Says a line on standard error, if anybody can still hear it.
pub fn say(line: &str) {
    // One write, so that lines of several threads stay whole.
    let _ = io::stderr().lock().write_all(format!("{line}\n").as_bytes());
}

/// Says what went wrong.
pub fn complain(error: &Error) {
    say(&format!("error: {error}"));
}

/// Prints results to standard output. A reader that has gone (`| head`) is no error, nor a terminal that was closed.
///
/// # Errors
/// If writing fails for another reason.
pub fn print(text: &str) -> Result<()> {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(e) if e.kind() != io::ErrorKind::BrokenPipe && !out.is_terminal() => {
            Err(Error::io("write", Path::new("standard output"), &e))
        }
        _ => Ok(()),
    }
}

/// Prints a help text, in bold where that is a terminal.
///
/// # Errors
/// As [`print()`].
pub fn print_help(text: &clap::builder::StyledStr) -> Result<()> {
    if io::stdout().is_terminal() {
        return print(&text.ansi().to_string());
    }
    print(&text.to_string())
}
