//! What `voxgray check` and `voxgray run` both look at before anything is computed: images, VOIs and times of each cycle, and the VOIs that the
//! study's tables name. What the one refuses the other does too.

use std::sync::{Mutex, PoisonError};

use super::Command;
use super::study_commands::{dose, inputs_are_there, parsed};
use crate::error::Result;
use crate::job::Job;
use crate::pipeline::look::{Look, LookedVoi, asked_are_there, look};
use crate::pipeline::series_file::SeriesInput;
use crate::pipeline::{Observer, Route};
use crate::study::{Commands, Stage, Study, cycles_told};

/// A cycle that was looked at.
pub(super) struct SeenCycle {
    /// Its dose.
    pub job: Job,
    /// Its time points.
    pub series: Option<SeriesInput>,
    /// What was seen.
    pub look: Look,
    /// What its readers told, in the words of the study.
    pub told: Vec<String>,
}

/// All cycles.
pub(super) struct Seen {
    /// Each of them.
    pub cycles: Vec<SeenCycle>,
    /// Warnings on the study as a whole.
    pub told: Vec<String>,
}

/// Remembers what is said.
#[derive(Default)]
struct Listener(Mutex<Vec<String>>);

impl Listener {
    fn add(&self, text: String) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if !all.contains(&text) {
            all.push(text);
        }
    }
}

impl Observer for Listener {
    fn say(&self, text: &str) {
        self.add(text.into());
    }

    fn warn(&self, text: &str) {
        self.add(format!("warning: {text}"));
    }
}

/// Looks at the cycles of a study.
///
/// # Errors
/// If an image cannot be read or does not belong to the others, or a VOI is named that is not there; with the line of the study file.
pub(super) fn seen(study: &Study, commands: &Commands, stages: &[Stage]) -> Result<Seen> {
    let mut cycles = Vec::new();
    for stage in stages.iter().filter(|s| s.needed) {
        let arguments = parsed(study, stage, &study.out, &[])?;
        arguments.choose_nuclides()?;
        let series = study.series_of(commands, stage)?;
        let Some(arguments) = dose(arguments) else { continue };
        let located = |e| study.located(commands, stage, e);
        let route = Route::from(arguments.route);
        let job = arguments.job().map_err(located)?;
        let heard = Listener::default();
        let timed = series.as_ref().map(|s| (s, route));
        let look = look(&job, timed, &heard).map_err(located)?;
        let told = heard.0.into_inner().unwrap_or_default();
        let told = told.iter().map(|line| study.said(commands, stage, line)).collect();
        cycles.push(SeenCycle { job, series, look, told });
    }
    for stage in stages.iter().filter(|s| !s.is_dose()) {
        inputs_are_there(study, stage).map_err(|e| study.located(commands, stage, e))?;
    }
    let vois: Vec<Vec<LookedVoi>> = cycles.iter().map(|c| c.look.vois.clone()).collect();
    others_ask_for(study, commands, stages, &vois)?;
    let mut told = study.vois_are_there(&vois)?;
    let looks: Vec<_> = cycles.iter().map(|c| (&c.look, c.series.as_ref())).collect();
    let interval = study.bed.as_ref().and_then(|bed| bed.get("interval")?.as_str());
    told.extend(cycles_told(&looks, interval));
    Ok(Seen { cycles, told })
}

/// Whether the VOIs are there that other methods name.
fn others_ask_for(
    study: &Study,
    commands: &Commands,
    stages: &[Stage],
    vois: &[Vec<LookedVoi>],
) -> Result<()> {
    for stage in stages.iter().filter(|s| s.is_dose() && !s.needed) {
        let cycle = (0..vois.len()).find(|n| stage.tables.contains(&format!("cycle.{}", n + 1)));
        let (Some(cycle), Command::Dose(dose)) =
            (cycle, parsed(study, stage, &study.out, &[])?.command)
        else {
            continue;
        };
        let located = |e| study.located(commands, stage, e);
        let job = dose.job().map_err(located)?;
        asked_are_there(&job, &vois[cycle]).map_err(located)?;
    }
    Ok(())
}
