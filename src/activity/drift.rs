//! Whether a calibration factor drifts: control limits, the newest against the rest, and a linear trend. Neglects steps that a straight line
//! does not show, and the calibrator's own drift, which all factors share.
//!
//! With weights 1/u^2 (u without the shared part): mean and slope by weighted least squares, standard uncertainties times the Birge ratio where
//! it is above one. z of the newest = (x - mean of the others) / sqrt(u^2 + u^2(mean)). Control limits: mean +- 3 s (Shewhart; ISO 7870-2).

use super::history::HistoryEntry;
use crate::error::Result;

/// Outcome of a drift check.
#[derive(Debug, Clone, PartialEq)]
pub struct DriftCheck {
    /// Factors of the same setup and unit, with the newest.
    pub factors: usize,
    /// Newest factor.
    pub newest: f64,
    /// Weighted mean of the earlier ones.
    pub mean: f64,
    /// (Newest - mean) over its standard uncertainty.
    pub z: f64,
    /// Control limits, mean -+ 3 s of the earlier ones; none below three of them.
    pub limits: Option<[f64; 2]>,
    /// Trend over all; none below three factors at two or more times.
    pub trend: Option<Trend>,
}

/// A straight line through the factors.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Trend {
    /// Relative change per year.
    pub per_year: f64,
    /// Its standard uncertainty.
    pub standard_uncertainty: f64,
    /// Probability of so large a slope, either way, without drift (normal distribution).
    pub p: f64,
}

/// Probability below which a trend counts as one.
const TREND_LEVEL: f64 = 0.01;
/// |z| above which the newest factor is out of line.
const Z_LIMIT: f64 = 3.0;
const SECONDS_PER_YEAR: f64 = 365.25 * 86_400.0;

impl DriftCheck {
    /// What is wrong, in words; empty if nothing is.
    pub fn warnings(&self) -> Vec<String> {
        let mut found = Vec::new();
        if self.z.abs() > Z_LIMIT {
            found.push(format!("the newest factor differs from the mean of the earlier ones by {:.1} standard uncertainties", self.z));
        }
        if let Some([low, high]) = self.limits.filter(|l| !(l[0]..=l[1]).contains(&self.newest)) {
            found.push(format!(
                "the newest factor {:.5} lies outside of the control limits {low:.5} to {high:.5}",
                self.newest
            ));
        }
        if let Some(t) = self.trend.filter(|t| t.p < TREND_LEVEL) {
            found.push(format!(
                "the factor drifts by {:+.2} % per year (p = {:.1e})",
                100.0 * t.per_year,
                t.p
            ));
        }
        found
    }
}

/// Checks the newest of `entries` (in time order, one setup and unit); none if there is nothing to compare it with.
///
/// # Errors
/// If only some times state their offset from UTC.
pub fn check_drift(entries: &[&HistoryEntry]) -> Result<Option<DriftCheck>> {
    let Some((newest, earlier)) = entries.split_last().filter(|(_, earlier)| !earlier.is_empty())
    else {
        return Ok(None);
    };
    let points = |list: &[&HistoryEntry]| -> Result<Vec<[f64; 3]>> {
        list.iter()
            .map(|e| {
                Ok([
                    e.time.seconds_since(&entries[0].time)? / SECONDS_PER_YEAR,
                    e.value,
                    e.random_uncertainty,
                ])
            })
            .collect()
    };
    let before = points(earlier)?;
    let (mean, u_mean, scatter) = weighted_mean(&before);
    let limits = (before.len() >= 3).then(|| {
        let n = before.len() as f64;
        let s = (before.iter().map(|p| (p[1] - mean).powi(2)).sum::<f64>() / (n - 1.0)).sqrt();
        let stated = (before.iter().map(|p| p[2] * p[2]).sum::<f64>() / n).sqrt();
        let s = s.max(stated);
        [mean - 3.0 * s, mean + 3.0 * s]
    });
    let u_newest = newest.random_uncertainty * scatter;
    Ok(Some(DriftCheck {
        factors: entries.len(),
        newest: newest.value,
        mean,
        z: (newest.value - mean) / u_newest.hypot(u_mean),
        limits,
        trend: trend(&points(entries)?),
    }))
}

/// Weighted mean, its standard uncertainty, and the Birge ratio where above one.
fn weighted_mean(points: &[[f64; 3]]) -> (f64, f64, f64) {
    let w = |p: &[f64; 3]| 1.0 / (p[2] * p[2]);
    let sum: f64 = points.iter().map(w).sum();
    let mean = points.iter().map(|p| w(p) * p[1]).sum::<f64>() / sum;
    let chi2: f64 = points.iter().map(|p| w(p) * (p[1] - mean).powi(2)).sum();
    let scatter =
        if points.len() > 1 { (chi2 / (points.len() - 1) as f64).sqrt().max(1.0) } else { 1.0 };
    (mean, scatter / sum.sqrt(), scatter)
}

