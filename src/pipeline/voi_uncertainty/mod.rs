//! Doses of VOIs from counts, with their uncertainty: what `voxgray uncertainty` computes. Neglects what VOIs share; each has a budget of its own.

mod checks;
mod input;
mod recovery;

use crate::activity::{Budget, Extrapolation};
use crate::error::{Error, Result};
use crate::kinetics::decay_corrected::suspicion;
use crate::kinetics::{Fit, Integrated, Points, Spread, integrate_points};
use crate::stats::NORMAL_97_5;
use crate::uncertainty::{DoseChain, MonteCarlo, Part, TimeIntegral};
use crate::units::BQ_PER_MBQ;

pub use checks::{in_file, in_voi};
pub use input::{UncertaintyInput, VoiInput};
pub use recovery::Recovery;

/// A refit that misses this share of the integral's uncertainty is completed.
const MISSED: f64 = 0.02;
/// Ratios of points that agree to this are one factor.
const ONE_FACTOR: f64 = 1e-9;
/// A widening that is told, relative.
const WORTH_TELLING: f64 = 5e-3;

/// The dose of a VOI with its uncertainty.
#[derive(Debug)]
pub struct VoiUncertainty {
    /// The integrated curve of the measured points.
    pub curve: Integrated,
    /// Recovery at the volume.
    pub recovery: f64,
    /// Whether the volume is outside of the recovery curve's.
    pub extrapolated: bool,
    /// The dose, Gy, and what its uncertainty is made of.
    pub budget: Budget,
    /// The same by sampling the whole chain.
    pub sampled: MonteCarlo,
    /// What the user should judge.
    pub warnings: Vec<String>,
}

impl VoiUncertainty {
    /// 95 % of a normal distribution about the value, Gy.
    pub fn interval(&self) -> [f64; 2] {
        let half = NORMAL_97_5 * self.budget.standard_uncertainty();
        [self.budget.value - half, self.budget.value + half]
    }
}

/// Asks about values that nobody said to be decay-corrected or not, and that physical decay alone does not allow.
///
/// # Errors
/// If there are such.
pub fn ask(voi: &VoiInput, lambda: f64) -> Result<()> {
    let pairs = voi.rates_cps.iter().zip(&voi.relative_uncertainties);
    let absolute: Vec<f64> = pairs.map(|(v, u)| v * u).collect();
    match suspicion(&voi.times_s, &voi.rates_cps, Some(&absolute), lambda) {
        None => Ok(()),
        Some(found) => Err(found.question(
            "not said whether decay-corrected",
            "Add decay_corrected = \"injection\" to the top of the file if its values are corrected to the time of injection (it is then undone), \
             or \"no\" if they are those of their times.",
        )),
    }
}

