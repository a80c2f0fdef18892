//! Scoring in parts of voxels: parts add up to their voxel, agree with a grid that is as fine, and come through the program, also in shards.

mod cli_inputs;
#[path = "support/plans.rs"]
mod plans;

use std::sync::atomic::AtomicBool;

use cli_inputs::{Inputs, json, stderr, succeed};
use voxgray::image::{Grid, Volume};
use voxgray::io::read_nifti;
use voxgray::physics::tissues::named_material;
use voxgray::transport::build::{PlanInput, build_plan};
use voxgray::transport::plan::Plan;
use voxgray::transport::run::{RunSettings, Silent, run};
use voxgray::transport::settings::{PhotonEstimator, Settings};
use voxgray::transport::sub_voxels::SubVoxels;
use voxgray::transport::tally::{Origin, Tally, Told};

fn on_cpu(plan: &Plan, histories: u64, batches: u32) -> Tally {
    let settings = RunSettings { threads: 2, ..RunSettings::with_histories(histories, batches) };
    run(plan, &settings, &[], 0, &Silent, &AtomicBool::new(false)).expect("a run").tally
}

/// Whatever deposits: electrons along their way and at their end, alphas, photons by collisions and by expected values. Each deposit is
/// rounded to a unit of 0.015 eV in the voxel and in each part.
#[test]
fn parts_add_up_to_their_voxel() {
    for (source, photons) in [
        ("I-131", PhotonEstimator::Analog),
        ("I-131", PhotonEstimator::Kerma),
        ("electron:2MeV", PhotonEstimator::Analog),
        ("positron:0.6MeV", PhotonEstimator::Analog),
        ("Ac-225", PhotonEstimator::Analog),
        ("photon:3MeV", PhotonEstimator::Analog),
    ] {
        let plan = plans::fine_plan(source, photons);
        let mut whole = on_cpu(&plan, 20_000, 2);
        assert!(whole.ledger.imbalance().abs() < 1e-6, "{source}");
        let parts = whole.take_parts(plan.voxels.len(), 0).expect("parts");
        assert_eq!((whole.voxels, parts.voxels), (plan.voxels.len(), plans::FINE.cells()));
        let mut hit = 0;
        for origin in Origin::ALL.into_iter().filter(|o| plan.origins[*o as usize]) {
            let of_parts = parts.of_origin(origin).expect("scored");
            let of_voxels = whole.of_origin(origin).expect("scored");
            let mut sums = vec![0_u64; plan.voxels.len()];
            for (cell, units) in of_parts.iter().enumerate() {
                sums[plans::FINE.voxel_of(cell, &plan.grid)] += units;
            }
            for (voxel, sum) in sums.into_iter().enumerate().filter(|(_, s)| *s > 0) {
                let own = of_voxels[voxel];
                let off = own.abs_diff(sum) as f64;
                assert!(off < 1e-5 * own as f64 + 1e4, "{source}: voxel {voxel}: {own}, {sum}");
                hit += 1;
            }
        }
        assert!(hit > 60, "{source}: {hit}");
    }
}

const SLABS: [usize; 3] = [6, 6, 12];

/// Water, lung, bone and water in layers along z, four to a voxel of the coarse grid; activity in a part of it.
fn slabs(parts: usize, voxel_mm: f64, decay: &str, settings: &Settings) -> Plan {
    let edge = voxel_mm / parts as f64;
    let dims = SLABS.map(|n| n * parts);
    let corner = 0.5 * edge;
    let grid = Grid::aligned(dims, [corner; 3], [edge; 3]);
    let materials: Vec<_> = ["water", "lung", "cortical_bone"]
        .map(|m| named_material(m).expect("built in").material.clone())
        .to_vec();
    let of = |v: usize| {
        let [i, _, k] = grid.unlinear(v).map(|n| n / parts);
        let (density, material) = match k {
            4..6 => (0.26_f32, 1_u8),
            6..8 => (1.92, 2),
            _ => (1.0, 0),
        };
        (density, material, if i < 3 && (3..9).contains(&k) { 1.0 } else { 0.0 })
    };
    let cells: Vec<_> = (0..grid.len()).map(of).collect();
    build_plan(&PlanInput {
        grid: &grid,
        density: &cells.iter().map(|c| c.0).collect::<Vec<_>>(),
        material: &cells.iter().map(|c| c.1).collect::<Vec<_>>(),
        materials: &materials,
        activity: &cells.iter().map(|c| c.2).collect::<Vec<_>>(),
        decay: &plans::decay(decay),
        settings,
        radial: None,
    })
    .expect("a valid plan")
}

