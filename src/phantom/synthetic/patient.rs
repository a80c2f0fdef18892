//! A patient-like CT in HU with a SPECT-like activity map, for the demo. Deterministic: the same options give
//! the same bits. The SPECT is the true activity blurred to the resolution of a camera; attenuation, scatter,
//! reconstruction and counting noise are neglected.

use super::anatomy;
pub use super::anatomy::Organ;
use super::shapes::hash_normal;
use crate::error::{Error, Result};
use crate::image::{Grid, Volume};
use crate::units::CM3_PER_MM3;

/// How finely, and how noisy, the synthetic patient is made.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SyntheticPatientOptions {
    /// Voxel size of the CT, mm.
    pub ct_spacing_mm: [f64; 3],
    /// Voxel size of the SPECT, mm; its voxels are averages over the CT's.
    pub spect_spacing_mm: [f64; 3],
    /// Standard deviation of the CT noise, HU.
    pub ct_noise_hu: f64,
    /// Resolution (full width at half maximum) of the SPECT, mm.
    pub spect_fwhm_mm: f64,
    /// Activity in the field of view, Bq.
    pub total_activity_bq: f64,
    /// Seed of the CT noise.
    pub seed: u64,
}

impl Default for SyntheticPatientOptions {
    fn default() -> Self {
        SyntheticPatientOptions {
            ct_spacing_mm: [2.0, 2.0, 3.0],
            spect_spacing_mm: [4.0, 4.0, 6.0],
            ct_noise_hu: 10.0,
            spect_fwhm_mm: 11.0,
            total_activity_bq: 2.0e9,
            seed: 1,
        }
    }
}

/// The synthetic patient: CT, labels, SPECT.
#[derive(Debug, Clone, PartialEq)]
pub struct SyntheticPatient {
    /// CT, HU.
    pub ct: Volume<f32>,
    /// Labels on the CT's grid: an index into [`ORGANS`].
    pub labels: Volume<u8>,
    /// SPECT, Bq/mL.
    pub activity: Volume<f32>,
}

/// Label (index), name, and activity concentration relative to the remainder of the body: a pattern like
/// that of Lu-177-DOTATATE a day after injection (chosen for the demo, not measured).
pub const ORGANS: [(Organ, &str, f64); 10] = [
    (Organ::Outside, "outside", 0.0),
    (Organ::Remainder, "remainder", 1.0),
    (Organ::Lungs, "lungs", 0.4),
    (Organ::Heart, "heart", 1.6),
    (Organ::Liver, "liver", 12.0),
    (Organ::Spine, "spine", 1.5),
    (Organ::Kidneys, "kidneys", 55.0),
    (Organ::Spleen, "spleen", 48.0),
    (Organ::LiverTumour, "liver_tumour", 130.0),
    (Organ::NodeTumour, "node_tumour", 170.0),
];

/// Field of view: left-right, back-front, along the body, mm; centred at x = 0, y = 20, z = -10.
const FIELD_MM: [f64; 3] = [448.0, 320.0, 360.0];
const CENTRE_MM: [f64; 3] = [0.0, 20.0, -10.0];

/// A point (mm) whose planes show liver, its tumour, kidneys and spleen: for pictures.
pub const PICTURE_CENTRE_MM: [f64; 3] = [-86.0, 26.0, -52.0];

/// Makes the patient.
///
/// # Errors
/// If a size is not positive, a voxel is larger than 20 mm or the CT would have more than 2e8 voxels.
pub fn synthetic_patient(options: &SyntheticPatientOptions) -> Result<SyntheticPatient> {
    check(options)?;
    let ct_grid = field_grid(options.ct_spacing_mm);
    let width = options.ct_spacing_mm.iter().sum::<f64>() / 3.0;
    let per_slice = ct_grid.dims[0] * ct_grid.dims[1];
    let (mut hu, mut labels) = (vec![0.0f32; ct_grid.len()], vec![0u8; ct_grid.len()]);
    let threads = std::thread::available_parallelism().map_or(1, |n| n.get());
    // Every voxel depends on its index only, so the result does not depend on the number of threads.
    let share = ct_grid.dims[2].div_ceil(threads) * per_slice;
    std::thread::scope(|scope| {
        let parts = hu.chunks_mut(share).zip(labels.chunks_mut(share)).enumerate();
        for (part, (hu, labels)) in parts {
            let grid = &ct_grid;
            scope.spawn(move || {
                for (k, (hu, label)) in hu.iter_mut().zip(labels).enumerate() {
                    let i = part * share + k;
                    let mm = grid.to_mm(grid.unlinear(i).map(|c| c as f64));
                    let (value, organ) = anatomy::at(mm, width);
                    let key = options.seed.wrapping_mul(0x1000_0000_0000).wrapping_add(i as u64);
                    let noisy = value + options.ct_noise_hu * hash_normal(key);
                    *hu = noisy.max(-1024.0).round() as f32;
                    *label = organ as u8;
                }
            });
        }
    });
    let activity = spect(&ct_grid, &labels, &ORGANS.map(|o| o.2), options);
    Ok(SyntheticPatient {
        ct: Volume::new(ct_grid.clone(), hu)?,
        labels: Volume::new(ct_grid, labels)?,
        activity,
    })
}

