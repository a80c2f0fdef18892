//! Count rates of a VOI over time to activities with their covariance. Neglects changes of the VOI's volume between scans and errors
//! of registration.
//!
//! A_i = C_i / (Q R(V)), with C_i growing as V^k with the contour's volume (k = h(a)/R of a blurred sphere, phi/(2R) of Gear et al. 2018,
//! doi:10.1007/s00259-018-4136-7). With r = d ln R / d ln V,
//! cov(A_i, A_j) = A_i A_j (u^2(Q)/Q^2 + u_curve^2(R)/R^2 + (k - r)^2 u^2(V)/V^2) + (i = j) (u(C_i) / (Q R))^2;
//! without u(Q) where the curve was measured with the same factor, which then cancels.

use nalgebra::{DMatrix, DVector};

use super::calibration_factor::CalibrationFactor;
use super::camera::{CameraSetup, FactorUnit};
use super::check::{not_negative, positive, uncertain};
use super::recovery::Recovered;
use super::transfer_matrix::Unblurred;
use crate::error::{Error, Result};
use crate::units::BQ_PER_MBQ;

/// Count rates of one VOI over time.
#[derive(Debug, Clone, PartialEq)]
pub struct VoiSeries {
    /// Its name.
    pub name: String,
    /// Volume and its standard uncertainty, mL.
    pub volume_ml: [f64; 2],
    /// d ln(counts) / d ln(volume of the contour), 0 to 1 ([`super::BlurredSphere::count_exponent`]).
    pub count_exponent: f64,
    /// Voxels of the VOI in the image of each time.
    pub voxels: Vec<usize>,
    /// Net, dead-time corrected count rates and their standard uncertainties (counting and reconstruction only), cps.
    pub rates_cps: Vec<[f64; 2]>,
}

/// Activities of a VOI over time.
#[derive(Debug, Clone, PartialEq)]
pub struct VoiActivities {
    /// Activity at each time, Bq.
    pub activities: DVector<f64>,
    /// Their covariance, Bq^2: the shared parts stand off the diagonal.
    pub covariance: DMatrix<f64>,
    /// Relative standard uncertainty that all times share.
    pub shared_relative: f64,
    /// Whether the recovery coefficient was extrapolated.
    pub extrapolated: bool,
}

impl VoiSeries {
    /// Activities with their covariance.
    ///
    /// # Errors
    /// If the image's setup is not the factor's, the VOI is empty or its counts are not positive at a time, or an uncertainty is zero.
    pub fn activities(
        &self,
        factor: &CalibrationFactor,
        setup: &CameraSetup,
        recovered: &Recovered,
    ) -> Result<VoiActivities> {
        factor.setup.check(setup)?;
        if factor.unit != FactorUnit::CpsPerMbq {
            return Err(Error::input(
                format!("a calibration factor in {}", factor.unit.name()),
                "the count rate of a whole VOI needs one in cps/MBq",
                "Calibrate in cps/MBq, or apply the factor voxel by voxel.",
            ));
        }
        if self.voxels.len() != self.rates_cps.len() || self.rates_cps.is_empty() {
            return Err(Error::input(
                format!(
                    "VOI '{}' has {} volumes and {} count rates",
                    self.name,
                    self.voxels.len(),
                    self.rates_cps.len()
                ),
                "each time needs both",
                "Correct the series.",
            ));
        }
        if let Some(i) = self.voxels.iter().position(|n| *n == 0) {
            return Err(Error::input(
                format!("VOI '{}' is empty at time point {}", self.name, i + 1),
                "it holds no voxel of that image, so its activity is not measured",
                "Check registration and field of view, or leave that time point out for this VOI.",
            ));
        }
        let in_voi =
            |e: Error| Error { problem: format!("VOI '{}': {}", self.name, e.problem), ..e };
        let v = positive("the volume, mL,", self.volume_ml[0]).map_err(in_voi)?;
        let u_v = uncertain("the volume", self.volume_ml[1]).map_err(in_voi)?;
        let k = self.count_exponent;
        if !(0.0..=1.0).contains(&k) {
            return Err(Error::input(
                format!("VOI '{}': counts grow as the volume to the power {k}", self.name),
                "it lies between 0 (all activity well inside) and 1 (uniform activity all around)",
                "Take it from a blurred sphere of the VOI's volume.",
            ));
        }
        let mut own = Vec::new();
        let scale = BQ_PER_MBQ / (factor.budget.value * recovered.value);
        for [rate, u] in &self.rates_cps {
            let rate = positive("the count rate, cps,", *rate).map_err(in_voi)?;
            own.push((rate * scale, uncertain("the count rate", *u).map_err(in_voi)? * scale));
        }
        let volume = (k - recovered.volume_exponent) * u_v / v;
        let curve = recovered.from_curve / recovered.value;
        let calibration =
            if recovered.includes_calibration { 0.0 } else { factor.budget.relative_uncertainty() };
        let shared_relative = calibration.hypot(curve).hypot(volume);
        let n = own.len();
        let covariance = DMatrix::from_fn(n, n, |i, j| {
            let shared = own[i].0 * own[j].0 * shared_relative * shared_relative;
            if i == j { shared + own[i].1 * own[i].1 } else { shared }
        });
        let activities = DVector::from_iterator(n, own.iter().map(|a| a.0));
        Ok(VoiActivities {
            activities,
            covariance,
            shared_relative,
            extrapolated: recovered.extrapolated,
        })
    }
}

