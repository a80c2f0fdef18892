//! What a run is asked to do: every choice of `voxgray dose`, with its defaults.

mod batches;
mod check;
mod defaults;
mod keeping;
pub mod method;
pub mod named_method;
mod score;

use std::collections::BTreeSet;
use std::num::NonZeroUsize;
use std::path::PathBuf;

pub use batches::{DEFAULT_BATCHES, batches_of, default_batches};
pub use check::Check;
pub use defaults::{DEFAULT_GOAL_HISTORIES, DEFAULT_HISTORIES};
use keeping::CHECKPOINTS_S;
pub use keeping::{CHECKPOINT_S, Keeping, RecordPaths};
pub use method::{DoseMethod, FastMethod};
pub use score::Score;

use crate::activity::{CalibrationInput, DecayCorrection, InputUnit, NegativeRule};
use crate::error::{Error, Result};
use crate::io::NiftiAffine;
use crate::io::dicom::GeometryOverride;
use crate::source::Beam;
use crate::time::TimeOrSpan;
use crate::transport::engine::EngineChoice;
use crate::transport::settings::Settings;

/// Where matter comes from.
#[derive(Debug, Clone, PartialEq)]
pub enum MatterInput {
    /// A CT in HU: DICOM folder or file, NIfTI, MetaImage.
    Ct {
        /// Its path.
        path: PathBuf,
        /// SeriesInstanceUID, where a folder holds several.
        series: Option<String>,
        /// HU to matter.
        curve: CurveChoice,
        /// Largest accepted fractions of voxels below and above the curve's range.
        outside_limits: [f64; 2],
    },
    /// A density map (g/cm3) and a label map of materials.
    Maps {
        /// Density, g/cm3.
        density: PathBuf,
        /// Labels.
        materials: PathBuf,
        /// Built-in names in the order of the labels, or a TOML file.
        names: MaterialNames,
    },
}

/// HU curve.
#[derive(Debug, Clone, PartialEq)]
pub enum CurveChoice {
    /// Schneider 2000.
    Schneider,
    /// Schneider 2000 with amalgam and titanium.
    SchneiderMetals,
    /// ICRU 44.
    Icru44,
    /// A TOML file.
    File(PathBuf),
}

/// What the labels of a material map mean.
#[derive(Debug, Clone, PartialEq)]
pub enum MaterialNames {
    /// Label `i` is the `i`-th built-in material.
    BuiltIn(Vec<String>),
    /// A TOML file.
    File(PathBuf),
}

/// Where activity comes from.
#[derive(Debug, Clone, PartialEq)]
pub struct ActivityInput {
    /// DICOM folder or file, NIfTI, MetaImage.
    pub path: PathBuf,
    /// SeriesInstanceUID, where a folder holds several.
    pub series: Option<String>,
    /// Unit; `None` is Bq/mL.
    pub unit: Option<InputUnit>,
    /// What a count stands for, and how well that is known.
    pub calibration: CalibrationInput,
    /// Treatment of negative voxels.
    pub negative: NegativeRule,
    /// Frame (from 1) of an image that holds several: dynamic or gated series, NM objects, 4D files.
    pub frame: Option<NonZeroUsize>,
    /// Energy window (from 1) of an NM object with several.
    pub energy_window: Option<usize>,
    /// Geometry of an NM object that states none.
    pub geometry: Option<GeometryOverride>,
    /// Largest accepted fraction of the activity outside of the CT.
    pub max_outside: f64,
    /// To when its values are corrected for decay; `None` leaves it to the file.
    pub decay_correction: Option<DecayCorrection>,
}

/// What decays.
#[derive(Debug, Clone, PartialEq)]
pub enum SourceChoice {
    /// A nuclide with its progeny.
    Nuclide {
        /// Name.
        name: String,
        /// Horizon of the chain, s.
        horizon_s: Option<f64>,
        /// Fraction of daughters that stay, per generation.
        retained: f64,
    },
    /// One particle per decay, such as `electron:0.935MeV`.
    Particle(String),
}

