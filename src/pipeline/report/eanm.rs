//! What the EANM asks to be reported of an individual therapy: Stokke et al. 2024, Eur J Nucl Med Mol Imaging 51, 1268, doi
//! 10.1007/s00259-024-06640-x, table 4, column of therapies. Neglects what concerns groups of subjects and summary statistics, and the checklist of
//! Lassmann et al. 2011 (doi 10.1007/s00259-010-1549-3), most of which no file says.

use super::ReportJob;
use super::read::Run;
use crate::report::html::Page;

pub fn section(page: &mut Page, job: &ReportJob, runs: &[Run]) {
    page.section("reporting", "Reporting items");
    let vois = runs.iter().all(|r| !r.list("/vois").is_empty());
    let curves = runs.iter().all(|r| !r.curves().is_empty());
    let alpha = runs.iter().any(|r| r.number("/dose/alpha_mev_per_decay").is_some_and(|e| e > 0.0));
    let (yes, no) = ("reported", "not reported");
    let state = |there: bool| if there { yes } else { no };
    let row = |item: &str, asked: &str, state: &str, place: &str| {
        vec![item.to_string(), asked.to_string(), state.to_string(), place.to_string()]
    };
    let rows = vec![
        row(
            "Absorbed dose of source tissues and of tumours",
            "for each region",
            state(vois),
            "Volumes of interest",
        ),
        row(
            "Activity at each time point",
            "for each region",
            state(curves),
            "Time-activity curves (points); Quantification (images)",
        ),
        row(
            "Parameters of the time-activity curves",
            "for each region",
            state(curves),
            "Time-activity curves",
        ),
        row("Volumes", "for each region", state(vois), "Volumes of interest"),
        row(
            "Absorbed dose of the whole body and of a complete set of organs",
            "for the subject",
            "as far as VOIs were given",
            "Volumes of interest",
        ),
        row(
            "Biologically effective dose",
            "encouraged",
            state(!job.bed.is_empty()),
            "Volumes of interest",
        ),
        row(
            "Voxel dose maps, with doses to shares of the volume (D90%, D98%)",
            "if relevant",
            state(!job.dvh.is_empty()),
            "Dose-volume histograms",
        ),
        row(
            "Doses weighted by relative biological effectiveness",
            "optional, of alpha and Auger emitters",
            if alpha { "not reported: voxgray dvh has them apart" } else { "does not apply" },
            "",
        ),
        row("Equivalent and effective dose", "not meaningful for therapies", "left out", ""),
    ];
    page.table(
        "Parameters for therapies after EANM guidance (Stokke et al. 2024, doi 10.1007/s00259-024-06640-x, table 4).",
        &["item", "asked for", "here", "where"],
        &rows,
    );
    page.note(
        "Camera, collimator, windows, reconstruction, corrections and quality control, which good reporting asks for as well (Lassmann et al. 2011, doi \
         10.1007/s00259-010-1549-3), are not in the files and must be added.",
    );
}
