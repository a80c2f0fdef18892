//! Layers of voxels beside the maps, and shells about a point in place of them (`--score`). Neglects nothing: layers are sums of voxels, and shells are
//! scored at the places of the deposits themselves, as for `voxgray kernel`.

use std::f64::consts::PI;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::context::Context;
use crate::activity::ActivityMap;
use crate::error::{Error, Result};
use crate::image::{Grid, Parts, Volume};
use crate::io::atomic::write_atomically;
use crate::job::{Job, Score};
use crate::kernel::Medium;
use crate::kernel::shells::radii;
use crate::phantom::Phantom;
use crate::report::setup::ScoreFacts;
use crate::report::summary::DoseResult;
use crate::report::voi_table::{cell, dose_names};
use crate::sheet::{Separator, lines};
use crate::source::DecaySpectrum;
use crate::transport::build::RadialScoring;
use crate::transport::tally::{Origin, Tally, Told};
use crate::units::{CM3_PER_MM3, MM_PER_CM};

/// Most shells.
const MOST_SHELLS: f64 = 20_000.0;

/// What a run scores beside or in place of voxels, on its grid.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Scored {
    /// Layers across an axis of the grid; they stand behind the VOIs among the regions of the tally.
    Layers {
        /// The axis, 0 to 2.
        axis: usize,
        /// g, of each.
        mass_g: Vec<f64>,
    },
    /// Shells about the centre of the grid's one voxel: the cells of the tally, the last of which is what is beyond.
    Shells {
        /// Outer radii, cm, ascending.
        radii_cm: Vec<f64>,
        /// Of the medium, g/cm3.
        density_g_cm3: f64,
    },
}

impl Scored {
    /// How many layers, which are regions of the tally; 0 of shells.
    pub fn layers(&self) -> usize {
        match self {
            Scored::Layers { mass_g, .. } => mass_g.len(),
            Scored::Shells { .. } => 0,
        }
    }

    /// Shells as a plan takes them.
    pub fn radial(&self) -> Option<RadialScoring> {
        match self {
            Scored::Layers { .. } => None,
            Scored::Shells { radii_cm, .. } => Some(RadialScoring { radii_cm: radii_cm.clone() }),
        }
    }

    /// For the summary.
    pub fn facts(&self) -> ScoreFacts {
        let what = self.stem().into();
        match self {
            Scored::Layers { axis, mass_g } => ScoreFacts::Layers {
                axis: ["x", "y", "z"][*axis].into(),
                layers: mass_g.len(),
                what,
            },
            Scored::Shells { radii_cm, density_g_cm3 } => ScoreFacts::Shells {
                density_g_cm3: *density_g_cm3,
                outer_mm: radii_cm.last().map(|r| r * MM_PER_CM),
                shells: radii_cm.len(),
                what,
            },
        }
    }

    /// Refuses what does not fit a grid.
    ///
    /// # Errors
    /// With what does not.
    pub fn check(&self, grid: &Grid) -> Result<()> {
        let fits = match self {
            Scored::Layers { axis, mass_g } => {
                grid.dims.get(*axis) == Some(&mass_g.len()) && mass_g.iter().all(|m| *m > 0.0)
            }
            Scored::Shells { radii_cm, density_g_cm3 } => {
                let ascending = radii_cm.windows(2).all(|w| w[1] > w[0]);
                let within = (1.0..=MOST_SHELLS).contains(&(radii_cm.len() as f64));
                grid.dims == [1; 3]
                    && within
                    && ascending
                    && radii_cm[0] > 0.0
                    && *density_g_cm3 > 0.0
            }
        };
        if fits {
            return Ok(());
        }
        Err(Error::input(
            format!("{} that are not those of a grid of {:?}", self.stem(), grid.dims),
            "a run scores layers of its own grid, and shells that ascend about one voxel",
            "Make the shard again.",
        ))
    }

