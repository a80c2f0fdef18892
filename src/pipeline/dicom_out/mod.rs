//! A finished run as DICOM objects for a PACS: doses as RT Dose; dose rates, standard errors and time-integrated activities as Parametric Maps; VOIs
//! as a measurement report. What is not a whole result, or not of the reference's patient, is refused.

mod bed;
mod contents;
mod identity;
mod measured;
mod place;
mod whole_run;

use std::path::{Path, PathBuf};

use super::Observer;
use crate::error::{Error, ErrorKind, Result};
use crate::files;
use crate::image::Volume;
use crate::io::dicom::write::{
    Author, DoseBits, DoseContent, DoseType, Equipment, MapContent, MapQuantity, Reference,
    Summation, UidRoot, measurement_report, parametric_map, read_reference, rt_dose, rt_plan,
};
use crate::io::folder::MarkedFolder;
use crate::program::Program;
use crate::units::CM3_PER_MM3;

use contents::{Content, contents};
pub use identity::Accepted;
pub use place::ObjectGrid;
use place::{check_overlap, place};
use whole_run::WholeRun;

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

/// SeriesNumber of the first object; those of images are lower.
const FIRST_SERIES: usize = 9001;

/// Writes the objects.
///
/// # Errors
/// If the run is not whole, the reference cannot be read or is of another patient, a map cannot be said in DICOM, or writing fails.
pub fn write_dicom(job: &DicomJob, observer: &dyn Observer) -> Result<Vec<WrittenObject>> {
    apart(job)?;
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
    if contents.iter().any(|c| matches!(c, Content::Map { .. } | Content::Report)) {
        // Before anything is written.
        author.content_time()?;
    }
    let names: Vec<String> = contents.iter().map(Content::file).collect();
    let folder = MarkedFolder::open(&job.out, job.overwrite, &names)?;
    let written = write_all(job, &run, &author, contents, observer)?;
    folder.finish()?;
    Ok(written)
}

/// Refuses to write to a folder that is read: with --overwrite its maps would be an older output.
fn apart(job: &DicomJob) -> Result<()> {
    let whole = |p: &Path| std::fs::canonicalize(p).ok();
    let out = whole(&job.out);
    let read = [Some(&job.dose), job.bed.as_ref(), Some(&job.reference)];
    match read.into_iter().flatten().find(|p| out.is_some() && whole(p) == out) {
        None => Ok(()),
        Some(same) => Err(Error::new(
            ErrorKind::Io,
            format!("cannot write to {}", job.out.display()),
            format!("{} is read from", same.display()),
            "Name another folder with -o.",
        )),
    }
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
                if let (Content::Dose { stem: "dose", .. }, Some((air, limit))) =
                    (&content, run.air_above_all())
                {
                    observer.warn(&format!(
                        "the RT Dose's largest value, {air:.4} Gy, lies in air (below {limit} g/cm3) and is no dose of tissue: another system will show it"
                    ));
                }
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
            let mut map = bed::map(run, folder)?;
            map.data.iter_mut().filter(|v| v.is_nan()).for_each(|v| *v = 0.0);
            let cycles = bed::cycles(folder)?;
            let comment = format!("BED of {cycles} cycle(s); 0 outside of its VOIs{moved}");
            Ok((map, DoseType::Effective, format!("BED {}", run.source()), comment))
        }
        Content::Dose { stem, title } => {
            // 64 characters at most.
            let comment = match run.air_above_all() {
                Some((dose, limit)) if *stem == "dose" => {
                    format!("max {dose:.1} Gy is in air (<{limit} g/cm3){moved}")
                }
                _ => format!("Monte Carlo, {} histories{moved}", run.histories()),
            };
            let description = format!("{title} {}", run.source());
            Ok((run.map(stem)?, DoseType::Physical, description, comment))
        }
        _ => Err(Error::run("not a dose", "an RT Dose holds doses", "Report this as a bug.")),
    }
}

/// This program, as objects name it.
pub fn equipment() -> Equipment {
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
        "objects of PatientID '{}', study {}, frame of reference {} (of {} series {})",
        reference.patient_id().unwrap_or(""),
        reference.study_uid,
        reference.frame_of_reference,
        reference.modality,
        reference.series_uid
    ));
}
