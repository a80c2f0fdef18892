//! `voxgray bed`: biologically effective dose of VOIs and voxels from doses and dose rates over time.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use serde_json::json;

use super::analysis_input::{
    AnalysisInput, SamplingChoice, Table, each, no_doses_below_zero, whole,
};
use super::analysis_values::{
    OfVoi, parse_alpha, parse_alpha_beta, parse_half_life, parse_repair, value_of,
};
use super::bed_rate::dose_rate;
use super::console;
use super::dvh::is_even;
use super::progress::Terminal;
use super::values::{parse_count, parse_time};
use crate::analysis::samples::shares_on;
use crate::analysis::{
    Course, CycleOfVoxels, Estimate, Formula, Map, Metric, Repair, Tissue, VoiMetrics,
    bed_of_voxels,
};
use crate::error::{Error, Result, did_you_mean};
use crate::image::{Grid, Region, RegionSet, Volume};
use crate::io::atomic::write_atomically;
use crate::io::folder::MarkedFolder;
use crate::io::write_nifti;
use crate::kinetics::table::{CurveFile, TableOptions, read_curves};
use crate::physics::own_nuclides::OwnNuclides;
use crate::pipeline::Observer;
use crate::pipeline::finished::{EFFECTIVE, FinishedMap, SAME_GRID_MM, tell_frames};
use crate::pipeline::heard::Heard;
use crate::sheet::Sheet;

const AFTER: &str = "\
DOSE is a folder of voxgray dose, a DICOM RT Dose (PHYSICAL), or a map in Gy (--unit Gy): one
for each cycle, on one grid.
BED = D (1 + G D/(alpha/beta)); G comes from the dose rate over time, all of it, not from a
half-life of its tail:
  a folder of a series   the curve that was integrated for the VOI: of its dose rate (--route
                         dose-rate or both) or of its activity (then taken as the shape); a
                         voxel whose dose rate the run fitted by itself has that exponential
  a folder of --physical-decay   the nuclide's half-life
  --curves TABLE         points of dose rate or activity, a curve per VOI by its name, as
                         voxgray fit takes them, with --nuclide; the family is chosen as there
  --half-life [VOI=]T    one exponential from the administration on: an assumption, and told
Cycles: several DOSEs, or --cycles N of one, --interval apart. BED is that of one dose rate over
all of them; cycles_apart is the sum of the cycles alone, for comparison.

Printed for each VOI: doses, G, BED of the mean dose, mean BED of the voxels (more, where the
dose is not uniform), EQD2, D98% and D2% of the BED, with --alpha the EUBED; bias and standard
error by the noise of the map. With -o: bed.nii.gz and eqd2.nii.gz (NaN outside of all VOIs; a
voxel of several takes that with the largest share in it), bed.csv and bed.json.

Parameters have no default, and nothing here advises any. Where they are given by VOI, a VOI
that none of them names is left out.

Examples:
  voxgray bed out/ --voi organs.nii.gz --alpha-beta 2.6Gy --repair 2.8h
  voxgray bed c1/ c2/ c3/ --interval 56d --voi organs.nii.gz --voi-names organs.csv \\
              --alpha-beta kidneys=2.6Gy --alpha-beta tumour=10Gy --repair kidneys=2.8h \\
              --repair tumour=1.5h --alpha tumour=0.35/Gy -o bed/
  voxgray bed dose.nii.gz --unit Gy --voi l.nii.gz --alpha-beta 2.5 --repair 0.19h,2.16h,0.98 \\
              --half-life 64.1h";

/// Exit code of an input that cannot be used.
const REFUSED: u8 = 3;

