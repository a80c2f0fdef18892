//! Absorbed dose of red marrow from blood and from images. Neglected: marrow that is not uniform, and, with the blood method, activity that binds to
//! marrow or bone. Masses, S values and hematocrit are the user's.
//!
//! ```text
//! blood   TIA_RM = TIA_blood/mL m_RM RMBLR,   RMBLR = 0.19/(1 - HCT)      (Sgouros 1993, J Nucl Med 34, 689)
//! image   TIA_RM = TIA_region/f,              f the region's part of all marrow (such as L2-L4)
//! D = TIA_RM S(RM<-RM) m_S/m_RM + TIA_rest S(RM<-rest)                    (EANM 2010, doi:10.1007/s00259-010-1422-4)
//! ```
//!
//! S(RM<-RM) is that of a phantom with the marrow mass m_S; it is scaled to the patient's marrow by mass, as electrons give it. With the blood
//! method the patient's mass then cancels in the self dose.

use crate::error::{Error, Result};

/// Extracellular fluid of marrow over that of blood's plasma: the 0.19 of RMBLR.
const MARROW_EXTRACELLULAR: f64 = 0.19;

/// Red marrow to blood ratio of activity concentrations from the hematocrit.
///
/// # Errors
/// If the hematocrit is not between 0 and 1.
pub fn marrow_to_blood(hematocrit: f64) -> Result<f64> {
    if hematocrit > 0.0 && hematocrit < 1.0 {
        return Ok(MARROW_EXTRACELLULAR / (1.0 - hematocrit));
    }
    Err(Error::usage(
        format!("a hematocrit of {hematocrit}"),
        "it lies between 0 and 1",
        "Give a fraction or per cent, such as 47%.",
    ))
}

/// Where the time-integrated activity of marrow comes from.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Uptake {
    /// Blood: Bq s/mL, and the ratio of marrow to blood.
    Blood { per_ml: f64, ratio: f64 },
    /// An image: Bq s in a region that holds a part of all marrow.
    Image { region: f64, part: f64 },
}

/// S values and masses.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct MarrowModel {
    /// S(RM<-RM) of the phantom, Gy/(Bq s).
    pub self_s_gy_per_bq_s: f64,
    /// Its marrow, g.
    pub phantom_g: f64,
    /// The patient's marrow, g.
    pub patient_g: f64,
    /// Time-integrated activity of the rest of the body, Bq s, and S(RM<-rest), Gy/(Bq s).
    pub rest: Option<(f64, f64)>,
}

/// Dose of red marrow.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct MarrowDose {
    /// Time-integrated activity of marrow, Bq s.
    pub tia_bq_s: f64,
    /// From itself, Gy.
    pub self_gy: f64,
    /// From the rest of the body, Gy.
    pub rest_gy: f64,
}

/// Dose of red marrow. Marrow has the density 1 g/mL here, as the published ratio takes it.
///
/// # Errors
/// If a number is negative, or one that must be positive is not.
pub fn marrow_dose(uptake: Uptake, model: &MarrowModel) -> Result<MarrowDose> {
    let positive = |what: &str, x: f64| match x > 0.0 && x.is_finite() {
        true => Ok(x),
        false => Err(Error::usage(format!("{what}: {x}"), "it must be positive", "Correct it.")),
    };
    let patient = positive("the patient's marrow in g", model.patient_g)?;
    let phantom = positive("the phantom's marrow in g", model.phantom_g)?;
    let s = positive("S(RM<-RM)", model.self_s_gy_per_bq_s)?;
    let tia = match uptake {
        Uptake::Blood { per_ml, ratio } => {
            positive("the time-integrated activity of blood", per_ml)?
                * positive("the ratio of marrow to blood", ratio)?
                * patient
        }
        Uptake::Image { region, part } => {
            let part = positive("the region's part of all marrow", part)?;
            if part > 1.0 {
                return Err(Error::usage(
                    format!("{part} of all marrow"),
                    "a region holds at most all of it",
                    "Give a fraction or per cent.",
                ));
            }
            positive("the time-integrated activity of the region", region)? / part
        }
    };
    let rest_gy = match model.rest {
        Some((tia, s)) => {
            positive("the time-integrated activity of the rest", tia)? * positive("S(RM<-rest)", s)?
        }
        None => 0.0,
    };
    Ok(MarrowDose { tia_bq_s: tia, self_gy: tia * s * phantom / patient, rest_gy })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// By hand; with blood, the patient's mass cancels.
    #[test]
    fn blood_and_image_methods() {
        let model = |patient_g: f64| MarrowModel {
            self_s_gy_per_bq_s: 9.72e-15 / 1e0 * 1e0,
            phantom_g: 1170.0,
            patient_g,
            rest: Some((2e14, 1e-15)),
        };
        let ratio = marrow_to_blood(0.47).unwrap();
        let blood = Uptake::Blood { per_ml: 1e9, ratio };
        let [a, b] = [1170.0, 900.0].map(|g| marrow_dose(blood, &model(g)).unwrap());
        let expected = 1e9 * ratio * 1170.0 * 9.72e-15;
        assert!(
            (a.self_gy / expected - 1.0).abs() < 1e-12
                && (b.self_gy / expected - 1.0).abs() < 1e-12
        );
        assert!((a.rest_gy - 0.2).abs() < 1e-12);
        let image = Uptake::Image { region: 5e11, part: 0.1 };
        let d = marrow_dose(image, &model(585.0)).unwrap();
        assert!((d.tia_bq_s / 5e12 - 1.0).abs() < 1e-12);
        assert!((d.self_gy / (5e12 * 9.72e-15 * 2.0) - 1.0).abs() < 1e-12);
        assert!(marrow_to_blood(1.0).is_err() && marrow_to_blood(47.0).is_err());
        assert!(marrow_dose(Uptake::Image { region: 1.0, part: 2.0 }, &model(1.0)).is_err());
        assert!(marrow_dose(Uptake::Blood { per_ml: -1.0, ratio }, &model(1.0)).is_err());
    }
}
