use super::*;
use crate::activity::BlurredSphere;

/// Volumes of the NEMA IEC spheres of 10 to 37 mm, mL.
const NEMA: [f64; 6] = [0.524, 1.150, 2.572, 5.575, 11.494, 26.522];

fn exact(parameters: [f64; 2], u: f64) -> Vec<RecoveryPoint> {
    let point = |v: f64| RecoveryPoint {
        volume_ml: v,
        recovery: value(parameters, v),
        standard_uncertainty: u,
    };
    NEMA.map(point).into()
}

#[test]
fn exact_points_give_back_the_curve() {
    for truth in [[3.0, 0.9], [0.4, 1.5], [20.0, 0.6]] {
        let curve = RecoveryCurve::fit(&exact(truth, 0.02), 0.0).unwrap();
        for (found, true_value) in curve.parameters.iter().zip(truth) {
            assert!((found / true_value - 1.0).abs() < 1e-6, "{truth:?}: {curve:?}");
        }
        assert!(curve.chi2 < 1e-9 && curve.degrees_of_freedom == 4);
        assert_eq!(curve.volumes_ml, [0.524, 26.522]);
    }
}

/// 2,000 noisy sets: the fitted parameters spread as the covariance says, and R's interval covers the truth.
#[test]
fn the_covariance_is_the_spread_of_repeated_fits() {
    let (truth, u) = ([3.0, 0.9], 0.01);
    let mut state = 11u64;
    let mut normal = || {
        let mut sum = -6.0;
        for _ in 0..12 {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            sum += (state >> 11) as f64 / (1u64 << 53) as f64;
        }
        sum
    };
    let expected = RecoveryCurve::fit(&exact(truth, u), 0.0).unwrap();
    let n = 2000;
    let (mut sums, mut covered) = ([0.0; 3], 0);
    for _ in 0..n {
        let mut points = exact(truth, u);
        points.iter_mut().for_each(|p| p.recovery += u * normal());
        let curve = RecoveryCurve::fit(&points, 0.0).unwrap();
        let [da, db] = [curve.parameters[0] - truth[0], curve.parameters[1] - truth[1]];
        sums = [sums[0] + da * da, sums[1] + da * db, sums[2] + db * db];
        let seen = expected.recovery(4.0, 1e-9, Extrapolation::Refuse).unwrap();
        covered += u32::from((curve.value(4.0) - value(truth, 4.0)).abs() < 1.96 * seen.from_curve);
    }
    let c = expected.covariance;
    // A variance of 2,000 draws is known to 3.2 %, a covariance to 2.2 % of the product of the spreads.
    let scale = [c[0][0], (c[0][0] * c[1][1]).sqrt(), c[1][1]];
    for ((sum, cov), scale) in sums.iter().zip([c[0][0], c[0][1], c[1][1]]).zip(scale) {
        assert!((sum / f64::from(n) - cov).abs() < 0.1 * scale, "{sums:?} {c:?}");
    }
    assert!((0.93..0.97).contains(&(f64::from(covered) / f64::from(n))), "{covered}");
}

#[test]
fn derivatives_are_difference_quotients() {
    let curve = RecoveryCurve::fit(&exact([3.0, 0.9], 0.02), 0.03).unwrap();
    let here = curve.recovery(5.0, 0.5, Extrapolation::Refuse).unwrap();
    let step = 1e-5;
    let slope = (curve.value(5.0 + step) - curve.value(5.0 - step)) / (2.0 * step);
    assert!((here.from_volume / (slope * 0.5) - 1.0).abs() < 1e-7);
    assert!((here.covariance_with_volume(5.0, 0.5) / (slope * 0.25) - 1.0).abs() < 1e-7);
    let moved = |i: usize, d: f64| {
        let mut p = curve.parameters;
        p[i] += d;
        value(p, 5.0)
    };
    let g = [0, 1].map(|i| (moved(i, step) - moved(i, -step)) / (2.0 * step));
    let c = curve.covariance;
    let fit = g[0] * g[0] * c[0][0] + 2.0 * g[0] * g[1] * c[0][1] + g[1] * g[1] * c[1][1];
    let expected = (fit + (0.03 * here.value).powi(2)).sqrt();
    assert!((here.from_curve / expected - 1.0).abs() < 1e-7);
}

