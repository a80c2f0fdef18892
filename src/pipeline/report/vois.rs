//! Doses of the VOIs, what their uncertainty is made of, and what is left to a limit.

use serde_json::Value;

use super::numbers::{NONE, percent, shown, significant};
use super::read::{Run, as_text, result, results};
use super::{BED_OF_MEAN, ReportJob};
use crate::error::Result;
use crate::report::Svg;
use crate::report::canvas::Anchor;
use crate::report::html::Page;
use crate::units::{BQ_PER_GBQ, BQ_PER_MBQ, SECONDS_PER_HOUR};

pub fn section(page: &mut Page, runs: &[Run], bed: &[Value]) {
    page.section("vois", "Volumes of interest");
    for run in runs {
        if runs.len() > 1 {
            page.heading(&run.name);
        }
        let vois = run.list("/vois");
        if vois.is_empty() {
            page.paragraph("None was given.");
            continue;
        }
        doses(page, run, vois, bed, runs.len());
        budget(page, vois);
    }
}

fn doses(page: &mut Page, run: &Run, vois: &[Value], bed: &[Value], cycles: usize) {
    let unit = run.unit();
    let integrated = run.text("/setup/activity/unit") == "Bq s";
    let given = run.administered_bq;
    let mut heads = vec!["VOI".into(), "volume / mL".into(), "mass / g".into()];
    heads.push(if integrated { "TIA / MBq h".into() } else { "activity / MBq".to_string() });
    if integrated {
        heads.push("TIA per activity / h".into());
    }
    heads.push(format!("dose / {unit}"));
    heads.push(format!("per activity / ({unit}/GBq)"));
    heads.push("u".into());
    heads.push(format!("95 % interval / {unit}"));
    if !bed.is_empty() {
        heads.push("BED / Gy".into());
    }
    let rows: Vec<Vec<String>> = vois
        .iter()
        .map(|voi| {
            let name = as_text(&voi["name"]);
            let activity = voi["activity"].as_f64();
            let tia = activity.map(|a| {
                if integrated { a / BQ_PER_MBQ / SECONDS_PER_HOUR } else { a / BQ_PER_MBQ }
            });
            let dose = voi["mean_dose"].as_f64();
            let per = |x: Option<f64>, unit: f64| x.zip(given).map(|(x, bq)| x / (bq / unit));
            let mut row = vec![
                name.clone(),
                shown(voi["volume_cm3"].as_f64(), 4),
                shown(voi["mass_g"].as_f64(), 4),
                shown(tia, 4),
            ];
            if integrated {
                row.push(shown(per(tia, BQ_PER_MBQ), 4));
            }
            row.push(shown(dose, 4));
            row.push(shown(per(dose, BQ_PER_GBQ), 3));
            row.push(percent(voi["uncertainty"]["relative_percent"].as_f64().map(|p| p / 100.0)));
            let interval = &voi["uncertainty"]["interval_95"];
            row.push(match (interval[0].as_f64(), interval[1].as_f64()) {
                (Some(low), Some(high)) => {
                    format!("{} to {}", significant(low, 4), significant(high, 4))
                }
                _ => NONE.into(),
            });
            if !bed.is_empty() {
                let of = BED_OF_MEAN
                    .iter()
                    .find_map(|what| bed.iter().find_map(|b| result(b, &name, what)));
                row.push(shown(of.and_then(|r| r["value"].as_f64()), 4));
            }
            row
        })
        .collect();
    let heads: Vec<&str> = heads.iter().map(String::as_str).collect();
    let of_bed = match (bed.is_empty(), cycles) {
        (true, _) => "",
        (false, 1) => " BED is that of the mean dose.",
        (false, _) => " BED is that of the mean doses of all cycles.",
    };
    page.table(
        &format!(
            "Mean doses with their combined standard uncertainty u and 95 % interval.{of_bed}"
        ),
        &heads,
        &rows,
    );
    let refused: Vec<String> = vois
        .iter()
        .filter(|v| v["curve"]["refused"].as_bool() == Some(true))
        .map(|v| format!("{}: {}", as_text(&v["name"]), as_text(&v["curve"]["name"])))
        .collect();
    if !refused.is_empty() {
        page.paragraph("Doses that rest on an assumption, as the curve of the VOI was refused:");
        page.list("warnings", &refused);
    }
}

