//! The 64^3 phantom of the EGSnrc reference runs, rebuilt from its maps and the named materials.

#[path = "support/shared.rs"]
mod shared;

use voxgray::image::{Grid, Volume};
use voxgray::phantom::Phantom;
use voxgray::phantom::maps::MaterialMap;
use voxgray::physics::tissues::named_material;

const NAMES: [&str; 5] = ["air", "lung", "soft_tissue", "liver", "bone14"];

#[test]
#[cfg_attr(not(shared_reference), ignore = "needs ../shared/reference")]
fn the_egsnrc_phantom_is_made_of_the_named_materials() {
    let folder = shared::reference("egsnrc/phantom");
    let read = |name: &str| std::fs::read(folder.join(name)).expect("a readable reference file");
    let grid = Grid::aligned([64; 3], [-94.5; 3], [3.0; 3]);
    let density: Vec<f32> = read("density_f32le.raw")
        .chunks_exact(4)
        .map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]]))
        .collect();
    let labels: Vec<f32> = read("material_u8.raw").into_iter().map(f32::from).collect();
    let density = Volume::new(grid.clone(), density).expect("64^3 densities");
    let labels = Volume::new(grid, labels).expect("64^3 labels");
    let map = MaterialMap::from_names(&NAMES).expect("named materials");
    let phantom = Phantom::from_maps(&density, &labels, &map).expect("a valid phantom");
    assert_eq!(phantom.materials.len(), NAMES.len());
    for (row, name) in phantom.tissues().iter().zip(NAMES) {
        let bulk = named_material(name).expect("named").bulk_density_g_cm3;
        assert_eq!(row.name, name);
        // The map holds f32 densities.
        assert!((row.mean_density_g_cm3 / bulk - 1.0).abs() < 1e-6, "{name}");
    }
}
