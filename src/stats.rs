//! Statistics of batch results, and tails and quantiles of the usual distributions.
//!
//! Neglects nothing: regularised incomplete gamma and beta functions are those of `statrs`, good to 2e-12 of their value, and the error
//! function is that of `libm`, good to the last digits. Where there are no degrees of freedom or numbers, the answer is NaN unless said.

use std::f64::consts::SQRT_2;

use statrs::function::beta::checked_beta_reg;
use statrs::function::erf::erfc_inv;
use statrs::function::gamma::checked_gamma_ur;

/// 97.5 % quantile of the standard normal distribution (half-width of a 95 % interval).
pub const NORMAL_97_5: f64 = 1.959_963_984_540_054;

/// Mean and standard error of the mean of batch values, both divided by `per` (for example histories per batch).
/// The standard error is NaN below two values.
pub fn mean_and_error(values: &[f64], per: f64) -> (f64, f64) {
    let n = values.len() as f64;
    if values.is_empty() {
        return (0.0, f64::NAN);
    }
    let mean = values.iter().sum::<f64>() / n;
    if values.len() < 2 {
        return (mean / per, f64::NAN);
    }
    let variance = values.iter().map(|v| (v - mean) * (v - mean)).sum::<f64>() / (n - 1.0);
    (mean / per, (variance / n).sqrt() / per)
}

/// Probability that a standard normal value lies further from zero than `z` (both sides).
pub fn two_sided_p(z: f64) -> f64 {
    libm::erfc(z.abs() / SQRT_2)
}

/// Probability that a standard normal value stays below `x`.
pub fn normal_below(x: f64) -> f64 {
    0.5 * libm::erfc(-x / SQRT_2)
}

/// Quantile of the standard normal distribution; infinite at 0 and 1.
pub fn normal_quantile(probability: f64) -> f64 {
    -SQRT_2 * erfc_inv(2.0 * probability)
}

/// Probability that a chi-squared value with `degrees` of freedom exceeds `x`; 1 for zero degrees.
pub fn chi_squared_exceeded(x: f64, degrees: f64) -> f64 {
    if degrees <= 0.0 || x <= 0.0 {
        return 1.0;
    }
    if x == f64::INFINITY {
        return 0.0;
    }
    checked_gamma_ur(0.5 * degrees, 0.5 * x).unwrap_or(f64::NAN)
}

/// Regularised incomplete beta function.
fn incomplete_beta(x: f64, a: f64, b: f64) -> f64 {
    checked_beta_reg(a, b, x).unwrap_or(f64::NAN)
}

/// Probability that a value of Fisher's F distribution with (`a`, `b`) degrees of freedom exceeds `x`.
pub fn f_exceeded(x: f64, a: f64, b: f64) -> f64 {
    incomplete_beta(b / (b + a * x), 0.5 * b, 0.5 * a)
}

/// Probability that a value of Student's t distribution with `degrees` of freedom lies further from zero than `t` (both sides).
fn student_two_sided(t: f64, degrees: f64) -> f64 {
    incomplete_beta(degrees / (degrees + t * t), 0.5 * degrees, 0.5)
}

/// Probability that a value of Student's t distribution with `degrees` of freedom stays below `x`.
pub fn student_below(x: f64, degrees: f64) -> f64 {
    let tail = 0.5 * student_two_sided(x, degrees);
    if x > 0.0 { 1.0 - tail } else { tail }
}

/// 97.5 % quantile of Student's t distribution with `degrees` of freedom (infinite for zero).
pub fn student_97_5(degrees: f64) -> f64 {
    use statrs::distribution::{ContinuousCDF, StudentsT};
    if degrees <= 0.0 {
        return f64::INFINITY;
    }
    StudentsT::new(0.0, 1.0, degrees).map_or(f64::NAN, |t| t.inverse_cdf(0.975))
}

