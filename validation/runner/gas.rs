//! Water | air | water: do the layers depend on the step and the thresholds where a gas meets matter? Neglects nothing against the engine: it is the
//! engine with short steps and low thresholds everywhere that the defaults are held against.

use voxgray::Result;
use voxgray::image::Grid;
use voxgray::physics::tissues::named_material;
use voxgray::source::parse_source;
use voxgray::transport::settings::Settings;

use super::judge::Verdict;
use super::problem::{Cell, Problem};
use super::run::RunOptions;
use super::statistics::critical_z;
use super::study::{Study, run};

/// Largest difference of a layer, % of the maximum (energy per mass).
const BAR: f64 = 0.3;
/// Layers of each of the three parts, and their thickness, mm.
const LAYERS: usize = 10;
const LAYER_MM: f64 = 2.0;
/// Width across, mm: wider than any electron's range in the cavity's depth.
const WIDTH_MM: f64 = 2000.0;
/// g/cm3 of dry air at 20 degrees and 101.325 kPa (NIST).
const AIR_G_CM3: f32 = 0.001_204_79;

/// Energy (MeV), where the source is, and histories for a standard error of 0.1 % of the maximum or less.
const CASES: [(f64, &str, f64); 6] = [
    (0.5, "cavity", 2e6),
    (0.935, "cavity", 2e6),
    (2.0, "cavity", 2e6),
    (0.5, "last water layer", 2e6),
    (0.935, "last water layer", 2e6),
    (2.0, "last water layer", 1e6),
];

fn problem(energy: f64, source: &str) -> Result<Problem> {
    let n = 3 * LAYERS;
    let air = |layer: usize| (LAYERS..2 * LAYERS).contains(&layer);
    let active = |layer: usize| if source == "cavity" { air(layer) } else { layer == LAYERS - 1 };
    let density: Vec<f32> = (0..n).map(|k| if air(k) { AIR_G_CM3 } else { 1.0 }).collect();
    let cell = |k: usize| Cell {
        label: format!("{} {}", if air(k) { "air" } else { "water" }, k),
        x: k as f64 * LAYER_MM,
        divisor: f64::from(density[k]) * LAYER_MM / 10.0,
        reference: 0.0,
        reference_error: 0.0,
        others: Vec::new(),
    };
    Ok(Problem {
        grid: Grid::aligned([1, 1, n], [0.0; 3], [WIDTH_MM, WIDTH_MM, LAYER_MM]),
        material: (0..n).map(|k| u8::from(air(k))).collect(),
        materials: ["water", "air"]
            .map(|name| named_material(name).map(|m| m.material.clone()))
            .into_iter()
            .collect::<Result<_>>()?,
        activity: (0..n).map(|k| f64::from(u8::from(active(k)))).collect(),
        decay: parse_source(&format!("electron:{energy}MeV"))?,
        beam: None,
        radii: None,
        labels: (1..=n as u16).collect(),
        cells: (0..n).map(cell).collect(),
        density,
        reference_histories: 0,
        voxels: None,
        axes: ["depth / mm", "energy per areal density"],
        log_y: false,
    })
}

/// Short steps and low thresholds everywhere.
fn fine(settings: &Settings) -> Settings {
    let mut fine = *settings;
    fine.seed = settings.seed.wrapping_add(1);
    fine.lepton.max_strength = 0.01;
    fine.lepton.max_loss_fraction = 0.03;
    fine.lepton.threshold_fraction = 0.01;
    fine.lepton.threshold_max_mev = 5e-3;
    fine
}

/// Runs the study; under `--quick` one case with few histories.
///
/// # Errors
/// If a run fails.
pub fn study(options: &RunOptions) -> Result<Study> {
    let cases = if options.quick { &CASES[1..2] } else { &CASES[..] };
    let (mut rows, mut verdict) = (Vec::new(), Verdict::Pass);
    for &(energy, source, histories) in cases {
        let problem = problem(energy, source)?;
        let histories = if options.quick { histories / 20.0 } else { histories };
        let ours = run(&problem, &options.settings, histories, options)?;
        let exact = run(&problem, &fine(&options.settings), histories, options)?;
        let largest = exact.values.iter().map(|v| v.0).fold(0.0, f64::max);
        let critical = critical_z(ours.values.len());
        let off: Vec<(f64, f64)> = ours
            .values
            .iter()
            .zip(&exact.values)
            .map(|(a, b)| (100.0 * (a.0 - b.0) / largest, 100.0 * a.1.hypot(b.1) / largest))
            .collect();
        let worst_of = |range: std::ops::Range<usize>| {
            range.max_by(|&a, &b| off[a].0.abs().total_cmp(&off[b].0.abs())).unwrap_or(0)
        };
        let worst = worst_of(0..off.len());
        let beyond = |&(d, s): &(f64, f64)| d.abs() > BAR.max(critical * s);
        let here = if off.iter().any(beyond) || !ours.balanced || !exact.balanced {
            Verdict::Fail
        } else if off[worst].0.abs() > BAR {
            Verdict::PassByStatistics
        } else {
            Verdict::Pass
        };
        verdict = verdict.max(here);
        let (before, after) = (off[LAYERS - 1], off[2 * LAYERS]);
        let middle = off[worst_of(LAYERS..2 * LAYERS)];
        let say = |(d, s): (f64, f64)| format!("{d:+.2} &plusmn; {s:.2}");
        rows.push(vec![
            format!("{energy} MeV, source in the {source}"),
            format!("{} ({})", say(off[worst]), problem.cells[worst].label),
            format!("{}; {}", say(before), say(after)),
            say(middle),
            format!("{:.1e} ({:.1e})", ours.per_second, exact.per_second),
            here.name().into(),
        ]);
    }
    Ok(Study {
        title: format!(
            "gas: water | air | water, defaults against short steps, bar {BAR} % of the maximum"
        ),
        head: vec![
            "case",
            "largest difference, % of max.",
            "water at the faces",
            "air, largest",
            "histories/s (short steps)",
            "verdict",
        ],
        rows,
        verdict,
        plots: Vec::new(),
    })
}
