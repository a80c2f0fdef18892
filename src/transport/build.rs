//! Building the plan: the one place where f64 facts (mm, Bq) become the engine's f32 tables (cm).

use rayon::prelude::*;

use super::layout::{
    ANGULAR_STRIDE, COARSE_NODES, FINE_BITS, FINE_NODES, FLAG_BEAM, FLAG_IMPULSE, FLAG_KERMA,
    FLAG_POINT_SOURCE, FLAG_POSITRONS, FLAG_RAYLEIGH, FLAG_STRAGGLING, HIGHEST_MEV, LEPTON_VALUES,
    MAX_MATERIALS, Offsets, PHOTON_VALUES, Params, SHELL_VALUES, SHORT_BIT, SPECTRUM_STRIDE,
    node_energy, pack_voxel,
};
use super::plan::{ALPHA_ENERGY_STEP, ALPHA_NODES, Plan};
use super::reach::Reach;
use super::settings::{PhotonEstimator, Settings};
use super::tables::beam::build_beam;
use super::tables::cells::{build_cells, ranks};
use super::tables::faces::short_voxels;
use super::tables::lepton::LeptonControl;
use super::tables::material::{self, LeptonSet};
use super::tables::neighbours::{align, interval_records, windows};
use super::tables::photon::PhotonTables;
use super::tables::source::{build_cumulative, build_groups};
use super::tables::steps::free_thicknesses;
use super::tables::store;
use super::tables::thresholds::largest_thresholds;
use crate::error::{Error, Result};
use crate::image::Grid;
use crate::physics::incoherent::IncoherentModel;
use crate::physics::scattering::ElasticRows;
use crate::physics::{AlphaStopping, CsdaRange, Lepton, Material, StoppingPower};
use crate::source::research::MIN_ENERGY_MEV;
use crate::source::{Beam, DecaySpectrum, LocalLimits};
use crate::units::MM_PER_CM;

/// Largest alpha energy, MeV.
const HIGHEST_ALPHA_MEV: f64 = 10.0;
/// Lines with a range below this fraction of the smallest voxel edge are one expected-value deposit per decay.
const LOCAL_RANGE_FRACTION: f64 = 0.01;
/// Density (g/cm3) at which that range is taken: below it (air) a line of this energy is still local to within a voxel.
const LOCAL_DENSITY: f64 = 0.2;
/// Emissions rarer than this per decay are deposited where they occur.
const RARE_YIELD: f64 = 1e-9;

/// Radial scoring for validation: a point source in one voxel of one material.
#[derive(Debug, Clone, PartialEq)]
pub struct RadialScoring {
    /// Outer radii of the shells, cm, ascending.
    pub radii_cm: Vec<f64>,
}

/// What a plan is built from.
pub struct PlanInput<'a> {
    /// The grid; its axes must be orthogonal.
    pub grid: &'a Grid,
    /// g/cm3 per voxel.
    pub density: &'a [f32],
    /// Index into `materials` per voxel.
    pub material: &'a [u8],
    /// Materials.
    pub materials: &'a [Material],
    /// Activity (any unit) per voxel.
    pub activity: &'a [f64],
    /// What a decay emits.
    pub decay: &'a DecaySpectrum,
    /// Settings.
    pub settings: &'a Settings,
    /// Shells instead of voxels.
    pub radial: Option<&'a RadialScoring>,
}

/// Builds a plan.
///
/// # Errors
/// If the input is inconsistent or outside the tables' range.
pub fn build_plan(input: &PlanInput) -> Result<Plan> {
    build(input, None)
}

/// Builds a plan of a beam from outside; `input.activity` is not read. Every decay sends what it emits into the beam, but for recoils and lines below
/// the tables ([`into_beam`]).
///
/// # Errors
/// As [`build_plan`]; if it is no beam, misses the grid, or scoring is radial.
pub fn build_beam_plan(input: &PlanInput, beam: &Beam) -> Result<Plan> {
    build(input, Some(beam))
}

/// What of a decay a beam carries, and the energy (MeV per decay) of what it does not: recoils, lines below the tables, entries rarer than 1e-9.
pub fn into_beam(decay: &DecaySpectrum) -> (DecaySpectrum, f64) {
    let mut carried = decay.clone();
    let left_out = carried.leave_out_local(&LocalLimits {
        photon_mev: MIN_ENERGY_MEV,
        electron_mev: MIN_ENERGY_MEV,
        alpha_mev: 0.0,
        yield_per_decay: RARE_YIELD,
    });
    (carried, left_out)
}

