//! The point kernel: energy per decay in shells round a point source in a uniform, infinite medium, by our own transport, in independent
//! replicates. Neglects nothing that transport does not; what leaves the outermost shell is told.

use std::sync::atomic::AtomicBool;

use serde::{Deserialize, Serialize};

use super::medium::{Medium, MediumFacts};
use super::replicates;
use super::shells::radii;
use crate::error::{Error, Result};
use crate::image::Grid;
use crate::source::DecaySpectrum;
use crate::transport::build::{PlanInput, RadialScoring, build_plan};
use crate::transport::ledger::Ledger;
use crate::transport::run::Monitor;
use crate::transport::settings::Settings;
use crate::transport::tally::{ORIGINS, Origin};

/// Independent runs that a kernel is the mean of: their spread is its standard error.
pub const REPLICATES: usize = 10;
/// Histories of a kernel where nothing else is asked for.
pub const DEFAULT_HISTORIES: u64 = 2_000_000;
/// Medium (g/cm2) beyond the outermost shell, from where photons may come back.
const BEYOND_G_CM2: f64 = 30.0;

/// Energy per decay in shells.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PointKernel {
    /// What decays.
    pub source: String,
    /// Where.
    pub medium: MediumFacts,
    /// Outer radii, cm, ascending.
    pub radii_cm: Vec<f64>,
    /// MeV per decay, `[replicate][origin][shell]`; empty for origins that the source has not.
    pub energy_mev: Vec<[Vec<f64>; ORIGINS]>,
    /// MeV per decay that leave the outermost shell.
    pub beyond_mev: f64,
    /// MeV per decay that the source emits.
    pub emitted_mev: f64,
    /// Decays simulated in all replicates.
    pub histories: u64,
}

impl PointKernel {
    /// Runs `histories` decays at a point in the medium, scored out to `outer_cm`.
    ///
    /// # Errors
    /// If the source is beyond the models, a setting is refused, or the run was interrupted.
    pub fn run(
        decay: &DecaySpectrum,
        medium: &Medium,
        outer_cm: f64,
        histories: u64,
        settings: &Settings,
        threads: usize,
        run: (&dyn Monitor, &AtomicBool),
    ) -> Result<Self> {
        let radii_cm = radii(decay, medium, outer_cm)?;
        let side_mm = 20.0 * (outer_cm + BEYOND_G_CM2 / medium.density_g_cm3);
        let shells = RadialScoring { radii_cm: radii_cm.clone() };
        let plan = build_plan(&PlanInput {
            grid: &Grid::aligned([1; 3], [0.0; 3], [side_mm; 3]),
            density: &[medium.density_g_cm3 as f32],
            material: &[0],
            materials: std::slice::from_ref(&medium.material),
            activity: &[1.0],
            decay,
            settings,
            radial: Some(&shells),
        })?;
        let (mut energy_mev, mut beyond) = (Vec::new(), 0.0);
        let books = replicates::run(&plan, histories, threads, run, &mut |tally| {
            let n = tally.histories().max(1) as f64;
            let shells = radii_cm.len();
            energy_mev.push(Origin::ALL.map(|origin| {
                let inside = tally.of_origin(origin).unwrap_or_default().iter().take(shells);
                inside.map(|units| Ledger::mev(*units) / n).collect::<Vec<f64>>()
            }));
            let outside = Origin::ALL.iter().filter_map(|o| tally.of_origin(*o)?.get(shells));
            let outside = outside.map(|u| Ledger::mev(*u));
            beyond += (outside.sum::<f64>() + Ledger::mev(tally.ledger.escaped_units)) / n;
        })?;
        let histories = books.histories;
        Ok(PointKernel {
            source: decay.label.clone(),
            medium: medium.facts(),
            radii_cm,
            energy_mev,
            beyond_mev: beyond / REPLICATES as f64,
            emitted_mev: Ledger::mev(books.emitted_units) / histories.max(1) as f64,
            histories,
        })
    }

    /// Number of shells.
    pub fn shells(&self) -> usize {
        self.radii_cm.len()
    }

    /// Energies (MeV per decay) of a shell in each replicate, all origins.
    pub fn replicates(&self, shell: usize) -> Vec<f64> {
        let of = |r: &[Vec<f64>; ORIGINS]| r.iter().filter_map(|o| o.get(shell)).sum();
        self.energy_mev.iter().map(of).collect()
    }

    /// Mean energy (MeV per decay) of a shell of one origin.
    pub fn mean_of(&self, origin: usize, shell: usize) -> f64 {
        let of = |r: &[Vec<f64>; ORIGINS]| r[origin].get(shell).copied().unwrap_or(0.0);
        self.energy_mev.iter().map(of).sum::<f64>() / self.energy_mev.len().max(1) as f64
    }

    /// Refuses a kernel that cannot be one: of another layout, or with values that are no energies.
    ///
    /// # Errors
    /// With what is wrong.
    pub fn check(&self) -> Result<()> {
        let shells = self.shells();
        let ascending = self.radii_cm.windows(2).all(|w| w[1] > w[0]);
        let sizes = self.energy_mev.iter().flatten().all(|o| o.is_empty() || o.len() == shells);
        let values = self.energy_mev.iter().flatten().flatten().all(|e| e.is_finite() && *e >= 0.0);
        let first = self.radii_cm.first().is_some_and(|r| *r > 0.0 && r.is_finite());
        if first && ascending && sizes && values && self.energy_mev.len() == REPLICATES {
            return Ok(());
        }
        Err(Error::input(
            "a point kernel that is none",
            "its radii must ascend, and each of its replicates have a finite energy in every shell",
            "Make it anew by voxgray kernel.",
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::parse_source;
    use crate::transport::run::Silent;

    /// Everything that is emitted is in a shell or beyond, and the replicates differ.
    #[test]
    fn nothing_is_lost() {
        let water = Medium::named("water", None).expect("built in");
        let decay = parse_source("photon:0.1MeV").expect("a source");
        let stop = AtomicBool::new(false);
        let settings = Settings::default();
        let kernel = PointKernel::run(&decay, &water, 20.0, 20_000, &settings, 0, (&Silent, &stop));
        let kernel = kernel.expect("a kernel");
        kernel.check().expect("a kernel");
        let inside: f64 = (0..kernel.shells())
            .map(|s| kernel.replicates(s).iter().sum::<f64>() / REPLICATES as f64)
            .sum();
        let all = inside + kernel.beyond_mev;
        assert!((all / kernel.emitted_mev - 1.0).abs() < 1e-6, "{all} {}", kernel.emitted_mev);
        assert!((kernel.emitted_mev / 0.1 - 1.0).abs() < 1e-6);
        assert_ne!(kernel.energy_mev[0], kernel.energy_mev[1]);
    }
}