/// The same scene on a grid that is four times as fine everywhere gives the same energies in the cells of the box, within the errors of both:
/// their mean difference is none, and their spread that of the errors.
#[test]
fn parts_agree_with_a_finer_grid() {
    const PARTS: u32 = 4;
    let fine = SubVoxels { first: [1, 1, 3], voxels: [4, 4, 6], parts: PARTS };
    // The range of the alphas is 2 parts of water, 7 of lung and 1 of bone: they end in voxels that they do not leave, and beyond them.
    let sources = [
        ("electron:0.8MeV", 4.0, 400_000),
        ("Lu-177", 4.0, 1_000_000),
        ("alpha:6MeV", 0.1, 400_000),
    ];
    for (source, voxel_mm, histories) in sources {
        let coarse =
            slabs(1, voxel_mm, source, &Settings { fine: Some(fine), ..Settings::default() });
        let mut whole = on_cpu(&coarse, histories, 40);
        let parts = whole.take_parts(coarse.voxels.len(), 0).expect("parts");
        let own =
            slabs(PARTS as usize, voxel_mm, source, &Settings { seed: 7, ..Settings::default() });
        let own_tally = on_cpu(&own, histories, 40);
        let (mut n, mut sum, mut squares) = (0.0, 0.0, 0.0);
        let dims = fine.dims();
        for cell in 0..fine.cells() {
            let at = [cell % dims[0], cell / dims[0] % dims[1], cell / (dims[0] * dims[1])];
            let voxel = own.grid.linear([0, 1, 2].map(|k| at[k] + fine.first[k] * PARTS as usize));
            if parts.told(cell) != Told::Yes || own_tally.told(voxel) != Told::Yes {
                continue;
            }
            let errors = [parts.standard_error_mev(cell), own_tally.standard_error_mev(voxel)];
            let means = [parts.mean_mev(cell), own_tally.mean_mev(voxel)];
            // Where batches have few hits, they are far from normal.
            if errors[0] > 0.12 * means[0] || errors[1] > 0.12 * means[1] {
                continue;
            }
            let z = (means[0] - means[1]) / errors[0].hypot(errors[1]);
            (n, sum, squares) = (n + 1.0, sum + z, squares + z * z);
        }
        let (mean, variance) = (sum / n, squares / n - (sum / n).powi(2));
        println!("{source}: {n} cells, mean z {mean:.3}, variance {variance:.3}");
        // Neighbouring cells share tracks: half of them count as independent.
        assert!(n > 1000.0, "{source}: {n} cells");
        assert!(mean.abs() < 4.0 / (0.5_f64 * n).sqrt(), "{source}: mean z {mean}");
        assert!((variance - 1.0).abs() < 4.0 * (4.0_f64 / n).sqrt() + 0.05, "{source}: {variance}");
    }
}

fn scene() -> Inputs {
    let inputs = Inputs::new();
    let grid = Grid::aligned([8, 7, 6], [-5.0, 3.0, 10.0], [3.0; 3]);
    let volume = |of: &dyn Fn([usize; 3]) -> f32| {
        Volume::new(grid.clone(), (0..grid.len()).map(|v| of(grid.unlinear(v))).collect()).unwrap()
    };
    let in_voi = |v: [usize; 3]| (2..5).contains(&v[0]) && (3..5).contains(&v[1]) && v[2] == 2;
    inputs.write("density.mha", &volume(&|v| if v[2] < 3 { 1.0 } else { 0.3 }));
    inputs.write("labels.mha", &volume(&|_| 0.0));
    inputs.write("activity.mha", &volume(&|_| 1e6));
    inputs.write("voi.mha", &volume(&|v| f32::from(u8::from(in_voi(v)))));
    std::fs::write(inputs.path("names.csv"), "label,name\n1,lesion\n").unwrap();
    inputs
}

fn dose(inputs: &Inputs, more: &[&str]) -> std::process::Output {
    let all = [
        &["dose", "--density", "density.mha", "--materials", "labels.mha", "--material-names"][..],
        &["water", "--activity", "activity.mha", "--activity-unit", "Bq", "--nuclide", "Lu-177"],
        &["--voi", "voi.mha", "--voi-names", "names.csv", "--engine", "cpu"],
        more,
    ];
    inputs.run(&all.concat())
}

