//! Depth doses of electron beams in slabs by calorimetry: Lockwood, Ruggles, Miller & Halbleib, SAND79-0414 (1980), as others print it.

use std::path::Path;

use voxgray::report::PlotPoint;
use voxgray::source::parse_source;
use voxgray::transport::settings::Settings;
use voxgray::{Error, Result};

use super::super::judge::Verdict;
use super::super::run::RunOptions;
use super::super::study::{Study, StudyPlot};
use super::layers::{Depths, Slab, Target, pencil, run, target};
use super::sheet::Measured;

/// Histories of a case: a standard error of about 0.5 % of the maximum in a foil of aluminium.
pub(super) const HISTORIES: f64 = 1e5;
/// Points above this part of the largest dose count in the mean ratio.
const ABOVE: f64 = 0.2;
/// Largest rms of all points, % of the maximum.
const RMS: f64 = 2.5;
/// Layers of a calorimeter foil.
pub(super) const LAYERS: f64 = 5.0;
/// Depth of the slab in mean ranges.
pub(super) const DEPTH: f64 = 1.6;

/// What a case must meet.
#[derive(Debug, Clone, Copy)]
pub(super) enum Bar {
    /// Mean ratio above 20 % of the maximum, and the rms of all points.
    Profile(f64),
    /// Mean ratio of all points but those that the table marks as doubtful.
    Mean(f64),
    /// Every point before 0.7 of the mean range, %.
    Points(f64),
    /// None.
    Shown,
}

/// A single element.
struct Case {
    file: &'static str,
    element: &'static str,
    mev: f64,
    degrees: f64,
    bar: Bar,
    /// Other energies that the beam may have had, shown.
    other_mev: &'static [f64],
}

const fn case(
    file: &'static str,
    element: &'static str,
    mev: f64,
    degrees: f64,
    bar: Bar,
    other_mev: &'static [f64],
) -> Case {
    Case { file, element, mev, degrees, bar, other_mev }
}

const CASES: [Case; 13] = [
    case("lockwood_al_0.314MeV_0deg.csv", "al", 0.314, 0.0, Bar::Profile(0.03), &[]),
    case("lockwood_al_0.521MeV_0deg.csv", "al", 0.521, 0.0, Bar::Profile(0.03), &[]),
    case("lockwood_al_1.033MeV_0deg.csv", "al", 1.033, 0.0, Bar::Profile(0.03), &[1.0]),
    case("lockwood_al_0.314MeV_60deg.csv", "al", 0.314, 60.0, Bar::Mean(0.05), &[0.3]),
    case("lockwood_al_0.521MeV_60deg.csv", "al", 0.521, 60.0, Bar::Mean(0.05), &[0.5]),
    case("lockwood_al_1.033MeV_60deg.csv", "al", 1.033, 60.0, Bar::Mean(0.05), &[1.0]),
    case("lockwood_c_1.0MeV_0deg.csv", "c", 1.0, 0.0, Bar::Points(6.0), &[1.01, 1.033]),
    case("lockwood_cu_0.3MeV_0deg.csv", "cu", 0.3, 0.0, Bar::Points(6.0), &[0.303, 0.306, 0.314]),
    case("lockwood_cu_0.5MeV_0deg.csv", "cu", 0.5, 0.0, Bar::Points(6.0), &[0.505, 0.51, 0.521]),
    case("lockwood_cu_1.0MeV_0deg.csv", "cu", 1.0, 0.0, Bar::Shown, &[1.033]),
    case("lockwood_fe_0.3MeV_0deg.csv", "fe", 0.3, 0.0, Bar::Shown, &[0.314]),
    case("lockwood_fe_0.5MeV_0deg.csv", "fe", 0.5, 0.0, Bar::Shown, &[0.521]),
    case("lockwood_fe_1.0MeV_0deg.csv", "fe", 1.0, 0.0, Bar::Shown, &[1.033]),
];