/// Options of `voxgray bed`.
#[derive(Debug, Args)]
#[command(
    after_help = AFTER,
    override_usage = "voxgray bed [OPTIONS] --voi <FILE> --alpha-beta <DOSE> --repair <TIME> <DOSES>..."
)]
pub struct BedArguments {
    /// Folders of voxgray dose, RT Doses, or maps in Gy: one for each cycle.
    #[arg(required = true)]
    doses: Vec<PathBuf>,
    #[command(flatten)]
    input: AnalysisInput,
    /// alpha/beta of all VOIs or of one, such as 2.6Gy or kidneys=2.6Gy; repeatable.
    #[arg(long, required = true, value_name = "[VOI=]DOSE", help_heading = "Tissue", value_parser = parse_alpha_beta)]
    alpha_beta: Vec<OfVoi<f64>>,
    /// Half-time of repair of all VOIs or of one, such as 2.8h or kidneys=2.8h; or a fast and a slow one and the slow part over the fast: 0.19h,2.16h,0.98; repeatable.
    #[arg(long, required = true, value_name = "[VOI=]TIME", help_heading = "Tissue", value_parser = parse_repair)]
    repair: Vec<OfVoi<Repair>>,
    /// alpha for the EUBED, such as 0.35/Gy or tumour=0.35/Gy; repeatable.
    #[arg(long, value_name = "[VOI=]ALPHA", help_heading = "Tissue", value_parser = parse_alpha)]
    alpha: Vec<OfVoi<f64>>,
    /// Effective half-life of a dose rate that is taken as one exponential, such as 50h or kidneys=50h; repeatable.
    #[arg(long, value_name = "[VOI=]TIME", help_heading = "Dose rate", value_parser = parse_half_life, conflicts_with = "curves")]
    pub(super) half_life: Vec<OfVoi<f64>>,
    /// Table of dose rates or activities over time, a curve per VOI.
    #[arg(long, value_name = "TABLE", help_heading = "Dose rate", requires = "nuclide")]
    pub(super) curves: Option<PathBuf>,
    /// The nuclide of --curves, such as Lu-177.
    #[arg(long, value_name = "NUCLIDE", help_heading = "Dose rate", requires = "curves")]
    pub(super) nuclide: Option<String>,
    /// Equal cycles of one DOSE.
    #[arg(long, value_name = "N", help_heading = "Cycles", value_parser = parse_count, requires = "interval")]
    cycles: Option<u64>,
    /// From the beginning of a cycle to that of the next, such as 56d.
    #[arg(long, value_name = "TIME", help_heading = "Cycles", value_parser = parse_time)]
    interval: Option<f64>,
}

/// Most equal cycles.
const MOST_CYCLES: u64 = 50;

/// What was found for a VOI.
struct Found<'a> {
    set: &'a RegionSet,
    region: &'a Region,
    tissue: Tissue,
    course: Course,
    /// Each map's: repetitions are in `begins_s`.
    of_voxels: Vec<CycleOfVoxels<'a>>,
}

/// The map of a cycle, with the half-lives that its run fitted to single voxels' dose rates.
struct CycleMap {
    map: FinishedMap,
    half_lives_s: Option<Vec<f32>>,
}

