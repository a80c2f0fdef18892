//! What is known of an integrated curve, for files: what `fit.json` has of each.

use serde::Serialize;

use crate::kinetics::fit::Parameter;
use crate::kinetics::{Fit, Gate, Integrated, Tia, UncertaintyKind};
use crate::units::SECONDS_PER_HOUR;

/// A curve.
#[derive(Debug, Serialize)]
pub struct CurveResults<'a> {
    name: &'a str,
    points: Vec<PointResults>,
    uncertainties: &'static str,
    integral: &'a Tia,
    fit: Option<FitResults<'a>>,
    candidates: Vec<CandidateResults<'a>>,
    plot: &'a str,
}

/// A measured point.
#[derive(Debug, Serialize)]
struct PointResults {
    time_s: f64,
    value: f64,
    /// None where only ratios of uncertainties are known.
    standard_uncertainty: Option<f64>,
}

/// A family that was tried.
#[derive(Debug, Serialize)]
struct CandidateResults<'a> {
    family: &'static str,
    criterion: Option<f64>,
    weight: f64,
    reason: Option<&'a str>,
}

/// The fitted function.
#[derive(Debug, Serialize)]
struct FitResults<'a> {
    family: &'static str,
    parameters: &'a [Parameter],
    /// Of the parameters, in their order.
    correlation: Vec<Vec<f64>>,
    exponentials: Vec<ExponentialResults>,
    chi2: f64,
    degrees_of_freedom: usize,
    r2: f64,
    gates: &'a [Gate],
}

/// `amplitude exp(-effective_rate_per_s t)`.
#[derive(Debug, Serialize)]
struct ExponentialResults {
    amplitude: f64,
    effective_rate_per_s: f64,
    effective_half_life_h: f64,
}

impl<'a> CurveResults<'a> {
    /// Of a curve, with the name of its picture.
    pub fn of(name: &'a str, i: &'a Integrated, plot: &'a str) -> Self {
        let (tac, scale) = (&i.tac, i.scale_of_uncertainties());
        let point = |p: usize| PointResults {
            time_s: tac.times_s()[p],
            value: tac.values()[p],
            standard_uncertainty: (scale > 0.0).then_some(scale * tac.uncertainties()[p]),
        };
        let candidates = i.candidates.iter().map(|c| CandidateResults {
            family: c.family.name(),
            criterion: c.criterion,
            weight: c.weight,
            reason: c.reason.as_deref(),
        });
        CurveResults {
            name,
            points: (0..tac.len()).map(point).collect(),
            uncertainties: match tac.kind() {
                UncertaintyKind::Absolute => "absolute",
                _ => "relative only",
            },
            integral: &i.tia,
            fit: i.fit().map(FitResults::of),
            candidates: candidates.collect(),
            plot,
        }
    }
}

impl<'a> FitResults<'a> {
    fn of(f: &'a Fit) -> Self {
        let exponentials = f.curve.exponentials();
        let exponential = |(amplitude, rate): &(f64, f64)| ExponentialResults {
            amplitude: *amplitude,
            effective_rate_per_s: *rate,
            effective_half_life_h: std::f64::consts::LN_2 / rate / SECONDS_PER_HOUR,
        };
        FitResults {
            family: f.family().name(),
            parameters: &f.parameters,
            correlation: f.correlation.row_iter().map(|r| r.iter().copied().collect()).collect(),
            exponentials: exponentials.iter().map(exponential).collect(),
            chi2: f.chi2,
            degrees_of_freedom: f.degrees_of_freedom,
            r2: f.r2,
            gates: &f.gates,
        }
    }
}
