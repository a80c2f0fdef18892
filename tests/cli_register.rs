//! `voxgray register` as a user runs it, and a series whose time points are placed by transforms: known motions in, transforms, images and placements out.

#[allow(dead_code, reason = "shared with other tests")]
mod cli_inputs;

use std::process::Output;

use cli_inputs::{Inputs, json, stderr, succeed};
use serde_json::Value;
use voxgray::image::{Affine, Grid, Rigid, Volume};
use voxgray::io::{Frames, read_image, read_transform, write_itk_transform};

fn ellipsoid(p: [f64; 3], c: [f64; 3], r: [f64; 3]) -> bool {
    (0..3).map(|k| ((p[k] - c[k]) / r[k]).powi(2)).sum::<f64>() < 1.0
}

/// A body with a liver, a kidney, a spine and a lung; HU, or Bq/mL.
fn value(p: [f64; 3], ct: bool) -> f64 {
    let mut v = [-1000.0, 0.0];
    for (c, r, hu, activity) in [
        ([0.0; 3], [75.0, 55.0, 85.0], 0.0, 1e4),
        ([-28.0, -8.0, 8.0], [30.0, 26.0, 34.0], 60.0, 1e5),
        ([35.0, 12.0, -12.0], [13.0, 15.0, 24.0], 30.0, 3e5),
        ([0.0, 38.0, 0.0], [11.0, 11.0, 70.0], 500.0, 1.5e4),
        ([16.0, -16.0, 40.0], [22.0, 18.0, 26.0], -800.0, 2e3),
    ] {
        if ellipsoid(p, c, r) {
            v = [hu, activity];
        }
    }
    v[usize::from(!ct)]
}

/// What a scanner shows of it where `map` brings the scanner's points to the patient's: means over eight points of a voxel.
fn scan(grid: &Grid, map: &Affine, ct: bool) -> Volume<f32> {
    let mean = |n: usize| {
        let at = grid.unlinear(n).map(|i| i as f64);
        let point = |c: usize| {
            let o = |a: usize| if c >> a & 1 == 0 { -0.25 } else { 0.25 };
            map.apply(grid.to_mm([0, 1, 2].map(|a| at[a] + o(a))))
        };
        ((0..8).map(|c| value(point(c), ct)).sum::<f64>() / 8.0) as f32
    };
    Volume::new(grid.clone(), (0..grid.len()).map(mean).collect()).unwrap()
}

fn grids() -> [Grid; 2] {
    [
        Grid::aligned([36, 28, 40], [-87.5, -67.5, -97.5], [5.0; 3]),
        Grid::aligned([44, 38, 48], [-117.5, -101.5, -131.5], [5.5; 3]),
    ]
}

/// From the fixed to the moving scan.
fn truth() -> Affine {
    let angles_rad = [2.0_f64, -3.0, 5.0].map(f64::to_radians);
    Rigid { angles_rad, translation_mm: [12.0, -9.0, 15.0], centre_mm: [4.0, 3.0, -2.0] }.affine()
}

/// Fixed and moving CT and activity, and the true transform.
fn inputs() -> Inputs {
    let inputs = Inputs::new();
    let [fixed, moving] = grids();
    let back = truth().inverse().unwrap();
    inputs.write("ct1.mha", &scan(&fixed, &Affine::IDENTITY, true));
    inputs.write("a1.mha", &scan(&fixed, &Affine::IDENTITY, false));
    inputs.write("ct2.mha", &scan(&moving, &back, true));
    inputs.write("a2.mha", &scan(&moving, &back, false));
    write_itk_transform(&inputs.path("true.tfm"), &truth(), [0.0; 3]).unwrap();
    write_itk_transform(&inputs.path("wrong.tfm"), &back, [0.0; 3]).unwrap();
    inputs
}

fn apart(a: &Affine, b: &Affine) -> f64 {
    let corner = |n: usize| [0, 1, 2].map(|c| if n >> c & 1 == 0 { -60.0 } else { 60.0 });
    let miss = |n| {
        let (p, q) = (a.apply(corner(n)), b.apply(corner(n)));
        (0..3).map(|c| (p[c] - q[c]).powi(2)).sum::<f64>().sqrt()
    };
    (0..8).map(miss).fold(0.0, f64::max)
}

