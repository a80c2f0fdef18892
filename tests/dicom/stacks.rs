//! Stacks of slices, good and broken: each broken one must be refused for the right reason.

use std::slice::from_ref;

use voxgray::io::dicom::{ReadOptions, list_series, read_ct};

use crate::objects::*;
use crate::writer::{DataSet, Scratch, Tag};

#[test]
fn slices_are_sorted_by_position_and_rescaled_one_by_one() {
    let mut objects = ct(4);
    objects.swap(0, 3);
    objects[1] = slice("CT", 1).ds(SLOPE, &[2.0]).ds(INTERCEPT, &[-1000.0]);
    let ct = read_ct_of("sorted", &objects).expect("a good CT");
    let grid = &ct.volume.grid;
    assert_eq!(grid.dims, [3, 2, 4]);
    assert_eq!(grid.origin_mm, [-10.0, -20.0, 100.0]);
    assert_eq!(grid.axes_mm, [[1.5, 0.0, 0.0], [0.0, 2.0, 0.0], [0.0, 0.0, 3.0]]);
    for k in 0..4 {
        for p in 0..6 {
            let (slope, intercept) = if k == 1 { (2.0, -1000.0) } else { (1.0, -1024.0) };
            let expected = slope * f32::from(stored(k, p)) + intercept;
            assert_eq!(ct.volume.data[6 * k + p], expected);
        }
    }
    assert_eq!(ct.facts.series_uid.as_deref(), Some("1.2.3"));
}

#[test]
fn an_oblique_stack_keeps_its_axes() {
    let (c, s) = (0.8, 0.6);
    let normal = [0.0, -s, c];
    let place = |k: usize| {
        let d = 3.0 * k as f64;
        slice("CT", k)
            .ds(ORIENTATION, &[1.0, 0.0, 0.0, 0.0, c, s])
            .ds(POSITION, &[d * normal[0], d * normal[1], d * normal[2]])
    };
    let ct = read_ct_of("oblique", &[place(1), place(0), place(2)]).expect("a good CT");
    let mm = ct.volume.grid.to_mm([0.0, 1.0, 2.0]);
    let expected = [0.0, 2.0 * c - 6.0 * s, 2.0 * s + 6.0 * c];
    for a in 0..3 {
        assert!((mm[a] - expected[a]).abs() < 1e-12, "{mm:?}");
    }
    assert_eq!(ct.volume.data[12], f32::from(stored(2, 0)) - 1024.0);
}

#[test]
fn stacks_that_are_no_grid() {
    refused(read_ct_of("single", &ct(1)), &["one slice", "never from SliceThickness"]);
    let mut gap = ct(6);
    gap.remove(2);
    refused(read_ct_of("gap", &gap), &["about 1 slice(s) are missing", "6.0000 mm", "3.0000 mm"]);
    let mut copied = ct(4);
    copied.push(slice("CT", 2));
    refused(read_ct_of("copied", &copied), &["SOPInstanceUID (0008,0018)", "duplicated"]);
    copied[4] = slice("CT", 2).text(SOP_UID, "UI", "1.2.3.99");
    refused(read_ct_of("same-place", &copied), &["1 slice(s) lie in the same place", "106"]);
    // Steps of 3, 3, 3.5, 3.5 mm.
    let mut mixed = ct(5);
    mixed[3] = slice("CT", 3).ds(POSITION, &[-10.0, -20.0, 109.5]);
    mixed[4] = slice("CT", 4).ds(POSITION, &[-10.0, -20.0, 113.0]);
    refused(read_ct_of("mixed-steps", &mixed), &["3.0000 to 3.5000 mm"]);
    let mut larger = ct(3);
    larger[1] = slice("CT", 1).us(ROWS, &[3]).us(COLUMNS, &[2]);
    refused(read_ct_of("sizes", &larger), &["Rows x Columns is 2 x 3", "but 3 x 2"]);
    let mut turned = ct(3);
    turned[1] = slice("CT", 1).ds(ORIENTATION, &[1.0, 0.0, 0.0, 0.0, 0.999, 0.0447]);
    refused(read_ct_of("turned", &turned), &["ImageOrientationPatient (0020,0037)"]);
    let mut zoomed = ct(3);
    zoomed[1] = slice("CT", 1).ds(PIXEL_SPACING, &[2.0, 1.6]);
    refused(read_ct_of("zoomed", &zoomed), &["PixelSpacing (0028,0030)"]);
    let unplaced = [slice("CT", 0), slice("CT", 1).without(POSITION)];
    refused(read_ct_of("unplaced", &unplaced), &["ImagePositionPatient (0020,0032) is missing"]);
    let skewed: Vec<DataSet> =
        (0..2).map(|k| slice("CT", k).ds(ORIENTATION, &[1.0, 0.0, 0.0, 0.6, 0.8, 0.0])).collect();
    refused(read_ct_of("skewed", &skewed), &["two perpendicular unit vectors"]);
}

