//! Activities of the VOIs of each acquisition without partial-volume effect, by a transfer matrix on the image's own grid. Takes activity as even
//! within each VOI and within the rest of the body, none outside of the body, one Gaussian resolution for all times, and contours as exact.
//!
//! The rest of the body is what the CT shows as matter (above the limit of low density) outside of all VOIs: it is the last region of the
//! matrix. Seen activities y become A = W^-1 y; their covariance is that of the noise stated for them (a share of each) through W^-1, and the
//! resolution's, which all times share.

use nalgebra::{DMatrix, DVector};

use super::recovery::RegionRecovery;
use crate::activity::{ActivityMap, TransferMatrix, Unblurred, region_over_time};
use crate::error::{Error, Result};
use crate::image::{Grid, Parts, Voi, VoiSet, VoiSets};
use crate::phantom::{LOW_DENSITY_G_CM3, Phantom};

/// Name of what is outside of all VOIs.
const REST: &str = "rest of the body";

/// What one acquisition shows of the regions.
#[derive(Debug, Clone)]
pub(super) struct Unmixed {
    /// Seen activity of the VOIs and, last, of the rest, Bq.
    pub seen: Vec<f64>,
    /// Their activities.
    pub unblurred: Unblurred,
}

/// The body as the CT shows it.
pub(super) fn body(matter: &Phantom) -> VoiSet {
    let inside = |v: &usize| f64::from(matter.density[*v]) >= LOW_DENSITY_G_CM3;
    let voxels = (0..matter.density.len()).filter(inside).map(|v| v as u32).collect();
    VoiSet { grid: matter.grid.clone(), vois: vec![Voi { label: 0, name: REST.into(), voxels }] }
}

/// Refuses VOIs that share voxels of the dose grid.
///
/// # Errors
/// With two that do.
pub(super) fn refuse_overlaps(parts: &Parts, names: &[String]) -> Result<()> {
    let Some([a, b, ..]) = parts.overlaps().first().map(Vec::as_slice) else { return Ok(()) };
    Err(Error::input(
        format!("[transfer] with the VOIs '{}' and '{}', which overlap", names[*a], names[*b]),
        "a transfer matrix tells apart regions that share no voxel: activity in two VOIs would be unmixed twice",
        "Take the smaller one out of the larger one, leave one out, or use [recovery].",
    ))
}

/// VOIs and the rest of the body on a grid; they share no voxel.
fn regions(set: &VoiSets, body: &VoiSet, grid: &Grid) -> Result<VoiSet> {
    let mut mapped = set.map_to(grid)?.set;
    let mut taken = vec![false; grid.len()];
    mapped.vois.iter().flat_map(|v| &v.voxels).for_each(|v| taken[*v as usize] = true);
    let mut rest = body.map_to(grid)?.set.vois.remove(0);
    rest.voxels.retain(|v| !taken[*v as usize]);
    mapped.vois.push(rest);
    Ok(mapped)
}

/// Activities of one acquisition. `relative_uncertainty` is that of each seen activity.
///
/// # Errors
/// If a VOI is not on the image, VOIs overlap, the voxels are wider than the resolution, or an activity is not positive.
pub(super) fn unmix(
    image: &ActivityMap,
    set: &VoiSets,
    body: &VoiSet,
    fwhm_mm: [f64; 2],
    relative_uncertainty: f64,
) -> Result<Unmixed> {
    let regions = regions(set, body, &image.volume.grid)?;
    let matrix = TransferMatrix::new(&regions, fwhm_mm)?;
    let data = &image.volume.data;
    let sum = |v: &Voi| v.voxels.iter().map(|&n| f64::from(data[n as usize])).sum::<f64>();
    let seen: Vec<f64> = regions.vois.iter().map(sum).collect();
    for (voi, y) in regions.vois.iter().zip(&seen) {
        if *y <= 0.0 {
            return Err(Error::input(
                format!("VOI '{}' shows no activity", voi.name),
                "its share of what its neighbours spill into it cannot be told",
                "Leave the VOI out, or use [recovery].",
            ));
        }
    }
    let noise =
        DVector::from_iterator(seen.len(), seen.iter().map(|y| (relative_uncertainty * y).powi(2)));
    let unblurred = matrix.unblur(&seen, &DMatrix::from_diagonal(&noise))?;
    let activities = unblurred.activities.iter();
    for (voi, (a, y)) in regions.vois.iter().zip(activities.zip(&seen)) {
        if *a <= 0.0 {
            return Err(Error::input(
                format!("VOI '{}': {y:.4e} Bq are seen and {a:.4e} Bq remain", voi.name),
                "its neighbours spill more into it than is seen there: its activity is not determined",
                "Check registration and resolution, join it with a neighbour, or leave [transfer] out.",
            ));
        }
    }
    Ok(Unmixed { seen, unblurred })
}

