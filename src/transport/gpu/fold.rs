//! Folding a batch into the sums on the device, and bringing the sums to the host.

use bytemuck::cast_slice;

use super::assemble::Assembled;
use super::buffers::{Buffers, Part, Sizes};
use super::constants::Constants;
use super::device::Device;
use super::kernels::{FOLD_BINDINGS, bind_group_layout, compile};
use super::shaders;
use crate::error::Result;
use crate::transport::escapes::Escapes;
use crate::transport::tally::{BatchRegions, Sums, Tally};
use crate::transport::tally_origins::OriginSums;

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
    pub fn new(device: &Device, sizes: &Sizes) -> Result<Self> {
        let constants: Constants = vec![
            ("WORKGROUP", f64::from(WORKGROUP)),
            ("CELLS_PER_LANE", f64::from(CELLS_PER_LANE)),
            ("CHANNELS", sizes.channels as f64),
            ("GROUPS", sizes.groups as f64),
        ];
        let layout = bind_group_layout(device, &FOLD_BINDINGS);
        let [pipeline] =
            compile(device, &Assembled::new(shaders::FOLD), &constants, &layout, ["fold"])?;
        let most_groups = device.facts.limits.max_compute_workgroups_per_dimension;
        Ok(FoldKernel { pipeline, most_groups })
    }

    /// Folds the words of all parts and gives the energy per region (and time point), with what left.
    ///
    /// # Errors
    /// If the device is lost.
    pub fn fold(
        &self,
        device: &Device,
        buffers: &Buffers,
        batch: u32,
        escapes: Escapes,
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
        let used = buffers.parts[0].fold_job.regions as usize * buffers.sizes.groups as usize;
        let units = cast_slice::<u8, u64>(&view)[..used].to_vec();
        Ok(BatchRegions { batch, units, escapes })
    }
}

/// Adds the device's sums to a tally.
///
/// # Errors
/// If the device is lost.
pub fn add_sums(device: &Device, buffers: &Buffers, tally: &mut Tally) -> Result<()> {
    let (mut sums, mut squares): (Vec<&mut [u64]>, Vec<&mut [u128]>) = match &mut tally.sums {
        Sums::ByOrigin(OriginSums { sums, squares }) => {
            (sums.iter_mut().flatten().map(Vec::as_mut_slice).collect(), vec![squares])
        }
        Sums::ByTime(times) => {
            times.iter_mut().map(|t| (&mut t.sums[..], &mut t.squares[..])).unzip()
        }
    };
    for (n, part) in buffers.parts.iter().enumerate() {
        let first = n * buffers.sizes.part_cells as usize;
        add_part(device, part, first, &mut sums, &mut squares)?;
    }
    Ok(())
}

/// Adds the sums and squares of a part, whose cells begin at `first`, to those of each channel and group.
fn add_part(
    device: &Device,
    part: &Part,
    first: usize,
    sums: &mut [&mut [u64]],
    squares: &mut [&mut [u128]],
) -> Result<()> {
    let cells = part.fold_job.cells as usize;
    let mut word = 0;
    device.read::<u64>(&part.sums, |piece| {
        for &value in piece {
            let (cell, channel) = (word / sums.len(), word % sums.len());
            if cell < cells {
                sums[channel][first + cell] += value;
            }
            word += 1;
        }
    })?;
    let mut word = 0;
    device.read::<[u64; 2]>(&part.squares, |piece| {
        for &[low, high] in piece {
            let (cell, group) = (word / squares.len(), word % squares.len());
            if cell < cells {
                squares[group][first + cell] += u128::from(low) | u128::from(high) << 64;
            }
            word += 1;
        }
    })
}
