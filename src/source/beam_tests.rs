//! Tests of beams: what is written, where they start, and what misses.

use super::*;

fn cube() -> Grid {
    Grid::aligned([10; 3], [-45.0; 3], [10.0; 3])
}

#[test]
fn beams_are_read() {
    let beam: Beam = "direction=0,0,1".parse().unwrap();
    assert_eq!(beam, Beam::pencil([0.0, 0.0, 1.0]));
    let beam: Beam =
        " Direction = 0,1,1; at=1,2,-30cm; field=20x1.5mm; side=1,0,0 ;".parse().unwrap();
    assert_eq!(beam.at_mm, Some([10.0, 20.0, -300.0]));
    assert_eq!((beam.field, beam.side), (Field::Rectangle([20.0, 1.5]), Some([1.0, 0.0, 0.0])));
    let beam: Beam = "direction=0,0,-2;at=0,0,1m;disc=1cm;cone=90deg".parse().unwrap();
    assert_eq!((beam.at_mm, beam.field), (Some([0.0, 0.0, 1000.0]), Field::Disc(10.0)));
    assert!((beam.half_angle_rad - std::f64::consts::FRAC_PI_2).abs() < 1e-15);
    let beam: Beam = "direction=0,0,1;cone=0.1rad".parse().unwrap();
    assert_eq!(beam.half_angle_rad, 0.1);
}

#[test]
fn bad_beams_are_refused_with_a_reason() {
    for (text, part) in [
        ("", "no direction"),
        ("at=0,0,1mm", "no direction"),
        ("direction=0,0,0", "no length"),
        ("direction=0,0,nan", "'nan' is not a number"),
        ("direction=0,1", "2 numbers, not three"),
        ("direction=0,0,1;at=0,0,-50", "no unit mm, cm or m"),
        ("direction=0,0,1;field=20x20", "no unit mm, cm or m"),
        ("direction=0,0,1;field=20mm", "form AxBmm"),
        ("direction=0,0,1;field=-1x2mm", "at least zero"),
        ("direction=0,0,1;disc=5mm;field=1x1mm", "field is given twice"),
        ("direction=0,0,1;cone=5", "no unit deg or rad"),
        ("direction=0,0,1;cone=181deg", "0 (parallel) to 180"),
        ("direction=0,0,1;cone=-1deg", "0 (parallel) to 180"),
        ("direction=0,0,1;side=0,0,2", "along the beam"),
        ("direction=0,0,1;width=2mm", "keys are direction"),
        ("direction 0,0,1", "key=value"),
    ] {
        let message = text.parse::<Beam>().unwrap_err().to_string();
        assert!(message.contains(part), "{text}: {message}");
    }
}

#[test]
fn without_a_place_a_beam_starts_where_its_axis_enters() {
    let frame = Beam::pencil([0.0, 0.0, 2.0]).frame(&cube()).unwrap();
    assert_eq!((frame.at_mm[..2].to_vec(), frame.axis), (vec![0.0; 2], [0.0, 0.0, 1.0]));
    assert!((frame.at_mm[2] + 50.0).abs() < 1e-9, "{frame:?}");
    let frame = Beam::pencil([-1.0, 0.0, -1.0]).frame(&cube()).unwrap();
    for (x, wanted) in frame.at_mm.iter().zip([50.0, 0.0, 50.0]) {
        assert!((x - wanted).abs() < 1e-9, "{frame:?}");
    }
}

/// A field that lies across an oblique axis would start within the matter where the axis enters.
#[test]
fn without_a_place_a_field_lies_before_all_of_the_grid() {
    let skew = Grid::aligned([7, 9, 11], [3.0, -40.0, 12.5], [2.0, 5.0, 3.0]);
    for grid in [cube(), skew] {
        for direction in ["0,0,1", "1,0,1", "-1,1,0", "1,-2,3", "-0.2,0.1,-1"] {
            for field in ["", "; field=40x7mm", "; disc=30mm", "; disc=5mm; cone=60deg"] {
                let text = format!("direction={direction}{field}");
                let beam: Beam = text.parse().unwrap();
                assert!(!beam.starts_inside(&grid).unwrap(), "{text}");
            }
        }
    }
    let within: Beam = "direction=0,0,1; at=0,0,0mm".parse().unwrap();
    assert!(within.starts_inside(&cube()).unwrap());
    let in_part: Beam = "direction=1,0,1; at=-50,0,-10mm; field=1x30mm".parse().unwrap();
    assert!(in_part.starts_inside(&cube()).unwrap());
}

#[test]
fn a_beam_that_misses_is_refused_with_the_grid() {
    let at = |text: &str| text.parse::<Beam>().unwrap().frame(&cube());
    for misses in [
        "direction=0,0,1;at=51,0,-100mm",
        "direction=0,0,-1;at=0,0,-100mm",
        "direction=0,0,1;at=60,0,-100mm;field=19x100mm",
        // The lower edge of the far face lies at arctan(100/110), 42.27 degrees.
        "direction=0,0,1;at=0,150,-60mm;cone=42deg",
    ] {
        let message = at(misses).unwrap_err().to_string();
        assert!(message.contains("misses the grid") && message.contains("50.0"), "{message}");
    }
    for hits in [
        "direction=0,0,1;at=49,0,-100mm",
        "direction=0,0,1;at=60,0,-100mm;field=30x100mm",
        "direction=0,0,1;at=0,150,-60mm;cone=60deg",
        "direction=0,0,1;at=0,0,0mm",
        "direction=0,0,1;at=60,0,-100mm;disc=30mm",
        // A grid that is small against the field, and one that only the edge of the cone meets.
        "direction=0,0,1;at=777,-333,-9000mm;field=5x4m",
        "direction=0,0,1;at=0,0,-5m;disc=4m",
        "direction=0,0,1;at=0,150,-60mm;cone=43deg",
        "direction=0,0,-1;at=0,0,-60mm;cone=180deg",
    ] {
        assert!(at(hits).is_ok(), "{hits}");
    }
}

/// The field's sides are square to the axis and each other, whatever the axis.
#[test]
fn the_field_is_square_to_the_axis() {
    for direction in [[1.0, 0.0, 0.0], [0.0, -1.0, 0.0], [1.0, 2.0, -3.0], [-3.0, 0.1, 0.2]] {
        let mut beam = Beam::pencil(direction);
        beam.field = Field::Rectangle([6.0, 4.0]);
        let frame = beam.frame(&cube()).unwrap();
        let [u, v] = frame.half_mm;
        for (a, b) in [(u, v), (u, frame.axis), (v, frame.axis)] {
            assert!(dot(a, b).abs() < 1e-12, "{direction:?}");
        }
        assert!((dot(u, u) - 9.0).abs() < 1e-12 && (dot(v, v) - 4.0).abs() < 1e-12);
    }
}
