//! What the commands that analyse a dose have in common: the map, the VOIs, the table of results.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use serde_json::{Map as Object, Value, json};

use super::analysis_values::shown;
use super::console::print;
use super::voi_arguments::VoiArguments;
use crate::analysis::{Estimate, Map, Samples, Sampling, sample};
use crate::error::{Error, Result};
use crate::image::{Region, RegionSet};
use crate::io::NiftiAffine;
use crate::pipeline::Observer;
use crate::pipeline::finished::{FinishedMap, MapOptions, VoiPlace, read_all_regions, read_map};
use crate::pipeline::other_map::density_on_grid;
use crate::pipeline::withheld::Withheld;
use crate::sheet::{Separator, lines};

/// What a map does within a voxel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum SamplingChoice {
    /// A voxel has its value everywhere, as it was scored: means agree with those of the run.
    Uniform,
    /// Linear between the middles of voxels: better for steep gradients in large voxels; smooths noise and steps.
    Interpolated,
}

/// What a histogram's share is a share of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum WeightChoice {
    /// Of the volume.
    Volume,
    /// Of the mass, by the densities of the run or of --density.
    Mass,
}

/// The map and its VOIs.
#[derive(Debug, Args)]
pub(super) struct AnalysisInput {
    #[command(flatten)]
    pub(super) voi: VoiArguments,
    /// Take VOIs of another frame of reference than the map's as they are: both lie in one space.
    #[arg(long, help_heading = "VOIs")]
    pub(super) any_frame: bool,
    /// Largest share of a VOI that may lie outside of the map or where it is NaN, such as 5%; a VOI that misses more is refused.
    #[arg(long, value_name = "FRACTION", help_heading = "VOIs", default_value = "0.1%", value_parser = super::values::parse_fraction)]
    pub(super) missing: f64,
    /// Unit of a map that is not of voxgray dose: Gy, mGy, Gy/s, Bq/mL, ...
    #[arg(long, value_name = "UNIT", help_heading = "Map")]
    pub(super) unit: Option<String>,
    /// Standard error of each voxel, on the same grid [default: that of the run].
    #[arg(long, value_name = "FILE", help_heading = "Map")]
    pub(super) standard_error: Option<PathBuf>,
    /// A map of the folder by its name, such as dose_by_dose_rate [default: dose, else dose_by_dose_rate, else dose_rate]; of a folder of RT
    /// Doses by its DoseSummationType, such as PLAN.
    #[arg(long, value_name = "NAME", help_heading = "Map")]
    pub(super) map: Option<String>,
    /// What holds of a NIfTI image whose header contradicts itself on its geometry: sform, qform or pixdim [default: refuse it].
    #[arg(long, value_name = "WHICH", help_heading = "Map", value_parser = super::dose_arguments::parse_affine)]
    pub(super) nifti_affine: Option<NiftiAffine>,
    /// What the map does within a voxel.
    #[arg(long, value_enum, value_name = "HOW", help_heading = "Map", default_value = "uniform")]
    pub(super) sampling: SamplingChoice,
    /// Print the table as CSV.
    #[arg(long, help_heading = "Output", conflicts_with = "json")]
    pub(super) csv: bool,
    /// Print JSON.
    #[arg(long, help_heading = "Output")]
    pub(super) json: bool,
    /// Folder for all that can be written.
    #[arg(short, long, value_name = "OUT", help_heading = "Output")]
    pub(super) out: Option<PathBuf>,
    /// Replace the files of an older output of this command, no other.
    #[arg(long, help_heading = "Output")]
    pub(super) overwrite: bool,
    /// Print results and errors only.
    #[arg(short, long, help_heading = "Output")]
    pub(super) quiet: bool,
}

impl AnalysisInput {
    /// The map of a path.
    pub(super) fn read(
        &self,
        path: &std::path::Path,
        observer: &dyn Observer,
    ) -> Result<FinishedMap> {
        let options = MapOptions {
            unit: self.unit.as_deref(),
            standard_errors: self.standard_error.as_deref(),
            stem: self.map.as_deref(),
            affine: self.affine(),
            ..MapOptions::default()
        };
        read_map(path, &options, observer)
    }

