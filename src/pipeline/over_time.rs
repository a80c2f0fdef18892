//! The time integral of maps and of VOIs: the same for activities (Bq to Bq s) and dose rates (Gy/s to Gy).
//!
//! A region is a VOI or all that is outside of them. Its curve is integrated from its values at the times by its method; a voxel is fitted by
//! itself or, where that fails, the region's curve is no single exponential or VOIs are wanted, takes the shape of its region scaled to it. A
//! region whose curve is refused takes what is assumed in its place (`kinetics::assumed`), and so do its voxels.

use std::collections::BTreeMap;

use super::method_file::RegionMethod;
use super::series_file::{Integrate, SeriesInput};
use crate::error::{Error, Result};
use crate::kinetics::single_time_point::Measurement;
use crate::kinetics::voxels::{
    BranchCounts, VoxelBranch, VoxelNoise, VoxelSettings, integrate_voxels,
};
use crate::kinetics::{
    Family, Integrated, Method, Points, Spread, UnitShape, integrate_or_assume, integrate_points,
};
use crate::units::SECONDS_PER_HOUR;

/// A region's curve, or why it has none: no activity at any time, no voxel.
pub type RegionCurve = std::result::Result<Integrated, String>;

/// What voxels take from their region.
#[derive(Debug, Clone, PartialEq)]
pub struct RegionShape {
    /// The curve per unit of its integral.
    pub unit: UnitShape,
    /// Whether a voxel is first fitted by itself.
    pub fit_mono: bool,
    /// Whether the shape is an assumption in place of a refused curve.
    pub assumed: bool,
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
    /// [`VoxelBranch`] of each voxel.
    pub branch: Vec<u8>,
    /// Half-life of the exponential fitted to each voxel, s; NaN where its region's curve or another rule was scaled to it.
    pub half_life_s: Vec<f32>,
    /// Voxels per branch.
    pub counts: BranchCounts,
    /// Integral per branch: fitted, shape, physical, assumed.
    pub by_branch: [f64; 4],
    /// Negative integral that was set to zero.
    pub dropped: f64,
    /// Shares of the whole before the first and after the last time; NaN where not known.
    pub extrapolated: [f64; 2],
}

/// End of the name of a map of half-lives.
pub const HALF_LIFE: &str = "_half_life";

impl IntegratedMap {
    /// The fitted half-lives, h; none where no voxel was fitted by itself.
    pub fn half_lives_h(&self) -> Option<Vec<f32>> {
        let hours = |s: &f32| (f64::from(*s) / SECONDS_PER_HOUR) as f32;
        (self.counts.fitted > 0).then(|| self.half_life_s.iter().map(hours).collect())
    }
}

/// Noise of a time at which a region has no signal, in units of its brightest mean.
const NOTHING_TOLD: f64 = 1e9;

