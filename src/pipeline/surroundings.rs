//! The stage `inputs` but for activity: what decays, matter on the grid of its image, VOIs on theirs.

use super::checks::Checks;
use super::{Observer, asked_vois, identity, inputs, plausibility, series_file, source, voi_files};
use crate::error::Result;
use crate::image::VoiSets;
use crate::job::Job;
use crate::phantom::{HuReport, Phantom};
use crate::report::setup::CouchFacts;

/// What is read beside activity.
#[derive(Debug, Clone)]
pub(super) struct Surroundings {
    /// What decays.
    pub(super) decay: source::Source,
    /// On grids of their own.
    pub(super) vois: Option<VoiSets>,
    /// On the grid of its image.
    pub(super) matter: Phantom,
    /// How HU became matter.
    pub(super) hu_report: Option<HuReport>,
    /// What looked like a couch.
    pub(super) couch: Option<CouchFacts>,
    /// Voxels of the matter that were turned into air.
    pub(super) removed: Vec<u32>,
}

impl Surroundings {
    /// Reads it all.
    ///
    /// # Errors
    /// If an input cannot be used, or a VOI that the job names is none of them.
    pub(super) fn read(
        job: &Job,
        decay: source::Source,
        observer: &dyn Observer,
        records: &mut Vec<inputs::InputRecord>,
    ) -> Result<Self> {
        // A file that is not there is told before the CT is read.
        job.voi.iter().try_for_each(|v| crate::files::exists(&v.path))?;
        let mut of_matter = Vec::new();
        let (matter, hu_report) =
            inputs::read_matter(&job.matter, job.nifti_affine, observer, &mut of_matter)?;
        let mut frames = of_matter.iter().filter_map(|r| r.facts.as_ref());
        let frame = frames.find_map(|f| f.frame_of_reference_uid.as_deref());
        let place = voi_files::Place { grid: Some(&matter.grid), frame_of_reference: frame };
        let vois = voi_files::read_vois(job, &place, observer, records)?;
        let all = vois.iter().flat_map(VoiSets::vois).map(|v| (v.label, v.name.as_str()));
        asked_vois::check(job, all)?;
        records.append(&mut of_matter);
        if let Some(path) = &decay.file {
            records.push(inputs::file_record("spectrum", path)?);
        }
        for path in decay.own().map_or(&[][..], |own| &own.files) {
            records.push(inputs::file_record("nuclides", path)?);
        }
        Ok(Surroundings { decay, vois, matter, hu_report, couch: None, removed: Vec::new() })
    }

    /// Checks all that was read, before anything is made of it. `series` is that of the activity images, if they are several.
    ///
    /// # Errors
    /// If a check fails that is not accepted.
    pub(super) fn check(
        &self,
        records: &[inputs::InputRecord],
        series: Option<&series_file::SeriesInput>,
        given_bq: Option<f64>,
        checks: &Checks,
    ) -> Result<()> {
        identity::check(records, &self.decay, series, given_bq, checks);
        plausibility::voxel_sizes(records, checks);
        if let Some(hu) = &self.hu_report {
            plausibility::ct(&self.matter, hu, checks);
        }
        checks.settle()
    }
}
