//! Doses of other methods and programs beside those of the runs, as `voxgray compare-methods` has measured them. Every number is one of its tables.

mod histograms;
mod picture;

use std::path::{Path, PathBuf};

use serde_json::Value;

use super::super::Observer;
use super::super::compare_methods::{COMPARISON, FORMAT, USUAL_THRESHOLD};
use super::ReportJob;
use super::numbers::{Cleaner, NONE, hundredths, significant};
use super::read::{Run, as_text};
use crate::error::{Error, Result};
use crate::report::html::Page;

/// What is shown of voxels of all the thresholds that a comparison has.
const ALL: &str = "all";

/// A comparison and the run whose dose is its reference.
#[derive(Debug)]
pub struct Comparison {
    /// Its folder.
    pub folder: PathBuf,
    /// `comparison.json`.
    pub found: Value,
    /// Which run.
    pub run: usize,
}

impl Comparison {
    /// Reads those of a report.
    ///
    /// # Errors
    /// If a folder is none of `voxgray compare-methods`, or its reference is none of the runs.
    pub fn read_all(job: &ReportJob, runs: &[Run]) -> Result<Vec<Self>> {
        let mut taken = vec![false; runs.len()];
        let one = |folder: &PathBuf| {
            let found = comparison(folder)?;
            let reference = as_text(&found["reference"]["sha256"]);
            let mut all = Vec::new();
            for (n, run) in runs.iter().enumerate() {
                all.extend(run.has(&reference)?.then_some(n));
            }
            // Of several cycles with one and the same dose each has its own.
            match all.iter().find(|n| !taken[**n]).or(all.first()) {
                Some(run) => {
                    taken[*run] = true;
                    Ok(Comparison { folder: folder.clone(), found, run: *run })
                }
                None => Err(Error::input(
                    format!("{} is of another dose", folder.display()),
                    "its reference is the map of none of the runs",
                    "Compare with the folder that is reported, or report the folder that was compared with.",
                )),
            }
        };
        job.comparisons.iter().map(one).collect()
    }

    /// What is compared.
    pub fn candidates(&self) -> &[Value] {
        self.found["candidates"].as_array().map_or(&[], Vec::as_slice)
    }

    /// What was warned of, by the comparison and by the runs of the methods.
    pub fn warnings(&self) -> Vec<String> {
        let texts = |v: &Value| -> Vec<String> {
            v.as_array().into_iter().flatten().map(as_text).collect()
        };
        let mut all = texts(&self.found["warnings"]);
        for candidate in self.candidates() {
            let name = as_text(&candidate["name"]);
            all.extend(texts(&candidate["warnings"]).iter().map(|w| format!("{name}: {w}")));
        }
        all
    }
}

fn comparison(folder: &Path) -> Result<Value> {
    let refuse = |why: String| {
        Error::input(
            format!("{} is no comparison", folder.display()),
            why,
            "Name a folder that voxgray compare-methods has written.",
        )
    };
    let text = crate::files::text(&folder.join(COMPARISON))?;
    let found: Value =
        serde_json::from_str(&text).map_err(|e| refuse(e.to_string()).caused_by(e))?;
    if found["format"].as_u64() != Some(u64::from(FORMAT)) || !found["candidates"].is_array() {
        return Err(refuse(format!(
            "its {COMPARISON} is of another version, or has no candidates"
        )));
    }
    Ok(found)
}

/// The section.
///
/// # Errors
/// If a table or map of a comparison cannot be read or drawn.
pub fn section(
    page: &mut Page,
    job: &ReportJob,
    runs: &[Run],
    all: &[Comparison],
    clean: &Cleaner,
    observer: &dyn Observer,
) -> Result<()> {
    if all.is_empty() {
        return Ok(());
    }
    page.section("comparison", "Comparison of methods");
    page.note(
        "Differences are those of the method or program less the dose above, relative to that dose. In brackets: what the noise of both alone would give, \
         so that a share of 80 (80) % says that nothing is seen beside noise.",
    );
    for of in all {
        if runs.len() > 1 {
            page.heading(&runs[of.run].name);
        }
        compared(page, of, clean);
        voxels(page, of);
        gamma(page, of);
        vois(page, of);
        histograms::draw(page, of)?;
        picture::draw(page, job, of, &runs[of.run], observer)?;
    }
    Ok(())
}

