//! Enhanced (multi-frame) PET: geometry and values of its functional groups, times and decay correction in the terms of the
//! older object.

use voxgray::Result;
use voxgray::io::dicom::{DicomVolume, ReadOptions};

use voxgray::time::Moment;

use crate::objects::*;
use crate::writer::DataSet;

/// A functional group with one item.
fn group(tag: (u16, u16), item: DataSet) -> DataSet {
    DataSet::default().sq(tag, &[item])
}

fn bq_map(slope: f64) -> DataSet {
    let units = DataSet::default().text((0x0008, 0x0100), "SH", "Bq/ml").text(
        (0x0008, 0x0102),
        "SH",
        "UCUM",
    );
    DataSet::default()
        .sq((0x0040, 0x08EA), &[units])
        .fd((0x0040, 0x9224), &[0.0])
        .fd((0x0040, 0x9225), &[slope])
}

/// Frame `k` of `slices` at each time; the slope of its real world value map is `k + 1`.
fn frame(k: usize, slices: usize, begun: &str) -> DataSet {
    let position = DataSet::default().ds(POSITION, &[0.0, 0.0, 50.0 - 2.0 * (k % slices) as f64]);
    let content = DataSet::default()
        .text((0x0018, 0x9074), "DT", begun)
        .text((0x0018, 0x9151), "DT", begun)
        .fd((0x0018, 0x9220), &[180e3]);
    let factors = DataSet::default().ds((0x0054, 0x1321), &[1.5]);
    group((0x0020, 0x9113), position)
        .sq((0x0020, 0x9111), &[content])
        .sq((0x0018, 0x9736), &[factors])
        .sq((0x0040, 0x9096), &[bq_map(k as f64 + 1.0)])
}

/// Three slices from 14:00, injected at 10:00, decay corrected to `to`.
fn pet(frames: &[DataSet], decay: &[&str]) -> DataSet {
    let orientation = DataSet::default().ds(ORIENTATION, &[1.0, 0.0, 0.0, 0.0, 1.0, 0.0]);
    let shared = group((0x0020, 0x9116), orientation)
        .sq((0x0028, 0x9110), &[DataSet::default().ds(PIXEL_SPACING, &[2.0, 1.5])])
        .sq((0x0028, 0x9145), &[DataSet::default().ds(SLOPE, &[1.0]).ds(INTERCEPT, &[0.0])]);
    let drug = DataSet::default()
        .text((0x0018, 0x1078), "DT", "20260301100000")
        .ds((0x0018, 0x1074), &[350.0])
        .ds((0x0018, 0x1075), &[6586.2]);
    let object = image("PT")
        .without(PIXEL_SPACING)
        .text((0x0008, 0x0016), "UI", "1.2.840.10008.5.1.4.1.1.130")
        .text((0x0008, 0x002A), "DT", "20260301140000")
        .text(FRAMES, "IS", &frames.len().to_string())
        .text((0x0018, 0x9758), "CS", decay[0])
        .text((0x0018, 0x9759), "CS", "YES")
        .text((0x0054, 0x1002), "CS", "EMISSION")
        .sq((0x0054, 0x0016), &[drug])
        .sq((0x5200, 0x9229), &[shared])
        .sq((0x5200, 0x9230), frames)
        .pixels(&(0..frames.len()).flat_map(slice_pixels).collect::<Vec<_>>());
    match decay.get(1) {
        Some(to) => object.text((0x0018, 0x9701), "DT", to),
        None => object,
    }
}

fn slices() -> Vec<DataSet> {
    (0..3).map(|k| frame(k, 3, &format!("2026030114{:02}00", 4 * k))).collect()
}

fn read(object: DataSet) -> Result<DicomVolume> {
    read_activity_of("enhanced-pet", &[object], &ReadOptions::default())
}

#[test]
fn geometry_values_and_times_of_the_functional_groups() {
    let image = read(pet(&slices(), &["YES", "20260301140000"])).expect("a good PET");
    assert_eq!(image.volume.grid.origin_mm, [0.0, 0.0, 46.0]);
    assert_eq!(image.volume.grid.spacing_mm(), [1.5, 2.0, 2.0]);
    // The frames descend, so the last is the first slice; each has a map of its own.
    assert_eq!(image.volume.data[1], 3.0 * f32::from(stored(2, 1)));
    assert_eq!(image.volume.data[13], f32::from(stored(0, 1)));
    let f = &image.facts;
    assert_eq!(f.stored_units, "Bq/ml");
    assert_eq!(f.decay_correction.as_deref(), Some("START"));
    assert_eq!(f.acquisition_time, Moment::parse("2026-03-01T14:00:00").ok());
    assert_eq!(f.administration_time, Moment::parse("2026-03-01T10:00:00").ok());
    assert_eq!(f.frame_duration_s, Some(180.0));
    assert_eq!(f.decay_factors, Some([1.5, 1.5]));
    // In MBq, unlike the older object's Bq.
    assert_eq!(f.administered_bq, Some(350e6));
    assert_eq!(f.half_life_s, Some(6586.2));
}

#[test]
fn to_what_decay_is_corrected() {
    let of = |decay: &[&str]| read(pet(&slices(), decay)).expect("a good PET");
    assert_eq!(of(&["NO"]).facts.decay_correction.as_deref(), Some("NONE"));
    let admin = of(&["YES", "20260301100000.5"]);
    assert_eq!(admin.facts.decay_correction.as_deref(), Some("ADMIN"));
    let start = of(&["YES", "20260301140000"]);
    assert_eq!(start.facts.decay_corrected_to, Moment::parse("2026-03-01T14:00:00").ok());
    let other = of(&["YES", "20260301120000"]);
    assert_eq!(other.facts.decay_corrected_to, Moment::parse("2026-03-01T12:00:00").ok());
    assert!(
        other.notes.iter().any(|n| n.contains("2026-03-01T12:00:00, neither")),
        "{:?}",
        other.notes
    );
    assert_eq!(other.facts.decay_correction.as_deref(), Some("START"));
    refused(read(pet(&slices(), &["YES"])), &["DecayCorrectionDateTime (0018,9701)"]);
}

#[test]
fn frames_and_missing_units_of_an_enhanced_pet() {
    let clock = |k: usize| if k < 3 { "20260301140000" } else { "20260301150000" };
    let frames: Vec<DataSet> = (0..6).map(|k| frame(k, 3, clock(k))).collect();
    let object = pet(&frames, &["NO"]);
    refused(read(object.clone()), &["2 frames in every place", "--frame N"]);
    let second = ReadOptions { frame: Some(2), ..ReadOptions::default() };
    let second = read_activity_of("enhanced-2", &[object], &second).expect("chosen");
    assert_eq!(second.volume.data[1], 6.0 * f32::from(stored(5, 1)));
    assert_eq!(second.facts.acquisition_time, Moment::parse("2026-03-01T15:00:00").ok());
    let bare: Vec<DataSet> = slices().into_iter().map(|d| d.without((0x0040, 0x9096))).collect();
    refused(read(pet(&bare, &["NO"])), &["Units (0054,1001) is missing"]);
    let mut one = slices();
    one[1] = one[1].clone().without((0x0040, 0x9096));
    refused(read(pet(&one, &["NO"])), &["frame 2", "no real world value map in Bq/ml"]);
}
