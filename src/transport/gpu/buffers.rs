//! Device memory of a run: the uploaded plan, the rings, the books, the tally in parts.

use bytemuck::{Zeroable, bytes_of, cast_slice};

use super::adapter::AdapterFacts;
use super::device::Device;
use super::kernels::{FOLD_BINDINGS, Kernels, MOST_PARTS, bind_group, bind_group_layout};
use super::layout::{
    Batch, CAPACITY_BYTES, Control, Fold, LEDGER_WORDS, TRACE_HEADER, TRACE_WORDS,
};
use super::tuning::{Tuning, most_primaries};
use crate::error::{Error, Result};
use crate::transport::plan::Plan;

/// Bytes per cell of the squares.
const SQUARE_BYTES: u64 = 16;

/// How large everything is on a device.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sizes {
    /// Tally cells ([`crate::transport::score::Score`]).
    pub cells: u64,
    /// Pairs of words per cell: origins that score, or time points.
    pub channels: u64,
    /// Squares per cell: one, or one for each time point.
    pub groups: u64,
    /// Parts of the tally.
    pub parts: u64,
    /// Cells in each part but the last.
    pub part_cells: u64,
    /// Records of a ring.
    pub capacity: u64,
    /// Rows of the ledger.
    pub ledger_rows: u64,
    /// Trace records.
    pub trace: u64,
    /// All of it, bytes.
    pub bytes: u64,
}

impl Sizes {
    /// Plans the memory of a run.
    ///
    /// # Errors
    /// If a part is too large for the device's bindings.
    pub fn new(
        plan: &Plan,
        facts: &AdapterFacts,
        tuning: &Tuning,
        ledger_rows: u64,
        trace: u64,
    ) -> Result<Self> {
        let largest = facts.largest_binding();
        let score = plan.score();
        let cells = score.cells as u64;
        let (channels, groups) = (score.channels.words() as u64, score.channels.groups() as u64);
        let per_cell = (channels * 8).max(groups * SQUARE_BYTES);
        let in_one = (largest.min(tuning.largest_part.unwrap_or(largest)) / per_cell).max(1);
        let parts = if cells <= in_one { 1 } else { MOST_PARTS as u64 };
        let part_cells = cells.div_ceil(parts);
        let most = most_primaries(plan);
        let capacity = tuning.ring_records.unwrap_or_else(|| tuning.capacity(most));
        let tables = 4 * tables_words(plan) as u64;
        let source = 4 * plan.source_voxels.len() as u64;
        let bindings = [
            ("a voxel map", 4 * plan.voxels.len() as u64),
            ("a part of the tally", part_cells * per_cell),
            ("the tables", tables),
            ("the source", source),
            ("the weights of the time points", 4 * plan.source_weights.len() as u64),
            ("the rings of particles", capacity * CAPACITY_BYTES),
            ("the books", ledger_rows * 4 * LEDGER_WORDS as u64),
        ];
        for (what, bytes) in bindings {
            if bytes > largest {
                return Err(too_large(facts, what, bytes, largest));
            }
        }
        let labels = 2 * cells * groups;
        let weights = 4 * plan.source_weights.len() as u64;
        let bytes = tables
            + 4 * plan.voxels.len() as u64
            + 3 * source
            + labels
            + weights
            + cells * (2 * channels * 8 + groups * SQUARE_BYTES)
            + capacity * CAPACITY_BYTES
            + ledger_rows * 4 * LEDGER_WORDS as u64
            + trace * 4 * TRACE_WORDS as u64;
        Ok(Sizes {
            cells,
            channels,
            groups,
            parts,
            part_cells,
            capacity,
            ledger_rows,
            trace,
            bytes,
        })
    }

    /// Cells of part `part`.
    pub fn cells_of(&self, part: u64) -> u64 {
        self.part_cells.min(self.cells.saturating_sub(part * self.part_cells))
    }
}

fn too_large(facts: &AdapterFacts, what: &str, bytes: u64, largest: u64) -> Error {
    let mib = |b: u64| b as f64 / f64::from(1 << 20);
    Error::run(
        format!("{what} of {:.0} MiB does not fit on GPU '{}'", mib(bytes), facts.name),
        format!("it takes buffers of at most {:.0} MiB", mib(largest)),
        "Use a coarser grid (--grid), or --engine cpu.",
    )
}

