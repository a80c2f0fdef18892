//! The mean of several acquisitions and its use. Neglects changes of the camera between them, but for widening by Birge ratios.
//!
//! Generalised least squares with relative covariance C_ij = (i = j) own_i^2 + (same fill) f^2: own is what is random from scan to scan (counts,
//! background, volume), f the assay of one fill, which its scans share. C is a block per fill, so the mean is taken in two steps, and each part of
//! the variance is tested against the scatter that shows it, and only that:
//!
//! - **within fills**, f cancels: chi2_w = sum over fills of r^T C_k^-1 r about the fill's own mean, n - m degrees of freedom for n scans of m fills.
//!   Where R_w = sqrt(chi2_w / (n - m)) is above one, own is multiplied by it. f is not: no scatter of scans of one fill tells of its assay.
//! - **between fills**: a fill's mean has v_k = 1 / (1^T C_k^-1 1) with own so widened; chi2_b = sum (x_k / mean - 1)^2 / v_k, m - 1 degrees of freedom.
//!   Where R_b = sqrt(chi2_b / (m - 1)) is above one, the result's uncertainty 1 / sqrt(sum 1 / v_k) is multiplied by it: fills are independent.
//!
//! What all share (calibrator, dead time) is added afterwards, weighted by w: it does not average out, and with absolute weights it would bias the
//! mean. A ratio of few degrees of freedom is itself uncertain: where the stated uncertainties are wrong, the mean +- 1.96 u holds the truth as often
//! as Student's t lies within 1.96, 70 % from two fills (+- 12.7 u would hold 95 %); `voxgray calibrate` says so.

use super::budget::{Budget, Component};
use super::camera::{Acquisition, CameraSetup, DEAD_TIME, FactorUnit, OF_FILL, SHARED};
use super::check::{positive, uncertain};
use super::decay_time::Decay;
use super::unit::Calibration;
use crate::error::{Error, Result};
use crate::units::BQ_PER_MBQ;

/// A calibration factor with what it holds for.
#[derive(Debug, Clone, PartialEq)]
pub struct CalibrationFactor {
    /// Camera, nuclide, collimator, window.
    pub setup: CameraSetup,
    /// Its unit.
    pub unit: FactorUnit,
    /// Value and uncertainty.
    pub budget: Budget,
    /// Standard uncertainty without what is shared with other calibrations by the same calibrator and camera.
    pub random_uncertainty: f64,
    /// Standard uncertainty from what is shared (calibrator, geometry, dead time).
    pub shared_uncertainty: f64,
    /// Number of acquisitions.
    pub acquisitions: usize,
    /// Chi-squared of the acquisitions about their mean with the stated uncertainties, without the shared part: within and between fills.
    pub chi2: f64,
    /// Birge ratios (Birge 1932, doi:10.1103/PhysRev.40.207) of the scans within fills and of the fills; above one, the part of the
    /// uncertainty that each tests was multiplied by it.
    pub birge: BirgeRatios,
    /// Relative standard uncertainty of the factor from the assay of each fill, by the fill's name.
    pub of_fills: Vec<(String, f64)>,
}

/// sqrt(chi2 / degrees of freedom) of the parts of the scatter; none where nothing is left to compare.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct BirgeRatios {
    /// Scans of one fill about its mean: tests what is random from scan to scan.
    pub within_fills: Option<f64>,
    /// Fills about the mean: tests what is random from fill to fill.
    pub between_fills: Option<f64>,
    /// Degrees of freedom of the two.
    pub degrees_of_freedom: [usize; 2],
}

/// What enters the mean: values, own relative variances, relative uncertainties of their fill, and the fill of each.
struct Scatter {
    values: Vec<f64>,
    own: Vec<f64>,
    of_fill: Vec<f64>,
    fill: Vec<usize>,
}

/// Their mean.
struct Mean {
    value: f64,
    /// Standard uncertainty without what all share.
    uncertainty: f64,
    /// Share of each acquisition; they sum to one.
    weights: Vec<f64>,
    chi2: f64,
    birge: BirgeRatios,
}

