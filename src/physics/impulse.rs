//! Compton scattering in the impulse approximation: a photon meets an electron with the momentum distribution of its shell.
//!
//! Neglected: the shape of a shell's Compton profile beyond its value at zero momentum, interference between shells, molecules, radiative
//! corrections and double Compton scattering. An electron takes part where it gets at least its binding energy.
//!
//! Ribberfors, Phys. Rev. B 12, 2067 (1975), doi:10.1103/PhysRevB.12.2067; with one-parameter profiles and the correction F(p_z) as Brusa,
//! Stutz, Riveros, Fernandez-Varea & Salvat, Nucl. Instrum. Meth. A 379, 167 (1996), doi:10.1016/0168-9002(96)00652-3, also EGSnrc's model
//! (Kawrakow & Rogers, NRCC Report PIRS-701, "bound Compton scattering"). Momenta are in units of m c, angles mu = (1 - cos theta)/2.

use crate::constants::{AVOGADRO, ELECTRON_MASS_MEV, FINE_STRUCTURE};
use crate::error::Result;
use crate::numerics::simpson::in_root;
use crate::physics::Material;
use crate::physics::compton::{klein_nishina, scattered_energy};
use crate::physics::element::element;
use crate::physics::embedded;
use crate::units::EV_PER_MEV;
use std::f64::consts::{FRAC_1_SQRT_2, PI};
use std::sync::LazyLock;

/// Momentum beyond which F is constant; EGSnrc's value.
pub const LINEAR_MOMENTUM: f64 = 0.15;
/// Intervals of the integral over angles: within 2e-5 of four times as many from 1 keV to 4 MeV.
const INTERVALS: u32 = 128;

/// `(electrons, binding energy in MeV, width in m c)` of each element's shells.
static SHELLS: LazyLock<Vec<Vec<[f64; 3]>>> = LazyLock::new(|| {
    let mut by_element = Vec::new();
    for row in embedded::rows(include_str!("../../data/photon/compton_shells.csv")) {
        let z = embedded::number(row[0]) as usize;
        by_element.resize(by_element.len().max(z), Vec::new());
        let [electrons, binding_ev, at_zero] = [row[2], row[3], row[4]].map(embedded::number);
        // An atomic unit of momentum is alpha m c.
        by_element[z - 1].push([
            electrons,
            binding_ev / EV_PER_MEV,
            FINE_STRUCTURE / (2.0 * at_zero),
        ]);
    }
    by_element
});

/// An atomic shell in a material.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BoundShell {
    /// Electrons, mol/g of the material.
    pub electrons: f64,
    /// Binding energy, MeV.
    pub binding_mev: f64,
    /// 1/(2 J(0)), m c, of the profile `J(p) = J(0) (1 + |p|/w) exp(1/2 - (1 + |p|/w)^2 / 2)`.
    pub width: f64,
}

/// The shells of a material.
#[derive(Debug, Clone, PartialEq)]
pub struct ImpulseApproximation {
    shells: Vec<BoundShell>,
}

/// Momentum (m c) along the momentum transfer that an electron must have for a photon of `energy_mev` to leave with `after_mev`.
pub fn momentum(energy_mev: f64, after_mev: f64, mu: f64) -> f64 {
    let (k, after) = (energy_mev / ELECTRON_MASS_MEV, after_mev / ELECTRON_MASS_MEV);
    let lost = k - after;
    (2.0 * k * after * mu - lost) / (lost * lost + 4.0 * k * after * mu).sqrt().max(1e-300)
}

/// The slope of `F(p) = 1 + slope p`, which the motion of the electron puts on the Klein-Nishina cross section; constant beyond
/// [`LINEAR_MOMENTUM`].
pub fn motion_slope(energy_mev: f64, mu: f64) -> f64 {
    let tau = scattered_energy(energy_mev, mu) / energy_mev;
    let q2 = ((1.0 - tau).powi(2) + 4.0 * tau * mu).max(1e-300);
    (q2.sqrt() * (1.0 + tau * (tau - 1.0 + 2.0 * mu) / q2)).max(0.0)
}

