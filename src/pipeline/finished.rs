//! Maps and facts of finished runs, and maps of other programs, for who analyses them.
//!
//! A folder of `voxgray dose` says by itself what its maps are: dose or dose rate, standard errors, densities, the parts by emission, and how each
//! VOI's curve was integrated. So does an RT Dose. Of a map of another program the unit must be stated.

use std::path::{Path, PathBuf};

use serde_json::Value;

use super::Observer;
use super::over_time::HALF_LIFE;
use super::voi_files::{check_names, label_names, name_by_file, stem, tell, tell_notes};
use crate::error::{Error, Result};
use crate::files;
use crate::image::{RegionSet, Volume};
use crate::io::dicom::{self, write::DoseType};
use crate::io::{MapFile, NiftiAffine, RegionOptions, dose_of_folder, read_map_file};
use crate::job::{VoiInput, named_method};
use crate::kinetics::Piece;
use crate::units::SECONDS_PER_HOUR;

/// Emissions that a folder may have the dose of apart.
pub const PARTS: [&str; 3] = ["electron", "photon", "alpha"];

/// Relative biological effectiveness by emission ([`PARTS`]), as the user states it.
pub type Rbe = Vec<(String, f64)>;

/// Maps of a folder that doses are looked for in, best first, with their unit.
const DOSES: [(&str, &str); 3] =
    [("dose", "Gy"), ("dose_by_dose_rate", "Gy"), ("dose_rate", "Gy/s")];

/// The curve of a VOI that a run integrated.
#[derive(Debug, Clone)]
pub struct RunCurve {
    /// Its pieces.
    pub pieces: Vec<Piece>,
    /// What it is of, and its model.
    pub what: String,
    /// Whether it is of the dose rate, not of the activity.
    pub of_dose_rate: bool,
}

/// A map with what belongs to it.
#[derive(Debug, Clone)]
pub struct FinishedMap {
    /// What it is called in tables and messages.
    pub name: String,
    /// The file.
    pub path: PathBuf,
    /// The folder of its run, if it is one of `voxgray dose`.
    pub folder: Option<PathBuf>,
    /// Values.
    pub map: Volume<f32>,
    /// Unit of the values.
    pub unit: String,
    /// Standard error of each voxel, on the same grid.
    pub standard_errors: Option<Vec<f32>>,
    /// `summary.json`.
    pub summary: Option<Value>,
    /// FrameOfReferenceUID in which its voxels lie, where it is known.
    pub frame_of_reference: Option<String>,
    /// Density of the run's matter, g/cm3, of a map of dose.
    pub density: Option<Vec<f32>>,
    /// Where the run's density is too low for a dose, of a map of dose: its values there are not those of tissue.
    pub low_density: Option<Vec<bool>>,
}

/// What is stated of a map.
#[derive(Debug, Clone, Copy, Default)]
pub struct MapOptions<'a> {
    /// Its unit, where the program does not know it; another than that of its run is refused.
    pub unit: Option<&'a str>,
    /// Unit of a map that does not say its own, one of several maps.
    pub unit_if_unsaid: Option<&'a str>,
    /// Its standard errors, where they are another file.
    pub standard_errors: Option<&'a Path>,
    /// One map of a folder by its stem, such as `dose_by_dose_rate`; of RT Doses by its DoseSummationType.
    pub stem: Option<&'a str>,
    /// What holds of a NIfTI header that contradicts itself.
    pub affine: NiftiAffine,
}

