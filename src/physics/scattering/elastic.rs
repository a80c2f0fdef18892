//! Elastic scattering of one atom: cross section differential in angle.
//!
//! Neglects nuclear size, polarisation and molecular effects. Up to 150 keV Dirac partial waves (for electrons with
//! Furness-McCarthy exchange); above, the exact Mott cross section x the atom's screening x an eikonal correction.
//! Both leptons have their own table. `tools/elastic_scattering.py` makes the tables and says the sources; they hold
//! the ratio to the first Born cross section of the same atom. An element's rows are read when it is first asked for.

use std::collections::HashMap;
use std::f64::consts::PI;
use std::sync::{LazyLock, Mutex, OnceLock, PoisonError};

use super::atom::{self, Kinematics};
use super::quadrature::QUADRATURE;
use crate::error::{Error, Result};
use crate::physics::Lepton;
use crate::units::KEV_PER_MEV;

/// Lowest kinetic energy of the tables, MeV.
pub const MIN_ENERGY_MEV: f64 = 1e-3;
/// Highest kinetic energy of the tables, MeV.
pub const MAX_ENERGY_MEV: f64 = 4.0;

/// The elements up to Z = 46, and those above.
const ELECTRON: [&str; 2] = [
    include_str!("../../../data/electron/elastic_electron.csv"),
    include_str!("../../../data/electron/elastic_electron_heavy.csv"),
];
/// The same for positrons.
const POSITRON: [&str; 2] = [
    include_str!("../../../data/electron/elastic_positron.csv"),
    include_str!("../../../data/electron/elastic_positron_heavy.csv"),
];

/// ln(ratio to Born) on energies x mu nodes, by element.
struct Table {
    mu: Vec<f64>,
    log_energy: Vec<f64>,
    /// By ascending Z, as the atoms.
    elements: Vec<Rows>,
}

/// The rows of one element.
struct Rows {
    text: &'static str,
    log_ratio: OnceLock<Vec<f64>>,
}

impl Rows {
    /// ln(ratio), `[energy][mu]`.
    fn log_ratio(&self) -> &[f64] {
        self.log_ratio.get_or_init(|| {
            self.text.lines().flat_map(|line| numbers(line, 2)).map(f64::ln).collect()
        })
    }
}

static TABLES: LazyLock<[Table; 2]> = LazyLock::new(|| [ELECTRON, POSITRON].map(Table::read));
static STENCILS: LazyLock<Vec<Stencil>> =
    LazyLock::new(|| QUADRATURE.mu.iter().map(|&mu| TABLES[0].angular_stencil(mu)).collect());

/// Four-point Lagrange interpolation: first node and weights.
#[derive(Clone, Copy)]
pub(super) struct Stencil {
    pub(super) first: usize,
    pub(super) weights: [f64; 4],
}

impl Stencil {
    /// For a place among ascending nodes, of which there are at least four.
    pub(super) fn new(nodes: &[f64], x: f64) -> Self {
        let above = nodes.partition_point(|&node| node <= x);
        let first = above.saturating_sub(2).min(nodes.len() - 4);
        let mut weights = [1.0; 4];
        for i in 0..4 {
            for j in (0..4).filter(|&j| j != i) {
                let (xi, xj) = (nodes[first + i], nodes[first + j]);
                weights[i] *= (x - xj) / (xi - xj);
            }
        }
        Stencil { first, weights }
    }

    fn apply(&self, values: &[f64]) -> f64 {
        let v = &values[self.first..self.first + 4];
        self.weights[0] * v[0]
            + self.weights[1] * v[1]
            + self.weights[2] * v[2]
            + self.weights[3] * v[3]
    }
}

/// The angular coordinate in which the tables are interpolated: logarithmic, linear below mu = 1e-8.
fn angular_coordinate(mu: f64) -> f64 {
    (mu + 1e-8).ln()
}

