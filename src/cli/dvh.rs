//! `voxgray dvh`: dose-volume histograms of VOIs with what the noise of the map does to them.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use serde_json::json;

use super::analysis_input::{
    AnalysisInput, SamplingChoice, Table, WeightChoice, each, no_doses_below_zero, whole,
};
use super::analysis_values::{
    parse_d, parse_eud, parse_geud, parse_plus, parse_rbe, parse_response, parse_v, shown,
};
use super::console;
use super::fit_arguments::parse_activity;
use super::progress::Terminal;
use crate::analysis::{Map, Metric, Samples, VoiMetrics};
use crate::error::{Error, Result};
use crate::image::{Region, RegionSet};
use crate::io::atomic::write_atomically;
use crate::io::folder::MarkedFolder;
use crate::pipeline::Observer;
use crate::pipeline::finished::{EFFECTIVE, FinishedMap, PARTS, Rbe};
use crate::pipeline::heard::Heard;
use crate::pipeline::other_map::dose_on_grid;
use crate::report::{DvhLine, DvhPlot};
use crate::sheet::{Separator, lines};
use crate::units::BQ_PER_GBQ;

const AFTER: &str = "\
DOSE is a folder of voxgray dose, which knows units and standard errors; a DICOM RT Dose in Gy,
or a folder with one; or a map (NIfTI, MetaImage, NRRD) with --unit; also of dose rate, activity
or BED. VOIs may lie on another grid, but not in another frame of reference (--any-frame).

Printed for each VOI: volume, the share that is missing, mean (of a run's dose also by mass: the
energy over the mass, as in vois.csv), D98%, D95%, D50% (median), D2%, min, max, the homogeneity
index (D2%-D98%)/D50%, and what --d, --v, --geud, --eud and --response ask for. Voxels of low
density (air) of a run are left out, low_density says how much of the VOI. Histograms are
exact: voxels sorted, each with the share of it that lies inside. The noise of a Monte Carlo map
widens a histogram; each value is printed as it is read, with the bias that noise adds to it by
a stated model (docs/analysis.md), without it, and with the standard error and 95 % interval by
the noise alone. Exit code 3 if a VOI was refused.

With -o it writes dvh.csv (the table), curves.csv (histograms in bins of 0.1 % of the largest
dose), dvh.json and dvh.png (with 95 % bands).

Formulas have no default parameters, and nothing here advises any.

Examples:
  voxgray dvh out/ --voi organs.nii.gz --voi-names organs.csv --d 2mL --v 20Gy -o dvh/
  voxgray dvh dose.nii.gz --unit Gy --voi organs.nii.gz --sampling interpolated --csv
  voxgray dvh out/ --voi organs.nii.gz --weight mass --geud 8 --response lkb:n=0.7,m=0.1,td50=28
  voxgray dvh RTDOSE.dcm --voi RTSTRUCT.dcm --v 20Gy
  voxgray dvh out/ --voi organs.nii.gz --rbe electron=1,photon=1,alpha=5
  voxgray dvh beta.nii.gz --plus alpha.nii.gz=5 --unit Gy --voi organs.nii.gz";

/// Exit code of an input that cannot be used.
const REFUSED: u8 = 3;