/// Reads a map: a file, a folder of `voxgray dose`, or one with an RT Dose.
///
/// # Errors
/// If nothing can be read, the unit is not known or contradicts the folder's, or the standard errors are on another grid.
pub fn read_map(path: &Path, options: &MapOptions, observer: &dyn Observer) -> Result<FinishedMap> {
    files::exists(path)?;
    if dicom::is_dicom(path)? && !path.join(SUMMARY).is_file() {
        return of_object(path, options, observer);
    }
    let (folder, summary) = match path.is_dir() {
        true => (Some(path.to_path_buf()), Some(read_summary(path)?)),
        false => of_run(path),
    };
    let partial = summary.as_ref().is_some_and(|s| s["partial"].as_bool() == Some(true));
    if partial {
        observer.warn(&format!(
            "{} is of a run that was interrupted: fewer histories than were asked for",
            path.display()
        ));
    }
    let suffix = if partial { "_partial" } else { "" };
    let (file, stem) = match &folder {
        Some(folder) if path.is_dir() => {
            let stem = choose(folder, options.stem, suffix)?;
            (folder.join(format!("{stem}{suffix}.nii.gz")), Some(stem))
        }
        Some(_) => (path.to_path_buf(), stem_of(path, suffix)),
        None => (path.to_path_buf(), None),
    };
    let own_unit = stem.as_deref().and_then(unit_of);
    let unit = match (own_unit, options.unit) {
        (Some(own), Some(stated)) if own != stated => {
            return Err(Error::usage(
                format!("{} in {stated}", file.display()),
                format!("its run wrote it in {own}"),
                "Leave --unit out.",
            ));
        }
        (own, stated) => own.or(stated).or(options.unit_if_unsaid),
    };
    let Some(unit) = unit else {
        return Err(Error::usage(
            format!("{}: its unit is not known", file.display()),
            "an image does not say whether it is a dose or a dose rate",
            "Add --unit Gy (or mGy, Gy/s, Bq/mL, ...), or name the folder of voxgray dose.",
        ));
    };
    let map = read(&file, options.affine, observer)?.volume;
    let beside = stem
        .as_ref()
        .zip(folder.as_ref())
        .map(|(stem, folder)| folder.join(format!("{stem}_standard_error{suffix}.nii.gz")));
    let errors = match options.standard_errors {
        Some(path) => Some(path.to_path_buf()),
        None => beside.filter(|b| b.is_file()),
    };
    let standard_errors =
        errors.map(|p| on_grid(&p, &map, options.affine, observer)).transpose()?;
    let (name, unit) = (name_of(path), unit.to_string());
    let frame_of_reference = summary.as_ref().and_then(frame_of_run);
    let (path, summary) = (file, summary);
    let found = FinishedMap {
        name,
        path,
        folder,
        map,
        unit,
        standard_errors,
        summary,
        frame_of_reference,
        density: None,
        low_density: None,
    };
    Ok(found.with_matter(observer))
}

/// An RT Dose.
fn of_object(path: &Path, options: &MapOptions, observer: &dyn Observer) -> Result<FinishedMap> {
    let file = match path.is_dir() {
        true => dose_of_folder(path, options.stem).map_err(|mut e| {
            e.suggestion = e.suggestion.replace(
                "or the folder of voxgray dose",
                "or the folder of voxgray dose (this one has no summary.json)",
            );
            e
        })?,
        false => path.to_path_buf(),
    };
    let read = read(&file, options.affine, observer)?;
    let unit = unit_of_object(&read, options.unit)?;
    let map = read.volume;
    let standard_errors =
        options.standard_errors.map(|p| on_grid(p, &map, options.affine, observer)).transpose()?;
    Ok(FinishedMap {
        name: name_of(path),
        path: read.path,
        folder: None,
        map,
        unit,
        standard_errors,
        summary: None,
        density: None,
        low_density: None,
        frame_of_reference: read.frame_of_reference,
    })
}

/// Unit of an RT Dose whose dose is weighted for its effect.
pub const EFFECTIVE: &str = "Gy(effective)";

/// The unit of an RT Dose: that which it says, or, of a weighted one, the user's better word for it.
fn unit_of_object(read: &MapFile, stated: Option<&str>) -> Result<String> {
    let (own, allowed): (&str, &[&str]) = match read.dose_type {
        Some(DoseType::Effective) => (EFFECTIVE, &[EFFECTIVE, "Gy(RBE)"]),
        _ => ("Gy", &["Gy"]),
    };
    match stated {
        None => Ok(own.into()),
        Some(unit) if allowed.contains(&unit) => Ok(unit.into()),
        Some(unit) => Err(Error::usage(
            format!("{} in {unit}", read.path.display()),
            format!("the RT Dose is in {own}"),
            "Leave --unit out.",
        )),
    }
}

fn name_of(path: &Path) -> String {
    path.file_name()
        .map_or_else(|| path.display().to_string(), |n| n.to_string_lossy().into_owned())
}