fn check(options: &SyntheticPatientOptions) -> Result<()> {
    let sizes = options.ct_spacing_mm.iter().chain(&options.spect_spacing_mm);
    let sizes_fit = sizes.clone().all(|s| s.is_finite() && *s > 0.0 && *s <= 20.0);
    let others = [options.spect_fwhm_mm, options.total_activity_bq, options.ct_noise_hu];
    let voxels: f64 = FIELD_MM.iter().zip(options.ct_spacing_mm).map(|(f, s)| f / s).product();
    if sizes_fit && others.iter().all(|o| o.is_finite() && *o >= 0.0) && voxels <= 2e8 {
        return Ok(());
    }
    Err(Error::usage(
        format!("synthetic patient with {options:?}"),
        "voxels must be up to 20 mm (and the CT at most 2e8 of them), other values not negative",
        "Use for example 2 x 2 x 3 mm for the CT.",
    ))
}

fn field_grid(spacing: [f64; 3]) -> Grid {
    let dims = [0, 1, 2].map(|a| (FIELD_MM[a] / spacing[a]).round().max(1.0) as usize);
    let origin = [0, 1, 2].map(|a| CENTRE_MM[a] - 0.5 * (dims[a] as f64 - 1.0) * spacing[a]);
    Grid::aligned(dims, origin, spacing)
}

/// The true activity of each CT voxel is put into the SPECT voxel at its centre, blurred, and scaled. `weights` are concentrations of the labels,
/// in relation to each other.
fn spect(
    ct: &Grid,
    labels: &[u8],
    weights: &[f64],
    options: &SyntheticPatientOptions,
) -> Volume<f32> {
    let grid = field_grid(options.spect_spacing_mm);
    let data = seen(ct, labels, weights, &grid, options.spect_fwhm_mm);
    let voxel_ml = grid.voxel_volume_mm3() * CM3_PER_MM3;
    let scale = options.total_activity_bq / (data.iter().sum::<f64>() * voxel_ml);
    Volume { data: data.iter().map(|a| (a * scale) as f32).collect(), grid }
}

/// The sum of the weights of the labels that lie in each voxel of a grid, blurred to a resolution (full width at half maximum, mm).
pub(super) fn seen(
    ct: &Grid,
    labels: &[u8],
    weights: &[f64],
    grid: &Grid,
    fwhm_mm: f64,
) -> Vec<f64> {
    let mut data = vec![0.0f64; grid.len()];
    let spacing_mm = grid.spacing_mm();
    for (i, label) in labels.iter().enumerate() {
        let mm = ct.to_mm(ct.unlinear(i).map(|c| c as f64));
        let index = [0, 1, 2].map(|a| {
            let c = ((mm[a] - grid.origin_mm[a]) / spacing_mm[a]).round();
            c.clamp(0.0, grid.dims[a] as f64 - 1.0) as usize
        });
        data[grid.linear(index)] += weights[usize::from(*label)];
    }
    for (axis, spacing) in spacing_mm.into_iter().enumerate() {
        blur(&mut data, grid, axis, fwhm_mm / spacing);
    }
    data
}

