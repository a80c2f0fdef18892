//! Activity by a dose calibrator: readings of a source and of what was left behind, referred to one time. Neglects radionuclide
//! impurities and the source's self-absorption beyond the geometry factor.
//!
//! A = K sum_j s_j G_j (m_j - b_j) exp(lambda (t_j - t)), with K the calibrator's factor, G_j the geometry's, m_j and b_j reading and
//! background at time t_j, s = 1 for the full source and -1 for a residual. K and G are shared: their uncertainty acts on the difference.
//! Uncertainty: law of propagation (JCGM 100:2008, eq. 10).

use super::budget::{Budget, Component};
use super::check::{not_negative, positive, uncertain};
use super::decay_time::Decay;
use crate::error::{Error, Result};
use crate::physics::canonical_name;
use crate::time::Moment;
use crate::units::{BQ_PER_CI, BQ_PER_MBQ};

/// Unit of a calibrator's display.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CalibratorUnit(usize);

impl CalibratorUnit {
    const ALL: [(&str, f64); 8] = [
        ("Bq", 1.0),
        ("kBq", 1e3),
        ("MBq", BQ_PER_MBQ),
        ("GBq", 1e9),
        ("uCi", 1e-6 * BQ_PER_CI),
        ("mCi", 1e-3 * BQ_PER_CI),
        ("Ci", BQ_PER_CI),
        ("nCi", 1e-9 * BQ_PER_CI),
    ];

    /// Parses `MBq`, `mCi` and so on; upper and lower case count (mCi is not MCi).
    ///
    /// # Errors
    /// If the unit is unknown.
    pub fn parse(text: &str) -> Result<Self> {
        let found = Self::ALL.iter().position(|(name, _)| *name == text);
        found.map(CalibratorUnit).ok_or_else(|| {
            Error::input(
                format!("activity unit '{text}'"),
                format!("known are {}", Self::ALL.map(|(name, _)| name).join(", ")),
                "Write one of them, with its upper and lower case.",
            )
        })
    }

    /// Bq in one unit.
    pub fn bq(self) -> f64 {
        Self::ALL[self.0].1
    }
}

/// One reading of a dose calibrator.
#[derive(Debug, Clone, PartialEq)]
pub struct Reading {
    /// What was measured, for messages: `syringe`, `residual in the line`.
    pub name: String,
    /// The calibrator's nuclide setting.
    pub nuclide: String,
    /// Name of the vial, syringe or holder, one of the calibrator's geometries.
    pub geometry: String,
    /// Displayed value.
    pub value: f64,
    /// Standard uncertainty of the displayed value (repeatability, resolution), same unit.
    pub standard_uncertainty: f64,
    /// Background, same unit, and its standard uncertainty.
    pub background: [f64; 2],
    /// Unit of all of these.
    pub unit: CalibratorUnit,
    /// When.
    pub time: Moment,
    /// Standard uncertainty of the time, s (the clock).
    pub time_uncertainty_s: f64,
}

/// A vial, syringe or holder.
#[derive(Debug, Clone, PartialEq)]
pub struct Geometry {
    /// Its name.
    pub name: String,
    /// Factor on the reading for this geometry.
    pub factor: f64,
    /// Relative standard uncertainty of the factor; zero only if the calibrator's covers it.
    pub relative_uncertainty: f64,
}

/// A dose calibrator set to one nuclide.
#[derive(Debug, Clone, PartialEq)]
pub struct Calibrator {
    /// Its name.
    pub name: String,
    /// Nuclide for which factor and uncertainty hold.
    pub nuclide: String,
    /// Factor on every reading (1 for a calibrator that was set right).
    pub factor: f64,
    /// Relative standard uncertainty of the factor, from its certificate.
    pub relative_uncertainty: f64,
    /// Geometries with their factors.
    pub geometries: Vec<Geometry>,
}

/// A source before it was used and what was left of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Assay {
    /// Nuclide of the source.
    pub nuclide: String,
    /// The full source.
    pub full: Reading,
    /// What was left in syringe, vial or line.
    pub residuals: Vec<Reading>,
}

impl Calibrator {
    /// Administered activity at the time of injection, Bq.
    ///
    /// # Errors
    /// As [`Calibrator::activity_at`]; also if the full source was read after the injection, or a residual before it.
    pub fn administered(&self, assay: &Assay, injection: &Moment, decay: &Decay) -> Result<Budget> {
        let late = injection.seconds_since(&assay.full.time)? < 0.0;
        let mut early = None;
        for residual in &assay.residuals {
            if residual.time.seconds_since(injection)? < 0.0 {
                early = Some(residual);
            }
        }
        if late || early.is_some() {
            let wrong = early.unwrap_or(&assay.full);
            return Err(Error::input(
                format!(
                    "'{}' was read at {}, the injection was at {injection}",
                    wrong.name, wrong.time
                ),
                "the full source is read before the injection and a residual after it",
                "Check the times and the clocks of calibrator and ward.",
            ));
        }
        let mut budget = self.activity_at(assay, injection, decay)?;
        budget.quantity = "administered activity at injection".into();
        Ok(budget)
    }

