//! Which objects of VOIs a cycle takes: those that lie on its CT, of several versions of one the newest. Versions are told by the regions that they
//! share, since a dose takes no name twice; what else their contours differ in is not looked at.

use std::cmp::Ordering;

use super::dicom::Patient;
use super::text::{Text, path};
use crate::io::dicom::Surveyed;

impl Patient<'_> {
    /// VOIs that lie in a frame of reference, or in none that they say.
    pub(super) fn vois_in(&self, frame: Option<&str>) -> impl Iterator<Item = &Surveyed> {
        let here = move |v: &&Surveyed| frame.is_some_and(|f| v.frames.iter().any(|o| o == f));
        self.of(&["RTSTRUCT", "SEG"]).filter(here)
    }

    /// Whether VOIs belong to another cycle: they are of a study of its images, and not of one of these.
    fn of_another(&self, voi: &Surveyed, own: &[&str]) -> bool {
        let Some(study) = voi.facts.study_uid.as_deref() else { return false };
        let mut images = self.of(&["CT", "PT", "NM"]);
        !own.contains(&study) && images.any(|i| i.facts.study_uid.as_deref() == Some(study))
    }

    pub(super) fn vois(
        &self,
        text: &mut Text,
        frame: Option<&str>,
        own: &[&str],
        told: &mut Vec<String>,
    ) {
        let all: Vec<&Surveyed> =
            self.vois_in(frame).filter(|v| !self.of_another(v, own)).collect();
        let (taken, older) = newest(&all);
        for voi in &taken {
            let Some(file) = voi.files.first() else { continue };
            text.line("[[cycle.voi]]");
            text.key("file", &path(file, self.folder), &voi.facts.modality);
        }
        for (voi, of) in older {
            let (Some(file), Some(instead)) = (voi.files.first(), of.files.first()) else {
                continue;
            };
            let name = |p: &std::path::Path| {
                p.file_name().unwrap_or_default().to_string_lossy().into_owned()
            };
            let by = match of.drawn.is_some() && of.drawn != voi.drawn {
                true => "the newer by StructureSetDate (3006,0008) or ContentDate (0008,0023)",
                false => "but no date tells which is newer",
            };
            told.push(format!(
                "{} and {} both have {}: taken is {}, {by}; the other is a comment",
                name(instead),
                name(file),
                shared(voi, of).map(|r| format!("'{r}'")).collect::<Vec<_>>().join(", "),
                name(instead),
            ));
            text.line("# [[cycle.voi]]");
            let what =
                format!("another version of {}, with regions of the same names", name(instead));
            text.open("file", &path(file, self.folder), &what);
        }
        for voi in self.of(&["RTSTRUCT", "SEG"]).filter(|v| v.frames.is_empty()) {
            let Some(file) = voi.files.first() else { continue };
            text.line("# [[cycle.voi]]");
            text.open("file", &path(file, self.folder), "does not say what it was drawn on");
        }
        if taken.is_empty() {
            text.line("# [[cycle.voi]]");
            text.open(
                "file",
                "\"organs.nii.gz\"",
                "no VOIs were found on the CT: without them there are voxels only",
            );
            told.push("no VOIs were found that lie on the CT".into());
        }
    }
}

/// Names that two objects share.
fn shared<'a>(a: &'a Surveyed, b: &'a Surveyed) -> impl Iterator<Item = &'a String> {
    a.regions.iter().filter(|name| b.regions.contains(name))
}

/// Objects that share no name, the newest of each, in the order of their files; and the others, each with the one that is taken in its place.
fn newest<'a>(all: &[&'a Surveyed]) -> (Vec<&'a Surveyed>, Vec<(&'a Surveyed, &'a Surveyed)>) {
    let mut by_age = all.to_vec();
    // Without a date the last by name, as versions are numbered upwards.
    by_age.sort_by(|a, b| b.files.cmp(&a.files));
    by_age.sort_by(|a, b| match (a.drawn, b.drawn) {
        (Some(a), Some(b)) => {
            b.seconds_since(&a).map_or(Ordering::Equal, |later| later.total_cmp(&0.0))
        }
        (a, b) => b.is_some().cmp(&a.is_some()),
    });
    let (mut taken, mut older) = (Vec::<&Surveyed>::new(), Vec::new());
    for voi in by_age {
        match taken.iter().find(|t| shared(t, voi).next().is_some()) {
            Some(of) => older.push((voi, *of)),
            None => taken.push(voi),
        }
    }
    taken.sort_by(|a, b| a.files.cmp(&b.files));
    (taken, older)
}
