//! Pipelines: assembled WGSL, its constants, one layout of bindings for all transport kernels.

use super::assemble::Assembled;
use super::constants::Constants;
use super::device::Device;
use super::shaders::{self, ShaderFile};
use crate::error::{Error, Result};

/// How bindings are used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Use {
    /// Scalars.
    Uniform,
    /// Read only.
    Read,
    /// Read and written.
    Write,
}

/// The bindings of the transport kernels in order, as the shaders number them. Behind them one or four parts of the tally.
pub const TRANSPORT_BINDINGS: [Use; 12] = [
    Use::Uniform, // params
    Use::Uniform, // batch
    Use::Read,    // tables
    Use::Read,    // voxels
    Use::Write,   // control
    Use::Write,   // rings of particles
    Use::Write,   // ledger
    Use::Read,    // source voxels
    Use::Read,    // cumulative activity, low words
    Use::Read,    // high words
    Use::Write,   // trace
    Use::Read,    // weights of the time points
];

/// Most parts of the tally.
pub const MOST_PARTS: usize = 4;

/// The bindings of the fold.
pub const FOLD_BINDINGS: [Use; 6] =
    [Use::Uniform, Use::Write, Use::Write, Use::Write, Use::Read, Use::Write];

/// A layout of one bind group.
pub fn bind_group_layout(device: &Device, uses: &[Use]) -> wgpu::BindGroupLayout {
    let entries: Vec<wgpu::BindGroupLayoutEntry> = uses
        .iter()
        .enumerate()
        .map(|(n, used)| wgpu::BindGroupLayoutEntry {
            binding: n as u32,
            visibility: wgpu::ShaderStages::COMPUTE,
            ty: wgpu::BindingType::Buffer {
                ty: match used {
                    Use::Uniform => wgpu::BufferBindingType::Uniform,
                    Use::Read => wgpu::BufferBindingType::Storage { read_only: true },
                    Use::Write => wgpu::BufferBindingType::Storage { read_only: false },
                },
                has_dynamic_offset: false,
                min_binding_size: None,
            },
            count: None,
        })
        .collect();
    device.device.create_bind_group_layout(&wgpu::BindGroupLayoutDescriptor {
        label: None,
        entries: &entries,
    })
}

/// A bind group of whole buffers.
pub fn bind_group(
    device: &Device,
    layout: &wgpu::BindGroupLayout,
    buffers: &[&wgpu::Buffer],
) -> wgpu::BindGroup {
    let entries: Vec<wgpu::BindGroupEntry> = buffers
        .iter()
        .enumerate()
        .map(|(n, b)| wgpu::BindGroupEntry { binding: n as u32, resource: b.as_entire_binding() })
        .collect();
    device.device.create_bind_group(&wgpu::BindGroupDescriptor {
        label: None,
        layout,
        entries: &entries,
    })
}

/// Compiles entry points of a module.
///
/// # Errors
/// With the file and line of a shader that the device does not take.
pub fn compile<const N: usize>(
    device: &Device,
    module: &Assembled,
    constants: &Constants,
    layout: &wgpu::BindGroupLayout,
    entries: [&str; N],
) -> Result<[wgpu::ComputePipeline; N]> {
    let used: Vec<(&str, f64)> = module
        .overrides()
        .filter_map(|name| constants.iter().find(|c| c.0 == name).copied())
        .collect();
    let shader = device.checked("a shader", || {
        device.device.create_shader_module(wgpu::ShaderModuleDescriptor {
            label: None,
            source: wgpu::ShaderSource::Wgsl(module.text.as_str().into()),
        })
    });
    let shader = shader.map_err(|e| with_origin(device, module, e))?;
    let pipeline_layout = device.device.create_pipeline_layout(&wgpu::PipelineLayoutDescriptor {
        label: None,
        bind_group_layouts: &[Some(layout)],
        immediate_size: 0,
    });
    let pipelines = device.checked("a kernel", || {
        entries.map(|entry| {
            device.device.create_compute_pipeline(&wgpu::ComputePipelineDescriptor {
                label: Some(entry),
                layout: Some(&pipeline_layout),
                module: &shader,
                entry_point: Some(entry),
                compilation_options: wgpu::PipelineCompilationOptions {
                    constants: &used,
                    zero_initialize_workgroup_memory: false,
                },
                cache: None,
            })
        })
    })?;
    Ok(pipelines)
}

/// Leads the line that a compiler names (`wgsl:LINE:COLUMN`) back to the shader's file.
fn with_origin(device: &Device, module: &Assembled, error: Error) -> Error {
    let line = error.why.split("wgsl:").nth(1).and_then(|rest| {
        rest.split(|c: char| !c.is_ascii_digit()).next().and_then(|n| n.parse::<usize>().ok())
    });
    match line {
        Some(line) => Error::run(
            format!("GPU '{}' refuses {}", device.facts.name, module.origin(line)),
            error.why,
            error.suggestion,
        ),
        None => error,
    }
}

/// The kernels of a run.
pub struct Kernels {
    /// Layout of their bind group.
    pub layout: wgpu::BindGroupLayout,
    /// Plans a round.
    pub schedule: wgpu::ComputePipeline,
    /// Starts histories.
    pub source: wgpu::ComputePipeline,
    /// Follows photons.
    pub photons: wgpu::ComputePipeline,
    /// Follows electrons and positrons.
    pub leptons: wgpu::ComputePipeline,
}

/// Which files make the transport module.
#[derive(Debug, Clone, Copy)]
pub struct Variant {
    /// Parts of the tally: one or four bindings.
    pub parts: usize,
    /// Somebody listens.
    pub trace: bool,
}

/// The transport module in a variant, with its entry points' file.
pub fn transport_module(variant: Variant, entry_points: &[ShaderFile]) -> Assembled {
    let tally = if variant.parts > 1 { shaders::TALLY_FOUR } else { shaders::TALLY_ONE };
    let listener = if variant.trace { shaders::TRACE_ON } else { shaders::TRACE_OFF };
    let mut files = shaders::TRANSPORT.to_vec();
    files.extend([tally, listener]);
    files.extend(entry_points);
    Assembled::new(&files)
}

/// The bindings of a variant.
pub fn transport_bindings(parts: usize) -> Vec<Use> {
    let mut all = TRANSPORT_BINDINGS.to_vec();
    all.extend(std::iter::repeat_n(Use::Write, parts));
    all
}

impl Kernels {
    /// Compiles the kernels of a variant.
    ///
    /// # Errors
    /// If the device does not take them.
    pub fn new(device: &Device, constants: &Constants, variant: Variant) -> Result<Self> {
        let module = transport_module(variant, &[shaders::KERNELS, shaders::SCHEDULE]);
        let layout = bind_group_layout(device, &transport_bindings(variant.parts));
        let entries = ["schedule", "source", "photons", "leptons"];
        let [schedule, source, photons, leptons] =
            compile(device, &module, constants, &layout, entries)?;
        Ok(Kernels { layout, schedule, source, photons, leptons })
    }
}
