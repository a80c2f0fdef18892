//! A minimal RT Plan (PS3.3 A.20, C.8.8.9) for readers of RT Dose that know plans only: a label, no fractions, no prescription. It plans nothing.

use dicom_dictionary_std::{tags, uids};

use super::object::{Author, Kind, NewObject};
use crate::error::Result;

/// The plan that a dose refers to.
///
/// # Errors
/// If it cannot be encoded.
pub fn rt_plan(author: &Author, label: &str, series_number: usize) -> Result<NewObject> {
    let kind = Kind {
        class_uid: uids::RT_PLAN_STORAGE,
        modality: "RTPLAN",
        series_number,
        description: label,
    };
    let mut f = author.begin(&kind);
    f.text(tags::RT_PLAN_LABEL, "NO PLAN");
    f.text(tags::RT_PLAN_NAME, label);
    f.text(
        tags::RT_PLAN_DESCRIPTION,
        "Stands in for a plan: the dose that refers to it was calculated from images and was not planned with it.",
    );
    author.dated(&mut f, tags::RT_PLAN_DATE, tags::RT_PLAN_TIME);
    f.text(tags::RT_PLAN_GEOMETRY, "TREATMENT_DEVICE");
    f.text(tags::PLAN_INTENT, "RESEARCH");
    f.text(tags::APPROVAL_STATUS, "UNAPPROVED");
    author.finish(f, &kind, |_, _| {})
}
