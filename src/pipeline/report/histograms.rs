//! Dose-volume histograms of `voxgray dvh`.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::Value;

use super::ReportJob;
use super::numbers::{NONE, shown, significant};
use super::read::{Run, as_text, of_these_runs, results};
use crate::error::Result;
use crate::report::html::Page;
use crate::report::{DvhLine, DvhPlot};
use crate::sheet::Sheet;

/// Points of a drawn histogram, at most.
const DRAWN: usize = 250;

pub fn section(page: &mut Page, job: &ReportJob, runs: &[Run]) -> Result<()> {
    if job.dvh.is_empty() {
        return Ok(());
    }
    page.section("histograms", "Dose-volume histograms");
    for folder in &job.dvh {
        let found = results(&folder.join("dvh.json"))?;
        let of = of_these_runs(folder, &found, runs)?;
        let cycle = of.first().filter(|_| runs.len() > 1).map(|run| run.name.as_str());
        if let Some(cycle) = cycle {
            page.heading(cycle);
        }
        let noisy = of.iter().all(|run| run.transports());
        let unit = as_text(&found["unit"]);
        let lines = lines(&folder.join("curves.csv"))?;
        let banded = lines.iter().any(|l| !l.band.is_empty());
        if !lines.is_empty() {
            let subtitle = if banded {
                "Histograms with 95 % bands by the noise of the map"
            } else {
                "Histograms"
            };
            let svg = DvhPlot {
                title: &cycle.map_or("Dose-volume histograms".into(), |c| {
                    format!("Dose-volume histograms, {c}")
                }),
                subtitle,
                x_label: &format!("dose / {unit}"),
                y_label: &format!("{} with at least this dose / %", as_text(&found["weight"])),
                lines: &lines,
                dashed: false,
            }
            .svg()?;
            let caption = match (banded, noisy) {
                (true, _) => "Bands: 95 % by the statistical noise of the map, without its bias.",
                (false, true) => {
                    "Without bands: too many voxels have no standard error; more histories give them."
                }
                (false, false) => "Without bands: the method follows no histories in the patient.",
            };
            page.drawing(&svg, caption);
        }
        table(page, &found, &unit, cycle);
    }
    Ok(())
}

/// The histograms of a table, thinned.
fn lines(path: &Path) -> Result<Vec<DvhLine>> {
    let sheet = Sheet::read(path)?;
    type Point = (f64, f64, Option<(f64, f64)>);
    let mut order = Vec::new();
    let mut all: BTreeMap<String, Vec<Point>> = BTreeMap::new();
    for row in &sheet.rows {
        let cell = |n: usize| row.cells.get(n).map(|c| c.trim()).unwrap_or_default();
        let number = |n: usize| cell(n).parse::<f64>().ok();
        let (Some(value), Some(share)) = (number(1), number(3)) else { continue };
        let name = cell(0).to_owned();
        if !order.contains(&name) {
            order.push(name.clone());
        }
        all.entry(name).or_default().push((value, 100.0 * share, number(4).zip(number(5))));
    }
    let line = |name: String| {
        let points = all.remove(&name).unwrap_or_default();
        let step = points.len().div_ceil(DRAWN).max(1);
        let kept: Vec<&Point> = points.iter().step_by(step).chain(points.last()).collect();
        let banded = kept.iter().all(|p| p.2.is_some());
        let band = kept.iter().filter(|_| banded).filter_map(|p| p.2);
        DvhLine {
            name,
            points: kept.iter().map(|p| (p.0, p.1)).collect(),
            band: band.map(|(a, b)| (100.0 * a, 100.0 * b)).collect(),
        }
    };
    Ok(order.into_iter().map(line).collect())
}

/// The values that were read, by VOI: without the bias of noise where it is known.
fn table(page: &mut Page, found: &Value, unit: &str, cycle: Option<&str>) {
    let all = found["results"].as_array().map_or(&[][..], Vec::as_slice);
    // The first are in the table of VOIs; the others are of the reading.
    let left_out = [
        "volume",
        "mass",
        "mean_per_activity",
        "missing",
        "low_density",
        "error_not_known",
        "variance_of_mean_over_independent_voxels",
    ];
    let mut quantities: Vec<String> = Vec::new();
    let mut vois: Vec<String> = Vec::new();
    for r in all {
        let (quantity, voi) = (as_text(&r["quantity"]), as_text(&r["voi"]));
        if !left_out.contains(&quantity.as_str()) && !quantities.contains(&quantity) {
            quantities.push(quantity);
        }
        if !vois.contains(&voi) {
            vois.push(voi);
        }
    }
    let cell = |voi: &str, quantity: &str| {
        let is =
            |r: &&Value| r["voi"].as_str() == Some(voi) && r["quantity"].as_str() == Some(quantity);
        let Some(r) = all.iter().find(is) else { return NONE.to_string() };
        match (r["corrected"].as_f64(), r["standard_error"].as_f64()) {
            (Some(x), Some(e)) => format!("{} ± {}", significant(x, 4), significant(e, 2)),
            _ => shown(r["value"].as_f64(), 4),
        }
    };
    let rows: Vec<Vec<String>> = vois
        .iter()
        .map(|v| std::iter::once(v.clone()).chain(quantities.iter().map(|q| cell(v, q))).collect())
        .collect();
    let heads: Vec<String> = std::iter::once("VOI".to_string())
        .chain(quantities.iter().map(|q| q.replace('_', " ")))
        .collect();
    let heads: Vec<&str> = heads.iter().map(String::as_str).collect();
    let weight = as_text(&found["weight"]);
    page.table(
        &format!(
            "{}Values in {unit} where they are doses, of shares of the {weight} without voxels of low density. With ±: without the bias that noise adds, and its standard error by the noise alone; others as read.",
            cycle.map_or(String::new(), |c| format!("Of {c}. "))
        ),
        &heads,
        &rows,
    );
}
