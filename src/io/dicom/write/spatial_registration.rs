//! Spatial Registration (PS3.3 A.39, C.20.2): how the frame of reference of one image is brought into that of another. Neglects what is not affine, and
//! which parts of the images agree.
//!
//! The object lies in the fixed image's frame. An item's matrix brings its frame's points there, p_registered = M p_item (C.20.2.1.1): of the fixed
//! image it is the identity, of the moving one the inverse of a map from the fixed to the moving image.

use dicom_dictionary_std::{tags, uids};

use super::fields::{Code, Fields};
use super::object::{Author, Kind, NewObject, instance};
use super::reference::Reference;
use crate::error::{Error, Result};
use crate::image::Affine;

/// A registration to be written.
#[derive(Debug, Clone, Copy)]
pub struct RegistrationContent<'a> {
    /// From the fixed image, the author's reference, to the moving one.
    pub map: &'a Affine,
    /// The moving image.
    pub moving: &'a Reference,
    /// It was estimated from what the images show; else where it comes from is not said.
    pub estimated: bool,
    /// SeriesNumber.
    pub series_number: usize,
}

/// The Spatial Registration of two images.
///
/// # Errors
/// If both lie in one frame of reference or are of two patients, the map cannot be undone, or nothing says when the content was made.
pub fn spatial_registration(author: &Author, content: &RegistrationContent) -> Result<NewObject> {
    let (fixed, moving) = (author.reference, content.moving);
    if fixed.frame_of_reference == moving.frame_of_reference {
        return Err(Error::input(
            format!("both images lie in the frame of reference {}", fixed.frame_of_reference),
            "a Spatial Registration relates two frames; within one it says nothing that readers would take",
            "Write an ITK transform (.tfm).",
        ));
    }
    if fixed.patient_id() != moving.patient_id() {
        let id = |r: &Reference| r.patient_id().unwrap_or("empty").to_owned();
        return Err(Error::input(
            format!("PatientID (0010,0020) is {} and {}", id(fixed), id(moving)),
            "the object would stand in the record of one and speak of the other",
            "Register images of one patient, or write an ITK transform (.tfm).",
        ));
    }
    let into_fixed = content.map.inverse()?;
    let kind = Kind {
        class_uid: uids::SPATIAL_REGISTRATION_STORAGE,
        modality: "REG",
        series_number: content.series_number,
        description: "Registration",
    };
    let mut f = author.begin(&kind);
    let (date, time) = author.content_time()?;
    f.text(tags::CONTENT_DATE, &date);
    f.text(tags::CONTENT_TIME, &time);
    // Of no paired part of the body that is known (type 2C).
    f.text(tags::LATERALITY, "");
    f.text(tags::CONTENT_LABEL, "REGISTRATION");
    f.text(
        tags::CONTENT_DESCRIPTION,
        &format!("{} series into the frame of a {} series", moving.modality, fixed.modality),
    );
    f.text(tags::CONTENT_CREATOR_NAME, "");
    let kinds = match content.estimated {
        true => vec![
            Code { value: "125024", scheme: "DCM", meaning: "Image Content-based Alignment" }
                .item(),
        ],
        false => Vec::new(),
    };
    let items = [(fixed, &Affine::IDENTITY), (moving, &into_fixed)];
    let items = items.into_iter().map(|(image, map)| registration(image, map, kinds.clone()));
    f.items(tags::REGISTRATION_SEQUENCE, items.collect());
    let mut here = vec![author.referenced_series()];
    let of_moving = moving.referenced_series();
    if fixed.study_uid == moving.study_uid {
        here.push(of_moving);
    } else {
        let mut study = Fields::new();
        study.text(tags::STUDY_INSTANCE_UID, &moving.study_uid);
        study.items(tags::REFERENCED_SERIES_SEQUENCE, vec![of_moving]);
        f.items(tags::STUDIES_CONTAINING_OTHER_REFERENCED_INSTANCES_SEQUENCE, vec![study]);
    }
    f.items(tags::REFERENCED_SERIES_SEQUENCE, here);
    author.finish(f, &kind, |_, _| {})
}

/// An image's frame and its way into the object's.
fn registration(image: &Reference, map: &Affine, kinds: Vec<Fields>) -> Fields {
    let mut matrix = Fields::new();
    let rows = [0, 1, 2].map(|r| {
        let [a, b, c] = map.matrix[r];
        [a, b, c, map.offset_mm[r]]
    });
    let rows = [rows[0], rows[1], rows[2], [0.0, 0.0, 0.0, 1.0]].concat();
    let rigid = if map.rigid().is_ok() { "RIGID" } else { "AFFINE" };
    matrix.text(tags::FRAME_OF_REFERENCE_TRANSFORMATION_MATRIX_TYPE, rigid);
    matrix.decimals(tags::FRAME_OF_REFERENCE_TRANSFORMATION_MATRIX, &rows);
    let mut matrices = Fields::new();
    matrices.items(tags::MATRIX_SEQUENCE, vec![matrix]);
    matrices.items(tags::REGISTRATION_TYPE_CODE_SEQUENCE, kinds);
    let mut item = Fields::new();
    item.text(tags::FRAME_OF_REFERENCE_UID, &image.frame_of_reference);
    let of = |i: &super::reference::ReferenceImage| instance(&i.class_uid, &i.instance_uid);
    item.items(tags::REFERENCED_IMAGE_SEQUENCE, image.images.iter().map(of).collect());
    item.items(tags::MATRIX_REGISTRATION_SEQUENCE, vec![matrices]);
    item
}
