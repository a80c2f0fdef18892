//! `voxgray compare-media`: the same histories in two media, and the difference of their doses with its own standard error. Neglects nothing of
//! transport; where the paths of a history part, the two runs are as independent as any.
//!
//! Both runs draw the same decays, directions and first steps: what they have in common cancels. In batch b the doses are A_b and B_b; the standard
//! error of the mean of B_b - A_b is that of the batches' differences, var(A) + var(B) - 2 cov(A, B) over their number (common random numbers:
//! Law, Simulation Modeling and Analysis, 5th ed., section 11.2). How much that gains stands beside every number.

use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

use serde::Serialize;
use serde_json::json;

mod change;
mod moments;

pub use change::Change;

use super::fast::Heard;
use super::folder::OutputFolder;
use super::histories::{check_energy, choose_engine};
use super::{Observer, Prepared, prepare_for};
use crate::analysis::interfaces::{KINDS, distances_of_kinds_mm, kind};
use crate::dose::DoseScale;
use crate::error::{Error, Result};
use crate::image::Volume;
use crate::io::atomic::{write_atomically, write_json};
use crate::io::write_nifti;
use crate::job::Job;
use crate::phantom::{LOW_DENSITY_G_CM3, Phantom};
use crate::program::Program;
use crate::sheet::{Separator, lines};
use crate::transport::build::{PlanInput, build_beam_plan, build_plan};
use crate::transport::plan::Plan;
use crate::transport::run::RunSettings;
use crate::transport::tally::Tally;
use moments::Moments;

/// Batches of a run: they tell the size of a standard error to 13 %.
pub const BATCHES: u32 = 32;
/// Edges (mm) of the distances from the face of what was changed; inside of it they are negative.
const DISTANCES_MM: [f64; 11] = [-20.0, -10.0, -5.0, -2.0, -1.0, 0.0, 1.0, 2.0, 5.0, 10.0, 20.0];

/// Bytes of a voxel for the second medium: its plan and matter, and the tally of a batch. Those of the first are checked with the job.
const SECOND_RUN: u64 = 64;

/// What is compared.
#[derive(Debug, Clone, PartialEq)]
pub struct MediaJob {
    /// The reference: a run as `voxgray dose` has it, with one image of activity.
    pub job: Job,
    /// What is made of its matter; the last that holds a voxel counts.
    pub changes: Vec<Change>,
}

/// Doses of a set of voxels in both media.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Row {
    /// Which voxels.
    pub voxels: String,
    /// How many.
    pub count: usize,
    /// Mean dose (rate) in the reference, Gy or Gy/s.
    pub reference: f64,
    /// Its standard error.
    pub reference_standard_error: f64,
    /// The same in the changed medium.
    pub changed: f64,
    /// Its standard error.
    pub changed_standard_error: f64,
    /// changed - reference.
    pub difference: f64,
    /// Its standard error from common histories.
    pub standard_error: f64,
    /// Variance of the difference of two independent runs over that of this one: by how much fewer histories this needs.
    pub gain: f64,
}

impl Row {
    fn new(voxels: String, count: usize, doses: &[[f64; 2]]) -> Self {
        let mut sum = Moments::default();
        doses.iter().for_each(|d| sum.add(d[0], d[1]));
        let of = sum.told(doses.len() as f64);
        Row {
            voxels,
            count,
            reference: of.mean[0],
            reference_standard_error: of.error[0],
            changed: of.mean[1],
            changed_standard_error: of.error[1],
            difference: of.mean[1] - of.mean[0],
            standard_error: of.difference_error,
            gain: (of.error[0].powi(2) + of.error[1].powi(2)) / of.difference_error.powi(2),
        }
    }
}

/// The result.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Media {
    /// VOIs.
    pub vois: Vec<Row>,
    /// Tissues of the reference, and distances to the face of what was changed.
    pub places: Vec<Row>,
}

/// A set of voxels whose dose is told batch by batch.
struct Set {
    name: String,
    voxels: Vec<usize>,
    /// Mean over the mass (a VOI's dose), or over the volume (a place's).
    by_mass: bool,
    /// Doses of both media, batch by batch.
    doses: Vec<[f64; 2]>,
}

