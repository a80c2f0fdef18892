//! What is known before the first history and needed after the last: enough to write the outputs, also from shards.

use serde::{Deserialize, Serialize};

use super::Observer;
use super::asked_vois::{TARGET_VOI, asked};
use super::fine::FineFacts;
use super::score::Scored;
use super::withheld::Withheld;
use crate::dose::rate::DoseKind;
use crate::dose::{DoseScale, HighVoxels};
use crate::error::{Error, Result};
use crate::image::{Grid, Parts};
use crate::kinetics::Integrated;
use crate::report::setup::{SetupFacts, by_key};
use crate::report::summary::CurveResult;
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
    #[serde(serialize_with = "by_key")]
    pub setup: SetupFacts,
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
        self.setup.method.is_of_kernels()
    }

    /// Whether its activity was integrated over several times; what was found there is not in it.
    pub fn is_of_series(&self) -> bool {
        self.setup.time_points.is_some()
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
        self.setup = self.setup.without_paths();
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
