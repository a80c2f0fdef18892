//! The only place that writes to the terminal. What is said to the user on standard error never ends a run, whatever became of the terminal,
//! the pipe or the disk behind it (`| true`, Ctrl-C to `| tee log`, a full disk). Results on standard output are a product: where they
//! cannot be written, that is an error, unless the reader has gone.

use std::io::{self, IsTerminal, Write};
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use crate::error::{Error, Result};

/// What one command says and prints, for the command that runs it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Kept {
    /// Lines on standard error, which are said all the same.
    pub said: Vec<String>,
    /// What would have gone to standard output.
    pub printed: String,
}

static KEPT: Mutex<Option<Kept>> = Mutex::new(None);

/// Runs a command of which everything is kept that it says and prints.
pub fn keeping<T>(command: impl FnOnce() -> T) -> (T, Kept) {
    let kept = || KEPT.lock().unwrap_or_else(PoisonError::into_inner);
    *kept() = Some(Kept::default());
    let done = command();
    let found = kept().take().unwrap_or_default();
    (done, found)
}

/// Says a line on standard error, if anybody can still hear it.
pub fn say(line: &str) {
    if let Some(kept) = KEPT.lock().unwrap_or_else(PoisonError::into_inner).as_mut() {
        kept.said.push(line.trim_start().to_owned());
    }
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
    if let Some(kept) = KEPT.lock().unwrap_or_else(PoisonError::into_inner).as_mut() {
        kept.printed.push_str(text);
        return Ok(());
    }
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
