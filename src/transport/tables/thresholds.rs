//! Production thresholds that follow the voxels and their medium. Neglects that a material's voxels differ in density: the least one
//! counts, of those where steps are not short.
//!
//! What is below the threshold is deposited along the track of its parent. That is right where its range is short against a voxel *of its own
//! medium*: 93 keV go 0.1 mm in water and a decimetre in air. A threshold costs next to nothing where it must be low, because a gas holds few
//! collisions.

use crate::physics::{CsdaRange, Lepton, StoppingPower};
use crate::transport::build::PlanInput;

/// Largest range of what is not transported, as a fraction of the smallest voxel edge.
const RANGE_FRACTION: f64 = 0.05;
/// No threshold is lowered below, MeV: less than a voxel's range even in air of half a millimetre, and twice the cutoff.
const LOWEST_MEV: f64 = 2e-3;

/// Largest production threshold (MeV) of each material: in its own voxels, and in those where steps are short (`faces.rs`), where it is that of
/// the gas: what matter sets free at a face balances what the gas does only if both let go of the same. `short` marks these; empty for none.
///
/// # Errors
/// If a material has no stopping power.
pub fn largest_thresholds(
    input: &PlanInput,
    voxel_cm: [f64; 3],
    short: &[bool],
) -> crate::Result<[Vec<f64>; 2]> {
    let control = &input.settings.lepton;
    let edge = voxel_cm.iter().copied().fold(f64::INFINITY, f64::min);
    let mut least = vec![f64::INFINITY; input.materials.len()];
    let mut gas = f64::INFINITY;
    for (n, (&density, &material)) in input.density.iter().zip(input.material).enumerate() {
        let marked = short.get(n).copied().unwrap_or(false);
        let least = if marked { &mut gas } else { &mut least[usize::from(material)] };
        if density > 0.0 {
            *least = least.min(f64::from(density));
        }
    }
    let of = |(material, density): (&crate::physics::Material, f64)| {
        // Shells have no voxels; a material without voxels needs nothing.
        if input.radial.is_some() || !density.is_finite() {
            return Ok(control.threshold_max_mev);
        }
        let csda = CsdaRange::new(&StoppingPower::new(material)?, Lepton::Electron);
        let by_range = csda.energy(RANGE_FRACTION * edge * density);
        let lowest = LOWEST_MEV.max(control.threshold_min_mev).min(control.threshold_max_mev);
        Ok(by_range.clamp(lowest, control.threshold_max_mev))
    };
    let own = input.materials.iter().zip(least).map(of).collect::<crate::Result<_>>()?;
    let short = input.materials.iter().map(|m| of((m, gas))).collect::<crate::Result<_>>()?;
    Ok([own, short])
}
