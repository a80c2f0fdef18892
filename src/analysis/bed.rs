//! Biologically effective dose (BED) and EQD2 from the dose rate over time. Neglects repopulation, cell-cycle effects and every deviation from
//! the linear-quadratic model; alpha/beta and repair times are the user's.
//!
//! ```text
//! BED = D + (2/(alpha/beta)) Q = D (1 + G D/(alpha/beta)),    EQD2 = BED / (1 + 2 Gy/(alpha/beta))
//! ```
//!
//! with Q of [`super::dose_rate`] (Dale 1996, Phys Med Biol 41, 1871; Baechler et al. 2008, Med Phys 35, 1123). Several cycles are one
//! dose rate: with D_c the dose of cycle c in a voxel and q_cd the interaction of cycles of unit dose,
//! BED = sum D_c + (2/(alpha/beta)) sum_{c <= d} q_cd D_c D_d. Where cycles lie far apart this is the sum of their BEDs; it is computed, never assumed.

use std::collections::BTreeMap;

use super::dose_rate::{DoseRate, Repair};
use crate::error::{Error, Result};

/// Sensitivity and repair of a tissue; the user's numbers.
#[derive(Debug, Clone, PartialEq)]
pub struct Tissue {
    /// alpha/beta, Gy.
    pub alpha_beta_gy: f64,
    /// Repair.
    pub repair: Repair,
}

impl Tissue {
    /// A tissue.
    ///
    /// # Errors
    /// If alpha/beta is not positive.
    pub fn new(alpha_beta_gy: f64, repair: Repair) -> Result<Self> {
        if alpha_beta_gy > 0.0 && alpha_beta_gy.is_finite() {
            return Ok(Tissue { alpha_beta_gy, repair });
        }
        Err(Error::usage(
            format!("alpha/beta = {alpha_beta_gy} Gy"),
            "it must be positive",
            "Give the alpha/beta of the tissue, such as 2.6Gy.",
        ))
    }

    /// EQD2 of a BED, Gy: the dose in fractions of 2 Gy with the same BED.
    pub fn eqd2(&self, bed_gy: f64) -> f64 {
        bed_gy / (1.0 + 2.0 / self.alpha_beta_gy)
    }
}

/// Times between cycles that differ by less than a part of this of a second are one.
const LAGS_PER_S: f64 = 1e6;

/// Cycles of a therapy in a tissue.
#[derive(Debug, Clone, PartialEq)]
pub struct Course {
    alpha_beta_gy: f64,
    /// `[c][d]`, d <= c: Q of cycle c and, for d < c, of both orders of c and d; 1 (doses are 1 Gy).
    interaction: Vec<Vec<f64>>,
}

impl Course {
    /// From the dose rate of each cycle (of any dose: the shape counts) and when it began, s.
    ///
    /// # Errors
    /// If there is no cycle, or a beginning is negative or not finite.
    pub fn new(cycles: &[(DoseRate, f64)], tissue: &Tissue) -> Result<Self> {
        if cycles.is_empty() || cycles.iter().any(|c| !(c.1 >= 0.0 && c.1.is_finite())) {
            return Err(Error::usage(
                format!(
                    "{} cycles, beginning at {:?} s",
                    cycles.len(),
                    cycles.iter().map(|c| c.1).collect::<Vec<_>>()
                ),
                "one is needed at least, and each begins at or after the first",
                "Check the cycles.",
            ));
        }
        // Cycles of one shape share what is computed: Q of one, and of two by the time between them.
        let first = |c: usize| (0..c).find(|d| cycles[*d].0 == cycles[c].0).unwrap_or(c);
        let shape: Vec<usize> = (0..cycles.len()).map(first).collect();
        let units: Vec<DoseRate> = cycles.iter().map(|(r, _)| r.unit()).collect();
        let mut own: Vec<f64> = Vec::new();
        for (c, unit) in units.iter().enumerate() {
            own.push(match shape[c] == c {
                true => unit.interaction(&tissue.repair),
                false => own[shape[c]],
            });
        }
        let mut known = BTreeMap::new();
        let mut pair = |c: usize, d: usize| {
            let (early, late) = if cycles[c].1 < cycles[d].1 { (c, d) } else { (d, c) };
            let lag_s = cycles[late].1 - cycles[early].1;
            let key = (shape[early], shape[late], (lag_s * LAGS_PER_S).round() as u64);
            *known.entry(key).or_insert_with(|| {
                let both = units[early].plus(&units[late].later(lag_s));
                // Rounding must not make it negative where nothing is left between cycles.
                (both.interaction(&tissue.repair) - own[c] - own[d]).max(0.0)
            })
        };
        let mut row = |c: usize| {
            let mut row: Vec<f64> = (0..c).map(|d| pair(c, d)).collect();
            row.push(own[c]);
            row
        };
        let interaction = (0..units.len()).map(&mut row).collect();
        Ok(Course { alpha_beta_gy: tissue.alpha_beta_gy, interaction })
    }