/// The mean of a voxel's parts is the voxel's dose; the grid of the parts lies where it says; shards give the same bytes.
#[test]
fn the_program_writes_the_box_of_a_voi() {
    let inputs = scene();
    let fine =
        ["--fine", "lesion", "--fine-parts", "3", "--fine-margin", "3mm", "--histories", "30000"];
    succeed(&dose(&inputs, &[&fine[..], &["-o", "out"]].concat()));
    let read =
        |name: &str| read_nifti(&inputs.path(&format!("out/{name}.nii.gz")), None).unwrap().0;
    let (map, parts) = (read("dose_rate"), read("dose_rate_fine"));
    assert_eq!(parts.grid.dims, [15, 12, 9]);
    assert!((parts.grid.origin_mm[0] - (-5.0 + 3.0 - 1.0)).abs() < 1e-4, "{:?}", parts.grid);
    let box_of = SubVoxels { first: [1, 2, 1], voxels: [5, 4, 3], parts: 3 };
    let mut means = vec![(0.0, 0); map.data.len()];
    for (cell, dose) in parts.data.iter().enumerate() {
        let mean = &mut means[box_of.voxel_of(cell, &map.grid)];
        *mean = (mean.0 + f64::from(*dose), mean.1 + 1);
    }
    for (v, (sum, n)) in means.iter().enumerate().filter(|(_, m)| m.1 > 0) {
        assert_eq!(*n, 27);
        let (mean, own) = (sum / 27.0, f64::from(map.data[v]));
        assert!((mean - own).abs() < 1e-4 * own, "{v}: {mean} {own}");
    }
    assert!(read("dose_rate_fine_standard_error").data.iter().any(|e| *e > 0.0));
    // Doses by distance from the face between the densities, which lies in the box: those of the cells, and less beside lung than inside.
    let table = std::fs::read_to_string(inputs.path("out/fine_places.csv")).unwrap();
    let rows: Vec<Vec<&str>> = table.lines().map(|l| l.split(',').collect()).collect();
    let kinds: Vec<&str> = rows[1..].iter().map(|r| r[0]).collect();
    assert_eq!(kinds, ["lung", "lung", "lung", "soft", "soft", "soft", "soft", "soft", "soft"]);
    for (row, layer) in rows[1..].iter().zip([6, 7, 8, 5, 4, 3, 2, 1, 0]) {
        let cells = layer * 180..(layer + 1) * 180;
        let mean = cells.map(|c| f64::from(parts.data[c])).sum::<f64>() / 180.0;
        let told: f64 = row[5].parse().unwrap();
        assert_eq!(row[3], "180");
        assert!((told - mean).abs() < 1e-4 * mean, "{row:?}: {mean}");
        assert!(row[6].parse::<f64>().unwrap() > 0.0, "{row:?}");
    }
    let summary = json(&inputs.path("out/summary.json"));
    assert_eq!(summary["setup"]["fine"]["cells"], serde_json::json!([15, 12, 9]));
    let imparted = summary["dose"]["imparted_mev_per_decay"].as_f64().unwrap();
    let emitted = summary["ledger"]["emitted_mev"].as_f64();
    assert!(imparted < 0.15 && emitted.is_none_or(|e| e > 0.0), "{imparted}: parts counted twice");

    for part in ["1/2", "2/2"] {
        let folder = format!("part{}", &part[..1]);
        succeed(&dose(&inputs, &[&fine[..], &["--shard", part, "-o", &folder]].concat()));
    }
    succeed(&inputs.run(&["merge", "merged", "part1", "part2"]));
    for name in
        ["dose_rate", "dose_rate_fine", "dose_rate_fine_standard_error", "vois", "fine_places"]
    {
        let suffix = if ["vois", "fine_places"].contains(&name) { "csv" } else { "nii.gz" };
        let bytes = |folder: &str| {
            std::fs::read(inputs.path(&format!("{folder}/{name}.{suffix}"))).unwrap()
        };
        assert!(bytes("out") == bytes("merged"), "{name}");
    }
}

#[test]
fn what_cannot_be_scored_finer_is_refused() {
    let inputs = scene();
    for (more, said) in [
        (&["--fine", "liver"][..], "--fine names 'liver'"),
        (&["--fine", "box=1,2,3"], "a box is six numbers"),
        (&["--fine", "box=900,900,900,910,910,910"], "no voxel of the dose grid lies in it"),
        (&["--fine", "lesion", "--fine-parts", "1"], "--fine-parts"),
        (&["--fine", "lesion", "--method", "vsv"], "--fine is given with --method vsv"),
        (&["--fine-parts", "3"], "--fine"),
    ] {
        let output = dose(&inputs, &[more, &["-o", "no"]].concat());
        assert!(!output.status.success(), "{more:?}");
        assert!(stderr(&output).contains(said), "{more:?}: {}", stderr(&output));
        assert!(!inputs.path("no").exists(), "{more:?}");
    }
}
