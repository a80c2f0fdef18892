//! Transforms: ITK's text files and DICOM Spatial Registrations.

use std::path::Path;

use voxgray::image::Rigid;
use voxgray::io::{Frames, read_transform};

use crate::Kind;
use crate::packed::Packing;
use crate::writer::{DataSet, EXPLICIT_LITTLE};

const WORDS: [&str; 18] = [
    "Transform: Euler3DTransform_double_3_3\n",
    "Transform: VersorRigid3DTransform_double_3_3\n",
    "Transform: AffineTransform_double_3_3\n",
    "Transform: TranslationTransform_double_3_3\n",
    "Transform: CompositeTransform_double_3_3\n",
    "Transform: IdentityTransform_double_3_3\n",
    "Parameters: ",
    "FixedParameters: ",
    "#Transform 1\n",
    "nan ",
    "1e300 ",
    "-0 ",
    "RIGID",
    "AFFINE",
    "1\\0\\0\\0",
    "1e308",
    "1.1",
    "1.2",
];

fn texts() -> Vec<Vec<u8>> {
    let head = "#Insight Transform File V1.0\n";
    let euler = "Transform: Euler3DTransform_double_3_3\nParameters: 0.1 0.2 0.3 4 5 6\nFixedParameters: 1 2 3 0\n";
    let versor = "Transform: VersorRigid3DTransform_double_3_3\nParameters: 0.1 0.2 0.3 4 5 6\nFixedParameters: 1 2 3\n";
    let affine = "Transform: AffineTransform_double_3_3\nParameters: 1 0 0 0 1 0 0 0 1 4 5 6\nFixedParameters: 1 2 3\n";
    let composite = format!("Transform: CompositeTransform_double_3_3\n{euler}{affine}");
    [euler, versor, affine, &composite].map(|t| format!("{head}{t}").into_bytes()).to_vec()
}

fn registration() -> Vec<u8> {
    let turned =
        [0.0, 1.0, 0.0, 5.0, -1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0, -40.0, 0.0, 0.0, 0.0, 1.0];
    let matrix =
        DataSet::default().ds((0x3006, 0x00C6), &turned).text((0x0070, 0x030C), "CS", "RIGID");
    let matrices = DataSet::default().sq((0x0070, 0x030A), &[matrix]);
    let item =
        DataSet::default().text((0x0020, 0x0052), "UI", "1.2").sq((0x0070, 0x0309), &[matrices]);
    DataSet::default()
        .text((0x0008, 0x0060), "CS", "REG")
        .text((0x0020, 0x0052), "UI", "1.1")
        .sq((0x0070, 0x0308), &[item])
        .file(EXPLICIT_LITTLE)
}

fn kind(name: &'static str, share: u64, file: &'static str, seeds: Vec<Vec<u8>>) -> Kind {
    Kind {
        name,
        share,
        seeds,
        words: &WORDS,
        packing: Packing::None,
        refuses_some: false,
        read: Box::new(move |folder: &Path, bytes: &[u8]| {
            let path = folder.join(file);
            std::fs::write(&path, bytes).map_err(|e| e.to_string())?;
            let frames = [Frames::default(), Frames { fixed: Some("1.1"), moving: Some("1.2") }];
            let read = frames.map(|f| read_transform(&path, &f).ok());
            for map in read.iter().flatten().map(|r| r.map) {
                // What is read can be undone.
                if map.inverse().is_err() {
                    return Err(format!("{map:?} cannot be undone"));
                }
                let _ = Rigid::of(&map, [0.0; 3]);
            }
            Ok(read.iter().any(Option::is_some))
        }),
    }
}

pub fn kinds() -> Vec<Kind> {
    vec![
        kind("itk-transform", 4, "t.tfm", texts()),
        kind("dicom-registration", 4, "0.dcm", vec![registration()]),
    ]
}
