//! `voxgray dose --score`: shells against `voxgray kernel` and the stopping of alphas, layers against maps and the same; both on both engines and in shards.

mod cli_inputs;

use std::path::Path;

use cli_inputs::{Inputs, json, stderr, succeed};
use voxgray::image::{Grid, Volume};
use voxgray::io::read_nifti;
use voxgray::physics::AlphaStopping;
use voxgray::physics::tissues::named_material;
use voxgray::stats::chi_squared_exceeded;

/// Small boxes and one decay per second are no patient's.
const MAPS: [&str; 9] = [
    "dose",
    "--accept",
    "voxel-size,unit",
    "--density",
    "rho.mha",
    "--materials",
    "label.mha",
    "--material-names",
    "water,air",
];

/// A box of water with one active voxel, in a folder of inputs.
fn water(dims: [usize; 3], mm: f64, active: Option<[usize; 3]>) -> Inputs {
    let inputs = Inputs::new();
    let grid = Grid::aligned(dims, [0.5 * mm; 3], [mm; 3]);
    let volume = |values: Vec<f32>| Volume::new(grid.clone(), values).unwrap();
    inputs.write("rho.mha", &volume(vec![1.0; grid.len()]));
    inputs.write("label.mha", &volume(vec![0.0; grid.len()]));
    let mut activity = vec![0.0; grid.len()];
    if let Some(at) = active {
        activity[grid.linear(at)] = 1.0;
    }
    inputs.write("a.mha", &volume(activity));
    inputs
}

fn dose<'a>(more: &[&'a str]) -> Vec<&'a str> {
    MAPS.iter().chain(more).copied().collect()
}

