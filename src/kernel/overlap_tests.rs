use std::f64::consts::PI;

use super::*;

/// All energy at one distance (a thin shell): what the source voxel of a cube keeps is the mean of prod (1 - r |n_a| / h) over directions,
/// 1 - 3/2 q + 2/pi q^2 - q^3/(4 pi) with q = r/h <= 1.
#[test]
fn source_voxel_of_a_cube_is_the_closed_form() {
    let octant = Octant { voxel_cm: [0.3; 3], reach: [6; 3] };
    for q in [0.01, 0.2, 0.5, 0.99] {
        let r: f64 = q * 0.3;
        let radii = [r * (1.0 - 1e-6), r];
        let kernel = &voxels(&radii, &[&[0.0, 1.0]], &octant)[0];
        let expected = 1.0 - 1.5 * q + 2.0 / PI * q * q - q * q * q / (4.0 * PI);
        assert!((kernel[0] - expected).abs() < 3e-5, "{q}: {} not {expected}", kernel[0]);
    }
}

/// Whatever the voxel's shape, energy is kept: the sum over all voxels is what the shells hold.
#[test]
fn energy_is_kept() {
    let radii: Vec<f64> = (1..=40).map(|n| 0.05 * f64::from(n)).collect();
    let energy: Vec<f64> = (0..40).map(|n| (-0.1 * f64::from(n)).exp()).collect();
    for voxel_cm in [[0.2; 3], [0.1, 0.2, 0.5], [1.0, 0.4, 0.25]] {
        let reach = voxel_cm.map(|h: f64| (2.0 / h).ceil() as usize + 1);
        let octant = Octant { voxel_cm, reach };
        let kernel = &voxels(&radii, &[&energy], &octant)[0];
        let sum: f64 =
            kernel.iter().enumerate().map(|(v, k)| k * Octant::copies(octant.unlinear(v))).sum();
        let emitted: f64 = energy.iter().sum();
        assert!((sum / emitted - 1.0).abs() < 1e-9, "{voxel_cm:?}: {sum} of {emitted}");
    }
}

/// The quadrature of directions and the Gauss rule meet: a smooth kernel on both sides of the border, against 6-fold quadrature.
#[test]
fn near_and_far_agree() {
    // g(r) = exp(-0.1 r), so k = g / (4 pi r^2).
    let radii: Vec<f64> =
        (0..1400).map(|n| 0.01 * 1.006_f64.powi(n)).take_while(|r| *r < 40.0).collect();
    let inner = |s: usize| if s == 0 { 0.0 } else { radii[s - 1] };
    let g = |r: f64| (-0.1 * r).exp();
    let energy: Vec<f64> = (0..radii.len())
        .map(|s| ((-0.1 * inner(s)).exp() - (-0.1 * radii[s]).exp()) / 0.1)
        .collect();
    let h = [0.4, 0.4, 0.8];
    let octant = Octant { voxel_cm: h, reach: [40, 40, 20] };
    let kernel = &voxels(&radii, &[&energy], &octant)[0];
    // The mean over both boxes: difference of positions has the density prod T(u_a / h_a) / h_a; Gauss-Legendre of it in each half.
    let nodes = [(-0.774_596_669, 5.0 / 9.0), (0.0, 8.0 / 9.0), (0.774_596_669, 5.0 / 9.0)];
    let axis = |o: f64, h: f64| -> Vec<(f64, f64)> {
        [-1.0, 1.0]
            .iter()
            .flat_map(|side| {
                nodes.iter().map(move |(x, w)| {
                    let u: f64 = 0.5 + 0.5 * x;
                    (o * h + side * u * h, 0.5 * w * (1.0 - u))
                })
            })
            .collect()
    };
    for at in
        [[3, 2, 1], [10, 5, 0], [20, 10, 3], [23, 0, 0], [24, 4, 0], [30, 12, 10], [40, 40, 20]]
    {
        let axes = [0, 1, 2].map(|a| axis(at[a] as f64, h[a]));
        let mut expected = 0.0;
        for (x, wx) in &axes[0] {
            for (y, wy) in &axes[1] {
                for (z, wz) in &axes[2] {
                    let r2 = x * x + y * y + z * z;
                    expected += wx * wy * wz * g(r2.sqrt()) / (4.0 * PI * r2);
                }
            }
        }
        expected *= h.iter().product::<f64>();
        let found = kernel[octant.linear(at)];
        assert!((found / expected - 1.0).abs() < 2e-3, "{at:?}: {found} not {expected}");
    }
}
