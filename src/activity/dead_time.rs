//! Dead time of a detector: the true rate from the observed one, with its uncertainty. Neglects pile-up that moves counts between energy
//! windows, and changes of the rate within a frame.
//!
//! With n the true and m the observed rate (Knoll, Radiation Detection and Measurement, 4th ed., section 4.VII):
//! non-paralysable m = n / (1 + n tau); paralysable m = n exp(-n tau), at most 1 / (e tau), reached at n = 1 / tau.

use super::check::{not_negative, positive, uncertain};
use crate::error::{Error, Result};

/// Which of the two true rates that give the same observed rate of a paralysable detector is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RateBranch {
    /// Below 1 / tau: the usual one.
    Low,
    /// Above 1 / tau: a paralysed detector.
    High,
}

/// A detector's dead time.
#[derive(Debug, Clone, PartialEq)]
pub enum DeadTime {
    /// None is corrected.
    Negligible,
    /// A fixed time after each count that is recorded.
    NonParalysable {
        /// Dead time, s.
        tau_s: f64,
        /// Its standard uncertainty, s.
        uncertainty_s: f64,
    },
    /// A fixed time after each event, recorded or not.
    Paralysable {
        /// Dead time, s.
        tau_s: f64,
        /// Its standard uncertainty, s.
        uncertainty_s: f64,
        /// Branch of the true rate.
        branch: RateBranch,
    },
    /// Measured pairs, linear between them.
    Table {
        /// Observed and true rate, cps, both ascending.
        points: Vec<[f64; 2]>,
        /// Relative standard uncertainty of the table's true rates (one common scale).
        relative_uncertainty: f64,
    },
}

/// A corrected rate.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Corrected {
    /// True rate, cps.
    pub rate: f64,
    /// Derivative of the true rate by the observed one.
    pub by_observed: f64,
    /// Part of the standard uncertainty of the true rate that the dead time brings, cps.
    pub from_dead_time: f64,
}

impl Corrected {
    /// Standard uncertainty of the true rate, cps, from that of the observed one.
    pub fn standard_uncertainty(&self, observed_uncertainty: f64) -> f64 {
        (self.by_observed * observed_uncertainty).hypot(self.from_dead_time)
    }
}

impl DeadTime {
    /// The true rate of an observed rate, cps.
    ///
    /// # Errors
    /// If the observed rate is negative, above what the detector can show, outside of the table, or so near to the paralysable maximum
    /// that the true rate is undetermined; if the dead time or its uncertainty is not positive.
    pub fn correct(&self, observed: f64) -> Result<Corrected> {
        not_negative("an observed count rate, cps,", observed)?;
        match self {
            DeadTime::Negligible => {
                Ok(Corrected { rate: observed, by_observed: 1.0, from_dead_time: 0.0 })
            }
            DeadTime::NonParalysable { tau_s, uncertainty_s } => {
                let (tau, u) = checked(*tau_s, *uncertainty_s)?;
                let live = 1.0 - observed * tau;
                if live <= 0.0 {
                    return Err(too_high(observed, 1.0 / tau, "non-paralysable"));
                }
                let rate = observed / live;
                let by_observed = 1.0 / (live * live);
                Ok(Corrected { rate, by_observed, from_dead_time: rate * rate * u })
            }
            DeadTime::Paralysable { tau_s, uncertainty_s, branch } => {
                let (tau, u) = checked(*tau_s, *uncertainty_s)?;
                paralysable(observed, tau, u, *branch)
            }
            DeadTime::Table { points, relative_uncertainty } => {
                uncertain("a dead-time table", *relative_uncertainty)?;
                interpolate(points, *relative_uncertainty, observed)
            }
        }
    }
}

fn checked(tau_s: f64, uncertainty_s: f64) -> Result<(f64, f64)> {
    Ok((positive("a dead time, s,", tau_s)?, uncertain("the dead time", uncertainty_s)?))
}

