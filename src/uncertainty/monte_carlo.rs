//! Propagation of distributions by sampling (JCGM 101:2008): the whole model, not linearised, on draws of the inputs.
//!
//! Samples own their random numbers, so a result does not depend on threads. The interval holds 95 %, 2.5 % left out at each end.

use rayon::prelude::*;

use super::inputs::Inputs;
use super::random::Stream;
use crate::activity::Budget;
use crate::error::{Error, Result};

/// Part of the samples for which the model may fail; they are counted, and left out.
const MOST_FAILED: f64 = 0.01;
/// Fewest samples: 25 in each tail.
const FEWEST: usize = 1000;

/// Outcome of a propagation by sampling.
#[derive(Debug, Clone, PartialEq)]
pub struct MonteCarlo {
    /// Samples drawn.
    pub samples: usize,
    /// Samples for which the model failed.
    pub failed: usize,
    /// Mean and its standard error.
    pub mean: [f64; 2],
    /// Standard deviation.
    pub standard_deviation: f64,
    /// Median.
    pub median: f64,
    /// Ends of the 95 % interval.
    pub interval: [f64; 2],
    /// Standard errors of these ends.
    pub interval_errors: [f64; 2],
}

impl MonteCarlo {
    /// Whether the linear interval `value +- 1.96 u` of a budget holds to one significant digit of u (JCGM 101:2008, section 8).
    pub fn validates(&self, budget: &Budget) -> bool {
        let u = budget.standard_uncertainty();
        let tolerance = 0.5 * 10f64.powf(u.log10().floor());
        let linear = [budget.value - NORMAL_95 * u, budget.value + NORMAL_95 * u];
        linear.iter().zip(self.interval).all(|(a, b)| (a - b).abs() <= tolerance)
    }
}

/// Quantile of the normal distribution for 95 % within.
const NORMAL_95: f64 = 1.959_963_984_540_054;

/// Samples the model.
///
/// # Errors
/// If fewer than 1,000 samples are asked for, or the model fails in more than 1 % of them.
pub fn propagate_by_sampling(
    inputs: &Inputs,
    samples: usize,
    seed: u64,
    model: &(dyn Fn(&[f64]) -> Result<f64> + Sync),
) -> Result<MonteCarlo> {
    if samples < FEWEST {
        return Err(Error::usage(
            format!("{samples} samples"),
            format!("fewer than {FEWEST} do not give the ends of an interval"),
            "Ask for 1e5 or so.",
        ));
    }
    let outcome = |i: usize| model(&inputs.draw(&mut Stream::new(seed, i as u64))).and_then(finite);
    let outcomes: Vec<Result<f64>> = (0..samples).into_par_iter().map(outcome).collect();
    let failed = outcomes.iter().filter(|r| r.is_err()).count();
    if failed as f64 > MOST_FAILED * samples as f64 {
        let why =
            outcomes.into_iter().find_map(Result::err).map(|e| e.to_string()).unwrap_or_default();
        return Err(Error::input(
            format!("the model fails in {failed} of {samples} samples of its inputs"),
            format!(
                "within their uncertainties they do not determine it, and leaving out more than 1 % would bias the result; the first says: {why}"
            ),
            "Add what determines it: a later time point, or a model with fewer parameters.",
        ));
    }
    // In the order of the samples, so that the sum is the same for any number of threads.
    let mut values: Vec<f64> = outcomes.into_iter().flatten().collect();
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    let standard_deviation =
        (values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / (n - 1.0)).sqrt();
    values.sort_by(f64::total_cmp);
    let at = |p: f64| values[((p * n) as usize).min(values.len() - 1)];
    // The rank of a quantile spreads by sqrt(n p (1 - p)).
    let rank = (0.025 * 0.975 / n).sqrt();
    let error = |p: f64| 0.5 * (at((p + rank).min(1.0)) - at((p - rank).max(0.0)));
    Ok(MonteCarlo {
        samples,
        failed,
        mean: [mean, standard_deviation / n.sqrt()],
        standard_deviation,
        median: at(0.5),
        interval: [at(0.025), at(0.975)],
        interval_errors: [error(0.025), error(0.975)],
    })
}

fn finite(value: f64) -> Result<f64> {
    if value.is_finite() {
        return Ok(value);
    }
    Err(Error::run(format!("the model gives {value}"), "it is not finite", "Check the inputs."))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::uncertainty::{Shape, propagate};

    #[test]
    fn a_linear_model_agrees_with_the_law_of_propagation() {
        let mut inputs = Inputs::default();
        inputs.add("a", 10.0, 1.0, Shape::Normal).unwrap();
        inputs.add("b", 4.0, 0.5, Shape::Normal).unwrap();
        let model = |x: &[f64]| Ok(x[0] - 2.0 * x[1] + 30.0);
        let budget = propagate("y", "", &inputs, &model).unwrap();
        let sampled = propagate_by_sampling(&inputs, 100_000, 1, &model).unwrap();
        let u = 2f64.sqrt();
        assert!((budget.standard_uncertainty() - u).abs() < 1e-9);
        assert!((sampled.mean[0] - 32.0).abs() < 4.0 * sampled.mean[1]);
        assert!((sampled.standard_deviation / u - 1.0).abs() < 4.0 / (2e5f64).sqrt());
        for (end, (z, error)) in sampled
            .interval
            .iter()
            .zip([(-1.96, sampled.interval_errors[0]), (1.96, sampled.interval_errors[1])])
        {
            assert!((end - (32.0 + z * u)).abs() < 4.0 * error + 1e-3, "{sampled:?}");
        }
        assert!(sampled.validates(&budget));
        assert_eq!(propagate_by_sampling(&inputs, 100_000, 1, &model), Ok(sampled));
    }

    /// exp of a normal: its mean and quantiles are known, and the linear interval is not right.
    #[test]
    fn a_curved_model_is_sampled_right_and_not_validated() {
        let mut inputs = Inputs::default();
        inputs.add("x", 0.0, 0.5, Shape::Normal).unwrap();
        let model = |x: &[f64]| Ok(x[0].exp());
        let budget = propagate("y", "", &inputs, &model).unwrap();
        let sampled = propagate_by_sampling(&inputs, 100_000, 2, &model).unwrap();
        assert!((sampled.mean[0] - 0.125f64.exp()).abs() < 4.0 * sampled.mean[1]);
        assert!((sampled.median - 1.0).abs() < 0.01);
        for (end, z, error) in [
            (sampled.interval[0], -0.98, sampled.interval_errors[0]),
            (sampled.interval[1], 0.98, sampled.interval_errors[1]),
        ] {
            assert!((end - f64::exp(z)).abs() < 4.0 * error, "{sampled:?}");
        }
        assert!(!sampled.validates(&budget));
    }

    #[test]
    fn failures_are_counted_and_refused_when_many() {
        let mut inputs = Inputs::default();
        inputs.add("x", 1.0, 1.0, Shape::Normal).unwrap();
        let fails_below = |limit: f64| {
            move |x: &[f64]| {
                if x[0] < limit { Err(Error::run("below", "limit", "no")) } else { Ok(x[0]) }
            }
        };
        let few = propagate_by_sampling(&inputs, 10_000, 3, &fails_below(-1.8)).unwrap();
        assert!(few.failed > 0 && few.failed < 100, "{}", few.failed);
        let error = propagate_by_sampling(&inputs, 10_000, 3, &fails_below(0.0)).unwrap_err();
        assert!(error.to_string().contains("below"), "{error}");
        assert!(propagate_by_sampling(&inputs, 999, 3, &fails_below(-9.0)).is_err());
    }
}
