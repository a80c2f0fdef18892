//! By which method dose is computed, with which settings, and until when.

use serde::{Deserialize, Serialize};

use crate::kernel::methods::KernelFacts;

/// A method, with what it neglects.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct MethodFacts {
    /// Of a method without transport: what is made of density, `none`, `target` or `source`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub density_scaling: Option<String>,
    /// Where a voxel gets its class of tissue from (msv): `target` or `source`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kernel_by: Option<String>,
    /// The table that holds the kernel, where it was given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kernel_file: Option<String>,
    /// Decays of each kernel, where it was made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kernel_histories: Option<u64>,
    /// The kernels, once the method has run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kernels: Option<Vec<KernelFacts>>,
    /// `mc`, `semi-mc`, `mird`, `ldm`, `vsv` or `msv`.
    pub name: String,
    /// In words; null for Monte Carlo.
    pub neglects: Option<String>,
    /// What becomes of photons (ldm): `dropped`, `local` or `convolved`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub photons: Option<String>,
}

impl MethodFacts {
    /// Whether energies are those of kernels, not of histories in the patient.
    pub fn is_of_kernels(&self) -> bool {
        self.density_scaling.is_some()
    }
}

/// Settings of the transport.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct SettingsFacts {
    /// Production threshold of bremsstrahlung, MeV.
    pub bremsstrahlung_threshold_mev: f64,
    /// Electrons and positrons not above deposit all of their energy on the spot, MeV.
    pub electron_cutoff_mev: f64,
    /// Model of incoherent scattering.
    pub incoherent: String,
    /// Largest mean fractional energy loss of a step.
    pub max_step_loss_fraction: f64,
    /// Largest scattering strength K1 of a step.
    pub max_step_strength: f64,
    /// Photons below deposit on the spot, MeV.
    pub photon_cutoff_mev: f64,
    /// `analog` or `kerma`.
    pub photons: String,
    /// Production threshold of hard collisions as a fraction of the energy.
    pub production_threshold_fraction: f64,
    /// Its largest value, MeV.
    pub production_threshold_max_mev: f64,
    /// Its least value, MeV.
    pub production_threshold_min_mev: f64,
    /// What cannot leave its voxel is deposited on the spot.
    pub range_rejection: bool,
    /// Coherent scattering.
    pub rayleigh: bool,
    /// Straggling of soft losses.
    pub straggling: bool,
}

/// When to stop before all histories are run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct GoalFacts {
    /// Relative standard error to reach.
    pub uncertainty: f64,
    /// The VOI whose mean dose is meant; null for the voxels of high dose.
    pub voi: Option<String>,
}
