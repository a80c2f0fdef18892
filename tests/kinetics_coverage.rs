//! Simulated truth: the 95 % intervals of TIA cover 93 to 97 % for every family, and families are chosen as often as AICc theory says.

#[path = "support/simulated_tac.rs"]
mod simulated_tac;

use simulated_tac::{LU177, Normal, Scenario, coverage, scenario};
use voxgray::kinetics::distribution::{chi_squared_exceeded, normal_below};
use voxgray::kinetics::{Curve, Family, Tac, fit, select};

const CURVES: usize = 1000;

/// The bar of each family: 93 to 97 % of 1,000 curves, with a fixed seed.
fn check(family: Family, relative_only: bool) {
    let c = coverage(&scenario(family), CURVES, 20_261_122, relative_only);
    assert_eq!(c.refused, 0, "{family:?}");
    assert!((0.93..=0.97).contains(&c.profile), "{family:?}: {c:?}");
    // An interval so wide that it covers by itself would be no information.
    assert!(c.half_width < 0.25, "{family:?}: {c:?}");
}

#[test]
fn intervals_of_physical_and_mono_cover() {
    for relative_only in [false, true] {
        check(Family::Physical, relative_only);
        check(Family::Mono, relative_only);
    }
}

#[test]
fn intervals_of_mono_with_uptake_cover() {
    for relative_only in [false, true] {
        check(Family::MonoUptake, relative_only);
    }
}

#[test]
fn intervals_of_bi_cover() {
    for relative_only in [false, true] {
        check(Family::Bi, relative_only);
    }
}

#[test]
fn intervals_of_bi_with_uptake_cover() {
    check(Family::BiUptake, false);
}

#[test]
fn intervals_of_tri_cover() {
    check(Family::Tri, false);
}

/// Share of curves for which mono is chosen over physical, and its binomial standard deviation for an expected share.
fn chosen_mono(truth: &Scenario, expected: f64) -> (f64, f64) {
    let n = 3000;
    let mut normal = Normal(11);
    let mut mono = 0;
    for _ in 0..n {
        let tac = truth.noisy(&mut normal, false);
        let selection =
            select(&tac, &[Family::Physical, Family::Mono], LU177, false).expect("fits");
        mono += u32::from(selection.fit().family() == Family::Mono);
    }
    (f64::from(mono) / f64::from(n), (expected * (1.0 - expected) / f64::from(n)).sqrt())
}

/// Mono exceeds physical by one parameter on its bound: the gain in chi2 is 0 or chi-squared with one degree, half and half (Chernoff,
/// Ann. Math. Stat. 25, 573, 1954), so AICc chooses it with P(chi2_1 > penalty) / 2; if lambda_1 is delta standard deviations above 0, with
/// Phi(delta - sqrt(penalty)).
#[test]
fn aicc_chooses_at_the_rate_of_its_theory() {
    let n = 10.0;
    let penalty = |k: f64| 2.0 * k + 2.0 * k * (k + 1.0) / (n - k - 1.0);
    let margin = penalty(2.0) - penalty(1.0);
    let times_s: Vec<f64> = (1..=10).map(|i| f64::from(i) * 57_600.0).collect();
    let tia = 33.0;
    let physical = Curve::new(Family::Physical, LU177, &[tia]);
    let null = Scenario { truth: physical, times_s: times_s.clone(), relative_noise: 0.05 };
    let expected = 0.5 * chi_squared_exceeded(margin, 1);
    let (share, sd) = chosen_mono(&null, expected);
    println!("physical true: mono chosen in {share:.4}, theory {expected:.4} +- {sd:.4}");
    assert!((share - expected).abs() < 4.0 * sd, "{share} against {expected} +- {sd}");

    // With constant relative noise ln y is a straight line: sd of the rate is 0.05 / sqrt(sum (t - mean)^2).
    let mean = times_s.iter().sum::<f64>() / n;
    let sd_rate = 0.05 / times_s.iter().map(|t| (t - mean).powi(2)).sum::<f64>().sqrt();
    let delta = 1.5;
    let mono = Curve::new(Family::Mono, LU177, &[tia, (delta * sd_rate).ln()]);
    let weak = Scenario { truth: mono, times_s, relative_noise: 0.05 };
    let expected = normal_below(delta - margin.sqrt());
    let (share, sd) = chosen_mono(&weak, expected);
    println!("weak clearance true: mono chosen in {share:.4}, theory {expected:.4} +- {sd:.4}");
    assert!((share - expected).abs() < 4.0 * sd, "{share} against {expected} +- {sd}");
}

/// Uncertainties as shares of the measured values pull the TIA down by about the square of the share; of the curve they do not.
#[test]
fn proportional_uncertainties_do_not_bias() {
    let truth = Scenario { relative_noise: 0.10, ..scenario(Family::Physical) };
    let n = 2000;
    let mean = |proportional: bool| {
        let mut normal = Normal(3);
        let ratio = |_| {
            let tac = truth.noisy(&mut normal, false);
            let u: Vec<f64> = tac.values().iter().map(|v| 0.10 * v).collect();
            let tac = Tac::new(tac.times_s(), tac.values(), &u).expect("valid points");
            let tac = if proportional { tac.proportional() } else { tac };
            fit(&tac, Family::Physical, LU177).expect("fits").curve.tia() / truth.truth.tia()
        };
        (0..n).map(ratio).sum::<f64>() / f64::from(n)
    };
    // The mean of n TIAs from four points each has this standard deviation.
    let sd = 0.10 / (4.0 * f64::from(n)).sqrt();
    let (measured, curve) = (mean(false), mean(true));
    println!(
        "mean TIA / truth: shares of the values {measured:.4}, of the curve {curve:.4} +- {sd:.4}"
    );
    // 2 u^2 (n - 1) / n for a scale fitted to n points.
    assert!((measured - (1.0 - 2.0 * 0.01 * 0.75)).abs() < 4.0 * sd + 1e-3, "{measured}");
    assert!((curve - 1.0).abs() < 4.0 * sd + 1e-3, "{curve}");
}
