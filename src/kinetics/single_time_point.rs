//! TIA from one time point.
//!
//! Neglected: everything but a mono-exponential fall from injection: no uptake phase, no second phase of clearance. What the one
//! measurement cannot tell, the effective half-life, comes from a population; its spread is the result's uncertainty. Half-lives of a
//! population are taken as log-normal (Hou et al., J. Nucl. Med. 62, 1006, 2021, PMC8882881).

use std::f64::consts::LN_2;

use super::tia::Tia;
use crate::stats::{NORMAL_97_5, normal_quantile};
use crate::{Error, Result};

/// Window of t / T_eff in which [`haenscheid`] is meant to be used: there it is off by -11.6 % to +6.1 %.
pub const HAENSCHEID_WINDOW: (f64, f64) = (0.75, 2.5);

/// One measurement: a value (Bq or Gy/s) at a time after injection (s) with its standard uncertainty.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Measurement {
    time_s: f64,
    value: f64,
    uncertainty: f64,
}

impl Measurement {
    /// A measurement.
    ///
    /// # Errors
    /// If the time is not after injection, the value not positive, or the uncertainty negative.
    pub fn new(time_s: f64, value: f64, uncertainty: f64) -> Result<Self> {
        let bad = |problem: String, why: &str| Err(Error::input(problem, why, "Correct it."));
        if !(time_s > 0.0 && time_s.is_finite()) {
            return bad(format!("time {time_s} s"), "it must lie after injection");
        }
        if !(value > 0.0 && value.is_finite()) {
            return bad(format!("value {value}"), "it must be positive");
        }
        if !(uncertainty >= 0.0 && uncertainty.is_finite()) {
            return bad(format!("uncertainty {uncertainty}"), "it must not be negative");
        }
        Ok(Measurement { time_s, value, uncertainty })
    }

    /// Time after injection, s.
    pub fn time_s(&self) -> f64 {
        self.time_s
    }

    /// The value.
    pub fn value(&self) -> f64 {
        self.value
    }

    /// Its relative standard uncertainty.
    pub fn relative_uncertainty(&self) -> f64 {
        self.uncertainty / self.value
    }
}

/// Effective half-lives of a population: log-normal with this mean and standard deviation, never above the physical one.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Population {
    mean_s: f64,
    sd_s: f64,
    physical_s: f64,
}

impl Population {
    /// A population by mean and standard deviation of the effective half-life (s), and the physical half-life (s). No population is
    /// built in: the numbers depend on nuclide, compound and tissue, and belong to the site or to the paper they are taken from.
    ///
    /// # Errors
    /// If a number is not positive (the deviation may be 0) or the mean exceeds the physical half-life.
    pub fn new(mean_s: f64, sd_s: f64, physical_s: f64) -> Result<Self> {
        let positive = mean_s > 0.0 && sd_s >= 0.0 && physical_s > 0.0;
        if !positive
            || ![mean_s, sd_s, physical_s].iter().all(|v| v.is_finite())
            || mean_s > physical_s
        {
            return Err(Error::input(
                format!(
                    "population half-life {mean_s} s with deviation {sd_s} s, physical {physical_s} s"
                ),
                "an effective half-life is positive and at most the physical one",
                "Check the units (seconds) and the nuclide.",
            ));
        }
        Ok(Population { mean_s, sd_s, physical_s })
    }

    /// Mean effective half-life, s.
    pub fn mean_s(&self) -> f64 {
        self.mean_s
    }

    /// Standard deviation over mean.
    pub fn relative_spread(&self) -> f64 {
        self.sd_s / self.mean_s
    }

    /// Equally likely half-lives (midpoints of equal shares of the distribution).
    fn members(&self) -> impl Iterator<Item = f64> + '_ {
        const N: usize = 400;
        let s2 = (1.0 + (self.sd_s / self.mean_s).powi(2)).ln();
        let median = self.mean_s / (0.5 * s2).exp();
        (0..N).map(move |i| {
            let z = normal_quantile((i as f64 + 0.5) / N as f64);
            (median * (z * s2.sqrt()).exp()).min(self.physical_s)
        })
    }
}

/// True TIA of a member of the population that has the measured value.
fn mono_tia(m: Measurement, half_life_s: f64) -> f64 {
    m.value * 2.0_f64.powf(m.time_s / half_life_s) * half_life_s / LN_2
}

