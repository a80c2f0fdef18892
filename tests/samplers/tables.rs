//! What tables and their mixtures hold between nodes.

use super::*;

/// The mixture of two nodes is linear in energy.
#[test]
fn coarse_nodes_are_mixed_linearly() {
    let mut out = Vec::new();
    for (i, energy) in [0.0013_f32, 0.208, 0.935, 3.31].into_iter().enumerate() {
        let (low, fraction) = locate::<COARSE_BITS>(energy);
        let mut r = rng(900 + i as u64);
        let mut counts = [0_u64; 2];
        for _ in 0..SAMPLES {
            counts[coarse_node(energy, r.uniform()) - low] += 1;
        }
        let f = f64::from(fraction);
        let mixed =
            (1.0 - f) * node_energy(COARSE_BITS, low) + f * node_energy(COARSE_BITS, low + 1);
        assert!((mixed / f64::from(energy) - 1.0).abs() < 1e-6, "{mixed}");
        let name = format!("node of {energy} MeV");
        out.push(compare_counts(&name, &[1.0 - f, f], &counts, |i| format!("node {}", low + i)));
    }
    check(&out);
}

/// How far the tables are from `physics` between their nodes; the bars are those of the data (PHYSICS: 0.2 % of S_col
/// and mu/rho, 0.5 % of the range) with a margin of two.
#[test]
fn table_discretisation() {
    let plan = plan();
    let o = &plan.params.offsets;
    let mut worst: Vec<(&str, f64, String)> = Vec::new();
    let mut note =
        |what: &'static str, off: f64, at: String| match worst.iter_mut().find(|w| w.0 == what) {
            Some(w) if w.1.abs() >= off.abs() => {}
            Some(w) => *w = (what, off, at),
            None => worst.push((what, off, at)),
        };
    for (m, material) in materials().iter().enumerate() {
        let stopping = StoppingPower::new(material).expect("data");
        let csda = CsdaRange::new(&stopping, Lepton::Electron);
        let brems = Bremsstrahlung::new(material, Lepton::Electron).expect("data");
        let target = ThickTarget::new(&brems, &csda, f64::from(plan.params.photon_threshold));
        let largest = plan.tables[o.thresholds as usize + m];
        let control =
            LeptonControl { threshold_max_mev: f64::from(largest), ..Settings::default().lepton };
        let facts = LeptonFacts::new(material, Lepton::Electron, control).expect("data");
        let mixed = MixedFormFactor::new(material).expect("data");
        for node in (40..370).step_by(3) {
            let e = 0.5 * (node_energy(FINE_BITS, node) + node_energy(FINE_BITS, node + 1));
            let ef = e as f32;
            let at = format!("{} {e:.5} MeV", material.name);
            let rates = lepton_rates(&plan.tables, o.lepton, m, ef);
            let (loss, path) = (rates.loss, rates.strength);
            let mut ratio = |what, ours: f32, exact: f64| {
                note(what, f64::from(ours) / exact - 1.0, at.clone());
            };
            ratio("restricted stopping power", loss, facts.restricted(e));
            ratio("inverse first transport path", path, facts.inverse_path(e).expect("in range"));
            ratio("CSDA range", csda_range(&plan.tables, o.lepton, m, ef), csda.range(e));
            let photons = thick_target_photons(&plan.tables, o.lepton, m, ef);
            ratio("thick-target photons", photons, target.photons(e));
            let [mu, _] = photon_rates(&plan.tables, o.photon, m, ef);
            let exact =
                voxgray::physics::photon::mu_over_rho(material, e).expect("in range").total();
            // Above every K edge of a tissue; an interval that holds an edge is off by up to 2 %.
            ratio(if e > 0.005 { "mu/rho" } else { "mu/rho below 5 keV" }, mu, exact);
        }
        // Between two coarse nodes: mean mu of the mixture against that of the distribution itself.
        for e in [0.033, 0.147, 0.53, 1.06] {
            let (node, f) = locate::<COARSE_BITS>(e as f32);
            let exact = |pdf: &dyn Fn(f64) -> f64, power: i32| {
                let (mut zeroth, mut first) = (0.0, 0.0);
                for j in 0..20_000 {
                    let t = (f64::from(j) + 0.5) / 20_000.0;
                    let mu = t.powi(power);
                    let weight = pdf(mu) * t.powi(power - 1);
                    zeroth += weight;
                    first += weight * mu;
                }
                first / zeroth
            };
            let mixed_mean = |offset: u32, square: bool| {
                (1.0 - f64::from(f)) * table_mean(plan, angular_at(offset, m, node), square)
                    + f64::from(f) * table_mean(plan, angular_at(offset, m, node + 1), square)
            };
            let at = format!("{} {e} MeV", material.name);
            let c = exact(&|mu| compton_pdf(&mixed, e, mu, true), 2);
            note("mean mu of Compton", mixed_mean(o.compton, true) / c - 1.0, at.clone());
            let r = exact(&|mu| rayleigh_pdf(&mixed, e, mu), 4);
            note("mean mu of Rayleigh", mixed_mean(o.rayleigh, false) / r - 1.0, at);
        }
    }
    for (what, off, at) in &worst {
        println!("{what}: worst {:+.3} % at {at}", 100.0 * off);
    }
    let bars = [
        ("restricted stopping power", 1e-3),
        ("inverse first transport path", 1e-3),
        ("CSDA range", 2.5e-3),
        ("thick-target photons", 5e-3),
        ("mu/rho", 2e-3),
        ("mu/rho below 5 keV", 2e-2),
        ("mean mu of Compton", 2e-3),
        // It goes as 1/E^2: the chord over an eighth of an octave lies up to 6/8 (1/8)^2 = 1.2 % above.
        ("mean mu of Rayleigh", 1.2e-2),
    ];
    for (what, bar) in bars {
        let (_, off, at) = worst.iter().find(|w| w.0 == what).expect("noted");
        assert!(off.abs() < bar, "{what}: {off:+.2e} at {at}");
    }
}
