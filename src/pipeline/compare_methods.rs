//! `voxgray compare-methods`: dose maps of other methods, or of other programs, against a reference. Neglects, where maps lie on different grids,
//! what linear interpolation does to a steep dose.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Serialize;
use serde_json::{Value, json};

mod page;
mod tables;

use page::page;

use super::Observer;
use super::finished::{
    FinishedMap, MapOptions, SAME_GRID_MM, VoiPlace, read_all_regions, read_map,
};
use super::heard::Heard;
use super::other_map::{density_on_grid, same_frame};
use crate::analysis::difference::{Difference, Pair, with_noise};
use crate::analysis::gamma::{Criterion, pass_rate};
use crate::analysis::interfaces::{self, KINDS};
use crate::analysis::{Dvh, Map, Sampling, VoiMetrics, metrics::Metric, sample};
use crate::error::{Error, Result};
use crate::image::{Region, RegionSet, Volume, resample_intensity};
use crate::io::atomic::write_atomically;
use crate::io::folder::MarkedFolder;
use crate::io::{NiftiAffine, sha256_file, write_nifti};
use crate::job::VoiInput;
use crate::phantom::LOW_DENSITY_G_CM3;
use crate::program::Program;
use crate::report::dvh_plot::DvhLine;
use crate::sheet::{Separator, lines};

/// Edges (mm) of the distances to an interface.
pub const DISTANCES_MM: [f64; 5] = [0.0, 2.0, 5.0, 10.0, 20.0];
/// Parts of the largest reference dose from which on voxels count.
pub const THRESHOLDS: [f64; 4] = [0.01, 0.05, 0.1, 0.5];
/// The threshold of tables by tissue and distance, and of gamma.
pub const USUAL_THRESHOLD: f64 = 0.1;
/// Voxels whose relative standard error is above this say nothing of the largest dose.
const KNOWN: f64 = 0.1;
/// Seeds of the noise of reference and candidate.
const NOISE_SEEDS: [u64; 2] = [20_002, 20_003];
/// Voxels that gamma looks at, at most: it is a share, and these tell it to 0.3 %.
const GAMMA_VOXELS: usize = 30_000;

/// All numbers of a comparison.
pub const COMPARISON: &str = "comparison.json";
/// Version of that file.
pub const FORMAT: u32 = 1;
/// The cumulative histograms of its VOIs under each map.
pub const HISTOGRAMS: &str = "histograms.csv";
/// What the reference is called among the histograms.
pub const REFERENCE: &str = "reference";

/// What is compared.
#[derive(Debug, Clone, PartialEq)]
pub struct CompareJob {
    /// Reference: a folder of `voxgray dose`, or a map.
    pub reference: PathBuf,
    /// Candidates: name and folder or map.
    pub candidates: Vec<(String, PathBuf)>,
    /// Unit of maps that do not say it.
    pub unit: Option<String>,
    /// VOIs, each file with the names of its labels.
    pub voi: Vec<VoiInput>,
    /// Take maps and VOIs of other frames of reference than the reference's as they are.
    pub any_frame: bool,
    /// Density map, where the reference is no folder.
    pub density: Option<PathBuf>,
    /// Criteria of gamma.
    pub gamma: Vec<Criterion>,
    /// Output folder.
    pub out: PathBuf,
    /// Replace an older output.
    pub overwrite: bool,
}

/// Numbers of a set of voxels of a candidate.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Row {
    /// Which voxels: `all`, a tissue, or a distance to an interface.
    pub voxels: String,
    /// From which part of the largest reference dose on.
    pub threshold: f64,
    /// Numbers.
    pub difference: Difference,
}

/// A pass rate of gamma.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct GammaRow {
    /// Criterion.
    pub criterion: Criterion,
    /// Share that passes.
    pub passes: f64,
    /// The same by noise alone.
    pub passes_of_noise: f64,
    /// Voxels looked at.
    pub voxels: usize,
}

/// A VOI under both.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct VoiRow {
    /// Name.
    pub voi: String,
    /// Which number.
    pub metric: String,
    /// Of the reference.
    pub reference: f64,
    /// Of the candidate.
    pub candidate: f64,
    /// candidate/reference - 1.
    pub relative_difference: f64,
    /// Standard error of that by both maps' statistics; null where one is not known.
    pub standard_error: Option<f64>,
}

