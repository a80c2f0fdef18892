//! BED of each voxel. Neglects what [`super::bed`] does, and that a voxel's curve is uncertain: its error is that of its dose alone.
//!
//! Where a dose rate was fitted to the voxel itself (one exponential), the shape of its dose rate is that exponential; elsewhere it is the curve
//! of its VOI. G of a voxel that clears slower than its VOI is smaller than the VOI's, and the other way round.

use rayon::prelude::*;

use super::bed::{Course, Tissue};
use super::dose_rate::DoseRate;
use crate::error::Result;

/// A cycle, as many times as it is repeated.
#[derive(Debug, Clone)]
pub struct CycleOfVoxels<'a> {
    /// Dose of each voxel, Gy.
    pub doses_gy: &'a [f32],
    /// Its standard errors, where they are known.
    pub standard_errors_gy: Option<&'a [f32]>,
    /// Half-life (s) of the exponential fitted to each voxel's own dose rate; NaN where none was.
    pub half_lives_s: Option<&'a [f32]>,
    /// Dose rate of the VOI.
    pub rate: DoseRate,
    /// Beginnings, s: one for each repetition.
    pub begins_s: Vec<f64>,
}

/// BED and, where those of all doses are known, its standard errors, Gy, of the `wanted` voxels (NaN elsewhere); of repetitions the noise is one.
///
/// # Errors
/// As [`Course::new`].
pub fn bed_of_voxels(
    cycles: &[CycleOfVoxels],
    tissue: &Tissue,
    wanted: &[bool],
) -> Result<(Vec<f32>, Option<Vec<f32>>)> {
    let of_voi = course(cycles, tissue, |c| c.rate.clone())?;
    let voxels = cycles[0].doses_gy.len();
    let known = cycles.iter().all(|c| c.standard_errors_gy.is_some());
    let one = |v: usize| -> Result<(f32, f32)> {
        if !wanted[v] {
            return Ok((f32::NAN, f32::NAN));
        }
        let mut doses = Vec::new();
        for c in cycles {
            doses.extend(c.begins_s.iter().map(|_| f64::from(c.doses_gy[v])));
        }
        // Without dose the shape does not matter.
        let fitted = doses.iter().any(|d| *d != 0.0) && cycles.iter().any(|c| own(c, v).is_some());
        let course = match fitted {
            false => None,
            true => Some(course(cycles, tissue, |c| match own(c, v) {
                Some(half_life_s) => DoseRate::mono(half_life_s).unwrap_or_else(|_| c.rate.clone()),
                None => c.rate.clone(),
            })?),
        };
        let course = course.as_ref().unwrap_or(&of_voi);
        let (mut at, mut variance) = (0, 0.0_f64);
        for c in cycles.iter().filter(|_| known) {
            let n = c.begins_s.len();
            let slope: f64 = (at..at + n).map(|i| course.slope(&doses, i)).sum();
            let error = c.standard_errors_gy.map_or(f64::NAN, |e| f64::from(e[v]));
            variance += (slope * error).powi(2);
            at += n;
        }
        Ok((course.bed(&doses) as f32, variance.sqrt() as f32))
    };
    let both: Vec<(f32, f32)> = (0..voxels).into_par_iter().map(one).collect::<Result<_>>()?;
    let (bed, errors): (Vec<f32>, Vec<f32>) = both.into_iter().unzip();
    Ok((bed, known.then_some(errors)))
}

fn own(cycle: &CycleOfVoxels, voxel: usize) -> Option<f64> {
    let half_life = f64::from(cycle.half_lives_s?[voxel]);
    (half_life > 0.0 && half_life.is_finite()).then_some(half_life)
}

