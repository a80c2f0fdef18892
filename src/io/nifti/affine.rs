//! From NIfTI's sform or qform to a grid in LPS mm.

use std::path::Path;

use super::header::Header;
use crate::error::Result;
use crate::image::Grid;
use crate::io::read::{bad, in_file};

/// RAS to LPS.
pub const SIGNS: [f64; 3] = [-1.0, -1.0, 1.0];

/// The grid: sform if `sform_code > 0`, else qform if `qform_code > 0`, else refused (NIfTI's
/// "method 1" has no orientation). Returns remarks for the user too.
///
/// # Errors
/// If no transform is set, or it places no volume.
pub fn grid(header: &Header, dims: [usize; 3], path: &Path) -> Result<(Grid, Vec<String>)> {
    let mut notes = Vec::new();
    let mm = unit_mm(header, path, &mut notes)?;
    let build = |columns: [[f64; 3]; 4]| {
        let lps = columns.map(|c| [0, 1, 2].map(|r| c[r] * mm * SIGNS[r]));
        Grid { dims, origin_mm: lps[3], axes_mm: [lps[0], lps[1], lps[2]] }.checked()
    };
    let sform = std::array::from_fn(|c| [0, 1, 2].map(|r| header.srow[r][c]));
    let grid = match (header.sform_code > 0, header.qform_code > 0) {
        (true, q) => {
            let grid = build(sform).map_err(in_file(path))?;
            let other = if q { quaternion(header, path).and_then(build).ok() } else { None };
            let half = 0.5 * grid.spacing_mm().into_iter().fold(f64::INFINITY, f64::min);
            if other.is_some_and(|o| !o.same_geometry(&grid, half)) {
                notes.push("sform and qform disagree by over half a voxel; sform is used".into());
            }
            grid
        }
        (false, true) => build(quaternion(header, path)?).map_err(in_file(path))?,
        (false, false) => {
            return Err(bad(
                path,
                "sform_code and qform_code are both 0".into(),
                "without either, left and right and the position are unknown",
                "Export the image again with its orientation.",
            ));
        }
    };
    Ok((grid, notes))
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
    let steps: [f64; 3] = std::array::from_fn(|i| header.pixdim[i + 1]);
    if steps.iter().any(|s| !s.is_finite() || *s <= 0.0) {
        return Err(bad(
            path,
            format!("pixdim is {steps:?}"),
            "spacings must be positive",
            "Correct the spacing in the header.",
        ));
    }
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
