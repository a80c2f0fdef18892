//! `voxgray dose`: the main job.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use super::dose_arguments::{Couch, DoseArguments, Negative, ProblemArguments};
use super::interrupt;
use super::picture;
use super::progress::{Terminal, print_written};
use super::threads;
use crate::activity::{CalibrationInput, NegativeRule};
use crate::error::{Error, Result};
use crate::io::NiftiAffine;
use crate::io::folder::Mark;
use crate::job::{
    ActivityInput, BeamInput, CHECKPOINT_S, CouchRule, DEFAULT_GOAL_HISTORIES, DEFAULT_HISTORIES,
    DoseMethod, Goal, Job, Keeping, MatterInput, Score, SourceChoice,
};
use crate::pipeline::inputs::read_ct;
use crate::pipeline::series_file::SeriesInput;
use crate::pipeline::{self, Route, Written};
use crate::report::summary::Summary;

impl ProblemArguments {
    /// The job that the options describe, written to `out`.
    ///
    /// # Errors
    /// If options do not go together.
    pub fn job(self, out: PathBuf, overwrite: bool) -> Result<Job> {
        let matter = self.matter.input()?;
        let transport = self.transport.settings(self.seed);
        let source = match (self.nuclide, self.source) {
            (Some(name), _) => {
                SourceChoice::Nuclide { name, horizon_s: self.horizon, retained: self.retained }
            }
            (None, Some(text)) => SourceChoice::Particle(text),
            (None, None) => {
                return Err(Error::usage(
                    "no source",
                    "a nuclide or particle must decay",
                    "Add --nuclide Lu-177.",
                ));
            }
        };
        if self.decays.is_some() && self.beam.is_none() {
            return Err(Error::usage(
                "--decays is given without --beam",
                "the activity says how many decays there are",
                "Leave it out.",
            ));
        }
        let chained = [("--horizon", self.horizon.is_some()), ("--retained", self.retained != 1.0)];
        if let (SourceChoice::Particle(_), Some((option, _))) =
            (&source, chained.into_iter().find(|c| c.1))
        {
            return Err(Error::usage(
                format!("{option} is given with --source"),
                "a particle has no progeny",
                "Leave it out, or give --nuclide.",
            ));
        }
        let goal =
            self.target_uncertainty.map(|uncertainty| Goal { uncertainty, voi: self.target_voi });
        let most = if goal.is_some() { DEFAULT_GOAL_HISTORIES } else { DEFAULT_HISTORIES };
        if self.threads == Some(0) {
            return Err(Error::usage(
                "--threads is 0",
                "a run needs a thread",
                "Leave it out for all cores.",
            ));
        }
        let job = Job {
            matter,
            activity: ActivityInput {
                path: self.activity.unwrap_or_default(),
                series: self.activity_series,
                unit: self.activity_unit,
                calibration: CalibrationInput {
                    factor: self.calibration,
                    history: self.calibration_history,
                    measured: None,
                    duration_s: self.scan_duration,
                    relative_uncertainty: self.calibration_uncertainty,
                },
                negative: match self.negative_activity {
                    Negative::Error => NegativeRule::Refuse,
                    Negative::Zero => NegativeRule::Zero,
                },
                frame: self.frame,
                energy_window: self.energy_window,
                geometry: self.geometry,
                max_outside: self.allow_outside,
                decay_correction: self.decay_correction,
            },
            nifti_affine: self.nifti_affine.unwrap_or_default(),
            source,
            beam: self.beam.map(|beam| BeamInput { beam, decays: self.decays.unwrap_or(1.0) }),
            physical_decay: self.physical_decay,
            decay_from: self.decay_from.into(),
            administered: self.administered,
            administered_bq: self.administered_activity,
            grid: self.grid,
            score: Score::default(),
            voi: self.voi.files()?,
            couch: match self.couch {
                Couch::Keep => CouchRule::Keep,
                Couch::Remove => CouchRule::Remove,
            },
            accept: self.accept.into_iter().collect(),
            histories: self.histories.unwrap_or(most),
            batches: self.batches,
            goal,
            percentile: self.target_percentile,
            fraction: self.target_fraction,
            engine: self.engine,
            threads: self.threads.unwrap_or(0),
            shard: self.shard,
            from_shards: Vec::new(),
            method: DoseMethod::default(),
            to_water: false,
            fine: None,
            transport,
            max_memory: self.max_memory.unwrap_or_else(pipeline::memory::default_limit),
            out,
            overwrite,
            keeping: Keeping::default(),
        };
        job.check()?;
        Ok(job)
    }
}

