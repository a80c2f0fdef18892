//! RT Doses for tests: a small one that is valid, to be changed or broken.

use crate::writer::{DataSet, Tag};

pub const DOSE_FRAME: &str = "1.2.826.0.1.77";
pub const UNITS: Tag = (0x3004, 0x0002);
pub const TYPE: Tag = (0x3004, 0x0004);
pub const SUMMATION: Tag = (0x3004, 0x000A);
pub const OFFSETS: Tag = (0x3004, 0x000C);
pub const SCALING: Tag = (0x3004, 0x000E);

/// The stored number of a voxel of [`dose`].
pub fn stored(column: usize, row: usize, frame: usize) -> u32 {
    (1 + column + 10 * row + 100 * frame) as u32
}

/// Bits of a stored number.
pub fn with_bits(object: DataSet, bits: u16) -> DataSet {
    object
        .us((0x0028, 0x0100), &[bits])
        .us((0x0028, 0x0101), &[bits])
        .us((0x0028, 0x0102), &[bits - 1])
}

/// Numbers as pixels of 16 or 32 bits.
pub fn with_pixels(object: DataSet, numbers: &[u32], bits: u16) -> DataSet {
    let words: Vec<i16> = match bits {
        16 => numbers.iter().map(|n| *n as u16 as i16).collect(),
        _ => numbers.iter().flat_map(|n| [*n as i16, (n >> 16) as i16]).collect(),
    };
    with_bits(object, bits).pixels(&words)
}

/// Three columns, two rows, four planes: 1.5 mm between columns, 2 mm between rows; 0.25 Gy for each stored unit.
pub fn dose(orientation: [f64; 6], offsets: &[f64], bits: u16) -> DataSet {
    let numbers: Vec<u32> = (0..offsets.len())
        .flat_map(|k| (0..2).flat_map(move |r| (0..3).map(move |c| stored(c, r, k))))
        .collect();
    let object = DataSet::default()
        .text((0x0008, 0x0016), "UI", "1.2.840.10008.5.1.4.1.1.481.2")
        .text((0x0008, 0x0018), "UI", "1.2.3.4")
        .text((0x0008, 0x0060), "CS", "RTDOSE")
        .ds((0x0020, 0x0032), &[-10.0, -20.0, 100.0])
        .ds((0x0020, 0x0037), &orientation)
        .text((0x0020, 0x0052), "UI", DOSE_FRAME)
        .us((0x0028, 0x0002), &[1])
        .text((0x0028, 0x0008), "IS", &offsets.len().to_string())
        .us((0x0028, 0x0010), &[2])
        .us((0x0028, 0x0011), &[3])
        .ds((0x0028, 0x0030), &[2.0, 1.5])
        .us((0x0028, 0x0103), &[0])
        .text(UNITS, "CS", "GY")
        .text(TYPE, "CS", "PHYSICAL")
        .text(SUMMATION, "CS", "PLAN")
        .ds(OFFSETS, offsets)
        .ds(SCALING, &[0.25]);
    with_pixels(object, &numbers, bits)
}

pub const SUPINE: [f64; 6] = [1.0, 0.0, 0.0, 0.0, 1.0, 0.0];

/// [`dose`] of a supine patient, planes 3 mm apart, relative to the first.
pub fn plain() -> DataSet {
    dose(SUPINE, &[0.0, 3.0, 6.0, 9.0], 16)
}
