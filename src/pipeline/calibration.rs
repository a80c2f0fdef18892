//! The calibration of a job's images: the newest factor of a history in place of a stated one.

use std::path::Path;

use super::Observer;
use super::inputs::{InputRecord, file_record};
use crate::activity::{
    Calibration, CalibrationInput, CalibrationValue, History, HistoryEntry, ImageCalibration,
};
use crate::error::{Error, Result};
use crate::io::dicom::Facts;
use crate::job::SourceChoice;
use crate::physics::Nuclide;
use crate::time::Moment;
use crate::units::SECONDS_PER_DAY;

/// Limits of energy windows this near are those of one window with other digits, keV.
const SAME_WINDOW_KEV: f64 = 1.0;
/// Days after which a factor is to be measured again: gamma cameras are calibrated once a year at least (EANM physics committee, Eur. J.
/// Nucl. Med. Mol. Imaging 37, 662, 2010, doi:10.1007/s00259-009-1347-y).
const LASTS_DAYS: f64 = 366.0;

/// Said where nothing states the uncertainty of the activity's scale.
pub(super) const NOT_STATED: &str = "the uncertainty of the activity's calibration is not stated, so that of the VOIs' doses holds none of it; add \
    --calibration-uncertainty, or [calibration] uncertainty to a series file";

/// The calibration with its factor; says which factor of a history was taken.
///
/// # Errors
/// If the history cannot be read, holds no factor of the source's nuclide, or factors of several setups; or a factor is stated too.
pub(super) fn resolved(
    input: &CalibrationInput,
    source: &SourceChoice,
    observer: &dyn Observer,
    records: &mut Vec<InputRecord>,
) -> Result<CalibrationInput> {
    let Some(path) = &input.history else {
        input.relative()?;
        return Ok(input.clone());
    };
    if input.factor.is_some() {
        return Err(Error::usage(
            "a calibration factor and a calibration history",
            "they say the same twice",
            "Leave one of them out.",
        ));
    }
    let SourceChoice::Nuclide { name, .. } = source else {
        return Err(Error::usage(
            "a calibration history with --source",
            "a factor holds for one nuclide",
            "Give --nuclide, or the factor itself.",
        ));
    };
    let text = crate::files::text(path)?;
    let entry = newest(&text, name).map_err(|e| in_file(path, e))?;
    records.push(file_record("calibration_history", path)?);
    let factor = factor_of(&entry);
    observer.say(&format!(
        "calibration factor of {} ({}, {}, {}, {} to {} keV): {factor}",
        entry.time,
        entry.setup.camera,
        entry.setup.nuclide,
        entry.setup.collimator,
        entry.setup.window_kev[0],
        entry.setup.window_kev[1],
    ));
    let measured = Some((entry.setup.clone(), entry.time));
    let found = CalibrationInput { factor: Some(factor), history: None, measured, ..input.clone() };
    found.relative()?;
    Ok(found)
}

/// Compares what a factor from a history holds for with what an image says of itself: what differs, and what cannot be compared.
pub(super) fn against_image(input: &CalibrationInput, facts: &Facts) -> Vec<String> {
    let Some((setup, time)) = &input.measured else { return Vec::new() };
    let mut found = Vec::new();
    let [low, high] = setup.window_kev;
    if let Some([a, b]) = facts.energy_window.as_ref().and_then(|w| w.limits_kev)
        && ((a - low).abs() > SAME_WINDOW_KEV || (b - high).abs() > SAME_WINDOW_KEV)
    {
        found.push(format!(
            "the calibration factor is for an energy window of {low} to {high} keV, the image has {a} to {b} keV"
        ));
    }
    if let Some(device) = facts.device.as_deref().filter(|d| !alike(&setup.camera, d)) {
        found.push(format!(
            "the calibration factor is for the camera '{}', the image is of '{device}': whether they are one cannot be told",
            setup.camera
        ));
    }
    if let Some(grid) =
        facts.collimator.as_deref().filter(|c| !same_collimator(&setup.collimator, c))
    {
        found.push(format!(
            "the calibration factor is for the collimator '{}', CollimatorGridName (0018,1180) is '{grid}': whether they are one cannot be told",
            setup.collimator
        ));
    }
    if let Some(scan) = facts.acquisition_time.or(facts.series_time) {
        let days = scan
            .seconds_since(time)
            .map_or_else(|_| days_between(time, &scan), |s| s / SECONDS_PER_DAY);
        if days < -1.0 {
            found.push(format!(
                "the calibration factor was measured on {}, {:.0} days after the image of {}",
                time.date(),
                -days,
                scan.date()
            ));
        } else if days > LASTS_DAYS {
            found.push(format!(
                "the calibration factor was measured on {}, {days:.0} days before the image of {}",
                time.date(),
                scan.date()
            ));
        }
    }
    found
}