fn build(input: &PlanInput, beam: Option<&Beam>) -> Result<Plan> {
    input.settings.check()?;
    check_input(input, beam.is_some())?;
    let s = input.settings;
    let voxel_cm = input.grid.spacing_mm().map(|h| h / MM_PER_CM);
    let fine_parts = s.fine.map_or(1.0, |fine| f64::from(fine.parts));
    // What is scored, of which steps and thresholds are parts.
    let scored_cm = voxel_cm.map(|h| h / fine_parts);
    let decay = match beam {
        Some(_) => into_beam(input.decay).0,
        None => split_local(input, scored_cm)?,
    };
    let reach = Reach::of(&decay);
    let leptons = leptons_of(&reach);

    let mut tables = Vec::new();
    let mut offsets = Offsets::default();
    let mut words: Vec<u32> =
        input.density.iter().zip(input.material).map(|(&d, &m)| pack_voxel(d, m)).collect();
    let short = short_voxels(input, voxel_cm, beam.is_some())?;
    words.iter_mut().zip(&short).for_each(|(word, short)| *word |= u32::from(*short) << SHORT_BIT);
    let thresholds = largest_thresholds(input, scored_cm, &short)?;
    let (rank, compton_shells) =
        photon_tables(input, reach.photon_nodes(), &mut tables, &mut offsets)?;
    let classes = &thresholds[..if short.is_empty() { 1 } else { 2 }];
    lepton_tables(input, &reach, classes, scored_cm, &mut tables, &mut offsets)?;
    let short_sets = if short.is_empty() { 0 } else { leptons.len() * input.materials.len() };
    store::tidy();
    alpha_tables(input, &reach, &mut tables, &mut offsets)?;
    let (source_groups, source_entries) = build_groups(&decay, &mut tables)?;
    offsets.thresholds = tables.len() as u32;
    tables.extend(classes.iter().flatten().map(|&t| t as f32));
    offsets.shells = tables.len() as u32;
    let radii = input.radial.map_or(&[][..], |r| &r.radii_cm[..]);
    tables.extend(radii.iter().map(|&r| r as f32));
    if let Some(beam) = beam {
        align(&mut tables);
        offsets.beam = tables.len() as u32;
        tables.extend(build_beam(beam, input.grid)?);
    }

    let cells = build_cells(&words, input.grid.dims, voxel_cm, &rank);
    let (source_voxels, source_cumulative) = match beam {
        // One place for all: histories of a beam do not ask for a voxel.
        Some(_) => build_cumulative(&[1.0])?,
        None => build_cumulative(input.activity)?,
    };
    let mut flags = 0;
    let switches = [
        (FLAG_KERMA, s.photons == PhotonEstimator::Kerma),
        (FLAG_RAYLEIGH, s.rayleigh),
        (FLAG_POINT_SOURCE, input.radial.is_some()),
        (FLAG_POSITRONS, reach.positrons()),
        (FLAG_STRAGGLING, s.straggling),
        (FLAG_IMPULSE, s.incoherent == IncoherentModel::Impulse),
        (FLAG_BEAM, beam.is_some()),
    ];
    for (flag, on) in switches {
        flags |= if on { flag } else { 0 };
    }
    let params = Params {
        dims: input.grid.dims.map(|d| d as u32),
        materials: input.materials.len() as u32,
        voxel_cm: voxel_cm.map(|h| h as f32),
        electron_cutoff: s.electron_cutoff_mev as f32,
        inverse_voxel: voxel_cm.map(|h| (1.0 / h) as f32),
        photon_cutoff: s.photon_cutoff_mev as f32,
        cell_dims: cells.dims,
        cell_voxels: cells.voxels,
        fine_first: s.fine.map_or([0; 3], |fine| fine.first.map(|n| n as u32)),
        fine_parts: s.fine.map_or(0, |fine| fine.parts),
        fine_voxels: s.fine.map_or([0; 3], |fine| fine.voxels.map(|n| n as u32)),
        fine_base: words.len() as u32,
        threshold_fraction: s.lepton.threshold_fraction as f32,
        threshold_min: s.lepton.threshold_min_mev as f32,
        short_sets: short_sets as u32,
        photon_threshold: s.lepton.photon_threshold_mev as f32,
        flags,
        shells: radii.len() as u32,
        seed: [s.seed as u32, (s.seed >> 32) as u32],
        source_voxels: source_voxels.len() as u32,
        local_electron: decay.electrons.local_mev_per_decay as f32,
        local_photon: decay.photons.local_mev_per_decay as f32,
        local_alpha: decay.alphas.local_mev_per_decay as f32,
        settle_energy: settle_energy(input, voxel_cm)? as f32,
        spare: 0,
        source_groups: source_groups.len() as u32,
        source_entries: source_entries.len() as u32,
        time_points: 0,
        reciprocal_nx: u32::MAX / input.grid.dims[0] as u32,
        reciprocal_ny: u32::MAX / input.grid.dims[1] as u32,
        compton_shells,
        offsets,
    };
    Ok(Plan {
        params,
        voxels: words,
        cells: cells.words,
        tables,
        source_groups,
        source_entries,
        source_voxels,
        source_cumulative,
        source_weights: Vec::new(),
        origins: reach.origins(),
        grid: input.grid.clone(),
    })
}

