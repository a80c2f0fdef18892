//! The fast methods through the program: against Monte Carlo where both are exact, against closed forms, and against themselves by other ways.

mod cli_inputs;

use cli_inputs::{Inputs, json, stderr, succeed};
use voxgray::image::{Grid, Volume};
use voxgray::io::read_nifti;

const EDGE: usize = 21;
/// Density of soft tissue of the kernels.
const SOFT: f32 = 1.04;
/// Gy per MeV per g.
const GY: f64 = 1.602_176_634e-10;

fn grid() -> Grid {
    Grid::aligned([EDGE; 3], [0.0; 3], [3.0, 3.0, 4.0])
}

fn volume(of: impl Fn([usize; 3]) -> f32) -> Volume<f32> {
    Volume::new(grid(), (0..grid().len()).map(|v| of(grid().unlinear(v))).collect()).unwrap()
}

/// Uneven activity in the middle of a box of a density.
fn scene(density: impl Fn([usize; 3]) -> f32) -> Inputs {
    let inputs = Inputs::new();
    inputs.write("density.mha", &volume(density));
    inputs.write("labels.mha", &volume(|_| 0.0));
    let inside = |v: &[usize; 3]| v.iter().all(|i| (8..13).contains(i));
    inputs.write(
        "activity.mha",
        &volume(
            |v| if inside(&v) { (1 + (v[0] * 7 + v[1] * 3 + v[2]) % 5) as f32 * 1e5 } else { 0.0 },
        ),
    );
    inputs.write(
        "voi.mha",
        &volume(|v| if inside(&v) { 1.0 } else { f32::from(u8::from(v[0] < 4)) * 2.0 }),
    );
    inputs
}

const DOSE: [&str; 13] = [
    "dose",
    "--density",
    "density.mha",
    "--materials",
    "labels.mha",
    "--material-names",
    "soft_tissue",
    "--activity",
    "activity.mha",
    "--activity-unit",
    "Bq",
    "--voi",
    "voi.mha",
];

fn dose(inputs: &Inputs, more: &[&str]) {
    let fast = more.contains(&"--method");
    let cache: &[&str] = if fast { &["--kernel-cache", "kernels"] } else { &[] };
    succeed(&inputs.run(&[&DOSE[..], cache, more].concat()));
}

fn map(inputs: &Inputs, name: &str) -> Vec<f64> {
    let data = read_nifti(&inputs.path(name), None).unwrap().0.data;
    data.into_iter().map(f64::from).collect()
}

fn total(map: &[f64]) -> f64 {
    map.iter().sum()
}

/// In uniform soft tissue voxel S values are exact: every voxel within statistics of Monte Carlo, the sum within 0.3 %.
#[test]
fn voxel_s_values_are_monte_carlo_in_uniform_tissue() {
    let inputs = scene(|_| SOFT);
    let source = ["--source", "electron:0.935MeV"];
    let run = |more: &[&str]| dose(&inputs, &[&source[..], more].concat());
    run(&["--histories", "2e6", "-o", "mc"]);
    run(&["--method", "vsv", "--kernel-histories", "2e5", "-o", "vsv"]);
    let (mc, vsv) = (map(&inputs, "mc/dose_rate.nii.gz"), map(&inputs, "vsv/dose_rate.nii.gz"));
    let errors =
        ["mc", "vsv"].map(|r| map(&inputs, &format!("{r}/dose_rate_standard_error.nii.gz")));
    let largest = mc.iter().copied().fold(0.0, f64::max);
    let (mut count, mut squares) = (0, 0.0);
    for v in 0..mc.len() {
        let joint = (errors[0][v].powi(2) + errors[1][v].powi(2)).sqrt();
        if mc[v] > 0.01 * largest && joint > 0.0 {
            // 0.3 % of the voxel beside statistics; of a thousand voxels one is beyond 3.3 of them: 5 at 1e-4 for all.
            let off = (vsv[v] - mc[v]).abs();
            assert!(off < 5.0 * joint + 0.003 * mc[v], "{v}: {} {} {joint}", vsv[v], mc[v]);
            count += 1;
            squares += ((vsv[v] - mc[v]) / joint).powi(2);
        }
    }
    assert!(count > 300, "{count}");
    assert!(squares / f64::from(count) < 1.3, "{}", squares / f64::from(count));
    assert!((total(&vsv) / total(&mc) - 1.0).abs() < 0.003, "{} {}", total(&vsv), total(&mc));
    // The kernel was kept, and the same numbers come from it.
    run(&["--method", "dpk", "--kernel-histories", "2e5", "-o", "again"]);
    assert_eq!(map(&inputs, "again/dose_rate.nii.gz"), vsv);
    let said = json(&inputs.path("vsv/summary.json"));
    assert_eq!(said["setup"]["method"]["name"].as_str(), Some("vsv"));
    assert_eq!(said["run"]["histories"].as_u64(), Some(200_000));
    // What the method neglects is in no uncertainty: no interval claims it.
    assert!(said["vois"][0]["standard_error"].as_f64() > Some(0.0), "{}", said["vois"][0]);
    assert!(said["vois"][0]["uncertainty"]["interval_95"][0].is_null(), "{}", said["vois"][0]);
    let warned = said["warnings"].as_array().unwrap();
    assert!(warned.iter().any(|w| w.as_str().unwrap().contains("in no uncertainty")), "{warned:?}");
}

