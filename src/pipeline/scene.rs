//! Matter and activity on the grid of the run.
//!
//! HU become density on the CT's own grid; density and materials then move with their mass, activity with its decays.
//! Matter outside of the dose grid is not seen: photons that it would scatter back are lost.

use super::Observer;
use crate::error::{Error, Result};
use crate::image::{Grid, Volume, downsample_matter, resample_intensity, resample_labels};
use crate::job::GridChoice;
use crate::phantom::Phantom;
use crate::physics::{Material, tissues};
pub use crate::report::setup::{MatterBeyond, MatterMove};

/// A voxel is covered by the CT if it sticks out by less than this fraction of its edge.
const COVER_TOLERANCE: f64 = 0.01;
/// Density grids closer than this (mm) are the same: headers keep positions in single precision.
const SAME_GRID_MM: f64 = 1e-3;

/// The dose grid and which of its voxels the CT does not cover.
#[derive(Debug, Clone, PartialEq)]
pub struct DoseGrid {
    /// The grid.
    pub grid: Grid,
    /// Linear indices of voxels without matter, ascending; only where grids are turned against each other.
    pub uncovered: Vec<u32>,
}

/// Chooses the dose grid: the wanted one, cut to what the CT covers.
///
/// # Errors
/// If the grid is sheared, or CT and activity do not overlap.
pub fn choose_grid(choice: GridChoice, matter: &Grid, activity: &Grid) -> Result<DoseGrid> {
    let wanted = match choice {
        GridChoice::Activity => activity.clone(),
        GridChoice::Ct => matter.clone(),
        GridChoice::Spacing(spacing) => matter.filled_with(spacing)?,
    };
    wanted.orthogonal_directions()?;
    let boxes = [matter.bounding_box_mm(), activity.bounding_box_mm()];
    let apart =
        (0..3).any(|c| boxes[0][1][c] <= boxes[1][0][c] || boxes[1][1][c] <= boxes[0][0][c]);
    let cut = if apart { None } else { cut_to(&wanted, matter)? };
    cut.ok_or_else(|| {
        let show = |b: [[f64; 3]; 2]| {
            (0..3)
                .map(|c| format!("{:.0}..{:.0}", b[0][c], b[1][c]))
                .collect::<Vec<_>>()
                .join(" x ")
        };
        Error::input(
            format!(
                "the CT ({} mm) and the activity ({} mm) do not overlap",
                show(boxes[0]),
                show(boxes[1])
            ),
            "no dose voxel lies within the CT",
            "Check that both are of the same patient and frame of reference, and registered.",
        )
    })
}

/// The smallest block of voxels that holds all which `cover` covers.
fn cut_to(wanted: &Grid, cover: &Grid) -> Result<Option<DoseGrid>> {
    let rows = cover.inverse_axes()?;
    let project = |mm: [f64; 3]| rows.map(|r| r[0] * mm[0] + r[1] * mm[1] + r[2] * mm[2]);
    let steps = wanted.axes_mm.map(project);
    let reach: [f64; 3] = std::array::from_fn(|c| {
        steps.iter().map(|s| s[c].abs()).sum::<f64>() * (0.5 - COVER_TOLERANCE)
    });
    let start = project([0, 1, 2].map(|c| wanted.origin_mm[c] - cover.origin_mm[c]));
    let covered = |voxel: [usize; 3]| {
        (0..3).all(|c| {
            let at = start[c] + (0..3).map(|a| voxel[a] as f64 * steps[a][c]).sum::<f64>();
            at - reach[c] >= -0.5 && at + reach[c] <= cover.dims[c] as f64 - 0.5
        })
    };
    let (mut low, mut high) = ([usize::MAX; 3], [0; 3]);
    for n in 0..wanted.len() {
        let voxel = wanted.unlinear(n);
        if covered(voxel) {
            for a in 0..3 {
                low[a] = low[a].min(voxel[a]);
                high[a] = high[a].max(voxel[a]);
            }
        }
    }
    if low[0] == usize::MAX {
        return Ok(None);
    }
    let grid = Grid {
        dims: [0, 1, 2].map(|a| high[a] - low[a] + 1),
        origin_mm: wanted.to_mm(low.map(|i| i as f64)),
        axes_mm: wanted.axes_mm,
    };
    let uncovered = (0..grid.len())
        .filter(|&n| {
            let voxel = grid.unlinear(n);
            !covered([0, 1, 2].map(|a| voxel[a] + low[a]))
        })
        .map(|n| n as u32)
        .collect();
    Ok(Some(DoseGrid { grid, uncovered }))
}

/// Matter was on the dose grid already: the method of its [`MatterMove`].
pub const AS_IS: &str = "as_is";

/// Matter beyond the dose grid is warned of from this part of the CT's mass.
const BEYOND_WARNING: f64 = 1e-3;

