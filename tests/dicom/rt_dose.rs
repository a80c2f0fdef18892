//! RT Dose as a dose map: values, places in every form of offsets, and what is refused.

use voxgray::io::dicom::write::DoseType;
use voxgray::io::dicom::{RtDose, read_rt_dose};
use voxgray::io::{dose_of_folder, read_map_file};

use crate::dose_objects::*;
use crate::writer::{DataSet, EXPLICIT_LITTLE, Scratch};

fn read(object: &DataSet) -> Result<RtDose, String> {
    let scratch = Scratch::with("rtdose", std::slice::from_ref(object));
    read_rt_dose(&scratch.path().join("0.dcm")).map_err(|e| e.to_string())
}

/// Every voxel: the dose that stands where the attributes put it.
fn check(object: &DataSet, orientation: [f64; 6], depths: &[f64]) {
    let found = read(object).expect("a dose");
    let o = orientation;
    let (u, v) = ([o[0], o[1], o[2]], [o[3], o[4], o[5]]);
    let n = [u[1] * v[2] - u[2] * v[1], u[2] * v[0] - u[0] * v[2], u[0] * v[1] - u[1] * v[0]];
    let grid = &found.dose.grid;
    assert_eq!(grid.dims, [3, 2, depths.len()]);
    for (k, depth) in depths.iter().enumerate() {
        for (r, c) in (0..2).flat_map(|r| (0..3).map(move |c| (r, c))) {
            let (across, down) = (1.5 * c as f64, 2.0 * r as f64);
            let at = [-10.0, -20.0, 100.0];
            let at = [0, 1, 2].map(|a| at[a] + across * u[a] + down * v[a] + depth * n[a]);
            let index = grid.to_index(at).expect("a grid");
            let near = index.map(|i| i.round());
            assert!((0..3).all(|a| (index[a] - near[a]).abs() < 1e-3), "{index:?}");
            let value = found.dose.data[grid.linear(near.map(|i| i as usize))];
            assert_eq!(f64::from(value), 0.25 * f64::from(stored(c, r, k)), "{c} {r} {k}");
        }
    }
    // Planes ascend along rows x columns.
    assert!((0..3).map(|a| grid.axes_mm[2][a] * n[a]).sum::<f64>() > 0.0);
}

#[test]
fn relative_absolute_descending_and_oblique_planes() {
    let (s, c) = 0.4_f64.sin_cos();
    // Columns and rows turned about an axis that is none of the patient's.
    let oblique = [c, s, 0.0, -s * 0.6, c * 0.6, 0.8];
    let prone = [-1.0, 0.0, 0.0, 0.0, -1.0, 0.0];
    let feet_first = [-1.0, 0.0, 0.0, 0.0, 1.0, 0.0];
    let up = [0.0, 3.0, 6.0, 9.0];
    let down = [0.0, -3.0, -6.0, -9.0];
    for bits in [16, 32] {
        for orientation in [SUPINE, oblique, prone, feet_first] {
            check(&dose(orientation, &up, bits), orientation, &up);
            check(&dose(orientation, &down, bits), orientation, &down);
        }
        // Positions along z, as older systems write them.
        check(&dose(SUPINE, &[100.0, 103.0, 106.0, 109.0], bits), SUPINE, &up);
        check(&dose(SUPINE, &[100.0, 97.0, 94.0, 91.0], bits), SUPINE, &down);
        check(&dose(feet_first, &[100.0, 97.0, 94.0, 91.0], bits), feet_first, &up);
    }
    // Rounded to a tenth of a millimetre: 3.27 mm steps.
    let found = read(&dose(SUPINE, &[0.0, 3.3, 6.5, 9.8], 16)).expect("a dose");
    assert!(found.notes.iter().any(|n| n.contains("beside a regular grid")), "{:?}", found.notes);
    assert_eq!(found.frame_of_reference.as_deref(), Some(DOSE_FRAME));
    assert_eq!((found.dose_type, found.summation.as_str()), (DoseType::Physical, "PLAN"));
    // All 32 bits are the number, not its sign.
    let large = with_pixels(plain(), &[u32::MAX; 24], 32).ds(SCALING, &[1e-9]);
    let largest = f64::from(read(&large).expect("a dose").dose.data[5]);
    assert!((largest - 4.294_967_295).abs() < 1e-6);
}