impl BoundShell {
    /// Compton profile, per m c.
    pub fn profile(&self, momentum: f64) -> f64 {
        let x = 1.0 + momentum.abs() / self.width;
        0.5 / self.width * x * (0.5 - 0.5 * x * x).exp()
    }

    /// Share of the electrons with at most this momentum.
    pub fn share_below(&self, momentum: f64) -> f64 {
        let x = 1.0 + momentum.abs() / self.width;
        let beyond = 0.5 * (0.5 - 0.5 * x * x).exp();
        if momentum < 0.0 { beyond } else { 1.0 - beyond }
    }

    /// Integral of [`Self::share_below`] from 0 to a momentum.
    fn share_integral(&self, momentum: f64) -> f64 {
        let x = 1.0 + momentum.abs() / self.width;
        let tails = self.width * (tail(1.0) - tail(x));
        if momentum < 0.0 { -tails } else { momentum - tails }
    }

    /// Share of the electrons that give way to a photon, weighted with F.
    fn giving_way(&self, energy_mev: f64, mu: f64, slope: f64) -> f64 {
        let after = energy_mev - self.binding_mev;
        if after <= 0.0 {
            return 0.0;
        }
        let most = momentum(energy_mev, after, mu);
        if most.abs() >= 1.0 {
            return if most > 0.0 { 1.0 } else { 0.0 };
        }
        let below = self.share_below(most);
        // The integral of (F - 1) J up to `most`, by parts.
        let end = most.clamp(-LINEAR_MOMENTUM, LINEAR_MOMENTUM);
        let moved =
            end * below - (self.share_integral(end) - self.share_integral(-LINEAR_MOMENTUM));
        below + slope * moved
    }
}

/// `1/2 integral from x of exp(1/2 - t^2/2) dt`: the complementary error function, by Hastings' approximation (Abramowitz & Stegun
/// 7.1.26, error 1.5e-7).
fn tail(x: f64) -> f64 {
    let z = x * FRAC_1_SQRT_2;
    let t = 1.0 / (1.0 + 0.327_591_1 * z);
    let series = t
        * (0.254_829_592
            + t * (-0.284_496_736
                + t * (1.421_413_741 + t * (-1.453_152_027 + t * 1.061_405_429))));
    (PI / 8.0).sqrt() * (0.5 - z * z).exp() * series
}

impl ImpulseApproximation {
    /// The shells of the atoms of `material`.
    ///
    /// # Errors
    /// When an element has no data.
    pub fn new(material: &Material) -> Result<Self> {
        let mut shells = Vec::new();
        for &(z, fraction) in &material.mass_fractions {
            let moles = fraction / element(z)?.atomic_weight;
            let of_element = &SHELLS[usize::from(z) - 1];
            shells.extend(of_element.iter().map(|&[electrons, binding_mev, width]| BoundShell {
                electrons: moles * electrons,
                binding_mev,
                width,
            }));
        }
        Ok(ImpulseApproximation { shells })
    }

    /// The shells.
    pub fn shells(&self) -> &[BoundShell] {
        &self.shells
    }

    /// Electrons that give way at an angle, mol/g: in place of the incoherent scattering function.
    pub fn electrons_giving_way(&self, energy_mev: f64, mu: f64) -> f64 {
        let slope = motion_slope(energy_mev, mu);
        self.shells.iter().map(|s| s.electrons * s.giving_way(energy_mev, mu, slope)).sum()
    }

    /// Pdf in mu, not normalised: d(sigma)/d(mu) per mass, cm2/g.
    pub fn pdf(&self, energy_mev: f64, mu: f64) -> f64 {
        AVOGADRO * klein_nishina(energy_mev, mu) * self.electrons_giving_way(energy_mev, mu)
    }

