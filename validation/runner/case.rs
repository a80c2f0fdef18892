//! Case files: one `case.toml` per group of runs of the same geometry.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use voxgray::physics::Material;
use voxgray::physics::incoherent::IncoherentModel;
use voxgray::{Error, Result};

/// Geometry and scoring of a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// Point source in an unbounded medium, spherical shells.
    Shells,
    /// Source in the central voxel of a uniform grid, voxels folded by symmetry.
    VoxelKernel,
    /// Slab stack, layers summed over x and y.
    Slabs,
    /// The 64^3 voxel phantom, regions and voxels.
    Phantom,
}

/// Models of incoherent scattering by their names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Incoherent {
    /// XCOM's total with the incoherent scattering function.
    Xcom,
    /// The impulse approximation.
    Impulse,
}

impl From<Incoherent> for IncoherentModel {
    fn from(model: Incoherent) -> Self {
        match model {
            Incoherent::Xcom => IncoherentModel::Xcom,
            Incoherent::Impulse => IncoherentModel::Impulse,
        }
    }
}

/// A bar and the cells that it judges. A cell passes if any of the limits given holds.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Zone {
    /// Judges cells with an abscissa up to this (all if absent).
    pub to: Option<f64>,
    /// Judges cells above this fraction of the largest reference value.
    pub above: Option<f64>,
    /// Difference in per cent of the cell's reference.
    pub of_cell: Option<f64>,
    /// Difference in per cent of the largest reference value.
    pub of_maximum: Option<f64>,
    /// The same of a quick run, whose few histories cannot judge a bar that the truth is near.
    pub quick_of_maximum: Option<f64>,
    /// Difference in joint standard deviations.
    pub sigmas: Option<f64>,
}

/// A material of a case.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MaterialEntry {
    /// Density of the voxels, g/cm3.
    pub density_g_cm3: f64,
    /// Density that the reference's density-effect table was made for, where it is another one.
    pub density_effect_g_cm3: Option<f64>,
    /// Mean excitation energy, eV.
    pub mean_excitation_ev: f64,
    /// `[Z, mass fraction]`.
    pub mass_fractions: Vec<(u8, f64)>,
}

/// A slab.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SlabEntry {
    /// Name of the material.
    pub material: String,
    /// Thickness, cm.
    pub cm: f64,
}

/// One run.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RunEntry {
    /// Name; the reference is `NAME.csv`.
    pub name: String,
    /// Source, such as `electron:1MeV`, or `file:spectrum.csv` in the folder of the case.
    pub source: String,
    /// Histories of the reference; expected uncertainties of sparse cells follow from them.
    pub reference_histories: u64,
    /// Histories.
    pub histories: f64,
    /// Histories under `--quick`; runs without it are left out there.
    pub quick: Option<f64>,
    /// Further references `NAME.WORD.csv`, shown and not judged.
    #[serde(default)]
    pub also: Vec<String>,
    /// Slabs along z.
    #[serde(default)]
    pub slabs: Vec<SlabEntry>,
    /// Z range of the source (cm), for slabs.
    pub source_z_cm: Option<[f64; 2]>,
    /// The source is a beam from outside, as `voxgray dose` reads it.
    pub beam: Option<String>,
}

/// A `case.toml`.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Group {
    /// Folder name, filled in on reading.
    #[serde(skip)]
    pub name: String,
    /// Folder, filled in on reading.
    #[serde(skip)]
    pub folder: PathBuf,
    /// One line.
    pub title: String,
    /// Geometry and scoring.
    pub kind: Kind,
    /// Name of the reference.
    pub reference: String,
    /// Why the histories suffice.
    pub precision: String,
    /// The bar in words, for the report.
    pub bar: String,
    /// Group whose folder holds the references, where it is another.
    pub references: Option<String>,
    /// Model of incoherent scattering, where it is not the default: `xcom` or `impulse`.
    pub incoherent: Option<Incoherent>,
    /// Number of last cells left out, and why.
    #[serde(default)]
    pub skip_last: usize,
    /// Cells that are shown and not judged, by label.
    #[serde(default)]
    pub shown_only: Vec<String>,
    /// Bars; the first zone whose limits hold judges a cell; a cell in no zone is shown only.
    #[serde(rename = "zone")]
    pub zones: Vec<Zone>,
    /// Largest reduced chi-squared of the voxels, and the systematic uncertainty (%) added first.
    pub voxel_chi2: Option<VoxelBar>,
    /// Materials by name.
    pub materials: BTreeMap<String, MaterialEntry>,
    /// SHA-256 of the phantom's arrays.
    #[serde(default)]
    pub sha256: BTreeMap<String, String>,
    /// Runs.
    #[serde(rename = "run")]
    pub runs: Vec<RunEntry>,
}

/// The bar on single voxels.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VoxelBar {
    /// Largest reduced chi-squared.
    pub largest: f64,
    /// Systematic uncertainty added in quadrature, % of the voxel.
    pub systematic: f64,
    /// Voxels whose expected sigma, of the reference or ours, exceeds this (%) are left out: too few hits for a Gaussian.
    pub largest_sigma: f64,
}

impl Group {
    /// The file of a reference.
    pub fn reference(&self, name: &str) -> PathBuf {
        match &self.references {
            Some(group) => cases_folder().join(group).join(name),
            None => self.folder.join(name),
        }
    }

    /// The material called `name` with its voxel density.
    ///
    /// # Errors
    /// If the case does not define it.
    pub fn material(&self, name: &str) -> Result<(Material, f64)> {
        let m = self.materials.get(name).ok_or_else(|| {
            Error::input(
                format!("{}/case.toml: no material '{name}'", self.name),
                "a slab or phantom names it",
                "Add [materials.NAME].",
            )
        })?;
        let effect = m.density_effect_g_cm3.unwrap_or(m.density_g_cm3);
        let material = Material::new(name, effect, &m.mass_fractions, m.mean_excitation_ev)?;
        Ok((material, m.density_g_cm3))
    }
}

/// The folder of the cases.
pub fn cases_folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("validation").join("cases")
}

/// Reads all groups, by name.
///
/// # Errors
/// If a file cannot be read or has an unknown or missing key.
pub fn read_groups() -> Result<Vec<Group>> {
    let root = cases_folder();
    let entries = std::fs::read_dir(&root).map_err(|e| Error::io("list", &root, &e))?;
    let mut folders: Vec<PathBuf> = entries.filter_map(|e| Some(e.ok()?.path())).collect();
    folders.retain(|f| f.join("case.toml").exists());
    folders.sort();
    folders.iter().map(|f| read_group(f)).collect()
}

fn read_group(folder: &Path) -> Result<Group> {
    let path = folder.join("case.toml");
    let text = std::fs::read_to_string(&path).map_err(|e| Error::io("read", &path, &e))?;
    let mut group: Group = toml::from_str(&text).map_err(|e| {
        Error::input(
            format!("{}: {e}", path.display()),
            "it is not a case file",
            "Compare with another case.toml.",
        )
    })?;
    group.name = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
    group.folder = folder.to_path_buf();
    Ok(group)
}
