//! Which evaluation the nuclides of a run come from. A process has one: it is chosen before the first nuclide is looked up and stays.

use std::collections::HashMap;
use std::sync::{LazyLock, OnceLock};

use super::emission::Record;
use super::{ensdf, icrp107};
use crate::{Error, Result};

/// An evaluation of nuclear decay data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum NuclideData {
    /// ENSDF, National Nuclear Data Center: all nuclides, free to use.
    Ensdf,
    /// ICRP Publication 107: educational, research and not-for-profit use.
    Icrp107,
}

/// The one that is taken where none is chosen.
pub const DEFAULT: NuclideData = NuclideData::Icrp107;

static CHOSEN: OnceLock<NuclideData> = OnceLock::new();

impl NuclideData {
    /// All that this build has.
    pub const ALL: [NuclideData; 2] = [NuclideData::Ensdf, NuclideData::Icrp107];

    /// The word of the option and of the summary.
    pub fn name(self) -> &'static str {
        match self {
            NuclideData::Ensdf => "ensdf",
            NuclideData::Icrp107 => "icrp107",
        }
    }

    /// Title, for a reader.
    pub fn title(self) -> &'static str {
        match self {
            NuclideData::Ensdf => {
                "ENSDF (National Nuclear Data Center, Brookhaven); beta spectra computed"
            }
            NuclideData::Icrp107 => {
                "ICRP Publication 107, Nuclear Decay Data for Dosimetric Calculations"
            }
        }
    }

    /// The notice that must accompany copies of the data.
    pub fn notice(self) -> &'static str {
        match self {
            NuclideData::Ensdf => ensdf::ENSDF_NOTICE,
            NuclideData::Icrp107 => icrp107::ICRP107_NOTICE,
        }
    }

    /// The one of a name.
    ///
    /// # Errors
    /// If there is none.
    pub fn from_name(name: &str) -> Result<Self> {
        let found = Self::ALL.into_iter().find(|d| d.name().eq_ignore_ascii_case(name.trim()));
        found.ok_or_else(|| {
            Error::usage(
                format!("--nuclide-data is '{name}'"),
                "nuclide data are ensdf or icrp107",
                "Take one of them.",
            )
        })
    }

    /// The one of this process.
    pub fn chosen() -> Self {
        *CHOSEN.get_or_init(|| DEFAULT)
    }

    /// Sets it for this process.
    ///
    /// # Errors
    /// If another was chosen, or a nuclide was looked up in another, before.
    pub fn choose(self) -> Result<()> {
        let chosen = *CHOSEN.get_or_init(|| self);
        if chosen == self {
            return Ok(());
        }
        Err(Error::usage(
            format!("nuclide data are to be {} after {}", self.name(), chosen.name()),
            "a run has one evaluation",
            "Choose before a nuclide is looked up.",
        ))
    }

    /// Every name it has.
    pub fn names(self) -> &'static [&'static str] {
        static OF_ICRP107: LazyLock<Vec<&'static str>> =
            LazyLock::new(|| icrp107::records().iter().map(|r| r.name.as_str()).collect());
        match self {
            NuclideData::Ensdf => ensdf::names(),
            NuclideData::Icrp107 => &OF_ICRP107,
        }
    }

    /// The record of an exact name.
    pub(super) fn record(self, name: &str) -> Option<&'static Record> {
        match self {
            NuclideData::Ensdf => ensdf::record(name),
            NuclideData::Icrp107 => icrp107::record(name),
        }
    }

    /// Names by spelling: lower-case letters and digits.
    pub(super) fn spellings(self) -> &'static HashMap<String, &'static str> {
        static OF_ENSDF: LazyLock<HashMap<String, &'static str>> =
            LazyLock::new(|| super::nuclide_name::spellings(NuclideData::Ensdf.names()));
        static OF_ICRP107: LazyLock<HashMap<String, &'static str>> =
            LazyLock::new(|| super::nuclide_name::spellings(NuclideData::Icrp107.names()));
        match self {
            NuclideData::Ensdf => &OF_ENSDF,
            NuclideData::Icrp107 => &OF_ICRP107,
        }
    }
}