/// Local deposition by hand: energy per decay over mass, with photons left out, kept, or spread.
#[test]
fn local_deposition_is_energy_over_mass() {
    let inputs = scene(|v| if v[2] < 10 { SOFT } else { 0.3 });
    let nuclide = json_of(&inputs, &["nuclide", "Lu-177", "--json"]);
    let energy = |of: &[&str]| -> f64 {
        let per_decay = &nuclide["energy_per_decay_kev"];
        of.iter()
            .map(|k| per_decay[*k].as_f64().unwrap_or_else(|| panic!("{k}: {nuclide}")))
            .sum::<f64>()
            / 1e3
    };
    let charged = energy(&["beta_minus", "conversion", "auger"]);
    let photons = energy(&["gamma", "x_ray"]);
    let lu = ["--nuclide", "Lu-177", "--method", "ldm"];
    dose(&inputs, &[&lu[..], &["-o", "ct"]].concat());
    dose(&inputs, &[&lu[..], &["--density-scaling", "none", "-o", "uniform"]].concat());
    dose(&inputs, &[&lu[..], &["--ldm-photons", "local", "-o", "local"]].concat());
    let volume_cm3 = 0.3 * 0.3 * 0.4;
    let at = |v: [usize; 3]| grid().linear(v);
    for v in [[8, 8, 8], [10, 11, 9], [12, 12, 12], [9, 8, 11]] {
        let bq = (1 + (v[0] * 7 + v[1] * 3 + v[2]) % 5) as f64 * 1e5;
        let rho = if v[2] < 10 { f64::from(SOFT) } else { 0.3 };
        let expected = |mev: f64, density: f64| bq * mev * GY / (density * volume_cm3);
        for (out, value) in [
            ("ct", expected(charged, rho)),
            ("uniform", expected(charged, f64::from(SOFT))),
            ("local", expected(charged + photons, rho)),
        ] {
            let found = map(&inputs, &format!("{out}/dose_rate.nii.gz"))[at(v)];
            assert!((found / value - 1.0).abs() < 1e-4, "{out} {v:?}: {found} not {value}");
        }
    }
    // Nothing is scored elsewhere, and that is known.
    assert_eq!(map(&inputs, "ct/dose_rate.nii.gz")[at([0, 0, 0])], 0.0);
    assert_eq!(map(&inputs, "ct/dose_rate_standard_error.nii.gz")[at([0, 0, 0])], 0.0);
}

fn json_of(inputs: &Inputs, arguments: &[&str]) -> serde_json::Value {
    let output = inputs.run(arguments);
    succeed(&output);
    serde_json::from_slice(&output.stdout).unwrap()
}

