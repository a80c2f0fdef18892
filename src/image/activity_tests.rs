use proptest::prelude::*;

use super::*;

/// A grid turned by a rotation about a random axis (Rodrigues' formula).
fn turned(
    dims: [usize; 3],
    centre: [f64; 3],
    spacing: [f64; 3],
    axis: [f64; 3],
    angle: f64,
) -> Grid {
    let n = axis.iter().map(|c| c * c).sum::<f64>().sqrt().max(1e-6);
    let u = axis.map(|c| c / n);
    let (s, c) = angle.sin_cos();
    let axes_mm = [0, 1, 2].map(|a| {
        let e = [0, 1, 2].map(|x| if x == a { 1.0 } else { 0.0 });
        let cross =
            [u[1] * e[2] - u[2] * e[1], u[2] * e[0] - u[0] * e[2], u[0] * e[1] - u[1] * e[0]];
        [0, 1, 2].map(|x| spacing[a] * (c * e[x] + s * cross[x] + (1.0 - c) * u[a] * u[x]))
    });
    let mut grid = Grid { dims, origin_mm: centre, axes_mm };
    grid.origin_mm = grid.to_mm(dims.map(|d| -0.5 * (d as f64 - 1.0)));
    grid
}

fn bq(volume: &Volume<f32>, unit: ActivityUnit) -> f64 {
    let per = match unit {
        ActivityUnit::PerVoxel => 1.0,
        ActivityUnit::PerMl => volume.grid.voxel_volume_mm3() / 1000.0,
    };
    volume.data.iter().map(|&v| f64::from(v)).sum::<f64>() * per
}

fn spacing() -> impl Strategy<Value = [f64; 3]> {
    prop::array::uniform3(0.7f64..6.0)
}

fn dims() -> impl Strategy<Value = [usize; 3]> {
    prop::array::uniform3(1usize..9)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Nothing is made or lost: f32 rounding of each voxel (2^-24) bounds the error of a sum of
    /// non-negative values.
    #[test]
    fn conserved_on_any_pair_of_grids(
        sd in dims(), td in dims(), ss in spacing(), ts in spacing(),
        shift in prop::array::uniform3(-10.0f64..10.0), axis in prop::array::uniform3(-1.0f64..1.0),
        angle in prop_oneof![Just(0.0), -3.0f64..3.0], per_ml: bool, seed: u32,
    ) {
        let source = turned(sd, [0.0; 3], ss, [0.0, 0.0, 1.0], 0.0);
        let target = turned(td, shift, ts, axis, angle);
        let value = |n: usize| ((n as u32).wrapping_mul(2_654_435_761).wrapping_add(seed) >> 12) as f32;
        let source = Volume::new(source.clone(), (0..source.len()).map(value).collect()).unwrap();
        let unit = if per_ml { ActivityUnit::PerMl } else { ActivityUnit::PerVoxel };
        let got = resample_activity(&source, unit, &target).unwrap();
        let before = bq(&source, unit);
        let after = bq(&got.volume, unit) + got.lost;
        prop_assert!((got.total - before).abs() <= 1e-12 * before);
        prop_assert!((after - before).abs() <= 1e-7 * before, "{before} {after}");
        prop_assert!(got.lost >= -1e-12 * before && got.lost <= before * (1.0 + 1e-12));
    }

    /// A target that covers the source loses nothing, and the centre of activity stays where it
    /// was.
    #[test]
    fn centre_is_kept_where_the_target_covers_the_source(
        ss in spacing(), ts in spacing(), axis in prop::array::uniform3(-1.0f64..1.0), angle in -3.0f64..3.0,
    ) {
        let source = turned([3, 2, 2], [1.0, -2.0, 3.0], ss, [0.0, 0.0, 1.0], 0.0);
        let far = ss.iter().sum::<f64>() * 3.0;
        let target = turned(ts.map(|t| (2.0 * far / t) as usize + 3), [1.0, -2.0, 3.0], ts, axis, angle);
        let source = Volume::new(source, (1..=12).map(|v| v as f32).collect()).unwrap();
        let got = resample_activity(&source, ActivityUnit::PerVoxel, &target).unwrap();
        prop_assert_eq!(got.lost, 0.0);
        let centre = |v: &Volume<f32>| {
            let mut sum = [0.0; 4];
            for (n, &value) in v.data.iter().enumerate() {
                let mm = v.grid.to_mm(v.grid.unlinear(n).map(|i| i as f64));
                for c in 0..3 {
                    sum[c] += f64::from(value) * mm[c];
                }
                sum[3] += f64::from(value);
            }
            [0, 1, 2].map(|c| sum[c] / sum[3])
        };
        let (a, b) = (centre(&source), centre(&got.volume));
        for c in 0..3 {
            // A box that straddles a voxel face moves by up to half a target voxel within it, on
            // average less.
            prop_assert!((a[c] - b[c]).abs() < 0.5 * ts.iter().copied().fold(0.0, f64::max), "{a:?} {b:?}");
        }
    }
}

#[test]
fn uniform_activity_stays_uniform() {
    // A SPECT voxel of 4.8 mm onto targets both finer and coarser, parallel and turned.
    let source = turned([24; 3], [0.0; 3], [4.8; 3], [0.0, 0.0, 1.0], 0.0);
    let source = Volume::new(source.clone(), vec![5.0; source.len()]).expect("uniform");
    let cases = [
        (2.0, 0.0, 1e-6),
        (7.0, 0.0, 1e-6),
        (2.0, 1.0, 0.02),
        (1.0, 1.0, 0.02),
        (1.0, 4.0, 0.02),
        (7.0, 5.0, 0.02),
        (2.0, 20.0, 0.02),
        (4.8, 20.0, 0.02),
        (1.0, 20.0, 0.02),
        (2.0, 45.0, 0.03),
    ];
    for (target_mm, degrees, tolerance) in cases {
        let n = (60.0 / target_mm) as usize;
        let target = turned(
            [n; 3],
            [0.3, -0.2, 0.1],
            [target_mm; 3],
            [1.0, 2.0, 3.0],
            f64::to_radians(degrees),
        );
        let got =
            resample_activity(&source, ActivityUnit::PerMl, &target).expect("resample").volume;
        let worst = got.data.iter().map(|v| f64::from(v - 5.0).abs() / 5.0).fold(0.0, f64::max);
        println!("{target_mm} mm, {degrees} degrees: worst {worst:.2e}");
        assert!(worst < tolerance, "{target_mm} mm, {degrees} degrees: {worst}");
    }
}

#[test]
fn threads_do_not_matter() {
    let source = turned([9, 8, 7], [0.0; 3], [3.0; 3], [0.0, 0.0, 1.0], 0.0);
    let values = (0..source.len()).map(|n| (n % 37) as f32 * 0.37).collect();
    let source = Volume::new(source, values).expect("values");
    for angle in [0.0, 0.4] {
        let target = turned([20, 21, 22], [1.0; 3], [1.3; 3], [1.0, 2.0, 3.0], angle);
        let run = |threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("pool");
            pool.install(|| {
                resample_activity(&source, ActivityUnit::PerVoxel, &target).expect("resample")
            })
        };
        assert_eq!(run(1), run(3));
    }
}

#[test]
fn what_is_not_a_number_is_refused() {
    let grid = Grid::aligned([2, 1, 1], [0.0; 3], [1.0; 3]);
    let source = Volume::new(grid.clone(), vec![1.0, f32::NAN]).expect("two");
    let error = resample_activity(&source, ActivityUnit::PerMl, &grid).expect_err("NaN");
    assert!(error.to_string().starts_with("1 voxels"), "{error}");
}
