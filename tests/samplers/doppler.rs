//! Compton scattering in the impulse approximation: angles, and energies at an angle.

use super::*;
use voxgray::physics::compton::scattered_energy;
use voxgray::physics::impulse::{ImpulseApproximation, LINEAR_MOMENTUM, momentum, motion_slope};
use voxgray::physics::incoherent::IncoherentModel;
use voxgray::transport::cpu::doppler;

fn impulse_plan() -> &'static Plan {
    static PLAN: OnceLock<Plan> = OnceLock::new();
    PLAN.get_or_init(|| {
        build_plan(&PlanInput {
            grid: &Grid::aligned([3, 1, 1], [0.0; 3], [2.0, 3.0, 4.0]),
            density: &[1.0, 1.92, 0.26],
            material: &[0, 1, 2],
            materials: &materials(),
            activity: &[1.0, 2.0, 3.5],
            decay: &voxgray::source::parse_source("photon:3.5MeV").expect("a source"),
            settings: &Settings { incoherent: IncoherentModel::Impulse, ..Settings::default() },
            radial: None,
        })
        .expect("a valid plan")
    })
}

#[test]
fn angles_in_the_impulse_approximation() {
    let (plan, mut out) = (impulse_plan(), Vec::new());
    for (m, material) in materials().iter().enumerate().take(2) {
        let impulse = ImpulseApproximation::new(material).expect("data");
        for (i, energy) in [0.01171875, 0.03125, 0.140625, 1.25].into_iter().enumerate() {
            let (e, _) = at_node(energy);
            let bins = Bins::from_pdf(|mu| impulse.pdf(e, mu), |t| t * t);
            let mut r = rng(800 + 10 * m as u64 + i as u64);
            let name = format!("Compton by impulse, {} {e} MeV", material.name);
            out.push(compare(&name, &bins, SAMPLES, || {
                let at = plan.params.offsets.compton;
                f64::from(compton::sample_mu(&plan.tables, at, m, e as f32, &mut r))
            }));
        }
    }
    check(&out);
}

/// The momentum that belongs to the sampled energy, against the profiles of the shells that give way, with F.
#[test]
fn energies_in_the_impulse_approximation() {
    let (plan, mut out) = (impulse_plan(), Vec::new());
    let shells_at = plan.params.compton_shells as usize;
    for (m, material) in materials().iter().enumerate().take(2) {
        let impulse = ImpulseApproximation::new(material).expect("data");
        for (i, (energy, mu)) in
            [(0.015_f32, 0.6_f32), (0.03, 0.1), (0.03, 1.0), (0.14, 0.3), (0.662, 0.02), (1.5, 0.8)]
                .into_iter()
                .enumerate()
        {
            let (e, mu64) = (f64::from(energy), f64::from(mu));
            let slope = motion_slope(e, mu64);
            let pdf = |p: f64| -> f64 {
                let motion = 1.0 + slope * p.clamp(-LINEAR_MOMENTUM, LINEAR_MOMENTUM);
                let of_shell = |s: &voxgray::physics::impulse::BoundShell| {
                    let after = e - s.binding_mev;
                    let gives_way = after > 0.0 && p <= momentum(e, after, mu64);
                    if gives_way { s.electrons * s.profile(p) } else { 0.0 }
                };
                motion * impulse.shells().iter().map(of_shell).sum::<f64>()
            };
            // Nodes are dense about zero, where the profiles have a kink and the limits lie.
            let map = |t: f64| (2.0 * t - 1.0).powi(3) * 0.9;
            let bins = Bins::from_pdf(pdf, map);
            let mut r = rng(850 + 10 * m as u64 + i as u64);
            let name = format!("Doppler, {} {energy} MeV, mu {mu}", material.name);
            out.push(compare(&name, &bins, SAMPLES, || {
                let after = doppler::sample_energy(&plan.tables, shells_at, m, energy, mu, &mut r);
                assert!(after > 0.0 && after < energy, "{name}: {after}");
                momentum(e, f64::from(after), mu64)
            }));
        }
    }
    // Documented: about 1.1 tries at 30 keV in water, over the angles.
    let mean = mean_draws(880, |r| {
        let at = plan.params.offsets.compton;
        let mu = compton::sample_mu(&plan.tables, at, 0, 0.03, r);
        consume(doppler::sample_energy(&plan.tables, shells_at, 0, 0.03, mu, r));
    });
    println!("{} tries at 30 keV", (mean - 2.0) / 3.0);
    assert!(((mean - 2.0) / 3.0 - 1.1).abs() < 0.05, "{} tries", (mean - 2.0) / 3.0);
    // On average a photon loses what a free electron at rest would take, to the second order of the momentum.
    let mut r = rng(881);
    let n = 200_000;
    let sum: f64 = (0..n)
        .map(|_| {
            let tables = &plan.tables;
            f64::from(doppler::sample_energy(tables, shells_at, 0, 0.662, 0.5, &mut r))
        })
        .sum();
    let free = scattered_energy(f64::from(0.662_f32), 0.5);
    let off = sum / f64::from(n) / free - 1.0;
    println!("mean energy off by {off:+.2e}");
    assert!(off.abs() < 1e-3, "{off:+.2e}");
    check(&out);
}
