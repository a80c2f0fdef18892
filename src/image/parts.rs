//! Parts of VOIs that may overlap: all voxels that lie in the same VOIs are one part. Neglects nothing: parts share no voxel, so that what is scored
//! once per part, as an integer, gives every VOI exactly, as the sum of its parts.
//!
//! Part 0 lies in no VOI; VOI `n` alone (from 0) is part `n + 1`, also where it has no voxel of its own; the overlaps follow. So VOIs that share no
//! voxel are their own parts.

use std::collections::BTreeMap;
use std::ops::AddAssign;

use serde::{Deserialize, Serialize};

use super::VoiSet;
use crate::error::{Error, Result};

/// Which VOIs each part lies in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Overlaps", into = "Overlaps")]
pub struct Parts {
    /// How many VOIs there are.
    vois: usize,
    /// VOIs of each part, ascending.
    members: Vec<Vec<usize>>,
}

/// As it is written.
#[derive(Serialize, Deserialize)]
struct Overlaps {
    vois: usize,
    overlaps: Vec<Vec<usize>>,
}

impl From<Parts> for Overlaps {
    fn from(parts: Parts) -> Self {
        Overlaps { vois: parts.vois, overlaps: parts.overlaps().to_vec() }
    }
}

impl TryFrom<Overlaps> for Parts {
    type Error = String;

    fn try_from(written: Overlaps) -> std::result::Result<Self, String> {
        let Overlaps { vois, overlaps } = written;
        let most = usize::from(u16::MAX);
        if vois > most || overlaps.len() > most - vois {
            return Err(format!("{vois} VOIs with {} overlaps", overlaps.len()));
        }
        let sound = |of: &Vec<usize>| {
            of.len() > 1 && of.is_sorted_by(|a, b| a < b) && of.iter().all(|n| *n < vois)
        };
        if let Some(bad) = overlaps.iter().find(|of| !sound(of)) {
            return Err(format!("an overlap of the VOIs {bad:?} of {vois}"));
        }
        let mut parts = Parts::alone(vois);
        parts.members.extend(overlaps);
        Ok(parts)
    }
}

impl Default for Parts {
    /// Of no VOIs.
    fn default() -> Self {
        Parts::alone(0)
    }
}

impl Parts {
    /// Of so many VOIs that share no voxel.
    pub fn alone(vois: usize) -> Self {
        let alone = (0..vois).map(|n| vec![n]);
        Parts { vois, members: std::iter::once(Vec::new()).chain(alone).collect() }
    }

    /// How many VOIs there are.
    pub fn vois(&self) -> usize {
        self.vois
    }

    /// How many parts there are, without part 0.
    pub fn count(&self) -> usize {
        self.members.len() - 1
    }

    /// The sets of VOIs that share a voxel.
    pub fn overlaps(&self) -> &[Vec<usize>] {
        &self.members[self.vois + 1..]
    }

    /// Whether any voxel lies in two VOIs.
    pub fn overlap(&self) -> bool {
        !self.overlaps().is_empty()
    }

    /// The VOIs of a part.
    pub fn vois_of(&self, part: u16) -> &[usize] {
        self.members.get(usize::from(part)).map_or(&[], Vec::as_slice)
    }

    /// The parts of a VOI.
    pub fn of_voi(&self, voi: usize) -> Vec<usize> {
        let first = self.vois + 1;
        let overlaps = (first..self.members.len()).filter(|p| self.members[*p].contains(&voi));
        std::iter::once(voi + 1).chain(overlaps).collect()
    }

    /// Sums of VOIs from what each part has; those of parts that are left out count as nothing.
    pub fn sums<T: Copy + Default + AddAssign>(&self, of_parts: &[T]) -> Vec<T> {
        let mut sums = vec![T::default(); self.vois];
        for (members, value) in self.members.iter().zip(of_parts) {
            members.iter().for_each(|n| sums[*n] += *value);
        }
        sums
    }

    /// Which VOI decides for each part where one must: the smallest of its VOIs (of equal ones the last) that `may`, as 1 for the first VOI; 0 where
    /// there is none. `sizes` are those of the VOIs, in any unit.
    pub fn smallest(&self, sizes: &[f64], may: impl Fn(usize) -> bool) -> Vec<u16> {
        let size = |n: usize| sizes.get(n).copied().unwrap_or(f64::INFINITY);
        let of_part = |members: &Vec<usize>| {
            let able = members.iter().copied().filter(|n| may(*n));
            // `min_by` gives the first of equal ones.
            let found = able.rev().min_by(|a, b| size(*a).total_cmp(&size(*b)));
            found.map_or(0, |n| (n + 1) as u16)
        };
        self.members.iter().map(of_part).collect()
    }

