//! Folding a batch into the sums on the device, and bringing the sums to the host.

use bytemuck::cast_slice;

use super::assemble::Assembled;
use super::buffers::{Buffers, Part};
use super::constants::Constants;
use super::device::Device;
use super::kernels::{FOLD_BINDINGS, bind_group_layout, compile};
use super::shaders;
use crate::error::Result;
use crate::transport::plan::Plan;
use crate::transport::tally::{BatchRegions, ORIGINS, Tally};

/// Lanes of a workgroup of the fold, and cells of a lane.
const WORKGROUP: u32 = 64;
const CELLS_PER_LANE: u32 = 16;

/// Lanes that fold so many cells.
pub fn lanes(cells: u64) -> u32 {
    cells.div_ceil(u64::from(CELLS_PER_LANE)).max(1) as u32
}

/// The fold.
pub struct FoldKernel {
    pipeline: wgpu::ComputePipeline,
    most_groups: u32,
}

impl FoldKernel {
    /// Compiles it.
    ///
    /// # Errors
    /// If the device does not take it.
    pub fn new(device: &Device, origins: usize) -> Result<Self> {
        let constants: Constants = vec![
            ("WORKGROUP", f64::from(WORKGROUP)),
            ("CELLS_PER_LANE", f64::from(CELLS_PER_LANE)),
            ("ORIGINS", origins as f64),
        ];
        let layout = bind_group_layout(device, &FOLD_BINDINGS);
        let [pipeline] =
            compile(device, &Assembled::new(shaders::FOLD), &constants, &layout, ["fold"])?;
        let most_groups = device.facts.limits.max_compute_workgroups_per_dimension;
        Ok(FoldKernel { pipeline, most_groups })
    }

    /// Folds the words of all parts and gives the energy per region.
    ///
    /// # Errors
    /// If the device is lost.
    pub fn fold(
        &self,
        device: &Device,
        buffers: &Buffers,
        batch: u32,
        regions: usize,
    ) -> Result<BatchRegions> {
        let mut encoder =
            device.device.create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
        {
            let mut pass = encoder.begin_compute_pass(&wgpu::ComputePassDescriptor::default());
            pass.set_pipeline(&self.pipeline);
            for part in &buffers.parts {
                pass.set_bind_group(0, &part.fold, &[]);
                let groups = part.fold_job.lanes.div_ceil(WORKGROUP);
                pass.dispatch_workgroups(
                    groups.min(self.most_groups),
                    groups.div_ceil(self.most_groups),
                    1,
                );
            }
        }
        let staging = device.staging(buffers.regions.size())?;
        encoder.copy_buffer_to_buffer(&buffers.regions, 0, &staging, 0, buffers.regions.size());
        encoder.clear_buffer(&buffers.regions, 0, None);
        device.queue.submit([encoder.finish()]);
        let view = device.map(&staging)?;
        let units = cast_slice::<u8, u64>(&view)[..=regions].to_vec();
        Ok(BatchRegions { batch, units })
    }
}

/// Adds the device's sums to a tally.
///
/// # Errors
/// If the device is lost.
pub fn add_sums(device: &Device, buffers: &Buffers, tally: &mut Tally) -> Result<()> {
    let used: Vec<usize> = (0..tally.sums.len()).filter(|&o| !tally.sums[o].is_empty()).collect();
    for (n, part) in buffers.parts.iter().enumerate() {
        let first = n * buffers.sizes.part_cells as usize;
        let cells = part.fold_job.cells as usize;
        add_part(device, part, first, cells, &used, tally)?;
    }
    Ok(())
}

/// The words of the batch in flight, per origin and cell.
///
/// # Errors
/// If the device is lost.
pub fn read_words(device: &Device, buffers: &Buffers, plan: &Plan) -> Result<[Vec<u64>; ORIGINS]> {
    let mut out = plan.origins.map(|used| vec![0_u64; if used { plan.tally_cells() } else { 0 }]);
    let used: Vec<usize> = (0..ORIGINS).filter(|&o| plan.origins[o]).collect();
    for (n, part) in buffers.parts.iter().enumerate() {
        let first = n * buffers.sizes.part_cells as usize;
        let cells = part.fold_job.cells as usize;
        let mut word = 0;
        device.read::<u64>(&part.words, |piece| {
            for &value in piece {
                let (cell, origin) = (word / used.len(), word % used.len());
                if cell < cells {
                    out[used[origin]][first + cell] = value;
                }
                word += 1;
            }
        })?;
    }
    Ok(out)
}

fn add_part(
    device: &Device,
    part: &Part,
    first: usize,
    cells: usize,
    used: &[usize],
    tally: &mut Tally,
) -> Result<()> {
    let mut word = 0;
    device.read::<u64>(&part.sums, |piece| {
        for &value in piece {
            let (cell, origin) = (word / used.len(), word % used.len());
            if cell < cells {
                tally.sums[used[origin]][first + cell] += value;
            }
            word += 1;
        }
    })?;
    let mut cell = 0;
    device.read::<[u64; 2]>(&part.squares, |piece| {
        for &[low, high] in piece {
            if cell < cells {
                tally.squares[first + cell] += u128::from(low) | u128::from(high) << 64;
            }
            cell += 1;
        }
    })
}
