//! Electron and positron tables of one material: rates on the fine grid, deflections and photon spectra on the coarse one.

use super::angular::build_angular;
use super::neighbours::windows;
use super::steps::SHORTER;
use super::straggling::straggling;
use crate::error::Result;
use crate::physics::scattering::{
    ElasticRows, MultipleScattering, TransportMoments, first_coefficient,
};
use crate::physics::{Bremsstrahlung, CsdaRange, Lepton, Material, StoppingPower, ThickTarget};
use crate::transport::layout::{
    ANGULAR_STRIDE, COARSE_BITS, FINE_BITS, FINE_NODES, LEPTON_VALUES, SPECTRUM_INTERVALS,
    SPECTRUM_STRIDE, node_energy,
};
use crate::transport::reach::fill_unreached;

/// Least part of the collision stopping power that soft collisions have; gold has 7 % at 1 keV.
const LEAST_SOFT: f64 = 0.01;
/// Lowest energy of the electron data, MeV.
const LOWEST_MEV: f64 = 1e-3;

/// Step and threshold control.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LeptonControl {
    /// Production threshold of hard collisions as a fraction of the energy.
    pub threshold_fraction: f64,
    /// Its least value, MeV.
    pub threshold_min_mev: f64,
    /// Its largest value, MeV.
    pub threshold_max_mev: f64,
    /// Bremsstrahlung threshold, MeV.
    pub photon_threshold_mev: f64,
    /// Largest scattering strength K1 of a step.
    pub max_strength: f64,
    /// Largest mean fractional energy loss of a step.
    pub max_loss_fraction: f64,
    /// Largest scattering strength of a step in gas and beside it (`faces.rs`).
    pub face_strength: f64,
    /// Largest mean fractional energy loss of such a step.
    pub face_loss_fraction: f64,
}

impl LeptonControl {
    /// Production threshold at an energy, MeV.
    pub fn threshold(&self, energy_mev: f64) -> f64 {
        (energy_mev * self.threshold_fraction).clamp(self.threshold_min_mev, self.threshold_max_mev)
    }

    /// Largest scattering strength that keeps both limits at a coarse node, in usual voxels (class 0) or in gas and beside it (class 1). `free` are
    /// the mass thicknesses (g/cm2) that steps of each class may have all the same (`steps.rs`).
    pub fn largest_strength(
        &self,
        rates: &LeptonRates,
        node: usize,
        class: usize,
        free: [f64; 2],
    ) -> f64 {
        let e = node_energy(COARSE_BITS, node).max(LOWEST_MEV);
        let (loss, inverse) = rates.at_coarse(node);
        let limit = |strength: f64, fraction: f64| (fraction * e * inverse / loss).min(strength);
        let longest = limit(self.max_strength, self.max_loss_fraction);
        let usual = longest.min((SHORTER * longest).max(free[0] * inverse));
        if class == 0 {
            return usual;
        }
        usual.min(limit(self.face_strength, self.face_loss_fraction).max(free[1] * inverse))
    }
}

/// What [`LeptonFacts::rates`] gives at each fine node: restricted stopping power (MeV cm2/g), inverse first transport path, hard cross section
/// (cm2/g), bremsstrahlung's share of it, CSDA range (g/cm2), thick-target photons.
#[derive(Debug, Clone, PartialEq)]
pub struct LeptonRates(pub Vec<[f64; LEPTON_VALUES]>);

impl LeptonRates {
    /// As the plan holds them, `[fine node][LEPTON_VALUES]`.
    pub fn records(&self) -> Vec<f32> {
        self.0.as_flattened().iter().map(|v| *v as f32).collect()
    }

    /// Restricted stopping power and inverse first transport path at a coarse node, which is a fine one too.
    fn at_coarse(&self, node: usize) -> (f64, f64) {
        let [loss, path, ..] = self.0[node << (FINE_BITS - COARSE_BITS)];
        (loss, path)
    }
}

/// f64 facts of one material and lepton, shared by the tables.
pub struct LeptonFacts {
    lepton: Lepton,
    stopping: StoppingPower,
    csda: CsdaRange,
    bremsstrahlung: Bremsstrahlung,
    material: Material,
    control: LeptonControl,
}