    /// The part of each voxel of a grid; overlaps that are not known yet are added.
    ///
    /// # Errors
    /// If there are not as many VOIs, one names a voxel that is not there or not in ascending order, or there are more than 65535 parts.
    pub fn label(&mut self, set: &VoiSet) -> Result<Vec<u16>> {
        if set.vois.len() != self.vois {
            return Err(Error::usage(
                format!("{} VOIs in place of {}", set.vois.len(), self.vois),
                "parts are those of as many VOIs at all times",
                "Give the same VOIs everywhere.",
            ));
        }
        let mut labels = vec![0_u16; set.grid.len()];
        // VOIs enter one after the other: sets of them that were met, of which some are passed through only.
        let mut met: Vec<Vec<usize>> = vec![Vec::new()];
        for (n, voi) in set.vois.iter().enumerate() {
            let mut joined: BTreeMap<u16, u16> = BTreeMap::new();
            let mut last = None;
            for &v in &voi.voxels {
                let there = labels.get_mut(v as usize).filter(|_| last.is_none_or(|l| l < v));
                let Some(label) = there else {
                    return Err(Error::input(
                        format!("VOI '{}' names voxel {v} of {}", voi.name, set.grid.len()),
                        "voxels of a VOI are indices of its grid, ascending, each once",
                        "Correct the VOI.",
                    ));
                };
                last = Some(v);
                if let Some(part) = joined.get(label) {
                    *label = *part;
                    continue;
                }
                let new = u16::try_from(met.len()).map_err(|_| too_many())?;
                let with = met[usize::from(*label)].iter().copied().chain([n]).collect();
                met.push(with);
                joined.insert(*label, new);
                *label = new;
            }
        }
        let mut used = vec![false; met.len()];
        labels.iter().for_each(|l| used[usize::from(*l)] = true);
        let numbers = met
            .into_iter()
            .zip(used)
            .map(|(members, used)| match members[..] {
                [] => Ok(0),
                [n] => Ok((n + 1) as u16),
                _ if !used => Ok(0),
                _ => self.number(members),
            })
            .collect::<Result<Vec<u16>>>()?;
        labels.iter_mut().for_each(|l| *l = numbers[usize::from(*l)]);
        Ok(labels)
    }

    /// The parts when each voxel also lies in one of so many further VOIs, `of(voxel)` of them (from 0), which stand behind the others; and the part of
    /// each voxel. `labels` are those of the voxels so far; empty where there is no VOI.
    ///
    /// # Errors
    /// If there are more than 65535 parts.
    pub fn crossed(
        &self,
        labels: &[u16],
        voxels: usize,
        further: usize,
        of: impl Fn(usize) -> usize,
    ) -> Result<(Parts, Vec<u16>)> {
        if self.vois + further > usize::from(u16::MAX) {
            return Err(too_many());
        }
        let mut parts = Parts::alone(self.vois + further);
        let mut known: BTreeMap<(u16, usize), u16> = BTreeMap::new();
        let mut all = Vec::with_capacity(voxels);
        for v in 0..voxels {
            let (label, at) = (labels.get(v).copied().unwrap_or(0), of(v));
            let part = match known.get(&(label, at)) {
                Some(part) => *part,
                None => {
                    let mut members = self.vois_of(label).to_vec();
                    members.push(self.vois + at);
                    let part = match members[..] {
                        [alone] => (alone + 1) as u16,
                        _ => parts.number(members)?,
                    };
                    known.insert((label, at), part);
                    part
                }
            };
            all.push(part);
        }
        Ok((parts, all))
    }

    /// Number of an overlap.
    fn number(&mut self, members: Vec<usize>) -> Result<u16> {
        let at = match self.overlaps().iter().position(|of| *of == members) {
            Some(known) => self.vois + 1 + known,
            None => {
                self.members.push(members);
                self.members.len() - 1
            }
        };
        u16::try_from(at).map_err(|_| too_many())
    }
}

