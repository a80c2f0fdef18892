//! The report of finished runs: one page of HTML from what `voxgray dose`, `dvh`, `bed`, `plan limit`, `fit` and `uncertainty` have written. It computes
//! nothing but what is drawn: every number is one of theirs.

mod comparison;
mod curves;
mod eanm;
mod histograms;
mod methods;
mod numbers;
mod provenance;
mod quantification;
mod read;
mod slices;
mod tables;
mod vois;

use std::path::PathBuf;

use serde_json::Value;

use super::Observer;
use crate::error::Result;
use crate::io::NiftiAffine;
use crate::job::VoiInput;
use crate::report::html::Page;
use crate::units::{BQ_PER_MBQ, SECONDS_PER_HOUR};

use comparison::Comparison;
use numbers::{Cleaner, significant, stated};
use read::Run;

/// What a report begins with, by which one is known for ours.
pub const MARK: &str = "<!-- voxgray report, format 1 -->";

/// What `voxgray bed` calls the BED of a VOI's mean dose: of the energy over the mass, as the doses in tables of a run are, where densities are known.
pub(super) const BED_OF_MEAN: [&str; 2] = ["BED_of_mean_dose_by_mass", "BED_of_mean_dose"];

/// What a report is made of.
#[derive(Debug, Clone, Default)]
pub struct ReportJob {
    /// Folders of `voxgray dose`, one for each cycle.
    pub doses: Vec<PathBuf>,
    /// Administered activities, Bq, in their order, as far as they are known.
    pub administered_bq: Vec<Option<f64>>,
    /// CTs in their order, for the slices.
    pub ct: Vec<Option<PathBuf>>,
    /// Their SeriesInstanceUIDs, where folders hold several.
    pub ct_series: Vec<Option<String>>,
    /// Folders of `voxgray compare-methods` whose references are the doses.
    pub comparisons: Vec<PathBuf>,
    /// Folders of `voxgray dvh`.
    pub dvh: Vec<PathBuf>,
    /// Folders of `voxgray bed`.
    pub bed: Vec<PathBuf>,
    /// What `voxgray plan limit` printed as JSON.
    pub limits: Vec<PathBuf>,
    /// Folders of `voxgray fit`.
    pub fits: Vec<PathBuf>,
    /// What `voxgray uncertainty` wrote as JSON.
    pub uncertainties: Vec<PathBuf>,
    /// What failed and is missing, by the names of stages.
    pub without: Vec<String>,
    /// VOIs that are drawn into the slices.
    pub voi: Vec<VoiInput>,
    /// What the patient is called.
    pub pseudonym: Option<String>,
    /// Also names of files, dates and UIDs.
    pub identify: bool,
    /// Most slices of a cycle.
    pub slices: usize,
    /// What holds of a NIfTI header that contradicts itself.
    pub affine: NiftiAffine,
}

/// What the page is called.
fn title(job: &ReportJob) -> String {
    match &job.pseudonym {
        Some(name) => format!("Absorbed dose of {name}"),
        None => "Absorbed dose".into(),
    }
}

/// The page.
///
/// # Errors
/// If a folder is none of its command's, or an image cannot be read or drawn.
pub fn report(job: &ReportJob, observer: &dyn Observer) -> Result<String> {
    let runs: Vec<Run> = job
        .doses
        .iter()
        .enumerate()
        .map(|(n, folder)| Run::read(folder, n, job))
        .collect::<Result<_>>()?;
    let mut clean = Cleaner::new(&runs, job.identify);
    let bed =
        job.bed.iter().map(|p| read::results(&p.join("bed.json"))).collect::<Result<Vec<_>>>()?;
    for (p, found) in job.bed.iter().zip(&bed) {
        read::of_these_runs(p, found, &runs)?;
    }
    let compared = Comparison::read_all(job, &runs)?;
    let fits = tables::fits(&job.fits)?;
    let budgets = tables::budgets(&job.uncertainties)?;
    let beside: Vec<&Value> = fits.iter().map(|f| f.results()).chain(&budgets).collect();
    beside.iter().filter_map(|r| r["source"].as_str()).for_each(|name| clean.add(name));
    let mut page = Page::default();
    subject(&mut page, job, &runs);
    quantification::section(&mut page, &runs, &clean);
    curves::section(&mut page, &runs)?;
    vois::section(&mut page, &runs, &bed);
    histograms::section(&mut page, job, &runs)?;
    vois::limits(&mut page, job)?;
    tables::section(&mut page, &fits, &budgets, &clean);
    slices::section(&mut page, job, &runs, observer)?;
    comparison::section(&mut page, job, &runs, &compared, &clean, observer)?;
    let tables = job.dvh.iter().map(|p| p.join("dvh.json")).chain(job.limits.iter().cloned());
    let others = tables.map(|p| read::results(&p)).collect::<Result<Vec<_>>>()?;
    let mut analyses: Vec<Value> = bed.iter().cloned().chain(others).collect();
    analyses.extend(beside.into_iter().map(tables::warnings));
    warnings(&mut page, &runs, &compared, &analyses, &job.without, &clean);
    methods::section(&mut page, &runs, &compared, &bed);
    eanm::section(&mut page, job, &runs);
    provenance::section(&mut page, &runs, &clean);
    let above = "Made by voxgray from the files of its runs. For research; not a medical device.";
    Ok(page.finish(MARK, &title(job), above))
}

