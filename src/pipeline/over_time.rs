//! The time integral of maps and of VOIs: the same for activities (Bq to Bq s) and dose rates (Gy/s to Gy).
//!
//! A region is a VOI or all that is outside of them. Its curve is fitted from its values at the times; a voxel is fitted by itself or, where
//! that fails or VOIs are wanted, by the curve of its region scaled to it.

use std::collections::BTreeMap;

use super::series_file::{Integrate, SeriesInput};
use crate::error::{Error, Result};
use crate::kinetics::voxels::{Branch, BranchCounts, VoxelNoise, VoxelSettings, integrate_voxels};
use crate::kinetics::{CommonScale, Curve, Family, Fit, Selection, Tac, Tia, fit, hybrid, select};

/// How one region changes with time.
#[derive(Debug, Clone)]
pub struct RegionCurve {
    /// Its points.
    pub tac: Tac,
    /// What was chosen and from what.
    pub selection: Selection,
    /// Its integral.
    pub tia: Tia,
}

/// Everything but the values.
pub struct OverTime<'a> {
    /// After injection, s.
    pub times_s: &'a [f64],
    /// Physical decay constant, 1/s.
    pub decay_constant_per_s: f64,
    /// Models and noise.
    pub input: &'a SeriesInput,
}

/// Integrated maps.
#[derive(Debug, Clone)]
pub struct IntegratedMap {
    /// Values times s.
    pub integral: Vec<f32>,
    /// Of the fit, relative.
    pub relative_uncertainty: Vec<f32>,
    /// [`Branch`] of each voxel.
    pub branch: Vec<u8>,
    /// Voxels per branch.
    pub counts: BranchCounts,
    /// Integral per branch: fitted, shape, physical.
    pub by_branch: [f64; 3],
    /// Negative integral that was set to zero.
    pub dropped: f64,
    /// Shares of the whole before the first and after the last time.
    pub extrapolated: [f64; 2],
}

