//! A beam on slabs without end sideways: energy against depth. Neglects that a slab ends behind.

use std::sync::atomic::AtomicBool;

use voxgray::image::Grid;
use voxgray::physics::Material;
use voxgray::physics::tissues::element;
use voxgray::source::{Beam, DecaySpectrum};
use voxgray::stats::mean_and_error;
use voxgray::transport::build::{PlanInput, build_beam_plan};
use voxgray::transport::run::{RunSettings, Silent};
use voxgray::transport::settings::Settings;
use voxgray::transport::tally::Tally;
use voxgray::{Error, Result};

use super::super::run::{BATCHES, RunOptions};

/// Width of the slabs, mm: sideways nothing leaves.
const WIDTH_MM: f64 = 4000.0;

/// Elements of the targets: Z, density (g/cm3) for the density effect, as ESTAR has it (ICRU Report 37, 1984). Graphite, not the mean of carbon.
const ELEMENTS: [(&str, u8, f64); 10] = [
    ("be", 4, 1.848),
    ("c", 6, 1.7),
    ("al", 13, 2.6989),
    ("si", 14, 2.33),
    ("fe", 26, 7.874),
    ("cu", 29, 8.96),
    ("mo", 42, 10.22),
    ("ta", 73, 16.654),
    ("au", 79, 19.32),
    ("u", 92, 18.95),
];

/// An element as a target.
///
/// # Errors
/// If there is none of that symbol among the targets.
pub fn target(symbol: &str) -> Result<Material> {
    let lower = symbol.to_ascii_lowercase();
    let (name, z, density) = ELEMENTS.into_iter().find(|e| e.0 == lower).ok_or_else(|| {
        Error::run(format!("no target '{symbol}'"), "it is not in the list", "Add it.")
    })?;
    Material::new(name, density, &[(z, 1.0)], element(z)?.mean_excitation_ev)
}

/// A slab.
#[derive(Debug, Clone)]
pub struct Slab {
    /// What of.
    pub material: Material,
    /// Mass per area, g/cm2.
    pub g_cm2: f64,
}

/// A beam on slabs, and how finely they are cut.
pub struct Target<'a> {
    /// From the side of the beam on.
    pub slabs: &'a [Slab],
    /// About what a layer holds, g/cm2.
    pub layer_g_cm2: f64,
    /// What comes.
    pub decay: &'a DecaySpectrum,
    /// From where: the first slab begins at z = 0 and x = y = 0 is its middle.
    pub beam: Beam,
}

/// Energy by depth.
pub struct Depths {
    /// Where layers begin and end, g/cm2.
    pub edges: Vec<f64>,
    /// All of the run.
    pub tally: Tally,
}

/// Runs a beam on slabs.
///
/// # Errors
/// If the run fails.
pub fn run(
    target: &Target,
    settings: &Settings,
    histories: f64,
    options: &RunOptions,
) -> Result<Depths> {
    let first = &target.slabs[0].material;
    let mm = target.layer_g_cm2 / first.density_g_cm3 * 10.0;
    let (mut edges, mut density, mut material, mut materials) =
        (vec![0.0], Vec::new(), Vec::new(), Vec::<Material>::new());
    for slab in target.slabs {
        let known = materials.iter().position(|m| *m == slab.material);
        let index = known.unwrap_or(materials.len());
        if known.is_none() {
            materials.push(slab.material.clone());
        }
        let layers = (slab.g_cm2 / target.layer_g_cm2).round().max(1.0);
        // Layers of one thickness: their density makes the mass. Depth counts in g/cm2, and the density effect is the material's own.
        let each = slab.g_cm2 / layers;
        for _ in 0..layers as usize {
            density.push((each / (mm / 10.0)) as f32);
            material.push(index as u8);
            edges.push(edges[edges.len() - 1] + each);
        }
    }
    let n = density.len();
    let plan = build_beam_plan(
        &PlanInput {
            grid: &Grid::aligned([1, 1, n], [0.0, 0.0, 0.5 * mm], [WIDTH_MM, WIDTH_MM, mm]),
            density: &density,
            material: &material,
            materials: &materials,
            activity: &[],
            decay: target.decay,
            settings,
            radial: None,
        },
        &target.beam,
    )?;
    let histories = (histories * options.factor()).max(f64::from(BATCHES)) as u64;
    let mut how = RunSettings::with_histories(histories, BATCHES);
    how.threads = options.threads;
    let labels: Vec<u16> = (1..=n as u16).collect();
    let stop = AtomicBool::new(false);
    let outcome = options.engine.run(&plan, &how, &labels, n, &Silent, &stop)?;
    Ok(Depths { edges, tally: outcome.tally })
}

impl Depths {
    /// Energy per mass between two depths (g/cm2), MeV cm2/g per history, with its standard error; layers that are cut count by their part.
    pub fn dose(&self, from: f64, to: f64) -> (f64, f64) {
        let part = |n: usize| {
            let (low, high) = (self.edges[n], self.edges[n + 1]);
            (to.min(high) - from.max(low)).max(0.0) / (high - low)
        };
        let mut values = vec![0.0; self.tally.batches()];
        for n in (0..self.edges.len() - 1).filter(|n| part(*n) > 0.0) {
            let of_layer = self.tally.region_batches(&[n + 1]);
            values.iter_mut().zip(of_layer).for_each(|(sum, e)| *sum += part(n) * e);
        }
        mean_and_error(&values, self.tally.histories_per_batch as f64 * (to - from))
    }
}

/// A pencil of particles on the slabs at an angle to their normal. Sideways they have no end, so that it stands for a broad beam.
pub fn pencil(degrees: f64) -> Beam {
    let (sin, cos) = degrees.to_radians().sin_cos();
    Beam { at_mm: Some([0.0; 3]), ..Beam::pencil([sin, 0.0, cos]) }
}
