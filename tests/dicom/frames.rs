//! One frame of several: dynamic PET, NM with time slots, gates or detectors; and detectors that disagree on the place.

use voxgray::io::dicom::{CountFactor, GeometryOverride, ReadOptions};

use crate::activity::nm;
use crate::objects::*;
use crate::writer::DataSet;

const DETECTOR_VECTOR: (u16, u16) = (0x0054, 0x0020);
const TIME_SLOT_VECTOR: (u16, u16) = (0x0054, 0x0070);

fn frame(frame: Option<usize>) -> ReadOptions {
    ReadOptions { frame, ..ReadOptions::default() }
}

/// Three slices at two times; the second frame has twice the values. Listed by slice, so that no order of files helps.
fn dynamic() -> Vec<DataSet> {
    let mut objects = Vec::new();
    for (k, slice) in pt(3).into_iter().enumerate() {
        for (t, clock) in ["101500", "100500"].into_iter().enumerate() {
            let factor = if t == 0 { 2.0 } else { 1.0 };
            objects.push(
                slice
                    .clone()
                    .text(SOP_UID, "UI", &format!("1.2.3.{k}.{t}"))
                    .text((0x0008, 0x0022), "DA", "20260301")
                    .text((0x0008, 0x0032), "TM", clock)
                    .ds((0x0018, 0x1242), &[if t == 0 { 600e3 } else { 300e3 }])
                    .ds(SLOPE, &[factor]),
            );
        }
    }
    objects
}

#[test]
fn a_time_frame_of_a_dynamic_pet_is_chosen() {
    refused(
        read_activity_of("dynamic", &dynamic(), &frame(None)),
        &["2 frames in every place", "1: 20260301 100500; 2: 20260301 101500", "--frame N"],
    );
    for (n, factor, seconds) in [(1, 1.0, 300.0), (2, 2.0, 600.0)] {
        let pet = read_activity_of("dynamic-n", &dynamic(), &frame(Some(n))).expect("chosen");
        assert_eq!(pet.volume.data[1], factor * f32::from(stored(0, 1)));
        assert_eq!(pet.files.len(), 3);
        // What the frame says of itself goes with it.
        assert_eq!(pet.facts.frame_duration_s, Some(seconds));
        assert!(pet.notes.iter().any(|t| t.contains(&format!("frame {n} was read of 2"))));
    }
    refused(read_activity_of("dynamic-3", &dynamic(), &frame(Some(3))), &["no frame 3"]);
    assert!(read_activity_of("static-1", &pt(3), &frame(Some(1))).is_ok());
    refused(read_activity_of("static-2", &pt(3), &frame(Some(2))), &["no frame 2", "--frame"]);
    let uneven = &dynamic()[..5];
    refused(read_activity_of("uneven", uneven, &frame(Some(1))), &["lie in the same place"]);
    // Without anything that tells frames apart there are no numbers.
    let unordered: Vec<DataSet> = dynamic()
        .into_iter()
        .map(|d| d.without((0x0008, 0x0032)).without((0x0008, 0x0022)))
        .collect();
    refused(
        read_activity_of("unordered", &unordered, &frame(Some(1))),
        &["nothing in the headers"],
    );
    refused(read_ct_of("ct-again", &[ct(2), ct(2)].concat()), &["SOPInstanceUID"]);
}

#[test]
fn a_time_slot_gate_or_detector_of_an_nm_object_is_chosen() {
    let counts = |n: Option<usize>| ReadOptions {
        count_factor: Some(CountFactor::BqPerMl(1.0)),
        ..frame(n)
    };
    // Two volumes of three slices in one energy window.
    let two = || nm(3, 2).us((0x0054, 0x0010), &[1; 6]);
    for vector in [DETECTOR_VECTOR, TIME_SLOT_VECTOR, (0x0054, 0x0060)] {
        let object = two().us(vector, &[1, 1, 1, 2, 2, 2]);
        refused(
            read_activity_of("slots", std::slice::from_ref(&object), &counts(None)),
            &["1: ", "2: ", "--frame N"],
        );
        let second = read_activity_of("slot-2", std::slice::from_ref(&object), &counts(Some(2)))
            .expect("chosen");
        assert_eq!(second.volume.data[0], f32::from(stored(3, 0)));
        refused(read_activity_of("slot-3", &[object], &counts(Some(3))), &["no frame 3"]);
    }
    let gated = two()
        .text(IMAGE_TYPE, "CS", "ORIGINAL\\PRIMARY\\RECON GATED TOMO\\EMISSION")
        .us(TIME_SLOT_VECTOR, &[1, 1, 1, 2, 2, 2]);
    let first = read_activity_of("gate", &[gated], &counts(Some(1))).expect("chosen");
    assert_eq!(first.volume.data[0], f32::from(stored(0, 0)));
    refused(read_activity_of("one", &[nm(3, 1)], &counts(Some(2))), &["one volume"]);
    // With an energy window, frames are counted inside it.
    let mut options = counts(Some(1));
    options.energy_window = Some(2);
    let window = read_activity_of("window", &[nm(3, 2)], &options).expect("window 2");
    assert_eq!(window.volume.data[0], f32::from(stored(3, 0)));
}

#[test]
fn detectors_that_disagree_need_a_word() {
    let factor =
        ReadOptions { count_factor: Some(CountFactor::BqPerMl(1.0)), ..ReadOptions::default() };
    let detector = |x: f64, row: [f64; 3]| {
        DataSet::default()
            .ds(POSITION, &[x, -6.0, 200.0])
            .ds(ORIENTATION, &[row[0], row[1], row[2], 0.0, 1.0, 0.0])
    };
    let (a, b) = (detector(-5.0, [1.0, 0.0, 0.0]), detector(5.0, [1.0, 0.0, 0.0]));
    let with = |items: &[DataSet]| nm(3, 1).sq(DETECTORS, items);
    assert!(read_activity_of("same", &[with(&[a.clone(), a.clone()])], &factor).is_ok());
    // The second head states nothing of its own.
    assert!(read_activity_of("silent", &[with(&[a.clone(), DataSet::default()])], &factor).is_ok());
    refused(
        read_activity_of("apart", &[with(&[a.clone(), b.clone()])], &factor),
        &["detector 1 begins at -5", "detector 2 at 5", "--geometry"],
    );
    let turned = detector(-5.0, [-1.0, 0.0, 0.0]);
    refused(read_activity_of("turned", &[with(&[a.clone(), turned])], &factor), &["--geometry"]);
    // A vector that names the detector decides.
    let named = with(&[a, b]).us(DETECTOR_VECTOR, &[2, 2, 2]);
    let second =
        read_activity_of("named", std::slice::from_ref(&named), &factor).expect("detector 2");
    assert_eq!(second.volume.grid.origin_mm[0], 5.0);
    let geometry: GeometryOverride = "1,2,3;1,0,0,0,1,0;2,1.5,4".parse().expect("well formed");
    let stated = ReadOptions { geometry: Some(geometry), ..factor };
    let stated = read_activity_of("stated", &[named], &stated).expect("stated");
    assert_eq!(stated.volume.grid.origin_mm, [1.0, 2.0, 3.0]);
}
