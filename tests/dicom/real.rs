//! Real DICOM series of the shared image folder: geometry, units, sums and facts that other programs agree on.

use crate::shared::image;
use voxgray::io::dicom::{ReadOptions, read_activity, read_ct, read_stored_pixels};

fn close(a: f64, b: f64, tolerance: f64) {
    assert!((a - b).abs() <= tolerance, "{a} is not {b} within {tolerance}");
}

/// The value and position of the hottest voxel of a slice, as pydicom 3.0.2 reads them from the slice's file:
/// its column, row, value and the slice's ImagePositionPatient z.
fn check_voxel(read: &voxgray::io::dicom::DicomVolume, index: [usize; 3], value: f32, z_mm: f64) {
    let grid = &read.volume.grid;
    let here = read.volume.data[grid.linear(index)];
    // Stored decimal slopes and f32 agree to a few units in the last place.
    assert!((here - value).abs() <= 4.0 * f32::EPSILON * value.abs(), "{here} is not {value}");
    close(grid.to_mm([0.0, 0.0, index[2] as f64])[2], z_mm, 0.05);
}

#[test]
#[cfg_attr(not(shared_images), ignore = "needs ../shared/images")]
fn thorax_ct_has_the_documented_grid_and_values() {
    let path = image("ct_thorax_cptac/C3N-00249_CT");
    let ct = read_ct(&[path], &ReadOptions::default()).expect("a good CT");
    let grid = &ct.volume.grid;
    assert_eq!(grid.dims, [512, 512, 102]);
    let spacing = grid.spacing_mm();
    close(spacing[0], 0.8828125, 1e-9);
    close(spacing[1], 0.8828125, 1e-9);
    close(spacing[2], 3.0, 1e-6);
    let low = ct.volume.data.iter().copied().fold(f32::INFINITY, f32::min);
    let high = ct.volume.data.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    assert_eq!((low, high), (-1024.0, 2855.0));
    assert_eq!(ct.facts.units, "HU");
    assert_eq!(ct.files.len(), 102);
    check_voxel(&ct, [265, 359, 34], 1097.0, -164.5);
    println!("{:?} {:?}", grid.origin_mm, ct.notes);
}

#[test]
#[cfg_attr(not(shared_images), ignore = "needs ../shared/images")]
fn feet_first_ct_keeps_its_padding_and_says_so() {
    let path = image("ct_abdomen_ffs_tcgaov/TCGA-09-2043_CT");
    let ct = read_ct(&[path], &ReadOptions::default()).expect("a good CT");
    assert_eq!(ct.volume.grid.dims, [512, 512, 6]);
    close(ct.volume.grid.spacing_mm()[2], 3.0, 1e-6);
    let low = ct.volume.data.iter().copied().fold(f32::INFINITY, f32::min);
    assert_eq!(low, -2048.0);
    check_voxel(&ct, [237, 319, 2], 1263.0, 1286.0);
    assert!(ct.notes.iter().any(|n| n.contains("below -1024 HU")), "{:?}", ct.notes);
    println!("{:?} {:?}", ct.volume.grid, ct.notes);
}

#[test]
#[cfg_attr(not(shared_images), ignore = "needs ../shared/images")]
fn whole_body_pet_has_the_documented_activity() {
    let path = image("petct_sts001/STS_001/PET");
    let pet = read_activity(&[path], &ReadOptions::default()).expect("a good PET");
    let grid = &pet.volume.grid;
    assert_eq!(grid.dims, [128, 128, 267]);
    let bq: f64 =
        pet.volume.data.iter().map(|v| f64::from(*v)).sum::<f64>() * grid.voxel_volume_mm3() * 1e-3;
    println!("{} MBq, step {} mm, {:?}", bq * 1e-6, grid.spacing_mm()[2], pet.notes);
    // The documented sum has six digits.
    close(bq * 1e-6, 193.196, 0.0005);
    // The slice shift is at most 0.04 mm, see the notes.
    check_voxel(&pet, [50, 68, 89], 17_621.504, -590.23);
    let facts = &pet.facts;
    assert_eq!(facts.decay_correction.as_deref(), Some("START"));
    assert_eq!(facts.half_life_s, Some(6588.0));
    close(facts.administered_bq.expect("stated"), 388.777472e6, 1.0);
    // A time of day alone: the file has no RadiopharmaceuticalStartDateTime.
    assert_eq!(facts.administration_time, None);
    assert_eq!(facts.administration_clock.map(|c| c.to_string()).as_deref(), Some("10:35:00"));
    assert_eq!(facts.nuclide.as_ref().map(|n| n.meaning.as_str()), Some("18F"));
    assert!(pet.notes.iter().any(|n| n.contains("slice steps run from")), "{:?}", pet.notes);
}

#[test]
#[cfg_attr(not(shared_images), ignore = "needs ../shared/images")]
fn cropped_ct_shares_the_frame_of_the_pet() {
    let path = image("petct_sts001/STS_001");
    let ct = read_ct(std::slice::from_ref(&path), &ReadOptions::default());
    let ct = ct.expect("one CT series among the others");
    assert_eq!(ct.volume.grid.dims[2], 59);
    let pet = read_activity(&[path], &ReadOptions::default()).expect("one PET series");
    assert_eq!(ct.facts.frame_of_reference_uid, pet.facts.frame_of_reference_uid);
    assert!(ct.notes.iter().any(|n| n.contains("series not read")), "{:?}", ct.notes);
    println!("{:?}", ct.notes);
}

