//! Measurement Reports (PS3.16 TID 1500 in a Comprehensive 3D SR, PS3.3 A.35.13): a group of measurements for each volume of interest. Neglects where
//! its voxels are: a Segmentation or an RT Structure Set of the same names says that.

use dicom_dictionary_std::{tags, uids};

use super::content_item::{Relationship::*, Value, item, put};
use super::fields::{Code, Fields};
use super::object::{Author, Kind, NewObject};
use super::parametric_map::OWN_SCHEME;
use crate::error::Result;

/// What is measured of a volume of interest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Measure {
    /// mL.
    Volume,
    /// g.
    Mass,
    /// Gy.
    MeanDose,
    /// Of the mean dose by the transport alone, Gy.
    MeanDoseStandardError,
    /// Of the mean dose by the whole chain, Gy.
    MeanDoseUncertainty,
    /// Gy/s.
    MeanDoseRate,
    /// Of the mean dose rate by the transport alone, Gy/s.
    MeanDoseRateStandardError,
    /// Bq.
    Activity,
    /// Bq s.
    TimeIntegratedActivity,
    /// Of the mean dose, Gy.
    BiologicallyEffectiveDose,
}

/// The measurements of a volume of interest.
#[derive(Debug, Clone, PartialEq)]
pub struct MeasuredVoi {
    /// Its name.
    pub name: String,
    /// What is known of it, each in the unit of its kind.
    pub values: Vec<(Measure, f64)>,
}

const fn own(value: &'static str, meaning: &'static str) -> Code<'static> {
    Code { value, scheme: OWN_SCHEME, meaning }
}

const fn dcm(value: &'static str, meaning: &'static str) -> Code<'static> {
    Code { value, scheme: "DCM", meaning }
}

const fn ucum(value: &'static str, meaning: &'static str) -> Code<'static> {
    Code { value, scheme: "UCUM", meaning }
}

impl Measure {
    fn codes(self) -> (Code<'static>, Code<'static>) {
        let gray = ucum("Gy", "gray");
        let rate = ucum("Gy/s", "gray per second");
        let sct = |value, meaning| Code { value, scheme: "SCT", meaning };
        match self {
            Measure::Volume => (sct("118565006", "Volume"), ucum("mL", "millilitre")),
            Measure::Mass => (sct("118538004", "Mass"), ucum("g", "gram")),
            Measure::MeanDose => (own("MEAN_DOSE", "Mean absorbed dose"), gray),
            Measure::MeanDoseStandardError => {
                (own("MEAN_DOSE_SE", "Standard error of mean absorbed dose, transport"), gray)
            }
            Measure::MeanDoseUncertainty => {
                (own("MEAN_DOSE_U", "Combined standard uncertainty of mean absorbed dose"), gray)
            }
            Measure::MeanDoseRate => (own("MEAN_DOSE_RATE", "Mean absorbed dose rate"), rate),
            Measure::MeanDoseRateStandardError => {
                (own("MEAN_RATE_SE", "Standard error of mean absorbed dose rate, transport"), rate)
            }
            Measure::Activity => (own("ACTIVITY", "Activity"), ucum("Bq", "becquerel")),
            Measure::TimeIntegratedActivity => {
                (own("TIA", "Time-integrated activity"), ucum("Bq.s", "becquerel second"))
            }
            Measure::BiologicallyEffectiveDose => {
                (own("BED", "Biologically effective dose of the mean dose"), gray)
            }
        }
    }
}

/// The report of volumes of interest.
///
/// # Errors
/// If nothing says when the content was made, or it cannot be encoded.
pub fn measurement_report(
    author: &Author,
    vois: &[MeasuredVoi],
    series_number: usize,
) -> Result<NewObject> {
    let kind = Kind {
        class_uid: uids::COMPREHENSIVE3_DSR_STORAGE,
        modality: "SR",
        series_number,
        description: "Doses of volumes of interest",
    };
    let mut f = author.begin(&kind);
    // A report lies nowhere.
    f.leave_out(tags::FRAME_OF_REFERENCE_UID);
    f.leave_out(tags::POSITION_REFERENCE_INDICATOR);
    f.leave_out(tags::OPERATORS_NAME);
    let (date, time) = author.content_time()?;
    f.text(tags::CONTENT_DATE, &date);
    f.text(tags::CONTENT_TIME, &time);
    f.text(tags::COMPLETION_FLAG, "COMPLETE");
    f.text(tags::VERIFICATION_FLAG, "UNVERIFIED");
    f.text(tags::PRELIMINARY_FLAG, "PRELIMINARY");
    f.items(tags::PERFORMED_PROCEDURE_CODE_SEQUENCE, Vec::new());
    f.items(tags::REFERENCED_PERFORMED_PROCEDURE_STEP_SEQUENCE, Vec::new());
    let content = |f: &mut Fields, uid: &dyn Fn(&str) -> String| {
        let groups = vois.iter().enumerate().map(|(n, voi)| group(voi, &uid(&format!("voi {n}"))));
        let mut items = context(author, &uid("device"));
        items.push(item(
            Contains,
            dcm("126010", "Imaging Measurements"),
            Value::Container("", groups.collect()),
        ));
        put(f, dcm("126000", "Imaging Measurement Report"), Value::Container("1500", items));
    };
    // Its UIDs follow from all else that it says.
    content(&mut f, &|_| "0.0".into());
    author.finish(f, &kind, content)
}

/// Language, who observed, and the procedure (TID 1204, 1001 and 1004, and row 5 of TID 1500).
fn context(author: &Author, device: &str) -> Vec<Fields> {
    let language = Code { value: "en", scheme: "RFC5646", meaning: "English" };
    let procedure =
        Code { value: "373205008", scheme: "SCT", meaning: "Nuclear medicine imaging procedure" };
    let observer = |name, value| item(HasObservationContext, name, value);
    vec![
        item(
            HasConceptModifier,
            dcm("121049", "Language of Content Item and Descendants"),
            Value::Code(language),
        ),
        observer(dcm("121005", "Observer Type"), Value::Code(dcm("121007", "Device"))),
        observer(dcm("121012", "Device Observer UID"), Value::Uid(device)),
        observer(dcm("121013", "Device Observer Name"), Value::Text(&author.equipment.name)),
        observer(
            dcm("121014", "Device Observer Manufacturer"),
            Value::Text(&author.equipment.name),
        ),
        observer(
            dcm("121015", "Device Observer Model Name"),
            Value::Text(&format!("{} {}", author.equipment.name, author.equipment.version)),
        ),
        item(HasConceptModifier, dcm("121058", "Procedure reported"), Value::Code(procedure)),
    ]
}

/// A measurement group (TID 1501).
fn group(voi: &MeasuredVoi, uid: &str) -> Fields {
    let tracked = |name, value| item(HasObservationContext, name, value);
    let mut items = vec![
        tracked(dcm("112039", "Tracking Identifier"), Value::Text(&voi.name)),
        tracked(dcm("112040", "Tracking Unique Identifier"), Value::Uid(uid)),
    ];
    items.extend(voi.values.iter().map(|(measure, value)| {
        let (name, unit) = measure.codes();
        item(Contains, name, Value::Number(*value, unit))
    }));
    item(Contains, dcm("125007", "Measurement Group"), Value::Container("1501", items))
}
