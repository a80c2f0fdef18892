use super::*;
use crate::activity::{Calibration, combine};

const DECAY: Decay = Decay { half_life_s: 36_000.0, half_life_uncertainty_s: None };

fn setup() -> CameraSetup {
    CameraSetup {
        camera: "Intevo".into(),
        nuclide: "Lu-177".into(),
        collimator: "MELP".into(),
        window_kev: [187.2, 228.8],
    }
}

fn activity(bq: f64) -> Budget {
    let components = vec![Component::new("all", 0.02 * bq, 1.0)];
    Budget { quantity: "activity".into(), unit: "Bq".into(), value: bq, components }
}

/// Counts that a camera of `cps_per_mbq` shows of 100 MBq within an hour.
fn acquisition(cps_per_mbq: f64, phantom: CalibrationPhantom) -> Acquisition {
    let t = 3600.0;
    let tau = 2e-6;
    let mean_mbq = 100.0 * DECAY.frame_average(t).unwrap();
    let rate = cps_per_mbq * mean_mbq + 5.0;
    let observed = rate / (1.0 + rate * tau);
    Acquisition {
        name: "a".into(),
        fill: format!("{cps_per_mbq}"),
        setup: setup(),
        phantom,
        activity: activity(1e8),
        shared_relative: 0.015,
        counts: [observed * t, (observed * t).sqrt()],
        duration_s: t,
        background_cps: [5.0, 0.1],
        dead_time: DeadTime::NonParalysable { tau_s: tau, uncertainty_s: 2e-7 },
        camera_cps: None,
    }
}

const CYLINDER: CalibrationPhantom =
    CalibrationPhantom::UniformCylinder { volume_ml: 5000.0, volume_uncertainty_ml: 10.0 };

#[test]
fn a_simulated_acquisition_gives_back_its_factor() {
    for phantom in [CalibrationPhantom::PointSource, CYLINDER] {
        let factor = acquisition(20.0, phantom).factor(FactorUnit::CpsPerMbq, &DECAY).unwrap();
        // The background, taken off before the dead-time factor, is 2e-5 of the rate wrong.
        assert!((factor.value / 20.0 - 1.0).abs() < 3e-5, "{}", factor.table());
        let part = |name: &str| {
            factor.components.iter().find(|c| c.name.starts_with(name)).unwrap().variance.sqrt()
                / factor.value
        };
        assert!((part("activity, shared") - 0.015).abs() < 1e-12);
        assert!((part("activity, own") - (0.02f64 * 0.02 - 0.015 * 0.015).sqrt()).abs() < 1e-12);
        // d ln(n) / d tau = n for a non-paralysable detector.
        assert!((part("dead time") - 20.0 * 96.6 * 2e-7).abs() < 2e-6);
    }
    let factor = acquisition(20.0, CYLINDER).factor(FactorUnit::BqPerMlPerCps, &DECAY).unwrap();
    // 20 cps/MBq of the whole phantom: 50 kBq per cps over 5000 mL are 10 Bq/mL per cps.
    assert!((factor.value / 10.0 - 1.0).abs() < 3e-5, "{}", factor.value);
    let volume = factor.components.iter().find(|c| c.name == "phantom volume").unwrap();
    assert!((volume.variance.sqrt() / factor.value - 0.002).abs() < 1e-12);
    assert!(
        acquisition(20.0, CalibrationPhantom::PointSource)
            .factor(FactorUnit::BqPerMlPerCps, &DECAY)
            .is_err()
    );
}

/// Every sensitivity against a difference quotient.
#[test]
fn sensitivities_are_difference_quotients() {
    let base = acquisition(20.0, CYLINDER);
    for unit in [FactorUnit::CpsPerMbq, FactorUnit::BqPerMlPerCps] {
        let value = |a: &Acquisition| a.factor(unit, &DECAY).unwrap().value;
        let here = base.factor(unit, &DECAY).unwrap();
        let fixed_camera =
            Acquisition { camera_cps: Some(base.counts[0] / base.duration_s), ..base.clone() };
        let checks: [(&str, f64, f64); 3] = [
            ("counts", 1.0, {
                let mut a = fixed_camera.clone();
                a.counts[0] += 1.0;
                value(&a)
            }),
            ("background", 1e-3, {
                let mut a = base.clone();
                a.background_cps[0] += 1e-3;
                value(&a)
            }),
            ("activity, own part", 1.0, {
                let mut a = base.clone();
                a.activity = activity(1e8 + 1.0);
                value(&a)
            }),
        ];
        for (name, step, moved) in checks {
            let c = here.components.iter().find(|c| c.name == name).unwrap().sensitivity.unwrap();
            let quotient = (moved - value(&base)) / step;
            assert!((c / quotient - 1.0).abs() < 1e-4, "{unit:?} {name}: {c} {quotient}");
        }
    }
}

