//! Whether all that a run reads is of one patient. Images of two are a contradiction; VOIs and transforms of another are told, as is another name, since
//! programs that remove names do it file by file. No name is ever shown: what is told here is written too.

use super::checks::Checks;
use super::identity::{Image, stating};
use super::placing::TRANSFORM;
use crate::io::dicom::plain_name;
use crate::job::Check;

/// Compares PatientID and PatientName.
pub(super) fn check(images: &[Image], checks: &Checks) {
    ids(images, checks);
    names(images, checks);
}

/// VOIs and transforms: drawn or made on images, perhaps by another program.
fn is_object(image: &Image) -> bool {
    ["voi", TRANSFORM].contains(&image.record.role)
}

fn ids(images: &[Image], checks: &Checks) {
    let stating = stating(images, |f| f.patient_id.as_ref());
    let first = stating.iter().find(|(i, _)| !is_object(i)).or(stating.first());
    let Some((first, id)) = first else { return };
    for (other, theirs) in stating.iter().filter(|(_, t)| !t.eq_ignore_ascii_case(id)) {
        let problem = format!(
            "PatientID (0010,0020) of {} is '{id}', that of {} '{theirs}'",
            first.name, other.name
        );
        if is_object(other) {
            checks.warn(Check::Patient, format!("{problem}: are both of one patient?"));
            continue;
        }
        checks.refuse(
            Check::Patient,
            problem,
            "a dose is that of one patient",
            "Give images of one patient.",
        );
    }
}

/// Names under one PatientID, or none: where IDs differ, that is told.
fn names(images: &[Image], checks: &Checks) {
    let stating = stating(images, |f| f.patient_name.as_ref());
    let first = stating.iter().find(|(i, _)| !is_object(i)).or(stating.first());
    let Some((first, name)) = first else { return };
    let id = |i: &Image| i.facts.and_then(|f| f.patient_id.clone()).unwrap_or_default();
    let other_id = |i: &Image| {
        let (a, b) = (id(first), id(i));
        let (a, b) = (a.trim(), b.trim());
        !a.is_empty() && !b.is_empty() && !a.eq_ignore_ascii_case(b)
    };
    let others: Vec<&str> = stating
        .iter()
        .filter(|(i, theirs)| plain_name(theirs) != plain_name(name) && !other_id(i))
        .map(|(i, _)| i.name.as_str())
        .collect();
    if !others.is_empty() {
        checks.warn(
            Check::Patient,
            format!(
                "PatientName (0010,0010) of {} is another than that of {}, and no PatientID tells them apart: are all of one patient?",
                others.join(", "),
                first.name
            ),
        );
    }
}
