//! Volumes of interest by themselves: read, made, combined, listed with volume, mass and activity, and written.

mod dicom_object;
mod expression;
mod make;
mod output;

use std::path::{Path, PathBuf};

use serde::Serialize;

use super::Observer;
use super::voi_files::{label_names, tell, tell_notes};
use crate::error::{Error, Result};
use crate::files;
use crate::image::{Grid, Region, RegionSet, Volume, segmentator_names, segmentator_tasks};
use crate::io::dicom::{self, ReadOptions};
use crate::io::{NiftiAffine, RegionFacts, RegionOptions, read_image, read_map_file, read_regions};
use crate::phantom::{HuCurve, HuOptions, Phantom};
pub use dicom_object::{RegionForm, RegionObjectJob};
use expression::Expression;

/// What is asked for.
#[derive(Debug, Clone, Default)]
pub struct RegionJob {
    /// Files and folders of regions.
    pub inputs: Vec<PathBuf>,
    /// Names of the wanted regions of the files; all if empty.
    pub only: Vec<String>,
    /// An image whose grid is used.
    pub on: Option<PathBuf>,
    /// CT, for masses, `body()`, `couch()` and thresholds in HU.
    pub ct: Option<PathBuf>,
    /// Activity image in Bq/mL.
    pub activity: Option<PathBuf>,
    /// Table with the names of labels.
    pub names: Option<PathBuf>,
    /// Task of TotalSegmentator whose classes the labels are.
    pub classes: Option<String>,
    /// Add the shipped joins.
    pub groups: bool,
    /// `NAME = EXPRESSION`, in order.
    pub make: Vec<String>,
    /// Names of the regions to list and write; all if empty.
    pub keep: Vec<String>,
    /// Take regions of another frame of reference as they are.
    pub any_frame: bool,
    /// Which statement of a contradictory NIfTI header holds.
    pub nifti_affine: NiftiAffine,
    /// Where to write: a label map (.nii, .nii.gz, .mha) or a folder with a map of shares for each; with `object` a DICOM file.
    pub out: Option<PathBuf>,
    /// Write a DICOM object.
    pub object: Option<RegionObjectJob>,
}

/// One region in the list.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RegionRow {
    /// Its number.
    pub label: u32,
    /// Its name.
    pub name: String,
    /// Where it came from or how it was made.
    pub origin: String,
    /// Volume with shares, on the grid, mL.
    pub volume_ml: f64,
    /// Volume of the voxels of which it holds at least half, mL.
    pub whole_voxels_ml: f64,
    /// Volume as the file has it, mL: of contours areas times thickness.
    pub file_ml: Option<f64>,
    /// Part of it outside of the grid, per cent.
    pub outside_percent: f64,
    /// g, with a CT.
    pub mass_g: Option<f64>,
    /// Bq, with an activity image.
    pub activity_bq: Option<f64>,
    /// Bq/mL.
    pub mean_bq_per_ml: Option<f64>,
    /// Largest value in voxels of which it holds at least half, Bq/mL.
    pub max_bq_per_ml: Option<f64>,
}

/// The list, and the files that were written.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RegionList {
    /// One row for each region.
    pub regions: Vec<RegionRow>,
    /// Voxels of the grid.
    pub dims: [usize; 3],
    /// mm.
    pub spacing_mm: [f64; 3],
    /// Files written.
    pub written: Vec<PathBuf>,
}

/// An image with its frame of reference.
struct Image {
    volume: Volume<f32>,
    frame_of_reference: Option<String>,
}

/// What expressions may refer to.
struct Around {
    ct: Option<Volume<f32>>,
    phantom: Option<Phantom>,
    activity: Option<Volume<f32>>,
}

/// Share of a region made by a formula that is told to lie outside of the grid.
const LEAST_OUTSIDE: f64 = 1e-3;