/// Options of `voxgray dvh`.
#[derive(Debug, Args)]
#[command(after_help = AFTER)]
pub struct DvhArguments {
    /// Folder of voxgray dose, RT Dose, or a map.
    dose: PathBuf,
    #[command(flatten)]
    pub(super) input: AnalysisInput,
    /// What shares are shares of.
    #[arg(long, value_enum, value_name = "WHAT", help_heading = "Map", default_value = "volume")]
    pub(super) weight: WeightChoice,
    /// Densities (g/cm3) on the map's grid, for --weight mass [default: those of the run].
    #[arg(long, value_name = "FILE", help_heading = "Map")]
    density: Option<PathBuf>,
    /// Sum of the run's parts by emission, each times a factor (relative biological effectiveness), in Gy(RBE): electron=1,photon=1,alpha=5.
    #[arg(long, value_name = "FACTORS", help_heading = "Map", value_parser = parse_rbe, conflicts_with = "plus")]
    rbe: Option<Rbe>,
    /// Add another map on the same grid, in the same unit, times a factor, in Gy(RBE): alpha.nii.gz=5; repeatable.
    #[arg(long, value_name = "FILE=FACTOR", help_heading = "Map", value_parser = parse_plus)]
    plus: Vec<(PathBuf, f64)>,
    /// Dose to the hottest share or volume, such as 90% or 2mL; repeatable.
    #[arg(long, value_name = "SHARE", help_heading = "What is read", value_parser = parse_d)]
    d: Vec<Metric>,
    /// Share with at least this value, in the unit of the map, such as 20Gy; repeatable.
    #[arg(long, value_name = "VALUE", help_heading = "What is read", value_parser = parse_v)]
    v: Vec<(f64, String)>,
    /// Generalised equivalent uniform dose with this exponent a; repeatable.
    #[arg(long, value_name = "A", help_heading = "What is read", value_parser = parse_geud, allow_hyphen_values = true)]
    geud: Vec<Metric>,
    /// Equivalent uniform dose of survival with this alpha, such as 0.35/Gy; repeatable.
    #[arg(long, value_name = "ALPHA", help_heading = "What is read", value_parser = parse_eud)]
    eud: Vec<Metric>,
    /// A formula of response with all of its parameters: lkb:n=N,m=M,td50=GY, logistic:a=A,d50=GY,gamma50=G or poisson:clonogens=N,alpha=PER_GY; repeatable.
    #[arg(long, value_name = "FORMULA", help_heading = "What is read", value_parser = parse_response)]
    response: Vec<Metric>,
    /// Administered activity, such as 7.4GBq: adds the mean per activity.
    #[arg(long, value_name = "ACTIVITY", help_heading = "What is read", value_parser = parse_activity)]
    administered: Option<f64>,
}

/// Reads histograms.
///
/// # Errors
/// If the map or the VOIs cannot be read, units contradict each other, or writing fails. A VOI that is refused is told, with exit code 3.
pub fn run(a: &DvhArguments) -> Result<ExitCode> {
    let terminal = Terminal::new(a.input.quiet);
    let heard = Heard::new(&terminal);
    let mut map = a.input.read(&a.dose, &heard)?;
    weighted(a, &mut map, &heard)?;
    let is_sum = a.rbe.is_some() || !a.plus.is_empty();
    let by_mass = a.weight == WeightChoice::Mass;
    map.tell_below_zero(&heard);
    let stated = a.density.is_some() || by_mass;
    let density = stated.then(|| a.input.density(&map, a.density.as_ref(), &heard)).transpose()?;
    let sets = a.input.regions(&map, &heard)?;
    let factor = map.interval_factor();
    let own = map.sampled();
    let of = Map { density: density.as_deref().or(own.density), by_mass, ..own };
    // The batches know the mean as it was scored.
    let own = a.input.sampling == SamplingChoice::Uniform && !is_sum;
    let batches = |region: &Region, volume_ml: f64| {
        own.then(|| map.mean_standard_error(&region.name, region.label, volume_ml)).flatten()
    };
    let Histograms { table, found, refused, notes } =
        histograms(a, &of, &sets, &map.unit, &batches)?;
    notes.iter().for_each(|note| heard.warn(note));
    let refused: Vec<String> = refused.iter().map(|(name, e)| format!("{name}: {e}")).collect();
    refused.iter().for_each(|text| console::say(&format!("refused: {text}")));
    let mut told = json!({
        "map": map.name, "map_sha256": map.sha256()?, "unit": map.unit, "weight": if by_mass { "mass" } else { "volume" },
        "sampling": if a.input.sampling == SamplingChoice::Uniform { "uniform" } else { "interpolated" },
        "interval_95_factor": factor,
        "warnings": heard.warnings(),
        "refused": refused,
    });
    a.input.without_folders(&a.dose, &mut told);
    if let (Some(out), false) = (&a.input.out, found.is_empty()) {
        let files = write(a, &map, &table, &found, factor, &told, out)?;
        files.iter().for_each(|f| terminal.say(&format!("wrote {}", out.join(f).display())));
    }
    table.print(a.input.csv, a.input.json, factor, told)?;
    Ok(if refused.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(REFUSED) })
}

