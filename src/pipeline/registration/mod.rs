//! Registration of two images of one patient, and the moving image on the fixed one's grid: files to a transform, its report and its pictures.

mod apply;
mod deform;
mod images;
mod object;

use std::path::{Path, PathBuf};

use serde::Serialize;

use super::Observer;
use crate::error::{Error, ErrorKind, Result};
use crate::image::{Affine, Volume};
use crate::io::{Frames, NiftiAffine, read_transform, write_itk_transform};
use crate::registration::{
    Agreement, Consistency, Kind, Metric, Registration, Settings, agreement, consistency, register,
};
use crate::report::RegistrationPicture;
pub use apply::{Applied, ApplyJob, apply, moved_onto, widening};
pub(super) use images::mask;
pub use images::{RegisteredImage, read_registered_image};
pub use object::ObjectFacts;
use object::{Pair, is_object};

/// What is asked for.
#[derive(Debug, Clone, Default)]
pub struct RegisterJob {
    /// The image that stays.
    pub fixed: PathBuf,
    /// The image whose place is looked for.
    pub moving: PathBuf,
    /// SeriesInstanceUID of the fixed image, where its folder holds several.
    pub fixed_series: Option<String>,
    /// SeriesInstanceUID of the moving image.
    pub moving_series: Option<String>,
    /// What is made largest; by the kinds of the images if none.
    pub metric: Option<Metric>,
    /// A transform to start at; all of space is searched around it all the same.
    pub start: Option<PathBuf>,
    /// A label map on any grid: only where it is above 0, the fixed image is compared.
    pub mask_fixed: Option<PathBuf>,
    /// Leave out the way back.
    pub one_way: bool,
    /// Where the transform is written: ITK text, or a DICOM Spatial Registration (.dcm).
    pub out: Option<PathBuf>,
    /// What is stated of a DICOM object.
    pub object: ObjectFacts,
    /// Where the moving image on the fixed one's grid is written.
    pub resampled: Option<PathBuf>,
    /// Where pictures are drawn.
    pub picture: Option<PathBuf>,
    /// Which statement of a contradictory NIfTI header holds.
    pub nifti_affine: NiftiAffine,
}

/// What was found, for a person and for JSON.
#[derive(Debug, Clone, Serialize)]
pub struct RegistrationReport {
    /// What was made largest.
    pub metric: Metric,
    /// Its size at the start.
    pub metric_before: f64,
    /// Its size at the end.
    pub metric_after: f64,
    /// mm, LPS: where the centre goes, seen from it. The transform maps points of the fixed image to points of the moving one.
    pub translation_mm: [f64; 3],
    /// Angles about x, y and z, degrees; the turn is Rz Rx Ry.
    pub rotation_deg: [f64; 3],
    /// Angle of the whole turn, degrees.
    pub angle_deg: f64,
    /// Centre of the turn, mm, LPS.
    pub centre_mm: [f64; 3],
    /// Agreement of the images as they lie.
    pub agreement_before: Agreement,
    /// Agreement under the transform.
    pub agreement_after: Agreement,
    /// What is left of the way there and, estimated by itself, back.
    pub inverse_consistency: Option<Consistency>,
    /// Starts that were refined.
    pub starts: usize,
    /// Evaluations of the metric.
    pub evaluations: usize,
    /// Time of the estimate there, s.
    pub seconds: f64,
    /// What the user should judge.
    pub warnings: Vec<String>,
    /// Files written.
    pub written: Vec<PathBuf>,
}

/// A way there and back that misses by more than this is warned of, mm: a third of the resolution of SPECT.
const INCONSISTENT_MM: f64 = 3.0;
/// A smaller correlation is warned of, for images of one kind.
const POOR: f64 = 0.5;
/// A smaller share of the fixed image's points in the moving one is warned of.
const LITTLE: f64 = 0.5;

/// Refuses outputs that exist: nothing is replaced.
///
/// # Errors
/// If one exists.
pub fn check_outputs(wanted: &[Option<&PathBuf>]) -> Result<()> {
    match wanted.iter().flatten().find(|p| p.symlink_metadata().is_ok()) {
        None => Ok(()),
        Some(there) => Err(Error::new(
            ErrorKind::Io,
            format!("{} exists", there.display()),
            "voxgray register replaces nothing",
            "Choose another name, or remove it.",
        )),
    }
}

/// A rigid transform from a file, for two images.
///
/// # Errors
/// If it cannot be read or is not rigid.
pub fn rigid_file(path: &Path, frames: &Frames<'_>) -> Result<Affine> {
    let read = read_transform(path, frames)?;
    read.map.rigid().map_err(|e| super::inputs::in_file(e, path))?;
    Ok(read.map)
}