/// One region's activities over several scans, with the covariance between them: the resolution and the calibration are common to all scans.
///
/// `fwhm_uncertainty_mm` is that of the transfer matrices, `calibration_relative` the relative standard uncertainty of the calibration factor; 0
/// where that is a part of its own.
///
/// # Errors
/// If there is no scan, a scan has no such region, or an uncertainty is negative or not finite.
pub fn region_over_time(
    scans: &[Unblurred],
    region: usize,
    fwhm_uncertainty_mm: f64,
    calibration_relative: f64,
) -> Result<(DVector<f64>, DMatrix<f64>)> {
    not_negative("the standard uncertainty of the calibration", calibration_relative)?;
    uncertain("the resolution", fwhm_uncertainty_mm)?;
    if scans.is_empty() || scans.iter().any(|s| region >= s.activities.len()) {
        return Err(Error::input(
            format!("{} scans without region {region}", scans.len()),
            "a series needs one or more scans that all have the region",
            "Check the VOIs of each scan.",
        ));
    }
    let n = scans.len();
    let activities = DVector::from_fn(n, |i, _| scans[i].activities[region]);
    let covariance = DMatrix::from_fn(n, n, |i, j| {
        let calibration = activities[i] * activities[j] * calibration_relative.powi(2);
        // The diagonal of a scan's covariance holds the resolution's part already.
        let own = if i == j {
            scans[i].covariance[(region, region)]
        } else {
            scans[i].by_fwhm[region] * scans[j].by_fwhm[region] * fwhm_uncertainty_mm.powi(2)
        };
        own + calibration
    });
    Ok((activities, covariance))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::activity::{Budget, Component};

    fn factor() -> CalibrationFactor {
        let components = vec![Component::new("all", 0.4, 1.0)];
        let budget =
            Budget { quantity: "factor".into(), unit: "cps/MBq".into(), value: 20.0, components };
        CalibrationFactor {
            setup: setup(),
            unit: FactorUnit::CpsPerMbq,
            budget,
            random_uncertainty: 0.4,
            shared_uncertainty: 0.0,
            acquisitions: 1,
            chi2: 0.0,
            birge: crate::activity::BirgeRatios::default(),
            of_fills: Vec::new(),
        }
    }

    fn setup() -> CameraSetup {
        CameraSetup {
            camera: "C".into(),
            nuclide: "Lu-177".into(),
            collimator: "MEGP".into(),
            window_kev: [187.2, 228.8],
        }
    }

    const RECOVERED: Recovered = Recovered {
        value: 0.5,
        from_curve: 0.02,
        from_volume: 0.0,
        volume_exponent: 0.45,
        extrapolated: false,
        includes_calibration: false,
    };

    fn series() -> VoiSeries {
        VoiSeries {
            name: "tumour".into(),
            volume_ml: [5.0, 1.0],
            count_exponent: 0.75,
            voxels: vec![80, 82],
            rates_cps: vec![[100.0, 3.0], [40.0, 2.0]],
        }
    }

    #[test]
    fn activities_share_what_they_share() {
        let found = series().activities(&factor(), &setup(), &RECOVERED).unwrap();
        assert!(
            (found.activities[0] - 1e7).abs() < 1e-6 && (found.activities[1] - 4e6).abs() < 1e-6
        );
        // 2 % calibration, 4 % curve, (0.75 - 0.45) x 20 % volume.
        let shared = (0.02f64.powi(2) + 0.04f64.powi(2) + 0.06f64.powi(2)).sqrt();
        assert!((found.shared_relative - shared).abs() < 1e-12);
        let c = &found.covariance;
        assert!((c[(0, 1)] / (1e7 * 4e6 * shared * shared) - 1.0).abs() < 1e-12);
        assert!((c[(0, 0)] / (1e14 * (shared * shared + 0.03 * 0.03)) - 1.0).abs() < 1e-12);
        assert_eq!(c[(0, 1)], c[(1, 0)]);
        assert!(c.clone().cholesky().is_some());
    }

    #[test]
    fn bad_series_are_refused() {
        let refused = |change: fn(&mut VoiSeries), expected: &str| {
            let mut bad = series();
            change(&mut bad);
            let error = bad.activities(&factor(), &setup(), &RECOVERED).unwrap_err().to_string();
            assert!(error.contains(expected), "'{expected}' not in: {error}");
        };
        refused(|s| s.voxels[1] = 0, "'tumour' is empty at time point 2");
        refused(|s| s.rates_cps[0][0] = -1.0, "'tumour': the count rate, cps, is -1");
        refused(|s| s.rates_cps[1][1] = 0.0, "infinite weight");
        refused(|s| s.volume_ml[1] = 0.0, "infinite weight");
        refused(|s| s.count_exponent = 1.5, "between 0");
        refused(|s| s.voxels.clear(), "each time needs both");
        let other = CameraSetup { collimator: "LEHR".into(), ..setup() };
        assert!(series().activities(&factor(), &other, &RECOVERED).is_err());
        let concentration = CalibrationFactor { unit: FactorUnit::BqPerMlPerCps, ..factor() };
        assert!(series().activities(&concentration, &setup(), &RECOVERED).is_err());
    }

    #[test]
    fn resolution_and_calibration_correlate_the_scans() {
        let scan = |a: f64, g: f64, own: f64| Unblurred {
            activities: DVector::from_vec(vec![1.0, a]),
            covariance: DMatrix::from_diagonal(&DVector::from_vec(vec![
                0.1,
                own * own + 0.25 * g * g,
            ])),
            by_fwhm: DVector::from_vec(vec![0.0, g]),
        };
        let scans = [scan(10.0, 0.8, 0.2), scan(5.0, 0.4, 0.1)];
        let (activities, c) = region_over_time(&scans, 1, 0.5, 0.03).unwrap();
        assert_eq!(activities.as_slice(), [10.0, 5.0]);
        assert!(
            (c[(0, 1)] - (0.8 * 0.4 * 0.25 + 50.0 * 9e-4)).abs() < 1e-12 && c[(0, 1)] == c[(1, 0)]
        );
        assert!((c[(1, 1)] - (0.01 + 0.04 + 25.0 * 9e-4)).abs() < 1e-12);
        assert!(region_over_time(&scans, 2, 0.5, 0.03).is_err());
        assert!(region_over_time(&[], 0, 0.5, 0.03).is_err());
        assert!(region_over_time(&scans, 1, 0.5, -0.1).is_err());
        let (_, without) = region_over_time(&scans, 1, 0.5, 0.0).unwrap();
        assert!((without[(0, 1)] - 0.8 * 0.4 * 0.25).abs() < 1e-12);
    }
}