/// What was read of VOIs.
pub(super) struct Histograms {
    /// The table.
    pub(super) table: Table,
    /// Histograms with their VOIs' names.
    pub(super) found: Vec<(String, VoiMetrics)>,
    /// VOIs that were refused, and why.
    pub(super) refused: Vec<(String, Error)>,
    /// What should be known of the values.
    pub(super) notes: Vec<String>,
}

/// Means by volume and by mass that differ by more than this are told.
const UNLIKE_MEANS: f64 = 0.02;

/// Whether the mean by volume is that by mass, whose standard error the batches of a run know.
pub(super) fn is_even(samples: &Samples) -> bool {
    let total: f64 = samples.weights.iter().sum();
    let sum: f64 = samples.values.iter().zip(&samples.weights).map(|(v, w)| v * w).sum();
    let mean = sum / total;
    samples.mean_by_mass.is_none_or(|m| (mean - m).abs() <= UNLIKE_MEANS * m.abs())
}

/// Histograms of regions on a map in `unit`. `batches` gives the standard error of the mean of a region of so many mL, where
/// independent batches know it.
pub(super) fn histograms(
    a: &DvhArguments,
    of: &Map,
    sets: &[RegionSet],
    unit: &str,
    batches: &dyn Fn(&Region, f64) -> Option<f64>,
) -> Result<Histograms> {
    let metrics = metrics(a, unit)?;
    let by_mass = of.by_mass;
    let mut all = Histograms {
        table: Table::default(),
        found: Vec::new(),
        refused: Vec::new(),
        notes: Vec::new(),
    };
    for (set, region) in each(sets) {
        let samples = a.input.sample(set, region, of).and_then(|samples| {
            if !(a.geud.is_empty() && a.eud.is_empty() && a.response.is_empty()) {
                no_doses_below_zero(&samples, "gEUD, EUD and responses are")?;
            }
            let own = batches(region, samples.volume_ml).filter(|_| by_mass || is_even(&samples));
            let read = VoiMetrics::new(&samples, &metrics, own)?;
            Ok((samples, read))
        });
        let (samples, read) = match samples {
            Ok(found) => found,
            Err(error) => {
                all.refused.push((region.name.clone(), error));
                continue;
            }
        };
        let (name, table) = (&region.name, &mut all.table);
        table.plain(name, "volume", "mL", samples.volume_ml);
        if let Some(mass) = samples.mass_g {
            table.plain(name, "mass", "g", mass);
        }
        table.plain(name, "missing", "%", 100.0 * (samples.outside + samples.not_a_number));
        if of.left_out.is_some() {
            table.plain(name, "low_density", "%", 100.0 * samples.left_out);
        }
        if let (Some(by_mass), false, false) = (samples.mean_by_mass, by_mass, is_even(&samples)) {
            all.notes.push(format!(
                "'{name}': its mean is {} {unit} by volume, {} {unit} by mass, the energy over the mass, as doses in tables of a run are: its density or its dose is not even",
                shown(read.dvh.mean()),
                shown(by_mass)
            ));
        }
        if of.standard_errors.is_some() {
            table.plain(name, "error_not_known", "%", 100.0 * samples.unknown_error);
        }
        if let Some(noise) = &read.noise {
            table.plain(name, "variance_of_mean_over_independent_voxels", "1", noise.factor());
        }
        for (metric, value) in &read.values {
            if let (Metric::DoseToAmount(_), true) = (metric, value.value.is_nan()) {
                let all = read.dvh.total();
                let [what, of] =
                    [metric.name(unit, by_mass), if by_mass { "g" } else { "mL" }.into()];
                console::say(&format!("note: '{name}' has {all:.4} {of}: no {what}"));
            }
            table.add(name, metric.name(unit, by_mass), metric.unit(unit), *value);
            if let (Metric::Mean, Some(mean), false) = (metric, samples.mean_by_mass, by_mass) {
                table.plain(name, "mean_by_mass", unit, mean);
            }
        }
        if let (Some(bq), Some((_, mean))) = (a.administered, read.values.first()) {
            table.plain(
                name,
                "mean_per_activity",
                &format!("{unit}/GBq"),
                mean.value * BQ_PER_GBQ / bq,
            );
        }
        all.found.push((name.clone(), read));
    }
    Ok(all)
}

