//! The tables of `data/ensdf`: present decay data of 3,400 nuclides, decoded nuclide by nuclide when asked for. Source and licence: the files'
//! headers and `data/ensdf/NOTICE.TXT`. Missing in them: delayed neutrons, protons and alphas, fission fragments, internal pairs and
//! bremsstrahlung.

use std::collections::HashMap;
use std::sync::{LazyLock, Mutex, PoisonError};

use super::beta_shape::{BetaBranch, Forbiddenness};
use super::embedded::{self, number};
use super::emission::{Available, Betas, Branch, Line, RadiationCode, Record};
use crate::constants::ELECTRON_MASS_MEV;

/// What must accompany copies of the data.
pub const ENSDF_NOTICE: &str = include_str!("../../data/ensdf/NOTICE.TXT");

/// Mass of the alpha particle over that of the nucleon, for the recoil: masses are taken as mass numbers.
const ALPHA_NUCLEONS: f64 = 4.0;
const MEV_PER_KEV: f64 = 1e-3;
const PER_HUNDRED: f64 = 1e-2;

/// Rows of one table by nuclide.
type Rows = HashMap<&'static str, Vec<Vec<&'static str>>>;

struct Index {
    /// Names in the order of the table.
    names: Vec<&'static str>,
    nuclides: Rows,
    chains: Rows,
    /// Code and lines of every table of radiation.
    radiation: Rows,
}

/// Where each nuclide stands; the numbers are read later.
static INDEX: LazyLock<Index> = LazyLock::new(|| {
    let mut nuclides = Rows::new();
    let mut names = Vec::new();
    for row in embedded::rows(include_str!("../../data/ensdf/nuclides.csv")) {
        names.push(row[0]);
        nuclides.entry(row[0]).or_default().push(row);
    }
    let of = |texts: &[&'static str]| {
        let mut rows = Rows::new();
        for row in texts.iter().flat_map(|text| embedded::rows(text)) {
            rows.entry(row[0]).or_default().push(row);
        }
        rows
    };
    Index {
        names,
        nuclides,
        chains: of(&[include_str!("../../data/ensdf/chains.csv")]),
        radiation: of(&[
            include_str!("../../data/ensdf/photons.csv"),
            include_str!("../../data/ensdf/conversion_electrons.csv"),
            include_str!("../../data/ensdf/auger_electrons.csv"),
            include_str!("../../data/ensdf/particles.csv"),
        ]),
    }
});

/// Every name, lightest first.
pub(super) fn names() -> &'static [&'static str] {
    &INDEX.names
}

/// The record of a nuclide by its exact name. A decoded record is kept for the life of the program.
pub(super) fn record(name: &str) -> Option<&'static Record> {
    static DECODED: LazyLock<Mutex<HashMap<&'static str, &'static Record>>> =
        LazyLock::new(Mutex::default);
    let (&name, rows) = INDEX.nuclides.get_key_value(name)?;
    let mut decoded = DECODED.lock().unwrap_or_else(PoisonError::into_inner);
    let record = decoded.entry(name).or_insert_with(|| Box::leak(Box::new(decode(&rows[0]))));
    Some(record)
}

fn decode(row: &[&'static str]) -> Record {
    let mut record = Record {
        name: row[0].to_owned(),
        z: number(row[1]) as u32,
        a: number(row[2]) as u32,
        level_mev: number(row[3].trim_end_matches("+X")) * MEV_PER_KEV,
        half_life_s: number(row[4]),
        half_life: row[5].to_owned(),
        missing: row[9].replace(" & ", ", "),
        ..Record::default()
    };
    if !row[7].is_empty() {
        record.available = Some(Available {
            q_mev: number(row[7]) * MEV_PER_KEV,
            capture_neutrino_mev: number(row[8]) * MEV_PER_KEV,
        });
    }
    for row in INDEX.chains.get(row[0]).into_iter().flatten() {
        record.branches.push(Branch {
            progeny: row[1].to_owned(),
            fraction: number(row[2]),
            mode: row[3].to_owned(),
        });
    }
    for row in INDEX.radiation.get(row[0]).into_iter().flatten() {
        add(&mut record, row[1], row[2]);
    }
    record
}

/// Adds the lines of one row.
fn add(record: &mut Record, code: &str, lines: &str) {
    let mut words = lines.split_ascii_whitespace();
    if matches!(code, "B-" | "B+") {
        let mut branches = Vec::new();
        while let (Some(end), Some(mean), Some(count), Some(class)) =
            (words.next(), words.next(), words.next(), words.next())
        {
            branches.push(BetaBranch {
                end_point_mev: number(end) * MEV_PER_KEV,
                listed_mean_mev: number(mean) * MEV_PER_KEV,
                yield_per_decay: number(count) * PER_HUNDRED,
                class: Forbiddenness::from_code(class).unwrap_or(Forbiddenness::Unknown),
                ..BetaBranch::default()
            });
        }
        if code == "B-" {
            record.beta_minus = Betas::Branches(branches);
            return;
        }
        let positrons: f64 = branches.iter().map(|b| b.yield_per_decay).sum();
        record.lines.push(Line {
            energy_mev: ELECTRON_MASS_MEV,
            yield_per_decay: 2.0 * positrons,
            code: RadiationCode::AQ,
        });
        record.beta_plus = Betas::Branches(branches);
        return;
    }
    let kind = RadiationCode::from_code(code.trim_end_matches('c'))
        .unwrap_or_else(|| panic!("data/ensdf holds the code {code}"));
    while let (Some(energy), Some(count)) = (words.next(), words.next()) {
        let line = Line {
            energy_mev: number(energy) * MEV_PER_KEV,
            yield_per_decay: number(count) * PER_HUNDRED,
            code: kind,
        };
        record.lines.push(line);
        if code.ends_with('c') {
            record.completed.push(line);
        }
        if kind == RadiationCode::A {
            let daughter = f64::from(record.a) - ALPHA_NUCLEONS;
            record.lines.push(Line {
                energy_mev: line.energy_mev * ALPHA_NUCLEONS / daughter,
                code: RadiationCode::AR,
                ..line
            });
        }
    }
}