#[test]
fn the_mean_keeps_what_is_shared() {
    let all: Vec<Acquisition> = [19.9, 20.0, 20.1].map(|q| acquisition(q, CYLINDER)).into();
    let factor = combine(&all, FactorUnit::CpsPerMbq, &DECAY).unwrap();
    assert!((factor.budget.value / 20.0 - 1.0).abs() < 1e-3);
    let shared = |name: &str| {
        let c = factor.budget.components.iter().find(|c| c.name.contains(name)).unwrap();
        c.variance.sqrt() / factor.budget.value
    };
    assert!((shared("calibrator") - 0.015).abs() < 1e-12);
    assert!((shared("dead time") - 20.0 * 96.6 * 2e-7).abs() < 2e-6);
    assert!(
        (factor.shared_uncertainty / factor.budget.value
            - shared("calibrator").hypot(shared("dead time")))
        .abs()
            < 1e-12
    );
    // Own part 1.32 % each, three of them; they agree better than that: no widening.
    assert!(factor.birge.between_fills.unwrap() < 1.0 && factor.birge.within_fills.is_none());
    let own = factor.random_uncertainty / factor.budget.value;
    assert!((own / (0.01323 / 3f64.sqrt()) - 1.0).abs() < 0.01, "{own}");
    // Three scans of one fill do not average its activity.
    let one_fill: Vec<Acquisition> =
        all.iter().map(|a| Acquisition { fill: "one".into(), ..a.clone() }).collect();
    let factor = combine(&one_fill, FactorUnit::CpsPerMbq, &DECAY).unwrap();
    assert!(factor.random_uncertainty / factor.budget.value > 0.01322);
    assert!(
        factor.birge.within_fills.unwrap() > 1.0,
        "scans of one fill differ by counting only: {factor:?}"
    );
    // 19.9, 20.0, 20.1: their mean is known to 0.1 / sqrt(3), and the fill's own 1.32 % stays what it is.
    let scans = 0.1 / 20.0 / 3f64.sqrt();
    let u = factor.random_uncertainty / factor.budget.value;
    assert!((u / scans.hypot(0.01323) - 1.0).abs() < 0.01, "{u}");
    let apart: Vec<Acquisition> = [18.0, 20.0, 22.0].map(|q| acquisition(q, CYLINDER)).into();
    let factor = combine(&apart, FactorUnit::CpsPerMbq, &DECAY).unwrap();
    // Standard error of 18, 20, 22 is 2 / sqrt(3).
    assert!(factor.birge.between_fills.unwrap() > 5.0);
    assert!(
        (factor.random_uncertainty / (2.0 / 3f64.sqrt()) - 1.0).abs() < 0.02,
        "{}",
        factor.random_uncertainty
    );
}

#[test]
fn a_factor_is_for_its_setup_only() {
    let factor = combine(&[acquisition(20.0, CYLINDER)], FactorUnit::CpsPerMbq, &DECAY).unwrap();
    let same = CameraSetup {
        nuclide: "177Lu".into(),
        camera: "INTEVO ".into(),
        collimator: "melp".into(),
        window_kev: [187.2, 228.85],
    };
    let budget = factor.apply(&same, [200.0, 2.0]).unwrap();
    assert!((budget.value / 1e7 - 1.0).abs() < 3e-5);
    assert!(
        (budget.relative_uncertainty() - factor.budget.relative_uncertainty().hypot(0.01)).abs()
            < 1e-12
    );
    match factor.per_count(&same, 100.0).unwrap() {
        Calibration::Bq(bq) => assert!((bq / 500.0 - 1.0).abs() < 3e-5, "{bq}"),
        other => panic!("{other:?}"),
    }
    let others = [
        (CameraSetup { nuclide: "Y-90".into(), ..setup() }, "Lu-177, the source is Y-90"),
        (CameraSetup { collimator: "LEHR".into(), ..setup() }, "collimator MELP"),
        (CameraSetup { camera: "Symbia".into(), ..setup() }, "camera Intevo"),
        (CameraSetup { window_kev: [100.0, 126.0], ..setup() }, "energy window 187.2 to 228.8 keV"),
        (CameraSetup { window_kev: [f64::NAN, 228.8], ..setup() }, "energy window"),
    ];
    for (other, expected) in others {
        let error = factor.apply(&other, [200.0, 2.0]).unwrap_err().to_string();
        assert!(error.contains(expected), "'{expected}' not in: {error}");
        assert!(factor.per_count(&other, 100.0).is_err());
        let mixed = [
            acquisition(20.0, CYLINDER),
            Acquisition { setup: other, ..acquisition(20.0, CYLINDER) },
        ];
        assert!(combine(&mixed, FactorUnit::CpsPerMbq, &DECAY).is_err());
    }
    assert!(
        factor.apply(&setup(), [200.0, 0.0]).is_err()
            && factor.apply(&setup(), [-1.0, 1.0]).is_err()
    );
}

#[test]
fn bad_acquisitions_are_refused() {
    let refused = |change: fn(&mut Acquisition)| {
        let mut a = acquisition(20.0, CYLINDER);
        change(&mut a);
        a.factor(FactorUnit::BqPerMlPerCps, &DECAY)
            .unwrap_err()
            .to_string()
            .contains("acquisition 'a'")
    };
    assert!(refused(|a| a.counts[0] = -1.0));
    assert!(refused(|a| a.counts[1] = 0.0));
    assert!(refused(|a| a.background_cps[0] = 1e6));
    assert!(refused(|a| a.duration_s = 0.0));
    assert!(refused(|a| a.activity.components.clear()));
    assert!(refused(|a| a.activity.value = -1.0));
    assert!(refused(|a| a.shared_relative = 0.5));
    assert!(refused(|a| a.phantom =
        CalibrationPhantom::UniformCylinder { volume_ml: 5000.0, volume_uncertainty_ml: 0.0 }));
    assert!(refused(|a| a.phantom =
        CalibrationPhantom::UniformCylinder { volume_ml: 0.0, volume_uncertainty_ml: 1.0 }));
    assert!(refused(|a| a.setup.window_kev = [228.8, 187.2]));
    assert!(combine(&[], FactorUnit::CpsPerMbq, &DECAY).is_err());
    assert!(FactorUnit::parse("cps/mbq").is_err());
}
