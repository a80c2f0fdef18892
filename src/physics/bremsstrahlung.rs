//! Bremsstrahlung of electrons and positrons in a mixture: neglects the bonds between atoms, and gives positrons
//! the spectral shape of electrons (only their radiative stopping power is their own).
//!
//! k dsigma/dk = sum_i w_i S_rad,i(E) chi_i(kappa, E) / E with kappa = k/E and the element shapes chi of
//! `bremsstrahlung_shape`: so int_0^E k dsigma = S_rad(E) exactly. The spectrum is within 5 % of Seltzer and Berger's in
//! water from 50 keV to 3 MeV.

use crate::Result;
use crate::numerics::LogSpline;
use crate::physics::Material;
use crate::physics::bremsstrahlung_shape::{ENERGIES, KAPPA, shape};
use crate::physics::electron_data::{ElectronElement, elements_of, radiative_energies_mev};
use crate::physics::lepton::Lepton;
use crate::physics::stopping::{ENERGY_MIN_MEV, radiative_factor};

/// Photon emission by one lepton in one material. Energies MeV (lepton 1 keV to 10 MeV, NaN outside), cross
/// sections cm2/g.
#[derive(Debug, Clone)]
pub struct Bremsstrahlung {
    radiative: LogSpline,
    /// At the energy nodes.
    spectra: Vec<Spectrum>,
}

/// The shape of one energy node with its integrals at the kappa nodes; chi is linear between them.
#[derive(Debug, Clone)]
struct Spectrum {
    chi: Vec<f64>,
    /// int_kappa^1 chi / kappa' dkappa'; the first node, kappa = 0, is unused.
    number_above: Vec<f64>,
    /// int_0^kappa chi dkappa'.
    energy_below: Vec<f64>,
}

impl Bremsstrahlung {
    /// Sets up a material. Errors for elements without data and fractions that do not sum to one.
    pub fn new(material: &Material, lepton: Lepton) -> Result<Self> {
        let parts = elements_of(material)?;
        let grid = radiative_energies_mev();
        let stopping_of = |e: &ElectronElement, w: f64| -> Vec<f64> {
            let share = |(&t, s): (&f64, &f64)| w * s * radiative_factor(e.z, t, lepton);
            grid.iter().zip(&e.radiative).map(share).collect()
        };
        let each: Vec<Vec<f64>> = parts.iter().map(|&(e, w)| stopping_of(e, w)).collect();
        let sum: Vec<f64> = (0..grid.len()).map(|i| each.iter().map(|s| s[i]).sum()).collect();
        let radiative = LogSpline::natural(grid, &sum);
        let splines: Vec<LogSpline> = each.iter().map(|s| LogSpline::natural(grid, s)).collect();
        let spectra = ENERGIES
            .iter()
            .enumerate()
            .map(|(i, &energy)| {
                let weights: Vec<f64> = splines.iter().map(|s| s.value(energy)).collect();
                let total: f64 = weights.iter().sum();
                let mut chi = vec![0.0; KAPPA.len()];
                for (weight, (element, _)) in weights.iter().zip(&parts) {
                    for (c, value) in chi.iter_mut().zip(&shape(element.z)[i]) {
                        *c += weight / total * value;
                    }
                }
                Spectrum::new(chi)
            })
            .collect();
        Ok(Bremsstrahlung { radiative, spectra })
    }

    /// The radiative stopping power that the spectrum is normalised to, MeV cm2/g.
    pub fn stopping(&self, energy_mev: f64) -> f64 {
        self.radiative.value(energy_mev)
    }

    /// dsigma/dk, cm2/g per MeV; zero outside 0 < k <= E.
    pub fn differential(&self, energy_mev: f64, k_mev: f64) -> f64 {
        if !(k_mev > 0.0 && k_mev <= energy_mev) {
            return 0.0;
        }
        let kappa = k_mev / energy_mev;
        self.stopping(energy_mev) / (energy_mev * k_mev) * self.mix(energy_mev, |s| s.chi_at(kappa))
    }

