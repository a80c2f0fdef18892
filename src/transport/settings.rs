//! What a user may set about the transport, with the defaults that the convergence studies support.

use super::layout::HIGHEST_MEV;
use super::sub_voxels::SubVoxels;
use super::tables::lepton::LeptonControl;
use super::tables::photon::PhotonSwitches;
use crate::error::{Error, Result};
use crate::physics::incoherent::IncoherentModel;

/// How photons give their energy to the tally.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PhotonEstimator {
    /// The electrons set free are transported.
    Analog,
    /// Expected energy transfer along every flight, by its length in each voxel; electrons of photons are not transported.
    Kerma,
}

/// Transport settings; energies in MeV.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Settings {
    /// Seed of all random numbers.
    pub seed: u64,
    /// Photon estimator.
    pub photons: PhotonEstimator,
    /// Coherent scattering.
    pub rayleigh: bool,
    /// Model of incoherent scattering.
    pub incoherent: IncoherentModel,
    /// Electrons and positrons not above deposit all of their energy on the spot, without bremsstrahlung; positrons annihilate.
    pub electron_cutoff_mev: f64,
    /// Photons below deposit on the spot.
    pub photon_cutoff_mev: f64,
    /// Step and threshold control of electrons and positrons.
    pub lepton: LeptonControl,
    /// Sample the straggling of soft losses.
    pub straggling: bool,
    /// Deposit on the spot what cannot leave its voxel.
    pub range_rejection: bool,
    /// A box of voxels that is scored finer; steps and thresholds are everywhere those of its parts.
    pub fine: Option<SubVoxels>,
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            seed: 1,
            photons: PhotonEstimator::Analog,
            rayleigh: true,
            incoherent: IncoherentModel::Xcom,
            electron_cutoff_mev: 1e-3,
            photon_cutoff_mev: 1e-3,
            lepton: LeptonControl {
                threshold_fraction: 0.03,
                threshold_min_mev: 2e-4,
                threshold_max_mev: 0.1,
                photon_threshold_mev: 1e-3,
                max_strength: 0.15,
                max_loss_fraction: 0.12,
                face_strength: 0.02,
                face_loss_fraction: 0.04,
            },
            straggling: true,
            range_rejection: true,
            fine: None,
        }
    }
}

impl Settings {
    /// Switches of the photon tables.
    pub fn photon_switches(&self) -> PhotonSwitches {
        PhotonSwitches { rayleigh: self.rayleigh, incoherent: self.incoherent }
    }

    /// Refuses settings that make no sense.
    ///
    /// # Errors
    /// With the option, its value and the allowed range.
    pub fn check(&self) -> Result<()> {
        let l = &self.lepton;
        let ranges = [
            ("electron cutoff (MeV)", self.electron_cutoff_mev, 1e-3, HIGHEST_MEV),
            ("photon cutoff (MeV)", self.photon_cutoff_mev, 1e-3, 0.5),
            ("production threshold fraction", l.threshold_fraction, 1e-3, 0.5),
            ("least production threshold (MeV)", l.threshold_min_mev, 1e-4, 1.0),
            ("largest production threshold (MeV)", l.threshold_max_mev, l.threshold_min_mev, 1.0),
            ("bremsstrahlung threshold (MeV)", l.photon_threshold_mev, self.photon_cutoff_mev, 0.5),
            ("largest step strength K1", l.max_strength, 0.01, 1.0),
            ("largest step loss fraction", l.max_loss_fraction, 0.005, 0.5),
            ("largest step strength K1 at gas", l.face_strength, 0.005, 1.0),
            ("largest step loss fraction at gas", l.face_loss_fraction, 0.005, 0.5),
        ];
        for (name, value, low, high) in ranges {
            if !(low..=high).contains(&value) {
                return Err(Error::usage(
                    format!("{name} is {value}"),
                    format!("it must lie within {low} and {high}"),
                    "Leave the option out for the default.",
                ));
            }
        }
        Ok(())
    }
}