/// Computes BED.
///
/// # Errors
/// If maps are on different grids or not in Gy, a parameter is missing, or writing fails. A VOI that is refused is told, with exit code 3.
pub fn run(a: &BedArguments) -> Result<ExitCode> {
    let terminal = Terminal::new(a.input.quiet);
    let heard = Heard::new(&terminal);
    let maps = read(a, &heard)?;
    let table = a
        .curves
        .as_ref()
        .map(|p| read_curves(&Sheet::read_or_pipe(p)?, &TableOptions::default()))
        .transpose()
        // What the table lacks are options of voxgray fit.
        .map_err(|e| match e.suggestion.contains("--") {
            true => Error {
                suggestion: "Give activities (MBq) or dose rates (Gy/h) at their times; voxgray fit converts other tables.".into(),
                ..e
            },
            false => e,
        })?;
    for note in table.iter().flat_map(|t| &t.notes) {
        heard.say(&format!("--curves: {note}"));
    }
    maps.iter().for_each(|map| map.tell_below_zero(&heard));
    let sets = a.input.regions(&maps[0], &heard)?;
    for (option, twice) in [
        ("--alpha-beta", contradicted(&a.alpha_beta)),
        ("--repair", contradicted(&a.repair)),
        ("--alpha", contradicted(&a.alpha)),
        ("--half-life", contradicted(&a.half_life)),
    ] {
        if let Some(of) = twice {
            return Err(Error::usage(
                format!("{option} of {of} is given twice, with two values"),
                "which of them holds is not said",
                "Keep one.",
            ));
        }
    }
    let equal = a.cycles.unwrap_or(1) as usize;
    let factor = maps[0].interval_factor();
    let with_half_lives = |map: FinishedMap| {
        Ok(CycleMap { half_lives_s: map.half_lives_of_dose_rate_s(&heard)?, map })
    };
    let maps: Vec<CycleMap> = maps.into_iter().map(with_half_lives).collect::<Result<_>>()?;
    let (mut results, mut done, mut refused) = (Table::default(), Vec::new(), Vec::new());
    let left_out = left_out(a, &sets, &heard)?;
    for (set, region) in each(&sets).filter(|(_, r)| !left_out.contains(&r.name)) {
        let found =
            find(a, &maps, table.as_ref(), (set, region), equal, &heard).and_then(|found| {
                analyse(a, &maps, &found, equal, &mut results)?;
                Ok(found)
            });
        match found {
            Ok(found) => done.push(found),
            Err(error) => {
                let text = format!("{}: {error}", region.name);
                console::say(&format!("refused: {text}"));
                refused.push(text);
            }
        }
    }
    let mut told = json!({
        "maps": maps.iter().map(|m| &m.map.name).collect::<Vec<_>>(), "cycles": maps.len() * equal, "interval_s": a.interval,
        "interval_95_factor": factor,
        "own_nuclides": OwnNuclides::all_told(),
        "map_sha256": maps.iter().map(|m| m.map.sha256()).collect::<Result<Vec<_>>>()?,
        "warnings": heard.warnings(),
        "refused": refused,
        "left_out": left_out,
        "tissues": done.iter().map(|f| json!({
            "voi": f.region.name, "alpha_beta_gy": f.tissue.alpha_beta_gy,
            "repair_half_times_s_and_weights": f.tissue.repair.half_times_s(),
        })).collect::<Vec<_>>(),
    });
    a.input.without_folders(&a.doses[0], &mut told);
    if let (Some(out), false) = (&a.input.out, done.is_empty()) {
        let (bed, eqd2) = voxel_maps(&maps[0].map.map.grid, &done)?;
        let all = whole(told.clone(), results.json(factor));
        let names = ["bed.nii.gz", "eqd2.nii.gz", "bed.csv", "bed.json"].map(String::from);
        let folder = MarkedFolder::open(out, a.input.overwrite, &names)?;
        write_nifti(&out.join("bed.nii.gz"), &bed)?;
        write_nifti(&out.join("eqd2.nii.gz"), &eqd2)?;
        write_atomically(&out.join("bed.csv"), |w| w.write_all(results.csv(factor).as_bytes()))?;
        write_atomically(&out.join("bed.json"), |w| w.write_all(format!("{all:#}\n").as_bytes()))?;
        folder.finish()?;
        names.iter().for_each(|f| terminal.say(&format!("wrote {}", out.join(f).display())));
    }
    results.print(a.input.csv, a.input.json, factor, told)?;
    Ok(if refused.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(REFUSED) })
}

/// The VOI for which two values are given.
fn contradicted<T: PartialEq>(all: &[OfVoi<T>]) -> Option<String> {
    let twice = |(n, (name, value)): (usize, &OfVoi<T>)| {
        all[..n].iter().any(|(other, of)| other == name && of != value).then(|| match name {
            Some(name) => format!("'{name}'"),
            None => "all VOIs".into(),
        })
    };
    all.iter().enumerate().find_map(twice)
}