/// What each treatment of density says of half a box that is lung-like.
#[test]
fn density_scales_target_or_source_or_nothing() {
    let half = |v: [usize; 3]| if v[0] < 10 { SOFT } else { 0.26 };
    let (even, uneven) = (scene(|_| SOFT), scene(half));
    let run = |inputs: &Inputs, more: &[&str], out: &str| {
        let base = ["--source", "electron:0.5MeV", "--kernel-histories", "2e4"];
        dose(inputs, &[&base[..], more, &["-o", out]].concat());
        map(inputs, &format!("{out}/dose_rate.nii.gz"))
    };
    let plain = run(&even, &["--method", "vsv"], "plain");
    let of =
        |scaling: &str| run(&uneven, &["--method", "vsv", "--density-scaling", scaling], scaling);
    let (none, target, source) = (of("none"), of("target"), of("source"));
    let largest = plain.iter().copied().fold(0.0, f64::max);
    let relative = |a: f64, b: f64| (a - b).abs() / largest;
    let (mut through, mut before) = (0.0, 0.0);
    for v in 0..plain.len() {
        let at = grid().unlinear(v);
        let rho = f64::from(half(at));
        let kernel = f64::from(SOFT);
        assert!(relative(none[v], plain[v]) < 1e-5, "none, {at:?}");
        assert!(relative(target[v], plain[v] * kernel / rho) < 2e-5, "target, {at:?}");
        through += target[v] * rho;
        before += plain[v] * kernel;
        // Far from the border only one density emits.
        if at[0] < 8 || at[0] > 12 {
            continue;
        }
        if source[v] > 0.0 && at[0] == 12 {
            let scaled = plain[v] * kernel / rho;
            assert!(source[v] <= scaled * 1.001 && source[v] > plain[v], "source, {at:?}");
        }
    }
    assert!((through / before - 1.0).abs() < 1e-5, "energy is kept by the target's mass");
    // Tissue classes: in one class they are the plain kernel, by source they keep the energy.
    let one = run(&even, &["--method", "msv"], "one");
    assert!((0..one.len()).all(|v| relative(one[v], plain[v]) < 1e-5));
    let by_source = run(&uneven, &["--method", "msv", "--kernel-by", "source"], "by_source");
    let energy: f64 =
        (0..one.len()).map(|v| by_source[v] * f64::from(half(grid().unlinear(v)))).sum();
    // Electrons of 0.5 MeV go 6 mm in lung: next to none leaves the box.
    assert!((energy / before - 1.0).abs() < 2e-3, "{energy} {before}");
}

/// A voxel kernel from shells and one scored in voxels are the same, and each says what lies beyond it.
#[test]
fn kernels_of_shells_and_of_voxels_agree() {
    let inputs = Inputs::new();
    let base = [
        "kernel",
        "--source",
        "electron:1MeV",
        "--voxel",
        "2x2x3mm",
        "--reach",
        "4",
        "--kernel-cache",
        "none",
    ];
    let table = |more: &[&str]| -> Vec<Vec<f64>> {
        let output = inputs.run(&[&base[..], more].concat());
        succeed(&output);
        let text = String::from_utf8(output.stdout).unwrap();
        let rows = text.lines().filter(|l| !l.starts_with('#')).skip(1);
        rows.map(|l| l.split(',').map(|x| x.parse().unwrap()).collect()).collect()
    };
    let shells = table(&["--histories", "1e5"]);
    let voxels = table(&["--histories", "4e5", "--direct"]);
    assert_eq!(shells.len(), 125);
    let (mut worst, mut inside) = (0.0_f64, 0.0);
    for (a, b) in shells.iter().zip(&voxels) {
        assert_eq!(a[..3], b[..3]);
        let error = (a[4] * a[4] + b[4] * b[4]).sqrt();
        // Steps in voxels are longer than in shells: within 0.5 % of the largest.
        let off = (a[3] - b[3]).abs() - 0.005 * shells[0][3];
        worst = worst.max(off / error.max(1e-12));
        let copies: f64 = a[..3].iter().map(|i| if *i > 0.0 { 2.0 } else { 1.0 }).product();
        inside += a[3] * copies;
    }
    assert!(worst < 4.5, "{worst}");
    // S x mass, over all voxels, is the energy per decay: 1 MeV less the bremsstrahlung that leaves.
    let mass_g = 0.2 * 0.2 * 0.3 * f64::from(SOFT);
    let mev = inside * 1e-9 * mass_g / GY;
    assert!((0.985..1.0).contains(&mev), "{mev}");
    // Files: a table, JSON, an image of the whole kernel; nothing is replaced unasked.
    let files = ["--histories", "1e4", "-o", "k.csv", "-o", "k.json", "-o", "k.nii.gz"];
    succeed(&inputs.run(&[&base[..], &files].concat()));
    let image = read_nifti(&inputs.path("k.nii.gz"), None).unwrap().0;
    assert_eq!(image.grid.dims, [9; 3]);
    let said = json(&inputs.path("k.json"));
    assert_eq!(said["rows"].as_array().unwrap().len(), 125);
    let centre = image.data[image.grid.linear([4; 3])];
    assert!((f64::from(centre) / said["rows"][0][3].as_f64().unwrap() - 1.0).abs() < 1e-5);
    let again = inputs.run(&[&base[..], &files].concat());
    assert_eq!(again.status.code(), Some(3), "{}", stderr(&again));
}

