//! Regions with partial voxels: named sets of voxels with the share of each voxel that lies inside, from contours, segmentations or formulas. They may
//! overlap. Neglects where in a voxel its share lies: two regions that fill half of the same voxel may or may not share it.
//!
//! Volumes, means and dose-volume histograms use the shares. Transport scores whole voxels ([`super::VoiSet`]); [`RegionSet::whole`] rounds and says
//! what that does to each volume.

use super::{Grid, Voi, VoiSet};
use crate::error::{Error, Result};

/// A voxel belongs to the whole-voxel form of a region from this share on.
pub const WHOLE_FROM: f32 = 0.5;

/// A named set of voxels, each with the share of it that lies inside.
#[derive(Debug, Clone, PartialEq)]
pub struct Region {
    /// Its number in the file it came from (label, ROI number, segment number).
    pub label: u32,
    /// Its name.
    pub name: String,
    /// Where it came from, for reports: a file's kind and name, or how it was made.
    pub origin: String,
    /// Its display colour, RGB, where the file has one.
    pub colour: Option<[u8; 3]>,
    /// Linear indices of its voxels, ascending, each once.
    pub voxels: Vec<u32>,
    /// Share of each voxel that lies inside, above 0 to 1; as many as voxels.
    pub shares: Vec<f32>,
}

/// Regions on one grid.
#[derive(Debug, Clone, PartialEq)]
pub struct RegionSet {
    /// The grid that `Region::voxels` index.
    pub grid: Grid,
    /// The regions.
    pub regions: Vec<Region>,
}

/// What rounding to whole voxels did to a region.
#[derive(Debug, Clone, PartialEq)]
pub struct Rounded {
    /// Its name.
    pub name: String,
    /// Volume with shares, mL.
    pub exact_ml: f64,
    /// Volume of the whole voxels, mL.
    pub whole_ml: f64,
}

impl Region {
    /// Of the share of each voxel of a grid that lies inside; 0 outside of it.
    pub fn from_shares(label: u32, name: &str, origin: &str, shares: &[f32]) -> Self {
        let inside = shares.iter().enumerate().filter(|(_, s)| **s != 0.0);
        let (voxels, shares) = inside.map(|(n, s)| (n as u32, *s)).unzip();
        Region { label, name: name.into(), origin: origin.into(), colour: None, voxels, shares }
    }

    /// Sum of the shares: its volume in voxels.
    pub fn voxel_sum(&self) -> f64 {
        self.shares.iter().map(|s| f64::from(*s)).sum()
    }

    /// Its voxels with their shares.
    pub fn iter(&self) -> impl Iterator<Item = (usize, f64)> + '_ {
        self.voxels.iter().zip(&self.shares).map(|(v, s)| (*v as usize, f64::from(*s)))
    }
}

impl RegionSet {
    /// Checks what every user of the set relies on.
    ///
    /// # Errors
    /// If the grid is unusable, a voxel is not of the grid or not ascending, or a share is not in (0, 1].
    pub fn checked(self) -> Result<Self> {
        self.grid.clone().checked()?;
        for region in &self.regions {
            let wrong = |what: String| {
                let why = "voxels of a region are indices of its grid, ascending, each with its share from 0 to 1";
                Err(Error::input(format!("region '{}': {what}", region.name), why, "Correct it."))
            };
            if region.voxels.len() != region.shares.len() {
                return wrong(format!(
                    "{} voxels, {} shares",
                    region.voxels.len(),
                    region.shares.len()
                ));
            }
            if let Some(v) = region.voxels.last().filter(|v| **v as usize >= self.grid.len()) {
                return wrong(format!("voxel {v} of {}", self.grid.len()));
            }
            if region.voxels.windows(2).any(|pair| pair[0] >= pair[1]) {
                return wrong("voxels are not ascending".into());
            }
            if let Some(share) = region.shares.iter().find(|s| !(**s > 0.0 && **s <= 1.0)) {
                return wrong(format!("a share of {share}"));
            }
        }
        Ok(self)
    }

    /// Volume of a region of this set, mL.
    pub fn volume_ml(&self, region: &Region) -> f64 {
        // Of no voxel it is 0, not -0.
        region.voxel_sum() * self.grid.voxel_volume_mm3() / 1000.0 + 0.0
    }

