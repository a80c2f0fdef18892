//! Training pairs of a cohort through the program.

#[expect(dead_code, reason = "shared with cli_dose.rs, which uses the rest")]
mod cli_inputs;

use cli_inputs::{Inputs, stderr, succeed};
use sha2::{Digest, Sha256};
use voxgray::image::{Grid, Volume};
use voxgray::io::{read_nifti, write_nifti};

const COMMON: [&str; 10] = [
    "--nuclide",
    "Lu-177",
    "--histories",
    "2e4",
    "--engine",
    "cpu",
    "--kernel-cache",
    "kernels",
    "--kernel-histories",
    "1e4",
];

/// Two patients: CTs of 2 mm with a bone, activity on 4 mm.
fn cohort() -> Inputs {
    let inputs = Inputs::new();
    let fine = Grid::aligned([20; 3], [0.0; 3], [2.0; 3]);
    let coarse = Grid::aligned([10; 3], [1.0; 3], [4.0; 3]);
    for (name, bone) in [("a", 500.0), ("b", 900.0), ("c", 700.0)] {
        let hu = |v: usize| match fine.unlinear(v) {
            [0..3, _, _] => -1000.0,
            [x, y, _] if x == 9 && y == 9 => bone,
            [x, y, z] => (x + y + z) as f32,
        };
        let ct = Volume::new(fine.clone(), (0..fine.len()).map(hu).collect()).unwrap();
        write_nifti(&inputs.path(&format!("ct_{name}.nii.gz")), &ct).unwrap();
        let hot = |v: usize| {
            if coarse.unlinear(v).iter().all(|i| (3..7).contains(i)) { 2e4 } else { 0.0 }
        };
        let activity = Volume::new(coarse.clone(), (0..coarse.len()).map(hot).collect()).unwrap();
        write_nifti(&inputs.path(&format!("spect_{name}.nii.gz")), &activity).unwrap();
    }
    table(&inputs, &["a", "b"]);
    inputs
}

fn table(inputs: &Inputs, names: &[&str]) {
    let rows = names.iter().map(|n| format!("P-{n},ct_{n}.nii.gz,spect_{n}.nii.gz\n"));
    let text = "patient,ct,activity\n".to_string() + &rows.collect::<String>();
    std::fs::write(inputs.path("cohort.csv"), text).unwrap();
}

fn run(inputs: &Inputs, more: &[&str]) -> std::process::Output {
    inputs.run(
        &[
            &["pairs", "cohort.csv", "-o", "pairs", "--methods", "ldm,vsv"],
            more,
            &["--"],
            &COMMON[..],
        ]
        .concat(),
    )
}

fn list(inputs: &Inputs) -> Vec<Vec<String>> {
    let text = std::fs::read_to_string(inputs.path("pairs/pairs.csv")).unwrap();
    let rows = text.lines().map(|l| l.split(',').map(String::from).collect());
    rows.collect()
}

#[test]
fn a_cohort_gives_pairs_and_grows_without_change() {
    let inputs = cohort();
    succeed(&run(&inputs, &[]));
    let rows = list(&inputs);
    assert_eq!(rows[0], ["patient", "part", "what", "file", "sha256"]);
    // Four runs with three maps each, activity and CT, for each patient.
    assert_eq!(rows.len(), 1 + 2 * (4 * 3 + 2));
    for row in &rows[1..] {
        let bytes = std::fs::read(inputs.path(&format!("pairs/{}", row[3]))).unwrap();
        assert_eq!(format!("{:x}", Sha256::digest(&bytes)), row[4], "{row:?}");
    }
    let map = |file: &str| read_nifti(&inputs.path(&format!("pairs/{file}")), None).unwrap().0;
    let (first, second) =
        (map("P-a/mc/dose_rate.nii.gz"), map("P-a/mc_replicate/dose_rate.nii.gz"));
    let error = map("P-a/mc/dose_rate_standard_error.nii.gz");
    let hot: Vec<usize> = (0..first.data.len())
        .filter(|v| first.data[*v] > 0.3 * first.data.iter().copied().fold(0.0, f32::max))
        .collect();
    let z = hot.iter().map(|v| f64::from((first.data[*v] - second.data[*v]) / error.data[*v]));
    let spread = (z.map(|z| z * z).sum::<f64>() / hot.len() as f64).sqrt();
    // Independent and of one size: sqrt(2), to 5 standard deviations of 64 voxels with errors of 50 batches.
    assert!((0.85..2.0).contains(&spread), "{spread} of {}", hot.len());
    // Activity in Bq, all of it: 64 voxels of 0.064 mL.
    let bq: f64 = map("P-a/activity.nii.gz").data.iter().map(|v| f64::from(*v)).sum();
    assert!((bq / (64.0 * 0.064 * 2e4) - 1.0).abs() < 1e-5, "{bq}");
    // A dose voxel is the mean of its eight of the CT.
    let ct = map("P-b/ct.nii.gz");
    let mean = |lo: [usize; 3]| {
        let all = (0..8).map(|n| [lo[0] + n % 2, lo[1] + n / 2 % 2, lo[2] + n / 4]);
        let hu = all.map(|v| {
            if v[0] == 9 && v[1] == 9 {
                900.0
            } else if v[0] < 3 {
                -1000.0
            } else {
                (v[0] + v[1] + v[2]) as f32
            }
        });
        hu.sum::<f32>() / 8.0
    };
    for at in [[4, 4, 3], [6, 2, 8], [0, 5, 5]] {
        let found = ct.data[ct.grid.linear(at)];
        assert!((found - mean(at.map(|i| 2 * i))).abs() < 0.01, "{at:?} {found}");
    }
    // Without --resume nothing is run over what is there; with it the others stay and the new one comes.
    assert!(!run(&inputs, &[]).status.success());
    table(&inputs, &["a", "b", "c"]);
    succeed(&run(&inputs, &["--resume"]));
    let more = list(&inputs);
    assert_eq!(more[..rows.len()], rows[..]);
    assert_eq!(more.len(), 1 + 3 * (4 * 3 + 2));
}

#[test]
fn a_table_that_cannot_be_run_is_refused_before_anything_is() {
    let inputs = cohort();
    for (text, word) in [
        ("ct,activity\na,b\n", "no column 'patient'"),
        ("patient,ct,spect\nx,a,b\n", "no option for the column 'spect'"),
        ("patient,ct,out\nx,a,b\n", "no option for the column 'out'"),
        ("patient,ct,activity\n../x,a,b\n", "the patient '../x'"),
        ("patient,ct,activity\nx,a,b\nx,a,b\n", "there twice"),
        ("patient,ct,activity,frame\nx,a,b,first\n", "options of patient x"),
    ] {
        std::fs::write(inputs.path("cohort.csv"), text).unwrap();
        let refused = run(&inputs, &[]);
        assert!(!refused.status.success());
        assert!(stderr(&refused).contains(word), "{word}: {}", stderr(&refused));
        assert!(!inputs.path("pairs").exists());
    }
}
