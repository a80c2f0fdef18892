//! A command of the program, by its name.

use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Mutex, MutexGuard, PoisonError};

use pyo3::prelude::*;
use pyo3::types::PyDict;
use voxgray::cli::call::{Called, Refused, call, words};
use voxgray::cli::{console, progress};
use voxgray::interrupt;

use super::error;
use super::options::table;
use super::watch::watched;

/// Commands run one at a time: what they say and whether they are to stop is kept once in a process.
static ONE: Mutex<()> = Mutex::new(());

/// Where a command is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    /// Another one runs.
    Waits,
    Runs,
    Ended,
    /// Ctrl-C came before it ran.
    Unwanted,
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Runs a command when no other does.
fn in_turn(state: &Mutex<State>, words: &[String]) -> Result<Called, Refused> {
    let _one = locked(&ONE);
    match &mut *locked(state) {
        State::Unwanted => return Err(Refused::Error(interrupt::error())),
        state => *state = State::Runs,
    }
    let done = call(words);
    *locked(state) = State::Ended;
    interrupt::take_back();
    done
}

/// Asks a command to stop.
fn stop(state: &Mutex<State>) {
    match &mut *locked(state) {
        State::Runs => interrupt::STOP.store(true, SeqCst),
        State::Ended => {}
        state => *state = State::Unwanted,
    }
}

/// What a command did.
#[derive(IntoPyObject)]
pub struct Finished {
    exit_code: u8,
    printed: String,
    said: Vec<String>,
}

/// `said` hears each line, `progress` the histories that are done and how many there are at most.
#[pyfunction]
#[pyo3(signature = (name, values, said, progress, options))]
pub fn command(
    py: Python<'_>,
    name: &str,
    values: Vec<String>,
    said: Option<Py<PyAny>>,
    progress: Option<Py<PyAny>>,
    options: &Bound<'_, PyDict>,
) -> PyResult<Finished> {
    let words = words(name, &values, &table(Some(options))?).map_err(error::of)?;
    let (state, heard) = (Mutex::new(State::Waits), AtomicUsize::new(0));
    let tell = |py: Python<'_>, lines: &[String]| {
        heard.fetch_add(lines.len(), SeqCst);
        let one = |s: &Py<PyAny>, line: &String| s.call1(py, (line,)).map(drop);
        said.iter().try_for_each(|s| lines.iter().try_for_each(|line| one(s, line)))
    };
    let look = |py: Python<'_>| {
        if *locked(&state) != State::Runs {
            return Ok(());
        }
        tell(py, &console::said_after(heard.load(SeqCst)))?;
        match (&progress, progress::histories()) {
            (Some(progress), Some(far)) => progress.call1(py, far).map(drop),
            _ => Ok(()),
        }
    };
    let done = watched(py, || stop(&state), look, || in_turn(&state, &words))?;
    let done = done.map_err(error::refused)?;
    tell(py, done.said.get(heard.load(SeqCst)..).unwrap_or_default())?;
    Ok(Finished { exit_code: done.exit_code, printed: done.printed, said: done.said })
}