/// The usual metrics and those that are asked for.
fn metrics(a: &DvhArguments, unit: &str) -> Result<Vec<Metric>> {
    let mut all = Metric::usual();
    all.extend(a.d.iter().filter(|m| !Metric::usual().contains(m)));
    for (value, stated) in &a.v {
        if stated != unit {
            return Err(Error::usage(
                format!("--v {value}{stated}"),
                format!("the map is in {unit}"),
                "State the value in the unit of the map.",
            ));
        }
        all.push(Metric::ShareAbove(*value));
    }
    let formulas: Vec<Metric> = a.geud.iter().chain(&a.eud).chain(&a.response).copied().collect();
    if unit != "Gy" && unit != "Gy(RBE)" && (!a.eud.is_empty() || !a.response.is_empty()) {
        return Err(Error::usage(
            format!("--eud or --response on a map in {unit}"),
            "their parameters are those of doses in Gy",
            "Give a map of dose.",
        ));
    }
    all.extend(formulas);
    Ok(all)
}

/// The RBE-weighted sum in place of the map, where one is asked for.
fn weighted(a: &DvhArguments, map: &mut FinishedMap, observer: &dyn Observer) -> Result<()> {
    let unit = match map.unit.as_str() {
        "Gy" => "Gy(RBE)",
        "Gy/s" => "Gy(RBE)/s",
        _ if a.rbe.is_none() && a.plus.is_empty() => return Ok(()),
        other => {
            return Err(Error::usage(
                format!("a weighted sum of a map in {other}"),
                "factors are those of absorbed doses",
                "Give a map of dose.",
            ));
        }
    };
    let mut sum: Vec<f64>;
    let mut one = None;
    if let Some(factors) = &a.rbe {
        let stem = map
            .path
            .file_name()
            .map(|n| n.to_string_lossy().replace(".nii.gz", ""))
            .unwrap_or_default();
        sum = vec![0.0; map.map.data.len()];
        for part in PARTS {
            let factor = factors.iter().find(|f| f.0 == part).map(|f| f.1);
            let values =
                map.beside(&format!("{}_{part}", stem.trim_end_matches("_partial")), observer);
            match (factor, values) {
                (None, Err(_)) => {}
                (Some(factor), Ok(values)) => {
                    one = Some(one.map_or(factor, |o: f64| if o == factor { o } else { f64::NAN }));
                    sum.iter_mut().zip(values).for_each(|(s, v)| *s += factor * f64::from(v));
                }
                (None, Ok(_)) => {
                    return Err(Error::usage(
                        format!("--rbe has no factor for {part}"),
                        "the run has its dose apart, which would be left out",
                        format!("Add {part}=FACTOR."),
                    ));
                }
                (Some(_), Err(e)) => return Err(e),
            }
        }
    } else if !a.plus.is_empty() {
        sum = map.map.data.iter().map(|v| f64::from(*v)).collect();
        for (file, factor) in &a.plus {
            let values = dose_on_grid(file, map, a.input.any_frame, a.input.affine(), observer)?;
            sum.iter_mut().zip(values).for_each(|(s, v)| *s += factor * f64::from(v));
        }
    } else {
        return Ok(());
    }
    // Standard errors are those of the unweighted sum: known where one factor weighs all.
    map.standard_errors = match one {
        Some(f) if f.is_finite() => map
            .standard_errors
            .take()
            .map(|e| e.into_iter().map(|e| (f * f64::from(e)) as f32).collect()),
        _ => None,
    };
    if map.standard_errors.is_none() {
        observer.warn("the standard error of a weighted sum is not known: no bias, no intervals");
    }
    map.map.data = sum.into_iter().map(|s| s as f32).collect();
    map.unit = unit.into();
    Ok(())
}

