//! Layouts of the buffers that only the GPU engine has. Those of the plan are in [`crate::transport::layout`]. `tests/shader_layout.rs`
//! compares all of them with the shaders.

use bytemuck::{Pod, Zeroable};

use crate::transport::escapes::{ESCAPE_NUMBERS, Escapes};
use crate::transport::ledger::Ledger;

/// What changes from batch to batch.
#[repr(C)]
#[derive(Debug, Clone, Copy, Pod, Zeroable)]
pub struct Batch {
    /// Number of the first history, low word first.
    pub first: [u32; 2],
    /// Offset of the systematic sampling.
    pub offset: [u32; 2],
    /// Its stride.
    pub stride: [u32; 2],
    /// Histories of the batch.
    pub histories: u32,
    /// First word of the majorant cells behind the tables.
    pub cells: u32,
    /// First word of the emission groups.
    pub groups: u32,
    /// First word of their entries.
    pub entries: u32,
    /// Most histories started in a round.
    pub source_most: u32,
    /// Nothing.
    pub spare: u32,
}

/// A ring of particles.
#[repr(C)]
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Pod, Zeroable)]
pub struct Queue {
    /// Running index of the first record that waits.
    pub head: u32,
    /// Records that this round may take.
    pub take: u32,
    /// Lanes that may run.
    pub lanes: u32,
    /// Fills the cache line of what is only read while a dispatch runs.
    pub spare_a: [u32; 13],
    /// Running index behind the last record.
    pub tail: u32,
    /// Fills its cache line.
    pub spare_b: [u32; 15],
    /// Records that lanes asked for.
    pub next: u32,
    /// Fills its cache line.
    pub spare_c: [u32; 15],
}

impl Queue {
    /// Records that wait after the round.
    pub fn waiting(&self) -> u32 {
        self.tail.wrapping_sub(self.head.wrapping_add(self.next.min(self.take)))
    }
}

/// State of a batch in flight.
#[repr(C)]
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Pod, Zeroable)]
pub struct Control {
    /// Photons; electrons and positrons.
    pub rings: [Queue; 2],
    /// Histories started before this round.
    pub source_next: u32,
    /// Histories started in it.
    pub source_take: u32,
    /// Records that found no room.
    pub overflows: u32,
    /// Whether particles wait but none may run.
    pub stuck: u32,
}

impl Control {
    /// Whether the batch is through.
    pub fn done(&self, histories: u32) -> bool {
        self.started() == histories && self.rings.iter().all(|ring| ring.waiting() == 0)
    }

    /// Histories started.
    pub fn started(&self) -> u32 {
        self.source_next + self.source_take
    }
}

/// Parameters of a fold.
#[repr(C)]
#[derive(Debug, Clone, Copy, Pod, Zeroable)]
pub struct Fold {
    /// Cells in this part of the tally.
    pub cells: u32,
    /// The first of them.
    pub first: u32,
    /// Whether voxels have labels.
    pub labelled: u32,
    /// Lanes.
    pub lanes: u32,
    /// Regions with the one outside all.
    pub regions: u32,
    /// Voxels between the labels of two time points; 0 if all have the same.
    pub label_stride: u32,
    /// Nothing.
    pub spare: [u32; 2],
}

/// Words of a particle's record.
pub const RECORD_WORDS: usize = 24;

/// Bytes of both rings for each record that one of them holds.
pub const CAPACITY_BYTES: u64 = 2 * 4 * RECORD_WORDS as u64;
/// Words of a row of the ledger.
pub const LEDGER_WORDS: usize = ESCAPE_AT + 2 * ESCAPE_NUMBERS;
/// First word of what left by face and kind.
pub const ESCAPE_AT: usize = 18;
/// Words of a trace record.
pub const TRACE_WORDS: usize = 16;
/// Words before the first trace record.
pub const TRACE_HEADER: usize = 4;

/// The books of one row.
pub fn ledger_from_row(row: &[u32]) -> Ledger {
    let wide = |at: usize| u64::from(row[at]) | u64::from(row[at + 1]) << 32;
    Ledger {
        histories: u64::from(row[0]),
        primaries: u64::from(row[1]),
        emitted_units: wide(2),
        imparted_units: wide(4),
        escaped_units: wide(6),
        cut_units: wide(8),
        lepton_segments: wide(10),
        photon_collisions: wide(12),
        segment_caps: u64::from(row[14]),
        stack_overflows: u64::from(row[15]),
        rejection_caps: u64::from(row[16]),
        majorant_excesses: u64::from(row[17]),
        escapes: Escapes::from_words(&std::array::from_fn(|n| wide(ESCAPE_AT + 2 * n))),
    }
}

/// A 64-bit number as two words, low word first.
pub fn words(value: u64) -> [u32; 2] {
    [value as u32, (value >> 32) as u32]
}
