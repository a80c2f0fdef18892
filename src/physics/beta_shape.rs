//! Spectra of beta decays computed by branch: allowed and unique forbidden ones from end point and class; every other branch, and one of
//! unknown class, as allowed (Behrens & Bühring's xi approximation), which is wrong for non-unique transitions of second and higher order.
//! What the Coulomb field does and what is neglected there: `fermi`; what the atom's electrons add: `exchange`.
//!
//! N(W) dW ~ p W F(Z, W) (W0 - W)^2 C(W) dW. Of the n-th unique forbidden transition C = sum over k = 1..n+1 of lambda_k p^(2(k-1))
//! q^(2(n-k+1)) / ((2k-1)! (2(n-k+1)+1)!), q = W0 - W (Behrens & Jänecke 1969). Three therapy emitters have their measured factor in it
//! (`data/ensdf/shape_factors.csv`).

use super::beta::BetaSpectrum;
use super::fermi::{lambda, nuclear_radius, phase_space_factor};
use super::{embedded, exchange};
use crate::constants::ELECTRON_MASS_MEV;

/// Energies of the common grid of a nuclide, and those within each strong branch. At 400 the mean energy moves by less than 1e-5.
const NODES: usize = 400;
/// A branch with this part of the particles or more has nodes of its own.
const STRONG: f64 = 1e-2;

/// Class of a beta transition by the change of spin and parity.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Forbiddenness {
    /// Spin changes by 0 or 1, parity does not.
    Allowed,
    /// The n-th unique forbidden: spin changes by n + 1, parity n times.
    Unique(u32),
    /// The n-th forbidden, not unique.
    NonUnique(u32),
    /// A spin or parity is not known.
    #[default]
    Unknown,
}

impl Forbiddenness {
    /// Reads the codes of `data/ensdf/particles.csv`: `A`, `1U`, `2N`, `?`.
    pub fn from_code(code: &str) -> Option<Self> {
        match code {
            "A" => Some(Forbiddenness::Allowed),
            "?" => Some(Forbiddenness::Unknown),
            _ => {
                let (n, kind) = code.split_at_checked(code.len().checked_sub(1)?)?;
                let n = n.parse().ok()?;
                match kind {
                    "U" => Some(Forbiddenness::Unique(n)),
                    "N" => Some(Forbiddenness::NonUnique(n)),
                    _ => None,
                }
            }
        }
    }

    /// In words.
    pub fn words(self) -> String {
        let nth = |n: u32| match n {
            1 => "1st".to_owned(),
            2 => "2nd".to_owned(),
            3 => "3rd".to_owned(),
            n => format!("{n}th"),
        };
        match self {
            Forbiddenness::Allowed => "allowed".into(),
            Forbiddenness::Unique(n) => format!("{} forbidden unique", nth(n)),
            Forbiddenness::NonUnique(n) => format!("{} forbidden", nth(n)),
            Forbiddenness::Unknown => "unknown".into(),
        }
    }
}

/// A beta transition to one level of the daughter.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct BetaBranch {
    /// End point, MeV.
    pub end_point_mev: f64,
    /// Mean energy that the evaluation lists, MeV; 0 if it lists none. A check, nothing is scaled to it.
    pub listed_mean_mev: f64,
    /// Mean energy of the computed spectrum, MeV.
    pub mean_mev: f64,
    /// The same without exchange with the atom's electrons, which the listed means do not have, MeV.
    pub mean_without_exchange_mev: f64,
    /// Mean number per decay.
    pub yield_per_decay: f64,
    /// Class.
    pub class: Forbiddenness,
}

/// The nucleus that a beta particle leaves, with the sign of the particle.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Daughter<'a> {
    /// Name of the parent: a measured shape factor is the nuclide's own.
    pub parent: &'a str,
    /// Atomic number of the daughter; negative for beta-plus.
    pub signed_z: f64,
    /// Mass number.
    pub a: u32,
}

