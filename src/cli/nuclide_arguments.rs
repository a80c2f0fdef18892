//! The command line of `voxgray nuclide`.

use std::process::ExitCode;

use clap::Args;

use super::values::{parse_fraction, parse_time};
use crate::error::Result;

/// Options of `voxgray nuclide`.
#[derive(Debug, Args)]
pub struct NuclideArguments {
    /// The nuclide, such as Lu-177, lu177, 177Lu, Lutetium-177 or a DICOM code.
    #[arg(required_unless_present = "list")]
    name: Option<String>,
    /// List the nuclides of the data, or those whose names hold PATTERN (* for anything), such as 'Tb-*'.
    #[arg(long, value_name = "PATTERN", num_args = 0..=1, default_missing_value = "*", conflicts_with_all = ["name", "compare"])]
    list: Option<String>,
    /// Show ENSDF and ICRP-107 side by side: half-life, energy by type, lines, and what it means for dose per decay.
    #[arg(long)]
    compare: bool,
    /// Print JSON (energies in keV, half-lives in s).
    #[arg(long, conflicts_with_all = ["list", "compare"])]
    json: bool,
    /// Time over which progeny is counted, such as 30d, 12h, 90min or 3600s [default: ten half-lives].
    #[arg(long, value_name = "TIME", value_parser = parse_time)]
    horizon: Option<f64>,
    /// Part of the daughter nuclei that stay where they were made, per generation, such as 0.8 or 80%.
    #[arg(long, value_name = "FRACTION", default_value = "100%", value_parser = parse_fraction)]
    retained: f64,
}

/// Prints the nuclide.
///
/// # Errors
/// If it is unknown.
pub fn run(arguments: &NuclideArguments) -> Result<ExitCode> {
    let (horizon, retained) = (arguments.horizon, arguments.retained);
    let text = match (&arguments.list, &arguments.name) {
        (Some(pattern), _) => super::nuclide_list::list(pattern)?,
        (None, Some(name)) if arguments.compare => super::nuclide_compare::compare(name)?,
        (None, Some(name)) if arguments.json => super::nuclide_json::json(name, horizon, retained)?,
        (None, Some(name)) => super::nuclide::describe(name, horizon, retained)?,
        (None, None) => String::new(),
    };
    super::progress::print(&text)?;
    Ok(ExitCode::SUCCESS)
}
