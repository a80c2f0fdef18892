//! The image whose patient, study and frame of reference new objects take over. Copied are the attributes of the Patient, General Study and Frame of
//! Reference modules that every object must have (types 1 and 2), the study's description and the issuer of the patient's ID; nothing else.

use std::path::PathBuf;

use dicom_core::Tag;
use dicom_dictionary_std::tags;

use super::super::attributes::*;
use super::super::geometry::{Placement, stack};
use super::super::series::{self, Header, check_unity};
use super::super::{CountFactor, ReadOptions, frames, read_activity};
use super::fields::Fields;
use super::object::instance;
use crate::error::{Error, Result};
use crate::image::Grid;

/// Attributes that are copied as they are, whether empty or not.
const COPIED: [Attribute; 12] = [
    PATIENT_NAME,
    PATIENT_ID,
    PATIENT_BIRTH_DATE,
    PATIENT_SEX,
    STUDY_INSTANCE_UID,
    STUDY_DATE,
    STUDY_TIME,
    STUDY_ID,
    ACCESSION_NUMBER,
    REFERRING_PHYSICIAN_NAME,
    FRAME_OF_REFERENCE_UID,
    POSITION_REFERENCE_INDICATOR,
];
/// Attributes that are copied where they have a value.
const COPIED_IF_THERE: [Attribute; 5] = [
    ISSUER_OF_PATIENT_ID,
    STUDY_DESCRIPTION,
    PATIENT_IDENTITY_REMOVED,
    DEIDENTIFICATION_METHOD,
    TIMEZONE_OFFSET_FROM_UTC,
];

/// A series that new objects refer to.
#[derive(Debug, Clone)]
pub struct Reference {
    /// Its modality.
    pub modality: String,
    /// SeriesInstanceUID.
    pub series_uid: String,
    /// StudyInstanceUID.
    pub study_uid: String,
    /// FrameOfReferenceUID.
    pub frame_of_reference: String,
    /// The files, in the order in which a run reads them.
    pub files: Vec<PathBuf>,
    /// The grid of its voxels, or why it has none.
    pub grid: Result<Grid>,
    /// What a user should know, one sentence each.
    pub notes: Vec<String>,
    pub(super) copied: Vec<(Tag, String)>,
    /// Date and time (DA, TM) of its acquisition, series or study.
    pub(super) when: Option<(String, String)>,
    pub(super) images: Vec<ReferenceImage>,
}

/// An object of the series.
#[derive(Debug, Clone)]
pub(super) struct ReferenceImage {
    pub class_uid: String,
    pub instance_uid: String,
    /// Position of a single slice, mm.
    pub position_mm: Option<[f64; 3]>,
}

/// Reads a series of CT, PT or NM images: the one named by `wanted`; else the first of `recorded` (SeriesInstanceUIDs) that is there; else the only
/// one.
///
/// # Errors
/// If there is none or no one can be chosen, or it does not say who, which study and which frame of reference.
pub fn read_reference(
    paths: &[PathBuf],
    wanted: Option<&str>,
    recorded: &[String],
) -> Result<Reference> {
    let found = series::find(paths)?;
    let mut notes = found.skipped();
    let summaries = found.summaries();
    let mut all = found.into_series();
    let uids: Vec<String> = all.keys().map(|k| k.0.clone()).collect();
    let of_run = || recorded.iter().find(|r| uids.contains(r)).cloned();
    let chosen = wanted.map(str::to_owned).or_else(of_run);
    let list = || summaries.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ");
    let chosen = match (chosen, uids.as_slice()) {
        (Some(uid), _) if uids.contains(&uid) => uid,
        (Some(uid), _) => {
            return Err(Error::input(
                format!("there is no series {uid}"),
                format!("found: {}", list()),
                "Name one of these with --reference-series.",
            ));
        }
        (None, [one]) => one.clone(),
        (None, []) => {
            return Err(Error::input(
                "there is no CT, PT or NM image among the reference",
                match notes.as_slice() {
                    [] => "no DICOM image was found".to_owned(),
                    some => some.join("; "),
                },
                "Name the folder of the series that the run read.",
            ));
        }
        (None, _) => {
            return Err(Error::input(
                format!("there are {} series, and none is one that the run read", uids.len()),
                list(),
                "Choose one with --reference-series.",
            ));
        }
    };
    let key = all.keys().find(|k| k.0 == chosen).cloned().unwrap_or_default();
    let headers = all.remove(&key).unwrap_or_default();
    check_unity(&headers)?;
    let (uid, modality) = key;
    let first = headers.first().ok_or_else(super::super::no_files)?;
    let root = first.root();
    let need =
        |attribute, why: &str| root.text(attribute).ok_or_else(|| root.missing(attribute, why));
    let study_uid = need(STUDY_INSTANCE_UID, "new objects belong to the reference's study")?;
    let frame_of_reference =
        need(FRAME_OF_REFERENCE_UID, "without it the positions of new objects mean nothing")?;
    for header in &headers {
        let study = header.root().text(STUDY_INSTANCE_UID);
        if study.as_ref() != Some(&study_uid) {
            return Err(header.root().bad(
                STUDY_INSTANCE_UID,
                study.as_deref().unwrap_or(""),
                &format!("it is {study_uid} in {}: one series, two studies", first.path.display()),
                "Give the files of one study.",
            ));
        }
    }
    if root.text(PATIENT_ID).is_none() {
        notes.push(
            "WARNING: the reference has no PatientID (0010,0020): the new objects have none either"
                .into(),
        );
    }
    Ok(Reference {
        series_uid: uid,
        study_uid,
        frame_of_reference,
        files: headers.iter().map(|h| h.path.clone()).collect(),
        grid: grid(&headers, &modality, &chosen),
        copied: copied(root),
        when: when(root),
        images: images(&headers)?,
        modality,
        notes,
    })
}

