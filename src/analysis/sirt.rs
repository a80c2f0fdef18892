//! Planning of radioembolisation: mono-compartment (MIRD), partition with any number of tumours, and by body surface (resin). Neglected: photons and
//! bremsstrahlung, energy that leaves its compartment, activity that does not stay where it is, and everything below a compartment.
//!
//! With k the energy of all electrons of an activity that decays in place (Gy kg/GBq, from the decay data of this program) and L the
//! part of the activity that goes to the lungs:
//!
//! ```text
//! mono       A = D M/(k (1 - L))                                  (activity is divided by 1 - L: a part of it is lost to the lungs)
//! partition  D_N = k A (1 - L)/(M_N + sum r_i M_i),  D_i = r_i D_N,  D_lungs = k A L/M_lungs
//! resin      A/GBq = S/m2 - 0.2 + V_tumour/V_liver,  S = 0.20247 (h/m)^0.725 (w/kg)^0.425
//! ```
//!
//! (Gulec et al. 2006, J Nucl Med 47, 1209; Ho et al. 1996, Eur J Nucl Med 23, 947; Du Bois and Du Bois 1916.) Ratio and shunt have two definitions
//! each, which differ: [`Ratio`], [`Shunt`].

use std::f64::consts::LN_2;

use crate::constants::MEV_IN_JOULE;
use crate::error::{Error, Result};
use crate::physics::Nuclide;
use crate::physics::chain::chain;
use crate::units::BQ_PER_GBQ;

/// Part of the electrons' energy that progeny may add; xenon-131m of iodine-131 adds less than 1 %.
const PROGENY_COUNTS: f64 = 0.02;
/// The constant in clinical use for Ho-166 microspheres, Gy kg/GBq (15.87 mJ/MBq: J Nucl Med 57 suppl. 2, 199, 2016); 2 % more than the
/// electrons of ICRP-107 give.
pub const HOLMIUM_IN_USE_GY_KG_PER_GBQ: f64 = 15.87;

/// Energy of an activity that decays in place.
#[derive(Debug, Clone, PartialEq)]
pub struct DoseConstant {
    /// The nuclide, or what it is called.
    pub name: String,
    /// Evaluation of the decay data, and what is one's own of them; empty for a constant that was stated.
    pub data: String,
    /// Electrons (beta, conversion, Auger) per decay, MeV; none for a constant that was stated.
    pub electron_mev: Option<f64>,
    /// Half-life, h; none for a constant that was stated.
    pub half_life_h: Option<f64>,
    /// Gy kg/GBq (J/GBq).
    pub gy_kg_per_gbq: f64,
}

impl DoseConstant {
    /// Of a nuclide, by the decay data of this program.
    ///
    /// # Errors
    /// If it is unknown, or emits no electrons.
    pub fn of(nuclide: &str) -> Result<Self> {
        Self::of_data(&Nuclide::load(nuclide)?)
    }

    /// [`DoseConstant::of`] of a nuclide that was looked up, in whichever evaluation.
    ///
    /// # Errors
    /// If it emits no electrons.
    pub fn of_data(data: &Nuclide) -> Result<Self> {
        let nuclide = data.name.as_str();
        let energy = data.energy_per_decay();
        let electrons = energy.electrons();
        if energy.alpha > 0.0 {
            return Err(Error::input(
                format!("{} emits alpha particles", data.name),
                "k is that of electrons of one nuclide: alpha particles and progeny are not in it",
                "Use voxgray dose, or state the constant.",
            ));
        }
        let members = chain(&data.name, None, 1.0).map(|c| c.members).unwrap_or_default();
        let of_progeny: f64 = members
            .iter()
            .filter(|m| m.nuclide != data.name)
            .map(|m| {
                let energy = Nuclide::load(&m.nuclide)?.energy_per_decay();
                Ok(m.decays_per_parent_decay * (energy.electrons() + energy.alpha))
            })
            .sum::<Result<f64>>()?;
        if of_progeny > PROGENY_COUNTS * electrons {
            return Err(Error::input(
                format!(
                    "{} has progeny that emits {of_progeny:.4} MeV per decay in electrons and alpha particles",
                    data.name
                ),
                format!("k is that of the nuclide's own electrons, {electrons:.4} MeV"),
                "Use voxgray dose, or state the constant.",
            ));
        }
        if electrons <= 0.0 {
            return Err(Error::usage(
                format!("{nuclide} for radioembolisation"),
                "it emits no electrons",
                "Name the therapeutic nuclide, such as Y-90 or Ho-166.",
            ));
        }
        Ok(DoseConstant {
            name: nuclide.into(),
            data: match data.own.as_str() {
                "" => format!("decay data: {}", data.data.name()),
                own => format!("decay data: {}, and one's own: {own}", data.data.name()),
            },
            electron_mev: Some(electrons),
            half_life_h: Some(data.half_life_s / 3600.0),
            gy_kg_per_gbq: electrons * MEV_IN_JOULE * BQ_PER_GBQ * data.half_life_s / LN_2,
        })
    }

