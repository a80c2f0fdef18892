//! Real files read, placed and summed as their authors say.

#[path = "support/shared.rs"]
mod shared;

use std::collections::BTreeMap;

use shared::image;
use voxgray::image::{
    ActivityUnit, VoiSet, Volume, read_label_names, resample_activity, resample_intensity,
};
use voxgray::io::{ImageFormat, ImageInfo, read_image};
use voxgray::sheet::Sheet;

fn read(name: &str) -> (Volume<f32>, ImageInfo) {
    read_image(&image(name), None).expect(name)
}

fn range(volume: &Volume<f32>) -> (f32, f32) {
    volume.data.iter().fold((f32::INFINITY, f32::NEG_INFINITY), |(a, b), &v| (a.min(v), b.max(v)))
}

fn near(a: [f64; 3], b: [f64; 3], tolerance: f64) {
    for c in 0..3 {
        assert!((a[c] - b[c]).abs() < tolerance, "{a:?} {b:?}");
    }
}

#[test]
#[cfg_attr(not(shared_images), ignore = "needs ../shared/images")]
fn patient15_is_the_same_place_and_values_in_both_formats() {
    let ((mha, mha_info), (nii, nii_info)) = (
        read("phantom_lu177_patient15/patient15_ct_hu.mha"),
        read("synthetic_lu177_4tp/ct_004h_hu.nii.gz"),
    );
    assert_eq!((mha_info.format, nii_info.format), (ImageFormat::MetaImage, ImageFormat::Nifti1));
    assert_eq!(mha.grid.dims, [108, 70, 90]);
    near(mha.grid.spacing_mm(), [3.9063, 3.9063, 4.4196], 1e-9);
    near(mha.grid.origin_mm, [-208.98705, -134.76735, -196.6722], 1e-9);
    // NIfTI keeps positions in single precision.
    assert!(nii.grid.same_geometry(&mha.grid, 1e-4), "{:?} {:?}", nii.grid, mha.grid);
    assert!(nii_info.notes.is_empty() && mha_info.notes.is_empty(), "{nii_info:?} {mha_info:?}");
    // The 4 h scan is the phantom unmoved, resampled by its makers and so rounded by up to 1 HU.
    // SimpleITK 2.5 finds the same 123,906 voxels that differ.
    let step = |(a, b): (&f32, &f32)| (a - b).abs();
    assert!(mha.data.iter().zip(&nii.data).map(step).fold(0.0, f32::max) <= 1.0);
    assert_eq!(mha.data.iter().zip(&nii.data).filter(|(a, b)| a != b).count(), 123_906);
}

#[test]
#[cfg_attr(not(shared_images), ignore = "needs ../shared/images")]
fn organ_volumes_and_activities_are_those_of_the_authors() {
    let ((labels, _), csv, (truth, _), (spect, _), table) = (
        read("phantom_lu177_patient15/patient15_organs.nii.gz"),
        image("phantom_lu177_patient15/patient15_labels.csv"),
        read("synthetic_lu177_4tp/true_004h_bqml.nii.gz"),
        read("synthetic_lu177_4tp/spect_004h_bqml.nii.gz"),
        image("synthetic_lu177_4tp/truth_time_activity.csv"),
    );
    let sheet = Sheet::read(&csv).expect("label names");
    let csv = std::fs::read_to_string(csv).expect("label names");
    let names = read_label_names(&sheet).expect("label names");
    let set = VoiSet::from_labels(&labels, &names).expect("labels");
    assert_eq!(set.vois.len(), 7);
    for line in csv.lines().skip(1) {
        let f: Vec<&str> = line.split(',').collect();
        let voi = set.find(f[1]).expect(f[1]);
        assert_eq!(voi.voxels.len(), f[3].parse::<usize>().expect("voxels"), "{line}");
        let ml: f64 = f[4].parse().expect("mL");
        assert!((set.volume_ml(voi) - ml).abs() < 0.006, "{line}: {}", set.volume_ml(voi));
    }
    // True and apparent activity in each organ at 4 h, MBq, printed to 1e-4.
    let ml = truth.grid.voxel_volume_mm3() / 1000.0;
    let mbq = |v: &Volume<f32>, voxels: &[u32]| {
        voxels.iter().map(|&n| f64::from(v.data[n as usize])).sum::<f64>() * ml * 1e-6
    };
    let mut checked = 0;
    let table = std::fs::read_to_string(table).expect("truth");
    for line in table.lines().filter(|l| l.starts_with("4.0,") && !l.contains("remainder")) {
        let f: Vec<&str> = line.split(',').collect();
        let voi = set.find(f[1]).expect(f[1]);
        for (volume, text) in [(&truth, f[2]), (&spect, f[3])] {
            let expected: f64 = text.parse().expect("MBq");
            let got = mbq(volume, &voi.voxels);
            assert!((got - expected).abs() < 1e-4 + 1e-6 * expected, "{line}: {got}");
            checked += 1;
        }
    }
    assert_eq!(checked, 14);
}

