//! Dose to water in place of dose to the matter of a voxel: what a small volume of water in it would receive, too small to change the
//! fluence of charged particles (Bragg and Gray's cavity). Neglects that electrons in a voxel may come from other matter or from far away
//! (they are those of the source, slowing down where they are), their delta rays (stopping powers are unrestricted), and photons that have
//! scattered before.
//!
//! Dose to water is dose times the mean ratio of collision stopping powers, water over matter, one factor for each material and kind of
//! emission, as Siebers et al. do after Monte Carlo transport (Phys. Med. Biol. 45, 983, 2000, doi:10.1088/0031-9155/45/4/313). Electrons
//! of initial energies E with weights y that slow down continuously have the fluence N(>E)/S_tot, so that the mean is
//!
//! `sum y Q_w(E) / sum y Q_m(E)`, `Q_x(E) = integral_0^E S_col,x(T)/S_tot,m(T) dT`.
//!
//! Below 1 keV the ratio is that at 1 keV. What photons set free are photoelectrons of the whole energy, Compton electrons by Klein and Nishina, and
//! pairs that share the rest evenly, of the source's own lines. Alphas: `integral S_w/S_m dT` over the energy.

use std::sync::LazyLock;

use crate::constants::ELECTRON_MASS_MEV;
use crate::error::Result;
use crate::numerics::quadrature::integrate_log;
use crate::physics::Material;
use crate::physics::alpha::{ALPHA_MIN_MEV, AlphaStopping};
use crate::physics::compton::{klein_nishina, scattered_energy};
use crate::physics::lepton::Lepton;
use crate::physics::photon::{MAX_PHOTON_MEV, MIN_PHOTON_MEV, mu_over_rho};
use crate::physics::stopping::{ENERGY_MIN_MEV, StoppingPower};
use crate::physics::tissues::named_material;
use crate::source::{DecaySpectrum, Emission, EmissionGroup};
use crate::transport::layout::HIGHEST_MEV;
use crate::transport::tally::ORIGINS;

/// Nodes of the tables of Q: intervals of 4 %, over which the ratio is next to constant.
const NODES: usize = 214;
/// Points of a spectrum at which Q is taken.
const POINTS: usize = 64;

/// Factors from dose in a material to dose to water.
#[derive(Debug, Clone, PartialEq)]
pub struct WaterRatio {
    /// For what electrons, photons and alphas of the source deposit ([`crate::transport::tally::Origin`]).
    pub of_origin: [f64; ORIGINS],
    /// Least and largest ratio of the collision stopping powers of electrons from 1 keV to the source's highest energy: whatever the
    /// spectrum in a voxel, its electrons' factor lies between.
    pub span: [f64; 2],
}

static WATER: LazyLock<Material> =
    LazyLock::new(|| named_material("water").expect("in the embedded table").material.clone());

impl WaterRatio {
    /// Of a material and a source.
    ///
    /// # Errors
    /// If an element of the material has no data.
    pub fn new(material: &Material, source: &DecaySpectrum) -> Result<Self> {
        let slowing = Slowing::new(material)?;
        let mut electrons = Sum::default();
        for group in [&source.electrons, &source.positrons] {
            each(group, |energy, weight| electrons.add(&slowing, energy, weight));
            electrons.add(&slowing, ENERGY_MIN_MEV, group.local_mev_per_decay / ENERGY_MIN_MEV);
        }
        let mut photons = Sum::default();
        let mut lines: Vec<(f64, f64)> = Vec::new();
        each(&source.photons, |energy, weight| lines.push((energy, weight)));
        lines.push((ELECTRON_MASS_MEV, 2.0 * source.positrons.yield_per_decay));
        for (energy, weight) in lines.into_iter().filter(|l| l.1 > 0.0) {
            photons.add_photons(&slowing, material, energy, weight)?;
        }
        let highest = [&source.electrons, &source.positrons, &source.photons]
            .map(EmissionGroup::max_energy_mev)
            .into_iter()
            .fold(ENERGY_MIN_MEV, f64::max);
        let span = slowing.span(highest);
        let electron = electrons.ratio().unwrap_or(span[0].midpoint(span[1]));
        let photon = photons.ratio().unwrap_or(electron);
        let alpha = alpha_ratio(material, &source.alphas)?;
        Ok(WaterRatio { of_origin: [electron, photon, alpha], span })
    }
}

