//! Simulated noisy time-activity curves: one realistic scenario per family, and how often the 95 % intervals hold the truth.

use voxgray::kinetics::{Curve, Family, Fit, Tac, fit, profile};

/// Decay constant of Lu-177 (1/s) from its half-life of 6.647 d (ICRP-107).
pub const LU177: f64 = std::f64::consts::LN_2 / (6.647 * 86_400.0);
const HOUR: f64 = 3600.0;

/// Standard normal numbers: SplitMix64 (Steele et al., OOPSLA 2014) and the Box-Muller transform.
pub struct Normal(pub u64);

impl Normal {
    /// Uniform between 0 and 1.
    pub fn uniform(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((z ^ (z >> 31)) >> 11) as f64 * 2.0_f64.powi(-53)
    }

    pub fn draw(&mut self) -> f64 {
        let r = (-2.0 * (1.0 - self.uniform()).ln()).sqrt();
        r * (2.0 * std::f64::consts::PI * self.uniform()).cos()
    }
}

/// A true curve, the times it is measured at and the relative noise.
pub struct Scenario {
    pub truth: Curve,
    pub times_s: Vec<f64>,
    pub relative_noise: f64,
}

/// ln of a biological rate by its half-life in hours.
fn ln_rate(half_life_h: f64) -> f64 {
    (std::f64::consts::LN_2 / (half_life_h * HOUR)).ln()
}

/// ln of the difference of two rates.
fn ln_step(fast_h: f64, slow_h: f64) -> f64 {
    (ln_rate(fast_h).exp() - ln_rate(slow_h).exp()).ln()
}

/// The scenario of a family: biological half-lives as in Lu-177 therapy.
pub fn scenario(family: Family) -> Scenario {
    let tia = (3.6e14_f64).ln();
    let logit = |p: f64| (p / (1.0 - p)).ln();
    let (theta, hours): (Vec<f64>, Vec<f64>) = match family {
        Family::Physical => (vec![tia], vec![4.0, 24.0, 72.0, 168.0]),
        Family::Mono => (vec![tia, ln_rate(75.0)], vec![4.0, 24.0, 72.0, 168.0]),
        Family::MonoUptake => (
            vec![tia, ln_rate(250.0), ln_step(8.0, 250.0)],
            vec![2.0, 6.0, 24.0, 72.0, 120.0, 168.0],
        ),
        Family::Bi => (
            vec![tia, ln_rate(120.0), ln_step(6.0, 120.0), logit(0.5)],
            vec![1.0, 4.0, 8.0, 24.0, 48.0, 96.0, 168.0],
        ),
        Family::BiUptake => (
            vec![tia, ln_rate(120.0), ln_step(8.0, 120.0), logit(0.6), ln_step(0.8, 8.0)],
            vec![0.3, 1.0, 2.0, 4.0, 8.0, 16.0, 24.0, 48.0, 96.0, 168.0],
        ),
        Family::Tri => (
            vec![tia, ln_rate(160.0), ln_step(12.0, 160.0), ln_step(1.0, 12.0), 0.3, 0.6],
            vec![0.1, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 24.0, 48.0, 96.0, 168.0],
        ),
    };
    let truth = Curve::new(family, LU177, &theta);
    Scenario { truth, times_s: hours.iter().map(|h| h * HOUR).collect(), relative_noise: 0.05 }
}

impl Scenario {
    /// One noisy curve; a relative-only one does not know its noise.
    pub fn noisy(&self, normal: &mut Normal, relative_only: bool) -> Tac {
        let exact: Vec<f64> = self.times_s.iter().map(|t| self.truth.value(*t)).collect();
        let u: Vec<f64> = exact.iter().map(|y| self.relative_noise * y).collect();
        let values: Vec<f64> =
            exact.iter().zip(&u).map(|(y, u)| (y + u * normal.draw()).max(0.0)).collect();
        let tac = Tac::new(&self.times_s, &values, &u).expect("valid points");
        if relative_only { tac.relative_only() } else { tac }
    }
}

/// Shares of curves whose interval holds the truth.
#[derive(Debug, Default, Clone, Copy)]
pub struct Coverage {
    /// Curves fitted.
    pub fitted: usize,
    /// Curves refused.
    pub refused: usize,
    /// Interval of the profile likelihood.
    pub profile: f64,
    /// Linear propagation, symmetric in ln TIA.
    pub log_linear: f64,
    /// Linear propagation, symmetric in TIA.
    pub linear: f64,
    /// Mean of TIA / truth.
    pub mean_ratio: f64,
    /// Median half-width of the profile interval (upper, in ln TIA).
    pub half_width: f64,
}

/// Fits `n` noisy curves of a scenario with its own family.
pub fn coverage(scenario: &Scenario, n: usize, seed: u64, relative_only: bool) -> Coverage {
    let mut normal = Normal(seed);
    let mut result = Coverage::default();
    let mut widths = Vec::new();
    for _ in 0..n {
        let tac = scenario.noisy(&mut normal, relative_only);
        match fit(&tac, scenario.truth.family(), LU177) {
            Err(_) => result.refused += 1,
            Ok(fit) => {
                result.fitted += 1;
                widths.push(one(&fit, scenario.truth.tia(), &mut result));
            }
        }
    }
    let fitted = result.fitted as f64;
    for share in
        [&mut result.profile, &mut result.log_linear, &mut result.linear, &mut result.mean_ratio]
    {
        *share /= fitted;
    }
    widths.sort_by(f64::total_cmp);
    result.half_width = widths[widths.len() / 2];
    result
}

fn one(fit: &Fit, truth: f64, result: &mut Coverage) -> f64 {
    let off = (truth / fit.curve.tia()).ln();
    let (lower, upper) = profile::half_widths_95(fit);
    let linear = profile::linear_half_width_95(fit);
    result.profile += f64::from(u8::from(-lower <= off && off <= upper));
    result.log_linear += f64::from(u8::from(off.abs() <= linear));
    result.linear += f64::from(u8::from((off.exp() - 1.0).abs() <= linear));
    result.mean_ratio += fit.curve.tia() / truth;
    upper
}
