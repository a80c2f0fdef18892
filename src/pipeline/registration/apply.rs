//! A moving image on a fixed one's grid by transforms that are known: estimated before, or made elsewhere.

use std::path::{Path, PathBuf};

use serde::Serialize;

use super::super::Observer;
use super::deform::{Field, Map, Step, deformed};
use super::object::{ObjectFacts, Pair, is_object};
use super::{RegisteredImage, check_outputs, read_registered_image};
use crate::error::{Error, Result};
use crate::image::{ActivityUnit, Affine, Grid, Volume, resample_activity, resample_intensity};
use crate::io::{
    Frames, NiftiAffine, is_vector_image, read_transform, write_itk_transform, write_metaimage,
    write_nifti,
};
use crate::registration::{Agreement, Kind, agreement};

/// What is asked for.
#[derive(Debug, Clone, Default)]
pub struct ApplyJob {
    /// Transforms, from the fixed to the moving image: a point of the fixed one goes through the first, then the second.
    pub transforms: Vec<PathBuf>,
    /// The moving image; none to write the composition only.
    pub moving: Option<PathBuf>,
    /// The image on whose grid it comes.
    pub on: Option<PathBuf>,
    /// Where the image, or the composition of the transforms (.tfm, or with both images a DICOM object, .dcm), is written.
    pub out: PathBuf,
    /// What is stated of a DICOM object.
    pub object: ObjectFacts,
    /// Which statement of a contradictory NIfTI header holds.
    pub nifti_affine: NiftiAffine,
}

/// What was done.
#[derive(Debug, Clone, Serialize)]
pub struct Applied {
    /// The composition, rows of its matrix: fixed to moving; none with a displacement field.
    pub matrix: Option<[[f64; 3]; 3]>,
    /// mm, LPS.
    pub offset_mm: Option<[f64; 3]>,
    /// Whether it is a turn and a shift.
    pub rigid: bool,
    /// Agreement of the images as they lie.
    pub agreement_before: Option<Agreement>,
    /// Agreement under the transform.
    pub agreement_after: Option<Agreement>,
    /// What the user should judge.
    pub warnings: Vec<String>,
    /// Files written.
    pub written: Vec<PathBuf>,
}

