//! The stage `place`: matter, activity and VOIs on the one grid on which dose is computed.

use super::checks::Checks;
use super::context::VoiFacts;
use super::scene::{self, MatterMove};
use super::series_file::SeriesInput;
use super::source::{self, FieldOfView};
use super::{Observer, beam, couch, fields_of_view, inputs, memory, padding, plausibility};
use crate::activity::ActivityMap;
use crate::error::Result;
use crate::image::{Parts, VoiSets};
use crate::interrupt;
use crate::job::{DoseMethod, Job};
use crate::phantom::{LOW_DENSITY_G_CM3, Phantom};
use crate::report::setup::MatterBeyond;
use crate::transport::engine::Engine;

/// What is to be placed, each on the grid of its own image.
pub(super) struct ToPlace {
    /// Matter.
    pub matter: Phantom,
    /// Its voxels that were couch and are air.
    pub removed: Vec<u32>,
    /// VOIs.
    pub vois: Option<VoiSets>,
    /// Activity; of a beam, what stands in for it.
    pub activity: ActivityMap,
}

/// What lies where on the dose grid.
pub(super) struct Placed {
    /// Matter.
    pub phantom: Phantom,
    /// How it came there.
    pub moved: MatterMove,
    /// What of it stays outside.
    pub beyond: MatterBeyond,
    /// Dose voxels that were couch and are air.
    pub emptied: Vec<u32>,
    /// Activity per dose voxel.
    pub activity: ActivityMap,
    /// How much of it is on the grid, and where.
    pub field: FieldOfView,
    /// VOIs as parts that do not overlap.
    pub parts: Parts,
    /// The part of each voxel; empty without VOIs.
    pub labels: Vec<u16>,
    /// What is known of each VOI.
    pub vois: Vec<VoiFacts>,
}

/// Places it.
///
/// # Errors
/// If the grids cannot be brought together, the run takes too much memory, or a check fails that is not accepted.
pub(super) fn place(
    job: &Job,
    engine: &Engine,
    decay: &source::Source,
    found: ToPlace,
    checks: &Checks,
    observer: &dyn Observer,
) -> Result<Placed> {
    let ToPlace { matter, removed, vois, activity } = found;
    // What is made of several images or stands in for one has no file.
    let image = job.beam.is_none() && !SeriesInput::is_series(&job.activity.path);
    let of_image = |e| if image { inputs::in_file(e, &job.activity.path) } else { e };
    let grid = scene::choose_grid(job.grid, &matter.grid, &activity.volume.grid);
    let grid = grid.map_err(of_image)?;
    plausibility::dose_grid(&grid.grid, "dose voxels", checks);
    check_memory(job, engine, &grid, (&matter, &activity, decay), observer)?;
    // Ctrl-C between the pieces of a setup that may take a minute; there is nothing to keep yet.
    interrupt::check()?;
    let beyond = scene::matter_beyond(&matter, &grid.grid, LOW_DENSITY_G_CM3, observer)?;
    let emptied = if removed.is_empty() {
        Vec::new()
    } else {
        let mask = couch::mask(&removed, &matter.grid, &grid.grid)?;
        (0..mask.len()).filter(|v| mask[*v] > 0).map(|v| v as u32).collect()
    };
    if job.beam.is_some() {
        beam::tell_beyond(&matter.grid, &grid.grid, observer);
    }
    let (phantom, moved) = scene::move_matter(matter, &grid, observer)?;
    interrupt::check()?;
    let shown = fields_of_view::shown(&activity.volume.grid, &grid.grid)?;
    // What stands in for the activity of a beam is that of the dose grid's own matter.
    let (activity, most) = match job.beam {
        Some(_) => (source::of_beam(&phantom)?, 1.0),
        None => (activity, job.activity.max_outside),
    };
    let (activity, mut field) = source::place(activity, &grid, most, observer).map_err(of_image)?;
    field.in_low_density = source::in_low_density(&activity, &phantom, LOW_DENSITY_G_CM3);
    // Of a series, each time point is checked by itself.
    if image {
        let (in_air, all) = (field.in_low_density, field.on_grid);
        plausibility::air("the activity", in_air, all, &field.unit, checks);
        checks.settle()?;
    }
    let (parts, labels, mut vois) = place_vois(vois, &phantom, &activity, checks, observer)?;
    if job.beam.is_some() {
        vois.iter_mut().for_each(|v| v.activity = 0.0);
    }
    let activity = match job.method {
        DoseMethod::Mird => source::uniform_in_regions(activity, &labels, &phantom),
        _ => activity,
    };
    let names: Vec<String> = vois.iter().map(|v| v.name.clone()).collect();
    let in_body = || {
        let dense = |rho: &f32| f64::from(*rho) >= LOW_DENSITY_G_CM3;
        Ok(phantom.density.iter().map(dense).collect::<Vec<bool>>().into())
    };
    let shown = padding::without(shown, &activity.volume.data, &phantom.grid, &labels, in_body)?;
    fields_of_view::tell_beyond(&names, &parts, &labels, &[&shown], observer);
    if image {
        let empty = vois.iter().filter(|v| v.voxels > 0 && v.activity <= 0.0);
        let empty: Vec<&str> = empty.map(|v| v.name.as_str()).collect();
        fields_of_view::tell_empty(&empty, observer);
    }
    Ok(Placed { phantom, moved, beyond, emptied, activity, field, parts, labels, vois })
}

