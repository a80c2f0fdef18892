//! By which method dose is computed.

use std::path::PathBuf;

use super::Job;
use crate::error::{Error, Result};
use crate::kernel::methods::{ClassOf, Method, Photons, Scaling};
use crate::kernel::point::DEFAULT_HISTORIES;
use crate::report::setup::MethodFacts;

/// Cutoff of electrons under semi-MC: above all that transport knows, so that each stays where it is set free.
pub const SEMI_MC_CUTOFF_MEV: f64 = 4.0;

/// How dose is computed.
#[derive(Debug, Clone, PartialEq, Default)]
pub enum DoseMethod {
    /// Monte Carlo.
    #[default]
    MonteCarlo,
    /// Photons by Monte Carlo, electrons where they are set free.
    SemiMonteCarlo,
    /// Monte Carlo of activity that is uniform in every VOI, and in what is around them.
    Mird,
    /// Local deposition or convolution.
    Fast(FastMethod),
}

/// A method without transport in the patient.
#[derive(Debug, Clone, PartialEq)]
pub struct FastMethod {
    /// Which.
    pub method: Method,
    /// What is made of density.
    pub scaling: Scaling,
    /// Decays of each kernel.
    pub histories: u64,
    /// Where kernels are kept; none keeps none.
    pub cache: Option<PathBuf>,
    /// A table that holds the kernel, for voxel S values; none makes it.
    pub kernel: Option<PathBuf>,
}

impl FastMethod {
    /// A method with the program's defaults, and no cache.
    pub fn new(method: Method, scaling: Scaling) -> Self {
        FastMethod { method, scaling, histories: DEFAULT_HISTORIES, cache: None, kernel: None }
    }
}

impl DoseMethod {
    /// The fast method, if it is one.
    pub fn fast(&self) -> Option<&FastMethod> {
        match self {
            DoseMethod::Fast(fast) => Some(fast),
            _ => None,
        }
    }

    /// Its name on the command line.
    pub fn name(&self) -> &'static str {
        match self {
            DoseMethod::MonteCarlo => "mc",
            DoseMethod::SemiMonteCarlo => "semi-mc",
            DoseMethod::Mird => "mird",
            DoseMethod::Fast(FastMethod { method: Method::Ldm(_), .. }) => "ldm",
            DoseMethod::Fast(FastMethod { method: Method::Vsv, .. }) => "vsv",
            DoseMethod::Fast(FastMethod { method: Method::Msv(_), .. }) => "msv",
        }
    }

    /// What it neglects, in words; nothing for Monte Carlo.
    pub fn neglects(&self) -> Option<&'static str> {
        match self {
            DoseMethod::MonteCarlo => None,
            DoseMethod::SemiMonteCarlo => {
                Some("electrons stay where they are set free: their range is neglected")
            }
            DoseMethod::Mird => {
                Some("activity is uniform in each VOI: what is uneven in it is neglected")
            }
            DoseMethod::Fast(fast) => Some(match (fast.method, fast.scaling) {
                (Method::Ldm(Photons::Dropped), _) => {
                    "electrons stay in their voxel and photons are left out"
                }
                (Method::Ldm(Photons::Local), _) => "electrons and photons stay in their voxel",
                (Method::Ldm(Photons::Convolved), _) => {
                    "electrons stay in their voxel, photons go as in uniform soft tissue"
                }
                (Method::Vsv, Scaling::None) => {
                    "all is uniform soft tissue, in what it does and in mass"
                }
                (Method::Vsv, Scaling::Target) => {
                    "energy goes as in uniform soft tissue; it is divided by each voxel's own mass"
                }
                (Method::Vsv, Scaling::Source) => {
                    "energy goes as in uniform soft tissue, scaled by the density where it starts"
                }
                (Method::Msv(ClassOf::Target), _) => {
                    "a voxel gets its energy as if all were of its class of tissue; energy is not kept"
                }
                (Method::Msv(ClassOf::Source), _) => {
                    "energy goes as if all were of the class of tissue where it starts"
                }
            }),
        }
    }

    /// For the summary.
    pub fn facts(&self) -> MethodFacts {
        let mut facts = MethodFacts {
            density_scaling: None,
            kernel_by: None,
            kernel_file: None,
            kernel_histories: None,
            kernels: None,
            name: self.name().into(),
            neglects: self.neglects().map(String::from),
            photons: None,
        };
        let DoseMethod::Fast(fast) = self else { return facts };
        let scaling = match fast.scaling {
            Scaling::None => "none",
            Scaling::Target => "target",
            Scaling::Source => "source",
        };
        facts.density_scaling = Some(scaling.into());
        match &fast.kernel {
            Some(path) => {
                let name = path.file_name().map(|n| n.to_string_lossy().into_owned());
                facts.kernel_file = name;
            }
            None => facts.kernel_histories = Some(fast.histories),
        }
        match fast.method {
            Method::Ldm(photons) => {
                let what = match photons {
                    Photons::Dropped => "dropped",
                    Photons::Local => "local",
                    Photons::Convolved => "convolved",
                };
                facts.photons = Some(what.into());
            }
            Method::Msv(of) => {
                let of = match of {
                    ClassOf::Target => "target",
                    ClassOf::Source => "source",
                };
                facts.kernel_by = Some(of.into());
            }
            Method::Vsv => {}
        }
        facts
    }

    /// Refuses what does not go with a method.
    pub(super) fn check(&self, job: &Job) -> Result<()> {
        let refuse = |option: &str, why: &str| {
            Err(Error::usage(
                format!("{option} is given with --method {}", self.name()),
                why,
                format!("Leave {option} out, or use --method mc."),
            ))
        };
        if self.fast().is_some() {
            if job.goal.is_some() {
                return refuse("--target-uncertainty", "no histories are run in the patient");
            }
            if job.fine.is_some() {
                return refuse("--fine", "no histories are run that could be scored finer");
            }
            if job.shard.is_some() {
                return refuse("--shard", "there is nothing to share out");
            }
            if !job.from_shards.is_empty() {
                return refuse("--from-shards", "there is nothing to share out");
            }
            if self.fast().is_some_and(|f| f.kernel.is_some() && f.method != Method::Vsv) {
                return refuse(
                    "--kernel",
                    "only voxel S values (vsv) take their kernel from a table",
                );
            }
            if self.fast().is_some_and(|f| f.histories < 1000) {
                return Err(Error::usage(
                    "--kernel-histories below 1000",
                    "a kernel is the mean of ten parts, each of which needs histories",
                    "Leave it out, or give some millions.",
                ));
            }
        }
        let of_own_matter = |f: &FastMethod| match f.method {
            // Energy stays in its voxel and is divided by its mass.
            Method::Ldm(photons) => photons != Photons::Convolved && f.scaling != Scaling::None,
            _ => false,
        };
        if job.to_water && self.fast().is_some_and(|f| !of_own_matter(f)) {
            return refuse(
                "--dose-to-water",
                "its dose is that of the tissue of its kernel, not of the voxels' matter",
            );
        }
        if *self == DoseMethod::Mird && job.voi.is_empty() {
            return Err(Error::usage(
                "--method mird without VOIs",
                "activity is made uniform in each of them",
                "Add --voi.",
            ));
        }
        Ok(())
    }
}
