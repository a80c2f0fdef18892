//! The tables of `data/icrp107`, parsed once. The text of each file says its source and licence.

use std::collections::HashMap;
use std::sync::LazyLock;

/// The ICRP-07 copyright and permission notice; it must accompany every copy of the data.
pub const ICRP107_NOTICE: &str = include_str!("../../data/icrp107/LICENSE.TXT");

/// Type of radiation, by the codes of ICRP Publication 107 (table of radiation types).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RadiationCode {
    /// Gamma ray (the source merges prompt and delayed gamma rays, PG and DG, under G).
    G,
    /// Prompt gamma ray of spontaneous fission.
    PG,
    /// Delayed gamma ray of spontaneous fission.
    DG,
    /// X ray.
    X,
    /// Annihilation quantum.
    AQ,
    /// Beta-plus branch, by its mean energy.
    BPlus,
    /// Beta-minus branch, by its mean energy.
    BMinus,
    /// Delayed beta particle of spontaneous fission.
    BD,
    /// Internal conversion electron.
    IE,
    /// Auger or Coster-Kronig electron.
    AE,
    /// Alpha particle.
    A,
    /// Recoil nucleus of an alpha decay.
    AR,
    /// Fission fragment.
    FF,
    /// Neutron.
    N,
}

impl RadiationCode {
    /// The code as ICRP-107 prints it.
    pub fn as_str(self) -> &'static str {
        use RadiationCode::*;
        match self {
            G => "G",
            PG => "PG",
            DG => "DG",
            X => "X",
            AQ => "AQ",
            BPlus => "B+",
            BMinus => "B-",
            BD => "BD",
            IE => "IE",
            AE => "AE",
            A => "A",
            AR => "AR",
            FF => "FF",
            N => "N",
        }
    }

    /// The code of the printed text, if it is one of ICRP-107's.
    pub fn from_code(text: &str) -> Option<Self> {
        use RadiationCode::*;
        [G, PG, DG, X, AQ, BPlus, BMinus, BD, IE, AE, A, AR, FF, N]
            .into_iter()
            .find(|code| code.as_str() == text)
    }
}

/// One emission: energy in MeV, mean number per decay and type.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Line {
    /// Energy, MeV (of a beta branch: its mean energy).
    pub energy_mev: f64,
    /// Mean number emitted per decay.
    pub yield_per_decay: f64,
    /// Type of radiation.
    pub code: RadiationCode,
}

/// One branch of a decay.
#[derive(Debug, Clone, PartialEq)]
pub struct Branch {
    /// Daughter, stable or not ("SF": spontaneous fission).
    pub progeny: String,
    /// Fraction of decays that take this branch.
    pub fraction: f64,
    /// Decay mode, for example `beta-`, `EC`, `alpha`, `IT`.
    pub mode: String,
}

/// All rows of the tables that belong to one nuclide.
#[derive(Debug, Clone, Default)]
pub(super) struct Record {
    pub name: String,
    pub z: u32,
    pub a: u32,
    pub half_life_s: f64,
    pub half_life: String,
    pub lines: Vec<Line>,
    /// Points (MeV, 1/MeV per decay) of the beta-minus spectrum as ICRP-107 prints them.
    pub beta_minus: Vec<(f64, f64)>,
    pub beta_plus: Vec<(f64, f64)>,
    pub branches: Vec<Branch>,
}

/// Every nuclide of the tables in their order.
pub(super) fn records() -> &'static [Record] {
    &TABLES.0
}

/// The record of a nuclide by its exact ICRP-107 name.
pub(super) fn record(name: &str) -> Option<&'static Record> {
    TABLES.1.get(name).map(|&index| &TABLES.0[index])
}

static TABLES: LazyLock<(Vec<Record>, HashMap<String, usize>)> = LazyLock::new(parse);

/// The data rows of a table: neither a header comment nor the line of column names.
fn rows(table: &'static str) -> impl Iterator<Item = Vec<&'static str>> {
    table
        .lines()
        .filter(|line| !line.starts_with('#') && !line.is_empty())
        .skip(1)
        .map(|line| line.split(',').collect())
}

/// Reads a number of an embedded table; the unit tests read every row, so this cannot fail for users.
fn number(cell: &str) -> f64 {
    cell.parse().unwrap_or_else(|_| panic!("data/icrp107 holds {cell} where a number belongs"))
}

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
        spectrum.push((number(row[2]), number(row[3])));
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
