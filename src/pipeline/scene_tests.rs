//! Tests of the dose grid and of matter on it.

use super::*;

struct Deaf;
impl Observer for Deaf {}

fn water_and_bone(grid: &Grid) -> Phantom {
    let material = |name: &str| tissues::named_material(name).unwrap().material.clone();
    let x = |n: usize| grid.to_mm(grid.unlinear(n).map(|i| i as f64))[0];
    let bone: Vec<bool> = (0..grid.len()).map(|n| x(n) > 0.0).collect();
    let density = bone.iter().map(|b| if *b { 1.92 } else { 1.0 }).collect();
    let index = bone.iter().map(|b| u8::from(*b)).collect();
    let materials = vec![material("water"), material("cortical_bone")];
    Phantom::new(grid.clone(), density, index, materials).unwrap()
}

#[test]
fn the_activity_grid_is_cut_to_the_ct() {
    let ct = Grid::aligned([20, 20, 10], [-19.0, -19.0, -9.0], [2.0; 3]);
    let activity = Grid::aligned([20, 10, 4], [-47.5, -22.5, -7.5], [5.0; 3]);
    let chosen = choose_grid(GridChoice::Activity, &ct, &activity).unwrap();
    // The CT covers -20..20, -20..20, -10..10 mm; whole activity voxels in it are 8 x 8 x 4.
    assert_eq!(chosen.grid.dims, [8, 8, 4]);
    assert_eq!(chosen.grid.bounding_box_mm(), [[-20.0, -20.0, -10.0], [20.0, 20.0, 10.0]]);
    assert!(chosen.uncovered.is_empty());
    assert_eq!(choose_grid(GridChoice::Ct, &ct, &activity).unwrap().grid, ct);
    let spaced = choose_grid(GridChoice::Spacing([4.0; 3]), &ct, &activity).unwrap().grid;
    assert_eq!((spaced.dims, spaced.spacing_mm()), ([10, 10, 5], [4.0; 3]));
}

#[test]
fn grids_apart_or_sheared_are_refused() {
    let ct = Grid::aligned([4; 3], [0.0; 3], [2.0; 3]);
    let far = Grid::aligned([4; 3], [100.0, 0.0, 0.0], [2.0; 3]);
    for choice in [GridChoice::Activity, GridChoice::Ct, GridChoice::Spacing([1.0; 3])] {
        let error = choose_grid(choice, &ct, &far).unwrap_err().to_string();
        assert!(error.contains("do not overlap"), "{error}");
    }
    let mut sheared = ct.clone();
    sheared.axes_mm[2] = [0.0, 0.5, 2.0];
    let error = choose_grid(GridChoice::Ct, &sheared, &ct).unwrap_err().to_string();
    assert!(error.contains("sheared"), "{error}");
}

#[test]
fn mass_is_conserved_on_parallel_grids() {
    let ct = Grid::aligned([20, 20, 20], [-19.0; 3], [2.0; 3]);
    let target =
        DoseGrid { grid: ct.with_spacing([5.0, 8.0, 10.0]).unwrap(), uncovered: Vec::new() };
    let (phantom, moved) = move_matter(water_and_bone(&ct), &target, &Deaf).unwrap();
    assert_eq!((moved.method.as_str(), moved.filled_voxels), ("mass_conserving", 0));
    assert!((moved.mass_g / moved.source_mass_g - 1.0).abs() < 1e-6, "{moved:?}");
    assert_eq!(phantom.materials.len(), 2);
    let same = DoseGrid { grid: ct.clone(), uncovered: Vec::new() };
    let (phantom, moved) = move_matter(water_and_bone(&ct), &same, &Deaf).unwrap();
    assert_eq!((moved.method.as_str(), moved.mass_g), (AS_IS, moved.source_mass_g));
    assert_eq!(phantom, water_and_bone(&ct));
}

#[test]
fn matter_beyond_the_grid_is_counted_and_warned_of() {
    struct Heard(std::sync::Mutex<Vec<String>>);
    impl Observer for Heard {
        fn warn(&self, text: &str) {
            self.0.lock().unwrap().push(text.into());
        }
    }
    let heard = Heard(std::sync::Mutex::new(Vec::new()));
    let ct = Grid::aligned([20; 3], [-19.0; 3], [2.0; 3]);
    let mut matter = water_and_bone(&ct);
    let all = matter_beyond(&matter, &ct, 0.05, &heard).unwrap();
    assert_eq!((all.voxels, all.mass_g), (0, 0.0));
    assert!(heard.0.lock().unwrap().is_empty());
    // The lower half along x: the bone is outside, 4000 voxels of 8 mm3; one of them is air.
    matter.density[19] = 0.001;
    let half = Grid::aligned([5, 10, 10], [-18.0; 3], [4.0; 3]);
    let beyond = matter_beyond(&matter, &half, 0.05, &heard).unwrap();
    assert_eq!(beyond.voxels, 3999);
    assert!((beyond.mass_g - 3999.0 * 0.008 * 1.92).abs() < 1e-3, "{beyond:?}");
    let said = heard.0.lock().unwrap();
    assert!(said.len() == 1 && said[0].contains("--grid ct"), "{said:?}");
}

#[test]
fn a_turned_ct_is_interpolated_and_its_corners_filled() {
    let (sin, cos) = 30f64.to_radians().sin_cos();
    let ct = Grid {
        dims: [40, 40, 10],
        origin_mm: [-39.0 * cos + 39.0 * sin, -39.0 * sin - 39.0 * cos, -9.0],
        axes_mm: [[2.0 * cos, 2.0 * sin, 0.0], [-2.0 * sin, 2.0 * cos, 0.0], [0.0, 0.0, 2.0]],
    };
    let activity = Grid::aligned([40, 40, 5], [-78.0, -78.0, -8.0], [4.0; 3]);
    let chosen = choose_grid(GridChoice::Activity, &ct, &activity).unwrap();
    assert!(!chosen.uncovered.is_empty() && chosen.grid.dims[0] < 40);
    let (phantom, moved) = move_matter(water_and_bone(&ct), &chosen, &Deaf).unwrap();
    assert_eq!(
        (moved.method.as_str(), moved.filled_voxels),
        ("interpolated", chosen.uncovered.len())
    );
    let covered = chosen.grid.len() - chosen.uncovered.len();
    // Half water and half bone, but for the row of voxels on the border.
    let mean = moved.mass_g / (covered as f64 * chosen.grid.voxel_volume_mm3() * 1e-3);
    assert!((mean - 1.46).abs() < 0.03, "{mean}");
    let air = phantom.density[chosen.uncovered[0] as usize];
    assert!(air < 0.002, "{air}");
    let centre = chosen.grid.voxel_at([-10.0, 2.0, 0.0]).unwrap().unwrap();
    assert_eq!(phantom.density[chosen.grid.linear(centre)], 1.0);
}