/// Region `r` of the pipeline (0: outside of all VOIs) is the matrix's region before it; the rest comes last there.
fn of_matrix(region: usize, regions: usize) -> usize {
    if region == 0 { regions - 1 } else { region - 1 }
}

/// What is known of each region of the pipeline from all acquisitions.
///
/// # Errors
/// As [`region_over_time`].
pub(super) fn recoveries(scans: &[Unmixed], fwhm_u_mm: f64) -> Result<Vec<RegionRecovery>> {
    let regions = scans.first().map_or(0, |s| s.seen.len());
    let unblurred: Vec<Unblurred> = scans.iter().map(|s| s.unblurred.clone()).collect();
    (0..regions)
        .map(|region| {
            let at = of_matrix(region, regions);
            // The calibration is a part of its own.
            let (activities, covariance) = region_over_time(&unblurred, at, fwhm_u_mm, 0.0)?;
            let moved: Vec<f64> = scans
                .iter()
                .map(|s| s.unblurred.by_fwhm[at] * fwhm_u_mm / s.unblurred.activities[at])
                .collect();
            let own = (0..scans.len())
                .map(|t| {
                    let all = covariance[(t, t)] / activities[t].powi(2);
                    (all - moved[t] * moved[t]).max(0.0).sqrt()
                })
                .collect();
            Ok(RegionRecovery {
                seen: (0..scans.len()).map(|t| scans[t].seen[at] / activities[t]).collect(),
                own: Some(own),
                by_resolution: Some(moved),
                ..RegionRecovery::default()
            })
        })
        .collect()
}

