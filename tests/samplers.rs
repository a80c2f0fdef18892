//! Every sampler against the integrated pdf of `physics`, through the tables of a built plan, by chi-squared at a fixed seed.
//!
//! With all samplers right, this file as a whole would fail at one seed in a hundred (Sidak's correction over all tests).
//! Energies are nodes of the tables, where a table must hold the distribution itself; between nodes a mixture of the two
//! neighbours is sampled, whose distance from the true distribution is printed by `table_discretisation`.

#[path = "support/chi2.rs"]
mod chi2;

use std::sync::OnceLock;

use chi2::{Bins, Comparison, compare, compare_counts, verdict};
use voxgray::image::Grid;
use voxgray::physics::chain::chain;
use voxgray::physics::compton::compton_pdf;
use voxgray::physics::form_factor::MixedFormFactor;
use voxgray::physics::lepton::{cos_theta_primary, cos_theta_secondary};
use voxgray::physics::pair::pair_angle_pdf;
use voxgray::physics::photoelectric::sauter_pdf;
use voxgray::physics::rayleigh::rayleigh_pdf;
use voxgray::physics::scattering::MultipleScattering;
use voxgray::physics::tissues::named_material;
use voxgray::physics::{
    Bremsstrahlung, CsdaRange, Lepton, Material, Nuclide, StoppingPower, ThickTarget,
};
use voxgray::source::{DecaySpectrum, Emission};
use voxgray::transport::build::{PlanInput, build_plan};
use voxgray::transport::cpu::history::{Strata, sample_energy};
use voxgray::transport::cpu::lookup::{
    angular_at, coarse_node, csda_range, lepton_rates, photon_shares, sample_angular,
    sample_spectrum, spectrum_at, thick_target_photons,
};
use voxgray::transport::cpu::particle::Stream;
use voxgray::transport::cpu::rng::{Rng, history_state};
use voxgray::transport::cpu::{
    bhabha, bremsstrahlung, compton, math, moller, pair, photoelectric, vector,
};
use voxgray::transport::layout::{COARSE_BITS, FINE_BITS, locate, node_energy};
use voxgray::transport::plan::Plan;
use voxgray::transport::settings::Settings;
use voxgray::transport::tables::lepton::LeptonFacts;
use voxgray::transport::tables::source::build_groups;

/// Number of chi-squared tests in this file for Sidak's correction; an upper bound, which is checked.
const TESTS: usize = 150;
/// Samples of one test.
const SAMPLES: usize = 400_000;
/// Seed of this file.
const SEED: u32 = 20_001;

/// Materials of the plan, in its order.
fn materials() -> Vec<Material> {
    ["water", "cortical_bone", "lung"]
        .map(|name| named_material(name).expect("built in").material.clone())
        .to_vec()
}

fn plan() -> &'static Plan {
    static PLAN: OnceLock<Plan> = OnceLock::new();
    PLAN.get_or_init(|| {
        // Tl-208 has gammas above the pair threshold: positron tables are built.
        let decay = DecaySpectrum::from_chain(&chain("Tl-208", None, 0.0).expect("carried"));
        build_plan(&PlanInput {
            grid: &Grid::aligned([3, 1, 1], [0.0; 3], [2.0, 3.0, 4.0]),
            density: &[1.0, 1.92, 0.26],
            material: &[0, 1, 2],
            materials: &materials(),
            activity: &[1.0, 2.0, 3.5],
            decay: &decay.expect("modelled"),
            settings: &Settings::default(),
            radial: None,
        })
        .expect("a valid plan")
    })
}

/// A stream for one test.
fn rng(test: u64) -> Rng {
    Rng::new(history_state([SEED, 7], test))
}

/// Fails if a group's comparisons do, and counts that all groups together stay below `TESTS`.
fn check(comparisons: &[Comparison]) {
    use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
    static DONE: AtomicUsize = AtomicUsize::new(0);
    let done = DONE.fetch_add(comparisons.len(), Relaxed) + comparisons.len();
    assert!(done <= TESTS, "more comparisons than Sidak's correction assumes");
    verdict(comparisons, TESTS);
}

/// Draws that `sample` took: steps a copy of the stream until it meets the stream again.
fn draws(before: Rng, after: Rng) -> u32 {
    let fingerprint = |mut r: Rng| [r.bits(), r.bits(), r.bits()];
    let target = fingerprint(after);
    let mut copy = before;
    for n in 0..10_000 {
        if fingerprint(copy) == target {
            return n;
        }
        copy.bits();
    }
    panic!("more than 10000 draws");
}

/// Mean number of draws of a sampler.
fn mean_draws(test: u64, mut sample: impl FnMut(&mut Rng)) -> f64 {
    let mut stream = rng(test);
    let n = 20_000;
    let mut total = 0;
    for _ in 0..n {
        let before = stream;
        sample(&mut stream);
        total += draws(before, stream);
    }
    f64::from(total) / f64::from(n)
}

