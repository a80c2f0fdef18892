//! DICOM objects that are written: read back element by element, and by this crate's own readers.

#[allow(dead_code, reason = "shared with other tests")]
mod cli_inputs;
#[allow(dead_code, reason = "shared with other tests")]
#[path = "dicom/writer.rs"]
mod writer;

use std::path::Path;

use cli_inputs::{Inputs, block, grid, json, stderr, succeed};
use dicom_core::Tag;
use dicom_dictionary_std::tags;
use dicom_object::{DefaultDicomObject, InMemDicomObject, open_file};
use voxgray::image::{Grid, Region, RegionSet, Volume};
use voxgray::io::dicom::write::{
    Author, DoseBits, DoseContent, DoseType, Equipment, MapContent, MapQuantity, Reference,
    Summation, UidRoot, parametric_map, read_reference, rt_dose, rt_plan, segmentation,
    structure_set,
};
use voxgray::io::{RegionOptions, read_regions};
use writer::{DataSet, EXPLICIT_LITTLE};

const FRAME: &str = "1.2.826.0.1.1";
const SERIES: &str = "1.2.826.0.1.2";
const NAME: &str = "Müller^Ægir=山田^太郎";

/// A CT slice on the grid of the inputs: 0 HU.
fn slice(k: usize, patient: &str, frame: &str) -> DataSet {
    let edge = grid().dims[0];
    let z = grid().origin_mm[2] + 4.0 * k as f64;
    DataSet::default()
        .text((0x0008, 0x0005), "CS", "ISO_IR 192")
        .text((0x0008, 0x0016), "UI", "1.2.840.10008.5.1.4.1.1.2")
        .text((0x0008, 0x0018), "UI", &format!("1.2.826.0.1.3.{}", k + 1))
        .text((0x0008, 0x0020), "DA", "20260102")
        .text((0x0008, 0x0022), "DA", "20260103")
        .text((0x0008, 0x0030), "TM", "101500")
        .text((0x0008, 0x0032), "TM", "112233.5")
        .text((0x0008, 0x0060), "CS", "CT")
        .text((0x0010, 0x0010), "PN", NAME)
        .text((0x0010, 0x0020), "LO", patient)
        .text((0x0010, 0x0040), "CS", "F")
        .text((0x0020, 0x000D), "UI", "1.2.826.0.1.4")
        .text((0x0020, 0x000E), "UI", SERIES)
        .text((0x0020, 0x0010), "SH", "S1")
        .text((0x0020, 0x0052), "UI", frame)
        .ds((0x0020, 0x0032), &[grid().origin_mm[0], grid().origin_mm[1], z])
        .ds((0x0020, 0x0037), &[1.0, 0.0, 0.0, 0.0, 1.0, 0.0])
        .us((0x0028, 0x0002), &[1])
        .us((0x0028, 0x0010), &[edge as u16])
        .us((0x0028, 0x0011), &[edge as u16])
        .ds((0x0028, 0x0030), &[4.0, 4.0])
        .us((0x0028, 0x0100), &[16])
        .us((0x0028, 0x0101), &[16])
        .us((0x0028, 0x0102), &[15])
        .us((0x0028, 0x0103), &[1])
        .ds((0x0028, 0x1052), &[0.0])
        .ds((0x0028, 0x1053), &[1.0])
        .pixels(&vec![0; edge * edge])
}

fn write_ct(folder: &Path, patient: &str, frame: &str) {
    std::fs::create_dir_all(folder).unwrap();
    for k in 0..grid().dims[2] {
        let bytes = slice(k, patient, frame).file(EXPLICIT_LITTLE);
        std::fs::write(folder.join(format!("{k}.dcm")), bytes).unwrap();
    }
}

/// A CT in DICOM, and a run of electrons on it in Gy or Gy/s.
fn finished(inputs: &Inputs, unit: &str) {
    write_ct(&inputs.path("ct"), "P1", FRAME);
    inputs.write("activity.mha", &block(&grid(), 1e6, 1e3));
    let arguments = [
        "dose",
        "--ct",
        "ct",
        "--activity",
        "activity.mha",
        "--nuclide",
        "Y-90",
        "--engine",
        "cpu",
        "--histories",
        "2000",
        "--activity-unit",
        unit,
        "--voi",
        "voi.mha",
        "--voi-names",
        "names.csv",
        "-o",
        "dose",
        "--accept",
        "unit",
    ];
    succeed(&inputs.run(&arguments));
}

