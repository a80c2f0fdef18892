//! Form factor F(x) and incoherent scattering function S(x) of a material, made once and looked up fast.
//!
//! Neglected: anomalous dispersion, and interference between atoms (independent-atom model; in liquids the true forward
//! peak of Rayleigh scattering is lower). x = sin(theta/2) / lambda in 1/Angstrom.
//! Hubbell et al., J. Phys. Chem. Ref. Data 4, 471 (1975), doi:10.1063/1.555523.

use crate::constants::PLANCK_C_MEV_CM;
use crate::error::Result;
use crate::physics::Material;
use crate::physics::element::{MAX_Z, element};
use crate::physics::embedded;
use std::sync::LazyLock;

/// 1 Angstrom in cm.
const ANGSTROM_CM: f64 = 1e-8;

/// A table over a grid of x that is uniform in ln x: for each node, one value per element.
struct ShapeTable {
    ln_first: f64,
    ln_step: f64,
    /// `columns[z - 1][node]`
    columns: Vec<Vec<f64>>,
}

static FORM_FACTOR: LazyLock<ShapeTable> =
    LazyLock::new(|| ShapeTable::read(include_str!("../../data/photon/form_factor.csv")));
static INCOHERENT_FUNCTION: LazyLock<ShapeTable> =
    LazyLock::new(|| ShapeTable::read(include_str!("../../data/photon/incoherent_function.csv")));

impl ShapeTable {
    fn read(text: &'static str) -> Self {
        let rows: Vec<Vec<f64>> = embedded::numbers(text).collect();
        let last = rows.len() - 1;
        let ln_first = rows[0][0].ln();
        let columns = (1..=usize::from(MAX_Z)).map(|z| rows.iter().map(|row| row[z]).collect());
        ShapeTable {
            ln_first,
            ln_step: (rows[last][0].ln() - ln_first) / last as f64,
            columns: columns.collect(),
        }
    }
}

/// `sum_i w_i / A_i F_i(x)^2` and `sum_i w_i / A_i S_i(x)` of a material, in mol/g, log-log between nodes.
#[derive(Debug, Clone)]
pub struct MixedFormFactor {
    ln_first: f64,
    inverse_ln_step: f64,
    ln_form_factor_squared: Vec<f64>,
    ln_incoherent_function: Vec<f64>,
    electrons: f64,
}

impl MixedFormFactor {
    /// Mixes the atoms of `material`.
    ///
    /// # Errors
    /// When an element has no data.
    pub fn new(material: &Material) -> Result<Self> {
        let (form, incoherent) = (&*FORM_FACTOR, &*INCOHERENT_FUNCTION);
        let nodes = form.columns[0].len();
        let mut f = vec![0.0; nodes];
        let mut s = vec![0.0; nodes];
        let mut electrons = 0.0;
        for &(z, fraction) in &material.mass_fractions {
            let moles = fraction / element(z)?.atomic_weight;
            electrons += moles * f64::from(z);
            let column = usize::from(z) - 1;
            for i in 0..nodes {
                f[i] += moles * form.columns[column][i].powi(2);
                s[i] += moles * incoherent.columns[column][i];
            }
        }
        let logs = |values: Vec<f64>| values.into_iter().map(f64::ln).collect();
        Ok(MixedFormFactor {
            ln_first: form.ln_first,
            inverse_ln_step: 1.0 / form.ln_step,
            ln_form_factor_squared: logs(f),
            ln_incoherent_function: logs(s),
            electrons,
        })
    }

    /// `sum_i w_i / A_i F_i(x)^2`, mol/g. Below the first node (0.01/Angstrom) it is constant.
    pub fn form_factor_squared(&self, x: f64) -> f64 {
        let t = self.position(x);
        lookup(&self.ln_form_factor_squared, t.max(0.0))
    }

    /// `sum_i w_i / A_i S_i(x)`, mol/g. Below the first node (0.01/Angstrom) it goes as x^2.
    pub fn incoherent_function(&self, x: f64) -> f64 {
        let t = self.position(x);
        let first = lookup(&self.ln_incoherent_function, t.max(0.0));
        if t < 0.0 { first * (2.0 * t / self.inverse_ln_step).exp() } else { first }
    }

    /// Electrons, mol/g: `sum_i w_i Z_i / A_i`, the limit of the incoherent function for free electrons.
    pub fn electrons(&self) -> f64 {
        self.electrons
    }

    fn position(&self, x: f64) -> f64 {
        (x.ln() - self.ln_first) * self.inverse_ln_step
    }
}

/// Log-linear lookup at position `t >= 0` in units of nodes; the end values go on beyond the last node.
fn lookup(ln_values: &[f64], t: f64) -> f64 {
    let last = ln_values.len() - 1;
    let i = (t as usize).min(last - 1);
    let share = (t - i as f64).min(1.0);
    (ln_values[i] + (ln_values[i + 1] - ln_values[i]) * share).exp()
}

/// Momentum transfer `x = sin(theta/2) / lambda`, 1/Angstrom, for `mu = (1 - cos theta) / 2`.
pub fn momentum_transfer(energy_mev: f64, mu: f64) -> f64 {
    mu.sqrt() * energy_mev * (ANGSTROM_CM / PLANCK_C_MEV_CM)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::physics::reference_data::materials;

    #[test]
    fn has_the_limits_of_free_and_whole_atoms() {
        let oxygen = MixedFormFactor::new(&materials("O")).unwrap();
        let weight = element(8).unwrap().atomic_weight;
        assert!((oxygen.form_factor_squared(1e-6) * weight / 64.0 - 1.0).abs() < 3e-3);
        assert!((oxygen.incoherent_function(50.0) * weight / 8.0 - 1.0).abs() < 1e-4);
        assert!((oxygen.electrons() * weight / 8.0 - 1.0).abs() < 1e-12);
        // Hubbell 1975, oxygen at x = 1/Angstrom: F = 1.376, S = 6.901.
        assert!((oxygen.form_factor_squared(1.0) * weight / 1.3763_f64.powi(2) - 1.0).abs() < 1e-4);
        assert!((oxygen.incoherent_function(1.0) * weight / 6.901 - 1.0).abs() < 1e-4);
        // Quadratic below the grid, continuous at its start.
        let ratio = oxygen.incoherent_function(0.005) / oxygen.incoherent_function(0.01);
        assert!((ratio - 0.25).abs() < 1e-9, "{ratio}");
    }

    #[test]
    fn momentum_transfer_of_backscatter() {
        // 12.39842 keV has a wavelength of 1 Angstrom.
        assert!((momentum_transfer(0.012_398_42, 1.0) - 1.0).abs() < 1e-6);
    }
}
