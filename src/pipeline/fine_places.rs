//! Dose by distance from where matter changes kind, in the parts of voxels: each distance is a region of the tally, so that its standard error is that
//! of its batches, whatever its cells have in common. Neglects where along the face a cell lies, and faces between kinds of like density
//! ([`crate::analysis::interfaces`]).

use crate::analysis::interfaces::{KINDS, distances_mm, kind};
use crate::image::Grid;
use crate::report::voi_table::{cell, dose_names};
use crate::sheet::{Separator, lines};
use crate::transport::sub_voxels::SubVoxels;
use crate::transport::tally::Tally;

/// Distances that are told apart, in cells; what is farther is one more.
const STEPS: usize = 20;

/// Where the cells are.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Places {
    /// Place of each cell.
    pub of_cell: Vec<u16>,
    /// The places that occur.
    pub places: Vec<Place>,
}

/// Cells of one kind of matter at one distance.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Place {
    /// Number of the kind.
    kind: usize,
    /// Distance of their centres in steps; [`STEPS`] holds what is farther.
    step: usize,
    cells: usize,
    mass_g: f64,
}

impl Places {
    /// Of the cells of a box of voxels with these densities (g/cm3).
    pub fn new(fine: &SubVoxels, grid: &Grid, density: &[f32]) -> Self {
        let wide = widened(fine, grid);
        let cells = wide.grid(grid);
        let own: Vec<f32> = (0..wide.cells()).map(|c| density[wide.voxel_of(c, grid)]).collect();
        let distances = distances_mm(&cells, &own);
        let step_mm = step_mm(&cells);
        let volume = cells.voxel_volume_mm3() * crate::units::CM3_PER_MM3;
        let [nx, ny, _] = fine.dims();
        let shift: [usize; 3] =
            std::array::from_fn(|k| (fine.first[k] - wide.first[k]) * fine.parts as usize);
        let mut numbers = [[None::<u16>; STEPS + 1]; KINDS.len()];
        let mut found = Places { of_cell: Vec::with_capacity(fine.cells()), places: Vec::new() };
        for c in 0..fine.cells() {
            let at = [c % nx, c / nx % ny, c / (nx * ny)];
            let w = cells.linear([0, 1, 2].map(|k| at[k] + shift[k]));
            let kind = kind(own[w]);
            // A centre lies half a cell from the face of its own cell.
            let step = ((f64::from(distances[w]) / step_mm) as usize).min(STEPS);
            let number = numbers[kind][step].get_or_insert_with(|| {
                found.places.push(Place { kind, step, cells: 0, mass_g: 0.0 });
                (found.places.len() - 1) as u16
            });
            let place = &mut found.places[usize::from(*number)];
            place.cells += 1;
            place.mass_g += f64::from(own[w]) * volume;
            found.of_cell.push(*number);
        }
        found
    }

    /// The table of doses; `parts` has a region for each place, `dose_of` makes a dose of energy per history (MeV) and mass (g).
    pub fn table(
        &self,
        cells: &Grid,
        parts: &Tally,
        unit: &str,
        dose_of: impl Fn(f64, f64) -> f64,
    ) -> String {
        let (_, suffix) = dose_names(unit);
        let mut rows = vec![vec![
            "matter".into(),
            "from_mm".into(),
            "to_mm".into(),
            "cells".into(),
            "mass_g".into(),
            format!("mean_{suffix}"),
            format!("standard_error_{suffix}"),
        ]];
        let step_mm = step_mm(cells);
        let mut order: Vec<usize> = (0..self.places.len()).collect();
        order.sort_by_key(|n| (self.places[*n].kind, self.places[*n].step));
        for n in order {
            let place = &self.places[n];
            let (mean, error) = parts.region_mev(&[n]);
            let to = match place.step {
                STEPS => String::new(),
                step => format!("{:.4}", (step + 1) as f64 * step_mm),
            };
            rows.push(vec![
                KINDS[place.kind].1.into(),
                format!("{:.4}", place.step as f64 * step_mm),
                to,
                place.cells.to_string(),
                cell(place.mass_g),
                cell(dose_of(mean, place.mass_g)),
                cell(dose_of(error, place.mass_g)),
            ]);
        }
        lines(rows, Separator::Comma)
    }
}

/// The box with what lies up to the farthest distance around it.
fn widened(fine: &SubVoxels, grid: &Grid) -> SubVoxels {
    let spacing = fine.grid(grid).spacing_mm();
    let reach = STEPS as f64 * spacing.iter().copied().fold(f64::INFINITY, f64::min);
    let edges = grid.spacing_mm();
    let margin: [usize; 3] = std::array::from_fn(|k| (reach / edges[k]).ceil() as usize);
    let first: [usize; 3] = std::array::from_fn(|k| fine.first[k].saturating_sub(margin[k]));
    let voxels = std::array::from_fn(|k| {
        (fine.first[k] + fine.voxels[k] + margin[k]).min(grid.dims[k]) - first[k]
    });
    SubVoxels { first, voxels, parts: fine.parts }
}

/// The shortest edge of a cell, mm.
fn step_mm(cells: &Grid) -> f64 {
    cells.spacing_mm().iter().copied().fold(f64::INFINITY, f64::min)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A face in the middle of the grid: cells in layers of equal distance on both sides, also where the face lies outside of the box.
    #[test]
    fn layers_beside_a_face() {
        let grid = Grid::aligned([4, 4, 12], [0.0; 3], [2.0; 3]);
        let density: Vec<f32> =
            (0..grid.len()).map(|v| if grid.unlinear(v)[2] < 6 { 1.0 } else { 0.3 }).collect();
        let fine = SubVoxels { first: [1, 1, 4], voxels: [2, 2, 2], parts: 4 };
        let found = Places::new(&fine, &grid, &density);
        // Soft tissue only: its 8 layers of 0.5 mm below the face at the box's end.
        let steps: Vec<usize> = found.places.iter().map(|p| p.step).collect();
        assert_eq!(steps, [7, 6, 5, 4, 3, 2, 1, 0]);
        assert!(found.places.iter().all(|p| p.cells == 64 && (p.mass_g - 0.008).abs() < 1e-9));
        assert!(found.places.iter().all(|p| KINDS[p.kind].1 == "soft"));
        let both = SubVoxels { voxels: [2, 2, 4], ..fine };
        let found = Places::new(&both, &grid, &density);
        assert_eq!(found.places.len(), 16);
        assert_eq!(found.of_cell.len(), both.cells());
        let lung = found.places.iter().filter(|p| KINDS[p.kind].1 == "lung");
        assert_eq!(lung.map(|p| p.step).collect::<Vec<_>>(), (0..8).collect::<Vec<_>>());
        // Without a face all is beyond the farthest.
        let found = Places::new(&both, &grid, &vec![1.0; grid.len()]);
        assert_eq!((found.places.len(), found.places[0].step), (1, STEPS));
    }
}