    /// One cycle.
    ///
    /// # Errors
    /// As [`Course::new`].
    pub fn single(rate: &DoseRate, tissue: &Tissue) -> Result<Self> {
        Course::new(&[(rate.clone(), 0.0)], tissue)
    }

    /// Number of cycles.
    pub fn cycles(&self) -> usize {
        self.interaction.len()
    }

    /// G of a cycle (from 0).
    pub fn g(&self, cycle: usize) -> f64 {
        2.0 * self.interaction[cycle][cycle]
    }

    /// BED of doses, one for each cycle, Gy.
    pub fn bed(&self, doses_gy: &[f64]) -> f64 {
        debug_assert_eq!(doses_gy.len(), self.cycles());
        let own: f64 = doses_gy.iter().sum();
        let quadratic: f64 = self
            .interaction
            .iter()
            .zip(doses_gy)
            .map(|(row, c)| c * row.iter().zip(doses_gy).map(|(q, d)| q * d).sum::<f64>())
            .sum();
        own + 2.0 / self.alpha_beta_gy * quadratic
    }

    /// The sum of the BEDs of the cycles alone, Gy.
    pub fn bed_of_separate_cycles(&self, doses_gy: &[f64]) -> f64 {
        let one = |(c, d): (usize, &f64)| d * (1.0 + self.g(c) * d / self.alpha_beta_gy);
        doses_gy.iter().enumerate().map(one).sum()
    }

    /// Derivative of the BED by the dose of a cycle: what a standard error of the dose becomes.
    pub fn slope(&self, doses_gy: &[f64], cycle: usize) -> f64 {
        let mixed: f64 = (0..self.cycles())
            .map(|d| {
                let q = self.interaction[cycle.max(d)][cycle.min(d)];
                q * doses_gy[d] * if d == cycle { 2.0 } else { 1.0 }
            })
            .sum();
        1.0 + 2.0 / self.alpha_beta_gy * mixed
    }

    /// The dose (Gy) of the last cycle with which the BED of all is `bed_gy`; 0 where the others have it already.
    pub fn last_dose_for(&self, earlier_gy: &[f64], bed_gy: f64) -> f64 {
        debug_assert_eq!(earlier_gy.len() + 1, self.cycles());
        let mut doses = earlier_gy.to_vec();
        doses.push(0.0);
        let left = bed_gy - self.bed(&doses);
        if left.is_nan() || left <= 0.0 {
            return 0.0;
        }
        let last = self.cycles() - 1;
        let linear = self.slope(&doses, last);
        let square = self.g(last) / self.alpha_beta_gy;
        // square D^2 + linear D = left, in the form that does not cancel.
        2.0 * left / (linear + (linear * linear + 4.0 * square * left).sqrt())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: f64 = 3600.0;

    fn kidney() -> Tissue {
        Tissue::new(2.6, Repair::mono(2.8 * HOUR).unwrap()).unwrap()
    }

    /// A limit in BED is met by the dose that is solved for, also with cycles so near that repair goes on between them.
    #[test]
    fn the_dose_to_a_limit_meets_it() {
        let rate = DoseRate::mono(50.0 * HOUR).unwrap();
        for gap in [10.0 * HOUR, 1344.0 * HOUR] {
            let cycles: Vec<_> = (0..3).map(|c| (rate.clone(), f64::from(c) * gap)).collect();
            let course = Course::new(&cycles, &kidney()).unwrap();
            let dose = course.last_dose_for(&[5.0, 6.0], 40.0);
            assert!((course.bed(&[5.0, 6.0, dose]) - 40.0).abs() < 1e-9 && dose > 5.0);
            assert_eq!(course.last_dose_for(&[20.0, 20.0], 40.0), 0.0);
            let separate = course.bed_of_separate_cycles(&[5.0, 6.0, dose]);
            // Eight weeks apart: the sum; ten hours apart: more.
            assert_eq!((40.0 - separate).abs() < 1e-6, gap > 100.0 * HOUR, "{separate}");
        }
    }

    #[test]
    fn slopes_are_difference_quotients() {
        let rate = DoseRate::mono(50.0 * HOUR).unwrap();
        let other = DoseRate::mono(20.0 * HOUR).unwrap();
        let course = Course::new(&[(rate, 0.0), (other, 30.0 * HOUR)], &kidney()).unwrap();
        let at = [7.0, 9.0];
        for c in 0..2 {
            let moved = |h: f64| {
                let mut doses = at;
                doses[c] += h;
                course.bed(&doses)
            };
            let quotient = (moved(1e-4) - moved(-1e-4)) / 2e-4;
            assert!((course.slope(&at, c) / quotient - 1.0).abs() < 1e-9);
        }
    }

    #[test]
    fn nonsense_is_refused() {
        let repair = Repair::mono(HOUR).unwrap();
        for bad in [0.0, -2.6, f64::NAN, f64::INFINITY] {
            assert!(Tissue::new(bad, repair.clone()).is_err());
        }
        let rate = DoseRate::mono(HOUR).unwrap();
        assert!(Course::new(&[], &kidney()).is_err());
        assert!(Course::new(&[(rate, -1.0)], &kidney()).is_err());
    }
}