/// A kernel from a table is the kernel that was written to it, with its errors; one of other voxels, or with nothing said of them, is refused.
#[test]
fn a_kernel_from_a_table_is_that_kernel() {
    let inputs = scene(|v| if v[2] < 10 { SOFT } else { 0.8 });
    let source = ["--source", "electron:0.5MeV"];
    let kernel = |voxel: &str, out: &str| {
        let base = ["kernel", "--reach", "12", "--histories", "2e4", "--kernel-cache", "none"];
        succeed(&inputs.run(&[&base[..], &source, &["--voxel", voxel, "-o", out]].concat()));
    };
    kernel("3x3x4mm", "k.csv");
    kernel("3mm", "other.csv");
    dose(
        &inputs,
        &[&source[..], &["--method", "vsv", "--kernel-histories", "2e4", "-o", "own"]].concat(),
    );
    let table = |file: &str, out: &str| {
        let more = ["--method", "vsv", "--kernel", file, "-o", out];
        inputs.run(&[&DOSE[..], &source, &more].concat())
    };
    succeed(&table("k.csv", "table"));
    let (own, read) =
        (map(&inputs, "own/dose_rate.nii.gz"), map(&inputs, "table/dose_rate.nii.gz"));
    let largest = own.iter().copied().fold(0.0, f64::max);
    // Seven digits in the table.
    assert!((0..own.len()).all(|v| (own[v] - read[v]).abs() < 1e-5 * largest));
    let errors =
        ["own", "table"].map(|r| map(&inputs, &format!("{r}/dose_rate_standard_error.nii.gz")));
    let hot: Vec<usize> = (0..own.len()).filter(|v| own[*v] > 0.3 * largest).collect();
    let mean = |e: &[f64]| hot.iter().map(|v| e[*v]).sum::<f64>() / hot.len() as f64;
    // Drawn anew from the table's errors, which are those of voxels and not of shells: the size is told, not the bits.
    let ratio = mean(&errors[1]) / mean(&errors[0]);
    assert!((0.3..3.0).contains(&ratio), "{ratio}");
    let said = json(&inputs.path("table/summary.json"));
    assert_eq!(said["setup"]["method"]["kernel_file"].as_str(), Some("k.csv"));
    // Published tables state no errors: that is said, and the standard errors are 0.
    let text = std::fs::read_to_string(inputs.path("k.csv")).unwrap();
    let bare = |keep: &str| {
        let rows = text
            .lines()
            .filter(|l| !l.starts_with('#'))
            .map(|l| l.split(',').take(4).collect::<Vec<_>>().join(",") + "\n");
        keep.to_string() + &rows.collect::<String>()
    };
    std::fs::write(inputs.path("bare.csv"), bare("# voxel_mm: 3 3 4\n# density_g_cm3: 1.04\n"))
        .unwrap();
    let output = table("bare.csv", "bare");
    succeed(&output);
    assert!(stderr(&output).contains("no column standard_error"), "{}", stderr(&output));
    let again = map(&inputs, "bare/dose_rate.nii.gz");
    assert!((0..own.len()).all(|v| (own[v] - again[v]).abs() < 1e-5 * largest));
    std::fs::write(inputs.path("unsaid.csv"), bare("")).unwrap();
    let whose =
        |l: &str| if l.starts_with("# source:") { "# source: 177Lu".into() } else { l.to_string() };
    let lines: Vec<String> = text.lines().map(whose).collect();
    std::fs::write(inputs.path("whose.csv"), lines.join("\n")).unwrap();
    for (file, word) in [
        ("whose.csv", "a kernel of 177Lu"),
        ("other.csv", "3 x 3 x 3 mm"),
        ("unsaid.csv", "edges of its voxels"),
    ] {
        let refused = table(file, "refused");
        assert_eq!(refused.status.code(), Some(3), "{}", stderr(&refused));
        assert!(stderr(&refused).contains(word), "{}", stderr(&refused));
    }
}

