//! The histograms of a VOI under each method in one plot. Neglects their bands: the table of VOIs has the standard errors.

use super::super::super::compare_methods::{HISTOGRAMS, REFERENCE};
use super::Comparison;
use crate::error::Result;
use crate::report::html::Page;
use crate::report::{DvhLine, DvhPlot};
use crate::sheet::Sheet;

/// Most VOIs that are drawn; all are in the tables.
const DRAWN: usize = 16;
/// What the reference is called on the page.
const DOSE: &str = "dose above";

pub fn draw(page: &mut Page, of: &Comparison) -> Result<()> {
    let all = read(of)?;
    if all.is_empty() {
        return Ok(());
    }
    let unit = of.found["reference"]["unit"].as_str().unwrap_or_default();
    page.plots();
    for (voi, lines) in all.iter().take(DRAWN) {
        let svg = DvhPlot {
            title: voi,
            subtitle: "Histograms by each method",
            x_label: &format!("dose / {unit}"),
            y_label: "volume with at least this dose / %",
            lines,
            dashed: true,
        }
        .svg()?;
        page.drawing(&svg, &caption(voi, lines, unit));
    }
    page.end_strip();
    if all.len() > DRAWN {
        page.note(&format!("Histograms of {} more VOIs are not drawn.", all.len() - DRAWN));
    }
    Ok(())
}

/// The median of each in words, for who does not see the plot.
fn caption(voi: &str, lines: &[DvhLine], unit: &str) -> String {
    let median = |line: &DvhLine| {
        let below = line.points.iter().position(|p| p.1 < 50.0)?;
        let (a, b) = (line.points.get(below.checked_sub(1)?)?, line.points.get(below)?);
        Some(a.0 + (b.0 - a.0) * (a.1 - 50.0) / (a.1 - b.1))
    };
    let one =
        |line: &DvhLine| format!("{} {}", line.name, super::super::numbers::shown(median(line), 3));
    let all: Vec<String> = lines.iter().map(one).collect();
    format!("{voi}: half of the volume has at least, in {unit}: {}.", all.join(", "))
}

/// VOIs in the order of the table, each with a line for each map.
fn read(of: &Comparison) -> Result<Vec<(String, Vec<DvhLine>)>> {
    let sheet = Sheet::read(&of.folder.join(HISTOGRAMS))?;
    let mut all: Vec<(String, Vec<DvhLine>)> = Vec::new();
    for row in &sheet.rows {
        let cell = |n: usize| row.cells.get(n).map_or("", |c| c.as_str());
        let number = |n: usize| cell(n).parse::<f64>().ok();
        let (Some(value), Some(share)) = (number(3), number(4)) else { continue };
        let name = if cell(0) == REFERENCE { DOSE } else { cell(0) };
        let at = all.iter().position(|v| v.0 == cell(1)).unwrap_or_else(|| {
            all.push((cell(1).to_owned(), Vec::new()));
            all.len() - 1
        });
        let lines = &mut all[at].1;
        if lines.last().is_none_or(|l| l.name != name) {
            lines.push(DvhLine { name: name.into(), points: Vec::new(), band: Vec::new() });
        }
        if let Some(line) = lines.last_mut() {
            line.points.push((value, 100.0 * share));
        }
    }
    for (_, lines) in &mut all {
        lines.retain(|l| l.points.len() > 1);
    }
    all.retain(|(_, lines)| !lines.is_empty());
    Ok(all)
}
