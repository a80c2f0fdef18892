//! A finished run as DICOM objects for a PACS: doses as RT Dose; dose rates, standard errors and time-integrated activities as Parametric Maps; VOIs
//! as a measurement report. What is not a whole result, or not of the reference's patient, is refused.

mod identity;
mod measured;
mod place;
mod whole_run;

use std::path::{Path, PathBuf};

use super::Observer;
use super::finished::SAME_GRID_MM;
use crate::error::{Error, ErrorKind, Result};
use crate::files;
use crate::image::Volume;
use crate::io::dicom::write::{
    Author, DoseBits, DoseContent, DoseType, Equipment, MapContent, MapQuantity, Reference,
    Summation, UidRoot, measurement_report, parametric_map, read_reference, rt_dose, rt_plan,
};
use crate::io::folder::MarkedFolder;
use crate::io::read_nifti;
use crate::program::Program;
use crate::units::CM3_PER_MM3;

pub use identity::Accepted;
pub use place::ObjectGrid;
use place::{check_overlap, place};
use whole_run::{WholeRun, check_mark};

/// What is asked for.
#[derive(Debug, Clone)]
pub struct DicomJob {
    /// A folder of `voxgray dose`.
    pub dose: PathBuf,
    /// A folder of `voxgray bed`, on the same grid.
    pub bed: Option<PathBuf>,
    /// File or folder of the image whose patient, study and frame of reference the objects get.
    pub reference: PathBuf,
    /// SeriesInstanceUID of that image.
    pub series: Option<String>,
    /// Folder to write to.
    pub out: PathBuf,
    /// Kinds of objects; all if empty.
    pub only: Vec<ObjectKind>,
    /// Bits of an RT Dose.
    pub bits: DoseBits,
    /// Write an RT Plan that stands in for one, and refer to it.
    pub plan: bool,
    /// On which grid.
    pub grid: ObjectGrid,
    /// Root of new UIDs.
    pub uid_root: UidRoot,
    /// Date and time (DA, TM) of the objects' content.
    pub time: Option<(String, String)>,
    /// What the user states against the checks.
    pub accepted: Vec<Accepted>,
    /// Replace an older output.
    pub overwrite: bool,
}

/// Kinds of objects.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ObjectKind {
    /// RT Dose.
    Dose,
    /// Parametric Map.
    Map,
    /// Structured report of the volumes of interest.
    Report,
}

/// An object that was written.
#[derive(Debug, Clone, PartialEq)]
pub struct WrittenObject {
    /// The file.
    pub path: PathBuf,
    /// SOPInstanceUID.
    pub instance_uid: String,
    /// SeriesInstanceUID.
    pub series_uid: String,
    /// What it holds.
    pub what: String,
}

/// Doses of a folder, with what they are called.
const DOSES: [(&str, &str); 2] =
    [("dose", "Absorbed dose"), ("dose_by_dose_rate", "Absorbed dose, by dose rates")];

/// Maps of a folder that become Parametric Maps.
const MAPS: [(&str, &str, MapQuantity); 5] = [
    ("dose_standard_error", "Standard error of dose", MapQuantity::DoseStandardError),
    (
        "dose_by_dose_rate_standard_error",
        "Standard error of dose, by dose rates",
        MapQuantity::DoseStandardError,
    ),
    ("dose_rate", "Absorbed dose rate", MapQuantity::DoseRate),
    ("dose_rate_standard_error", "Standard error of dose rate", MapQuantity::DoseRateStandardError),
    ("time_integrated_activity", "Time-integrated activity", MapQuantity::TimeIntegratedActivity),
];

/// SeriesNumber of the first object; those of images are lower.
const FIRST_SERIES: usize = 9001;

/// What an object is made of.
enum Content {
    Plan,
    Dose { stem: &'static str, title: &'static str },
    Bed(PathBuf),
    Map { stem: String, title: String, quantity: MapQuantity },
    Report,
}

impl Content {
    fn file(&self) -> String {
        match self {
            Content::Plan => "RTPLAN.dcm".into(),
            Content::Dose { stem, .. } => format!("RTDOSE_{stem}.dcm"),
            Content::Bed(_) => "RTDOSE_bed.dcm".into(),
            Content::Map { stem, .. } => format!("PM_{stem}.dcm"),
            Content::Report => "SR_vois.dcm".into(),
        }
    }
}

