//! The BED of a run: a folder of `voxgray bed`.

use std::path::Path;

use serde_json::Value;

use super::super::Observer;
use super::super::finished::SAME_GRID_MM;
use super::contents::DOSES;
use super::whole_run::{WholeRun, check_mark};
use crate::error::{Error, Result};
use crate::files;
use crate::image::Volume;
use crate::io::read_nifti;

/// The BED map of a folder of `voxgray bed`, on the run's grid.
pub(super) fn map(run: &WholeRun, folder: &Path) -> Result<Volume<f32>> {
    let (map, _) = read_nifti(&folder.join("bed.nii.gz"), None)?;
    let stem = DOSES.iter().map(|d| d.0).find(|s| run.has(s));
    let own = stem.map(|s| run.map(s)).transpose()?;
    match own {
        Some(own) if own.grid.same_geometry(&map.grid, SAME_GRID_MM) => {
            Ok(Volume { grid: own.grid, data: map.data })
        }
        _ => Err(Error::input(
            format!("{}: bed.nii.gz is on another grid than the dose", folder.display()),
            "a BED of this run has its voxels",
            "Name the folder of voxgray bed of this run.",
        )),
    }
}

/// What the folder tells.
pub(super) fn told(folder: &Path) -> Result<Value> {
    let file = folder.join("bed.json");
    serde_json::from_str(&files::text(&file)?).map_err(|e| {
        Error::input(
            file.display().to_string(),
            e.to_string(),
            "Name a folder that voxgray bed wrote with -o.",
        )
        .caused_by(e)
    })
}

/// Over how many cycles a BED is.
pub(super) fn cycles(folder: &Path) -> Result<u64> {
    Ok(told(folder)?["cycles"].as_u64().unwrap_or(1))
}

/// Refuses what is no whole folder of `voxgray bed`; warns where its BED is of another run.
pub(super) fn check(folder: &Path, dose: &Path, observer: &dyn Observer) -> Result<()> {
    let refuse = |why: String| {
        let problem = format!("{} is no folder of voxgray bed", folder.display());
        Err(Error::input(problem, why, "Name a folder that voxgray bed wrote with -o."))
    };
    if !folder.join("bed.json").is_file() || !folder.join("bed.nii.gz").is_file() {
        return refuse("it lacks bed.json or bed.nii.gz".into());
    }
    let told = told(folder)?;
    if told["program"] != env!("CARGO_PKG_NAME") {
        return refuse("bed.json is not of voxgray".into());
    }
    let maps = told["maps"].as_array().into_iter().flatten().filter_map(|m| m.as_str());
    let maps: Vec<&str> = maps.collect();
    let own = dose.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
    if !maps.contains(&own.as_str()) {
        observer.warn(&format!(
            "{}: its BED is of {}; that it is of {own} is not checked",
            folder.display(),
            maps.join(", ")
        ));
    }
    check_mark(folder, observer)
}
