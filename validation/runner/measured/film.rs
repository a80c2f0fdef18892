//! Depth doses of broad electron beams by film and ionisation chamber (McLaughlin et al.), digitised by others: shown, no bar. Neglects the thickness of film and chamber.

use std::path::Path;

use voxgray::Result;
use voxgray::physics::Material;
use voxgray::report::PlotPoint;
use voxgray::source::parse_source;

use super::super::judge::Verdict;
use super::super::run::RunOptions;
use super::super::study::{Study, StudyPlot};
use super::layers::{Slab, Target, pencil, run, target};
use super::sheet::Measured;

const HISTORIES: f64 = 1e5;
/// Layers up to the last measured depth.
const LAYERS: f64 = 80.0;
/// Mean excitation energy of polystyrene, eV (ICRU Report 37).
const POLYSTYRENE_EV: f64 = 68.7;

/// File, material, energy (MeV), and g/cm2 of its unit of depth.
const CASES: [(&str, &str, f64, f64); 3] = [
    ("mclaughlin_polystyrene_100keV.csv", "polystyrene", 0.1, 1e-3),
    ("mclaughlin_al_3MeV_dye_film.csv", "al", 3.0, 1.0),
    ("mclaughlin_al_3MeV_ionization_chamber.csv", "al", 3.0, 1.0),
];

/// Runs what is there.
///
/// # Errors
/// If a table cannot be read or a run fails.
pub fn studies(folder: &Path, options: &RunOptions, done: &mut dyn FnMut(Study)) -> Result<()> {
    let histories = if options.quick { 0.1 } else { 1.0 } * HISTORIES;
    let (mut rows, mut plots) = (Vec::new(), Vec::new());
    for (file, name, mev, unit) in CASES {
        let Some(table) = Measured::read(folder, file)? else { continue };
        let depth: Vec<f64> = table.numbers("depth")?.iter().map(|d| d * unit).collect();
        let dose = table.numbers("dose_MeV_cm2_g")?;
        let material = match name {
            "al" => target(name)?,
            _ => Material::new(name, 1.06, &[(1, 0.077418), (6, 0.922582)], POLYSTYRENE_EV)?,
        };
        let last = depth.iter().copied().fold(0.0, f64::max);
        let layer = last / LAYERS;
        let slabs = [Slab { material, g_cm2: 1.5 * last }];
        let decay = parse_source(&format!("electron:{mev}MeV"))?;
        let target = Target { slabs: &slabs, layer_g_cm2: layer, decay: &decay, beam: pencil(0.0) };
        let depths = run(&target, &options.settings, histories, options)?;
        let value = |d: &f64| {
            let from = (d - 0.5 * layer).max(0.0);
            depths.dose(from, from + layer)
        };
        let values: Vec<(f64, f64)> = depth.iter().map(value).collect();
        let maximum = dose.iter().copied().fold(0.0, f64::max);
        let high: Vec<f64> = (0..dose.len())
            .filter(|n| dose[*n] > 0.2 * maximum)
            .map(|n| values[n].0 / dose[n])
            .collect();
        let mean = high.iter().sum::<f64>() / high.len() as f64;
        let spread = (high.iter().map(|r| (r - mean).powi(2)).sum::<f64>()
            / (high.len() as f64 - 1.0))
            .sqrt();
        let squares: f64 = (0..dose.len()).map(|n| (values[n].0 - dose[n]).powi(2)).sum();
        rows.push(vec![
            file.trim_end_matches(".csv").into(),
            format!("{mean:.3} &plusmn; {spread:.3}"),
            format!("{:.1} %", 100.0 * (squares / dose.len() as f64).sqrt() / maximum),
        ]);
        let point =
            |n: usize, y: f64, standard_error: f64| PlotPoint { x: depth[n], y, standard_error };
        plots.push(StudyPlot {
            file: format!("measured-{}.png", file.trim_end_matches(".csv")),
            title: file.trim_end_matches(".csv").replace('_', " "),
            axes: ["depth / (g/cm2)".into(), "dose / MeV cm2/g per electron".into()],
            reference_name: "measured".into(),
            values: (0..dose.len()).map(|n| point(n, values[n].0, values[n].1)).collect(),
            reference: (0..dose.len()).map(|n| point(n, dose[n], 0.0)).collect(),
        });
    }
    if !rows.is_empty() {
        done(Study {
            title: "measured/film: depth doses by film and chamber, shown".into(),
            head: vec![
                "case",
                "calculated over measured above 20 % (mean, spread)",
                "rms, of max.",
            ],
            rows,
            verdict: Verdict::Pass,
            plots,
        });
    }
    Ok(())
}
