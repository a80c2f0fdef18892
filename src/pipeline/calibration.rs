//! The calibration of a job's images: the newest factor of a history in place of a stated one.

use std::path::Path;

use super::Observer;
use super::inputs::{InputRecord, file_record};
use crate::activity::{
    Calibration, CalibrationInput, CalibrationValue, History, HistoryEntry, ImageCalibration,
};
use crate::error::{Error, Result};
use crate::job::SourceChoice;
use crate::physics::Nuclide;

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
    let found = CalibrationInput { factor: Some(factor), history: None, ..input.clone() };
    found.relative()?;
    Ok(found)
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
    let history = History::from_toml(text)?;
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
        return refuse(
            format!(
                "it has factors of several setups: {} {} {} and {} {} {}",
                last.setup.camera,
                last.setup.collimator,
                last.unit.name(),
                other.setup.camera,
                other.setup.collimator,
                other.unit.name()
            ),
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
        let two = text + &history(&[("2026-04-01T10:00:00", "Lu-177", "LEHR", 21.0)])[12..];
        refused(&two, "Lu-177", "several setups");
    }
}