#[test]
fn a_gantry_tilt_is_named_with_its_angle() {
    let tilt = 15.0_f64.to_radians().tan();
    let tilted: Vec<DataSet> = (0..5)
        .map(|k| {
            let z = 3.0 * k as f64;
            slice("CT", k).ds(POSITION, &[-10.0, -20.0 + z * tilt, 100.0 + z])
        })
        .collect();
    refused(read_ct_of("tilt", &tilted), &["tilt of 15.00 degrees"]);
    let mut shifted = ct(5);
    shifted[2] = slice("CT", 2).ds(POSITION, &[-9.0, -20.0, 106.0]);
    refused(read_ct_of("sideways", &shifted), &["shifted sideways by 1.000 mm"]);
}

#[test]
fn small_jitter_is_tolerated_and_reported() {
    let mut objects = ct(5);
    objects[2] = slice("CT", 2).ds(POSITION, &[-10.0, -20.0, 106.2]);
    let ct = read_ct_of("jitter", &objects).expect("within tolerance");
    assert!((ct.volume.grid.spacing_mm()[2] - 3.0).abs() < 1e-12);
    assert!(ct.notes.iter().any(|n| n.contains("at most 0.2000 mm")), "{:?}", ct.notes);
}

#[test]
fn a_series_is_chosen_by_its_uid_and_other_objects_are_counted() {
    let mut objects = ct(3);
    objects.extend(
        ct(3)
            .into_iter()
            .enumerate()
            .map(|(k, d)| d.text(SERIES_UID, "UI", "9.9").text(SOP_UID, "UI", &format!("9.9.{k}"))),
    );
    objects.push(image("MR").pixels(&[0; 6]));
    let scratch = Scratch::with("mixed", &objects);
    scratch.write("notes.txt", b"not an image");
    let paths = [scratch.path().to_path_buf()];
    refused(
        read_ct(&paths, &ReadOptions::default()),
        &["2 CT series", "1.2.3 CT", "9.9 CT", "(3 objects)", "--ct-series UID"],
    );
    let options = ReadOptions { series: Some("9.9".into()), ..ReadOptions::default() };
    let ct = read_ct(&paths, &options).expect("chosen");
    assert_eq!(ct.facts.series_uid.as_deref(), Some("9.9"));
    let notes = ct.notes.join("\n");
    for part in ["1 MR object(s)", "1 file(s) that are not DICOM", "series not read: 1.2.3"] {
        assert!(notes.contains(part), "{notes}");
    }
    let absent = ReadOptions { series: Some("7".into()), ..ReadOptions::default() };
    refused(read_ct(&paths, &absent), &["no CT series with SeriesInstanceUID 7", "9.9 CT"]);
    let (listed, _) = list_series(&paths).expect("listed");
    assert_eq!(listed.len(), 2);
    let file = scratch.path().join("notes.txt");
    refused(read_ct(from_ref(&file), &ReadOptions::default()), &["notes.txt", "not DICOM"]);
    let mut frames = ct_with_frame_of_reference("5.1", 0);
    frames.extend(ct_with_frame_of_reference("5.2", 1));
    refused(read_ct_of("frames", &frames), &["FrameOfReferenceUID (0020,0052)", "5.2"]);
}

fn ct_with_frame_of_reference(uid: &str, k: usize) -> Vec<DataSet> {
    vec![slice("CT", k).text((0x0020, 0x0052), "UI", uid)]
}

/// What is said once of a series must be the same in all of its objects: nothing is taken from the first.
#[test]
fn objects_of_a_series_agree_about_patient_clock_and_administration() {
    let with = |tag: Tag, vr: &str, a: &str, b: &str| -> Vec<DataSet> {
        (0..4).map(|k| slice("CT", k).text(tag, vr, if k < 2 { a } else { b })).collect()
    };
    let patient = (0x0010, 0x0020);
    refused(
        read_ct_of("two-patients", &with(patient, "LO", "A", "B")),
        &["PatientID (0010,0020)", "'A'"],
    );
    assert!(read_ct_of("one-patient", &with(patient, "LO", "A", "A")).is_ok());
    let zone = (0x0008, 0x0201);
    refused(
        read_ct_of("two-zones", &with(zone, "SH", "+0100", "+0200")),
        &["TimezoneOffsetFromUTC (0008,0201) is '+0200'", "'+0100'"],
    );
    let given = |time: &str, half_life: f64| {
        DataSet::default().text((0x0018, 0x1072), "TM", time).ds((0x0018, 0x1075), &[half_life])
    };
    let pet = |last: DataSet| -> Vec<DataSet> {
        let mut objects = pt(4);
        for (k, object) in objects.iter_mut().enumerate() {
            let item = if k == 3 { last.clone() } else { given("100000", 6586.2) };
            *object = object.clone().sq((0x0054, 0x0016), &[item]);
        }
        objects
    };
    let read = |name: &str, last| read_activity_of(name, &pet(last), &ReadOptions::default());
    refused(
        read("two-injections", given("090000", 6586.2)),
        &["RadiopharmaceuticalStartTime (0018,1072) is '090000'"],
    );
    refused(read("two-half-lives", given("100000", 4062.6)), &["RadionuclideHalfLife (0018,1075)"]);
    assert!(read("one-injection", given("100000", 6586.2)).is_ok());
}
