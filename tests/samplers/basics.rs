//! Uniform, exponential and isotropic variates.

use super::*;

#[test]
fn uniform_exponential_and_isotropic() {
    let mut out = Vec::new();
    let mut r = rng(1);
    let unit = Bins::from_quantiles(|q| q);
    out.push(compare("uniform", &unit, SAMPLES, || f64::from(r.uniform())));
    let exponential = Bins::from_quantiles(|q| -(1.0 - q).max(1e-12).ln());
    out.push(compare("exponential", &exponential, SAMPLES, || f64::from(-math::ln(r.uniform()))));
    let cosine = Bins::from_quantiles(|q| 2.0 * q - 1.0);
    for axis in 0..3 {
        let name = format!("isotropic, component {axis}");
        out.push(compare(&name, &cosine, SAMPLES, || {
            f64::from(vector::sample_isotropic(&mut r)[axis])
        }));
    }
    let turn = Bins::from_quantiles(|q| std::f64::consts::TAU * (q - 0.5));
    for d in [[0.0_f32, 0.0, 1.0], [0.0, 0.0, -1.0], [0.6, 0.0, 0.8], [-0.48, 0.64, 0.6]] {
        // Azimuth about d, from two axes across it.
        let across =
            if d[2].abs() > 0.99 { [1.0, 0.0, 0.0] } else { unit_cross(d, [0.0, 0.0, 1.0]) };
        let third = unit_cross(d, across);
        out.push(compare(&format!("azimuth about {d:?}"), &turn, SAMPLES, || {
            let v = vector::rotate(d, 0.3, r.uniform());
            dot(v, third).atan2(dot(v, across))
        }));
    }
    assert_eq!(mean_draws(2, |r| consume(vector::sample_isotropic(r))), 2.0);
    check(&out);
}
