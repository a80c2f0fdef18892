//! `voxgray check`: what a study file means, before anything is run.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;

use super::progress::print;
use super::study_commands::{GivenNuclides, accepted, commands};
use super::study_seen::seen;
use crate::error::Result;
use crate::job::Job;
use crate::physics::nuclide_data::DEFAULT;
use crate::pipeline::inputs::InputRecord;
use crate::pipeline::look::{Look, LookedImage};
use crate::pipeline::series_file::{Anchor, SeriesInput, TimePoint};
use crate::study::{Commands, Cycle, Keys, Record, Stage, Study};
use crate::units::{BQ_PER_MBQ, SECONDS_PER_HOUR};

const AFTER: &str = "\
Printed are every value that is used with its origin (line of the study file, DICOM attribute,
default of an option), what reading the inputs tells and warns of, and the commands that
voxgray run would run, each with the reason. Images are read and checked against each other;
nothing is registered, fitted, transported or written.

Example:
  voxgray check study.toml";

/// Options of `voxgray check`.
#[derive(Debug, Args)]
#[command(after_help = AFTER)]
pub struct CheckArguments {
    /// Study file.
    study: PathBuf,
    /// Output folder [default: what the study says, else STUDY-out beside it].
    #[arg(short, long, value_name = "OUT")]
    out: Option<PathBuf>,
}

/// Rows of value and origin under a heading.
#[derive(Default)]
struct Rows(Vec<[String; 3]>);

impl Rows {
    fn add(&mut self, what: &str, value: impl Into<String>, origin: impl Into<String>) {
        self.0.push([what.into(), value.into(), origin.into()]);
    }

    fn print(&self, heading: &str, text: &mut String) {
        if self.0.is_empty() {
            return;
        }
        let width = |c: usize| self.0.iter().map(|r| r[c].chars().count()).max().unwrap_or(0);
        let (a, b) = (width(0), width(1).min(46));
        let _ = writeln!(text, "{heading}");
        for [what, value, origin] in &self.0 {
            let line = format!("  {what:a$}  {value:b$}  {origin}");
            let _ = writeln!(text, "{}", line.trim_end());
        }
        text.push('\n');
    }
}

/// Prints what a study means.
///
/// # Errors
/// If the study file or an input is refused, as `voxgray run` would refuse it.
pub fn run(a: &CheckArguments, nuclides: &GivenNuclides) -> Result<ExitCode> {
    let mut study = Study::read(&a.study, a.out.as_deref())?;
    nuclides.go_before(&mut study);
    let commands = commands();
    let stages = study.stages(&commands)?;
    study.out_is_apart(&stages)?;
    let mut text = String::new();
    let mut of_study = Rows::default();
    let at = |key: &str| study.lines.get(key).map_or("default".into(), |l| format!("line {l}"));
    of_study.add("study file", study.path.display().to_string(), "");
    let pseudonym = study.pseudonym.clone().unwrap_or_else(|| "none".into());
    of_study.add("pseudonym", pseudonym, at("pseudonym"));
    of_study.add("nuclide", &study.nuclide, at("nuclide"));
    let data = study.nuclide_data.clone().unwrap_or_else(|| DEFAULT.name().into());
    of_study.add("nuclear decay data", data, at("nuclide_data"));
    if let Some(file) = &study.nuclide_file {
        of_study.add("own nuclides", file.display().to_string(), at("nuclide_file"));
    }
    let from = if a.out.is_some() { "-o".into() } else { at("out") };
    of_study.add("output folder", study.out.display().to_string(), from);
    stages.iter().try_for_each(|stage| accepted(&study, stage))?;
    study.out_is_free(&stages)?;
    let seen = seen(&study, &commands, &stages)?;
    let mut looked = String::new();
    for (n, (seen, cycle)) in seen.cycles.iter().zip(&study.cycles).enumerate() {
        let (job, series) = (&seen.job, seen.series.as_ref());
        if n == 0
            && let Some(half_life) = seen.look.half_life_s
        {
            let shown = format!("{:.4} h", half_life / SECONDS_PER_HOUR);
            of_study.add("half-life", shown, "nuclear decay data");
        }
        let key = format!("cycle.{}", n + 1);
        let of = Of { study: &study, cycle, key, job, series };
        of.cycle(&seen.look, &mut looked);
        if let Some(input) = series.filter(|_| n == 0) {
            self::series(&study, input).print("[series]: all time points", &mut looked);
        }
        tell("told on reading", &seen.told, &mut looked);
    }
    let warnings: Vec<String> = seen.told.iter().map(|text| format!("warning: {text}")).collect();
    tell("told of the whole", &warnings, &mut looked);
    of_study.print("study", &mut text);
    text.push_str(&looked);
    for section in sections(&study, &stages) {
        let heading =
            format!("{}: options of voxgray {}", study.table_name(&section.path), section.command);
        options(&study, &commands, &section).print(&heading, &mut text);
    }
    methods(&study, &commands)?.print("[compare]: methods beside that of [dose]", &mut text);
    what_is_run(&study, &stages, &mut text)?;
    print(&text)?;
    Ok(ExitCode::SUCCESS)
}