impl Scatter {
    fn mean(&self) -> Mean {
        let fills = self.fill.iter().max().map_or(0, |m| m + 1);
        let members = |k: usize| (0..self.values.len()).filter(move |i| self.fill[*i] == k);
        // What all scans of a fill share is the least of what they state; the rest (more decay since the assay) is their own. Unequal shared
        // parts would give one scan a negative weight to cancel the other's.
        let shared = |k: usize| members(k).map(|i| self.of_fill[i]).fold(f64::INFINITY, f64::min);
        let own = |i: usize, k: usize| self.own[i] + self.of_fill[i].powi(2) - shared(k).powi(2);
        // With one f the weights in a fill are those of own, and f cancels from chi2.
        let inner = |k: usize| {
            let sum: f64 = members(k).map(|i| 1.0 / own(i, k)).sum();
            let mean = members(k).map(|i| self.values[i] / own(i, k)).sum::<f64>() / sum;
            let chi2: f64 =
                members(k).map(|i| (self.values[i] / mean - 1.0).powi(2) / own(i, k)).sum();
            (sum, mean, chi2)
        };
        let within: f64 = (0..fills).map(|k| inner(k).2).sum();
        let free = self.values.len() - fills;
        let within_fills = (free > 0).then(|| (within / free as f64).sqrt());
        // Weights, mean and chi-squared of the fills, own widened by a factor.
        let outer = |widening: f64| {
            let v: Vec<f64> =
                (0..fills).map(|k| shared(k).powi(2) + widening * widening / inner(k).0).collect();
            let sum: f64 = v.iter().map(|v| 1.0 / v).sum();
            let mean = (0..fills).map(|k| inner(k).1 / v[k]).sum::<f64>() / sum;
            let chi2: f64 = (0..fills).map(|k| (inner(k).1 / mean - 1.0).powi(2) / v[k]).sum();
            (v, sum, mean, chi2)
        };
        let stated = outer(1.0).3;
        let (v, sum, value, between) = outer(within_fills.unwrap_or(1.0).max(1.0));
        let between_fills = (fills > 1).then(|| (between / (fills - 1) as f64).sqrt());
        let weight = |i: usize| {
            let k = self.fill[i];
            1.0 / v[k] / sum / own(i, k) / inner(k).0
        };
        Mean {
            value,
            uncertainty: value / sum.sqrt() * between_fills.unwrap_or(1.0).max(1.0),
            weights: (0..self.values.len()).map(weight).collect(),
            chi2: within + stated,
            birge: BirgeRatios {
                within_fills,
                between_fills,
                degrees_of_freedom: [free, fills.saturating_sub(1)],
            },
        }
    }
}

/// Mean of several acquisitions of one setup.
///
/// # Errors
/// If there are none, they differ in setup, or one of them is bad.
pub fn combine(
    acquisitions: &[Acquisition],
    unit: FactorUnit,
    decay: &Decay,
) -> Result<CalibrationFactor> {
    let first = acquisitions.first().ok_or_else(|| {
        Error::input("no acquisition", "a factor needs one or more", "Add a phantom acquisition.")
    })?;
    let mut factors = Vec::new();
    for acquisition in acquisitions {
        first.setup.check(&acquisition.setup)?;
        factors.push(acquisition.factor(unit, decay)?);
    }
    let n = factors.len();
    let relative = |i: usize, name: &str| -> f64 {
        let budget: &Budget = &factors[i];
        let part = budget.components.iter().filter(|c| c.name == name);
        part.map(|c| c.variance).sum::<f64>().sqrt() / budget.value
    };
    let own = |i: usize| -> f64 {
        let common = [SHARED, OF_FILL, DEAD_TIME];
        let part = factors[i].components.iter().filter(|c| !common.contains(&c.name.as_str()));
        part.map(|c| c.variance).sum::<f64>() / factors[i].value.powi(2)
    };
    let scatter = Scatter {
        values: factors.iter().map(|f| f.value).collect(),
        own: (0..n).map(own).collect(),
        of_fill: (0..n).map(|i| relative(i, OF_FILL)).collect(),
        fill: fill_numbers(acquisitions),
    };
    if let Some(i) = scatter.own.iter().position(|u| *u <= 0.0) {
        return Err(Error::input(
            format!("acquisition '{}' has no uncertainty of its own", acquisitions[i].name),
            "its weight is not determined",
            "State the uncertainty of the counts.",
        ));
    }
    let found = scatter.mean();
    let mut of_fills: Vec<(String, f64)> = Vec::new();
    for (i, a) in acquisitions.iter().enumerate() {
        if scatter.fill[i] == of_fills.len() {
            of_fills.push((a.fill.clone(), 0.0));
        }
        of_fills[scatter.fill[i]].1 += found.weights[i] * scatter.of_fill[i];
    }
    let (mean, random_uncertainty) = (found.value, found.uncertainty);
    let mean_of = |f: &dyn Fn(usize) -> f64| (0..n).map(|i| found.weights[i] * f(i)).sum::<f64>();
    let [calibrator, dead_time] = [SHARED, DEAD_TIME].map(|name| mean_of(&|i| relative(i, name)));
    let mut components = vec![
        Component::new(SHARED, calibrator, mean),
        Component::new("acquisitions (counts, fills, scatter among them)", random_uncertainty, 1.0),
    ];
    if dead_time > 0.0 {
        components.push(Component::new("dead time, shared by all", dead_time, mean));
    }
    let budget = Budget {
        quantity: "calibration factor".into(),
        unit: unit.name().into(),
        value: mean,
        components,
    };
    Ok(CalibrationFactor {
        setup: first.setup.clone(),
        unit,
        budget,
        random_uncertainty,
        shared_uncertainty: mean * calibrator.hypot(dead_time),
        acquisitions: n,
        chi2: found.chi2,
        birge: found.birge,
        of_fills,
    })
}