fn reference_of(folder: &Path) -> Reference {
    read_reference(&[folder.to_path_buf()], None, &[]).expect("a reference")
}

fn author(reference: &Reference) -> Author<'_> {
    let equipment = Equipment { name: "voxgray".into(), version: "test".into(), build: "0".into() };
    let uid_root = UidRoot::default();
    Author { reference, equipment, uid_root, stated_time: None, made_from_reference: true }
}

fn text(object: &InMemDicomObject, tag: Tag) -> String {
    object.element(tag).expect("there").to_str().expect("text").trim_end_matches([' ', '\0']).into()
}

fn numbers(object: &InMemDicomObject, tag: Tag) -> Vec<f64> {
    object.element(tag).expect("there").to_multi_float64().expect("numbers")
}

fn first(object: &InMemDicomObject, tag: Tag) -> &InMemDicomObject {
    &object.element(tag).expect("there").items().expect("items")[0]
}

/// Index (column, row, frame) to mm, by the attributes of an RT Dose.
fn dose_grid(object: &DefaultDicomObject) -> Grid {
    let count = |tag| object.element(tag).unwrap().to_int::<usize>().unwrap();
    let position = numbers(object, tags::IMAGE_POSITION_PATIENT);
    let o = numbers(object, tags::IMAGE_ORIENTATION_PATIENT);
    let spacing = numbers(object, tags::PIXEL_SPACING);
    let offsets = numbers(object, tags::GRID_FRAME_OFFSET_VECTOR);
    assert_eq!(offsets[0], 0.0);
    let step = offsets.get(1).copied().unwrap_or(1.0);
    for (k, offset) in offsets.iter().enumerate() {
        assert!((offset - k as f64 * step).abs() < 1e-9);
    }
    let (u, v) = ([o[0], o[1], o[2]], [o[3], o[4], o[5]]);
    let n = [u[1] * v[2] - u[2] * v[1], u[2] * v[0] - u[0] * v[2], u[0] * v[1] - u[1] * v[0]];
    let dot = |a: [f64; 3], b: [f64; 3]| (0..3).map(|c| a[c] * b[c]).sum::<f64>();
    assert!(dot(u, v).abs() < 1e-12 && (dot(u, u) - 1.0).abs() < 1e-12, "{o:?}");
    Grid {
        dims: [count(tags::COLUMNS), count(tags::ROWS), count(tags::NUMBER_OF_FRAMES)],
        origin_mm: [position[0], position[1], position[2]],
        axes_mm: [u.map(|c| c * spacing[1]), v.map(|c| c * spacing[0]), n.map(|c| c * step)],
    }
}

fn stored(object: &DefaultDicomObject) -> Vec<u32> {
    let bytes = object.element(tags::PIXEL_DATA).unwrap().to_bytes().unwrap();
    match object.element(tags::BITS_ALLOCATED).unwrap().to_int::<u16>().unwrap() {
        16 => bytes.chunks_exact(2).map(|b| u16::from_le_bytes([b[0], b[1]]).into()).collect(),
        _ => bytes.chunks_exact(4).map(|b| u32::from_le_bytes([b[0], b[1], b[2], b[3]])).collect(),
    }
}

/// An oblique grid, and its mirror image.
fn oblique(mirrored: bool) -> Volume<f32> {
    let (s, c) = 0.35_f64.sin_cos();
    let sign = if mirrored { -1.0 } else { 1.0 };
    let grid = Grid {
        dims: [5, 4, 7],
        origin_mm: [-12.25, 31.5, -7.125],
        // i runs along S, j and k askew in the transversal plane.
        axes_mm: [
            [0.0, 0.0, -2.5],
            [-3.0 * s, 3.0 * c, 0.0],
            [sign * 2.0 * c, sign * 2.0 * s, 0.0],
        ],
    };
    let data = (0..grid.len()).map(|n| 1.0 / (1.0 + n as f32)).collect();
    Volume::new(grid, data).unwrap()
}