    /// Name of the table.
    fn stem(&self) -> &'static str {
        match self {
            Scored::Layers { .. } => "layers",
            Scored::Shells { .. } => "shells",
        }
    }
}

/// The axis that a direction goes along most.
fn axis_along(grid: &Grid, direction: [f64; 3]) -> usize {
    let along = |a: usize| {
        let dot: f64 = (0..3).map(|c| grid.axes_mm[a][c] * direction[c]).sum();
        (dot / grid.spacing_mm()[a]).abs()
    };
    (0..3).max_by(|a, b| along(*a).total_cmp(&along(*b))).unwrap_or(2)
}

/// The layers of a job that wants them, with the parts of VOIs and layers together and the part of each voxel.
///
/// # Errors
/// If there are more than 65535 parts.
pub(super) fn layers(
    job: &Job,
    phantom: &Phantom,
    parts: &Parts,
    labels: &[u16],
) -> Result<Option<(Parts, Vec<u16>, Scored)>> {
    let Score::Layers(axis) = job.score else { return Ok(None) };
    let grid = &phantom.grid;
    let along_beam = || job.beam.map_or(2, |b| axis_along(grid, b.beam.direction));
    let axis = axis.unwrap_or_else(along_beam);
    let of = |v: usize| grid.unlinear(v)[axis];
    let (parts, labels) = parts.crossed(labels, grid.len(), grid.dims[axis], of)?;
    let mut mass_g = vec![0.0; grid.dims[axis]];
    (0..grid.len()).for_each(|v| mass_g[of(v)] += phantom.voxel_mass_g(v));
    Ok(Some((parts, labels, Scored::Layers { axis, mass_g })))
}

/// A box of one medium with its one active voxel in the middle, as one voxel with a point source at its centre; none unless the job wants shells.
///
/// # Errors
/// If there are several media or active voxels, the active one is not in the middle, or there would be too many shells.
pub(super) fn shells(
    job: &Job,
    phantom: &Phantom,
    activity: &ActivityMap,
    decay: &DecaySpectrum,
) -> Result<Option<(Phantom, ActivityMap, Scored)>> {
    let Score::Shells(thickness_mm) = job.score else { return Ok(None) };
    let grid = &phantom.grid;
    let refuse = |problem: String, why: &str, suggestion: &str| {
        Err(Error::input(format!("--score shells: {problem}"), why, suggestion))
    };
    let (density, material) = (phantom.density[0], phantom.material[0]);
    if phantom.density.iter().any(|d| *d != density)
        || phantom.material.iter().any(|m| *m != material)
    {
        let ends = |f: fn(f32, f32) -> f32| phantom.density.iter().copied().fold(density, f);
        return refuse(
            format!(
                "matter of {} materials, {} to {} g/cm3",
                phantom.materials.len(),
                ends(f32::min),
                ends(f32::max)
            ),
            "shells are those in one medium",
            "Give a uniform density and material, or score layers or voxels.",
        );
    }
    let values = &activity.volume.data;
    let active: Vec<usize> = (0..values.len()).filter(|v| values[*v] > 0.0).collect();
    let [source] = active[..] else {
        return refuse(
            format!("activity in {} voxels", active.len()),
            "shells are those about a point source: one voxel",
            "Give an activity map with one active voxel; voxgray kernel needs none at all.",
        );
    };
    let at = grid.unlinear(source);
    if (0..3).any(|a| 2 * at[a] + 1 != grid.dims[a]) {
        return refuse(
            format!("the active voxel {at:?} of {:?}", grid.dims),
            "it must be the middle one, so that the box is the same on all sides",
            "Use odd numbers of voxels and activate the middle one.",
        );
    }
    let sides: [f64; 3] = std::array::from_fn(|a| grid.spacing_mm()[a] * grid.dims[a] as f64);
    let outer_cm = 0.5 * sides.iter().copied().fold(f64::INFINITY, f64::min) / MM_PER_CM;
    let density_g_cm3 = f64::from(density);
    let radii_cm = match thickness_mm {
        None => {
            let material = phantom.materials[usize::from(material)].clone();
            radii(decay, &Medium { material, density_g_cm3 }, outer_cm)?
        }
        Some(mm) => {
            let cm = mm / MM_PER_CM;
            // What rounding leaves of a shell is none.
            let count = (outer_cm / cm + 1e-9).floor();
            if !(1.0..=MOST_SHELLS).contains(&count) {
                return refuse(
                    format!("{count:e} shells of {mm} mm"),
                    "there may be 1 to 20000 between the source and the nearest face of the box",
                    "Choose another thickness, or another box.",
                );
            }
            (1..=count as usize).map(|n| cm * n as f64).collect()
        }
    };
    let mut one = Grid::aligned([1; 3], grid.to_mm(at.map(|i| i as f64)), sides);
    for a in 0..3 {
        one.axes_mm[a] = grid.axes_mm[a].map(|c| c * grid.dims[a] as f64);
    }
    let phantom = Phantom {
        grid: one.clone(),
        density: vec![density],
        material: vec![material],
        materials: phantom.materials.clone(),
    };
    let volume = Volume::new(one, vec![values[source]])?;
    let activity = ActivityMap { volume, ..activity.clone() };
    Ok(Some((phantom, activity, Scored::Shells { radii_cm, density_g_cm3 })))
}

