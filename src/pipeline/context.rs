//! What is known before the first history and needed after the last: enough to write the outputs, also from shards.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::Observer;
use super::asked_vois::{TARGET_VOI, asked};
use super::fine::FineFacts;
use super::image_time::Timing;
use super::inputs::InputRecord;
use super::scene::{AS_IS, MatterBeyond, MatterMove};
use super::score::Scored;
use super::source::{DoseOf, FieldOfView, Source};
use super::withheld::{self, Withheld};
use crate::dose::rate::DoseKind;
use crate::dose::{DoseScale, HighVoxels};
use crate::error::{Error, Result};
use crate::image::{Grid, Parts};
use crate::job::{CurveChoice, GridChoice, Job, MatterInput};
use crate::kinetics::Integrated;
use crate::phantom::voxels::TissueTable;
use crate::phantom::{HuReport, Phantom};
use crate::report::summary::CurveResult;
use crate::transport::settings::{PhotonEstimator, Settings};
use crate::transport::tally::ORIGINS;

/// A VOI on the dose grid.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct VoiFacts {
    /// Label.
    pub label: u32,
    /// Name.
    pub name: String,
    /// Dose voxels.
    pub voxels: usize,
    /// g.
    pub mass_g: f64,
    /// Bq or Bq s.
    pub activity: f64,
    /// How its activity was integrated over time, where it was.
    #[serde(default)]
    pub curve: Option<CurveFacts>,
}

/// How a VOI was integrated over time.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CurveFacts {
    /// The model, or why there is none and what was assumed.
    pub name: String,
    /// Whether it rests on an assumption in place of a refused curve.
    pub refused: bool,
    /// Limits of the 95 % interval of the integral over its value; none where it is not known.
    pub relative_interval_95: Option<[f64; 2]>,
}

impl CurveFacts {
    /// Of an integrated curve, or of the reason why a VOI has none.
    pub fn new(curve: &std::result::Result<Integrated, String>) -> Self {
        match curve {
            Err(why) => {
                CurveFacts { name: why.clone(), refused: false, relative_interval_95: None }
            }
            Ok(c) => {
                let (low, high) = c.tia.interval_95;
                let limits = [low / c.tia.value, high / c.tia.value];
                CurveFacts {
                    name: c.name(),
                    refused: c.refusal.is_some(),
                    relative_interval_95: Some(limits).filter(|l| l.iter().all(|x| x.is_finite())),
                }
            }
        }
    }

    /// With the interval of a dose.
    pub fn of_dose(&self, dose: f64) -> CurveResult {
        CurveResult {
            name: self.name.clone(),
            refused: self.refused,
            interval_95: self.relative_interval_95.map(|l| l.map(|x| x * dose)),
        }
    }
}

/// A grid, for files.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct GridFacts {
    /// Voxels.
    pub dims: [usize; 3],
    /// Centre of the first voxel, mm, LPS.
    pub origin_mm: [f64; 3],
    /// One step of each index, mm, LPS.
    pub axes_mm: [[f64; 3]; 3],
}

impl From<Grid> for GridFacts {
    fn from(g: Grid) -> Self {
        GridFacts { dims: g.dims, origin_mm: g.origin_mm, axes_mm: g.axes_mm }
    }
}

impl GridFacts {
    /// The grid.
    pub fn grid(&self) -> Grid {
        Grid { dims: self.dims, origin_mm: self.origin_mm, axes_mm: self.axes_mm }
    }
}

