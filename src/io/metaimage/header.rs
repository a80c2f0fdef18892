//! The text header of a MetaImage.

use std::collections::BTreeMap;
use std::path::Path;

use crate::error::Result;
use crate::image::Grid;
use crate::io::element::ElementType;
use crate::io::read::{bad, in_file};

/// Longest header read: real ones have under 2 KiB.
pub const MAX_BYTES: u64 = 1 << 16;

/// Keys and values up to and including `ElementDataFile`, with spelling variants made one.
pub struct Header<'a> {
    path: &'a Path,
    fields: BTreeMap<&'static str, String>,
    pub notes: Vec<String>,
}

/// Known keys: every spelling and the one used here.
const KEYS: [(&str, &str); 26] = [
    ("ObjectType", "ObjectType"),
    ("ObjectSubType", "ObjectSubType"),
    ("NDims", "NDims"),
    ("BinaryData", "BinaryData"),
    ("BinaryDataByteOrderMSB", "ByteOrderMSB"),
    ("ElementByteOrderMSB", "ByteOrderMSB"),
    ("CompressedData", "CompressedData"),
    ("CompressedDataSize", "CompressedDataSize"),
    ("TransformMatrix", "TransformMatrix"),
    ("Orientation", "TransformMatrix"),
    ("Rotation", "TransformMatrix"),
    ("Offset", "Offset"),
    ("Position", "Offset"),
    ("Origin", "Offset"),
    ("CenterOfRotation", "CenterOfRotation"),
    ("DistanceUnits", "DistanceUnits"),
    ("ElementSpacing", "ElementSpacing"),
    ("ElementSize", "ElementSize"),
    ("DimSize", "DimSize"),
    ("HeaderSize", "HeaderSize"),
    ("ElementType", "ElementType"),
    ("ElementNumberOfChannels", "ElementNumberOfChannels"),
    ("ElementToIntensityFunctionSlope", "Slope"),
    ("ElementToIntensityFunctionOffset", "Intercept"),
    ("ElementDataFile", "ElementDataFile"),
    ("AnatomicalOrientation", "AnatomicalOrientation"),
];