fn too_high(observed: f64, most: f64, model: &str) -> Error {
    Error::input(
        format!("an observed rate of {observed} cps"),
        format!("a {model} detector of this dead time shows at most {most:.6} cps"),
        "Check dead time and rate, or measure at lower activity.",
    )
}

/// Solves x exp(-x) = m tau for x = n tau by Newton's method on ln x - x = ln(m tau), which is concave with its maximum at x = 1.
fn paralysable(observed: f64, tau: f64, u: f64, branch: RateBranch) -> Result<Corrected> {
    let y = observed * tau;
    let most = (-1.0f64).exp();
    if y >= most {
        return Err(too_high(observed, most / tau, "paralysable"));
    }
    if y == 0.0 {
        return match branch {
            RateBranch::Low => Ok(Corrected { rate: 0.0, by_observed: 1.0, from_dead_time: 0.0 }),
            RateBranch::High => Err(Error::input(
                "an observed rate of 0 cps on the high branch",
                "a fully paralysed detector says nothing about the true rate",
                "Measure at lower activity.",
            )),
        };
    }
    // Both starts lie on the outer side of the root, from where Newton's steps on a concave function approach without overshoot.
    let distance = (-2.0 * (1.0 + y.ln())).max(0.0).sqrt();
    let mut x = match branch {
        RateBranch::Low => y,
        RateBranch::High => 1.0 + distance + distance * distance,
    };
    for _ in 0..100 {
        let step = (x.ln() - x - y.ln()) / (1.0 / x - 1.0);
        x -= step;
        if step.abs() <= 4.0 * f64::EPSILON * x {
            break;
        }
    }
    let slope = 1.0 - x;
    if slope.abs() < 1e-3 {
        return Err(Error::input(
            format!("an observed rate of {observed} cps"),
            format!(
                "so near to the paralysable maximum of {:.6} cps it does not determine the true rate",
                most / tau
            ),
            "Measure at lower activity.",
        ));
    }
    let rate = x / tau;
    Ok(Corrected {
        rate,
        by_observed: x.exp() / slope,
        // n exp(-n tau) = m at fixed m: dn/dtau = n^2 / (1 - n tau).
        from_dead_time: (rate * rate / slope).abs() * u,
    })
}

fn interpolate(points: &[[f64; 2]], relative: f64, observed: f64) -> Result<Corrected> {
    let ascending = points.windows(2).all(|p| p[0][0] < p[1][0] && p[0][1] < p[1][1]);
    let physical = points.iter().all(|p| p[0] >= 0.0 && p[1] >= p[0] && p[1].is_finite());
    if points.len() < 2 || !ascending || !physical {
        return Err(Error::input(
            format!("a dead-time table of {} points", points.len()),
            "it needs two or more pairs of observed and true rate, both ascending, none negative, true not below observed",
            "Correct the table.",
        ));
    }
    let (first, last) = (points[0], points[points.len() - 1]);
    if !(first[0]..=last[0]).contains(&observed) {
        return Err(Error::input(
            format!("an observed rate of {observed} cps"),
            format!("the dead-time table covers {} to {} cps", first[0], last[0]),
            "Extend the table by measurements; it is not extrapolated.",
        ));
    }
    let i = points.partition_point(|p| p[0] <= observed).clamp(1, points.len() - 1);
    let [low, high] = [points[i - 1], points[i]];
    let slope = (high[1] - low[1]) / (high[0] - low[0]);
    let rate = low[1] + slope * (observed - low[0]);
    Ok(Corrected { rate, by_observed: slope, from_dead_time: relative * rate })
}

#[cfg(test)]
mod tests {
    use super::*;

    const TAU: f64 = 5e-6;

    fn paralysable_with(tau_s: f64, branch: RateBranch) -> DeadTime {
        DeadTime::Paralysable { tau_s, uncertainty_s: 1e-7, branch }
    }

