//! Ctrl-C: the first one ends the run cleanly, the second at once.

use std::sync::atomic::{AtomicBool, Ordering::SeqCst};

/// The handler stands: a command that runs others listens for all of them.
static LISTENING: AtomicBool = AtomicBool::new(false);

use super::console;
use crate::error::{Error, Result};
pub use crate::interrupt::EXIT_CODE as INTERRUPTED;
use crate::interrupt::STOP;

/// Leaves Ctrl-C to the program that calls this one's commands: it sets [`STOP`] itself.
pub fn leave_to_caller() {
    LISTENING.store(true, SeqCst);
}

/// The flag that Ctrl-C (and a request to terminate) sets.
///
/// # Errors
/// If the system refuses a handler.
pub fn listen(quiet: bool) -> Result<&'static AtomicBool> {
    if LISTENING.swap(true, SeqCst) {
        return Ok(&STOP);
    }
    let handler = move || {
        if STOP.swap(true, SeqCst) {
            std::process::exit(i32::from(INTERRUPTED));
        }
        if !quiet {
            console::say("\ninterrupted: writing what is finished (again to stop at once)");
        }
    };
    ctrlc::set_handler(handler)
        .map_err(|e| Error::run("Ctrl-C cannot be caught", e.to_string(), "Please report this."))?;
    Ok(&STOP)
}