/// One candidate.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Compared {
    /// Name.
    pub name: String,
    /// Its method, where its run says it.
    pub method: serde_json::Value,
    /// Hash of its map.
    pub sha256: String,
    /// Seconds that it took, where its run says it; told apart from what is the same for the same maps.
    #[serde(skip)]
    pub seconds: Option<f64>,
    /// Whether it was brought to the reference's grid.
    pub interpolated: bool,
    /// What its run has warned of.
    pub warnings: Vec<String>,
    /// Numbers.
    pub rows: Vec<Row>,
    /// Gamma.
    pub gamma: Vec<GammaRow>,
    /// VOIs.
    pub vois: Vec<VoiRow>,
}

/// Brings a map in mGy, cGy or uGy (per time too) to Gy.
fn in_gray(found: &mut FinishedMap) {
    const PARTS: [(&str, f32); 4] = [("mGy", 1e-3), ("cGy", 1e-2), ("uGy", 1e-6), ("µGy", 1e-6)];
    let of =
        |(part, factor): &(&str, f32)| Some((found.unit.strip_prefix(part)?.to_owned(), *factor));
    let Some((rest, factor)) = PARTS.iter().find_map(of) else { return };
    found.unit = format!("Gy{rest}");
    let errors = found.standard_errors.iter_mut().flatten();
    found.map.data.iter_mut().chain(errors).for_each(|v| *v *= factor);
}