fn map_of(inputs: &Inputs, name: &str) -> Affine {
    read_transform(&inputs.path(name), &Frames::default()).unwrap().map
}

fn printed(output: &Output) -> Value {
    succeed(output);
    serde_json::from_slice(&output.stdout).unwrap()
}

/// The activity of an image, Bq.
fn activity(inputs: &Inputs, name: &str) -> f64 {
    let image = read_image(&inputs.path(name), None).unwrap().0;
    let ml = image.grid.voxel_volume_mm3() / 1000.0;
    image.data.iter().map(|v| f64::from(*v)).sum::<f64>() * ml
}

/// The bar of real images, 0.5 mm, at the corners of a body; the moving image lies on the fixed one with its activity.
#[test]
fn a_motion_is_found_written_and_applied() {
    let inputs = inputs();
    let report = printed(&inputs.run(&[
        "register",
        "ct1.mha",
        "ct2.mha",
        "-o",
        "t.tfm",
        "--resampled",
        "on1.nii.gz",
        "--picture",
        "p.png",
        "--json",
    ]));
    let found = map_of(&inputs, "t.tfm");
    assert!(apart(&found, &truth()) < 0.5, "{} mm: {report}", apart(&found, &truth()));
    let number = |what: &str| report.pointer(what).and_then(Value::as_f64).unwrap();
    assert!(number("/metric_after") > number("/metric_before"));
    assert!(number("/agreement_after/correlation") > 0.97, "{report}");
    assert!(number("/inverse_consistency/largest_mm") < 0.5, "{report}");
    let fixed = read_image(&inputs.path("ct1.mha"), None).unwrap().0;
    let on1 = read_image(&inputs.path("on1.nii.gz"), None).unwrap().0;
    assert!(on1.grid.same_geometry(&fixed.grid, 1e-3));
    let middle = fixed.grid.linear([18, 14, 20]);
    assert!((on1.data[middle] - fixed.data[middle]).abs() < 30.0);
    assert_eq!(&std::fs::read(inputs.path("p.png")).unwrap()[1..4], b"PNG");

    // The transform of the CTs brings the activity, none made and none lost.
    let applied = printed(&inputs.run(&[
        "register",
        "--apply",
        "t.tfm",
        "a2.mha",
        "--on",
        "a1.mha",
        "-o",
        "a2on1.mha",
        "--json",
    ]));
    let sum = |name: &str| activity(&inputs, name);
    assert!((sum("a2on1.mha") / sum("a2.mha") - 1.0).abs() < 1e-5, "{applied}");
    assert!(applied["agreement_after"]["correlation"].as_f64().unwrap() > 0.95, "{applied}");
    assert_eq!(applied["warnings"].as_array().unwrap().len(), 0, "{applied}");
    // Of the other direction: told, as images of one kind then agree less.
    let wrong = inputs.run(&[
        "register",
        "--apply",
        "wrong.tfm",
        "a2.mha",
        "--on",
        "a1.mha",
        "-o",
        "w.mha",
    ]);
    succeed(&wrong);
    assert!(stderr(&wrong).contains("of the other direction"), "{}", stderr(&wrong));
    // There and back is nothing.
    succeed(&inputs.run(&[
        "register",
        "--apply",
        "true.tfm",
        "--apply",
        "wrong.tfm",
        "-o",
        "none.tfm",
    ]));
    assert!(apart(&map_of(&inputs, "none.tfm"), &Affine::IDENTITY) < 1e-9);
    // A displacement field says the same: NIfTI with three volumes, as ITK writes it.
    let [grid, _] = grids();
    let tall = Grid { dims: [grid.dims[0], grid.dims[1], 3 * grid.dims[2]], ..grid.clone() };
    let displacement = |n: usize| {
        let p = grid.to_mm(grid.unlinear(n % grid.len()).map(|i| i as f64));
        (truth().apply(p)[n / grid.len()] - p[n / grid.len()]) as f32
    };
    let field = Volume::new(tall.clone(), (0..tall.len()).map(displacement).collect()).unwrap();
    voxgray::io::write_nifti(&inputs.path("warp.nii"), &field).unwrap();
    let mut bytes = std::fs::read(inputs.path("warp.nii")).unwrap();
    for (n, size) in [5, grid.dims[0], grid.dims[1], grid.dims[2], 1, 3].into_iter().enumerate() {
        bytes[40 + 2 * n..42 + 2 * n].copy_from_slice(&(size as i16).to_le_bytes());
    }
    bytes[68..70].copy_from_slice(&1007_i16.to_le_bytes());
    std::fs::write(inputs.path("warp.nii"), bytes).unwrap();
    let warped = printed(&inputs.run(&[
        "register",
        "--apply",
        "warp.nii",
        "a2.mha",
        "--on",
        "a1.mha",
        "-o",
        "warped.mha",
        "--json",
    ]));
    assert!((sum("warped.mha") / sum("a2.mha") - 1.0).abs() < 0.01, "{warped}");
    assert!(warped["agreement_after"]["correlation"].as_f64().unwrap() > 0.95, "{warped}");
    // Nothing is replaced.
    let again = inputs.run(&["register", "ct1.mha", "ct2.mha", "-o", "t.tfm"]);
    assert_eq!(again.status.code(), Some(4), "{}", stderr(&again));
}

