//! A run in independent parts: replicate r holds the batch r, so that all together are that run. Neglects nothing.

use std::sync::atomic::AtomicBool;

use super::point::REPLICATES;
use crate::error::Result;
use crate::transport::engine::Engine;
use crate::transport::ledger::Ledger;
use crate::transport::plan::Plan;
use crate::transport::run::{Monitor, RunSettings};
use crate::transport::tally::Tally;

/// Runs a plan on the CPU, handing the tally of each replicate to `take`; gives the books of all.
///
/// # Errors
/// If the plan cannot be run, or the run is interrupted.
pub(super) fn run(
    plan: &Plan,
    histories: u64,
    threads: usize,
    (monitor, stop): (&dyn Monitor, &AtomicBool),
    take: &mut dyn FnMut(&Tally),
) -> Result<Ledger> {
    let batches = REPLICATES as u32;
    let mut books = Ledger::default();
    for batch in 0..batches {
        let run = RunSettings { threads, ..RunSettings::one_batch(histories, batches, batch) };
        let outcome = Engine::Cpu.run(plan, &run, &[], 0, monitor, stop)?;
        if outcome.interrupted {
            return Err(crate::interrupt::error());
        }
        take(&outcome.tally);
        books.add(&outcome.tally.ledger);
    }
    Ok(books)
}
