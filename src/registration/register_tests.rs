use super::*;
use crate::image::Grid;

/// Two organs and a spine of a body, as HU or as activity, at the places to which a map brings a point.
fn patient(grid: &Grid, map: &Affine, activity: bool) -> Volume<f32> {
    let value = |p: [f64; 3]| {
        let in_ellipsoid = |c: [f64; 3], r: [f64; 3]| {
            (0..3).map(|k| ((p[k] - c[k]) / r[k]).powi(2)).sum::<f64>() < 1.0
        };
        // hu, activity
        let mut v = [-1000.0, 0.0];
        if in_ellipsoid([0.0; 3], [90.0, 65.0, 120.0]) {
            v = [0.0, 10.0];
        }
        if in_ellipsoid([-35.0, -10.0, 10.0], [35.0, 30.0, 40.0]) {
            v = [60.0, 100.0];
        }
        if in_ellipsoid([40.0, 15.0, -15.0], [14.0, 16.0, 28.0]) {
            v = [30.0, 300.0];
        }
        if in_ellipsoid([0.0, 45.0, 0.0], [12.0, 12.0, 150.0]) {
            v = [500.0, 15.0];
        }
        if in_ellipsoid([20.0, -20.0, 50.0], [25.0, 20.0, 30.0]) {
            v = [-800.0, 2.0];
        }
        v[usize::from(activity)]
    };
    // Means over the voxel, by eight points: a scanner shows means.
    let data = (0..grid.len()).map(|n| {
        let at = grid.unlinear(n).map(|i| i as f64);
        let sum: f64 =
            (0..8usize)
                .map(|c| {
                    value(map.apply(grid.to_mm(
                        [0, 1, 2].map(|a| at[a] + if c >> a & 1 == 0 { -0.25 } else { 0.25 }),
                    )))
                })
                .sum();
        (sum / 8.0) as f32
    });
    Volume::new(grid.clone(), data.collect()).unwrap()
}

/// Numbers between -1 and 1, the same in every run.
fn random(seed: u64) -> impl FnMut() -> f64 {
    let mut n = seed;
    move || {
        n = n.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (n >> 11) as f64 / (1u64 << 52) as f64 - 1.0
    }
}

fn grids() -> [Grid; 2] {
    [
        Grid::aligned([54, 44, 56], [-106.0, -86.0, -137.0], [4.0, 4.0, 5.0]),
        // Large enough that the moved body stays inside.
        Grid::aligned([70, 60, 70], [-158.0, -133.0, -172.0], [4.5, 4.5, 5.0]),
    ]
}

/// A motion of up to 30 mm and 10 degrees about each axis.
fn motion(of: &mut impl FnMut() -> f64) -> Rigid {
    Rigid {
        angles_rad: [0, 1, 2].map(|_| (10.0 * of()).to_radians()),
        translation_mm: [0, 1, 2].map(|_| 30.0 * of()),
        centre_mm: [5.0, -10.0, 20.0],
    }
}

/// Distance between two maps over a body, mm: the largest at points 100 mm from the middle.
fn apart(a: &Affine, b: &Affine) -> f64 {
    let points = (0..6).map(|n| {
        let mut p = [0.0; 3];
        p[n / 2] = if n % 2 == 0 { 100.0 } else { -100.0 };
        p
    });
    let miss = |p: [f64; 3]| {
        let (q, r) = (a.apply(p), b.apply(p));
        (0..3).map(|c| (q[c] - r[c]).powi(2)).sum::<f64>().sqrt()
    };
    points.map(miss).fold(0.0, f64::max)
}

fn job<'a>(fixed: &'a Volume<f32>, moving: &'a Volume<f32>, kinds: [Kind; 2]) -> Registration<'a> {
    Registration {
        fixed,
        fixed_kind: kinds[0],
        moving,
        moving_kind: kinds[1],
        mask: None,
        start: Affine::IDENTITY,
        settings: Settings { points: 1 << 15, ..Settings::of(kinds[0], kinds[1]) },
    }
}

