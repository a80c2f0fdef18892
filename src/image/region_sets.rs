//! Union, intersection, difference and sum of regions, on shares. Neglects where in a voxel a share lies: in a voxel that both fill in part, the
//! smaller share is taken to lie within the larger one, as of nested outlines.
//!
//! With shares a and b of a voxel: union max(a, b), intersection min(a, b), difference a - min(a, b), so that the volume of the union is that of
//! both less what they share, and difference and intersection make up the first. Sum min(1, a + b) is for neighbours that do not overlap, such as
//! the classes of one label map.

use super::{Region, RegionSet};
use crate::error::{Error, Result};

/// How regions combine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SetOperation {
    /// In any of them.
    Union,
    /// In all of them.
    Intersection,
    /// In the first and in none of the others.
    Difference,
    /// In any of them, which do not overlap.
    Sum,
}

impl SetOperation {
    fn apply(self, a: f32, b: f32) -> f32 {
        match self {
            SetOperation::Union => a.max(b),
            SetOperation::Intersection => a.min(b),
            SetOperation::Difference => a - a.min(b),
            SetOperation::Sum => (a + b).min(1.0),
        }
    }
}

impl Region {
    /// This region combined with another of the same grid.
    pub fn combined(&self, other: &Region, operation: SetOperation) -> Region {
        let (mut voxels, mut shares) = (Vec::new(), Vec::new());
        let (mut m, mut n) = (0, 0);
        while m < self.voxels.len() || n < other.voxels.len() {
            let (a, b) = (self.voxels.get(m).copied(), other.voxels.get(n).copied());
            let voxel = a.into_iter().chain(b).min().unwrap_or(0);
            let (mut of_a, mut of_b) = (0.0, 0.0);
            if a == Some(voxel) {
                of_a = self.shares[m];
                m += 1;
            }
            if b == Some(voxel) {
                of_b = other.shares[n];
                n += 1;
            }
            let share = operation.apply(of_a, of_b);
            if share > 0.0 {
                voxels.push(voxel);
                shares.push(share);
            }
        }
        Region { voxels, shares, ..self.clone() }
    }
}

impl RegionSet {
    /// Adds a region of another set, moved to this grid; returns the share of it that lies outside.
    ///
    /// # Errors
    /// If a grid is unusable.
    pub fn take(&mut self, other: &RegionSet) -> Result<Vec<f64>> {
        let moved = other.on(&self.grid)?;
        self.regions.extend(moved.set.regions);
        Ok(moved.outside)
    }

    /// The region of a name; without regard to case if none has it exactly.
    ///
    /// # Errors
    /// If there is none, or several.
    pub fn named(&self, name: &str) -> Result<&Region> {
        let exact: Vec<&Region> = self.regions.iter().filter(|r| r.name == name).collect();
        let near = || self.regions.iter().filter(|r| r.name.eq_ignore_ascii_case(name)).collect();
        let found: Vec<&Region> = if exact.is_empty() { near() } else { exact };
        match found[..] {
            [one] => Ok(one),
            [] => {
                let names: Vec<&str> = self.regions.iter().map(|r| r.name.as_str()).collect();
                let meant = crate::error::did_you_mean(name, names.iter().copied());
                Err(Error::usage(
                    format!("there is no region '{name}'"),
                    format!("there are: {}", names.join(", ")),
                    format!("{meant}Name one of these."),
                ))
            }
            _ => Err(Error::usage(
                format!("{} regions are named '{name}'", found.len()),
                "which one is meant is not said",
                "Read one of the files alone, or with --only.",
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn region(pairs: &[(u32, f32)]) -> Region {
        let (voxels, shares) = pairs.iter().copied().unzip();
        Region { label: 1, name: "r".into(), origin: "test".into(), colour: None, voxels, shares }
    }

    #[test]
    fn shares_add_up() {
        let a = region(&[(1, 1.0), (2, 0.75), (5, 0.5)]);
        let b = region(&[(2, 0.5), (3, 1.0), (5, 0.75)]);
        let of = |operation| {
            let c = a.combined(&b, operation);
            c.voxels.iter().copied().zip(c.shares.iter().copied()).collect::<Vec<_>>()
        };
        assert_eq!(of(SetOperation::Union), [(1, 1.0), (2, 0.75), (3, 1.0), (5, 0.75)]);
        assert_eq!(of(SetOperation::Intersection), [(2, 0.5), (5, 0.5)]);
        assert_eq!(of(SetOperation::Difference), [(1, 1.0), (2, 0.25)]);
        assert_eq!(of(SetOperation::Sum), [(1, 1.0), (2, 1.0), (3, 1.0), (5, 1.0)]);
        let sum = |o| a.combined(&b, o).voxel_sum();
        let (both, common) = (a.voxel_sum() + b.voxel_sum(), sum(SetOperation::Intersection));
        assert!((sum(SetOperation::Union) - (both - common)).abs() < 1e-6);
        assert!((sum(SetOperation::Difference) + common - a.voxel_sum()).abs() < 1e-6);
    }
}