/// The estimate with the root-mean-square error over the population and its 95 % interval.
fn over_population(m: Measurement, population: &Population, estimate: f64, method: String) -> Tia {
    let mut truths: Vec<f64> = population.members().map(|t| mono_tia(m, t)).collect();
    truths.sort_by(f64::total_cmp);
    let n = truths.len() as f64;
    let relative = m.uncertainty / m.value;
    let variance = truths.iter().map(|t| (t - estimate).powi(2)).sum::<f64>() / n;
    let bias = truths.iter().sum::<f64>() / n - estimate;
    let at = |share: f64| truths[((share * n) as usize).min(truths.len() - 1)];
    let widen = |limit: f64, sign: f64| {
        let own = 1.96 * relative;
        let ln = (limit / estimate).ln();
        estimate * if ln * sign > 0.0 { sign * ln.hypot(own) } else { ln + sign * own }.exp()
    };
    let mut warnings = vec![format!(
        "one time point: the shape is assumed; expected bias {:+.1} %",
        -100.0 * bias / (estimate + bias)
    )];
    if bias.abs() > 0.1 * estimate {
        warnings.push("the population's spread biases the estimate by more than 10 %".into());
    }
    let decay = (-LN_2 * m.time_s / population.mean_s).exp();
    let tia = Tia {
        value: estimate,
        standard_uncertainty: variance.sqrt().hypot(relative * estimate),
        interval_95: (widen(at(0.025), -1.0), widen(at(0.975), 1.0)),
        share_before_first: 0.0,
        share_after_last: 0.0,
        method,
        warnings,
    };
    tia.with_shares(1.0 - decay, decay)
}

/// Haenscheid's rule: TIA = A(t) 2 t / ln 2, exact where t is one or two effective half-lives, since 2^x / x = 2 at x = 1 and 2.
///
/// H. Haenscheid et al., J. Nucl. Med. 59, 75, 2018, doi:10.2967/jnumed.117.193706: one measurement 4 days after 177Lu-DOTATATE or
/// -DOTATOC. The ratio to the true TIA, 2 x / 2^x with x = t / T_eff, lies from 0.884 to 1.061 for 0.75 <= x <= 2.5. Valid for any nuclide
/// whose curve is mono-exponential; warned outside the window for the population's mean.
pub fn haenscheid(m: Measurement, population: &Population) -> Tia {
    let estimate = m.value * 2.0 * m.time_s / LN_2;
    let mut tia =
        over_population(m, population, estimate, "Haenscheid 2018, A(t) 2 t / ln 2".into());
    let x = m.time_s / population.mean_s;
    if !(HAENSCHEID_WINDOW.0..=HAENSCHEID_WINDOW.1).contains(&x) {
        let true_ratio = 2.0 * x / 2.0_f64.powf(x);
        tia.warnings.push(format!(
            "t is {x:.2} effective half-lives, outside 0.75 to 2.5: the rule gives {:.0} % of the TIA of the mean half-life",
            100.0 * true_ratio
        ));
    }
    tia
}