/// Everything but the tally and the maps.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Context {
    /// The summary's part on inputs and settings.
    pub setup: Value,
    /// Dose rate or dose.
    pub kind: DoseKind,
    /// Decays per second, or decays.
    pub decays: f64,
    /// The dose grid.
    pub grid: GridFacts,
    /// Names of the materials.
    pub materials: Vec<String>,
    /// VOIs.
    pub vois: Vec<VoiFacts>,
    /// Which of them each region of the tally lies in.
    #[serde(default, skip_serializing_if = "are_alone")]
    pub parts: Parts,
    /// What is scored beside or in place of voxels; none where voxels alone are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scored: Option<Scored>,
    /// Limit of low density, g/cm3.
    pub low_density: f64,
    /// The voxels of high dose.
    pub high: HighVoxels,
    /// Dose voxels that were couch and are air.
    pub emptied: Vec<u32>,
    /// Batches of the whole run (with a goal: at most).
    pub batches: u32,
    /// Relative standard uncertainty of the activity's scale; none if nothing states it.
    #[serde(default)]
    pub calibration_relative: Option<f64>,
    /// Most energy of a decay, MeV; none where histories have no bound.
    #[serde(default)]
    pub most_mev: Option<f64>,
    /// Voxels that are scored in parts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fine: Option<FineFacts>,
    /// Dose to water over dose, for each material and kind of emission; empty where it was not asked for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub to_water: Vec<[f64; ORIGINS]>,
    /// What the user was warned of.
    #[serde(default)]
    pub warnings: Vec<String>,
    /// What of the inputs' names is not written.
    #[serde(skip)]
    pub withheld: Withheld,
}

fn are_alone(parts: &Parts) -> bool {
    !parts.overlap()
}

impl Context {
    /// Regions of the tally that make a VOI, by its name or label.
    ///
    /// # Errors
    /// If there is none on the dose grid, or several have the label.
    pub fn regions(&self, name: &str) -> Result<Vec<usize>> {
        let all = self.vois.iter().map(|v| (v.label, v.name.as_str()));
        let n = asked(TARGET_VOI, name, all)?;
        if self.vois[n].voxels == 0 || self.vois[n].mass_g <= 0.0 {
            return Err(Error::input(
                format!("VOI '{name}' has no voxel on the dose grid"),
                "its dose cannot be a goal",
                "Use a finer --grid or another VOI.",
            ));
        }
        Ok(self.parts.of_voi(n))
    }

    /// Regions of the tally that VOIs and layers are made of are those of so many sets of voxels.
    fn sets(&self) -> usize {
        self.vois.len() + self.scored.as_ref().map_or(0, Scored::layers)
    }

    /// Cells of the tally: voxels, or shells and what is beyond them.
    ///
    /// # Errors
    /// If there are more voxels than can be.
    pub fn cells(&self) -> Result<usize> {
        match &self.scored {
            Some(Scored::Shells { radii_cm, .. }) => Ok(radii_cm.len() + 1),
            _ => {
                let grid = self.grid.grid().checked()?;
                let Some(fine) = &self.fine else { return Ok(grid.len()) };
                fine.voxels.check(&grid)?;
                Ok(grid.len() + fine.voxels.cells())
            }
        }
    }

    /// Whether the energies are those of kernels, not of histories in the patient.
    pub fn is_of_kernels(&self) -> bool {
        self.setup["method"]["density_scaling"].is_string()
    }

    /// Whether its activity was integrated over several times; what was found there is not in it.
    pub fn is_of_series(&self) -> bool {
        self.setup["time_points"].is_object()
    }

