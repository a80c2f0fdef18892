//! Transforms as files: DICOM Spatial Registrations that are written and read back, and displacement fields in the forms that SimpleITK 2.5.7 writes.

#[allow(dead_code, reason = "shared with other tests")]
mod cli_inputs;
#[allow(dead_code, reason = "shared with the tests of DICOM")]
#[path = "dicom/writer.rs"]
mod writer;

use std::path::Path;

use cli_inputs::{Inputs, stderr, succeed};
use dicom_dictionary_std::tags;
use dicom_object::{InMemDicomObject, open_file};
use voxgray::image::{Affine, Grid, Rigid, Volume};
use voxgray::io::dicom::write::{
    Author, Equipment, Reference, RegistrationContent, UidRoot, read_reference,
    spatial_registration,
};
use voxgray::io::{Frames, read_image, read_transform, read_vectors, write_itk_transform};
use writer::{DataSet, EXPLICIT_LITTLE};

/// Voxels along an edge of the CTs, and their size, mm.
const EDGE: usize = 24;
const STEP: f64 = 5.0;

/// HU at a point of a body that has no symmetry.
fn hu(p: [f64; 3]) -> f64 {
    let inside = |c: [f64; 3], r: [f64; 3]| {
        (0..3).map(|k| ((p[k] - c[k]) / r[k]).powi(2)).sum::<f64>() < 1.0
    };
    let parts = [
        ([0.0, 0.0, 0.0], [50.0, 40.0, 52.0], 0.0),
        ([-18.0, -6.0, 8.0], [20.0, 16.0, 22.0], 150.0),
        ([22.0, 10.0, -14.0], [10.0, 12.0, 18.0], -700.0),
        ([0.0, 26.0, 4.0], [8.0, 8.0, 40.0], 600.0),
    ];
    parts.iter().rfind(|p| inside(p.0, p.1)).map_or(-1000.0, |p| p.2)
}

/// A CT of the body where `map` brings the scanner's points to the body's: in a frame and study of its own.
fn write_ct(folder: &Path, map: &Affine, number: usize, patient: &str, study: &str) {
    std::fs::create_dir_all(folder).unwrap();
    let low = -0.5 * STEP * (EDGE - 1) as f64;
    let at = |n: usize| low + STEP * n as f64;
    for k in 0..EDGE {
        let value = |n: usize| {
            let p = [at(n % EDGE), at(n / EDGE), at(k)];
            // The mean over eight points of the voxel.
            let point = |c: usize| {
                let o = |a: usize| if c >> a & 1 == 0 { -0.25 * STEP } else { 0.25 * STEP };
                hu(map.apply([p[0] + o(0), p[1] + o(1), p[2] + o(2)]))
            };
            ((0..8).map(point).sum::<f64>() / 8.0).round() as i16
        };
        let pixels: Vec<i16> = (0..EDGE * EDGE).map(value).collect();
        let object = DataSet::default()
            .text((0x0008, 0x0016), "UI", "1.2.840.10008.5.1.4.1.1.2")
            .text((0x0008, 0x0018), "UI", &format!("1.2.826.0.1.{number}.3.{}", k + 1))
            .text((0x0008, 0x0020), "DA", "20260102")
            .text((0x0008, 0x0022), "DA", "20260103")
            .text((0x0008, 0x0030), "TM", "101500")
            .text((0x0008, 0x0032), "TM", "112233")
            .text((0x0008, 0x0060), "CS", "CT")
            .text((0x0010, 0x0010), "PN", "Doe^Jane")
            .text((0x0010, 0x0020), "LO", patient)
            .text((0x0010, 0x0040), "CS", "F")
            .text((0x0020, 0x000D), "UI", study)
            .text((0x0020, 0x000E), "UI", &format!("1.2.826.0.1.{number}.2"))
            .text((0x0020, 0x0052), "UI", &frame(number))
            .ds((0x0020, 0x0032), &[low, low, at(k)])
            .ds((0x0020, 0x0037), &[1.0, 0.0, 0.0, 0.0, 1.0, 0.0])
            .us((0x0028, 0x0002), &[1])
            .us((0x0028, 0x0010), &[EDGE as u16])
            .us((0x0028, 0x0011), &[EDGE as u16])
            .ds((0x0028, 0x0030), &[STEP, STEP])
            .us((0x0028, 0x0100), &[16])
            .us((0x0028, 0x0101), &[16])
            .us((0x0028, 0x0102), &[15])
            .us((0x0028, 0x0103), &[1])
            .ds((0x0028, 0x1052), &[0.0])
            .ds((0x0028, 0x1053), &[1.0])
            .pixels(&pixels);
        std::fs::write(folder.join(format!("{k}.dcm")), object.file(EXPLICIT_LITTLE)).unwrap();
    }
}

