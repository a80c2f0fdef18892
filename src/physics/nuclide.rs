//! A radionuclide: half-life, branches and everything that one decay of it emits, without progeny.
//!
//! Coincidence and angular correlation between the emissions of one decay are neglected; recoil is given for alpha decays only. Source: the
//! chosen evaluation (`nuclide_data`).

use std::f64::consts::LN_2;

use super::beta::BetaSpectrum;
use super::beta_shape::{BetaBranch, Daughter, spectrum_of};
use super::emission::{Available, Betas, Branch, Line, RadiationCode, Record};
use super::nuclide_data::NuclideData;
use super::nuclide_name::canonical_name_in;
use crate::{Error, Result};

/// A radionuclide and the emissions of one decay.
#[derive(Debug, Clone, PartialEq)]
pub struct Nuclide {
    /// The evaluation.
    pub data: NuclideData,
    /// Name, for example `Tc-99m`. The second isomer has an n, the third a p (isomers of 1 ms and more by their level).
    pub name: String,
    /// Atomic number.
    pub z: u32,
    /// Mass number.
    pub a: u32,
    /// Energy of an isomer's level, MeV; 0 of a ground state, and where the evaluation does not give it.
    pub level_mev: f64,
    /// Half-life, s.
    pub half_life_s: f64,
    /// Half-life with its unit (`m` is minutes).
    pub half_life: String,
    /// Branches to the daughters.
    pub branches: Vec<Branch>,
    /// Gamma and X rays, without annihilation quanta.
    pub photons: Vec<Line>,
    /// Annihilation quanta. Not to be sampled: a positron makes its own.
    pub annihilation: Vec<Line>,
    /// Conversion and Auger electrons.
    pub electrons: Vec<Line>,
    /// Beta branches by mean energy. Not to be sampled: see the spectra.
    pub beta_branches: Vec<Line>,
    /// Branches whose spectra are computed, beta-minus then beta-plus; empty where the evaluation gives the spectrum.
    pub computed_branches: Vec<BetaBranch>,
    /// Spectrum of beta-minus particles.
    pub beta_minus: Option<BetaSpectrum>,
    /// Spectrum of beta-plus particles.
    pub beta_plus: Option<BetaSpectrum>,
    /// Alpha particles; their energies do not include the recoil.
    pub alphas: Vec<Line>,
    /// Recoil nuclei of the alpha decays.
    pub recoils: Vec<Line>,
    /// Energy of lines that the evaluation does not list and that were completed from atomic data and conversion coefficients, MeV per decay.
    pub completed_mev: f64,
    /// Where the energy of a decay goes; None where the evaluation does not say what is available.
    pub balance: Option<EnergyBalance>,
    /// What the evaluation lacks, in words; empty where nothing is known to be missing.
    pub missing: String,
    /// What a user's file gave in its place, in words with its source; empty where nothing.
    pub own: String,
}

/// Where the energy of a decay goes, MeV per decay.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct EnergyBalance {
    /// Q values by branch, with the level of an isomer.
    pub available_mev: f64,
    /// Neutrinos of beta decays and captures.
    pub neutrino_mev: f64,
    /// Everything else that is emitted.
    pub emitted_mev: f64,
}

/// The imbalance beyond which a nuclide is marked.
pub const BALANCED: f64 = 0.03;

impl EnergyBalance {
    /// Energy that the emissions lack (above 0) or have too much (below 0), as part of what neutrinos leave.
    pub fn imbalance(&self) -> f64 {
        let left = self.available_mev - self.neutrino_mev;
        (left - self.emitted_mev) / left.abs().max(1e-12)
    }

    /// True within 3 %.
    pub fn is_balanced(&self) -> bool {
        self.imbalance().abs() <= BALANCED
    }
}