    /// Cross section of photons above `k_cut_mev`, cm2/g.
    pub fn hard_cross_section(&self, energy_mev: f64, k_cut_mev: f64) -> f64 {
        if k_cut_mev >= energy_mev {
            return 0.0;
        }
        self.stopping(energy_mev) / energy_mev * self.number_share(energy_mev, k_cut_mev)
    }

    /// int_kappa^1 chi / kappa' dkappa': the cross section above `k_cut_mev` < E in units of S_rad / E.
    pub(crate) fn number_share(&self, energy_mev: f64, k_cut_mev: f64) -> f64 {
        let kappa = k_cut_mev / energy_mev;
        let j = interval_above(kappa);
        let ln_upper = (KAPPA[j + 1] / kappa).ln();
        self.mix(energy_mev, |s| s.number_above(j, kappa, ln_upper))
    }

    /// Radiative stopping power by photons below `k_cut_mev`, MeV cm2/g.
    pub fn soft_stopping(&self, energy_mev: f64, k_cut_mev: f64) -> f64 {
        self.stopping(energy_mev) * self.soft_share(energy_mev, k_cut_mev)
    }

    /// The share of the radiative stopping power by photons below `k_cut_mev`.
    pub(crate) fn soft_share(&self, energy_mev: f64, k_cut_mev: f64) -> f64 {
        let kappa = (k_cut_mev / energy_mev).min(1.0);
        self.mix(energy_mev, |s| s.energy_below(kappa))
    }

    /// Radiative stopping power by photons above `k_cut_mev`, MeV cm2/g.
    pub fn hard_stopping(&self, energy_mev: f64, k_cut_mev: f64) -> f64 {
        self.stopping(energy_mev) - self.soft_stopping(energy_mev, k_cut_mev)
    }

    /// The spectrum above `k_cut_mev` as `n` (at least 2) points (k, cumulative probability), k equidistant in
    /// ln k from `k_cut_mev` to the lepton's energy. Empty where nothing can be emitted.
    pub fn spectrum_cdf(&self, energy_mev: f64, k_cut_mev: f64, n: usize) -> Vec<(f64, f64)> {
        let above = |k: f64| self.hard_cross_section(energy_mev, k);
        cumulative(k_cut_mev, energy_mev, n, above)
    }

    /// Interpolates linearly in ln E between the spectra of the two energy nodes around.
    fn mix(&self, energy_mev: f64, value: impl Fn(&Spectrum) -> f64) -> f64 {
        let last = ENERGIES.len() - 1;
        let per_node = (ENERGIES[1] / ENERGIES[0]).ln();
        let position = (energy_mev / ENERGY_MIN_MEV).ln() / per_node;
        let i = (position.max(0.0) as usize).min(last - 1);
        let t = position - i as f64;
        (1.0 - t) * value(&self.spectra[i]) + t * value(&self.spectra[i + 1])
    }
}

/// `n` points (k, 1 - above(k)/above(k_cut)) from `low` to `high`, equidistant in ln k.
pub(crate) fn cumulative(
    low: f64,
    high: f64,
    n: usize,
    above: impl Fn(f64) -> f64,
) -> Vec<(f64, f64)> {
    if !(low > 0.0 && low < high && n >= 2) {
        return Vec::new();
    }
    let total = above(low);
    let step = (high / low).ln() / (n - 1) as f64;
    (0..n)
        .map(|i| match i {
            0 => (low, 0.0),
            i if i == n - 1 => (high, 1.0),
            i => {
                let k = low * (step * i as f64).exp();
                (k, 1.0 - above(k) / total)
            }
        })
        .collect()
}

/// The interval that begins at or before kappa: [KAPPA[j], KAPPA[j + 1]).
fn interval_above(kappa: f64) -> usize {
    KAPPA.partition_point(|&v| v <= kappa).clamp(1, KAPPA.len() - 1) - 1
}

impl Spectrum {
    fn new(chi: Vec<f64>) -> Self {
        let n = chi.len();
        let mut spectrum = Spectrum { chi, number_above: vec![0.0; n], energy_below: vec![0.0; n] };
        for j in 1..n {
            spectrum.energy_below[j] = spectrum.energy_below(KAPPA[j]);
        }
        for j in (1..n - 1).rev() {
            let ln_upper = (KAPPA[j + 1] / KAPPA[j]).ln();
            spectrum.number_above[j] = spectrum.number_above(j, KAPPA[j], ln_upper);
        }
        spectrum
    }