/// Days from one date to another, where the clocks do not compare.
fn days_between(from: &Moment, to: &Moment) -> f64 {
    let midnight = |m: &Moment| Moment::new(m.date(), jiff::civil::Time::midnight(), None);
    midnight(to).seconds_since(&midnight(from)).map_or(0.0, |s| s / SECONDS_PER_DAY)
}

/// Whether two names of a collimator may be of one: the letters and digits of the shorter stand in the longer (`MEGP`, `Siemens ME-GP`; `ME`, `MELP`).
fn same_collimator(a: &str, b: &str) -> bool {
    let letters =
        |t: &str| t.to_lowercase().chars().filter(|c| c.is_alphanumeric()).collect::<String>();
    let [a, b] = [a, b].map(letters);
    let (short, long) = if a.len() <= b.len() { (a, b) } else { (b, a) };
    !short.is_empty() && long.contains(&short)
}

/// Whether a camera's name has a word of the device's.
fn alike(camera: &str, device: &str) -> bool {
    let words = |t: &str| -> Vec<String> {
        let lower = t.to_lowercase();
        let each = lower.split(|c: char| !c.is_alphanumeric()).filter(|w| w.len() > 1);
        each.map(String::from).collect()
    };
    let of_device = words(device);
    words(camera).iter().any(|w| of_device.contains(w))
}

/// The factor with the uncertainty of its random and shared parts.
fn factor_of(entry: &HistoryEntry) -> ImageCalibration {
    let u = entry.random_uncertainty.hypot(entry.shared_uncertainty);
    ImageCalibration {
        value: CalibrationValue::PerRate(entry.value, entry.unit),
        relative_uncertainty: Some(u / entry.value),
    }
}

/// The newest factor for a nuclide in a history of one setup.
fn newest(text: &str, nuclide: &str) -> Result<HistoryEntry> {
    let history = History::of_history_or_readings(text)?;
    let wanted = Nuclide::load(nuclide)?.name;
    let of_nuclide =
        |e: &&HistoryEntry| Nuclide::load(&e.setup.nuclide).is_ok_and(|found| found.name == wanted);
    let usable: Vec<&HistoryEntry> = history.entries().iter().filter(of_nuclide).collect();
    let refuse = |problem: String, why: &str| {
        Err(Error::input(problem, why, "Give the factor itself with --calibration."))
    };
    let Some(last) = usable.last() else {
        return refuse(format!("it has no factor for {wanted}"), "a factor holds for one nuclide");
    };
    let other = usable.iter().find(|e| e.unit != last.unit || e.setup.check(&last.setup).is_err());
    if let Some(other) = other {
        let named = |e: &HistoryEntry| {
            let [low, high] = e.setup.window_kev;
            let (camera, collimator) = (&e.setup.camera, &e.setup.collimator);
            format!("{camera} {collimator} {low}-{high} keV {}", e.unit.name())
        };
        return refuse(
            format!("it has factors of several setups: {} and {}", named(last), named(other)),
            "which one the image was taken with is not known",
        );
    }
    Ok((*last).clone())
}

fn in_file(path: &Path, error: Error) -> Error {
    Error { problem: format!("{}: {}", path.display(), error.problem), ..error }
}

