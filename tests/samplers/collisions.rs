//! Collisions, bremsstrahlung and multiple scattering of electrons and positrons.

use super::*;

#[test]
fn moller_and_bhabha_transfers() {
    let (plan, mut out) = (plan(), Vec::new());
    // The shape of the cross section does not depend on the material.
    let stopping = StoppingPower::new(&materials()[0]).expect("data");
    // Energy, and mean draws (two per try).
    let cases = [
        (0.003_f32, (2.3, 2.0)),
        (0.02, (2.2, 2.0)),
        (0.1, (2.25, 2.1)),
        (0.935, (3.1, 2.35)),
        (3.0, (3.8, 2.4)),
    ];
    for (i, (e, documented)) in cases.into_iter().enumerate() {
        let low = f64::from(plan.production_threshold(e, 0, 0));
        let e64 = f64::from(e);
        let mut r = rng(400 + i as u64);
        let moller_bins = Bins::from_pdf(
            |w| stopping.moller().differential(e64, w),
            |t| (low * (0.5 * e64 / low).powf(t)).min(0.5 * e64),
        );
        out.push(compare(&format!("Moller, {e} MeV"), &moller_bins, SAMPLES, || {
            f64::from(moller::sample_transfer(e, low as f32, &mut r).expect("a transfer"))
        }));
        let bhabha_bins = Bins::from_pdf(
            |w| stopping.bhabha().differential(e64, w),
            |t| (low * (e64 / low).powf(t)).min(e64),
        );
        out.push(compare(&format!("Bhabha, {e} MeV"), &bhabha_bins, SAMPLES, || {
            f64::from(bhabha::sample_transfer(e, low as f32, &mut r).expect("a transfer"))
        }));
        let sample = |r: &mut Rng| consume(moller::sample_transfer(e, low as f32, r));
        let mean = mean_draws(410, sample);
        let mean_bhabha = mean_draws(411, |r| consume(bhabha::sample_transfer(e, low as f32, r)));
        println!("draws at {e} MeV: Moller {mean:.2}, Bhabha {mean_bhabha:.2}");
        assert!((mean - documented.0).abs() < 0.1, "Moller at {e} MeV: {mean} draws");
        assert!((mean_bhabha - documented.1).abs() < 0.1, "Bhabha at {e} MeV: {mean_bhabha} draws");
    }
    check(&out);
}

/// f32 kinematics against those of `physics`, in mu with the error a direction can tell (1e-6 of its own size, or 1e-9).
#[test]
fn collision_kinematics() {
    for e in [0.001_f32, 0.03, 0.935, 3.5] {
        for i in 1..500 {
            let transfer = e * 0.5 * i as f32 / 500.0;
            let (mu, mu_delta) = moller::deflections(e, transfer);
            let (e, w) = (f64::from(e), f64::from(transfer));
            let half = |c: f64| 0.5 * (1.0 - c);
            for (ours, exact) in
                [(mu, half(cos_theta_primary(e, w))), (mu_delta, half(cos_theta_secondary(e, w)))]
            {
                let off = (f64::from(ours) - exact).abs();
                assert!(off < 3e-6 * exact + 1e-9, "{e} {w}: {ours} against {exact}");
            }
        }
    }
}