/// VOIs that no parameter of a tissue names where others are named: nobody asks for their BED. Names of no VOI are told.
fn left_out(
    a: &BedArguments,
    sets: &[RegionSet],
    observer: &dyn Observer,
) -> Result<BTreeSet<String>> {
    fn names<T>(all: &[OfVoi<T>]) -> impl Iterator<Item = &str> {
        all.iter().filter_map(|v| v.0.as_deref())
    }
    let vois: BTreeSet<&str> = each(sets).map(|(_, r)| r.name.as_str()).collect();
    let named: BTreeSet<&str> = names(&a.alpha_beta)
        .chain(names(&a.repair))
        .chain(names(&a.alpha))
        .chain(names(&a.half_life))
        .collect();
    for name in named.difference(&vois) {
        observer.warn(&format!(
            "parameters of '{name}': no VOI has that name. {}The VOIs: {}",
            did_you_mean(name, vois.iter().copied()),
            vois.iter().copied().collect::<Vec<_>>().join(", ")
        ));
    }
    let has = |name: &str| {
        let both = value_of(&a.alpha_beta, name).is_some() && value_of(&a.repair, name).is_some();
        both || named.contains(name)
    };
    let (kept, left): (BTreeSet<&str>, BTreeSet<&str>) = vois.iter().partition(|v| has(v));
    if kept.is_empty() {
        return Err(Error::input(
            "no VOI with --alpha-beta and --repair".to_string(),
            format!("they are given for {}", named.into_iter().collect::<Vec<_>>().join(", ")),
            format!(
                "The VOIs are {}.",
                left.into_iter().map(|v| format!("'{v}'")).collect::<Vec<_>>().join(", ")
            ),
        ));
    }
    if !left.is_empty() {
        observer.say(&format!(
            "without BED, as no parameters are given for them: {}",
            left.iter().copied().collect::<Vec<_>>().join(", ")
        ));
    }
    Ok(left.into_iter().map(String::from).collect())
}

/// The maps of the cycles.
fn read(a: &BedArguments, observer: &dyn Observer) -> Result<Vec<FinishedMap>> {
    if a.cycles.is_some_and(|n| n > MOST_CYCLES) || (a.cycles.is_some() && a.doses.len() > 1) {
        return Err(Error::usage(
            format!("--cycles {} of {} DOSEs", a.cycles.unwrap_or(1), a.doses.len()),
            format!("it repeats one DOSE, at most {MOST_CYCLES} times"),
            "Give a DOSE for each cycle, or one and --cycles.",
        ));
    }
    if a.doses.len() > 1 && a.interval.is_none() {
        return Err(Error::usage(
            format!("{} cycles", a.doses.len()),
            "how far apart they began is not stated",
            "Add --interval, such as 56d.",
        ));
    }
    let maps: Vec<FinishedMap> =
        a.doses.iter().map(|p| a.input.read(p, observer)).collect::<Result<_>>()?;
    tell_frames(&maps, observer);
    for map in &maps {
        if !map.is_dose() {
            return Err(Error::usage(
                format!("{} is in {}", map.path.display(), map.unit),
                match map.unit.as_str() {
                    EFFECTIVE | "Gy(RBE)" => {
                        "a weighted dose (DoseType EFFECTIVE) is no absorbed dose, which BED is made of"
                    }
                    _ => "BED needs the dose of all time, in Gy",
                },
                "Integrate it over time: voxgray dose with a series, --physical-decay or a time-integrated map.",
            ));
        }
        if !map.map.grid.same_geometry(&maps[0].map.grid, SAME_GRID_MM) {
            return Err(Error::input(
                format!("{} and {} are on two grids", maps[0].path.display(), map.path.display()),
                "doses of a voxel are added voxel by voxel",
                "Bring them to one grid, registered, first.",
            ));
        }
    }
    Ok(maps)
}

