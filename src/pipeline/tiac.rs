//! From time-integrated activity coefficients and S values to organ doses per administered activity. Neglects that organs of another mass differ in
//! form and place too.
//!
//! D_t / A_0 = sum_s TIAC_s S(t <- s). A target whose own mass is stated scales its dose by itself: by electrons and alphas as 1/m, by photons
//! as m^(-2/3) (Snyder, in MIRD Pamphlet 11, 1975, and Petoussi-Henss et al., Phys. Med. Biol. 52, 6219, 2007: photons between m^(-2/3) and 1/m);
//! dose from elsewhere stays.

use std::path::Path;

use serde::Serialize;

use super::finished::Rbe;
use super::s_values::{Kind, Region, SValues};
use crate::error::{Error, Result};
use crate::sheet::decimal::decimal_of;
use crate::sheet::{Cell, Sheet, number};

/// Seconds of an hour.
const HOUR_S: f64 = 3600.0;

/// One row.
#[derive(Debug, Clone, PartialEq)]
struct Row {
    region: String,
    /// Time-integrated activity over administered activity, s.
    tiac_s: f64,
    /// The patient's, g.
    mass_g: Option<f64>,
}

/// Coefficients of source regions.
#[derive(Debug, Clone, PartialEq)]
pub struct Tiac {
    file: String,
    rows: Vec<Row>,
}

/// The dose of an organ.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct OrganDose {
    /// Name.
    pub name: String,
    /// mGy/MBq.
    pub dose: f64,
    /// Of the S values' statistics; null where one of them tells none.
    pub standard_error: Option<f64>,
    /// The mass that it is of, g.
    pub mass_g: f64,
    /// The part by activity in itself, mGy/MBq.
    pub self_dose: f64,
    /// The part by alphas and recoils, mGy/MBq.
    pub alpha: f64,
    /// The sum of all parts, each times its factor, mGy(RBE)/MBq; null without factors.
    pub weighted: Option<f64>,
}

/// The name under which a kind of emission has its factor: positrons ionise as electrons do.
fn factor_name(kind: Kind) -> &'static str {
    match kind {
        Kind::Positron => Kind::Electron.name(),
        other => other.name(),
    }
}

/// Refuses factors that leave a kind of emission out.
pub(super) fn check_factors(rbe: &Rbe, kinds: &[Kind]) -> Result<()> {
    let missing = kinds.iter().map(|k| factor_name(*k)).find(|n| rbe.iter().all(|f| f.0 != *n));
    match missing {
        None => Ok(()),
        Some(name) => Err(Error::usage(
            format!("--rbe has no factor for {name}"),
            "the source emits it, and its dose would be left out",
            format!("Add {name}=FACTOR."),
        )),
    }
}

impl Tiac {
    /// Reads a table: a column of names (region, voi, organ, source, name), one of coefficients with its unit (`tiac_h`, `tiac (s)`, `residence time
    /// (h)`), and where they differ from the model's a column `mass_g`.
    ///
    /// # Errors
    /// If a column is missing, a unit is not stated, or a value is no number of at least zero.
    pub fn read(path: &Path) -> Result<Self> {
        let sheet = Sheet::read(path)?;
        let refuse = |problem: String, why: &str| {
            Err(Error::input(
                problem,
                why,
                "Write the columns region, tiac_h and, where it differs, mass_g.",
            ))
        };
        let names: Vec<String> = sheet.header.iter().map(|h| h.trim().to_lowercase()).collect();
        let column = |known: &[&str]| names.iter().position(|n| known.iter().any(|k| n == k));
        let Some(region) = column(&["region", "voi", "organ", "source", "name", "source organ"])
        else {
            return refuse(
                format!("{}: no column of regions", sheet.file),
                "each coefficient is of a region",
            );
        };
        let is_tiac = |n: &String| n.starts_with("tiac") || n.starts_with("residence");
        let Some(tiac) = names.iter().position(is_tiac) else {
            return refuse(
                format!("{}: no column of coefficients", sheet.file),
                "its name starts with tiac or residence",
            );
        };
        let unit = names[tiac]
            .trim_end_matches([')', ']'])
            .rsplit(|c: char| !c.is_ascii_alphabetic())
            .next()
            .unwrap_or_default();
        let per_unit = match unit {
            "h" | "hr" | "hours" | "hour" => HOUR_S,
            "s" | "sec" | "seconds" => 1.0,
            // As in MBq h/MBq.
            "mbq" | "bq" | "gbq" if names[tiac].contains("h/") || names[tiac].contains("h /") => {
                HOUR_S
            }
            "mbq" | "bq" | "gbq" if names[tiac].contains("s/") || names[tiac].contains("s /") => {
                1.0
            }
            _ => {
                return refuse(
                    format!("{}: column '{}' states no unit", sheet.file, sheet.header[tiac]),
                    "coefficients are times: hours or seconds",
                );
            }
        };
        let mass = names.iter().position(|n| n.starts_with("mass"));
        if let Some(mass) = mass.filter(|m| !names[*m].ends_with('g') && !names[*m].ends_with("g)"))
        {
            return refuse(
                format!("{}: column '{}' states no unit", sheet.file, sheet.header[mass]),
                "masses are in g",
            );
        }
        let columns = [Some(tiac), mass];
        let cells = sheet.rows.iter().flat_map(|row| {
            let of = |c: usize| (sheet.at(row.line), row.cells[c].as_str());
            columns.iter().flatten().map(move |c| of(*c)).collect::<Vec<_>>()
        });
        let decimal = decimal_of(cells, sheet.separator)?;
        let mut rows: Vec<Row> = Vec::new();
        for row in &sheet.rows {
            let at = |c: usize| {
                number::read(&row.cells[c], decimal).map_err(|(problem, why)| {
                    Error::input(
                        format!("{}: {problem}", sheet.at(row.line)),
                        why,
                        "Correct the cell.",
                    )
                })
            };
            let value = match at(tiac)? {
                Cell::Missing => continue,
                Cell::Number(value) => value,
            };
            let mass_g = match mass.map(at).transpose()? {
                Some(Cell::Number(g)) => Some(g),
                _ => None,
            };
            let name = row.cells[region].trim().to_string();
            if value < 0.0 || mass_g.is_some_and(|g| g <= 0.0) || name.is_empty() {
                return refuse(
                    format!(
                        "{}: a coefficient of {value}, mass {mass_g:?}, of '{name}'",
                        sheet.at(row.line)
                    ),
                    "a region has a name, a coefficient of at least 0 and a positive mass",
                );
            }
            if rows.iter().any(|r| r.region == name) {
                return refuse(
                    format!("{}: '{name}' has two rows", sheet.at(row.line)),
                    "which one counts is not known",
                );
            }
            rows.push(Row { region: name, tiac_s: value * per_unit, mass_g });
        }
        match rows.is_empty() {
            true => refuse(format!("{} has no rows", sheet.file), "doses need a coefficient"),
            false => Ok(Tiac { file: sheet.file, rows }),
        }
    }