    fn table() -> DeadTime {
        let points = (0..=20).map(|i| {
            let n = 10_000.0 * f64::from(i);
            [n / (1.0 + n * TAU), n]
        });
        DeadTime::Table { points: points.collect(), relative_uncertainty: 0.01 }
    }

    #[test]
    fn models_are_inverted() {
        for n in [0.0, 1e-3, 10.0, 1e4, 1e5, 1.5e5, 1.99e5] {
            let m = n / (1.0 + n * TAU);
            let back =
                DeadTime::NonParalysable { tau_s: TAU, uncertainty_s: 1e-7 }.correct(m).unwrap();
            assert!((back.rate - n).abs() <= 1e-11 * n, "{n}");
            let m = n * (-n * TAU).exp();
            let back = paralysable_with(TAU, RateBranch::Low).correct(m).unwrap();
            assert!((back.rate - n).abs() <= 1e-9 * n, "{n}: {}", back.rate);
        }
        for n in [2.01e5, 2.5e5, 5e5, 2e6, 2e7] {
            let m = n * (-n * TAU).exp();
            let back = paralysable_with(TAU, RateBranch::High).correct(m).unwrap();
            assert!((back.rate / n - 1.0).abs() < 1e-9, "{n}: {}", back.rate);
        }
        let n = 50_000.0;
        let back = table().correct(n / (1.0 + n * TAU)).unwrap();
        assert!((back.rate / n - 1.0).abs() < 1e-12);
    }

    #[test]
    fn derivatives_are_difference_quotients() {
        let models = |tau: f64| {
            [
                DeadTime::NonParalysable { tau_s: tau, uncertainty_s: 1e-7 },
                paralysable_with(tau, RateBranch::Low),
                paralysable_with(tau, RateBranch::High),
            ]
        };
        let m = 30_000.0;
        for i in 0..3 {
            let at = |tau: f64, m: f64| models(tau)[i].correct(m).unwrap();
            let here = at(TAU, m);
            let by_m = (at(TAU, m + 0.1).rate - at(TAU, m - 0.1).rate) / 0.2;
            assert!((here.by_observed / by_m - 1.0).abs() < 1e-6, "{i}: {here:?} {by_m}");
            let by_tau = (at(TAU + 1e-11, m).rate - at(TAU - 1e-11, m).rate) / 2e-11;
            assert!((here.from_dead_time / (by_tau.abs() * 1e-7) - 1.0).abs() < 1e-5, "{i}");
            let both = here.standard_uncertainty(100.0);
            assert!(both > here.from_dead_time && both >= 100.0 * here.by_observed.abs());
        }
    }

    #[test]
    fn rates_that_cannot_be_are_refused() {
        let most = 1.0 / (std::f64::consts::E * TAU);
        let low = paralysable_with(TAU, RateBranch::Low);
        assert!(low.correct(most * 1.0001).unwrap_err().to_string().contains("at most"));
        assert!(low.correct(most * (1.0 - 1e-9)).unwrap_err().to_string().contains("near"));
        assert!(low.correct(-1.0).is_err() && low.correct(f64::NAN).is_err());
        assert!(paralysable_with(TAU, RateBranch::High).correct(0.0).is_err());
        let fixed = |tau_s, uncertainty_s| DeadTime::NonParalysable { tau_s, uncertainty_s };
        assert!(fixed(TAU, 1e-7).correct(2e5).is_err());
        assert!(fixed(TAU, 0.0).correct(10.0).unwrap_err().to_string().contains("infinite weight"));
        assert!(fixed(0.0, 1e-7).correct(10.0).is_err());
        assert!(table().correct(1e6).unwrap_err().to_string().contains("not extrapolated"));
        for points in
            [vec![], vec![[0.0, 0.0]], vec![[0.0, 0.0], [10.0, 5.0]], vec![[5.0, 5.0], [1.0, 9.0]]]
        {
            assert!(DeadTime::Table { points, relative_uncertainty: 0.01 }.correct(1.0).is_err());
        }
    }
}
