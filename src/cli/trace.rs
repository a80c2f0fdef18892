//! `voxgray trace --history N`: replays one history of a run and prints its steps, its deposits and its ledger.

use crate::transport::plan::Plan;
use crate::transport::trace::trace;

/// The printed trace of history number `history` of a run with `histories_per_batch` histories in each batch.
pub fn trace_history(plan: &Plan, history: u64, histories_per_batch: u64) -> String {
    trace(plan, history, histories_per_batch).table(plan)
}
