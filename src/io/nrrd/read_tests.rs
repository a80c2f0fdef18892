use super::*;
use std::io::Write;

const HEAD: &str = "NRRD0004\n# a comment\ndimension: 3\nspace: right-anterior-superior\nsizes: 3 2 2\n\
                    space directions: (2,0,0) (0,3,0) (0,0,4)\nspace origin: (10,20,30)\nkinds: domain domain domain\n";

fn write(name: &str, parts: &[&[u8]]) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join(name);
    std::fs::write(&path, parts.concat()).expect("written");
    (folder, path)
}

fn gz(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(bytes).expect("memory");
    encoder.finish().expect("memory")
}

#[test]
fn every_encoding_gives_the_same_voxels_in_lps() {
    let values: Vec<i16> = (0..12).map(|n| n * 100 - 300).collect();
    let big: Vec<u8> = values.iter().flat_map(|v| v.to_be_bytes()).collect();
    let little: Vec<u8> = values.iter().flat_map(|v| v.to_le_bytes()).collect();
    let text: String = values.iter().map(|v| format!("{v}\n")).collect();
    let header = |more: &str| format!("{HEAD}type: short\n{more}\n\n");
    let cases: [(String, Vec<u8>); 4] = [
        (header("encoding: raw\nendian: big"), big),
        (header("encoding: gzip\nendian: little"), gz(&little)),
        (header("encoding: ascii"), text.into_bytes()),
        (
            header("encoding: raw\nendian: little\nbyte skip: -1"),
            [b"junk".to_vec(), little].concat(),
        ),
    ];
    for (header, data) in &cases {
        let (_folder, path) = write("a.nrrd", &[header.as_bytes(), data]);
        let nrrd = read_nrrd(&path).unwrap_or_else(|e| panic!("{header}: {e}"));
        let expected: Vec<f32> = values.iter().map(|v| f32::from(*v)).collect();
        assert_eq!(nrrd.data, expected, "{header}");
        assert_eq!(nrrd.grid.origin_mm, [-10.0, -20.0, 30.0]);
        assert_eq!(nrrd.grid.axes_mm, [[-2.0, 0.0, 0.0], [0.0, -3.0, 0.0], [0.0, 0.0, 4.0]]);
    }
}

#[test]
fn a_detached_header_finds_its_values() {
    let header = format!("{HEAD}type: uchar\nencoding: raw\ndata file: voxels.raw\n");
    let (folder, path) = write("a.nhdr", &[header.as_bytes()]);
    std::fs::write(folder.path().join("voxels.raw"), [7; 12]).expect("written");
    let nrrd = read_nrrd(&path).expect("good");
    assert_eq!((nrrd.data, nrrd.files.len()), (vec![7.0; 12], 2));
    std::fs::write(folder.path().join("voxels.raw"), [7; 11]).expect("written");
    let error = read_nrrd(&path).expect_err("short").to_string();
    assert!(error.contains("promises 12 bytes of values, 11 are there"), "{error}");
}

#[test]
fn segments_have_layers_names_and_colours() {
    let header = "NRRD0004\ndimension: 4\nspace: left-posterior-superior\nsizes: 2 3 1 1\nspace directions: none (2,0,0) (0,3,0) (0,0,4)\n\
                  space origin: (0,0,0)\nkinds: list domain domain domain\ntype: uchar\nencoding: raw\nSegment0_ID:=Segment_1\n\
                  Segment0_Name:=liver, right\nSegment0_LabelValue:=1\nSegment0_Layer:=0\nSegment0_Color:=1 0.5 0\nSegment1_Name:=lesion\n\
                  Segment1_LabelValue:=4\nSegment1_Layer:=1\nSegment2_Name:=empty\nSegment2_LabelValue:=9\nSegment2_Layer:=1\n\n";
    // Layers side by side: the lesion lies in the liver.
    let (_folder, path) = write("a.seg.nrrd", &[header.as_bytes(), &[1, 0, 1, 4, 0, 4]]);
    let (set, nrrd) = super::super::read_nrrd_regions(&path, &BTreeMap::new()).expect("good");
    let named: Vec<(&str, &[u32])> =
        set.regions.iter().map(|r| (r.name.as_str(), r.voxels.as_slice())).collect();
    assert_eq!(named, [("liver, right", &[0, 1][..]), ("lesion", &[1, 2][..]), ("empty", &[][..])]);
    assert_eq!(set.regions[0].colour, Some([255, 128, 0]));
    assert_eq!((set.regions[1].label, nrrd.layers), (4, 2));
}

