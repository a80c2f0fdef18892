//! Confidence interval of a TIA by the profile likelihood.
//!
//! ln TIA is the first free parameter; the profile chi2(ln TIA) is the minimum over all shapes at that TIA. The interval holds where it
//! exceeds the minimum by less than q^2 (absolute uncertainties: q = 1.96) or q^2 chi2_min / (n - K) (relative: q = Student's t with
//! n - K degrees). Unlike the linear propagation it follows the curvature and the bounds of the model (Venzon and Moolgavkar, Appl.
//! Stat. 37, 87, 1988, doi:10.2307/2347496).

use super::distribution::{NORMAL_97_5, student_97_5};
use super::fit::Fit;
use super::search::minimise;
use super::tac::{Tac, UncertaintyKind};

/// Widest half-width looked for (a factor of e^7 in TIA); beyond it the side is open.
const WIDEST: f64 = 7.0;

/// Half-widths (lower, upper) of the 95 % interval of ln TIA, without the common scale.
pub fn half_widths_95(fit: &Fit) -> (f64, f64) {
    let tac = &fit.points;
    let linear = linear_half_width_95(fit);
    let allowed = match tac.kind() {
        UncertaintyKind::Absolute => NORMAL_97_5.powi(2),
        UncertaintyKind::RelativeOnly => {
            let degrees = fit.degrees_of_freedom;
            student_97_5(degrees).powi(2) * fit.chi2 / degrees as f64
        }
    };
    if allowed <= 0.0 || linear <= 0.0 {
        return (linear, linear);
    }
    let guess = linear.min(1.0);
    (side(tac, fit, allowed, guess, -1.0), side(tac, fit, allowed, guess, 1.0))
}

/// Half-width by linear propagation: quantile times the standard uncertainty of ln TIA.
pub fn linear_half_width_95(fit: &Fit) -> f64 {
    let quantile = match fit.points.kind() {
        UncertaintyKind::Absolute => NORMAL_97_5,
        UncertaintyKind::RelativeOnly => student_97_5(fit.degrees_of_freedom),
    };
    quantile * fit.ln_tia_uncertainty()
}

/// Where the profile crosses `allowed` on one side: bracketing from the linear guess, then false position on the square root, which is
/// straight for a linear model.
fn side(tac: &Tac, fit: &Fit, allowed: f64, guess: f64, sign: f64) -> f64 {
    let curve = &fit.curve;
    let mut start = curve.theta().to_vec();
    let mut excess = |distance: f64| {
        let fixed = curve.theta()[0] + sign * distance;
        match minimise(tac, curve.family(), curve.decay_constant_per_s(), &start, Some(fixed)) {
            Some((theta, chi2)) => {
                start = theta;
                (chi2 - fit.chi2).max(0.0).sqrt() - allowed.sqrt()
            }
            None => f64::INFINITY,
        }
    };
    let (mut low, mut below) = (0.0, -allowed.sqrt());
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
        if value.abs() < 1e-3 * allowed.sqrt() {
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
