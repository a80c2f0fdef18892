//! `voxgray kernel` without files.

use std::sync::atomic::AtomicBool;

use super::super::Command;
use super::super::call::Refused;
use super::super::threads;
use super::{read, wrong_command};
use crate::pipeline::Observer;
use crate::pipeline::kernel::{KernelTable, kernel_table};

/// Options of `voxgray kernel` that are not of files.
pub const OPTIONS: [&str; 18] = [
    "nuclide",
    "source",
    "horizon",
    "retained",
    "medium",
    "density",
    "voxel",
    "reach",
    "direct",
    "radius",
    "sphere",
    "histories",
    "electron-cutoff",
    "seed",
    "threads",
    "kernel-cache",
    "nuclide-data",
    "nuclide-file",
];

/// Makes a kernel.
///
/// # Errors
/// If an option cannot be used, or as [`kernel_table`].
pub fn kernel(
    options: &toml::Table,
    observer: &dyn Observer,
    stop: &AtomicBool,
) -> Result<KernelTable, Refused> {
    let Command::Kernel(a) = read("kernel", &OPTIONS, options, &[])?.into_command()? else {
        return Err(wrong_command());
    };
    let job = a.job()?;
    threads::prepare(job.threads, observer);
    Ok(kernel_table(&job, observer, stop)?)
}