/// Components of the uncertainty in the order in which the chain has them.
const PARTS: [&str; 5] = ["transport", "fit", "recovery", "calibration", "volume"];

fn component(voi: &Value, part: &str) -> Option<f64> {
    let all = voi["uncertainty"]["components"].as_array()?;
    all.iter().find(|c| c["name"].as_str() == Some(part))?["relative_percent"].as_f64()
}

fn budget(page: &mut Page, vois: &[Value]) {
    let rows: Vec<Vec<String>> = vois
        .iter()
        .map(|voi| {
            let mut row = vec![as_text(&voi["name"])];
            row.extend(PARTS.iter().map(|p| percent(component(voi, p).map(|x| x / 100.0))));
            row.push(percent(voi["uncertainty"]["relative_percent"].as_f64().map(|x| x / 100.0)));
            let largest = as_text(&voi["uncertainty"]["largest"]);
            row.push(if largest.is_empty() { NONE.into() } else { largest });
            row
        })
        .collect();
    let mut heads = vec!["VOI"];
    heads.extend(PARTS);
    heads.extend(["combined", "dominated by"]);
    page.table(
        "What the uncertainty is made of (relative standard uncertainties). A dash: not stated, and not in the sum.",
        &heads,
        &rows,
    );
    let height = 30.0 + 22.0 * vois.len() as f64;
    let names: Vec<String> =
        rows.iter().map(|r| format!("{} by {}", r[0], r[r.len() - 1])).collect();
    let mut svg = Svg::new(
        860.0,
        height,
        "Shares of the variance",
        &format!("The same as in the table above: {}", names.join(", ")),
    );
    let colours = [[0, 114, 178], [213, 94, 0], [0, 158, 115], [204, 121, 167], [230, 159, 0]];
    for (n, part) in PARTS.iter().enumerate() {
        let x = 170.0 + 130.0 * n as f64;
        svg.area(&[(x, 4.0), (x + 14.0, 4.0), (x + 14.0, 18.0), (x, 18.0)], colours[n], 1.0);
        svg.text(x + 20.0, 11.0, 12.5, Anchor::Start, part);
    }
    for (row, voi) in vois.iter().enumerate() {
        let y = 28.0 + 22.0 * row as f64;
        svg.text(160.0, y + 8.0, 12.5, Anchor::End, &as_text(&voi["name"]));
        let squares: Vec<f64> =
            PARTS.iter().map(|p| component(voi, p).unwrap_or(0.0).powi(2)).collect();
        let sum: f64 = squares.iter().sum();
        let mut x = 170.0;
        for (n, square) in squares.iter().enumerate().filter(|s| *s.1 > 0.0) {
            let width = 660.0 * square / sum;
            let corners = [(x, y), (x + width, y), (x + width, y + 16.0), (x, y + 16.0)];
            svg.area(&corners, colours[n], 1.0);
            x += width;
        }
    }
    page.drawing(
        &svg.finish(),
        "Shares of each VOI's variance: what would have to become better first.",
    );
}

/// What is left to each limit.
pub fn limits(page: &mut Page, job: &ReportJob) -> Result<()> {
    if job.limits.is_empty() {
        return Ok(());
    }
    page.section("limits", "Limits");
    page.note("The limits are those that were stated; nothing here advises one.");
    for path in &job.limits {
        let found = results(path)?;
        let rows: Vec<Vec<String>> = found["results"]
            .as_array()
            .into_iter()
            .flatten()
            .map(|r| {
                let quantity = as_text(&r["quantity"]).replace('_', " ");
                let value = shown(r["value"].as_f64(), 4);
                vec![as_text(&r["voi"]), quantity, value, as_text(&r["unit"])]
            })
            .collect();
        let of = found["voi"].as_str().map_or(String::new(), |v| format!(" of {v}"));
        page.table(&format!("What is left{of}"), &["of", "quantity", "value", "unit"], &rows);
    }
    Ok(())
}