/// Uses a value up.
fn consume<T>(_: T) {}

/// Energy (MeV) of a coarse node, which f32 holds exactly.
fn at_node(energy: f64) -> (f64, usize) {
    let (node, fraction) = locate::<COARSE_BITS>(energy as f32);
    assert_eq!(fraction, 0.0, "{energy} MeV is no node");
    (node_energy(COARSE_BITS, node), node)
}

#[test]
fn uniform_exponential_and_isotropic() {
    let mut out = Vec::new();
    let mut r = rng(1);
    let unit = Bins::from_quantiles(|q| q);
    out.push(compare("uniform", &unit, SAMPLES, || f64::from(r.uniform())));
    let exponential = Bins::from_quantiles(|q| -(1.0 - q).max(1e-12).ln());
    out.push(compare("exponential", &exponential, SAMPLES, || f64::from(-math::ln(r.uniform()))));
    let cosine = Bins::from_quantiles(|q| 2.0 * q - 1.0);
    for axis in 0..3 {
        let name = format!("isotropic, component {axis}");
        out.push(compare(&name, &cosine, SAMPLES, || {
            f64::from(vector::sample_isotropic(&mut r)[axis])
        }));
    }
    let turn = Bins::from_quantiles(|q| std::f64::consts::TAU * (q - 0.5));
    for d in [[0.0_f32, 0.0, 1.0], [0.0, 0.0, -1.0], [0.6, 0.0, 0.8], [-0.48, 0.64, 0.6]] {
        // Azimuth about d, from two axes across it.
        let across =
            if d[2].abs() > 0.99 { [1.0, 0.0, 0.0] } else { unit_cross(d, [0.0, 0.0, 1.0]) };
        let third = unit_cross(d, across);
        out.push(compare(&format!("azimuth about {d:?}"), &turn, SAMPLES, || {
            let v = vector::rotate(d, 0.3, r.uniform());
            dot(v, third).atan2(dot(v, across))
        }));
    }
    assert_eq!(mean_draws(2, |r| consume(vector::sample_isotropic(r))), 2.0);
    check(&out);
}

fn dot(a: [f32; 3], b: [f32; 3]) -> f64 {
    (0..3).map(|k| f64::from(a[k]) * f64::from(b[k])).sum()
}

fn unit_cross(a: [f32; 3], b: [f32; 3]) -> [f32; 3] {
    let c = [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]];
    let n = dot(c, c).sqrt() as f32;
    c.map(|x| x / n)
}

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