/// Tissue and course of a VOI.
fn find<'a>(
    a: &BedArguments,
    maps: &'a [CycleMap],
    table: Option<&CurveFile>,
    (set, region): (&'a RegionSet, &'a Region),
    equal: usize,
    observer: &dyn Observer,
) -> Result<Found<'a>> {
    let missing = |option: &str| {
        Error::usage(
            format!("'{}' has no {option}", region.name),
            "it is given for other VOIs",
            format!("Add {option} '{}=...', or one for all VOIs.", region.name),
        )
    };
    let alpha_beta =
        value_of(&a.alpha_beta, &region.name).ok_or_else(|| missing("--alpha-beta"))?;
    let repair = value_of(&a.repair, &region.name).ok_or_else(|| missing("--repair"))?;
    let tissue = Tissue::new(*alpha_beta, repair.clone())?;
    let (mut cycles, mut of_voxels) = (Vec::new(), Vec::new());
    for CycleMap { map, half_lives_s } in maps {
        let (rate, from, of_run) = dose_rate(a, map, table, (set, region), observer)?;
        let half_lives_s = half_lives_s.as_deref().filter(|_| of_run);
        let own = match half_lives_s {
            Some(_) => "; voxels by their own exponential where the run fitted one",
            None => "",
        };
        observer.say(&format!("{}, '{}': dose rate from {from}{own}", map.name, region.name));
        let begin = |n: usize| n as f64 * a.interval.unwrap_or(0.0);
        let begins_s: Vec<f64> = (0..equal).map(|n| begin(cycles.len() + n)).collect();
        cycles.extend(begins_s.iter().map(|at| (rate.clone(), *at)));
        of_voxels.push(CycleOfVoxels {
            doses_gy: &map.map.data,
            standard_errors_gy: map.standard_errors.as_deref(),
            half_lives_s,
            rate,
            begins_s,
        });
    }
    let course = Course::new(&cycles, &tissue)?;
    Ok(Found { set, region, tissue, course, of_voxels })
}

/// The voxels of a box about a VOI: what its samples may be interpolated from.
fn about(found: &Found, grid: &Grid) -> Result<Vec<bool>> {
    const MARGIN: usize = 2;
    let (mut low, mut high) = ([usize::MAX; 3], [0; 3]);
    for (v, _) in shares_on(found.set, found.region, grid)? {
        for (axis, at) in grid.unlinear(v).into_iter().enumerate() {
            low[axis] = low[axis].min(at.saturating_sub(MARGIN));
            high[axis] = high[axis].max(at + MARGIN);
        }
    }
    let within = |v: usize| {
        grid.unlinear(v)
            .into_iter()
            .enumerate()
            .all(|(axis, at)| (low[axis]..=high[axis]).contains(&at))
    };
    Ok((0..grid.len()).map(within).collect())
}