/// Brings a map on the dose grid to the activities: each region scaled to its own, nothing outside of the body. Moving to another grid
/// smears edges, so the map's own sums are the measure, not what was seen on the image.
///
/// # Errors
/// If a region has activity and none of it is on the dose grid.
pub(super) fn rescale(
    map: &mut [f32],
    labels: &[u16],
    in_body: &[bool],
    scan: &Unmixed,
    names: &[String],
) -> Result<()> {
    let regions = scan.seen.len();
    let mut sums = vec![0.0; regions];
    for (v, value) in map.iter_mut().enumerate() {
        let region = usize::from(labels[v]);
        if region == 0 && !in_body[v] {
            *value = 0.0;
        }
        sums[region] += f64::from(*value);
    }
    let mut factors = Vec::new();
    for (region, sum) in sums.iter().enumerate() {
        let activity = scan.unblurred.activities[of_matrix(region, regions)];
        if *sum <= 0.0 {
            let name = region.checked_sub(1).map_or(REST, |n| names[n].as_str());
            return Err(Error::input(
                format!("VOI '{name}' has {activity:.4e} Bq and no activity on the dose grid"),
                "there is nothing to scale to it",
                "Use a finer --grid.",
            ));
        }
        factors.push(activity / sum);
    }
    for (value, label) in map.iter_mut().zip(labels) {
        *value = (f64::from(*value) * factors[usize::from(*label)]) as f32;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::activity::{BlurredSphere, Negatives, Quantity};
    use crate::image::Volume;

    const FWHM: f64 = 12.0;

    /// A sphere of 28 mm with five times the concentration of a box around it, seen with 12 mm; outside of the box is air.
    fn scene() -> (VoiSet, VoiSet, ActivityMap) {
        let grid = Grid::aligned([40; 3], [0.0; 3], [2.0; 3]);
        let centre = |n: usize| {
            let x = grid.to_mm(grid.unlinear(n).map(|i| i as f64));
            (0..3).map(|a| (x[a] - 39.0).powi(2)).sum::<f64>().sqrt()
        };
        let margin = |n: usize| grid.unlinear(n).iter().all(|i| (2..38).contains(i));
        let voxels: Vec<u32> =
            (0..grid.len()).filter(|n| centre(*n) < 14.0).map(|n| n as u32).collect();
        let inside: Vec<u32> = (0..grid.len()).filter(|n| margin(*n)).map(|n| n as u32).collect();
        let voi = |name: &str, voxels| Voi { label: 1, name: name.into(), voxels };
        let set = VoiSet { grid: grid.clone(), vois: vec![voi("sphere", voxels)] };
        let body = VoiSet { grid: grid.clone(), vois: vec![voi(REST, inside)] };
        let sphere = BlurredSphere::new(set.volume_ml(&set.vois[0]), FWHM).unwrap();
        // Closed forms: the sphere's excess, and a box whose edges are error functions.
        let edge = |x: f64| {
            let s = FWHM / (8.0 * std::f64::consts::LN_2).sqrt() * std::f64::consts::SQRT_2;
            0.5 * (libm::erf((x - 3.0) / s) + libm::erf((75.0 - x) / s))
        };
        let value = |n: usize| {
            let x = grid.to_mm(grid.unlinear(n).map(|i| i as f64));
            (4.0 * sphere.concentration(centre(n)) + edge(x[0]) * edge(x[1]) * edge(x[2])) as f32
        };
        let data = (0..grid.len()).map(value).collect();
        let image = ActivityMap {
            volume: Volume::new(grid, data).unwrap(),
            quantity: Quantity::Activity,
            negatives: Negatives::default(),
        };
        (set, body, image)
    }

    #[test]
    fn a_sphere_and_the_body_around_it_are_restored_on_the_map() {
        let (set, body, image) = scene();
        let scan = unmix(&image, &set.clone().into(), &body, [FWHM, 0.6], 0.02).unwrap();
        let [inside, around] = [set.vois[0].voxels.len() as f64, body.vois[0].voxels.len() as f64];
        let truth = [5.0 * inside, around - inside];
        for (a, t) in scan.unblurred.activities.iter().zip(truth) {
            assert!((a / t - 1.0).abs() < 0.015, "{a} {t}");
        }
        assert!(scan.seen[0] / truth[0] < 0.8);
        let mut labels = vec![0_u16; image.volume.data.len()];
        set.vois[0].voxels.iter().for_each(|v| labels[*v as usize] = 1);
        let mut in_body = vec![false; labels.len()];
        body.vois[0].voxels.iter().for_each(|v| in_body[*v as usize] = true);
        let mut map = image.volume.data.clone();
        rescale(&mut map, &labels, &in_body, &scan, &["sphere".into()]).unwrap();
        let sum = |region: u16| -> f64 {
            map.iter().zip(&labels).filter(|(_, l)| **l == region).map(|(v, _)| f64::from(*v)).sum()
        };
        assert!((sum(1) / scan.unblurred.activities[0] - 1.0).abs() < 1e-5);
        assert!((sum(0) / scan.unblurred.activities[1] - 1.0).abs() < 1e-5);
        assert!(map.iter().zip(&in_body).all(|(v, b)| *b || *v == 0.0));
    }

    /// Two scans of one shape: the noise is each one's own, the resolution moves both alike, and together they are the covariance of
    /// `region_over_time`.
    #[test]
    fn noise_and_resolution_are_told_apart() {
        let (set, body, mut image) = scene();
        let first = unmix(&image, &set.clone().into(), &body, [FWHM, 0.6], 0.02).unwrap();
        image.volume.data.iter_mut().for_each(|v| *v *= 0.5);
        let second = unmix(&image, &set.clone().into(), &body, [FWHM, 0.6], 0.02).unwrap();
        let found = recoveries(&[first.clone(), second], 0.6).unwrap();
        let sphere = &found[1];
        assert!((sphere.seen[0] - first.seen[0] / first.unblurred.activities[0]).abs() < 1e-12);
        let moved = sphere.by_resolution.clone().unwrap();
        // A worse resolution means that more was lost: the activity rises with it.
        assert!(moved[0] > 0.01 && (moved[0] / moved[1] - 1.0).abs() < 1e-5, "{moved:?}");
        let own = sphere.own.clone().unwrap();
        let whole = first.unblurred.covariance[(0, 0)].sqrt() / first.unblurred.activities[0];
        assert!((own[0].hypot(moved[0]) / whole - 1.0).abs() < 1e-9);
        // Two per cent of what is seen are more of what is restored.
        assert!(own[0] > 0.02 && own[0] < 0.05, "{own:?}");
    }

    #[test]
    fn what_cannot_be_told_apart_is_refused() {
        let (set, body, mut image) = scene();
        let inside = set.vois[0].voxels.clone();
        inside.iter().for_each(|v| image.volume.data[*v as usize] = 0.0);
        let error =
            unmix(&image, &set.clone().into(), &body, [FWHM, 0.6], 0.02).unwrap_err().to_string();
        assert!(error.contains("'sphere' shows no activity"), "{error}");
        inside.iter().for_each(|v| image.volume.data[*v as usize] = 0.01);
        let error =
            unmix(&image, &set.clone().into(), &body, [FWHM, 0.6], 0.02).unwrap_err().to_string();
        assert!(error.contains("spill more into it"), "{error}");
    }
}