/// Estimates, reports and writes.
///
/// # Errors
/// If an image cannot be read, nothing is found, or an output exists or cannot be written.
pub fn register_images(job: &RegisterJob, observer: &dyn Observer) -> Result<RegistrationReport> {
    check_outputs(&[job.out.as_ref(), job.resampled.as_ref(), job.picture.as_ref()])?;
    let fixed = read_registered_image(
        &job.fixed,
        job.fixed_series.as_deref(),
        "fixed",
        job.nifti_affine,
        observer,
    )?;
    let moving = read_registered_image(
        &job.moving,
        job.moving_series.as_deref(),
        "moving",
        job.nifti_affine,
        observer,
    )?;
    let mask = job
        .mask_fixed
        .as_deref()
        .map(|p| mask(p, (&fixed.volume.grid, fixed.frame.as_deref()), job.nifti_affine, observer))
        .transpose()?;
    let frames = Frames { fixed: fixed.frame.as_deref(), moving: moving.frame.as_deref() };
    let start = job.start.as_deref().map_or(Ok(Affine::IDENTITY), |p| rigid_file(p, &frames))?;
    let mut settings = Settings::of(fixed.kind, moving.kind);
    if let Some(metric) = job.metric {
        settings.metric = metric;
    }
    let there = Registration {
        fixed: &fixed.volume,
        fixed_kind: fixed.kind,
        moving: &moving.volume,
        moving_kind: moving.kind,
        mask: mask.as_ref(),
        start,
        settings,
    };
    let clock = std::time::Instant::now();
    let found = register(&there)?;
    let seconds = clock.elapsed().as_secs_f64();
    let map = found.transform.affine();
    let inverse_consistency = match job.one_way {
        true => None,
        false => {
            let back = Registration {
                fixed: &moving.volume,
                fixed_kind: moving.kind,
                moving: &fixed.volume,
                moving_kind: fixed.kind,
                mask: None,
                start: start.inverse()?,
                settings,
            };
            let back = register(&back)?.transform.affine();
            Some(consistency(&fixed.volume, fixed.kind, &map, &back)?)
        }
    };
    let both =
        agreement((&fixed.volume, fixed.kind), (&moving.volume, moving.kind), &[start, map])?;
    let rigid = found.transform;
    let mut report = RegistrationReport {
        metric: found.metric,
        metric_before: found.before,
        metric_after: found.after,
        translation_mm: rigid.translation_mm,
        rotation_deg: rigid.angles_rad.map(f64::to_degrees),
        angle_deg: map.angle_rad().to_degrees(),
        centre_mm: rigid.centre_mm,
        agreement_before: both[0],
        agreement_after: both[1],
        inverse_consistency,
        starts: found.starts,
        evaluations: found.evaluations,
        seconds,
        warnings: doubts(&both, inverse_consistency, fixed.kind == moving.kind),
        written: Vec::new(),
    };
    report.warnings.iter().for_each(|w| observer.warn(w));
    if let Some(out) = &job.out {
        if is_object(out) {
            let pair = Pair::new((&job.fixed, &fixed), (&job.moving, &moving));
            pair.write(out, &map, true, &job.object, observer)?;
        } else {
            write_itk_transform(out, &map, rigid.centre_mm)?;
        }
        report.written.push(out.clone());
    }
    if let Some(out) = &job.resampled {
        let moved = moved_onto(&moving, &map, &fixed.volume.grid, observer)?;
        apply::write(out, &moved)?;
        report.written.push(out.clone());
    }
    if let Some(out) = &job.picture {
        let picture = RegistrationPicture {
            fixed: (&fixed.volume, fixed.kind == Kind::Ct),
            before: (&brought(&moving.volume, &start)?, moving.kind == Kind::Ct),
            after: (&brought(&moving.volume, &map)?, moving.kind == Kind::Ct),
        };
        picture.draw()?.write_png(out)?;
        report.written.push(out.clone());
    }
    Ok(report)
}

/// The moving image with its voxels in the fixed image's frame: no value changes.
fn brought(moving: &Volume<f32>, map: &Affine) -> Result<Volume<f32>> {
    Volume::new(moving.grid.brought_by(&map.inverse()?), moving.data.clone())
}

/// Correlations that differ by less are one: images that lay on each other before cannot agree better.
const SAME_CORRELATION: f64 = 1e-3;

/// Whether images before and after correlate less after.
pub(super) fn falls(both: &[Agreement]) -> bool {
    both[1].correlation < both[0].correlation - SAME_CORRELATION
}

/// What a user should judge.
pub(super) fn doubts(both: &[Agreement], way: Option<Consistency>, one_kind: bool) -> Vec<String> {
    let [before, after] = [both[0], both[1]];
    let mut said = Vec::new();
    // Images of two kinds need not be in a straight relation.
    if one_kind && falls(both) {
        said.push(format!(
            "the correlation of the images falls from {:.3} to {:.3}: is the transform of the other direction? It maps points of the fixed image to points of the moving one",
            before.correlation, after.correlation
        ));
    } else if one_kind && after.correlation < POOR {
        said.push(format!(
            "the images correlate by {:.3} only: look at them (--picture)",
            after.correlation
        ));
    }
    if after.overlap < LITTLE {
        said.push(format!(
            "{:.0} % of the fixed image's points lie in the moving image",
            100.0 * after.overlap
        ));
    }
    if let Some(c) = way.filter(|c| c.largest_mm > INCONSISTENT_MM) {
        said.push(format!(
            "the way there and back misses by up to {:.1} mm in the body: the estimate is not settled, look at the images (--picture)",
            c.largest_mm
        ));
    }
    said
}
