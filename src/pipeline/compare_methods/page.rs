//! The comparison as one page of HTML: tables and histograms, without a script or a file beside it.

use super::super::finished::FinishedMap;
use super::Compared;
use crate::error::Result;
use crate::report::dvh_plot::{DvhLine, DvhPlot};
use crate::report::html::Page;

fn percent(x: f64) -> String {
    format!("{:.2}", 100.0 * x + 0.0)
}

/// A share beside that of noise.
fn beside(x: f64, noise: f64) -> String {
    format!("{} ({})", percent(x), percent(noise))
}

/// The page.
///
/// # Errors
/// If a histogram cannot be drawn.
pub(super) fn page(
    reference: &FinishedMap,
    largest: f64,
    found: &[Compared],
    curves: &[(String, DvhLine)],
) -> Result<String> {
    let mut page = Page::default();
    page.section("voxels", "Voxels");
    page.paragraph(&format!(
        "Differences are candidate less reference, relative to the reference, in %. In brackets: what the noise of both maps alone would \
         give. Thresholds are parts of the largest reference dose that is known to 10 %, {largest:.4e} {}.",
        reference.unit
    ));
    page.table(
        "Differences of voxels",
        &[
            "candidate",
            "voxels",
            "from, %",
            "count",
            "bias",
            "spread",
            "MARE",
            "within 1 %",
            "within 2 %",
            "within 5 %",
            "z mean",
            "z spread",
        ],
        &voxels(found),
    );
    if found.iter().any(|c| !c.gamma.is_empty()) {
        page.section("gamma", "Gamma");
        let row = |of: &Compared, g: &super::GammaRow| {
            let c = &g.criterion;
            let normalised = if c.local { "local" } else { "global" };
            let criterion = format!("{} % / {} mm, {normalised}", 100.0 * c.dose, c.distance_mm);
            vec![of.name.clone(), criterion, beside(g.passes, g.passes_of_noise)]
        };
        let rows = found.iter().flat_map(|of| of.gamma.iter().map(move |g| row(of, g)));
        page.table(
            "Voxels with gamma of at most 1, %",
            &["candidate", "criterion", "passes"],
            &rows.collect::<Vec<_>>(),
        );
    }
    if found.iter().any(|c| !c.vois.is_empty()) {
        page.section("vois", "Volumes of interest");
        let row = |of: &Compared, v: &super::VoiRow| {
            let error = v.standard_error.map_or("-".into(), percent);
            let numbers = [v.reference, v.candidate].map(|x| format!("{x:.4e}"));
            let [reference, value] = numbers;
            let difference = percent(v.relative_difference);
            vec![
                v.voi.clone(),
                v.metric.clone(),
                of.name.clone(),
                reference,
                value,
                difference,
                error,
            ]
        };
        let rows = found.iter().flat_map(|of| of.vois.iter().map(move |v| row(of, v)));
        page.table(
            &format!("VOIs, {}", reference.unit),
            &[
                "VOI",
                "number",
                "candidate",
                "reference",
                "value",
                "difference, %",
                "standard error, %",
            ],
            &rows.collect::<Vec<_>>(),
        );
    }
    if !curves.is_empty() {
        page.section("histograms", "Dose-volume histograms");
        page.plots();
        let mut names: Vec<&str> = Vec::new();
        curves.iter().for_each(|c| {
            if !names.contains(&c.0.as_str()) {
                names.push(&c.0);
            }
        });
        for name in names {
            let lines: Vec<DvhLine> =
                curves.iter().filter(|c| c.0 == name).map(|c| c.1.clone()).collect();
            let svg = DvhPlot {
                title: name,
                subtitle: "of the maps compared",
                x_label: &reference.unit,
                y_label: "volume with at least this value / %",
                lines: &lines,
                dashed: true,
            }
            .svg()?;
            page.drawing(&svg, name);
        }
        page.end_strip();
    }
    let took = found.iter().filter_map(|c| Some(format!("{} {:.1} s", c.name, c.seconds?)));
    let took: Vec<String> = took.collect();
    if !took.is_empty() {
        page.note(&format!("Time of the methods: {}.", took.join(", ")));
    }
    Ok(page.finish(
        "",
        "Methods compared",
        &format!("Reference: {}, {}", reference.name, reference.unit),
    ))
}

fn voxels(found: &[Compared]) -> Vec<Vec<String>> {
    let z = |z: Option<f64>| z.map_or("-".into(), |z| format!("{z:.2}"));
    let row = |of: &Compared, row: &super::Row| {
        let d = &row.difference;
        let mut cells = vec![
            of.name.clone(),
            row.voxels.clone(),
            (100.0 * row.threshold).to_string(),
            d.voxels.to_string(),
            format!("{} \u{b1} {}", percent(d.bias), percent(d.bias_standard_error)),
            percent(d.spread),
            beside(d.mare, d.mare_of_noise),
        ];
        cells.extend((0..3).map(|k| beside(d.within[k], d.within_of_noise[k])));
        cells.extend([z(d.z_mean), z(d.z_spread)]);
        cells
    };
    found.iter().flat_map(|of| of.rows.iter().map(move |r| row(of, r))).collect()
}
