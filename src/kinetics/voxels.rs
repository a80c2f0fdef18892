//! TIA voxel by voxel: a fast mono-exponential fit with a stated, counted chain of fall-backs.
//!
//! Neglected: every correlation between voxels, and uptake or second phases within a voxel unless a curve's shape is given. The chain,
//! for each voxel: (1) fitted mono-exponential, if its rate lies between the bounds and the TIA's relative uncertainty is below a limit;
//! (2) a given shape (the VOI's curve, trapezoids or a rule for one point) scaled to the voxel's points; (3) physical decay scaled to them;
//! (4) zero, where the scale is not positive. What (4) drops is summed and returned, so that a bias of the total can be seen.

use rayon::prelude::*;

use super::integrated::UnitShape;
use super::tac::check_times;
use super::voxel_mono::{MAX_TIMES, MonoGrid};
use crate::{Error, Result};

/// How a voxel's TIA was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum VoxelBranch {
    /// Mono-exponential fitted to the voxel.
    Fitted = 0,
    /// The given shape scaled to the voxel.
    Shape = 1,
    /// Physical decay scaled to the voxel.
    Physical = 2,
    /// No positive signal.
    Zero = 3,
    /// What was assumed for a refused curve, scaled to the voxel.
    Assumed = 4,
}

/// Variance of a voxel's value y at time i: floor_i^2 + gain_i max(y, 0) + (relative_i y)^2.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct VoxelNoise {
    /// Constant standard deviation (unit of the values), positive.
    pub floor: f64,
    /// Variance per value (unit of the values), as counting statistics gives; 0 or more.
    pub gain: f64,
    /// Relative standard deviation, 0 or more.
    pub relative: f64,
}

/// Settings of the voxel fit.
#[derive(Debug, Clone)]
pub struct VoxelSettings<'a> {
    /// Physical decay constant, 1/s.
    pub decay_constant_per_s: f64,
    /// Noise at each time.
    pub noise: &'a [VoxelNoise],
    /// Largest relative uncertainty of a fitted voxel's TIA; above it the chain goes on.
    pub max_relative_uncertainty: f64,
    /// Shape of the second branch.
    pub shape: Option<&'a UnitShape>,
    /// Whether that shape is an assumption in place of a refused curve.
    pub assumed: bool,
    /// Whether the first branch is tried; without it the shape alone is scaled (uptake phases, low counts).
    pub fit_mono: bool,
}

/// Voxels per branch.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct BranchCounts {
    /// [`VoxelBranch::Fitted`].
    pub fitted: usize,
    /// [`VoxelBranch::Shape`].
    pub shape: usize,
    /// [`VoxelBranch::Physical`].
    pub physical: usize,
    /// [`VoxelBranch::Zero`].
    pub zero: usize,
    /// [`VoxelBranch::Assumed`].
    pub assumed: usize,
}

/// TIA map.
#[derive(Debug, Clone)]
pub struct VoxelTia {
    /// Unit of the values times s.
    pub tia: Vec<f32>,
    /// Relative standard uncertainty (0 where the TIA is 0).
    pub relative_uncertainty: Vec<f32>,
    /// [`VoxelBranch`] of each voxel.
    pub branch: Vec<VoxelBranch>,
    /// Rate of the exponential fitted to each voxel, 1/s; 0 where none is.
    pub rate_per_s: Vec<f32>,
    /// Voxels per branch.
    pub counts: BranchCounts,
    /// Sum of the TIA over the voxels of each branch: fitted, shape, physical, assumed.
    pub tia_by_branch: [f64; 4],
    /// The negative TIA that the last branch set to zero, and would have kept the sum unbiased.
    pub dropped: f64,
    /// What of the sum lies before the first and after the last point: extrapolated. NaN where a shape does not know.
    pub extrapolated: [f64; 2],
}

/// What one voxel gives.
struct Voxel {
    tia: f64,
    relative_uncertainty: f64,
    branch: VoxelBranch,
    /// 1/s; 0 where no exponential is fitted.
    rate_per_s: f64,
    /// Before the first and after the last point.
    extrapolated: [f64; 2],
}

