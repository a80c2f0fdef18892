//! Backscatter of electrons at normal incidence: those that leave the front with more than the cutoff, per electron that comes. Neglects secondary electrons
//! between 50 eV, from which on authors count, and the cutoff of 1 keV.

use std::path::Path;

use voxgray::Result;
use voxgray::source::parse_source;
use voxgray::transport::escapes::face;
use voxgray::transport::layout::ELECTRON;
use voxgray::transport::settings::Settings;

use super::super::judge::Verdict;
use super::super::run::RunOptions;
use super::super::study::Study;
use super::layers::{Slab, Target, pencil, run, target};
use super::sheet::Measured;

/// Histories: a standard error of 0.001 to 0.0015.
const HISTORIES: f64 = 1e5;
/// Energy (keV) at which the authors are averaged: those within this part of it.
const AT: (f64, f64) = (30.0, 0.08);
/// Half-width of the bar between the two curves of aluminium.
const CURVES: f64 = 0.05;

/// Number and energy albedo with standard errors.
fn albedo(
    element: &str,
    mev: f64,
    settings: &Settings,
    histories: f64,
    options: &RunOptions,
) -> Result<[(f64, f64); 2]> {
    let decay = parse_source(&format!("electron:{mev}MeV"))?;
    // Twice the mean range (Katz and Penfold, Rev. Mod. Phys. 24, 28, 1952, 0.412 E^(1.265 - 0.0954 ln E) g/cm2): what has gone further does not come back.
    let range = 0.412 * mev.powf(1.265 - 0.0954 * mev.ln());
    let slabs = [Slab { material: target(element)?, g_cm2: 2.0 * range }];
    let target =
        Target { slabs: &slabs, layer_g_cm2: range / 20.0, decay: &decay, beam: pencil(0.0) };
    let tally = run(&target, settings, histories, options)?.tally;
    let front = tally.escape_mean(&[(face(2, false), ELECTRON)]);
    Ok([(front.particles, front.particles_error), (front.mev / mev, front.mev_error / mev)])
}

/// Steps of a quarter of the length.
fn fine(settings: &Settings) -> Settings {
    let mut fine = *settings;
    fine.lepton.max_strength *= 0.25;
    fine.lepton.max_loss_fraction *= 0.25;
    fine.lepton.face_strength *= 0.25;
    fine.lepton.face_loss_fraction *= 0.25;
    fine.seed = settings.seed.wrapping_add(1);
    fine
}

fn mean_and_spread(values: &[f64]) -> (f64, f64) {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    (mean, (values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / (n - 1.0).max(1.0)).sqrt())
}

/// Runs what is there.
///
/// # Errors
/// If a table cannot be read or a run fails.
pub fn studies(folder: &Path, options: &RunOptions, done: &mut dyn FnMut(Study)) -> Result<()> {
    let histories = if options.quick { 0.1 } else { 1.0 } * HISTORIES;
    if let Some(table) = Measured::read(folder, "backscatter_joy2001_5_100keV.csv")? {
        done(elements(&table, histories, options)?);
    }
    if let Some(table) = Measured::read(folder, "backscatter_al_0.1keV_1.2MeV.csv")? {
        done(aluminium(&table, histories, options)?);
    }
    Ok(())
}

/// Five elements at 30 keV against the mean and spread of the authors.
fn elements(table: &Measured, histories: f64, options: &RunOptions) -> Result<Study> {
    let (symbols, kev, eta) =
        (table.text("element")?, table.numbers("energy_keV")?, table.numbers("eta")?);
    let (mut rows, mut verdict) = (Vec::new(), Verdict::Pass);
    for element in ["C", "Al", "Si", "Cu", "Au"] {
        let near = |n: &usize| symbols[*n] == element && (kev[*n] - AT.0).abs() <= AT.1 * AT.0;
        let values: Vec<f64> = (0..kev.len()).filter(near).map(|n| eta[n]).collect();
        let (mean, spread) = mean_and_spread(&values);
        let [number, energy] = albedo(element, AT.0 / 1e3, &options.settings, histories, options)?;
        let [shorter, _] =
            albedo(element, AT.0 / 1e3, &fine(&options.settings), histories, options)?;
        let off = (number.0 - mean).abs();
        let here = match off {
            off if off <= spread => Verdict::Pass,
            off if off <= spread + 2.0 * number.1 => Verdict::PassByStatistics,
            _ => Verdict::Fail,
        };
        verdict = verdict.max(here);
        rows.push(vec![
            element.into(),
            format!("{mean:.3} &plusmn; {spread:.3} ({} authors)", values.len()),
            format!("{:.4} &plusmn; {:.4}", number.0, number.1),
            format!("{:.4} &plusmn; {:.4}", shorter.0, shorter.1),
            format!("{:.4}", energy.0),
            here.name().into(),
        ]);
    }
    Ok(Study {
        title: "measured/backscatter: number of electrons at 30 keV, within the authors' spread"
            .into(),
        head: vec![
            "element",
            "measured (mean, spread)",
            "calculated",
            "steps of a quarter",
            "energy albedo",
            "verdict",
        ],
        rows,
        verdict,
        plots: Vec::new(),
    })
}

/// A curve at an energy, linear between its points.
fn interpolated(curve: &[(f64, f64)], kev: f64) -> Option<f64> {
    let at = curve.windows(2).find(|w| w[0].0 <= kev && kev <= w[1].0)?;
    let t = (kev - at[0].0) / (at[1].0 - at[0].0);
    Some(at[0].1 + t * (at[1].1 - at[0].1))
}

/// Aluminium from 0.3 to 1 MeV between the two curves that reach so far.
fn aluminium(table: &Measured, histories: f64, options: &RunOptions) -> Result<Study> {
    let (authors, kev, eta) =
        (table.text("author")?, table.numbers("energy_keV")?, table.numbers("eta")?);
    let curve = |author: &str| {
        let mut points: Vec<(f64, f64)> =
            (0..kev.len()).filter(|n| authors[*n] == author).map(|n| (kev[n], eta[n])).collect();
        points.sort_by(|a, b| a.0.total_cmp(&b.0));
        points
    };
    let (lockwood, soum) = (curve("lockwood"), curve("soum"));
    let (mut rows, mut verdict) = (Vec::new(), Verdict::Pass);
    for kev in [314.0, 521.0, 1000.0] {
        let (Some(a), Some(b)) = (interpolated(&lockwood, kev), interpolated(&soum, kev)) else {
            continue;
        };
        let [number, energy] = albedo("al", kev / 1e3, &options.settings, histories, options)?;
        let (low, high) = (a.min(b) * (1.0 - CURVES), a.max(b) * (1.0 + CURVES));
        let here = match number.0 {
            x if (low..=high).contains(&x) => Verdict::Pass,
            x if x > low - 2.0 * number.1 && x < high + 2.0 * number.1 => Verdict::PassByStatistics,
            _ => Verdict::Fail,
        };
        verdict = verdict.max(here);
        rows.push(vec![
            format!("{kev} keV"),
            format!("{a:.4} (Lockwood), {b:.4} (Soum)"),
            format!("{:.4} &plusmn; {:.4}", number.0, number.1),
            format!("{:.4}", energy.0),
            format!("{low:.4} to {high:.4}"),
            here.name().into(),
        ]);
    }
    Ok(Study {
        title:
            "measured/backscatter: aluminium between the two published curves, 5 % on both sides"
                .into(),
        head: vec!["energy", "measured", "calculated", "energy albedo", "bar", "verdict"],
        rows,
        verdict,
        plots: Vec::new(),
    })
}
