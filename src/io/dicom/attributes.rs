//! The DICOM attributes that are read, by the names of the dictionary (PS3.6), and typed access to their values.

use std::fmt;
use std::path::Path;

use dicom_core::dictionary::DataDictionary;
use dicom_core::{PrimitiveValue, Tag};
use dicom_dictionary_std::{StandardDataDictionary, tags};

use super::data_set::DataSet;
use crate::error::{Error, Result};

/// An attribute that is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Attribute(pub Tag);

impl Attribute {
    /// Its name in the dictionary.
    pub fn keyword(self) -> &'static str {
        StandardDataDictionary.by_tag(self.0).map_or("attribute", |entry| entry.alias)
    }
}

impl fmt::Display for Attribute {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.keyword(), self.0)
    }
}

macro_rules! attributes {
    ($($name:ident;)*) => {
        $(pub(super) const $name: Attribute = Attribute(tags::$name);)*

        /// Whether an attribute is one that is read; the others are passed over.
        pub(super) fn is_read(tag: Tag) -> bool {
            matches!(tag, $(tags::$name)|*)
        }
    };
}

attributes! {
    TRANSFER_SYNTAX_UID;
    SPECIFIC_CHARACTER_SET;
    IMAGE_TYPE;
    SOP_CLASS_UID;
    SOP_INSTANCE_UID;
    CONTENT_DATE;
    CONTENT_TIME;
    SERIES_DATE;
    SERIES_TIME;
    ACQUISITION_DATE;
    ACQUISITION_TIME;
    ACQUISITION_DATE_TIME;
    TIMEZONE_OFFSET_FROM_UTC;
    MODALITY;
    MANUFACTURER;
    MANUFACTURER_MODEL_NAME;
    COLLIMATOR_GRID_NAME;
    SERIES_DESCRIPTION;
    CODE_VALUE;
    CODING_SCHEME_DESIGNATOR;
    CODE_MEANING;
    ACCESSION_NUMBER;
    STUDY_DATE;
    STUDY_TIME;
    STUDY_DESCRIPTION;
    STUDY_ID;
    REFERRING_PHYSICIAN_NAME;
    PATIENT_NAME;
    PATIENT_ID;
    ISSUER_OF_PATIENT_ID;
    PATIENT_BIRTH_DATE;
    PATIENT_SEX;
    PATIENT_IDENTITY_REMOVED;
    DEIDENTIFICATION_METHOD;
    DEIDENTIFICATION_METHOD_CODE_SEQUENCE;
    POSITION_REFERENCE_INDICATOR;
    PATIENT_WEIGHT;
    RADIOPHARMACEUTICAL;
    SPACING_BETWEEN_SLICES;
    RADIOPHARMACEUTICAL_START_TIME;
    RADIONUCLIDE_TOTAL_DOSE;
    RADIONUCLIDE_HALF_LIFE;
    RADIOPHARMACEUTICAL_START_DATE_TIME;
    GANTRY_DETECTOR_TILT;
    TRIGGER_TIME;
    SERIES_TYPE;
    ACTUAL_FRAME_DURATION;
    SCAN_ARC;
    FRAME_ACQUISITION_DATE_TIME;
    FRAME_ACQUISITION_DURATION;
    DECAY_CORRECTION_DATE_TIME;
    PET_FRAME_CORRECTION_FACTORS_SEQUENCE;
    DECAY_CORRECTED;
    ATTENUATION_CORRECTED;
    STUDY_INSTANCE_UID;
    SERIES_INSTANCE_UID;
    INSTANCE_NUMBER;
    IMAGE_POSITION_PATIENT;
    IMAGE_ORIENTATION_PATIENT;
    FRAME_OF_REFERENCE_UID;
    TEMPORAL_POSITION_IDENTIFIER;
    FRAME_CONTENT_SEQUENCE;
    PLANE_POSITION_SEQUENCE;
    PLANE_ORIENTATION_SEQUENCE;
    TEMPORAL_POSITION_INDEX;
    IMAGES_IN_ACQUISITION;
    SAMPLES_PER_PIXEL;
    NUMBER_OF_FRAMES;
    ROWS;
    COLUMNS;
    PIXEL_SPACING;
    CORRECTED_IMAGE;
    BITS_ALLOCATED;
    BITS_STORED;
    HIGH_BIT;
    PIXEL_REPRESENTATION;
    PIXEL_PADDING_VALUE;
    PIXEL_PADDING_RANGE_LIMIT;
    RESCALE_INTERCEPT;
    RESCALE_SLOPE;
    RESCALE_TYPE;
    LOSSY_IMAGE_COMPRESSION;
    PIXEL_MEASURES_SEQUENCE;
    PIXEL_VALUE_TRANSFORMATION_SEQUENCE;
    MEASUREMENT_UNITS_CODE_SEQUENCE;
    REAL_WORLD_VALUE_MAPPING_SEQUENCE;
    REAL_WORLD_VALUE_LAST_VALUE_MAPPED;
    REAL_WORLD_VALUE_LUT_DATA;
    DOUBLE_FLOAT_REAL_WORLD_VALUE_LAST_VALUE_MAPPED;
    DOUBLE_FLOAT_REAL_WORLD_VALUE_FIRST_VALUE_MAPPED;
    REAL_WORLD_VALUE_FIRST_VALUE_MAPPED;
    REAL_WORLD_VALUE_INTERCEPT;
    REAL_WORLD_VALUE_SLOPE;
    ENERGY_WINDOW_VECTOR;
    ENERGY_WINDOW_INFORMATION_SEQUENCE;
    ENERGY_WINDOW_RANGE_SEQUENCE;
    ENERGY_WINDOW_LOWER_LIMIT;
    ENERGY_WINDOW_UPPER_LIMIT;
    RADIOPHARMACEUTICAL_INFORMATION_SEQUENCE;
    ENERGY_WINDOW_NAME;
    NUMBER_OF_DETECTORS;
    PHASE_INFORMATION_SEQUENCE;
    NUMBER_OF_FRAMES_IN_PHASE;
    ROTATION_INFORMATION_SEQUENCE;
    NUMBER_OF_FRAMES_IN_ROTATION;
    DETECTOR_VECTOR;
    DETECTOR_INFORMATION_SEQUENCE;
    RR_INTERVAL_VECTOR;
    TIME_SLOT_VECTOR;
    SLICE_VECTOR;
    NUMBER_OF_SLICES;
    RADIONUCLIDE_CODE_SEQUENCE;
    UNITS;
    COUNTS_SOURCE;
    DECAY_CORRECTION;
    IMAGE_INDEX;
    FRAME_REFERENCE_TIME;
    DECAY_FACTOR;
    SLICE_THICKNESS;
    SEGMENTATION_TYPE;
    SEGMENTATION_FRACTIONAL_TYPE;
    MAXIMUM_FRACTIONAL_VALUE;
    SEGMENT_SEQUENCE;
    SEGMENT_NUMBER;
    SEGMENT_LABEL;
    SEGMENT_IDENTIFICATION_SEQUENCE;
    REFERENCED_SEGMENT_NUMBER;
    STRUCTURE_SET_DATE;
    STRUCTURE_SET_TIME;
    STRUCTURE_SET_ROI_SEQUENCE;
    ROI_NUMBER;
    ROI_NAME;
    REFERENCED_FRAME_OF_REFERENCE_UID;
    REFERENCED_FRAME_OF_REFERENCE_SEQUENCE;
    RT_REFERENCED_STUDY_SEQUENCE;
    RT_REFERENCED_SERIES_SEQUENCE;
    ROI_CONTOUR_SEQUENCE;
    REFERENCED_ROI_NUMBER;
    ROI_DISPLAY_COLOR;
    REGISTRATION_SEQUENCE;
    MATRIX_REGISTRATION_SEQUENCE;
    MATRIX_SEQUENCE;
    FRAME_OF_REFERENCE_TRANSFORMATION_MATRIX;
    FRAME_OF_REFERENCE_TRANSFORMATION_MATRIX_TYPE;
    DOSE_UNITS;
    DOSE_TYPE;
    DOSE_SUMMATION_TYPE;
    DOSE_GRID_SCALING;
    DOSE_COMMENT;
    GRID_FRAME_OFFSET_VECTOR;
    CONTOUR_SEQUENCE;
    CONTOUR_GEOMETRIC_TYPE;
    CONTOUR_DATA;
    SHARED_FUNCTIONAL_GROUPS_SEQUENCE;
    PER_FRAME_FUNCTIONAL_GROUPS_SEQUENCE;
}