/// Sizes, values and ranges that the engine relies on.
fn check_input(input: &PlanInput, beam: bool) -> Result<()> {
    let n = input.grid.len();
    let activities = if beam { n } else { input.activity.len() };
    let sizes = [input.density.len(), input.material.len(), activities];
    if beam && input.radial.is_some() {
        return Err(Error::usage(
            "a beam with scoring in shells",
            "shells are for one point source",
            "Leave one of them out.",
        ));
    }
    if let Some(fine) = input.settings.fine {
        fine.check(input.grid)?;
        if input.radial.is_some() {
            return Err(Error::usage(
                "parts of voxels with scoring in shells",
                "shells have no voxels",
                "Leave one of them out.",
            ));
        }
    }
    if n == 0 || sizes.iter().any(|&s| s != n) || n > u32::MAX as usize {
        return Err(Error::input(
            format!(
                "a grid of {:?} voxels with {sizes:?} densities, materials, activities",
                input.grid.dims
            ),
            "each voxel needs one of each, and there may be at most 2^32 voxels",
            "Bring all maps to one grid.",
        ));
    }
    if input.materials.is_empty() || input.materials.len() > MAX_MATERIALS {
        return Err(Error::input(
            format!("{} materials", input.materials.len()),
            format!("a plan holds 1 to {MAX_MATERIALS}"),
            "Merge similar tissues.",
        ));
    }
    if let Some(&m) = input.material.iter().find(|&&m| usize::from(m) >= input.materials.len()) {
        return Err(Error::input(
            format!("material index {m}"),
            format!("only {} materials are defined", input.materials.len()),
            "Check the material map.",
        ));
    }
    if let Some(&d) = input.density.iter().find(|&&d| !(0.0..=30.0).contains(&d)) {
        return Err(Error::input(
            format!("density {d} g/cm3"),
            "densities must lie within 0 and 30 g/cm3",
            "Check the density map and its unit.",
        ));
    }
    let decay = input.decay;
    let beta = decay.electrons.max_energy_mev().max(decay.positrons.max_energy_mev());
    let ranges = [
        ("photon", decay.photons.max_energy_mev(), HIGHEST_MEV),
        ("electron or positron", beta, HIGHEST_MEV),
        ("alpha", decay.alphas.max_energy_mev(), HIGHEST_ALPHA_MEV),
    ];
    for (name, energy, highest) in ranges {
        if energy > highest {
            return Err(Error::input(
                format!("{name} energy {energy} MeV of {}", decay.label),
                format!("the tables end at {highest} MeV"),
                "This source is outside what voxgray models.",
            ));
        }
    }
    Ok(())
}

/// Turns lines that cannot leave their voxel into expected-value deposits.
fn split_local(input: &PlanInput, voxel_cm: [f64; 3]) -> Result<DecaySpectrum> {
    let mut decay = input.decay.clone();
    let s = input.settings;
    let smallest = voxel_cm.iter().copied().fold(f64::INFINITY, f64::min);
    let range = LOCAL_RANGE_FRACTION * smallest * LOCAL_DENSITY;
    let mut electron_mev = s.electron_cutoff_mev;
    if input.radial.is_none() && s.range_rejection {
        let stopping = StoppingPower::new(&input.materials[0])?;
        let csda = CsdaRange::new(&stopping, Lepton::Electron);
        electron_mev = electron_mev.max(csda.energy(range));
    }
    decay.split_local(&LocalLimits {
        photon_mev: s.photon_cutoff_mev,
        electron_mev,
        alpha_mev: 0.0,
        yield_per_decay: RARE_YIELD,
    });
    Ok(decay)
}