/// Counts the voxels of at least `low_density` (g/cm3) outside of the dose grid; warns where they matter.
///
/// # Errors
/// If the dose grid has no volume.
pub fn matter_beyond(
    phantom: &Phantom,
    target: &Grid,
    low_density: f64,
    observer: &dyn Observer,
) -> Result<MatterBeyond> {
    let rows = target.inverse_axes()?;
    let project = |mm: [f64; 3]| rows.map(|r| r[0] * mm[0] + r[1] * mm[1] + r[2] * mm[2]);
    let steps = phantom.grid.axes_mm.map(project);
    let start = project([0, 1, 2].map(|c| phantom.grid.origin_mm[c] - target.origin_mm[c]));
    let outside = |n: usize| {
        let voxel = phantom.grid.unlinear(n);
        (0..3).any(|c| {
            let at = start[c] + (0..3).map(|a| voxel[a] as f64 * steps[a][c]).sum::<f64>();
            !(-0.5..=target.dims[c] as f64 - 0.5).contains(&at)
        })
    };
    let matter = |n: &usize| f64::from(phantom.density[*n]) >= low_density;
    let (voxels, beyond_g) = (0..phantom.grid.len())
        .filter(matter)
        .filter(|&n| outside(n))
        .fold((0, 0.0), |(count, mass), n| (count + 1, mass + phantom.voxel_mass_g(n)));
    let part = beyond_g / mass_g(phantom);
    if part > BEYOND_WARNING {
        observer.warn(&format!(
            "{voxels} voxels of the CT that are not air ({beyond_g:.4e} g, {:.1} % of its mass) lie outside of the dose \
             grid: they scatter no photons back and get no dose; --grid ct takes all of them",
            100.0 * part
        ));
    }
    Ok(MatterBeyond { voxels, mass_g: beyond_g })
}

/// Matter on the dose grid.
///
/// # Errors
/// If the grids are unusable.
pub fn move_matter(
    phantom: Phantom,
    target: &DoseGrid,
    observer: &dyn Observer,
) -> Result<(Phantom, MatterMove)> {
    let source_mass_g = mass_g(&phantom);
    if phantom.grid.same_geometry(&target.grid, SAME_GRID_MM) {
        let moved = Phantom { grid: target.grid.clone(), ..phantom };
        let mass = mass_g(&moved);
        return Ok((
            moved,
            MatterMove { method: AS_IS.into(), source_mass_g, mass_g: mass, filled_voxels: 0 },
        ));
    }
    let air = tissues::named_material("icru44_air").or_else(|_| tissues::named_material("air"))?;
    let Phantom { grid, density, material, mut materials } = phantom;
    let fill = (air.material.density_g_cm3 as f32, material_index(&mut materials, &air.material)?);
    let mut density = Volume::new(grid.clone(), density)?;
    let mut material = Volume::new(grid.clone(), material)?;
    let mut method = "mass_conserving";
    if !is_parallel(&grid, &target.grid) {
        method = "interpolated";
        observer.warn(
            "the CT is turned against the dose grid: density is interpolated, mass conserved only approximately",
        );
        let fine = finer_grid(&target.grid, &grid)?;
        density = resample_intensity(&density, &fine, fill.0)?.volume;
        material = resample_labels(&material, &fine, fill.1)?.volume;
    }
    let moved = downsample_matter(&density, &material, &target.grid, fill)?;
    drop((density, material));
    let (mut density, mut material) = (moved.density.data, moved.material.data);
    for &n in &target.uncovered {
        density[n as usize] = fill.0;
        material[n as usize] = fill.1;
    }
    let moved = Phantom::new(target.grid.clone(), density, material, materials)?;
    let filled_voxels = target.uncovered.len();
    let mass_g = mass_g(&moved);
    Ok((moved, MatterMove { method: method.into(), source_mass_g, mass_g, filled_voxels }))
}

fn mass_g(phantom: &Phantom) -> f64 {
    phantom.tissues().iter().map(|t| t.mass_g).sum()
}

/// Index of a material, added if it is not there.
pub(super) fn material_index(materials: &mut Vec<Material>, wanted: &Material) -> Result<u8> {
    let air = |m: &Material| m.name.to_ascii_lowercase().contains("air");
    let at = materials.iter().position(|m| m == wanted || air(m)).unwrap_or_else(|| {
        materials.push(wanted.clone());
        materials.len() - 1
    });
    u8::try_from(at).map_err(|_| {
        Error::input(
            "256 materials and air",
            "a material map holds 256",
            "Merge similar materials.",
        )
    })
}

/// True if each target axis follows a source axis, to within 1 % of a source voxel over the whole target: the bound of
/// exact overlaps.
fn is_parallel(source: &Grid, target: &Grid) -> bool {
    let Ok(rows) = source.inverse_axes() else { return false };
    let mut used = [false; 3];
    target.axes_mm.iter().zip(target.dims).all(|(axis, n)| {
        let step = rows.map(|r| (r[0] * axis[0] + r[1] * axis[1] + r[2] * axis[2]).abs());
        let main = (0..3).fold(0, |m, c| if step[c] > step[m] { c } else { m });
        let drift = (0..3).filter(|&c| c != main).map(|c| step[c]).fold(0.0, f64::max);
        !std::mem::replace(&mut used[main], true) && drift * n as f64 <= 0.01
    })
}

/// The target divided into whole parts no longer than the source's smallest spacing.
fn finer_grid(target: &Grid, source: &Grid) -> Result<Grid> {
    let finest = source.spacing_mm().into_iter().fold(f64::INFINITY, f64::min);
    let spacing = target.spacing_mm().map(|s| s / (s / finest).ceil().clamp(1.0, 8.0));
    target.with_spacing(spacing)
}

#[cfg(test)]
#[path = "scene_tests.rs"]
mod tests;
