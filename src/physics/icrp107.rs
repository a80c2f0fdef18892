//! The tables of `data/icrp107`, parsed once. The text of each file says its source and licence.

use std::collections::HashMap;
use std::sync::LazyLock;

use super::embedded::{number, rows};
use super::emission::{Betas, Branch, Line, RadiationCode, Record};

/// The ICRP-07 copyright and permission notice; it must accompany every copy of the data.
pub const ICRP107_NOTICE: &str = include_str!("../../data/icrp107/LICENSE.TXT");

/// Every name in the order of the tables.
pub(super) fn names() -> &'static [&'static str] {
    static NAMES: LazyLock<Vec<&'static str>> =
        LazyLock::new(|| TABLES.0.iter().map(|r| r.name.as_str()).collect());
    &NAMES
}

/// The record of a nuclide by its exact ICRP-107 name.
pub(super) fn record(name: &str) -> Option<&'static Record> {
    TABLES.1.get(name).map(|&index| &TABLES.0[index])
}

static TABLES: LazyLock<(Vec<Record>, HashMap<String, usize>)> = LazyLock::new(parse);

fn parse() -> (Vec<Record>, HashMap<String, usize>) {
    let mut records = Vec::new();
    let mut index = HashMap::new();
    for row in rows(include_str!("../../data/icrp107/nuclides.csv")) {
        index.insert(row[0].to_string(), records.len());
        records.push(Record {
            name: row[0].to_string(),
            z: number(row[1]) as u32,
            a: number(row[2]) as u32,
            half_life_s: number(row[3]),
            half_life: format!("{} {}", row[4], row[5]),
            ..Record::default()
        });
    }
    for row in rows(include_str!("../../data/icrp107/emissions.csv")) {
        let code = RadiationCode::from_code(row[1])
            .unwrap_or_else(|| panic!("data/icrp107/emissions.csv holds the code {}", row[1]));
        records[index[row[0]]].lines.push(Line {
            energy_mev: number(row[2]),
            yield_per_decay: number(row[3]),
            code,
        });
    }
    for row in rows(include_str!("../../data/icrp107/beta_spectra.csv")) {
        let record = &mut records[index[row[0]]];
        let spectrum = if row[1] == "-" { &mut record.beta_minus } else { &mut record.beta_plus };
        let point = (number(row[2]), number(row[3]));
        match spectrum {
            Betas::Points(points) => points.push(point),
            other => *other = Betas::Points(vec![point]),
        }
    }
    for row in rows(include_str!("../../data/icrp107/chains.csv")) {
        records[index[row[0]]].branches.push(Branch {
            progeny: row[1].to_string(),
            fraction: number(row[2]),
            mode: row[3].to_string(),
        });
    }
    (records, index)
}