/// Says what the run takes, and refuses what is too large.
fn check_memory(
    job: &Job,
    engine: &Engine,
    grid: &scene::DoseGrid,
    (matter, activity, decay): (&Phantom, &ActivityMap, &source::Source),
    observer: &dyn Observer,
) -> Result<()> {
    let voxels = grid.grid.len();
    let active = activity.volume.data.iter().filter(|a| **a > 0.0).count();
    // An active voxel of the image can make as many active dose voxels as it covers.
    let finer = activity.volume.grid.voxel_volume_mm3() / grid.grid.voxel_volume_mm3();
    let active = ((active as f64 * finer.max(1.0)) as usize).min(voxels);
    let need = memory::estimate(
        voxels,
        active,
        decay.origins(),
        !job.voi.is_empty(),
        matter.grid.len(),
        engine.devices().len(),
    );
    let ([nx, ny, nz], [x, y, z]) = (grid.grid.dims, grid.grid.spacing_mm());
    observer.say(&format!(
        "dose grid {nx} x {ny} x {nz}, {x:.3} x {y:.3} x {z:.3} mm; memory about {}",
        memory::gib(need.peak())
    ));
    need.check(job.max_memory, voxels)
}

/// Parts of the VOIs on the dose grid, the part of each voxel, and what is known of each VOI.
fn place_vois(
    vois: Option<VoiSets>,
    phantom: &Phantom,
    activity: &ActivityMap,
    checks: &Checks,
    observer: &dyn Observer,
) -> Result<(Parts, Vec<u16>, Vec<VoiFacts>)> {
    let Some(sets) = vois else { return Ok(Default::default()) };
    let mapped = sets.map_to(&phantom.grid)?;
    plausibility::small_vois(&sets, &mapped, checks);
    let mut parts = Parts::alone(sets.len());
    let labels = parts.label(&mapped.set)?;
    let mut facts = Vec::new();
    for ((own, voi), outside) in sets.vois().zip(&mapped.set.vois).zip(mapped.outside) {
        if outside > 0 || own.voxels.is_empty() {
            observer.warn(&format!(
                "VOI '{}': {outside} of its {} voxels are outside of the dose grid, {} dose voxels remain",
                voi.name,
                own.voxels.len(),
                voi.voxels.len()
            ));
        }
        facts.push(VoiFacts {
            label: voi.label,
            name: voi.name.clone(),
            voxels: voi.voxels.len(),
            mass_g: mass_g(&voi.voxels, phantom),
            activity: voi.voxels.iter().map(|&v| f64::from(activity.volume.data[v as usize])).sum(),
            curve: None,
        });
    }
    Ok((parts, labels, facts))
}

/// Mass of voxels, g; of none 0 (an empty sum of floats is -0).
fn mass_g(voxels: &[u32], phantom: &Phantom) -> f64 {
    voxels.iter().map(|&v| phantom.voxel_mass_g(v as usize)).sum::<f64>() + 0.0
}