fn grid(headers: &[Header], modality: &str, series: &str) -> Result<Grid> {
    if modality == "NM" {
        // Its place stands in many attributes, which the reader of NM knows; what its values mean does not matter here.
        let paths: Vec<PathBuf> = headers.iter().map(|h| h.path.clone()).collect();
        let as_stated = ReadOptions { series: Some(series.into()), ..ReadOptions::default() };
        let counts =
            ReadOptions { count_factor: Some(CountFactor::BqPerMl(1.0)), ..as_stated.clone() };
        let read = read_activity(&paths, &as_stated).or_else(|_| read_activity(&paths, &counts));
        return Ok(read?.volume.grid);
    }
    let frames = frames::read_frames(headers)?;
    let placements: Vec<Placement> = frames.iter().map(|f| f.placement.clone()).collect();
    Ok(stack(&placements)?.grid)
}

fn copied(root: Item<'_>) -> Vec<(Tag, String)> {
    let always = COPIED.iter().map(|a| (a.0, root.text(*a).unwrap_or_default()));
    let mut all: Vec<(Tag, String)> = always.collect();
    all.extend(COPIED_IF_THERE.iter().filter_map(|a| Some((a.0, root.text(*a)?))));
    // Required where the identity is removed (type 1C); codes alone are told by their meanings.
    let removed = root.text(PATIENT_IDENTITY_REMOVED).as_deref() == Some("YES");
    if removed && root.text(DEIDENTIFICATION_METHOD).is_none() {
        let codes = root.items(DEIDENTIFICATION_METHOD_CODE_SEQUENCE);
        let meanings: Vec<String> = codes.iter().filter_map(|c| c.text(CODE_MEANING)).collect();
        let text = if meanings.is_empty() { "not stated".into() } else { meanings.join(", ") };
        all.push((DEIDENTIFICATION_METHOD.0, text));
    }
    all
}

fn when(root: Item<'_>) -> Option<(String, String)> {
    let pairs = [
        (ACQUISITION_DATE, ACQUISITION_TIME),
        (SERIES_DATE, SERIES_TIME),
        (STUDY_DATE, STUDY_TIME),
    ];
    pairs.iter().find_map(|(date, time)| {
        let date = root.text(*date).filter(|d| crate::time::dicom_date(d).is_some())?;
        let time = root.text(*time).filter(|t| crate::time::dicom_time(t).is_some());
        // Old forms with points and colons are not written.
        let plain = |t: String, c: char| t.replace(c, "");
        Some((plain(date, '.'), time.map_or_else(|| "000000".into(), |t| plain(t, ':'))))
    })
}

fn images(headers: &[Header]) -> Result<Vec<ReferenceImage>> {
    let image = |header: &Header| {
        let root = header.root();
        let need = |a| root.text(a).ok_or_else(|| root.missing(a, "new objects refer to it"));
        let single = root.count(NUMBER_OF_FRAMES)?.unwrap_or(1) == 1;
        Ok(ReferenceImage {
            class_uid: need(SOP_CLASS_UID)?,
            instance_uid: need(SOP_INSTANCE_UID)?,
            position_mm: if single { root.vector(IMAGE_POSITION_PATIENT)? } else { None },
        })
    };
    headers.iter().map(image).collect()
}

impl Reference {
    /// The series with all of its images, as references have it.
    pub(super) fn referenced_series(&self) -> Fields {
        let mut series = Fields::new();
        series.text(tags::SERIES_INSTANCE_UID, &self.series_uid);
        let item = |i: &ReferenceImage| instance(&i.class_uid, &i.instance_uid);
        series.items(tags::REFERENCED_INSTANCE_SEQUENCE, self.images.iter().map(item).collect());
        series
    }

    /// PatientID.
    pub fn patient_id(&self) -> Option<&str> {
        let id = self.copied.iter().find(|c| c.0 == PATIENT_ID.0).map(|c| c.1.as_str());
        id.filter(|id| !id.is_empty())
    }

    /// Directions of rows, columns and slices, where it has a grid; those of the patient otherwise.
    pub fn directions(&self) -> [[f64; 3]; 3] {
        let patient = [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]];
        self.grid.as_ref().map_or(patient, Grid::directions)
    }
}
