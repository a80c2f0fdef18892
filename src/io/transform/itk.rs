//! ITK's text format of transforms (itkTxtTransformIO): a header line, and for each transform its class, parameters and fixed parameters. Neglects transforms that
//! are not affine: they are refused by name.
//!
//! A composite applies its transforms from the last to the first, as itk::CompositeTransform does.

use std::fmt::Write as _;
use std::path::Path;

use crate::error::{Error, Result};
use crate::image::{Affine, Rigid, turn_zxy, turn_zyx};
use crate::io::atomic::write_atomically;
use crate::io::read::in_file;

use super::ReadTransform;

/// First words of every file.
const HEADER: &str = "#Insight Transform File";
/// Classes that are read.
const KNOWN: &str = "Euler3DTransform, VersorRigid3DTransform, AffineTransform, MatrixOffsetTransformBase, TranslationTransform, \
     IdentityTransform, CompositeTransform";

/// One transform as it is written.
struct Block {
    class: String,
    parameters: Vec<f64>,
    fixed: Vec<f64>,
}

/// Reads a .tfm file.
pub(super) fn read(path: &Path) -> Result<ReadTransform> {
    let text = crate::files::text(path)?;
    parse(&text).map_err(in_file(path))
}

fn malformed(problem: impl Into<String>, why: &str) -> Error {
    Error::input(
        problem,
        why,
        "Write it again as text (.tfm or .txt) with ITK, SimpleITK or voxgray register.",
    )
}

fn parse(text: &str) -> Result<ReadTransform> {
    let blocks = blocks(text)?;
    let (composite, parts) = match blocks.split_first() {
        Some((first, rest)) if first.class == "CompositeTransform" => (true, rest),
        _ => (false, blocks.as_slice()),
    };
    if parts.is_empty() {
        return Err(malformed("no transform", "the file states none"));
    }
    if parts.len() > 1 && !composite {
        return Err(malformed(
            format!("{} transforms without a CompositeTransform before them", parts.len()),
            "in which order they apply is not said",
        ));
    }
    let maps: Vec<Affine> = parts.iter().map(Block::map).collect::<Result<_>>()?;
    // The last one is applied first.
    let map = maps.iter().rev().fold(Affine::IDENTITY, |all, next| all.then(next));
    let names: Vec<&str> = parts.iter().map(|b| b.class.as_str()).collect();
    let written_as = if composite {
        format!("CompositeTransform of {}", names.join(", "))
    } else {
        names.join("")
    };
    Ok(ReadTransform { map, written_as })
}

fn blocks(text: &str) -> Result<Vec<Block>> {
    let mut lines = text.lines().map(str::trim).filter(|l| !l.is_empty());
    let first = lines.next().unwrap_or("");
    if !first.starts_with(HEADER) {
        let shown: String = first.chars().take(40).collect();
        return Err(malformed(
            format!("the first line is '{shown}'"),
            "an ITK transform as text begins with '#Insight Transform File V1.0'",
        ));
    }
    let mut blocks: Vec<Block> = Vec::new();
    for line in lines.filter(|l| !l.starts_with('#')) {
        let Some((key, value)) = line.split_once(':') else {
            return Err(malformed(format!("the line '{line}'"), "lines are 'Key: value'"));
        };
        let numbers = || -> Result<Vec<f64>> {
            let number = |word: &str| {
                word.parse::<f64>().ok().filter(|x| x.is_finite()).ok_or_else(|| {
                    malformed(format!("{key} holds '{word}'"), "it must be finite decimal numbers")
                })
            };
            value.split_whitespace().map(number).collect()
        };
        match (key.trim(), blocks.last_mut()) {
            ("Transform", _) => blocks.push(Block {
                class: class(value.trim())?,
                parameters: Vec::new(),
                fixed: Vec::new(),
            }),
            ("Parameters", Some(block)) => block.parameters = numbers()?,
            ("FixedParameters", Some(block)) => block.fixed = numbers()?,
            (other, _) => {
                return Err(malformed(
                    format!("the key '{other}'"),
                    "after 'Transform' stand 'Parameters' and 'FixedParameters'",
                ));
            }
        }
    }
    Ok(blocks)
}

/// `Euler3DTransform` of `Euler3DTransform_double_3_3`.
fn class(written: &str) -> Result<String> {
    let words: Vec<&str> = written.split('_').collect();
    match words.as_slice() {
        [class, "double" | "float", "3", "3"] => Ok((*class).to_string()),
        [_, _, from, to] => Err(malformed(
            format!("{written} maps {from} dimensions to {to}"),
            "patients have three",
        )),
        _ => Err(malformed(
            format!("the transform '{written}'"),
            "a class is written like Euler3DTransform_double_3_3",
        )),
    }
}

impl Block {
    fn take<const N: usize>(&self) -> Result<[f64; N]> {
        self.parameters.as_slice().try_into().map_err(|_| {
            malformed(
                format!("{} has {} parameters", self.class, self.parameters.len()),
                &format!("it has {N}"),
            )
        })
    }