#[test]
#[cfg_attr(not(shared_images), ignore = "needs ../shared/images")]
fn quantitative_spect_stored_as_pet() {
    let path = image("lu177_dotatate_spect/lu177_dotatate/SCAN_001/image");
    let spect = read_activity(&[path], &ReadOptions::default()).expect("a good SPECT");
    let grid = &spect.volume.grid;
    assert_eq!(grid.dims, [256, 256, 199]);
    let bq: f64 = spect.volume.data.iter().map(|v| f64::from(*v)).sum::<f64>()
        * grid.voxel_volume_mm3()
        * 1e-3;
    println!("{} MBq {:?}", bq * 1e-6, spect.notes);
    close(bq * 1e-6, 1350.554, 0.0005);
    check_voxel(&spect, [178, 125, 66], 591_700.0, 1285.83658);
    let facts = &spect.facts;
    assert_eq!(facts.decay_correction.as_deref(), Some("ADMIN"));
    assert_eq!(facts.half_life_s, Some(574_300.0));
    let scan = facts.acquisition_time.expect("stated");
    let on_the_day =
        facts.administration_clock.map(|clock| clock.latest_until(&scan).expect("local"));
    let given = facts.administration_time.or(on_the_day).expect("stated");
    // 3.741 h after administration, as documented.
    close(scan.seconds_since(&given).expect("one clock") / 3600.0, 3.741, 0.0005);
    // The factor that the correction needs is exp2(3.741 h / half-life) = 1.0164; the file says 1 all the same.
    assert_eq!(facts.decay_factors, Some([1.0, 1.0]));
}

#[test]
#[cfg_attr(not(shared_images), ignore = "needs ../shared/images")]
fn a_segmentation_beside_its_ct_is_skipped() {
    let path = image("seg/dcmqi_liver");
    let ct = read_ct(&[path], &ReadOptions::default()).expect("three slices");
    assert_eq!(ct.volume.grid.dims, [512, 512, 3]);
    assert!(ct.notes.iter().any(|n| n.contains("SEG object(s)")), "{:?}", ct.notes);
    println!("{:?} {:?}", ct.volume.grid, ct.notes);
}

#[test]
#[cfg_attr(not(shared_images), ignore = "needs ../shared/images")]
fn two_scans_in_one_folder_must_be_chosen_from() {
    let path = image("lu177_dotatate_spect/lu177_dotatate");
    let error = read_activity(&[path], &ReadOptions::default()).expect_err("two series");
    assert!(error.to_string().contains("--activity-series UID"), "{error}");
    assert!(error.to_string().contains("(199 objects)"), "{error}");
}

#[test]
#[cfg_attr(not(shared_images), ignore = "needs ../shared/images")]
fn nm_without_geometry_is_refused_with_the_reason() {
    let folder = image("nm");
    let refuse = |name: &str| {
        let error = read_activity(&[folder.join(name)], &ReadOptions::default());
        let error = error.expect_err(name).to_string();
        println!("{error}");
        error
    };
    let heart = refuse("NM-MONO2-16-13x-heart.dcm");
    for part in ["(0020,0032)", "(0020,0037)", "(0054,0022)", "--geometry"] {
        assert!(heart.contains(part), "{heart}");
    }
    for planar in ["NM1_planar_wholebody_UNC.dcm", "NM1_planar_wholebody_JPEGlossless.dcm"] {
        assert!(refuse(planar).contains("planar"));
    }
    let stored = |name: &str| read_stored_pixels(&folder.join(name)).expect("decodable");
    assert_eq!(
        stored("NM1_planar_wholebody_UNC.dcm"),
        stored("NM1_planar_wholebody_JPEGlossless.dcm")
    );
}

#[test]
#[cfg_attr(not(shared_images), ignore = "needs ../shared/images")]
fn nm_with_a_stated_geometry_and_factor() {
    use voxgray::io::dicom::CountFactor;
    let folder = image("nm");
    let geometry = "-98.1,-98.1,-37.4;1,0,0,0,1,0;3.11583,3.11583,-6.231669";
    let options = ReadOptions {
        geometry: Some(geometry.parse().expect("well formed")),
        count_factor: Some(CountFactor::BqPerMl(2.0)),
        ..ReadOptions::default()
    };
    let path = folder.join("NM-MONO2-16-13x-heart.dcm");
    let spect = read_activity(std::slice::from_ref(&path), &options).expect("now complete");
    assert_eq!(spect.volume.grid.dims, [64, 64, 13]);
    // A negative spacing stacks against the normal: the first frame is the last slice.
    close(spect.volume.grid.origin_mm[2], -37.4 - 12.0 * 6.231669, 1e-9);
    let stored = read_stored_pixels(&path).expect("decodable");
    let last = &spect.volume.data[64 * 64 * 12..];
    assert!(last.iter().zip(&stored.frames[0]).all(|(v, s)| *v == 2.0 * *s as f32));
    let uncalibrated = ReadOptions { count_factor: None, ..options };
    let error = read_activity(&[path], &uncalibrated).expect_err("counts").to_string();
    assert!(error.contains("MBq per count"), "{error}");
}
