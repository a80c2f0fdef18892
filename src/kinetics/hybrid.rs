//! Hybrid protocol: the shape of a planar curve, scaled by one SPECT/CT value.
//!
//! TIA = A_SPECT(t_s) TIA_planar / A_planar(t_s). Neglected: everything that changes the planar curve's shape (overlap of organs,
//! background that clears at another rate). What scales all planar points (attenuation, calibration, overlap of constant share) cancels.

use super::fit::Fit;
use super::single_time_point::Measurement;
use super::tac::Tac;
use super::tia::Tia;
use crate::Result;
use nalgebra::DVector;

/// Scales the fitted planar curve to a SPECT/CT value; the planar points give the shares before the first and after the last.
///
/// The variance is that of the SPECT value plus that of ln(TIA / A(t_s)) from the planar fit's covariance.
///
/// # Errors
/// If the measurement lies where the planar curve is not positive.
pub fn hybrid(planar: &Tac, fit: &Fit, spect: Measurement) -> Result<Tia> {
    let at = fit.curve.value(spect.time_s());
    if !(at > 0.0 && at.is_finite()) {
        return Err(crate::Error::input(
            format!("planar curve is {at} at {} s", spect.time_s()),
            "it must be positive where the SPECT value scales it",
            "Check the times of both.",
        ));
    }
    let value = spect.value() * fit.curve.tia() / at;
    // Gradient of ln TIA - ln A(t_s): the scale theta_0 drops out.
    let mut g = DVector::from_vec(fit.curve.gradient(spect.time_s())) / -at;
    g[0] += 1.0;
    let shape = g.dot(&(&fit.covariance * &g)).max(0.0);
    let relative = (shape + spect.relative_uncertainty().powi(2)).sqrt();
    let [before, after] = fit.curve.outside(planar.first_s(), planar.last_s());
    let method =
        format!("{} fit of the planar curve scaled by one SPECT value", fit.family().name());
    Ok(Tia::log_normal(value, relative, 0.0, method).with_shares(before, after))
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
            let tia = hybrid(&planar, &fit, spect).unwrap();
            let truth = 12.0 * (k * 9e4).exp() / k;
            assert!((tia.value / truth - 1.0).abs() < 1e-6);
            // d ln TIA / d k = t_s - 1 / k, on top of 5 %.
            let sd_k = fit.parameters[1].standard_uncertainty;
            let shape = (9e4 - 1.0 / k) * sd_k;
            assert!((tia.relative_uncertainty() - shape.hypot(0.05)).abs() < 1e-6);
        }
    }
}
