//! Parametric Maps (PS3.3 A.75): values in single precision with what they are and their unit, for all that an RT Dose cannot say: dose rates,
//! standard errors, time-integrated activities. Values are stored as they are; NaN stands for what is not known (PS3.5 8, IEEE 754).

use dicom_core::VR;
use dicom_dictionary_std::{tags, uids};

use super::fields::{Code, Fields};
use super::functional_groups::{self as groups, PLACE, put_dimensions};
use super::object::{Author, Kind, NewObject};
use super::planes::Planes;
use crate::error::Result;
use crate::image::Volume;

/// Designator of the program's own codes (PS3.16 8.2: private schemes begin with 99).
pub(super) const OWN_SCHEME: &str = "99VOXGRAY";

/// What a map is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MapQuantity {
    /// Absorbed dose rate, Gy/s.
    DoseRate,
    /// Standard error of the absorbed dose, Gy.
    DoseStandardError,
    /// Standard error of the absorbed dose rate, Gy/s.
    DoseRateStandardError,
    /// Time-integrated activity concentration, Bq s/mL.
    TimeIntegratedActivity,
}

impl MapQuantity {
    fn code(self) -> Code<'static> {
        let (value, meaning) = match self {
            MapQuantity::DoseRate => ("DOSE_RATE", "Absorbed dose rate"),
            MapQuantity::DoseStandardError => ("DOSE_SE", "Standard error of absorbed dose"),
            MapQuantity::DoseRateStandardError => {
                ("DOSE_RATE_SE", "Standard error of absorbed dose rate")
            }
            MapQuantity::TimeIntegratedActivity => {
                ("TIA_CONC", "Time-integrated activity concentration")
            }
        };
        Code { value, scheme: OWN_SCHEME, meaning }
    }

    fn unit(self) -> Code<'static> {
        let (value, meaning) = match self {
            MapQuantity::DoseRate | MapQuantity::DoseRateStandardError => {
                ("Gy/s", "gray per second")
            }
            MapQuantity::DoseStandardError => ("Gy", "gray"),
            MapQuantity::TimeIntegratedActivity => ("Bq.s/mL", "becquerel second per millilitre"),
        };
        Code { value, scheme: "UCUM", meaning }
    }

    /// Its unit, in UCUM.
    pub fn ucum(self) -> &'static str {
        self.unit().value
    }
}

/// A map to be written.
#[derive(Debug, Clone, Copy)]
pub struct MapContent<'a> {
    /// In the unit of its quantity, on a right-handed grid.
    pub map: &'a Volume<f32>,
    /// What it is of.
    pub quantity: MapQuantity,
    /// SeriesDescription and ContentDescription.
    pub description: &'a str,
    /// SeriesNumber.
    pub series_number: usize,
}

/// The Parametric Map of a map.
///
/// # Errors
/// If the grid is sheared or too large, or nothing says when the content was made.
pub fn parametric_map(author: &Author, content: &MapContent) -> Result<NewObject> {
    let planes = Planes::new(content.map.checked()?)?;
    let kind = Kind {
        class_uid: uids::PARAMETRIC_MAP_STORAGE,
        // The general series module knows no term for it.
        modality: "OT",
        series_number: content.series_number,
        description: content.description,
    };
    let mut f = author.begin(&kind);
    let (date, time) = author.content_time()?;
    f.text(tags::CONTENT_DATE, &date);
    f.text(tags::CONTENT_TIME, &time);
    f.texts(tags::IMAGE_TYPE, &FRAME_TYPE);
    f.text(tags::CONTENT_QUALIFICATION, "RESEARCH");
    f.text(tags::CONTENT_LABEL, content.quantity.code().value);
    f.text(tags::CONTENT_DESCRIPTION, content.description);
    f.text(tags::CONTENT_CREATOR_NAME, "");
    f.text(tags::BURNED_IN_ANNOTATION, "NO");
    f.text(tags::RECOGNIZABLE_VISUAL_FEATURES, "NO");
    f.text(tags::LOSSY_IMAGE_COMPRESSION, "00");
    f.text(tags::PRESENTATION_LUT_SHAPE, "IDENTITY");
    f.items(tags::ACQUISITION_CONTEXT_SEQUENCE, Vec::new());
    f.text(tags::LATERALITY, "");
    let mut shared = shared(&planes, content);
    if author.made_from_reference {
        let images: Vec<_> = author.reference.images.iter().collect();
        let item = author.derivation(&images, CALCULATED, SOURCE);
        shared.items(tags::DERIVATION_IMAGE_SEQUENCE, vec![item]);
        f.items(tags::REFERENCED_SERIES_SEQUENCE, vec![author.referenced_series()]);
    }
    planes.put_size(&mut f);
    f.count(tags::SAMPLES_PER_PIXEL, 1);
    f.text(tags::PHOTOMETRIC_INTERPRETATION, "MONOCHROME2");
    f.count(tags::BITS_ALLOCATED, 32);
    f.count(tags::NUMBER_OF_FRAMES, planes.frames);
    f.items(tags::SHARED_FUNCTIONAL_GROUPS_SEQUENCE, vec![shared]);
    let frames = (0..planes.frames).map(|k| groups::frame(&planes, k, &[k as u32 + 1]));
    f.items(tags::PER_FRAME_FUNCTIONAL_GROUPS_SEQUENCE, frames.collect());
    f.text(tags::DIMENSION_ORGANIZATION_TYPE, "3D");
    let bytes = content.map.data.iter().flat_map(|v| v.to_le_bytes()).collect();
    f.bytes(tags::FLOAT_PIXEL_DATA, VR::OF, bytes);
    author.finish(f, &kind, |f, uid| put_dimensions(f, &[PLACE], &uid("dimensions")))
}