    /// Activity of the source less its residuals at `reference`, Bq.
    ///
    /// # Errors
    /// If a reading is of another nuclide or an unknown geometry, is not above its background, has no uncertainty, lies more than ten
    /// half-lives from the reference, or only one of the times states its offset from UTC; if nothing remains after the residuals.
    pub fn activity_at(&self, assay: &Assay, reference: &Moment, decay: &Decay) -> Result<Budget> {
        let k = positive("the factor of the calibrator", self.factor)?;
        uncertain(&format!("the factor of calibrator '{}'", self.name), self.relative_uncertainty)?;
        same_nuclide("calibrator", &self.nuclide, &assay.nuclide)?;
        let mut terms = Vec::new();
        let signed = std::iter::once((1.0, &assay.full));
        for (sign, reading) in signed.chain(assay.residuals.iter().map(|r| (-1.0, r))) {
            terms.push(self.term(sign, reading, &assay.nuclide, reference, decay)?);
        }
        let value: f64 = terms.iter().map(|t| t.bq).sum();
        if value <= 0.0 {
            return Err(Error::input(
                format!("the residuals exceed the full source: {value:e} Bq remain"),
                "a negative activity cannot be administered",
                "Check units, times and which reading is which.",
            ));
        }
        let mut components = vec![Component::new(
            format!("calibrator '{}'", self.name),
            k * self.relative_uncertainty,
            value / k,
        )];
        for g in &self.geometries {
            let part: f64 = terms.iter().filter(|t| t.geometry == g.name).map(|t| t.bq).sum();
            if part != 0.0 && g.relative_uncertainty > 0.0 {
                let u = g.factor * g.relative_uncertainty;
                components.push(Component::new(
                    format!("geometry '{}'", g.name),
                    u,
                    part / g.factor,
                ));
            }
        }
        for t in &terms {
            let r = t.reading;
            components.push(Component::new(
                format!("reading '{}'", r.name),
                r.standard_uncertainty,
                t.bq_per_unit,
            ));
            if r.background[1] > 0.0 {
                components.push(Component::new(
                    format!("background '{}'", r.name),
                    r.background[1],
                    -t.bq_per_unit,
                ));
            }
            if r.time_uncertainty_s > 0.0 {
                let by_time = decay.constant_per_s() * t.bq;
                components.push(Component::new(
                    format!("clock '{}'", r.name),
                    r.time_uncertainty_s,
                    by_time,
                ));
            }
        }
        if let Some(u) = decay.half_life_uncertainty_s {
            let by_half_life: f64 =
                terms.iter().map(|t| t.bq * decay.ln_factor_by_half_life(t.elapsed_s)).sum();
            components.push(Component::new(
                "half-life",
                uncertain("the half-life", u)?,
                by_half_life,
            ));
        }
        Ok(Budget {
            quantity: format!("activity at {reference}"),
            unit: "Bq".into(),
            value,
            components,
        })
    }

    /// Part of an assay's relative standard uncertainty that all assays with this calibrator and geometries share (the factors).
    pub fn shared_relative_uncertainty(&self, budget: &Budget) -> f64 {
        let shared =
            |c: &&Component| c.name.starts_with("calibrator '") || c.name.starts_with("geometry '");
        budget.components.iter().filter(shared).map(|c| c.variance).sum::<f64>().sqrt()
            / budget.value
    }

    fn term<'a>(
        &self,
        sign: f64,
        reading: &'a Reading,
        nuclide: &str,
        reference: &Moment,
        decay: &Decay,
    ) -> Result<Term<'a>> {
        let in_reading =
            |e: Error| Error { problem: format!("reading '{}': {}", reading.name, e.problem), ..e };
        same_nuclide("reading", &reading.nuclide, nuclide).map_err(in_reading)?;
        uncertain("the reading", reading.standard_uncertainty).map_err(in_reading)?;
        for (what, value) in [
            ("the background", reading.background[0]),
            ("the uncertainty of the background", reading.background[1]),
            ("the uncertainty of the time, s,", reading.time_uncertainty_s),
        ] {
            not_negative(what, value).map_err(in_reading)?;
        }
        let geometry =
            self.geometries.iter().find(|g| g.name == reading.geometry).ok_or_else(|| {
                Error::input(
                    format!("reading '{}' is in geometry '{}'", reading.name, reading.geometry),
                    format!("calibrator '{}' has no factor for it", self.name),
                    "Add the geometry with its factor and uncertainty, or measure in a known one.",
                )
            })?;
        positive("the geometry's factor", geometry.factor)?;
        not_negative("the uncertainty of the geometry's factor", geometry.relative_uncertainty)?;
        let net = reading.value - reading.background[0];
        if !(net > 0.0 && net.is_finite()) {
            return Err(Error::input(
                format!(
                    "reading '{}' of {} less a background of {} is {net}",
                    reading.name, reading.value, reading.background[0]
                ),
                "a net reading must be above zero",
                "Check both; leave out a residual that cannot be told from the background.",
            ));
        }
        let elapsed_s = reference.seconds_since(&reading.time).map_err(in_reading)?;
        let decayed = decay.factor(elapsed_s).map_err(in_reading)?;
        let bq_per_unit = sign * self.factor * geometry.factor * reading.unit.bq() * decayed;
        Ok(Term {
            reading,
            geometry: &reading.geometry,
            elapsed_s,
            bq_per_unit,
            bq: net * bq_per_unit,
        })
    }
}

/// A reading's part of the sum.
struct Term<'a> {
    reading: &'a Reading,
    geometry: &'a str,
    /// From the reading to the reference, s.
    elapsed_s: f64,
    /// Derivative of the result by the reading; negative for a residual.
    bq_per_unit: f64,
    /// Its part of the result, Bq.
    bq: f64,
}

/// The same nuclide, whatever the spelling.
///
/// # Errors
/// If not, or unknown.
pub(super) fn same_nuclide(whose: &str, found: &str, wanted: &str) -> Result<()> {
    let (a, b) = (canonical_name(found)?, canonical_name(wanted)?);
    if a == b {
        return Ok(());
    }
    Err(Error::input(
        format!("the {whose} is for {a}, the source is {b}"),
        "a calibration holds for one nuclide only",
        "Measure with the setting of the source's nuclide.",
    ))
}

#[cfg(test)]
#[path = "measurement_tests.rs"]
mod tests;
