use super::super::tac::CommonScale;
use super::*;

const LAMBDA: f64 = 1.2e-6;
const TIMES: [f64; 4] = [14_400.0, 86_400.0, 259_200.0, 604_800.0];

fn exact(k: f64) -> Tac {
    let y = TIMES.map(|t| 50.0 * (-k * t).exp());
    Tac::new(&TIMES, &y, &y.map(|y| 0.05 * y)).unwrap()
}

/// With constant relative noise ln y is a straight line in t: the covariance has the closed form of linear regression.
#[test]
fn mono_has_the_closed_form_of_linear_regression() {
    let (k, u) = (4e-6, 0.05);
    let found = fit(&exact(k), Family::Mono, LAMBDA).unwrap();
    let mean = TIMES.iter().sum::<f64>() / 4.0;
    let sxx: f64 = TIMES.iter().map(|t| (t - mean).powi(2)).sum();
    let [a, rate] = [&found.parameters[0], &found.parameters[1]];
    assert!((a.value / 50.0 - 1.0).abs() < 1e-8 && ((rate.value + LAMBDA) / k - 1.0).abs() < 1e-8);
    let (sd_k, var_ln_a) = (u / sxx.sqrt(), u * u * (0.25 + mean * mean / sxx));
    assert!((rate.standard_uncertainty / sd_k - 1.0).abs() < 1e-6);
    assert!((a.standard_uncertainty / (50.0 * var_ln_a.sqrt()) - 1.0).abs() < 1e-6);
    // ln TIA = ln A - ln k; cov(ln A, k) = u^2 mean / sxx.
    let variance = var_ln_a - 2.0 * u * u * mean / sxx / k + (sd_k / k).powi(2);
    assert!((found.ln_tia_uncertainty() / variance.sqrt() - 1.0).abs() < 1e-6);
    assert!(found.chi2 < 1e-10 && found.r2 > 1.0 - 1e-9 && found.degrees_of_freedom == 2);
}

#[test]
fn a_common_scale_adds_to_the_tia_alone() {
    let tac = exact(4e-6);
    let found = fit(&tac, Family::Mono, LAMBDA).unwrap();
    let without = found.tia(&tac);
    let with = found.tia(&tac.clone().with_common_scale(CommonScale::new(0.06).unwrap()));
    let expected = without.relative_uncertainty().hypot(0.06);
    assert!((with.relative_uncertainty() - expected).abs() < 1e-12);
    assert!(
        with.interval_95.0 < without.interval_95.0 && with.interval_95.1 > without.interval_95.1
    );
    assert_eq!(with.value, without.value);
}

#[test]
fn relative_uncertainties_are_found_from_the_residuals() {
    let signs = [1.0, -1.0, 1.0, -1.0];
    let of = |scale: f64| {
        let y: Vec<f64> =
            (0..4).map(|i| 50.0 * (-4e-6 * TIMES[i]).exp() * (1.0 + 0.03 * signs[i])).collect();
        let u: Vec<f64> = y.iter().map(|y| scale * y).collect();
        fit(&Tac::new(&TIMES, &y, &u).unwrap().relative_only(), Family::Mono, LAMBDA).unwrap()
    };
    let (small, large) = (of(0.01), of(0.5));
    assert!((small.ln_tia_uncertainty() / large.ln_tia_uncertainty() - 1.0).abs() < 1e-6);
    assert!(small.ln_tia_uncertainty() > 0.01);
}

#[test]
fn shares_are_those_of_the_exponential() {
    let tac = exact(4e-6);
    let tia = fit(&tac, Family::Mono, LAMBDA).unwrap().tia(&tac);
    assert!((tia.share_before_first - (1.0 - (-4e-6 * TIMES[0]).exp())).abs() < 1e-9);
    assert!((tia.share_after_last - (-4e-6 * TIMES[3]).exp()).abs() < 1e-9);
    let short = tac.with_values(&TIMES.map(|t| 50.0 * (-1.3e-6 * t).exp())).unwrap();
    let tia = fit(&short, Family::Mono, LAMBDA).unwrap().tia(&short);
    assert!(tia.warnings.iter().any(|w| w.contains("after the last point")), "{:?}", tia.warnings);
}

#[test]
fn what_cannot_be_fitted_is_refused_with_its_reason() {
    let refused = |tac: &Tac, family, word: &str| {
        let text = fit(tac, family, LAMBDA).expect_err("must be refused").to_string();
        assert!(text.contains(word), "{text}");
    };
    let one = Tac::new(&[1e5], &[3.0], &[0.1]).unwrap();
    refused(&one, Family::Bi, "4 parameters");
    refused(&exact(4e-6), Family::BiUptake, "5 parameters");
    let rising = Tac::new(&[1e4, 1e5], &[120.0, 138.0], &[12.0, 14.0]).unwrap();
    refused(&rising, Family::Mono, "rise throughout");
    refused(&Tac::new(&TIMES, &[0.0; 4], &[1.0; 4]).unwrap(), Family::Mono, "all values are 0");
    assert!(fit(&exact(4e-6), Family::Mono, 0.0).is_err());
    assert!(fit(&one, Family::Physical, LAMBDA).is_ok());
    assert!(fit(&exact(4e-6).last_points(2).relative_only(), Family::Mono, LAMBDA).is_ok());
}

