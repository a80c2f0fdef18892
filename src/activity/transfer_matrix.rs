//! Recovery from the VOIs' own shapes, with what they spill into each other: the geometric transfer matrix (Rousset, Ma & Evans, J Nucl Med 39,
//! 904, 1998). Takes activity as even within each VOI, none outside of all VOIs, and the resolution as one Gaussian everywhere.
//!
//! Seen activity y_i = sum_j W_ij A_j with W_ij the part of region j's activity that the blur puts into region i. A = W^-1 y,
//! cov(A) = W^-1 cov(y) W^-T + g g^T u^2(FWHM), g = dA/dFWHM = -W^-1 (dW/dFWHM) A.

use nalgebra::{DMatrix, DVector};
use rayon::prelude::*;

use super::blur::blurred_mask;
use super::check::{positive, uncertain};
use crate::error::{Error, Result};
use crate::image::VoiSet;

/// What regions see of each other.
#[derive(Debug, Clone, PartialEq)]
pub struct TransferMatrix {
    names: Vec<String>,
    parts: DMatrix<f64>,
    by_fwhm: DMatrix<f64>,
    fwhm_uncertainty_mm: f64,
}

/// Activities without partial-volume effect.
#[derive(Debug, Clone, PartialEq)]
pub struct Unblurred {
    /// Activity of each region, in the unit of what was seen.
    pub activities: DVector<f64>,
    /// Their covariance, the resolution's part included.
    pub covariance: DMatrix<f64>,
    /// Derivative by the resolution, per mm: it is common to all scans of a patient.
    pub by_fwhm: DVector<f64>,
}

/// Relative step of the difference quotient by the resolution.
const STEP: f64 = 0.02;

impl TransferMatrix {
    /// Of VOIs that do not overlap and hold all activity, and the resolution (FWHM) with its standard uncertainty, mm.
    ///
    /// # Errors
    /// If a VOI is empty, two overlap, the resolution or its uncertainty is not positive, the grid is skewed, or its voxels are wider than the
    /// resolution.
    pub fn new(set: &VoiSet, fwhm_mm: [f64; 2]) -> Result<Self> {
        let fwhm = positive("the resolution (FWHM), mm,", fwhm_mm[0])?;
        let fwhm_uncertainty_mm = uncertain("the resolution", fwhm_mm[1])?;
        let regions = regions(set)?;
        let at = |fwhm: f64| -> Result<DMatrix<f64>> {
            let columns: Vec<DVector<f64>> = set
                .vois
                .par_iter()
                .map(|voi| column(set, &regions, &voi.voxels, fwhm))
                .collect::<Result<_>>()?;
            Ok(DMatrix::from_columns(&columns))
        };
        let parts = at(fwhm)?;
        let by_fwhm = (at(fwhm * (1.0 + STEP))? - at(fwhm * (1.0 - STEP))?) / (2.0 * STEP * fwhm);
        let names = set.vois.iter().map(|v| v.name.clone()).collect();
        Ok(TransferMatrix { names, parts, by_fwhm, fwhm_uncertainty_mm })
    }

    /// Part of region `from`'s activity that is seen in region `to`; its recovery coefficient for the same one.
    pub fn part(&self, to: usize, from: usize) -> f64 {
        self.parts[(to, from)]
    }