/// Integrates every voxel of equally long maps, one per time (s after injection).
///
/// Values that are not finite are refused; negative ones (reconstruction noise) are used as they are.
///
/// # Errors
/// If the maps, times and noise do not match in number or length, there are more than 16 times, or one without a shape to scale, a value is
/// not finite, or a setting makes no sense.
pub fn integrate_voxels(
    times_s: &[f64],
    maps: &[&[f32]],
    settings: &VoxelSettings,
) -> Result<VoxelTia> {
    check(times_s, maps, settings)?;
    let n = maps[0].len();
    let grid = MonoGrid::new(times_s, settings.decay_constant_per_s);
    let shape = settings.shape;
    const CHUNK: usize = 4096;
    let mut tia = vec![0.0_f32; n];
    let mut relative_uncertainty = vec![0.0_f32; n];
    let mut branch = vec![VoxelBranch::Zero; n];
    let mut rate_per_s = vec![0.0_f32; n];
    let chunks = tia
        .par_chunks_mut(CHUNK)
        .zip(relative_uncertainty.par_chunks_mut(CHUNK))
        .zip(branch.par_chunks_mut(CHUNK))
        .zip(rate_per_s.par_chunks_mut(CHUNK));
    let sums: Vec<([usize; 5], [f64; 5], [f64; 2])> = chunks
        .enumerate()
        .map(|(c, (((tia, relative), branch), rate))| {
            let (mut counts, mut sums, mut extrapolated) = ([0; 5], [0.0; 5], [0.0; 2]);
            let mut y = [0.0; MAX_TIMES];
            for j in 0..tia.len() {
                for (y, map) in y.iter_mut().zip(maps) {
                    *y = f64::from(map[c * CHUNK + j]);
                }
                let voxel = voxel(&y[..times_s.len()], times_s, &grid, shape, settings);
                counts[voxel.branch as usize] += 1;
                sums[voxel.branch as usize] += voxel.tia;
                branch[j] = voxel.branch;
                if voxel.branch != VoxelBranch::Zero {
                    tia[j] = voxel.tia as f32;
                    relative[j] = voxel.relative_uncertainty as f32;
                    rate[j] = voxel.rate_per_s as f32;
                    extrapolated[0] += voxel.extrapolated[0];
                    extrapolated[1] += voxel.extrapolated[1];
                }
            }
            (counts, sums, extrapolated)
        })
        .collect();
    // Chunks are added in their order: the sums do not depend on the number of threads.
    let (mut counts, mut total, mut extrapolated) = ([0; 5], [0.0; 5], [0.0; 2]);
    for (c, s, e) in sums {
        extrapolated = [extrapolated[0] + e[0], extrapolated[1] + e[1]];
        for i in 0..5 {
            counts[i] += c[i];
            total[i] += s[i];
        }
    }
    Ok(VoxelTia {
        tia,
        relative_uncertainty,
        branch,
        rate_per_s,
        counts: BranchCounts {
            fitted: counts[0],
            shape: counts[1],
            physical: counts[2],
            zero: counts[3],
            assumed: counts[4],
        },
        tia_by_branch: [total[0], total[1], total[2], total[4]],
        dropped: total[3],
        extrapolated,
    })
}

/// What of an exponential of integral `tia` and rate `k` lies outside of the times.
fn beyond(tia: f64, k: f64, times_s: &[f64]) -> [f64; 2] {
    [-tia * (-k * times_s[0]).exp_m1(), tia * (-k * times_s[times_s.len() - 1]).exp()]
}

/// The chain of one voxel.
fn voxel(
    y: &[f64],
    times_s: &[f64],
    grid: &MonoGrid,
    shape: Option<&UnitShape>,
    settings: &VoxelSettings,
) -> Voxel {
    let zero = |tia: f64| Voxel {
        tia,
        relative_uncertainty: 0.0,
        branch: VoxelBranch::Zero,
        rate_per_s: 0.0,
        extrapolated: [0.0; 2],
    };
    if y.iter().all(|v| *v == 0.0) {
        return zero(0.0);
    }
    let mut w = [0.0; MAX_TIMES];
    for ((w, y), noise) in w.iter_mut().zip(y).zip(settings.noise) {
        let variance =
            noise.floor * noise.floor + noise.gain * y.max(0.0) + (noise.relative * y).powi(2);
        *w = 1.0 / variance;
    }
    let w = &w[..y.len()];
    if settings.fit_mono
        && let Some(fit) = grid.fit(y, w)
        && fit.inside
        && fit.relative_uncertainty < settings.max_relative_uncertainty
    {
        let tia = fit.amplitude / fit.rate_per_s;
        return Voxel {
            tia,
            relative_uncertainty: fit.relative_uncertainty,
            branch: VoxelBranch::Fitted,
            rate_per_s: fit.rate_per_s,
            extrapolated: beyond(tia, fit.rate_per_s, times_s),
        };
    }
    let lambda = settings.decay_constant_per_s;
    let (tia, sd, branch) = match shape {
        Some(shape) => {
            let h = &shape.values;
            let (mut hy, mut hh) = (0.0, 0.0);
            for i in 0..y.len() {
                hy += w[i] * h[i] * y[i];
                hh += w[i] * h[i] * h[i];
            }
            let branch = if settings.assumed { VoxelBranch::Assumed } else { VoxelBranch::Shape };
            (hy / hh, 1.0 / hh.sqrt(), branch)
        }
        None => {
            let (a, sd) = grid.physical(y, w);
            (a / lambda, sd / lambda, VoxelBranch::Physical)
        }
    };
    if tia > 0.0 {
        let extrapolated = match shape {
            Some(shape) => shape.outside.map(|share| share * tia),
            None => beyond(tia, lambda, times_s),
        };
        Voxel { tia, relative_uncertainty: sd / tia, branch, rate_per_s: 0.0, extrapolated }
    } else {
        zero(tia)
    }
}

