//! The options that choose the method of a dose.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::dose_arguments::{DoseArguments, ProblemArguments};
use super::fine_arguments::FineArguments;
use super::values::parse_count;
use crate::error::{Error, Result};
use crate::io::cache;
use crate::job::method::SEMI_MC_CUTOFF_MEV;
use crate::job::{DoseMethod, FastMethod, Job, Score};
use crate::kernel::methods::{ClassOf, Method, Photons, Scaling};
use crate::kernel::point::DEFAULT_HISTORIES;
use crate::transport::engine::EngineChoice;

/// How dose is computed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub(super) enum MethodChoice {
    /// Monte Carlo: photons and electrons through the patient's own tissue.
    #[default]
    Mc,
    /// Photons by Monte Carlo; electrons stay where they are set free.
    SemiMc,
    /// Local deposition: each voxel keeps the energy of its own electrons and alphas.
    Ldm,
    /// Voxel S values: convolution with the kernel of equal voxels of soft tissue (1.04 g/cm3).
    Vsv,
    /// Dose point kernel, integrated over source and target voxels: the same as vsv.
    Dpk,
    /// Voxel S values by tissue class: lung, soft tissue, bone.
    Msv,
    /// Organ level: activity uniform in each VOI and around them, then Monte Carlo.
    Mird,
}

/// What is made of density.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub(super) enum ScalingChoice {
    /// Dose in the kernel's medium, whatever is there.
    None,
    /// Energy over the voxel's own mass.
    #[default]
    Target,
    /// Dose scaled by the density where the energy starts.
    Source,
}

/// Photons of local deposition.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub(super) enum PhotonsChoice {
    /// Left out.
    #[default]
    Dropped,
    /// Deposited where they start.
    Local,
    /// Spread by their kernel in soft tissue.
    Convolved,
}

/// Whose class chooses the kernel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub(super) enum KernelByChoice {
    /// The voxel that gets the energy.
    #[default]
    Target,
    /// The voxel where it starts.
    Source,
}

/// Options of the method.
#[derive(Debug, Args)]
pub struct MethodArguments {
    /// How dose is computed; what each neglects: docs/fast_methods.md.
    #[arg(long, value_name = "METHOD", help_heading = "Method", default_value = "mc")]
    pub(super) method: MethodChoice,
    /// With ldm, vsv, dpk, msv: what is made of a density that is not the kernel's [default: target].
    #[arg(long, value_name = "WHERE", help_heading = "Method")]
    pub(super) density_scaling: Option<ScalingChoice>,
    /// With ldm: what becomes of photons [default: dropped].
    #[arg(long, value_name = "WHAT", help_heading = "Method")]
    pub(super) ldm_photons: Option<PhotonsChoice>,
    /// With msv: whose class of tissue chooses the kernel [default: target].
    #[arg(long, value_name = "WHOSE", help_heading = "Method")]
    pub(super) kernel_by: Option<KernelByChoice>,
    #[arg(long, value_name = "N", help_heading = "Method", value_parser = parse_count, help = format!("With vsv, dpk, msv: decays of each kernel [default: {DEFAULT_HISTORIES}]"))]
    pub(super) kernel_histories: Option<u64>,
    /// With vsv: the kernel, a table of voxels as voxgray kernel writes it, or published S values in that form (docs/fast_methods.md).
    #[arg(long, value_name = "CSV", help_heading = "Method", conflicts_with_all = ["kernel_histories", "kernel_cache"])]
    pub(super) kernel: Option<PathBuf>,
    /// Folder in which kernels are kept for the next run, by the hash of what they are of; none keeps none [default: the user's cache].
    #[arg(long, value_name = "FOLDER", help_heading = "Method")]
    pub(super) kernel_cache: Option<PathBuf>,
}

/// Options of transport in the patient that a fast method does not run.
pub(super) struct Given {
    histories: bool,
    batches: bool,
    cutoff: bool,
}

impl DoseArguments {
    /// Leaves out what a method without transport in the patient has no use for ([`OF_TRANSPORT`](crate::job::named_method::OF_TRANSPORT)): for
    /// commands that run several methods with one line.
    pub(super) fn leave_out_transport(&mut self) {
        let has_kernels = match self.method.method {
            MethodChoice::Ldm => self.method.ldm_photons == Some(PhotonsChoice::Convolved),
            MethodChoice::Vsv | MethodChoice::Dpk | MethodChoice::Msv => true,
            MethodChoice::Mc | MethodChoice::SemiMc | MethodChoice::Mird => false,
        };
        if !has_kernels {
            self.method.kernel_histories = None;
        }
        let problem = &mut self.problem;
        match self.method.method {
            MethodChoice::Mc | MethodChoice::Mird => {}
            MethodChoice::SemiMc => problem.transport.electron_cutoff = None,
            _ => {
                (problem.histories, problem.batches) = (None, None);
                (problem.target_uncertainty, problem.target_voi) = (None, None);
                problem.engine = EngineChoice::Auto;
                self.fine = FineArguments::default();
                self.dose_to_water = false;
                self.score = Score::default();
            }
        }
    }
}

impl ProblemArguments {
    /// Which options were given that not every method has.
    pub(super) fn given(&self) -> Given {
        Given {
            histories: self.histories.is_some(),
            batches: self.batches.is_some(),
            cutoff: self.transport.electron_cutoff.is_some(),
        }
    }
}