    /// A constant that is stated, Gy kg/GBq.
    ///
    /// # Errors
    /// If it is not positive.
    pub fn stated(gy_kg_per_gbq: f64) -> Result<Self> {
        positive("the constant in Gy kg/GBq", gy_kg_per_gbq)?;
        Ok(DoseConstant {
            name: "stated".into(),
            data: String::new(),
            electron_mev: None,
            half_life_h: None,
            gy_kg_per_gbq,
        })
    }

    /// Where it comes from, in words.
    pub fn in_words(&self) -> String {
        match (self.electron_mev, self.half_life_h) {
            (Some(e), Some(t)) => format!(
                "k = {:.4} Gy kg/GBq: {} electrons of {e:.5} MeV per decay, half-life {t:.3} h ({})",
                self.gy_kg_per_gbq, self.name, self.data
            ),
            _ => format!("k = {:.4} Gy kg/GBq, as stated", self.gy_kg_per_gbq),
        }
    }
}

/// Activity (GBq) for a mean dose (Gy) in one compartment (kg), `shunt` of it going to the lungs.
///
/// # Errors
/// If a dose or mass is not positive, or the shunt not from 0 to below 1.
pub fn mono_activity_gbq(dose_gy: f64, mass_kg: f64, shunt: f64, k: &DoseConstant) -> Result<f64> {
    positive("a dose in Gy", dose_gy)?;
    Ok(dose_gy / mono_dose_gy(1.0, mass_kg, shunt, k)?)
}

/// Mean dose (Gy) of one compartment (kg) by an activity (GBq), `shunt` of it going to the lungs.
///
/// # Errors
/// If an activity or mass is not positive, or the shunt not from 0 to below 1.
pub fn mono_dose_gy(activity_gbq: f64, mass_kg: f64, shunt: f64, k: &DoseConstant) -> Result<f64> {
    positive("an activity in GBq", activity_gbq)?;
    positive("a mass in kg", mass_kg)?;
    part("a lung shunt", shunt)?;
    Ok(k.gy_kg_per_gbq * activity_gbq * (1.0 - shunt) / mass_kg)
}

/// How much of a tumour's uptake is stated. The two differ by the ratio of the masses.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Ratio {
    /// Activity per mass in the tumour over that in normal liver (Ho et al. 1996).
    Concentration(f64),
    /// Activity in the tumour over that in normal liver (Kao et al. 2013, doi:10.1007/s00270-013-0783-z, equation 3).
    Activity(f64),
}

/// What goes to the lungs.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Shunt {
    /// Lungs over lungs and whole liver: L of the administered activity (Ho et al. 1996).
    Liver(f64),
    /// Lungs over lungs and tumour, normal liver shunting nothing (Kao et al. 2013, equation 2).
    Tumour(f64),
}

/// A tumour.
#[derive(Debug, Clone, PartialEq)]
pub struct Tumour {
    /// Its name.
    pub name: String,
    /// kg.
    pub mass_kg: f64,
    /// Its uptake.
    pub ratio: Ratio,
}

/// Compartments of the liver, and the lungs.
#[derive(Debug, Clone, PartialEq)]
pub struct Partition {
    /// Normal liver, kg.
    pub normal_kg: f64,
    /// Tumours; one at least.
    pub tumours: Vec<Tumour>,
    /// Lungs, kg; what is stated, or 1 kg by custom.
    pub lungs_kg: f64,
    /// What goes to the lungs.
    pub shunt: Shunt,
}

/// A compartment's part of an activity.
#[derive(Debug, Clone, PartialEq)]
pub struct CompartmentDose {
    /// `normal liver`, `lungs`, or the tumour's name.
    pub name: String,
    /// kg.
    pub mass_kg: f64,
    /// Part of the administered activity.
    pub part: f64,
    /// Gy per GBq administered.
    pub gy_per_gbq: f64,
}

