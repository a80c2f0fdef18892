//! How good a fit is: covariance, gates, coefficient of determination.
//!
//! Gates: coefficient of variation of each parameter below 50 %, correlations below 0.8 (Kletting et al., Med. Phys. 40, 102504, 2013,
//! doi:10.1118/1.4820367), and the probability of the chi-squared above 1 %.

use nalgebra::DMatrix;

use super::fit::Parameter;
use super::tac::{Tac, UncertaintyKind};
use crate::stats::chi_squared_exceeded;

/// Largest coefficient of variation of a parameter that passes its gate.
pub const MAX_CV: f64 = 0.5;
/// Largest absolute correlation of two parameters that passes its gate.
pub const MAX_CORRELATION: f64 = 0.8;
/// Below this probability of the chi-squared the family is said not to describe the points.
pub const MIN_PROBABILITY: f64 = 0.01;

/// The same for a curve with as many parameters as points, of which a bound or a prior leaves one degree: chi-squared that is exceeded with 1 %.
pub const REFUTED_WITHOUT_FREEDOM: f64 = 6.63;

/// One check of the quality of a fit.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct Gate {
    /// What was checked.
    pub name: String,
    /// The value found.
    pub value: f64,
    /// Its limit.
    pub limit: f64,
    /// Whether it holds.
    pub passed: bool,
}

/// The covariance of theta and what it cannot tell.
#[derive(Debug)]
pub(crate) struct Determined {
    /// (J^T J)^-1; zero for what is held.
    pub covariance: DMatrix<f64>,
    /// Parameters that change no residual, alone or together with others.
    pub held: usize,
    /// Whether ln TIA is free of them.
    pub tia: bool,
}

/// (J^T J)^-1 by singular values of the column-scaled J. Directions that change no residual are closed one by one, each by holding the
/// parameter that leads it (never ln TIA); if ln TIA takes part in one, it is not determined.
pub(crate) fn covariance(jacobian: &DMatrix<f64>) -> Determined {
    let k = jacobian.ncols();
    let mut found = Determined { covariance: DMatrix::zeros(k, k), held: k, tia: true };
    let mut free: Vec<usize> = (0..k).filter(|p| jacobian.column(*p).norm() > 1e-200).collect();
    if free.is_empty() {
        found.tia = false;
        return found;
    }
    loop {
        let norms: Vec<f64> = free.iter().map(|p| jacobian.column(*p).norm()).collect();
        let scaled = DMatrix::from_fn(jacobian.nrows(), free.len(), |i, c| {
            jacobian[(i, free[c])] / norms[c]
        });
        let svd = scaled.svd(false, true);
        let Some(v_t) = svd.v_t else { return found };
        let largest = svd.singular_values.max();
        let (worst, smallest) = svd.singular_values.argmin();
        if smallest < 1e-9 * largest && free.len() > 1 {
            let size = |c: usize| v_t[(worst, c)].abs();
            let lead = (1..free.len()).max_by(|a, b| size(*a).total_cmp(&size(*b)));
            found.tia &= size(0) < 1e-6;
            free.remove(lead.unwrap_or(free.len() - 1));
            continue;
        }
        for (a, &p) in free.iter().enumerate() {
            for (b, &q) in free.iter().enumerate() {
                let sum: f64 = (0..free.len())
                    .map(|s| v_t[(s, a)] * v_t[(s, b)] / svd.singular_values[s].powi(2))
                    .sum();
                found.covariance[(p, q)] = sum / (norms[a] * norms[b]);
            }
        }
        found.held = k - free.len();
        return found;
    }
}

/// The checks of a fit; `held` parameters are at a bound.
pub(crate) fn gates(
    tac: &Tac,
    parameters: &[Parameter],
    correlation: &DMatrix<f64>,
    chi2: f64,
    degrees: usize,
    held: usize,
) -> Vec<Gate> {
    let mut gates = Vec::new();
    for p in parameters {
        let cv = if p.value > 0.0 { p.standard_uncertainty / p.value } else { f64::INFINITY };
        gates.push(Gate {
            name: format!("CV of {}", p.name),
            value: cv,
            limit: MAX_CV,
            passed: cv < MAX_CV,
        });
    }
    for i in 0..parameters.len() {
        for j in i + 1..parameters.len() {
            let r = correlation[(i, j)];
            let name = format!("correlation of {} and {}", parameters[i].name, parameters[j].name);
            gates.push(Gate {
                name,
                value: r,
                limit: MAX_CORRELATION,
                passed: r.abs() < MAX_CORRELATION,
            });
        }
    }
    if tac.kind() == UncertaintyKind::Absolute && degrees > 0 {
        let value = chi_squared_exceeded(chi2, degrees as f64);
        let name = "probability of chi-squared".into();
        gates.push(Gate { name, value, limit: MIN_PROBABILITY, passed: value >= MIN_PROBABILITY });
    }
    if held > 0 {
        let name = "parameters at a bound or not determined".into();
        gates.push(Gate { name, value: held as f64, limit: 0.0, passed: false });
    }
    gates
}

/// Weighted coefficient of determination.
pub(crate) fn r2(tac: &Tac, chi2: f64) -> f64 {
    let weights: Vec<f64> = tac.uncertainties().iter().map(|u| 1.0 / (u * u)).collect();
    let total: f64 = weights.iter().sum();
    let mean = weights.iter().zip(tac.values()).map(|(w, y)| w * y).sum::<f64>() / total;
    let spread: f64 = weights.iter().zip(tac.values()).map(|(w, y)| w * (y - mean).powi(2)).sum();
    if spread > 0.0 { 1.0 - chi2 / spread } else { f64::NAN }
}