/// Words of the table buffer: tables, majorant cells, emission groups, entries, each part from a multiple of four on.
fn tables_words(plan: &Plan) -> usize {
    plan.tables.len().next_multiple_of(4)
        + plan.cells.len().next_multiple_of(4)
        + cast_slice::<_, u32>(&plan.source_groups).len()
        + cast_slice::<_, u32>(&plan.source_entries).len()
}

/// One part of the tally.
pub struct Part {
    /// Words of the batch in flight.
    pub words: wgpu::Buffer,
    /// Sums over batches.
    pub sums: wgpu::Buffer,
    /// Sums of squares.
    pub squares: wgpu::Buffer,
    /// Binds the fold.
    pub fold: wgpu::BindGroup,
    /// Parameters of the fold.
    pub fold_job: Fold,
}

/// The uploaded plan.
pub struct PlanBuffers {
    /// Scalars.
    pub params: wgpu::Buffer,
    /// Tables, majorant cells, emission groups and their entries.
    pub tables: wgpu::Buffer,
    /// Density and material per voxel.
    pub voxels: wgpu::Buffer,
    /// Source voxels.
    pub source: wgpu::Buffer,
    /// Cumulative activity, low words.
    pub low: wgpu::Buffer,
    /// High words.
    pub high: wgpu::Buffer,
    /// Weights of the time points; a stub in an ordinary run.
    pub weights: wgpu::Buffer,
    /// Where the words behind the tables start.
    pub layout: Batch,
}

impl PlanBuffers {
    /// Uploads a plan.
    ///
    /// # Errors
    /// If the device has no memory for it.
    pub fn new(device: &Device, plan: &Plan) -> Result<Self> {
        use wgpu::BufferUsages as U;
        let storage = U::STORAGE | U::COPY_DST;
        let filled = |what: &str, bytes: &[u8], usage: U| upload(device, what, bytes, usage);
        let mut params = bytes_of(&plan.params).to_vec();
        params.resize(params.len().next_multiple_of(16), 0);
        let params = filled("the parameters", &params, U::UNIFORM | U::COPY_DST)?;
        let mut words: Vec<u32> = plan.tables.iter().map(|v| v.to_bits()).collect();
        let mut append = |part: &[u32]| {
            words.resize(words.len().next_multiple_of(4), 0);
            let at = words.len() as u32;
            words.extend(part);
            at
        };
        let mut layout = Batch::zeroed();
        layout.cells = append(&plan.cells);
        layout.groups = append(cast_slice(&plan.source_groups));
        layout.entries = append(cast_slice(&plan.source_entries));
        let tables = filled("the tables", cast_slice(&words), storage)?;
        drop(words);
        let voxels = filled("the voxels", cast_slice(&plan.voxels), storage)?;
        let source = filled("the source", cast_slice(&plan.source_voxels), storage)?;
        let half = |shift: u32| -> Vec<u32> {
            plan.source_cumulative.iter().map(|c| (c >> shift) as u32).collect()
        };
        let low = filled("the source", cast_slice(&half(0)), storage)?;
        let high = filled("the source", cast_slice(&half(32)), storage)?;
        let weights = filled("the weights", cast_slice(&plan.source_weights), storage)?;
        Ok(PlanBuffers { params, tables, voxels, source, low, high, weights, layout })
    }
}

/// Buffers of a run on one device.
pub struct Buffers {
    /// How large they are.
    pub sizes: Sizes,
    /// Parameters of the batch.
    pub batch: wgpu::Buffer,
    /// Where the words behind the tables start.
    pub batch_layout: Batch,
    /// State of the batch.
    pub control: wgpu::Buffer,
    /// The books.
    pub ledger: wgpu::Buffer,
    /// Trace records; a stub if nobody listens.
    pub trace: wgpu::Buffer,
    /// Energy per region of the batch.
    pub regions: wgpu::Buffer,
    /// The tally.
    pub parts: Vec<Part>,
    /// Binds the transport kernels.
    pub bind: wgpu::BindGroup,
}

