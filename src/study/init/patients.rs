//! What tells that a folder holds more than one patient, beside PatientIDs that differ: names, which are compared and never shown, and objects of VOIs or
//! registrations under another PatientID than the images that they lie on.

use crate::io::dicom::{Surveyed, plain_name};

/// Most files that are named.
const NAMED: usize = 3;

fn file(of: &Surveyed) -> String {
    let first = of.files.first().and_then(|f| f.file_name());
    first.unwrap_or_default().to_string_lossy().into_owned()
}

/// Files by name, and how many more.
fn named(all: &[&Surveyed]) -> String {
    let mut text = all.iter().take(NAMED).map(|s| file(s)).collect::<Vec<_>>().join(", ");
    if all.len() > NAMED {
        text += &format!(" and {} more", all.len() - NAMED);
    }
    text
}

/// Tells of series and objects under one PatientID, or none, that have another name than an image.
pub(super) fn other_names(image: &Surveyed, all: &[Surveyed]) -> Option<String> {
    let name = |s: &Surveyed| s.facts.patient_name.as_deref().map(plain_name).unwrap_or_default();
    let own = name(image);
    let others: Vec<&Surveyed> =
        all.iter().filter(|s| !name(s).is_empty() && !own.is_empty() && name(s) != own).collect();
    (!others.is_empty()).then(|| {
        format!(
            "PatientName (0010,0010) of {} is another than that of {}, under one PatientID ('{}'): are all of one patient?",
            named(&others),
            file(image),
            image.patient_id
        )
    })
}

/// Tells of a patient without a study, and of what lies on images of another; `others` are all that is not his.
pub(super) fn left_out<'a>(
    id: &str,
    all: &[Surveyed],
    others: impl Iterator<Item = &'a Surveyed>,
) -> String {
    let said = format!("PatientID '{id}': no activity image, so no study");
    let is_object = |s: &&Surveyed| ["RTSTRUCT", "SEG", "REG"].contains(&&*s.facts.modality);
    let objects: Vec<&Surveyed> = all.iter().filter(is_object).collect();
    if objects.is_empty() {
        return said;
    }
    let lies_on = |other: &Surveyed| {
        let frame = other.facts.frame_of_reference_uid.as_ref();
        frame.is_some_and(|f| objects.iter().any(|o| o.frames.contains(f)))
    };
    let on = others.filter(|s| lies_on(s)).map(|s| s.patient_id.as_str()).next();
    let on = on.map_or(String::new(), |other| {
        format!(", though in the frame of reference of PatientID '{other}'")
    });
    format!("{said}; not used: {}{on}", named(&objects))
}
