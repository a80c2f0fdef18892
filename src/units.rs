//! Unit conversions. Units change at three borders only: io and activity (file units to Bq, HU, mm),
//! the plan (mm to cm, f64 to f32; inside transport MeV, cm, g, s), and dose (fixed point to Gy).

use crate::constants::MEV_IN_JOULE;

/// mm in one cm.
pub const MM_PER_CM: f64 = 10.0;
/// Gy (J/kg) of 1 MeV imparted to 1 g.
pub const GY_PER_MEV_PER_G: f64 = MEV_IN_JOULE * 1e3;
/// cm3 (= mL) in one mm3.
pub const CM3_PER_MM3: f64 = 1e-3;
/// eV in one MeV.
pub const EV_PER_MEV: f64 = 1e6;
/// keV in one MeV.
pub const KEV_PER_MEV: f64 = 1e3;
/// mGy/h in one Gy/s.
pub const MGY_PER_H_PER_GY_PER_S: f64 = 1e3 * 3600.0;
/// Bq in one Ci (exact by definition: CGPM 1964, resolution 7).
pub const BQ_PER_CI: f64 = 3.7e10;
/// Seconds in one hour.
pub const SECONDS_PER_HOUR: f64 = 3600.0;
/// Seconds in one day.
pub const SECONDS_PER_DAY: f64 = 86_400.0;
/// Bq in one MBq.
pub const BQ_PER_MBQ: f64 = 1e6;
/// Bq per GBq.
pub const BQ_PER_GBQ: f64 = 1e9;

/// What stands before a unit of length (mm, cm or m) at the end of a text, and mm in that unit; `None` if there is none.
pub fn length_unit(text: &str) -> Option<(&str, f64)> {
    let units = [("mm", 1.0), ("cm", MM_PER_CM), ("m", 1000.0)];
    units.iter().find_map(|(unit, mm)| Some((text.strip_suffix(unit)?, *mm)))
}

/// A length in mm from a number with its unit mm, cm or m; `None` if it is not one.
pub fn mm_of(text: &str) -> Option<f64> {
    let lower = text.trim().to_ascii_lowercase();
    let (digits, mm) = length_unit(&lower)?;
    digits.trim().parse::<f64>().ok().filter(|x| x.is_finite()).map(|x| x * mm)
}

/// A time in s from a number with its unit s, min, h, d or y (365.25 d); `None` if it is not one.
pub fn seconds_of(text: &str) -> Option<f64> {
    let lower = text.trim().to_ascii_lowercase();
    let units = [
        ("min", 60.0),
        ("y", 365.25 * SECONDS_PER_DAY),
        ("d", SECONDS_PER_DAY),
        ("h", SECONDS_PER_HOUR),
        ("s", 1.0),
    ];
    let (digits, scale) =
        units.iter().find_map(|(unit, scale)| Some((lower.strip_suffix(unit)?, scale)))?;
    digits.trim().parse::<f64>().ok().filter(|x| x.is_finite()).map(|x| x * scale)
}