/// Where kernels are kept by an option.
pub(super) fn cache_folder(option: Option<&PathBuf>) -> Option<PathBuf> {
    match option {
        Some(path) if path.as_os_str() == "none" => None,
        Some(path) => Some(path.clone()),
        None => cache::default_folder(),
    }
}

impl MethodArguments {
    /// Enters the method into a job.
    ///
    /// # Errors
    /// If options do not go together.
    pub(super) fn apply(&self, job: &mut Job, given: &Given) -> Result<()> {
        let photons = match self.ldm_photons.unwrap_or_default() {
            PhotonsChoice::Dropped => Photons::Dropped,
            PhotonsChoice::Local => Photons::Local,
            PhotonsChoice::Convolved => Photons::Convolved,
        };
        let by = match self.kernel_by.unwrap_or_default() {
            KernelByChoice::Target => ClassOf::Target,
            KernelByChoice::Source => ClassOf::Source,
        };
        let method = match self.method {
            MethodChoice::Ldm => Some(Method::Ldm(photons)),
            MethodChoice::Vsv | MethodChoice::Dpk => Some(Method::Vsv),
            MethodChoice::Msv => Some(Method::Msv(by)),
            MethodChoice::Mc | MethodChoice::SemiMc | MethodChoice::Mird => None,
        };
        let convolves = match method {
            Some(Method::Ldm(photons)) => photons == Photons::Convolved,
            other => other.is_some(),
        };
        let semi = self.method == MethodChoice::SemiMc;
        let refused = [
            ("--density-scaling", self.density_scaling.is_some() && method.is_none()),
            ("--ldm-photons", self.ldm_photons.is_some() && self.method != MethodChoice::Ldm),
            ("--kernel-by", self.kernel_by.is_some() && self.method != MethodChoice::Msv),
            ("--kernel-histories", self.kernel_histories.is_some() && !convolves),
            ("--kernel", self.kernel.is_some() && method != Some(Method::Vsv)),
            ("--histories", given.histories && method.is_some()),
            ("--batches", given.batches && method.is_some()),
            ("--engine gpu", method.is_some() && matches!(job.engine, EngineChoice::Gpu(_))),
            ("--electron-cutoff", given.cutoff && semi),
        ];
        if let Some((option, _)) = refused.into_iter().find(|(_, r)| *r) {
            let name =
                self.method.to_possible_value().map_or(String::new(), |v| v.get_name().into());
            return Err(Error::usage(
                format!("{option} is given with --method {name}"),
                "that method has no use for it",
                format!("Leave {option} out (voxgray dose --help, under Method)."),
            ));
        }
        job.method = match (method, self.method) {
            (Some(method), _) => DoseMethod::Fast(FastMethod {
                method,
                scaling: match self.density_scaling.unwrap_or_default() {
                    ScalingChoice::None => Scaling::None,
                    ScalingChoice::Target => Scaling::Target,
                    ScalingChoice::Source => Scaling::Source,
                },
                histories: self.kernel_histories.unwrap_or(DEFAULT_HISTORIES),
                cache: cache_folder(self.kernel_cache.as_ref()),
                kernel: self.kernel.clone(),
            }),
            (None, MethodChoice::SemiMc) => {
                job.transport.electron_cutoff_mev = SEMI_MC_CUTOFF_MEV;
                DoseMethod::SemiMonteCarlo
            }
            (None, MethodChoice::Mird) => DoseMethod::Mird,
            (None, _) => DoseMethod::MonteCarlo,
        };
        job.check()
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::job::named_method::{OF_TRANSPORT, TRANSPORTS};

    #[derive(Debug, Parser)]
    struct Line {
        #[command(flatten)]
        dose: DoseArguments,
    }

    /// The list that studies leave out, and what the command line leaves out, are one: nothing of it is left for a method without histories, all of it
    /// for the others.
    #[test]
    fn options_of_transport_are_left_out_as_they_are_listed() {
        let value = |option: &str| match option {
            "histories" | "batches" => "2000",
            "target-uncertainty" => "1%",
            "engine" => "cpu",
            "fine-parts" => "3",
            "fine-margin" => "2mm",
            "score" => "layers:x",
            _ => "liver",
        };
        let line = |method: &str, more: &[String]| {
            let base = ["dose", "--activity", "a", "--ct", "c", "--nuclide", "Lu-177", "-o", "o"];
            let all = base.into_iter().chain(["--method", method]).map(String::from);
            let mut read = Line::try_parse_from(all.chain(more.iter().cloned())).expect("a line");
            read.dose.leave_out_transport();
            format!("{:?}", read.dose)
        };
        for option in OF_TRANSPORT {
            let mut more = vec![format!("--{option}")];
            if option != "dose-to-water" {
                more.push(value(option).into());
            }
            if option.starts_with("fine-") {
                more.extend(["--fine".into(), "liver".into()]);
            }
            if option == "target-voi" {
                more.extend(["--target-uncertainty".into(), "1%".into()]);
            }
            for method in ["mc", "semi-mc", "mird", "ldm", "vsv", "dpk", "msv"] {
                let same = line(method, &more) == line(method, &[]);
                assert_eq!(same, !TRANSPORTS.contains(&method), "{method} --{option}");
            }
        }
    }
}