/// The dose of a VOI with its budget, and `samples` of the whole chain, fit included, drawn from `seed`. `lambda` is the decay constant, 1/s.
///
/// # Errors
/// If the curve cannot be fitted or its integral has no upper bound, the volume is outside of a recovery curve that refuses it, or nothing can be
/// sampled.
pub fn evaluate(voi: &VoiInput, lambda: f64, samples: usize, seed: u64) -> Result<VoiUncertainty> {
    let (curve, rule, coefficient) = match &voi.recovery {
        Recovery::None => (None, Extrapolation::Refuse, None),
        Recovery::Coefficient(r) => (None, Extrapolation::Refuse, Some(*r)),
        Recovery::Curve(curve, rule) => (Some(curve), *rule, None),
    };
    let [v, u_v] = voi.volume_ml;
    let extrapolated = match curve {
        Some(curve) => curve.recovery(v, u_v, rule)?.extrapolated,
        None => false,
    };
    let recovery = curve.map(|c| c.value(v)).or(coefficient.map(|c| c.value)).unwrap_or(1.0);
    let per_rate = BQ_PER_MBQ / (voi.factor.budget.value * recovery);
    let activities: Vec<f64> = voi.rates_cps.iter().map(|r| r * per_rate).collect();
    let curve_of_points = fitted(voi, &activities, lambda)?;
    let mut warnings = curve_of_points.tia.warnings.clone();
    let whole = curve_of_points.tia.relative_uncertainty();
    if curve_of_points.fit().is_some() && !whole.is_finite() {
        return Err(Error::input(
            format!("the integral of a {} curve has no upper bound", curve_of_points.name()),
            "the points allow curves of any larger integral (voxgray fit shows the interval), and a budget without it would be none",
            "Choose a model with fewer parameters, or auto, or add time points.",
        ));
    }
    // What is drawn has the spread that the fit found: shares of its curve, widened where the residuals say so.
    let spread = curve_of_points.fit().map_or(&curve_of_points.tac, |f| &f.points);
    let spread = spread.uncertainties().to_vec();
    let widened = widened(&curve_of_points);
    if widened > 1.0 + WORTH_TELLING {
        warnings.push(format!(
            "counts' uncertainties widened {widened:.2}-fold: residuals, and the other curves that describe the points"
        ));
    }
    if extrapolated {
        warnings.push("the volume is outside of the recovery curve's".into());
    }
    let rates: Vec<[f64; 2]> =
        voi.rates_cps.iter().zip(&spread).map(|(r, u)| [*r, widened * u / per_rate]).collect();
    // Of points that are all larger by one factor the integral is: no refit, whose minimum may be another, is asked.
    let integrate = |moved: &[f64]| {
        let ratio = moved[0] / activities[0];
        let alike = |(a, b): (&f64, &f64)| (a / b / ratio - 1.0).abs() < ONE_FACTOR;
        match moved.iter().zip(&activities).all(alike) {
            true => Ok(ratio * curve_of_points.tia.value),
            false => curve_of_points.integral_of(moved),
        }
    };
    let mut chain = DoseChain {
        voi: &voi.name,
        volume_ml: voi.volume_ml,
        count_exponent: voi.count_exponent,
        recovery: curve,
        coefficient,
        extrapolation: rule,
        factor: &voi.factor,
        tac: TimeIntegral::Refit { rates_cps: &rates, integrate: &integrate },
        s_value: voi.s_value,
        s_exponent: voi.s_exponent,
        transport_relative: voi.transport_relative,
        model_relative: voi.model_relative,
    };
    let mut budget = chain.budget()?;
    // A refit of points that leave a rate open jumps between curves that fit as well, and its derivative is none: the integral's own uncertainty counts.
    if whole < of_refits(&budget) / (1.0 + MISSED) {
        let value = budget.value;
        let of_points = budget.components.iter_mut().filter(|c| c.name == Part::Fit.name());
        for (n, part) in of_points.enumerate() {
            part.variance = if n == 0 { (whole * value).powi(2) } else { 0.0 };
        }
    }
    // Refits of one family do not see what rests on its priors, or what other families make of the same points.
    let refitted = of_refits(&budget);
    if whole.is_finite() && whole > refitted * (1.0 + MISSED) {
        let more = (whole * whole - refitted * refitted).sqrt();
        chain.model_relative = Some(voi.model_relative.unwrap_or(0.0).hypot(more));
        budget = chain.budget()?;
        warnings.push(format!(
            "refits of the {} curve spread by {:.2} %, its integral is uncertain by {:.2} % (`voxgray fit`): what other curves make of the same points is \
             {:.2} % more, in the part '{}'",
            curve_of_points.name(),
            100.0 * refitted,
            100.0 * whole,
            100.0 * more,
            Part::Model.name()
        ));
    }
    if !whole.is_finite() {
        warnings.push(format!(
            "how uncertain the integral is by {} is not known: only what the points' own uncertainties make of it is in the budget",
            curve_of_points.name()
        ));
    }
    let sampled = chain.sample(samples, seed)?;
    Ok(VoiUncertainty { curve: curve_of_points, recovery, extrapolated, budget, sampled, warnings })
}

/// Relative standard uncertainty of a result by refits of its points.
fn of_refits(budget: &Budget) -> f64 {
    let of_points = budget.components.iter().filter(|c| c.name == Part::Fit.name());
    of_points.map(|c| c.variance).sum::<f64>().sqrt() / budget.value.abs()
}

/// By what the points' uncertainties are multiplied: a refit of one family spreads by less than its integral is uncertain by, where
/// residuals are larger than stated or other families describe the points as well.
fn widened(curve: &Integrated) -> f64 {
    let refit = curve.fit().map_or(f64::NAN, Fit::ln_tia_uncertainty);
    let whole = curve.tia.relative_uncertainty() / refit;
    if whole.is_finite() && whole > curve.widening() { whole } else { curve.widening() }
}

/// The curve of the measured points; its family is chosen once and kept.
fn fitted(voi: &VoiInput, activities: &[f64], lambda: f64) -> Result<Integrated> {
    let points = Points {
        times_s: voi.times_s.clone(),
        values: activities.to_vec(),
        spread: Spread::Relatives(voi.relative_uncertainties.clone()),
        // The calibration is a part of the chain by itself.
        common: 0.0,
    };
    let method = voi.method.build(std::f64::consts::LN_2 / lambda)?;
    integrate_points(&points, &method, lambda)
}