/// Numbers of a column; NaN where a cell is empty.
fn column(path: &Path, name: &str) -> Vec<f64> {
    let text = std::fs::read_to_string(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    let mut lines = text.lines().filter(|l| !l.starts_with('#'));
    let header: Vec<&str> = lines.next().unwrap().split(',').collect();
    let at =
        header.iter().position(|h| *h == name).unwrap_or_else(|| panic!("{name} in {header:?}"));
    lines.map(|l| l.split(',').nth(at).unwrap().parse().unwrap_or(f64::NAN)).collect()
}

const POINT: [&str; 4] = ["--activity", "a.mha", "--activity-unit", "Bq"];

/// Electrons of 0.1 MeV (range 0.14 mm) in shells of the same radii as those of `voxgray kernel`, with its energies within the standard errors of both.
#[test]
fn shells_are_those_of_the_kernel() {
    let inputs = water([3; 3], 1.0, Some([1; 3]));
    let source = ["--source", "electron:100keV", "--histories", "8000"];
    let arguments = [
        &POINT[..],
        &source,
        &["--score", "shells", "--engine", "cpu", "--seed", "7", "-o", "out"],
    ]
    .concat();
    succeed(&inputs.run(&dose(&arguments)));
    let kernel = ["--medium", "water", "--density", "1.0", "--radius", "1.5mm", "-o", "k.csv"];
    succeed(&inputs.run(&[&["kernel"], &source[..], &kernel].concat()));
    let (shells, kernel) = (inputs.path("out/shells.csv"), inputs.path("k.csv"));
    let theirs = column(&kernel, "energy_mev_per_decay");
    let (radii, ours) = (column(&shells, "outer_mm"), column(&shells, "energy_mev_per_decay"));
    // The kernel goes on beyond the box: the last shell ends at its face, and the last row is what is beyond it.
    assert!(ours.len() > 100 && ours.len() <= theirs.len() + 1, "{} {}", ours.len(), theirs.len());
    let theirs = &theirs[..ours.len() - 2];
    let same = |(mm, cm): (&f64, &f64)| (mm / (10.0 * cm) - 1.0).abs() < 1e-5;
    let outer = column(&kernel, "r_out_cm");
    let radii = &radii[..theirs.len()];
    let other = radii.iter().zip(&outer).find(|pair| !same(*pair));
    assert!(other.is_none(), "{other:?} of {radii:?}");
    let errors = (column(&shells, "standard_error_mev"), column(&kernel, "standard_error"));
    let (mut chi2, mut classes) = (0.0, 0.0);
    for n in 0..theirs.len() {
        let error = errors.0[n].hypot(errors.1[n]);
        if error > 0.0 && ours[n] > 1e-4 * 0.1 {
            chi2 += ((ours[n] - theirs[n]) / error).powi(2);
            classes += 1.0;
        }
    }
    // The errors themselves come from ten parts: Student's t has 9/7 of the variance.
    let p = chi_squared_exceeded(chi2 / 1.3, classes);
    println!("shells against the kernel: chi-squared {chi2:.1} of {classes}, p {p:.4}");
    assert!(classes > 40.0 && p > 1e-4, "{chi2} of {classes}");
    let whole: f64 = ours.iter().sum();
    // Bremsstrahlung leaves the box: at most all of it, 5.84e-4 of the energy (ESTAR's radiation yield).
    assert!((1.0 - 6e-4..1.0 + 1e-6).contains(&(whole / 0.1)), "{whole}");
    let summary = json(&inputs.path("out/summary.json"));
    assert_eq!(summary["setup"]["score"]["what"], "shells");
    let files = summary["files"].to_string();
    assert!(files.contains("shells.csv") && !files.contains("nii"), "{files}");
    let doses = column(&shells, "dose_rate_gy_per_s");
    let largest = doses[..theirs.len()].iter().copied().fold(0.0, f64::max);
    let told = summary["dose"]["max_dose"].as_f64().unwrap();
    assert!((told / largest - 1.0).abs() < 1e-5, "{told} {largest}");
}

/// An alpha of 5 MeV loses along its straight track what the stopping power says: in shells and in layers.
#[test]
fn alphas_are_stopped_as_the_stopping_power_says() {
    let stopping = AlphaStopping::new(&named_material("water").unwrap().material).unwrap();
    let lost = |cm: f64| 5.0 - stopping.energy((stopping.range(5.0) - cm).max(0.0)).max(0.0);
    let source = ["--source", "alpha:5MeV", "--histories", "2000", "--engine", "cpu"];
    let check = |path: &Path, what: &str| {
        let values = column(path, "energy_mev_per_decay");
        let mut inside = 0.0;
        for (n, value) in values.iter().take(12).enumerate() {
            inside += value;
            let expected = lost(4e-4 * (n + 1) as f64);
            assert!((inside - expected).abs() < 5e-3, "{what} {n}: {inside} for {expected}");
        }
        assert!((inside - 5.0).abs() < 1e-3, "{what}: {inside}");
    };
    let inputs = water([1; 3], 0.1, Some([0; 3]));
    let arguments = [&POINT[..], &source, &["--score", "shells:0.004mm", "-o", "out"]].concat();
    succeed(&inputs.run(&dose(&arguments)));
    check(&inputs.path("out/shells.csv"), "shell");
    let inputs = water([1, 1, 16], 0.004, None);
    let beam = ["--beam", "direction=0,0,1", "--score", "layers", "-o", "out"];
    succeed(&inputs.run(&dose(&[&source[..], &beam].concat())));
    check(&inputs.path("out/layers.csv"), "layer");
    let masses = column(&inputs.path("out/layers.csv"), "g_cm2");
    assert!(masses.iter().all(|m| (m / 4e-4 - 1.0).abs() < 1e-5), "{masses:?}");
    let from = column(&inputs.path("out/layers.csv"), "from_mm");
    assert!((from[3] - 0.012).abs() < 1e-6, "{from:?}");
}

/// Layers are the sums of the map's voxels and change nothing of VOIs, maps or the other engine; so it is of shards.
#[test]
fn layers_are_sums_of_voxels_everywhere() {
    let inputs = Inputs::new();
    let base = [
        "dose",
        "--density",
        "density.mha",
        "--materials",
        "labels.mha",
        "--material-names",
        "water",
        "--activity",
        "activity.mha",
        "--activity-unit",
        "Bq",
        "--nuclide",
        "Lu-177",
        "--histories",
        "4000",
        "--voi",
        "voi.mha",
    ];
    let run = |more: &[&str]| {
        let output = inputs.run(&[&base[..], more].concat());
        succeed(&output);
    };
    run(&["--engine", "cpu", "-o", "plain"]);
    for (axis, n) in [("x", 0), ("y", 1), ("z", 2)] {
        let (score, out) = (format!("layers:{axis}"), format!("out_{axis}"));
        run(&["--engine", "cpu", "--score", &score, "-o", &out]);
        let same = |name: &str| {
            let read = |folder: &str| std::fs::read(inputs.path(folder).join(name)).unwrap();
            assert!(read("plain") == read(&out), "{name} differs with {score}");
        };
        ["vois.csv", "dose_rate.nii.gz", "dose_rate_standard_error.nii.gz"]
            .into_iter()
            .for_each(same);
        let map = read_nifti(&inputs.path(&out).join("dose_rate.nii.gz"), None).unwrap().0;
        let mut planes = vec![0.0; map.grid.dims[n]];
        for (v, value) in map.data.iter().enumerate() {
            // Voxels of one mass.
            planes[map.grid.unlinear(v)[n]] += f64::from(*value) / 36.0;
        }
        let layers = column(&inputs.path(&out).join("layers.csv"), "dose_rate_gy_per_s");
        assert_eq!(layers.len(), planes.len());
        let off = |(a, b): (&f64, &f64)| (a / b - 1.0).abs() < 1e-5;
        assert!(layers.iter().zip(&planes).all(off), "{axis}: {layers:?} {planes:?}");
    }
    let parts = ["part1", "part2"];
    run(&["--engine", "cpu", "--score", "layers:y", "--shard", "1/2", "-o", parts[0]]);
    run(&["--engine", "cpu", "--score", "layers:y", "--shard", "2/2", "-o", parts[1]]);
    succeed(&inputs.run(&["merge", "merged", parts[0], parts[1]]));
    let table = |folder: &str, name: &str| std::fs::read(inputs.path(folder).join(name)).unwrap();
    for name in ["layers.csv", "vois.csv"] {
        assert!(table("merged", name) == table("out_y", name), "{name}");
    }
}

/// Both tables have the same bytes on both engines, and shells in shards.
#[test]
fn engines_and_shards_give_the_same_tables() {
    let inputs = water([3; 3], 4.0, Some([1; 3]));
    let devices = inputs.run(&["devices", "--json"]);
    let devices: serde_json::Value = serde_json::from_slice(&devices.stdout).unwrap();
    let all = devices["survey"]["devices"].as_array().unwrap();
    let number =
        all.iter().find(|d| d["refused"].is_null()).map(|d| format!("gpu:{}", d["number"]));
    assert!(number.is_some() || std::env::var_os("VOXGRAY_REQUIRE_GPU").is_none(), "{devices}");
    let source = ["--source", "electron:0.9MeV", "--histories", "3000"];
    for (score, file) in [("shells:0.1mm", "shells.csv"), ("layers:x", "layers.csv")] {
        let run = |more: &[&str]| {
            let arguments =
                [&POINT[..], &source, &["--score", score, "--overwrite"], more].concat();
            succeed(&inputs.run(&dose(&arguments)));
        };
        let read = |folder: &str| std::fs::read(inputs.path(folder).join(file)).unwrap();
        run(&["--engine", "cpu", "-o", "whole"]);
        if let Some(gpu) = &number {
            run(&["--engine", gpu, "-o", "other"]);
            assert!(read("whole") == read("other"), "{score} differs between engines");
        }
        run(&["--engine", "cpu", "--threads", "1", "--shard", "1/2", "-o", "part1"]);
        run(&["--engine", "cpu", "--threads", "2", "--shard", "2/2", "-o", "part2"]);
        succeed(&inputs.run(&["merge", "joined", "part1", "part2", "--overwrite"]));
        assert!(read("whole") == read("joined"), "{score} differs in shards");
    }
}

/// What has no meaning is refused, with the option named and nothing written.
#[test]
fn what_cannot_be_scored_is_refused() {
    let one = water([3; 3], 1.0, Some([1; 3]));
    let aside = water([3; 3], 1.0, Some([0, 1, 1]));
    let even = water([2, 3, 3], 1.0, Some([1; 3]));
    let many = Inputs::new();
    many.write("rho.mha", &cli_inputs::block(&cli_inputs::grid(), 1.0, 1.0));
    many.write("label.mha", &cli_inputs::block(&cli_inputs::grid(), 0.0, 0.0));
    many.write("a.mha", &cli_inputs::block(&cli_inputs::grid(), 1.0, 0.0));
    let mixed = water([3; 3], 1.0, Some([1; 3]));
    let grid = Grid::aligned([3; 3], [0.5; 3], [1.0; 3]);
    let mut labels = vec![0.0; 27];
    labels[0] = 1.0;
    mixed.write("label.mha", &Volume::new(grid, labels).unwrap());
    let electron = ["--source", "electron:0.1MeV", "--engine", "cpu", "-o", "out"];
    let with_point: Vec<&str> = [&POINT[..], &electron].concat();
    let with_beam: Vec<&str> = [&["--beam", "direction=0,0,1"], &electron[..]].concat();
    let shells = ["--score", "shells"];
    for (inputs, base, more, said) in [
        (&aside, &with_point, &shells[..], "the middle one"),
        (&even, &with_point, &shells, "the middle one"),
        (&many, &with_point, &shells, "activity in 8 voxels"),
        (&mixed, &with_point, &shells, "2 materials"),
        (&one, &with_beam, &shells, "given with --beam"),
        (&one, &with_point, &["--score", "shells", "--voi", "label.mha"], "given with --voi"),
        (
            &one,
            &with_point,
            &["--score", "shells", "--target-uncertainty", "5%"],
            "--target-uncertainty",
        ),
        (&one, &with_point, &["--score", "shells:100mm"], "1 to 20000"),
        (&one, &with_point, &["--score", "shells:0.00002mm"], "1 to 20000"),
        (&one, &with_point, &["--score", "shells:1"], "shells:0.05mm"),
        (&one, &with_point, &["--score", "layers:w"], "layers:x"),
        (&one, &with_point, &["--score", "layers", "--method", "ldm"], "given with --method ldm"),
    ] {
        let arguments: Vec<&str> = base.iter().chain(more).copied().collect();
        let output = inputs.run(&dose(&arguments));
        let text = stderr(&output);
        assert!(!output.status.success() && text.contains(said), "{more:?}: {text}");
        assert!(!inputs.path("out").exists(), "{more:?}");
    }
}
