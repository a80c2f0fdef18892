//! The engine on a GPU: launches the kernels of `shaders/`, which hold the physics. Any vendor, through wgpu (Vulkan, Metal, DirectX 12).
//!
//! ```text
//! adapters  -> Device -> Kernels (assembled WGSL, constants, pipelines)
//! Plan -----> Buffers (uploaded once) --+
//!                                       +--> batch: rounds of schedule, source, photons, leptons until all rings are empty
//!                                       +--> fold: the batch into sums and squares, on the device
//! run: batches over devices, looks at the maps where the monitor asks, the books, the same Tally as the CPU engine's
//! ```
//!
//! Particles wait in two rings (`shaders/queue.wgsl`). A lane follows one for a bounded number of steps, so a dispatch is short
//! whatever the particle does. What a history gives does not depend on who follows it, nor when: the tally is a sum of integers.

pub mod adapter;
pub mod assemble;
pub mod batch;
pub mod buffers;
pub mod constants;
pub mod device;
pub mod fold;
pub mod kernels;
pub mod layout;
pub mod probe;
pub mod profile;
pub mod replay;
pub mod run;
pub mod shaders;
pub mod tuning;
mod worker;
