//! Stated priors of what few points cannot tell: rates of uptake and of faster phases, their shares, and the size of the noise.
//!
//! Neglected: what is known of a compound and a tissue, and correlations between half-lives. The priors are wide and know only when the points
//! were taken, so that they work for any nuclide and compound; all half-lives are log-normal, as those of patients are (Hou et al., J. Nucl. Med.
//! 62, 1006, 2021, doi:10.2967/jnumed.120.254656), with a factor of 4 for one standard deviation. Uptake, and the fastest of three phases (blood),
//! last hours: median `t_last / 40` (95 %: 15 min to 70 h for a last point at 168 h). The faster of two phases of clearance, and the middle one of
//! three, may be of hours or of days: median `t_last / 10` (1 h to physical decay). Two amplitudes of clearance have a log-ratio that is normal
//! around 0 with [`LN_RATIO_SD`] (95 %: a share of 2 to 98 %). Where the points tell a parameter its prior is lost in chi-squared; where they do
//! not it bounds the interval of the integral instead of switching the model.
//! The noise of points without stated uncertainties is known as if three points had shown 5 % of their value (scaled inverse chi-squared,
//! Gelman et al., Bayesian Data Analysis, 3rd ed., 2013, 2.6; 95 %: 2.8 to 19 %), the range of VOI activities in the EANM guidance
//! (Gear et al., Eur. J. Nucl. Med. Mol. Imaging 45, 2456, 2018, doi:10.1007/s00259-018-4136-7).

use std::f64::consts::LN_2;

use super::model::Family;
use super::tac::Tac;

/// Last time over the median half-life of uptake and of the fastest of three phases.
pub const LAST_OVER_FAST: f64 = 40.0;
/// Last time over the median half-life of the phase next to the slowest.
pub const LAST_OVER_NEXT: f64 = 10.0;
/// Factor of one standard deviation of such a half-life.
pub const HALF_LIFE_FACTOR: f64 = 4.0;
/// Standard deviation of the log-ratio of two amplitudes.
pub const LN_RATIO_SD: f64 = 2.0;
/// Relative standard deviation of a point of unknown noise.
pub const NOISE: f64 = 0.05;
/// Degrees of freedom with which it is known.
pub const NOISE_DEGREES: f64 = 3.0;

/// A normal prior of one shape parameter.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Prior {
    /// Index of the free parameter.
    pub parameter: usize,
    /// Mean.
    pub mean: f64,
    /// Standard deviation.
    pub sd: f64,
}

/// The priors of a family for points that end at `last_s`.
pub(crate) fn priors(family: Family, last_s: f64) -> Vec<Prior> {
    let rate = |parameter: usize, over: f64| Prior {
        parameter,
        mean: (LN_2 * over / last_s).ln(),
        sd: HALF_LIFE_FACTOR.ln(),
    };
    let fast = |parameter: usize| rate(parameter, LAST_OVER_FAST);
    let next = |parameter: usize| rate(parameter, LAST_OVER_NEXT);
    let ratio = |parameter: usize| Prior { parameter, mean: 0.0, sd: LN_RATIO_SD };
    // Free parameters: ln TIA, the slowest rate, then as `model::terms` reads them.
    match family {
        Family::Physical | Family::Mono => vec![],
        Family::MonoUptake => vec![fast(2)],
        Family::Bi => vec![next(2), ratio(3)],
        Family::BiUptake => vec![next(2), ratio(3), fast(4)],
        Family::Tri => vec![next(2), fast(3), ratio(4), ratio(5)],
    }
}

/// Sum of the squared deviations from the priors, in standard deviations.
pub(crate) fn penalty(priors: &[Prior], theta: &[f64]) -> f64 {
    priors.iter().map(|p| ((theta[p.parameter] - p.mean) / p.sd).powi(2)).sum()
}

/// What the noise prior adds to chi-squared, in the weights of the points: as if [`NOISE_DEGREES`] points had shown [`NOISE`].
pub(crate) fn noise_chi2(tac: &Tac) -> f64 {
    let points = tac.values().iter().zip(tac.uncertainties());
    let squares: f64 = points.map(|(y, u)| (y / u).powi(2)).sum();
    NOISE_DEGREES * NOISE * NOISE * squares / tac.len() as f64
}