fn frame(number: usize) -> String {
    format!("1.2.826.0.1.{number}.1")
}

/// From the fixed to the moving CT.
fn truth() -> Affine {
    let angles_rad = [2.0_f64, -3.0, 4.0].map(f64::to_radians);
    Rigid { angles_rad, translation_mm: [6.0, -4.0, 7.0], centre_mm: [0.0; 3] }.affine()
}

fn apart(a: &Affine, b: &Affine) -> f64 {
    let corner = |n: usize| [0, 1, 2].map(|c| if n >> c & 1 == 0 { -40.0 } else { 40.0 });
    let miss = |n| {
        let (p, q) = (a.apply(corner(n)), b.apply(corner(n)));
        (0..3).map(|c| (p[c] - q[c]).powi(2)).sum::<f64>().sqrt()
    };
    (0..8).map(miss).fold(0.0, f64::max)
}

fn cts() -> Inputs {
    let inputs = Inputs::new();
    write_ct(&inputs.path("ct1"), &Affine::IDENTITY, 1, "P1", "1.2.826.0.1.9");
    write_ct(&inputs.path("ct2"), &truth().inverse().unwrap(), 2, "P1", "1.2.826.0.1.8");
    inputs
}

fn items(object: &InMemDicomObject, tag: dicom_core::Tag) -> &[InMemDicomObject] {
    object.element(tag).unwrap().items().unwrap()
}

fn text(object: &InMemDicomObject, tag: dicom_core::Tag) -> String {
    object.element(tag).unwrap().to_str().unwrap().trim_end_matches([' ', '\0']).into()
}