#[test]
fn what_cannot_be_registered_says_why() {
    let inputs = inputs();
    let scaled = Affine {
        matrix: [[1.05, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]],
        offset_mm: [0.0; 3],
    };
    write_itk_transform(&inputs.path("scaled.tfm"), &scaled, [0.0; 3]).unwrap();
    std::fs::write(
        inputs.path("damaged.tfm"),
        "#Insight Transform File V1.0\nTransform: Euler3DTransform_double_3_3\nParameters: 1 2\n",
    )
    .unwrap();
    for (arguments, code, expected) in [
        (&["ct1.mha"][..], 2, "FIXED and MOVING"),
        (&["ct1.mha", "none.mha"], 4, "none.mha"),
        (&["ct1.mha", "ct.mha", "--metric", "mi"], 3, "0 everywhere"),
        (&["ct1.mha", "ct2.mha", "--start", "scaled.tfm"], 3, "not rigid"),
        (&["ct1.mha", "ct2.mha", "--start", "damaged.tfm"], 3, "2 parameters"),
        (&["--apply", "true.tfm", "a2.mha", "-o", "x.mha"], 2, "--on FIXED"),
        (&["--apply", "true.tfm", "a2.mha", "--on", "a1.mha", "-o", "x.txt"], 2, ".nii.gz"),
    ] {
        let output = inputs.run(&[&["register"], arguments].concat());
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {}", stderr(&output));
        assert!(stderr(&output).contains(expected), "'{expected}': {}", stderr(&output));
    }
    // An affine map made elsewhere is applied, and that it changes volumes is told.
    let output = inputs.run(&[
        "register",
        "--apply",
        "scaled.tfm",
        "a2.mha",
        "--on",
        "a1.mha",
        "-o",
        "s.mha",
    ]);
    succeed(&output);
    assert!(stderr(&output).contains("by the factor 1.05"), "{}", stderr(&output));
    // Its activity is what it was: a concentration rises where tissue shrinks. The fixed image may be without a feature: only its grid is asked for.
    let sum = |name: &str| activity(&inputs, name);
    assert!(
        (sum("s.mha") / sum("a2.mha") - 1.0).abs() < 1e-3,
        "{} {}",
        sum("s.mha"),
        sum("a2.mha")
    );
    let flat = read_image(&inputs.path("a1.mha"), None).unwrap().0.map(|_| 1e4);
    inputs.write("flat.mha", &flat);
    let output = inputs.run(&[
        "register",
        "--apply",
        "scaled.tfm",
        "a2.mha",
        "--on",
        "flat.mha",
        "-o",
        "f.mha",
    ]);
    succeed(&output);
    assert!(stderr(&output).contains("the images are not compared"), "{}", stderr(&output));
    assert!((sum("f.mha") / sum("s.mha") - 1.0).abs() < 1e-6);
}