fn analyse(
    a: &BedArguments,
    maps: &[CycleMap],
    found: &Found,
    equal: usize,
    results: &mut Table,
) -> Result<()> {
    let Found { set, region, tissue, course, of_voxels } = found;
    let name = &region.name;
    let mut means = Vec::new();
    let mut batches = Some(0.0_f64);
    let (mut volume, mut by_mass) = (0.0, Vec::new());
    let mut rows = Table::default();
    let grid = &maps[0].map.map.grid;
    let (bed, errors) = bed_of_voxels(of_voxels, tissue, &about(found, grid)?)?;
    for (n, CycleMap { map, .. }) in maps.iter().enumerate() {
        let samples = a.input.sample(set, region, &map.sampled())?;
        no_doses_below_zero(&samples, "BED is made")?;
        volume = samples.volume_ml;
        let own = map
            .mean_standard_error(name, region.label, volume)
            .filter(|_| a.input.sampling == SamplingChoice::Uniform && is_even(&samples));
        let mean = VoiMetrics::new(&samples, &[Metric::Mean], own)?.values[0].1;
        let what = if maps.len() > 1 {
            format!("mean_dose_of_cycle_{}", n + 1)
        } else {
            "mean_dose".into()
        };
        rows.add(name, what.clone(), "Gy", mean);
        if let Some(by_mass) = samples.mean_by_mass {
            rows.plain(name, format!("{what}_by_mass"), "Gy", by_mass);
        }
        means.extend(std::iter::repeat_n(mean.value, equal));
        by_mass.extend(std::iter::repeat_n(samples.mean_by_mass, equal));
        batches = batches.zip(own).map(|(b, o)| b.hypot(o));
    }
    let total: f64 = means.iter().sum();
    rows.rows.insert(
        0,
        super::analysis_input::Row {
            voi: name.clone(),
            what: "volume".into(),
            unit: "mL".into(),
            value: Estimate::bare(volume),
        },
    );
    if means.len() > 1 {
        rows.plain(name, "mean_dose", "Gy", total);
    }
    for c in (0..course.cycles()).step_by(equal) {
        let what =
            if maps.len() > 1 { format!("G_of_cycle_{}", c / equal + 1) } else { "G".into() };
        rows.plain(name, what, "1", course.g(c));
    }
    let of_mean = course.bed(&means);
    rows.plain(name, "BED_of_mean_dose", "Gy", of_mean);
    if let Some(by_mass) = by_mass.into_iter().collect::<Option<Vec<f64>>>() {
        rows.plain(name, "BED_of_mean_dose_by_mass", "Gy", course.bed(&by_mass));
    }
    if means.len() > 1 {
        rows.plain(
            name,
            "BED_of_mean_dose_cycles_apart",
            "Gy",
            course.bed_of_separate_cycles(&means),
        );
    }
    rows.plain(name, "EQD2_of_mean_dose", "Gy", tissue.eqd2(of_mean));
    let bed = Volume::new(grid.clone(), bed)?;
    let of = Map {
        standard_errors: errors.as_deref(),
        left_out: maps[0].map.low_density.as_deref(),
        ..Map::of(&bed)
    };
    let samples = a.input.sample(set, region, &of)?;
    let slope = course.slope(&means, course.cycles() - 1);
    let metrics = [
        Metric::Mean,
        Metric::DoseToShare(0.98),
        Metric::DoseToShare(0.5),
        Metric::DoseToShare(0.02),
    ];
    let read = VoiMetrics::new(&samples, &metrics, batches.map(|b| b * slope))?;
    for (metric, value) in &read.values {
        let what = match metric {
            Metric::Mean => "BED_mean_of_voxels".to_string(),
            other => format!("BED_{}", other.name("Gy", false)),
        };
        // The square of a noisy dose is too large in the mean: (2/(alpha/beta)) times the variance of the voxels, for each cycle.
        let value = match (metric, &read.noise) {
            (Metric::Mean, Some(noise)) => {
                noise.of_square(value, curvature(course, equal, tissue), slope)
            }
            _ => *value,
        };
        rows.add(name, what, "Gy", value);
    }
    let mean = read.values[0].1.value;
    rows.plain(name, "EQD2_of_BED_mean_of_voxels", "Gy", tissue.eqd2(mean));
    if let Some(alpha) = value_of(&a.alpha, name) {
        let value = Formula::Eud(*alpha).checked()?.of(&samples, read.noise.as_ref());
        rows.add(name, format!("EUBED(alpha={alpha}/Gy)"), "Gy", value);
    }
    results.rows.extend(rows.rows);
    Ok(())
}

/// Second derivative of the BED by the dose of the (last) map.
fn curvature(course: &Course, equal: usize, tissue: &Tissue) -> f64 {
    let last = course.cycles() - 1;
    equal as f64 * 2.0 * course.g(last) / tissue.alpha_beta_gy
}

/// BED and EQD2 of every voxel by the VOI with the largest share in it; NaN elsewhere.
fn voxel_maps(grid: &Grid, done: &[Found]) -> Result<(Volume<f32>, Volume<f32>)> {
    let n = grid.len();
    let (mut share, mut owner) = (vec![0.0_f64; n], vec![usize::MAX; n]);
    for (f, found) in done.iter().enumerate() {
        for (v, s) in shares_on(found.set, found.region, grid)? {
            if s > share[v] * (1.0 + 1e-9) {
                (share[v], owner[v]) = (s, f);
            }
        }
    }
    let (mut bed, mut eqd2) = (vec![f32::NAN; n], vec![f32::NAN; n]);
    for (f, found) in done.iter().enumerate() {
        let own: Vec<bool> = owner.iter().map(|o| *o == f).collect();
        let (values, _) = bed_of_voxels(&found.of_voxels, &found.tissue, &own)?;
        for v in (0..n).filter(|v| own[*v]) {
            (bed[v], eqd2[v]) = (values[v], found.tissue.eqd2(f64::from(values[v])) as f32);
        }
    }
    Ok((Volume::new(grid.clone(), bed)?, Volume::new(grid.clone(), eqd2)?))
}