/// The two-parameter curve against spheres blurred by 12 mm: it follows the closed form to 0.03 over 0.5 to 27 mL.
#[test]
fn the_curve_follows_blurred_spheres() {
    let seen = |v: f64| BlurredSphere::new(v, 12.0).unwrap().recovery();
    let points: Vec<RecoveryPoint> = NEMA
        .map(|v| RecoveryPoint { volume_ml: v, recovery: seen(v), standard_uncertainty: 0.02 })
        .into();
    let curve = RecoveryCurve::fit(&points, 0.0).unwrap();
    for i in 0..=40 {
        let v = 0.524 * (26.522f64 / 0.524).powf(f64::from(i) / 40.0);
        assert!((curve.value(v) - seen(v)).abs() < 0.03, "{v}: {} {}", curve.value(v), seen(v));
    }
    println!("{curve:?}");
}

#[test]
fn bad_spheres_are_refused() {
    let good = exact([3.0, 0.9], 0.02);
    let refused = |points: &[RecoveryPoint], expected: &str| {
        let error = RecoveryCurve::fit(points, 0.0).unwrap_err().to_string();
        assert!(error.contains(expected), "'{expected}' not in: {error}");
    };
    refused(&good[..2], "three or more points");
    refused(&[good[0]; 4], "two or more volumes");
    let with = |change: fn(&mut RecoveryPoint)| {
        let mut all = good.clone();
        change(&mut all[2]);
        all
    };
    refused(&with(|p| p.standard_uncertainty = 0.0), "infinite weight");
    refused(&with(|p| p.recovery = -0.1), "above zero");
    refused(&with(|p| p.volume_ml = 0.0), "above zero");
    let mut falling = good.clone();
    falling.iter_mut().for_each(|p| p.recovery = 1.0 - p.recovery);
    refused(&falling, "rise with volume");
    assert!(RecoveryCurve::fit(&good, f64::NAN).is_err());
}

#[test]
fn extrapolation_is_refused_or_said() {
    let curve = RecoveryCurve::fit(&exact([3.0, 0.9], 0.02), 0.0).unwrap();
    for v in [0.5, 27.0] {
        assert!(curve.recovery(v, 0.1, Extrapolation::Refuse).is_err());
        assert!(curve.recovery(v, 0.1, Extrapolation::Flag).unwrap().extrapolated);
    }
    assert!(!curve.recovery(5.0, 0.1, Extrapolation::Flag).unwrap().extrapolated);
    assert!(curve.recovery(5.0, 0.0, Extrapolation::Flag).is_err());
    assert!(curve.recovery(-5.0, 0.1, Extrapolation::Flag).is_err());
}

#[test]
fn spheres_that_refute_the_curve_are_told() {
    let good = exact([3.0, 0.9], 0.02);
    assert!(RecoveryCurve::fit(&good, 0.0).unwrap().warnings().is_empty());
    // One sphere's volume typed wrong by a factor of three.
    let mut wrong = good.clone();
    wrong[2].recovery *= 0.5;
    let said = RecoveryCurve::fit(&wrong, 0.0).unwrap().warnings().join("\n");
    assert!(said.contains("misses its spheres"), "{said}");
    // Counts in another unit: nothing is recovered anywhere.
    let low: Vec<RecoveryPoint> =
        good.iter().map(|p| RecoveryPoint { recovery: 1e-3 * p.recovery, ..*p }).collect();
    let said = RecoveryCurve::fit(&low, 0.0).map(|c| c.warnings().join("\n"));
    assert!(
        said.is_err() || said.as_ref().is_ok_and(|s| s.contains("far from the spheres")),
        "{said:?}"
    );
}