#[test]
#[cfg_attr(not(shared_images), ignore = "needs ../shared/images")]
fn totalsegmentator_files_share_their_grid() {
    let ((ct, info), (small, _), (labels, _)) = (
        read("ct_labels_totalsegmentator/example_ct.nii.gz"),
        read("ct_labels_totalsegmentator/example_ct_sm.nii.gz"),
        read("ct_labels_totalsegmentator/example_seg.nii.gz"),
    );
    assert_eq!((ct.grid.dims, range(&ct)), ([122, 101, 112], (-1207.0, 3382.0)));
    assert_eq!(small.grid.dims, [122, 101, 30]);
    assert!(small.grid.same_geometry(&labels.grid, 1e-6));
    // RAS with a positive diagonal is -3, -3, 3 mm in LPS.
    assert_eq!(ct.grid.axes_mm, [[-3.0, 0.0, 0.0], [0.0, -3.0, 0.0], [0.0, 0.0, 3.0]]);
    near(ct.grid.origin_mm, [177.9563, -11.3190, 94.3018], 1e-4);
    assert_eq!(info.notes.len(), 1, "no length unit: {:?}", info.notes);
    let set = VoiSet::from_labels(&labels, &BTreeMap::new()).expect("labels");
    assert_eq!(set.vois.len(), 41);
    // Patient axes: +L, +P, +S run along +i, +j, +k after reordering.
    let lps = ct.reoriented_to_lps();
    assert_eq!(lps.grid.axes_mm, [[3.0, 0.0, 0.0], [0.0, 3.0, 0.0], [0.0, 0.0, 3.0]]);
}

#[test]
#[cfg_attr(not(shared_images), ignore = "needs ../shared/images")]
fn the_3mm_thorax_reads_and_downsamples() {
    let (ct, info) = read("ct_thorax_cptac/C3N-00249_CT_3mm_derived.mha");
    assert_eq!(ct.grid.dims, [151, 151, 102]);
    near(ct.grid.spacing_mm(), [3.0; 3], 1e-12);
    let (low, high) = range(&ct);
    assert!(low >= -1024.0 && high <= 2855.0, "{low} {high}");
    assert_eq!(info.files.len(), 1);
    assert_eq!(info.files[0].sha256.len(), 64);
    let coarse = ct.grid.with_spacing([5.0; 3]).expect("spacing");
    let got = resample_intensity(&ct, &coarse, -1000.0).expect("resample");
    assert!(range(&got.volume).0 >= low && range(&got.volume).1 <= high);
}

#[test]
#[cfg_attr(not(shared_images), ignore = "needs ../shared/images")]
fn spect_activity_survives_the_way_to_other_grids() {
    let ((spect, _), (ct, _)) = (
        read("synthetic_lu177_4tp/spect_024h_bqml.nii.gz"),
        read("ct_thorax_cptac/C3N-00249_CT_3mm_derived.mha"),
    );
    // A finer cover loses nothing; another patient's grid loses what lies outside of it, and says
    // so.
    for target in [spect.grid.with_spacing([3.0; 3]).expect("spacing"), ct.grid.clone()] {
        let got = resample_activity(&spect, ActivityUnit::PerMl, &target).expect("resample");
        let per = got.volume.grid.voxel_volume_mm3() / 1000.0;
        let inside = got.volume.data.iter().map(|&v| f64::from(v)).sum::<f64>() * per;
        assert!((inside + got.lost - got.total).abs() < 1e-6 * got.total);
        println!("{:?}: total {:.4e} Bq, lost {:.4e} Bq", target.dims, got.total, got.lost);
        assert_eq!(got.lost.abs() < 1e-9 * got.total, target != ct.grid);
    }
}
