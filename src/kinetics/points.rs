//! Points as a user states them, to a time-activity curve: the one place where uncertainties become weights.
//!
//! Neglected: every correlation between points but a common scale. An uncertainty stated as a share is a share of the *true* value, of
//! which the measured one is but an estimate (`Tac::proportional`): shares of the measured values would give low points too much weight
//! and make the integral too small by about the square of the share (`docs/kinetics.md`, section 2).

use super::tac::{CommonScale, Tac};
use crate::{Error, Result};

/// What is stated of the points' own uncertainties (one standard deviation, independent of each other).
#[derive(Debug, Clone, PartialEq)]
pub enum Spread {
    /// Nothing: all points weigh alike in relation to their value, and the fit finds the size from its residuals.
    Unknown,
    /// One share of the true value for all points (0.05 for 5 %).
    Relative(f64),
    /// A share of the true value for each point.
    Relatives(Vec<f64>),
    /// For each point, in the unit of the values.
    Absolute(Vec<f64>),
}

/// Values at times with what is stated of their uncertainty.
#[derive(Debug, Clone, PartialEq)]
pub struct Points {
    /// After injection, s.
    pub times_s: Vec<f64>,
    /// Bq, Gy/s or any additive quantity.
    pub values: Vec<f64>,
    /// Their own uncertainties.
    pub spread: Spread,
    /// Relative standard uncertainty common to all points, such as the calibration's; 0 for none.
    pub common: f64,
}

/// Relative uncertainties below this are those of counting alone: of activity in a VOI by SPECT, delineation, calibration, partial volume and
/// reconstruction leave some percent (Gear et al., Eur. J. Nucl. Med. Mol. Imaging 45, 2456, 2018, doi:10.1007/s00259-018-4136-7, table 3: 5 % and
/// more for volumes above 100 mL).
const COUNTING_ALONE: f64 = 0.02;

impl Points {
    /// What to say where no uncertainty is as large as one of activity is.
    pub(super) fn counting_alone(&self) -> Option<String> {
        let largest = match &self.spread {
            Spread::Unknown => return None,
            Spread::Relative(r) => *r,
            Spread::Relatives(all) => all.iter().copied().fold(0.0, f64::max),
            Spread::Absolute(all) => {
                let shares = all.iter().zip(&self.values).filter(|(_, v)| **v > 0.0);
                shares.map(|(u, v)| u / v).fold(0.0, f64::max)
            }
        };
        (largest > 0.0 && largest < COUNTING_ALONE).then(|| {
            format!(
                "the points' uncertainties are at most {:.2} %, as counting alone leaves: activity in a VOI is seldom known to better than 5 % (EANM), \
                 and the interval holds only what is stated",
                100.0 * largest
            )
        })
    }

    /// The curve with its weights.
    ///
    /// # Errors
    /// As [`Tac::new`]; if a share is not positive or of a negative value, or a value of 0 has no stated uncertainty at all.
    pub fn tac(&self) -> Result<Tac> {
        let (t, y) = (&self.times_s, &self.values);
        let tac = match &self.spread {
            Spread::Unknown => Tac::with_equal_relative_weights(t, y)?,
            Spread::Relative(r) => Tac::new(t, y, &self.of_shares(|_| *r)?)?.proportional(),
            Spread::Relatives(r) if r.len() == y.len() => {
                Tac::new(t, y, &self.of_shares(|i| r[i])?)?.proportional()
            }
            // The lengths differ: said by the curve.
            Spread::Relatives(u) | Spread::Absolute(u) => Tac::new(t, y, u)?,
        };
        Ok(tac.with_common_scale(CommonScale::new(self.common)?))
    }

