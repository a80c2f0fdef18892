//! The correction for looking at many cells.

pub use voxgray::stats::two_sided_p;

/// Family-wise error of the z-tests of one case.
pub const FAMILY_WISE_ERROR: f64 = 1e-3;

/// The |z| that the largest of `cells` independent standard normal values exceeds with probability
/// [`FAMILY_WISE_ERROR`] (Sidak 1967, DOI 10.1080/01621459.1967.10482935).
pub fn critical_z(cells: usize) -> f64 {
    let p = 1.0 - (1.0 - FAMILY_WISE_ERROR).powf(1.0 / cells.max(1) as f64);
    let (mut low, mut high) = (0.0, 12.0);
    for _ in 0..60 {
        let mid = 0.5 * (low + high);
        if two_sided_p(mid) > p {
            low = mid;
        } else {
            high = mid;
        }
    }
    0.5 * (low + high)
}
