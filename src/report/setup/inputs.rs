//! What was read, and what the checks of it have found.

use serde::{Deserialize, Serialize};

/// A file or series that was read.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct InputFacts {
    /// All activity of an activity image, Bq; null of others.
    pub activity_bq: Option<f64>,
    /// The time for which an activity image states its activity; null of others.
    pub activity_time: Option<String>,
    /// Voxels; null of what is no image.
    pub dims: Option<[usize; 3]>,
    /// Name of the file; null of a folder, and where names are left out.
    pub file: Option<String>,
    /// Number of files read.
    pub files: usize,
    /// FrameOfReferenceUID of DICOM; null of other formats.
    pub frame_of_reference_uid: Option<String>,
    /// What its reader noticed.
    pub notes: Vec<String>,
    /// The path as given, where paths are recorded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// What it was read as, such as `ct` or `activity`.
    pub role: String,
    /// SeriesInstanceUID of DICOM; null of other formats.
    pub series_uid: Option<String>,
    /// SHA-256 of the file; of the list of the files' hashes, in reading order, where there are several.
    pub sha256: String,
    /// Distance of voxels, mm; null of what is no image.
    pub spacing_mm: Option<[f64; 3]>,
}

/// Data that are built into the program.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct TableFacts {
    /// SHA-256 of the file.
    pub sha256: String,
    /// Its place among the data.
    pub table: String,
}

/// What checks were accepted beforehand, and what they have found.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct ChecksFacts {
    /// Names of the checks that the user accepts.
    pub accepted: Vec<String>,
    /// What they have found, in the order in which it was.
    pub found: Vec<FindingFacts>,
}

/// Something that a check has found.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct FindingFacts {
    /// Whether the user accepts it.
    pub accepted: bool,
    /// Name of the check.
    pub check: String,
    /// What it is.
    pub text: String,
}