/// The frame of reference of a run's dose grid: that of its CT, else of the first image that states one.
fn frame_of_run(summary: &Value) -> Option<String> {
    let inputs = summary["setup"]["inputs"].as_array()?;
    let frame = |i: &&Value| i["frame_of_reference_uid"].is_string();
    let of_ct = inputs.iter().filter(frame).find(|i| i["role"] == "ct");
    let found = of_ct.or_else(|| inputs.iter().find(frame))?;
    found["frame_of_reference_uid"].as_str().map(String::from)
}

impl FinishedMap {
    /// With what its run says of the matter, where it is a map of dose.
    fn with_matter(mut self, observer: &dyn Observer) -> Self {
        if self.unit.starts_with("Gy") {
            self.density = self.beside("density", observer).ok();
            let mask = self.beside("low_density_mask", observer).ok();
            self.low_density = mask.map(|m| m.iter().map(|v| *v > 0.0).collect());
        }
        self
    }

    /// SHA-256 of its file.
    ///
    /// # Errors
    /// If it cannot be read.
    pub fn sha256(&self) -> Result<String> {
        crate::io::sha256_file(&self.path)
    }

    /// What histograms and means are made of, by volume.
    pub fn sampled(&self) -> crate::analysis::Map<'_> {
        crate::analysis::Map {
            standard_errors: self.standard_errors.as_deref(),
            density: self.density.as_deref(),
            left_out: self.low_density.as_deref(),
            ..crate::analysis::Map::of(&self.map)
        }
    }

    /// Another map of the same run, by its stem.
    ///
    /// # Errors
    /// If this is no run's map, the folder has none of that name, or it is on another grid.
    pub fn beside(&self, stem: &str, observer: &dyn Observer) -> Result<Vec<f32>> {
        let refuse = |why: String| {
            Err(Error::usage(
                format!("{}: no {stem}", self.path.display()),
                why,
                "Name the map as a file, or the folder of voxgray dose.",
            ))
        };
        let Some(folder) = &self.folder else {
            return refuse("it is not in a folder of voxgray dose".into());
        };
        let found = ["", "_partial"].map(|s| folder.join(format!("{stem}{s}.nii.gz")));
        match found.iter().find(|f| f.is_file()) {
            Some(file) => on_grid(file, &self.map, NiftiAffine::default(), observer),
            None => refuse(format!("{} has none", folder.display())),
        }
    }

    /// What the run's summary tells of a VOI, by name or, without one of that name, by label.
    pub fn voi(&self, name: &str, label: u32) -> Option<&Value> {
        let vois = self.summary.as_ref()?["vois"].as_array()?;
        let by_name = vois.iter().find(|v| v["name"].as_str() == Some(name));
        by_name.or_else(|| {
            vois.iter().find(|v| {
                v["label"].as_u64() == Some(u64::from(label))
                    && v["name"].as_str().is_some_and(|n| n == format!("label {label}"))
            })
        })
    }

    /// Standard error of a VOI's mean by the batches of the run: of a map of this run's own dose, and a VOI of the same volume (within 2 %).
    pub fn mean_standard_error(&self, name: &str, label: u32, volume_ml: f64) -> Option<f64> {
        let quantity = self.summary.as_ref()?["dose"]["quantity"].as_str();
        let own = stem_of(&self.path, "")
            .is_some_and(|s| Some(s.trim_end_matches("_partial")) == quantity);
        let voi = self.voi(name, label).filter(|_| own)?;
        let volume = voi["volume_cm3"].as_f64()?;
        let error = voi["standard_error"].as_f64();
        // Zero is that of a method without noise: nothing is known of its error.
        error.filter(|e| *e > 0.0 && (volume / volume_ml - 1.0).abs() < 0.02)
    }

    /// Half-width of a 95 % interval in standard errors: Student's t of the run's batches, or that of a normal value.
    pub fn interval_factor(&self) -> f64 {
        let run = self.summary.as_ref().and_then(|s| s["run"]["interval_95_factor"].as_f64());
        run.unwrap_or(crate::stats::NORMAL_97_5)
    }

    /// Warns of values below zero, which no absorbed dose has.
    pub fn tell_below_zero(&self, observer: &dyn Observer) {
        let below = self.map.data.iter().filter(|v| **v < 0.0);
        let (n, least) = below.fold((0_u64, 0.0_f32), |(n, least), v| (n + 1, least.min(*v)));
        if n > 0 {
            observer.warn(&format!(
                "{} has {n} voxels below zero (least {least:.4e} {}), which no absorbed dose is: VOIs that hold some have them in their values",
                self.path.display(),
                self.unit
            ));
        }
    }

    /// Volume (mL) that a VOI had in the run.
    pub fn volume_in_run_ml(&self, name: &str, label: u32) -> Option<f64> {
        self.voi(name, label)?["volume_cm3"].as_f64()
    }

    /// The curve of a VOI that the run integrated, and what it is: of the dose rate or, by the activity route, of the activity. None where the
    /// run integrated none, or none for this VOI.
    pub fn curve(&self, name: &str, label: u32) -> Option<RunCurve> {
        let summary = self.summary.as_ref()?;
        let vois = summary["vois"].as_array()?;
        let by_label = |v: &Value| {
            v["label"].as_u64() == Some(u64::from(label))
                && v["name"].as_str() == Some(&format!("label {label}"))
        };
        let at = vois
            .iter()
            .position(|v| v["name"].as_str() == Some(name))
            .or_else(|| vois.iter().position(by_label))?;
        let rates = ("dose_rate_route", "its dose rate");
        let activities = ("activity_route", "its activity");
        let order = match stem_of(&self.path, "") {
            Some(s) if s.starts_with("dose_by_dose_rate") => [rates, activities],
            // A dose rate is what repair works on: where the run has both, it goes first.
            _ => [rates, activities],
        };
        let pieces = |v: &Value| serde_json::from_value::<Vec<Piece>>(v["pieces"].clone()).ok();
        let found = |curve: &Value, of: &str, of_dose_rate: bool| {
            let what = format!("{of}, {}", curve["model"].as_str().unwrap_or("integrated"));
            Some(RunCurve { pieces: pieces(curve)?, what, of_dose_rate })
        };
        let of_route = |(route, of): (&str, &str)| {
            found(&summary["setup"][route]["vois"][at]["curve"], of, route == rates.0)
        };
        let planar =
            || found(&summary["setup"]["time_points"]["planar"], "the planar curve", false);
        order.into_iter().find_map(of_route).or_else(planar)
    }

    /// Half-lives (s) of the exponentials that the run fitted to the dose rate of single voxels, NaN where it fitted none; where it has them.
    ///
    /// # Errors
    /// If the map is on another grid or cannot be read.
    pub fn half_lives_of_dose_rate_s(&self, observer: &dyn Observer) -> Result<Option<Vec<f32>>> {
        let stem = format!("{}{HALF_LIFE}", DOSES[1].0);
        let has = |folder: &PathBuf| {
            ["", "_partial"].iter().any(|s| folder.join(format!("{stem}{s}.nii.gz")).is_file())
        };
        if !self.folder.as_ref().is_some_and(has) {
            return Ok(None);
        }
        let hours = self.beside(&stem, observer)?;
        Ok(Some(hours.iter().map(|h| (f64::from(*h) * SECONDS_PER_HOUR) as f32).collect()))
    }

    /// Half-life (s) with which the run let its activity decay in place, where it did.
    pub fn decay_in_place_s(&self) -> Option<f64> {
        let setup = &self.summary.as_ref()?["setup"];
        setup["decays_per_bq"].as_f64()?;
        setup["source"]["half_life_s"].as_f64()
    }

    /// Whether it is an absorbed dose, in Gy.
    pub fn is_dose(&self) -> bool {
        self.unit == "Gy"
    }
}