    /// The centre, and whether a fourth number says that angles turn in the order z, y, x.
    fn centre(&self) -> Result<([f64; 3], bool)> {
        match *self.fixed.as_slice() {
            [x, y, z] => Ok(([x, y, z], false)),
            [x, y, z, order] if self.class == "Euler3DTransform" && [0.0, 1.0].contains(&order) => {
                Ok(([x, y, z], order == 1.0))
            }
            _ => Err(malformed(
                format!("{} has the fixed parameters {:?}", self.class, self.fixed),
                "they are its centre, three numbers (and 0 or 1 for the order of Euler3DTransform)",
            )),
        }
    }

    fn map(&self) -> Result<Affine> {
        match self.class.as_str() {
            "IdentityTransform" => Ok(Affine::IDENTITY),
            "TranslationTransform" => Ok(Affine::shift(self.take()?)),
            "Euler3DTransform" => {
                let [x, y, z, tx, ty, tz] = self.take()?;
                let (centre, zyx) = self.centre()?;
                let turn = if zyx { turn_zyx } else { turn_zxy };
                Ok(Affine::about(turn([x, y, z]), centre, [tx, ty, tz]))
            }
            "VersorRigid3DTransform" => {
                let [x, y, z, tx, ty, tz] = self.take()?;
                let square = x * x + y * y + z * z;
                if square > 1.0 {
                    return Err(malformed(
                        format!("the versor ({x}, {y}, {z}) is longer than 1"),
                        "it is the right part of a unit quaternion, so the transform is not rigid",
                    ));
                }
                let turn = turn_of([x, y, z, (1.0 - square).sqrt()]);
                Ok(Affine::about(turn, self.centre()?.0, [tx, ty, tz]))
            }
            "AffineTransform" | "MatrixOffsetTransformBase" => {
                let p: [f64; 12] = self.take()?;
                let matrix = [0, 1, 2].map(|r| [p[3 * r], p[3 * r + 1], p[3 * r + 2]]);
                Ok(Affine::about(matrix, self.centre()?.0, [p[9], p[10], p[11]]))
            }
            "CompositeTransform" => {
                Err(malformed("a CompositeTransform within another", "that is not read"))
            }
            other => Err(Error::input(
                format!("the transform is a {other}"),
                format!("read are {KNOWN}"),
                "Give a rigid or affine transform; deformations as a displacement field, an image.",
            )),
        }
    }
}

/// The matrix of a unit quaternion (x, y, z, w).
fn turn_of([x, y, z, w]: [f64; 4]) -> [[f64; 3]; 3] {
    [
        [1.0 - 2.0 * (y * y + z * z), 2.0 * (x * y - z * w), 2.0 * (x * z + y * w)],
        [2.0 * (x * y + z * w), 1.0 - 2.0 * (x * x + z * z), 2.0 * (y * z - x * w)],
        [2.0 * (x * z - y * w), 2.0 * (y * z + x * w), 1.0 - 2.0 * (x * x + y * y)],
    ]
}

/// Writes a map from the fixed to the moving image: as Euler3DTransform about `centre_mm` where it is rigid, else as AffineTransform.
///
/// # Errors
/// If the map cannot be undone, or writing fails.
pub fn write_itk_transform(path: &Path, map: &Affine, centre_mm: [f64; 3]) -> Result<()> {
    let text = text_of(map.checked()?, centre_mm);
    write_atomically(path, |w| w.write_all(text.as_bytes()))
}

