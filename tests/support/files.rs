//! The files of the repository, as far as a clone or a package has them.

use std::path::{Path, PathBuf};

/// Left out: build output, generated reports and the demo (all in `.gitignore`) and hidden folders.
const SKIPPED: [&str; 4] = ["target", "validation/report", "voxgray-demo", "__pycache__"];

/// Root of the repository.
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// All files under a folder of the repository, sorted, with paths relative to the root.
pub fn files_under(folder: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![root().join(folder)];
    while let Some(folder) = folders.pop() {
        let entries = std::fs::read_dir(&folder)
            .unwrap_or_else(|e| panic!("{} cannot be listed: {e}", folder.display()));
        for entry in entries {
            let path = entry.expect("an entry").path();
            let relative = path.strip_prefix(root()).expect("below the root").to_path_buf();
            let hidden = relative.file_name().is_some_and(|n| n.to_string_lossy().starts_with('.'));
            let skipped = SKIPPED.iter().any(|s| relative.ends_with(s));
            if hidden || skipped {
                continue;
            }
            if path.is_dir() {
                folders.push(path);
            } else {
                found.push(relative);
            }
        }
    }
    found.sort();
    found
}

/// The text of a file, None if it is not UTF-8.
pub fn text_of(relative: &Path) -> Option<String> {
    let bytes = std::fs::read(root().join(relative)).expect("a readable file");
    String::from_utf8(bytes).ok()
}
