//! The words that people write above the columns of a table of curves, in lower case.

pub(super) const CURVES: [&str; 14] = [
    "curve",
    "voi",
    "roi",
    "organ",
    "region",
    "lesion",
    "name",
    "tissue",
    "structure",
    "source",
    "tumour",
    "tumor",
    "curve name",
    "voi name",
];
pub(super) const TIMES: [&str; 15] = [
    "",
    "time",
    "t",
    "time point",
    "timepoint",
    "scan time",
    "acquisition time",
    "mid time",
    "elapsed time",
    "zeit",
    "zeitpunkt",
    "temps",
    "tiempo",
    "tempo",
    "tijd",
];
pub(super) const CLOCKS: [&str; 8] = [
    "time",
    "datetime",
    "date time",
    "date and time",
    "date/time",
    "timestamp",
    "scan time",
    "acquisition time",
];
/// Columns that number rows or scans.
pub(super) const COUNTERS: [&str; 16] = [
    "index",
    "idx",
    "unnamed: 0",
    "unnamed:0",
    "no",
    "nr",
    "n",
    "#",
    "row",
    "scan",
    "scan no",
    "scan nr",
    "scan number",
    "scan #",
    "image",
    "point",
];
pub(super) const NUCLIDES: [&str; 5] =
    ["nuclide", "radionuclide", "isotope", "radioisotope", "nuklid"];
pub(super) const PATIENTS: [&str; 8] =
    ["patient", "patient id", "patientid", "patient name", "subject", "subject id", "pat", "case"];
/// Lengths of scans.
pub(super) const DURATIONS: [&str; 8] = [
    "duration",
    "scan duration",
    "frame duration",
    "acquisition duration",
    "scan length",
    "frame length",
    "dauer",
    "scan dauer",
];
/// In %, of what was administered.
pub(super) const RETAINED: [&str; 5] =
    ["retention", "whole body retention", "wb retention", "retained", "retained activity"];
pub(super) const REMARKS: [&str; 6] = ["comment", "comments", "remark", "remarks", "note", "notes"];
/// Words for the values; of each other word in a wide table a curve is named.
pub(super) const VALUES: [&str; 21] = [
    "",
    "activity",
    "a",
    "act",
    "activity concentration",
    "concentration",
    "conc",
    "counts",
    "net counts",
    "count rate",
    "counting rate",
    "net count rate",
    "rate",
    "dose rate",
    "doserate",
    "value",
    "uptake",
    "ia",
    "id",
    "aktivität",
    "aktivitaet",
];
/// Of those, the ones that may stand beside the name of a curve.
pub(super) const BESIDE: [&str; 8] = [
    "activity concentration",
    "activity",
    "concentration",
    "dose rate",
    "count rate",
    "counts",
    "uptake",
    "value",
];
/// Words for one standard deviation, longest first.
pub(super) const SPREADS: [&str; 46] = [
    "relative standard uncertainty",
    "relative standard deviation",
    "coefficient of variation",
    "relative unsicherheit",
    "standardabweichung",
    "standard uncertainty",
    "relative uncertainty",
    "standard deviation",
    "relative error",
    "standard error",
    "relative unc",
    "relative sd",
    "rel uncertainty",
    "rel std dev",
    "rel uncert",
    "rel error",
    "rel unc",
    "rel err",
    "rel std",
    "rel sd",
    "u rel",
    "unsicherheit",
    "uncertainties",
    "uncertainty",
    "std uncertainty",
    "std error",
    "std dev",
    "std deviation",
    "stddev",
    "st dev",
    "stdev",
    "sigma",
    "errors",
    "error",
    "1sd",
    "uncert",
    "unc",
    "err",
    "std",
    "rsd",
    "cov",
    "s d",
    "sd",
    "se",
    "cv",
    "u",
];
/// Of those, the ones for shares of the values.
pub(super) const RELATIVE: [&str; 6] = ["relative", "rel", "cv", "cov", "rsd", "coefficient"];
/// One standard uncertainty, said beside a word for it.
pub(super) const COVERAGE_ONE: [&str; 4] = ["k=1", "k = 1", "1 sigma", "1σ"];
pub(super) const SIGNS: [&str; 5] = ["±", "+/-", "+-", "σ", "sem"];
pub(super) const MASSES: [&str; 3] = ["mass", "weight", "m"];
pub(super) const VOLUMES: [&str; 3] = ["volume", "vol", "v"];
pub(super) const AFTER_INJECTION: [&str; 22] = [
    "nach injektion",
    "nach applikation",
    "nach gabe",
    "après injection",
    "apres injection",
    "post injection",
    "after injection",
    "since injection",
    "from injection",
    "post administration",
    "after administration",
    "since administration",
    "p injection",
    "post infusion",
    "after infusion",
    "post inj",
    "after inj",
    "p inj",
    "p i",
    "pi",
    "post",
    "tpi",
];
/// Words in the name of a curve that rather say another statistic.
pub(super) const OTHER: [&str; 17] = [
    "ci",
    "min",
    "max",
    "lower",
    "upper",
    "low",
    "high",
    "percentile",
    "variance",
    "var",
    "2sd",
    "2sigma",
    "suv",
    "injected",
    "administered",
    "k=2",
    "95",
];
/// What stands before the lower part of a unit.
pub(super) const PER: [&str; 5] = ["per", "pro", "je", "par", "por"];
pub(super) const LOGARITHMS: [&str; 5] = ["ln", "log", "log10", "lg", "log2"];
/// Words for activity, or counts, in a part of the region.
pub(super) const CONCENTRATIONS: [&str; 14] = [
    "concentration",
    "conc",
    "aktivitätskonzentration",
    "specific activity",
    "per ml",
    "per cc",
    "per cm3",
    "per g",
    "per gram",
    "per gramm",
    "per voxel",
    "per pixel",
    "mean voxel",
    "voxel mean",
];
