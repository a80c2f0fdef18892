//! Where steps must be short: in gas and beside it, and of a beam's grid also at its outside, which is empty. Neglects how much activity there is near.
//!
//! A condensed step places one deflection somewhere on its length. Within a medium, and between media of like density, what that misplaces
//! cancels between neighbouring steps; at a face to a gas it does not, because almost nothing comes back from the gas: layers of water at air
//! are off by up to 0.7 % of the maximum with the steps that serve tissue. Lung (0.26 g/cm3) beside water needs nothing.

use crate::physics::{Lepton, StoppingPower};
use crate::transport::build::PlanInput;
use crate::transport::layout::HIGHEST_MEV;

/// Below this density (g/cm3) a voxel is gas: lung parenchyma, noise included, lies above.
const GAS_G_CM3: f32 = 0.03;
/// A voxel of gas has so many neighbours of gas, the outside of the grid counted: what has less is noise in lung.
const GAS_NEIGHBOURS: usize = 2;
/// A neighbour this many times as dense makes a face.
const DENSER: f32 = 8.0;
/// Voxels longer than so many of the longest steps have the usual steps at the outside: their end is where nothing is scored or leaves.
const LONG_VOXEL: f64 = 8.0;

/// Marks the voxels where steps are short; empty where there is no face between gas and matter. Gas that touches matter anywhere is marked
/// throughout, since one step may cross all of it; matter is marked as far from the gas as the longest step may reach, and with `outside` as
/// far from the ends of the grid.
pub fn short_voxels(
    input: &PlanInput,
    voxel_cm: [f64; 3],
    outside: bool,
) -> crate::Result<Vec<bool>> {
    let (dims, density) = (input.grid.dims, input.density);
    let strides = [1, dims[0], dims[0] * dims[1]];
    let neighbours = |n: usize| {
        let at = [n % dims[0], n / dims[0] % dims[1], n / strides[2]];
        (0..3).flat_map(move |k| {
            let below = (at[k] > 0).then(|| n - strides[k]);
            let above = (at[k] + 1 < dims[k]).then(|| n + strides[k]);
            [below, above]
        })
    };
    let light = |n: usize| density[n] < GAS_G_CM3;
    let gas: Vec<bool> = (0..density.len())
        .map(|n| {
            light(n) && neighbours(n).filter(|m| m.is_none_or(light)).count() >= GAS_NEIGHBOURS
        })
        .collect();
    let face = (0..density.len())
        .filter(|&n| gas[n])
        .any(|n| neighbours(n).flatten().any(|m| !gas[m] && density[m] > DENSER * density[n]));
    if input.radial.is_some() || !(face || outside) {
        return Ok(Vec::new());
    }
    let reach_cm = longest_step(input)?;
    let layers = voxel_cm.map(|h| ((reach_cm / h).ceil() as usize).max(1));
    let mut marked = if face { gas } else { vec![false; density.len()] };
    for k in (0..3).filter(|_| face) {
        marked = widened(&marked, dims, strides[k], dims[k], layers[k]);
    }
    for k in (0..3).filter(|k| outside && voxel_cm[*k] <= LONG_VOXEL * reach_cm) {
        for (n, marked) in marked.iter_mut().enumerate() {
            let at = n / strides[k] % dims[k];
            *marked |= at < layers[k] || at + layers[k] >= dims[k];
        }
    }
    Ok(if marked.contains(&true) { marked } else { Vec::new() })
}

/// The longest step in matter as dense as water, cm: the largest fractional loss at the highest energy of the source.
fn longest_step(input: &PlanInput) -> crate::Result<f64> {
    let decay = input.decay;
    let highest = [&decay.electrons, &decay.positrons, &decay.photons]
        .map(|g| g.max_energy_mev())
        .into_iter()
        .fold(0.0, f64::max)
        .clamp(0.01, HIGHEST_MEV);
    let stopping = StoppingPower::new(&input.materials[0])?;
    let rate = stopping.collision(highest, Lepton::Electron);
    Ok(input.settings.lepton.max_loss_fraction * highest / rate)
}

