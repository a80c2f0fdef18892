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
/// Bq in one MBq.
pub const BQ_PER_MBQ: f64 = 1e6;
