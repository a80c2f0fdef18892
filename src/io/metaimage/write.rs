//! Writing MetaImage.

use std::fmt::Write as _;
use std::path::Path;

use crate::error::{Error, Result};
use crate::image::{Grid, Volume};
use crate::io::atomic::write_atomically;
use crate::io::element::{Element, ElementType, encode};

/// Writes a volume as MetaImage, little-endian, uncompressed: one `.mha`, or an `.mhd` with a
/// `.raw` beside it.
///
/// Positions are written in full double precision. Each file appears complete or not at all, the
/// `.raw` first.
///
/// # Errors
/// If the name ends in neither `.mha` nor `.mhd`, or writing fails.
pub fn write_metaimage<T: Element>(path: &Path, volume: &Volume<T>) -> Result<()> {
    let grid = volume.checked()?;
    let extension = path.extension().unwrap_or_default().to_string_lossy().to_lowercase();
    match extension.as_str() {
        "mha" => {
            let header = header::<T>(grid, "LOCAL");
            write_atomically(path, |w| {
                w.write_all(header.as_bytes())?;
                encode(&volume.data, w)
            })
        }
        "mhd" => {
            let raw = path.with_extension("raw");
            let name =
                raw.file_name().unwrap_or_default().to_str().filter(|n| !n.contains(['%', '\n']));
            let Some(name) = name else {
                return Err(Error::usage(
                    format!("cannot write {}", path.display()),
                    "a MetaImage header cannot hold that name",
                    "Use plain letters and digits, or write .mha.",
                ));
            };
            write_atomically(&raw, |w| encode(&volume.data, w))?;
            write_atomically(path, |w| w.write_all(header::<T>(grid, name).as_bytes()))
        }
        _ => Err(Error::usage(
            format!("cannot write {} as MetaImage", path.display()),
            "the name must end in .mha or .mhd",
            "Rename the output.",
        )),
    }
}

fn header<T: Element>(grid: &Grid, data_file: &str) -> String {
    let spacing = grid.spacing_mm();
    let directions = [0, 1, 2].map(|a| join(grid.axes_mm[a].map(|c| c / spacing[a])));
    let kind = match T::TYPE {
        ElementType::I8 => "MET_CHAR",
        ElementType::U8 => "MET_UCHAR",
        ElementType::I16 => "MET_SHORT",
        ElementType::U16 => "MET_USHORT",
        ElementType::I32 => "MET_INT",
        ElementType::U32 => "MET_UINT",
        ElementType::I64 => "MET_LONG_LONG",
        ElementType::U64 => "MET_ULONG_LONG",
        ElementType::F32 => "MET_FLOAT",
        ElementType::F64 => "MET_DOUBLE",
    };
    let mut text = String::new();
    let lines = [
        ("ObjectType", "Image".to_owned()),
        ("NDims", "3".to_owned()),
        ("BinaryData", "True".to_owned()),
        ("BinaryDataByteOrderMSB", "False".to_owned()),
        ("CompressedData", "False".to_owned()),
        ("TransformMatrix", directions.join(" ")),
        ("Offset", join(grid.origin_mm)),
        ("CenterOfRotation", "0 0 0".to_owned()),
        ("ElementSpacing", join(spacing)),
        ("DimSize", join(grid.dims)),
        ("ElementType", kind.to_owned()),
        ("ElementDataFile", data_file.to_owned()),
    ];
    for (key, value) in lines {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "{key} = {value}");
    }
    text
}

fn join<T: std::fmt::Display>(numbers: [T; 3]) -> String {
    numbers.map(|n| n.to_string()).join(" ")
}