/// How a map was made of images (PS3.16 CID 7203), and what they were for (CID 7202).
const CALCULATED: Code =
    Code { value: "CALCULATED", scheme: OWN_SCHEME, meaning: "Monte Carlo calculation" };
const SOURCE: Code =
    Code { value: "121322", scheme: "DCM", meaning: "Source image for image processing operation" };

const FRAME_TYPE: [&str; 4] = ["DERIVED", "PRIMARY", "VOLUME", "QUANTITY"];

fn shared(planes: &Planes, content: &MapContent) -> Fields {
    let mut group = groups::shared(planes);
    let mut frame_type = Fields::new();
    frame_type.texts(tags::FRAME_TYPE, &FRAME_TYPE);
    group.items(tags::PARAMETRIC_MAP_FRAME_TYPE_SEQUENCE, vec![frame_type]);
    let known = content.map.data.iter().copied().filter(|v| v.is_finite());
    let low = known.clone().reduce(f32::min).unwrap_or(0.0);
    let high = known.reduce(f32::max).unwrap_or(0.0);
    let mut identity = Fields::new();
    identity.decimals(tags::RESCALE_INTERCEPT, &[0.0]);
    identity.decimals(tags::RESCALE_SLOPE, &[1.0]);
    identity.text(tags::RESCALE_TYPE, "US");
    group.items(tags::PIXEL_VALUE_TRANSFORMATION_SEQUENCE, vec![identity]);
    let mut window = Fields::new();
    let width = f64::from(high) - f64::from(low);
    window.decimals(tags::WINDOW_CENTER, &[f64::from(low) + 0.5 * width]);
    window.decimals(tags::WINDOW_WIDTH, &[if width > 0.0 { width } else { 1.0 }]);
    // The other function needs widths of at least 1.
    window.text(tags::VOILUT_FUNCTION, "LINEAR_EXACT");
    group.items(tags::FRAME_VOILUT_SEQUENCE, vec![window]);
    group.items(
        tags::REAL_WORLD_VALUE_MAPPING_SEQUENCE,
        vec![real_world(content.quantity, [f64::from(low), f64::from(high)])],
    );
    group
}

fn real_world(quantity: MapQuantity, [low, high]: [f64; 2]) -> Fields {
    let mut map = Fields::new();
    let code = quantity.code();
    map.text(tags::LUT_EXPLANATION, code.meaning);
    map.text(tags::LUT_LABEL, code.value);
    map.items(tags::MEASUREMENT_UNITS_CODE_SEQUENCE, vec![quantity.unit().item()]);
    map.double(tags::DOUBLE_FLOAT_REAL_WORLD_VALUE_FIRST_VALUE_MAPPED, low);
    map.double(tags::DOUBLE_FLOAT_REAL_WORLD_VALUE_LAST_VALUE_MAPPED, high);
    map.double(tags::REAL_WORLD_VALUE_INTERCEPT, 0.0);
    map.double(tags::REAL_WORLD_VALUE_SLOPE, 1.0);
    let mut definition = Fields::new();
    definition.text(tags::VALUE_TYPE, "CODE");
    let name = Code { value: "246205007", scheme: "SCT", meaning: "Quantity" };
    definition.items(tags::CONCEPT_NAME_CODE_SEQUENCE, vec![name.item()]);
    definition.items(tags::CONCEPT_CODE_SEQUENCE, vec![code.item()]);
    map.items(tags::QUANTITY_DEFINITION_SEQUENCE, vec![definition]);
    map
}
