//! Real world value maps of NM and PET: units by UCUM, ranges, tables, several maps, and what contradicts or cannot be read.

use voxgray::Result;
use voxgray::io::dicom::{CountFactor, DicomVolume, ReadOptions};

use crate::activity::nm;
use crate::objects::*;
use crate::writer::DataSet;

const MAPS: (u16, u16) = (0x0040, 0x9096);
const FIRST: (u16, u16) = (0x0040, 0x9216);
const LAST: (u16, u16) = (0x0040, 0x9211);

/// A map without a range.
fn map(code: &str, slope: f64, intercept: f64) -> DataSet {
    let units =
        DataSet::default().text((0x0008, 0x0100), "SH", code).text((0x0008, 0x0102), "SH", "UCUM");
    DataSet::default()
        .sq((0x0040, 0x08EA), &[units])
        .fd((0x0040, 0x9224), &[intercept])
        .fd((0x0040, 0x9225), &[slope])
}

fn with_factor(bq_per_ml: f64) -> ReadOptions {
    ReadOptions { count_factor: Some(CountFactor::BqPerMl(bq_per_ml)), ..ReadOptions::default() }
}

fn read(name: &str, maps: &[DataSet], options: &ReadOptions) -> Result<DicomVolume> {
    read_activity_of(name, &[nm(3, 1).sq(MAPS, maps)], options)
}

/// What the stored value 1 becomes in a map of slope 0.25.
fn unit(code: &str, options: &ReadOptions) -> Result<f32> {
    read("unit", &[map(code, 0.25, 0.0)], options).map(|v| v.volume.data[1])
}

#[test]
fn every_code_of_a_concentration_is_applied() {
    let plain = ReadOptions::default();
    for (code, expected) in [
        ("Bq/ml", 0.25),
        ("BQ/ML", 0.25),
        ("Bq/cm3", 0.25),
        ("Bq.cm-3", 0.25),
        ("kBq/mL", 250.0),
        ("kBq/cm3", 250.0),
        ("MBq/ml", 0.25e6),
        ("kBq/l", 0.25),
        ("MBq/l", 250.0),
        // Per voxel of 0.012 mL.
        ("Bq", 0.25 / 0.012),
        ("kBq", 250.0 / 0.012),
    ] {
        let value = unit(code, &plain).expect(code);
        assert!((value / expected as f32 - 1.0).abs() < 1e-6, "{code}: {value}");
    }
}

#[test]
fn maps_of_counts_come_before_the_calibration() {
    for code in ["{counts}", "{counts}/s", "{propcounts}", "1"] {
        assert_eq!(unit(code, &with_factor(100.0)).expect(code), 25.0, "{code}");
        refused(
            read("uncalibrated", &[map(code, 0.25, 0.0)], &ReadOptions::default()),
            &["counts", "--activity-unit counts", "--calibration"],
        );
    }
    // A map to counts holds for stored values, so the rescaling beside it is not applied too.
    let both =
        nm(3, 1).ds(SLOPE, &[7.0]).ds(INTERCEPT, &[3.0]).sq(MAPS, &[map("{counts}", 0.5, 0.0)]);
    let value = read_activity_of("map-and-slope", &[both], &with_factor(2.0)).expect("counts");
    assert_eq!(value.volume.data[1], 1.0);
}

#[test]
fn the_map_in_activity_is_preferred_and_that_is_said() {
    let maps = [map("{counts}", 3.0, 0.0), map("{SUVbw}g/ml", 1.0, 0.0), map("kBq/ml", 0.25, 0.0)];
    let read_one = read("several", &maps, &ReadOptions::default()).expect("in kBq/mL");
    assert_eq!(read_one.volume.data[1], 250.0);
    let said =
        read_one.notes.iter().any(|n| n.contains("read in kBq/ml") && n.contains("{SUVbw}g/ml"));
    assert!(said, "{:?}", read_one.notes);
    refused(read("several-twice", &maps, &with_factor(1.0)), &["already in kBq/ml"]);
}