fn check(times_s: &[f64], maps: &[&[f32]], settings: &VoxelSettings) -> Result<()> {
    check_times(times_s)?;
    let n = times_s.len();
    if maps.len() != n || settings.noise.len() != n {
        return Err(Error::input(
            format!("{n} times, {} maps and {} noise models", maps.len(), settings.noise.len()),
            "each time needs its map and noise",
            "Check the list of images.",
        ));
    }
    let least = if settings.shape.is_some() && !settings.fit_mono { 1 } else { 2 };
    if !(least..=MAX_TIMES).contains(&n) {
        return Err(Error::input(
            format!("{n} time point(s) for a voxel fit"),
            format!("{least} to {MAX_TIMES} are handled"),
            "Use a single-time-point method for one map.",
        ));
    }
    if let Some(i) = maps.iter().position(|m| m.len() != maps[0].len()) {
        return Err(Error::input(
            format!("map {} has {} voxels, the first {}", i + 1, maps[i].len(), maps[0].len()),
            "all maps must lie on one grid",
            "Resample them first.",
        ));
    }
    let bad_shape = |s: &UnitShape| {
        let usable = s.values.iter().all(|h| h.is_finite() && *h >= 0.0);
        s.values.len() != n || !usable || s.values.iter().all(|h| *h == 0.0)
    };
    if let Some(shape) = settings.shape.filter(|s| bad_shape(s)) {
        return Err(Error::input(
            format!("a shape with the values {:?} at {n} times", shape.values),
            "each must be finite and not negative, one at least positive",
            "Check the points of the region's curve.",
        ));
    }
    let bad_noise = |v: &VoxelNoise| {
        let finite = [v.floor, v.gain, v.relative].iter().all(|x| x.is_finite() && *x >= 0.0);
        !finite || v.floor <= 0.0
    };
    if let Some(i) = settings.noise.iter().position(bad_noise) {
        return Err(Error::input(
            format!("noise of map {}: {:?}", i + 1, settings.noise[i]),
            "the floor must be positive, gain and relative part not negative",
            "Estimate the floor from the background of the image.",
        ));
    }
    let lambda = settings.decay_constant_per_s;
    if !(lambda > 0.0 && lambda.is_finite() && settings.max_relative_uncertainty > 0.0) {
        return Err(Error::input(
            format!(
                "decay constant {lambda} 1/s, largest relative uncertainty {}",
                settings.max_relative_uncertainty
            ),
            "both must be positive",
            "Give the half-life of the nuclide.",
        ));
    }
    let broken = maps
        .par_iter()
        .enumerate()
        .find_map_first(|(i, map)| map.iter().position(|v| !v.is_finite()).map(|at| (i, at)));
    if let Some((i, at)) = broken {
        return Err(Error::input(
            format!("map {} has value {} in voxel {at}", i + 1, maps[i][at]),
            "values must be finite",
            "Check the image.",
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::{Curve, Family};
    use super::*;

    const LAMBDA: f64 = 1.2e-6;
    const TIMES: [f64; 4] = [14_400.0, 86_400.0, 259_200.0, 604_800.0];
    const NOISE: [VoxelNoise; 4] = [VoxelNoise { floor: 0.1, gain: 0.0, relative: 0.05 }; 4];

    fn settings() -> VoxelSettings<'static> {
        VoxelSettings {
            decay_constant_per_s: LAMBDA,
            noise: &NOISE,
            max_relative_uncertainty: 0.5,
            shape: None,
            assumed: false,
            fit_mono: true,
        }
    }

    fn maps(voxels: &[[f64; 4]]) -> Vec<Vec<f32>> {
        (0..4).map(|i| voxels.iter().map(|v| v[i] as f32).collect()).collect()
    }

    fn run(voxels: &[[f64; 4]], settings: &VoxelSettings) -> VoxelTia {
        let maps = maps(voxels);
        let slices: Vec<&[f32]> = maps.iter().map(Vec::as_slice).collect();
        integrate_voxels(&TIMES, &slices, settings).unwrap()
    }

    #[test]
    fn each_branch_is_reached_and_counted() {
        let clear = TIMES.map(|t| 50.0 * (-4e-6 * t).exp());
        let rising = [10.0, 20.0, 30.0, 40.0];
        let noise = [-0.1, 0.05, -0.2, 0.01];
        let result = run(&[clear, rising, noise, [0.0; 4]], &settings());
        assert_eq!(
            result.branch,
            [VoxelBranch::Fitted, VoxelBranch::Physical, VoxelBranch::Zero, VoxelBranch::Zero]
        );
        assert_eq!(
            result.counts,
            BranchCounts { fitted: 1, physical: 1, zero: 2, ..BranchCounts::default() }
        );
        assert!((f64::from(result.tia[0]) / (50.0 / 4e-6) - 1.0).abs() < 1e-5);
        assert!(result.dropped < 0.0 && result.tia[2] == 0.0);
        assert!((result.tia_by_branch[0] / f64::from(result.tia[0]) - 1.0).abs() < 1e-6);
        // Both exponentials by their closed forms.
        let physical = f64::from(result.tia[1]);
        let before = 50.0 / 4e-6 * (1.0 - (-4e-6 * TIMES[0]).exp())
            + physical * (1.0 - (-LAMBDA * TIMES[0]).exp());
        let after = 50.0 / 4e-6 * (-4e-6 * TIMES[3]).exp() + physical * (-LAMBDA * TIMES[3]).exp();
        assert!((result.extrapolated[0] / before - 1.0).abs() < 1e-5);
        assert!((result.extrapolated[1] / after - 1.0).abs() < 1e-5);
    }

    #[test]
    fn a_shape_replaces_what_cannot_be_fitted() {
        let curve =
            Curve::new(Family::MonoUptake, LAMBDA, &[30.0, (2e-6_f64).ln(), (3e-5_f64).ln()]);
        let part = |from, to| curve.integral(from, to) / curve.tia();
        let shape = UnitShape {
            values: TIMES.iter().map(|t| curve.value_per_tia(*t)).collect(),
            outside: [part(0.0, TIMES[0]), part(TIMES[3], f64::INFINITY)],
        };
        let with = VoxelSettings { shape: Some(&shape), fit_mono: false, ..settings() };
        let voxel = TIMES.map(|t| 1e-11 * curve.value(t));
        let result = run(&[voxel], &with);
        assert_eq!(result.counts.shape, 1);
        assert!((f64::from(result.tia[0]) / (1e-11 * curve.tia()) - 1.0).abs() < 1e-5);
        let after = 1e-11 * curve.integral(TIMES[3], f64::INFINITY);
        assert!((result.extrapolated[1] / after - 1.0).abs() < 1e-5);
        // The same in place of a refused curve, and from one time alone.
        let assumed = run(&[voxel], &VoxelSettings { assumed: true, ..with.clone() });
        assert_eq!((assumed.branch[0], assumed.counts.assumed), (VoxelBranch::Assumed, 1));
        assert_eq!(
            (assumed.tia[0], assumed.tia_by_branch[3]),
            (result.tia[0], result.tia_by_branch[1])
        );
        let one = UnitShape { values: vec![2e-6], outside: [f64::NAN; 2] };
        let one = VoxelSettings { shape: Some(&one), noise: &NOISE[..1], ..with };
        let found = integrate_voxels(&TIMES[..1], &[&[6.0, -1.0, 0.0]], &one).unwrap();
        assert_eq!(found.branch, [VoxelBranch::Shape, VoxelBranch::Zero, VoxelBranch::Zero]);
        assert!((found.tia[0] / 3e6 - 1.0).abs() < 1e-6 && found.dropped < 0.0);
        assert!(found.extrapolated[0].is_nan());
    }

    #[test]
    fn bad_maps_are_refused() {
        let good = maps(&[[1.0; 4], [2.0; 4]]);
        let slices: Vec<&[f32]> = good.iter().map(Vec::as_slice).collect();
        let refused = |times: &[f64], slices: &[&[f32]], s: &VoxelSettings| {
            integrate_voxels(times, slices, s).is_err()
        };
        assert!(!refused(&TIMES, &slices, &settings()));
        assert!(refused(&TIMES[..3], &slices, &settings()));
        let nothing = UnitShape { values: vec![0.0; 4], outside: [0.0; 2] };
        assert!(refused(&TIMES, &slices, &VoxelSettings { shape: Some(&nothing), ..settings() }));
        assert!(refused(&[4.0, 3.0, 5.0, 6.0], &slices, &settings()));
        let short = [slices[0], slices[1], slices[2], &slices[3][..1]];
        assert!(refused(&TIMES, &short, &settings()));
        let nan = [f32::NAN, 1.0];
        assert!(refused(&TIMES, &[slices[0], slices[1], slices[2], &nan], &settings()));
        let silent = [VoxelNoise { floor: 0.0, gain: 0.0, relative: 0.1 }; 4];
        assert!(refused(&TIMES, &slices, &VoxelSettings { noise: &silent, ..settings() }));
        assert!(refused(
            &TIMES,
            &slices,
            &VoxelSettings { decay_constant_per_s: 0.0, ..settings() }
        ));
    }
}
