//! NIfTI and MetaImage, plain and compressed, and what is made of a volume that was read: matter, activity, VOIs.

use std::collections::BTreeMap;
use std::path::Path;

use voxgray::activity::{ActivityMap, InputUnit, NegativeRule};
use voxgray::image::{Grid, VoiSet, Volume};
use voxgray::io::{ImageOptions, NiftiAffine, read_image_with, write_metaimage, write_nifti};
use voxgray::phantom::{HuCurve, HuOptions, Phantom};

use crate::Kind;
use crate::packed::{Packing, gzipped};

const WORDS: [&str; 30] = [
    "ObjectType = Image\n",
    "NDims = 3\n",
    "NDims = 4\n",
    "NDims = 2\n",
    "DimSize = 4 3 2\n",
    "DimSize = 2147483647 2147483647 2\n",
    "DimSize = 100000 100000 1\n",
    "ElementType = MET_SHORT\n",
    "ElementType = MET_UCHAR\n",
    "ElementType = MET_DOUBLE\n",
    "ElementType = MET_FLOAT\n",
    "ElementType = MET_ULONG_LONG\n",
    "ElementSpacing = 1 1 1\n",
    "ElementSpacing = 0 0 0\n",
    "ElementSpacing = 1e-300 1 1e300\n",
    "Offset = 0 0 0\n",
    "TransformMatrix = 1 0 0 0 1 0 0 0 1\n",
    "TransformMatrix = 0 0 0 0 0 0 0 0 0\n",
    "CompressedData = True\n",
    "CompressedData = False\n",
    "CompressedDataSize = 9\n",
    "BinaryDataByteOrderMSB = True\n",
    "BinaryDataByteOrderMSB = False\n",
    "HeaderSize = -1\n",
    "HeaderSize = 99999999999\n",
    "ElementDataFile = LOCAL\n",
    "ElementDataFile = LIST\n",
    "ElementDataFile = data.raw\n",
    "ElementDataFile = ../../etc/passwd\n",
    "ElementNumberOfChannels = 3\n",
];

fn volume() -> Volume<f32> {
    let grid = Grid {
        dims: [4, 3, 2],
        origin_mm: [-10.0, 5.0, 7.0],
        axes_mm: [[2.0, 0.1, 0.0], [-0.1, 2.0, 0.0], [0.0, 0.0, 3.0]],
    };
    let data = (0..grid.len()).map(|n| (n % 5) as f32).collect();
    Volume::new(grid, data).expect("as many values as voxels")
}

fn written(name: &str) -> Vec<u8> {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join(name);
    let integers = volume().map(|v| *v as i16);
    match name {
        _ if name.contains("short") && name.contains(".nii") => write_nifti(&path, &integers),
        _ if name.contains(".nii") => write_nifti(&path, &volume()),
        _ if name.contains("short") => write_metaimage(&path, &integers),
        _ => write_metaimage(&path, &volume()),
    }
    .expect("written");
    std::fs::read(&path).expect("read")
}

/// A MetaImage whose data are behind zlib.
fn zlib_mha() -> Vec<u8> {
    use std::io::Write;
    let mut data = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::default());
    for v in volume().data {
        data.write_all(&v.to_le_bytes()).expect("memory");
    }
    let data = data.finish().expect("memory");
    let header = format!(
        "ObjectType = Image\nNDims = 3\nDimSize = 4 3 2\nElementType = MET_FLOAT\nElementSpacing = 2 2 3\nOffset = 0 0 0\n\
         TransformMatrix = 1 0 0 0 1 0 0 0 1\nBinaryData = True\nBinaryDataByteOrderMSB = False\nCompressedData = True\n\
         CompressedDataSize = {}\nElementDataFile = LOCAL\n",
        data.len()
    );
    [header.as_bytes(), &data].concat()
}

