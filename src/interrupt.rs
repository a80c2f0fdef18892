//! The user's wish to stop, seen from everywhere: readers and preparations look at it between their pieces, so that the first Ctrl-C
//! also ends what has no histories to keep yet.

use std::fmt;
use std::io;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};

use crate::error::{Error, ErrorKind, Result};

/// Exit code of an interrupted run: 128 + SIGINT, as shells have it.
pub const EXIT_CODE: u8 = 130;

/// Set by Ctrl-C and by a request to terminate; taken back only by a program that goes on after it ([`take_back`]).
pub static STOP: AtomicBool = AtomicBool::new(false);

/// Whether the user asked to stop.
pub fn requested() -> bool {
    STOP.load(SeqCst)
}

/// Forgets the wish, once all that it was meant for has ended.
pub fn take_back() {
    STOP.store(false, SeqCst);
}

/// Ends a piece of work that cannot be kept if the user asked to stop.
///
/// # Errors
/// If so.
pub fn check() -> Result<()> {
    if requested() { Err(error()) } else { Ok(()) }
}

/// The error of a run that was stopped before it had a result.
pub fn error() -> Error {
    Error::new(
        ErrorKind::Interrupted,
        "interrupted",
        "no history was finished",
        "Nothing was written.",
    )
}

/// Travels through readers as the cause of an `io::Error`.
#[derive(Debug)]
struct Asked;

impl fmt::Display for Asked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("interrupted")
    }
}

impl std::error::Error for Asked {}

/// What a reader returns when the user asked to stop. Not of the kind `Interrupted`, after which reading is tried again.
pub fn io_error() -> io::Error {
    io::Error::other(Asked)
}

/// Whether an error is that of [`io_error`].
pub fn is_io_error(error: &io::Error) -> bool {
    error.get_ref().is_some_and(|inner| inner.is::<Asked>())
}
