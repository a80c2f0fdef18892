//! The search for the minimum of chi2 from one starting point, by the library's Levenberg-Marquardt algorithm.
//!
//! Derivatives are analytic. With ln TIA fixed it gives one point of the profile likelihood.

use levenberg_marquardt::{LeastSquaresProblem, LevenbergMarquardt};
use nalgebra::storage::Owned;
use nalgebra::{DMatrix, DVector, Dyn, OVector};

use super::model::{Curve, Family};
use super::polish::polished;
use super::starts::scaled;
use super::tac::Tac;

/// Residuals of a curve, with theta_0 free or fixed.
struct Problem<'a> {
    tac: &'a Tac,
    family: Family,
    lambda: f64,
    fixed: Option<f64>,
    free: DVector<f64>,
}

impl Problem<'_> {
    fn theta(&self) -> Vec<f64> {
        self.fixed.iter().copied().chain(self.free.iter().copied()).collect()
    }

    fn curve(&self) -> Curve {
        Curve::new(self.family, self.lambda, &self.theta())
    }
}

impl LeastSquaresProblem<f64, Dyn, Dyn> for Problem<'_> {
    type ParameterStorage = Owned<f64, Dyn>;
    type ResidualStorage = Owned<f64, Dyn>;
    type JacobianStorage = Owned<f64, Dyn, Dyn>;

    fn set_params(&mut self, x: &OVector<f64, Dyn>) {
        self.free.copy_from(x);
    }

    fn params(&self) -> OVector<f64, Dyn> {
        self.free.clone()
    }

    fn residuals(&self) -> Option<OVector<f64, Dyn>> {
        let residuals = DVector::from_vec(residuals(self.tac, &self.curve()));
        residuals.iter().all(|r| r.is_finite()).then_some(residuals)
    }

    fn jacobian(&self) -> Option<DMatrix<f64>> {
        let all = jacobian(self.tac, &self.curve());
        let jacobian = if self.fixed.is_some() { all.remove_column(0) } else { all };
        jacobian.iter().all(|r| r.is_finite()).then_some(jacobian)
    }
}

/// Weighted residuals (A(t_i) - y_i) / u_i.
pub(crate) fn residuals(tac: &Tac, curve: &Curve) -> Vec<f64> {
    let points = tac.times_s().iter().zip(tac.values()).zip(tac.uncertainties());
    points.map(|((&t, &y), &u)| (curve.value(t) - y) / u).collect()
}

/// Derivatives of the weighted residuals by theta.
pub(crate) fn jacobian(tac: &Tac, curve: &Curve) -> DMatrix<f64> {
    let mut jacobian = DMatrix::zeros(tac.len(), curve.theta().len());
    for (i, (&t, &u)) in tac.times_s().iter().zip(tac.uncertainties()).enumerate() {
        for (p, g) in curve.gradient(t).into_iter().enumerate() {
            jacobian[(i, p)] = g / u;
        }
    }
    jacobian
}

/// The minimum reached from `start`, with ln TIA free or fixed: theta and chi2. None if the search fails.
pub(crate) fn minimise(
    tac: &Tac,
    family: Family,
    lambda: f64,
    start: &[f64],
    fixed: Option<f64>,
) -> Option<(Vec<f64>, f64)> {
    let free = &start[usize::from(fixed.is_some())..];
    let problem = Problem { tac, family, lambda, fixed, free: DVector::from_column_slice(free) };
    let chi2_of = |p: &Problem| residuals(tac, &p.curve()).iter().map(|r| r * r).sum::<f64>();
    if free.is_empty() {
        let chi2 = chi2_of(&problem);
        return chi2.is_finite().then(|| (problem.theta(), chi2));
    }
    let begin = chi2_of(&problem);
    // Parameters are logarithms: a first step of the default hundredfold size leaves the region where the start was good.
    let search = LevenbergMarquardt::new().with_patience(200).with_stepbound(0.5);
    let (problem, _) = search.minimize(problem);
    let mut theta = problem.theta();
    let mut chi2 = chi2_of(&problem);
    if chi2.is_nan() || chi2 > begin {
        // A search that was broken off leaves its last trial behind.
        let ln_tia = fixed.unwrap_or(start[0]);
        theta = std::iter::once(ln_tia).chain(start[1..].iter().copied()).collect();
        chi2 = begin;
    }
    // The best scale of a shape is known in closed form: take it (exact where the search stopped early).
    if let (None, Some((better, projected))) = (fixed, scaled(tac, family, lambda, &theta[1..]))
        && (better < chi2 || !chi2.is_finite())
    {
        let curve = Curve::new(family, lambda, &projected);
        chi2 = residuals(tac, &curve).iter().map(|r| r * r).sum();
        theta = projected;
    }
    if fixed.is_none() && chi2.is_finite() {
        let polished = polished(&theta, &|theta| {
            let curve = Curve::new(family, lambda, theta);
            Some((residuals(tac, &curve), jacobian(tac, &curve)))
        });
        let curve = Curve::new(family, lambda, &polished);
        let better: f64 = residuals(tac, &curve).iter().map(|r| r * r).sum();
        // Equal but for the rounding of the sum.
        if better <= chi2 * (1.0 + 1e-12) + 1e-20 {
            (theta, chi2) = (polished, better);
        }
    }
    (chi2.is_finite() && theta.iter().all(|t| t.is_finite())).then_some((theta, chi2))
}
