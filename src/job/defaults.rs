//! What holds of a job where nothing is said: the defaults of `voxgray dose`.

use std::path::PathBuf;

use super::{ActivityInput, DecayFrom, GridChoice, Job, Keeping, MatterInput, SourceChoice};
use crate::activity::{CalibrationInput, NegativeRule};
use crate::machine;
use crate::transport::engine::EngineChoice;
use crate::transport::settings::Settings;

/// Histories.
pub const DEFAULT_HISTORIES: u64 = 10_000_000;
/// Most histories of a run with a goal.
pub const DEFAULT_GOAL_HISTORIES: u64 = 100_000_000_000;

impl ActivityInput {
    /// An image of which nothing is said: it states its unit, or is in Bq/mL.
    pub fn of(path: impl Into<PathBuf>) -> Self {
        ActivityInput {
            path: path.into(),
            series: None,
            unit: None,
            calibration: CalibrationInput::default(),
            negative: NegativeRule::Refuse,
            frame: None,
            energy_window: None,
            geometry: None,
            max_outside: 0.01,
            decay_correction: None,
        }
    }
}

impl Job {
    /// A job of which nothing else is said: a dose rate on the activity's grid, from 10^7 histories on whatever engine there is, without VOIs.
    pub fn new(
        matter: MatterInput,
        activity: ActivityInput,
        source: SourceChoice,
        out: impl Into<PathBuf>,
    ) -> Self {
        Job {
            matter,
            activity,
            nifti_affine: Default::default(),
            source,
            beam: None,
            physical_decay: false,
            decay_from: DecayFrom::default(),
            administered: None,
            administered_bq: None,
            grid: GridChoice::Activity,
            score: Default::default(),
            voi: Vec::new(),
            couch: Default::default(),
            accept: Default::default(),
            histories: DEFAULT_HISTORIES,
            batches: None,
            goal: None,
            percentile: 98.0,
            fraction: 0.5,
            engine: EngineChoice::default(),
            threads: 0,
            shard: None,
            from_shards: Vec::new(),
            method: Default::default(),
            to_water: false,
            fine: None,
            transport: Settings::default(),
            max_memory: machine::default_limit(),
            out: out.into(),
            overwrite: false,
            keeping: Keeping::default(),
        }
    }
}
