//! Transport moments of a material: elastic scattering and soft inelastic deflection together.

use std::f64::consts::PI;

use super::atom;
use super::elastic;
use super::elastic_rows::ElasticRows;
use super::inelastic::SoftCollisions;
use super::quadrature::{L_MAX, QUADRATURE, deflected_by};
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

/// Deflections of a material: by elastic collisions at the nodes of `QUADRATURE`, by soft inelastic ones at nodes of their own.
struct Nodes {
    /// Cross sections, cm2/g.
    elastic: Vec<f64>,
    /// cos theta and cross section, cm2/g.
    cosine: Vec<f64>,
    soft: Vec<f64>,
}

impl Nodes {
    fn new(
        material: &Material,
        energy_mev: f64,
        lepton: Lepton,
        t_cut_mev: Option<f64>,
        add_atom: impl Fn(usize, f64, &mut [f64]),
    ) -> Result<Self> {
        elastic::check_energy(energy_mev)?;
        let quadrature = &*QUADRATURE;
        let mut xs = vec![0.0; quadrature.mu.len()];
        let mut electrons_per_gram = 0.0;
        for &(z, fraction) in &material.mass_fractions {
            let index = atom::index_of(z)?;
            let atoms_per_gram = fraction * AVOGADRO / atom::atom(index).atomic_weight;
            electrons_per_gram += atoms_per_gram * f64::from(z);
            add_atom(index, atoms_per_gram, &mut xs);
        }
        // 2 pi dcos = 4 pi dmu
        for (xs, weight) in xs.iter_mut().zip(&quadrature.weight) {
            *xs *= 4.0 * PI * weight;
        }
        let mut nodes = Nodes { elastic: xs, cosine: Vec::new(), soft: Vec::new() };
        if let Some(threshold_mev) = t_cut_mev {
            soft(material, energy_mev, lepton, threshold_mev).for_each_node(|mu, per_electron| {
                nodes.cosine.push(1.0 - 2.0 * mu);
                nodes.soft.push(per_electron * electrons_per_gram);
            });
        }
        Ok(nodes)
    }

    /// G_1, cm2/g.
    fn first(&self) -> f64 {
        sum_of_products(deflected_by(1), &self.elastic) + deflected(&self.cosine, &self.soft)
    }

    /// The moments that a step of a strength needs, and its thickness.
    fn of_strength(&self, strength: f64) -> (TransportMoments, f64) {
        let thickness = strength / self.first();
        let done = |g: f64, total: f64| (-thickness * g).exp() - (-thickness * total).exp() < TAIL;
        (self.moments(L_MAX, done), thickness)
    }

    /// G_l up to `l_max`, or to where `enough(G_l, total)` says so.
    fn moments(&self, l_max: usize, enough: impl Fn(f64, f64) -> bool) -> TransportMoments {
        let total: f64 = self.elastic.iter().sum::<f64>() + self.soft.iter().sum::<f64>();
        let mut g = vec![0.0];
        let mut previous = vec![1.0; self.cosine.len()];
        let mut current = self.cosine.clone();
        for l in 1..=l_max {
            let sum =
                sum_of_products(deflected_by(l), &self.elastic) + deflected(&current, &self.soft);
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
    in_four_sums(p, xs, |p, xs| xs * (1.0 - p))
}

fn sum_of_products(a: &[f64], b: &[f64]) -> f64 {
    in_four_sums(a, b, |a, b| a * b)
}

fn in_four_sums(a: &[f64], b: &[f64], term: impl Fn(f64, f64) -> f64) -> f64 {
    let (of_four, of_rest) = (a.chunks_exact(4), b.chunks_exact(4));
    let rest = of_four.remainder().iter().zip(of_rest.remainder());
    let rest: f64 = rest.map(|(a, b)| term(*a, *b)).sum();
    let mut sums = [0.0; 4];
    for (a, b) in of_four.zip(of_rest) {
        for (k, sum) in sums.iter_mut().enumerate() {
            *sum += term(a[k], b[k]);
        }
    }
    (sums[0] + sums[1]) + (sums[2] + sums[3]) + rest
}

/// Adds an atom's elastic cross sections as the data have them.
fn exact(energy_mev: f64, lepton: Lepton) -> impl Fn(usize, f64, &mut [f64]) {
    move |index, atoms, xs| elastic::add_at_nodes(index, energy_mev, lepton, atoms, xs)
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
        let exact = exact(energy_mev, lepton);
        let nodes = Nodes::new(material, energy_mev, lepton, Some(t_cut_mev), exact)?;
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
        let exact = exact(energy_mev, lepton);
        let nodes = Nodes::new(material, energy_mev, lepton, None, exact)?;
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
        let exact = exact(energy_mev, lepton);
        let nodes = Nodes::new(material, energy_mev, lepton, Some(t_cut_mev), exact)?;
        Ok(nodes.of_strength(strength))
    }

    /// The same from rows of elastic cross sections that all materials share.
    ///
    /// # Errors
    /// As [`TransportMoments::new`].
    pub fn for_strength_from(
        rows: &ElasticRows,
        material: &Material,
        energy_mev: f64,
        lepton: Lepton,
        t_cut_mev: f64,
        strength: f64,
    ) -> Result<(Self, f64)> {
        let add = |index, atoms, xs: &mut [f64]| rows.add(index, energy_mev, lepton, atoms, xs);
        let nodes = Nodes::new(material, energy_mev, lepton, Some(t_cut_mev), add)?;
        Ok(nodes.of_strength(strength))
    }
}
