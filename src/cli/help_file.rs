//! `voxgray help-file KIND`: the keys of the files that the program reads, each with meaning, unit and default, and an
//! example that can be read as it is.

use std::fmt::Write as _;
use std::process::ExitCode;

use clap::{Args, ValueEnum};

use super::progress::print;
use crate::error::Result;

/// Options of `voxgray help-file`.
#[derive(Debug, Args)]
pub struct HelpFileArguments {
    /// Which file; without it the kinds are listed.
    kind: Option<FileKind>,
    /// Print the example alone, to be kept as a file.
    #[arg(long, requires = "kind")]
    example: bool,
}

/// A kind of file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum FileKind {
    /// A patient's treatment, for check and run.
    Study,
    /// Several time points, for dose --activity.
    Series,
    /// Readings and acquisitions, for calibrate.
    Calibrate,
    /// Calibration factors over time, for calibrate --history and uncertainty.
    History,
    /// VOIs from counts to dose, for uncertainty.
    Uncertainty,
    /// HU to density and tissue, for dose --hu-curve.
    HuCurve,
    /// Materials of a label map, for dose --material-names.
    Materials,
    /// Nuclides of one's own, for --nuclide-file.
    Nuclides,
}

/// What stands before the example.
const EXAMPLE: &str = "\nExample:\n";

impl FileKind {
    fn text(self) -> &'static str {
        match self {
            FileKind::Study => include_str!("help_file/study.txt"),
            FileKind::Series => include_str!("help_file/series.txt"),
            FileKind::Calibrate => include_str!("help_file/calibrate.txt"),
            FileKind::History => include_str!("help_file/history.txt"),
            FileKind::Uncertainty => include_str!("help_file/uncertainty.txt"),
            FileKind::HuCurve => include_str!("help_file/hu-curve.txt"),
            FileKind::Materials => include_str!("help_file/materials.txt"),
            FileKind::Nuclides => include_str!("help_file/nuclides.txt"),
        }
    }

    fn example(self) -> &'static str {
        self.text().split_once(EXAMPLE).map_or("", |(_, example)| example)
    }
}

/// Prints the help of a file.
///
/// # Errors
/// If standard output cannot be written to.
pub fn run(arguments: &HelpFileArguments) -> Result<ExitCode> {
    match arguments.kind {
        Some(kind) if arguments.example => print(kind.example())?,
        Some(kind) => print(kind.text())?,
        None => {
            let mut list = String::from("voxgray help-file KIND, where KIND is one of\n");
            for kind in FileKind::value_variants().iter().filter_map(FileKind::to_possible_value) {
                let help = kind.get_help().map(ToString::to_string).unwrap_or_default();
                let _ = writeln!(list, "  {:12} {help}", kind.get_name());
            }
            print(&list)?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

#[cfg(test)]
#[path = "help_file_tests.rs"]
mod tests;
