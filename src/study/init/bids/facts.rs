//! What a PET sidecar of BIDS says of activity and times, checked against itself. Neglects blood, mass and everything of reconstruction but what
//! tells a corrected image from another.
//!
//! BIDS specification 1.6 and later, Positron Emission Tomography: ScanStart, InjectionStart, FrameTimesStart and ImageDecayCorrectionTime
//! are seconds after TimeZero, a time of day; FrameDuration is in seconds. DecayCorrection and DecayFactor are dcm2niix's, of DICOM (0054,1102) and
//! (0054,1321); where they contradict the others one of both is wrong, and no number is made of it.

use serde_json::Value;

use super::factors::by_factors;
use super::files::Sidecar;
use crate::activity::{Decay, InputUnit};
use crate::error::{Error, Result};
use crate::physics::Nuclide;
use crate::physics::nuclide_label::nuclides_in_text;
use crate::time::dicom_time;
use crate::units::{BQ_PER_CI, BQ_PER_GBQ, BQ_PER_MBQ, SECONDS_PER_DAY};

/// Times that differ by less (s) are one: they are written with few digits.
const SAME_S: f64 = 0.5;
/// Relative difference of half-lives of one nuclide.
const SAME_HALF_LIFE: f64 = 0.01;
/// No frame is longer (s): longer ones are milliseconds.
const LONGEST_FRAME_S: f64 = SECONDS_PER_DAY;

/// One frame, s after the administration.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Frame {
    /// Its start.
    pub start_s: f64,
    /// Its length; none if not stated.
    pub duration_s: Option<f64>,
    /// The time to which its values are corrected; none if they are means over the frame.
    pub corrected_to_s: Option<f64>,
}

/// An image.
#[derive(Debug, Clone, PartialEq)]
pub struct Facts {
    /// Its unit.
    pub unit: InputUnit,
    /// Its nuclide, if one is named.
    pub nuclide: Option<String>,
    /// What was given.
    pub tracer: Option<String>,
    /// Administered activity, Bq.
    pub administered_bq: Option<f64>,
    /// Time of day of the administration, s.
    pub administered_clock_s: Option<f64>,
    /// Frames in their order.
    pub frames: Vec<Frame>,
    /// Whether it is said to be corrected for attenuation.
    pub attenuation_corrected: bool,
    /// What was decided on the way.
    pub told: Vec<String>,
}

/// Keys with the file they are of.
pub(super) struct Keys<'a>(pub &'a Sidecar);

impl Keys<'_> {
    pub fn refuse<T>(&self, problem: &str, why: &str, suggestion: &str) -> Result<T> {
        Err(Error::input(format!("{}: {problem}", self.0.path.display()), why, suggestion))
    }

    /// A value; none where it is absent or `n/a`.
    fn get(&self, key: &str) -> Option<&Value> {
        let value = self.0.keys.get(key).filter(|v| !v.is_null())?;
        let empty = |t: &str| ["", "n/a"].contains(&t.trim().to_lowercase().as_str());
        (!value.as_str().is_some_and(empty)).then_some(value)
    }

    fn text(&self, key: &str) -> Option<&str> {
        self.get(key)?.as_str().map(str::trim)
    }

    /// A number, also one that was written as a text.
    fn number(&self, key: &str) -> Result<Option<f64>> {
        let Some(value) = self.get(key) else { return Ok(None) };
        match number(value) {
            Some(number) => Ok(Some(number)),
            None => self.refuse(&format!("{key} is {value}"), "it is no number", "Correct it."),
        }
    }

    fn needed(&self, key: &str, why: &str) -> Result<f64> {
        match self.number(key)? {
            Some(number) => Ok(number),
            None => self.refuse(
                &format!("{key} is missing"),
                why,
                "Add it to the sidecar (seconds after TimeZero), or write the study by hand: voxgray help-file study.",
            ),
        }
    }

    /// One number or a list of them; none where it is absent.
    pub fn list(&self, key: &str) -> Result<Option<Vec<f64>>> {
        let Some(value) = self.get(key) else { return Ok(None) };
        let found = match value {
            Value::Array(items) => items.iter().map(number).collect(),
            one => number(one).map(|n| vec![n]),
        };
        match found {
            Some(all) => Ok(Some(all)),
            None => {
                self.refuse(&format!("{key} is {value}"), "it is no list of numbers", "Correct it.")
            }
        }
    }

    fn flag(&self, key: &str) -> Result<Option<bool>> {
        let Some(value) = self.get(key) else { return Ok(None) };
        let lower = value.as_str().unwrap_or_default().trim().to_lowercase();
        match (value.as_bool(), lower.as_str()) {
            (Some(flag), _) => Ok(Some(flag)),
            (None, "true") => Ok(Some(true)),
            (None, "false") => Ok(Some(false)),
            _ => self.refuse(&format!("{key} is {value}"), "it is true or false", "Correct it."),
        }
    }
}

fn number(value: &Value) -> Option<f64> {
    let read = value.as_f64().or_else(|| value.as_str()?.trim().parse().ok());
    read.filter(|n: &f64| n.is_finite())
}

