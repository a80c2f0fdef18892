//! The DICOM attributes that are read, by keyword and tag (PS3.6), and typed access to their values.

use std::fmt;
use std::path::Path;

use super::data_set::{DataSet, Kind, Value};
use crate::error::{Error, Result};

/// Group and element number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Tag(pub u16, pub u16);

impl fmt::Display for Tag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "({:04X},{:04X})", self.0, self.1)
    }
}

/// An attribute: keyword, tag and, for data sets that do not state it, how its value is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Attribute {
    pub keyword: &'static str,
    pub tag: Tag,
    pub kind: Kind,
}

impl fmt::Display for Attribute {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.keyword, self.tag)
    }
}

/// How the value of a known attribute is read.
pub(super) fn kind_of(tag: Tag) -> Option<Kind> {
    ALL.iter().find(|a| a.tag == tag).map(|a| a.kind)
}

macro_rules! attributes {
    ($($name:ident = $keyword:literal $group:literal $element:literal $kind:ident;)*) => {
        $(pub(super) const $name: Attribute =
            Attribute { keyword: $keyword, tag: Tag($group, $element), kind: Kind::$kind };)*
        const ALL: &[Attribute] = &[$($name),*];
    };
}

attributes! {
    IMAGE_TYPE = "ImageType" 0x0008 0x0008 Text;
    SOP_CLASS_UID = "SOPClassUID" 0x0008 0x0016 Text;
    SOP_INSTANCE_UID = "SOPInstanceUID" 0x0008 0x0018 Text;
    SERIES_DATE = "SeriesDate" 0x0008 0x0021 Text;
    SERIES_TIME = "SeriesTime" 0x0008 0x0031 Text;
    ACQUISITION_DATE = "AcquisitionDate" 0x0008 0x0022 Text;
    ACQUISITION_TIME = "AcquisitionTime" 0x0008 0x0032 Text;
    ACQUISITION_DATE_TIME = "AcquisitionDateTime" 0x0008 0x002A Text;
    TIMEZONE_OFFSET_FROM_UTC = "TimezoneOffsetFromUTC" 0x0008 0x0201 Text;
    MODALITY = "Modality" 0x0008 0x0060 Text;
    MANUFACTURER = "Manufacturer" 0x0008 0x0070 Text;
    MANUFACTURER_MODEL_NAME = "ManufacturerModelName" 0x0008 0x1090 Text;
    SERIES_DESCRIPTION = "SeriesDescription" 0x0008 0x103E Text;
    CODE_VALUE = "CodeValue" 0x0008 0x0100 Text;
    CODING_SCHEME_DESIGNATOR = "CodingSchemeDesignator" 0x0008 0x0102 Text;
    CODE_MEANING = "CodeMeaning" 0x0008 0x0104 Text;
    PATIENT_ID = "PatientID" 0x0010 0x0020 Text;
    PATIENT_WEIGHT = "PatientWeight" 0x0010 0x1030 Text;
    RADIOPHARMACEUTICAL = "Radiopharmaceutical" 0x0018 0x0031 Text;
    SPACING_BETWEEN_SLICES = "SpacingBetweenSlices" 0x0018 0x0088 Text;
    RADIOPHARMACEUTICAL_START_TIME = "RadiopharmaceuticalStartTime" 0x0018 0x1072 Text;
    RADIONUCLIDE_TOTAL_DOSE = "RadionuclideTotalDose" 0x0018 0x1074 Text;
    RADIONUCLIDE_HALF_LIFE = "RadionuclideHalfLife" 0x0018 0x1075 Text;
    RADIOPHARMACEUTICAL_START_DATE_TIME = "RadiopharmaceuticalStartDateTime" 0x0018 0x1078 Text;
    GANTRY_DETECTOR_TILT = "GantryDetectorTilt" 0x0018 0x1120 Text;
    TRIGGER_TIME = "TriggerTime" 0x0018 0x1060 Text;
    ACTUAL_FRAME_DURATION = "ActualFrameDuration" 0x0018 0x1242 Text;
    SCAN_ARC = "ScanArc" 0x0018 0x1143 Text;
    FRAME_ACQUISITION_DATE_TIME = "FrameAcquisitionDateTime" 0x0018 0x9074 Text;
    FRAME_REFERENCE_DATE_TIME = "FrameReferenceDateTime" 0x0018 0x9151 Text;
    FRAME_ACQUISITION_DURATION = "FrameAcquisitionDuration" 0x0018 0x9220 F64;
    DECAY_CORRECTION_DATE_TIME = "DecayCorrectionDateTime" 0x0018 0x9701 Text;
    PET_FRAME_CORRECTION_FACTORS_SEQUENCE = "PETFrameCorrectionFactorsSequence" 0x0018 0x9736 Sequence;
    DECAY_CORRECTED = "DecayCorrected" 0x0018 0x9758 Text;
    ATTENUATION_CORRECTED = "AttenuationCorrected" 0x0018 0x9759 Text;
    STUDY_INSTANCE_UID = "StudyInstanceUID" 0x0020 0x000D Text;
    SERIES_INSTANCE_UID = "SeriesInstanceUID" 0x0020 0x000E Text;
    INSTANCE_NUMBER = "InstanceNumber" 0x0020 0x0013 Text;
    IMAGE_POSITION_PATIENT = "ImagePositionPatient" 0x0020 0x0032 Text;
    IMAGE_ORIENTATION_PATIENT = "ImageOrientationPatient" 0x0020 0x0037 Text;
    FRAME_OF_REFERENCE_UID = "FrameOfReferenceUID" 0x0020 0x0052 Text;
    TEMPORAL_POSITION_IDENTIFIER = "TemporalPositionIdentifier" 0x0020 0x0100 Text;
    FRAME_CONTENT_SEQUENCE = "FrameContentSequence" 0x0020 0x9111 Sequence;
    PLANE_POSITION_SEQUENCE = "PlanePositionSequence" 0x0020 0x9113 Sequence;
    PLANE_ORIENTATION_SEQUENCE = "PlaneOrientationSequence" 0x0020 0x9116 Sequence;
    TEMPORAL_POSITION_INDEX = "TemporalPositionIndex" 0x0020 0x9128 U32;
    IMAGES_IN_ACQUISITION = "ImagesInAcquisition" 0x0020 0x1002 Text;
    SAMPLES_PER_PIXEL = "SamplesPerPixel" 0x0028 0x0002 U16;
    NUMBER_OF_FRAMES = "NumberOfFrames" 0x0028 0x0008 Text;
    ROWS = "Rows" 0x0028 0x0010 U16;
    COLUMNS = "Columns" 0x0028 0x0011 U16;
    PIXEL_SPACING = "PixelSpacing" 0x0028 0x0030 Text;
    CORRECTED_IMAGE = "CorrectedImage" 0x0028 0x0051 Text;
    BITS_ALLOCATED = "BitsAllocated" 0x0028 0x0100 U16;
    BITS_STORED = "BitsStored" 0x0028 0x0101 U16;
    HIGH_BIT = "HighBit" 0x0028 0x0102 U16;
    PIXEL_REPRESENTATION = "PixelRepresentation" 0x0028 0x0103 U16;
    PIXEL_PADDING_VALUE = "PixelPaddingValue" 0x0028 0x0120 U16;
    PIXEL_PADDING_RANGE_LIMIT = "PixelPaddingRangeLimit" 0x0028 0x0121 U16;
    RESCALE_INTERCEPT = "RescaleIntercept" 0x0028 0x1052 Text;
    RESCALE_SLOPE = "RescaleSlope" 0x0028 0x1053 Text;
    RESCALE_TYPE = "RescaleType" 0x0028 0x1054 Text;
    LOSSY_IMAGE_COMPRESSION = "LossyImageCompression" 0x0028 0x2110 Text;
    PIXEL_MEASURES_SEQUENCE = "PixelMeasuresSequence" 0x0028 0x9110 Sequence;
    PIXEL_VALUE_TRANSFORMATION_SEQUENCE = "PixelValueTransformationSequence" 0x0028 0x9145 Sequence;
    MEASUREMENT_UNITS_CODE_SEQUENCE = "MeasurementUnitsCodeSequence" 0x0040 0x08EA Sequence;
    REAL_WORLD_VALUE_MAPPING_SEQUENCE = "RealWorldValueMappingSequence" 0x0040 0x9096 Sequence;
    REAL_WORLD_VALUE_LAST_VALUE_MAPPED = "RealWorldValueLastValueMapped" 0x0040 0x9211 U16;
    REAL_WORLD_VALUE_LUT_DATA = "RealWorldValueLUTData" 0x0040 0x9212 F64;
    DOUBLE_FLOAT_REAL_WORLD_VALUE_LAST_VALUE_MAPPED = "DoubleFloatRealWorldValueLastValueMapped" 0x0040 0x9213 F64;
    DOUBLE_FLOAT_REAL_WORLD_VALUE_FIRST_VALUE_MAPPED = "DoubleFloatRealWorldValueFirstValueMapped" 0x0040 0x9214 F64;
    REAL_WORLD_VALUE_FIRST_VALUE_MAPPED = "RealWorldValueFirstValueMapped" 0x0040 0x9216 U16;
    REAL_WORLD_VALUE_INTERCEPT = "RealWorldValueIntercept" 0x0040 0x9224 F64;
    REAL_WORLD_VALUE_SLOPE = "RealWorldValueSlope" 0x0040 0x9225 F64;
    ENERGY_WINDOW_VECTOR = "EnergyWindowVector" 0x0054 0x0010 U16;
    ENERGY_WINDOW_INFORMATION_SEQUENCE = "EnergyWindowInformationSequence" 0x0054 0x0012 Sequence;
    ENERGY_WINDOW_RANGE_SEQUENCE = "EnergyWindowRangeSequence" 0x0054 0x0013 Sequence;
    ENERGY_WINDOW_LOWER_LIMIT = "EnergyWindowLowerLimit" 0x0054 0x0014 Text;
    ENERGY_WINDOW_UPPER_LIMIT = "EnergyWindowUpperLimit" 0x0054 0x0015 Text;
    RADIOPHARMACEUTICAL_INFORMATION_SEQUENCE = "RadiopharmaceuticalInformationSequence" 0x0054 0x0016 Sequence;
    ENERGY_WINDOW_NAME = "EnergyWindowName" 0x0054 0x0018 Text;
    NUMBER_OF_DETECTORS = "NumberOfDetectors" 0x0054 0x0021 U16;
    PHASE_INFORMATION_SEQUENCE = "PhaseInformationSequence" 0x0054 0x0032 Sequence;
    NUMBER_OF_FRAMES_IN_PHASE = "NumberOfFramesInPhase" 0x0054 0x0033 U16;
    ROTATION_INFORMATION_SEQUENCE = "RotationInformationSequence" 0x0054 0x0052 Sequence;
    NUMBER_OF_FRAMES_IN_ROTATION = "NumberOfFramesInRotation" 0x0054 0x0053 U16;
    DETECTOR_VECTOR = "DetectorVector" 0x0054 0x0020 U16;
    DETECTOR_INFORMATION_SEQUENCE = "DetectorInformationSequence" 0x0054 0x0022 Sequence;
    RR_INTERVAL_VECTOR = "RRIntervalVector" 0x0054 0x0060 U16;
    TIME_SLOT_VECTOR = "TimeSlotVector" 0x0054 0x0070 U16;
    SLICE_VECTOR = "SliceVector" 0x0054 0x0080 U16;
    NUMBER_OF_SLICES = "NumberOfSlices" 0x0054 0x0081 U16;
    RADIONUCLIDE_CODE_SEQUENCE = "RadionuclideCodeSequence" 0x0054 0x0300 Sequence;
    UNITS = "Units" 0x0054 0x1001 Text;
    COUNTS_SOURCE = "CountsSource" 0x0054 0x1002 Text;
    DECAY_CORRECTION = "DecayCorrection" 0x0054 0x1102 Text;
    IMAGE_INDEX = "ImageIndex" 0x0054 0x1330 U16;
    FRAME_REFERENCE_TIME = "FrameReferenceTime" 0x0054 0x1300 Text;
    DECAY_FACTOR = "DecayFactor" 0x0054 0x1321 Text;
    SHARED_FUNCTIONAL_GROUPS_SEQUENCE = "SharedFunctionalGroupsSequence" 0x5200 0x9229 Sequence;
    PER_FRAME_FUNCTIONAL_GROUPS_SEQUENCE = "PerFrameFunctionalGroupsSequence" 0x5200 0x9230 Sequence;
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

    /// True if the attribute is there, whatever its value.
    pub fn has(&self, attribute: Attribute) -> bool {
        self.data_set.get(attribute.tag).is_some()
    }

    /// All values as text without padding; none if absent, empty or binary.
    pub fn texts(&self, attribute: Attribute) -> Option<Vec<String>> {
        let Some(Value::Text(text)) = self.data_set.get(attribute.tag) else { return None };
        let trim = |s: &str| s.trim_matches([' ', '\0', '\t', '\r', '\n']).to_string();
        let texts: Vec<String> = text.split('\\').map(trim).collect();
        if texts.iter().all(String::is_empty) { None } else { Some(texts) }
    }

    /// The first value as text without padding; none if absent or empty.
    pub fn text(&self, attribute: Attribute) -> Option<String> {
        self.texts(attribute).and_then(|t| t.into_iter().next()).filter(|t| !t.is_empty())
    }

    /// All values as finite numbers; none if absent or empty.
    pub fn numbers(&self, attribute: Attribute) -> Result<Option<Vec<f64>>> {
        let (texts, numbers) = match self.data_set.get(attribute.tag) {
            Some(Value::Numbers(numbers)) if numbers.is_empty() => return Ok(None),
            Some(Value::Numbers(numbers)) => {
                (numbers.iter().map(f64::to_string).collect(), Some(numbers.clone()))
            }
            _ => {
                let Some(texts) = self.texts(attribute) else { return Ok(None) };
                let numbers = texts.iter().map(|t| t.parse().ok()).collect::<Option<Vec<f64>>>();
                (texts, numbers)
            }
        };
        let finite = numbers.filter(|all| all.iter().all(|x| x.is_finite()));
        finite.map(Some).ok_or_else(|| {
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
        match self.data_set.get(attribute.tag) {
            Some(Value::Items(items)) => {
                items.iter().map(|data_set| Item { path: self.path, data_set }).collect()
            }
            _ => Vec::new(),
        }
    }

    /// The first item of a sequence.
    pub fn item(&self, attribute: Attribute) -> Option<Item<'a>> {
        self.items(attribute).into_iter().next()
    }
}