/// Found between two CTs, written, read back by this crate with either image first, and by its attributes: the matrix of the moving image brings its points
/// into the fixed one's frame (PS3.3 C.20.2.1.1).
#[test]
fn a_registration_is_written_between_two_frames() {
    let inputs = cts();
    let run = |arguments: &[&str]| inputs.run(&[&["register"], arguments].concat());
    succeed(&run(&["ct1", "ct2", "--one-way", "-o", "t.tfm"]));
    succeed(&run(&["ct1", "ct2", "--one-way", "-o", "reg.dcm"]));
    let read = |name: &str, fixed: Option<&str>, moving: Option<&str>| {
        read_transform(&inputs.path(name), &Frames { fixed, moving }).unwrap().map
    };
    let (one, two) = (frame(1), frame(2));
    let itk = read("t.tfm", None, None);
    assert!(apart(&itk, &truth()) < 1.0, "{}", apart(&itk, &truth()));
    assert!(apart(&read("reg.dcm", Some(&one), Some(&two)), &itk) < 1e-9);
    assert!(apart(&read("reg.dcm", None, None), &itk) < 1e-9);
    let back = read("reg.dcm", Some(&two), Some(&one));
    assert!(apart(&back, &itk.inverse().unwrap()) < 1e-9);

    let object = open_file(inputs.path("reg.dcm")).unwrap();
    for (tag, value) in [
        (tags::SOP_CLASS_UID, "1.2.840.10008.5.1.4.1.1.66.1"),
        (tags::MODALITY, "REG"),
        (tags::PATIENT_ID, "P1"),
        (tags::STUDY_INSTANCE_UID, "1.2.826.0.1.9"),
        (tags::FRAME_OF_REFERENCE_UID, &one),
        (tags::CONTENT_DATE, "20260103"),
        (tags::CONTENT_TIME, "112233"),
        (tags::CONTENT_LABEL, "REGISTRATION"),
    ] {
        assert_eq!(text(&object, tag), value, "{tag}");
    }
    let both = items(&object, tags::REGISTRATION_SEQUENCE);
    let frames: Vec<String> = both.iter().map(|i| text(i, tags::FRAME_OF_REFERENCE_UID)).collect();
    assert_eq!(frames, [one.clone(), two.clone()]);
    let matrix = |item: &InMemDicomObject| {
        let of =
            &items(&items(item, tags::MATRIX_REGISTRATION_SEQUENCE)[0], tags::MATRIX_SEQUENCE)[0];
        assert_eq!(text(of, tags::FRAME_OF_REFERENCE_TRANSFORMATION_MATRIX_TYPE), "RIGID");
        let tag = tags::FRAME_OF_REFERENCE_TRANSFORMATION_MATRIX;
        of.element(tag).unwrap().to_multi_float64().unwrap()
    };
    let m = matrix(&both[1]);
    let fixed = [12.0, -7.0, 21.0];
    let moving = itk.apply(fixed);
    for r in 0..3 {
        let to: f64 = (0..3).map(|c| m[4 * r + c] * moving[c]).sum::<f64>() + m[4 * r + 3];
        assert!((to - fixed[r]).abs() < 1e-9, "{m:?}");
    }
    assert_eq!(m[12..], [0.0, 0.0, 0.0, 1.0]);
    assert_eq!(items(&both[1], tags::REFERENCED_IMAGE_SEQUENCE).len(), EDGE);
    // The moving image is of another study.
    assert_eq!(items(&object, tags::REFERENCED_SERIES_SEQUENCE).len(), 1);
    let other = &items(&object, tags::STUDIES_CONTAINING_OTHER_REFERENCED_INSTANCES_SEQUENCE)[0];
    assert_eq!(text(other, tags::STUDY_INSTANCE_UID), "1.2.826.0.1.8");

    // A transform of elsewhere between the same images; the same input gives the same bytes.
    for name in ["a.dcm", "b.dcm"] {
        succeed(&run(&["--apply", "t.tfm", "ct2", "--on", "ct1", "-o", name]));
    }
    let bytes = |name: &str| std::fs::read(inputs.path(name)).unwrap();
    assert!(bytes("a.dcm") == bytes("b.dcm"));
    assert!(apart(&read("a.dcm", Some(&one), Some(&two)), &itk) < 1e-9);
    succeed(&run(&[
        "--apply",
        "t.tfm",
        "ct2",
        "--on",
        "ct1",
        "-o",
        "c.dcm",
        "--uid-root",
        "1.2.826.0.1.5",
        "--date",
        "2026-05-06T07:08",
    ]));
    let dated = open_file(inputs.path("c.dcm")).unwrap();
    assert!(text(&dated, tags::SOP_INSTANCE_UID).starts_with("1.2.826.0.1.5."));
    assert_eq!(text(&dated, tags::CONTENT_DATE), "20260506");
    // It moves an image as the transform does.
    for (transform, out) in [("t.tfm", "by_tfm.mha"), ("a.dcm", "by_reg.mha")] {
        succeed(&run(&["--apply", transform, "ct2", "--on", "ct1", "-o", out]));
    }
    assert!(bytes("by_tfm.mha") == bytes("by_reg.mha"));
}

#[test]
fn what_is_no_registration_of_two_frames_is_refused() {
    let inputs = cts();
    write_ct(&inputs.path("other"), &Affine::IDENTITY, 3, "P2", "1.2.826.0.1.7");
    write_itk_transform(&inputs.path("t.tfm"), &truth(), [0.0; 3]).unwrap();
    let grid = Grid::aligned([20; 3], [-57.0; 3], [6.0; 3]);
    let value = |n: usize| hu(grid.to_mm(grid.unlinear(n).map(|i| i as f64))) as f32;
    let plain = Volume::new(grid.clone(), (0..grid.len()).map(value).collect()).unwrap();
    inputs.write("plain.mha", &plain);
    let apply = ["register", "--apply", "t.tfm"];
    for (arguments, code, expected) in [
        (&["ct1", "--on", "ct1", "-o", "x.dcm"][..], 3, "both images lie in the frame"),
        (&["other", "--on", "ct1", "-o", "x.dcm"], 3, "PatientID (0010,0020) is P1 and P2"),
        (&["plain.mha", "--on", "ct1", "-o", "x.dcm"], 2, "the moving image is no DICOM"),
        (&["-o", "x.dcm"], 2, "without images"),
    ] {
        let output = inputs.run(&[&apply[..], arguments].concat());
        let said = stderr(&output);
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {said}");
        assert!(said.contains(expected), "'{expected}' not in {said}");
        assert!(!inputs.path("x.dcm").exists());
    }
}