/// What counts become before the duration is known, when only the file states it: count rates for one second.
pub(super) fn for_one_second(factor: &ImageCalibration) -> Result<Calibration> {
    factor.per_count(Some(1.0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::activity::FactorUnit;

    fn history(entries: &[(&str, &str, &str, f64)]) -> String {
        let mut text = String::from("version = 1\n");
        for (time, nuclide, collimator, value) in entries {
            text.push_str(&format!(
                "[[calibration]]\ntime = {time}\ncamera = 'C'\nnuclide = '{nuclide}'\ncollimator = '{collimator}'\n\
                 window_kev = [187.2, 228.8]\nunit = 'cps/MBq'\nvalue = {value:?}\nrandom_uncertainty = 0.3\n\
                 shared_uncertainty = 0.4\nacquisitions = 2\n"
            ));
        }
        text
    }

    #[test]
    fn what_the_image_says_otherwise_is_told() {
        let text = history(&[("2026-02-01T10:00:00+01:00", "Lu-177", "MEGP", 20.0)]);
        let mut entry = newest(&text, "Lu-177").unwrap();
        entry.setup.camera = "Symbia, OSEM 5i".into();
        let input = CalibrationInput {
            measured: Some((entry.setup.clone(), entry.time)),
            ..CalibrationInput::default()
        };
        let facts = |device: &str, window: [f64; 2], time: &str| Facts {
            device: Some(device.into()),
            energy_window: Some(crate::io::dicom::EnergyWindow {
                name: None,
                limits_kev: Some(window),
            }),
            acquisition_time: Some(Moment::parse(time).unwrap()),
            ..Facts::default()
        };
        let told = |f: &Facts| against_image(&input, f);
        let same = facts("SIEMENS Symbia Intevo", [187.2, 228.8], "2026-03-01T09:00:00");
        assert!(told(&same).is_empty(), "{:?}", told(&same));
        for (f, part) in [
            (facts("SIEMENS Symbia", [101.7, 124.3], "2026-03-01T09:00:00"), "101.7 to 124.3 keV"),
            (facts("GE Discovery", [187.2, 228.8], "2026-03-01T09:00:00+01:00"), "'GE Discovery'"),
            (facts("Symbia", [187.2, 228.8], "2025-12-01T09:00:00Z"), "days after the image"),
            (facts("Symbia", [187.2, 228.8], "2027-12-01T09:00:00"), "668 days before"),
        ] {
            assert!(told(&f).len() == 1 && told(&f)[0].contains(part), "{part}: {:?}", told(&f));
        }
        assert!(against_image(&CalibrationInput::default(), &same).is_empty());
        for (grid, differs) in [
            ("MEGP", false),
            ("Siemens ME-GP", false),
            ("ME", false),
            ("LEHR", true),
            ("HEGP", true),
        ] {
            let f = Facts { collimator: Some(grid.into()), ..same.clone() };
            assert_eq!(told(&f).iter().any(|t| t.contains("collimator 'MEGP'")), differs, "{grid}");
        }
    }

    #[test]
    fn the_newest_factor_of_the_nuclide_is_taken() {
        let text = history(&[
            ("2026-01-01T10:00:00", "Lu-177", "MEGP", 19.0),
            ("2026-02-01T10:00:00", "Lu-177", "MEGP", 20.0),
            ("2026-03-01T10:00:00", "Tc-99m", "LEHR", 90.0),
        ]);
        let factor = factor_of(&newest(&text, "lu177").unwrap());
        assert_eq!(factor.value, CalibrationValue::PerRate(20.0, FactorUnit::CpsPerMbq));
        assert!((factor.relative_uncertainty.unwrap() - 0.025).abs() < 1e-12);
        let refused = |text: &str, nuclide: &str, expected: &str| {
            let error = newest(text, nuclide).unwrap_err().to_string();
            assert!(error.contains(expected), "'{expected}' not in: {error}");
        };
        refused(&text, "Y-90", "no factor for Y-90");
        // The readings themselves, as voxgray calibrate takes them.
        let help = include_str!("../cli/help_file/calibrate.txt");
        let readings = help.split_once("Example:\n").unwrap().1;
        let made = crate::activity::CalibrationResult::from_toml(readings).unwrap();
        let found = newest(readings, "Lu-177").unwrap();
        assert_eq!(found, made.history_entry());
        refused(readings, "Y-90", "no factor for Y-90");
        let two = text + &history(&[("2026-04-01T10:00:00", "Lu-177", "LEHR", 21.0)])[12..];
        refused(&two, "Lu-177", "several setups");
    }
}