#[test]
fn oblique_and_mirrored_doses_keep_place_and_value() {
    let folder = tempfile::tempdir().unwrap();
    write_ct(&folder.path().join("ct"), "P1", FRAME);
    let reference = reference_of(&folder.path().join("ct"));
    let author = author(&reference);
    for (mirrored, bits) in
        [(false, DoseBits::Sixteen), (true, DoseBits::Sixteen), (true, DoseBits::ThirtyTwo)]
    {
        let own = oblique(mirrored);
        let dose = own.in_order(&own.grid.order_along(reference.directions()));
        let content = DoseContent {
            dose: &dose,
            dose_type: DoseType::Physical,
            bits,
            description: "test",
            comment: "",
            series_number: 1,
        };
        let path = folder.path().join("dose.dcm");
        rt_dose(&author, &content, Summation::PlanOverview).unwrap().write(&path).unwrap();
        let object = open_file(&path).unwrap();
        let (grid, stored) = (dose_grid(&object), stored(&object));
        let scaling = numbers(&object, tags::DOSE_GRID_SCALING)[0];
        let most = if bits == DoseBits::Sixteen { 65535.0 } else { f64::from(i32::MAX) };
        assert!((scaling * most - 1.0).abs() < 1e-9, "the largest dose is 1 Gy");
        assert_eq!(grid.len(), own.grid.len());
        for (n, value) in own.data.iter().enumerate() {
            let mm = own.grid.to_mm(own.grid.unlinear(n).map(|i| i as f64));
            let index = grid.to_index(mm).unwrap();
            let voxel = grid.voxel_at(mm).unwrap().expect("inside");
            let off = (0..3).map(|a| (index[a] - voxel[a] as f64).abs()).fold(0.0, f64::max);
            assert!(off < 1e-6, "{off} voxels beside");
            let read = f64::from(stored[grid.linear(voxel)]) * scaling;
            assert!(
                (read - f64::from(*value)).abs() <= 0.5 * scaling * (1.0 + 1e-6),
                "{read} {value}"
            );
        }
    }
    let mut bad = oblique(false);
    let as_given = |dose: &Volume<f32>| {
        let content = DoseContent {
            dose,
            dose_type: DoseType::Physical,
            bits: DoseBits::Sixteen,
            description: "",
            comment: "",
            series_number: 1,
        };
        rt_dose(&author, &content, Summation::PlanOverview)
    };
    for value in [-1e-9, f32::NAN] {
        bad.data[3] = value;
        let error = as_given(&bad.in_order(&bad.grid.order_along(reference.directions())));
        assert!(error.expect_err("refused").to_string().contains("not negative"));
    }
}

