//! `voxgray pairs`: what a network for dose learns from, for many patients: doses by fast methods and by Monte Carlo with its error, a second,
//! independent Monte Carlo run, density, CT and activity on one grid, hashes, and a split by patient. Neglects nothing: each map is that of a
//! run of `voxgray dose`, whose folder stands beside it.

use std::path::{Path, PathBuf};

use serde::Serialize;
use sha2::{Digest, Sha256};

use super::inputs::read_ct;
use super::{Observer, Prepared, prepare, scene};
use crate::error::{Error, Result};
use crate::image::Volume;
use crate::io::atomic::write_atomically;
use crate::io::{sha256_file, write_nifti};
use crate::job::{GridChoice, Job, MatterInput};
use crate::kernel::methods::activities;
use crate::phantom::Phantom;
use crate::physics::tissues::named_material;
use crate::sheet::{Separator, lines};

/// Name of the list.
const LIST: &str = "pairs.csv";

/// What is added to HU so that none is below zero, as densities are.
const HU_SHIFT: f32 = 1024.0;
/// HU of air, which is what lies beyond a CT.
const AIR_HU: f32 = -1000.0;

/// The part of a cohort that a patient is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Part {
    /// To learn from.
    Training,
    /// To choose by.
    Validation,
    /// To judge by.
    Test,
}

impl Part {
    /// Lower-case English name.
    pub fn name(self) -> &'static str {
        match self {
            Part::Training => "training",
            Part::Validation => "validation",
            Part::Test => "test",
        }
    }

    /// The part of a patient, by the hash of the name: it never changes when patients are added. `shares` are those of training and
    /// validation; the rest is for the test.
    pub fn of(patient: &str, shares: [f64; 2]) -> Part {
        let hash = Sha256::digest(patient.as_bytes());
        let at = u64::from_be_bytes(std::array::from_fn(|n| hash[n])) as f64 / u64::MAX as f64;
        match at {
            _ if at < shares[0] => Part::Training,
            _ if at < shares[0] + shares[1] => Part::Validation,
            _ => Part::Test,
        }
    }
}

/// A file of a patient.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PairFile {
    /// Patient.
    pub patient: String,
    /// Part of the cohort.
    pub part: Part,
    /// Method, or what it shows.
    pub what: String,
    /// Relative to the output folder.
    pub file: String,
    /// SHA-256.
    pub sha256: String,
}

/// Writes the activity of a job on its dose grid, and where there is one its CT, into a folder; gives the files' names.
///
/// # Errors
/// If an input cannot be used, or writing fails.
pub fn inputs(job: &Job, folder: &Path, observer: &dyn Observer) -> Result<Vec<String>> {
    let Prepared { plan, phantom, context, .. } = prepare(job, observer)?;
    let activity = activities(&plan).into_iter().next().unwrap_or_default();
    // Bq, or decays, of each voxel.
    let values = activity.iter().map(|a| (a * context.decays) as f32).collect();
    write_nifti(&folder.join("activity.nii.gz"), &Volume::new(phantom.grid.clone(), values)?)?;
    let mut files = vec!["activity.nii.gz".to_string()];
    if let MatterInput::Ct { path, series, .. } = &job.matter {
        let ct = read_ct(path, series.as_deref(), job.nifti_affine, observer, &mut Vec::new())?;
        let moved = mean_hu(ct, &phantom, observer)?;
        write_nifti(&folder.join("ct.nii.gz"), &moved)?;
        files.push("ct.nii.gz".into());
    }
    Ok(files)
}

/// Mean HU of each dose voxel: as mass is conserved where a CT is brought to a coarser grid.
fn mean_hu(ct: Volume<f32>, to: &Phantom, observer: &dyn Observer) -> Result<Volume<f32>> {
    let air = named_material("icru44_air")?.material.clone();
    let density: Vec<f32> = ct.data.iter().map(|hu| (hu + HU_SHIFT).max(0.0)).collect();
    let material = vec![0; density.len()];
    let grid = scene::choose_grid(GridChoice::Activity, &ct.grid, &to.grid)?;
    let of = Phantom { grid: ct.grid, density, material, materials: vec![air] };
    let (moved, _) = scene::move_matter(of, &grid, observer)?;
    let hu = moved.density.iter().map(|d| (d - HU_SHIFT).max(AIR_HU)).collect();
    Volume::new(moved.grid, hu)
}