/// From when on decays in place are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum DecayFrom {
    /// The administration: all decays there ever are.
    #[default]
    Administration,
    /// The time for which the image states its activity.
    Image,
}

/// The grid on which is transported and scored.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum GridChoice {
    /// The activity image's.
    Activity,
    /// The CT's (or density map's).
    Ct,
    /// Along the CT's axes with this spacing, mm.
    Spacing([f64; 3]),
}

/// When to stop before all histories are run.
#[derive(Debug, Clone, PartialEq)]
pub struct Goal {
    /// Relative standard error to reach.
    pub uncertainty: f64,
    /// Name or label of a VOI whose mean dose is meant; otherwise the voxels of high dose.
    pub voi: Option<String>,
}

/// A beam, and how much of it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BeamInput {
    /// Where it starts and how it spreads.
    pub beam: Beam,
    /// Decays of the source, or particles of one of one particle, that the dose stands for.
    pub decays: f64,
}

/// A file of volumes of interest. Those of different files may overlap.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VoiInput {
    /// Label map: NIfTI or MetaImage, on any grid.
    pub path: PathBuf,
    /// Table of the labels' names.
    pub names: Option<PathBuf>,
}

/// Which part of a run this process does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shard {
    /// From 1.
    pub number: u32,
    /// How many there are.
    pub of: u32,
}

/// Where voxels are scored in parts.
#[derive(Debug, Clone, PartialEq)]
pub enum FineWhere {
    /// The box about a VOI, by its name or label.
    Voi(String),
    /// The voxels that a box between two corners touches; mm, LPS, along the patient's axes.
    Box([[f64; 3]; 2]),
}

/// Scoring that is finer than the grid somewhere.
#[derive(Debug, Clone, PartialEq)]
pub struct FineScoring {
    /// Where.
    pub at: FineWhere,
    /// Parts along each edge of a voxel.
    pub parts: u32,
    /// How much wider than that, mm.
    pub margin_mm: f64,
}

/// What is done with a couch in the CT.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum CouchRule {
    /// It stays; the user is told.
    #[default]
    Keep,
    /// It becomes air.
    Remove,
}

/// Everything that a dose run needs to know.
#[derive(Debug, Clone, PartialEq)]
pub struct Job {
    /// Matter.
    pub matter: MatterInput,
    /// Activity.
    pub activity: ActivityInput,
    /// Which statement holds of a NIfTI image that contradicts itself on its geometry.
    pub nifti_affine: NiftiAffine,
    /// Decay.
    pub source: SourceChoice,
    /// The source is outside of the matter, as a beam; the activity is then not read.
    pub beam: Option<BeamInput>,
    /// The activity only decays in place: dose, not dose rate.
    pub physical_decay: bool,
    /// From when on its decays are counted.
    pub decay_from: DecayFrom,
    /// When the activity was given: a date and time, or how long before the scan.
    pub administered: Option<TimeOrSpan>,
    /// How much was given, Bq: what the images are held against, before what their headers say.
    pub administered_bq: Option<f64>,
    /// Grid.
    pub grid: GridChoice,
    /// What energy is added up in.
    pub score: Score,
    /// Files of volumes of interest; none scores none.
    pub voi: Vec<VoiInput>,
    /// The couch.
    pub couch: CouchRule,
    /// Checks of the inputs whose findings the user accepts.
    pub accept: BTreeSet<Check>,
    /// Histories; with a goal, the most.
    pub histories: u64,
    /// Independent batches; `None` leaves it to the run.
    pub batches: Option<u32>,
    /// Stop rule.
    pub goal: Option<Goal>,
    /// Percentile of the dose that stands for "high".
    pub percentile: f64,
    /// Voxels above this fraction of that dose are looked at.
    pub fraction: f64,
    /// CPU or GPU.
    pub engine: EngineChoice,
    /// Threads; 0 for all cores.
    pub threads: usize,
    /// Part of a run.
    pub shard: Option<Shard>,
    /// Shards of this run (folders or files) whose histories are taken in place of running them; none runs them.
    pub from_shards: Vec<PathBuf>,
    /// Monte Carlo, or another method.
    pub method: DoseMethod,
    /// Scoring that is finer than the grid somewhere.
    pub fine: Option<FineScoring>,
    /// Dose to water is written beside dose to the voxels' own matter.
    pub to_water: bool,
    /// Transport.
    pub transport: Settings,
    /// Largest memory, bytes.
    pub max_memory: u64,
    /// Output folder.
    pub out: PathBuf,
    /// Replace an output folder that voxgray wrote.
    pub overwrite: bool,
    /// What is kept of the run while it runs and of the inputs' names.
    pub keeping: Keeping,
}

