//! What a column means, from its name as people write it: `time (h)`, `Time [h]`, `t_h`, `time/h`, `hours p.i.`, `A [MBq]`,
//! `liver ± (%)`, `decay-corrected activity (MBq)`.
//!
//! A name is words and a unit. The unit stands in brackets or behind a space, `_`, `/`, `,` or `in` at the end; the words before it say the
//! quantity, or whose values these are. A unit is never guessed.

use super::name::Name;
use super::refusals::EXPANDED;
use super::units::{Quantity, Unit};
use super::words::{
    CLOCKS, COUNTERS, CURVES, DURATIONS, MASSES, NUCLIDES, PATIENTS, RELATIVE, REMARKS, RETAINED,
    TIMES, VALUES, VOLUMES, WEIGHTS,
};

/// What a column holds.
#[derive(Debug, Clone, PartialEq)]
pub enum Heading {
    /// Names of curves.
    Curve,
    /// Times after injection; s per unit.
    Time(f64),
    /// Times after injection written with colons; s of the part before the first one.
    Elapsed(f64),
    /// Whether the values of the row are decay-corrected: what a yes means.
    Corrected(bool),
    /// Dates with times of day, or times of day beside a column of dates.
    Clock,
    /// Dates.
    Date,
    /// Values, of a curve if it is named here.
    Value {
        /// The curve.
        of: Option<String>,
        /// What they are.
        quantity: Quantity,
        /// SI per unit.
        scale: f64,
        /// Whether the name says that they are decay-corrected (true) or not (false).
        corrected: Option<bool>,
    },
    /// Standard uncertainties: in their own unit, or shares of the values.
    Spread {
        /// The curve.
        of: Option<String>,
        /// Quantity and SI per unit; none for %.
        unit: Option<(Quantity, f64)>,
    },
    /// Masses; g per unit.
    Mass(Option<String>, f64),
    /// Volumes; mL per unit.
    Volume(Option<String>, f64),
    /// Nuclides, which must be that of the run.
    Nuclide,
    /// Whose values: one for the whole table.
    Patient,
    /// Remarks and numbers of rows or scans, which are not read.
    Remark,
}

/// What the name of a column means.
///
/// # Errors
/// Why it is not understood.
pub fn heading(name: &str) -> Result<Heading, String> {
    heading_of(Name::new(name))
}

/// As [`heading`], where it is stated elsewhere whether values are corrected for decay: words that may say so are part of a name.
///
/// # Errors
/// Why it is not understood.
pub fn heading_where_stated(name: &str) -> Result<Heading, String> {
    heading_of(Name { stated: true, ..Name::new(name) })
}

fn heading_of(all: Name) -> Result<Heading, String> {
    let (all, corrected) = all.without_decay_correction()?;
    if let Some(yes) = corrected.filter(|_| all.only_asks()) {
        return Ok(Heading::Corrected(yes));
    }
    match all.without_injection() {
        Some(rest) => match understood(&rest, corrected) {
            Ok(time @ (Heading::Time(_) | Heading::Elapsed(_))) => Ok(time),
            _ => understood(&all, corrected),
        },
        None => understood(&all, corrected),
    }
}

