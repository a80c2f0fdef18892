//! Activity maps corrected for what the contours of VOIs do not see. A coefficient neglects that the activity seen outside of a VOI stays
//! there, so that the whole becomes more than the image holds; a transfer matrix (`pipeline/transfer.rs`) moves it.
//!
//! The activity of every voxel of a VOI is divided by its R, before curves and transport: doses to neighbours change too. The dose to the VOI
//! goes as 1/R (all of it taken as its own), so u(D)/D = u(R)/R. A volume V that is uncertain acts through counts, recovery and mass,
//! d ln D / d ln V = k - r - 1.

use std::collections::BTreeMap;

use serde::Serialize;

use super::Observer;
use super::quantification::{CountExponent, Quantification, RecoveryInput, VolumeInput, of_voi};
use crate::activity::BlurredSphere;
use crate::error::{Error, Result};
use crate::image::{VoiSet, is_key};

/// What is known of one region's quantification.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
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

/// The corrections of all regions (0: outside of all VOIs), for `volumes_ml[t][region - 1]`, the volumes of the VOIs at each time.
///
/// # Errors
/// If a VOI of a table is not there, or a volume lies outside of its curve.
pub(super) fn corrections(
    input: &Quantification,
    vois: Option<&VoiSet>,
    volumes_ml: &[Vec<f64>],
    observer: &dyn Observer,
) -> Result<Vec<RegionRecovery>> {
    known("recovery", &input.recovery, vois)?;
    known("volume", &input.volume, vois)?;
    let mut regions = vec![RegionRecovery::default()];
    let all = vois.map(|s| &s.vois[..]).unwrap_or_default();
    for (n, voi) in all.iter().enumerate() {
        let own = of_voi("recovery", &input.recovery, all, voi)?;
        let volumes: Vec<f64> = volumes_ml.iter().map(|v| v[n]).collect();
        let mut region = RegionRecovery::default();
        let mut exponent = 0.0;
        if let Some(recovery) = own {
            (region, exponent) = of_region(&voi.name, recovery, &volumes, observer)?;
        }
        if let Some(volume) = of_voi("volume", &input.volume, all, voi)? {
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

/// Every VOI of a table must be there.
fn known<T>(table: &str, entries: &BTreeMap<String, T>, vois: Option<&VoiSet>) -> Result<()> {
    let Some(first) = entries.keys().next() else { return Ok(()) };
    let Some(set) = vois else {
        return Err(Error::usage(
            format!("[{table}] of '{first}' and --voi is not given"),
            "no label map says where it is",
            "Add --voi LABELMAP.",
        ));
    };
    for name in entries.keys() {
        if !is_key(&set.vois, name) {
            let names: Vec<&str> = set.vois.iter().map(|v| v.name.as_str()).collect();
            return Err(Error::input(
                format!("[{table}] of '{name}'"),
                format!("the label map has {}", names.join(", ")),
                "Name one of them, or its label; names come from --voi-names.",
            ));
        }
    }
    Ok(())
}

/// Divides maps by what is seen: `labels[t]` holds the region of each voxel at time t.
pub(super) fn apply(maps: &mut [Vec<f32>], labels: &[Vec<u16>], regions: &[RegionRecovery]) {
    for (t, (map, labels)) in maps.iter_mut().zip(labels).enumerate() {
        for (value, label) in map.iter_mut().zip(labels) {
            if let Some(seen) = regions[usize::from(*label)].seen.get(t) {
                *value = (f64::from(*value) / seen) as f32;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::activity::{Extrapolation, RecoveryCurve};
    use crate::image::{Grid, Voi};

    struct Silent;
    impl Observer for Silent {}

    fn set() -> VoiSet {
        let voi = |label, name: &str, voxels| Voi { label, name: name.into(), voxels };
        VoiSet {
            grid: Grid::aligned([4, 1, 1], [0.0; 3], [10.0; 3]),
            vois: vec![voi(3, "kidney", vec![0]), voi(7, "lesion", vec![1, 2])],
        }
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
        apply(&mut maps, &[vec![1, 2, 2, 0], vec![1, 2, 0, 0]], &found);
        assert_eq!(maps, [vec![10.0, 4.0, 8.0, 5.0], vec![5.0, 2.0, 2.0, 5.0]]);
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
        let refused = |vois: Option<&VoiSet>| {
            corrections(&input, vois, &[vec![1.0, 1.0]], &Silent).unwrap_err().to_string()
        };
        assert!(refused(Some(&set())).contains("the label map has kidney, lesion"));
        assert!(refused(None).contains("--voi"));
    }
}