#[test]
fn moller_and_bhabha_transfers() {
    let (plan, mut out) = (plan(), Vec::new());
    // The shape of the cross section does not depend on the material.
    let stopping = StoppingPower::new(&materials()[0]).expect("data");
    // Energy, and mean draws (two per try).
    let cases = [
        (0.003_f32, (2.4, 2.0)),
        (0.02, (2.4, 2.1)),
        (0.1, (2.5, 2.3)),
        (0.935, (3.1, 2.9)),
        (3.0, (3.8, 2.4)),
    ];
    for (i, (e, documented)) in cases.into_iter().enumerate() {
        let low = f64::from(plan.production_threshold(e));
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
        assert!((mean - documented.0).abs() < 0.1, "Moller: {mean} draws");
        assert!((mean_bhabha - documented.1).abs() < 0.1, "Bhabha: {mean_bhabha} draws");
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
    let strength = f64::from(plan.tables[plan.params.offsets.step_strength as usize + node]);
    let e = node_energy(COARSE_BITS, node);
    let fraction = strength * facts.restricted(e) / (inverse_path(e) * e);
    let middle = (e * (1.0 - 0.5 * fraction)).max(1e-3);
    let thickness = strength / inverse_path(middle);
    let t_cut = control.threshold(middle);
    let gs = MultipleScattering::for_step(material, middle, lepton, t_cut, thickness);
    (gs.expect("in range"), strength)
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

/// Mean mu of an angular table, or of its square root, by the midpoint rule in the square root of the uniform.
fn table_mean(plan: &Plan, at: usize, square: bool) -> f64 {
    let n = 100_000;
    let term = |j: u32| {
        let s = (f64::from(j) + 0.5) / f64::from(n);
        let value = f64::from(sample_angular(&plan.tables, at, (s * s) as f32));
        2.0 * s * if square { value.sqrt() } else { value }
    };
    (0..n).map(term).sum::<f64>() / f64::from(n)
}

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

#[test]
fn source_energies() {
    let mut out = Vec::new();
    for (i, name) in ["Lu-177", "Y-90", "I-131", "F-18"].into_iter().enumerate() {
        let decay = DecaySpectrum::from_chain(&chain(name, None, 0.0).expect("carried"));
        let decay = decay.expect("modelled");
        let mut plan = plan().clone();
        (plan.source_groups, plan.source_entries) =
            build_groups(&decay, &mut plan.tables).expect("flat tables");
        let groups: Vec<_> = [&decay.photons, &decay.electrons, &decay.positrons, &decay.alphas]
            .into_iter()
            .filter(|g| !g.entries.is_empty())
            .collect();
        assert_eq!(groups.len(), plan.source_groups.len());
        for (g, facts) in groups.into_iter().enumerate() {
            let flat = plan.source_groups[g];
            let yielded = f64::from(flat.whole) + f64::from(flat.fraction);
            assert!((yielded / facts.yield_per_decay - 1.0).abs() < 1e-6);
            let birth = history_state([SEED, 8], 10 * i as u64 + g as u64);
            let mut stream = Stream::new([SEED, 8], birth);
            // Lines by their energy (a few coincide); what is no line is the spectrum.
            let mut lines: Vec<(f32, f64)> = Vec::new();
            let mut spectrum = 0.0;
            for entry in &facts.entries {
                let p = entry.yield_per_decay() / facts.yield_per_decay;
                match entry {
                    Emission::Line { energy_mev, .. } => lines.push((*energy_mev as f32, p)),
                    Emission::Spectrum { .. } => spectrum += p,
                }
            }
            lines.sort_by(|a, b| a.0.total_cmp(&b.0));
            lines.dedup_by(|b, a| {
                let same = a.0 == b.0;
                a.1 += if same { b.1 } else { 0.0 };
                same
            });
            let mut counts = vec![0_u64; lines.len() + 1];
            let mut continuous = Vec::new();
            for _ in 0..SAMPLES {
                let e = sample_energy(&plan, &flat, &mut stream);
                match lines.binary_search_by(|l| l.0.total_cmp(&e)) {
                    Ok(at) => counts[at] += 1,
                    Err(_) => {
                        counts[lines.len()] += 1;
                        continuous.push(f64::from(e));
                    }
                }
            }
            let mut p: Vec<f64> = lines.iter().map(|l| l.1).collect();
            p.push(spectrum);
            let label =
                |i: usize| lines.get(i).map_or("spectrum".into(), |l| format!("{} MeV", l.0));
            out.push(compare_counts(&format!("{name} lines of group {g}"), &p, &counts, label));
            let nuclide = Nuclide::load(name).expect("carried");
            let beta = if flat.kind == 2 { nuclide.beta_plus } else { nuclide.beta_minus };
            if let (true, Some(beta)) = (spectrum > 0.0, beta) {
                let top = beta.end_point_mev();
                let density = |e: f64| {
                    let j = beta.energy_mev.partition_point(|&x| x < e);
                    let j = j.clamp(1, beta.energy_mev.len() - 1);
                    let (a, b) = (beta.energy_mev[j - 1], beta.energy_mev[j]);
                    let (da, db) = (beta.density_per_mev[j - 1], beta.density_per_mev[j]);
                    (da + (db - da) * (e - a) / (b - a)).max(0.0)
                };
                let bins = Bins::from_pdf(density, |t| top * t).without_tails(1e-3, 1e-3);
                let n = continuous.len();
                let mut drawn = continuous.into_iter();
                out.push(compare(&format!("{name} beta of group {g}"), &bins, n, || {
                    drawn.next().expect("n of them")
                }));
            }
        }
    }
    check(&out);
}

/// Systematic sampling: every voxel gets its share of a batch to within one history, whatever the offset.
#[test]
fn source_voxels_get_their_share() {
    let plan = plan();
    let n = 10_007_u64;
    let shares = [1.0 / 6.5, 2.0 / 6.5, 3.5 / 6.5];
    let mut firsts = Vec::new();
    for batch in 0..40 {
        let strata = Strata::new(plan, batch, n);
        let mut counts = [0_u64; 3];
        let mut hint = 0;
        for i in 0..n {
            counts[plan.source_voxel(strata.position(i), &mut hint) as usize] += 1;
        }
        for (count, share) in counts.iter().zip(shares) {
            assert!((*count as f64 - share * n as f64).abs() <= 1.0, "batch {batch}: {counts:?}");
        }
        let stride = (1_u64 << 62) / n;
        firsts.push(strata.position(0) as f64 / stride as f64);
    }
    // The offset is uniform in a stride: mean 1/2 within 4 sigma.
    let mean = firsts.iter().sum::<f64>() / firsts.len() as f64;
    assert!((mean - 0.5).abs() < 4.0 / (12.0 * firsts.len() as f64).sqrt(), "{mean}");
    assert!(firsts.iter().all(|f| (0.0..1.0).contains(f)));
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
        let control = Settings::default().lepton;
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
            let [mu, _, _, _] = photon_shares(&plan.tables, o.photon, m, ef);
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