/// Slicer numbers the segments of each layer from 1: two of one name have one label too. Two of one layer and label are one, and refused.
#[test]
fn segments_of_one_name_and_label_are_told_apart() {
    let header = |layer: usize| {
        format!(
            "NRRD0004\ndimension: 4\nspace: left-posterior-superior\nsizes: 2 3 1 1\nspace directions: none (2,0,0) (0,3,0) (0,0,4)\n\
             space origin: (0,0,0)\nkinds: list domain domain domain\ntype: uchar\nencoding: raw\nSegment0_Name:=A\nSegment0_LabelValue:=1\n\
             Segment0_Layer:=0\nSegment1_Name:=A\nSegment1_LabelValue:=1\nSegment1_Layer:={layer}\n\n"
        )
    };
    let (_folder, path) = write("a.seg.nrrd", &[header(1).as_bytes(), &[1, 0, 1, 1, 0, 1]]);
    let read = crate::io::read_regions(&path, None, &crate::io::RegionOptions::default());
    let read = read.expect("good");
    let named: Vec<(&str, f64)> = read.facts.iter().map(|f| (f.name.as_str(), f.file_ml)).collect();
    assert_eq!(named, [("A (label 1)", 0.048), ("A (label 1) #2", 0.048)]);
    let (_folder, path) = write("a.seg.nrrd", &[header(0).as_bytes(), &[1, 0, 1, 1, 0, 1]]);
    let error = super::super::read_nrrd_regions(&path, &BTreeMap::new()).expect_err("one label");
    assert!(error.to_string().contains("LabelValue 1 in layer 0"), "{error}");
}

#[test]
fn voxels_that_sizes_do_not_promise_are_told() {
    let header = format!("{HEAD}type: uchar\nencoding: raw\n\n");
    let (_folder, path) = write("a.nrrd", &[header.as_bytes(), &[7; 14]]);
    let notes = read_nrrd(&path).expect("good").notes;
    assert!(notes[0].starts_with("WARNING: 2 bytes behind"), "{notes:?}");
}

#[test]
fn what_places_no_voxels_is_refused() {
    let whole = format!("{HEAD}type: uchar\nencoding: raw\n\n");
    let with = |from: &str, to: &str| whole.replace(from, to);
    for (header, said) in [
        (with("NRRD0004", "NRRX"), "does not start with NRRD000"),
        (with("space: right-anterior-superior\n", ""), "no field 'space'"),
        (with("right-anterior-superior", "scanner-xyz"), "scanner-xyz"),
        (with("sizes: 3 2 2", "sizes: 3 2"), "dimension is"),
        (with("sizes: 3 2 2", "sizes: 3 2 99999999999"), "a grid of"),
        (with("sizes: 3 2 2", "sizes: 300 200 200"), "12 are there"),
        (with("(2,0,0) (0,3,0)", "(2,0,0) none"), "space directions"),
        (with("(2,0,0) (0,3,0)", "(2,0,0) (2,0,0)"), "span no volume"),
        (with("space origin: (10,20,30)", "space origin: (10,nan,30)"), "positions must be finite"),
        (with("encoding: raw", "encoding: bzip2"), "bzip2"),
        (with("type: uchar", "type: block"), "block"),
        (with("type: uchar", "type: double"), "endian"),
        (with("encoding: raw", "encoding: raw\ndata file: LIST"), "LIST"),
        (with("encoding: raw", "encoding: raw\nline skip: 3"), "line skip"),
        (with("encoding: raw", "encoding: ascii"), "12 are there"),
    ] {
        let (_folder, path) = write("a.nrrd", &[header.as_bytes(), &[b'x'; 12]]);
        let error = read_nrrd(&path).expect_err(said).to_string();
        assert!(error.contains(said), "{said}: {error}");
    }
}
