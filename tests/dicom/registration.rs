//! DICOM Spatial Registration: matrices into a common frame of reference, made into the map from the fixed to the moving image.

use voxgray::image::Affine;
use voxgray::io::{Frames, read_transform};

use crate::writer::{DataSet, Scratch, Tag};

const MODALITY: Tag = (0x0008, 0x0060);
const FRAME: Tag = (0x0020, 0x0052);
const REGISTRATIONS: Tag = (0x0070, 0x0308);
const MATRIX_REGISTRATIONS: Tag = (0x0070, 0x0309);
const MATRICES: Tag = (0x0070, 0x030A);
const TYPE: Tag = (0x0070, 0x030C);
const MATRIX: Tag = (0x3006, 0x00C6);

/// The object lies in the frame 1.1 (the fixed image's); the moving image's is 1.2: x of the fixed image is y of the moving one, 40 mm higher.
const INTO_FIXED: [f64; 16] =
    [0.0, 1.0, 0.0, 5.0, -1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0, -40.0, 0.0, 0.0, 0.0, 1.0];
const IDENTITY: [f64; 16] =
    [1.0, 0.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0, 1.0];

fn item(frame: &str, kind: &str, matrices: &[[f64; 16]]) -> DataSet {
    let matrix = |m: &[f64; 16]| DataSet::default().ds(MATRIX, m).text(TYPE, "CS", kind);
    let all: Vec<DataSet> = matrices.iter().map(matrix).collect();
    let registration = DataSet::default().sq(MATRICES, &all);
    DataSet::default().text(FRAME, "UI", frame).sq(MATRIX_REGISTRATIONS, &[registration])
}

fn object(items: &[DataSet]) -> DataSet {
    DataSet::default()
        .text((0x0008, 0x0016), "UI", "1.2.840.10008.5.1.4.1.1.66.1")
        .text((0x0008, 0x0018), "UI", "1.2.3")
        .text(MODALITY, "CS", "REG")
        .text(FRAME, "UI", "1.1")
        .sq(REGISTRATIONS, items)
}

fn read(object: &DataSet, fixed: Option<&str>, moving: Option<&str>) -> Result<Affine, String> {
    let scratch = Scratch::with("reg", std::slice::from_ref(object));
    let frames = Frames { fixed, moving };
    read_transform(&scratch.path().join("0.dcm"), &frames).map(|t| t.map).map_err(|e| e.to_string())
}

fn close(map: &Affine, from: [f64; 3], to: [f64; 3]) {
    let p = map.apply(from);
    assert!((0..3).all(|c| (p[c] - to[c]).abs() < 1e-9), "{p:?} {to:?}");
}

/// The matrix brings (10, 20, 70) of the moving image's frame to (25, -10, 30) of the fixed one's; what is read goes the other way.
#[test]
fn the_direction_follows_the_frames_of_reference() {
    let both = object(&[item("1.1", "RIGID", &[IDENTITY]), item("1.2", "RIGID", &[INTO_FIXED])]);
    let one = object(&[item("1.2", "RIGID", &[INTO_FIXED])]);
    let (there, back) = ([25.0, -10.0, 30.0], [10.0, 20.0, 70.0]);
    for object in [&both, &one] {
        for frames in
            [(Some("1.1"), Some("1.2")), (None, None), (Some("1.1"), None), (None, Some("1.2"))]
        {
            close(&read(object, frames.0, frames.1).expect("a map"), there, back);
        }
        close(&read(object, Some("1.2"), Some("1.1")).expect("a map"), back, there);
        close(&read(object, Some("1.2"), None).expect("a map"), back, there);
    }
    // Two steps in the order of the items.
    let up = [1.0, 0.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0, 1.0, 7.0, 0.0, 0.0, 0.0, 1.0];
    let steps = object(&[item("1.2", "RIGID", &[INTO_FIXED, up])]);
    close(&read(&steps, Some("1.1"), Some("1.2")).expect("a map"), [25.0, -10.0, 37.0], back);
}

#[test]
fn registrations_that_say_nothing_sure_are_refused() {
    let refused = |object: &DataSet, frames: [Option<&str>; 2], expected: &str| {
        let error = read(object, frames[0], frames[1]).expect_err("refused");
        assert!(error.contains(expected), "'{expected}' not in {error}");
    };
    let known = [Some("1.1"), Some("1.2")];
    let good = object(&[item("1.2", "RIGID", &[INTO_FIXED])]);
    refused(&good, [Some("1.1"), Some("1.1")], "both images lie in the frame");
    refused(&good, [Some("1.1"), Some("1.9")], "1.9 of the moving image");
    let three = object(&[item("1.2", "RIGID", &[INTO_FIXED]), item("1.3", "RIGID", &[INTO_FIXED])]);
    refused(&three, [None, None], "cannot be told");
    assert!(read(&three, Some("1.3"), Some("1.2")).is_ok());
    let with = |n: usize, x: f64| {
        let mut m = INTO_FIXED;
        m[n] = x;
        m
    };
    refused(&object(&[item("1.2", "RIGID", &[with(1, 1.1)])]), known, "not rigid");
    assert!(read(&object(&[item("1.2", "AFFINE", &[with(1, 1.1)])]), known[0], known[1]).is_ok());
    refused(&object(&[item("1.2", "AFFINE", &[with(1, 0.0)])]), known, "singular");
    refused(&object(&[item("1.2", "RIGID", &[with(15, 2.0)])]), known, "last row");
    refused(&object(&[]), known, "RegistrationSequence");
    refused(
        &object(&[item("1.2", "RIGID", &[INTO_FIXED])]).text(MODALITY, "CS", "CT"),
        known,
        "modality REG",
    );
    let short = DataSet::default().ds(MATRIX, &IDENTITY[..12]);
    let short = DataSet::default().sq(MATRICES, &[short]);
    let short = DataSet::default().text(FRAME, "UI", "1.2").sq(MATRIX_REGISTRATIONS, &[short]);
    refused(&object(&[short]), known, "16 numbers");
}