/// Reads, makes, lists and writes.
///
/// # Errors
/// If a file cannot be read or is in another frame of reference, an expression has no meaning, or the output exists or cannot hold the regions.
pub fn list_regions(job: &RegionJob, observer: &dyn Observer) -> Result<RegionList> {
    let made: Vec<(String, Expression)> =
        job.make.iter().map(|m| expression::definition(m)).collect::<Result<_>>()?;
    if let Some(out) = &job.out {
        output::check(out)?;
    }
    let reference = job.object.as_ref().map(|o| o.reference(observer)).transpose()?;
    let ct = job.ct.as_deref().map(|p| image(p, "CT", observer)).transpose()?;
    let activity = job.activity.as_deref().map(|p| image(p, "activity", observer)).transpose()?;
    let on = job.on.as_deref().map(|p| image(p, "reference", observer)).transpose()?;
    let frames =
        [&on, &activity, &ct].map(|i| i.as_ref().and_then(|i| i.frame_of_reference.clone()));
    let of_object = reference.as_ref().map(|r| &r.frame_of_reference);
    let known: Vec<&String> = frames.iter().flatten().chain(of_object).collect();
    if known.windows(2).any(|w| w[0] != w[1]) && !job.any_frame {
        return Err(Error::input(
            format!("the images lie in the frames of reference {known:?}"),
            "positions in the one mean nothing in the other",
            "Give images of one frame of reference, or say with --any-frame that they lie in one space.",
        ));
    }
    let frame_of_reference = known.first().map(|f| (*f).clone());
    // A viewer lays an object of regions over the image that it refers to.
    let of_object = reference.as_ref().and_then(|r| r.grid.clone().ok());
    let grid = match (&on, of_object) {
        (None, Some(grid)) => Some(grid),
        _ => working_grid(&on, &activity, &ct),
    };
    let options = RegionOptions {
        only: job.only.clone(),
        names: names(job, observer)?,
        frame_of_reference,
        any_frame: job.any_frame,
        nifti_affine: job.nifti_affine,
    };
    let (mut set, mut facts) = read_all(job, grid, &options, observer)?;
    let phantom = match &ct {
        Some(ct) => {
            let limits = HuOptions { max_fraction_below: 1.0, max_fraction_above: 1.0 };
            let (phantom, report) =
                Phantom::from_ct(&ct.volume, &HuCurve::schneider2000()?, &limits)?;
            let beyond = report.below + report.above;
            if beyond > 0 {
                observer.say(&format!(
                    "CT: {beyond} of {} voxels lie outside of the HU curve ({:.0} to {:.0}) and have the density of its end",
                    report.voxels, report.range.0, report.range.1
                ));
            }
            Some(phantom)
        }
        None => None,
    };
    let around = Around { ct: ct.map(|i| i.volume), phantom, activity: activity.map(|i| i.volume) };
    if job.groups {
        for (group, missing) in set.add_groups() {
            if !missing.is_empty() {
                observer.warn(&format!("'{group}' lacks {}", missing.join(", ")));
            }
        }
    }
    for (name, expression) in &made {
        let region = make::evaluate(expression, &set, &around, observer)?;
        let label = set.regions.iter().map(|r| r.label).max().unwrap_or(0) + 1;
        if set.regions.iter().any(|r| r.name == *name) {
            return Err(Error::usage(
                format!("--make '{name} = ...': there is a region of that name"),
                "each name stands for one region",
                "Choose another name.",
            ));
        }
        if let Some(whole_ml) = make::formula_ml(expression) {
            let outside = 1.0 - set.volume_ml(&region) / whole_ml;
            let notes = Vec::new();
            // Below it is the roundness of a sphere of voxels.
            let outside = if outside > LEAST_OUTSIDE { outside } else { 0.0 };
            if outside > 0.0 {
                observer.warn(&format!(
                    "'{name}': {:.2} % of it lie outside of the grid",
                    100.0 * outside
                ));
            }
            facts.push(RegionFacts { name: name.clone(), file_ml: whole_ml, outside, notes });
        }
        set.regions.push(Region { label, name: name.clone(), colour: None, ..region });
    }
    if !job.keep.is_empty() {
        let kept: Vec<Region> =
            job.keep.iter().map(|n| set.named(n).cloned()).collect::<Result<_>>()?;
        set.regions = kept;
    }
    facts.retain(|f| set.regions.iter().any(|r| r.name == f.name));
    if set.regions.is_empty() {
        observer.warn("there is no region");
    }
    let regions = rows(&set, &facts, &around)?;
    let written = match (&job.out, &job.object, &reference) {
        (Some(out), Some(object), Some(reference)) => {
            object.write(out, &set, reference, observer)?
        }
        (Some(out), _, _) => output::write(out, &set, observer)?,
        (None, _, _) => Vec::new(),
    };
    Ok(RegionList { regions, dims: set.grid.dims, spacing_mm: set.grid.spacing_mm(), written })
}