impl Table {
    fn angular_stencil(&self, mu: f64) -> Stencil {
        let nodes: Vec<f64> = self.mu.iter().map(|&mu| angular_coordinate(mu)).collect();
        Stencil::new(&nodes, angular_coordinate(mu))
    }

    /// ln(ratio) at all mu nodes for one element and energy.
    fn row(&self, index: usize, energy_mev: f64) -> Vec<f64> {
        let stencil = Stencil::new(&self.log_energy, energy_mev.ln());
        let n = self.mu.len();
        let log_ratio = &self.elements[index].log_ratio()[stencil.first * n..];
        (0..n).map(|j| (0..4).map(|i| stencil.weights[i] * log_ratio[i * n + j]).sum()).collect()
    }

    /// Finds the elements in embedded tables (energies the same for all); their format is checked by this module's tests.
    fn read(texts: [&'static str; 2]) -> Self {
        let elements: Vec<Rows> = texts.into_iter().flat_map(blocks).collect();
        let log_energy = |line| (numbers(line, 1).next().unwrap_or(f64::NAN) / KEV_PER_MEV).ln();
        Table {
            mu: body(texts[0])
                .lines()
                .next()
                .map(|line| numbers(line, 2).collect())
                .unwrap_or_default(),
            log_energy: elements
                .first()
                .map(|e| e.text.lines().map(log_energy).collect())
                .unwrap_or_default(),
            elements,
        }
    }
}

/// A table without the comments at its head.
fn body(text: &'static str) -> &'static str {
    let comments: usize =
        text.split_inclusive('\n').take_while(|l| l.starts_with('#')).map(str::len).sum();
    &text[comments..]
}

/// The rows of each element, one after the other, of a table with a line of names.
fn blocks(text: &'static str) -> Vec<Rows> {
    let mut rest = body(text).split_once('\n').map_or("", |(_, rows)| rows);
    let mut found = Vec::new();
    while let Some((z, _)) = rest.split_once(',') {
        let same = |line: &&str| line.strip_prefix(z).is_some_and(|l| l.starts_with(','));
        let (block, after) =
            rest.split_at(rest.split_inclusive('\n').take_while(same).map(str::len).sum());
        found.push(Rows { text: block, log_ratio: OnceLock::new() });
        rest = after;
    }
    found
}

/// The numbers of a line behind its first `skip` fields.
fn numbers(line: &str, skip: usize) -> impl Iterator<Item = f64> + '_ {
    line.split(',').skip(skip).map(|field| field.parse().unwrap_or(f64::NAN))
}

fn table(lepton: Lepton) -> &'static Table {
    match lepton {
        Lepton::Electron => &TABLES[0],
        Lepton::Positron => &TABLES[1],
    }
}

pub(super) fn check_energy(energy_mev: f64) -> Result<()> {
    if (MIN_ENERGY_MEV..=MAX_ENERGY_MEV).contains(&energy_mev) {
        return Ok(());
    }
    Err(Error::input(
        format!("no elastic scattering data at {energy_mev} MeV"),
        format!("the tables reach from {MIN_ENERGY_MEV} to {MAX_ENERGY_MEV} MeV"),
        "Raise the transport cutoff or lower the source energy.",
    ))
}

/// Elastic cross section of one atom of element `z`, cm2/sr, at kinetic energy `energy_mev` and
/// `mu` = (1 - cos theta)/2 in [0, 1]. Error: an element or energy that the tables do not hold.
pub fn differential_cross_section(z: u8, energy_mev: f64, mu: f64, lepton: Lepton) -> Result<f64> {
    check_energy(energy_mev)?;
    if !(0.0..=1.0).contains(&mu) {
        return Err(Error::input(
            format!("mu = {mu}"),
            "mu = (1 - cos theta)/2 lies in 0 to 1",
            "Check the scattering angle.",
        ));
    }
    let index = atom::index_of(z)?;
    let table = table(lepton);
    let log_ratio = table.angular_stencil(mu).apply(&table.row(index, energy_mev));
    Ok(atom::atom(index).born(Kinematics::new(energy_mev), mu) * log_ratio.exp())
}

