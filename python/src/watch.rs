//! A call that takes long: the work in a thread of its own, while the caller's hears of its progress and looks for Ctrl-C, ten times a second. So
//! both work in Jupyter, where Ctrl-C is an interrupt of the kernel.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use pyo3::prelude::*;
use voxgray::pipeline::Observer;

/// Time between two looks.
const LOOK: Duration = Duration::from_millis(100);

/// Hears how far a call is, and what it tells.
#[derive(Default)]
pub struct Heard {
    done: AtomicU64,
    of: AtomicU64,
    told: Mutex<Vec<String>>,
}

impl Heard {
    fn add(&self, text: String) {
        self.told.lock().unwrap_or_else(PoisonError::into_inner).push(text);
    }

    /// Tells a callback the histories that are done and how many there are.
    pub fn tell(&self, py: Python<'_>, progress: Option<&Py<PyAny>>) -> PyResult<()> {
        let [done, of] = [&self.done, &self.of].map(|n| n.load(Relaxed));
        match progress.filter(|_| of > 0) {
            Some(progress) => progress.call1(py, (done.min(of), of)).map(drop),
            None => Ok(()),
        }
    }

    /// What was said, and warned of.
    pub fn told(self) -> Vec<String> {
        self.told.into_inner().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Observer for Heard {
    fn say(&self, text: &str) {
        self.add(text.into());
    }

    fn warn(&self, text: &str) {
        self.add(format!("warning: {text}"));
    }

    fn started(&self, histories: u64, _goal: Option<f64>) {
        self.done.store(0, Relaxed);
        self.of.store(histories, Relaxed);
    }

    fn advanced(&self, histories: u64) {
        self.done.fetch_add(histories, Relaxed);
    }
}

/// Does `work`, which ends early once `stop` was called. `look` is called with the interpreter between; an exception of it, or Ctrl-C, stops the
/// work and is the result.
pub fn watched<T: Send>(
    py: Python<'_>,
    stop: impl Fn() + Sync,
    look: impl Fn(Python<'_>) -> PyResult<()> + Sync,
    work: impl FnOnce() -> T + Send,
) -> PyResult<T> {
    py.detach(|| {
        let (done, wait) = channel();
        std::thread::scope(|scope| {
            let worker = scope.spawn(move || {
                let result = work();
                // The receiver lives until the worker is joined.
                let _ = done.send(());
                result
            });
            let mut ended = Ok(());
            while wait.recv_timeout(LOOK) == Err(RecvTimeoutError::Timeout) {
                if ended.is_ok() {
                    ended = Python::attach(|py| py.check_signals().and_then(|()| look(py)));
                    if ended.is_err() {
                        stop();
                    }
                }
            }
            let result = worker.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
            ended.map(|()| result)
        })
    })
}
