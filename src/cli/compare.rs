//! `voxgray compare`: both engines on one job.

use std::fmt::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;

use super::dose_arguments::ProblemArguments;
use super::interrupt;
use super::progress::{Terminal, print};
use crate::error::Result;
use crate::pipeline::compare::{Comparison, EventRow, LEAST_P, compare};
use crate::transport::agreement::ZMap;

const AFTER: &str = "\
Runs the histories on the CPU and on a GPU (without --engine the first that can be used, also a
software device): history by history, as tallies of the same histories, and with independent
seeds. Engines that disagree beyond statistics end with exit code 5.

Example:
  voxgray compare --ct CT/ --activity spect.nii.gz --nuclide Lu-177 --histories 1e5";

/// Histories where nothing is said.
const DEFAULT_HISTORIES: u64 = 20_000;
/// Exit code of engines that disagree: a check of the run failed.
const DISAGREE: u8 = 5;

/// Options of `voxgray compare`.
#[derive(Debug, Args)]
#[command(after_help = AFTER, mut_arg("histories", |a| a.help("Histories (decays) to simulate with each engine [default: 20000]")))]
pub struct CompareArguments {
    #[command(flatten)]
    problem: ProblemArguments,

    /// Print JSON.
    #[arg(long, help_heading = "Output")]
    json: bool,
    /// Print the result and errors only.
    #[arg(short, long, help_heading = "Output")]
    quiet: bool,
}

/// Compares.
///
/// # Errors
/// As [`compare`].
pub fn run(mut arguments: CompareArguments) -> Result<ExitCode> {
    let terminal = Terminal::new(arguments.quiet);
    arguments.problem.histories.get_or_insert(DEFAULT_HISTORIES);
    // Nothing is written.
    let job = arguments.problem.job(PathBuf::new(), false)?;
    let stop = interrupt::listen(arguments.quiet)?;
    let Some(comparison) = compare(&job, &terminal, stop)? else {
        return Ok(ExitCode::from(interrupt::INTERRUPTED));
    };
    if arguments.json {
        let text = serde_json::to_value(&comparison).map(|v| format!("{v:#}\n"));
        print(&text.unwrap_or_default())?;
    } else {
        print(&text(&comparison))?;
    }
    Ok(if comparison.disagreements.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::from(DISAGREE)
    })
}

fn text(c: &Comparison) -> String {
    let mut out = String::new();
    for device in &c.devices {
        let _ =
            writeln!(out, "GPU           {} ({}, {})", device.name, device.backend, device.driver);
    }
    let _ = writeln!(
        out,
        "histories     {}; {:.3e} per second on the CPU, {:.3e} on the GPU",
        c.histories, c.per_second[0], c.per_second[1]
    );
    let books = &c.books;
    let _ = writeln!(
        out,
        "books         {} of {} histories have equal books ({:.5} %)",
        books.equal,
        books.histories,
        100.0 * books.equal_fraction
    );
    if !books.differing.is_empty() {
        let numbers: Vec<String> = books.differing.iter().map(u64::to_string).collect();
        let _ = writeln!(out, "differing     {}", numbers.join(" "));
        first(&mut out, c);
    }
    let same = &c.same;
    let _ = if same.equal {
        writeln!(out, "same seed     the tallies are equal to the bit")
    } else {
        writeln!(
            out,
            "same seed     {} cells differ, at most by {:.1e} of the largest cell; the whole energy by {:+.1e}",
            same.cells, same.largest, same.total
        )
    };
    let other = &c.independent;
    let _ =
        writeln!(out, "other seed    {} on the CPU, {} on the GPU", other.seeds[0], other.seeds[1]);
    for (what, map) in [("voxels", &other.voxels), ("blocks", &other.blocks)] {
        let _ = writeln!(out, "  {what:12}{}", map.as_ref().map_or_else(unknown, z_row));
    }
    let _ = writeln!(
        out,
        "MeV per decay      emitted     escaped  electrons    photons     alphas   imbalance"
    );
    for (who, e) in ["CPU", "GPU", "GPU, other seed"].into_iter().zip(&c.energies) {
        let [electron, photon, alpha] = e.imparted_mev;
        let _ = writeln!(
            out,
            "  {who:15}{:>10.6}  {:>10.6} {electron:>10.6} {photon:>10.6} {alpha:>10.6}  {:>10.1e}",
            e.emitted_mev, e.escaped_mev, e.imbalance
        );
    }
    let verdict = match c.disagreements.as_slice() {
        [] => "the engines agree".to_string(),
        found => format!("the engines DISAGREE (p below {LEAST_P:.0e}): {}", found.join("; ")),
    };
    let _ = writeln!(out, "{verdict}");
    out
}

fn unknown() -> String {
    "none is known to 15 %: run more histories".to_string()
}

fn z_row(map: &ZMap) -> String {
    format!(
        "{}: mean z {:+.3} (p {:.2}), variance {:.3}, chi2 {:.1} (p {:.2})",
        map.cells, map.mean, map.mean_p, map.variance, map.chi2, map.p
    )
}

/// Where the first differing history parts.
fn first(out: &mut String, c: &Comparison) {
    let Some(parting) = &c.books.first else {
        let _ = writeln!(
            out,
            "              the events of the first agree; only what was booked differs"
        );
        return;
    };
    let _ = writeln!(
        out,
        "history {} parts at event {} of its particle {} (voxgray trace with --histories {} --batches {} --history {0} tells all of it)",
        parting.history, parting.step, parting.particle, c.books.histories, c.books.batches,
    );
    let _ = writeln!(
        out,
        "  engine particle event               E keV   given keV      voxel  x y z from its centre/cm        direction"
    );
    for pair in &parting.events {
        for (who, row) in ["CPU", "GPU"].into_iter().zip(pair) {
            let _ =
                writeln!(out, "  {who:7}{}", row.as_ref().map_or("(ended)".to_string(), event_row));
        }
    }
}

fn event_row(e: &EventRow) -> String {
    let [x, y, z] = e.local_cm;
    let [u, v, w] = e.direction;
    format!(
        "{:9}{:14}{:>12.6}{:>12.6} {:>10}  {x:>9.6} {y:>9.6} {z:>9.6}  {u:>9.6} {v:>9.6} {w:>9.6}",
        e.particle, e.event, e.energy_kev, e.given_kev, e.voxel
    )
}