impl LeptonFacts {
    /// Gathers the facts.
    ///
    /// # Errors
    /// If an element has no data.
    pub fn new(material: &Material, lepton: Lepton, control: LeptonControl) -> Result<Self> {
        let stopping = StoppingPower::new(material)?;
        let csda = CsdaRange::new(&stopping, lepton);
        let bremsstrahlung = Bremsstrahlung::new(material, lepton)?;
        let material = material.clone();
        Ok(LeptonFacts { lepton, stopping, csda, bremsstrahlung, material, control })
    }

    /// CSDA range, g/cm2.
    pub fn range(&self, energy_mev: f64) -> f64 {
        self.csda.range(energy_mev)
    }

    /// Stopping power by losses below the thresholds, MeV cm2/g. Near 1 keV Bethe's formula, without shell corrections, gives thallium and heavier elements
    /// less than their hard collisions with free electrons take: a part of it is left to soft ones all the same.
    pub fn restricted(&self, e: f64) -> f64 {
        let t_cut = self.control.threshold(e);
        let soft = self.stopping.restricted_collision(e, self.lepton, t_cut);
        soft.max(LEAST_SOFT * self.stopping.collision(e, self.lepton))
            + self.bremsstrahlung.soft_stopping(e, self.control.photon_threshold_mev)
    }

    /// Inverse of the first transport path by elastic and soft inelastic collisions, cm2/g.
    ///
    /// # Errors
    /// If the energy is outside the elastic tables.
    pub fn inverse_path(&self, e: f64) -> Result<f64> {
        let t_cut = self.control.threshold(e);
        first_coefficient(&self.material, e, self.lepton, t_cut)
    }

    /// Hard collisions and hard bremsstrahlung, cm2/g.
    fn hard(&self, e: f64) -> (f64, f64) {
        let t_cut = self.control.threshold(e);
        let collision = match self.lepton {
            Lepton::Electron => self.stopping.moller().hard_cross_section(e, t_cut),
            Lepton::Positron => self.stopping.bhabha().hard_cross_section(e, t_cut),
        };
        (collision, self.bremsstrahlung.hard_cross_section(e, self.control.photon_threshold_mev))
    }

    /// Second moment of the soft collision losses, MeV2 cm2/g.
    fn straggling(&self, e: f64) -> f64 {
        let t_cut = self.control.threshold(e);
        match self.lepton {
            Lepton::Electron => self.stopping.moller().soft_straggling(e, t_cut),
            Lepton::Positron => self.stopping.bhabha().soft_straggling(e, t_cut),
        }
    }

    /// Straggling numbers of a step (`tables/straggling.rs`) at its middle energy, of the given mass thickness (g/cm2) and fractional
    /// loss. What is lost early makes the rest of the step lose more, by half the step's growth of the rate on average.
    fn step_straggling(&self, middle: f64, thickness: f64, fraction: f64) -> [f64; 3] {
        let t_cut = self.control.threshold(middle);
        let third = match self.lepton {
            Lepton::Electron => self.stopping.moller().soft_skew(middle, t_cut),
            Lepton::Positron => self.stopping.bhabha().soft_skew(middle, t_cut),
        };
        let variance = self.straggling(middle);
        let mean = self.restricted(middle);
        let half = 0.25 * fraction * middle;
        let growth =
            1.0 + 0.5 * (self.restricted(middle - half) / self.restricted(middle + half)).ln();
        let relative = growth * (variance / thickness).sqrt() / mean;
        straggling(relative, third / (variance.powf(1.5) * thickness.sqrt()))
    }

    /// What the fine-grid records hold.
    ///
    /// # Errors
    /// If the elastic data do not cover the material.
    pub fn rates(&self) -> Result<Vec<[f64; LEPTON_VALUES]>> {
        let thick = self.thick_target();
        let at_node = |node: usize| {
            let e = node_energy(FINE_BITS, node).max(LOWEST_MEV);
            let (collision, radiation) = self.hard(e);
            let hard = collision + radiation;
            let share = if hard > 0.0 { radiation / hard } else { 0.0 };
            let (loss, path) = (self.restricted(e), self.inverse_path(e)?);
            Ok([loss, path, hard, share, self.range(e), thick.photons(e)])
        };
        (0..FINE_NODES).map(at_node).collect()
    }