/// Points of a drawn histogram.
const DRAWN: usize = 250;

fn write(
    a: &DvhArguments,
    map: &FinishedMap,
    table: &Table,
    found: &[(String, VoiMetrics)],
    factor: f64,
    told: &serde_json::Value,
    out: &std::path::Path,
) -> Result<Vec<String>> {
    let mut rows =
        vec![["voi", "value", "unit", "share", "low_95", "high_95"].map(String::from).to_vec()];
    let mut drawn = Vec::new();
    for (name, voi) in found {
        let edges = voi.dvh.edges();
        let band = |at: &[f64]| voi.noise.as_ref().map(|n| n.band(&voi.dvh, factor, at));
        let limits = band(&edges);
        for (i, (edge, share)) in edges.iter().zip(voi.dvh.cumulative(&edges)).enumerate() {
            let [low, high] = match &limits {
                Some(l) => [shown(l[i].0), shown(l[i].1)],
                None => [String::new(), String::new()],
            };
            rows.push(vec![name.clone(), shown(*edge), map.unit.clone(), shown(share), low, high]);
        }
        let top = voi.dvh.max();
        let low = voi.dvh.min().min(0.0);
        let at: Vec<f64> =
            (0..=DRAWN).map(|n| low + (top - low) * n as f64 / DRAWN as f64).collect();
        let points = at.iter().zip(voi.dvh.cumulative(&at)).map(|(v, s)| (*v, 100.0 * s)).collect();
        let band = band(&at)
            .map_or(Vec::new(), |b| b.iter().map(|l| (100.0 * l.0, 100.0 * l.1)).collect());
        drawn.push(DvhLine { name: name.clone(), points, band });
    }
    let quantity = match map.unit.as_str() {
        "Gy" | "mGy" | "Gy(RBE)" | EFFECTIVE => "dose",
        "Gy/s" | "mGy/s" | "Gy(RBE)/s" => "dose rate",
        _ => "value",
    };
    let unit = if map.unit.contains('/') { format!("({})", map.unit) } else { map.unit.clone() };
    let weight = if a.weight == WeightChoice::Mass { "mass" } else { "volume" };
    let banded = if map.standard_errors.is_some() {
        "; bands: 95 % by the noise of the map, without its bias"
    } else {
        ""
    };
    let png = DvhPlot {
        title: "Dose-volume histograms",
        subtitle: &format!("as read from {}{banded}", map.name),
        x_label: &format!("{quantity} / {unit}"),
        y_label: &format!("{weight} with at least this value / %"),
        lines: &drawn,
        dashed: false,
    }
    .draw()?
    .to_png()?;
    let all = whole(told.clone(), table.json(factor));
    let files = [
        ("dvh.csv", table.csv(factor).into_bytes()),
        ("curves.csv", lines(rows, Separator::Comma).into_bytes()),
        ("dvh.json", format!("{all:#}\n").into_bytes()),
        ("dvh.png", png),
    ];
    let names: Vec<String> = files.iter().map(|f| f.0.to_string()).collect();
    let folder = MarkedFolder::open(out, a.input.overwrite, &names)?;
    for (name, bytes) in files {
        write_atomically(&out.join(name), |w| w.write_all(&bytes))?;
    }
    folder.finish()?;
    Ok(names)
}
