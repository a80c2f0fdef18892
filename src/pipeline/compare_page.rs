//! The comparison as one page of HTML: tables and plots (SVG), without a script or a file beside it.

use std::fmt::Write as _;

use super::compare_methods::{Compared, Curve, DISTANCES_MM, USUAL_THRESHOLD};
use super::finished::FinishedMap;

/// Colours of lines that grey tells apart by their dashes too.
const LINES: [(&str, &str); 6] = [
    ("#000000", ""),
    ("#0072b2", "7 3"),
    ("#d55e00", "2 2"),
    ("#009e73", "9 3 2 3"),
    ("#cc79a7", "4 4"),
    ("#8a6d00", "1 3"),
];
/// Size of a plot.
const SIZE: [f64; 2] = [520.0, 300.0];
/// Room for the labels of its axes.
const MARGIN: [f64; 2] = [58.0, 40.0];

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

fn percent(x: f64) -> String {
    format!("{:.2}", 100.0 * x + 0.0)
}

/// The page.
pub(super) fn page(
    reference: &FinishedMap,
    largest: f64,
    found: &[Compared],
    curves: &[Curve],
) -> String {
    let mut html = String::from(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>Methods compared</title>\n<style>\
         body{font-family:sans-serif;margin:2em auto;max-width:70em;padding:0 1em;color:#111}\
         table{border-collapse:collapse;margin:1em 0}th,td{border:1px solid #999;padding:.2em .5em;text-align:right}\
         th:first-child,td:first-child{text-align:left}caption{text-align:left;font-weight:bold;padding:.3em 0}\
         figure{display:inline-block;margin:1em 1em 0 0}@media print{body{margin:0}}</style></head><body>\n",
    );
    let _ = writeln!(
        html,
        "<h1>Methods compared</h1>\n<p>Reference: {}, in {}; its largest voxel known to 10 % has {largest:.4e}. Differences are candidate less \
         reference, relative to the reference, in %. What stands in brackets is what the noise of both maps alone would give.</p>",
        escaped(&reference.name),
        escaped(&reference.unit)
    );
    html += "<table><caption>Voxels</caption><tr><th>candidate</th><th>voxels</th><th>from, % of largest</th><th>count</th><th>bias</th>\
             <th>spread</th><th>MARE</th><th>within 1 %</th><th>within 2 %</th><th>within 5 %</th><th>z mean</th><th>z spread</th></tr>\n";
    for of in found {
        for row in &of.rows {
            let d = &row.difference;
            let z = |z: Option<f64>| z.map_or("-".into(), |z| format!("{z:.2}"));
            let within: String = (0..3)
                .map(|k| {
                    format!("<td>{} ({})</td>", percent(d.within[k]), percent(d.within_of_noise[k]))
                })
                .collect();
            let _ = writeln!(
                html,
                "<tr><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{} &plusmn; {}</td><td>{}</td><td>{} ({})</td>{within}<td>{}</td><td>{}</td></tr>",
                escaped(&of.name),
                escaped(&row.voxels),
                100.0 * row.threshold,
                d.voxels,
                percent(d.bias),
                percent(d.bias_standard_error),
                percent(d.spread),
                percent(d.mare),
                percent(d.mare_of_noise),
                z(d.z_mean),
                z(d.z_spread)
            );
        }
    }
    html += "</table>\n";
    if found.iter().any(|c| !c.gamma.is_empty()) {
        html += "<table><caption>Gamma, share of voxels at most 1</caption><tr><th>candidate</th><th>criterion</th><th>passes, %</th></tr>\n";
        for of in found {
            for g in &of.gamma {
                let c = &g.criterion;
                let _ = writeln!(
                    html,
                    "<tr><td>{}</td><td>{} % / {} mm, {}</td><td>{} ({})</td></tr>",
                    escaped(&of.name),
                    100.0 * c.dose,
                    c.distance_mm,
                    if c.local { "local" } else { "global" },
                    percent(g.passes),
                    percent(g.passes_of_noise)
                );
            }
        }
        html += "</table>\n";
    }
    if found.iter().any(|c| !c.vois.is_empty()) {
        html += "<table><caption>VOIs</caption><tr><th>VOI</th><th>number</th><th>candidate</th><th>reference</th><th>value</th><th>difference, %</th></tr>\n";
        for of in found {
            for v in &of.vois {
                let error =
                    v.standard_error.map_or(String::new(), |e| format!(" &plusmn; {}", percent(e)));
                let _ = writeln!(
                    html,
                    "<tr><td>{}</td><td>{}</td><td>{}</td><td>{:.4e}</td><td>{:.4e}</td><td>{}{error}</td></tr>",
                    escaped(&v.voi),
                    escaped(&v.metric),
                    escaped(&of.name),
                    v.reference,
                    v.candidate,
                    percent(v.relative_difference)
                );
            }
        }
        html += "</table>\n";
    }
    html += &by_distance(found);
    let mut names: Vec<&str> = curves.iter().map(|c| c.0.as_str()).collect();
    names.dedup();
    for name in names {
        let lines: Vec<(String, Vec<(f64, f64)>)> = curves
            .iter()
            .filter(|c| c.0 == name)
            .map(|c| (c.1.clone(), c.2.iter().map(|(x, y)| (*x, 100.0 * y)).collect()))
            .collect();
        let title = format!("{name}: dose-volume histogram");
        let x = format!("{} at least", reference.unit);
        html += &plot(&title, [&x, "volume / %"], &lines);
    }
    let took: Vec<String> = found
        .iter()
        .filter_map(|c| c.seconds.map(|s| format!("{} {s:.1} s", escaped(&c.name))))
        .collect();
    if !took.is_empty() {
        let _ = writeln!(html, "<p>Time of the methods: {}.</p>", took.join(", "));
    }
    html += "</body></html>\n";
    html
}

fn by_distance(found: &[Compared]) -> String {
    let mut lines = Vec::new();
    for of in found {
        let mut points = Vec::new();
        for (i, low) in DISTANCES_MM.iter().enumerate() {
            let prefix = match DISTANCES_MM.get(i + 1) {
                Some(high) => format!("{low}-{high} mm"),
                None => format!("above {low} mm"),
            };
            let at = |r: &&super::compare_methods::Row| {
                r.threshold == USUAL_THRESHOLD && r.voxels.starts_with(&prefix)
            };
            if let Some(row) = of.rows.iter().find(at) {
                points.push((*low, 100.0 * row.difference.bias));
            }
        }
        if points.len() > 1 {
            lines.push((of.name.clone(), points));
        }
    }
    match lines.is_empty() {
        true => String::new(),
        false => plot(
            "Bias by distance to the nearest interface",
            ["distance from / mm", "bias / %"],
            &lines,
        ),
    }
}

/// A line plot as SVG, with its text alternative.
fn plot(title: &str, labels: [&str; 2], lines: &[(String, Vec<(f64, f64)>)]) -> String {
    let points = || lines.iter().flat_map(|l| &l.1);
    let [left, bottom] = MARGIN;
    let x_max = points().map(|p| p.0).fold(f64::MIN_POSITIVE, f64::max);
    let (low, high) = points().fold((0.0_f64, 0.0_f64), |(l, h), p| (l.min(p.1), h.max(p.1)));
    let (low, high) = if high > low { (low, high) } else { (-1.0, 1.0) };
    let (w, h) = (SIZE[0] - left - 12.0, SIZE[1] - bottom - 28.0);
    let at = |(x, y): (f64, f64)| [left + w * x / x_max, 28.0 + h * (high - y) / (high - low)];
    let mut svg = format!(
        "<figure><svg xmlns=\"http://www.w3.org/2000/svg\" role=\"img\" width=\"{}\" height=\"{}\" font-family=\"sans-serif\" font-size=\"12\">\
         <title>{}</title><text x=\"{left}\" y=\"16\" font-weight=\"bold\">{}</text>\n",
        SIZE[0],
        SIZE[1] + 16.0 * lines.len().div_ceil(3) as f64,
        escaped(title),
        escaped(title)
    );
    for k in 0..=4 {
        let part = f64::from(k) / 4.0;
        let (x, y) = (x_max * part, low + (high - low) * part);
        let [px, _] = at((x, low));
        let [_, py] = at((0.0, y));
        let _ = writeln!(
            svg,
            "<line x1=\"{left}\" y1=\"{py:.1}\" x2=\"{:.1}\" y2=\"{py:.1}\" stroke=\"#ccc\"/><text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\">{}</text>\
             <text x=\"{px:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{}</text>",
            left + w,
            left - 4.0,
            py + 4.0,
            short(y),
            28.0 + h + 15.0,
            short(x)
        );
    }
    let _ = writeln!(
        svg,
        "<text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{}</text><text transform=\"translate(12 {:.1}) rotate(-90)\" text-anchor=\"middle\">{}</text>",
        left + 0.5 * w,
        28.0 + h + 31.0,
        escaped(labels[0]),
        28.0 + 0.5 * h,
        escaped(labels[1])
    );
    for (n, (name, points)) in lines.iter().enumerate() {
        let (colour, dashes) = LINES[n % LINES.len()];
        let path: Vec<String> = points
            .iter()
            .map(|p| {
                let [x, y] = at(*p);
                format!("{x:.1},{y:.1}")
            })
            .collect();
        let (kx, ky) = (left + 150.0 * (n % 3) as f64, SIZE[1] + 4.0 + 16.0 * (n / 3) as f64);
        let _ = writeln!(
            svg,
            "<polyline fill=\"none\" stroke=\"{colour}\" stroke-width=\"1.6\" stroke-dasharray=\"{dashes}\" points=\"{}\"/>\
             <line x1=\"{kx}\" y1=\"{ky}\" x2=\"{}\" y2=\"{ky}\" stroke=\"{colour}\" stroke-width=\"1.6\" stroke-dasharray=\"{dashes}\"/>\
             <text x=\"{}\" y=\"{}\">{}</text>",
            path.join(" "),
            kx + 24.0,
            kx + 28.0,
            ky + 4.0,
            escaped(name)
        );
    }
    svg += "</svg></figure>\n";
    svg
}

/// A number on an axis.
fn short(x: f64) -> String {
    match x.abs() {
        0.0 => "0".into(),
        a if (0.01..10_000.0).contains(&a) => {
            let text = format!("{x:.3}");
            text.trim_end_matches('0').trim_end_matches('.').to_string()
        }
        _ => format!("{x:.1e}"),
    }
}
