//! The distribution of a TIA over several fitted families: each family's profile likelihood, weighted.
//!
//! Model-averaged profile likelihood (Fletcher and Turek, J. Agric. Biol. Environ. Stat. 17, 38, 2012, doi:10.1007/s13253-011-0064-8):
//! with r_m(x) the signed root of the profile of family m at ln TIA = x and w_m its weight, F(x) = sum_m w_m Phi(r_m(x)), and the 95 %
//! interval lies between F = 2.5 % and 97.5 %. It holds the families that the points cannot tell apart in proportion to what they say for
//! each, so it does not jump when the choice does. Where the noise was estimated Phi is Student's t. Neglected: curves outside of the
//! families offered.

use super::fit::Fit;
use super::profile::{Profile, WIDEST};
use super::tia::LARGE_ERROR;
use crate::stats::{NORMAL_97_5, normal_below, student_below};

/// Tail probability to which a profile is followed.
const TAIL: f64 = 2e-5;

/// Weight of a family below which it is left out: its part of either tail of the 95 % interval is a twelfth at most.
const LEAST_WEIGHT: f64 = 2e-3;

/// The profile of a family, tabulated: distance in ln TIA from the fit, signed root.
#[derive(Debug, Clone)]
struct Member {
    weight: f64,
    centre: f64,
    /// Degrees of freedom of Student's t; none: normal.
    degrees: Option<f64>,
    below: Vec<[f64; 2]>,
    above: Vec<[f64; 2]>,
}

/// A distribution of ln TIA.
#[derive(Debug, Clone)]
pub struct Mixture {
    members: Vec<Member>,
}

impl Mixture {
    /// From fits with their weights (sum 1); roots are divided by `factor`, which widens the distribution.
    pub(crate) fn new<'a>(fits: impl Iterator<Item = (f64, &'a Fit)>, factor: f64) -> Self {
        let member = |(weight, fit): (f64, &'a Fit)| Member {
            weight,
            centre: fit.curve.theta()[0],
            degrees: fit.noise_degrees(),
            below: side(fit, -1.0, factor),
            above: side(fit, 1.0, factor),
        };
        Mixture { members: fits.filter(|(w, _)| *w > LEAST_WEIGHT).map(member).collect() }
    }

    /// Probability that ln TIA lies below `x`.
    pub fn below(&self, x: f64) -> f64 {
        let total: f64 = self.members.iter().map(|m| m.weight).sum();
        self.members.iter().map(|m| m.weight * m.below(x)).sum::<f64>() / total
    }

    /// Probability that the true TIA is more than [`LARGE_ERROR`] away from exp(`at`), with a relative uncertainty `common` to all points,
    /// which widens all distances alike.
    pub(crate) fn probability_off(&self, at: f64, common: f64) -> f64 {
        let half = (self.quantile(0.975) - self.quantile(0.025)) / (2.0 * NORMAL_97_5);
        let shrink = if common > 0.0 { half / half.hypot(common) } else { 1.0 };
        let shrink = if shrink.is_finite() { shrink } else { 1.0 };
        let below = self.below(at - LARGE_ERROR.ln_1p() * shrink);
        let above = 1.0 - self.below(at - (-LARGE_ERROR).ln_1p() * shrink);
        below + above
    }

    /// Where [`Mixture::below`] is `probability`; infinite if no value is.
    pub fn quantile(&self, probability: f64) -> f64 {
        let centres = || self.members.iter().map(|m| m.centre);
        let mut low = centres().fold(f64::INFINITY, f64::min) - WIDEST;
        let mut high = centres().fold(f64::NEG_INFINITY, f64::max) + WIDEST;
        if self.below(low) > probability {
            return f64::NEG_INFINITY;
        }
        if self.below(high) < probability {
            return f64::INFINITY;
        }
        for _ in 0..60 {
            let middle = 0.5 * (low + high);
            if self.below(middle) < probability { low = middle } else { high = middle }
        }
        0.5 * (low + high)
    }
}

impl Member {
    fn below(&self, x: f64) -> f64 {
        let distance = x - self.centre;
        let root = if distance < 0.0 {
            -interpolated(&self.below, -distance)
        } else {
            interpolated(&self.above, distance)
        };
        below(root, self.degrees)
    }
}

