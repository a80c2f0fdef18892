//! The main job on real images.

#[path = "support/shared.rs"]
mod shared;

use std::process::Command;

use voxgray::image::Volume;
use voxgray::io::{read_image, write_metaimage};

fn image(name: &str) -> String {
    shared::image(name).display().to_string()
}

/// Runs the job and returns its summary.
fn dose(arguments: &[&str]) -> serde_json::Value {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("out");
    let mut command = Command::new(env!("CARGO_BIN_EXE_voxgray"));
    let output = command.arg("dose").args(arguments).arg("-o").arg(&out).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&std::fs::read(out.join("summary.json")).unwrap()).unwrap()
}

fn number(value: &serde_json::Value) -> f64 {
    value.as_f64().unwrap_or(f64::NAN)
}

/// Energy that decays leave in an organ by themselves bounds its dose from below, all their energy from above.
#[test]
#[cfg_attr(not(shared_images), ignore = "needs ../shared/images")]
fn patient_with_three_nuclides() {
    let names = [
        "phantom_lu177_patient15/patient15_ct_hu.mha",
        "synthetic_lu177_4tp/spect_004h_bqml.nii.gz",
        "phantom_lu177_patient15/patient15_organs.nii.gz",
        "phantom_lu177_patient15/patient15_labels.csv",
    ];
    let paths: Vec<String> = names.into_iter().map(image).collect();
    let [ct, spect, organs, labels] = paths.as_slice() else { panic!("four paths") };
    // Mean energy per decay of electrons and of everything, MeV (ICRP 107).
    // ICRU 44 has a third of Schneider's tissues: a third of the time to set up.
    for (nuclide, curve, electrons, all) in [
        ("Lu-177", "schneider", 0.1479, 0.1830),
        ("Y-90", "icru44", 0.9331, 0.9331),
        ("I-131", "icru44", 0.1920, 0.5740),
    ] {
        let summary = dose(&[
            "--ct",
            ct,
            "--activity",
            spect,
            "--nuclide",
            nuclide,
            "--hu-curve",
            curve,
            "--voi",
            organs,
            "--voi-names",
            labels,
            "--histories",
            "40000",
            "--batches",
            "20",
        ]);
        assert!(number(&summary["ledger"]["imbalance"]).abs() < 1e-6);
        assert_eq!(number(&summary["setup"]["activity"]["outside"]), 0.0);
        let liver = &summary["vois"][0];
        assert_eq!(liver["name"], "liver");
        let per_mev = number(&liver["activity"]) * 1.602_176_634e-10 / number(&liver["mass_g"]);
        let (mean, error) = (number(&liver["mean_dose"]), number(&liver["standard_error"]));
        // Y-90 electrons leave the liver's border (1 cm range in a litre), and its neighbours' enter.
        let low = if nuclide == "Y-90" { 0.93 } else { 1.0 } * electrons * per_mev;
        assert!(mean > low - 4.0 * error, "{nuclide}: {mean} +- {error}, below {low}");
        assert!(mean < all * per_mev * 1.1 + 4.0 * error, "{nuclide}: {mean} +- {error}");
        assert!(error < 0.1 * mean);
    }
}

/// The CT is a crop: most of the PET is outside of it, refused at first, then counted.
#[test]
#[cfg_attr(not(shared_images), ignore = "needs ../shared/images")]
fn pet_beyond_its_ct() {
    let (ct, pet) = (image("petct_sts001/STS_001/CT_cropped"), image("petct_sts001/STS_001/PET"));
    let job = ["--ct", &ct, "--activity", &pet, "--nuclide", "F-18", "--histories", "20000"];
    let folder = tempfile::tempdir().unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_voxgray"));
    let refused =
        command.arg("dose").args(job).arg("-o").arg(folder.path().join("no")).output().unwrap();
    assert_eq!(refused.status.code(), Some(3));
    assert!(String::from_utf8_lossy(&refused.stderr).contains("--allow-outside"));

    let summary = dose(&[&job[..], &["--allow-outside"]].concat());
    let activity = &summary["setup"]["activity"];
    // Sum of the PET as stored: 193.196 MBq.
    assert!((number(&activity["image"]) / 193.196e6 - 1.0).abs() < 1e-4, "{activity}");
    let balance = number(&activity["outside"]) + number(&activity["on_grid"]);
    assert!((balance / number(&activity["image"]) - 1.0).abs() < 1e-6, "{activity}");
    assert!((0.8..0.95).contains(&number(&activity["outside_fraction"])), "{activity}");
    assert!(number(&summary["ledger"]["imbalance"]).abs() < 1e-6);
    assert!(number(&summary["dose"]["mean_dose"]) > 0.0);
}

/// A thorax on the CT's own grid with a made activity map: 10 kBq/mL in all that is denser than fat.
#[test]
#[cfg_attr(not(shared_images), ignore = "needs ../shared/images")]
fn thorax_on_its_own_grid() {
    let ct = image("ct_thorax_cptac/C3N-00249_CT_3mm_derived.mha");
    let (hu, _) = read_image(ct.as_ref(), None).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let activity: Volume<f32> = hu.map(|&h| if h > -150.0 { 1e4 } else { 0.0 });
    let path = folder.path().join("activity.mha");
    write_metaimage(&path, &activity).unwrap();
    let path = path.display().to_string();
    let job = [
        "--ct",
        &ct,
        "--activity",
        &path,
        "--nuclide",
        "Lu-177",
        "--grid",
        "ct",
        "--histories",
        "20000",
    ];
    let summary = dose(&[&job[..], &["--batches", "10"]].concat());
    assert_eq!(summary["setup"]["dose_grid"]["dims"], serde_json::json!(hu.grid.dims));
    assert_eq!(summary["setup"]["matter"]["method"], "as_is");
    let total = activity.data.iter().map(|&a| f64::from(a)).sum::<f64>()
        * hu.grid.voxel_volume_mm3()
        * 1e-3;
    assert!((number(&summary["setup"]["decays"]) / total - 1.0).abs() < 1e-6);
    let imparted = number(&summary["dose"]["imparted_mev_per_decay"]);
    // Electrons stay (0.148 MeV), of the photons' 0.035 MeV a part leaves.
    assert!((0.145..0.183).contains(&imparted), "{imparted}");
    assert!(number(&summary["ledger"]["imbalance"]).abs() < 1e-6);
}
