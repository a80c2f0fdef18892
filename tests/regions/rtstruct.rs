use voxgray::Result;
use voxgray::image::Grid;
use voxgray::io::{ReadRegions, RegionOptions, read_regions};

use crate::objects::{FRAME, contour, square, structures};
use crate::writer::{DataSet, Scratch};

fn grid() -> Grid {
    Grid::aligned([40, 40, 20], [-20.0, -20.0, -9.0], [1.0, 1.0, 3.0])
}

fn read_with(object: &DataSet, on: Option<&Grid>, options: &RegionOptions) -> Result<ReadRegions> {
    let scratch = Scratch::with("rtstruct", std::slice::from_ref(object));
    read_regions(&scratch.path().join("0.dcm"), on, options)
}

fn read(object: &DataSet) -> Result<ReadRegions> {
    read_with(object, Some(&grid()), &RegionOptions::default())
}

/// Squares in planes 3 mm apart from 0 to 9 mm: 12 mm high with the caps.
fn tower(low: f64, high: f64) -> Vec<DataSet> {
    (0..4).map(|n| square(3.0 * f64::from(n), low, high)).collect()
}

#[test]
fn volumes_names_colours_and_holes() {
    let mut with_hole = tower(-5.25, 5.0);
    with_hole.push(square(3.0, -1.0, 1.5));
    let found =
        read(&structures(&[("Liver", tower(-5.25, 5.0)), ("Shell", with_hole)])).expect("good");
    let whole = 10.25_f64.powi(2) * 12.0 / 1000.0;
    for (n, truth) in [whole, whole - 2.5 * 2.5 * 3.0 / 1000.0].into_iter().enumerate() {
        let volume = found.set.volume_ml(&found.set.regions[n]);
        assert!((volume / truth - 1.0).abs() < 1e-6, "{volume} {truth}");
        assert!((found.facts[n].file_ml / truth - 1.0).abs() < 1e-9);
        assert_eq!(found.facts[n].outside, 0.0);
    }
    assert_eq!(found.set.regions[0].colour, Some([255, 128, 0]));
    assert!(
        found.facts[1].notes.iter().any(|n| n.contains("nested")),
        "{:?}",
        found.facts[1].notes
    );
    // Without an image, on a grid of their own.
    let object = structures(&[("Liver", tower(-5.25, 5.0)), ("Far", tower(30.0, 33.0))]);
    let own = read_with(&object, None, &RegionOptions::default()).expect("good");
    assert!((own.set.volume_ml(&own.set.regions[0]) / whole - 1.0).abs() < 1e-6);
    assert!((own.set.volume_ml(&own.set.regions[1]) - 0.108).abs() < 1e-6);
}

#[test]
fn other_frames_of_reference_are_refused_unless_it_is_said() {
    let object = structures(&[("Liver", tower(-5.0, 5.0))]);
    let of = |frame: &str, any_frame| {
        let options = RegionOptions {
            frame_of_reference: Some(frame.into()),
            any_frame,
            ..RegionOptions::default()
        };
        read_with(&object, Some(&grid()), &options)
    };
    assert!(of(FRAME, false).is_ok() && of("1.2.3", true).is_ok());
    let error = of("1.2.3", false).expect_err("another").to_string();
    for part in ["FrameOfReferenceUID", FRAME, "1.2.3", "--any-frame"] {
        assert!(error.contains(part), "{error}");
    }
}

#[test]
fn points_and_open_contours_are_told_and_not_lost() {
    let mut mixed = tower(-5.0, 5.0);
    mixed.push(contour("POINT", &[[1.0, 2.0, 3.0]]));
    mixed.push(contour("OPEN_NONPLANAR", &[[0.0; 3], [1.0; 3], [2.0, 3.0, 9.0]]));
    let point = vec![contour("POINT", &[[7.5, 8.5, 9.5]])];
    let object = structures(&[("Mixed", mixed), ("Isocentre", point), ("Empty", Vec::new())]);
    let found = read(&object).expect("good");
    assert_eq!(found.set.regions.len(), 1);
    let notes = found.notes.join("\n");
    for part in [
        "(7.5, 8.5, 9.5)",
        "'Isocentre' has no closed contour",
        "'Empty' has no closed",
        "1 OPEN_NONPLANAR, 1 POINT",
    ] {
        assert!(notes.contains(part), "{part}: {notes}");
    }
    let only = RegionOptions { only: vec!["Empty".into()], ..RegionOptions::default() };
    let error = read_with(&object, Some(&grid()), &only).expect_err("no volume").to_string();
    assert!(error.contains("'Empty'") && error.contains("no closed contour"), "{error}");
    let only = RegionOptions { only: vec!["Mixd".into()], ..RegionOptions::default() };
    let error = read_with(&object, Some(&grid()), &only).expect_err("absent").to_string();
    assert!(error.contains("Did you mean 'Mixed'?"), "{error}");
}