    fn thick_target(&self) -> ThickTarget<'_> {
        ThickTarget::new(&self.bremsstrahlung, &self.csda, self.control.photon_threshold_mev)
    }

    /// Multiple-scattering tables for the given strengths of the first coarse nodes, `[coarse node][ANGULAR_STRIDE]`: the Goudsmit-Saunderson
    /// distribution at the middle energy of the step. `rates` are its own.
    ///
    /// # Errors
    /// As [`Self::inverse_path`].
    pub fn scattering(
        &self,
        strengths: &[f64],
        rates: &LeptonRates,
        rows: &ElasticRows,
    ) -> Result<Vec<f32>> {
        let mut out = Vec::new();
        for (node, &strength) in strengths.iter().enumerate() {
            let e = node_energy(COARSE_BITS, node).max(LOWEST_MEV);
            let (loss, path) = rates.at_coarse(node);
            let fraction = strength * loss / (path * e);
            let middle = (e * (1.0 - 0.5 * fraction)).max(LOWEST_MEV);
            let t_cut = self.control.threshold(middle);
            let (moments, thickness) = TransportMoments::for_strength_from(
                rows,
                &self.material,
                middle,
                self.lepton,
                t_cut,
                strength,
            )?;
            let gs = MultipleScattering::new(&moments, thickness);
            let [p, theta, raised] = self.step_straggling(middle, thickness, fraction);
            let step = [fraction / strength, p, theta, raised, strength];
            out.extend(build_angular(|u| gs.inverse_cdf(1.0 - u), step));
        }
        fill_unreached(&mut out, ANGULAR_STRIDE);
        Ok(out)
    }

    /// Thin-target and thick-target photon spectra, each `[coarse node][SPECTRUM_STRIDE]`, made at the first `nodes`.
    pub fn spectra(&self, nodes: usize) -> (Vec<f32>, Vec<f32>) {
        const POINTS: usize = 129;
        let cut = self.control.photon_threshold_mev;
        let thick_target = self.thick_target();
        let mut thin = Vec::new();
        let mut thick = Vec::new();
        for node in 0..nodes {
            let e = node_energy(COARSE_BITS, node).max(LOWEST_MEV);
            thin.extend(windows(&quantiles(
                &self.bremsstrahlung.spectrum_cdf(e, cut, POINTS),
                cut,
                e,
            )));
            thick.extend(windows(&quantiles(&thick_target.spectrum_cdf(e, POINTS), cut, e)));
        }
        fill_unreached(&mut thin, SPECTRUM_STRIDE);
        fill_unreached(&mut thick, SPECTRUM_STRIDE);
        (thin, thick)
    }
}

/// `(k - cut)/(e - cut)` at equal steps of the square root of the probability to exceed it.
fn quantiles(cdf: &[(f64, f64)], cut: f64, e: f64) -> Vec<f32> {
    if cdf.len() < 2 || e <= cut {
        return vec![0.0; SPECTRUM_INTERVALS + 1];
    }
    (0..=SPECTRUM_INTERVALS)
        .map(|i| {
            let u = 1.0 - (i as f64 / SPECTRUM_INTERVALS as f64).powi(2);
            let j = cdf.partition_point(|p| p.1 < u).clamp(1, cdf.len() - 1);
            let (a, b) = (cdf[j - 1], cdf[j]);
            let t = if b.1 > a.1 { ((u - a.1) / (b.1 - a.1)).clamp(0.0, 1.0) } else { 0.0 };
            // Log-linear in k between the points, which are equidistant in ln k.
            let k = a.0 * (b.0 / a.0).powf(t);
            (((k - cut) / (e - cut)).clamp(0.0, 1.0)) as f32
        })
        .collect()
}