impl Partition {
    /// Normal liver, lungs and tumours with their parts of the activity and doses.
    ///
    /// # Errors
    /// If a mass or ratio is not positive, a shunt not from 0 to below 1, or there is no tumour.
    pub fn doses(&self, k: &DoseConstant) -> Result<Vec<CompartmentDose>> {
        positive("the mass of normal liver in kg", self.normal_kg)?;
        positive("the mass of the lungs in kg", self.lungs_kg)?;
        if self.tumours.is_empty() {
            return Err(Error::usage(
                "a partition without a tumour",
                "it divides tumour and normal liver",
                "Add a tumour, or plan with the mono-compartment model.",
            ));
        }
        // Activities in units of that of normal liver.
        let mut activities = Vec::new();
        for (n, t) in self.tumours.iter().enumerate() {
            let own = ["normal liver", "lungs"];
            if own.contains(&t.name.as_str()) || self.tumours[..n].iter().any(|o| o.name == t.name)
            {
                return Err(Error::input(
                    format!("two compartments '{}'", t.name),
                    "a name stands for one of them",
                    "Rename the tumour.",
                ));
            }
            positive(&format!("the mass of {} in kg", t.name), t.mass_kg)?;
            activities.push(match t.ratio {
                Ratio::Concentration(r) => {
                    positive("a ratio of concentrations", r)?;
                    r * t.mass_kg / self.normal_kg
                }
                Ratio::Activity(r) => {
                    positive("a ratio of activities", r)?;
                    r
                }
            });
        }
        let tumours: f64 = activities.iter().sum();
        let lungs = match self.shunt {
            Shunt::Liver(l) => {
                part("a lung shunt", l)?;
                (1.0 + tumours) * l / (1.0 - l)
            }
            Shunt::Tumour(l) => {
                part("a tumour's lung shunt", l)?;
                tumours * l / (1.0 - l)
            }
        };
        let whole = 1.0 + tumours + lungs;
        let one = |name: &str, mass_kg: f64, activity: f64| {
            let part = activity / whole;
            CompartmentDose {
                name: name.into(),
                mass_kg,
                part,
                gy_per_gbq: k.gy_kg_per_gbq * part / mass_kg,
            }
        };
        let mut all =
            vec![one("normal liver", self.normal_kg, 1.0), one("lungs", self.lungs_kg, lungs)];
        all.extend(self.tumours.iter().zip(activities).map(|(t, a)| one(&t.name, t.mass_kg, a)));
        Ok(all)
    }

    /// Activity (GBq) that gives a compartment (by name) a dose (Gy).
    ///
    /// # Errors
    /// As [`Partition::doses`]; if there is no such compartment, or nothing reaches it.
    pub fn activity_gbq(&self, compartment: &str, dose_gy: f64, k: &DoseConstant) -> Result<f64> {
        positive("a dose in Gy", dose_gy)?;
        let all = self.doses(k)?;
        match all.iter().find(|c| c.name == compartment) {
            Some(c) if c.gy_per_gbq > 0.0 => Ok(dose_gy / c.gy_per_gbq),
            Some(_) => Err(Error::usage(
                format!("a dose to '{compartment}'"),
                "nothing of the activity reaches it",
                "Name another compartment.",
            )),
            None => Err(Error::usage(
                format!("there is no compartment '{compartment}'"),
                format!(
                    "there are {}",
                    all.iter().map(|c| c.name.as_str()).collect::<Vec<_>>().join(", ")
                ),
                "Name one of them.",
            )),
        }
    }
}

/// Body surface, m2 (Du Bois and Du Bois 1916), from height (m) and weight (kg).
///
/// # Errors
/// If one is not positive, or the height is not one in m.
pub fn body_surface_m2(height_m: f64, weight_kg: f64) -> Result<f64> {
    positive("a height in m", height_m)?;
    positive("a weight in kg", weight_kg)?;
    if !(0.3..=2.6).contains(&height_m) {
        return Err(Error::usage(
            format!("a height of {height_m} m"),
            "people are 0.3 to 2.6 m tall",
            "Give it with its unit, such as 170cm.",
        ));
    }
    Ok(0.20247 * height_m.powf(0.725) * weight_kg.powf(0.425))
}

/// Activity of resin microspheres (GBq) by body surface: it knows neither dose nor uptake.
///
/// # Errors
/// If a volume is not positive, the tumour larger than the liver, or the activity not positive.
pub fn resin_activity_gbq(surface_m2: f64, tumour_ml: f64, liver_ml: f64) -> Result<f64> {
    positive("the volume of the liver in mL", liver_ml)?;
    if !(0.0..=liver_ml).contains(&tumour_ml) {
        return Err(Error::usage(
            format!("a tumour of {tumour_ml} mL in a liver of {liver_ml} mL"),
            "the liver's volume holds the tumour's",
            "Give the volume of the liver with its tumours.",
        ));
    }
    let activity = surface_m2 - 0.2 + tumour_ml / liver_ml;
    positive("the activity in GBq", activity)?;
    Ok(activity)
}