    /// Refuses regions that are none, or that are no source, before anything is run.
    pub(super) fn check(&self, regions: &[Region], sources: &[usize]) -> Result<()> {
        for row in &self.rows {
            let known = regions.iter().position(|r| r.name == row.region);
            if known.is_none_or(|n| row.tiac_s > 0.0 && !sources.contains(&n)) {
                let names: Vec<&str> = sources.iter().map(|n| regions[*n].name.as_str()).collect();
                return Err(Error::input(
                    format!("{}: there is no source '{}'", self.file, row.region),
                    format!("the sources are {}", names.join(", ")),
                    "Name one of them, or add it to --voi (and --sources).",
                ));
            }
        }
        Ok(())
    }

    /// Doses of all regions.
    pub(super) fn doses(&self, of: &SValues, rbe: Option<&Rbe>) -> Result<Vec<OrganDose>> {
        let factor = |kind: Kind| {
            let found = rbe?.iter().find(|f| f.0 == factor_name(kind));
            found.map(|f| f.1)
        };
        let row = |name: &str| self.rows.iter().find(|r| r.region == name);
        let mut doses = Vec::new();
        for (t, target) in of.regions.iter().enumerate() {
            let mass_g = row(&target.name).and_then(|r| r.mass_g).unwrap_or(target.mass_g);
            let relative = target.mass_g / mass_g;
            let (mut dose, mut own, mut variance) = (0.0, 0.0, Some(0.0));
            let (mut alpha, mut weighted) = (0.0, rbe.map(|_| 0.0));
            for (n, &s) in of.sources.iter().enumerate() {
                let tiac_s = row(&of.regions[s].name).map_or(0.0, |r| r.tiac_s);
                if tiac_s == 0.0 {
                    continue;
                }
                let total = of.total(n, t).value;
                for kind in &of.kinds {
                    let value = kind.values[n][t];
                    let scale = match (s == t, kind.kind) {
                        (false, _) => 1.0,
                        (true, Kind::Photon) => relative.powf(2.0 / 3.0),
                        (true, _) => relative,
                    };
                    let part = tiac_s * value.value * scale;
                    dose += part;
                    own += if s == t { part } else { 0.0 };
                    alpha += if kind.kind == Kind::Alpha { part } else { 0.0 };
                    weighted = weighted.zip(factor(kind.kind)).map(|(w, f)| w + f * part);
                    let error = value.error_beside(total).map(|e| tiac_s * e * scale);
                    variance = variance.zip(error).map(|(v, e)| v + e * e);
                }
            }
            doses.push(OrganDose {
                name: target.name.clone(),
                dose,
                standard_error: variance.map(f64::sqrt),
                mass_g,
                self_dose: own,
                alpha,
                weighted,
            });
        }
        Ok(doses)
    }
}
