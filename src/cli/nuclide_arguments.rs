//! The command line of `voxgray nuclide`.

use std::process::ExitCode;

use clap::Args;

use super::values::{parse_fraction, parse_time};
use crate::error::Result;

/// Options of `voxgray nuclide`.
#[derive(Debug, Args)]
pub struct NuclideArguments {
    /// The nuclide, such as Lu-177, lu177 or 177Lu.
    name: String,
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
    let text = super::nuclide::describe(&arguments.name, arguments.horizon, arguments.retained)?;
    super::progress::print(&text)?;
    Ok(ExitCode::SUCCESS)
}