/// Marks what lies up to `layers` voxels from a marked one along one axis.
fn widened(
    marked: &[bool],
    dims: [usize; 3],
    stride: usize,
    length: usize,
    layers: usize,
) -> Vec<bool> {
    let mut out = marked.to_vec();
    let voxels = dims[0] * dims[1] * dims[2];
    for first in (0..voxels).filter(|n| (n / stride).is_multiple_of(length)) {
        let at = |i: usize| first + i * stride;
        let mut until = 0;
        for i in 0..length {
            if marked[at(i)] {
                until = i + layers + 1;
            }
            out[at(i)] |= i < until;
        }
        let mut since = length;
        for i in (0..length).rev() {
            if marked[at(i)] {
                since = i.saturating_sub(layers);
            }
            out[at(i)] |= i >= since;
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Water with a slab of air along z and, elsewhere, one voxel that noise has made light.
    #[test]
    fn gas_and_what_is_beside_it() {
        use crate::image::Grid;
        use crate::physics::tissues::named_material;
        let grid = Grid::aligned([5, 5, 12], [0.0; 3], [4.0; 3]);
        let noisy = grid.linear([2, 2, 9]);
        let mut density: Vec<f32> = (0..grid.len())
            .map(|n| if (2..4).contains(&grid.unlinear(n)[2]) { 0.0012 } else { 1.0 })
            .collect();
        density[noisy] = 0.01;
        let of = |density: &[f32], settings: &crate::transport::settings::Settings| {
            let input = PlanInput {
                grid: &grid,
                density,
                material: &vec![0; grid.len()],
                materials: &[named_material("water").unwrap().material.clone()],
                activity: &vec![1.0; grid.len()],
                decay: &crate::source::parse_source("electron:1MeV").unwrap(),
                settings,
                radial: None,
            };
            let marked = short_voxels(&input, [0.4; 3], false).unwrap();
            let thresholds =
                crate::transport::tables::thresholds::largest_thresholds(&input, [0.4; 3], &marked);
            (marked, thresholds.unwrap())
        };
        let settings = crate::transport::settings::Settings::default();
        let (marked, [own, short]) = of(&density, &settings);
        for (n, is) in marked.iter().enumerate() {
            assert_eq!(*is, (1..=4).contains(&grid.unlinear(n)[2]), "{:?}", grid.unlinear(n));
        }
        // Their ranges are 5 % of 4 mm: 2.4e-5 g/cm2 in the air, 2e-4 in the voxel of 0.01 g/cm3, which is no gas.
        let water = StoppingPower::new(&named_material("water").unwrap().material).unwrap();
        let csda = crate::physics::CsdaRange::new(&water, Lepton::Electron);
        for (threshold, range) in [(short[0], 2.4e-5), (own[0], 2e-4)] {
            assert!((csda.range(threshold) / range - 1.0).abs() < 1e-3, "{threshold} {range}");
        }
        density[noisy] = 1.0;
        assert_eq!(of(&density, &settings).1[0], [0.1]);
        density.fill(1.0);
        assert!(of(&density, &settings).0.is_empty());
        density.fill(0.001);
        assert!(of(&density, &settings).0.is_empty());
    }

    /// A beam's grid is empty outside: one layer of 4 mm at each end, but not across voxels that are far longer than a step.
    #[test]
    fn the_outside_of_a_beam_is_a_face() {
        use crate::image::Grid;
        use crate::physics::tissues::named_material;
        let settings = crate::transport::settings::Settings::default();
        let of = |spacing: [f64; 3], density: f32| {
            let grid = Grid::aligned([5, 4, 6], [0.0; 3], spacing);
            let input = PlanInput {
                grid: &grid,
                density: &vec![density; grid.len()],
                material: &vec![0; grid.len()],
                materials: &[named_material("water").unwrap().material.clone()],
                activity: &[],
                decay: &crate::source::parse_source("electron:1MeV").unwrap(),
                settings: &settings,
                radial: None,
            };
            (grid.clone(), short_voxels(&input, spacing.map(|h| h / 10.0), true).unwrap())
        };
        let (grid, marked) = of([4.0; 3], 1.0);
        for (n, is) in marked.iter().enumerate() {
            let end = (0..3).any(|k| [0, grid.dims[k] - 1].contains(&grid.unlinear(n)[k]));
            assert_eq!(*is, end, "{:?}", grid.unlinear(n));
        }
        let (grid, marked) = of([4000.0, 4000.0, 4.0], 1.0);
        for (n, is) in marked.iter().enumerate() {
            assert_eq!(*is, [0, 5].contains(&grid.unlinear(n)[2]), "{:?}", grid.unlinear(n));
        }
        assert!(of([4000.0; 3], 1.0).1.is_empty());
    }

    #[test]
    fn what_lies_near_is_marked_in_a_box() {
        let dims = [7, 5, 3];
        let mut marked = vec![false; 105];
        marked[3 + 7 * (2 + 5)] = true;
        let mut out = marked;
        for (stride, length, layers) in [(1, 7, 2), (7, 5, 1), (35, 3, 1)] {
            out = widened(&out, dims, stride, length, layers);
        }
        for (n, is) in out.iter().enumerate() {
            let [i, j, _] = [n % 7, n / 7 % 5, n / 35];
            assert_eq!(*is, (1..=5).contains(&i) && (1..=3).contains(&j), "{i} {j}");
        }
    }
}
