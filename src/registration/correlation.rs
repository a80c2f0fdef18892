//! Normalised correlation: C = S_fm / sqrt(S_ff S_mm) with S_ab the sum of (a - mean a)(b - mean b) over the points that both images show.
//!
//! Its slope by a value m_i of the moving image: ((f_i - mean f) - (S_fm / S_mm)(m_i - mean m)) / sqrt(S_ff S_mm).

use rayon::prelude::*;

use super::similarity::{CHUNK, sum};

/// The correlation and its slopes; 0 where one of both images is constant.
pub fn correlation(fixed: &[f64], moving: &[f64], slopes: Option<&mut Vec<f64>>) -> f64 {
    let chunks = || fixed.par_chunks(CHUNK).zip(moving.par_chunks(CHUNK));
    let parts = chunks().map(|(f, m)| {
        f.iter()
            .zip(m)
            .filter(|p| !p.1.is_nan())
            .fold([0.0; 3], |s, (f, m)| [s[0] + 1.0, s[1] + f, s[2] + m])
    });
    let [n, f_sum, m_sum] = sum(parts.collect());
    let (f_mean, m_mean) = (f_sum / f64::max(n, 1.0), m_sum / f64::max(n, 1.0));
    let parts = chunks().map(|(f, m)| {
        f.iter().zip(m).filter(|p| !p.1.is_nan()).fold([0.0; 3], |s, (f, m)| {
            let (f, m) = (f - f_mean, m - m_mean);
            [s[0] + f * f, s[1] + m * m, s[2] + f * m]
        })
    });
    let [ff, mm, fm] = sum(parts.collect());
    let norm = (ff * mm).sqrt();
    let constant = norm.is_nan() || norm <= f64::MIN_POSITIVE;
    if let Some(slopes) = slopes {
        slopes.clear();
        slopes.par_extend(fixed.par_iter().zip(moving).map(|(f, m)| {
            if m.is_nan() || constant {
                return 0.0;
            }
            ((f - f_mean) - fm / mm * (m - m_mean)) / norm
        }));
    }
    if constant { 0.0 } else { fm / norm }
}
