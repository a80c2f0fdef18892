//! Point kernels that were made before, by all that decides them ([`crate::io::cache`]). Neglects nothing.

use std::path::Path;

use super::medium::Medium;
use super::point::PointKernel;
use crate::error::{Error, Result};
use crate::io::cache;
use crate::program::Program;
use crate::source::DecaySpectrum;
use crate::transport::settings::Settings;

/// First word of the files' names.
const KIND: &str = "kernel";

/// Of what decides a kernel: program, tables, source, medium, reach, histories, transport settings with the seed.
pub fn key(
    decay: &DecaySpectrum,
    medium: &Medium,
    outer_cm: f64,
    histories: u64,
    settings: &Settings,
) -> [u8; 32] {
    Program::key(&format!("{decay:?} {medium:?} {outer_cm:?} {histories} {settings:?}"))
}

/// A kernel that is there.
pub fn find(folder: &Path, key: &[u8; 32]) -> Option<PointKernel> {
    let kernel: PointKernel = serde_json::from_slice(&cache::find(folder, KIND, key)?).ok()?;
    kernel.check().ok().map(|()| kernel)
}

/// Keeps a kernel.
///
/// # Errors
/// If the folder cannot be made or written to.
pub fn keep(folder: &Path, key: &[u8; 32], kernel: &PointKernel) -> Result<()> {
    let text = serde_json::to_vec(kernel)
        .map_err(|e| Error::run("a kernel cannot be written", e.to_string(), "Report this."))?;
    cache::keep(folder, KIND, key, &text)
}