/// A data set or a sequence item, with the file it came from for the error messages.
#[derive(Debug, Clone, Copy)]
pub(super) struct Item<'a> {
    pub path: &'a Path,
    pub data_set: &'a DataSet,
}

impl<'a> Item<'a> {
    /// An error about a value of this item.
    pub fn bad(&self, attribute: Attribute, value: &str, why: &str, suggestion: &str) -> Error {
        Error::input(format!("{}: {attribute} is '{value}'", self.path.display()), why, suggestion)
    }

    /// The error for an attribute that is absent or empty.
    pub fn missing(&self, attribute: Attribute, why: &str) -> Error {
        Error::input(
            format!("{}: {attribute} is missing or empty", self.path.display()),
            why,
            "Export the series again with complete headers.",
        )
    }

    /// The value of an attribute that is no sequence.
    fn value(&self, attribute: Attribute) -> Option<&'a PrimitiveValue> {
        self.data_set.get(attribute.0)?.value().primitive()
    }

    /// True if the attribute is there, whatever its value.
    pub fn has(&self, attribute: Attribute) -> bool {
        self.data_set.get(attribute.0).is_some()
    }

    /// All values as text without padding; none if absent, empty or binary.
    pub fn texts(&self, attribute: Attribute) -> Option<Vec<String>> {
        let trim = |s: &str| s.trim_matches([' ', '\0', '\t', '\r', '\n']).to_string();
        let texts: Vec<String> = match self.value(attribute)? {
            PrimitiveValue::Strs(texts) => texts.iter().map(|s| trim(s)).collect(),
            PrimitiveValue::Str(text) => text.split('\\').map(trim).collect(),
            _ => return None,
        };
        if texts.iter().all(String::is_empty) { None } else { Some(texts) }
    }

    /// The first value as text without padding; none if absent or empty.
    pub fn text(&self, attribute: Attribute) -> Option<String> {
        self.texts(attribute).and_then(|t| t.into_iter().next()).filter(|t| !t.is_empty())
    }

    /// All values as finite numbers; none if absent or empty.
    pub fn numbers(&self, attribute: Attribute) -> Result<Option<Vec<f64>>> {
        let Some(value) = self.value(attribute) else { return Ok(None) };
        let text = matches!(value, PrimitiveValue::Strs(_) | PrimitiveValue::Str(_));
        if value.multiplicity() == 0 || (text && self.texts(attribute).is_none()) {
            return Ok(None);
        }
        value.to_multi_finite_float64().map(Some).map_err(|_| {
            let written =
                self.texts(attribute).unwrap_or_else(|| value.to_multi_str().into_owned());
            self.bad(
                attribute,
                &written.join("\\"),
                "it must hold finite decimal numbers",
                "Repair the header or export the series again.",
            )
        })
    }

    /// A single finite number; none if absent or empty.
    pub fn number(&self, attribute: Attribute) -> Result<Option<f64>> {
        Ok(self.numbers(attribute)?.and_then(|n| n.first().copied()))
    }

    /// A single finite number that must be there.
    pub fn required_number(&self, attribute: Attribute, why: &str) -> Result<f64> {
        self.number(attribute)?.ok_or_else(|| self.missing(attribute, why))
    }

    /// A whole number from 0 to 2^31.
    pub fn count(&self, attribute: Attribute) -> Result<Option<usize>> {
        let Some(value) = self.number(attribute)? else { return Ok(None) };
        if value < 0.0 || value.fract() != 0.0 || value > f64::from(i32::MAX) {
            return Err(self.bad(
                attribute,
                &value.to_string(),
                "it must be a whole number that is not negative",
                "Repair the header or export the series again.",
            ));
        }
        Ok(Some(value as usize))
    }

    /// Exactly `N` finite numbers; none if absent or empty.
    pub fn vector<const N: usize>(&self, attribute: Attribute) -> Result<Option<[f64; N]>> {
        let Some(numbers) = self.numbers(attribute)? else { return Ok(None) };
        numbers.as_slice().try_into().map(Some).map_err(|_| {
            self.bad(
                attribute,
                &format!("{numbers:?}"),
                &format!("it must hold {N} numbers"),
                "Repair the header or export the series again.",
            )
        })
    }

    /// The items of a sequence; empty if absent.
    pub fn items(&self, attribute: Attribute) -> Vec<Item<'a>> {
        let items = self.data_set.get(attribute.0).and_then(|element| element.value().items());
        let of = |data_set| Item { path: self.path, data_set };
        items.unwrap_or_default().iter().map(of).collect()
    }

    /// The first item of a sequence.
    pub fn item(&self, attribute: Attribute) -> Option<Item<'a>> {
        self.items(attribute).into_iter().next()
    }
}