/// Energy (MeV) above which the CSDA range of every material is longer than the largest distance to a face that any
/// voxel offers; below zero without range rejection, unbounded when scoring in shells.
fn settle_energy(input: &PlanInput, voxel_cm: [f64; 3]) -> Result<f64> {
    if !input.settings.range_rejection {
        return Ok(-1.0);
    }
    if input.radial.is_some() {
        return Ok(f64::INFINITY);
    }
    let densest = f64::from(input.density.iter().copied().fold(0.0_f32, f32::max));
    let farthest = 0.5 * voxel_cm.iter().copied().fold(f64::INFINITY, f64::min) * densest;
    input.materials.iter().try_fold(0.0_f64, |most, material| {
        let stopping = StoppingPower::new(material)?;
        // Positrons' ranges differ by a few per cent.
        let of = |lepton| CsdaRange::new(&stopping, lepton).energy(farthest);
        Ok(most.max(of(Lepton::Electron)).max(of(Lepton::Positron)))
    })
}

/// Photon tables of all materials; returns the materials' hardness ranks and where the shells of the impulse approximation begin.
fn photon_tables(
    input: &PlanInput,
    nodes: usize,
    tables: &mut Vec<f32>,
    offsets: &mut Offsets,
) -> Result<(Vec<u8>, u32)> {
    let switches = input.settings.photon_switches();
    let built: Vec<PhotonTables> = input
        .materials
        .par_iter()
        .map(|m| material::photon_tables(m, switches, nodes))
        .collect::<Result<_>>()?;
    offsets.photon = tables.len() as u32;
    built.iter().for_each(|t| tables.extend(interval_records(&t.records, PHOTON_VALUES)));
    let mu = |t: &PhotonTables, node: usize| t.records[node * PHOTON_VALUES];
    // Hardness: mu/rho at 32 keV, the node five octaves above the lowest.
    let node = 5 << FINE_BITS;
    debug_assert!((node_energy(FINE_BITS, node) - 0.03125).abs() < 1e-9);
    let hardness: Vec<f64> = built.iter().map(|t| f64::from(mu(t, node))).collect();
    let rank = ranks(&hardness);
    offsets.photon_majorant = tables.len() as u32;
    for class in 0..built.len() {
        let up_to = |m: &usize| usize::from(rank[*m]) <= class;
        let most = |node: usize| {
            let of_class = (0..built.len()).filter(up_to).map(|m| mu(&built[m], node));
            of_class.fold(0.0, f32::max) * (1.0 + 1e-6)
        };
        let majorant: Vec<f32> = (0..FINE_NODES).map(most).collect();
        tables.extend(windows(&majorant));
    }
    offsets.compton = tables.len() as u32;
    built.iter().for_each(|t| tables.extend(&t.compton));
    offsets.rayleigh = tables.len() as u32;
    built.iter().for_each(|t| tables.extend(&t.rayleigh));
    offsets.fluorescence = tables.len() as u32;
    built.iter().for_each(|t| tables.extend(&t.fluorescence));
    debug_assert_eq!(built[0].compton.len(), COARSE_NODES * ANGULAR_STRIDE);
    Ok((rank, shell_tables(&built, tables)))
}

/// The shells of the impulse approximation of all materials; where they begin, or 0 where there are none.
fn shell_tables(built: &[PhotonTables], tables: &mut Vec<f32>) -> u32 {
    if built.iter().all(|t| t.shells.is_empty()) {
        return 0;
    }
    let at = tables.len();
    let mut first = built.len() * SHELL_VALUES;
    for table in built {
        let number = table.shells.len() / SHELL_VALUES;
        tables.extend([first as f32, number as f32, 0.0, 0.0]);
        first += table.shells.len();
    }
    built.iter().for_each(|t| tables.extend(&t.shells));
    at as u32
}

/// The leptons that there may be.
fn leptons_of(reach: &Reach) -> &'static [Lepton] {
    if reach.positrons() { &Lepton::ALL } else { &Lepton::ALL[..1] }
}

