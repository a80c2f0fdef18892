//! The options of transport: models, thresholds, cutoffs and steps. Help shows them where it is asked for them, not among what a clinic needs.

use clap::{ArgAction, Args, ValueEnum};

use super::values::{parse_energy, parse_fraction, shown_energy};
use crate::physics::incoherent::IncoherentModel;
use crate::transport::settings::{PhotonEstimator, Settings};

/// Under which help has them.
pub(super) const HEADING: &str = "Transport";

/// Photon estimator.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(super) enum Photons {
    /// Transport the electrons that photons set free.
    Analog,
    /// Score the energy that photons are expected to transfer: less noise; their electrons stay in place.
    Kerma,
}

/// Model of incoherent scattering.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(super) enum IncoherentChoice {
    /// NIST XCOM's total, on which mu_en rests, and Hubbell's incoherent scattering function.
    Xcom,
    /// The impulse approximation, as EGSnrc and PENELOPE have it: total (in water 1 % higher at 30 keV), angles and Doppler broadening.
    Impulse,
}

/// Leaves the switches of transport to `--help-transport`; completions and man pages have them.
fn aside(argument: clap::Arg) -> clap::Arg {
    let of_transport = argument.get_help_heading() == Some(HEADING);
    match of_transport && argument.get_id() != "help_transport" {
        true => argument.hide_short_help(true).hide_long_help(true),
        false => argument,
    }
}

/// How particles are followed.
#[derive(Debug, Args)]
#[command(mut_args(aside))]
pub struct TransportArguments {
    /// Explain the switches of transport: models of photons and electrons, thresholds, cutoffs, steps.
    #[arg(long, help_heading = HEADING, action = ArgAction::HelpLong)]
    help_transport: Option<bool>,
    /// Photon estimator.
    #[arg(long, value_name = "HOW", help_heading = HEADING, default_value = "analog")]
    pub(super) photons: Photons,
    /// Leave out coherent (Rayleigh) scattering.
    #[arg(long, help_heading = HEADING)]
    pub(super) no_rayleigh: bool,
    /// Model of incoherent (Compton) scattering on bound electrons.
    #[arg(long, value_name = "MODEL", help_heading = HEADING, default_value = "xcom")]
    pub(super) incoherent: IncoherentChoice,
    /// Compton scattering with the angles of free electrons: no binding.
    #[arg(long, help_heading = HEADING, conflicts_with = "incoherent")]
    pub(super) free_electrons: bool,
    /// Electrons without straggling of their soft losses.
    #[arg(long, help_heading = HEADING)]
    pub(super) no_straggling: bool,
    /// Follow also electrons that cannot leave their voxel.
    #[arg(long, help_heading = HEADING)]
    pub(super) no_range_rejection: bool,
    #[arg(long, value_name = "ENERGY", help_heading = HEADING, value_parser = parse_energy, help = default_energy("Electrons and positrons below this energy, such as 10keV, deposit it where they are, without bremsstrahlung; 4MeV: all of them", |s| s.electron_cutoff_mev))]
    pub(super) electron_cutoff: Option<f64>,
    #[arg(long, value_name = "ENERGY", help_heading = HEADING, value_parser = parse_energy, help = default_energy("Photons below this energy deposit it where they are", |s| s.photon_cutoff_mev))]
    pub(super) photon_cutoff: Option<f64>,
    #[arg(long, value_name = "FRACTION", help_heading = HEADING, value_parser = parse_fraction, help = default_number("Production threshold of electrons set free by electrons, as a part of the energy: those above are followed one by one, those below are a continuous loss", |s| s.lepton.threshold_fraction))]
    pub(super) production_threshold: Option<f64>,
    #[arg(long, value_name = "ENERGY", help_heading = HEADING, value_parser = parse_energy, help = default_energy("Lowest production threshold, where the part of the energy would be lower", |s| s.lepton.threshold_min_mev))]
    pub(super) production_threshold_min: Option<f64>,
    #[arg(long, value_name = "ENERGY", help_heading = HEADING, value_parser = parse_energy, help = default_energy("Highest production threshold, where the part of the energy would be higher", |s| s.lepton.threshold_max_mev))]
    pub(super) production_threshold_max: Option<f64>,
    #[arg(long, value_name = "ENERGY", help_heading = HEADING, value_parser = parse_energy, help = default_energy("Production threshold of bremsstrahlung photons", |s| s.lepton.photon_threshold_mev))]
    pub(super) bremsstrahlung_threshold: Option<f64>,
    #[arg(long, value_name = "K", help_heading = HEADING, help = default_number("Longest electron step by its scattering strength (mean 1 - cos of the deflection)", |s| s.lepton.max_strength))]
    pub(super) max_step: Option<f64>,
    #[arg(long, value_name = "FRACTION", help_heading = HEADING, value_parser = parse_fraction, help = default_number("Longest electron step by its mean energy loss, as a part of the energy", |s| s.lepton.max_loss_fraction))]
    pub(super) max_step_loss: Option<f64>,
}

impl TransportArguments {
    /// The settings that they stand for.
    pub(super) fn settings(&self, seed: u64) -> Settings {
        let mut s = Settings {
            seed,
            photons: match self.photons {
                Photons::Analog => PhotonEstimator::Analog,
                Photons::Kerma => PhotonEstimator::Kerma,
            },
            rayleigh: !self.no_rayleigh,
            incoherent: match self.incoherent {
                _ if self.free_electrons => IncoherentModel::Free,
                IncoherentChoice::Xcom => IncoherentModel::Xcom,
                IncoherentChoice::Impulse => IncoherentModel::Impulse,
            },
            straggling: !self.no_straggling,
            range_rejection: !self.no_range_rejection,
            ..Settings::default()
        };
        let choices = [
            (&mut s.electron_cutoff_mev, self.electron_cutoff),
            (&mut s.photon_cutoff_mev, self.photon_cutoff),
            (&mut s.lepton.threshold_fraction, self.production_threshold),
            (&mut s.lepton.threshold_min_mev, self.production_threshold_min),
            (&mut s.lepton.threshold_max_mev, self.production_threshold_max),
            (&mut s.lepton.photon_threshold_mev, self.bremsstrahlung_threshold),
            (&mut s.lepton.max_strength, self.max_step),
            (&mut s.lepton.max_loss_fraction, self.max_step_loss),
        ];
        for (setting, chosen) in choices {
            if let Some(value) = chosen {
                *setting = value;
            }
        }
        s
    }
}

/// A help text with the default of a setting, which stands in [`Settings`] only.
fn default_number(text: &str, of: fn(&Settings) -> f64) -> String {
    format!("{text} [default: {}]", of(&Settings::default()))
}

fn default_energy(text: &str, of: fn(&Settings) -> f64) -> String {
    format!("{text} [default: {}]", shown_energy(of(&Settings::default())))
}
