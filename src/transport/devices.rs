//! The GPUs of this machine as plain facts: what `voxgray devices` prints and a summary records. Known also to a build without the
//! GPU engine, which has none.

use serde::Serialize;

/// Which device it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct DeviceFacts {
    /// Its number, as in `--engine gpu:N`.
    pub number: usize,
    /// The driver's name for it.
    pub name: String,
    /// `discrete`, `integrated`, or `software` (a processor that runs shaders).
    pub kind: &'static str,
    /// Vulkan, Metal, DirectX 12.
    pub backend: String,
    /// Driver and its version.
    pub driver: String,
}

/// Limits that decide what runs, and how large a dose grid may be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DeviceLimits {
    /// Largest buffer, bytes.
    pub buffer_bytes: u64,
    /// Largest storage binding, bytes.
    pub binding_bytes: u64,
    /// Storage buffers that a kernel may bind.
    pub storage_buffers: u32,
    /// Lanes of a workgroup.
    pub workgroup_lanes: u32,
    /// Workgroup memory, bytes.
    pub workgroup_bytes: u32,
}

/// A device and whether voxgray can use it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DeviceReport {
    /// Which it is.
    #[serde(flatten)]
    pub facts: DeviceFacts,
    /// Its limits.
    pub limits: DeviceLimits,
    /// Clocks that time the kernels.
    pub timestamps: bool,
    /// Why it cannot be used; null if it can.
    pub refused: Option<String>,
    /// `auto` would use it.
    pub automatic: bool,
}

/// All devices.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Survey {
    /// They, by number.
    pub devices: Vec<DeviceReport>,
    /// Storage buffers that the kernels need.
    pub storage_buffers_needed: u32,
    /// Why there is none; null if there is one.
    pub lacking: Option<String>,
    /// Why `auto` uses the CPU; null if it uses a GPU.
    pub why_cpu: Option<String>,
}

/// Looks at the machine.
#[cfg(feature = "gpu")]
pub fn survey() -> Survey {
    use super::gpu::adapter::{Adapters, STORAGE_BUFFERS};
    let adapters = Adapters::find();
    let automatic = adapters.automatic();
    let devices = adapters.facts().map(|f| DeviceReport {
        facts: f.identity(),
        limits: f.shown_limits(),
        timestamps: !f.features().is_empty(),
        refused: f.check().err().map(|e| e.why),
        automatic: automatic.contains(&f.number),
    });
    Survey {
        devices: devices.collect(),
        storage_buffers_needed: STORAGE_BUFFERS,
        lacking: adapters.none().map(|e| e.why),
        why_cpu: adapters.why_cpu(),
    }
}

/// Looks at the machine.
#[cfg(not(feature = "gpu"))]
pub fn survey() -> Survey {
    let lacking = Some(super::engine::WITHOUT_GPU.to_string());
    Survey {
        devices: Vec::new(),
        storage_buffers_needed: 0,
        lacking: lacking.clone(),
        why_cpu: lacking,
    }
}