fn course(
    cycles: &[CycleOfVoxels],
    tissue: &Tissue,
    rate: impl Fn(&CycleOfVoxels) -> DoseRate,
) -> Result<Course> {
    let mut all = Vec::new();
    for c in cycles {
        let rate = rate(c);
        all.extend(c.begins_s.iter().map(|at| (rate.clone(), *at)));
    }
    Course::new(&all, tissue)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::Repair;

    const HOUR: f64 = 3600.0;

    fn tissue() -> Tissue {
        Tissue::new(2.6, Repair::mono(2.8 * HOUR).unwrap()).unwrap()
    }

    /// A voxel with a half-life of its own has the closed form of that; the others the VOI's.
    #[test]
    fn a_fitted_voxel_has_its_own_g() {
        let (doses, errors) = ([10.0_f32, 10.0, 0.0, 4.0], [0.5_f32, 0.5, 0.0, f32::NAN]);
        let half_lives = [f32::NAN, 20.0 * 3600.0, 30.0 * 3600.0, 80.0 * 3600.0];
        let cycle = CycleOfVoxels {
            doses_gy: &doses,
            standard_errors_gy: Some(&errors),
            half_lives_s: Some(&half_lives),
            rate: DoseRate::mono(50.0 * HOUR).unwrap(),
            begins_s: vec![0.0],
        };
        let (bed, of_bed) =
            bed_of_voxels(std::slice::from_ref(&cycle), &tissue(), &[true; 4]).unwrap();
        let of_bed = of_bed.unwrap();
        for (v, hours) in [(0, 50.0), (1, 20.0), (3, 80.0)] {
            let (d, g) = (f64::from(doses[v]), 2.8 / (2.8 + hours));
            let expected = d * (1.0 + g * d / 2.6);
            assert!((f64::from(bed[v]) / expected - 1.0).abs() < 1e-6, "{v}: {}", bed[v]);
            let slope = 1.0 + 2.0 * g * d / 2.6;
            let error = slope * f64::from(errors[v]);
            assert!(v == 3 || (f64::from(of_bed[v]) / error - 1.0).abs() < 1e-6, "{v}");
        }
        assert!(bed[2] == 0.0 && of_bed[3].is_nan());
        let unknown = CycleOfVoxels { standard_errors_gy: None, ..cycle };
        assert!(bed_of_voxels(&[unknown], &tissue(), &[false; 4]).unwrap().1.is_none());
    }

    /// Cycles so near that damage is left between them: each voxel's own sum of exponentials, by stepping through time.
    #[test]
    fn cycles_with_their_own_half_lives() {
        let doses = [[6.0_f32, 6.0], [8.0, 8.0]];
        let half_lives = [[5.0_f32 * 3600.0, f32::NAN], [9.0 * 3600.0, 7.0 * 3600.0]];
        let of_voi = [6.0, 8.0];
        let cycles: Vec<CycleOfVoxels> = (0..2)
            .map(|c| CycleOfVoxels {
                doses_gy: &doses[c],
                standard_errors_gy: None,
                half_lives_s: Some(&half_lives[c]),
                rate: DoseRate::mono(of_voi[c] * HOUR).unwrap(),
                begins_s: if c == 0 { vec![0.0, 10.0 * HOUR] } else { vec![20.0 * HOUR] },
            })
            .collect();
        let (bed, _) = bed_of_voxels(&cycles, &tissue(), &[true; 2]).unwrap();
        for v in 0..2 {
            let half_life = |c: usize| {
                [f64::from(half_lives[c][v]) / HOUR, of_voi[c]]
                    [usize::from(half_lives[c][v].is_nan())]
            };
            let given = [(0.0, 0), (10.0, 0), (20.0, 1)];
            let rate = |t: f64| {
                let of = |(at, c): &(f64, usize)| {
                    let k = std::f64::consts::LN_2 / half_life(*c);
                    if t < *at { 0.0 } else { f64::from(doses[*c][v]) * k * (-k * (t - at)).exp() }
                };
                given.iter().map(of).sum::<f64>()
            };
            let (h, mu) = (5e-4, std::f64::consts::LN_2 / 2.8);
            let (mut y, mut q, mut d) = (0.0_f64, 0.0, 0.0);
            for i in 0..500_000 {
                let r = rate((f64::from(i) + 0.5) * h);
                q += r * (y + 0.5 * r * h) * h;
                d += r * h;
                y = y * (-mu * h).exp() + r * h;
            }
            let expected = d + 2.0 * q / 2.6;
            assert!(
                (f64::from(bed[v]) / expected - 1.0).abs() < 1e-3,
                "{v}: {} {expected}",
                bed[v]
            );
        }
        let far: Vec<_> = cycles
            .iter()
            .map(|c| CycleOfVoxels {
                begins_s: c.begins_s.iter().map(|t| t * 1e4).collect(),
                ..c.clone()
            })
            .collect();
        assert!(bed_of_voxels(&far, &tissue(), &[true; 2]).unwrap().0[0] < bed[0]);
    }
}