/// Probability below a root: normal, or Student's with the degrees of freedom of the noise.
fn below(root: f64, degrees: Option<f64>) -> f64 {
    match degrees {
        None => normal_below(root),
        Some(degrees) => student_below(root, degrees),
    }
}

/// Linear between the nodes and beyond the last two.
fn interpolated(nodes: &[[f64; 2]], distance: f64) -> f64 {
    let at = nodes.partition_point(|n| n[0] < distance).clamp(1, nodes.len() - 1);
    let ([x0, y0], [x1, y1]) = (nodes[at - 1], nodes[at]);
    if !y1.is_finite() {
        return if distance <= x0 { y0 } else { f64::INFINITY };
    }
    y0 + (y1 - y0) * (distance - x0) / (x1 - x0)
}

/// Nodes of the profile outwards until its tail is below [`TAIL`].
fn side(fit: &Fit, sign: f64, factor: f64) -> Vec<[f64; 2]> {
    let mut profile = Profile::new(fit);
    let mut nodes = vec![[0.0, 0.0]];
    let linear = factor * fit.ln_tia_uncertainty();
    let mut step = if linear > 0.0 { (0.5 * linear).min(0.2) } else { 1e-3 };
    let (mut distance, mut last) = (0.0, 0.0);
    loop {
        distance = (distance + step).min(WIDEST);
        let root = (profile.root(sign * distance) / factor).max(last);
        nodes.push([distance, root]);
        if below(-root, fit.noise_degrees()) < TAIL || distance >= WIDEST {
            return nodes;
        }
        // Steps of half a standard deviation, longer far out and where the profile is flat.
        let slope = (root - last) / step;
        let wanted = (0.5 + 0.2 * root) / slope.max(f64::MIN_POSITIVE);
        step = wanted.clamp(0.5 * step, 2.0 * step);
        last = root;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kinetics::{Family, Tac, fit, profile};

    const LAMBDA: f64 = 1.2e-6;

    fn mono(k: f64) -> Fit {
        let t = [14_400.0, 86_400.0, 259_200.0, 604_800.0];
        let y = t.map(|t: f64| 50.0 * (-k * t).exp());
        fit(&Tac::new(&t, &y, &y.map(|y| 0.05 * y)).unwrap(), Family::Mono, LAMBDA).unwrap()
    }

    #[test]
    fn one_family_has_its_own_profile() {
        let fit = mono(4e-6);
        let mixture = Mixture::new(std::iter::once((1.0, &fit)), 1.0);
        let at = fit.curve.theta()[0];
        let (lower, upper) = profile::half_widths_95(&fit);
        assert!(((at - mixture.quantile(0.025)) / lower - 1.0).abs() < 2e-3);
        assert!(((mixture.quantile(0.975) - at) / upper - 1.0).abs() < 2e-3);
        assert!((mixture.below(at) - 0.5).abs() < 1e-9);
        let wide = Mixture::new(std::iter::once((1.0, &fit)), 2.0);
        let ratio = (at - wide.quantile(0.158_655)) / (at - mixture.quantile(0.158_655));
        assert!((ratio / 2.0 - 1.0).abs() < 0.03, "{ratio}");
    }

    /// Two families far apart: each tail is that of one, at twice the probability.
    #[test]
    fn tails_of_a_mixture_are_those_of_its_members() {
        let (a, b) = (mono(4e-6), mono(8e-6));
        let mixture = Mixture::new([(0.5, &a), (0.5, &b)].into_iter(), 1.0);
        let of = |f: &Fit| Mixture::new(std::iter::once((1.0, f)), 1.0);
        assert!((mixture.quantile(0.025) - of(&b).quantile(0.05)).abs() < 1e-6);
        assert!((mixture.quantile(0.975) - of(&a).quantile(0.95)).abs() < 1e-6);
        assert!(mixture.probability_off(a.curve.theta()[0], 0.0) > 0.49);
        // A common scale of 20 % makes an error above 20 % likely where the points alone rule it out.
        assert!(of(&a).probability_off(a.curve.theta()[0], 0.0) < 1e-4);
        assert!(of(&a).probability_off(a.curve.theta()[0], 0.2) > 0.2);
    }
}
