//! Uniform boxes and slab stacks, centred at the origin in x and y.

use crate::error::{Error, Result};
use crate::image::Grid;
use crate::phantom::Phantom;
use crate::physics::Material;
use crate::units::MM_PER_CM;

/// A layer of a slab stack.
#[derive(Debug, Clone, PartialEq)]
pub struct Slab {
    /// Thickness along z, cm.
    pub thickness_cm: f64,
    /// Material.
    pub material: Material,
    /// Mass density, g/cm3.
    pub density_g_cm3: f64,
}

/// A box of one material, centred at the origin.
///
/// # Errors
/// If the grid is empty or a value is not positive.
pub fn uniform_box(
    dims: [usize; 3],
    spacing_mm: [f64; 3],
    material: Material,
    density_g_cm3: f64,
) -> Result<Phantom> {
    let origin = [0, 1, 2].map(|a| -0.5 * (dims[a] as f64 - 1.0) * spacing_mm[a]);
    let grid = Grid::aligned(dims, origin, spacing_mm);
    let n = grid.len();
    Phantom::new(grid, vec![density_g_cm3 as f32; n], vec![0; n], vec![material])
}

/// Slabs stacked along +z from the plane z = 0, centred at x = y = 0, in voxels of `spacing_mm`.
///
/// # Errors
/// If there is no slab, or a thickness is not a whole number of voxels within 1e-6.
pub fn slabs_along_z(
    lateral_voxels: [usize; 2],
    spacing_mm: [f64; 3],
    slabs: &[Slab],
) -> Result<Phantom> {
    let mut layers: Vec<usize> = Vec::new();
    for (i, slab) in slabs.iter().enumerate() {
        let voxels = slab.thickness_cm * MM_PER_CM / spacing_mm[2];
        if !voxels.is_finite() || voxels < 0.5 || (voxels - voxels.round()).abs() > 1e-6 {
            return Err(Error::input(
                format!("slab {i} ({}) is {} cm thick", slab.material.name, slab.thickness_cm),
                format!("it must be a whole number of {} mm voxels", spacing_mm[2]),
                "Choose a voxel size that divides every thickness.",
            ));
        }
        layers.extend(std::iter::repeat_n(i, voxels.round() as usize));
    }
    let [nx, ny] = lateral_voxels;
    let origin = [
        -0.5 * (nx as f64 - 1.0) * spacing_mm[0],
        -0.5 * (ny as f64 - 1.0) * spacing_mm[1],
        0.5 * spacing_mm[2],
    ];
    let grid = Grid::aligned([nx, ny, layers.len()], origin, spacing_mm);
    let per_voxel = layers.iter().flat_map(|&i| std::iter::repeat_n(i, nx * ny));
    let density = per_voxel.clone().map(|i| slabs[i].density_g_cm3 as f32).collect();
    let mut materials: Vec<Material> = Vec::new();
    let mut index = Vec::new();
    for slab in slabs {
        let known = materials.iter().position(|m| *m == slab.material);
        index.push(known.unwrap_or(materials.len()) as u8);
        if known.is_none() {
            materials.push(slab.material.clone());
        }
    }
    Phantom::new(grid, density, per_voxel.map(|i| index[i]).collect(), materials)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::physics::tissues::named_material;

    fn slab(name: &str, thickness_cm: f64) -> Slab {
        let named = named_material(name).expect("named");
        Slab {
            thickness_cm,
            material: named.material.clone(),
            density_g_cm3: named.bulk_density_g_cm3,
        }
    }

    #[test]
    fn a_slab_stack_has_its_layers_and_mass() {
        let slabs = [slab("water", 4.0), slab("lung", 2.0), slab("water", 4.0)];
        let phantom = slabs_along_z([4, 6], [5.0, 5.0, 2.0], &slabs).expect("whole voxels");
        assert_eq!(phantom.grid.dims, [4, 6, 50]);
        assert_eq!(phantom.materials.len(), 2);
        assert_eq!(phantom.grid.origin_mm, [-7.5, -12.5, 1.0]);
        let mass: f64 = (0..phantom.grid.len()).map(|i| phantom.voxel_mass_g(i)).sum();
        let expected = 2.0 * 3.0 * (8.0 * 1.0 + 2.0 * 0.26);
        assert!((mass / expected - 1.0).abs() < 1e-6, "{mass}");
        let first_lung = phantom.grid.linear([0, 0, 20]);
        assert_eq!((phantom.material[first_lung - 1], phantom.material[first_lung]), (0, 1));
        assert!(slabs_along_z([4, 6], [5.0, 5.0, 3.0], &slabs).is_err());
        assert!(slabs_along_z([4, 6], [5.0, 5.0, 2.0], &[]).is_err());
    }

    #[test]
    fn a_box_is_centred_and_uniform() {
        let water = named_material("water").expect("named").material.clone();
        let phantom = uniform_box([5, 5, 5], [3.0; 3], water.clone(), 1.0).expect("valid");
        assert_eq!(phantom.grid.to_mm([2.0, 2.0, 2.0]), [0.0; 3]);
        assert!(uniform_box([0, 5, 5], [3.0; 3], water.clone(), 1.0).is_err());
        assert!(uniform_box([5, 5, 5], [3.0; 3], water, 0.0).is_err());
    }
}
