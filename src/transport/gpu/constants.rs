//! Values of the shaders' `override` constants: each stands once, in Rust.

use super::buffers::Sizes;
use super::layout::{ESCAPE_AT, LEDGER_WORDS};
use super::tuning::{MOST_PUSHES, Tuning, most_primaries};
use crate::constants::ELECTRON_MASS_MEV;
use crate::physics::impulse::LINEAR_MOMENTUM;
use crate::transport::escapes::{KINDS, MISSED};
use crate::transport::layout::*;
use crate::transport::plan::{ALPHA_ENERGY_STEP, ALPHA_NODES, Plan, SOURCE_SPECTRUM_INTERVALS};
use crate::transport::score::Channels;
use crate::transport::tally::{ORIGINS, Origin};
use crate::transport::trace::EVENTS;

/// Name and value of each constant.
pub type Constants = Vec<(&'static str, f64)>;

/// The constants of the physics and of the plan's layout.
pub fn physics() -> Constants {
    let mut all: Constants = vec![
        ("REST", f64::from(ELECTRON_MASS_MEV as f32)),
        ("TALLY_UNITS_PER_MEV", f64::from(TALLY_UNITS_PER_MEV)),
        ("FINE_BITS", f64::from(FINE_BITS)),
        ("COARSE_BITS", f64::from(COARSE_BITS)),
        ("LOWEST_EXPONENT", f64::from(LOWEST_EXPONENT)),
        ("OCTAVES", f64::from(OCTAVES)),
        ("FINE_INTERVALS", FINE_INTERVALS as f64),
        ("MAJORANT_STRIDE", windowed(FINE_INTERVALS) as f64),
        ("WINDOW_INTERVALS", WINDOW_INTERVALS as f64),
        ("COARSE_NODES", COARSE_NODES as f64),
        ("ANGULAR_INTERVALS", ANGULAR_INTERVALS as f64),
        ("ANGULAR_HEADER", ANGULAR_HEADER as f64),
        ("ANGULAR_STRIDE", ANGULAR_STRIDE as f64),
        ("SPECTRUM_INTERVALS", SPECTRUM_INTERVALS as f64),
        ("SPECTRUM_STRIDE", SPECTRUM_STRIDE as f64),
        ("SOURCE_SPECTRUM_INTERVALS", SOURCE_SPECTRUM_INTERVALS as f64),
        ("LEPTON_RECORD", LEPTON_RECORD as f64),
        ("PHOTON_RECORD", PHOTON_RECORD as f64),
        ("MATERIAL_BITS", f64::from(MATERIAL_BITS)),
        ("SHORT_BIT", f64::from(SHORT_BIT)),
        ("ALPHA_NODES", ALPHA_NODES as f64),
        ("ALPHA_ENERGY_STEP", f64::from(ALPHA_ENERGY_STEP)),
        ("PHOTON", f64::from(PHOTON)),
        ("ELECTRON", f64::from(ELECTRON)),
        ("POSITRON", f64::from(POSITRON)),
        ("ALPHA", f64::from(ALPHA)),
        ("ORIGIN_ELECTRON", f64::from(Origin::Electron as u32)),
        ("ORIGIN_PHOTON", f64::from(Origin::Photon as u32)),
        ("ORIGIN_ALPHA", f64::from(Origin::Alpha as u32)),
        ("MAX_SEGMENTS", f64::from(MAX_SEGMENTS)),
        ("MAX_COLLISIONS", f64::from(MAX_COLLISIONS)),
        ("MAX_ALPHA_VOXELS", f64::from(MAX_ALPHA_VOXELS)),
        ("LEAST_RATE", f64::from(LEAST_RATE)),
        ("LEDGER_WORDS", LEDGER_WORDS as f64),
        ("ESCAPE_AT", ESCAPE_AT as f64),
        ("ESCAPE_KINDS", KINDS.len() as f64),
        ("MISSED", MISSED as f64),
        ("LINEAR_MOMENTUM", f64::from(LINEAR_MOMENTUM as f32)),
    ];
    all.extend(EVENTS.iter().enumerate().map(|(n, e)| (e.shader_name, n as f64)));
    all
}

/// The constants of one run.
pub fn launch(plan: &Plan, tuning: &Tuning, sizes: &Sizes) -> Constants {
    let channels = plan.score().channels;
    // At time points all origins go to the same words.
    let (words, times) = match channels {
        Channels::Origins(origins) => (origins.words(), 0),
        Channels::Times(times) => ([0; ORIGINS], times),
    };
    let channel = |origin: Origin| words[origin as usize] as f64;
    let yes = |is: bool| f64::from(u8::from(is));
    let flag = |flag: u32| yes(plan.params.flags & flag != 0);
    vec![
        ("RADIAL", yes(plan.params.shells > 0)),
        ("FINE", yes(plan.params.fine_parts > 0)),
        ("KERMA", flag(FLAG_KERMA)),
        ("POINT_SOURCE", flag(FLAG_POINT_SOURCE)),
        ("STRAGGLING", flag(FLAG_STRAGGLING)),
        ("IMPULSE", flag(FLAG_IMPULSE)),
        ("BEAM", flag(FLAG_BEAM)),
        ("POSITRONS", flag(FLAG_POSITRONS)),
        ("ALPHAS", yes(plan.source_groups.iter().any(|g| g.kind == ALPHA))),
        ("ONE_CELL", yes(plan.params.cell_dims == [1; 3])),
        ("TALLY_CHANNELS", channels.words() as f64),
        ("CHANNEL_ELECTRON", channel(Origin::Electron)),
        ("CHANNEL_PHOTON", channel(Origin::Photon)),
        ("CHANNEL_ALPHA", channel(Origin::Alpha)),
        ("TIME_POINTS", times as f64),
        ("LEDGER_ROWS", sizes.ledger_rows as f64),
        ("QUEUE_CAPACITY", sizes.capacity as f64),
        ("PUSH_QUOTA", f64::from(tuning.push_quota)),
        ("MOST_PUSHES", f64::from(MOST_PUSHES)),
        ("MOST_PRIMARIES", f64::from(tuning.most_primaries.unwrap_or(most_primaries(plan)))),
        ("WORKGROUP", f64::from(tuning.workgroup)),
        ("STEP_BUDGET", f64::from(tuning.step_budget)),
        ("SOURCE_RUN", f64::from(tuning.source_run)),
        ("STEPS", f64::from(tuning.steps)),
        ("FLIGHTS", f64::from(tuning.flights)),
        ("PHOTON_LANES", f64::from(tuning.lanes)),
        ("LEPTON_LANES", f64::from(tuning.lanes)),
        ("TALLY_PART_WORDS", (sizes.part_cells * sizes.channels * 2) as f64),
    ]
}