/// Runs both media and writes the folder.
///
/// # Errors
/// If an input cannot be used, nothing is changed, a check of a run fails, it is interrupted, or writing fails; then no folder is left.
pub fn compare_media(
    of: &MediaJob,
    observer: &dyn Observer,
    stop: &AtomicBool,
) -> Result<(PathBuf, Media)> {
    let job = &of.job;
    job.check()?;
    if job.goal.is_some() || job.shard.is_some() {
        return Err(Error::usage(
            "a goal or a part of the histories is given",
            "both media run the same number of histories, batch by batch",
            "Leave --target-uncertainty and --shard out.",
        ));
    }
    let folder = OutputFolder::of(job, observer)?;
    let engine = choose_engine(job, observer)?;
    let prepared = prepare_for(job, &engine, observer)?;
    let Prepared { plan, phantom, labels, decay, context, .. } = &prepared;
    let mut changed = phantom.clone();
    let vois: Vec<(String, Vec<usize>)> = context
        .vois
        .iter()
        .enumerate()
        .map(|(n, v)| {
            let regions = context.parts.of_voi(n);
            let inside = |v: &usize| regions.contains(&usize::from(labels[*v]));
            (v.name.clone(), (0..labels.len()).filter(inside).collect())
        })
        .collect();
    let moved = change::apply(&of.changes, &mut changed, &vois, observer)?;
    let matter: Vec<f64> = changed.density.iter().map(|d| f64::from(*d)).collect();
    let input = PlanInput {
        grid: &changed.grid,
        density: &changed.density,
        material: &changed.material,
        materials: &changed.materials,
        activity: &matter,
        decay,
        settings: &job.transport,
        radial: None,
    };
    let other = match &job.beam {
        Some(of) => build_beam_plan(&input, &of.beam)?,
        None => {
            let mut other = build_plan(&input)?;
            other.share_source(plan);
            other
        }
    };
    let mut sets = sets(phantom, &vois, &moved);
    let scales = [context.scale(&phantom.density), context.scale(&changed.density)];
    let voxels = phantom.density.len();
    let need = (size_of::<Moments>() as u64 + SECOND_RUN) * voxels as u64;
    crate::machine::make_room(need, Some(job.max_memory), "both media")?;
    let mut moments = vec![Moments::default(); voxels];
    let batches = job.batches.unwrap_or(BATCHES).max(2);
    observer.started(2 * job.histories, None);
    let watch = Heard(observer);
    let run_one = |plan: &Plan, batch: u32| -> Result<Tally> {
        let run = RunSettings {
            threads: job.threads,
            ..RunSettings::one_batch(job.histories, batches, batch)
        };
        let outcome = engine.run(plan, &run, &[], 0, &watch, stop)?;
        if outcome.interrupted {
            observer.finished();
            return Err(crate::interrupt::error());
        }
        outcome.notices.iter().for_each(|n| observer.warn(n));
        check_energy(&outcome.tally)?;
        Ok(outcome.tally)
    };
    for batch in 0..batches {
        let both = [run_one(plan, batch)?, run_one(&other, batch)?];
        for (v, sum) in moments.iter_mut().enumerate() {
            sum.add(scales[0].dose(&both[0], v), scales[1].dose(&both[1], v));
        }
        sets.iter_mut().for_each(|set| set.take(&both, &scales));
    }
    observer.finished();
    let vois_found = vois.len();
    let rows: Vec<Row> =
        sets.into_iter().map(|s| Row::new(s.name, s.voxels.len(), &s.doses)).collect();
    let (vois, places) = rows.split_at(vois_found);
    let found = Media { vois: vois.to_vec(), places: places.to_vec() };
    write(folder.path(), of, &prepared, (&moments, batches), &found)?;
    Ok((folder.keep(true)?, found))
}

impl Set {
    fn take(&mut self, both: &[Tally; 2], scales: &[DoseScale; 2]) {
        let mut pair = [0.0; 2];
        for (n, (tally, scale)) in both.iter().zip(scales).enumerate() {
            let weight = |v: usize| if self.by_mass { f64::from(scale.density[v]) } else { 1.0 };
            let of = |v: &usize| [weight(*v) * scale.dose(tally, *v), weight(*v)];
            let sums = self.voxels.iter().map(of).fold([0.0; 2], |s, x| [s[0] + x[0], s[1] + x[1]]);
            pair[n] = sums[0] / sums[1];
        }
        self.doses.push(pair);
    }
}