/// An affine map that is not rigid is called so.
#[test]
fn an_affine_map_keeps_its_name() {
    let inputs = cts();
    let reference =
        |name: &str| -> Reference { read_reference(&[inputs.path(name)], None, &[]).unwrap() };
    let (fixed, moving) = (reference("ct1"), reference("ct2"));
    let equipment = Equipment { name: "voxgray".into(), version: "test".into(), build: "0".into() };
    let author = Author {
        reference: &fixed,
        equipment,
        uid_root: UidRoot::default(),
        stated_time: None,
        made_from_reference: true,
    };
    let map = Affine {
        matrix: [[1.1, 0.1, 0.0], [-0.1, 0.9, 0.05], [0.0, 0.02, 1.0]],
        offset_mm: [4.0, -5.0, 6.0],
    };
    let content =
        RegistrationContent { map: &map, moving: &moving, estimated: false, series_number: 1 };
    let path = inputs.path("affine.dcm");
    spatial_registration(&author, &content).unwrap().write(&path).unwrap();
    let (one, two) = (frame(1), frame(2));
    let frames = Frames { fixed: Some(&one), moving: Some(&two) };
    let read = read_transform(&path, &frames).unwrap().map;
    assert!(apart(&read, &map) < 1e-8, "{}", apart(&read, &map));
}

/// Size, spacing, origin and directions of the fields below, and the displacement at a voxel, as they were given to SimpleITK.
fn field_grid() -> Grid {
    Grid {
        dims: [4, 3, 2],
        origin_mm: [-6.0, -5.0, -3.0],
        axes_mm: [[0.0, 4.0, 0.0], [-5.0, 0.0, 0.0], [0.0, 0.0, 6.0]],
    }
}

fn displacement([i, j, k]: [usize; 3]) -> [f32; 3] {
    let [i, j, k] = [i, j, k].map(|n| n as f32);
    [i + 0.5, 10.0 * j - 3.0, 100.0 * k + 0.25 * i]
}

/// The headers that SimpleITK wrote for `Image([4, 3, 2], sitkVectorFloat32, 3)`; the vectors lie side by side.
const MHA: &str = "ObjectType = Image\nNDims = 3\nBinaryData = True\nBinaryDataByteOrderMSB = False\nCompressedData = False\nTransformMatrix = 0 1 0 -1 0 0 0 0 1\nOffset = -6 -5 -3\nCenterOfRotation = 0 0 0\nAnatomicalOrientation = ALI\nElementSpacing = 4 5 6\nDimSize = 4 3 2\nElementNumberOfChannels = 3\nElementType = MET_FLOAT\nElementDataFile = LOCAL\n";
const NRRD: &str = "NRRD0004\n# Complete NRRD file format specification at:\n# http://teem.sourceforge.net/nrrd/format.html\ntype: float\ndimension: 4\nspace: left-posterior-superior\nsizes: 3 4 3 2\nspace directions: none (0,4,0) (-5,0,0) (0,0,6)\nkinds: vector domain domain domain\nendian: little\nencoding: raw\nspace origin: (-6,-5,-3)\n\n";

fn field_bytes(header: &str) -> Vec<u8> {
    let grid = field_grid();
    let vectors = (0..grid.len()).flat_map(|n| displacement(grid.unlinear(n)));
    [header.as_bytes(), &vectors.flat_map(f32::to_le_bytes).collect::<Vec<u8>>()].concat()
}