/// [`haenscheid`] without a population: its interval is the range of the rule's error.
///
/// The ratio to the truth, 2 x / 2^x, lies from 0.884 to 1.061 for x = t / T_eff from 0.75 to 2.5 (-11.6 % to +6.1 %), so the truth lies
/// between estimate / 1.061 and estimate / 0.884, widened by the measurement; the standard uncertainty is that of a value evenly likely in
/// between (JCGM 100:2008, 4.3.7). Whether T_eff lies in the window one point cannot tell: the condition is said as a warning, in hours.
///
/// # Errors
/// If no half-life up to the physical one (s) lies in the window: t is then above 2.5 physical half-lives.
pub fn haenscheid_alone(m: Measurement, half_life_s: f64) -> Result<Tia> {
    let (low, high) = HAENSCHEID_WINDOW;
    // T_eff is at most the physical half-life, so x is at least this.
    let least = low.max(m.time_s / half_life_s);
    if least >= high || least.is_nan() {
        return Err(Error::input(
            format!("one point {:.2} physical half-lives after injection", m.time_s / half_life_s),
            format!(
                "Haenscheid's rule holds from {low} to {high} effective half-lives, which are no longer"
            ),
            "Use an earlier point, or madsen with a population half-life.",
        ));
    }
    let estimate = m.value * 2.0 * m.time_s / LN_2;
    let ratio = |x: f64| 2.0 * x / x.exp2();
    let largest = ratio(least.max(1.0 / LN_2));
    let smallest = ratio(least).min(ratio(high));
    let relative = m.uncertainty / m.value;
    let own = NORMAL_97_5 * relative;
    // Both bounds in ln(truth / estimate), the measurement added in quadrature where they lie on its side.
    let (low_ln, high_ln) = (-largest.ln(), -smallest.ln());
    let lower = if low_ln < 0.0 { -low_ln.hypot(own) } else { low_ln - own };
    let rule = (1.0 / smallest - 1.0 / largest) / 12.0_f64.sqrt();
    let hours = |x: f64| m.time_s / x / crate::units::SECONDS_PER_HOUR;
    let warnings = vec![format!(
        "one time point: the interval holds if the effective half-life lies between {:.1} and {:.1} h (t / {high} and t / {low}), which \
         the point cannot tell",
        hours(high),
        hours(least)
    )];
    // Where the half-life is not known, so are the shares: all of it is extrapolated.
    Ok(Tia {
        value: estimate,
        standard_uncertainty: estimate * rule.hypot(relative),
        interval_95: (estimate * lower.exp(), estimate * high_ln.hypot(own).exp()),
        share_before_first: f64::NAN,
        share_after_last: f64::NAN,
        method: "Haenscheid 2018, A(t) 2 t / ln 2".into(),
        warnings,
    })
}

/// Madsen's method: TIA = A(t) exp(k t) / k with the population's mean effective half-life, k = ln 2 / T_eff.
///
/// M. T. Madsen, Y. Menda, T. M. O'Dorisio, M. S. O'Dorisio, Med. Phys. 45, 2318, 2018, doi:10.1002/mp.12886. First-order insensitive to
/// the half-life at t = 1 / k (the mean life); warned outside half to twice of it.
pub fn madsen(m: Measurement, population: &Population) -> Tia {
    let estimate = mono_tia(m, population.mean_s);
    let mut tia =
        over_population(m, population, estimate, "Madsen 2018, population half-life".into());
    let x = m.time_s * LN_2 / population.mean_s;
    if !(0.5..=2.0).contains(&x) {
        tia.warnings.push(format!(
            "t is {x:.2} mean lives: the result depends strongly on the half-life (least at 1)"
        ));
    }
    tia
}

/// Physical decay only: TIA = A(t) exp(lambda t) / lambda, for what stays where it lodged (radioembolisation).
///
/// The uncertainty is that of the measurement alone: any biological clearance makes the result too large.
///
/// # Errors
/// If the half-life (s) is not positive.
pub fn physical_decay(m: Measurement, half_life_s: f64) -> Result<Tia> {
    let population = Population::new(half_life_s, 0.0, half_life_s)?;
    let value = mono_tia(m, population.physical_s);
    let decay = (-LN_2 * m.time_s / half_life_s).exp();
    let mut tia = Tia::log_normal(
        value,
        m.uncertainty / m.value,
        0.0,
        "physical decay of one time point".into(),
    );
    tia = tia.with_shares(1.0 - decay, decay);
    tia.warnings.clear();
    tia.warnings.push("no biological clearance is assumed".into());
    Ok(tia)
}

#[cfg(test)]
mod tests {
    use super::*;

    const H: f64 = 3600.0;
    const LU: f64 = 159.53 * H;

    fn after(time_h: f64, half_life_h: f64) -> Measurement {
        Measurement::new(time_h * H, 100.0 * 2.0_f64.powf(-time_h / half_life_h), 0.0).unwrap()
    }

    #[test]
    fn both_rules_have_their_closed_forms() {
        let truth = 100.0 * 50.0 * H / LN_2;
        let sharp = Population::new(50.0 * H, 0.0, LU).unwrap();
        for t in [20.0, 50.0, 100.0, 130.0] {
            let tia = madsen(after(t, 50.0), &sharp);
            assert!((tia.value / truth - 1.0).abs() < 1e-12);
            let tia = haenscheid(after(t, 50.0), &sharp);
            let x = t / 50.0;
            assert!((tia.value / truth - 2.0 * x / 2.0_f64.powf(x)).abs() < 1e-12);
            let in_window = (0.75..=2.5).contains(&x);
            assert_eq!(in_window, !tia.warnings.iter().any(|w| w.contains("outside")), "{t}");
        }
        for x in [1.0, 2.0] {
            let tia = haenscheid(after(50.0 * x, 50.0), &sharp);
            assert!((tia.value / truth - 1.0).abs() < 1e-12);
        }
    }