impl Job {
    /// Refuses choices that make no sense, before any file is read.
    ///
    /// # Errors
    /// With the option, its value and the allowed range.
    pub fn check(&self) -> Result<()> {
        self.transport.check()?;
        self.method.check(self)?;
        self.check_score()?;
        let refuse = |option: &str, value: String, why: &str| {
            Err(Error::usage(
                format!("{option} is {value}"),
                why,
                "Correct the option, or leave it out for the default.",
            ))
        };
        if self.histories == 0 {
            return refuse("--histories", "0".into(), "a dose needs at least one history");
        }
        if self.batches == Some(0) {
            return refuse("--batches", "0".into(), "a run has at least one batch");
        }
        if self.batches.is_some_and(|b| u64::from(b) > self.histories) {
            let text = format!("{} for {} histories", self.batches.unwrap_or(0), self.histories);
            return refuse("--batches", text, "a batch has at least one history");
        }
        let fractions = [
            ("--target-fraction", self.fraction, 0.01, 1.0),
            ("--target-percentile", self.percentile, 50.0, 99.9),
            ("--allow-outside", self.activity.max_outside, 0.0, 1.0),
        ];
        for (option, value, low, high) in fractions {
            if !(low..=high).contains(&value) {
                return refuse(
                    option,
                    value.to_string(),
                    &format!("it must lie within {low} and {high}"),
                );
            }
        }
        if !(CHECKPOINTS_S.0..=CHECKPOINTS_S.1).contains(&self.keeping.checkpoint_s) {
            let (least, most) = CHECKPOINTS_S;
            let text = format!("{} s", self.keeping.checkpoint_s);
            let why = format!("it must lie within {least} s and {most} s");
            return refuse("--checkpoint-every", text, &why);
        }
        if let Some(goal) = &self.goal {
            self.check_goal(goal)?;
        }
        if let Some(beam) = &self.beam {
            self.check_beam(beam)?;
        }
        if let Some(shard) = self.shard
            && (shard.number == 0 || shard.number > shard.of)
        {
            let text = format!("{}/{}", shard.number, shard.of);
            return refuse("--shard", text, "shards are numbered 1 to their count");
        }
        if self.shard.is_some() && !self.from_shards.is_empty() {
            let why = "a shard runs histories, and a run from shards takes those that were run";
            return refuse("--from-shards", "given with --shard".into(), why);
        }
        let batches = self.batches.unwrap_or_else(|| default_batches(self.histories));
        let batches = u64::from(batches).min(self.histories);
        if let Some(shard) = self.shard
            && u64::from(shard.of) > batches
        {
            let text = format!("{}/{}", shard.number, shard.of);
            return refuse("--shard", text, &format!("the run has {batches} batches to share out"));
        }
        if self.physical_decay && matches!(self.source, SourceChoice::Particle(_)) {
            return refuse(
                "--physical-decay",
                "given with --source".into(),
                "particles have no half-life; only a nuclide decays",
            );
        }
        let stated = [
            ("--administered", self.administered.is_some()),
            ("--decay-correction", self.activity.decay_correction.is_some()),
        ];
        if let Some((option, _)) = stated.into_iter().find(|(_, given)| *given) {
            if matches!(self.source, SourceChoice::Particle(_)) {
                let why = "particles have no half-life; only a nuclide decays";
                return refuse(option, "given with --source".into(), why);
            }
            if self.activity.unit.is_some_and(InputUnit::is_time_integrated) {
                let why = "such a map already counts all decays";
                return refuse(option, "given for a time-integrated map".into(), why);
            }
        }
        if self.decay_from == DecayFrom::Image && !self.physical_decay {
            return refuse(
                "--decay-from",
                "given without --physical-decay".into(),
                "only decays in place are counted from a time on",
            );
        }
        if let Some(TimeOrSpan::Span(seconds)) = self.administered
            && seconds <= 0.0
        {
            let suggestion = if self.physical_decay {
                "Say how long before the scan it was, such as --administered 22h; or count decays from the time of the image: --decay-from image."
            } else {
                "Say how long before the scan it was, such as --administered 22h, or leave it out."
            };
            return Err(Error::usage(
                format!("--administered is {seconds} s"),
                "activity is given before it is measured",
                suggestion,
            ));
        }
        if self.physical_decay && self.activity.unit.is_some_and(InputUnit::is_time_integrated) {
            return refuse(
                "--physical-decay",
                "given for a time-integrated map".into(),
                "such a map already counts all decays",
            );
        }
        Ok(())
    }