/// Three slabs, and what is as printed: boundaries in each slab's own mean range (g/cm2).
struct Stack {
    file: &'static str,
    elements: [&'static str; 3],
    boundaries: [f64; 2],
    ranges: [f64; 3],
}

const STACKS: [&str; 3] = [
    "lockwood_al_au_al_1.0MeV_0deg.csv",
    "lockwood_c_au_c_1.0MeV_0deg.csv",
    "lockwood_c_cu_c_1.0MeV_0deg.csv",
];

/// A measured point.
#[derive(Debug, Clone, Copy)]
pub(super) struct Point {
    /// Depth over the mean range.
    pub(super) fmr: f64,
    /// g/cm2.
    pub(super) depth: f64,
    /// MeV cm2/g.
    dose: f64,
    relative: f64,
}

pub(super) fn points(table: &Measured) -> Result<Vec<Point>> {
    let columns = ["fmr", "depth_g_cm2", "dose_MeV_cm2_g", "rel_unc"];
    let [fmr, depth, dose, relative] = columns.map(|c| table.numbers(c));
    let (fmr, depth, dose, relative) = (fmr?, depth?, dose?, relative?);
    let point =
        |n: usize| Point { fmr: fmr[n], depth: depth[n], dose: dose[n], relative: relative[n] };
    Ok((0..fmr.len()).map(point).collect())
}

/// How calculated points stand to measured ones.
pub(super) struct Agreement {
    /// Mean and standard deviation of the ratio above 20 % of the maximum.
    ratio: (f64, f64),
    /// Of all points, % of the maximum.
    rms: f64,
    /// Largest difference before 0.7 of the mean range, %, and where.
    worst: (f64, f64),
    /// The same of the points above 20 % of the maximum.
    worst_high: (f64, f64),
}

pub(super) fn agreement(points: &[Point], values: &[(f64, f64)], left_out: &[f64]) -> Agreement {
    let maximum = points.iter().map(|p| p.dose).fold(0.0, f64::max);
    let kept = || {
        let counts = |p: &Point| !left_out.iter().any(|f| (f - p.fmr).abs() < 1e-9);
        points.iter().zip(values).filter(move |(p, _)| counts(p))
    };
    let high: Vec<f64> =
        kept().filter(|(p, _)| p.dose > ABOVE * maximum).map(|(p, v)| v.0 / p.dose).collect();
    let mean = high.iter().sum::<f64>() / high.len() as f64;
    let spread = high.iter().map(|r| (r - mean).powi(2)).sum::<f64>() / (high.len() as f64 - 1.0);
    let squares: f64 = kept().map(|(p, v)| (v.0 - p.dose).powi(2)).sum();
    let rms = 100.0 * (squares / kept().count() as f64).sqrt() / maximum;
    let off = |(p, v): (&Point, &(f64, f64))| (100.0 * (v.0 / p.dose - 1.0), p.fmr);
    let worst_above = |least: f64| {
        let before = kept().filter(|(p, _)| p.fmr < 0.7 && p.dose > least).map(off);
        before.max_by(|a, b| a.0.abs().total_cmp(&b.0.abs())).unwrap_or((0.0, 0.0))
    };
    let (worst, worst_high) = (worst_above(0.0), worst_above(ABOVE * maximum));
    Agreement { ratio: (mean, spread.sqrt()), rms, worst, worst_high }
}

pub(super) fn verdict(bar: Bar, found: &Agreement) -> (String, Verdict) {
    let of = |good: bool| if good { Verdict::Pass } else { Verdict::Fail };
    match bar {
        Bar::Profile(mean) => (
            format!("mean within {mean}, rms below {RMS} %"),
            of((found.ratio.0 - 1.0).abs() <= mean && found.rms < RMS),
        ),
        Bar::Mean(mean) => (format!("mean within {mean}"), of((found.ratio.0 - 1.0).abs() <= mean)),
        Bar::Points(percent) => {
            (format!("points before 0.7 within {percent} %"), of(found.worst.0.abs() <= percent))
        }
        Bar::Shown => ("shown".into(), Verdict::Pass),
    }
}

pub(super) fn row(what: String, found: &Agreement, bar: &str, verdict: &str) -> Vec<String> {
    vec![
        what,
        format!("{:.3} &plusmn; {:.3}", found.ratio.0, found.ratio.1),
        format!("{:.2} %", found.rms),
        format!("{:+.1} % at {:.3}", found.worst_high.0, found.worst_high.1),
        format!("{:+.1} % at {:.3}", found.worst.0, found.worst.1),
        bar.into(),
        verdict.into(),
    ]
}

pub(super) const HEAD: [&str; 7] = [
    "case",
    "calculated over measured above 20 % (mean, spread)",
    "rms of all points, of max.",
    "largest before 0.7 of the mean range, above 20 %",
    "largest before 0.7",
    "bar",
    "verdict",
];

/// Steps of half the length and half the threshold: what the engine's own cut does.
fn fine(settings: &Settings) -> Settings {
    let mut fine = *settings;
    fine.lepton.max_strength *= 0.5;
    fine.lepton.max_loss_fraction *= 0.5;
    fine.lepton.threshold_fraction *= 0.5;
    fine.lepton.face_strength *= 0.5;
    fine.lepton.face_loss_fraction *= 0.5;
    fine.seed = settings.seed.wrapping_add(1);
    fine
}

/// Doses at the points, over the foil about each (at the front the foil is the first).
pub(super) fn at_points(depths: &Depths, points: &[Point], foil: f64) -> Vec<(f64, f64)> {
    let at = |p: &Point| {
        let from = (p.depth - 0.5 * foil).max(0.0);
        depths.dose(from, from + foil)
    };
    points.iter().map(at).collect()
}

pub(super) fn plot(
    name: &str,
    points: &[Point],
    values: &[(f64, f64)],
    element: &str,
) -> StudyPlot {
    let point = |p: &Point, y: f64, standard_error: f64| PlotPoint { x: p.fmr, y, standard_error };
    StudyPlot {
        file: format!("measured-{}.png", name.trim_end_matches(".csv")),
        title: name.trim_end_matches(".csv").replace('_', " "),
        axes: [format!("depth / mean range ({element})"), "dose / MeV cm2/g per electron".into()],
        reference_name: "measured".into(),
        values: points.iter().zip(values).map(|(p, v)| point(p, v.0, v.1)).collect(),
        reference: points.iter().map(|p| point(p, p.dose, p.dose * p.relative)).collect(),
    }
}

/// Runs all cases that are there.
///
/// # Errors
/// If a table cannot be read or a run fails.
pub fn studies(folder: &Path, options: &RunOptions, done: &mut dyn FnMut(Study)) -> Result<()> {
    let histories = if options.quick { 0.1 } else { 1.0 } * HISTORIES;
    let mut study = Study {
        title: "measured/lockwood: calorimetry in slabs of one element".into(),
        head: HEAD.to_vec(),
        rows: Vec::new(),
        verdict: Verdict::Pass,
        plots: Vec::new(),
    };
    let mut foils: Vec<(&str, f64)> = Vec::new();
    for case in &CASES {
        let Some(table) = Measured::read(folder, case.file)? else { continue };
        let points = points(&table)?;
        let foil = table.stated("calorimeter foil", "g/cm2").ok_or_else(|| {
            Error::input(
                format!("{}: no thickness of the calorimeter foil", case.file),
                "the dose is the mean over it",
                "Restore the table.",
            )
        })?;
        if !foils.iter().any(|f| f.0 == case.element) {
            foils.push((case.element, foil));
        }
        let last = &points[points.len() - 1];
        let slabs =
            [Slab { material: target(case.element)?, g_cm2: DEPTH * last.depth / last.fmr }];
        let of = |mev: f64, settings: &Settings, foil: f64| -> Result<Vec<(f64, f64)>> {
            let decay = parse_source(&format!("electron:{mev}MeV"))?;
            let beam = pencil(case.degrees);
            let target = Target { slabs: &slabs, layer_g_cm2: foil / LAYERS, decay: &decay, beam };
            let depths = run(&target, settings, histories, options)?;
            Ok(at_points(&depths, &points, foil))
        };
        let left_out = table.doubtful();
        let values = of(case.mev, &options.settings, foil)?;
        let found = agreement(&points, &values, &left_out);
        let (bar, here) = verdict(case.bar, &found);
        study.verdict = study.verdict.max(here);
        let name = case.file.trim_start_matches("lockwood_").trim_end_matches(".csv");
        study.rows.push(row(name.to_string(), &found, &bar, here.name()));
        study.plots.push(plot(case.file, &points, &values, case.element));
        // What tells the engine from the data, where it matters.
        if here == Verdict::Fail || !options.quick {
            let again = of(case.mev, &fine(&options.settings), foil)?;
            let found = agreement(&points, &again, &left_out);
            study.rows.push(row(format!("{name}: steps and thresholds halved"), &found, "", ""));
            for mev in case.other_mev {
                let again = of(*mev, &options.settings, foil)?;
                let found = agreement(&points, &again, &left_out);
                study.rows.push(row(format!("{name}: beam of {mev} MeV"), &found, "", ""));
            }
        }
    }
    if !study.rows.is_empty() {
        done(study);
    }
    stacks(folder, options, histories, &foils, done)
}

/// Boundaries and mean ranges in a header such as `boundaries at cumulative FMR [a, b]; r0 [x, y, z] g/cm2`.
fn stack(file: &'static str, table: &Measured) -> Result<Stack> {
    let refuse = |what: &str| {
        Error::input(format!("{file}: no {what}"), "the slabs are not known", "Restore the table.")
    };
    let list = |word: &str| table.list(word).ok_or_else(|| refuse(word));
    let boundaries = list("boundaries")?.try_into().map_err(|_| refuse("two boundaries"))?;
    let ranges = list("; r0")?.try_into().map_err(|_| refuse("three mean ranges"))?;
    let named = file.trim_start_matches("lockwood_").split('_').collect::<Vec<_>>();
    let elements = ["al", "au", "c", "cu"];
    let of =
        |n: usize| elements.into_iter().find(|e| *e == named[n]).ok_or_else(|| refuse("element"));
    Ok(Stack { file, elements: [of(0)?, of(1)?, of(2)?], boundaries, ranges })
}

/// Stacks of three slabs, shown: foils and boundaries are second-hand.
fn stacks(
    folder: &Path,
    options: &RunOptions,
    histories: f64,
    foils: &[(&str, f64)],
    done: &mut dyn FnMut(Study),
) -> Result<()> {
    let mut study = Study {
        title: "measured/lockwood: stacks of three slabs, shown".into(),
        head: HEAD.to_vec(),
        rows: Vec::new(),
        verdict: Verdict::Pass,
        plots: Vec::new(),
    };
    for file in STACKS {
        let Some(table) = Measured::read(folder, file)? else { continue };
        let Stack { file, elements, boundaries: [first, second], ranges } = stack(file, &table)?;
        let points = points(&table)?;
        let layer: Vec<usize> =
            table.numbers("layer")?.into_iter().map(|l| (l as usize).clamp(1, 3) - 1).collect();
        let thickness = [first * ranges[0], (second - first) * ranges[1], DEPTH * ranges[2]];
        let slab = |n: usize| Ok(Slab { material: target(elements[n])?, g_cm2: thickness[n] });
        let slabs = (0..3).map(slab).collect::<Result<Vec<_>>>()?;
        let decay = parse_source("electron:1MeV")?;
        let target =
            Target { slabs: &slabs, layer_g_cm2: 0.0015, decay: &decay, beam: pencil(0.0) };
        let depths = run(&target, &options.settings, histories, options)?;
        let ends = [0.0, thickness[0], thickness[0] + thickness[1], f64::INFINITY];
        let value = |(p, n): (&Point, &usize)| {
            // The foil of the layer's element, as far as it lies in its layer; a thin one where none is known.
            let foil = foils.iter().find(|f| f.0 == elements[*n]).map_or(0.005, |f| f.1);
            let from = (p.depth - 0.5 * foil).max(ends[*n]);
            let to = (p.depth + 0.5 * foil).min(ends[*n + 1]).max(from + 0.1 * foil);
            depths.dose(from, to)
        };
        let values: Vec<_> = points.iter().zip(&layer).map(value).collect();
        let name = file.trim_start_matches("lockwood_").trim_end_matches(".csv");
        study.rows.push(row(name.into(), &agreement(&points, &values, &[]), "shown", ""));
        study.plots.push(plot(file, &points, &values, "of each slab"));
    }
    if !study.rows.is_empty() {
        done(study);
    }
    Ok(())
}
