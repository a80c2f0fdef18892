//! Point kernels that were made before, by content: the name of a file is the hash of all that decides a kernel, so that a found one is the one
//! that would be made. Neglects nothing; a file that does not read is made anew.

use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use super::medium::Medium;
use super::point::PointKernel;
use crate::error::Result;
use crate::files::{self, hex};
use crate::io::atomic::write_atomically;
use crate::program::Program;
use crate::source::DecaySpectrum;
use crate::transport::settings::Settings;

/// Largest file that is read, bytes.
const MOST_BYTES: u64 = 64 << 20;

/// SHA-256 over what decides a kernel: program, tables, source, medium, reach, histories, transport settings with the seed.
pub fn key(
    decay: &DecaySpectrum,
    medium: &Medium,
    outer_cm: f64,
    histories: u64,
    settings: &Settings,
) -> String {
    let program = Program::this();
    let text = format!(
        "{} {} {decay:?} {medium:?} {outer_cm:?} {histories} {settings:?}",
        program.source_sha256, program.tables_sha256
    );
    hex(&Sha256::digest(text.as_bytes()))
}

/// Where kernels are kept unless said otherwise: `VOXGRAY_CACHE`, or the user's folder for caches; none where neither is known.
pub fn default_folder() -> Option<PathBuf> {
    let of = |name: &str| std::env::var_os(name).filter(|v| !v.is_empty()).map(PathBuf::from);
    of("VOXGRAY_CACHE")
        .or_else(|| of("XDG_CACHE_HOME").map(|p| p.join("voxgray")))
        .or_else(|| of("HOME").map(|p| p.join(".cache").join("voxgray")))
        .or_else(|| of("LOCALAPPDATA").map(|p| p.join("voxgray")))
}

fn path(folder: &Path, key: &str) -> PathBuf {
    folder.join(format!("kernel-{}.json", &key[..key.len().min(32)]))
}

/// A kernel that is there.
pub fn find(folder: &Path, key: &str) -> Option<PointKernel> {
    let bytes = files::bytes(&path(folder, key), MOST_BYTES).ok()?;
    let kernel: PointKernel = serde_json::from_slice(&bytes).ok()?;
    kernel.check().ok().map(|()| kernel)
}

/// Keeps a kernel.
///
/// # Errors
/// If the folder cannot be made or written to.
pub fn keep(folder: &Path, key: &str, kernel: &PointKernel) -> Result<()> {
    std::fs::create_dir_all(folder)
        .map_err(|e| crate::error::Error::io("make the folder", folder, &e))?;
    let text = serde_json::to_vec(kernel).map_err(|e| {
        crate::error::Error::run("a kernel cannot be written", e.to_string(), "Report this.")
    })?;
    write_atomically(&path(folder, key), |w| w.write_all(&text))
}
