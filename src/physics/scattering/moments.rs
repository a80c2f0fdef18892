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
            let soft = SoftCollisions {
                energy_mev,
                lepton,
                mean_excitation_mev: material.mean_excitation_ev / EV_PER_MEV,
                threshold_mev,
            };
            soft.for_each_node(|mu, per_electron| {
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
            let sum: f64 = current.iter().zip(&self.xs).map(|(p, xs)| xs * (1.0 - p)).sum();
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

    /// As many moments as the distribution after `mass_thickness` (g/cm2) needs, at most 300.
    pub fn for_step(
        material: &Material,
        energy_mev: f64,
        lepton: Lepton,
        t_cut_mev: f64,
        mass_thickness: f64,
    ) -> Result<Self> {
        let done = |g: f64, total: f64| {
            (-mass_thickness * g).exp() - (-mass_thickness * total).exp() < TAIL
        };
        let nodes = Nodes::new(material, energy_mev, lepton, Some(t_cut_mev))?;
        Ok(nodes.moments(L_MAX, done))
    }
}
