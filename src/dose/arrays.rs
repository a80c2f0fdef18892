//! From arrays to dose in one call, for programs that hold their images in memory. Neglects nothing that `voxgray dose` does not; what that
//! checks of files (headers, units, clocks, activity in air) is the caller's.
//!
//! VOIs may overlap: the engine scores their [`Parts`], so that a lesion inside a liver and the liver with it are both exact, with their own standard
//! errors.

use std::sync::atomic::AtomicBool;

use super::DoseScale;
use crate::error::{Error, Result};
use crate::image::{Grid, Parts, Voi, VoiSet, Volume};
use crate::phantom::Phantom;
use crate::source::DecaySpectrum;
use crate::transport::build::{PlanInput, build_plan};
use crate::transport::engine::{Engine, EngineChoice};
use crate::transport::run::{Monitor, RunSettings, Silent};
use crate::transport::settings::Settings;
use crate::transport::tally::Tally;

/// How much to run, and how.
#[derive(Debug, Clone, PartialEq)]
pub struct ArrayRun {
    /// Histories: decays that are followed.
    pub histories: u64,
    /// Independent batches, from which the standard errors come.
    pub batches: u32,
    /// Threads of the CPU engine; 0 for all cores.
    pub threads: usize,
    /// CPU or GPU.
    pub engine: EngineChoice,
    /// Transport.
    pub settings: Settings,
}

impl ArrayRun {
    /// So many histories in 50 batches on whatever engine there is, with the settings of `voxgray dose`.
    pub fn of(histories: u64) -> Self {
        let settings = Settings::default();
        let (batches, threads, engine) = (50, 0, EngineChoice::default());
        ArrayRun { histories, batches, threads, engine, settings }
    }
}

/// Mean dose of a VOI.
#[derive(Debug, Clone, PartialEq)]
pub struct VoiMean {
    /// Its name.
    pub name: String,
    /// g.
    pub mass_g: f64,
    /// Gy for decays, Gy/s for an activity in Bq; NaN for a VOI without voxels.
    pub mean: f64,
    /// Standard error of the transport; NaN where too few batches have hits to tell it ([`crate::transport::tally::Told`]).
    pub standard_error: f64,
}

/// Dose on the phantom's grid: Gy for decays, Gy/s for an activity in Bq.
#[derive(Debug, Clone, PartialEq)]
pub struct ArrayDose {
    /// Per voxel.
    pub dose: Volume<f32>,
    /// Standard error of each voxel; NaN where the batches do not tell it.
    pub standard_error: Volume<f32>,
    /// Mean doses of the VOIs, in their order.
    pub vois: Vec<VoiMean>,
    /// The sums of the run.
    pub tally: Tally,
}

/// Dose of `decays` (decays, or Bq, per voxel) in a phantom on the same grid.
///
/// # Errors
/// If the grids differ, the activity is not positive anywhere or negative somewhere, a VOI names a voxel that is not there, or the run fails.
pub fn dose_of_arrays(
    phantom: &Phantom,
    decays: &Volume<f32>,
    spectrum: &DecaySpectrum,
    vois: &VoiSet,
    run: &ArrayRun,
) -> Result<ArrayDose> {
    dose_of_arrays_watched(phantom, decays, spectrum, vois, run, &Silent, &AtomicBool::new(false))
}

/// As [`dose_of_arrays`]; the monitor hears how far it is, `stop` ends it.
///
/// # Errors
/// As [`dose_of_arrays`], and if it was stopped.
pub fn dose_of_arrays_watched(
    phantom: &Phantom,
    decays: &Volume<f32>,
    spectrum: &DecaySpectrum,
    vois: &VoiSet,
    run: &ArrayRun,
    monitor: &dyn Monitor,
    stop: &AtomicBool,
) -> Result<ArrayDose> {
    same_grid("the activity's", &decays.grid, &phantom.grid)?;
    same_grid("the VOIs'", &vois.grid, &phantom.grid)?;
    let activity: Vec<f64> = decays.data.iter().map(|a| f64::from(*a)).collect();
    if let Some(v) = activity.iter().position(|a| !a.is_finite() || *a < 0.0) {
        return Err(Error::input(
            format!("{} decays in voxel {:?}", activity[v], decays.grid.unlinear(v)),
            "decays are finite and not negative",
            "Correct the array.",
        ));
    }
    let mut parts = Parts::alone(vois.vois.len());
    let labels = parts.label(vois)?;
    let plan = build_plan(&PlanInput {
        grid: &phantom.grid,
        density: &phantom.density,
        material: &phantom.material,
        materials: &phantom.materials,
        activity: &activity,
        decay: spectrum,
        settings: &run.settings,
        radial: None,
    })?;
    let how = RunSettings {
        threads: run.threads,
        ..RunSettings::with_histories(run.histories, run.batches)
    };
    let (engine, _) = Engine::choose(&run.engine)?;
    let outcome = engine.run(&plan, &how, &labels, parts.count(), monitor, stop)?;
    if outcome.interrupted {
        return Err(crate::interrupt::error());
    }
    let tally = outcome.tally;
    let scale = DoseScale {
        decays: activity.iter().sum(),
        density: &phantom.density,
        voxel_volume_mm3: phantom.grid.voxel_volume_mm3(),
    };
    let mean = |(n, voi): (usize, &Voi)| {
        let mass_g: f64 = voi.voxels.iter().map(|v| phantom.voxel_mass_g(*v as usize)).sum();
        let (mev, error) = tally.region_mev(&parts.of_voi(n));
        let gy = scale.factor_of_mass(mass_g);
        VoiMean { name: voi.name.clone(), mass_g, mean: mev * gy, standard_error: error * gy }
    };
    let volume = |data: Vec<f32>| Volume::new(phantom.grid.clone(), data);
    Ok(ArrayDose {
        dose: volume(scale.map(&tally))?,
        standard_error: volume(scale.standard_error_map(&tally))?,
        vois: vois.vois.iter().enumerate().map(mean).collect(),
        tally,
    })
}

