//! The DICOM attributes that are read, by keyword and tag (PS3.6), and typed access to their values.

use std::fmt;
use std::path::Path;

use dicom_core::Tag;
use dicom_object::InMemDicomObject;

use crate::error::{Error, Result};

/// An attribute: keyword and tag.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Attribute {
    pub keyword: &'static str,
    pub tag: Tag,
}

impl fmt::Display for Attribute {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({:04X},{:04X})", self.keyword, self.tag.group(), self.tag.element())
    }
}

macro_rules! attributes {
    ($($name:ident = $keyword:literal $group:literal $element:literal;)*) => {
        $(pub(super) const $name: Attribute =
            Attribute { keyword: $keyword, tag: Tag($group, $element) };)*
    };
}

attributes! {
    IMAGE_TYPE = "ImageType" 0x0008 0x0008;
    SOP_CLASS_UID = "SOPClassUID" 0x0008 0x0016;
    SOP_INSTANCE_UID = "SOPInstanceUID" 0x0008 0x0018;
    SERIES_DATE = "SeriesDate" 0x0008 0x0021;
    SERIES_TIME = "SeriesTime" 0x0008 0x0031;
    ACQUISITION_DATE = "AcquisitionDate" 0x0008 0x0022;
    ACQUISITION_TIME = "AcquisitionTime" 0x0008 0x0032;
    ACQUISITION_DATE_TIME = "AcquisitionDateTime" 0x0008 0x002A;
    MODALITY = "Modality" 0x0008 0x0060;
    MANUFACTURER = "Manufacturer" 0x0008 0x0070;
    MANUFACTURER_MODEL_NAME = "ManufacturerModelName" 0x0008 0x1090;
    SERIES_DESCRIPTION = "SeriesDescription" 0x0008 0x103E;
    CODE_VALUE = "CodeValue" 0x0008 0x0100;
    CODING_SCHEME_DESIGNATOR = "CodingSchemeDesignator" 0x0008 0x0102;
    CODE_MEANING = "CodeMeaning" 0x0008 0x0104;
    PATIENT_ID = "PatientID" 0x0010 0x0020;
    RADIOPHARMACEUTICAL = "Radiopharmaceutical" 0x0018 0x0031;
    SPACING_BETWEEN_SLICES = "SpacingBetweenSlices" 0x0018 0x0088;
    RADIOPHARMACEUTICAL_START_TIME = "RadiopharmaceuticalStartTime" 0x0018 0x1072;
    RADIONUCLIDE_TOTAL_DOSE = "RadionuclideTotalDose" 0x0018 0x1074;
    RADIONUCLIDE_HALF_LIFE = "RadionuclideHalfLife" 0x0018 0x1075;
    RADIOPHARMACEUTICAL_START_DATE_TIME = "RadiopharmaceuticalStartDateTime" 0x0018 0x1078;
    GANTRY_DETECTOR_TILT = "GantryDetectorTilt" 0x0018 0x1120;
    ACTUAL_FRAME_DURATION = "ActualFrameDuration" 0x0018 0x1242;
    STUDY_INSTANCE_UID = "StudyInstanceUID" 0x0020 0x000D;
    SERIES_INSTANCE_UID = "SeriesInstanceUID" 0x0020 0x000E;
    IMAGE_POSITION_PATIENT = "ImagePositionPatient" 0x0020 0x0032;
    IMAGE_ORIENTATION_PATIENT = "ImageOrientationPatient" 0x0020 0x0037;
    FRAME_OF_REFERENCE_UID = "FrameOfReferenceUID" 0x0020 0x0052;
    PLANE_POSITION_SEQUENCE = "PlanePositionSequence" 0x0020 0x9113;
    PLANE_ORIENTATION_SEQUENCE = "PlaneOrientationSequence" 0x0020 0x9116;
    SAMPLES_PER_PIXEL = "SamplesPerPixel" 0x0028 0x0002;
    NUMBER_OF_FRAMES = "NumberOfFrames" 0x0028 0x0008;
    ROWS = "Rows" 0x0028 0x0010;
    COLUMNS = "Columns" 0x0028 0x0011;
    PIXEL_SPACING = "PixelSpacing" 0x0028 0x0030;
    CORRECTED_IMAGE = "CorrectedImage" 0x0028 0x0051;
    BITS_ALLOCATED = "BitsAllocated" 0x0028 0x0100;
    BITS_STORED = "BitsStored" 0x0028 0x0101;
    HIGH_BIT = "HighBit" 0x0028 0x0102;
    PIXEL_REPRESENTATION = "PixelRepresentation" 0x0028 0x0103;
    PIXEL_PADDING_VALUE = "PixelPaddingValue" 0x0028 0x0120;
    PIXEL_PADDING_RANGE_LIMIT = "PixelPaddingRangeLimit" 0x0028 0x0121;
    RESCALE_INTERCEPT = "RescaleIntercept" 0x0028 0x1052;
    RESCALE_SLOPE = "RescaleSlope" 0x0028 0x1053;
    RESCALE_TYPE = "RescaleType" 0x0028 0x1054;
    LOSSY_IMAGE_COMPRESSION = "LossyImageCompression" 0x0028 0x2110;
    PIXEL_MEASURES_SEQUENCE = "PixelMeasuresSequence" 0x0028 0x9110;
    PIXEL_VALUE_TRANSFORMATION_SEQUENCE = "PixelValueTransformationSequence" 0x0028 0x9145;
    MEASUREMENT_UNITS_CODE_SEQUENCE = "MeasurementUnitsCodeSequence" 0x0040 0x08EA;
    REAL_WORLD_VALUE_MAPPING_SEQUENCE = "RealWorldValueMappingSequence" 0x0040 0x9096;
    REAL_WORLD_VALUE_INTERCEPT = "RealWorldValueIntercept" 0x0040 0x9224;
    REAL_WORLD_VALUE_SLOPE = "RealWorldValueSlope" 0x0040 0x9225;
    ENERGY_WINDOW_VECTOR = "EnergyWindowVector" 0x0054 0x0010;
    ENERGY_WINDOW_INFORMATION_SEQUENCE = "EnergyWindowInformationSequence" 0x0054 0x0012;
    ENERGY_WINDOW_RANGE_SEQUENCE = "EnergyWindowRangeSequence" 0x0054 0x0013;
    ENERGY_WINDOW_LOWER_LIMIT = "EnergyWindowLowerLimit" 0x0054 0x0014;
    ENERGY_WINDOW_UPPER_LIMIT = "EnergyWindowUpperLimit" 0x0054 0x0015;
    RADIOPHARMACEUTICAL_INFORMATION_SEQUENCE = "RadiopharmaceuticalInformationSequence" 0x0054 0x0016;
    ENERGY_WINDOW_NAME = "EnergyWindowName" 0x0054 0x0018;
    DETECTOR_VECTOR = "DetectorVector" 0x0054 0x0020;
    DETECTOR_INFORMATION_SEQUENCE = "DetectorInformationSequence" 0x0054 0x0022;
    RR_INTERVAL_VECTOR = "RRIntervalVector" 0x0054 0x0060;
    TIME_SLOT_VECTOR = "TimeSlotVector" 0x0054 0x0070;
    SLICE_VECTOR = "SliceVector" 0x0054 0x0080;
    RADIONUCLIDE_CODE_SEQUENCE = "RadionuclideCodeSequence" 0x0054 0x0300;
    UNITS = "Units" 0x0054 0x1001;
    COUNTS_SOURCE = "CountsSource" 0x0054 0x1002;
    DECAY_CORRECTION = "DecayCorrection" 0x0054 0x1102;
    FRAME_REFERENCE_TIME = "FrameReferenceTime" 0x0054 0x1300;
    DECAY_FACTOR = "DecayFactor" 0x0054 0x1321;
    SHARED_FUNCTIONAL_GROUPS_SEQUENCE = "SharedFunctionalGroupsSequence" 0x5200 0x9229;
    PER_FRAME_FUNCTIONAL_GROUPS_SEQUENCE = "PerFrameFunctionalGroupsSequence" 0x5200 0x9230;
}

