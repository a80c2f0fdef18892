use super::*;
use crate::activity::{BlurredSphere, CameraSetup, Component, RecoveryPoint};

const LAMBDA: f64 = 1.2069e-6;
const TIMES: [f64; 4] = [14_400.0, 86_400.0, 259_200.0, 604_800.0];
const RATES: [[f64; 2]; 4] = [[200.0, 4.0], [180.0, 4.0], [120.0, 3.0], [50.0, 2.0]];

fn factor() -> CalibrationFactor {
    let budget = Budget {
        quantity: "factor".into(),
        unit: "cps/MBq".into(),
        value: 20.0,
        components: vec![Component::new("all", 0.5, 1.0)],
    };
    CalibrationFactor {
        setup: CameraSetup {
            camera: "C".into(),
            nuclide: "Lu-177".into(),
            collimator: "M".into(),
            window_kev: [187.0, 229.0],
        },
        unit: FactorUnit::CpsPerMbq,
        budget,
        random_uncertainty: 0.2,
        shared_uncertainty: 0.4,
        acquisitions: 3,
        chi2: 1.0,
        birge: crate::activity::BirgeRatios::default(),
        of_fills: Vec::new(),
    }
}

fn curve() -> RecoveryCurve {
    let seen = |v: f64| BlurredSphere::new(v, 12.0).unwrap().recovery();
    let points: Vec<RecoveryPoint> = [0.524, 1.15, 2.572, 5.575, 11.494, 26.522]
        .map(|v| RecoveryPoint { volume_ml: v, recovery: seen(v), standard_uncertainty: 0.02 })
        .into();
    RecoveryCurve::fit(&points, 0.02).unwrap()
}

/// Trapezoids and physical decay after the last point: linear in the activities, so its random part has a closed form.
fn weights() -> Vec<f64> {
    let mut w = vec![0.0; 4];
    w[0] += TIMES[0];
    for i in 0..3 {
        let half = 0.5 * (TIMES[i + 1] - TIMES[i]);
        w[i] += half;
        w[i + 1] += half;
    }
    w[3] += 1.0 / LAMBDA;
    w
}

fn integrate(activities: &[f64]) -> Result<f64> {
    Ok(weights().iter().zip(activities).map(|(w, a)| w * a).sum())
}

fn chain<'a>(factor: &'a CalibrationFactor, curve: &'a RecoveryCurve, u_v: f64) -> DoseChain<'a> {
    DoseChain {
        voi: "tumour",
        volume_ml: [6.0, u_v],
        count_exponent: BlurredSphere::new(6.0, 12.0).unwrap().count_exponent(),
        recovery: Some(curve),
        coefficient: None,
        extrapolation: Extrapolation::Refuse,
        factor,
        tac: TimeIntegral::Refit { rates_cps: &RATES, integrate: &integrate },
        s_value: 4e-12,
        s_exponent: 1.0,
        transport_relative: 0.005,
        model_relative: Some(0.01),
    }
}

fn part(budget: &Budget, name: &str) -> f64 {
    let c = budget.components.iter().find(|c| c.name.starts_with(name)).expect(name);
    c.variance.sqrt() / budget.value
}

/// Gear's equations, each term by hand: the counts' and the S-value's covariance with the recovery through the volume are in it.
#[test]
fn the_budget_is_the_closed_form() {
    let (factor, curve) = (factor(), curve());
    let chain = chain(&factor, &curve, 0.6);
    let budget = chain.budget().unwrap();
    let r = curve.recovery(6.0, 0.6, Extrapolation::Refuse).unwrap();
    let activities: Vec<f64> = RATES.iter().map(|c| c[0] / 20.0 * 1e6 / r.value).collect();
    let tia = integrate(&activities).unwrap();
    assert!((budget.value / (tia * 4e-12) - 1.0).abs() < 1e-12);
    let random = weights()
        .iter()
        .zip(RATES)
        .map(|(w, c)| (w * c[1] / 20.0 * 1e6 / r.value).powi(2))
        .sum::<f64>()
        .sqrt()
        / tia;
    let own_fit = (r.from_curve.powi(2) - (0.02 * r.value).powi(2)).sqrt() / r.value;
    let expected = [
        ("volume", (chain.count_exponent - r.volume_exponent - 1.0).abs() * 0.1),
        ("calibration", 0.025),
        ("transport", 0.005),
        ("recovery", own_fit.hypot(0.02)),
        ("model", 0.01),
        ("fit", random),
    ];
    for (name, relative) in expected {
        assert!(
            (part(&budget, name) / relative - 1.0).abs() < 1e-4,
            "{name} {relative}\n{}",
            budget.table()
        );
    }
    println!("{}", budget.table());
    // Gear's A and D in two steps: u^2(A) with cov(R, C), then u^2(D) with cov(TIA, S).
    let [k, s] = [chain.count_exponent, 1.0];
    let (uv, rv) = (0.1, r.volume_exponent);
    let a = rv * rv * uv * uv + k * k * uv * uv - 2.0 * k * rv * uv * uv;
    let tia_s = (k - rv) * -s * uv * uv;
    let d = a + s * s * uv * uv + 2.0 * tia_s;
    assert!((part(&budget, "volume") / d.sqrt() - 1.0).abs() < 1e-4);
}