fn same_grid(whose: &str, grid: &Grid, phantom: &Grid) -> Result<()> {
    if grid == phantom {
        return Ok(());
    }
    Err(Error::usage(
        format!("{whose} grid is {:?} voxels, the phantom's {:?}", grid.dims, phantom.dims),
        "arrays are joined voxel by voxel: number, place and axes of their voxels must be the same",
        "Resample first: resample_activity for activity, VoiSet::map_to for VOIs.",
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::physics::tissues::named_material;
    use crate::source::parse_source;

    fn voi(name: &str, voxels: impl IntoIterator<Item = usize>) -> Voi {
        Voi { label: 0, name: name.into(), voxels: voxels.into_iter().map(|v| v as u32).collect() }
    }

    fn water(grid: &Grid) -> Phantom {
        let n = grid.len();
        let material = named_material("water").unwrap().material.clone();
        Phantom::new(grid.clone(), vec![1.0; n], vec![0; n], vec![material]).unwrap()
    }

    fn run(histories: u64) -> ArrayRun {
        ArrayRun { engine: EngineChoice::Cpu, batches: 20, ..ArrayRun::of(histories) }
    }

    /// A lesion inside a liver, and a sphere half in it: each VOI has the energy of its voxels, whatever else they belong to.
    #[test]
    fn overlapping_vois_have_the_energy_of_their_voxels() {
        let grid = Grid::aligned([8; 3], [0.0; 3], [4.0; 3]);
        let decays = Volume::new(grid.clone(), vec![1e6_f32; 512]).unwrap();
        let at = |range: std::ops::Range<usize>| {
            let grid = grid.clone();
            (0..512).filter(move |v| grid.unlinear(*v).iter().all(|i| range.contains(i)))
        };
        let vois = VoiSet {
            grid: grid.clone(),
            vois: vec![
                voi("liver", at(1..7)),
                voi("lesion", at(3..5)),
                voi("half", at(4..8)),
                voi("none", []),
            ],
        };
        let spectrum = parse_source("electron:0.5MeV").unwrap();
        let found = dose_of_arrays(&water(&grid), &decays, &spectrum, &vois, &run(20_000)).unwrap();
        assert_eq!(found.dose.data.len(), 512);
        for (n, of) in vois.vois.iter().enumerate().take(3) {
            let dose = of.voxels.iter().map(|v| f64::from(found.dose.data[*v as usize]));
            let mean = dose.sum::<f64>() / of.voxels.len() as f64;
            let voi = &found.vois[n];
            assert!((voi.mean / mean - 1.0).abs() < 1e-5, "{}: {} {mean}", voi.name, voi.mean);
            assert!((voi.mass_g - of.voxels.len() as f64 * 0.064).abs() < 1e-9);
            assert!(voi.standard_error > 0.0 && voi.standard_error < 0.2 * voi.mean, "{voi:?}");
        }
        assert!(found.vois[3].mean.is_nan() && found.vois[3].standard_error.is_nan());
        // 1e6 decays of 0.5 MeV in 0.064 g, all of it within 1.8 mm: 1.2517 mGy.
        let inner = &found.vois[1];
        assert!((inner.mean - 1.2517e-3).abs() < 5.0 * inner.standard_error, "{inner:?}");
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        let grid = Grid::aligned([4; 3], [0.0; 3], [4.0; 3]);
        let (phantom, spectrum) = (water(&grid), parse_source("electron:0.5MeV").unwrap());
        let none = |grid: &Grid| VoiSet { grid: grid.clone(), vois: Vec::new() };
        let go = |decays: &Volume<f32>, vois: &VoiSet| {
            dose_of_arrays(&phantom, decays, &spectrum, vois, &run(100)).unwrap_err().to_string()
        };
        let other = Grid::aligned([4; 3], [1.0, 0.0, 0.0], [4.0; 3]);
        let ones = |grid: &Grid| Volume::new(grid.clone(), vec![1.0_f32; 64]).unwrap();
        assert!(go(&ones(&other), &none(&grid)).contains("the activity's grid"));
        assert!(go(&ones(&grid), &none(&other)).contains("the VOIs' grid"));
        let mut negative = ones(&grid);
        negative.data[7] = -1.0;
        assert!(go(&negative, &none(&grid)).contains("[3, 1, 0]"));
        for voxels in [vec![64], vec![3, 2], vec![2, 2]] {
            let vois = VoiSet { grid: grid.clone(), vois: vec![voi("x", voxels)] };
            assert!(go(&ones(&grid), &vois).contains("VOI 'x'"));
        }
    }
}
