//! VOIs from several files, each on its own grid. They may overlap; their numbers run through the files in their order.

use super::{Grid, MappedVois, Voi, VoiSet};
use crate::error::{Error, Result};

/// VOIs of one or more files.
#[derive(Debug, Clone, PartialEq)]
pub struct VoiSets {
    /// Those of each file.
    sets: Vec<VoiSet>,
}

impl From<VoiSet> for VoiSets {
    fn from(set: VoiSet) -> Self {
        VoiSets { sets: vec![set] }
    }
}

impl FromIterator<VoiSet> for VoiSets {
    fn from_iter<I: IntoIterator<Item = VoiSet>>(sets: I) -> Self {
        VoiSets { sets: sets.into_iter().collect() }
    }
}

impl VoiSets {
    /// Those of each file.
    pub fn sets(&self) -> &[VoiSet] {
        &self.sets
    }

    /// All of them.
    pub fn vois(&self) -> impl Iterator<Item = &Voi> + Clone {
        self.sets.iter().flat_map(|set| &set.vois)
    }

    /// How many.
    pub fn len(&self) -> usize {
        self.sets.iter().map(|set| set.vois.len()).sum()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// A VOI by its number, from 0.
    pub fn get(&self, number: usize) -> Option<&Voi> {
        self.vois().nth(number)
    }

    /// Their names.
    pub fn names(&self) -> Vec<String> {
        self.vois().map(|v| v.name.clone()).collect()
    }

    /// Their volumes on their own grids, mL.
    pub fn volumes_ml(&self) -> Vec<f64> {
        let of = |set: &VoiSet| set.vois.iter().map(|v| set.volume_ml(v)).collect::<Vec<_>>();
        self.sets.iter().flat_map(of).collect()
    }

    /// All of them on one grid.
    ///
    /// # Errors
    /// As [`VoiSet::map_to`].
    pub fn map_to(&self, target: &Grid) -> Result<MappedVois> {
        let grid = target.clone().checked()?;
        let mut all = MappedVois { set: VoiSet { grid, vois: Vec::new() }, outside: Vec::new() };
        for set in &self.sets {
            let mapped = set.map_to(target)?;
            all.set.vois.extend(mapped.set.vois);
            all.outside.extend(mapped.outside);
        }
        Ok(all)
    }
}

/// The number of the VOI of that name or, failing that, of that label; none where there is none. `vois` are their labels and names.
///
/// # Errors
/// If several have the label (those of several files), or one has it and another has the key for its name.
pub fn find_voi<'a>(
    key: &str,
    vois: impl Iterator<Item = (u32, &'a str)> + Clone,
) -> Result<Option<usize>> {
    let named = vois.clone().position(|(_, name)| name == key);
    let label = key.parse::<u32>().ok();
    if let Some(named) = named {
        let mut others = vois.enumerate().filter(|(n, (l, _))| *n != named && Some(*l) == label);
        return match others.next() {
            None => Ok(Some(named)),
            Some((_, (_, other))) => Err(Error::usage(
                format!("'{key}' is the name of one VOI and the label of '{other}'"),
                "which of them is meant is not known",
                format!(
                    "Write '{other}' if that is meant, or name the one named {key} otherwise (--voi-names)."
                ),
            )),
        };
    }
    let Some(label) = label else { return Ok(None) };
    let of_label = |(n, (l, name)): (usize, (u32, &'a str))| (l == label).then_some((n, name));
    let found: Vec<(usize, &str)> = vois.enumerate().filter_map(of_label).collect();
    match found[..] {
        [] => Ok(None),
        [(n, _)] => Ok(Some(n)),
        _ => {
            let names: Vec<String> = found.iter().map(|(_, name)| format!("'{name}'")).collect();
            Err(Error::usage(
                format!("the VOIs {} have label {label}", names.join(" and ")),
                "they are of several files, each of which numbers its own",
                "Say which by its name.",
            ))
        }
    }
}

/// The key of a VOI's label in a table whose keys are names or labels: none where the text is the name of some VOI, which goes before.
pub fn label_key(vois: &[&Voi], voi: &Voi) -> Option<String> {
    let key = voi.label.to_string();
    vois.iter().all(|v| v.name != key).then_some(key)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn vois_of_several_grids_come_to_one() {
        let voi = |label, name: &str, voxels: &[u32]| Voi {
            label,
            name: name.into(),
            voxels: voxels.to_vec(),
        };
        // 4 voxels of 2 mm, and 8 of 1 mm over the same length.
        let coarse = Grid::aligned([4, 1, 1], [1.0, 0.0, 0.0], [2.0, 1.0, 1.0]);
        let fine = Grid::aligned([8, 1, 1], [0.5, 0.0, 0.0], [1.0; 3]);
        let sets: VoiSets = [
            VoiSet { grid: coarse, vois: vec![voi(1, "liver", &[1, 2]), voi(2, "spleen", &[3])] },
            VoiSet { grid: fine.clone(), vois: vec![voi(1, "lesion", &[3])] },
        ]
        .into_iter()
        .collect();
        let mapped = sets.map_to(&fine).unwrap();
        assert_eq!(mapped.set.vois[0].voxels, [2, 3, 4, 5]);
        assert_eq!(mapped.set.vois[2].voxels, [3]);
        assert_eq!(mapped.outside, [0; 3]);
        assert_eq!(sets.volumes_ml(), [4e-3, 2e-3, 1e-3]);
        assert_eq!(sets.get(2).unwrap().name, "lesion");
        let find = |key: &str| find_voi(key, sets.vois().map(|v| (v.label, v.name.as_str())));
        assert_eq!(find("lesion").unwrap(), Some(2));
        assert_eq!((find("2").unwrap(), find("3").unwrap()), (Some(1), None));
        let error = find("1").unwrap_err().to_string();
        assert!(error.contains("'liver' and 'lesion'"), "{error}");
    }

    #[test]
    fn a_name_that_is_a_number_goes_before_a_label() {
        let voi = |label, name: &str| Voi { label, name: name.into(), voxels: vec![] };
        let (a, b) = (voi(1, "3"), voi(3, "liver"));
        let all = [&a, &b];
        assert_eq!(label_key(&all, &a).as_deref(), Some("1"));
        assert_eq!(label_key(&all, &b), None);
        let find = |vois: &[&Voi]| find_voi("3", vois.iter().map(|v| (v.label, v.name.as_str())));
        assert_eq!(find(&all[..1]).unwrap(), Some(0));
        let error = find(&all).unwrap_err().to_string();
        assert!(error.contains("label of 'liver'"), "{error}");
    }
}
