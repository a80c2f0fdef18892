//! Plans of the tests that compare the engines: a grid of air, lung, water and bone, and shells round a point source.
#![allow(dead_code, reason = "each test file uses some of these")]

use voxgray::image::Grid;
use voxgray::physics::Material;
use voxgray::physics::chain::chain;
use voxgray::physics::incoherent::IncoherentModel;
use voxgray::physics::tissues::named_material;
use voxgray::source::{DecaySpectrum, parse_source};
use voxgray::transport::build::{PlanInput, RadialScoring, build_beam_plan, build_plan};
use voxgray::transport::layout::{FLAG_KERMA, FLAG_POINT_SOURCE};
use voxgray::transport::plan::Plan;
use voxgray::transport::settings::{PhotonEstimator, Settings};
use voxgray::transport::sub_voxels::SubVoxels;
use voxgray::transport::times::build_timed_plan;

/// Voxels along x, y, z.
pub const DIMS: [usize; 3] = [20, 16, 12];

fn materials() -> Vec<Material> {
    ["air", "lung", "water", "cortical_bone"]
        .map(|name| named_material(name).expect("built in").material.clone())
        .to_vec()
}

/// Density (g/cm3) and material of a voxel.
fn matter([i, j, k]: [usize; 3]) -> (f32, u8) {
    match (i, j, k) {
        (0..4, ..) => (0.001_204_79, 0),
        (4..9, ..) => (0.26, 1),
        (_, 6..9, 4..8) => (1.92, 3),
        _ => (1.0, 2),
    }
}

/// What decays: a nuclide with its daughters, or a research source such as `photon:3MeV`.
pub fn decay(source: &str) -> DecaySpectrum {
    if source.contains(':') {
        parse_source(source).expect("a research source")
    } else {
        DecaySpectrum::from_chain(&chain(source, None, 1.0).expect("carried")).expect("modelled")
    }
}

/// The grid, with activity in most of it.
pub fn grid_plan(source: &str) -> Plan {
    plan_of(&decay(source))
}

/// The grid with a given source.
pub fn plan_of(decay: &DecaySpectrum) -> Plan {
    with_grid(decay, |input| build_plan(&input).expect("a valid plan"))
}

/// The grid with the impulse approximation of Compton scattering.
pub fn impulse_plan(source: &str) -> Plan {
    let settings = Settings { incoherent: IncoherentModel::Impulse, ..Settings::default() };
    with_grid(&decay(source), |input| {
        build_plan(&PlanInput { settings: &settings, ..input }).expect("a valid plan")
    })
}

/// The grid with its middle scored in three parts along each edge of a voxel: lung, water and bone, with faces between them.
pub fn fine_plan(source: &str, photons: PhotonEstimator) -> Plan {
    let settings = Settings { fine: Some(FINE), photons, ..Settings::default() };
    with_grid(&decay(source), |input| {
        build_plan(&PlanInput { settings: &settings, ..input }).expect("a valid plan")
    })
}

/// What [`fine_plan`] scores finer.
pub const FINE: SubVoxels = SubVoxels { first: [7, 4, 3], voxels: [6, 5, 4], parts: 3 };

/// A block of gold, 9 x 9 x 9 voxels of 2 mm (or shells), with activity in its centre: bremsstrahlung, and pairs by it, are frequent.
pub fn gold_plan(decay: &DecaySpectrum, radial: bool, settings: &Settings) -> Plan {
    let gold = Material::new("gold", 19.32, &[(79, 1.0)], 790.0).expect("gold");
    let grid = if radial {
        Grid::aligned([1; 3], [0.0; 3], [18.0; 3])
    } else {
        Grid::aligned([9; 3], [0.0; 3], [2.0; 3])
    };
    let shells = RadialScoring { radii_cm: vec![0.05, 0.1, 0.2, 0.4, 0.8] };
    let mut activity = vec![0.0; grid.len()];
    activity[grid.len() / 2] = 1.0;
    build_plan(&PlanInput {
        grid: &grid,
        density: &vec![19.32; grid.len()],
        material: &vec![0; grid.len()],
        materials: &[gold],
        activity: &activity,
        decay,
        settings,
        radial: radial.then_some(&shells),
    })
    .expect("a valid plan")
}

/// The grid with activity that moves between three time points; a part of it is empty at one of them.
pub fn timed_plan(source: &str) -> Plan {
    let cells: usize = DIMS.iter().product();
    let map = |t: usize| -> Vec<f64> {
        (0..cells).map(|v| if v % 3 == t { 0.0 } else { 1.0 + ((v + 5 * t) % 7) as f64 }).collect()
    };
    let maps = [map(0), map(1), map(2)];
    let maps: Vec<&[f64]> = maps.iter().map(Vec::as_slice).collect();
    with_grid(&decay(source), |input| build_timed_plan(&input, &maps).expect("a valid plan"))
}

/// Hands the grid over.
fn with_grid(decay: &DecaySpectrum, build: impl FnOnce(PlanInput) -> Plan) -> Plan {
    let grid = Grid::aligned(DIMS, [-10.0, 5.0, 20.0], [4.0, 3.5, 5.0]);
    let cells: Vec<(f32, u8)> = (0..grid.len()).map(|v| matter(grid.unlinear(v))).collect();
    let density: Vec<f32> = cells.iter().map(|c| c.0).collect();
    let material: Vec<u8> = cells.iter().map(|c| c.1).collect();
    let activity: Vec<f64> =
        (0..grid.len()).map(|v| if v % 5 == 0 { 0.0 } else { 1.0 + (v % 7) as f64 }).collect();
    build(PlanInput {
        grid: &grid,
        density: &density,
        material: &material,
        materials: &materials(),
        activity: &activity,
        decay,
        settings: &Settings::default(),
        radial: None,
    })
}

/// The grid in a beam that is wider than it and slanted.
pub fn beam_plan(source: &str, beam: &str) -> Plan {
    let beam = beam.parse().expect("a beam");
    with_grid(&decay(source), |input| build_beam_plan(&input, &beam).expect("a valid plan"))
}

/// A point source in water with shells out to 3 cm.
pub fn shell_plan(source: &str) -> Plan {
    let shells = RadialScoring { radii_cm: (1..=60).map(|n| 0.05 * f64::from(n)).collect() };
    build_plan(&PlanInput {
        grid: &Grid::aligned([1; 3], [0.0; 3], [400.0; 3]),
        density: &[1.0],
        material: &[0],
        materials: &[named_material("water").expect("built in").material.clone()],
        activity: &[1.0],
        decay: &decay(source),
        settings: &Settings::default(),
        radial: Some(&shells),
    })
    .expect("a valid plan")
}

/// The plan with a flag set.
pub fn flagged(mut plan: Plan, flag: u32) -> Plan {
    plan.params.flags |= flag;
    plan
}

/// The plan with the kerma estimator.
pub fn kerma(plan: Plan) -> Plan {
    flagged(plan, FLAG_KERMA)
}

/// The plan with its activity at the centres of the voxels.
pub fn centred(plan: Plan) -> Plan {
    flagged(plan, FLAG_POINT_SOURCE)
}
