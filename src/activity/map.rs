//! Activity per voxel. It neglects what the image itself does not tell: attenuation, scatter and partial volume must
//! have been corrected before.

use rayon::prelude::*;

use super::unit::{Calibration, InputUnit};
use crate::error::{Error, Result};
use crate::image::{ActivityUnit, Grid, Volume, resample_activity};

/// What the values count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Quantity {
    /// Bq: decays per second.
    Activity,
    /// Bq s: decays.
    TimeIntegrated,
}

/// What to do with negative voxels (noise of a reconstruction that allows them).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NegativeRule {
    /// Refuse them.
    Refuse,
    /// Take them as zero, counted: this raises the total.
    Zero,
}

/// Negative voxels of the input.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Negatives {
    /// Their number.
    pub voxels: usize,
    /// Their sum, Bq or Bq s (not positive).
    pub sum: f64,
}

/// Activity per voxel.
#[derive(Debug, Clone, PartialEq)]
pub struct ActivityMap {
    /// Bq (or Bq s) in each voxel, none negative.
    pub volume: Volume<f32>,
    /// What the values count.
    pub quantity: Quantity,
    /// What was negative in the input.
    pub negatives: Negatives,
}

impl ActivityMap {
    /// Activity per voxel from an image in a stated unit.
    ///
    /// # Errors
    /// If a voxel is not finite, or negative and not allowed to be, or nothing is positive, or unit and calibration
    /// do not go together.
    pub fn from_image(
        mut volume: Volume<f32>,
        unit: InputUnit,
        calibration: Option<Calibration>,
        rule: NegativeRule,
    ) -> Result<Self> {
        volume.checked()?;
        let factor = unit.per_voxel(calibration, volume.grid.voxel_volume_mm3())?;
        if let Some(i) = volume.data.par_iter().position_first(|v| !v.is_finite()) {
            let bad = volume.data.par_iter().filter(|v| !v.is_finite()).count();
            return Err(Error::input(
                format!(
                    "{bad} activity voxels are NaN or infinite, the first at {:?}",
                    volume.grid.unlinear(i)
                ),
                "an activity is a finite number",
                "Cut the image to what was measured, or correct those voxels.",
            ));
        }
        let mut negatives = Negatives::default();
        for value in &mut volume.data {
            let bq = f64::from(*value) * factor;
            if bq < 0.0 {
                negatives.voxels += 1;
                negatives.sum += bq;
            }
            *value = bq.max(0.0) as f32;
        }
        if negatives.voxels > 0 && rule == NegativeRule::Refuse {
            return Err(Error::input(
                format!(
                    "{} activity voxels are negative, {:.6e} Bq in all",
                    negatives.voxels, negatives.sum
                ),
                "a negative number of decays cannot be sampled",
                "Use --negative-activity zero to count them as zero (the total rises by as much).",
            ));
        }
        let quantity =
            if unit.is_time_integrated() { Quantity::TimeIntegrated } else { Quantity::Activity };
        let map = ActivityMap { volume, quantity, negatives };
        let total = map.total();
        if !(total > 0.0 && total.is_finite()) {
            return Err(Error::input(
                format!("the total activity of the image is {total} Bq"),
                "no decay can be placed",
                "Check that this is the activity image, its unit and its rescaling.",
            ));
        }
        Ok(map)
    }

    /// Sum over all voxels, Bq or Bq s.
    pub fn total(&self) -> f64 {
        self.volume.data.iter().map(|&v| f64::from(v)).sum()
    }

    /// The same activity on another grid, and what fell outside of it (Bq or Bq s).
    ///
    /// # Errors
    /// If a grid is unusable.
    pub fn move_to(self, target: &Grid) -> Result<(Self, f64)> {
        if self.volume.grid == *target {
            return Ok((self, 0.0));
        }
        let moved = resample_activity(&self.volume, ActivityUnit::PerVoxel, target)?;
        let map = ActivityMap { volume: moved.volume, ..self };
        Ok((map, moved.lost.max(0.0)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn image(values: &[f32]) -> Volume<f32> {
        let grid = Grid::aligned([values.len(), 1, 1], [0.0; 3], [10.0, 10.0, 20.0]);
        Volume::new(grid, values.to_vec()).unwrap()
    }

    fn map(values: &[f32], rule: NegativeRule) -> Result<ActivityMap> {
        ActivityMap::from_image(image(values), InputUnit::BqPerMl, None, rule)
    }

    #[test]
    fn concentration_times_volume() {
        let map = map(&[1.0, 2.5], NegativeRule::Refuse).unwrap();
        assert_eq!(map.volume.data, [2.0, 5.0]);
        assert_eq!((map.total(), map.quantity), (7.0, Quantity::Activity));
    }

    #[test]
    fn negative_voxels_are_refused_or_counted() {
        let error = map(&[1.0, -2.0], NegativeRule::Refuse).unwrap_err().to_string();
        assert!(error.contains("1 activity voxels are negative, -4"), "{error}");
        let map = map(&[1.0, -2.0], NegativeRule::Zero).unwrap();
        assert_eq!(map.negatives, Negatives { voxels: 1, sum: -4.0 });
        assert_eq!(map.total(), 2.0);
    }

    #[test]
    fn nothing_or_nonsense_is_refused() {
        for values in [[0.0, 0.0], [f32::NAN, 1.0], [f32::INFINITY, 1.0], [-1.0, 0.0]] {
            assert!(map(&values, NegativeRule::Zero).is_err(), "{values:?}");
        }
    }

    #[test]
    fn what_is_outside_the_target_is_said() {
        let target = Grid::aligned([1, 1, 1], [10.0, 0.0, 0.0], [10.0, 10.0, 20.0]);
        let (moved, lost) =
            map(&[1.0, 2.5], NegativeRule::Refuse).unwrap().move_to(&target).unwrap();
        assert_eq!((moved.volume.data, lost), (vec![5.0], 2.0));
    }
}
