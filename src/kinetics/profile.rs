//! Confidence interval of a TIA by the profile likelihood.
//!
//! ln TIA is the first free parameter; the profile (ln TIA) is the minimum over all shapes at that TIA of chi-squared plus the penalty of
//! the priors, if there are any. The interval holds where it exceeds the minimum by less than q^2 (stated uncertainties: q = 1.96;
//! estimated noise: Student's t). Unlike the linear propagation it follows the curvature and the bounds of the model (Venzon and
//! Moolgavkar, Appl. Stat. 37, 87, 1988, doi:10.2307/2347496).

use super::fit::Fit;
use super::search::{Minimum, minimise};

/// Widest half-width looked for (a factor of e^7 in TIA); beyond it the side is open.
pub(crate) const WIDEST: f64 = 7.0;

/// Biological rate, over the physical decay constant, from which a search starts anew where the clearance is at its bound.
const RELEASED: f64 = 0.1;

/// Half-widths (lower, upper) of the 95 % interval of ln TIA, without the common scale.
pub fn half_widths_95(fit: &Fit) -> (f64, f64) {
    let allowed = fit.quantile_97_5();
    let linear = linear_half_width_95(fit);
    if linear <= 0.0 {
        return (linear, linear);
    }
    let guess = linear.min(1.0);
    (side(fit, allowed, guess, -1.0), side(fit, allowed, guess, 1.0))
}

/// Half-width by linear propagation: quantile times the standard uncertainty of ln TIA.
pub fn linear_half_width_95(fit: &Fit) -> f64 {
    fit.quantile_97_5() * fit.ln_tia_uncertainty()
}

/// The profile of one fit, followed outwards: each search starts where the places found so far point to.
pub(crate) struct Profile<'a> {
    fit: &'a Fit,
    /// Distances and free parameters found, and a place on the tangent at the minimum.
    path: Vec<(f64, Vec<f64>)>,
    /// Steepest rise of the root found so far, by distance.
    steepest: f64,
}

impl<'a> Profile<'a> {
    pub fn new(fit: &'a Fit) -> Self {
        // The tangent: theta moves with ln TIA as their covariance says.
        let theta = fit.curve.theta().to_vec();
        let c = &fit.covariance;
        let along = |p: usize| if c[(0, 0)] > 0.0 { c[(p, 0)] / c[(0, 0)] } else { 0.0 };
        let unit = (0..theta.len()).map(|p| theta[p] + along(p)).collect();
        Profile { fit, path: vec![(0.0, theta), (1.0, unit)], steepest: 0.0 }
    }

    /// An objective that is no surprise at a distance: of a root a quarter steeper than any so far.
    fn expected(&self, distance: f64) -> Option<f64> {
        let root = 1.25 * self.steepest * distance.abs();
        (root > 0.0).then(|| self.fit.objective() + root * root)
    }

    /// Root of the profile's excess over its minimum at a distance of ln TIA from the fit's; infinite where nothing is found.
    pub fn root(&mut self, distance: f64) -> f64 {
        let Fit { curve, points, priors, .. } = self.fit;
        let fixed = Some(curve.theta()[0] + distance);
        let lambda = curve.decay_constant_per_s();
        let mut near: Vec<&(f64, Vec<f64>)> = self.path.iter().collect();
        near.sort_by(|a, b| (a.0 - distance).abs().total_cmp(&(b.0 - distance).abs()));
        let ((d1, t1), (d0, t0)) = (near[0], near[1]);
        let ahead = if d1 == d0 { 0.0 } else { (distance - d1) / (d1 - d0) };
        let search = |s: &[f64]| minimise(points, curve.family(), lambda, s, fixed, priors);
        let better = |a: Option<Minimum>, b: Option<Minimum>| {
            a.into_iter().chain(b).min_by(|a, b| a.objective().total_cmp(&b.objective()))
        };
        let predicted: Vec<f64> = t1.iter().zip(t0).map(|(b, a)| b + ahead * (b - a)).collect();
        let mut best = search(&predicted);
        // The path is smooth but where it bends: a rise that is out of step is looked at from where it was.
        let smooth = |m: &Minimum| self.expected(distance).is_some_and(|e| m.objective() < e);
        if !best.as_ref().is_some_and(smooth) {
            best = better(best, search(t1));
        }
        // Clearance at its bound of none changes nothing to first order: a search does not leave it by itself.
        let bound = (RELEASED * lambda).ln();
        if t1.get(1).is_some_and(|rate| *rate < bound) {
            let mut released = t1.clone();
            released[1] = bound;
            best = better(best, search(&released));
        }
        match best {
            Some(at) => {
                let excess = at.objective() - self.fit.objective();
                if self.path.len() == 2 && self.path[1].0 == 1.0 {
                    // A place found is better than one on the tangent.
                    self.path.pop();
                }
                self.path.push((distance, at.theta));
                let root = excess.max(0.0).sqrt();
                self.steepest = self.steepest.max(root / distance.abs());
                root
            }
            None => f64::INFINITY,
        }
    }
}

/// Where the profile crosses `allowed` on one side: bracketing from the linear guess, then false position on the square root, which is
/// straight for a linear model.
fn side(fit: &Fit, allowed: f64, guess: f64, sign: f64) -> f64 {
    let mut profile = Profile::new(fit);
    let mut excess = |distance: f64| profile.root(sign * distance) - allowed;
    let (mut low, mut below) = (0.0, -allowed);
    let mut high = guess.min(WIDEST);
    let mut above = excess(high);
    while above < 0.0 {
        if high >= WIDEST {
            return f64::INFINITY;
        }
        (low, below) = (high, above);
        high = (1.6 * high).min(WIDEST);
        above = excess(high);
    }
    for _ in 0..30 {
        let straight = low + (high - low) * below / (below - above);
        let inside = straight > low && straight < high && above.is_finite();
        let middle = if inside { straight } else { 0.5 * (low + high) };
        let value = excess(middle);
        if value.abs() < 1e-3 * allowed {
            return middle;
        }
        // Halving the value of the end that stays (Illinois rule) keeps false position from stalling.
        if value < 0.0 {
            (low, below, above) = (middle, value, 0.5 * above);
        } else {
            (high, above, below) = (middle, value, 0.5 * below);
        }
    }
    0.5 * (low + high)
}
