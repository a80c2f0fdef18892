//! Portable elementary functions: the same bits from Rust and from WGSL.
//!
//! Neglects the last digit or two: absolute error below 3e-7. No built-in `log`, `sin`, `cos` and no explicit `fma`
//! is used, because their results differ between devices; Horner form keeps a compiler from contracting
//! differently. Each function stands in `shaders/math.wgsl` under the same name.

/// 2^-23: spacing of the uniform variates.
const TWO_POW_MINUS_23: f32 = 1.0 / 8_388_608.0;
/// ln 2.
const LN_2: f32 = core::f32::consts::LN_2;
/// 2 pi.
const TWO_PI: f32 = core::f32::consts::TAU;

/// The larger of two numbers; the second if the first is not a number. One instruction, unlike `f32::max`.
#[inline(always)]
pub fn larger(a: f32, b: f32) -> f32 {
    if a > b { a } else { b }
}

/// The smaller of two numbers; the second if the first is not a number.
#[inline(always)]
pub fn smaller(a: f32, b: f32) -> f32 {
    if a < b { a } else { b }
}

/// A uniform variate in the open interval (0, 1) from 32 random bits: `(top 23 bits + 1/2) / 2^23`, exact in f32.
#[inline(always)]
pub fn uniform(bits: u32) -> f32 {
    ((bits >> 9) as i32 as f32 + 0.5) * TWO_POW_MINUS_23
}

/// Natural logarithm of a positive normal number, by the atanh series of the mantissa.
#[inline(always)]
pub fn ln(x: f32) -> f32 {
    let bits = x.to_bits();
    // Mantissa in [sqrt(1/2), sqrt(2)): subtract the bits of sqrt(1/2) before taking the exponent.
    let shifted = bits.wrapping_sub(0x3f35_04f3);
    let exponent = (shifted as i32) >> 23;
    let mantissa = f32::from_bits((shifted & 0x007f_ffff).wrapping_add(0x3f35_04f3));
    let s = (mantissa - 1.0) / (mantissa + 1.0);
    let z = s * s;
    // Series 2 (s + s^3/3 + s^5/5 + ...); |s| < 0.1716, the next term is below 1e-9.
    let series = z * (0.666_666_7 + z * (0.4 + z * (0.285_714_3 + z * 0.222_222_2)));
    s * (2.0 + series) + exponent as f32 * LN_2
}

/// `(sin, cos)` of `2 pi u` for `u` in [0, 1], by Taylor polynomials on an eighth of a turn.
#[inline(always)]
pub fn sin_cos_turn(u: f32) -> (f32, f32) {
    let q = (u * 4.0 + 0.5) as i32;
    let x = (u - q as f32 * 0.25) * TWO_PI;
    let z = x * x;
    let sine = x
        * (1.0 - z * (0.166_666_67 - z * (0.008_333_334 - z * (1.984_127e-4 - z * 2.755_732e-6))));
    let cosine = 1.0 - z * (0.5 - z * (0.041_666_668 - z * (0.001_388_888_9 - z * 2.480_159e-5)));
    // Swap in odd quarters, then set the signs: with bits, because branches on random numbers are mispredicted.
    let odd = 0_u32.wrapping_sub(q as u32 & 1);
    let (a, b) = (sine.to_bits(), cosine.to_bits());
    let swap = (a ^ b) & odd;
    let s = f32::from_bits((a ^ swap) ^ ((q as u32 & 2) << 30));
    let c = f32::from_bits((b ^ swap) ^ (((q as u32 + 1) & 2) << 30));
    (s, c)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ln_is_right_to_3e_7() {
        let mut x = 1e-8_f32;
        while x < 1e8 {
            let expected = f64::from(x).ln();
            let error = (f64::from(ln(x)) - expected).abs();
            assert!(error < 3e-7 * expected.abs().max(1.0), "ln({x}): error {error}");
            x *= 1.000_37;
        }
    }

    #[test]
    fn sine_and_cosine_are_right_to_3e_7() {
        for i in 0..=100_000 {
            let u = i as f32 / 100_000.0;
            let (s, c) = sin_cos_turn(u);
            let (se, ce) = (f64::from(u) * core::f64::consts::TAU).sin_cos();
            assert!((f64::from(s) - se).abs() < 3e-7, "sin at {u}: {s} {se}");
            assert!((f64::from(c) - ce).abs() < 3e-7, "cos at {u}: {c} {ce}");
        }
    }

    #[test]
    fn uniform_stays_inside_the_open_interval() {
        assert!(uniform(0) > 0.0);
        assert!(uniform(u32::MAX) < 1.0);
    }
}