/// The number of each acquisition's fill.
fn fill_numbers(acquisitions: &[Acquisition]) -> Vec<usize> {
    let mut names: Vec<&str> = Vec::new();
    let mut found = Vec::new();
    for a in acquisitions {
        let number = names.iter().position(|n| *n == a.fill).unwrap_or_else(|| {
            names.push(&a.fill);
            names.len() - 1
        });
        found.push(number);
    }
    found
}

impl CalibrationFactor {
    /// What the factor shares with that of one more acquisition by the same calibrator and camera, `own`: the root of their relative covariance,
    /// from the calibrator, the assay if it is one of the factor's fills, and the dead time.
    pub fn shared_with(&self, acquisition: &Acquisition, own: &Budget) -> f64 {
        let part = |budget: &Budget, name: &str| {
            let of = budget.components.iter().filter(|c| c.name.starts_with(name));
            of.map(|c| c.variance).sum::<f64>().sqrt() / budget.value
        };
        let fill = self.of_fills.iter().find(|f| f.0 == acquisition.fill).map_or(0.0, |f| f.1);
        let covariance = part(&self.budget, SHARED) * part(own, SHARED)
            + fill * part(own, OF_FILL)
            + part(&self.budget, DEAD_TIME) * part(own, DEAD_TIME);
        covariance.sqrt()
    }

    /// Activity (Bq) or concentration (Bq/mL) of a net, dead-time corrected count rate and its standard uncertainty, cps.
    ///
    /// # Errors
    /// If the image was taken with another setup, or the rate is not positive or has no uncertainty.
    pub fn apply(&self, setup: &CameraSetup, rate_cps: [f64; 2]) -> Result<Budget> {
        self.setup.check(setup)?;
        let rate = positive("the count rate, cps,", rate_cps[0])?;
        let u = uncertain("the count rate", rate_cps[1])?;
        let (value, unit, sign) = match self.unit {
            FactorUnit::CpsPerMbq => (rate / self.budget.value * BQ_PER_MBQ, "Bq", -1.0),
            FactorUnit::BqPerMlPerCps => (rate * self.budget.value, "Bq/mL", 1.0),
        };
        let by_factor = sign * value / self.budget.value;
        let components = vec![
            Component::new("counts", u, value / rate),
            Component::new("calibration factor", self.budget.standard_uncertainty(), by_factor),
        ];
        Ok(Budget { quantity: "activity".into(), unit: unit.into(), value, components })
    }

    /// What one count of an image of `duration_s` stands for, as [`super::InputUnit::per_voxel`] takes it.
    ///
    /// # Errors
    /// If the image was taken with another setup, or the duration is not positive.
    pub fn per_count(&self, setup: &CameraSetup, duration_s: f64) -> Result<Calibration> {
        self.setup.check(setup)?;
        let t = positive("the duration of the image, s,", duration_s)?;
        Ok(match self.unit {
            FactorUnit::CpsPerMbq => Calibration::Bq(BQ_PER_MBQ / (self.budget.value * t)),
            FactorUnit::BqPerMlPerCps => Calibration::BqPerMl(self.budget.value / t),
        })
    }
}

#[cfg(test)]
#[path = "calibration_factor_tests.rs"]
mod tests;
