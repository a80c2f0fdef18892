//! Options of the commands that a study gives itself, each with the key that it comes from.

/// An option without dashes, and the key of the study file.
pub type Given = &'static [(&'static str, &'static str)];

const CT: (&str, &str) = ("ct", "ct of the [[cycle]]");
const CT_SERIES: (&str, &str) = ("ct-series", "ct_series of the [[cycle]]");
const VOI: (&str, &str) = ("voi", "file of a [[cycle.voi]]");
const VOI_NAMES: (&str, &str) = ("voi-names", "names of a [[cycle.voi]]");
const ADMINISTERED: (&str, &str) = ("administered", "administered of the [[cycle]]");
const CYCLES: (&str, &str) = ("cycle", "each [[cycle]]");
const OUT: (&str, &str) = ("out", "out at the top of the file");
const OVERWRITE: (&str, &str) = ("overwrite", "what voxgray run adds where it must");
const STAGES: &str = "what the stages before it have made";

/// Of `voxgray dose`.
pub const DOSE: Given = &[
    CT,
    CT_SERIES,
    ("activity", "activity of the [[cycle]], or its [[cycle.time_point]]"),
    ("nuclide", "nuclide at the top of the file"),
    ("administered", "time of the [[cycle]]"),
    ("administered-activity", "administered of the [[cycle]]"),
    VOI,
    VOI_NAMES,
    OUT,
    OVERWRITE,
    ("resume", "what voxgray run adds where it must"),
    ("shard", "the same option of voxgray run"),
    ("from-shards", "voxgray run with its option merge"),
];
/// Of `voxgray compare-methods`.
pub const COMPARE: Given = &[
    ("reference", "the dose of each cycle"),
    ("candidate", "candidate of the [[cycle]]"),
    VOI,
    VOI_NAMES,
    OUT,
    OVERWRITE,
];
/// Of the commands that analyse a dose.
pub const ANALYSIS: Given = &[
    VOI,
    VOI_NAMES,
    ADMINISTERED,
    ("unit", "that of the dose, which its run wrote"),
    OUT,
    OVERWRITE,
    ("csv", "a file that the stage writes"),
    ("json", "a file that the stage writes"),
];
/// Of `voxgray plan limit`.
pub const LIMIT: Given = &[
    CYCLES,
    ADMINISTERED,
    ("given", STAGES),
    ("csv", "a file that the stage writes"),
    ("json", "a file that the stage writes"),
];
/// Of `voxgray fit`.
pub const FIT: Given =
    &[("nuclide", "nuclide at the top of the file; half_life goes before it"), OUT, OVERWRITE];
/// Of `voxgray uncertainty`.
pub const UNCERTAINTY: Given = &[("json", "a file that the stage writes")];
/// Of `voxgray report`.
pub const REPORT: Given = &[
    CT,
    CT_SERIES,
    ADMINISTERED,
    ("pseudonym", "pseudonym at the top of the file"),
    VOI,
    VOI_NAMES,
    ("dvh", STAGES),
    ("bed", STAGES),
    ("limit", STAGES),
    ("fit", STAGES),
    ("uncertainty", STAGES),
    ("comparison", STAGES),
    ("without", STAGES),
    OUT,
    OVERWRITE,
];
/// Of `voxgray dicom`.
pub const DICOM: Given = &[("bed", STAGES), OUT, OVERWRITE];

/// Of a command.
pub fn of(command: &str) -> Given {
    match command {
        "dose" => DOSE,
        "compare-methods" => COMPARE,
        "dvh" | "bed" => ANALYSIS,
        "plan limit" => LIMIT,
        "fit" => FIT,
        "uncertainty" => UNCERTAINTY,
        "report" => REPORT,
        "dicom" => DICOM,
        _ => &[],
    }
}

/// Where a key belongs that stands in the table of a command which has no such option; empty where nobody can tell.
pub(super) fn elsewhere(command: &str, key: &str) -> &'static str {
    match (command, key) {
        ("dose", "methods") => " Methods beside that of [dose] are methods of [compare].",
        _ => "",
    }
}