/// The normal deviate with the probability of Student's `t` with `freedom` degrees of freedom; 37.5 at most, where that probability is
/// below every number of the machine.
pub fn normal_from_t(t: f64, freedom: f64) -> f64 {
    let p = student_two_sided(t, freedom);
    if p.is_nan() {
        return f64::NAN;
    }
    t.signum() * SQRT_2 * erfc_inv(p.max(f64::MIN_POSITIVE))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Against mpmath 1.4, to 14 digits.
    #[test]
    fn tails_and_quantiles() {
        let near = |ours: f64, exact: f64| {
            assert!((ours / exact - 1.0).abs() < 3e-12, "{ours:e} is not {exact:e}");
        };
        near(chi_squared_exceeded(3.841459, 1.0), 0.049999994653196);
        near(chi_squared_exceeded(5.991465, 2.0), 0.049999988677701);
        near(chi_squared_exceeded(18.30704, 10.0), 0.049999969863503);
        near(chi_squared_exceeded(77.929, 100.0), 0.95000401055176);
        near(chi_squared_exceeded(99.0, 99.0), 0.48109691240826);
        near(chi_squared_exceeded(124.342, 100.0), 0.050000715769972);
        near(chi_squared_exceeded(600.0, 500.0), 0.0013774718775282);
        near(chi_squared_exceeded(2.0, 2.0), 0.36787944117144);
        near(normal_below(-8.0), 6.2209605742718e-16);
        near(normal_below(-1.0), 0.15865525393146);
        near(normal_below(-0.8), 0.2118553985834);
        near(normal_below(0.5), 0.69146246127401);
        near(normal_below(NORMAL_97_5), 0.975);
        near(two_sided_p(0.1), 0.92034432544594);
        near(two_sided_p(1.959964), 0.049999998192885);
        near(two_sided_p(10.0), 1.5239706048321e-23);
        near(two_sided_p(30.0), 9.8134278542964e-198);
        near(normal_quantile(0.025), -1.9599639845401);
        near(normal_quantile(0.3), -0.52440051270804);
        near(normal_quantile(0.975), 1.9599639845401);
        near(student_below(-1.5, 400.0), 0.067201628506111);
        near(student_below(1.5, 3.0), 0.88470806737759);
        near(student_below(-2.228, 10.0), 0.025005885908556);
        near(student_below(-20.0, 5.0), 2.8877581866121e-6);
        near(student_97_5(1.0), 12.706204736175);
        near(student_97_5(2.0), 4.3026527297495);
        near(student_97_5(3.0), 3.1824463052837);
        near(student_97_5(5.0), 2.5705818356363);
        near(student_97_5(7.0), 2.3646242515928);
        near(student_97_5(30.0), 2.0422724563012);
        near(student_97_5(100.0), 1.9839715185236);
        near(student_97_5(1000.0), 1.9623390808264);
        near(f_exceeded(2.0, 1.0, 5.0), 0.21643722926969);
        near(f_exceeded(1.0, 3.0, 40.0), 0.40279721823977);
        near(f_exceeded(20.0, 4.0, 2.0), 0.048185603807258);
        near(normal_from_t(1.984, 100.0), 1.9599915855944);
        near(normal_from_t(-2.228, 10.0), -1.9598632860933);
        near(normal_from_t(8.0, 38.0), 6.088555965036);
        near(normal_from_t(0.01, 20.0), 0.0098758169961861);
    }

    #[test]
    fn the_ends_are_no_panic() {
        assert_eq!(chi_squared_exceeded(0.0, 3.0), 1.0);
        assert_eq!(chi_squared_exceeded(5.0, 0.0), 1.0);
        assert_eq!(chi_squared_exceeded(f64::INFINITY, 3.0), 0.0);
        assert_eq!(chi_squared_exceeded(1e9, 3.0), 0.0);
        assert!(chi_squared_exceeded(f64::NAN, 3.0).is_nan());
        assert_eq!((f_exceeded(0.0, 2.0, 3.0), f_exceeded(f64::INFINITY, 2.0, 3.0)), (1.0, 0.0));
        assert!(f_exceeded(f64::NAN, 2.0, 3.0).is_nan());
        assert_eq!((student_below(0.0, 4.0), student_below(1e200, 4.0)), (0.5, 1.0));
        assert!(student_below(f64::NAN, 4.0).is_nan() && student_below(1.0, f64::NAN).is_nan());
        assert_eq!(student_97_5(0.0), f64::INFINITY);
        assert!(student_97_5(f64::NAN).is_nan());
        assert_eq!((normal_quantile(0.0), normal_quantile(1.0)), (-f64::INFINITY, f64::INFINITY));
        assert_eq!(normal_from_t(0.0, 5.0), 0.0);
        let far = normal_from_t(-1e9, 100.0);
        assert!((-37.6..-37.4).contains(&far), "{far}");
        assert!(normal_from_t(1.0, 0.0).is_nan());
    }
}