/// Writes the objects.
///
/// # Errors
/// If the run is not whole, the reference cannot be read or is of another patient, a map cannot be said in DICOM, or writing fails.
pub fn write_dicom(job: &DicomJob, observer: &dyn Observer) -> Result<Vec<WrittenObject>> {
    let run = WholeRun::open(&job.dose, observer)?;
    let contents = contents(&run, job, observer)?;
    let images = run.images();
    let recorded: Vec<String> = images.iter().filter_map(|i| i.series_uid.clone()).collect();
    files::exists(&job.reference)?;
    let reference =
        read_reference(std::slice::from_ref(&job.reference), job.series.as_deref(), &recorded)?;
    tell(&reference, observer);
    identity::check(&run, &reference, &job.accepted, observer)?;
    let author = Author {
        reference: &reference,
        equipment: equipment(),
        uid_root: job.uid_root.clone(),
        stated_time: job.time.clone(),
        made_from_reference: recorded.contains(&reference.series_uid),
    };
    let names: Vec<String> = contents.iter().map(Content::file).collect();
    let folder = MarkedFolder::open(&job.out, job.overwrite, &names)?;
    let written = write_all(job, &run, &author, contents, observer)?;
    folder.finish()?;
    Ok(written)
}

fn write_all(
    job: &DicomJob,
    run: &WholeRun,
    author: &Author,
    contents: Vec<Content>,
    observer: &dyn Observer,
) -> Result<Vec<WrittenObject>> {
    let (reference, source) = (author.reference, run.source());
    let mut written = Vec::new();
    let mut plan = None;
    for (n, content) in contents.into_iter().enumerate() {
        let series_number = FIRST_SERIES + n;
        let path = job.out.join(content.file());
        let what;
        let object = match &content {
            Content::Plan => {
                what = "stands in for a plan".to_owned();
                rt_plan(author, &format!("voxgray {source}"), series_number)?
            }
            Content::Dose { .. } | Content::Bed(_) => {
                let (map, dose_type, description, comment) = dose(run, &content, job.grid)?;
                check_overlap(&map, reference)?;
                let map = place(&map, reference, job.grid, 0.0, &description, observer)?;
                what = format!("{description}, Gy");
                let content = DoseContent {
                    dose: &map,
                    dose_type,
                    bits: job.bits,
                    description: &description,
                    comment: &comment,
                    series_number,
                };
                let summation = plan.as_ref().map_or(Summation::PlanOverview, Summation::Plan);
                rt_dose(author, &content, summation)?
            }
            Content::Report => {
                let vois = measured::vois(run, job.bed.as_deref())?;
                what = format!("measurements of {} VOIs", vois.len());
                measurement_report(author, &vois, series_number)?
            }
            Content::Map { stem, title, quantity } => {
                let mut map = run.map(stem)?;
                check_overlap(&map, reference)?;
                let mut outside = 0.0;
                match quantity {
                    // Bq s of a voxel: a concentration does not depend on the voxel's size.
                    MapQuantity::TimeIntegratedActivity => {
                        let ml = map.grid.voxel_volume_mm3() * CM3_PER_MM3;
                        map = map.map(|v| (f64::from(*v) / ml) as f32);
                    }
                    MapQuantity::DoseStandardError | MapQuantity::DoseRateStandardError => {
                        outside = f32::NAN;
                    }
                    MapQuantity::DoseRate => {}
                }
                let map = place(&map, reference, job.grid, outside, title, observer)?;
                what = format!("{title}, {}", quantity.ucum());
                let description = format!("{title} {source}");
                let content = MapContent {
                    map: &map,
                    quantity: *quantity,
                    description: &description,
                    series_number,
                };
                parametric_map(author, &content)?
            }
        };
        written.push(WrittenObject {
            path: path.clone(),
            instance_uid: object.instance_uid.clone(),
            series_uid: object.series_uid.clone(),
            what,
        });
        if matches!(content, Content::Plan) {
            plan = Some(object.clone());
        }
        object.write(&path)?;
    }
    Ok(written)
}

/// A dose with its type, description and comment.
fn dose(
    run: &WholeRun,
    content: &Content,
    on: ObjectGrid,
) -> Result<(Volume<f32>, DoseType, String, String)> {
    let moved = match on {
        ObjectGrid::Run => "",
        ObjectGrid::Reference => "; interpolated, 0 outside",
    };
    match content {
        Content::Bed(folder) => {
            let mut map = bed(run, folder)?;
            map.data.iter_mut().filter(|v| v.is_nan()).for_each(|v| *v = 0.0);
            let cycles = cycles(folder)?;
            let comment = format!("BED of {cycles} cycle(s); 0 outside of its VOIs{moved}");
            Ok((map, DoseType::Effective, format!("BED {}", run.source()), comment))
        }
        Content::Dose { stem, title } => {
            let comment = format!("Monte Carlo, {} histories{moved}", run.histories());
            let description = format!("{title} {}", run.source());
            Ok((run.map(stem)?, DoseType::Physical, description, comment))
        }
        _ => Err(Error::run("not a dose", "an RT Dose holds doses", "Report this as a bug.")),
    }
}

