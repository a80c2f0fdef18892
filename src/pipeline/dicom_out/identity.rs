//! Whether a reference is of the patient and the frame of reference that a run's images were of. A FrameOfReferenceUID belongs to one patient, so where
//! it is the same, both are.

use sha2::{Digest, Sha256};

use super::super::Observer;
use super::whole_run::WholeRun;
use crate::error::{Error, Result};
use crate::files::hex;
use crate::io::dicom::write::Reference;
use crate::io::sha256_file;

/// What the user may state against the check.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Accepted {
    /// The reference's frame of reference is another one than the run's, or the run's is not known.
    Frame,
    /// The reference's files are not those that the run read.
    Files,
}

/// Compares them.
///
/// # Errors
/// If they contradict each other and it is not accepted.
pub(super) fn check(
    run: &WholeRun,
    reference: &Reference,
    accepted: &[Accepted],
    observer: &dyn Observer,
) -> Result<()> {
    let images = run.images();
    let same = images.iter().find(|i| i.series_uid.as_ref() == Some(&reference.series_uid));
    let frames: Vec<&String> =
        images.iter().filter_map(|i| i.frame_of_reference.as_ref()).collect();
    let told = |check: Accepted, problem: String, why: &str, suggestion: &str| {
        if accepted.contains(&check) {
            observer.warn(&format!("accepted: {problem}"));
            return Ok(());
        }
        Err(Error::input(problem, why, suggestion))
    };
    if let Some(read) = same
        && let Some(sha256) = &read.sha256
        && read.files == reference.files.len() as u64
        // A PET may have been read in another order, or in part.
        && reference.modality != "PT"
        && *sha256 != hash(reference)?
    {
        told(
            Accepted::Files,
            format!("the files of series {} are not those that the run read", reference.series_uid),
            "their hash is another one than in summary.json: the patient in their headers may be another, too",
            "Name the files that the run read, or state with --accept files that they are of the same patient.",
        )?;
    }
    let stated = "or state with --accept frame that both are of one patient and lie in one space.";
    match frames.as_slice() {
        [] if same.is_some() => {}
        [] if images.iter().all(|i| i.series_uid.is_none()) => observer.warn(
            "the run's images were not DICOM: that they are of this patient and lie in this frame of reference is not checked",
        ),
        [] => told(
            Accepted::Frame,
            format!("the reference is series {}, which the run did not read", reference.series_uid),
            "its summary.json says no frame of reference to compare",
            &format!("Name a series that the run read, {stated}"),
        )?,
        some if !some.contains(&&reference.frame_of_reference) => told(
            Accepted::Frame,
            format!(
                "FrameOfReferenceUID (0020,0052) of the reference is {}",
                reference.frame_of_reference
            ),
            &format!(
                "that of the run's images is {}: another patient, or another place of the same",
                some[0]
            ),
            &format!("Name a series that the run read, {stated}"),
        )?,
        some => {
            if let Some(other) = some.iter().find(|f| **f != some[0]) {
                observer.warn(&format!(
                    "the run's images lie in several frames of reference ({} and {other}); the objects get {}",
                    some[0], reference.frame_of_reference
                ));
            }
        }
    }
    Ok(())
}

/// As a run's record has it: of one file its own hash, of several that of the list of their hashes.
fn hash(reference: &Reference) -> Result<String> {
    let hashes: Vec<String> =
        reference.files.iter().map(|f| sha256_file(f)).collect::<Result<_>>()?;
    Ok(match hashes.as_slice() {
        [one] => one.clone(),
        many => hex(&Sha256::digest(many.join("\n"))),
    })
}
