//! Chains against closed forms, a brute-force solution and the known traps.

use super::*;

const YEAR_S: f64 = 365.25 * 86400.0;

fn close(value: f64, expected: f64, relative: f64) {
    assert!((value - expected).abs() <= relative * expected.abs(), "{value:e} != {expected:e}");
}

fn decays(parent: &str, horizon_s: Option<f64>, member: &str) -> f64 {
    let chain = chain(parent, horizon_s, 1.0).unwrap();
    chain.members.iter().find(|m| m.nuclide == member).unwrap().decays_per_parent_decay
}

/// Two members in closed form: 1 - (b exp(-aT) - a exp(-bT)) / (b - a).
#[test]
fn two_members_closed_form() {
    for (a, b) in [(1.0f64, 3.0f64), (0.2, 40.0), (5.0, 0.01), (12.0, 0.7)] {
        let expected = 1.0 - (b * (-a).exp() - a * (-b).exp()) / (b - a);
        close(decayed_fraction(&[a, b], 1.0), expected, 1e-11);
    }
}

/// Equal rates are Erlang's distribution; nearly equal ones must not differ from it.
#[test]
fn near_equal_half_lives() {
    for x in [1e-3f64, 0.5, 4.0, 30.0] {
        // exp(-x) sum_{k >= 3} x^k / k!, summed without cancellation.
        let mut term = (-x).exp() * x.powi(3) / 6.0;
        let mut expected = 0.0;
        for k in 4..400 {
            expected += term;
            term *= x / f64::from(k);
        }
        close(decayed_fraction(&[x, x, x], 1.0), expected, 1e-12);
        close(decayed_fraction(&[x, x * (1.0 + 1e-13), x * (1.0 - 1e-13)], 1.0), expected, 1e-11);
    }
}

/// The leading term for slow members: product of the rates / n!, times 1 minus a small correction.
#[test]
fn slow_members_keep_their_digits() {
    close(decayed_fraction(&[1e-20, 1e-9], 1.0), 0.5e-29, 1e-8);
    // A fast parent first: the daughter has the whole horizon.
    close(decayed_fraction(&[1e5, 1e-12], 1.0), 1e-12 * (1.0 - 1e-5), 1e-9);
    // Above the instant limit the first stage is dropped.
    close(decayed_fraction(&[1e12, 2.0], 1.0), 1.0 - (-2.0f64).exp(), 1e-11);
    close(decayed_fraction(&[0.9e8, 2.0], 1.0), 1.0 - (-2.0f64).exp(), 1e-8);
}

/// Three members against a fourth-order Runge-Kutta solution of the rate equations.
#[test]
fn three_members_brute_force() {
    let rates = [0.7, 2.3, 1.1];
    let slope = |n: [f64; 4]| {
        let flow = [rates[0] * n[0], rates[1] * n[1], rates[2] * n[2]];
        [-flow[0], flow[0] - flow[1], flow[1] - flow[2], flow[2]]
    };
    let add = |n: [f64; 4], k: [f64; 4], h: f64| std::array::from_fn(|i| n[i] + h * k[i]);
    let mut n = [1.0, 0.0, 0.0, 0.0];
    let h = 1e-3;
    for _ in 0..3000 {
        let k1 = slope(n);
        let k2 = slope(add(n, k1, h / 2.0));
        let k3 = slope(add(n, k2, h / 2.0));
        let k4 = slope(add(n, k3, h));
        n = std::array::from_fn(|i| n[i] + h / 6.0 * (k1[i] + 2.0 * (k2[i] + k3[i]) + k4[i]));
    }
    close(decayed_fraction(&rates, 3.0), n[3], 1e-10);
}

/// Other tools let long-lived progeny decay in full (200 % for Ac-225). A daughter with rate l made early
/// decays in at most l T of the cases.
#[test]
fn long_lived_progeny_do_not_decay() {
    let bi207 = decays("At-211", None, "Bi-207");
    let lambda = std::f64::consts::LN_2 / (32.9 * YEAR_S);
    let t = 10.0 * 7.214 * 3600.0;
    assert!(bi207 > 0.5 * 0.418 * lambda * t && bi207 < 0.418 * lambda * t, "{bi207:e}");
    // Bi-209: 2e19 y; stable in ICRP-107, so it is no member there.
    assert!(decays("Ac-225", None, "Bi-209") < 1e-18);
    // Tc-99 of Tc-99m: 2.1e5 y.
    assert!(decays("Tc-99m", None, "Tc-99") < 1e-6);
    assert!(decays("Tb-152", None, "Gd-152") < 1e-12);
}

/// Sum over all paths of the products of their branches.
fn by_branching(from: &str, to: &str) -> f64 {
    if from == to {
        return 1.0;
    }
    let branches = Nuclide::load(from).map(|n| n.branches).unwrap_or_default();
    branches.iter().map(|b| b.fraction * by_branching(&b.progeny, to)).sum()
}

/// Chains whose members are all short-lived follow their branching.
#[test]
fn short_lived_progeny_follow_branching() {
    close(decays("At-211", None, "Po-211"), 0.582, 1e-4);
    let horizon = Some(1000.0 * 10.64 * 3600.0);
    close(decays("Pb-212", horizon, "Tl-208"), 0.3594, 1e-9);
    close(decays("Pb-212", horizon, "Po-212"), 0.6406, 1e-9);
    let horizon = Some(1000.0 * 864000.0);
    close(decays("Ac-225", horizon, "Po-213"), by_branching("Ac-225", "Po-213"), 1e-6);
    // At the default horizon Pb-212's daughters lag by the mean life of Bi-212.
    let lag = decays("Pb-212", None, "Bi-212");
    assert!(lag < 1.0 && lag > 0.999, "{lag}");
}

#[test]
fn retained_fraction_acts_once_per_generation() {
    let full = chain("Ac-225", None, 1.0).unwrap();
    let half = chain("Ac-225", None, 0.5).unwrap();
    let ratio = |name: &str| {
        let of = |c: &Chain| {
            c.members.iter().find(|m| m.nuclide == name).unwrap().decays_per_parent_decay
        };
        of(&half) / of(&full)
    };
    close(ratio("Ac-225"), 1.0, 1e-14);
    close(ratio("Fr-221"), 0.5, 1e-12);
    close(ratio("At-217"), 0.25, 1e-12);
    close(ratio("Bi-213"), 0.125, 1e-12);
    let none = chain("Ac-225", None, 0.0).unwrap();
    assert!(none.members[1..].iter().all(|m| m.decays_per_parent_decay == 0.0));
}

#[test]
fn refuses_absurd_options() {
    for horizon in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        assert!(chain("Lu-177", Some(horizon), 1.0).is_err());
    }
    for retained in [-0.1, 1.1, f64::NAN] {
        assert!(chain("Lu-177", None, retained).is_err());
    }
    assert!(chain("Xx-1", None, 1.0).is_err());
}