    /// From energy per history to dose.
    pub fn scale<'a>(&self, density: &'a [f32]) -> DoseScale<'a> {
        DoseScale {
            decays: self.decays,
            density,
            voxel_volume_mm3: self.grid.grid().voxel_volume_mm3(),
        }
    }

    /// As text, for a shard.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn to_json(&self) -> Result<String> {
        serde_json::to_string(self).map_err(|e| {
            Error::run("a run's context cannot be written", e.to_string(), "Report this.")
        })
    }

    /// From the text of a shard.
    ///
    /// # Errors
    /// If it cannot be read.
    pub fn from_json(text: &str) -> Result<Self> {
        let mut context: Context = serde_json::from_str(text).map_err(|e| {
            Error::input("a shard's context cannot be read", e.to_string(), "Make the shard again.")
        })?;
        // Not written where no VOIs overlap.
        if context.parts == Parts::default() {
            context.parts = Parts::alone(context.sets());
        }
        if context.parts.vois() != context.sets() {
            return Err(Error::input(
                format!("a shard's overlaps are those of {} VOIs and layers", context.parts.vois()),
                format!("it has {}", context.sets()),
                "Make the shard again.",
            ));
        }
        let grid = context.grid.grid().checked()?;
        if let Some(scored) = &context.scored {
            scored.check(&grid)?;
        }
        let voxels = grid.len();
        match context.high.last().max(context.emptied.iter().max().map(|v| *v as usize)) {
            Some(last) if last >= voxels => Err(Error::input(
                format!("a shard's voxels of high dose or couch reach to number {last}"),
                format!("its grid has {voxels} voxels"),
                "Make the shard again.",
            )),
            _ => Ok(context),
        }
    }

    /// For comparing shards: machines may keep the same input (by its hash) in different places.
    pub fn without_paths(mut self) -> Self {
        if let Some(inputs) = self.setup.get_mut("inputs").and_then(Value::as_array_mut) {
            inputs.iter_mut().for_each(|i| {
                i["path"] = Value::Null;
                i["file"] = Value::Null;
            });
        }
        self.setup["hu_curve"] = Value::Null;
        self.warnings.clear();
        self
    }

    /// Takes over what the user was warned of, as it may be written.
    pub fn hear(&mut self, observer: &dyn Observer) {
        self.warnings = observer.warnings().iter().map(|w| self.withheld.clean(w)).collect();
    }

    /// The maps of a shard as bytes.
    pub fn maps_to_bytes(density: &[f32], material: &[u8], labels: &[u16]) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(density.len() * 5 + labels.len() * 2);
        density.iter().for_each(|d| bytes.extend_from_slice(&d.to_le_bytes()));
        bytes.extend_from_slice(material);
        labels.iter().for_each(|l| bytes.extend_from_slice(&l.to_le_bytes()));
        bytes
    }

    /// Density, material and the region of each voxel (empty without VOIs and layers) from bytes.
    ///
    /// # Errors
    /// If there are not as many as voxels, or a region is none of the run.
    pub fn maps_from_bytes(&self, bytes: &[u8]) -> Result<(Vec<f32>, Vec<u8>, Vec<u16>)> {
        let n = self.grid.grid().checked()?.len();
        let labels = if self.sets() == 0 { 0 } else { 2 * n };
        if bytes.len() != 5 * n + labels {
            return Err(Error::input(
                format!("a shard holds {} bytes of maps for {n} voxels", bytes.len()),
                "density takes four and material one per voxel, and the VOIs, if there are any, two",
                "Make the shard again.",
            ));
        }
        let (density, rest) = bytes.split_at(4 * n);
        let (material, labels) = rest.split_at(n);
        let density = density.chunks_exact(4).map(|c| f32::from_le_bytes([c[0], c[1], c[2], c[3]]));
        let labels: Vec<u16> =
            labels.chunks_exact(2).map(|c| u16::from_le_bytes([c[0], c[1]])).collect();
        match labels.iter().max() {
            Some(last) if usize::from(*last) > self.parts.count() => Err(Error::input(
                format!("a shard has a voxel of VOI number {last}"),
                format!("the run has {}", self.parts.count()),
                "Make the shard again.",
            )),
            _ => Ok((density.collect(), material.to_vec(), labels)),
        }
    }
}

/// What the summary tells of inputs and settings.
pub struct Setup<'a> {
    /// The job.
    pub job: &'a Job,
    /// What was read.
    pub records: &'a [InputRecord],
    /// Matter on the dose grid.
    pub phantom: &'a Phantom,
    /// How HU became matter.
    pub hu: Option<&'a HuReport>,
    /// How matter came to the dose grid.
    pub moved: &'a MatterMove,
    /// What of it stays outside.
    pub beyond: MatterBeyond,
    /// Where the activity is.
    pub field: &'a FieldOfView,
    /// What decays.
    pub source: &'a Source,
    /// How often.
    pub dose_of: &'a DoseOf,
    /// When the image's activity is that of; none for what is integrated over time.
    pub timing: Option<&'a Timing>,
}