impl OverTime<'_> {
    /// The curve of a region from its values by its method; a time at which it is empty (`None`) is left out. A curve that is refused comes
    /// as what is assumed, with its refusal.
    ///
    /// `own` is the relative uncertainty of each time's value, where it is not the one stated for all.
    pub fn curve(
        &self,
        method: &RegionMethod,
        values: &[Option<f64>],
        own: Option<&[f64]>,
    ) -> RegionCurve {
        if values.iter().all(Option::is_none) {
            return Err("no voxel at any time".into());
        }
        if values.iter().flatten().all(|v| *v == 0.0) {
            return Err("no activity at any time".into());
        }
        self.integrated(method, values, own).map_err(|e| e.to_string())
    }

    fn integrated(
        &self,
        method: &RegionMethod,
        values: &[Option<f64>],
        own: Option<&[f64]>,
    ) -> Result<Integrated> {
        // What was measured cannot be nothing between times at which there is something: the region is outside of that image.
        let empty = |t: usize| values[t].is_some_and(|v| v == 0.0);
        let used = |t: usize| method.time_point.is_none_or(|n| n == t) && !empty(t);
        let known: Vec<(usize, f64)> =
            (0..values.len()).filter(|t| used(*t)).filter_map(|t| Some((t, values[t]?))).collect();
        let spread = match own {
            None => Spread::Relative(self.input.relative_uncertainty),
            Some(own) => Spread::Relatives(known.iter().map(|(t, _)| own[*t]).collect()),
        };
        let points = Points {
            times_s: known.iter().map(|(t, _)| self.times_s[*t]).collect(),
            values: known.iter().map(|(_, v)| *v).collect(),
            spread,
            common: self.input.common_uncertainty,
        };
        let lambda = self.decay_constant_per_s;
        let choice = method.choice.build(std::f64::consts::LN_2 / lambda)?;
        let mut found = integrate_or_assume(&points, &choice, lambda)?;
        let left_out: Vec<String> = (0..values.len())
            .filter(|t| empty(*t))
            .map(|t| crate::time::hours_text(self.times_s[t]))
            .collect();
        if !left_out.is_empty() {
            found.tia.warnings.push(format!(
                "no activity at {}: outside of that image's field of view, or nothing was measured; the time is left out",
                left_out.join(", ")
            ));
        }
        Ok(found)
    }

    /// What the voxels of a region take from its curve.
    pub fn shape(&self, curve: &RegionCurve) -> Option<RegionShape> {
        let curve = curve.as_ref().ok()?;
        // One exponential cannot follow a voxel whose region has two phases, nor is it what a stated method means.
        let one_phase = |f: Family| matches!(f, Family::Mono | Family::Physical);
        let family = curve.fit().map(|f| f.family());
        let own = match &curve.method {
            Method::Auto(families) => {
                families[..] != [Family::Physical] && family.is_some_and(one_phase)
            }
            Method::Family(family) => *family == Family::Mono,
            _ => false,
        };
        let assumed = curve.refusal.is_some();
        let fit_mono =
            own && !assumed && self.times_s.len() > 1 && self.input.integrate == Integrate::Voxel;
        Some(RegionShape { unit: curve.unit_shape(self.times_s), fit_mono, assumed })
    }

    /// Integrates maps voxel by voxel; `labels` may be empty, `shapes[r]` is that of region `r`. A region without a shape has no activity, and
    /// its voxels none.
    ///
    /// # Errors
    /// As [`integrate_voxels`].
    pub fn maps(
        &self,
        maps: &[Vec<f32>],
        labels: &[u16],
        shapes: &[Option<RegionShape>],
    ) -> Result<IntegratedMap> {
        let voxels = maps.first().map_or(0, Vec::len);
        let mut out = IntegratedMap {
            integral: vec![0.0; voxels],
            relative_uncertainty: vec![0.0; voxels],
            branch: vec![VoxelBranch::Zero as u8; voxels],
            half_life_s: vec![f32::NAN; voxels],
            counts: BranchCounts::default(),
            by_branch: [0.0; 4],
            dropped: 0.0,
            extrapolated: [0.0; 2],
        };
        let mut members: BTreeMap<u16, Vec<usize>> = BTreeMap::new();
        for v in 0..voxels {
            members.entry(labels.get(v).copied().unwrap_or(0)).or_default().push(v);
        }
        for (region, of_region) in members {
            let Some(shape) = shapes.get(usize::from(region)).and_then(Option::as_ref) else {
                out.counts.zero += of_region.len();
                continue;
            };
            let own: Vec<Vec<f32>> =
                maps.iter().map(|m| of_region.iter().map(|v| m[*v]).collect()).collect();
            let noise = self.noise(&own);
            let settings = VoxelSettings {
                decay_constant_per_s: self.decay_constant_per_s,
                noise: &noise,
                max_relative_uncertainty: self.input.max_voxel_uncertainty,
                shape: Some(&shape.unit),
                assumed: shape.assumed,
                fit_mono: shape.fit_mono,
            };
            let slices: Vec<&[f32]> = own.iter().map(Vec::as_slice).collect();
            let found = integrate_voxels(self.times_s, &slices, &settings)?;
            for (j, v) in of_region.into_iter().enumerate() {
                out.integral[v] = found.tia[j];
                out.relative_uncertainty[v] = found.relative_uncertainty[j];
                out.branch[v] = found.branch[j] as u8;
                if found.branch[j] == VoxelBranch::Fitted {
                    out.half_life_s[v] = std::f32::consts::LN_2 / found.rate_per_s[j];
                }
            }
            out.counts.fitted += found.counts.fitted;
            out.counts.shape += found.counts.shape;
            out.counts.physical += found.counts.physical;
            out.counts.zero += found.counts.zero;
            out.counts.assumed += found.counts.assumed;
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
                // A time without any signal tells nothing.
                floor: match *m > 0.0 {
                    true => self.input.voxel_noise * (m.max(1e-6 * brightest) * brightest).sqrt(),
                    false => NOTHING_TOLD * brightest,
                },
                gain: 0.0,
                relative: 0.0,
            })
            .collect()
    }

    /// Relative standard error of a region's integral from the covariance of its values, such as that of the transport: elasticities
    /// e_i = d ln I / d ln y_i by central differences of the same rule; var(ln I) = sum e_i e_j cov_ij / (y_i y_j).
    ///
    /// # Errors
    /// If a moved point cannot be integrated.
    pub fn propagate(
        &self,
        curve: &Integrated,
        covariance: impl Fn(usize, usize) -> f64,
    ) -> Result<f64> {
        const STEP: f64 = 1e-3;
        let y = curve.tac.values();
        let integral = |i: usize, sign: f64| -> Result<f64> {
            let mut values = y.to_vec();
            values[i] *= 1.0 + sign * STEP;
            curve.integral_of(&values)
        };
        let elasticity: Vec<f64> = (0..y.len())
            .map(|i| Ok((integral(i, 1.0)? / integral(i, -1.0)?).ln() / (2.0 * STEP)))
            .collect::<Result<_>>()?;
        let mut variance = 0.0;
        // A value of 0 has the elasticity 0.
        let ratio = |i: usize, j: usize| match y[i] * y[j] {
            0.0 => 0.0,
            product => covariance(i, j) / product,
        };
        for i in 0..y.len() {
            for j in 0..y.len() {
                variance += elasticity[i] * elasticity[j] * ratio(i, j);
            }
        }
        Ok(variance.max(0.0).sqrt())
    }

    /// Integral over value of one acquisition by the shape of a planar curve, as that curve scaled to the value.
    ///
    /// # Errors
    /// If there is no planar curve, or it cannot be fitted.
    pub fn by_planar_curve(&self, value: f64) -> Result<Integrated> {
        let Some(planar) = &self.input.planar else {
            return Err(Error::usage("no planar curve", "its shape is needed", "Give [planar]."));
        };
        let lambda = self.decay_constant_per_s;
        let points = Points {
            times_s: planar.times_s.clone(),
            values: planar.of_their_times(self.input, lambda)?,
            spread: planar.relative_uncertainty.map_or(Spread::Unknown, Spread::Relative),
            common: 0.0,
        };
        let method = self.input.methods.default.choice.build(std::f64::consts::LN_2 / lambda)?;
        let mut found = integrate_points(&points, &method, lambda)?;
        let u = value * self.input.relative_uncertainty.hypot(self.input.common_uncertainty);
        found.scale_to(Measurement::new(self.times_s[0], value, u)?)?;
        Ok(found)
    }
}