/// Calls with each energy (MeV) of a group and its yield.
fn each(group: &EmissionGroup, mut visit: impl FnMut(f64, f64)) {
    for entry in &group.entries {
        match entry {
            Emission::Line { energy_mev, yield_per_decay } => visit(*energy_mev, *yield_per_decay),
            Emission::Spectrum { yield_per_decay, inverse_cdf } => {
                let last = (inverse_cdf.len() - 1) as f64;
                for n in 0..POINTS {
                    let at = (n as f64 + 0.5) / POINTS as f64 * last;
                    let (low, part) = (at as usize, at.fract());
                    let energy = inverse_cdf[low] * (1.0 - part) + inverse_cdf[low + 1] * part;
                    visit(energy, yield_per_decay / POINTS as f64);
                }
            }
        }
    }
}

/// Numerator and denominator of a mean ratio.
#[derive(Debug, Default)]
struct Sum {
    water: f64,
    own: f64,
}

impl Sum {
    fn add(&mut self, slowing: &Slowing, energy_mev: f64, weight: f64) {
        let [water, own] = slowing.of(energy_mev);
        self.water += weight * water;
        self.own += weight * own;
    }

    /// Electrons of the first interaction of photons.
    fn add_photons(
        &mut self,
        slowing: &Slowing,
        material: &Material,
        energy_mev: f64,
        weight: f64,
    ) -> Result<()> {
        let at = energy_mev.clamp(MIN_PHOTON_MEV, MAX_PHOTON_MEV);
        let mu = mu_over_rho(material, at)?;
        self.add(slowing, at, weight * mu.photoelectric);
        let angles = (0..POINTS).map(|n| (n as f64 + 0.5) / POINTS as f64);
        let all: f64 = angles.clone().map(|m| klein_nishina(at, m)).sum();
        for m in angles {
            let share = klein_nishina(at, m) / all;
            self.add(slowing, at - scattered_energy(at, m), weight * mu.incoherent * share);
        }
        let pair = mu.pair_nuclear + mu.pair_electron;
        if pair > 0.0 {
            self.add(slowing, 0.5 * at - ELECTRON_MASS_MEV, 2.0 * weight * pair);
        }
        Ok(())
    }

    fn ratio(&self) -> Option<f64> {
        (self.own > 0.0).then(|| self.water / self.own)
    }
}

/// Electrons that slow down in a material: energy given to it, and what a small volume of water would take.
struct Slowing {
    own: StoppingPower,
    water: StoppingPower,
    /// `[water, own]` at the nodes, MeV.
    given: Vec<[f64; 2]>,
}

fn node(n: usize) -> f64 {
    ENERGY_MIN_MEV * (HIGHEST_MEV / ENERGY_MIN_MEV).powf(n as f64 / (NODES - 1) as f64)
}

impl Slowing {
    fn new(material: &Material) -> Result<Self> {
        let (own, water) = (StoppingPower::new(material)?, StoppingPower::new(&WATER)?);
        let mut slowing = Slowing { own, water, given: Vec::with_capacity(NODES) };
        let mut sums = [ENERGY_MIN_MEV * slowing.ratio(ENERGY_MIN_MEV), ENERGY_MIN_MEV];
        slowing.given.push(sums);
        for n in 1..NODES {
            let total = |t: f64| slowing.own.total(t, Lepton::Electron);
            let of = |s: &StoppingPower| {
                integrate_log(node(n - 1), node(n), 1, |t| {
                    s.collision(t, Lepton::Electron) / total(t)
                })
            };
            sums = [sums[0] + of(&slowing.water), sums[1] + of(&slowing.own)];
            slowing.given.push(sums);
        }
        Ok(slowing)
    }

