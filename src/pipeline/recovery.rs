//! Activity maps corrected for what the contours of VOIs do not see. A coefficient neglects that the activity seen outside of a VOI stays
//! there, so that the whole becomes more than the image holds; a transfer matrix (`pipeline/transfer.rs`) moves it.
//!
//! The activity of every voxel of a VOI is divided by its R, before curves and transport: doses to neighbours change too. The dose to the VOI
//! goes as 1/R (all of it taken as its own), so u(D)/D = u(R)/R. A volume V that is uncertain acts through counts, recovery and mass,
//! d ln D / d ln V = k - r - 1.

use std::collections::{BTreeMap, BTreeSet};

use super::Observer;
use super::quantification::{CountExponent, Quantification, RecoveryInput, VolumeInput, of_voi};
use crate::activity::BlurredSphere;
use crate::error::{Error, Result};
use crate::image::{Parts, Voi, VoiSets, find_voi};
use crate::report::setup::{self, QuantificationFacts};

/// What is known of one region's quantification.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct RegionRecovery {
    /// Seen over true activity at each time; empty where nothing was corrected.
    pub seen: Vec<f64>,
    /// Relative standard uncertainty of the correction, common to all times; none where it is not stated.
    pub relative_uncertainty: Option<f64>,
    /// Relative standard uncertainty of each time's activity, of its own, where a transfer matrix made it from the noise of all regions.
    pub own: Option<Vec<f64>>,
    /// Relative change of each time's activity by one standard uncertainty of the resolution (signed), of a transfer matrix.
    pub by_resolution: Option<Vec<f64>>,
    /// Whether the calibration cancels: the recovery was measured with the same factor.
    pub cancels_calibration: bool,
    /// Relative standard uncertainty of the dose from that of the volume.
    pub volume_relative: Option<f64>,
}

impl RegionRecovery {
    /// For the summary.
    pub fn facts(&self) -> QuantificationFacts {
        let all = |values: &Vec<f64>| values.iter().copied().map(setup::known).collect();
        QuantificationFacts {
            by_resolution: self.by_resolution.as_ref().map(all),
            cancels_calibration: self.cancels_calibration,
            own: self.own.as_ref().map(all),
            relative_uncertainty: self.relative_uncertainty,
            seen: all(&self.seen),
            volume_relative: self.volume_relative,
        }
    }
}

/// The corrections of all regions (0: outside of all VOIs), for `volumes_ml[t][region - 1]`, the volumes of the VOIs at each time.
///
/// # Errors
/// If a VOI of a table is not there, or a volume lies outside of its curve.
pub(super) fn corrections(
    input: &Quantification,
    vois: Option<&VoiSets>,
    volumes_ml: &[Vec<f64>],
    observer: &dyn Observer,
) -> Result<Vec<RegionRecovery>> {
    check_names(input, vois)?;
    let mut regions = vec![RegionRecovery::default()];
    let all: Vec<&Voi> = vois.iter().flat_map(|s| s.vois()).collect();
    for (n, voi) in all.iter().enumerate() {
        let own = of_voi("recovery", &input.recovery, &all, voi)?;
        let volumes: Vec<f64> = volumes_ml.iter().map(|v| v[n]).collect();
        let mut region = RegionRecovery::default();
        let mut exponent = 0.0;
        if let Some(recovery) = own {
            (region, exponent) = of_region(&voi.name, recovery, &volumes, observer)?;
        }
        if let Some(volume) = of_voi("volume", &input.volume, &all, voi)? {
            region.volume_relative = Some(volume_part(volume, exponent, volumes[0])?);
        }
        regions.push(region);
    }
    Ok(regions)
}

