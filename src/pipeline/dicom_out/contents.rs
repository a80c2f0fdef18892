//! What of a run becomes which object.

use std::path::PathBuf;

use super::super::Observer;
use super::whole_run::WholeRun;
use super::{DicomJob, ObjectKind, bed, measured};
use crate::error::{Error, Result};
use crate::io::dicom::write::MapQuantity;

/// Doses of a folder, with what they are called.
pub(super) const DOSES: [(&str, &str); 2] =
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

/// What an object is made of.
pub(super) enum Content {
    Plan,
    Dose { stem: &'static str, title: &'static str },
    Bed(PathBuf),
    Map { stem: String, title: String, quantity: MapQuantity },
    Report,
}

impl Content {
    /// Name of its file.
    pub fn file(&self) -> String {
        match self {
            Content::Plan => "RTPLAN.dcm".into(),
            Content::Dose { stem, .. } => format!("RTDOSE_{stem}.dcm"),
            Content::Bed(_) => "RTDOSE_bed.dcm".into(),
            Content::Map { stem, .. } => format!("PM_{stem}.dcm"),
            Content::Report => "SR_vois.dcm".into(),
        }
    }
}

/// What the folder holds of what is asked for.
///
/// # Errors
/// If a dose is asked for and there is none, the folder of a BED is none, or nothing is left to write.
pub(super) fn contents(
    run: &WholeRun,
    job: &DicomJob,
    observer: &dyn Observer,
) -> Result<Vec<Content>> {
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
            bed::check(folder, &run.folder, observer)?;
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