#[test]
fn bremsstrahlung_spectra() {
    let (plan, mut out) = (plan(), Vec::new());
    let cut = f64::from(plan.params.photon_threshold);
    let materials = materials();
    for (l, lepton) in Lepton::ALL.into_iter().enumerate() {
        for (m, material) in materials.iter().enumerate().take(2) {
            let brems = Bremsstrahlung::new(material, lepton).expect("data");
            let stopping = StoppingPower::new(material).expect("data");
            let csda = CsdaRange::new(&stopping, lepton);
            let target = ThickTarget::new(&brems, &csda, cut);
            let set = l * materials.len() + m;
            for (i, energy) in [0.03125, 0.21875, 0.9375, 2.25].into_iter().enumerate() {
                let (e, node) = at_node(energy);
                let mut r = rng(500 + 100 * l as u64 + 10 * m as u64 + i as u64);
                let thin = Bins::from_pdf(
                    |k| brems.differential(e, k.min(e)),
                    |t| (cut * (e / cut).powf(t)).min(e),
                );
                let thick = target.spectrum_cdf(e, 3001);
                let (x, below): (Vec<f64>, Vec<f64>) = thick.into_iter().unzip();
                let o = &plan.params.offsets;
                let thin_mean = brems.hard_stopping(e, cut) / brems.hard_cross_section(e, cut);
                let thick_mean = target.emitted_energy(e) / target.photons(e);
                let tables = [
                    ("thin", o.bremsstrahlung, thin, thin_mean),
                    ("thick", o.thick_target, Bins::from_cumulative(&x, &below), thick_mean),
                ];
                for (kind, offset, bins, exact) in tables {
                    let at = spectrum_at(offset, set, node);
                    let name =
                        format!("{kind} bremsstrahlung, {lepton:?} {} {e} MeV", material.name);
                    out.push(compare(&name, &bins, SAMPLES, || {
                        let y = sample_spectrum(&plan.tables, at, r.uniform());
                        cut + (e - cut) * f64::from(y)
                    }));
                    let mean = |n: u32| {
                        let y = |j| sample_spectrum(&plan.tables, at, (j as f32 + 0.5) / n as f32);
                        cut + (e - cut) * (0..n).map(|j| f64::from(y(j))).sum::<f64>()
                            / f64::from(n)
                    };
                    let off = mean(100_000) / exact - 1.0;
                    println!("{name}: mean photon energy off by {off:+.2e}");
                    assert!(off.abs() < 1e-3, "{name}: mean photon energy off by {off:+.2e}");
                }
            }
        }
    }
    check(&out);
}

/// The distribution of a step's deflection, mu = (1 - cos theta)/2, and the step's strength K1: made as the plan makes its
/// table, from the facts of `physics`.
fn step_deflection(
    plan: &Plan,
    material: &Material,
    lepton: Lepton,
    node: usize,
) -> (MultipleScattering, f64) {
    let control = Settings::default().lepton;
    let facts = LeptonFacts::new(material, lepton, control).expect("data");
    let inverse_path = |e: f64| facts.inverse_path(e).expect("in range");
    // The same for every material and both leptons.
    let header = angular_at(plan.params.offsets.scattering, 0, node);
    let strength = f64::from(plan.tables[header + ANGULAR_STEP]);
    let e = node_energy(COARSE_BITS, node);
    let fraction = strength * facts.restricted(e) / (inverse_path(e) * e);
    let middle = (e * (1.0 - 0.5 * fraction)).max(1e-3);
    let t_cut = control.threshold(middle);
    let (moments, thickness) =
        TransportMoments::for_strength(material, middle, lepton, t_cut, strength)
            .expect("in range");
    (MultipleScattering::new(&moments, thickness), strength)
}

#[test]
fn multiple_scattering() {
    let (plan, mut out) = (plan(), Vec::new());
    let materials = materials();
    for (l, lepton) in Lepton::ALL.into_iter().enumerate() {
        for (m, material) in materials.iter().enumerate() {
            for (i, energy) in [0.001953125, 0.01171875, 0.125, 1.0, 3.0].into_iter().enumerate() {
                let (e, node) = at_node(energy);
                let (gs, strength) = step_deflection(plan, material, lepton, node);
                // Cut at quantiles of its table, probabilities by its series.
                let bins = Bins::from_quantiles(|q| gs.inverse_cdf(q)).measured_by(|mu| gs.cdf(mu));
                // The last interval of a table holds the 1.6 % least deflected, and spreads those not deflected at all (1 to
                // 2 % at 2 keV) over mu < 1e-3: no matter to the mean, which is tested below.
                let bins = bins.without_tails(0.03, 0.0);
                let set = l * materials.len() + m;
                let at = angular_at(plan.params.offsets.scattering, set, node);
                let mut r = rng(700 + 100 * l as u64 + 10 * m as u64 + i as u64);
                let name = format!("scattering, {lepton:?} {} {e} MeV", material.name);
                out.push(compare(&name, &bins, SAMPLES, || {
                    f64::from(sample_angular(&plan.tables, at, r.uniform()))
                }));
                // First moment of the table: <1 - cos> = 1 - exp(-K1).
                let mean = table_mean(plan, at, false);
                let exact = 0.5 * -(-strength).exp_m1();
                println!("{name}: mean mu off by {:+.2e}", mean / exact - 1.0);
                assert!((mean / exact - 1.0).abs() < 5e-4, "{name}: {mean} not {exact}");
            }
        }
    }
    check(&out);
}
