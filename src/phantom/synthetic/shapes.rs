//! Solids by approximate signed distance (mm, negative inside), and smooth hash noise.

/// A point, mm (DICOM LPS: x to the left, y to the back, z to the head).
pub(super) type Point = [f64; 3];

/// Signed distance to a superellipsoid of semi-axes `a` and exponent `n` (2: ellipsoid), to first order.
pub(super) fn ellipsoid(p: Point, centre: Point, a: Point, n: f64) -> f64 {
    let q = [0, 1, 2].map(|i| (p[i] - centre[i]) / a[i]);
    distance_by_gradient(&q, &a, n)
}

/// As [`ellipsoid`], an infinite elliptic cylinder along z.
pub(super) fn cylinder(p: Point, centre: [f64; 2], a: [f64; 2], n: f64) -> f64 {
    let q = [(p[0] - centre[0]) / a[0], (p[1] - centre[1]) / a[1]];
    distance_by_gradient(&q, &a, n)
}

/// `(sum |q|^n)^(1/n) - 1` divided by the length of its gradient: exact at the surface to first order. Far
/// outside a cheaper lower bound is enough, since only the sign and the nearby slope are used.
fn distance_by_gradient(q: &[f64], a: &[f64], n: f64) -> f64 {
    let smallest = a.iter().copied().fold(f64::INFINITY, f64::min);
    let largest = q.iter().fold(0.0, |m: f64, c| m.max(c.abs()));
    if largest > 1.6 {
        return (largest - 1.0) * smallest;
    }
    if largest < 1e-4 {
        return -smallest;
    }
    let power = |c: f64| if n == 2.0 { c.abs() } else { c.abs().powf(n - 1.0) };
    let (mut sum, mut gradient) = (0.0, 0.0);
    for (c, a) in q.iter().zip(a) {
        let t = power(*c);
        sum += t * c.abs();
        gradient += (t / a) * (t / a);
    }
    let norm = if n == 2.0 { sum.sqrt() } else { sum.powf(1.0 / n) };
    (norm - 1.0) * sum / (norm * gradient.sqrt())
}

/// Signed distance to a tapered capsule from `a` (radius `ra`) to `b` (radius `rb`).
pub(super) fn capsule(p: Point, a: Point, b: Point, ra: f64, rb: f64) -> f64 {
    let ab = [0, 1, 2].map(|i| b[i] - a[i]);
    let ap = [0, 1, 2].map(|i| p[i] - a[i]);
    let dot = |u: &Point, v: &Point| u.iter().zip(v).map(|(x, y)| x * y).sum::<f64>();
    let t = (dot(&ap, &ab) / dot(&ab, &ab)).clamp(0.0, 1.0);
    let d = [0, 1, 2].map(|i| ap[i] - t * ab[i]);
    dot(&d, &d).sqrt() - (ra + t * (rb - ra))
}

/// Share of a voxel inside: 1 deep inside, 0 outside, linear over `width` mm across the surface.
pub(super) fn coverage(distance: f64, width: f64) -> f64 {
    (0.5 - distance / width).clamp(0.0, 1.0)
}

/// A number in `[0, 1)` that depends on the key only (splitmix64 finaliser; Steele, Lea, Flood,
/// OOPSLA 2014, doi:10.1145/2660193.2660195).
pub(super) fn hash_unit(key: u64) -> f64 {
    let mut z = key.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    ((z ^ (z >> 31)) >> 11) as f64 / (1u64 << 53) as f64
}

/// Approximately normal noise of unit variance: the centred sum of four uniform numbers.
pub(super) fn hash_normal(key: u64) -> f64 {
    let sum: f64 = (0..4).map(|i| hash_unit(key.wrapping_mul(4).wrapping_add(i))).sum();
    (sum - 2.0) * 3f64.sqrt()
}

/// Smooth noise in `[-1, 1]` with features of `scale_mm`: trilinear between hashed lattice points.
pub(super) fn smooth_noise(p: Point, scale_mm: f64, seed: u64) -> f64 {
    let q = p.map(|c| c / scale_mm + 1000.0);
    let (base, t) = (q.map(f64::floor), q.map(|c| c - c.floor()));
    let t = t.map(|t| t * t * (3.0 - 2.0 * t));
    let mut sum = 0.0;
    for corner in 0..8u64 {
        let mut weight = 1.0;
        let mut key = seed;
        for (a, (b, t)) in base.iter().zip(&t).enumerate() {
            let bit = corner >> a & 1;
            weight *= if bit == 1 { *t } else { 1.0 - t };
            key = key.wrapping_mul(0x1_0000_01b3).wrapping_add(*b as u64 + bit);
        }
        sum += weight * (2.0 * hash_unit(key) - 1.0);
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances_are_right_at_and_near_the_surface() {
        assert!((ellipsoid([13.0, 0.0, 0.0], [0.0; 3], [10.0; 3], 2.0) - 3.0).abs() < 1e-9);
        assert!(ellipsoid([0.0, 20.0, 0.0], [0.0; 3], [10.0, 20.0, 30.0], 2.0).abs() < 1e-9);
        assert!((cylinder([0.0, 21.0, 99.0], [0.0; 2], [10.0, 20.0], 2.5) - 1.0).abs() < 1e-9);
        let d = capsule([5.0, 4.0, 0.0], [0.0; 3], [10.0, 0.0, 0.0], 2.0, 4.0);
        assert!((d - 1.0).abs() < 1e-12);
        assert_eq!((coverage(-5.0, 2.0), coverage(0.0, 2.0), coverage(5.0, 2.0)), (1.0, 0.5, 0.0));
    }

    #[test]
    fn noise_has_zero_mean_and_unit_variance() {
        let n = 100_000;
        let values: Vec<f64> = (0..n).map(hash_normal).collect();
        let mean = values.iter().sum::<f64>() / n as f64;
        let variance = values.iter().map(|v| v * v).sum::<f64>() / n as f64;
        // Standard errors: 1/sqrt(n) = 0.003 and about sqrt(2/n) = 0.0045; five of them.
        assert!(mean.abs() < 0.016 && (variance - 1.0).abs() < 0.023, "{mean} {variance}");
        assert!(smooth_noise([3.0, 4.0, 5.0], 10.0, 1).abs() <= 1.0);
    }
}