/// Compares and writes the folder.
///
/// # Errors
/// If a map cannot be read, units differ, grids do not overlap, or writing fails.
pub fn compare_methods(job: &CompareJob, observer: &dyn Observer) -> Result<Vec<Compared>> {
    let observer: &dyn Observer = &Heard::new(observer);
    let options = MapOptions { unit_if_unsaid: job.unit.as_deref(), ..MapOptions::default() };
    let reference = read_map(&job.reference, &options, observer)?;
    let density = match &job.density {
        Some(path) => {
            Some(density_on_grid(path, &reference.map, NiftiAffine::default(), observer)?)
        }
        None => {
            reference.folder.is_some().then(|| reference.beside("density", observer)).transpose()?
        }
    };
    if density.is_none() {
        observer.warn(
            "no densities: numbers hold air too, and none are told by tissue or distance to an interface (--density FILE)",
        );
    }
    let place = VoiPlace {
        frame_of_reference: reference.frame_of_reference.as_deref(),
        any_frame: job.any_frame,
        affine: NiftiAffine::default(),
    };
    let sets = read_all_regions(&job.voi, &place, observer)?;
    let dense = |v: usize| density.as_ref().is_none_or(|d| f64::from(d[v]) >= LOW_DENSITY_G_CM3);
    let error = |v: usize| reference.standard_errors.as_ref().map_or(0.0, |e| f64::from(e[v]));
    let dose = |v: usize| f64::from(reference.map.data[v]);
    let largest = (0..reference.map.data.len())
        .filter(|v| dense(*v) && error(*v) <= KNOWN * dose(*v))
        .map(dose)
        .fold(0.0, f64::max);
    if largest <= 0.0 {
        return Err(Error::input(
            format!("{}: no voxel is above zero and known to 10 %", reference.path.display()),
            "differences are told relative to the reference",
            "Give it more histories.",
        ));
    }
    let distance = density.as_ref().map(|d| interfaces::distances_mm(&reference.map.grid, d));
    let mut found = Vec::new();
    let mut files: Vec<(String, Volume<f32>)> = Vec::new();
    let left_out = reference.low_density.as_deref();
    let mut lines = histograms(&sets, REFERENCE, &reference.map, left_out);
    for (name, path) in &job.candidates {
        let mut candidate = read_map(path, &options, observer)?;
        in_gray(&mut candidate);
        if candidate.unit != reference.unit {
            return Err(Error::usage(
                format!("{name} is in {}, the reference in {}", candidate.unit, reference.unit),
                "one would have to be integrated over time",
                "Compare dose with dose, or dose rate with dose rate.",
            ));
        }
        if !job.any_frame {
            let frames = [&reference, &candidate].map(|m| m.frame_of_reference.as_deref());
            same_frame(frames, name, &reference.name)?;
        }
        let placed = on_reference(&reference, &candidate, name, observer)?;
        let n = reference.map.data.len();
        // What is not known is no noise here.
        let known = |e: f64| if e.is_finite() { e } else { 0.0 };
        let own = |v: usize| placed.errors.as_ref().map_or(0.0, |e| known(f64::from(e[v])));
        let pair = Pair {
            reference: (0..n).map(dose).collect(),
            candidate: placed.map.data.iter().map(|v| f64::from(*v)).collect(),
            error: (0..n).map(|v| known(error(v)).hypot(own(v))).collect(),
        };
        let noise = pair.noise();
        // Gamma is not the same both ways: each map has its own noise.
        let errors = |of: &dyn Fn(usize) -> f64| (0..n).map(of).collect::<Vec<f64>>();
        let noises = [
            with_noise(&pair.reference, &errors(&|v| known(error(v))), NOISE_SEEDS[0]),
            with_noise(&pair.reference, &errors(&own), NOISE_SEEDS[1]),
        ];
        let usable: Vec<usize> = (0..n)
            .filter(|v| dense(*v) && pair.candidate[*v].is_finite() && error(*v).is_finite())
            .collect();
        let above = |t: f64| -> Vec<usize> {
            usable.iter().copied().filter(|v| pair.reference[*v] >= t * largest).collect()
        };
        let mut rows = Vec::new();
        let mut push = |voxels: &str, threshold: f64, chosen: &[usize]| {
            if let Some(difference) = pair.of(chosen, &noise) {
                rows.push(Row { voxels: voxels.into(), threshold, difference });
            }
        };
        for threshold in THRESHOLDS {
            push("all", threshold, &above(threshold));
        }
        let usual = above(USUAL_THRESHOLD);
        if let (Some(density), Some(distance)) = (&density, &distance) {
            for threshold in [THRESHOLDS[0], USUAL_THRESHOLD] {
                let chosen = above(threshold);
                for (k, (_, tissue)) in KINDS.iter().enumerate().skip(1) {
                    let of: Vec<usize> = chosen
                        .iter()
                        .copied()
                        .filter(|v| interfaces::kind(density[*v]) == k)
                        .collect();
                    push(tissue, threshold, &of);
                }
                for (i, low) in DISTANCES_MM.iter().enumerate() {
                    let high = DISTANCES_MM.get(i + 1).copied().unwrap_or(f64::INFINITY);
                    let within = |v: &usize| {
                        (*low..high).contains(&f64::from(distance[*v]))
                            || (high.is_infinite() && distance[*v].is_infinite())
                    };
                    let of: Vec<usize> = chosen.iter().copied().filter(within).collect();
                    let name = match high.is_finite() {
                        true => format!("{low}-{high} mm from an interface"),
                        false => format!("above {low} mm from an interface"),
                    };
                    push(&name, threshold, &of);
                }
            }
        }
        let looked: Vec<usize> = {
            let step = usual.len().div_ceil(GAMMA_VOXELS).max(1);
            usual.iter().copied().step_by(step).collect()
        };
        let gamma = job
            .gamma
            .iter()
            .map(|c| {
                let grid = &reference.map.grid;
                let of = |reference: &[f64], candidate: &[f64]| {
                    pass_rate(grid, reference, candidate, &looked, c, largest)
                };
                GammaRow {
                    criterion: *c,
                    passes: of(&pair.reference, &pair.candidate),
                    passes_of_noise: of(&noises[0], &noises[1]),
                    voxels: looked.len(),
                }
            })
            .collect();
        let mut vois = Vec::new();
        for set in &sets {
            for region in &set.regions {
                vois.extend(voi_rows((set, region), &reference, (&candidate, &placed), observer));
            }
        }
        let grid = &reference.map.grid;
        let map = |of: &dyn Fn(usize) -> f64| -> Result<Volume<f32>> {
            Volume::new(grid.clone(), (0..n).map(|v| of(v) as f32).collect())
        };
        let slug = file_slug(name);
        files.push((difference_file(name), map(&|v| pair.candidate[v] - pair.reference[v])?));
        files.push((format!("difference_{slug}_standard_error.nii.gz"), map(&|v| pair.error[v])?));
        lines.extend(histograms(&sets, name, &placed.map, left_out));
        let summary = candidate.summary.as_ref();
        found.push(Compared {
            name: name.clone(),
            sha256: sha256_file(&candidate.path)?,
            method: summary.map_or(json!(null), |s| s["setup"]["method"].clone()),
            seconds: summary.and_then(|s| s["timing"]["transport_seconds"].as_f64()),
            interpolated: placed.interpolated,
            warnings: summary.map_or(Vec::new(), warnings_of),
            rows,
            gamma,
            vois,
        });
    }
    write(job, &reference, largest, (&found, &observer.warnings()), &lines, files)?;
    Ok(found)
}