/// The summary's part on inputs and settings; says the tissue histogram and its warnings.
pub fn setup(s: &Setup, observer: &dyn Observer) -> Value {
    let Setup { job, records, phantom, hu, moved, beyond, field, source, dose_of, timing } = *s;
    let tissues = match hu {
        // On the CT's own grid the rows also know their HU.
        Some(hu) if moved.method == AS_IS => hu.tissues.clone(),
        _ => phantom.tissues(),
    };
    let table = TissueTable(&tissues).to_string();
    observer.say(&format!("matter on the dose grid:\n{}", table.trim_end()));
    let warnings = hu.map(HuReport::warnings).unwrap_or_default();
    warnings.iter().for_each(|w| observer.warn(w));
    let rows = |rows: &[crate::phantom::TissueRow]| -> Vec<Value> {
        rows.iter()
            .map(|t| {
                json!({"material": t.name, "voxels": t.voxels, "volume_cm3": t.volume_cm3, "mass_g": t.mass_g,
                       "mean_density_g_cm3": t.mean_density_g_cm3, "mean_hu": t.mean_hu})
            })
            .collect()
    };
    let hu = hu.map(|h| {
        json!({"curve": h.curve, "range_hu": [h.range.0, h.range.1], "voxels": h.voxels,
               "voxels_below_range": h.below, "voxels_above_range": h.above,
               "extremes_hu": [h.extremes.0, h.extremes.1], "tissues": rows(&h.tissues)})
    });
    json!({
        "inputs": records.iter().map(|r| withheld::record(r, job.keeping.record_paths)).collect::<Vec<_>>(),
        "embedded_tables": crate::tables::EMBEDDED_TABLES
            .iter().map(|(name, hash)| json!({"table": name, "sha256": hash})).collect::<Vec<_>>(),
        "source": {
            "label": source.spectrum.label,
            "half_life_s": source.half_life_s,
            "nuclide_data": source.chain.as_ref().map(|c| c.data.name()),
            "own_nuclides": source.own_told(),
            "chain": source.chain.as_ref().map(|c| json!({
                "horizon_s": c.horizon_s,
                "parent_decay_fraction": c.parent_decay_fraction,
                "members": c.members.iter().map(|m| json!({
                    "nuclide": m.nuclide, "decays_per_parent_decay": m.decays_per_parent_decay,
                })).collect::<Vec<_>>(),
            })),
        },
        "activity": job.beam.is_none().then_some(field),
        "beam": job.beam.as_ref().map(|b| json!({"label": b.beam.label(), "at_mm": b.beam.at_mm})),
        "decays": dose_of.decays,
        "decays_per_bq": dose_of.decays_per_bq,
        "decays_counted_from": dose_of.counted_from,
        "timing": timing.map(Timing::json),
        "dose_grid": {
            "choice": grid_name(job.grid),
            "dims": phantom.grid.dims,
            "spacing_mm": phantom.grid.spacing_mm(),
            "origin_mm": phantom.grid.origin_mm,
            "axes_mm": phantom.grid.axes_mm,
        },
        "matter": moved,
        "matter_beyond_dose_grid": beyond,
        "hu": hu,
        "tissues": rows(&tissues),
        "hu_curve": curve_name(job),
        "settings": settings(&job.transport),
        "goal": job.goal.as_ref().map(|g| json!({"uncertainty": g.uncertainty, "voi": g.voi})),
        "seed": job.transport.seed,
    })
}

fn grid_name(choice: GridChoice) -> Value {
    match choice {
        GridChoice::Activity => json!("activity"),
        GridChoice::Ct => json!("ct"),
        GridChoice::Spacing(mm) => json!(mm),
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

fn settings(s: &Settings) -> Value {
    json!({
        "photons": match s.photons { PhotonEstimator::Analog => "analog", PhotonEstimator::Kerma => "kerma" },
        "rayleigh": s.rayleigh,
        "incoherent": s.incoherent.name(),
        "straggling": s.straggling,
        "range_rejection": s.range_rejection,
        "electron_cutoff_mev": s.electron_cutoff_mev,
        "photon_cutoff_mev": s.photon_cutoff_mev,
        "production_threshold_fraction": s.lepton.threshold_fraction,
        "production_threshold_min_mev": s.lepton.threshold_min_mev,
        "production_threshold_max_mev": s.lepton.threshold_max_mev,
        "bremsstrahlung_threshold_mev": s.lepton.photon_threshold_mev,
        "max_step_strength": s.lepton.max_strength,
        "max_step_loss_fraction": s.lepton.max_loss_fraction,
    })
}
