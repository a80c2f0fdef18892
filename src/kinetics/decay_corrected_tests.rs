use super::*;

const LAMBDA: f64 = std::f64::consts::LN_2 / (6.647 * 24.0);

/// Times in h for readability; the decay constant is per h accordingly.
fn asked(times: &[f64], values: &[f64], u: Option<f64>) -> bool {
    let u: Option<Vec<f64>> = u.map(|u| values.iter().map(|v| u * v.abs()).collect());
    suspicion(times, values, u.as_deref(), LAMBDA).is_some()
}

fn exponential(times: &[f64], half_life: f64) -> Vec<f64> {
    times.iter().map(|t| 100.0 * 2.0_f64.powf(-t / half_life)).collect()
}

/// Uptake and clearance by their biological half-lives, h.
fn uptake(times: &[f64], uptake: f64, clearance: f64) -> Vec<f64> {
    let value = |t: &f64| {
        100.0 * (2.0_f64.powf(-t / clearance) - 2.0_f64.powf(-t / uptake)) * (-LAMBDA * t).exp()
    };
    times.iter().map(value).collect()
}

fn corrected(times: &[f64], values: &[f64]) -> Vec<f64> {
    times.iter().zip(values).map(|(t, v)| v * (LAMBDA * t).exp()).collect()
}

#[test]
fn undoing_gives_back_what_was() {
    let times = [14_400.0, 86_400.0];
    let (mut values, mut u) = ([8.0, 4.0], [0.8, 0.4]);
    let lambda = 1.2e-6_f64;
    undo(&times, &mut values, Some(&mut u), lambda);
    for i in 0..2 {
        let factor = (-lambda * times[i]).exp();
        assert!((values[i] - [8.0, 4.0][i] * factor).abs() < 1e-12);
        assert!((u[i] - [0.8, 0.4][i] * factor).abs() < 1e-12);
    }
}

#[test]
fn what_physical_decay_cannot_do_is_asked_for() {
    for times in [
        &[4.0, 24.0, 72.0, 168.0][..],
        &[24.0, 96.0],
        &[4.0, 24.0, 72.0],
        &[1.0, 24.0, 48.0, 120.0],
    ] {
        // Retained, decay-corrected: flat.
        assert!(asked(times, &vec![100.0; times.len()], None), "{times:?}");
        assert!(asked(times, &vec![100.0; times.len()], Some(0.05)), "{times:?}");
        // Rising throughout.
        let rising: Vec<f64> = times.iter().map(|t| 10.0 + t).collect();
        assert!(asked(times, &rising, None), "{times:?}");
        // Clears with a biological half-life of 1,000 h, corrected.
        let slow = corrected(
            times,
            &exponential(times, 1.0 / (1.0 / 1000.0 + LAMBDA / std::f64::consts::LN_2)),
        );
        assert!(asked(times, &slow, Some(0.02)), "{times:?}");
    }
    // Uptake to a plateau that is kept, corrected: rises, then flat.
    let times = [4.0, 24.0, 72.0, 168.0];
    assert!(asked(&times, &corrected(&times, &uptake(&times, 9.0, 1e9)), Some(0.05)));
    // Flat with noise, its highest value in the middle.
    assert!(asked(&times, &[100.0, 103.0, 99.0, 101.0], None));
    let s = suspicion(&times, &[100.0; 4], None, LAMBDA).unwrap();
    let error = Suspicion { from_s: 14_400.0, to_s: 604_800.0, ..s }
        .question("'liver'", "Say so.")
        .to_string();
    assert!(
        error.contains("become 1.000 times") && error.contains("0.490 would be left"),
        "{error}"
    );
}

#[test]
fn what_is_possible_is_not_asked_for() {
    for times in [
        &[4.0, 24.0, 72.0, 168.0][..],
        &[24.0, 96.0],
        &[4.0, 24.0, 72.0],
        &[1.0, 4.0, 24.0, 96.0, 168.0],
    ] {
        // Microspheres: exactly physical decay.
        assert!(!asked(times, &exponential(times, 6.647 * 24.0), None), "{times:?}");
        assert!(!asked(times, &exponential(times, 6.647 * 24.0), Some(0.01)), "{times:?}");
        for half_life in [10.0, 50.0, 110.0, 150.0] {
            assert!(!asked(times, &exponential(times, half_life), None), "{times:?} {half_life}");
        }
    }
    // Uptake, then clearance or retention: rises first, falls later.
    let times = [4.0, 24.0, 72.0, 168.0];
    for (up, clearance) in [(2.0, 50.0), (9.0, 350.0), (9.0, 1e9), (20.0, 1e9), (15.0, 100.0)] {
        for u in [Some(0.01), Some(0.05), None] {
            assert!(!asked(&times, &uptake(&times, up, clearance), u), "{up} {clearance} {u:?}");
            assert!(!asked(&[4.0, 24.0, 72.0], &uptake(&[4.0, 24.0, 72.0], 9.0, clearance), u));
        }
    }
    // What cannot tell: one point, none, an end below zero.
    assert!(!asked(&[24.0], &[5.0], None) && !asked(&[], &[], None));
    assert!(!asked(&times, &[1.0, 2.0, 3.0, -0.1], Some(0.1)));
}

/// Physical decay with 5 % noise, stated: 1 % of curves are asked for by chance (2,000 curves: 1.0 +- 0.22 %, limit at four of them).
/// Decay-corrected retention with the same noise: nearly all are.
#[test]
fn the_rates_of_questions_are_as_stated() {
    let mut state = 5u64;
    let mut normal = || {
        (0..12).fold(-6.0, |sum, _| {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            sum + (state >> 11) as f64 / (1u64 << 53) as f64
        })
    };
    let times = [4.0, 24.0, 72.0, 168.0];
    let share = |truth: &[f64], normal: &mut dyn FnMut() -> f64| {
        let of = |_| {
            let values: Vec<f64> = truth.iter().map(|v| v * (1.0 + 0.05 * normal())).collect();
            let u: Vec<f64> = truth.iter().map(|v| 0.05 * v).collect();
            suspicion(&times, &values, Some(&u), LAMBDA).is_some()
        };
        (0..2000).map(of).filter(|a| *a).count() as f64 / 2000.0
    };
    let physical = exponential(&times, 6.647 * 24.0);
    let false_alarms = share(&physical, &mut normal);
    assert!(false_alarms < 0.01 + 4.0 * 0.0022, "{false_alarms}");
    let lesion = share(&uptake(&times, 9.0, 1e9), &mut normal);
    assert!(lesion < 0.02, "{lesion}");
    let found = share(&corrected(&times, &physical), &mut normal);
    println!("asked for: physical decay {false_alarms}, uptake {lesion}, corrected {found}");
    assert!(found > 0.999, "{found}");
}
