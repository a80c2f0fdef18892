//! How counts became activity, image by image.

use serde_json::Value;

use super::numbers::{Cleaner, NONE, percent, shown, significant, stated};
use super::read::{Run, as_text};
use crate::report::html::Page;

pub fn section(page: &mut Page, runs: &[Run], clean: &Cleaner) {
    page.section("quantification", "Quantification");
    for run in runs {
        if runs.len() > 1 {
            page.heading(&run.name);
        }
        images(page, run, clean);
        placement(page, run);
        corrections(page, run);
    }
}

fn images(page: &mut Page, run: &Run, clean: &Cleaner) {
    let timings = match run.list("/setup/time_points/timing") {
        [] => std::slice::from_ref(run.at("/setup/timing")),
        all => all,
    };
    let fields = match run.list("/setup/time_points/activity") {
        [] => std::slice::from_ref(run.at("/setup/activity")),
        all => all,
    };
    let rows: Vec<Vec<String>> = timings
        .iter()
        .zip(fields)
        .enumerate()
        .map(|(n, (timing, field))| {
            let mega = |key: &str| shown(field[key].as_f64().map(|bq| bq / 1e6), 5);
            let correction = timing["decay_correction"].as_str().unwrap_or("not stated");
            let what = timing["activity_time"].as_str().unwrap_or(NONE);
            vec![
                (n + 1).to_string(),
                timing["hours_after_administration"].as_f64().map_or(NONE.into(), |h| stated(h, 4)),
                mega("image"),
                mega("on_grid"),
                percent(field["outside_fraction"].as_f64()),
                correction.into(),
                clean.text(what),
            ]
        })
        .collect();
    let integrated = fields.first().and_then(|f| f["unit"].as_str()) == Some("Bq s");
    let unit = if integrated { "MBq s" } else { "MBq" };
    let (image, grid) = (format!("in the image / {unit}"), format!("on the dose grid / {unit}"));
    page.table(
        "Activity images. The decay correction is that of the files or as stated; the time is that of the values after it was undone.",
        &["image", "time / h", &image, &grid, "left out", "decay correction", "what the time is"],
        &rows,
    );
}

fn placement(page: &mut Page, run: &Run) {
    let all = run.list("/setup/time_points/placement");
    if all.iter().all(|p| p["by"].is_null()) {
        return;
    }
    let compared = all.iter().any(|p| p["agreement_after"].is_number());
    let triple = |v: &Value| {
        let of = |x: &Value| {
            x.as_f64().map_or(NONE.into(), |x| format!("{x:.2}").replace('-', "\u{2212}"))
        };
        v.as_array().map_or(NONE.into(), |a| a.iter().map(of).collect::<Vec<_>>().join(", "))
    };
    let rows: Vec<Vec<String>> = all
        .iter()
        .enumerate()
        .map(|(n, p)| {
            let by = as_text(&p["by"]).replace('_', " ");
            let [before, after] =
                ["agreement_before", "agreement_after"].map(|k| shown(p[k].as_f64(), 3));
            let mut row = vec![
                (n + 1).to_string(),
                if by.is_empty() { "as it lies".into() } else { by },
                triple(&p["translation_mm"]),
                triple(&p["rotation_deg"]),
            ];
            if compared {
                row.extend([before, after]);
            }
            row
        })
        .collect();
    let mut heads = vec!["image", "placed by", "translation / mm", "rotation / degrees"];
    if compared {
        heads.extend(["correlation before", "after"]);
    }
    page.table(
        "Registration to the CT: how the middle of the reference is moved, and turned.",
        &heads,
        &rows,
    );
}

fn corrections(page: &mut Page, run: &Run) {
    let common = run.number("/setup/time_points/common_relative_uncertainty");
    let calibration = match common.filter(|c| *c > 0.0) {
        Some(c) => format!("The calibration that all images share is known to {}.", percent(Some(c))),
        None => "The uncertainty of the activity's calibration is not stated: the doses' uncertainties hold none of it.".into(),
    };
    page.paragraph(&calibration);
    let regions = run.list("/setup/time_points/quantification");
    let names = run.list("/vois");
    // Region 0 is what lies outside of all VOIs.
    let rows: Vec<Vec<String>> = regions
        .iter()
        .skip(1)
        .zip(names)
        .filter(|(r, _)| r["seen"].as_array().is_some_and(|s| !s.is_empty()))
        .map(|(r, voi)| {
            let seen = r["seen"].as_array().into_iter().flatten().filter_map(Value::as_f64);
            let seen: Vec<String> = seen.map(|s| significant(s, 3)).collect();
            vec![
                as_text(&voi["name"]),
                seen.join(", "),
                percent(r["relative_uncertainty"].as_f64()),
            ]
        })
        .collect();
    match rows.is_empty() {
        true => page.paragraph(
            "No recovery is applied: what is seen of small VOIs is less than their activity, by the resolution of the images (partial-volume effect).",
        ),
        false => page.table(
            "Recovery: seen over true activity at each time, and its standard uncertainty.",
            &["VOI", "recovery", "uncertainty"],
            &rows,
        ),
    }
}
