//! CT images (PS3.3 A.3, C.8.2.1): one object for each slice, whole HU. Neglects everything that a scanner states of its tube.

use dicom_core::VR;
use dicom_dictionary_std::{tags, uids};

use super::object::{Author, Kind, NewObject};
use super::planes::Planes;
use crate::error::{Error, Result};
use crate::image::Volume;

/// The HU of a stored 0.
const INTERCEPT: f64 = -1024.0;

/// A CT slice with the position (mm) of its first pixel.
pub type Slice = (NewObject, [f64; 3]);

/// The slices of a CT in HU, from the first.
///
/// # Errors
/// If the grid is sheared or too large, or a HU does not fit 16 bits.
pub fn ct_images(author: &Author, hu: &Volume<f32>, series_number: usize) -> Result<Vec<Slice>> {
    let planes = Planes::new(hu.checked()?)?;
    let stored = |v: &f32| (f64::from(*v) - INTERCEPT).round();
    let fits = |v: &f32| (0.0..=f64::from(u16::MAX)).contains(&stored(v));
    if let Some(v) = hu.data.iter().find(|v| !fits(v)) {
        return Err(Error::input(
            format!("a CT with {v} HU"),
            "16 bits hold -1024 to 64511 HU",
            "Correct the image.",
        ));
    }
    let kind = Kind {
        class_uid: uids::CT_IMAGE_STORAGE,
        modality: "CT",
        series_number,
        description: "CT",
    };
    let (date, time) = author.content_time()?;
    let mut slices = Vec::new();
    for (k, values) in hu.data.chunks(planes.rows * planes.columns).enumerate() {
        let mut f = author.begin(&kind);
        f.texts(tags::IMAGE_TYPE, &["ORIGINAL", "PRIMARY", "AXIAL"]);
        f.text(tags::PATIENT_POSITION, "HFS");
        f.text(tags::LATERALITY, "");
        for (d, t) in [
            (tags::ACQUISITION_DATE, tags::ACQUISITION_TIME),
            (tags::CONTENT_DATE, tags::CONTENT_TIME),
        ] {
            f.text(d, &date);
            f.text(t, &time);
        }
        f.count(tags::INSTANCE_NUMBER, k + 1);
        f.text(tags::ACQUISITION_NUMBER, "1");
        f.text(tags::KVP, "");
        f.monochrome(16);
        planes.put_size(&mut f);
        planes.put_position(&mut f, k);
        planes.put_orientation(&mut f);
        planes.put_spacing(&mut f);
        f.decimals(tags::RESCALE_INTERCEPT, &[INTERCEPT]);
        f.decimals(tags::RESCALE_SLOPE, &[1.0]);
        f.text(tags::RESCALE_TYPE, "HU");
        let bytes = values.iter().flat_map(|v| (stored(v) as u16).to_le_bytes()).collect();
        f.bytes(tags::PIXEL_DATA, VR::OW, bytes);
        let object = author.finish(f, &kind, |f, _| {
            f.text(tags::SERIES_INSTANCE_UID, &author.reference.series_uid);
        })?;
        slices.push((object, planes.position_mm(k)));
    }
    Ok(slices)
}