fn trend(points: &[[f64; 3]]) -> Option<Trend> {
    let (mean, _, _) = weighted_mean(points);
    let w: Vec<f64> = points.iter().map(|p| 1.0 / (p[2] * p[2])).collect();
    let sum: f64 = w.iter().sum();
    let t_mean = points.iter().zip(&w).map(|(p, w)| w * p[0]).sum::<f64>() / sum;
    let tt: f64 = points.iter().zip(&w).map(|(p, w)| w * (p[0] - t_mean).powi(2)).sum();
    if points.len() < 3 || tt <= 0.0 {
        return None;
    }
    let slope =
        points.iter().zip(&w).map(|(p, w)| w * (p[0] - t_mean) * (p[1] - mean)).sum::<f64>() / tt;
    let residual = |p: &[f64; 3]| p[1] - mean - slope * (p[0] - t_mean);
    let chi2: f64 = points.iter().zip(&w).map(|(p, w)| w * residual(p).powi(2)).sum();
    let scatter = (chi2 / (points.len() - 2) as f64).sqrt().max(1.0);
    let u = scatter / tt.sqrt();
    let p = crate::stats::two_sided_p(slope / u);
    Some(Trend { per_year: slope / mean, standard_uncertainty: u / mean.abs(), p })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::activity::{CameraSetup, FactorUnit, Moment};

    fn entry(month: u32, value: f64) -> HistoryEntry {
        HistoryEntry {
            time: Moment::parse(&format!(
                "20{:02}-{:02}-01T00:00:00Z",
                20 + month / 12,
                month % 12 + 1
            ))
            .unwrap(),
            setup: CameraSetup {
                camera: "C".into(),
                nuclide: "Lu-177".into(),
                collimator: "M".into(),
                window_kev: [187.0, 229.0],
            },
            unit: FactorUnit::CpsPerMbq,
            value,
            random_uncertainty: 0.1,
            shared_uncertainty: 0.3,
            acquisitions: 3,
        }
    }

    fn check(values: &[f64]) -> Option<DriftCheck> {
        let entries: Vec<HistoryEntry> =
            values.iter().enumerate().map(|(i, v)| entry(i as u32, *v)).collect();
        check_drift(&entries.iter().collect::<Vec<_>>()).unwrap()
    }

    #[test]
    fn steady_factors_pass_and_a_step_does_not() {
        assert!(check(&[20.0]).is_none());
        let steady = check(&[20.0, 20.1, 19.9, 20.05]).unwrap();
        assert!(steady.warnings().is_empty(), "{steady:?}");
        assert!((steady.mean - 20.0).abs() < 1e-9);
        // u of the newest 0.1, of the mean 0.1 / sqrt(3).
        assert!((steady.z - 0.05 / (0.1 * (4.0f64 / 3.0).sqrt())).abs() < 1e-9);
        let step = check(&[20.0, 20.1, 19.9, 21.0]).unwrap();
        let warnings = step.warnings().join("; ");
        assert!(
            warnings.contains("standard uncertainties") && warnings.contains("control limits"),
            "{warnings}"
        );
    }

    #[test]
    fn a_drift_is_found_with_its_slope() {
        let values: Vec<f64> = (0..12).map(|i| 20.0 - 0.05 * f64::from(i)).collect();
        let found = check(&values).unwrap();
        let trend = found.trend.unwrap();
        // 0.05 a month of 19.7 is 3 % a year.
        assert!((trend.per_year + 12.0 * 0.05 / 19.725).abs() < 2e-4, "{trend:?}");
        assert!(
            found.warnings().iter().any(|w| w.contains("drifts by -3.0")),
            "{:?}",
            found.warnings()
        );
    }

    /// Without drift, p is below 5 % in 5 % of 4,000 histories (the standard error of that share is 0.34 %).
    #[test]
    fn the_false_alarm_rate_is_as_stated() {
        let mut state = 3u64;
        let mut normal = || {
            let mut sum = -6.0;
            for _ in 0..12 {
                state = state
                    .wrapping_mul(6_364_136_223_846_793_005)
                    .wrapping_add(1_442_695_040_888_963_407);
                sum += (state >> 11) as f64 / (1u64 << 53) as f64;
            }
            sum
        };
        let runs = 4000;
        let mut alarms = 0;
        for _ in 0..runs {
            let points: Vec<[f64; 3]> =
                (0..30).map(|i| [f64::from(i), 20.0 + 0.1 * normal(), 0.1]).collect();
            alarms += u32::from(trend(&points).unwrap().p < 0.05);
        }
        let share = f64::from(alarms) / f64::from(runs);
        // Widening by the Birge ratio makes the test a little cautious.
        assert!((0.02..0.061).contains(&share), "{share}");
    }

    #[test]
    fn mixed_zones_are_refused() {
        let (a, mut b) = (entry(0, 20.0), entry(1, 20.0));
        b.time = Moment::parse("2020-02-01T00:00:00").unwrap();
        assert!(check_drift(&[&a, &b]).is_err());
    }
}