/// The spectrum of all branches; the mean energy of each is set to that of its own spectrum. None without branches.
pub fn spectrum_of(daughter: Daughter, branches: &mut [BetaBranch]) -> Option<BetaSpectrum> {
    let energies = grid(branches);
    if energies.len() < 3 {
        return None;
    }
    let radius = nuclear_radius(daughter.a);
    let field = Field::new(daughter.signed_z, radius, &energies, branches);
    let mut density = vec![0.0; energies.len()];
    for branch in branches.iter_mut() {
        let measured = measured_slope(daughter.parent, branch.class, branch.end_point_mev);
        let mut own = field.branch(&energies, branch, measured);
        let (mut zeroth, mut first) = super::beta::moments(&energies, &own);
        if zeroth.is_nan() || zeroth <= 0.0 {
            continue;
        }
        branch.mean_without_exchange_mev = first / zeroth;
        if branch.class == Forbiddenness::Allowed {
            own.iter_mut().zip(&field.exchange).for_each(|(density, factor)| *density *= factor);
            (zeroth, first) = super::beta::moments(&energies, &own);
        }
        branch.mean_mev = first / zeroth;
        let scale = branch.yield_per_decay / zeroth;
        density.iter_mut().zip(&own).for_each(|(sum, part)| *sum += scale * part);
    }
    BetaSpectrum::from_density(energies, density)
}

/// The field of a daughter at the energies of the grid.
struct Field {
    /// p W F(Z, W) of each energy.
    phase: Vec<f64>,
    /// The factor of exchange of each energy; for allowed transitions.
    exchange: Vec<f64>,
    /// lambda_2.. of each energy, as many as the branches need.
    lambdas: Vec<Vec<f64>>,
}

impl Field {
    fn new(z: f64, radius: f64, energies: &[f64], branches: &[BetaBranch]) -> Self {
        // At rest momentum vanishes and y is infinite: the first node stands for energy 0.
        let total = |e: f64| 1.0 + e.max(1e-7) / ELECTRON_MASS_MEV;
        let highest = branches.iter().map(|b| order(b.class)).max().unwrap_or(0);
        let of = |k: u32| energies.iter().map(|&e| lambda(z, k, total(e), radius)).collect();
        let exchange: Vec<f64> = energies
            .iter()
            .map(|&e| if z > 1.0 { exchange::factor((z - 1.0).round() as u32, e) } else { 1.0 })
            .collect();
        Field {
            phase: energies.iter().map(|&e| phase_space_factor(z, total(e), radius)).collect(),
            exchange,
            lambdas: (2..=highest + 1).map(of).collect(),
        }
    }

    /// Density of a branch, unnormalised.
    fn branch(&self, energies: &[f64], branch: &BetaBranch, slope: f64) -> Vec<f64> {
        let n = order(branch.class);
        let at = |(i, &e): (usize, &f64)| {
            let q = (branch.end_point_mev - e) / ELECTRON_MASS_MEV;
            if q <= 0.0 {
                return 0.0;
            }
            let w = 1.0 + e / ELECTRON_MASS_MEV;
            let p2 = w * w - 1.0;
            let term = |k: u32| {
                let power = n + 1 - k;
                let lambda = if k == 1 { 1.0 } else { self.lambdas[k as usize - 2][i] };
                lambda * p2.powi(k as i32 - 1) * q.powi(2 * power as i32)
                    / (factorial(2 * k - 1) * factorial(2 * power + 1))
            };
            let shape: f64 = (1..=n + 1).map(term).sum();
            self.phase[i] * q * q * shape * (1.0 + slope * w)
        };
        energies.iter().enumerate().map(at).collect()
    }
}

/// The order of a unique transition, 0 for what is computed as allowed. Beyond the third the shape is not known here.
fn order(class: Forbiddenness) -> u32 {
    match class {
        Forbiddenness::Unique(n) if n <= 3 => n,
        _ => 0,
    }
}

fn factorial(n: u32) -> f64 {
    (1..=n).map(f64::from).product()
}

/// Energies from 0 to the greatest end point: dense at both ends of every strong branch, with every end point among them.
fn grid(branches: &[BetaBranch]) -> Vec<f64> {
    let total: f64 = branches.iter().map(|b| b.yield_per_decay).sum();
    let greatest = branches.iter().map(|b| b.end_point_mev).fold(0.0, f64::max);
    if greatest <= 0.0 || total <= 0.0 {
        return Vec::new();
    }
    let mut energies: Vec<f64> = branches.iter().map(|b| b.end_point_mev).collect();
    let mut add = |end: f64, nodes: usize| {
        // x^2 (3 - 2x) crowds nodes where a spectrum starts and ends.
        let at = |i: usize| i as f64 / nodes as f64;
        energies.extend((0..nodes).map(|i| end * at(i) * at(i) * (3.0 - 2.0 * at(i))));
    };
    add(greatest, NODES);
    for branch in branches.iter().filter(|b| b.yield_per_decay >= STRONG * total) {
        add(branch.end_point_mev, NODES / 4);
    }
    energies.sort_by(f64::total_cmp);
    energies.dedup_by(|a, b| *a - *b < 1e-9);
    energies
}