    fn ratio(&self, energy_mev: f64) -> f64 {
        self.water.collision(energy_mev, Lepton::Electron)
            / self.own.collision(energy_mev, Lepton::Electron)
    }

    /// Q of water and of the material itself.
    fn of(&self, energy_mev: f64) -> [f64; 2] {
        if energy_mev <= ENERGY_MIN_MEV {
            return self.given[0].map(|g| g * energy_mev.max(0.0) / ENERGY_MIN_MEV);
        }
        let n = ((energy_mev / ENERGY_MIN_MEV).ln() / (HIGHEST_MEV / ENERGY_MIN_MEV).ln()
            * (NODES - 1) as f64) as usize;
        let n = n.min(NODES - 2);
        let part = (energy_mev - node(n)) / (node(n + 1) - node(n));
        [0, 1].map(|x| self.given[n][x] + part * (self.given[n + 1][x] - self.given[n][x]))
    }

    fn span(&self, highest_mev: f64) -> [f64; 2] {
        let energies = (0..NODES).map(node).take_while(|e| *e <= highest_mev);
        let ratios = energies.chain([highest_mev.min(HIGHEST_MEV)]).map(|e| self.ratio(e));
        ratios.fold([f64::INFINITY, 0.0], |[low, high], r| [low.min(r), high.max(r)])
    }
}

fn alpha_ratio(material: &Material, group: &EmissionGroup) -> Result<f64> {
    if group.entries.is_empty() {
        return Ok(1.0);
    }
    let (own, water) = (AlphaStopping::new(material)?, AlphaStopping::new(&WATER)?);
    let (mut sum, mut energy) = (0.0, 0.0);
    each(group, |e, weight| {
        if e > ALPHA_MIN_MEV {
            let ratio = |t: f64| water.stopping_power(t) / own.stopping_power(t);
            sum += weight * integrate_log(ALPHA_MIN_MEV, e, 16, ratio);
            energy += weight * (e - ALPHA_MIN_MEV);
        }
    });
    Ok(if energy > 0.0 { sum / energy } else { 1.0 })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::parse_source;

    fn ratio(material: &str, source: &str) -> WaterRatio {
        let material = &named_material(material).unwrap().material;
        WaterRatio::new(material, &parse_source(source).unwrap()).unwrap()
    }

    #[test]
    fn water_is_water() {
        for source in ["electron:1MeV", "photon:0.2MeV", "alpha:6MeV", "positron:0.6MeV"] {
            let found = ratio("water", source);
            let all = found.of_origin.into_iter().chain(found.span);
            assert!(all.into_iter().all(|f| (f - 1.0).abs() < 1e-9), "{source}: {found:?}");
        }
    }

    /// The same integral over ESTAR's tables (NIST SRD 124; water with I = 75 eV, cortical bone of ICRU 44) by the trapezoidal rule over 2,000
    /// energies, apart from this code.
    #[test]
    fn bone_is_as_estar_has_it() {
        for (source, estar) in [
            ("electron:0.02MeV", 1.1821),
            ("electron:0.1MeV", 1.1543),
            ("electron:0.5MeV", 1.1387),
            ("electron:1MeV", 1.1370),
            ("electron:2MeV", 1.1341),
        ] {
            let found = ratio("cortical_bone", source).of_origin[0];
            assert!((found / estar - 1.0).abs() < 1e-3, "{source}: {found}, {estar}");
        }
    }

    #[test]
    fn a_mean_lies_in_its_span() {
        for material in ["cortical_bone", "lung", "icru44_adipose"] {
            for source in ["electron:0.05MeV", "electron:2MeV", "photon:0.03MeV", "photon:1MeV"] {
                let found = ratio(material, source);
                let [low, high] = found.span;
                assert!(low <= high && high / low < 1.2, "{material}: {found:?}");
                for f in &found.of_origin[..2] {
                    // Between the energies at which the ratios are looked at they may lie a little outside.
                    let within = low * 0.9999..=high * 1.0001;
                    assert!(within.contains(f), "{material}, {source}: {found:?}");
                }
            }
        }
    }
}
