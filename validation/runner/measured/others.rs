//! Lockwood's beams on slabs of beryllium, molybdenum, tantalum and uranium, which one table holds. Neglects the calorimeter foil, whose thickness the table does
//! not have: the dose is that of a layer of a fiftieth of the mean range.

use std::path::Path;

use voxgray::Result;
use voxgray::source::parse_source;

use super::super::judge::Verdict;
use super::super::run::RunOptions;
use super::super::study::Study;
use super::layers::{Slab, Target, pencil, run, target};
use super::lockwood::{
    Bar, DEPTH, HEAD, HISTORIES, LAYERS, agreement, at_points, plot, points, row, verdict,
};
use super::sheet::Measured;

const FILE: &str = "lockwood_other_elements_0deg.csv";
/// Of the mean range.
const LAYER: f64 = 0.02;
/// Mean ratio of the points above 20 % of the maximum.
const MEAN: Bar = Bar::Mean(0.05);

/// Runs what is there.
///
/// # Errors
/// If the table cannot be read or a run fails.
pub fn studies(folder: &Path, options: &RunOptions, done: &mut dyn FnMut(Study)) -> Result<()> {
    let histories = if options.quick { 0.1 } else { 1.0 } * HISTORIES;
    let Some(table) = Measured::read(folder, FILE)? else { return Ok(()) };
    let mut study = Study {
        title:
            "measured/others: calorimetry in slabs of beryllium, molybdenum, tantalum and uranium"
                .into(),
        head: HEAD.to_vec(),
        rows: Vec::new(),
        verdict: Verdict::Pass,
        plots: Vec::new(),
    };
    let (elements, energies) = (table.text("element")?, table.numbers("energy_MeV")?);
    let all = points(&table)?;
    let mut from = 0;
    while from < all.len() {
        let same = |n: &usize| elements[*n] == elements[from] && energies[*n] == energies[from];
        let to = from + (from..all.len()).take_while(same).count();
        let (element, mev, points) = (elements[from], energies[from], &all[from..to]);
        from = to;
        // Two points tell no profile.
        if points.len() < 5 {
            continue;
        }
        let last = &points[points.len() - 1];
        let range = last.depth / last.fmr;
        let slabs = [Slab { material: target(element)?, g_cm2: DEPTH * range }];
        let decay = parse_source(&format!("electron:{mev}MeV"))?;
        let layer_g_cm2 = LAYER * range / LAYERS;
        let target = Target { slabs: &slabs, layer_g_cm2, decay: &decay, beam: pencil(0.0) };
        let depths = run(&target, &options.settings, histories, options)?;
        let values = at_points(&depths, points, LAYER * range);
        let found = agreement(points, &values, &[]);
        let (bar, here) = verdict(MEAN, &found);
        study.verdict = study.verdict.max(here);
        let name = format!("{element} {mev} MeV");
        study.rows.push(row(name.clone(), &found, &bar, here.name()));
        study.plots.push(plot(
            &format!("lockwood_{}", name.replace(' ', "_")),
            points,
            &values,
            element,
        ));
    }
    done(study);
    Ok(())
}