/// Mean energy emitted per decay by type, MeV; neutrinos are not counted.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct EnergyPerDecay {
    /// Alpha particles.
    pub alpha: f64,
    /// Recoil nuclei of alpha decays.
    pub recoil: f64,
    /// Beta-minus particles.
    pub beta_minus: f64,
    /// Beta-plus particles, kinetic energy.
    pub beta_plus: f64,
    /// Conversion electrons.
    pub conversion: f64,
    /// Auger and Coster-Kronig electrons.
    pub auger: f64,
    /// Gamma rays.
    pub gamma: f64,
    /// X rays.
    pub x_ray: f64,
    /// Annihilation quanta.
    pub annihilation: f64,
}

impl EnergyPerDecay {
    /// Electrons and positrons.
    pub fn electrons(&self) -> f64 {
        self.beta_minus + self.beta_plus + self.conversion + self.auger
    }

    /// Photons with annihilation quanta.
    pub fn photons(&self) -> f64 {
        self.gamma + self.x_ray + self.annihilation
    }

    /// This and `weight` times another, type by type.
    pub fn plus(self, weight: f64, other: EnergyPerDecay) -> Self {
        EnergyPerDecay {
            alpha: self.alpha + weight * other.alpha,
            recoil: self.recoil + weight * other.recoil,
            beta_minus: self.beta_minus + weight * other.beta_minus,
            beta_plus: self.beta_plus + weight * other.beta_plus,
            conversion: self.conversion + weight * other.conversion,
            auger: self.auger + weight * other.auger,
            gamma: self.gamma + weight * other.gamma,
            x_ray: self.x_ray + weight * other.x_ray,
            annihilation: self.annihilation + weight * other.annihilation,
        }
    }

    /// All types.
    pub fn total(&self) -> f64 {
        self.alpha + self.recoil + self.electrons() + self.photons()
    }
}

impl Nuclide {
    /// Looks a nuclide up by any usual spelling (`Lu-177`, `lu177`, `177Lu`, `99mTc`).
    ///
    /// # Errors
    /// If the name is unknown (near names are suggested) or if the nuclide emits what is not modelled
    /// (neutrons, fission fragments).
    pub fn load(name: &str) -> Result<Nuclide> {
        Nuclide::load_from(NuclideData::chosen(), name)
    }

    /// [`Nuclide::load`] from one evaluation.
    ///
    /// # Errors
    /// As there.
    pub fn load_from(data: NuclideData, name: &str) -> Result<Nuclide> {
        let name = canonical_name_in(data, name)?;
        match data.record(name) {
            Some(record) => Nuclide::from_record(data, record),
            None => Err(Error::usage(format!("unknown nuclide '{name}'"), "no data", "Check it.")),
        }
    }