#[test]
fn two_of_one_name_outside_and_beside_the_image() {
    let object = structures(&[
        ("GTV", tower(-5.0, 5.0)),
        ("GTV", tower(15.5, 23.5)),
        ("Far", tower(100.0, 110.0)),
    ]);
    let found = read(&object).expect("good");
    let names: Vec<&str> = found.set.regions.iter().map(|r| r.name.as_str()).collect();
    assert_eq!(names, ["GTV (ROI 1)", "GTV (ROI 2)", "Far"]);
    assert!(found.notes.iter().any(|n| n.contains("several structures are named 'GTV'")));
    // The image ends at 19.5 mm: 4 x 4 of 8 x 8 mm are on it.
    assert!((found.facts[1].outside - 0.75).abs() < 1e-6, "{}", found.facts[1].outside);
    assert!(
        found.facts[1].notes.iter().any(|n| n.contains("75.000 % of its volume")),
        "{:?}",
        found.facts[1].notes
    );
    assert!(found.facts[2].notes.iter().any(|n| n.contains("outside of the image")));
}

#[test]
fn damaged_contours_spoil_their_structure_only() {
    let bad = |text: &str| {
        let contour = DataSet::default().text((0x3006, 0x0042), "CS", "CLOSED_PLANAR").text(
            (0x3006, 0x0050),
            "DS",
            text,
        );
        structures(&[("Bad", vec![contour]), ("Good", tower(-5.0, 5.0))])
    };
    for (text, said) in [
        ("1\\2\\3\\4", "4 numbers"),
        ("1\\2\\x\\4\\5\\6\\7\\8\\9", "finite"),
        ("1\\2\\3\\1e99\\5\\6\\7\\8\\9", "within 100 m"),
        ("0\\0\\0\\9\\0\\0\\9\\9\\0\\0\\9\\7", "out of the plane"),
    ] {
        let found = read(&bad(text)).expect("the other is good");
        assert_eq!(found.set.regions.len(), 1, "{text}");
        let notes = found.notes.join("\n");
        assert!(notes.contains("'Bad' is left out") && notes.contains(said), "{notes}");
        let only = RegionOptions { only: vec!["Bad".into()], ..RegionOptions::default() };
        let error = read_with(&bad(text), Some(&grid()), &only).expect_err("bad").to_string();
        assert!(error.contains("'Bad'") && error.contains(said), "{error}");
    }
    let none = structures(&[("Empty", Vec::new())]);
    assert!(read(&none).expect_err("no volume").to_string().contains("no structure has a volume"));
}

#[test]
fn partial_overlap_is_joined_and_a_contour_across_itself_is_told() {
    let mut joined = tower(-5.0, 5.0);
    joined.extend(tower(0.0, 8.0));
    let crossed: Vec<DataSet> = (0..3)
        .map(|n| {
            let z = 3.0 * f64::from(n);
            contour("CLOSED_PLANAR", &[[0.0, 0.0, z], [4.0, 4.0, z], [4.0, 0.0, z], [0.0, 4.0, z]])
        })
        .collect();
    let found = read(&structures(&[("Joined", joined), ("Crossed", crossed)])).expect("good");
    let truth = [(100.0 + 64.0 - 25.0) * 12.0 / 1000.0, 8.0 * 9.0 / 1000.0];
    let said = ["overlap in part", "cross themselves"];
    for n in 0..2 {
        assert!((found.set.volume_ml(&found.set.regions[n]) / truth[n] - 1.0).abs() < 1e-6);
        assert!(
            found.facts[n].notes.iter().any(|note| note.contains(said[n])),
            "{:?}",
            found.facts[n].notes
        );
    }
}

/// One plane has the thickness of the others' spacing in the file; alone, that of the image.
#[test]
fn a_single_contour_has_a_thickness() {
    let one = vec![square(3.0, 0.0, 4.0)];
    let fine: Vec<DataSet> = (0..5).map(|n| square(2.0 * f64::from(n), 0.0, 4.0)).collect();
    let found = read(&structures(&[("Fine", fine), ("One", one.clone())])).expect("good");
    assert!((found.facts[1].file_ml - 0.032).abs() < 1e-9);
    let alone = read(&structures(&[("One", one.clone())])).expect("good");
    assert!((alone.facts[0].file_ml - 0.048).abs() < 1e-9);
    let refused = read_with(&structures(&[("One", one)]), None, &RegionOptions::default());
    assert!(refused.expect_err("no thickness").to_string().contains("no thickness"));
}
