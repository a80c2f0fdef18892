//! Images and reference values that lie beside the repository and are not part of it. A test that needs them carries
//! `#[cfg_attr(not(shared_images), ignore = "needs ../shared/images")]` (or `shared_reference`), which `build.rs` decides: where they are
//! absent it is counted as ignored, never as passed.

use std::path::{Path, PathBuf};

/// A file or folder of `../shared/images`.
#[allow(dead_code, reason = "not every test needs images")]
pub fn image(name: &str) -> PathBuf {
    there(&format!("images/{name}"))
}

/// A file or folder of `../shared/reference`.
#[allow(dead_code, reason = "not every test needs reference values")]
pub fn reference(name: &str) -> PathBuf {
    there(&format!("reference/{name}"))
}

fn there(name: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared").join(name);
    assert!(path.exists(), "{} is not there", path.display());
    path
}
