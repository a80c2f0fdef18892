//! The mean of several acquisitions and its use. Neglects changes of the camera between them, but for widening by the Birge ratio.
//!
//! Generalised least squares with relative covariance C_ij = (i = j) own_i^2 + (same fill) f_i f_j: mean = w^T x, w = C^-1 1 / (1^T C^-1 1),
//! u_rel^2 = 1 / (1^T C^-1 1), chi2 = r^T C^-1 r of the residuals x/mean - 1. What all share (calibrator, dead time) is added afterwards, weighted by w:
//! it does not average out, and with absolute weights it would bias the mean.

use nalgebra::{DMatrix, DVector};

use super::budget::{Budget, Component};
use super::camera::{Acquisition, DEAD_TIME, FactorUnit, OF_FILL, SHARED, Setup};
use super::check::{positive, uncertain};
use super::decay_time::Decay;
use super::unit::Calibration;
use crate::error::{Error, Result};
use crate::units::BQ_PER_MBQ;

/// A calibration factor with what it holds for.
#[derive(Debug, Clone, PartialEq)]
pub struct CalibrationFactor {
    /// Camera, nuclide, collimator, window.
    pub setup: Setup,
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
    /// Chi-squared of the acquisitions about their mean, without the shared part.
    pub chi2: f64,
    /// sqrt(chi2 / (n - 1)) (Birge 1932, doi:10.1103/PhysRev.40.207); above one, the random part was multiplied by it. None for one acquisition.
    pub birge_ratio: Option<f64>,
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
    let covariance = DMatrix::from_fn(n, n, |i, j| {
        let fill = acquisitions[i].fill == acquisitions[j].fill;
        let common = if fill { relative(i, OF_FILL) * relative(j, OF_FILL) } else { 0.0 };
        if i == j { common + own(i) } else { common }
    });
    let solver = covariance.cholesky().ok_or_else(|| {
        Error::input(
            "the acquisitions of one fill have no uncertainty of their own",
            "their weights are not determined",
            "State the uncertainty of the counts.",
        )
    })?;
    let weights = solver.solve(&DVector::from_element(n, 1.0));
    let sum = weights.sum();
    let mean_of = |f: &dyn Fn(usize) -> f64| (0..n).map(|i| weights[i] * f(i)).sum::<f64>() / sum;
    let mean = mean_of(&|i| factors[i].value);
    let residuals = DVector::from_fn(n, |i, _| factors[i].value / mean - 1.0);
    let chi2 = residuals.dot(&solver.solve(&residuals));
    let birge_ratio = (n > 1).then(|| (chi2 / (n - 1) as f64).sqrt());
    let random_uncertainty = mean / sum.sqrt() * birge_ratio.unwrap_or(1.0).max(1.0);
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
        chi2,
        birge_ratio,
    })
}

impl CalibrationFactor {
    /// Activity (Bq) or concentration (Bq/mL) of a net, dead-time corrected count rate and its standard uncertainty, cps.
    ///
    /// # Errors
    /// If the image was taken with another setup, or the rate is not positive or has no uncertainty.
    pub fn apply(&self, setup: &Setup, rate_cps: [f64; 2]) -> Result<Budget> {
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
    pub fn per_count(&self, setup: &Setup, duration_s: f64) -> Result<Calibration> {
        self.setup.check(setup)?;
        let t = positive("the duration of the image, s,", duration_s)?;
        Ok(match self.unit {
            FactorUnit::CpsPerMbq => Calibration::Bq(BQ_PER_MBQ / (self.budget.value * t)),
            FactorUnit::BqPerMlPerCps => Calibration::BqPerMl(self.budget.value / t),
        })
    }
}
