//! Where the dose is high, without leaning on the maximum voxel, which is noise.

use serde::Serialize;

use super::map::DoseScale;
use crate::transport::tally::Tally;

/// Most voxels looked at while running; beyond, every n-th is taken.
pub const PROGRESS_VOXELS: usize = 4_000_000;

/// Dose at a high percentile and how uncertain the voxels above a fraction of it are.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct HighDose {
    /// The percentile, of the voxels with a dose and enough density.
    pub percentile: f64,
    /// Its dose, Gy or Gy/s.
    pub percentile_dose: f64,
    /// The fraction of it that selects voxels.
    pub fraction: f64,
    /// Number of voxels above it.
    pub voxels: usize,
    /// Root mean square of their relative standard errors (Rogers & Mohan, Proc. 13th ICCR, 2000, p. 120: average
    /// the squares over the voxels above a fraction of the dose); NaN below two batches.
    pub relative_uncertainty: f64,
}

/// Looks at every `stride`-th voxel that is not of low density (`limit`, g/cm3).
pub fn high_dose(
    tally: &Tally,
    scale: &DoseScale,
    limit: f64,
    percentile: f64,
    fraction: f64,
    stride: usize,
) -> Option<HighDose> {
    let looked_at = || (0..tally.voxels).step_by(stride.max(1));
    let dense = |v: &usize| f64::from(scale.density[*v]) >= limit;
    let mut doses: Vec<(f32, u32)> = looked_at()
        .filter(dense)
        .map(|v| (scale.dose(tally, v) as f32, v as u32))
        .filter(|(dose, _)| *dose > 0.0)
        .collect();
    if doses.is_empty() {
        return None;
    }
    let rank = ((doses.len() - 1) as f64 * percentile / 100.0).round() as usize;
    let (_, &mut (percentile_dose, _), _) = doses
        .select_nth_unstable_by(rank, |a, b| a.partial_cmp(b).unwrap_or(std::cmp::Ordering::Equal));
    let threshold = f64::from(percentile_dose) * fraction;
    // In the order of the voxels, so that the sum has the same bits for any sorting.
    doses.retain(|(dose, _)| f64::from(*dose) >= threshold);
    doses.sort_unstable_by_key(|d| d.1);
    let squares: f64 = doses
        .iter()
        .map(|&(_, v)| (tally.standard_error_mev(v as usize) / tally.mean_mev(v as usize)).powi(2))
        .sum();
    Some(HighDose {
        percentile,
        percentile_dose: f64::from(percentile_dose),
        fraction,
        voxels: doses.len(),
        relative_uncertainty: (squares / doses.len() as f64).sqrt(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transport::layout::TALLY_UNITS_PER_MEV;
    use crate::transport::ledger::Ledger;
    use crate::transport::tally::BatchRegions;

    /// 100 voxels with 1 to 100 MeV per batch, all with a relative standard error of 10 %, in four batches.
    fn tally() -> Tally {
        let unit = f64::from(TALLY_UNITS_PER_MEV) as u64;
        let mut tally = Tally::new(100, [true, false, false], 1);
        for v in 0..100_u64 {
            let mean = (v + 1) * unit;
            tally.sums[0][v as usize] = 4 * mean;
            // Standard error of the mean of four: sqrt((<x^2> - mean^2) / 3) = mean / 10.
            let mean = u128::from(mean);
            tally.squares[v as usize] = 4 * (mean * mean + 3 * mean * mean / 100);
        }
        tally.regions = (0..4).map(|batch| BatchRegions { batch, units: vec![0] }).collect();
        tally.ledger = Ledger { histories: 4, ..Ledger::default() };
        tally
    }

    #[test]
    fn percentile_and_uncertainty_leave_low_density_out() {
        let mut density = vec![1.0_f32; 100];
        let whole = |density: &[f32], stride| {
            let scale = DoseScale { decays: 1.0, density, voxel_volume_mm3: 1000.0 };
            high_dose(&tally(), &scale, 0.05, 98.0, 0.5, stride)
        };
        let gy = crate::units::GY_PER_MEV_PER_G;
        let high = whole(&density, 1).expect("doses");
        assert!((high.percentile_dose / (98.0 * gy) - 1.0).abs() < 1e-6, "{high:?}");
        // 49 to 100 MeV.
        assert_eq!(high.voxels, 52);
        assert!((high.relative_uncertainty - 0.1).abs() < 1e-6, "{high:?}");
        // The upper half is air: its dose is a thousandfold, and does not count.
        density[50..].fill(0.001);
        let high = whole(&density, 1).expect("doses");
        assert!((high.percentile_dose / (49.0 * gy) - 1.0).abs() < 1e-6, "{high:?}");
        assert_eq!(whole(&density, 2).expect("doses").voxels, 13);
        density.fill(0.001);
        assert_eq!(whole(&density, 1), None);
    }
}
