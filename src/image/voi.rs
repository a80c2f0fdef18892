//! Volumes of interest: named sets of voxels, moved between grids through the affines, never by
//! index.

use std::collections::BTreeMap;

use rayon::prelude::*;

use super::{Grid, Volume};
use crate::error::{Error, Result};

/// A named set of voxels.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Voi {
    /// Its label in the map it came from.
    pub label: u32,
    /// Its name; `label N` where none is known.
    pub name: String,
    /// Linear indices of its voxels, ascending.
    pub voxels: Vec<u32>,
}

/// VOIs on one grid. They may overlap.
#[derive(Debug, Clone, PartialEq)]
pub struct VoiSet {
    /// The grid that `Voi::voxels` index.
    pub grid: Grid,
    /// The VOIs, by label if they came from a label map.
    pub vois: Vec<Voi>,
}

/// VOIs on another grid and what the move did to them.
#[derive(Debug, Clone, PartialEq)]
pub struct MappedVois {
    /// The VOIs, in the same order; one may be empty.
    pub set: VoiSet,
    /// For each VOI the voxels of the *source* whose centre is outside the new grid.
    pub outside: Vec<usize>,
}

impl VoiSet {
    /// One VOI per label other than 0 (background) in a label map, named from `names` where it has
    /// the label. A named label without voxels gives an empty VOI, so that it is not missed unseen.
    ///
    /// # Errors
    /// If a value is not a whole number from 0 to 2^24, where `f32` stops counting.
    pub fn from_labels(labels: &Volume<f32>, names: &BTreeMap<u32, String>) -> Result<VoiSet> {
        let grid = labels.checked()?.clone();
        let mut found: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
        let mut current = (0, Vec::new());
        for (n, &value) in labels.data.iter().enumerate() {
            if value == 0.0 {
                continue;
            }
            if !(0.0..=16_777_216.0).contains(&value) || value.fract() != 0.0 {
                return Err(Error::input(
                    format!("voxel {:?} of the label map is {value}", grid.unlinear(n)),
                    "labels are whole numbers from 0 to 16777216",
                    "Check that this is a label map, not interpolated and not an image.",
                ));
            }
            // Runs of one label are long; the map is looked up once per run.
            let label = value as u32;
            if label != current.0 {
                found.entry(current.0).or_default().append(&mut current.1);
                current.0 = label;
            }
            current.1.push(n as u32);
        }
        found.entry(current.0).or_default().append(&mut current.1);
        for &label in names.keys() {
            found.entry(label).or_default();
        }
        found.remove(&0);
        let name =
            |label: u32| names.get(&label).cloned().unwrap_or_else(|| format!("label {label}"));
        let vois = found
            .into_iter()
            .map(|(label, voxels)| Voi { label, name: name(label), voxels })
            .collect();
        Ok(VoiSet { grid, vois })
    }

    /// Volume of a VOI of this set, mL.
    pub fn volume_ml(&self, voi: &Voi) -> f64 {
        voi.voxels.len() as f64 * self.grid.voxel_volume_mm3() / 1000.0
    }

    /// The VOI of that name or, failing that, of that label.
    pub fn find(&self, name_or_label: &str) -> Option<&Voi> {
        let label: Option<u32> = name_or_label.parse().ok();
        let by_name = self.vois.iter().find(|v| v.name == name_or_label);
        by_name.or_else(|| self.vois.iter().find(|v| Some(v.label) == label))
    }

    /// The same regions on another grid: a target voxel belongs to a VOI if its centre lies in one
    /// of its voxels.
    ///
    /// Volumes change by the voxels' size; a small VOI may vanish on a coarse grid. Compare
    /// `volume_ml` before and after.
    ///
    /// # Errors
    /// If either grid is unusable.
    pub fn map_to(&self, target: &Grid) -> Result<MappedVois> {
        let target = target.clone().checked()?;
        self.grid.clone().checked()?;
        if self.grid == target {
            return Ok(MappedVois { set: self.clone(), outside: vec![0; self.vois.len()] });
        }
        let mapped: Vec<(Voi, usize)> =
            self.vois.par_iter().map(|voi| self.map_one(voi, &target)).collect::<Result<_>>()?;
        let (vois, outside) = mapped.into_iter().unzip();
        Ok(MappedVois { set: VoiSet { grid: target, vois }, outside })
    }