    /// Whole-voxel VOIs: a voxel belongs to a region that holds at least half of it ([`WHOLE_FROM`]). A region that is smaller than that everywhere
    /// keeps the voxel of which it holds most, so that it is not lost.
    pub fn whole(&self) -> (VoiSet, Vec<Rounded>) {
        let mut rounded = Vec::new();
        let mut vois = Vec::new();
        for region in &self.regions {
            let pairs = || region.voxels.iter().zip(&region.shares);
            let mut voxels: Vec<u32> =
                pairs().filter(|(_, s)| **s >= WHOLE_FROM).map(|(v, _)| *v).collect();
            if voxels.is_empty() {
                // The first of equal shares, so that the choice does not hang on an iterator's habit.
                let most = pairs().fold(None, |best: Option<(u32, f32)>, (v, s)| match best {
                    Some((_, share)) if share >= *s => best,
                    _ => Some((*v, *s)),
                });
                voxels.extend(most.map(|(v, _)| v));
            }
            let voi = Voi { label: region.label, name: region.name.clone(), voxels };
            let whole_ml = voi.voxels.len() as f64 * self.grid.voxel_volume_mm3() / 1000.0;
            let exact_ml = self.volume_ml(region);
            rounded.push(Rounded { name: region.name.clone(), exact_ml, whole_ml });
            vois.push(voi);
        }
        (VoiSet { grid: self.grid.clone(), vois }, rounded)
    }
}

impl From<&VoiSet> for RegionSet {
    /// Whole voxels as regions whose shares are all 1.
    fn from(set: &VoiSet) -> Self {
        let region = |voi: &Voi| Region {
            label: voi.label,
            name: voi.name.clone(),
            origin: "label map".into(),
            colour: None,
            voxels: voi.voxels.clone(),
            shares: vec![1.0; voi.voxels.len()],
        };
        RegionSet { grid: set.grid.clone(), regions: set.vois.iter().map(region).collect() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn region(name: &str, pairs: &[(u32, f32)]) -> Region {
        Region {
            label: 1,
            name: name.into(),
            origin: "test".into(),
            colour: None,
            voxels: pairs.iter().map(|p| p.0).collect(),
            shares: pairs.iter().map(|p| p.1).collect(),
        }
    }

    fn set(regions: Vec<Region>) -> RegionSet {
        RegionSet { grid: Grid::aligned([4, 4, 4], [0.0; 3], [10.0; 3]), regions }
    }

    #[test]
    fn shares_make_the_volume_and_halves_the_whole_voxels() {
        let sliver = region("sliver", &[(5, 0.2), (6, 0.3), (9, 0.3)]);
        let set = set(vec![region("lesion", &[(0, 1.0), (1, 0.5), (2, 0.25)]), sliver]);
        let set = set.checked().expect("sound");
        assert!((set.volume_ml(&set.regions[0]) - 1.75).abs() < 1e-6);
        let (whole, rounded) = set.whole();
        assert_eq!(whole.vois[0].voxels, [0, 1]);
        assert_eq!(whole.vois[1].voxels, [6], "the first of its largest shares");
        assert!((rounded[0].exact_ml - 1.75).abs() < 1e-6 && rounded[0].whole_ml == 2.0);
        assert!((rounded[1].exact_ml - 0.8).abs() < 1e-6 && rounded[1].whole_ml == 1.0);
        let back = RegionSet::from(&whole).checked().expect("sound");
        assert_eq!(back.regions[0].shares, [1.0, 1.0]);
        assert_eq!(back.whole().0, whole);
    }

    #[test]
    fn unsound_regions_are_refused() {
        for (pairs, said) in [
            (&[(64, 1.0)][..], "voxel 64 of 64"),
            (&[(3, 1.0), (3, 1.0)][..], "not ascending"),
            (&[(3, 0.0)][..], "share of 0"),
            (&[(3, 1.5)][..], "share of 1.5"),
            (&[(3, f32::NAN)][..], "share of NaN"),
        ] {
            let refused = set(vec![region("r", pairs)]).checked().expect_err(said);
            assert!(refused.to_string().contains(said), "{refused}");
        }
    }
}
