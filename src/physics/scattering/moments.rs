//! Transport moments of a material: elastic scattering and soft inelastic deflection together.

use std::f64::consts::PI;

use super::atom;
use super::elastic;
use super::inelastic::SoftCollisions;
use super::quadrature::{L_MAX, QUADRATURE};
use crate::constants::AVOGADRO;
use crate::error::Result;
use crate::physics::{Lepton, Material};
use crate::units::EV_PER_MEV;

/// The series ends where exp(-t G_l) is this close to the share of undeflected particles.
const TAIL: f64 = 1e-6;

/// Legendre moments of the cross section for deflection, per mass.
#[derive(Debug, Clone, PartialEq)]
pub struct TransportMoments {
    /// G_l = 2 pi int (1 - P_l(cos theta)) dsigma, cm2/g, for l = 0 (zero) to `g.len() - 1`. G_1 is the first
    /// transport coefficient, 1/lambda_1.
    pub g: Vec<f64>,
    /// Cross section of all collisions counted (elastic and soft inelastic), cm2/g: the limit of G_l.
    pub total: f64,
}

/// Discrete deflections: at `cosine[i]` a cross section per mass of `xs[i]`, cm2/g.
struct Nodes {
    cosine: Vec<f64>,
    xs: Vec<f64>,
}

impl Nodes {
    fn new(
        material: &Material,
        energy_mev: f64,
        lepton: Lepton,
        t_cut_mev: Option<f64>,
    ) -> Result<Self> {
        elastic::check_energy(energy_mev)?;
        let quadrature = &*QUADRATURE;
        let mut xs = vec![0.0; quadrature.mu.len()];
        let mut electrons_per_gram = 0.0;
        for &(z, fraction) in &material.mass_fractions {
            let index = atom::index_of(z)?;
            let atoms_per_gram = fraction * AVOGADRO / atom::atom(index).atomic_weight;
            electrons_per_gram += atoms_per_gram * f64::from(z);
            elastic::add_at_nodes(index, energy_mev, lepton, atoms_per_gram, &mut xs);
        }
        // 2 pi dcos = 4 pi dmu
        for (xs, weight) in xs.iter_mut().zip(&quadrature.weight) {
            *xs *= 4.0 * PI * weight;
        }
        let mut cosine: Vec<f64> = quadrature.mu.iter().map(|mu| 1.0 - 2.0 * mu).collect();
        if let Some(threshold_mev) = t_cut_mev {
            soft(material, energy_mev, lepton, threshold_mev).for_each_node(|mu, per_electron| {
                cosine.push(1.0 - 2.0 * mu);
                xs.push(per_electron * electrons_per_gram);
            });
        }
        Ok(Nodes { cosine, xs })
    }

    /// G_l up to `l_max`, or to where `enough(G_l, total)` says so.
    fn moments(&self, l_max: usize, enough: impl Fn(f64, f64) -> bool) -> TransportMoments {
        let total: f64 = self.xs.iter().sum();
        let mut g = vec![0.0];
        let mut previous = vec![1.0; self.cosine.len()];
        let mut current = self.cosine.clone();
        for l in 1..=l_max {
            let sum = deflected(&current, &self.xs);
            g.push(sum);
            if enough(sum, total) {
                break;
            }
            let l = l as f64;
            let (a, b) = ((2.0 * l + 1.0) / (l + 1.0), l / (l + 1.0));
            for ((p0, p1), x) in previous.iter_mut().zip(&mut current).zip(&self.cosine) {
                let next = a * x * *p1 - b * *p0;
                *p0 = *p1;
                *p1 = next;
            }
        }
        TransportMoments { g, total }
    }
}