/// Spheres: next to nothing leaves a large one; a small one keeps what the reduction factor says of the kernel.
#[test]
fn spheres_are_the_kernel_within_them() {
    let inputs = Inputs::new();
    let output = inputs.run(&[
        "kernel",
        "--source",
        "electron:0.1MeV",
        "--sphere",
        "1mg,1g,1kg",
        "--histories",
        "2e4",
        "--kernel-cache",
        "none",
    ]);
    succeed(&output);
    let text = String::from_utf8(output.stdout).unwrap();
    let rows: Vec<Vec<f64>> = text
        .lines()
        .filter(|l| !l.starts_with('#'))
        .skip(1)
        .map(|l| l.split(',').map(|x| x.parse().unwrap()).collect())
        .collect();
    let fractions: Vec<f64> = rows.iter().map(|r| r[4]).collect();
    assert!(fractions[0] < fractions[1] && fractions[1] < fractions[2], "{fractions:?}");
    // 0.14 mm of range in a sphere of 61 mm.
    assert!((0.996..=1.0).contains(&fractions[2]), "{fractions:?}");
    for row in &rows {
        let s = row[4] * 0.1 * GY / row[0] * 1e9;
        assert!((row[2] / s - 1.0).abs() < 1e-5, "{row:?}");
    }
}