    /// The interval that ends at or after kappa: (KAPPA[j], KAPPA[j + 1]].
    fn interval(kappa: f64) -> usize {
        KAPPA.partition_point(|&v| v < kappa).clamp(1, KAPPA.len() - 1) - 1
    }

    /// chi = a + b kappa in interval `j`.
    fn line(&self, j: usize) -> (f64, f64) {
        let b = (self.chi[j + 1] - self.chi[j]) / (KAPPA[j + 1] - KAPPA[j]);
        (self.chi[j] - b * KAPPA[j], b)
    }

    fn chi_at(&self, kappa: f64) -> f64 {
        let (a, b) = self.line(Self::interval(kappa));
        a + b * kappa
    }

    /// For kappa in interval `j`, with ln_upper = ln(KAPPA[j + 1] / kappa).
    fn number_above(&self, j: usize, kappa: f64, ln_upper: f64) -> f64 {
        let (a, b) = self.line(j);
        self.number_above[j + 1] + a * ln_upper + b * (KAPPA[j + 1] - kappa)
    }

    fn energy_below(&self, kappa: f64) -> f64 {
        let j = Self::interval(kappa);
        let (a, b) = self.line(j);
        let lower = KAPPA[j];
        self.energy_below[j] + (kappa - lower) * (a + 0.5 * b * (kappa + lower))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::numerics::quadrature::integrate_log;
    use crate::physics::StoppingPower;
    use crate::physics::reference_materials::estar_materials;

    #[test]
    fn the_spectrum_carries_the_radiative_stopping_power() {
        for (name, material) in estar_materials() {
            let stopping = StoppingPower::new(&material).unwrap();
            for lepton in Lepton::ALL {
                let brems = Bremsstrahlung::new(&material, lepton).unwrap();
                for e in [0.0013, 0.02, 0.37, 2.2, 9.5] {
                    let expected = stopping.radiative(e, lepton);
                    let whole = brems.soft_stopping(e, e);
                    assert!((whole / expected - 1.0).abs() < 1e-9, "{name} {lepton:?} {e}");
                    // 2000 panels of 4 points over the kinks of the linear pieces.
                    let numeric =
                        integrate_log(1e-6 * e, e, 2000, |k| k * brems.differential(e, k));
                    assert!((numeric / expected - 1.0).abs() < 1e-4, "{name} {lepton:?} {e}");
                }
            }
        }
    }

    #[test]
    fn integrals_above_and_below_a_cut_match_quadrature() {
        let water = estar_materials().remove(0).1;
        let brems = Bremsstrahlung::new(&water, Lepton::Electron).unwrap();
        for e in [0.01, 0.23, 2.2] {
            for cut in [0.001, 0.005, 0.1] {
                if cut >= e {
                    assert_eq!(brems.hard_cross_section(e, cut), 0.0);
                    continue;
                }
                let number = integrate_log(cut, e, 2000, |k| brems.differential(e, k));
                let energy = integrate_log(cut, e, 2000, |k| k * brems.differential(e, k));
                let hard = brems.hard_cross_section(e, cut);
                assert!((hard / number - 1.0).abs() < 1e-4, "{e} {cut} {hard} {number}");
                let hard = brems.hard_stopping(e, cut);
                assert!((hard / energy - 1.0).abs() < 1e-4, "{e} {cut} {hard} {energy}");
            }
        }
    }

    #[test]
    fn the_cdf_rises_from_zero_to_one() {
        let water = estar_materials().remove(0).1;
        let brems = Bremsstrahlung::new(&water, Lepton::Electron).unwrap();
        let cdf = brems.spectrum_cdf(1.0, 0.001, 40);
        assert_eq!((cdf[0], cdf[39]), ((0.001, 0.0), (1.0, 1.0)));
        assert!(cdf.windows(2).all(|w| w[1].0 > w[0].0 && w[1].1 > w[0].1));
        assert!(brems.spectrum_cdf(0.001, 0.001, 40).is_empty());
    }
}
