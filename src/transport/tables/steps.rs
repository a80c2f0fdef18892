//! How long a step may be against what is scored. Neglects where the activity lies.
//!
//! A condensed step places its deflection at one point of its length and its losses at one energy. Steps of the usual length shift the kernel
//! of a point source by some tenths of a per cent: 0.5 to 0.7 % of the largest shell, in shells of a twentieth of the range. What is scored in
//! voxels longer than the step does not show it. So steps longer than a part of what is scored are half as long as elsewhere.

use crate::transport::build::PlanInput;

/// A step of up to this part of the smallest scored length may have the usual length: at 2 MeV in voxels of 4 mm, the longest there are.
const LONG_STEP: f64 = 0.3;
/// Longer ones keep this part of both limits.
pub const SHORTER: f64 = 0.5;
/// A step of this part of the smallest voxel edge misplaces nothing that a voxel shows, be it beside gas.
const FREE_STEP: f64 = 0.01;

/// Mass thicknesses (g/cm2), in matter as dense as water, that steps may have whatever the limits of their class: of usual voxels, and of
/// those in gas and beside it (`faces.rs`).
pub fn free_thicknesses(input: &PlanInput, voxel_cm: [f64; 3]) -> [f64; 2] {
    let edge = voxel_cm.iter().copied().fold(f64::INFINITY, f64::min);
    let scored = input.radial.map_or(edge, |r| {
        let inner = std::iter::once(&0.0).chain(&r.radii_cm);
        r.radii_cm.iter().zip(inner).map(|(outer, inner)| outer - inner).fold(edge, f64::min)
    });
    [LONG_STEP * scored, FREE_STEP * edge]
}