#[test]
fn patient_study_and_frame_are_the_references_and_uids_new() {
    let folder = tempfile::tempdir().unwrap();
    write_ct(&folder.path().join("ct"), "P1", FRAME);
    let reference = reference_of(&folder.path().join("ct"));
    let author = author(&reference);
    let dose = block(&grid(), 2.0, 0.5);
    let content = DoseContent {
        dose: &dose,
        dose_type: DoseType::Effective,
        bits: DoseBits::ThirtyTwo,
        description: "BED",
        comment: "",
        series_number: 1,
    };
    let plan = rt_plan(&author, "voxgray", 2).unwrap();
    let made = rt_dose(&author, &content, Summation::Plan(&plan)).unwrap();
    let (instance, plan_uid) = (made.instance_uid.clone(), plan.instance_uid.clone());
    let path = folder.path().join("dose.dcm");
    made.write(&path).unwrap();
    plan.write(&folder.path().join("plan.dcm")).unwrap();
    let object = open_file(&path).unwrap();
    for (tag, value) in [
        (tags::SPECIFIC_CHARACTER_SET, "ISO_IR 192"),
        (tags::PATIENT_NAME, NAME),
        (tags::PATIENT_ID, "P1"),
        (tags::PATIENT_SEX, "F"),
        (tags::PATIENT_BIRTH_DATE, ""),
        (tags::STUDY_INSTANCE_UID, "1.2.826.0.1.4"),
        (tags::STUDY_DATE, "20260102"),
        (tags::STUDY_TIME, "101500"),
        (tags::STUDY_ID, "S1"),
        (tags::ACCESSION_NUMBER, ""),
        (tags::FRAME_OF_REFERENCE_UID, FRAME),
        (tags::POSITION_REFERENCE_INDICATOR, ""),
        (tags::MODALITY, "RTDOSE"),
        (tags::DOSE_UNITS, "GY"),
        (tags::DOSE_TYPE, "EFFECTIVE"),
        (tags::DOSE_SUMMATION_TYPE, "PLAN"),
        (tags::MANUFACTURER, "voxgray"),
        (tags::SOP_INSTANCE_UID, &instance),
    ] {
        assert_eq!(text(&object, tag), value, "{tag}");
    }
    assert!(instance.starts_with("2.25.") && text(&object, tags::SERIES_INSTANCE_UID) != SERIES);
    let referenced = first(&object, tags::REFERENCED_RT_PLAN_SEQUENCE);
    assert_eq!(text(referenced, tags::REFERENCED_SOP_INSTANCE_UID), plan_uid);
    assert_eq!(
        text(&open_file(folder.path().join("plan.dcm")).unwrap(), tags::SOP_INSTANCE_UID),
        plan_uid
    );
    // Another dose is another object, the same the same.
    let other = block(&grid(), 2.0, 0.6);
    let again = rt_dose(&author, &content, Summation::PlanOverview).unwrap();
    let changed = DoseContent { dose: &other, ..content };
    let changed = rt_dose(&author, &changed, Summation::PlanOverview).unwrap();
    let once_more = rt_dose(&author, &content, Summation::PlanOverview).unwrap();
    assert_eq!(again.instance_uid, once_more.instance_uid);
    assert_ne!(again.instance_uid, changed.instance_uid);
}

#[test]
fn parametric_maps_hold_values_units_and_places() {
    let folder = tempfile::tempdir().unwrap();
    write_ct(&folder.path().join("ct"), "P1", FRAME);
    let reference = reference_of(&folder.path().join("ct"));
    let author = author(&reference);
    let mut own = oblique(true);
    own.data[17] = f32::NAN;
    let map = own.in_order(&own.grid.order_along(reference.directions()));
    for (quantity, unit) in [
        (MapQuantity::DoseRate, "Gy/s"),
        (MapQuantity::DoseStandardError, "Gy"),
        (MapQuantity::DoseRateStandardError, "Gy/s"),
        (MapQuantity::TimeIntegratedActivity, "Bq.s/mL"),
    ] {
        let content = MapContent { map: &map, quantity, description: "test", series_number: 1 };
        let path = folder.path().join("map.dcm");
        parametric_map(&author, &content).unwrap().write(&path).unwrap();
        let object = open_file(&path).unwrap();
        assert_eq!(text(&object, tags::CONTENT_QUALIFICATION), "RESEARCH");
        // That of the acquisition, where none is stated.
        assert_eq!(text(&object, tags::CONTENT_DATE), "20260103");
        let bytes = object.element(tags::FLOAT_PIXEL_DATA).unwrap().to_bytes().unwrap();
        let values: Vec<f32> =
            bytes.chunks_exact(4).map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]])).collect();
        let same = |(a, b): (&f32, &f32)| a.to_bits() == b.to_bits() || a.is_nan() && b.is_nan();
        assert!(values.len() == map.data.len() && values.iter().zip(&map.data).all(same));
        let shared = first(&object, tags::SHARED_FUNCTIONAL_GROUPS_SEQUENCE);
        let real_world = first(shared, tags::REAL_WORLD_VALUE_MAPPING_SEQUENCE);
        let units = first(real_world, tags::MEASUREMENT_UNITS_CODE_SEQUENCE);
        assert_eq!(
            (text(units, tags::CODE_VALUE), text(units, tags::CODING_SCHEME_DESIGNATOR)),
            (unit.into(), "UCUM".into())
        );
        assert!(real_world.element(tags::QUANTITY_DEFINITION_SEQUENCE).is_ok());
        let frames = object.element(tags::PER_FRAME_FUNCTIONAL_GROUPS_SEQUENCE).unwrap();
        let frames = frames.items().unwrap();
        assert_eq!(frames.len(), map.grid.dims[2]);
        for (k, frame) in frames.iter().enumerate() {
            let position =
                numbers(first(frame, tags::PLANE_POSITION_SEQUENCE), tags::IMAGE_POSITION_PATIENT);
            let truth = map.grid.to_mm([0.0, 0.0, k as f64]);
            assert!(
                (0..3).all(|c| (position[c] - truth[c]).abs() < 1e-9),
                "{position:?} {truth:?}"
            );
        }
    }
}

