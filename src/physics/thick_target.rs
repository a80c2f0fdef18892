//! Bremsstrahlung of a lepton that slows down to rest in one material: neglects straggling (CSDA) and, where the
//! photons are emitted, everything but "on the way".
//!
//! The number of photons above k from a lepton of energy e is N(> k; e) = int_k^e sigma(E, k) / S_tot(E) dE, with
//! sigma(E, k) the cross section of photons above k.

use crate::numerics::quadrature::integrate_log;
use crate::physics::CsdaRange;
use crate::physics::bremsstrahlung::{Bremsstrahlung, cumulative};
use crate::physics::stopping::ENERGY_MIN_MEV;

/// Photons above a cut that a stopping lepton emits. Energies MeV.
#[derive(Debug, Clone, Copy)]
pub struct ThickTarget<'a> {
    bremsstrahlung: &'a Bremsstrahlung,
    csda: &'a CsdaRange,
    k_cut_mev: f64,
}

impl<'a> ThickTarget<'a> {
    /// For photons above `k_cut_mev`; both tables must be those of the same material and lepton. What is
    /// emitted below 1 keV of the lepton's energy is neglected.
    pub fn new(bremsstrahlung: &'a Bremsstrahlung, csda: &'a CsdaRange, k_cut_mev: f64) -> Self {
        ThickTarget { bremsstrahlung, csda, k_cut_mev }
    }

    /// Expected number of photons above the cut.
    pub fn photons(&self, energy_mev: f64) -> f64 {
        self.photons_above(energy_mev, self.k_cut_mev)
    }

    /// Expected number of photons above `k_mev` (at least the cut).
    pub fn photons_above(&self, energy_mev: f64, k_mev: f64) -> f64 {
        let per_radiated = |e: f64| self.bremsstrahlung.number_share(e, k_mev) / e;
        self.slow_down(energy_mev, k_mev, per_radiated)
    }

    /// Expected energy of all photons above the cut, MeV.
    pub fn emitted_energy(&self, energy_mev: f64) -> f64 {
        let per_radiated = |e: f64| 1.0 - self.bremsstrahlung.soft_share(e, self.k_cut_mev);
        self.slow_down(energy_mev, self.k_cut_mev, per_radiated)
    }

    /// The spectrum of these photons as `n` (at least 2) points (k, cumulative probability), k equidistant in
    /// ln k from the cut to the lepton's energy. Empty where nothing can be emitted.
    pub fn spectrum_cdf(&self, energy_mev: f64, n: usize) -> Vec<(f64, f64)> {
        cumulative(self.k_cut_mev, energy_mev, n, |k| self.photons_above(energy_mev, k))
    }

    /// int f(E) S_rad / S_tot dE from `low` (or 1 keV) to `energy_mev`.
    fn slow_down(&self, energy_mev: f64, low: f64, f: impl Fn(f64) -> f64) -> f64 {
        let low = low.max(ENERGY_MIN_MEV);
        if low >= energy_mev {
            return 0.0;
        }
        // Panels of at most one e-fold: the integrand varies on that scale.
        let panels = (energy_mev / low).ln().ceil().max(1.0) as usize;
        integrate_log(low, energy_mev, panels, |e| f(e) * self.csda.radiative_share(e))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::physics::reference_materials::estar_materials;
    use crate::physics::{Lepton, StoppingPower};

    #[test]
    fn emits_the_radiation_yield() {
        for (name, material) in estar_materials().into_iter().step_by(4) {
            let stopping = StoppingPower::new(&material).unwrap();
            for lepton in Lepton::ALL {
                let csda = CsdaRange::new(&stopping, lepton);
                let brems = Bremsstrahlung::new(&material, lepton).unwrap();
                let target = ThickTarget::new(&brems, &csda, 1e-6);
                for e in [0.02, 0.15, 1.0, 3.4] {
                    let yielded = csda.radiated_energy(e) - csda.radiated_energy(0.001);
                    let emitted = target.emitted_energy(e);
                    assert!(
                        (emitted / yielded - 1.0).abs() < 1e-3,
                        "{name} {lepton:?} {e} MeV: {emitted} against {yielded}"
                    );
                    // The same from number times mean photon energy of the spectrum.
                    let cdf = target.spectrum_cdf(e, 400);
                    let mean: f64 =
                        cdf.windows(2).map(|w| (w[1].1 - w[0].1) * 0.5 * (w[0].0 + w[1].0)).sum();
                    let energy = target.photons(e) * mean;
                    assert!(
                        (energy / yielded - 1.0).abs() < 5e-3,
                        "{name} {lepton:?} {e} {energy}"
                    );
                }
            }
        }
    }

    #[test]
    fn the_quadrature_has_converged() {
        let water = estar_materials().remove(0).1;
        let stopping = StoppingPower::new(&water).unwrap();
        let csda = CsdaRange::new(&stopping, Lepton::Electron);
        let brems = Bremsstrahlung::new(&water, Lepton::Electron).unwrap();
        let target = ThickTarget::new(&brems, &csda, 0.001);
        for (e, k) in [(0.003, 0.001), (0.1, 0.002), (2.0, 0.001), (2.0, 0.5), (2.0, 1.9)] {
            let fine =
                integrate_log(k, e, 3000, |t| brems.hard_cross_section(t, k) / csda.total(t));
            let coarse = target.photons_above(e, k);
            assert!((coarse / fine - 1.0).abs() < 5e-4, "{e} {k}: {coarse} against {fine}");
        }
        assert_eq!(target.photons(0.001), 0.0);
        assert!(target.spectrum_cdf(0.0005, 20).is_empty());
    }
}