/// Reads the transforms, composes them, and writes the composition or the moving image.
///
/// # Errors
/// If a file cannot be read, is no transform, or the output exists.
pub fn apply(job: &ApplyJob, observer: &dyn Observer) -> Result<Applied> {
    check_outputs(&[Some(&job.out)])?;
    let image = |path: &PathBuf, role: &str| {
        read_registered_image(path, None, role, job.nifti_affine, observer)
    };
    let moving = job.moving.as_ref().map(|p| image(p, "moving")).transpose()?;
    let fixed = job.on.as_ref().map(|p| image(p, "fixed")).transpose()?;
    let [fixed_frame, moving_frame] =
        [&fixed, &moving].map(|i| i.as_ref().and_then(|i| i.frame.clone()));
    let last = job.transforms.len().saturating_sub(1);
    let mut map = Affine::IDENTITY;
    let mut steps = Vec::new();
    for (n, path) in job.transforms.iter().enumerate() {
        if is_vector_image(path) {
            observer.say(&format!("{}: displacement field", path.display()));
            steps.push(Step::Field(Box::new(Field::read(path, job.nifti_affine)?)));
            continue;
        }
        // A DICOM object between two others relates frames that no image here is in.
        let frames = Frames {
            fixed: fixed_frame.as_deref().filter(|_| n == 0),
            moving: moving_frame.as_deref().filter(|_| n == last),
        };
        let read = read_transform(path, &frames)?;
        observer.say(&format!("{}: {}", path.display(), read.written_as));
        map = map.then(&read.map);
        steps.push(Step::Affine(read.map));
    }
    if steps.iter().any(|s| matches!(s, Step::Field(_))) {
        return by_field(job, &steps, moving.zip(fixed), observer);
    }
    map.checked()?;
    let rigid = map.rigid().is_ok();
    let mut applied = Applied {
        matrix: Some(map.matrix),
        offset_mm: Some(map.offset_mm),
        rigid,
        agreement_before: None,
        agreement_after: None,
        warnings: Vec::new(),
        written: vec![job.out.clone()],
    };
    if !rigid {
        applied.warnings.push(format!(
            "the transform is not rigid: it changes volumes by the factor {:.4}",
            map.determinant()
        ));
    }
    match (&moving, &fixed) {
        (Some(moving), Some(fixed)) => {
            let both = agreement(
                (&fixed.volume, fixed.kind),
                (&moving.volume, moving.kind),
                &[Affine::IDENTITY, map],
            );
            match both {
                Ok(both) => {
                    applied.agreement_before = Some(both[0]);
                    applied.agreement_after = Some(both[1]);
                    applied.warnings.extend(super::doubts(&both, None, fixed.kind == moving.kind));
                }
                Err(e) => applied.warnings.push(not_compared(&e)),
            }
            match (&job.moving, &job.on) {
                (Some(of_moving), Some(of_fixed)) if is_object(&job.out) => {
                    Pair::new((of_fixed, fixed), (of_moving, moving)).write(
                        &job.out,
                        &map,
                        false,
                        &job.object,
                        observer,
                    )?;
                }
                _ => write(&job.out, &moved_onto(moving, &map, &fixed.volume.grid, observer)?)?,
            }
        }
        (None, None) if is_object(&job.out) => {
            return Err(Error::usage(
                format!("{}: a DICOM registration without images", job.out.display()),
                "it relates the frames of reference of two images",
                "Give the moving image and --on FIXED, both as DICOM, or write a .tfm.",
            ));
        }
        (None, None) => write_itk_transform(&job.out, &map, [0.0; 3])?,
        (None, Some(_)) | (Some(_), None) => {
            return Err(Error::usage(
                "one image is given",
                "an image is moved onto another one's grid; transforms alone are composed",
                "Give the moving image and --on FIXED, or neither.",
            ));
        }
    }
    applied.warnings.iter().for_each(|w| observer.warn(w));
    Ok(applied)
}

/// Only the grid of the fixed image is needed.
fn not_compared(error: &Error) -> String {
    format!("the images are not compared: {} ({})", error.problem, error.why)
}

/// The moving image by steps of which one is a displacement field.
fn by_field(
    job: &ApplyJob,
    steps: &[Step],
    images: Option<(RegisteredImage, RegisteredImage)>,
    observer: &dyn Observer,
) -> Result<Applied> {
    if is_object(&job.out) {
        return Err(Error::usage(
            format!("{}: a displacement field as a DICOM registration", job.out.display()),
            "Spatial Registration objects hold matrices",
            "Write the moved image (.nii.gz, .mha).",
        ));
    }
    let Some((moving, fixed)) = images else {
        return Err(Error::usage(
            "a displacement field without images",
            "a composition with one is not written, only applied",
            "Give the moving image and --on FIXED.",
        ));
    };
    let (map, grid) = (Map::new(steps)?, &fixed.volume.grid);
    let activity = moving.kind == Kind::Activity;
    let outside = if activity { 0.0 } else { -1000.0 };
    let moved = deformed(&moving.volume, &map, grid, activity, outside)?;
    let pair = ((&fixed.volume, fixed.kind), (&moved, moving.kind));
    let as_it_lies = (&moving.volume, moving.kind);
    let both = agreement(pair.0, as_it_lies, &[Affine::IDENTITY])
        .and_then(|before| Ok([before[0], agreement(pair.0, pair.1, &[Affine::IDENTITY])?[0]]));
    let mut warnings = match &both {
        Ok(both) => super::doubts(both, None, fixed.kind == moving.kind),
        Err(e) => vec![not_compared(e)],
    };
    warnings.extend(map.doubts(grid));
    warnings.iter().for_each(|w| observer.warn(w));
    if activity {
        let total = |v: &Volume<f32>| {
            let ml = v.grid.voxel_volume_mm3() / 1000.0;
            v.data.iter().map(|x| f64::from(*x)).sum::<f64>() * ml
        };
        let (all, kept) = (total(&moving.volume), total(&moved));
        observer.say(&format!(
            "activity: {all:.6e} before, {kept:.6e} after the deformation ({:+.2} %: outside of the grid, and sampling)",
            100.0 * (kept / all - 1.0)
        ));
    }
    write(&job.out, &moved)?;
    Ok(Applied {
        matrix: None,
        offset_mm: None,
        rigid: false,
        agreement_before: both.as_ref().ok().map(|b| b[0]),
        agreement_after: both.as_ref().ok().map(|b| b[1]),
        warnings,
        written: vec![job.out.clone()],
    })
}