#[cfg(test)]
mod tests {
    use super::super::method_file::Methods;
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
            methods: Methods::default(),
            relative_uncertainty: 0.05,
            common_uncertainty: 0.0,
            voxel_noise: 0.2,
            max_voxel_uncertainty: 0.5,
            quantification: Default::default(),
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
        let curve = over.curve(&auto(), &y, None).unwrap();
        assert_eq!(curve.name(), "mono");
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

    /// A region that lies outside of one image has nothing there: that time is left out of its curve and of its voxels, and said.
    #[test]
    fn a_time_without_anything_is_left_out() {
        for integrate in [Integrate::Voi, Integrate::Voxel] {
            let input = input(integrate);
            let over = over(&input);
            let truth = |t: f64| 8.0 * (-3e-6 * t).exp();
            for outside in 1..TIMES.len() {
                let value = |n: usize| if n == outside { 0.0 } else { truth(TIMES[n]) };
                let maps: Vec<Vec<f32>> = (0..4).map(|n| vec![value(n) as f32; 50]).collect();
                let sums: Vec<Option<f64>> = (0..4).map(|n| Some(50.0 * value(n))).collect();
                let curve = over.curve(&auto(), &sums, None);
                let map = over.maps(&maps, &[], &[over.shape(&curve)]).unwrap();
                let curve = curve.unwrap();
                let whole = 50.0 * 8.0 / 3e-6;
                let total: f64 = map.by_branch.iter().sum();
                assert!(
                    (curve.tia.value / whole - 1.0).abs() < 1e-4,
                    "{outside}: {}",
                    curve.tia.value
                );
                assert!(
                    (total / whole - 1.0).abs() < 1e-3,
                    "{integrate:?} {outside}: {}",
                    total / whole
                );
                let told = |w: &String| w.contains("field of view");
                assert!(curve.tia.warnings.iter().any(told), "{:?}", curve.tia.warnings);
            }
        }
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
        let curve = over.curve(&auto(), &sums, None);
        let map = over.maps(&maps, &[], &[over.shape(&curve)]).unwrap();
        let curve = curve.unwrap();
        assert_eq!(map.counts.shape, 100);
        let total: f64 = map.by_branch.iter().sum();
        assert!((total / curve.tia.value - 1.0).abs() < 1e-6);
        assert!((total / (800.0 / 3e-6) - 1.0).abs() < 1e-4);
        assert!((map.extrapolated[1] - (-3e-6 * TIMES[3]).exp()).abs() < 1e-4);
    }

