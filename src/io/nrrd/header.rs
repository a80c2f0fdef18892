//! The text header of an NRRD.

use std::collections::BTreeMap;
use std::path::Path;

use crate::error::{Error, Result};
use crate::image::Grid;
use crate::io::element::ElementType;
use crate::io::read::bad;

/// Fields (`field: value`) by their lower-case names without blanks, and keys (`key:=value`) as written.
pub struct Header<'a> {
    path: &'a Path,
    fields: BTreeMap<String, String>,
    pub keys: BTreeMap<String, String>,
}

/// How the values are stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stored {
    Raw,
    Gzip,
    Text,
}

impl<'a> Header<'a> {
    /// Takes the lines of a header, the magic line first.
    ///
    /// # Errors
    /// If a line is neither field, key nor comment, or a field is given twice with two values.
    pub fn parse(path: &'a Path, text: &str) -> Result<Header<'a>> {
        let mut header = Header { path, fields: BTreeMap::new(), keys: BTreeMap::new() };
        for line in text.lines().skip(1).map(str::trim_end) {
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            if let Some((key, value)) = line.split_once(":=") {
                header.keys.insert(key.trim().into(), value.trim().into());
                continue;
            }
            let Some((field, value)) = line.split_once(':') else {
                let shown: String = line.chars().take(60).collect();
                return Err(header.refuse(
                    format!("the header line {shown:?} is neither field: value nor key:=value"),
                    "an NRRD header is lines of these",
                    "Check that the file is NRRD.",
                ));
            };
            let name: String = field.to_lowercase().split_whitespace().collect();
            let value = value.trim().to_owned();
            if header.fields.insert(name, value.clone()).is_some_and(|old| old != value) {
                return Err(header.refuse(
                    format!("the field '{field}' stands twice"),
                    "which one holds is not said",
                    "Remove one of the lines.",
                ));
            }
        }
        Ok(header)
    }

    pub fn refuse(&self, problem: String, why: &str, suggestion: &str) -> Error {
        bad(self.path, problem, why, suggestion)
    }

    fn get(&self, field: &str) -> Option<&str> {
        self.fields.get(field).map(String::as_str)
    }

    /// As it stands in the header, for messages.
    fn stated(&self, field: &str) -> String {
        self.get(field).map_or("not there".into(), |text| format!("'{text}'"))
    }

    fn need(&self, field: &str) -> Result<&str> {
        self.get(field).ok_or_else(|| {
            self.refuse(
                format!("there is no field '{field}'"),
                "it has no safe default",
                "Export the image again.",
            )
        })
    }

    /// The number type and whether the high byte comes first.
    ///
    /// # Errors
    /// If they are not known.
    pub fn element(&self, text: bool) -> Result<(ElementType, bool)> {
        let name = self.need("type")?;
        let kind = match name {
            "signed char" | "int8" | "int8_t" => ElementType::I8,
            "uchar" | "unsigned char" | "uint8" | "uint8_t" => ElementType::U8,
            "short" | "short int" | "signed short" | "signed short int" | "int16" | "int16_t" => {
                ElementType::I16
            }
            "ushort" | "unsigned short" | "unsigned short int" | "uint16" | "uint16_t" => {
                ElementType::U16
            }
            "int" | "signed int" | "int32" | "int32_t" => ElementType::I32,
            "uint" | "unsigned int" | "uint32" | "uint32_t" => ElementType::U32,
            "longlong"
            | "long long"
            | "long long int"
            | "signed long long"
            | "signed long long int"
            | "int64"
            | "int64_t" => ElementType::I64,
            "ulonglong"
            | "unsigned long long"
            | "unsigned long long int"
            | "uint64"
            | "uint64_t" => ElementType::U64,
            "float" => ElementType::F32,
            "double" => ElementType::F64,
            other => {
                return Err(self.refuse(
                    format!("type is {other:?}"),
                    "real integers and 32 or 64 bit floats are read",
                    "Convert the image to one of these.",
                ));
            }
        };
        let big_endian = match self.get("endian") {
            Some("big") => true,
            Some("little") => false,
            None if kind.size() == 1 || text => false,
            other => {
                return Err(self.refuse(
                    format!("endian is {other:?}"),
                    "little or big is needed for numbers of several bytes",
                    "Export the image again.",
                ));
            }
        };
        Ok((kind, big_endian))
    }

    /// Checks that vectors in the voxels have their components along L, P and S.
    ///
    /// # Errors
    /// If they have not, or it cannot be known.
    pub fn in_lps(&self) -> Result<()> {
        let space = self.get("space").map(str::to_lowercase).unwrap_or_default();
        let turned = match self.get("measurementframe") {
            None => false,
            Some(text) => {
                let axis = |n: usize| Some([0, 1, 2].map(|c| f64::from(u8::from(c == n))));
                self.vectors(text)? != [axis(0), axis(1), axis(2)]
            }
        };
        if !matches!(space.as_str(), "left-posterior-superior" | "lps") || turned {
            return Err(self.refuse(
                format!("vectors in space {space:?}, measurement frame {}", self.stated("measurementframe")),
                "displacements along L, P and S are needed, and programs disagree on what they are along in other spaces",
                "Write the field with ITK, in mm, LPS.",
            ));
        }
        Ok(())
    }

    /// How values are stored.
    ///
    /// # Errors
    /// If it is not raw, gzip or text.
    pub fn stored(&self) -> Result<Stored> {
        match self.need("encoding")?.to_lowercase().as_str() {
            "raw" => Ok(Stored::Raw),
            "gzip" | "gz" => Ok(Stored::Gzip),
            "ascii" | "text" | "txt" => Ok(Stored::Text),
            other => Err(self.refuse(
                format!("encoding is {other:?}"),
                "raw, gzip and ascii are read",
                "Save the image with one of these.",
            )),
        }
    }

    /// The file of the values, if they are not behind the header.
    ///
    /// # Errors
    /// If there are several.
    pub fn data_file(&self) -> Result<Option<&str>> {
        match self.get("datafile") {
            Some(name) if name.to_uppercase().starts_with("LIST") || name.contains('%') => {
                Err(self.refuse(
                    format!("data file is {name:?}"),
                    "one file of values is read",
                    "Save the image in one piece.",
                ))
            }
            other => Ok(other),
        }
    }

    /// Bytes before the values; -1 for those at the end of the file.
    ///
    /// # Errors
    /// If it is no such number, or lines are to be passed over.
    pub fn skip(&self) -> Result<i64> {
        if self.get("lineskip").is_some_and(|n| n != "0") {
            return Err(self.refuse(
                "line skip is set".into(),
                "text in front of values is not read",
                "Save the image again.",
            ));
        }
        let text = self.get("byteskip").unwrap_or("0");
        text.parse().ok().filter(|n| *n >= -1).ok_or_else(|| {
            self.refuse(
                format!("byte skip is {text:?}"),
                "a whole number from -1 is needed",
                "Correct the field.",
            )
        })
    }

    /// The grid, the number of layers, and whether layers come first (a list of values for each voxel).
    ///
    /// # Errors
    /// If the space is not the patient's, or sizes and directions do not make a volume.
    pub fn grid(&self) -> Result<(Grid, usize)> {
        let sizes: Option<Vec<usize>> =
            self.need("sizes")?.split_whitespace().map(|w| w.parse().ok()).collect();
        let dimension: Option<usize> = self.need("dimension")?.parse().ok();
        let Some(sizes) =
            sizes.filter(|s| Some(s.len()) == dimension && (3..=4).contains(&s.len()))
        else {
            return Err(self.refuse(
                format!(
                    "dimension is {}, sizes {}",
                    self.stated("dimension"),
                    self.stated("sizes")
                ),
                "three axes, or four of which the first counts layers, are read",
                "Save the volume alone.",
            ));
        };
        let signs = match self.need("space")?.to_lowercase().as_str() {
            "left-posterior-superior" | "lps" => [1.0, 1.0, 1.0],
            "right-anterior-superior" | "ras" => [-1.0, -1.0, 1.0],
            "left-anterior-superior" | "las" => [1.0, -1.0, 1.0],
            other => {
                return Err(self.refuse(
                    format!("space is {other:?}"),
                    "left-posterior-superior, right-anterior-superior or left-anterior-superior place a voxel in the patient",
                    "Save the image with one of these spaces.",
                ));
            }
        };
        if let Some(units) = self.get("spaceunits")
            && units.split_whitespace().any(|u| u.trim_matches('"') != "mm")
        {
            return Err(self.refuse(
                format!("space units are {units}"),
                "lengths are in mm",
                "Convert the image.",
            ));
        }
        let vectors = self.vectors(self.need("spacedirections")?)?;
        let spatial: Vec<usize> = (0..vectors.len()).filter(|n| vectors[*n].is_some()).collect();
        let layered = sizes.len() == 4;
        let wanted: &[usize] = if layered { &[1, 2, 3] } else { &[0, 1, 2] };
        if vectors.len() != sizes.len() || spatial != wanted {
            return Err(self.refuse(
                format!("space directions are {}", self.stated("spacedirections")),
                "each axis of space needs a vector; of four axes the first has none",
                "Save the volume alone.",
            ));
        }
        let lps = |v: [f64; 3]| [0, 1, 2].map(|c| v[c] * signs[c]);
        let mut axes = vectors.iter().flatten().map(|v| lps(*v));
        let axes_mm: [[f64; 3]; 3] = std::array::from_fn(|_| axes.next().unwrap_or_default());
        let origin = self.vectors(self.need("spaceorigin")?)?;
        let [Some(origin)] = origin[..] else {
            return Err(self.refuse(
                "space origin is no vector".into(),
                "it places the first voxel",
                "Correct the field.",
            ));
        };
        let dims = [0, 1, 2].map(|a| sizes[sizes.len() - 3 + a]);
        let grid = Grid { dims, origin_mm: lps(origin), axes_mm };
        let layers = if layered { sizes[0] } else { 1 };
        Ok((grid.checked().map_err(crate::io::read::in_file(self.path))?, layers))
    }

    /// `(1,0,0) none (0,1,0)`.
    fn vectors(&self, text: &str) -> Result<Vec<Option<[f64; 3]>>> {
        let mut found = Vec::new();
        let mut rest = text.trim();
        while !rest.is_empty() {
            if let Some(after) = rest.strip_prefix("none") {
                found.push(None);
                rest = after.trim_start();
                continue;
            }
            let inside = rest.strip_prefix('(').and_then(|r| r.split_once(')'));
            let numbers = inside.and_then(|(inside, after)| {
                let all: Option<Vec<f64>> =
                    inside.split(',').map(|w| w.trim().parse().ok()).collect();
                let vector: [f64; 3] = all?.try_into().ok()?;
                Some((vector, after))
            });
            let Some((vector, after)) = numbers else {
                let shown: String = text.chars().take(60).collect();
                return Err(self.refuse(
                    format!("{shown:?} holds no vectors"),
                    "they are written (x,y,z)",
                    "Correct the field.",
                ));
            };
            found.push(Some(vector));
            rest = after.trim_start();
        }
        Ok(found)
    }
}
