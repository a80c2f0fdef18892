//! RT Structure Sets and Segmentations for the tests.

use crate::writer::DataSet;

pub const FRAME: &str = "1.2.826.0.1.77";
const MODALITY: (u16, u16) = (0x0008, 0x0060);

/// A contour: its geometric type and points.
pub fn contour(kind: &str, points: &[[f64; 3]]) -> DataSet {
    let numbers: Vec<f64> = points.iter().flatten().copied().collect();
    DataSet::default()
        .text((0x3006, 0x0042), "CS", kind)
        .text((0x3006, 0x0046), "IS", &points.len().to_string())
        .ds((0x3006, 0x0050), &numbers)
}

/// A closed square in the plane z.
pub fn square(z: f64, low: f64, high: f64) -> DataSet {
    contour("CLOSED_PLANAR", &[[low, low, z], [high, low, z], [high, high, z], [low, high, z]])
}

/// Structures by name, with their contours; numbered from 1.
pub fn structures(rois: &[(&str, Vec<DataSet>)]) -> DataSet {
    let named: Vec<DataSet> = rois
        .iter()
        .enumerate()
        .map(|(n, (name, _))| {
            DataSet::default()
                .text((0x3006, 0x0022), "IS", &(n + 1).to_string())
                .text((0x3006, 0x0024), "UI", FRAME)
                .text((0x3006, 0x0026), "LO", name)
        })
        .collect();
    let drawn: Vec<DataSet> = rois
        .iter()
        .enumerate()
        .map(|(n, (_, contours))| {
            DataSet::default()
                .text((0x3006, 0x002A), "IS", "255\\128\\0")
                .sq((0x3006, 0x0040), contours)
                .text((0x3006, 0x0084), "IS", &(n + 1).to_string())
        })
        .collect();
    DataSet::default()
        .text(MODALITY, "CS", "RTSTRUCT")
        .sq((0x3006, 0x0020), &named)
        .sq((0x3006, 0x0039), &drawn)
}

/// A frame of a segmentation: its segment and the position of its plane.
pub fn frame(segment: Option<u16>, z: f64) -> DataSet {
    let position = DataSet::default().ds((0x0020, 0x0032), &[-10.0, 20.0, z]);
    let frame = DataSet::default().sq((0x0020, 0x9113), &[position]);
    match segment {
        None => frame,
        Some(n) => frame.sq((0x0062, 0x000A), &[DataSet::default().us((0x0062, 0x000B), &[n])]),
    }
}

/// A segmentation of 3 rows and 5 columns of 2 mm x 4 mm, 2.5 mm between planes; `bytes` are its pixels.
pub fn segmentation(kind: &str, frames: &[DataSet], bits: u16, bytes: &[u8]) -> DataSet {
    let segment = |n: u16, name: &str| {
        DataSet::default().us((0x0062, 0x0004), &[n]).text((0x0062, 0x0005), "LO", name)
    };
    let orientation = DataSet::default().ds((0x0020, 0x0037), &[1.0, 0.0, 0.0, 0.0, 1.0, 0.0]);
    let measures =
        DataSet::default().ds((0x0018, 0x0088), &[2.5]).ds((0x0028, 0x0030), &[2.0, 4.0]);
    let shared =
        DataSet::default().sq((0x0020, 0x9116), &[orientation]).sq((0x0028, 0x9110), &[measures]);
    // Pixels are written as words.
    let mut padded = bytes.to_vec();
    padded.resize(bytes.len() + bytes.len() % 2, 0);
    let words: Vec<i16> =
        padded.as_chunks::<2>().0.iter().map(|b| i16::from_le_bytes(*b)).collect();
    DataSet::default()
        .text(MODALITY, "CS", "SEG")
        .text((0x0020, 0x0052), "UI", FRAME)
        .us((0x0028, 0x0002), &[1])
        .text((0x0028, 0x0008), "IS", &frames.len().to_string())
        .us((0x0028, 0x0010), &[3])
        .us((0x0028, 0x0011), &[5])
        .us((0x0028, 0x0100), &[bits])
        .us((0x0028, 0x0101), &[bits])
        .us((0x0028, 0x0102), &[bits - 1])
        .us((0x0028, 0x0103), &[0])
        .text((0x0062, 0x0001), "CS", kind)
        .sq((0x0062, 0x0002), &[segment(1, "liver"), segment(2, "lesion")])
        .us((0x0062, 0x000E), &[200])
        .text((0x0062, 0x0010), "CS", "OCCUPANCY")
        .sq((0x5200, 0x9229), &[shared])
        .sq((0x5200, 0x9230), frames)
        .pixels(&words)
}