    /// Integral over mu of `weight(mu)` times the pdf, cm2/g times the weight's unit.
    pub fn integral(&self, energy_mev: f64, weight: impl Fn(f64) -> f64) -> f64 {
        in_root(INTERVALS, |mu| self.pdf(energy_mev, mu) * weight(mu))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::physics::photon::mu_over_rho;
    use crate::physics::reference_data::materials;

    /// The incoherent total of EGSnrc with bound Compton scattering over XCOM's, water; the bar is 0.1 %.
    const EGSNRC_OVER_XCOM: [(f64, f64); 8] = [
        (0.02, 1.0119),
        (0.03, 1.0103),
        (0.04, 1.0079),
        (0.06, 1.0047),
        (0.08, 1.0031),
        (0.1, 1.0022),
        (0.15, 1.0010),
        (0.2, 1.0006),
    ];

    #[test]
    fn total_of_water_is_egsnrcs() {
        let water = materials("water");
        let impulse = ImpulseApproximation::new(&water).unwrap();
        for (energy, expected) in EGSNRC_OVER_XCOM {
            let xcom = mu_over_rho(&water, energy).unwrap().incoherent;
            let ratio = impulse.integral(energy, |_| 1.0) / xcom;
            println!("{energy} MeV: {ratio:.4}, EGSnrc {expected}");
            assert!((ratio / expected - 1.0).abs() < 1e-3, "{energy} MeV: {ratio}");
        }
    }

    #[test]
    fn integral_over_angles_has_converged() {
        for name in ["water", "bone_cortical_ICRU44", "I"] {
            let impulse = ImpulseApproximation::new(&materials(name)).unwrap();
            for energy in [0.001, 0.01, 0.05, 0.3, 1.0, 4.0] {
                let fine = in_root(4 * INTERVALS, |mu| impulse.pdf(energy, mu));
                let off = impulse.integral(energy, |_| 1.0) / fine - 1.0;
                assert!(off.abs() < 1e-4, "{name} {energy} MeV: {off:e}");
            }
        }
    }

    #[test]
    fn profiles_are_normalised_and_hold_all_electrons() {
        for z in 1..=83_u8 {
            let shells = &SHELLS[usize::from(z) - 1];
            let electrons: f64 = shells.iter().map(|s| s[0]).sum();
            assert!((electrons - f64::from(z)).abs() < 1e-3, "Z {z}: {electrons}");
            assert!(shells.iter().all(|s| s[1] > 0.0 && s[2] > 0.0), "Z {z}");
        }
        let shell = BoundShell { electrons: 1.0, binding_mev: 1e-5, width: 0.01 };
        for p in [-0.03, -0.01, 0.0, 0.004, 0.05] {
            let h = 1e-6;
            let slope = (shell.share_below(p + h) - shell.share_below(p - h)) / (2.0 * h);
            assert!((slope / shell.profile(p) - 1.0).abs() < 1e-3, "{p}: {slope}");
            let share = (shell.share_integral(p + h) - shell.share_integral(p - h)) / (2.0 * h);
            assert!((share - shell.share_below(p)).abs() < 1e-4, "{p}: {share}");
        }
    }

    /// Far above all bindings every electron gives way: the total is that of free electrons, to what EGSnrc's F adds and the outermost
    /// electrons at small angles take.
    #[test]
    fn free_electrons_at_high_energy() {
        let water = materials("water");
        let impulse = ImpulseApproximation::new(&water).unwrap();
        let electrons: f64 = impulse.shells().iter().map(|s| s.electrons).sum();
        for energy in [1.0, 3.0] {
            let free = AVOGADRO * electrons * crate::physics::compton::klein_nishina_total(energy);
            let off = impulse.integral(energy, |_| 1.0) / free - 1.0;
            assert!(off.abs() < 1e-3, "{energy} MeV: {off:e}");
        }
        // A free electron at rest needs no momentum.
        for mu in [1e-4, 0.3, 1.0] {
            assert!(momentum(0.5, scattered_energy(0.5, mu), mu).abs() < 1e-12);
        }
    }
}