/// S values: of a box in a box, energy over mass; the sum over all targets is what is emitted; TIACs make doses of them.
#[test]
fn s_values_share_out_what_is_emitted() {
    let inputs = scene(|_| SOFT);
    std::fs::write(inputs.path("names.csv"), "label,name\n1,core\n2,slab\n").unwrap();
    std::fs::write(inputs.path("tiac.csv"), "region,tiac_h,mass_g\ncore,2,\nslab,1,100\n").unwrap();
    let base = [
        "s-values",
        "--density",
        "density.mha",
        "--materials",
        "labels.mha",
        "--material-names",
        "soft_tissue",
        "--voi",
        "voi.mha",
        "--voi-names",
        "names.csv",
        "--nuclide",
        "Lu-177",
        "--histories",
        "4e4",
        "--engine",
        "cpu",
        "--tiac",
        "tiac.csv",
    ];
    succeed(&inputs.run(&[&base[..], &["-o", "s"]].concat()));
    let said = json(&inputs.path("s/summary.json"));
    let s = &said["s_values"];
    let regions = s["regions"].as_array().unwrap();
    let names: Vec<&str> = regions.iter().map(|r| r["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["core", "slab", "rest"]);
    let mass = |n: usize| regions[n]["mass_g"].as_f64().unwrap();
    assert!((mass(0) - 125.0 * 0.036 * f64::from(SOFT)).abs() < 1e-3);
    let of = |kind: usize, source: usize, target: usize, what: &str| {
        s["kinds"][kind]["values"][source][target][what].as_f64().unwrap_or(f64::NAN)
    };
    for (kind, name) in [(0, "photon"), (1, "electron")] {
        assert_eq!(s["kinds"][kind]["kind"].as_str(), Some(name));
        let emitted = s["kinds"][kind]["emitted_mev"].as_f64().unwrap();
        for source in 0..3 {
            let fractions: f64 = (0..3).map(|t| of(kind, source, t, "absorbed_fraction")).sum();
            assert!(fractions <= 1.0 + 1e-6, "{fractions}");
            // Electrons leave the box from its skin only.
            assert!(kind == 0 || source > 0 || fractions > 0.999, "{fractions}");
            for target in 0..3 {
                let expected = of(kind, source, target, "absorbed_fraction") * emitted * GY
                    / mass(target)
                    * 1e9;
                assert!(
                    (of(kind, source, target, "value") / expected - 1.0).abs() < 1e-9
                        || expected == 0.0
                );
            }
        }
    }
    // Reciprocity of photons in one medium: S(core <- slab) = S(slab <- core) within their errors.
    let (a, b) = (of(0, 0, 1, "value"), of(0, 1, 0, "value"));
    let error =
        (of(0, 0, 1, "standard_error").powi(2) + of(0, 1, 0, "standard_error").powi(2)).sqrt();
    assert!((a - b).abs() < 4.0 * error, "{a} {b} +- {error}");
    let doses = said["organ_doses"].as_array().unwrap();
    let tiac = [2.0 * 3600.0, 3600.0, 0.0];
    for (target, dose) in doses.iter().enumerate() {
        let mut expected = 0.0;
        for (source, tiac) in tiac.iter().enumerate() {
            let own = source == target && target == 1;
            let relative: f64 = mass(1) / 100.0;
            for kind in 0..2 {
                let scale =
                    if own { relative.powf(if kind == 0 { 2.0 / 3.0 } else { 1.0 }) } else { 1.0 };
                expected += tiac * of(kind, source, target, "value") * scale;
            }
        }
        let found = dose["dose"].as_f64().unwrap();
        assert!((found / expected - 1.0).abs() < 1e-9, "{target}: {found} {expected}");
    }
    // Factors weight each kind of emission, alphas stand apart; one that is left out is asked for.
    let factors = ["--rbe", "electron=2,photon=3", "-o", "weighted"];
    succeed(&inputs.run(&[&base[..], &factors].concat()));
    let weighted = json(&inputs.path("weighted/summary.json"));
    for (target, dose) in weighted["organ_doses"].as_array().unwrap().iter().enumerate() {
        let mut expected = 0.0;
        for (source, tiac) in tiac.iter().enumerate().filter(|(s, _)| *s != 1 || target != 1) {
            let part = |kind: usize| tiac * of(kind, source, target, "value");
            expected += 3.0 * part(0) + 2.0 * part(1);
        }
        let found = dose["weighted"].as_f64().unwrap();
        // Of the slab, whose mass scales what it gives itself, its own part is left out above.
        match target {
            1 => assert!(found > expected, "{found} {expected}"),
            _ => assert!((found / expected - 1.0).abs() < 1e-9, "{target}: {found} {expected}"),
        }
        assert_eq!(dose["alpha"].as_f64(), Some(0.0));
    }
    let asked = inputs.run(&[&base[..], &["--rbe", "electron=2", "-o", "asked"]].concat());
    assert!(stderr(&asked).contains("no factor for photon"), "{}", stderr(&asked));
    let at = base.iter().position(|w| *w == "Lu-177").unwrap();
    let mut radium = base;
    radium[at] = "Ra-223";
    let factors = ["--rbe", "electron=1,photon=1,alpha=5", "-o", "ra"];
    let alphas = inputs.run(&[&radium[..], &factors].concat());
    succeed(&alphas);
    // Photons of Ra-223's chain hit a small core seldom: they hide the error of the alphas' dose no more.
    let said = json(&inputs.path("ra/summary.json"));
    assert!(said["organ_doses"][0]["standard_error"].as_f64() > Some(0.0), "{said}");
    for dose in said["organ_doses"].as_array().unwrap() {
        let of = |key: &str| dose[key].as_f64().unwrap();
        let expected = of("dose") + 4.0 * of("alpha");
        assert!((of("weighted") / expected - 1.0).abs() < 1e-9 && of("alpha") >= 0.0, "{dose}");
    }
    // A table without a unit, an unknown region: refused before anything is run.
    for (table, word) in [("region,tiac\ncore,2\n", "unit"), ("region,tiac_h\nliver,2\n", "liver")]
    {
        std::fs::write(inputs.path("tiac.csv"), table).unwrap();
        let refused = inputs.run(&[&base[..], &["-o", "bad"]].concat());
        assert_eq!(refused.status.code(), Some(3), "{}", stderr(&refused));
        assert!(stderr(&refused).contains(word), "{}", stderr(&refused));
        assert!(!inputs.path("bad").exists());
    }
}

/// Two seeds of Monte Carlo do not differ; local deposition does, and where.
#[test]
fn comparison_tells_noise_from_a_difference() {
    let inputs = scene(|v| if v[0] < 10 { SOFT } else { 0.26 });
    for seed in ["1", "2"] {
        let out = format!("mc{seed}");
        dose(
            &inputs,
            &["--source", "electron:0.935MeV", "--histories", "4e5", "--seed", seed, "-o", &out],
        );
    }
    dose(&inputs, &["--source", "electron:0.935MeV", "--method", "ldm", "-o", "ldm"]);
    let compare = [
        "compare-methods",
        "--reference",
        "mc1",
        "--candidate",
        "seed=mc2",
        "--candidate",
        "LDM=ldm",
        "--voi",
        "voi.mha",
        "-o",
        "cmp",
        "--gamma",
        "1%/1mm,2%/2mm/local",
    ];
    let output = inputs.run(&compare);
    succeed(&output);
    let found = json(&inputs.path("cmp/comparison.json"));
    let of = |candidate: usize, voxels: &str| {
        let rows = found["candidates"][candidate]["rows"].as_array().unwrap();
        let row =
            rows.iter().find(|r| r["voxels"] == voxels && r["threshold"].as_f64() == Some(0.1));
        row.unwrap_or_else(|| panic!("{voxels}"))["difference"].clone()
    };
    let number = |row: &serde_json::Value, key: &str| row[key].as_f64().unwrap();
    let same = of(0, "all");
    let n = number(&same, "voxels");
    assert!(n > 100.0, "{n}");
    // z of independent voxels: mean 0 +- 1/sqrt(n), spread 1 +- 1/sqrt(2 n); standard errors of 50 batches spread by 10 %.
    assert!(number(&same, "z_mean").abs() < 5.0 / n.sqrt(), "{same}");
    assert!((number(&same, "z_spread") - 1.0).abs() < 5.0 / (2.0 * n).sqrt() + 0.02, "{same}");
    let noise = number(&same, "mare_of_noise");
    // The mean size of a normal deviate is known to 0.75/sqrt(n), twice.
    assert!((number(&same, "mare") / noise - 1.0).abs() < 5.0 * 1.07 / n.sqrt(), "{same}");
    let gamma = &found["candidates"][0]["gamma"][0];
    let (passes, of_noise) = (number(gamma, "passes"), number(gamma, "passes_of_noise"));
    assert!((passes - of_noise).abs() < 5.0 * (0.5 / n).sqrt(), "{gamma}");
    // Local deposition: known to be wrong at the edges of what emits, and said so.
    let local = of(1, "all");
    assert!(number(&local, "mare") > 5.0 * number(&local, "mare_of_noise"), "{local}");
    assert!(
        of(1, "lung")["voxels"].as_u64() > Some(10) && of(1, "soft")["voxels"].as_u64() > Some(10)
    );
    let difference = map(&inputs, "cmp/difference_LDM.nii.gz");
    let (mc, ldm) = (map(&inputs, "mc1/dose_rate.nii.gz"), map(&inputs, "ldm/dose_rate.nii.gz"));
    let largest = mc.iter().copied().fold(0.0, f64::max);
    assert!((0..mc.len()).all(|v| (difference[v] - (ldm[v] - mc[v])).abs() < 1e-5 * largest));
    let page = std::fs::read_to_string(inputs.path("cmp/comparison.html")).unwrap();
    assert!(
        page.contains("LDM") && page.contains("<svg") && !page.contains("http://www.w3.org/1999")
    );
    let vois = std::fs::read_to_string(inputs.path("cmp/vois.csv")).unwrap();
    assert!(vois.lines().count() > 8, "{vois}");
    // One command runs all methods of a job.
    let one = ["compare-methods", "--methods", "mc,ldm,vsv+density=none", "-o", "all", "-q", "--"];
    let job = [&DOSE[1..], &["--source", "electron:0.5MeV", "--histories", "2e4"], &[]].concat();
    succeed(&inputs.run(&[&one[..], &job].concat()));
    let all = json(&inputs.path("all/comparison.json"));
    let names: Vec<&str> =
        all["candidates"].as_array().unwrap().iter().map(|c| c["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["ldm", "vsv_density_none"]);
}

#[test]
fn options_that_a_method_has_no_use_for_are_refused() {
    let inputs = scene(|_| SOFT);
    let lu = ["--nuclide", "Lu-177", "-o", "x"];
    for (more, word) in [
        (&["--density-scaling", "none"][..], "--density-scaling"),
        (&["--method", "vsv", "--histories", "1000"], "--histories"),
        (&["--method", "vsv", "--ldm-photons", "local"], "--ldm-photons"),
        (&["--method", "ldm", "--kernel-histories", "10000"], "--kernel-histories"),
        (&["--method", "vsv", "--shard", "1/2"], "--shard"),
        (&["--method", "vsv", "--target-uncertainty", "1%"], "--target-uncertainty"),
        (&["--method", "semi-mc", "--electron-cutoff", "20keV"], "--electron-cutoff"),
    ] {
        let refused = inputs.run(&[&DOSE[..], &lu[..], more].concat());
        assert_eq!(refused.status.code(), Some(2), "{more:?}: {}", stderr(&refused));
        assert!(stderr(&refused).contains(word), "{more:?}: {}", stderr(&refused));
        assert!(!inputs.path("x").exists());
    }
}