fn too_many() -> Error {
    Error::input(
        "more than 65535 parts of VOIs that overlap",
        "each set of VOIs that share voxels is scored by itself",
        "Give fewer VOIs at once.",
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image::{Grid, Voi};

    fn set(vois: &[&[u32]]) -> VoiSet {
        let voi = |(n, v): (usize, &&[u32])| Voi {
            label: n as u32 + 1,
            name: format!("voi {n}"),
            voxels: v.to_vec(),
        };
        VoiSet {
            grid: Grid::aligned([8, 1, 1], [0.0; 3], [1.0; 3]),
            vois: vois.iter().enumerate().map(voi).collect(),
        }
    }

    #[test]
    fn vois_that_share_no_voxel_are_their_own_parts() {
        let mut parts = Parts::alone(3);
        let labels = parts.label(&set(&[&[5, 6], &[], &[0, 1]])).unwrap();
        assert_eq!(labels, [3, 3, 0, 0, 0, 1, 1, 0]);
        assert!(!parts.overlap() && parts == Parts::alone(3));
        assert_eq!((parts.count(), parts.of_voi(2), parts.vois_of(3)), (3, vec![3], &[2][..]));
        assert_eq!(parts.smallest(&[2.0, 0.0, 2.0], |_| true), [0, 1, 2, 3]);
    }

    /// Layers across two VOIs that share a voxel: sums of VOIs and of layers are those of their voxels.
    #[test]
    fn layers_cross_vois() {
        let mut parts = Parts::alone(2);
        let labels = parts.label(&set(&[&[1, 2, 3], &[3, 4]])).unwrap();
        let (crossed, all) = parts.crossed(&labels, 8, 4, |v| v / 2).unwrap();
        assert_eq!((crossed.vois(), all.len()), (6, 8));
        let mut units = vec![0_u32; crossed.count() + 1];
        all.iter().enumerate().for_each(|(v, part)| units[usize::from(*part)] += 1 << v);
        assert_eq!(crossed.sums(&units), [0b1110, 0b11000, 0b11, 0b1100, 0b11_0000, 0b1100_0000]);
        let (alone, all) = Parts::default().crossed(&[], 8, 2, |v| v % 2).unwrap();
        assert_eq!((alone, all), (Parts::alone(2), vec![1, 2, 1, 2, 1, 2, 1, 2]));
        assert!(Parts::alone(9).crossed(&[], 1, 65_530, |_| 0).is_err());
    }

    /// A liver, two lesions in it of which one reaches out, and a node in that one: what is met on the way only gets no number.
    #[test]
    fn overlaps_come_last_and_each_voi_is_the_sum_of_its_parts() {
        let mut parts = Parts::alone(4);
        let vois: [&[u32]; 4] = [&[0, 1, 2, 3, 4], &[1], &[4, 5], &[4]];
        let labels = parts.label(&set(&vois)).unwrap();
        assert_eq!(labels, [1, 5, 1, 1, 6, 3, 0, 0]);
        assert_eq!(parts.overlaps(), [vec![0, 1], vec![0, 2, 3]]);
        assert_eq!(parts.of_voi(0), [1, 5, 6]);
        let values = [10_u64, 20, 30, 40, 50, 60, 70, 80];
        let mut of_parts = vec![0; parts.count() + 1];
        labels.iter().zip(values).for_each(|(l, v)| of_parts[usize::from(*l)] += v);
        let of_voi = |v: &[u32]| v.iter().map(|v| values[*v as usize]).sum::<u64>();
        assert_eq!(parts.sums(&of_parts), vois.map(of_voi));
        // The smallest decides, of equal ones the last; or the smallest that may.
        assert_eq!(parts.smallest(&[5.0, 1.0, 2.0, 1.0], |_| true), [0, 1, 2, 3, 4, 2, 4]);
        assert_eq!(parts.smallest(&[5.0, 2.0, 1.0, 1.0], |_| true)[6], 4);
        assert_eq!(parts.smallest(&[5.0, 1.0, 2.0, 1.0], |n| n == 0), [0, 1, 0, 0, 0, 1, 1]);
        // At another time only one more overlap is new.
        let later = parts.label(&set(&[&[0, 1, 2], &[1], &[2, 6], &[]])).unwrap();
        assert_eq!(later, [1, 5, 7, 0, 0, 0, 3, 0]);
        assert_eq!(parts.overlaps()[2], [0, 2]);
        let text = serde_json::to_string(&parts).unwrap();
        assert_eq!(text, r#"{"vois":4,"overlaps":[[0,1],[0,2,3],[0,2]]}"#);
        assert_eq!(serde_json::from_str::<Parts>(&text).unwrap(), parts);
    }

    #[test]
    fn what_cannot_be_parts_is_refused() {
        for bad in [
            r#"{"vois":2,"overlaps":[[0]]}"#,
            r#"{"vois":2,"overlaps":[[1,0]]}"#,
            r#"{"vois":2,"overlaps":[[0,2]]}"#,
            r#"{"vois":70000,"overlaps":[]}"#,
        ] {
            assert!(serde_json::from_str::<Parts>(bad).is_err(), "{bad}");
        }
        assert!(Parts::alone(1).label(&set(&[&[0], &[1]])).is_err());
        for voxels in [&[8][..], &[3, 2], &[2, 2]] {
            let error = Parts::alone(1).label(&set(&[voxels])).unwrap_err();
            assert!(error.to_string().contains("VOI 'voi 0'"), "{error}");
        }
    }
}