/// The BED map of a folder of `voxgray bed`, on the run's grid.
fn bed(run: &WholeRun, folder: &Path) -> Result<Volume<f32>> {
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

/// What the folder holds of what is asked for.
fn contents(run: &WholeRun, job: &DicomJob, observer: &dyn Observer) -> Result<Vec<Content>> {
    let wanted = |kind: ObjectKind| job.only.is_empty() || job.only.contains(&kind);
    let doses: Vec<Content> = DOSES
        .iter()
        .filter(|d| run.has(d.0))
        .map(|(stem, title)| Content::Dose { stem, title })
        .collect();
    let mut all = Vec::new();
    if wanted(ObjectKind::Dose) {
        if doses.is_empty() {
            let problem = format!("{} has no dose", run.folder.display());
            let why = "its unit is Gy/s, and an RT Dose knows Gy only: a dose rate is written as a Parametric Map";
            if job.only.contains(&ObjectKind::Dose) || job.bed.is_some() || job.plan {
                let suggestion = "Integrate it over time (voxgray dose of a series, or with physical decay), or write maps only.";
                return Err(Error::input(problem, why, suggestion));
            }
            observer.say(&format!("{problem} ({why})"));
        } else {
            all.extend(job.plan.then_some(Content::Plan));
            all.extend(doses);
        }
        if let Some(folder) = &job.bed {
            check_bed(folder, &run.folder, observer)?;
            all.push(Content::Bed(folder.clone()));
        }
    }
    if wanted(ObjectKind::Map) {
        all.extend(maps(run));
    }
    if wanted(ObjectKind::Report) && !measured::vois(run, None)?.is_empty() {
        all.push(Content::Report);
    }
    if all.is_empty() {
        return Err(Error::input(
            format!("{} holds nothing of what is asked for", run.folder.display()),
            "there is nothing to write",
            "Name a folder that voxgray dose finished.",
        ));
    }
    Ok(all)
}

/// The maps of a folder: of the whole, and the dose rates of its time points.
fn maps(run: &WholeRun) -> Vec<Content> {
    let map = |&(stem, title, quantity): &(&str, &str, MapQuantity)| Content::Map {
        stem: stem.into(),
        title: title.into(),
        quantity,
    };
    let mut all: Vec<Content> = MAPS.iter().filter(|m| run.has(m.0)).map(map).collect();
    for n in (1..).take_while(|n| run.has(&format!("dose_rate_{n}"))) {
        let stem = format!("dose_rate_{n}");
        let error = format!("{stem}_standard_error");
        let title = format!("Dose rate, time point {n}");
        let error_title = format!("Standard error of dose rate, time point {n}");
        all.push(Content::Map { stem, title, quantity: MapQuantity::DoseRate });
        if run.has(&error) {
            let quantity = MapQuantity::DoseRateStandardError;
            all.push(Content::Map { stem: error, title: error_title, quantity });
        }
    }
    all
}

fn bed_json(folder: &Path) -> Result<serde_json::Value> {
    let file = folder.join("bed.json");
    serde_json::from_str(&files::text(&file)?).map_err(|e| {
        Error::input(
            file.display().to_string(),
            e.to_string(),
            "Name a folder that voxgray bed wrote with -o.",
        )
    })
}

/// Over how many cycles a BED is.
fn cycles(folder: &Path) -> Result<u64> {
    Ok(bed_json(folder)?["cycles"].as_u64().unwrap_or(1))
}

fn check_bed(folder: &Path, dose: &Path, observer: &dyn Observer) -> Result<()> {
    let refuse = |why: String| {
        let problem = format!("{} is no folder of voxgray bed", folder.display());
        Err(Error::new(
            ErrorKind::Input,
            problem,
            why,
            "Name a folder that voxgray bed wrote with -o.",
        ))
    };
    if !folder.join("bed.json").is_file() || !folder.join("bed.nii.gz").is_file() {
        return refuse("it lacks bed.json or bed.nii.gz".into());
    }
    let told = bed_json(folder)?;
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

/// This program, as objects name it.
pub(super) fn equipment() -> Equipment {
    let program = Program::this();
    let revision = program.revision.as_deref().map_or(String::new(), |r| format!(" {r}"));
    Equipment {
        name: env!("CARGO_PKG_NAME").into(),
        version: format!("{}{revision}", program.version),
        build: program.source_sha256.chars().take(16).collect(),
    }
}

/// Says what was read of a reference, and whose objects will be.
pub(super) fn tell(reference: &Reference, observer: &dyn Observer) {
    for note in &reference.notes {
        match note.strip_prefix("WARNING: ") {
            Some(text) => observer.warn(text),
            None => observer.say(&format!("reference: {note}")),
        }
    }
    observer.say(&format!(
        "objects of patient '{}', study {}, frame of reference {} (of {} series {})",
        reference.patient_id().unwrap_or(""),
        reference.study_uid,
        reference.frame_of_reference,
        reference.modality,
        reference.series_uid
    ));
}
