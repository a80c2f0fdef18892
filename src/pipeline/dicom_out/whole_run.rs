//! A finished run whose maps may go into a patient's record: whole, as it was written, and its maps in a known unit.

use std::path::{Path, PathBuf};

use serde_json::Value;

use super::super::Observer;
use super::super::finished::{SAME_GRID_MM, of_activity, read_summary};
use crate::error::{Error, Result};
use crate::image::{Grid, Volume};
use crate::io::folder::Mark;
use crate::io::read_nifti;

/// A folder of `voxgray dose` that is whole.
#[derive(Debug)]
pub(super) struct WholeRun {
    pub folder: PathBuf,
    pub summary: Value,
}

/// An image that a run read.
#[derive(Debug, Clone)]
pub(super) struct ReadImage {
    pub series_uid: Option<String>,
    pub frame_of_reference: Option<String>,
    pub sha256: Option<String>,
    pub files: u64,
}

impl WholeRun {
    /// Opens a folder.
    ///
    /// # Errors
    /// If it is none of `voxgray dose`, its run was interrupted, or a file was changed since.
    pub fn open(folder: &Path, observer: &dyn Observer) -> Result<Self> {
        let summary = read_summary(folder)?;
        of_activity(
            &summary,
            folder,
            "a dose in a patient's record is read as that of a treatment; that of a beam stands for a number of decays that somebody chose",
        )?;
        if summary["partial"].as_bool() != Some(false) {
            return Err(Error::input(
                format!("{} is of a run that was interrupted", folder.display()),
                "fewer histories than were asked for are no result for a patient's record",
                "Let the run end (voxgray dose goes on with it), then write DICOM.",
            ));
        }
        check_mark(folder, observer)?;
        let vois = summary["vois"].as_array();
        let refused = vois.into_iter().flatten().filter(|v| v["curve"]["refused"] == true);
        let refused: Vec<&str> = refused.filter_map(|v| v["name"].as_str()).collect();
        if !refused.is_empty() {
            observer.warn(&format!(
                "the doses of {} rest on an assumption: the run refused their curves (summary.json)",
                refused.join(", ")
            ));
        }
        Ok(WholeRun { folder: folder.to_path_buf(), summary })
    }

    /// Whether it has a map.
    pub fn has(&self, stem: &str) -> bool {
        let name = file_name(stem);
        let listed = self.summary["files"].as_array();
        let listed = listed.is_some_and(|f| f.iter().any(|f| f.as_str() == Some(name.as_str())));
        listed && self.folder.join(name).is_file()
    }

    /// A map, on the run's grid to the last digit (NIfTI keeps it in single precision).
    ///
    /// # Errors
    /// If it cannot be read, or lies elsewhere than the summary says.
    pub fn map(&self, stem: &str) -> Result<Volume<f32>> {
        let path = self.folder.join(file_name(stem));
        let (mut volume, _) = read_nifti(&path, None)?;
        match self.grid() {
            None => {}
            Some(grid) if grid.same_geometry(&volume.grid, SAME_GRID_MM) => volume.grid = grid,
            Some(grid) => {
                return Err(Error::input(
                    format!(
                        "{}: {:?} voxels at {:?} mm",
                        path.display(),
                        volume.grid.dims,
                        volume.grid.origin_mm
                    ),
                    format!("its summary.json says {:?} at {:?} mm", grid.dims, grid.origin_mm),
                    "Take the folder as the run wrote it.",
                ));
            }
        }
        Ok(volume)
    }

    fn grid(&self) -> Option<Grid> {
        let grid = &self.summary["setup"]["dose_grid"];
        let of = |name: &str| grid[name].clone();
        Some(Grid {
            dims: serde_json::from_value(of("dims")).ok()?,
            origin_mm: serde_json::from_value(of("origin_mm")).ok()?,
            axes_mm: serde_json::from_value(of("axes_mm")).ok()?,
        })
    }

    /// The images of matter and activity that it read.
    pub fn images(&self) -> Vec<ReadImage> {
        let inputs = self.summary["setup"]["inputs"].as_array();
        let image = |i: &Value| ReadImage {
            series_uid: i["series_uid"].as_str().map(str::to_owned),
            frame_of_reference: i["frame_of_reference_uid"].as_str().map(str::to_owned),
            sha256: i["sha256"].as_str().map(str::to_owned),
            files: i["files"].as_u64().unwrap_or(0),
        };
        let is_image = |i: &&Value| i["dims"].is_array() && i["role"] != "voi";
        let mut all: Vec<&Value> = inputs.into_iter().flatten().filter(is_image).collect();
        // The CT places the dose.
        all.sort_by_key(|i| i["role"] != "ct");
        all.into_iter().map(image).collect()
    }

    /// What decays.
    pub fn source(&self) -> &str {
        self.summary["setup"]["source"]["label"].as_str().unwrap_or("unknown source")
    }

    /// Largest dose in voxels of low density and the limit of that, g/cm3, where it is above that of all others.
    pub fn air_above_all(&self) -> Option<(f64, f64)> {
        let of = |key: &str| self.summary["dose"][key].as_f64();
        let (air, limit) = (of("low_density_max_dose")?, of("low_density_limit_g_cm3")?);
        (air > of("max_dose")?).then_some((air, limit))
    }

    /// Number of histories.
    pub fn histories(&self) -> u64 {
        self.summary["run"]["histories"].as_u64().unwrap_or(0)
    }
}

fn file_name(stem: &str) -> String {
    format!("{stem}.nii.gz")
}

/// Refuses a folder whose mark says that it is not whole, or not as it was written.
pub(super) fn check_mark(folder: &Path, observer: &dyn Observer) -> Result<()> {
    let Some(mark) = Mark::read(folder)? else {
        observer.warn(&format!(
            "{} has no voxgray-files.json: whether its maps are as they were written is not known",
            folder.display()
        ));
        return Ok(());
    };
    let refuse = |problem: String, why: &str| {
        Err(Error::input(problem, why, "Take the folder as voxgray wrote it."))
    };
    if !mark.whole {
        let problem = format!("{} is not whole", folder.display());
        return refuse(problem, "its voxgray-files.json says so");
    }
    let found = Mark::contents(Some(&mark), folder)?;
    if let Some(name) = found.changed.first() {
        let problem = format!("{} was changed", folder.join(name).display());
        return refuse(problem, "its hash is not the one in voxgray-files.json");
    }
    if let Some(gone) = mark.files.iter().find(|f| !found.ours.contains(&f.name)) {
        let problem = format!("{} is gone", folder.join(&gone.name).display());
        return refuse(problem, "voxgray-files.json lists it");
    }
    Ok(())
}
