//! Published names of labels, and joins of them that dosimetry reports as one (tables in `data/segmentation`).

use std::collections::BTreeMap;

use super::{Region, RegionSet, SetOperation};

const CLASSES: &str = include_str!("../../data/segmentation/totalsegmentator.csv");
const GROUPS: &str = include_str!("../../data/segmentation/groups.csv");

fn rows(text: &'static str) -> impl Iterator<Item = Vec<&'static str>> {
    let lines = text.lines().filter(|l| !l.starts_with('#') && !l.is_empty());
    lines.skip(1).map(|l| l.split(',').collect())
}

/// Tasks of TotalSegmentator whose classes are known: `total`, `total_v1`, `total_mr`.
pub fn segmentator_tasks() -> Vec<&'static str> {
    let mut tasks: Vec<&str> = rows(CLASSES).map(|r| r[0]).collect();
    tasks.dedup();
    tasks
}

/// Names of the labels of a task of TotalSegmentator; empty if it is not known.
pub fn segmentator_names(task: &str) -> BTreeMap<u32, String> {
    rows(CLASSES)
        .filter(|r| r[0] == task)
        .filter_map(|r| Some((r[1].parse().ok()?, r[2].to_string())))
        .collect()
}

/// The shipped joins: names and members, in the order of the table.
pub fn dosimetry_groups() -> Vec<(&'static str, Vec<&'static str>)> {
    let mut groups: Vec<(&str, Vec<&str>)> = Vec::new();
    for row in rows(GROUPS) {
        match groups.last_mut().filter(|g| g.0 == row[0]) {
            Some(group) => group.1.push(row[1]),
            None => groups.push((row[0], vec![row[1]])),
        }
    }
    groups
}

impl RegionSet {
    /// Adds the shipped joins of which members are there, and returns for each what is missing of it. Members do not overlap, so their shares add.
    pub fn add_groups(&mut self) -> Vec<(String, Vec<&'static str>)> {
        let mut missing = Vec::new();
        let mut label = self.regions.iter().map(|r| r.label).max().unwrap_or(0);
        for (group, members) in dosimetry_groups() {
            let found: Vec<&Region> = self
                .regions
                .iter()
                .filter(|r| members.contains(&r.name.as_str()) && !r.voxels.is_empty())
                .collect();
            let [first, rest @ ..] = found.as_slice() else { continue };
            let mut joined = (*first).clone();
            for member in rest {
                joined = joined.combined(member, SetOperation::Sum);
            }
            label += 1;
            let absent: Vec<&str> =
                members.into_iter().filter(|m| !found.iter().any(|r| r.name == *m)).collect();
            let part = if absent.is_empty() { "" } else { ", in part" };
            let origin = format!("{} region(s) joined{part}", found.len());
            let joined = Region { label, name: group.into(), origin, colour: None, ..joined };
            missing.push((group.to_string(), absent));
            self.regions.push(joined);
        }
        missing
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image::Grid;

    #[test]
    fn classes_and_groups_fit_together() {
        let total = segmentator_names("total");
        assert_eq!((total.len(), total[&5].as_str(), total[&90].as_str()), (117, "liver", "brain"));
        assert_eq!(segmentator_tasks(), ["total", "total_v1", "total_mr"]);
        assert!(segmentator_names("x").is_empty());
        for (group, members) in dosimetry_groups() {
            for member in members {
                assert!(total.values().any(|n| n == member), "{group}: {member}");
            }
        }
    }

    #[test]
    fn lobes_make_lungs_and_missing_ones_are_told() {
        let lobe = |name: &str, label, voxels: &[u32]| Region {
            label,
            name: name.into(),
            origin: "test".into(),
            colour: None,
            voxels: voxels.to_vec(),
            shares: vec![0.5; voxels.len()],
        };
        let regions = vec![
            lobe("lung_upper_lobe_left", 10, &[1, 2]),
            lobe("lung_lower_lobe_left", 11, &[2, 3]),
            lobe("lung_upper_lobe_right", 12, &[7]),
        ];
        let mut set = RegionSet { grid: Grid::aligned([9, 1, 1], [0.0; 3], [1.0; 3]), regions };
        let missing = set.add_groups();
        let left = set.named("lung_left").expect("made");
        assert_eq!(
            (left.voxels.as_slice(), left.shares.as_slice()),
            (&[1, 2, 3][..], &[0.5, 1.0, 0.5][..])
        );
        assert_eq!(set.named("lungs").expect("made").voxels, [1, 2, 3, 7]);
        let lungs = missing.iter().find(|m| m.0 == "lungs").expect("made");
        assert_eq!(lungs.1, ["lung_middle_lobe_right", "lung_lower_lobe_right"]);
        assert!(set.named("kidneys").is_err());
    }
}