impl<'a> Header<'a> {
    /// Takes `key = value` lines; unknown keys are the user's own and are passed over.
    ///
    /// # Errors
    /// If a line is not of that form or a known key is given two different values.
    pub fn parse(path: &'a Path, text: &str) -> Result<Header<'a>> {
        let mut fields: BTreeMap<&'static str, String> = BTreeMap::new();
        for line in text.lines().map(str::trim).filter(|l| !l.is_empty()) {
            let Some((key, value)) = line.split_once('=') else {
                return Err(bad(
                    path,
                    format!(
                        "the header line {:?} has no '='",
                        line.chars().take(60).collect::<String>()
                    ),
                    "a MetaImage header is lines of key = value",
                    "Check that the file is a MetaImage.",
                ));
            };
            let (key, value) = (key.trim(), value.trim());
            let Some(&(_, name)) = KEYS.iter().find(|(spelling, _)| *spelling == key) else {
                continue;
            };
            if let Some(old) = fields.insert(name, value.to_owned())
                && old != value
            {
                return Err(bad(
                    path,
                    format!("{key} is given as {old:?} and as {value:?}"),
                    "which one holds is not said",
                    "Remove one of the lines.",
                ));
            }
        }
        Ok(Header { path, fields, notes: Vec::new() })
    }

    fn get(&self, key: &str) -> Option<&str> {
        self.fields.get(key).map(String::as_str)
    }

    fn need(&self, key: &str) -> Result<&str> {
        self.get(key).ok_or_else(|| {
            self.refuse(format!("there is no {key}"), "it has no safe default", "Add the line.")
        })
    }

    fn refuse(&self, problem: String, why: &str, suggestion: &str) -> crate::Error {
        bad(self.path, problem, why, suggestion)
    }

    /// Exactly `N` numbers.
    fn numbers<const N: usize, T: std::str::FromStr>(
        &self,
        key: &str,
        text: &str,
    ) -> Result<[T; N]> {
        let parsed: Option<Vec<T>> = text.split_whitespace().map(|w| w.parse().ok()).collect();
        parsed.and_then(|v| v.try_into().ok()).ok_or_else(|| {
            self.refuse(
                format!("{key} is {text:?}"),
                &format!("{N} numbers are needed"),
                "Correct the line.",
            )
        })
    }

    /// A yes-or-no field.
    fn flag(&self, key: &str) -> Result<Option<bool>> {
        match self.get(key).map(str::to_ascii_lowercase).as_deref() {
            None => Ok(None),
            Some("true" | "1") => Ok(Some(true)),
            Some("false" | "0") => Ok(Some(false)),
            Some(other) => Err(self.refuse(
                format!("{key} is {other:?}"),
                "True or False is needed",
                "Correct the line.",
            )),
        }
    }

    /// The first three of as many numbers as the image has dimensions.
    fn three<T: std::str::FromStr + Copy>(&self, key: &str, text: &str) -> Result<[T; 3]> {
        if self.dimensions()? == 4 {
            return self.numbers::<4, T>(key, text).map(|[x, y, z, _]| [x, y, z]);
        }
        self.numbers(key, text)
    }

    /// Three dimensions, or four of which the last counts frames.
    fn dimensions(&self) -> Result<usize> {
        match (self.get("ObjectType"), self.need("NDims")?) {
            (None | Some("Image"), "3") => Ok(3),
            (None | Some("Image"), "4") => Ok(4),
            (kind, n) => Err(self.refuse(
                format!("ObjectType is {kind:?} and NDims {n:?}"),
                "a 3D image, or a 4D image of frames, is needed",
                "Export one 3D volume.",
            )),
        }
    }

    /// How many volumes follow one another.
    ///
    /// # Errors
    /// If the header is no image, or says none.
    pub fn frames(&self) -> Result<usize> {
        if self.dimensions()? == 3 {
            return Ok(1);
        }
        let [_, _, _, frames] = self.numbers::<4, usize>("DimSize", self.need("DimSize")?)?;
        if frames == 0 {
            return Err(self.refuse(
                "DimSize has no frame".into(),
                "one volume at least is needed",
                "Correct the line.",
            ));
        }
        Ok(frames)
    }

    /// Directions of the indices: of a 4D image, what belongs to space, which frames must leave alone.
    fn directions(&self, text: &str) -> Result<[f64; 9]> {
        if self.dimensions()? == 3 {
            return self.numbers("TransformMatrix", text);
        }
        let m: [f64; 16] = self.numbers("TransformMatrix", text)?;
        let (last_row, last_column) = ([m[12], m[13], m[14]], [m[3], m[7], m[11]]);
        if last_row != [0.0; 3] || last_column != [0.0; 3] {
            return Err(self.refuse(
                format!("TransformMatrix is {m:?}"),
                "the fourth dimension is mixed with space, so it does not count frames",
                "Export one 3D volume.",
            ));
        }
        Ok([m[0], m[1], m[2], m[4], m[5], m[6], m[8], m[9], m[10]])
    }

    /// Where the voxels of a volume are.
    ///
    /// # Errors
    /// If the size or spacing is missing or the geometry is ambiguous.
    pub fn grid(&mut self) -> Result<Grid> {
        if let Some(units) = self.get("DistanceUnits")
            && !matches!(units, "mm" | "?")
        {
            return Err(self.refuse(
                format!("DistanceUnits is {units:?}"),
                "mm is needed",
                "Export in mm.",
            ));
        }
        let dims = self.three("DimSize", self.need("DimSize")?)?;
        let key =
            if self.get("ElementSpacing").is_some() { "ElementSpacing" } else { "ElementSize" };
        let spacing: [f64; 3] = self.three(
            key,
            self.need(key).map_err(|mut e| {
                e.problem = e.problem.replace(key, "ElementSpacing");
                e
            })?,
        )?;
        if spacing.iter().any(|s| !s.is_finite() || *s <= 0.0) {
            return Err(self.refuse(
                format!("{key} is {spacing:?}"),
                "spacings must be positive",
                "Correct the line.",
            ));
        }
        let defaults = if self.dimensions()? == 3 {
            [("Offset", "0 0 0"), ("TransformMatrix", "1 0 0 0 1 0 0 0 1")]
        } else {
            [("Offset", "0 0 0 0"), ("TransformMatrix", "1 0 0 0 0 1 0 0 0 0 1 0 0 0 0 1")]
        };
        let [origin_mm, m] = defaults.map(|(key, default)| {
            if self.get(key).is_none() {
                self.notes
                    .push(format!("the header has no {key}; MetaIO's default {default} is taken"));
            }
            self.get(key).unwrap_or(default).to_owned()
        });
        let origin_mm = self.three("Offset", &origin_mm)?;
        let m = self.directions(&m)?;
        let directions = [[m[0], m[1], m[2]], [m[3], m[4], m[5]], [m[6], m[7], m[8]]];
        if directions
            .iter()
            .any(|d| (d.iter().map(|c| c * c).sum::<f64>().sqrt() - 1.0).abs() > 1e-3)
        {
            return Err(self.refuse(
                format!("TransformMatrix is {m:?}"),
                "directions must have length 1; sizes belong in ElementSpacing",
                "Correct the line.",
            ));
        }
        let centre: [f64; 3] = match self.get("CenterOfRotation") {
            Some(text) => self.three("CenterOfRotation", text)?,
            None => [0.0; 3],
        };
        let identity = [1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0];
        if centre != [0.0; 3] && m != identity {
            return Err(self.refuse(
                format!("CenterOfRotation is {centre:?} with a rotated TransformMatrix"),
                "programs disagree on whether it moves the image",
                "Export with CenterOfRotation = 0 0 0.",
            ));
        }
        let axes_mm = [0, 1, 2].map(|a| directions[a].map(|c| c * spacing[a]));
        Grid { dims, origin_mm, axes_mm }.checked().map_err(in_file(self.path))
    }

    /// The number type and byte order (true: most significant byte first) of voxels of so many channels.
    ///
    /// # Errors
    /// If voxels are text, scaled or of another number of channels, or the byte order is not said.
    pub fn element(&self, channels: usize) -> Result<(ElementType, bool)> {
        if self.flag("BinaryData")? != Some(true) {
            return Err(self.refuse(
                "BinaryData is not True".into(),
                "voxels as text are not read, and text is MetaIO's default",
                "Export binary voxels; if they are binary, add the line BinaryData = True.",
            ));
        }
        let key = "ElementNumberOfChannels";
        let [found]: [usize; 1] = self.numbers(key, self.get(key).unwrap_or("1"))?;
        if found != channels {
            let (why, suggestion) = match channels {
                1 => ("vectors are not one quantity", "Export one channel."),
                _ => {
                    ("a displacement has three components", "Write the field with ITK, in mm, LPS.")
                }
            };
            return Err(self.refuse(format!("{key} is {found}"), why, suggestion));
        }
        for (key, neutral) in [("Slope", 1.0), ("Intercept", 0.0)] {
            let [value]: [f64; 1] =
                self.numbers(key, self.get(key).unwrap_or(&neutral.to_string()))?;
            if value != neutral {
                return Err(self.refuse(
                    format!("{key} is {value}"),
                    "programs disagree on scale factors",
                    "Export with the scale applied.",
                ));
            }
        }
        let kind = match self.need("ElementType")? {
            "MET_CHAR" => ElementType::I8,
            "MET_UCHAR" => ElementType::U8,
            "MET_SHORT" => ElementType::I16,
            "MET_USHORT" => ElementType::U16,
            "MET_INT" => ElementType::I32,
            "MET_UINT" => ElementType::U32,
            "MET_LONG_LONG" => ElementType::I64,
            "MET_ULONG_LONG" => ElementType::U64,
            "MET_FLOAT" => ElementType::F32,
            "MET_DOUBLE" => ElementType::F64,
            other => {
                return Err(self.refuse(
                    format!("ElementType is {other:?}"),
                    "MET_CHAR, SHORT, INT, LONG_LONG (each also U...), FLOAT and DOUBLE are read; \
                     MET_LONG has 4 or 8 bytes depending on the machine",
                    "Export as one of those.",
                ));
            }
        };
        match self.flag("ByteOrderMSB")? {
            Some(msb) => Ok((kind, msb)),
            None if kind.size() == 1 => Ok((kind, false)),
            None => Err(self.refuse(
                "the byte order is not stated".into(),
                "it differs between machines",
                "Add the line BinaryDataByteOrderMSB = False (or True).",
            )),
        }
    }

    /// Bytes that the compressed voxels take, where the header says it.
    ///
    /// # Errors
    /// If the field is malformed.
    pub fn compressed_size(&self) -> Result<Option<u64>> {
        let Some(text) = self.get("CompressedDataSize") else { return Ok(None) };
        self.numbers::<1, u64>("CompressedDataSize", text).map(|[n]| Some(n))
    }

    /// Whether voxels are zlib-compressed.
    ///
    /// # Errors
    /// If the field is malformed.
    pub fn compressed(&self) -> Result<bool> {
        Ok(self.flag("CompressedData")?.unwrap_or(false))
    }

    /// Bytes before the voxels in a separate data file; `None`: the voxels are its last bytes.
    ///
    /// # Errors
    /// If the field is malformed.
    pub fn skip(&self) -> Result<Option<u64>> {
        match self.get("HeaderSize") {
            None => Ok(Some(0)),
            Some("-1") => Ok(None),
            Some(text) => self.numbers::<1, u64>("HeaderSize", text).map(|[n]| Some(n)),
        }
    }

    /// `ElementDataFile`.
    ///
    /// # Errors
    /// If it is missing, or names a list or pattern of files.
    pub fn data_file(&self) -> Result<&str> {
        let name = self.need("ElementDataFile")?;
        if name.is_empty() || name.split_whitespace().next() == Some("LIST") || name.contains('%') {
            return Err(self.refuse(
                format!("ElementDataFile is {name:?}"),
                "one file with all voxels is needed",
                "Export as .mha.",
            ));
        }
        Ok(name)
    }
}