/// NIfTI-2 of 3 x 2 x 2 bytes with a qform and two frames.
fn nifti2() -> Vec<u8> {
    let mut b = vec![0_u8; 544];
    b[..4].copy_from_slice(&540_i32.to_le_bytes());
    b[4..12].copy_from_slice(b"n+2\0\r\n\x1a\n");
    b[12..14].copy_from_slice(&2_i16.to_le_bytes());
    b[14..16].copy_from_slice(&8_i16.to_le_bytes());
    for (k, d) in [4_i64, 3, 2, 2, 2, 1, 1, 1].into_iter().enumerate() {
        b[16 + 8 * k..24 + 8 * k].copy_from_slice(&d.to_le_bytes());
    }
    for (k, p) in [1.0_f64, 2.0, 2.0, 3.0, 1.0].into_iter().enumerate() {
        b[104 + 8 * k..112 + 8 * k].copy_from_slice(&p.to_le_bytes());
    }
    b[168..176].copy_from_slice(&544_i64.to_le_bytes());
    b[344..348].copy_from_slice(&1_i32.to_le_bytes());
    b[500..504].copy_from_slice(&2_i32.to_le_bytes());
    b.extend(0..24_u8);
    b
}

fn read(path: &Path, curve: &HuCurve) -> bool {
    let mut value = false;
    let options = [
        ImageOptions::default(),
        ImageOptions { frame: Some(0), nifti_affine: NiftiAffine::Pixdim },
        ImageOptions { frame: Some(1), nifti_affine: NiftiAffine::Sform },
        ImageOptions { frame: None, nifti_affine: NiftiAffine::Qform },
    ];
    for options in options {
        let Ok((volume, _)) = read_image_with(path, &options) else { continue };
        value = true;
        if volume.data.len() > 1 << 22 {
            continue;
        }
        let _ = VoiSet::from_labels(&volume, &BTreeMap::new());
        let limits = HuOptions { max_fraction_below: 1.0, max_fraction_above: 1.0 };
        let _ = Phantom::from_ct(&volume, curve, &limits);
        for unit in [InputUnit::BqPerMl, InputUnit::Bq] {
            let map = ActivityMap::from_image(volume.clone(), unit, None, NegativeRule::Zero);
            if let Ok(map) = map {
                let _ = map.move_to(&Grid::aligned([5, 4, 3], [-9.0, 4.0, 8.0], [2.5, 2.5, 2.5]));
            }
        }
    }
    value
}

fn kind(
    name: &'static str,
    share: u64,
    file: &'static str,
    seeds: Vec<Vec<u8>>,
    packing: Packing,
) -> Kind {
    let curve = HuCurve::schneider2000().expect("the built-in curve");
    Kind {
        name,
        share,
        seeds,
        words: &WORDS,
        packing,
        refuses_some: false,
        read: Box::new(move |folder, bytes| {
            std::fs::write(folder.join("data.raw"), [7_u8; 96]).map_err(|e| e.to_string())?;
            let path = folder.join(file);
            std::fs::write(&path, bytes).map_err(|e| e.to_string())?;
            Ok(read(&path, &curve))
        }),
    }
}

pub fn kinds() -> Vec<Kind> {
    let plain = vec![written("a.nii"), written("short.nii"), nifti2()];
    let zipped = plain.iter().map(|p| gzipped(p)).collect();
    let mhd = "ObjectType = Image\nNDims = 3\nDimSize = 4 3 2\nElementType = MET_FLOAT\nElementSpacing = 2 2 3\nOffset = 0 0 0\n\
               TransformMatrix = 1 0 0 0 1 0 0 0 1\nBinaryData = True\nBinaryDataByteOrderMSB = False\nElementDataFile = data.raw\n";
    vec![
        kind("nifti", 14, "a.nii", plain, Packing::None),
        kind("nifti-gz", 12, "a.nii.gz", zipped, Packing::Gzip),
        kind("metaimage", 12, "a.mha", vec![written("a.mha"), written("short.mha")], Packing::None),
        kind("metaimage-zlib", 12, "a.mha", vec![zlib_mha()], Packing::ZlibBehindText),
        kind("metaimage-mhd", 10, "a.mhd", vec![mhd.as_bytes().to_vec()], Packing::None),
    ]
}