/// Reads a sidecar.
///
/// # Errors
/// If what the activity at a time hangs on is missing, is in another unit, or contradicts itself.
pub fn facts(sidecar: &Sidecar) -> Result<Facts> {
    let keys = Keys(sidecar);
    let mut told = Vec::new();
    let nuclide = nuclide(&keys)?;
    let decay = decay(&keys, nuclide.as_deref())?;
    let why = "activity at a time is counted from the administration";
    let injection = keys.needed("InjectionStart", why)?;
    let scan = keys.number("ScanStart")?;
    let mut frames = frames(&keys, injection, scan)?;
    let corrected_to = corrected_to(&keys, injection)?;
    if corrected_to.is_none() && frames.iter().any(|f| f.duration_s.is_none()) {
        return keys.refuse(
            "FrameDuration is missing and ImageDecayCorrected is false",
            "values that are not corrected for decay are means over their frames, whose lengths decide the activity",
            "Add FrameDuration (s, one for each frame) to the sidecar.",
        );
    }
    frames.iter_mut().for_each(|f| f.corrected_to_s = corrected_to);
    if !by_factors(&keys, &mut frames, decay.as_ref(), &mut told)? {
        by_name(&keys, &frames, injection, scan)?;
    }
    let clock = match keys.text("TimeZero") {
        None => None,
        Some(text) => match dicom_time(text) {
            Some(time) => Some(
                f64::from(time.hour()) * 3600.0
                    + f64::from(time.minute()) * 60.0
                    + f64::from(time.second()),
            ),
            None => {
                return keys.refuse(
                    &format!("TimeZero is '{text}'"),
                    "it is a time of day",
                    "Write hh:mm:ss.",
                );
            }
        },
    };
    let attenuation = keys.text("AttenuationCorrection").map(str::to_lowercase);
    Ok(Facts {
        unit: unit(&keys)?,
        nuclide,
        tracer: keys.text("TracerName").map(str::to_owned),
        administered_bq: administered(&keys)?,
        administered_clock_s: clock.map(|zero| (zero + injection).rem_euclid(SECONDS_PER_DAY)),
        frames,
        attenuation_corrected: attenuation
            .is_some_and(|a| !a.starts_with("no") && !a.contains("uncorrected")),
        told,
    })
}

fn unit(keys: &Keys) -> Result<InputUnit> {
    let Some(text) = keys.text("Units") else {
        return keys.refuse(
            "Units is missing",
            "Bq/mL and kBq/mL differ by a thousand, and nothing tells which it is",
            "Add \"Units\": \"Bq/mL\", or whichever it is.",
        );
    };
    let known = [InputUnit::BqPerMl, InputUnit::KbqPerMl, InputUnit::MbqPerMl];
    let plain =
        text.to_lowercase().replace("/cc", "/ml").replace("/cm3", "/ml").replace("bqml", "bq/ml");
    let found = known.into_iter().find(|u| u.name().to_lowercase() == plain);
    match found {
        Some(unit) => Ok(unit),
        None => keys.refuse(
            &format!("Units is '{text}'"),
            "an activity concentration is in Bq/mL, kBq/mL or MBq/mL; counts and uptake values (SUV) are none",
            "Convert the image and correct the sidecar.",
        ),
    }
}

fn nuclide(keys: &Keys) -> Result<Option<String>> {
    let Some(text) = keys.text("TracerRadionuclide") else { return Ok(None) };
    match &nuclides_in_text(text)[..] {
        [one] => Ok(Some(one.clone())),
        _ => keys.refuse(
            &format!("TracerRadionuclide is '{text}'"),
            "it names no nuclide, or several",
            "Write for example F18.",
        ),
    }
}

/// The decay of a nuclide that is known; the sidecar's half-life is compared with it.
fn decay(keys: &Keys, nuclide: Option<&str>) -> Result<Option<Decay>> {
    let Some(name) = nuclide else { return Ok(None) };
    let Ok(known) = Nuclide::load(name) else { return Ok(None) };
    if let Some(stated) = keys.number("RadionuclideHalfLife")?
        && (stated / known.half_life_s - 1.0).abs() > SAME_HALF_LIFE
    {
        return keys.refuse(
            &format!("RadionuclideHalfLife is {stated} and TracerRadionuclide names {name}"),
            &format!("{name} has a half-life of {:.1} s", known.half_life_s),
            "Correct whichever is wrong; what was corrected for decay was corrected with one of them.",
        );
    }
    Ok(Some(Decay::of(&known)))
}