/// The prior of the noise is as three points of 5 %: (chi2 + 3 x 5 %^2) / (n - K + 3).
#[test]
fn unknown_noise_is_between_the_residuals_and_its_prior() {
    let wave = [0.02, -0.02, 0.02, -0.02];
    let y: Vec<f64> = (0..4).map(|i| 50.0 * (-4e-6 * TIMES[i]).exp() * (1.0 + wave[i])).collect();
    let tac = Tac::with_equal_relative_weights(&TIMES, &y).unwrap();
    let found = fit(&tac, Family::Mono, LAMBDA).unwrap();
    // Shares of 0.1 stand in the curve: chi2 and the prior are in these.
    let expected = (found.chi2 + 3.0 * 0.25) / 5.0;
    assert!((found.variance_factor / expected - 1.0).abs() < 1e-9);
    let exact = Tac::with_equal_relative_weights(&TIMES, exact(4e-6).values()).unwrap();
    let found = fit(&exact, Family::Mono, LAMBDA).unwrap();
    assert!((0.1 * found.variance_factor.sqrt() / (0.0075_f64 / 5.0).sqrt() - 1.0).abs() < 1e-6);
    // Any factor of the stated weights gives the same.
    let other = exact.clone().scaled(7.0);
    let again = fit(&other, Family::Mono, LAMBDA).unwrap();
    assert!((again.ln_tia_uncertainty() / found.ln_tia_uncertainty() - 1.0).abs() < 1e-6);
}

/// What the points do not tell stays at its prior; what they tell is not moved by it.
#[test]
fn priors_bound_what_is_not_told() {
    let tac = exact(4e-6);
    let plain = fit(&tac, Family::Mono, LAMBDA).unwrap();
    let two = fit_with_priors(&tac.last_points(2), Family::Bi, LAMBDA).unwrap();
    assert!(two.degrees_of_freedom == 0 && two.chi2 < 1e-3 && two.ln_tia_uncertainty() < 3.0);
    let mono = fit_with_priors(&tac, Family::Mono, LAMBDA).unwrap();
    assert!((mono.curve.tia() / plain.curve.tia() - 1.0).abs() < 1e-12);
}

/// A clearance at its bound is left by the profile: the interval's lower side is that of slower decay, not of the scale alone.
#[test]
fn the_profile_leaves_a_bound() {
    let y = TIMES.map(|t| 50.0 * (-1.15e-6 * t).exp());
    let tac = Tac::new(&TIMES, &y, &y.map(|y| 0.05 * y)).unwrap();
    let found = fit(&tac, Family::Mono, LAMBDA).unwrap();
    assert!(found.parameters[1].value < 1e-3 * LAMBDA);
    let (lower, upper) = profile::half_widths_95(&found);
    // ln TIA of physical decay alone: 5 % over two, the square root of four points.
    assert!(lower > 1.5 * upper && upper < 1.96 * 0.026, "{lower} {upper}");
    // The fit of a rate without a bound, by linear regression, cut at the bound.
    let s = |m: i32| TIMES.iter().map(|t| t.powi(m)).sum::<f64>();
    let sd_rate = 0.05 / (s(2) - s(1) * s(1) / 4.0).sqrt();
    let one_sided = 1.96 * sd_rate / LAMBDA;
    assert!(lower > 0.4 * one_sided && lower < 1.3 * one_sided, "{lower} {one_sided}");
}

/// Points that fall slower than physical decay end at the bound lambda_1 = 0, and the gate says so.
#[test]
fn a_rate_at_its_bound_fails_its_gate() {
    let y = TIMES.map(|t| 50.0 * (-0.5e-6 * t).exp());
    let tac = Tac::new(&TIMES, &y, &y.map(|y| 0.2 * y)).unwrap();
    let found = fit(&tac, Family::Mono, LAMBDA).unwrap();
    assert!(found.parameters[1].value < 1e-3 * LAMBDA && !found.determined() && !found.passed());
    let physical = fit(&tac, Family::Physical, LAMBDA).unwrap();
    assert!((found.curve.tia() / physical.curve.tia() - 1.0).abs() < 1e-3);
}

/// A fast phase that only the first point sees: its rate and amplitude are one number, and the integral before it is anything.
#[test]
fn an_undetermined_integral_is_said_to_be_one() {
    let t = [14_400.0, 86_400.0, 259_200.0, 604_800.0];
    let y = t.map(|t: f64| 1500.0 * (-1.2e-4 * t).exp() + 50.0 * (-4e-6 * t).exp());
    let tac = Tac::new(&t, &y, &y.map(|y| 0.07 * y)).unwrap();
    let found = fit(&tac, Family::Bi, LAMBDA).unwrap();
    let tia = found.tia(&tac);
    // The fast phase is 6e-3 of its start at the second point: at most a weak hold on its rate.
    assert!(tia.relative_uncertainty() > 0.2, "{tia:?}");
    assert!(!found.determined());
    assert!(tia.interval_95.1 / tia.interval_95.0 > 2.0, "{tia:?}");
}