fn tell(heading: &str, lines: &[String], text: &mut String) {
    if lines.is_empty() {
        return;
    }
    let _ = writeln!(text, "{heading}");
    for line in lines {
        let _ = writeln!(text, "  {line}");
    }
    text.push('\n');
}

/// What is known of one cycle.
struct Of<'a> {
    study: &'a Study,
    cycle: &'a Cycle,
    key: String,
    job: &'a Job,
    series: Option<&'a SeriesInput>,
}

impl Of<'_> {
    /// The line of a key of this cycle, if it is there.
    fn line(&self, key: &str) -> Option<String> {
        let path = format!("{}.{key}", self.key);
        let line = self.study.lines.get(&path)?;
        let above = path.rsplit_once('.').and_then(|(above, _)| self.study.lines.get(above));
        (above != Some(line)).then(|| format!("line {line}"))
    }

    fn cycle(&self, seen: &Look, text: &mut String) {
        let mut rows = Rows::default();
        let of_file = seen.images.iter().find_map(|i| i.facts.as_ref());
        let given = of_file.and_then(|f| f.administered_bq);
        let in_file = given.map(|bq| format!("{:.2} MBq", bq / BQ_PER_MBQ));
        match (&self.cycle.administered, in_file) {
            (Some(stated), other) => {
                let line = self.line("administered").unwrap_or_default();
                let beside = other
                    .map_or(String::new(), |o| format!("; RadionuclideTotalDose (0018,1074): {o}"));
                rows.add("administered activity", stated, format!("{line}{beside}"));
            }
            (None, Some(other)) => rows.add(
                "administered activity",
                "not stated: no Gy/GBq",
                format!(
                    "RadionuclideTotalDose (0018,1074) says {other}; add administered = \"{other}\""
                ),
            ),
            (None, None) => rows.add("administered activity", "not stated: no Gy/GBq", "default"),
        }
        let in_file = of_file.and_then(|f| f.administration_time);
        match (&self.cycle.time, in_file) {
            (Some(time), _) => {
                rows.add("administration", time, self.line("time").unwrap_or_default());
            }
            (None, Some(time)) => {
                rows.add(
                    "administration",
                    time.to_string(),
                    "RadiopharmaceuticalStartDateTime (0018,1078) or Time (0018,1072)",
                );
            }
            (None, None) => rows.add("administration", "not stated", "times count from it"),
        }
        for record in seen.records.iter().filter(|r| ["ct", "density"].contains(&r.role)) {
            rows.add(record.role, image(record), self.line("ct").unwrap_or_default());
        }
        for (n, voi) in self.cycle.vois.iter().enumerate() {
            let file = voi.file.display().to_string();
            rows.add("VOIs", file, self.line(&format!("voi.{}.file", n + 1)).unwrap_or_default());
        }
        for voi in &seen.vois {
            rows.add("", format!("{}: {:.2} mL", voi.name, voi.ml), "");
        }
        rows.print(&self.key.replace('.', " "), text);
        let records: Vec<&InputRecord> =
            seen.records.iter().filter(|r| r.role == "activity").collect();
        for (n, (seen, record)) in seen.images.iter().zip(records).enumerate() {
            let mut rows = Rows::default();
            let point = self.series.and_then(|s| s.points.get(n));
            self.image(seen, record, n, point, &mut rows);
            let heading = match point {
                Some(_) => format!("{} time point {}", self.key.replace('.', " "), n + 1),
                None => format!("{} image", self.key.replace('.', " ")),
            };
            rows.print(&heading, text);
        }
    }

    fn image(
        &self,
        seen: &LookedImage,
        record: &InputRecord,
        n: usize,
        point: Option<&TimePoint>,
        rows: &mut Rows,
    ) {
        let at = |key: &str| match point {
            Some(_) => self.line(&format!("time_point.{}.{key}", n + 1)),
            None => self.line(key),
        };
        let dicom = seen.facts.is_some();
        let whole = std::path::absolute(&self.study.folder).unwrap_or_default();
        let path = record.path.strip_prefix(whole).unwrap_or(&record.path);
        rows.add("image", path.display().to_string(), at("activity").unwrap_or_default());
        rows.add("", image(record), "");
        rows.add("activity", format!("{:.2} MBq", seen.total / BQ_PER_MBQ), "sum of its voxels");
        if let Some(hours) = seen.hours {
            let from = at("time").unwrap_or_else(|| "its dates and times (DICOM)".into());
            rows.add("time", format!("{hours:.3} h after the administration"), from);
        }
        rows.add("", &seen.what, "what that time is");
        let correction = seen.correction.unwrap_or("not stated: activity at that time");
        let from = at("decay_corrected_to")
            .or_else(|| at("decay_correction"))
            .or_else(|| self.of_series("decay_correction"))
            .unwrap_or_else(|| {
                origin(dicom, "DecayCorrection (0054,1102), CorrectedImage (0028,0051)")
            });
        rows.add("decay correction", correction, from);
        let stated = point.and_then(|p| p.calibration.duration_s);
        let of_all = self.series.and_then(|s| s.quantification.calibration.duration_s);
        let in_file = seen.facts.as_ref().and_then(|f| f.frame_duration_s);
        if let Some(seconds) =
            stated.or(of_all).or(self.job.activity.calibration.duration_s).or(in_file)
        {
            let from = at("duration").or_else(|| self.of_series("duration"));
            let source = seen.facts.as_ref().and_then(|f| f.duration_source.clone());
            let source = source.unwrap_or_else(|| "ActualFrameDuration (0018,1242)".into());
            rows.add("duration", format!("{seconds} s"), from.unwrap_or(source));
        }
        let unit = point.and_then(|p| p.unit).or(self.job.activity.unit);
        let shown = match (unit, &seen.facts) {
            (Some(unit), _) => unit.name().to_owned(),
            (None, Some(facts)) => facts.stored_units.clone(),
            (None, None) => "Bq/mL".into(),
        };
        rows.add("unit", shown, at("unit").unwrap_or_else(|| origin(dicom, "Units (0054,1001)")));
        if let Some(point) = point {
            let anchor = self.series.map(SeriesInput::anchor);
            let placed = match point.placed_by() {
                Some(_) if point.register => registered(n, point, anchor),
                Some(by) => by.to_owned(),
                None if dicom => "where it lies (one frame of reference)".into(),
                None => "where it lies".into(),
            };
            let from = ["transform", "shift_mm", "register"].iter().find_map(|k| at(k));
            let from = from.or_else(|| self.of_series("register")).unwrap_or("default".into());
            rows.add("registration", placed, from);
            let factor = point.calibration.factor.is_some();
            let of_all = self.study.series.contains_key("calibration");
            let from = at("calibration").or_else(|| self.of_series("calibration"));
            let what = match (factor, of_all) {
                (true, _) => "its own",
                (false, true) => "that of [series.calibration]",
                (false, false) => "none: the image is in activity",
            };
            rows.add("calibration", what, from.unwrap_or("default".into()));
        }
    }

    fn of_series(&self, key: &str) -> Option<String> {
        let there = self.study.series.contains_key(key);
        let line = self.study.lines.get(&format!("series.{key}"))?;
        there.then(|| format!("line {line}"))
    }
}

