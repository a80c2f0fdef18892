//! The numbers that are read from a histogram, by the names in use: D95%, D2mL, V20Gy, HI. Neglects, in the homogeneity index, that its
//! three doses have noise in common.

use super::dvh::Dvh;
use super::eud::Formula;
use super::noise::{Estimate, Noise};
use super::samples::Samples;
use crate::error::Result;

/// What is read.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Metric {
    /// Weighted mean.
    Mean,
    /// Least value of a voxel.
    Min,
    /// Largest value of a voxel.
    Max,
    /// The value that the hottest share (0 to 1) has at least; D50 % is the median.
    DoseToShare(f64),
    /// The value that the hottest volume (mL) has at least; g where weights are masses.
    DoseToAmount(f64),
    /// Share with at least this value.
    ShareAbove(f64),
    /// (D2 % - D98 %)/D50 % (ICRU Report 83, equation 3.2).
    Homogeneity,
    /// An equivalent uniform dose or a probability.
    Formula(Formula),
}

impl Metric {
    /// Those of every table: mean, near-minimum and near-maximum, median, extremes, homogeneity.
    pub fn usual() -> Vec<Metric> {
        vec![
            Metric::Mean,
            Metric::DoseToShare(0.98),
            Metric::DoseToShare(0.95),
            Metric::DoseToShare(0.5),
            Metric::DoseToShare(0.02),
            Metric::Min,
            Metric::Max,
            Metric::Homogeneity,
        ]
    }

    /// Its name; `unit` is that of the map, `by_mass` says that weights are masses.
    pub fn name(&self, unit: &str, by_mass: bool) -> String {
        let amount = if by_mass { "g" } else { "mL" };
        match self {
            Metric::Mean => "mean".into(),
            Metric::Min => "min".into(),
            Metric::Max => "max".into(),
            Metric::DoseToShare(s) => format!("D{}%", shown(100.0 * s)),
            Metric::DoseToAmount(x) => format!("D{}{amount}", shown(*x)),
            Metric::ShareAbove(x) => format!("V{}{unit}", shown(*x)),
            Metric::Homogeneity => "HI".into(),
            Metric::Formula(f) => f.name(),
        }
    }

    /// Unit of its value.
    pub fn unit<'a>(&self, unit: &'a str) -> &'a str {
        match self {
            Metric::ShareAbove(_) => "%",
            Metric::Homogeneity => "1",
            Metric::Formula(f) if !f.is_dose() => "1",
            _ => unit,
        }
    }
}

/// Nine digits at most.
fn shown(x: f64) -> String {
    format!("{}", (x * 1e9).round() / 1e9)
}

/// A region's histogram and what was read from it.
#[derive(Debug, Clone)]
pub struct VoiMetrics {
    /// The histogram.
    pub dvh: Dvh,
    /// The noise, where it is known.
    pub noise: Option<Noise>,
    /// What was read, in the order asked for; shares in %.
    pub values: Vec<(Metric, Estimate)>,
}

impl VoiMetrics {
    /// Reads metrics from samples. `mean_standard_error` is that of the mean from independent batches, where a run tells it.
    ///
    /// # Errors
    /// If the histogram is refused, or a volume is asked for that the region does not have.
    pub fn new(
        samples: &Samples,
        metrics: &[Metric],
        mean_standard_error: Option<f64>,
    ) -> Result<Self> {
        let dvh = Dvh::new(samples)?;
        let noise = Noise::new(samples, mean_standard_error);
        // The batches know the mean also where too few voxels know their own noise.
        let mean = mean_standard_error.filter(|e| e.is_finite()).map(|e| Estimate {
            value: dvh.mean(),
            bias: Some(0.0),
            standard_error: Some(e),
        });
        let of = |m: &Metric| match (m, mean) {
            (Metric::Mean, Some(mean)) => Ok((*m, mean)),
            _ => Ok((*m, read(m, samples, &dvh, noise.as_ref())?)),
        };
        let values = metrics.iter().map(of).collect::<Result<_>>()?;
        Ok(VoiMetrics { dvh, noise, values })
    }
}

fn read(metric: &Metric, samples: &Samples, dvh: &Dvh, noise: Option<&Noise>) -> Result<Estimate> {
    let at_share = |share: f64| match noise {
        Some(n) => n.value_at_share(dvh, share),
        None => Estimate::bare(dvh.value_at_share(share)),
    };
    Ok(match metric {
        Metric::Mean => noise.map_or(Estimate::bare(dvh.mean()), |n| n.mean(dvh.mean())),
        // The bias of an extreme is that of the number of voxels: not told.
        Metric::Min => Estimate::bare(dvh.min()),
        Metric::Max => Estimate::bare(dvh.max()),
        Metric::DoseToShare(share) => at_share(*share),
        Metric::DoseToAmount(amount) => {
            if *amount > dvh.total() {
                // The VOI's other values are known.
                return Ok(Estimate::bare(f64::NAN));
            }
            at_share(amount / dvh.total())
        }
        Metric::ShareAbove(value) => {
            let share = match noise {
                Some(n) => n.share_at_least(dvh, *value),
                None => Estimate::bare(dvh.share_at_least(*value)),
            };
            Estimate {
                value: 100.0 * share.value,
                bias: share.bias.map(|b| 100.0 * b),
                standard_error: share.standard_error.map(|e| 100.0 * e),
            }
        }
        Metric::Homogeneity => {
            let [cold, median, hot] = [0.98, 0.5, 0.02].map(at_share);
            let of = |f: &dyn Fn(&Estimate) -> f64| (f(&hot) - f(&cold)) / f(&median);
            let value = of(&|e| e.value);
            let error = |e: &Estimate| e.standard_error.map(|s| s / median.corrected());
            let error = match (error(&hot), error(&cold), error(&median)) {
                (Some(h), Some(c), Some(m)) => Some(h.hypot(c).hypot(value * m)),
                _ => None,
            };
            let bias = hot.bias.map(|_| value - of(&Estimate::corrected));
            Estimate { value, bias, standard_error: error }
        }
        Metric::Formula(formula) => formula.of(samples, noise),
    })
}

#[cfg(test)]
mod tests {
    use super::super::dvh::samples_of;
    use super::*;

    #[test]
    fn names_and_values() {
        let pairs: Vec<(f64, f64)> = (1..=100).map(|i| (f64::from(i), 0.5)).collect();
        let metrics = [
            Metric::Mean,
            Metric::DoseToShare(0.95),
            Metric::DoseToAmount(1.0),
            Metric::ShareAbove(20.5),
            Metric::Homogeneity,
            Metric::Max,
        ];
        let found = VoiMetrics::new(&samples_of(&pairs), &metrics, None).unwrap();
        let names: Vec<String> = metrics.iter().map(|m| m.name("Gy", false)).collect();
        assert_eq!(names, ["mean", "D95%", "D1mL", "V20.5Gy", "HI", "max"]);
        let values: Vec<f64> = found.values.iter().map(|v| v.1.value).collect();
        let expected = [50.5, 5.5, 98.5, 80.0, 96.0 / 50.5, 100.0];
        for (v, e) in values.iter().zip(expected) {
            assert!((v - e).abs() < 1e-9, "{values:?}");
        }
        assert!(found.noise.is_none() && found.values[0].1.interval_95(2.0).is_none());
        // What is larger than the VOI has none; its other values stand.
        let all = [Metric::DoseToAmount(51.0), Metric::Mean];
        let found = VoiMetrics::new(&samples_of(&pairs), &all, None).unwrap();
        assert!(found.values[0].1.value.is_nan() && found.values[1].1.value == 50.5);
    }
}