/// Small uncertainties: sampling gives the linear result; large ones of a small tumour: it does not, and says so.
#[test]
fn sampling_agrees_where_the_chain_is_linear() {
    let (factor, curve) = (factor(), curve());
    let narrow = chain(&factor, &curve, 0.3);
    let (budget, sampled) = (narrow.budget().unwrap(), narrow.sample(40_000, 7).unwrap());
    // The spread of 40,000 samples is known to 0.35 %; second order adds up to 1 %.
    assert!(
        (sampled.standard_deviation / budget.standard_uncertainty() - 1.0).abs() < 0.02,
        "{sampled:?} {}",
        budget.table()
    );
    assert!((sampled.mean[0] / budget.value - 1.0).abs() < 0.005);
    assert!(sampled.validates(&budget), "{sampled:?}");
    assert_eq!(narrow.sample(40_000, 7).unwrap(), sampled);
    let wide = chain(&factor, &curve, 3.0);
    let (budget, sampled) = (wide.budget().unwrap(), wide.sample(40_000, 7).unwrap());
    assert_eq!(budget.dominant().unwrap().name, "volume");
    assert!(!sampled.validates(&budget), "{sampled:?}");
    // The distribution leans to high doses.
    assert!(sampled.mean[0] > sampled.median);
    assert_eq!(sampled.failed, 0);
}

/// A fit's covariance as a matrix: a mono-exponential A0, k with TIA = A0 / k.
#[test]
fn a_fitted_curve_gives_its_covariance() {
    let (factor, curve) = (factor(), curve());
    let covariance = DMatrix::from_row_slice(2, 2, &[1e10, 2e-3, 2e-3, 1e-15]);
    let fitted = DoseChain {
        tac: TimeIntegral::Fitted {
            parameters: &[5e6, 2e-6],
            covariance: &covariance,
            integral: &|p| Ok(p[0] / p[1]),
        },
        ..chain(&factor, &curve, 0.6)
    };
    let budget = fitted.budget().unwrap();
    assert!((budget.value / (2.5e12 * 4e-12) - 1.0).abs() < 1e-12);
    let relative: f64 = 1e10 / 25e12 + 1e-15 / 4e-12 - 2.0 * 2e-3 / (5e6 * 2e-6);
    assert!((part(&budget, "fit") / relative.sqrt() - 1.0).abs() < 1e-4);
    // All else as with refitting.
    let refit = chain(&factor, &curve, 0.6).budget().unwrap();
    for name in ["volume", "calibration", "recovery", "transport"] {
        assert!((part(&budget, name) - part(&refit, name)).abs() < 1e-8, "{name}");
    }
}

/// Shared parts do not average out over time points: the calibration's part is the same for one point and for four.
#[test]
fn correlations_between_times_are_kept() {
    let (factor, curve) = (factor(), curve());
    let all = chain(&factor, &curve, 0.6).budget().unwrap();
    let one = DoseChain {
        tac: TimeIntegral::Refit { rates_cps: &RATES[..1], integrate: &|a| Ok(a[0] / LAMBDA) },
        ..chain(&factor, &curve, 0.6)
    };
    assert!((part(&all, "calibration") - part(&one.budget().unwrap(), "calibration")).abs() < 1e-9);
}

/// A recovery curve measured with the same factor: an error of the factor cancels.
#[test]
fn the_factor_cancels_where_the_curve_was_measured_with_it() {
    let factor = factor();
    let curve = RecoveryCurve { includes_calibration: true, ..curve() };
    let budget = chain(&factor, &curve, 0.6).budget().unwrap();
    assert!(part(&budget, "calibration") < 1e-9, "{}", budget.table());
}

