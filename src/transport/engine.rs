//! The choice of an engine: the CPU, or one or several GPUs. Both read the same plan and give the same tally.

use std::sync::atomic::AtomicBool;

use rayon::prelude::*;

use super::compare::told_by_cpu;
use super::devices::DeviceFacts;
use super::in_progress::Start;
use super::ledger::Ledger;
use super::plan::Plan;
use super::run::{Monitor, Outcome, RunSettings};
use super::trace::{Told, trace};
use crate::error::{Error, Result};
#[cfg(feature = "gpu")]
use crate::transport::gpu::{adapter::Adapters, replay, run::GpuEngine};

/// What the user asks for.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum EngineChoice {
    /// GPUs where there are any, else the CPU.
    #[default]
    Auto,
    /// The CPU.
    Cpu,
    /// GPUs by their numbers; empty takes what `Auto` would, or the first adapter of any kind.
    Gpu(Vec<usize>),
}

impl std::fmt::Display for EngineChoice {
    fn fmt(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
        match self {
            EngineChoice::Auto => f.write_str("auto"),
            EngineChoice::Cpu => f.write_str("cpu"),
            EngineChoice::Gpu(numbers) if numbers.is_empty() => f.write_str("gpu"),
            EngineChoice::Gpu(numbers) => {
                let numbers: Vec<String> = numbers.iter().map(usize::to_string).collect();
                write!(f, "gpu:{}", numbers.join(","))
            }
        }
    }
}

impl std::str::FromStr for EngineChoice {
    type Err = Error;

    /// `auto`, `cpu`, `gpu`, `gpu:1`, `gpu:0,1`.
    fn from_str(text: &str) -> Result<Self> {
        let refused = || {
            Error::usage(
                format!("engine '{text}'"),
                "an engine is auto, cpu, gpu, or gpu with numbers, as gpu:0 or gpu:0,1",
                "voxgray devices lists the numbers.",
            )
        };
        match text {
            "auto" => Ok(EngineChoice::Auto),
            "cpu" => Ok(EngineChoice::Cpu),
            "gpu" => Ok(EngineChoice::Gpu(Vec::new())),
            _ => {
                let numbers = text.strip_prefix("gpu:").ok_or_else(refused)?;
                let parsed: std::result::Result<Vec<usize>, _> =
                    numbers.split(',').map(str::parse).collect();
                Ok(EngineChoice::Gpu(parsed.map_err(|_| refused())?))
            }
        }
    }
}

/// An engine that is ready.
pub enum Engine {
    /// The CPU.
    Cpu,
    /// GPUs, and which they are.
    #[cfg(feature = "gpu")]
    Gpu(Box<GpuEngine>, Vec<DeviceFacts>),
}

impl std::fmt::Debug for Engine {
    fn fmt(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
        f.write_str(&self.name())
    }
}

impl Engine {
    /// Finds what was asked for. The second value says, under `auto`, why no GPU is used.
    ///
    /// # Errors
    /// If a GPU was asked for and there is none that can be used.
    pub fn choose(choice: &EngineChoice) -> Result<(Self, Option<String>)> {
        match choice {
            EngineChoice::Cpu => Ok((Engine::Cpu, None)),
            EngineChoice::Auto => Ok(automatic()),
            EngineChoice::Gpu(numbers) => Ok((chosen(numbers)?, None)),
        }
    }

    /// What it is called.
    pub fn name(&self) -> String {
        match self {
            Engine::Cpu => "CPU".to_string(),
            #[cfg(feature = "gpu")]
            Engine::Gpu(gpu, _) => format!("GPU {}", gpu.names().join(" + ")),
        }
    }