/// The correction of a VOI and d ln R / d ln V.
fn of_region(
    name: &str,
    recovery: &RecoveryInput,
    volumes_ml: &[f64],
    observer: &dyn Observer,
) -> Result<(RegionRecovery, f64)> {
    let in_voi = |e: Error| Error { problem: format!("VOI '{name}': {}", e.problem), ..e };
    match recovery {
        RecoveryInput::Coefficient { value, relative_uncertainty, volume_exponent } => {
            if relative_uncertainty.is_none() {
                observer.warn(&format!(
                    "'{name}': its recovery coefficient {value} has no stated uncertainty, so the dose's holds none of it; write \
                     {{ coefficient = {value}, uncertainty = \"5%\" }}"
                ));
            }
            let region = RegionRecovery {
                seen: vec![*value; volumes_ml.len()],
                relative_uncertainty: *relative_uncertainty,
                ..RegionRecovery::default()
            };
            Ok((region, *volume_exponent))
        }
        RecoveryInput::Curve(curve, rule) => {
            let found = volumes_ml
                .iter()
                .map(|v| curve.at(*v, *rule))
                .collect::<Result<Vec<_>>>()
                .map_err(in_voi)?;
            if found.iter().any(|r| r.extrapolated) {
                observer.warn(&format!(
                    "'{name}': {:.3} mL is outside of the recovery curve's {} to {} mL; the coefficient {:.3} is extrapolated",
                    volumes_ml[0], curve.volumes_ml[0], curve.volumes_ml[1], found[0].value
                ));
            }
            let largest = found.iter().map(|r| r.from_curve / r.value).fold(0.0, f64::max);
            let region = RegionRecovery {
                seen: found.iter().map(|r| r.value).collect(),
                relative_uncertainty: Some(largest),
                cancels_calibration: curve.includes_calibration,
                ..RegionRecovery::default()
            };
            Ok((region, found[0].volume_exponent))
        }
    }
}

/// |k - r - 1| u(V)/V.
fn volume_part(input: &VolumeInput, recovery_exponent: f64, volume_ml: f64) -> Result<f64> {
    let k = match input.counts {
        CountExponent::Stated(k) => k,
        CountExponent::Sphere(fwhm_mm) => BlurredSphere::new(volume_ml, fwhm_mm)?.count_exponent(),
    };
    Ok((k - recovery_exponent - 1.0).abs() * input.relative_uncertainty)
}

/// Whether the VOIs of the tables are there.
///
/// # Errors
/// If one is not.
pub(super) fn check_names(input: &Quantification, vois: Option<&VoiSets>) -> Result<()> {
    known("recovery", &input.recovery, vois)?;
    known("volume", &input.volume, vois)
}

/// Every VOI of a table must be there, and be told by its key.
fn known<T>(table: &str, entries: &BTreeMap<String, T>, vois: Option<&VoiSets>) -> Result<()> {
    let Some(first) = entries.keys().next() else { return Ok(()) };
    let Some(set) = vois else {
        return Err(Error::usage(
            format!("[{table}] of '{first}' and --voi is not given"),
            "no label map says where it is",
            "Add --voi LABELMAP.",
        ));
    };
    for name in entries.keys() {
        let found = find_voi(name, set.vois().map(|v| (v.label, v.name.as_str())));
        if found
            .map_err(|e| Error { problem: format!("[{table}] {name}: {}", e.problem), ..e })?
            .is_none()
        {
            return Err(Error::input(
                format!("[{table}] of '{name}'"),
                format!("the label map has {}", set.names().join(", ")),
                "Name one of them, or its label; names come from --voi-names.",
            ));
        }
    }
    Ok(())
}

/// Recoveries where VOIs share voxels: a voxel is divided by that of the smallest of its VOIs that has one.
pub(super) struct Shared<'a> {
    parts: &'a Parts,
    /// The region whose recovery holds for each part; 0 where none does.
    by: Vec<u16>,
}

impl<'a> Shared<'a> {
    /// `sizes` are those of the VOIs, in any unit.
    pub fn new(parts: &'a Parts, sizes: &[f64], regions: &[RegionRecovery]) -> Self {
        let by = parts.smallest(sizes, |n| regions.get(n + 1).is_some_and(|r| !r.seen.is_empty()));
        Shared { parts, by }
    }

    /// Divides maps by what is seen: `labels[t]` holds the part of each voxel at time t.
    pub fn apply(&self, maps: &mut [Vec<f32>], labels: &[Vec<u16>], regions: &[RegionRecovery]) {
        for (t, (map, labels)) in maps.iter_mut().zip(labels).enumerate() {
            for (value, label) in map.iter_mut().zip(labels) {
                let region = usize::from(self.by[usize::from(*label)]);
                if let Some(seen) = regions[region].seen.get(t) {
                    *value = (f64::from(*value) / seen) as f32;
                }
            }
        }
    }

