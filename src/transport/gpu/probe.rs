//! One function of the shaders at a time, on many inputs: for comparison with its twin on the CPU. The modules, constants and bindings are
//! the transport's.

use bytemuck::{bytes_of, cast_slice};

use super::buffers::{PlanBuffers, Sizes, allocate, upload};
use super::constants::{self, Constants};
use super::device::Device;
use super::kernels::{
    Use, Variant, bind_group, bind_group_layout, compile, transport_bindings, transport_module,
};
use super::layout::{Batch, Control, RECORD_WORDS, words};
use super::shaders;
use super::tuning::Tuning;
use crate::error::Result;
use crate::transport::plan::Plan;
use crate::transport::strata::Strata;

/// Words of an input and of an output.
pub const PROBE_WORDS: usize = 8;

/// An input or an output: floats by their bits.
pub type Words = [u32; PROBE_WORDS];

/// A plan on a device, ready for probes.
pub struct Probe<'a> {
    device: &'a Device,
    plan: PlanBuffers,
    batch: wgpu::Buffer,
    /// Stubs: no probe reads them.
    control: wgpu::Buffer,
    stub: [wgpu::Buffer; 4],
    constants: Constants,
    workgroup: u32,
}

impl<'a> Probe<'a> {
    /// Uploads a plan; histories sit as `strata` says.
    ///
    /// # Errors
    /// If the plan does not fit.
    pub fn new(device: &'a Device, plan: &Plan, strata: &Strata) -> Result<Self> {
        use wgpu::BufferUsages as U;
        let tuning = Tuning::for_device(device.facts.kind);
        let sizes = Sizes::new(plan, &device.facts, &tuning, 1, 0)?;
        let mut all = constants::physics();
        all.extend(constants::launch(plan, &tuning, &sizes));
        // No probe writes to a ring.
        all.retain(|c| c.0 != "QUEUE_CAPACITY");
        all.extend([
            ("PER_HISTORY", 0.0),
            ("QUEUE_CAPACITY", 1.0),
            ("PROBE_WORDS", PROBE_WORDS as f64),
        ]);
        let uploaded = PlanBuffers::new(device, plan)?;
        let batch = Batch {
            offset: words(strata.offset()),
            stride: words(strata.stride()),
            ..uploaded.layout
        };
        let batch = upload(device, "the batch", bytes_of(&batch), U::UNIFORM | U::COPY_DST)?;
        let empty = |bytes: usize| allocate(device, "a probe", bytes as u64, U::STORAGE);
        let stub = || empty(4 * RECORD_WORDS);
        let stub = [stub()?, stub()?, stub()?, stub()?];
        let control = empty(size_of::<Control>())?;
        let workgroup = tuning.workgroup;
        Ok(Probe { device, plan: uploaded, batch, control, stub, constants: all, workgroup })
    }

    /// Runs the entry point `probe_<name>` on every input.
    ///
    /// # Errors
    /// If the device does not take the shader, has no memory or is lost.
    pub fn run(&self, name: &str, inputs: &[Words]) -> Result<Vec<Words>> {
        use wgpu::BufferUsages as U;
        let module = transport_module(Variant { parts: 1, trace: false }, &[shaders::PROBE]);
        let mut uses = transport_bindings(1);
        uses.extend([Use::Read, Use::Write]);
        let layout = bind_group_layout(self.device, &uses);
        let entry = format!("probe_{name}");
        let [pipeline] = compile(self.device, &module, &self.constants, &layout, [entry.as_str()])?;
        let given =
            upload(self.device, "the inputs", cast_slice(inputs), U::STORAGE | U::COPY_DST)?;
        let bytes = size_of_val(inputs) as u64;
        let taken = allocate(self.device, "the outputs", bytes, U::STORAGE | U::COPY_SRC)?;
        let PlanBuffers { params, tables, voxels, source, low, high, weights, .. } = &self.plan;
        let [rings, ledger, trace, tally] = &self.stub;
        let buffers = [
            params,
            &self.batch,
            tables,
            voxels,
            &self.control,
            rings,
            ledger,
            source,
            low,
            high,
            trace,
            weights,
            tally,
            &given,
            &taken,
        ];
        let bind =
            self.device.checked("the bindings", || bind_group(self.device, &layout, &buffers))?;
        let mut encoder =
            self.device.device.create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
        {
            let mut pass = encoder.begin_compute_pass(&wgpu::ComputePassDescriptor::default());
            pass.set_pipeline(&pipeline);
            pass.set_bind_group(0, &bind, &[]);
            pass.dispatch_workgroups((inputs.len() as u32).div_ceil(self.workgroup), 1, 1);
        }
        self.device.queue.submit([encoder.finish()]);
        let mut outputs = Vec::with_capacity(inputs.len());
        self.device.read::<Words>(&taken, |piece| outputs.extend_from_slice(piece))?;
        outputs.truncate(inputs.len());
        Ok(outputs)
    }
}
