//! Spatial Registration objects (PS3.3 A.39, C.20.2): matrices that bring coordinates of several frames of reference into one, the object's own. Neglects
//! fiducials and the images that are named: frames of reference alone decide.
//!
//! The matrix of an item brings points of the item's FrameOfReferenceUID into the frame of the object (0020,0052), which the standard calls the Registered
//! RCS: p_registered = M p_item (C.20.2.1.1). From the fixed to the moving image it is M_moving^-1 M_fixed.

use std::path::Path;

use super::attributes::*;
use super::object::DicomFile;
use crate::error::{Error, Result};
use crate::image::Affine;

/// A frame of reference and its way into that of the object.
struct Registered {
    frame: Option<String>,
    map: Affine,
}

/// The map from the fixed to the moving image's points, of frames of reference that are known or can be told by exclusion.
///
/// # Errors
/// If the object is none, a matrix is damaged, singular, or called RIGID and is not, or the frames do not say which image is which.
pub fn read_registration(path: &Path, fixed: Option<&str>, moving: Option<&str>) -> Result<Affine> {
    let file = DicomFile::open(path)?;
    let root = file.root();
    if root.text(MODALITY).as_deref() != Some("REG") {
        return Err(root.bad(
            MODALITY,
            &root.text(MODALITY).unwrap_or_default(),
            "a transform stands in an object of modality REG",
            "Give a Spatial Registration object, or an ITK transform (.tfm).",
        ));
    }
    let common = root.text(FRAME_OF_REFERENCE_UID);
    let items = root.items(REGISTRATION_SEQUENCE);
    if items.is_empty() {
        return Err(root.missing(
            REGISTRATION_SEQUENCE,
            "a rigid or affine registration stands there; deformable ones are not read",
        ));
    }
    let registered: Vec<Registered> =
        items.iter().map(|i| registered(i, common.as_deref())).collect::<Result<_>>()?;
    let known = |frame: &str| -> Option<Affine> {
        let of = registered.iter().find(|r| r.frame.as_deref() == Some(frame)).map(|r| r.map);
        of.or_else(|| (common.as_deref() == Some(frame)).then_some(Affine::IDENTITY))
    };
    // With one frame beside the object's own, the other image's is told by exclusion.
    let others: Vec<&Registered> =
        registered.iter().filter(|r| r.frame.as_deref() != common.as_deref()).collect();
    let by_exclusion = || match others.as_slice() {
        [only] => Some((only.map, only.frame.clone())),
        _ => None,
    };
    let unknown = |which: &str, frame: &str| {
        Error::input(
            format!(
                "{}: FrameOfReferenceUID {frame} of the {which} image is in no item of RegistrationSequence (0070,0308)",
                path.display()
            ),
            "the object relates other frames of reference",
            "Give the registration of these two images.",
        )
    };
    let way = |which: &str, frame: &str| known(frame).ok_or_else(|| unknown(which, frame));
    let (of_fixed, of_moving) = match (fixed, moving) {
        (Some(f), Some(m)) if f == m => {
            return Err(Error::input(
                format!("{}: both images lie in the frame of reference {f}", path.display()),
                "a registration relates two frames; within one it says nothing",
                "Give an ITK transform (.tfm), or images of two frames.",
            ));
        }
        (Some(f), Some(m)) => (way("fixed", f)?, way("moving", m)?),
        (Some(f), None) => {
            let of_fixed = way("fixed", f)?;
            let other = if common.as_deref() == Some(f) {
                by_exclusion().map(|o| o.0)
            } else {
                Some(Affine::IDENTITY)
            };
            (of_fixed, other.ok_or_else(|| ambiguous(path))?)
        }
        (None, Some(m)) => {
            let of_moving = way("moving", m)?;
            let other = if common.as_deref() == Some(m) {
                by_exclusion().map(|o| o.0)
            } else {
                Some(Affine::IDENTITY)
            };
            (other.ok_or_else(|| ambiguous(path))?, of_moving)
        }
        // The object's own frame is that of the image which stays.
        (None, None) => (Affine::IDENTITY, by_exclusion().ok_or_else(|| ambiguous(path))?.0),
    };
    Ok(of_fixed.then(&of_moving.inverse()?))
}

fn ambiguous(path: &Path) -> Error {
    Error::input(
        format!(
            "{}: which frame of reference is that of which image cannot be told",
            path.display()
        ),
        "the images state no FrameOfReferenceUID and RegistrationSequence (0070,0308) relates several",
        "Give the images as DICOM, or an ITK transform (.tfm).",
    )
}

fn registered(item: &Item<'_>, common: Option<&str>) -> Result<Registered> {
    let frame = item.text(FRAME_OF_REFERENCE_UID);
    let mut map = Affine::IDENTITY;
    for matrices in item.items(MATRIX_REGISTRATION_SEQUENCE) {
        // Several matrices apply in the order of the items.
        for one in matrices.items(MATRIX_SEQUENCE) {
            map = map.then(&matrix(&one)?);
        }
    }
    if item.items(MATRIX_REGISTRATION_SEQUENCE).is_empty() && frame.as_deref() != common {
        return Err(item.missing(
            MATRIX_REGISTRATION_SEQUENCE,
            "how the frame is brought into that of the object is not said",
        ));
    }
    Ok(Registered { frame, map })
}

fn matrix(item: &Item<'_>) -> Result<Affine> {
    let m: [f64; 16] = item.vector(FRAME_OF_REFERENCE_TRANSFORMATION_MATRIX)?.ok_or_else(|| {
        item.missing(FRAME_OF_REFERENCE_TRANSFORMATION_MATRIX, "it is the transform")
    })?;
    let bad = |why: &str| {
        item.bad(
            FRAME_OF_REFERENCE_TRANSFORMATION_MATRIX,
            &format!("{m:?}"),
            why,
            "Export the registration again.",
        )
    };
    if m[12..] != [0.0, 0.0, 0.0, 1.0] {
        return Err(bad("the last row of an affine matrix is 0 0 0 1"));
    }
    let map = Affine {
        matrix: [0, 1, 2].map(|r| [m[4 * r], m[4 * r + 1], m[4 * r + 2]]),
        offset_mm: [m[3], m[7], m[11]],
    };
    let checked = match item.text(FRAME_OF_REFERENCE_TRANSFORMATION_MATRIX_TYPE).as_deref() {
        Some("RIGID") => map.rigid().map(|_| ()),
        _ => map.checked().map(|_| ()),
    };
    checked.map_err(|e| {
        let kind = item.text(FRAME_OF_REFERENCE_TRANSFORMATION_MATRIX_TYPE).unwrap_or_default();
        Error { problem: format!("{}: {kind} {}", item.path.display(), e.problem), ..e }
    })?;
    Ok(map)
}