    fn map_one(&self, voi: &Voi, target: &Grid) -> Result<(Voi, usize)> {
        let moved = |voxels| Voi { label: voi.label, name: voi.name.clone(), voxels };
        let centre = |grid: &Grid, n: usize| grid.to_mm(grid.unlinear(n).map(|i| i as f64));
        let Some([low, high]) = self.grid.bounds(&voi.voxels) else {
            return Ok((moved(Vec::new()), 0));
        };
        let mut outside = 0;
        for &n in &voi.voxels {
            outside += usize::from(!target.contains(centre(&self.grid, n as usize))?);
        }
        // The VOI's own box as a mask, and the target voxels that its corners enclose.
        let axes_mm = self.grid.axes_mm;
        let origin_mm = self.grid.to_mm(low.map(|i| i as f64));
        let part = Grid { dims: [0, 1, 2].map(|a| high[a] - low[a] + 1), origin_mm, axes_mm };
        let mut mask = vec![false; part.len()];
        for &n in &voi.voxels {
            let voxel = self.grid.unlinear(n as usize);
            mask[part.linear([0, 1, 2].map(|a| voxel[a] - low[a]))] = true;
        }
        let (mut first, mut last) = ([f64::INFINITY; 3], [f64::NEG_INFINITY; 3]);
        for corner in part.corners_mm() {
            let index = target.to_index(corner)?;
            for a in 0..3 {
                first[a] = first[a].min(index[a].floor());
                last[a] = last[a].max(index[a].ceil());
            }
        }
        // Float to integer casts saturate, so a box beside the grid gives an empty range.
        let range = |a: usize| {
            first[a].max(0.0) as usize..((last[a] + 1.0).max(0.0) as usize).min(target.dims[a])
        };
        let mut voxels = Vec::new();
        for k in range(2) {
            for j in range(1) {
                for i in range(0) {
                    let n = target.linear([i, j, k]);
                    if let Some(voxel) = part.voxel_at(centre(target, n))?
                        && mask[part.linear(voxel)]
                    {
                        voxels.push(n as u32);
                    }
                }
            }
        }
        Ok((moved(voxels), outside))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels() -> Volume<f32> {
        let grid = Grid::aligned([4, 3, 2], [0.0; 3], [2.0, 2.0, 5.0]);
        let mut data = vec![0.0; 24];
        for n in [0, 1, 4, 5, 12, 13, 16, 17] {
            data[n] = 3.0;
        }
        data[11] = 1.0;
        Volume::new(grid, data).expect("24")
    }

    #[test]
    fn labels_become_named_regions() {
        let names = BTreeMap::from([(3, "liver".to_string()), (4, "spleen".to_string())]);
        let set = VoiSet::from_labels(&labels(), &names).expect("labels");
        assert_eq!(set.vois.len(), 3);
        assert!(set.find("spleen").expect("named").voxels.is_empty());
        let liver = set.find("liver").expect("liver");
        assert_eq!(liver.voxels, [0, 1, 4, 5, 12, 13, 16, 17]);
        assert!((set.volume_ml(liver) - 8.0 * 0.02).abs() < 1e-12);
        assert_eq!(set.find("1").expect("label 1").name, "label 1");
    }

    #[test]
    fn regions_move_through_the_affine() {
        let set = VoiSet::from_labels(&labels(), &BTreeMap::new()).expect("labels");
        // Finer, turned by a quarter, with its own origin: the volume is the same.
        let fine = Grid {
            dims: [12, 16, 20],
            origin_mm: [7.0 - 0.25, -1.0 + 0.25, -2.25],
            axes_mm: [[0.0, 0.5, 0.0], [-0.5, 0.0, 0.0], [0.0, 0.0, 0.5]],
        };
        let mapped = set.map_to(&fine).expect("map");
        assert_eq!(mapped.outside, [0, 0]);
        for (before, after) in set.vois.iter().zip(&mapped.set.vois) {
            assert!(
                (set.volume_ml(before) - mapped.set.volume_ml(after)).abs() < 1e-12,
                "{}",
                after.name
            );
        }
        // Onto the upper slice only, half of label 3 is outside.
        let upper = Grid::aligned([4, 3, 1], [0.0, 0.0, 5.0], [2.0, 2.0, 5.0]);
        let mapped = set.map_to(&upper).expect("map");
        assert_eq!(mapped.outside, [1, 4]);
        assert_eq!(mapped.set.vois[1].voxels, [0, 1, 4, 5]);
        let away = Grid::aligned([4, 3, 1], [900.0; 3], [2.0, 2.0, 5.0]);
        assert!(set.map_to(&away).expect("map").set.vois.iter().all(|v| v.voxels.is_empty()));
    }

    #[test]
    fn what_is_not_a_label_is_refused() {
        for bad in [0.5, -1.0, f32::NAN, 3e7] {
            let mut map = labels();
            map.data[7] = bad;
            let error = VoiSet::from_labels(&map, &BTreeMap::new()).expect_err("not a label");
            assert!(error.to_string().contains("[3, 1, 0]"), "{error}");
        }
    }
}
