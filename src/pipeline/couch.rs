//! The couch of the CT: told, or taken out where nothing on it holds activity.

use super::scene::material_index;
use super::{Observer, Surroundings};
use crate::error::Result;
use crate::image::{Grid, Volume, resample_labels};
use crate::job::{CouchRule, Job, MatterInput};
use crate::phantom::{Phantom, couch};
use crate::physics::tissues;
use crate::report::setup::{CouchFacts, PartFacts};

/// A part that holds more of the activity of an image than this stays: noise beside the body is less, an arm or a line with activity more.
const MOST_ACTIVITY: f64 = 0.005;
/// A couch of less mass (g) is not told.
const LEAST_TOLD_G: f64 = 20.0;

/// Looks for a couch and, where the job says so, turns it into air. `images` are Bq in each voxel.
///
/// # Errors
/// If the material of air cannot be added.
pub fn treat(
    job: &Job,
    around: &mut Surroundings,
    images: &[(&Grid, &[f32])],
    observer: &dyn Observer,
) -> Result<()> {
    let remove = job.couch == CouchRule::Remove;
    if !remove && !matches!(job.matter, MatterInput::Ct { .. }) {
        return Ok(());
    }
    let Some(found) = couch::find(&around.matter) else {
        if remove {
            observer.warn("--couch remove: nothing in the CT looks like a couch, all of it stays");
        }
        return Ok(());
    };
    let mut parts: Vec<(PartFacts, &Vec<u32>)> = Vec::new();
    for (n, voxels) in found.parts.iter().enumerate() {
        let activity_fraction = activity_in(voxels, &around.matter, images)?;
        let facts = PartFacts {
            voxels: voxels.len(),
            mass_g: found.mass_g(&around.matter, n),
            activity_fraction,
            removed: remove && activity_fraction <= MOST_ACTIVITY,
        };
        parts.push((facts, voxels));
    }
    parts.sort_by(|a, b| b.0.mass_g.total_cmp(&a.0.mass_g));
    tell(&parts, remove, observer);
    let mut voxels: Vec<u32> =
        parts.iter().filter(|p| p.0.removed).flat_map(|p| p.1.iter().copied()).collect();
    voxels.sort_unstable();
    if !voxels.is_empty() {
        around.matter = emptied(&around.matter, &voxels)?;
        if let Some(hu) = &mut around.hu_report {
            // The histogram is that of the matter as it is transported; HU are not kept voxel by voxel.
            hu.tissues = around.matter.tissues();
        }
    }
    around.removed = voxels;
    let facts = parts.into_iter().map(|p| p.0).collect();
    let rule = if remove { "remove" } else { "keep" };
    around.couch = Some(CouchFacts { rule: rule.into(), parts: facts });
    Ok(())
}

fn tell(parts: &[(PartFacts, &Vec<u32>)], remove: bool, observer: &dyn Observer) {
    let sum = |removed: bool| {
        let of = parts.iter().filter(|p| p.0.removed == removed);
        of.fold((0, 0, 0.0), |(n, v, g), p| (n + 1, v + p.0.voxels, g + p.0.mass_g))
    };
    let (n, voxels, mass) = sum(false);
    if !remove && mass >= LEAST_TOLD_G {
        observer.say(&format!(
            "beside the body lies what looks like a couch: {mass:.1} g in {voxels} voxels of the CT, {n} part(s); it scatters photons and \
             counts in the mass; --couch remove takes it out"
        ));
    }
    if !remove {
        return;
    }
    let (n, voxels, mass) = sum(true);
    observer.warn(&format!(
        "the couch was turned into air: {mass:.1} g in {voxels} voxels of the CT, {n} part(s); couch_mask shows where"
    ));
    for part in parts.iter().filter(|p| !p.0.removed) {
        observer.warn(&format!(
            "a part of {:.1} g that looks like a couch stays: it holds {:.2} % of the activity, at most {:.1} % may be taken out",
            part.0.mass_g,
            100.0 * part.0.activity_fraction,
            100.0 * MOST_ACTIVITY
        ));
    }
}

/// Largest part of an image's activity that lies in voxels of the phantom.
fn activity_in(voxels: &[u32], phantom: &Phantom, images: &[(&Grid, &[f32])]) -> Result<f64> {
    let mut largest = 0.0_f64;
    for (grid, values) in images {
        let total: f64 = values.iter().map(|a| f64::from(*a)).sum();
        let share = phantom.grid.voxel_volume_mm3() / grid.voxel_volume_mm3();
        let rows = grid.inverse_axes()?;
        let mut held = 0.0;
        for &v in voxels {
            let mm = phantom.grid.to_mm(phantom.grid.unlinear(v as usize).map(|i| i as f64));
            let d = [0, 1, 2].map(|c| mm[c] - grid.origin_mm[c]);
            let index = rows.map(|r| (r[0] * d[0] + r[1] * d[1] + r[2] * d[2]).round());
            if (0..3).all(|a| index[a] >= 0.0 && index[a] < grid.dims[a] as f64) {
                held += f64::from(values[grid.linear(index.map(|i| i as usize))]) * share;
            }
        }
        largest = largest.max(held / total);
    }
    Ok(largest)
}

fn emptied(matter: &Phantom, voxels: &[u32]) -> Result<Phantom> {
    let air = tissues::named_material("icru44_air").or_else(|_| tissues::named_material("air"))?;
    let mut phantom = matter.clone();
    let index = material_index(&mut phantom.materials, &air.material)?;
    phantom.empty(voxels, index, air.material.density_g_cm3)
}

/// Voxels of the dose grid whose centre lies in a removed voxel of the CT: 1, others 0.
///
/// # Errors
/// If a grid is unusable.
pub fn mask(removed: &[u32], matter: &Grid, dose: &Grid) -> Result<Vec<u8>> {
    let mut flags = vec![0_u8; matter.len()];
    removed.iter().for_each(|&v| flags[v as usize] = 1);
    let volume = Volume::new(matter.clone(), flags)?;
    Ok(resample_labels(&volume, dose, 0)?.volume.data)
}