impl DoseArguments {
    /// The whole job, method included.
    ///
    /// # Errors
    /// If options do not go together.
    pub(super) fn job(self) -> Result<Job> {
        let given = self.problem.given();
        let mut job = self.problem.job(self.out, self.overwrite)?;
        self.method.apply(&mut job, &given)?;
        job.keeping = Keeping {
            resume: self.resume,
            checkpoint_s: self.checkpoint_every.unwrap_or(CHECKPOINT_S),
            record_paths: self.record_paths.into(),
        };
        job.from_shards = self.from_shards;
        job.to_water = self.dose_to_water;
        job.fine = self.fine.scoring();
        job.score = self.score;
        Ok(job)
    }
}

/// Exit code of a result in which a VOI's curve was refused, so that its dose rests on an assumption.
const REFUSED: u8 = 3;

/// What --picture adds to the output folder.
const PICTURE: &str = "dose.png";

/// Draws the dose on the CT, read again: a run does not keep it.
fn draw(written: &mut Written, ct: &Path, series: Option<&str>, affine: NiftiAffine) -> Result<()> {
    struct Silent;
    impl pipeline::Observer for Silent {}
    let ct = read_ct(ct, series, affine, &Silent, &mut Vec::new())?;
    let label =
        |s: &Summary| format!("{}, {:.1e} histories", s.setup.source.label, s.run.histories as f64);
    let title = written.summary.as_ref().map(label).unwrap_or_default();
    picture::write(written, &ct, None, &title, &written.folder.join(PICTURE))?;
    Mark::add(&written.folder, PICTURE)?;
    written.files.push(PICTURE.into());
    Ok(())
}

/// Runs the job.
///
/// # Errors
/// As [`pipeline::dose`].
pub fn run(arguments: DoseArguments) -> Result<ExitCode> {
    let terminal = Terminal::new(arguments.quiet);
    let (route, picture, quiet) =
        (Route::from(arguments.route), arguments.picture, arguments.quiet);
    let job = arguments.job()?;
    threads::prepare(job.threads, &terminal);
    let stop = interrupt::listen(quiet)?;
    let path = &job.activity.path;
    let of_series = SeriesInput::is_series(path);
    if route != Route::Activity && !of_series {
        return Err(Error::usage(
            "--route is given with one image",
            "dose rates are integrated for a series of time points",
            "Leave --route out, or give the time points as --activity series.toml (voxgray help-file series).",
        ));
    }
    if route == Route::DoseRate && picture {
        return Err(Error::usage(
            "--picture is given with --route dose-rate",
            "that route has no map of one transport to draw",
            "Leave --picture out, or use --route activity or --route both.",
        ));
    }
    if matches!(job.score, Score::Shells(_)) && picture {
        return Err(Error::usage(
            "--picture is given with --score shells",
            "there is no map to draw",
            "Leave one of them out.",
        ));
    }
    let mut written = if of_series {
        let series = SeriesInput::read(path)?;
        pipeline::dose_over_time(&job, &series, route, &terminal, stop)?
    } else {
        pipeline::dose(&job, &terminal, stop)?
    };
    // A result that was whole before keeps its picture; after Ctrl-C nothing is read any more.
    let made = written.summary.as_ref().is_some_and(|s| s.dose.is_some()) && !written.interrupted;
    if let (true, true, MatterInput::Ct { path, series, .. }) = (picture, made, &job.matter) {
        draw(&mut written, path, series.as_deref(), job.nifti_affine)?;
    }
    print_written(&written)?;
    Ok(if written.interrupted {
        ExitCode::from(interrupt::INTERRUPTED)
    } else if written.refused.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::from(REFUSED)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::job::MaterialNames;
    use clap::Parser;

    #[derive(Debug, Parser)]
    struct Line {
        #[command(flatten)]
        problem: ProblemArguments,
    }

    /// Programs that use the library and the command line have the same defaults.
    #[test]
    fn what_is_not_said_is_the_default_of_a_job() {
        let line = "x --density d --materials m --material-names water --activity a --source electron:0.5MeV";
        let line = Line::try_parse_from(line.split(' ')).unwrap();
        let found = line.problem.job("out".into(), false).unwrap();
        let matter = MatterInput::Maps {
            density: "d".into(),
            materials: "m".into(),
            names: MaterialNames::BuiltIn(vec!["water".into()]),
        };
        let source = SourceChoice::Particle("electron:0.5MeV".into());
        // What is free changes from one moment to the next.
        let max_memory = found.max_memory;
        let expected = Job::new(matter, ActivityInput::of("a"), source, "out");
        assert_eq!(found, Job { max_memory, ..expected });
    }
}
