//! A P-32 point source on a plane between polystyrene and aluminium or air: how much the dose in polystyrene changes against polystyrene all round (Kwok et al.,
//! Med. Phys. 14, 98, 1987, doi:10.1118/1.596112). Neglects the air's own backscatter, and the detector's material.

use std::path::Path;
use std::sync::atomic::AtomicBool;

use voxgray::Result;
use voxgray::image::Grid;
use voxgray::physics::Material;
use voxgray::physics::chain::chain;
use voxgray::source::{Beam, DecaySpectrum};
use voxgray::stats::mean_and_error;
use voxgray::transport::build::{PlanInput, build_beam_plan};
use voxgray::transport::run::{RunSettings, Silent};

use super::super::judge::Verdict;
use super::super::run::{BATCHES, RunOptions};
use super::super::study::Study;
use super::layers::target;
use super::sheet::Measured;

/// Histories for the widest detector; narrow ones catch less and get more.
const HISTORIES: f64 = 1e6;
/// A layer, g/cm2: half of the thinnest detector.
const LAYER: f64 = 0.0155;
/// Layers on each side: beyond the range of P-32 (0.8 g/cm2).
const SIDE: usize = 54;
/// Widths of the detector, mm: a rod of TLD, a chip, a wide disc, one without end.
const WIDTHS_MM: [f64; 4] = [1.0, 3.2, 6.4, f64::INFINITY];
/// g/cm3, as the authors' own.
const POLYSTYRENE_G_CM3: f64 = 1.05;
/// Mean excitation energy of polystyrene, eV (ICRU Report 37).
const POLYSTYRENE_EV: f64 = 68.7;

/// What is behind the source.
#[derive(Clone, Copy, PartialEq)]
enum Behind {
    Polystyrene,
    Aluminium,
    Nothing,
}

/// Energy per layer of polystyrene on the axis, MeV per decay and batch.
fn axis(behind: Behind, width_mm: f64, options: &RunOptions) -> Result<(Vec<Vec<f64>>, f64)> {
    let polystyrene = Material::new(
        "polystyrene",
        POLYSTYRENE_G_CM3,
        &[(1, 0.0774), (6, 0.9226)],
        POLYSTYRENE_EV,
    )?;
    let mm = LAYER / POLYSTYRENE_G_CM3 * 10.0;
    // 8 mm of polystyrene is beyond the range: around the detector, as many columns of its width.
    let columns = if width_mm.is_finite() { 2 * (10.0 / width_mm).ceil() as usize + 1 } else { 1 };
    let edge = if width_mm.is_finite() { width_mm } else { 4000.0 };
    let behind_layers = if behind == Behind::Nothing { 0 } else { SIDE };
    let n = SIDE + behind_layers;
    let aluminium = target("al")?;
    let in_front = |k: usize| k >= behind_layers;
    let half = 0.5 * (columns as f64 - 1.0) * edge;
    let grid = Grid::aligned(
        [columns, columns, n],
        [-half, -half, (0.5 - behind_layers as f64) * mm],
        [edge, edge, mm],
    );
    let of = |v: usize| grid.unlinear(v);
    let solid = |v: usize| u8::from(behind == Behind::Aluminium && !in_front(of(v)[2]));
    let material: Vec<u8> = (0..grid.len()).map(solid).collect();
    let density: Vec<f32> =
        material.iter().map(|m| if *m == 1 { 2.6989 } else { POLYSTYRENE_G_CM3 as f32 }).collect();
    let label = |v: usize| match of(v) {
        [i, j, k] if i == columns / 2 && j == columns / 2 && in_front(k) => {
            (k - behind_layers + 1) as u16
        }
        _ => 0,
    };
    let labels: Vec<u16> = (0..grid.len()).map(label).collect();
    let decay = DecaySpectrum::from_chain(&chain("P-32", None, 1.0)?)?;
    // A point that emits all round, a hair on the side of the polystyrene.
    let beam = Beam {
        at_mm: Some([0.0, 0.0, 1e-6]),
        half_angle_rad: std::f64::consts::PI,
        ..Beam::pencil([0.0, 0.0, 1.0])
    };
    let plan = build_beam_plan(
        &PlanInput {
            grid: &grid,
            density: &density,
            material: &material,
            materials: &[polystyrene, aluminium],
            activity: &[],
            decay: &decay,
            settings: &options.settings,
            radial: None,
        },
        &beam,
    )?;
    let more = if width_mm.is_finite() { 2.0 } else { 0.5 };
    let quick = if options.quick { 0.05 } else { 1.0 };
    let histories = (more * quick * HISTORIES * options.factor()) as u64;
    let mut how = RunSettings::with_histories(histories, BATCHES);
    how.threads = options.threads;
    let stop = AtomicBool::new(false);
    let tally = options.engine.run(&plan, &how, &labels, SIDE, &Silent, &stop)?.tally;
    let layers = (1..=SIDE).map(|n| tally.region_batches(&[n])).collect();
    Ok((layers, tally.histories_per_batch as f64))
}