fn text_of(map: &Affine, centre_mm: [f64; 3]) -> String {
    let (class, parameters, fixed) = match Rigid::of(map, centre_mm) {
        Ok(rigid) => {
            let p = [rigid.angles_rad, rigid.translation_mm].concat();
            ("Euler3DTransform", p, [centre_mm.as_slice(), &[0.0]].concat())
        }
        Err(_) => {
            let to = map.apply(centre_mm);
            let t = [0, 1, 2].map(|c| to[c] - centre_mm[c]);
            let p = [map.matrix.concat(), t.to_vec()].concat();
            ("AffineTransform", p, centre_mm.to_vec())
        }
    };
    let list = |numbers: &[f64]| {
        let mut line = String::new();
        numbers.iter().for_each(|x| {
            let _ = write!(line, " {x}");
        });
        line
    };
    format!(
        "{HEADER} V1.0\n#Transform 0\nTransform: {class}_double_3_3\nParameters:{}\nFixedParameters:{}\n",
        list(&parameters),
        list(&fixed)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Files as SimpleITK 2.5.7 writes them, and where its TransformPoint brings (1, 2, 3).
    const EULER: &str = "#Insight Transform File V1.0\n#Transform 0\nTransform: Euler3DTransform_double_3_3\nParameters: 0.12 -0.3 0.7 4 -5 6\nFixedParameters: 10 20 -30 0\n";
    const EULER_AT: [f64; 3] = [13.703723756085715, -13.132711986269841, 2.5040135957722662];
    const VERSOR: &str = "#Insight Transform File V1.0\n#Transform 0\nTransform: VersorRigid3DTransform_double_3_3\nParameters: 0.1068458425541433 -0.11979485654145504 0.3300196988487128 4 -5 6\nFixedParameters: 10 20 -30\n";
    const AFFINE: &str = "#Insight Transform File V1.0\n#Transform 0\nTransform: AffineTransform_double_3_3\nParameters: 1.1 0.1 0 -0.1 0.9 0.05 0 0.02 1 4 -5 6\nFixedParameters: 10 20 -30\n";
    const COMPOSITE: &str = "#Insight Transform File V1.0\n#Transform 0\nTransform: CompositeTransform_double_3_3\n#Transform 1\nTransform: Euler3DTransform_double_3_3\nParameters: 0.12 -0.3 0.7 4 -5 6\nFixedParameters: 10 20 -30 0\n#Transform 2\nTransform: AffineTransform_double_3_3\nParameters: 1.1 0.1 0 -0.1 0.9 0.05 0 0.02 1 4 -5 6\nFixedParameters: 10 20 -30\n#Transform 3\nTransform: TranslationTransform_double_3_3\nParameters: 1 2 3\nFixedParameters: \n";

    #[test]
    fn files_of_simpleitk_bring_points_where_it_does() {
        let zyx = EULER.replace("-30 0", "-30 1");
        for (text, expected) in [
            (EULER, EULER_AT),
            (VERSOR, EULER_AT),
            (AFFINE, [2.3, 1.35, 8.64]),
            (COMPOSITE, [13.57285137518574, -13.103442072788164, 11.643182906605848]),
            (&zyx, [14.563193668395737, -13.055773230251447, 2.58112866950132]),
            (
                "#Insight Transform File V1.0\nTransform: IdentityTransform_double_3_3\nParameters: \nFixedParameters: \n",
                [1.0, 2.0, 3.0],
            ),
            (
                &AFFINE
                    .replace("AffineTransform", "MatrixOffsetTransformBase")
                    .replace('\n', "\r\n"),
                [2.3, 1.35, 8.64],
            ),
        ] {
            let p = parse(text).unwrap().map.apply([1.0, 2.0, 3.0]);
            assert!((0..3).all(|c| (p[c] - expected[c]).abs() < 1e-9), "{text}: {p:?}");
        }
    }

    #[test]
    fn what_is_written_is_read() {
        for text in [EULER, AFFINE] {
            let map = parse(text).unwrap().map;
            let written = text_of(&map, [-3.5, 7.25, 100.0]);
            let again = parse(&written).unwrap().map;
            let p = [31.0, -7.0, 12.5];
            let (a, b) = (map.apply(p), again.apply(p));
            assert!((0..3).all(|c| (a[c] - b[c]).abs() < 1e-12), "{written}");
        }
        // About the same centre, the same numbers.
        let text = text_of(&parse(EULER).unwrap().map, [10.0, 20.0, -30.0]);
        let numbers = |t: &str| blocks(t).unwrap()[0].parameters.clone();
        assert!(
            numbers(&text).iter().zip(numbers(EULER)).all(|(a, b)| (a - b).abs() < 1e-12),
            "{text}"
        );
        assert!(
            text.contains("Euler3DTransform_double_3_3")
                && text.ends_with("FixedParameters: 10 20 -30 0\n"),
            "{text}"
        );
    }

    #[test]
    fn what_says_no_affine_map_is_refused() {
        let refused = |text: &str, expected: &str| {
            let error = parse(text).and_then(|t| t.map.checked().copied()).unwrap_err().to_string();
            assert!(error.contains(expected), "'{expected}' not in {error}");
        };
        refused("", "first line is ''");
        refused("(Transform \"EulerTransform\")", "#Insight");
        refused(&EULER.replace("0.12", "nan"), "'nan'");
        refused(&EULER.replace("0.12", "0,12"), "'0,12'");
        refused(&EULER.replace(" 6\n", "\n"), "has 5 parameters");
        refused(&EULER.replace("10 20 -30 0", "10 20"), "its centre");
        refused(&EULER.replace("Euler3DTransform", "BSplineTransform"), "BSplineTransform");
        refused(&EULER.replace("_3_3", "_2_2"), "maps 2 dimensions");
        refused(&VERSOR.replace("0.1068458425541433", "1.1"), "longer than 1");
        refused(&AFFINE.replace("1.1 0.1 0 -0.1 0.9 0.05", "1 0 0 1 0 0"), "singular");
        refused(
            &format!("{EULER}{}", EULER.replace("#Insight Transform File V1.0\n", "")),
            "2 transforms",
        );
        refused("#Insight Transform File V1.0\nParameters: 1 2 3\n", "the key 'Parameters'");
        refused("#Insight Transform File V1.0\n", "no transform");
        refused(&EULER.replace("Parameters: 0", "Parameter 0"), "the line");
    }
}
