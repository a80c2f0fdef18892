//! What a dose run scores: voxels, layers of them, or shells about a point.

use std::str::FromStr;

use super::{DoseMethod, Job};
use crate::error::{Error, Result};
use crate::units::mm_of;

/// What energy is added up in.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub enum Score {
    /// Voxels of the dose grid: maps.
    #[default]
    Voxels,
    /// Beside the maps, layers of voxels across an axis of the dose grid (0 to 2); none: the axis that a beam goes along most, otherwise the last.
    Layers(Option<usize>),
    /// In place of maps, spherical shells about the one voxel with activity, in a box of one medium; of this thickness (mm), or thin where a kernel
    /// is steep.
    Shells(Option<f64>),
}

/// Thinnest and thickest shell, mm.
const THICKNESS_MM: (f64, f64) = (1e-5, 1e4);

impl FromStr for Score {
    type Err = String;

    fn from_str(text: &str) -> std::result::Result<Self, String> {
        let text = text.trim().to_ascii_lowercase();
        let (what, how) = text.split_once(':').map_or((text.as_str(), None), |(a, b)| (a, Some(b)));
        let thickness = |text: &str| {
            let mm = mm_of(text)?;
            (THICKNESS_MM.0..=THICKNESS_MM.1).contains(&mm).then_some(mm)
        };
        match (what, how) {
            ("voxels", None) => Ok(Score::Voxels),
            ("layers", None) => Ok(Score::Layers(None)),
            ("layers", Some("x")) => Ok(Score::Layers(Some(0))),
            ("layers", Some("y")) => Ok(Score::Layers(Some(1))),
            ("layers", Some("z")) => Ok(Score::Layers(Some(2))),
            ("shells", None) => Ok(Score::Shells(None)),
            ("shells", Some(how)) => {
                thickness(how).map(|mm| Score::Shells(Some(mm))).ok_or_else(|| {
                    format!(
                        "shells have a thickness from {} to {} mm, such as shells:0.05mm",
                        THICKNESS_MM.0, THICKNESS_MM.1
                    )
                })
            }
            _ => Err(
                "must be voxels, layers, layers:x, layers:y, layers:z, shells, or shells:0.05mm"
                    .into(),
            ),
        }
    }
}

impl Job {
    /// Refuses what cannot be scored, before any file is read.
    ///
    /// # Errors
    /// With the option that does not go with it.
    pub(super) fn check_score(&self) -> Result<()> {
        let refuse = |with: String, why: &str, suggestion: &str| {
            let name = if matches!(self.score, Score::Layers(_)) { "layers" } else { "shells" };
            Err(Error::usage(format!("--score {name} is given with {with}"), why, suggestion))
        };
        if self.score == Score::Voxels {
            return Ok(());
        }
        if self.method.fast().is_some() {
            return refuse(
                format!("--method {}", self.method.name()),
                "kernels give energy to voxels only",
                "Use --method mc.",
            );
        }
        if matches!(self.score, Score::Layers(_)) {
            return Ok(());
        }
        let given = [
            ("--beam", self.beam.is_some(), "shells are those about a point source"),
            ("--fine", self.fine.is_some(), "there are no voxels that could be scored in parts"),
            ("--dose-to-water", self.to_water, "it is written beside maps of voxels"),
            ("--voi", !self.voi.is_empty(), "there are no voxels that a VOI could take in"),
            ("--target-uncertainty", self.goal.is_some(), "there are no voxels of high dose"),
            (
                "--method mird",
                self.method == DoseMethod::Mird,
                "shells are those about a point source",
            ),
        ];
        match given.into_iter().find(|(_, given, _)| *given) {
            Some((option, _, why)) => refuse(option.into(), why, "Leave one of them out."),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_is_scored_and_refuses_the_rest() {
        for (text, score) in [
            ("voxels", Score::Voxels),
            ("layers", Score::Layers(None)),
            ("Layers:Y", Score::Layers(Some(1))),
            ("shells", Score::Shells(None)),
            ("shells:0.05mm", Score::Shells(Some(0.05))),
        ] {
            assert_eq!(text.parse(), Ok(score), "{text}");
        }
        for text in
            ["", "planes", "layers:w", "layers:2mm", "shells:", "shells:0.05", "shells:nanmm"]
        {
            assert!(text.parse::<Score>().is_err(), "{text}");
        }
        for text in ["shells:0mm", "shells:-1mm", "shells:infmm", "voxels:x"] {
            assert!(text.parse::<Score>().is_err(), "{text}");
        }
    }
}
