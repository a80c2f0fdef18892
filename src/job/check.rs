//! Checks of the inputs against each other and against what can be, which the user may overrule one by one.

/// A check that `--accept` overrules.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Check {
    /// Nuclide and half-life in the header against `--nuclide`.
    Nuclide,
    /// PatientID of all images.
    Patient,
    /// FrameOfReferenceUID of all images.
    Frame,
    /// Activity of the image against the administered activity in its header.
    Injected,
    /// NumberOfSlices against the slices that are there.
    Slices,
    /// The CT's values as HU.
    Ct,
    /// Voxel sizes.
    VoxelSize,
    /// Activity in voxels of air.
    Air,
    /// The unit of the activity, where its amount is none of a patient.
    Unit,
    /// VOIs that are small against the dose voxels.
    SmallVoi,
}

impl Check {
    /// All checks.
    pub const ALL: [Check; 10] = [
        Check::Nuclide,
        Check::Patient,
        Check::Frame,
        Check::Injected,
        Check::Slices,
        Check::Ct,
        Check::VoxelSize,
        Check::Air,
        Check::Unit,
        Check::SmallVoi,
    ];

    /// What the user calls it.
    pub fn name(self) -> &'static str {
        match self {
            Check::Nuclide => "nuclide",
            Check::Patient => "patient",
            Check::Frame => "frame",
            Check::Injected => "injected",
            Check::Slices => "slices",
            Check::Ct => "ct",
            Check::VoxelSize => "voxel-size",
            Check::Air => "air",
            Check::Unit => "unit",
            Check::SmallVoi => "small-voi",
        }
    }

    /// What accepting it says.
    pub fn meaning(self) -> &'static str {
        match self {
            Check::Nuclide => {
                "the image is of another nuclide than --nuclide (Tc-99m MAA for Y-90, I-124 for I-131, Ga-68 for Lu-177)"
            }
            Check::Patient => "the images carry different PatientIDs",
            Check::Frame => {
                "images of different frames of reference are registered to each other all the same"
            }
            Check::Injected => {
                "the image holds more activity than its header says was administered"
            }
            Check::Slices => "the series has fewer slices than its header says",
            Check::Ct => "the values of --ct are HU though they do not look so",
            Check::VoxelSize => "voxels are as small or as large as they are",
            Check::Air => "activity lies in air",
            Check::Unit => {
                "the amount of activity is meant, though no patient gets so much or so little"
            }
            Check::SmallVoi => "VOIs are scored by few voxels",
        }
    }
}

impl std::str::FromStr for Check {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wanted = text.trim().to_ascii_lowercase();
        Check::ALL.into_iter().find(|c| c.name() == wanted).ok_or_else(|| {
            format!("must be one or more of {}", Check::ALL.map(Check::name).join(", "))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_back() {
        for check in Check::ALL {
            assert_eq!(check.name().parse(), Ok(check));
        }
        assert!("all".parse::<Check>().unwrap_err().contains("nuclide, patient"));
    }
}