fn warnings_of(summary: &Value) -> Vec<String> {
    let all = summary["warnings"].as_array().into_iter().flatten();
    all.filter_map(|w| w.as_str().map(str::to_owned)).collect()
}

/// The file with the difference of a candidate from the reference.
pub fn difference_file(name: &str) -> String {
    format!("difference_{}.nii.gz", file_slug(name))
}

/// Name of a candidate as a part of a file's name.
fn file_slug(name: &str) -> String {
    name.chars()
        .map(|c| if c.is_ascii_alphanumeric() || "-_.".contains(c) { c } else { '_' })
        .collect()
}

/// A candidate on the reference's grid.
struct Placed {
    map: Volume<f32>,
    errors: Option<Vec<f32>>,
    interpolated: bool,
}

fn on_reference(
    reference: &FinishedMap,
    candidate: &FinishedMap,
    name: &str,
    observer: &dyn Observer,
) -> Result<Placed> {
    let (to, from) = (&reference.map.grid, &candidate.map.grid);
    if to.same_geometry(from, SAME_GRID_MM) {
        let errors = candidate.standard_errors.clone();
        return Ok(Placed { map: candidate.map.clone(), errors, interpolated: false });
    }
    observer.warn(&format!(
        "{name} lies on another grid ({:?} voxels of {:?} mm): it is interpolated linearly, which smooths its noise and steep gradients",
        from.dims,
        from.spacing_mm()
    ));
    let moved = resample_intensity(&candidate.map, to, f32::NAN)?;
    if moved.outside_voxels == to.len() {
        return Err(Error::input(
            format!("{name} does not overlap the reference"),
            "no voxel of the reference lies within it",
            "Check that both are of one patient and frame.",
        ));
    }
    let errors = candidate.standard_errors.clone().map(|e| {
        let errors = Volume::new(from.clone(), e)?;
        Ok(resample_intensity(&errors, to, f32::NAN)?.volume.data)
    });
    Ok(Placed { map: moved.volume, errors: errors.transpose()?, interpolated: true })
}

/// The numbers of a VOI that are told.
fn voi_metrics() -> Vec<Metric> {
    let share = Metric::DoseToShare;
    vec![Metric::Mean, share(0.98), share(0.5), share(0.02)]
}

fn voi_rows(
    (set, region): (&RegionSet, &Region),
    reference: &FinishedMap,
    (candidate, placed): (&FinishedMap, &Placed),
    observer: &dyn Observer,
) -> Vec<VoiRow> {
    let read = |map: &Volume<f32>, errors: Option<&[f32]>, of: &FinishedMap| {
        let left_out = reference.low_density.as_deref();
        let map = Map { standard_errors: errors, left_out, ..Map::of(map) };
        let samples = sample(set, region, &map, Sampling::Uniform)?;
        let missing = samples.outside + samples.not_a_number;
        if missing > MOST_MISSING {
            return Err(Error::input(
                format!(
                    "{:.3} % of it lie outside of {} or where that is NaN",
                    100.0 * missing,
                    of.name
                ),
                format!(
                    "at most {} % may: its values would be those of another volume",
                    100.0 * MOST_MISSING
                ),
                "Compare a VOI that both maps hold.",
            ));
        }
        let batches = of.mean_standard_error(&region.name, region.label, samples.volume_ml);
        VoiMetrics::new(&samples, &voi_metrics(), batches)
    };
    let both = read(&reference.map, reference.standard_errors.as_deref(), reference)
        .and_then(|r| Ok((r, read(&placed.map, placed.errors.as_deref(), candidate)?)));
    let (reference, candidate) = match both {
        Ok(both) => both,
        Err(error) => {
            observer.warn(&format!("VOI '{}' is left out: {error}", region.name));
            return Vec::new();
        }
    };
    let rows = reference.values.iter().zip(&candidate.values);
    rows.map(|((metric, r), (_, c))| VoiRow {
        voi: region.name.clone(),
        metric: metric.name("", false),
        reference: r.value,
        candidate: c.value,
        relative_difference: c.value / r.value - 1.0,
        standard_error: r
            .standard_error
            .zip(c.standard_error.or(Some(0.0)))
            .map(|(a, b)| (a * a + b * b).sqrt() / r.value.abs()),
    })
    .collect()
}