    fn auto() -> RegionMethod {
        RegionMethod::default()
    }

    #[test]
    fn an_empty_time_is_left_out_and_nothing_has_no_curve() {
        let input = input(Integrate::Voxel);
        let over = over(&input);
        let y = [Some(4.0), None, Some(2.0), Some(0.8)];
        let curve = over.curve(&auto(), &y, None).unwrap();
        assert_eq!(curve.tac.times_s(), [TIMES[0], TIMES[2], TIMES[3]]);
        assert_eq!(over.curve(&auto(), &[None; 4], None).unwrap_err(), "no voxel at any time");
        assert_eq!(
            over.curve(&auto(), &[Some(0.0); 4], None).unwrap_err(),
            "no activity at any time"
        );
    }

    /// A region that rises: its voxels add up to the trapezoids with a physical tail, and their branch says that it is assumed.
    #[test]
    fn voxels_of_a_rising_region_follow_the_assumption() {
        let input = input(Integrate::Voxel);
        let over = over(&input);
        let rise = [1.0, 1.8, 2.4, 2.6];
        let maps: Vec<Vec<f32>> = rise
            .iter()
            .map(|r| (0..10).map(|v| (r * (1.0 + f64::from(v))) as f32).collect())
            .collect();
        let sums: Vec<Option<f64>> = rise.iter().map(|r| Some(55.0 * r)).collect();
        let curve = over.curve(&auto(), &sums, None);
        let map = over.maps(&maps, &[], &[over.shape(&curve)]).unwrap();
        assert!(map.branch.iter().all(|b| *b == VoxelBranch::Assumed as u8));
        let between: f64 =
            (1..4).map(|i| 0.5 * (rise[i] + rise[i - 1]) * (TIMES[i] - TIMES[i - 1])).sum();
        let value = 55.0 * (0.5 * TIMES[0] + between + 2.6 / LAMBDA);
        assert!((map.by_branch[3] / value - 1.0).abs() < 1e-6);
        let curve = curve.unwrap();
        assert!((curve.tia.value / value - 1.0).abs() < 1e-12);
        let own = over.propagate(&curve, |i, j| 1e-4 * 55.0 * 55.0 * rise[i] * rise[j]).unwrap();
        // The difference of second order of the step of 1e-3.
        assert!((own - 0.01).abs() < 1e-8, "{own}");
    }

    /// A method of one point takes its own time alone; a stated family is not fitted to each voxel anew where it is physical decay.
    #[test]
    fn voxels_follow_the_method_of_their_region() {
        let input = input(Integrate::Voxel);
        let over = over(&input);
        let with = |name: &str, time_point| RegionMethod {
            choice: crate::kinetics::Choice { name: name.parse().unwrap(), ..Default::default() },
            time_point,
        };
        let y = TIMES.map(|t| Some(3.0 * (-4e-6 * t).exp()));
        let maps: Vec<Vec<f32>> = y.iter().map(|v| vec![v.unwrap() as f32; 4]).collect();
        let haenscheid = over.curve(&with("haenscheid", Some(2)), &y, None);
        let map = over.maps(&maps, &[], &[over.shape(&haenscheid)]).unwrap();
        let value = 2.0 * TIMES[2] / std::f64::consts::LN_2 * y[2].unwrap();
        assert_eq!(map.counts.shape, 4);
        assert!((f64::from(map.integral[0]) / value - 1.0).abs() < 1e-6);
        for (name, fitted) in
            [("physical", false), ("mono", true), ("auto", true), ("average", false)]
        {
            let curve = over.curve(&with(name, None), &y, None);
            let shape = over.shape(&curve).unwrap();
            assert_eq!(shape.fit_mono, fitted, "{name}");
            let h = shape.unit.values.clone();
            let map = over.maps(&maps, &[], &[Some(shape)]).unwrap();
            let total: f64 = map.by_branch.iter().sum();
            // A shape is scaled by least squares with weights 1/y: sum h / sum h^2/y, for an integral of 1.
            let points = || h.iter().zip(y.iter().flatten());
            let scale = h.iter().sum::<f64>() / points().map(|(h, y)| h * h / y).sum::<f64>();
            let whole = 4.0 * if fitted { curve.unwrap().tia.value } else { scale };
            assert!((total / whole - 1.0).abs() < 1e-4, "{name} {total} {whole}");
        }
    }
}