/// g of the shells, and of what is beyond them in the box.
fn shell_masses(radii_cm: &[f64], density_g_cm3: f64, box_cm3: f64) -> Vec<f64> {
    let inside = |r: f64| 4.0 / 3.0 * PI * r.powi(3);
    let ends = std::iter::once(0.0).chain(radii_cm.iter().map(|r| inside(*r)));
    let ends: Vec<f64> = ends.chain([box_cm3]).collect();
    ends.windows(2).map(|w| (w[1] - w[0]) * density_g_cm3).collect()
}

/// Doses of shells as those of a grid: the largest is that of a shell.
pub(super) fn dose_of_shells(context: &Context, tally: &Tally) -> Option<DoseResult> {
    let Some(Scored::Shells { radii_cm, density_g_cm3 }) = &context.scored else { return None };
    let scale = context.scale(&[]);
    let box_cm3 = scale.voxel_volume_mm3 * CM3_PER_MM3;
    let masses = shell_masses(radii_cm, *density_g_cm3, box_cm3);
    let shells = 0..radii_cm.len();
    let dose = |s: usize| tally.mean_mev(s) * scale.factor_of_mass(masses[s]);
    let largest = shells.clone().max_by(|a, b| dose(*a).total_cmp(&dose(*b)))?;
    let error = tally.standard_error_mev(largest) * scale.factor_of_mass(masses[largest]);
    let told = |what: Told| shells.clone().filter(|s| tally.told(*s) == what).count();
    let [electron, photon, alpha] = tally.imparted_mev();
    let imparted = electron + photon + alpha;
    Some(DoseResult {
        quantity: context.kind.name().into(),
        unit: context.kind.unit(),
        imparted_mev_per_decay: imparted,
        electron_mev_per_decay: electron,
        photon_mev_per_decay: photon,
        alpha_mev_per_decay: alpha,
        mean_dose: imparted * scale.factor_of_mass(masses.iter().sum()),
        max_dose: dose(largest),
        max_dose_standard_error: (tally.told(largest) == Told::Yes && error.is_finite())
            .then_some(error),
        unhit_voxels: told(Told::Unhit),
        few_hit_voxels: told(Told::Few),
        max_dose_bias_at_most: None,
        high_dose: None,
        low_density_limit_g_cm3: context.low_density,
        low_density_voxels: 0,
        low_density_max_dose: 0.0,
    })
}