    /// The VOIs of each file, for a map.
    pub(super) fn regions(
        &self,
        map: &FinishedMap,
        observer: &dyn Observer,
    ) -> Result<Vec<RegionSet>> {
        let place = VoiPlace {
            frame_of_reference: map.frame_of_reference.as_deref(),
            any_frame: self.any_frame,
            affine: self.affine(),
        };
        let mut sets = read_all_regions(&self.voi.clone().some()?, &place, observer)?;
        let mut empty = Vec::new();
        for set in &mut sets {
            let without = set.regions.iter().filter(|r| r.voxels.is_empty());
            empty.extend(without.map(|r| r.name.clone()));
            set.regions.retain(|r| !r.voxels.is_empty());
        }
        if sets.iter().all(|set| set.regions.is_empty()) {
            return Err(Error::input(
                "no VOI has a voxel",
                match empty.is_empty() {
                    true => "the files hold none".to_owned(),
                    false => format!("empty are {}", empty.join(", ")),
                },
                "Name the file of the VOIs.",
            ));
        }
        if !empty.is_empty() {
            observer.say(&format!("without a voxel, and left out: {}", empty.join(", ")));
        }
        Ok(sets)
    }

    /// Takes the folders of the inputs, which may name a patient, out of what is written.
    pub(super) fn without_folders(&self, map: &std::path::Path, told: &mut Value) {
        Withheld::of_files(self.voi.paths().chain([map])).clean_value(told);
    }

    /// Densities on the grid of a map.
    pub(super) fn density(
        &self,
        of: &FinishedMap,
        file: Option<&PathBuf>,
        observer: &dyn Observer,
    ) -> Result<Vec<f32>> {
        match file {
            Some(path) => density_on_grid(path, &of.map, self.affine(), observer),
            None => of.beside("density", observer).map_err(|mut e| {
                e.suggestion =
                    "Add --density FILE (g/cm3), or name the folder of voxgray dose.".into();
                e
            }),
        }
    }

    pub(super) fn affine(&self) -> NiftiAffine {
        self.nifti_affine.unwrap_or_default()
    }

    /// Samples of a region; refused if too much of it is missing.
    pub(super) fn sample(&self, set: &RegionSet, region: &Region, map: &Map) -> Result<Samples> {
        let how = match self.sampling {
            SamplingChoice::Uniform => Sampling::Uniform,
            SamplingChoice::Interpolated => Sampling::Interpolated,
        };
        let found = sample(set, region, map, how)?;
        let missing = found.outside + found.not_a_number;
        if missing > self.missing {
            return Err(Error::input(
                format!(
                    "'{}': {:.3} % of its volume lie outside of the map, {:.3} % where the map is NaN",
                    region.name,
                    100.0 * found.outside,
                    100.0 * found.not_a_number
                ),
                format!("at most {:.3} % may be missing", 100.0 * self.missing),
                "Use a map that holds it, or accept it with --missing.",
            ));
        }
        Ok(found)
    }
}

/// Refuses doses below zero where what is made of them has no meaning then.
pub(super) fn no_doses_below_zero(samples: &Samples, what: &str) -> Result<()> {
    let below = samples.values.iter().zip(&samples.weights).filter(|(v, w)| **v < 0.0 && **w > 0.0);
    let below = below.count();
    if below == 0 {
        return Ok(());
    }
    Err(Error::input(
        format!("{below} of {} doses are below zero", samples.values.len()),
        format!("{what} of absorbed doses"),
        "Give an absorbed dose, not a difference; or a VOI without those voxels.",
    ))
}

/// Regions with the set that each belongs to.
pub(super) fn each(sets: &[RegionSet]) -> impl Iterator<Item = (&RegionSet, &Region)> {
    sets.iter().flat_map(|set| set.regions.iter().map(move |region| (set, region)))
}

/// A row of the table of results.
#[derive(Debug, Clone)]
pub(super) struct Row {
    pub(super) voi: String,
    pub(super) what: String,
    pub(super) unit: String,
    pub(super) value: Estimate,
}