/// Energy between two depths (g/cm2) with its standard error.
fn between((layers, per): &(Vec<Vec<f64>>, f64), from: f64, to: f64) -> (f64, f64) {
    let mut values = vec![0.0; layers[0].len()];
    for (n, of_layer) in layers.iter().enumerate() {
        let (low, high) = (n as f64 * LAYER, (n + 1) as f64 * LAYER);
        let part = (to.min(high) - from.max(low)).max(0.0) / LAYER;
        values.iter_mut().zip(of_layer).for_each(|(sum, e)| *sum += part * e);
    }
    mean_and_error(&values, *per)
}

/// Runs what is there.
///
/// # Errors
/// If a table cannot be read or a run fails.
pub fn studies(folder: &Path, options: &RunOptions, done: &mut dyn FnMut(Study)) -> Result<()> {
    let Some(table) = Measured::read(folder, "kwok1987_p32_interface.csv")? else {
        return Ok(());
    };
    let behind = table.text("behind")?;
    let columns = ["from_mg_cm2", "to_mg_cm2", "change_percent", "unc_percent"];
    let [from, to, change, unc] = columns.map(|c| table.numbers(c));
    let (from, to, change, unc) = (from?, to?, change?, unc?);
    let mut rows: Vec<Vec<String>> = (0..from.len())
        .map(|n| {
            vec![
                format!("{}, {} to {} mg/cm2", behind[n], from[n], to[n]),
                format!("{:+} &plusmn; {} %", change[n], unc[n]),
            ]
        })
        .collect();
    let mut within = Vec::new();
    for width in WIDTHS_MM {
        let all = axis(Behind::Polystyrene, width, options)?;
        let aluminium = axis(Behind::Aluminium, width, options)?;
        let nothing = axis(Behind::Nothing, width, options)?;
        let mut all_within = true;
        for n in 0..from.len() {
            let with = if behind[n] == "aluminium" { &aluminium } else { &nothing };
            let [a, b] = [with, &all].map(|of| between(of, from[n] / 1e3, to[n] / 1e3));
            let value = 100.0 * (a.0 / b.0 - 1.0);
            let error = 100.0 * a.0 / b.0 * (a.1 / a.0).hypot(b.1 / b.0);
            let z = (value - change[n]) / unc[n].hypot(error);
            all_within &= z.abs() <= 2.0;
            rows[n].push(format!("{value:+.1} &plusmn; {error:.1} % ({z:+.1} s.d.)"));
        }
        if all_within {
            within.push(width);
        }
    }
    let name = |w: &f64| if w.is_finite() { format!("{w} mm") } else { "no end".to_string() };
    let fits: Vec<String> = within.iter().map(name).collect();
    let verdict = if fits.is_empty() { Verdict::Fail } else { Verdict::Pass };
    done(Study {
        title: format!(
            "measured/interface: change of the dose of P-32 in polystyrene, all six within two standard deviations for a detector of some width: {}",
            if fits.is_empty() { "none".into() } else { fits.join(", ") }
        ),
        head: vec![
            "behind the source, depth",
            "measured",
            "detector 1 mm wide",
            "3.2 mm",
            "6.4 mm",
            "without end",
        ],
        rows,
        verdict,
        plots: Vec::new(),
    });
    Ok(())
}