    /// Activities of the regions from what is seen in them, with the covariance of that.
    ///
    /// # Errors
    /// If the numbers do not fit the regions, are not finite, have no uncertainty, or the regions cannot be told apart.
    pub fn unblur(&self, seen: &[f64], covariance: &DMatrix<f64>) -> Result<Unblurred> {
        let n = self.names.len();
        if seen.len() != n || covariance.shape() != (n, n) {
            return Err(Error::input(
                format!(
                    "{} activities and a covariance of {:?} for {n} regions",
                    seen.len(),
                    covariance.shape()
                ),
                "each region needs one",
                "Give them in the order of the VOIs.",
            ));
        }
        for (i, name) in self.names.iter().enumerate() {
            uncertain(&format!("the activity seen in '{name}'"), covariance[(i, i)].sqrt())?;
        }
        if !seen.iter().chain(covariance.iter()).all(|x| x.is_finite()) {
            return Err(Error::input(
                "an activity that is not finite",
                "it cannot be corrected",
                "Check the image.",
            ));
        }
        let inverse = self
            .parts
            .clone()
            .try_inverse()
            .filter(|m| m.iter().all(|x| x.is_finite() && x.abs() < 1e6));
        let inverse = inverse.ok_or_else(|| {
            Error::input(
                format!("the regions {} cannot be told apart", self.names.join(", ")),
                "at this resolution they see the same activity",
                "Join small neighbouring regions.",
            )
        })?;
        let activities = &inverse * DVector::from_row_slice(seen);
        let by_fwhm = -(&inverse * (&self.by_fwhm * &activities));
        let resolution = &by_fwhm * by_fwhm.transpose() * self.fwhm_uncertainty_mm.powi(2);
        let covariance = &inverse * covariance * inverse.transpose() + resolution;
        Ok(Unblurred { activities, covariance, by_fwhm })
    }
}

/// Number of the region of each voxel plus one; 0 outside of all.
fn regions(set: &VoiSet) -> Result<Vec<u16>> {
    let mut regions = vec![0u16; set.grid.len()];
    for (i, voi) in set.vois.iter().enumerate() {
        if voi.voxels.is_empty() {
            return Err(Error::input(
                format!("VOI '{}' is empty", voi.name),
                "it holds no voxel of this image, so its activity is not measured",
                "Check registration and field of view, or leave it out.",
            ));
        }
        for &n in &voi.voxels {
            let cell = &mut regions[n as usize];
            if *cell != 0 {
                let other = &set.vois[usize::from(*cell) - 1].name;
                return Err(Error::input(
                    format!("VOIs '{}' and '{other}' overlap", voi.name),
                    "a voxel's activity belongs to one region",
                    "Take the smaller one out of the larger one, or leave one out.",
                ));
            }
            *cell = u16::try_from(i + 1).map_err(|_| {
                Error::input("more than 65535 VOIs", "they are counted in 16 bits", "Join some.")
            })?;
        }
    }
    Ok(regions)
}