/// Three time points of one patient: the first lies as the CT does, the others elsewhere. By a stated transform, by registration of the CTs and of the
/// activity each comes to where it was, with its activity.
#[test]
fn time_points_are_placed_by_transforms_and_registration() {
    let inputs = inputs();
    let halved = read_image(&inputs.path("a2.mha"), None).unwrap().0.map(|v| 0.5 * v);
    inputs.write("a3.mha", &halved);
    inputs.write("a4.mha", &halved.map(|v| 0.5 * v));
    let run = |name: &str, points: &[(&str, &str)]| {
        let mut text = String::from(
            "version = 1\nrelative_uncertainty = 0.05\ndecay_correction = 'none'\nintegrate = 'voi'\n",
        );
        for (n, (image, key)) in points.iter().enumerate() {
            text.push_str(&format!(
                "[[time_point]]\ntime = '{}h'\nactivity = '{image}.mha'\n{key}\n",
                24 * (n + 1)
            ));
        }
        std::fs::write(inputs.path(&format!("{name}.toml")), text).unwrap();
        inputs.run(&[
            "dose",
            "--ct",
            "ct1.mha",
            "--activity",
            &format!("{name}.toml"),
            "--nuclide",
            "Lu-177",
            "--engine",
            "cpu",
            "--histories",
            "400",
            "--allow-outside",
            "100%",
            "-o",
            name,
        ])
    };
    let by = [
        ("a1", ""),
        ("a2", "transform = 'true.tfm'"),
        ("a3", "register = true\nct = 'ct2.mha'"),
        ("a4", "register = true"),
    ];
    let output = run("good", &by);
    assert!([Some(0), Some(3)].contains(&output.status.code()), "{}", stderr(&output));
    let points = |name: &str| {
        let summary = json(&inputs.path(name).join("summary.json"));
        summary.pointer("/setup/time_points").unwrap_or_else(|| panic!("{summary}")).clone()
    };
    let miss = |placed: &serde_json::Value| {
        let three =
            |what: &str| -> [f64; 3] { std::array::from_fn(|c| placed[what][c].as_f64().unwrap()) };
        let map = Rigid {
            angles_rad: three("rotation_deg").map(f64::to_radians),
            translation_mm: three("translation_mm"),
            centre_mm: three("centre_mm"),
        };
        apart(&map.affine(), &truth())
    };
    let good = points("good");
    let placements = good["placement"].as_array().unwrap();
    for (n, how) in ["as_it_lies", "transform", "registered_on_ct", "registered_on_activity"]
        .into_iter()
        .enumerate()
    {
        assert_eq!(placements[n]["by"], how);
        if n == 0 {
            continue;
        }
        let miss = miss(&placements[n]);
        // The bar of real images for the CTs; a third of a voxel of 5 mm for the activity, 100 mm from the middle.
        let most_mm = [0.0, 1e-9, 0.5, 1.7][n];
        assert!(miss < most_mm, "{how}: {miss} mm");
        let field = &good["activity"][n];
        let balance = field["on_grid"].as_f64().unwrap() + field["outside"].as_f64().unwrap();
        assert!((balance / field["image"].as_f64().unwrap() - 1.0).abs() < 1e-5, "{field}");
        // Next to nothing of a body that lies within the grid is lost.
        assert!(field["outside_fraction"].as_f64().unwrap() < 0.01, "{field}");
    }
    let said = stderr(&output);
    assert!(said.contains("widens by up to") && said.contains("registered on the CTs"), "{said}");
    // The first has no CT of its own: it is registered to that which lies on the CT.
    let output = run("later", &[("a2", "register = true"), ("a1", "")]);
    assert!(stderr(&output).contains("on the activity of time point 2"), "{}", stderr(&output));
    let later = points("later")["placement"].clone();
    let by = [0, 1].map(|n| later[n]["by"].as_str().unwrap().to_owned());
    assert_eq!(by, ["registered_on_activity", "as_it_lies"]);
    assert!(miss(&later[0]) < 1.7, "{later}");
    // Nothing says where any of them lies.
    let output = run("assumed", &[("a1", "register = true"), ("a4", "register = true")]);
    assert!(stderr(&output).contains("nothing says where it lies itself"), "{}", stderr(&output));
    let output = run("bad", &[("a1", ""), ("a2", "transform = 'wrong.tfm'")]);
    assert!(stderr(&output).contains("of the other direction"), "{}", stderr(&output));
}
