//! The tables of one material, found where they were made before ([`super::store`]).

use std::sync::Arc;

use super::lepton::{LeptonControl, LeptonFacts, LeptonRates};
use super::photon::{PhotonSwitches, PhotonTables};
use super::store::{Blocks, kept};
use crate::error::Result;
use crate::physics::scattering::ElasticRows;
use crate::physics::{Lepton, Material};
use crate::transport::layout::LEPTON_VALUES;
use crate::transport::reach::Reach;

/// The tables of photons, as [`PhotonTables::new`].
///
/// # Errors
/// As there.
pub fn photon_tables(
    material: &Material,
    switches: PhotonSwitches,
    nodes: usize,
) -> Result<PhotonTables> {
    let of = format!("{material:?} {switches:?} {nodes}");
    let blocks = kept("photons", &of, || {
        let t = PhotonTables::new(material, switches, nodes)?;
        let parts = [&t.records[..], &t.compton, &t.rayleigh, &t.fluorescence, &t.shells];
        Ok(parts.into_iter().map(words).collect())
    })?;
    let part = |n: usize| floats(&blocks, n);
    let (lines, mut fluorescence) = (part(3), [0.0; 4]);
    fluorescence.iter_mut().zip(lines).for_each(|(to, line)| *to = line);
    Ok(PhotonTables {
        records: part(0),
        compton: part(1),
        rayleigh: part(2),
        fluorescence,
        shells: part(4),
    })
}

/// A material and a lepton of a plan. Facts are gathered where a table has to be made.
pub struct LeptonSet<'a> {
    lepton: Lepton,
    material: &'a Material,
    control: LeptonControl,
    /// On the fine grid.
    pub rates: LeptonRates,
}

impl<'a> LeptonSet<'a> {
    /// With its rates on the fine grid.
    ///
    /// # Errors
    /// If an element has no data.
    pub fn new(lepton: Lepton, material: &'a Material, control: LeptonControl) -> Result<Self> {
        let of = format!("{lepton:?} {material:?} {control:?}");
        let blocks = kept("rates", &of, || {
            let rates = LeptonFacts::new(material, lepton, control)?.rates()?;
            Ok(vec![bytemuck::pod_collect_to_vec(rates.as_flattened())])
        })?;
        let values: Vec<f64> = bytemuck::pod_collect_to_vec(&blocks[0]);
        let rates = values.as_chunks::<LEPTON_VALUES>().0.to_vec();
        Ok(LeptonSet { lepton, material, control, rates: LeptonRates(rates) })
    }

    /// Largest scattering strength of a step at a coarse node ([`LeptonControl::largest_strength`]).
    pub fn largest_strength(&self, node: usize, class: usize, free: [f64; 2]) -> f64 {
        self.control.largest_strength(&self.rates, node, class, free)
    }

    /// Multiple-scattering tables, as [`LeptonFacts::scattering`].
    ///
    /// # Errors
    /// As there.
    pub fn scattering(
        &self,
        strengths: &[f64],
        reach: &Reach,
        rows: &ElasticRows,
    ) -> Result<Vec<f32>> {
        let nodes = reach.lepton_nodes(self.lepton);
        let strengths = &strengths[..nodes.min(strengths.len())];
        let Self { lepton, material, control, rates } = self;
        let of = format!("{lepton:?} {material:?} {control:?} {strengths:?}");
        let blocks = kept("scattering", &of, || {
            let facts = LeptonFacts::new(material, *lepton, *control)?;
            Ok(vec![words(&facts.scattering(strengths, rates, rows)?)])
        })?;
        Ok(floats(&blocks, 0))
    }

    /// Thin-target and thick-target photon spectra, as [`LeptonFacts::spectra`].
    ///
    /// # Errors
    /// If an element has no data.
    pub fn spectra(&self, reach: &Reach) -> Result<(Vec<f32>, Vec<f32>)> {
        let nodes = reach.lepton_nodes(self.lepton);
        let Self { lepton, material, control, .. } = self;
        // They do not depend on the thresholds of electrons.
        let of = format!("{lepton:?} {material:?} {:?} {nodes}", control.photon_threshold_mev);
        let blocks = kept("bremsstrahlung", &of, || {
            let (thin, thick) = LeptonFacts::new(material, *lepton, *control)?.spectra(nodes);
            Ok(vec![words(&thin), words(&thick)])
        })?;
        Ok((floats(&blocks, 0), floats(&blocks, 1)))
    }
}

fn words(values: &[f32]) -> Vec<u32> {
    values.iter().map(|v| v.to_bits()).collect()
}

fn floats(blocks: &Arc<Blocks>, n: usize) -> Vec<f32> {
    blocks[n].iter().map(|w| f32::from_bits(*w)).collect()
}
