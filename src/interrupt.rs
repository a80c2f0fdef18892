//! The user's wish to stop, seen from everywhere: readers and preparations look at it between their pieces, so that the first Ctrl-C
//! also ends what has no histories to keep yet.

use std::sync::atomic::{AtomicBool, Ordering::SeqCst};

use crate::error::{Error, Result};

pub use crate::error::{INTERRUPTED as EXIT_CODE, interrupted_io as io_error};

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
    Error::interrupted()
}