/// Convolves along one axis with a Gaussian of the given full width (voxels); what would leave the field
/// stays in its last voxel, so that activity is conserved.
fn blur(data: &mut [f64], grid: &Grid, axis: usize, fwhm: f64) {
    let sigma = fwhm / (8.0 * 2f64.ln()).sqrt();
    if sigma < 1e-6 {
        return;
    }
    let reach = (4.0 * sigma).ceil() as i64;
    let weights: Vec<f64> =
        (-reach..=reach).map(|d| (-0.5 * (d as f64 / sigma).powi(2)).exp()).collect();
    let norm: f64 = weights.iter().sum();
    let n = grid.dims[axis];
    let stride = grid.dims[..axis].iter().product::<usize>();
    let mut line = vec![0.0; n];
    for start in (0..grid.len()).filter(|i| grid.unlinear(*i)[axis] == 0) {
        line.fill(0.0);
        for i in 0..n {
            let value = data[start + i * stride] / norm;
            if value > 0.0 {
                for (d, w) in (-reach..=reach).zip(&weights) {
                    line[(i as i64 + d).clamp(0, n as i64 - 1) as usize] += value * w;
                }
            }
        }
        for (i, value) in line.iter().enumerate() {
            data[start + i * stride] = *value;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::phantom::{HuCurve, HuOptions, Phantom};

    fn coarse() -> SyntheticPatientOptions {
        SyntheticPatientOptions { ct_spacing_mm: [6.0; 3], ..Default::default() }
    }

    #[test]
    fn it_is_deterministic_and_the_seed_matters() {
        let options = SyntheticPatientOptions { ct_spacing_mm: [10.0; 3], ..Default::default() };
        let a = synthetic_patient(&options).expect("valid");
        assert_eq!(a, synthetic_patient(&options).expect("valid"));
        let b = synthetic_patient(&SyntheticPatientOptions { seed: 2, ..options }).expect("valid");
        assert_eq!(a.labels, b.labels);
        assert_ne!(a.ct, b.ct);
    }

    #[test]
    fn activity_is_the_stated_total() {
        let patient = synthetic_patient(&coarse()).expect("valid");
        let voxel_ml = patient.activity.grid.voxel_volume_mm3() * CM3_PER_MM3;
        let total: f64 = patient.activity.data.iter().map(|a| f64::from(*a) * voxel_ml).sum();
        assert!((total / 2.0e9 - 1.0).abs() < 1e-6, "{total}");
        assert!(patient.activity.data.iter().all(|a| *a >= 0.0));
    }

    /// Adult reference masses (ICRP 89) within a factor: a plausible patient, not the reference man.
    #[test]
    fn organs_have_plausible_volumes() {
        let patient = synthetic_patient(&coarse()).expect("valid");
        for (index, (organ, name, _)) in ORGANS.iter().enumerate() {
            assert_eq!(*organ as usize, index, "{name}");
        }
        let voxel_ml = patient.labels.grid.voxel_volume_mm3() * CM3_PER_MM3;
        let volume = |organ: Organ| {
            patient.labels.data.iter().filter(|l| **l == organ as u8).count() as f64 * voxel_ml
        };
        for (organ, low, high) in [
            (Organ::Lungs, 1800.0, 5000.0),
            (Organ::Heart, 350.0, 900.0),
            (Organ::Liver, 1200.0, 2200.0),
            (Organ::Kidneys, 220.0, 450.0),
            (Organ::Spleen, 90.0, 300.0),
            (Organ::LiverTumour, 10.0, 30.0),
            (Organ::NodeTumour, 4.0, 12.0),
        ] {
            let v = volume(organ);
            assert!((low..high).contains(&v), "{organ:?}: {v:.0} mL");
        }
    }

    #[test]
    fn the_ct_makes_a_phantom_with_all_kinds_of_tissue() {
        let patient = synthetic_patient(&coarse()).expect("valid");
        let curve = HuCurve::schneider2000().expect("embedded");
        let (_, report) =
            Phantom::from_ct(&patient.ct, &curve, &HuOptions::default()).expect("HU in range");
        for name in ["air", "lung", "adipose_adrenal_intestine_1", "soft_tissue", "marrow_bone_02"]
        {
            assert!(report.tissues.iter().any(|t| t.name == name), "{name}\n{report}");
        }
        assert_eq!(report.above + report.below, 0);
    }

    #[test]
    fn absurd_options_are_refused() {
        for spacing in [0.0, -1.0, f64::NAN, 30.0, 0.1] {
            let options =
                SyntheticPatientOptions { ct_spacing_mm: [spacing; 3], ..Default::default() };
            assert!(synthetic_patient(&options).is_err(), "{spacing}");
        }
    }
}
