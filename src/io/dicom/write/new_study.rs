//! Images that are made here, of a patient who does not exist: who, which study and where, in place of a reference that was read. UIDs follow from
//! the patient, the study and the frame of reference by name, so the same images get the same.

use dicom_dictionary_std::tags;

use super::reference::{Reference, ReferenceImage};
use super::uid::UidRoot;
use crate::error::Result;
use crate::image::Grid;

/// Who and when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewStudy<'a> {
    /// PatientName.
    pub patient_name: &'a str,
    /// PatientID.
    pub patient_id: &'a str,
    /// StudyDescription.
    pub description: &'a str,
    /// What tells this study from others of the patient.
    pub study: &'a str,
    /// What tells its frame of reference from others.
    pub frame: &'a str,
    /// Date and time (DA, TM) at which it begins.
    pub begins: (String, String),
}

impl NewStudy<'_> {
    /// What objects of the study refer to; of no image yet.
    pub fn reference(&self, root: &UidRoot, modality: &str, grid: Result<Grid>) -> Reference {
        let uid = |what: &str| root.uid(self.patient_id.as_bytes(), what);
        let study_uid = uid(&format!("study {}", self.study));
        let frame_of_reference = uid(&format!("frame {}", self.frame));
        let (date, time) = &self.begins;
        let copied = [
            (tags::PATIENT_NAME, self.patient_name),
            (tags::PATIENT_ID, self.patient_id),
            (tags::PATIENT_BIRTH_DATE, ""),
            (tags::PATIENT_SEX, "O"),
            (tags::STUDY_INSTANCE_UID, &study_uid),
            (tags::STUDY_DATE, date),
            (tags::STUDY_TIME, time),
            (tags::STUDY_ID, self.study),
            (tags::STUDY_DESCRIPTION, self.description),
            (tags::ACCESSION_NUMBER, ""),
            (tags::REFERRING_PHYSICIAN_NAME, ""),
            (tags::FRAME_OF_REFERENCE_UID, &frame_of_reference),
            (tags::POSITION_REFERENCE_INDICATOR, ""),
        ];
        Reference {
            modality: modality.into(),
            series_uid: uid(&format!("series {} {modality}", self.study)),
            files: Vec::new(),
            grid,
            notes: Vec::new(),
            copied: copied.map(|(tag, text)| (tag, text.to_owned())).into(),
            when: Some(self.begins.clone()),
            images: Vec::new(),
            study_uid,
            frame_of_reference,
        }
    }
}

impl Reference {
    /// Adds an image that was made: what is drawn on the reference names it.
    pub fn add(&mut self, image: &super::object::NewObject, position_mm: [f64; 3]) {
        self.images.push(ReferenceImage {
            class_uid: image.class_uid.into(),
            instance_uid: image.instance_uid.clone(),
            position_mm: Some(position_mm),
        });
    }
}
