//! From NIfTI's sform or qform to a grid in LPS mm.

use std::path::Path;
use std::str::FromStr;

use super::header::Header;
use crate::error::{Error, Result};
use crate::image::Grid;
use crate::io::read::{bad, in_file};

/// RAS to LPS.
pub const SIGNS: [f64; 3] = [-1.0, -1.0, 1.0];

/// Which of a header's statements on geometry holds where two of them contradict each other. Where they agree, the choice
/// changes nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum NiftiAffine {
    /// None is preferred: a contradiction is an error.
    #[default]
    Agree,
    /// The sform, with its own lengths.
    Sform,
    /// The qform, with the lengths of pixdim.
    Qform,
    /// The lengths of pixdim along the directions and from the offset of the sform; along +R, +A, +S from 0 where the
    /// header has neither sform nor qform (NIfTI's "method 1").
    Pixdim,
}

impl FromStr for NiftiAffine {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        match text.trim().to_ascii_lowercase().as_str() {
            "sform" => Ok(NiftiAffine::Sform),
            "qform" => Ok(NiftiAffine::Qform),
            "pixdim" => Ok(NiftiAffine::Pixdim),
            _ => Err(Error::usage(
                format!("NIfTI affine '{text}'"),
                "a NIfTI header states its geometry as sform, qform or pixdim",
                "Give one of these three.",
            )),
        }
    }
}

/// Relative difference between pixdim and the lengths of the sform's columns that is rounding: 1 % is two decimals of a
/// millimetre, and 3 % of a voxel's volume.
const SPACING_TOLERANCE: f64 = 0.01;
/// Above this part the difference is said: 1 mm over a metre.
const SPACING_NOTED: f64 = 1e-3;

/// The grid: sform if `sform_code > 0`, else qform if `qform_code > 0`. Where sform and pixdim, or sform and qform,
/// contradict each other, `rule` decides. Returns remarks for the user too.
///
/// # Errors
/// If no transform is set, it places no volume, or statements contradict each other and `rule` does not decide.
pub fn grid(
    header: &Header,
    dims: [usize; 3],
    path: &Path,
    rule: NiftiAffine,
) -> Result<(Grid, Vec<String>)> {
    let mut notes = Vec::new();
    let mm = unit_mm(header, path, &mut notes)?;
    let build = |columns: [[f64; 3]; 4]| {
        let lps = columns.map(|c| [0, 1, 2].map(|r| c[r] * mm * SIGNS[r]));
        Grid { dims, origin_mm: lps[3], axes_mm: [lps[0], lps[1], lps[2]] }
            .checked()
            .map_err(in_file(path))
    };
    let qform = || quaternion(header, path).and_then(build);
    let columns: [[f64; 3]; 4] = std::array::from_fn(|c| [0, 1, 2].map(|r| header.srow[r][c]));
    let grid = match (header.sform_code > 0, header.qform_code > 0) {
        (true, true) if rule == NiftiAffine::Qform => {
            let (sform, qform) = (build(columns).ok(), qform()?);
            if sform.is_none_or(|s| farthest(&s, &qform) > half_a_voxel(&qform)) {
                notes.push(
                    "sform and qform contradict each other; the qform is taken, as stated".into(),
                );
            }
            qform
        }
        (true, q) => {
            let lengths = compare_lengths(header, &columns);
            let sform = build(columns)?;
            if let Some(text) = lengths.contradiction {
                match rule {
                    NiftiAffine::Sform => {
                        notes.push(format!("{text}; the sform is taken, as stated"));
                        return Ok((sform, notes));
                    }
                    NiftiAffine::Pixdim => {
                        notes.push(format!("{text}; pixdim is taken, as stated"));
                        return Ok((build(rescaled(header, columns))?, notes));
                    }
                    NiftiAffine::Agree | NiftiAffine::Qform => {
                        return Err(bad(
                            path,
                            text,
                            "both give the size of a voxel, and activities and masses go with it",
                            "Correct the header, or say which holds: --nifti-affine sform, or --nifti-affine pixdim \
                             for the lengths of pixdim along the sform's directions.",
                        ));
                    }
                }
            }
            notes.extend(lengths.note);
            if q && let Ok(qform) = qform() {
                let apart = farthest(&sform, &qform);
                if apart > half_a_voxel(&sform) {
                    let text = format!("sform and qform place a corner {apart:.2} mm apart");
                    if rule != NiftiAffine::Sform {
                        return Err(bad(
                            path,
                            text,
                            "both say where the voxels are",
                            "Correct the header, or say which holds: --nifti-affine sform or --nifti-affine qform.",
                        ));
                    }
                    notes.push(format!("{text}; the sform is taken, as stated"));
                }
            }
            sform
        }
        (false, true) => qform()?,
        (false, false) if rule == NiftiAffine::Pixdim => {
            notes.push(
                "the header has neither sform nor qform; the indices are taken to run along +R, +A and +S from 0, \
                 as stated: left and right are not known"
                    .into(),
            );
            let steps = steps(header, path)?;
            let along = |a: usize| [0, 1, 2].map(|c| if c == a { steps[a] } else { 0.0 });
            build([along(0), along(1), along(2), [0.0; 3]])?
        }
        (false, false) => {
            return Err(bad(
                path,
                "sform_code and qform_code are both 0".into(),
                "without either, left and right and the position are unknown",
                "Export the image again with its orientation; if its indices run along +R, +A and +S from 0, \
                 say so: --nifti-affine pixdim.",
            ));
        }
    };
    Ok((grid, notes))
}