    /// The names of all nuclides of the chosen evaluation, parents and progeny.
    pub fn all_names() -> impl Iterator<Item = &'static str> {
        NuclideData::chosen().names().iter().copied()
    }

    /// A sentence on what is wrong with the data, where something is: energy that does not balance, radiation that is missing.
    pub fn complaint(&self) -> Option<String> {
        let mut said = Vec::new();
        if !self.missing.is_empty() {
            said.push(format!("it lacks {}", self.missing));
        }
        match &self.balance {
            Some(balance) if !balance.is_balanced() => said.push(format!(
                "its emissions are {:.4} MeV per decay, Q less neutrinos {:.4} ({:+.0} %)",
                balance.emitted_mev,
                balance.available_mev - balance.neutrino_mev,
                -100.0 * balance.imbalance()
            )),
            None if !self.own.is_empty() => {
                said.push("its energy balance cannot be checked (a spectrum of one's own, or q_kev is not given)".into());
            }
            None if self.data == NuclideData::Ensdf && self.missing.is_empty() => {
                said.push("its energy balance cannot be checked (levels that a decay feeds are not known)".into());
            }
            _ => {}
        }
        if self.energy_per_decay().total() <= 0.0 {
            said.push("it has no emissions".into());
        }
        let own = if self.own.is_empty() { "" } else { ", with data of one's own" };
        (!said.is_empty()).then(|| {
            format!("decay data of {} ({}{own}): {}", self.name, self.data.name(), said.join("; "))
        })
    }

    /// Decay constant, 1/s.
    pub fn decay_constant_per_s(&self) -> f64 {
        LN_2 / self.half_life_s
    }

    /// Energy per decay by type, MeV, from the lines and the spectra.
    pub fn energy_per_decay(&self) -> EnergyPerDecay {
        let sum = |lines: &[Line], code| -> f64 {
            let of_type = lines.iter().filter(|line| line.code == code);
            // Of no lines the sum is -0.
            of_type.map(|line| line.energy_mev * line.yield_per_decay).sum::<f64>() + 0.0
        };
        let beta = |spectrum: &Option<BetaSpectrum>| {
            spectrum.as_ref().map_or(0.0, |s| s.yield_per_decay * s.mean_energy_mev)
        };
        EnergyPerDecay {
            alpha: sum(&self.alphas, RadiationCode::A),
            recoil: sum(&self.recoils, RadiationCode::AR),
            beta_minus: beta(&self.beta_minus),
            beta_plus: beta(&self.beta_plus),
            conversion: sum(&self.electrons, RadiationCode::IE),
            auger: sum(&self.electrons, RadiationCode::AE),
            gamma: sum(&self.photons, RadiationCode::G)
                + sum(&self.photons, RadiationCode::PG)
                + sum(&self.photons, RadiationCode::DG),
            x_ray: sum(&self.photons, RadiationCode::X),
            annihilation: sum(&self.annihilation, RadiationCode::AQ),
        }
    }

    pub(super) fn from_record(data: NuclideData, record: &Record) -> Result<Nuclide> {
        use RadiationCode::*;
        if let Some(line) = record.lines.iter().find(|line| matches!(line.code, FF | N | BD)) {
            return Err(Error::usage(
                format!("{} emits radiation of type {}", record.name, line.code.as_str()),
                "fission fragments, neutrons and delayed betas are not modelled",
                "Use another nuclide.",
            ));
        }
        let of = |codes: &[RadiationCode]| -> Vec<Line> {
            record.lines.iter().filter(|line| codes.contains(&line.code)).copied().collect()
        };
        let mut beta_branches = of(&[BMinus, BPlus]);
        let mut computed_branches = Vec::new();
        let mut spectrum = |betas: &Betas, code, charge: i32| -> Result<Option<BetaSpectrum>> {
            match betas {
                Betas::None => Ok(None),
                #[cfg(feature = "icrp107")]
                Betas::Points(points) => listed_spectrum(points, &of(&[code])),
                Betas::Density(points) => {
                    let (energies, densities) = points.iter().copied().unzip();
                    Ok(BetaSpectrum::from_density(energies, densities))
                }
                Betas::Branches(branches) => {
                    let z = f64::from(record.z as i32 + charge) * f64::from(charge);
                    let daughter = Daughter { parent: &record.name, signed_z: z, a: record.a };
                    let mut branches = branches.clone();
                    let spectrum = spectrum_of(daughter, &mut branches);
                    beta_branches.extend(branches.iter().map(|b| Line {
                        energy_mev: b.mean_mev,
                        yield_per_decay: b.yield_per_decay,
                        code,
                    }));
                    computed_branches.extend(branches);
                    Ok(spectrum)
                }
            }
        };
        let mut beta_minus = spectrum(&record.beta_minus, BMinus, 1)?;
        let mut beta_plus = spectrum(&record.beta_plus, BPlus, -1)?;
        for (own, mean, code) in [
            (&mut beta_minus, record.mean_beta_minus_mev, BMinus),
            (&mut beta_plus, record.mean_beta_plus_mev, BPlus),
        ] {
            let Some(mean) = mean else { continue };
            let Some(spectrum) = own.take() else { continue };
            let stretch = mean / spectrum.mean_energy_mev;
            *own = Some(spectrum.with_mean(mean)?);
            let branches = beta_branches.iter_mut().filter(|b| b.code == code);
            branches.for_each(|b| b.energy_mev *= stretch);
        }
        let mut nuclide = Nuclide {
            data,
            name: record.name.clone(),
            z: record.z,
            a: record.a,
            level_mev: record.level_mev,
            half_life_s: record.half_life_s,
            half_life: record.half_life.clone(),
            branches: record.branches.clone(),
            photons: of(&[G, PG, DG, X]),
            annihilation: of(&[AQ]),
            electrons: of(&[IE, AE]),
            beta_branches,
            computed_branches,
            beta_minus,
            beta_plus,
            alphas: of(&[A]),
            recoils: of(&[AR]),
            completed_mev: record.completed.iter().map(|l| l.energy_mev * l.yield_per_decay).sum(),
            balance: None,
            missing: record.missing.clone(),
            own: record.own.clone(),
        };
        // Of a spectrum that a user gives nobody knows what its neutrinos took.
        let densities = [&record.beta_minus, &record.beta_plus];
        if !densities.iter().any(|b| matches!(b, Betas::Density(_))) {
            nuclide.balance = record.available.map(|available| nuclide.balance_of(available));
        }
        Ok(nuclide)
    }

    fn balance_of(&self, available: Available) -> EnergyBalance {
        // Branch by branch what is left of the end point; of a mean that a user states, what is left of all of them.
        let available_to_betas: f64 =
            self.computed_branches.iter().map(|b| b.yield_per_decay * b.end_point_mev).sum();
        let energy = self.energy_per_decay();
        let neutrinos = match self.computed_branches.is_empty() {
            true => 0.0,
            false => available_to_betas - energy.beta_minus - energy.beta_plus,
        };
        EnergyBalance {
            available_mev: available.q_mev,
            neutrino_mev: neutrinos + available.capture_neutrino_mev,
            emitted_mev: self.energy_per_decay().total(),
        }
    }
}