/// Two regions that overlap, one with a hole and parts, on a grid.
fn regions(grid: &Grid) -> RegionSet {
    let region = |label, name: &str, inside: &dyn Fn([usize; 3]) -> bool| {
        let voxels: Vec<u32> =
            (0..grid.len() as u32).filter(|v| inside(grid.unlinear(*v as usize))).collect();
        let shares = vec![1.0; voxels.len()];
        let colour = Some([255, 128, 0]);
        Region { label, name: name.into(), origin: "test".into(), colour, voxels, shares }
    };
    let ring = |[i, j, k]: [usize; 3]| {
        k < 3 && i < 4 && j < 4 && !((1..3).contains(&i) && j == 2) || k == 4
    };
    RegionSet {
        grid: grid.clone(),
        regions: vec![
            region(1, "Leber, größere", &ring),
            region(2, "core", &|[i, j, k]| {
                (2..4).contains(&i) && (2..4).contains(&j) && (1..3).contains(&k)
            }),
        ],
    }
}

#[test]
fn regions_come_back_voxel_by_voxel() {
    let folder = tempfile::tempdir().unwrap();
    write_ct(&folder.path().join("ct"), "P1", FRAME);
    let reference = reference_of(&folder.path().join("ct"));
    let author = author(&reference);
    let mirrored = Grid { axes_mm: [[4.0, 0.0, 0.0], [0.0, -4.0, 0.0], [0.0, 0.0, 4.0]], ..grid() };
    for own in [grid(), mirrored, oblique(true).grid] {
        let set = regions(&own);
        let path = folder.path().join("regions.dcm");
        let options =
            RegionOptions { frame_of_reference: Some(FRAME.into()), ..RegionOptions::default() };
        for kind in ["binary", "fractional", "contours"] {
            let object = match kind {
                "contours" => {
                    let (object, notes) = structure_set(&author, &set, 3).unwrap();
                    // Slice 3 of the first is empty, which contours cannot say of its neighbours' thickness: the gap is one slice wide.
                    assert!(notes.is_empty(), "{notes:?}");
                    object
                }
                _ => segmentation(&author, &set, kind == "fractional", 3).unwrap(),
            };
            object.write(&path).unwrap();
            let back = read_regions(&path, Some(&own), &options).expect(kind);
            for (a, b) in set.regions.iter().zip(&back.set.regions) {
                assert_eq!(a.name, b.name);
                assert_eq!(a.voxels, b.voxels, "{kind} {}", a.name);
                assert!(b.shares.iter().all(|s| (s - 1.0).abs() < 1e-6), "{kind}");
                assert!((set.volume_ml(a) / back.set.volume_ml(b) - 1.0).abs() < 1e-6);
            }
            if kind == "contours" {
                assert_eq!(back.set.regions[0].colour, Some([255, 128, 0]));
            }
        }
    }
    // Every second slice: contours would be read twice as thick, and that is told; a segmentation keeps it.
    let mut set = regions(&grid());
    let area = 36;
    set.regions[0].voxels.retain(|v| v / area % 2 == 0);
    let kept = set.regions[0].voxels.len();
    set.regions[0].shares.truncate(kept);
    let (_, notes) = structure_set(&author, &set, 3).unwrap();
    assert!(notes.iter().any(|n| n.contains("not neighbours")), "{notes:?}");
    // Shares, to 1 in 255.
    set.regions[0].shares.iter_mut().for_each(|s| *s = 0.3);
    let path = folder.path().join("shares.dcm");
    segmentation(&author, &set, true, 3).unwrap().write(&path).unwrap();
    let back = read_regions(&path, Some(&grid()), &RegionOptions::default()).unwrap();
    assert!(back.set.regions[0].shares.iter().all(|s| (s - 0.3).abs() <= 0.5 / 255.0 + 1e-6));
}