/// Writes the table of layers or shells; none where voxels alone are scored.
///
/// # Errors
/// If writing fails.
pub(super) fn write(
    folder: &Path,
    context: &Context,
    tally: &Tally,
    partial: bool,
) -> Result<Option<String>> {
    let Some(scored) = &context.scored else { return Ok(None) };
    let rows = match scored {
        Scored::Layers { axis, mass_g } => of_layers(context, tally, *axis, mass_g),
        Scored::Shells { radii_cm, density_g_cm3 } => {
            of_shells(context, tally, radii_cm, *density_g_cm3)
        }
    };
    let name = format!("{}{}.csv", scored.stem(), if partial { "_partial" } else { "" });
    let text = lines(rows, Separator::Comma);
    write_atomically(&folder.join(&name), |w| w.write_all(text.as_bytes()))?;
    Ok(Some(name))
}

fn head(places: [&str; 2], unit: &str, more: &[&str]) -> Vec<String> {
    let (dose, suffix) = dose_names(unit);
    let known = ["mass_g", "energy_mev_per_decay", "standard_error_mev"];
    let names = places.into_iter().chain(known).map(String::from);
    let doses = [format!("{dose}_{suffix}"), format!("standard_error_{suffix}")];
    names.chain(doses).chain(more.iter().map(|m| (*m).to_string())).collect()
}

/// Energy, dose and their standard errors; empty where the batches do not tell them.
fn values(context: &Context, mass_g: f64, mev: f64, error: f64) -> [String; 5] {
    let factor = context.scale(&[]).factor_of_mass(mass_g);
    [mass_g, mev, error, mev * factor, error * factor].map(cell)
}

/// Layers by where they begin and end along the axis: its coordinate (mm) where it is one of LPS.
fn of_layers(context: &Context, tally: &Tally, axis: usize, mass_g: &[f64]) -> Vec<Vec<String>> {
    let grid = context.grid.grid();
    let step = grid.spacing_mm()[axis];
    let first: f64 = (0..3).map(|c| grid.origin_mm[c] * grid.axes_mm[axis][c] / step).sum();
    let area_cm2 = grid.voxel_volume_mm3() * grid.len() as f64
        / (step * grid.dims[axis] as f64)
        / (MM_PER_CM * MM_PER_CM);
    let mut rows = vec![head(["from_mm", "to_mm"], context.kind.unit(), &["g_cm2"])];
    for (n, mass) in mass_g.iter().enumerate() {
        let (mev, error) = tally.region_mev(&context.parts.of_voi(context.vois.len() + n));
        let from = first + (n as f64 - 0.5) * step;
        let mut row = vec![cell(from), cell(from + step)];
        row.extend(values(context, *mass, mev, error));
        row.push(cell(mass / area_cm2));
        rows.push(row);
    }
    rows
}

/// Shells from the innermost; the last row is what is beyond them in the box.
fn of_shells(context: &Context, tally: &Tally, radii_cm: &[f64], density: f64) -> Vec<Vec<String>> {
    let box_cm3 = context.grid.grid().voxel_volume_mm3() * CM3_PER_MM3;
    let parts = ["electron_mev", "photon_mev", "alpha_mev"];
    let mut rows = vec![head(["inner_mm", "outer_mm"], context.kind.unit(), &parts)];
    for (s, mass) in shell_masses(radii_cm, density, box_cm3).into_iter().enumerate() {
        let inner = if s == 0 { 0.0 } else { radii_cm[s - 1] };
        let outer = radii_cm.get(s).copied().unwrap_or(f64::INFINITY);
        let error = match tally.told(s) {
            Told::Yes => tally.standard_error_mev(s),
            _ => f64::NAN,
        };
        let mut row = vec![cell(inner * MM_PER_CM), cell(outer * MM_PER_CM)];
        row.extend(values(context, mass, tally.mean_mev(s), error));
        row.extend(Origin::ALL.map(|o| cell(tally.mean_mev_of(o, s))));
        rows.push(row);
    }
    rows
}