/// How a time point that is registered will be placed.
fn registered(n: usize, point: &TimePoint, anchor: Option<Anchor>) -> String {
    match anchor {
        _ if point.ct.is_some() => "registration of its own CT to the CT".into(),
        Some(Anchor::Assumed) if n == 0 => "none: taken to lie as the CT does".into(),
        Some(anchor) => {
            format!("registration of its activity to that of time point {}", anchor.point() + 1)
        }
        None => "registration".into(),
    }
}

fn origin(dicom: bool, attribute: &str) -> String {
    if dicom { attribute.into() } else { "default".into() }
}

fn image(record: &InputRecord) -> String {
    let (Some([x, y, z]), Some(mm)) = (record.dims, record.spacing_mm) else {
        return String::new();
    };
    format!("{x} x {y} x {z}, {:.3} x {:.3} x {:.3} mm", mm[0], mm[1], mm[2])
}

/// A table of options of a command.
struct Options {
    command: &'static str,
    path: String,
    table: toml::Table,
}

/// The methods that are compared with that of `[dose]`, each with its options.
fn methods(study: &Study, commands: &Commands) -> Result<Rows> {
    let mut rows = Rows::default();
    for method in study.methods(commands)? {
        let line = study.lines.get(&method.path).map_or(String::new(), |l| format!("line {l}"));
        let plain = |v: &toml::Value| v.as_str().map_or_else(|| v.to_string(), str::to_owned);
        let option = |(k, v): (&String, &toml::Value)| format!("{k} = {}", plain(v));
        let own: Vec<String> = method.own.iter().map(option).collect();
        rows.add(&method.name, own.join(", "), line);
        if !method.common.is_empty() {
            let common: Vec<String> = method.common.iter().map(option).collect();
            rows.add("", common.join(", "), "of [dose]");
        }
    }
    Ok(rows)
}