/// The maps of a run's folder that are kept in the list: dose, its standard error and density.
///
/// # Errors
/// If the folder is not that of a run.
pub fn maps(folder: &Path) -> Result<Vec<String>> {
    let mut found: Vec<String> = ["dose", "dose_rate"]
        .iter()
        .flat_map(|d| [format!("{d}.nii.gz"), format!("{d}_standard_error.nii.gz")])
        .filter(|f| folder.join(f).is_file())
        .collect();
    if found.len() != 2 {
        return Err(Error::input(
            format!("{}: not one dose with its standard error", folder.display()),
            "an interrupted run has none",
            "Run it again with --resume.",
        ));
    }
    found.push("density.nii.gz".into());
    Ok(found)
}

/// Hashes files of a patient, and lists them.
///
/// # Errors
/// If one cannot be read.
pub fn listed(
    root: &Path,
    (patient, part): (&str, Part),
    what: &str,
    folder: &Path,
    files: &[String],
) -> Result<Vec<PairFile>> {
    let one = |name: &String| {
        let path = folder.join(name);
        let relative = path.strip_prefix(root).unwrap_or(&path);
        Ok(PairFile {
            patient: patient.into(),
            part,
            what: match name.split('.').next() {
                Some(stem) if what.is_empty() => stem.into(),
                stem => format!("{what}: {}", stem.unwrap_or_default()),
            },
            file: relative.to_string_lossy().replace('\\', "/"),
            sha256: sha256_file(&path)?,
        })
    };
    files.iter().map(one).collect()
}

/// Removes an older `pairs.csv`.
///
/// # Errors
/// If it cannot be removed.
pub fn forget_list(root: &Path) -> Result<()> {
    let path = root.join(LIST);
    match std::fs::remove_file(&path) {
        Err(e) if e.kind() != std::io::ErrorKind::NotFound => Err(Error::io("remove", &path, &e)),
        _ => Ok(()),
    }
}

/// Writes `pairs.csv`.
///
/// # Errors
/// If writing fails.
pub fn write_list(root: &Path, files: &[PairFile]) -> Result<PathBuf> {
    let mut rows = vec![["patient", "part", "what", "file", "sha256"].map(String::from).to_vec()];
    rows.extend(files.iter().map(|f| {
        let part = f.part.name().to_string();
        vec![f.patient.clone(), part, f.what.clone(), f.file.clone(), f.sha256.clone()]
    }));
    let text = lines(rows.iter(), Separator::Comma);
    let path = root.join(LIST);
    write_atomically(&path, |w| w.write_all(text.as_bytes()))?;
    Ok(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Shares of many names are those asked for; a name keeps its part whatever else is there.
    #[test]
    fn a_part_is_of_the_name_alone() {
        let n = 4000;
        let parts: Vec<Part> = (0..n).map(|i| Part::of(&format!("P{i}"), [0.7, 0.15])).collect();
        let share = |p: Part| parts.iter().filter(|q| **q == p).count() as f64 / f64::from(n);
        // Binomial: five standard deviations of 4,000 draws.
        for (part, expected) in
            [(Part::Training, 0.7), (Part::Validation, 0.15), (Part::Test, 0.15)]
        {
            let sigma = (expected * (1.0 - expected) / f64::from(n)).sqrt();
            assert!((share(part) - expected).abs() < 5.0 * sigma, "{part:?} {}", share(part));
        }
        assert_eq!(Part::of("P7", [1.0, 0.0]), Part::Training);
        assert_eq!(Part::of("P7", [0.0, 0.0]), Part::Test);
    }
}
