//! Hybrid protocol: the shape of a planar curve, scaled by one SPECT/CT value.
//!
//! TIA = A_SPECT(t_s) TIA_planar / A_planar(t_s). Neglected: everything that changes the planar curve's shape (overlap of organs,
//! background that clears at another rate). What scales all planar points (attenuation, calibration, overlap of constant share) cancels.

use super::fit::Fit;
use super::single_time_point::Measurement;
use super::tac::Tac;
use super::tia::Tia;
use crate::Result;
use crate::stats::{NORMAL_97_5, normal_below};
use nalgebra::DVector;

/// Scales the fitted planar curve to a SPECT/CT value; the planar points give the shares before the first and after the last.
///
/// The variance is that of the SPECT value plus that of ln(TIA / A(t_s)) from the planar fit's covariance; where the integral of the planar curve itself
/// (`whole`) is wider than its fit, as other families describe the points too, the half-widths of its interval beyond the fit's are added in quadrature;
/// and the interval is at least that of the families' own ln(TIA / A(t_s)), each normal, mixed by their weights (`others`).
///
/// # Errors
/// If the measurement lies where the planar curve is not positive.
pub fn hybrid(
    planar: &Tac,
    whole: &Tia,
    fit: &Fit,
    others: &[(f64, &Fit)],
    spect: Measurement,
) -> Result<Tia> {
    let at = fit.curve.value(spect.time_s());
    if !(at > 0.0 && at.is_finite()) {
        return Err(crate::Error::input(
            format!("planar curve is {at} at {} s", spect.time_s()),
            "it must be positive where the SPECT value scales it",
            "Check the times of both.",
        ));
    }
    let value = spect.value() * whole.value / at;
    let shape = shape_variance(fit, spect.time_s(), at);
    let of_fit = fit.ln_tia_uncertainty();
    // What the families add, of a width (in ln TIA) in which the fit's own is `own`; none where that is not known.
    let beyond = |wide: f64, own: f64| match wide.is_finite() {
        true => (wide * wide - own * own).max(0.0),
        false => 0.0,
    };
    let scaled = shape + spect.relative_uncertainty().powi(2);
    let relative = (scaled + beyond(whole.relative_uncertainty(), of_fit)).sqrt();
    let half =
        |wide: f64| (NORMAL_97_5.powi(2) * scaled + beyond(wide, NORMAL_97_5 * of_fit)).sqrt();
    let (low, high) = whole.interval_95;
    let families = of_families(others, spect).map_or((0.0, 0.0), |[low, high]| {
        let centre = (value / spect.value()).ln();
        ((centre - low).max(0.0), (high - centre).max(0.0))
    });
    let half = (
        half((whole.value / low).ln()).max(families.0),
        half((high / whole.value).ln()).max(families.1),
    );
    let relative = relative.max(0.5 * (half.0 + half.1) / NORMAL_97_5);
    let [before, after] = fit.curve.outside(planar.first_s(), planar.last_s());
    let method =
        format!("{} fit of the planar curve scaled by one SPECT value", fit.family().name());
    Ok(Tia::from_logs(value, relative, half, 0.0, method).with_shares(before, after))
}

/// Variance of ln TIA - ln A(t_s) of a fit, `at` being A(t_s): the scale theta_0 drops out.
fn shape_variance(fit: &Fit, time_s: f64, at: f64) -> f64 {
    let mut g = DVector::from_vec(fit.curve.gradient(time_s)) / -at;
    g[0] += 1.0;
    g.dot(&(&fit.covariance * &g)).max(0.0)
}

/// The 2.5 % and 97.5 % points of ln(TIA / A(t_s)) over the families by their weights, with the uncertainty of the SPECT value; none without families.
fn of_families(others: &[(f64, &Fit)], spect: Measurement) -> Option<[f64; 2]> {
    let time_s = spect.time_s();
    let normal = |(weight, fit): &(f64, &Fit)| {
        let at = fit.curve.value(time_s);
        let centre = (fit.curve.tia() / at).ln();
        let u = (shape_variance(fit, time_s, at) + spect.relative_uncertainty().powi(2)).sqrt();
        (at > 0.0 && centre.is_finite() && u.is_finite() && u > 0.0).then_some([*weight, centre, u])
    };
    let all: Vec<[f64; 3]> = others.iter().filter_map(normal).collect();
    let total: f64 = all.iter().map(|m| m[0]).sum();
    if total <= 0.0 {
        return None;
    }
    let below = |x: f64| {
        all.iter().map(|[w, centre, u]| w * normal_below((x - centre) / u)).sum::<f64>() / total
    };
    let reach = |sign: f64| {
        all.iter().map(|[_, centre, u]| sign * centre + 8.0 * u).fold(f64::NEG_INFINITY, f64::max)
    };
    let point = |probability: f64| {
        let (mut low, mut high) = (-reach(-1.0), reach(1.0));
        for _ in 0..60 {
            let middle = 0.5 * (low + high);
            if below(middle) < probability { low = middle } else { high = middle }
        }
        0.5 * (low + high)
    };
    Some([point(0.025), point(0.975)])
}

#[cfg(test)]
mod tests {
    use super::super::{Family, fit};
    use super::*;

    #[test]
    fn the_planar_scale_drops_out() {
        let (lambda, k) = (1.2e-6_f64, 4e-6_f64);
        let t = [1e4, 9e4, 2.5e5, 6e5];
        for scale in [1.0, 7.3] {
            let y = t.map(|t| scale * 40.0 * (-k * t).exp());
            let planar = Tac::new(&t, &y, &y.map(|y| 0.05 * y)).unwrap();
            let fit = fit(&planar, Family::Mono, lambda).unwrap();
            let spect = Measurement::new(9e4, 12.0, 0.6).unwrap();
            let own =
                Tia::log_normal(fit.curve.tia(), fit.ln_tia_uncertainty(), 0.0, String::new());
            let tia = hybrid(&planar, &own, &fit, &[(1.0, &fit)], spect).unwrap();
            let truth = 12.0 * (k * 9e4).exp() / k;
            assert!((tia.value / truth - 1.0).abs() < 1e-6);
            // d ln TIA / d k = t_s - 1 / k, on top of 5 %.
            let sd_k = fit.parameters[1].standard_uncertainty;
            let shape = (9e4 - 1.0 / k) * sd_k;
            assert!((tia.relative_uncertainty() - shape.hypot(0.05)).abs() < 1e-6);
            // Twice the fit's uncertainty in the integral is wider by what is beyond it.
            let u = fit.ln_tia_uncertainty();
            let wide = Tia::log_normal(fit.curve.tia(), 2.0 * u, 0.0, String::new());
            let wider = hybrid(&planar, &wide, &fit, &[], spect).unwrap();
            let expected = (shape * shape + 0.05 * 0.05 + 3.0 * u * u).sqrt();
            assert!((wider.relative_uncertainty() - expected).abs() < 1e-6);
            assert!(
                ((wider.interval_95.1 / wider.value).ln() - NORMAL_97_5 * expected).abs() < 1e-6
            );
        }
    }
}
