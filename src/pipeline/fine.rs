//! Scoring finer than the dose grid about a VOI or in a box: which voxels, and maps of their parts beside the dose. Matter and activity stay those of
//! the voxels.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::Observer;
use super::asked_vois::{FINE, asked};
use super::context::{Context, VoiFacts};
use super::fine_places::Places;
use super::memory::{Need, gib};
use super::outputs::{Maps, Matter};
use crate::dose::DoseScale;
use crate::error::{Error, Result};
use crate::image::{Grid, Parts};
use crate::io::atomic::write_atomically;
use crate::job::{FineScoring, FineWhere};
use crate::phantom::Phantom;
use crate::report::setup::FineGridFacts;
use crate::transport::sub_voxels::SubVoxels;
use crate::transport::tally::Tally;

/// Voxels that are scored in parts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct FineFacts {
    /// Which, and in how many parts.
    pub voxels: SubVoxels,
    /// Places of the parts by matter and distance from a face, each a region of the tally.
    pub places: usize,
}

/// The voxels that are scored finer.
///
/// # Errors
/// If there is no such VOI, it has no voxel, or the box lies outside of the grid or is too large.
pub(super) fn place(
    asked: &FineScoring,
    phantom: &Phantom,
    labels: &[u16],
    parts: &Parts,
    vois: &[VoiFacts],
) -> Result<FineFacts> {
    let grid = &phantom.grid;
    let [low, high] = match &asked.at {
        FineWhere::Voi(name) => of_voi(name, grid, labels, parts, vois)?,
        FineWhere::Box(corners) => of_box(corners, grid)?,
    };
    let spacing = grid.spacing_mm();
    let margin: [usize; 3] =
        std::array::from_fn(|k| (asked.margin_mm / spacing[k] - 1e-6).ceil().max(0.0) as usize);
    let first: [usize; 3] = std::array::from_fn(|k| low[k].saturating_sub(margin[k]));
    let last: [usize; 3] = std::array::from_fn(|k| (high[k] + margin[k]).min(grid.dims[k] - 1));
    let voxels = std::array::from_fn(|k| last[k] - first[k] + 1);
    let fine = SubVoxels { first, voxels, parts: asked.parts };
    fine.check(grid)?;
    let places = Places::new(&fine, grid, &phantom.density).places.len();
    if parts.count() + places > usize::from(u16::MAX) {
        return Err(Error::usage(
            format!("--fine with {} parts of VOIs", parts.count()),
            format!("a tally holds 65535 regions, of which it needs {places}"),
            "Give fewer VOIs that overlap.",
        ));
    }
    Ok(FineFacts { voxels: fine, places })
}

fn of_voi(
    name: &str,
    grid: &Grid,
    labels: &[u16],
    parts: &Parts,
    vois: &[VoiFacts],
) -> Result<[[usize; 3]; 2]> {
    let all = vois.iter().map(|v| (v.label, v.name.as_str()));
    let n = asked(FINE, name, all)?;
    let mine = parts.of_voi(n);
    let inside = |l: &u16| mine.contains(&usize::from(*l));
    let voxels: Vec<u32> = (0..).zip(labels).filter(|(_, l)| inside(l)).map(|(v, _)| v).collect();
    grid.bounds(&voxels).ok_or_else(|| {
        Error::input(
            format!("VOI '{name}' of --fine has no voxel on the dose grid"),
            "there is nothing to score finer",
            "Use a finer --grid or another VOI.",
        )
    })
}

/// The voxels that a box between two corners (mm, LPS) touches.
fn of_box(corners: &[[f64; 3]; 2], grid: &Grid) -> Result<[[usize; 3]; 2]> {
    let mut low = [f64::INFINITY; 3];
    let mut high = [f64::NEG_INFINITY; 3];
    for n in 0..8 {
        let corner = std::array::from_fn(|k| corners[n >> k & 1][k]);
        let at = grid.to_index(corner)?;
        for k in 0..3 {
            (low[k], high[k]) = (low[k].min(at[k]), high[k].max(at[k]));
        }
    }
    // Index i reaches from i - 1/2 to i + 1/2; a touched face is not inside.
    let first: [f64; 3] = low.map(|x| (x + 0.5 + 1e-9).floor());
    let last: [f64; 3] = high.map(|x| (x - 0.5 - 1e-9).ceil());
    let outside = (0..3).any(|k| last[k] < 0.0 || first[k] > grid.dims[k] as f64 - 1.0);
    if outside || (0..3).any(|k| last[k] < first[k]) {
        return Err(Error::usage(
            format!("the box of --fine, {:?} to {:?} mm", corners[0], corners[1]),
            "no voxel of the dose grid lies in it",
            "Give two corners in the patient's coordinates (mm, LPS) that hold voxels of it.",
        ));
    }
    let within = |x: f64, k: usize| x.clamp(0.0, grid.dims[k] as f64 - 1.0) as usize;
    Ok([std::array::from_fn(|k| within(first[k], k)), std::array::from_fn(|k| within(last[k], k))])
}

/// Bytes per part of a voxel while the maps of its dose and standard error are written.
const MAPS_PER_PART: u64 = 8;