    fn check_beam(&self, input: &BeamInput) -> Result<()> {
        input.beam.check()?;
        let refuse = |problem: String, why: &str, suggestion: &str| {
            Err(Error::usage(problem, why, suggestion))
        };
        if !(input.decays > 0.0 && input.decays.is_finite()) {
            return refuse(
                format!("--decays is {}", input.decays),
                "a dose is that of some decays or particles",
                "Give a number above zero, or leave it out for the dose of one.",
            );
        }
        if self.method.fast().is_some() || self.method == DoseMethod::Mird {
            return refuse(
                format!("--beam is given with --method {}", self.method.name()),
                "that method is for activity inside of the matter",
                "Use --method mc.",
            );
        }
        let given = [
            ("--physical-decay", self.physical_decay),
            ("--administered", self.administered.is_some()),
            ("--administered-activity", self.administered_bq.is_some()),
            ("--decay-correction", self.activity.decay_correction.is_some()),
            ("--activity-unit", self.activity.unit.is_some()),
            ("--calibration", self.activity.calibration != CalibrationInput::default()),
        ];
        match given.into_iter().find(|(_, given)| *given) {
            Some((option, _)) => refuse(
                format!("{option} is given with --beam"),
                "no activity is read for a beam",
                "Leave one of them out; --decays says for how many decays the dose stands.",
            ),
            None => Ok(()),
        }
    }

    fn check_goal(&self, goal: &Goal) -> Result<()> {
        if !(1e-4..=0.5).contains(&goal.uncertainty) {
            return Err(Error::usage(
                format!("--target-uncertainty is {} %", 100.0 * goal.uncertainty),
                "it must lie within 0.01 % and 50 %",
                "Give for example --target-uncertainty 1%.",
            ));
        }
        let parts =
            [("--shard", self.shard.is_some()), ("--from-shards", !self.from_shards.is_empty())];
        if let Some((option, _)) = parts.into_iter().find(|(_, given)| *given) {
            return Err(Error::usage(
                format!("--target-uncertainty is given with {option}"),
                "a shard cannot know the uncertainty of the whole run",
                "Give --histories instead.",
            ));
        }
        if goal.voi.is_none() && self.beam.is_some() {
            return Err(Error::usage(
                "--target-uncertainty is given with --beam and without --target-voi",
                "which voxels a beam gives a high dose nothing tells before it has run",
                "Add --voi LABELMAP and --target-voi NAME, or give --histories.",
            ));
        }
        if goal.voi.is_some() && self.voi.is_empty() {
            return Err(Error::usage(
                "--target-voi is given without --voi",
                "no label map says where it is",
                "Add --voi LABELMAP.",
            ));
        }
        Ok(())
    }
}