#[test]
fn a_finished_run_becomes_objects_that_are_the_same_every_time() {
    let inputs = Inputs::new();
    finished(&inputs, "Bq*s/mL");
    for out in ["a", "b"] {
        succeed(&inputs.run(&["dicom", "dose", "--reference", "ct", "-o", out]));
    }
    for name in ["RTDOSE_dose.dcm", "PM_dose_standard_error.dcm", "SR_vois.dcm"] {
        let [a, b] = ["a", "b"].map(|f| std::fs::read(inputs.path(f).join(name)).expect(name));
        assert!(a == b, "{name} differs");
    }
    let object = open_file(inputs.path("a/RTDOSE_dose.dcm")).unwrap();
    assert_eq!(text(&object, tags::DOSE_SUMMATION_TYPE), "PLAN_OVERVIEW");
    assert_eq!(text(&object, tags::PATIENT_NAME), NAME);
    let (dose, _) = voxgray::io::read_nifti(&inputs.path("dose/dose.nii.gz"), None).unwrap();
    let scaling = numbers(&object, tags::DOSE_GRID_SCALING)[0];
    assert!(dose_grid(&object).same_geometry(&dose.grid, 1e-5));
    for (s, d) in stored(&object).iter().zip(&dose.data) {
        assert!((f64::from(*s) * scaling - f64::from(*d)).abs() <= 0.5 * scaling * (1.0 + 1e-6));
    }
    // The report says what the summary says.
    let report = open_file(inputs.path("a/SR_vois.dcm")).unwrap();
    let vois = json(&inputs.path("dose/summary.json"))["vois"].clone();
    let items = |object: &InMemDicomObject| {
        object.element(tags::CONTENT_SEQUENCE).unwrap().items().unwrap().to_vec()
    };
    let groups = items(items(&report).last().unwrap());
    assert_eq!(groups.len(), 2);
    for (group, voi) in groups.iter().zip(vois.as_array().unwrap()) {
        let group = items(group);
        assert_eq!(text(&group[0], tags::TEXT_VALUE), voi["name"].as_str().unwrap());
        let value = |code: &str| {
            let named = |i: &&InMemDicomObject| {
                text(first(i, tags::CONCEPT_NAME_CODE_SEQUENCE), tags::CODE_VALUE) == code
            };
            let item = group.iter().find(named).unwrap_or_else(|| panic!("no {code}"));
            numbers(first(item, tags::MEASURED_VALUE_SEQUENCE), tags::FLOATING_POINT_VALUE)[0]
        };
        for (code, key) in [
            ("MEAN_DOSE", "mean_dose"),
            ("MEAN_DOSE_SE", "standard_error"),
            ("118565006", "volume_cm3"),
            ("118538004", "mass_g"),
            ("TIA", "activity"),
        ] {
            assert_eq!(value(code), voi[key].as_f64().unwrap(), "{code}");
        }
    }
    // What is there is not replaced unless it is ours and asked for.
    let again = inputs.run(&["dicom", "dose", "--reference", "ct", "-o", "a"]);
    assert_eq!(again.status.code(), Some(4), "{}", stderr(&again));
    std::fs::write(inputs.path("a/mine.txt"), "x").unwrap();
    succeed(&inputs.run(&[
        "dicom",
        "dose",
        "--reference",
        "ct",
        "-o",
        "a",
        "--overwrite",
        "--only",
        "pm",
    ]));
    assert!(!inputs.path("a/RTDOSE_dose.dcm").exists() && inputs.path("a/mine.txt").exists());
    // On the reference's grid, with a plan.
    let more = [
        "--grid",
        "reference",
        "--bits",
        "16",
        "--summation",
        "plan",
        "--uid-root",
        "1.2.3.4",
        "--date",
        "2026-11-29T10:00",
    ];
    succeed(&inputs.run(&[&["dicom", "dose", "--reference", "ct", "-o", "c"][..], &more].concat()));
    let object = open_file(inputs.path("c/RTDOSE_dose.dcm")).unwrap();
    assert!(dose_grid(&object).same_geometry(&grid(), 1e-6));
    assert!(text(&object, tags::SOP_INSTANCE_UID).starts_with("1.2.3.4."));
    let map = open_file(inputs.path("c/PM_dose_standard_error.dcm")).unwrap();
    assert_eq!(
        (text(&map, tags::CONTENT_DATE), text(&map, tags::CONTENT_TIME)),
        ("20261129".into(), "100000".into())
    );
    assert!(inputs.path("c/RTPLAN.dcm").exists());
}