/// Adds `atoms` x the cross section of the element at the table position `index` to `sum`, at the nodes of
/// `QUADRATURE`.
pub(super) fn add_at_nodes(
    index: usize,
    energy_mev: f64,
    lepton: Lepton,
    atoms: f64,
    sum: &mut [f64],
) {
    let row = table(lepton).row(index, energy_mev);
    let at = Kinematics::new(energy_mev);
    let atom = atom::atom(index);
    for ((sum, &mu), stencil) in sum.iter_mut().zip(&QUADRATURE.mu).zip(STENCILS.iter()) {
        *sum += atoms * atom.born(at, mu) * stencil.apply(&row).exp();
    }
}

/// First transport coefficients of one atom that were asked for before: energies of tables are the same for all materials.
static FIRST: LazyLock<Mutex<FirstMoments>> = LazyLock::new(Mutex::default);
/// By the element's place, whether it is of positrons, and the energy's bits; cm2.
type FirstMoments = HashMap<(usize, bool, u64), f64>;

/// 2 pi int (1 - cos theta) dsigma of one atom of the element at the table position `index`, cm2.
pub(super) fn first_moment(index: usize, energy_mev: f64, lepton: Lepton) -> f64 {
    let key = (index, lepton == Lepton::Positron, energy_mev.to_bits());
    let known = || FIRST.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(found) = known().get(&key) {
        return *found;
    }
    let quadrature = &*QUADRATURE;
    let mut at_nodes = vec![0.0; quadrature.mu.len()];
    add_at_nodes(index, energy_mev, lepton, 1.0, &mut at_nodes);
    let of_node = |((xs, mu), weight): ((&f64, &f64), &f64)| 2.0 * mu * xs * weight;
    let sum: f64 = at_nodes.iter().zip(&quadrature.mu).zip(&quadrature.weight).map(of_node).sum();
    // 2 pi dcos = 4 pi dmu
    let moment = 4.0 * PI * sum;
    known().insert(key, moment);
    moment
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::physics::element::MAX_Z;

    #[test]
    fn tables_have_provenance_and_are_complete() {
        for text in [ELECTRON, POSITRON].as_flattened() {
            for key in ["quantity", "units", "source", "licence", "generator"] {
                assert!(text.lines().any(|line| line.starts_with(&format!("# {key}: "))), "{key}");
            }
        }
        for table in TABLES.iter() {
            assert_eq!(table.elements.len(), usize::from(MAX_Z));
            for (z, rows) in (1..=MAX_Z).zip(&table.elements) {
                assert!(rows.text.starts_with(&format!("{z},1,")), "Z = {z}");
                assert_eq!(rows.log_ratio().len(), table.log_energy.len() * table.mu.len());
                assert!(rows.log_ratio().iter().all(|v| v.is_finite()), "Z = {z}");
            }
            assert!((table.log_energy[0] - MIN_ENERGY_MEV.ln()).abs() < 1e-12);
            assert!((table.log_energy.last().unwrap() - MAX_ENERGY_MEV.ln()).abs() < 1e-12);
            assert_eq!(table.mu, TABLES[0].mu);
        }
    }

    #[test]
    fn refuses_what_the_tables_do_not_hold() {
        let xs = |z, e, mu| differential_cross_section(z, e, mu, Lepton::Electron);
        assert!(xs(8, 0.1, 0.5).is_ok());
        for bad in [xs(8, 0.5e-3, 0.5), xs(8, f64::NAN, 0.5), xs(99, 0.1, 0.5), xs(8, 0.1, 1.5)] {
            assert!(bad.is_err());
        }
    }

    #[test]
    fn positrons_scatter_less_to_the_back_than_electrons() {
        for energy in [0.01, 0.1, 1.0] {
            let xs = |lepton| differential_cross_section(20, energy, 0.6, lepton).unwrap();
            assert!(xs(Lepton::Positron) < 0.95 * xs(Lepton::Electron));
        }
    }
}
