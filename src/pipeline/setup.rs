//! From a job and what was read for it to the summary's part on both.

use super::Observer;
use super::checks::Checks;
use super::image_time::Timing;
use super::inputs::InputRecord;
use super::scene::AS_IS;
use super::source::{DoseOf, Source};
use super::withheld;
use crate::job::{CurveChoice, GridChoice, Job, MatterInput};
use crate::phantom::voxels::TissueTable;
use crate::phantom::{HuReport, Phantom, TissueRow};
use crate::report::setup::{
    BeamFacts, ChainFacts, CouchFacts, DoseGridFacts, FieldOfView, GoalFacts, GridChoiceFacts,
    HuFacts, MatterBeyond, MatterMove, MemberFacts, SettingsFacts, SetupFacts, SourceFacts,
    TableFacts, TissueFacts,
};
use crate::transport::settings::{PhotonEstimator, Settings};

/// What a run is made from, before anything of it is scored.
pub struct SetupOf<'a> {
    /// The job.
    pub job: &'a Job,
    /// What was read.
    pub records: &'a [InputRecord],
    /// What the checks have found.
    pub checks: &'a Checks<'a>,
    /// Matter on the dose grid.
    pub phantom: &'a Phantom,
    /// How HU became matter.
    pub hu: Option<&'a HuReport>,
    /// What looked like a couch.
    pub couch: Option<CouchFacts>,
    /// How matter came to the dose grid.
    pub moved: MatterMove,
    /// What of it stays outside.
    pub beyond: MatterBeyond,
    /// Where the activity is.
    pub field: FieldOfView,
    /// What decays.
    pub source: &'a Source,
    /// How often.
    pub dose_of: &'a DoseOf,
    /// When the image's activity is that of; none for what is integrated over time.
    pub timing: Option<&'a Timing>,
}

impl SetupOf<'_> {
    /// The summary's part; says the tissue histogram and its warnings. What is scored beside the dose joins it later.
    pub fn facts(self, observer: &dyn Observer) -> SetupFacts {
        let SetupOf { job, records, phantom, hu, moved, field, dose_of, .. } = self;
        let tissues = match hu {
            // On the CT's own grid the rows also know their HU.
            Some(hu) if moved.method == AS_IS => hu.tissues.clone(),
            _ => phantom.tissues(),
        };
        let table = TissueTable(&tissues).to_string();
        observer.say(&format!("matter on the dose grid:\n{}", table.trim_end()));
        let warnings = hu.map(HuReport::warnings).unwrap_or_default();
        warnings.iter().for_each(|w| observer.warn(w));
        let mode = job.keeping.record_paths;
        let tables = crate::tables::EMBEDDED_TABLES.iter();
        SetupFacts {
            activity: job.beam.is_none().then_some(field),
            activity_route: None,
            beam: job
                .beam
                .as_ref()
                .map(|b| BeamFacts { at_mm: b.beam.at_mm, label: b.beam.label() }),
            checks: self.checks.facts(),
            couch: self.couch,
            decays: dose_of.decays,
            decays_counted_from: dose_of.counted_from.map(String::from),
            decays_per_bq: dose_of.decays_per_bq,
            dose_grid: DoseGridFacts {
                axes_mm: phantom.grid.axes_mm,
                choice: choice(job.grid),
                dims: phantom.grid.dims,
                origin_mm: phantom.grid.origin_mm,
                spacing_mm: phantom.grid.spacing_mm(),
            },
            dose_rate_route: None,
            dose_to_water: None,
            embedded_tables: tables
                .map(|(table, sha256)| TableFacts {
                    sha256: (*sha256).into(),
                    table: (*table).into(),
                })
                .collect(),
            fine: None,
            goal: job
                .goal
                .as_ref()
                .map(|g| GoalFacts { uncertainty: g.uncertainty, voi: g.voi.clone() }),
            hu: hu.map(of_hu),
            hu_curve: curve_name(job),
            inputs: records.iter().map(|r| withheld::record(r, mode)).collect(),
            matter: moved,
            matter_beyond_dose_grid: self.beyond,
            method: job.method.facts(),
            score: None,
            seed: job.transport.seed,
            settings: settings(&job.transport),
            source: of_source(self.source),
            time_points: None,
            timing: self.timing.map(Timing::facts),
            tissues: rows(&tissues),
        }
    }
}

fn rows(rows: &[TissueRow]) -> Vec<TissueFacts> {
    let row = |t: &TissueRow| TissueFacts {
        mass_g: t.mass_g,
        material: t.name.clone(),
        mean_density_g_cm3: t.mean_density_g_cm3,
        mean_hu: t.mean_hu,
        volume_cm3: t.volume_cm3,
        voxels: t.voxels,
    };
    rows.iter().map(row).collect()
}

fn of_hu(hu: &HuReport) -> HuFacts {
    HuFacts {
        curve: hu.curve.clone(),
        extremes_hu: hu.extremes.into(),
        range_hu: hu.range.into(),
        tissues: rows(&hu.tissues),
        voxels: hu.voxels,
        voxels_above_range: hu.above,
        voxels_below_range: hu.below,
    }
}

fn of_source(source: &Source) -> SourceFacts {
    let chain = source.chain.as_ref();
    SourceFacts {
        chain: chain.map(|c| ChainFacts {
            horizon_s: c.horizon_s,
            members: c
                .members
                .iter()
                .map(|m| MemberFacts {
                    decays_per_parent_decay: m.decays_per_parent_decay,
                    nuclide: m.nuclide.clone(),
                })
                .collect(),
            parent_decay_fraction: c.parent_decay_fraction,
        }),
        half_life_s: source.half_life_s,
        label: source.spectrum.label.clone(),
        nuclide_data: chain.map(|c| c.data.name().into()),
        own_nuclides: source.own_told(),
    }
}

fn choice(choice: GridChoice) -> GridChoiceFacts {
    match choice {
        GridChoice::Activity => GridChoiceFacts::Of("activity".into()),
        GridChoice::Ct => GridChoiceFacts::Of("ct".into()),
        GridChoice::Spacing(mm) => GridChoiceFacts::SpacingMm(mm),
    }
}

fn curve_name(job: &Job) -> Option<String> {
    match &job.matter {
        MatterInput::Maps { .. } => None,
        MatterInput::Ct { curve, .. } => Some(match curve {
            CurveChoice::Schneider => "schneider".into(),
            CurveChoice::SchneiderMetals => "schneider-metals".into(),
            CurveChoice::Icru44 => "icru44".into(),
            CurveChoice::File(path) => withheld::shown(path, job.keeping.record_paths),
        }),
    }
}

fn settings(s: &Settings) -> SettingsFacts {
    let photons = match s.photons {
        PhotonEstimator::Analog => "analog",
        PhotonEstimator::Kerma => "kerma",
    };
    SettingsFacts {
        bremsstrahlung_threshold_mev: s.lepton.photon_threshold_mev,
        electron_cutoff_mev: s.electron_cutoff_mev,
        incoherent: s.incoherent.name().into(),
        max_step_loss_fraction: s.lepton.max_loss_fraction,
        max_step_strength: s.lepton.max_strength,
        photon_cutoff_mev: s.photon_cutoff_mev,
        photons: photons.into(),
        production_threshold_fraction: s.lepton.threshold_fraction,
        production_threshold_max_mev: s.lepton.threshold_max_mev,
        production_threshold_min_mev: s.lepton.threshold_min_mev,
        range_rejection: s.range_rejection,
        rayleigh: s.rayleigh,
        straggling: s.straggling,
    }
}