#[test]
fn suv_and_unknown_units_are_refused_with_the_way_out() {
    let drug = DataSet::default().ds((0x0018, 0x1074), &[350e6]);
    let suv = |object: DataSet| {
        object.sq((0x0054, 0x0016), std::slice::from_ref(&drug)).ds((0x0010, 0x1030), &[70.0])
    };
    let nm_suv = suv(nm(3, 1).sq(MAPS, &[map("{SUVbw}g/ml", 0.1, 0.0)]));
    let parts = ["{SUVbw}g/ml", "A / m", "350000000", "70 kg"];
    refused(
        read_activity_of("suv", std::slice::from_ref(&nm_suv), &ReadOptions::default()),
        &parts,
    );
    refused(read_activity_of("suv-counts", &[nm_suv], &with_factor(1.0)), &parts);
    let pet: Vec<DataSet> = pt(3).into_iter().map(|d| suv(d.text(UNITS, "CS", "GML"))).collect();
    refused(
        read_activity_of("suv-pet", &pet, &ReadOptions::default()),
        &["'GML'", "A / m", "70 kg"],
    );
    let other: Vec<DataSet> =
        pt(3).into_iter().map(|d| d.without(UNITS).sq(MAPS, &[map("umol/ml", 1.0, 0.0)])).collect();
    refused(
        read_activity_of("other", &other, &ReadOptions::default()),
        &["Units (0054,1001) is missing", "umol/ml"],
    );
    // A case that leaves mega and milli open.
    let ambiguous: Vec<DataSet> =
        pt(3).into_iter().map(|d| d.without(UNITS).sq(MAPS, &[map("MBQ/ML", 1.0, 0.0)])).collect();
    refused(read_activity_of("ambiguous", &ambiguous, &ReadOptions::default()), &["MBQ/ML"]);
    // A private scheme's code is not UCUM's.
    let private = DataSet::default().text((0x0008, 0x0100), "SH", "Bq/ml").text(
        (0x0008, 0x0102),
        "SH",
        "99MINE",
    );
    let private = map("x", 2.0, 0.0).sq((0x0040, 0x08EA), &[private]);
    refused(read("private", &[private], &ReadOptions::default()), &["counts"]);
}

#[test]
fn ranges_and_tables_are_respected() {
    let plain = ReadOptions::default();
    // Stored values run from 0 to 25.
    let ranged = |first: u16, last: u16, slope: f64| {
        map("Bq/ml", slope, 0.0).us(FIRST, &[first]).us(LAST, &[last])
    };
    assert!(read("range", &[ranged(0, 25, 2.0)], &plain).is_ok());
    refused(
        read("short-range", &[ranged(0, 24, 2.0)], &plain),
        &["1 voxels", "25", "RealWorldValueFirstValueMapped"],
    );
    let shared = [ranged(0, 9, 2.0), ranged(10, 65535, 3.0)];
    let two = read("two-ranges", &shared, &plain).expect("two ranges");
    assert_eq!((two.volume.data[5], two.volume.data[6]), (10.0, 30.0));
    let table: Vec<f64> = (0..26).map(|v| f64::from(v * v)).collect();
    let lut = ranged(0, 25, 1.0).fd((0x0040, 0x9212), &table);
    let squared = read("table", &[lut], &plain).expect("a table");
    assert_eq!(squared.volume.data[17], 625.0);
    let short = ranged(0, 25, 1.0).fd((0x0040, 0x9212), &table[..20]);
    refused(read("short-table", &[short], &plain), &["RealWorldValueLUTData", "say 26"]);
}

#[test]
fn pet_maps_agree_with_units_or_are_refused() {
    let plain = ReadOptions::default();
    let all = |slope: f64| -> Vec<DataSet> {
        let with =
            |(k, d): (usize, DataSet)| d.sq(MAPS, &[map("Bq/ml", slope * (k as f64 + 1.0), 0.0)]);
        pt(3).into_iter().enumerate().map(with).collect()
    };
    let same = read_activity_of("agree", &all(1.0), &plain).expect("both say Bq/mL");
    assert_eq!(same.volume.data[7], 2.0 * f32::from(stored(1, 1)));
    refused(read_activity_of("contradict", &all(1.1), &plain), &["contradicts itself", "9.091 %"]);
    let counts: Vec<DataSet> = all(5.0).into_iter().map(|d| d.text(UNITS, "CS", "CNTS")).collect();
    let mapped = read_activity_of("counts-mapped", &counts, &plain).expect("a map in Bq/mL");
    assert_eq!(mapped.volume.data[7], 10.0 * f32::from(stored(1, 1)));
}

#[test]
fn padding_is_no_activity() {
    let padded: Vec<DataSet> = pt(2)
        .into_iter()
        .map(|d| d.us((0x0028, 0x0120), &[5]).ds(INTERCEPT, &[1.0]).pixels(&[5, 5, 1, 1, 1, 1]))
        .collect();
    let pet = read_activity_of("padded", &padded, &ReadOptions::default()).expect("a good PET");
    assert_eq!(pet.volume.data[..3], [0.0, 0.0, 2.0]);
    assert_eq!(pet.facts.padding_voxels, 4);
    // Padding outside of a map's range is no error.
    let range = map("Bq/ml", 2.0, 0.0).us(FIRST, &[0]).us(LAST, &[100]);
    let object = nm(3, 1).sq(MAPS, &[range]).us((0x0028, 0x0120), &[65535]);
    let mut pixels: Vec<i16> = (0..3).flat_map(slice_pixels).collect();
    pixels[0] = -1;
    let spect = read_activity_of("padded-map", &[object.pixels(&pixels)], &ReadOptions::default());
    assert_eq!(spect.expect("padding").volume.data[0], 0.0);
}
