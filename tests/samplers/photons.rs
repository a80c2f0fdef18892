//! Angles of photons and of what they set free.

use super::*;

#[test]
fn compton_angle() {
    let (plan, mut out) = (plan(), Vec::new());
    for (m, material) in materials().iter().enumerate() {
        let mixed = MixedFormFactor::new(material).expect("data");
        for (i, energy) in [0.01171875, 0.03125, 0.140625, 0.5, 1.25, 3.0].into_iter().enumerate() {
            let (e, _) = at_node(energy);
            let bins = Bins::from_pdf(|mu| compton_pdf(&mixed, e, mu, true), |t| t * t);
            let mut r = rng(100 + 10 * m as u64 + i as u64);
            let name = format!("Compton, {} {e} MeV", material.name);
            out.push(compare(&name, &bins, SAMPLES, || {
                let at = plan.params.offsets.compton;
                f64::from(compton::sample_mu(&plan.tables, at, m, e as f32, &mut r))
            }));
        }
    }
    let offset = plan.params.offsets.compton;
    assert_eq!(
        mean_draws(3, |r| consume(compton::sample_mu(&plan.tables, offset, 0, 0.2, r))),
        2.0
    );
    check(&out);
}

#[test]
fn rayleigh_angle() {
    let (plan, mut out) = (plan(), Vec::new());
    for (m, material) in materials().iter().enumerate() {
        let mixed = MixedFormFactor::new(material).expect("data");
        for (i, energy) in [0.00390625, 0.03125, 0.140625, 0.5].into_iter().enumerate() {
            let (e, node) = at_node(energy);
            let bins = Bins::from_pdf(|mu| rayleigh_pdf(&mixed, e, mu), |t| t.powi(4));
            let mut r = rng(200 + 10 * m as u64 + i as u64);
            let at = angular_at(plan.params.offsets.rayleigh, m, node);
            let name = format!("Rayleigh, {} {e} MeV", material.name);
            out.push(compare(&name, &bins, SAMPLES, || {
                f64::from(sample_angular(&plan.tables, at, r.uniform()))
            }));
        }
    }
    check(&out);
}

#[test]
fn photoelectron_pair_and_bremsstrahlung_angles() {
    let mut out = Vec::new();
    for (i, e) in [0.003, 0.03, 0.2, 0.6, 2.5].into_iter().enumerate() {
        let mut r = rng(300 + i as u64);
        // mu = (1 - cos)/2, fine where beta peaks it forward.
        let bins = Bins::from_pdf(|mu| sauter_pdf(e, 1.0 - 2.0 * mu), |t| t * t);
        out.push(compare(&format!("Sauter, {e} MeV"), &bins, SAMPLES, || {
            f64::from(photoelectric::sample_angle(e as f32, &mut r))
        }));
        let dipole = Bins::from_pdf(|mu| pair_angle_pdf(e, 1.0 - 2.0 * mu), |t| t * t);
        out.push(compare(&format!("bremsstrahlung angle, {e} MeV"), &dipole, SAMPLES, || {
            f64::from(bremsstrahlung::sample_angle(e as f32, r.uniform()))
        }));
        out.push(compare(&format!("pair angle, {e} MeV"), &dipole, SAMPLES, || {
            let d = pair::sample_direction([0.0, 0.0, 1.0], e as f32, &mut r);
            // (1 - cos)/2 from the sine where cos is near one: no cancellation.
            let sine2 = f64::from(d[0]).powi(2) + f64::from(d[1]).powi(2);
            if d[2] > 0.0 {
                0.5 * sine2 / (1.0 + f64::from(d[2]))
            } else {
                0.5 * (1.0 - f64::from(d[2]))
            }
        }));
    }
    let mut r = rng(310);
    let unit = Bins::from_quantiles(|q| q);
    out.push(compare("pair split", &unit, SAMPLES, || f64::from(pair::sample_split(&mut r))));
    assert_eq!(mean_draws(311, |r| consume(pair::sample_split(r))), 1.0);
    assert_eq!(mean_draws(312, |r| consume(pair::sample_direction([0.0, 0.0, 1.0], 0.5, r))), 2.0);
    for (energy, documented) in [(0.01, 6.0), (0.1, 6.2), (1.0, 4.9)] {
        let mean = mean_draws(313, |r| consume(photoelectric::sample_angle(energy, r)));
        println!("Sauter at {energy} MeV: {mean:.2} draws");
        assert!((mean - documented).abs() < 0.1, "{mean} draws at {energy} MeV");
    }
    check(&out);
}