/// Warns of maps in other frames of reference than the first: that somebody brought them together cannot be seen in them.
pub fn tell_frames(maps: &[FinishedMap], observer: &dyn Observer) {
    let mut known = maps.iter().filter_map(|m| Some((m, m.frame_of_reference.as_ref()?)));
    let Some((first, own)) = known.next() else { return };
    for (map, _) in known.filter(|(_, frame)| *frame != own) {
        observer.warn(&format!(
            "{} and {} state two frames of reference: that they were brought into one space is not checked",
            first.path.display(),
            map.path.display()
        ));
    }
}

/// What VOIs are read for.
#[derive(Debug, Clone, Copy, Default)]
pub struct VoiPlace<'a> {
    /// FrameOfReferenceUID of the map; VOIs of another one are refused.
    pub frame_of_reference: Option<&'a str>,
    /// Take those of another one as they are.
    pub any_frame: bool,
    /// What holds of a NIfTI header that contradicts itself.
    pub affine: NiftiAffine,
}

/// VOIs with shares, from a file that `--voi` takes. The one place where a path becomes regions for analysis.
///
/// # Errors
/// If a file cannot be read, holds no VOI, or lies in another frame of reference.
pub fn read_regions(
    voi: &Path,
    names: Option<&Path>,
    place: &VoiPlace,
    observer: &dyn Observer,
) -> Result<RegionSet> {
    let names = label_names(names, observer)?;
    let options = RegionOptions {
        names,
        nifti_affine: place.affine,
        frame_of_reference: place.frame_of_reference.map(String::from),
        any_frame: place.any_frame,
        ..RegionOptions::default()
    };
    let found = crate::io::read_regions(voi, None, &options)?;
    tell(voi, &found, observer);
    Ok(found.set)
}