/// Share of a VOI that a map may lack.
const MOST_MISSING: f64 = 1e-3;
/// Points of a histogram on the page: as many at equal steps of the dose as at equal steps of the volume.
const POINTS: usize = 60;

/// A VOI's name and the histogram of one map in it.
type Histogram = (String, DvhLine);

/// Cumulative histograms of a map, in % of the volume without voxels of low density.
fn histograms(
    sets: &[RegionSet],
    name: &str,
    map: &Volume<f32>,
    left_out: Option<&[bool]>,
) -> Vec<Histogram> {
    let of = Map { left_out, ..Map::of(map) };
    let line = |set: &RegionSet, region: &Region| {
        let dvh = sample(set, region, &of, Sampling::Uniform).and_then(|s| Dvh::new(&s)).ok()?;
        let top = dvh.max();
        let part = |n: usize| n as f64 / POINTS as f64;
        // A few hot voxels would else leave all of the others between two points.
        let mut at: Vec<f64> = (0..=POINTS)
            .flat_map(|n| [top * part(n), dvh.value_at_share(part(n)).max(0.0)])
            .collect();
        at.sort_by(f64::total_cmp);
        at.dedup();
        // Without any dose: a line of two points at 0.
        at.resize(at.len().max(2), top);
        let shares = dvh.cumulative(&at);
        let points = at.into_iter().zip(shares).map(|(v, s)| (v, 100.0 * s)).collect();
        Some((region.name.clone(), DvhLine { name: name.into(), points, band: Vec::new() }))
    };
    sets.iter().flat_map(|set| set.regions.iter().filter_map(move |r| line(set, r))).collect()
}

fn write(
    job: &CompareJob,
    reference: &FinishedMap,
    largest: f64,
    (found, warnings): (&[Compared], &[String]),
    curves: &[Histogram],
    maps: Vec<(String, Volume<f32>)>,
) -> Result<()> {
    let page = page(reference, largest, found, curves)?;
    let sha256 = sha256_file(&reference.path)?;
    let seconds: BTreeMap<&str, f64> =
        found.iter().filter_map(|c| Some((c.name.as_str(), c.seconds?))).collect();
    let all = json!({
        "program": "voxgray",
        "format": FORMAT,
        "build": Program::this(),
        "reference": {
            "name": reference.name,
            "sha256": sha256,
            "unit": reference.unit,
            "largest": largest,
        },
        "candidates": found,
        "warnings": warnings,
        "timing": {"seconds": seconds},
    });
    let text = |rows: Vec<Vec<String>>| lines(rows.iter(), Separator::Comma).into_bytes();
    let files = [
        ("comparison.csv", text(tables::voxels(found))),
        ("vois.csv", text(tables::vois(found, &reference.unit))),
        ("gamma.csv", text(tables::gamma(found))),
        (HISTOGRAMS, text(tables::histograms(curves, &reference.unit))),
        (COMPARISON, format!("{all:#}\n").into_bytes()),
        ("comparison.html", page.into_bytes()),
    ];
    let mut names: Vec<String> = files.iter().map(|f| f.0.to_string()).collect();
    names.extend(maps.iter().map(|m| m.0.clone()));
    let folder = MarkedFolder::open(&job.out, job.overwrite, &names)?;
    for (name, bytes) in files {
        write_atomically(&job.out.join(name), |w| w.write_all(&bytes))?;
    }
    for (name, map) in maps {
        write_nifti(&job.out.join(name), &map)?;
    }
    folder.finish()
}

/// Names of candidates that are none, or twice there.
///
/// # Errors
/// With the name.
pub fn check_names(candidates: &[(String, PathBuf)], reference: &Path) -> Result<()> {
    for (n, (name, path)) in candidates.iter().enumerate() {
        let again =
            candidates[..n].iter().any(|c| c.0 == *name || file_slug(&c.0) == file_slug(name));
        if again || name.is_empty() {
            return Err(Error::usage(
                format!("candidate '{name}'"),
                "each needs a name of its own",
                "Write --candidate NAME=PATH with different names.",
            ));
        }
        if path == reference {
            return Err(Error::usage(
                format!("candidate '{name}' is the reference"),
                "a map does not differ from itself",
                "Name another map.",
            ));
        }
    }
    Ok(())
}
