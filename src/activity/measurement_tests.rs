use super::*;

const DECAY: Decay = Decay { half_life_s: 3600.0, half_life_uncertainty_s: Some(36.0) };

fn at(text: &str) -> Moment {
    Moment::parse(&format!("2026-11-22T{text}")).unwrap()
}

fn reading(name: &str, value: f64, time: &str) -> Reading {
    Reading {
        name: name.into(),
        nuclide: "177Lu".into(),
        geometry: "syringe".into(),
        value,
        standard_uncertainty: 2.0,
        background: [1.0, 0.5],
        unit: CalibratorUnit::parse("MBq").unwrap(),
        time: at(time),
        time_uncertainty_s: 30.0,
    }
}

fn calibrator() -> Calibrator {
    Calibrator {
        name: "C1".into(),
        nuclide: "Lu-177".into(),
        factor: 1.02,
        relative_uncertainty: 0.015,
        geometries: vec![Geometry {
            name: "syringe".into(),
            factor: 0.98,
            relative_uncertainty: 0.01,
        }],
    }
}

fn assay() -> Assay {
    Assay {
        nuclide: "lu177".into(),
        full: reading("full", 801.0, "09:00:00"),
        residuals: vec![reading("residual", 51.0, "11:00:00")],
    }
}

fn administered(assay: &Assay) -> Result<Budget> {
    calibrator().administered(assay, &at("10:00:00"), &DECAY)
}

/// 800 MBq one half-life before and 50 MBq one after the injection: 400 - 100 = 300 MBq times both factors.
#[test]
fn full_less_residual_at_injection() {
    let budget = administered(&assay()).unwrap();
    let scale = 1.02 * 0.98 * 1e6;
    assert!((budget.value / (300.0 * scale) - 1.0).abs() < 1e-12, "{}", budget.value);
    let u = |name: &str| {
        budget.components.iter().find(|c| c.name.starts_with(name)).unwrap().variance.sqrt() / scale
    };
    // Shared factors act on the difference, not on each reading.
    assert!((u("calibrator") - 0.015 * 300.0).abs() < 1e-9);
    assert!((u("geometry") - 0.01 * 300.0).abs() < 1e-9);
    assert!((u("reading 'full'") - 2.0 * 0.5).abs() < 1e-9);
    assert!((u("reading 'residual'") - 2.0 * 2.0).abs() < 1e-9);
    assert!((u("background 'residual'") - 0.5 * 2.0).abs() < 1e-9);
    let lambda = std::f64::consts::LN_2 / 3600.0;
    assert!((u("clock 'full'") - lambda * 30.0 * 400.0).abs() < 1e-9);
    // Decayed readings gain, grown ones lose with a longer half-life: both act in the same direction.
    assert!(
        (u("half-life") - 36.0 / 3600.0 * std::f64::consts::LN_2 * (400.0 + 100.0)).abs() < 1e-9
    );
}

/// The components against the spread of a simulated administration (seeded; 40,000 draws give the spread to 0.35 %).
#[test]
fn simulated_readings_spread_as_the_budget_says() {
    let truth = assay();
    let budget = administered(&truth).unwrap();
    let mut state = 7u64;
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
    let n = 40_000;
    let values: Vec<f64> = (0..n)
        .map(|_| {
            let mut c = calibrator();
            c.factor *= 1.0 + c.relative_uncertainty * normal();
            c.geometries[0].factor *= 1.0 + 0.01 * normal();
            let mut a = truth.clone();
            let decay = Decay { half_life_s: 3600.0 + 36.0 * normal(), ..DECAY };
            let clocks = [30.0 * normal(), 30.0 * normal()];
            let mut net = 0.0;
            for (i, sign) in [(0, 1.0), (1, -1.0)] {
                let r = if i == 0 { &mut a.full } else { &mut a.residuals[0] };
                let m = r.value + 2.0 * normal() - (1.0 + 0.5 * normal());
                let elapsed = if i == 0 { 3600.0 } else { -3600.0 } + clocks[i];
                net += sign * m * 1e6 * decay.factor(elapsed).unwrap();
            }
            net * c.factor * c.geometries[0].factor
        })
        .collect();
    let (mean, error) = crate::stats::mean_and_error(&values, 1.0);
    let spread = error * f64::from(n).sqrt();
    // Second-order terms of the half-life shift the mean by less than a tenth of the spread.
    assert!((mean - budget.value).abs() < 0.1 * spread);
    assert!(
        (spread / budget.standard_uncertainty() - 1.0).abs() < 0.02,
        "{spread:e} {}",
        budget.table()
    );
}

fn refused(change: impl Fn(&mut Assay), expected: &str) {
    let mut bad = assay();
    change(&mut bad);
    let error = administered(&bad).unwrap_err().to_string();
    assert!(error.contains(expected), "'{expected}' not in: {error}");
}

#[test]
fn bad_records_are_refused() {
    refused(|a| a.nuclide = "Y-90".into(), "Lu-177, the source is Y-90");
    refused(|a| a.full.nuclide = "Tc-99m".into(), "reading 'full': the reading is for Tc-99m");
    refused(|a| a.full.nuclide = "Xx-1".into(), "unknown nuclide");
    refused(|a| a.full.geometry = "vial".into(), "no factor");
    refused(|a| a.full.standard_uncertainty = 0.0, "infinite weight");
    refused(|a| a.full.value = 0.5, "above zero");
    refused(|a| a.residuals[0].value = 1.0, "above zero");
    refused(|a| a.residuals[0].value = 500.0, "exceed the full source");
    refused(|a| a.full.time = at("10:00:01"), "before the injection");
    refused(|a| a.residuals[0].time = at("09:59:59"), "before the injection");
    refused(|a| a.residuals[0].time = at("20:00:01"), "half-lives");
    refused(|a| a.residuals[0].time = at("11:00:00Z"), "offset from UTC");
    refused(|a| a.full.background[0] = -1.0, "not negative");
    refused(|a| a.full.value = f64::NAN, "above zero");
    let mut exact = calibrator();
    exact.relative_uncertainty = 0.0;
    assert!(exact.administered(&assay(), &at("10:00:00"), &DECAY).is_err());
    assert!(CalibratorUnit::parse("MCi").is_err() && CalibratorUnit::parse("mbq").is_err());
}

#[test]
fn units_are_converted() {
    for (text, bq) in [("GBq", 1e9), ("mCi", 3.7e7), ("uCi", 3.7e4), ("Ci", 3.7e10)] {
        let unit = CalibratorUnit::parse(text).unwrap();
        assert!((unit.bq() / bq - 1.0).abs() < 1e-15, "{text}");
    }
}