impl Buffers {
    /// Allocates and uploads.
    ///
    /// # Errors
    /// If the device has no memory for it.
    pub fn new(
        device: &Device,
        kernels: &Kernels,
        plan: &Plan,
        sizes: Sizes,
        labels: &[u16],
        regions: usize,
        fold_lanes: impl Fn(u64) -> u32,
    ) -> Result<Self> {
        use wgpu::BufferUsages as U;
        let storage = U::STORAGE | U::COPY_DST;
        let back = storage | U::COPY_SRC;
        let empty = |what: &str, bytes: u64, usage: U| allocate(device, what, bytes, usage);
        let filled = |what: &str, bytes: &[u8], usage: U| upload(device, what, bytes, usage);

        let plan_buffers = PlanBuffers::new(device, plan)?;
        let PlanBuffers {
            params,
            tables,
            voxels,
            source,
            low,
            high,
            weights,
            layout: batch_layout,
        } = &plan_buffers;
        let batch = empty("the batch", size_of::<Batch>() as u64, U::UNIFORM | U::COPY_DST)?;
        let control = empty("the control words", size_of::<Control>() as u64, back)?;
        let rings = empty("the rings of particles", sizes.capacity * CAPACITY_BYTES, storage)?;
        let ledger = empty("the ledger", sizes.ledger_rows * 4 * LEDGER_WORDS as u64, back)?;
        let trace_words = TRACE_HEADER as u64 + sizes.trace.max(1) * TRACE_WORDS as u64;
        let trace = empty("the trace", 4 * trace_words, back)?;
        let region_bytes = 8 * (regions as u64 + 1) * sizes.groups;
        let region_sums = empty("the regions", region_bytes, back)?;
        let mut packed: Vec<u32> = labels
            .chunks(2)
            .map(|pair| u32::from(pair[0]) | u32::from(pair.get(1).copied().unwrap_or(0)) << 16)
            .collect();
        packed.resize(packed.len().max(1), 0);
        let label_words = filled("the regions", cast_slice(&packed), storage)?;

        let fold_layout = bind_group_layout(device, &FOLD_BINDINGS);
        let mut parts = Vec::new();
        for part in 0..sizes.parts {
            let cells = sizes.cells_of(part).max(1);
            let words = empty("the tally", cells * sizes.channels * 8, back)?;
            let sums = empty("the tally", cells * sizes.channels * 8, back)?;
            let squares = empty("the tally", cells * sizes.groups * SQUARE_BYTES, back)?;
            let fold_job = Fold {
                cells: sizes.cells_of(part) as u32,
                first: (part * sizes.part_cells) as u32,
                labelled: u32::from(!labels.is_empty()),
                lanes: fold_lanes(sizes.cells_of(part)),
                regions: regions as u32 + 1,
                label_stride: if labels.len() as u64 > sizes.cells {
                    sizes.cells as u32
                } else {
                    0
                },
                spare: [0; 2],
            };
            let job = filled("the fold", bytes_of(&fold_job), U::UNIFORM | U::COPY_DST)?;
            let fold = bind_group(
                device,
                &fold_layout,
                &[&job, &words, &sums, &squares, &label_words, &region_sums],
            );
            parts.push(Part { words, sums, squares, fold, fold_job });
        }
        let mut all = vec![
            params, &batch, tables, voxels, &control, &rings, &ledger, source, low, high, &trace,
            weights,
        ];
        all.extend(parts.iter().map(|p| &p.words));
        let bind = device.checked("the bindings", || bind_group(device, &kernels.layout, &all))?;
        Ok(Buffers {
            sizes,
            batch,
            batch_layout: *batch_layout,
            control,
            ledger,
            trace,
            regions: region_sums,
            parts,
            bind,
        })
    }
}

/// A zeroed buffer.
pub(super) fn allocate(
    device: &Device,
    what: &str,
    bytes: u64,
    usage: wgpu::BufferUsages,
) -> Result<wgpu::Buffer> {
    device.checked(what, || {
        device.device.create_buffer(&wgpu::BufferDescriptor {
            label: Some(what),
            size: bytes.max(16).next_multiple_of(16),
            usage,
            mapped_at_creation: false,
        })
    })
}

/// A buffer with content.
pub(super) fn upload(
    device: &Device,
    what: &str,
    bytes: &[u8],
    usage: wgpu::BufferUsages,
) -> Result<wgpu::Buffer> {
    const PIECE: usize = 64 << 20;
    let buffer = allocate(device, what, bytes.len() as u64, usage)?;
    for (n, piece) in bytes.chunks(PIECE).enumerate() {
        device.queue.write_buffer(&buffer, (n * PIECE) as u64, piece);
        if bytes.len() > PIECE {
            // Keeps the driver's own copies small.
            device.queue.submit([]);
            device.wait()?;
        }
    }
    Ok(buffer)
}
