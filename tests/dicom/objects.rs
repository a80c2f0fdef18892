//! Objects and series written for the tests, and the readers called on them.

use voxgray::io::dicom::{DicomVolume, ReadOptions, read_activity, read_ct};
use voxgray::{ErrorKind, Result};

use crate::writer::{DataSet, Scratch};

pub const IMAGE_TYPE: (u16, u16) = (0x0008, 0x0008);
pub const SOP_UID: (u16, u16) = (0x0008, 0x0018);
pub const MODALITY: (u16, u16) = (0x0008, 0x0060);
pub const SPACING_BETWEEN: (u16, u16) = (0x0018, 0x0088);
pub const SERIES_UID: (u16, u16) = (0x0020, 0x000E);
pub const POSITION: (u16, u16) = (0x0020, 0x0032);
pub const ORIENTATION: (u16, u16) = (0x0020, 0x0037);
pub const FRAMES: (u16, u16) = (0x0028, 0x0008);
pub const ROWS: (u16, u16) = (0x0028, 0x0010);
pub const COLUMNS: (u16, u16) = (0x0028, 0x0011);
pub const PIXEL_SPACING: (u16, u16) = (0x0028, 0x0030);
pub const INTERCEPT: (u16, u16) = (0x0028, 0x1052);
pub const SLOPE: (u16, u16) = (0x0028, 0x1053);
pub const DETECTORS: (u16, u16) = (0x0054, 0x0022);
pub const SLICE_VECTOR: (u16, u16) = (0x0054, 0x0080);
pub const UNITS: (u16, u16) = (0x0054, 0x1001);

/// 2 rows, 3 columns, signed 16 bit; pixel spacing 2 (rows) and 1.5 mm (columns).
pub fn image(modality: &str) -> DataSet {
    DataSet::default()
        .text(MODALITY, "CS", modality)
        .text(SERIES_UID, "UI", "1.2.3")
        .us((0x0028, 0x0002), &[1])
        .us(ROWS, &[2])
        .us(COLUMNS, &[3])
        .ds(PIXEL_SPACING, &[2.0, 1.5])
        .us((0x0028, 0x0100), &[16])
        .us((0x0028, 0x0101), &[16])
        .us((0x0028, 0x0102), &[15])
        .us((0x0028, 0x0103), &[1])
}

/// The value of pixel `p` of slice `k`.
pub fn stored(k: usize, p: usize) -> i16 {
    (10 * k + p) as i16
}

pub fn slice_pixels(k: usize) -> Vec<i16> {
    (0..6).map(|p| stored(k, p)).collect()
}

/// Slice `k` of a stack along z with 3 mm steps.
pub fn slice(modality: &str, k: usize) -> DataSet {
    image(modality)
        .text(SOP_UID, "UI", &format!("1.2.3.{k}"))
        .ds(POSITION, &[-10.0, -20.0, 100.0 + 3.0 * k as f64])
        .ds(ORIENTATION, &[1.0, 0.0, 0.0, 0.0, 1.0, 0.0])
        .ds(SLOPE, &[1.0])
        .ds(INTERCEPT, &[-1024.0])
        .pixels(&slice_pixels(k))
}

pub fn ct(count: usize) -> Vec<DataSet> {
    (0..count).map(|k| slice("CT", k)).collect()
}

pub fn pt(count: usize) -> Vec<DataSet> {
    let with_units = |k| {
        slice("PT", k).text(UNITS, "CS", "BQML").ds(INTERCEPT, &[0.0]).ds(SLOPE, &[k as f64 + 1.0])
    };
    (0..count).map(with_units).collect()
}

pub fn read_ct_of(name: &str, objects: &[DataSet]) -> Result<DicomVolume> {
    let scratch = Scratch::with(name, objects);
    read_ct(&[scratch.path().to_path_buf()], &ReadOptions::default())
}

pub fn read_activity_of(
    name: &str,
    objects: &[DataSet],
    options: &ReadOptions,
) -> Result<DicomVolume> {
    let scratch = Scratch::with(name, objects);
    read_activity(&[scratch.path().to_path_buf()], options)
}

/// Asserts that reading failed with an input error whose message holds all `parts`.
pub fn refused(read: Result<DicomVolume>, parts: &[&str]) {
    let error = read.expect_err("must be refused");
    let text = error.to_string();
    println!("{text}");
    assert!(matches!(error.kind, ErrorKind::Input | ErrorKind::Usage), "{error:?}");
    for part in parts {
        assert!(text.contains(part), "'{part}' is not in: {text}");
    }
}