/// Parts of a region's activity that are seen in each region.
fn column(set: &VoiSet, regions: &[u16], voxels: &[u32], fwhm_mm: f64) -> Result<DVector<f64>> {
    let mut sums = DVector::zeros(set.vois.len());
    for (n, value) in blurred_mask(&set.grid, voxels, fwhm_mm)? {
        if regions[n] != 0 {
            sums[usize::from(regions[n]) - 1] += value;
        }
    }
    Ok(sums / voxels.len() as f64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::activity::{BlurredSphere, sphere_volume_ml};
    use crate::image::{Grid, Voi};

    const FWHM: f64 = 12.0;

    /// A sphere of a diameter (mm) amid a box that leaves 4 standard deviations all round.
    fn sphere_in_a_box(diameter: f64) -> VoiSet {
        let grid = Grid::aligned([36, 36, 36], [0.0; 3], [2.0; 3]);
        let (mut inside, mut around) = (Vec::new(), Vec::new());
        for n in 0..grid.len() {
            let x = grid.to_mm(grid.unlinear(n).map(|i| i as f64));
            let r2: f64 = x.iter().map(|x| (x - 35.0).powi(2)).sum();
            let list = if 4.0 * r2 < diameter * diameter { &mut inside } else { &mut around };
            list.push(n as u32);
        }
        let voi = |label, name: &str, voxels| Voi { label, name: name.into(), voxels };
        VoiSet { grid, vois: vec![voi(1, "sphere", inside), voi(2, "around", around)] }
    }

    fn errors(relative: f64, seen: &[f64]) -> DMatrix<f64> {
        DMatrix::from_diagonal(&DVector::from_iterator(
            seen.len(),
            seen.iter().map(|y| (relative * y).powi(2)),
        ))
    }

    /// What the closed form says of a sphere in an even background is corrected to the truth.
    #[test]
    fn a_sphere_in_background_is_restored() {
        let set = sphere_in_a_box(28.0);
        let matrix = TransferMatrix::new(&set, [FWHM, 0.6]).unwrap();
        let volume = set.volume_ml(&set.vois[0]);
        let sphere = BlurredSphere::new(volume, FWHM).unwrap();
        // The sphere of voxels has a rougher surface than the true one.
        assert!(
            (matrix.part(0, 0) / sphere.recovery() - 1.0).abs() < 0.01,
            "{} {}",
            matrix.part(0, 0),
            sphere.recovery()
        );
        // 5 kBq/mL in the sphere, 1 around; what leaves the sphere is seen around, and in exchange.
        let (hot, cold) = (5.0 * volume, set.volume_ml(&set.vois[1]));
        let spilt = (5.0 - 1.0) * volume * (1.0 - sphere.recovery());
        let lost = cold - (matrix.part(0, 1) + matrix.part(1, 1)) * cold;
        let seen = [hot - spilt, cold + spilt - lost];
        let found = matrix.unblur(&seen, &errors(0.01, &seen)).unwrap();
        assert!((found.activities[0] / hot - 1.0).abs() < 0.01, "{}", found.activities);
        assert!((found.activities[1] / cold - 1.0).abs() < 0.01);
        // Seen with 1 %: more than 1 % after the correction, and more with a worse known resolution.
        let u = found.covariance[(0, 0)].sqrt() / hot;
        assert!(u > 0.012 && u < 0.05, "{u}");
    }

    #[test]
    fn the_resolution_derivative_is_the_difference_quotient() {
        let set = sphere_in_a_box(20.0);
        let seen = [10.0, 100.0];
        let at = |fwhm: f64| {
            TransferMatrix::new(&set, [fwhm, 0.5])
                .unwrap()
                .unblur(&seen, &errors(0.01, &seen))
                .unwrap()
        };
        let (here, step) = (at(FWHM), 0.1);
        let quotient = (at(FWHM + step).activities - at(FWHM - step).activities) / (2.0 * step);
        assert!((here.by_fwhm[0] / quotient[0] - 1.0).abs() < 0.01, "{} {quotient}", here.by_fwhm);
    }

    #[test]
    fn bad_regions_are_refused() {
        let good = sphere_in_a_box(sphere_volume_ml(20.0));
        let refused = |change: fn(&mut VoiSet), expected: &str| {
            let mut set = good.clone();
            change(&mut set);
            let error = TransferMatrix::new(&set, [FWHM, 0.5]).unwrap_err().to_string();
            assert!(error.contains(expected), "'{expected}' not in: {error}");
        };
        refused(|s| s.vois[0].voxels.clear(), "'sphere' is empty");
        refused(|s| s.vois[1].voxels = s.vois[0].voxels.clone(), "overlap");
        refused(|s| s.grid.axes_mm[0][1] = 0.5, "right angles");
        refused(|s| s.grid = Grid::aligned(s.grid.dims, [0.0; 3], [13.0; 3]), "wider than");
        assert!(TransferMatrix::new(&good, [FWHM, 0.0]).is_err());
        let matrix = TransferMatrix::new(&good, [FWHM, 0.5]).unwrap();
        assert!(matrix.unblur(&[1.0], &errors(0.1, &[1.0])).is_err());
        assert!(matrix.unblur(&[1.0, 2.0], &errors(0.0, &[1.0, 2.0])).is_err());
        assert!(matrix.unblur(&[f64::NAN, 2.0], &errors(0.1, &[1.0, 2.0])).is_err());
    }
}
