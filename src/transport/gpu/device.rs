//! An opened device: its queue, its limits, and whether it has been lost.

use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, Mutex};

use super::adapter::AdapterFacts;
use crate::error::{Error, Result};

/// What a device is, coarsely; decides how the work is cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeviceKind {
    /// A card with its own memory.
    Discrete,
    /// A GPU that shares the processor's memory.
    Integrated,
    /// A processor that runs shaders.
    Software,
}

/// An opened device.
pub struct Device {
    /// What it is.
    pub facts: AdapterFacts,
    /// The device.
    pub device: wgpu::Device,
    /// Its queue.
    pub queue: wgpu::Queue,
    /// Why it was lost, once it is.
    lost: Arc<Mutex<Option<String>>>,
    /// The last allocation failed for want of memory.
    out_of_memory: AtomicBool,
}

impl Device {
    /// Opens an adapter with all of its limits.
    ///
    /// # Errors
    /// If it cannot be opened or has no compute shaders.
    pub fn open(adapter: &wgpu::Adapter, facts: AdapterFacts) -> Result<Self> {
        facts.check()?;
        let features = facts.features();
        let request = adapter.request_device(&wgpu::DeviceDescriptor {
            label: Some("voxgray"),
            required_features: features,
            required_limits: adapter.limits(),
            experimental_features: wgpu::ExperimentalFeatures::disabled(),
            memory_hints: wgpu::MemoryHints::Performance,
            trace: wgpu::Trace::Off,
        });
        let (device, queue) = pollster::block_on(request).map_err(|e| {
            Error::run(
                format!("GPU '{}' cannot be opened", facts.name),
                e.to_string(),
                "Close other programs that use it, or choose --engine cpu.",
            )
        })?;
        let lost = Arc::new(Mutex::new(None));
        let note = Arc::clone(&lost);
        device.set_device_lost_callback(move |reason, message| {
            if let Ok(mut lost) = note.lock() {
                *lost = Some(format!("{reason:?}: {message}"));
            }
        });
        let note = Arc::clone(&lost);
        device.on_uncaptured_error(Arc::new(move |error: wgpu::Error| {
            if let Ok(mut lost) = note.lock() {
                lost.get_or_insert(error.to_string());
            }
        }));
        Ok(Device { facts, device, queue, lost, out_of_memory: AtomicBool::new(false) })
    }

    /// Runs `make` and turns what the device reports meanwhile into an error.
    ///
    /// # Errors
    /// With `what` and the device's report: out of memory, a shader or a size it does not take.
    pub fn checked<T>(&self, what: &str, make: impl FnOnce() -> T) -> Result<T> {
        let memory = self.device.push_error_scope(wgpu::ErrorFilter::OutOfMemory);
        let validation = self.device.push_error_scope(wgpu::ErrorFilter::Validation);
        let internal = self.device.push_error_scope(wgpu::ErrorFilter::Internal);
        let made = make();
        let internal = pollster::block_on(internal.pop());
        let validation = pollster::block_on(validation.pop());
        let memory = pollster::block_on(memory.pop());
        self.out_of_memory.store(memory.is_some(), Relaxed);
        if let Some(error) = memory {
            return Err(Error::run(
                format!("GPU '{}' has no memory left for {what}", self.facts.name),
                error.to_string(),
                "Use a coarser grid (--grid), close other programs, or choose --engine cpu.",
            ));
        }
        match validation.or(internal) {
            Some(error) => Err(Error::run(
                format!("GPU '{}' refuses {what}", self.facts.name),
                error.to_string(),
                "Please report this with the output of voxgray devices; --engine cpu works.",
            )),
            None => Ok(made),
        }
    }

    /// Whether the last thing that was made found no memory.
    pub fn out_of_memory(&self) -> bool {
        self.out_of_memory.load(Relaxed)
    }

    /// Fails once the device is lost.
    ///
    /// # Errors
    /// With the driver's reason.
    pub fn check_alive(&self) -> Result<()> {
        let lost = self.lost.lock().ok().and_then(|l| l.clone());
        lost.map_or(Ok(()), |why| Err(self.lost_error(&why)))
    }

    fn lost_error(&self, why: &str) -> Error {
        Error::run(
            format!("GPU '{}' was lost", self.facts.name),
            why,
            "Finished batches are kept where the run can be finished without it. Run again, with --engine cpu if it recurs.",
        )
    }

    /// Waits until everything submitted is done.
    ///
    /// # Errors
    /// If the device is lost.
    pub fn wait(&self) -> Result<()> {
        let waited = self.device.poll(wgpu::PollType::wait_indefinitely());
        self.check_alive()?;
        waited.map(|_| ()).map_err(|e| self.lost_error(&e.to_string()))
    }

    /// Reads a buffer that may be copied from, in pieces that every device maps.
    ///
    /// # Errors
    /// If the device is lost or has no memory.
    pub fn read<T: bytemuck::Pod>(
        &self,
        buffer: &wgpu::Buffer,
        mut each: impl FnMut(&[T]),
    ) -> Result<()> {
        const PIECE: u64 = 64 << 20;
        let mut at = 0;
        while at < buffer.size() {
            let size = PIECE.min(buffer.size() - at);
            let staging = self.staging(size)?;
            let mut encoder =
                self.device.create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
            encoder.copy_buffer_to_buffer(buffer, at, &staging, 0, size);
            self.queue.submit([encoder.finish()]);
            let view = self.map(&staging)?;
            each(bytemuck::cast_slice(&view));
            drop(view);
            staging.unmap();
            at += size;
        }
        Ok(())
    }

    /// A buffer that the host can map for reading.
    ///
    /// # Errors
    /// If there is no memory.
    pub fn staging(&self, size: u64) -> Result<wgpu::Buffer> {
        self.checked("a transfer", || {
            self.device.create_buffer(&wgpu::BufferDescriptor {
                label: Some("transfer"),
                size,
                usage: wgpu::BufferUsages::COPY_DST | wgpu::BufferUsages::MAP_READ,
                mapped_at_creation: false,
            })
        })
    }

    /// Waits for what was submitted and maps a staging buffer.
    ///
    /// # Errors
    /// If the device is lost.
    pub fn map(&self, staging: &wgpu::Buffer) -> Result<wgpu::BufferView> {
        let (sender, receiver) = std::sync::mpsc::channel();
        staging.slice(..).map_async(wgpu::MapMode::Read, move |r| {
            // The receiver waits below unless the device was lost.
            let _ = sender.send(r);
        });
        self.wait()?;
        match receiver.try_recv() {
            Ok(Ok(())) => {
                staging.slice(..).get_mapped_range().map_err(|e| self.lost_error(&e.to_string()))
            }
            Ok(Err(e)) => Err(self.lost_error(&e.to_string())),
            Err(e) => Err(self.lost_error(&e.to_string())),
        }
    }
}