fn half_a_voxel(grid: &Grid) -> f64 {
    0.5 * grid.spacing_mm().into_iter().fold(f64::INFINITY, f64::min)
}

/// Largest distance (mm) between a corner of one grid and the same corner of another; affine maps differ most there.
fn farthest(a: &Grid, b: &Grid) -> f64 {
    let distance =
        |(p, q): ([f64; 3], [f64; 3])| (0..3).map(|c| (p[c] - q[c]).powi(2)).sum::<f64>().sqrt();
    a.corners_mm().into_iter().zip(b.corners_mm()).map(distance).fold(0.0, f64::max)
}

struct Lengths {
    contradiction: Option<String>,
    note: Option<String>,
}

/// The lengths of the sform's columns against pixdim; a pixdim of 0 or less says nothing.
fn compare_lengths(header: &Header, columns: &[[f64; 3]; 4]) -> Lengths {
    let pixdim: [f64; 3] = std::array::from_fn(|a| header.pixdim[a + 1]);
    let length: [f64; 3] =
        std::array::from_fn(|a| columns[a].iter().map(|c| c * c).sum::<f64>().sqrt());
    let said = |a: &usize| pixdim[*a].is_finite() && pixdim[*a] > 0.0;
    let differs = |a: usize| (length[a] / pixdim[a] - 1.0).abs();
    let largest = (0..3).filter(said).map(differs).fold(0.0, f64::max);
    let text = || format!("the sform's columns have lengths {length:?}, pixdim says {pixdim:?}");
    Lengths {
        contradiction: (largest > SPACING_TOLERANCE).then(text),
        note: (largest > SPACING_NOTED && largest <= SPACING_TOLERANCE)
            .then(|| format!("{}; the sform is taken", text())),
    }
}

/// The sform's columns with the lengths of pixdim.
fn rescaled(header: &Header, mut columns: [[f64; 3]; 4]) -> [[f64; 3]; 4] {
    for (column, pixdim) in columns.iter_mut().zip(&header.pixdim[1..4]) {
        let length = column.iter().map(|c| c * c).sum::<f64>().sqrt();
        *column = column.map(|c| c / length * pixdim);
    }
    columns
}

/// Millimetres per spatial unit; code 0 (unknown) is taken as mm and noted.
fn unit_mm(header: &Header, path: &Path, notes: &mut Vec<String>) -> Result<f64> {
    match header.xyzt_units & 7 {
        0 => {
            notes.push("the header states no length unit; mm is assumed".into());
            Ok(1.0)
        }
        1 => Ok(1000.0),
        2 => Ok(1.0),
        3 => Ok(0.001),
        other => Err(bad(
            path,
            format!("xyzt_units has length unit {other}"),
            "1 (m), 2 (mm) and 3 (um) are defined",
            "Correct the header.",
        )),
    }
}

