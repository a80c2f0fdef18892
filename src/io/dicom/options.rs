//! What the caller states about a series that its files do not say.

use crate::error::{Error, Result};

/// Choices and facts that go with a series; everything may be left out.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ReadOptions {
    /// SeriesInstanceUID to read where there are several series.
    pub series: Option<String>,
    /// Energy window (from 1) to read where an NM object has several.
    pub energy_window: Option<usize>,
    /// Frame (from 1) of a dynamic or gated series, or of an NM object with several volumes. Refused for a CT.
    pub frame: Option<usize>,
    /// Calibration of an image in counts. Refused for an image that is in Bq/mL already.
    pub count_factor: Option<CountFactor>,
    /// Geometry of an NM object that states none; refused for CT and PET.
    pub geometry: Option<GeometryOverride>,
}

/// What one count in a voxel stands for.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum CountFactor {
    /// Activity concentration, Bq/mL per count.
    BqPerMl(f64),
    /// Activity in the voxel, MBq per count.
    Mbq(f64),
}

impl CountFactor {
    /// Bq/mL per count in voxels of the given volume.
    ///
    /// # Errors
    /// If the factor is not positive and finite.
    pub fn bq_per_ml(self, voxel_volume_mm3: f64) -> Result<f64> {
        let (given, factor) = match self {
            CountFactor::BqPerMl(f) => (f, f),
            // 1 MBq = 1e6 Bq, 1 mL = 1e3 mm3.
            CountFactor::Mbq(f) => (f, f * 1e6 / (voxel_volume_mm3 * 1e-3)),
        };
        if factor.is_finite() && factor > 0.0 {
            return Ok(factor);
        }
        Err(Error::usage(
            format!("the count factor is {given}"),
            "it must be positive and finite",
            "Give for example --calibration 12.5Bq/mL or --calibration 1.2e-6MBq, per count.",
        ))
    }
}

/// Geometry of a stack of slices, as DICOM would state it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct GeometryOverride {
    /// Centre of the first pixel of the first slice (ImagePositionPatient), mm, LPS.
    pub origin_mm: [f64; 3],
    /// Direction cosines of a row, then of a column (ImageOrientationPatient).
    pub orientation: [f64; 6],
    /// Distance between rows, between columns (PixelSpacing) and between slices, mm. A negative slice
    /// spacing stacks against the normal (row x column).
    pub spacing_mm: [f64; 3],
}

impl std::str::FromStr for GeometryOverride {
    type Err = Error;

    /// Parses `x,y,z;rx,ry,rz,cx,cy,cz;row,column,slice`, all in mm (LPS) or cosines.
    fn from_str(text: &str) -> Result<Self> {
        let parts: Vec<&str> = text.split(';').collect();
        let [origin, orientation, spacing] = parts.as_slice() else {
            return Err(bad(text, "three parts separated by ';' are needed"));
        };
        let parsed = GeometryOverride {
            origin_mm: numbers(text, origin)?,
            orientation: numbers(text, orientation)?,
            spacing_mm: numbers(text, spacing)?,
        };
        let [row, column, slice] = parsed.spacing_mm;
        if row <= 0.0 || column <= 0.0 || slice == 0.0 {
            return Err(bad(text, "spacings must be positive (the slice spacing may be negative)"));
        }
        Ok(parsed)
    }
}

fn numbers<const N: usize>(text: &str, part: &str) -> Result<[f64; N]> {
    let values: Option<Vec<f64>> =
        part.split(',').map(|t| t.trim().parse().ok().filter(|x: &f64| x.is_finite())).collect();
    values
        .and_then(|v| v.try_into().ok())
        .ok_or_else(|| bad(text, &format!("'{part}' must be {N} numbers separated by ','")))
}

fn bad(text: &str, why: &str) -> Error {
    Error::usage(
        format!("the geometry '{text}' cannot be read"),
        why,
        "Write origin;orientation;spacing in mm, for example \
         '-160,-160,-200;1,0,0,0,1,0;4.8,4.8,4.8'.",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn geometry_is_parsed_or_refused_with_the_reason() {
        let parsed: GeometryOverride =
            "-160, -160,-200;1,0,0,0,1,0;4.8,4.7,-4.6".parse().expect("well formed");
        assert_eq!(parsed.origin_mm, [-160.0, -160.0, -200.0]);
        assert_eq!(parsed.orientation, [1.0, 0.0, 0.0, 0.0, 1.0, 0.0]);
        assert_eq!(parsed.spacing_mm, [4.8, 4.7, -4.6]);
        for wrong in [
            "",
            "1,2,3",
            "1,2;1,0,0,0,1,0;1,1,1",
            "1,2,nan;1,0,0,0,1,0;1,1,1",
            "0,0,0;1,0,0,0,1,0;1,0,1",
        ] {
            let error = wrong.parse::<GeometryOverride>().expect_err(wrong);
            assert_eq!(error.exit_code(), 2);
        }
    }

    #[test]
    fn count_factors() {
        assert_eq!(CountFactor::BqPerMl(2.5).bq_per_ml(8.0), Ok(2.5));
        // 1e-6 MBq per count is 1 Bq per voxel of 0.1 mL.
        let factor = CountFactor::Mbq(1e-6).bq_per_ml(100.0).expect("positive");
        assert!((factor - 10.0).abs() < 1e-12);
        assert!(CountFactor::Mbq(f64::NAN).bq_per_ml(1.0).is_err());
        assert!(CountFactor::BqPerMl(-1.0).bq_per_ml(1.0).is_err());
    }
}
