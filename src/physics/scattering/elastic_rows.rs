//! Elastic cross sections of atoms at all deflections, at energies that many materials share.
//!
//! Neglects what a cubic through four energies a 16th of an octave apart leaves of the cross section between them: less than 5e-4 of each, 5e-5 of the
//! first moment (tested below).

use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use super::elastic::{MAX_ENERGY_MEV, MIN_ENERGY_MEV, Stencil, add_at_nodes};
use super::quadrature::QUADRATURE;
use crate::physics::Lepton;

/// Energies in an octave.
const PER_OCTAVE: f64 = 16.0;

/// ln of the energies in MeV, in equal steps over the range of the data.
static LN_ENERGY: LazyLock<Vec<f64>> = LazyLock::new(|| {
    let octaves = (MAX_ENERGY_MEV / MIN_ENERGY_MEV).log2();
    let steps = (octaves * PER_OCTAVE).ceil();
    let ln = |n: u32| {
        MIN_ENERGY_MEV.ln() + (MAX_ENERGY_MEV / MIN_ENERGY_MEV).ln() * f64::from(n) / steps
    };
    (0..=steps as u32).map(ln).collect()
});

/// By the element's place, whether it is of positrons, and the number of the energy.
type Rows = HashMap<(usize, bool, usize), Arc<Vec<f64>>>;

/// Rows that were asked for; made once each. They live as long as the tables of many materials are made from them.
#[derive(Debug, Default)]
pub struct ElasticRows(Mutex<Rows>);

impl ElasticRows {
    fn row(&self, index: usize, lepton: Lepton, n: usize) -> Arc<Vec<f64>> {
        let key = (index, lepton == Lepton::Positron, n);
        let known = || self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(found) = known().get(&key) {
            return found.clone();
        }
        let mut row = vec![0.0; QUADRATURE.mu.len()];
        let energy_mev = LN_ENERGY[n].exp().clamp(MIN_ENERGY_MEV, MAX_ENERGY_MEV);
        add_at_nodes(index, energy_mev, lepton, 1.0, &mut row);
        known().entry(key).or_insert_with(|| Arc::new(row)).clone()
    }

    /// Adds `atoms` x the cross section of the element at the table position `index` to `sum`, at the nodes of `QUADRATURE`.
    pub(super) fn add(
        &self,
        index: usize,
        energy_mev: f64,
        lepton: Lepton,
        atoms: f64,
        sum: &mut [f64],
    ) {
        let stencil = Stencil::new(&LN_ENERGY, energy_mev.ln());
        let [a, b, c, d] = std::array::from_fn(|k| self.row(index, lepton, stencil.first + k));
        let [of_a, of_b, of_c, of_d] = stencil.weights.map(|w| w * atoms);
        for (i, sum) in sum.iter_mut().enumerate() {
            *sum += (of_a * a[i] + of_b * b[i]) + (of_c * c[i] + of_d * d[i]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::physics::scattering::atom;

    /// Each cross section within 5e-4 of the data's own (the worst are minima by diffraction at some keV, where there is little), the first
    /// moment within 5e-5.
    #[test]
    fn rows_between_energies_are_the_cross_section() {
        let rows = ElasticRows::default();
        for lepton in Lepton::ALL {
            for z in [1, 8, 20, 53] {
                let index = atom::index_of(z).unwrap();
                for energy in [0.001, 0.00101, 0.0123, 0.149, 0.151, 0.7, 2.3, 3.99, 4.0] {
                    let mut near = vec![0.0; QUADRATURE.mu.len()];
                    rows.add(index, energy, lepton, 1.0, &mut near);
                    let mut exact = vec![0.0; QUADRATURE.mu.len()];
                    add_at_nodes(index, energy, lepton, 1.0, &mut exact);
                    let first = |xs: &[f64]| -> f64 {
                        let nodes = xs.iter().zip(&QUADRATURE.mu).zip(&QUADRATURE.weight);
                        nodes.map(|((xs, mu), w)| xs * mu * w).sum()
                    };
                    let off = first(&near) / first(&exact) - 1.0;
                    assert!(off.abs() < 5e-5, "{z} {energy}: {off}");
                    for ((near, exact), mu) in near.iter().zip(&exact).zip(&QUADRATURE.mu) {
                        let off = near / exact - 1.0;
                        assert!(off.abs() < 5e-4, "{z} {energy} {mu}: {off}");
                    }
                }
            }
        }
    }
}
