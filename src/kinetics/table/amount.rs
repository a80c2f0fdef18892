//! Parts of the administered activity and concentrations to activities. Neglects the uncertainty of mass, volume and administered activity:
//! it moves all points of a curve together and belongs to the common one.

use super::TableOptions;
use super::layout::folded;
use super::units::Quantity;
use crate::error::{Error, Result};

/// What one value is taken for.
pub struct Amount<'a> {
    /// `file:line`.
    pub at: &'a str,
    /// Its curve.
    pub curve: &'a str,
    /// Number of curves of the table, if known to be one.
    pub only: bool,
    /// g, from the row.
    pub mass_g: Option<f64>,
    /// mL, from the row.
    pub volume_ml: Option<f64>,
}

/// Bq (Gy/s, counts) per SI unit of `quantity`.
///
/// # Errors
/// If the administered activity, the mass or the volume is needed and not known, or not positive.
pub fn factor(quantity: Quantity, of: &Amount, options: &TableOptions) -> Result<f64> {
    let administered = || {
        options.administered_bq.ok_or_else(|| {
            Error::usage(
                format!("{}: values as a share of the administered activity", of.at),
                "that activity is not known",
                "Add --administered-activity, such as 7.4GBq, as of the time of injection.",
            )
        })
    };
    let mass = || of.needed("mass", "g", of.mass_g, options.masses_g, "--mass 310g");
    let volume = || of.needed("volume", "mL", of.volume_ml, options.volumes_ml, "--volume 35mL");
    Ok(match quantity {
        Quantity::Activity | Quantity::DoseRate | Quantity::Counts => 1.0,
        Quantity::CountRate => options.cps_per_bq.map_or(1.0, f64::recip),
        Quantity::OfAdministered => administered()?,
        Quantity::OfAdministeredPerGram => administered()? * mass()?,
        Quantity::OfAdministeredPerMl => administered()? * volume()?,
        Quantity::PerMl => volume()?,
        Quantity::PerGram => mass()?,
    })
}

impl Amount<'_> {
    fn needed(
        &self,
        what: &str,
        unit: &str,
        of_row: Option<f64>,
        given: &[(Option<String>, f64)],
        option: &str,
    ) -> Result<f64> {
        let named = given.iter().find(|g| g.0.as_deref().map(folded) == Some(folded(self.curve)));
        let unnamed = given.iter().find(|g| g.0.is_none());
        let given = named.or(unnamed.filter(|_| self.only)).map(|g| g.1);
        let (option_name, example) = option.split_once(' ').unwrap_or((option, ""));
        let value = match (of_row, given) {
            (Some(row), Some(given)) if (row / given - 1.0).abs() > 1e-9 => {
                return Err(Error::input(
                    format!(
                        "{}: {what} {row} {unit} of '{}', and {option_name} says {given} {unit}",
                        self.at, self.curve
                    ),
                    "a value has one",
                    "Leave one of them out.",
                ));
            }
            (row, given) => row.or(given),
        };
        match value {
            Some(v) if v > 0.0 => Ok(v),
            Some(v) => Err(Error::input(
                format!("{}: {what} {v} {unit} of '{}'", self.at, self.curve),
                "it must be positive",
                "Correct it.",
            )),
            None => Err(Error::usage(
                format!("{}: values of '{}' per {unit}", self.at, self.curve),
                format!("a concentration becomes an activity by the {what}, which is not known"),
                format!(
                    "Add a column {what}_{unit}, or {option}; of several curves {option_name} '{}={example}'.",
                    self.curve
                ),
            )),
        }
    }
}