/// What stands beside the dose, and how it was made.
fn compared(page: &mut Page, of: &Comparison, clean: &Cleaner) {
    let row = |c: &Value| {
        let method = &c["method"];
        let what = match method["name"].as_str() {
            Some(_) => options_of(method),
            None => "a map of another program".into(),
        };
        let neglects = as_text(&method["neglects"]);
        let placed = match c["interpolated"].as_bool() {
            Some(true) => "interpolated onto the grid of the dose",
            _ => "on the grid of the dose",
        };
        vec![
            clean.text(&as_text(&c["name"])),
            what,
            if neglects.is_empty() { NONE.into() } else { neglects },
            placed.into(),
            as_text(&c["sha256"]).chars().take(16).collect(),
        ]
    };
    let rows: Vec<Vec<String>> = of.candidates().iter().map(row).collect();
    page.table(
        "What is compared. SHA-256 is that of the map, its first 16 digits.",
        &["name", "method", "neglects", "grid", "SHA-256"],
        &rows,
    );
}

/// `ldm; photons convolved; density scaling target`.
fn options_of(method: &Value) -> String {
    let mut all = vec![as_text(&method["name"])];
    let others = method.as_object().into_iter().flatten();
    let others = others.filter(|(k, v)| *k != "name" && *k != "neglects" && !v.is_null());
    let word = |(key, value): (&String, &Value)| match value {
        Value::Array(kernels) if kernels.is_empty() => None,
        Value::Array(kernels) => Some(format!("{key} of {}", media(kernels))),
        value => Some(format!("{} {}", key.replace('_', " "), as_text(value))),
    };
    all.extend(others.filter_map(word));
    all.join("; ")
}

/// What kernels are of: `soft_tissue (1.04 g/cm3), lung (0.26 g/cm3)`.
fn media(kernels: &[Value]) -> String {
    let of = |k: &Value| {
        let density = super::numbers::shown(k["medium"]["density_g_cm3"].as_f64(), 4);
        format!("{} ({density} g/cm3)", as_text(&k["medium"]["material"]))
    };
    kernels.iter().map(of).collect::<Vec<_>>().join(", ")
}

/// A share in per cent with that of noise.
fn beside(value: &Value, noise: &Value) -> String {
    match (value.as_f64(), noise.as_f64()) {
        (Some(x), Some(n)) => format!("{} ({})", hundredths(100.0 * x), hundredths(100.0 * n)),
        _ => NONE.into(),
    }
}

/// Number and standard error, both in per cent.
fn with_error(value: &Value, error: &Value) -> String {
    let Some(x) = value.as_f64() else { return NONE.into() };
    match error.as_f64() {
        // A few hits in the voxels at an end of a histogram: how far off it may be is not known.
        Some(e) if e > 1.0 => format!("{} ± more than 100", hundredths(100.0 * x)),
        Some(e) => format!("{} ± {}", hundredths(100.0 * x), hundredths(100.0 * e)),
        None => hundredths(100.0 * x),
    }
}

fn voxels(page: &mut Page, of: &Comparison) {
    let mut rows = Vec::new();
    for c in of.candidates() {
        for row in c["rows"].as_array().into_iter().flatten() {
            let threshold = row["threshold"].as_f64().unwrap_or(f64::NAN);
            let all = row["voxels"].as_str() == Some(ALL);
            if !all && threshold != USUAL_THRESHOLD {
                continue;
            }
            let d = &row["difference"];
            let mut cells = vec![
                as_text(&c["name"]),
                as_text(&row["voxels"]),
                significant(100.0 * threshold, 1),
                as_text(&d["voxels"]),
                with_error(&d["bias"], &d["bias_standard_error"]),
                beside(&d["mare"], &d["mare_of_noise"]),
            ];
            cells.extend((0..3).map(|k| beside(&d["within"][k], &d["within_of_noise"][k])));
            rows.push(cells);
        }
    }
    let largest = of.found["reference"]["largest"].as_f64().unwrap_or(f64::NAN);
    let unit = as_text(&of.found["reference"]["unit"]);
    page.table(
        &format!(
            "Voxels, in %: all, by tissue, and by distance to the nearest place where matter changes kind (air, lung, soft tissue, bone). Thresholds are parts of {} {unit}, \
             the largest dose that is known to 10 %. Bias: mean difference with its standard error, as if voxels were independent; MARE: mean size of the difference.",
            significant(largest, 3)
        ),
        &[
            "name",
            "voxels",
            "from / %",
            "count",
            "bias",
            "MARE",
            "within 1 %",
            "within 2 %",
            "within 5 %",
        ],
        &rows,
    );
}

