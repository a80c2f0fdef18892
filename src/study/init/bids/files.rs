//! Files of a BIDS dataset by their names: `sub-X/[ses-Y/]pet/*_pet.nii.gz`, the sidecars that hold of an image, CTs and segmentations beside it.
//! Neglects links between files other than their names, and `scans.tsv`.
//!
//! BIDS specification, common principles: entities (`key-value`) joined by underscores, a suffix, an extension; and the inheritance principle: a
//! sidecar holds of the images at or below it that have all of its entities, and one further down goes before one further up.

use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

use crate::error::{Error, Result};

/// What the name of a file says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Name {
    /// `sub-01`, `ses-1`, `rec-acdyn`, ....
    pub entities: Vec<String>,
    /// `pet`, `ct`, `dseg`.
    pub suffix: String,
}

/// The name without its extension, in parts; none of a file of another kind than `extensions`.
pub fn name(path: &Path, extensions: &[&str]) -> Option<Name> {
    let name = path.file_name()?.to_str()?;
    let lower = name.to_lowercase();
    let extension = extensions.iter().find(|e| lower.ends_with(**e))?;
    let stem = name.get(..name.len() - extension.len())?;
    let mut parts: Vec<String> = stem.split('_').map(str::to_owned).collect();
    let suffix = parts.pop()?.to_lowercase();
    Some(Name { entities: parts, suffix })
}

/// Extensions of images.
pub const IMAGES: [&str; 2] = [".nii.gz", ".nii"];

/// The entries of a folder by their names, hidden ones left out; none where there is no such folder.
pub fn entries(folder: &Path) -> Result<Vec<PathBuf>> {
    if !folder.is_dir() {
        return Ok(Vec::new());
    }
    let error = |e: std::io::Error| Error::io("list", folder, &e);
    let mut all: Vec<PathBuf> = std::fs::read_dir(folder)
        .map_err(error)?
        .map(|e| e.map(|e| e.path()).map_err(error))
        .collect::<Result<_>>()?;
    all.retain(|p| !p.file_name().is_some_and(|n| n.to_string_lossy().starts_with('.')));
    all.sort();
    Ok(all)
}

/// Images of a suffix in a folder.
pub fn images(folder: &Path, suffix: &str) -> Result<Vec<PathBuf>> {
    let is = |p: &PathBuf| name(p, &IMAGES).is_some_and(|n| n.suffix == suffix) && p.is_file();
    Ok(entries(folder)?.into_iter().filter(is).collect())
}

/// Folders in a folder whose name begins so.
pub fn folders(folder: &Path, stem: &str) -> Result<Vec<PathBuf>> {
    let is = |p: &PathBuf| {
        p.is_dir() && p.file_name().is_some_and(|n| n.to_string_lossy().starts_with(stem))
    };
    Ok(entries(folder)?.into_iter().filter(is).collect())
}

/// What is said of an image: its own sidecar and those that it inherits.
#[derive(Debug, Clone)]
pub struct Sidecar {
    /// Keys; one of a sidecar further down goes before that of one further up.
    pub keys: Map<String, Value>,
    /// The sidecar next to the image, by which errors name it.
    pub path: PathBuf,
}

/// The sidecar of an image in its `pet` folder.
///
/// # Errors
/// If there is none, or one is no JSON with keys.
pub fn sidecar(image: &Path) -> Result<Sidecar> {
    let own = name(image, &IMAGES);
    let Some(own) = own else {
        return Err(Error::input(
            format!("{} is no image of BIDS", image.display()),
            "its name has no suffix and extension",
            "Name it sub-X_pet.nii.gz.",
        ));
    };
    let mut keys = Map::new();
    let mut last = None;
    for folder in above(image) {
        let mut here: Vec<(usize, PathBuf)> = Vec::new();
        for path in entries(&folder)? {
            let Some(of) = name(&path, &[".json"]) else { continue };
            if of.suffix == own.suffix && of.entities.iter().all(|e| own.entities.contains(e)) {
                here.push((of.entities.len(), path));
            }
        }
        here.sort();
        for (_, path) in here {
            keys.extend(read(&path)?);
            last = Some(path);
        }
    }
    let Some(path) = last else {
        return Err(Error::input(
            format!("{}: no sidecar", image.display()),
            "without its _pet.json neither unit nor times of the image are known",
            "Put the sidecar beside it, or write the study by hand: voxgray help-file study.",
        ));
    };
    Ok(Sidecar { keys, path })
}

/// Folders from that of the dataset down to that of the image.
fn above(image: &Path) -> Vec<PathBuf> {
    let whole = image.canonicalize().unwrap_or_else(|_| image.to_path_buf());
    let is_subject =
        |p: &Path| p.file_name().is_some_and(|n| n.to_string_lossy().starts_with("sub-"));
    let mut all: Vec<PathBuf> = Vec::new();
    for folder in whole.ancestors().skip(1) {
        let below_is_subject = all.last().is_some_and(|p| is_subject(p));
        all.push(folder.to_path_buf());
        // An image's folder, at most its session's, its subject's and the dataset's.
        if below_is_subject || all.len() == 4 {
            break;
        }
    }
    all.reverse();
    all
}

fn read(path: &Path) -> Result<Map<String, Value>> {
    let refuse = |why: String| {
        Error::input(format!("{} is no sidecar", path.display()), why, "Correct the file.")
    };
    match serde_json::from_str(&crate::files::text(path)?) {
        Ok(Value::Object(keys)) => Ok(keys),
        Ok(_) => Err(refuse("it is no object with keys".into())),
        Err(e) => Err(refuse(e.to_string()).caused_by(e)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_taken_apart() {
        let found = name(Path::new("a/sub-01_ses-2_rec-AC_pet.nii.gz"), &IMAGES).unwrap();
        assert_eq!(found.entities, ["sub-01", "ses-2", "rec-AC"]);
        assert_eq!(found.suffix, "pet");
        assert_eq!(name(Path::new("sub-01_CT.nii"), &IMAGES).unwrap().suffix, "ct");
        assert!(name(Path::new("sub-01_pet.json"), &IMAGES).is_none());
    }

    #[test]
    fn sidecars_are_inherited_and_the_nearest_goes_before() {
        let place = tempfile::tempdir().unwrap();
        let at = |name: &str| place.path().join(name);
        std::fs::create_dir_all(at("sub-1/ses-2/pet")).unwrap();
        let write = |name: &str, text: &str| std::fs::write(at(name), text).unwrap();
        write("sub-1/ses-2/pet/sub-1_ses-2_pet.nii", "");
        let image = at("sub-1/ses-2/pet/sub-1_ses-2_pet.nii");
        assert!(sidecar(&image).unwrap_err().to_string().contains("no sidecar"));
        write("pet.json", r#"{"Units": "kBq/mL", "TimeZero": "10:00:00"}"#);
        write("ses-3_pet.json", r#"{"Units": "wrong"}"#);
        write("sub-1/sub-1_pet.json", r#"{"Units": "MBq/mL"}"#);
        write("sub-1/ses-2/pet/sub-1_ses-2_pet.json", r#"{"Units": "Bq/mL"}"#);
        write("sub-1/ses-2/pet/sub-1_ses-2_rec-x_pet.json", r#"{"Units": "wrong"}"#);
        let found = sidecar(&image).unwrap();
        assert_eq!(found.keys["Units"], "Bq/mL");
        assert_eq!(found.keys["TimeZero"], "10:00:00");
        write("pet.json", "[]");
        assert!(sidecar(&image).unwrap_err().to_string().contains("no object with keys"));
    }
}