/// The slope s of the measured factor 1 + s W of a nuclide's main branch; 0 where none is known.
fn measured_slope(parent: &str, class: Forbiddenness, end_point_mev: f64) -> f64 {
    let text = include_str!("../../data/ensdf/shape_factors.csv");
    let of_branch = |row: &Vec<&str>| {
        row[0] == parent
            && Forbiddenness::from_code(row[1]) == Some(class)
            && (embedded::number(row[2]) / 1000.0 - end_point_mev).abs() < 0.01 * end_point_mev
    };
    embedded::rows(text).find(of_branch).map_or(0.0, |row| embedded::number(row[3]))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn branch(end_point_mev: f64, class: Forbiddenness) -> BetaBranch {
        BetaBranch { end_point_mev, yield_per_decay: 1.0, class, ..BetaBranch::default() }
    }

    fn mean(z: f64, a: u32, end: f64, class: Forbiddenness) -> f64 {
        let mut one = [branch(end, class)];
        let spectrum = spectrum_of(Daughter { parent: "", signed_z: z, a }, &mut one).unwrap();
        assert!((spectrum.yield_per_decay - 1.0).abs() < 1e-12);
        assert!((spectrum.mean_energy_mev - one[0].mean_mev).abs() < 1e-12);
        one[0].mean_mev
    }

    /// Without charge and at high energy the spectrum is W^2 (W0 - W)^2, whose mean total energy is W0 / 2; at low energy
    /// sqrt(T) (T0 - T)^2, whose mean is T0 / 3.
    #[test]
    fn limits_without_charge() {
        let fast = mean(1e-9, 10, 500.0, Forbiddenness::Allowed) + ELECTRON_MASS_MEV;
        assert!((fast / (500.0 + ELECTRON_MASS_MEV) - 0.5).abs() < 1e-4, "{fast}");
        let slow = mean(1e-9, 10, 1e-3, Forbiddenness::Allowed);
        assert!((slow / 1e-3 - 1.0 / 3.0).abs() < 1e-3, "{slow}");
    }

    /// The first unique shape without charge is (p^2 + q^2) times the allowed one. At high energy its mean is W0/2 as well, but the second
    /// moment differs: with x = W / W0, <x^2> = int x^4 (1-x)^2 (x^2 + (1-x)^2) / int x^2 (1-x)^2 (x^2 + (1-x)^2) = (1/36 + 1/252) / (2/105)
    /// - ... both by Beta functions: (B(7,3) + B(5,5)) / (B(5,3) + B(3,5)).
    #[test]
    fn first_unique_without_charge() {
        let mut one = [branch(500.0, Forbiddenness::Unique(1))];
        let daughter = Daughter { parent: "", signed_z: 1e-9, a: 10 };
        let spectrum = spectrum_of(daughter, &mut one).unwrap();
        let table = spectrum.inverse_cdf(20001);
        let w0 = 500.0 + ELECTRON_MASS_MEV;
        let second: f64 =
            table.iter().map(|e| ((e + ELECTRON_MASS_MEV) / w0).powi(2)).sum::<f64>() / 20001.0;
        let beta = |a: f64, b: f64| (libm::lgamma(a) + libm::lgamma(b) - libm::lgamma(a + b)).exp();
        let expected = (beta(7.0, 3.0) + beta(5.0, 5.0)) / (beta(5.0, 3.0) + beta(3.0, 5.0));
        assert!((second / expected - 1.0).abs() < 1e-3, "{second} {expected}");
    }

    #[test]
    fn classes_are_read_and_said() {
        for (code, words) in [
            ("A", "allowed"),
            ("1U", "1st forbidden unique"),
            ("2N", "2nd forbidden"),
            ("?", "unknown"),
        ] {
            assert_eq!(Forbiddenness::from_code(code).unwrap().words(), words);
        }
        for code in ["", "U", "xU", "1"] {
            assert_eq!(Forbiddenness::from_code(code), None, "{code}");
        }
    }
}