/// VOIs of several files, each file's on its own grid.
///
/// # Errors
/// As [`read_regions`]; if VOIs of two files have one name.
pub fn read_all_regions(
    files: &[VoiInput],
    place: &VoiPlace,
    observer: &dyn Observer,
) -> Result<Vec<RegionSet>> {
    let mut sets = Vec::new();
    for file in files {
        let mut set = read_regions(&file.path, file.names.as_deref(), place, observer)?;
        if files.len() > 1 {
            name_by_file(set.regions.iter_mut().map(|r| (r.label, &mut r.name)), &stem(&file.path));
        }
        sets.push(set);
    }
    let names = sets.iter().map(|s| s.regions.iter().map(|r| r.name.as_str()).collect()).collect();
    let files: Vec<&Path> = files.iter().map(|f| f.path.as_path()).collect();
    check_names(names, &files)?;
    Ok(sets)
}

/// Any map on the grid of `map`.
///
/// # Errors
/// If it cannot be read, or is on another grid.
pub(super) fn on_grid(
    path: &Path,
    map: &Volume<f32>,
    affine: NiftiAffine,
    observer: &dyn Observer,
) -> Result<Vec<f32>> {
    values_on(path, read(path, affine, observer)?.volume, map)
}

/// Values of a map that lies on the grid of `map`.
///
/// # Errors
/// If it does not.
pub(super) fn values_on(path: &Path, other: Volume<f32>, map: &Volume<f32>) -> Result<Vec<f32>> {
    if !map.grid.same_geometry(&other.grid, SAME_GRID_MM) {
        return Err(Error::input(
            format!("{} is on another grid than the map that it belongs to", path.display()),
            format!(
                "its voxels are {:?} of {:?} mm, not {:?} of {:?} mm, or lie elsewhere",
                other.grid.dims,
                other.grid.spacing_mm(),
                map.grid.dims,
                map.grid.spacing_mm()
            ),
            "Resample it first.",
        ));
    }
    Ok(other.data)
}

/// Grids closer than this (mm) are the same: headers keep positions in single precision.
pub const SAME_GRID_MM: f64 = 1e-3;

pub(super) fn read(path: &Path, affine: NiftiAffine, observer: &dyn Observer) -> Result<MapFile> {
    let found = read_map_file(path, affine)?;
    // That voxels are NaN is told by who uses them.
    let notes = found.notes.iter().filter(|n| !n.contains("NaN"));
    tell_notes(&found.path, notes, found.dose_type.is_none(), observer);
    Ok(found)
}

/// Refuses the run of a beam where what is made of a run is of activity that was given.
///
/// # Errors
/// If it is one.
pub(super) fn of_activity(summary: &Value, folder: &Path, why: &str) -> Result<()> {
    let label = &summary["setup"]["beam"]["label"];
    match label.as_str() {
        None => Ok(()),
        Some(label) => Err(Error::input(
            format!("{} is the run of a {label}", folder.display()),
            why,
            "Its numbers stand in its summary.json; voxgray dvh and other programs read its maps (NIfTI).",
        )),
    }
}

/// What makes a folder one of `voxgray dose`.
const SUMMARY: &str = "summary.json";

