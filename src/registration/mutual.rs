//! Mutual information after Mattes et al. (IEEE Trans. Med. Imaging 22, 120, 2003, 10.1109/TMI.2003.809072, equations 5 to 12): a joint histogram
//! with a Parzen window of a box along the fixed image's values and a cubic B-spline along the moving one's. Neglects where in the images values
//! lie.
//!
//! p(l, k) = (1/N) sum_i box(l - u_i) b3(k - v_i), where u and v are values in bins. I = sum p ln(p / (p_f p_m)). Its slope by a value of the moving image:
//! -(1/(N w)) sum_k b3'(k - v_i) ln(p(l_i, k) / p_m(k)) with the bin's width w: sums of the slopes of p vanish as the B-splines add up to 1, and p_f does not
//! change.

use rayon::prelude::*;

use super::similarity::CHUNK;

/// Bins along each image's values.
const BINS: usize = 32;
/// Bins left empty at both ends, for the B-spline's reach.
const PADDING: usize = 2;

/// How values fall into bins.
#[derive(Debug, Clone, Copy)]
pub struct Bins {
    fixed: Scale,
    moving: Scale,
}

#[derive(Debug, Clone, Copy)]
struct Scale {
    low: f64,
    per_value: f64,
}

impl Scale {
    fn new((low, high): (f64, f64)) -> Scale {
        let width = (high - low) / (BINS - 2 * PADDING) as f64;
        Scale { low, per_value: if width > 0.0 { 1.0 / width } else { 0.0 } }
    }

    /// The value in bins, within the filled ones.
    fn bin(&self, value: f64) -> f64 {
        let x = (value - self.low) * self.per_value;
        x.clamp(0.0, (BINS - 2 * PADDING) as f64 - 1e-9) + PADDING as f64
    }
}

impl Bins {
    /// Bins for the smallest and largest values.
    pub fn new(fixed: (f64, f64), moving: (f64, f64)) -> Bins {
        Bins { fixed: Scale::new(fixed), moving: Scale::new(moving) }
    }
}

/// Values of the cubic B-spline at the four bins around `v`, and the first of these bins; bin k has its centre at k + 1/2.
fn window(v: f64) -> (usize, [f64; 4]) {
    let x = v - 0.5;
    let first = x.floor();
    let t = x - first;
    let s = 1.0 - t;
    let weights = [
        s * s * s / 6.0,
        (3.0 * t * t * t - 6.0 * t * t + 4.0) / 6.0,
        (3.0 * s * s * s - 6.0 * s * s + 4.0) / 6.0,
        t * t * t / 6.0,
    ];
    (first as usize - 1, weights)
}

/// Slopes by `v` of the weights of [`window`].
fn window_slopes(v: f64) -> (usize, [f64; 4]) {
    let x = v - 0.5;
    let first = x.floor();
    let t = x - first;
    let s = 1.0 - t;
    let slopes = [-0.5 * s * s, 1.5 * t * t - 2.0 * t, 2.0 * s - 1.5 * s * s, 0.5 * t * t];
    (first as usize - 1, slopes)
}

/// Mutual information, nats, and its slopes; 0 without points.
pub fn mutual_information(
    bins: &Bins,
    fixed: &[f64],
    moving: &[f64],
    slopes: Option<&mut Vec<f64>>,
) -> f64 {
    let histogram = |(fixed, moving): (&[f64], &[f64])| {
        let (mut joint, mut n) = (vec![0f64; BINS * BINS], 0.0);
        for (f, m) in fixed.iter().zip(moving).filter(|p| !p.1.is_nan()) {
            let row = bins.fixed.bin(*f) as usize * BINS;
            let (first, weights) = window(bins.moving.bin(*m));
            for (k, w) in weights.iter().enumerate() {
                joint[row + first + k] += w;
            }
            n += 1.0;
        }
        (joint, n)
    };
    let parts: Vec<(Vec<f64>, f64)> =
        fixed.par_chunks(CHUNK).zip(moving.par_chunks(CHUNK)).map(histogram).collect();
    let (mut p, mut n) = (vec![0f64; BINS * BINS], 0.0);
    for (part, count) in parts {
        p.iter_mut().zip(part).for_each(|(a, b)| *a += b);
        n += count;
    }
    if n == 0.0 {
        if let Some(slopes) = slopes {
            *slopes = vec![0.0; fixed.len()];
        }
        return 0.0;
    }
    p.iter_mut().for_each(|x| *x /= n);
    let p_f: Vec<f64> = p.chunks(BINS).map(|row| row.iter().sum()).collect();
    let p_m: Vec<f64> = (0..BINS).map(|k| (0..BINS).map(|l| p[l * BINS + k]).sum()).collect();
    let mut information = 0.0;
    // ln(p / p_m), which the slopes need; 0 where nothing lies.
    let mut logs = vec![0f64; BINS * BINS];
    for l in 0..BINS {
        for k in 0..BINS {
            let joint = p[l * BINS + k];
            if joint > 0.0 {
                let log = (joint / p_m[k]).ln();
                logs[l * BINS + k] = log;
                information += joint * (log - p_f[l].ln());
            }
        }
    }
    if let Some(slopes) = slopes {
        let per = bins.moving.per_value / n;
        slopes.clear();
        slopes.par_extend(fixed.par_iter().zip(moving).map(|(f, m)| {
            if m.is_nan() {
                return 0.0;
            }
            let row = bins.fixed.bin(*f) as usize * BINS;
            let (first, by) = window_slopes(bins.moving.bin(*m));
            let sum: f64 =
                by.iter().zip(&logs[row + first..row + first + 4]).map(|(b, l)| b * l).sum();
            per * sum
        }));
    }
    information
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_window_adds_up_to_one_and_its_slopes_to_none() {
        for i in 0..100 {
            let v = 2.0 + 0.27 * f64::from(i);
            let (first, weights) = window(v);
            let (same, slopes) = window_slopes(v);
            assert_eq!(first, same);
            assert!(
                (weights.iter().sum::<f64>() - 1.0).abs() < 1e-12
                    && slopes.iter().sum::<f64>().abs() < 1e-12
            );
            // The mean bin is the value: a B-spline reproduces straight lines.
            let mean: f64 =
                weights.iter().enumerate().map(|(k, w)| w * ((first + k) as f64 + 0.5)).sum();
            assert!((mean - v).abs() < 1e-12);
            assert!(first + 3 < BINS);
        }
    }
}