#[test]
fn what_is_no_dose_in_gray_is_refused() {
    let refused = |object: DataSet, parts: &[&str]| {
        let error = read(&object).expect_err(parts[0]);
        assert!(parts.iter().all(|p| error.contains(p)), "{parts:?} not in {error}");
    };
    refused(plain().text(UNITS, "CS", "RELATIVE"), &["DoseUnits", "RELATIVE", "100 %"]);
    refused(plain().without(UNITS), &["DoseUnits"]);
    refused(plain().text(TYPE, "CS", "ERROR"), &["DoseType", "ERROR", "difference"]);
    refused(plain().without(TYPE), &["DoseType"]);
    refused(plain().without(SCALING), &["DoseGridScaling", "missing"]);
    for bad in [0.0, -0.25, 1e300] {
        refused(plain().ds(SCALING, &[bad]), &["DoseGridScaling"]);
    }
    refused(plain().text(SCALING, "DS", "nan"), &["DoseGridScaling", "finite"]);
    refused(plain().without(crate::writer::PIXEL_DATA), &["PixelData", "no dose grid"]);
    refused(plain().text((0x0008, 0x0060), "CS", "CT"), &["Modality", "RTDOSE"]);
    refused(
        with_pixels(plain(), &[1; 24], 16).us((0x0028, 0x0103), &[1]).pixels(&[-3; 24]),
        &["PixelRepresentation", "-3"],
    );
    // More bits used than are said to be stored.
    let narrow = with_pixels(plain(), &[70_000; 24], 32);
    refused(narrow.us((0x0028, 0x0101), &[16]).us((0x0028, 0x0102), &[15]), &["BitsStored"]);
    let effective = read(&plain().text(TYPE, "CS", "EFFECTIVE")).expect("a dose");
    assert_eq!(effective.dose_type, DoseType::Effective);
    let part = read(&plain().text(SUMMATION, "CS", "BEAM")).expect("a dose");
    assert!(part.notes[0].contains("WARNING: DoseSummationType") && part.notes[0].contains("BEAM"));
    let nowhere = read(&plain().without((0x0020, 0x0052))).expect("a dose");
    assert!(nowhere.notes[0].contains("no FrameOfReferenceUID"));
}

#[test]
fn planes_that_are_no_grid_are_refused() {
    let refused = |object: DataSet, parts: &[&str]| {
        let error = read(&object).expect_err(parts[0]);
        assert!(parts.iter().all(|p| error.contains(p)), "{parts:?} not in {error}");
    };
    let of = |offsets: &[f64]| dose(SUPINE, offsets, 16);
    refused(of(&[0.0, 3.0, 6.0, 12.0]), &["GridFrameOffsetVector", "6\\12 at frames 3 and 4"]);
    refused(of(&[0.0, 3.0, 6.2, 9.0]), &["not equally far apart"]);
    refused(of(&[0.0, 3.0, 3.0, 9.0]), &["one place", "frames 2 and 3"]);
    refused(of(&[0.0, 3.0, -3.0, 6.0]), &["one direction"]);
    refused(of(&[7.0, 10.0, 13.0, 16.0]), &["neither 0", "7\\..."]);
    let oblique = [0.6, 0.8, 0.0, -0.48, 0.36, 0.8];
    refused(dose(oblique, &[100.0, 103.0, 106.0, 109.0], 16), &["oblique"]);
    refused(plain().ds(OFFSETS, &[0.0, 3.0]), &["2 values", "4 frames"]);
    refused(plain().without(OFFSETS), &["0 values"]);
    refused(of(&[0.0]), &["NumberOfFrames", "no thickness"]);
    refused(plain().without((0x0020, 0x0032)), &["ImagePositionPatient"]);
    refused(plain().ds((0x0020, 0x0037), &[1.0, 0.0, 0.0, 0.5, 0.5, 0.0]), &["perpendicular"]);
    refused(plain().ds((0x0028, 0x0030), &[2.0, 0.0]), &["PixelSpacing"]);
    for size in [(0, 3), (2, 0)] {
        refused(plain().us((0x0028, 0x0010), &[size.0]).us((0x0028, 0x0011), &[size.1]), &["Rows"]);
    }
    // Sizes that the file does not have, and none that would be taken from memory first.
    refused(
        plain().us((0x0028, 0x0010), &[5000]).us((0x0028, 0x0011), &[5000]),
        &["PixelData", "are needed"],
    );
    refused(plain().us((0x0028, 0x0010), &[u16::MAX]).us((0x0028, 0x0011), &[u16::MAX]), &["Rows"]);
    let claims = plain().text((0x0028, 0x0008), "IS", "2000000000");
    refused(claims, &["2000000000 frames"]);
    // Cut off in the pixels.
    let bytes = plain().file(EXPLICIT_LITTLE);
    let scratch = Scratch::new("rtdose");
    for cut in [1, 20, 47] {
        let path = scratch.write("cut.dcm", &bytes[..bytes.len() - cut]);
        assert!(read_rt_dose(&path).is_err(), "{cut}");
    }
}

#[test]
fn a_folder_with_several_asks_which() {
    let beam = plain().text(SUMMATION, "CS", "BEAM");
    let scratch = Scratch::with("rtdoses", &[plain(), beam.clone()]);
    let folder = scratch.path();
    let error = read_map_file(folder, Default::default()).expect_err("two").to_string();
    for part in ["2 RT Doses", "0.dcm: PLAN", "1.dcm: BEAM", "--map PLAN"] {
        assert!(error.contains(part), "{error}");
    }
    assert_eq!(dose_of_folder(folder, Some("beam")).expect("one"), folder.join("1.dcm"));
    assert!(dose_of_folder(folder, Some("RECORD")).is_err());
    scratch.write("2.dcm", &beam.file(EXPLICIT_LITTLE));
    assert!(dose_of_folder(folder, Some("BEAM")).is_err());
    let one = Scratch::with("rtdose", &[plain(), crate::objects::slice("CT", 0)]);
    let found = read_map_file(one.path(), Default::default()).expect("one");
    assert_eq!((found.path, found.dose_type), (one.path().join("0.dcm"), Some(DoseType::Physical)));
    let none = Scratch::with("rtdose", &[crate::objects::slice("CT", 0)]);
    assert!(read_map_file(none.path(), Default::default()).is_err());
}