#[test]
fn a_bed_is_an_effective_dose() {
    let inputs = Inputs::new();
    finished(&inputs, "Bq*s/mL");
    let bed = [
        "bed",
        "dose",
        "--voi",
        "voi.mha",
        "--voi-names",
        "names.csv",
        "--alpha-beta",
        "10Gy",
        "--repair",
        "1.5h",
        "--half-life",
        "60h",
        "-o",
        "bed",
    ];
    succeed(&inputs.run(&bed));
    succeed(&inputs.run(&["dicom", "dose", "--reference", "ct", "--bed", "bed", "-o", "x"]));
    let object = open_file(inputs.path("x/RTDOSE_bed.dcm")).unwrap();
    assert_eq!(text(&object, tags::DOSE_TYPE), "EFFECTIVE");
    assert!(text(&object, tags::DOSE_COMMENT).contains("0 outside of its VOIs"));
    let (map, _) = voxgray::io::read_nifti(&inputs.path("bed/bed.nii.gz"), None).unwrap();
    let scaling = numbers(&object, tags::DOSE_GRID_SCALING)[0];
    for (s, b) in stored(&object).iter().zip(&map.data) {
        let b = if b.is_nan() { 0.0 } else { f64::from(*b) };
        assert!((f64::from(*s) * scaling - b).abs() <= 0.5 * scaling * (1.0 + 1e-6));
    }
    // The physical dose stays physical.
    let object = open_file(inputs.path("x/RTDOSE_dose.dcm")).unwrap();
    assert_eq!(text(&object, tags::DOSE_TYPE), "PHYSICAL");
}

#[test]
fn regions_are_written_by_voi() {
    let inputs = Inputs::new();
    write_ct(&inputs.path("ct"), "P1", FRAME);
    let base = ["voi", "voi.mha", "--names", "names.csv"];
    for form in ["seg", "seg-fractional", "rtstruct"] {
        let out = format!("{form}.dcm");
        let write = ["--reference", "ct", "--as", form, "-o", &out];
        succeed(&inputs.run(&[&base[..], &write].concat()));
        let read = inputs.run(&["voi", &out, "--on", "ct", "--json"]);
        succeed(&read);
        let list: serde_json::Value = serde_json::from_slice(&read.stdout).unwrap();
        for (row, (name, voxels)) in
            list["regions"].as_array().unwrap().iter().zip([("core", 8.0), ("shell", 208.0)])
        {
            assert_eq!(row["name"], name);
            let volume = row["volume_ml"].as_f64().unwrap();
            assert!((volume / (0.064 * voxels) - 1.0).abs() < 1e-6, "{form} {name} {volume}");
        }
        let again = inputs.run(&[&base[..], &write].concat());
        assert_eq!(again.status.code(), Some(4), "nothing is replaced: {}", stderr(&again));
    }
    let bare = inputs.run(&[&base[..], &["-o", "x.dcm"]].concat());
    assert!(!bare.status.success() && stderr(&bare).contains("--as seg"), "{}", stderr(&bare));
    write_ct(&inputs.path("other"), "P1", "1.2.3");
    let other =
        inputs.run(&["voi", "seg.dcm", "--reference", "other", "--as", "rtstruct", "-o", "y.dcm"]);
    assert!(stderr(&other).contains("FrameOfReferenceUID"), "{}", stderr(&other));
}