/// Positive steps of pixdim.
fn steps(header: &Header, path: &Path) -> Result<[f64; 3]> {
    let steps: [f64; 3] = std::array::from_fn(|i| header.pixdim[i + 1]);
    if steps.iter().any(|s| !s.is_finite() || *s <= 0.0) {
        return Err(bad(
            path,
            format!("pixdim is {steps:?}"),
            "spacings must be positive",
            "Correct the spacing in the header.",
        ));
    }
    Ok(steps)
}

/// Columns i, j, k and offset of the qform (`nifti1.h`, "METHOD 2").
fn quaternion(header: &Header, path: &Path) -> Result<[[f64; 3]; 4]> {
    let [b, c, d] = header.quatern;
    let sum = b * b + c * c + d * d;
    // Stored in single precision; 1e-5 leaves room for its rounding.
    if !sum.is_finite() || sum > 1.0 + 1e-5 {
        return Err(bad(
            path,
            format!("the qform's quaternion is ({b}, {c}, {d})"),
            "its squares must sum to at most 1",
            "The header is damaged: export the image again.",
        ));
    }
    let (a, [b, c, d]) = if sum > 1.0 {
        let n = sum.sqrt();
        (0.0, [b / n, c / n, d / n])
    } else {
        ((1.0 - sum).sqrt(), [b, c, d])
    };
    let steps = steps(header, path)?;
    let qfac = if header.pixdim[0] < 0.0 { -1.0 } else { 1.0 };
    let i = [a * a + b * b - c * c - d * d, 2.0 * (b * c + a * d), 2.0 * (b * d - a * c)];
    let j = [2.0 * (b * c - a * d), a * a + c * c - b * b - d * d, 2.0 * (c * d + a * b)];
    let k = [2.0 * (b * d + a * c), 2.0 * (c * d - a * b), a * a + d * d - b * b - c * c];
    let scaled = |v: [f64; 3], s: f64| v.map(|x| x * s);
    Ok([scaled(i, steps[0]), scaled(j, steps[1]), scaled(k, qfac * steps[2]), header.qoffset])
}

/// Quaternion b, c, d and qfac of orthonormal columns, by Shepperd's method (J. Guid. Control 1
/// (1978) 223).
pub fn to_quaternion(columns: [[f64; 3]; 3]) -> ([f64; 3], f64) {
    let [i, j, mut k] = columns;
    let det = i[0] * (j[1] * k[2] - j[2] * k[1]) - j[0] * (i[1] * k[2] - i[2] * k[1])
        + k[0] * (i[1] * j[2] - i[2] * j[1]);
    let qfac = if det < 0.0 { -1.0 } else { 1.0 };
    k = k.map(|x| x * qfac);
    // Four squares of the quaternion, each times 4; the largest is safe to divide by.
    let squares = [
        1.0 + i[0] + j[1] + k[2],
        1.0 + i[0] - j[1] - k[2],
        1.0 - i[0] + j[1] - k[2],
        1.0 - i[0] - j[1] + k[2],
    ];
    let best = (0..4).fold(0, |m, n| if squares[n] > squares[m] { n } else { m });
    let two = squares[best].max(0.0).sqrt();
    let s = 1.0 / (2.0 * two);
    let (x, y, z) = (j[2] - k[1], k[0] - i[2], i[1] - j[0]);
    let (xy, xz, yz) = (j[0] + i[1], k[0] + i[2], k[1] + j[2]);
    let h = two / 2.0;
    let [a, b, c, d] = match best {
        0 => [h, x * s, y * s, z * s],
        1 => [x * s, h, xy * s, xz * s],
        2 => [y * s, xy * s, h, yz * s],
        _ => [z * s, xz * s, yz * s, h],
    };
    // q and -q are the same rotation; NIfTI stores the one with a >= 0.
    let sign = if a < 0.0 { -1.0 } else { 1.0 };
    ([b * sign, c * sign, d * sign], qfac)
}
