//! Which GPUs there are, what they can, and which one is used.

use super::device::{Device, DeviceKind};
use crate::error::{Error, Result};
use crate::transport::devices::{DeviceFacts, DeviceLimits};

/// Storage buffers that the largest kernel binds.
pub const STORAGE_BUFFERS: u32 = 15;

/// What is known of an adapter.
#[derive(Debug, Clone)]
pub struct AdapterFacts {
    /// Place in the list, as in `--engine gpu:N`.
    pub number: usize,
    /// The driver's name for it.
    pub name: String,
    /// Vulkan, Metal, DirectX 12.
    pub backend: String,
    /// Driver and its version.
    pub driver: String,
    /// What it is.
    pub kind: DeviceKind,
    /// Compute shaders.
    pub compute: bool,
    /// Its limits.
    pub limits: wgpu::Limits,
    /// Its features.
    available: wgpu::Features,
}

impl AdapterFacts {
    fn new(number: usize, adapter: &wgpu::Adapter) -> Self {
        let info = adapter.get_info();
        let flags = adapter.get_downlevel_capabilities().flags;
        AdapterFacts {
            number,
            name: info.name.clone(),
            backend: format!("{:?}", info.backend),
            driver: format!("{} {}", info.driver, info.driver_info).trim().to_string(),
            kind: match info.device_type {
                wgpu::DeviceType::DiscreteGpu | wgpu::DeviceType::VirtualGpu => {
                    DeviceKind::Discrete
                }
                wgpu::DeviceType::Cpu => DeviceKind::Software,
                _ => DeviceKind::Integrated,
            },
            compute: flags.contains(wgpu::DownlevelFlags::COMPUTE_SHADERS),
            limits: adapter.limits(),
            available: adapter.features(),
        }
    }

    /// What is asked of the device: nothing that the shaders need, only clocks where it has them.
    pub fn features(&self) -> wgpu::Features {
        self.available & wgpu::Features::TIMESTAMP_QUERY
    }

    /// Refuses an adapter that cannot run the kernels.
    ///
    /// # Errors
    /// With what it lacks.
    pub fn check(&self) -> Result<()> {
        let lacking = if !self.compute {
            "it has no compute shaders".to_string()
        } else if self.limits.max_storage_buffers_per_shader_stage < STORAGE_BUFFERS {
            format!(
                "it binds {} storage buffers and the kernels need {STORAGE_BUFFERS}",
                self.limits.max_storage_buffers_per_shader_stage
            )
        } else {
            return Ok(());
        };
        Err(Error::run(
            format!("GPU '{}' cannot run voxgray", self.name),
            lacking,
            "Choose another with --engine gpu:N (voxgray devices lists them), or --engine cpu.",
        ))
    }

    /// Which device it is, as summaries tell.
    pub fn identity(&self) -> DeviceFacts {
        DeviceFacts {
            number: self.number,
            name: self.name.clone(),
            kind: match self.kind {
                DeviceKind::Discrete => "discrete",
                DeviceKind::Integrated => "integrated",
                DeviceKind::Software => "software",
            },
            backend: self.backend.clone(),
            driver: self.driver.clone(),
        }
    }

    /// The limits that matter here.
    pub fn shown_limits(&self) -> DeviceLimits {
        DeviceLimits {
            buffer_bytes: self.limits.max_buffer_size,
            binding_bytes: self.limits.max_storage_buffer_binding_size,
            storage_buffers: self.limits.max_storage_buffers_per_shader_stage,
            workgroup_lanes: self.limits.max_compute_invocations_per_workgroup,
            workgroup_bytes: self.limits.max_compute_workgroup_storage_size,
        }
    }

    /// Largest binding, bytes.
    pub fn largest_binding(&self) -> u64 {
        self.limits.max_storage_buffer_binding_size.min(self.limits.max_buffer_size)
    }
}

/// Said where `auto` finds nothing better.
const SOFTWARE_ONLY: &str =
    "no GPU was found (only software devices, which are slower than the CPU engine)";

/// All adapters, and the library handle that keeps them.
pub struct Adapters {
    list: Vec<(wgpu::Adapter, AdapterFacts)>,
}

impl Adapters {
    /// Looks for adapters: real GPUs first, the order of the driver otherwise.
    pub fn find() -> Self {
        let mut descriptor = wgpu::InstanceDescriptor::new_without_display_handle();
        descriptor.backends = wgpu::Backends::VULKAN | wgpu::Backends::METAL | wgpu::Backends::DX12;
        descriptor.flags = wgpu::InstanceFlags::empty();
        let instance = wgpu::Instance::new(descriptor);
        let mut found = pollster::block_on(instance.enumerate_adapters(wgpu::Backends::all()));
        let rank = |a: &wgpu::Adapter| match AdapterFacts::new(0, a).kind {
            DeviceKind::Discrete => 0,
            DeviceKind::Integrated => 1,
            DeviceKind::Software => 2,
        };
        found.sort_by_key(rank);
        let list = found.into_iter().enumerate();
        Adapters {
            list: list
                .map(|(n, a)| {
                    let f = AdapterFacts::new(n, &a);
                    (a, f)
                })
                .collect(),
        }
    }