#[test]
fn fields_of_simpleitk_are_read() {
    let inputs = Inputs::new();
    let write = |name: &str, bytes: &[u8]| std::fs::write(inputs.path(name), bytes).unwrap();
    write("f.mha", &field_bytes(MHA));
    write("f.mhd", MHA.replace("LOCAL", "f.raw").as_bytes());
    write("f.raw", &field_bytes(""));
    write("f.nrrd", &field_bytes(NRRD));
    for name in ["f.mha", "f.mhd", "f.nrrd"] {
        let read = read_vectors(&inputs.path(name), Default::default()).expect(name);
        for n in 0..field_grid().len() {
            let expected = displacement(field_grid().unlinear(n));
            assert_eq!([0, 1, 2].map(|c: usize| read[c].data[n]), expected, "{name}");
        }
        assert!(read.iter().all(|c| c.grid == field_grid()), "{name}: {:?}", read[0].grid);
    }
    // As an image it has no one value; as a field an image has no three.
    assert!(read_image(&inputs.path("f.mha"), None).is_err());
    let refused = |name: &str, bytes: &[u8], expected: &str| {
        write(name, bytes);
        let error = read_vectors(&inputs.path(name), Default::default()).expect_err(expected);
        assert!(error.to_string().contains(expected), "'{expected}' not in {error}");
    };
    let mha = |from: &str, to: &str| field_bytes(&MHA.replace(from, to));
    refused("a.mha", &mha("Channels = 3", "Channels = 2"), "ElementNumberOfChannels is 2");
    refused("b.mha", &mha("ElementNumberOfChannels = 3\n", ""), "ElementNumberOfChannels is 1");
    refused("c.mha", &field_bytes(MHA)[..500], "promises");
    let nrrd = |from: &str, to: &str| field_bytes(&NRRD.replace(from, to));
    refused("a.nrrd", &nrrd("left-posterior", "right-anterior"), "right-anterior-superior");
    let turned = "kinds: vector domain domain domain\nmeasurement frame: (0,1,0) (1,0,0) (0,0,1)";
    refused("b.nrrd", &nrrd("kinds: vector domain domain domain", turned), "measurement frame");
    let same = "kinds: vector domain domain domain\nmeasurement frame: (1,0,0) (0,1,0) (0,0,1)";
    write("c.nrrd", &nrrd("kinds: vector domain domain domain", same));
    assert!(read_vectors(&inputs.path("c.nrrd"), Default::default()).is_ok());
    refused("d.nrrd", &nrrd("sizes: 3 4 3 2", "sizes: 2 4 3 3"), "2 values in each voxel");
}

/// A constant displacement in each form moves an image as the shift does that it is.
#[test]
fn a_constant_field_is_a_shift() {
    let inputs = Inputs::new();
    let grid = cli_inputs::grid();
    let activity = (0..grid.len()).map(|n| 1.0 + (n % 7) as f32).collect();
    inputs.write("activity.mha", &Volume::new(grid.clone(), activity).unwrap());
    // By one voxel along x: both ways of moving look at the middles of voxels.
    write_itk_transform(&inputs.path("t.tfm"), &Affine::shift([4.0, 0.0, 0.0]), [0.0; 3]).unwrap();
    let sizes = |text: &str| text.replace("4 3 2", "2 2 2").replace("-5,0,0", "-50,0,0");
    let eight = [4.0_f32, 0.0, 0.0].into_iter().cycle().take(24).flat_map(f32::to_le_bytes);
    let eight: Vec<u8> = eight.collect();
    let mha = sizes(MHA).replace("4 5 6", "50 50 50").replace("-6 -5 -3", "25 -25 -25");
    let nrrd = sizes(NRRD).replace("0,4,0", "0,50,0").replace("0,0,6", "0,0,50");
    let nrrd = nrrd.replace("(-6,-5,-3)", "(25,-25,-25)");
    std::fs::write(inputs.path("f.mha"), [mha.as_bytes(), &eight].concat()).unwrap();
    std::fs::write(inputs.path("f.nrrd"), [nrrd.as_bytes(), &eight].concat()).unwrap();
    let moved = |transform: &str, out: &str| {
        let of = ["register", "--apply", transform, "activity.mha", "--on", "activity.mha"];
        succeed(&inputs.run(&[&of[..], &["-o", out]].concat()));
        read_image(&inputs.path(out), None).unwrap().0.data
    };
    let truth = moved("t.tfm", "t.mha");
    for (field, out) in [("f.mha", "a.mha"), ("f.nrrd", "b.mha")] {
        let ours = moved(field, out);
        assert!(ours.iter().zip(&truth).all(|(a, b)| (a - b).abs() < 1e-4), "{field}");
    }
}
