//! A treatment of the patient-like phantom with a truth: one administration of Lu-177, scans of several days. Activity rises at once and leaves each
//! organ mono-exponentially; the patient lies still; the camera has Gaussian resolution and Poisson noise of its counts, attenuation and scatter
//! are corrected without an error.

use super::patient::{ORGANS, Organ, SyntheticPatientOptions, seen, synthetic_patient};
use super::shapes::hash_normal;
use crate::error::Result;
use crate::image::Volume;
use crate::units::{CM3_PER_MM3, SECONDS_PER_HOUR};

/// Effective half-life (h) of each label, as of Lu-177-DOTATATE: chosen for the demo within what is published of patients (Sandstrom et al., J. Nucl.
/// Med. 54, 33, 2013, doi:10.2967/jnumed.112.107524: kidneys about 50 h, tumours 80 h and more), not measured.
pub const KINETICS: [f64; ORGANS.len()] =
    [0.0, 40.0, 40.0, 42.0, 68.0, 55.0, 51.0, 66.0, 96.0, 110.0];

/// Time (h after the administration) at which the concentrations of [`ORGANS`] hold.
const PATTERN_H: f64 = 24.0;

/// Counts per MBq and second of a camera with a collimator for medium energies (voxgray's examples and tests).
const SENSITIVITY_CPS_PER_MBQ: f64 = 20.0;

/// What is made.
#[derive(Debug, Clone, PartialEq)]
pub struct TreatmentOptions {
    /// Edge of the voxels of CT and SPECT, mm. Both have the same, so that each voxel is of one organ and the truth is exact.
    pub voxel_mm: f64,
    /// Resolution (full width at half maximum) of the SPECT, mm.
    pub fwhm_mm: f64,
    /// Starts of the scans after the administration, h.
    pub hours: Vec<f64>,
    /// Duration of a scan, s.
    pub duration_s: f64,
    /// Activity in the patient 24 h after the administration, Bq.
    pub total_bq: f64,
    /// Seed of all noise.
    pub seed: u64,
}

impl Default for TreatmentOptions {
    fn default() -> Self {
        TreatmentOptions {
            voxel_mm: 4.0,
            fwhm_mm: 0.0,
            hours: vec![4.0, 24.0, 72.0, 168.0],
            duration_s: 1200.0,
            total_bq: 2e9,
            seed: 1,
        }
    }
}

/// Images of a day.
#[derive(Debug, Clone, PartialEq)]
pub struct Scan {
    /// Start after the administration, h.
    pub hours: f64,
    /// CT, HU.
    pub ct: Volume<f32>,
    /// SPECT, Bq/mL at its start.
    pub activity: Volume<f32>,
}

/// What is true of an organ.
#[derive(Debug, Clone, PartialEq)]
pub struct OrganTruth {
    /// Its label.
    pub label: u8,
    /// Its name.
    pub name: &'static str,
    /// mL.
    pub volume_ml: f64,
    /// Effective half-life, h.
    pub half_life_h: f64,
    /// Time-integrated activity, Bq s.
    pub tia_bq_s: f64,
}

/// Images and truth.
#[derive(Debug, Clone, PartialEq)]
pub struct SyntheticTreatment {
    /// By time.
    pub scans: Vec<Scan>,
    /// Labels of the organs on the grid of the CTs.
    pub labels: Volume<u8>,
    /// Time-integrated activity, Bq s/mL.
    pub tia: Volume<f32>,
    /// Organs that are there.
    pub organs: Vec<OrganTruth>,
}