    /// What was found.
    pub fn facts(&self) -> impl Iterator<Item = &AdapterFacts> {
        self.list.iter().map(|(_, f)| f)
    }

    /// Why there is none: no loader, or no driver that it knows.
    pub fn none(&self) -> Option<Error> {
        self.list.is_empty().then(|| {
            Error::run(
                "no GPU was found",
                missing_reason(),
                "Install the GPU's driver with its Vulkan part, or choose --engine cpu.",
            )
        })
    }

    /// The numbers that `auto` would use: all real GPUs of the kind of the first, never a software device.
    pub fn automatic(&self) -> Vec<usize> {
        let usable = |f: &&AdapterFacts| f.check().is_ok() && f.kind != DeviceKind::Software;
        let mut found = self.facts().filter(usable);
        match found.next() {
            // The same card may be listed once for each graphics interface: those of the first's are taken.
            Some(first) => std::iter::once(first.number)
                .chain(
                    found
                        .filter(|f| f.kind == first.kind && f.backend == first.backend)
                        .map(|f| f.number),
                )
                .collect(),
            None => Vec::new(),
        }
    }

    /// Why `auto` uses the CPU; none if it uses a GPU.
    pub fn why_cpu(&self) -> Option<String> {
        if !self.automatic().is_empty() {
            return None;
        }
        if let Some(error) = self.none() {
            return Some(format!("{} ({})", error.problem, error.why));
        }
        // A GPU that cannot be used says more than a software device that could.
        let refused = self.facts().find_map(|f| f.check().err());
        Some(match refused {
            Some(error) => format!("{} ({})", error.problem, error.why),
            None => SOFTWARE_ONLY.to_string(),
        })
    }

    /// Opens adapter `number`.
    ///
    /// # Errors
    /// If there is no such adapter, it cannot run the kernels or cannot be opened.
    pub fn open(&self, number: usize) -> Result<Device> {
        if let Some(error) = self.none() {
            return Err(error);
        }
        let Some((adapter, facts)) = self.list.get(number) else {
            return Err(Error::usage(
                format!("--engine gpu:{number}"),
                format!("there are {} adapters, numbered from 0", self.list.len()),
                "voxgray devices lists them.",
            ));
        };
        Device::open(adapter, facts.clone())
    }
}

/// What is missing where no adapter was found. On Linux and Windows the Vulkan loader is a library of its own.
fn missing_reason() -> &'static str {
    if !cfg!(target_os = "linux") {
        return "no graphics interface offers a device";
    }
    let own = std::env::var("LD_LIBRARY_PATH").unwrap_or_default();
    if vulkan_loader(USUAL_FOLDERS.into_iter().chain(own.split(':'))) {
        "the Vulkan loader is there but no driver offers a device"
    } else {
        "the Vulkan loader libvulkan.so.1 is not installed"
    }
}

/// Where Linux distributions keep libraries.
const USUAL_FOLDERS: [&str; 6] = [
    "/usr/lib",
    "/usr/lib64",
    "/lib",
    "/usr/local/lib",
    "/usr/lib/x86_64-linux-gnu",
    "/usr/lib/aarch64-linux-gnu",
];

/// Whether the Vulkan loader lies in one of the folders.
fn vulkan_loader<'a>(mut folders: impl Iterator<Item = &'a str>) -> bool {
    folders.any(|folder| std::path::Path::new(folder).join("libvulkan.so.1").exists())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts(kind: DeviceKind, compute: bool, storage_buffers: u32) -> AdapterFacts {
        let limits = wgpu::Limits {
            max_storage_buffers_per_shader_stage: storage_buffers,
            ..wgpu::Limits::default()
        };
        AdapterFacts {
            number: 0,
            name: "card".into(),
            backend: "Vulkan".into(),
            driver: "driver 1".into(),
            kind,
            compute,
            limits,
            available: wgpu::Features::empty(),
        }
    }

    #[test]
    fn an_adapter_that_cannot_run_the_kernels_says_what_it_lacks() {
        assert_eq!(facts(DeviceKind::Discrete, true, STORAGE_BUFFERS).check(), Ok(()));
        let error = facts(DeviceKind::Discrete, false, STORAGE_BUFFERS).check().unwrap_err();
        assert_eq!(error.why, "it has no compute shaders");
        assert!(error.suggestion.contains("--engine cpu"), "{error}");
        let error = facts(DeviceKind::Discrete, true, STORAGE_BUFFERS - 1).check().unwrap_err();
        assert!(error.why.contains(&format!("need {STORAGE_BUFFERS}")), "{error}");
    }

    #[test]
    fn a_loader_is_looked_for_where_it_may_be() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().display().to_string();
        assert!(!vulkan_loader([path.as_str()].into_iter()));
        std::fs::write(folder.path().join("libvulkan.so.1"), "").unwrap();
        assert!(vulkan_loader(["/nowhere", path.as_str()].into_iter()));
    }
}
