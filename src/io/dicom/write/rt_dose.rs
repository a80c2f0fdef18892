//! RT Dose (PS3.3 A.18, C.8.8.3): a dose grid as whole numbers times DoseGridScaling. A dose rate is none: DoseUnits knows Gy and relative values only.
//!
//! Rounding: every value is within half a step, the largest dose over 131,070 (16 bits) or 4.3e9 (32 bits). With 32 bits the largest is 2^31 - 1,
//! for readers that take the numbers as signed.

use dicom_core::VR;
use dicom_dictionary_std::{tags, uids};

use super::decimal::decimal;
use super::fields::Fields;
use super::object::{Author, Kind, NewObject, instance};
use super::planes::Planes;
use crate::error::{Error, Result};
use crate::image::Volume;

/// What kind of dose it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DoseType {
    /// Absorbed dose.
    Physical,
    /// Weighted for its biological effect, such as BED (CP-2379).
    Effective,
}

/// What the dose is the sum of.
#[derive(Debug, Clone, Copy)]
pub enum Summation<'a> {
    /// No plan: an overview of one stands in the object itself.
    PlanOverview,
    /// The plan that is referred to.
    Plan(&'a NewObject),
}

/// Bits of a stored value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DoseBits {
    /// 16: what every reader knows.
    Sixteen,
    /// 32.
    ThirtyTwo,
}

/// A dose to be written.
#[derive(Debug, Clone, Copy)]
pub struct DoseContent<'a> {
    /// Gy, on a right-handed grid; no value is negative or NaN.
    pub dose: &'a Volume<f32>,
    /// Physical or effective.
    pub dose_type: DoseType,
    /// 16 or 32.
    pub bits: DoseBits,
    /// SeriesDescription, and RTPlanLabel of an overview.
    pub description: &'a str,
    /// DoseComment.
    pub comment: &'a str,
    /// SeriesNumber.
    pub series_number: usize,
}

/// The RT Dose of a dose map.
///
/// # Errors
/// If a value is negative or no number, or the grid is sheared or too large.
pub fn rt_dose(author: &Author, content: &DoseContent, summation: Summation) -> Result<NewObject> {
    let planes = Planes::new(content.dose.checked()?)?;
    if let Some(bad) = content.dose.data.iter().find(|d| !d.is_finite() || **d < 0.0) {
        return Err(Error::input(
            format!("a dose of {bad} Gy"),
            "an RT Dose holds numbers that are not negative",
            "Check the map.",
        ));
    }
    let kind = Kind {
        class_uid: uids::RT_DOSE_STORAGE,
        modality: "RTDOSE",
        series_number: content.series_number,
        description: content.description,
    };
    let mut f = author.begin(&kind);
    if author.stated_time.is_some() {
        author.dated(&mut f, tags::CONTENT_DATE, tags::CONTENT_TIME);
    }
    planes.put_size(&mut f);
    planes.put_position(&mut f, 0);
    planes.put_orientation(&mut f);
    planes.put_spacing(&mut f);
    f.count(tags::NUMBER_OF_FRAMES, planes.frames);
    f.pointer(tags::FRAME_INCREMENT_POINTER, tags::GRID_FRAME_OFFSET_VECTOR);
    // Relative to ImagePositionPatient, along the normal (C.8.8.3.2, first value 0).
    let offsets: Vec<f64> = (0..planes.frames).map(|k| k as f64 * planes.spacing_mm[2]).collect();
    let characters: usize = offsets.iter().map(|o| decimal(*o).len() + 1).sum();
    if characters > usize::from(u16::MAX) {
        return Err(Error::input(
            format!("{} frames", planes.frames),
            "GridFrameOffsetVector (3004,000C) has room for 64 KiB of text",
            "Write the dose on a coarser grid.",
        ));
    }
    f.decimals(tags::GRID_FRAME_OFFSET_VECTOR, &offsets);
    f.text(tags::DOSE_UNITS, "GY");
    f.text(
        tags::DOSE_TYPE,
        match content.dose_type {
            DoseType::Physical => "PHYSICAL",
            DoseType::Effective => "EFFECTIVE",
        },
    );
    f.text(tags::DOSE_COMMENT, content.comment);
    f.text(tags::TISSUE_HETEROGENEITY_CORRECTION, "IMAGE");
    match summation {
        Summation::PlanOverview => {
            f.text(tags::DOSE_SUMMATION_TYPE, "PLAN_OVERVIEW");
            f.items(tags::PLAN_OVERVIEW_SEQUENCE, vec![overview(content.description)]);
        }
        Summation::Plan(plan) => {
            f.text(tags::DOSE_SUMMATION_TYPE, "PLAN");
            let plan = instance(plan.class_uid, &plan.instance_uid);
            f.items(tags::REFERENCED_RT_PLAN_SEQUENCE, vec![plan]);
        }
    }
    pixels(&mut f, content);
    author.finish(f, &kind, |_, _| {})
}

fn overview(label: &str) -> Fields {
    let mut item = Fields::new();
    item.count(tags::PLAN_OVERVIEW_INDEX, 1);
    item.text(tags::RT_PLAN_LABEL, label);
    item.text(tags::TREATMENT_SITE, "");
    item.items(tags::TREATMENT_SITE_CODE_SEQUENCE, Vec::new());
    item.items(tags::PRESCRIPTION_OVERVIEW_SEQUENCE, Vec::new());
    item
}

fn pixels(f: &mut Fields, content: &DoseContent) {
    let (bits, most) = match content.bits {
        DoseBits::Sixteen => (16, f64::from(u16::MAX)),
        DoseBits::ThirtyTwo => (32, f64::from(i32::MAX)),
    };
    let largest = content.dose.data.iter().copied().fold(0.0_f32, f32::max);
    let scaling = scaling(f64::from(largest), most);
    f.monochrome(bits);
    f.decimals(tags::DOSE_GRID_SCALING, &[scaling]);
    let stored = content.dose.data.iter().map(|d| (f64::from(*d) / scaling).round().min(most));
    let bytes: Vec<u8> = match content.bits {
        DoseBits::Sixteen => stored.flat_map(|s| (s as u16).to_le_bytes()).collect(),
        DoseBits::ThirtyTwo => stored.flat_map(|s| (s as u32).to_le_bytes()).collect(),
    };
    f.bytes(tags::PIXEL_DATA, VR::OW, bytes);
}

/// Gy per stored unit, as its decimal string says it; 1 where there is no dose.
fn scaling(largest: f64, most: f64) -> f64 {
    let exact = if largest > 0.0 { largest / most } else { 1.0 };
    decimal(exact).parse().ok().filter(|s| *s > 0.0).unwrap_or(exact)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_largest_dose_fits() {
        for most in [65535.0, f64::from(i32::MAX)] {
            for largest in [1e-30_f32, 3.3e-7, 1.0 / 3.0, 77.7, 2.9e9] {
                let largest = f64::from(largest);
                let step = scaling(largest, most);
                let stored = (largest / step).round().min(most);
                assert!((stored * step - largest).abs() <= 0.5 * step * (1.0 + 1e-9), "{largest}");
            }
            assert_eq!(scaling(0.0, most), 1.0);
        }
    }
}