#[test]
fn what_is_not_whole_or_not_of_the_patient_is_refused() {
    let inputs = Inputs::new();
    finished(&inputs, "Bq*s/mL");
    let refused = |reference: &str, more: &[&str], said: &str| {
        let arguments =
            [&["dicom", "dose", "--reference", reference, "-o", "x"][..], more].concat();
        let output = inputs.run(&arguments);
        assert!(!output.status.success(), "{said}");
        assert!(stderr(&output).contains(said), "{said}: {}", stderr(&output));
        assert!(!inputs.path("x/RTDOSE_dose.dcm").exists());
    };
    // Another frame of reference; the same series, but other files; no image.
    write_ct(&inputs.path("other"), "P1", "1.2.3");
    refused(
        "other",
        &["--accept", "files"],
        "FrameOfReferenceUID (0020,0052) of the reference is 1.2.3",
    );
    write_ct(&inputs.path("patient"), "P2", FRAME);
    refused("patient", &[], "not those that the run read");
    succeed(&inputs.run(&[
        "dicom",
        "dose",
        "--reference",
        "patient",
        "-o",
        "y",
        "--accept",
        "files",
    ]));
    std::fs::create_dir(inputs.path("empty")).unwrap();
    refused("empty", &[], "no CT, PT or NM image");
    refused("nowhere", &[], "nowhere");
    refused("ct", &["--uid-root", "1.02"], "without leading zeros");
    refused("ct", &["--reference-series", "1.2"], "there is no series 1.2");
    refused("ct", &["--bed", "ct"], "no folder of voxgray bed");
    let own = inputs.run(&["dicom", "dose", "--reference", "ct", "-o", "dose", "--overwrite"]);
    assert!(stderr(&own).contains("is read from"), "{}", stderr(&own));
    assert!(inputs.path("dose/dose.nii.gz").exists());
    refused("ct", &["--date", "2026-11-29T10:00+01:00"], "without an offset");
    for k in 0..grid().dims[2] {
        let dateless = slice(k, "P1", FRAME).without((0x0008, 0x0020)).without((0x0008, 0x0022));
        std::fs::create_dir_all(inputs.path("dateless")).unwrap();
        std::fs::write(
            inputs.path("dateless").join(format!("{k}.dcm")),
            dateless.file(EXPLICIT_LITTLE),
        )
        .unwrap();
    }
    refused("dateless", &["--accept", "files"], "Add --date");
    assert!(!inputs.path("x").exists());
    succeed(&inputs.run(&[
        "dicom",
        "dose",
        "--reference",
        "dateless",
        "--accept",
        "files",
        "--only",
        "rtdose",
        "-o",
        "z",
    ]));
    // A map that was changed, one that is gone, a run that was interrupted, a folder of something else.
    let map = inputs.path("dose/dose.nii.gz");
    let bytes = std::fs::read(&map).unwrap();
    std::fs::write(&map, &bytes[..bytes.len() - 1]).unwrap();
    refused("ct", &[], "dose.nii.gz was changed");
    std::fs::remove_file(&map).unwrap();
    refused("ct", &[], "dose.nii.gz is gone");
    std::fs::write(&map, &bytes).unwrap();
    let path = inputs.path("dose/summary.json");
    let mut summary = json(&path);
    summary["partial"] = true.into();
    std::fs::write(&path, summary.to_string()).unwrap();
    refused("ct", &[], "was interrupted");
    std::fs::remove_file(&path).unwrap();
    refused("ct", &[], "no summary.json");
}

#[test]
fn a_dose_rate_is_never_an_rt_dose() {
    let inputs = Inputs::new();
    finished(&inputs, "Bq/mL");
    let asked = inputs.run(&["dicom", "dose", "--reference", "ct", "-o", "x", "--only", "rtdose"]);
    assert_eq!(asked.status.code(), Some(3), "{}", stderr(&asked));
    assert!(stderr(&asked).contains("Gy/s") && !inputs.path("x").exists(), "{}", stderr(&asked));
    succeed(&inputs.run(&["dicom", "dose", "--reference", "ct", "-o", "x"]));
    assert!(!inputs.path("x/RTDOSE_dose_rate.dcm").exists());
    let object = open_file(inputs.path("x/PM_dose_rate.dcm")).unwrap();
    let shared = first(&object, tags::SHARED_FUNCTIONAL_GROUPS_SEQUENCE);
    let real_world = first(shared, tags::REAL_WORLD_VALUE_MAPPING_SEQUENCE);
    let unit = first(real_world, tags::MEASUREMENT_UNITS_CODE_SEQUENCE);
    assert_eq!(text(unit, tags::CODE_VALUE), "Gy/s");
}
