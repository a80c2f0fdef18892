//! Which evaluation the nuclides of a run come from. A process has one: it is chosen before the first nuclide is looked up and stays.

use std::collections::HashMap;
use std::sync::{LazyLock, OnceLock};

use super::emission::Record;
use super::ensdf;
#[cfg(feature = "icrp107")]
use super::icrp107;
use super::own_nuclides::OwnNuclides;
use crate::{Error, Result};

/// An evaluation of nuclear decay data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum NuclideData {
    /// ENSDF, National Nuclear Data Center: all nuclides, free to use.
    Ensdf,
    /// ICRP Publication 107: educational, research and not-for-profit use. Only in a program that was built with the feature `icrp107`.
    Icrp107,
}

/// The one that is taken where none is chosen.
pub const DEFAULT: NuclideData = NuclideData::Ensdf;

static CHOSEN: OnceLock<NuclideData> = OnceLock::new();

impl NuclideData {
    /// All that there are; a build may lack one ([`NuclideData::is_here`]).
    pub const ALL: [NuclideData; 2] = [NuclideData::Ensdf, NuclideData::Icrp107];

    /// True if this program was built with it.
    pub fn is_here(self) -> bool {
        match self {
            NuclideData::Ensdf => true,
            NuclideData::Icrp107 => cfg!(feature = "icrp107"),
        }
    }

    /// Those that this program was built with.
    pub fn here() -> impl Iterator<Item = NuclideData> {
        Self::ALL.into_iter().filter(|d| d.is_here())
    }

    /// Refuses one that this program was built without.
    ///
    /// # Errors
    /// If it was.
    pub fn need(self) -> Result<()> {
        if self.is_here() { Ok(()) } else { Err(self.absence()) }
    }

    /// What is said where it is not here.
    fn absence(self) -> Error {
        Error::usage(
            format!("this program has no nuclide data {}", self.name()),
            "it was built without them: their licence allows educational, research and not-for-profit use only, and binds who passes the program on",
            format!(
                "Where these terms suit you, build it with --features {} (cargo install --path . --features {}); else take {}.",
                self.name(),
                self.name(),
                DEFAULT.name()
            ),
        )
    }

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
            #[cfg(feature = "icrp107")]
            NuclideData::Icrp107 => icrp107::ICRP107_NOTICE,
            #[cfg(not(feature = "icrp107"))]
            NuclideData::Icrp107 => "",
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
    /// If this program lacks it, or another was chosen, or a nuclide was looked up in another, before.
    pub fn choose(self) -> Result<()> {
        self.need()?;
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

    /// Every name it has, those of one's own file last ([`super::own_nuclides`]).
    pub fn names(self) -> &'static [&'static str] {
        self.own().map_or_else(|| self.library_names(), |own| &own.names)
    }

    /// The record of an exact name: one's own before that of the library.
    pub(super) fn record(self, name: &str) -> Option<&'static Record> {
        self.own().and_then(|own| own.record(name)).or_else(|| self.library_record(name))
    }

    /// Names by spelling: lower-case letters and digits.
    pub(super) fn spellings(self) -> &'static HashMap<String, &'static str> {
        static OF_ENSDF: LazyLock<HashMap<String, &'static str>> =
            LazyLock::new(|| super::nuclide_name::spellings(NuclideData::Ensdf.library_names()));
        static OF_ICRP107: LazyLock<HashMap<String, &'static str>> =
            LazyLock::new(|| super::nuclide_name::spellings(NuclideData::Icrp107.library_names()));
        match (self.own(), self) {
            (Some(own), _) => &own.spellings,
            (None, NuclideData::Ensdf) => &OF_ENSDF,
            (None, NuclideData::Icrp107) => &OF_ICRP107,
        }
    }

    /// One's own nuclides, which stand before those of the chosen evaluation.
    fn own(self) -> Option<&'static OwnNuclides> {
        OwnNuclides::chosen().filter(|own| own.data == self)
    }

    /// Names without one's own.
    pub(super) fn library_names(self) -> &'static [&'static str] {
        match self {
            NuclideData::Ensdf => ensdf::names(),
            #[cfg(feature = "icrp107")]
            NuclideData::Icrp107 => icrp107::names(),
            #[cfg(not(feature = "icrp107"))]
            NuclideData::Icrp107 => &[],
        }
    }

    /// A record without one's own.
    pub(super) fn library_record(self, name: &str) -> Option<&'static Record> {
        match self {
            NuclideData::Ensdf => ensdf::record(name),
            #[cfg(feature = "icrp107")]
            NuclideData::Icrp107 => icrp107::record(name),
            #[cfg(not(feature = "icrp107"))]
            NuclideData::Icrp107 => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_here_is_refused_with_its_licence() {
        assert!(NuclideData::Ensdf.need().is_ok());
        let text = NuclideData::Icrp107.absence().to_string();
        for word in ["icrp107", "not-for-profit", "-features icrp107", "ensdf"] {
            assert!(text.contains(word), "{text}");
        }
        assert_eq!(NuclideData::Icrp107.need().is_ok(), NuclideData::Icrp107.is_here());
        assert_eq!(NuclideData::Icrp107.names().is_empty(), !NuclideData::Icrp107.is_here());
    }
}