impl Row {
    /// 95 % interval by the noise; that of a share lies from 0 to 100 %.
    fn interval(&self, factor: f64) -> Option<[f64; 2]> {
        let limits = self.value.interval_95(factor)?;
        // A dose or an index that is not negative has no negative limits; a difference of maps has.
        let positive = self.value.value >= 0.0 && (self.unit.starts_with("Gy") || self.unit == "1");
        Some(match self.unit.as_str() {
            "%" => limits.map(|l| l.clamp(0.0, 100.0)),
            _ if positive => limits.map(|l| l.max(0.0)),
            _ => limits,
        })
    }
}

/// The table of results.
#[derive(Debug, Default)]
pub(super) struct Table {
    pub(super) rows: Vec<Row>,
}

/// Names of the columns.
const HEADER: [&str; 9] = [
    "voi",
    "quantity",
    "value",
    "unit",
    "bias",
    "corrected",
    "standard_error",
    "low_95",
    "high_95",
];

impl Table {
    /// Adds a row.
    pub(super) fn add(&mut self, voi: &str, what: impl Into<String>, unit: &str, value: Estimate) {
        self.rows.push(Row { voi: voi.into(), what: what.into(), unit: unit.into(), value });
    }

    /// Adds a bare number.
    pub(super) fn plain(&mut self, voi: &str, what: impl Into<String>, unit: &str, value: f64) {
        self.add(voi, what, unit, Estimate::bare(value));
    }

    fn cells(&self, factor: f64) -> Vec<Vec<String>> {
        let some = |x: Option<f64>| x.map_or(String::new(), shown);
        let row = |r: &Row| {
            let limits = r.interval(factor);
            vec![
                r.voi.replace(char::is_control, " "),
                r.what.clone(),
                shown(r.value.value),
                r.unit.clone(),
                some(r.value.bias),
                some(r.value.bias.map(|_| r.value.corrected())),
                some(r.value.standard_error),
                some(limits.map(|l| l[0])),
                some(limits.map(|l| l[1])),
            ]
        };
        let header = HEADER.iter().map(ToString::to_string).collect();
        std::iter::once(header).chain(self.rows.iter().map(row)).collect()
    }

    /// As CSV.
    pub(super) fn csv(&self, factor: f64) -> String {
        lines(self.cells(factor), Separator::Comma)
    }

    /// As JSON: a list of the rows.
    pub(super) fn json(&self, factor: f64) -> Value {
        let row = |r: &Row| {
            let corrected = r.value.bias.map(|_| r.value.corrected());
            json!({"voi": r.voi, "quantity": r.what, "unit": r.unit, "value": r.value.value, "bias": r.value.bias,
                   "corrected": corrected, "standard_error": r.value.standard_error, "interval_95": r.interval(factor)})
        };
        Value::Array(self.rows.iter().map(row).collect())
    }

    /// Prints it: a table, tab-separated, with `-` for what is not known; CSV; or JSON with `more`.
    pub(super) fn print(&self, csv: bool, json: bool, factor: f64, more: Value) -> Result<()> {
        if json {
            return print(&format!("{:#}\n", whole(more, self.json(factor))));
        }
        if csv {
            return print(&self.csv(factor));
        }
        let mut text = String::new();
        let all = self.cells(factor);
        // What no row knows has no column, for a person.
        let kept = |c: &usize| all.iter().skip(1).any(|row| !row[*c].is_empty());
        let columns: Vec<usize> = (0..HEADER.len()).filter(kept).collect();
        for row in &all {
            let row: Vec<&String> = columns.iter().map(|c| &row[*c]).collect();
            let cells: Vec<&str> = row.iter().map(|c| if c.is_empty() { "-" } else { c }).collect();
            text.push_str(&cells.join("\t"));
            text.push('\n');
        }
        print(&text)
    }
}

/// A document with the program, what is told, and the results.
pub(super) fn whole(more: Value, results: Value) -> Value {
    let mut all = Object::new();
    all.insert("program".into(), json!(env!("CARGO_PKG_NAME")));
    all.insert("version".into(), json!(env!("CARGO_PKG_VERSION")));
    all.insert("format".into(), json!(1));
    if let Value::Object(more) = more {
        all.extend(more);
    }
    all.insert("results".into(), results);
    Value::Object(all)
}
