//! What nuclide data consist of, whichever evaluation they come from: lines, branches, records. Types of radiation have ICRP-107's codes.

use super::beta_shape::BetaBranch;

/// Type of radiation, by the codes of ICRP Publication 107 (table of radiation types).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RadiationCode {
    /// Gamma ray (the source merges prompt and delayed gamma rays, PG and DG, under G).
    G,
    /// Prompt gamma ray of spontaneous fission.
    PG,
    /// Delayed gamma ray of spontaneous fission.
    DG,
    /// X ray.
    X,
    /// Annihilation quantum.
    AQ,
    /// Beta-plus branch, by its mean energy.
    BPlus,
    /// Beta-minus branch, by its mean energy.
    BMinus,
    /// Delayed beta particle of spontaneous fission.
    BD,
    /// Internal conversion electron.
    IE,
    /// Auger or Coster-Kronig electron.
    AE,
    /// Alpha particle.
    A,
    /// Recoil nucleus of an alpha decay.
    AR,
    /// Fission fragment.
    FF,
    /// Neutron.
    N,
}

impl RadiationCode {
    /// The code as ICRP-107 prints it.
    pub fn as_str(self) -> &'static str {
        use RadiationCode::*;
        match self {
            G => "G",
            PG => "PG",
            DG => "DG",
            X => "X",
            AQ => "AQ",
            BPlus => "B+",
            BMinus => "B-",
            BD => "BD",
            IE => "IE",
            AE => "AE",
            A => "A",
            AR => "AR",
            FF => "FF",
            N => "N",
        }
    }

    /// The code of the printed text, if it is one of ICRP-107's.
    pub fn from_code(text: &str) -> Option<Self> {
        use RadiationCode::*;
        [G, PG, DG, X, AQ, BPlus, BMinus, BD, IE, AE, A, AR, FF, N]
            .into_iter()
            .find(|code| code.as_str() == text)
    }
}

/// One emission: energy in MeV, mean number per decay and type.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Line {
    /// Energy, MeV (of a beta branch: its mean energy).
    pub energy_mev: f64,
    /// Mean number emitted per decay.
    pub yield_per_decay: f64,
    /// Type of radiation.
    pub code: RadiationCode,
}

/// One branch of a decay.
#[derive(Debug, Clone, PartialEq)]
pub struct Branch {
    /// Daughter, stable or not ("SF": spontaneous fission).
    pub progeny: String,
    /// Fraction of decays that take this branch.
    pub fraction: f64,
    /// Decay mode, for example `beta-`, `EC`, `alpha`, `IT`.
    pub mode: String,
}

/// How a record gives the spectrum of its beta particles.
#[derive(Debug, Clone, Default)]
pub(super) enum Betas {
    /// It emits none.
    #[default]
    None,
    /// Points (MeV, 1/MeV per decay) of one spectrum; the branches stand among the lines, by mean energy.
    #[cfg(feature = "icrp107")]
    Points(Vec<(f64, f64)>),
    /// Branches, whose spectra are computed.
    Branches(Vec<BetaBranch>),
    /// A user's spectrum: density (1/MeV per decay), linear between energies (MeV).
    Density(Vec<(f64, f64)>),
}

/// What is known of a decay's energy, MeV per decay.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Available {
    /// Q values by branch, with the level of an isomer.
    pub q_mev: f64,
    /// Neutrinos of electron captures.
    pub capture_neutrino_mev: f64,
}

/// Everything that the tables hold of one nuclide.
#[derive(Debug, Clone, Default)]
pub(super) struct Record {
    pub name: String,
    pub z: u32,
    pub a: u32,
    pub level_mev: f64,
    pub half_life_s: f64,
    pub half_life: String,
    pub lines: Vec<Line>,
    /// Those of the lines that the evaluation does not list.
    pub completed: Vec<Line>,
    pub beta_minus: Betas,
    pub beta_plus: Betas,
    pub branches: Vec<Branch>,
    pub available: Option<Available>,
    /// What the data lack, in words; empty where nothing is known to be missing.
    pub missing: String,
    /// Mean energies of all beta particles of a sign that a user states, MeV.
    pub mean_beta_minus_mev: Option<f64>,
    pub mean_beta_plus_mev: Option<f64>,
    /// True where a user's file gave the progeny.
    pub own_progeny: bool,
    /// What a user's file gave, in words with its source; empty of the library's own.
    pub own: String,
}
