//! What a run tells the user: facts, warnings, a progress bar with the uncertainty reached (standard error); results
//! (standard output).

use std::io::{self, IsTerminal};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::console;
pub use super::console::print;
use super::study_left;
use crate::error::Result;
use crate::pipeline::{Observer, Progress, Written};
use crate::report::voi_table::{hits_in_words, parts_in_words};

/// Histories of the transport that runs, and how many there are at most (0: none runs), for a program around this one.
static HISTORIES: [AtomicU64; 2] = [AtomicU64::new(0), AtomicU64::new(0)];

/// Histories that are done and how many there are at most, while a transport runs.
pub fn histories() -> Option<(u64, u64)> {
    let [done, of] = [0, 1].map(|n| HISTORIES[n].load(Relaxed));
    (of > 0).then_some((done.min(of), of))
}

/// Prints to standard error; the bar only where that is a terminal.
pub struct Terminal {
    bar: ProgressBar,
    quiet: bool,
}

impl Terminal {
    /// `quiet` leaves errors and results; warnings then stand in the summary only.
    pub fn new(quiet: bool) -> Self {
        let hidden = quiet || !io::stderr().is_terminal();
        let target =
            if hidden { ProgressDrawTarget::hidden() } else { ProgressDrawTarget::stderr() };
        Terminal { bar: ProgressBar::with_draw_target(None, target), quiet }
    }
}

impl Observer for Terminal {
    fn say(&self, text: &str) {
        if !self.quiet {
            console::say(text);
        }
    }

    fn warn(&self, text: &str) {
        if !self.quiet {
            self.bar.suspend(|| console::say(&format!("warning: {text}")));
        }
    }

    fn started(&self, histories: u64, goal: Option<f64>) {
        let style = "{elapsed_precise} [{wide_bar}] {human_pos}/{human_len} histories ({per_sec}, {eta} left) {msg}";
        if let Ok(style) = ProgressStyle::with_template(style) {
            self.bar.set_style(style.progress_chars("=> "));
        }
        HISTORIES[0].store(0, Relaxed);
        HISTORIES[1].store(histories, Relaxed);
        study_left::started(histories, goal.is_some());
        self.bar.set_length(histories);
        self.bar.set_position(0);
        self.bar.enable_steady_tick(Duration::from_millis(500));
        match goal {
            Some(goal) => {
                self.say(&format!("running up to {histories} histories, until {} %", 100.0 * goal))
            }
            None => self.say(&format!("running {histories} histories")),
        }
    }

    fn advanced(&self, histories: u64) {
        HISTORIES[0].fetch_add(histories, Relaxed);
        self.bar.inc(histories);
        if let Some(text) = study_left::advanced(histories).filter(|_| !self.quiet) {
            self.bar.suspend(|| console::say(&text));
        }
    }

    fn progressed(&self, progress: Progress) {
        if let Some(u) = progress.uncertainty {
            self.bar.set_message(format!("uncertainty {:.2} %", 100.0 * u));
        }
    }

    fn finished(&self) {
        HISTORIES[1].store(0, Relaxed);
        study_left::finished();
        self.bar.finish_and_clear();
    }
}

/// The short table of a result, tab-separated.
///
/// # Errors
/// If writing fails.
pub fn print_written(written: &Written) -> Result<()> {
    let mut text = String::new();
    let mut line = |cells: &[String]| {
        text.push_str(&cells.join("\t"));
        text.push('\n');
    };
    for file in &written.files {
        line(&["file".into(), written.folder.join(file).display().to_string()]);
    }
    // A sum of nothing is -0.
    let shown = |x: Option<f64>| x.map_or("null".to_string(), |x| format!("{:.6e}", x + 0.0));
    if let Some(s) = &written.summary {
        line(&["partial".into(), s.partial.to_string()]);
        line(&["histories".into(), s.run.histories.to_string()]);
    }
    if let Some(dose) = written.summary.as_ref().and_then(|s| s.dose.as_ref()) {
        line(&["quantity".into(), dose.quantity.clone(), dose.unit.into()]);
        line(&["mean".into(), shown(Some(dose.mean_dose))]);
        if let Some(high) = &dose.high_dose {
            let uncertainty = Some(high.relative_uncertainty).filter(|u| u.is_finite());
            let error = Some(high.percentile_dose_standard_error).filter(|e| e.is_finite());
            let name = format!("percentile_{}", high.percentile);
            line(&[name, shown(Some(high.percentile_dose)), shown(error)]);
            line(&["relative_uncertainty".into(), shown(uncertainty)]);
        }
    }
    if !written.vois.is_empty() {
        let columns = [
            "voi_columns",
            "name",
            "mean",
            "standard_error (transport)",
            "standard_uncertainty (combined)",
            "interval_95_low",
            "interval_95_high",
            "curve",
            "components, largest first; hits",
        ];
        line(&columns.map(String::from));
    }
    // Doses over time have no other unit.
    let unit = written.summary.as_ref().and_then(|s| s.dose.as_ref()).map_or("Gy", |d| d.unit);
    for voi in &written.vois {
        let u = &voi.uncertainty;
        let mut cells = vec![
            "voi".into(),
            voi.name.clone(),
            shown(voi.mean_dose),
            shown(voi.standard_error),
            shown(u.standard_uncertainty),
            shown(u.interval_95[0]),
            shown(u.interval_95[1]),
        ];
        cells.push(voi.curve.as_ref().map_or("-".into(), |c| c.name.clone()));
        cells.extend(parts_in_words(voi));
        cells.extend(hits_in_words(voi, unit));
        line(&cells);
    }
    written.refused.iter().for_each(|name| line(&["refused".into(), name.clone()]));
    print(&text).map_err(|mut e| {
        e.suggestion = format!("The result itself is kept in {}.", written.folder.display());
        e
    })
}