fn understood(all: &Name, corrected: Option<bool>) -> Result<Heading, String> {
    if all.own.first() == Some(&'U') && all.words().split(' ').next() == Some("u") {
        let alone = all.own.get(1).is_none_or(|c| c.is_whitespace() || "([_".contains(*c));
        if alone {
            return Err(EXPANDED.into());
        }
    }
    let Some((name, unit)) = all.split_unit() else { return without_unit(&all.words()) };
    name.of_another_unit(all, unit)?;
    name.of_expanded_uncertainty()?;
    let words = name.words();
    match unit {
        Unit::Time(s) if TIMES.contains(&words.as_str()) => Ok(Heading::Time(s)),
        Unit::Elapsed(s) if TIMES.contains(&words.as_str()) => Ok(Heading::Elapsed(s)),
        Unit::Time(_) if DURATIONS.contains(&words.as_str()) => Err(
            "values are taken as those of the given times, be it the middle of a scan: its duration is not used here, and matters where it is \
             no short part of the half-life; call the column 'comment'"
                .into(),
        ),
        Unit::Time(_) | Unit::Elapsed(_) => {
            Err(format!("'{}' is no word for the time", name.text()))
        }
        Unit::Mass(g) if g > 1.0 && words.split(' ').any(|w| WEIGHTS.contains(&w)) => Err(format!(
            "the patient's weight, or the mass of an organ? Of an organ call it 'mass ({})', else 'comment'",
            if g == 1e3 { "kg" } else { "g" }
        )),
        Unit::Mass(g) => Ok(Heading::Mass(name.owner(&MASSES, "mass")?, g)),
        Unit::Volume(ml) => Ok(Heading::Volume(name.owner(&VOLUMES, "volume")?, ml)),
        Unit::Percent if ["ia", "id", "injected activity", "injected dose"].contains(&&*words) => {
            Ok(Heading::Value {
                of: None,
                quantity: Quantity::OfAdministered,
                scale: 0.01,
                corrected,
            })
        }
        Unit::Percent if RETAINED.contains(&&*words) => Ok(Heading::Value {
            of: None,
            quantity: Quantity::OfAdministered,
            scale: 0.01,
            corrected,
        }),
        Unit::Percent => match name.spread() {
            Some(rest) => Ok(Heading::Spread { of: rest.curve()?, unit: None }),
            None => Err(
                "% of what? The administered activity is %IA, an uncertainty in % is uncertainty_%"
                    .into(),
            ),
        },
        Unit::Value(..) if name.spread().is_none() && name.may_be_a_spread() => Err(format!(
            "'{}' may be an uncertainty: call it SD, or uncertainty, behind the name of its curve; a curve of that name needs another",
            name.text()
        )),
        Unit::Value(quantity, scale) => match name.of_this_quantity(quantity)?.spread() {
            Some(rest) => Ok(Heading::Spread { of: rest.curve()?, unit: Some((quantity, scale)) }),
            None => Ok(Heading::Value { of: name.curve()?, quantity, scale, corrected }),
        },
    }
}

fn without_unit(words: &str) -> Result<Heading, String> {
    if CURVES.contains(&words) {
        return Ok(Heading::Curve);
    }
    if CLOCKS.contains(&words) {
        return Ok(Heading::Clock);
    }
    if words == "date" || words == "scan date" || words == "acquisition date" {
        return Ok(Heading::Date);
    }
    if REMARKS.contains(&words) || COUNTERS.contains(&words) {
        return Ok(Heading::Remark);
    }
    if NUCLIDES.contains(&words) {
        return Ok(Heading::Nuclide);
    }
    if PATIENTS.contains(&words) {
        return Ok(Heading::Patient);
    }
    let name = Name::new(words);
    if VALUES.contains(&words) || TIMES.contains(&words) || name.spread().is_some() {
        let own = words.trim();
        if own.split(' ').any(|w| RELATIVE.contains(&w)) {
            return Err(format!(
                "it has no unit, and a unit is not guessed: write '{own} (%)' and shares of the values in %, or '{own} (MBq)' if they are none"
            ));
        }
        let units = match own {
            own if TIMES.contains(&own) => ["h", "d"],
            "dose rate" | "doserate" => ["mGy/h", "Gy/s"],
            "count rate" | "counting rate" | "net count rate" | "rate" => ["cps", "cpm"],
            "counts" | "net counts" => ["counts", "cps"],
            "concentration" | "conc" | "activity concentration" => ["kBq/mL", "kBq/g"],
            own if VALUES.contains(&own) => ["MBq", "%IA"],
            _ => ["MBq", "%"],
        };
        return Err(format!(
            "it has no unit, and a unit is not guessed: write for example '{own} ({})' or '{own} ({})', as it is meant",
            units[0], units[1]
        ));
    }
    Err("neither its quantity nor its unit is known".into())
}

#[cfg(test)]
#[path = "heading_tests.rs"]
mod tests;