/// VOIs, then tissues, then distances to what was changed; air counts in VOIs only.
fn sets(phantom: &Phantom, vois: &[(String, Vec<usize>)], changed: &[bool]) -> Vec<Set> {
    let set = |name: String, voxels: Vec<usize>, by_mass| Set {
        name,
        voxels,
        by_mass,
        doses: Vec::new(),
    };
    let mut sets: Vec<Set> =
        vois.iter().map(|(name, voxels)| set(name.clone(), voxels.clone(), true)).collect();
    let dense = |v: &usize| f64::from(phantom.density[*v]) >= LOW_DENSITY_G_CM3;
    let all = || (0..phantom.density.len()).filter(dense);
    for (k, (_, name)) in KINDS.iter().enumerate().skip(1) {
        sets.push(set(
            (*name).into(),
            all().filter(|v| kind(phantom.density[*v]) == k).collect(),
            false,
        ));
    }
    let kinds: Vec<u8> = changed.iter().map(|c| u8::from(*c)).collect();
    let distances = distances_of_kinds_mm(&phantom.grid, &kinds);
    let signed = |v: usize| f64::from(if changed[v] { -distances[v] } else { distances[v] });
    for n in 0..=DISTANCES_MM.len() {
        let low = if n == 0 { f64::NEG_INFINITY } else { DISTANCES_MM[n - 1] };
        let high = DISTANCES_MM.get(n).copied().unwrap_or(f64::INFINITY);
        let name = match (low.is_finite(), high.is_finite()) {
            (false, _) => format!("inside, beyond {} mm", -high),
            (_, false) => format!("outside, beyond {low} mm"),
            _ if high <= 0.0 => format!("inside, {} to {} mm", -high, -low),
            _ => format!("outside, {low} to {high} mm"),
        };
        let within = |v: &usize| {
            let d = signed(*v);
            d.is_finite() && (low..high).contains(&d)
        };
        sets.push(set(name, all().filter(within).collect(), false));
    }
    let vois = vois.len();
    sets.into_iter()
        .enumerate()
        .filter(|(n, s)| *n < vois || !s.voxels.is_empty())
        .map(|(_, s)| s)
        .collect()
}

fn write(
    folder: &Path,
    of: &MediaJob,
    prepared: &Prepared,
    (moments, batches): (&[Moments], u32),
    found: &Media,
) -> Result<()> {
    let Prepared { phantom, context, .. } = prepared;
    let stem = context.kind.name();
    let n = f64::from(batches);
    let mut files = Vec::new();
    let mut map = |name: String, value: &dyn Fn(&Moments) -> f64| -> Result<()> {
        let values = moments.iter().map(|m| value(m) as f32).collect();
        let file = format!("{name}.nii.gz");
        write_nifti(&folder.join(&file), &Volume::new(phantom.grid.clone(), values)?)?;
        files.push(file);
        Ok(())
    };
    for (n_of, name) in ["reference", "changed"].iter().enumerate() {
        map(format!("{stem}_{name}"), &|m| m.told(n).mean[n_of])?;
        map(format!("{stem}_{name}_standard_error"), &|m| m.told(n).error[n_of])?;
    }
    map(format!("{stem}_difference"), &|m| m.told(n).mean[1] - m.told(n).mean[0])?;
    map(format!("{stem}_difference_standard_error"), &|m| m.told(n).difference_error)?;
    map("correlation".into(), &|m| m.told(n).correlation)?;
    write_nifti(
        &folder.join("density.nii.gz"),
        &Volume::new(phantom.grid.clone(), phantom.density.clone())?,
    )?;
    files.push("density.nii.gz".into());
    for (name, rows) in [("vois.csv", &found.vois), ("places.csv", &found.places)] {
        if rows.is_empty() {
            continue;
        }
        let text = lines(table(rows, context.kind.unit()).iter(), Separator::Comma);
        write_atomically(&folder.join(name), |w| w.write_all(text.as_bytes()))?;
        files.push(name.into());
    }
    files.push("summary.json".into());
    let summary = json!({
        "program": "voxgray",
        "format": 1,
        "build": Program::this(),
        "setup": context.setup,
        "changes": of.changes.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "unit": context.kind.unit(),
        "histories": of.job.histories,
        "batches": batches,
        "media": found,
        "files": files,
    });
    write_json(&folder.join("summary.json"), &summary)
}

fn table(rows: &[Row], unit: &str) -> Vec<Vec<String>> {
    let head = [
        "voxels",
        "count",
        "unit",
        "reference",
        "reference_standard_error",
        "changed",
        "changed_standard_error",
        "difference",
        "standard_error",
        "relative_difference",
        "gain",
    ];
    let number = |x: f64| if x.is_finite() { format!("{x:.6e}") } else { String::new() };
    let mut table = vec![head.map(String::from).to_vec()];
    table.extend(rows.iter().map(|r| {
        let mut row = vec![r.voxels.clone(), r.count.to_string(), unit.into()];
        let relative = r.difference / r.reference;
        row.extend(
            [
                r.reference,
                r.reference_standard_error,
                r.changed,
                r.changed_standard_error,
                r.difference,
                r.standard_error,
                relative,
                r.gain,
            ]
            .map(number),
        );
        row
    }));
    table
}