/// Says what is scored finer and what memory the run takes with it.
///
/// # Errors
/// If that is more than the limit.
pub(super) fn tell(
    fine: &SubVoxels,
    grid: &Grid,
    mut need: Need,
    limit: u64,
    observer: &dyn Observer,
) -> Result<()> {
    need.run += fine.cells() as u64 * MAPS_PER_PART;
    let ([nx, ny, nz], [x, y, z]) = (fine.dims(), fine.grid(grid).spacing_mm());
    observer.say(&format!(
        "scored finer in a box of {nx} x {ny} x {nz} cells, {x:.3} x {y:.3} x {z:.3} mm; matter and activity stay those of the voxels; memory with them about {}",
        gib(need.peak())
    ));
    need.check(limit, grid.len()).map_err(|mut e| {
        e.problem = format!("--fine: {} cells, {}", fine.cells(), e.problem);
        e.suggestion =
            "Give fewer --fine-parts, a smaller box or margin, or raise --max-memory.".into();
        e
    })
}

/// For the summary.
pub(super) fn facts(fine: &SubVoxels, grid: &Grid) -> FineGridFacts {
    let cells = fine.grid(grid);
    FineGridFacts {
        cells: cells.dims,
        first_voxel: fine.first,
        matter: "that of the voxels".into(),
        parts: fine.parts,
        spacing_mm: cells.spacing_mm(),
        voxels: fine.voxels,
    }
}

/// Labels and number of regions of the tally: those of the places of the parts of voxels come last.
pub(super) fn labels<'a>(
    context: &Context,
    labels: &'a [u16],
    density: &[f32],
) -> (Cow<'a, [u16]>, usize) {
    let regions = context.parts.count();
    let Some(fine) = &context.fine else { return (Cow::Borrowed(labels), regions) };
    let places = Places::new(&fine.voxels, &context.grid.grid(), density);
    let mut all = labels.to_vec();
    all.resize(density.len(), 0);
    all.extend(places.of_cell.iter().map(|p| regions as u16 + 1 + p));
    (Cow::Owned(all), regions + places.places.len())
}

/// Takes what the parts of voxels have out of a tally, which is then that of the voxels alone.
pub(super) fn take(context: &Context, tally: &mut Tally) -> Option<Tally> {
    tally.take_parts(context.grid.grid().len(), context.fine?.places)
}

/// Writes the maps of the parts.
///
/// # Errors
/// If writing fails.
pub(super) fn write(maps: &mut Maps, matter: &Matter, parts: Option<&Tally>) -> Result<()> {
    let (Some(fine), Some(parts)) = (maps.context.fine, parts) else { return Ok(()) };
    let grid = maps.context.grid.grid();
    let fine = fine.voxels;
    let cells = fine.grid(&grid);
    let density: Vec<f32> =
        (0..fine.cells()).map(|c| matter.density[fine.voxel_of(c, &grid)]).collect();
    let scale = DoseScale {
        decays: maps.context.decays,
        density: &density,
        voxel_volume_mm3: cells.voxel_volume_mm3(),
    };
    let name = maps.context.kind.name();
    maps.write_on(&cells, &format!("{name}_fine"), scale.map(parts))?;
    maps.write_on(&cells, &format!("{name}_fine_standard_error"), scale.standard_error_map(parts))?;
    let places = Places::new(&fine, &grid, matter.density);
    let dose_of = |mev: f64, mass_g: f64| mev * scale.factor_of_mass(mass_g);
    let text = places.table(&cells, parts, maps.context.kind.unit(), dose_of);
    let file = if maps.partial { "fine_places_partial.csv" } else { "fine_places.csv" };
    write_atomically(&maps.folder.join(file), |w| w.write_all(text.as_bytes()))?;
    maps.files.push(file.into());
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::physics::tissues::named_material;

    fn asked(at: FineWhere, margin_mm: f64) -> FineScoring {
        FineScoring { at, parts: 4, margin_mm }
    }

    #[test]
    fn a_box_takes_the_voxels_that_it_touches() {
        // Voxels of 2 mm from 0 to 20 along x.
        let grid = Grid::aligned([10, 10, 10], [1.0; 3], [2.0; 3]);
        let water = named_material("water").unwrap().material.clone();
        let phantom = Phantom::new(grid, vec![1.0; 1000], vec![0; 1000], vec![water]).unwrap();
        let of = |low: f64, high: f64, margin: f64| {
            let corners = [[low, 0.5, 0.5], [high, 3.5, 3.5]];
            let asked = asked(FineWhere::Box(corners), margin);
            place(&asked, &phantom, &[], &Parts::alone(0), &[]).map(|fine| fine.voxels)
        };
        for (low, high, margin, first, voxels) in [
            (4.0, 8.0, 0.0, 2, 2),
            (3.9, 8.1, 0.0, 1, 4),
            (5.0, 5.0, 0.0, 2, 1),
            (8.0, 4.0, 0.0, 2, 2),
            (4.0, 8.0, 2.0, 1, 4),
            (4.0, 8.0, 2.1, 0, 6),
            (-50.0, 50.0, 0.0, 0, 10),
        ] {
            let found = of(low, high, margin).unwrap();
            assert_eq!((found.first[0], found.voxels[0]), (first, voxels), "{low} {high} {margin}");
        }
        for (low, high) in [(-9.0, -1.0), (20.5, 30.0)] {
            let said = of(low, high, 0.0).unwrap_err().to_string();
            assert!(said.contains("no voxel of the dose grid lies in it"), "{said}");
        }
    }
}