fn administered(keys: &Keys) -> Result<Option<f64>> {
    let Some(amount) = keys.number("InjectedRadioactivity")? else { return Ok(None) };
    let Some(text) = keys.text("InjectedRadioactivityUnits") else {
        return keys.refuse(
            "InjectedRadioactivityUnits is missing",
            "InjectedRadioactivity is a number without it",
            "Add \"InjectedRadioactivityUnits\": \"MBq\", or whichever it is.",
        );
    };
    // Exact spelling first: mCi and MCi are not one.
    let units = [
        ("Bq", 1.0),
        ("kBq", 1e3),
        ("MBq", BQ_PER_MBQ),
        ("GBq", BQ_PER_GBQ),
        ("uCi", 1e-6 * BQ_PER_CI),
        ("µCi", 1e-6 * BQ_PER_CI),
        ("mCi", 1e-3 * BQ_PER_CI),
        ("Ci", BQ_PER_CI),
    ];
    match units.iter().find(|u| u.0 == text) {
        Some((_, scale)) if amount > 0.0 => Ok(Some(amount * scale)),
        Some(_) => keys.refuse(
            &format!("InjectedRadioactivity is {amount}"),
            "it is above 0",
            "Correct it.",
        ),
        None => keys.refuse(
            &format!("InjectedRadioactivityUnits is '{text}'"),
            "known are Bq, kBq, MBq, GBq, uCi, mCi and Ci",
            "Correct it; large and small letters differ.",
        ),
    }
}

/// Frames, on the clock of the administration.
fn frames(keys: &Keys, injection: f64, scan: Option<f64>) -> Result<Vec<Frame>> {
    let Some(starts) = keys.list("FrameTimesStart")?.filter(|l| !l.is_empty()) else {
        return keys.refuse(
            "FrameTimesStart is missing",
            "when the values were measured is not known without it",
            "Add the start of each frame (s after TimeZero) to the sidecar.",
        );
    };
    let durations = keys.list("FrameDuration")?;
    if let Some(d) = durations.as_ref().filter(|d| d.len() != starts.len()) {
        return keys.refuse(
            &format!("FrameTimesStart has {} values, FrameDuration {}", starts.len(), d.len()),
            "each frame has one of both",
            "Correct them.",
        );
    }
    if let Some(d) = durations.iter().flatten().find(|d| **d <= 0.0 || **d > LONGEST_FRAME_S) {
        return keys.refuse(
            &format!("FrameDuration has {d}"),
            "a frame lasts longer than 0 s and shorter than a day; it is in seconds, ActualFrameDuration (0018,1242) of DICOM in milliseconds",
            "Correct it.",
        );
    }
    let first = starts.iter().copied().fold(f64::INFINITY, f64::min);
    if let Some(scan) = scan.filter(|s| first < s - SAME_S) {
        return keys.refuse(
            &format!("FrameTimesStart begins at {first} s and ScanStart is {scan} s"),
            "both count from TimeZero, and no frame begins before its scan: the frames may have been counted from the scan, which is another activity",
            "Correct FrameTimesStart (add ScanStart to each), or whichever is wrong.",
        );
    }
    let ends = durations.iter().flatten().zip(&starts).map(|(d, s)| d + s);
    let overlap = ends.zip(starts.iter().skip(1)).find(|(end, next)| *end > **next + SAME_S);
    if let Some((end, next)) = overlap {
        return keys.refuse(
            &format!("a frame ends at {end} s and the next begins at {next} s"),
            "frames follow each other; FrameTimesStart and FrameDuration are both in seconds",
            "Correct them.",
        );
    }
    let frame = |(n, start): (usize, &f64)| Frame {
        start_s: start - injection,
        duration_s: durations.as_ref().map(|d| d[n]),
        corrected_to_s: None,
    };
    Ok(starts.iter().enumerate().map(frame).collect())
}

/// To when the values are corrected, s after the administration; none where they are not.
fn corrected_to(keys: &Keys, injection: f64) -> Result<Option<f64>> {
    let Some(corrected) = keys.flag("ImageDecayCorrected")? else {
        return keys.refuse(
            "ImageDecayCorrected is missing",
            "whether the values are corrected for decay changes the activity, and nothing tells",
            "Add ImageDecayCorrected, and ImageDecayCorrectionTime (s after TimeZero) where it is true.",
        );
    };
    if !corrected {
        return Ok(None);
    }
    let why = "the values are corrected for decay, to a time that is not known";
    Ok(Some(keys.needed("ImageDecayCorrectionTime", why)? - injection))
}

/// Compares what dcm2niix keeps of DICOM's DecayCorrection with the stated times.
fn by_name(keys: &Keys, frames: &[Frame], injection: f64, scan: Option<f64>) -> Result<()> {
    let Some(name) = keys.text("DecayCorrection") else { return Ok(()) };
    let to = frames.first().and_then(|f| f.corrected_to_s);
    let at = |time: f64| to.is_some_and(|to| (to - time).abs() < SAME_S);
    let starts = frames.first().map(|f| f.start_s).into_iter().chain(scan.map(|s| s - injection));
    let fits = match name {
        "NONE" => to.is_none(),
        "ADMIN" => at(0.0),
        "START" => starts.into_iter().any(at),
        _ => true,
    };
    if fits {
        return Ok(());
    }
    let said = to.map_or("the values are not corrected".to_owned(), |to| {
        format!("they are corrected to {to} s after InjectionStart")
    });
    keys.refuse(
        &format!("DecayCorrection is {name}, and by ImageDecayCorrected and ImageDecayCorrectionTime {said}"),
        "they contradict each other, and each gives another activity",
        "Correct whichever is wrong.",
    )
}
