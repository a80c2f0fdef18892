//! Paths of a study as seen from its output folder, so that a study can be moved with its images and its results.

use std::path::{Component, Path, PathBuf};

use super::file::Study;
use super::stage::Stage;
use crate::error::{Error, Result};

/// `path` as seen from the folder `from`: relative where both lie in `within`, else absolute. All of them exist.
pub fn seen_from(from: &Path, path: &Path, within: &Path) -> PathBuf {
    let whole = |p: &Path| {
        let p = if p.as_os_str().is_empty() { Path::new(".") } else { p };
        p.canonicalize().unwrap_or_else(|_| p.to_path_buf())
    };
    // A link stays one: only its folder is resolved.
    let resolved = match (path.parent(), path.file_name()) {
        (Some(parent), Some(name)) => whole(parent).join(name),
        _ => whole(path),
    };
    let (from, within) = (whole(from), whole(within));
    if !from.starts_with(&within) || !resolved.starts_with(&within) {
        return resolved;
    }
    let parts = |p: &Path| p.components().map(|c| c.as_os_str().to_owned()).collect::<Vec<_>>();
    let (of_from, of_path) = (parts(&from), parts(&resolved));
    let shared = of_from.iter().zip(&of_path).take_while(|(a, b)| a == b).count();
    let mut seen = PathBuf::new();
    (shared..of_from.len()).for_each(|_| seen.push(Component::ParentDir));
    of_path[shared..].iter().for_each(|part| seen.push(part));
    seen
}

impl Study {
    /// Refuses an output folder in which the study itself or an image lies: what voxgray writes there replaces what voxgray wrote before, and images may
    /// be of its making.
    ///
    /// # Errors
    /// If one does.
    pub fn out_is_apart(&self, stages: &[Stage]) -> Result<()> {
        let whole = |p: &Path| p.canonicalize().or_else(|_| std::path::absolute(p));
        let Ok(out) = whole(&self.out) else { return Ok(()) };
        let within = |p: &Path| whole(p).is_ok_and(|p| p.starts_with(&out));
        let inputs = stages.iter().flat_map(Stage::inputs);
        let Some(inside) = std::iter::once(self.path.as_path()).chain(inputs).find(|p| within(p))
        else {
            return Ok(());
        };
        let error = Error::input(
            format!("out is {}, in which {} lies", self.out.display(), inside.display()),
            "what a study writes has a folder of its own",
            "Name a new folder, such as out = \"results\", or leave it out.",
        );
        Err(self.at_line(error, self.lines.get("out"), ""))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_study_can_be_moved() {
        let place = tempfile::tempdir().unwrap();
        let at = |name: &str| place.path().join(name);
        std::fs::create_dir_all(at("study/out")).unwrap();
        std::fs::write(at("study/image.nii"), "").unwrap();
        std::fs::write(at("atlas.nii"), "").unwrap();
        let seen = |name: &str| seen_from(&at("study/out"), &at(name), &at("study"));
        assert_eq!(seen("study/image.nii"), Path::new("../image.nii"));
        assert!(seen("atlas.nii").is_absolute() && seen("atlas.nii").is_file());
    }
}
