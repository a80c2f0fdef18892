//! The tables of a comparison, as rows of text.

use super::{Compared, Histogram};

fn number(x: f64) -> String {
    format!("{:.6}", x + 0.0)
}

/// `comparison.csv`.
pub(super) fn voxels(found: &[Compared]) -> Vec<Vec<String>> {
    let head = [
        "candidate",
        "voxels",
        "threshold",
        "count",
        "bias",
        "bias_standard_error",
        "spread",
        "mare",
        "mare_of_noise",
        "within_1pct",
        "within_2pct",
        "within_5pct",
        "within_1pct_of_noise",
        "within_2pct_of_noise",
        "within_5pct_of_noise",
        "z_mean",
        "z_spread",
        "sum",
    ];
    let mut rows = vec![head.map(String::from).to_vec()];
    for of in found {
        for row in &of.rows {
            let d = &row.difference;
            let mut cells = vec![
                of.name.clone(),
                row.voxels.clone(),
                row.threshold.to_string(),
                d.voxels.to_string(),
            ];
            cells.extend(
                [d.bias, d.bias_standard_error, d.spread, d.mare, d.mare_of_noise].map(number),
            );
            cells.extend(d.within.iter().chain(&d.within_of_noise).map(|w| number(*w)));
            cells.extend([d.z_mean, d.z_spread].map(|z| z.map(number).unwrap_or_default()));
            cells.push(number(d.sum));
            rows.push(cells);
        }
    }
    rows
}

/// `vois.csv`.
pub(super) fn vois(found: &[Compared], unit: &str) -> Vec<Vec<String>> {
    let head = [
        "candidate",
        "voi",
        "metric",
        "unit",
        "reference",
        "value",
        "relative_difference",
        "standard_error",
    ];
    let mut rows = vec![head.map(String::from).to_vec()];
    for of in found {
        for v in &of.vois {
            rows.push(vec![
                of.name.clone(),
                v.voi.clone(),
                v.metric.clone(),
                unit.into(),
                format!("{:.6e}", v.reference),
                format!("{:.6e}", v.candidate),
                number(v.relative_difference),
                v.standard_error.map(number).unwrap_or_default(),
            ]);
        }
    }
    rows
}

/// `gamma.csv`.
pub(super) fn gamma(found: &[Compared]) -> Vec<Vec<String>> {
    let head = [
        "candidate",
        "dose",
        "distance_mm",
        "normalisation",
        "passes",
        "passes_of_noise",
        "voxels",
    ];
    let mut rows = vec![head.map(String::from).to_vec()];
    for of in found {
        for g in &of.gamma {
            let c = &g.criterion;
            rows.push(vec![
                of.name.clone(),
                c.dose.to_string(),
                c.distance_mm.to_string(),
                if c.local { "local" } else { "global" }.into(),
                number(g.passes),
                number(g.passes_of_noise),
                g.voxels.to_string(),
            ]);
        }
    }
    rows
}

/// `histograms.csv`: shares of the volume with at least each value.
pub(super) fn histograms(curves: &[Histogram], unit: &str) -> Vec<Vec<String>> {
    let head = ["candidate", "voi", "unit", "value", "share"];
    let mut rows = vec![head.map(String::from).to_vec()];
    for (voi, line) in curves {
        rows.extend(line.points.iter().map(|(value, percent)| {
            let (value, share) = (format!("{value:.6e}"), number(percent / 100.0));
            vec![line.name.clone(), voi.clone(), unit.into(), value, share]
        }));
    }
    rows
}
