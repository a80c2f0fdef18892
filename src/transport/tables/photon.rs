//! Photon tables of one material: cross sections and shares on the fine grid, angles on the coarse one.

use super::angular::{Cumulative, build_angular};
use crate::error::Result;
use crate::physics::Material;
use crate::physics::energy_absorption::EnergyAbsorption;
use crate::physics::fluorescence::{k_fluorescence, k_shell};
use crate::physics::form_factor::MixedFormFactor;
use crate::physics::impulse::{BoundShell, ImpulseApproximation};
use crate::physics::incoherent::{Incoherent, IncoherentModel};
use crate::physics::photon::{MIN_PHOTON_MEV, mu_over_rho};
use crate::physics::rayleigh::rayleigh_pdf;
use crate::source::AliasTable;
use crate::transport::layout::{
    ANGULAR_STEP, ANGULAR_STRIDE, COARSE_BITS, FINE_BITS, FINE_NODES, PHOTON_VALUES, node_energy,
};
use crate::transport::reach::fill_unreached;

/// For an angular table that belongs to no step.
const NO_STEP: [f64; ANGULAR_STEP] = [0.0; ANGULAR_STEP];

/// What the photon tables depend on besides the material.
#[derive(Debug, Clone, Copy)]
pub struct PhotonSwitches {
    /// Coherent scattering.
    pub rayleigh: bool,
    /// Model of incoherent scattering.
    pub incoherent: IncoherentModel,
}

/// Tables of one material.
pub struct PhotonTables {
    /// `[fine node][PHOTON_VALUES]`.
    pub records: Vec<f32>,
    /// `[coarse node][ANGULAR_STRIDE]`, of the square of mu.
    pub compton: Vec<f32>,
    /// `[coarse node][ANGULAR_STRIDE]`.
    pub rayleigh: Vec<f32>,
    /// `[2][edge MeV, line MeV]`.
    pub fluorescence: [f32; 4],
    /// Shells of the impulse approximation, `[shell][SHELL_VALUES]`; empty with other models.
    pub shells: Vec<f32>,
}

impl PhotonTables {
    /// Builds the tables; angles at the first `nodes` coarse nodes, above which no photon is.
    ///
    /// # Errors
    /// If an element has no data.
    pub fn new(material: &Material, switches: PhotonSwitches, nodes: usize) -> Result<Self> {
        let incoherent = Incoherent::new(material, switches.incoherent)?;
        let absorption = match switches.incoherent {
            IncoherentModel::Impulse => {
                EnergyAbsorption::new(material)?.with_incoherent(incoherent.clone())
            }
            _ => EnergyAbsorption::new(material)?,
        };
        let emitters = strongest_emitters(material)?;
        let mut records = Vec::with_capacity(FINE_NODES * PHOTON_VALUES);
        for node in 0..FINE_NODES {
            let e = node_energy(FINE_BITS, node).max(MIN_PHOTON_MEV);
            let mut mu = mu_over_rho(material, e)?;
            if !switches.rayleigh {
                mu.coherent = 0.0;
            }
            mu.incoherent = incoherent.mu_over_rho(e, mu.incoherent);
            let total = mu.total();
            let mut shares = [0.0; 2];
            for line in k_fluorescence(material, e)? {
                if let Some(k) = emitters.iter().position(|z| *z == line.z) {
                    shares[k] = line.probability;
                }
            }
            let record = [
                total,
                absorption.mu_en_over_rho(e)?,
                mu.incoherent / total,
                (mu.incoherent + mu.photoelectric) / total,
                (mu.incoherent + mu.photoelectric + mu.coherent) / total,
                0.0,
                shares[0],
                shares[1],
            ];
            records.extend(record.iter().map(|&v| v as f32));
            let last = records.len() - PHOTON_VALUES;
            // Without pairs the last share is exactly one, so that none is sampled by rounding.
            if mu.pair_nuclear + mu.pair_electron == 0.0 {
                records[last + 4] = 1.0;
            }
        }
        let mixed = MixedFormFactor::new(material)?;
        let mut compton = Vec::new();
        let mut rayleigh = Vec::new();
        for node in 0..nodes {
            let e = node_energy(COARSE_BITS, node).max(MIN_PHOTON_MEV);
            let c = Cumulative::new(|mu| incoherent.pdf(e, mu), 512, 2);
            compton.extend(build_angular(|u| c.exceeded(u).powi(2), NO_STEP));
            let r = Cumulative::new(|mu| rayleigh_pdf(&mixed, e, mu), 1536, 4);
            rayleigh.extend(build_angular(|u| r.exceeded(u), NO_STEP));
        }
        fill_unreached(&mut compton, ANGULAR_STRIDE);
        fill_unreached(&mut rayleigh, ANGULAR_STRIDE);
        let mut fluorescence = [0.0; 4];
        for (k, &z) in emitters.iter().enumerate() {
            if let Some(shell) = k_shell(z) {
                fluorescence[2 * k] = shell.edge_mev as f32;
                fluorescence[2 * k + 1] = shell.mean_energy_mev() as f32;
            }
        }
        let shells = incoherent.impulse().map(shell_table).unwrap_or_default();
        Ok(PhotonTables { records, compton, rayleigh, fluorescence, shells })
    }
}

/// Shells with Walker's alias by their electrons: the probability to keep the one that was hit, the other, binding energy (MeV), width of the
/// profile (m c).
fn shell_table(impulse: &ImpulseApproximation) -> Vec<f32> {
    let electrons: Vec<f64> = impulse.shells().iter().map(|s| s.electrons).collect();
    let alias = AliasTable::new(&electrons);
    let record = |(k, shell): (usize, &BoundShell)| {
        [alias.probability[k], f64::from(alias.alias[k]), shell.binding_mev, shell.width]
    };
    let records = impulse.shells().iter().enumerate().flat_map(record);
    records.map(|v| v as f32).collect()
}

/// The two elements whose K lines carry most energy: at 50 keV, above every K edge up to tantalum's.
fn strongest_emitters(material: &Material) -> Result<Vec<u8>> {
    let lines = k_fluorescence(material, 0.05)?;
    Ok(lines.iter().take(2).map(|line| line.z).collect())
}