/// An image as it is: DICOM CT, PET or NM in its unit, or a file.
fn image(path: &Path, role: &str, observer: &dyn Observer) -> Result<Image> {
    files::exists(path)?;
    if role == "reference" && path.is_file() && dicom::is_rt_dose(path)? {
        let read = read_map_file(path, NiftiAffine::default())?;
        tell_notes(path, read.notes.iter(), false, observer);
        return Ok(Image { volume: read.volume, frame_of_reference: read.frame_of_reference });
    }
    if dicom::is_dicom(path)? {
        let (paths, options) = ([path.to_path_buf()], ReadOptions::default());
        let read = match role {
            "CT" => dicom::read_ct(&paths, &options)?,
            "activity" => dicom::read_activity(&paths, &options)?,
            // A CT that cannot be read is no missing PET.
            _ => dicom::read_ct(&paths, &options).or_else(|ct| {
                let activity = dicom::read_activity(&paths, &options);
                activity.map_err(|e| if e.problem.contains("there is no PT") { ct } else { e })
            })?,
        };
        read.notes.iter().for_each(|n| observer.say(&format!("{role}: {n}")));
        let frame_of_reference = read.facts.frame_of_reference_uid;
        return Ok(Image { volume: read.volume, frame_of_reference });
    }
    let (volume, info) = read_image(path, None)?;
    info.notes.iter().for_each(|n| observer.say(&format!("{role}: {n}")));
    if role == "activity" {
        observer.say("the unit of the activity is not stated: taken as Bq/mL");
    }
    Ok(Image { volume, frame_of_reference: None })
}

/// The grid that is asked for; else the finer of activity and CT.
fn working_grid(on: &Option<Image>, activity: &Option<Image>, ct: &Option<Image>) -> Option<Grid> {
    let finer = |a: &&Image, b: &&Image| {
        let size = |i: &Image| i.volume.grid.voxel_volume_mm3();
        size(a).total_cmp(&size(b))
    };
    let own = || [activity, ct].into_iter().flatten().min_by(finer);
    on.as_ref().or_else(own).map(|i| i.volume.grid.clone())
}

fn names(
    job: &RegionJob,
    observer: &dyn Observer,
) -> Result<std::collections::BTreeMap<u32, String>> {
    match (&job.names, &job.classes) {
        (Some(_), Some(_)) => Err(Error::usage(
            "--names and --classes are both given",
            "labels have one name",
            "Leave one out.",
        )),
        (table, None) => label_names(table.as_deref(), observer),
        (None, Some(task)) => {
            let found = segmentator_names(task);
            if found.is_empty() {
                return Err(Error::usage(
                    format!("--classes {task}"),
                    format!("known are: {}", segmentator_tasks().join(", ")),
                    "Name one of these tasks of TotalSegmentator, or give --names.",
                ));
            }
            Ok(found)
        }
    }
}