/// The moving image on a grid of the fixed image's frame: activity conserved, HU interpolated.
///
/// # Errors
/// If the map cannot be undone or a grid is unusable.
pub fn moved_onto(
    moving: &RegisteredImage,
    map: &Affine,
    grid: &Grid,
    observer: &dyn Observer,
) -> Result<Volume<f32>> {
    let there = moving.volume.grid.brought_by(&map.inverse()?);
    // Activity follows the tissue: where a volume grows its concentration falls.
    let grows = match (moving.kind, map.rigid()) {
        (Kind::Activity, Err(_)) => map.determinant().abs() as f32,
        _ => 1.0,
    };
    let data = moving.volume.data.iter().map(|v| v * grows).collect();
    let brought = Volume::new(there, data)?;
    match moving.kind {
        Kind::Ct => {
            let moved = resample_intensity(&brought, grid, -1000.0)?;
            if moved.outside_voxels > 0 {
                observer.say(&format!(
                    "{} of {} voxels lie outside of the moving CT: they are air, -1000 HU",
                    moved.outside_voxels,
                    grid.len()
                ));
            }
            Ok(moved.volume)
        }
        Kind::Activity => {
            let moved = resample_activity(&brought, ActivityUnit::PerMl, grid)?;
            let ml = grid.voxel_volume_mm3() / 1000.0;
            let after: f64 = moved.volume.data.iter().map(|v| f64::from(*v)).sum::<f64>() * ml;
            observer.say(&format!(
                "activity: {:.6e} before, {after:.6e} after the move, {:.6e} ({:.3} %) outside of the fixed image's grid; {}",
                moved.total,
                moved.lost,
                100.0 * moved.lost / moved.total,
                widening(&brought.grid, grid)
            ));
            Ok(moved.volume)
        }
    }
}

/// What a move between grids does to the resolution, in words: a value is spread over its own voxel and gathered in another, which adds
/// (a^2 + b^2) / 12 to the variance along each axis, at most; nothing where voxels lie on one another.
pub fn widening(from: &Grid, to: &Grid) -> String {
    if from.same_geometry(to, 1e-3) {
        return "voxels stay as they are".into();
    }
    let worst = |g: &Grid| g.spacing_mm().into_iter().fold(0.0, f64::max);
    let fwhm = widening_fwhm_mm(worst(from), worst(to));
    format!(
        "voxels of up to {:.2} mm become ones of {:.2} mm, which widens by up to {fwhm:.2} mm FWHM in quadrature (12 mm become {:.2} mm)",
        worst(from),
        worst(to),
        12f64.hypot(fwhm)
    )
}

/// FWHM, mm, that is added in quadrature by a move from voxels of one edge to voxels of another.
pub fn widening_fwhm_mm(from_mm: f64, to_mm: f64) -> f64 {
    let variance = (from_mm * from_mm + to_mm * to_mm) / 12.0;
    (8.0 * std::f64::consts::LN_2 * variance).sqrt()
}

/// Writes an image by its name's ending.
///
/// # Errors
/// If the ending is unknown, or writing fails.
pub(super) fn write(path: &Path, image: &Volume<f32>) -> Result<()> {
    let name = path.to_string_lossy().to_lowercase();
    match name {
        n if n.ends_with(".nii") || n.ends_with(".nii.gz") => write_nifti(path, image),
        n if n.ends_with(".mha") || n.ends_with(".mhd") => write_metaimage(path, image),
        _ => Err(Error::usage(
            format!("cannot write {}", path.display()),
            "an image is written as .nii, .nii.gz or .mha",
            "Rename the output.",
        )),
    }
}