    /// What is known of a VOI of which another's recovery corrected a part: the mean of what is seen, and the uncertainties by their shares of the
    /// activity, added as recoveries of one curve err together. `maps` are the corrected ones.
    pub fn join(
        &self,
        regions: &mut [RegionRecovery],
        maps: &[Vec<f32>],
        labels: &[Vec<u16>],
        names: &[String],
        observer: &dyn Observer,
    ) {
        let of_part = |part: &usize| usize::from(self.by[*part]);
        let alone: Vec<RegionRecovery> = regions.to_vec();
        let foreign =
            |n: usize| self.parts.of_voi(n).iter().any(|p| ![0, n + 1].contains(&of_part(p)));
        let shared: Vec<usize> = (0..self.parts.vois()).filter(|n| foreign(*n)).collect();
        if shared.is_empty() {
            return;
        }
        // Activity of each part at each time.
        let mut activity = vec![vec![0.0; self.by.len()]; maps.len()];
        for (of_time, (map, labels)) in activity.iter_mut().zip(maps.iter().zip(labels)) {
            let pairs = map.iter().zip(labels);
            pairs.for_each(|(a, label)| of_time[usize::from(*label)] += f64::from(*a));
        }
        for n in shared {
            let parts = self.parts.of_voi(n);
            let share = |t: usize, region: usize| {
                let all: f64 = parts.iter().map(|p| activity[t][*p]).sum();
                let here = parts.iter().filter(|p| of_part(p) == region);
                here.map(|p| activity[t][*p]).sum::<f64>() / all
            };
            let largest = |region: usize| {
                (0..maps.len())
                    .map(|t| share(t, region))
                    .filter(|s| s.is_finite())
                    .fold(0.0, f64::max)
            };
            let by: BTreeSet<usize> = parts.iter().map(of_part).collect();
            let seen = |t: usize| {
                let of = |r: &usize| share(t, *r) * alone[*r].seen.get(t).copied().unwrap_or(1.0);
                Some(by.iter().map(of).sum::<f64>()).filter(|s| s.is_finite()).unwrap_or(1.0)
            };
            let known =
                by.iter().filter_map(|r| Some(largest(*r) * alone[*r].relative_uncertainty?));
            let uncertainties: Vec<f64> = known.collect();
            let total = uncertainties.iter().sum();
            let region = &mut regions[n + 1];
            region.seen = (0..maps.len()).map(seen).collect();
            region.relative_uncertainty = (!uncertainties.is_empty()).then_some(total);
            region.cancels_calibration =
                by.iter().all(|r| largest(*r) == 0.0 || alone[*r].cancels_calibration);
            for r in by.into_iter().filter(|r| ![0, n + 1].contains(r)) {
                observer.warn(&format!(
                    "'{}': {:.1} % of its activity lie in '{}' also and are corrected by the recovery of that",
                    names[n],
                    100.0 * largest(r),
                    names[r - 1]
                ));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::activity::{Extrapolation, RecoveryCurve};
    use crate::image::{Grid, Voi, VoiSet};

    struct Silent;
    impl Observer for Silent {}

    fn set() -> VoiSets {
        let voi = |label, name: &str, voxels| Voi { label, name: name.into(), voxels };
        let grid = Grid::aligned([4, 1, 1], [0.0; 3], [10.0; 3]);
        let vois = vec![voi(3, "kidney", vec![0]), voi(7, "lesion", vec![1, 2])];
        VoiSet { grid, vois }.into()
    }

    #[test]
    fn voxels_of_a_voi_are_divided_by_its_recovery_at_each_time() {
        let curve = RecoveryCurve {
            parameters: [2.0, 1.0],
            covariance: [[0.04, 0.0], [0.0, 0.01]],
            shared_relative: 0.03,
            includes_calibration: true,
            chi2: 0.0,
            degrees_of_freedom: 0,
            volumes_ml: [0.5, 100.0],
        };
        let mut input = Quantification::default();
        let coefficient = RecoveryInput::Coefficient {
            value: 0.8,
            relative_uncertainty: Some(0.05),
            volume_exponent: 0.2,
        };
        input.recovery.insert("3".into(), coefficient);
        input.recovery.insert("lesion".into(), RecoveryInput::Curve(curve, Extrapolation::Refuse));
        let volume = VolumeInput { relative_uncertainty: 0.1, counts: CountExponent::Stated(0.6) };
        input.volume.insert("kidney".into(), volume);
        // The lesion shrinks from 6 to 2 mL: R = V / (V + 2).
        let volumes = [vec![150.0, 6.0], vec![150.0, 2.0]];
        let found = corrections(&input, Some(&set()), &volumes, &Silent).unwrap();
        assert_eq!(found[1].seen, [0.8, 0.8]);
        assert!((found[1].volume_relative.unwrap() - 0.06).abs() < 1e-12);
        assert!(found[2].cancels_calibration && found[2].volume_relative.is_none());
        // dR/da = -R (1 - R) b / a, dR/db = R (1 - R) ln(V / a): largest relative at 2 mL, where R = 0.5 and ln(V / a) = 0.
        let u = (0.5f64 * 0.2 / 2.0).hypot(0.03);
        assert!((found[2].relative_uncertainty.unwrap() - u).abs() < 1e-12);
        let mut maps = vec![vec![8.0_f32, 3.0, 6.0, 5.0], vec![4.0, 1.0, 2.0, 5.0]];
        let parts = Parts::alone(2);
        let by = Shared::new(&parts, &[150.0, 6.0], &found);
        let labels = [vec![1, 2, 2, 0], vec![1, 2, 0, 0]];
        by.apply(&mut maps, &labels, &found);
        assert_eq!(maps, [vec![10.0, 4.0, 8.0, 5.0], vec![5.0, 2.0, 2.0, 5.0]]);
        let mut joined = found.clone();
        by.join(&mut joined, &maps, &labels, &["kidney".into(), "lesion".into()], &Silent);
        assert_eq!(joined, found);
    }

    /// A lesion in a liver, both with a recovery: the lesion's voxels take the lesion's, and the liver's budget holds both.
    #[test]
    fn a_voxel_takes_the_recovery_of_the_smallest_of_its_vois() {
        let grid = Grid::aligned([4, 1, 1], [0.0; 3], [10.0; 3]);
        let voi = |name: &str, voxels| Voi { label: 1, name: name.into(), voxels };
        let set = VoiSet { grid, vois: vec![voi("liver", vec![0, 1, 2]), voi("lesion", vec![1])] };
        let mut parts = Parts::alone(2);
        let labels = [parts.label(&set).unwrap()];
        let of = |seen: &[f64], relative_uncertainty| RegionRecovery {
            seen: seen.to_vec(),
            relative_uncertainty,
            ..RegionRecovery::default()
        };
        let names = ["liver".to_string(), "lesion".to_string()];
        let go = |liver: RegionRecovery, lesion: RegionRecovery| {
            let mut regions = vec![RegionRecovery::default(), liver, lesion];
            let by = Shared::new(&parts, &[3.0, 1.0], &regions);
            let mut maps = [vec![0.9_f32, 1.0, 0.9, 5.0]];
            by.apply(&mut maps, &labels, &regions);
            by.join(&mut regions, &maps, &labels, &names, &Silent);
            (maps[0].clone(), regions)
        };
        // 1 + 2 + 1 Bq: half of the liver's lie in the lesion.
        let (map, regions) = go(of(&[0.9], Some(0.02)), of(&[0.5], Some(0.1)));
        assert_eq!(map, [1.0, 2.0, 1.0, 5.0]);
        assert!((regions[1].seen[0] - 2.8 / 4.0).abs() < 1e-7, "{regions:?}");
        assert!((regions[1].relative_uncertainty.unwrap() - 0.06).abs() < 1e-7, "{regions:?}");
        assert_eq!(regions[2], of(&[0.5], Some(0.1)));
        // Of the lesion alone: the rest of the liver stays.
        let (map, regions) = go(RegionRecovery::default(), of(&[0.5], Some(0.1)));
        assert_eq!(map, [0.9, 2.0, 0.9, 5.0]);
        assert!((regions[1].seen[0] - 2.8 / 3.8).abs() < 1e-7, "{regions:?}");
        // Of the liver alone: the lesion is a part of it.
        let (map, regions) = go(of(&[0.9], Some(0.02)), RegionRecovery::default());
        assert!((map[1] - 1.0 / 0.9).abs() < 1e-6);
        assert!((regions[2].seen[0] - 0.9).abs() < 1e-7, "{regions:?}");
        assert!((regions[2].relative_uncertainty.unwrap() - 0.02).abs() < 1e-9, "{regions:?}");
        assert_eq!(regions[1], of(&[0.9], Some(0.02)));
    }

    #[test]
    fn what_is_not_there_is_refused() {
        let mut input = Quantification::default();
        let coefficient = RecoveryInput::Coefficient {
            value: 0.8,
            relative_uncertainty: None,
            volume_exponent: 0.0,
        };
        input.recovery.insert("kidney L".into(), coefficient);
        let refused = |vois: Option<&VoiSets>| {
            corrections(&input, vois, &[vec![1.0, 1.0]], &Silent).unwrap_err().to_string()
        };
        assert!(refused(Some(&set())).contains("the label map has kidney, lesion"));
        assert!(refused(None).contains("--voi"));
    }
}
