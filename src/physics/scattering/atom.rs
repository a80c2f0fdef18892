//! The neutral atom as a scatterer: its electron density and the first Born cross section of its potential.

use std::sync::LazyLock;

use crate::constants::{BOHR_RADIUS_CM, ELECTRON_MASS_MEV, FINE_STRUCTURE};
use crate::error::{Error, Result};

const TABLE: &str = include_str!("../../../data/electron/elastic_screening.csv");

/// Atomic weight and electron density of one element.
#[derive(Debug, Clone)]
pub(super) struct Atom {
    pub z: u8,
    /// Standard atomic weight, g/mol.
    pub atomic_weight: f64,
    /// `(w, b)`: the density is Z sum w b^3/(8 pi) exp(-b r), b in 1/Bohr radius, sum of w = 1.
    terms: Vec<(f64, f64)>,
}

static ATOMS: LazyLock<Vec<Atom>> = LazyLock::new(|| parse(TABLE));

/// Position of element `z` in the tables.
pub(super) fn index_of(z: u8) -> Result<usize> {
    ATOMS.iter().position(|atom| atom.z == z).ok_or_else(|| {
        Error::input(
            format!("no elastic scattering data for Z = {z}"),
            format!("the tables hold Z = 1 to {}", ATOMS.len()),
            "Check the material's composition.",
        )
    })
}

pub(super) fn atom(index: usize) -> &'static Atom {
    &ATOMS[index]
}

/// `wave_number` in 1/Bohr radius, `gamma` = total energy / rest energy, `beta2` = (v/c)^2.
#[derive(Debug, Clone, Copy)]
pub(super) struct Kinematics {
    pub wave_number: f64,
    pub gamma: f64,
    pub beta2: f64,
}

impl Kinematics {
    pub(super) fn new(energy_mev: f64) -> Self {
        let tau = energy_mev / ELECTRON_MASS_MEV;
        let momentum2 = tau * (tau + 2.0);
        let gamma = tau + 1.0;
        Kinematics {
            wave_number: momentum2.sqrt() / FINE_STRUCTURE,
            gamma,
            beta2: momentum2 / (gamma * gamma),
        }
    }
}

impl Atom {
    /// First Born cross section with the spin factor of a bare charge, cm2/sr:
    /// [2 Z gamma a0 S(q)]^2 (1 - beta^2 mu), S = (1 - F/Z)/q^2 = sum w (q^2 + 2 b^2)/(q^2 + b^2)^2, q^2 = 4 k^2 mu.
    pub(super) fn born(&self, at: Kinematics, mu: f64) -> f64 {
        let q2 = 4.0 * at.wave_number * at.wave_number * mu;
        let screened: f64 = self
            .terms
            .iter()
            .map(|&(w, b)| {
                let d = q2 + b * b;
                w * (d + b * b) / (d * d)
            })
            .sum();
        let amplitude = 2.0 * f64::from(self.z) * at.gamma * screened * BOHR_RADIUS_CM;
        amplitude * amplitude * (1.0 - at.beta2 * mu)
    }
}

/// Reads the embedded table; its format is checked by this module's tests.
fn parse(text: &str) -> Vec<Atom> {
    let number = |field: &str| field.parse::<f64>().unwrap_or(f64::NAN);
    text.lines()
        .filter(|line| line.starts_with(|c: char| c.is_ascii_digit()))
        .filter_map(|line| {
            let fields: Vec<&str> = line.split(',').collect();
            let terms = fields.get(3)?.split(' ');
            Some(Atom {
                z: fields[0].parse().ok()?,
                atomic_weight: number(fields[2]),
                terms: terms
                    .filter_map(|term| term.split_once(';'))
                    .map(|(w, b)| (number(w), number(b)))
                    .collect(),
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::physics::element::MAX_Z;

    #[test]
    fn table_has_provenance_and_normalised_densities() {
        for key in ["quantity", "units", "source", "licence", "generator"] {
            assert!(TABLE.lines().any(|line| line.starts_with(&format!("# {key}: "))), "{key}");
        }
        assert_eq!(ATOMS.len(), usize::from(MAX_Z));
        for (i, atom) in ATOMS.iter().enumerate() {
            assert_eq!(usize::from(atom.z), i + 1);
            let sum: f64 = atom.terms.iter().map(|term| term.0).sum();
            assert!((sum - 1.0).abs() < 1e-7, "Z = {}: weights sum to {sum}", atom.z);
            assert!(atom.atomic_weight > 1.0 && atom.terms.iter().all(|term| term.1 > 0.5));
        }
    }

    #[test]
    fn hydrogen_born_at_zero_angle_is_the_analytic_one() {
        // 1s density: S(0) = 2/b^2 = 1/2, so the amplitude is gamma a0.
        let at = Kinematics::new(0.1);
        let expected = (at.gamma * BOHR_RADIUS_CM).powi(2);
        assert!((atom(0).born(at, 0.0) / expected - 1.0).abs() < 1e-12);
    }
}
