//! The words with which names of columns say that values are corrected for decay, or are not, in lower case.

/// Not corrected, in phrases that no denial before a word of [`CORRECTED`] makes.
pub(super) const UNCORRECTED: [&str; 10] = [
    "ndc",
    "not corrected for decay",
    "decay uncorrected",
    "uncorrected for decay",
    "nicht korrigiert",
    "at scan time",
    "at time of scan",
    "at the time of scan",
    "at imaging time",
    "at acquisition time",
];

/// Corrected; longer phrases before those that they hold.
pub(super) const CORRECTED: [&str; 34] = [
    "corrected for physical decay",
    "corrected for decay",
    "corr for decay",
    "decay corrected",
    "decaycorrected",
    "decay correction",
    "decaycorrection",
    "decay corr",
    "decaycorr",
    "decay adjusted",
    "decay compensated",
    "back corrected",
    "corrected to injection",
    "corrected to t0",
    "normalised to injection",
    "normalized to injection",
    "zerfallskorrigiert",
    "zerfallkorrigiert",
    "zerfallskorrektur",
    "zerfallskorr",
    "corrigé de la décroissance",
    "corrige de la decroissance",
    "corrigée de la décroissance",
    "corrigee de la decroissance",
    "corregido por decaimiento",
    "corregida por decaimiento",
    "corretto per il decadimento",
    "corretta per il decadimento",
    "corretto per decadimento",
    "corrigido por decaimento",
    "d c",
    "dcorr",
    "decy",
    "dc",
];

/// Before such a word: it is denied. Longer ones first.
pub(super) const DENIALS: [&str; 14] = [
    "prior to", "without", "before", "never", "nicht", "ohne", "sans", "senza", "not", "non",
    "w/o", "sin", "no", "un",
];

/// Behind such a word.
pub(super) const ANSWERS_NO: [&str; 9] =
    ["none", "no", "not applied", "off", "false", "removed", "undone", "nein", "n"];
pub(super) const ANSWERS_YES: [&str; 5] = ["yes", "true", "on", "applied", "ja"];

/// The one time to which a correction can be undone.
pub(super) const INJECTION_TIMES: [&str; 10] = [
    "the time of injection",
    "time of injection",
    "injection time",
    "injection",
    "the time of administration",
    "time of administration",
    "administration",
    "t0",
    "t=0",
    "p i",
];

/// Words of another time.
pub(super) const OTHER_TIMES: [&str; 8] =
    ["scan", "scans", "acquisition", "imaging", "start", "series", "frame", "calibration"];

/// Words that may say it in a way that is not understood: the user is asked.
pub(super) const MAY_SAY_CORRECTED: [&str; 12] = [
    "decay",
    "corr",
    "korr",
    "zerfall",
    "décroiss",
    "decroiss",
    "decaim",
    "decad",
    "normalis",
    "normaliz",
    "correg",
    "uncorr",
];

/// Words and phrases that may say that values are those of the time of injection: the user is asked. Not "injection" alone: its site is a curve.
pub(super) const MAY_SAY_AT_INJECTION: [&str; 49] = [
    "toa",
    "eoi",
    "at 0h",
    "zero time",
    "at reference",
    "at start",
    "at dosing",
    "p i = 0",
    "pi = 0",
    "backcorrected",
    "biokinetic activity",
    "biologic activity",
    "toi",
    "at time 0",
    "time zero",
    "at zero",
    "a 0",
    "0 h",
    "ref to",
    "ref time",
    "reference time",
    "referenced",
    "undecayed",
    "df",
    "zk",
    "dkorr",
    "dk",
    "bezogen auf",
    "rückgerechnet",
    "rueckgerechnet",
    "zurückgerechnet",
    "at injection",
    "to injection",
    "at time of injection",
    "at the time of injection",
    "at administration",
    "to administration",
    "at t0",
    "to t0",
    "at t=0",
    "to t=0",
    "at time zero",
    "t0",
    "t=0",
    "a0",
    "dkc",
    "biological activity",
    "biological uptake",
    "dcf",
];

/// Beginnings of words for the administration: beside them values may be those of its time.
pub(super) const OF_ADMINISTRATION: [&str; 8] =
    ["inj", "inyec", "iniez", "appli", "admin", "infus", "gabe", "verabreich"];

/// Behind such a word: a place, whose activity is a curve.
pub(super) const PLACES: [&str; 14] = [
    "site", "point", "port", "arm", "hand", "vein", "depot", "stelle", "seite", "ort", "punkt",
    "sitio", "sito", "catheter",
];

/// Before such a word: a time after it.
pub(super) const AFTER: [&str; 7] = ["post", "after", "since", "nach", "dopo", "après", "tras"];
