//! voxgray against measurement: electron beams on slabs, backscatter, a beta source at an interface. The numbers are others' and stay in a folder that the
//! user names; what is not there is skipped and said.

mod backscatter;
mod film;
mod interface;
mod layers;
mod lockwood;
mod others;
mod sheet;

use std::path::Path;

use voxgray::Result;

use super::run::RunOptions;
use super::study::Study;

/// A set of measurements: its name, and what runs it.
type Set = (&'static str, fn(&Path, &RunOptions, &mut dyn FnMut(Study)) -> Result<()>);

const SETS: [Set; 5] = [
    ("lockwood", lockwood::studies),
    ("others", others::studies),
    ("backscatter", backscatter::studies),
    ("interface", interface::studies),
    ("film", film::studies),
];

/// Names of the sets.
pub fn names() -> impl Iterator<Item = String> {
    SETS.iter().map(|(name, _)| format!("measured/{name}"))
}

/// Runs the sets that are wanted.
///
/// # Errors
/// If a table cannot be read or a run fails.
pub fn studies(
    folder: &Path,
    options: &RunOptions,
    wanted: &dyn Fn(&str) -> bool,
    done: &mut dyn FnMut(Study),
) -> Result<()> {
    for (name, run) in SETS {
        if wanted(&format!("measured/{name}")) {
            run(folder, options, done)?;
        }
    }
    Ok(())
}