/// Sum of xs (1 - p), in four sums side by side: one after the other each would wait for the last.
fn deflected(p: &[f64], xs: &[f64]) -> f64 {
    let (of_four, of_rest) = (p.chunks_exact(4), xs.chunks_exact(4));
    let rest = of_four.remainder().iter().zip(of_rest.remainder());
    let rest: f64 = rest.map(|(p, xs)| xs * (1.0 - p)).sum();
    let mut sums = [0.0; 4];
    for (p, xs) in of_four.zip(of_rest) {
        for (k, sum) in sums.iter_mut().enumerate() {
            *sum += xs[k] * (1.0 - p[k]);
        }
    }
    (sums[0] + sums[1]) + (sums[2] + sums[3]) + rest
}

fn soft(
    material: &Material,
    energy_mev: f64,
    lepton: Lepton,
    threshold_mev: f64,
) -> SoftCollisions {
    let mean_excitation_mev = material.mean_excitation_ev / EV_PER_MEV;
    SoftCollisions { energy_mev, lepton, mean_excitation_mev, threshold_mev }
}

/// G_1 of elastic scattering and soft inelastic deflection together, cm2/g: the inverse of the first transport path. The elastic part of
/// an element at an energy is computed once for all materials.
///
/// # Errors
/// An element or energy without data.
pub fn first_coefficient(
    material: &Material,
    energy_mev: f64,
    lepton: Lepton,
    t_cut_mev: f64,
) -> Result<f64> {
    elastic::check_energy(energy_mev)?;
    let (mut elastic, mut electrons_per_gram) = (0.0, 0.0);
    for &(z, fraction) in &material.mass_fractions {
        let index = atom::index_of(z)?;
        let atoms_per_gram = fraction * AVOGADRO / atom::atom(index).atomic_weight;
        electrons_per_gram += atoms_per_gram * f64::from(z);
        elastic += atoms_per_gram * elastic::first_moment(index, energy_mev, lepton);
    }
    let mut inelastic = 0.0;
    soft(material, energy_mev, lepton, t_cut_mev)
        .for_each_node(|mu, per_electron| inelastic += 2.0 * mu * per_electron);
    Ok(elastic + electrons_per_gram * inelastic)
}

impl TransportMoments {
    /// Moments up to `l_max` (at most 300) of `material` at kinetic energy `energy_mev`, with the deflections by
    /// inelastic collisions that transfer less than `t_cut_mev`. Error: an element or energy without data.
    pub fn new(
        material: &Material,
        energy_mev: f64,
        lepton: Lepton,
        t_cut_mev: f64,
        l_max: usize,
    ) -> Result<Self> {
        let l_max = l_max.min(L_MAX);
        let nodes = Nodes::new(material, energy_mev, lepton, Some(t_cut_mev))?;
        Ok(nodes.moments(l_max, |_, _| false))
    }

    /// The moments of elastic scattering alone.
    pub fn elastic(
        material: &Material,
        energy_mev: f64,
        lepton: Lepton,
        l_max: usize,
    ) -> Result<Self> {
        let l_max = l_max.min(L_MAX);
        let nodes = Nodes::new(material, energy_mev, lepton, None)?;
        Ok(nodes.moments(l_max, |_, _| false))
    }

    /// As many moments as the distribution after a step of the scattering strength `strength` = t G_1 needs, at most 300, and its mass
    /// thickness t, g/cm2.
    ///
    /// # Errors
    /// As [`TransportMoments::new`].
    pub fn for_strength(
        material: &Material,
        energy_mev: f64,
        lepton: Lepton,
        t_cut_mev: f64,
        strength: f64,
    ) -> Result<(Self, f64)> {
        let nodes = Nodes::new(material, energy_mev, lepton, Some(t_cut_mev))?;
        let first: f64 = nodes.xs.iter().zip(&nodes.cosine).map(|(xs, x)| xs * (1.0 - x)).sum();
        let thickness = strength / first;
        let done = |g: f64, total: f64| (-thickness * g).exp() - (-thickness * total).exp() < TAIL;
        Ok((nodes.moments(L_MAX, done), thickness))
    }
}