/// Whether a run followed histories in the patient: its noise is known then, and its number means something.
pub(super) fn has_histories(summary: &Value) -> bool {
    summary["setup"]["method"]["name"]
        .as_str()
        .is_none_or(|n| named_method::TRANSPORTS.contains(&n))
}

/// The summary of a folder of `voxgray dose`.
///
/// # Errors
/// If it is none.
pub(super) fn read_summary(folder: &Path) -> Result<Value> {
    let path = folder.join(SUMMARY);
    let refuse = |why: String| {
        let suggestion = "Name a folder that voxgray dose wrote, or a map as a file.";
        Error::input(format!("{} is no folder of voxgray dose", folder.display()), why, suggestion)
    };
    if !path.is_file() {
        return Err(refuse("it has no summary.json".into()));
    }
    let value: Value = serde_json::from_str(&files::text(&path)?)
        .map_err(|e| refuse(format!("summary.json: {e}")).caused_by(e))?;
    match value["program"].as_str() {
        Some("voxgray") if value["setup"].is_object() => Ok(value),
        _ => Err(refuse("summary.json is not of voxgray dose".into())),
    }
}

/// The run that a file is of, where its folder says so.
fn of_run(file: &Path) -> (Option<PathBuf>, Option<Value>) {
    let folder = match file.parent() {
        Some(p) if !p.as_os_str().is_empty() => p,
        _ => Path::new("."),
    };
    let named = |s: &Value| {
        let name = file.file_name().map(|n| n.to_string_lossy().into_owned());
        s["files"].as_array().is_some_and(|f| f.iter().any(|f| f.as_str() == name.as_deref()))
    };
    match read_summary(folder) {
        Ok(summary) if named(&summary) => (Some(folder.to_path_buf()), Some(summary)),
        _ => (None, None),
    }
}

fn stem_of(file: &Path, suffix: &str) -> Option<String> {
    let name = file.file_name()?.to_string_lossy().into_owned();
    Some(name.strip_suffix(".nii.gz")?.trim_end_matches(suffix).to_string())
}

/// Whether a file says its unit: a map of a run.
pub fn has_unit(path: &Path) -> bool {
    of_run(path).0.is_some() && stem_of(path, "").is_some_and(|stem| unit_of(&stem).is_some())
}

/// Unit of a map that `voxgray dose` writes, by its stem.
fn unit_of(stem: &str) -> Option<&'static str> {
    let stem = stem.trim_end_matches("_partial");
    let base = PARTS.iter().find_map(|p| stem.strip_suffix(&format!("_{p}"))).unwrap_or(stem);
    if let Some((_, unit)) = DOSES.iter().find(|d| d.0 == base) {
        return Some(unit);
    }
    let number = |rest: &str| !rest.is_empty() && rest.bytes().all(|b| b.is_ascii_digit());
    match base {
        "time_integrated_activity" => Some("Bq s"),
        other if other.ends_with("_to_water") => unit_of(other.trim_end_matches("_to_water")),
        "density" => Some("g/cm3"),
        other if other.strip_prefix("dose_rate_").is_some_and(number) => Some("Gy/s"),
        _ => None,
    }
}

fn choose(folder: &Path, stem: Option<&str>, suffix: &str) -> Result<String> {
    let there = |stem: &str| folder.join(format!("{stem}{suffix}.nii.gz")).is_file();
    let stems: Vec<&str> = stem.map_or_else(|| DOSES.iter().map(|d| d.0).collect(), |s| vec![s]);
    match stems.iter().find(|s| there(s)) {
        Some(found) => Ok((*found).to_string()),
        None => Err(Error::input(
            format!("{} has no {}", folder.display(), stems.join(".nii.gz, ") + ".nii.gz"),
            "there is no map of that name",
            "Name a folder that voxgray dose finished, or a map as a file.",
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_follow_from_names() {
        for (stem, unit) in [
            ("dose", Some("Gy")),
            ("dose_partial", Some("Gy")),
            ("dose_alpha", Some("Gy")),
            ("dose_rate", Some("Gy/s")),
            ("dose_rate_electron", Some("Gy/s")),
            ("dose_rate_3", Some("Gy/s")),
            ("dose_by_dose_rate", Some("Gy")),
            ("dose_rate_standard_error", None),
            ("dose_difference", None),
        ] {
            assert_eq!(unit_of(stem), unit, "{stem}");
        }
    }
}