/// A data set or a sequence item, with the file it came from for the error messages.
#[derive(Debug, Clone, Copy)]
pub(super) struct Item<'a> {
    pub path: &'a Path,
    pub object: &'a InMemDicomObject,
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

    /// True if the attribute is there, whatever its value.
    pub fn has(&self, attribute: Attribute) -> bool {
        self.object.get(attribute.tag).is_some()
    }

    /// All values as text without padding; none if absent or empty.
    pub fn texts(&self, attribute: Attribute) -> Option<Vec<String>> {
        let value = self.object.get(attribute.tag)?.value().primitive()?;
        let texts: Vec<String> = value
            .to_multi_str()
            .iter()
            .map(|s| s.trim_matches([' ', '\0', '\t', '\r', '\n']).to_string())
            .collect();
        if texts.iter().all(String::is_empty) { None } else { Some(texts) }
    }

    /// The first value as text without padding; none if absent or empty.
    pub fn text(&self, attribute: Attribute) -> Option<String> {
        self.texts(attribute).and_then(|t| t.into_iter().next()).filter(|t| !t.is_empty())
    }

    /// All values as finite numbers; none if absent or empty.
    pub fn numbers(&self, attribute: Attribute) -> Result<Option<Vec<f64>>> {
        let Some(texts) = self.texts(attribute) else { return Ok(None) };
        let numbers: Option<Vec<f64>> =
            texts.iter().map(|t| t.parse::<f64>().ok().filter(|x| x.is_finite())).collect();
        numbers.map(Some).ok_or_else(|| {
            self.bad(
                attribute,
                &texts.join("\\"),
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
        let objects = self.object.get(attribute.tag).and_then(|e| e.items()).unwrap_or(&[]);
        objects.iter().map(|object| Item { path: self.path, object }).collect()
    }

    /// The first item of a sequence.
    pub fn item(&self, attribute: Attribute) -> Option<Item<'a>> {
        self.items(attribute).into_iter().next()
    }
}
