//! Histories one by one on a device: the books of each, or everything that happens to one. For comparison with the other engine.

use std::sync::atomic::AtomicBool;

use bytemuck::cast_slice;

use super::batch::{BatchRunner, Ended};
use super::buffers::{Buffers, Sizes};
use super::constants;
use super::device::Device;
use super::fold;
use super::kernels::{Kernels, Variant};
use super::layout::{LEDGER_WORDS, TRACE_HEADER, TRACE_WORDS, ledger_from_row};
use super::tuning::{Tuning, most_primaries};
use crate::error::{Error, Result};
use crate::transport::ledger::Ledger;
use crate::transport::plan::Plan;
use crate::transport::run::Silent;
use crate::transport::strata::Strata;
use crate::transport::trace::Told;

/// Trace records of one history that are kept.
const TRACE_RECORDS: u64 = 1 << 18;

struct ReplaySetup {
    kernels: Kernels,
    buffers: Buffers,
    tuning: Tuning,
}

fn setup(
    device: &Device,
    plan: &Plan,
    tuning: Option<Tuning>,
    rows: u64,
    trace: u64,
) -> Result<ReplaySetup> {
    let tuning = tuning
        .unwrap_or_else(|| Tuning::for_device(device.facts.kind))
        .for_plan(plan)
        .fitted(most_primaries(plan), device.facts.largest_binding());
    let sizes = Sizes::new(plan, &device.facts, &tuning, rows, trace)?;
    let mut all = constants::physics();
    all.extend(constants::launch(plan, &tuning, &sizes));
    all.push(("PER_HISTORY", 1.0));
    all.push(("TRACE_CAPACITY", trace as f64));
    let variant = Variant { parts: sizes.parts as usize, trace: trace > 0 };
    let kernels = Kernels::new(device, &all, variant)?;
    let buffers = Buffers::new(device, &kernels, plan, sizes, &[], 0, fold::lanes)?;
    Ok(ReplaySetup { kernels, buffers, tuning })
}

impl ReplaySetup {
    fn run(&self, device: &Device, first: u64, histories: u32, strata: &Strata) -> Result<()> {
        let mut runner = BatchRunner::new(device, &self.kernels, &self.buffers, self.tuning);
        match runner.run(first, histories, strata, &Silent, &AtomicBool::new(false))? {
            Ended::Done => Ok(()),
            Ended::Stopped | Ended::Overflow => Err(Error::run(
                "a ring of particles overflowed",
                "a replay does not try again",
                "Compare fewer histories at once.",
            )),
        }
    }
}

/// Runs the first `histories` histories of a batch and gives the books of each.
///
/// # Errors
/// If the plan does not fit or the device is lost.
pub fn replay(
    device: &Device,
    plan: &Plan,
    tuning: Option<Tuning>,
    batch: u32,
    histories_per_batch: u64,
    histories: u32,
) -> Result<Vec<Ledger>> {
    let setup = setup(device, plan, tuning, u64::from(histories), 0)?;
    let strata = Strata::new(plan, batch, histories_per_batch);
    setup.run(device, u64::from(batch) * histories_per_batch, histories, &strata)?;
    let mut ledgers = Vec::with_capacity(histories as usize);
    device.read::<u32>(&setup.buffers.ledger, |words| {
        ledgers.extend(words.chunks_exact(LEDGER_WORDS).map(ledger_from_row));
    })?;
    ledgers.truncate(histories as usize);
    Ok(ledgers)
}

/// Runs one history and gives everything that happened, in the order in which it was written down. Particles are told apart by the birth
/// state of their stream.
///
/// # Errors
/// As [`replay`], and if the history has more to tell than there is room for.
pub fn trace(
    device: &Device,
    plan: &Plan,
    history: u64,
    histories_per_batch: u64,
) -> Result<Vec<Told>> {
    let setup = setup(device, plan, None, 1, TRACE_RECORDS)?;
    let per_batch = histories_per_batch.max(1);
    let strata =
        Strata::new(plan, (history / per_batch) as u32, per_batch).only(history % per_batch);
    setup.run(device, history, 1, &strata)?;
    let mut words: Vec<u32> = Vec::new();
    device.read::<u32>(&setup.buffers.trace, |piece| words.extend(piece))?;
    let count = u64::from(words[0]);
    if count > TRACE_RECORDS {
        return Err(Error::run(
            format!("history {history} has {count} events"),
            format!("{TRACE_RECORDS} fit"),
            "Choose another history.",
        ));
    }
    let records = words[TRACE_HEADER..].chunks_exact(TRACE_WORDS).take(count as usize);
    Ok(records.map(told).collect())
}

fn told(w: &[u32]) -> Told {
    let float = |at: usize| f32::from_bits(w[at]);
    Told {
        birth: [w[0], w[1], w[2], w[3]],
        event: w[4] as usize,
        kind: w[5] & 3,
        origin: w[5] >> 2,
        cell: w[6],
        energy: float(7),
        local: [float(8), float(9), float(10)],
        value: float(11),
        direction: cast_slice::<u32, f32>(&w[12..15]).try_into().unwrap_or_default(),
    }
}