fn subject(page: &mut Page, job: &ReportJob, runs: &[Run]) {
    page.section("subject", "Subject and administration");
    page.facts(&[("subject", job.pseudonym.clone().unwrap_or_else(|| "not named".into()))]);
    for run in runs {
        if runs.len() > 1 {
            page.heading(&run.name);
        }
        let label = run.text("/setup/source/label");
        let half_life = run.number("/setup/source/half_life_s").map(|s| s / SECONDS_PER_HOUR);
        let half_life =
            half_life.map_or(String::new(), |h| format!(", half-life {} h", significant(h, 5)));
        let data = run.text("/setup/source/nuclide_data");
        let given = match run.administered_bq {
            Some(bq) => format!("{} MBq", stated(bq / BQ_PER_MBQ, 5)),
            None => "not stated: no dose per activity".into(),
        };
        let times: Vec<String> = run.hours().iter().map(|h| stated(*h, 4)).collect();
        let times = match times.is_empty() {
            true => "one, at a time that is not stated".into(),
            false => format!("{} h after the administration", times.join(", ")),
        };
        let partial = run.summary["partial"].as_bool() == Some(true);
        let state = format!(
            "{} ({}), {}{}",
            run.quantity(),
            run.unit(),
            run.histories(),
            if partial { "; interrupted: fewer than were asked for" } else { "" }
        );
        page.facts(&[
            ("nuclide", format!("{label}{half_life} ({data})")),
            ("administered activity", given),
            ("activity images", times),
            ("result", state),
        ]);
    }
}

/// Of the runs, of the methods beside them, and of what was read of the doses.
fn warnings(
    page: &mut Page,
    runs: &[Run],
    compared: &[Comparison],
    analyses: &[Value],
    without: &[String],
    clean: &Cleaner,
) {
    page.section("warnings", "Warnings");
    if !without.is_empty() {
        let items: Vec<String> = without
            .iter()
            .map(|stage| format!("{stage}: failed, and is not in this report"))
            .collect();
        page.list("warnings", &items);
    }
    for (n, run) in runs.iter().enumerate() {
        let all = run.summary["warnings"].as_array();
        let all: Vec<String> =
            all.into_iter().flatten().filter_map(|w| w.as_str()).map(|w| clean.text(w)).collect();
        if runs.len() > 1 {
            page.heading(&run.name);
        }
        match all.is_empty() {
            true => page.paragraph("None."),
            false => page.list("warnings", &all),
        }
        // What a method's run has in common with the dose's is told once.
        let others = compared.iter().filter(|c| c.run == n).flat_map(Comparison::warnings);
        let others = others.map(|w| clean.text(&w));
        let new = |w: &String| !w.split_once(": ").is_some_and(|(_, w)| all.iter().any(|a| a == w));
        let others: Vec<String> = others.filter(new).collect();
        if !others.is_empty() {
            page.paragraph("Of the methods that are compared:");
            page.list("warnings", &others);
        }
    }
    let mut analysis = Vec::new();
    for found in analyses {
        for key in ["warnings", "refused"] {
            for text in found[key].as_array().into_iter().flatten().filter_map(|w| w.as_str()) {
                let text = clean.text(text);
                let text = if key == "refused" { format!("refused: {text}") } else { text };
                if !analysis.contains(&text) {
                    analysis.push(text);
                }
            }
        }
    }
    if !analysis.is_empty() {
        page.heading("Analysis");
        page.list("warnings", &analysis);
    }
}