/// The spectrum that an evaluation gives, with the yield and mean energy of its branches.
#[cfg(feature = "icrp107")]
fn listed_spectrum(points: &[(f64, f64)], branches: &[Line]) -> Result<Option<BetaSpectrum>> {
    let total: f64 = branches.iter().map(|b| b.yield_per_decay).sum();
    let energy: f64 = branches.iter().map(|b| b.yield_per_decay * b.energy_mev).sum();
    if branches.is_empty() {
        return Ok(None);
    }
    BetaSpectrum::from_points(points, total, energy / total).map(Some)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every nuclide of every evaluation of this build.
    fn all() -> impl Iterator<Item = (NuclideData, &'static str)> {
        NuclideData::here().flat_map(|data| data.names().iter().map(move |name| (data, *name)))
    }

    #[test]
    fn every_nuclide_loads() {
        for (data, name) in all() {
            let nuclide = Nuclide::load_from(data, name).unwrap();
            assert!(nuclide.half_life_s > 0.0 && nuclide.half_life_s.is_finite(), "{name}");
            // Of a neutron the atomic number is 0.
            assert!(nuclide.a >= nuclide.z && nuclide.a > 0, "{name}");
            for spectrum in [&nuclide.beta_minus, &nuclide.beta_plus].into_iter().flatten() {
                let off = (spectrum.energy_stretch - 1.0).abs();
                // Cu-64's two spectra are split by a model, the allowed shape.
                let bar = if name == "Cu-64" { 2.5e-3 } else { 1e-3 };
                assert!(off < bar, "{name}: energy stretched by {off:e}");
            }
        }
    }

    /// Annihilation quanta are two per positron, so dropping the table's lines and letting positrons
    /// annihilate keeps the energy.
    #[test]
    fn annihilation_is_two_quanta_per_positron() {
        for (data, name) in all() {
            let nuclide = Nuclide::load_from(data, name).unwrap();
            let quanta: f64 = nuclide.annihilation.iter().map(|l| l.yield_per_decay).sum();
            let positrons = nuclide.beta_plus.map_or(0.0, |s| s.yield_per_decay);
            assert!((quanta - 2.0 * positrons).abs() <= 1e-5 * quanta, "{name}: {quanta}");
        }
    }
}