/// The commands that a study runs, with the tables that hold their options.
fn sections(study: &Study, stages: &[Stage]) -> Vec<Options> {
    let runs = |name: &str| stages.iter().any(|s| s.kind() == name);
    let of = |command: &'static str, table: &toml::Table| Options {
        command,
        path: command.into(),
        table: table.clone(),
    };
    let mut all = vec![of("dose", &study.dose)];
    if runs("compare") {
        let table = study.compare_options();
        all.push(Options { path: "compare".into(), ..of("compare-methods", &table) });
    }
    if runs("dvh") {
        all.push(of("dvh", &study.dvh));
    }
    all.extend(study.bed.as_ref().map(|t| of("bed", t)));
    for (n, table) in study.limits.iter().enumerate() {
        all.push(Options { path: format!("limit.{}", n + 1), ..of("plan limit", table) });
    }
    for (command, tables) in [("fit", &study.fits), ("uncertainty", &study.uncertainties)] {
        for (n, table) in tables.iter().enumerate() {
            all.push(Options { path: format!("{command}.{}", n + 1), ..of(command, table) });
        }
    }
    all.extend(study.dicom.as_ref().map(|t| of("dicom", t)));
    all
}

/// Every option that has a value, and where it comes from.
fn options(study: &Study, commands: &Commands, of: &Options) -> Rows {
    let mut rows = Rows::default();
    for option in commands.of(of.command) {
        let key = option.name.replace('-', "_");
        match (of.table.get(&key), &option.default) {
            (Some(value), _) => {
                let line = study.lines.get(&format!("{}.{key}", of.path));
                let line = line.map_or(String::new(), |l| format!("line {l}"));
                each(&key, value, &line, &mut rows);
            }
            (None, Some(default)) => rows.add(&key, default, "default"),
            (None, None) => {}
        }
    }
    rows
}

/// A value; of a list or table each item.
fn each(key: &str, value: &toml::Value, line: &str, rows: &mut Rows) {
    let plain = |v: &toml::Value| v.as_str().map_or_else(|| v.to_string(), str::to_owned);
    match value {
        toml::Value::Array(items) => items.iter().for_each(|v| rows.add(key, plain(v), line)),
        toml::Value::Table(table) => {
            table.iter().for_each(|(k, v)| rows.add(key, format!("{k} = {}", plain(v)), line));
        }
        other => rows.add(key, plain(other), line),
    }
}

/// What holds of all time points.
fn series(study: &Study, input: &SeriesInput) -> Rows {
    let mut rows = Rows::default();
    let there = |key: &str| study.series.contains_key(key);
    for (key, value) in &study.series {
        let line = study.lines.get(&format!("series.{key}"));
        each(key, value, &line.map_or(String::new(), |l| format!("line {l}")), &mut rows);
    }
    let mut default = |key: &str, value: String| {
        if !there(key) {
            rows.add(key, value, "default");
        }
    };
    let families = crate::kinetics::Family::ALL.map(|f| f.name()).join(", ");
    default("models", families);
    default("method", "default = auto".into());
    default("integrate", "voxel".into());
    default("common_uncertainty", "that of the calibration, else 0".into());
    let [noise, most] = [input.voxel_noise, input.max_voxel_uncertainty];
    default("voxel", format!("noise = {noise}, max_uncertainty = {most}"));
    default("recovery", "none: values are taken as they are seen".into());
    default("register", "false".into());
    rows
}

/// Each stage with what would happen to it.
fn what_is_run(study: &Study, stages: &[Stage], text: &mut String) -> Result<()> {
    let _ = writeln!(text, "voxgray run would");
    let record = Record::read(&study.out);
    let (mut keys, mut rerun) = (Keys::of_study(study), Vec::<&String>::new());
    for stage in stages {
        let key = keys.of(stage)?;
        let hangs = stage.after.iter().find(|s| rerun.contains(s));
        let what = match record.get(&stage.name) {
            Some(done) if done.holds(&key, &stage.output, &study.out) => match hangs {
                None => "keep".into(),
                Some(before) => format!("run, as {before} is run"),
            },
            None => "run".into(),
            Some(done) if done.key != key => {
                "run, as something that it depends on has changed".into()
            }
            Some(done) if done.exit.is_none() => "go on with what was interrupted".into(),
            Some(done) if done.error.is_some() => "run, as it failed before".into(),
            Some(_) => "run, as its output was changed or removed".into(),
        };
        if what != "keep" {
            rerun.push(&stage.name);
        }
        let _ =
            writeln!(text, "  {}: {what}\n    {}", stage.name, stage.shown(Path::new(&study.out)));
    }
    Ok(())
}
