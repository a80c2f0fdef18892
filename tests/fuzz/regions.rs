//! Volumes of interest: RT Structure Sets, Segmentations and NRRD, read onto a grid and onto their own. RT Doses.

use std::path::Path;

use voxgray::image::Grid;
use voxgray::io::{RegionOptions, read_map_file, read_regions};

use crate::Kind;
use crate::dose_objects::{SUPINE, dose};
use crate::packed::Packing;
use crate::region_objects::{contour, frame, segmentation, square, structures};
use crate::writer::EXPLICIT_LITTLE;

const WORDS: [&str; 20] = [
    "CLOSED_PLANAR",
    "CLOSEDPLANAR_XOR",
    "POINT",
    "OPEN_PLANAR",
    "1e300\\0\\1",
    "0\\0\\0",
    "\\-1.5\\2\\",
    "nan",
    "BINARY",
    "FRACTIONAL",
    "LABELMAP",
    "OCCUPANCY",
    "PROBABILITY",
    "sizes: 3 2 2\n",
    "sizes: 99999 99999 9\n",
    "encoding: gzip\n",
    "encoding: ascii\n",
    "space directions: none (1,0,0) (0,1,0) (0,0,1)\n",
    "Segment0_Layer:=3\n",
    "type: double\nendian: little\n",
];

const DOSE_WORDS: [&str; 12] = [
    "GY",
    "RELATIVE",
    "PHYSICAL",
    "EFFECTIVE",
    "ERROR",
    "MULTI_PLAN",
    "0\\3\\6\\9",
    "100\\97\\94",
    "-1",
    "1e300",
    "1\\0\\0\\0\\1\\0",
    "2000000000",
];

fn rtstruct() -> Vec<u8> {
    let tower =
        |low: f64, high: f64| (0..3).map(|n| square(2.5 * f64::from(n), low, high)).collect();
    let mut mixed: Vec<_> = tower(-3.0, 4.0);
    mixed.push(square(2.5, -1.0, 2.0));
    mixed.push(contour("POINT", &[[1.0, 2.0, 3.0]]));
    structures(&[("Liver", tower(-5.0, 5.0)), ("Mixed", mixed), ("Empty", Vec::new())])
        .file(EXPLICIT_LITTLE)
}

fn segments() -> Vec<Vec<u8>> {
    let frames = [frame(Some(2), 5.0), frame(Some(1), 0.0), frame(Some(1), 2.5)];
    let values: Vec<u8> = (0..45).map(|n| n % 3).collect();
    let labels = [frame(None, 5.0), frame(None, 0.0), frame(None, 2.5)];
    vec![
        segmentation("BINARY", &frames, 1, &[0b0101_1010; 6]).file(EXPLICIT_LITTLE),
        segmentation("FRACTIONAL", &frames, 8, &values).file(EXPLICIT_LITTLE),
        segmentation("LABELMAP", &labels, 8, &values).file(EXPLICIT_LITTLE),
    ]
}

fn nrrds() -> Vec<Vec<u8>> {
    let head = "NRRD0004\ndimension: 3\nspace: right-anterior-superior\nsizes: 3 2 2\nspace directions: (2,0,0) (0,3,0) (0,0,4)\n\
                space origin: (10,20,30)\ntype: uchar\n";
    let layered = "NRRD0005\ndimension: 4\nspace: left-posterior-superior\nsizes: 2 3 2 1\nspace directions: none (2,0,0) (0,3,0) (0,0,4)\n\
                   space origin: (0,0,0)\ntype: uchar\nencoding: raw\nSegment0_Name:=liver\nSegment0_LabelValue:=1\nSegment0_Layer:=0\n\
                   Segment1_Name:=lesion\nSegment1_LabelValue:=2\nSegment1_Layer:=1\nSegment1_Color:=1 0 0.5\n\n";
    let values = [0, 1, 2, 0, 1, 2, 0, 1, 2, 0, 1, 2_u8];
    let text: String = values.iter().map(|v| format!("{v} ")).collect();
    vec![
        [format!("{head}encoding: raw\n\n").as_bytes(), &values].concat(),
        [format!("{head}encoding: ascii\n\n").as_bytes(), text.as_bytes()].concat(),
        [format!("{head}encoding: gzip\n\n").as_bytes(), &crate::packed::gzipped(&values)].concat(),
        [layered.as_bytes(), &values].concat(),
    ]
}

fn kind(name: &'static str, share: u64, file: &'static str, seeds: Vec<Vec<u8>>) -> Kind {
    let turned = Grid {
        dims: [12, 12, 9],
        origin_mm: [-12.0, -12.0, -8.0],
        axes_mm: [[2.0, 0.3, 0.0], [-0.3, 2.0, 0.0], [0.0, 0.0, 3.0]],
    };
    let grids = [
        None,
        Some(Grid::aligned([12, 12, 9], [-12.0, -12.0, -8.0], [2.0, 2.0, 3.0])),
        Some(turned),
    ];
    Kind {
        name,
        share,
        seeds,
        words: &WORDS,
        packing: Packing::None,
        refuses_some: false,
        read: Box::new(move |folder, bytes| {
            let path = folder.join(file);
            std::fs::write(&path, bytes).map_err(|e| e.to_string())?;
            Ok(read(&path, &grids))
        }),
    }
}

fn read(path: &Path, grids: &[Option<Grid>]) -> bool {
    let mut value = false;
    for grid in grids {
        let Ok(found) = read_regions(path, grid.as_ref(), &RegionOptions::default()) else {
            continue;
        };
        value = true;
        let _ = found.set.whole();
    }
    value
}

fn doses() -> Kind {
    let oblique = [0.8, 0.6, 0.0, -0.36, 0.48, 0.8];
    let seeds = [
        dose(SUPINE, &[0.0, 3.0, 6.0, 9.0], 16),
        dose(SUPINE, &[100.0, 97.0, 94.0], 32),
        dose(oblique, &[0.0, 2.5], 32),
    ];
    Kind {
        name: "rtdose",
        share: 12,
        seeds: seeds.iter().map(|s| s.file(EXPLICIT_LITTLE)).collect(),
        words: &DOSE_WORDS,
        packing: Packing::None,
        refuses_some: false,
        read: Box::new(|folder, bytes| {
            let path = folder.join("dose.dcm");
            std::fs::write(&path, bytes).map_err(|e| e.to_string())?;
            Ok(read_map_file(&path, Default::default()).is_ok())
        }),
    }
}

pub fn kinds() -> Vec<Kind> {
    vec![
        kind("rtstruct", 12, "a.dcm", vec![rtstruct()]),
        kind("seg", 12, "a.dcm", segments()),
        kind("nrrd", 12, "a.nrrd", nrrds()),
        doses(),
    ]
}