    /// `cpu` or `gpu`: engines of one kind give the same bits on the same devices.
    pub fn kind(&self) -> &'static str {
        if self.devices().is_empty() { "cpu" } else { "gpu" }
    }

    /// The GPUs that it uses; none for the CPU.
    pub fn devices(&self) -> &[DeviceFacts] {
        match self {
            Engine::Cpu => &[],
            #[cfg(feature = "gpu")]
            Engine::Gpu(_, devices) => devices,
        }
    }

    /// The books of the first `histories` histories of a batch, one by one.
    ///
    /// # Errors
    /// On a GPU if the plan does not fit or the device is lost.
    pub fn books(
        &self,
        plan: &Plan,
        batch: u32,
        histories_per_batch: u64,
        histories: u32,
    ) -> Result<Vec<Ledger>> {
        match self {
            Engine::Cpu => {
                let first = u64::from(batch) * histories_per_batch;
                let book = |h: u64| trace(plan, first + h, histories_per_batch).ledger;
                Ok((0..u64::from(histories)).into_par_iter().map(book).collect())
            }
            #[cfg(feature = "gpu")]
            Engine::Gpu(gpu, _) => {
                let device = gpu.open(0)?;
                replay::replay(&device, plan, None, batch, histories_per_batch, histories)
            }
        }
    }

    /// What happened in a history, event by event.
    ///
    /// # Errors
    /// As [`Self::books`], and if a GPU has no room for all of it.
    pub fn account(
        &self,
        plan: &Plan,
        history: u64,
        histories_per_batch: u64,
    ) -> Result<Vec<Told>> {
        match self {
            Engine::Cpu => Ok(told_by_cpu(plan, history, histories_per_batch)),
            #[cfg(feature = "gpu")]
            Engine::Gpu(gpu, _) => replay::trace(&gpu.open(0)?, plan, history, histories_per_batch),
        }
    }

    /// Runs a plan; see [`super::run::run`].
    ///
    /// # Errors
    /// As [`super::run::run`]; on a GPU also if the plan does not fit or the device is lost.
    pub fn run(
        &self,
        plan: &Plan,
        settings: &RunSettings,
        labels: &[u16],
        regions: usize,
        monitor: &dyn Monitor,
        stop: &AtomicBool,
    ) -> Result<Outcome> {
        self.run_from(plan, settings, labels, regions, Start::default(), monitor, stop)
    }

    /// Runs a plan from what an earlier run has finished; see [`super::run::run_from`].
    ///
    /// # Errors
    /// As [`Self::run`].
    #[expect(clippy::too_many_arguments, reason = "all of a run")]
    pub fn run_from(
        &self,
        plan: &Plan,
        settings: &RunSettings,
        labels: &[u16],
        regions: usize,
        start: Start,
        monitor: &dyn Monitor,
        stop: &AtomicBool,
    ) -> Result<Outcome> {
        match self {
            Engine::Cpu => {
                super::run::run_from(plan, settings, labels, regions, start, monitor, stop)
            }
            #[cfg(feature = "gpu")]
            Engine::Gpu(gpu, _) => {
                gpu.run_from(plan, settings, labels, regions, start, monitor, stop)
            }
        }
    }
}

#[cfg(feature = "gpu")]
fn automatic() -> (Engine, Option<String>) {
    let adapters = Adapters::find();
    match adapters.why_cpu() {
        Some(why) => (Engine::Cpu, Some(why)),
        None => {
            let numbers = adapters.automatic();
            (on_devices(adapters, numbers), None)
        }
    }
}

#[cfg(feature = "gpu")]
fn chosen(numbers: &[usize]) -> Result<Engine> {
    let adapters = Adapters::find();
    if let Some(error) = adapters.none() {
        return Err(error);
    }
    let mut numbers = numbers.to_vec();
    if numbers.is_empty() {
        numbers = adapters.automatic();
    }
    if numbers.is_empty() {
        numbers = vec![0];
    }
    for &number in &numbers {
        match adapters.facts().nth(number) {
            Some(facts) => facts.check()?,
            None => drop(adapters.open(number)?),
        }
    }
    Ok(on_devices(adapters, numbers))
}

#[cfg(feature = "gpu")]
fn on_devices(adapters: Adapters, numbers: Vec<usize>) -> Engine {
    let facts: Vec<DeviceFacts> = adapters.facts().map(|f| f.identity()).collect();
    let used = numbers.iter().filter_map(|&n| facts.get(n).cloned()).collect();
    Engine::Gpu(Box::new(GpuEngine::new(adapters, numbers)), used)
}

#[cfg(not(feature = "gpu"))]
fn automatic() -> (Engine, Option<String>) {
    (Engine::Cpu, Some(WITHOUT_GPU.to_string()))
}

#[cfg(not(feature = "gpu"))]
fn chosen(_numbers: &[usize]) -> Result<Engine> {
    Err(Error::usage(
        WITHOUT_GPU,
        "the feature gpu is off",
        "Use --engine cpu, or a build with the feature gpu.",
    ))
}

#[cfg(not(feature = "gpu"))]
pub(super) const WITHOUT_GPU: &str = "this voxgray was built without its GPU engine";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn choices_are_read() {
        let read = |t: &str| t.parse::<EngineChoice>();
        assert_eq!(read("auto").unwrap(), EngineChoice::Auto);
        assert_eq!(read("cpu").unwrap(), EngineChoice::Cpu);
        assert_eq!(read("gpu").unwrap(), EngineChoice::Gpu(vec![]));
        assert_eq!(read("gpu:0,2").unwrap(), EngineChoice::Gpu(vec![0, 2]));
        for wrong in ["", "gpu:", "gpu:x", "cuda"] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
        for text in ["auto", "cpu", "gpu", "gpu:0,2"] {
            assert_eq!(read(text).unwrap().to_string(), text);
        }
    }
}