/// A coefficient in place of the curve: its own part, and its exponent in the volume's.
#[test]
fn a_coefficient_stands_for_the_curve() {
    let (factor, curve) = (factor(), curve());
    let coefficient =
        RecoveryCoefficient { value: 0.5, standard_uncertainty: 0.02, volume_exponent: 0.3 };
    let chain =
        DoseChain { recovery: None, coefficient: Some(coefficient), ..chain(&factor, &curve, 0.6) };
    let budget = chain.budget().unwrap();
    let activities: Vec<f64> = RATES.iter().map(|c| c[0] / 20.0 * 1e6 / 0.5).collect();
    assert!((budget.value / (integrate(&activities).unwrap() * 4e-12) - 1.0).abs() < 1e-12);
    let volume = (chain.count_exponent - 0.3 - 1.0).abs() * 0.1;
    for (name, relative) in [("recovery", 0.04), ("volume", volume)] {
        assert!((part(&budget, name) / relative - 1.0).abs() < 1e-4, "{name}");
    }
    assert!(DoseChain { recovery: Some(&curve), ..chain }.budget().is_err());
}

#[test]
fn bad_chains_are_refused() {
    let (factor, curve) = (factor(), curve());
    let good = || chain(&factor, &curve, 0.6);
    assert!(good().budget().is_ok());
    assert!(DoseChain { transport_relative: 0.0, ..good() }.budget().is_err());
    assert!(DoseChain { volume_ml: [6.0, 0.0], ..good() }.budget().is_err());
    assert!(DoseChain { volume_ml: [60.0, 1.0], ..good() }.budget().is_err());
    assert!(
        DoseChain { volume_ml: [60.0, 1.0], extrapolation: Extrapolation::Flag, ..good() }
            .budget()
            .is_ok()
    );
    let failing = |_: &[f64]| Err(Error::run("no fit", "two rising points", "Add a scan."));
    let tac = TimeIntegral::Refit { rates_cps: &RATES, integrate: &failing };
    let error = DoseChain { tac, ..good() }.budget().unwrap_err().to_string();
    assert!(error.contains("two rising points"), "{error}");
    let zero = [[200.0, 0.0]];
    assert!(
        DoseChain {
            tac: TimeIntegral::Refit { rates_cps: &zero, integrate: &integrate },
            ..good()
        }
        .budget()
        .is_err()
    );
}

/// The whole chain with the fit of the kinetics in it: sampling refits every draw.
#[test]
fn the_fit_is_part_of_the_chain() {
    let (factor, curve) = (factor(), curve());
    let uncertainties = RATES.map(|c| c[1] / c[0]);
    let integrate = |activities: &[f64]| -> Result<f64> {
        let u: Vec<f64> = activities.iter().zip(uncertainties).map(|(a, r)| a * r).collect();
        let tac = crate::kinetics::Tac::new(&TIMES, activities, &u)?;
        Ok(crate::kinetics::fit(&tac, crate::kinetics::Family::Mono, LAMBDA)?.tia(&tac).value)
    };
    let fitted = DoseChain {
        tac: TimeIntegral::Refit { rates_cps: &RATES, integrate: &integrate },
        ..chain(&factor, &curve, 0.3)
    };
    let (budget, sampled) = (fitted.budget().unwrap(), fitted.sample(4000, 3).unwrap());
    // The random part is what the fit itself says of its integral.
    let nominal: Vec<f64> = RATES.iter().map(|c| c[0]).collect();
    let u: Vec<f64> = RATES.iter().map(|c| c[1]).collect();
    let tac = crate::kinetics::Tac::new(&TIMES, &nominal, &u).unwrap();
    let fit = crate::kinetics::fit(&tac, crate::kinetics::Family::Mono, LAMBDA).unwrap();
    let random = fit.tia(&tac).relative_uncertainty();
    let part = part(&budget, "fit");
    println!("{}{sampled:?} {random}", budget.table());
    assert!((part / random - 1.0).abs() < 0.1, "{part} {random}");
    // 4,000 samples know the spread to 1.1 %.
    assert!((sampled.standard_deviation / budget.standard_uncertainty() - 1.0).abs() < 0.05);
    assert!((sampled.mean[0] / budget.value - 1.0).abs() < 0.005 && sampled.failed == 0);
}
