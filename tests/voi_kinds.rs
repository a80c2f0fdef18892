//! `dose --voi` takes what `voxgray voi` reads: the same VOI as a label map and as Slicer's segmentation gives the same numbers, and contours of a
//! plan their masses.

mod cli_inputs;
#[path = "support/shared.rs"]
mod shared;

use cli_inputs::{EDGE, Inputs, block, grid, json, stderr, succeed};

/// The middle voxels and the rest as a segmentation of Slicer, with names, in RAS as it writes them.
fn slicer(inputs: &Inputs, frame: &str) {
    let mut bytes = format!(
        "NRRD0004\ntype: unsigned char\ndimension: 3\nspace: {frame}\nsizes: {EDGE} {EDGE} {EDGE}\nspace directions: (-4,0,0) (0,-4,0) (0,0,4)\n\
         kinds: domain domain domain\nencoding: raw\nspace origin: (10,10,-10)\n\
         Segment0_ID:=a\nSegment0_Name:=core\nSegment0_LabelValue:=1\nSegment0_Layer:=0\n\
         Segment1_ID:=b\nSegment1_Name:=shell\nSegment1_LabelValue:=2\nSegment1_Layer:=0\n\n"
    )
    .into_bytes();
    bytes.extend(block(&grid(), 1.0, 2.0).data.iter().map(|v| *v as u8));
    std::fs::write(inputs.path("voi.seg.nrrd"), bytes).unwrap();
}

#[test]
fn a_segmentation_is_as_its_label_map() {
    let inputs = Inputs::new();
    slicer(&inputs, "right-anterior-superior");
    let run = |voi: &[&str], out: &str| {
        let job = [
            "dose",
            "--density",
            "density.mha",
            "--materials",
            "labels.mha",
            "--material-names",
            "water",
            "--activity",
            "activity.mha",
            "--nuclide",
            "Lu-177",
            "--histories",
            "5000",
            "--batches",
            "10",
            "--engine",
            "cpu",
            "-o",
            out,
        ];
        let output = inputs.run(&[&job[..], voi].concat());
        succeed(&output);
        json(&inputs.path(out).join("summary.json"))["vois"].clone()
    };
    let map = run(&["--voi", "voi.mha", "--voi-names", "names.csv"], "map");
    let segments = run(&["--voi", "voi.seg.nrrd"], "segments");
    assert_eq!(map, segments);
    assert_eq!(segments[0]["name"], "core");
    assert_eq!(segments[0]["voxels"], 8);
}

/// The breast plan of dicompyler: the heart's contours hold 440.2 cm3 (dicompyler-core 0.5.6).
#[test]
#[cfg_attr(not(shared_images), ignore = "needs ../shared/images")]
fn contours_of_a_plan_are_vois() {
    let inputs = Inputs::new();
    let plan = shared::image("rt_dicompyler/dicompyler_breast_boost");
    let structures = plan.join("rtss.dcm");
    let listed = inputs.run(&["voi", structures.to_str().unwrap(), "--json"]);
    succeed(&listed);
    let said = String::from_utf8(listed.stdout).unwrap();
    let list: serde_json::Value = serde_json::from_str(&said).unwrap();
    let heart = list["regions"].as_array().unwrap().iter().find(|r| r["name"] == "Heart").unwrap();
    let ml = heart["volume_ml"].as_f64().unwrap();
    assert!((ml / 440.2312 - 1.0).abs() < 0.01, "{ml}");
    // A table of names would be left out without a word.
    let named = inputs.run(&["voi", structures.to_str().unwrap(), "--names", "names.csv"]);
    assert_eq!(named.status.code(), Some(2));
    assert!(stderr(&named).contains("names of their own"), "{}", stderr(&named));
}