fn read_all(
    job: &RegionJob,
    grid: Option<Grid>,
    options: &RegionOptions,
    observer: &dyn Observer,
) -> Result<(RegionSet, Vec<RegionFacts>)> {
    let mut set = grid.map(|grid| RegionSet { grid, regions: Vec::new() });
    let mut facts: Vec<RegionFacts> = Vec::new();
    for path in &job.inputs {
        let mut read = read_regions(path, set.as_ref().map(|s| &s.grid), options)?;
        tell(path, &read, observer);
        if job.classes.is_some() {
            // A published list names more than a map holds.
            let empty: Vec<bool> = read.set.regions.iter().map(|r| r.voxels.is_empty()).collect();
            let mut at = empty.iter();
            read.set.regions.retain(|_| at.next() == Some(&false));
            let mut at = empty.iter();
            read.facts.retain(|_| at.next() == Some(&false));
        }
        match &mut set {
            None => set = Some(read.set),
            Some(all) => {
                // Two files may use one name: the file tells them apart.
                for (region, fact) in read.set.regions.iter_mut().zip(&mut read.facts) {
                    if all.regions.iter().any(|r| r.name == region.name) {
                        let file = path.file_name().unwrap_or_default().display();
                        observer.warn(&format!(
                            "there are two regions '{}': that of {file} is named after it",
                            region.name
                        ));
                        region.name = format!("{} ({file})", region.name);
                        fact.name.clone_from(&region.name);
                    }
                }
                all.regions.append(&mut read.set.regions);
            }
        }
        facts.append(&mut read.facts);
    }
    let set = set.ok_or_else(|| {
        Error::usage(
            "no regions and no image",
            "a region lies on a grid",
            "Give a file of regions, or an image (--on, --ct or --activity) with --make.",
        )
    })?;
    Ok((set, facts))
}

fn rows(set: &RegionSet, facts: &[RegionFacts], around: &Around) -> Result<Vec<RegionRow>> {
    let (_, rounded) = set.whole();
    let on = |grid: Option<&Grid>| grid.map(|g| set.on(g)).transpose();
    let in_ct = on(around.phantom.as_ref().map(|p| &p.grid))?;
    let in_activity = on(around.activity.as_ref().map(|a| &a.grid))?;
    let mut rows = Vec::new();
    for (n, region) in set.regions.iter().enumerate() {
        let fact = facts.iter().find(|f| f.name == region.name);
        let mass_g = in_ct.as_ref().zip(around.phantom.as_ref()).map(|(moved, phantom)| {
            moved.set.regions[n].iter().map(|(v, s)| s * phantom.voxel_mass_g(v)).sum()
        });
        let of_activity =
            in_activity.as_ref().zip(around.activity.as_ref()).map(|(moved, image)| {
                let region = &moved.set.regions[n];
                let value = |v: usize| f64::from(image.data[v]);
                let ml = image.grid.voxel_volume_mm3() / 1000.0;
                let sum: f64 = region.iter().map(|(v, s)| s * value(v)).sum();
                let half =
                    region.iter().filter(|p| p.1 >= 0.5).map(|p| value(p.0)).reduce(f64::max);
                let largest = half.or_else(|| region.iter().map(|p| value(p.0)).reduce(f64::max));
                (sum * ml, sum / region.voxel_sum(), largest)
            });
        rows.push(RegionRow {
            label: region.label,
            name: region.name.clone(),
            origin: region.origin.clone(),
            volume_ml: set.volume_ml(region),
            whole_voxels_ml: rounded[n].whole_ml,
            file_ml: fact.map(|f| f.file_ml),
            outside_percent: fact.map_or(0.0, |f| 100.0 * f.outside),
            mass_g,
            activity_bq: of_activity.map(|a| a.0),
            mean_bq_per_ml: of_activity.map(|a| a.1).filter(|m| m.is_finite()),
            max_bq_per_ml: of_activity.and_then(|a| a.2),
        });
    }
    Ok(rows)
}