    /// Standard uncertainties from shares. A value of 0 has that of the smallest other, so that it has a weight.
    fn of_shares(&self, share: impl Fn(usize) -> f64) -> Result<Vec<f64>> {
        let least = self.values.iter().copied().filter(|v| *v > 0.0).fold(f64::INFINITY, f64::min);
        let one = |(i, v): (usize, &f64)| {
            let r = share(i);
            if !(r > 0.0 && r.is_finite()) {
                return Err(Error::input(
                    format!("point {} has the relative uncertainty {r}", i + 1),
                    "a weight is 1 / u^2, so it must be positive",
                    "Give a fraction: 0.05 for 5 %.",
                ));
            }
            if *v < 0.0 {
                return Err(Error::input(
                    format!(
                        "point {} has the negative value {v} and a relative uncertainty",
                        i + 1
                    ),
                    "a share of a value below 0 is no uncertainty",
                    "Give absolute uncertainties, with which it counts, or leave the point out.",
                ));
            }
            Ok(r * if *v == 0.0 { least.min(f64::MAX) } else { *v })
        };
        self.values.iter().enumerate().map(one).collect()
    }

    /// The same points with other values, such as a sample of them; shares are then those of the new values.
    pub fn with_values(&self, values: &[f64]) -> Self {
        Points { values: values.to_vec(), ..self.clone() }
    }

    /// One of the points alone.
    ///
    /// # Errors
    /// If there is none of that number (from 0).
    pub fn only(&self, at: usize) -> Result<Self> {
        if at >= self.values.len() || at >= self.times_s.len() {
            return Err(Error::input(
                format!("point {} of {}", at + 1, self.values.len()),
                "there is none of that number",
                "Name one of the points, from 1.",
            ));
        }
        let spread = match &self.spread {
            Spread::Relatives(r) => Spread::Relatives(r.get(at).copied().into_iter().collect()),
            Spread::Absolute(u) => Spread::Absolute(u.get(at).copied().into_iter().collect()),
            all => all.clone(),
        };
        Ok(Points {
            times_s: vec![self.times_s[at]],
            values: vec![self.values[at]],
            spread,
            common: self.common,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kinetics::UncertaintyKind;

    fn points(spread: Spread) -> Points {
        Points { times_s: vec![1.0, 2.0, 3.0], values: vec![8.0, 4.0, 0.0], spread, common: 0.04 }
    }

    #[test]
    fn each_statement_has_its_weights() {
        let relative = points(Spread::Relative(0.1)).tac().unwrap();
        assert_eq!(relative.uncertainties(), [0.8, 0.4, 0.4]);
        assert!(relative.is_proportional() && relative.kind() == UncertaintyKind::Absolute);
        assert_eq!(relative.common_scale().relative(), 0.04);
        let list = points(Spread::Relatives(vec![0.1; 3])).tac().unwrap();
        assert_eq!(list, relative);
        let absolute = points(Spread::Absolute(vec![0.5, 0.4, 0.3])).tac().unwrap();
        assert!(!absolute.is_proportional() && absolute.uncertainties() == [0.5, 0.4, 0.3]);
        let positive = Points { values: vec![8.0, 4.0, 2.0], ..points(Spread::Unknown) };
        let unknown = positive.tac().unwrap();
        assert!(unknown.is_proportional() && unknown.kind() == UncertaintyKind::RelativeOnly);
    }

    #[test]
    fn what_makes_no_weight_is_refused() {
        let refused = |p: Points| p.tac().expect_err("must be refused").to_string();
        assert!(refused(points(Spread::Unknown)).contains("value 0"));
        assert!(refused(points(Spread::Relative(0.0))).contains("positive"));
        assert!(refused(points(Spread::Relatives(vec![0.1, f64::NAN, 0.1]))).contains("point 2"));
        assert!(refused(points(Spread::Relatives(vec![0.1; 2]))).contains("all three"));
        assert!(
            refused(Points { common: 1.0, ..points(Spread::Relative(0.1)) }).contains("common")
        );
        let negative = points(Spread::Relative(0.1)).with_values(&[8.0, -1.0, 2.0]);
        assert!(refused(negative).contains("negative"));
    }

    #[test]
    fn one_point_keeps_its_own_uncertainty() {
        let one = points(Spread::Relatives(vec![0.1, 0.2, 0.3])).only(1).unwrap();
        assert_eq!((one.times_s[0], one.spread.clone()), (2.0, Spread::Relatives(vec![0.2])));
        assert_eq!(one.tac().unwrap().uncertainties(), [0.8]);
        assert!(points(Spread::Unknown).only(3).is_err());
    }
}