/// Makes the treatment.
///
/// # Errors
/// If a size cannot be used.
pub fn synthetic_treatment(options: &TreatmentOptions) -> Result<SyntheticTreatment> {
    let spacing = [options.voxel_mm; 3];
    let of_day = |day: usize| SyntheticPatientOptions {
        ct_spacing_mm: spacing,
        spect_spacing_mm: spacing,
        spect_fwhm_mm: options.fwhm_mm,
        total_activity_bq: options.total_bq,
        seed: options.seed.wrapping_mul(1000).wrapping_add(day as u64),
        ..SyntheticPatientOptions::default()
    };
    let first = synthetic_patient(&of_day(0))?;
    let labels = first.labels;
    let grid = labels.grid.clone();
    let voxel_ml = grid.voxel_volume_mm3() * CM3_PER_MM3;
    let mut voxels = [0usize; ORGANS.len()];
    labels.data.iter().for_each(|l| voxels[usize::from(*l)] += 1);
    let pattern: f64 = ORGANS.iter().zip(voxels).map(|(o, n)| o.2 * n as f64).sum();
    // Bq/mL per unit of the pattern.
    let scale = options.total_bq / (pattern * voxel_ml);
    let at = |hours: f64| -> [f64; ORGANS.len()] {
        let one = |n: usize| match KINETICS[n] {
            t if t > 0.0 => ORGANS[n].2 * scale * ((PATTERN_H - hours) / t).exp2(),
            _ => 0.0,
        };
        std::array::from_fn(one)
    };
    let mut scans = Vec::new();
    for (day, hours) in options.hours.iter().enumerate() {
        let ct = match day {
            0 => first.ct.clone(),
            _ => synthetic_patient(&of_day(day))?.ct,
        };
        let sharp = seen(&grid, &labels.data, &at(*hours), &grid, options.fwhm_mm);
        // Counts of a voxel in the whole scan have the variance of their number; a SPECT is not negative.
        let per_count = 1e6 / (SENSITIVITY_CPS_PER_MBQ * options.duration_s * voxel_ml);
        let key = of_day(day).seed.wrapping_mul(0x9E37_79B9_7F4A_7C15);
        let noisy = |(n, a): (usize, &f64)| {
            let spread = (a * per_count).sqrt() * hash_normal(key.wrapping_add(n as u64));
            (a + spread).max(0.0) as f32
        };
        let data = sharp.iter().enumerate().map(noisy).collect();
        scans.push(Scan { hours: *hours, ct, activity: Volume::new(grid.clone(), data)? });
    }
    // The integral of a mono-exponential from the administration on.
    let begin = at(0.0);
    let integral = |n: usize| begin[n] * KINETICS[n] * SECONDS_PER_HOUR / std::f64::consts::LN_2;
    let tia =
        Volume::new(grid, labels.data.iter().map(|l| integral(usize::from(*l)) as f32).collect())?;
    let truth = |n: usize| OrganTruth {
        label: ORGANS[n].0 as u8,
        name: ORGANS[n].1,
        volume_ml: voxels[n] as f64 * voxel_ml,
        half_life_h: KINETICS[n],
        tia_bq_s: integral(n) * voxels[n] as f64 * voxel_ml,
    };
    let there = (0..ORGANS.len()).filter(|n| ORGANS[*n].0 != Organ::Outside && voxels[*n] > 0);
    Ok(SyntheticTreatment { scans, organs: there.map(truth).collect(), labels, tia })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_seen_decays_to_the_truth() {
        let options = TreatmentOptions { voxel_mm: 8.0, ..TreatmentOptions::default() };
        let made = synthetic_treatment(&options).expect("valid");
        let voxel_ml = 0.512;
        let total = |v: &Volume<f32>| v.data.iter().map(|a| f64::from(*a)).sum::<f64>() * voxel_ml;
        assert!((total(&made.scans[1].activity) / options.total_bq - 1.0).abs() < 1e-3);
        let all: f64 = made.organs.iter().map(|o| o.tia_bq_s).sum();
        assert!((total(&made.tia) / all - 1.0).abs() < 1e-5);
        for organ in &made.organs {
            let of = |v: &Volume<f32>| {
                let voxels = made.labels.data.iter().zip(&v.data);
                voxels.filter(|(l, _)| **l == organ.label).map(|(_, a)| f64::from(*a)).sum::<f64>()
            };
            let seen: Vec<f64> = made.scans.iter().map(|s| of(&s.activity)).collect();
            let half_life = (168.0 - 24.0) / (seen[1] / seen[3]).log2();
            // Noise of the counts: below 1 % of an organ of some mL.
            assert!(
                (half_life / organ.half_life_h - 1.0).abs() < 0.02,
                "{}: {half_life}",
                organ.name
            );
            let tia =
                seen[1] * voxel_ml * (24.0 / organ.half_life_h).exp2() * organ.half_life_h * 3600.0
                    / std::f64::consts::LN_2;
            assert!((tia / organ.tia_bq_s - 1.0).abs() < 0.02, "{}", organ.name);
        }
        assert_ne!(made.scans[0].ct, made.scans[1].ct);
    }
}