    /// The stated range of Haenscheid's ratio: its ends, and its maximum at x = 1 / ln 2.
    #[test]
    fn the_window_has_the_stated_errors() {
        let ratio = |x: f64| 2.0 * x / 2.0_f64.powf(x);
        assert!((ratio(2.5) - 0.884).abs() < 5e-4 && (ratio(0.75) - 0.892).abs() < 5e-4);
        assert!((ratio(1.0 / LN_2) - 1.0615).abs() < 5e-4);
    }

    /// Every mono-exponential whose half-life is in the window lies in the interval, and the ends are reached.
    #[test]
    fn without_a_population_the_interval_is_the_range_of_the_rule() {
        let time = 96.0;
        let (mut least, mut most) = (f64::INFINITY, 0.0_f64);
        for step in 0..=1000 {
            let x = 0.75 + 1.75 * f64::from(step) / 1000.0;
            let m = after(time, time / x);
            let tia = haenscheid_alone(m, LU).unwrap();
            let truth = 100.0 * time / x * H / LN_2;
            assert!(
                tia.interval_95.0 <= truth * (1.0 + 1e-9)
                    && truth <= tia.interval_95.1 * (1.0 + 1e-9),
                "{x}"
            );
            least = least.min(truth / tia.interval_95.0);
            most = most.max(truth / tia.interval_95.1);
            assert!(tia.share_before_first.is_nan());
        }
        assert!((least - 1.0).abs() < 1e-5 && (most - 1.0).abs() < 1e-9, "{least} {most}");
        let noisy = Measurement::new(time * H, 30.0, 1.5).unwrap();
        let wider = haenscheid_alone(noisy, LU).unwrap();
        let sharp = haenscheid_alone(Measurement::new(time * H, 30.0, 0.0).unwrap(), LU).unwrap();
        assert!(
            wider.interval_95.0 < sharp.interval_95.0 && wider.interval_95.1 > sharp.interval_95.1
        );
        assert!(
            (sharp.relative_uncertainty() - (1.0 / 0.8839 - 1.0 / 1.0615) / 12.0_f64.sqrt()).abs()
                < 1e-4
        );
        // Three physical half-lives: no effective one is longer, so none is in the window. Above 2 the rule is always low.
        assert!(haenscheid_alone(after(3.0 * 64.0, 64.0), 64.0 * H).is_err());
        let late = haenscheid_alone(after(2.2 * 64.0, 64.0), 64.0 * H).unwrap();
        assert!(late.interval_95.0 > late.value);
    }

    #[test]
    fn the_spread_of_the_population_is_the_uncertainty() {
        let narrow = Population::new(50.0 * H, 5.0 * H, LU).unwrap();
        let wide = Population::new(50.0 * H, 15.0 * H, LU).unwrap();
        let m = |t: f64| Measurement::new(t * H, 30.0, 1.5).unwrap();
        let best = madsen(m(72.0), &wide);
        let early = madsen(m(10.0), &wide);
        assert!(best.relative_uncertainty() < 0.5 * early.relative_uncertainty());
        let sharp = madsen(m(10.0), &narrow);
        // Early on the TIA goes as the half-life: 10 % of spread, and 5 % of measurement.
        assert!((sharp.relative_uncertainty() - 0.1_f64.hypot(0.05)).abs() < 0.02);
        assert!(sharp.interval_95.0 < sharp.value && sharp.interval_95.1 > sharp.value);
    }

    #[test]
    fn physical_decay_is_exact_and_bad_input_refused() {
        let half = 64.04 * H;
        let tia = physical_decay(after(20.0, 64.04), half).unwrap();
        assert!((tia.value / (100.0 * half / LN_2) - 1.0).abs() < 1e-12);
        assert!(Measurement::new(-1.0, 1.0, 0.1).is_err());
        assert!(Measurement::new(1.0, 0.0, 0.1).is_err());
        assert!(Measurement::new(1.0, 1.0, f64::NAN).is_err());
        assert!(Population::new(2.0 * LU, 0.0, LU).is_err());
        assert!(physical_decay(after(20.0, 64.04), 0.0).is_err());
    }
}