fn gamma(page: &mut Page, of: &Comparison) {
    let mut rows = Vec::new();
    for c in of.candidates() {
        for g in c["gamma"].as_array().into_iter().flatten() {
            let of = &g["criterion"];
            let local = if of["local"].as_bool() == Some(true) { "local" } else { "global" };
            rows.push(vec![
                as_text(&c["name"]),
                format!(
                    "{} % / {} mm, {local}",
                    super::numbers::stated(100.0 * of["dose"].as_f64().unwrap_or(f64::NAN), 3),
                    as_text(&of["distance_mm"])
                ),
                beside(&g["passes"], &g["passes_of_noise"]),
                as_text(&g["voxels"]),
            ]);
        }
    }
    if rows.is_empty() {
        return;
    }
    page.table(
        "Gamma: voxels from 10 % of the largest dose on that pass, in %.",
        &["name", "criterion", "pass", "voxels looked at"],
        &rows,
    );
}

fn vois(page: &mut Page, of: &Comparison) {
    let mut rows: Vec<Vec<String>> = Vec::new();
    for c in of.candidates() {
        for v in c["vois"].as_array().into_iter().flatten() {
            let number = |key: &str| super::numbers::shown(v[key].as_f64(), 4);
            rows.push(vec![
                as_text(&v["voi"]),
                as_text(&v["metric"]),
                as_text(&c["name"]),
                number("reference"),
                number("candidate"),
                with_error(&v["relative_difference"], &v["standard_error"]),
            ]);
        }
    }
    if rows.is_empty() {
        return;
    }
    // One VOI's numbers beside each other, in the order in which they first stand.
    let mut order: Vec<(String, String)> = Vec::new();
    for row in &rows {
        let key = (row[0].clone(), row[1].clone());
        if !order.contains(&key) {
            order.push(key);
        }
    }
    rows.sort_by_key(|r| order.iter().position(|o| o.0 == r[0] && o.1 == r[1]));
    let unit = as_text(&of.found["reference"]["unit"]);
    page.table(
        &format!(
            "VOIs, in {unit}, by volume and as read on the grid of the dose (noise carries the ends of a histogram apart, here as in both maps; the histograms above are without that); differences in % with the standard error that the statistics of both give."
        ),
        &["VOI", "number", "name", "dose above", "here", "difference / %"],
        &rows,
    );
}

/// What was compared, for the text on the methods; empty where nothing was.
pub fn in_words(all: &[Comparison]) -> String {
    let mut names: Vec<String> = Vec::new();
    for c in all.iter().flat_map(Comparison::candidates) {
        let name = match (c["method"]["name"].as_str(), c["method"]["neglects"].as_str()) {
            (Some(method), Some(neglects)) => format!("{method} ({neglects})"),
            (Some(method), None) => method.to_owned(),
            (None, _) => format!("{}, of another program", as_text(&c["name"])),
        };
        if !names.contains(&name) {
            names.push(name);
        }
    }
    if names.is_empty() {
        return String::new();
    }
    format!(
        "Doses by other methods were compared with it voxel by voxel: {}. Differences of voxels from 10 % of the largest dose on and of VOIs are told beside \
         what the statistical noise of both maps alone would give; gamma follows Low et al. 1998 (doi 10.1118/1.598248).",
        names.join("; ")
    )
}