fn positive(what: &str, value: f64) -> Result<()> {
    if value > 0.0 && value.is_finite() {
        return Ok(());
    }
    Err(Error::usage(format!("{what}: {value}"), "it must be positive", "Correct it."))
}

fn part(what: &str, value: f64) -> Result<()> {
    if (0.0..1.0).contains(&value) {
        return Ok(());
    }
    Err(Error::usage(
        format!("{what}: {value}"),
        "it is a part from 0 to below 1",
        "Give a fraction or per cent, such as 5%.",
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn partition(ratio: Ratio, shunt: Shunt) -> Partition {
        let tumour = Tumour { name: "tumour".into(), mass_kg: 0.3, ratio };
        Partition { normal_kg: 1.2, tumours: vec![tumour], lungs_kg: 1.0, shunt }
    }

    /// The two definitions of ratio are the same plan where the masses make them so; those of the shunt are not.
    #[test]
    fn ratios_and_shunts_have_two_definitions() {
        let k = DoseConstant::stated(49.67).unwrap();
        let of = |r, s| partition(r, s).doses(&k).unwrap();
        let concentration = of(Ratio::Concentration(3.0), Shunt::Liver(0.05));
        let activity = of(Ratio::Activity(0.75), Shunt::Liver(0.05));
        for (c, a) in concentration.iter().zip(&activity) {
            assert!((c.gy_per_gbq / a.gy_per_gbq - 1.0).abs() < 1e-12);
        }
        assert!((concentration[1].part - 0.05).abs() < 1e-12);
        let tumour = of(Ratio::Activity(0.75), Shunt::Tumour(0.05));
        // Kao 2013: A_lungs/(A_tumour + A_lungs), and nothing from normal liver.
        assert!((tumour[1].part / (tumour[1].part + tumour[2].part) - 0.05).abs() < 1e-12);
        assert!((tumour[2].part / tumour[0].part - 0.75).abs() < 1e-12);
        assert!(tumour[1].part < 0.03);
        for all in [&concentration, &tumour] {
            assert!((all.iter().map(|c| c.part).sum::<f64>() - 1.0).abs() < 1e-12);
        }
    }

    /// Several tumours: what all get is what was administered, and each has its ratio.
    #[test]
    fn more_than_two_compartments() {
        let k = DoseConstant::of("Y-90").unwrap();
        let mut p = partition(Ratio::Concentration(3.0), Shunt::Liver(0.1));
        p.tumours.push(Tumour {
            name: "second".into(),
            mass_kg: 0.05,
            ratio: Ratio::Concentration(8.0),
        });
        let all = p.doses(&k).unwrap();
        let energy: f64 = all.iter().map(|c| c.gy_per_gbq * c.mass_kg).sum();
        assert!((energy / k.gy_kg_per_gbq - 1.0).abs() < 1e-12);
        assert!((all[3].gy_per_gbq / all[0].gy_per_gbq - 8.0).abs() < 1e-12);
        let a = p.activity_gbq("second", 200.0, &k).unwrap();
        assert!((a * all[3].gy_per_gbq - 200.0).abs() < 1e-9);
        assert!(p.activity_gbq("third", 200.0, &k).unwrap_err().to_string().contains("second"));
    }

    #[test]
    fn nonsense_is_refused() {
        let k = DoseConstant::stated(49.67).unwrap();
        assert!(DoseConstant::stated(0.0).is_err() && DoseConstant::of("Xx-1").is_err());
        for (d, m, l) in
            [(0.0, 1.0, 0.0), (1.0, -1.0, 0.0), (1.0, 1.0, 1.0), (1.0, 1.0, -0.1), (1.0, 1.0, 5.0)]
        {
            assert!(mono_activity_gbq(d, m, l, &k).is_err(), "{d} {m} {l}");
        }
        assert!(partition(Ratio::Concentration(-1.0), Shunt::Liver(0.0)).doses(&k).is_err());
        assert!(partition(Ratio::Activity(1.0), Shunt::Tumour(1.0)).doses(&k).is_err());
        assert!(
            Partition { tumours: vec![], ..partition(Ratio::Activity(1.0), Shunt::Liver(0.0)) }
                .doses(&k)
                .is_err()
        );
        assert!(body_surface_m2(170.0, 70.0).is_err() && body_surface_m2(1.7, 0.0).is_err());
        assert!(resin_activity_gbq(1.8, 2000.0, 1500.0).is_err());
    }
}
