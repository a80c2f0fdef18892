//! Time-activity curves: points, fit with its band, residuals, what is extrapolated.

use serde_json::Value;

use super::numbers::{NONE, percent, significant};
use super::read::{Curve, Run, as_text};
use crate::error::Result;
use crate::report::html::Page;
use crate::report::{BandPoint, PlotPoint, TacPlot};
use crate::stats::NORMAL_97_5;
use crate::units::SECONDS_PER_HOUR;

/// Most curves that are drawn; all are in the table.
const DRAWN: usize = 24;

pub fn section(page: &mut Page, runs: &[Run]) -> Result<()> {
    if runs.iter().all(|r| r.curves().is_empty()) {
        return Ok(());
    }
    page.section("curves", "Time-activity curves");
    page.note(
        "Points with their standard uncertainty, the curve with its 95 % band, shaded what lies before the first and after the last point; below, the \
         residuals in standard uncertainties.",
    );
    for run in runs {
        let curves = run.curves();
        if runs.len() > 1 && !curves.is_empty() {
            page.heading(&run.name);
        }
        let rows: Vec<Vec<String>> = curves.iter().map(row).collect();
        page.table(
            "How each curve was integrated. TIA: time-integrated activity (of a dose rate: the dose). Half-lives are those of the curve's exponentials, effective.",
            &["VOI", "curve", "chi2 / degrees of freedom", "half-lives / h", "TIA", "u", "before the first point", "after the last"],
            &rows,
        );
        page.plots();
        for curve in curves.iter().take(DRAWN) {
            if let Some(svg) = drawing(curve)? {
                page.drawing(&svg, &caption(curve));
            }
        }
        page.end_strip();
        if curves.len() > DRAWN {
            page.note(&format!("{} more curves are in the table alone.", curves.len() - DRAWN));
        }
    }
    Ok(())
}

fn integral(c: &Curve, key: &str) -> Option<f64> {
    c.curve["integral"][key].as_f64()
}

fn row(c: &Curve) -> Vec<String> {
    if let Some(why) = c.curve["none"].as_str() {
        return vec![c.voi.into(), format!("none: {why}")];
    }
    let chi2 = c.curve["chi2"].as_f64().map(|x| {
        let of = c.curve["degrees_of_freedom"].as_u64().unwrap_or(0);
        format!("{} / {of}", significant(x, 2))
    });
    let tia = integral(c, "value").map(|v| v * c.factor / SECONDS_PER_HOUR);
    let u = integral(c, "standard_uncertainty").zip(integral(c, "value")).map(|(u, v)| u / v);
    let model = match c.curve["refused"]["reason"].as_str() {
        Some(why) => {
            format!("refused: {why}; assumed: {}", as_text(&c.curve["refused"]["assumed"]))
        }
        None => as_text(&c.curve["model"]),
    };
    vec![
        c.voi.into(),
        model,
        chi2.unwrap_or(NONE.into()),
        half_lives(c),
        tia.map_or(NONE.into(), |t| format!("{} {}", significant(t, 4), c.unit)),
        percent(u),
        percent(integral(c, "share_before_first")),
        percent(integral(c, "share_after_last")),
    ]
}

fn half_lives(c: &Curve) -> String {
    let pieces = c.curve["pieces"].as_array().into_iter().flatten();
    let of_piece = |p: &Value| p["exponentials"].as_array().cloned().unwrap_or_default();
    let mut found: Vec<String> = pieces
        .flat_map(of_piece)
        .filter_map(|e| e[1].as_f64().filter(|k| *k > 0.0))
        .map(|k| significant(std::f64::consts::LN_2 / k / SECONDS_PER_HOUR, 3))
        .collect();
    found.dedup();
    if found.is_empty() { NONE.into() } else { found.join(", ") }
}

fn caption(c: &Curve) -> String {
    let cells = row(c);
    let get = |n: usize| cells.get(n).cloned().unwrap_or_default();
    format!(
        "{}: {}; {} (standard uncertainty {}), extrapolated {} before the first point and {} after the last.",
        c.voi,
        get(1),
        get(4),
        get(5),
        get(6),
        get(7)
    )
}

fn drawing(c: &Curve) -> Result<Option<String>> {
    let hours = |t: f64| t / SECONDS_PER_HOUR;
    let scaled = |pointer: &str| c.numbers(pointer).into_iter().map(|v| v * c.factor);
    let errors = scaled("/standard_uncertainties");
    let points: Vec<PlotPoint> = c
        .numbers("/times_s")
        .into_iter()
        .zip(scaled("/values"))
        .zip(errors)
        .map(|((t, y), standard_error)| PlotPoint { x: hours(t), y, standard_error })
        .filter(|p| p.y.is_finite() && p.standard_error.is_finite())
        .collect();
    let curve: Vec<BandPoint> = c
        .numbers("/drawn/times_s")
        .into_iter()
        .zip(scaled("/drawn/values"))
        .zip(scaled("/drawn/standard_uncertainties"))
        .map(|((t, y), u)| {
            let half = if u.is_finite() { NORMAL_97_5 * u } else { 0.0 };
            BandPoint { x: hours(t), y, band: ((y - half).max(0.0), y + half) }
        })
        .filter(|p| p.y.is_finite())
        .collect();
    if points.is_empty() || curve.len() < 2 || curve.iter().all(|p| p.y <= 0.0) {
        return Ok(None);
    }
    let at = |x: f64| {
        let after = curve.iter().position(|p| p.x >= x).unwrap_or(curve.len() - 1).max(1);
        let (a, b) = (&curve[after - 1], &curve[after]);
        a.y + (b.y - a.y) * (x - a.x) / (b.x - a.x)
    };
    let residual = |p: &PlotPoint| {
        if p.standard_error > 0.0 { (p.y - at(p.x)) / p.standard_error } else { 0.0 }
    };
    let residuals: Vec<f64> = points.iter().map(residual).collect();
    TacPlot {
        title: c.voi,
        subtitle: &caption(c),
        x_label: "time after the administration / h",
        y_label: c.y_label,
        points: &points,
        curve: &curve,
        residuals: &residuals,
        log_y: false,
    }
    .svg()
    .map(Some)
}