/// Electron and positron tables of all materials, with the largest production thresholds of each class of voxels: the usual ones, and those
/// where steps are short.
fn lepton_tables(
    input: &PlanInput,
    reach: &Reach,
    thresholds: &[Vec<f64>],
    voxel_cm: [f64; 3],
    tables: &mut Vec<f32>,
    offsets: &mut Offsets,
) -> Result<()> {
    let control = input.settings.lepton;
    let leptons = leptons_of(reach);
    let mut sets: Vec<(Lepton, &Material, LeptonControl)> = Vec::new();
    for of_class in thresholds {
        for &lepton in leptons {
            for (material, &threshold_max_mev) in input.materials.iter().zip(of_class) {
                sets.push((lepton, material, LeptonControl { threshold_max_mev, ..control }));
            }
        }
    }
    let sets: Vec<LeptonSet> =
        sets.par_iter().map(|&(l, m, c)| LeptonSet::new(l, m, c)).collect::<Result<_>>()?;
    let records: Vec<Vec<f32>> = sets.iter().map(|set| set.rates.records()).collect();
    offsets.lepton = tables.len() as u32;
    records.iter().for_each(|r| tables.extend(interval_records(r, LEPTON_VALUES)));
    offsets.hard_majorant = tables.len() as u32;
    for set in &records {
        tables.extend(windows(&hard_majorant(set, control.max_loss_fraction)));
    }
    offsets.scattering = tables.len() as u32;
    let free = free_thicknesses(input, voxel_cm);
    let of_class = leptons.len() * input.materials.len();
    let rows = ElasticRows::default();
    for (class, sets) in sets.chunks(of_class).enumerate() {
        let nodes = leptons.iter().map(|l| reach.lepton_nodes(*l)).max().unwrap_or(COARSE_NODES);
        let largest = |node: usize| {
            let of_sets = sets.iter().map(|set| set.largest_strength(node, class, free));
            of_sets.fold(f64::INFINITY, f64::min)
        };
        let strengths: Vec<f64> = (0..nodes).map(largest).collect();
        let scattering: Vec<Vec<f32>> = sets
            .par_iter()
            .map(|set| set.scattering(&strengths, reach, &rows))
            .collect::<Result<_>>()?;
        scattering.iter().for_each(|t| tables.extend(t));
    }
    // Photons do not depend on the class.
    let spectra: Vec<(Vec<f32>, Vec<f32>)> =
        sets[..of_class].par_iter().map(|set| set.spectra(reach)).collect::<Result<_>>()?;
    offsets.bremsstrahlung = tables.len() as u32;
    spectra.iter().for_each(|t| tables.extend(&t.0));
    offsets.thick_target = tables.len() as u32;
    spectra.iter().for_each(|t| tables.extend(&t.1));
    debug_assert_eq!(spectra[0].0.len(), COARSE_NODES * SPECTRUM_STRIDE);
    let o = &*offsets;
    let blocks = [o.photon, o.photon_majorant, o.compton, o.rayleigh, o.fluorescence, o.lepton];
    let more = [o.hard_majorant, o.scattering, o.bremsstrahlung, o.thick_target];
    debug_assert!(blocks.iter().chain(&more).all(|at| at % 4 == 0), "{o:?}: blocks of four");
    Ok(())
}

/// Largest hard cross section of a material over the energies of a step that starts at each node.
fn hard_majorant(records: &[f32], loss_fraction: f64) -> Vec<f32> {
    let most = |node: usize| records[node * LEPTON_VALUES + 2];
    // Steps lose the mean fraction or, by straggling, up to about twice it; the tally counts what exceeds.
    let lowest_of = |e: f64| e * (1.0 - 2.0 * loss_fraction).max(0.5);
    (0..FINE_NODES)
        .map(|node| {
            let low = lowest_of(node_energy(FINE_BITS, node));
            let high = (node + 1).min(FINE_NODES - 1);
            let down = (0..=high)
                .rev()
                .take_while(|&n| n + 1 >= node || node_energy(FINE_BITS, n + 1) > low);
            down.map(most).fold(0.0, f32::max) * (1.0 + 1e-6)
        })
        .collect()
}

/// Alpha ranges of all materials, where the source has alphas.
fn alpha_tables(
    input: &PlanInput,
    reach: &Reach,
    tables: &mut Vec<f32>,
    offsets: &mut Offsets,
) -> Result<()> {
    offsets.alpha = tables.len() as u32;
    if !reach.alphas() {
        return Ok(());
    }
    for material in input.materials {
        let stopping = AlphaStopping::new(material)?;
        tables.push(0.0);
        for node in 1..ALPHA_NODES {
            let e = f64::from(ALPHA_ENERGY_STEP) * node as f64;
            tables.push(stopping.range(e) as f32);
        }
    }
    Ok(())
}