impl OverTime<'_> {
    /// The curve of a region from its values; `None` where it is empty at a time, which is then left out.
    ///
    /// # Errors
    /// With the reason why nothing can be fitted.
    pub fn curve(&self, values: &[Option<f64>]) -> Result<RegionCurve> {
        let known: Vec<(f64, f64)> =
            self.times_s.iter().zip(values).filter_map(|(t, v)| Some((*t, (*v)?))).collect();
        let (times, values): (Vec<f64>, Vec<f64>) = known.into_iter().unzip();
        let tac = self.tac(&times, &values)?;
        let selection = select(&tac, &self.input.families, self.decay_constant_per_s, true)?;
        let tia = selection.tia(&tac);
        Ok(RegionCurve { tac, selection, tia })
    }

    fn tac(&self, times_s: &[f64], values: &[f64]) -> Result<Tac> {
        let common = CommonScale::new(self.input.common_uncertainty)?;
        let relative = self.input.relative_uncertainty;
        let u: Vec<f64> = values.iter().map(|v| relative * v).collect();
        let tac = Tac::new(times_s, values, &u)?;
        Ok(tac.with_common_scale(common))
    }

    /// Integrates maps voxel by voxel; `labels` may be empty, `shapes[r]` is the curve of region `r`.
    ///
    /// # Errors
    /// As [`integrate_voxels`].
    pub fn maps(
        &self,
        maps: &[Vec<f32>],
        labels: &[u16],
        shapes: &[Option<Curve>],
    ) -> Result<IntegratedMap> {
        let voxels = maps.first().map_or(0, Vec::len);
        let mut out = IntegratedMap {
            integral: vec![0.0; voxels],
            relative_uncertainty: vec![0.0; voxels],
            branch: vec![Branch::Zero as u8; voxels],
            counts: BranchCounts::default(),
            by_branch: [0.0; 3],
            dropped: 0.0,
            extrapolated: [0.0; 2],
        };
        let mut members: BTreeMap<u16, Vec<usize>> = BTreeMap::new();
        for v in 0..voxels {
            members.entry(labels.get(v).copied().unwrap_or(0)).or_default().push(v);
        }
        for (region, of_region) in members {
            let shape = shapes.get(usize::from(region)).and_then(Option::as_ref);
            let own: Vec<Vec<f32>> =
                maps.iter().map(|m| of_region.iter().map(|v| m[*v]).collect()).collect();
            let noise = self.noise(&own);
            // One exponential cannot follow a voxel whose region has two phases.
            let one_phase =
                shape.is_none_or(|c| matches!(c.family(), Family::Mono | Family::Physical));
            let settings = VoxelSettings {
                decay_constant_per_s: self.decay_constant_per_s,
                noise: &noise,
                max_relative_uncertainty: self.input.max_voxel_uncertainty,
                shape,
                fit_mono: shape.is_none()
                    || (one_phase && self.input.integrate == Integrate::Voxel),
            };
            let slices: Vec<&[f32]> = own.iter().map(Vec::as_slice).collect();
            let found = integrate_voxels(self.times_s, &slices, &settings)?;
            for (j, v) in of_region.into_iter().enumerate() {
                out.integral[v] = found.tia[j];
                out.relative_uncertainty[v] = found.relative_uncertainty[j];
                out.branch[v] = found.branch[j] as u8;
            }
            out.counts.fitted += found.counts.fitted;
            out.counts.shape += found.counts.shape;
            out.counts.physical += found.counts.physical;
            out.counts.zero += found.counts.zero;
            for (sum, part) in out.by_branch.iter_mut().zip(found.tia_by_branch) {
                *sum += part;
            }
            out.dropped += found.dropped;
            out.extrapolated[0] += found.extrapolated[0];
            out.extrapolated[1] += found.extrapolated[1];
        }
        let whole: f64 = out.by_branch.iter().sum();
        out.extrapolated = out.extrapolated.map(|e| e / whole.max(f64::MIN_POSITIVE));
        Ok(out)
    }

    /// The noise of a region's voxels at each time: one standard deviation for all of them, so that weights know nothing of a voxel's own
    /// noise; the scaled shapes then add up to the region's integral.
    fn noise(&self, maps: &[Vec<f32>]) -> Vec<VoxelNoise> {
        let mean = |m: &Vec<f32>| {
            m.iter().map(|v| f64::from(*v)).sum::<f64>().max(0.0) / m.len().max(1) as f64
        };
        let means: Vec<f64> = maps.iter().map(mean).collect();
        let brightest = means.iter().copied().fold(1e-30, f64::max);
        means
            .iter()
            .map(|m| VoxelNoise {
                // A time without any signal weighs least, as one of a millionth of the brightest.
                floor: self.input.voxel_noise * (m.max(1e-6 * brightest) * brightest).sqrt(),
                gain: 0.0,
                relative: 0.0,
            })
            .collect()
    }

    /// Relative standard error of a region's integral from the covariance of its values, such as that of the transport: elasticities
    /// e_i = d ln I / d ln y_i by central differences of fits of the chosen family; var(ln I) = sum e_i e_j cov_ij / (y_i y_j).
    ///
    /// # Errors
    /// If a fit fails.
    pub fn propagate(
        &self,
        curve: &RegionCurve,
        covariance: impl Fn(usize, usize) -> f64,
    ) -> Result<f64> {
        const STEP: f64 = 1e-3;
        let (tac, family) = (&curve.tac, curve.selection.fit().family());
        let integral = |i: usize, sign: f64| -> Result<f64> {
            let mut values = tac.values().to_vec();
            values[i] *= 1.0 + sign * STEP;
            let moved = Tac::new(tac.times_s(), &values, tac.uncertainties())?;
            Ok(fit(&moved, family, self.decay_constant_per_s)?.curve.tia())
        };
        let elasticity: Vec<f64> = (0..tac.len())
            .map(|i| Ok((integral(i, 1.0)? / integral(i, -1.0)?).ln() / (2.0 * STEP)))
            .collect::<Result<_>>()?;
        let y = tac.values();
        let mut variance = 0.0;
        for i in 0..tac.len() {
            for j in 0..tac.len() {
                variance += elasticity[i] * elasticity[j] * covariance(i, j) / (y[i] * y[j]);
            }
        }
        Ok(variance.max(0.0).sqrt())
    }

    /// Integral over value of one acquisition by the shape of a planar curve; the fit of that curve comes with it.
    ///
    /// # Errors
    /// If there is no planar curve, or it cannot be fitted.
    pub fn by_planar_curve(&self, value: f64) -> Result<(Tia, Fit)> {
        let Some(planar) = &self.input.planar else {
            return Err(Error::usage("no planar curve", "its shape is needed", "Give [planar]."));
        };
        let tac = match planar.relative_uncertainty {
            None => Tac::with_equal_relative_weights(&planar.times_s, &planar.counts)?,
            Some(r) => {
                let u: Vec<f64> = planar.counts.iter().map(|c| r * c).collect();
                Tac::new(&planar.times_s, &planar.counts, &u)?
            }
        };
        let chosen = select(&tac, &self.input.families, self.decay_constant_per_s, true)?;
        let u = value * self.input.relative_uncertainty.hypot(self.input.common_uncertainty);
        let spect =
            crate::kinetics::single_time_point::Measurement::new(self.times_s[0], value, u)?;
        Ok((hybrid::hybrid(&tac, chosen.fit(), spect)?, chosen.fit().clone()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::PathBuf;

    const TIMES: [f64; 4] = [14_400.0, 86_400.0, 259_200.0, 604_800.0];
    const LAMBDA: f64 = 1.2e-6;

    fn input(integrate: Integrate) -> SeriesInput {
        SeriesInput {
            path: PathBuf::new(),
            administered: None,
            points: Vec::new(),
            integrate,
            families: Family::ALL.to_vec(),
            relative_uncertainty: 0.05,
            common_uncertainty: 0.0,
            voxel_noise: 0.2,
            max_voxel_uncertainty: 0.5,
            recovery: BTreeMap::new(),
            planar: None,
        }
    }

    fn over(input: &SeriesInput) -> OverTime<'_> {
        OverTime { times_s: &TIMES, decay_constant_per_s: LAMBDA, input }
    }

    /// What all times share passes to the integral undiminished; what they do not averages out by the elasticities of one exponential.
    #[test]
    fn covariances_pass_through_the_fit() {
        let input = input(Integrate::Voxel);
        let over = over(&input);
        let y = TIMES.map(|t| Some(3.0 * (-4e-6 * t).exp()));
        let curve = over.curve(&y).unwrap();
        assert_eq!(curve.selection.fit().family(), Family::Mono);
        let v = curve.tac.values().to_vec();
        let common = over.propagate(&curve, |i, j| 1e-4 * v[i] * v[j]).unwrap();
        assert!((common - 0.01).abs() < 1e-5, "{common}");
        // With equal relative weights ln y is a straight line in t: ln I = ln A - ln k, and the covariance of regression.
        let own = over.propagate(&curve, |i, j| if i == j { 1e-4 * v[i] * v[i] } else { 0.0 });
        let s = |m: i32| TIMES.iter().map(|t| t.powi(m)).sum::<f64>();
        let det = s(0) * s(2) - s(1) * s(1);
        let k = 4e-6;
        let expected = 0.01 * ((s(2) - 2.0 * s(1) / k + s(0) / (k * k)) / det).sqrt();
        let own = own.unwrap();
        assert!((own / expected - 1.0).abs() < 1e-3, "{own} {expected}");
    }

    /// Voxels that share the curve of their region add up to its integral, whatever their noise.
    #[test]
    fn scaled_voxels_add_up_to_the_region() {
        let input = input(Integrate::Voi);
        let over = over(&input);
        let truth = |t: f64| 8.0 * (-3e-6 * t).exp();
        // Noise of alternating sign, as large as the values.
        let maps: Vec<Vec<f32>> = TIMES
            .iter()
            .map(|t| {
                (0..100)
                    .map(|v| (truth(*t) * (1.0 + if v % 2 == 0 { 0.9 } else { -0.9 })) as f32)
                    .collect()
            })
            .collect();
        let sums: Vec<Option<f64>> =
            maps.iter().map(|m| Some(m.iter().map(|v| f64::from(*v)).sum())).collect();
        let curve = over.curve(&sums).unwrap();
        let shape = curve.selection.fit().curve.clone();
        let map = over.maps(&maps, &[], &[Some(shape)]).unwrap();
        assert_eq!(map.counts.shape, 100);
        let total: f64 = map.by_branch.iter().sum();
        assert!((total / curve.tia.value - 1.0).abs() < 1e-6);
        assert!((total / (800.0 / 3e-6) - 1.0).abs() < 1e-4);
        assert!((map.extrapolated[1] - (-3e-6 * TIMES[3]).exp()).abs() < 1e-4);
    }

    #[test]
    fn an_empty_time_is_left_out_and_two_rising_points_refused() {
        let input = input(Integrate::Voxel);
        let over = over(&input);
        let y = [Some(4.0), None, Some(2.0), Some(0.8)];
        assert_eq!(over.curve(&y).unwrap().tac.times_s(), [TIMES[0], TIMES[2], TIMES[3]]);
        assert!(over.curve(&[Some(1.0), Some(2.0), None, None]).is_err());
    }
}