/// Motions that are made are found, whichever the kinds of images. Of one kind: to the bar of real images, 0.5 mm and 0.2 degrees, at 100 mm from the middle.
#[test]
fn motions_are_found() {
    let [fixed_grid, moving_grid] = grids();
    let mut of = random(7);
    for (kinds, metric) in [
        ([Kind::Ct; 2], Metric::MutualInformation),
        ([Kind::Ct; 2], Metric::Correlation),
        ([Kind::Activity; 2], Metric::MutualInformation),
        ([Kind::Ct, Kind::Activity], Metric::MutualInformation),
    ] {
        let fixed = patient(&fixed_grid, &Affine::IDENTITY, kinds[0] == Kind::Activity);
        for _ in 0..2 {
            let truth = motion(&mut of).affine();
            // The moving image shows at truth(x) what the fixed one shows at x.
            let moving =
                patient(&moving_grid, &truth.inverse().unwrap(), kinds[1] == Kind::Activity);
            let mut job = job(&fixed, &moving, kinds);
            job.settings.metric = metric;
            let found = register(&job).unwrap();
            let map = found.transform.affine();
            // Between images of two kinds edges need not lie in one place: half a voxel.
            let one_kind = kinds[0] == kinds[1];
            let (most_mm, most_deg) = if one_kind { (0.5, 0.2) } else { (2.0, 1.0) };
            let angle = truth.then(&map.inverse().unwrap()).angle_rad().to_degrees();
            assert!(
                apart(&map, &truth) < most_mm && angle < most_deg,
                "{kinds:?} {metric:?}: {} mm, {angle} degrees, {found:?}",
                apart(&map, &truth)
            );
            assert!(found.after > found.before && found.overlap > 0.8);
        }
    }
}

/// The same bits with one thread and with several.
#[test]
fn threads_change_nothing() {
    let [grid, _] = grids();
    let fixed = patient(&grid, &Affine::IDENTITY, true);
    let moving = patient(&grid, &Affine::shift([4.0, -3.0, 2.0]), true);
    let with = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        let kinds = [Kind::Activity, Kind::Activity];
        let mut job = job(&fixed, &moving, kinds);
        job.settings.reach_mm = 15.0;
        pool.install(|| register(&job)).unwrap()
    };
    let one = with(1);
    assert_eq!(one, with(3));
    assert!(apart(&one.transform.affine(), &Affine::shift([-4.0, 3.0, -2.0])) < 0.5);
}

#[test]
fn what_cannot_be_registered_is_refused() {
    let [grid, _] = grids();
    let image = patient(&grid, &Affine::IDENTITY, false);
    let kinds = [Kind::Ct, Kind::Ct];
    let constant = image.map(|_| 5.0);
    let told = |job: &Registration<'_>| register(job).unwrap_err().to_string();
    assert!(told(&job(&constant, &image, kinds)).contains("wherever it is looked at"));
    assert!(told(&job(&image, &constant, kinds)).contains("everywhere (a constant"));
    let mut away = job(&image, &image, kinds);
    away.start = Affine::shift([2000.0, 0.0, 0.0]);
    assert!(told(&away).contains("0.0 % of the fixed image's points"), "{}", told(&away));
    away.settings.reach_mm = 0.0;
    assert!(told(&away).contains("0.0 % of the fixed image's points"));
    let nowhere = image.map(|_| 0.0);
    let masked = Registration { mask: Some(&nowhere), ..job(&image, &image, kinds) };
    assert!(told(&masked).contains("0 points of the fixed image"));
    let scaled =
        Affine { matrix: [[1.1, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]], offset_mm: [0.0; 3] };
    assert!(
        told(&Registration { start: scaled, ..job(&image, &image, kinds) }).contains("not rigid")
    );
}
