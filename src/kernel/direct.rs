//! The kernel of equal voxels scored directly: decays spread over one voxel of a grid of them, every voxel tallied, mirror images averaged. Neglects
//! what lies beyond the margin round the scored voxels and would be scattered back. It is the proof of [`super::overlap`], from other histories.

use std::sync::atomic::AtomicBool;

use super::medium::Medium;
use super::overlap::Octant;
use super::replicates;
use super::voxel::VoxelKernel;
use crate::error::{Error, Result};
use crate::image::Grid;
use crate::source::DecaySpectrum;
use crate::transport::build::{PlanInput, build_plan};
use crate::transport::ledger::Ledger;
use crate::transport::run::Monitor;
use crate::transport::settings::Settings;
use crate::transport::tally::Origin;
use crate::units::MM_PER_CM;

/// Medium round the scored voxels, g/cm2: of what a photon of 0.1 MeV sends back from further out next to nothing returns.
const MARGIN_G_CM2: f64 = 10.0;
/// Most voxels of the grid.
const MOST_VOXELS: usize = 40_000_000;

/// Runs `histories` decays spread over one voxel.
///
/// # Errors
/// If the grid would be too large, the source is beyond the models, or the run is interrupted.
pub fn run(
    decay: &DecaySpectrum,
    medium: &Medium,
    octant: Octant,
    histories: u64,
    settings: &Settings,
    threads: usize,
    run: (&dyn Monitor, &AtomicBool),
) -> Result<VoxelKernel> {
    let margin_cm = MARGIN_G_CM2 / medium.density_g_cm3;
    let half = [0, 1, 2].map(|a| {
        octant.reach[a] + (margin_cm / octant.voxel_cm[a]).ceil().clamp(1.0, 1e6) as usize
    });
    let dims = half.map(|h| 2 * h + 1);
    let count = dims.iter().fold(1_usize, |n, d| n.saturating_mul(*d));
    if count > MOST_VOXELS {
        return Err(Error::usage(
            format!("a direct kernel on {} x {} x {} voxels", dims[0], dims[1], dims[2]),
            format!("with {margin_cm:.0} cm of medium round it, it has more than {MOST_VOXELS}"),
            "Leave --direct out, or use larger voxels or a smaller --reach.",
        ));
    }
    let grid = Grid::aligned(dims, [0.0; 3], octant.voxel_cm.map(|h| h * MM_PER_CM));
    let mut activity = vec![0.0; count];
    activity[grid.linear(half)] = 1.0;
    let plan = build_plan(&PlanInput {
        grid: &grid,
        density: &vec![medium.density_g_cm3 as f32; count],
        material: &vec![0; count],
        materials: std::slice::from_ref(&medium.material),
        activity: &activity,
        decay,
        settings,
        radial: None,
    })?;
    let mut energy_mev = Vec::new();
    let books = replicates::run(&plan, histories, threads, run, &mut |tally| {
        let n = tally.histories().max(1) as f64;
        energy_mev.push(Origin::ALL.map(|origin| {
            let Some(sums) = tally.of_origin(origin) else { return Vec::new() };
            let mut folded = vec![0.0; octant.len()];
            for (v, units) in sums.iter().enumerate().filter(|(_, u)| **u > 0) {
                let at = grid.unlinear(v);
                let offset = [0, 1, 2].map(|a| at[a].abs_diff(half[a]));
                if (0..3).all(|a| offset[a] <= octant.reach[a]) {
                    folded[octant.linear(offset)] +=
                        Ledger::mev(*units) / n / Octant::copies(offset);
                }
            }
            folded
        }));
    })?;
    Ok(VoxelKernel {
        source: decay.label.clone(),
        medium: medium.facts(),
        octant,
        energy_mev,
        emitted_mev: Ledger::mev(books.emitted_units) / books.histories.max(1) as f64,
        histories: books.histories,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::point::PointKernel;
    use crate::source::parse_source;
    use crate::transport::run::Silent;

    /// Alphas have a range in a point kernel as they have in voxels: of 2 mm 3 % of their energy leaves the source voxel.
    #[test]
    fn alphas_leave_the_source_voxel_as_the_point_kernel_says() {
        let water = Medium::named("water", None).expect("built in");
        let decay = parse_source("alpha:7.4MeV").expect("a source");
        let octant = Octant { voxel_cm: [0.2; 3], reach: [1; 3] };
        let (settings, stop) = (Settings::default(), AtomicBool::new(false));
        let point = PointKernel::run(&decay, &water, 1.0, 1_000, &settings, 0, (&Silent, &stop));
        let point = point.expect("a kernel");
        let inside: f64 = (0..point.shells()).map(|s| point.mean_of(2, s)).sum();
        assert!((inside - 7.4).abs() < 1e-4, "{inside}");
        let by_point = VoxelKernel::of_point(&point, octant);
        let direct = run(&decay, &water, octant, 100_000, &settings, 0, (&Silent, &stop));
        let direct = direct.expect("a kernel");
        for at in [[0, 0, 0], [1, 0, 0]] {
            let (found, error) = direct.energy(octant.linear(at), &[2]);
            let (expected, _) = by_point.energy(octant.linear(at), &[2]);
            let off = (found - expected).abs();
            assert!(off < 4.0 * error + 1e-3 * expected, "{at:?}: {found} {expected} +- {error}");
        }
        let (own, _) = by_point.energy(octant.linear([0, 0, 0]), &[2]);
        assert!((0.95..0.985).contains(&(own / 7.4)), "{own}");
    }
}
